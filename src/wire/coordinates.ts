/* Arithmetic on coordinates of points as they are in `.zkey` files: Montgomery form for 2^256, 32 little-endian bytes. */
import { type ArithmeticName, addField, type Field } from '../bn254/field.js'
import { align, createProgram, type Program } from '../bn254/program.js'
import { type Code, i32 } from '../bn254/wasm.js'
import { invert } from '../field.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'

/** A module that runs, and where its memory is free. */
export interface Started {
  readonly wasm: Readonly<Record<string, (...pointers: number[]) => void>>
  readonly memory: WebAssembly.Memory
  /** First address that neither constants nor scratch memory take, a multiple of 16. */
  readonly free: number
}

/**
 * Starts a module over the field of coordinates, with a memory of its own.
 *
 * @param o.pages initial and greatest number of pages of 64 KiB
 * @param o.add   adds the functions
 */
export async function startModule(o: {
  arithmetic: ArithmeticName
  pages: { readonly initial: number; readonly maximum: number }
  add: (program: Program, fq: Field) => void
}): Promise<Started> {
  const type = { shared: false, ...o.pages }
  const program = createProgram({ memory: type })
  o.add(program, addField(program, { name: 'fq', modulus: q, arithmetic: o.arithmetic }))
  const assembly = program.finish()
  const memory = new WebAssembly.Memory(type)
  const { instance } = await WebAssembly.instantiate(assembly.bytes, { env: { memory } })
  const bytes = new Uint8Array(memory.buffer)
  for (const constant of assembly.constants) bytes.set(constant.bytes, constant.address)
  ;(instance.exports['scratch'] as WebAssembly.Global).value = assembly.end
  return {
    wasm: instance.exports as Record<string, (...pointers: number[]) => void>,
    memory,
    free: align(assembly.end + assembly.scratchLength),
  }
}

/**
 * Returns code for pairs of coordinates: `take` reads those at a and b, tight; `give` writes them, canonical.
 *
 * @param s scratch memory of a pair
 */
export function coordinates(fq: Field, s: Code) {
  // mul divides by R.
  const into = i32.const(fq.rawPairOf((fq.toMontgomery(fq.toMontgomery(1n)) * invert(2n ** 256n % q, q)) % q))
  const outOf = i32.const(fq.rawPairOf(2n ** 256n % q))
  return {
    take: (out: Code, a: Code, b: Code): Code => [
      fq.fromIntegers(out, a, b),
      fq.mul(out, out, into),
      fq.reduce(out, out),
    ],
    give: (a: Code, b: Code, value: Code): Code => [fq.mul(s, value, outOf), fq.toIntegers(a, b, s)],
  }
}
