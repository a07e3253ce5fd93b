import assert from 'node:assert/strict'
import fc from 'fast-check'
import { KeyError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { isDevelopmentKey, parseVerificationKey, verificationKeyHash } from '../../src/verifier/keys.js'
import { g1, g2, g2OutsideSubgroup, TRAPDOOR, trapdoorKey } from './trapdoor.js'

const key = trapdoorKey()
const refuse = (change: object, message: RegExp) =>
  assert.throws(
    () => parseVerificationKey({ ...key, ...change }),
    (error: Error) => {
      assert.ok(error instanceof KeyError)
      assert.match(error.message, message)
      return true
    },
  )

describe('verifier: verification keys', () => {
  it('reads a key, freezes it, and remembers equal ones', () => {
    const parsed = parseVerificationKey(key)
    assert.deepEqual(parsed.alpha, g1(TRAPDOOR.alpha).slice(0, 2).map(BigInt))
    assert.equal(parsed.ic.length, 3)
    assert.ok(Object.isFrozen(parsed) && Object.isFrozen(parsed.ic) && Object.isFrozen(parsed.beta[0]))
    assert.equal(parseVerificationKey(structuredClone(key)), parsed)
    assert.equal(parseVerificationKey({ ...key, vk_alphabeta_12: 'ignored' }), parsed)
    assert.equal(isDevelopmentKey(parsed), false)
  })

  it('its hash is a golden value and changes with every point', () => {
    const hash = verificationKeyHash(parseVerificationKey(key))
    assert.equal(hash, '0xc57891459cd38d55cdf6b43d436ca7a9ea2b5f27e3c9e6810bc5d911df158086')
    const others = [
      { vk_alpha_1: g1(2n) },
      { vk_beta_2: g2(2n) },
      { vk_gamma_2: g2(2n) },
      { vk_delta_2: g2(2n) },
      ...[0, 1, 2].map((i) => ({ IC: key.IC.with(i, g1(2n)) })),
      { IC: key.IC.slice(0, 2), nPublic: 1 },
    ]
    const hashes = others.map((other) => verificationKeyHash(parseVerificationKey({ ...key, ...other })))
    assert.equal(new Set([hash, ...hashes]).size, others.length + 1)
  })

  it('soundness 9: refuses gamma = delta, a phase 2 that was skipped', () => {
    refuse({ vk_delta_2: key.vk_gamma_2 }, /vk_gamma_2 equals plus or minus vk_delta_2/)
    refuse({ vk_delta_2: g2(1n), vk_gamma_2: g2(1n) }, /anyone can forge/)
  })

  it('soundness 9: refuses points off the curve, out of the subgroup, and infinity', () => {
    const g1Bad = [
      ['1', '3', '1'],
      ['0', '0', '1'],
      ['0', '1', '0'],
      [String(q + 1n), '2', '1'],
      [String(r), String(q), '1'],
    ]
    for (const point of g1Bad) {
      refuse({ vk_alpha_1: point }, /vk_alpha_1/)
      refuse({ IC: [key.IC[0], point, key.IC[2]] }, /IC\[1\]/)
    }
    const [x, y, z] = key.vk_beta_2
    for (const name of ['vk_beta_2', 'vk_gamma_2', 'vk_delta_2']) {
      refuse({ [name]: g2OutsideSubgroup() }, new RegExp(`${name} is not in the subgroup`))
      refuse({ [name]: [y, x, z] }, new RegExp(`${name} is not on the curve`))
      refuse({ [name]: [['0', '0'], ['1', '0'], ['0', '0']] }, new RegExp(`${name} must be affine`)) // biome-ignore format: a point
    }
  })

  it('refuses keys of another form', () => {
    for (const value of [null, undefined, 'key', 1, []])
      assert.throws(() => parseVerificationKey(value), KeyError)
    refuse({ protocol: 'plonk' }, /protocol/)
    refuse({ curve: 'bls12381' }, /curve/)
    for (const nPublic of [1, 3, -1, 2.5, '2', Number.NaN, undefined, 2 ** 40]) refuse({ nPublic }, /nPublic/)
    refuse({ IC: undefined }, /IC/)
    refuse({ IC: [...key.IC, key.IC[0]] }, /IC/)
    refuse({ IC: new Array(3) }, /IC\[0\]/)
    for (const x of ['', '01', '0x1', ' 1', 1, -1, '-1', '1'.repeat(1_000_000)]) {
      refuse({ vk_alpha_1: [x, '2', '1'] }, /vk_alpha_1\[0\]/)
    }
  })

  it('any JSON in place of a part gives a KeyError that does not show it', () => {
    const names = fc.constantFrom(...Object.keys(key))
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        refuse({ [name]: value }, /^verificationKey/)
      }),
      { numRuns: 200, seed: 5 },
    )
  })
})
