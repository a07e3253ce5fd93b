import { type FreeSignals, setupFreeSignals } from './free-signals.js'

/** Values of the public signals of `policy-l` by name. */
export interface LedgerGateSignals {
  readonly reveals: readonly [bigint, bigint, bigint, bigint]
  readonly handle: bigint
  readonly nullifier: bigint
  readonly policyDigest: bigint
  readonly scope: bigint
  readonly message: bigint
  readonly now: bigint
  readonly verifierKey: bigint
  readonly verifierKey2: bigint
  readonly anchorsRoot: bigint
  readonly ledgerRoot: readonly [bigint, bigint]
}

/** Proves `test/circuits/fifteen-signals.circom` under its development key. */
export interface FifteenSignals {
  readonly verificationKey: FreeSignals['verificationKey']
  /** Proves for the given signals; absent ones are 0. */
  prove(signals: Partial<LedgerGateSignals>): ReturnType<FreeSignals['prove']>
}

const ZEROS: LedgerGateSignals = {
  reveals: [0n, 0n, 0n, 0n],
  handle: 0n,
  nullifier: 0n,
  policyDigest: 0n,
  scope: 0n,
  message: 0n,
  now: 0n,
  verifierKey: 0n,
  verifierKey2: 0n,
  anchorsRoot: 0n,
  ledgerRoot: [0n, 0n],
}

/** Compiles the circuit and makes its key. */
export async function setupFifteenSignals(): Promise<FifteenSignals> {
  const { verificationKey, prove } = await setupFreeSignals('test/circuits/fifteen-signals.circom')
  return {
    verificationKey,
    prove(signals) {
      const { handle, nullifier, ...inputs } = { ...ZEROS, ...signals }
      return prove({ ...inputs, handleIn: handle, nullifierIn: nullifier })
    },
  }
}
