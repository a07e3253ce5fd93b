import type { ProofWithSignals, Prover } from 'soulproof/prover'

/* The page in which scripts/bench-browser.ts measures: both engines, with the same bytes. */

/** Who proves. */
export type EngineName = 'soulproof' | 'snarkjs'

/** One proof. */
export interface Measured extends ProofWithSignals {
  readonly milliseconds: number
}

let provingKey: Uint8Array<ArrayBuffer>
let witness: Uint8Array<ArrayBuffer>
let prover: Prover | undefined

async function bytesOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`the server answers ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

// Imported with the first proof, so that the time of a first proof has the engine's own loading in it.
const ENGINES: Readonly<Record<EngineName, () => Promise<ProofWithSignals>>> = {
  async soulproof() {
    if (prover === undefined) {
      const { createProver } = await import('soulproof/prover')
      prover = await createProver()
    }
    return prover.groth16({ provingKey, witness })
  },
  async snarkjs() {
    const { groth16 } = await import('snarkjs')
    return groth16.prove(provingKey, witness) as Promise<ProofWithSignals>
  },
}

const commands = {
  /** Loads what both prove with. */
  async load(statement: string) {
    provingKey = await bytesOf(`/zkeys/${statement}.zkey`)
    witness = await bytesOf(`/witnesses/${statement}.wtns`)
  },
  async prove(engine: EngineName): Promise<Measured> {
    const start = performance.now()
    const proof = await ENGINES[engine]()
    return { ...proof, milliseconds: performance.now() - start }
  },
  /** How our engine works here, once it has proved. */
  async describe() {
    return { arithmetic: prover?.arithmetic, shared: prover?.shared, cores: navigator.hardwareConcurrency }
  },
}

/** What the bench may call. */
export type Commands = typeof commands

Object.assign(globalThis, { page: commands })
