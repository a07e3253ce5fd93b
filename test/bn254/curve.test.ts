import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { addCurve, type Curve } from '../../src/bn254/curve.js'
import { addExtension } from '../../src/bn254/extension.js'
import { addField, ELEMENT, type Field } from '../../src/bn254/field.js'
import { host } from './host.js'
import { type Fq2Element, G1, G2, mod, type Point, power, Q, R, randomness } from './reference.js'

/** SOULPROOF_LONG=1 adds 200,000 pairs. */
const ADDITIONS = process.env['SOULPROOF_LONG'] === '1' ? 200_000 : 500

type Coordinate = bigint | Fq2Element

for (const arithmetic of ['simd', 'scalar'] as const) {
  for (const name of ['G1', 'G2'] as const) {
    describe(`bn254/curve, ${name}, ${arithmetic}`, () => {
      let fq!: Field
      let curve!: Curve
      const h = host((program) => {
        fq = addField(program, { name: 'fq', modulus: Q, arithmetic })
        const field = name === 'G1' ? fq : addExtension(program, { name: 'fq2', base: fq })
        curve = addCurve(program, { name: 'curve', field })
      })
      const { arithmetic: form, toMontgomery } = fq
      const inverseOfR = power(1n << BigInt(form.rBits), Q - 2n, Q)
      const E = curve.field.elementLength
      const { pairLength } = curve
      const reference = (name === 'G1' ? G1 : G2) as unknown as {
        generator: Point<Coordinate>
        field: { mul: (a: Coordinate, b: Coordinate) => Coordinate; one: Coordinate; zero: Coordinate }
        add: (a: Point<Coordinate>, b: Point<Coordinate>) => Point<Coordinate>
        neg: (a: Point<Coordinate>) => Point<Coordinate>
        scale: (a: Point<Coordinate>, k: bigint) => Point<Coordinate>
      }
      const { mul, one, zero } = reference.field
      const random = randomness(3n)
      const partsOf = (x: Coordinate): readonly bigint[] => (typeof x === 'bigint' ? [x] : x)
      const elements = h.alloc(8 * E)
      const [a, b, out] = [h.alloc(pairLength), h.alloc(pairLength), h.alloc(pairLength)]

      /** The point in the form XYZZ with a random Z. */
      const put = (at: number, point: Point<Coordinate>) => {
        const z: Coordinate = name === 'G1' ? random.below(Q) : [random.below(Q), random.below(Q)]
        const [zz, zzz] = [mul(z, z), mul(z, mul(z, z))]
        const four =
          point === undefined ? [zero, zero, zero, zero] : [mul(point.x, zz), mul(point.y, zzz), zz, zzz]
        // Between -Q / 2 and Q / 2, as at rest.
        for (const [i, x] of four.flatMap(partsOf).entries())
          h.bytes.set(form.encode(toMontgomery(x) - (toMontgomery(x) > Q / 2n ? Q : 0n)), at + i * ELEMENT)
      }
      const putPair = (at: number, first: Point<Coordinate>, second: Point<Coordinate>) => {
        put(elements, first)
        put(elements + 4 * E, second)
        h.call['curve_gather']!(at, elements, elements + 4 * E)
      }
      const readPair = (at: number): Point<Coordinate>[] => {
        const [x, y] = [h.alloc(2 * E), h.alloc(2 * E)]
        h.call['curve_toAffine']!(x, y, at)
        const coordinate = (from: number, lane: number): Coordinate => {
          const parts = Array.from({ length: E / ELEMENT }, (_, i) => {
            const bytes = form.split(h.bytes.slice(from + 2 * i * ELEMENT, from + 2 * (i + 1) * ELEMENT))[
              lane
            ]
            return mod(form.decode(bytes as Uint8Array) * inverseOfR, Q)
          })
          return name === 'G1' ? (parts[0] as bigint) : [parts[0] as bigint, parts[1] as bigint]
        }
        return [0, 1].map((lane) => {
          const point = { x: coordinate(x, lane), y: coordinate(y, lane) }
          return [...partsOf(point.x), ...partsOf(point.y)].every((c) => c === 0n) ? undefined : point
        })
      }

      const P = reference.scale(reference.generator, 123456789n)
      const S = reference.scale(reference.generator, R - 5n)
      const cases: [Point<Coordinate>, Point<Coordinate>][] = [
        [P, S],
        [P, P],
        [P, reference.neg(P)],
        [P, undefined],
        [undefined, S],
        [undefined, undefined],
      ]

      it('adds all combinations of different, equal, opposite and infinite points in both lanes', () => {
        for (const [p, q] of cases)
          for (const [s, t] of cases) {
            putPair(a, p, s)
            putPair(b, q, t)
            const expected = [reference.add(p, q), reference.add(s, t)]
            h.call['curve_add']!(out, a, b)
            assert.deepEqual(readPair(out), expected)
            // A sum that is infinite can be added to again.
            putPair(b, P, P)
            h.call['curve_add']!(out, out, b)
            assert.deepEqual(
              readPair(out),
              expected.map((x) => reference.add(x, P)),
            )
          }
      })

      it('adds into the place of either operand', () => {
        putPair(a, P, S)
        putPair(b, S, S)
        const expected = [reference.add(P, S), reference.add(S, S)]
        h.call['curve_copy']!(out, a)
        h.call['curve_add']!(out, out, b)
        assert.deepEqual(readPair(out), expected)
        h.call['curve_add']!(b, a, b)
        assert.deepEqual(readPair(b), expected)
      })

      it(`adds and doubles ${ADDITIONS} times what came out before, now and then something special`, () => {
        // Logarithms of four points that lie in memory, two pairs.
        let logarithms = [3n, 5n, 7n, 11n] as [bigint, bigint, bigint, bigint]
        // By another library, whose multiplications are quick.
        const point = (k: bigint): Point<Coordinate> => {
          if (k === 0n) return undefined
          if (name === 'G1') return bn254.G1.Point.BASE.multiply(k).toAffine()
          const { x, y } = bn254.G2.Point.BASE.multiply(k).toAffine()
          return { x: [x.c0, x.c1], y: [y.c0, y.c1] }
        }
        const putAll = () => {
          putPair(a, point(logarithms[0]), point(logarithms[1]))
          putPair(b, point(logarithms[2]), point(logarithms[3]))
        }
        putAll()
        for (let i = 0; i < ADDITIONS; i++) {
          const [w, x, y, z] = logarithms
          if (i % 7 === 3) {
            h.call['curve_double']!(a, a)
            logarithms = [mod(2n * w, R), mod(2n * x, R), y, z]
          } else if (i % 2 === 0) {
            h.call['curve_add']!(a, a, b)
            logarithms = [mod(w + y, R), mod(x + z, R), y, z]
          } else {
            h.call['curve_swap']!(b, b)
            h.call['curve_add']!(b, b, a)
            logarithms = [w, x, mod(z + w, R), mod(y + x, R)]
          }
          if (i % 100 < 99) continue
          assert.deepEqual(
            [...readPair(a), ...readPair(b)],
            logarithms.map((k) => point(k)),
          )
          // Equal, opposite and infinite ones, and others again.
          const random4 = [0, 1, 2, 3].map(() => random.below(R)) as [bigint, bigint, bigint, bigint]
          const [k, l] = random4
          const special = [random4, [k, l, k, R - l], [0n, k, l, 0n], [k, k, R - k, k]] as const
          logarithms = [...special[Math.floor(i / 100) % special.length]!] as typeof logarithms
          putAll()
        }
      })

      it('doubles, swaps and clears', () => {
        putPair(a, P, undefined)
        h.call['curve_double']!(out, a)
        assert.deepEqual(readPair(out), [reference.add(P, P), undefined])
        h.call['curve_swap']!(out, out)
        assert.deepEqual(readPair(out), [undefined, reference.add(P, P)])
        h.call['curve_double']!(out, out)
        assert.deepEqual(readPair(out), [undefined, reference.scale(P, 4n)])
        h.call['curve_clear']!(out)
        assert.deepEqual(readPair(out), [undefined, undefined])
        assert.notDeepEqual(one, zero)
      })
    })
  }
}
