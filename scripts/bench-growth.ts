import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { line, plot, text } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { buildBenchCircuit } from '../src/cli/bench-artifacts.js'
import { type Parts, PEER, partsOf, requireVectors, rotated, type Spread, Times } from '../src/cli/measure.js'
import { poseidon } from '../src/crypto/poseidon.js'
import { randomBelow } from '../src/crypto/random.js'
import { FIELD_MODULUS } from '../src/field.js'
import { createSoulproofEngine } from '../src/prover/engine/index.js'
import type { ProvingEngine } from '../src/prover/engine/types.js'
import { createSnarkjsEngine } from '../src/prover/snarkjs.js'
import { calculateWitness } from '../src/prover/witness.js'
import { verifyGroth16 } from '../src/verifier/index.js'

/*
 * How the time of proofs grows with the circuit: paths in binary trees that fill domains of 2^10 to 2^18, our engine and
 * snarkjs, with one thread and with all cores, interleaved; and what our engine's time goes to. Writes
 * docs/prover-growth.md and docs/prover-growth.svg.
 *
 *   npm run bench:growth -- [--from 10] [--to 18] [--runs 5] [--out docs/prover-growth] [--keep]
 *
 * With --keep, what the last run left in .build/bench of smaller circuits stays: the last sizes may be measured at another time.
 * Each circuit is compiled and keyed once, in the cache of circuits. Nothing fails for being slow.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = join(ROOT, '.build', 'bench')
const ROWS = join(SOURCES, 'growth.json')
/** Constraints of one level, and of what else the domain has to hold: the root and the constant. */
const [PER_LEVEL, BESIDES] = [242, 2]
/** From here on one measurement takes so long that chance hardly matters. */
const [LARGE, LARGEST] = [16, 18]

interface Series {
  readonly engine: string
  readonly threads: number
}

interface Row {
  readonly logSize: number
  readonly constraints: number
  readonly keyBytes: number
  readonly runs: number
  readonly times: readonly (Series & { readonly clock: Spread; readonly processor: Spread })[]
  /** One thread's. */
  readonly own: Parts
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: '10' },
      to: { type: 'string', default: '18' },
      runs: { type: 'string', default: '5' },
      out: { type: 'string', default: join(ROOT, 'docs', 'prover-growth') },
      keep: { type: 'boolean', default: false },
    },
  })
  const [from, to, runs] = [values.from, values.to, values.runs].map(Number) as [number, number, number]
  if (!(from >= 10 && from <= to && to <= 18 && runs >= 1)) throw new RangeError('10 <= from <= to <= 18')
  const load = loadavg()[0]!
  const cores = availableParallelism()
  const series: Series[] = [PEER, 'soulproof'].flatMap((engine) =>
    [...new Set([1, cores])].map((threads) => ({ engine, threads })),
  )
  const engines = await Promise.all(
    series.map(
      async ({ engine, threads }): Promise<ProvingEngine> =>
        engine === PEER
          ? createSnarkjsEngine(threads === 1 ? { threads } : {})
          : createSoulproofEngine({ threads }),
    ),
  )
  for (const { arithmetic } of engines) requireVectors(arithmetic)
  mkdirSync(SOURCES, { recursive: true })
  const rows = values.keep ? readRows().filter(({ logSize }) => logSize < from) : []
  const environment = (): string =>
    `${cpus()[0]?.model.trim()}, ${cores} cores, Node ${process.version}, simd, ` +
    `${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} at start and ${loadavg()[0]!.toFixed(1)} at the end`
  try {
    for (let logSize = from; logSize <= to; logSize++) {
      rows.push(await measure({ logSize, series, engines, runs, warmUp: logSize === from }))
      // After each size: the last ones take longest.
      writeFileSync(ROWS, JSON.stringify(rows))
      writeFileSync(`${values.out}.md`, page({ rows, environment: environment() }))
      writeFileSync(`${values.out}.svg`, `${drawing(rows)}\n`)
      const medians = rows.at(-1)!.times.map(({ clock }) => clock.median)
      process.stderr.write(`2^${logSize}: ${medians.join(', ')} ms\n`)
    }
  } finally {
    await Promise.all(engines.map((engine) => engine.dispose()))
  }
}

function readRows(): Row[] {
  return JSON.parse(readFileSync(ROWS, 'utf8')) as Row[]
}

async function measure(o: {
  logSize: number
  series: readonly Series[]
  engines: readonly ProvingEngine[]
  runs: number
  warmUp: boolean
}): Promise<Row> {
  const { logSize, series, engines } = o
  const runs = logSize >= LARGEST ? 1 : logSize >= LARGE ? Math.min(2, o.runs) : o.runs
  const levels = Math.floor((2 ** logSize - BESIDES) / PER_LEVEL)
  const { wasm, provingKey, verificationKey, constraints } = await buildBenchCircuit({
    name: `merkle-path-${logSize}`,
    source: sourceOf(levels),
  })
  if (constraints + BESIDES > 2 ** logSize || 2 * constraints <= 2 ** logSize) {
    throw new Error(`${levels} levels do not fill a domain of 2^${logSize}`)
  }
  const witness = await calculateWitness({ wasm, inputs: pathOf(levels) })
  const times = new Times()
  // Ours loads the key with its first proof; snarkjs keeps nothing of a key.
  for (const [i, engine] of engines.entries()) {
    if (series[i]!.engine !== PEER || o.warmUp) await engine.prove({ provingKey, witness })
  }
  for (let run = 0; run < runs; run++) {
    for (const i of rotated(engines.length, run)) {
      const made = await times.wait(String(i), () => engines[i]!.prove({ provingKey, witness }))
      if (!(await verifyGroth16({ verificationKey, ...made }))) throw new Error('a proof does not verify')
    }
  }
  return {
    ...{ logSize, constraints, keyBytes: provingKey.length, runs },
    times: series.map((one, i) => ({
      ...one,
      clock: times.spread(String(i)),
      processor: times.processor(String(i)),
    })),
    own: await partsOf({ provingKey, witness, threads: 1 }),
  }
}

/** Writes the circuit of a path of so many levels. */
function sourceOf(levels: number): string {
  const path = join(SOURCES, `merkle-path-${levels}.circom`)
  const include = '../../circuits/bench/merkle-path.circom'
  writeFileSync(
    path,
    `pragma circom 2.2.0;\ninclude "${include}";\ncomponent main {public [root]} = MerklePath(${levels});\n`,
  )
  return path
}

function pathOf(levels: number) {
  const leaf = randomBelow(FIELD_MODULUS)
  const index = Array.from({ length: levels }, () => randomBelow(2n))
  const siblings = index.map(() => randomBelow(FIELD_MODULUS))
  const root = index.reduce(
    (node, bit, i) => poseidon(bit === 1n ? [siblings[i]!, node] : [node, siblings[i]!]),
    leaf,
  )
  return { root, leaf, index, siblings }
}

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 0 })
const threadsText = (threads: number): string => `${threads} thread${threads === 1 ? '' : 's'}`
/** Small times keep a digit. */
const milliseconds = (value: number): string => (value < 10 ? value.toFixed(1) : number(value))

function page(o: { rows: readonly Row[]; environment: string }): string {
  const { rows, environment } = o
  const { times } = rows[0]!
  const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
    [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...body]
      .map((cells) => `| ${cells.join(' | ')} |`)
      .join('\n')
  const seriesName = ({ engine, threads }: Series): string => `${engine}, ${threadsText(threads)}`
  const own = times.flatMap((series, i) => (series.engine === PEER ? [] : [i]))
  const ratio = (row: Row, i: number): string => {
    const peer = row.times.find(
      ({ engine, threads }) => engine === PEER && threads === row.times[i]!.threads,
    )!
    return (peer.processor.median / row.times[i]!.processor.median).toFixed(1)
  }
  const name = ({ constraints, logSize }: Row): string => `${number(constraints)}, 2^${logSize}`
  const parts = Object.keys(rows[0]!.own.parts).sort()
  const total = (row: Row): number => Object.values(row.own.parts).reduce((sum, time) => sum + time, 0)
  return `# Growth of the prover's time

Written by \`npm run bench:growth\`. Paths in binary Poseidon trees, as many levels as the domain holds. ${environment}.

![Milliseconds for a proof, dashed: one thread](prover-growth.svg)

Milliseconds of processor time for a warm proof, all threads together (in brackets: by the clock, which other work on the machine
lengthens), engines interleaved; medians of so many runs. Ratios are of processor time, snarkjs to ours with as many threads.

${table(
  [
    'constraints, domain',
    'runs',
    ...times.map(seriesName),
    ...own.map((i) => `ratio, ${threadsText(times[i]!.threads)}`),
  ],
  rows.map((row) => [
    name(row),
    String(row.runs),
    ...row.times.map(
      ({ clock, processor }) => `${milliseconds(processor.median)} (${milliseconds(clock.median)})`,
    ),
    ...own.map((i) => ratio(row, i)),
  ]),
)}

What our engine's time goes to on one thread: milliseconds of processor time to load the key, once, and shares of a proof. \`c\` has H's sum
too; \`transforms\` are what takes A, B and C to the coset, \`rows\` what computes their values.

${table(
  ['constraints, domain', 'key, MB', 'loading', 'for each MB', ...parts],
  rows.map((row) => [
    name(row),
    (row.keyBytes / 1e6).toFixed(1),
    milliseconds(row.own.key.processor),
    ((1e6 * row.own.key.processor) / row.keyBytes).toFixed(1),
    ...parts.map((part) => `${((100 * row.own.parts[part]!) / total(row)).toFixed(1)} %`),
  ]),
)}
`
}

/** Two panels, logarithmic: by the clock, and processor time. One thread is dashed. */
function drawing(rows: readonly Row[]): string {
  const { document } = parseHTML('<html></html>')
  const points = rows.flatMap(({ constraints, times }) =>
    times.flatMap(({ engine, threads, clock, processor }) =>
      [
        { kind: 'by the clock', milliseconds: clock.median },
        { kind: 'processor time', milliseconds: processor.median },
      ].map((measured) => ({ constraints, engine, threads, name: `${engine}, ${threads}`, ...measured })),
    ),
  )
  const ends = points.filter(({ constraints }) => constraints === rows.at(-1)!.constraints)
  const channels = { x: 'constraints', y: 'milliseconds', fx: 'kind' } as const
  const svg = plot({
    document,
    ...{ width: 900, height: 440, marginRight: 20, marginLeft: 60 },
    style: { background: 'white', color: 'black' },
    fx: { label: null },
    x: { type: 'log', base: 2, label: 'constraints', ticks: 5, tickFormat: number },
    y: { type: 'log', grid: true, label: 'milliseconds for a proof', tickFormat: number },
    color: { domain: [PEER, 'soulproof'], range: ['#c44e52', '#2f6db3'] },
    marks: [
      ...[...new Set(points.map(({ threads }) => threads))].map((threads) =>
        line(
          points.filter((point) => point.threads === threads),
          {
            ...channels,
            ...{ z: 'name', stroke: 'engine', marker: 'dot' },
            ...(threads === 1 && { strokeDasharray: '4 3' }),
          },
        ),
      ),
      text(
        ends.filter(({ threads }) => threads === 1),
        { ...channels, text: 'engine', fill: 'engine', textAnchor: 'end', dy: -12 },
      ),
    ],
  })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return svg.outerHTML
}

await main()
