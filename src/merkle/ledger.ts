/** The tree of a ledger: leaves, roots and openings. How entries change it is in `src/ledger`. */
import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertBelow, assertField, assertUint, hashText } from '../field.js'
import { QUATERNARY_DEPTH, quaternaryRoot } from './proof.js'
import { QUATERNARY_CAPACITY } from './quaternary.js'

/** Categories of every ledger: a leaf has a tally for each, used or not. */
export const LEDGER_CATEGORIES = 4

/** Leaves of a ledger tree, the one of handle 0 included. */
export const LEDGER_CAPACITY = QUATERNARY_CAPACITY

/** The `size` of a ledger of which an entry of a new handle found no free leaf. It stays so; no gap opens any more. */
export const LEDGER_OVERFLOWED = LEDGER_CAPACITY + 1

/** Handles are below it. The last leaf's `next`. */
export const HANDLE_BOUND = 1n << 248n

/** Greatest count or sum of a category. */
export const GREATEST_TALLY = (1n << 64n) - 1n

/** Head of a handle's history before its first entry. */
export const EMPTY_HISTORY = DOMAIN.ledgerHistory

/** What the entries of one handle in one category come to. */
export interface Tally {
  /** Number of entries ever. */
  readonly count: bigint
  /** Sum of the amounts, kept within 0..2^64 - 1 after each entry. */
  readonly sum: bigint
}

/** A leaf: what is known of one handle, and that no handle between this one and `next` has entries. */
export interface LedgerLeaf {
  /** Below 2^248. */
  readonly handle: bigint
  /** The next greater handle in the tree; 2^248 after the last. */
  readonly next: bigint
  /** One per category. */
  readonly tallies: readonly Tally[]
  /** Chain of the handle's entries, see `extendHead`. */
  readonly head: bigint
}

/** Everything that a ledger's root binds. */
export interface LedgerState {
  /** See {@link ledgerIdOf}. */
  readonly ledgerId: bigint
  /** See {@link categoriesHash}. */
  readonly categories: bigint
  /** Root of the quaternary tree of the leaves. */
  readonly treeRoot: bigint
  /** Leaves in use, from 1; `LEDGER_OVERFLOWED` if there were too few. */
  readonly size: number
  /** Number of queue entries that the tree contains. */
  readonly queueLength: bigint
  /** Head of the queue after as many entries. */
  readonly queueHead: bigint
}

/** An opening of a ledger for one handle: at its own leaf, or at the gap in which it would lie. */
export interface LedgerProof {
  readonly state: LedgerState
  readonly leaf: LedgerLeaf
  /** Position of the leaf. */
  readonly index: number
  /** Per level from the leaf up, the three other children of the node, in order. */
  readonly siblings: readonly (readonly bigint[])[]
}

/** Returns the field element that stands for a ledger's id in handles and roots: its hash as a text. */
export function ledgerIdOf(id: string): bigint {
  if (typeof id !== 'string') throw new TypeError('ledger id must be a string')
  return hashText(id)
}

/**
 * Returns the field element that stands for the names of a ledger's categories, in order: roots bind it, so that nobody
 * reads the tally of another category than meant.
 *
 * @throws {TypeError} unless the names are an array of strings
 */
export function categoriesHash(names: readonly string[]): bigint {
  if (!Array.isArray(names)) throw new TypeError('categories must be an array')
  // Anything else would be written as some text, too.
  if (!names.every((name) => typeof name === 'string')) throw new TypeError('categories must be strings')
  return hashText(`soulproof/categories/1:${JSON.stringify(names)}`)
}

/** Returns Poseidon(tag, handle, next, count0, sum0, ..., head). Callers check the parts, and bring a faster Poseidon. */
export function ledgerLeafHash(leaf: LedgerLeaf, hash: typeof poseidon = poseidon): bigint {
  const tallies = leaf.tallies.flatMap(({ count, sum }) => [count, sum])
  return hash([DOMAIN.ledgerLeaf, leaf.handle, leaf.next, ...tallies, leaf.head])
}

/**
 * Returns the root of a ledger, which contracts store and proofs are made for:
 * Poseidon(tag, ledgerId, categories, treeRoot, size, queueLength, queueHead).
 *
 * @param hash  a faster Poseidon
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function ledgerRoot(state: LedgerState, hash: typeof poseidon = poseidon): bigint {
  requireObject(state, 'state')
  const { ledgerId, categories, treeRoot, size, queueLength, queueHead } = state
  assertField(ledgerId, 'ledgerId')
  assertField(categories, 'categories')
  assertField(treeRoot, 'treeRoot')
  assertField(queueHead, 'queueHead')
  assertUint(queueLength, 64, 'queueLength')
  if (typeof size !== 'number') throw new TypeError('size must be a number')
  if (!Number.isInteger(size) || size < 1 || size > LEDGER_OVERFLOWED) {
    throw new RangeError(`size must be an integer from 1 to ${LEDGER_OVERFLOWED}`)
  }
  return hash([DOMAIN.ledgerRoot, ledgerId, categories, treeRoot, BigInt(size), queueLength, queueHead])
}

/** Tallies of a handle without entries. */
export const NO_TALLIES: readonly Tally[] = Object.freeze(
  Array.from({ length: LEDGER_CATEGORIES }, () => Object.freeze({ count: 0n, sum: 0n })),
)

/** The leaf that an empty ledger begins with: handle 0 is in the tree from the start, without entries. */
export const FIRST_LEAF: LedgerLeaf = Object.freeze({
  handle: 0n,
  next: HANDLE_BOUND,
  tallies: NO_TALLIES,
  head: EMPTY_HISTORY,
})

/**
 * Checks an opening's form and that it leads to the tree of its own state.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed, or if leaf and siblings lead elsewhere
 */
export function assertLedgerProof(
  proof: LedgerProof,
  label = 'ledger proof',
  hash: typeof poseidon = poseidon,
): void {
  if (typeof proof !== 'object' || proof === null) throw new TypeError(`${label} must be an object`)
  const { state, leaf, index, siblings } = proof
  if (typeof state !== 'object' || state === null) throw new TypeError(`${label}.state must be an object`)
  ledgerRoot(state, hash)
  assertLedgerLeaf(leaf, `${label}.leaf`)
  if (quaternaryRoot({ leaf: ledgerLeafHash(leaf, hash), index, siblings }, hash) !== state.treeRoot) {
    throw new RangeError(`${label} does not lead to its tree`)
  }
}

/**
 * Checks a leaf's form.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function assertLedgerLeaf(leaf: LedgerLeaf, label = 'leaf'): void {
  if (typeof leaf !== 'object' || leaf === null) throw new TypeError(`${label} must be an object`)
  assertUint(leaf.handle, 248, `${label}.handle`)
  assertBelow(leaf.next, HANDLE_BOUND + 1n, `${label}.next`, '2^248 + 1')
  if (leaf.next <= leaf.handle) throw new RangeError(`${label}.next must be above its handle`)
  assertField(leaf.head, `${label}.head`)
  if (!Array.isArray(leaf.tallies) || leaf.tallies.length !== LEDGER_CATEGORIES) {
    throw new TypeError(`${label}.tallies must be an array of ${LEDGER_CATEGORIES}`)
  }
  for (const [c, tally] of leaf.tallies.entries()) {
    assertUint(tally?.count, 64, `${label}.tallies[${c}].count`)
    assertUint(tally?.sum, 64, `${label}.tallies[${c}].sum`)
  }
}

/**
 * Returns what an opening says of a handle: its tallies, none (all 0) in a gap; undefined if it says nothing, because the
 * leaf is another handle's and the gap does not contain this one, or no gap opens any more.
 */
export function talliesIn(proof: LedgerProof, handle: bigint): readonly Tally[] | undefined {
  const { leaf, state } = proof
  if (leaf.handle === handle) return leaf.tallies
  const isInGap = leaf.handle < handle && handle < leaf.next
  return isInGap && state.size !== LEDGER_OVERFLOWED ? NO_TALLIES : undefined
}

/** Levels of a ledger tree. */
export const LEDGER_DEPTH = QUATERNARY_DEPTH
