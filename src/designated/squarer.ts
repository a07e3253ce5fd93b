import { createWasmSquarer } from './squarer-wasm.js'

/** What computes modulo N. `wasm` needs WebAssembly with 128-bit SIMD. */
export type SquarerName = 'wasm' | 'bigint'

/** A register of one residue that is squared and multiplied, and further residues by handle. */
export interface Squarer {
  readonly name: SquarerName
  /** Puts a number below N into the register. */
  set(value: bigint): void
  /** The number in the register, below N. */
  get(): bigint
  /** Squares the register so many times. */
  square(times: number): void
  /** Stores a number below N and returns its handle. */
  load(value: bigint): number
  /** Stores a second copy. */
  copy(handle: number): number
  /** Multiplies the first by the second. */
  multiply(handle: number, other: number): void
  /** Multiplies the register by it. */
  multiplyInto(handle: number): void
  /** Forgets all handles from this one on. */
  release(from: number): void
}

/**
 * Creates a squarer for an odd modulus of at most 2048 bits.
 *
 * @param o.name  by default `wasm` where the platform has it, else `bigint`
 * @throws {RangeError} if the platform has not what is asked for
 */
export async function createSquarer(o: {
  readonly modulus: bigint
  readonly name?: SquarerName
}): Promise<Squarer> {
  const { modulus, name } = o
  if (name === 'bigint') return createBigintSquarer(modulus)
  const squarer = await createWasmSquarer(modulus)
  if (squarer !== undefined) return squarer
  if (name === 'wasm') throw new RangeError('this platform has no WebAssembly with SIMD')
  return createBigintSquarer(modulus)
}

function createBigintSquarer(modulus: bigint): Squarer {
  let register = 1n
  let stored: bigint[] = []
  const at = (handle: number): bigint => stored[handle] as bigint
  return {
    name: 'bigint',
    set(value) {
      register = value
    },
    get: () => register,
    square(times) {
      let value = register
      for (let i = 0; i < times; i++) value = (value * value) % modulus
      register = value
    },
    load: (value) => stored.push(value) - 1,
    copy: (handle) => stored.push(at(handle)) - 1,
    multiply(handle, other) {
      stored[handle] = (at(handle) * at(other)) % modulus
    },
    multiplyInto(handle) {
      register = (register * at(handle)) % modulus
    },
    release(from) {
      stored = stored.slice(0, from)
    },
  }
}
