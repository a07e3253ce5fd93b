/**
 * The part of a timed proof outside the circuit: "I know the logarithm of P to B8, or x^(2^T) modulo N", a CDS-OR
 * (Cramer, Damgård, Schoenmakers 1994) of Schnorr's protocol and a blinded proof of exponentiation (Wesolowski 2019; Arun,
 * Bonneau, Clark 2022), made non-interactive by hashing everything.
 *
 * The circuit lets P be k B8 only if the claim holds; else it is k B8 + H.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { addPoints, BASE8, isPublicKey, multiply, type Point, SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { frame } from '../crypto/encoding.js'
import { randomBelow, randomBytes } from '../crypto/random.js'
import { bigIntToBytes, bytesToBigInt, FIELD_MODULUS } from '../field.js'
import { TIMED_H } from '../statements/timed.js'
import { absolute, gcd, hashToPrime, hashToSquare, MODULUS_BYTES, power, powers } from './modular.js'

/** A group of unknown order and a delay in it; comes from the verifier's policy. */
export interface DelayParameters {
  /** N, 2048 bits. */
  readonly modulus: bigint
  /** T. */
  readonly squarings: number
}

/** Everything that a proof is about; all of it is hashed. */
export interface SigmaStatement extends DelayParameters {
  readonly verificationKeyHash: string
  /** The beacon as bytes. */
  readonly beacon: Uint8Array
  /** x, the square that the beacon hashes to. */
  readonly start: bigint
  /** In circuit order, P last. */
  readonly publicSignals: readonly bigint[]
  /** The coordinates of the Groth16 proof. */
  readonly proof: readonly bigint[]
  readonly P: Point
}

/** Bytes of an encoded proof: c1, c2, s, rho, pi. */
export const SIGMA_BYTES = 4 * 32 + MODULUS_BYTES
/** Random bits of the blinding exponent: 128 more than N and l together. */
const ALPHA_BITS = 2432n

/** Returns x, the start of a beacon's delay: a hash of the beacon alone, squared. */
export function startOf(beacon: Uint8Array, modulus: bigint): bigint {
  return hashToSquare('soulproof/timed/start/1', beacon, modulus)
}

/** The base of blindings, a square that depends on N alone. */
function blindingBase(modulus: bigint): bigint {
  let base = bases.get(modulus)
  if (base === undefined) {
    base = hashToSquare('soulproof/timed/base/1', bigIntToBytes(modulus, MODULUS_BYTES), modulus)
    if (bases.size < 16) bases.set(modulus, base)
  }
  return base
}
const bases = new Map<bigint, bigint>()

/**
 * Proves by the logarithm of P: what a holder can do at once.
 *
 * The other branch is simulated: its challenge is chosen first, its answer is random, its commitment follows. Neither k nor
 * its nonce is handled in constant time.
 *
 * @param k  with P = k B8, 0 <= k < l
 */
export function proveByLogarithm(statement: SigmaStatement, k: bigint): Uint8Array {
  const { modulus } = statement
  const nonce = randomBelow(SUBGROUP_ORDER)
  const c2 = randomBytes(32)
  const prime = hashToPrime(c2)
  const root = randomBelow(modulus)
  const pi = absolute((root * root) % modulus, modulus)
  const rho = randomBelow(prime)
  const Y = commitmentOf(statement, { pi, rho, prime })
  const c1 = xor(challengeOf(statement, multiply(BASE8, nonce), Y), c2)
  const s = (nonce + scalarOf(c1) * k) % SUBGROUP_ORDER
  return encode({ c1, c2, s, rho, pi })
}

/**
 * Proves by the output of the delay: what everybody can do once it is known.
 *
 * @param output    x^(2^T)
 * @param quotient  returns x^⌊2^T / ℓ⌋ for a prime ℓ
 */
export async function proveByDelay(
  statement: SigmaStatement,
  output: bigint,
  quotient: (prime: bigint) => Promise<bigint>,
): Promise<Uint8Array> {
  const { modulus, P } = statement
  const g = blindingBase(modulus)
  const c1 = randomBytes(32)
  const s = randomBelow(SUBGROUP_ORDER)
  const alpha = randomBelow(1n << ALPHA_BITS)
  const Y = absolute((output * power(g, alpha, modulus)) % modulus, modulus)
  const c2 = xor(challengeOf(statement, nonceCommitmentOf(P, s, c1), Y), c1)
  const prime = hashToPrime(c2)
  const pi = ((await quotient(prime)) * power(g, alpha / prime, modulus)) % modulus
  return encode({ c1, c2, s, rho: alpha % prime, pi: absolute(pi, modulus) })
}

/**
 * Checks a proof.
 *
 * @param proof  anything
 * @returns why it is refused, or undefined
 */
export function refuseSigma(statement: SigmaStatement, proof: unknown): string | undefined {
  const { modulus, P } = statement
  if (!isPublicKey(P)) return 'P is not a point of the prime subgroup other than the identity'
  const parts = decode(proof)
  if (parts === undefined) return `must be ${SIGMA_BYTES} bytes as lower-case hex`
  const { c1, c2, s, rho, pi } = parts
  if (s >= SUBGROUP_ORDER) return 's is out of range'
  // With pi = 0, Y would be 0 whatever the challenge.
  if (pi < 1n || pi > (modulus - 1n) / 2n || gcd(pi, modulus) !== 1n) return 'pi is out of range'
  const prime = hashToPrime(c2)
  if (rho >= prime) return 'rho is out of range'
  const Y = commitmentOf(statement, { pi, rho, prime })
  const challenge = challengeOf(statement, nonceCommitmentOf(P, s, c1), Y)
  return xor(c1, c2).every((byte, i) => byte === challenge[i]) ? undefined : 'does not hold'
}

/** Y = pi^l x^(2^T mod l) g^rho, modulo 1 and -1. */
function commitmentOf(
  { modulus, squarings, start }: SigmaStatement,
  { pi, rho, prime }: { readonly pi: bigint; readonly rho: bigint; readonly prime: bigint },
): bigint {
  const rest = power(2n, BigInt(squarings), prime)
  const terms = [
    [pi, prime],
    [start, rest],
    [blindingBase(modulus), rho],
  ] as const
  return absolute(powers(terms, modulus), modulus)
}

/** R_A = s B8 - c1 P: what the answer s to the challenge c1 commits to. */
export function nonceCommitmentOf(P: Point, s: bigint, c1: Uint8Array): Point {
  const [x, y] = multiply(P, scalarOf(c1))
  const [sx, sy] = multiply(BASE8, s)
  const [rx, ry] = addPoints([sx, sy], [(FIELD_MODULUS - x) % FIELD_MODULUS, y])
  return [rx, ry]
}

/** The hash of everything, 32 bytes: c1 XOR c2 has to be this. */
export function challengeOf(o: SigmaStatement, R: Point, Y: bigint): Uint8Array {
  const number = (value: bigint): Uint8Array => bigIntToBytes(value, 32)
  const large = (value: bigint): Uint8Array => bigIntToBytes(value, MODULUS_BYTES)
  return sha256(
    frame([
      'soulproof/timed/challenge/1',
      o.verificationKeyHash,
      large(o.modulus),
      large(blindingBase(o.modulus)),
      ...TIMED_H.map(number),
      String(o.squarings),
      o.beacon,
      large(o.start),
      concatBytes(...o.publicSignals.map(number)),
      ...o.P.map(number),
      concatBytes(...o.proof.map(number)),
      ...R.map(number),
      large(Y),
    ]),
  )
}

/** A challenge as an exponent in a group of 251 bits. */
function scalarOf(challenge: Uint8Array): bigint {
  return bytesToBigInt(challenge) % SUBGROUP_ORDER
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}

interface Parts {
  readonly c1: Uint8Array
  readonly c2: Uint8Array
  readonly s: bigint
  readonly rho: bigint
  readonly pi: bigint
}

function encode({ c1, c2, s, rho, pi }: Parts): Uint8Array {
  return concatBytes(c1, c2, bigIntToBytes(s, 32), bigIntToBytes(rho, 32), bigIntToBytes(pi, MODULUS_BYTES))
}

/** Writes an encoded proof as it travels. */
export function sigmaToHex(proof: Uint8Array): string {
  return bytesToHex(proof)
}

function decode(json: unknown): Parts | undefined {
  if (typeof json !== 'string' || json.length !== 2 * SIGMA_BYTES || !/^[0-9a-f]*$/.test(json))
    return undefined
  const bytes = hexToBytes(json)
  const number = (from: number, to: number): bigint => bytesToBigInt(bytes.subarray(from, to))
  return {
    c1: bytes.slice(0, 32),
    c2: bytes.slice(32, 64),
    s: number(64, 96),
    rho: number(96, 128),
    pi: number(128, SIGMA_BYTES),
  }
}
