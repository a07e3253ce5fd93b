/** EdDSA-Poseidon on Baby Jubjub, with keys and signatures as Semaphore v4 and zk-kit make them. */
import { blake512 } from '@noble/hashes/blake1.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { bigIntToBytes, bytesToBigInt, FIELD_MODULUS } from '../field.js'
import { BASE8, multiply, type Point, SUBGROUP_ORDER, satisfiesEdDsa } from './babyjub.js'
import { poseidon } from './poseidon.js'

/** An EdDSA-Poseidon signature over a field element, such as an SBT's hash. */
export interface Signature {
  readonly R8: Point
  readonly S: bigint
}

/**
 * Derives the secret scalar of a key, below the subgroup order: an eighth of BLAKE-512's lower half, with bits cleared and
 * set as RFC 8032 (5.1.5) does.
 *
 * @param secret  bytes of any number
 */
export function deriveSecretScalar(secret: Uint8Array): bigint {
  const { scalar, prefix } = expand(secret)
  prefix.fill(0)
  return (scalar >> 3n) % SUBGROUP_ORDER
}

/**
 * Signs a field element: S = r + Poseidon(R8, A, message) times the scalar. The nonce r is derived, so that it never repeats; so
 * is the public key A: with another one in the challenge two signatures would give the secret away.
 */
export function sign(secret: Uint8Array, message: bigint): Signature {
  const { scalar, prefix } = expand(secret)
  const publicKey = multiply(BASE8, (scalar >> 3n) % SUBGROUP_ORDER)
  const seed = concatBytes(prefix, bigIntToBytes(message, 32).reverse())
  const nonce = fromLittleEndian(blake512(seed)) % SUBGROUP_ORDER
  seed.fill(0)
  prefix.fill(0)
  const R8 = multiply(BASE8, nonce)
  const challenge = poseidon([...R8, ...publicKey, message])
  return { R8, S: (nonce + challenge * scalar) % SUBGROUP_ORDER }
}

/**
 * Tells whether a signature over a field element is the key's.
 *
 * Numbers that are not canonical (a coordinate from r on, S from l on) make it `false`: they are second forms of a
 * signature.
 *
 * @param publicKey  a point of the prime subgroup
 * @param message    canonical
 */
export function isSigned(publicKey: Point, message: bigint, signature: Signature): boolean {
  const { R8, S } = signature
  const isBelow = (value: unknown, bound: bigint): boolean =>
    typeof value === 'bigint' && value >= 0n && value < bound
  if (!Array.isArray(R8) || R8.length !== 2 || !R8.every((value) => isBelow(value, FIELD_MODULUS)))
    return false
  if (!isBelow(S, SUBGROUP_ORDER)) return false
  const h = poseidon([R8[0], R8[1], ...publicKey, message])
  return satisfiesEdDsa({ R8, S, h, key: publicKey })
}

function expand(secret: Uint8Array): { readonly scalar: bigint; readonly prefix: Uint8Array } {
  const hash = blake512(secret)
  const low = hash.slice(0, 32)
  low[0] = (low[0] as number) & 0xf8
  low[31] = ((low[31] as number) & 0x7f) | 0x40
  const scalar = fromLittleEndian(low)
  low.fill(0)
  hash.fill(0, 0, 32)
  return { scalar, prefix: hash.subarray(32) }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytesToBigInt(bytes.slice().reverse())
}
