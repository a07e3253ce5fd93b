import assert from 'node:assert/strict'
import { type Address, parseEventLogs, type TransactionReceipt } from 'viem'
import { type Deployed, type LocalChain, startChain, toSolidityProof } from '../../scripts/lib/chain.js'
import { CATEGORIES, compileLedger, deployLedger, deployPoseidon3 } from '../../scripts/lib/ledger.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  categoriesHash,
  createMemoryLedger,
  decodeEntry,
  EMPTY_QUEUE,
  type Entry,
  encodeEntry,
  ledgerIdOf,
  ledgerRoot,
  type MemoryLedger,
  queueHead,
} from '../../src/ledger/index.js'
import {
  assertDeployReverts,
  assertReverts,
  deployVerifier,
  executionGas,
  matchSnapshot,
  undoAfterEach,
} from '../support/chain.js'
import { type BatchSignals, type SixSignals, setupSixSignals } from './six-signals.js'

const HANDLE = (1n << 247n) + 12345n
const OTHER = 77n
const REF = (1n << 148n) - 1n
const NONE = { subject: 0n, content: 0n }
const PERIOD = 3600n
const BOND = 10n ** 15n
const GREATEST = (1n << 64n) - 1n
/** Wallets by their parts. */
const [OWNER, ATTESTOR, GATE, MOVER, OPERATOR, CHALLENGER, NOBODY] = [0, 1, 2, 3, 4, 5, 6] as const

describe('Ledger', () => {
  let circuit: SixSignals
  let chain: LocalChain
  let hasher: Deployed
  let verifier: Deployed
  let ledger: Deployed & { id: string }

  before(async () => {
    ;[circuit, chain] = await Promise.all([setupSixSignals(), startChain({ accounts: 7 })])
    hasher = await deployPoseidon3(chain)
    verifier = await deployVerifier({ chain, verificationKey: circuit.verificationKey })
    ledger = await prepared()
  })
  after(() => chain?.stop())
  undoAfterEach(() => chain)

  const wallet = (index: number): Address => chain.wallets[index]!.account.address
  const send = (
    name: string,
    args: readonly unknown[] = [],
    from: number = OWNER,
    to: Deployed = ledger,
  ): Promise<TransactionReceipt> => chain.send({ to, name, args, from })
  const read = (name: string, args: readonly unknown[] = [], to: Deployed = ledger): Promise<unknown> =>
    chain.read({ to, name, args })

  /** A ledger with an attestor of the first category, to whom a handle is disclosed. */
  async function prepared(settings: object = {}): Promise<Deployed & { id: string }> {
    const deployed = await deployLedger(chain, {
      hasher: hasher.address,
      verifier: verifier.address,
      ...settings,
    })
    await send('setAttestor', [wallet(ATTESTOR), 0b01], OWNER, deployed)
    await send('setGate', [wallet(GATE), true], OWNER, deployed)
    await send('setMover', [wallet(MOVER), true], OWNER, deployed)
    await send('disclose', [wallet(ATTESTOR), HANDLE], GATE, deployed)
    return deployed
  }

  const append = (amount = 5n, to: Deployed = ledger): Promise<TransactionReceipt> =>
    send('append', [HANDLE, 0, amount, REF], ATTESTOR, to)

  const pay = (
    name: string,
    args: readonly unknown[],
    from: number,
    value: bigint,
    to: Deployed,
  ): Promise<TransactionReceipt> => chain.send({ to, name, args, from, value })

  async function moveBy(seconds: bigint): Promise<void> {
    await chain.control.increaseTime({ seconds: Number(seconds) })
    await chain.control.mine({ blocks: 1 })
  }

  /** The queue as its events tell it. */
  async function queueOf(to: Deployed = ledger): Promise<Entry[]> {
    const logs = parseEventLogs({
      abi: to.abi,
      eventName: 'EntryAppended',
      logs: await chain.client.getLogs({ address: to.address, fromBlock: 0n }),
    })
    return logs.map(({ args }) => decodeEntry(args as unknown as { subject: bigint; content: bigint }))
  }

  /** The ledger in memory that the contract's queue makes. */
  async function rebuilt(to: Deployed & { id: string } = ledger): Promise<MemoryLedger> {
    const memory = createMemoryLedger({ id: to.id, categories: CATEGORIES })
    memory.append(...(await queueOf(to)))
    return memory
  }

  async function signalsFor(
    newRoot: bigint,
    length: bigint,
    changes: Partial<BatchSignals> = {},
    to: Deployed & { id: string } = ledger,
  ): Promise<BatchSignals> {
    const { root } = (await read('latestRoot', [], to)) as { root: bigint }
    return {
      oldRoot: root,
      newRoot,
      ledgerId: ledgerIdOf(to.id),
      categories: categoriesHash(CATEGORIES),
      queueLength: length,
      queueHead: (await read('headAt', [length], to)) as bigint,
      ...changes,
    }
  }

  async function accept(
    root: bigint,
    length: bigint,
    o: {
      readonly changes?: Partial<BatchSignals>
      readonly next?: object
      readonly to?: Deployed & { id: string }
      readonly from?: number
    } = {},
  ): Promise<TransactionReceipt> {
    const proof = toSolidityProof(await circuit.prove(await signalsFor(root, length, o.changes, o.to)))
    return send('acceptRoot', [root, length, proof, o.next ?? NONE], o.from ?? NOBODY, o.to)
  }

  describe('names', () => {
    it('has the id, and the hashes of id and categories, that the library computes', async () => {
      assert.equal(await read('id'), ledger.id)
      assert.equal(await read('ledgerId'), ledgerIdOf(ledger.id))
      assert.equal(await read('categories'), categoriesHash(CATEGORIES))
      for (const categories of [['a'], ['Zz_9-', 'b', 'c', 'd'], ['x'.repeat(64)]]) {
        const other = await deployLedger(chain, {
          ...{ hasher: hasher.address, verifier: verifier.address, categories },
        })
        assert.equal(await read('categories', [], other), categoriesHash(categories))
      }
    })

    it('has the id of its own chain', async () => {
      await using other = await startChain({ chainId: 1, accounts: 1 })
      const poseidon = await deployPoseidon3(other)
      const key = await deployVerifier({ chain: other, verificationKey: circuit.verificationKey })
      const one = await deployLedger(other, { hasher: poseidon.address, verifier: key.address })
      assert.equal(await other.read({ to: one, name: 'id' }), `eip155:1:${one.address.toLowerCase()}`)
    })

    it('refuses wrong settings', async () => {
      const contract = compileLedger().Ledger
      const good = {
        ...{
          hasher: hasher.address,
          verifier: verifier.address,
          allowDevelopmentKey: true,
          owner: wallet(OWNER),
        },
        ...{ operator: wallet(OPERATOR), challengePeriod: 0n, bond: 0n },
      }
      const refuse = (settings: object, names: readonly string[], errorName: string): Promise<void> =>
        assertDeployReverts({ chain, contract, args: [{ ...good, ...settings }, names], errorName })
      const zero = `0x${'0'.repeat(40)}`
      await refuse({ owner: zero }, CATEGORIES, 'Ledger__OwnerInvalid')
      await refuse({ allowDevelopmentKey: false }, CATEGORIES, 'Ledger__DevelopmentKey')
      for (const names of [
        [],
        ['a', 'b', 'c', 'd', 'e'],
        [''],
        ['a"'],
        ['1a'],
        ['é'],
        ['a', 'a'],
        ['x'.repeat(65)],
      ]) {
        await refuse({}, names, 'Ledger__CategoriesInvalid')
      }
    })
  })

  describe('queue', () => {
    it('begins empty', async () => {
      assert.equal(await read('queueLength'), 0n)
      assert.equal(await read('headAt', [0n]), EMPTY_QUEUE)
      await assertReverts(read('headAt', [1n]), 'Ledger__QueueLengthInvalid')
    })

    it('chains entries as the library does, with the time of the block, and tells them in events', async () => {
      const amounts = [0n, 1n, -1n, GREATEST, -(1n << 64n)]
      const expected: Entry[] = []
      for (const amount of amounts) {
        const { blockNumber } = await append(amount)
        const { timestamp } = await chain.client.getBlock({ blockNumber })
        expected.push({ handle: HANDLE, category: 0, amount, ref: REF, at: timestamp })
        assert.equal(await read('headAt', [BigInt(expected.length)]), queueHead(expected))
      }
      assert.deepEqual(await queueOf(), expected)
    })

    it('refuses what the circuit could not read (an entry made to freeze the batch)', async () => {
      for (const [amount, ref] of [
        [1n << 64n, 0n],
        [-(1n << 64n) - 1n, 0n],
        [(1n << 127n) - 1n, 0n],
        [0n, 1n << 148n],
        [0n, (1n << 152n) - 1n],
      ]) {
        await assertReverts(send('append', [HANDLE, 0, amount, ref], ATTESTOR), 'Ledger__EntryOutOfRange')
      }
      await assert.rejects(send('append', [1n << 248n, 0, 0n, 0n], ATTESTOR), /out of range|not in safe/)
    })

    it('refuses an attestor without authority, or in another category', async () => {
      await assertReverts(send('append', [HANDLE, 0, 1n, 0n], NOBODY), 'Ledger__NotAttestor')
      await assertReverts(send('append', [HANDLE, 0, 1n, 0n], OWNER), 'Ledger__NotAttestor')
      for (const category of [1, 2, 3, 4, 31, 255]) {
        await assertReverts(send('append', [HANDLE, category, 1n, 0n], ATTESTOR), 'Ledger__NotAttestor')
      }
      await send('setAttestor', [wallet(ATTESTOR), 0n])
      await assertReverts(append(), 'Ledger__NotAttestor')
    })

    it('refuses a handle that was never disclosed to the attestor', async () => {
      await assertReverts(send('append', [OTHER, 0, 1n, 0n], ATTESTOR), 'Ledger__HandleNotDisclosed')
      await send('setAttestor', [wallet(NOBODY), 0b11])
      await assertReverts(send('append', [HANDLE, 1, 1n, 0n], NOBODY), 'Ledger__HandleNotDisclosed')
      await send('disclose', [wallet(NOBODY), HANDLE], GATE)
      await send('append', [HANDLE, 1, 1n, 0n], NOBODY)
    })

    it('takes names from the owner alone, and disclosures from gates alone', async () => {
      for (const [name, value] of [
        ['setAttestor', 1n],
        ['setGate', true],
        ['setMover', true],
      ]) {
        await assertReverts(send(name as string, [wallet(NOBODY), value], NOBODY), 'Ledger__NotOwner')
      }
      for (const from of [OWNER, ATTESTOR, NOBODY]) {
        await assertReverts(send('disclose', [wallet(ATTESTOR), OTHER], from), 'Ledger__NotGate')
      }
      await send('setGate', [wallet(GATE), false])
      await assertReverts(send('disclose', [wallet(ATTESTOR), OTHER], GATE), 'Ledger__NotGate')
      await assertReverts(send('setAttestor', [wallet(NOBODY), 16n]), 'Ledger__CategoriesInvalid')
    })

    it('moves handles by movers alone: the notice, then copies with their own times', async () => {
      await append(5n)
      const [first] = await queueOf()
      const { amount, ref, at } = first as { amount: bigint; ref: bigint; at: bigint }
      await send('move', [HANDLE, OTHER], MOVER)
      await send('copy', [OTHER, 0, amount, ref, at], MOVER)
      const queue = await queueOf()
      assert.deepEqual(queue.slice(1), [
        { handle: HANDLE, category: 31, to: OTHER },
        { ...first, handle: OTHER },
      ])
      assert.equal(await read('headAt', [3n]), queueHead(queue))
      for (const from of [OWNER, ATTESTOR, GATE, NOBODY]) {
        await assertReverts(send('move', [HANDLE, OTHER], from), 'Ledger__NotMover')
        await assertReverts(send('copy', [OTHER, 0, 0n, 0n, 0n], from), 'Ledger__NotMover')
      }
      for (const category of [4, 31, 32, 255]) {
        await assertReverts(send('copy', [OTHER, category, 0n, 0n, 0n], MOVER), 'Ledger__EntryOutOfRange')
      }
    })

    it('attack: an entry copied with a time of the future, behind which roots look fresh without the entries that follow', async () => {
      const { timestamp } = await chain.client.getBlock()
      for (const at of [timestamp + 3600n, (1n << 40n) - 1n]) {
        await assertReverts(send('copy', [OTHER, 0, 0n, 0n, at], MOVER), 'Ledger__EntryOutOfRange')
      }
      await send('copy', [OTHER, 0, 0n, 0n, timestamp], MOVER)
      assert.equal(await read('queueLength'), 1n)
    })
  })

  describe('roots', () => {
    it('accepts the root that the queue leads to, from anybody, with its length and time', async () => {
      await append()
      await append(-2n)
      const memory = await rebuilt()
      memory.apply()
      const root = ledgerRoot(memory.reader.state)
      const receipt = await accept(root, 2n)
      const { timestamp } = await chain.client.getBlock({ blockNumber: receipt.blockNumber })
      const expected = { root, queueLength: 2n, completeAt: timestamp }
      assert.deepEqual(await read('latestRoot'), expected)
      assert.deepEqual(await read('rootInfo', [root]), expected)
      assert.equal(await read('isFresh', [root, 2n, 0n]), true)
      assert.equal(await read('isFresh', [root, 3n, 0n]), false)
      assert.equal(await read('isFresh', [root + 1n, 0n, 1n << 60n]), false)
      await moveBy(100n)
      assert.equal(await read('isFresh', [root, 2n, 99n]), false)
      assert.equal(await read('isFresh', [root, 2n, 200n]), true)
    })

    it('refuses a proof of another root, ledger, category list, length or head', async () => {
      await append(1n)
      await append(2n)
      const root = 1234n
      const refused: readonly Partial<BatchSignals>[] = [
        { oldRoot: 1n },
        { newRoot: root + 1n },
        { ledgerId: 5n },
        { categories: categoriesHash(['defaults', 'unpaid']) },
        { queueLength: 1n },
        { queueHead: queueHead((await queueOf()).slice(0, 1)) },
        { queueHead: queueHead((await queueOf()).toReversed()) },
      ]
      for (const changes of refused)
        await assertReverts(accept(root, 2n, { changes }), 'Ledger__ProofInvalid')
      // The alias of a root.
      const proof = toSolidityProof(await circuit.prove(await signalsFor(root, 2n)))
      await assertReverts(send('acceptRoot', [root + r, 2n, proof, NONE]), 'Ledger__ProofInvalid')
      await send('acceptRoot', [root, 2n, proof, NONE])
    })

    it('refuses a batch that skips back, repeats, or runs ahead of the queue (stale root)', async () => {
      await append()
      await append()
      await accept(11n, 2n)
      for (const length of [0n, 1n, 2n]) {
        await assertReverts(accept(12n, length), 'Ledger__QueueLengthInvalid')
      }
      const proof = toSolidityProof(await circuit.prove(await signalsFor(12n, 2n, { queueLength: 3n })))
      await assertReverts(send('acceptRoot', [12n, 3n, proof, NONE]), 'Ledger__QueueLengthInvalid')
    })

    it('takes a root that lacks entries for as old as the first of them (a root that looks fresh)', async () => {
      await append()
      const { blockNumber } = await append(7n)
      await append(8n)
      const { timestamp } = await chain.client.getBlock({ blockNumber })
      await moveBy(500n)
      const [, second, third] = (await queueOf()).map(encodeEntry)
      for (const next of [NONE, third, { ...second, content: (second?.content as bigint) + (1n << 65n) }]) {
        await assertReverts(accept(21n, 1n, { next: next as object }), 'Ledger__NextEntryInvalid')
      }
      await accept(21n, 1n, { next: second as object })
      assert.deepEqual(await read('rootInfo', [21n]), { root: 21n, queueLength: 1n, completeAt: timestamp })
      assert.equal(await read('isFresh', [21n, 1n, 499n]), false)
      await accept(22n, 3n)
      assert.equal(await read('isFresh', [22n, 3n, 0n]), true)
    })

    it('forgets roots after 64 others', async () => {
      // By an operator whose roots wait for nobody, so that 66 proofs need not be made.
      const operated = await prepared({ operator: wallet(OPERATOR) })
      for (let i = 1n; i <= 66n; i++) {
        await append(i, operated)
        await send('proposeRoot', [100n + i, i, NONE], OPERATOR, operated)
        await send('acceptProposal', [], NOBODY, operated)
        if (i === 64n) assert.deepEqual(await lengthOf(101n), 1n)
      }
      async function lengthOf(root: bigint): Promise<bigint> {
        return ((await read('rootInfo', [root], operated)) as { queueLength: bigint }).queueLength
      }
      for (const root of [0n, 101n, 102n]) await assertReverts(lengthOf(root), 'Ledger__RootUnknown')
      assert.equal(await read('isFresh', [102n, 0n, 1n << 60n], operated), false)
      assert.equal(await lengthOf(103n), 3n)
      assert.equal(await lengthOf(166n), 66n)
    })
  })

  describe('operator', () => {
    let operated: Deployed & { id: string }
    const propose = (
      root: bigint,
      length: bigint,
      from: number = OPERATOR,
      value = BOND,
    ): Promise<TransactionReceipt> => pay('proposeRoot', [root, length, NONE], from, value, operated)
    const challenge = (from: number = CHALLENGER, value = BOND): Promise<TransactionReceipt> =>
      pay('challengeRoot', [], from, value, operated)
    const owed = (index: number): Promise<unknown> => read('owed', [wallet(index)], operated)

    beforeEach(async () => {
      operated = await prepared({ operator: wallet(OPERATOR), challengePeriod: PERIOD, bond: BOND })
      await append(5n, operated)
      await append(6n, operated)
    })

    it('is nobody unless the ledger says so', async () => {
      await append()
      for (const from of [OWNER, OPERATOR, NOBODY]) {
        await assertReverts(pay('proposeRoot', [5n, 1n, NONE], from, 0n, ledger), 'Ledger__NotOperator')
      }
    })

    it('has roots accepted that nobody challenges, after the time for it', async () => {
      await assertReverts(propose(31n, 2n, NOBODY), 'Ledger__NotOperator')
      await assertReverts(propose(31n, 2n, OPERATOR, 0n), 'Ledger__BondInvalid')
      await assertReverts(propose(0n, 2n), 'Ledger__RootInvalid')
      await assertReverts(propose(31n, 3n), 'Ledger__QueueLengthInvalid')
      await assertReverts(propose(31n, 1n), 'Ledger__NextEntryInvalid')
      await propose(31n, 2n)
      await assertReverts(propose(32n, 2n), 'Ledger__ProposalPending')
      await assertReverts(read('rootInfo', [31n], operated), 'Ledger__RootUnknown')
      await assertReverts(send('acceptProposal', [], NOBODY, operated), 'Ledger__TooEarly')
      await moveBy(PERIOD)
      await assertReverts(challenge(), 'Ledger__TooLate')
      await send('acceptProposal', [], NOBODY, operated)
      assert.equal(((await read('latestRoot', [], operated)) as { root: bigint }).root, 31n)
      await assertReverts(send('acceptProposal', [], NOBODY, operated), 'Ledger__NoProposal')
      assert.equal(await owed(OPERATOR), BOND)
      const before = await chain.client.getBalance({ address: operated.address })
      await send('withdraw', [], OPERATOR, operated)
      assert.equal(before - (await chain.client.getBalance({ address: operated.address })), BOND)
      await append(7n, operated)
      await assertReverts(propose(31n, 3n), 'Ledger__RootInvalid')
    })

    it('loses bond and office if a proof shows another root, by steps, after a challenge', async () => {
      await propose(41n, 2n)
      await assertReverts(challenge(CHALLENGER, 1n), 'Ledger__BondInvalid')
      await challenge()
      await assertReverts(challenge(NOBODY), 'Ledger__Challenged')
      await moveBy(PERIOD)
      await assertReverts(send('acceptProposal', [], NOBODY, operated), 'Ledger__Challenged')
      const next = encodeEntry((await queueOf(operated))[1] as Entry)
      await accept(50n, 1n, { to: operated, next })
      await append(7n, operated)
      await assertReverts(accept(52n, 3n, { to: operated }), 'Ledger__ProposalPending')
      const third = encodeEntry((await queueOf(operated))[2] as Entry)
      await accept(51n, 2n, { to: operated, next: third })
      assert.equal(await owed(CHALLENGER), 2n * BOND)
      assert.equal(await read('operator', [], operated), `0x${'0'.repeat(40)}`)
      assert.equal(((await read('latestRoot', [], operated)) as { root: bigint }).root, 51n)
      await assertReverts(propose(60n, 3n), 'Ledger__NotOperator')
      await accept(52n, 3n, { to: operated })
    })

    it('wins the bond of a challenger who was wrong', async () => {
      await propose(41n, 2n)
      await challenge()
      await accept(41n, 2n, { to: operated })
      assert.equal(await owed(OPERATOR), 2n * BOND)
      assert.equal(await owed(CHALLENGER), 0n)
      await send('withdraw', [], OPERATOR, operated)
      assert.equal(await owed(OPERATOR), 0n)
      assert.equal(await chain.client.getBalance({ address: operated.address }), 0n)
    })

    it('loses the bond to whoever proves another root unasked', async () => {
      await propose(41n, 2n)
      await accept(42n, 2n, { to: operated, from: NOBODY })
      assert.equal(await owed(NOBODY), BOND)
      await assertReverts(challenge(), 'Ledger__NoProposal')
    })
  })

  it('costs what the snapshot says, at most 120,000 gas for a forced entry', async () => {
    const first = await append(1_000_000n)
    const second = await append(1_000_000n)
    const settle = await append(-1_000_000n)
    const accepted = await accept(7n, 3n)
    await append()
    const again = await accept(8n, 4n)
    for (let i = 0; i < 16; i++) await append()
    const ofMany = await accept(9n, 20n)
    // A batch of many entries is not dearer than one of one.
    const moved = await send('move', [HANDLE, OTHER], MOVER)
    const disclosed = await send('disclose', [wallet(ATTESTOR), OTHER], GATE)
    assert.ok(second.gasUsed <= 120_000n)
    const whole = { firstEntry: first, entry: second, settlement: settle }
    const parts = { firstRoot: accepted, root: again, rootOf16: ofMany, move: moved, disclosure: disclosed }
    const sums: Record<string, number> = { deployed: Number(ledger.gas) }
    // Entries with their transaction; the others without calldata, of which proofs have zero bytes by chance.
    for (const [name, { gasUsed }] of Object.entries(whole)) sums[name] = Number(gasUsed)
    for (const [name, receipt] of Object.entries(parts)) sums[name] = await executionGas(chain, receipt)
    // To hundreds: an event's or a verifier's cost depends a little on the values.
    const rounded = Object.entries(sums).map(([name, gas]) => [name, Math.round(gas / 100) * 100])
    matchSnapshot(new URL('./ledger-gas.snapshot.json', import.meta.url), Object.fromEntries(rounded))
  })
})
