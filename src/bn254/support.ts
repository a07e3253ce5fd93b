/** Finds out which arithmetic this machine's WebAssembly can do. */
import type { ArithmeticName } from './field.js'
import { createModule, F64, f64x2 } from './wasm.js'

let known: ArithmeticName | undefined

/**
 * Returns `simd` if vectors with a relaxed multiply-add are there and the multiply-add really rounds once, which the
 * specification leaves to the engine; otherwise `scalar`. The answer is the same for all threads of a process.
 */
export function supportedArithmetic(): ArithmeticName {
  known ??= fuses() ? 'simd' : 'scalar'
  return known
}

/** Node 20 has relaxed SIMD behind a flag, which may still be set before the first module that uses it. */
function enableRelaxedSimd(): void {
  const { process } = globalThis as { process?: NodeJS.Process }
  if (process?.versions?.v8 === undefined || Number(process.versions.node.split('.')[0]) >= 21) return
  const v8 = process.getBuiltinModule?.('node:v8')
  v8?.setFlagsFromString('--experimental-wasm-relaxed-simd')
}

function fuses(): boolean {
  enableRelaxedSimd()
  const module = createModule({ memory: { shared: false, initial: 1, maximum: 1 } })
  module.func({
    name: 'residue',
    params: [F64, F64, F64],
    results: [F64],
    body: ({ params: [a, b, c] }) => {
      const splat = (x: typeof a) => f64x2.splat(x!.get)
      return f64x2.extractLane(f64x2.relaxedMadd(splat(a), splat(b), splat(c)), 1)
    },
  })
  const bytes = module.build()
  if (!WebAssembly.validate(bytes)) return false
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  const residue = exports['residue'] as (a: number, b: number, c: number) => number
  // (2^51 - 1) (2^51 - 3) = 2^102 - 2^53 + 3 - ..., of which a product that is rounded by itself loses the end.
  const [a, b] = [2 ** 51 - 1, 2 ** 51 - 3]
  for (let i = 0; i < 64; i++) {
    const [x, y] = [a - 2 * i, b - 6 * i]
    const exact = BigInt(x) * BigInt(y)
    const high = Number(exact)
    if (residue(x, y, -high) !== Number(exact - BigInt(high))) return false
  }
  return true
}
