import { requireObject, StatementError } from '../errors.js'
import {
  assertLedgerProof,
  EMPTY_HISTORY,
  type LedgerProof,
  ledgerRoot,
  talliesIn,
} from '../merkle/ledger.js'
import { requireSoul } from '../soul/check.js'
import { handleOf } from '../soul/handle.js'
import type { Soul } from '../soul/index.js'
import { type Context, contextSignals, soulNullifier } from '../statements/context.js'
import {
  HISTORY_ENTRIES,
  type HistoryQuery,
  type LedgerHistorySignals,
  ledgerHistoryInputs,
  ledgerHistoryPublicSignals,
  type ProvableHistory,
  querySignals,
} from '../statements/ledger-history.js'
import { refuseOwnKey } from '../statements/membership.js'
import { type Entry, encodeEntry, hasEffect, requireEntries, type TallyEntry } from './entry.js'
import { extendHead } from './queue.js'

/** Returns the entries of a handle that have an effect, in order: those that its history contains. */
export function entriesOf(entries: readonly Entry[], handle: bigint): TallyEntry[] {
  requireEntries(entries)
  return entries.filter((entry): entry is TallyEntry => entry.handle === handle && hasEffect(entry))
}

/** Returns how many entries match a query. */
export function countMatches(query: HistoryQuery, entries: readonly TallyEntry[]): number {
  const { mask, since, least } = querySignals(query)
  return entries.filter(
    ({ category, amount, at }) =>
      ((mask >> BigInt(category)) & 1n) === 1n && at >= since && amount + (1n << 64n) >= least,
  ).length
}

/**
 * Prepares a proof about the single entries of a Soul in a ledger: all of them are opened, and how many match the query is
 * within its bounds.
 *
 * @param options.proof    the ledger's opening for the Soul's handle
 * @param options.entries  the queue as far as the opening's root contains it, or all of the handle's entries in it
 * @throws {StatementError} if the Soul does not satisfy the query, has more than 32 entries, or the opening is another's
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function prepareHistory(
  options: Context & {
    readonly soul: Soul
    readonly query: HistoryQuery
    readonly proof: LedgerProof
    readonly entries: readonly Entry[]
  },
): ProvableHistory {
  requireObject(options, 'options')
  const { soul, query, proof } = options
  requireSoul(soul)
  const context = contextSignals(options)
  refuseOwnKey(soul, context)
  const asked = querySignals(query)
  assertLedgerProof(proof, 'proof')
  const { state } = proof
  if (state.ledgerId !== asked.ledgerId || state.categories !== asked.categories)
    throw new StatementError("the opening is of another ledger than the query's")
  const handle = handleOf(asked.ledgerId, soul.secret)
  if (talliesIn(proof, handle) === undefined)
    throw new StatementError('the opening says nothing of this Soul')
  const own = entriesOf(options.entries, handle)
  if (own.length > HISTORY_ENTRIES)
    throw new StatementError(`the Soul has more than ${HISTORY_ENTRIES} entries in the ledger`)
  const words = own.map((entry) => ({ category: entry.category, ...encodeEntry(entry) }))
  const head = proof.leaf.handle === handle ? proof.leaf.head : EMPTY_HISTORY
  if (words.reduce((chain, one) => extendHead(chain, one), EMPTY_HISTORY) !== head)
    throw new StatementError("the entries are not all of the Soul's under this root")
  const matches = BigInt(countMatches(query, own))
  if (matches < asked.fewest || matches > asked.most)
    throw new StatementError('the number of matching entries is not within the bounds of the query')
  const signals: LedgerHistorySignals = {
    ...context,
    ...asked,
    nullifier: soulNullifier(context, soul.secret),
    ledgerRoot: ledgerRoot(state),
  }
  const inputs = ledgerHistoryInputs(signals, { secret: soul.secret, proof, entries: words })
  return { inputs, publicSignals: ledgerHistoryPublicSignals(signals) }
}
