import { LedgerError, requireObject } from '../errors.js'
import { assertUint } from '../field.js'
import {
  FIRST_LEAF,
  LEDGER_DEPTH,
  type LedgerLeaf,
  type LedgerProof,
  type LedgerState,
  ledgerRoot,
} from '../merkle/ledger.js'
import { applyEntries, type Hash } from './apply.js'
import { decodeEntry, type Entry, encodeEntry } from './entry.js'
import { EMPTY_QUEUE, extendHead } from './queue.js'
import {
  assertLedgerName,
  assertLimit,
  beforeChange,
  emptyLedger,
  type LedgerChange,
  type LedgerName,
  type LedgerReader,
  type LedgerUndo,
  openLedger,
  undoOf,
} from './reader.js'
import { SortedHandles } from './sorted.js'

/** A root that a ledger had, with what it binds. */
export interface LedgerRootInfo {
  readonly root: bigint
  readonly state: LedgerState
}

/** A ledger in memory: its queue, its tree, and its last roots. */
export interface MemoryLedger {
  readonly id: string
  readonly categories: readonly string[]
  /** Number of entries appended; those from `reader.state.queueLength` on are not applied yet. */
  readonly length: bigint
  /** Head of the whole queue. */
  readonly head: bigint
  /** The tree as it is now. Valid until the next `apply`. */
  readonly reader: LedgerReader
  /**
   * Appends entries to the queue: all of them, or none if one is malformed. Returns the queue's new length.
   *
   * @throws {TypeError|RangeError} naming what is malformed
   */
  append(...entries: readonly Entry[]): bigint
  /** Returns entries of the queue from a position on, at most `limit`. */
  entries(from?: bigint, limit?: number): Entry[]
  /** Applies the next entries to the tree, at most `limit`, and returns the change; the new root joins `roots`. */
  apply(limit?: number): LedgerChange
  /** The last roots, the newest last. */
  roots(): LedgerRootInfo[]
  /**
   * Opens the tree for a handle, at the newest or another of the last roots.
   *
   * @throws {LedgerError} if the root is none of them
   * @throws {TypeError|RangeError} if the handle is malformed
   */
  proof(handle: bigint, options?: { readonly root?: bigint }): LedgerProof
  /** Reads the tree as it was at one of the last roots. Valid until the next `apply`. */
  readerAt(root: bigint): LedgerReader
}

/**
 * Creates an empty ledger in memory.
 *
 * @param options.keep  number of roots that proofs can be made for, by default 16
 * @param options.hash  a faster Poseidon for bulk work
 * @throws {TypeError|RangeError} naming what is malformed
 */
export function createMemoryLedger(
  options: LedgerName & { readonly keep?: number; readonly hash?: Hash },
): MemoryLedger {
  requireObject(options, 'options')
  const { id, keep = 16, hash } = options
  assertLedgerName(options)
  const categories = Object.freeze([...options.categories])
  if (!Number.isInteger(keep) || keep < 1) throw new RangeError('keep must be a positive integer')
  const empty = emptyLedger({ id, categories })
  const queue: Entry[] = []
  const leaves: LedgerLeaf[] = [FIRST_LEAF]
  const handles = new SortedHandles()
  const nodes = Array.from(
    { length: LEDGER_DEPTH + 1 },
    (_, level) => new Map([[0, empty.node(level, 0) as bigint]]),
  )
  let head = EMPTY_QUEUE
  let state = empty.state
  /** How to get from each state to the one before it, the newest last. */
  const undos: LedgerUndo[] = []

  const readerOf = (current: LedgerState): LedgerReader => ({
    state: current,
    leaf: (index) => leaves[index] as LedgerLeaf,
    floor: (handle) => handles.floor(handle, current.size),
    node: (level, index) => nodes[level]?.get(index),
  })
  const states = (): LedgerState[] => [...undos.map((undo) => undo.state), state]

  function commit(change: LedgerChange): void {
    undos.push(undoOf(readerOf(state), change))
    if (undos.length >= keep) undos.shift()
    for (const [index, leaf] of change.leaves) leaves[index] = leaf
    for (const { handle, index } of change.inserted) handles.insert(handle, index)
    for (const [level, changed] of change.nodes.entries()) {
      for (const [index, node] of changed) nodes[level]?.set(index, node)
    }
    state = change.state
  }

  function readerAt(root: bigint): LedgerReader {
    let reader = readerOf(state)
    for (let back = undos.length - 1; ledgerRoot(reader.state) !== root; back--) {
      const undo = undos[back]
      if (undo === undefined) throw new LedgerError('the root is none of the last ones')
      reader = beforeChange(reader, undo)
    }
    return reader
  }

  return {
    id,
    categories,
    get length() {
      return BigInt(queue.length)
    },
    get head() {
      return head
    },
    get reader() {
      return readerOf(state)
    },
    append(...entries) {
      const words = entries.map(encodeEntry)
      const extended = words.reduce((chain, one) => extendHead(chain, one, hash), head)
      // As on disk: what is hashed of an entry, and no field besides.
      for (const one of words) queue.push(Object.freeze(decodeEntry(one)))
      head = extended
      return BigInt(queue.length)
    },
    entries(from = 0n, limit = queue.length) {
      assertUint(from, 52, 'from')
      assertLimit(limit)
      return queue.slice(Number(from), Number(from) + limit)
    },
    apply(limit = queue.length) {
      assertLimit(limit)
      const from = Number(state.queueLength)
      const entries = queue.slice(from, from + limit)
      const change = applyEntries({ reader: readerOf(state), entries, ...(hash && { hash }) })
      if (entries.length > 0) commit(change)
      return change
    },
    roots: () => states().map((one) => ({ root: ledgerRoot(one), state: one })),
    proof(handle, options = {}) {
      requireObject(options, 'options')
      const { root } = options
      return openLedger(root === undefined ? readerOf(state) : readerAt(root), handle)
    },
    readerAt,
  }
}
