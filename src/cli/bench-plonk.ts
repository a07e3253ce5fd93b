/** Measures what PLONK costs, which snarkjs proves and this package verifies. */
import assert from 'node:assert/strict'
import { createProver } from '../prover/index.js'
import { loadPlonkArtifacts } from '../prover/plonk.js'
import { createPlonkEngine } from '../prover/snarkjs.js'
import { calculateWitness, type Inputs } from '../prover/witness.js'
import { PLONK_MANIFEST } from '../statements/plonk.js'
import { createVerifier, type VerifyOptions } from '../verifier/index.js'
import { verifyPlonk } from '../verifier/plonk/index.js'
import { BENCH_CASES } from './bench-cases.js'
import { nameOf, PEER, rotated, type Setting, type Spread, Times } from './measure.js'

/** What was measured of one statement; times in milliseconds, sizes in bytes. */
export interface PlonkMeasurement {
  readonly statement: string
  readonly proofSystem: 'plonk'
  readonly constraints: number
  readonly gates: number
  readonly publicSignals: number
  readonly witness: Spread
  readonly prove: readonly (Setting & { readonly prove: Spread; readonly processor: Spread })[]
  readonly verify: Readonly<Record<'soulproof' | typeof PEER, Spread>>
  readonly sizes: Readonly<
    Record<'wasm' | 'provingKey' | 'verificationKey' | 'proof' | 'proofOnChain' | 'envelope', number>
  >
}

/** Statements that have PLONK keys. */
export const PLONK_STATEMENTS: readonly string[] = Object.keys(PLONK_MANIFEST.statements)

/**
 * Measures one statement as `measure` does.
 *
 * @param o.settings numbers of threads; the engine is always snarkjs
 * @param o.onRun    is told which run begins, 0 being the one that does not count
 * @throws {ArtifactError} if the keys are not built, see docs/plonk.md
 */
export async function measurePlonk(o: {
  readonly statement: string
  readonly runs: number
  readonly settings: readonly Setting[]
  readonly onRun: (run: number) => void
}): Promise<PlonkMeasurement> {
  const { statement, runs, settings, onRun } = o
  const { prepare, envelope: named } = BENCH_CASES[statement]!()
  const { wasm, provingKey } = await loadPlonkArtifacts({ statement })
  const { verificationKey, constraints, gates, publicSignals: count } = PLONK_MANIFEST.statements[statement]!
  const engines = settings.map(({ threads }) => createPlonkEngine({ threads }))
  const { plonk } = await import('snarkjs')
  const peer = plonk as unknown as { verify(key: object, signals: string[], proof: object): Promise<boolean> }
  const times = new Times()
  let proofLength = 0
  try {
    for (let run = 0; run <= runs; run++) {
      if (run === 1) times.clear()
      onRun(run)
      const { inputs } = prepare()
      const witness = await times.wait('witness', () => calculateWitness({ wasm, inputs: inputs as Inputs }))
      for (const i of rotated(settings.length, run)) {
        const made = await times.wait(nameOf(settings[i]!), () => engines[i]!.prove({ provingKey, witness }))
        const { proof, publicSignals } = made
        proofLength = JSON.stringify(proof).length
        const ours = (): Promise<boolean> => verifyPlonk({ verificationKey, publicSignals, proof })
        // It writes into the key and the proof that it is given.
        const copies = structuredClone([verificationKey, proof] as const)
        const theirs = (): Promise<boolean> => peer.verify(copies[0], publicSignals, copies[1])
        assert.ok(await times.wait('verify', ours), 'a proof of the bench does not verify')
        assert.ok(await times.wait('verify by the peer', theirs), 'a proof of the bench does not verify')
      }
    }
  } finally {
    await Promise.all(engines.map((engine) => engine.dispose()))
    // The peer's verifier leaves threads behind, in a global.
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  }
  await using prover = await createProver({ proofSystem: 'plonk' })
  const envelope = await prover.prove(named!.prove)
  const verifier = await createVerifier({ proofSystem: 'plonk', allowDevelopmentKeys: true })
  const { valid } = await verifier.verify({ ...named!.expect, envelope } as VerifyOptions)
  assert.ok(valid, 'an envelope of the bench does not verify')
  return {
    ...{ statement, proofSystem: 'plonk', constraints, gates, publicSignals: count },
    witness: times.spread('witness'),
    prove: settings.map((setting) => ({
      ...setting,
      prove: times.spread(nameOf(setting)),
      processor: times.processor(nameOf(setting)),
    })),
    verify: { soulproof: times.spread('verify'), [PEER]: times.spread('verify by the peer') },
    sizes: {
      wasm: wasm.length,
      provingKey: provingKey.length,
      verificationKey: JSON.stringify(verificationKey).length,
      proof: proofLength,
      proofOnChain: 24 * 32,
      envelope: JSON.stringify(envelope).length,
    },
  }
}
