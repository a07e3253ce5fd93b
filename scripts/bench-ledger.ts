import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createBulkPoseidon } from '../src/bn254/poseidon.js'
import { poseidon } from '../src/crypto/poseidon.js'
import { createLedger, type Entry, type Ledger } from '../src/ledger/index.js'

/*
 * Measures a ledger on disk as it grows:
 *
 *   npm run bench:ledger -- [--handles 10000,100000,1000000] [--batch 100000] [--json FILE]
 *
 * Loading fills a new store with one entry for each handle. Then, at that size: durable appends in batches, applied
 * entries of random handles, proofs of random handles, opening with every record checked. Nothing fails for being slow.
 */

const USAGE = 'usage: bench-ledger [--handles N,N,…] [--batch N] [--json FILE]\n'
const PROOFS = 2000

/** What was measured at one size. Rates are per second, times in milliseconds. */
interface Row {
  readonly handles: number
  readonly load: number
  readonly append: number
  readonly apply: number
  /** Median and 99th percentile. */
  readonly proof: readonly [number, number]
  readonly olderProof: readonly [number, number]
  readonly open: number
  readonly diskBytesPerHandle: number
  readonly heapBytesPerHandle: number
  readonly peakMiB: number
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === undefined) return
  const { sizes, batch, json } = options
  const environment = {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    // Above 0 the machine had other things to do.
    loadAtStart: loadavg()[0],
    date: new Date().toISOString(),
  }
  const rows: Row[] = []
  for (const handles of sizes) rows.push(await measure({ handles, batch }))
  const hashes = measureHashes()
  print({ environment, batch, rows, hashes })
  if (json !== undefined) {
    writeFileSync(json, `${JSON.stringify({ version: 1, environment, batch, rows, hashes }, null, 2)}\n`)
  }
}

function readOptions(): { sizes: number[]; batch: number; json?: string } | undefined {
  try {
    const {
      handles = '10000,100000,1000000',
      batch = '100000',
      ...others
    } = parseArgs({
      options: { handles: { type: 'string' }, batch: { type: 'string' }, json: { type: 'string' } },
    }).values
    const numbers = [...handles.split(','), batch].map(Number)
    if (!numbers.every((n) => Number.isInteger(n) && n >= 1000 && n < 2 ** 20)) {
      throw new RangeError('sizes must be from 1,000 to 1,048,575')
    }
    return { sizes: numbers.slice(0, -1), batch: numbers.at(-1) as number, ...others }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}`)
    process.exitCode = 2
    return undefined
  }
}

async function measure({ handles, batch }: { handles: number; batch: number }): Promise<Row> {
  const path = mkdtempSync(join(tmpdir(), 'soulproof-bench-'))
  const name = { id: `bench:${handles}`, categories: ['unpaid', 'defaults'] }
  const random = createRandom(handles)
  try {
    globalThis.gc?.()
    const heapBefore = process.memoryUsage().heapUsed
    let ledger = await createLedger({ ...name, path })
    const load = await perSecond(handles, async () => {
      for (let from = 0; from < handles; from += batch) {
        const count = Math.min(batch, handles - from)
        await ledger.append(Array.from({ length: count }, (_, i) => entryOf(handleOf(from + i), from + i)))
        await ledger.apply()
        progress(`${handles} handles: ${from + count} loaded`)
      }
    })
    await ledger.compact()
    globalThis.gc?.()
    const heap = process.memoryUsage().heapUsed - heapBefore
    const disk = bytesIn(path)
    const older = ledger.roots().at(-1)?.root as bigint

    const entries = Array.from({ length: batch }, (_, i) => entryOf(handleOf(random(handles)), i))
    const append = await perSecond(batch, () => ledger.append(entries))
    const apply = await perSecond(batch, () => ledger.apply())
    progress(`${handles} handles: applied`)
    const proof = percentiles(ledger, PROOFS, () => handleOf(random(handles)))
    const olderProof = percentiles(ledger, PROOFS, () => handleOf(random(handles)), older)
    await ledger.close()
    const start = performance.now()
    ledger = await createLedger({ ...name, path })
    const open = performance.now() - start
    await ledger.close()
    return {
      ...{ handles, load, append, apply, proof, olderProof, open },
      diskBytesPerHandle: disk / handles,
      heapBytesPerHandle: heap / handles,
      peakMiB: process.resourceUsage().maxRSS / 1024,
    }
  } finally {
    rmSync(path, { recursive: true, force: true })
    progress('')
  }
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

async function perSecond(count: number, run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return (1000 * count) / (performance.now() - start)
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
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

function print(o: {
  readonly environment: Readonly<Record<string, unknown>>
  readonly batch: number
  readonly rows: readonly Row[]
  readonly hashes: ReturnType<typeof measureHashes>
}): void {
  const { environment, batch, rows, hashes } = o
  const whole = (value: number): string => Math.round(value).toLocaleString('en')
  const ms = ([median, high]: readonly [number, number]): string =>
    `${median.toFixed(2)} (${high.toFixed(2)})`
  const lines = [
    ...Object.entries(environment).map(([name, value]) => `${name}: ${value}`),
    '',
    `Batches of ${whole(batch)}. Rates per second; times in ms, of proofs the median (99th percentile).`,
    '',
    '| handles | loaded | appended | applied | proof | older proof | open, checked | disk/handle | heap/handle | peak |',
    '|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map((row) =>
      [
        '',
        whole(row.handles),
        whole(row.load),
        whole(row.append),
        whole(row.apply),
        ms(row.proof),
        ms(row.olderProof),
        whole(row.open),
        `${whole(row.diskBytesPerHandle)} B`,
        `${whole(row.heapBytesPerHandle)} B`,
        `${whole(row.peakMiB)} MiB`,
        '',
      ]
        .join(' | ')
        .trim(),
    ),
    '',
    ...plot('applied entries per second', rows, ({ apply }) => apply),
    ...plot('proof, microseconds', rows, ({ proof }) => 1000 * proof[0]),
    '| Poseidon, inputs | TypeScript, µs | one, µs | one of many, µs |',
    '|---:|---:|---:|---:|',
    ...hashes.map(
      ({ arity, reference, single, bulk }) =>
        `| ${arity} | ${reference.toFixed(0)} | ${single.toFixed(1)} | ${bulk.toFixed(1)} |`,
    ),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** Draws a bar for each size. */
function plot(title: string, rows: readonly Row[], value: (row: Row) => number): string[] {
  const most = Math.max(...rows.map(value))
  return [
    title,
    ...rows.map((row) => {
      const bar = '█'.repeat(Math.max(1, Math.round((50 * value(row)) / most)))
      return `${row.handles.toLocaleString('en').padStart(10)} ${bar} ${Math.round(value(row)).toLocaleString('en')}`
    }),
    '',
  ]
}

await main()
