/** Keys at rest: a secret as JSON, encrypted under a passphrase. Everything else in the file is authenticated with it. */
import { KeyFileError, SchemaError } from '../errors.js'
import {
  type Cipher,
  DEFAULT_COST,
  decryptUnderPassphrase,
  encryptUnderPassphrase,
  exactly,
  type Header,
  type Kdf,
  readSealed,
} from './passphrase.js'

/** What a key file holds; a file of one kind never opens as the other. */
export type KeyKind = 'soul' | 'issuer' | 'verifier' | 'feed'

/** A key file; binary parts in lower-case hex. */
export interface KeyFile {
  readonly version: 1
  readonly kind: KeyKind
  readonly kdf: Kdf
  readonly cipher: Cipher
}

const MAX_CIPHERTEXT_BYTES = 1 << 16

/**
 * Encrypts a secret.
 *
 * @param o.secret      JSON data
 * @param o.passphrase  not empty; Unicode forms that look the same count as the same (NFKC)
 * @param o.cost        scrypt's N, a power of two from 2^14 to 2^18, by default {@link DEFAULT_COST}
 * @throws {KeyFileError} if the passphrase is empty
 * @throws {RangeError} if the cost is out of range
 */
export async function encryptKey(o: {
  readonly kind: KeyKind
  readonly secret: unknown
  readonly passphrase: string
  readonly cost?: number
}): Promise<KeyFile> {
  const { kind, secret, passphrase, cost = DEFAULT_COST } = o
  requirePassphrase(passphrase)
  if (passphrase === '') throw new KeyFileError('passphrase: must not be empty')
  const plain = new TextEncoder().encode(JSON.stringify(secret))
  const { kdf, cipher } = await encryptUnderPassphrase({ plain, passphrase, cost, header: headerOf(kind) })
  return { version: 1, kind, kdf, cipher }
}

/**
 * Decrypts the secret of a key file.
 *
 * @throws {KeyFileError} if the file is malformed, of another kind, or asks for scrypt parameters out of range
 * @throws {KeyFileError} that is `refused` if the passphrase is wrong or the file was altered: the two cannot be told apart
 */
export async function decryptKey(o: {
  readonly file: unknown
  readonly kind: KeyKind
  readonly passphrase: string
}): Promise<unknown> {
  const { kind, passphrase } = o
  requirePassphrase(passphrase)
  const { kdf, cipher } = readKeyFile(o.file, kind)
  const plain = await decryptUnderPassphrase({ kdf, cipher, passphrase, header: headerOf(kind) })
  if (typeof plain === 'string') {
    throw new KeyFileError(`${kind} file: wrong passphrase, or the file was altered`, { refused: true })
  }
  try {
    return JSON.parse(new TextDecoder().decode(plain))
  } finally {
    plain.fill(0)
  }
}

/**
 * Checks the form of a key file before anything is computed from it.
 *
 * @throws {KeyFileError} naming the part that is malformed
 */
export function readKeyFile(json: unknown, kind: KeyKind): KeyFile {
  const label = `${kind} file`
  try {
    const file = exactly(json, label, ['version', 'kind', 'kdf', 'cipher'])
    if (file['version'] !== 1) throw new SchemaError(`${label}.version`, 'must be 1')
    if (file['kind'] !== kind) throw new SchemaError(`${label}.kind`, `must be ${kind}`)
    return { version: 1, kind, ...readSealed(file, label, MAX_CIPHERTEXT_BYTES) }
  } catch (cause) {
    if (cause instanceof SchemaError) throw new KeyFileError(cause.message, { cause })
    throw cause
  }
}

function requirePassphrase(passphrase: unknown): void {
  if (typeof passphrase !== 'string') throw new TypeError('passphrase must be a string')
}

function headerOf(kind: KeyKind): Header {
  return ({ kdf: { N, r, p, salt }, nonce }) => {
    return ['soulproof key file', 1, kind, 'scrypt', N, r, p, salt, nonce]
  }
}
