import { readR1cs } from '../../src/formats/r1cs.js'
import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { createProver, type Prover } from '../../src/prover/index.js'
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

let shared: Promise<Prover> | undefined

/** Compiles a circuit and makes its development key. */
export async function setupFreeSignals(file: string): Promise<FreeSignals> {
  const { r1cs, wasm } = await compileCircuit({ file })
  const provingKey = await createDevelopmentKey({ r1cs: readR1cs(r1cs) })
  return {
    verificationKey: await exportVerificationKey(provingKey),
    async prove(inputs) {
      const witness = await calculateWitness({ wasm, inputs })
      // One thread, kept by all circuits of this size: a proof takes milliseconds.
      shared ??= createProver({ threads: 1 })
      const { proof, publicSignals } = await (await shared).groth16({ provingKey, witness })
      return { proof, publicSignals: publicSignals.map(BigInt) }
    },
  }
}
