import { SchemaError } from '../errors.js'
import { readArray, readDecimal, readObject, within } from '../merkle/json.js'
import {
  assertLedgerProof,
  HANDLE_BOUND,
  LEDGER_CATEGORIES,
  LEDGER_DEPTH,
  type LedgerLeaf,
  type LedgerProof,
  type LedgerState,
  ledgerRoot,
} from '../merkle/ledger.js'
import { type Entry, encodeEntry, isMoved, MOVED } from './entry.js'

/** An entry in JSON: numbers as canonical decimal strings, with a sign where the amount is negative. */
export type EntryJson =
  | {
      readonly handle: string
      readonly category: number
      readonly amount: string
      readonly ref: string
      readonly at: string
    }
  | { readonly handle: string; readonly category: typeof MOVED; readonly to: string }

/** What a root binds, in JSON, with the root. */
export interface LedgerStateJson {
  readonly root: string
  readonly ledgerId: string
  readonly categories: string
  readonly treeRoot: string
  readonly size: number
  readonly queueLength: string
  readonly queueHead: string
}

/** An opening of a ledger in JSON. */
export interface LedgerProofJson {
  readonly state: LedgerStateJson
  readonly leaf: {
    readonly handle: string
    readonly next: string
    readonly tallies: readonly { readonly count: string; readonly sum: string }[]
    readonly head: string
  }
  readonly index: number
  readonly siblings: readonly (readonly string[])[]
}

/** Writes an entry as plain JSON data with a fixed order of keys. */
export function entryToJson(entry: Entry): EntryJson {
  const handle = entry.handle.toString()
  if (isMoved(entry)) return { handle, category: MOVED, to: entry.to.toString() }
  const { category, amount, ref, at } = entry
  return { handle, category, amount: amount.toString(), ref: ref.toString(), at: at.toString() }
}

/**
 * Reads an entry.
 *
 * @param path what the entry is called in errors
 * @throws {SchemaError} if a part is missing, unknown or malformed
 */
export function entryFromJson(json: unknown, path = 'entry'): Entry {
  const moved = typeof json === 'object' && json !== null && 'category' in json && json.category === MOVED
  const keys = moved ? ['handle', 'category', 'to'] : ['handle', 'category', 'amount', 'ref', 'at']
  const object = readObject(json, path, keys)
  const handle = readDecimal(object['handle'], `${path}.handle`)
  const entry: Entry = moved
    ? { handle, category: MOVED, to: readDecimal(object['to'], `${path}.to`) }
    : {
        handle,
        category: object['category'] as number,
        amount: readSigned(object['amount'], `${path}.amount`),
        ref: readDecimal(object['ref'], `${path}.ref`),
        at: readDecimal(object['at'], `${path}.at`),
      }
  within(path, () => encodeEntry(entry))
  return entry
}

function readSigned(json: unknown, path: string): bigint {
  if (typeof json !== 'string' || !json.startsWith('-')) return readDecimal(json, path)
  const amount = -readDecimal(json.slice(1), path)
  if (amount === 0n) throw new SchemaError(path, 'must be a canonical decimal string')
  return amount
}

/** Writes a state with its root. */
export function ledgerStateToJson(state: LedgerState): LedgerStateJson {
  return {
    root: ledgerRoot(state).toString(),
    ledgerId: state.ledgerId.toString(),
    categories: state.categories.toString(),
    treeRoot: state.treeRoot.toString(),
    size: state.size,
    queueLength: state.queueLength.toString(),
    queueHead: state.queueHead.toString(),
  }
}

/**
 * Reads a state and recomputes its root.
 *
 * @throws {SchemaError} if a part is missing, unknown or malformed, or the root another
 */
export function ledgerStateFromJson(json: unknown, path = 'state'): LedgerState {
  const numbers = ['root', 'ledgerId', 'categories', 'treeRoot', 'queueLength', 'queueHead'] as const
  const object = readObject(json, path, [...numbers, 'size'])
  const read = (name: (typeof numbers)[number]): bigint => readDecimal(object[name], `${path}.${name}`)
  const state: LedgerState = {
    ledgerId: read('ledgerId'),
    categories: read('categories'),
    treeRoot: read('treeRoot'),
    size: object['size'] as number,
    queueLength: read('queueLength'),
    queueHead: read('queueHead'),
  }
  if (within(path, () => ledgerRoot(state)) !== read('root')) {
    throw new SchemaError(`${path}.root`, 'does not follow from the state')
  }
  return state
}

/** Writes an opening as plain JSON data. */
export function ledgerProofToJson(proof: LedgerProof): LedgerProofJson {
  const { state, leaf, index, siblings } = proof
  return {
    state: ledgerStateToJson(state),
    leaf: {
      handle: leaf.handle.toString(),
      next: leaf.next.toString(),
      tallies: leaf.tallies.map(({ count, sum }) => ({ count: count.toString(), sum: sum.toString() })),
      head: leaf.head.toString(),
    },
    index,
    siblings: siblings.map((row) => row.map(String)),
  }
}

/**
 * Reads an opening and checks that it leads to the root of its state.
 *
 * @throws {SchemaError} if a part is missing, unknown or malformed, or leads elsewhere
 */
export function ledgerProofFromJson(json: unknown, path = 'proof'): LedgerProof {
  const object = readObject(json, path, ['state', 'leaf', 'index', 'siblings'])
  const proof: LedgerProof = {
    state: ledgerStateFromJson(object['state'], `${path}.state`),
    leaf: readLeaf(object['leaf'], `${path}.leaf`),
    index: object['index'] as number,
    siblings: readArray(object['siblings'], `${path}.siblings`, LEDGER_DEPTH).map((row, level) =>
      readArray(row, `${path}.siblings[${level}]`, 3).map((sibling, i) =>
        readDecimal(sibling, `${path}.siblings[${level}][${i}]`),
      ),
    ),
  }
  within(path, () => assertLedgerProof(proof, 'opening'))
  return proof
}

function readLeaf(json: unknown, path: string): LedgerLeaf {
  const object = readObject(json, path, ['handle', 'next', 'tallies', 'head'])
  return {
    handle: readDecimal(object['handle'], `${path}.handle`, HANDLE_BOUND),
    next: readDecimal(object['next'], `${path}.next`, HANDLE_BOUND + 1n),
    tallies: readArray(object['tallies'], `${path}.tallies`, LEDGER_CATEGORIES).map((entry, c) => {
      const at = `${path}.tallies[${c}]`
      const tally = readObject(entry, at, ['count', 'sum'])
      return {
        count: readDecimal(tally['count'], `${at}.count`, 1n << 64n),
        sum: readDecimal(tally['sum'], `${at}.sum`, 1n << 64n),
      }
    }),
    head: readDecimal(object['head'], `${path}.head`),
  }
}
