import { invert } from '../bn254/field.js'
import { CURVE_PARAMETER, frobeniusConstants } from '../bn254/towers.js'
import { parseDecimal } from '../field.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'

/** An element c0 + c1 * u of the quadratic extension over which G2 lies, as [c0, c1]. */
export type Fp2 = readonly [bigint, bigint]

/** An affine point of G1, as [x, y]. */
export type G1 = readonly [bigint, bigint]

/** An affine point of G2, as [x, y]. */
export type G2 = readonly [Fp2, Fp2]

/** 3 / (9 + u), the constant of G2's equation (EIP-197). */
export const G2_B: Fp2 = [
  19485874751759354771024239261021720505790618469301721065564631296452457478373n,
  266929791119991161246907387137283842545076965332900288569378510910307636690n,
]

/**
 * Reads a point of G1 in snarkjs's form: three canonical decimal strings, the last `1`.
 *
 * @throws {TypeError} if it has another form
 * @throws {RangeError} if a coordinate is not canonical, or the point is infinity or not on the curve
 */
export function parseG1(json: unknown, label: string): G1 {
  const [xJson, yJson, z] = tuple(json, 3, label)
  if (z !== '1') throw new RangeError(`${label} must be affine and not infinity`)
  const x = parseDecimal(xJson, `${label}[0]`, q)
  const y = parseDecimal(yJson, `${label}[1]`, q)
  if ((y * y - x * x * x - 3n) % q !== 0n) throw new RangeError(`${label} is not on the curve`)
  return [x, y]
}

/**
 * Reads a point of G2's curve in snarkjs's form: three pairs of canonical decimal strings, the last `1, 0`.
 * Whether it lies in the subgroup G2 is a question for {@link isInSubgroup}.
 *
 * @throws {TypeError} if it has another form
 * @throws {RangeError} if a coordinate is not canonical, or the point is infinity or not on the curve
 */
export function parseG2(json: unknown, label: string): G2 {
  const [xJson, yJson, zJson] = tuple(json, 3, label)
  const [z0, z1] = tuple(zJson, 2, `${label}[2]`)
  if (z0 !== '1' || z1 !== '0') throw new RangeError(`${label} must be affine and not infinity`)
  const x = parseFp2(xJson, `${label}[0]`)
  const y = parseFp2(yJson, `${label}[1]`)
  if (!isOnTwist([x, y])) throw new RangeError(`${label} is not on the curve`)
  return [x, y]
}

/** Tells whether coordinates are of a point of G2's curve, in the subgroup or not. */
export function isOnTwist([x, y]: G2): boolean {
  const [left, right] = [multiply(y, y), multiply(multiply(x, x), x)]
  return ([0, 1] as const).every((i) => (left[i] - right[i] - G2_B[i]) % q === 0n)
}

/**
 * Tells whether a point of G2's curve, which has a large cofactor, lies in the subgroup of order r: whether
 * [6 x + 2] Q + psi(Q) - psi^2(Q) + psi^3(Q) is infinity. src/bn254/pairing.ts tells why that suffices.
 */
export function isInSubgroup(point: G2): boolean {
  const images = [psi(point, 1), psi(point, 2), psi(point, 3)] as const
  let sum: Jacobian | undefined
  for (const bit of (6n * CURVE_PARAMETER + 2n).toString(2)) {
    sum = sum && double(sum)
    if (bit === '1') sum = addAffine(sum, point)
  }
  sum = addAffine(sum, images[0])
  sum = addAffine(sum, negate(images[1]))
  return addAffine(sum, images[2]) === undefined
}

/**
 * Multiplies a point of G2's curve, or of any other y^2 = x^3 + b over the extension, by a scalar, in a time that depends on it.
 *
 * @param scalar not negative
 * @returns undefined for infinity
 */
export function multiplyG2(point: G2, scalar: bigint): G2 | undefined {
  let sum: Jacobian | undefined
  for (const bit of scalar.toString(2)) {
    sum = sum && double(sum)
    if (bit === '1') sum = addAffine(sum, point)
  }
  if (sum === undefined) return undefined
  const [x, y, [z0, z1]] = sum
  // 1 / z = conjugate of z over its norm.
  const norm = invert((((z0 * z0 + z1 * z1) % q) + q) % q, q)
  const inverse: Fp2 = [z0 * norm, -z1 * norm]
  const square = multiply(inverse, inverse)
  return [canonical(multiply(x, square)), canonical(multiply(multiply(y, square), inverse))]
}

/** Multiplies a point of G1 by a scalar, as {@link multiplyG2} does. */
export function multiplyG1([x, y]: G1, scalar: bigint): G1 | undefined {
  const product = multiplyG2(
    [
      [x, 0n],
      [y, 0n],
    ],
    scalar,
  )
  return product && [product[0][0], product[1][0]]
}

/** Returns the product of two elements of the extension, canonical. */
export function multiplyFp2(a: Fp2, b: Fp2): Fp2 {
  return canonical(multiply(a, b))
}

/** A point (X / Z^2, Y / Z^3) of G2's curve; infinity is `undefined`. */
type Jacobian = readonly [Fp2, Fp2, Fp2]

/** The endomorphism psi to the power n: Frobenius on the curve of which G2's is a twist. */
function psi([x, y]: G2, n: 1 | 2 | 3): G2 {
  const constants = frobeniusConstants(n)
  const frobenius = ([c0, c1]: Fp2): Fp2 => (n % 2 === 0 ? [c0, c1] : [c0, -c1])
  return [multiply(frobenius(x), constants[2]!), multiply(frobenius(y), constants[3]!)]
}

function negate([x, [c0, c1]]: G2): G2 {
  return [x, [-c0, -c1]]
}

function double([x, y, z]: Jacobian): Jacobian | undefined {
  if (isZero(y)) return undefined
  const yy = multiply(y, y)
  const s = times(4n, multiply(x, yy))
  const m = times(3n, multiply(x, x))
  const x3 = subtract(multiply(m, m), times(2n, s))
  const y3 = subtract(multiply(m, subtract(s, x3)), times(8n, multiply(yy, yy)))
  return [x3, y3, times(2n, multiply(y, z))]
}

function addAffine(a: Jacobian | undefined, [x2, y2]: G2): Jacobian | undefined {
  if (a === undefined) return [x2, y2, [1n, 0n]]
  const [x1, y1, z1] = a
  const zz = multiply(z1, z1)
  const h = subtract(multiply(x2, zz), x1)
  const s = subtract(multiply(multiply(y2, zz), z1), y1)
  if (isZero(h)) return isZero(s) ? double(a) : undefined
  const hh = multiply(h, h)
  const hhh = multiply(hh, h)
  const v = multiply(x1, hh)
  const x3 = subtract(subtract(multiply(s, s), hhh), times(2n, v))
  const y3 = subtract(multiply(s, subtract(v, x3)), multiply(y1, hhh))
  return [x3, y3, multiply(z1, h)]
}

function parseFp2(json: unknown, label: string): Fp2 {
  const [c0, c1] = tuple(json, 2, label)
  return [parseDecimal(c0, `${label}[0]`, q), parseDecimal(c1, `${label}[1]`, q)]
}

function multiply(a: Fp2, b: Fp2): Fp2 {
  return [(a[0] * b[0] - a[1] * b[1]) % q, (a[0] * b[1] + a[1] * b[0]) % q]
}

function canonical([c0, c1]: Fp2): Fp2 {
  return [((c0 % q) + q) % q, ((c1 % q) + q) % q]
}

function subtract(a: Fp2, b: Fp2): Fp2 {
  return [a[0] - b[0], a[1] - b[1]]
}

function times(k: bigint, a: Fp2): Fp2 {
  return [k * a[0], k * a[1]]
}

function isZero(a: Fp2): boolean {
  return a[0] % q === 0n && a[1] % q === 0n
}

function tuple(json: unknown, length: number, label: string): readonly unknown[] {
  if (!Array.isArray(json) || json.length !== length)
    throw new TypeError(`${label} must be an array of ${length}`)
  return json
}
