import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { PolicyError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { Registry } from '../../src/merkle/registry.js'
import { SetTree } from '../../src/merkle/set.js'
import { evaluatePolicy } from '../../src/policy/evaluate.js'
import { parsePolicy } from '../../src/policy/parse.js'
import { signSbt } from '../../src/sbt/issuer.js'
import { completeSbt, type HeldSbt, issueSbt } from '../../src/sbt/sbt.js'
import { type ClaimValue, defineSchema, encodeClaim } from '../../src/sbt/schema.js'
import { createSoul, holderOf } from '../../src/soul/index.js'
import { acceptedRoot, entryAbout, openBook, openingsFor, withLedgers } from '../support/ledger.js'
import { CONTRACT, type Editable, issuerOf, smallPolicy } from './fixture.js'

const NOW = 1_700_000_000n
const DAY = 86_400n
const soul = createSoul({ seed: new Uint8Array(32).fill(7) })
const stranger = createSoul({ seed: new Uint8Array(32).fill(8) })
const claimTypes = smallPolicy({ has: 'a' }).schemas['small/1']
const small = defineSchema({ name: 'small/1', claims: claimTypes })
const other = defineSchema({ name: 'other/1', claims: claimTypes })

const defaults: Record<string, ClaimValue> = {
  uint1: 5n,
  uint2: 9n,
  int1: -3n,
  date1: NOW - 20n * 365n * DAY,
  date2: -DAY,
  bool1: true,
  string1: 'CA',
  bytes1: Uint8Array.of(1, 2),
  field1: 77n,
}

interface Fixture {
  policy: Editable
  sbts: HeldSbt[]
  roots: Editable
  soul: typeof soul
  now: bigint
  sets?: SetTree[]
  ledgers?: Editable
}

let nextSalt = 1000n

/** Issues an SBT by signature, with a proof from a status tree. */
function signed(
  o: {
    issuer?: number
    status?: Registry
    claims?: Record<string, ClaimValue>
    issuedAt?: bigint
    expiresAt?: bigint
    statusId?: number
    schema?: typeof small
    owner?: typeof soul
  } = {},
): HeldSbt {
  const { issuer = 1, status, statusId = 3, owner = soul } = o
  const salt = nextSalt++
  const { sbt, signature } = issueSbt({
    issuer: issuerOf(issuer),
    schema: o.schema ?? small,
    holder: holderOf(owner.commitment, salt),
    claims: { ...defaults, ...o.claims },
    issuedAt: o.issuedAt ?? NOW - DAY,
    expiresAt: o.expiresAt ?? NOW + DAY,
    statusId,
  })
  assert.ok(signature)
  return {
    sbt,
    salt,
    anchor: { signature, ...(status === undefined ? {} : { status: status.proof(statusId) }) },
  }
}

/** Issues SBTs into a registry and opens them all. */
function registered(
  issuer: string,
  claims: Record<string, ClaimValue>[],
): { held: HeldSbt[]; registry: Registry } {
  const registry = new Registry()
  const issued = claims.map((each) => {
    const salt = nextSalt++
    const holder = holderOf(soul.commitment, salt)
    const { sbt } = issueSbt({
      issuer,
      schema: small,
      holder,
      claims: { ...defaults, ...each },
      issuedAt: NOW - DAY,
    })
    return { sbt, salt, index: registry.insert(sbt.leaf) }
  })
  return {
    registry,
    held: issued.map(({ sbt, salt, index }) => ({
      sbt,
      salt,
      anchor: { registered: registry.proof(index) },
    })),
  }
}

function evaluate({ policy, ...rest }: Fixture): ReturnType<typeof evaluatePolicy> {
  return evaluatePolicy({ ...rest, policy: parsePolicy(policy) })
}

function assertSatisfied(fixture: Fixture): void {
  assert.deepEqual(evaluate(fixture), { satisfied: true, reasons: [] })
}

function assertReason(fixture: Fixture, path: string, reason: RegExp): void {
  const result = evaluate(fixture)
  assert.equal(result.satisfied, false)
  assert.ok(
    result.reasons.some((each) => each.path === path && reason.test(each.reason)),
    JSON.stringify(result.reasons),
  )
}

/** A wallet with one signed SBT for slot `a`, and a policy that it satisfies. */
function signedFixture(): Fixture {
  const status = new Registry({ kind: 'status' })
  status.revoke(0)
  return {
    soul,
    now: NOW,
    sbts: [signed({ status })],
    roots: { issuers: { [issuerOf(1).id]: { status: status.root } } },
    policy: smallPolicy({ claim: 'a.string1', eq: 'CA' }),
  }
}

function registeredFixture(): Fixture {
  const { held, registry } = registered(CONTRACT, [{}])
  const policy = smallPolicy({ claim: 'a.string1', eq: 'CA' })
  policy.sbts.a.issuers = [CONTRACT]
  return {
    soul,
    now: NOW,
    sbts: held,
    roots: { issuers: { [CONTRACT]: { registry: registry.root } } },
    policy,
  }
}

/** Changes each SBT of a wallet. */
function edit(fixture: Fixture, change: (held: Editable) => Editable): void {
  fixture.sbts = fixture.sbts.map((held) => change(held))
}

/** Two slots that the same signed SBTs can fill, without revocation. */
function pairFixture(require: Editable, sbts: HeldSbt[]): Fixture {
  const policy = smallPolicy(require)
  for (const slot of Object.values<Editable>(policy.sbts)) {
    slot.issuers = [issuerOf(1).id]
    slot.revocation = 'none'
  }
  return { soul, now: NOW, sbts, roots: { issuers: {} }, policy }
}

describe('policy/evaluate', () => {
  it('accepts a signed and a registered SBT', () => {
    assertSatisfied(signedFixture())
    assertSatisfied(registeredFixture())
  })

  describe('an SBT with one thing wrong does not count', () => {
    /** Changes the fixture by parts of its only SBT. */
    const resigned = (held: HeldSbt, content: Editable): HeldSbt => {
      const sbt = completeSbt({ ...held.sbt, ...content })
      return { ...held, sbt, anchor: { ...held.anchor, signature: signSbt(issuerOf(1), sbt.hash) } }
    }
    const cases: [string, (fixture: Fixture) => void, RegExp][] = [
      ['another schema', (f) => edit(f, () => signed({ schema: other })), /1 is of another schema/],
      [
        'an issuer not accepted',
        (f) => edit(f, () => signed({ issuer: 2 })),
        /1 is of an issuer not accepted/,
      ],
      [
        'another Soul (transfer)',
        (f) => edit(f, () => signed({ owner: stranger })),
        /issued to another Soul/,
      ],
      [
        'a Soul that is not the holder',
        (f) => {
          f.soul = stranger
        },
        /issued to another Soul/,
      ],
      ['another salt', (f) => edit(f, (h) => ({ ...h, salt: h.salt + 1n })), /issued to another Soul/],
      [
        'a salt that is not canonical',
        (f) => edit(f, (h) => ({ ...h, salt: h.salt + FIELD_MODULUS })),
        /another Soul/,
      ],
      [
        'another hash',
        (f) => edit(f, (h) => ({ ...h, sbt: { ...h.sbt, hash: h.sbt.hash + 1n } })),
        /not what its hash/,
      ],
      [
        'another leaf',
        (f) => edit(f, (h) => ({ ...h, sbt: { ...h.sbt, leaf: h.sbt.leaf + 1n } })),
        /not what its hash/,
      ],
      [
        'another claim under the same hash',
        (f) => edit(f, (h) => ({ ...h, sbt: { ...h.sbt, claims: { ...h.sbt.claims, uint1: 6n } } })),
        /not what its hash/,
      ],
      [
        'another expiry under the same hash',
        (f) => edit(f, (h) => ({ ...h, sbt: { ...h.sbt, expiresAt: 0n } })),
        /not what its hash/,
      ],
      ['a missing claim', (f) => edit(f, (h) => ({ ...h, sbt: { ...h.sbt, claims: {} } })), /malformed/],
      ['a future issue', (f) => edit(f, (h) => resigned(h, { issuedAt: NOW + 1n })), /issued in the future/],
      ['expiry now', (f) => edit(f, (h) => resigned(h, { expiresAt: NOW })), /1 is expired/],
      [
        'age beyond maxAge',
        (f) => {
          f.policy.sbts.a.maxAge = Number(DAY) - 1
        },
        /older than maxAge/,
      ],
      [
        'a changed signature',
        (f) =>
          edit(f, (h) => ({ ...h, anchor: { ...h.anchor, signature: { ...h.anchor.signature, S: 5n } } })),
        /valid signature/,
      ],
      [
        'a signature aliased by the subgroup order',
        (f) =>
          edit(f, (h) => ({
            ...h,
            anchor: {
              ...h.anchor,
              signature: { ...h.anchor.signature, S: h.anchor.signature.S + SUBGROUP_ORDER },
            },
          })),
        /valid signature/,
      ],
      [
        'a negative signature (must not hang)',
        (f) =>
          edit(f, (h) => ({
            ...h,
            anchor: {
              ...h.anchor,
              signature: { ...h.anchor.signature, S: h.anchor.signature.S - SUBGROUP_ORDER },
            },
          })),
        /valid signature/,
      ],
      [
        'a signature point aliased by r',
        (f) =>
          edit(f, (h) => {
            const { R8, S } = h.anchor.signature
            return { ...h, anchor: { ...h.anchor, signature: { R8: [R8[0] + FIELD_MODULUS, R8[1]], S } } }
          }),
        /valid signature/,
      ],
      [
        'the signature of another key',
        (f) =>
          edit(f, (h) => ({ ...h, anchor: { ...h.anchor, signature: signSbt(issuerOf(2), h.sbt.hash) } })),
        /valid signature/,
      ],
      ['no signature', (f) => edit(f, (h) => ({ ...h, anchor: {} })), /valid signature/],
      ['no anchor', (f) => edit(f, ({ sbt, salt }) => ({ sbt, salt })), /malformed/],
      [
        'a policy that wants registration',
        (f) => {
          f.policy.sbts.a.anchor = 'registered'
        },
        /only registered/,
      ],
      [
        'no accepted status root',
        (f) => {
          f.roots.issuers = {}
        },
        /without an accepted status root/,
      ],
      [
        'a registry root instead of a status root',
        (f) => {
          f.roots.issuers[issuerOf(1).id] = { registry: f.roots.issuers[issuerOf(1).id].status }
        },
        /without an accepted status root/,
      ],
      [
        'another status root',
        (f) => {
          f.roots.issuers[issuerOf(1).id].status++
        },
        /not covered by the accepted status/,
      ],
      [
        'no status proof',
        (f) => edit(f, (h) => ({ ...h, anchor: { signature: h.anchor.signature } })),
        /without a status proof/,
      ],
      [
        'a status proof for another position',
        (f) =>
          edit(f, (h) => ({
            ...h,
            anchor: { ...h.anchor, status: new Registry({ kind: 'status' }).proof(4) },
          })),
        /another position/,
      ],
      [
        'a status path that differs',
        (f) =>
          edit(f, (h) => {
            const siblings = h.anchor.status.siblings.map((row: bigint[]) => [...row])
            siblings[9][0] += 1n
            return { ...h, anchor: { ...h.anchor, status: { ...h.anchor.status, siblings } } }
          }),
        /not covered by the accepted status/,
      ],
      [
        'a status path that is too short, whose root is an inner node',
        (f) =>
          edit(f, (h) => ({
            ...h,
            anchor: {
              ...h.anchor,
              status: { ...h.anchor.status, siblings: h.anchor.status.siblings.slice(1) },
            },
          })),
        /not covered by the accepted status/,
      ],
      [
        'revocation',
        (f) => {
          const status = new Registry({ kind: 'status' })
          status.revoke(3)
          f.roots.issuers[issuerOf(1).id].status = status.root
          edit(f, (h) => ({ ...h, anchor: { ...h.anchor, status: status.proof(3) } }))
        },
        /1 is revoked/,
      ],
      [
        'revocation, with the leaf 0 claimed in the proof',
        (f) => {
          const status = new Registry({ kind: 'status' })
          status.revoke(3)
          f.roots.issuers[issuerOf(1).id].status = status.root
          edit(f, (h) => ({ ...h, anchor: { ...h.anchor, status: { ...status.proof(3), leaf: 0n } } }))
        },
        /not covered by the accepted status/,
      ],
    ]
    for (const [title, change, reason] of cases) {
      it(title, () => {
        const fixture = signedFixture()
        change(fixture)
        assertReason(fixture, 'require', reason)
      })
    }

    const registeredCases: [string, (fixture: Fixture) => void, RegExp][] = [
      [
        'registered: a policy that wants signatures',
        (f) => {
          f.policy.sbts.a.anchor = 'signed'
          f.policy.sbts.a.issuers = [CONTRACT, issuerOf(1).id]
        },
        /only signed/,
      ],
      [
        'registered: no accepted root',
        (f) => {
          f.roots.issuers = {}
        },
        /without an accepted registry root/,
      ],
      [
        'registered: a status root instead of a registry root',
        (f) => {
          f.roots.issuers[CONTRACT] = { status: f.roots.issuers[CONTRACT].registry }
        },
        /without an accepted registry root/,
      ],
      [
        'registered: another root',
        (f) => {
          f.roots.issuers[CONTRACT].registry++
        },
        /not in the accepted registry/,
      ],
      [
        'registered: the leaf of another SBT',
        (f) => {
          const { held, registry } = registered(CONTRACT, [{}, {}])
          f.roots.issuers[CONTRACT].registry = registry.root
          f.sbts = [{ ...held[0], anchor: held[1]?.anchor } as HeldSbt]
        },
        /another leaf/,
      ],
      [
        'registered: a position that differs',
        (f) => {
          const [held] = f.sbts as Editable[]
          f.sbts = [{ ...held, anchor: { registered: { ...held.anchor.registered, index: 1 } } }]
        },
        /not in the accepted registry/,
      ],
      [
        'registered: revoked',
        (f) => {
          const { held, registry } = registered(CONTRACT, [{}])
          registry.revoke(0)
          f.roots.issuers[CONTRACT].registry = registry.root
          f.sbts = [{ ...held[0], anchor: { registered: registry.proof(0) } } as HeldSbt]
        },
        /revoked/,
      ],
      [
        'registered: revoked, with a proof from before',
        (f) => {
          const { held, registry } = registered(CONTRACT, [{}])
          registry.revoke(0)
          f.roots.issuers[CONTRACT].registry = registry.root
          f.sbts = held
        },
        /not in the accepted registry/,
      ],
      [
        'signed in the name of a contract',
        (f) => {
          const [held] = f.sbts as Editable[]
          f.sbts = [{ ...held, anchor: { signature: signSbt(issuerOf(1), held.sbt.hash) } }]
        },
        /contract, which cannot sign/,
      ],
    ]
    for (const [title, change, reason] of registeredCases) {
      it(title, () => {
        const fixture = registeredFixture()
        change(fixture)
        assertReason(fixture, 'require', reason)
      })
    }

    it('counts faults by kind', () => {
      const fixture = signedFixture()
      fixture.sbts = [
        signed({ expiresAt: NOW - 1n }),
        signed({ issuer: 2 }),
        signed({ issuer: 3 }),
        ...[4, 5].map(() => signed({ schema: other })),
      ]
      assert.deepEqual(evaluate(fixture).reasons, [
        {
          path: 'require',
          reason:
            'no SBT in the wallet fills slot a: 1 is expired, 2 are of an issuer not accepted, 2 are of another schema',
        },
      ])
      fixture.sbts = []
      assertReason(fixture, 'require', /the wallet is empty/)
    })
  })

  describe('edges that count', () => {
    it('issued now, never expiring, expiring in a second, exactly maxAge old', () => {
      for (const times of [
        { issuedAt: NOW },
        { expiresAt: 0n },
        { expiresAt: NOW + 1n },
        { issuedAt: NOW - 100n, maxAge: 100 },
      ]) {
        const { maxAge, ...rest } = times as Editable
        const fixture = pairFixture({ has: 'a' }, [signed(rest)])
        if (maxAge !== undefined) fixture.policy.sbts.a.maxAge = maxAge
        assertSatisfied(fixture)
      }
    })

    it('revocation none needs no status, and a key may register', () => {
      const fixture = signedFixture()
      fixture.policy.sbts.a.revocation = 'none'
      fixture.roots = { issuers: {} }
      fixture.sbts = [signed()]
      assertSatisfied(fixture)
      const { held, registry } = registered(issuerOf(1).id, [{}])
      assertSatisfied({
        ...fixture,
        sbts: held,
        policy: smallPolicy({ has: 'a' }),
        roots: { issuers: { [issuerOf(1).id]: { registry: registry.root } } },
      })
    })

    it('one good SBT among bad ones, and one SBT with a bad and a good anchor', () => {
      const fixture = signedFixture()
      const [good] = fixture.sbts as [HeldSbt]
      fixture.sbts = [signed({ issuer: 2 }), { ...good, anchor: {} as HeldSbt['anchor'] }, good]
      assertSatisfied(fixture)
    })
  })

  describe('malformed SBTs beside a good one change nothing, whatever is wrong', () => {
    const broken: [string, (held: Editable) => Editable][] = [
      ['a salt that is no number', (h) => ({ ...h, salt: 'salt' })],
      ['no salt', ({ sbt, anchor }) => ({ sbt, anchor })],
      ['a negative salt', (h) => ({ ...h, salt: -1n })],
      ['an anchor that is null', (h) => ({ ...h, anchor: null })],
      ['a signature that is text', (h) => ({ ...h, anchor: { signature: 'R8' } })],
      ['an opening that is text', (h) => ({ ...h, anchor: { registered: 'proof' } })],
      ['claims that are null', (h) => ({ ...h, sbt: { ...h.sbt, claims: null } })],
      ['a schema that is null', (h) => ({ ...h, sbt: { ...h.sbt, schema: null } })],
      ['an issuer that is no id', (h) => ({ ...h, sbt: { ...h.sbt, issuer: 5 } })],
      ['a hash that is no number', (h) => ({ ...h, sbt: { ...h.sbt, hash: null } })],
    ]
    for (const [title, breakIt] of broken) {
      it(title, () => {
        const fixture = signedFixture()
        const [good] = fixture.sbts as [HeldSbt]
        const bad = breakIt(good) as HeldSbt
        assertSatisfied({ ...fixture, sbts: [bad, good] })
        assertSatisfied({ ...fixture, sbts: [good, bad] })
        assert.equal(evaluate({ ...fixture, sbts: [bad] }).satisfied, false)
      })
    }

    it('a malformed status where no status is wanted does not matter; where one is, it does', () => {
      const fixture = signedFixture()
      edit(fixture, (h) => ({ ...h, anchor: { ...h.anchor, status: 'status' } }))
      assertReason(fixture, 'require', /status proof for another position/)
      fixture.policy.sbts.a.revocation = 'none'
      assertSatisfied(fixture)
    })

    it("the SBT's own list of claims is not asked: the policy's schema, whose hash it has, says it all", () => {
      const fixture = signedFixture()
      edit(fixture, (h) => ({ ...h, sbt: { ...h.sbt, schema: { hash: h.sbt.schema.hash } } }))
      assertSatisfied(fixture)
      edit(fixture, (h) => ({ ...h, sbt: { ...h.sbt, schema: { ...other, hash: h.sbt.schema.hash } } }))
      assertSatisfied(fixture)
    })
  })

  describe('predicates', () => {
    const { held: issued, registry } = registered(issuerOf(1).id, [{}])
    const [held] = issued as [HeldSbt]
    const roots = { issuers: { [issuerOf(1).id]: { registry: registry.root } } }
    const holds = (require: Editable, more: Partial<Fixture> = {}): boolean =>
      evaluate({ ...pairFixture(require, [held]), roots, ...more }).satisfied

    it('compares with constants, both ways', () => {
      const truths: [Editable, boolean][] = []
      const both = (claim: string, value: unknown, below: unknown, above: unknown): void => {
        for (const [constant, order] of [
          [below, 1],
          [value, 0],
          [above, -1],
        ] as const) {
          truths.push(
            [{ claim, eq: constant }, order === 0],
            [{ claim, neq: constant }, order !== 0],
            [{ claim, lt: constant }, order < 0],
            [{ claim, lte: constant }, order <= 0],
            [{ claim, gt: constant }, order > 0],
            [{ claim, gte: constant }, order >= 0],
          )
        }
      }
      both('a.uint1', 5, 4, 6)
      both('a.int1', -3, -4, -2)
      both('a.date2', '1969-12-31', '1969-12-30', '1970-01-01')
      truths.push(
        [{ claim: 'a.bool1', eq: true }, true],
        [{ claim: 'a.bool1', eq: false }, false],
        [{ claim: 'a.string1', eq: 'CA' }, true],
        [{ claim: 'a.string1', eq: 'ca' }, false],
        [{ claim: 'a.bytes1', eq: '0x0102' }, true],
        [{ claim: 'a.bytes1', eq: '0x0201' }, false],
        [{ claim: 'a.field1', eq: '77' }, true],
        [{ claim: 'a.field1', eq: '78' }, false],
        [{ claim: 'a.uint1', between: [5, 6] }, true],
        [{ claim: 'a.uint1', between: [4, 5] }, true],
        [{ claim: 'a.uint1', between: [6, 7] }, false],
        [{ claim: 'a.uint1', between: [3, 4] }, false],
        [{ claim: 'a.string1', in: ['US', 'CA'] }, true],
        [{ claim: 'a.string1', in: ['US'] }, false],
        [{ claim: 'a.string1', notIn: ['US'] }, true],
        [{ claim: 'a.string1', notIn: ['US', 'CA'] }, false],
        [{ claim: 'a.uint1', lt: { claim: 'a.uint2' } }, true],
        [{ claim: 'a.uint1', gte: { claim: 'a.uint2' } }, false],
      )
      for (const [require, expected] of truths) {
        assert.equal(holds(require), expected, JSON.stringify(require))
        assert.equal(holds({ not: require }), !expected, `not ${JSON.stringify(require)}`)
      }
    })

    it('compares with now, over the integers', () => {
      const offset = Number(-20n * 365n * DAY)
      assert.equal(holds({ claim: 'a.date1', eq: { now: offset } }), true)
      assert.equal(holds({ claim: 'a.date1', lte: { now: offset - 1 } }), false)
      assert.equal(holds({ claim: 'a.date1', gt: { now: offset - 1 } }), true)
      assert.equal(holds({ claim: 'a.uint1', lt: { now: 0 } }), true)
      assert.equal(holds({ claim: 'a.uint1', gt: { now: -(2 ** 48) } }), true)
      assert.equal(holds({ claim: 'a.int1', lt: { now: -(2 ** 48) } }), false)
      assert.equal(
        holds({ claim: 'a.uint1', eq: { now: 5 } }, { now: 0n, sbts: [signed({ issuedAt: 0n })] }),
        true,
      )
    })

    it('reads sets by root, of text and numbers', () => {
      const countries = new SetTree(['CA', 'FR'])
      const numbers = new SetTree([5n, encodeClaim('int', -3n, 'x')])
      const sets = [countries, numbers]
      const root = `${countries.root}`
      assert.equal(holds({ claim: 'a.string1', in: { set: root } }, { sets }), true)
      assert.equal(holds({ claim: 'a.string1', notIn: { set: root } }, { sets }), false)
      assert.equal(holds({ claim: 'a.bytes1', in: { set: root } }, { sets }), false)
      assert.equal(holds({ claim: 'a.bytes1', notIn: { set: root } }, { sets }), true)
      assert.equal(holds({ claim: 'a.uint1', in: { set: `${numbers.root}` } }, { sets }), true)
      assert.equal(holds({ claim: 'a.int1', in: { set: `${numbers.root}` } }, { sets }), true)
      assert.equal(holds({ claim: 'a.uint2', in: { set: `${numbers.root}` } }, { sets }), false)
    })

    it('a missing set tree makes neither in nor notIn true', () => {
      for (const test of ['in', 'notIn']) {
        const fixture = { ...pairFixture({ claim: 'a.string1', [test]: { set: '5' } }, [held]), roots }
        assertReason(fixture, 'require', /set tree missing/)
      }
    })

    describe('ledgers', () => {
      const rule = { id: 'x', categories: ['c', 'd'] }
      const book = openBook(rule, [
        entryAbout(soul, rule, { amount: 7n }),
        entryAbout(soul, rule, { category: 1, amount: 8n }),
      ])
      const [accepted, ledgers] = [withLedgers(roots, book), openingsFor(soul, book)]
      const fixtureOf = (predicate: object, more: object = {}) => {
        const fixture = pairFixture({ all: [{ has: 'a' }, predicate] }, [held])
        fixture.policy.ledgers = { l: rule }
        return { ...fixture, roots: accepted, ledgers, ...more }
      }

      it('say what the entries come to, by category, count and sum', () => {
        for (const [predicate, holds] of [
          [{ ledger: 'l.c.sum', eq: 7 }, true],
          [{ ledger: 'l.d.sum', eq: 7 }, false],
          [{ ledger: 'l.d.sum', gt: 7 }, true],
          [{ ledger: 'l.c.count', lt: 2 }, true],
          [{ ledger: 'l.c.count', lt: 1 }, false],
          [{ not: { ledger: 'l.c.sum', gt: 7 } }, true],
          [{ ledger: 'l.c.sum', between: [7, 9] }, true],
        ] as const) {
          if (holds) assertSatisfied(fixtureOf(predicate))
          else
            assertReason(fixtureOf(predicate), 'require.all[1]', /comparison on l\.[cd]\.\w+ does not hold/)
        }
      })

      it('are found by their id or by their name, the id first', () => {
        const any = { ledger: 'l.c.sum', eq: 7 }
        assertSatisfied(fixtureOf(any, { ledgers: { l: ledgers['x'] } }))
        assertSatisfied(fixtureOf(any, { roots: { ...roots, ledgers: { l: accepted.ledgers?.['x'] } } }))
        assertReason(
          fixtureOf(any, { ledgers: { l: ledgers['x'], x: openBook(rule).proof(1n) } }),
          'require.all[1]',
          /of another root/,
        )
      })

      it('say nothing without an accepted root, an opening, or with a wrong one; and why', () => {
        const any = { ledger: 'l.c.sum', gte: 1 }
        const proof = book.proof(0n)
        const other = openBook({ ...rule, id: 'y' })
        const swapped = openBook({ ...rule, categories: ['d', 'c'] })
        for (const [more, reason] of [
          [{ roots }, /no root of ledger l is accepted/],
          [{ ledgers: {} }, /no opening of ledger l/],
          [{ ledgers: undefined }, /no opening of ledger l/],
          [{ ledgers: { l: { ...proof, index: 1 } } }, /malformed, or does not lead/],
          [{ ledgers: { l: null } }, /malformed, or does not lead/],
          [{ ledgers: { l: proof } }, /says nothing of this Soul/],
          [{ ledgers: { l: openBook(rule).proof(0n) } }, /of another root/],
          [
            { ledgers: { l: other.proof(0n) }, roots: { ...roots, ledgers: { l: acceptedRoot(other) } } },
            /another ledger's/,
          ],
          [{ ledgers: openingsFor(soul, swapped), roots: withLedgers(roots, swapped) }, /other categories/],
        ] as [object, RegExp][])
          assertReason(fixtureOf(any, more), 'require.all[1]', reason)
      })

      it('malformed roots are an error of the caller', () => {
        for (const root of [
          { root: 0n, queueLength: 0n, at: 0n },
          { root: 1n, queueLength: -1n, at: 0n },
          { root: 1n, queueLength: 0n },
          5n,
        ]) {
          const fixture = fixtureOf(
            { ledger: 'l.c.sum', eq: 7 },
            { roots: { ...roots, ledgers: { l: root } } },
          )
          assert.throws(() => assertSatisfied(fixture), /ledger root|queueLength/)
        }
      })
    })

    it('a disclosed handle asks nothing of the wallet', () => {
      const ledgers = { l: { id: 'x', categories: ['c'] } }
      const handle = { ...pairFixture({ has: 'a' }, [held]), roots }
      assertSatisfied({ ...handle, policy: { ...handle.policy, ledgers, discloseHandle: 'l' } })
    })

    it('names the failing predicates, and shows no value of a claim', () => {
      const fixture = pairFixture(
        {
          all: [
            { claim: 'a.string1', eq: 'CA' },
            { claim: 'a.uint1', between: [6, 8] },
            { atLeast: 2, of: [{ claim: 'a.int1', gt: 0 }, { has: 'a' }, { has: 'b' }] },
            { any: [{ claim: 'a.bool1', eq: false }] },
            {
              weighted: [
                [1, { has: 'a' }],
                [3, { has: 'b' }],
              ],
              min: 2,
            },
          ],
        },
        [held],
      )
      fixture.policy.sbts.b.issuers = [issuerOf(2).id]
      fixture.roots = roots
      const { satisfied, reasons } = evaluate(fixture)
      assert.equal(satisfied, false)
      assert.deepEqual(
        reasons.map(({ path }) => path),
        [
          'require.all[1].between[0]',
          'require.all[2]',
          'require.all[2].of[0]',
          'require.all[2].of[2]',
          'require.all[3]',
          'require.all[3].any[0]',
          'require.all[4]',
          'require.all[4].weighted[1][1]',
        ],
      )
      assert.match(
        reasons[0]?.reason ?? '',
        /comparison on a.uint1 does not hold for the 1 SBT that fills slot a/,
      )
      assert.match(reasons[1]?.reason ?? '', /at most 1 of 3 can hold, 2 are needed/)
      assert.doesNotMatch(JSON.stringify(reasons), /CA|-3/)
    })
  })

  describe('assignment', () => {
    it('two slots never count one SBT, nor two copies of it', () => {
      const one = signed()
      const require = { all: [{ has: 'a' }, { has: 'b' }] }
      assertReason(pairFixture(require, [one]), 'require', /different one for each slot/)
      assertReason(
        pairFixture(require, [one, structuredClone(one)]),
        'require',
        /different one for each slot/,
      )
      assertSatisfied(pairFixture(require, [one, signed()]))
      assertSatisfied(pairFixture({ any: [{ has: 'a' }, { has: 'b' }] }, [one]))
      assertReason(
        pairFixture({ claim: 'a.uint1', eq: { claim: 'b.uint1' } }, [one]),
        'require',
        /different one for each slot/,
      )
      assertSatisfied(pairFixture({ claim: 'a.uint1', eq: { claim: 'b.uint1' } }, [one, signed()]))
    })

    it('leaves the only SBT that fits to the slot that needs it', () => {
      const plain = signed()
      const special = signed({ claims: { uint1: 100n } })
      const require = { all: [{ has: 'a' }, { claim: 'b.uint1', eq: 100 }] }
      assertSatisfied(pairFixture(require, [special, plain]))
      assertSatisfied(pairFixture(require, [plain, special]))
      assertReason(pairFixture(require, [special]), 'require', /different one for each slot/)
    })

    it('wants one SBT for all predicates on a slot', () => {
      const require = {
        all: [
          { claim: 'a.uint1', eq: 1 },
          { claim: 'a.uint2', eq: 1 },
        ],
      }
      const halves = [signed({ claims: { uint1: 1n } }), signed({ claims: { uint2: 1n } })]
      assertReason(
        pairFixture(require, halves),
        'sbts.a',
        /no single SBT satisfies all of require.all\[0\], require.all\[1\]/,
      )
      assertSatisfied(pairFixture(require, [...halves, signed({ claims: { uint1: 1n, uint2: 1n } })]))
    })

    it('a slot that is not held contributes nothing, not even a negated predicate', () => {
      for (const require of [
        { claim: 'b.uint1', neq: 3 },
        { not: { claim: 'b.uint1', eq: 3 } },
        { claim: 'b.string1', notIn: ['x'] },
        { claim: 'b.uint1', eq: 0 },
        { claim: 'b.uint1', lte: 0 },
      ]) {
        const fixture = pairFixture({ all: [{ has: 'a' }, require] }, [signed()])
        fixture.policy.sbts.b.issuers = [issuerOf(2).id]
        const path = 'not' in require ? 'require.all[1].not' : 'require.all[1]'
        assertReason(fixture, path, /no SBT in the wallet fills slot b/)
      }
    })

    it('counts 10 of 16 slots over the same SBTs, with 10 SBTs and not with 9', () => {
      const { held, registry } = registered(
        CONTRACT,
        Array.from({ length: 10 }, () => ({})),
      )
      const names = Array.from({ length: 16 }, (_, i) => `s${i}`)
      const policy = {
        version: 1,
        schemas: { 'small/1': claimTypes },
        sbts: Object.fromEntries(names.map((name) => [name, { issuers: [CONTRACT], schema: 'small/1' }])),
        require: { atLeast: 10, of: names.map((has) => ({ has })) },
      }
      const roots = { issuers: { [CONTRACT]: { registry: registry.root } } }
      assertSatisfied({ soul, now: NOW, roots, policy, sbts: held })
      assertReason(
        { soul, now: NOW, roots, policy, sbts: held.slice(1) },
        'require',
        /different one for each slot/,
      )
    })

    it('agrees with brute force on random formulas, wallets and slots', () => {
      const names = ['p', 'q', 'r']
      const pool = [
        ...[1, 2].map((issuer) =>
          registered(`eip155:${issuer}:0x${'cd'.repeat(20)}`, [
            { uint1: 1n, uint2: 1n },
            { uint1: 1n, uint2: 2n },
            { uint1: 2n, uint2: 1n },
            { uint1: 3n, uint2: 3n },
          ]),
        ),
      ]
      const ids = [1, 2].map((issuer) => `eip155:${issuer}:0x${'cd'.repeat(20)}`)
      const roots = {
        issuers: Object.fromEntries(ids.map((id, i) => [id, { registry: pool[i]?.registry.root as bigint }])),
      }
      const all = pool.flatMap(({ held }) => held)

      const claim = fc.constantFrom(...names.flatMap((name) => [`${name}.uint1`, `${name}.uint2`]))
      const operator = fc.constantFrom('eq', 'neq', 'lt', 'lte', 'gt', 'gte')
      const predicate = fc.oneof(
        fc.record({ has: fc.constantFrom(...names) }),
        fc
          .tuple(claim, operator, fc.integer({ min: 1, max: 3 }))
          .map(([claim, op, value]) => ({ claim, [op]: value })),
        fc
          .tuple(claim, operator, claim)
          .filter(([left, , right]) => left !== right)
          .map(([left, op, right]) => ({ claim: left, [op]: { claim: right } })),
        fc
          .tuple(claim, operator, fc.integer({ min: 1, max: 3 }))
          .map(([claim, op, value]) => ({ not: { claim, [op]: value } })),
      )
      const parts = (of: fc.Arbitrary<Editable>) => fc.array(of, { minLength: 1, maxLength: 4 })
      const { formula } = fc.letrec<{ formula: Editable }>((tie) => ({
        formula: fc.oneof(
          { maxDepth: 3, withCrossShrink: true },
          predicate,
          parts(tie('formula')).map((of) => ({ all: of })),
          parts(tie('formula')).map((of) => ({ any: of })),
          fc.tuple(parts(tie('formula')), fc.nat()).map(([of, n]) => ({ atLeast: 1 + (n % of.length), of })),
          fc.tuple(parts(tie('formula')), fc.nat()).map(([of, n]) => ({
            weighted: of.map((f, i) => [i + 1, f]),
            min: 1 + (n % ((of.length * (of.length + 1)) / 2)),
          })),
        ),
      }))

      type Filled = Record<string, HeldSbt | undefined>
      const compare: Record<string, (a: bigint, b: bigint) => boolean> = {
        eq: (a, b) => a === b,
        neq: (a, b) => a !== b,
        lt: (a, b) => a < b,
        lte: (a, b) => a <= b,
        gt: (a, b) => a > b,
        gte: (a, b) => a >= b,
      }
      const claimIn = (filled: Filled, path: string): bigint | undefined => {
        const [slot, name] = path.split('.') as [string, string]
        return filled[slot]?.sbt.claims[name] as bigint | undefined
      }
      const isTrue = (f: Editable, filled: Filled): boolean => {
        if (f.has) return filled[f.has] !== undefined
        if (f.all) return f.all.every((part: Editable) => isTrue(part, filled))
        if (f.any) return f.any.some((part: Editable) => isTrue(part, filled))
        if (f.atLeast) return f.of.filter((part: Editable) => isTrue(part, filled)).length >= f.atLeast
        if (f.weighted) {
          const sum = f.weighted.reduce(
            (t: number, [w, part]: Editable) => t + (isTrue(part, filled) ? w : 0),
            0,
          )
          return sum >= f.min
        }
        const inner = f.not ?? f
        const [op, operand] = Object.entries(inner).find(([key]) => key !== 'claim') as [string, Editable]
        const left = claimIn(filled, inner.claim)
        const right = typeof operand === 'number' ? BigInt(operand) : claimIn(filled, operand.claim)
        if (left === undefined || right === undefined) return false
        return (compare[op] as Editable)(left, right) !== (f.not !== undefined)
      }
      const bruteForce = (f: Editable, accepted: Record<string, string[]>, sbts: HeldSbt[]): boolean => {
        const go = (i: number, filled: Filled, used: Set<HeldSbt>): boolean => {
          const name = names[i]
          if (name === undefined) return isTrue(f, filled)
          if (go(i + 1, filled, used)) return true
          return sbts.some(
            (held) =>
              !used.has(held) &&
              accepted[name]?.includes(held.sbt.issuer) &&
              go(i + 1, { ...filled, [name]: held }, new Set([...used, held])),
          )
        }
        return go(0, {}, new Set())
      }

      let [satisfied, compared] = [0, 0]
      fc.assert(
        fc.property(
          formula,
          fc.subarray(all, { minLength: 1, maxLength: 4 }),
          fc.array(fc.subarray(ids, { minLength: 1 }), { minLength: 3, maxLength: 3 }),
          (require, sbts, issuers) => {
            const accepted = Object.fromEntries(names.map((name, i) => [name, issuers[i] as string[]]))
            const slots = names.map((name) => [name, { issuers: accepted[name], schema: 'small/1' }])
            // Every slot has to be used, every contradiction is refused.
            const total = { weighted: [[3, require], ...names.map((name) => [1, { has: name }])], min: 3 }
            const policy = {
              version: 1,
              schemas: { 'small/1': claimTypes },
              sbts: Object.fromEntries(slots),
              require: total,
            }
            let parsed: ReturnType<typeof parsePolicy>
            try {
              parsed = parsePolicy(policy)
            } catch (error) {
              assert.ok(error instanceof PolicyError)
              return
            }
            const result = evaluatePolicy({ soul, sbts, roots, now: NOW, policy: parsed })
            compared++
            if (result.satisfied) satisfied++
            else assert.ok(result.reasons.length > 0)
            assert.equal(result.satisfied, bruteForce(total, accepted, sbts))
          },
        ),
        { seed: 22, numRuns: 120 },
      )
      assert.ok(
        compared > 60 && satisfied > compared * 0.2 && satisfied < compared * 0.9,
        `${satisfied}/${compared}`,
      )
    })
  })

  it('throws for arguments that are no wallet, and says which', () => {
    const fixture = signedFixture()
    const cases: [Editable, RegExp][] = [
      [{ now: -1n }, /now/],
      [{ now: 5 }, /now/],
      [{ now: 1n << 64n }, /now/],
      [{ soul: undefined }, /^TypeError: soul must/],
      [{ soul: { ...fixture.soul, secret: 0n } }, /soul.secret/],
      [{ soul: { commitment: FIELD_MODULUS } }, /soul.commitment/],
      [{ sbts: {} }, /sbts/],
      [{ sbts: [null] }, /sbts\[0\]/],
      [{ sbts: [{}] }, /sbts\[0\]/],
      [{ sets: 5 }, /sets/],
      [{ roots: {} }, /roots.issuers/],
    ]
    for (const [change, message] of cases) {
      assert.throws(() => evaluate({ ...fixture, ...change }), message, message.source)
    }
  })
})
