import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Address, type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import {
  type Deployed,
  type LocalChain,
  type PolicyProof,
  startChain,
  toPolicyProof,
} from '../../scripts/lib/chain.js'
import { type CompiledContract, compileSolidity } from '../../scripts/lib/solc.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { anchorsRoot, compilePolicy, type Policy, parsePolicy, policyDigest } from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import { encodeClaim } from '../../src/sbt/schema.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { createVerifier, type Verifier, verifyGroth16 } from '../../src/verifier/index.js'
import { assertReverts, deployVerifier, executionGas, matchSnapshot, rerandomise } from '../support/chain.js'
import {
  ALICE,
  BOB,
  CITIZENSHIP,
  DEGREE,
  grant,
  NOW,
  openOffice,
  refresh,
  rootsOf,
  SOCIAL,
} from '../support/world.js'

const MAX_ROOT_AGE = 200n
const MAX_CLOCK_SKEW = 300n

const state = openOffice(21)
const university = openOffice(22)
const network = openOffice(23)
const issued = [
  grant({ office: state, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 500_000_000n } }),
  grant({
    ...{ office: university, schema: DEGREE, claims: { major: 'economics', year: 2009n } },
    by: 'registry',
  }),
  grant({ office: network, schema: SOCIAL, claims: { followers: 50_001n } }),
]
const wallet = {
  soul: ALICE,
  sbts: issued.map((held, i) => refresh(held, [state, university, network][i]!)),
}
const roots = rootsOf(state, university, network)

const citizenship = { issuers: [state.id], schema: CITIZENSHIP.name }
const isAdult = { claim: 'citizenship.birthDate', lte: { now: -568025136 } }
const isCitizen = { claim: 'citizenship.country', eq: 'CA' }
const large = {
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims, 'degree/1': DEGREE.claims, 'social/1': SOCIAL.claims },
  sbts: {
    citizenship,
    degree: { issuers: [university.id, state.id], schema: DEGREE.name },
    social: { issuers: [network.id], schema: SOCIAL.name, revocation: 'none' },
  },
  reveal: ['citizenship.country', 'degree.year'],
}
const isEconomist = { claim: 'degree.major', in: ['economics', 'econometrics'] }

/** Per profile: a policy that reveals something, and a weaker one that the same wallet satisfies. */
const POLICIES: readonly {
  readonly name: 'policy-s' | 'policy-m'
  readonly other: 'policy-s' | 'policy-m'
  readonly policy: Policy
  readonly weaker: Policy
}[] = [
  {
    name: 'policy-s',
    other: 'policy-m',
    ...pair(
      (require) => ({
        version: 1,
        schemas: { 'citizenship/1': CITIZENSHIP.claims },
        sbts: { citizenship },
        require: { all: [isAdult, ...require] },
        reveal: ['citizenship.country'],
      }),
      [isCitizen],
    ),
  },
  {
    name: 'policy-m',
    other: 'policy-s',
    ...pair(
      (require) => ({
        ...large,
        require: { all: [isAdult, isCitizen, isEconomist, { has: 'social' }, ...require] },
      }),
      [{ claim: 'social.followers', gt: 50_000 }],
    ),
  },
]

function pair(
  policyWith: (extra: readonly object[]) => object,
  extra: readonly object[],
): { policy: Policy; weaker: Policy } {
  return { policy: parsePolicy(policyWith(extra)), weaker: parsePolicy(policyWith([])) }
}

describe('PolicyGate with real proofs', () => {
  let claim: CompiledContract
  let prover: Prover
  let verifier: Verifier
  const gas: Record<string, number> = {}

  before(async () => {
    const source = readFileSync('contracts/examples/AccountClaim.sol', 'utf8')
    claim = compileSolidity({ sources: { 'examples/AccountClaim.sol': source } }).AccountClaim!
    ;[prover, verifier] = await Promise.all([createProver(), createVerifier({ allowDevelopmentKeys: true })])
  })
  after(() => prover?.dispose())

  for (const { name, other, policy, weaker } of POLICIES) {
    describe(name, () => {
      const root = anchorsRoot({ policy, roots })
      const { key } = VERIFICATION_KEYS[name]!
      let chain: LocalChain
      let onChain: Deployed
      let gate: Deployed
      let now: bigint
      let envelope: Envelope
      let proof: PolicyProof
      let snapshot: Hex

      before(async () => {
        assert.deepEqual(
          [policy, weaker].map((each) => compilePolicy(each).profile.name),
          [name, name],
        )
        chain = await startChain()
        onChain = await deployVerifier({ chain, verificationKey: key })
        gate = await deployGate()
        now = (await chain.client.getBlock()).timestamp
        assert.ok(now > NOW, 'the SBTs are issued before the node starts')
        envelope = await prove()
        proof = toPolicyProof(envelope)
      })
      after(() => chain?.stop())
      beforeEach(async () => {
        snapshot = await chain.control.snapshot()
        // A clock that does not depend on how long proofs take.
        await publishAt(now + 60n)
      })
      afterEach(() => chain.control.revert({ id: snapshot }))

      const address = (index: number): Address => chain.wallets[index]!.account.address

      async function deployGate(changes: object = {}): Promise<Deployed> {
        const settings = {
          verifier: onChain.address,
          policyDigest: policyDigest(policy),
          maxRootAge: MAX_ROOT_AGE,
          maxClockSkew: MAX_CLOCK_SKEW,
          disclosesHandle: false,
          allowDevelopmentKey: true,
          owner: address(0),
          ...changes,
        }
        const deployed = await chain.deploy(claim, [settings])
        await chain.send({ to: deployed, name: 'publishAnchorsRoot', args: [root] })
        return deployed
      }

      /** Publishes the root in a block of this time. */
      async function publishAt(timestamp: bigint): Promise<void> {
        await chain.control.setNextBlockTimestamp({ timestamp })
        await chain.send({ to: gate, name: 'publishAnchorsRoot', args: [root] })
      }

      /** Mines a block of this time, as of which calls are simulated. */
      async function moveTo(timestamp: bigint): Promise<void> {
        await chain.control.setNextBlockTimestamp({ timestamp })
        await chain.control.mine({ blocks: 1 })
      }

      /** Asks the gate what to prove, and proves it. */
      async function prove(
        changes: { readonly policy?: Policy; readonly verifierKey?: bigint; readonly caller?: number } = {},
      ): Promise<Envelope> {
        const { caller = 1, ...others } = changes
        const [scope, message] = (await Promise.all([
          chain.read({ to: gate, name: 'scope' }),
          chain.read({ to: gate, name: 'messageFor', args: [address(caller), '0x'] }),
        ])) as [bigint, bigint]
        return prover.prove({ ...wallet, policy, roots, now, scope, message, ...others })
      }

      function enter(
        given: PolicyProof,
        o: { readonly to?: Deployed; readonly from?: number; readonly payload?: Hex } = {},
      ): Promise<TransactionReceipt> {
        const { to = gate, from = 1, payload = '0x' } = o
        return chain.send({ to, name: 'enter', args: [given, payload], from })
      }

      const assertValid = async ({ proof, publicSignals }: Envelope): Promise<void> =>
        assert.equal(await verifyGroth16({ verificationKey: key, publicSignals, proof }), true)

      it('accepts what the TypeScript verifier accepts, with the same nullifier and reveals', async () => {
        const [scope, message] = [BigInt(envelope.publicSignals[5]!), BigInt(envelope.publicSignals[6]!)]
        const verified = await verifier.verify({ policy, roots: [roots], now, scope, message, envelope })
        assert.ok(verified.valid)
        const receipt = await enter(proof)
        const [event] = parseEventLogs({ abi: gate.abi, logs: receipt.logs, eventName: 'PolicyAccepted' })
        const { caller, nullifier, reveals, handle, anchorsRoot } = event!.args as Record<string, unknown>
        assert.deepEqual([caller, nullifier, handle, anchorsRoot], [address(1), verified.nullifier, 0n, root])
        const revealed = policy.reveal.map(({ slot, claim, type }) =>
          encodeClaim(type, verified.revealed[`${slot}.${claim}`], 'claim'),
        )
        assert.deepEqual(reveals, [...revealed, 0n].slice(0, 2))
        assert.equal(await chain.read({ to: gate, name: 'claimed', args: [address(1)] }), true)
        gas[`AccountClaim.enter of ${name}, without calldata`] = await executionGas(chain, receipt)
      })

      it('refuses a second claim: the same proof, a rerandomised one, a new one for another caller', async () => {
        await enter(proof)
        await assertReverts(enter(proof), 'PolicyGate__NullifierSpent')
        const { publicSignals } = envelope
        const again = { publicSignals, proof: rerandomise(envelope.proof, 7n) }
        await assertReverts(enter(toPolicyProof(again)), 'PolicyGate__NullifierSpent')
        const elsewhere = await prove({ caller: 2 })
        await assertValid(elsewhere)
        await assertReverts(enter(toPolicyProof(elsewhere), { from: 2 }), 'PolicyGate__NullifierSpent')
      })

      it('refuses a second nullifier: + 1, and + r (alias)', async () => {
        const { nullifier } = proof
        for (const changed of [nullifier + 1n, nullifier + FIELD_MODULUS]) {
          await assertReverts(enter({ ...proof, nullifier: changed }), 'PolicyGate__ProofInvalid')
        }
      })

      it('refuses a copy by another caller, and with another payload', async () => {
        await assertReverts(enter(proof, { from: 2 }), 'PolicyGate__ProofInvalid')
        await assertReverts(enter(proof, { payload: '0x00' }), 'PolicyGate__ProofInvalid')
      })

      it('refuses a copy on a fork with another chain id', async () => {
        const setChainId = (id: number): Promise<unknown> =>
          chain.control.request({ method: 'anvil_setChainId' as never, params: [id] as never })
        const simulated = (): Promise<unknown> =>
          chain.client.simulateContract({
            ...{ address: gate.address, abi: gate.abi, functionName: 'enter', args: [proof, '0x'] },
            account: address(1),
          })
        await simulated()
        await setChainId(chain.chainId + 1)
        try {
          await assertReverts(simulated(), 'PolicyGate__ProofInvalid')
        } finally {
          await setChainId(chain.chainId)
        }
        await simulated()
      })

      it('refuses a copy at another contract for the same policy', async () => {
        const twin = await deployGate()
        await assertReverts(enter(proof, { to: twin }), 'PolicyGate__ProofInvalid')
      })

      it('refuses other anchors: unknown, and published ones that the proof is not for', async () => {
        const forged = rootsOf(
          { ...state, status: university.status, registry: university.registry },
          network,
        )
        const changed = { ...proof, anchorsRoot: anchorsRoot({ policy, roots: forged }) }
        await assertReverts(enter(changed), 'PolicyGate__RootUnknown')
        await chain.send({ to: gate, name: 'publishAnchorsRoot', args: [changed.anchorsRoot] })
        await assertReverts(enter(changed), 'PolicyGate__ProofInvalid')
      })

      it('refuses an expired root until it is published again', async () => {
        await moveTo(now + 60n + MAX_ROOT_AGE + 1n)
        await assertReverts(enter(proof), 'PolicyGate__RootExpired')
        await publishAt(now + MAX_CLOCK_SKEW - 10n)
        await enter(proof)
      })

      it('refuses a stale clock, and one set right without a proof', async () => {
        await publishAt(now + MAX_CLOCK_SKEW + 60n)
        await assertReverts(enter(proof), 'PolicyGate__ClockSkew')
        await assertReverts(enter({ ...proof, provedAt: proof.provedAt + 60n }), 'PolicyGate__ProofInvalid')
      })

      it('refuses a designated proof, though its verifierKey makes it valid', async () => {
        const designated = await prove({ verifierKey: BOB.commitment })
        await assertValid(designated)
        await assertReverts(enter(toPolicyProof(designated)), 'PolicyGate__ProofInvalid')
      })

      it('refuses a valid proof of a weaker policy', async () => {
        assert.equal(anchorsRoot({ policy: weaker, roots }), root)
        const foreign = await prove({ policy: weaker })
        await assertValid(foreign)
        await assertReverts(enter(toPolicyProof(foreign)), 'PolicyGate__ProofInvalid')
      })

      it('refuses other reveals and a handle that the policy does not disclose', async () => {
        const [first, second] = proof.reveals
        for (const reveals of [
          [first + 1n, second],
          [first, second + 1n],
        ] as const) {
          await assertReverts(enter({ ...proof, reveals }), 'PolicyGate__ProofInvalid')
        }
        await assertReverts(enter({ ...proof, handle: 1n }), 'PolicyGate__HandleNotZero')
        const disclosing = await deployGate({ disclosesHandle: true })
        await assertReverts(enter({ ...proof, handle: 1n }, { to: disclosing }), 'PolicyGate__ProofInvalid')
      })

      it(`refuses to be verified by the key of ${other}, which has as many signals`, async () => {
        const wrong = await deployVerifier({ chain, verificationKey: VERIFICATION_KEYS[other]!.key })
        // As long as the gate's own verifier is in place, this very proof is fine.
        await chain.client.simulateContract({
          ...{ address: gate.address, abi: gate.abi, functionName: 'enter', args: [proof, '0x'] },
          account: address(1),
        })
        const code = await chain.client.getCode({ address: wrong.address })
        await chain.control.setCode({ address: onChain.address, bytecode: code! })
        await assertReverts(enter(proof), 'PolicyGate__ProofInvalid')
      })
    })
  }

  // In a suite of its own, because mocha runs a suite's own tests before the suites in it.
  describe('gas', () => {
    it('is that of the snapshot', () => {
      matchSnapshot(new URL('./policy-gas.snapshot.json', import.meta.url), gas)
    })
  })
})
