import { FIELD_MODULUS, invert } from '../field.js'

/** An affine point of Baby Jubjub in twisted Edwards form (EIP-2494), coordinates canonical. */
export type Point = readonly [bigint, bigint]

/** Order l of the prime subgroup of Baby Jubjub (EIP-2494). */
export const SUBGROUP_ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041n

/** Generator B8 of the prime subgroup (EIP-2494). */
export const BASE8: Point = [
  5299619240641551281634865583518297030282874472190772894086521144482721001553n,
  16950150798460657717958625567821834550301663161624707787222815936182638968203n,
]

// x = X / Z, y = Y / Z. The laws are complete on the curve, because a is a square and d is none: Bernstein, Birkner,
// Joye, Lange, Peters, "Twisted Edwards Curves" (2008), section 6.
interface Projective {
  readonly X: bigint
  readonly Y: bigint
  readonly Z: bigint
}

const p = FIELD_MODULUS
const A = 168700n
const D = 168696n
const IDENTITY: Projective = { X: 0n, Y: 1n, Z: 1n }

function add(P: Projective, Q: Projective): Projective {
  const z = (P.Z * Q.Z) % p
  const b = (z * z) % p
  const c = (P.X * Q.X) % p
  const d = (P.Y * Q.Y) % p
  const e = (((D * c) % p) * d) % p
  const [f, g] = [b - e, b + e]
  const X = (((z * f) % p) * ((P.X + P.Y) * (Q.X + Q.Y) - c - d)) % p
  return { X, Y: (((z * g) % p) * (d - A * c)) % p, Z: (f * g) % p }
}

function double({ X, Y, Z }: Projective): Projective {
  const b = (X + Y) ** 2n % p
  const c = (X * X) % p
  const d = (Y * Y) % p
  const e = A * c
  const f = (e + d) % p
  const j = f - 2n * Z * Z
  return { X: ((b - c - d) * j) % p, Y: (f * (e - d)) % p, Z: (f * j) % p }
}

/** Sum of products of points and scalars, the scalars not negative and of any length. */
function sumOfProducts(terms: readonly { readonly point: Point; readonly scalar: bigint }[]): Projective {
  const points = terms.map(({ point: [X, Y] }): Projective => ({ X, Y, Z: 1n }))
  const bits = terms.map(({ scalar }) => scalar.toString(2))
  const length = Math.max(...bits.map((text) => text.length))
  let sum = IDENTITY
  for (let i = length; i > 0; i--) {
    sum = double(sum)
    for (const [k, text] of bits.entries()) {
      if (text[text.length - i] === '1') sum = add(sum, points[k] as Projective)
    }
  }
  return sum
}

/** Returns scalar * point, for a point on the curve and a scalar that is not negative. Not constant time. */
export function multiply(point: Point, scalar: bigint): Point {
  if (scalar < 0n) throw new RangeError('scalar must not be negative')
  return toAffine(sumOfProducts([{ point, scalar }]))
}

/** Returns the sum of two points of the curve, equal ones and the identity included. */
export function addPoints([X, Y]: Point, [x, y]: Point): Point {
  return toAffine(add({ X, Y, Z: 1n }, { X: x, Y: y, Z: 1n }))
}

function toAffine({ X, Y, Z }: Projective): Point {
  const inverse = invert(Z, p)
  const canonical = (x: bigint): bigint => (((x * inverse) % p) + p) % p
  return [canonical(X), canonical(Y)]
}

/**
 * Tells whether S * B8 = R8 + 8 h * key.
 *
 * @param o.R8  any two numbers below r: a point off the curve equals no sum
 * @param o.key a point of the prime subgroup
 */
export function satisfiesEdDsa(o: { R8: Point; S: bigint; h: bigint; key: Point }): boolean {
  const [x, y] = o.key
  const { X, Y, Z } = sumOfProducts([
    { point: BASE8, scalar: o.S },
    { point: [(p - x) % p, y], scalar: 8n * o.h },
  ])
  return (X - o.R8[0] * Z) % p === 0n && (Y - o.R8[1] * Z) % p === 0n
}

/** Tells whether the coordinates are canonical, on the curve, in the prime subgroup and not the identity. */
export function isPublicKey(point: Point): boolean {
  const [x, y] = point
  if (x <= 0n || x >= FIELD_MODULUS || y < 0n || y >= FIELD_MODULUS) return false
  const [xx, yy] = [x * x, y * y]
  if ((A * xx + yy - 1n - D * ((xx * yy) % p)) % p !== 0n) return false
  const [ox, oy] = multiply(point, SUBGROUP_ORDER)
  return ox === 0n && oy === 1n
}
