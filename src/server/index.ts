/** Gates that let Souls in by proof, and stores of the nullifiers that they spend. For servers: Node only. */

export {
  type Claim,
  type ClaimOutcome,
  type ClaimStore,
  ClaimStoreError,
  claimId,
  type StoredClaim,
} from './claims.js'
export {
  type Admission,
  createGate,
  type Entry,
  type Gate,
  GateError,
  type GateOptions,
  type GateRequirement,
  type Offer,
  type OfferRequest,
  type RefusalCode,
  refuseMixedScopes,
  type Snapshot,
  type SnapshotSource,
} from './gate.js'
export { openLevelStore } from './level-store.js'
export { openPostgresStore, type PostgresClient, spendWithin } from './postgres-store.js'
