import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SchemaError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import {
  type ClaimType,
  type ClaimValue,
  defineSchema,
  heldSbtFromJson,
  heldSbtToJson,
  issuerFromJson,
  issuerRootsFromJson,
  issuerRootsToJson,
  issuerToJson,
  issueSbt,
  sbtFromJson,
  sbtToJson,
  schemaFromJson,
  schemaToJson,
} from '../../src/sbt/index.js'
import { claims, content, contract, issuer, otherIssuer, registered, schema, signed } from './fixture.js'

const roundTrip = (json: unknown): unknown => JSON.parse(JSON.stringify(json))

/** A deep copy of JSON data with the value at a path replaced, or removed if it is undefined. */
function altered(json: unknown, path: readonly string[], value: unknown): unknown {
  const copy = roundTrip(json) as Record<string, unknown>
  let target = copy
  for (const key of path.slice(0, -1)) target = target[key] as Record<string, unknown>
  if (value === undefined) delete target[path.at(-1) as string]
  else target[path.at(-1) as string] = value
  return copy
}

function assertSchemaError(read: () => unknown, path: string, hint = ''): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof SchemaError, `${hint} ${error}`)
    assert.equal(error.path, path, `${hint} ${error.message}`)
    assert.ok(error.message.startsWith(`${path}: `))
    return true
  })
}

const claimOf: Record<ClaimType, fc.Arbitrary<ClaimValue>> = {
  uint: fc.bigInt(0n, 2n ** 64n - 1n),
  int: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  date: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  bool: fc.boolean(),
  string: fc.string({ unit: 'grapheme' }),
  bytes: fc.uint8Array({ maxLength: 40 }),
  field: fc.bigInt(0n, FIELD_MODULUS - 1n),
}

const anySbt = fc
  .uniqueArray(
    fc.tuple(
      fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,9}$/),
      fc.constantFrom(...(Object.keys(claimOf) as ClaimType[])),
    ),
    { minLength: 1, maxLength: 10, selector: ([name]) => name },
  )
  .chain((entries) =>
    fc.record({
      schema: fc.constant(defineSchema({ name: 'any/1', claims: Object.fromEntries(entries) })),
      claims: fc.record(Object.fromEntries(entries.map(([name, type]) => [name, claimOf[type]]))),
      holder: fc.bigInt(0n, FIELD_MODULUS - 1n),
      issuedAt: fc.bigInt(0n, 2n ** 63n),
      lifetime: fc.bigInt(1n, 2n ** 62n),
      statusId: fc.nat(4 ** 10 - 1),
      by: fc.constantFrom(issuer.id, contract),
    }),
  )

describe('SBTs in JSON', () => {
  it('come back the same for every schema and value', () => {
    fc.assert(
      fc.property(anySbt, ({ by, lifetime, ...rest }) => {
        const { sbt } = issueSbt({ issuer: by, ...rest, expiresAt: rest.issuedAt + lifetime })
        const json = sbtToJson(sbt)
        const back = sbtFromJson(roundTrip(json))
        assert.deepEqual(back, { ...sbt, claims: { ...sbt.claims } })
        assert.equal(JSON.stringify(sbtToJson(back)), JSON.stringify(json))
      }),
      { seed: 4, numRuns: 150 },
    )
  })

  it('are written with the same keys in the same order, numbers as decimal strings, bytes as hex', () => {
    const json = sbtToJson(signed().sbt)
    assert.deepEqual(Object.keys(json), [
      'issuer',
      'schema',
      'holder',
      'issuedAt',
      'expiresAt',
      'statusId',
      'claims',
      'hash',
      'leaf',
    ])
    const { count, delta, birthDate, active, country, photo, seed } = claims
    const reversed = { seed, photo, country, active, birthDate, delta, count }
    assert.deepEqual(sbtToJson(issueSbt({ issuer, ...content, claims: reversed }).sbt), json)
    assert.deepEqual(Object.entries(json.claims), [
      ['count', '50001'],
      ['delta', '-3'],
      ['birthDate', '-86400'],
      ['active', true],
      ['country', 'CA'],
      ['photo', '0x00ff10'],
      ['seed', '42'],
    ])
  })

  it('are refused when a hash does not follow from the rest', () => {
    const json = sbtToJson(signed().sbt)
    assertSchemaError(() => sbtFromJson(altered(json, ['claims', 'count'], '50002')), 'sbt.hash')
    assertSchemaError(() => sbtFromJson(altered(json, ['holder'], '5')), 'sbt.hash')
    assertSchemaError(() => sbtFromJson(altered(json, ['hash'], '5')), 'sbt.hash')
    assertSchemaError(() => sbtFromJson(altered(json, ['leaf'], '5')), 'sbt.leaf')
    assertSchemaError(() => sbtFromJson(altered(json, ['issuer'], otherIssuer.id)), 'sbt.leaf')
    assertSchemaError(() => sbtFromJson(altered(json, ['schema', 'name'], 'x')), 'sbt.schema.hash')
    const sorted = Object.fromEntries(Object.entries(json.schema.claims).sort())
    assertSchemaError(
      () => sbtFromJson(altered(json, ['schema', 'claims'], sorted)),
      'sbt.schema.hash',
      'sorted keys',
    )
  })

  it('are refused with the path of what is malformed', () => {
    const json = sbtToJson(signed().sbt)
    const cases: [string[], unknown, string][] = [
      [['issuer'], 'eddsa:0:1', 'sbt.issuer'],
      [['issuer'], 5, 'sbt.issuer'],
      [['issuer'], undefined, 'sbt.issuer'],
      [['extra'], 1, 'sbt'],
      [['holder'], 5, 'sbt.holder'],
      [['holder'], '0x5', 'sbt.holder'],
      [['holder'], '-5', 'sbt.holder'],
      [['holder'], FIELD_MODULUS.toString(), 'sbt.holder'],
      [['issuedAt'], '18446744073709551616', 'sbt.issuedAt'],
      [['issuedAt'], '01', 'sbt.issuedAt'],
      [['expiresAt'], '1', 'sbt.expiresAt'],
      [['statusId'], '5', 'sbt'],
      [['statusId'], 4 ** 10, 'sbt'],
      [['statusId'], -1, 'sbt'],
      [['statusId'], 0.5, 'sbt'],
      [['schema', 'extra'], 1, 'sbt.schema'],
      [['schema', 'claims', 'count'], 'float', 'sbt.schema.claims.count'],
      [['schema', 'claims'], [], 'sbt.schema.claims'],
      [['schema', 'name'], '', 'sbt.schema.name'],
      [['claims', 'count'], undefined, 'sbt.claims.count'],
      [['claims', 'count'], 50001, 'sbt.claims.count'],
      [['claims', 'count'], '-1', 'sbt.claims.count'],
      [['claims', 'count'], '18446744073709551616', 'sbt.claims.count'],
      [['claims', 'extra'], 'x', 'sbt.claims'],
      [['claims', 'delta'], '-0', 'sbt.claims.delta'],
      [['claims', 'delta'], '--3', 'sbt.claims.delta'],
      [['claims', 'delta'], '-9223372036854775809', 'sbt.claims.delta'],
      [['claims', 'birthDate'], '1970-01-01', 'sbt.claims.birthDate'],
      [['claims', 'active'], 1, 'sbt.claims.active'],
      [['claims', 'active'], 'true', 'sbt.claims.active'],
      [['claims', 'country'], 5, 'sbt.claims.country'],
      [['claims', 'photo'], '0x0', 'sbt.claims.photo'],
      [['claims', 'photo'], '0xFF', 'sbt.claims.photo'],
      [['claims', 'photo'], 'ff', 'sbt.claims.photo'],
      [['claims', 'seed'], FIELD_MODULUS.toString(), 'sbt.claims.seed'],
      [['claims'], null, 'sbt.claims'],
    ]
    for (const [path, value, culprit] of cases) {
      assertSchemaError(
        () => sbtFromJson(altered(json, path, value)),
        culprit,
        `${path.join('.')} = ${value}`,
      )
    }
    for (const value of [null, undefined, 5, 'x', [], [json]])
      assertSchemaError(() => sbtFromJson(value), 'sbt')
  })

  it('do not pollute prototypes: __proto__ and constructor are unknown keys', () => {
    const text = JSON.stringify(sbtToJson(signed().sbt))
    const polluted = JSON.parse(`{"__proto__":{"polluted":"yes"},${text.slice(1)}`)
    assertSchemaError(() => sbtFromJson(polluted), 'sbt')
    assertSchemaError(
      () =>
        sbtFromJson(JSON.parse(text.replace('"claims":{"count":"5', '"claims":{"__proto__":"1","count":"5'))),
      'sbt.claims',
    )
    assertSchemaError(
      () => sbtFromJson(JSON.parse(`{"constructor":{"prototype":{}},${text.slice(1)}`)),
      'sbt',
    )
    const proto = JSON.parse('{"name":"x","claims":{"__proto__":"uint"},"hash":"1"}')
    assertSchemaError(() => schemaFromJson(proto), 'schema.claims')
    // Keys that are only inherited count as missing.
    assertSchemaError(() => sbtFromJson(Object.create(JSON.parse(text))), 'sbt.issuer')
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
    const named = defineSchema({ name: 'x', claims: { valueOf: 'uint', hasOwnProperty: 'bool' } as never })
    assert.deepEqual(schemaFromJson(roundTrip(schemaToJson(named))), named)
  })

  it('never answer arbitrary JSON with anything but a SchemaError', () => {
    const json = roundTrip(heldSbtToJson(signed()))
    const anywhere = [
      ['sbt'],
      ['salt'],
      ['anchor'],
      ['anchor', 'signature'],
      ['anchor', 'status'],
      ['sbt', 'schema'],
    ]
    fc.assert(
      fc.property(fc.constantFrom(...anywhere), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        fc.pre(!(path[0] === 'salt' && typeof value === 'string' && /^(0|[1-9][0-9]*)$/.test(value)))
        assert.throws(() => heldSbtFromJson(altered(json, path, value)), SchemaError)
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})

describe('Held SBTs in JSON', () => {
  it('come back the same under every anchor', () => {
    const withStatus = signed()
    const { signature } = withStatus.anchor as { signature: never }
    for (const held of [withStatus, { ...withStatus, anchor: { signature } }, registered().held]) {
      const json = heldSbtToJson(held)
      assert.deepEqual(heldSbtFromJson(roundTrip(json)), held)
      assert.deepEqual(Object.keys(json), ['sbt', 'salt', 'anchor'])
    }
  })

  it('are refused with the path of what is malformed, and never show the salt', () => {
    const json = heldSbtToJson(signed())
    const opened = heldSbtToJson(registered().held)
    const cases: [unknown, string][] = [
      [altered(json, ['salt'], FIELD_MODULUS.toString()), 'salt'],
      [altered(json, ['salt'], undefined), 'held.salt'],
      [altered(json, ['anchor', 'extra'], 1), 'anchor'],
      [altered(json, ['anchor', 'registered'], 1), 'anchor'],
      [altered(json, ['anchor'], {}), 'anchor.signature'],
      [altered(json, ['anchor', 'signature', 'R8'], ['1']), 'anchor.signature.R8[1]'],
      [altered(json, ['anchor', 'signature', 'R8'], ['1', '2', '3']), 'anchor.signature.R8'],
      [altered(json, ['anchor', 'signature', 'S'], FIELD_MODULUS.toString()), 'anchor.signature.S'],
      [altered(json, ['anchor', 'signature', 'S'], '-1'), 'anchor.signature.S'],
      [altered(json, ['anchor', 'status', 'leaf'], '1'), 'anchor.status.root'],
      [altered(opened, ['anchor', 'registered', 'root'], '1'), 'anchor.registered.root'],
      [altered(opened, ['anchor', 'registered', 'index'], 99), 'anchor.registered.root'],
    ]
    for (const [value, path] of cases) {
      assertSchemaError(() => heldSbtFromJson(value), path)
    }
    assert.throws(
      () => heldSbtFromJson(altered(json, ['salt'], `${json.salt}x`)),
      (error: Error) => !error.message.includes(json.salt),
    )
  })
})

describe('Schemas, issuers and roots in JSON', () => {
  it('come back the same', () => {
    assert.deepEqual(schemaFromJson(roundTrip(schemaToJson(schema))), schema)
    assert.deepEqual(issuerFromJson(roundTrip(issuerToJson(issuer))), { id: issuer.id })
    const roots = { issuers: { [issuer.id]: { registry: 5n, status: 6n }, [contract]: { registry: 7n } } }
    assert.deepEqual(issuerRootsFromJson(roundTrip(issuerRootsToJson(roots))), roots)
    const turned = { issuers: { [contract]: { registry: 7n }, [issuer.id]: { status: 6n, registry: 5n } } }
    assert.equal(JSON.stringify(issuerRootsToJson(turned)), JSON.stringify(issuerRootsToJson(roots)))
  })

  it("never carry an issuer's secret", () => {
    assert.deepEqual(Object.keys(issuerToJson(issuer)), ['id'])
  })

  it('are refused with the path of what is malformed', () => {
    assertSchemaError(() => issuerFromJson({ id: 'eddsa:0:1' }), 'issuer.id')
    assertSchemaError(() => issuerFromJson({ id: issuer.id, secret: 'x' }), 'issuer')
    assertSchemaError(() => issuerRootsFromJson({ issuers: { nobody: {} } }), 'roots.issuers[0]')
    assertSchemaError(() => issuerRootsFromJson({ issuers: [] }), 'roots.issuers')
    assertSchemaError(
      () => issuerRootsFromJson({ issuers: { [contract]: { root: '1' } } }),
      'roots.issuers[0]',
    )
    assertSchemaError(
      () => issuerRootsFromJson({ issuers: { [contract]: { status: 1 } } }),
      'roots.issuers[0].status',
    )
    assertSchemaError(
      () => issuerRootsFromJson(JSON.parse('{"issuers":{"__proto__":{}}}')),
      'roots.issuers[0]',
    )
  })
})
