import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import {
  EMPTY_HISTORY,
  GREATEST_TALLY,
  LEDGER_CAPACITY,
  LEDGER_DEPTH,
  LEDGER_OVERFLOWED,
  type LedgerLeaf,
  ledgerLeafHash,
  NO_TALLIES,
} from '../merkle/ledger.js'
import { type Entry, encodeEntry, hasEffect, type TallyEntry } from './entry.js'
import { extendHead } from './queue.js'
import { childrenIn, type LedgerChange, type LedgerReader } from './reader.js'

/** Hashes 1 to 16 canonical field elements as `poseidon` does: a faster one for bulk work. */
export type Hash = (inputs: readonly bigint[]) => bigint

/** Returns a sum after an amount: kept within 0..2^64 - 1. */
export function saturate(sum: bigint, amount: bigint): bigint {
  const total = sum + amount
  if (total > GREATEST_TALLY) return GREATEST_TALLY
  return total < 0n ? 0n : total
}

/** Returns a leaf after an entry of its handle that has an effect. */
export function leafAfter(leaf: LedgerLeaf, entry: TallyEntry, hash: Hash = poseidon): LedgerLeaf {
  return {
    ...leaf,
    tallies: leaf.tallies.map((tally, c) =>
      c === entry.category ? { count: tally.count + 1n, sum: saturate(tally.sum, entry.amount) } : tally,
    ),
    head: extendHead(leaf.head, encodeEntry(entry), hash),
  }
}

/**
 * Applies the next entries of the queue to a ledger. Total: every entry has exactly one effect.
 *
 * - An entry of a category from 4 on is consumed without effect.
 * - An entry of a handle in the tree changes that handle's leaf.
 * - One of a new handle takes the next free leaf, and the leaf before it in the order of handles points to it.
 * - If no leaf is free, the entry is consumed and the ledger has overflowed: from then on no gap opens, so that the handle
 *   gains nothing by not being in the tree.
 *
 * The reader is not changed. Each node is hashed once, however many leaves below it change.
 *
 * @param options.hash  by default the package's own Poseidon
 * @throws {TypeError|RangeError} if an entry is malformed: such a one cannot have been appended
 */
export function applyEntries(options: {
  readonly reader: LedgerReader
  readonly entries: readonly Entry[]
  readonly hash?: Hash
}): LedgerChange {
  requireObject(options, 'options')
  const { reader, entries, hash = poseidon } = options
  if (!Array.isArray(entries)) throw new TypeError('entries must be an array')
  const { state } = reader
  const leaves = new Map<number, LedgerLeaf>()
  const positions = new Map<bigint, number>()
  const inserted: { handle: bigint; index: number }[] = []
  let { size, queueHead } = state

  for (const entry of entries) {
    const words = encodeEntry(entry)
    queueHead = extendHead(queueHead, words, hash)
    if (!hasEffect(entry)) continue
    const { handle } = entry
    let index = positions.get(handle)
    if (index === undefined) {
      const floor = reader.floor(handle)
      if (reader.leaf(floor).handle === handle) index = floor
      else if (size < LEDGER_CAPACITY) {
        index = size++
        inserted.push({ handle, index })
        // `next` follows when all new handles are known.
        leaves.set(index, { handle, next: handle, tallies: NO_TALLIES, head: EMPTY_HISTORY })
      } else {
        size = LEDGER_OVERFLOWED
        continue
      }
      positions.set(handle, index)
    }
    leaves.set(index, leafAfter(leaves.get(index) ?? reader.leaf(index), entry, hash))
  }
  link(reader, leaves, inserted)
  const nodes = rehash(reader, leaves, hash)
  const treeRoot = nodes[LEDGER_DEPTH]?.get(0) ?? state.treeRoot
  const queueLength = state.queueLength + BigInt(entries.length)
  return { state: { ...state, treeRoot, size, queueLength, queueHead }, leaves, nodes, inserted }
}

/** Links new leaves into the list: from the greatest down, each takes over the `next` of the leaf before it. */
export function link(
  reader: LedgerReader,
  leaves: Map<number, LedgerLeaf>,
  inserted: readonly { readonly handle: bigint; readonly index: number }[],
): void {
  const descending = [...inserted].sort((a, b) => (a.handle > b.handle ? -1 : 1))
  for (const { handle, index } of descending) {
    const before = reader.floor(handle)
    const leaf = leaves.get(before) ?? reader.leaf(before)
    leaves.set(index, { ...(leaves.get(index) as LedgerLeaf), next: leaf.next })
    leaves.set(before, { ...leaf, next: handle })
  }
}

/** Returns the nodes above changed leaves, their own hashes included, by level. */
export function rehash(
  reader: LedgerReader,
  leaves: ReadonlyMap<number, LedgerLeaf>,
  hash: Hash = poseidon,
): Map<number, bigint>[] {
  const hashes = new Map([...leaves].map(([index, leaf]) => [index, ledgerLeafHash(leaf, hash)]))
  const levels = [hashes]
  for (let level = 0; level < LEDGER_DEPTH; level++) {
    const below = levels[level] as Map<number, bigint>
    const above = new Map<number, bigint>()
    for (const index of below.keys()) {
      const parent = Math.floor(index / 4)
      if (above.has(parent)) continue
      const children = childrenIn(reader, level, parent).map(
        (child, place) => below.get(4 * parent + place) ?? child,
      )
      above.set(parent, hash(children))
    }
    levels.push(above)
  }
  return levels
}
