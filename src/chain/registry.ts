/** Rebuilds the tree of a registry on chain from its events. Needs viem, an optional peer dependency. */
import type { Abi, Address } from 'viem'
import { RegistryError, requireObject } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import type { MerkleProof } from '../merkle/proof.js'
import { QUATERNARY_CAPACITY, QuaternaryTree } from '../merkle/quaternary.js'
import { createFollower, type Follower, type FollowOptions } from './follow.js'
import { createMemoryLog, type RegistryEvent, type RegistryLog } from './log.js'

/** What the indexer reads of `contracts/QuaternaryRegistry.sol`. */
export const REGISTRY_ABI = [
  {
    type: 'event',
    name: 'LeafWritten',
    inputs: [
      { name: 'write', type: 'uint256', indexed: true },
      { name: 'index', type: 'uint256', indexed: true },
      { name: 'leaf', type: 'uint256', indexed: false },
    ],
  },
  {
    type: 'event',
    name: 'RootCommitted',
    inputs: [
      { name: 'root', type: 'uint256', indexed: true },
      { name: 'writes', type: 'uint256', indexed: false },
    ],
  },
] as const satisfies Abi

/** What one pass added. */
export interface RegistryReport {
  /** Events that were new: writes and roots. */
  readonly added: number
}

/**
 * Follows a registry. `sync` throws a {@link RegistryError} if events are missing, out of order, or do not lead to the roots among them.
 *
 * Root, leaves and openings are those of the last root, whatever was written since.
 */
export interface RegistryIndexer extends Follower<RegistryReport> {
  /** The last root of the contract; that of the empty tree before the first. */
  readonly root: bigint
  /** Leaves under the root, in order, the revoked ones 0. */
  leaves(): readonly bigint[]
  /** Nodes of a level under the root, from 0, the leaves, to 10. */
  nodes(level: number): readonly bigint[]
  /**
   * Opens the root at an index.
   *
   * @throws {RangeError} unless it is that of a leaf
   */
  proof(index: number): MerkleProof
}

/** What events lead to. */
interface State {
  readonly tree: QuaternaryTree
  /** Leaves ever appended under the root, and with the writes that wait. */
  committed: number
  size: number
  writes: number
  waiting: Map<number, bigint>
}

/**
 * Creates an indexer from what its log holds.
 *
 * A node that leaves events out or alters them is found out by the numbers of writes and by the next root, which is computed again here;
 * a node that leaves out the newest events is merely behind.
 *
 * @throws {RegistryError} if the log does not lead to its own last root
 * @throws {TypeError|RangeError} naming the option that is malformed
 */
export async function createRegistryIndexer(
  options: FollowOptions & { readonly address: Address; readonly log?: RegistryLog },
): Promise<RegistryIndexer> {
  requireObject(options, 'options')
  const { client, address, log = createMemoryLog() } = options
  let events = [...(await log.load())]
  let state = replay(events)

  const fetch = (fromBlock: bigint, toBlock: bigint) =>
    client.getContractEvents({ address, abi: REGISTRY_ABI, fromBlock, toBlock, strict: true })

  const follower = createFollower<Awaited<ReturnType<typeof fetch>>, { added: number }>(
    {
      items: 'events',
      store: 'log',
      error: (message) => new RegistryError(message),
      check: async () => {},
      length: () => BigInt(events.length),
      async rewind(length) {
        await log.truncate(Number(length))
        events = events.slice(0, Number(length))
        state = replay(events)
      },
      newReport: () => ({ added: 0 }),
      fetch,
      async add(found, length, report) {
        const parsed = parse(found, events.slice(0, Number(length)))
        const known = events.slice(Number(length), Number(length) + parsed.length)
        if (known.some((event, i) => !isSame(event, parsed[i] as RegistryEvent))) {
          throw new RegistryError('the log holds other events than the contract')
        }
        const fresh = parsed.slice(known.length)
        try {
          advance(state, fresh)
        } catch (error) {
          state = replay(events)
          throw error
        }
        if (fresh.length > 0) await log.append(fresh)
        events.push(...fresh)
        report.added += fresh.length
        return BigInt(parsed.length)
      },
    },
    options,
  )
  return {
    ...follower,
    get root() {
      return state.tree.root
    },
    leaves: () => Array.from({ length: state.committed }, (_, index) => state.tree.leaf(index)),
    nodes: (level) => state.tree.row(level),
    proof(index) {
      if (!Number.isInteger(index) || index < 0 || index >= state.committed) {
        throw new RangeError('index must be that of a leaf')
      }
      return state.tree.proof(index)
    },
  }
}

/** Reads events, whose numbers go on from those before. */
function parse(found: unknown, before: readonly RegistryEvent[]): RegistryEvent[] {
  if (!Array.isArray(found)) throw new RegistryError("the node's answer is malformed")
  let writes = BigInt(before.filter(({ index }) => index !== undefined).length)
  return found.map((event): RegistryEvent => {
    const args = requireNumbers(event?.args)
    if (event.eventName === 'LeafWritten') {
      if (args.write !== writes) throw new RegistryError("the node's events are not all of the contract's")
      writes++
      if (args.index === undefined || args.leaf === undefined || args.index >= QUATERNARY_CAPACITY) {
        throw new RegistryError("the node's answer is malformed")
      }
      return { index: Number(args.index), leaf: args.leaf }
    }
    if (args.writes !== writes) throw new RegistryError("the node's events are not all of the contract's")
    if (args.root === undefined) throw new RegistryError("the node's answer is malformed")
    return { root: args.root }
  })
}

/** The numbers of an event, which a node may get wrong in any way. */
function requireNumbers(args: unknown): Readonly<Record<string, bigint | undefined>> {
  if (typeof args !== 'object' || args === null) throw new RegistryError("the node's answer is malformed")
  for (const value of Object.values(args)) {
    if (typeof value !== 'bigint' || value < 0n || value >= FIELD_MODULUS) {
      throw new RegistryError("the node's answer is malformed")
    }
  }
  return args as Record<string, bigint | undefined>
}

function replay(events: readonly RegistryEvent[]): State {
  const state: State = { tree: new QuaternaryTree(), committed: 0, size: 0, writes: 0, waiting: new Map() }
  return advance(state, events)
}

/** Applies events. The last root among them is computed again; those before it have no leaves of their own to be checked by. */
function advance(state: State, events: readonly RegistryEvent[]): State {
  const last = events.findLastIndex(({ index }) => index === undefined)
  for (const [i, event] of events.entries()) {
    if (event.index !== undefined) {
      const isNew = event.index === state.size
      if (event.index > state.size || isNew !== (event.leaf !== 0n)) {
        throw new RegistryError('the events are not those of a registry')
      }
      if (isNew) state.size++
      state.writes++
      state.waiting.set(event.index, event.leaf)
    } else if (i === last) {
      state.tree.writeAll(state.waiting)
      state.waiting.clear()
      state.committed = state.size
      if (state.tree.root !== event.root) {
        throw new RegistryError("the events do not lead to the contract's root")
      }
    }
  }
  return state
}

function isSame(a: RegistryEvent, b: RegistryEvent): boolean {
  if (a.index === undefined || b.index === undefined)
    return a.index === b.index && 'root' in a && 'root' in b && a.root === b.root
  return a.index === b.index && a.leaf === b.leaf
}
