import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { Registry } from '../../src/merkle/index.js'
import {
  defineSchema,
  type HeldSbt,
  heldSbtFromJson,
  heldSbtToJson,
  issueSbt,
  type Sbt,
  type Signature,
  verifySbt,
} from '../../src/sbt/index.js'
import { completeSbt } from '../../src/sbt/sbt.js'
import { blindHolder, holderOf } from '../../src/soul/index.js'
import {
  claims,
  content,
  contract,
  issuer,
  otherIssuer,
  otherSoul,
  registered,
  salt,
  schema,
  signed,
  soul,
} from './fixture.js'

const now = 1_750_000_000n

type Options = Parameters<typeof verifySbt>[0]

function assertRefused(options: Options, reason: RegExp): void {
  const result = verifySbt(options)
  assert.equal(result.valid, false)
  assert.match(result.valid ? '' : result.reason, reason)
}

function withSbt(held: HeldSbt, change: Partial<Sbt>): HeldSbt {
  return { ...held, sbt: { ...held.sbt, ...change } }
}

function withAnchor(held: HeldSbt, anchor: unknown): HeldSbt {
  return { ...held, anchor: anchor as HeldSbt['anchor'] }
}

describe('verifySbt', () => {
  it('accepts a signed SBT with status, holder, times and roots', () => {
    const status = new Registry({ kind: 'status' })
    status.revoke(6)
    const roots = { issuers: { [issuer.id]: { status: status.root } } }
    assert.deepEqual(verifySbt({ ...signed(status), soul, now, roots }), { valid: true })
    assert.deepEqual(verifySbt(signed(status)), { valid: true })
  })

  it('accepts a registered SBT of a key and of a contract', () => {
    for (const id of [issuer.id, contract]) {
      const { held, registry } = registered(id)
      const roots = { issuers: { [id]: { registry: registry.root } } }
      assert.deepEqual(verifySbt({ ...held, soul, now, roots }), { valid: true })
    }
  })

  it('accepts a signed SBT without status only where the issuer has no status root', () => {
    const held = signed()
    const { signature } = held.anchor as { signature: Signature }
    const bare = withAnchor(held, { signature })
    const status = new Registry({ kind: 'status' }).root
    assert.deepEqual(verifySbt({ ...bare, soul, now }), { valid: true })
    assert.deepEqual(verifySbt({ ...bare, roots: { issuers: {} } }), { valid: true })
    assertRefused({ ...bare, roots: { issuers: { [issuer.id]: { status } } } }, /^anchor\.status: is missing/)
  })

  it('follows revocation and re-issue of a signed SBT', () => {
    const status = new Registry({ kind: 'status' })
    const before = signed(status)
    status.revoke(before.sbt.statusId)
    const roots = { issuers: { [issuer.id]: { status: status.root } } }
    assertRefused({ ...before, soul, now, roots }, /^anchor\.status\.root: is not the issuer's status root/)
    assertRefused({ ...signed(status), soul, now, roots }, /^anchor\.status\.leaf: the SBT is revoked/)
    // A fresh opening of another place does not help the revoked one.
    const { signature } = before.anchor as { signature: Signature }
    assertRefused(withAnchor(before, { signature, status: status.proof(9) }), /^anchor\.status\.index/)

    const blinded = blindHolder({ soul: otherSoul })
    const again = issueSbt({ issuer, ...content, holder: blinded.holder, statusId: 9 })
    const anchor = { signature: again.signature!, status: status.proof(9) }
    const held = { sbt: again.sbt, salt: blinded.salt, anchor }
    assert.deepEqual(verifySbt({ ...held, soul: otherSoul, now, roots }), { valid: true })
  })

  it('follows revocation and re-issue of a registered SBT', () => {
    const { held, registry } = registered()
    registry.revoke(2)
    const blinded = blindHolder({ soul: otherSoul })
    const again = issueSbt({ issuer: issuer.id, ...content, holder: blinded.holder })
    const index = registry.insert(again.sbt.leaf)
    const roots = { issuers: { [issuer.id]: { registry: registry.root } } }
    assertRefused({ ...held, roots }, /^anchor\.registered\.root: is not the issuer's registry root/)
    assertRefused(withAnchor(held, { registered: registry.proof(2) }), /^anchor\.registered\.leaf/)
    const fresh = { sbt: again.sbt, salt: blinded.salt, anchor: { registered: registry.proof(index) } }
    assert.deepEqual(verifySbt({ ...fresh, soul: otherSoul, now, roots }), { valid: true })
    assertRefused({ ...fresh, soul, roots }, /^sbt\.holder/)
  })

  it('refuses roots of the other kind and of another issuer (soundness 27)', () => {
    const { held, registry } = registered()
    const status = new Registry({ kind: 'status' })
    const signedHeld = signed(status)
    assertRefused(
      { ...held, roots: { issuers: { [issuer.id]: { status: registry.root } } } },
      /no registry root of this issuer/,
    )
    assertRefused(
      { ...signedHeld, roots: { issuers: { [issuer.id]: { registry: status.root } } } },
      /no status root of this issuer/,
    )
    assertRefused(
      { ...held, roots: { issuers: { [otherIssuer.id]: { registry: registry.root } } } },
      /no registry root of this issuer/,
    )
    // An empty place of a registry is no proof of "not revoked" under the status root.
    const { signature } = signedHeld.anchor as { signature: Signature }
    const confused = withAnchor(signedHeld, {
      signature,
      status: new Registry({ leaves: Array(6).fill(0n) }).proof(5),
    })
    status.revoke(1)
    assertRefused(
      { ...confused, roots: { issuers: { [issuer.id]: { status: status.root } } } },
      /^anchor\.status\.root: is not/,
    )
  })

  it('refuses a signature of another issuer, over another SBT, or from a contract', () => {
    const held = signed()
    const theirs = issueSbt({ issuer: otherIssuer, ...content }).signature
    assertRefused(withAnchor(held, { signature: theirs }), /^anchor\.signature: is not the issuer's/)
    const other = issueSbt({ issuer, ...content, statusId: 6 }).signature
    assertRefused(withAnchor(held, { signature: other }), /^anchor\.signature: is not the issuer's/)
    const { sbt } = issueSbt({ issuer: contract, ...content })
    assertRefused({ ...held, sbt }, /^anchor\.signature: a contract cannot sign/)
    // The same contents under another issuer's id are another type, and the signature is not that issuer's.
    const stolen = completeSbt({ ...held.sbt, issuer: otherIssuer.id })
    assert.notEqual(stolen.leaf, held.sbt.leaf)
    assertRefused({ ...held, sbt: stolen }, /^anchor\.signature: is not the issuer's/)
  })

  it('refuses other forms of a valid signature: S + l, S - l, R8 + r, numbers as text', () => {
    const held = signed()
    const { R8, S } = (held.anchor as { signature: Signature }).signature
    const forms: unknown[] = [
      { R8, S: S + SUBGROUP_ORDER },
      { R8, S: S - SUBGROUP_ORDER },
      { R8: [R8[0] + FIELD_MODULUS, R8[1]], S },
      { R8: [R8[0], R8[1] - FIELD_MODULUS], S },
      { R8: [R8[0].toString(), R8[1]], S },
      { R8: [...R8, 1n], S },
      { R8, S: S.toString() },
      { R8, S: Number(S) },
      { R8: null, S },
      null,
      'signature',
    ]
    for (const signature of forms) assertRefused(withAnchor(held, { signature }), /^anchor\.signature/)
  })

  it('notices every change of the contents', () => {
    const held = signed()
    const changes: [Partial<Sbt>, RegExp][] = [
      [{ issuer: otherIssuer.id }, /^sbt\.leaf/],
      [{ issuer: 'eddsa:0:1' }, /^sbt: issuer/],
      [{ issuer: 7 as never }, /^sbt: issuer/],
      [{ schema: { ...schema, name: 'other/1' } }, /^sbt\.schema\.hash/],
      [{ schema: { ...schema, hash: schema.hash + 1n } }, /^sbt\.schema\.hash/],
      [{ schema: defineSchema({ name: 'other/1', claims: { ...schema.claims } }) }, /^sbt\.hash/],
      [{ schema: { ...schema, claims: { count: 'float' as never } } }, /^sbt\.claims\.count/],
      [{ schema: undefined as never }, /^sbt\.schema/],
      [{ holder: content.holder + 1n }, /^sbt\.hash/],
      [{ holder: content.holder + FIELD_MODULUS }, /^sbt: holder/],
      [{ issuedAt: content.issuedAt - 1n }, /^sbt\.hash/],
      [{ expiresAt: 0n }, /^sbt\.hash/],
      [{ expiresAt: 1n << 64n }, /^sbt: expiresAt/],
      [{ statusId: 6 }, /^sbt\.hash/],
      [{ statusId: 4 ** 10 }, /^sbt: statusId/],
      [{ statusId: '5' as never }, /^sbt: statusId/],
      [{ claims: { ...claims, count: 50_002n } }, /^sbt\.hash/],
      [{ claims: { ...claims, count: '50001' } }, /^sbt\.claims\.count/],
      [{ claims: { ...claims, more: 1n } }, /^sbt\.claims\.more/],
      [{ claims: [] as never }, /^sbt\.claims/],
      [{ hash: held.sbt.hash + 1n }, /^sbt\.hash/],
      [{ leaf: held.sbt.leaf + 1n }, /^sbt\.leaf/],
    ]
    for (const [change, reason] of changes) assertRefused(withSbt(held, change), reason)
  })

  it('counts an SBT from issuedAt to the second before expiresAt', () => {
    const held = signed()
    assert.deepEqual(verifySbt({ ...held, now: content.issuedAt }), { valid: true })
    assert.deepEqual(verifySbt({ ...held, now: content.expiresAt - 1n }), { valid: true })
    assertRefused({ ...held, now: content.issuedAt - 1n }, /^sbt\.issuedAt/)
    assertRefused({ ...held, now: content.expiresAt }, /^sbt\.expiresAt/)
    const { sbt, signature } = issueSbt({ issuer, ...content, expiresAt: 0n })
    const forever = { sbt, salt, anchor: { signature: signature! } }
    assert.deepEqual(verifySbt({ ...forever, now: (1n << 64n) - 1n }), { valid: true })
    const never = completeSbt({ ...content, issuer: issuer.id, expiresAt: content.issuedAt })
    assertRefused({ ...forever, sbt: never }, /^sbt\.expiresAt: must be 0 or after issuedAt/)
  })

  it('refuses an SBT of another Soul or salt', () => {
    const held = signed()
    assertRefused({ ...held, soul: otherSoul }, /^sbt\.holder/)
    assertRefused({ ...held, soul, salt: salt + 1n }, /^sbt\.holder/)
    assertRefused({ ...held, soul, salt: salt + FIELD_MODULUS }, /^salt/)
    assertRefused({ ...held, salt: '1' as never }, /^salt/)
    assert.notEqual(holderOf(soul.commitment, salt + 1n), held.sbt.holder)
  })

  it('refuses malformed openings and anchors with a reason', () => {
    const { held } = registered()
    const opening = (held.anchor as { registered: ReturnType<Registry['proof']> }).registered
    const anchors: [unknown, RegExp][] = [
      [undefined, /^anchor/],
      [null, /^anchor/],
      [[], /^anchor/],
      [{}, /^anchor: must have/],
      [{ ...signed().anchor, registered: opening }, /^anchor: must be either/],
      [{ registered: null }, /^anchor\.registered/],
      [{ registered: { ...opening, siblings: opening.siblings.slice(1) } }, /^anchor\.registered: siblings/],
      [{ registered: { ...opening, siblings: {} } }, /^anchor\.registered: siblings/],
      [{ registered: { ...opening, index: 3 } }, /^anchor\.registered\.root: does not follow/],
      [{ registered: { ...opening, root: opening.root + 1n } }, /^anchor\.registered\.root: does not follow/],
      [{ registered: { ...opening, leaf: opening.leaf + FIELD_MODULUS } }, /^anchor\.registered: leaf/],
      [
        { registered: new Registry({ leaves: [1n] }).proof(0) },
        /^anchor\.registered\.leaf: is not this SBT's/,
      ],
    ]
    for (const [anchor, reason] of anchors) assertRefused(withAnchor(held, anchor), reason)
  })

  it('throws for what is no held data: soul, now and roots', () => {
    const held = signed()
    assert.throws(() => verifySbt({ ...held, now: 5 as never }), TypeError)
    assert.throws(() => verifySbt({ ...held, now: -1n }), RangeError)
    assert.throws(() => verifySbt({ ...held, soul: null as never }), TypeError)
    assert.throws(() => verifySbt({ ...held, roots: {} as never }), TypeError)
    assert.throws(() => verifySbt({ ...held, roots: { issuers: { [issuer.id]: 5 as never } } }), TypeError)
    assert.throws(() => verifySbt(null as never), TypeError)
    const roots = { issuers: { [issuer.id]: { status: FIELD_MODULUS } } }
    assert.throws(() => verifySbt({ ...held, roots }), RangeError)
  })

  it('answers for any JSON in place of any part, shows no value and never says valid', () => {
    const held = signed()
    const paths = [
      ['sbt'],
      ['salt'],
      ['anchor'],
      ['sbt', 'issuer'],
      ['sbt', 'schema'],
      ['sbt', 'schema', 'name'],
      ['sbt', 'schema', 'claims'],
      ['sbt', 'claims'],
      ['sbt', 'claims', 'count'],
      ['sbt', 'claims', 'photo'],
      ['sbt', 'statusId'],
      ['sbt', 'issuedAt'],
      ['sbt', 'hash'],
      ['anchor', 'signature'],
      ['anchor', 'signature', 'R8'],
      ['anchor', 'signature', 'S'],
      ['anchor', 'status', 'root'],
      ['anchor', 'status', 'index'],
      ['anchor', 'status', 'siblings'],
      ['anchor', 'status', 'siblings', '0'],
    ]
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
        fc.pre(!(path.at(-1) === 'index' && value === 5))
        const copy: Record<string, unknown> = structuredClone(held) as never
        let target = copy
        for (const key of path.slice(0, -1)) target = target[key] as Record<string, unknown>
        target[path.at(-1) as string] = value
        const result = verifySbt(copy as never)
        assert.equal(result.valid, false)
        assert.doesNotMatch(result.valid ? '' : result.reason, /Cannot read|50001|123456789/)
      }),
      { seed: 3, numRuns: 200 },
    )
  })

  it('accepts what comes back from JSON', () => {
    for (const held of [signed(), registered(contract).held]) {
      const back = heldSbtFromJson(JSON.parse(JSON.stringify(heldSbtToJson(held))))
      assert.deepEqual(back, held)
      assert.deepEqual(verifySbt({ ...back, soul, now }), { valid: true })
    }
  })
})
