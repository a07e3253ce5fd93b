import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, randomElements } from '../../support/circuit.js'
import { type GADGETS, gadget } from './gadgets.js'

describe('circuits/lib/bits', () => {
  it('Bit: 0 and 1 are bits, nothing else is', async () => {
    const circuit = await gadget('Bit')
    for (const value of [0n, 1n]) {
      const witness = await circuit.accept({ in: value })
      assert.equal(circuit.value(witness, 'out'), value)
      assert.deepEqual(circuit.mutateAll(witness), [])
    }
    for (const value of [2n, r - 1n, (r + 1n) / 2n]) await circuit.refuse({ in: value })
  })

  it('BitArray: refuses one number among bits', async () => {
    const circuit = await gadget('BitArray(3)')
    for (let value = 0n; value < 8n; value++) {
      const bits = bitsOf(value, 3)
      assert.deepEqual(circuit.values(await circuit.accept({ in: bits }), 'out'), bits)
      for (const i of [0, 1, 2]) await circuit.refuse({ in: bits.with(i, 2n) })
    }
  })

  it('Bits(8): decomposes each number below 256 in one way, and no other number', async () => {
    const circuit = await gadget('Bits(8)')
    for (let value = 0n; value < 256n; value++) {
      const witness = await circuit.accept({ in: value })
      assert.deepEqual(circuit.values(witness, 'out'), bitsOf(value, 8))
      assert.deepEqual(circuit.solve({ in: value }).witnesses, [witness])
    }
    for (const value of [256n, 257n, 512n, r - 1n, r - 255n, (r - 1n) / 2n])
      await circuit.refuse({ in: value })
  })

  it('Bits(1) and Bits(253): the ends of the range, and one beyond', async () => {
    for (const [name, width] of [
      ['Bits(1)', 1],
      ['Bits(253)', 253],
    ] as const) {
      const circuit = await gadget(name)
      const top = 1n << BigInt(width)
      for (const value of [0n, 1n, top / 2n, top - 1n]) {
        const witness = await circuit.accept({ in: value })
        assert.deepEqual(circuit.values(witness, 'out'), bitsOf(value, width))
        assert.deepEqual(circuit.solve({ in: value }).witnesses, [witness])
      }
      for (const value of [top, top + 1n, r - 1n]) await circuit.refuse({ in: value })
      assert.deepEqual(circuit.mutateAll(await circuit.accept({ in: 1n })), [])
    }
  })

  it('forged: bits of in + 2^8, of in - 1, and bits 2 and -1 that add up', async () => {
    const circuit = await gadget('Bits(8)')
    const witness = await circuit.accept({ in: 4n })
    circuit.expectUnsatisfied(witness, { out: bitsOf(5n, 8) })
    circuit.expectUnsatisfied(witness, { out: [0n, 2n, 0n, 0n, 0n, 0n, 0n, 0n] })
    circuit.expectUnsatisfied(witness, { out: [-2n, 1n, 1n, 0n, 0n, 0n, 0n, 0n] })
    circuit.expectUnsatisfied(witness, { in: 260n })
  })

  it('FromBits(253): puts numbers together', async () => {
    const circuit = await gadget('FromBits(253)')
    const random = randomElements('from bits')
    for (const value of [0n, 1n, 1n << 252n, (1n << 253n) - 1n, random() >> 1n]) {
      assert.equal(circuit.value(await circuit.accept({ in: bitsOf(value, 253) }), 'out'), value)
    }
    await circuit.refuse({ in: [2n, ...bitsOf(0n, 252)] })
  })

  it('AtMostConstant: all numbers of 3 bits against all bounds', async () => {
    for (const bound of [0, 1, 2, 3, 4, 5, 6, 7] as const) {
      const circuit = await gadget(`AtMostConstant(3, ${bound})` as keyof typeof GADGETS)
      for (let value = 0; value < 8; value++) {
        const inputs = { bits: bitsOf(BigInt(value), 3) }
        if (value <= bound) await circuit.accept(inputs)
        else await circuit.refuse(inputs)
      }
    }
  })

  it('AtMostConstant(254, -1): bits of r, r + 1, and of any number up to 2^254 - 1 (soundness 3)', async () => {
    const circuit = await gadget('AtMostConstant(254, -1)')
    const random = randomElements('at most')
    for (const value of [0n, 1n, r - 1n, r - 2n, 1n << 253n, random(), random()]) {
      const witness = await circuit.accept({ bits: bitsOf(value, 254) })
      assert.deepEqual(circuit.solve({ bits: bitsOf(value, 254) }).witnesses, [witness])
    }
    const top = (1n << 254n) - 1n
    for (const value of [r, r + 1n, top, top - 1n, r + (random() * (top - r)) / r]) {
      await circuit.refuse({ bits: bitsOf(value, 254) })
    }
    // Every number that first leaves r - 1 upwards at some bit.
    for (let i = 0n; i < 254n; i++) {
      if ((((r - 1n) >> i) & 1n) === 1n) continue
      await circuit.refuse({ bits: bitsOf((((r - 1n) >> i) | 1n) << i, 254) })
    }
  })
})
