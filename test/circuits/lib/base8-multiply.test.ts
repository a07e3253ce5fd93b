import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { BASE8, multiply, type Point, SUBGROUP_ORDER } from '../../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { loadCircomlibjs } from '../../crypto/circomlibjs.js'
import { randomElements } from '../../support/circuit.js'
import { toMontgomery } from './curve.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/base8-multiply', () => {
  const random = randomElements('base8')
  const top = 1n << 252n
  const alternating = BigInt(`0b${'10'.repeat(126)}`)
  const edges = [
    0n,
    1n,
    2n,
    3n,
    SUBGROUP_ORDER - 1n,
    SUBGROUP_ORDER,
    SUBGROUP_ORDER + 1n,
    2n * SUBGROUP_ORDER,
  ]
  edges.push(
    (SUBGROUP_ORDER + 1n) / 2n,
    (SUBGROUP_ORDER - 1n) / 2n,
    top - 1n,
    top - 2n,
    top / 2n,
    top / 2n - 1n,
  )
  edges.push(1n << 250n, (1n << 250n) - 1n, 3n << 250n, alternating, alternating / 2n)

  it('is mulPointEscalar for edge scalars, and the witness is determined: no addition is exceptional', async () => {
    const circuit = await gadget('Base8Multiply')
    for (const scalar of edges) {
      const witness = await circuit.accept({ scalar })
      assert.deepEqual(circuit.values(witness, 'out'), multiply(BASE8, scalar))
      assert.deepEqual(circuit.solve({ scalar }), { witnesses: [witness], free: [] })
    }
  })

  it('is mulPointEscalar for single bits and random scalars', async () => {
    const circuit = await gadget('Base8Multiply')
    const single = Array.from({ length: 42 }, (_, i) => 1n << BigInt(6 * i + (i & 1)))
    for (const scalar of [...single, ...Array.from({ length: 20 }, () => random() % top)]) {
      assert.deepEqual(circuit.values(await circuit.accept({ scalar }), 'out'), multiply(BASE8, scalar))
    }
  })

  it('its literal tables hold the points that circomlibjs computes', async () => {
    const text = readFileSync(new URL('../../../circuits/lib/base8-table.circom', import.meta.url), 'utf8')
    const numbers = [...text.replace(/\/[/*].*/g, '').matchAll(/\b[0-9]{5,}\b/g)].map(([digits]) =>
      BigInt(digits),
    )
    assert.equal(numbers.length, 125 * 4 + 4 * 2)
    assert.ok(numbers.every((number) => number < r))
    const curve = await loadCircomlibjs()
    const times = (scalar: bigint): Point => {
      const half = (SUBGROUP_ORDER + 1n) / 2n
      return curve.multiply(BASE8, (((half * scalar) % SUBGROUP_ORDER) + SUBGROUP_ORDER) % SUBGROUP_ORDER)
    }
    for (let w = 0; w < 125; w++) {
      const [a, b, c, d] = numbers.slice(4 * w, 4 * w + 4) as [bigint, bigint, bigint, bigint]
      for (const [e0, e1] of [
        [1n, 1n],
        [-1n, 1n],
        [1n, -1n],
        [-1n, -1n],
      ] as const) {
        const expected = toMontgomery(times((e0 + 2n * e1) * 4n ** BigInt(w)))
        const found = [a + b * e0 * e1, c * e0 + d * e1].map((value) => ((value % r) + r) % r)
        assert.deepEqual(found, expected, `window ${w}, signs ${e0} ${e1}`)
      }
    }
    for (const [i, digit] of [-3n, -1n, 1n, 3n].entries()) {
      const expected = times(digit * 4n ** 125n + 2n ** 252n - 1n)
      assert.deepEqual(numbers.slice(500 + 2 * i, 502 + 2 * i), [...expected], `last window, ${digit}`)
    }
  })

  it('refuses scalars of more than 252 bits', async () => {
    const circuit = await gadget('Base8Multiply')
    for (const scalar of [top, top + 1n, r - 1n]) await circuit.refuse({ scalar })
  })

  it('forged: another point, and each wire of a witness', async () => {
    const circuit = await gadget('Base8Multiply')
    const scalar = random() % SUBGROUP_ORDER
    const witness = await circuit.accept({ scalar })
    circuit.expectUnsatisfied(witness, { out: multiply(BASE8, scalar + 1n) })
    assert.deepEqual(circuit.mutateAll(witness), [])
  })
})
