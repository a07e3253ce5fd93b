import { bn254 } from '@noble/curves/bn254.js'
import { parseDecimal } from '../field.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'

/** An element c0 + c1 * u of the quadratic extension over which G2 lies, as [c0, c1]. */
export type Fp2 = readonly [bigint, bigint]

/** An affine point of G1, as [x, y]. */
export type G1 = readonly [bigint, bigint]

/** An affine point of G2, as [x, y]. */
export type G2 = readonly [Fp2, Fp2]

// 3 / (9 + u), the constant of G2's equation (EIP-197).
const G2_B: Fp2 = [
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
  const [left, right] = [multiply(y, y), multiply(multiply(x, x), x)]
  for (const i of [0, 1] as const) {
    if ((left[i] - right[i] - G2_B[i]) % q !== 0n) throw new RangeError(`${label} is not on the curve`)
  }
  return [x, y]
}

/** Tells whether a point of G2's curve, which has a large cofactor, lies in the subgroup of order r. */
export function isInSubgroup(point: G2): boolean {
  return toCurveG2(point).isTorsionFree()
}

/** Returns the library's form of a point that was checked to lie on the curve. */
export function toCurveG1([x, y]: G1) {
  return bn254.G1.Point.fromAffine({ x, y })
}

/** Returns the library's form of a point that was checked to lie on the curve. */
export function toCurveG2([x, y]: G2) {
  const { Fp2 } = bn254.fields
  return bn254.G2.Point.fromAffine({ x: Fp2.fromBigTuple([...x]), y: Fp2.fromBigTuple([...y]) })
}

function parseFp2(json: unknown, label: string): Fp2 {
  const [c0, c1] = tuple(json, 2, label)
  return [parseDecimal(c0, `${label}[0]`, q), parseDecimal(c1, `${label}[1]`, q)]
}

function multiply(a: Fp2, b: Fp2): Fp2 {
  return [(a[0] * b[0] - a[1] * b[1]) % q, (a[0] * b[1] + a[1] * b[0]) % q]
}

function tuple(json: unknown, length: number, label: string): readonly unknown[] {
  if (!Array.isArray(json) || json.length !== length)
    throw new TypeError(`${label} must be an array of ${length}`)
  return json
}
