import { hkdf } from '@noble/hashes/hkdf.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { BASE8, multiply, type Point, SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { decryptKey, encryptKey, type KeyFile } from '../crypto/keyfile.js'
import { poseidon } from '../crypto/poseidon.js'
import { randomBelow } from '../crypto/random.js'
import { KeyFileError, requireObject } from '../errors.js'
import { assertBelow, bigIntToBytes, bytesToBigInt } from '../field.js'
import { readDecimal, readObject, within } from '../merkle/json.js'

const SESSION_SALT = new TextEncoder().encode('soulproof/session key/1')

/** The key of a designated verifier: whoever knows `secret` can make the proofs that are designated to it. */
export interface VerifierKey {
  /** Canonical: 0 < secret < l. */
  readonly secret: bigint
  /** A = secret * B8 on Baby Jubjub. */
  readonly publicKey: Point
  /** Commitment Poseidon(A.x, A.y): what requests and proofs name. */
  readonly verifierKey: bigint
}

/**
 * Creates a verifier key from a fresh random secret, or from one that the caller keeps.
 *
 * It is for this role alone: never the secret of a Soul or an issuer.
 *
 * @throws {TypeError|RangeError} unless the secret is a bigint with 0 < secret < l
 */
export function createVerifierKey(options: { readonly secret?: bigint } = {}): VerifierKey {
  requireObject(options, 'options')
  const { secret = 1n + randomBelow(SUBGROUP_ORDER - 1n) } = options
  assertBelow(secret, SUBGROUP_ORDER, 'secret', 'the subgroup order')
  if (secret === 0n) throw new RangeError('secret must not be 0')
  const publicKey = multiply(BASE8, secret)
  return { secret, publicKey, verifierKey: poseidon(publicKey) }
}

/**
 * Derives the key of one session: the same for the same key and name, unlinkable to the key and to other sessions without
 * the secret. HKDF-SHA-512 (RFC 5869) to 64 bytes, so that the reduction modulo l shows no bias.
 *
 * A session's secret may be published when the session is over: then everybody can make its proofs, and nothing is known
 * of the key it came from.
 *
 * @param o.session  1 to 1000 characters
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function sessionVerifierKey(o: { readonly key: VerifierKey; readonly session: string }): VerifierKey {
  requireObject(o, 'options')
  const { secret } = requireKey(o.key, 'key')
  const info = new TextEncoder().encode(assertSession(o.session))
  const bytes = hkdf(sha512, bigIntToBytes(secret, 32), SESSION_SALT, info, 64)
  const derived = bytesToBigInt(bytes) % SUBGROUP_ORDER
  bytes.fill(0)
  return createVerifierKey({ secret: derived })
}

/**
 * Checks a verifier key that is given, and computes its public parts again. One without a secret is refused: no fresh key may
 * take its place.
 *
 * @throws {TypeError|RangeError} unless it has a secret with 0 < secret < l
 */
export function requireKey(key: VerifierKey, label: string): VerifierKey {
  requireObject(key, label)
  if (typeof key.secret !== 'bigint') throw new TypeError(`${label}.secret must be a bigint`)
  return createVerifierKey({ secret: key.secret })
}

/** Checks the name of a session or purpose: well-formed text of 1 to 1000 characters. */
export function assertSession(session: unknown): string {
  if (typeof session !== 'string') throw new TypeError('session must be a string')
  if (session.length < 1 || session.length > 1000 || /\p{Surrogate}/u.test(session)) {
    throw new RangeError('session must be well-formed text of 1 to 1000 characters')
  }
  return session
}

/**
 * Encrypts a verifier key under a passphrase with scrypt and AES-256-GCM, for storage as JSON.
 *
 * @param o.cost  scrypt's N, a power of two from 2^14 to 2^18, by default 2^17: 128 MiB, about half a second
 * @throws {KeyFileError} if the passphrase is empty
 */
export async function encryptVerifierKey(o: {
  readonly key: VerifierKey
  readonly passphrase: string
  readonly cost?: number
}): Promise<KeyFile> {
  requireObject(o, 'options')
  const { key, ...options } = o
  return encryptKey({ ...options, kind: 'verifier', secret: verifierKeyToJson(requireKey(key, 'key')) })
}

/**
 * Decrypts what {@link encryptVerifierKey} made.
 *
 * @throws {KeyFileError} if the file is malformed or of another kind; it is `refused` if the passphrase is wrong, the
 *   file was altered, or its key is not that of its secret
 */
export async function decryptVerifierKey(o: {
  readonly file: unknown
  readonly passphrase: string
}): Promise<VerifierKey> {
  requireObject(o, 'options')
  return verifierKeyFromJson(await decryptKey({ ...o, kind: 'verifier' }))
}

/** Writes a verifier key, its secret included, as plain JSON data. Encrypt it before it is stored. */
export function verifierKeyToJson(key: VerifierKey): { secret: string; verifierKey: string } {
  return { secret: key.secret.toString(), verifierKey: key.verifierKey.toString() }
}

/**
 * Reads a verifier key and recomputes its public parts.
 *
 * @throws {SchemaError} if a part is missing, unknown or malformed
 * @throws {KeyFileError} that is `refused` if the commitment is another key's
 */
export function verifierKeyFromJson(json: unknown): VerifierKey {
  const { secret, verifierKey } = readObject(json, 'verifier', ['secret', 'verifierKey'])
  const key = within('verifier.secret', () => createVerifierKey({ secret: readDecimal(secret, 'value') }))
  if (key.verifierKey !== readDecimal(verifierKey, 'verifier.verifierKey')) {
    throw new KeyFileError('verifier file: its key does not follow from its secret', { refused: true })
  }
  return key
}
