import assert from 'node:assert/strict'
import { verifySignature } from '@zk-kit/eddsa-poseidon'
import fc from 'fast-check'
import { BASE8, isPublicKey, multiply, type Point, SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { DOMAIN, SIGNATURE_DOMAIN } from '../../src/crypto/domains.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import {
  checkPossession,
  createVerifierKey,
  type Possession,
  provePossession,
  rotateVerifierKey,
  type VerifierKey,
} from '../../src/designated/index.js'
import { FIELD_MODULUS, hashBytes, hashText } from '../../src/field.js'
import { createIssuer, defineSchema, issueSbt, verifySbt } from '../../src/sbt/index.js'
import { blindHolder, createSoul } from '../../src/soul/index.js'

const BOB = createVerifierKey({ secret: 0xb0bn })
const MALLORY = createVerifierKey({ secret: 0xbadn })
const CHALLENGE = new Uint8Array(32).fill(7)
const SESSION = 'loan 4711'
const possession = provePossession({ key: BOB, challenge: CHALLENGE, session: SESSION })
const expected = { verifierKey: BOB.verifierKey, challenge: CHALLENGE, session: SESSION }

const check = (json: unknown, change: Partial<typeof expected> = {}): boolean =>
  checkPossession({ ...expected, ...change, possession: json })

describe('proof of possession', () => {
  it('convinces for its key, challenge and session, and after a round trip through JSON', () => {
    assert.equal(check(possession), true)
    assert.equal(check(JSON.parse(JSON.stringify(possession))), true)
  })

  it('is an EdDSA-Poseidon signature that zk-kit verifies, over the documented hash', () => {
    const { publicKey, R8, S } = possession
    const point = ([x, y]: readonly [string, string]): [bigint, bigint] => [BigInt(x), BigInt(y)]
    const message = poseidon([
      SIGNATURE_DOMAIN.possession,
      hashBytes(CHALLENGE),
      BOB.verifierKey,
      hashText(SESSION),
    ])
    assert.equal(verifySignature(message, { R8: point(R8), S: BigInt(S) }, point(publicKey)), true)
  })

  it('is fresh each time: no nonce is used twice', () => {
    const again = provePossession({ key: BOB, challenge: CHALLENGE, session: SESSION })
    assert.notDeepEqual(again.R8, possession.R8)
    assert.equal(check(again), true)
  })

  it('row 23: a rogue key, made without a secret, has none', () => {
    // Points and commitments that somebody made up: nobody knows a secret, and no other signature serves.
    const rogue = hashText('a key that nobody knows')
    assert.equal(check(possession, { verifierKey: rogue }), false)
    assert.equal(check({ ...possession, publicKey: [rogue.toString(), '1'] }, { verifierKey: rogue }), false)
    const sum = createVerifierKey({ secret: BOB.secret + MALLORY.secret })
    const own = provePossession({ key: MALLORY, challenge: CHALLENGE, session: SESSION })
    assert.equal(
      check({ ...own, publicKey: sum.publicKey.map(String) }, { verifierKey: sum.verifierKey }),
      false,
    )
  })

  it('row 23: replayed for another challenge', () => {
    assert.equal(check(possession, { challenge: new Uint8Array(32).fill(8) }), false)
    // Nor does a challenge of another length mean the same.
    assert.equal(check(possession, { challenge: new Uint8Array(31).fill(7) }), false)
    assert.equal(check(possession, { challenge: new Uint8Array(33).fill(7) }), false)
  })

  it('row 23: of another purpose, and of another owner', () => {
    assert.equal(check(possession, { session: 'loan 4712' }), false)
    assert.equal(check(possession, { verifierKey: MALLORY.verifierKey }), false)
    const other = provePossession({ key: MALLORY, challenge: CHALLENGE, session: SESSION })
    assert.equal(check(other), false)
    assert.equal(check({ ...other, publicKey: possession.publicKey }), false)
  })

  it('row 30: a challenge chosen by the other side never makes a signature over an SBT or a rotation', () => {
    // The attacker wants a signature over this SBT by an issuer who, against the rules, uses the same secret.
    const schema = defineSchema({ name: 'degree/1', claims: { major: 'string' } })
    const soul = createSoul({ seed: new Uint8Array(32).fill(1) })
    const { holder, salt } = blindHolder({ soul })
    const id = `eddsa:${BOB.publicKey.join(':')}`
    const { sbt } = issueSbt({ issuer: id, schema, holder, claims: { major: 'law' }, issuedAt: 1n })
    const bytes = new Uint8Array(32)
    for (let i = 0; i < 32; i++) bytes[i] = Number((sbt.hash >> BigInt(8 * (31 - i))) & 255n)
    const signed = provePossession({ key: BOB, challenge: bytes, session: SESSION })
    const signature = {
      R8: signed.R8.map(BigInt) as unknown as Point,
      S: BigInt(signed.S),
    }
    assert.equal(verifySbt({ sbt, salt, anchor: { signature } }).valid, false)
    // The control: the same anchor with an issuer's own signature is valid.
    const issuer = createIssuer({ secret: new Uint8Array(32).fill(2) })
    const real = issueSbt({ issuer, schema, holder, claims: { major: 'law' }, issuedAt: 1n })
    assert.equal(verifySbt({ sbt: real.sbt, salt, anchor: { signature: real.signature! } }).valid, true)
    const rotation = rotateVerifierKey({ from: BOB, to: MALLORY, at: 5n })
    assert.equal(check(rotation.signatures[0]), false)
    const tags = [...Object.values(DOMAIN), ...Object.values(SIGNATURE_DOMAIN)]
    assert.equal(new Set(tags).size, tags.length)
  })

  it('row 16: identity, small-order and off-curve points are no keys, though the equation holds', () => {
    const identity: Point = [0n, 1n]
    const orderTwo: Point = [0n, FIELD_MODULUS - 1n]
    const offCurve: Point = [1n, 1n]
    for (const publicKey of [identity, orderTwo, offCurve]) {
      const nonce = 5n
      // 8 * h * A is the identity for the first two: S = r is a signature over everything.
      const forged = {
        publicKey: publicKey.map(String),
        R8: multiply(BASE8, nonce).map(String),
        S: nonce.toString(),
      }
      assert.equal(check(forged, { verifierKey: poseidon(publicKey) }), false)
    }
  })

  it('row 16: a key of the prime subgroup plus a point of small order is another key, and refused', () => {
    const [x, y] = BOB.publicKey
    // Adding the point of order two negates both coordinates.
    const shifted: Point = [FIELD_MODULUS - x, FIELD_MODULUS - y]
    assert.equal(isPublicKey(shifted), false)
    const nonce = 5n
    const R8 = multiply(BASE8, nonce)
    // 8 A is the same for both, so that the owner could sign for the shifted key.
    const message = poseidon([
      SIGNATURE_DOMAIN.possession,
      hashBytes(CHALLENGE),
      poseidon(shifted),
      hashText(SESSION),
    ])
    const S = (nonce + 8n * poseidon([...R8, ...shifted, message]) * BOB.secret) % SUBGROUP_ORDER
    assert.equal(
      verifySignature(message, { R8: [...R8] as [bigint, bigint], S }, [...shifted] as [bigint, bigint]),
      true,
      'without the subgroup check it would pass',
    )
    const forged = { publicKey: shifted.map(String), R8: R8.map(String), S: S.toString() }
    assert.equal(check(forged, { verifierKey: poseidon(shifted) }), false)
  })

  it('row 8: second forms of the same numbers are refused', () => {
    const { publicKey, R8, S } = possession
    const plus = (value: string, modulus: bigint): string => (BigInt(value) + modulus).toString()
    for (const forged of [
      { ...possession, S: plus(S, SUBGROUP_ORDER) },
      { ...possession, S: `0${S}` },
      { ...possession, S: BigInt(S) },
      { ...possession, R8: [plus(R8[0], FIELD_MODULUS), R8[1]] },
      { ...possession, publicKey: [publicKey[0], plus(publicKey[1], FIELD_MODULUS)] },
      { ...possession, R8: [...R8, '1'] },
      { ...possession, R8: R8[0] },
      { ...possession, note: 1 },
      { publicKey, R8 },
    ]) {
      assert.equal(check(forged), false)
    }
  })

  it('any JSON is false and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        assert.equal(check(json), false)
      }),
      { numRuns: 200, seed: 6 },
    )
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw 'anything'
        },
      },
    )
    assert.equal(check(hostile), false)
    assert.equal(check({ ...possession, toString: () => 1 } as Possession), false)
  })

  it('malformed arguments of the caller throw and show no value', () => {
    const bad: [Partial<typeof expected>, ErrorConstructor | RangeErrorConstructor][] = [
      [{ challenge: new Uint8Array(15) }, RangeError],
      [{ challenge: 'challenge' as never }, TypeError],
      [{ session: '' }, RangeError],
      [{ session: 5 as never }, TypeError],
      [{ verifierKey: FIELD_MODULUS }, RangeError],
    ]
    for (const [change, type] of bad) assert.throws(() => check(possession, change), type)
    assert.throws(
      () => provePossession({ key: {} as VerifierKey, challenge: new Uint8Array(3), session: SESSION }),
      (error: Error) => !/\d{10}/.test(error.message),
    )
  })

  it('attack: a key whose public part is another one gives nothing away', () => {
    // A signature under a foreign public key with one's own secret is the classic leak of EdDSA with two arguments.
    const mixed = { ...BOB, publicKey: MALLORY.publicKey, verifierKey: MALLORY.verifierKey }
    const made = provePossession({ key: mixed, challenge: CHALLENGE, session: SESSION })
    assert.deepEqual(made.publicKey, BOB.publicKey.map(String))
    assert.equal(check(made), true)
  })
})
