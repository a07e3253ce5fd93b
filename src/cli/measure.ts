/** Measures statements with every engine, and the verifier beside snarkjs's. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { loadArtifacts } from '../prover/artifacts.js'
import { createSoulproofEngine } from '../prover/engine/index.js'
import {
  createProver,
  ENGINE_NAMES,
  type Envelope,
  type ProofWithSignals,
  type ProveOptions,
  type Prover,
} from '../prover/index.js'
import { calculateWitness, type Inputs } from '../prover/witness.js'
import { MANIFEST } from '../statements/manifest.js'
import { createVerifier, type VerifyOptions, verifyGroth16, verifyGroth16Batch } from '../verifier/index.js'
import { BENCH_CASES } from './bench-cases.js'

/** Proofs that are verified together. */
export const BATCH = 16
/** How the peer is called, which is measured wherever it can do the same. */
export const PEER = 'snarkjs'

/** Milliseconds: median, least and greatest of all runs. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One engine with one number of threads. */
export interface Setting {
  readonly engine: string
  /** undefined: what the engine takes by default. */
  readonly threads?: number
}

type Groth16Peer = {
  verify(key: object, publicSignals: string[], proof: object): Promise<boolean>
}

export interface ProvingResult extends Setting {
  readonly prove: Spread
  /** A process that proves once and ends: milliseconds with all loading, and the greatest resident size. */
  readonly cold: { readonly milliseconds: number; readonly peakMiB: number }
}

/** What was measured of one statement; times in milliseconds. */
export interface Measurement {
  readonly statement: string
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  /** In TypeScript, before the witness: does the wallet satisfy the statement, and which inputs are that. */
  readonly prepare: Spread
  readonly witness: Spread
  readonly prove: readonly ProvingResult[]
  /** Milliseconds that one thread works on one of our proofs, by its parts. */
  readonly parts: Readonly<Record<string, number>>
  /** One proof; ours with the checks of the key's and the proof's form. */
  readonly verify: Readonly<Record<'soulproof' | typeof PEER, Spread>>
  /** {@link BATCH} proofs together. */
  readonly verifyBatch: Spread
  /** Bytes; proof and envelope as JSON. */
  readonly sizes: Readonly<
    Record<'wasm' | 'provingKey' | 'verificationKey' | 'proof' | 'proofOnChain' | 'envelope', number>
  >
}

/** The settings to measure: each engine with one thread and with all, or what was asked for. */
export function settingsOf(o: { readonly engine?: string; readonly threads?: number }): Setting[] {
  const engines = o.engine === undefined ? ENGINE_NAMES : [o.engine]
  return engines.flatMap((engine): Setting[] =>
    o.threads === undefined ? [{ engine, threads: 1 }, { engine }] : [{ engine, threads: o.threads }],
  )
}

/**
 * Measures one statement. What is compared is interleaved, so that whatever else the machine does hits both alike. Nothing
 * fails for being slow.
 *
 * @param o.childArgs   arguments of this program that end in {@link proveOnce} for the JSON that is added to them
 */
export async function measure(o: {
  readonly statement: string
  readonly runs: number
  readonly settings: readonly Setting[]
  readonly childArgs: readonly string[]
  /** Is told which run begins, 0 being the one that does not count. */
  readonly onRun: (run: number) => void
}): Promise<Measurement> {
  const { statement, runs, settings, childArgs, onRun } = o
  const { prove, expect, prepare } = BENCH_CASES[statement]!()
  const { wasm, provingKey, verificationKey } = await loadArtifacts({ statement })
  const provers = await Promise.all(settings.map((setting) => createProver(setting)))
  const times = new Times()
  const proofs: ProofWithSignals[] = []
  const witnessFor = async (): Promise<Uint8Array> => {
    const { inputs } = times.take('prepare', prepare)
    return times.wait('witness', () => calculateWitness({ wasm, inputs: inputs as Inputs }))
  }

  const peer = await loadPeer()
  let parts: Measurement['parts']
  let envelope: Envelope
  try {
    // Nothing of the first round counts: it compiles, fills caches and starts threads.
    for (let run = 0; run <= runs; run++) {
      if (run === 1) times.clear()
      onRun(run)
      const witness = await witnessFor()
      for (const i of rotated(settings.length, run)) {
        proofs.push(
          await times.wait(nameOf(settings[i]!), () => provers[i]!.groth16({ provingKey, witness })),
        )
      }
      await verifyAll({ times, run, verificationKey, proofs, peer })
    }
    envelope = await envelopeOf({ prover: provers[0]!, prove, expect })
    parts = await partsOf({ provingKey, witness: await witnessFor() })
  } finally {
    await Promise.all(provers.map((prover) => prover.dispose()))
    // The peer's verifier leaves threads behind, in a global.
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  }

  const cold: ProvingResult['cold'][] = []
  for (const setting of settings) cold.push(await proveElsewhere({ statement, setting, childArgs }))
  const { constraints, wires, publicSignals, artifacts } = MANIFEST.statements[statement]!
  return {
    ...{ statement, constraints, wires, publicSignals },
    prepare: times.spread('prepare'),
    witness: times.spread('witness'),
    prove: settings.map((setting, i) => ({
      ...setting,
      prove: times.spread(nameOf(setting)),
      cold: cold[i]!,
    })),
    parts,
    verify: { soulproof: times.spread('verify'), [PEER]: times.spread('verify by the peer') },
    verifyBatch: times.spread('batch'),
    sizes: {
      wasm: artifacts[`${statement}.wasm`]!.bytes,
      provingKey: artifacts[`${statement}.zkey`]!.bytes,
      verificationKey: artifacts[`${statement}.vkey.json`]!.bytes,
      proof: JSON.stringify(envelope.proof).length,
      proofOnChain: 8 * 32,
      envelope: JSON.stringify(envelope).length,
    },
  }
}

/** What one thread spends on the parts of a proof: the third of three. */
async function partsOf(o: { provingKey: Uint8Array; witness: Uint8Array }): Promise<Record<string, number>> {
  let parts: Readonly<Record<string, number>> = {}
  const engine = await createSoulproofEngine({
    threads: 1,
    onTimes(times) {
      parts = times
    },
  })
  for (let i = 0; i < 3; i++) await engine.prove(o)
  await engine.dispose()
  return Object.fromEntries(Object.entries(parts).map(([name, time]) => [name, Math.round(10 * time) / 10]))
}

/** The peer is loaded when it is measured, not with every command. */
async function loadPeer(): Promise<Groth16Peer> {
  const { groth16 } = await import('snarkjs')
  return groth16 as unknown as Groth16Peer
}

/** Verifies what was proved, once by each verifier, and {@link BATCH} proofs together. */
async function verifyAll(o: {
  readonly times: Times
  readonly run: number
  readonly verificationKey: object
  readonly proofs: readonly ProofWithSignals[]
  readonly peer: Groth16Peer
}): Promise<void> {
  const { times, run, verificationKey, proofs, peer } = o
  const { proof, publicSignals } = proofs.at(-1)!
  const ours = (): Promise<boolean> => verifyGroth16({ verificationKey, publicSignals, proof })
  const peers = (): Promise<boolean> => peer.verify(verificationKey, publicSignals, proof)
  for (const i of rotated(2, run)) {
    const holds = await (i === 0 ? times.wait('verify', ours) : times.wait('verify by the peer', peers))
    assert.ok(holds, 'a proof of the bench does not verify')
  }
  const batch = Array.from({ length: BATCH }, (_, i) => proofs[i % proofs.length]!)
  const { valid } = await times.wait('batch', () => verifyGroth16Batch({ verificationKey, proofs: batch }))
  assert.ok(valid, 'a batch of the bench does not verify')
}

/** Proves by the public function, and has the verifier accept it. */
async function envelopeOf(o: {
  readonly prover: Prover
  readonly prove: ProveOptions
  readonly expect: object
}): Promise<Envelope> {
  const envelope = await o.prover.prove(o.prove)
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const { valid } = await verifier.verify({ ...o.expect, envelope } as VerifyOptions)
  assert.ok(valid, 'an envelope of the bench does not verify')
  return envelope
}

/** Proves once, from nothing: milliseconds with all loading, and the greatest resident size of this process. */
export async function proveOnce(o: {
  readonly statement: string
  readonly setting: Setting
}): Promise<ProvingResult['cold']> {
  const { prove } = BENCH_CASES[o.statement]!()
  const start = performance.now()
  const prover = await createProver(o.setting)
  await prover.prove(prove)
  const milliseconds = Math.round(performance.now() - start)
  // Kilobytes, on every platform.
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024)
  await prover.dispose()
  return { milliseconds, peakMiB }
}

/** Proves once in a process of its own, whose memory is then that of this proof alone. */
async function proveElsewhere(o: {
  readonly statement: string
  readonly setting: Setting
  readonly childArgs: readonly string[]
}): Promise<ProvingResult['cold']> {
  const { childArgs, ...child } = o
  const args = [...process.execArgv, process.argv[1]!, ...childArgs, JSON.stringify(child)]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout) as ProvingResult['cold']
}

/** Times by name. */
class Times {
  readonly #taken = new Map<string, number[]>()

  clear(): void {
    this.#taken.clear()
  }

  take<T>(name: string, work: () => T): T {
    const start = performance.now()
    const result = work()
    this.#add(name, performance.now() - start)
    return result
  }

  async wait<T>(name: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const result = await work()
    this.#add(name, performance.now() - start)
    return result
  }

  spread(name: string): Spread {
    const sorted = [...this.#taken.get(name)!].sort((a, b) => a - b)
    const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
    const round = (value: number): number => Math.round(value * 10) / 10
    return { median: round(middle), min: round(sorted[0]!), max: round(sorted.at(-1)!) }
  }

  #add(name: string, time: number): void {
    this.#taken.set(name, [...(this.#taken.get(name) ?? []), time])
  }
}

/** 0 to length - 1, beginning elsewhere each time, so that nobody is always measured first. */
function rotated(length: number, by: number): number[] {
  return Array.from({ length }, (_, i) => (i + by) % length)
}

/** Names a setting for people. */
export function nameOf({ engine, threads }: Setting): string {
  return `${engine}, ${threads === undefined ? 'all threads' : `${threads} thread`}`
}
