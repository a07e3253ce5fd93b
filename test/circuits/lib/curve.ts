import { addPoint, inCurve } from '@zk-kit/baby-jubjub'
import { multiply, type Point, SUBGROUP_ORDER } from '../../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'

/** Generator of the whole group, of order 8 l (EIP-2494). */
export const GENERATOR: Point = [
  995203441582195749578291179787384436505546430278305826713579947235728471134n,
  5472060717959818805561601436314318772137091100104008585924551046643952123905n,
]

/** A point of order 8; its multiples are all points of small order. */
export const TORSION: Point = multiply(GENERATOR, SUBGROUP_ORDER)

export const IDENTITY: Point = [0n, 1n]

/** p + q by zk-kit. */
export function add(p: Point, q: Point): Point {
  const [x, y] = addPoint([p[0], p[1]], [q[0], q[1]])
  return [x, y]
}

export function negate([x, y]: Point): Point {
  return [(r - x) % r, y]
}

export function isOnCurve([x, y]: Point): boolean {
  return inCurve([x, y])
}

/** value^exponent modulo r. */
export function power(value: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = value % r
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % r
    square = (square * square) % r
  }
  return result
}

/** The inverse modulo r, 0 for 0. */
export function invert(value: bigint): bigint {
  return power(((value % r) + r) % r, r - 2n)
}

/** u = (1 + y) / (1 - y), v = u / x (EIP-2494). */
export function toMontgomery([x, y]: Point): Point {
  const u = ((1n + y) * invert(1n - y)) % r
  return [u, (u * invert(x)) % r]
}
