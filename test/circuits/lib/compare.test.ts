import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { randomElements, survivorNames } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

const mod = (value: bigint): bigint => ((value % r) + r) % r

describe('circuits/lib/compare', () => {
  it('IsZero: 0 alone is 0', async () => {
    const circuit = await gadget('IsZero')
    const random = randomElements('is zero')
    for (const value of [0n, 1n, 2n, r - 1n, (r - 1n) / 2n, random()]) {
      const witness = await circuit.accept({ in: value })
      const out = value === 0n ? 1n : 0n
      assert.equal(circuit.value(witness, 'out'), out)
      const { witnesses, free } = circuit.solve({ in: value })
      assert.deepEqual(
        witnesses.map((one) => circuit.value(one, 'out')),
        [out],
      )
      // The inverse of 0 is the only advice that may be anything, and nothing follows from it.
      assert.equal(free.length, value === 0n ? 1 : 0)
      assert.equal(survivorNames(circuit.mutateAll(witness)).length, value === 0n ? 1 : 0)
      circuit.expectUnsatisfied(witness, { out: 1n - out })
      assert.equal(circuit.solve({ in: value }, { out: 1n - out }).witnesses.length, 0)
    }
  })

  it('IsEqual: compares whole field elements', async () => {
    const circuit = await gadget('IsEqual')
    const values = [0n, 1n, r - 1n, 1n << 253n]
    for (const a of values) {
      for (const b of values) {
        const witness = await circuit.accept({ in: [a, b] })
        assert.equal(circuit.value(witness, 'out'), a === b ? 1n : 0n)
        assert.equal(circuit.solve({ in: [a, b] }, { out: a === b ? 0n : 1n }).witnesses.length, 0)
      }
    }
  })

  it('AtLeast(3): all pairs of numbers below 8, and every difference up to one beyond', async () => {
    const circuit = await gadget('AtLeast(3)')
    for (let a = 0n; a < 8n; a++) {
      for (let b = 0n; b < 8n; b++) {
        const witness = await circuit.accept({ in: [a, b] })
        assert.equal(circuit.value(witness, 'out'), a >= b ? 1n : 0n)
        assert.deepEqual(circuit.solve({ in: [a, b] }).witnesses, [witness])
      }
    }
    for (let difference = -8n; difference < 8n; difference++) {
      const witness = await circuit.accept({ in: [mod(r - 3n + difference), r - 3n] })
      assert.equal(circuit.value(witness, 'out'), difference >= 0n ? 1n : 0n)
    }
    for (const difference of [-9n, 8n, 9n, -10n]) await circuit.refuse({ in: [mod(5n + difference), 5n] })
  })

  it('AtLeast(64) and AtLeast(252): r - 1, 2^n and negative differences (soundness 4)', async () => {
    for (const [name, width] of [
      ['AtLeast(64)', 64n],
      ['AtLeast(252)', 252n],
    ] as const) {
      const circuit = await gadget(name)
      const top = 1n << width
      const cases: [bigint, bigint][] = [
        [0n, 0n],
        [top - 1n, 0n],
        [0n, top - 1n],
        [top - 1n, top - 1n],
        [0n, top],
        [1n, 0n],
        [0n, 1n],
      ]
      for (const [a, b] of cases) {
        const witness = await circuit.accept({ in: [a, b] })
        assert.equal(circuit.value(witness, 'out'), a >= b ? 1n : 0n)
        assert.deepEqual(circuit.solve({ in: [a, b] }).witnesses, [witness])
        assert.equal(circuit.solve({ in: [a, b] }, { out: a >= b ? 0n : 1n }).witnesses.length, 0)
      }
      // As differences, r - 1 is -1: never the largest number, as in Unirep #417.
      assert.equal(circuit.value(await circuit.accept({ in: [r - 1n, 0n] }), 'out'), 0n)
      for (const [a, b] of [
        [top, 0n],
        [0n, top + 1n],
        [(r - 1n) / 2n, 0n],
        [0n, (r - 1n) / 2n],
      ] as const) {
        await circuit.refuse({ in: [a, b] })
      }
      assert.deepEqual(circuit.mutateAll(await circuit.accept({ in: [7n, 9n] })), [])
    }
  })
})
