import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { setupFreeSignals } from './free-signals.js'

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
  const { verificationKey, prove } = await setupFreeSignals('test/circuits/six-signals.circom')
  return { verificationKey, prove: async (signals) => (await prove({ ...signals })).proof }
}
