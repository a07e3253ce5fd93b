import { requireObject } from '../errors.js'
import {
  EMPTY_HISTORY,
  LEDGER_CAPACITY,
  LEDGER_OVERFLOWED,
  type LedgerLeaf,
  type LedgerState,
  ledgerLeafHash,
  ledgerRoot,
  NO_TALLIES,
} from '../merkle/ledger.js'
import {
  BATCH_TOUCHES,
  type LedgerBatchSignals,
  ledgerBatchInputs,
  ledgerBatchPublicSignals,
  type ProvableBatch,
  type Touch,
  type TouchKind,
} from '../statements/ledger-batch.js'
import { leafAfter, rehash } from './apply.js'
import { type Entry, encodeEntry, hasEffect, requireEntries } from './entry.js'
import { extendHead } from './queue.js'
import { afterChange, type LedgerReader, siblingsIn } from './reader.js'

/** A batch that is ready to be proved. */
export interface PreparedBatch extends ProvableBatch {
  readonly signals: LedgerBatchSignals
  /** The state after the batch. */
  readonly state: LedgerState
  /** Number of entries that fit; 0 if there are none. */
  readonly consumed: number
}

/**
 * Prepares a proof that the next entries of the queue lead from a ledger's root to another: as many entries as fit into the
 * statement's steps.
 *
 * @param options.reader   the ledger before
 * @param options.entries  the queue from there on
 * @throws {TypeError|RangeError} if an entry is malformed
 */
export function prepareBatch(options: {
  readonly reader: LedgerReader
  readonly entries: readonly Entry[]
}): PreparedBatch {
  const { reader, entries } = options
  const { touches, state, consumed } = traceEntries({ reader, entries, touches: BATCH_TOUCHES })
  const before = reader.state
  const signals: LedgerBatchSignals = {
    oldRoot: before.queueLength === 0n ? 0n : ledgerRoot(before),
    newRoot: ledgerRoot(state),
    ledgerId: state.ledgerId,
    categories: state.categories,
    queueLength: state.queueLength,
    queueHead: state.queueHead,
  }
  const inputs = ledgerBatchInputs(signals, { state: before, touches })
  return { inputs, signals, publicSignals: ledgerBatchPublicSignals(signals), state, consumed }
}

/**
 * Applies entries one by one and notes every leaf that is touched, with its path at that moment; steps that are left over
 * do nothing. An entry that does not fit any more is left for the next batch.
 */
export function traceEntries(options: {
  readonly reader: LedgerReader
  readonly entries: readonly Entry[]
  readonly touches: number
}): { readonly touches: Touch[]; readonly state: LedgerState; readonly consumed: number } {
  requireObject(options, 'options')
  const { entries } = options
  requireEntries(entries)
  let { reader } = options
  const touches: Touch[] = []

  /** Notes a step and replaces its leaf. */
  const touch = (
    step: { kind: TouchKind; handle: bigint; category: number; content: bigint },
    at: { index: number; leaf: LedgerLeaf | undefined },
    after: { leaf?: LedgerLeaf; state?: Partial<LedgerState>; isNew?: boolean } = {},
  ): void => {
    const { index, leaf } = at
    const before = leaf === undefined ? 0n : ledgerLeafHash(leaf)
    touches.push({ ...step, leaf, index, siblings: siblingsIn(reader, index), before })
    const leaves = new Map(after.leaf === undefined ? [] : [[index, after.leaf]])
    const nodes = rehash(reader, leaves)
    reader = afterChange(reader, {
      state: { ...reader.state, treeRoot: nodes.at(-1)?.get(0) ?? reader.state.treeRoot, ...after.state },
      leaves,
      nodes,
      inserted: after.isNew ? [{ handle: step.handle, index }] : [],
    })
  }

  let consumed = 0
  for (const entry of entries) {
    const { subject, content } = encodeEntry(entry)
    const { handle, category } = entry
    const step = { handle, category, content }
    const index = reader.floor(handle)
    const leaf = reader.leaf(index)
    const isNew = hasEffect(entry) && leaf.handle !== handle
    const { size, queueLength, queueHead } = reader.state
    if (touches.length + (isNew && size < LEDGER_CAPACITY ? 2 : 1) > options.touches) break
    const state = { queueLength: queueLength + 1n, queueHead: extendHead(queueHead, { subject, content }) }
    if (!hasEffect(entry)) {
      touch({ ...step, kind: 'skip' }, { index: 0, leaf: reader.leaf(0) }, { state })
    } else if (!isNew) {
      touch({ ...step, kind: 'update' }, { index, leaf }, { leaf: leafAfter(leaf, entry), state })
    } else if (size >= LEDGER_CAPACITY) {
      touch({ ...step, kind: 'overflow' }, { index, leaf }, { state: { ...state, size: LEDGER_OVERFLOWED } })
    } else {
      touch({ ...step, kind: 'link' }, { index, leaf }, { leaf: { ...leaf, next: handle } })
      const fresh = { handle, next: leaf.next, tallies: NO_TALLIES, head: EMPTY_HISTORY }
      touch(
        { ...step, kind: 'insert' },
        { index: size, leaf: undefined },
        { leaf: leafAfter(fresh, entry), state: { ...state, size: size + 1 }, isNew: true },
      )
    }
    consumed++
  }
  const { state } = reader
  while (touches.length < options.touches) {
    const none = { kind: 'nothing', handle: 0n, category: 0, content: 0n } as const
    touch(none, { index: 0, leaf: reader.leaf(0) })
  }
  return { touches, state, consumed }
}
