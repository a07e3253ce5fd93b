import assert from 'node:assert/strict'
import { PolicyError } from '../../src/errors.js'
import { hashText } from '../../src/field.js'
import { compilePolicy, OPERATION, type Program } from '../../src/policy/compile.js'
import { parsePolicy, policyDigest } from '../../src/policy/index.js'
import { PROFILES } from '../../src/policy/profiles.js'
import { openOffice } from '../support/world.js'

const ISSUERS = [1, 2, 3, 4, 5, 6].map((byte) => openOffice(byte).id)
const [S, M, L] = PROFILES as [(typeof PROFILES)[0], (typeof PROFILES)[0], (typeof PROFILES)[0]]

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
      assert.equal(compilePolicy(policyOf(1, { any: clauses(M.clauses + 1) })).profile.name, 'policy-l')
      assert.equal(compilePolicy(policyOf(1, { any: clauses(L.clauses) })).profile.name, 'policy-l')
      refused(policyOf(1, { any: clauses(L.clauses + 1) }), 'require', /needs 17 clauses; policy-l has 16/)
    })
    it('gates', () => {
      assert.equal(compilePolicy(policyOf(1, gates(S.gates))).profile.name, 'policy-s')
      assert.equal(compilePolicy(policyOf(1, gates(S.gates + 1))).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(1, gates(M.gates))).profile.name, 'policy-m')
      // More gates of two clauses each exceed the clauses first, so that the gates are nested around single ones.
      const nest = (depth: number): unknown =>
        depth === 0
          ? { has: 'a' }
          : { [depth % 2 ? 'any' : 'all']: [{ claim: `a.c${depth}`, eq: depth }, nest(depth - 1)] }
      assert.equal(compilePolicy(policyOf(1, nest(M.gates))).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(1, nest(M.gates + 1))).profile.name, 'policy-l')
      assert.equal(compilePolicy(policyOf(1, nest(L.gates))).profile.name, 'policy-l')
      refused(policyOf(1, nest(L.gates + 1)), 'require', /needs 9 gates; policy-l has 8/)
    })
    it('SBTs at once', () => {
      const all = (count: number) => ({
        all: Array.from({ length: count }, (_, i) => ({ has: String.fromCharCode(97 + i) })),
      })
      assert.equal(compilePolicy(policyOf(1, all(1))).profile.name, 'policy-s')
      assert.equal(compilePolicy(policyOf(2, all(2))).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(4, all(4))).profile.name, 'policy-m')
      assert.equal(compilePolicy(policyOf(5, all(5))).profile.name, 'policy-l')
      assert.equal(compilePolicy(policyOf(8, all(8))).profile.name, 'policy-l')
      refused(policyOf(9, all(9)), 'require', /needs 9 SBTs at once; policy-l has 8/)
    })
    it('set openings', () => {
      const set = (slot: string) => ({ claim: `${slot}.c0`, in: { set: '5' } })
      assert.equal(compilePolicy(policyOf(1, set('a'))).profile.name, 'policy-m')
      const all = (...slots: string[]) => policyOf(slots.length, { all: slots.map(set) })
      assert.equal(compilePolicy(all('a', 'b')).profile.name, 'policy-l')
      refused(all('a', 'b', 'c'), 'require', /needs 3 set openings; policy-l has 2/)
    })
    it('reveals', () => {
      const reveal = (count: number) => ({ reveal: Array.from({ length: count }, (_, i) => `a.c${i}`) })
      assert.equal(compilePolicy(policyOf(1, { has: 'a' }, reveal(2))).profile.name, 'policy-s')
      assert.equal(compilePolicy(policyOf(1, { has: 'a' }, reveal(4))).profile.name, 'policy-l')
      refused(policyOf(1, { has: 'a' }, reveal(5)), 'reveal', /needs 5 reveals; policy-l has 4/)
    })
    it('ledgers, and their categories', () => {
      const reading = (count: number, categories = 1) => {
        const names = Array.from({ length: count }, (_, i) => `l${i}`)
        const list = Array.from({ length: categories }, (_, i) => `c${i}`)
        return policyOf(
          1,
          { all: [{ has: 'a' }, ...names.map((name) => ({ ledger: `${name}.c0.sum`, eq: 0 }))] },
          { ledgers: Object.fromEntries(names.map((name) => [name, { id: name, categories: list }])) },
        )
      }
      assert.equal(compilePolicy(reading(1)).profile.name, 'policy-l')
      assert.equal(compilePolicy(reading(2, 4)).profile.name, 'policy-l')
      refused(reading(3), 'require', /needs 3 ledgers; policy-l has 2/)
      refused(reading(1, 5), 'ledgers.l0.categories', /needs 5 categories; policy-l has 4/)
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
    it('three of five need three, nine of ten too many', () => {
      assert.equal(compilePolicy(policyOf(5, { atLeast: 3, of: has(...'abcde') })).profile.name, 'policy-m')
      refused(policyOf(10, { atLeast: 9, of: has(...'abcdefghij') }), 'require', /needs 9 SBTs/)
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

  it('ledger predicates load a tally of their ledger, by the place of the category', () => {
    const ledgers = {
      z: { id: 'first', categories: ['x', 'y'] },
      b: { id: 'second', categories: ['y', 'x'] },
      unread: { id: 'third', categories: ['x'] },
    }
    const policy = policyOf(
      1,
      {
        all: [
          { has: 'a' },
          { ledger: 'z.y.sum', lte: 7 },
          { ledger: 'b.y.count', gt: 7 },
          { ledger: 'b.x.sum', eq: 7 },
        ],
      },
      { ledgers, discloseHandle: 'unread' },
    )
    const { clauses, ledgers: read, ledgerId } = compilePolicy(policy)
    assert.deepEqual(
      read.map(({ name, id }) => [name, id]),
      [
        ['b', 'second'],
        ['z', 'first'],
      ],
    )
    assert.notEqual(read[0]?.categories, read[1]?.categories)
    assert.equal(ledgerId, hashText('third'))
    assert.deepEqual(
      clauses
        .slice(1, 4)
        .map(({ fromLedger, slot, claim, operation, constant }) => [
          fromLedger,
          slot,
          claim,
          operation,
          constant,
        ]),
      [
        [true, 1, 3, OPERATION.less, 8n],
        [true, 0, 0, OPERATION.atLeast, 8n],
        [true, 0, 3, OPERATION.equal, 7n],
      ],
    )
  })

  it('row 15: a gate without a least sum cannot be written, and unused gates are never satisfied', () => {
    const program = compilePolicy(policyOf(1, { has: 'a' }))
    assert.ok(program.gates.every((gate) => gate.min >= 1))
    assert.equal(program.clauses.filter((clause) => clause.weight > 0).length, 1)
  })
})

// Computed when their profiles were first released; they must never change.
const GOLDEN = [
  '19385269845280498831535224505255173317990676271896716031873615701257200195954',
  '6782005120064335717774831815545238779288479905734000125691926808349782735104',
  '15621435069021286566948908265062499494057587799995872704338369753993628942348',
  '2007638998793111550598515008630080986332886426566370427898964920375764625661',
  '5270084397459893542302479111643661308221193133408123809240449244192499607481',
  '11934373232015643842943557476480755092167347553537236619219457307830495417034',
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
      digest(
        { all: [{ has: 'a' }, { ledger: 'credit.z.sum', lte: 5 }] },
        { ledgers: { credit: { id: 'x', categories: ['y', 'z'] } }, discloseHandle: 'credit' },
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
      ...[
        { ledger: 'credit.y.sum', lte: 0 },
        { ledger: 'credit.y.count', lte: 0 },
        { ledger: 'credit.z.sum', lte: 0 },
      ].map((leaf) =>
        digest({ all: [base, leaf] }, { ledgers: { credit: { id: 'x', categories: ['y', 'z'] } } }),
      ),
      ...[
        { id: 'w', categories: ['y', 'z'] },
        { id: 'x', categories: ['z', 'y'] },
        { id: 'x', categories: ['y'] },
      ].map((credit) => digest({ all: [base, { ledger: 'credit.y.sum', lte: 0 }] }, { ledgers: { credit } })),
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
