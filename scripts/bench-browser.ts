import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Browser, Page } from 'playwright-core'
import { loadArtifacts } from '../src/prover/artifacts.js'
import { calculateWitness, type Inputs } from '../src/prover/witness.js'
import { contextSignals } from '../src/statements/context.js'
import { prepareMembership } from '../src/statements/membership.js'
import { preparePolicy } from '../src/statements/policy.js'
import { verifyGroth16 } from '../src/verifier/index.js'
import type { Commands, EngineName } from './bench-browser/page.js'
import { bundlePage, type PageServer, STRICT_POLICY, servePage, startChromium } from './lib/browser.js'
import { createExample, type Example } from './lib/example.js'
import { type Spread, spreadOf } from './lib/measure.js'
import { step } from './lib/step.js'

/*
 * Measures our engine beside snarkjs in Chromium, in one page, interleaved, from the same bytes:
 *
 *   npm run bench:browser -- [--runs 5] [--cold 3] [--statements membership,policy-s]
 *
 * Cold is the first proof in a fresh page that has key and witness in memory, engines loaded and compiled within the
 * time; each engine has a page of its own. Fails if our engine fell back from vectors, or a proof does not verify;
 * never for being slow.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = join(ROOT, 'scripts', 'bench-browser')
const BUNDLE = join(ROOT, '.build', 'browser-bench')
const ENGINES: readonly EngineName[] = ['soulproof', 'snarkjs']

/** snarkjs makes its workers from text. */
const POLICY = { ...STRICT_POLICY, 'worker-src': "'self' blob:" }

const INPUTS: Readonly<Record<string, (example: Example) => unknown>> = {
  membership: ({ ana: { soul }, group }) => prepareMembership({ soul, group, context: CONTEXT }).inputs,
  'policy-s': ({ ana, roots, now, adult: policy }) =>
    preparePolicy({ ...ana, policy, roots, now, context: CONTEXT }).inputs,
  'policy-m': ({ ana, roots, now, account: policy }) =>
    preparePolicy({ ...ana, policy, roots, now, context: CONTEXT }).inputs,
}
const CONTEXT = contextSignals({ scope: 'bench', message: 'bench' })

interface Row {
  readonly statement: string
  readonly isolated: boolean
  readonly warm: Readonly<Record<EngineName, Spread>>
  readonly cold: Readonly<Record<EngineName, Spread>>
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '5' },
      cold: { type: 'string', default: '3' },
      statements: { type: 'string', default: Object.keys(INPUTS).join() },
    },
  })
  const [runs, cold] = [count(values.runs, '--runs'), count(values.cold, '--cold')]
  const statements = values.statements.split(',')
  for (const statement of statements) {
    if (!Object.hasOwn(INPUTS, statement))
      throw new RangeError(`--statements are of ${Object.keys(INPUTS).join()}`)
  }
  await step('npm', ['run', 'build'], ROOT)
  await bundlePage({ root: PAGE, outDir: BUNDLE })
  await writeWitnesses(statements)

  const browser = await startChromium()
  try {
    const rows: Row[] = []
    for (const isolated of [true, false]) {
      const server = await servePage({ folder: BUNDLE, isolated, policy: POLICY })
      try {
        for (const statement of statements) {
          process.stderr.write(`${statement}, ${isolated ? 'isolated' : 'not isolated'}\n`)
          rows.push(await measure({ browser, server, statement, isolated, runs, cold }))
        }
      } finally {
        await server.close()
      }
    }
    print({ rows, version: browser.version(), runs, cold })
  } finally {
    await browser.close()
  }
}

function count(text: string, label: string): number {
  if (!/^[1-9][0-9]?$/.test(text)) throw new RangeError(`${label} must be from 1 to 99`)
  return Number(text)
}

async function writeWitnesses(statements: readonly string[]): Promise<void> {
  const example = createExample({ now: BigInt(Math.floor(Date.now() / 1000)) })
  const folder = join(BUNDLE, 'witnesses')
  await mkdir(folder, { recursive: true })
  for (const statement of statements) {
    const { wasm } = await loadArtifacts({ statement })
    const witness = await calculateWitness({ wasm, inputs: INPUTS[statement]!(example) as Inputs })
    await writeFile(join(folder, `${statement}.wtns`), witness)
  }
}

async function measure(o: {
  browser: Browser
  server: PageServer
  statement: string
  isolated: boolean
  runs: number
  cold: number
}): Promise<Row> {
  const { browser, server, statement, isolated, runs } = o
  const { verificationKey } = await loadArtifacts({ statement })
  const prove = async (page: Page, engine: EngineName): Promise<number> => {
    const { proof, publicSignals, milliseconds } = await call(page, 'prove', engine)
    assert.ok(
      await verifyGroth16({ verificationKey, publicSignals, proof }),
      'a proof of the bench does not verify',
    )
    return milliseconds
  }
  const inPage = async <T>(work: (page: Page) => Promise<T>): Promise<T> => {
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(server.origin)
      await page.waitForFunction(() => 'page' in globalThis)
      await call(page, 'load', statement)
      return await work(page)
    } finally {
      await context.close()
    }
  }

  const cold: Record<EngineName, number[]> = { soulproof: [], snarkjs: [] }
  for (let run = 0; run < o.cold; run++) {
    for (const engine of inTurn(run)) cold[engine].push(await inPage((page) => prove(page, engine)))
  }
  const warm: Record<EngineName, number[]> = { soulproof: [], snarkjs: [] }
  await inPage(async (page) => {
    // Nothing of the first two rounds counts: they compile, load keys and start threads.
    for (let run = -2; run < runs; run++) {
      for (const engine of inTurn(run)) {
        const milliseconds = await prove(page, engine)
        if (run >= 0) warm[engine].push(milliseconds)
      }
    }
    const { arithmetic, shared } = await call(page, 'describe', undefined)
    assert.equal(arithmetic, 'simd', 'the engine fell back from vectors')
    assert.equal(shared, isolated, 'memory is shared where the page is isolated')
  })
  const spreads = (times: Record<EngineName, number[]>): Record<EngineName, Spread> => ({
    soulproof: spreadOf(times.soulproof),
    snarkjs: spreadOf(times.snarkjs),
  })
  return { statement, isolated, warm: spreads(warm), cold: spreads(cold) }
}

/** Both engines, each first every other time. */
function inTurn(run: number): readonly EngineName[] {
  return run % 2 === 0 ? ENGINES : [...ENGINES].reverse()
}

function call<Name extends keyof Commands>(
  page: Page,
  name: Name,
  argument: Parameters<Commands[Name]>[0],
): Promise<Awaited<ReturnType<Commands[Name]>>> {
  return page.evaluate(
    ([command, given]) =>
      (globalThis as unknown as { page: Record<string, (argument: unknown) => never> }).page[command]!(given),
    [name, argument] as const,
  )
}

function print(o: { rows: readonly Row[]; version: string; runs: number; cold: number }): void {
  const { rows, version, runs, cold } = o
  const cpu = cpus()[0]?.model.trim() ?? 'unknown'
  const load = loadavg()[0]!.toFixed(1)
  const lines = [
    '',
    `${cpu}, ${availableParallelism()} cores, Chromium ${version}; load ${load} at the end; our arithmetic: simd`,
    `Milliseconds, median (least..greatest): ${runs} warm proofs in one page, ${cold} first proofs in fresh pages`,
    columns(['', '', ...ENGINES, 'snarkjs ÷ soulproof']),
  ]
  for (const kind of ['warm', 'cold'] as const) {
    for (const row of rows) {
      const { soulproof, snarkjs } = row[kind]
      const where = `${row.isolated ? 'isolated' : 'not isolated'}, ${kind}`
      const ratio = (snarkjs.median / soulproof.median).toFixed(2)
      lines.push(columns([row.statement, where, text(soulproof), text(snarkjs), ratio]))
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

function text({ median, min, max }: Spread): string {
  const [middle, least, greatest] = [median, min, max].map((value) => Math.round(value).toLocaleString('en'))
  return `${middle} (${least}..${greatest})`
}

function columns(cells: readonly string[]): string {
  const widths = [12, 20, 24, 24, 22]
  return cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('')
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
