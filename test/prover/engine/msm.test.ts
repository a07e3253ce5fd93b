import assert from 'node:assert/strict'
import { ARITHMETICS, ELEMENT } from '../../../src/bn254/field.js'
import {
  digitWidths,
  GROUP,
  type GroupName,
  HALVES,
  LAMBDA,
  LAYOUT,
  planMsm,
} from '../../../src/prover/engine/msm.js'
import { G1, G2, mod, type Point, Q, R, type ReferenceGroup, randomness } from '../../bn254/reference.js'
import { type Coordinate, integerBytes, msmHost, readInteger, zkeyBytes } from './msm-host.js'

const GROUPS = { G1, G2 } as unknown as Readonly<Record<GroupName, ReferenceGroup<Coordinate>>>
const LIMIT = 1 << 22
/** Sums of 700 random points in each group, about 20,000 additions each. */
const RANDOM_SUMS = process.env['SOULPROOF_LONG'] === '1' ? 60 : 1
type Affine = NonNullable<Point<Coordinate>>

/** Multiples of the generator whose logarithms are known, so that long sums are one multiplication in bigints. */
function pointsOf(group: GroupName, count: number): { points: Affine[]; logarithms: bigint[] } {
  const { generator, add } = GROUPS[group]
  const points: Affine[] = []
  const logarithms: bigint[] = []
  let [p, k]: [Point<Coordinate>, bigint] = [generator, 1n]
  for (let i = 0; i < count; i++) {
    points.push(p as Affine)
    logarithms.push(k)
    // 2 P + G, every third one P + G, so that logarithms are neither in order nor small.
    const doubled = i % 3 !== 0
    p = add(doubled ? add(p, p) : p, generator)
    k = mod((doubled ? 2n : 1n) * k + 1n, R)
  }
  return { points, logarithms }
}

const inner = (a: readonly bigint[], b: readonly bigint[]): bigint =>
  mod(
    a.reduce((total, x, i) => total + x * (b[i] as bigint), 0n),
    R,
  )

for (const arithmetic of ['simd', 'scalar'] as const) {
  describe(`prover/engine/msm, ${arithmetic}`, () => {
    const m = msmHost(arithmetic)
    beforeEach(() => m.reset())

    it('splits scalars into halves of 126 bits: k = k1 + lambda k2', () => {
      const random = randomness(7n)
      const scalars = [
        0n,
        1n,
        2n,
        R - 1n,
        R - 2n,
        LAMBDA,
        R - LAMBDA,
        mod(LAMBDA * LAMBDA, R),
        R / 2n,
        R / 3n,
      ]
      for (let k = 0n; k < 254n; k++) scalars.push((1n << k) % R, ((1n << k) - 1n) % R, R - ((1n << k) % R))
      // Next to where the rounded quotients change, at multiples of r / U and of r / S, halved.
      for (const v of [147946756881789319000765030803803410728n, 9931322734385697763n])
        for (let i = 0; i < 200; i++) {
          const edge = ((2n * random.below(v) + 1n) * R) / (2n * v)
          scalars.push(mod(edge, R), mod(edge + 1n, R))
        }
      for (let i = 0; i < 3000; i++) scalars.push(random.below(R))
      const at = m.split(scalars)
      for (const [i, k] of scalars.entries()) {
        const half = (offset: number): bigint => {
          const x = readInteger(m.h.bytes.subarray(at + i * HALVES + offset, at + i * HALVES + offset + 16))
          const size = x & ((1n << 127n) - 1n)
          assert.ok(size < 1n << 126n)
          return x >> 127n === 1n ? -size : size
        }
        assert.equal(mod(half(0) + LAMBDA * half(16), R), k)
      }
    })

    it('keeps small scalars and their negatives small', () => {
      const at = m.split([5n, R - 5n])
      const words = new BigUint64Array(m.h.bytes.slice(at, at + 2 * HALVES).buffer)
      assert.deepEqual([...words], [5n, 0n, 0n, 0n, 5n, 1n << 63n, 0n, 0n])
    })

    for (const group of ['G1', 'G2'] as const) {
      describe(group, () => {
        const name = group.toLowerCase()
        const reference = GROUPS[group]
        const { points, logarithms } = pointsOf(group, 700)
        const random = randomness(11n)

        function check(o: {
          points: readonly Affine[]
          logarithms: readonly bigint[]
          scalars: readonly bigint[]
          limit?: number
        }): void {
          const plan = planMsm({
            points: o.points.length,
            group,
            threads: 2,
            scratchLimit: o.limit ?? LIMIT,
          })
          const result = m.run(plan, m.load(group, o.points), m.split(o.scalars))
          const expected = reference.scale(reference.generator, inner(o.scalars, o.logarithms))
          assert.deepEqual(result, expected)
        }
        const first = (n: number) => ({ points: points.slice(0, n), logarithms: logarithms.slice(0, n) })

        it('lambda P is (beta x, y), which the bases hold', () => {
          const n = 5
          const bases = m.load(group, points.slice(0, n))
          const { base } = LAYOUT[group]
          const source = m.h.alloc(n * LAYOUT[group].zkeyPoint)
          const coordinate = (at: number): bigint[] =>
            Array.from({ length: base / 3 / ELEMENT }, (_, i) =>
              mod(
                ARITHMETICS[arithmetic].decode(m.h.bytes.slice(at + i * ELEMENT, at + (i + 1) * ELEMENT)),
                Q,
              ),
            )
          for (const [i, p] of points.slice(0, n).entries()) {
            const image = reference.scale(p, LAMBDA) as Affine
            assert.deepEqual(image.y, p.y)
            m.h.bytes.set(zkeyBytes(image), source + i * LAYOUT[group].zkeyPoint)
          }
          const images = m.h.alloc(n * base)
          m.h.call[`${name}_loadBases`]!(images, source, n)
          for (let i = 0; i < n; i++)
            assert.deepEqual(coordinate(images + i * base), coordinate(bases + i * base + (2 * base) / 3))
        })

        it('attack: a coordinate that is not below q', () => {
          const { zkeyPoint } = LAYOUT[group]
          for (let at = 0; at < zkeyPoint; at += 32)
            for (const [value, expected] of [
              [Q - 1n, 0],
              [Q, 1],
              [Q + 1n, 1],
              [(1n << 256n) - 1n, 1],
            ] as const)
              for (const n of [1, 2, 3])
                for (let i = 0; i < n; i++) {
                  m.reset()
                  const source = m.h.alloc(n * zkeyPoint)
                  for (let j = 0; j < n; j++) m.h.bytes.set(zkeyBytes(points[j]!), source + j * zkeyPoint)
                  m.h.bytes.set(integerBytes(value), source + i * zkeyPoint + at)
                  const bases = m.h.alloc(n * LAYOUT[group].base)
                  assert.equal(m.h.call[`${name}_loadBases`]!(bases, source, n), expected)
                }
        })

        it('sums few points as plain double-and-add does', () => {
          for (const n of [0, 1, 2, 3, 4, 5]) {
            const scalars = points.slice(0, n).map(() => random.below(R))
            const plan = planMsm({ points: n, group, threads: 2, scratchLimit: LIMIT })
            const result = m.run(plan, m.load(group, points.slice(0, n)), m.split(scalars))
            assert.deepEqual(result, reference.msm(points.slice(0, n), scalars))
          }
        })

        for (const n of [31, 64, 257, 700]) {
          it(`sums ${n} points with random scalars`, () => {
            check({ ...first(n), scalars: points.slice(0, n).map(() => random.below(R)) })
          })
        }

        it(`sums 700 points with random scalars and edges, ${RANDOM_SUMS} times`, () => {
          const edges = [0n, 1n, 2n, R - 1n, R - 2n, LAMBDA, R - LAMBDA, R / 2n, 1n << 126n, 1n << 253n]
          for (let i = 0; i < RANDOM_SUMS; i++) {
            m.reset()
            const scalars = points.map(() =>
              random.below(4n) === 0n ? edges[Number(random.below(10n))]! : random.below(R),
            )
            check({ ...first(700), scalars })
          }
        })

        it('sums with edge scalars: all 0, all 1, all r - 1, small, bits, powers of two', () => {
          const make: ((i: number) => bigint)[] = [
            () => 0n,
            () => 1n,
            () => R - 1n,
            () => LAMBDA,
            (i) => BigInt(i % 2),
            (i) => BigInt(i),
            (i) => (i % 2 === 0 ? BigInt(i) : R - BigInt(i)),
            (i) => 1n << BigInt(i % 253),
            (i) => (i % 7 === 0 ? random.below(R) : BigInt(i % 2)),
          ]
          for (const f of make) {
            m.reset()
            check({ ...first(700), scalars: points.map((_, i) => f(i)) })
          }
        })

        it('gives infinity where the sum is', () => {
          const n = 100
          const scalars = points.slice(0, n).map(() => random.below(R))
          scalars[0] = 0n
          // The first base is the generator.
          scalars[0] = mod(-inner(scalars, logarithms.slice(0, n)), R)
          const plan = planMsm({ points: n, group, threads: 2, scratchLimit: LIMIT })
          const result = m.run(plan, m.load(group, points.slice(0, n)), m.split(scalars))
          assert.equal(result, undefined)
        })

        it('divides points into chunks where memory is short, with the same sum', () => {
          const scalars = points.map(() => random.below(R))
          const limit = 1 << 14
          assert.ok(planMsm({ points: 700, group, threads: 2, scratchLimit: limit }).chunks > 1)
          check({ ...first(700), scalars, limit })
          check({ ...first(699), scalars: scalars.slice(0, 699), limit })
        })

        it('sums with any number of windows', () => {
          const scalars = points.map((_, i) => (i % 3 === 0 ? R - 1n - BigInt(i) : random.below(R)))
          const expected = reference.scale(reference.generator, inner(scalars, logarithms))
          const [bases, halves] = [m.load(group, points), m.split(scalars)]
          for (const windows of [9, 10, 13, 15, 21, 31, 42, 63]) {
            const plan = planMsm({ points: 700, group, threads: 2, scratchLimit: 1 << 24, windows })
            assert.equal(plan.windows, windows)
            assert.deepEqual(m.run(plan, bases, halves), expected)
          }
        })

        it('takes scalars by index, so that sums share a witness', () => {
          const scalars = points.map(() => random.below(R))
          const order = points.map((_, i) => (i * 37) % 700).slice(0, 333)
          const plan = planMsm({ points: 333, group, threads: 2, scratchLimit: 1 << 15 })
          const result = m.run(plan, m.load(group, points.slice(0, 333)), m.split(scalars), m.indexes(order))
          const chosen = order.map((i) => scalars[i] as bigint)
          assert.deepEqual(
            result,
            reference.scale(reference.generator, inner(chosen, logarithms.slice(0, 333))),
          )
        })

        it('tasks leave the same sums in any order, and stay within their scratch memory', () => {
          const scalars = points.map(() => random.below(R))
          const [bases, halves] = [m.load(group, points), m.split(scalars)]
          const plan = planMsm({ points: 700, group, threads: 2, scratchLimit: LIMIT })
          assert.deepEqual(
            m.run({ ...plan, tasks: [...plan.tasks].reverse() }, bases, halves),
            m.run(plan, bases, halves),
          )
        })

        describe('special cases of addition', () => {
          const exceptionsIn = (body: () => void): number => {
            const before = m.exceptions(group)
            body()
            return m.exceptions(group) - before
          }
          const repeat = (n: number, of: (i: number) => { point: Affine; logarithm: bigint }) => {
            const all = Array.from({ length: n }, (_, i) => of(i))
            return { points: all.map((x) => x.point), logarithms: all.map((x) => x.logarithm) }
          }
          const negative = (point: Affine): Affine => reference.neg(point) as Affine

          it('attack: one base, repeated over several groups of references (doublings in every round)', () => {
            const same = repeat(3 * GROUP - 72, () => ({ point: points[5]!, logarithm: logarithms[5]! }))
            const count = exceptionsIn(() => check({ ...same, scalars: same.points.map(() => 1n) }))
            assert.ok(count > 10)
            m.reset()
            check({ ...same, scalars: same.points.map(() => random.below(R)) })
          })

          it('attack: bases and their opposites with equal scalars (all cancel)', () => {
            const pairs = repeat(600, (i) => {
              const k = i >> 1
              return i % 2 === 0
                ? { point: points[k]!, logarithm: logarithms[k]! }
                : { point: negative(points[k]!), logarithm: R - logarithms[k]! }
            })
            const count = exceptionsIn(() => check({ ...pairs, scalars: pairs.points.map(() => 1n) }))
            assert.ok(count > 0)
            m.reset()
            check({ ...pairs, scalars: pairs.points.map((_, i) => (i % 2 === 0 ? 3n : R - 3n)) })
            m.reset()
            check({ ...pairs, scalars: pairs.points.map(() => random.below(R)) })
          })

          it('attack: a sum that stays in the place of a group, because its partners cancel', () => {
            // In one bucket, after the first round: a + b, infinity; and, over a group's end, other points.
            const k = [0, 1, 2, 2]
            const some = repeat(GROUP + 6, (i) => {
              const index = i < 4 ? (k[i] as number) : i % 600
              const [point, logarithm] = [points[index]!, logarithms[index]!]
              return i === 3 ? { point: negative(point), logarithm: R - logarithm } : { point, logarithm }
            })
            const scalars = some.points.map((_, i) => (i < 4 ? 1n : BigInt(2 + (i % 40))))
            assert.ok(exceptionsIn(() => check({ ...some, scalars })) > 0)
          })

          it('attack: one bucket in which sums double, cancel and go on with other points', () => {
            const mixed = repeat(2.5 * GROUP, (i) => {
              const k = [0, 0, 1, 1, 2, 3, 2, 3, 4][i % 9] as number
              const flip = i % 4 === 3
              const [point, logarithm] = [points[k]!, logarithms[k]!]
              return flip ? { point: negative(point), logarithm: R - logarithm } : { point, logarithm }
            })
            const count = exceptionsIn(() => check({ ...mixed, scalars: mixed.points.map(() => 1n) }))
            assert.ok(count > 0)
            m.reset()
            check({ ...mixed, scalars: mixed.points.map((_, i) => BigInt(1 + (i % 3))) })
          })

          it('attack: a base and its image under lambda, whose halves meet in one bucket', () => {
            const image = reference.scale(points[7]!, LAMBDA) as Affine
            const both = {
              points: [image, points[7]!],
              logarithms: [mod(LAMBDA * logarithms[7]!, R), logarithms[7]!],
            }
            for (const scalars of [
              [1n, LAMBDA],
              [1n, R - LAMBDA],
              [5n, mod(5n * LAMBDA, R)],
            ])
              assert.ok(exceptionsIn(() => check({ ...both, scalars })) > 0)
          })

          it('attack: sums of buckets that are equal or opposite, in one row and one column', () => {
            // Scalars k and k + 1 are in one row, k and k + 2^s in one column, for every grid up to 2^9.
            const same = repeat(64, () => ({ point: points[9]!, logarithm: logarithms[9]! }))
            assert.ok(
              exceptionsIn(() => check({ ...same, scalars: same.points.map((_, i) => BigInt(i + 1)) })) > 0,
            )
            const pairs = repeat(128, (i) =>
              i % 2 === 0
                ? { point: points[9]!, logarithm: logarithms[9]! }
                : { point: negative(points[9]!), logarithm: R - logarithms[9]! },
            )
            check({ ...pairs, scalars: pairs.points.map((_, i) => BigInt(i + 1)) })
          })

          it('meets none with random bases and scalars', () => {
            const count = exceptionsIn(() =>
              check({ ...first(700), scalars: points.map(() => random.below(R)) }),
            )
            assert.equal(count, 0)
          })
        })
      })
    }
  })
}

describe('prover/engine/msm, plans', () => {
  it('covers every point and window once', () => {
    for (const points of [0, 1, 5, 1000, 4097, 70_000])
      for (const scratchLimit of [1 << 16, 1 << 20, 1 << 24]) {
        const plan = planMsm({ points, group: 'G1', threads: 2, scratchLimit })
        assert.ok(plan.scratchLength <= scratchLimit)
        const outputs = new Set(plan.tasks.map((t) => t.output))
        assert.equal(outputs.size, plan.tasks.length)
        assert.equal(plan.tasks.length, plan.windows * plan.chunks)
        for (let window = 0; window < plan.windows; window++) {
          let next = 0
          for (const task of plan.tasks.filter((t) => t.window === window)) {
            assert.equal(task.start, next)
            next += task.count
          }
          assert.equal(next, points)
        }
      }
  })

  it('divides points for more threads than windows', () => {
    const plan = planMsm({ points: 1 << 16, group: 'G1', threads: 32, scratchLimit: 1 << 24 })
    assert.ok(plan.tasks.length >= 32 && plan.chunks > 1)
  })

  it('shares 126 bits and a sign among the digits', () => {
    for (let windows = 7; windows <= 63; windows++)
      assert.equal(
        digitWidths(windows).reduce((a, b) => a + b, 0),
        127,
      )
  })

  it('refuses a limit in which no task fits', () => {
    assert.throws(
      () => planMsm({ points: 100, group: 'G2', threads: 2, scratchLimit: 100 }),
      /^RangeError: scratchLimit/,
    )
  })
})
