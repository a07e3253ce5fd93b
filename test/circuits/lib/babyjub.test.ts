import assert from 'node:assert/strict'
import { BASE8, multiply, SUBGROUP_ORDER } from '../../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { randomElements } from '../../support/circuit.js'
import { add, GENERATOR, IDENTITY, negate, power, TORSION, toMontgomery } from './curve.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/babyjub', () => {
  const random = randomElements('babyjub')
  const P = multiply(BASE8, random())
  const Q = multiply(BASE8, random())

  it('the addition is complete: a is a square and d is not', () => {
    const half = (r - 1n) / 2n
    assert.equal(power(168700n, half), 1n)
    assert.equal(power(168696n, half), r - 1n)
  })

  it('EdwardsAdd: adds all pairs of eleven points, with identity, opposites and small orders, in one way', async () => {
    const circuit = await gadget('EdwardsAdd')
    const small = [1n, 2n, 4n, 5n].map((k) => multiply(TORSION, k))
    const points = [IDENTITY, BASE8, P, negate(P), Q, GENERATOR, add(P, TORSION), ...small]
    for (const p of points) {
      for (const q of points) {
        const witness = await circuit.accept({ p, q })
        assert.deepEqual(circuit.values(witness, 'out'), add(p, q))
        assert.deepEqual(circuit.solve({ p, q }), { witnesses: [witness], free: [] })
      }
    }
    assert.deepEqual(circuit.mutateAll(await circuit.accept({ p: P, q: Q })), [])
  })

  it('ToMontgomery and ToEdwards: invert each other on points of odd order, in one way', async () => {
    const [there, back] = [await gadget('ToMontgomery'), await gadget('ToEdwards')]
    for (const point of [BASE8, P, Q, multiply(BASE8, SUBGROUP_ORDER - 1n)]) {
      const witness = await there.accept({ in: point })
      assert.deepEqual(there.values(witness, 'out'), toMontgomery(point))
      assert.deepEqual(there.solve({ in: point }), { witnesses: [witness], free: [] })
      const inverse = await back.accept({ in: toMontgomery(point) })
      assert.deepEqual(back.values(inverse, 'out'), [...point])
      assert.deepEqual(back.solve({ in: toMontgomery(point) }), { witnesses: [inverse], free: [] })
    }
  })

  it('outside of their domain they have no witness or a free one, as documented', async () => {
    const [there, back] = [await gadget('ToMontgomery'), await gadget('ToEdwards')]
    assert.equal(there.solve({ in: IDENTITY }).witnesses.length, 0)
    assert.deepEqual(there.solve({ in: [0n, r - 1n] }).free, ['out[1]'])
    assert.deepEqual(back.solve({ in: [0n, 0n] }).free, ['out[0]'])
    assert.equal(back.solve({ in: [r - 1n, 5n] }).witnesses.length, 0)
  })

  it('MontgomeryAdd: adds different points; for equal ones anything passes, so callers must exclude them', async () => {
    const circuit = await gadget('MontgomeryAdd')
    for (const [p, q] of [
      [P, Q],
      [P, BASE8],
      [P, negate(Q)],
    ] as const) {
      const inputs = { p: toMontgomery(p), q: toMontgomery(q) }
      const witness = await circuit.accept(inputs)
      assert.deepEqual(circuit.values(witness, 'out'), [...toMontgomery(add(p, q))])
      assert.deepEqual(circuit.solve(inputs), { witnesses: [witness], free: [] })
    }
    const twice = { p: toMontgomery(P), q: toMontgomery(P) }
    const [u, v] = twice.p
    // Whatever line through P: here the one with slope 0.
    const forged = { 'out[0]': -168698n - 2n * u, 'out[1]': -v }
    assert.notEqual(toMontgomery(add(P, P))[0], ((forged['out[0]'] % r) + r) % r)
    assert.equal(circuit.solve(twice, forged).witnesses.length, 1)
    assert.equal(circuit.solve({ p: toMontgomery(P), q: toMontgomery(negate(P)) }).witnesses.length, 0)
  })
})
