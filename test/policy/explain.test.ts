import assert from 'node:assert/strict'
import { explainPolicy } from '../../src/policy/explain.js'
import { parsePolicy } from '../../src/policy/parse.js'
import { type Editable, protocolExample, smallPolicy } from './fixture.js'

const EXAMPLE = `What must hold:
  - all of these:
    - citizenship.country is "CA"
    - citizenship.birthDate is at least 18 years (6574.4 days) before now
    - degree.major is one of "econometrics", "economics"
    - social.followers is more than 50000
    - an SBT fills person
    - at least 3 of these 5:
      - an SBT fills c1
      - an SBT fills c2
      - an SBT fills c3
      - an SBT fills c4
      - an SBT fills c5
    - the sum of unpaid entries in ledger credit is at most 0

SBTs that count:
  - c1: "conference/1" (seat: uint) from key 56027499…353581; signed by the issuer or in the issuer's registry; not revoked
  - c2: "conference/1" (seat: uint) from key 14055244…525916; signed by the issuer or in the issuer's registry; not revoked
  - c3: "conference/1" (seat: uint) from key 79662713…447047; signed by the issuer or in the issuer's registry; not revoked
  - c4: "conference/1" (seat: uint) from key 17158455…643680; signed by the issuer or in the issuer's registry; not revoked
  - c5: "conference/1" (seat: uint) from key 12717921…867220; signed by the issuer or in the issuer's registry; not revoked
  - citizenship: "citizenship/1" (country: string, birthDate: date) from key 15944627…201952; signed by the issuer or in the issuer's registry; not revoked
  - degree: "degree/1" (major: string, year: uint) from one of 3 issuers (key 10008904…537586, key 40443932…722040, contract 0xababab…ababab on chain 1); signed by the issuer or in the issuer's registry; not revoked
  - person: "person/1" (seed: field) from key 12584343…150602; signed by the issuer or in the issuer's registry; not revoked
  - social: "social/1" (followers: uint) from key 20791064…984049; signed by the issuer or in the issuer's registry; revocation of signed SBTs is not looked at; issued at most 30 days ago
  Each is issued to the same Soul, not in the future and not expired. One SBT never fills two slots.

Ledgers that are read:
  - credit: "eip155:1:0xabababababababababababababababababababab" with the categories unpaid, defaults

What the verifier learns:
  - that all of the above holds for one Soul, and nothing about how beyond what follows
  - the value of citizenship.country
  - the Soul's handle in ledger credit, under which entries can be written without its consent
  - a nullifier of the secret claim person.seed: the same in every proof for one scope by any Soul with this claim, unlinkable across scopes
  - whoever issued person.seed can compute this nullifier in every scope, and so can everybody who guesses its value

What stays hidden:
  - the Soul and its identity commitment
  - the values of all other claims, beyond what the conditions say
  - the SBTs, their times of issue and expiry, and their places in registries
  - which issuer, where several are accepted
  - which of the alternatives hold
  - the Soul's entries in ledgers, beyond what the conditions say
  - handles in other ledgers
  - the claim behind the nullifier, as long as nobody can guess it`

/** The line on a single predicate. */
function lineOf(require: Editable): string {
  return (explainPolicy(parsePolicy(smallPolicy(require))).split('\n')[1] as string).replace('  - ', '')
}

describe('policy/explain', () => {
  it('explains the example of the protocol', () => {
    assert.equal(explainPolicy(parsePolicy(protocolExample())), EXAMPLE)
  })

  it('says what each predicate means', () => {
    const cases: [Editable, string][] = [
      [{ has: 'a' }, 'an SBT fills a'],
      [{ claim: 'a.uint1', eq: 5 }, 'a.uint1 is 5'],
      [{ claim: 'a.uint1', neq: 5 }, 'a.uint1 is not 5'],
      [{ claim: 'a.uint1', lt: 5 }, 'a.uint1 is less than 5'],
      [{ claim: 'a.int1', gte: -5 }, 'a.int1 is at least -5'],
      [{ not: { claim: 'a.int1', gte: -5 } }, 'a.int1 is less than -5'],
      [{ claim: 'a.bool1', eq: true }, 'a.bool1 is true'],
      [{ claim: 'a.string1', neq: 'x"y' }, 'a.string1 is not "x\\"y"'],
      [{ claim: 'a.bytes1', eq: '0xAB' }, 'a.bytes1 is 0xab'],
      [
        { claim: 'a.bytes1', eq: '123456789012345678901234567890' },
        'a.bytes1 is the bytes with hash 12345678…567890',
      ],
      [{ claim: 'a.field1', eq: '0x10' }, 'a.field1 is 16'],
      [{ claim: 'a.uint1', gt: { claim: 'b.uint2' } }, 'a.uint1 is more than b.uint2'],
      [{ claim: 'a.string1', eq: { claim: 'b.string1' } }, 'a.string1 is the same as b.string1'],
      [{ claim: 'a.string1', neq: { claim: 'b.string1' } }, 'a.string1 differs from b.string1'],
      [{ claim: 'a.date1', lte: { claim: 'b.date1' } }, 'a.date1 is at or before b.date1'],
      [{ claim: 'a.uint1', in: [3, 1, 2] }, 'a.uint1 is one of 1, 2, 3'],
      [{ claim: 'a.uint1', notIn: [3] }, 'a.uint1 is not 3'],
      [{ claim: 'a.string1', notIn: ['z', 'x'] }, 'a.string1 is not one of "x", "z"'],
      [{ claim: 'a.uint1', in: { set: '7' } }, 'a.uint1 is in the set with root 7'],
      [{ claim: 'a.uint1', notIn: { set: '7' } }, 'a.uint1 is not in the set with root 7'],
      [{ claim: 'a.date1', lt: '1969-12-31' }, 'a.date1 is before 1969-12-31 00:00 UTC'],
      [{ claim: 'a.date1', gte: 86399 }, 'a.date1 is at or after 1970-01-01 23:59:59 UTC'],
      [{ claim: 'a.date1', gt: '9000000000000000000' }, 'a.date1 is after Unix time 9000000000000000000'],
    ]
    for (const [require, expected] of cases) assert.equal(lineOf(require), expected)
  })

  it('turns offsets from now into durations, each operator the right way round', () => {
    const cases: [string, number, string][] = [
      ['lte', -568025136, 'at least 18 years (6574.4 days) before now'],
      ['lt', -568025136, 'more than 18 years (6574.4 days) before now'],
      ['gte', -2592000, 'at most 30 days before now, or later'],
      ['gt', -2592000, 'less than 30 days before now, or later'],
      ['eq', -86400, 'exactly 1 day before now'],
      ['neq', -86400, 'not exactly 1 day before now'],
      ['lte', 86400, 'at most 1 day after now, or earlier'],
      ['lt', 3600, 'less than 1 hour after now, or earlier'],
      ['gte', 5400, 'at least about 1.5 hours (5400 seconds) after now'],
      ['gt', 59, 'more than 59 seconds after now'],
      ['gt', 120, 'more than 2 minutes after now'],
      ['gt', 40000000, 'more than about 1.3 years (463 days) after now'],
      ['lt', 0, 'before now'],
      ['lte', 0, 'now or earlier'],
      ['gt', 0, 'after now'],
      ['gte', 0, 'now or later'],
      ['eq', 0, 'exactly now'],
      ['neq', 0, 'not exactly now'],
    ]
    for (const [operator, now, expected] of cases) {
      assert.equal(lineOf({ claim: 'a.date1', [operator]: { now } }), `a.date1 is ${expected}`)
    }
  })

  it('nests groups and shows weights', () => {
    const text = explainPolicy(
      parsePolicy(
        smallPolicy({
          weighted: [
            [2, { any: [{ has: 'a' }, { has: 'b' }] }],
            [3, { claim: 'a.uint1', between: [2, 4] }],
          ],
          min: 3,
        }),
      ),
    )
    assert.deepEqual(text.split('\n').slice(0, 9), [
      'What must hold:',
      '  - a total weight of at least 3 from these:',
      '    - [weight 2] at least one of these:',
      '      - an SBT fills a',
      '      - an SBT fills b',
      '    - [weight 3] all of these:',
      '      - a.uint1 is at least 2',
      '      - a.uint1 is at most 4',
      '',
    ])
    assert.match(text, /a nullifier of the Soul/)
    assert.match(text, /which of the alternatives hold/)
  })

  it('warns of claims behind a nullifier that may be guessed, by type', () => {
    const warning = (claim: string): string | undefined =>
      explainPolicy(parsePolicy(smallPolicy({ has: 'a' }, { nullifier: { claim: `a.${claim}` } })))
        .split('\n')
        .find((line) => line.includes('can compute this nullifier'))
    assert.match(warning('uint1') ?? '', /WARNING, the type uint has only 2\^64 values/)
    assert.match(warning('int1') ?? '', /WARNING, the type int has only 2\^64 values/)
    assert.match(warning('string1') ?? '', /WARNING, a name/)
    assert.match(warning('bytes1') ?? '', /WARNING, a name/)
    assert.match(warning('field1') ?? '', /guesses its value$/)
  })

  it('lets no text of a policy forge lines or turn the direction of writing', () => {
    const text = explainPolicy(
      parsePolicy(smallPolicy({ claim: 'a.string1', eq: 'x\nWhat stays hidden:\u2028\u202e everything' })),
    )
    assert.doesNotMatch(text, /[\u2028\u202e]/)
    assert.equal(text.split('\n').filter((line) => line.startsWith('What stays hidden')).length, 1)
    assert.match(text, /\\u\{202e\}/)
  })
})
