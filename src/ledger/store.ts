import { type BulkPoseidon, createBulkPoseidon } from '../bn254/poseidon.js'
import { LedgerError, requireObject } from '../errors.js'
import { type LedgerProof, ledgerRoot } from '../merkle/ledger.js'
import { type Entry, encodeEntry } from './entry.js'
import { assertLedgerName, type LedgerName, type LedgerReader } from './reader.js'
import { createMemoryLedger, type LedgerRootInfo } from './state.js'

/** A ledger with its queue, its tree and its last roots, in memory or on disk. */
export interface Ledger extends AsyncDisposable {
  readonly id: string
  readonly categories: readonly string[]
  /** Number of entries in the queue; those from `reader.state.queueLength` on are not applied yet. */
  readonly length: bigint
  /** The tree as it is now. Valid until the next `apply`. */
  readonly reader: LedgerReader
  /** Returns the head of the whole queue. */
  head(): Promise<bigint>
  /**
   * Appends entries, or arrays of them, to the queue. When this resolves they are on the disk, and no crash loses them.
   * If one is malformed, none is appended; if the process ends before, any first part of them may have been.
   *
   * @returns the queue's length after the last of them
   * @throws {TypeError|RangeError} naming what is malformed
   */
  append(...entries: readonly (Entry | readonly Entry[])[]): Promise<bigint>
  /** Returns entries of the queue from a position on, by default all, at most `limit`. */
  entries(from?: bigint, limit?: number): Promise<Entry[]>
  /** Applies the next entries to the tree, at most `limit`, by default all. Returns the new root, which joins `roots`. */
  apply(limit?: number): Promise<LedgerRootInfo>
  /** Returns the last roots, the newest last. */
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
  /**
   * Takes entries from a position on back, with the roots that contain them: for a queue that is a copy of a chain's, when
   * the chain reorganises. A queue that is the only one is never rewound.
   *
   * @throws {TypeError|RangeError} if the length is malformed, or above the queue's
   */
  rewind(length: bigint): Promise<void>
  /** Gives back what space on disk is no longer used. */
  compact(): Promise<void>
  /**
   * Writes a copy, which opens like the original, into a folder that does not exist yet. Appending goes on meanwhile.
   *
   * @throws {LedgerError} if the folder exists, or the ledger is in memory
   */
  backup(path: string): Promise<void>
  /** Ends all work and closes the store; a second call does nothing. */
  close(): Promise<void>
}

/** How a ledger is made. */
export interface LedgerOptions extends LedgerName {
  /** Folder of the store; created if it does not exist. Absent: in memory. */
  readonly path?: string
  /** Number of roots that proofs can be made for, by default 16. */
  readonly keep?: number
  /** Whether opening checks every record on disk, by default yes; otherwise each is checked when it is read. */
  readonly verify?: boolean
}

/**
 * Opens a ledger, or creates it: on disk with a path, in memory without.
 *
 * @throws {TypeError|RangeError} naming what is malformed
 * @throws {LedgerStoreError} if the store is damaged, naming the part; see `repairLedger`
 * @throws {LedgerError} if the store is of another ledger, or open already
 */
export async function createLedger(options: LedgerOptions): Promise<Ledger> {
  requireObject(options, 'options')
  const { path } = options
  if (path === undefined) return inMemory(checked(options))
  const { allowRelaxedSimd, openStore } = await importStore()
  allowRelaxedSimd()
  return openStore({ ...checked(options), path })
}

/**
 * Opens a damaged store and makes it whole: the tree is rebuilt from the queue. If the queue itself is damaged, both are
 * written anew from `entries`, the whole queue from its first entry, as a contract's events or a backup have it. A store that
 * is not damaged is left as it is. Everything is applied.
 *
 * @throws {LedgerStoreError} if the queue is damaged and no entries are given
 * @throws {LedgerError} if the store is of another ledger, or open already
 */
export async function repairLedger(
  options: LedgerOptions & {
    readonly path: string
    readonly entries?: AsyncIterable<Entry> | Iterable<Entry>
  },
): Promise<Ledger> {
  requireObject(options, 'options')
  const { path, entries } = options
  const { allowRelaxedSimd, repairStore } = await importStore()
  allowRelaxedSimd()
  return repairStore({ ...checked(options), path, ...(entries && { entries }) })
}

/**
 * Returns id and categories of the ledger in a folder, or undefined if there is none.
 *
 * @throws {LedgerStoreError} if the store is damaged
 * @throws {LedgerError} if it is open already
 */
export async function readLedgerName(path: string): Promise<LedgerName | undefined> {
  if (typeof path !== 'string') throw new TypeError('path must be a string')
  const { nameOfStore } = await importStore()
  return nameOfStore(path)
}

/** Imports what needs Node. Bundles for browsers have an empty module in its place, see `browser` in package.json. */
async function importStore(): Promise<typeof import('./store/durable.js')> {
  const store = await import('./store/durable.js')
  if (typeof store.openStore !== 'function') throw new LedgerError('a ledger on disk needs Node')
  return store
}

let hasher: BulkPoseidon | undefined

interface Checked extends LedgerName {
  readonly keep: number
  readonly verify: boolean
  readonly poseidon: BulkPoseidon
}

function checked(options: LedgerOptions): Checked {
  const { id, categories, path, keep = 16, verify = true } = options
  assertLedgerName({ id, categories })
  if (path !== undefined && typeof path !== 'string') throw new TypeError('path must be a string')
  if (path === '') throw new RangeError('path must not be empty')
  if (!Number.isInteger(keep) || keep < 1) throw new RangeError('keep must be a positive integer')
  hasher ??= createBulkPoseidon()
  return { id, categories, keep, verify, poseidon: hasher }
}

function inMemory({ id, categories, keep, poseidon }: Checked): Ledger {
  const hash = (inputs: readonly bigint[]): bigint => poseidon.hash(inputs)
  const create = (): ReturnType<typeof createMemoryLedger> =>
    createMemoryLedger({ id, categories, keep, hash })
  let memory = create()
  return {
    id,
    categories: memory.categories,
    get length() {
      return memory.length
    },
    get reader() {
      return memory.reader
    },
    head: async () => memory.head,
    async append(...entries) {
      const all = entries.flat() as Entry[]
      return appendAll(memory, all)
    },
    entries: async (from, limit) => memory.entries(from, limit),
    async apply(limit) {
      const { state } = memory.apply(limit)
      return { root: ledgerRoot(state), state }
    },
    roots: () => memory.roots(),
    proof: (handle, one) => memory.proof(handle, one),
    readerAt: (root) => memory.readerAt(root),
    async rewind(length) {
      if (typeof length !== 'bigint') throw new TypeError('length must be a bigint')
      if (length < 0n || length > memory.length) {
        throw new RangeError('length must not be above the length of the queue')
      }
      const entries = memory.entries(0n, Number(length))
      const applied = memory.roots().filter(({ state }) => state.queueLength <= length)
      memory = create()
      appendAll(memory, entries)
      for (const { state } of applied)
        memory.apply(Number(state.queueLength - memory.reader.state.queueLength))
    },
    compact: async () => {},
    async backup() {
      throw new LedgerError('a ledger in memory has no backup')
    },
    close: async () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Appends any number of entries, of which a call takes only so many: all, or none if one is malformed. */
function appendAll(memory: ReturnType<typeof createMemoryLedger>, entries: readonly Entry[]): bigint {
  for (const entry of entries) encodeEntry(entry)
  for (let from = 0; from < entries.length; from += 4096) memory.append(...entries.slice(from, from + 4096))
  return memory.length
}
