/** A ledger on disk: the queue, which is the truth, and the tree, which follows from it. */
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type BulkPoseidon, readWords, writeWords } from '../../bn254/poseidon.js'
import { LedgerError, requireObject } from '../../errors.js'
import { assertUint } from '../../field.js'
import { type LedgerProof, type LedgerState, ledgerLeafHash } from '../../merkle/ledger.js'
import { applyInBulk } from '../bulk.js'
import { decodeEntry, type Entry, type EntryWords, encodeEntry } from '../entry.js'
import { assertLimit, type LedgerName, type LedgerReader, openLedger } from '../reader.js'
import type { LedgerRootInfo } from '../state.js'
import type { Ledger } from '../store.js'
import { LedgerStoreError } from './damage.js'
import { copyInto } from './database.js'
import { createHelpedPoseidon } from './helper.js'
import { openQueue, type StoredQueue, storedName } from './queue.js'
import { openTree, type StoredTree } from './tree.js'

export { allowRelaxedSimd } from './relaxed-simd.js'

/** Most entries that one change applies. */
const MOST = 100_000
/** Entries that the head is extended by at once. */
const HEADS = 1024

/** Children of a node, and words of a number. */
const [ARITY, LIMBS] = [4, 4]

/** How a ledger on disk is opened. */
export interface StoreOptions extends LedgerName {
  readonly path: string
  readonly keep: number
  readonly verify: boolean
  readonly poseidon: BulkPoseidon
}

/** Parts of a store in its folder. */
const parts = (path: string): { queue: string; tree: string } => ({
  queue: join(path, 'queue'),
  tree: join(path, 'tree'),
})

/**
 * Opens a ledger's store, or creates it.
 *
 * @throws {LedgerStoreError} if it is damaged, naming the part
 * @throws {LedgerError} if it is of another ledger, or open already, or its folder cannot be made
 */
export async function openStore(options: StoreOptions): Promise<Ledger> {
  const { path, id, keep, verify, poseidon } = options
  const name = { id, categories: Object.freeze([...options.categories]) }
  await makeFolder(path, "the ledger's folder")
  const hadTree = await exists(parts(path).tree)
  const queue = await openQueue(parts(path).queue, name)
  let tree: StoredTree
  try {
    tree = await openTree({ location: parts(path).tree, name, keep, verify, hash: poseidon.hash })
  } catch (error) {
    await queue.database.close()
    throw error
  }
  try {
    await assertConsistent({ queue, tree, hadTree, verify })
  } catch (error) {
    await Promise.all([queue.database.close(), tree.close()])
    throw error
  }
  return ledgerOf({ path, name, keep, queue, tree, poseidon })
}

async function makeFolder(path: string, label: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch(cannotMake(label))
}

/** Names what the file system refuses; its own message shows the path. */
function cannotMake(label: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw new LedgerError(`${label} cannot be made (${cause.code ?? 'unknown'})`, { cause })
  }
}

/**
 * Returns the name of the ledger whose store is in a folder, or undefined if there is none.
 *
 * @throws {LedgerStoreError} if the store is damaged
 * @throws {LedgerError} if it is open already
 */
export async function nameOfStore(path: string): Promise<LedgerName | undefined> {
  return (await exists(parts(path).queue)) ? storedName(parts(path).queue) : undefined
}

async function assertConsistent(o: {
  readonly queue: StoredQueue
  readonly tree: StoredTree
  readonly hadTree: boolean
  readonly verify: boolean
}): Promise<void> {
  const { queue, tree, hadTree, verify } = o
  // The tree is made after the queue's name is written, and before the first entry.
  if (tree.isNew && queue.length > 0n) {
    throw new LedgerStoreError('tree', hadTree ? 'its description is missing' : 'it is missing')
  }
  if (queue.length < tree.acknowledged) {
    throw new LedgerStoreError(
      'queue',
      `it ends before entry ${tree.acknowledged - 1n}, which was acknowledged`,
    )
  }
  const applied = tree.states.at(-1)?.state.queueLength as bigint
  if (queue.length < applied) {
    throw new LedgerStoreError('queue', `it ends before entry ${applied - 1n}, which the tree contains`)
  }
  if (verify) await queue.verify()
}

function ledgerOf(o: {
  readonly path: string
  readonly name: LedgerName
  readonly keep: number
  readonly queue: StoredQueue
  readonly tree: StoredTree
  readonly poseidon: BulkPoseidon
}): Ledger {
  const { path, name, keep, queue, poseidon } = o
  let { tree } = o
  let isOpen = true
  /** Entries that wait for the disk, and who waits for them. */
  let waiting: {
    readonly words: readonly EntryWords[]
    resolve(length: bigint): void
    reject(e: unknown): void
  }[] = []
  const helped = createHelpedPoseidon(poseidon)
  const writing = createQueueOfTasks()
  const changing = createQueueOfTasks()
  let known = { length: 0n, head: 0n }

  const assertOpen = (): void => {
    if (!isOpen) throw new LedgerError('the ledger is closed')
  }
  const newest = (): LedgerRootInfo => tree.states.at(-1) as LedgerRootInfo
  const state = (): LedgerState => newest().state

  /** Writes everything that waits at once: many small appends cost one wait for the disk. */
  async function flush(): Promise<void> {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    try {
      let length = queue.length
      await queue.write(group.flatMap(({ words }) => words))
      await tree.acknowledge(queue.length)
      for (const { words, resolve } of group) {
        length += BigInt(words.length)
        resolve(length)
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  async function applyNext(limit: number): Promise<void> {
    const words = await queue.read(state().queueLength, limit)
    if (words.length === 0) return
    const { hashMany, hashAside } = helped
    const reader = tree.readerAt()
    const change = await applyInBulk({ reader, words, poseidon, hashMany, hashAside, pause: turn })
    await tree.commit(change)
  }

  const readerAt = (root: bigint): LedgerReader => {
    assertOpen()
    const which = tree.states.findLastIndex((one) => one.root === root)
    if (which < 0) throw new LedgerError('the root is none of the last ones')
    return tree.readerAt(which)
  }

  const ledger: Ledger = {
    ...name,
    get length() {
      return queue.length
    },
    get reader() {
      assertOpen()
      return tree.readerAt()
    },
    async head() {
      assertOpen()
      const { queueLength, queueHead } = state()
      let { length, head } = queueLength >= known.length ? { length: queueLength, head: queueHead } : known
      while (length < queue.length) {
        for (const { subject, content } of await queue.read(length, HEADS)) {
          head = poseidon.hash([head, subject, content])
          length++
        }
        await turn()
      }
      known = { length, head }
      return head
    },
    async append(...entries) {
      assertOpen()
      const words = (entries.flat() as Entry[]).map(encodeEntry)
      if (words.length === 0) return queue.length
      const done = new Promise<bigint>((resolve, reject) => waiting.push({ words, resolve, reject }))
      writing(flush)
      return done
    },
    async entries(from = 0n, limit = Number(queue.length)) {
      assertOpen()
      assertUint(from, 52, 'from')
      assertLimit(limit)
      return (await queue.read(from, limit)).map(decodeEntry)
    },
    async apply(limit = Number.MAX_SAFE_INTEGER) {
      assertOpen()
      assertLimit(limit)
      return changing(async () => {
        const end = min(queue.length, state().queueLength + BigInt(limit))
        while (state().queueLength < end) {
          assertOpen()
          await applyNext(Math.min(MOST, Number(end - state().queueLength)))
        }
        return infoOf(newest())
      })
    },
    roots() {
      assertOpen()
      return tree.states.map(infoOf)
    },
    proof(handle, options = {}) {
      assertOpen()
      requireObject(options, 'options')
      const { root } = options
      const reader = root === undefined ? tree.readerAt() : readerAt(root)
      const proof = openLedger(reader, handle)
      if (!leadsToRoot(proof, reader, poseidon)) {
        throw new LedgerStoreError('tree', 'an opening does not lead to its root')
      }
      return proof
    },
    readerAt,
    async rewind(length) {
      assertOpen()
      assertUint(length, 64, 'length')
      await writing(() =>
        changing(async () => {
          if (length > queue.length) throw new RangeError('length must not be above the length of the queue')
          known = { length: 0n, head: 0n }
          if (length < tree.acknowledged) await tree.acknowledge(length)
          const which = tree.states.findLastIndex((one) => one.state.queueLength <= length)
          if (which >= 0) {
            if (which < tree.states.length - 1) await tree.rewind(which)
          } else {
            await tree.close()
            await rm(parts(path).tree, { recursive: true })
            tree = await openTree({
              location: parts(path).tree,
              name,
              keep,
              verify: false,
              hash: poseidon.hash,
            })
            await tree.acknowledge(length)
          }
          await queue.cut(length)
        }),
      )
    },
    async compact() {
      assertOpen()
      await changing(async () => {
        await tree.prune()
        for (const { database } of [queue, tree]) {
          await database.compactRange(Uint8Array.of(0), Uint8Array.of(0xff))
        }
      })
    },
    async backup(target) {
      assertOpen()
      if (await exists(target)) throw new LedgerError('there is something at the path of the backup')
      const partial = `${target}.partial`
      await rm(partial, { recursive: true, force: true }).catch(cannotMake('the backup'))
      await makeFolder(partial, 'the backup')
      await changing(async () => {
        // First the tree, so that the queue's copy has whatever is in it.
        await copyInto(tree.database, 'tree', parts(partial).tree)
        await copyInto(queue.database, 'queue', parts(partial).queue)
      })
      await rename(partial, target)
    },
    async close() {
      if (!isOpen) return
      isOpen = false
      await writing(() => changing(() => Promise.all([queue.database.close(), tree.close(), helped.close()])))
    },
    [Symbol.asyncDispose]: () => ledger.close(),
  }
  return ledger
}

/**
 * Tells whether an opening leads to its root. Each level is compared with the stored node above it, so that all of them are
 * hashed at once, two for the price of one.
 */
function leadsToRoot(proof: LedgerProof, reader: LedgerReader, poseidon: BulkPoseidon): boolean {
  const { leaf, index, siblings, state } = proof
  const own = siblings.map((_, level) => reader.node(level, Math.floor(index / 4 ** level)) ?? 0n)
  const rows = new BigUint64Array(ARITY * LIMBS * siblings.length)
  for (const [level, row] of siblings.entries()) {
    const children = [...row]
    children.splice(Math.floor(index / 4 ** level) % ARITY, 0, own[level] as bigint)
    for (const [place, child] of children.entries()) writeWords(rows, LIMBS * (ARITY * level + place), child)
  }
  const inputs = new Uint8Array(rows.buffer)
  const hashes = poseidon.hashMany({ arity: ARITY, count: siblings.length, inputs })
  const parents = new BigUint64Array(hashes.buffer)
  const above = [...own.slice(1), state.treeRoot]
  return (
    ledgerLeafHash(leaf, poseidon.hash) === own[0] &&
    above.every((parent, level) => readWords(parents, LIMBS * level) === parent)
  )
}

/**
 * Makes a damaged store whole again. A damaged tree is removed and rebuilt from the queue; a damaged queue is removed
 * with the tree and written anew from `entries`.
 *
 * @param options.entries  the whole queue, from its first entry, from a contract's events or another copy
 * @returns the ledger, everything applied
 * @throws {LedgerStoreError} if the queue is damaged and no entries are given
 */
export async function repairStore(
  options: StoreOptions & { readonly entries?: AsyncIterable<Entry> | Iterable<Entry> },
): Promise<Ledger> {
  const { path, entries } = options
  const open = (): Promise<Ledger> => openStore({ ...options, verify: true })
  const finish = async (ledger: Ledger): Promise<Ledger> => {
    await ledger.apply()
    return ledger
  }
  let damage: LedgerStoreError
  try {
    return await finish(await open())
  } catch (error) {
    if (!(error instanceof LedgerStoreError)) throw error
    damage = error
  }
  if (damage.part === 'tree') {
    await rm(parts(path).tree, { recursive: true, force: true })
    try {
      // A tree is missing only where none was: what the queue holds is checked in this first opening.
      await createTree(options)
      return await finish(await open())
    } catch (error) {
      if (!(error instanceof LedgerStoreError)) throw error
      damage = error
    }
  }
  if (entries === undefined) throw damage
  for (const part of Object.values(parts(path))) await rm(part, { recursive: true, force: true })
  const ledger = await open()
  let some: Entry[] = []
  for await (const entry of entries) {
    some.push(entry)
    if (some.length < MOST) continue
    await ledger.append(some)
    some = []
  }
  await ledger.append(some)
  return finish(ledger)
}

async function createTree({ path, id, categories, keep, poseidon }: StoreOptions): Promise<void> {
  const name = { id, categories }
  const tree = await openTree({ location: parts(path).tree, name, keep, verify: false, hash: poseidon.hash })
  await tree.close()
}

/** Returns a function that runs tasks one after the other. */
function createQueueOfTasks(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (task) => {
    const result = last.then(task)
    last = result.catch(() => {})
    return result
  }
}

function infoOf({ root, state }: LedgerRootInfo): LedgerRootInfo {
  return { root, state }
}

/** Lets timers, sockets and other callers have their turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
