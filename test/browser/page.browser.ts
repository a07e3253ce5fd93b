import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import {
  buildPackage,
  bundlePage,
  callerOf,
  type PageServer,
  STRICT_POLICY,
  servePage,
  startChromium,
} from '../../scripts/lib/browser.js'
import { packArtifactFiles } from '../../scripts/lib/packed.js'
import { createBackup, restoreBackup } from '../../src/backup/index.js'
import { createMemoryPersons, grantSbt, offerSbt } from '../../src/issuing/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import { createIssuer, defineSchema } from '../../src/sbt/index.js'
import { createVerifier } from '../../src/verifier/index.js'
import type { Commands, Proved, Statement } from './page/page.js'

const PAGE = fileURLToPath(new URL('page', import.meta.url))
const BUNDLE = fileURLToPath(new URL('../../.build/browser-test', import.meta.url))
/** Milliseconds in which Chromium has told what it stopped. */
const REPORTING = 300
const PHASES = ['artifacts', 'witness', 'proof', 'done']

/** What a page did that it should not have, or said. */
interface Watched {
  readonly page: Page
  readonly complaints: string[]
}

/** A tab of the page, watched from before its first line. */
async function openTab(context: BrowserContext, server: PageServer): Promise<Watched> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('crash', () => complaints.push('crash'))
  await page.goto(server.origin)
  await page.waitForFunction(() => 'page' in globalThis)
  return { page, complaints }
}

/** Calls one of the page's commands. */
const call = callerOf<Commands>()

/** Verifies in Node what a page proved, and asserts that another context refuses it. */
async function assertValid(page: Page, statement: Statement, proved: Proved): Promise<void> {
  const { envelope, valid, phases } = proved
  assert.equal(envelope.statement, statement)
  assert.equal(valid, true, 'the page verifies')
  assert.deepEqual(phases, PHASES)
  const { context, groupRoot, policyJson, roots, now } = await call(page, 'expectations')
  const expected =
    statement === 'membership'
      ? { statement: 'membership' as const, roots: [groupRoot] }
      : { policy: parsePolicy(policyJson), roots: [roots], now }
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const verification = await verifier.verify({ ...context, ...expected, envelope })
  assert.equal(verification.valid, true, 'Node verifies')
  const elsewhere = await verifier.verify({ ...context, scope: 'elsewhere', ...expected, envelope })
  assert.equal(elsewhere.valid, false)
}

/** A worker that is told to end does so at its own time. */
async function assertNoWorkers(page: Page): Promise<void> {
  for (let i = 0; i < 100 && page.workers().length > 0; i++) await page.waitForTimeout(20)
  assert.equal(page.workers().length, 0)
}

describe('a page in Chromium', () => {
  let browser: Browser
  let warnings: string

  before(async () => {
    await buildPackage()
    warnings = await bundlePage({ root: PAGE, outDir: BUNDLE })
    for (const statement of ['membership', 'policy-s']) await packArtifactFiles(statement)
    browser = await startChromium()
  })
  after(() => browser?.close())

  it('is bundled by Vite without a warning, a plugin or a stand-in for a module of Node', async () => {
    assert.equal(warnings, '')
    const html = await readFile(`${BUNDLE}/index.html`, 'utf8')
    const [, script] = html.match(/src="(\/assets\/index-[^"]+\.js)"/) ?? []
    const text = await readFile(`${BUNDLE}${script}`, 'utf8')
    assert.match(text, /new Worker\(new URL\([^)]*worker-[^)]*\.js/)
    assert.doesNotMatch(text, /browser-external|\beval\(|new Function\(\D/)
  })

  for (const isolated of [true, false]) {
    describe(isolated ? 'cross-origin isolated' : 'not isolated', () => {
      let server: PageServer
      let context: BrowserContext
      let tab: Watched
      const origins = new Set<string>()

      before(async () => {
        server = await servePage({ folder: BUNDLE, isolated })
        context = await browser.newContext()
        context.on('request', (request) => origins.add(new URL(request.url()).origin))
        tab = await openTab(context, server)
      })
      after(async () => {
        await context?.close()
        await server?.close()
      })

      it('has no worker before the first proof, then takes vectors and one worker for each core', async () => {
        const { page } = tab
        const { cores, ...found } = await call(page, 'describe')
        assert.deepEqual(found, {
          engine: 'soulproof',
          arithmetic: 'simd',
          shared: isolated,
          crossOriginIsolated: isolated,
          isSecureContext: true,
        })
        assert.equal(page.workers().length, 0)
        await call(page, 'prove', 'membership')
        assert.equal(page.workers().length, Math.min(cores, 16))
      })

      for (const statement of ['membership', 'policy-s'] as const) {
        it(`proves ${statement}, which page and Node verify`, async () => {
          await assertValid(tab.page, statement, await call(tab.page, 'prove', statement))
        })
      }

      it('proves twice at once with the same workers', async () => {
        const { page } = tab
        const statements = ['membership', 'policy-s', 'membership'] as const
        const proved = await call(page, 'proveAtOnce', statements)
        for (const [i, statement] of statements.entries()) await assertValid(page, statement, proved[i]!)
        const [first, , third] = proved
        assert.notDeepEqual(first!.envelope.proof, third!.envelope.proof)
        assert.equal(page.workers().length, Math.min((await call(page, 'describe')).cores, 16))
      })

      it('a holder in it is issued an SBT by Node; wallets go from page to Node and back as backups', async () => {
        const { page } = tab
        const passphrase = 'a passphrase'
        const issuer = createIssuer({ secret: new Uint8Array(32).fill(7) })
        const verifier = await createVerifier({ allowDevelopmentKeys: true })
        const { now } = await call(page, 'expectations')
        const schema = defineSchema({ name: 'degree/1', claims: { year: 'uint' } })
        const asked = { issuer, persons: createMemoryPersons(), person: 'alice', now }
        const offer = await offerSbt({ ...asked, schema, claims: { year: 2020n } })
        const request = await call(page, 'request', { offer, issuer: issuer.id })
        const issued = await grantSbt({ ...asked, verifier, request, reserve: () => 3 })
        const made = await call(page, 'acceptAndBackUp', { issued, passphrase })
        const wallet = await restoreBackup({ backup: made.text, passphrase })
        assert.deepEqual([wallet.soul.commitment, wallet.sbts[0]?.sbt.hash], [made.commitment, made.hash])
        assert.equal(made.hash.toString(), issued.sbt.hash)
        const back = await createBackup({ ...wallet, passphrase, now, cost: 2 ** 14 })
        assert.equal(
          await call(page, 'restore', { backup: JSON.stringify(back), passphrase }),
          made.commitment,
        )
      })

      it('proves in two tabs at once', async () => {
        const other = await openTab(context, server)
        const [here, there] = await Promise.all(
          [tab, other].map(({ page }) => call(page, 'prove', 'membership')),
        )
        await assertValid(tab.page, 'membership', here!)
        await assertValid(other.page, 'membership', there!)
        await other.page.close()
        assert.deepEqual(other.complaints, [])
      })

      it('cancels a proof in every phase by its signal, and proves again', async () => {
        const { page } = tab
        for (const [phase, after] of [
          ['artifacts', 0],
          ['witness', 0],
          ['proof', 0],
          ['proof', 30],
        ] as const) {
          const ending = await call(page, 'cancel', { statement: 'policy-s', phase, after })
          assert.deepEqual([ending.rejected, ending.name], [true, 'AbortError'], `${phase} + ${after} ms`)
        }
        await assertValid(page, 'membership', await call(page, 'prove', 'membership'))
      })

      it('rejects by name what is being proved when the prover is disposed of, ends its workers, and begins anew', async () => {
        const { page } = tab
        const { ended, afterwards } = await call(page, 'disposeWhileProving', 'policy-s')
        for (const ending of [ended, afterwards]) {
          assert.deepEqual([ending.rejected, ending.name], [true, 'EngineError'])
        }
        await assertNoWorkers(page)
        await assertValid(page, 'membership', await call(page, 'prove', 'membership'))
      })

      it('asked nobody but its server, never ran against its policy, and left the console empty', async () => {
        await tab.page.waitForTimeout(REPORTING)
        assert.deepEqual(tab.complaints, [])
        assert.deepEqual(server.violations, [])
        assert.deepEqual([...origins], [server.origin])
        assert(server.requests.some((path) => /^\/assets\/worker-.*\.js$/.test(path)))
        // Packed, and each once, whoever asked and how often.
        for (const file of ['membership.zkey', 'membership.wasm', 'policy-s.zkey', 'policy-s.wasm']) {
          const asked = server.requests.filter((path) => path.startsWith(`/zkeys/${file}`))
          assert.deepEqual(asked, [`/zkeys/${file}.pack`])
        }
      })

      it('rejects by name when a worker does not load, and proves once it does', async () => {
        const { page, complaints } = await openTab(context, server)
        server.hide(/worker/)
        const ending = await call(page, 'ending', 'membership')
        server.hide(undefined)
        assert.deepEqual([ending.rejected, ending.name], [true, 'EngineError'])
        await assertValid(page, 'membership', await call(page, 'prove', 'membership'))
        // Consoles are heard, the workers' too, so that their silence above means something.
        assert.deepEqual(complaints, [])
        await page.evaluate(() => console.warn('heard'))
        await page.workers()[0]!.evaluate(() => console.warn('heard'))
        for (let i = 0; i < 100 && complaints.length < 2; i++) await page.waitForTimeout(20)
        assert.deepEqual(complaints, ['console warning: heard', 'console warning: heard'])
        await page.close()
      })
    })
  }

  it('would be caught running against its policy: no code from text, and nothing without wasm-unsafe-eval', async () => {
    const policy = { ...STRICT_POLICY, 'script-src': "'self'" }
    const server = await servePage({ folder: BUNDLE, isolated: false, policy })
    const context = await browser.newContext()
    try {
      const { page } = await openTab(context, server)
      assert.equal(await call(page, 'evaluates'), false)
      const { rejected, message } = await call(page, 'ending', 'membership')
      assert.equal(rejected, true)
      assert.match(message, /Content Security Policy/)
      await page.waitForTimeout(REPORTING)
      const blocked = server.violations.map((report) => JSON.parse(report)['csp-report']['blocked-uri'])
      assert.deepEqual(blocked, ['eval', 'wasm-eval'])
    } finally {
      await context.close()
      await server.close()
    }
  })
})
