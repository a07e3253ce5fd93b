/** Feeds a ledger from its contract's events. Needs viem, an optional peer dependency. */
import type { Abi, Address } from 'viem'
import { createBulkPoseidon } from '../bn254/poseidon.js'
import { createFollower, type Follower, type FollowOptions, type Pass } from '../chain/follow.js'
import { LedgerError, requireObject } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
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

export {
  type Checkpoint,
  type Cursor,
  createFileCursor,
  createMemoryCursor,
  type Follower,
  type FollowOptions,
  type Pass,
} from '../chain/follow.js'

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

/** What one pass added: how many entries, and the roots that the contract was given. */
export interface SyncedEntries {
  readonly appended: number
  readonly roots: readonly IndexedRoot[]
}

/** What one pass did. */
export type SyncReport = Pass & SyncedEntries

/**
 * Reads a contract into a ledger.
 *
 * `sync` throws a {@link LedgerError} if the node's events are not the contract's queue, or the ledger holds other entries.
 */
export type Indexer = Follower<SyncedEntries>

/**
 * Creates an indexer. Blocks are known by their hashes, and each pass ends at the contract's own head of the queue, so that
 * neither a reorganisation nor a node that leaves events out puts a wrong entry into the ledger.
 *
 * Roots that the contract accepts are applied at their lengths, so that the ledger can open them; other entries wait.
 *
 * @throws {TypeError|RangeError} naming what is malformed
 */
export function createIndexer(
  options: FollowOptions & { readonly ledger: Ledger; readonly address: Address },
): Indexer {
  requireObject(options, 'options')
  const { ledger, client, address } = options
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

  const fetch = (fromBlock: bigint, toBlock: bigint) =>
    client.getContractEvents({ ...contract, fromBlock, toBlock, strict: true })

  /** Takes entries and roots out of events. */
  function parse(events: Awaited<ReturnType<typeof fetch>>, length: bigint) {
    const words: EntryWords[] = []
    const roots: Omit<IndexedRoot, 'isRight'>[] = []
    if (!Array.isArray(events)) throw malformed()
    for (const event of events) {
      requireNumbers(event)
      if (event.eventName === 'EntryAppended') {
        const { index, subject, content } = event.args
        if (index !== length + BigInt(words.length)) {
          throw new LedgerError("the node's events are not the whole queue")
        }
        words.push({ subject, content })
      } else if (event.eventName === 'RootAccepted') roots.push({ ...event.args, status: 'accepted' })
      else if (event.eventName === 'RootProposed') roots.push({ ...event.args, status: 'proposed' })
    }
    return { words, roots }
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

  return createFollower<Awaited<ReturnType<typeof fetch>>, { appended: number; roots: IndexedRoot[] }>(
    {
      items: 'entries',
      store: 'ledger',
      error: (message) => new LedgerError(message),
      check: assertNamed,
      length: () => ledger.length,
      rewind: (length) => ledger.rewind(length),
      newReport: () => ({ appended: 0, roots: [] }),
      fetch,
      async add(events, length, report) {
        const { words, roots } = parse(events, length)
        report.appended += await store(length, words)
        for (const root of roots) report.roots.push(await check(root))
        return BigInt(words.length)
      },
    },
    options,
  )
}

const malformed = (): LedgerError => new LedgerError("the node's answer is malformed")

/** The numbers of each event. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  EntryAppended: ['index', 'subject', 'content'],
  RootAccepted: ['root', 'queueLength', 'completeAt'],
  RootProposed: ['root', 'queueLength'],
}

/** Checks the numbers of an event, which a node may get wrong in any way, or leave out. */
function requireNumbers(event: unknown): void {
  if (typeof event !== 'object' || event === null) throw malformed()
  const { eventName, args } = event as { eventName?: unknown; args?: unknown }
  if (typeof eventName !== 'string') throw malformed()
  const names = Object.hasOwn(NUMBERS, eventName) ? (NUMBERS[eventName] as readonly string[]) : []
  for (const name of names) {
    const value = (args as Record<string, unknown> | null | undefined)?.[name]
    if (typeof value !== 'bigint' || value < 0n || value >= FIELD_MODULUS) throw malformed()
  }
}

function isSame(entry: ReturnType<typeof decodeEntry>, words: EntryWords): boolean {
  const other = decodeEntry(words) as unknown as Record<string, unknown>
  return Object.entries(entry).every(([key, value]) => other[key] === value)
}
