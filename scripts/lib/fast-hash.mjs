// node --import tsx --import ./scripts/lib/fast-hash.mjs: poseidon-lite is replaced by our WebAssembly, for long runs.
import { register } from 'node:module'

const target = new URL('./fast-poseidon.ts', import.meta.url).href
const source = `export async function resolve(specifier, context, next) {
  return next(specifier === 'poseidon-lite' ? ${JSON.stringify(target)} : specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(source)}`)
