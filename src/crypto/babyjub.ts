import { Base8, inCurve, mulPointEscalar, subOrder } from '@zk-kit/baby-jubjub'
import { FIELD_MODULUS } from '../field.js'

/** An affine point of Baby Jubjub in twisted Edwards form (EIP-2494), coordinates canonical. */
export type Point = readonly [bigint, bigint]

/** Order l of the prime subgroup of Baby Jubjub (EIP-2494). */
export const SUBGROUP_ORDER: bigint = subOrder

/** Generator B8 of the prime subgroup (EIP-2494). */
export const BASE8: Point = [Base8[0], Base8[1]]

/** Returns scalar * point. Not constant time. */
export function multiply(point: Point, scalar: bigint): Point {
  const [x, y] = mulPointEscalar([point[0], point[1]], scalar)
  return [x, y]
}

/** Tells whether the coordinates are canonical, on the curve, in the prime subgroup and not the identity. */
export function isPublicKey(point: Point): boolean {
  const [x, y] = point
  if (x <= 0n || x >= FIELD_MODULUS || y < 0n || y >= FIELD_MODULUS) return false
  if (!inCurve([x, y])) return false
  const [ox, oy] = multiply(point, SUBGROUP_ORDER)
  return ox === 0n && oy === 1n
}
