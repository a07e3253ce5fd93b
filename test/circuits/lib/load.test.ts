import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/load', () => {
  const random = randomElements('load')
  const claims = Array.from({ length: 3 }, () => Array.from({ length: 10 }, random))
  const inputsOf = (o: { slot: bigint; claim: bigint; slots: bigint[]; valid: bigint[] }) => ({
    slot: bitsOf(o.slot, 4),
    claim: bitsOf(o.claim, 4),
    slots: o.slots,
    valid: o.valid,
    claims,
  })

  it('loads the claim of the SBT that counts for the slot, else 0 and not held: every slot, claim and validity', async () => {
    const circuit = await gadget('Load(3)')
    const slots = [7n, 0n, 15n]
    for (let mask = 0n; mask < 8n; mask++) {
      const valid = bitsOf(mask, 3)
      for (let slot = 0n; slot < 16n; slot++) {
        for (let claim = 0n; claim < 16n; claim += slot % 7n === 0n ? 1n : 5n) {
          const inputs = inputsOf({ slot, claim, slots, valid })
          const witness = await circuit.accept(inputs)
          const m = slots.findIndex((one, i) => one === slot && valid[i] === 1n)
          assert.equal(circuit.value(witness, 'held'), m >= 0 ? 1n : 0n)
          assert.equal(circuit.value(witness, 'value'), claims[m]?.[Number(claim)] ?? 0n)
        }
      }
    }
  })

  it('an SBT that does not count contributes nothing, whatever it says of its slot (soundness 26)', async () => {
    const circuit = await gadget('Load(3)')
    const inputs = inputsOf({ slot: 3n, claim: 2n, slots: [3n, 3n, 3n], valid: [0n, 0n, 0n] })
    assert.deepEqual(circuit.publicSignals(await circuit.accept(inputs)).slice(0, 2), [0n, 0n])
    for (const forged of [{ held: 1n }, { value: claims[0]?.[2] as bigint }]) {
      assert.equal(circuit.solve(inputs, forged).witnesses.length, 0)
    }
  })

  it('slot numbers beyond 4 bits, r - 1 and 16 + slot, match nothing', async () => {
    const circuit = await gadget('Load(3)')
    const inputs = inputsOf({ slot: 15n, claim: 0n, slots: [r - 1n, 31n, 16n], valid: [1n, 1n, 1n] })
    assert.deepEqual(circuit.publicSignals(await circuit.accept(inputs)).slice(0, 2), [0n, 0n])
  })

  it('two that count for one slot give held = 2, which statements refuse as a clash', async () => {
    const circuit = await gadget('Load(3)')
    const witness = await circuit.accept(
      inputsOf({ slot: 1n, claim: 0n, slots: [1n, 1n, 2n], valid: [1n, 1n, 1n] }),
    )
    assert.equal(circuit.value(witness, 'held'), 2n)
  })

  it('refuses selectors that are no bits (soundness 1)', async () => {
    const circuit = await gadget('Load(3)')
    const inputs = inputsOf({ slot: 0n, claim: 0n, slots: [0n, 1n, 2n], valid: [1n, 1n, 1n] })
    for (const bit of [2n, (r + 1n) / 2n]) {
      await circuit.refuse({ ...inputs, slot: [bit, 0n, 0n, 0n] })
      await circuit.refuse({ ...inputs, claim: [bit, 0n, 0n, 0n] })
      await circuit.refuse({ ...inputs, valid: [bit, 1n, 1n] })
    }
  })
})
