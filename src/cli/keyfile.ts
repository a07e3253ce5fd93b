/**
 * Keys at rest: a secret as JSON, encrypted under a passphrase with scrypt (RFC 7914) and AES-256-GCM
 * (NIST SP 800-38D). Everything else in the file is authenticated with it.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { isRecord } from '../merkle/json.js'
import { RefusedError, UsageError } from './errors.js'

/** What a key file holds; a file of one kind never opens as the other. */
export type KeyKind = 'soul' | 'issuer'

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
const MAX_CIPHERTEXT_BYTES = 1 << 16

/**
 * Encrypts a secret.
 *
 * @param o.secret      JSON data
 * @param o.passphrase  not empty; Unicode forms that look the same count as the same (NFKC)
 * @param o.cost        scrypt's N, a power of two from 2^14 to 2^18, by default {@link DEFAULT_COST}
 * @throws {UsageError} if the passphrase is empty
 * @throws {RangeError} if the cost is out of range
 */
export async function encryptKey(o: {
  readonly kind: KeyKind
  readonly secret: unknown
  readonly passphrase: string
  readonly cost?: number
}): Promise<KeyFile> {
  const { kind, secret, passphrase, cost = DEFAULT_COST } = o
  if (passphrase === '') throw new UsageError('passphrase: must not be empty')
  if (!isCost(cost)) throw new RangeError('cost must be a power of two from 2^14 to 2^18')
  const kdf = {
    name: 'scrypt',
    N: cost,
    r: BLOCK_SIZE,
    p: PARALLEL,
    salt: randomBytes(32).toString('hex'),
  } as const
  const nonce = randomBytes(12)
  const key = await deriveKey(passphrase, kdf)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  cipher.setAAD(associatedData({ kind, kdf, nonce: nonce.toString('hex') }))
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(secret), 'utf8'), cipher.final()])
  key.fill(0)
  return {
    version: 1,
    kind,
    kdf,
    cipher: {
      name: 'aes-256-gcm',
      nonce: nonce.toString('hex'),
      tag: cipher.getAuthTag().toString('hex'),
      ciphertext: ciphertext.toString('hex'),
    },
  }
}

/**
 * Decrypts the secret of a key file.
 *
 * @throws {UsageError} if the file is malformed, of another kind, or asks for scrypt parameters out of range
 * @throws {RefusedError} if the passphrase is wrong or the file was altered: the two cannot be told apart
 */
export async function decryptKey(o: {
  readonly file: unknown
  readonly kind: KeyKind
  readonly passphrase: string
}): Promise<unknown> {
  const { kdf, cipher } = readKeyFile(o.file, o.kind)
  const key = await deriveKey(o.passphrase, kdf)
  const nonce = Buffer.from(cipher.nonce, 'hex')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(associatedData({ kind: o.kind, kdf, nonce: cipher.nonce }))
  decipher.setAuthTag(Buffer.from(cipher.tag, 'hex'))
  try {
    const plain = [decipher.update(Buffer.from(cipher.ciphertext, 'hex')), decipher.final()]
    return JSON.parse(Buffer.concat(plain).toString('utf8'))
  } catch {
    throw new RefusedError(`${o.kind} file: wrong passphrase, or the file was altered`)
  } finally {
    key.fill(0)
  }
}

/**
 * Checks the form of a key file before anything is computed from it.
 *
 * @throws {UsageError} naming the part that is malformed
 */
export function readKeyFile(json: unknown, kind: KeyKind): KeyFile {
  const label = `${kind} file`
  const file = exactly(json, label, ['version', 'kind', 'kdf', 'cipher'])
  if (file['version'] !== 1) throw new UsageError(`${label}.version: must be 1`)
  if (file['kind'] !== kind) throw new UsageError(`${label}.kind: must be ${kind}`)
  const kdf = exactly(file['kdf'], `${label}.kdf`, ['name', 'N', 'r', 'p', 'salt'])
  if (kdf['name'] !== 'scrypt') throw new UsageError(`${label}.kdf.name: must be scrypt`)
  if (!isCost(kdf['N'])) throw new UsageError(`${label}.kdf.N: must be a power of two from 2^14 to 2^18`)
  if (kdf['r'] !== BLOCK_SIZE) throw new UsageError(`${label}.kdf.r: must be ${BLOCK_SIZE}`)
  if (kdf['p'] !== PARALLEL) throw new UsageError(`${label}.kdf.p: must be ${PARALLEL}`)
  requireHex(kdf['salt'], `${label}.kdf.salt`, { bytes: 32 })
  const cipher = exactly(file['cipher'], `${label}.cipher`, ['name', 'nonce', 'tag', 'ciphertext'])
  if (cipher['name'] !== 'aes-256-gcm') throw new UsageError(`${label}.cipher.name: must be aes-256-gcm`)
  requireHex(cipher['nonce'], `${label}.cipher.nonce`, { bytes: 12 })
  requireHex(cipher['tag'], `${label}.cipher.tag`, { bytes: 16 })
  requireHex(cipher['ciphertext'], `${label}.cipher.ciphertext`, { atMost: MAX_CIPHERTEXT_BYTES })
  return file as unknown as KeyFile
}

function deriveKey(passphrase: string, kdf: KeyFile['kdf']): Promise<Buffer> {
  const { N, r, p, salt } = kdf
  // Node counts a little more than scrypt's own 128 * N * r.
  const options = { N, r, p, maxmem: 129 * N * r + (1 << 20) }
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFKC'), Buffer.from(salt, 'hex'), 32, options, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

function associatedData(o: { kind: KeyKind; kdf: KeyFile['kdf']; nonce: string }): Buffer {
  const { N, r, p, salt } = o.kdf
  return Buffer.from(JSON.stringify(['soulproof key file', 1, o.kind, 'scrypt', N, r, p, salt, o.nonce]))
}

function isCost(value: unknown): boolean {
  return (
    typeof value === 'number' && value >= MIN_COST && value <= MAX_COST && Number.isInteger(Math.log2(value))
  )
}

function exactly(json: unknown, path: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (!isRecord(json)) throw new UsageError(`${path}: must be an object`)
  for (const key of keys) if (!Object.hasOwn(json, key)) throw new UsageError(`${path}.${key}: is missing`)
  if (Object.keys(json).length !== keys.length) throw new UsageError(`${path}: has an unknown key`)
  return json
}

function requireHex(value: unknown, path: string, size: { bytes: number } | { atMost: number }): void {
  if (typeof value !== 'string' || !/^([0-9a-f]{2})+$/.test(value)) {
    throw new UsageError(`${path}: must be lower-case hex`)
  }
  const bytes = value.length / 2
  if ('bytes' in size && bytes !== size.bytes) throw new UsageError(`${path}: must have ${size.bytes} bytes`)
  if ('atMost' in size && bytes > size.atMost) {
    throw new UsageError(`${path}: must have at most ${size.atMost} bytes`)
  }
}
