/** Points and scalars from seeds, as snarkjs draws them: the proofs of knowledge in a `.zkey` rest on them. */
import { FIELD_MODULUS as r } from '../field.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import { MONTGOMERY_INVERSE } from '../setup/points.js'
import { type Fp2, type G1, type G2, G2_B, multiplyFp2, multiplyG2 } from '../verifier/points.js'
import { type SeededRandom, seededRandom } from './chacha.js'

/** Number of points on the curve of G2 over r. */
const COFACTOR = 2n * q - r

/** The point of G2 to which a hash of 64 bytes leads; nobody knows its logarithm. */
export function hashToG2(hash: Uint8Array): G2 {
  const random = seededRandom(hash)
  for (;;) {
    const x: Fp2 = [drawCoordinate(random), drawCoordinate(random)]
    const greatest = drawBit(random)
    const cube = multiplyFp2(multiplyFp2(x, x), x)
    const y = squareRoot([mod(cube[0] + G2_B[0]), mod(cube[1] + G2_B[1])])
    if (!y) continue
    const isGreatest = isNegative(y[1] === 0n ? y[0] : y[1])
    const chosen: Fp2 = greatest === isGreatest ? y : [mod(-y[0]), mod(-y[1])]
    // The multiple is infinite for one point in r.
    return multiplyG2([x, chosen], COFACTOR) as G2
  }
}

/** Draws a point of G1. */
export function drawG1(random: SeededRandom): G1 {
  for (;;) {
    const x = drawCoordinate(random)
    const greatest = drawBit(random)
    const y = baseRoot(mod(x * x * x + 3n))
    if (y !== undefined) return [x, greatest === isNegative(y) ? y : mod(-y)]
  }
}

/** Draws a scalar from 1 to r - 1. */
export function drawScalar(random: SeededRandom): bigint {
  const drawn = (draw(random, r) * SCALAR_MONTGOMERY_INVERSE) % r
  return drawn === 0n ? drawScalar(random) : drawn
}

/** 2^-256 modulo r. */
const SCALAR_MONTGOMERY_INVERSE = power(2n ** 256n % r, r - 2n, r)

// What is drawn is taken for a number in Montgomery form.
function drawCoordinate(random: SeededRandom): bigint {
  return (draw(random, q) * MONTGOMERY_INVERSE) % q
}

function drawBit(random: SeededRandom): boolean {
  return (random.nextWord() & 1) === 1
}

/** Draws a number below a modulus of 254 bits; the low 64 bits are drawn first. */
function draw(random: SeededRandom, modulus: bigint): bigint {
  for (;;) {
    let value = 0n
    for (let i = 0n; i < 4n; i++) value |= random.nextLong() << (64n * i)
    value &= 2n ** 254n - 1n
    if (value < modulus) return value
  }
}

/** A square root in Fq2 by the norm; undefined if there is none. */
function squareRoot([a, b]: Fp2): Fp2 | undefined {
  const norm = baseRoot(mod(a * a + b * b))
  if (norm === undefined) return undefined
  for (const s of [norm, mod(-norm)]) {
    const x = baseRoot(half(mod(a + s)))
    if (x === undefined) continue
    if (x !== 0n) return [x, (b * power(mod(2n * x), q - 2n, q)) % q]
    // The root of a negative number of the base field is imaginary.
    const y = baseRoot(mod(-a))
    if (b === 0n && y !== undefined) return [0n, y]
  }
  return undefined
}

/** A square root in Fq, where q is 3 mod 4; undefined if there is none. */
function baseRoot(value: bigint): bigint | undefined {
  const root = power(value, (q + 1n) / 4n, q)
  return (root * root) % q === value ? root : undefined
}

function isNegative(value: bigint): boolean {
  return value > (q - 1n) / 2n
}

function half(value: bigint): bigint {
  return value & 1n ? (value + q) / 2n : value / 2n
}

function mod(value: bigint): bigint {
  return ((value % q) + q) % q
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}
