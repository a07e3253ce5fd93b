import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { bundlePage, CHROMIUM, FLAGS, servePage, startChromium } from '../../scripts/lib/browser.js'
import { packArtifactFiles } from '../../scripts/lib/packed.js'
import { step } from '../../scripts/lib/step.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXAMPLES = join(ROOT, 'examples')
const OUT = join(ROOT, '.build', 'examples')
const EXPECTED = 'an adult from CA'
const NEXT_PORT = 3817

/** What each host is served with; Vite and pages without a bundler need nothing more. */
const POLICY = {
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self' blob:",
  'connect-src': "'self'",
}

describe('examples in Chromium', () => {
  let browser: Browser

  before(async () => {
    await step('npm', ['run', 'build:plain'], ROOT)
    await packArtifactFiles('policy-s')
    await rm(OUT, { recursive: true, force: true })
    for (const host of ['vite', 'worker']) {
      assert.equal(
        await bundlePage({ root: join(EXAMPLES, host), outDir: join(OUT, host) }),
        '',
        `${host} warns`,
      )
    }
    for (const host of ['plain', 'extension']) {
      // An extension's page is the one without a bundler.
      for (const part of new Set(['plain', host]))
        await cp(join(EXAMPLES, part), join(OUT, host), { recursive: true })
      await cp(join(ROOT, 'dist', 'plain'), join(OUT, host, 'soulproof'), { recursive: true })
      for (const file of ['screen.js', 'wallet.js']) await cp(join(EXAMPLES, file), join(OUT, host, file))
    }
    await copyArtifacts(join(OUT, 'extension', 'zkeys'))
    browser = await startChromium()
  })
  after(() => browser?.close())

  for (const isolated of [true, false]) {
    for (const host of ['vite', 'plain', 'worker']) {
      it(`${host}, ${isolated ? 'isolated' : 'not isolated'}: proves and verifies within its policy`, async () => {
        const server = await servePage({ folder: join(OUT, host), isolated, policy: POLICY })
        const context = await browser.newContext()
        try {
          await drive({ context, url: server.origin, isolated })
          assert.deepEqual(server.violations, [])
          assert.ok(server.requests.includes('/zkeys/policy-s.zkey.pack'))
        } finally {
          await context.close()
          await server.close()
        }
      })
    }

    it(`extension, ${isolated ? 'isolated' : 'not isolated'}: proves and verifies in a page of its own, asking nobody`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'soulproof-extension-'))
      const path = join(folder, 'extension')
      await cp(join(OUT, 'extension'), path, { recursive: true })
      if (isolated) await isolateExtension(path)
      const context = await chromium.launchPersistentContext(join(folder, 'profile'), {
        executablePath: CHROMIUM,
        headless: true,
        chromiumSandbox: false,
        ignoreDefaultArgs: ['--disable-extensions'],
        args: [
          ...FLAGS,
          `--disable-extensions-except=${path}`,
          `--load-extension=${path}`,
          '--disable-features=DisableLoadExtensionCommandLineSwitch',
        ],
      })
      try {
        await drive({ context, url: `chrome-extension://${extensionId(path)}/index.html`, isolated })
      } finally {
        await context.close()
        await rm(folder, { recursive: true, force: true })
      }
    })
  }

  describe('Next.js', () => {
    const folder = join(OUT, 'next')

    before(async function () {
      this.timeout(600_000)
      await cp(join(EXAMPLES, 'next'), folder, { recursive: true })
      await cp(join(EXAMPLES, 'wallet.js'), join(folder, 'wallet.js'))
      await copyArtifacts(join(folder, 'public', 'zkeys'))
      // The packages of this clone in place of npm's.
      const json = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
      delete json.dependencies.soulproof
      await writeFile(join(folder, 'package.json'), JSON.stringify(json))
      await step('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], folder)
      await symlink(ROOT, join(folder, 'node_modules', 'soulproof'))
      await step(join(folder, 'node_modules', '.bin', 'next'), ['build', '--webpack'], folder, {
        ...process.env,
        NEXT_TELEMETRY_DISABLED: '1',
      })
    })

    for (const isolated of [true, false]) {
      it(`${isolated ? 'isolated' : 'not isolated'}: is rendered by the server, proves in the page, and is verified by the server`, async () => {
        const server = await startNext(folder)
        const context = await browser.newContext()
        if (!isolated) await withoutIsolation(context)
        try {
          const html = await (await fetch(server.origin)).text()
          assert.match(html, /<h1>Are you an adult\?<\/h1>/)
          const requests: string[] = []
          context.on('request', (request) => requests.push(new URL(request.url()).pathname))
          await drive({ context, url: server.origin, isolated })
          assert.ok(requests.includes('/api/verify'))
          assert.ok(requests.includes('/zkeys/policy-s.zkey.pack'))
        } finally {
          await context.close()
          server.close()
        }
      })
    }
  })
})

/** Presses the button, and asserts what the app then says, with nothing that the page complains of. */
async function drive(o: { context: BrowserContext; url: string; isolated: boolean }): Promise<void> {
  const page = await o.context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    // A browser asks for an icon by itself.
    if (message.location().url.endsWith('/favicon.ico')) return
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective }) => console.error(violatedDirective))
  })
  await page.goto(o.url)
  assert.equal(await page.evaluate(() => crossOriginIsolated), o.isolated)
  await page.waitForSelector('button:enabled')
  await proveOnce(page)
  // And once more with all that is there by now.
  await proveOnce(page)
  assert.deepEqual(complaints, [])
}

async function proveOnce(page: Page): Promise<void> {
  await page.click('button')
  await page.waitForFunction(
    () => !['', 'proving'].includes(document.querySelector('output')?.textContent ?? ''),
    {
      timeout: 120_000,
    },
  )
  assert.equal(await page.textContent('output'), EXPECTED)
}

/** Takes out the headers that isolate a page, as if its server did not send them. */
async function withoutIsolation(context: BrowserContext): Promise<void> {
  await context.route('**/*', async (route) => {
    const response = await route.fetch()
    const headers = Object.entries(response.headers()).filter(([name]) => !/^cross-origin-/.test(name))
    await route.fulfill({ response, headers: Object.fromEntries(headers) })
  })
}

async function copyArtifacts(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const path of await packArtifactFiles('policy-s'))
    await cp(path, join(folder, path.split('/').at(-1) ?? ''))
}

async function isolateExtension(path: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'))
  manifest.cross_origin_embedder_policy = { value: 'require-corp' }
  manifest.cross_origin_opener_policy = { value: 'same-origin' }
  await writeFile(join(path, 'manifest.json'), JSON.stringify(manifest))
}

/** Chromium names an extension that is loaded from a folder by the folder's path. */
function extensionId(path: string): string {
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 32)
  return [...digest].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('')
}

async function startNext(folder: string): Promise<{ origin: string; close: () => void }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [
      join(folder, 'node_modules', 'next', 'dist', 'bin', 'next'),
      'start',
      '-p',
      String(NEXT_PORT),
      '-H',
      '127.0.0.1',
    ],
    { cwd: folder, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } },
  )
  const origin = `http://127.0.0.1:${NEXT_PORT}`
  for (let tries = 0; ; tries++) {
    const up = await fetch(origin).then(
      () => true,
      () => false,
    )
    if (up) break
    if (tries === 150 || child.exitCode !== null) throw new Error('Next.js does not start')
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return { origin, close: () => void child.kill() }
}
