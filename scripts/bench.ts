import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { groth16 } from 'snarkjs'
import { supportedArithmetic } from '../src/bn254/support.js'
import { loadArtifacts } from '../src/prover/artifacts.js'
import { createSoulproofEngine } from '../src/prover/engine/index.js'
import {
  createProver,
  ENGINE_NAMES,
  type Envelope,
  type ProofWithSignals,
  type ProveOptions,
  type Prover,
} from '../src/prover/index.js'
import { calculateWitness, type Inputs } from '../src/prover/witness.js'
import { contextSignals } from '../src/statements/context.js'
import { MANIFEST } from '../src/statements/manifest.js'
import { prepareMembership } from '../src/statements/membership.js'
import { preparePolicy } from '../src/statements/policy.js'
import {
  createVerifier,
  type VerifyOptions,
  verifyGroth16,
  verifyGroth16Batch,
} from '../src/verifier/index.js'
import { createExample, type Example } from './lib/example.js'

/*
 * Measures every statement with every engine, and the verifier beside snarkjs's:
 *
 *   npm run bench -- [--runs 5] [--json FILE]
 *
 * What is compared is interleaved in one run, so that whatever else the machine does hits both alike. Times are
 * medians of warm runs with the least and the greatest. Nothing fails for being slow, but all does where the engine falls
 * back to scalar arithmetic.
 */

const USAGE = 'usage: bench [--runs 1..99] [--json FILE]\n'
const BATCH = 16
const CONTEXT = { scope: 'bench', message: 'bench' } as const
/** How the peer is called, which is measured wherever it can do the same. */
const PEER = 'snarkjs'

/** Milliseconds: median, least and greatest of all runs. */
interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** One engine with one number of threads. */
interface Setting {
  readonly engine: string
  /** undefined: what the engine takes by default. */
  readonly threads?: number
}

interface ProvingResult extends Setting {
  readonly prove: Spread
  /** A process that proves once and ends: milliseconds with all loading, and the greatest resident size. */
  readonly cold: { readonly milliseconds: number; readonly peakMiB: number }
}

interface Result {
  readonly statement: string
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  /** In TypeScript, before the witness: does the wallet satisfy the statement, and which inputs are that. */
  readonly prepare: Spread
  readonly witness: Spread
  readonly prove: readonly ProvingResult[]
  /** Milliseconds that threads worked on one of our proofs, by its parts. */
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

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) return
  const { runs, json, child } = options
  if (child !== undefined) return proveOnce(JSON.parse(child))
  const environment = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    // Above 0 the machine had other things to do.
    loadAtStart: loadavg()[0],
    date: new Date().toISOString(),
    toolchain: MANIFEST.toolchain,
    arithmetic: supportedArithmetic(),
  }
  assert.equal(environment.arithmetic, 'simd', 'relaxed SIMD does not work here')
  const example = createExample({ now: BigInt(Math.floor(Date.now() / 1000)) })
  const results: Result[] = []
  for (const statement of Object.keys(CASES)) results.push(await measure({ statement, example, runs }))
  print({ environment, runs, results })
  if (json !== undefined) {
    const report = { version: 1, unit: 'ms', runs, engines: ENGINE_NAMES, environment, results }
    writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  }
}

/** Reads the command line, or says what is wrong with it. */
function readOptions(): { runs: number; json?: string; child?: string } | undefined {
  try {
    const { runs = '5', ...others } = parseArgs({
      options: { runs: { type: 'string' }, json: { type: 'string' }, child: { type: 'string' } },
    }).values
    if (!/^[1-9][0-9]?$/.test(runs)) throw new RangeError('--runs must be from 1 to 99')
    // Now, rather than after minutes of measuring.
    if (others.json !== undefined) accessSync(dirname(resolve(others.json)), constants.W_OK)
    return { runs: Number(runs), ...others }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

/** What is proved, and what the verifier expects but for the envelope. */
interface Case {
  readonly prove: ProveOptions
  readonly expect: object
  /** Does what proving does before the witness. */
  prepare(): { readonly inputs: unknown }
}

const CASES: Readonly<Record<string, (example: Example) => Case>> = {
  membership({ ana, group }) {
    const { soul } = ana
    return {
      prove: { ...CONTEXT, statement: 'membership', soul, group },
      expect: { ...CONTEXT, statement: 'membership', roots: [group.root] },
      prepare: () => prepareMembership({ soul, group, context: contextSignals(CONTEXT) }),
    }
  },
  'policy-s': (example) => policyCase(example, example.adult),
  'policy-m': (example) => policyCase(example, example.account),
}

function policyCase({ ana, roots, now }: Example, policy: Example['account']): Case {
  const wallet = { ...ana, policy, roots, now }
  return {
    prove: { ...CONTEXT, ...wallet },
    expect: { ...CONTEXT, policy, roots: [roots], now },
    prepare: () => preparePolicy({ ...wallet, context: contextSignals(CONTEXT) }),
  }
}

async function measure(o: {
  readonly statement: string
  readonly example: Example
  readonly runs: number
}): Promise<Result> {
  const { statement, example, runs } = o
  const { prove, expect, prepare } = CASES[statement]!(example)
  const { wasm, provingKey, verificationKey } = await loadArtifacts({ statement })
  const settings = ENGINE_NAMES.flatMap((engine): Setting[] => [{ engine, threads: 1 }, { engine }])
  const provers = await Promise.all(settings.map((setting) => createProver(setting)))
  const times = new Times()
  const proofs: ProofWithSignals[] = []
  const witnessFor = async (): Promise<Uint8Array> => {
    const { inputs } = times.take('prepare', prepare)
    return times.wait('witness', () => calculateWitness({ wasm, inputs: inputs as Inputs }))
  }

  // Nothing of the first round counts: it compiles, fills caches and starts threads.
  for (let run = 0; run <= runs; run++) {
    if (run === 1) times.clear()
    progress(statement, run, runs)
    const witness = await witnessFor()
    for (const i of rotated(settings.length, run)) {
      proofs.push(await times.wait(nameOf(settings[i]!), () => provers[i]!.groth16({ provingKey, witness })))
    }
    await verifyAll({ times, run, verificationKey, proofs })
  }
  const parts = await partsOf({ provingKey, witness: await witnessFor() })
  const envelope = await envelopeOf({ prover: provers[0]!, prove, expect })
  await Promise.all(provers.map((prover) => prover.dispose()))

  const cold: ProvingResult['cold'][] = []
  for (const setting of settings) cold.push(await proveElsewhere({ statement, setting }))
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
  const engine = createSoulproofEngine({
    threads: 1,
    onTimes(times) {
      parts = times
    },
  })
  for (let i = 0; i < 3; i++) await engine.prove(o)
  await engine.dispose()
  return Object.fromEntries(Object.entries(parts).map(([name, time]) => [name, Math.round(10 * time) / 10]))
}

/** Verifies what was proved, once by each verifier, and {@link BATCH} proofs together. */
async function verifyAll(o: {
  readonly times: Times
  readonly run: number
  readonly verificationKey: object
  readonly proofs: readonly ProofWithSignals[]
}): Promise<void> {
  const { times, run, proofs } = o
  const verificationKey = o.verificationKey as Parameters<typeof groth16.verify>[0]
  const { proof, publicSignals } = proofs.at(-1)!
  const ours = (): Promise<boolean> => verifyGroth16({ verificationKey, publicSignals, proof })
  const peers = (): Promise<boolean> => groth16.verify(verificationKey, publicSignals, proof)
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

/** The child's work: one proof from nothing. */
async function proveOnce(o: { readonly statement: string; readonly setting: Setting }): Promise<void> {
  const example = createExample({ now: BigInt(Math.floor(Date.now() / 1000)) })
  const { prove } = CASES[o.statement]!(example)
  const start = performance.now()
  const prover = await createProver(o.setting)
  await prover.prove(prove)
  const milliseconds = Math.round(performance.now() - start)
  // Kilobytes, on every platform.
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024)
  process.stdout.write(JSON.stringify({ milliseconds, peakMiB }))
}

/** Proves once in a process of its own, whose memory is then that of this proof alone. */
async function proveElsewhere(o: {
  readonly statement: string
  readonly setting: Setting
}): Promise<ProvingResult['cold']> {
  const script = fileURLToPath(import.meta.url)
  const args = [...process.execArgv, script, '--child', JSON.stringify(o)]
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

function nameOf({ engine, threads }: Setting): string {
  return `${engine}, ${threads === undefined ? 'all threads' : `${threads} thread`}`
}

function progress(statement: string, run: number, runs: number): void {
  const { stderr } = process
  const line = `${statement}: ${run === 0 ? 'warming up' : `run ${run} of ${runs}`}`
  stderr.write(stderr.isTTY ? `\r\u001b[K${line}${run === runs ? '\n' : ''}` : `${line}\n`)
}

function print(o: {
  readonly environment: Readonly<Record<string, unknown>>
  readonly runs: number
  readonly results: readonly Result[]
}): void {
  const { environment, runs, results } = o
  const { node, platform, cpu, cores, loadAtStart, arithmetic } = environment
  write(
    `\n${cpu}, ${cores} cores, Node ${node}, ${platform}; ${arithmetic}; load ${Number(loadAtStart).toFixed(1)} at start\n`,
  )
  write(`Median (least..greatest) of ${runs} warm runs, milliseconds\n`)
  const columns = results.map(({ statement }) => statement)
  const row = (label: string, cell: (result: Result) => string): string[] => [label, ...results.map(cell)]
  const rest = results[0]!.prove.map((setting, i) => ({ name: nameOf(setting), i }))
  table([
    ['', ...columns],
    row('constraints', (result) => number(result.constraints)),
    row('wires', (result) => number(result.wires)),
    row('prepare', ({ prepare }) => spreadText(prepare)),
    row('witness', ({ witness }) => spreadText(witness)),
    ...rest.map(({ name, i }) => row(`prove: ${name}`, ({ prove }) => spreadText(prove[i]!.prove))),
    row('verify: soulproof', ({ verify }) => spreadText(verify.soulproof)),
    row(`verify: ${PEER}`, ({ verify }) => spreadText(verify[PEER])),
    row(`verify: ${BATCH} in a batch`, ({ verifyBatch }) => spreadText(verifyBatch)),
  ])
  write('\nOne proof in a process of its own: seconds from loading to proof, greatest resident size\n')
  table(
    rest.map(({ name, i }) =>
      row(name, ({ prove }) => {
        const { milliseconds, peakMiB } = prove[i]!.cold
        return `${(milliseconds / 1000).toFixed(1)} s, ${number(peakMiB)} MiB`
      }),
    ),
  )
  write("\nParts of soulproof's proof on one thread: milliseconds, and share\n")
  const names = Object.keys(results[0]!.parts)
  table(
    names.map((name) =>
      row(name, ({ parts }) => {
        const total = Object.values(parts).reduce((sum, time) => sum + time, 0)
        return `${parts[name]!.toFixed(1)}, ${Math.round((100 * parts[name]!) / total)} %`
      }),
    ),
  )
  write('\nBytes\n')
  table([
    row('witness generator (wasm)', ({ sizes }) => number(sizes.wasm)),
    row('proving key (zkey)', ({ sizes }) => number(sizes.provingKey)),
    row('verification key (JSON)', ({ sizes }) => number(sizes.verificationKey)),
    row('proof, on chain', ({ sizes }) => number(sizes.proofOnChain)),
    row('proof (JSON)', ({ sizes }) => number(sizes.proof)),
    row('envelope (JSON)', ({ sizes }) => number(sizes.envelope)),
  ])
  write(`\nMedians against ${PEER} in the same run (above 1: faster than ${PEER})\n`)
  const ratio = (peer: Spread, own: Spread): string => (peer.median / own.median).toFixed(2)
  table([
    ...rest.flatMap(({ name, i }) => {
      const { engine, threads } = results[0]!.prove[i]!
      const peer = results[0]!.prove.findIndex((other) => other.engine === PEER && other.threads === threads)
      if (engine === PEER || peer < 0) return []
      return [row(`prove: ${name}`, ({ prove }) => ratio(prove[peer]!.prove, prove[i]!.prove))]
    }),
    row('verify', ({ verify }) => ratio(verify[PEER], verify.soulproof)),
    row(`verify, each of ${BATCH}`, ({ verify, verifyBatch }) =>
      ratio(verify[PEER], { ...verifyBatch, median: verifyBatch.median / BATCH }),
    ),
  ])
  if (ENGINE_NAMES.every((engine) => engine === PEER)) {
    write(`Proving: ${PEER} is the only engine, so that there is nothing to compare.\n`)
  }
}

function spreadText({ median, min, max }: Spread): string {
  const text = (value: number): string => (max < 100 ? value.toFixed(1) : number(Math.round(value)))
  return `${text(median)} (${text(min)}..${text(max)})`
}

function table(rows: readonly (readonly string[])[]): void {
  for (const [label, ...cells] of rows) {
    write(`  ${label!.padEnd(28)}${cells.map((cell) => cell.padStart(26)).join('')}\n`)
  }
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function write(text: string): void {
  process.stdout.write(text)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
} finally {
  // The peer's verifier leaves threads behind, in a global.
  await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
}
