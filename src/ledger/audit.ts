import { requireObject } from '../errors.js'
import { assertField } from '../field.js'
import { type LedgerState, ledgerRoot } from '../merkle/ledger.js'
import { applyEntries, type Hash } from './apply.js'
import type { Entry } from './entry.js'
import { isMoved, movedEntries, requireEntries } from './entry.js'
import { emptyLedger, type LedgerName } from './reader.js'

/** Returns the state that a queue leads to: what anybody can compute from its entries alone. */
export function rebuildLedger(
  options: LedgerName & { readonly entries: readonly Entry[]; readonly hash?: Hash },
): LedgerState {
  requireObject(options, 'options')
  const { id, categories, entries, hash } = options
  return applyEntries({ reader: emptyLedger({ id, categories }), entries, ...(hash && { hash }) }).state
}

/**
 * Checks a published root against the queue: it has to be the one that the first `queueLength` entries lead to.
 *
 * @throws {TypeError|RangeError} if an argument is malformed
 */
export function auditRoot(
  options: LedgerName & {
    /** The whole queue, from its first entry. */
    readonly entries: readonly Entry[]
    readonly root: bigint
    readonly queueLength: bigint
    readonly hash?: Hash
  },
):
  | { readonly valid: true; readonly state: LedgerState }
  | { readonly valid: false; readonly reason: string } {
  requireObject(options, 'options')
  const { entries, root, queueLength } = options
  requireEntries(entries)
  assertField(root, 'root')
  if (typeof queueLength !== 'bigint') throw new TypeError('queueLength must be a bigint')
  if (queueLength < 0n || queueLength > BigInt(entries.length)) {
    return { valid: false, reason: `the root claims more entries than the queue's ${entries.length}` }
  }
  const state = rebuildLedger({ ...options, entries: entries.slice(0, Number(queueLength)) })
  if (ledgerRoot(state) === root) return { valid: true, state }
  return { valid: false, reason: `the first ${queueLength} entries of the queue lead to another root` }
}

/**
 * Returns the positions of the moves in a queue that are not followed at once by all entries of the old handle, in
 * order, under the new one. A mover that leaves entries out is found by anybody.
 */
export function incompleteMoves(entries: readonly Entry[]): number[] {
  requireEntries(entries)
  const found: number[] = []
  for (const [i, entry] of entries.entries()) {
    if (!isMoved(entry)) continue
    const { handle: from, to } = entry
    const expected = from === to ? undefined : movedEntries({ entries: entries.slice(0, i), from, to })
    const complete = expected?.every((one, k) => isSame(one, entries[i + k]))
    if (!complete) found.push(i)
  }
  return found
}

function isSame(a: Entry, b: Entry | undefined): boolean {
  if (b === undefined || a.handle !== b.handle || a.category !== b.category) return false
  if (isMoved(a) || isMoved(b)) return isMoved(a) && isMoved(b) && a.to === b.to
  return a.amount === b.amount && a.ref === b.ref && a.at === b.at
}
