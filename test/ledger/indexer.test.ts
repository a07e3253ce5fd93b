import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Address, Hex, PublicClient } from 'viem'
import { type Deployed, type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { CATEGORIES, deployLedger, deployPoseidon3 } from '../../scripts/lib/ledger.js'
import { createLedger, type Ledger, ledgerRoot, type TallyEntry } from '../../src/ledger/index.js'
import {
  type Cursor,
  createFileCursor,
  createIndexer,
  createMemoryCursor,
  type Indexer,
} from '../../src/ledger/indexer.js'
import { setupSixSignals } from '../contracts/six-signals.js'
import { deployVerifier } from '../support/chain.js'
import { makeFolder, removeFolders } from './store-support.js'

const HANDLE = 4711n
const NONE = { subject: 0n, content: 0n }
const [OWNER, ATTESTOR, OPERATOR] = [0, 1, 2] as const

describe('the indexer of a ledger', () => {
  let chain: LocalChain
  let contract: Deployed & { id: string; fromBlock: bigint }
  let ledger: Ledger
  let path: string
  let snapshot: Hex

  before(async () => {
    chain = await startChain({ accounts: 3 })
    const [hasher, { verificationKey }] = await Promise.all([deployPoseidon3(chain), setupSixSignals()])
    const verifier = await deployVerifier({ chain, verificationKey })
    contract = await deployLedger(chain, {
      ...{ hasher: hasher.address, verifier: verifier.address, operator: address(OPERATOR) },
    })
    await send('setAttestor', [address(ATTESTOR), 0b11], OWNER)
    await send('setGate', [address(OWNER), true], OWNER)
    await send('disclose', [address(ATTESTOR), HANDLE], OWNER)
  })
  after(async () => {
    removeFolders()
    await chain?.stop()
  })
  beforeEach(async () => {
    snapshot = await chain.control.snapshot()
    path = makeFolder()
    ledger = await open()
  })
  afterEach(async () => {
    await ledger.close()
    await chain.control.revert({ id: snapshot })
  })

  const address = (index: number): Address => chain.wallets[index]!.account.address
  const send = (name: string, args: readonly unknown[], from: number): Promise<unknown> =>
    chain.send({ to: contract, name, args, from })
  const append = async (...amounts: readonly bigint[]): Promise<void> => {
    for (const amount of amounts) await send('append', [HANDLE, 0, amount, 0n], ATTESTOR)
  }
  const open = (): Promise<Ledger> =>
    createLedger({ id: contract.id, categories: CATEGORIES, path: join(path, 'store') })
  const fileCursor = (): Cursor => createFileCursor(join(path, 'cursor.json'))

  function indexerFor(
    o: { cursor?: Cursor; confirmations?: bigint; range?: bigint; client?: unknown } = {},
  ): Indexer {
    const { client = chain.client, ...others } = o
    const { address: at, fromBlock } = contract
    return createIndexer({ ledger, client: client as PublicClient, address: at, fromBlock, ...others })
  }

  const amounts = async (): Promise<bigint[]> =>
    (await ledger.entries()).map((entry) => (entry as TallyEntry).amount)
  const contractHead = async (): Promise<unknown> =>
    chain.read({ to: contract, name: 'headAt', args: [ledger.length] })

  it('reads entries as they come, and their head is the contract’s', async () => {
    const indexer = indexerFor()
    assert.equal((await indexer.sync()).appended, 0)
    await append(1n, 2n, 3n)
    assert.equal((await indexer.sync()).appended, 3)
    assert.equal((await indexer.sync()).appended, 0)
    await append(4n)
    const report = await indexer.sync()
    assert.equal(report.appended, 1)
    assert.equal(report.block, await chain.client.getBlockNumber())
    assert.deepEqual(await amounts(), [1n, 2n, 3n, 4n])
    assert.equal(await ledger.head(), await contractHead())
  })

  it('reads in ranges of any size, and leaves out what is not confirmed', async () => {
    await append(1n, 2n, 3n, 4n, 5n)
    assert.equal((await indexerFor({ range: 2n, confirmations: 2n }).sync()).appended, 3)
    assert.equal((await indexerFor({ range: 1n }).sync()).appended, 2)
    assert.deepEqual(await amounts(), [1n, 2n, 3n, 4n, 5n])
  })

  it('goes on where it was, with its cursor, after losing it, and after dying between two writes', async () => {
    await append(1n, 2n)
    await indexerFor({ cursor: fileCursor() }).sync()
    await ledger.close()
    ledger = await open()
    await append(3n)
    assert.equal((await indexerFor({ cursor: fileCursor() }).sync()).appended, 1)
    // As if the process had died after the ledger's write and before the cursor's.
    const before = await fileCursor().load()
    await append(4n)
    await indexerFor({ cursor: createMemoryCursor() }).sync()
    assert.equal((await fileCursor().load()).length, before.length)
    assert.equal((await indexerFor({ cursor: fileCursor() }).sync()).appended, 0)
    writeFileSync(join(path, 'cursor.json'), '{"checkpoints":')
    await append(5n)
    assert.equal((await indexerFor({ cursor: fileCursor() }).sync()).appended, 1)
    assert.deepEqual(await amounts(), [1n, 2n, 3n, 4n, 5n])
  })

  it('reads again what the ledger has lost, as after restoring an old backup', async () => {
    await append(1n, 2n)
    const cursor = createMemoryCursor()
    const indexer = indexerFor({ cursor })
    await indexer.sync()
    await append(3n, 4n)
    await indexer.sync()
    await ledger.rewind(1n)
    assert.equal((await indexer.sync()).appended, 3)
    assert.deepEqual(await amounts(), [1n, 2n, 3n, 4n])
  })

  it('takes back what a reorganisation took back, applied or not, and reads what replaced it', async () => {
    const indexer = indexerFor()
    await append(1n, 2n)
    await indexer.sync()
    await ledger.apply()
    const { root } = ledger.roots().at(-1) as { root: bigint }
    const fork = await chain.control.snapshot()
    await append(3n, 4n, 5n)
    await indexer.sync()
    await ledger.apply()
    assert.deepEqual(await amounts(), [1n, 2n, 3n, 4n, 5n])

    await chain.control.revert({ id: fork })
    // A node that is behind: nothing is concluded yet.
    const waiting = await indexer.sync()
    assert.equal(waiting.rewoundTo, undefined)
    await append(3n, 40n)
    await chain.control.mine({ blocks: 3 })
    const report = await indexer.sync()
    assert.equal(report.rewoundTo, 2n)
    assert.equal(report.appended, 2)
    assert.deepEqual(await amounts(), [1n, 2n, 3n, 40n])
    assert.equal(await ledger.head(), await contractHead())
    assert.ok(ledger.roots().some((one) => one.root === root))
    assert.ok(ledger.roots().every(({ state }) => state.queueLength <= 2n))
    assert.equal((await ledger.apply()).state.queueHead, await contractHead())
  })

  it('survives a reorganisation that empties the queue, while it was not running', async () => {
    const fork = await chain.control.snapshot()
    await append(1n, 2n)
    await indexerFor({ cursor: fileCursor() }).sync()
    await chain.control.revert({ id: fork })
    await chain.control.mine({ blocks: 4 })
    const report = await indexerFor({ cursor: fileCursor() }).sync()
    assert.equal(report.rewoundTo, 0n)
    assert.equal(ledger.length, 0n)
  })

  it('sees a reorganisation in the middle of a pass', async () => {
    await append(1n, 2n)
    const fork = await chain.control.snapshot()
    await append(3n)
    let isReorganised = false
    const client = new Proxy(chain.client, {
      get(target, name: keyof PublicClient) {
        if (name !== 'getContractEvents') return target[name]
        return async (parameters: never) => {
          const events = await target.getContractEvents(parameters)
          if (!isReorganised) {
            isReorganised = true
            await chain.control.revert({ id: fork })
            await append(30n, 31n)
          }
          return events
        }
      },
    })
    await indexerFor({ client }).sync()
    assert.ok(isReorganised)
    assert.deepEqual(await amounts(), [1n, 2n, 30n, 31n])
  })

  it('refuses a node that leaves events out (entry left out), reorders or alters them', async () => {
    await append(1n, 2n, 3n)
    type Events = { args: { content?: bigint; index?: bigint } }[]
    const lies: Record<string, (events: Events) => Events> = {
      'the last': (events) => events.slice(0, -1),
      'the first': (events) => events.slice(1),
      'one between': (events) => [events[0]!, events[2]!],
      reordered: (events) => events.toReversed(),
      altered: (events) =>
        events.map((one, i) => (i === 1 ? { ...one, args: { ...one.args, content: 9n } } : one)),
      renumbered: ([a, , c]) => [a!, { ...c!, args: { ...c!.args, index: 1n } }],
    }
    for (const [name, lie] of Object.entries(lies)) {
      const client = new Proxy(chain.client, {
        get: (target, key: keyof PublicClient) =>
          key === 'getContractEvents'
            ? async (parameters: never) =>
                lie((await target.getContractEvents(parameters)) as unknown as Events)
            : target[key],
      })
      // Without the last entry the rest is a right queue of an earlier time: nothing wrong is stored, and it comes later.
      if (name === 'the last') {
        await indexerFor({ client }).sync()
        assert.deepEqual(await amounts(), [1n, 2n])
        await ledger.rewind(0n)
      } else await assert.rejects(indexerFor({ client }).sync(), { name: 'LedgerError' }, name)
      assert.equal(ledger.length, 0n, name)
    }
  })

  it('refuses a ledger that holds other entries, or is another contract’s', async () => {
    await append(1n)
    await ledger.append({ handle: 1n, category: 0, amount: 1n, ref: 0n, at: 0n })
    await assert.rejects(indexerFor().sync(), /other entries/)
    await using other = await createLedger({ id: 'eip155:1:0x0', categories: CATEGORIES })
    const { address: at, fromBlock } = contract
    const indexer = createIndexer({
      ledger: other,
      client: chain.client as PublicClient,
      address: at,
      fromBlock,
    })
    await assert.rejects(indexer.sync(), /not the ledger's/)
    assert.throws(() => indexerFor({ range: 0n }), RangeError)
    assert.throws(() => indexerFor({ confirmations: -1n }), RangeError)
    assert.throws(() => indexerFor({ confirmations: 1 as unknown as bigint }), TypeError)
  })

  it('applies roots at their lengths, and tells wrong ones, proposed or accepted', async () => {
    const model = await createLedger({ id: contract.id, categories: CATEGORIES })
    const rootAt = async (length: bigint): Promise<bigint> => {
      await model.append((await indexed()).slice(Number(model.length), Number(length)))
      return (await model.apply()).root
    }
    const indexed = async () => {
      await indexer.sync()
      return ledger.entries()
    }
    const indexer = indexerFor()
    await append(1n, 2n)
    const right = await rootAt(2n)
    await send('proposeRoot', [right, 2n, NONE], OPERATOR)
    const [proposed] = (await indexer.sync()).roots
    assert.deepEqual(proposed, { root: right, queueLength: 2n, status: 'proposed', isRight: true })
    await send('acceptProposal', [], OWNER)
    await append(3n, 4n)
    await send('proposeRoot', [12345n, 4n, NONE], OPERATOR)
    const roots = (await indexer.sync()).roots
    assert.deepEqual(
      roots.map(({ status, isRight }) => [status, isRight]),
      [
        ['accepted', true],
        ['proposed', false],
      ],
    )
    assert.equal(ledgerRoot(ledger.proof(HANDLE, { root: right }).state), right)
    assert.equal(ledger.reader.state.queueLength, 4n)
  })

  it('watches until told to stop', async () => {
    const stop = new AbortController()
    const seen: number[] = []
    const watching = indexerFor().watch({
      signal: stop.signal,
      interval: 20,
      onReport({ appended }) {
        if (appended > 0) seen.push(appended)
        if (seen.length === 2) stop.abort()
      },
    })
    await append(1n)
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    await append(2n)
    await watching
    assert.deepEqual(seen, [1, 1])
  })
})
