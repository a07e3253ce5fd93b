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

/**
 * Does what `applyEntries` does, faster: by two hashes at a time.
 *
 * The queue's chain takes one hash after the other. Beside each of its steps goes the step of the entry's own history, which
 * depends on earlier ones as well. Leaves and nodes are independent.
 *
 * @param options.words     the next entries of the queue, well-formed
 * @param options.poseidon  used by this call alone while it runs
 * @param options.hashMany  hashes leaves and nodes, by default `poseidon`'s; may use other threads
 * @param options.pause     waited for now and then, so that others get their turn
 */
export async function applyInBulk(options: {
  readonly reader: LedgerReader
  readonly words: readonly EntryWords[]
  readonly poseidon: BulkPoseidon
  readonly hashMany?: HashMany
  readonly pause?: () => Promise<void>
}): Promise<LedgerChange> {
  const { reader, words, poseidon, hashMany = poseidon.hashMany, pause = async () => {} } = options
  const { state } = reader
  const leaves = new Map<number, LedgerLeaf>()
  const positions = new Map<bigint, number>()
  const inserted: { handle: bigint; index: number }[] = []
  let { size, queueHead } = state

  for (const [i, { subject, content }] of words.entries()) {
    if (i % STRIDE === STRIDE - 1) await pause()
    const entry = decodeEntry({ subject, content })
    const step = [queueHead, subject, content]
    const skip = (): void => {
      queueHead = poseidon.hash(step)
    }
    if (!hasEffect(entry)) {
      skip()
      continue
    }
    const { handle, category, amount } = entry
    let index = positions.get(handle)
    let leaf: LedgerLeaf | undefined
    if (index === undefined) {
      const floor = reader.floor(handle)
      leaf = reader.leaf(floor)
      if (leaf.handle === handle) index = floor
      else if (size < LEDGER_CAPACITY) {
        index = size++
        inserted.push({ handle, index })
        // `next` follows when all new handles are known.
        leaf = { handle, next: handle, tallies: NO_TALLIES, head: EMPTY_HISTORY }
      } else {
        size = LEDGER_OVERFLOWED
        skip()
        continue
      }
      positions.set(handle, index)
    } else leaf = leaves.get(index) as LedgerLeaf
    const [next, head] = poseidon.hashTwo(step, [leaf.head, subject, content])
    queueHead = next
    const tallies = leaf.tallies.map((tally, c) =>
      c === category ? { count: tally.count + 1n, sum: saturate(tally.sum, amount) } : tally,
    )
    leaves.set(index, { ...leaf, tallies, head })
  }
  link(reader, leaves, inserted)
  const nodes = await rehash(reader, leaves, hashMany, pause)
  const treeRoot = nodes[LEDGER_DEPTH]?.get(0) ?? state.treeRoot
  const queueLength = state.queueLength + BigInt(words.length)
  return { state: { ...state, treeRoot, size, queueLength, queueHead }, leaves, nodes, inserted }
}

async function rehash(
  reader: LedgerReader,
  leaves: ReadonlyMap<number, LedgerLeaf>,
  hashMany: HashMany,
  pause: () => Promise<void>,
): Promise<Map<number, bigint>[]> {
  let below = await hashAll({
    ...{ hashMany, pause, arity: LEAF_INPUTS, indexes: [...leaves.keys()] },
    inputsOf: (index) => {
      const { handle, next, tallies, head } = leaves.get(index) as LedgerLeaf
      return [DOMAIN.ledgerLeaf, handle, next, ...tallies.flatMap(({ count, sum }) => [count, sum]), head]
    },
  })
  const levels = [below]
  for (let level = 0; level < LEDGER_DEPTH; level++) {
    const children = below
    const parents = [...new Set([...children.keys()].map((index) => index >>> 2))]
    below = await hashAll({
      ...{ hashMany, pause, arity: 4, indexes: parents },
      inputsOf: (parent) =>
        childrenIn(reader, level, parent).map((child, place) => children.get(4 * parent + place) ?? child),
    })
    levels.push(below)
  }
  return levels
}

/** Hashes something for each index. */
async function hashAll(options: {
  readonly hashMany: HashMany
  readonly pause: () => Promise<void>
  readonly arity: number
  readonly indexes: readonly number[]
  readonly inputsOf: (index: number) => readonly bigint[]
}): Promise<Map<number, bigint>> {
  const { hashMany, pause, arity, indexes, inputsOf } = options
  const hashes = new Map<number, bigint>()
  const words = new BigUint64Array(WORDS * arity * Math.min(STRIDE, indexes.length))
  for (let from = 0; from < indexes.length; from += STRIDE) {
    await pause()
    const some = indexes.slice(from, from + STRIDE)
    let at = 0
    for (const index of some) {
      for (const value of inputsOf(index)) {
        writeWords(words, at, value)
        at += WORDS
      }
    }
    const inputs = new Uint8Array(words.buffer, 0, 8 * at)
    const outputs = await hashMany({ arity, count: some.length, inputs })
    const found = new BigUint64Array(outputs.buffer)
    for (const [k, index] of some.entries()) hashes.set(index, readWords(found, WORDS * k))
  }
  return hashes
}
