import assert from 'node:assert/strict'
import { BASE8, multiply, SUBGROUP_ORDER } from '../../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { createSoul } from '../../../src/soul/index.js'
import { loadCircomlibjs } from '../../crypto/circomlibjs.js'
import { randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/soul', () => {
  const random = randomElements('soul')

  it('is the commitment of Souls, from an independent curve and hash', async () => {
    const circuit = await gadget('Soul')
    const { poseidon } = await loadCircomlibjs()
    const secrets = [
      1n,
      2n,
      SUBGROUP_ORDER - 1n,
      SUBGROUP_ORDER / 2n,
      ...Array.from({ length: 20 }, () => random() % SUBGROUP_ORDER),
    ]
    for (const secret of secrets) {
      const witness = await circuit.accept({ secret })
      assert.equal(circuit.value(witness, 'commitment'), poseidon(multiply(BASE8, secret)))
    }
    const soul = createSoul({ seed: new Uint8Array(32).fill(3) })
    assert.equal(circuit.value(await circuit.accept({ secret: soul.secret }), 'commitment'), soul.commitment)
    assert.equal(circuit.value(await circuit.accept({ secret: 0n }), 'commitment'), poseidon([0n, 1n]))
  })

  it('two names of one key: secret + l has no witness, nor any other number from l on (soundness 7)', async () => {
    const circuit = await gadget('Soul')
    const secret = random() % (SUBGROUP_ORDER / 8n)
    for (const k of [1n, 2n, 3n, 7n]) await circuit.refuse({ secret: secret + k * SUBGROUP_ORDER })
    for (const k of [0n, 1n]) await circuit.refuse({ secret: SUBGROUP_ORDER + k })
    for (const other of [1n << 251n, (1n << 251n) - 1n, r - 1n, r - SUBGROUP_ORDER])
      await circuit.refuse({ secret: other })
  })

  it('has one witness for each secret, the edges included', async () => {
    const circuit = await gadget('Soul')
    for (const secret of [0n, 1n, SUBGROUP_ORDER - 1n, random() % SUBGROUP_ORDER]) {
      const witness = await circuit.accept({ secret })
      assert.deepEqual(circuit.solve({ secret }), { witnesses: [witness], free: [] })
    }
  })

  it('forged: secret + l in a valid witness, and each wire of a witness', async () => {
    const circuit = await gadget('Soul')
    const secret = 12345n
    const witness = await circuit.accept({ secret })
    assert.deepEqual(circuit.mutateAll(witness), [])
    circuit.expectUnsatisfied(witness, { secret: secret + SUBGROUP_ORDER })
  })
})
