import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { openCircuit, randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

const MASK = (1n << 248n) - 1n

describe('circuits/lib/handle', () => {
  const random = randomElements('handle')
  const hashOf = (ledgerId: bigint, secret: bigint): bigint => poseidon([DOMAIN.handle, ledgerId, secret])

  it('is the low 248 bits of the hash, for edge and random secrets', async () => {
    const circuit = await gadget('Handle')
    const cases: [bigint, bigint][] = [
      [0n, 0n],
      [r - 1n, r - 1n],
      [1n, 0n],
    ]
    for (let i = 0; i < 20; i++) cases.push([random(), random()])
    for (const [ledgerId, secret] of cases) {
      const witness = await circuit.accept({ ledgerId, secret })
      assert.equal(circuit.value(witness, 'out'), hashOf(ledgerId, secret) & MASK)
    }
  })

  it('k and k + r: a hash below 2^254 - r has two decompositions, and one handle (soundness 3)', async () => {
    const circuit = await gadget('Handle')
    const unbounded = await openCircuit({
      source: `include "bits.circom";
        template Wrapper() {
          signal input in; signal output out;
          signal bits[254];
          var sum = 0;
          var low = 0;
          for (var i = 0; i < 254; i++) {
            bits[i] <-- (in >> i) & 1;
            bits[i] * (bits[i] - 1) === 0;
            sum += bits[i] * (1 << i);
            if (i < 248) low += bits[i] * (1 << i);
          }
          sum === in;
          out <== low;
        }
        component main {public [in]} = Wrapper();`,
    })
    let secret = 0n
    while (hashOf(1n, secret) >= (1n << 254n) - r) secret++
    const hash = hashOf(1n, secret)
    for (const out of [hash & MASK, (hash + r) & MASK]) {
      assert.equal(
        unbounded.solve({ in: hash }, { out }).witnesses.length,
        1,
        'without the bound there are two',
      )
    }
    const inputs = { ledgerId: 1n, secret }
    const witness = await circuit.accept(inputs)
    assert.deepEqual(circuit.solve(inputs, { out: hash & MASK }), { witnesses: [witness], free: [] })
    for (const out of [
      (hash + r) & MASK,
      hash,
      hash + 1n,
      (hash & MASK) + (1n << 248n),
      (hash & MASK) - 1n,
    ]) {
      assert.equal(circuit.solve(inputs, { out }).witnesses.length, 0)
    }
  })

  it('a hash from 2^254 - r on has one decomposition anyway', async () => {
    const circuit = await gadget('Handle')
    let secret = 0n
    while (hashOf(2n, secret) < (1n << 254n) - r) secret++
    const inputs = { ledgerId: 2n, secret }
    const witness = await circuit.accept(inputs)
    const out = hashOf(2n, secret) & MASK
    assert.deepEqual(circuit.solve(inputs, { out }), { witnesses: [witness], free: [] })
    assert.equal(circuit.solve(inputs, { out: out ^ 1n }).witnesses.length, 0)
    assert.deepEqual(circuit.mutateAll(witness), [])
  })
})
