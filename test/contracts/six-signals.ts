import { groth16 } from 'snarkjs'
import { readR1cs } from '../../src/formats/r1cs.js'
import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createDevelopmentKey } from '../../src/setup/development-key.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'

/** Values of the public signals of `ledger-batch`. */
export interface BatchSignals {
  readonly oldRoot: bigint
  readonly newRoot: bigint
  readonly ledgerId: bigint
  readonly categories: bigint
  readonly queueLength: bigint
  readonly queueHead: bigint
}

/** Proves `test/circuits/six-signals.circom` under its development key. */
export interface SixSignals {
  readonly verificationKey: VerificationKeyJson
  prove(signals: BatchSignals): Promise<Groth16Proof>
}

/** Compiles the circuit and makes its key. */
export async function setupSixSignals(): Promise<SixSignals> {
  const { r1cs, wasm } = await compileCircuit({ file: 'test/circuits/six-signals.circom' })
  const provingKey = await createDevelopmentKey({ r1cs: readR1cs(r1cs) })
  return {
    verificationKey: await exportVerificationKey(provingKey),
    async prove(signals) {
      const witness = await calculateWitness({ wasm, inputs: { ...signals } })
      // One thread: a proof of this size is faster without workers, and none are left behind.
      const { proof } = await groth16.prove(provingKey, witness, undefined, { singleThread: true })
      return proof as unknown as Groth16Proof
    },
  }
}
