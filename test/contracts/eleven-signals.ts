import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { setupFreeSignals } from './free-signals.js'

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
  const { verificationKey, prove } = await setupFreeSignals('test/circuits/eleven-signals.circom')
  return {
    verificationKey,
    prove(signals) {
      const all = { ...Object.fromEntries(SIGNAL_NAMES.map((name) => [name, 0n])), ...signals } as Signals
      const { reveal0, reveal1, handle, nullifier, ...inputs } = all
      return prove({ ...inputs, reveals: [reveal0, reveal1], handleIn: handle, nullifierIn: nullifier })
    },
  }
}
