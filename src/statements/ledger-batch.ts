import { LEDGER_CATEGORIES, LEDGER_DEPTH, type LedgerLeaf, type LedgerState } from '../merkle/ledger.js'
import { bitsOf, childrenOf } from './context.js'
import type { CircuitInputs } from './membership.js'

/** Leaves that one proof of `ledger-batch` touches: an entry of a new handle takes two, any other one. */
export const BATCH_TOUCHES = 4

/** Public signals of `ledger-batch`, in circuit order. */
export interface LedgerBatchSignals {
  /** The root before, 0 for the empty ledger. */
  readonly oldRoot: bigint
  readonly newRoot: bigint
  readonly ledgerId: bigint
  readonly categories: bigint
  /** Length and head of the queue up to the last entry of the batch. */
  readonly queueLength: bigint
  readonly queueHead: bigint
}

/** Names of the public signals of `ledger-batch`, in circuit order. */
export const LEDGER_BATCH_SIGNALS = [
  'oldRoot',
  'newRoot',
  'ledgerId',
  'categories',
  'queueLength',
  'queueHead',
] as const

/** A batch as a prover takes it: see `prepareBatch` of `soulproof/ledger`. */
export interface ProvableBatch {
  readonly inputs: CircuitInputs
  /** In circuit order. */
  readonly publicSignals: readonly string[]
}

/** What a step of a batch does, as `circuits/lib/ledger-touch.circom` defines it. */
export type TouchKind = 'skip' | 'update' | 'link' | 'insert' | 'overflow' | 'nothing'

/** A step of a batch: the entry that it is about, and the leaf that it touches. */
export interface Touch {
  readonly kind: TouchKind
  readonly handle: bigint
  readonly category: number
  readonly content: bigint
  /** Before the step; undefined for a free leaf. */
  readonly leaf: LedgerLeaf | undefined
  readonly index: number
  readonly siblings: readonly (readonly bigint[])[]
  /** Hash of the leaf before, 0 for a free one. */
  readonly before: bigint
}

/** Returns the public signals in circuit order, as decimal strings. */
export function ledgerBatchPublicSignals(signals: LedgerBatchSignals): string[] {
  return LEDGER_BATCH_SIGNALS.map((name) => signals[name].toString())
}

/** Returns the inputs of `circuits/statements/ledger-batch.circom` for exactly as many steps as it has. */
export function ledgerBatchInputs(
  signals: LedgerBatchSignals,
  witness: { readonly state: LedgerState; readonly touches: readonly Touch[] },
): CircuitInputs {
  const { state, touches } = witness
  const flag = (kind: TouchKind): bigint[] => touches.map((touch) => (touch.kind === kind ? 1n : 0n))
  const leaf = <T>(read: (leaf: LedgerLeaf) => T, free: T): T[] =>
    touches.map((touch) => (touch.leaf === undefined ? free : read(touch.leaf)))
  const zeros = Array<bigint>(LEDGER_CATEGORIES).fill(0n)
  return {
    ...Object.fromEntries(LEDGER_BATCH_SIGNALS.map((name) => [name, signals[name]])),
    treeRoot: state.treeRoot,
    size: BigInt(state.size),
    oldQueueLength: state.queueLength,
    oldQueueHead: state.queueHead,
    isSkip: flag('skip'),
    isUpdate: flag('update'),
    isLink: flag('link'),
    isOverflow: flag('overflow'),
    handle: touches.map(({ handle }) => handle),
    category: touches.map(({ category }) => bitsOf(category, 5)),
    content: touches.map(({ content }) => content),
    leafHandle: leaf(({ handle }) => handle, 0n),
    next: leaf(({ next }) => next, 0n),
    counts: leaf(({ tallies }) => tallies.map(({ count }) => count), zeros),
    sums: leaf(({ tallies }) => tallies.map(({ sum }) => sum), zeros),
    head: leaf(({ head }) => head, 0n),
    index: touches.map(({ index }) => bitsOf(index, 2 * LEDGER_DEPTH)),
    children: touches.map(
      ({ before, index, siblings }) => childrenOf({ leaf: before, index, siblings }).children,
    ),
  } as CircuitInputs
}
