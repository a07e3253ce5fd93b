import assert from 'node:assert/strict'
import { PolicyError } from '../../src/errors.js'
import { compilePolicy, type Program } from '../../src/policy/compile.js'
import { parsePolicy, policyDigest } from '../../src/policy/index.js'
import { PROFILES } from '../../src/policy/profiles.js'
import { openOffice } from '../support/world.js'

const ISSUERS = [1, 2, 3, 4, 5, 6].map((byte) => openOffice(byte).id)
const [S, M] = PROFILES as [(typeof PROFILES)[0], (typeof PROFILES)[0]]

/** A policy over `slots` slots named a, b, c… with ten uint claims c0…c9 each. */
function policyOf(slots: number, require: unknown, rest: object = {}) {
  const claims = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`c${i}`, 'uint']))
  return parsePolicy({
    version: 1,
    schemas: { 'numbers/1': claims },
    sbts: Object.fromEntries(
      Array.from({ length: slots }, (_, i) => [
        String.fromCharCode(97 + i),
        { issuers: [ISSUERS[i % 6]], schema: 'numbers/1' },
      ]),
    ),
    require,
    ...rest,
  })
}

const clauses = (count: number, slot = 'a', value = 100) =>
  Array.from({ length: count }, (_, i) => ({ claim: `${slot}.c${i % 10}`, eq: value + i }))

/** A formula with `gates` gates that cannot be merged: an all of anys. */
const gates = (count: number, slot = 'a') => ({
  all: [
    { has: slot },
    ...Array.from({ length: count - 1 }, (_, i) => ({
      any: [
        { claim: `${slot}.c${i}`, eq: 1 },
        { claim: `${slot}.c${i}`, eq: 2 },
      ],
    })),
  ],
})

function refused(policy: ReturnType<typeof parsePolicy>, path: string, message: RegExp): void {
  assert.throws(
    () => compilePolicy(policy),
    (error: unknown) => error instanceof PolicyError && error.path === path && message.test(error.message),
  )
}

describe('compilePolicy', () => {
  describe('each limit at its maximum and one beyond', () => {
    it('clauses', () => {
      assert.equal(compilePolicy(policyOf(1, { any: clauses(S.clauses) })).profile.name, 'policy-s')
      assert.equal(compilePolicy(policyOf(1, { any: clauses(S.clauses + 1) })).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(1, { any: clauses(M.clauses) })).profile.name, 'policy-m')
      refused(policyOf(1, { any: clauses(M.clauses + 1) }), 'require', /needs 13 clauses; policy-m has 12/)
    })
    it('gates', () => {
      assert.equal(compilePolicy(policyOf(1, gates(S.gates))).profile.name, 'policy-s')
      assert.equal(compilePolicy(policyOf(1, gates(S.gates + 1))).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(1, gates(M.gates))).profile.name, 'policy-m')
      // 7 gates of two clauses each exceed the clauses first, so that the gates are nested around single ones.
      const nest = (depth: number): unknown =>
        depth === 0
          ? { has: 'a' }
          : { [depth % 2 ? 'any' : 'all']: [{ claim: `a.c${depth}`, eq: depth }, nest(depth - 1)] }
      assert.equal(compilePolicy(policyOf(1, nest(M.gates))).profile.name, 'policy-m')
      refused(policyOf(1, nest(M.gates + 1)), 'require', /needs 7 gates; policy-m has 6/)
    })
    it('SBTs at once', () => {
      const all = (count: number) => ({
        all: Array.from({ length: count }, (_, i) => ({ has: String.fromCharCode(97 + i) })),
      })
      assert.equal(compilePolicy(policyOf(1, all(1))).profile.name, 'policy-s')
      assert.equal(compilePolicy(policyOf(2, all(2))).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(4, all(4))).profile.name, 'policy-m')
      refused(policyOf(5, all(5)), 'require', /needs 5 SBTs at once; policy-m has 4/)
    })
    it('set openings', () => {
      const set = (slot: string) => ({ claim: `${slot}.c0`, in: { set: '5' } })
      assert.equal(compilePolicy(policyOf(1, set('a'))).profile.name, 'policy-m')
      refused(policyOf(2, { all: [set('a'), set('b')] }), 'require', /needs 2 set openings; policy-m has 1/)
    })
    it('reveals', () => {
      const reveal = (count: number) => ({ reveal: Array.from({ length: count }, (_, i) => `a.c${i}`) })
      assert.equal(compilePolicy(policyOf(1, { has: 'a' }, reveal(2))).profile.name, 'policy-s')
      refused(policyOf(1, { has: 'a' }, reveal(3)), 'reveal', /needs 3 reveals; policy-m has 2/)
    })
    it('weights', () => {
      const weighted = (weight: number) => ({
        all: [
          { has: 'a' },
          {
            weighted: [
              [weight, { claim: 'a.c0', eq: 1 }],
              [1, { claim: 'a.c1', eq: 1 }],
              [1, { claim: 'a.c2', eq: 1 }],
            ],
            min: weight + 1,
          },
        ],
      })
      assert.equal(compilePolicy(policyOf(1, weighted(127))).profile.name, 'policy-s')
      refused(policyOf(1, weighted(128)), 'require.all[1]', /weights of more than 7 bits/)
    })
  })

  describe('SBTs at once are what a wallet may need, not what the policy names', () => {
    const has = (...slots: string[]) => slots.map((slot) => ({ has: slot }))
    it('one of eight needs one', () => {
      assert.equal(compilePolicy(policyOf(8, { any: has(...'abcdefgh') })).profile.name, 'policy-s')
    })
    it('three of five need three, five of six too many', () => {
      assert.equal(compilePolicy(policyOf(5, { atLeast: 3, of: has(...'abcde') })).profile.name, 'policy-m')
      refused(policyOf(6, { atLeast: 5, of: has(...'abcdef') }), 'require', /needs 5 SBTs/)
    })
    it('the larger of two ways counts', () => {
      assert.equal(
        compilePolicy(policyOf(3, { any: [{ has: 'a' }, { all: has('b', 'c') }] })).profile.name,
        'policy-m',
      )
    })
    it('a way over two predicates of one slot needs it once', () => {
      const require = {
        any: [
          { claim: 'a.c0', eq: 1 },
          {
            all: [
              { claim: 'a.c1', eq: 1 },
              { claim: 'a.c2', eq: 1 },
            ],
          },
        ],
      }
      assert.equal(compilePolicy(policyOf(1, require)).profile.name, 'policy-s')
    })
  })

  it('merges nested alls, anys and one-part conditions, so that they cost no gate', () => {
    const gatesOf = (program: Program): number =>
      program.gates.filter((gate, g) => g === program.gates.length - 1 || gate.weight > 0).length
    const require = {
      all: [
        { all: [{ claim: 'a.c0', eq: 1 }, { all: [{ claim: 'a.c1', eq: 1 }] }] },
        { any: [{ has: 'a' }] },
      ],
    }
    assert.equal(gatesOf(compilePolicy(policyOf(1, require))), 1)
    const either = {
      any: [
        {
          any: [
            { claim: 'a.c0', eq: 1 },
            { claim: 'a.c1', eq: 1 },
          ],
        },
        { has: 'a' },
      ],
    }
    assert.equal(gatesOf(compilePolicy(policyOf(1, either))), 1)
  })

  it('lists are comparisons while they fit, and then a set', () => {
    const list = (length: number) => ({ claim: 'a.c0', in: Array.from({ length }, (_, i) => i) })
    assert.equal(compilePolicy(policyOf(1, list(8))).profile.name, 'policy-s')
    assert.equal(compilePolicy(policyOf(1, list(12))).sets.length, 0)
    assert.equal(compilePolicy(policyOf(1, list(13))).sets.length, 1)
  })

  it('ledger predicates parse and digest, and are refused by name', () => {
    const policy = policyOf(
      1,
      { all: [{ has: 'a' }, { ledger: 'credit.unpaid.sum', lte: 0 }] },
      {
        ledgers: { credit: { id: 'eip155:1:0xaa', categories: ['unpaid'] } },
      },
    )
    assert.equal(typeof policyDigest(policy), 'bigint')
    refused(policy, 'require.all[1]', /no profile has ledgers yet/)
  })

  it('row 15: a gate without a least sum cannot be written, and unused gates are never satisfied', () => {
    const program = compilePolicy(policyOf(1, { has: 'a' }))
    assert.ok(program.gates.every((gate) => gate.min >= 1))
    assert.equal(program.clauses.filter((clause) => clause.weight > 0).length, 1)
  })
})

// Computed at the first release; they must never change.
const GOLDEN = [
  '19385269845280498831535224505255173317990676271896716031873615701257200195954',
  '6782005120064335717774831815545238779288479905734000125691926808349782735104',
  '15621435069021286566948908265062499494057587799995872704338369753993628942348',
  '2007638998793111550598515008630080986332886426566370427898964920375764625661',
  '5270084397459893542302479111643661308221193133408123809240449244192499607481',
]

describe('policyDigest', () => {
  const base = { all: [{ claim: 'a.c0', gte: 18 }, { has: 'b' }] }
  const digest = (require: unknown, rest: object = {}, slots = 2): bigint =>
    policyDigest(policyOf(slots, require, rest))

  it('golden vectors: the same in every release', () => {
    const vectors = [
      digest({ has: 'a' }, {}, 1),
      digest(base),
      digest({ claim: 'a.c0', in: { set: '12345' } }, { reveal: ['a.c1'], nullifier: { claim: 'a.c9' } }, 1),
      digest({
        weighted: [
          [3, { has: 'a' }],
          [2, { claim: 'b.c1', lt: { now: -60 } }],
          [2, { claim: 'b.c2', neq: { claim: 'a.c3' } }],
        ],
        min: 4,
      }),
      digest(
        { has: 'a' },
        { ledgers: { credit: { id: 'x', categories: ['y'] } }, discloseHandle: 'credit' },
        1,
      ),
    ]
    assert.deepEqual(vectors.map(String), GOLDEN)
  })

  it('row 14: every part of a policy changes it', () => {
    const ledger = { ledgers: { credit: { id: 'x', categories: ['y'] } }, discloseHandle: 'credit' }
    const digests = [
      digest(base),
      digest({ all: [{ claim: 'a.c0', gte: 19 }, { has: 'b' }] }),
      digest({ all: [{ claim: 'a.c0', gt: 18 }, { has: 'b' }] }),
      digest({ all: [{ claim: 'a.c1', gte: 18 }, { has: 'b' }] }),
      digest({ any: [{ claim: 'a.c0', gte: 18 }, { has: 'b' }] }),
      digest(base, { reveal: ['a.c0'] }),
      digest(base, { reveal: ['a.c1'] }),
      digest(base, { nullifier: { claim: 'a.c5' } }),
      digest(base, ledger),
      digest(base, { ledgers: { credit: { id: 'z', categories: ['y'] } }, discloseHandle: 'credit' }),
      ...[
        { anchor: 'signed' },
        { anchor: 'registered' },
        { revocation: 'none' },
        { maxAge: 1 },
        { issuers: [ISSUERS[3]] },
      ].map((change) =>
        policyDigest(
          parsePolicy({
            version: 1,
            schemas: { 'numbers/1': { c0: 'uint' } },
            sbts: { a: { issuers: [ISSUERS[0]], schema: 'numbers/1', ...change } },
            require: { claim: 'a.c0', gte: 18 },
          }),
        ),
      ),
    ]
    assert.equal(new Set(digests).size, digests.length)
  })
})
