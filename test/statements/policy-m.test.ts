import assert from 'node:assert/strict'
import { SetTree } from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import type { Policy, Roots } from '../../src/policy/types.js'
import type { HeldSbt } from '../../src/sbt/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { describeLadder } from '../support/ladder.js'
import { rawPolicy } from '../support/raw-policy.js'
import { POLICY_SIGNAL_NAMES } from '../support/signal-names.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import {
  ALICE,
  ATTENDANCE,
  BOB,
  CITIZENSHIP,
  DEGREE,
  grant,
  NOW,
  openContract,
  openOffice,
  refresh,
  rootsOf,
  SOCIAL,
} from '../support/world.js'

const CONTEXT = { scope: 'accounts', message: 'session 1' }
const context = contextSignals(CONTEXT)
const state = openOffice(1)
const universities = [openOffice(2), openOffice(3), openOffice(4)]
const network = openOffice(5)
const contract = openContract(6)
const conferences = [10, 11, 12, 13, 14].map(openOffice)

const passport = grant({
  office: state,
  schema: CITIZENSHIP,
  claims: { country: 'CA', birthDate: 500_000_000n },
})
const degree = grant({
  office: universities[1]!,
  schema: DEGREE,
  claims: { major: 'economics', year: 2009n },
  by: 'registry',
})
const account = grant({ office: network, schema: SOCIAL, claims: { followers: 50_001n } })
const onChain = grant({ office: contract, schema: DEGREE, claims: { major: 'law', year: 2020n } })
const tickets = conferences.map((office) => grant({ office, schema: ATTENDANCE, claims: { talks: 3n } }))
const roots = rootsOf(state, ...universities, network, contract, ...conferences)

const accountPolicy = parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims, 'degree/1': DEGREE.claims, 'social/1': SOCIAL.claims },
  sbts: {
    citizenship: { issuers: [state.id], schema: 'citizenship/1' },
    degree: { issuers: [...universities.map(({ id }) => id), contract.id], schema: 'degree/1' },
    social: { issuers: [network.id], schema: 'social/1', maxAge: 2592000, revocation: 'none' },
  },
  require: {
    all: [
      { claim: 'citizenship.country', eq: 'CA' },
      { claim: 'citizenship.birthDate', lte: { now: -568025136 } },
      { claim: 'degree.major', in: ['economics', 'econometrics'] },
      { claim: 'social.followers', gt: 50000 },
    ],
  },
  reveal: ['citizenship.country'],
})

const threeOfFive = parsePolicy({
  version: 1,
  schemas: { 'attendance/1': ATTENDANCE.claims },
  sbts: Object.fromEntries(
    conferences.map(({ id }, i) => [`c${i}`, { issuers: [id], schema: 'attendance/1' }]),
  ),
  require: { atLeast: 3, of: conferences.map((_, i) => ({ has: `c${i}` })) },
})

const wallet = { soul: ALICE, sbts: [account, degree, passport], policy: accountPolicy, roots, now: NOW }

interface Case {
  readonly policy: Policy
  readonly roots?: Roots
  readonly sbts: readonly HeldSbt[]
  readonly sets?: readonly SetTree[]
}

async function accepts(options: Case): Promise<ReturnType<typeof preparePolicy>> {
  const prepared = preparePolicy({ soul: ALICE, now: NOW, context, roots, ...options })
  assert.equal(prepared.program.profile.name, 'policy-m')
  await assertAccepted(openStatement('policy-m'), prepared.inputs, prepared.publicSignals)
  return prepared
}

/** Refused by the library with a reason, and by the circuit for a holder who fills the slots as given. */
async function refuses(
  options: Case & { readonly fill: readonly (readonly [string, HeldSbt])[] },
): Promise<void> {
  assert.throws(() => preparePolicy({ soul: ALICE, now: NOW, context, roots, ...options }), {
    name: 'StatementError',
  })
  await assertRefused(
    openStatement('policy-m'),
    rawPolicy({ soul: ALICE, roots, context: CONTEXT, ...options }).inputs,
  )
}

describe('policy-m', () => {
  describeLadder('a citizen with a degree and followers', () => ({
    statement: 'policy-m',
    prove: { ...CONTEXT, ...wallet },
    verify: { ...CONTEXT, policy: accountPolicy, roots: [roots], now: NOW - 300n },
    prepared: preparePolicy({ ...wallet, context }),
    signalNames: POLICY_SIGNAL_NAMES,
  }))

  it('any three of five conferences, and the signals do not tell which', async () => {
    const signals = new Set<string>()
    for (const chosen of [
      [0, 1, 2],
      [0, 2, 4],
      [1, 3, 4],
      [0, 1, 2, 3, 4],
    ]) {
      const { publicSignals } = await accepts({ policy: threeOfFive, sbts: chosen.map((i) => tickets[i]!) })
      signals.add(publicSignals.join())
    }
    assert.equal(signals.size, 1)
    const fill = [
      ['c0', tickets[0]!],
      ['c3', tickets[3]!],
    ] as const
    await refuses({ policy: threeOfFive, sbts: [tickets[0]!, tickets[3]!], fill })
  })

  it('SBTs may stand in any physical order', async () => {
    const fill = [
      ['c4', tickets[4]!],
      ['c1', tickets[1]!],
      ['c2', tickets[2]!],
    ] as const
    for (const order of [fill, fill.toReversed()]) {
      const { inputs, publicSignals } = rawPolicy({ policy: threeOfFive, roots, soul: ALICE, fill: order })
      await assertAccepted(openStatement('policy-m'), inputs, publicSignals)
    }
  })

  describe('row 25: no SBT counts twice', () => {
    const twin = parsePolicy({
      version: 1,
      schemas: { 'attendance/1': ATTENDANCE.claims },
      sbts: Object.fromEntries(
        ['a', 'b', 'c'].map((slot) => [slot, { issuers: [conferences[0]!.id], schema: 'attendance/1' }]),
      ),
      require: { atLeast: 2, of: [{ has: 'a' }, { has: 'b' }, { has: 'c' }] },
    })
    const second = grant({ office: conferences[0]!, schema: ATTENDANCE, claims: { talks: 3n } })
    it('two different ones do', async () => {
      await accepts({ policy: twin, sbts: [tickets[0]!, second] })
    })
    it('the same one in two slots does not', () =>
      refuses({
        policy: twin,
        sbts: [tickets[0]!],
        fill: [
          ['a', tickets[0]!],
          ['b', tickets[0]!],
        ],
      }))
    it('the same one signed and registered does not', () => {
      const office = conferences[0]!
      const copy: HeldSbt = {
        ...tickets[0]!,
        anchor: { registered: office.registry.proof(office.registry.insert(tickets[0]!.sbt.leaf)) },
      }
      return refuses({
        policy: twin,
        roots: rootsOf(office),
        sbts: [tickets[0]!, copy],
        fill: [
          ['a', tickets[0]!],
          ['c', copy],
        ],
      })
    })
    it('two in one slot do not count for two', () =>
      refuses({
        policy: threeOfFive,
        sbts: [tickets[0]!, second, tickets[1]!],
        fill: [
          ['c0', tickets[0]!],
          ['c0', second],
          ['c1', tickets[1]!],
        ],
      }))
  })

  describe('row 26: a slot that does not count contributes nothing', () => {
    it('an expired third ticket, with every combination of claimed flags', async () => {
      const expired = grant({
        office: conferences[2]!,
        schema: ATTENDANCE,
        claims: { talks: 3n },
        expiresAt: NOW,
      })
      const fill = [
        ['c0', tickets[0]!],
        ['c1', tickets[1]!],
        ['c2', expired],
      ] as const
      await refuses({ policy: threeOfFive, sbts: fill.map(([, held]) => held), fill })
      const { inputs } = rawPolicy({ policy: threeOfFive, roots, soul: ALICE, fill })
      for (let flags = 0; flags < 32; flags++) {
        const names = ['isContract', 'isSigned', 'acceptsSigned', 'acceptsRegistered', 'wantsStatus']
        const changed = Object.fromEntries(
          names.map((name, i) => [name, (inputs[name] as bigint[]).with(2, BigInt((flags >> i) & 1))]),
        )
        await assertRefused(openStatement('policy-m'), { ...inputs, ...changed })
      }
    })
    it("another Soul's SBTs do not help", async () => {
      const lent = conferences.map((office) =>
        grant({ office, schema: ATTENDANCE, claims: { talks: 3n }, soul: BOB }),
      )
      const fill = [
        ['c0', tickets[0]!],
        ['c1', tickets[1]!],
        ['c2', lent[2]!],
      ] as const
      await refuses({ policy: threeOfFive, sbts: fill.map(([, held]) => held), fill })
    })
  })

  it('issuers stay hidden: whichever university or contract attests, only the nullifier could tell', async () => {
    const policy = parsePolicy({
      version: 1,
      schemas: { 'degree/1': DEGREE.claims },
      sbts: {
        degree: { issuers: [...universities.map(({ id }) => id), contract.id], schema: 'degree/1' },
        other: { issuers: [network.id], schema: 'degree/1' },
      },
      require: { any: [{ claim: 'degree.year', gte: 2000 }, { all: [{ has: 'other' }, { has: 'degree' }] }] },
    })
    const signals = new Set<string>()
    for (const office of [...universities, contract]) {
      const held = grant({ office, schema: DEGREE, claims: { major: 'law', year: 2001n }, by: 'registry' })
      const current = rootsOf(...universities, contract, network)
      const { publicSignals } = await accepts({ policy, roots: current, sbts: [refresh(held, office)] })
      signals.add(publicSignals.slice(0, -1).join())
    }
    assert.equal(signals.size, 1)
    await accepts({ policy, sbts: [refresh(onChain, contract)], roots: rootsOf(contract) })
  })

  describe('sets', () => {
    const members = new SetTree(['CA', 'FR', 'DE'])
    const policyOf = (predicate: object) =>
      parsePolicy({
        version: 1,
        schemas: { 'citizenship/1': CITIZENSHIP.claims },
        sbts: { c: { issuers: [state.id], schema: 'citizenship/1' } },
        require: { claim: 'c.country', ...predicate },
      })
    const inSet = policyOf({ in: { set: members.root.toString() } })
    const notInSet = policyOf({ notIn: { set: members.root.toString() } })
    const of = (country: string): HeldSbt =>
      grant({ office: state, schema: CITIZENSHIP, claims: { country, birthDate: 0n } })
    const sets = [members]

    it('members are in, others are not', async () => {
      for (const country of ['CA', 'FR', 'DE']) await accepts({ policy: inSet, sbts: [of(country)], sets })
      for (const country of ['US', '', 'ca']) await accepts({ policy: notInSet, sbts: [of(country)], sets })
    })
    it('row 3 and 28: no opening makes a member a stranger or a stranger a member', async () => {
      for (const [policy, country] of [
        [inSet, 'US'],
        [notInSet, 'CA'],
      ] as const) {
        const held = of(country)
        await refuses({ policy, sbts: [held], sets, fill: [['c', held]] })
        const { inputs } = rawPolicy({ policy, roots, soul: ALICE, sets, fill: [['c', held]] })
        // Openings at other leaves of the tree, and made-up boundaries.
        for (const value of ['CA', 'FR', 'DE', 'US', 0n, 2n ** 252n]) {
          const { low, high, index, siblings, leaf } = members.proof(value)
          const { childrenOf } = await import('../../src/statements/context.js')
          const { children } = childrenOf({ leaf, index, siblings })
          const setIndex = [Array.from({ length: 20 }, (_, i) => BigInt((index >> i) & 1))]
          for (const flag of [0n, 1n]) {
            await assertRefused(openStatement('policy-m'), {
              ...inputs,
              setLow: [low],
              setHigh: [high],
              setLowIsMember: [flag],
              setIndex,
              setChildren: [children],
            })
          }
        }
      }
    })
    it('row 11: a sentinel is no member, a member of the same value is', async () => {
      const { poseidon } = await import('../../src/crypto/poseidon.js')
      assert.ok(poseidon([1n]) > 0n)
      const schemas = { 'social/1': SOCIAL.claims }
      const sbts = { s: { issuers: [network.id], schema: 'social/1' } }
      const zero = grant({ office: network, schema: SOCIAL, claims: { followers: 0n } })
      for (const tree of [new SetTree([5n]), new SetTree([0n, 5n])]) {
        const set = { set: tree.root.toString() }
        const isIn = parsePolicy({ version: 1, schemas, sbts, require: { claim: 's.followers', in: set } })
        const isOut = parsePolicy({
          version: 1,
          schemas,
          sbts,
          require: { claim: 's.followers', notIn: set },
        })
        const [right, wrong] = tree.proof(0n).member ? [isIn, isOut] : [isOut, isIn]
        await accepts({ policy: right, sbts: [zero], sets: [tree] })
        await refuses({ policy: wrong, sbts: [zero], sets: [tree], fill: [['s', zero]] })
      }
    })
    it('a long list becomes a set that both sides compute', async () => {
      const countries = Array.from({ length: 40 }, (_, i) => `country ${i}`)
      const policy = policyOf({ in: countries })
      await accepts({ policy, sbts: [of('country 17')] })
      await refuses({ policy, sbts: [of('country 40')], fill: [['c', of('country 40')]] })
      const out = policyOf({ notIn: countries })
      await accepts({ policy: out, sbts: [of('country 40')] })
      await refuses({ policy: out, sbts: [of('country 17')], fill: [['c', of('country 17')]] })
    })
  })

  describe('claims against claims', () => {
    const policyOf = (operator: string) =>
      parsePolicy({
        version: 1,
        schemas: { 'degree/1': DEGREE.claims },
        sbts: {
          a: { issuers: [universities[0]!.id], schema: 'degree/1' },
          b: { issuers: [universities[1]!.id], schema: 'degree/1' },
        },
        require: { claim: 'a.year', [operator]: { claim: 'b.year' } },
      })
    for (const [operator, holds] of Object.entries({
      eq: (a: number, b: number) => a === b,
      neq: (a: number, b: number) => a !== b,
      lt: (a: number, b: number) => a < b,
      lte: (a: number, b: number) => a <= b,
      gt: (a: number, b: number) => a > b,
      gte: (a: number, b: number) => a >= b,
    })) {
      it(operator, async () => {
        for (const [a, b] of [
          [1, 2],
          [2, 2],
          [3, 2],
        ] as const) {
          const sbts = [a, b].map((year, i) =>
            grant({ office: universities[i]!, schema: DEGREE, claims: { major: 'x', year: BigInt(year) } }),
          )
          const fill = [
            ['a', sbts[0]!],
            ['b', sbts[1]!],
          ] as const
          if (holds(a, b)) await accepts({ policy: policyOf(operator), sbts })
          else await refuses({ policy: policyOf(operator), sbts, fill })
          await refuses({ policy: policyOf(operator), sbts: sbts.slice(0, 1), fill: fill.slice(0, 1) })
          await refuses({ policy: policyOf(operator), sbts: sbts.slice(1), fill: fill.slice(1) })
        }
      })
    }
  })

  it('weights: 50, 30, 20 with a least sum of 60', async () => {
    const policy = parsePolicy({
      version: 1,
      schemas: { 'attendance/1': ATTENDANCE.claims },
      sbts: Object.fromEntries(
        [0, 1, 2].map((i) => [`c${i}`, { issuers: [conferences[i]!.id], schema: 'attendance/1' }]),
      ),
      require: {
        weighted: [
          [50, { has: 'c0' }],
          [30, { has: 'c1' }],
          [20, { has: 'c2' }],
        ],
        min: 60,
      },
    })
    const pick = (...at: number[]) => ({
      sbts: at.map((i) => tickets[i]!),
      fill: at.map((i) => [`c${i}`, tickets[i]!] as const),
    })
    await accepts({ policy, ...pick(0, 1) })
    await accepts({ policy, ...pick(0, 2) })
    await accepts({ policy, ...pick(0, 1, 2) })
    await refuses({ policy, ...pick(0) })
    await refuses({ policy, ...pick(1, 2) })
  })

  it('a long list and the root of its own tree are one set, in either order, with and without the tree', async () => {
    const values = Array.from({ length: 20 }, (_, i) => i)
    const tree = new SetTree(values.map(BigInt))
    const list = { claim: 'c0.talks', in: values }
    const byRoot = { claim: 'c0.talks', in: { set: tree.root.toString() } }
    for (const require of [{ all: [list, byRoot] }, { all: [byRoot, list] }, { any: [byRoot, list] }]) {
      const policy = parsePolicy({
        version: 1,
        schemas: { 'attendance/1': ATTENDANCE.claims },
        sbts: { c0: { issuers: [conferences[0]!.id], schema: 'attendance/1' } },
        require,
      })
      const { program } = await accepts({ policy, sbts: [tickets[0]!], sets: [tree] })
      assert.deepEqual(
        program.sets.map(({ root, tree: own }) => [root, own?.root]),
        [[tree.root, tree.root]],
      )
      // By its root a set is known only to whoever brings its tree.
      if ('any' in require) await accepts({ policy, sbts: [tickets[0]!] })
      else {
        assert.throws(() => preparePolicy({ ...wallet, policy, sbts: [tickets[0]!], context }), {
          name: 'StatementError',
        })
      }
    }
  })

  it('a wallet of 500 SBTs that all fill all slots: each is looked at once, and each value is looked up once', async () => {
    const organiser = openContract(7)
    const many = Array.from({ length: 500 }, (_, i) =>
      grant({ office: organiser, schema: ATTENDANCE, claims: { talks: BigInt(i % 50) } }),
    ).map((held) => refresh(held, organiser))
    let lookups = 0
    class CountingSet extends SetTree {
      override proof(value: bigint) {
        lookups++
        return super.proof(value)
      }
    }
    const set = new CountingSet([1000n, 2000n])
    const policyWith = (min: number): Policy =>
      parsePolicy({
        version: 1,
        schemas: { 'attendance/1': ATTENDANCE.claims },
        sbts: Object.fromEntries(
          ['c0', 'c1', 'c2', 'c3'].map((c) => [c, { issuers: [organiser.id], schema: 'attendance/1' }]),
        ),
        require: {
          all: [
            { claim: 'c0.talks', notIn: { set: set.root.toString() } },
            { claim: 'c0.talks', gt: { claim: 'c1.talks' } },
            { claim: 'c1.talks', gt: { claim: 'c2.talks' } },
            { claim: 'c3.talks', gte: min },
          ],
        },
      })
    const rest = { roots: rootsOf(organiser), sbts: many, sets: [set] }
    await accepts({ policy: policyWith(49), ...rest })
    assert.ok(lookups <= 60, `${lookups} lookups for 50 values`)
    assert.throws(() => preparePolicy({ soul: ALICE, now: NOW, context, policy: policyWith(50), ...rest }), {
      name: 'StatementError',
    })
  })
})
