/** One entry of a feed: what it says, its canonical text, and who signed it. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { SIGNATURE_DOMAIN } from '../crypto/domains.js'
import { isSigned, type Signature, sign } from '../crypto/eddsa.js'
import { isHex } from '../crypto/encoding.js'
import { poseidon } from '../crypto/poseidon.js'
import { FeedError, SchemaError } from '../errors.js'
import { hashBytes } from '../field.js'
import { isRecord, readArray, readDecimal, readObject, within } from '../merkle/json.js'
import { type RootsJson, rootsFromJson, rootsToJson } from '../policy/roots-json.js'
import type { Roots } from '../policy/types.js'
import { createIssuer, type IssuerId, parseIssuerId } from '../sbt/issuer.js'
import { type SignatureJson, signatureFromJson, signatureToJson } from '../sbt/json.js'

/** `eddsa:<x>:<y>`: the key that a feed began with names it for ever. */
export type FeedId = string

/** Who publishes a feed. It is for this role alone: never an issuer's key. */
export interface FeedKey {
  readonly id: FeedId
  /** 32 or more secret bytes. */
  readonly secret: Uint8Array
}

/** SHA-256 of deltas in lower-case hex, by issuer and tree. */
export type DeltaDigests = Readonly<
  Record<IssuerId, { readonly registry?: string; readonly status?: string }>
>

/** An entry as it travels. */
export interface FeedEntry {
  readonly version: 1
  readonly kind: 'entry'
  readonly feed: FeedId
  /** From 0, without gaps. */
  readonly sequence: string
  /** Digest of the entry before, 64 zeros in the first. */
  readonly previous: string
  /** Unix seconds. */
  readonly publishedAt: string
  /** Unix seconds from which the entry is too old to be used. */
  readonly expiresAt: string
  /** Key that signs this entry. */
  readonly key: FeedId
  /** Key that signs from the next entry on, if it is another one. */
  readonly next?: FeedId
  /** Roots of issuers and ledgers, all of one moment. */
  readonly roots: RootsJson
  /** Anchors roots by policy digest. */
  readonly anchors?: Readonly<Record<string, string>>
  /** Deltas of trees since the entry before. */
  readonly deltas?: DeltaDigests
  /** By `key`, and by `next` if there is one. */
  readonly signatures: readonly SignatureJson[]
}

/** An entry that has been read; signatures are not checked yet. */
export interface ReadEntry {
  readonly json: FeedEntry
  readonly feed: FeedId
  readonly sequence: bigint
  readonly previous: string
  readonly publishedAt: bigint
  readonly expiresAt: bigint
  readonly key: FeedId
  readonly next: FeedId | undefined
  readonly roots: Roots
  readonly anchors: ReadonlyMap<bigint, bigint>
  readonly deltas: DeltaDigests
  readonly signatures: readonly Signature[]
  /** SHA-256 of the canonical text, lower-case hex. It does not cover the signatures: one content has one digest. */
  readonly digest: string
}

/** Previous of the first entry. */
export const NO_ENTRY = '0'.repeat(64)

const MOST_ISSUERS = 1024
const MOST_ANCHORS = 1024

/**
 * Creates a publisher's key from 32 fresh random bytes, or from a secret that the caller keeps.
 *
 * @throws {TypeError|RangeError} if the secret is no Uint8Array, or has fewer than 16 bytes
 */
export function createFeedKey(options: { readonly secret?: Uint8Array } = {}): FeedKey {
  const { id, secret } = createIssuer(options)
  return { id, secret }
}

/** Checks that a name is a key on Baby Jubjub, in the prime subgroup; contracts publish no feed. */
export function assertFeedId(id: unknown, label: string): asserts id is FeedId {
  if (keyOf(id) === undefined) throw new RangeError(`${label} must be eddsa:<x>:<y>`)
}

/**
 * Signs an entry with the key that it names, and with the next one.
 *
 * @param unsigned  well-formed
 */
export function signEntry(unsigned: Omit<FeedEntry, 'signatures'>, keys: readonly FeedKey[]): FeedEntry {
  const { digest } = parts(unsigned)
  return {
    ...unsigned,
    signatures: keys.map(({ secret }) => signatureToJson(sign(secret, messageOf(digest)))),
  }
}

/**
 * Reads an entry.
 *
 * @throws {FeedError} `malformed`, naming the part
 */
export function readEntry(json: unknown, path = 'entry'): ReadEntry {
  return refusing(() => {
    const names = ['version', 'kind', 'feed', 'sequence', 'previous', 'publishedAt', 'expiresAt', 'key']
    const object = readObject(json, path, [...names, 'roots', 'signatures'], ['next', 'anchors', 'deltas'])
    if (object['version'] !== 1) throw new SchemaError(`${path}.version`, 'must be 1')
    if (object['kind'] !== 'entry') throw new SchemaError(`${path}.kind`, 'must be entry')
    const { signatures: list, ...rest } = object
    // A getter may answer differently the next time: only this copy is used.
    const read = within(path, () => parts(rest))
    const count = read.next === undefined ? 1 : 2
    const signatures = readArray(list, `${path}.signatures`, count)
    if (signatures.length !== count) {
      throw new SchemaError(`${path}.signatures`, `must have ${count} entries`)
    }
    const parsed = signatures.map((one, i) => signatureFromJson(one, `${path}.signatures[${i}]`))
    const { json: unsigned, ...known } = read
    return {
      ...known,
      json: { ...unsigned, signatures: parsed.map(signatureToJson) },
      signatures: parsed,
    }
  })
}

/** Tells whether an entry is signed by a key, and by the next key if it names one. */
export function isEntrySigned(entry: ReadEntry, key: FeedId): boolean {
  if (entry.key !== key) return false
  const signers = entry.next === undefined ? [key] : [key, entry.next]
  return signers.every((signer, i) => {
    const publicKey = keyOf(signer)
    return publicKey !== undefined && isSigned(publicKey, messageOf(entry.digest), entry.signatures[i]!)
  })
}

/** Turns errors about the form of data from outside into {@link FeedError}s. */
export function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SchemaError || cause instanceof TypeError || cause instanceof RangeError) {
      throw new FeedError('malformed', cause.message, { cause })
    }
    throw cause
  }
}

/** Returns the digest by which an entry names a delta: SHA-256 of its JSON. */
export function textDigest(json: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(json))))
}

/** What is signed: Poseidon(tag, hash of the digest). No other message of this project has the tag. */
function messageOf(digest: string): bigint {
  return poseidon([SIGNATURE_DOMAIN.feed, hashBytes(utf8ToBytes(digest))])
}

/** Reads everything but the signatures, and writes it again, so that what is signed has one form. */
function parts(
  json: Omit<FeedEntry, 'signatures'> | Readonly<Record<string, unknown>>,
): Omit<ReadEntry, 'json' | 'signatures'> & { readonly json: Omit<FeedEntry, 'signatures'> } {
  const object = json as Readonly<Record<string, unknown>>
  const { feed, key, next, previous } = object
  assertFeedId(feed, 'feed')
  assertFeedId(key, 'key')
  if (next !== undefined) assertFeedId(next, 'next')
  if (next === key) throw new RangeError('next must be another key')
  if (!isHex(previous, 32)) throw new RangeError('previous must be 32 bytes as lower-case hex')
  const sequence = readDecimal(object['sequence'], 'sequence', 1n << 53n)
  const publishedAt = readDecimal(object['publishedAt'], 'publishedAt', 1n << 62n)
  const expiresAt = readDecimal(object['expiresAt'], 'expiresAt', 1n << 62n)
  if (expiresAt <= publishedAt) throw new RangeError('expiresAt must be after publishedAt')
  const roots = rootsFromJson(object['roots'])
  if (Object.keys(roots.issuers).length > MOST_ISSUERS) {
    throw new RangeError(`roots must have at most ${MOST_ISSUERS} issuers`)
  }
  const anchors = readAnchors(object['anchors'])
  const deltas = readDigests(object['deltas'])
  const written = rootsToJson(roots)
  const anchorsJson = [...anchors].map(([digest, root]) => [digest.toString(), root.toString()] as const)
  const canonical = JSON.stringify([
    'soulproof/feed/1',
    ...[feed, sequence.toString(), previous, publishedAt.toString(), expiresAt.toString(), key, next ?? null],
    Object.entries(written.issuers).map(([id, { registry, status }]) => [
      id,
      registry ?? null,
      status ?? null,
    ]),
    Object.entries(written.ledgers ?? {}).map(([id, { root, queueLength, at }]) => [
      id,
      root,
      queueLength,
      at,
    ]),
    anchorsJson,
    Object.entries(deltas).map(([id, { registry, status }]) => [id, registry ?? null, status ?? null]),
  ])
  return {
    ...{ feed, key, next, previous, sequence, publishedAt, expiresAt, roots, anchors, deltas },
    digest: bytesToHex(sha256(utf8ToBytes(canonical))),
    json: {
      version: 1,
      kind: 'entry',
      feed,
      sequence: sequence.toString(),
      previous,
      publishedAt: publishedAt.toString(),
      expiresAt: expiresAt.toString(),
      key,
      ...(next !== undefined && { next }),
      roots: written,
      ...(anchors.size > 0 && { anchors: Object.fromEntries(anchorsJson) }),
      ...(Object.keys(deltas).length > 0 && { deltas }),
    },
  }
}

function readAnchors(json: unknown): ReadonlyMap<bigint, bigint> {
  if (json === undefined) return new Map()
  if (!isRecord(json)) throw new SchemaError('anchors', 'must be an object')
  const entries = Object.entries(json)
  if (entries.length > MOST_ANCHORS)
    throw new SchemaError('anchors', `must have at most ${MOST_ANCHORS} entries`)
  const read = entries.map(([digest, root], i) => {
    return [readDecimal(digest, `anchors[${i}]`), readDecimal(root, `anchors[${i}]`)] as const
  })
  return new Map(read.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function readDigests(json: unknown): DeltaDigests {
  if (json === undefined) return {}
  if (!isRecord(json)) throw new SchemaError('deltas', 'must be an object')
  const entries = Object.entries(json).map(([id, value], i) => {
    const at = `deltas[${i}]`
    within(at, () => parseIssuerId(id))
    const { registry, status } = readObject(value, at, [], ['registry', 'status'])
    for (const one of [registry, status]) {
      if (one !== undefined && !isHex(one, 32))
        throw new SchemaError(at, 'must be 32 bytes as lower-case hex')
    }
    return [
      id,
      { ...(registry !== undefined && { registry }), ...(status !== undefined && { status }) },
    ] as const
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as DeltaDigests
}

function keyOf(id: unknown): readonly [bigint, bigint] | undefined {
  const parsed = parseIssuerId(id)
  return parsed.kind === 'key' ? parsed.publicKey : undefined
}
