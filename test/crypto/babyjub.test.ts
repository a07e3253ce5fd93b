import assert from 'node:assert/strict'
import { mulPointEscalar } from '@zk-kit/baby-jubjub'
import { signMessage } from '@zk-kit/eddsa-poseidon'
import fc from 'fast-check'
import { BASE8, isPublicKey, multiply, type Point, SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { isSigned } from '../../src/crypto/eddsa.js'
import { randomBytes } from '../../src/crypto/random.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { createIssuer, signSbt } from '../../src/sbt/issuer.js'
import { loadCircomlibjs } from './circomlibjs.js'

describe('Baby Jubjub', () => {
  it('has the subgroup order and generator of EIP-2494', () => {
    assert.equal(
      SUBGROUP_ORDER,
      2736030358979909402780800718157159386076813972158567259200215660948447373041n,
    )
    assert.deepEqual(BASE8, [
      5299619240641551281634865583518297030282874472190772894086521144482721001553n,
      16950150798460657717958625567821834550301663161624707787222815936182638968203n,
    ])
    assert.deepEqual(multiply(BASE8, SUBGROUP_ORDER), [0n, 1n])
  })

  it('multiplies as circomlibjs does', async () => {
    const reference = await loadCircomlibjs()
    for (const scalar of [0n, 1n, 2n, 12345n, 2n ** 250n + 5n, SUBGROUP_ORDER - 1n, SUBGROUP_ORDER + 7n]) {
      assert.deepEqual(multiply(BASE8, scalar), reference.multiply(BASE8, scalar))
    }
  })

  it('multiplies every kind of point as zk-kit does: of small order, of the subgroup, of neither', () => {
    const ofOrder2: Point = [0n, FIELD_MODULUS - 1n]
    const key = multiply(BASE8, 98765n)
    const outside: Point = [FIELD_MODULUS - key[0], FIELD_MODULUS - key[1]]
    for (const point of [[0n, 1n] as Point, ofOrder2, key, outside]) {
      for (const scalar of [
        0n,
        1n,
        2n,
        3n,
        8n,
        SUBGROUP_ORDER - 1n,
        SUBGROUP_ORDER,
        8n * SUBGROUP_ORDER,
        2n ** 256n - 1n,
      ]) {
        assert.deepEqual(multiply(point, scalar), mulPointEscalar([...point], scalar))
      }
    }
    assert.throws(() => multiply(BASE8, -1n), RangeError)
  })

  it('takes as keys only canonical points of the prime subgroup, not the identity (soundness 16)', () => {
    const key = multiply(BASE8, 12345n)
    assert.ok(isPublicKey(key))
    const [x, y] = key
    // (0, -1) has order 2; added to a key it gives (-x, -y), which is on the curve and outside the subgroup.
    const refused: Point[] = [
      [0n, 1n],
      [0n, FIELD_MODULUS - 1n],
      [FIELD_MODULUS - x, FIELD_MODULUS - y],
      [x, y + 1n],
      [x + FIELD_MODULUS, y],
      [x, y - FIELD_MODULUS],
      [-x, y],
      [0n, 0n],
    ]
    for (const point of refused) assert.equal(isPublicKey(point), false)
    assert.ok(isPublicKey([FIELD_MODULUS - x, y]))
  })
})

describe('EdDSA-Poseidon', () => {
  it('signs and verifies as circomlibjs does', async () => {
    const reference = await loadCircomlibjs()
    const secret = new Uint8Array(32).fill(5)
    const issuer = createIssuer({ secret })
    assert.deepEqual(issuer.publicKey, reference.publicKey(secret))
    for (const message of [0n, 1n, FIELD_MODULUS - 1n]) {
      const signature = signSbt(issuer, message)
      assert.deepEqual(signature, reference.sign(secret, message))
      assert.ok(reference.verify(message, signature, issuer.publicKey))
      assert.ok(isSigned(issuer.publicKey, message, signature))
    }
  })

  it('makes the signatures of zk-kit, for secrets of any length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 80 }),
        fc.bigInt({ min: 0n, max: FIELD_MODULUS - 1n }),
        (secret, message) => {
          const { R8, S } = signMessage(secret, message)
          assert.deepEqual(signSbt(createIssuer({ secret }), message), { R8: [...R8], S })
        },
      ),
      { numRuns: 12, seed: 4 },
    )
  })

  it("attack: a public key that is not the secret's own gives nothing away: it is not looked at", () => {
    const issuer = createIssuer({ secret: new Uint8Array(32).fill(5) })
    const other = createIssuer({ secret: new Uint8Array(32).fill(6) })
    const mixed = { ...issuer, id: other.id, publicKey: other.publicKey }
    assert.deepEqual(signSbt(mixed, 7n), signSbt(issuer, 7n))
    for (const secret of [undefined, 'text', new Uint8Array(15)]) {
      assert.throws(() => signSbt({ ...issuer, secret } as never, 7n), /issuer.secret must/)
    }
    for (const hash of [FIELD_MODULUS, -1n]) assert.throws(() => signSbt(issuer, hash), RangeError)
  })

  it('refuses another message, key, R8 or S, and second forms: S + l, S - l, R8 + r, R8 - r', () => {
    const issuer = createIssuer({ secret: new Uint8Array(32).fill(5) })
    const other = createIssuer({ secret: new Uint8Array(32).fill(6) })
    const { R8, S } = signSbt(issuer, 7n)
    assert.equal(isSigned(issuer.publicKey, 8n, { R8, S }), false)
    assert.equal(isSigned(other.publicKey, 7n, { R8, S }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8, S: S + 1n }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8, S: S + SUBGROUP_ORDER }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8, S: S - SUBGROUP_ORDER }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8: [R8[0] + FIELD_MODULUS, R8[1]], S }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8: [R8[0], R8[1] - FIELD_MODULUS], S }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8: multiply(R8, 2n), S }), false)
    assert.equal(isSigned(issuer.publicKey, 7n, { R8: [R8[0], R8[1] + 1n], S }), false)
  })
})

describe('randomBytes', () => {
  it('gives the wanted number of bytes, other ones each time', () => {
    assert.equal(randomBytes(31).length, 31)
    assert.notDeepEqual(randomBytes(32), randomBytes(32))
  })
})
