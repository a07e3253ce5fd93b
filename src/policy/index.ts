/** Policies: conditions over SBTs as data. */

export { PolicyError } from '../errors.js'
export { type AnchorLeaf, type Anchors, anchorsOf, anchorsRoot } from './anchors.js'
export { compilePolicy, type Program, policyDigest } from './compile.js'
export { evaluatePolicy } from './evaluate.js'
export { explainPolicy } from './explain.js'
export { parsePolicy } from './parse.js'
export { PROFILES, type Profile } from './profiles.js'
export type {
  ClaimRef,
  Formula,
  LedgerRoot,
  LedgerRule,
  Policy,
  Roots,
  SlotRule,
  TimedRule,
  Wallet,
} from './types.js'
