import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Address,
  encodeAbiParameters,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  parseEventLogs,
  type TransactionReceipt,
  toHex,
} from 'viem'
import type { Hub } from '../../scripts/lib/apps.js'
import { type Deployed, type PolicyProof, toPolicyProof, toSolidityProof } from '../../scripts/lib/chain.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { Group } from '../../src/merkle/index.js'
import { createProver } from '../../src/prover/index.js'
import { createSoul } from '../../src/soul/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import {
  assertReverts,
  deployVerifier,
  executionGas,
  matchSnapshot,
  randomWords,
  rerandomise,
  undoAfterEach,
} from '../support/chain.js'
import {
  ADMIN,
  ALICE,
  DELAY,
  GUARDIAN,
  MALLORY,
  messageOf,
  POLICIES,
  PUBLISHER,
  type Stage,
  scopeOf,
  startStage,
  TIMES,
  ZERO_ADDRESS,
} from './apps-support.js'
import type { Signals } from './eleven-signals.js'
import { setupFifteenSignals } from './fifteen-signals.js'
import { type SixSignals, setupSixSignals } from './six-signals.js'

const [DIGEST, OTHER_DIGEST, ROOT, OTHER_ROOT, NULLIFIER, REVEAL] = randomWords('hub', 6).map(
  (word) => word % r,
) as [bigint, bigint, bigint, bigint, bigint, bigint]
const TOPIC = 5n
const PAYLOAD = keccak256('0x01')
const GRACE = BigInt(TIMES.grace)
const MAX_ROOT_AGE = BigInt(TIMES.maxRootAge)
const DAY = 86_400n

describe('PolicyHub', () => {
  let stage: Stage
  let hub: Hub
  let app: Deployed

  before(async () => {
    stage = await startStage()
    hub = await stage.createHub(true)
    app = await stage.chain.deploy(stage.contracts.BareApp!, [hub.address])
    await stage.addPolicy(hub, DIGEST)
    await stage.publish(hub, DIGEST, ROOT)
  })
  after(() => stage?.chain.stop())
  undoAfterEach(() => stage.chain)

  interface Call {
    readonly at?: Deployed
    readonly policyDigest?: bigint
    readonly topic?: bigint
    readonly account?: Address
    readonly payload?: Hex
  }

  /** Proves what the hub expects of a call, except for the signals given. */
  async function proveFor(o: Call & { readonly signals?: Partial<Signals>; chainId?: number } = {}) {
    const { at = app, policyDigest = DIGEST, topic = TOPIC, account = stage.address(ALICE) } = o
    const { payload = PAYLOAD, chainId = stage.chain.chainId } = o
    return stage.prove({
      reveal0: REVEAL,
      nullifier: NULLIFIER,
      policyDigest,
      scope: scopeOf(chainId, hub.address, at.address, topic),
      message: messageOf(chainId, hub.address, at.address, account, payload),
      now: await stage.now(),
      anchorsRoot: ROOT,
      ...o.signals,
    })
  }

  function spend(proof: PolicyProof, o: Call = {}): Promise<TransactionReceipt> {
    const { at = app, policyDigest = DIGEST, topic = TOPIC, account = stage.address(ALICE) } = o
    const args = [policyDigest, topic, account, o.payload ?? PAYLOAD, proof]
    return stage.chain.send({ to: at, name: 'spend', args })
  }

  const asHub = (at: Deployed): Deployed => ({ ...at, abi: [...at.abi, ...hub.abi] })
  const hubSend = (name: string, args: readonly unknown[], from: number): Promise<TransactionReceipt> =>
    stage.chain.send({ to: hub, name, args, from })
  const isSpent = (nullifier = NULLIFIER): Promise<unknown> =>
    stage.chain.read({ to: hub, name: 'isSpent', args: [app.address, TOPIC, nullifier] })

  /** Calls an app as if its ABI had the hub's errors, which pass through it. */
  const refuses = async (call: (at: Deployed) => Promise<unknown>, errorName: string): Promise<void> =>
    assertReverts(call(asHub(app)), errorName)

  describe('acceptance', () => {
    it('spends a nullifier in its app’s topic alone, and derives scope and message as documented', async () => {
      const { chainId } = stage.chain
      const read = (name: string, args: readonly unknown[]): Promise<unknown> =>
        stage.chain.read({ to: hub, name, args })
      assert.equal(
        await read('scopeOf', [app.address, TOPIC]),
        scopeOf(chainId, hub.address, app.address, TOPIC),
      )
      assert.equal(
        await read('messageOf', [app.address, stage.address(ALICE), PAYLOAD]),
        messageOf(chainId, hub.address, app.address, stage.address(ALICE), PAYLOAD),
      )
      const proof = await proveFor()
      assert.equal(await isSpent(), false)
      const receipt = await spend(proof)
      assert.equal(await isSpent(), true)
      const [event] = parseEventLogs({ abi: hub.abi, logs: receipt.logs, eventName: 'Spent' })
      assert.deepEqual(event!.args, {
        ...{ policyDigest: DIGEST, app: getAddress(app.address), nullifier: NULLIFIER },
        ...{ topic: TOPIC, anchorsRoot: ROOT },
      })
      await spend(await proveFor({ topic: 6n }), { topic: 6n })
    })

    it('keeps policies apart, under one nullifier for each topic', async () => {
      await stage.addPolicy(hub, OTHER_DIGEST)
      await stage.publish(hub, OTHER_DIGEST, ROOT)
      const other = { policyDigest: OTHER_DIGEST }
      await spend(await proveFor())
      // The same Soul under another policy of the same topic, as with tiers.
      await refuses(async (at) => spend(await proveFor(other), { at, ...other }), 'PolicyHub__NullifierSpent')
    })

    it('costs the gas in the snapshot', async () => {
      const first = await spend(await proveFor())
      const second = await spend(await proveFor({ signals: { nullifier: 2n } }))
      matchSnapshot(new URL('./hub-gas.snapshot.json', import.meta.url), {
        'spend, without calldata': await executionGas(stage.chain, second),
        'first spend, without calldata': await executionGas(stage.chain, first),
        'publishAnchorsRoot, without calldata': await executionGas(
          stage.chain,
          await stage.publish(hub, DIGEST, OTHER_ROOT),
        ),
        'addPolicy, without calldata': await executionGas(
          stage.chain,
          await stage.addPolicy(hub, OTHER_DIGEST),
        ),
        'PolicyHub, bytes': stage.contracts.PolicyHub!.runtimeSize,
        'PolicyHubFactory, bytes': stage.contracts.PolicyHubFactory!.runtimeSize,
      })
    })
  })

  describe('attacks', () => {
    it('refuses a proof copied by another caller: the app binds the account', async () => {
      const account = stage.address(MALLORY)
      const proof = await proveFor()
      await refuses((at) => spend(proof, { at, account }), 'PolicyHub__ProofInvalid')
      await refuses((at) => spend(proof, { at, account: ZERO_ADDRESS }), 'PolicyHub__ProofInvalid')
      await refuses((at) => spend(proof, { at, payload: keccak256('0x02') }), 'PolicyHub__ProofInvalid')
    })

    it('refuses a proof of another chain, where the same contracts have the same addresses', async () => {
      const proof = await proveFor({ chainId: 1 })
      await refuses((at) => spend(proof, { at }), 'PolicyHub__ProofInvalid')
      // After a fork proofs of the old chain end.
      const ours = await proveFor()
      const setChainId = (id: number): Promise<unknown> =>
        stage.chain.control.request({ method: 'anvil_setChainId' as never, params: [id] as never })
      const simulated = (given: PolicyProof): Promise<unknown> =>
        stage.chain.client.simulateContract({
          ...{ address: app.address, abi: asHub(app).abi, functionName: 'spend' },
          args: [DIGEST, TOPIC, stage.address(ALICE), PAYLOAD, given],
          account: stage.address(ALICE),
        })
      await simulated(ours)
      await setChainId(1)
      try {
        await assertReverts(simulated(ours), 'PolicyHub__ProofInvalid')
        await simulated(proof)
      } finally {
        await setChainId(stage.chain.chainId)
      }
    })

    it('refuses a proof of another contract: another app of the hub, another hub, and a bare account as app', async () => {
      const twin = await stage.chain.deploy(stage.contracts.BareApp!, [hub.address])
      const proof = await proveFor()
      await assertReverts(spend(proof, { at: asHub(twin) }), 'PolicyHub__ProofInvalid')
      await assertReverts(spend(proof, { at: hub }), 'PolicyHub__ProofInvalid')
      const otherHub = await stage.createHub(false)
      await stage.addPolicy(otherHub, DIGEST)
      await stage.publish(otherHub, DIGEST, ROOT)
      const elsewhere = await stage.chain.deploy(stage.contracts.BareApp!, [otherHub.address])
      await assertReverts(spend(proof, { at: asHub(elsewhere) }), 'PolicyHub__ProofInvalid')
      assert.equal(await isSpent(), false)
    })

    it('refuses a proof of another policy, and a root published for another policy', async () => {
      await stage.addPolicy(hub, OTHER_DIGEST)
      const proof = await proveFor()
      await refuses((at) => spend(proof, { at, policyDigest: OTHER_DIGEST }), 'PolicyHub__RootUnknown')
      await stage.publish(hub, OTHER_DIGEST, ROOT)
      await refuses((at) => spend(proof, { at, policyDigest: OTHER_DIGEST }), 'PolicyHub__ProofInvalid')
      await refuses((at) => spend(proof, { at, policyDigest: 1n }), 'PolicyHub__PolicyUnknown')
    })

    it('refuses a stale root: too old, superseded for longer than the grace, retired, unknown', async () => {
      const start = await stage.now()
      const proofAt = (now: bigint, anchorsRoot = ROOT): Promise<PolicyProof> =>
        proveFor({ signals: { now, anchorsRoot } })
      await refuses(async (at) => spend(await proofAt(start, OTHER_ROOT), { at }), 'PolicyHub__RootUnknown')
      await stage.publish(hub, DIGEST, OTHER_ROOT)
      const superseded = await stage.now()
      // In the last second, whatever the node's clock says.
      const timely = await proofAt(superseded + GRACE)
      await stage.chain.control.setNextBlockTimestamp({ timestamp: superseded + GRACE })
      const args = [DIGEST, TOPIC, stage.address(ALICE), PAYLOAD, timely]
      assert.equal(await transact(app, 'spend', args), true)
      await stage.moveTo(superseded + GRACE + 1n)
      const late = await proofAt(superseded + GRACE)
      await refuses((at) => spend({ ...late, nullifier: 3n }, { at }), 'PolicyHub__RootSuperseded')
      // Published again it is the latest, and the other one is superseded.
      await stage.publish(hub, DIGEST, ROOT)
      await refuses((at) => spend({ ...late, nullifier: 3n }, { at }), 'PolicyHub__ProofInvalid')
      const again = await stage.now()
      await stage.moveTo(again + MAX_ROOT_AGE + 1n)
      await refuses(async (at) => spend(await proofAt(again), { at }), 'PolicyHub__RootExpired')
      await hubSend('retireAnchorsRoot', [DIGEST, ROOT], PUBLISHER)
      await refuses(async (at) => spend(await proofAt(again), { at }), 'PolicyHub__RootRetired')
      await assertReverts(stage.publish(hub, DIGEST, ROOT), 'PolicyHub__RootRetired')
    })

    it('refuses a clock outside the window, either way', async () => {
      const now = await stage.now()
      await stage.moveTo(now + 1000n)
      const skew = BigInt(TIMES.maxClockSkew)
      const simulate = (proof: PolicyProof): Promise<unknown> =>
        stage.chain.client.simulateContract({
          ...{ address: app.address, abi: asHub(app).abi, functionName: 'spend' },
          args: [DIGEST, TOPIC, stage.address(ALICE), PAYLOAD, proof],
          account: stage.address(ALICE),
        })
      for (const clock of [now + 1000n - skew, now + 1000n + skew]) {
        await simulate(await proveFor({ signals: { now: clock } }))
      }
      for (const clock of [now + 1000n - skew - 1n, now + 1000n + skew + 1n, 0n, r - 1n]) {
        await assertReverts(simulate(await proveFor({ signals: { now: clock } })), 'PolicyHub__ClockSkew')
      }
    })

    it('refuses signal + r (alias): nullifier, reveals, handle, clock', async () => {
      const proof = await proveFor()
      await spend(proof)
      for (const k of [1n, 3n]) {
        await refuses(
          (at) => spend({ ...proof, nullifier: NULLIFIER + k * r }, { at }),
          'PolicyHub__ProofInvalid',
        )
      }
      const fresh = await proveFor({ signals: { nullifier: 8n } })
      const [first, second] = fresh.reveals
      for (const reveals of [
        [first + r, second],
        [first, second + r],
        [first + 1n, second],
      ] as const) {
        await refuses((at) => spend({ ...fresh, reveals }, { at }), 'PolicyHub__ProofInvalid')
      }
      await refuses((at) => spend({ ...fresh, handle: r }, { at }), 'PolicyHub__HandleNotZero')
      await refuses((at) => spend({ ...fresh, provedAt: fresh.provedAt + r }, { at }), 'PolicyHub__ClockSkew')
      await refuses((at) => spend({ ...fresh, anchorsRoot: ROOT + r }, { at }), 'PolicyHub__RootUnknown')
    })

    it('refuses a designated proof, which its verifier could have made', async () => {
      for (const signals of [{ verifierKey: 1n }, { verifierKey2: 1n }]) {
        const proof = await proveFor({ signals })
        await refuses((at) => spend(proof, { at }), 'PolicyHub__ProofInvalid')
      }
    })

    it('refuses a replay, and a re-randomised copy of a proof', async () => {
      const { chainId } = stage.chain
      const proven = await stage.circuit.prove({
        nullifier: NULLIFIER,
        policyDigest: DIGEST,
        scope: scopeOf(chainId, hub.address, app.address, TOPIC),
        message: messageOf(chainId, hub.address, app.address, stage.address(ALICE), PAYLOAD),
        now: await stage.now(),
        anchorsRoot: ROOT,
      })
      await spend(toPolicyProof(proven))
      const copy = toPolicyProof({ ...proven, proof: rerandomise(proven.proof, 5n) })
      await refuses((at) => spend(toPolicyProof(proven), { at }), 'PolicyHub__NullifierSpent')
      await refuses((at) => spend(copy, { at }), 'PolicyHub__NullifierSpent')
    })

    it('refuses a replay after an upgrade: nullifiers, policies and roots stay', async () => {
      const next = await stage.chain.deploy(stage.contracts.PolicyHub!)
      const call = await scheduleUpgrade(next.address)
      await stage.moveTo((await stage.now()) + BigInt(DELAY))
      const proof = await proveFor()
      await spend(proof)
      await call()
      // ERC-1967: where a proxy keeps its implementation.
      const slot = toHex(BigInt(keccak256(toHex('eip1967.proxy.implementation'))) - 1n)
      const word = await stage.chain.client.getStorageAt({ address: hub.address, slot })
      assert.equal(BigInt(word!), BigInt(next.address))
      assert.equal(await isSpent(), true)
      await refuses((at) => spend(proof, { at }), 'PolicyHub__NullifierSpent')
      await refuses(async (at) => spend(await proveFor(), { at }), 'PolicyHub__NullifierSpent')
      await assertReverts(
        hubSend('initialize', [stage.address(MALLORY), true], MALLORY),
        'InvalidInitialization',
      )
    })

    it('refuses abuse of roles: each may do its own and nothing else', async () => {
      const settings = { verifier: stage.verifier.address, ...TIMES, disclosesHandle: false, closedAt: 0 }
      const calls: readonly (readonly [string, readonly unknown[], number])[] = [
        ['addPolicy', [OTHER_DIGEST, settings], POLICIES],
        ['publishAnchorsRoot', [DIGEST, OTHER_ROOT], PUBLISHER],
        ['retireAnchorsRoot', [DIGEST, ROOT], PUBLISHER],
        ['pause', [], GUARDIAN],
        ['unpause', [], GUARDIAN],
        ['closePolicy', [DIGEST], POLICIES],
        ['setAuthority', [stage.address(MALLORY)], -1],
      ]
      for (const [name, args, allowed] of calls) {
        for (const from of [ADMIN, POLICIES, PUBLISHER, GUARDIAN, ALICE, MALLORY]) {
          if (from === allowed) continue
          await assertReverts(hubSend(name, args, from), 'AccessManagedUnauthorized')
        }
        if (allowed >= 0) await hubSend(name, args, allowed)
      }
      const next = await stage.chain.deploy(stage.contracts.PolicyHub!)
      for (const from of [POLICIES, PUBLISHER, GUARDIAN, MALLORY]) {
        await assertReverts(
          hubSend('upgradeToAndCall', [next.address, '0x'], from),
          'AccessManagedUnauthorized',
        )
      }
    })

    it('makes the admin wait: an upgrade, and a role for himself, only after the delay', async () => {
      const next = await stage.chain.deploy(stage.contracts.PolicyHub!)
      const manager = { ...hub, abi: [...hub.abi, ...hub.accessManager.abi] }
      await assertReverts(
        stage.chain.send({ to: manager, name: 'upgradeToAndCall', args: [next.address, '0x'], from: ADMIN }),
        'AccessManagerNotScheduled',
      )
      await assertReverts(
        stage.chain.send({
          ...{ to: hub.accessManager, name: 'grantRole', args: [2n, stage.address(ADMIN), 0], from: ADMIN },
        }),
        'AccessManagerNotScheduled',
      )
      const call = await scheduleUpgrade(next.address)
      await stage.moveTo((await stage.now()) + BigInt(DELAY) - 2n)
      await assertReverts(call(), 'AccessManagerNotReady')
      await stage.moveTo((await stage.now()) + 3n)
      await call()
      // The factory, which made the manager, has no role left in it.
      assert.deepEqual(
        await stage.chain.read({
          ...{ to: hub.accessManager, name: 'hasRole', args: [0n, stage.factory.address] },
        }),
        [false, 0],
      )
    })

    it('cannot upgrade a hub that was created without', async () => {
      const fixed = await stage.createHub(false)
      const next = await stage.chain.deploy(stage.contracts.PolicyHub!)
      const call = await scheduleUpgrade(next.address, fixed)
      await stage.moveTo((await stage.now()) + BigInt(DELAY))
      await assertReverts(call(), 'UUPSUnauthorizedCallContext')
      // Nor take over the code that all hubs share.
      const implementation = (await stage.chain.read({
        ...{ to: stage.factory, name: 'implementation' },
      })) as Address
      await assertReverts(
        stage.chain.send({
          to: { ...hub, address: implementation },
          ...{ name: 'initialize', args: [stage.address(MALLORY), true], from: MALLORY },
        }),
        'InvalidInitialization',
      )
    })
  })

  /** Schedules an upgrade, and returns what does it. */
  async function scheduleUpgrade(
    implementation: Address,
    of: Hub = hub,
  ): Promise<() => Promise<TransactionReceipt>> {
    const args = [implementation, '0x'] as const
    const data = encodeFunctionData({ abi: of.abi, functionName: 'upgradeToAndCall', args })
    await stage.chain.send({
      ...{ to: of.accessManager, name: 'schedule', args: [of.address, data, 0], from: ADMIN },
    })
    const to = { ...of, abi: [...of.abi, ...of.accessManager.abi] }
    return () => stage.chain.send({ to, name: 'upgradeToAndCall', args, from: ADMIN })
  }

  describe('pausing', () => {
    it('stops spending for three days at most, then not again for a week, and counts the seconds', async () => {
      await hubSend('pause', [], GUARDIAN)
      const start = await stage.now()
      await refuses(async (at) => spend(await proveFor(), { at }), 'PolicyHub__Paused')
      await assertReverts(hubSend('pause', [], GUARDIAN), 'PolicyHub__PauseTooSoon')
      await stage.moveTo(start + 3n * DAY)
      const paused = (): Promise<unknown> => stage.chain.read({ to: hub, name: 'pausedSeconds' })
      assert.equal(await paused(), 3n * DAY)
      await stage.publish(hub, DIGEST, ROOT)
      await spend(await proveFor())
      await assertReverts(hubSend('unpause', [], GUARDIAN), 'PolicyHub__NotPaused')
      await stage.moveTo(start + 10n * DAY - 2n)
      await assertReverts(hubSend('pause', [], GUARDIAN), 'PolicyHub__PauseTooSoon')
      await stage.moveTo(start + 10n * DAY)
      await hubSend('pause', [], GUARDIAN)
      const again = await stage.now()
      await stage.chain.control.setNextBlockTimestamp({ timestamp: again + 100n })
      await hubSend('unpause', [], GUARDIAN)
      assert.equal(await paused(), 3n * DAY + 100n)
      await stage.moveTo(again + DAY)
      assert.equal(await paused(), 3n * DAY + 100n)
    })

    it('does not stop what is checked as of a past time: votes under way go on', async () => {
      const timepoint = await stage.now()
      await stage.moveTo(timepoint + 10n)
      await hubSend('pause', [], GUARDIAN)
      await stage.chain.read({
        to: app,
        name: 'checkAt',
        args: [
          ...[timepoint, DIGEST, TOPIC, stage.address(ALICE), PAYLOAD],
          await proveFor({ signals: { now: timepoint } }),
        ],
      })
    })
  })

  describe('past times', () => {
    const rootAt = (timepoint: bigint): Promise<unknown> =>
      stage.chain.read({ to: hub, name: 'anchorsRootAt', args: [DIGEST, timepoint] })

    it('finds the root that was the latest then, and none that is of the present, too old, or retired', async () => {
      const first = await stage.now()
      await stage.moveTo(first + 100n)
      await stage.publish(hub, DIGEST, OTHER_ROOT)
      const second = await stage.now()
      await assertReverts(rootAt(second), 'PolicyHub__NotPast')
      await stage.moveTo(second + 50n)
      assert.equal(await rootAt(first), ROOT)
      assert.equal(await rootAt(second - 1n), ROOT)
      assert.equal(await rootAt(second), OTHER_ROOT)
      await assertReverts(rootAt(first - 1n), 'PolicyHub__RootUnknown')
      await stage.moveTo(second + MAX_ROOT_AGE + 10n)
      assert.equal(await rootAt(second + MAX_ROOT_AGE), OTHER_ROOT)
      await assertReverts(rootAt(second + MAX_ROOT_AGE + 1n), 'PolicyHub__RootExpired')
      await hubSend('retireAnchorsRoot', [DIGEST, OTHER_ROOT], PUBLISHER)
      await assertReverts(rootAt(second), 'PolicyHub__RootRetired')
      assert.equal(await rootAt(first), ROOT)
    })

    it('takes proofs of exactly that clock and that root', async () => {
      const timepoint = await stage.now()
      await stage.moveTo(timepoint + 5n)
      await stage.publish(hub, DIGEST, OTHER_ROOT)
      const check = async (signals: Partial<Signals>): Promise<unknown> =>
        stage.chain.read({
          to: asHub(app),
          name: 'checkAt',
          args: [timepoint, DIGEST, TOPIC, stage.address(ALICE), PAYLOAD, await proveFor({ signals })],
        })
      await check({ now: timepoint })
      await assertReverts(check({ now: timepoint + 1n }), 'PolicyHub__ClockOfAnotherTime')
      await assertReverts(check({ now: timepoint, anchorsRoot: OTHER_ROOT }), 'PolicyHub__RootOfAnotherTime')
      await assertReverts(check({ now: timepoint, verifierKey: 1n }), 'PolicyHub__ProofInvalid')
    })

    it('ends a closed policy, but not its electorates of before', async () => {
      const timepoint = await stage.now()
      await stage.moveTo(timepoint + 5n)
      await hubSend('closePolicy', [DIGEST], POLICIES)
      const closed = await stage.now()
      await stage.moveTo(closed + 5n)
      assert.equal(await rootAt(timepoint), ROOT)
      await assertReverts(rootAt(closed), 'PolicyHub__PolicyClosed')
      await refuses(async (at) => spend(await proveFor(), { at }), 'PolicyHub__PolicyClosed')
      await assertReverts(hubSend('closePolicy', [DIGEST], POLICIES), 'PolicyHub__PolicyClosed')
    })
  })

  describe('policies', () => {
    it('are added once, with a verifier that fits and a digest that can be', async () => {
      const wide = await setupFifteenSignals()
      const other = await deployVerifier({ chain: stage.chain, verificationKey: wide.verificationKey })
      const add = (policyDigest: bigint, verifier: Address = stage.verifier.address): Promise<unknown> =>
        stage.addPolicy(hub, policyDigest, { verifier })
      await assertReverts(add(DIGEST), 'PolicyHub__PolicyKnown')
      for (const digest of [0n, r, DIGEST + r]) await assertReverts(add(digest), 'PolicyHub__DigestInvalid')
      for (const verifier of [other.address, stage.address(ALICE), hub.address]) {
        await assertReverts(add(OTHER_DIGEST, verifier), 'PolicyHub__VerifierInvalid')
      }
      const strict = await stage.createHub(false, false)
      await assertReverts(stage.addPolicy(strict, OTHER_DIGEST), 'PolicyHub__DevelopmentKey')
      for (const root of [0n, r])
        await assertReverts(stage.publish(hub, DIGEST, root), 'PolicyHub__RootInvalid')
      await assertReverts(stage.publish(hub, OTHER_DIGEST, ROOT), 'PolicyHub__PolicyUnknown')
    })

    it('disclose a handle only if they say so', async () => {
      const proof = await proveFor({ signals: { handle: 7n } })
      await refuses((at) => spend(proof, { at }), 'PolicyHub__HandleNotZero')
      await stage.addPolicy(hub, OTHER_DIGEST, { disclosesHandle: true })
      await stage.publish(hub, OTHER_DIGEST, ROOT)
      const policyDigest = OTHER_DIGEST
      await spend(await proveFor({ policyDigest, signals: { handle: 7n } }), { policyDigest })
    })

    it('have hubs whose factory refuses to be their admin, or nobody', async () => {
      for (const admin of [ZERO_ADDRESS, stage.factory.address]) {
        const roles = { admin, policies: admin, publisher: admin, guardian: admin, delay: 0 }
        await assertReverts(
          stage.chain.send({ to: stage.factory, name: 'create', args: [roles, true, true] }),
          'PolicyHubFactory__RolesInvalid',
        )
      }
    })

    it('stand where ERC-7201 says', async () => {
      const inner = BigInt(keccak256(toHex('soulproof.storage.PolicyHub'))) - 1n
      const place = BigInt(keccak256(encodeAbiParameters([{ type: 'uint256' }], [inner]))) & ~0xffn
      const slot = keccak256(encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [DIGEST, place]))
      const word = await stage.chain.client.getStorageAt({ address: hub.address, slot })
      assert.ok(word!.toLowerCase().endsWith(stage.verifier.address.slice(2).toLowerCase()))
    })
  })

  describe('groups', () => {
    const GROUP = 31n
    let six: SixSignals
    let groups: Deployed

    before(async () => {
      six = await setupSixSignals()
    })
    beforeEach(async () => {
      groups = await deployVerifier({ chain: stage.chain, verificationKey: six.verificationKey })
      await stage.addPolicy(hub, GROUP, { verifier: groups.address, maxClockSkew: 0 })
      await stage.publish(hub, GROUP, ROOT)
    })

    interface MembershipSignals {
      readonly nullifier: bigint
      readonly root: bigint
      readonly scope: bigint
      readonly message: bigint
      readonly verifierKey: bigint
      readonly verifierKey2: bigint
    }

    /** Proves the signals of `membership` by a circuit that has as many, and nothing to prove. */
    async function proveMembership(o: Partial<MembershipSignals> = {}, at = app) {
      const { chainId } = stage.chain
      const { nullifier = NULLIFIER, root = ROOT, verifierKey = 0n, verifierKey2 = 0n } = o
      const {
        scope = scopeOf(chainId, hub.address, at.address, TOPIC),
        message = messageOf(chainId, hub.address, at.address, stage.address(ALICE), PAYLOAD),
      } = o
      const proof = await six.prove({
        ...{ oldRoot: nullifier, newRoot: root, ledgerId: scope },
        ...{ categories: message, queueLength: verifierKey, queueHead: verifierKey2 },
      })
      return { ...toSolidityProof(proof), nullifier, root }
    }

    const spendMembership = (
      proof: object,
      { at = app, group = GROUP, account = stage.address(ALICE), payload = PAYLOAD } = {},
    ): Promise<TransactionReceipt> => {
      const args = [group, TOPIC, account, payload, proof]
      return stage.chain.send({ to: at, name: 'spendMembership', args })
    }

    it('accepts a real proof of membership once, and then no policy’s of the same Soul in that topic', async () => {
      await using prover = await createProver()
      const soul = createSoul({ seed: new Uint8Array(32).fill(7) })
      const members = new Group([5n, soul.commitment, 6n])
      const { key } = VERIFICATION_KEYS.membership!
      const verifier = await deployVerifier({ chain: stage.chain, verificationKey: key })
      const group = 32n
      await stage.addPolicy(hub, group, { verifier: verifier.address, maxClockSkew: 0 })
      await stage.publish(hub, group, members.root)
      const { chainId } = stage.chain
      const { proof, publicSignals } = await prover.prove({
        ...{ statement: 'membership', soul, group: members },
        scope: scopeOf(chainId, hub.address, app.address, TOPIC),
        message: messageOf(chainId, hub.address, app.address, stage.address(ALICE), PAYLOAD),
      })
      const nullifier = BigInt(publicSignals[0]!)
      const given = { ...toSolidityProof(proof), nullifier, root: members.root }
      const receipt = await spendMembership(given, { group })
      matchSnapshot(new URL('./membership-gas.snapshot.json', import.meta.url), {
        'spendMembership, without calldata': await executionGas(stage.chain, receipt),
      })
      const [event] = parseEventLogs({ abi: hub.abi, logs: receipt.logs, eventName: 'Spent' })
      assert.deepEqual(event!.args, {
        ...{ policyDigest: group, app: getAddress(app.address), nullifier },
        ...{ topic: TOPIC, anchorsRoot: members.root },
      })
      await refuses((at) => spendMembership(given, { at, group }), 'PolicyHub__NullifierSpent')
      await refuses(
        async (at) => spend(await proveFor({ signals: { nullifier } }), { at }),
        'PolicyHub__NullifierSpent',
      )
    })

    it('refuses a copied proof, another app, a designated one, nullifier + r, and other roots', async () => {
      const proof = await proveMembership()
      const twin = asHub(await stage.chain.deploy(stage.contracts.BareApp!, [hub.address]))
      const account = stage.address(MALLORY)
      await refuses((at) => spendMembership(proof, { at, account }), 'PolicyHub__ProofInvalid')
      await refuses(
        (at) => spendMembership(proof, { at, payload: '0x'.padEnd(66, '2') as Hex }),
        'PolicyHub__ProofInvalid',
      )
      await assertReverts(spendMembership(proof, { at: twin }), 'PolicyHub__ProofInvalid')
      for (const key of [{ verifierKey: 1n }, { verifierKey2: 1n }]) {
        const designated = await proveMembership(key)
        await refuses((at) => spendMembership(designated, { at }), 'PolicyHub__ProofInvalid')
      }
      await refuses((at) => spendMembership({ ...proof, root: OTHER_ROOT }, { at }), 'PolicyHub__RootUnknown')
      await refuses((at) => spendMembership(proof, { at, group: 33n }), 'PolicyHub__PolicyUnknown')
      await spendMembership(proof)
      const alias = { ...proof, nullifier: proof.nullifier + r }
      await refuses((at) => spendMembership(alias, { at }), 'PolicyHub__ProofInvalid')
      await hubSend('retireAnchorsRoot', [GROUP, ROOT], PUBLISHER)
      const other = await proveMembership({ nullifier: 9n })
      await refuses((at) => spendMembership(other, { at }), 'PolicyHub__RootRetired')
    })

    it('refuses membership for a policy and a policy for a group, whose verifiers have other signals', async () => {
      const membership = await proveMembership()
      await assert.rejects(spendMembership(membership, { group: DIGEST }), /revert/)
      await assert.rejects(
        spend(await proveFor({ policyDigest: GROUP }), { policyDigest: GROUP }),
        /revert|ClockSkew/,
      )
      assert.equal(await isSpent(), false)
    })

    it('stop with a pause and with the closing of their entry, as policies do', async () => {
      const proof = await proveMembership()
      await hubSend('pause', [], GUARDIAN)
      await refuses((at) => spendMembership(proof, { at }), 'PolicyHub__Paused')
      await hubSend('unpause', [], GUARDIAN)
      await hubSend('closePolicy', [GROUP], POLICIES)
      await refuses((at) => spendMembership(proof, { at }), 'PolicyHub__PolicyClosed')
    })
  })

  it('accepts exactly what a model accepts, whatever is published, retired, paused and spent in between', async function () {
    this.timeout(120_000)
    // Two policies, three roots, three nullifiers; proofs are made once, for clocks that all stay within the skew.
    await stage.addPolicy(hub, OTHER_DIGEST, { grace: 20, maxRootAge: 60 })
    const digests = [DIGEST, OTHER_DIGEST]
    const rootsOf = [ROOT, OTHER_ROOT, 77n]
    const { publishedAt: at } = (await stage.chain.read({
      ...{ to: hub, name: 'rootTimes', args: [DIGEST, ROOT] },
    })) as { publishedAt: number }
    const publishedAt = BigInt(at)
    const start = (await stage.now()) + 10n
    const proofs = new Map<string, PolicyProof>()
    for (const d of [0, 1]) {
      for (const root of [0, 1, 2]) {
        for (const nullifier of [1n, 2n]) {
          proofs.set(
            `${d} ${root} ${nullifier}`,
            await proveFor({
              policyDigest: digests[d]!,
              signals: { nullifier, anchorsRoot: rootsOf[root]!, now: start + 120n },
            }),
          )
        }
      }
    }
    const command = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('publish' as const), d: fc.nat(1), root: fc.nat(2) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant('retire' as const), d: fc.nat(1), root: fc.nat(2) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'unpause' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('wait' as const),
          seconds: fc.integer({ min: 1, max: 30 }),
        }),
      },
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('spend' as const),
          d: fc.nat(1),
          root: fc.nat(2),
          nullifier: fc.constantFrom(1n, 2n),
        }),
      },
    )
    let accepted = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 8, maxLength: 14 }), async (commands) => {
        const id = await stage.chain.control.snapshot()
        const model = createModel(publishedAt)
        let clock = start
        for (const one of commands) {
          clock += one.kind === 'wait' ? BigInt(one.seconds) : 1n
          if (clock > start + 400n) break
          await stage.chain.control.setNextBlockTimestamp({ timestamp: clock })
          if (one.kind === 'wait') {
            await stage.chain.control.mine({ blocks: 1 })
            continue
          }
          const expected = model.run(one, clock)
          const call =
            one.kind === 'spend'
              ? transact(app, 'spend', [
                  ...[digests[one.d], TOPIC, stage.address(ALICE), PAYLOAD],
                  proofs.get(`${one.d} ${one.root} ${one.nullifier}`),
                ])
              : 'root' in one
                ? transact(
                    hub,
                    one.kind === 'publish' ? 'publishAnchorsRoot' : 'retireAnchorsRoot',
                    [digests[one.d], rootsOf[one.root]],
                    PUBLISHER,
                  )
                : transact(hub, one.kind, [], GUARDIAN)
          assert.equal(await call, expected, `${one.kind} at ${clock - start}`)
          if (one.kind === 'spend') expected ? accepted++ : refused++
        }
        await stage.chain.control.revert({ id })
      }),
      { numRuns: 6, seed: 9 },
    )
    assert.ok(accepted > 3 && refused > 3, `${accepted} accepted, ${refused} refused`)
  })

  /** Mines a transaction whatever it does, and tells whether it succeeded. */
  async function transact(to: Deployed, name: string, args: readonly unknown[], from = 0): Promise<boolean> {
    const wallet = stage.chain.wallets[from]!
    const hash = await wallet.writeContract({
      ...{ address: to.address, abi: to.abi, functionName: name, args, gas: 2_000_000n },
    } as never)
    const receipt = await stage.chain.client.waitForTransactionReceipt({ hash })
    return receipt.status === 'success'
  }
})

interface ModelCommand {
  readonly kind: 'publish' | 'retire' | 'pause' | 'unpause' | 'spend'
  readonly d?: number
  readonly root?: number
  readonly nullifier?: bigint
}

/** What a hub should do, written from the documentation; the first policy has its first root. */
function createModel(publishedAt: bigint) {
  const times = [
    { grace: GRACE, maxAge: MAX_ROOT_AGE },
    { grace: 20n, maxAge: 60n },
  ]
  const published: { root: number; at: bigint }[][] = [[{ root: 0, at: publishedAt }], []]
  const retired = [new Set<number>(), new Set<number>()]
  const spent = new Set<bigint>()
  let paused: { from: bigint; until: bigint } | undefined
  return {
    run({ kind, d = 0, root = 0, nullifier = 0n }: ModelCommand, now: bigint): boolean {
      const list = published[d]!
      if (kind === 'publish') {
        if (retired[d]!.has(root)) return false
        list.push({ root, at: now })
        return true
      }
      if (kind === 'retire') {
        if (!list.some((one) => one.root === root) || retired[d]!.has(root)) return false
        retired[d]!.add(root)
        return true
      }
      if (kind === 'pause') {
        if (paused !== undefined && now < paused.until + 7n * DAY) return false
        paused = { from: now, until: now + 3n * DAY }
        return true
      }
      if (kind === 'unpause') {
        if (paused === undefined || now >= paused.until) return false
        paused = { ...paused, until: now }
        return true
      }
      if (paused !== undefined && now < paused.until) return false
      const last = list.findLastIndex((one) => one.root === root)
      if (last < 0 || retired[d]!.has(root) || spent.has(nullifier)) return false
      const next = list[last + 1]
      if (now - list[last]!.at > times[d]!.maxAge) return false
      if (next !== undefined && now - next.at > times[d]!.grace) return false
      spent.add(nullifier)
      return true
    },
  }
}
