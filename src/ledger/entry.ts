import { requireObject } from '../errors.js'
import { assertBelow, assertUint, hashText } from '../field.js'
import { HANDLE_BOUND, LEDGER_CATEGORIES } from '../merkle/ledger.js'

/** Category numbers that an entry can carry: 5 bits. Only those below {@link LEDGER_CATEGORIES} have an effect. */
export const ENTRY_CATEGORIES = 32

/** Category number of a {@link MovedEntry}. */
export const MOVED = ENTRY_CATEGORIES - 1

/** Width of `at` and `ref` in an entry. */
export const AT_BITS = 40
export const REF_BITS = 148

const AMOUNT_BIAS = 1n << 64n
const AT_SHIFT = 65n
const REF_SHIFT = 105n

/** An entry about one handle. */
export interface TallyEntry {
  /** Below 2^248. */
  readonly handle: bigint
  /** 0..30; from 4 on the entry is consumed without effect. */
  readonly category: number
  /** -2^64..2^64 - 1; settling is a negative amount. */
  readonly amount: bigint
  /** Below 2^148: what the entry is about, see {@link entryRef}. */
  readonly ref: bigint
  /** Unix seconds, below 2^40; set by the keeper of the queue. */
  readonly at: bigint
}

/** A notice that a Soul's entries are written again under another handle, see `movedEntries`. No effect of its own. */
export interface MovedEntry {
  /** The old handle. */
  readonly handle: bigint
  readonly category: typeof MOVED
  /** The new handle. */
  readonly to: bigint
}

/** An entry of a ledger's queue. */
export type Entry = TallyEntry | MovedEntry

/** An entry as it is hashed: two numbers below 2^253. Every pair of such numbers is an entry. */
export interface EntryWords {
  /** handle + 2^248 category */
  readonly subject: bigint
  /** amount + 2^64 + 2^65 at + 2^105 ref; of a moved entry, the new handle. */
  readonly content: bigint
}

/** Returns the `ref` that stands for a text: the low 148 bits of its hash. */
export function entryRef(text: string): bigint {
  if (typeof text !== 'string') throw new TypeError('text must be a string')
  return hashText(text) & ((1n << BigInt(REF_BITS)) - 1n)
}

/** Tells whether an entry is a notice of a move. */
export function isMoved(entry: Entry): entry is MovedEntry {
  return entry.category === MOVED
}

/** Tells whether an entry changes the tallies of its handle: the one rule of validity. */
export function hasEffect(entry: Entry): entry is TallyEntry {
  return entry.category < LEDGER_CATEGORIES
}

/**
 * Writes an entry as two numbers.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function encodeEntry(entry: Entry): EntryWords {
  if (typeof entry !== 'object' || entry === null) throw new TypeError('entry must be an object')
  const { handle, category } = entry
  assertUint(handle, 248, 'handle')
  if (typeof category !== 'number') throw new TypeError('category must be a number')
  if (!Number.isInteger(category) || category < 0 || category >= ENTRY_CATEGORIES) {
    throw new RangeError(`category must be an integer from 0 to ${ENTRY_CATEGORIES - 1}`)
  }
  const subject = handle + HANDLE_BOUND * BigInt(category)
  if (isMoved(entry)) {
    assertUint(entry.to, 248, 'to')
    return { subject, content: entry.to }
  }
  const { amount, ref, at } = entry
  if (typeof amount !== 'bigint') throw new TypeError('amount must be a bigint')
  if (amount < -AMOUNT_BIAS || amount >= AMOUNT_BIAS)
    throw new RangeError('amount must be at least -2^64 and below 2^64')
  assertUint(ref, REF_BITS, 'ref')
  assertUint(at, AT_BITS, 'at')
  return { subject, content: amount + AMOUNT_BIAS + (at << AT_SHIFT) + (ref << REF_SHIFT) }
}

/**
 * Reads two numbers as an entry; the five bits that a moved entry does not use are dropped.
 *
 * @throws {TypeError|RangeError} unless both are below 2^253
 */
export function decodeEntry(words: EntryWords): Entry {
  requireObject(words, 'words')
  const { subject, content } = words
  assertBelow(subject, 1n << 253n, 'subject', '2^253')
  assertBelow(content, 1n << 253n, 'content', '2^253')
  const handle = subject % HANDLE_BOUND
  const category = Number(subject / HANDLE_BOUND)
  if (category === MOVED) return { handle, category, to: content % HANDLE_BOUND }
  return {
    handle,
    category,
    amount: (content & ((1n << AT_SHIFT) - 1n)) - AMOUNT_BIAS,
    ref: content >> REF_SHIFT,
    at: (content >> AT_SHIFT) & ((1n << BigInt(AT_BITS)) - 1n),
  }
}

/**
 * Checks that entries are a list of well-formed ones.
 *
 * @throws {TypeError|RangeError} naming what is not
 */
export function requireEntries(entries: unknown): asserts entries is readonly Entry[] {
  if (!Array.isArray(entries)) throw new TypeError('entries must be an array')
  for (const entry of entries) encodeEntry(entry)
}

/**
 * Returns the entries that carry a handle over to another: the notice, then the old handle's entries again, in order. The
 * old handle keeps its own.
 *
 * @param options.entries  the queue, or the part of it that has all entries of `from`
 * @throws {RangeError} if both handles are the same
 */
export function movedEntries(options: {
  readonly entries: readonly Entry[]
  readonly from: bigint
  readonly to: bigint
}): Entry[] {
  requireObject(options, 'options')
  const { entries, from, to } = options
  requireEntries(entries)
  assertUint(from, 248, 'from')
  assertUint(to, 248, 'to')
  if (from === to) throw new RangeError('a handle must not move to itself')
  const copies = entries.filter((entry) => entry.handle === from && hasEffect(entry))
  return [
    { handle: from, category: MOVED, to },
    ...copies.map((entry) => ({ ...(entry as TallyEntry), handle: to })),
  ]
}
