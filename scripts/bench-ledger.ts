import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createBulkPoseidon } from '../src/bn254/poseidon.js'
import { poseidon } from '../src/crypto/poseidon.js'
import { createLedger, type Entry, type Ledger } from '../src/ledger/index.js'
import { allowRelaxedSimd } from '../src/ledger/store/relaxed-simd.js'

/*
 * Measures a ledger on disk as it grows:
 *
 *   npm run bench:ledger -- [--handles 10000,100000,1000000] [--entries 10] [--batch 100000] [--seconds 7200]
 *       [--json FILE] [--plot FILE.svg]
 *   npm run bench:ledger -- --from FILE --plot FILE.svg
 *
 * At each size a new store takes an entry for each handle, and then entries of random handles until there are so many times
 * as many, or the seconds have passed, or SIGINT comes; each batch is appended, and applied to the disk, with a clock. Then proofs of random handles, at the newest root
 * and the oldest that is kept, and opening with every record checked. Nothing fails for being slow.
 */

const USAGE =
  'usage: bench-ledger [--handles N,N,…] [--entries N] [--batch N] [--seconds N] [--json FILE] [--plot FILE]\n' +
  '       bench-ledger --from FILE [--plot FILE]\n'
const PROOFS = 4000

/** One batch: how large the ledger is after it, and what it took, in milliseconds. */
export interface Step {
  readonly handles: number
  readonly entries: number
  readonly count: number
  readonly append: number
  readonly apply: number
  /** Of all threads of the process, in appending and applying. */
  readonly processor: number
}

/** What was measured at one size. Rates are per second, times in milliseconds. */
export interface Row {
  readonly handles: number
  readonly entries: number
  /** Durable appends, over all batches. */
  readonly append: number
  /** Entries of new handles. */
  readonly insert: number
  /** Entries of random handles of the full ledger: the median batch. */
  readonly apply: number
  /** Processor time of one of these, all threads, microseconds: what does not depend on what else runs. */
  readonly processor: number
  /** Median and 99th percentile. */
  readonly proof: readonly [number, number]
  readonly olderProof: readonly [number, number]
  readonly open: number
  readonly treeBytesPerHandle: number
  readonly queueBytesPerEntry: number
  readonly heapBytesPerHandle: number
  readonly peakMiB: number
  readonly steps: readonly Step[]
}

/** What the bench writes, and `plotGrowth` draws. */
export interface Measured {
  readonly version: 2
  readonly environment: Readonly<Record<string, string | number>>
  readonly batch: number
  readonly rows: readonly Row[]
  readonly hashes: ReturnType<typeof measureHashes>
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) return
  const { json, plot, from } = options
  const measured =
    from === undefined ? await measureAll(options) : (JSON.parse(readFileSync(from, 'utf8')) as Measured)
  print(measured)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(measured, null, 1)}\n`)
  if (plot !== undefined) {
    const { plotGrowth } = await import('./lib/growth-plot.js')
    writeFileSync(plot, plotGrowth(measured))
  }
}

interface Options {
  readonly sizes: readonly number[]
  readonly times: number
  readonly batch: number
  readonly seconds: number
  readonly json?: string
  readonly plot?: string
  readonly from?: string
}

function readOptions(): Options | undefined {
  try {
    const text = { type: 'string' } as const
    const {
      handles = '10000,100000,1000000',
      entries = '10',
      batch = '100000',
      seconds = '7200',
      ...others
    } = parseArgs({
      options: {
        handles: text,
        entries: text,
        batch: text,
        seconds: text,
        json: text,
        plot: text,
        from: text,
      },
    }).values
    const sizes = handles.split(',').map(Number)
    if (![...sizes, Number(batch)].every((n) => Number.isInteger(n) && n >= 1000 && n < 2 ** 20)) {
      throw new RangeError('sizes must be from 1,000 to 1,048,575')
    }
    const times = Number(entries)
    if (!Number.isInteger(times) || times < 2 || times > 1000)
      throw new RangeError('--entries must be from 2 to 1,000')
    if (!(Number(seconds) >= 1)) throw new RangeError('--seconds must be from 1')
    return { sizes, times, batch: Number(batch), seconds: Number(seconds), ...others }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

async function measureAll({ sizes, times, batch, seconds, json }: Options): Promise<Measured> {
  // As the store has it.
  allowRelaxedSimd()
  const hashes = measureHashes()
  const environment: Record<string, string | number> = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    date: new Date().toISOString(),
    // Above 0 the machine had other things to do.
    loadAtStart: loadavg()[0] as number,
  }
  const rows: Row[] = []
  for (const handles of sizes) {
    rows.push(await measure({ handles, entries: times * handles, batch, seconds }))
    // What is measured is kept, should the next size not end.
    if (json !== undefined) {
      writeFileSync(json, `${JSON.stringify({ version: 2, environment, batch, rows, hashes }, null, 1)}\n`)
    }
  }
  return {
    version: 2,
    environment: { ...environment, loadAtEnd: loadavg()[0] as number },
    batch,
    rows,
    hashes,
  }
}

async function measure(o: {
  readonly handles: number
  readonly entries: number
  readonly batch: number
  readonly seconds: number
}): Promise<Row> {
  const { handles, batch } = o
  let isTold = false
  const stop = (): void => {
    isTold = true
  }
  process.on('SIGINT', stop)
  const end = performance.now() + 1000 * o.seconds
  // What is new comes whole.
  const isEnough = (from: number): boolean =>
    from >= o.entries || (from > handles && (isTold || performance.now() > end))
  const path = mkdtempSync(join(tmpdir(), 'soulproof-bench-'))
  const name = { id: `bench:${handles}`, categories: ['unpaid', 'defaults'] }
  const random = createRandom(handles)
  const steps: Step[] = []
  try {
    globalThis.gc?.()
    const heapBefore = process.memoryUsage().heapUsed
    let ledger = await createLedger({ ...name, path })
    let from = 0
    while (!isEnough(from)) {
      const isNew = from < handles
      const count = Math.min(batch, (isNew ? handles : o.entries) - from)
      const some = Array.from({ length: count }, (_, i) =>
        entryOf(handleOf(isNew ? from + i : random(handles)), from + i),
      )
      const before = process.cpuUsage()
      const append = await milliseconds(() => ledger.append(some))
      const apply = await milliseconds(() => ledger.apply())
      const { user, system } = process.cpuUsage(before)
      from += count
      const step = { handles: Math.min(from, handles), entries: from, count, append, apply }
      steps.push({ ...step, processor: (user + system) / 1000 })
      progress(`${handles} handles: ${from} entries, ${Math.round((1000 * count) / apply)} a second`)
    }
    const entries = from
    const older = ledger.roots()[0]?.root as bigint
    const proof = percentiles(ledger, PROOFS, () => handleOf(random(handles)))
    const olderProof = percentiles(ledger, PROOFS, () => handleOf(random(handles)), older)
    await ledger.compact()
    globalThis.gc?.()
    const heap = process.memoryUsage().heapUsed - heapBefore
    await ledger.close()
    const [tree, queue] = [bytesIn(join(path, 'tree')), bytesIn(join(path, 'queue'))]
    const open = await milliseconds(async () => {
      ledger = await createLedger({ ...name, path })
    })
    await ledger.close()
    const rateOf = (some: readonly Step[], what: 'append' | 'apply'): number =>
      (1000 * sum(some, 'count')) / sum(some, what)
    const updates = steps.filter((step) => step.entries > handles)
    return {
      ...{ handles, entries, append: rateOf(steps, 'append') },
      insert: rateOf(
        steps.filter((step) => step.entries <= handles),
        'apply',
      ),
      apply: medianOf(updates.map((step) => (1000 * step.count) / step.apply)),
      processor: medianOf(updates.map((step) => (1000 * step.processor) / step.count)),
      ...{ proof, olderProof, open },
      treeBytesPerHandle: tree / handles,
      queueBytesPerEntry: queue / entries,
      heapBytesPerHandle: heap / handles,
      peakMiB: process.resourceUsage().maxRSS / 1024,
      steps,
    }
  } finally {
    process.off('SIGINT', stop)
    rmSync(path, { recursive: true, force: true })
    progress('')
  }
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

function sum(steps: readonly Step[], what: 'count' | 'append' | 'apply'): number {
  return steps.reduce((total, step) => total + step[what], 0)
}

/** Opens some handles to warm up, then each with a clock. */
function percentiles(ledger: Ledger, count: number, handle: () => bigint, root?: bigint): [number, number] {
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const asked = handle()
    const start = performance.now()
    ledger.proof(asked, root === undefined ? {} : { root })
    if (i >= count / 4) times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => times[Math.floor(times.length * share)] as number
  return [at(0.5), at(0.99)]
}

/** Microseconds for one hash of as many inputs: the reference, one, and one of many. */
function measureHashes(): { arity: number; reference: number; single: number; bulk: number }[] {
  const bulk = createBulkPoseidon()
  return [3, 4, 12].map((arity) => {
    const inputs = Array.from({ length: arity }, (_, i) => BigInt(i) << 200n)
    const many = new Uint8Array(32 * arity * 4096)
    bulk.hashMany({ arity, count: 4096, inputs: many })
    const time = (count: number, run: () => void): number => {
      const start = performance.now()
      run()
      return (1000 * (performance.now() - start)) / count
    }
    const repeat = (count: number, run: () => void) => () => {
      for (let i = 0; i < count; i++) run()
    }
    return {
      arity,
      reference: time(
        200,
        repeat(200, () => poseidon(inputs)),
      ),
      single: time(
        2000,
        repeat(2000, () => bulk.hash(inputs)),
      ),
      bulk: time(4096, () => bulk.hashMany({ arity, count: 4096, inputs: many })),
    }
  })
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** The i-th handle: an odd multiple modulo 2^248 spreads them all over. */
function handleOf(i: number): bigint {
  const factor = 0xd1b54a32d192ed03a24baed4963ee407c2b2ae3d27d4eb4f9e3779b97f4a7cn
  return BigInt.asUintN(248, (BigInt(i) + 1n) * (factor | 1n))
}

function entryOf(handle: bigint, i: number): Entry {
  return { handle, category: i % 2, amount: BigInt(i), ref: BigInt(i), at: 1_700_000_000n }
}

function createRandom(seed: number): (bound: number) => number {
  let state = seed >>> 0
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

function bytesIn(path: string): number {
  return (readdirSync(path, { recursive: true, encoding: 'utf8' }) as string[])
    .map((file) => statSync(join(path, file)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
}

function progress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}` : `${text}\n`)
}

function print({ environment, batch, rows, hashes }: Measured): void {
  const whole = (value: number): string => Math.round(value).toLocaleString('en')
  const ms = ([median, high]: readonly [number, number]): string =>
    `${median.toFixed(2)} (${high.toFixed(2)})`
  const lines = [
    ...Object.entries(environment).map(([name, value]) => `${name}: ${value}`),
    '',
    `Batches of ${whole(batch)}. Rates per second; times in ms, of proofs the median (99th percentile).`,
    '',
    '| handles | entries | appended | applied, new | applied | processor | proof | older proof | open, checked | tree/handle | queue/entry | heap/handle | peak |',
    `|${'---:|'.repeat(13)}`,
    ...rows.map((row) =>
      [
        '',
        whole(row.handles),
        whole(row.entries),
        whole(row.append),
        whole(row.insert),
        whole(row.apply),
        `${whole(row.processor)} µs`,
        ms(row.proof),
        ms(row.olderProof),
        whole(row.open),
        `${whole(row.treeBytesPerHandle)} B`,
        `${whole(row.queueBytesPerEntry)} B`,
        `${whole(row.heapBytesPerHandle)} B`,
        `${whole(row.peakMiB)} MiB`,
        '',
      ]
        .join(' | ')
        .trim(),
    ),
    '',
    '| Poseidon, inputs | TypeScript, µs | one, µs | one of many, µs |',
    '|---:|---:|---:|---:|',
    ...hashes.map(
      ({ arity, reference, single, bulk }) =>
        `| ${arity} | ${reference.toFixed(0)} | ${single.toFixed(1)} | ${bulk.toFixed(1)} |`,
    ),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

await main()
