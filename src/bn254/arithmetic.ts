/** Finds out which arithmetic the engine of this process can run. */
import type { ArithmeticName } from './field.js'
import { createModule, F64, f64x2, type Local } from './wasm.js'

/** a, b, c and a * b + c, where a * b is no double: rounded twice, the last bit is lost. */
const CASES = [
  [1 + 2 ** -30, 1 + 2 ** -30, -1 - 2 ** -29, 2 ** -60],
  [2 ** 51 - 1, 2 ** 51 + 1, -(2 ** 102), -1],
  [-(2 ** 50) - 1, 2 ** 50 + 1, 2 ** 100, -(2 ** 51) - 1],
] as const

let chosen: Promise<ArithmeticName> | undefined

/**
 * Returns `simd` where relaxed SIMD is there and its multiply-add rounds once, else `scalar`; asked once per thread.
 *
 * Node 20 has relaxed SIMD behind a flag of V8, which is set for the process.
 */
export function chooseArithmetic(): Promise<ArithmeticName> {
  chosen ??= tryFusing()
  return chosen
}

async function tryFusing(): Promise<ArithmeticName> {
  const bytes = probe()
  if (!WebAssembly.validate(bytes)) await enableRelaxedSimd()
  if (!WebAssembly.validate(bytes)) return 'scalar'
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } })
  const { low, high } = instance.exports as Record<
    'low' | 'high',
    (a: number, b: number, c: number) => number
  >
  const fuses = CASES.every(([a, b, c, sum]) => [low, high].every((madd) => madd(a, b, c) === sum))
  return fuses ? 'simd' : 'scalar'
}

/** A module that multiplies and adds, and returns one lane. */
function probe(): Uint8Array<ArrayBuffer> {
  const module = createModule({ memory: { shared: false, initial: 1, maximum: 1 } })
  for (const [lane, name] of (['low', 'high'] as const).entries()) {
    module.func({
      name,
      params: [F64, F64, F64],
      results: [F64],
      body: ({ params }) => {
        const [a, b, c] = (params as [Local, Local, Local]).map(({ get }) => f64x2.splat(get))
        return f64x2.extractLane(f64x2.relaxedMadd(a ?? [], b ?? [], c ?? []), lane as 0 | 1)
      },
    })
  }
  return module.build()
}

interface V8 {
  setFlagsFromString(flags: string): void
}

/** Sets V8's flag in Node; elsewhere, or where it is refused, nothing happens. */
async function enableRelaxedSimd(): Promise<void> {
  const { process } = globalThis as {
    process?: { versions?: { node?: string }; getBuiltinModule?: (name: string) => unknown }
  }
  if (process?.versions?.node === undefined) return
  try {
    // The name is a variable, so that bundlers for browsers do not look for the module.
    const name = 'node:v8'
    const v8 = (process.getBuiltinModule?.(name) ??
      (await import(/* @vite-ignore */ /* webpackIgnore: true */ name))) as V8
    v8.setFlagsFromString('--experimental-wasm-relaxed-simd')
  } catch {
    // Then the scalar arithmetic serves.
  }
}
