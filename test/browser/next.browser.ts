import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext } from 'playwright-core'
import { buildPackage, startChromium } from '../../scripts/lib/browser.js'
import { step } from '../../scripts/lib/step.js'
import { copyArtifacts, drive, EXAMPLES, OUT } from './screens.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('Next.js in Chromium', () => {
  const folder = join(OUT, 'next')
  let browser: Browser

  before(async () => {
    await buildPackage()
    // What is installed stays for the next time.
    for (const name of await readdir(folder).catch(() => []))
      if (name !== 'node_modules') await rm(join(folder, name), { recursive: true })
    await cp(join(EXAMPLES, 'next'), folder, { recursive: true })
    await cp(join(EXAMPLES, 'wallet.js'), join(folder, 'wallet.js'))
    await copyArtifacts(join(folder, 'public', 'zkeys'))
    const modules = join(folder, 'node_modules')
    const installed = await readFile(join(modules, '.soulproof', 'package.json'), 'utf8').catch(
      () => undefined,
    )
    const text = await readFile(join(folder, 'package.json'), 'utf8')
    // The package of this clone in place of npm's.
    const json = JSON.parse(text)
    delete json.dependencies.soulproof
    await writeFile(join(folder, 'package.json'), JSON.stringify(json))
    if (installed !== text) {
      await rm(modules, { recursive: true, force: true })
      await step('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock'], folder)
      await symlink(ROOT, join(modules, 'soulproof'))
      await mkdir(join(modules, '.soulproof'))
      await writeFile(join(modules, '.soulproof', 'package.json'), text)
    }
    await step(join(folder, 'node_modules', '.bin', 'next'), ['build', '--webpack'], folder, {
      ...process.env,
      NEXT_TELEMETRY_DISABLED: '1',
    })
    browser = await startChromium()
  })
  after(() => browser?.close())

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

/** Takes out the headers that isolate a page, as if its server did not send them. */
async function withoutIsolation(context: BrowserContext): Promise<void> {
  await context.route('**/*', async (route) => {
    const response = await route.fetch()
    const headers = Object.entries(response.headers()).filter(([name]) => !/^cross-origin-/.test(name))
    await route.fulfill({ response, headers: Object.fromEntries(headers) })
  })
}

/** A port of this machine that nobody uses. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startNext(folder: string): Promise<{ origin: string; close: () => void }> {
  const port = await freePort()
  const child: ChildProcess = spawn(
    process.execPath,
    [
      join(folder, 'node_modules', 'next', 'dist', 'bin', 'next'),
      'start',
      '-p',
      String(port),
      '-H',
      '127.0.0.1',
    ],
    { cwd: folder, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } },
  )
  const origin = `http://127.0.0.1:${port}`
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
