import type { Groth16Proof } from '../../groth16.js'
import type { PlonkProof } from '../../plonk.js'

/** A Groth16 proof with the public signals it is for, in circuit order, as canonical decimal strings. */
export interface ProofWithSignals {
  readonly proof: Groth16Proof
  readonly publicSignals: string[]
}

/** What makes Groth16 proofs from a proving key and a witness. */
export interface ProvingEngine {
  /** Name by which `createProver` and the bench know it. */
  readonly name: string
  /** The arithmetic that it found to work here, if it has a choice: `simd` is the fast one. */
  readonly arithmetic?: 'simd' | 'scalar'
  /** Whether its threads share memory, if it knows; in a page only one that is cross-origin isolated can. */
  readonly shared?: boolean
  /**
   * Proves that a witness satisfies the circuit of a proving key. An unsatisfying witness of the right length
   * may give a proof, which no verifier accepts.
   *
   * @param o.provingKey a snarkjs Groth16 `.zkey`
   * @param o.witness    a snarkjs `.wtns`
   * @param o.signal     aborts the proof; the promise then rejects with the signal's reason
   * @param o.onProgress called now and then with the share of the work that is done, if the engine knows it
   * @throws {ArtifactError} if key or witness is malformed, or they belong to different circuits
   * @throws {EngineError} if a thread fails, or the engine is disposed of
   */
  prove(o: {
    provingKey: Uint8Array
    witness: Uint8Array
    signal?: AbortSignal | undefined
    onProgress?: ((share: number) => void) | undefined
  }): Promise<ProofWithSignals>
  /**
   * Begins what the next proof waits for: threads, and the key if it is given. Returns at once; whatever fails is
   * told by {@link ProvingEngine.prove}.
   */
  prepare?(provingKey?: Uint8Array): void
  /** Frees all threads and rejects what is still being proved; may be called twice. */
  dispose(): Promise<void>
}

/** A PLONK proof with the public signals it is for, in circuit order, as canonical decimal strings. */
export interface PlonkProofWithSignals {
  readonly proof: PlonkProof
  readonly publicSignals: string[]
}

/** What makes PLONK proofs from a proving key, a snarkjs PLONK `.zkey`, and a witness. */
export interface PlonkEngine extends Omit<ProvingEngine, 'prove'> {
  prove(o: Parameters<ProvingEngine['prove']>[0]): Promise<PlonkProofWithSignals>
}
