/** Policies: conditions over SBTs as data. */

export { PolicyError } from '../errors.js'
export { type AnchorLeaf, type Anchors, anchorsOf, anchorsRoot } from './anchors.js'
export {
  type Clause,
  compilePolicy,
  type Program,
  type ProgramClaim,
  type ProgramGate,
  type ProgramLedger,
  policyDigest,
} from './compile.js'
export { type EvaluateOptions, evaluatePolicy, type Reason } from './evaluate.js'
export { explainPolicy } from './explain.js'
export { parsePolicy } from './parse.js'
export { PROFILES, type Profile } from './profiles.js'
export type {
  ClaimRef,
  CompareOperator,
  Formula,
  LedgerRoot,
  LedgerRule,
  Operand,
  Policy,
  Roots,
  SetSource,
  SlotRule,
  TimedRule,
  Wallet,
} from './types.js'
