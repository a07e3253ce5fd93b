/* biome-ignore-all lint/performance/useDomNodeTextContent: what people see is what is tested */
import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import {
  bundlePage,
  hasChromium,
  type PageServer,
  STRICT_POLICY,
  servePage,
  startChromium,
} from '../../scripts/lib/browser.js'
import { type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { toPalette } from './png.js'

/*
 * Drives web/ in Chromium through every screen, at two widths and in both colour schemes. `npm run test:web` builds what it
 * needs; with UPDATE_SNAPSHOTS=1 it writes docs/screens anew.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUNDLE = `${ROOT}.build/web-test-${process.pid}`
const SCREENS = process.env['UPDATE_SNAPSHOTS'] ? `${ROOT}docs/screens` : `${ROOT}.build/screens`
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** Scripts of its own and a node on this machine; style attributes and rules that Radix and Plot write. */
const POLICY = {
  ...STRICT_POLICY,
  'connect-src': "'self' http://127.0.0.1:*",
  'style-src': "'self' 'unsafe-inline'",
  'font-src': "'self'",
}

/** Bytes of the first load, as gzip makes them; fonts are compressed as they are. */
const BUDGET = { code: 155_000, font: 60_000 }
/** Milliseconds for a proof on a busy machine. */
const PROOF = 240_000

const VIEWS = {
  desktop: { width: 1280, height: 860 },
  phone: { width: 390, height: 844 },
} as const
const SCHEMES = ['light', 'dark'] as const
type View = `${keyof typeof VIEWS}-${(typeof SCHEMES)[number]}`

interface Finding {
  readonly id: string
  readonly impact: string | null
  readonly help: string
  readonly nodes: readonly { readonly html: string }[]
}

describe('the page of web/', () => {
  let browser: Browser
  let server: PageServer
  let context: BrowserContext
  let page: Page
  let chain: LocalChain
  const complaints: string[] = []
  const origins = new Set<string>()

  before(async function () {
    this.timeout(300_000)
    if (!hasChromium() && !process.env['REQUIRE_CHROMIUM']) {
      process.stdout.write('  no Chromium: run "apt-get install chromium", or set CHROMIUM to its path\n')
      this.skip()
    }
    await bundlePage({ root: `${ROOT}web`, outDir: BUNDLE })
    await mkdir(SCREENS, { recursive: true })
    browser = await startChromium()
    server = await servePage({ folder: BUNDLE, isolated: true, policy: POLICY })
    chain = await startChain()
    context = await newContext()
    page = await open('')
  })
  after(async () => {
    await browser?.close()
    await server?.close()
    await chain?.stop()
    await rm(BUNDLE, { recursive: true, force: true })
  })

  async function newContext(): Promise<BrowserContext> {
    const created = await browser.newContext({
      ...{ viewport: VIEWS.desktop, colorScheme: 'light', acceptDownloads: true },
      reducedMotion: 'reduce',
    })
    created.on('request', (request) => origins.add(new URL(request.url()).origin))
    return created
  }

  async function open(fragment: string, where = context): Promise<Page> {
    const opened = await where.newPage()
    opened.setDefaultTimeout(PROOF)
    opened.on('console', (message) => complaints.push(`console ${message.type()}: ${message.text()}`))
    opened.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
    await opened.goto(`${server.origin}/${fragment}`)
    return opened
  }

  /** Goes to a screen by its link. */
  async function go(name: string): Promise<void> {
    await page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name }).click()
  }

  const button = (name: string | RegExp): Locator => page.getByRole('button', { name })
  const says = (text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor()

  /** Looks at a screen at both widths, in both schemes: axe, nothing to scroll sideways, pictures of the views named. */
  async function inspect(shown: Page, name: string, pictures: readonly View[] = []): Promise<void> {
    for (const [view, viewport] of Object.entries(VIEWS)) {
      for (const colorScheme of SCHEMES) {
        await shown.setViewportSize(viewport)
        await shown.emulateMedia({ colorScheme })
        await shown.waitForFunction(
          (scheme) => document.documentElement.dataset['theme'] === scheme,
          colorScheme,
        )
        const wide = await shown.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        assert(wide <= 0, `${name}, ${view}: ${wide} px wider than the window`)
        await shown.evaluate(await readFile(AXE, 'utf8'))
        const found = await shown.evaluate(async () => {
          const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } }
          return (await axe.run()).violations
        })
        const serious = found
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(
            ({ id, help, nodes }) =>
              `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
          )
        assert.deepEqual(serious, [], `${name}, ${view}, ${colorScheme}`)
        if (pictures.includes(`${view}-${colorScheme}` as View)) {
          await shown.evaluate(() => window.scrollTo(0, 0))
          const picture = await shown.screenshot({ fullPage: true })
          await writeFile(`${SCREENS}/${name}-${view}-${colorScheme}.png`, toPalette(picture))
        }
      }
    }
    await shown.setViewportSize(VIEWS.desktop)
    await shown.emulateMedia({ colorScheme: 'light' })
  }

  it('loads within its budget, and no artifact, prover or verifier before proving begins', async () => {
    await button('Prove it to Lakeside Grants').waitFor()
    const loaded = server.requests.filter((path) => path !== '/favicon.ico')
    const sizes = { code: 0, font: 0 }
    for (const path of loaded) {
      const bytes = await readFile(`${BUNDLE}${path === '/' ? '/index.html' : path}`)
      if (path.endsWith('.woff2')) sizes.font += bytes.length
      else sizes.code += gzipSync(bytes, { level: 9 }).length
    }
    process.stdout.write(`        first load: code ${sizes.code} bytes, font ${sizes.font} bytes\n`)
    assert(sizes.code > 0 && sizes.code < BUDGET.code, `code has ${sizes.code} bytes`)
    assert(sizes.font < BUDGET.font, `fonts have ${sizes.font} bytes`)
    assert.deepEqual(
      loaded.filter((path) => /zkeys|prover|verifier|worker/.test(path)),
      [],
    )
  })

  describe('the playground', () => {
    const verdict = (): Locator => page.locator('.verdict')

    /** Changes one field of an SBT: the issuer signs another, and revokes the first. */
    async function change(card: RegExp, label: string, value: string): Promise<void> {
      await button(card).click()
      await page.getByRole('dialog').getByLabel(label).fill(value)
      await page.keyboard.press('Enter')
    }

    async function prove(name: RegExp = /^Prove/): Promise<void> {
      await button(name).click()
      await verdict().waitFor()
    }

    it('says in the evaluator’s words why a false wallet does not satisfy, and does not offer to prove', async () => {
      await change(/^Account/, 'Followers', 'many')
      await says('Followers must be a whole number')
      await page.getByRole('dialog').getByLabel('Followers').fill('4000')
      await page.keyboard.press('Enter')
      await says('There is nothing to prove')
      await says('The comparison on Agora account.followers does not hold')
      assert.equal(await button(/^Prove/).count(), 0)
      await change(/^Account/, 'Followers', '52300')
      await button(/^Prove it/).waitFor()

      await button(/^Passport/).click()
      await button('Revoke, as the issuer').click()
      await says(/1 is revoked/)
      await inspect(page, 'refused')
      await button('Have another issued').click()
      await page.getByRole('dialog').getByLabel('Name').fill('Ana Reyes')
      await button('Issue and sign').click()
      await button(/^Prove it/).waitFor()
    })

    it('lets the visitor be Ben, or somebody new: nothing to prove, nothing to see', async () => {
      for (const [name, reason] of [
        ['Ben', 'The comparison on Agora account.followers does not hold'],
        ['Somebody new', /No SBT in the wallet fills slot Passport/],
      ] as const) {
        await page.getByRole('radio', { name, exact: true }).click()
        await says(reason)
        await says('Nothing crosses')
        assert.equal(await button(/^Prove/).count(), 0)
      }
      await page.getByRole('radio', { name: 'You are Ana' }).click()
      await button(/^Prove it/).waitFor()
    })

    it('is composed by clicking, with its meaning in words', async () => {
      await page.getByRole('radio', { name: 'One or the other' }).click()
      await page.getByRole('button', { name: '+ Add a condition' }).first().click()
      await page.getByLabel('Value').nth(1).selectOption('JP')
      await says('There is nothing to prove')
      await page.getByLabel('Test').first().selectOption('isNot')
      await button(/^Prove it/).waitFor()
      await page.getByText('The policy in words, in full').click()
      await says('passport.country is not "JP"')
      await says('which of the alternatives hold')
      await says(/from one of 3 issuers \([A-Z][a-z]+ University/)
      await page.getByLabel('Value').first().fill('eighteen')
      await says('The number of years must be a whole number')
      assert.equal(await button(/^Prove/).count(), 0)
      await page.getByRole('radio', { name: 'Four facts, one person' }).click()
      await button(/^Prove it/).waitFor()
    })

    it('shows as a picture what each may see', async () => {
      const desk = page.locator('.desk')
      const seen = async (name: string): Promise<string> => {
        await page.getByRole('radio', { name, exact: true }).click()
        return (await desk.innerText()).replaceAll(/\s+/g, ' ')
      }
      assert.match(await seen('You'), /Ana Reyes.*17 May 1994.*Northern University.*52,300.*Soulcon 2024/)
      const asker = await seen('Lakeside Grants')
      assert.match(
        asker,
        /Canada.*proved: is at least 18 years old.*one of 3 universities.*proved: has more than 50,000/,
      )
      assert.doesNotMatch(asker, /Ana|1994|Northern|52,300|2018|Soulcon/)
      const issuer = await seen('An issuer')
      assert.match(issuer, /Ana Reyes/)
      assert.doesNotMatch(issuer, /economics|52,300|Soulcon/)
      assert.doesNotMatch(await seen('Everybody else'), /Ana|Canada|economics|Passport/)
      await seen('Lakeside Grants')
    })

    it('says what to do when the artifacts do not come', async () => {
      server.hide(/zkeys/)
      await button(/^Prove it/).click()
      await says(/could not be fetched: .*try again/)
      server.hide(undefined)
    })

    it('cancels a proof, and proves by keyboard alone', async () => {
      const before = server.requests.length
      await button(/^Prove it/).click()
      await button('Cancel').click()
      await button(/^Prove it/).focus()
      assert.equal(await verdict().count(), 0)
      await page.keyboard.press('Enter')
      await says('The proof is right: Lakeside Grants accepts it.')
      await says('Proved in')
      const loaded = server.requests.slice(before).filter((path) => path.startsWith('/zkeys/policy-m.'))
      assert.deepEqual([...new Set(loaded)].sort(), [
        '/zkeys/policy-m.wasm.pack',
        '/zkeys/policy-m.zkey.pack',
      ])
    })

    it('puts in words what was learned and what was not, and says that the key is a development key', async () => {
      const text = await verdict().innerText()
      assert.match(
        text,
        /is a citizen of Canada\s+is at least 18 years old\s+has a degree in economics\s+has more than 50,000/,
      )
      assert.match(text, /has not claimed “Grant round 3” before/)
      assert.match(text, /did not learn\s+the name\s+hidden\s+the birth date\s+hidden/)
      assert.match(text, /development key: anybody could forge this/)
    })

    it('refuses each way to cheat', async () => {
      const reasons: string[] = []
      for (const lie of [
        'Pretend to be somebody new',
        'Use it for another purpose',
        'Use it for a harder question',
      ]) {
        await button(lie).click()
        await verdict()
          .getByText(/^(Refused|Accepted)/)
          .waitFor()
        reasons.push(
          await verdict()
            .getByText(/^(Refused|Accepted)/)
            .innerText(),
        )
        await page.waitForTimeout(100)
      }
      for (const reason of reasons) assert.match(reason, /^Refused: /)
    })

    it('asks a contract on a local chain, and says in words if there is none', async () => {
      const address = verdict().getByLabel('Address of the node')
      await address.fill('http://127.0.0.1:9')
      await button('Verify on a local chain').click()
      await says('No node answers at this address.')
      await address.fill(chain.url)
      await button('Verify on a local chain').click()
      await says(
        /on chain 31337: accepted, for 2\d{2},\d{3} gas. The same proof under another number: refused/,
      )
    })

    it('hands over a proof as QR code and link, which another browser checks by itself', async () => {
      const link = (await page
        .getByRole('link', { name: 'Open it on the other side' })
        .getAttribute('href')) as string
      assert(link.length < 1_500, `the link has ${link.length} characters`)
      assert.equal(await scan(page), link)
      await inspect(page, 'playground', ['desktop-light', 'phone-dark'])

      const elsewhere = await newContext()
      const other = await open(new URL(link).hash, elsewhere)
      await other.getByText('You are Lakeside Grants.').waitFor()
      await other.getByText('has not claimed “Grant round 3” before').waitFor()
      assert.doesNotMatch(await other.locator('main').innerText(), /Ana|1994|Northern|52,300/)
      await inspect(other, 'verifier', ['desktop-dark', 'phone-light'])
      await other.goto(`${server.origin}/${new URL(link).hash.slice(0, -40)}`)
      await other.getByText('The link is cut short or damaged').waitFor()
      await elsewhere.close()
    })

    it('knows a Soul that claims twice, and not who it is', async () => {
      await page.getByRole('radio', { name: 'Over 18, nothing else' }).click()
      await prove()
      await says('has not claimed “Entry tonight” before')
      await button('Prove once more').click()
      await says('Right, but already claimed: The Night Owl refuses.')
    })

    it('proves three of five conferences, and not which', async () => {
      await page.getByRole('radio', { name: '3 of the last 5 conferences' }).click()
      await prove(/^Prove it to Soulcon 2026/)
      await says('was at 3 or more of these 5: Soulcon 2021')
      await says('which of the choices hold')
    })

    it('needs no mouse: example, viewer and SBT are reached and chosen by keys', async () => {
      await page.getByRole('radio', { name: 'Over 18, nothing else' }).focus()
      for (let presses = 0; presses < 2; presses++) {
        await page.keyboard.press('ArrowLeft')
        // Radix moves the focus in a task of its own.
        await page.waitForTimeout(50)
      }
      await page.keyboard.press('Enter')
      assert.equal(
        await page.getByRole('radio', { name: 'Four facts, one person' }).getAttribute('aria-checked'),
        'true',
      )
      await button(/^Degree/).focus()
      await page.keyboard.press('Enter')
      const dialog = page.getByRole('dialog')
      await dialog.waitFor()
      await inspect(page, 'dialog')
      assert(await dialog.evaluate((element) => element.contains(document.activeElement)))
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      assert(await button(/^Degree/).evaluate((element) => element === document.activeElement))
    })
  })

  describe('the other screens', () => {
    it('lets the visitor receive a designated proof, and not tell it from its twin', async () => {
      await go('For one pair of eyes')
      await button(/^Answer, for/).click()
      await says('Bob is convinced.')
      await button('Make the twin, and shuffle').click()
      const twins = page.locator('.twin')
      await twins.first().waitFor()
      const shape = (await twins.allInnerTexts()).map((text) =>
        text.replace(/[0-9a-f]{24}…/, '').replaceAll(/\b[AB]\b/g, ''),
      )
      assert.equal(shape.length, 2)
      assert.equal(shape[0], shape[1])
      await button('Ana made A').click()
      await says(/You have [01] of 1/)
      assert.deepEqual(
        (await twins.allInnerTexts()).map((text) => /(Ana|Bob) made this one/.exec(text)?.[1]).sort(),
        ['Ana', 'Bob'],
      )
      await button('Make that proof').click()
      await says('It verifies: “a citizen of Utopia, over 18”')
      await inspect(page, 'designated', ['desktop-light'])
    })

    it('walks through the loan: what is recorded is in every later proof', async () => {
      await go('A loan')
      await button('Prove and borrow').click()
      await says('The lender learned')
      await button('Tell the landlord').click()
      await says('The landlord accepts.')
      await button('The term passes').click()
      const rows = page.locator('.ledger tbody tr')
      assert.deepEqual(
        await rows.allInnerTexts().then((texts) => texts.map((text) => text.split('\t').slice(1))),
        [
          ['unpaid', '500'],
          ['defaults', '500'],
        ],
      )
      await button('Just prove it').click()
      await says(/Just prove it: no proof exists.*unpaid/)
      await button('Use yesterday’s ledger').click()
      await says(/Yesterday’s ledger: a right proof.*refuses it/)
      await button('Show Ben’s empty place').click()
      await says(/Ben’s place: no proof exists/)
      await button('Ben tells the landlord').click()
      await says('Not that it is Ben.')
      await button('Repay, and tell the landlord').click()
      await page.getByText('Not that it is Ana.').nth(1).waitFor()
      assert.equal(await rows.count(), 3)
      await inspect(page, 'loan', ['desktop-light'])
    })

    it('measures here, draws it, and compares with a file', async () => {
      await go('Benchmark')
      await page.getByLabel('policy-s').uncheck()
      await page.getByLabel('Warm runs').selectOption('1')
      await button('Measure').click()
      const link = page.getByRole('link', { name: 'Download as JSON' })
      await link.waitFor()
      const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
      const report = JSON.parse(await readFile(await download.path(), 'utf8'))
      assert(report.runs.length >= 2)
      for (const { phases, statement } of report.runs) {
        assert.equal(statement, 'membership')
        assert(phases.proof > 0 && phases.verify > 0 && phases.witness > 0)
      }
      const file = page.getByLabel('Compare with a file')
      await file.setInputFiles({
        name: 'no.json',
        mimeType: 'application/json',
        buffer: Buffer.from('{"version":1}'),
      })
      await says('This file is no report of this page.')
      const buffer = Buffer.from(JSON.stringify(report))
      await file.setInputFiles({ name: 'a.json', mimeType: 'application/json', buffer })
      await page
        .locator('.chart')
        .getByText(/^file, 1 thread$/)
        .first()
        .waitFor()
      await inspect(page, 'benchmark', ['desktop-light'])
    })
  })

  describe('in all of this', () => {
    it('asked nobody but its server and the node, never ran against its policy, and left the console empty', async () => {
      await page.waitForTimeout(300)
      // Chromium itself says that what was hidden is not there, and that nobody answers at the port without a node.
      const expected = /status of 404|ERR_UNSAFE_PORT|ERR_CONNECTION_REFUSED/
      assert.deepEqual(
        complaints.filter((text) => !expected.test(text)),
        [],
      )
      assert.deepEqual(server.violations, [])
      assert.deepEqual([...origins].sort(), [server.origin, chain.url, 'http://127.0.0.1:9'].sort())
    })
  })
})

/** Reads the QR code as a camera would: from pixels. */
async function scan(page: Page): Promise<string | undefined> {
  const jsQR = createRequire(import.meta.url)('jsqr') as (
    data: Uint8ClampedArray,
    width: number,
    height: number,
  ) => { readonly data: string } | null
  const size = 900
  const dots = await page.getByRole('img', { name: 'The link as a QR code' }).evaluate((svg, size) => {
    const paths = svg.querySelector('path')?.getAttribute('d') ?? ''
    const modules = Number(svg.getAttribute('viewBox')?.split(' ')[2])
    const canvas = new OffscreenCanvas(size, size)
    const drawing = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
    drawing.fillStyle = '#fff'
    drawing.fillRect(0, 0, size, size)
    drawing.scale(size / modules, size / modules)
    drawing.fillStyle = '#000'
    drawing.fill(new Path2D(paths))
    const { data } = drawing.getImageData(0, 0, size, size)
    // A letter a pixel: numbers would take minutes to travel.
    return Array.from({ length: size * size }, (_, i) => ((data[4 * i] as number) < 128 ? '#' : ' ')).join('')
  }, size)
  const rgba = Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) =>
    dots[i >> 2] === '#' && i % 4 < 3 ? 0 : 255,
  )
  return jsQR(rgba, size, size)?.data
}
