import { FIELD_MODULUS as r } from '../../field.js'
import { writeUint256 } from '../../formats/sections.js'
import { invert, rootOfUnity } from '../qap.js'

/** Numbers in a `.zkey` stand times 2^256. */
const MONTGOMERY = 2n ** 256n % r

/** The values of a polynomial on twice as many points as it has coefficients, twice over: what a prover multiplies with. */
const EXTENSION = 4

/** Transforms between coefficients and values on the domain of `size` elements, a power of two. */
export interface Domain {
  readonly size: number
  /** The elements of the domain, powers of the root of unity. */
  readonly elements: readonly bigint[]
  /**
   * Returns a polynomial as it lies in a `.zkey`: coefficients, then values on the domain four times as large.
   *
   * @param values on the domain, canonical
   */
  encode(values: readonly bigint[]): Uint8Array
  /** Returns the Lagrange polynomials of the first `count` elements, as {@link Domain.encode} does. */
  encodeLagrange(count: number): Uint8Array
}

/** Prepares the transforms of a domain. */
export function createDomain(size: number): Domain {
  const large = EXTENSION * size
  const roots = powersOf(rootOfUnity(large), large)
  const elements = Array.from({ length: size }, (_, i) => roots[EXTENSION * i]!)
  const inverseSize = invert(BigInt(size))

  const extend = (coefficients: readonly bigint[]): bigint[] => {
    const values = coefficients.concat(new Array<bigint>(large - size).fill(0n))
    transform(values, roots)
    return values
  }
  const interpolate = (values: readonly bigint[]): bigint[] => {
    const coefficients = values.slice()
    transform(coefficients, elements)
    // The transform with the inverse root is the transform with the root, read backwards.
    const [first, ...rest] = coefficients
    return [first!, ...rest.reverse()].map((value) => (value * inverseSize) % r)
  }
  return {
    size,
    elements,
    encode(values) {
      const coefficients = interpolate(values.map((value) => (value * MONTGOMERY) % r))
      return encodeNumbers([coefficients, extend(coefficients)])
    },
    encodeLagrange(count) {
      // The first has equal coefficients; the others are the same curve, turned by a step of the domain.
      const scale = (MONTGOMERY * inverseSize) % r
      const first = extend(new Array<bigint>(size).fill(scale))
      return encodeNumbers(
        Array.from({ length: count }, (_, i) => [
          elements.map((_, j) => (scale * elements[(size - ((i * j) % size)) % size]!) % r),
          first.map((_, j) => first[(j + large - EXTENSION * i) % large]!),
        ]).flat(),
      )
    },
  }
}

/** Writes numbers of 32 bytes each, little-endian. */
export function encodeNumbers(lists: readonly (readonly bigint[])[]): Uint8Array {
  const bytes = new Uint8Array(32 * lists.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const list of lists) {
    for (const value of list) {
      writeUint256(bytes, offset, value)
      offset += 32
    }
  }
  return bytes
}

/** Writes canonical numbers in Montgomery form. */
export function encodeMontgomery(values: readonly bigint[]): Uint8Array {
  return encodeNumbers([values.map((value) => (value * MONTGOMERY) % r)])
}

function powersOf(base: bigint, count: number): bigint[] {
  const powers = [1n]
  while (powers.length < count) powers.push((powers.at(-1)! * base) % r)
  return powers
}

/** Evaluates in place a polynomial on the powers of a root; `roots` has all of them, and may have more than one for each. */
function transform(values: bigint[], roots: readonly bigint[]): void {
  const { length } = values
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) [values[i], values[j]] = [values[j]!, values[i]!]
  }
  for (let half = 1; half < length; half *= 2) {
    const step = roots.length / (2 * half)
    for (let start = 0; start < length; start += 2 * half) {
      for (let i = 0; i < half; i++) {
        const upper = values[start + half + i]!
        const lower = values[start + i]!
        const product = upper === 0n ? 0n : (upper * roots[step * i]!) % r
        const sum = lower + product
        const difference = lower - product
        values[start + i] = sum >= r ? sum - r : sum
        values[start + half + i] = difference < 0n ? difference + r : difference
      }
    }
  }
}
