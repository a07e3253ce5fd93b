import assert from 'node:assert/strict'
import { BASE8, isPublicKey, multiply, SUBGROUP_ORDER } from '../../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { TIMED_H } from '../../../src/statements/timed.js'
import { randomElements } from '../../support/circuit.js'
import { add } from './curve.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/timed-bit', () => {
  const random = randomElements('timed bit')
  const top = 1n << 252n
  const scalars = [0n, 1n, 2n, SUBGROUP_ORDER - 1n, SUBGROUP_ORDER, top - 1n, random() % SUBGROUP_ORDER]

  it('is k B8 for b = 1 and k B8 + H for b = 0, and the witness is determined', async () => {
    const circuit = await gadget('TimedBit')
    for (const k of scalars) {
      for (const b of [0n, 1n]) {
        const witness = await circuit.accept({ k, b })
        const point = multiply(BASE8, k)
        assert.deepEqual(circuit.values(witness, 'out'), b === 1n ? point : add(point, TIMED_H))
        assert.deepEqual(circuit.solve({ k, b }), { witnesses: [witness], free: [] })
      }
    }
    assert.equal(isPublicKey(TIMED_H), true)
  })

  it('refuses a b that is no bit, and k of more than 252 bits', async () => {
    const circuit = await gadget('TimedBit')
    for (const b of [2n, r - 1n, (r + 1n) / 2n]) await circuit.refuse({ k: 5n, b })
    for (const k of [top, r - 1n]) await circuit.refuse({ k, b: 1n })
  })

  it('forged: the other point, the identity, and each wire of a witness', async () => {
    const circuit = await gadget('TimedBit')
    const k = random() % SUBGROUP_ORDER
    for (const b of [0n, 1n]) {
      const witness = await circuit.accept({ k, b })
      const point = multiply(BASE8, k)
      circuit.expectUnsatisfied(witness, { out: b === 0n ? point : add(point, TIMED_H) })
      circuit.expectUnsatisfied(witness, { out: [0n, 1n] })
      assert.deepEqual(circuit.mutateAll(witness), [])
    }
  })
})
