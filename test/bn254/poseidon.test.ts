import assert from 'node:assert/strict'
import v8 from 'node:v8'
import fc from 'fast-check'
import { type BulkPoseidon, createBulkPoseidon, writeWords } from '../../src/bn254/poseidon.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { poseidonParameters } from '../../src/crypto/poseidon-parameters.js'
import { FIELD_MODULUS as r } from '../../src/field.js'

// Node 20 has relaxed SIMD behind this flag.
v8.setFlagsFromString('--experimental-wasm-relaxed-simd')

const EDGES = [0n, 1n, 2n, r - 1n, r - 2n, r / 2n, (1n << 51n) - 1n, (1n << 253n) - 1n, 1n << 253n]
const field = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: r - 1n }))

for (const arithmetic of ['scalar', 'simd'] as const) {
  describe(`Poseidon in bulk, ${arithmetic}`, () => {
    let bulk: BulkPoseidon
    before(() => {
      bulk = createBulkPoseidon({ arithmetic })
    })

    it('gives the reference for 1 to 16 inputs, at the edges', () => {
      for (let arity = 1; arity <= 16; arity++) {
        for (const edge of EDGES) {
          const inputs = Array(arity).fill(edge)
          assert.equal(bulk.hash(inputs), poseidon(inputs), `${arity} inputs`)
        }
      }
    })

    it('gives the reference for random inputs', () => {
      const inputs = fc.array(field, { minLength: 1, maxLength: 16 })
      fc.assert(
        fc.property(inputs, (values) => assert.equal(bulk.hash(values), poseidon(values))),
        {
          numRuns: 300,
          seed: 5,
        },
      )
    })

    it('hashes two tuples together as each alone', () => {
      const [a, b] = [EDGES.slice(0, 3), EDGES.slice(3, 6)]
      assert.deepEqual(bulk.hashTwo(a, b), [poseidon(a), poseidon(b)])
      assert.deepEqual(bulk.hashTwo(a, a), [poseidon(a), poseidon(a)])
      assert.throws(() => bulk.hashTwo(a, [1n]), RangeError)
    })

    it('hashes each of many tuples by itself, odd numbers of them and more than fit into its memory', () => {
      for (const [arity, count] of [
        [4, 0],
        [4, 1],
        [3, 7],
        [12, 2],
        [16, 5001],
      ] as const) {
        const words = new BigUint64Array(4 * arity * count)
        const value = (i: number): bigint => (BigInt(i) * 0x9e3779b97f4a7c15f39cc0605cedc835n) % r
        for (let i = 0; i < arity * count; i++) writeWords(words, 4 * i, value(i))
        const outputs = bulk.hashMany({ arity, count, inputs: new Uint8Array(words.buffer) })
        assert.equal(outputs.length, 32 * count)
        for (const i of new Set([0, 1, 2, count - 2, count - 1].filter((i) => i >= 0 && i < count))) {
          const expected = new BigUint64Array(4)
          writeWords(expected, 0, poseidon(Array.from({ length: arity }, (_, j) => value(i * arity + j))))
          assert.deepEqual(outputs.slice(32 * i, 32 * i + 32), new Uint8Array(expected.buffer), `tuple ${i}`)
        }
      }
    })

    it('refuses no and too many inputs, and lengths that do not fit', () => {
      assert.throws(() => bulk.hash([]), RangeError)
      assert.throws(() => bulk.hash(Array(17).fill(0n)), RangeError)
      assert.throws(() => bulk.hashMany({ arity: 3, count: 2, inputs: new Uint8Array(191) }), RangeError)
    })
  })
}

describe('Poseidon parameters', () => {
  it('are for widths from 2 to 17', () => {
    for (const width of [1, 18, 2.5]) assert.throws(() => poseidonParameters(width), RangeError)
  })

  it('have one sparse matrix for each partial round', () => {
    const { partial, partialRounds, afterFull } = poseidonParameters(3)
    assert.equal(partialRounds, 57)
    assert.equal(partial.length, 57)
    assert.equal(afterFull.length, 8)
    assert.ok(afterFull[7]?.every((x) => x === 0n))
  })
})
