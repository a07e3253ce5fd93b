import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { encryptKey } from '../../src/crypto/keyfile.js'
import {
  createExchange,
  createVerifierKey,
  decryptVerifierKey,
  encryptVerifierKey,
  followRotation,
  provePossession,
  rotateVerifierKey,
  sessionVerifierKey,
} from '../../src/designated/index.js'
import { prepareSimulation } from '../../src/designated/simulate.js'
import { KeyFileError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { importSoul } from '../../src/soul/index.js'

const BOB = createVerifierKey({ secret: 0xb0bn })
const NEXT = createVerifierKey({ secret: 0xb0b2n })
const MALLORY = createVerifierKey({ secret: 0xbadn })
const COST = 2 ** 14

describe('verifier keys', () => {
  it('have the commitment that a Soul of the same secret has, so that one circuit serves both', () => {
    const scalars = fc.bigInt({ min: 1n, max: SUBGROUP_ORDER - 1n })
    fc.assert(
      fc.property(scalars, (secret) => {
        const { verifierKey, publicKey } = createVerifierKey({ secret })
        const soul = importSoul({ secret })
        assert.equal(verifierKey, soul.commitment)
        assert.deepEqual(publicKey, soul.publicKey)
      }),
      { numRuns: 20, seed: 6 },
    )
  })

  it('are fresh, below l and not 0 unless a secret is given', () => {
    const keys = Array.from({ length: 16 }, () => createVerifierKey())
    assert.equal(new Set(keys.map(({ secret }) => secret)).size, 16)
    for (const { secret } of keys) assert.ok(secret > 0n && secret < SUBGROUP_ORDER)
  })

  it('a key without a secret is refused, and no fresh key takes its place (found by fuzzing)', () => {
    const challenge = new Uint8Array(32)
    for (const key of [
      undefined,
      null,
      {},
      { verifierKey: BOB.verifierKey },
      { ...BOB, secret: undefined },
    ]) {
      const forged = key as never
      assert.throws(() => provePossession({ key: forged, challenge, session: 's' }), /^TypeError: key/)
      assert.throws(() => sessionVerifierKey({ key: forged, session: 's' }), /^TypeError: key/)
      assert.throws(() => rotateVerifierKey({ from: forged, to: NEXT, at: 1n }), /^TypeError: from/)
      assert.throws(() => rotateVerifierKey({ from: BOB, to: forged, at: 1n }), /^TypeError: to/)
      assert.throws(() => createExchange({ key: forged, verifier: {} as never }), /^TypeError: key/)
      const simulation = { scope: 'a', message: 'b', statement: 'membership', root: 1n, key: forged } as const
      assert.throws(() => prepareSimulation(simulation), /^TypeError: key/)
    }
  })

  it('refuse 0, the identity, and l and above, second names of a key (soundness 7, 16)', () => {
    for (const secret of [0n, SUBGROUP_ORDER, SUBGROUP_ORDER + 1n, -1n]) {
      assert.throws(() => createVerifierKey({ secret }), RangeError)
    }
    assert.throws(() => createVerifierKey({ secret: 1 as never }), TypeError)
  })

  it('of sessions follow from key and name, and from nothing less', () => {
    const one = sessionVerifierKey({ key: BOB, session: 'one' })
    assert.deepEqual(sessionVerifierKey({ key: BOB, session: 'one' }), one)
    const keys = [
      BOB,
      one,
      sessionVerifierKey({ key: BOB, session: 'two' }),
      sessionVerifierKey({ key: NEXT, session: 'one' }),
      sessionVerifierKey({ key: one, session: 'one' }),
    ]
    assert.equal(new Set(keys.map(({ verifierKey }) => verifierKey)).size, keys.length)
    // Computed once; a change would lose the keys of all sessions.
    assert.equal(
      one.verifierKey,
      12447475079743242500130685229122636468668616197222766576936674470579785821946n,
    )
    for (const session of ['', 'x'.repeat(1001), '\ud800']) {
      assert.throws(() => sessionVerifierKey({ key: BOB, session }), RangeError)
    }
  })

  describe('at rest', () => {
    it('open under their passphrase alone, and show nothing', async () => {
      const file = await encryptVerifierKey({ key: BOB, passphrase: 'a passphrase', cost: COST })
      const text = JSON.stringify(file)
      assert.ok(!text.includes(BOB.secret.toString()) && !text.includes(BOB.verifierKey.toString()))
      assert.deepEqual(await decryptVerifierKey({ file: JSON.parse(text), passphrase: 'a passphrase' }), BOB)
      await assert.rejects(
        decryptVerifierKey({ file, passphrase: 'another' }),
        (error) => error instanceof KeyFileError && error.refused,
      )
    })

    it('attack: the file of a Soul relabelled as that of a verifier', async () => {
      const secret = { secret: '5', commitment: importSoul({ secret: 5n }).commitment.toString() }
      const file = await encryptKey({ kind: 'soul', secret, passphrase: 'p', cost: COST })
      await assert.rejects(decryptVerifierKey({ file, passphrase: 'p' }), KeyFileError)
      await assert.rejects(
        decryptVerifierKey({ file: { ...file, kind: 'verifier' }, passphrase: 'p' }),
        (error) => error instanceof KeyFileError && error.refused,
      )
    })

    it('attack: a commitment that is not that of the secret', async () => {
      const key = { ...BOB, verifierKey: MALLORY.verifierKey }
      // What encryptVerifierKey writes follows from the secret.
      const whole = await encryptVerifierKey({ key, passphrase: 'p', cost: COST })
      assert.deepEqual(await decryptVerifierKey({ file: whole, passphrase: 'p' }), BOB)
      const secret = { secret: key.secret.toString(), verifierKey: key.verifierKey.toString() }
      const file = await encryptKey({ kind: 'verifier', secret, passphrase: 'p', cost: COST })
      await assert.rejects(decryptVerifierKey({ file, passphrase: 'p' }), KeyFileError)
    })
  })

  describe('rotation', () => {
    const AT = 1_763_700_000n
    const rotation = rotateVerifierKey({ from: BOB, to: NEXT, at: AT })
    const follow = (json: unknown, now = AT) =>
      followRotation({ verifierKey: BOB.verifierKey, rotation: json, now })

    it('leads from the old key to the new one, from its time on', () => {
      assert.equal(follow(JSON.parse(JSON.stringify(rotation))), NEXT.verifierKey)
      assert.equal(follow(rotation, AT - 1n), undefined)
      assert.throws(() => rotateVerifierKey({ from: BOB, to: BOB, at: AT }), RangeError)
    })

    it('attack: to a key that nobody knows, to another key, from a key that nobody trusts', () => {
      const { signatures } = rotation
      const toMallory = rotateVerifierKey({ from: BOB, to: MALLORY, at: AT })
      const byMallory = rotateVerifierKey({ from: MALLORY, to: NEXT, at: AT })
      for (const forged of [
        { ...rotation, next: '12345' },
        { ...rotation, next: MALLORY.verifierKey.toString() },
        { ...rotation, signatures: [signatures[0], toMallory.signatures[1]] },
        { ...rotation, signatures: [byMallory.signatures[0], signatures[1]] },
        { ...rotation, signatures: [signatures[1], signatures[0]] },
        { ...rotation, signatures: [signatures[0]] },
        { ...rotation, signatures: [...signatures, signatures[0]] },
        { ...rotation, at: (AT - 1n).toString() },
        { ...rotation, version: 2 },
        { ...rotation, note: 1 },
        { ...rotation, next: (NEXT.verifierKey + FIELD_MODULUS).toString() },
        byMallory,
        null,
        [],
        'rotation',
      ]) {
        assert.equal(follow(forged), undefined)
      }
    })

    it('attack: the rotation backwards', () => {
      const forged = {
        ...rotation,
        previous: rotation.next,
        next: rotation.previous,
        signatures: rotation.signatures.toReversed(),
      }
      assert.equal(followRotation({ verifierKey: NEXT.verifierKey, rotation: forged, now: AT }), undefined)
    })
  })
})
