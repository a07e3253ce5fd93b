import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import {
  buildPackage,
  bundlePage,
  callerOf,
  type PageServer,
  peakMemory,
  servePage,
  startChromium,
} from '../../scripts/lib/browser.js'
import { packArtifactFiles } from '../../scripts/lib/packed.js'
import type { ArtifactProgress } from '../../src/prover/artifacts.js'
import type { Commands, Ending, Proved, Statement } from './page/page.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = fileURLToPath(new URL('page', import.meta.url))
const BUNDLE = fileURLToPath(new URL('../../.build/browser-faults', import.meta.url))
const KEY = '/zkeys/membership.zkey.pack'

const call = callerOf<Commands>()

type Fault = (request: IncomingMessage, response: ServerResponse) => boolean

describe('artifacts in Chromium when something is wrong', () => {
  let browser: Browser
  let server: PageServer
  let context: BrowserContext
  let fault: Fault | undefined
  let key: Buffer

  before(async () => {
    await buildPackage()
    await bundlePage({ root: PAGE, outDir: BUNDLE })
    for (const statement of ['membership', 'policy-m']) await packArtifactFiles(statement)
    key = await readFile(`${ROOT}${KEY}`)
    browser = await startChromium()
  })
  after(() => browser?.close())
  beforeEach(async () => {
    fault = undefined
    server = await servePage({
      folder: BUNDLE,
      isolated: true,
      before: (request, response) => fault?.(request, response) ?? false,
    })
    context = await browser.newContext()
  })
  afterEach(async () => {
    await context.close()
    await server.close()
  })

  async function open(): Promise<Page> {
    const page = await context.newPage()
    await page.goto(server.origin)
    await page.waitForFunction(() => 'page' in globalThis)
    return page
  }
  const asked = (path: string): number => server.requests.filter((request) => request === path).length
  const assertRefused = ({ rejected, name, message }: Ending, expected: RegExp): void => {
    assert.deepEqual([rejected, name], [true, 'ArtifactError'])
    assert.match(message, expected)
  }
  const assertProved = async (page: Page, statement: Statement = 'membership'): Promise<Proved> => {
    const proved = await call(page, 'prove', statement)
    assert.equal(proved.valid, true)
    return proved
  }
  const last = async (page: Page, file: string): Promise<ArtifactProgress | undefined> =>
    (await call(page, 'artifacts'))[file]?.at(-1)
  const onKey =
    (answer: (response: ServerResponse, request: IncomingMessage) => void): Fault =>
    (request, response) => {
      if (request.url !== KEY) return false
      answer(response, request)
      return true
    }

  /** Answers for the key, or for the rest of it that is asked for, and returns where that begins. */
  const beginAnswer = (response: ServerResponse, { range }: IncomingMessage['headers']): number => {
    const from = Number(/\d+/.exec(range ?? '0')?.[0])
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"a"',
      'content-length': key.length - from,
      'content-range': `bytes ${from}-${key.length - 1}/${key.length}`,
    })
    return from
  }

  it('source down: says so, and what to do; proves once it is back', async () => {
    const page = await open()
    await context.setOffline(true)
    assertRefused(
      await call(page, 'ending', 'membership'),
      /cannot be reached\. Check the connection, and try again/,
    )
    await context.setOffline(false)
    await assertProved(page)
  })

  it('source without the files: says that whoever runs it has to put them there', async () => {
    const page = await open()
    server.hide(/zkeys/)
    assertRefused(
      await call(page, 'ending', 'membership'),
      /does not have it\. Whoever runs this has to put it there/,
    )
  })

  it('source that stops sending: is given up after 20 seconds without a byte, three times, and goes on later where it was', async () => {
    const page = await open()
    fault = onKey((response, request) => {
      if (request.headers.range !== undefined) return
      response.writeHead(200, { 'content-length': key.length, etag: '"a"' })
      response.write(key.subarray(0, 400_000))
    })
    assertRefused(
      await call(page, 'ending', 'membership'),
      /membership\.zkey .*sent nothing for 20 seconds\. Check the connection/,
    )
    // The next visit asks for the rest alone.
    await page.reload()
    await page.waitForFunction(() => 'page' in globalThis)
    const ranges: (string | undefined)[] = []
    fault = onKey((response, { headers }) => {
      ranges.push(headers.range)
      const from = beginAnswer(response, headers)
      response.end(key.subarray(from))
    })
    await assertProved(page)
    assert.deepEqual(ranges, ['bytes=400000-'])
  })

  it('connection cut off midway: goes on with the rest by itself, and tells bytes', async () => {
    const page = await open()
    const ranges: (string | undefined)[] = []
    fault = onKey((response, { headers }) => {
      ranges.push(headers.range)
      const from = beginAnswer(response, headers)
      if (from > 0) response.end(key.subarray(from))
      else response.write(key.subarray(0, 600_000), () => setTimeout(() => response.destroy(), 200))
    })
    await assertProved(page)
    assert.deepEqual(ranges, [undefined, 'bytes=600000-'])
    const told = (await call(page, 'artifacts'))['membership.zkey'] ?? []
    assert.ok(
      told.some(({ loadedBytes, totalBytes }) => loadedBytes === 600_000 && totalBytes === key.length),
    )
    assert.deepEqual([...new Set(told.map(({ stage }) => stage))], ['loading', 'unpacking', 'ready'])
  })

  it('wrong bytes: refuses them by name, and takes the right ones in the next try', async () => {
    const page = await open()
    fault = onKey((response) =>
      response.end(Buffer.from(key.with(key.length - 1000, 1 ^ (key.at(-1000) ?? 0)))),
    )
    server.hide(/membership\.zkey$/)
    assertRefused(
      await call(page, 'ending', 'membership'),
      /membership\.zkey of source 1 is not the one that this package pins\. .*Reload/,
    )
    fault = undefined
    await assertProved(page)
  })

  it('no room to keep anything: proves anyway, and tells that it was not kept', async () => {
    const page = await open()
    const session = await context.newCDPSession(page)
    await session.send('Storage.overrideQuotaForOrigin', { origin: server.origin, quotaSize: 1 })
    await assertProved(page)
    assert.equal((await last(page, 'membership.zkey'))?.kept, false)
    await page.reload()
    await page.waitForFunction(() => 'page' in globalThis)
    await assertProved(page)
    assert.equal(asked(KEY), 2)
  })

  it('two tabs at once: download each file once', async () => {
    const pages = [await open(), await open()]
    await Promise.all(pages.map((page) => assertProved(page)))
    assert.equal(asked(KEY), 1)
    assert.equal(asked('/zkeys/membership.wasm.pack'), 1)
  })

  it('proves offline after the first time, in another visit', async () => {
    await assertProved(await open())
    server.hide(/zkeys/)
    const page = await open()
    await assertProved(page)
    assert.equal(asked(KEY), 1)
    assert.deepEqual(await last(page, 'membership.zkey'), {
      file: 'membership.zkey',
      stage: 'ready',
      loadedBytes: 0,
      totalBytes: 0,
      kept: true,
    })
  })

  it('keeps one version of a file: an older one goes when this one comes', async () => {
    const page = await open()
    const old = 'https://artifacts.soulproof.invalid/membership.zkey/old'
    await page.evaluate(async (address) => {
      await (await caches.open('soulproof-artifacts')).put(address, new Response('old'))
    }, old)
    await assertProved(page)
    const kept = await page.evaluate(async () =>
      (await (await caches.open('soulproof-artifacts')).keys()).map(({ url }) => url),
    )
    assert.equal(kept.length, 2)
    assert.ok(!kept.includes(old))
  })

  it('a broken copy in the cache is not used, and replaced', async () => {
    await assertProved(await open())
    const page = await open()
    await page.evaluate(async () => {
      const cache = await caches.open('soulproof-artifacts')
      for (const request of await cache.keys()) await cache.put(request, new Response('broken'))
    })
    await assertProved(page)
    assert.equal(asked(KEY), 2)
  })

  it('512 MB are enough for policy-m, its key unpacked in the page', async () => {
    const small = await startChromium(['--js-flags=--max-old-space-size=512'])
    try {
      const page = await small.newPage()
      await page.goto(server.origin)
      await page.waitForFunction(() => 'page' in globalThis)
      const begun = performance.now()
      await assertProved(page, 'policy-m')
      // V8's limit is not WebAssembly's: what counts is what the process took.
      const { resident, heap } = await peakMemory(small)
      const seconds = ((performance.now() - begun) / 1000).toFixed(1)
      process.stdout.write(
        `      first proof after ${seconds} s, ${resident.toFixed(0)} MiB resident at most, ${heap.toFixed(0)} of it heap\n`,
      )
      assert.ok(heap > 50 && heap < 512, `${heap} MiB`)
    } finally {
      await small.close()
    }
  })
})
