import assert from 'node:assert/strict'
import { createVerifierKey, simulate } from '../../src/designated/index.js'
import { prepareSimulation, type Simulation } from '../../src/designated/simulate.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { Group, SetTree } from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import { contextSignals } from '../../src/statements/context.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { createVerifier, type Verifier, type VerifyOptions } from '../../src/verifier/index.js'
import { describeLadder } from '../support/ladder.js'
import { rawPolicy } from '../support/raw-policy.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import {
  ALICE,
  ATTENDANCE,
  CITIZENSHIP,
  grant,
  NOW,
  openContract,
  openOffice,
  PERSON,
  rootsOf,
} from '../support/world.js'

const BOB = createVerifierKey({ secret: 0xb0bn })
const CAROL = createVerifierKey({ secret: 0xca401n })
const CONTEXT = { scope: 'loans', message: 'session 1', verifierKey: BOB.verifierKey }
const POLICY_SIGNALS = ['handle', 'nullifier', 'policyDigest', 'scope', 'message', 'now'].concat([
  'verifierKey',
  'verifierKey2',
  'anchorsRoot',
])

const state = openOffice(1)
const contract = openContract(6)
const roots = rootsOf(state, contract)
const adult = parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { citizenship: { issuers: [state.id], schema: 'citizenship/1', maxAge: 2592000 } },
  require: {
    all: [
      { claim: 'citizenship.country', eq: 'CA' },
      { claim: 'citizenship.birthDate', lte: { now: -568025136 } },
    ],
  },
  reveal: ['citizenship.country', 'citizenship.birthDate'],
})
const passport = grant({
  office: state,
  schema: CITIZENSHIP,
  claims: { country: 'CA', birthDate: 500_000_000n },
})
const wallet = { soul: ALICE, sbts: [passport], policy: adult, roots, now: NOW }
const lie = {
  ...CONTEXT,
  key: BOB,
  policy: adult,
  roots,
  now: NOW,
  revealed: { 'citizenship.birthDate': 1n },
}

describe('simulator', () => {
  describeLadder('of policy-s, with a wallet that does not exist', () => ({
    statement: 'policy-s',
    prove: (prover) => simulate({ ...lie, nullifier: 4n, prover }),
    verify: { ...CONTEXT, policy: adult, roots: [roots], now: NOW },
    prepared: prepareSimulation({ ...lie, nullifier: 4n }) as never,
    signalNames: ['reveal[0]', 'reveal[1]', ...POLICY_SIGNALS],
  }))

  describeLadder('of membership, of a group of strangers', () => {
    const { root } = new Group([5n, 6n, 7n])
    const simulation = { ...CONTEXT, key: BOB, statement: 'membership', root, nullifier: 4n } as const
    return {
      statement: 'membership',
      prove: (prover) => simulate({ ...simulation, prover }),
      verify: { ...CONTEXT, statement: 'membership', roots: [root] },
      prepared: prepareSimulation(simulation) as never,
      signalNames: ['nullifier', 'root', 'scope', 'message', 'verifierKey', 'verifierKey2'],
    }
  })

  describe('row 22: for any policy of any size there is a witness', () => {
    const accepts = async (options: Simulation): Promise<string[]> => {
      const { statement, inputs, publicSignals } = prepareSimulation(options)
      await assertAccepted(openStatement(statement), inputs as CircuitInputs, publicSignals)
      return [...publicSignals]
    }
    const conferences = [10, 11, 12, 13, 14].map(openOffice)
    const base = { ...CONTEXT, key: BOB, now: NOW }

    it('several SBTs, contracts and keys, with and without status, at the ends of time', async () => {
      const policy = parsePolicy({
        version: 1,
        schemas: { 'attendance/1': ATTENDANCE.claims },
        sbts: Object.fromEntries(
          conferences.map(({ id }, i) => [
            `c${i}`,
            {
              issuers: i === 0 ? [id, contract.id] : [id],
              schema: 'attendance/1',
              revocation: i % 2 === 0 ? 'required' : 'none',
              anchor: i === 3 ? 'registered' : 'either',
            },
          ]),
        ),
        require: { atLeast: 3, of: conferences.map((_, i) => ({ has: `c${i}` })) },
      })
      for (const now of [0n, NOW, 2n ** 63n - 1n]) {
        for (const published of [rootsOf(...conferences, contract), { issuers: {} }]) {
          await accepts({ ...base, now, policy, roots: published })
        }
      }
    })

    it('a set that the verifier has not, and one that it has', async () => {
      const set = new SetTree(['CA', 'FR'])
      for (const value of [
        { set: set.root.toString() },
        Array.from({ length: 30 }, (_, i) => `country ${i}`),
      ]) {
        const policy = parsePolicy({
          version: 1,
          schemas: { 'citizenship/1': CITIZENSHIP.claims },
          sbts: { c: { issuers: [state.id], schema: 'citizenship/1' } },
          require: { claim: 'c.country', in: value },
        })
        await accepts({ ...base, policy, roots })
      }
    })

    it('every type of revealed claim, a handle, a nullifier of a person', async () => {
      const person = {
        version: 1,
        schemas: { 'person/1': PERSON.claims },
        sbts: { person: { issuers: [state.id], schema: 'person/1' } },
        ledgers: { credit: { id: 'eip155:1:0xaa', categories: ['unpaid'] } },
        require: { has: 'person' },
        discloseHandle: 'credit',
        nullifier: { claim: 'person.seed' },
      }
      for (const reveal of [
        { score: -5n, born: 7n },
        { active: true, city: 'Oslo' },
        { code: Uint8Array.of(1, 2), points: '9' },
      ]) {
        const names = Object.keys(reveal).map((name) => `person.${name}`)
        const policy = parsePolicy({ ...person, reveal: names })
        const revealed = Object.fromEntries(Object.entries(reveal).map(([k, v]) => [`person.${k}`, v]))
        const signals = await accepts({ ...base, policy, roots, revealed })
        assert.ok(BigInt(signals[2]!) > 0n && BigInt(signals[2]!) < 2n ** 248n)
        await accepts({ ...base, policy, roots, revealed, handle: 2n ** 248n - 1n, nullifier: 0n })
      }
    })

    it('by the second key, and by the first if none is named', async () => {
      const second = { ...base, verifierKey: CAROL.verifierKey, verifierKey2: BOB.verifierKey }
      await accepts({ ...second, policy: adult, roots, revealed: lie.revealed })
      const { verifierKey: _, ...unnamed } = base
      const signals = await accepts({ ...unnamed, policy: adult, roots, revealed: lie.revealed })
      assert.equal(signals[8], BOB.verifierKey.toString())
    })
  })

  it('makes up what it is not told as a holder’s proof would look', () => {
    const signals = Array.from({ length: 4 }, () => prepareSimulation(lie).publicSignals)
    assert.equal(new Set(signals.map((list) => list[3])).size, 4, 'nullifiers are fresh')
    assert.deepEqual(prepareSimulation(lie).revealed, {
      'citizenship.country': 'CA',
      'citizenship.birthDate': '1',
    })
    const real = preparePolicy({ ...wallet, context: contextSignals(CONTEXT) })
    for (const [i, value] of real.publicSignals.entries()) {
      const isChosen = i === 1 || i === 3
      assert.equal(signals[0]![i] === value, !isChosen, `signal ${i}`)
    }
  })

  it('refuses what could not be said, naming the argument', () => {
    const bad: [object, RegExp][] = [
      [{ verifierKey: CAROL.verifierKey }, /neither verifierKey nor verifierKey2/],
      [{ verifierKey: 0n }, /neither/],
      [{ key: { secret: 0n } }, /secret/],
      [{ nullifier: FIELD_MODULUS }, /nullifier/],
      [{ handle: 1n }, /handle/],
      [{ now: -1n }, /now/],
      [{ revealed: {} }, /revealed.citizenship.birthDate is needed/],
      [{ revealed: { ...lie.revealed, 'citizenship.name': 'x' } }, /does not reveal/],
      [{ revealed: { 'citizenship.birthDate': '01' } }, /canonical/],
      [{ statement: 'policy-s' }, /statement/],
      [{ statement: 'membership', root: 1n, depth: 21 }, /depth/],
    ]
    for (const [change, message] of bad) {
      assert.throws(() => prepareSimulation({ ...lie, ...change } as Simulation), message)
    }
  })

  describe('a proof designated to Bob', () => {
    let prover: Prover
    let verifier: Verifier
    let real: Envelope
    let simulated: Envelope
    const expected = { ...CONTEXT, policy: adult, roots: [roots], now: NOW }
    const verify = (envelope: Envelope, change: object = {}) =>
      verifier.verify({ ...expected, ...change, envelope } as VerifyOptions)

    before(async () => {
      prover = await createProver()
      verifier = await createVerifier({ allowDevelopmentKeys: true })
      real = await prover.prove({ ...CONTEXT, ...wallet })
      simulated = await simulate({ ...lie, prover, nullifier: 4711n })
    })
    after(() => prover?.dispose())

    it('row 22: is accepted by him from the holder, and so is the simulated one of a false statement', async () => {
      assert.equal((await verify(real)).valid, true)
      const result = await verify(simulated)
      assert.deepEqual(result, {
        valid: true,
        nullifier: 4711n,
        revealed: { 'citizenship.country': 'CA', 'citizenship.birthDate': 1n },
      })
      const shape = (envelope: Envelope) => [Object.keys(envelope), Object.keys(envelope.revealed)]
      assert.deepEqual(shape(simulated), shape(real))
    })

    it('row 33: shown to Carol as hers, or to everybody, is refused, however the envelope is edited', async () => {
      for (const verifierKey of [CAROL.verifierKey, 0n]) {
        assert.match(reasonOf(await verify(real, { verifierKey })), /verifierKey/)
        const edited = { ...real, publicSignals: real.publicSignals.with(8, verifierKey.toString()) }
        assert.match(reasonOf(await verify(edited, { verifierKey })), /proof: does not hold/)
      }
    })

    it('a nullifier that is known does not make it transferable: any nullifier can be simulated', async () => {
      const { verifierKey: _, ...open } = CONTEXT
      const later = preparePolicy({ ...wallet, context: contextSignals(open) })
      assert.ok(!real.publicSignals.includes(later.publicSignals[3]!), 'a public proof shows another one')
      const twin = await simulate({ ...lie, prover, nullifier: BigInt(real.publicSignals[3]!) })
      assert.equal((await verify(twin)).valid, true)
    })

    it('row 22: a holder with a false wallet has no witness, neither branch is hers', async () => {
      const minor = grant({ office: state, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: NOW } })
      const context = contextSignals(CONTEXT)
      assert.throws(() => preparePolicy({ ...wallet, sbts: [minor], context }), { name: 'StatementError' })
      const raw = { policy: adult, roots, soul: ALICE, context: CONTEXT }
      for (const fill of [[['citizenship', minor]], []] as const) {
        await assertRefused(openStatement('policy-s'), rawPolicy({ ...raw, fill }).inputs)
      }
      // The verifier's key among the signals is public; its secret is what she lacks.
      const { inputs } = prepareSimulation(lie)
      for (const secret of [ALICE.secret, 0n, BOB.verifierKey % 2n ** 250n]) {
        await assertRefused(openStatement('policy-s'), { ...inputs, secret } as CircuitInputs)
      }
    })
  })
})

function reasonOf(result: Awaited<ReturnType<Verifier['verify']>>): string {
  return result.valid ? 'valid' : result.reason
}
