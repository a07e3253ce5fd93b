import { assertField, assertUint } from '../field.js'
import {
  categoriesHash,
  LEDGER_CATEGORIES,
  LEDGER_DEPTH,
  type LedgerProof,
  ledgerIdOf,
  ledgerLeafHash,
} from '../merkle/ledger.js'
import { assertSecret, bitsOf, type ContextSignals, childrenOf } from './context.js'
import type { CircuitInputs } from './membership.js'

/** Entries that a handle may have in `ledger-history`. */
export const HISTORY_ENTRIES = 32

const AMOUNT_BIAS = 1n << 64n

/** A condition on the single entries of a Soul in a ledger: how many of them match. */
export interface HistoryQuery {
  /** Id of the ledger, and its categories in order. */
  readonly ledger: { readonly id: string; readonly categories: readonly string[] }
  /** Names of the categories whose entries match. */
  readonly of: readonly string[]
  /** Only entries at or after this time match, Unix seconds below 2^40; by default all. */
  readonly since?: bigint
  /** Only entries with an amount of at least this match, -2^64..2^64 - 1; by default all. */
  readonly least?: bigint
  /** How many may match, 0..2^16 - 1 each; by default from 0 to 2^16 - 1, and one of them has to be given. */
  readonly fewest?: number
  readonly most?: number
}

/** A query as field elements. */
export interface QuerySignals {
  readonly ledgerId: bigint
  readonly categories: bigint
  readonly mask: bigint
  readonly since: bigint
  /** The amount + 2^64. */
  readonly least: bigint
  readonly fewest: bigint
  readonly most: bigint
}

/** Public signals of `ledger-history`, in circuit order. */
export interface LedgerHistorySignals extends ContextSignals, QuerySignals {
  readonly nullifier: bigint
  readonly ledgerRoot: bigint
}

/** Names of the public signals of `ledger-history`, in circuit order. */
export const LEDGER_HISTORY_SIGNALS = [
  'nullifier',
  'scope',
  'message',
  'verifierKey',
  'verifierKey2',
  'ledgerRoot',
  'ledgerId',
  'categories',
  'mask',
  'since',
  'least',
  'fewest',
  'most',
] as const

/** A proof of `ledger-history` that is ready to be made: see `prepareHistory` of `soulproof/ledger`. */
export interface ProvableHistory {
  readonly inputs: CircuitInputs
  /** In circuit order. */
  readonly publicSignals: readonly string[]
}

/**
 * Reads a query.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed, or if every history or none satisfies it
 */
export function querySignals(query: HistoryQuery): QuerySignals {
  if (typeof query !== 'object' || query === null) throw new TypeError('query must be an object')
  const { ledger, of, since = 0n, least = -AMOUNT_BIAS, fewest = 0, most = 2 ** 16 - 1 } = query
  if (!Array.isArray(ledger?.categories)) throw new TypeError('query.ledger must have an id and categories')
  if (ledger.categories.length > LEDGER_CATEGORIES) {
    throw new RangeError(`query.ledger must have at most ${LEDGER_CATEGORIES} categories`)
  }
  if (!Array.isArray(of)) throw new TypeError('query.of must be an array of categories')
  if (of.length === 0) throw new RangeError('query.of must name a category')
  if (new Set(of).size !== of.length) throw new RangeError('query.of must not repeat a category')
  let mask = 0n
  for (const name of of) {
    const category = ledger.categories.indexOf(name)
    if (category < 0) throw new RangeError('query.of must name categories of the ledger')
    mask += 1n << BigInt(category)
  }
  assertUint(since, 40, 'query.since')
  if (typeof least !== 'bigint') throw new TypeError('query.least must be a bigint')
  if (least < -AMOUNT_BIAS || least >= AMOUNT_BIAS)
    throw new RangeError('query.least must be at least -2^64 and below 2^64')
  for (const [name, value] of Object.entries({ fewest, most })) {
    if (typeof value !== 'number') throw new TypeError(`query.${name} must be a number`)
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 16)
      throw new RangeError(`query.${name} must be an integer from 0 to ${2 ** 16 - 1}`)
  }
  if (fewest === 0 && most >= HISTORY_ENTRIES)
    throw new RangeError('query holds for every history; give most or fewest')
  if (fewest > most || fewest > HISTORY_ENTRIES) throw new RangeError('query holds for no history')
  return {
    ledgerId: ledgerIdOf(ledger.id),
    categories: categoriesHash(ledger.categories),
    mask,
    since,
    least: least + AMOUNT_BIAS,
    fewest: BigInt(fewest),
    most: BigInt(most),
  }
}

/** Returns the public signals in circuit order, as decimal strings. */
export function ledgerHistoryPublicSignals(signals: LedgerHistorySignals): string[] {
  return LEDGER_HISTORY_SIGNALS.map((name) => signals[name].toString())
}

/** Returns the inputs of `circuits/statements/ledger-history.circom`. Throws if there are more entries than it has. */
export function ledgerHistoryInputs(
  signals: LedgerHistorySignals,
  witness: {
    readonly secret: bigint
    readonly proof: LedgerProof
    /** Category and content of each entry of the handle, in order. */
    readonly entries: readonly { readonly category: number; readonly content: bigint }[]
  },
): CircuitInputs {
  const { secret, proof, entries } = witness
  const { leaf, state, index } = proof
  assertSecret(secret)
  assertField(signals.nullifier, 'nullifier')
  if (entries.length > HISTORY_ENTRIES) throw new RangeError(`entries must be at most ${HISTORY_ENTRIES}`)
  const slots = Array.from({ length: HISTORY_ENTRIES }, (_, i) => entries[i])
  return {
    ...Object.fromEntries(LEDGER_HISTORY_SIGNALS.map((name) => [name, signals[name]])),
    secret,
    handle: leaf.handle,
    next: leaf.next,
    counts: leaf.tallies.map(({ count }) => count),
    sums: leaf.tallies.map(({ sum }) => sum),
    head: leaf.head,
    index: bitsOf(index, 2 * LEDGER_DEPTH),
    children: childrenOf({ ...proof, leaf: ledgerLeafHash(leaf) }).children,
    size: BigInt(state.size),
    queueLength: state.queueLength,
    queueHead: state.queueHead,
    used: slots.map((slot) => (slot === undefined ? 0n : 1n)),
    category: slots.map((slot) => bitsOf(slot?.category ?? 0, 2)),
    content: slots.map((slot) => slot?.content ?? 0n),
  } as CircuitInputs
}
