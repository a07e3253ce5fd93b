import assert from 'node:assert/strict'
import { SetTree } from '../../src/merkle/index.js'
import { parsePolicy, policyDigest } from '../../src/policy/index.js'
import { createProver } from '../../src/prover/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { createVerifier } from '../../src/verifier/index.js'
import { describeLadder } from '../support/ladder.js'
import { rawPolicy } from '../support/raw-policy.js'
import { POLICY_SIGNAL_NAMES } from '../support/signal-names.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import {
  ALICE,
  BOB,
  CITIZENSHIP,
  grant,
  NOW,
  openOffice,
  PERSON,
  refresh,
  rootsOf,
} from '../support/world.js'

const state = openOffice(1)
const rival = openOffice(2)
const CONTEXT = { scope: 'accounts', message: 'session 1' }

const adult = parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { citizenship: { issuers: [state.id, rival.id], schema: 'citizenship/1', maxAge: 2592000 } },
  require: {
    all: [
      { claim: 'citizenship.country', in: ['CA', 'FR'] },
      { claim: 'citizenship.birthDate', lte: { now: -568025136 } },
    ],
  },
  reveal: ['citizenship.country'],
})
const passport = grant({
  office: state,
  schema: CITIZENSHIP,
  claims: { country: 'CA', birthDate: 500_000_000n },
})
const registered = grant({
  office: rival,
  schema: CITIZENSHIP,
  claims: { country: 'FR', birthDate: -86400n },
  by: 'registry',
  expiresAt: NOW + 1n,
})
const roots = rootsOf(state, rival)
const raw = { policy: adult, roots, soul: ALICE, context: CONTEXT }

// Computed once at the first release; it must never change.
const GOLDEN_DIGEST = 3535483137641557406062416401115266746738906076206708564352300945104612753749n

describe('policy-s', () => {
  for (const [title, held] of [
    ['signed, with a status', passport],
    ['registered, the last second before it expires', refresh(registered, rival)],
  ] as const) {
    describeLadder(title, () => {
      const wallet = { soul: ALICE, sbts: [held], policy: adult, roots, now: NOW }
      return {
        statement: 'policy-s',
        prove: { ...CONTEXT, ...wallet },
        verify: { ...CONTEXT, policy: adult, roots: [rootsOf(state), roots], now: NOW + 300n },
        prepared: preparePolicy({ ...wallet, context: contextSignals(CONTEXT) }),
        signalNames: POLICY_SIGNAL_NAMES,
      }
    })
  }

  it('names roots that came as text, and does not blame the wallet', () => {
    const issuers = Object.fromEntries(
      Object.entries(roots.issuers).map(([id, own]) => [
        id,
        Object.fromEntries(Object.entries(own).map(([kind, root]) => [kind, String(root)])),
      ]),
    )
    const wallet = { soul: ALICE, sbts: [passport], policy: adult, roots: { issuers } as never, now: NOW }
    assert.throws(() => preparePolicy({ ...wallet, context: contextSignals(CONTEXT) }), {
      name: 'TypeError',
      message: /(registry|status) root/,
    })
  })

  it('commits to its name, so that the same policy has one digest in every release', () => {
    const fixed = parsePolicy({
      version: 1,
      schemas: { 'citizenship/1': { country: 'string' } },
      sbts: {
        c: { issuers: ['eip155:1:0x00000000000000000000000000000000000000aa'], schema: 'citizenship/1' },
      },
      require: { claim: 'c.country', eq: 'CA' },
    })
    assert.equal(policyDigest(fixed), GOLDEN_DIGEST)
  })

  describe('an SBT that does not count is refused by the library with a reason, and by the circuit', () => {
    const refuses = async (
      title: string,
      change: Partial<Parameters<typeof rawPolicy>[0]> & {
        readonly fill: Parameters<typeof rawPolicy>[0]['fill']
      },
    ): Promise<void> => {
      const options = { ...raw, ...change }
      const { policy, soul, now = NOW } = options
      const wallet = { soul, sbts: options.fill.map(([, held]) => held), policy, roots: options.roots, now }
      assert.throws(
        () => preparePolicy({ ...wallet, context: contextSignals(CONTEXT) }),
        { name: 'StatementError' },
        title,
      )
      await assertRefused(openStatement('policy-s'), rawPolicy(options).inputs)
    }
    const claims = { country: 'CA', birthDate: 0n }
    const office = state
    const fillWith = (held: typeof passport) => ({ fill: [['citizenship', held]] as const })

    it('the control: this wallet is accepted by both', async () => {
      const { inputs, publicSignals } = rawPolicy({ ...raw, ...fillWith(passport) })
      await assertAccepted(openStatement('policy-s'), inputs, publicSignals)
    })

    it('row 26: of another Soul', () =>
      refuses('soul', fillWith(grant({ office, schema: CITIZENSHIP, claims, soul: BOB }))))
    it('row 26: held by the Soul under another salt', () =>
      refuses('salt', fillWith({ ...passport, salt: passport.salt + 1n })))
    it('row 26: expired', () =>
      refuses('expired', fillWith(grant({ office, schema: CITIZENSHIP, claims, expiresAt: NOW }))))
    it('row 26: of the future', () =>
      refuses('future', fillWith(grant({ office, schema: CITIZENSHIP, claims, issuedAt: NOW + 1n }))))
    it('row 26: older than maxAge by a second', () =>
      refuses('age', fillWith(grant({ office, schema: CITIZENSHIP, claims, issuedAt: NOW - 2592001n }))))
    it('of an issuer that the policy does not accept', () =>
      refuses('issuer', fillWith(grant({ office: openOffice(9), schema: CITIZENSHIP, claims }))))
    it('with a claim that the issuer did not sign', () => {
      const forged = { ...passport.sbt, claims: { ...passport.sbt.claims, birthDate: 1n } }
      return refuses('claim', fillWith({ ...passport, sbt: forged }))
    })
    it('a minor by one second', () =>
      refuses(
        'minor',
        fillWith(
          grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: NOW - 568025135n } }),
        ),
      ))
    it('of the wrong country', () =>
      refuses(
        'country',
        fillWith(grant({ office, schema: CITIZENSHIP, claims: { country: 'US', birthDate: 0n } })),
      ))

    it('row 27: revoked in the status tree, also with an opening of the tree as it was before', async () => {
      const strict = openOffice(31)
      const policy = policyFor(strict.id)
      const held = grant({ office: strict, schema: CITIZENSHIP, claims })
      const before = rootsOf(strict)
      const { inputs, publicSignals } = rawPolicy({ ...raw, policy, roots: before, ...fillWith(held) })
      await assertAccepted(openStatement('policy-s'), inputs, publicSignals)
      strict.status.revoke(held.sbt.statusId)
      await refuses('stale opening', { policy, roots: rootsOf(strict), ...fillWith(held) })
      await refuses('fresh opening', { policy, roots: rootsOf(strict), ...fillWith(refresh(held, strict)) })
    })

    it('row 27: revoked in the registry, and the empty leaf or the status tree of another kind does not help', async () => {
      const strict = openOffice(32)
      const policy = policyFor(strict.id)
      const held = grant({ office: strict, schema: CITIZENSHIP, claims, by: 'registry' })
      strict.registry.revoke(0)
      const current = rootsOf(strict)
      await refuses('stale opening', { policy, roots: current, ...fillWith(held) })
      await refuses('fresh opening', { policy, roots: current, ...fillWith(refresh(held, strict)) })
    })

    it("row 27: an empty place of the registry does not pass as 'not revoked'", async () => {
      const strict = openOffice(33)
      const policy = policyFor(strict.id)
      const held = grant({ office: strict, schema: CITIZENSHIP, claims })
      assert.ok('signature' in held.anchor)
      strict.status.revoke(held.sbt.statusId)
      for (let i = 0; i <= held.sbt.statusId; i++) strict.registry.insert(99n)
      strict.registry.revoke(held.sbt.statusId)
      const status = strict.registry.proof(held.sbt.statusId)
      const fill = fillWith({ ...held, anchor: { signature: held.anchor.signature, status } })
      const current = rootsOf(strict)
      await refuses('registry for status', { policy, roots: current, ...fill })
      const { inputs } = rawPolicy({ ...raw, policy, roots: current, ...fill })
      await assertRefused(openStatement('policy-s'), {
        ...inputs,
        statusRoot: inputs['registryRoot'] as bigint[],
      })
    })

    it("row 27: a signed SBT's status at another place", async () => {
      assert.ok('signature' in passport.anchor)
      const status = state.status.proof(8)
      await refuses(
        'statusId',
        fillWith({ ...passport, anchor: { signature: passport.anchor.signature, status } }),
      )
    })

    it("a signature of another SBT of the same issuer, and another issuer's", async () => {
      const other = grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 1n } })
      await refuses('swapped', fillWith({ ...passport, anchor: other.anchor }))
      const impostor = grant({ office: openOffice(9), schema: CITIZENSHIP, claims })
      await refuses('impostor', fillWith({ ...impostor, sbt: { ...impostor.sbt, issuer: state.id } }))
    })
  })

  describe('what is derived cannot be chosen', () => {
    const fill = [['citizenship', passport]] as const
    const statement = () => openStatement('policy-s')
    it('row 29: another reveal, and a reveal where the policy has none', async () => {
      const { signals } = rawPolicy({ ...raw, fill })
      await assertRefused(
        statement(),
        rawPolicy({ ...raw, fill, signals: { reveal: [signals.reveal[0]! + 1n, 0n] } }).inputs,
      )
      await assertRefused(
        statement(),
        rawPolicy({ ...raw, fill, signals: { reveal: [signals.reveal[0]!, 1n] } }).inputs,
      )
    })
    it('row 7: another nullifier', async () => {
      await assertRefused(statement(), rawPolicy({ ...raw, fill, signals: { nullifier: 5n } }).inputs)
    })
    it('a handle where the policy discloses none', async () => {
      await assertRefused(statement(), rawPolicy({ ...raw, fill, signals: { handle: 5n } }).inputs)
    })
    it('row 14: another digest, and each program bit under the same digest', async () => {
      await assertRefused(statement(), rawPolicy({ ...raw, fill, signals: { policyDigest: 5n } }).inputs)
      const { inputs } = rawPolicy({ ...raw, fill })
      const bits = inputs['program'] as readonly bigint[]
      for (let i = 0; i < bits.length; i += 13) {
        await assertRefused(statement(), { ...inputs, program: bits.with(i, 1n - bits[i]!) })
      }
    })
    it('row 27: another snapshot', async () => {
      await assertRefused(statement(), rawPolicy({ ...raw, fill, signals: { anchorsRoot: 5n } }).inputs)
    })
    it('row 14: flags or maxAge that the snapshot does not say', async () => {
      const { inputs } = rawPolicy({ ...raw, fill })
      for (const flag of ['wantsStatus', 'acceptsSigned', 'acceptsRegistered'] as const) {
        await assertRefused(statement(), {
          ...inputs,
          [flag]: (inputs[flag] as bigint[]).map((value) => 1n - value),
        })
      }
      await assertRefused(statement(), { ...inputs, maxAge: [2n ** 64n - 1n] })
    })
    it("row 16: a contract's type cannot be signed for", async () => {
      const { inputs } = rawPolicy({ ...raw, fill })
      await assertRefused(statement(), { ...inputs, isContract: [1n] })
    })
  })

  describe("the verifier's branch", () => {
    const context = { ...CONTEXT, verifierKey: BOB.commitment }
    const signals = { reveal: [1n, 2n], handle: 3n, nullifier: 4n, anchorsRoot: 5n, now: 6n }
    it('row 22: has a witness whatever the other signals say', async () => {
      for (const now of [0n, NOW, 2n ** 253n]) {
        const forged = { ...raw, context, soul: BOB, fill: [], signals: { ...signals, now } }
        const { inputs, publicSignals } = rawPolicy({ ...forged, now })
        await assertAccepted(openStatement('policy-s'), inputs, publicSignals)
      }
    })
    it('row 22: but not for another digest than a policy has, nor for anybody else', async () => {
      const forged = { ...raw, context, soul: BOB, fill: [], signals }
      await assertRefused(
        openStatement('policy-s'),
        rawPolicy({ ...forged, signals: { ...signals, policyDigest: 1n } }).inputs,
      )
      await assertRefused(openStatement('policy-s'), rawPolicy({ ...forged, soul: ALICE }).inputs)
      await assertRefused(openStatement('policy-s'), rawPolicy({ ...forged, context: CONTEXT }).inputs)
    })
  })

  describe('nullifiers and handles', () => {
    const person = grant({
      office: state,
      schema: PERSON,
      claims: {
        seed: 123456789n,
        score: -5n,
        born: 0n,
        active: true,
        city: 'Oslo',
        code: Uint8Array.of(1, 2),
        points: 9n,
      },
    })
    const base = {
      version: 1,
      schemas: { 'person/1': PERSON.claims },
      sbts: { person: { issuers: [state.id], schema: 'person/1' } },
      require: { has: 'person' },
    }
    it('a personal nullifier is the same for two Souls of one person, a Soul nullifier is not', async () => {
      const twin = grant({ office: state, schema: PERSON, claims: person.sbt.claims, soul: BOB })
      for (const [policy, same] of [
        [parsePolicy({ ...base, nullifier: { claim: 'person.seed' } }), true],
        [parsePolicy(base), false],
      ] as const) {
        const of = async (soul: typeof ALICE, held: typeof person) => {
          const prepared = preparePolicy({
            policy,
            roots: rootsOf(state),
            now: NOW,
            soul,
            sbts: [held],
            context: contextSignals(CONTEXT),
          })
          await assertAccepted(openStatement('policy-s'), prepared.inputs, prepared.publicSignals)
          return prepared.publicSignals[3]
        }
        assert.equal((await of(ALICE, person)) === (await of(BOB, twin)), same)
      }
    })
    it('handles are equal within a ledger, differ between ledgers, and have 248 bits', async () => {
      const handles = []
      for (const id of ['eip155:1:0xaa', 'eip155:1:0xaa', 'eip155:1:0xbb']) {
        const policy = parsePolicy({
          ...base,
          ledgers: { credit: { id, categories: ['unpaid'] } },
          discloseHandle: 'credit',
        })
        const { inputs, publicSignals } = rawPolicy({
          ...raw,
          policy,
          roots: rootsOf(state),
          fill: [['person', person]],
        })
        await assertAccepted(openStatement('policy-s'), inputs, publicSignals)
        handles.push(BigInt(publicSignals[2]!))
      }
      assert.equal(handles[0], handles[1])
      assert.notEqual(handles[0], handles[2])
      assert.ok(handles.every((handle) => handle > 0n && handle < 2n ** 248n))
    })
    it('reveals of every claim type come back as they were', async () => {
      const policy = parsePolicy({ ...base, reveal: ['person.score', 'person.code'] })
      const prepared = preparePolicy({
        policy,
        roots: rootsOf(state),
        now: NOW,
        soul: ALICE,
        sbts: [person],
        context: contextSignals(CONTEXT),
      })
      assert.deepEqual(prepared.revealed, { 'person.score': '-5', 'person.code': '0x0102' })
      await assertAccepted(openStatement('policy-s'), prepared.inputs, prepared.publicSignals)
    })
  })

  describe('clocks below 2^64, and none beyond', () => {
    const last = 2n ** 64n - 1n
    const policy = parsePolicy({ ...smallest(), require: { has: 'c' } })
    const wallet = { policy, roots, soul: ALICE, sbts: [passport] }
    it('the last clock is proved and verified, the next is refused by prover and verifier by name', async () => {
      const prover = await createProver()
      const verifier = await createVerifier({ allowDevelopmentKeys: true })
      try {
        const envelope = await prover.prove({ ...CONTEXT, ...wallet, now: last })
        const expected = { ...CONTEXT, policy, roots: [roots], envelope }
        for (const [now, maxClockSkew] of [
          [last, 0n],
          [last, 300n],
          [last - 300n, 300n],
          [0n, last],
        ] as const) {
          const result = await verifier.verify({ ...expected, now, maxClockSkew })
          assert.equal(result.valid, true, `${now} ${maxClockSkew}`)
        }
        const reason =
          "publicSignals.now: is not what the verifier expects (its clock is further from the verifier's than maxClockSkew)"
        const outOfTime = { valid: false, reason }
        const early = await verifier.verify({ ...expected, now: last - 301n })
        assert.deepEqual(early, outOfTime)
        const outside = { name: 'RangeError', message: /^now must/ }
        await assert.rejects(prover.prove({ ...CONTEXT, ...wallet, now: last + 1n }), outside)
        await assert.rejects(verifier.verify({ ...expected, now: last + 1n }), outside)
        await assert.rejects(verifier.verify({ ...expected, now: 0n, maxClockSkew: last + 1n }), {
          name: 'RangeError',
          message: /^maxClockSkew must/,
        })
        const publicSignals = envelope.publicSignals.with(POLICY_SIGNAL_NAMES.indexOf('now'), `${last + 1n}`)
        assert.deepEqual(
          await verifier.verify({ ...expected, now: last, envelope: { ...envelope, publicSignals } }),
          outOfTime,
        )
      } finally {
        await prover.dispose()
      }
    })
    it('the circuit itself answers for the last clock', async () => {
      const { inputs, publicSignals } = preparePolicy({
        ...wallet,
        now: last,
        context: contextSignals(CONTEXT),
      })
      await assertAccepted(openStatement('policy-s'), inputs, publicSignals)
    })
  })

  it('malformed SBTs beside a good one, and a malformed status that nobody wants, are no obstacle', async () => {
    const base = smallest()
    const policy = parsePolicy({
      ...base,
      sbts: { c: { ...base.sbts.c, revocation: 'none' } },
      require: { claim: 'c.country', eq: 'CA' },
      reveal: ['c.country'],
    })
    const anchor = { ...passport.anchor, status: { index: 'seven' } }
    const schema = { hash: passport.sbt.schema.hash }
    const odd = { ...passport, anchor, sbt: { ...passport.sbt, schema } } as unknown as typeof passport
    const bad = { ...passport, salt: 'salt' } as unknown as typeof passport
    const prepared = preparePolicy({
      policy,
      roots,
      now: NOW,
      soul: ALICE,
      sbts: [bad, odd],
      context: contextSignals(CONTEXT),
    })
    assert.deepEqual(prepared.revealed, { 'c.country': 'CA' })
    await assertAccepted(openStatement('policy-s'), prepared.inputs, prepared.publicSignals)
  })

  it('sets need the larger profile', () => {
    const set = new SetTree(['CA'])
    const policy = { ...smallest(), require: { claim: 'c.country', in: { set: set.root.toString() } } }
    const prepared = preparePolicy({
      policy: parsePolicy(policy),
      roots: rootsOf(state),
      now: NOW,
      soul: ALICE,
      sbts: [passport],
      sets: [set],
      context: contextSignals(CONTEXT),
    })
    assert.equal(prepared.program.profile.name, 'policy-m')
  })
})

function smallest() {
  return {
    version: 1,
    schemas: { 'citizenship/1': CITIZENSHIP.claims },
    sbts: { c: { issuers: [state.id], schema: 'citizenship/1' } },
  }
}

function policyFor(issuer: string) {
  return parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': CITIZENSHIP.claims },
    sbts: { citizenship: { issuers: [issuer], schema: 'citizenship/1' } },
    require: { claim: 'citizenship.country', eq: 'CA' },
  })
}
