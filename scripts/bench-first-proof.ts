import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Commands, Statement } from '../test/browser/page/page.js'
import { bundlePage, type PageServer, servePage, startChromium } from './lib/browser.js'
import { packArtifactFiles } from './lib/packed.js'
import { step } from './lib/step.js'

/*
 * Measures a visitor's first proof in Chromium: from the button to the verified proof, with nothing at hand, in a second
 * visit with the artifacts kept, and once more in that visit; bytes loaded; and what the page's process took at most.
 *
 *   node --import tsx scripts/bench-first-proof.ts [statement...]
 *
 * The server is on this machine: a network's time comes on top, which the bytes tell.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const BUNDLE = join(ROOT, '.build', 'browser-first-proof')
const ALL: readonly Statement[] = ['membership', 'policy-s', 'policy-m']

type PageGlobal = { page: Commands }

async function visit(context: BrowserContext, server: PageServer): Promise<Page> {
  const page = await context.newPage()
  await page.goto(server.origin)
  await page.waitForFunction(() => 'page' in globalThis)
  return page
}

async function prove(page: Page, statement: Statement): Promise<number> {
  const { valid, milliseconds } = await page.evaluate(
    (name) => (globalThis as unknown as PageGlobal).page.prove(name),
    statement,
  )
  assert.ok(valid)
  return milliseconds
}

/** MiB that a page's process had resident at most. */
async function peak(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const pages = processInfo.filter(({ type }) => type === 'renderer')
  const texts = await Promise.all(pages.map(({ id }) => readFile(`/proc/${id}/status`, 'utf8')))
  return Math.max(...texts.map((text) => Number(/VmHWM:\s+(\d+)/.exec(text)?.[1]))) / 1024
}

const wanted = process.argv.length > 2 ? (process.argv.slice(2) as Statement[]) : ALL
for (const statement of wanted) {
  if (!ALL.includes(statement)) throw new RangeError(`statements are ${ALL.join(', ')}`)
}
await step('npm', ['run', 'build'], ROOT)
await bundlePage({ root: join(ROOT, 'test', 'browser', 'page'), outDir: BUNDLE })
process.stdout.write(
  `${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}; ms but for bytes and MiB\n\n` +
    '| statement | isolated | artifacts, bytes | first proof | in the next visit | once more | MiB |\n' +
    '|---|---|---:|---:|---:|---:|---:|\n',
)
for (const statement of wanted) {
  const paths = await packArtifactFiles(statement)
  const bytes = (await Promise.all(paths.map(async (path) => (await stat(path)).size))).reduce(
    (a, b) => a + b,
  )
  for (const isolated of [true, false]) {
    const server = await servePage({ folder: BUNDLE, isolated })
    const browser = await startChromium()
    try {
      const context = await browser.newContext()
      const first = await visit(context, server)
      const cold = await prove(first, statement)
      const resident = await peak(browser)
      await first.close()
      const second = await visit(context, server)
      const kept = await prove(second, statement)
      const again = await prove(second, statement)
      const row = [statement, isolated ? 'yes' : 'no', bytes, cold, kept, again, resident]
      const cells = row.map((cell) =>
        typeof cell === 'number' ? Math.round(cell).toLocaleString('en') : cell,
      )
      process.stdout.write(`| ${cells.join(' | ')} |\n`)
    } finally {
      await browser.close()
      await server.close()
    }
  }
}
