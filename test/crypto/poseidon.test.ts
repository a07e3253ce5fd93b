import assert from 'node:assert/strict'
import * as lite from 'poseidon-lite'
import { poseidon, poseidonChain } from '../../src/crypto/poseidon.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { loadCircomlibjs } from './circomlibjs.js'

describe('poseidon', () => {
  it('has the value of (1, 2) that circomlib publishes', () => {
    assert.equal(
      poseidon([1n, 2n]),
      7853200120776062878684798364095072458815029376092732009249414926327459813530n,
    )
  })

  it('agrees with circomlibjs for 1 to 16 inputs', async () => {
    const { poseidon: reference } = await loadCircomlibjs()
    for (let length = 1; length <= 16; length++) {
      const inputs = Array.from({ length }, (_, i) => (FIELD_MODULUS - 1n) / BigInt(i * i + 1))
      assert.equal(poseidon(inputs), reference(inputs))
    }
  })

  it('agrees with poseidon-lite for 1 to 16 inputs, random and at the edges', () => {
    for (let length = 1; length <= 16; length++) {
      const reference = (lite as unknown as Record<string, (inputs: bigint[]) => bigint>)[
        `poseidon${length}`
      ]!
      for (const edge of [0n, 1n, FIELD_MODULUS - 1n]) {
        const inputs = Array<bigint>(length).fill(edge)
        assert.equal(poseidon(inputs), reference(inputs))
      }
      for (let seed = 2n; seed < 12n; seed++) {
        const inputs = Array.from({ length }, (_, i) => seed ** BigInt(200 + i) % FIELD_MODULUS)
        assert.equal(poseidon(inputs), reference(inputs))
      }
    }
  })

  it('refuses other numbers of inputs and leaves its argument alone', () => {
    assert.throws(() => poseidon([]), RangeError)
    assert.throws(() => poseidon(Array<bigint>(17).fill(1n)), RangeError)
    const inputs = Object.freeze([1n, 2n])
    poseidon(inputs)
    assert.deepEqual(inputs, [1n, 2n])
  })

  it('chains blocks of 15 behind the tag', () => {
    const inputs = Array.from({ length: 31 }, (_, i) => BigInt(i + 1))
    const first = poseidon([9n, ...inputs.slice(0, 15)])
    const second = poseidon([first, ...inputs.slice(15, 30)])
    assert.equal(poseidonChain(9n, inputs), poseidon([second, 31n]))
    assert.equal(poseidonChain(9n, inputs.slice(0, 15)), first)
    assert.equal(poseidonChain(9n, []), 9n)
  })
})
