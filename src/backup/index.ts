/** Backups: a Soul with its SBTs and openings, encrypted under a passphrase. Works in Node and in pages. */

import { isHex } from '../crypto/encoding.js'
import {
  CHECK_BYTES,
  type Cipher,
  DEFAULT_COST,
  decryptUnderPassphrase,
  encryptUnderPassphrase,
  exactly,
  type Header,
  type Kdf,
  readSealed,
} from '../crypto/passphrase.js'
import { BackupError, requireObject, SchemaError, SoulproofError } from '../errors.js'
import { type FeedHead, feedHeadFromJson } from '../feed/feed.js'
import { assertField, assertUint } from '../field.js'
import { ledgerProofFromJson, ledgerProofToJson } from '../ledger/json.js'
import { isRecord, readArray, readDecimal, readObject } from '../merkle/json.js'
import { assertLedgerProof, type LedgerProof } from '../merkle/ledger.js'
import { heldSbtFromJson, heldSbtToJson } from '../sbt/json.js'
import type { HeldSbt } from '../sbt/sbt.js'
import { verifySbt } from '../sbt/verify.js'
import { requireSoul } from '../soul/check.js'
import { holderOf, importSoul, type Soul } from '../soul/index.js'
import { soulFromJson, soulToJson } from '../soul/json.js'

export type { Cipher, Kdf } from '../crypto/passphrase.js'
export { BackupError, type BackupProblem } from '../errors.js'

/** A holder to which an SBT is being issued, with its salt. */
export interface Blinding {
  readonly holder: bigint
  readonly salt: bigint
}

/** What a backup holds. */
export interface WalletContent {
  readonly soul: Soul
  readonly sbts: readonly HeldSbt[]
  /** Openings of ledgers, by the ledger's id. */
  readonly ledgers?: Readonly<Record<string, LedgerProof>>
  /** Holders whose SBTs are not there yet: without the salt such an SBT is lost. */
  readonly blindings?: readonly Blinding[]
  /** Heads of feeds, so that nobody shows a restored wallet an older past. */
  readonly feeds?: readonly FeedHead[]
}

/** A wallet that came back. */
export interface RestoredWallet extends Required<WalletContent> {
  /** When the backup was made, Unix seconds. */
  readonly createdAt: bigint
}

/** A backup, JSON; binary parts in lower-case hex. */
export interface Backup {
  readonly version: 1
  readonly kind: 'backup'
  /** Tells a wrong passphrase from altered data. */
  readonly check: string
  /** Length of the ciphertext. */
  readonly bytes: number
  readonly kdf: Kdf
  readonly cipher: Cipher
}

const MAX_BYTES = 1 << 25
/** The text is filled with blanks to a multiple, so that the length does not count the SBTs. */
const BLOCK_BYTES = 4096
const MAX_SBTS = 10_000

/**
 * Encrypts a wallet for keeping elsewhere, with scrypt and AES-256-GCM; everything in the backup is authenticated.
 *
 * @param o.passphrase  not empty; Unicode forms that look the same count as the same (NFKC)
 * @param o.now         Unix seconds, kept in the backup
 * @param o.cost        scrypt's N, a power of two from 2^14 to 2^18, by default 2^17: 128 MiB, about half a second
 * @throws {FeedError} if the head of a feed is malformed or not signed
 * @throws {TypeError|RangeError} naming the part that is malformed, an SBT that is not genuine, an SBT or holder that is not of
 *   this Soul, or a wallet of more than 32 MiB
 */
export async function createBackup(
  o: WalletContent & { readonly passphrase: string; readonly now: bigint; readonly cost?: number },
): Promise<Backup> {
  requireObject(o, 'options')
  const { passphrase, now, cost = DEFAULT_COST, ...content } = o
  if (typeof passphrase !== 'string') throw new TypeError('passphrase must be a string')
  if (passphrase === '') throw new RangeError('passphrase must not be empty')
  assertUint(now, 62, 'now')
  const json = { createdAt: now.toString(), ...contentToJson(content) }
  // What does not come back must not go in.
  contentFromJson(json)
  const text = new TextEncoder().encode(JSON.stringify(json))
  const bytes = BLOCK_BYTES * Math.ceil(text.length / BLOCK_BYTES)
  if (bytes > MAX_BYTES) throw new RangeError('the wallet must have at most 32 MiB')
  const plain = new Uint8Array(bytes).fill(0x20)
  plain.set(text)
  text.fill(0)
  const sealed = await encryptUnderPassphrase({ plain, passphrase, cost, header: headerOf(bytes) })
  return { version: 1, kind: 'backup', check: sealed.check, bytes, kdf: sealed.kdf, cipher: sealed.cipher }
}

/**
 * Decrypts a backup and checks all of it: keys, hashes, openings, that each SBT is of this Soul. What comes back is what went in.
 *
 * @param o.backup  JSON of a backup, or its text
 * @throws {BackupError} `problem` says why it does not open
 * @throws {TypeError} if the passphrase is no text
 */
export async function restoreBackup(o: {
  readonly backup: unknown
  readonly passphrase: string
}): Promise<RestoredWallet> {
  requireObject(o, 'options')
  const { passphrase } = o
  if (typeof passphrase !== 'string') throw new TypeError('passphrase must be a string')
  const { kdf, cipher, check, bytes } = readBackup(typeof o.backup === 'string' ? parse(o.backup) : o.backup)
  const plain = await decryptUnderPassphrase({ kdf, cipher, check, passphrase, header: headerOf(bytes) })
  if (plain === 'passphrase') throw new BackupError('passphrase', 'the passphrase is wrong')
  if (plain === 'refused') throw new BackupError('altered', 'something in the backup was changed')
  try {
    return contentFromJson(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain)))
  } catch (cause) {
    // Authentic, and yet not what this release writes.
    if (cause instanceof SoulproofError || cause instanceof TypeError || cause instanceof RangeError) {
      throw new BackupError('malformed', cause.message, { cause })
    }
    throw new BackupError('malformed', 'the content is not JSON', { cause })
  } finally {
    plain.fill(0)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new BackupError('truncated', 'the text ends too early, or is no backup')
  }
}

function readBackup(json: unknown): Pick<Backup, 'kdf' | 'cipher' | 'check' | 'bytes'> {
  // Before anything else is looked at: a later version may look otherwise.
  const version = isRecord(json) ? json['version'] : undefined
  if (typeof version === 'number' && Number.isSafeInteger(version) && version > 1) {
    throw new BackupError('version', 'written by a later release, which this one cannot read')
  }
  try {
    const file = exactly(json, 'backup', ['version', 'kind', 'check', 'bytes', 'kdf', 'cipher'])
    const { check, bytes } = file
    if (file['version'] !== 1) throw new SchemaError('backup.version', 'must be 1')
    if (file['kind'] !== 'backup') throw new SchemaError('backup.kind', 'must be backup')
    if (!isHex(check, CHECK_BYTES))
      throw new SchemaError('backup.check', `must be ${CHECK_BYTES} bytes as lower-case hex`)
    if (typeof bytes !== 'number' || bytes < 1 || bytes > MAX_BYTES || bytes % BLOCK_BYTES !== 0) {
      throw new SchemaError('backup.bytes', `must be a multiple of ${BLOCK_BYTES}, at most ${MAX_BYTES}`)
    }
    const { kdf, cipher } = readSealed(file, 'backup', MAX_BYTES)
    const length = cipher.ciphertext.length / 2
    if (length < bytes) throw new BackupError('truncated', 'the ciphertext ends too early')
    if (length > bytes) throw new SchemaError('backup.cipher.ciphertext', 'is longer than it was')
    return { kdf, cipher, check, bytes }
  } catch (cause) {
    if (cause instanceof SchemaError) throw new BackupError('malformed', cause.message, { cause })
    throw cause
  }
}

function headerOf(bytes: number): Header {
  return ({ kdf: { N, r, p, salt }, nonce, check }) => {
    return ['soulproof backup', 1, check, bytes, 'scrypt', N, r, p, salt, nonce]
  }
}

function contentToJson(content: WalletContent): object {
  const { sbts, ledgers = {}, blindings = [], feeds = [] } = content
  requireSoul(content.soul)
  for (const [name, list] of Object.entries({ sbts, blindings, feeds })) {
    if (!Array.isArray(list)) throw new TypeError(`${name} must be an array`)
  }
  requireObject(ledgers, 'ledgers')
  const pairs = Object.entries(ledgers).map(([id, proof]) => {
    assertLedgerProof(proof, 'ledger proof')
    return [id, ledgerProofToJson(proof)] as const
  })
  for (const [i, held] of sbts.entries()) {
    requireObject(held, `sbts[${i}]`)
    const result = verifySbt(held)
    if (!result.valid) throw new RangeError(`sbts[${i}]: ${result.reason}`)
  }
  for (const [i, one] of blindings.entries()) {
    requireObject(one, `blindings[${i}]`)
    assertField(one.holder, `blindings[${i}].holder`)
    assertField(one.salt, `blindings[${i}].salt`)
  }
  return {
    soul: soulToJson(importSoul({ secret: content.soul.secret })),
    sbts: sbts.map((held) => heldSbtToJson(held)),
    ledgers: pairs,
    blindings: blindings.map(({ holder, salt }) => ({ holder: holder.toString(), salt: salt.toString() })),
    feeds: feeds.map(readHead),
  }
}

function contentFromJson(json: unknown): RestoredWallet {
  const names = ['createdAt', 'soul', 'sbts', 'ledgers', 'blindings', 'feeds']
  const object = readObject(json, 'wallet', names)
  const soul = soulFromJson(object['soul'])
  const sbts = readArray(object['sbts'], 'sbts', MAX_SBTS).map(heldSbtFromJson)
  const blindings = readArray(object['blindings'], 'blindings', MAX_SBTS).map((one, i) => {
    const { holder, salt } = readObject(one, `blindings[${i}]`, ['holder', 'salt'])
    return {
      holder: readDecimal(holder, `blindings[${i}].holder`),
      salt: readDecimal(salt, `blindings[${i}].salt`),
    }
  })
  for (const [i, { sbt, salt }] of sbts.entries()) requireOwn(soul, sbt.holder, salt, `sbts[${i}]`)
  for (const [i, { holder, salt }] of blindings.entries()) requireOwn(soul, holder, salt, `blindings[${i}]`)
  const ledgers = readArray(object['ledgers'], 'ledgers', MAX_SBTS).map((pair, i) => {
    const [id, proof, ...more] = readArray(pair, `ledgers[${i}]`, 2)
    if (typeof id !== 'string' || more.length > 0)
      throw new SchemaError(`ledgers[${i}]`, 'must be an id and an opening')
    return [id, ledgerProofFromJson(proof, `ledgers[${i}]`)] as const
  })
  const feeds = readArray(object['feeds'], 'feeds', MAX_SBTS).map(readHead)
  const createdAt = readDecimal(object['createdAt'], 'createdAt', 1n << 62n)
  return { createdAt, soul, sbts, ledgers: Object.fromEntries(ledgers), blindings, feeds }
}

function readHead(head: unknown, i: number): FeedHead {
  const feed = isRecord(head) ? head['feed'] : undefined
  if (typeof feed !== 'string') throw new SchemaError(`feeds[${i}]`, 'must be the head of a feed')
  return feedHeadFromJson(head, { feed })
}

function requireOwn(soul: Soul, holder: bigint, salt: bigint, label: string): void {
  if (holderOf(soul.commitment, salt) !== holder) throw new RangeError(`${label} must be of this Soul`)
}
