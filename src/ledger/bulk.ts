import { type BulkPoseidon, readWords, writeWords } from '../bn254/poseidon.js'
import { DOMAIN } from '../crypto/domains.js'
import {
  EMPTY_HISTORY,
  LEDGER_CAPACITY,
  LEDGER_CATEGORIES,
  LEDGER_DEPTH,
  LEDGER_OVERFLOWED,
  type LedgerLeaf,
  NO_TALLIES,
} from '../merkle/ledger.js'
import { link, saturate } from './apply.js'
import { decodeEntry, type EntryWords, hasEffect } from './entry.js'
import { childrenIn, type LedgerChange, type LedgerReader } from './reader.js'

/** `hashMany` of {@link BulkPoseidon}, perhaps in other threads. */
export type HashMany = (...options: Parameters<BulkPoseidon['hashMany']>) => Uint8Array | Promise<Uint8Array>

/** Entries, leaves or nodes between two pauses: some tens of milliseconds. */
const STRIDE = 1024
const WORDS = 4
/** Inputs of a leaf's hash: tag, handle, next, counts and sums, head. */
const LEAF_INPUTS = 4 + 2 * LEDGER_CATEGORIES

/** Calls of another thread that are on their way at once, so that it never waits for this one. */
const MOST_ASIDE = 2

/**
 * Does what `applyEntries` does, faster: by two hashes at a time.
 *
 * What the entries do to the leaves needs no hashes, and is found first. The queue's chain takes one hash after the other. Beside
 * each of its steps goes the step of the entry's own history, which depends on earlier ones as well; once a leaf has had its
 * last entry, another thread may hash it meanwhile. Leaves and nodes are independent.
 *
 * @param options.words      the next entries of the queue, well-formed
 * @param options.poseidon   used by this call alone while it runs
 * @param options.hashMany   hashes leaves and nodes, by default `poseidon`'s; may use other threads
 * @param options.hashAside  hashes leaves in another thread while this one goes on; absent if there is none
 * @param options.pause      waited for now and then, so that others get their turn
 */
export async function applyInBulk(options: {
  readonly reader: LedgerReader
  readonly words: readonly EntryWords[]
  readonly poseidon: BulkPoseidon
  readonly hashMany?: HashMany
  readonly hashAside?: HashMany
  readonly pause?: () => Promise<void>
}): Promise<LedgerChange> {
  const { reader, words, poseidon, hashMany = poseidon.hashMany, hashAside, pause = async () => {} } = options
  const { state } = reader
  const { leaves, inserted, indexes, size } = await effectsOf(reader, words, pause)
  const lastEntry = new Map<number, number>()
  for (const [i, index] of indexes.entries()) if (index !== undefined) lastEntry.set(index, i)

  /** Leaves that no entry to come changes, in any order. */
  const ready = [...leaves.keys()].filter((index) => !lastEntry.has(index))
  const hashes = new Map<number, bigint>()
  const leafInputs = (index: number): readonly bigint[] => {
    const { handle, next, tallies, head } = leaves.get(index) as LedgerLeaf
    return [DOMAIN.ledgerLeaf, handle, next, ...tallies.flatMap(({ count, sum }) => [count, sum]), head]
  }
  const helper = hashAside && createHelper(hashAside)

  let { queueHead } = state
  for (const [i, { subject, content }] of words.entries()) {
    if (i % STRIDE === STRIDE - 1) {
      await pause()
      while (helper?.isFree() && ready.length >= STRIDE) {
        helper.hash(LEAF_INPUTS, ready.splice(-STRIDE), leafInputs, hashes)
      }
    }
    const index = indexes[i]
    const step = [queueHead, subject, content]
    if (index === undefined) {
      queueHead = poseidon.hash(step)
      continue
    }
    const leaf = leaves.get(index) as Draft
    const [next, head] = poseidon.hashTwo(step, [leaf.head, subject, content])
    queueHead = next
    leaf.head = head
    if (lastEntry.get(index) === i) ready.push(index)
  }
  const hashers = { poseidon, hashMany, helper, pause }
  await hashAll({ ...hashers, arity: LEAF_INPUTS, indexes: ready, inputsOf: leafInputs, into: hashes })
  const nodes = await rehash(reader, hashes, hashers)
  const treeRoot = nodes[LEDGER_DEPTH]?.get(0) ?? state.treeRoot
  const queueLength = state.queueLength + BigInt(words.length)
  return { state: { ...state, treeRoot, size, queueLength, queueHead }, leaves, nodes, inserted }
}

/** A leaf that is being changed; nobody else has it yet. */
interface Draft extends LedgerLeaf {
  next: bigint
  tallies: { count: bigint; sum: bigint }[]
  head: bigint
}

/** What entries do to the leaves, but for their histories: all leaves that change, and for each entry the one it changes. */
async function effectsOf(
  reader: LedgerReader,
  words: readonly EntryWords[],
  pause: () => Promise<void>,
): Promise<{
  readonly leaves: Map<number, LedgerLeaf>
  readonly inserted: { readonly handle: bigint; readonly index: number }[]
  readonly indexes: readonly (number | undefined)[]
  readonly size: number
}> {
  const drafts = new Map<number, Draft>()
  const positions = new Map<bigint, number>()
  const inserted: { handle: bigint; index: number }[] = []
  const indexes: (number | undefined)[] = []
  let { size } = reader.state
  const draftOf = (index: number, leaf: LedgerLeaf): void => {
    drafts.set(index, { ...leaf, tallies: leaf.tallies.map((tally) => ({ ...tally })) })
  }
  for (const [i, one] of words.entries()) {
    if (i % STRIDE === STRIDE - 1) await pause()
    const entry = decodeEntry(one)
    if (!hasEffect(entry)) {
      indexes.push(undefined)
      continue
    }
    const { handle, category, amount } = entry
    let index = positions.get(handle)
    if (index === undefined) {
      const floor = reader.floor(handle)
      const leaf = reader.leaf(floor)
      if (leaf.handle === handle) {
        index = floor
        draftOf(index, leaf)
      } else if (size < LEDGER_CAPACITY) {
        index = size++
        inserted.push({ handle, index })
        // `next` follows when all new handles are known.
        draftOf(index, { handle, next: handle, tallies: NO_TALLIES, head: EMPTY_HISTORY })
      } else {
        size = LEDGER_OVERFLOWED
        indexes.push(undefined)
        continue
      }
      positions.set(handle, index)
    }
    indexes.push(index)
    const tally = (drafts.get(index) as Draft).tallies[category] as Draft['tallies'][number]
    tally.count++
    tally.sum = saturate(tally.sum, amount)
  }
  const leaves = new Map<number, LedgerLeaf>(drafts)
  link(reader, leaves, inserted)
  return { leaves, inserted, indexes, size }
}

async function rehash(
  reader: LedgerReader,
  hashes: Map<number, bigint>,
  hashers: Hashers,
): Promise<Map<number, bigint>[]> {
  let below = hashes
  const levels = [below]
  for (let level = 0; level < LEDGER_DEPTH; level++) {
    const children = below
    const parents = [...new Set([...children.keys()].map((index) => index >>> 2))]
    below = new Map()
    await hashAll({
      ...{ ...hashers, arity: 4, indexes: parents, into: below },
      inputsOf: (parent) =>
        childrenIn(reader, level, parent).map((child, place) => children.get(4 * parent + place) ?? child),
    })
    levels.push(below)
  }
  return levels
}

/** Who hashes what is independent. */
interface Hashers {
  readonly poseidon: BulkPoseidon
  readonly hashMany: HashMany
  readonly helper: Helper | undefined
  readonly pause: () => Promise<void>
}

/**
 * Hashes something for each index. While the helper has enough to do, this thread hashes too: whichever is faster does more, and the
 * helper hashes what comes next while this one reads and writes numbers.
 */
async function hashAll(
  options: Hashers & {
    readonly arity: number
    readonly indexes: readonly number[]
    readonly inputsOf: (index: number) => readonly bigint[]
    readonly into: Map<number, bigint>
  },
): Promise<void> {
  const { poseidon, hashMany, helper, pause, arity, indexes, inputsOf, into } = options
  for (let from = 0; from < indexes.length; from += STRIDE) {
    await pause()
    const some = indexes.slice(from, from + STRIDE)
    const isLast = from + STRIDE >= indexes.length
    if (isLast) unpack(await hashMany(pack(arity, some, inputsOf)), some, into)
    else if (helper?.isFree()) helper.hash(arity, some, inputsOf, into)
    else unpack(poseidon.hashMany(pack(arity, some, inputsOf)), some, into)
  }
  await helper?.end()
}

/** Another thread, as it is asked. */
interface Helper {
  /** Whether it has so little to do that it might soon wait for this thread. */
  isFree(): boolean
  hash(
    arity: number,
    indexes: readonly number[],
    inputsOf: (index: number) => readonly bigint[],
    into: Map<number, bigint>,
  ): void
  /** Resolves when all that it was asked is there; rejects if one of them failed. */
  end(): Promise<void>
}

function createHelper(hashAside: HashMany): Helper {
  let asked: Promise<void>[] = []
  let onTheirWay = 0
  return {
    isFree: () => onTheirWay < MOST_ASIDE,
    hash(arity, indexes, inputsOf, into) {
      onTheirWay++
      const done = Promise.resolve(hashAside(pack(arity, indexes, inputsOf))).then((outputs) => {
        unpack(outputs, indexes, into)
        onTheirWay--
      })
      // Waited for in `end`, where its failure is the caller's.
      done.catch(() => undefined)
      asked.push(done)
    },
    async end() {
      const all = asked
      asked = []
      await Promise.all(all)
    },
  }
}

/** Writes the inputs of many hashes. */
function pack(
  arity: number,
  indexes: readonly number[],
  inputsOf: (index: number) => readonly bigint[],
): { arity: number; count: number; inputs: Uint8Array } {
  const words = new BigUint64Array(WORDS * arity * indexes.length)
  let at = 0
  for (const index of indexes) {
    for (const value of inputsOf(index)) {
      writeWords(words, at, value)
      at += WORDS
    }
  }
  return { arity, count: indexes.length, inputs: new Uint8Array(words.buffer) }
}

/** Reads their outputs. */
function unpack(outputs: Uint8Array, indexes: readonly number[], into: Map<number, bigint>): void {
  const found = new BigUint64Array(outputs.buffer, outputs.byteOffset, WORDS * indexes.length)
  for (const [k, index] of indexes.entries()) into.set(index, readWords(found, WORDS * k))
}
