import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Address, getAddress, type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import {
  type Deployed,
  type LedgerPolicyProof,
  type LocalChain,
  startChain,
  toLedgerPolicyProof,
  toSolidityProof,
} from '../../scripts/lib/chain.js'
import { CATEGORIES, deployLedger, deployPoseidon3 } from '../../scripts/lib/ledger.js'
import { type CompiledContract, compileSolidity } from '../../scripts/lib/solc.js'
import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  createMemoryLedger,
  decodeEntry,
  type Entry,
  ledgerHandle,
  ledgerRoot,
  type MemoryLedger,
  prepareBatch,
} from '../../src/ledger/index.js'
import {
  anchorsRoot,
  compilePolicy,
  type Policy,
  parsePolicy,
  policyDigest,
  type Roots,
} from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { createVerifier, verifyGroth16 } from '../../src/verifier/index.js'
import {
  assertDeployReverts,
  assertReverts,
  deployVerifier,
  executionGas,
  matchSnapshot,
  randomWords,
  undoAfterEach,
} from '../support/chain.js'
import { ALICE, BOB, CITIZENSHIP, grant, openOffice, refresh, rootsOf } from '../support/world.js'
import { setupElevenSignals } from './eleven-signals.js'
import { type FifteenSignals, type LedgerGateSignals, setupFifteenSignals } from './fifteen-signals.js'
import { type SixSignals, setupSixSignals } from './six-signals.js'

const [DIGEST, ANCHORS, NULLIFIER, ROOT, OTHER_ROOT, STALE_ROOT] = randomWords('ledger gate', 6).map(
  (word) => word % r,
) as [bigint, bigint, bigint, bigint, bigint, bigint]
const HANDLE = (1n << 247n) + 99n
const GREATEST_AGE = 600n
const NO_WORDS = { subject: 0n, content: 0n }
const [OWNER, CALLER, ATTESTOR] = [0, 1, 2] as const

type DeployedLedger = Awaited<ReturnType<typeof deployLedger>>

const compileGates = (): Readonly<Record<string, CompiledContract>> =>
  compileSolidity({
    sources: { 'TestGates.sol': readFileSync('test/contracts/TestGates.sol', 'utf8') },
  })

const walletOf = (chain: LocalChain, index: number): Address => chain.wallets[index]!.account.address

/** Lets the attestor write about handles, as a gate of the ledger would after checking their disclosure. */
async function authorise(chain: LocalChain, ledger: Deployed, handles: readonly bigint[]): Promise<void> {
  await chain.send({ to: ledger, name: 'setAttestor', args: [walletOf(chain, ATTESTOR), 0b11n] })
  await chain.send({ to: ledger, name: 'setGate', args: [walletOf(chain, OWNER), true] })
  for (const handle of handles) {
    await chain.send({ to: ledger, name: 'disclose', args: [walletOf(chain, ATTESTOR), handle] })
  }
}

const append = (
  chain: LocalChain,
  ledger: Deployed,
  handle: bigint,
  amount: bigint,
): Promise<TransactionReceipt> =>
  chain.send({ to: ledger, name: 'append', args: [handle, 0, amount, 1n], from: ATTESTOR })

/** Mines a block of this time, as of which calls are simulated. */
async function moveTo(chain: LocalChain, timestamp: bigint): Promise<void> {
  await chain.control.setNextBlockTimestamp({ timestamp })
  await chain.control.mine({ blocks: 1 })
}

const settingsOf = (chain: LocalChain, verifier: Deployed, changes: object): object => ({
  verifier: verifier.address,
  policyDigest: DIGEST,
  maxRootAge: 1n << 40n,
  maxClockSkew: 300n,
  disclosesHandle: false,
  allowDevelopmentKey: true,
  owner: walletOf(chain, OWNER),
  ...changes,
})

describe('LedgerPolicyGate', () => {
  let circuit: FifteenSignals
  let batches: SixSignals
  let gates: Readonly<Record<string, CompiledContract>>
  let chain: LocalChain
  let verifier: Deployed
  let credit: DeployedLedger
  let rent: DeployedLedger
  let gate: Deployed

  before(async () => {
    ;[circuit, batches, chain] = await Promise.all([setupFifteenSignals(), setupSixSignals(), startChain()])
    gates = compileGates()
    verifier = await deployVerifier({ chain, verificationKey: circuit.verificationKey })
    const batchVerifier = await deployVerifier({ chain, verificationKey: batches.verificationKey })
    const hasher = await deployPoseidon3(chain)
    const settings = { hasher: hasher.address, verifier: batchVerifier.address }
    credit = await deployLedger(chain, settings)
    rent = await deployLedger(chain, settings)
    for (const ledger of [credit, rent]) {
      await authorise(chain, ledger, [HANDLE])
      await append(chain, ledger, HANDLE, 5n)
    }
    await acceptRoot(credit, ROOT)
    await acceptRoot(rent, OTHER_ROOT)
    gate = await deployGate()
  })
  after(() => chain?.stop())
  undoAfterEach(() => chain)

  async function deployGate(
    o: { readonly demands?: readonly object[]; readonly changes?: object } = {},
  ): Promise<Deployed> {
    const { demands = [demand(credit), demand(rent)], changes = {} } = o
    const deployed = await chain.deploy(gates.RecordingLedgerGate!, [
      settingsOf(chain, verifier, changes),
      demands,
    ])
    await chain.send({ to: deployed, name: 'publishAnchorsRoot', args: [ANCHORS] })
    return deployed
  }

  const demand = (ledger: Deployed, changes: object = {}): object => ({
    ledger: ledger.address,
    greatestAge: GREATEST_AGE,
    leastQueueLength: 0n,
    ...changes,
  })

  /** Has a ledger accept any root for its whole queue: the circuit behind its verifier asks nothing. */
  async function acceptRoot(ledger: DeployedLedger, newRoot: bigint): Promise<void> {
    const [latest, length, ledgerId, categories] = (await Promise.all(
      ['latestRoot', 'queueLength', 'ledgerId', 'categories'].map((name) => chain.read({ to: ledger, name })),
    )) as [{ root: bigint }, bigint, bigint, bigint]
    const queueHead = (await chain.read({ to: ledger, name: 'headAt', args: [length] })) as bigint
    const signals = { oldRoot: latest.root, newRoot, ledgerId, categories, queueLength: length, queueHead }
    const proof = toSolidityProof(await batches.prove(signals))
    await chain.send({ to: ledger, name: 'acceptRoot', args: [newRoot, length, proof, NO_WORDS] })
  }

  /** Proves what the gate expects of the caller, except for the signals given. */
  async function proveFor(
    o: { readonly to?: Deployed; readonly payload?: Hex; readonly signals?: Partial<LedgerGateSignals> } = {},
  ): Promise<LedgerPolicyProof> {
    const { to = gate, payload = '0x' } = o
    const [scope, message, { timestamp }] = await Promise.all([
      chain.read({ to, name: 'scope' }),
      chain.read({ to, name: 'messageFor', args: [walletOf(chain, CALLER), payload] }),
      chain.client.getBlock(),
    ])
    return toLedgerPolicyProof(
      await circuit.prove({
        ...{ nullifier: NULLIFIER, policyDigest: DIGEST, scope: scope as bigint, message: message as bigint },
        ...{ now: timestamp, anchorsRoot: ANCHORS, ledgerRoot: [ROOT, OTHER_ROOT], ...o.signals },
      }),
    )
  }

  const enter = (
    proof: LedgerPolicyProof,
    o: { readonly to?: Deployed; readonly payload?: Hex; readonly from?: number } = {},
  ): Promise<TransactionReceipt> => {
    const { to = gate, payload = '0x', from = CALLER } = o
    return chain.send({ to, name: 'enter', args: [proof, payload], from })
  }

  it('accepts a proof under fresh roots, spends the nullifier, and hands all four reveals to the hook', async () => {
    const reveals = [1n, 2n, 3n, r - 1n] as const
    const payload = '0x1234'
    const proof = await proveFor({ payload, signals: { reveals } })
    const receipt = await enter(proof, { payload })
    const caller = getAddress(walletOf(chain, CALLER))
    const common = { caller, nullifier: NULLIFIER, reveals, handle: 0n }
    assert.deepEqual(
      parseEventLogs({ abi: gate.abi, logs: receipt.logs }).map(({ args }) => args),
      [
        { ...common, anchorsRoot: ANCHORS, ledgerRoots: [ROOT, OTHER_ROOT] },
        { ...common, payload },
      ],
    )
    await assertReverts(enter(proof, { payload }), 'PolicyGate__NullifierSpent')
    await assertReverts(
      enter({ ...proof, nullifier: NULLIFIER + r }, { payload }),
      'PolicyGate__ProofInvalid',
    )
  })

  it('refuses each signal that is not the proven one', async () => {
    const proof = await proveFor()
    const forged: readonly Partial<LedgerPolicyProof>[] = [
      ...[0, 1, 2, 3].flatMap((i) =>
        [1n, r].map((by) => ({
          reveals: proof.reveals.with(i, proof.reveals[i]! + by) as unknown as LedgerPolicyProof['reveals'],
        })),
      ),
      { nullifier: proof.nullifier + 1n },
      { provedAt: proof.provedAt + 1n },
      { a: [proof.a[0], proof.a[1] + 1n] },
    ]
    for (const change of forged) {
      await assertReverts(enter({ ...proof, ...change }), 'PolicyGate__ProofInvalid')
    }
    for (const signals of [
      { policyDigest: DIGEST + 1n },
      { scope: 1n },
      { message: 1n },
      { verifierKey: 1n },
      { verifierKey2: 1n },
    ]) {
      await assertReverts(enter(await proveFor({ signals })), 'PolicyGate__ProofInvalid')
    }
    await assertReverts(enter(proof, { from: ATTESTOR }), 'PolicyGate__ProofInvalid')
    await enter(proof)
  })

  it('refuses a ledger root that the ledger never accepted, and one + r', async () => {
    for (const ledgerRoot of [
      [5n, OTHER_ROOT],
      [ROOT, 5n],
      [0n, OTHER_ROOT],
      [ROOT, 0n],
    ] as const) {
      const proof = await proveFor({ signals: { ledgerRoot } })
      await assertReverts(enter(proof), 'LedgerPolicyGate__LedgerRootNotFresh')
    }
    const proof = await proveFor()
    const alias = { ...proof, ledgerRoots: [ROOT + r, OTHER_ROOT] as const }
    await assertReverts(enter(alias), 'LedgerPolicyGate__LedgerRootNotFresh')
  })

  it('refuses the accepted root of one ledger in the place of another', async () => {
    const proof = await proveFor({ signals: { ledgerRoot: [OTHER_ROOT, ROOT] } })
    await assertReverts(enter(proof), 'LedgerPolicyGate__LedgerRootNotFresh')
  })

  it('refuses an accepted ledger root that the proof is not for', async () => {
    await append(chain, credit, HANDLE, 7n)
    await acceptRoot(credit, STALE_ROOT)
    const proof = await proveFor()
    const changed = { ...proof, ledgerRoots: [STALE_ROOT, OTHER_ROOT] as const }
    await assertReverts(enter(changed), 'PolicyGate__ProofInvalid')
  })

  it('refuses a stale root: from before an entry that is older than the greatest age', async () => {
    await append(chain, credit, HANDLE, 7n)
    await acceptRoot(credit, STALE_ROOT)
    const to = await deployGate({ demands: [demand(credit), demand(rent, { greatestAge: 1n << 40n })] })
    // The root was complete when it was accepted, and is still among the last ones.
    const accepted = (await chain.read({ to: credit, name: 'rootInfo', args: [ROOT] })) as {
      completeAt: bigint
    }
    const call = async (): Promise<unknown> =>
      chain.client.simulateContract({
        ...{ address: to.address, abi: to.abi, functionName: 'enter', args: [await proveFor({ to }), '0x'] },
        account: walletOf(chain, CALLER),
      })
    await moveTo(chain, accepted.completeAt + GREATEST_AGE)
    await call()
    await moveTo(chain, accepted.completeAt + GREATEST_AGE + 1n)
    await assertReverts(call(), 'LedgerPolicyGate__LedgerRootNotFresh')
  })

  it('refuses a root that contains too few entries of the queue', async () => {
    const demanding = (leastQueueLength: bigint): Promise<Deployed> =>
      deployGate({ demands: [demand(credit, { leastQueueLength }), demand(rent)] })
    const [met, unmet] = [await demanding(1n), await demanding(2n)]
    await assertReverts(
      enter(await proveFor({ to: unmet }), { to: unmet }),
      'LedgerPolicyGate__LedgerRootNotFresh',
    )
    await enter(await proveFor({ to: met }), { to: met })
  })

  it('takes a policy with one ledger, or none, and then no root in the free place', async () => {
    for (const [demands, ledgerRoot] of [
      [[demand(credit)], [ROOT, 0n]],
      [[], [0n, 0n]],
    ] as const) {
      const to = await deployGate({ demands })
      const other = await proveFor({ to, signals: { ledgerRoot: [ledgerRoot[0], OTHER_ROOT] } })
      await assertReverts(enter(other, { to }), 'LedgerPolicyGate__LedgerRootUnused')
      await enter(await proveFor({ to, signals: { ledgerRoot } }), { to })
    }
  })

  it('refuses a disclosed handle unless its policy discloses one', async () => {
    await assertReverts(enter(await proveFor({ signals: { handle: 7n } })), 'PolicyGate__HandleNotZero')
    const to = await deployGate({ changes: { disclosesHandle: true } })
    await enter(await proveFor({ to, signals: { handle: 7n } }), { to })
  })

  it('refuses expired anchors and clocks', async () => {
    const { timestamp } = await chain.client.getBlock()
    const late = await proveFor({ signals: { now: timestamp - 301n } })
    await assertReverts(enter(late), 'PolicyGate__ClockSkew')
    await chain.send({ to: gate, name: 'retireAnchorsRoot', args: [ANCHORS] })
    await assertReverts(enter(await proveFor()), 'PolicyGate__RootUnknown')
  })

  it('is not created with a verifier of another profile, with three ledgers, or with one that is no contract', async () => {
    const create = (errorName: string, changes: object, demands: readonly object[]): Promise<void> =>
      assertDeployReverts({
        ...{ chain, contract: gates.RecordingLedgerGate!, errorName },
        args: [settingsOf(chain, verifier, changes), demands],
      })
    const eleven = await setupElevenSignals()
    const other = await deployVerifier({ chain, verificationKey: eleven.verificationKey })
    await create('PolicyGate__VerifierInvalid', { verifier: other.address }, [])
    const invalid = 'LedgerPolicyGate__LedgersInvalid'
    await create(invalid, {}, [demand(credit), demand(rent), demand(credit)])
    await create(invalid, {}, [demand({ ...credit, address: walletOf(chain, CALLER) })])
  })
})

describe('LedgerPolicyGate with real proofs of policy-l and ledger-batch', () => {
  const office = openOffice(31)
  const issued = grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 0n } })
  const wallet = { soul: ALICE, sbts: [refresh(issued, office)] }
  const { key } = VERIFICATION_KEYS['policy-l']!
  let prover: Prover
  let chain: LocalChain
  let ledger: DeployedLedger
  let memory: MemoryLedger
  let policy: Policy
  let gate: Deployed
  let handle: bigint

  before(async () => {
    ;[prover, chain] = await Promise.all([createProver(), startChain()])
    const [hasher, batchVerifier, verifier] = [
      await deployPoseidon3(chain),
      await deployVerifier({ chain, verificationKey: VERIFICATION_KEYS['ledger-batch']!.key }),
      await deployVerifier({ chain, verificationKey: key }),
    ]
    ledger = await deployLedger(chain, { hasher: hasher.address, verifier: batchVerifier.address })
    memory = createMemoryLedger({ id: ledger.id, categories: CATEGORIES })
    handle = ledgerHandle({ soul: ALICE, ledgerId: ledger.id })
    const other = ledgerHandle({ soul: BOB, ledgerId: ledger.id })
    await authorise(chain, ledger, [handle, other])
    await append(chain, ledger, other, 400n)
    await settle()
    policy = parsePolicy({
      version: 1,
      schemas: { [CITIZENSHIP.name]: CITIZENSHIP.claims },
      sbts: { citizenship: { issuers: [office.id], schema: CITIZENSHIP.name } },
      ledgers: { credit: { id: ledger.id, categories: CATEGORIES } },
      require: { all: [{ has: 'citizenship' }, { ledger: 'credit.unpaid.sum', lte: 0 }] },
      reveal: ['citizenship.country'],
    })
    assert.equal(compilePolicy(policy).profile.name, 'policy-l')
    gate = await chain.deploy(compileGates().RecordingLedgerGate!, [
      settingsOf(chain, verifier, { policyDigest: policyDigest(policy), maxRootAge: 86_400n }),
      [{ ledger: ledger.address, greatestAge: 120n, leastQueueLength: 1n }],
    ])
    await chain.send({
      to: gate,
      name: 'publishAnchorsRoot',
      args: [anchorsRoot({ policy, roots: rootsOf(office) })],
    })
  })
  after(async () => {
    await prover?.dispose()
    await chain?.stop()
  })

  /** Copies the contract's queue, and has it accept the next root on a proof. */
  async function settle(): Promise<void> {
    const logs = await chain.client.getLogs({ address: ledger.address, fromBlock: 0n })
    const entries: Entry[] = parseEventLogs({ abi: ledger.abi, eventName: 'EntryAppended', logs }).map(
      ({ args }) => decodeEntry(args as unknown as { subject: bigint; content: bigint }),
    )
    memory.append(...entries.slice(Number(memory.length)))
    const batch = prepareBatch({
      reader: memory.reader,
      entries: memory.entries(memory.reader.state.queueLength),
    })
    const { proof } = await prover.prove({ statement: 'ledger-batch', batch })
    const { newRoot, queueLength } = batch.signals
    const args = [newRoot, queueLength, toSolidityProof(proof), NO_WORDS]
    await chain.send({ to: ledger, name: 'acceptRoot', args })
    memory.apply(batch.consumed)
  }

  const roots = (): Roots => ({
    ...rootsOf(office),
    ledgers: {
      [ledger.id]: {
        root: ledgerRoot(memory.reader.state),
        queueLength: memory.reader.state.queueLength,
        at: 0n,
      },
    },
  })

  const bindings = async (): Promise<{ now: bigint; scope: bigint; message: bigint }> => {
    const [scope, message, block] = await Promise.all([
      chain.read({ to: gate, name: 'scope' }),
      chain.read({ to: gate, name: 'messageFor', args: [walletOf(chain, CALLER), '0x'] }),
      chain.client.getBlock(),
    ])
    return { now: block.timestamp, scope: scope as bigint, message: message as bigint }
  }

  const enter = (envelope: Envelope): Promise<TransactionReceipt> =>
    chain.send({ to: gate, name: 'enter', args: [toLedgerPolicyProof(envelope), '0x'], from: CALLER })

  it('lets a Soul without debts in, and not with a root from before its default, once that entry counts', async () => {
    const context = await bindings()
    const openings = { [ledger.id]: memory.proof(handle) }
    const asked = { ...wallet, ...context, policy, roots: roots() }
    const envelope = await prover.prove({ ...asked, ledgers: openings })
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const verified = await verifier.verify({ ...context, policy, roots: [asked.roots], envelope })
    assert.ok(verified.valid)
    assert.equal(
      await verifyGroth16({ ...envelope, verificationKey: key }),
      true,
      'it is refused below for its root alone',
    )

    const before = await chain.control.snapshot()
    const receipt = await enter(envelope)
    const [event] = parseEventLogs({ abi: gate.abi, logs: receipt.logs, eventName: 'PolicyAccepted' })
    const { nullifier, ledgerRoots } = event!.args as unknown as {
      nullifier: bigint
      ledgerRoots: readonly bigint[]
    }
    assert.deepEqual([nullifier, ledgerRoots], [verified.nullifier, [ledgerRoot(memory.reader.state), 0n]])
    matchSnapshot(new URL('./ledger-gate-gas.snapshot.json', import.meta.url), {
      'RecordingLedgerGate.enter of policy-l, without calldata': await executionGas(chain, receipt),
    })
    await chain.control.revert({ id: before })

    // The default, and the root that contains it.
    await append(chain, ledger, handle, 700n)
    await settle()
    const own = { [ledger.id]: memory.proof(handle) }
    await assert.rejects(prover.prove({ ...asked, roots: roots(), ledgers: own }), StatementError)
    await assert.rejects(prover.prove({ ...asked, roots: roots(), ledgers: openings }), StatementError)

    // The proof from before: good for as long as the gate takes roots that lack the entry, while its clock would still pass.
    const { completeAt } = (await chain.read({
      to: ledger,
      name: 'rootInfo',
      args: [envelope.publicSignals[13]],
    })) as { completeAt: bigint }
    await moveTo(chain, completeAt + 120n)
    const simulated = (): Promise<unknown> =>
      chain.client.simulateContract({
        ...{ address: gate.address, abi: gate.abi, functionName: 'enter' },
        ...{ args: [toLedgerPolicyProof(envelope), '0x'], account: walletOf(chain, CALLER) },
      })
    await simulated()
    await moveTo(chain, completeAt + 121n)
    assert.ok(context.now + 300n > completeAt + 121n)
    await assertReverts(simulated(), 'LedgerPolicyGate__LedgerRootNotFresh')
  })
})
