/** Follows a contract's events block by block, through reorganisations and restarts. Needs viem, an optional peer dependency. */
import type { Hash as BlockHash, PublicClient } from 'viem'

/** A block up to which the store has the contract's items. */
export interface Checkpoint {
  readonly block: bigint
  readonly hash: BlockHash
  /** Items of the contract after that block. */
  readonly length: bigint
}

/** Keeps checkpoints between runs. Losing them costs time only: items that are there are compared, not added. */
export interface Cursor {
  /** Checkpoints that were saved last, oldest first; none before the first time. */
  load(): Promise<readonly Checkpoint[]>
  /** Keeps these instead of those before; at most 256, oldest first. */
  save(checkpoints: readonly Checkpoint[]): Promise<void>
}

/** What is followed, and where it is kept. A report gathers what a pass did. */
export interface Followed<Events, Report> {
  /** What items are called in errors, such as entries. */
  readonly items: string
  /** What holds them is called, such as ledger. */
  readonly store: string
  error(message: string): Error
  /** Runs at the start of each pass; refuses another contract. */
  check(): Promise<void>
  /** Items that are stored. */
  length(): bigint
  /** Takes the store back to its first items. */
  rewind(length: bigint): Promise<void>
  newReport(): Report
  /** Asks the node for the events of blocks; they are looked at only if the chain did not change meanwhile. */
  fetch(from: bigint, to: bigint): Promise<Events>
  /**
   * Stores what is new, compares what is there already, and returns how many items the events were.
   *
   * @param length  items of the contract before these events
   */
  add(events: Events, length: bigint, report: Report): Promise<bigint>
}

/** What one pass did, beside the report of what is followed. */
export interface Pass {
  /** The block that was read up to; undefined if there is none yet. */
  readonly block: bigint | undefined
  /** Length to which the store was taken back, if the chain had reorganised. */
  readonly rewoundTo?: bigint
}

/** How the chain is read. */
export interface FollowOptions {
  readonly client: PublicClient
  /** The block of the contract's creation, or one before. */
  readonly fromBlock: bigint
  readonly cursor?: Cursor
  /** Blocks that are left out at the end, by default 0. */
  readonly confirmations?: bigint
  /** Blocks for each question to the node, by default 10,000. */
  readonly range?: bigint
}

/** Reads a contract into a store. */
export interface Follower<Report> {
  /** Reads everything up to the newest block that has enough confirmations. One pass at a time. */
  sync(): Promise<Pass & Report>
  /** Goes on until the signal: a pass, what it did, a pause. Errors of the node are given to `onError`, and tried again. */
  watch(options: {
    readonly signal: AbortSignal
    /** Milliseconds, by default 4,000. */
    readonly interval?: number
    readonly onReport?: (report: Pass & Report) => void
    readonly onError?: (error: unknown) => void
  }): Promise<void>
}

/** Checkpoints that are kept: the deepest reorganisation that costs no reading from the start. */
const KEPT = 256
/** Passes in a row that find the chain changing under them. */
const TRIES = 5

/**
 * Creates a follower. Blocks are known by their hashes, before and after their events are read, so that a reorganisation
 * neither leaves an item of a lost block in the store nor mixes two chains.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed
 */
export function createFollower<Events, Report>(
  followed: Followed<Events, Report>,
  options: FollowOptions,
): Follower<Report> {
  const { client, fromBlock, confirmations = 0n, range = 10_000n } = options
  const cursor = options.cursor ?? createMemoryCursor()
  for (const [name, value] of Object.entries({ fromBlock, confirmations, range })) {
    if (typeof value !== 'bigint') throw new TypeError(`${name} must be a bigint`)
    if (value < 0n) throw new RangeError(`${name} must not be negative`)
  }
  if (range === 0n) throw new RangeError('range must not be 0')

  /** Hash of a block, or undefined if the node does not have it; other failures of the node are thrown. */
  const hashOf = async (blockNumber: bigint): Promise<BlockHash | undefined> => {
    try {
      return (await client.getBlock({ blockNumber })).hash
    } catch (error) {
      if ((error as Error).name === 'BlockNotFoundError') return undefined
      throw error
    }
  }

  /** Drops checkpoints of blocks that are not in the chain any more, and such that the store has lost. */
  async function stillThere(
    checkpoints: readonly Checkpoint[],
  ): Promise<{ readonly there: readonly Checkpoint[]; readonly isReorganised: boolean }> {
    let isReorganised = false
    for (let count = checkpoints.length; count > 0; count--) {
      const { block, hash, length } = checkpoints[count - 1] as Checkpoint
      const isSameBlock = (await hashOf(block)) === hash
      if (isSameBlock && length <= followed.length())
        return { there: checkpoints.slice(0, count), isReorganised }
      if (!isSameBlock) isReorganised = true
    }
    return { there: [], isReorganised }
  }

  async function pass(report: Report): Promise<Pass | undefined> {
    await followed.check()
    const latest = await client.getBlockNumber({ cacheTime: 0 })
    if (typeof latest !== 'bigint') throw followed.error("the node's answer is malformed")
    const end = latest - confirmations
    const saved = await cursor.load()
    if (!isCheckpoints(saved)) throw followed.error('the cursor does not give checkpoints')
    // A node that is behind says nothing about the chain. After a reorganisation it soon is longer than before.
    if (latest < (saved.at(-1)?.block ?? 0n)) return { block: saved.at(-1)?.block }
    const { there, isReorganised } = await stillThere(saved)
    let checkpoints = there
    let length = checkpoints.at(-1)?.length ?? 0n
    let rewoundTo: bigint | undefined
    // Nothing is taken back because checkpoints were lost: then items are compared from the last one.
    if (isReorganised && followed.length() > length) {
      rewoundTo = length
      await followed.rewind(length)
      await cursor.save(checkpoints)
    }
    let from = (checkpoints.at(-1)?.block ?? fromBlock - 1n) + 1n
    for (; from <= end; from += range) {
      const to = from + range - 1n < end ? from + range - 1n : end
      const hash = await hashOf(to)
      const events = await followed.fetch(from, to)
      if (hash === undefined || (await hashOf(to)) !== hash) return undefined
      length += await followed.add(events, length, report)
      checkpoints = [...checkpoints, { block: to, hash, length }].slice(-KEPT)
      await cursor.save(checkpoints)
    }
    if (checkpoints.length > 0 && followed.length() > length) {
      throw followed.error(`the ${followed.store} holds more ${followed.items} than the contract`)
    }
    return { block: checkpoints.at(-1)?.block, ...(rewoundTo !== undefined && { rewoundTo }) }
  }

  let last: Promise<unknown> = Promise.resolve()
  const sync = (): Promise<Pass & Report> => {
    const result = last.then(async () => {
      for (let i = 0; i < TRIES; i++) {
        const report = followed.newReport()
        const done = await pass(report)
        if (done !== undefined) return { ...done, ...report }
      }
      throw followed.error('the chain changes faster than it can be read')
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
export async function importFiles(): Promise<typeof import('node:fs/promises')> {
  const [name] = ['node:fs/promises']
  return import(/* @vite-ignore */ name!)
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
