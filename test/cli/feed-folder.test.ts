import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { entryFile, type FeedSource, HEAD_FILE, openSource, readEntries } from '../../src/cli/feed-folder.js'

describe('a feed over HTTP', () => {
  let server: Server
  let sent = 0
  let source: FeedSource
  before(async () => {
    const chunk = Buffer.alloc(2 ** 20, 32)
    server = createServer((request, response) => {
      if (request.url?.endsWith('.txt')) return void response.writeHead(404).end()
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
      }
      response.on('drain', more).on('error', () => {})
      more()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    source = openSource(`http://127.0.0.1:${(server.address() as AddressInfo).port}/feed`)
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  it('attack: a server that sends without end costs no more than the longest entry', async () => {
    for (const name of [HEAD_FILE, entryFile(5n)]) {
      sent = 0
      await assert.rejects(source.read(name), { name: 'UsageError', message: /is longer than any can be$/ })
      // What lies in buffers on the way was sent, and not read.
      assert.ok(sent < 64 * 2 ** 20, `${sent} bytes`)
    }
    assert.equal(await source.read('absent.txt'), undefined)
  })

  it('attack: entries that are each short enough are together too long', async () => {
    let asked = 0
    const entry = ' '.repeat(4 * 2 ** 20)
    const head = JSON.stringify({ last: { sequence: '90000' } })
    const long: FeedSource = {
      async read(name) {
        asked++
        return name === HEAD_FILE ? head : `${entry}1`
      },
    }
    await assert.rejects(readEntries(long, 0n), { name: 'UsageError', message: /begin at a newer head$/ })
    assert.equal(asked, 65)
  })
})
