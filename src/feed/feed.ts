import { FeedError, requireObject, SchemaError } from '../errors.js'
import { assertUint } from '../field.js'
import { readArray, readObject } from '../merkle/json.js'
import { anchorsRoot } from '../policy/anchors.js'
import { policyDigest } from '../policy/compile.js'
import { assertRoots, rootsToJson } from '../policy/roots-json.js'
import type { Policy, Roots } from '../policy/types.js'
import { requireSigner } from '../sbt/issuer.js'
import {
  assertFeedId,
  type DeltaDigests,
  type FeedEntry,
  type FeedId,
  type FeedKey,
  isEntrySigned,
  NO_ENTRY,
  type ReadEntry,
  readEntry,
  refusing,
  signEntry,
} from './entry.js'

/**
 * What a follower keeps of a feed, JSON: its last entry, and the entries that changed the key. It proves by itself that the
 * entry is the feed's, so that it can be handed on, and compared with what others have.
 */
export interface FeedHead {
  readonly version: 1
  readonly kind: 'head'
  readonly feed: FeedId
  readonly rotations: readonly FeedEntry[]
  /** Absent before the first entry. */
  readonly last?: FeedEntry
}

/** Two entries of one feed and sequence number, JSON: whoever has the key signed both. Convinces everybody who knows the feed's name. */
export interface Equivocation {
  readonly version: 1
  readonly kind: 'equivocation'
  readonly feed: FeedId
  /** Entries by which the key came from the feed's first one. */
  readonly rotations: readonly FeedEntry[]
  readonly entries: readonly [FeedEntry, FeedEntry]
}

/** A state of a feed that passed every check. */
export interface FeedState {
  readonly head: FeedHead
  /** Of the last entry. */
  readonly sequence: bigint
  readonly digest: string
  readonly publishedAt: bigint
  readonly expiresAt: bigint
  readonly roots: Roots
  /** Anchors roots by policy digest. */
  readonly anchors: ReadonlyMap<bigint, bigint>
  /** Digests of the deltas of every new entry, in order. */
  readonly deltas: readonly { readonly sequence: bigint; readonly digests: DeltaDigests }[]
}

/** How far a publisher's clock may be ahead, in seconds. */
export const FEED_CLOCK_SKEW = 300n
/** Most changes of the key that a head carries. */
const MOST_ROTATIONS = 1024

/**
 * Begins to follow a feed, or to publish one.
 *
 * @param o.feed  the feed's name: its first key, from where it is trusted
 * @throws {TypeError|RangeError} if it is no key
 */
export function openFeed(o: { readonly feed: FeedId }): FeedHead {
  requireObject(o, 'options')
  assertFeedId(o.feed, 'feed')
  return { version: 1, kind: 'head', feed: o.feed, rotations: [] }
}

/**
 * Signs the next entry of a feed. Keep the new head before the entry is given to anybody: two entries made from one head are a
 * fork, which anybody can prove.
 *
 * @param o.head       the publisher's own, of the entry before
 * @param o.key        the key in force
 * @param o.roots      of all issuers and ledgers of the feed, of one moment
 * @param o.policies   policies whose anchors roots are published
 * @param o.deltas     digests of the trees' changes since the entry before, see `deltaDigest`
 * @param o.at         Unix seconds, not before the entry before
 * @param o.expiresAt  Unix seconds; publish again before
 * @param o.next       the key from the next entry on
 * @throws {FeedError} if the head is malformed, or the key is not the one in force
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function publishEntry(o: {
  readonly head: FeedHead
  readonly key: FeedKey
  readonly roots: Roots
  readonly policies?: readonly Policy[]
  readonly deltas?: DeltaDigests
  readonly at: bigint
  readonly expiresAt: bigint
  readonly next?: FeedKey
}): { readonly entry: FeedEntry; readonly head: FeedHead } {
  requireObject(o, 'options')
  const { roots, policies = [], deltas, at, expiresAt } = o
  const known = readHead(o.head)
  const key = requireSigner(o.key, 'key')
  const next = o.next === undefined ? undefined : requireSigner(o.next, 'next')
  assertRoots(roots, 'roots')
  assertUint(at, 62, 'at')
  assertUint(expiresAt, 62, 'expiresAt')
  if (!Array.isArray(policies)) throw new TypeError('policies must be an array')
  if (key.id !== known.key) throw new FeedError('signature', 'key is not the one in force')
  if (known.last !== undefined && at < known.last.publishedAt)
    throw new RangeError('at must not be before the last entry')
  const anchors = policies.map((policy) => [policyDigest(policy), anchorsRoot({ policy, roots })].map(String))
  const entry = signEntry(
    {
      version: 1,
      kind: 'entry',
      feed: known.feed,
      sequence: (known.last === undefined ? 0n : known.last.sequence + 1n).toString(),
      previous: known.last?.digest ?? NO_ENTRY,
      publishedAt: at.toString(),
      expiresAt: expiresAt.toString(),
      key: key.id,
      ...(next !== undefined && { next: next.id }),
      roots: rootsToJson(roots),
      ...(anchors.length > 0 && { anchors: Object.fromEntries(anchors) }),
      ...(deltas !== undefined && { deltas }),
    },
    next === undefined ? [key] : [key, next],
  )
  const read = readEntry(entry)
  return { entry: read.json, head: writeHead(advance(known, read)) }
}

/**
 * Follows a feed: checks entries one by one from a head that is known, and that the last of them is fresh.
 *
 * @param o.head     what this follower knows; see {@link openFeed}
 * @param o.entries  anything: the entries from the head's own, or from the one after it
 * @param o.now      Unix seconds
 * @throws {FeedError} `problem` says which check failed; the head stays good. A `fork` carries an {@link Equivocation}.
 * @throws {TypeError|RangeError} if entries is no array, or a number is malformed
 */
export function followFeed(o: {
  readonly head: FeedHead
  readonly entries: readonly unknown[]
  readonly now: bigint
  readonly maxClockSkew?: bigint
}): FeedState {
  requireObject(o, 'options')
  const { entries, now, maxClockSkew = FEED_CLOCK_SKEW } = o
  assertUint(now, 62, 'now')
  assertUint(maxClockSkew, 32, 'maxClockSkew')
  if (!Array.isArray(entries)) throw new TypeError('entries must be an array')
  let known = readHead(o.head)
  const deltas: { sequence: bigint; digests: DeltaDigests }[] = []
  for (const [i, json] of entries.entries()) {
    const entry = readEntry(json, `entries[${i}]`)
    const at = `entry ${entry.sequence}`
    if (entry.feed !== known.feed) throw new FeedError('feed', `${at} is of another feed`)
    const { last } = known
    const expected = last === undefined ? 0n : last.sequence + 1n
    if (last !== undefined && entry.sequence < last.sequence) {
      throw new FeedError('roll-back', `${at} is older than the last that is known, ${last.sequence}`)
    }
    if (last !== undefined && entry.sequence === last.sequence) {
      if (entry.digest === last.digest) continue
      if (!isEntrySigned(entry, last.key)) throw unsigned(at)
      const equivocation = equivocationOf(known, last, entry)
      throw new FeedError('fork', `there are two entries ${entry.sequence}, both signed`, { equivocation })
    }
    if (entry.sequence > expected) throw new FeedError('gap', `${at} comes without entry ${expected}`)
    if (!isEntrySigned(entry, known.key)) throw unsigned(at)
    // Signed, and the next one, but of another past: that past has a fork, which its entries prove.
    if (entry.previous !== (last?.digest ?? NO_ENTRY)) {
      throw new FeedError('fork', `${at} follows another entry than the one that is known`)
    }
    if (last !== undefined && entry.publishedAt < last.publishedAt) {
      throw new FeedError('time', `${at} was published before the one that it follows`)
    }
    if (entry.publishedAt > now + maxClockSkew) throw new FeedError('future', `${at} is not published yet`)
    known = advance(known, entry)
    deltas.push({ sequence: entry.sequence, digests: entry.deltas })
  }
  const { last } = known
  if (last === undefined) throw new FeedError('gap', 'there is no entry')
  if (last.expiresAt <= now)
    throw new FeedError('stale', `entry ${last.sequence} has expired, and none follows`)
  const { sequence, digest, publishedAt, expiresAt, roots, anchors } = last
  return { head: writeHead(known), sequence, digest, publishedAt, expiresAt, roots, anchors, deltas }
}

/**
 * Reads a head from outside, and proves it: each key by the entry that the key before signed, the last entry by the key in force.
 * Nothing tells that there is no later one: `followFeed` asks for freshness.
 *
 * @param json    anything
 * @param o.feed  the feed's name that is trusted
 * @throws {FeedError} naming what is refused
 */
export function feedHeadFromJson(json: unknown, o: { readonly feed: FeedId }): FeedHead {
  requireObject(o, 'options')
  assertFeedId(o.feed, 'feed')
  const known = readHead(json)
  if (known.feed !== o.feed) throw new FeedError('feed', 'the head is of another feed')
  return writeHead(known)
}

/**
 * Returns the anchors root that an entry states for a policy, after computing it from the entry's own roots.
 *
 * @throws {FeedError} `anchors` if there is none, or it does not follow from the roots
 */
export function feedAnchors(o: { readonly state: FeedState; readonly policy: Policy }): bigint {
  requireObject(o, 'options')
  requireObject(o.state, 'state')
  const stated = o.state.anchors.get(policyDigest(o.policy))
  if (stated === undefined) throw new FeedError('anchors', 'the entry has none for this policy')
  if (stated !== anchorsRoot({ policy: o.policy, roots: o.state.roots })) {
    throw new FeedError('anchors', 'they do not follow from the roots of the entry')
  }
  return stated
}

/**
 * Looks for a fork between two views of one feed, such as those of two followers who were told different things.
 *
 * @param o.rotations  entries that changed the key before the views begin; by default none
 * @param o.ours       entries in order, without gaps
 * @param o.theirs     anything: entries that somebody else has
 * @returns proof, or undefined if the views agree wherever they overlap
 * @throws {FeedError} if an entry is malformed, of another feed, or unsigned
 */
export function findEquivocation(o: {
  readonly feed: FeedId
  readonly rotations?: readonly unknown[]
  readonly ours: readonly unknown[]
  readonly theirs: readonly unknown[]
}): Equivocation | undefined {
  requireObject(o, 'options')
  assertFeedId(o.feed, 'feed')
  if (!Array.isArray(o.ours) || !Array.isArray(o.theirs))
    throw new TypeError('ours and theirs must be arrays')
  const others = new Map(
    o.theirs.map((json, i) => readEntry(json, `theirs[${i}]`)).map((e) => [e.sequence, e]),
  )
  let known = readHead({ ...openFeed({ feed: o.feed }), rotations: o.rotations ?? [] })
  for (const [i, json] of o.ours.entries()) {
    const entry = readEntry(json, `ours[${i}]`)
    if (entry.feed !== o.feed || !isEntrySigned(entry, known.key)) throw unsigned(`entry ${entry.sequence}`)
    const other = others.get(entry.sequence)
    if (other !== undefined && other.digest !== entry.digest) {
      if (other.feed !== o.feed || !isEntrySigned(other, known.key)) throw unsigned(`entry ${other.sequence}`)
      return equivocationOf(known, entry, other)
    }
    known = advance(known, entry)
  }
  return undefined
}

/**
 * Tells whether a fork is proved: two different entries of one sequence number, both signed by a key of the feed, with the keys
 * followed from the feed's name.
 *
 * @param o.equivocation  anything; what is malformed proves nothing
 * @throws {TypeError|RangeError} if feed is malformed
 */
export function checkEquivocation(o: { readonly feed: FeedId; readonly equivocation: unknown }): boolean {
  requireObject(o, 'options')
  assertFeedId(o.feed, 'feed')
  try {
    const names = ['version', 'kind', 'feed', 'rotations', 'entries']
    const object = readObject(o.equivocation, 'equivocation', names)
    if (object['version'] !== 1 || object['kind'] !== 'equivocation' || object['feed'] !== o.feed)
      return false
    const { rotations } = object
    const known = readHead({ ...openFeed({ feed: o.feed }), rotations })
    const entries = readArray(object['entries'], 'entries', 2).map((json) => readEntry(json))
    const [a, b] = entries
    if (a === undefined || b === undefined || a.sequence !== b.sequence || a.digest === b.digest) return false
    return entries.every((entry) => entry.feed === o.feed && isEntrySigned(entry, known.key))
  } catch {
    // A getter or a proxy may throw anything.
    return false
  }
}

interface Known {
  readonly feed: FeedId
  /** The key in force for the next entry. */
  readonly key: FeedId
  readonly rotations: readonly FeedEntry[]
  readonly last: ReadEntry | undefined
}

function advance(known: Known, entry: ReadEntry): Known {
  return {
    feed: known.feed,
    key: entry.next ?? known.key,
    rotations: entry.next === undefined ? known.rotations : [...known.rotations, entry.json],
    last: entry,
  }
}

function writeHead({ feed, rotations, last }: Known): FeedHead {
  return { version: 1, kind: 'head', feed, rotations, ...(last !== undefined && { last: last.json }) }
}

function readHead(json: unknown): Known {
  const { feed, rotations, last } = refusing(() => {
    const object = readObject(json, 'head', ['version', 'kind', 'feed', 'rotations'], ['last'])
    if (object['version'] !== 1 || object['kind'] !== 'head') {
      throw new SchemaError('head', 'must be a head of version 1')
    }
    assertFeedId(object['feed'], 'head.feed')
    const list = readArray(object['rotations'], 'head.rotations', MOST_ROTATIONS)
    return {
      feed: object['feed'] as FeedId,
      rotations: list.map((one, i) => readEntry(one, `head.rotations[${i}]`)),
      last: object['last'] === undefined ? undefined : readEntry(object['last'], 'head.last'),
    }
  })
  let key = feed
  let before = -1n
  for (const [i, entry] of rotations.entries()) {
    if (
      entry.feed !== feed ||
      entry.next === undefined ||
      entry.sequence <= before ||
      !isEntrySigned(entry, key)
    ) {
      throw new FeedError('signature', `head.rotations[${i}] does not hand the feed on`)
    }
    key = entry.next
    before = entry.sequence
  }
  const rotation = rotations.at(-1)
  if (last !== undefined) {
    // The last entry may be the one that hands the feed on.
    const isRotation = last.digest === rotation?.digest
    const signer = isRotation ? last.key : key
    const isSigned =
      last.feed === feed && isRotation === (last.next !== undefined) && isEntrySigned(last, signer)
    if (!isSigned || last.sequence < before)
      throw new FeedError('signature', 'head.last is not signed by the key in force')
  }
  return { feed, key, rotations: rotations.map((entry) => entry.json), last }
}

function equivocationOf(known: Known, a: ReadEntry, b: ReadEntry): Equivocation {
  // If the known entry hands the feed on, both were signed by the key before.
  const rotations = known.rotations.filter((entry) => BigInt(entry.sequence) < a.sequence)
  return { version: 1, kind: 'equivocation', feed: known.feed, rotations, entries: [a.json, b.json] }
}

function unsigned(at: string): FeedError {
  return new FeedError('signature', `${at} is not signed by the key in force`)
}
