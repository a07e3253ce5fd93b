import { groth16 } from 'snarkjs'
import { readR1cs } from '../../src/formats/r1cs.js'
import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createDevelopmentKey } from '../../src/setup/development-key.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'

/** The public signals of `policy-s` and `policy-m` in circuit order. */
export const SIGNAL_NAMES = [
  'reveal0',
  'reveal1',
  'handle',
  'nullifier',
  'policyDigest',
  'scope',
  'message',
  'now',
  'verifierKey',
  'verifierKey2',
  'anchorsRoot',
] as const

/** Values of the public signals by name. */
export type Signals = Readonly<Record<(typeof SIGNAL_NAMES)[number], bigint>>

/** Proves `test/circuits/eleven-signals.circom` under its development key. */
export interface ElevenSignals {
  readonly verificationKey: VerificationKeyJson
  /** Proves for the given signals; absent ones are 0. */
  prove(signals: Partial<Signals>): Promise<{ proof: Groth16Proof; publicSignals: bigint[] }>
}

let setup: Promise<ElevenSignals> | undefined

/** Compiles the circuit and makes its key, once per process. */
export function setupElevenSignals(): Promise<ElevenSignals> {
  setup ??= prepare()
  return setup
}

async function prepare(): Promise<ElevenSignals> {
  const { r1cs, wasm } = await compileCircuit({ file: 'test/circuits/eleven-signals.circom' })
  const provingKey = await createDevelopmentKey({ r1cs: readR1cs(r1cs) })
  return {
    verificationKey: await exportVerificationKey(provingKey),
    async prove(signals) {
      const all = { ...Object.fromEntries(SIGNAL_NAMES.map((name) => [name, 0n])), ...signals } as Signals
      const { reveal0, reveal1, handle, nullifier, ...inputs } = all
      const witness = await calculateWitness({
        wasm,
        inputs: { ...inputs, reveals: [reveal0, reveal1], handleIn: handle, nullifierIn: nullifier },
      })
      // One thread: a proof of this size is faster without workers, and none are left behind.
      const result = await groth16.prove(provingKey, witness, undefined, { singleThread: true })
      return {
        proof: result.proof as unknown as Groth16Proof,
        publicSignals: result.publicSignals.map(BigInt),
      }
    },
  }
}
