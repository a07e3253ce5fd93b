import { createReadStream, existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { step } from './step.js'

/* Pages for tests and measurements: bundled as apps bundle them, served by a small server, opened in Chromium. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ZKEYS = join(ROOT, 'zkeys')
const VITE = join(ROOT, 'node_modules', '.bin', 'vite')

/** Variable that tells processes of a run that the package is built already. */
export const BUILT = 'SOULPROOF_BUILT'

/** Builds the package, `dist/plain` included, unless whoever started this process has done so. */
export async function buildPackage(): Promise<void> {
  if (process.env[BUILT] !== '1') await step('npm', ['run', 'build:plain'], ROOT)
}

/** Debian's, unless another is named. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** Scripts and WebAssembly of the page's own origin, and nothing else: no eval, no inline code, no blob: workers. */
export const STRICT_POLICY: Readonly<Record<string, string>> = {
  'default-src': "'none'",
  'script-src': "'self' 'wasm-unsafe-eval'",
  'worker-src': "'self'",
  'connect-src': "'self'",
  'img-src': "'self'",
}

/**
 * Bundles a page with Vite as it comes: no plugin, no alias, no stand-in for Node's modules. The page imports the
 * package by its public names, hence from `dist`.
 *
 * @param o.root   folder of the page's index.html
 * @param o.outDir where the bundle is written; emptied first
 * @returns what Vite warned of, empty if nothing
 */
export async function bundlePage(o: { root: string; outDir: string }): Promise<string> {
  const flags = ['--logLevel', 'warn', '--outDir', o.outDir, '--emptyOutDir']
  const { stdout, stderr } = await step(VITE, ['build', o.root, ...flags], ROOT)
  return stdout + stderr
}

/** A server of one page. */
export interface PageServer {
  readonly origin: string
  /** Paths that were asked for. */
  readonly requests: readonly string[]
  /** Reports of what the content-security policy stopped, in pages and their workers. */
  readonly violations: readonly string[]
  /** From now on, paths that match are not found. */
  hide(paths: RegExp | undefined): void
  close(): Promise<void>
}

/**
 * Serves a folder on a port of this machine, with the artifacts under `/zkeys/`.
 *
 * @param o.isolated whether headers make the page cross-origin isolated, so that it can share memory with workers
 * @param o.policy   directives of the content-security policy, by default {@link STRICT_POLICY}
 * @param o.before   may answer a request itself, and then returns true
 */
export async function servePage(o: {
  folder: string
  isolated: boolean
  policy?: Readonly<Record<string, string>>
  before?: (request: IncomingMessage, response: ServerResponse) => boolean
}): Promise<PageServer> {
  const { folder, isolated, policy = STRICT_POLICY, before } = o
  const requests: string[] = []
  const violations: string[] = []
  let hidden: RegExp | undefined
  const directives = Object.entries({ ...policy, 'report-uri': '/violations' }).map((pair) => pair.join(' '))
  const headers: Record<string, string> = {
    'Content-Security-Policy': directives.join('; '),
    'X-Content-Type-Options': 'nosniff',
    ...(isolated && {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    }),
  }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    requests.push(pathname)
    if (before?.(request, response)) return
    if (pathname === '/violations') violations.push(await readText(request))
    const inZkeys = pathname.startsWith('/zkeys/')
    const name = normalize(
      inZkeys ? pathname.slice('/zkeys'.length) : pathname === '/' ? '/index.html' : pathname,
    )
    const file = join(inZkeys ? ZKEYS : folder, name)
    const found = hidden?.test(pathname) ? undefined : await stat(file).catch(() => undefined)
    if (!found?.isFile()) {
      // A browser asks for an icon by itself.
      response.writeHead(['/violations', '/favicon.ico'].includes(pathname) ? 204 : 404, headers).end()
      return
    }
    const type = MEDIA_TYPES[extname(file)] ?? 'application/octet-stream'
    const etag = `"${found.size}-${found.mtimeMs}"`
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? []
    const start = from !== undefined && request.headers['if-range'] === etag ? Number(from) : 0
    response.writeHead(start > 0 ? 206 : 200, {
      ...headers,
      'Content-Type': type,
      'Content-Length': found.size - start,
      ETag: etag,
      ...(start > 0 && { 'Content-Range': `bytes ${start}-${found.size - 1}/${found.size}` }),
    })
    createReadStream(file, { start }).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    violations,
    hide(paths) {
      hidden = paths
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

/** Chromium's flags: nothing of what it does by itself. */
export const FLAGS: readonly string[] = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Tells whether Chromium is there. */
export function hasChromium(): boolean {
  return existsSync(CHROMIUM)
}

/**
 * Starts Chromium without a window and with a profile of its own, which goes when it is closed.
 *
 * @param flags more of its flags
 * @throws {Error} saying how to get it, if it is not there
 */
export async function startChromium(flags: readonly string[] = []): Promise<Browser> {
  if (!hasChromium()) {
    throw new Error(`there is no ${CHROMIUM}: run "apt-get install chromium", or set CHROMIUM to a path`)
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: [...FLAGS, ...flags],
  })
}

/** Returns what calls one of the commands that a page has hung on `globalThis.page`. */
export function callerOf<Commands extends Readonly<Record<string, (argument: never) => unknown>>>() {
  return <Name extends keyof Commands & string>(
    page: Page,
    name: Name,
    ...[argument]: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> =>
    page.evaluate(
      ([command, given]) =>
        (globalThis as unknown as { page: Record<string, (argument: unknown) => never> }).page[command]!(
          given,
        ),
      [name, argument as unknown] as const,
    )
}

/** MiB that the pages' processes had resident at most, the greatest of them. */
export interface PeakMemory {
  readonly resident: number
  /** Without what is mapped from files, which is Chromium itself: heaps, WebAssembly's and shared memory. */
  readonly heap: number
}

/** Asks the system what Chromium's pages took at most; Linux alone tells. */
export async function peakMemory(browser: Browser): Promise<PeakMemory> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const peaks = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async ({ id }) => {
        const text = await readFile(`/proc/${id}/status`, 'utf8')
        const [resident, files] = ['VmHWM', 'RssFile'].map(
          (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024,
        ) as [number, number]
        return { resident, heap: resident - files }
      }),
  )
  return peaks.reduce((most, peak) => (peak.resident > most.resident ? peak : most))
}
