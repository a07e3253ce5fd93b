/** Feeds a ledger from its contract's events. Needs viem, an optional peer dependency. */
import type { Abi, Address, Hash as BlockHash, PublicClient } from 'viem'
import { createBulkPoseidon } from '../bn254/poseidon.js'
import { LedgerError, requireObject } from '../errors.js'
import { decodeEntry, type EntryWords } from './entry.js'
import type { Ledger } from './store.js'

/** What the indexer reads of `contracts/Ledger.sol`. */
export const LEDGER_ABI = [
  {
    type: 'event',
    name: 'EntryAppended',
    inputs: [
      { name: 'index', type: 'uint256', indexed: true },
      { name: 'handle', type: 'uint256', indexed: true },
      { name: 'attestor', type: 'address', indexed: true },
      { name: 'subject', type: 'uint256', indexed: false },
      { name: 'content', type: 'uint256', indexed: false },
    ],
  },
  {
    type: 'event',
    name: 'RootAccepted',
    inputs: [
      { name: 'root', type: 'uint256', indexed: true },
      { name: 'queueLength', type: 'uint256', indexed: false },
      { name: 'completeAt', type: 'uint256', indexed: false },
    ],
  },
  {
    type: 'event',
    name: 'RootProposed',
    inputs: [
      { name: 'root', type: 'uint256', indexed: true },
      { name: 'queueLength', type: 'uint256', indexed: false },
    ],
  },
  {
    type: 'function',
    name: 'headAt',
    stateMutability: 'view',
    inputs: [{ name: 'length', type: 'uint256' }],
    outputs: [{ type: 'uint256' }],
  },
  {
    type: 'function',
    name: 'id',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'string' }],
  },
] as const satisfies Abi

/** A block up to which the ledger has the contract's entries. */
export interface Checkpoint {
  readonly block: bigint
  readonly hash: BlockHash
  /** Length of the queue after that block. */
  readonly length: bigint
}

/** Keeps checkpoints between runs. Losing them costs time only: entries that are there are compared, not appended. */
export interface Cursor {
  load(): Promise<readonly Checkpoint[]>
  save(checkpoints: readonly Checkpoint[]): Promise<void>
}

/** A root that the contract was given, beside what the queue leads to. */
export interface IndexedRoot {
  readonly root: bigint
  readonly queueLength: bigint
  readonly completeAt?: bigint
  /** A proposed root can be challenged. */
  readonly status: 'accepted' | 'proposed'
  /** Whether the queue leads to it; undefined if the ledger was applied past it and cannot tell any more. */
  readonly isRight: boolean | undefined
}

/** What one pass did. */
export interface SyncReport {
  /** The block that was read up to; undefined if there is none yet. */
  readonly block: bigint | undefined
  readonly appended: number
  /** Length to which the queue was taken back, if the chain had reorganised. */
  readonly rewoundTo?: bigint
  readonly roots: readonly IndexedRoot[]
}

/** Reads a contract into a ledger. */
export interface Indexer {
  /**
   * Reads everything up to the newest block that has enough confirmations. One pass at a time.
   *
   * @throws {LedgerError} if the node's events are not the contract's queue, or the ledger holds other entries
   */
  sync(): Promise<SyncReport>
  /** Goes on until the signal: a pass, what it did, a pause. Errors of the node are given to `onError`, and tried again. */
  watch(options: {
    readonly signal: AbortSignal
    /** Milliseconds, by default 4,000. */
    readonly interval?: number
    readonly onReport?: (report: SyncReport) => void
    readonly onError?: (error: unknown) => void
  }): Promise<void>
}

/** Checkpoints that are kept: the deepest reorganisation that costs no reading from the start. */
const KEPT = 256
/** Passes in a row that find the chain changing under them. */
const TRIES = 5

/**
 * Creates an indexer. Blocks are known by their hashes, and each pass ends at the contract's own head of the queue, so that
 * neither a reorganisation nor a node that leaves events out puts a wrong entry into the ledger.
 *
 * Roots that the contract accepts are applied at their lengths, so that the ledger can open them; other entries wait.
 *
 * @param options.fromBlock      the block of the contract's creation, or one before
 * @param options.confirmations  blocks that are left out at the end, by default 0
 * @param options.range          blocks for each question to the node, by default 10,000
 * @throws {TypeError|RangeError} naming what is malformed
 */
export function createIndexer(options: {
  readonly ledger: Ledger
  readonly client: PublicClient
  readonly address: Address
  readonly fromBlock: bigint
  readonly cursor?: Cursor
  readonly confirmations?: bigint
  readonly range?: bigint
}): Indexer {
  requireObject(options, 'options')
  const { ledger, client, address, fromBlock, confirmations = 0n, range = 10_000n } = options
  const cursor = options.cursor ?? createMemoryCursor()
  for (const [name, value] of Object.entries({ fromBlock, confirmations, range })) {
    if (typeof value !== 'bigint') throw new TypeError(`${name} must be a bigint`)
    if (value < 0n) throw new RangeError(`${name} must not be negative`)
  }
  if (range === 0n) throw new RangeError('range must not be 0')
  const contract = { address, abi: LEDGER_ABI } as const
  const { hash } = createBulkPoseidon()
  let isNamed = false

  async function assertNamed(): Promise<void> {
    if (isNamed) return
    if ((await client.readContract({ ...contract, functionName: 'id' })) !== ledger.id) {
      throw new LedgerError("the contract is not the ledger's")
    }
    isNamed = true
  }

  /** Hash of a block, or undefined if the node does not have it; other failures of the node are thrown. */
  const hashOf = async (blockNumber: bigint): Promise<BlockHash | undefined> => {
    try {
      return (await client.getBlock({ blockNumber })).hash
    } catch (error) {
      if ((error as Error).name === 'BlockNotFoundError') return undefined
      throw error
    }
  }

  /** Drops checkpoints of blocks that are not in the chain any more, and such that the ledger has lost. */
  async function stillThere(
    checkpoints: readonly Checkpoint[],
  ): Promise<{ readonly there: readonly Checkpoint[]; readonly isReorganised: boolean }> {
    let isReorganised = false
    for (let count = checkpoints.length; count > 0; count--) {
      const { block, hash, length } = checkpoints[count - 1] as Checkpoint
      const isSameBlock = (await hashOf(block)) === hash
      if (isSameBlock && length <= ledger.length) return { there: checkpoints.slice(0, count), isReorganised }
      if (!isSameBlock) isReorganised = true
    }
    return { there: [], isReorganised }
  }

  /** Reads a range of blocks, or returns undefined if the chain changed meanwhile. */
  async function readRange(from: bigint, to: bigint, length: bigint) {
    const hash = await hashOf(to)
    const events = await client.getContractEvents({ ...contract, fromBlock: from, toBlock: to, strict: true })
    if (hash === undefined || (await hashOf(to)) !== hash) return undefined
    const entries: { readonly index: bigint; readonly words: EntryWords; readonly block: bigint }[] = []
    const roots: Omit<IndexedRoot, 'isRight'>[] = []
    if (!Array.isArray(events)) throw malformed()
    for (const event of events) {
      requireNumbers(event?.args)
      if (event.eventName === 'EntryAppended') {
        const { index, subject, content } = event.args
        entries.push({ index, words: { subject, content }, block: event.blockNumber })
      } else if (event.eventName === 'RootAccepted') roots.push({ ...event.args, status: 'accepted' })
      else if (event.eventName === 'RootProposed') roots.push({ ...event.args, status: 'proposed' })
    }
    for (const [i, { index }] of entries.entries()) {
      if (index !== length + BigInt(i)) throw new LedgerError("the node's events are not the whole queue")
    }
    return { hash, entries, roots }
  }

  /** Appends what is new; what is there already has to be the same. */
  async function store(from: bigint, words: readonly EntryWords[]): Promise<number> {
    const known = ledger.length - from
    const there = await ledger.entries(from, Math.min(words.length, Number(known < 0n ? 0n : known)))
    const same = there.every((entry, i) => isSame(entry, words[i] as EntryWords))
    if (!same) throw new LedgerError('the ledger holds other entries than the contract')
    const rest = words.slice(there.length)
    let head = there.length === words.length ? undefined : await ledger.head()
    if (head === undefined) return 0
    for (const { subject, content } of rest) head = hash([head, subject, content])
    const length = ledger.length + BigInt(rest.length)
    if ((await client.readContract({ ...contract, functionName: 'headAt', args: [length] })) !== head) {
      throw new LedgerError("the node's events do not lead to the contract's head")
    }
    await ledger.append(rest.map(decodeEntry))
    return rest.length
  }

  async function check(root: Omit<IndexedRoot, 'isRight'>): Promise<IndexedRoot> {
    const { queueLength } = root
    const applied = ledger.reader.state.queueLength
    if (applied < queueLength) await ledger.apply(Number(queueLength - applied))
    const found = ledger.roots().find(({ state }) => state.queueLength === queueLength)
    return { ...root, isRight: found && found.root === root.root }
  }

  async function pass(): Promise<SyncReport | undefined> {
    await assertNamed()
    const latest = await client.getBlockNumber({ cacheTime: 0 })
    if (typeof latest !== 'bigint') throw malformed()
    const end = latest - confirmations
    const saved = await cursor.load()
    if (!isCheckpoints(saved)) throw new LedgerError('the cursor does not give checkpoints')
    // A node that is behind says nothing about the chain. After a reorganisation it soon is longer than before.
    if (latest < (saved.at(-1)?.block ?? 0n)) return { block: saved.at(-1)?.block, appended: 0, roots: [] }
    const { there, isReorganised } = await stillThere(saved)
    let checkpoints = there
    let length = checkpoints.at(-1)?.length ?? 0n
    let rewoundTo: bigint | undefined
    // Nothing is taken back because checkpoints were lost: then entries are compared from the last one.
    if (isReorganised && ledger.length > length) {
      rewoundTo = length
      await ledger.rewind(length)
      await cursor.save(checkpoints)
    }
    let appended = 0
    const roots: IndexedRoot[] = []
    let from = (checkpoints.at(-1)?.block ?? fromBlock - 1n) + 1n
    for (; from <= end; from += range) {
      const to = from + range - 1n < end ? from + range - 1n : end
      const found = await readRange(from, to, length)
      if (found === undefined) return undefined
      appended += await store(
        length,
        found.entries.map(({ words }) => words),
      )
      length += BigInt(found.entries.length)
      for (const root of found.roots) roots.push(await check(root))
      checkpoints = [...checkpoints, { block: to, hash: found.hash, length }].slice(-KEPT)
      await cursor.save(checkpoints)
    }
    if (checkpoints.length > 0 && ledger.length > length) {
      throw new LedgerError('the ledger holds more entries than the contract')
    }
    return {
      block: checkpoints.at(-1)?.block,
      appended,
      ...(rewoundTo !== undefined && { rewoundTo }),
      roots,
    }
  }

  let last: Promise<unknown> = Promise.resolve()
  const sync = (): Promise<SyncReport> => {
    const result = last.then(async () => {
      for (let i = 0; i < TRIES; i++) {
        const report = await pass()
        if (report !== undefined) return report
      }
      throw new LedgerError('the chain changes faster than it can be read')
    })
    last = result.catch(() => {})
    return result
  }

  return {
    sync,
    async watch({ signal, interval = 4000, onReport, onError }) {
      while (!signal.aborted) {
        await sync().then(onReport, onError ?? (() => {}))
        await pause(interval, signal)
      }
    },
  }
}

const malformed = (): LedgerError => new LedgerError("the node's answer is malformed")

/** The numbers of an event, which a node may get wrong in any way. */
function requireNumbers(args: unknown): void {
  if (typeof args !== 'object' || args === null) throw malformed()
  for (const name of ['index', 'subject', 'content', 'root', 'queueLength', 'completeAt']) {
    const value = (args as Record<string, unknown>)[name]
    if (value !== undefined && (typeof value !== 'bigint' || value < 0n)) throw malformed()
  }
}

function isCheckpoints(value: unknown): value is readonly Checkpoint[] {
  return (
    Array.isArray(value) &&
    value.every(
      (point) =>
        [point?.block, point?.length].every((number) => typeof number === 'bigint' && number >= 0n) &&
        typeof point.hash === 'string',
    )
  )
}

/** Creates a cursor that lasts as long as the process. */
export function createMemoryCursor(): Cursor {
  let kept: readonly Checkpoint[] = []
  return {
    load: async () => kept,
    async save(checkpoints) {
      kept = [...checkpoints]
    },
  }
}

/** Creates a cursor in a file, which is replaced as a whole. A file that is not one counts as none. */
export function createFileCursor(path: string): Cursor {
  if (typeof path !== 'string') throw new TypeError('path must be a string')
  return {
    async load() {
      const { readFile } = await importFiles()
      try {
        const parsed = JSON.parse(await readFile(path, 'utf8')) as {
          checkpoints: { block: string; hash: BlockHash; length: string }[]
        }
        const checkpoints = parsed.checkpoints.map(({ block, hash, length }) => ({
          block: BigInt(block),
          hash,
          length: BigInt(length),
        }))
        return isCheckpoints(checkpoints) ? checkpoints : []
      } catch {
        return []
      }
    },
    async save(checkpoints) {
      const { rename, writeFile } = await importFiles()
      const texts = checkpoints.map(({ block, hash, length }) => ({
        block: `${block}`,
        hash,
        length: `${length}`,
      }))
      await writeFile(`${path}.partial`, JSON.stringify({ version: 1, checkpoints: texts }))
      await rename(`${path}.partial`, path)
    },
  }
}

/** Imports Node's files by a name that bundlers for browsers do not follow. */
async function importFiles(): Promise<typeof import('node:fs/promises')> {
  const [name] = ['node:fs/promises']
  return import(/* @vite-ignore */ name!)
}

function isSame(entry: ReturnType<typeof decodeEntry>, words: EntryWords): boolean {
  const other = decodeEntry(words) as unknown as Record<string, unknown>
  return Object.entries(entry).every(([key, value]) => other[key] === value)
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
  })
}
