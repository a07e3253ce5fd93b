import { groth16 } from 'snarkjs'
import { readR1cs } from '../../src/formats/r1cs.js'
import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createDevelopmentKey } from '../../src/setup/development-key.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'

/** Proves a circuit of tests that has a statement's public signals and nothing to prove. */
export interface FreeSignals {
  readonly verificationKey: VerificationKeyJson
  /** Proves for the inputs of the circuit. */
  prove(
    inputs: Readonly<Record<string, bigint | readonly bigint[]>>,
  ): Promise<{ proof: Groth16Proof; publicSignals: bigint[] }>
}

/** Compiles a circuit and makes its development key. */
export async function setupFreeSignals(file: string): Promise<FreeSignals> {
  const { r1cs, wasm } = await compileCircuit({ file })
  const provingKey = await createDevelopmentKey({ r1cs: readR1cs(r1cs) })
  return {
    verificationKey: await exportVerificationKey(provingKey),
    async prove(inputs) {
      const witness = await calculateWitness({ wasm, inputs })
      // One thread: a proof of this size is faster without workers, and none are left behind.
      const result = await groth16.prove(provingKey, witness, undefined, { singleThread: true })
      return {
        proof: result.proof as unknown as Groth16Proof,
        publicSignals: result.publicSignals.map(BigInt),
      }
    },
  }
}
