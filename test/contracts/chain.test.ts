import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { startChain } from '../../scripts/lib/chain.js'

describe('local chain', () => {
  it('has its own port and chain id, and ends when stopped, twice too', async () => {
    const [first, second] = await Promise.all([startChain({ chainId: 5 }), startChain({ chainId: 6 })])
    assert.notEqual(first.url, second.url)
    assert.deepEqual([await first.client.getChainId(), await second.client.getChainId()], [5, 6])
    await Promise.all([first.stop(), second.stop()])
    await first.stop()
    assert.equal(await answers(first.url), false)
    assert.equal(await answers(second.url), false)
  })

  const endings: Record<string, string> = {
    'ends with its process': '',
    'ends with its process that fails': 'throw new Error("failed")',
    'ends with its process that exits at once': 'process.exit(3)',
  }
  for (const [title, code] of Object.entries(endings)) {
    it(title, async () => {
      const { child, url } = await startElsewhere(code)
      if (child.exitCode === null) await once(child, 'exit')
      assert.equal(await answers(url), false)
    })
  }

  it('ends with its process that is terminated', async () => {
    const { child, url } = await startElsewhere('setInterval(() => {}, 1000)')
    assert.equal(await answers(url), true)
    child.kill('SIGTERM')
    const [, signal] = await once(child, 'exit')
    assert.equal(signal, 'SIGTERM')
    assert.equal(await answers(url), false)
  })
})

/** Starts a chain in another process, which runs `code` once the chain has answered. */
async function startElsewhere(code: string): Promise<{ child: ChildProcess; url: string }> {
  const script = `
    import { writeSync } from 'node:fs'
    import { startChain } from './scripts/lib/chain.ts'
    const { url, client } = await startChain()
    await client.getBlockNumber()
    writeSync(1, url)
    ${code}`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [url] = await once(child.stdout!, 'data')
  return { child, url: String(url) }
}

/** Tells whether a node still answers there after a moment: a killed one may take a while to let go of its port. */
async function answers(url: string): Promise<boolean> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] })
  for (let attempt = 0; attempt < 10; attempt++) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', connection: 'close' },
      })
      if (!response.ok) return false
    } catch {
      return false
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
