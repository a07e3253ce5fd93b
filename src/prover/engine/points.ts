import { BASE_FIELD_MODULUS as q } from '../../groth16.js'

/** A point of G1 in Jacobian coordinates, x / z^2 and y / z^3; z is 0 for infinity. */
export interface G1Point {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
}

export const G1_INFINITY: G1Point = { x: 1n, y: 1n, z: 0n }

const mod = (value: bigint): bigint => ((value % q) + q) % q

/** Sum of two points of G1, whichever (add-2007-bl of the Explicit-Formulas Database). */
export function addG1(a: G1Point, b: G1Point): G1Point {
  if (a.z === 0n) return b
  if (b.z === 0n) return a
  const [aa, bb] = [mod(a.z * a.z), mod(b.z * b.z)]
  const [u1, u2] = [mod(a.x * bb), mod(b.x * aa)]
  const [s1, s2] = [mod(a.y * mod(b.z * bb)), mod(b.y * mod(a.z * aa))]
  if (u1 === u2) return s1 === s2 ? doubleG1(a) : G1_INFINITY
  const h = u2 - u1
  const i = mod(4n * h * h)
  const j = mod(h * i)
  const r = 2n * (s2 - s1)
  const v = mod(u1 * i)
  const x = mod(r * r - j - 2n * v)
  return { x, y: mod(r * (v - x) - 2n * s1 * j), z: mod(2n * a.z * b.z * h) }
}

/** Twice a point of G1 (dbl-2009-l). */
function doubleG1({ x, y, z }: G1Point): G1Point {
  const [a, b] = [mod(x * x), mod(y * y)]
  const c = mod(b * b)
  const d = mod(4n * x * b)
  const e = 3n * a
  const nextX = mod(e * e - 2n * d)
  return { x: nextX, y: mod(e * (d - nextX) - 8n * c), z: mod(2n * y * z) }
}

/** Product of a point of G1 and a canonical scalar, in a time that depends on the scalar. */
export function multiplyG1(point: G1Point, scalar: bigint): G1Point {
  let result = G1_INFINITY
  for (const bit of scalar.toString(2)) {
    result = doubleG1(result)
    if (bit === '1') result = addG1(result, point)
  }
  return result
}
