/**
 * Bytes under a passphrase: scrypt (RFC 7914) and AES-256-GCM (NIST SP 800-38D). Works in Node and in browsers.
 */
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { SchemaError } from '../errors.js'
import { isHex } from './encoding.js'
import { randomBytes } from './random.js'

/** How the key is derived; the salt in lower-case hex. */
export interface Kdf {
  readonly name: 'scrypt'
  readonly N: number
  readonly r: number
  readonly p: number
  readonly salt: string
}

/** What is encrypted; all parts in lower-case hex. */
export interface Cipher {
  readonly name: 'aes-256-gcm'
  readonly nonce: string
  readonly tag: string
  readonly ciphertext: string
}

/** What everything else in the file is, so that it is authenticated with the text. */
export type Header = (o: {
  readonly kdf: Kdf
  readonly nonce: string
  readonly check: string
}) => readonly unknown[]

/** scrypt's cost of new files: 128 MiB of memory, about half a second. */
export const DEFAULT_COST = 2 ** 17
// A file must not ask for more than 256 MiB, nor for so little that guessing is cheap.
const MIN_COST = 2 ** 14
const MAX_COST = 2 ** 18
const BLOCK_SIZE = 8
const PARALLEL = 1
const TAG_BYTES = 16
const NONCE_BYTES = 12
const SALT_BYTES = 32

/** Bytes of what tells a wrong passphrase from altered data. */
export const CHECK_BYTES = 16

/**
 * Encrypts bytes.
 *
 * @param o.plain       zeroed afterwards
 * @param o.passphrase  Unicode forms that look the same count as the same (NFKC)
 * @param o.cost        scrypt's N, a power of two from 2^14 to 2^18
 * @returns also `check`, which {@link decryptUnderPassphrase} may be given: it depends on the derived key alone
 * @throws {RangeError} if the cost is out of range
 */
export async function encryptUnderPassphrase(o: {
  readonly plain: Uint8Array
  readonly passphrase: string
  readonly cost: number
  readonly header: Header
}): Promise<{ readonly kdf: Kdf; readonly cipher: Cipher; readonly check: string }> {
  const { plain, passphrase, cost, header } = o
  if (!isCost(cost)) throw new RangeError('cost must be a power of two from 2^14 to 2^18')
  const salt = bytesToHex(randomBytes(SALT_BYTES))
  const kdf = { name: 'scrypt', N: cost, r: BLOCK_SIZE, p: PARALLEL, salt } as const
  const nonce = bytesToHex(randomBytes(NONCE_BYTES))
  const { key, check } = await deriveKey(passphrase, kdf)
  const parameters = gcm(nonce, header({ kdf, nonce, check }))
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(parameters, key, plain as Uint8Array<ArrayBuffer>),
  )
  plain.fill(0)
  const cipher = {
    name: 'aes-256-gcm',
    nonce,
    tag: bytesToHex(sealed.subarray(-TAG_BYTES)),
    ciphertext: bytesToHex(sealed.subarray(0, -TAG_BYTES)),
  } as const
  return { kdf, cipher, check }
}

/**
 * Decrypts what {@link encryptUnderPassphrase} made.
 *
 * @param o.check  what it has to be, if it was kept
 * @returns the bytes, which the caller zeroes; else whether the passphrase is known to be wrong. Without a check that cannot be told
 *   from altered data
 */
export async function decryptUnderPassphrase(o: {
  readonly kdf: Kdf
  readonly cipher: Cipher
  readonly passphrase: string
  readonly check?: string
  readonly header: Header
}): Promise<Uint8Array | 'passphrase' | 'refused'> {
  const { kdf, cipher, passphrase, header } = o
  const { key, check } = await deriveKey(passphrase, kdf)
  if (o.check !== undefined && o.check !== check) return 'passphrase'
  const sealed = hexToBytes(cipher.ciphertext + cipher.tag) as Uint8Array<ArrayBuffer>
  try {
    const parameters = gcm(cipher.nonce, header({ kdf, nonce: cipher.nonce, check }))
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, sealed))
  } catch {
    return 'refused'
  }
}

/**
 * Checks form and limits of `kdf` and `cipher` before anything is computed from them.
 *
 * @param path  what the file is called in errors
 * @param most  bytes of the longest ciphertext
 * @throws {SchemaError} naming the part that is malformed
 */
export function readSealed(
  json: { readonly kdf?: unknown; readonly cipher?: unknown },
  path: string,
  most: number,
): { readonly kdf: Kdf; readonly cipher: Cipher } {
  const kdf = exactly(json.kdf, `${path}.kdf`, ['name', 'N', 'r', 'p', 'salt'])
  if (kdf['name'] !== 'scrypt') throw new SchemaError(`${path}.kdf.name`, 'must be scrypt')
  if (!isCost(kdf['N'])) throw new SchemaError(`${path}.kdf.N`, 'must be a power of two from 2^14 to 2^18')
  if (kdf['r'] !== BLOCK_SIZE) throw new SchemaError(`${path}.kdf.r`, `must be ${BLOCK_SIZE}`)
  if (kdf['p'] !== PARALLEL) throw new SchemaError(`${path}.kdf.p`, `must be ${PARALLEL}`)
  requireHex(kdf['salt'], `${path}.kdf.salt`, SALT_BYTES)
  const cipher = exactly(json.cipher, `${path}.cipher`, ['name', 'nonce', 'tag', 'ciphertext'])
  if (cipher['name'] !== 'aes-256-gcm') throw new SchemaError(`${path}.cipher.name`, 'must be aes-256-gcm')
  requireHex(cipher['nonce'], `${path}.cipher.nonce`, NONCE_BYTES)
  requireHex(cipher['tag'], `${path}.cipher.tag`, TAG_BYTES)
  requireHex(cipher['ciphertext'], `${path}.cipher.ciphertext`)
  if ((cipher['ciphertext'] as string).length > 2 * most) {
    throw new SchemaError(`${path}.cipher.ciphertext`, `must have at most ${most} bytes`)
  }
  return { kdf: kdf as unknown as Kdf, cipher: cipher as unknown as Cipher }
}

/**
 * Reads an object that has these keys and no other.
 *
 * @throws {SchemaError} otherwise
 */
export function exactly(
  json: unknown,
  path: string,
  keys: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new SchemaError(path, 'must be an object')
  }
  for (const key of keys) if (!Object.hasOwn(json, key)) throw new SchemaError(`${path}.${key}`, 'is missing')
  if (Object.keys(json).length !== keys.length) throw new SchemaError(path, 'has an unknown key')
  return { ...json }
}

/** A key that cannot be read back from the platform, and a hash of what is derived beside it. */
async function deriveKey(
  passphrase: string,
  kdf: Kdf,
): Promise<{ readonly key: CryptoKey; readonly check: string }> {
  const { N, r, p } = kdf
  const password = new TextEncoder().encode(passphrase.normalize('NFKC'))
  // The first half is what scrypt gives for 32 bytes: both are blocks of PBKDF2.
  const bytes = await scrypt(password, hexToBytes(kdf.salt), { N, r, p })
  try {
    const raw = bytes.slice(0, 32) as Uint8Array<ArrayBuffer>
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
    raw.fill(0)
    return { key, check: bytesToHex(sha256(bytes.subarray(32)).subarray(0, CHECK_BYTES)) }
  } finally {
    password.fill(0)
    bytes.fill(0)
  }
}

/** Node's own is faster and keeps to a thread of its own; the other is for browsers. */
async function scrypt(
  password: Uint8Array,
  salt: Uint8Array,
  cost: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Uint8Array> {
  const native = globalThis.process?.getBuiltinModule?.('node:crypto')
  if (native === undefined) return scryptAsync(password, salt, { ...cost, dkLen: 64 })
  // Node counts a little more than scrypt's own 128 * N * r.
  const maxmem = 129 * cost.N * cost.r + (1 << 20)
  return new Promise((resolve, reject) => {
    native.scrypt(password, salt, 64, { ...cost, maxmem }, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

function gcm(nonce: string, header: readonly unknown[]): AesGcmParams {
  return {
    name: 'AES-GCM',
    iv: hexToBytes(nonce) as Uint8Array<ArrayBuffer>,
    additionalData: new TextEncoder().encode(JSON.stringify(header)),
    tagLength: 8 * TAG_BYTES,
  }
}

function isCost(value: unknown): boolean {
  return (
    typeof value === 'number' && value >= MIN_COST && value <= MAX_COST && Number.isInteger(Math.log2(value))
  )
}

function requireHex(value: unknown, path: string, bytes?: number): void {
  const length = typeof value === 'string' ? value.length / 2 : 0
  if (length === 0 || !isHex(value, length)) throw new SchemaError(path, 'must be lower-case hex')
  if (bytes !== undefined && length !== bytes) throw new SchemaError(path, `must have ${bytes} bytes`)
}
