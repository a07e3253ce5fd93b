/** The tree on disk: leaves, rows of four siblings, and what the last changes overwrote. */
import { LEDGER_DEPTH, type LedgerLeaf, type LedgerState, ledgerRoot } from '../../merkle/ledger.js'
import type { Hash } from '../apply.js'
import { emptyLedger, type LedgerChange, type LedgerName, type LedgerReader } from '../reader.js'
import { SortedHandles } from '../sorted.js'
import type { LedgerRootInfo } from '../state.js'
import { LedgerStoreError } from './damage.js'
import { type Database, type Operation, openDatabase, rangeOf, read, scan, write } from './database.js'
import {
  type Checksum,
  checksumOf,
  decodeLeaf,
  decodeRow,
  decodeText,
  encodeLeaf,
  encodeRow,
  encodeText,
  isSealed,
  leafIndex,
  leafKey,
  PREFIX,
  rowKey,
  textKey,
  undoKey,
  undoneKey,
} from './records.js'

/** A state of the tree that proofs can be made for, with the number of the change that led to it. */
interface Kept {
  readonly change: number
  readonly state: LedgerState
  readonly root: bigint
}

/** A tree on disk. */
export interface StoredTree {
  readonly database: Database
  readonly isNew: boolean
  /** The states that proofs can be made for, the newest last. */
  readonly states: readonly LedgerRootInfo[]
  /** Reads one of these states, by default the newest. Valid until the next `commit` or `rewind`. */
  readerAt(which?: number): LedgerReader
  /** Writes a change of the newest state, all of it or nothing. */
  commit(change: LedgerChange): Promise<void>
  /** Goes back to one of the states, and forgets the later ones. */
  rewind(which: number): Promise<void>
  /** Number of entries that were acknowledged, as far as the tree was told. */
  readonly acknowledged: bigint
  acknowledge(length: bigint): Promise<void>
  /** Removes what no state needs any more. */
  prune(): Promise<void>
  close(): Promise<void>
}

const META = textKey('meta')
const ACKNOWLEDGED = textKey('acknowledged')

/**
 * Opens the tree of a ledger, or creates it.
 *
 * @param options.keep    number of states that proofs can be made for
 * @param options.verify  whether all records are checked; the handles are read in any case
 * @throws {LedgerStoreError} if it is damaged
 */
export async function openTree(options: {
  readonly location: string
  readonly name: LedgerName
  readonly keep: number
  readonly verify: boolean
  readonly hash: Hash
}): Promise<StoredTree> {
  const { location, name, keep, verify, hash } = options
  const database = await openDatabase(location, 'tree')
  try {
    const stored = readText(database, META)
    const isNew = stored === undefined
    const empty = emptyLedger(name)
    let { kept, sum } = isNew ? genesis(empty, hash) : parseMeta(stored, empty.state, hash)
    if (isNew) await write(database, [...firstRecords(empty), metaRecord(kept, sum)])
    let handles = await load(database, kept, sum, verify)
    let acknowledged = BigInt(readText(database, ACKNOWLEDGED) ?? '0')
    let snapshot = database.snapshot()

    const newest = (): Kept => kept.at(-1) as Kept
    const refresh = async (): Promise<void> => {
      const old = snapshot
      snapshot = database.snapshot()
      await old.close()
    }

    /** Reads a value as it was after a change: what the first later one to touch it kept, or what is there now. */
    const valueAt = (key: Uint8Array, change: number): Uint8Array | undefined => {
      for (let later = change + 1; later <= newest().change; later++) {
        const old = read(database, 'tree', undoKey(later, key), snapshot)
        if (old !== undefined) return old.length === 0 ? undefined : old
      }
      return read(database, 'tree', key, snapshot)
    }

    const storedLeafAt = (index: number, change: number): StoredLeaf => {
      const key = leafKey(index)
      const value = valueAt(key, change)
      const leaf = value && decodeLeaf(key, value)
      if (leaf === undefined) throw damaged(`leaf ${index}`, value)
      return { value, leaf }
    }

    const storedRowAt = (level: number, parent: number, change: number): StoredRow => {
      const key = rowKey(level, parent)
      const value = valueAt(key, change)
      const row = value === undefined ? NO_NODES : decodeRow(key, value)
      if (row === undefined) throw damaged(`row ${parent} of level ${level}`, value)
      return { value, row }
    }

    /** What was read of the newest state: a change reads it, and its commit overwrites it. */
    const leaves = createRecent((index) => storedLeafAt(index, newest().change))
    const rows = createRecent((place) =>
      storedRowAt(Math.floor(place / MOST_PARENTS), place % MOST_PARENTS, newest().change),
    )
    const rowNow = (level: number, parent: number): StoredRow => rows.get(MOST_PARENTS * level + parent)
    const forget = (): void => {
      leaves.clear()
      rows.clear()
    }

    const readerOf = ({ change, state }: Kept): LedgerReader => {
      const isNewest = (): boolean => change === newest().change
      // Siblings are asked for one after the other.
      const last = new Map<number, { parent: number; row: StoredRow['row'] }>()
      const rowOf = (level: number, parent: number): StoredRow['row'] => {
        if (isNewest()) return rowNow(level, parent).row
        let known = last.get(level)
        if (known?.parent !== parent) {
          known = { parent, row: storedRowAt(level, parent, change).row }
          last.set(level, known)
        }
        return known.row
      }
      return {
        state,
        leaf: (index) => (isNewest() ? leaves.get(index) : storedLeafAt(index, change)).leaf,
        // Without the leaves of later entries.
        floor: (handle) => handles.floor(handle, state.size),
        node(level, index) {
          if (level === LEDGER_DEPTH) return index === 0 ? state.treeRoot : undefined
          return rowOf(level, index >>> 2)[index & 3]
        },
      }
    }

    return {
      database,
      isNew,
      get states() {
        return kept
      },
      readerAt: (which = kept.length - 1) => readerOf(kept[which] as Kept),
      async commit(change) {
        const number = newest().change + 1
        const operations: Operation[] = []
        let total = sum
        const put = (key: Uint8Array, old: Uint8Array | undefined, value: Uint8Array): void => {
          if (old !== undefined) total = without(total, checksumOf(old))
          total = plus(total, checksumOf(value))
          const undo = undoKey(number, key)
          operations.push({ type: 'put', key, value }, { type: 'put', key: undo, value: old ?? NOTHING })
        }
        const { size } = newest().state
        for (const [index, leaf] of change.leaves) {
          const key = leafKey(index)
          put(key, index < size ? leaves.get(index).value : undefined, encodeLeaf(key, leaf))
        }
        for (const [level, nodes] of change.nodes.slice(0, LEDGER_DEPTH).entries()) {
          for (const parent of new Set([...nodes.keys()].map((index) => index >>> 2))) {
            const key = rowKey(level, parent)
            const { value, row } = rowNow(level, parent)
            const now = [0, 1, 2, 3].map((place) => nodes.get(4 * parent + place) ?? row[place])
            put(key, value, encodeRow(key, now))
          }
        }
        const states = [
          ...kept,
          { change: number, state: change.state, root: ledgerRoot(change.state, hash) },
        ].slice(-keep)
        operations.push(metaRecord(states, total))
        await write(database, operations)
        for (const { handle, index } of change.inserted) handles.insert(handle, index)
        kept = states
        sum = total
        forget()
        await refresh()
        // What no state needs any more; harmless if it stays.
        await clearUndo(database, (kept[0] as Kept).change)
      },
      async rewind(which) {
        const target = kept[which] as Kept
        const last = newest().change
        const operations: Operation[] = []
        const seen = new Set<string>()
        let total = sum
        for (let later = target.change + 1; later <= last; later++) {
          for await (const records of scan(database, 'tree', { ...undoRange(later), snapshot })) {
            for (const [key, old] of records) {
              operations.push({ type: 'del', key })
              const undone = undoneKey(key)
              const id = undone.join()
              if (seen.has(id)) continue
              seen.add(id)
              const now = read(database, 'tree', undone, snapshot)
              if (now !== undefined) total = without(total, checksumOf(now))
              if (old.length === 0) operations.push({ type: 'del', key: undone })
              else {
                total = plus(total, checksumOf(old))
                operations.push({ type: 'put', key: undone, value: old })
              }
            }
          }
        }
        const states = kept.slice(0, which + 1)
        operations.push(metaRecord(states, total))
        await write(database, operations)
        kept = states
        sum = total
        forget()
        await refresh()
        handles = await load(database, kept, sum, true)
      },
      get acknowledged() {
        return acknowledged
      },
      async acknowledge(length) {
        await database.put(ACKNOWLEDGED, encodeText(ACKNOWLEDGED, length.toString()))
        acknowledged = length
      },
      prune: () => clearUndo(database, (kept[0] as Kept).change),
      async close() {
        await snapshot.close()
        await database.close()
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Records of a kind that are remembered between a change's reading and its commit. */
const MOST_RECENT = 1 << 18
/** Rows of a level. */
const MOST_PARENTS = 4 ** (LEDGER_DEPTH - 1)
const NOTHING = new Uint8Array(0)
const NO_NODES = [undefined, undefined, undefined, undefined] as const

/** Removes what changes up to this one kept. */
async function clearUndo(database: Database, change: number): Promise<void> {
  await database.clear({ gte: Uint8Array.of(PREFIX.undo), lt: undoRange(change).lt })
}

function undoRange(change: number): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: undoKey(change, NOTHING), lt: undoKey(change + 1, NOTHING) }
}

interface StoredLeaf {
  readonly value: Uint8Array | undefined
  readonly leaf: LedgerLeaf
}

interface StoredRow {
  readonly value: Uint8Array | undefined
  readonly row: readonly (bigint | undefined)[]
}

/** Remembers what was read last, up to a bound that a change of the largest batch stays below. */
function createRecent<Value>(readOne: (place: number) => Value): {
  get(place: number): Value
  clear(): void
} {
  const known = new Map<number, Value>()
  return {
    get(place) {
      let value = known.get(place)
      if (value === undefined) {
        if (known.size >= MOST_RECENT) known.clear()
        value = readOne(place)
        known.set(place, value)
      }
      return value
    },
    clear: () => known.clear(),
  }
}

/** The records of a ledger without entries. */
function firstRecords(empty: LedgerReader): { type: 'put'; key: Uint8Array; value: Uint8Array }[] {
  const first = leafKey(0)
  const rows = Array.from({ length: LEDGER_DEPTH }, (_, level) => {
    const key = rowKey(level, 0)
    return { type: 'put' as const, key, value: encodeRow(key, [empty.node(level, 0)]) }
  })
  return [{ type: 'put', key: first, value: encodeLeaf(first, empty.leaf(0)) }, ...rows]
}

function genesis(empty: LedgerReader, hash: Hash): { kept: Kept[]; sum: Checksum } {
  const sum = firstRecords(empty).reduce<Checksum>(
    (total, { value }) => plus(total, checksumOf(value)),
    [0, 0],
  )
  const { state } = empty
  return { kept: [{ change: 0, state, root: ledgerRoot(state, hash) }], sum }
}

/**
 * Reads all leaves for their handles, and checks on the way that exactly the records are there that the last commit left:
 * none flipped, none missing, none from before. A sum of all checksums is part of every commit.
 */
async function load(
  database: Database,
  kept: readonly Kept[],
  sum: Checksum,
  verify: boolean,
): Promise<SortedHandles> {
  const { size } = (kept.at(-1) as Kept).state
  const found: { handle: bigint; index: number }[] = []
  let total: Checksum = [0, 0]
  for await (const records of scan(database, 'tree', rangeOf(PREFIX.leaf))) {
    for (const [key, value] of records) {
      const leaf = decodeLeaf(key, value)
      if (leaf === undefined) throw damaged(`leaf ${leafIndex(key)}`, value)
      total = plus(total, checksumOf(value))
      found.push({ handle: leaf.handle, index: leafIndex(key) })
    }
  }
  if (found.some(({ index }, i) => index !== i) || found.length !== Math.min(size, 4 ** LEDGER_DEPTH)) {
    throw new LedgerStoreError('tree', 'leaves are missing, or too many')
  }
  if (verify) {
    for await (const records of scan(database, 'tree', rangeOf(PREFIX.row))) {
      for (const [key, value] of records) {
        if (!isSealed(key, value)) throw damaged('a row', value)
        total = plus(total, checksumOf(value))
      }
    }
    for await (const records of scan(database, 'tree', rangeOf(PREFIX.undo))) {
      for (const [key, value] of records) {
        if (value.length > 0 && !isSealed(undoneKey(key), value))
          throw damaged('an overwritten record', value)
      }
    }
    if (total[0] !== sum[0] || total[1] !== sum[1]) {
      throw new LedgerStoreError('tree', 'its records are not those of its last change')
    }
  }
  return SortedHandles.of(found)
}

function damaged(what: string, value: Uint8Array | undefined): LedgerStoreError {
  return new LedgerStoreError('tree', `${what} ${value ? 'does not fit its checksum' : 'is missing'}`)
}

function plus([a, b]: Checksum, [c, d]: Checksum): Checksum {
  return [(a + c) >>> 0, (b + d) >>> 0]
}

function without([a, b]: Checksum, [c, d]: Checksum): Checksum {
  return [(a - c) >>> 0, (b - d) >>> 0]
}

function readText(database: Database, key: Uint8Array): string | undefined {
  const value = read(database, 'tree', key)
  if (value === undefined) return undefined
  const text = decodeText(key, value)
  if (text === undefined) throw damaged('its description', value)
  return text
}

function metaRecord(kept: readonly Kept[], sum: Checksum): Operation {
  const states = kept.map(({ change, state }) => ({
    change,
    treeRoot: state.treeRoot.toString(),
    size: state.size,
    queueLength: state.queueLength.toString(),
    queueHead: state.queueHead.toString(),
  }))
  return { type: 'put', key: META, value: encodeText(META, JSON.stringify({ version: 1, states, sum })) }
}

function parseMeta(text: string, empty: LedgerState, hash: Hash): { kept: Kept[]; sum: Checksum } {
  const { version, states, sum } = JSON.parse(text) as {
    version: number
    states: {
      change: number
      treeRoot: string
      size: number
      queueLength: string
      queueHead: string
    }[]
    sum: Checksum
  }
  if (version !== 1) throw new LedgerStoreError('tree', 'it has a format of another version')
  const kept = states.map(({ change, treeRoot, size, queueLength, queueHead }) => {
    const state = {
      ...empty,
      treeRoot: BigInt(treeRoot),
      size,
      queueLength: BigInt(queueLength),
      queueHead: BigInt(queueHead),
    }
    return { change, state, root: ledgerRoot(state, hash) }
  })
  return { kept, sum }
}
