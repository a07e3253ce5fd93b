import assert from 'node:assert/strict'
import { stat, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { BrowserContext, Page } from 'playwright-core'
import { BENCH_CASES } from '../src/cli/bench-cases.js'
import { BASE8, multiply } from '../src/crypto/babyjub.js'
import { beaconField } from '../src/designated/beacon.js'
import { textBeacon } from '../src/designated/index.js'
import {
  createMemoryLedger,
  type Entry,
  ledgerHandle,
  prepareBatch,
  prepareHistory,
} from '../src/ledger/index.js'
import { parsePolicy } from '../src/policy/index.js'
import { loadArtifacts } from '../src/prover/artifacts.js'
import type { PreparedStatement } from '../src/prover/index.js'
import { createSoul } from '../src/soul/index.js'
import { contextSignals, timedContext } from '../src/statements/context.js'
import { HISTORY_ENTRIES } from '../src/statements/ledger-history.js'
import { preparePolicy } from '../src/statements/policy.js'
import { verifyGroth16 } from '../src/verifier/index.js'
import type { Commands, EngineName } from './bench-browser/page.js'
import {
  buildPackage,
  bundlePage,
  callerOf,
  type PageServer,
  peakMemory,
  STRICT_POLICY,
  servePage,
  startChromium,
} from './lib/browser.js'
import { type Spread, spreadOf } from './lib/measure.js'
import { packArtifactFiles } from './lib/packed.js'

/*
 * What a visitor waits for, in Chromium, beside snarkjs in the same page: the first proof with nothing at hand, the first one
 * of later visits, and warm ones; bytes of artifacts; and what the page's process took at most. Writes
 * docs/browser-benchmark.md and .json:
 *
 *   npm run bench:browser -- [--runs 5] [--statements membership,policy-s] [--out docs/browser-benchmark]
 *
 * Each engine has a Chromium of its own, so that the memory is its own; a later visit is another tab of the same profile.
 * Fails if our engine fell back from vectors, or a proof does not verify; never for being slow. The server is on this
 * machine: a network's time comes on top, which the bytes tell.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BUNDLE = join(ROOT, '.build', 'browser-bench')
const call = callerOf<Commands>()
const ENGINES: readonly EngineName[] = ['soulproof', 'snarkjs']
const CONTEXT = { scope: 'bench', message: 'bench' } as const

/** snarkjs makes its workers from text. */
const POLICY = { ...STRICT_POLICY, 'worker-src': "'self' blob:" }

/** Not isolated pages are measured for these. */
const EVERYWHERE = ['membership', 'policy-s', 'policy-m']

const CASES: Readonly<Record<string, () => PreparedStatement>> = {
  membership: () => caseOf('membership'),
  'policy-s': () => caseOf('policy-s'),
  'policy-m': () => caseOf('policy-m'),
  'policy-m-timed': timedCase,
  'policy-l': () => caseOf('policy-l'),
  'ledger-history': historyCase,
  'ledger-batch': batchCase,
}

interface Row {
  readonly statement: string
  readonly isolated: boolean
  readonly engine: EngineName
  /** Bytes of artifacts that came over the network for the first proof. */
  readonly bytes: number
  /** Milliseconds by the clock, from the button to the proof. */
  readonly first: number
  readonly nextVisit: Spread
  readonly warm: Spread
  /** MiB that the page's process had resident at most, and without Chromium's own code and data files. */
  readonly resident: number
  readonly heap: number
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      statements: { type: 'string', default: Object.keys(CASES).join() },
      out: { type: 'string', default: join(ROOT, 'docs', 'browser-benchmark') },
    },
  })
  if (!/^[1-9][0-9]?$/.test(values.runs)) throw new RangeError('--runs must be from 1 to 99')
  const runs = Number(values.runs)
  const statements = values.statements.split(',')
  for (const statement of statements)
    if (!Object.hasOwn(CASES, statement))
      throw new RangeError(`--statements are of ${Object.keys(CASES).join()}`)
  const load = loadavg()[0] as number
  await buildPackage()
  await bundlePage({ root: join(ROOT, 'scripts', 'bench-browser'), outDir: BUNDLE })
  for (const statement of statements) await packArtifactFiles(statement)

  const rows: Row[] = []
  let chromium = ''
  for (const statement of statements) {
    const prepared = CASES[statement]!()
    for (const isolated of EVERYWHERE.includes(statement) ? [true, false] : [true]) {
      for (const engine of ENGINES) {
        process.stderr.write(`${statement}, ${isolated ? 'isolated' : 'not isolated'}, ${engine}\n`)
        const { version, ...row } = await measure({ prepared, isolated, engine, runs })
        rows.push(row)
        chromium = version
      }
    }
  }
  const machine = {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    chromium,
    load: { before: load, after: loadavg()[0] as number },
  }
  const text = report({ rows, machine, runs })
  await writeFile(`${values.out}.md`, text)
  await writeFile(`${values.out}.json`, `${JSON.stringify({ machine, runs, rows }, null, 2)}\n`)
  process.stdout.write(text)
}

function caseOf(statement: string): PreparedStatement {
  return { statement, ...(BENCH_CASES[statement]!().prepare() as Omit<PreparedStatement, 'statement'>) }
}

/** The case of `policy-s`, its country alone, as a timed policy: all of these take the same circuit. */
function timedCase(): PreparedStatement {
  const wallet = BENCH_CASES['policy-s']?.().envelope?.prove
  if (wallet === undefined || !('policy' in wallet)) throw new Error('there is no such case')
  const { soul, sbts, roots, now } = wallet
  const policy = parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': { country: 'string', birthDate: 'date' } },
    sbts: { slot0: { issuers: Object.keys(roots.issuers ?? {}), schema: 'citizenship/1' } },
    require: { claim: 'slot0.country', eq: 'CA' },
    timed: { squarings: 3000, window: 60, beacon: 'bench' },
  })
  const beacon = textBeacon({ source: 'bench', text: 'bench', at: now })
  const context = timedContext(contextSignals(CONTEXT), beaconField(beacon))
  const blinding = 987_654_321n
  const commitment = { P: multiply(BASE8, blinding), blinding }
  const prepared = preparePolicy({ soul, sbts, roots, now, policy, context, commitment })
  return { statement: 'policy-m-timed', ...prepared }
}

/** A Soul with as many entries as are opened, none of them a default. */
function historyCase(): PreparedStatement {
  const categories = ['loan', 'default']
  const [ledger, soul] = [createMemoryLedger({ id: 'bench', categories }), createSoul()]
  const handle = ledgerHandle({ soul, ledgerId: 'bench' })
  const entries = Array.from({ length: HISTORY_ENTRIES }, () => entryOf(handle))
  ledger.append(...entries)
  ledger.apply()
  const query = { ledger: { id: 'bench', categories }, of: ['default'], most: 0 }
  const proof = ledger.proof(handle)
  const history = prepareHistory({ ...CONTEXT, soul, query, proof, entries: ledger.entries() })
  return { statement: 'ledger-history', ...history, revealed: {} }
}

function entryOf(handle: bigint): Entry {
  return { handle, category: 0, amount: 100n, ref: 0n, at: 1_763_700_000n }
}

/** As many entries about as many Souls as a batch takes. */
function batchCase(): PreparedStatement {
  const ledger = createMemoryLedger({ id: 'bench', categories: ['loan'] })
  const entries = Array.from({ length: 64 }, (_, i) => entryOf(BigInt(i + 1)))
  const { inputs, publicSignals } = prepareBatch({ reader: ledger.reader, entries })
  return { statement: 'ledger-batch', inputs, publicSignals: publicSignals.map(String), revealed: {} }
}

async function measure(o: {
  prepared: PreparedStatement
  isolated: boolean
  engine: EngineName
  runs: number
}): Promise<Row & { readonly version: string }> {
  const { prepared, isolated, engine, runs } = o
  const { statement } = prepared
  const { verificationKey } = await loadArtifacts({ statement })
  const server = await servePage({ folder: BUNDLE, isolated, policy: POLICY })
  const browser = await startChromium()
  try {
    const context = await browser.newContext()
    const prove = async (page: Page): Promise<number> => {
      const { proof, publicSignals, milliseconds } = await call(page, 'prove', { engine, prepared })
      assert.ok(
        await verifyGroth16({ verificationKey, publicSignals, proof }),
        'a proof of the bench does not verify',
      )
      return milliseconds
    }
    const first = await visit(context, server)
    const cold = await prove(first)
    const bytes = await loadedBytes(server)
    const memory = [await peakMemory(browser)]
    await first.close()
    const [next, warm]: [number[], number[]] = [[], []]
    for (let run = 0; run < runs; run++) {
      const page = await visit(context, server)
      next.push(await prove(page))
      warm.push(await prove(page))
      memory.push(await peakMemory(browser))
      if (engine === 'soulproof') {
        const { arithmetic, shared } = await call(page, 'describe')
        assert.equal(arithmetic, 'simd', 'the engine fell back from vectors')
        assert.equal(shared, isolated, 'memory is shared where the page is isolated')
      }
      await page.close()
    }
    return {
      ...{ statement, isolated, engine, bytes },
      ...{ first: cold, nextVisit: spreadOf(next), warm: spreadOf(warm) },
      resident: Math.max(...memory.map(({ resident }) => resident)),
      heap: Math.max(...memory.map(({ heap }) => heap)),
      version: browser.version(),
    }
  } finally {
    await browser.close()
    await server.close()
  }
}

async function visit(context: BrowserContext, server: PageServer): Promise<Page> {
  const page = await context.newPage()
  await page.goto(server.origin)
  await page.waitForFunction(() => 'page' in globalThis)
  return page
}

async function loadedBytes(server: PageServer): Promise<number> {
  const paths = server.requests.filter((path) => path.startsWith('/zkeys/'))
  const sizes = await Promise.all(paths.map(async (path) => (await stat(join(ROOT, path))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function report(o: {
  rows: readonly Row[]
  machine: {
    readonly processor: string
    readonly cores: number
    readonly chromium: string
    readonly load: { readonly before: number; readonly after: number }
  }
  runs: number
}): string {
  const { rows, machine, runs } = o
  const { processor, cores, chromium, load } = machine
  const number = (value: number): string => Math.round(value).toLocaleString('en')
  const lines = rows.map((row) => {
    const { statement, isolated, engine, bytes, first, nextVisit, warm, resident, heap } = row
    const numbers = [bytes, first, nextVisit.median, warm.median, resident, heap].map(number)
    return `| \`${statement}\` | ${isolated ? 'yes' : 'no'} | ${engine} | ${numbers.join(' | ')} |`
  })
  const ratios = rows
    .filter(({ engine }) => engine === 'soulproof')
    .map((own) => {
      const other = rows.find(
        (row) => row.statement === own.statement && row.isolated === own.isolated && row.engine === 'snarkjs',
      ) as Row
      const times = ([own.first, own.nextVisit.median, own.warm.median] as const).map(
        (value, i) => ([other.first, other.nextVisit.median, other.warm.median][i] as number) / value,
      )
      const shares = [...times, other.bytes / own.bytes, other.resident / own.resident]
      const where = own.isolated ? 'yes' : 'no'
      return `| \`${own.statement}\` | ${where} | ${shares.map((share) => share.toFixed(1)).join(' | ')} |`
    })
  return `# In Chromium, beside snarkjs

Written by \`npm run bench:browser\`; the numbers are also in [browser-benchmark.json](browser-benchmark.json).

${processor}, ${cores} cores, Chromium ${chromium}, snarkjs 0.7.6; load ${load.before.toFixed(1)} at the beginning and ${load.after.toFixed(1)} at the end.
Both engines in the same page, each in a Chromium of its own; the server on the same machine. Milliseconds by the clock, from the
button to the proof: the first one with nothing at hand, the first one of a later visit, and the second one in it, medians of ${runs} visits. snarkjs
loads its files anew for each proof. MiB that the page's process had resident at most, and how much of it was no file of Chromium's.

| statement | isolated | engine | bytes loaded | first proof | in the next visit | warm | MiB | of it heap |
|---|---|---|---:|---:|---:|---:|---:|---:|
${lines.join('\n')}

snarkjs's number over ours:

| statement | isolated | first proof | in the next visit | warm | bytes | MiB |
|---|---|---:|---:|---:|---:|---:|
${ratios.join('\n')}
`
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
