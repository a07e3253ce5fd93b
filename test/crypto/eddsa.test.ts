import assert from 'node:assert/strict'
import { addPoint } from '@zk-kit/baby-jubjub'
import * as zkKit from '@zk-kit/eddsa-poseidon'
import { addPoints, BASE8, multiply, type Point, SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { deriveSecretScalar, isSigned, sign } from '../../src/crypto/eddsa.js'
import { FIELD_MODULUS } from '../../src/field.js'

/** Bytes that follow from a number, of lengths around the blocks of the hash. */
const secrets = [0, 1, 16, 31, 32, 33, 64, 111, 112, 127, 128, 129, 300].map((length) =>
  Uint8Array.from({ length }, (_, i) => (i * 151 + length * 17 + 5) % 256),
)
const messages = [0n, 1n, 255n, FIELD_MODULUS - 1n, 2n ** 248n, 3n ** 150n % FIELD_MODULUS]

describe('EdDSA-Poseidon', () => {
  it('derives the secret scalars of Semaphore v4 and zk-kit', () => {
    for (const secret of secrets) {
      assert.equal(deriveSecretScalar(secret), zkKit.deriveSecretScalar(secret))
      assert.ok(deriveSecretScalar(secret) < SUBGROUP_ORDER)
    }
  })

  it('signs as zk-kit does, bit for bit, and its signatures verify there and here', () => {
    for (const [i, secret] of secrets.entries()) {
      const message = messages[i % messages.length] as bigint
      const signature = sign(secret, message)
      const theirs = zkKit.signMessage(secret, message)
      assert.deepEqual(signature, { R8: [...theirs.R8], S: theirs.S })
      const publicKey = multiply(BASE8, deriveSecretScalar(secret))
      assert.ok(zkKit.verifySignature(message, theirs, [publicKey[0], publicKey[1]]))
      assert.ok(isSigned(publicKey, message, signature))
      assert.ok(!isSigned(publicKey, (message + 1n) % FIELD_MODULUS, signature))
    }
  })

  it('leaves the secret as it is', () => {
    const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
    sign(secret, 1n)
    deriveSecretScalar(secret)
    assert.deepEqual(
      secret,
      Uint8Array.from({ length: 32 }, (_, i) => i),
    )
  })
})

describe('addPoints', () => {
  it('adds as zk-kit does: equal points, opposite ones, the identity and points of small order', () => {
    const key = multiply(BASE8, 777n)
    const opposite: Point = [FIELD_MODULUS - key[0], key[1]]
    const points: Point[] = [[0n, 1n], [0n, FIELD_MODULUS - 1n], BASE8, key, opposite, multiply(key, 5n)]
    for (const a of points) {
      for (const b of points) assert.deepEqual(addPoints(a, b), addPoint([a[0], a[1]], [b[0], b[1]]))
    }
  })
})
