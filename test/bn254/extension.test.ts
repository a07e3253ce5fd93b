import assert from 'node:assert/strict'
import { addExtension } from '../../src/bn254/extension.js'
import { addField, ELEMENT, type Field } from '../../src/bn254/field.js'
import { host } from './host.js'
import {
  boundaryIntegers,
  bytesOf,
  encoded,
  extreme,
  integerOf,
  type Limbs,
  limbsOf,
  negated,
  sum,
} from './operands.js'
import { Fq2, type Fq2Element, mod, power, Q, randomness } from './reference.js'

/** SOULPROOF_LONG=1 tries hundreds of thousands of operands instead of thousands. */
const ROUNDS = process.env['SOULPROOF_LONG'] === '1' ? 100_000 : 3000

/** c0 and c1 by their limbs. */
type Element = readonly [Limbs, Limbs]

for (const arithmetic of ['simd', 'scalar'] as const) {
  describe(`bn254/extension, ${arithmetic}`, () => {
    let fq!: Field
    let constant!: number
    const h = host((program) => {
      fq = addField(program, { name: 'fq', modulus: Q, arithmetic })
      constant = addExtension(program, { name: 'fq2', base: fq }).pairOf(3n, Q - 4n)
    })
    const { join, split } = fq.arithmetic
    const r = 1n << BigInt(fq.arithmetic.rBits)
    const inverseOfR = power(r, Q - 2n, Q)
    const [out, x, y, z] = [h.alloc(160), h.alloc(160), h.alloc(160), h.alloc(160)] as const
    const random = randomness(2n)
    const boundaries = boundaryIntegers().map((v) => encoded(arithmetic, v))

    const tight = (): Limbs => {
      const k = Number(random.below(3n))
      if (k === 0) return encoded(arithmetic, random.below(Q))
      if (k === 1) return boundaries[Number(random.below(BigInt(boundaries.length)))] as Limbs
      return extreme(arithmetic, random, 0.83)
    }
    const lazy = (): Limbs => {
      const [a, b] = [tight(), tight()]
      return [a, sum(a, b), sum(a, negated(b))][Number(random.below(3n))] as Limbs
    }
    const put = (at: number, a: Element, b: Element) => {
      for (const part of [0, 1] as const) {
        const pair = join(bytesOf(arithmetic, a[part]), bytesOf(arithmetic, b[part]))
        h.bytes.set(pair, at + part * 2 * ELEMENT)
      }
    }
    /** Both elements of a pair, as they are. */
    const read = (at: number): [Element, Element] => {
      const [c0, c1] = [0, 1].map((part) =>
        split(h.bytes.slice(at + part * 2 * ELEMENT, at + (part + 1) * 2 * ELEMENT)).map((b) =>
          limbsOf(arithmetic, b),
        ),
      ) as [[Limbs, Limbs], [Limbs, Limbs]]
      return [
        [c0[0], c1[0]],
        [c0[1], c1[1]],
      ]
    }
    /** The element out of Montgomery's form. */
    const plain = (a: Element): Fq2Element =>
      a.map((limbs) => mod(integerOf(arithmetic, limbs) * inverseOfR, Q)) as unknown as Fq2Element

    it('multiplies lazy operands, also into their place, and squares tight ones', () => {
      for (let i = 0; i < ROUNDS; i++) {
        const [a, b, c, d] = [0, 1, 2, 3].map((): Element => [lazy(), lazy()]) as [
          Element,
          Element,
          Element,
          Element,
        ]
        put(x, a, b)
        put(y, c, d)
        const expected = [Fq2.mul(plain(a), plain(c)), Fq2.mul(plain(b), plain(d))]
        h.call['fq2_mul']!(out, x, y)
        assert.deepEqual(read(out).map(plain), expected)
        h.call[i % 2 === 0 ? 'fq2_mul' : 'fq2_copy']!(out, x, y)
        if (i % 2 === 0) h.call['fq2_mul']!(x, x, y)
        else {
          h.call['fq2_mul']!(y, x, y)
          h.call['fq2_copy']!(x, y)
        }
        assert.deepEqual(read(x).map(plain), expected)

        const s = [0, 1].map((): Element => [tight(), tight()]) as [Element, Element]
        put(x, ...s)
        h.call['fq2_sqr']!(x, x)
        assert.deepEqual(
          read(x).map(plain),
          s.map((e) => Fq2.mul(plain(e), plain(e))),
        )
      }
    })

    it('adds, subtracts, negates, conjugates, swaps, reduces and scales', () => {
      for (let i = 0; i < ROUNDS / 10; i++) {
        const [a, b, c, d] = [0, 1, 2, 3].map((): Element => [tight(), tight()]) as [
          Element,
          Element,
          Element,
          Element,
        ]
        put(x, a, b)
        put(y, c, d)
        const [p, q] = [a, b].map(plain) as [Fq2Element, Fq2Element]
        const [s, t] = [c, d].map(plain) as [Fq2Element, Fq2Element]
        const results: Record<string, [Fq2Element, Fq2Element]> = {
          add: [Fq2.add(p, s), Fq2.add(q, t)],
          sub: [Fq2.sub(p, s), Fq2.sub(q, t)],
          neg: [Fq2.sub(Fq2.zero, p), Fq2.sub(Fq2.zero, q)],
          conjugate: [
            [p[0], mod(-p[1], Q)],
            [q[0], mod(-q[1], Q)],
          ],
          swap: [q, p],
          reduce: [p, q],
          copy: [p, q],
          // By the first coordinates of c and d.
          scale: [Fq2.mul(p, [s[0], 0n]), Fq2.mul(q, [t[0], 0n])],
        }
        for (const [name, expected] of Object.entries(results)) {
          h.call[`fq2_${name}`]!(out, x, y)
          assert.deepEqual(read(out).map(plain), expected, name)
        }
      }
    })

    it('inverts, and finds zeros only where both coordinates are', () => {
      const [zero, one, p] = [0n, 1n, Q].map((v) => encoded(arithmetic, v)) as [Limbs, Limbs, Limbs]
      const values: Element[] = [
        [one, zero],
        [zero, one],
        [zero, negated(one)],
        ...Array.from({ length: 300 }, (): Element => [encoded(arithmetic, random.below(Q)), tight()]),
      ]
      for (const [i, a] of values.entries()) {
        const b = values[values.length - 1 - i] as Element
        put(x, a, b)
        h.call['fq2_inv']!(out, x)
        assert.deepEqual(read(out).map(plain), [Fq2.inv(plain(a)), Fq2.inv(plain(b))])
      }
      for (const [a, b, expected] of [
        [[zero, zero], [one, zero], 1],
        [[one, zero], [zero, p], 2],
        [[p, negated(p)], [p, zero], 3],
        [[zero, one], [one, zero], 0],
      ] as const) {
        put(x, a, b)
        assert.equal(h.call['fq2_zeros']!(x), expected)
        if (expected !== 0) {
          h.call['fq2_inv']!(out, x)
          assert.deepEqual(read(out).map(plain), [Fq2.zero, Fq2.zero])
        }
      }
    })

    it('gathers with signs, scatters, and places constants', () => {
      assert.deepEqual(read(constant).map(plain), [
        [3n, Q - 4n],
        [3n, Q - 4n],
      ])
      const [a, b]: [Element, Element] = [
        [tight(), tight()],
        [tight(), tight()],
      ]
      put(x, a, b)
      h.call['fq2_scatter']!(z, y, x)
      h.call['fq2_gather']!(out, z, y)
      assert.deepEqual(read(out), [a, b])
      for (const flags of [0, 1, 2, 3]) {
        h.call['fq2_gatherSigned']!(out, y, flags & 1, z, flags >> 1)
        const expected = [flags & 1 ? b.map(negated) : b, flags & 2 ? a.map(negated) : a] as Element[]
        assert.deepEqual(read(out).map(plain), expected.map(plain))
      }
    })
  })
}
