/** Ledgers: entries that a Soul cannot leave out of a proof. */
export { LedgerError } from '../errors.js'
export {
  categoriesHash,
  LEDGER_CAPACITY,
  LEDGER_CATEGORIES,
  type LedgerLeaf,
  type LedgerProof,
  type LedgerState,
  ledgerIdOf,
  ledgerRoot,
  type Tally,
} from '../merkle/ledger.js'
export type { LedgerBatchSignals, Touch, TouchKind } from '../statements/ledger-batch.js'
export type { HistoryQuery, ProvableHistory } from '../statements/ledger-history.js'
export type { CircuitInputs } from '../statements/membership.js'
export { applyEntries, type Hash } from './apply.js'
export { auditRoot, incompleteMoves, rebuildLedger } from './audit.js'
export { type Authority, assertAuthority, type Disclosures } from './authority.js'
export { type PreparedBatch, prepareBatch, traceEntries } from './batch.js'
export {
  decodeEntry,
  type Entry,
  type EntryWords,
  encodeEntry,
  entryRef,
  MOVED,
  type MovedEntry,
  movedEntries,
  type TallyEntry,
} from './entry.js'
export { ledgerHandle } from './handle.js'
export { entriesOf, prepareHistory } from './history.js'
export {
  type EntryJson,
  entryFromJson,
  entryToJson,
  type LedgerProofJson,
  type LedgerStateJson,
  ledgerProofFromJson,
  ledgerProofToJson,
  ledgerStateFromJson,
  ledgerStateToJson,
} from './json.js'
export { EMPTY_QUEUE, extendHead, queueHead } from './queue.js'
export {
  afterChange,
  beforeChange,
  emptyLedger,
  type LedgerChange,
  type LedgerName,
  type LedgerReader,
  type LedgerUndo,
  openLedger,
  undoOf,
} from './reader.js'
export { type PoseidonContract, poseidonContract } from './solidity/poseidon.js'
export { createMemoryLedger, type LedgerRootInfo, type MemoryLedger } from './state.js'
export { LedgerStoreError, type StorePart } from './store/damage.js'
export { createLedger, type Ledger, type LedgerOptions, readLedgerName, repairLedger } from './store.js'
