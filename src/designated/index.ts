/** Designated verifiers: proofs that convince one verifier and nobody to whom he passes them. */
export type { KeyFile, KeyKind } from '../crypto/keyfile.js'
export type { Cipher, Kdf } from '../crypto/passphrase.js'
export { KeyFileError } from '../errors.js'
export type { FieldInput } from '../field.js'
export { type Beacon, blockBeacon, drandBeacon, textBeacon } from './beacon.js'
export {
  checkPublishedDelay,
  type DelayCheckpoint,
  type EvaluatedDelay,
  type EvaluatedDelayJson,
  evaluateDelay,
  evaluatedDelayFromJson,
  evaluatedDelayToJson,
  type PublishedDelay,
  publishDelay,
} from './delay.js'
export {
  type Answer,
  answerRequest,
  type CheckedRequest,
  createExchange,
  DEFAULT_SESSION_SECONDS,
  type Exchange,
  ExchangeError,
  type Opening,
  openExchange,
  type ProofRequest,
  readRequest,
  simulateAnswer,
} from './exchange.js'
export {
  createVerifierKey,
  decryptVerifierKey,
  encryptVerifierKey,
  sessionVerifierKey,
  type VerifierKey,
} from './keys.js'
export { RSA_2048 } from './modular.js'
export { checkPossession, type Possession, provePossession } from './possession.js'
export { followRotation, type KeyRotation, rotateVerifierKey } from './rotation.js'
export type { DelayParameters } from './sigma.js'
export type { KeySignature } from './signature.js'
export { type SimulateOptions, type Simulation, simulate } from './simulate.js'
export type { SquarerName } from './squarer.js'
export {
  type ChosenClaims,
  delayOf,
  forgeTimed,
  proveTimed,
  simulateTimed,
  type TimedEnvelope,
  type TimedProofOptions,
  verifyTimed,
} from './timed.js'
