import type { Groth16Proof } from './groth16.js'
import type { Provenance } from './manifest.js'
import type { PlonkProof } from './plonk.js'
import type { PlonkProvenance } from './plonk-manifest.js'

/** Versions of the envelope that this release reads, see docs/migrations.md. */
export const ENVELOPE_VERSIONS: readonly number[] = [1, 2, 3]

/** How proofs are made. */
export type ProofSystem = 'groth16' | 'plonk'

/** A Groth16 proof as it travels: JSON, all numbers canonical decimal strings. */
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

/** A PLONK proof as it travels. */
export interface PlonkEnvelope extends Omit<Envelope, 'version' | 'proof' | 'provenance'> {
  /** From version 3 on the proof system is named; versions 1 and 2 are of Groth16. */
  readonly version: 3
  readonly proofSystem: 'plonk'
  readonly proof: PlonkProof
  /** Where the key comes from. For people to read; a verifier uses what it knows of its own key. */
  readonly provenance: PlonkProvenance
}
