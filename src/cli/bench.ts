import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { type Command, Option } from 'commander'
import { chooseArithmetic } from '../bn254/arithmetic.js'
import { ENGINE_NAMES } from '../prover/index.js'
import type { KeyProgress } from '../setup/development-key.js'
import { MANIFEST } from '../statements/manifest.js'
import { isMeasurable } from './bench-artifacts.js'
import { BENCH_CASES, PUBLISHED_RAPIDSNARK } from './bench-cases.js'
import { measurePlonk, PLONK_STATEMENTS, type PlonkMeasurement } from './bench-plonk.js'
import { warnOfDevelopmentKey } from './development-key.js'
import { UsageError } from './errors.js'
import { emitJson, PUBLIC_MODE, printJson, refuseExisting } from './io.js'
import {
  BATCH,
  type ColdJob,
  type Measurement,
  measure,
  nameOf,
  PEER,
  type ProvingResult,
  proveOnce,
  requireVectors,
  type Spread,
  settingsOf,
} from './measure.js'
import { collect, readInteger } from './options.js'
import { withProgress } from './progress.js'
import { type ProofSystemOptions, readProofSystem, withProofSystem } from './proof-system.js'

interface BenchOptions extends ProofSystemOptions {
  readonly statement: readonly string[]
  readonly runs: string
  readonly engine?: string
  readonly threads?: string
  readonly out?: string
  readonly force?: boolean
  /** What {@link proveOnce} takes, in a process of its own. */
  readonly child?: string
}

/** Adds `soulproof bench`. */
export function addBenchCommand(program: Command): void {
  withProofSystem(program.command('bench'))
    .description('time preparing, witness, proof and verification of statements on this machine')
    .option(
      '--statement <name>',
      `${Object.keys(BENCH_CASES).join(', ')}; may be given several times; default all`,
      collect,
      [],
    )
    .option('--runs <number>', 'runs after one to warm up; the median counts', '5')
    .option('--engine <name>', `proving engine: ${ENGINE_NAMES.join(', ')}; default all`)
    .option('--threads <number>', 'threads; default both 1 and all')
    .option('--out <file>', 'write the JSON here instead of stdout')
    .option('--force', 'replace the file')
    .addOption(new Option('--child <json>', 'prove once, in a process of its own').hideHelp())
    .addHelpText('after', '\nExample:\n  $ soulproof bench --statement policy-s --runs 5')
    .action(bench)
}

async function bench(options: BenchOptions): Promise<void> {
  if (options.child !== undefined) return printJson(await proveOnce(JSON.parse(options.child) as ColdJob))
  const { engine, threads, statement: wanted } = options
  const runs = readInteger(options.runs, '--runs')
  if (runs < 1 || runs > 1000) throw new UsageError('--runs must be from 1 to 1000')
  const isPlonk = readProofSystem(options) === 'plonk'
  const [known, engines] = isPlonk ? [PLONK_STATEMENTS, [PEER]] : [Object.keys(BENCH_CASES), ENGINE_NAMES]
  const names = wanted.length > 0 ? wanted : known.filter(isMeasurable)
  if (names.some((name) => !known.includes(name))) {
    throw new UsageError(`--statement must be one of ${known.join(', ')}`)
  }
  if (engine !== undefined && !engines.includes(engine)) {
    throw new UsageError(`--engine must be one of ${engines.join(', ')}`)
  }
  const { out, force = false } = options
  if (out !== undefined && out !== '-' && !force) await refuseExisting(out)
  const settings = settingsOf({
    ...(isPlonk ? { engine: PEER } : engine !== undefined && { engine }),
    ...(threads !== undefined && { threads: readInteger(threads, '--threads') }),
  })
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
    arithmetic: await chooseArithmetic(),
  }
  // Where the vectors do not work, what is measured is not what is claimed.
  if (settings.some((setting) => setting.engine !== PEER)) requireVectors(environment.arithmetic)
  const results = await withProgress('bench', async (progress) => {
    const measured: (Measurement | PlonkMeasurement)[] = []
    for (const [i, statement] of names.entries()) {
      const onRun = (run: number): void =>
        progress.report(`${statement} ${run}/${runs}`, (i + run / (runs + 1)) / names.length)
      const onKey = ({ done, total }: KeyProgress): void =>
        progress.report(`${statement}: key ${Math.floor((100 * done) / total)} %`, i / names.length)
      const childArgs = ['bench', '--child']
      measured.push(
        await (isPlonk
          ? measurePlonk({ statement, runs, settings, onRun })
          : measure({ statement, runs, settings, childArgs, onRun, onKey })),
      )
    }
    return measured
  })
  for (const name of names) warnOfDevelopmentKey(name)
  if (isPlonk) sayPlonkTables({ environment, runs, results: results as PlonkMeasurement[] })
  else sayTables({ environment, runs, results: results as Measurement[] })
  await emitJson(
    { version: 1, unit: 'ms', runs, engines, environment, results },
    { ...options, mode: PUBLIC_MODE },
  )
}

/** Shows measurements as tables on stderr. */
function sayTables(o: {
  readonly environment: Readonly<Record<string, unknown>>
  readonly runs: number
  readonly results: readonly Measurement[]
}): void {
  const { environment, runs, results } = o
  const { node, platform, cpu, cores, loadAtStart, arithmetic } = environment
  write(
    `\n${cpu}, ${cores} cores, Node ${node}, ${platform}; ${arithmetic}; load ${Number(loadAtStart).toFixed(1)} at start\n`,
  )
  write(`Median (least..greatest) of ${runs} warm runs, milliseconds\n`)
  const columns = results.map(({ statement }) => statement)
  const row = (label: string, cell: (result: Measurement) => string): string[] => [
    label,
    ...results.map(cell),
  ]
  const rest = results[0]!.prove.map((setting, i) => ({ name: nameOf(setting), i }))
  table([
    ['', ...columns],
    row('constraints', (result) => number(result.constraints)),
    row('wires', (result) => number(result.wires)),
    row('prepare', ({ prepare }) => spreadText(prepare)),
    row('witness', ({ witness }) => spreadText(witness)),
    ...rest.map(({ name, i }) => row(`prove: ${name}`, ({ prove }) => spreadText(prove[i]!.prove))),
    ...rest.map(({ name, i }) =>
      row(`  processors: ${name}`, ({ prove }) => spreadText(prove[i]!.processor)),
    ),
    row('verify: soulproof', ({ verify }) => spreadText(verify.soulproof)),
    row(`verify: ${PEER}`, ({ verify }) => spreadText(verify[PEER])),
    row(`verify: ${BATCH} in a batch`, ({ verifyBatch }) => spreadText(verifyBatch)),
  ])
  write('\nOne proof in a process of its own: seconds from artifacts to proof, greatest resident size\n')
  table(
    rest.map(({ name, i }) =>
      row(name, ({ prove }) => {
        const { milliseconds, peakMiB } = prove[i]!.cold
        return `${(milliseconds / 1000).toFixed(1)} s, ${number(peakMiB)} MiB`
      }),
    ),
  )
  const own = rest.filter(({ i }) => results[0]!.prove[i]!.cold.key !== undefined)
  if (own.length > 0) {
    write('\nLoading of a proving key, once threads run: milliseconds; for each MB (aim: below 20)\n')
  }
  const loading = (label: string, i: number, what: 'clock' | 'processor'): string[] =>
    row(label, ({ prove, sizes }) => {
      const spread = prove[i]!.cold.key![what]
      return `${spreadText(spread)}; ${((1e6 * spread.median) / sizes.provingKey).toFixed(1)}`
    })
  table(
    own.flatMap(({ name, i }) => [
      loading(name, i, 'clock'),
      loading(`  processors: ${name}`, i, 'processor'),
    ]),
  )
  write("\nParts of soulproof's proof on one thread: milliseconds, and share\n")
  table(
    Object.keys(results[0]!.parts).map((name) =>
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
    row('envelope (JSON)', ({ sizes }) => (sizes.envelope === undefined ? '–' : number(sizes.envelope))),
  ])
  write(
    `\nMedians against ${PEER} in the same run (above 1: faster, or smaller, than ${PEER}; aim of proofs: 4)\n`,
  )
  const ratio = (peer: number, own: number): string => (peer / own).toFixed(2)
  table([
    ...rest.flatMap(({ name, i }) => {
      const { engine, threads } = results[0]!.prove[i]!
      const peer = results[0]!.prove.findIndex((other) => other.engine === PEER && other.threads === threads)
      if (engine === PEER || peer < 0) return []
      const compare = (label: string, value: (result: ProvingResult) => number): string[] =>
        row(label, ({ prove }) => ratio(value(prove[peer]!), value(prove[i]!)))
      return [
        compare(`prove: ${name}`, ({ prove }) => prove.median),
        compare(`  processors: ${name}`, ({ processor }) => processor.median),
        compare(`  resident size: ${name}`, ({ cold }) => cold.peakMiB),
      ]
    }),
    row('rapidsnark, published*', ({ statement }) => {
      const published = PUBLISHED_RAPIDSNARK[statement]
      return published === undefined ? '–' : published.map((value) => value.toFixed(1)).join('..')
    }),
    row('verify', ({ verify }) => ratio(verify[PEER].median, verify.soulproof.median)),
    row(`verify, each of ${BATCH}`, ({ verify, verifyBatch }) =>
      ratio(verify[PEER].median, verifyBatch.median / BATCH),
    ),
  ])
  write(
    '  * not of this run: native rapidsnark is on no registry of npm; it is the ratio of one measurement of\n',
  )
  write('    similar statements on a machine of this kind, two threads, snarkjs 0.7.6\n')
}

/** Shows measurements of PLONK as tables on stderr. */
function sayPlonkTables(o: {
  readonly environment: Readonly<Record<string, unknown>>
  readonly runs: number
  readonly results: readonly PlonkMeasurement[]
}): void {
  const { environment, runs, results } = o
  const { node, platform, cpu, cores, loadAtStart } = environment
  const load = Number(loadAtStart).toFixed(1)
  write(`\nPLONK: ${cpu}, ${cores} cores, Node ${node}, ${platform}; load ${load} at start\n`)
  write(`Median (least..greatest) of ${runs} warm runs, milliseconds\n`)
  const row = (label: string, cell: (result: PlonkMeasurement) => string): string[] => [
    label,
    ...results.map(cell),
  ]
  table([
    row('', ({ statement }) => statement),
    row('gates', ({ gates }) => number(gates)),
    row('witness', ({ witness }) => spreadText(witness)),
    ...results[0]!.prove.flatMap((setting, i) => [
      row(`prove: ${nameOf(setting)}`, ({ prove }) => spreadText(prove[i]!.prove)),
      row('  processors', ({ prove }) => spreadText(prove[i]!.processor)),
    ]),
    row('verify: soulproof', ({ verify }) => spreadText(verify.soulproof)),
    row(`verify: ${PEER}`, ({ verify }) => spreadText(verify[PEER])),
  ])
  write('\nBytes\n')
  table([
    row('witness generator (wasm)', ({ sizes }) => number(sizes.wasm)),
    row('proving key (zkey)', ({ sizes }) => number(sizes.provingKey)),
    row('verification key (JSON)', ({ sizes }) => number(sizes.verificationKey)),
    row('proof, on chain', ({ sizes }) => number(sizes.proofOnChain)),
    row('proof (JSON)', ({ sizes }) => number(sizes.proof)),
    row('envelope (JSON)', ({ sizes }) => number(sizes.envelope)),
  ])
}

function spreadText({ median, min, max }: Spread): string {
  const text = (value: number): string => (max < 100 ? value.toFixed(1) : number(Math.round(value)))
  return `${text(median)} (${text(min)}..${text(max)})`
}

function table(rows: readonly (readonly string[])[]): void {
  for (const [label, ...cells] of rows) {
    write(`  ${label!.padEnd(40)}${cells.map((cell) => cell.padStart(28)).join('')}\n`)
  }
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function write(text: string): void {
  process.stderr.write(text)
}
