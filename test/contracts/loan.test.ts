import assert from 'node:assert/strict'
import { type Address, parseEther, parseEventLogs, type TransactionReceipt } from 'viem'
import { type Deployed, type LocalChain, startChain, toPolicyProof } from '../../scripts/lib/chain.js'
import { CATEGORIES, compileLedger, deployLedger, deployPoseidon3 } from '../../scripts/lib/ledger.js'
import {
  createMemoryLedger,
  decodeEntry,
  type Entry,
  type LedgerProof,
  type TallyEntry,
} from '../../src/ledger/index.js'
import { assertReverts, deployVerifier, matchSnapshot, randomWords, undoAfterEach } from '../support/chain.js'
import { type ElevenSignals, setupElevenSignals } from './eleven-signals.js'

const [DIGEST, ROOT, NULLIFIER, HANDLE] = randomWords('loan', 4).map((word) => word >> 9n) as [
  bigint,
  bigint,
  bigint,
  bigint,
]
const PRINCIPAL = parseEther('1')
const INTEREST = parseEther('0.1')
const OWED = PRINCIPAL + INTEREST
const TERM = 30n * 86_400n
const [OWNER, BORROWER, NOBODY] = [0, 1, 2] as const

describe('Loan', () => {
  let circuit: ElevenSignals
  let chain: LocalChain
  let verifier: Deployed
  let ledger: Deployed & { id: string }
  let loan: Deployed

  before(async () => {
    ;[circuit, chain] = await Promise.all([setupElevenSignals(), startChain({ accounts: 3 })])
    verifier = await deployVerifier({ chain, verificationKey: circuit.verificationKey })
    const hasher = await deployPoseidon3(chain)
    ledger = await deployLedger(chain, { hasher: hasher.address, verifier: verifier.address })
    loan = await deployLoan()
    await send('setGate', [loan.address, true], OWNER, ledger)
    await send('setAttestor', [loan.address, 0b11], OWNER, ledger)
    await send('publishAnchorsRoot', [ROOT])
    await chain.control.setBalance({ address: loan.address, value: parseEther('10') })
  })
  after(() => chain?.stop())
  undoAfterEach(() => chain)

  const wallet = (index: number): Address => chain.wallets[index]!.account.address
  const send = (
    name: string,
    args: readonly unknown[] = [],
    from: number = OWNER,
    to: Deployed = loan,
  ): Promise<TransactionReceipt> => chain.send({ to, name, args, from })

  async function deployLoan(changes: object = {}, terms: readonly bigint[] = []): Promise<Deployed> {
    const settings = {
      ...{ verifier: verifier.address, policyDigest: DIGEST, maxRootAge: 1n << 40n, maxClockSkew: 300n },
      ...{ disclosesHandle: true, allowDevelopmentKey: true, owner: wallet(OWNER), ...changes },
    }
    const [principal = PRINCIPAL, interest = INTEREST] = terms
    return chain.deploy(compileLedger().Loan, [settings, ledger.address, principal, interest, TERM])
  }

  /** Borrows on a proof for these signals. */
  async function borrow(
    o: { handle?: bigint; nullifier?: bigint; from?: number } = {},
  ): Promise<TransactionReceipt> {
    const { handle = HANDLE, nullifier = NULLIFIER, from = BORROWER } = o
    const [scope, message, block] = await Promise.all([
      chain.read({ to: loan, name: 'scope' }),
      chain.read({ to: loan, name: 'messageFor', args: [wallet(from), '0x'] }),
      chain.client.getBlock(),
    ])
    const proof = await circuit.prove({
      ...{ handle, nullifier, policyDigest: DIGEST, anchorsRoot: ROOT, now: block.timestamp },
      ...{ scope: scope as bigint, message: message as bigint },
    })
    return send('enter', [toPolicyProof(proof), '0x'], from)
  }

  const repay = (value = OWED): Promise<TransactionReceipt> =>
    chain.send({ to: loan, name: 'repay', args: [NULLIFIER], from: NOBODY, value })

  async function pass(seconds: bigint): Promise<void> {
    await chain.control.increaseTime({ seconds: Number(seconds) })
    await chain.control.mine({ blocks: 1 })
  }

  async function entries(): Promise<Entry[]> {
    const logs = await chain.client.getLogs({ address: ledger.address, fromBlock: 0n })
    return parseEventLogs({ abi: ledger.abi, eventName: 'EntryAppended', logs }).map(({ args }) =>
      decodeEntry(args as unknown as { subject: bigint; content: bigint }),
    )
  }

  /** What the ledger's tree says of the borrower. */
  async function opening(): Promise<LedgerProof> {
    const memory = createMemoryLedger({ id: ledger.id, categories: CATEGORIES })
    memory.append(...(await entries()))
    memory.apply()
    return memory.proof(HANDLE)
  }

  it('lends on a proof that discloses the handle, without an entry', async () => {
    const before = await chain.client.getBalance({ address: loan.address })
    const receipt = await borrow()
    assert.equal(before - (await chain.client.getBalance({ address: loan.address })), PRINCIPAL)
    const { timestamp } = await chain.client.getBlock({ blockNumber: receipt.blockNumber })
    const terms = await chain.read({ to: loan, name: 'loans', args: [NULLIFIER] })
    assert.deepEqual(terms, [wallet(BORROWER), HANDLE, timestamp + TERM, OWED, false])
    const disclosed = { to: ledger, name: 'isDisclosed', args: [loan.address, HANDLE] }
    assert.equal(await chain.read(disclosed), true)
    assert.deepEqual(await entries(), [])
  })

  it('records a default by itself when the term has passed, by whoever asks, and the cure on repayment', async () => {
    await borrow()
    await pass(TERM + 1n)
    const { gasUsed } = await send('recordDefault', [NULLIFIER], NOBODY)
    // To hundreds: hashes cost a little more or less by their values.
    matchSnapshot(new URL('./loan-gas.snapshot.json', import.meta.url), {
      recordDefault: Math.round(Number(gasUsed) / 100) * 100,
    })
    const [unpaid, defaulted] = (await entries()) as [TallyEntry, TallyEntry]
    const ref = NULLIFIER & ((1n << 148n) - 1n)
    assert.deepEqual(unpaid, { handle: HANDLE, category: 0, amount: OWED, ref, at: unpaid.at })
    assert.deepEqual(defaulted, { ...unpaid, category: 1 })
    const afterDefault = await opening()
    assert.equal(afterDefault.leaf.handle, HANDLE)
    assert.equal(afterDefault.leaf.tallies[0]?.sum, OWED)

    await repay()
    assert.deepEqual(
      (await entries()).slice(2).map((entry) => (entry as TallyEntry).amount),
      [-OWED],
    )
    const { leaf } = await opening()
    assert.deepEqual(leaf.tallies.slice(0, 2), [
      { count: 2n, sum: 0n },
      { count: 1n, sum: OWED },
    ])
  })

  it('records nothing of a loan that is repaid in time', async () => {
    await borrow()
    await repay()
    await pass(TERM + 1n)
    await assertReverts(send('recordDefault', [NULLIFIER]), 'Loan__Unknown')
    await assertReverts(repay(), 'Loan__Unknown')
    assert.deepEqual(await entries(), [])
  })

  it('refuses a default before the term has passed, twice, or of no loan', async () => {
    await borrow()
    await assertReverts(send('recordDefault', [NULLIFIER]), 'Loan__NotDue')
    const [, , dueAt] = (await chain.read({ to: loan, name: 'loans', args: [NULLIFIER] })) as [
      unknown,
      unknown,
      bigint,
    ]
    await chain.control.setNextBlockTimestamp({ timestamp: dueAt })
    await chain.control.mine({ blocks: 1 })
    await assertReverts(
      chain.client.simulateContract({
        ...{ address: loan.address, abi: loan.abi, functionName: 'recordDefault', args: [NULLIFIER] },
        ...{ account: wallet(NOBODY), blockTag: 'latest' },
      }),
      'Loan__NotDue',
    )
    await pass(2n)
    await send('recordDefault', [NULLIFIER])
    await assertReverts(send('recordDefault', [NULLIFIER]), 'Loan__AlreadyDefaulted')
    await assertReverts(send('recordDefault', [NULLIFIER + 1n]), 'Loan__Unknown')
  })

  it('takes the whole amount or nothing', async () => {
    await borrow()
    for (const value of [0n, OWED - 1n, OWED + 1n, PRINCIPAL]) {
      await assertReverts(repay(value), 'Loan__AmountInvalid')
    }
  })

  it('lends once to a Soul, whatever its address', async () => {
    await borrow()
    await assertReverts(borrow(), 'PolicyGate__NullifierSpent')
    await assertReverts(borrow({ from: NOBODY }), 'PolicyGate__NullifierSpent')
    await repay()
    await assertReverts(borrow(), 'PolicyGate__NullifierSpent')
  })

  it('refuses a proof without a handle, and a gate that would not ask for one', async () => {
    await assertReverts(borrow({ handle: 0n }), 'Loan__HandleMissing')
    await assertReverts(borrow({ handle: 1n << 248n }), 'Loan__HandleMissing')
    await assert.rejects(deployLoan({ disclosesHandle: false }))
    for (const terms of [
      [0n, 0n],
      [1n << 64n, 0n],
      [(1n << 64n) - 1n, 1n],
    ]) {
      await assert.rejects(deployLoan({}, terms))
    }
  })

  it('lends nothing if the ledger does not know it as a gate', async () => {
    await send('setGate', [loan.address, false], OWNER, ledger)
    await assert.rejects(borrow())
    assert.deepEqual(await chain.read({ to: loan, name: 'loans', args: [NULLIFIER] }), [
      `0x${'0'.repeat(40)}`,
      ...[0n, 0n, 0n, false],
    ])
  })

  it('lets the owner alone take out what is not lent', async () => {
    await assertReverts(send('withdraw', [1n], NOBODY), 'PolicyGate__NotOwner')
    await send('withdraw', [parseEther('10')])
    await assertReverts(borrow(), 'Loan__PaymentFailed')
    const granted = parseEventLogs({
      abi: loan.abi,
      logs: await chain.client.getLogs({ address: loan.address, fromBlock: 0n }),
      eventName: 'LoanGranted',
    })
    assert.equal(granted.length, 0)
  })
})
