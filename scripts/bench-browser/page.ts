import type { PreparedStatement, ProofWithSignals, Prover } from 'soulproof/prover'

/* The page in which scripts/bench-browser.ts measures: both engines, each as an app would use it. */

/** Who proves. */
export type EngineName = 'soulproof' | 'snarkjs'

/** One proof, from the button on: engine and artifacts are loaded within the time, where they are not there yet. */
export interface Measured extends ProofWithSignals {
  readonly milliseconds: number
}

let prover: Prover | undefined

const ENGINES: Readonly<Record<EngineName, (prepared: PreparedStatement) => Promise<ProofWithSignals>>> = {
  async soulproof(prepared) {
    if (prover === undefined) {
      const { createProver } = await import('soulproof/prover')
      prover = await createProver({ artifacts: new URL('/zkeys/', location.href) })
    }
    return prover.provePrepared(prepared)
  },
  async snarkjs({ statement, inputs }) {
    const { groth16 } = await import('snarkjs')
    const files = [`/zkeys/${statement}.wasm`, `/zkeys/${statement}.zkey`] as const
    return groth16.fullProve(
      inputs as Parameters<typeof groth16.fullProve>[0],
      ...files,
    ) as Promise<ProofWithSignals>
  },
}

const commands = {
  async prove(o: { engine: EngineName; prepared: PreparedStatement }): Promise<Measured> {
    const start = performance.now()
    const { proof, publicSignals } = await ENGINES[o.engine](o.prepared)
    return { proof, publicSignals, milliseconds: performance.now() - start }
  },
  /** How our engine works here, once it has proved. */
  async describe() {
    return { arithmetic: prover?.arithmetic, shared: prover?.shared }
  },
}

/** What the bench may call. */
export type Commands = typeof commands

Object.assign(globalThis, { page: commands })
