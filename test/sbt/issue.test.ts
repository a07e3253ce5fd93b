import assert from 'node:assert/strict'
import { DOMAIN } from '../../src/crypto/domains.js'
import { isSigned } from '../../src/crypto/eddsa.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { SchemaError } from '../../src/errors.js'
import { FIELD_MODULUS, hashBytes, hashText } from '../../src/field.js'
import { createIssuer, defineSchema, issueSbt, parseIssuerId } from '../../src/sbt/index.js'
import { sbtType } from '../../src/sbt/issuer.js'
import { claims, content, contract, issuer, otherIssuer, schema } from './fixture.js'

function culprit(path: string): (error: unknown) => boolean {
  return (error) => error instanceof SchemaError && error.path === path
}

describe('defineSchema', () => {
  it('hashes name, names, types and their order', () => {
    const make = (name: string, types: object) => defineSchema({ name, claims: types as never }).hash
    const hash = make('a/1', { x: 'uint', y: 'date' })
    assert.equal(hash, hashText('soulproof/schema/1:["a/1",[["x","uint"],["y","date"]]]'))
    const others = [
      make('a/2', { x: 'uint', y: 'date' }),
      make('a/1', { y: 'date', x: 'uint' }),
      make('a/1', { x: 'int', y: 'date' }),
      make('a/1', { x: 'uint' }),
      make('a/1', { x: 'uint', z: 'date' }),
    ]
    assert.equal(new Set([hash, ...others]).size, 6)
  })

  it('refuses what is no schema, with the path', () => {
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`c${i}`, 'uint']))
    const cases: [unknown, unknown, string][] = [
      ['', { x: 'uint' }, 'name'],
      ['n'.repeat(129), { x: 'uint' }, 'name'],
      [5, { x: 'uint' }, 'name'],
      ['a', {}, 'claims'],
      ['a', eleven, 'claims'],
      ['a', null, 'claims'],
      ['a', ['uint'], 'claims'],
      ['a', { '1x': 'uint' }, 'claims'],
      ['a', { 'x.y': 'uint' }, 'claims'],
      ['a', { x: 'float' }, 'claims.x'],
      ['a', { x: undefined }, 'claims.x'],
    ]
    for (const [name, types, path] of cases) {
      assert.throws(() => defineSchema({ name, claims: types } as never), culprit(path))
    }
  })

  it('does not change when the object that it was made from does', () => {
    const types: Record<string, 'uint' | 'bool'> = { x: 'uint' }
    const made = defineSchema({ name: 'a', claims: types })
    types['y'] = 'bool'
    assert.deepEqual(made.claims, { x: 'uint' })
    assert.throws(() => {
      ;(made.claims as Record<string, unknown>)['x'] = 'bool'
    }, TypeError)
  })
})

describe('issueSbt', () => {
  it('hashes the 16 fields in the order of the protocol, claims encoded by their types', () => {
    const { sbt, signature } = issueSbt({ issuer, ...content })
    const fields = [
      DOMAIN.sbt,
      schema.hash,
      content.holder,
      1_700_000_000n,
      1_800_000_000n,
      5n,
      50_001n,
      2n ** 63n - 3n,
      2n ** 63n - 86_400n,
      1n,
      hashText('CA'),
      hashBytes(claims.photo),
      42n,
      0n,
      0n,
      0n,
    ]
    assert.equal(fields.length, 16)
    assert.equal(sbt.hash, poseidon(fields))
    assert.equal(sbt.leaf, poseidon([DOMAIN.registered, sbtType(issuer.id, schema.hash), sbt.hash]))
    assert.ok(isSigned(issuer.publicKey, sbt.hash, signature!))
    assert.equal(issueSbt({ issuer: issuer.id, ...content }).signature, undefined)
  })

  it('refuses claims that do not match the schema, naming the claim and not the value', () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ count: -1n }, 'claims.count'],
      [{ count: 2n ** 64n }, 'claims.count'],
      [{ count: 5 }, 'claims.count'],
      [{ delta: 2n ** 63n }, 'claims.delta'],
      [{ birthDate: -(2n ** 63n) - 1n }, 'claims.birthDate'],
      [{ active: 1 }, 'claims.active'],
      [{ country: 5n }, 'claims.country'],
      [{ photo: 'ff' }, 'claims.photo'],
      [{ seed: FIELD_MODULUS }, 'claims.seed'],
      [{ extra: 1n }, 'claims.extra'],
    ]
    for (const [change, path] of cases) {
      assert.throws(
        () => issueSbt({ issuer, ...content, claims: { ...claims, ...change } as never }),
        culprit(path),
      )
    }
    const { seed: _, ...missing } = claims
    assert.throws(() => issueSbt({ issuer, ...content, claims: missing }), culprit('claims.seed'))
    assert.throws(
      () => issueSbt({ issuer, ...content, claims: { ...claims, seed: FIELD_MODULUS + 7n } }),
      (error: Error) => !error.message.includes(String(FIELD_MODULUS + 7n)),
    )
  })

  it('refuses times, holder and statusId out of range', () => {
    assert.throws(() => issueSbt({ issuer, ...content, expiresAt: content.issuedAt }), culprit('expiresAt'))
    assert.throws(() => issueSbt({ issuer, ...content, issuedAt: -1n }), RangeError)
    assert.throws(() => issueSbt({ issuer, ...content, expiresAt: 2n ** 64n }), RangeError)
    assert.throws(() => issueSbt({ issuer, ...content, holder: FIELD_MODULUS }), RangeError)
    assert.throws(() => issueSbt({ issuer, ...content, holder: 'x' as never }), TypeError)
    for (const statusId of [-1, 0.5, 4 ** 10, Number.NaN]) {
      assert.throws(() => issueSbt({ issuer, ...content, statusId }), RangeError)
    }
    assert.equal(issueSbt({ issuer, ...content, statusId: 4 ** 10 - 1 }).sbt.statusId, 4 ** 10 - 1)
  })
})

describe('Issuer ids', () => {
  it('name a key or a contract', () => {
    assert.deepEqual(parseIssuerId(issuer.id), { kind: 'key', publicKey: issuer.publicKey })
    assert.deepEqual(parseIssuerId(contract), { kind: 'contract', chainId: 1n, address: 0xaan })
    assert.deepEqual(createIssuer({ secret: issuer.secret }), issuer)
    assert.notEqual(createIssuer().id, createIssuer().id)
  })

  it('refuse keys off the curve, of small order and the identity (soundness 16)', () => {
    const [x, y] = issuer.publicKey
    const refused = [
      'eddsa:0:1',
      `eddsa:0:${FIELD_MODULUS - 1n}`,
      'eddsa:1:1',
      `eddsa:${x}:${y + 1n}`,
      `eddsa:${FIELD_MODULUS - x}:${FIELD_MODULUS - y}`,
      `eddsa:${x + FIELD_MODULUS}:${y}`,
      `eddsa:0${x}:${y}`,
      `eddsa:${x}`,
      `EDDSA:${x}:${y}`,
      'eip155:1:0x00000000000000000000000000000000000000AA',
      'eip155:01:0x00000000000000000000000000000000000000aa',
      'eip155:18446744073709551616:0x00000000000000000000000000000000000000aa',
      'eip155:1:0xaa',
      '',
      ':::',
    ]
    for (const id of refused) assert.throws(() => parseIssuerId(id), RangeError, id)
    assert.throws(() => parseIssuerId(5), TypeError)
  })

  it('give types that differ by issuer, kind and schema', () => {
    const [x, y] = issuer.publicKey
    const types = [
      sbtType(issuer.id, schema.hash),
      sbtType(otherIssuer.id, schema.hash),
      sbtType(contract, schema.hash),
      sbtType(issuer.id, 5n),
      poseidon([DOMAIN.contractType, x, y, schema.hash]),
    ]
    assert.equal(new Set(types).size, types.length)
  })

  it('refuse short secrets', () => {
    assert.throws(() => createIssuer({ secret: new Uint8Array(15) }), RangeError)
    assert.throws(() => createIssuer({ secret: 'secret' as never }), TypeError)
  })
})
