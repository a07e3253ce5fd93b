/** EdDSA-Poseidon signatures by a verifier key over one field element, which the caller has hashed behind a domain tag. */
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { BASE8, isPublicKey, multiply, type Point, SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { isSigned } from '../crypto/eddsa.js'
import { poseidon } from '../crypto/poseidon.js'
import { randomBytes } from '../crypto/random.js'
import { SchemaError } from '../errors.js'
import { bigIntToBytes, bytesToBigInt } from '../field.js'
import { readArray, readDecimal, readObject } from '../merkle/json.js'
import type { VerifierKey } from './keys.js'

/** A signature with its public key, as it travels: canonical decimal strings. */
export interface KeySignature {
  readonly publicKey: readonly [string, string]
  readonly R8: readonly [string, string]
  readonly S: string
}

/**
 * Signs a domain-separated hash: S = r + 8 Poseidon(R8, A, message) secret, as EdDSA-Poseidon of zk-kit verifies it.
 *
 * The nonce hashes secret, message and fresh randomness to 64 bytes, so that neither a broken generator nor a fault
 * repeats it for two messages. Not constant time, as all arithmetic of bigints.
 */
export function signWith(key: VerifierKey, message: bigint): KeySignature {
  const { secret, publicKey } = key
  const seed = concatBytes(bigIntToBytes(secret, 32), bigIntToBytes(message, 32), randomBytes(32))
  const nonce = bytesToBigInt(sha512(seed)) % SUBGROUP_ORDER
  seed.fill(0)
  const R8 = multiply(BASE8, nonce)
  const challenge = poseidon([...R8, ...publicKey, message])
  const S = (nonce + 8n * challenge * secret) % SUBGROUP_ORDER
  return { publicKey: pointToJson(publicKey), R8: pointToJson(R8), S: S.toString() }
}

/**
 * Tells whether a signature from outside is by the key with this commitment. The key must be canonical, on the curve, in
 * the prime subgroup and not the identity. Anything malformed is no signature.
 */
export function isSignedBy(verifierKey: bigint, message: bigint, json: unknown): boolean {
  let publicKey: Point
  let signature: { readonly R8: Point; readonly S: bigint }
  try {
    const fields = readObject(json, 'signature', ['publicKey', 'R8', 'S'])
    publicKey = pointFromJson(fields['publicKey'], 'publicKey')
    signature = {
      R8: pointFromJson(fields['R8'], 'R8'),
      S: readDecimal(fields['S'], 'S', SUBGROUP_ORDER),
    }
  } catch {
    // A getter or a proxy may throw anything.
    return false
  }
  return (
    poseidon(publicKey) === verifierKey && isPublicKey(publicKey) && isSigned(publicKey, message, signature)
  )
}

function pointToJson(point: Point): [string, string] {
  return [point[0].toString(), point[1].toString()]
}

function pointFromJson(json: unknown, path: string): Point {
  const [x, y, ...others] = readArray(json, path, 2)
  if (others.length > 0) throw new SchemaError(path, 'must have two coordinates')
  return [readDecimal(x, path), readDecimal(y, path)]
}
