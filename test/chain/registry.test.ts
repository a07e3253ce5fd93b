import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { PublicClient } from 'viem'
import { deployPoseidon } from '../../scripts/lib/apps.js'
import { type Deployed, type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { compileSolidity, readContract } from '../../scripts/lib/solc.js'
import {
  BUCKET_SIZE,
  createFileCursor,
  createMemoryCursor,
  createMemoryLog,
  createRegistryHandler,
  createRegistryIndexer,
  fetchOpening,
  fetchRegistry,
  openFileLog,
  type RegistryIndexer,
} from '../../src/chain/index.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { quaternaryRoot, Registry } from '../../src/merkle/index.js'
import { undoAfterEach } from '../support/chain.js'

describe('the indexer of a registry', () => {
  let chain: LocalChain
  let contract: Deployed
  let fromBlock: bigint
  let folder: string

  before(async () => {
    chain = await startChain({ accounts: 1 })
    const contracts = compileSolidity({
      sources: {
        'BareRegistry.sol': readFileSync('test/contracts/BareRegistry.sol', 'utf8'),
        'Poseidon4.sol': readContract('Poseidon4.sol'),
      },
    })
    const { address } = await deployPoseidon(chain, contracts, 4)
    contract = await chain.deploy(contracts.BareRegistry!, [address])
    fromBlock = await chain.client.getBlockNumber({ cacheTime: 0 })
    folder = mkdtempSync(join(tmpdir(), 'registry-'))
  })
  after(async () => {
    if (folder !== undefined) rmSync(folder, { recursive: true })
    await chain?.stop()
  })
  undoAfterEach(() => chain)

  const append = (...leaves: readonly bigint[]): Promise<unknown> =>
    chain.send({ to: contract, name: 'append', args: [leaves] })
  const revoke = (index: bigint): Promise<unknown> =>
    chain.send({ to: contract, name: 'revoke', args: [index] })
  const commit = (most = 1000n): Promise<unknown> =>
    chain.send({ to: contract, name: 'commit', args: [most] })
  const root = (): Promise<unknown> => chain.read({ to: contract, name: 'root' })
  const open = (o: object = {}): Promise<RegistryIndexer> =>
    createRegistryIndexer({
      client: chain.client as PublicClient,
      ...{ address: contract.address, fromBlock, ...o },
    })
  const inFiles = (name: string) => ({
    log: openFileLog(join(folder, `${name}.log`)),
    cursor: createFileCursor(join(folder, `${name}.json`)),
  })

  it('has the contract’s root and opens it, whatever waits to be committed', async () => {
    const indexer = await open()
    assert.equal((await indexer.sync()).added, 0)
    assert.equal(indexer.root, await root())
    await append(11n, 12n, 13n, 14n, 15n)
    await indexer.sync()
    assert.equal(indexer.root, new Registry().root)
    assert.throws(() => indexer.proof(0), RangeError)
    await commit()
    await append(16n)
    await revoke(1n)
    assert.equal((await indexer.sync()).added, 3)
    assert.equal(indexer.root, await root())
    assert.deepEqual(indexer.leaves(), [11n, 12n, 13n, 14n, 15n])
    await commit()
    await indexer.sync()
    assert.equal(indexer.root, await root())
    assert.deepEqual(indexer.leaves(), [11n, 0n, 13n, 14n, 15n, 16n])
    assert.equal(quaternaryRoot(indexer.proof(4)), await root())
    assert.equal(new Registry({ leaves: indexer.leaves() }).root, await root())
  })

  it('goes on where it was, in ranges of any size, and after a crash cut its log short', async () => {
    await append(1n, 2n, 3n)
    await commit()
    await (await open(inFiles('resume'))).sync()
    await append(4n)
    await revoke(0n)
    await commit()
    const again = await open({ ...inFiles('resume'), range: 1n })
    assert.deepEqual(again.leaves(), [1n, 2n, 3n])
    assert.equal((await again.sync()).added, 3)
    assert.equal(again.root, await root())
    // Half a record at the end, then a whole one less than the cursor says.
    appendFileSync(join(folder, 'resume.log'), Uint8Array.of(1, 2, 3))
    await append(5n)
    await commit()
    assert.equal((await (await open(inFiles('resume'))).sync()).added, 2)
    truncateSync(join(folder, 'resume.log'), 36 * 5)
    const last = await open(inFiles('resume'))
    assert.equal((await last.sync()).added, 4)
    assert.equal(last.root, await root())
    writeFileSync(join(folder, 'resume.log'), new Uint8Array(72).fill(255))
    await assert.rejects(open(inFiles('resume')), { name: 'RegistryError' })
  })

  it('takes back what a reorganisation took back, with the root before it', async () => {
    const indexer = await open()
    await append(1n, 2n)
    await commit()
    await indexer.sync()
    const before = indexer.root
    const fork = await chain.control.snapshot()
    await append(3n)
    await revoke(0n)
    await commit()
    await indexer.sync()
    assert.equal(indexer.root, await root())
    await chain.control.revert({ id: fork })
    // A node that is behind: nothing is concluded yet.
    assert.equal((await indexer.sync()).rewoundTo, undefined)
    await append(30n)
    await chain.control.mine({ blocks: 5 })
    assert.equal((await indexer.sync()).rewoundTo, 3n)
    assert.equal(indexer.root, before)
    await commit()
    await indexer.sync()
    assert.equal(indexer.root, await root())
    assert.deepEqual(indexer.leaves(), [1n, 2n, 30n])
  })

  it('agrees with the contract after any writes, commits, reorganisations and restarts', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 6 }) }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('revoke' as const), at: fc.nat(30) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('commit' as const), most: fc.integer({ min: 1, max: 9 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom('fork' as const, 'restart' as const, 'sync' as const) }),
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 12 }), async (steps) => {
        const id = await chain.control.snapshot()
        const kept = { log: createMemoryLog(), cursor: createMemoryCursor() }
        let indexer = await open(kept)
        let [next, size, pending] = [1n, 0, 0]
        for (const one of steps) {
          if (one.kind === 'append') {
            await append(...Array.from({ length: one.count }, () => next++))
            size += one.count
            pending += one.count
          } else if (one.kind === 'revoke') {
            if (size === 0) continue
            await revoke(BigInt(one.at % size))
            pending++
          } else if (one.kind === 'commit') {
            if (pending === 0) continue
            await commit(BigInt(one.most))
            pending = Math.max(0, pending - one.most)
          } else if (one.kind === 'fork') {
            const fork = await chain.control.snapshot()
            await append(999n)
            await commit()
            await indexer.sync()
            await chain.control.revert({ id: fork })
            await chain.control.mine({ blocks: 4 })
          } else if (one.kind === 'restart') indexer = await open(kept)
          else await indexer.sync()
        }
        await indexer.sync()
        assert.equal(indexer.root, await root())
        await chain.control.revert({ id })
      }),
      { numRuns: 5, seed: 4 },
    )
  })

  it('refuses a node that leaves events out, reorders, renumbers or alters them', async () => {
    await append(1n, 2n, 3n)
    await commit()
    type Events = { args: Record<string, bigint>; eventName: string }[]
    const change = (events: Events, at: number, args: Record<string, bigint>): Events =>
      events.map((one, i) => (i === at ? { ...one, args: { ...one.args, ...args } } : one))
    const lies: Record<string, (events: Events) => unknown> = {
      'the first left out': (events) => events.slice(1),
      'one between left out': (events) => events.toSpliced(1, 1),
      'one left out and renumbered': ([a, , c, d]) => [
        a!,
        change([c!], 0, { write: 1n, index: 1n })[0]!,
        change([d!], 0, { writes: 2n })[0]!,
      ],
      reordered: (events) => events.toReversed(),
      'another leaf': (events) => change(events, 1, { leaf: 9n }),
      'another index': (events) => change(events, 2, { index: 7n }),
      'an index taken': (events) => change(events, 2, { index: 0n }),
      'leaf 0': (events) => change(events, 2, { leaf: 0n }),
      'leaf + r': (events) => change(events, 2, { leaf: 3n + r }),
      'another root': (events) => change(events, 3, { root: 5n }),
      'no events': () => 'none',
      'no numbers': (events) => events.map(({ eventName }) => ({ eventName })),
    }
    for (const [name, lie] of Object.entries(lies)) {
      const client = new Proxy(chain.client, {
        get: (target, key: keyof PublicClient) =>
          key === 'getContractEvents'
            ? async (parameters: never) =>
                lie((await target.getContractEvents(parameters)) as unknown as Events)
            : target[key as never],
      })
      const indexer = await open({ client })
      await assert.rejects(indexer.sync(), { name: 'RegistryError' }, name)
      assert.deepEqual(indexer.leaves(), [], name)
    }
  })

  it('refuses a log of another registry, and malformed options', async () => {
    await append(1n)
    await commit()
    const log = createMemoryLog()
    await log.append([{ index: 0, leaf: 5n }])
    await assert.rejects((await open({ log })).sync(), /other events/)
    const bad = createMemoryLog()
    await bad.append([{ index: 0, leaf: 5n }, { root: 6n }])
    await assert.rejects(open({ log: bad }), /do not lead/)
    await assert.rejects(open({ range: 0n }), RangeError)
    await assert.rejects(open({ confirmations: 1 }), TypeError)
  })

  describe('serving wallets', () => {
    const url = 'https://registry.example/gruyeres'
    let indexer: RegistryIndexer
    let asked: string[]

    beforeEach(async () => {
      await append(1n, 2n, 3n, 4n, 5n, 6n)
      await revoke(2n)
      await commit()
      indexer = await open()
      await indexer.sync()
      asked = []
    })

    /** Asks the handler itself, and notes what it was asked. */
    const fetchFrom =
      (handler: (request: Request) => Response | Promise<Response>): typeof globalThis.fetch =>
      async (input) => {
        asked.push(`${input}`.slice(url.length))
        return handler(new Request(`${input}`))
      }
    const honest = (): typeof globalThis.fetch => fetchFrom(createRegistryHandler(indexer))

    it('gives all leaves, from which the wallet opens its own without saying which', async () => {
      const registry = await fetchRegistry({ url, root: indexer.root, fetch: honest() })
      assert.deepEqual(registry.proof(3), indexer.proof(3))
      assert.deepEqual(asked, [`/${indexer.root}/leaves`])
    })

    it('gives buckets of 1024 leaves, of which requests and lengths say no more', async () => {
      const opened = await fetchOpening({ url, root: indexer.root, index: 4, fetch: honest() })
      assert.deepEqual(opened, indexer.proof(4))
      const forFour = asked.toSorted()
      asked = []
      await fetchOpening({ url, root: indexer.root, index: 1000, fetch: honest() })
      assert.deepEqual(asked.toSorted(), forFour)
      assert.deepEqual(forFour, [`/${indexer.root}/buckets/0`, `/${indexer.root}/top`])
      const handler = createRegistryHandler(indexer)
      const sizes = await Promise.all(
        [0, 1, BUCKET_SIZE - 1].map(async (number) => {
          const response = handler(new Request(`${url}/${indexer.root}/buckets/${number}`))
          return (await response.arrayBuffer()).byteLength
        }),
      )
      assert.deepEqual(sizes, [32_768, 32_768, 32_768])
    })

    it('refuses a server’s leaves that do not lead to the root which the verifier accepts', async () => {
      const { root: right } = indexer
      const lie: Pick<RegistryIndexer, 'root' | 'leaves' | 'nodes'> = {
        root: right,
        leaves: () => indexer.leaves().with(0, 77n),
        nodes: (level) => indexer.nodes(level),
      }
      const tops = {
        ...lie,
        leaves: indexer.leaves,
        nodes: (level: number) => indexer.nodes(level).with(3, 1n),
      }
      for (const [source, name] of [
        [lie, 'leaves'],
        [tops, 'top'],
      ] as const) {
        const fetch = fetchFrom(createRegistryHandler(source))
        await assert.rejects(fetchOpening({ url, root: right, index: 0, fetch }), /do not lead/, name)
      }
      const fetch = fetchFrom(createRegistryHandler(lie))
      await assert.rejects(fetchRegistry({ url, root: right, fetch }), /do not lead/)
      await assert.rejects(fetchRegistry({ url, root: 5n, fetch }), /another root/)
      for (const body of ['short', new Uint8Array(32).fill(255), new Uint8Array(33 * 2 ** 20)]) {
        const broken = fetchFrom(() => new Response(body))
        await assert.rejects(fetchRegistry({ url, root: right, fetch: broken }), { name: 'RegistryError' })
        await assert.rejects(fetchOpening({ url, root: right, index: 0, fetch: broken }), {
          name: 'RegistryError',
        })
      }
      await assert.rejects(
        fetchRegistry({ url, root: right, fetch: fetchFrom(() => new Response(null, { status: 500 })) }),
        /does not answer/,
      )
      await assert.rejects(fetchOpening({ url, root: right, index: 4 ** 10 }), RangeError)
    })

    it('attack: a server that sends without end costs no more than the longest answer', async () => {
      const { root } = indexer
      const chunk = new Uint8Array(2 ** 18)
      let [sent, cancelled] = [0, 0]
      const endless = fetchFrom(() => {
        const body = new ReadableStream<Uint8Array>({
          pull(controller) {
            sent += chunk.length
            controller.enqueue(chunk)
          },
          cancel: () => void cancelled++,
        })
        // What it says of the length is not believed.
        return new Response(body, { headers: { 'content-length': '32' } })
      })
      const malformed = { name: 'RegistryError', message: "the server's answer is malformed" }
      await assert.rejects(fetchRegistry({ url, root, fetch: endless }), malformed)
      assert.ok(sent <= 32 * 2 ** 20 + 4 * chunk.length && cancelled === 1, `${sent} ${cancelled}`)
      ;[sent, cancelled] = [0, 0]
      await assert.rejects(fetchOpening({ url, root, index: 3, fetch: endless }), malformed)
      await new Promise(setImmediate)
      assert.ok(sent <= 8 * chunk.length && cancelled === 2, `${sent} ${cancelled}`)
    })

    it('says that a server cannot be reached or breaks off, and gives up when it is told to', async () => {
      const { root } = indexer
      const unreachable = { name: 'RegistryError', message: 'the server cannot be reached' }
      const broken = fetchFrom(
        () =>
          new Response(new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })),
      )
      for (const fetch of [broken, () => Promise.reject(new TypeError('fetch failed'))]) {
        await assert.rejects(fetchRegistry({ url, root, fetch }), unreachable)
        await assert.rejects(fetchOpening({ url, root, index: 3, fetch }), unreachable)
      }
      const stop = new AbortController()
      const silent: typeof globalThis.fetch = (_, init) =>
        new Promise((_, reject) => {
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        })
      const waiting = fetchRegistry({ url, root, fetch: silent, signal: stop.signal })
      stop.abort(new Error('enough'))
      await assert.rejects(waiting, { message: 'enough' })
    })

    it('answers what it does not know with a status', async () => {
      const handler = createRegistryHandler(indexer)
      const status = (path: string, method = 'GET'): number =>
        handler(new Request(`${url}${path}`, { method })).status
      assert.deepEqual(
        [
          status('/state'),
          status('/state', 'POST'),
          status('/nothing'),
          status('/1/leaves'),
          status(`/${indexer.root}/buckets/1024`),
          status(`/${indexer.root}/buckets/-1`),
          status(`/${indexer.root}/buckets/01`),
        ],
        [200, 405, 404, 410, 404, 404, 404],
      )
      const state = await handler(new Request(`${url}/state`)).json()
      assert.deepEqual(state, { root: `${indexer.root}`, size: '6' })
    })
  })
})
