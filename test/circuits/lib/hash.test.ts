import assert from 'node:assert/strict'
import { poseidonChain } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { loadCircomlibjs } from '../../crypto/circomlibjs.js'
import { randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/hash', () => {
  const random = randomElements('hash')
  const inputs = [
    Array.from({ length: 31 }, () => 0n),
    Array.from({ length: 31 }, () => r - 1n),
    Array.from({ length: 31 }, (_, i) => BigInt(i)),
    Array.from({ length: 31 }, random),
  ]

  it('Hash: is the Poseidon of circomlibjs', async () => {
    const circuit = await gadget('Hash(2..6, 16)')
    const { poseidon } = await loadCircomlibjs()
    for (const list of inputs) {
      const witness = await circuit.accept({ in: list.slice(0, 16) })
      const expected = [2, 3, 4, 5, 6, 16].map((length) => poseidon(list.slice(0, length)))
      assert.deepEqual(circuit.values(witness, 'out'), expected)
    }
  })

  it('Hash: a witness is determined by its inputs, and no wire of it can be changed', async () => {
    const circuit = await gadget('Hash(2..6, 16)')
    const list = (inputs[3] as bigint[]).slice(0, 16)
    const witness = await circuit.accept({ in: list })
    assert.deepEqual(circuit.solve({ in: list }), { witnesses: [witness], free: [] })
    assert.deepEqual(circuit.mutateAll(witness), [])
  })

  it('HashChain: is poseidonChain at the edges of its blocks', async () => {
    const circuit = await gadget('HashChain(1, 15, 16, 31)')
    for (const list of inputs) {
      const tag = list[7] as bigint
      const witness = await circuit.accept({ tag, in: list })
      const expected = [1, 15, 16, 31].map((length) => poseidonChain(tag, list.slice(0, length)))
      assert.deepEqual(circuit.values(witness, 'out'), expected)
    }
  })
})
