import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ArtifactError, type ArtifactFault } from '../../src/errors.js'
import { type ArtifactProgress, loadPinned } from '../../src/prover/artifacts.js'
import { sourceOf } from '../../src/prover/sources.js'
import { packGeneratorArtifact } from '../../src/wire/pack.js'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Milliseconds without a byte after which these tests give a server up. */
const STALL = 300

describe('prover: sources', () => {
  const { SOULPROOF_CACHE } = process.env
  let server: Server
  let origin: string
  let cache: string
  let answer: Answer
  let requests: IncomingMessage[]
  let serial = 0

  before(async () => {
    server = createServer((request, response) => {
      requests.push(request)
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    cache = await mkdtemp(join(tmpdir(), 'soulproof-sources-'))
    process.env['SOULPROOF_CACHE'] = cache
  })
  after(async () => {
    if (SOULPROOF_CACHE === undefined) delete process.env['SOULPROOF_CACHE']
    else process.env['SOULPROOF_CACHE'] = SOULPROOF_CACHE
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(cache, { recursive: true, force: true })
  })
  beforeEach(() => {
    requests = []
  })

  /** Bytes that no other test has, since what was verified stays in memory. */
  function create(length = 200_000): { bytes: Uint8Array; pin: { bytes: number; sha256: string } } {
    const mark = `${serial++}: `
    const bytes = Uint8Array.from(
      { length },
      (_, i) => mark.charCodeAt(i % mark.length) ^ (Math.imul(i, 0x9e3779b1) >>> 24),
    )
    return { bytes, pin: { bytes: length, sha256: createHash('sha256').update(bytes).digest('hex') } }
  }

  /** Serves a file as servers do that know ranges; `cut` says after how many bytes the connection ends. */
  function serve(
    bytes: Uint8Array,
    o: { etag?: string | undefined; cut?: () => number | undefined } = {},
  ): Answer {
    const { etag = '"1"', cut = () => undefined } = o
    return ({ url, headers }, response) => {
      if (url?.endsWith('.pack')) {
        response.writeHead(404).end()
        return
      }
      const [, from] = /^bytes=(\d+)-$/.exec(headers.range ?? '') ?? []
      const first = from !== undefined && headers['if-range'] === etag ? Number(from) : 0
      const part = bytes.subarray(first)
      const end = cut()
      response.writeHead(first > 0 ? 206 : 200, {
        'content-length': part.length,
        etag,
        ...(first > 0 && { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` }),
      })
      if (end === undefined) response.end(part)
      else response.write(part.subarray(0, end), () => setTimeout(() => response.destroy(), 20))
    }
  }

  const load = (
    o: ReturnType<typeof create>,
    more: { onArtifact?: (progress: ArtifactProgress) => void; sources?: string[] } = {},
  ): Promise<Uint8Array> =>
    loadPinned({
      file: 'key.bin',
      pin: o.pin,
      sources: (more.sources ?? [origin]).map((folder, i) => sourceOf(folder, `source ${i + 1}`)),
      stall: STALL,
      onArtifact: more.onArtifact,
    })

  async function refuse(loading: Promise<unknown>, fault: ArtifactFault, message: RegExp): Promise<void> {
    await assert.rejects(loading, (error: Error) => {
      assert.ok(error instanceof ArtifactError)
      assert.match(error.message, /^artifact key\.bin /)
      assert.match(error.message, message)
      assert.equal(error.fault, fault)
      return true
    })
  }

  const whole = (): IncomingMessage[] => requests.filter(({ url }) => url === '/key.bin')

  it('goes on where the connection was cut off, with the rest alone, and tells bytes as they come', async () => {
    const file = create()
    let times = 0
    answer = serve(file.bytes, { cut: () => (times++ < 2 ? 70_000 : undefined) })
    const told: ArtifactProgress[] = []
    assert.deepEqual(await load(file, { onArtifact: (progress) => told.push(progress) }), file.bytes)
    assert.deepEqual(
      whole().map(({ headers }) => [headers.range, headers['if-range']]),
      [
        [undefined, undefined],
        ['bytes=70000-', '"1"'],
        ['bytes=140000-', '"1"'],
      ],
    )
    const counts = told.filter(({ stage }) => stage === 'loading').map(({ loadedBytes }) => loadedBytes)
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    )
    assert.ok(counts.includes(70_000) && counts.at(-1) === file.bytes.length)
    assert.deepEqual(told.at(-1), {
      file: 'key.bin',
      stage: 'ready',
      loadedBytes: file.bytes.length,
      totalBytes: file.bytes.length,
      kept: true,
    })
  })

  it('keeps what has come when it gives up, and goes on there in the next try', async () => {
    const file = create()
    let begun = false
    answer = serve(file.bytes, {
      cut: () => {
        const end = begun ? 0 : 120_000
        begun = true
        return end
      },
    })
    await refuse(load(file), 'cut', /cut off.*what has come need not come again/)
    requests = []
    answer = serve(file.bytes)
    assert.deepEqual(await load(file), file.bytes)
    assert.deepEqual(
      whole().map(({ headers }) => headers.range),
      ['bytes=120000-'],
    )
    assert.deepEqual(
      (await readdir(join(cache, 'files'))).filter((name) => name.includes('.part')),
      [],
    )
  })

  it('begins anew if the file has changed since, so that two versions are never put together', async () => {
    const [old, file] = [create(), create()]
    let changed = false
    answer = (request, response) => {
      const [bytes, etag, cut] = changed ? [file.bytes, '"2"', undefined] : [old.bytes, '"1"', 70_000]
      if (request.url === '/key.bin') changed = true
      serve(bytes, { etag, cut: () => cut })(request, response)
    }
    assert.deepEqual(await load(file), file.bytes)
    assert.equal(whole()[1]?.headers['if-range'], '"1"')
  })

  it('gives up a source that sends nothing, not one that takes long', async () => {
    const slow = create(6000)
    answer = ({ url }, response) => {
      if (url?.endsWith('.pack')) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-length': slow.bytes.length })
      let at = 0
      const send = (): void => {
        response.write(slow.bytes.subarray(at, at + 1000))
        at += 1000
        if (at < slow.bytes.length) setTimeout(send, STALL / 2)
        else response.end()
      }
      send()
    }
    assert.deepEqual(await load(slow), slow.bytes)
    const stalled = create()
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': stalled.bytes.length })
      response.write(stalled.bytes.subarray(0, 1000))
    }
    requests = []
    await refuse(load(stalled), 'stalled', /source 1: it sent nothing for .* seconds\. Check the connection/)
    // Three times for the packed form; it is not asked for the other one then.
    assert.deepEqual(
      requests.map(({ url }) => url),
      Array(3).fill('/key.bin.pack'),
    )
  })

  it('says which source is down, and takes the next one', async () => {
    const file = create()
    answer = serve(file.bytes)
    const closed = 'http://127.0.0.1:9'
    await refuse(
      load(file, { sources: [closed] }),
      'unreachable',
      /source 1: it cannot be reached\. Check the connection/,
    )
    assert.deepEqual(await load(file, { sources: [closed, origin] }), file.bytes)
  })

  it('says what the server answers: that it does not have it, or an error', async () => {
    const file = create()
    for (const [status, fault, message] of [
      [404, 'missing', /does not have it\. Whoever runs this has to put it there/],
      [503, 'refused', /answers with the status 503\. Try again later/],
    ] as const) {
      answer = (_, response) => void response.writeHead(status).end()
      await refuse(load(file), fault, message)
    }
  })

  it('refuses by name what is truncated or changed, packed or not, and a page in place of a file is none', async () => {
    const file = create()
    const packed = packGeneratorArtifact(file.bytes)
    const send =
      (plain: Uint8Array | undefined, pack?: Uint8Array): Answer =>
      ({ url }, response) => {
        const bytes = url?.endsWith('.pack') ? pack : plain
        if (bytes) response.end(bytes)
        else response.writeHead(404).end()
      }
    for (const [wrong, message] of [
      [send(file.bytes.slice(0, -1)), /of source 1 is truncated\. .*Reload/],
      [send(file.bytes.with(5, 0)), /of source 1 is not the one that this package pins\. .*Reload/],
      [
        send(new Uint8Array(file.bytes.length + 100_000)),
        /source 1: it sends more than the file has\. .*Reload/,
      ],
      [send(undefined, packed.slice(0, -1)), /of source 1 is truncated/],
      [send(undefined, packed.with(packed.length - 9, 0)), /of source 1 is not the one/],
    ] as const) {
      answer = wrong
      await refuse(load(file), 'wrong', message)
    }
    const page = new TextEncoder().encode('<!doctype html><title>not found</title>')
    answer = send(file.bytes, page)
    assert.deepEqual(await load(file), file.bytes)
    const other = create(3000)
    answer = send(undefined, packGeneratorArtifact(other.bytes))
    assert.deepEqual(await load(other), other.bytes)
  })

  it('takes lengths and ranges of a coded transfer for what they are, and never goes on in one', async () => {
    const file = create(5000)
    const { gzipSync } = await import('node:zlib')
    const coded = gzipSync(file.bytes)
    let times = 0
    answer = ({ url }, response) => {
      if (url?.endsWith('.pack')) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': coded.length, etag: '"1"' })
      if (times++ > 0) response.end(coded)
      else response.write(coded.subarray(0, 2000), () => setTimeout(() => response.destroy(), 20))
    }
    assert.deepEqual(await load(file), file.bytes)
    assert.deepEqual(
      whole().map(({ headers }) => headers.range),
      [undefined, undefined],
    )
  })

  it('removes from the disk what nobody used for 90 days, when it keeps something else', async () => {
    const script = `
      import { openStore } from ${JSON.stringify(new URL('../../src/prover/store.ts', import.meta.url).href)}
      await openStore().put({ file: 'new', sha256: 'new', bytes: Uint8Array.of(1) })`
    const [old, used] = [join(cache, 'files', 'old'), join(cache, 'files', 'used')]
    for (const path of [old, used]) await writeFile(path, 'x')
    const long = new Date(Date.now() - 91 * 24 * 3600 * 1000)
    await utimes(old, long, long)
    const { execFile } = await import('node:child_process')
    const { promisify } = await import('node:util')
    await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    const names = await readdir(join(cache, 'files'))
    assert.ok(names.includes('used') && names.includes('new') && !names.includes('old'))
  })
})
