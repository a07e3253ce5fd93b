import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import {
  buildPackage,
  bundlePage,
  CHROMIUM,
  FLAGS,
  servePage,
  startChromium,
} from '../../scripts/lib/browser.js'
import { copyArtifacts, drive, EXAMPLES, OUT } from './screens.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

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
    await buildPackage()
    for (const host of ['vite', 'worker']) {
      assert.equal(
        await bundlePage({ root: join(EXAMPLES, host), outDir: join(OUT, host) }),
        '',
        `${host} warns`,
      )
    }
    for (const host of ['plain', 'extension']) {
      await rm(join(OUT, host), { recursive: true, force: true })
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
})

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
