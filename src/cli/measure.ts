/** Measures statements with every engine, and the verifier beside snarkjs's. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { createSoulproofEngine } from '../prover/engine/index.js'
import {
  createProver,
  ENGINE_NAMES,
  type Envelope,
  type ProofWithSignals,
  type Prover,
} from '../prover/index.js'
import { createSnarkjsEngine } from '../prover/snarkjs.js'
import { calculateWitness, type Inputs } from '../prover/witness.js'
import type { KeyProgress } from '../setup/development-key.js'
import { createVerifier, type VerifyOptions, verifyGroth16, verifyGroth16Batch } from '../verifier/index.js'
import {
  type ArtifactSource,
  type BenchArtifacts,
  loadBenchArtifacts,
  readArtifacts,
  withArtifactSource,
} from './bench-artifacts.js'
import { BENCH_CASES, type BenchCase } from './bench-cases.js'
import { RefusedError } from './errors.js'

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
  /** Processor time of all threads: other work of the machine lengthens it less. */
  readonly processor: Spread
  readonly cold: ColdProof
}

/** A process that proves once and ends. */
export interface ColdProof {
  /** From artifacts on the disk to the proof, but for the witness's inputs. */
  readonly milliseconds: number
  /** Greatest resident size. */
  readonly peakMiB: number
  /** Milliseconds that our engine's threads take to load the key, once they run; three times. */
  readonly key?: { readonly clock: Spread; readonly processor: Spread }
}

/** What {@link proveOnce} proves. */
export interface ColdJob {
  readonly name: string
  readonly source: ArtifactSource
  readonly setting: Setting
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
  readonly parts: Parts['parts']
  /** One proof; ours with the checks of the key's and the proof's form. */
  readonly verify: Readonly<Record<'soulproof' | typeof PEER, Spread>>
  /** {@link BATCH} proofs together. */
  readonly verifyBatch: Spread
  /** Bytes; proof and envelope as JSON. What is no statement of the package has no envelope. */
  readonly sizes: Readonly<
    Record<'wasm' | 'provingKey' | 'verificationKey' | 'proof' | 'proofOnChain', number> & {
      envelope?: number
    }
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
 * fails for being slow, but for our engine without vectors.
 *
 * @param o.childArgs   arguments of this program that end in {@link proveOnce} for the JSON that is added to them
 * @throws {RefusedError} if our engine does not use vectors: that would be a measurement of something else
 */
export async function measure(o: {
  readonly statement: string
  readonly runs: number
  readonly settings: readonly Setting[]
  readonly childArgs: readonly string[]
  /** Is told which run begins, 0 being the one that does not count. */
  readonly onRun: (run: number) => void
  /** Is told how far a circuit's key is that the cache does not have. */
  readonly onKey?: (progress: KeyProgress) => void
}): Promise<Measurement> {
  const { statement, runs, settings, childArgs, onRun, onKey } = o
  const { prepare, envelope: named } = BENCH_CASES[statement]!()
  const artifacts = await loadBenchArtifacts({ name: statement, ...(onKey && { onProgress: onKey }) })
  const { wasm, provingKey, verificationKey, constraints, wires, publicSignals } = artifacts
  const provers = await Promise.all(settings.map((setting) => createProver(setting)))
  for (const { arithmetic } of provers) requireVectors(arithmetic)
  const times = new Times()
  const proofs: ProofWithSignals[] = []
  const witnessFor = async (): Promise<Uint8Array> => {
    const { inputs } = times.take('prepare', prepare)
    return times.wait('witness', () => calculateWitness({ wasm, inputs: inputs as Inputs }))
  }

  const peer = await loadPeer()
  let parts: Measurement['parts']
  let envelope: Envelope | undefined
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
    if (named) envelope = await envelopeOf({ prover: provers[0]!, ...named })
    parts = (await partsOf({ provingKey, witness: await witnessFor(), threads: 1 })).parts
  } finally {
    await Promise.all(provers.map((prover) => prover.dispose()))
    // The peer's verifier leaves threads behind, in a global.
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  }

  const cold = await proveElsewhere({ name: statement, artifacts, settings, childArgs })
  return {
    ...{ statement, constraints, wires, publicSignals },
    prepare: times.spread('prepare'),
    witness: times.spread('witness'),
    prove: settings.map((setting, i) => ({
      ...setting,
      prove: times.spread(nameOf(setting)),
      processor: times.processor(nameOf(setting)),
      cold: cold[i]!,
    })),
    parts,
    verify: { soulproof: times.spread('verify'), [PEER]: times.spread('verify by the peer') },
    verifyBatch: times.spread('batch'),
    sizes: {
      wasm: wasm.length,
      provingKey: provingKey.length,
      verificationKey: JSON.stringify(verificationKey).length,
      proof: JSON.stringify(proofs[0]!.proof).length,
      proofOnChain: 8 * 32,
      ...(envelope && { envelope: JSON.stringify(envelope).length }),
    },
  }
}

/**
 * Refuses to measure our engine without its vectors.
 *
 * @param arithmetic what the engine says that it uses; undefined of engines that have no choice
 * @throws {RefusedError} if it is the slow one
 */
export function requireVectors(arithmetic: 'simd' | 'scalar' | undefined): void {
  if (arithmetic === 'scalar') {
    throw new RefusedError(
      'relaxed SIMD does not fuse here, so that soulproof fell back to its scalar arithmetic: not measured',
    )
  }
}

/** Where our engine's time goes: milliseconds to load a key, and that threads spend on the parts of a proof. */
export interface Parts {
  readonly key: Loading
  readonly parts: Readonly<Record<string, number>>
}

/** Milliseconds in which a key was loaded, by the clock and of the processors. */
export interface Loading {
  readonly clock: number
  readonly processor: number
}

/** Measures the parts of the third of three proofs, and the second load of a key: by then the threads run. */
export async function partsOf(o: {
  provingKey: Uint8Array
  witness: Uint8Array
  threads: number
}): Promise<Parts> {
  const { provingKey, witness, threads } = o
  let parts: Readonly<Record<string, number>> = {}
  const { engine, loads, load } = await watchLoading({
    threads,
    onTimes(times) {
      parts = times
    },
  })
  await engine.prove(o)
  const copy = await load({ provingKey, witness })
  await engine.prove({ provingKey: copy, witness })
  await engine.dispose()
  const rounded = Object.entries(parts).map(([name, time]) => [name, Math.round(10 * time) / 10])
  return { key: loads.at(-1)!, parts: Object.fromEntries(rounded) }
}

/** Creates our engine, and a function that proves with a copy of a key, which then is new to the engine. */
async function watchLoading(o: { threads?: number | undefined; onTimes?: (times: Parts['parts']) => void }) {
  const loads: Loading[] = []
  let used = process.cpuUsage()
  const engine = await createSoulproofEngine({
    ...o,
    onKey(clock) {
      const { user, system } = process.cpuUsage(used)
      loads.push({ clock, processor: (user + system) / 1000 })
    },
  })
  const load = async ({ provingKey, witness }: { provingKey: Uint8Array; witness: Uint8Array }) => {
    const copy = provingKey.slice()
    used = process.cpuUsage()
    await engine.prove({ provingKey: copy, witness })
    return copy
  }
  return { engine, loads, load }
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
async function envelopeOf(
  o: { readonly prover: Prover } & NonNullable<BenchCase['envelope']>,
): Promise<Envelope> {
  const envelope = await o.prover.prove(o.prove)
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const { valid } = await verifier.verify({ ...o.expect, envelope } as VerifyOptions)
  assert.ok(valid, 'an envelope of the bench does not verify')
  return envelope
}

/** Proves once, from nothing, in this process, which should do nothing else. */
export async function proveOnce({ name, source, setting }: ColdJob): Promise<ColdProof> {
  const { inputs } = BENCH_CASES[name]!().prepare()
  const start = performance.now()
  const { engine: wanted, threads } = setting
  const ours = wanted === PEER ? undefined : await watchLoading({ threads })
  const engine = ours?.engine ?? createSnarkjsEngine({ threads })
  requireVectors(engine.arithmetic)
  const { wasm, provingKey } = await readArtifacts(source)
  const witness = await calculateWitness({ wasm, inputs: inputs as Inputs })
  await engine.prove({ provingKey, witness })
  const milliseconds = Math.round(performance.now() - start)
  const peakMiB = Math.round((await greatestKilobytes()) / 1024)
  // The first load waited for the threads to start, which `milliseconds` has.
  for (let i = 0; i < 3; i++) await ours?.load({ provingKey, witness })
  await engine.dispose()
  if (ours === undefined) return { milliseconds, peakMiB }
  const spread = (what: keyof Loading): Spread => spreadOf(ours.loads.slice(1).map((load) => load[what]))
  return { milliseconds, peakMiB, key: { clock: spread('clock'), processor: spread('processor') } }
}

/**
 * Greatest resident size of this process. Linux counts what the parent had when it forked into the usual figure, and has
 * another one of the program alone.
 */
async function greatestKilobytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const [, own] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
  return own === undefined ? process.resourceUsage().maxRSS : Number(own)
}

/** Proves once with each setting, in processes of their own, whose memory is then that of one proof. */
async function proveElsewhere(o: {
  readonly name: string
  readonly artifacts: BenchArtifacts
  readonly settings: readonly Setting[]
  readonly childArgs: readonly string[]
}): Promise<ColdProof[]> {
  const { name, settings, childArgs } = o
  return withArtifactSource(o, async (source) => {
    const cold: ColdProof[] = []
    for (const setting of settings) {
      const job: ColdJob = { name, source, setting }
      const args = [...process.execArgv, process.argv[1]!, ...childArgs, JSON.stringify(job)]
      const { stdout } = await promisify(execFile)(process.execPath, args)
      cold.push(JSON.parse(stdout) as ColdProof)
    }
    return cold
  })
}

/** Times by name: by the clock, and of the processors. */
export class Times {
  readonly #taken = new Map<string, { clock: number[]; processor: number[] }>()

  clear(): void {
    this.#taken.clear()
  }

  take<T>(name: string, work: () => T): T {
    const add = this.#begin(name)
    const result = work()
    add()
    return result
  }

  async wait<T>(name: string, work: () => Promise<T>): Promise<T> {
    const add = this.#begin(name)
    const result = await work()
    add()
    return result
  }

  /** Milliseconds by the clock. */
  spread(name: string): Spread {
    return spreadOf(this.#taken.get(name)!.clock)
  }

  /** Milliseconds that all threads of this process worked. */
  processor(name: string): Spread {
    return spreadOf(this.#taken.get(name)!.processor)
  }

  #begin(name: string): () => void {
    const taken = this.#taken.get(name) ?? { clock: [], processor: [] }
    this.#taken.set(name, taken)
    const used = process.cpuUsage()
    const start = performance.now()
    return () => {
      taken.clock.push(performance.now() - start)
      const { user, system } = process.cpuUsage(used)
      taken.processor.push((user + system) / 1000)
    }
  }
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
  const round = (value: number): number => Math.round(value * 10) / 10
  return { median: round(middle), min: round(sorted[0]!), max: round(sorted.at(-1)!) }
}

/** 0 to length - 1, beginning elsewhere each time, so that nobody is always measured first. */
export function rotated(length: number, by: number): number[] {
  return Array.from({ length }, (_, i) => (i + by) % length)
}

/** Names a setting for people. */
export function nameOf({ engine, threads }: Setting): string {
  return `${engine}, ${threads === undefined ? 'all threads' : `${threads} thread`}`
}
