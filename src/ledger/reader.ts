import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertUint } from '../field.js'
import {
  categoriesHash,
  FIRST_LEAF,
  LEDGER_CATEGORIES,
  LEDGER_DEPTH,
  type LedgerLeaf,
  type LedgerProof,
  type LedgerState,
  ledgerIdOf,
  ledgerLeafHash,
} from '../merkle/ledger.js'
import { zeros } from '../merkle/quaternary.js'
import { NAME_PATTERN } from '../sbt/schema.js'
import { EMPTY_QUEUE } from './queue.js'

/** A ledger at one state, as proofs and batches read it: what a store has to answer, from one consistent snapshot. */
export interface LedgerReader {
  readonly state: LedgerState
  /** The leaf at a position below the state's size. */
  leaf(index: number): LedgerLeaf
  /** Position of the leaf with the greatest handle that is not above this one; handle 0 has a leaf from the start. */
  floor(handle: bigint): number
  /** The tree's node at a level (0: hashes of leaves, 10: the root), or undefined where all leaves below are unused. */
  node(level: number, index: number): bigint | undefined
}

/** What a batch changes in a ledger; nothing else differs. */
export interface LedgerChange {
  readonly state: LedgerState
  /** New content by position. */
  readonly leaves: ReadonlyMap<number, LedgerLeaf>
  /** New nodes by level, from 0 to 10, and position. */
  readonly nodes: readonly ReadonlyMap<number, bigint>[]
  /** Handles that had no leaf before, in the order of their positions. */
  readonly inserted: readonly { readonly handle: bigint; readonly index: number }[]
}

/** Name and categories of a ledger. */
export interface LedgerName {
  /** 1 to 256 characters; by convention `eip155:<chainId>:<contract>` on chain. */
  readonly id: string
  /** 1 to 4 distinct names, in the order of their numbers. */
  readonly categories: readonly string[]
}

/**
 * Checks a ledger's id and categories.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function assertLedgerName(name: LedgerName): void {
  requireObject(name, 'ledger')
  const { id, categories } = name
  if (typeof id !== 'string') throw new TypeError('id must be a string')
  if (id.length < 1 || id.length > 256) throw new RangeError('id must have 1 to 256 characters')
  if (!Array.isArray(categories)) throw new TypeError('categories must be an array')
  if (categories.length < 1 || categories.length > LEDGER_CATEGORIES) {
    throw new RangeError(`categories must have 1 to ${LEDGER_CATEGORIES} names`)
  }
  for (const [c, name] of categories.entries()) {
    if (typeof name !== 'string') throw new TypeError(`categories[${c}] must be a string`)
    if (!NAME_PATTERN.test(name)) {
      throw new RangeError(
        `categories[${c}] must be a letter, then at most 63 letters, digits, underscores or hyphens`,
      )
    }
  }
  if (new Set(categories).size !== categories.length) throw new RangeError('categories must be distinct')
}

/**
 * Checks how many entries are asked for at most.
 *
 * @throws {RangeError} unless it is a non-negative integer
 */
export function assertLimit(limit: unknown): asserts limit is number {
  if (!Number.isInteger(limit) || (limit as number) < 0)
    throw new RangeError('limit must be a non-negative integer')
}

/** Returns the state of a ledger without entries. */
export function emptyState(name: LedgerName): LedgerState {
  assertLedgerName(name)
  return {
    ledgerId: ledgerIdOf(name.id),
    categories: categoriesHash(name.categories),
    treeRoot: emptyNodes()[LEDGER_DEPTH] as bigint,
    size: 1,
    queueLength: 0n,
    queueHead: EMPTY_QUEUE,
  }
}

/** Returns a ledger without entries: one leaf, that of handle 0. */
export function emptyLedger(name: LedgerName): LedgerReader {
  const nodes = emptyNodes()
  return {
    state: emptyState(name),
    leaf: () => FIRST_LEAF,
    floor: () => 0,
    node: (level, index) => (index === 0 ? nodes[level] : undefined),
  }
}

let firstPath: readonly bigint[] | undefined

/** The nodes of the empty ledger from its only leaf to the root. */
function emptyNodes(): readonly bigint[] {
  if (firstPath === undefined) {
    const nodes = [ledgerLeafHash(FIRST_LEAF)]
    for (let level = 0; level < LEDGER_DEPTH; level++) {
      const zero = zeros()[level] as bigint
      nodes.push(poseidon([nodes[level] as bigint, zero, zero, zero]))
    }
    firstPath = nodes
  }
  return firstPath
}

/** Returns the four children of a node. */
export function childrenIn(reader: LedgerReader, level: number, parent: number): bigint[] {
  return [0, 1, 2, 3].map((place) => reader.node(level, 4 * parent + place) ?? (zeros()[level] as bigint))
}

/** Opens the position of a leaf: the three siblings of each node on its path. */
export function siblingsIn(reader: LedgerReader, index: number): bigint[][] {
  let position = index
  return Array.from({ length: LEDGER_DEPTH }, (_, level) => {
    const row = childrenIn(reader, level, Math.floor(position / 4))
    row.splice(position % 4, 1)
    position = Math.floor(position / 4)
    return row
  })
}

/**
 * Opens a ledger for a handle: at its own leaf, or at the gap that shows that it has no entries.
 *
 * @throws {TypeError|RangeError} if the handle is not a bigint below 2^248
 */
export function openLedger(reader: LedgerReader, handle: bigint): LedgerProof {
  assertUint(handle, 248, 'handle')
  const index = reader.floor(handle)
  return { state: reader.state, leaf: reader.leaf(index), index, siblings: siblingsIn(reader, index) }
}

/** Returns the reader of the state after a change, without copying the ledger below. */
export function afterChange(reader: LedgerReader, change: LedgerChange): LedgerReader {
  const inserted = [...change.inserted].sort((a, b) => (a.handle < b.handle ? -1 : 1))
  return {
    state: change.state,
    leaf: (index) => change.leaves.get(index) ?? reader.leaf(index),
    floor(handle) {
      const below = reader.floor(handle)
      let [from, to] = [0, inserted.length]
      while (from < to) {
        const middle = (from + to) >> 1
        if ((inserted[middle] as { handle: bigint }).handle <= handle) from = middle + 1
        else to = middle
      }
      const last = inserted[from - 1]
      return last !== undefined && last.handle > reader.leaf(below).handle ? last.index : below
    },
    node: (level, index) => change.nodes[level]?.get(index) ?? reader.node(level, index),
  }
}

/** What a change overwrites: from it and the state after, the state before can be read again. */
export interface LedgerUndo {
  readonly state: LedgerState
  readonly leaves: ReadonlyMap<number, LedgerLeaf>
  readonly nodes: readonly ReadonlyMap<number, bigint | undefined>[]
}

/** Returns what a change is about to overwrite. */
export function undoOf(reader: LedgerReader, change: LedgerChange): LedgerUndo {
  const { size } = reader.state
  return {
    state: reader.state,
    leaves: new Map([...change.leaves.keys()].filter((i) => i < size).map((i) => [i, reader.leaf(i)])),
    nodes: change.nodes.map(
      (nodes, level) => new Map([...nodes.keys()].map((index) => [index, reader.node(level, index)])),
    ),
  }
}

/** Returns the reader of the state before a change, from the reader of the state after it. */
export function beforeChange(reader: LedgerReader, undo: LedgerUndo): LedgerReader {
  return {
    state: undo.state,
    leaf: (index) => undo.leaves.get(index) ?? reader.leaf(index),
    floor(handle) {
      let index = reader.floor(handle)
      // Leaves of later entries are skipped.
      while (index >= undo.state.size) index = reader.floor(reader.leaf(index).handle - 1n)
      return index
    },
    node: (level, index) => {
      const nodes = undo.nodes[level]
      return nodes?.has(index) ? nodes.get(index) : reader.node(level, index)
    },
  }
}
