import type { Groth16Proof } from './groth16.js'
import type { Provenance } from './manifest.js'

/** Versions of the envelope that this release reads, see docs/migrations.md. */
export const ENVELOPE_VERSIONS: readonly number[] = [1, 2]

/** A proof as it travels: JSON, all numbers canonical decimal strings. */
export interface Envelope {
  /** 2 if it says where its key comes from, else 1. */
  readonly version: 1 | 2
  /** Name of the statement, such as `policy-s`. */
  readonly statement: string
  /** Hash of the verification key that it is made for, see `verificationKeyHash`. */
  readonly verificationKeyHash: string
  readonly proof: Groth16Proof
  /** In circuit order. */
  readonly publicSignals: string[]
  /** Revealed claims as text, by `slot.claim`. */
  readonly revealed: Readonly<Record<string, string>>
  /** Of version 2: where the key comes from. For people to read; a verifier uses what it knows of its own key. */
  readonly provenance?: Provenance
}
