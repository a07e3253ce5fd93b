import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, survivorNames } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/select', () => {
  const sizes = [
    ['Select(1, 1)', 1, 1],
    ['Select(3, 2)', 3, 2],
    ['Select(4, 2)', 4, 2],
    ['Select(10, 4)', 10, 4],
  ] as const
  for (const [name, count, width] of sizes) {
    it(`${name}: every position, 0 beyond the last`, async () => {
      const circuit = await gadget(name)
      const values = Array.from({ length: count }, (_, i) => r - 1n - BigInt(i) ** 3n)
      for (let position = 0; position < 1 << width; position++) {
        const inputs = { in: values, index: bitsOf(BigInt(position), width) }
        const witness = await circuit.accept(inputs)
        assert.equal(circuit.value(witness, 'out'), values[position] ?? 0n)
        assert.deepEqual(circuit.solve(inputs).witnesses, [witness])
      }
    })
  }

  it('forged: a position of halves mixes values, and is refused (soundness 1)', async () => {
    const circuit = await gadget('Select(4, 2)')
    const values = [10n, 20n, 30n, 40n]
    for (const bit of [(r + 1n) / 2n, 2n, r - 1n]) {
      await circuit.refuse({ in: values, index: [bit, 0n] })
      await circuit.refuse({ in: values, index: [0n, bit] })
    }
    const witness = await circuit.accept({ in: values, index: [1n, 0n] })
    circuit.expectUnsatisfied(witness, { out: 10n })
    circuit.expectUnsatisfied(witness, { index: [(r + 1n) / 2n, 0n], out: 15n })
  })

  it('mutation: values that are not selected are free, all else is pinned', async () => {
    const circuit = await gadget('Select(10, 4)')
    const values = Array.from({ length: 10 }, (_, i) => BigInt(i + 100))
    const witness = await circuit.accept({ in: values, index: bitsOf(6n, 4) })
    // Of each pair at the lowest level, bit 0 drops the odd one.
    const odd = [1, 3, 5, 7, 9].map((i) => `in[${i}]`)
    assert.deepEqual(survivorNames(circuit.mutateAll(witness)), odd)
  })
})
