/** Souls: Semaphore v4 identities seen as a secret scalar, a public key and an identity commitment. */
import { BASE8, multiply, type Point } from '../crypto/babyjub.js'
import { DOMAIN } from '../crypto/domains.js'
import { deriveSecretScalar } from '../crypto/eddsa.js'
import { poseidon } from '../crypto/poseidon.js'
import { randomBytes } from '../crypto/random.js'
import { requireObject } from '../errors.js'
import { assertField, bytesToBigInt } from '../field.js'
import { requireSecret, requireSoul } from './check.js'

export type { Point } from '../crypto/babyjub.js'

/** An account that holds SBTs. Only the commitment is public. */
export interface Soul {
  /** Secret scalar s, canonical: 0 < s < l. */
  readonly secret: bigint
  /** A = s * B8 on Baby Jubjub. */
  readonly publicKey: Point
  /** Identity commitment Poseidon(A.x, A.y), the same as Semaphore v4's. */
  readonly commitment: bigint
}

/**
 * Creates a Soul from 32 fresh random bytes, or from a seed that the caller keeps secret.
 *
 * The same seed gives the same Soul, and the same as `new Identity(seed)` of Semaphore v4.
 *
 * @throws {TypeError} if the seed is not a Uint8Array
 * @throws {RangeError} if the seed has fewer than 16 bytes
 */
export function createSoul(options: { readonly seed?: Uint8Array } = {}): Soul {
  requireObject(options, 'options')
  const { seed = randomBytes(32) } = options
  if (!(seed instanceof Uint8Array)) throw new TypeError('seed must be a Uint8Array')
  if (seed.length < 16) throw new RangeError('seed must have at least 16 bytes')
  return soulFromSecret(deriveSecretScalar(seed))
}

/**
 * Imports a Soul: its secret scalar, or what `identity.export()` of Semaphore v4 returned.
 *
 * @throws {TypeError} if neither is given in its type
 * @throws {RangeError} unless 0 < secret < l, or if the export is not base64
 */
export function importSoul(source: { readonly secret: bigint } | { readonly semaphore: string }): Soul {
  if (typeof source !== 'object' || source === null)
    throw new TypeError('importSoul takes { secret } or { semaphore }')
  if ('secret' in source) return soulFromSecret(source.secret)
  const { semaphore } = source
  if (typeof semaphore !== 'string') throw new TypeError('semaphore must be a string')
  if (
    semaphore === '' ||
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(semaphore)
  ) {
    throw new RangeError('semaphore must be the base64 text of a Semaphore v4 identity')
  }
  return soulFromSecret(deriveSecretScalar(Uint8Array.from(atob(semaphore), (char) => char.charCodeAt(0))))
}

function soulFromSecret(secret: bigint): Soul {
  requireSecret(secret, 'secret')
  const publicKey = multiply(BASE8, secret)
  return { secret, publicKey, commitment: poseidon(publicKey) }
}

/**
 * Blinds a Soul for one SBT: `holder` goes to the issuer, `salt` stays with the holder.
 *
 * The salt is 248 bits of fresh randomness, so that two issuers cannot tell whether they serve the same Soul.
 *
 * @throws {TypeError|RangeError} naming the part of the Soul that is malformed
 */
export function blindHolder(options: { readonly soul: Soul }): { holder: bigint; salt: bigint } {
  requireObject(options, 'options')
  requireSoul(options.soul)
  const salt = bytesToBigInt(randomBytes(31))
  return { holder: holderOf(options.soul.commitment, salt), salt }
}

/** Returns Poseidon(tag, commitment, salt), the holder field of an SBT. */
export function holderOf(commitment: bigint, salt: bigint): bigint {
  assertField(commitment, 'commitment')
  assertField(salt, 'salt')
  return poseidon([DOMAIN.holder, commitment, salt])
}
