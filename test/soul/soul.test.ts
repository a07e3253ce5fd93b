import assert from 'node:assert/strict'
import { Identity } from '@semaphore-protocol/core'
import fc from 'fast-check'
import { isPublicKey, SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { SchemaError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { blindHolder, createSoul, holderOf, importSoul } from '../../src/soul/index.js'
import { soulFromJson, soulToJson } from '../../src/soul/json.js'

describe('Souls', () => {
  it('are the identities of Semaphore for the same seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (seed) => {
        const soul = createSoul({ seed })
        const identity = new Identity(seed)
        assert.equal(soul.commitment, identity.commitment)
        assert.equal(soul.secret, identity.secretScalar)
        assert.deepEqual(soul.publicKey, identity.publicKey)
        assert.ok(soul.secret > 0n && soul.secret < SUBGROUP_ORDER)
        assert.ok(isPublicKey(soul.publicKey))
      }),
      { seed: 6, numRuns: 10 },
    )
  })

  it('import what Semaphore exports, from random, binary and text keys', () => {
    const identities = [
      new Identity(),
      new Identity(new Uint8Array(32).fill(9)),
      new Identity('schlüssel ✓'),
      new Identity('a'),
    ]
    for (const identity of identities) {
      const soul = importSoul({ semaphore: identity.export() })
      assert.equal(soul.commitment, identity.commitment)
      assert.equal(importSoul({ secret: identity.secretScalar }).commitment, identity.commitment)
      assert.equal(soul.commitment, Identity.import(identity.export()).commitment)
    }
  })

  it('are fresh each time without a seed, and do not keep the seed', () => {
    assert.notEqual(createSoul().secret, createSoul().secret)
    const seed = new Uint8Array(32).fill(3)
    const soul = createSoul({ seed })
    assert.deepEqual(seed, new Uint8Array(32).fill(3))
    assert.deepEqual(createSoul({ seed }), soul)
  })

  it('refuse a second secret for one key: secret + l (soundness 7), 0 and other types', () => {
    const { secret } = createSoul({ seed: new Uint8Array(32) })
    for (const bad of [secret + SUBGROUP_ORDER, SUBGROUP_ORDER, 0n, -secret]) {
      assert.throws(
        () => importSoul({ secret: bad }),
        (error) => error instanceof RangeError && (bad === 0n || !error.message.includes(String(bad))),
      )
    }
    assert.throws(() => importSoul({ secret: '5' as never }), TypeError)
    assert.throws(() => importSoul({ semaphore: 5 as never }), TypeError)
    assert.throws(() => importSoul(null as never), TypeError)
    assert.throws(() => createSoul({ seed: new Uint8Array(15) }), RangeError)
    assert.throws(() => createSoul({ seed: 'x'.repeat(32) as never }), TypeError)
    for (const semaphore of ['', '*', 'abc', 'ab=c', 'ab c', '====']) {
      assert.throws(() => importSoul({ semaphore }), RangeError, semaphore)
    }
  })
})

describe('blindHolder', () => {
  it('hides a Soul behind a fresh salt of 248 bits', () => {
    const soul = createSoul({ seed: new Uint8Array(32) })
    const blinded = Array.from({ length: 20 }, () => blindHolder({ soul }))
    assert.equal(new Set(blinded.map(({ holder }) => holder)).size, 20)
    for (const { holder, salt } of blinded) {
      assert.equal(holderOf(soul.commitment, salt), holder)
      assert.ok(salt < 2n ** 248n)
    }
    assert.ok(blinded.some(({ salt }) => salt > 2n ** 240n))
  })

  it('takes canonical numbers only', () => {
    assert.throws(() => holderOf(FIELD_MODULUS, 1n), RangeError)
    assert.throws(() => holderOf(1n, FIELD_MODULUS), RangeError)
    assert.throws(() => holderOf(1n, 1 as never), TypeError)
  })
})

describe('Souls in JSON', () => {
  const soul = createSoul({ seed: new Uint8Array(32).fill(4) })

  it('come back the same', () => {
    assert.deepEqual(soulFromJson(JSON.parse(JSON.stringify(soulToJson(soul)))), soul)
    assert.deepEqual(Object.keys(soulToJson(soul)), ['secret', 'commitment'])
  })

  it('are refused with the path of what is wrong, and never show the secret', () => {
    const json = soulToJson(soul)
    const cases: [unknown, string][] = [
      [null, 'soul'],
      [[], 'soul'],
      [{}, 'soul'],
      [{ ...json, extra: 1 }, 'soul'],
      [JSON.parse(`{"__proto__":{},${JSON.stringify(json).slice(1)}`), 'soul'],
      [{ ...json, secret: `${json.secret} ` }, 'soul.secret'],
      [{ ...json, secret: (soul.secret + SUBGROUP_ORDER).toString() }, 'soul.secret'],
      [{ ...json, secret: '0' }, 'soul.secret'],
      [{ ...json, secret: 5 }, 'soul.secret'],
      [{ ...json, secret: '5' }, 'soul.commitment'],
      [{ ...json, commitment: '5' }, 'soul.commitment'],
      [{ ...json, commitment: '0x5' }, 'soul.commitment'],
    ]
    for (const [value, path] of cases) {
      assert.throws(
        () => soulFromJson(value),
        (error) =>
          error instanceof SchemaError && error.path === path && !error.message.includes(json.secret),
      )
    }
  })
})
