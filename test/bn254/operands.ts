/** Elements by their limbs: at rest, at the bounds that the field's documentation permits, and beyond the usual. */
import { ARITHMETICS, type ArithmeticName, ELEMENT } from '../../src/bn254/field.js'
import { Q, type randomness } from './reference.js'

/** Limbs of an element, lowest first. */
export type Limbs = readonly bigint[]

type Random = ReturnType<typeof randomness>

/** The shape of an arithmetic's limbs. */
export const SHAPES = {
  simd: { count: 5, bits: 51n },
  scalar: { count: 9, bits: 29n },
} as const

/** The most that a tight limb, but the last, may have. */
export const tightLimb = (arithmetic: ArithmeticName): bigint => 1n << (SHAPES[arithmetic].bits - 1n)

export function integerOf(arithmetic: ArithmeticName, limbs: Limbs): bigint {
  return limbs.reduceRight((sum, limb) => (sum << SHAPES[arithmetic].bits) + limb, 0n)
}

export function bytesOf(arithmetic: ArithmeticName, limbs: Limbs): Uint8Array {
  const bytes = new Uint8Array(ELEMENT)
  const view = new DataView(bytes.buffer)
  for (const [i, limb] of limbs.entries()) {
    if (arithmetic === 'simd') view.setFloat64(8 * i, Number(limb), true)
    else view.setInt32(4 * i, Number(limb), true)
  }
  return bytes
}

export function limbsOf(arithmetic: ArithmeticName, bytes: Uint8Array): Limbs {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Array.from({ length: SHAPES[arithmetic].count }, (_, i) =>
    BigInt(arithmetic === 'simd' ? view.getFloat64(8 * i, true) : view.getInt32(4 * i, true)),
  )
}

/** The limbs that `encode` gives. */
export const encoded = (arithmetic: ArithmeticName, value: bigint): Limbs =>
  limbsOf(arithmetic, ARITHMETICS[arithmetic].encode(value))

export const sum = (a: Limbs, b: Limbs): Limbs => a.map((x, i) => x + (b[i] as bigint))
export const negated = (a: Limbs): Limbs => a.map((x) => -x)

/**
 * A tight element whose limbs are at their bounds or near: all but the last within 2^50 or 2^28 of 0, the value
 * at most `bound` p. By default, products of two sums of two are as large as `mul` may give.
 */
export function extreme(arithmetic: ArithmeticName, random: Random, bound = 1.18): Limbs {
  const { count, bits } = SHAPES[arithmetic]
  const half = tightLimb(arithmetic)
  const choices = [
    half,
    half,
    -half,
    -half,
    half - 1n,
    1n - half,
    0n,
    1n,
    -1n,
    random.below(2n * half) - half,
  ]
  const lower = Array.from(
    { length: count - 1 },
    () => choices[Number(random.below(BigInt(choices.length)))] as bigint,
  )
  const top = ((Q * BigInt(Math.round(bound * 1000))) / 1000n) >> (bits * BigInt(count - 1))
  const last = [top - 1n, 1n - top, 0n, random.below(2n * top) - top][Number(random.below(4n))] as bigint
  return [...lower, last]
}

/** Integers where carries, signs and reductions change. */
export function boundaryIntegers(): bigint[] {
  const powers = [29n, 50n, 51n, 58n, 64n, 102n, 128n, 153n, 192n, 204n, 232n, 253n].map((k) => 1n << k)
  return [
    0n,
    1n,
    2n,
    Q - 1n,
    Q - 2n,
    (Q - 1n) / 2n,
    (Q + 1n) / 2n,
    ...powers.flatMap((x) => [x - 1n, x, x + 1n, Q - x]),
  ].filter((x) => x >= 0n && x < Q)
}
