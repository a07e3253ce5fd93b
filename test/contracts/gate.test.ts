import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  type Address,
  encodeAbiParameters,
  getAddress,
  type Hex,
  keccak256,
  parseAbiParameters,
  parseEther,
  parseEventLogs,
  type TransactionReceipt,
  toFunctionSelector,
} from 'viem'
import {
  type Deployed,
  type LocalChain,
  type PolicyProof,
  startChain,
  toPolicyProof,
} from '../../scripts/lib/chain.js'
import { type CompiledContract, compileSolidity } from '../../scripts/lib/solc.js'
import { FIELD_MODULUS } from '../../src/field.js'
import {
  assertDeployReverts,
  assertReverts,
  deployVerifier,
  executionGas,
  matchSnapshot,
  randomWords,
  rerandomise,
  undoAfterEach,
} from '../support/chain.js'
import { type ElevenSignals, type Signals, setupElevenSignals } from './eleven-signals.js'

const r = FIELD_MODULUS
const [DIGEST, ROOT, NULLIFIER, REVEAL] = randomWords('gate', 4).map((word) => word % r) as [
  bigint,
  bigint,
  bigint,
  bigint,
]
const MAX_ROOT_AGE = 3600n
const MAX_CLOCK_SKEW = 300n
const ZERO_ADDRESS: Address = `0x${'0'.repeat(40)}`

describe('PolicyGate', () => {
  let circuit: ElevenSignals
  let contracts: Readonly<Record<string, CompiledContract>>
  let chain: LocalChain
  let verifier: Deployed
  let gate: Deployed

  before(async () => {
    ;[circuit, chain] = await Promise.all([setupElevenSignals(), startChain()])
    contracts = compileSolidity({
      sources: {
        'TestGates.sol': readFileSync('test/contracts/TestGates.sol', 'utf8'),
        ...Object.fromEntries(
          ['AccountClaim', 'ShareToken'].map((name) => [
            `examples/${name}.sol`,
            readFileSync(`contracts/examples/${name}.sol`, 'utf8'),
          ]),
        ),
      },
    })
    verifier = await deployVerifier({ chain, verificationKey: circuit.verificationKey })
    gate = await deployGate('RecordingGate')
  })
  after(() => chain?.stop())
  undoAfterEach(() => chain)

  const wallet = (index: number): Address => chain.wallets[index]!.account.address
  const settings = (changes: object = {}): object => ({
    verifier: verifier.address,
    policyDigest: DIGEST,
    maxRootAge: MAX_ROOT_AGE,
    maxClockSkew: MAX_CLOCK_SKEW,
    disclosesHandle: false,
    allowDevelopmentKey: true,
    owner: wallet(0),
    ...changes,
  })

  /** Deploys a gate that accepts `ROOT`. */
  async function deployGate(
    name: string,
    changes: object = {},
    args: readonly unknown[] = [],
    on: LocalChain = chain,
  ): Promise<Deployed> {
    const deployed = await on.deploy(contracts[name]!, [settings(changes), ...args])
    await on.send({ to: deployed, name: 'publishAnchorsRoot', args: [ROOT] })
    return deployed
  }

  /** Proves what the gate expects of the sender, except for the signals given. */
  async function proveFor(
    o: {
      readonly to?: Deployed
      readonly caller?: Address
      readonly payload?: Hex
      readonly chainId?: number
      readonly signals?: Partial<Signals>
    } = {},
  ): Promise<PolicyProof> {
    const { to = gate, caller = wallet(1), payload = '0x', chainId = chain.chainId } = o
    const block = await chain.client.getBlock()
    return toPolicyProof(
      await circuit.prove({
        reveal0: REVEAL,
        nullifier: NULLIFIER,
        policyDigest: DIGEST,
        scope: scopeOf(chainId, to.address, DIGEST),
        message: messageOf(chainId, to.address, caller, payload),
        now: block.timestamp,
        anchorsRoot: ROOT,
        ...o.signals,
      }),
    )
  }

  function enter(
    proof: PolicyProof,
    o: {
      readonly to?: Deployed
      readonly from?: number
      readonly payload?: Hex
      readonly on?: LocalChain
    } = {},
  ): Promise<TransactionReceipt> {
    const { to = gate, from = 1, payload = '0x', on = chain } = o
    return on.send({ to, name: 'enter', args: [proof, payload], from })
  }

  /** Mines a block at this time, so that calls see it as the latest. */
  async function moveTo(timestamp: bigint): Promise<void> {
    await chain.control.setNextBlockTimestamp({ timestamp })
    await chain.control.mine({ blocks: 1 })
  }

  describe('acceptance', () => {
    it('accepts a proof, spends the nullifier, emits the reveals and hands them to the hook', async () => {
      const payload = '0x1234'
      const proof = await proveFor({ payload })
      assert.equal(await chain.read({ to: gate, name: 'spent', args: [NULLIFIER] }), false)
      const receipt = await enter(proof, { payload })
      assert.equal(await chain.read({ to: gate, name: 'spent', args: [NULLIFIER] }), true)
      const caller = getAddress(wallet(1))
      assert.deepEqual(
        parseEventLogs({ abi: gate.abi, logs: receipt.logs }).map(({ eventName, args }) => ({
          eventName,
          args,
        })),
        [
          {
            eventName: 'PolicyAccepted',
            args: { caller, nullifier: NULLIFIER, reveals: [REVEAL, 0n], handle: 0n, anchorsRoot: ROOT },
          },
          {
            eventName: 'Hooked',
            args: { caller, nullifier: NULLIFIER, reveals: [REVEAL, 0n], handle: 0n, payload },
          },
        ],
      )
    })

    it('derives scope and message as documented', async () => {
      const payload = '0xabcdef'
      assert.equal(
        await chain.read({ to: gate, name: 'scope' }),
        scopeOf(chain.chainId, gate.address, DIGEST),
      )
      assert.equal(
        await chain.read({ to: gate, name: 'messageFor', args: [wallet(2), payload] }),
        messageOf(chain.chainId, gate.address, wallet(2), payload),
      )
    })

    it('accepts another nullifier after the first', async () => {
      await enter(await proveFor())
      await enter(await proveFor({ caller: wallet(2), signals: { nullifier: 1n } }), { from: 2 })
    })
  })

  describe('replay', () => {
    it('refuses a second claim with the same nullifier, by anyone', async () => {
      const proof = await proveFor()
      await enter(proof)
      await assertReverts(enter(proof), 'PolicyGate__NullifierSpent')
      const other = await proveFor({ caller: wallet(2) })
      await assertReverts(enter(other, { from: 2 }), 'PolicyGate__NullifierSpent')
    })

    it('refuses nullifier + r, the alias of a spent nullifier', async () => {
      const proof = await proveFor()
      await enter(proof)
      for (const k of [1n, 2n, 5n]) {
        const alias = { ...proof, nullifier: proof.nullifier + k * r }
        await assertReverts(enter(alias), 'PolicyGate__ProofInvalid')
      }
    })

    it('refuses a re-randomised copy of a used proof: the proof bytes are no identifier', async () => {
      const payload = '0x'
      const proven = await circuit.prove({
        nullifier: NULLIFIER,
        policyDigest: DIGEST,
        scope: scopeOf(chain.chainId, gate.address, DIGEST),
        message: messageOf(chain.chainId, gate.address, wallet(1), payload),
        now: (await chain.client.getBlock()).timestamp,
        anchorsRoot: ROOT,
      })
      const copy = toPolicyProof({ ...proven, proof: rerandomise(proven.proof, 3n) })
      await enter(toPolicyProof(proven))
      await assertReverts(enter(copy), 'PolicyGate__NullifierSpent')
    })

    it('refuses a proof copied by another caller (front-running)', async () => {
      await assertReverts(enter(await proveFor(), { from: 2 }), 'PolicyGate__ProofInvalid')
    })

    it('refuses a proof with another payload', async () => {
      const proof = await proveFor({ payload: '0x01' })
      await assertReverts(enter(proof, { payload: '0x02' }), 'PolicyGate__ProofInvalid')
      await assertReverts(enter(proof, { payload: '0x0100' }), 'PolicyGate__ProofInvalid')
      await assertReverts(enter(proof), 'PolicyGate__ProofInvalid')
      await enter(proof, { payload: '0x01' })
    })

    it('refuses a proof made for another contract', async () => {
      const twin = await deployGate('RecordingGate')
      await assertReverts(enter(await proveFor(), { to: twin }), 'PolicyGate__ProofInvalid')
    })

    it('refuses a proof made for the same address on another chain', async () => {
      await using other = await startChain({ chainId: 1 })
      const otherVerifier = await deployVerifier({ chain: other, verificationKey: circuit.verificationKey })
      const twin = await deployGate('RecordingGate', { verifier: otherVerifier.address }, [], other)
      assert.equal(twin.address, gate.address)
      const proof = await proveFor()
      await assertReverts(enter(proof, { to: twin, on: other }), 'PolicyGate__ProofInvalid')
      await enter(await proveFor({ chainId: 1 }), { to: twin, on: other })
    })

    it('refuses re-entry with the same proof from within the hook', async () => {
      const paying = await chain.deploy(contracts.PayingGate!, [settings()])
      await chain.send({ to: paying, name: 'publishAnchorsRoot', args: [ROOT] })
      await chain.control.setBalance({ address: paying.address, value: parseEther('5') })
      const reenterer = await chain.deploy(contracts.Reenterer!)
      const proof = await proveFor({ to: paying, caller: reenterer.address })
      await chain.send({ to: reenterer, name: 'attack', args: [paying.address, proof] })
      assert.equal(
        await chain.read({ to: reenterer, name: 'reason' }),
        toFunctionSelector('PolicyGate__NullifierSpent()'),
      )
      assert.equal(await chain.client.getBalance({ address: reenterer.address }), parseEther('1'))
    })
  })

  describe('public signals', () => {
    it('refuses each signal that is not the proven one', async () => {
      const proof = await proveFor()
      const forged: readonly Partial<PolicyProof>[] = [
        { reveals: [proof.reveals[0] + 1n, proof.reveals[1]] },
        { reveals: [proof.reveals[0], proof.reveals[1] + 1n] },
        { reveals: [proof.reveals[0] + r, proof.reveals[1]] },
        { reveals: [proof.reveals[0], proof.reveals[1] + r] },
        { nullifier: proof.nullifier + 1n },
        { provedAt: proof.provedAt + 1n },
        { a: [proof.a[0], proof.a[1] + 1n] },
        { a: [0n, 0n], b: [proof.b[0], [0n, 0n]], c: [1n, 1n] },
      ]
      for (const change of forged) {
        await assertReverts(enter({ ...proof, ...change }), 'PolicyGate__ProofInvalid')
      }
      await enter(proof)
    })

    it('refuses a proof of another policy', async () => {
      const proof = await proveFor({ signals: { policyDigest: DIGEST + 1n } })
      await assertReverts(enter(proof), 'PolicyGate__ProofInvalid')
    })

    it('refuses a proof of another scope, which would give a second nullifier', async () => {
      const proof = await proveFor({ signals: { scope: 1n } })
      await assertReverts(enter(proof), 'PolicyGate__ProofInvalid')
    })

    it('refuses designated proofs: either verifier key other than 0', async () => {
      for (const signals of [
        { verifierKey: 1n },
        { verifierKey2: 1n },
        { verifierKey: 5n, verifierKey2: 6n },
      ]) {
        await assertReverts(enter(await proveFor({ signals })), 'PolicyGate__ProofInvalid')
      }
    })

    it('refuses a disclosed handle unless its policy discloses one', async () => {
      const proof = await proveFor({ signals: { handle: 7n } })
      await assertReverts(enter(proof), 'PolicyGate__HandleNotZero')
      await assertReverts(enter({ ...proof, handle: 0n }), 'PolicyGate__ProofInvalid')
      const disclosing = await deployGate('RecordingGate', { disclosesHandle: true })
      const receipt = await enter(await proveFor({ to: disclosing, signals: { handle: 7n } }), {
        to: disclosing,
      })
      for (const { args } of parseEventLogs({ abi: gate.abi, logs: receipt.logs })) {
        assert.equal((args as unknown as { handle: bigint }).handle, 7n)
      }
    })
  })

  describe('clock', () => {
    it('accepts a clock up to the skew away, either way, and none beyond', async () => {
      const proof = await proveFor()
      const { provedAt } = proof
      // Behind: a chain whose time is as far in the future, then one second further.
      await moveTo(provedAt + MAX_CLOCK_SKEW)
      await simulate(proof)
      await moveTo(provedAt + MAX_CLOCK_SKEW + 1n)
      await assertReverts(simulate(proof), 'PolicyGate__ClockSkew')

      const { timestamp } = await chain.client.getBlock()
      await simulate(await proveFor({ signals: { now: timestamp + MAX_CLOCK_SKEW } }))
      const early = await proveFor({ signals: { now: timestamp + MAX_CLOCK_SKEW + 1n } })
      await assertReverts(simulate(early), 'PolicyGate__ClockSkew')
    })

    it('refuses absurd clocks', async () => {
      for (const now of [0n, r - 1n]) {
        await assertReverts(simulate(await proveFor({ signals: { now } })), 'PolicyGate__ClockSkew')
      }
      const proof = await proveFor()
      await assertReverts(simulate({ ...proof, provedAt: (1n << 256n) - 1n }), 'PolicyGate__ClockSkew')
      await assertReverts(simulate({ ...proof, provedAt: proof.provedAt + r }), 'PolicyGate__ClockSkew')
    })

    const simulate = (proof: PolicyProof): Promise<unknown> =>
      chain.client.simulateContract({
        address: gate.address,
        abi: gate.abi,
        functionName: 'enter',
        args: [proof, '0x'],
        account: wallet(1),
      })
  })

  describe('anchors roots', () => {
    it('refuses a root that was never published', async () => {
      for (const anchorsRoot of [0n, ROOT + 1n, ROOT + r]) {
        const proof = await proveFor()
        await assertReverts(enter({ ...proof, anchorsRoot }), 'PolicyGate__RootUnknown')
      }
      await assertReverts(enter(await proveFor({ signals: { anchorsRoot: 5n } })), 'PolicyGate__RootUnknown')
    })

    it('refuses one published root in the place of another', async () => {
      await chain.send({ to: gate, name: 'publishAnchorsRoot', args: [5n] })
      await assertReverts(enter({ ...(await proveFor()), anchorsRoot: 5n }), 'PolicyGate__ProofInvalid')
    })

    it('refuses a root after its greatest age, and accepts it when published again', async () => {
      const at = (await chain.read({ to: gate, name: 'publishedAt', args: [ROOT] })) as bigint
      await moveTo(at + MAX_ROOT_AGE)
      const call = async (): Promise<unknown> =>
        chain.client.simulateContract({
          address: gate.address,
          abi: gate.abi,
          functionName: 'enter',
          args: [await proveFor(), '0x'],
          account: wallet(1),
        })
      await call()
      await moveTo(at + MAX_ROOT_AGE + 1n)
      await assertReverts(call(), 'PolicyGate__RootExpired')
      await chain.send({ to: gate, name: 'publishAnchorsRoot', args: [ROOT] })
      await call()
    })

    it('refuses a retired root at once', async () => {
      await chain.send({ to: gate, name: 'retireAnchorsRoot', args: [ROOT] })
      await assertReverts(enter(await proveFor()), 'PolicyGate__RootUnknown')
      await assertReverts(
        chain.send({ to: gate, name: 'retireAnchorsRoot', args: [ROOT] }),
        'PolicyGate__RootUnknown',
      )
    })

    it('takes roots from the owner alone, and only field elements other than 0', async () => {
      for (const name of ['publishAnchorsRoot', 'retireAnchorsRoot']) {
        await assertReverts(chain.send({ to: gate, name, args: [ROOT], from: 1 }), 'PolicyGate__NotOwner')
      }
      for (const root of [0n, r, ROOT + r]) {
        await assertReverts(
          chain.send({ to: gate, name: 'publishAnchorsRoot', args: [root] }),
          'PolicyGate__RootInvalid',
        )
      }
    })
  })

  describe('owner', () => {
    const offer = (to: Address, from = 0): Promise<TransactionReceipt> =>
      chain.send({ to: gate, name: 'transferOwnership', args: [to], from })
    const accept = (from: number): Promise<TransactionReceipt> =>
      chain.send({ to: gate, name: 'acceptOwnership', from })
    const owner = (): Promise<unknown> => chain.read({ to: gate, name: 'owner' })

    it('changes in two steps', async () => {
      await offer(wallet(1))
      assert.equal(await owner(), getAddress(wallet(0)))
      await assertReverts(accept(2), 'PolicyGate__NotPendingOwner')
      await accept(1)
      assert.equal(await owner(), getAddress(wallet(1)))
      await assertReverts(accept(1), 'PolicyGate__NotPendingOwner')
      await assertReverts(offer(wallet(0)), 'PolicyGate__NotOwner')
    })

    it('can withdraw an offer, and nobody else can make one', async () => {
      await assertReverts(offer(wallet(1), 1), 'PolicyGate__NotOwner')
      await offer(wallet(1))
      await offer(ZERO_ADDRESS)
      await assertReverts(accept(1), 'PolicyGate__NotPendingOwner')
    })
  })

  describe('creation', () => {
    const refuses = (changes: object, errorName: string): Promise<void> =>
      assertDeployReverts({
        chain,
        contract: contracts.RecordingGate!,
        args: [settings(changes)],
        errorName,
      })

    it('refuses a development key unless told otherwise', () =>
      refuses({ allowDevelopmentKey: false }, 'PolicyGate__DevelopmentKey'))

    it('needs no permission for another key, and names its owner', async () => {
      const stub = await chain.deploy(contracts.StubVerifier!, [false])
      const args = [settings({ verifier: stub.address, allowDevelopmentKey: false })]
      const { address } = await chain.deploy(contracts.RecordingGate!, args)
      const logs = await chain.client.getLogs({ address })
      assert.deepEqual(
        parseEventLogs({ abi: gate.abi, logs }).map(({ eventName, args: given }) => [eventName, given]),
        [['OwnershipTransferred', { oldOwner: ZERO_ADDRESS, newOwner: getAddress(wallet(0)) }]],
      )
    })

    it('attack: refuses a verifier that accepts zeros', async () => {
      const stub = await chain.deploy(contracts.StubVerifier!, [true])
      await refuses({ verifier: stub.address }, 'PolicyGate__VerifierInvalid')
    })

    it('refuses a digest that no proof can have, and an owner that nobody is', async () => {
      await refuses({ policyDigest: 0n }, 'PolicyGate__DigestInvalid')
      await refuses({ policyDigest: r }, 'PolicyGate__DigestInvalid')
      await refuses({ owner: ZERO_ADDRESS }, 'PolicyGate__OwnerInvalid')
    })

    it('refuses an address without a verifier', async () => {
      const args = [settings({ verifier: wallet(3), allowDevelopmentKey: false })]
      await assert.rejects(chain.deploy(contracts.RecordingGate!, args))
    })
  })

  describe('examples', () => {
    it('AccountClaim: one account per Soul, one Soul per account', async () => {
      const claim = await deployGate('AccountClaim')
      await enter(await proveFor({ to: claim }), { to: claim })
      assert.equal(await chain.read({ to: claim, name: 'claimed', args: [wallet(1)] }), true)
      assert.equal(await chain.read({ to: claim, name: 'claimed', args: [wallet(2)] }), false)

      const sameSoul = await proveFor({ to: claim, caller: wallet(2) })
      await assertReverts(enter(sameSoul, { to: claim, from: 2 }), 'PolicyGate__NullifierSpent')
      const otherSoul = await proveFor({ to: claim, signals: { nullifier: 9n } })
      await assertReverts(enter(otherSoul, { to: claim }), 'AccountClaim__AlreadyClaimed')
      // The revert undid the acceptance: that Soul may still come with an address of its own.
      assert.equal(await chain.read({ to: claim, name: 'spent', args: [9n] }), false)
    })

    it('ShareToken: mints one share per Soul to the recipient in the payload', async () => {
      const share = parseEther('10')
      const token = await deployGate('ShareToken', {}, ['Conference', 'CONF', share])
      const payload = encodeAbiParameters(parseAbiParameters('address'), [wallet(3)])
      const thief = encodeAbiParameters(parseAbiParameters('address'), [wallet(2)])
      const proof = await proveFor({ to: token, payload })
      await assertReverts(enter(proof, { to: token, payload: thief }), 'PolicyGate__ProofInvalid')
      await enter(proof, { to: token, payload })
      const read = (name: string, args: readonly unknown[] = []): Promise<unknown> =>
        chain.read({ to: token, name, args })
      assert.deepEqual([await read('balanceOf', [wallet(3)]), await read('totalSupply')], [share, share])
      await assertReverts(enter(proof, { to: token, payload }), 'PolicyGate__NullifierSpent')
    })

    it('ShareToken: refuses a payload that is no recipient', async () => {
      const token = await deployGate('ShareToken', {}, ['Conference', 'CONF', 1n])
      const nobody = encodeAbiParameters(parseAbiParameters('address'), [ZERO_ADDRESS])
      await assertReverts(
        enter(await proveFor({ to: token, payload: nobody }), { to: token, payload: nobody }),
        'ERC20InvalidReceiver',
      )
      await assert.rejects(enter(await proveFor({ to: token }), { to: token }))
    })

    it('cost the gas in the snapshot', async () => {
      const claim = await deployGate('AccountClaim')
      const token = await deployGate('ShareToken', {}, ['Conference', 'CONF', 1n])
      const payload = encodeAbiParameters(parseAbiParameters('address'), [wallet(1)])
      const claimed = await enter(await proveFor({ to: claim }), { to: claim })
      const minted = await enter(await proveFor({ to: token, payload }), { to: token, payload })
      matchSnapshot(new URL('./gate-gas.snapshot.json', import.meta.url), {
        'AccountClaim.enter, without calldata': await executionGas(chain, claimed),
        'ShareToken.enter, without calldata': await executionGas(chain, minted),
        'AccountClaim, bytes': contracts.AccountClaim!.runtimeSize,
        'ShareToken, bytes': contracts.ShareToken!.runtimeSize,
      })
    })
  })
})

// Written from the documentation, not from the contract's own views.
function scopeOf(chainId: number, gate: Address, policyDigest: bigint): bigint {
  const fields = parseAbiParameters('uint256, address, uint256')
  return hash(encodeAbiParameters(fields, [BigInt(chainId), gate, policyDigest]))
}

function messageOf(chainId: number, gate: Address, caller: Address, payload: Hex): bigint {
  const fields = parseAbiParameters('uint256, address, address, bytes32')
  return hash(encodeAbiParameters(fields, [BigInt(chainId), gate, caller, keccak256(payload)]))
}

function hash(bytes: Hex): bigint {
  return BigInt(keccak256(bytes)) >> 8n
}
