import type { Groth16Proof } from './groth16.js'

/** A proof as it travels: JSON, all numbers canonical decimal strings. */
export interface Envelope {
  readonly version: 1
  /** Name of the statement, such as `policy-s`. */
  readonly statement: string
  /** Hash of the verification key that it is made for, see `verificationKeyHash`. */
  readonly verificationKeyHash: string
  readonly proof: Groth16Proof
  /** In circuit order. */
  readonly publicSignals: string[]
  /** Revealed claims as text, by `slot.claim`. */
  readonly revealed: Readonly<Record<string, string>>
}
