// node --import tsx --import ./scripts/lib/fast-hash.mjs: src/crypto/poseidon.ts is replaced by our WebAssembly, for long runs.
import { register } from 'node:module'

const target = new URL('./fast-poseidon.ts', import.meta.url).href
const source = `export async function resolve(specifier, context, next) {
  return next(/\\/crypto\\/poseidon\\.js$/.test(specifier) ? ${JSON.stringify(target)} : specifier, context)
}`
register(`data:text/javascript,${encodeURIComponent(source)}`)
