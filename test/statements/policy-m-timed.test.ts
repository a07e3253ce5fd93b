import assert from 'node:assert/strict'
import { BASE8, multiply, type Point } from '../../src/crypto/babyjub.js'
import { beaconField } from '../../src/designated/beacon.js'
import {
  createVerifierKey,
  type EvaluatedDelay,
  evaluateDelay,
  forgeTimed,
  proveTimed,
  simulate,
  simulateTimed,
  type TimedEnvelope,
  textBeacon,
  verifyTimed,
} from '../../src/designated/index.js'
import { proveByLogarithm, sigmaToHex } from '../../src/designated/sigma.js'
import { delayOf, statementOf, timedPart } from '../../src/designated/timed.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { explainPolicy, parsePolicy, policyDigest } from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import { contextSignals, timedContext } from '../../src/statements/context.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { TIMED_H } from '../../src/statements/timed.js'
import { createVerifier, type Verification, type Verifier } from '../../src/verifier/index.js'
import { add } from '../circuits/lib/curve.js'
import { rerandomise } from '../support/chain.js'
import { describeLadder } from '../support/ladder.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import { ALICE, CITIZENSHIP, grant, NOW, openOffice, rootsOf } from '../support/world.js'

const state = openOffice(1)
const roots = rootsOf(state)
const json = {
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { citizenship: { issuers: [state.id], schema: 'citizenship/1' } },
  require: { claim: 'citizenship.country', eq: 'CA' },
  reveal: ['citizenship.country'],
  timed: { squarings: 3000, window: 60, beacon: 'test' },
}
const policy = parsePolicy(json)
const beacon = textBeacon({ source: 'test', text: 'block 123', at: NOW })
const other = textBeacon({ source: 'test', text: 'block 124', at: NOW })
const passport = grant({ office: state, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 0n } })
const BOB = createVerifierKey({ secret: 0xb0bn })
const CONTEXT = { scope: 'votes', message: 'session 1' }
const context = timedContext(contextSignals(CONTEXT), beaconField(beacon))
const wallet = { soul: ALICE, sbts: [passport], policy, roots, now: NOW }
const blinding = 987654321n
const commitment = { P: multiply(BASE8, blinding), blinding }
const SIGNALS = [
  'reveal[0]',
  'reveal[1]',
  'handle',
  'nullifier',
  'policyDigest',
  'scope',
  'message',
  'now',
].concat(['verifierKey', 'verifierKey2', 'anchorsRoot', 'P[0]', 'P[1]'])

describe('policy-m-timed', () => {
  describeLadder('a citizen, now', () => {
    const { inputs, publicSignals, revealed } = preparePolicy({ ...wallet, context, commitment })
    return {
      statement: 'policy-m-timed',
      async prove(prover) {
        const statement = 'policy-m-timed'
        const envelope = await prover.provePrepared({ statement, inputs, publicSignals, revealed })
        const sigma = proveByLogarithm(statementOf({ policy, beacon, ...envelope }), blinding)
        return { ...envelope, delay: sigmaToHex(sigma) }
      },
      verify: {
        ...{ ...CONTEXT, policy, roots: [roots], now: NOW },
        timed: timedPart({ policy, beacon, context }),
      },
      prepared: { inputs, publicSignals },
      signalNames: SIGNALS,
    }
  })

  describe('the circuit', () => {
    const statement = () => openStatement('policy-m-timed')
    const { inputs, publicSignals } = preparePolicy({ ...wallet, context, commitment })
    const false1 = { ...inputs, secret: 5n } as CircuitInputs
    const point = (p: Point): bigint[] => [...p]

    it('the control: truth with a true claim, and anything without truth', async () => {
      await assertAccepted(statement(), inputs, publicSignals)
      const P = point(add(commitment.P, TIMED_H))
      const forged = { ...false1, P, truth: [0n], nullifier: 7n } as CircuitInputs
      await assertAccepted(statement(), forged, [
        ...publicSignals.slice(0, 3),
        '7',
        ...publicSignals.slice(4, 11),
        ...P.map(String),
      ])
    })

    it('truth of a false claim has no witness', async () => {
      await assertRefused(statement(), false1)
      await assertRefused(statement(), { ...inputs, nullifier: 7n } as CircuitInputs)
    })

    it('attack: b is not a bit', async () => {
      const half = (FIELD_MODULUS + 1n) / 2n
      for (const truth of [2n, half, FIELD_MODULUS - 1n]) {
        await assertRefused(statement(), { ...inputs, truth: [truth] } as CircuitInputs)
        await assertRefused(statement(), { ...false1, truth: [truth] } as CircuitInputs)
      }
    })

    it('attack: P without H for b = 0, with H for b = 1, or of another k', async () => {
      const withH = point(add(commitment.P, TIMED_H))
      await assertRefused(statement(), { ...false1, truth: [0n] } as CircuitInputs)
      await assertRefused(statement(), { ...inputs, P: withH } as CircuitInputs)
      await assertRefused(statement(), { ...inputs, blinding: [blinding + 1n] } as CircuitInputs)
      await assertRefused(statement(), { ...inputs, P: [0n, 1n] } as CircuitInputs)
      await assertRefused(statement(), { ...inputs, blinding: [1n << 252n] } as CircuitInputs)
    })

    it('the nullifier is of scope and beacon: another than the public one, and than that of another beacon', () => {
      const nullifierOf = (signals: readonly string[]): string => signals[3]!
      const { timed: _, ...open } = json
      const openPolicy = parsePolicy(open)
      const publicly = preparePolicy({ ...wallet, policy: openPolicy, context: contextSignals(CONTEXT) })
      const alias = contextSignals({ ...CONTEXT, scope: context.scope })
      const aliased = preparePolicy({ ...wallet, policy: openPolicy, context: alias })
      const elsewhere = preparePolicy({
        ...{ ...wallet, commitment },
        context: timedContext(contextSignals(CONTEXT), beaconField(other)),
      })
      const nullifiers = [{ publicSignals }, publicly, aliased, elsewhere].map(({ publicSignals: list }) =>
        nullifierOf(list),
      )
      assert.equal(new Set(nullifiers).size, 4)
    })
  })

  describe('policies', () => {
    it('the digest commits to T, window, source and modulus; policies without them keep theirs', () => {
      const { timed, ...open } = json
      const digests = [
        open,
        json,
        { ...json, timed: { ...timed, squarings: 3001 } },
        { ...json, timed: { ...timed, window: 61 } },
        { ...json, timed: { ...timed, beacon: 'other' } },
        { ...json, timed: { ...timed, modulus: (2n ** 2048n - 1n).toString() } },
      ].map((policyJson) => policyDigest(parsePolicy(policyJson)))
      assert.equal(new Set(digests).size, digests.length)
    })

    it('are refused with the path of the culprit', () => {
      const { timed } = json
      for (const [rule, path] of [
        [{}, 'timed'],
        [{ ...timed, squarings: 0 }, 'timed.squarings'],
        [{ ...timed, squarings: 2 ** 49 }, 'timed.squarings'],
        [{ ...timed, window: 0 }, 'timed.window'],
        [{ ...timed, beacon: '' }, 'timed.beacon'],
        [{ ...timed, modulus: '15' }, 'timed.modulus'],
        [{ ...timed, modulus: (2n ** 2048n - 2n).toString() }, 'timed.modulus'],
        [{ ...timed, more: 1 }, 'timed.more'],
      ] as const) {
        assert.throws(
          () => parsePolicy({ ...json, timed: rule }),
          (error: { path?: string }) => error.path?.startsWith(path) === true,
          path,
        )
      }
      const { timed: _, ...open } = json
      assert.throws(() => delayOf(parsePolicy(open)), /not timed/)
    })

    it('explain how long a proof convinces', () => {
      assert.match(explainPolicy(policy), /within 60 seconds of a beacon of "test"/)
      assert.match(explainPolicy(policy), /after 3000 squarings/)
    })
  })

  describe('a timed proof', () => {
    let prover: Prover
    let verifier: Verifier
    let real: TimedEnvelope
    let evaluated: EvaluatedDelay
    const asked = { ...CONTEXT, policy, roots, now: NOW, beacon }
    const verify = (envelope: unknown, change: object = {}): Promise<Verification> =>
      verifyTimed({
        ...{ ...CONTEXT, policy, roots: [roots], now: NOW, beacon, receivedAt: NOW + 30n, verifier },
        ...{ envelope, ...change },
      })

    before(async () => {
      prover = await createProver()
      verifier = await createVerifier({ allowDevelopmentKeys: true })
      real = await proveTimed({ ...wallet, ...CONTEXT, beacon, prover })
      evaluated = await evaluateDelay({ ...delayOf(policy), beacon })
    })
    after(() => prover?.dispose())

    it('is accepted in time, also after a round trip through JSON', async () => {
      const result = await verify(real)
      assert.ok(result.valid)
      assert.deepEqual(result.revealed, { 'citizenship.country': 'CA' })
      assert.deepEqual(await verify(JSON.parse(JSON.stringify(real))), result)
      assert.equal((await verify(real, { receivedAt: NOW })).valid, true)
      assert.equal((await verify(real, { receivedAt: NOW + 60n })).valid, true)
    })

    it('is refused late, and before its beacon', async () => {
      assert.match(reasonOf(await verify(real, { receivedAt: NOW + 61n })), /too late/)
      assert.match(reasonOf(await verify(real, { receivedAt: NOW - 1n })), /before the beacon/)
    })

    it('row 31: without its second part it proves nothing and is refused, whoever asks', async () => {
      const { delay, ...first } = real
      assert.equal(reasonOf(await verify(first)), 'delay: is missing')
      const plain = { ...CONTEXT, policy, roots: [roots], now: NOW }
      for (const envelope of [first, real]) {
        assert.match(reasonOf(await verifier.verify({ ...plain, envelope })), /timed/)
      }
      await assert.rejects(prover.prove({ ...wallet, ...CONTEXT }), /timed/)
      await assert.rejects(simulate({ ...plain, prover, key: BOB, roots }), /timed/)
      for (const bad of ['', delay.slice(2), `${delay}00`, 5, null, { delay }]) {
        assert.match(reasonOf(await verify({ ...real, delay: bad })), /^delay: /)
      }
    })

    it('row 31: T, N and beacon in the envelope are not looked at, but unknown', async () => {
      for (const extra of [{ squarings: 1 }, { modulus: '15' }, { beacon: 'mine' }]) {
        assert.match(reasonOf(await verify({ ...real, ...extra })), /unknown field/)
      }
    })

    it('row 31: under another beacon, another T, another session it does not hold', async () => {
      assert.match(reasonOf(await verify(real, { beacon: other })), /scope/)
      const later = parsePolicy({ ...json, timed: { ...json.timed, squarings: 3001 } })
      assert.match(reasonOf(await verify(real, { policy: later })), /policyDigest/)
      assert.match(reasonOf(await verify(real, { message: 'session 2' })), /message/)
      assert.match(reasonOf(await verify(real, { verifierKey: BOB.verifierKey })), /scope|verifierKey/)
      await assert.rejects(verify(real, { beacon: { ...beacon, source: 'mine' } }), /another source/)
    })

    it('row 18: the second part belongs to one first part, even to one re-randomised proof of it', async () => {
      const again = await proveTimed({ ...wallet, ...CONTEXT, beacon, prover })
      assert.match(reasonOf(await verify({ ...real, delay: again.delay })), /^delay: does not hold/)
      const proof = rerandomise(real.proof, 7n)
      const { delay: _, ...first } = real
      const moved: Envelope = { ...first, proof }
      assert.match(reasonOf(await verify({ ...moved, delay: real.delay })), /^delay: does not hold/)
    })

    it('is forged by a stranger after the delay: any claim, any nullifier', async () => {
      const revealed = { 'citizenship.country': 'Utopia' }
      const forged = await forgeTimed({ ...asked, prover, evaluated, revealed, nullifier: 4711n })
      assert.deepEqual(await verify(forged), { valid: true, nullifier: 4711n, revealed })
      assert.deepEqual(Object.keys(forged), Object.keys(real))
      assert.equal(forged.delay.length, real.delay.length)
      const wrong = { ...asked, prover, evaluated: { ...evaluated, output: evaluated.output + 1n } }
      assert.match(reasonOf(await verify(await forgeTimed(wrong))), /^delay: does not hold/)
      const elsewhere = await evaluateDelay({ ...delayOf(policy), beacon: other })
      await assert.rejects(forgeTimed({ ...asked, prover, evaluated: elsewhere }), /not that of this policy/)
    })

    it('row 22: with a verifier key its owner makes it at any time, and nobody else', async () => {
      const designated = { ...asked, verifierKey: BOB.verifierKey }
      const simulated = await simulateTimed({ ...designated, prover, key: BOB, nullifier: 5n })
      const result = await verify(simulated, { verifierKey: BOB.verifierKey })
      assert.ok(result.valid && result.nullifier === 5n)
      assert.match(reasonOf(await verify(simulated)), /scope|verifierKey/)
      await assert.rejects(simulateTimed({ ...asked, prover, key: BOB }), /neither/)
    })
  })
})

function reasonOf(result: Verification): string {
  return result.valid ? 'valid' : result.reason
}
