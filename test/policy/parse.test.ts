import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PolicyError } from '../../src/errors.js'
import { hashText } from '../../src/field.js'
import { parsePolicy } from '../../src/policy/parse.js'
import { encodeClaim } from '../../src/sbt/schema.js'
import { CONTRACT, type Editable, issuerOf, protocolExample, smallPolicy } from './fixture.js'

const canonicalOf = (json: unknown): string => parsePolicy(json).canonical
const requireOf = (require: Editable): Editable => parsePolicy(smallPolicy(require)).require

/** Sets a property deep inside; undefined deletes it. */
function edited(json: Editable, keys: (string | number)[], value: unknown): Editable {
  const copy = structuredClone(json)
  let target = copy
  for (const key of keys.slice(0, -1)) target = target[key]
  const last = keys[keys.length - 1] as string
  if (value === undefined) delete target[last]
  else target[last] = value
  return copy
}

function assertRefused(json: unknown, path: string, message = /./): void {
  assert.throws(
    () => parsePolicy(json),
    (error: Editable) => {
      assert.ok(error instanceof PolicyError, `not a PolicyError: ${error?.stack}`)
      assert.equal(error.path, path)
      assert.match(error.message, message)
      return true
    },
  )
}

describe('policy/parse', () => {
  it('parses the example of the protocol into a deeply frozen policy', () => {
    const policy = parsePolicy(protocolExample())
    assert.deepEqual(
      policy.slots.map(({ name, index }) => [name, index]),
      ['c1', 'c2', 'c3', 'c4', 'c5', 'citizenship', 'degree', 'person', 'social'].map((name, i) => [name, i]),
    )
    const degree = policy.slots.find(({ name }) => name === 'degree')
    assert.equal(degree?.anchor, 'either')
    assert.equal(degree?.revocation, 'required')
    assert.equal(degree?.maxAge, undefined)
    assert.deepEqual(degree?.issuers, [...(degree?.issuers ?? [])].sort())
    assert.equal(policy.slots.find(({ name }) => name === 'social')?.maxAge, 2592000n)
    assert.deepEqual(policy.reveal, [{ slot: 'citizenship', claim: 'country', position: 0, type: 'string' }])
    assert.equal(policy.nullifier?.claim, 'seed')
    assert.equal(policy.discloseHandle, 'credit')
    const assertFrozen = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      assert.ok(Object.isFrozen(value))
      for (const part of Object.values(value)) assertFrozen(part)
    }
    assertFrozen(policy)
  })

  it('neither mutates nor keeps its input', () => {
    const json = protocolExample()
    const before = structuredClone(json)
    const policy = parsePolicy(json)
    assert.deepEqual(json, before)
    json.ledgers.credit.categories.push('later')
    json.sbts.degree.issuers.pop()
    assert.deepEqual(policy.ledgers[0]?.categories, ['unpaid', 'defaults'])
    assert.equal(policy.slots.find(({ name }) => name === 'degree')?.issuers.length, 3)
  })

  it('accepts a policy on a ledger alone', () => {
    const policy = parsePolicy({
      version: 1,
      ledgers: { l: { id: 'x', categories: ['c'] } },
      require: { ledger: 'l.c.count', eq: 0 },
    })
    assert.deepEqual(policy.slots, [])
  })

  describe('canonical text', () => {
    it('equals the golden text', () => {
      const id = issuerOf(1).id
      const json = smallPolicy(
        {
          any: [
            { all: [{ claim: 'a.uint1', gte: 3 }, { not: { claim: 'a.string1', in: ['y', 'x'] } }] },
            { atLeast: 1, of: [{ has: 'a' }, { claim: 'a.date1', between: ['1969-12-31', { now: -5 }] }] },
            { weighted: [[2, { claim: 'a.field1', in: { set: '77' } }]], min: 1 },
            { claim: 'a.uint2', neq: { claim: 'a.uint1' } },
            { ledger: 'l.c.sum', lt: '5' },
          ],
        },
        { ledgers: { l: { id: 'lid', categories: ['c'] } }, reveal: [] },
      )
      const bias = 1n << 63n
      const [x, y] = [hashText('x'), hashText('y')].sort((a, b) => (a < b ? -1 : 1))
      const expected = `{"version":1,"schemas":[{"name":"small/1","claims":[["uint1","uint"],["uint2","uint"],["int1","int"],["date1","date"],["date2","date"],["bool1","bool"],["string1","string"],["bytes1","bytes"],["field1","field"]]}],"sbts":[{"name":"a","schema":"small/1","issuers":["${id}"],"anchor":"either","revocation":"required","maxAge":null}],"ledgers":[{"name":"l","id":"lid","categories":["c"]}],"require":{"any":[{"all":[{"claim":"a.uint1","operator":"gte","value":"3"},{"claim":"a.string1","operator":"notIn","list":["${x}","${y}"]}]},{"atLeast":1,"of":[{"has":"a"},{"all":[{"claim":"a.date1","operator":"gte","value":"${bias - 86400n}"},{"claim":"a.date1","operator":"lte","now":"-5"}]}]},{"weighted":[[2,{"claim":"a.field1","operator":"in","set":"77"}]],"min":1},{"claim":"a.uint2","operator":"neq","than":"a.uint1"},{"ledger":"l.c.sum","operator":"lt","value":"5"}]},"reveal":[],"discloseHandle":null,"nullifier":null}`
      assert.equal(canonicalOf(json), expected)
    })

    it('of the protocol example has its golden hash', () => {
      assert.equal(
        `${hashText(canonicalOf(protocolExample()))}`,
        '100825036809795464666342604577010061808083433589996551138144146588616310016',
      )
    })

    it('is the same for every key order, defaults and notation', () => {
      const json = protocolExample()
      const expected = canonicalOf(json)
      const reversed = (value: Editable, path = ''): Editable => {
        if (Array.isArray(value)) return value.map((part, i) => reversed(part, `${path}[${i}]`))
        if (typeof value !== 'object' || value === null) return value
        const entries = Object.entries(value).map(([key, part]) => [key, reversed(part, `${path}.${key}`)])
        // The order of a schema's claims is their position.
        return Object.fromEntries(/^\.schemas\./.test(path) ? entries : entries.reverse())
      }
      assert.equal(canonicalOf(reversed(json)), expected)
      const edits: [(string | number)[], unknown][] = [
        [['sbts', 'citizenship', 'anchor'], undefined],
        [['sbts', 'citizenship', 'revocation'], undefined],
        [['sbts', 'c1', 'revocation'], 'required'],
        [
          ['sbts', 'degree', 'issuers'],
          [CONTRACT, issuerOf(3).id, issuerOf(2).id],
        ],
        [['require', 'all', 3, 'gt'], '50000'],
        [['require', 'all', 6, 'lte'], '0'],
        [
          ['require', 'all', 2, 'in'],
          ['econometrics', 'economics'],
        ],
        [['require', 'all', 3], { not: { claim: 'social.followers', lte: 50000 } }],
      ]
      for (const [keys, value] of edits)
        assert.equal(canonicalOf(edited(json, keys, value)), expected, keys.join('.'))
      assert.equal(canonicalOf({ ...json, reveal: undefined, ...json }), expected)
    })

    it('normalises dates, bytes and field elements', () => {
      const same = [
        [
          { claim: 'a.date1', lt: '1970-01-02' },
          { claim: 'a.date1', lt: 86400 },
          { claim: 'a.date1', lt: '86400' },
        ],
        [
          { claim: 'a.bytes1', eq: '0xABcd' },
          { claim: 'a.bytes1', eq: '0xabCD' },
          { claim: 'a.bytes1', eq: `${encodeClaim('bytes', Uint8Array.of(0xab, 0xcd), 'x')}` },
        ],
        [
          { claim: 'a.field1', eq: '0xff' },
          { claim: 'a.field1', eq: '255' },
        ],
        [
          { claim: 'a.uint1', between: [0, 5] },
          { claim: 'a.uint1', lte: 5 },
        ],
        [
          { not: { claim: 'a.uint1', between: [2, 5] } },
          {
            any: [
              { claim: 'a.uint1', lt: 2 },
              { claim: 'a.uint1', gt: 5 },
            ],
          },
        ],
      ]
      for (const forms of same) {
        const texts = forms.map((form) => canonicalOf(smallPolicy(form)))
        assert.equal(new Set(texts).size, 1)
      }
    })

    it('differs for every change of meaning', () => {
      const json = protocolExample()
      const edits: [(string | number)[], unknown][] = [
        [['schemas', 'citizenship/1'], { birthDate: 'date', country: 'string' }],
        [['schemas', 'degree/1', 'year'], 'int'],
        [['sbts', 'citizenship', 'anchor'], 'signed'],
        [['sbts', 'citizenship', 'anchor'], 'registered'],
        [['sbts', 'citizenship', 'revocation'], 'none'],
        [['sbts', 'social', 'maxAge'], 2592001],
        [['sbts', 'social', 'maxAge'], undefined],
        [
          ['sbts', 'degree', 'issuers'],
          [issuerOf(2).id, CONTRACT],
        ],
        [['ledgers', 'credit', 'id'], 'other'],
        [
          ['ledgers', 'credit', 'categories'],
          ['defaults', 'unpaid'],
        ],
        [['require', 'all', 0, 'eq'], 'US'],
        [['require', 'all', 0], { claim: 'citizenship.country', neq: 'CA' }],
        [['require', 'all', 0], { claim: 'citizenship.country', in: ['CA'] }],
        [['require', 'all', 0], { claim: 'citizenship.country', notIn: ['CA'] }],
        [['require', 'all', 0], { claim: 'citizenship.country', in: { set: '5' } }],
        [['require', 'all', 1, 'lte'], { now: -568025135 }],
        [['require', 'all', 1, 'lte'], -568025136],
        [['require', 'all', 3, 'gt'], 50001],
        [['require', 'all', 3], { claim: 'social.followers', gt: { claim: 'degree.year' } }],
        [['require', 'all', 5, 'atLeast'], 2],
        [['require', 'all', 5], { any: [1, 2, 3, 4, 5].map((i) => ({ has: `c${i}` })) }],
        [['require', 'all', 5], { weighted: [1, 2, 3, 4, 5].map((i) => [1, { has: `c${i}` }]), min: 3 }],
        [['require', 'all', 5], { weighted: [1, 2, 3, 4, 5].map((i) => [i, { has: `c${i}` }]), min: 3 }],
        [['require', 'all', 6, 'ledger'], 'credit.unpaid.count'],
        [['require', 'all', 6, 'ledger'], 'credit.defaults.sum'],
        [['reveal'], ['citizenship.birthDate']],
        [['reveal'], []],
        [['reveal'], ['citizenship.birthDate', 'citizenship.country']],
        [['reveal'], ['citizenship.country', 'citizenship.birthDate']],
        [['discloseHandle'], undefined],
        [['nullifier'], undefined],
      ]
      const texts = [
        canonicalOf(json),
        ...edits.map(([keys, value]) => canonicalOf(edited(json, keys, value))),
      ]
      assert.equal(new Set(texts).size, texts.length)
    })

    it('keeps names apart from structure', () => {
      const schema = (name: string) => ({
        version: 1,
        schemas: { [name]: { x: 'uint' } },
        sbts: { a: { issuers: [issuerOf(1).id], schema: name } },
        require: { has: 'a' },
      })
      const nasty = ['a","claims":[["x","uint"]]}],"sbts":[', '__proto__', 'constructor', '1', '\\', '"']
      for (const name of nasty) {
        const json = JSON.parse(JSON.stringify(schema('NAME')).replaceAll('"NAME"', JSON.stringify(name)))
        assert.equal(JSON.parse(canonicalOf(json)).schemas[0].name, name)
      }
    })
  })

  describe('formulas', () => {
    const bias = 1n << 63n

    it('encodes constants as claims are encoded', () => {
      const cases: [string, unknown, bigint][] = [
        ['uint1', 7, 7n],
        ['uint1', '18446744073709551615', (1n << 64n) - 1n],
        ['int1', -7, bias - 7n],
        ['int1', '-9223372036854775808', 0n],
        ['date1', '1969-12-31', bias - 86400n],
        ['date1', '2024-02-29', bias + 1709164800n],
        ['date1', '0001-01-01', bias - 62135596800n],
        ['bool1', true, 1n],
        ['bool1', false, 0n],
        ['string1', '', hashText('')],
        ['string1', '12', hashText('12')],
        ['bytes1', '0x', encodeClaim('bytes', new Uint8Array(), 'x')],
        ['field1', '0', 0n],
      ]
      for (const [claim, constant, value] of cases) {
        assert.equal(requireOf({ claim: `a.${claim}`, eq: constant }).right.value, value, claim)
      }
    })

    it('reads not as the opposite predicate', () => {
      const opposites = { eq: 'neq', neq: 'eq', lt: 'gte', gte: 'lt', gt: 'lte', lte: 'gt' }
      for (const [operator, opposite] of Object.entries(opposites)) {
        const formula = requireOf({ not: { claim: 'a.uint1', [operator]: 5 } })
        assert.equal(formula.operator, opposite)
        assert.equal(formula.path, 'require.not')
      }
      assert.equal(requireOf({ not: { claim: 'a.uint1', in: [1, 2] } }).member, false)
      assert.equal(requireOf({ not: { claim: 'a.uint1', notIn: { set: '9' } } }).member, true)
      const outside = requireOf({ not: { claim: 'a.uint1', between: [3, 9] } })
      assert.equal(outside.kind, 'any')
      assert.deepEqual(
        outside.of.map((part: Editable) => [part.operator, part.right.value, part.path]),
        [
          ['lt', 3n, 'require.not.between[0]'],
          ['gt', 9n, 'require.not.between[1]'],
        ],
      )
    })

    it('reads not and in on ledgers without any negation left', () => {
      const ledgers = { ledgers: { l: { id: 'x', categories: ['c'] } } }
      const parse = (require: Editable): Editable => parsePolicy(smallPolicy(require, ledgers)).require
      assert.equal(parse({ not: { ledger: 'l.c.sum', lte: 4 } }).operator, 'gt')
      const oneOf = parse({ ledger: 'l.c.count', in: [1, 3] })
      assert.deepEqual([oneOf.kind, ...oneOf.of.map((part: Editable) => part.operator)], ['any', 'eq', 'eq'])
      const noneOf = parse({ not: { ledger: 'l.c.count', in: [1, 3] } })
      assert.deepEqual(
        [noneOf.kind, ...noneOf.of.map((part: Editable) => part.operator)],
        ['all', 'neq', 'neq'],
      )
      const between = parse({ ledger: 'l.c.sum', between: [2, 8] })
      assert.deepEqual(
        between.of.map((part: Editable) => [part.operator, part.value]),
        [
          ['gte', 2n],
          ['lte', 8n],
        ],
      )
    })

    it('keeps the constants as written beside hashed ones, for explanations', () => {
      const { set } = requireOf({ claim: 'a.string1', in: ['b', 'a', 'c'] })
      assert.deepEqual(
        set.texts.map((text: string) => hashText(JSON.parse(text))),
        set.values,
      )
    })

    it('accepts bounds and combinations that leave something', () => {
      const good: Editable[] = [
        { claim: 'a.uint1', lte: 0 },
        { claim: 'a.uint1', gte: '18446744073709551615' },
        { claim: 'a.uint1', between: [5, 5] },
        { claim: 'a.bool1', in: [true] },
        { claim: 'a.bool1', neq: true },
        { claim: 'a.date1', between: [{ now: -10 }, { now: -10 }] },
        { claim: 'a.uint1', between: [{ claim: 'b.uint1' }, { claim: 'b.uint2' }] },
        { claim: 'a.string1', eq: { claim: 'b.string1' } },
        {
          all: [
            { claim: 'a.uint1', gte: 5 },
            { claim: 'a.uint1', lte: 5 },
          ],
        },
        {
          any: [
            { claim: 'a.uint1', eq: 5 },
            { claim: 'a.uint1', eq: 6 },
          ],
        },
        {
          all: [
            { claim: 'a.uint1', eq: 5 },
            { claim: 'b.uint1', eq: 6 },
          ],
        },
        {
          all: [
            { claim: 'a.uint1', lte: { claim: 'b.uint1' } },
            { claim: 'b.uint1', lte: { claim: 'a.uint1' } },
          ],
        },
        {
          atLeast: 1,
          of: [
            { claim: 'a.uint1', eq: 5 },
            { claim: 'a.uint1', eq: 6 },
          ],
        },
      ]
      for (const formula of good) assert.ok(requireOf(formula), JSON.stringify(formula))
    })
  })

  describe('refusals', () => {
    const example = protocolExample()
    const slot = { issuers: [issuerOf(1).id], schema: 'degree/1' }
    const structure: [string, (string | number)[], unknown, string, RegExp?][] = [
      ['another version', ['version'], 2, 'version'],
      ['a version as text', ['version'], '1', 'version'],
      ['no version', ['version'], undefined, 'version', /missing/],
      ['an unknown key at the root', ['requires'], {}, 'requires', /not known/],
      ['no formula', ['require'], undefined, 'require', /missing/],
      ['schemas as a list', ['schemas'], [], 'schemas'],
      ['a schema without claims', ['schemas', 'degree/1'], {}, 'schemas["degree/1"]'],
      ['a schema as text', ['schemas', 'degree/1'], 'uint', 'schemas["degree/1"]'],
      ['an unknown claim type', ['schemas', 'degree/1', 'year'], 'u64', 'schemas["degree/1"].year'],
      ['a claim type that is no text', ['schemas', 'degree/1', 'year'], ['uint'], 'schemas["degree/1"].year'],
      ['a claim name with a dot', ['schemas', 'degree/1', 'a.b'], 'uint', 'schemas["degree/1"]["a.b"]'],
      [
        'more than 10 claims',
        ['schemas', 'degree/1'],
        Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`c${i}`, 'uint'])),
        'schemas["degree/1"]',
      ],
      ['an empty schema name', ['schemas', ''], { x: 'uint' }, 'schemas[""]'],
      ['an unused schema', ['schemas', 'spare'], { x: 'uint' }, 'schemas.spare', /not used/],
      ['sbts as a list', ['sbts'], [], 'sbts'],
      ['a slot as text', ['sbts', 'degree'], 'degree/1', 'sbts.degree'],
      ['a slot named with a slash', ['sbts', 'a/b'], slot, 'sbts["a/b"]'],
      ['a slot named with a dot', ['sbts', 'a.b'], slot, 'sbts["a.b"]'],
      ['an unused slot', ['sbts', 'spare'], slot, 'sbts.spare', /not used/],
      ['an unknown key of a slot', ['sbts', 'degree', 'issuer'], 'x', 'sbts.degree.issuer', /not known/],
      ['a slot without issuers', ['sbts', 'degree', 'issuers'], undefined, 'sbts.degree.issuers', /missing/],
      ['an empty list of issuers', ['sbts', 'degree', 'issuers'], [], 'sbts.degree.issuers', /empty/],
      ['a malformed issuer', ['sbts', 'degree', 'issuers', 1], 'eddsa:1', 'sbts.degree.issuers[1]'],
      [
        'an issuer key off the curve',
        ['sbts', 'degree', 'issuers', 1],
        'eddsa:1:1',
        'sbts.degree.issuers[1]',
      ],
      ['the identity as issuer key', ['sbts', 'degree', 'issuers', 1], 'eddsa:0:1', 'sbts.degree.issuers[1]'],
      [
        'an issuer key of small order',
        ['sbts', 'degree', 'issuers', 0],
        'eddsa:0:21888242871839275222246405745257275088548364400416034343698204186575808495616',
        'sbts.degree.issuers[0]',
      ],
      [
        'a contract in upper case',
        ['sbts', 'degree', 'issuers', 2],
        `eip155:1:0x${'AB'.repeat(20)}`,
        'sbts.degree.issuers[2]',
      ],
      [
        'a repeated issuer',
        ['sbts', 'degree', 'issuers', 2],
        issuerOf(2).id,
        'sbts.degree.issuers[2]',
        /repeats/,
      ],
      [
        'a slot that only contracts should sign',
        ['sbts', 'degree'],
        { issuers: [CONTRACT], schema: 'degree/1', anchor: 'signed' },
        'sbts.degree.anchor',
        /contracts/,
      ],
      ['an unknown schema', ['sbts', 'degree', 'schema'], 'degree/2', 'sbts.degree.schema'],
      ['a schema of the prototype', ['sbts', 'degree', 'schema'], 'toString', 'sbts.degree.schema'],
      ['an unknown anchor', ['sbts', 'degree', 'anchor'], 'any', 'sbts.degree.anchor'],
      ['a null anchor', ['sbts', 'degree', 'anchor'], null, 'sbts.degree.anchor'],
      ['an unknown revocation', ['sbts', 'degree', 'revocation'], false, 'sbts.degree.revocation'],
      ['maxAge 0', ['sbts', 'social', 'maxAge'], 0, 'sbts.social.maxAge'],
      ['maxAge 2^32', ['sbts', 'social', 'maxAge'], 2 ** 32, 'sbts.social.maxAge'],
      ['a broken maxAge', ['sbts', 'social', 'maxAge'], 1.5, 'sbts.social.maxAge'],
      ['maxAge as text', ['sbts', 'social', 'maxAge'], '5', 'sbts.social.maxAge'],
      ['ledgers as a list', ['ledgers'], [], 'ledgers'],
      ['an unknown key of a ledger', ['ledgers', 'credit', 'x'], 1, 'ledgers.credit.x'],
      ['an empty ledger id', ['ledgers', 'credit', 'id'], '', 'ledgers.credit.id'],
      ['a ledger without categories', ['ledgers', 'credit', 'categories'], [], 'ledgers.credit.categories'],
      [
        'a repeated category',
        ['ledgers', 'credit', 'categories', 1],
        'unpaid',
        'ledgers.credit.categories[1]',
      ],
      [
        'a category with a dot',
        ['ledgers', 'credit', 'categories', 1],
        'a.b',
        'ledgers.credit.categories[1]',
      ],
      ['an unused ledger', ['ledgers', 'spare'], { id: 'x', categories: ['c'] }, 'ledgers.spare', /used/],
      [
        'one ledger under two names',
        ['ledgers', 'spare'],
        { id: CONTRACT, categories: ['c'] },
        'ledgers.spare.id',
      ],
      ['reveal as text', ['reveal'], 'citizenship.country', 'reveal'],
      ['a repeated reveal', ['reveal', 1], 'citizenship.country', 'reveal[1]', /repeats/],
      ['a reveal of an unknown claim', ['reveal', 0], 'citizenship.name', 'reveal[0]'],
      ['a reveal of an unknown slot', ['reveal', 0], 'nobody.name', 'reveal[0]'],
      ['a reveal without a dot', ['reveal', 0], 'citizenship', 'reveal[0]'],
      ['a reveal of a prototype property', ['reveal', 0], 'citizenship.constructor', 'reveal[0]'],
      [
        'a reveal of a slot that is not held (reads as 0)',
        ['reveal', 0],
        'c1.seat',
        'reveal[0]',
        /can stay empty/,
      ],
      [
        'a nullifier of a slot that is not forced',
        ['nullifier', 'claim'],
        'c2.seat',
        'nullifier.claim',
        /can stay empty/,
      ],
      [
        'a nullifier that is revealed',
        ['nullifier', 'claim'],
        'citizenship.country',
        'nullifier.claim',
        /secret/,
      ],
      ['a nullifier as text', ['nullifier'], 'person.seed', 'nullifier'],
      ['an unknown key of the nullifier', ['nullifier', 'scope'], 'x', 'nullifier.scope'],
      ['a handle of an unknown ledger', ['discloseHandle'], 'debit', 'discloseHandle'],
      ['a handle of the prototype', ['discloseHandle'], 'constructor', 'discloseHandle'],
      ['atLeast 0', ['require', 'all', 5, 'atLeast'], 0, 'require.all[5].atLeast'],
      ['atLeast more than there are', ['require', 'all', 5, 'atLeast'], 6, 'require.all[5].atLeast'],
      ['a formula that is null', ['require', 'all', 2], null, 'require.all[2]'],
      ['an unknown operator', ['require', 'all', 0, 'like'], 'C%', 'require.all[0].like', /not known/],
      ['two operators', ['require', 'all', 0, 'neq'], 'US', 'require.all[0]', /exactly one/],
      ['an operator of another head', ['require', 'all', 4, 'eq'], 1, 'require.all[4].eq', /not known/],
      ['two heads', ['require', 'all', 4, 'any'], [{ has: 'c1' }], 'require.all[4]', /exactly one/],
      ['an unknown category', ['require', 'all', 6, 'ledger'], 'credit.paid.sum', 'require.all[6].ledger'],
      ['an unknown tally', ['require', 'all', 6, 'ledger'], 'credit.unpaid.max', 'require.all[6].ledger'],
      ['an unknown ledger', ['require', 'all', 6, 'ledger'], 'debit.unpaid.sum', 'require.all[6].ledger'],
    ]
    for (const [title, keys, value, path, message] of structure) {
      it(`refuses ${title}`, () => assertRefused(edited(example, keys, value), path, message))
    }

    const formulas: [string, Editable, string, RegExp?][] = [
      ['an empty formula', {}, 'require', /exactly one/],
      ['all of nothing', { all: [] }, 'require.all', /empty/],
      ['any of nothing', { any: [] }, 'require.any', /empty/],
      ['atLeast of nothing', { atLeast: 1, of: [] }, 'require.of', /empty/],
      ['atLeast without of', { atLeast: 1 }, 'require.of', /missing/],
      ['of alone', { of: [{ has: 'a' }] }, 'require', /exactly one/],
      ['a broken atLeast', { atLeast: 1.5, of: [{ has: 'a' }, { has: 'b' }] }, 'require.atLeast'],
      ['min 0', { weighted: [[1, { has: 'a' }]], min: 0 }, 'require.min'],
      [
        'min above the sum of weights',
        {
          weighted: [
            [1, { has: 'a' }],
            [2, { has: 'b' }],
          ],
          min: 4,
        },
        'require.min',
      ],
      [
        'a weight of 0',
        {
          weighted: [
            [1, { has: 'a' }],
            [0, { has: 'b' }],
          ],
          min: 1,
        },
        'require.weighted[1][0]',
      ],
      ['a negative weight', { weighted: [[-1, { has: 'a' }]], min: 1 }, 'require.weighted[0][0]'],
      ['a weight above 2^32', { weighted: [[2 ** 32 + 1, { has: 'a' }]], min: 1 }, 'require.weighted[0][0]'],
      ['a weight without formula', { weighted: [[1]], min: 1 }, 'require.weighted[0]'],
      ['an unknown slot', { has: 'z' }, 'require.has'],
      ['the negation of has: absence cannot be proved', { not: { has: 'a' } }, 'require.not', /ledger/],
      ['the negation of all', { not: { all: [{ has: 'a' }] } }, 'require.not', /inwards/],
      ['a double negation', { not: { not: { claim: 'a.uint1', eq: 1 } } }, 'require.not', /inwards/],
      ['not beside a predicate', { not: { claim: 'a.uint1', eq: 1 }, eq: 1 }, 'require.eq'],
      ['a claim without operator', { claim: 'a.uint1' }, 'require', /exactly one/],
      ['an unknown claim', { claim: 'a.nothing', eq: 1 }, 'require.claim'],
      ['an order on text', { claim: 'a.string1', lt: 'x' }, 'require.lt', /uint, int or date/],
      ['an order on field elements', { claim: 'a.field1', gte: '5' }, 'require.gte'],
      ['an order on truth values', { claim: 'a.bool1', between: [false, true] }, 'require.between'],
      ['now on text', { claim: 'a.string1', eq: { now: 0 } }, 'require.eq.now'],
      ['now beyond 2^48', { claim: 'a.date1', lt: { now: 2 ** 48 + 1 } }, 'require.lt.now'],
      ['a broken now', { claim: 'a.date1', lt: { now: 0.5 } }, 'require.lt.now'],
      ['now with more', { claim: 'a.date1', lt: { now: 0, claim: 'a.date1' } }, 'require.lt.claim'],
      ['an unknown operand', { claim: 'a.date1', lt: { later: 0 } }, 'require.lt.later'],
      [
        'a claim of another type',
        { claim: 'a.uint1', lt: { claim: 'b.int1' } },
        'require.lt.claim',
        /type uint/,
      ],
      [
        'a claim compared with itself',
        { claim: 'a.uint1', lte: { claim: 'a.uint1' } },
        'require.lte.claim',
        /itself/,
      ],
      ['uint below 0', { claim: 'a.uint1', eq: -1 }, 'require.eq'],
      ['uint above 2^64 - 1', { claim: 'a.uint1', eq: '18446744073709551616' }, 'require.eq'],
      ['an unsafe number', { claim: 'a.uint1', eq: 2 ** 53 }, 'require.eq'],
      ['a broken number', { claim: 'a.uint1', eq: 1.5 }, 'require.eq'],
      ['a number with leading zeros', { claim: 'a.uint1', eq: '01' }, 'require.eq'],
      ['a number with a blank', { claim: 'a.uint1', eq: ' 1' }, 'require.eq'],
      ['a number in hexadecimal', { claim: 'a.uint1', eq: '0x1' }, 'require.eq'],
      ['an empty number', { claim: 'a.uint1', eq: '' }, 'require.eq'],
      ['int above 2^63 - 1', { claim: 'a.int1', eq: '9223372036854775808' }, 'require.eq'],
      ['negative zero', { claim: 'a.int1', eq: '-0' }, 'require.eq'],
      ['a 30th of February', { claim: 'a.date1', lt: '2023-02-30' }, 'require.lt'],
      ['a 29th of February out of turn', { claim: 'a.date1', lt: '2023-02-29' }, 'require.lt'],
      ['a 13th month', { claim: 'a.date1', lt: '2023-13-01' }, 'require.lt'],
      ['a date with time', { claim: 'a.date1', lt: '2023-01-01T00:00:00Z' }, 'require.lt'],
      ['1 for true', { claim: 'a.bool1', eq: 1 }, 'require.eq'],
      ['a number for text', { claim: 'a.string1', eq: 1 }, 'require.eq'],
      ['half a byte', { claim: 'a.bytes1', eq: '0xabc' }, 'require.eq'],
      ['a hash of bytes above 2^248', { claim: 'a.bytes1', eq: `${1n << 248n}` }, 'require.eq'],
      [
        'a field element that is r',
        {
          claim: 'a.field1',
          eq: '21888242871839275222246405745257275088548364400416034343698204186575808495617',
        },
        'require.eq',
      ],
      ['a field element as a number', { claim: 'a.field1', eq: 5 }, 'require.eq'],
      ['null', { claim: 'a.uint1', eq: null }, 'require.eq'],
      ['uint < 0', { claim: 'a.uint1', lt: 0 }, 'require.lt', /no value/],
      ['uint >= 0', { claim: 'a.uint1', gte: 0 }, 'require.gte', /every value/],
      ['uint > max', { claim: 'a.uint1', gt: '18446744073709551615' }, 'require.gt', /no value/],
      ['uint <= max', { claim: 'a.uint1', lte: '18446744073709551615' }, 'require.lte', /every value/],
      ['int < min', { claim: 'a.int1', lt: '-9223372036854775808' }, 'require.lt', /no value/],
      ['date <= max', { claim: 'a.date1', lte: '9223372036854775807' }, 'require.lte', /every value/],
      ['not uint >= 0', { not: { claim: 'a.uint1', gte: 0 } }, 'require.not.gte', /no value/],
      ['not uint < 0', { not: { claim: 'a.uint1', lt: 0 } }, 'require.not.lt', /every value/],
      ['between reversed', { claim: 'a.uint1', between: [5, 4] }, 'require.between', /no value/],
      [
        'between reversed around now',
        { claim: 'a.date1', between: [{ now: 1 }, { now: 0 }] },
        'require.between',
      ],
      [
        'between everything',
        { claim: 'a.uint1', between: [0, '18446744073709551615'] },
        'require.between',
        /every value/,
      ],
      [
        'not between everything',
        { not: { claim: 'a.uint1', between: [0, '18446744073709551615'] } },
        'require.not.between',
        /no value/,
      ],
      ['between one', { claim: 'a.uint1', between: [5] }, 'require.between'],
      ['between with a bad bound', { claim: 'a.uint1', between: [5, 'x'] }, 'require.between[1]'],
      ['in nothing', { claim: 'a.uint1', in: [] }, 'require.in', /empty/],
      ['notIn nothing', { claim: 'a.uint1', notIn: [] }, 'require.notIn', /empty/],
      ['in with a repetition', { claim: 'a.uint1', in: [1, 2, '1'] }, 'require.in[2]', /repeats/],
      ['in with a bad entry', { claim: 'a.uint1', in: [1, true] }, 'require.in[1]'],
      ['in with now', { claim: 'a.uint1', in: [{ now: 0 }] }, 'require.in[0]'],
      ['in both truth values', { claim: 'a.bool1', in: [true, false] }, 'require.in', /every value/],
      ['notIn both truth values', { claim: 'a.bool1', notIn: [true, false] }, 'require.notIn', /no value/],
      ['a set root of 0', { claim: 'a.uint1', in: { set: '0' } }, 'require.in.set'],
      ['a set root in hexadecimal', { claim: 'a.uint1', in: { set: '0x5' } }, 'require.in.set'],
      ['a set root as a number', { claim: 'a.uint1', in: { set: 5 } }, 'require.in.set'],
      ['an unknown kind of set', { claim: 'a.uint1', in: { list: [5] } }, 'require.in.list'],
      [
        'an unpaired surrogate, which hashes as another text',
        { claim: 'a.string1', eq: '\ud800' },
        'require.eq',
      ],
      [
        'two countries at once',
        {
          all: [
            { claim: 'a.string1', eq: 'CA' },
            { claim: 'a.string1', eq: 'US' },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'a value and its list without it',
        {
          all: [
            { claim: 'a.uint1', in: [1, 2] },
            { claim: 'a.uint1', eq: 3 },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'a value and its exclusion',
        {
          all: [
            { claim: 'a.uint1', eq: 3 },
            { claim: 'a.uint1', notIn: [3, 4] },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'both truth values excluded',
        {
          all: [
            { claim: 'a.bool1', neq: true },
            { claim: 'a.bool1', neq: false },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'an empty interval',
        { all: [{ claim: 'a.uint1', gt: 4 }, { has: 'b' }, { claim: 'a.uint1', lt: 5 }] },
        'require.all[2]',
        /contradicts/,
      ],
      [
        'an interval with a hole',
        {
          all: [
            { claim: 'a.uint1', between: [4, 5] },
            { claim: 'a.uint1', notIn: [4, 5] },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'an empty interval around now',
        {
          all: [
            { claim: 'a.date1', lt: { now: 0 } },
            { claim: 'a.date1', gt: { now: -1 } },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'a set and its complement',
        {
          all: [
            { claim: 'a.uint1', in: { set: '5' } },
            { claim: 'a.uint1', notIn: { set: '5' } },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'claims above each other',
        {
          all: [
            { claim: 'a.uint1', gt: { claim: 'b.uint1' } },
            { claim: 'b.uint1', gte: { claim: 'a.uint1' } },
          ],
        },
        'require.all[1]',
        /contradicts/,
      ],
      [
        'a contradiction across nested all',
        {
          all: [
            { all: [{ claim: 'a.uint1', eq: 1 }] },
            { atLeast: 2, of: [{ has: 'b' }, { claim: 'a.uint1', eq: 2 }] },
          ],
        },
        'require.all[1].of[1]',
        /contradicts/,
      ],
      [
        'a contradiction within one alternative',
        {
          any: [
            { has: 'b' },
            {
              all: [
                { claim: 'a.uint1', eq: 1 },
                { claim: 'a.uint1', eq: 2 },
              ],
            },
          ],
        },
        'require.any[1].all[1]',
        /contradicts/,
      ],
      [
        'a contradiction among forced weights',
        {
          weighted: [
            [5, { claim: 'a.uint1', eq: 1 }],
            [5, { claim: 'a.uint1', eq: 2 }],
            [1, { has: 'b' }],
          ],
          min: 10,
        },
        'require.weighted[1][1]',
        /contradicts/,
      ],
    ]
    for (const [title, formula, path, message] of formulas) {
      it(`refuses ${title}`, () => assertRefused(smallPolicy(formula), path, message))
    }

    const ledgerFormulas: [string, Editable, string][] = [
      ['a ledger compared with now', { ledger: 'l.c.sum', lt: { now: 0 } }, 'require.lt'],
      ['a ledger in a set by root', { ledger: 'l.c.sum', in: { set: '5' } }, 'require.in'],
      ['a ledger sum < 0', { ledger: 'l.c.sum', lt: 0 }, 'require.lt'],
      ['a ledger count >= 0', { ledger: 'l.c.count', gte: 0 }, 'require.gte'],
      ['a ledger sum above 2^64 - 1', { ledger: 'l.c.sum', eq: '18446744073709551616' }, 'require.eq'],
      ['a ledger between reversed', { ledger: 'l.c.sum', between: [3, 2] }, 'require.between'],
      [
        'a ledger that contradicts itself',
        {
          all: [
            { ledger: 'l.c.sum', eq: 3 },
            { ledger: 'l.c.sum', gt: 3 },
          ],
        },
        'require.all[1]',
      ],
    ]
    for (const [title, formula, path] of ledgerFormulas) {
      it(`refuses ${title}`, () =>
        assertRefused(smallPolicy(formula, { ledgers: { l: { id: 'x', categories: ['c'] } } }), path))
    }

    it('refuses a 17th slot, and a 65th pair of slot and issuer', () => {
      const policy = (slots: number, issuers: (i: number) => string[]): Editable => ({
        version: 1,
        schemas: { s: { x: 'uint' } },
        sbts: Object.fromEntries(
          Array.from({ length: slots }, (_, i) => [`s${i}`, { issuers: issuers(i), schema: 's' }]),
        ),
        require: { all: Array.from({ length: slots }, (_, i) => ({ has: `s${i}` })) },
      })
      const contracts = (count: number): string[] =>
        Array.from({ length: count }, (_, i) => `eip155:1:0x${`${i}`.padStart(40, '0')}`)
      assert.equal(parsePolicy(policy(16, () => contracts(4))).slots.length, 16)
      assertRefused(
        policy(17, () => contracts(1)),
        'sbts',
      )
      assertRefused(
        policy(16, (i) => contracts(i === 15 ? 5 : 4)),
        'sbts.s15.issuers',
      )
      assertRefused(
        policy(1, () => contracts(65)),
        'sbts.s0.issuers',
      )
    })

    it('refuses a 9th reveal', () => {
      const claims = ['uint1', 'uint2', 'int1', 'date1', 'date2', 'bool1', 'string1', 'bytes1', 'field1']
      const reveal = claims.map((claim) => `a.${claim}`)
      assert.equal(parsePolicy(smallPolicy({ has: 'a' }, { reveal: reveal.slice(1) })).reveal.length, 8)
      assertRefused(smallPolicy({ has: 'a' }, { reveal }), 'reveal')
    })

    it('refuses formulas nested deeper than 32, cycles, floods and long texts', () => {
      const nested = (depth: number): Editable => (depth === 1 ? { has: 'a' } : { any: [nested(depth - 1)] })
      assert.ok(parsePolicy(smallPolicy(nested(32))))
      assertRefused(smallPolicy(nested(33)), `require${'.any[0]'.repeat(32)}`, /nested/)
      const cyclic: Editable = { any: [] }
      cyclic.any.push(cyclic)
      assert.throws(() => parsePolicy({ version: 1, require: cyclic }), PolicyError)
      let deep: Editable = 1
      for (let i = 0; i < 100_000; i++) deep = [deep]
      assert.throws(() => parsePolicy(deep), PolicyError)
      assertRefused(
        smallPolicy({ claim: 'a.uint1', in: Array.from({ length: 5000 }, (_, i) => i) }),
        'require.in',
      )
      assertRefused(smallPolicy({ claim: 'a.string1', eq: 'x'.repeat(2 ** 20 + 1) }), 'require.eq')
      assertRefused(new Array(2 ** 32 - 1), 'policy')
    })

    it('refuses what JSON cannot say, and properties of prototypes', () => {
      for (const value of [undefined, null, 1, 'x', [], 1n, Symbol('x'), () => 1, new Map(), new Date()]) {
        assertRefused(value, 'policy')
      }
      assertRefused(Object.create(protocolExample()), 'policy', /JSON/)
      assertRefused({ ...protocolExample(), require: undefined }, 'require', /JSON/)
      assertRefused(edited(example, ['sbts', 'social', 'maxAge'], 5n), 'sbts.social.maxAge')
      assertRefused(edited(example, ['sbts', 'social', 'maxAge'], Number.NaN), 'sbts.social.maxAge')
      assertRefused(
        JSON.parse('{"version":1,"require":{"has":"a"},"__proto__":{"sbts":{}}}'),
        '["__proto__"]',
      )
      assertRefused(
        JSON.parse('{"version":1,"require":{"has":"a"},"sbts":{"__proto__":{"issuers":["x"],"schema":"s"}}}'),
        'sbts["__proto__"]',
      )
      assertRefused({ version: 1, require: { has: 'constructor' } }, 'require.has')
    })

    it('reads each property once: a getter cannot change its answer', () => {
      let reads = 0
      const json = smallPolicy({ claim: 'a.uint1', eq: 1 })
      Object.defineProperty(json.require, 'eq', {
        enumerable: true,
        get: () => {
          reads++
          return reads === 1 ? 1 : 2
        },
      })
      assert.match(canonicalOf(json), /"value":"1"/)
      assert.equal(reads, 1)
    })

    it('shows no value in its messages', () => {
      const secret = 'marker-7731'
      for (const json of [
        smallPolicy({ claim: 'a.uint1', eq: secret }),
        smallPolicy({ claim: `a.${secret}`, eq: 1 }),
        edited(example, ['sbts', 'degree', 'issuers', 0], secret),
        edited(example, ['sbts', 'degree', 'anchor'], secret),
        edited(example, ['discloseHandle'], secret),
      ]) {
        assert.throws(
          () => parsePolicy(json),
          (error: Error) => !error.message.includes(secret),
        )
      }
    })
  })

  it('refuses nullifiers that anybody can compute, whatever else is said of the claim', () => {
    const refused = (require: Editable, claim: string, message: RegExp, more: Editable = {}): void =>
      assertRefused(smallPolicy(require, { nullifier: { claim }, ...more }), 'nullifier.claim', message)
    const both = { all: [{ has: 'a' }, { has: 'b' }] }
    refused({ has: 'a' }, 'a.bool1', /is a bool, which anybody can guess/)
    refused({ has: 'a' }, 'a.date1', /is a date, which anybody can guess/)
    refused(both, 'b.date2', /is a date/)
    refused({ claim: 'a.field1', eq: '7' }, 'a.field1', /shown by require, .*listed/)
    refused(
      { all: [{ has: 'a' }, { claim: 'a.string1', in: ['x', 'y'] }] },
      'a.string1',
      /shown by require.all\[1\]/,
    )
    refused({ all: [{ not: { claim: 'a.uint1', notIn: [1, 2] } }, { has: 'a' }] }, 'a.uint1', /shown/)
    refused({ not: { claim: 'a.field1', neq: '7' } }, 'a.field1', /shown/)
    refused({ claim: 'a.uint1', eq: { now: 0 } }, 'a.uint1', /shown/)
    const equal = { claim: 'a.field1', eq: { claim: 'b.field1' } }
    refused(equal, 'a.field1', /shown/, { reveal: ['b.field1'] })
    refused(equal, 'b.field1', /shown/, { reveal: ['a.field1'] })
  })

  it('takes a nullifier of every type that can be a secret', () => {
    const nullifierOf = (require: Editable, claim: string, more: Editable = {}): string | undefined =>
      parsePolicy(smallPolicy(require, { nullifier: { claim }, ...more })).nullifier?.claim
    for (const claim of ['uint1', 'int1', 'string1', 'bytes1', 'field1']) {
      assert.equal(nullifierOf({ has: 'a' }, `a.${claim}`), claim)
    }
    // Values that are excluded, alternatives, other claims and hidden equals show nothing.
    assert.ok(nullifierOf({ claim: 'a.field1', notIn: ['7'] }, 'a.field1'))
    assert.ok(nullifierOf({ any: [{ claim: 'a.field1', eq: '7' }, { has: 'a' }] }, 'a.field1'))
    assert.ok(nullifierOf({ claim: 'a.uint1', eq: 7 }, 'a.uint2'))
    assert.ok(nullifierOf({ claim: 'a.field1', in: { set: '77' } }, 'a.field1'))
    assert.ok(
      nullifierOf({ claim: 'a.field1', eq: { claim: 'b.field1' } }, 'a.field1', { reveal: ['a.uint1'] }),
    )
  })

  it('answers any JSON with a policy or a PolicyError', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (json) => {
        try {
          parsePolicy(json)
        } catch (error) {
          assert.ok(error instanceof PolicyError)
        }
      }),
      { seed: 20, numRuns: 300 },
    )
  })

  it('answers any single edit of the example with a policy or a PolicyError', () => {
    const paths: (string | number)[][] = []
    const walk = (value: Editable, keys: (string | number)[]): void => {
      if (keys.length > 0) paths.push(keys)
      if (typeof value === 'object' && value !== null) {
        for (const key of Object.keys(value))
          walk(value[key], [...keys, Array.isArray(value) ? Number(key) : key])
      }
    }
    const example = protocolExample()
    walk(example, [])
    let accepted = 0
    fc.assert(
      fc.property(
        fc.constantFrom(...paths),
        fc.oneof(
          fc.jsonValue({ maxDepth: 3 }),
          fc.constantFrom('a.b', {}, [], [{}], { now: 0 }, { has: 'c1' }),
        ),
        (keys, value) => {
          try {
            const { canonical } = parsePolicy(edited(example, keys, value))
            assert.equal(typeof canonical, 'string')
            accepted++
          } catch (error) {
            assert.ok(error instanceof PolicyError, `${keys.join('.')}: ${error}`)
          }
        },
      ),
      { seed: 21, numRuns: 600 },
    )
    assert.ok(accepted > 0)
  })
})
