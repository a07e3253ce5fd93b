/**
 * Keys at rest: a secret as JSON, encrypted under a passphrase with scrypt (RFC 7914) and AES-256-GCM
 * (NIST SP 800-38D). Everything else in the file is authenticated with it. Works in Node and in browsers.
 */
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { KeyFileError } from '../errors.js'
import { randomBytes } from './random.js'

/** What a key file holds; a file of one kind never opens as the other. */
export type KeyKind = 'soul' | 'issuer' | 'verifier'

/** A key file; binary parts in lower-case hex. */
export interface KeyFile {
  readonly version: 1
  readonly kind: KeyKind
  readonly kdf: {
    readonly name: 'scrypt'
    readonly N: number
    readonly r: number
    readonly p: number
    readonly salt: string
  }
  readonly cipher: {
    readonly name: 'aes-256-gcm'
    readonly nonce: string
    readonly tag: string
    readonly ciphertext: string
  }
}

/** scrypt's cost of new files: 128 MiB of memory, about half a second. */
export const DEFAULT_COST = 2 ** 17
// A file must not ask for more than 256 MiB, nor for so little that guessing is cheap.
const MIN_COST = 2 ** 14
const MAX_COST = 2 ** 18
const BLOCK_SIZE = 8
const PARALLEL = 1
const TAG_BYTES = 16
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
  if (!isCost(cost)) throw new RangeError('cost must be a power of two from 2^14 to 2^18')
  const salt = bytesToHex(randomBytes(32))
  const kdf = { name: 'scrypt', N: cost, r: BLOCK_SIZE, p: PARALLEL, salt } as const
  const nonce = bytesToHex(randomBytes(12))
  const key = await deriveKey(passphrase, kdf)
  const plain = new TextEncoder().encode(JSON.stringify(secret))
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt(gcm({ kind, kdf, nonce }), key, plain as Uint8Array<ArrayBuffer>),
  )
  plain.fill(0)
  return {
    version: 1,
    kind,
    kdf,
    cipher: {
      name: 'aes-256-gcm',
      nonce,
      tag: bytesToHex(sealed.subarray(-TAG_BYTES)),
      ciphertext: bytesToHex(sealed.subarray(0, -TAG_BYTES)),
    },
  }
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
  requirePassphrase(o.passphrase)
  const { kdf, cipher } = readKeyFile(o.file, o.kind)
  const key = await deriveKey(o.passphrase, kdf)
  const sealed = hexToBytes(cipher.ciphertext + cipher.tag) as Uint8Array<ArrayBuffer>
  let plain: Uint8Array
  try {
    const opened = await crypto.subtle.decrypt(gcm({ kind: o.kind, kdf, nonce: cipher.nonce }), key, sealed)
    plain = new Uint8Array(opened)
  } catch {
    throw new KeyFileError(`${o.kind} file: wrong passphrase, or the file was altered`, { refused: true })
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
  const file = exactly(json, label, ['version', 'kind', 'kdf', 'cipher'])
  if (file['version'] !== 1) throw new KeyFileError(`${label}.version: must be 1`)
  if (file['kind'] !== kind) throw new KeyFileError(`${label}.kind: must be ${kind}`)
  const kdf = exactly(file['kdf'], `${label}.kdf`, ['name', 'N', 'r', 'p', 'salt'])
  if (kdf['name'] !== 'scrypt') throw new KeyFileError(`${label}.kdf.name: must be scrypt`)
  if (!isCost(kdf['N'])) throw new KeyFileError(`${label}.kdf.N: must be a power of two from 2^14 to 2^18`)
  if (kdf['r'] !== BLOCK_SIZE) throw new KeyFileError(`${label}.kdf.r: must be ${BLOCK_SIZE}`)
  if (kdf['p'] !== PARALLEL) throw new KeyFileError(`${label}.kdf.p: must be ${PARALLEL}`)
  requireHex(kdf['salt'], `${label}.kdf.salt`, { bytes: 32 })
  const cipher = exactly(file['cipher'], `${label}.cipher`, ['name', 'nonce', 'tag', 'ciphertext'])
  if (cipher['name'] !== 'aes-256-gcm') throw new KeyFileError(`${label}.cipher.name: must be aes-256-gcm`)
  requireHex(cipher['nonce'], `${label}.cipher.nonce`, { bytes: 12 })
  requireHex(cipher['tag'], `${label}.cipher.tag`, { bytes: 16 })
  requireHex(cipher['ciphertext'], `${label}.cipher.ciphertext`, { atMost: MAX_CIPHERTEXT_BYTES })
  return file as unknown as KeyFile
}

function requirePassphrase(passphrase: unknown): void {
  if (typeof passphrase !== 'string') throw new TypeError('passphrase must be a string')
}

/** A key that cannot be read back from the platform. */
async function deriveKey(passphrase: string, kdf: KeyFile['kdf']): Promise<CryptoKey> {
  const { N, r, p } = kdf
  const password = new TextEncoder().encode(passphrase.normalize('NFKC'))
  const bytes = await scrypt(password, hexToBytes(kdf.salt), { N, r, p })
  try {
    const raw = bytes as Uint8Array<ArrayBuffer>
    return await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
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
  if (native === undefined) return scryptAsync(password, salt, { ...cost, dkLen: 32 })
  // Node counts a little more than scrypt's own 128 * N * r.
  const maxmem = 129 * cost.N * cost.r + (1 << 20)
  return new Promise((resolve, reject) => {
    native.scrypt(password, salt, 32, { ...cost, maxmem }, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

function gcm(o: { kind: KeyKind; kdf: KeyFile['kdf']; nonce: string }): AesGcmParams {
  const { N, r, p, salt } = o.kdf
  const parts = ['soulproof key file', 1, o.kind, 'scrypt', N, r, p, salt, o.nonce]
  return {
    name: 'AES-GCM',
    iv: hexToBytes(o.nonce) as Uint8Array<ArrayBuffer>,
    additionalData: new TextEncoder().encode(JSON.stringify(parts)),
    tagLength: 8 * TAG_BYTES,
  }
}

function isCost(value: unknown): boolean {
  return (
    typeof value === 'number' && value >= MIN_COST && value <= MAX_COST && Number.isInteger(Math.log2(value))
  )
}

function exactly(json: unknown, path: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new KeyFileError(`${path}: must be an object`)
  for (const key of keys) if (!Object.hasOwn(json, key)) throw new KeyFileError(`${path}.${key}: is missing`)
  if (Object.keys(json).length !== keys.length) throw new KeyFileError(`${path}: has an unknown key`)
  return json as Record<string, unknown>
}

function requireHex(value: unknown, path: string, size: { bytes: number } | { atMost: number }): void {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})+$/.test(value)) {
    throw new KeyFileError(`${path}: must be lower-case hex`)
  }
  const bytes = value.length / 2
  if ('bytes' in size && bytes !== size.bytes)
    throw new KeyFileError(`${path}: must have ${size.bytes} bytes`)
  if ('atMost' in size && bytes > size.atMost) {
    throw new KeyFileError(`${path}: must have at most ${size.atMost} bytes`)
  }
}
