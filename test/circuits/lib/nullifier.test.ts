import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/nullifier', () => {
  it('EffectiveScope: the scope itself only if both keys are 0', async () => {
    const circuit = await gadget('EffectiveScope')
    for (const scope of [0n, 1n, r - 1n]) {
      for (const verifierKey of [0n, 1n, r - 1n]) {
        for (const verifierKey2 of [0n, 1n, r - 1n]) {
          const inputs = { scope, verifierKey, verifierKey2 }
          const out =
            verifierKey === 0n && verifierKey2 === 0n
              ? scope
              : poseidon([DOMAIN.designatedScope, scope, verifierKey, verifierKey2, 0n])
          const witness = await circuit.accept(inputs)
          assert.equal(circuit.value(witness, 'out'), out)
          assert.equal(
            circuit.value(witness, 'designated'),
            verifierKey === 0n && verifierKey2 === 0n ? 0n : 1n,
          )
          const { witnesses } = circuit.solve(inputs)
          assert.deepEqual(
            witnesses.map((one) => circuit.value(one, 'out')),
            [out],
          )
        }
      }
    }
  })

  it('forged: the public scope for a designated proof, and the other way round', async () => {
    const circuit = await gadget('EffectiveScope')
    const designated = { scope: 5n, verifierKey: 0n, verifierKey2: 9n }
    assert.equal(circuit.solve(designated, { out: 5n }).witnesses.length, 0)
    const open = { scope: 5n, verifierKey: 0n, verifierKey2: 0n }
    const hash = poseidon([DOMAIN.designatedScope, 5n, 0n, 0n, 0n])
    assert.equal(circuit.solve(open, { out: hash }).witnesses.length, 0)
    // Both keys enter the hash by place.
    const swapped = { ...designated, verifierKey: 9n, verifierKey2: 0n }
    assert.notEqual(
      circuit.value(await circuit.accept(designated), 'out'),
      circuit.value(await circuit.accept(swapped), 'out'),
    )
  })

  it('Nullifier: four tags, and a designated scope chosen as a public one meets no transcript', async () => {
    const circuit = await gadget('Nullifier')
    const seen = new Set<bigint>()
    for (const [designated, personal, tag] of [
      [0n, 0n, DOMAIN.nullifier],
      [0n, 1n, DOMAIN.personalNullifier],
      [1n, 0n, DOMAIN.designatedNullifier],
      [1n, 1n, DOMAIN.designatedPersonalNullifier],
    ] as const) {
      const inputs = { scope: 5n, designated, personal, unique: 7n }
      const out = circuit.value(await circuit.accept(inputs), 'out')
      assert.equal(out, poseidon([tag, 5n, 7n]))
      seen.add(out)
    }
    assert.equal(seen.size, 4)
  })

  it('IsVerifier: one of two keys, a bit even if both are equal', async () => {
    const circuit = await gadget('IsVerifier')
    const values = [0n, 1n, 5n, r - 1n]
    for (const commitment of values) {
      for (const verifierKey of values) {
        for (const verifierKey2 of values) {
          const inputs = { commitment, verifierKey, verifierKey2 }
          const out = commitment === verifierKey || commitment === verifierKey2 ? 1n : 0n
          assert.equal(circuit.value(await circuit.accept(inputs), 'out'), out)
          assert.equal(circuit.solve(inputs, { out: 1n - out }).witnesses.length, 0)
        }
      }
    }
  })
})
