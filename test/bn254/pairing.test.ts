import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { addPairing, type Pairing } from '../../src/bn254/pairing.js'
import {
  addProjective,
  BETA,
  coefficientOf,
  LAMBDA,
  type Projective,
  TABLE_POINTS,
  WINDOW,
} from '../../src/bn254/projective.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { host } from './host.js'
import { addFields, Fp2, Fp12, type Fq12, fromCoefficients, memoryOf, numbers } from './towers.js'

type G1 = typeof bn254.G1.Point.BASE
type G2 = typeof bn254.G2.Point.BASE
const { BASE: P, ZERO: INFINITY } = bn254.G1.Point
const { BASE: Q } = bn254.G2.Point
/** Order of G2's curve is r times this, and these are its prime factors below 2^64. */
const COFACTOR = 2n * q - r
const SMALL_ORDERS = [10069n, 5864401n, 1875725156269n]

for (const name of ['simd', 'scalar'] as const) {
  describe(`bn254: pairing, ${name}`, () => {
    let pairing!: Pairing
    let g1!: Projective
    const machine = host((program) => {
      const towers = addFields(program, name)
      g1 = addProjective(program, { fq: towers.fq2.base })
      pairing = addPairing(program, { towers })
    })
    const memory = memoryOf(machine, pairing.towers)
    const view = new DataView(machine.bytes.buffer)
    const call = (operation: string, ...args: number[]) =>
      (machine.call[operation] as (...args: number[]) => number)(...args)
    const integers = [machine.alloc(128), machine.alloc(128)] as const
    const [slots, fixed] = [machine.alloc(4 * pairing.slotLength), machine.alloc(4 * pairing.fixedSlotLength)]
    const [a, b, c] = [0, 1, 2].map(() => machine.alloc(g1.pairLength)) as [number, number, number]
    const [f, result] = [machine.alloc(pairing.towers.fq12Length), machine.alloc(pairing.towers.fq12Length)]
    const lines = [machine.alloc(pairing.linesLength), machine.alloc(pairing.linesLength)] as const

    const writeIntegers = (address: number, values: readonly bigint[]) => {
      values.forEach((value, i) => {
        for (let k = 0; k < 4; k++) {
          view.setBigUint64(address + 32 * i + 8 * k, BigInt.asUintN(64, value >> BigInt(64 * k)), true)
        }
      })
    }
    /** X, Y, Z of a point, scaled by a number so that Z is no constant. */
    const putPoints = (address: number, first: G1, second: G1, scale = 1n) => {
      const [one, two] = [first, second].map(({ X, Y, Z }) => [X, Y, Z].map((part) => (part * scale) % q))
      memory.write(address, one as bigint[], two as bigint[])
    }
    const readPoints = (address: number): [G1, G1] =>
      memory.read(address, 3).map(([X, Y, Z]) => new bn254.G1.Point(X!, Y!, Z!)) as [G1, G1]
    const checkPoints = (address: number, first: G1, second: G1) => {
      const [one, two] = readPoints(address)
      assert.ok(one.equals(first) && two.equals(second))
      // Not all zero, which the library would take for any point.
      for (const point of [one, two]) assert.ok(point.Y !== 0n)
    }
    const putQ = (slot: number, first: G2, second: G2) => {
      const parts = (point: G2) => {
        const { x, y } = point.toAffine()
        return [x.c0, x.c1, y.c0, y.c1]
      }
      writeIntegers(integers[0], parts(first))
      writeIntegers(integers[1], parts(second))
      call('pairing_setQ', slot, ...integers)
    }
    const slot = (i: number) => slots + pairing.slotLength * i
    const inSubgroup = (i: number) => view.getInt32(slot(i) + pairing.slotInSubgroup, true)
    type Factor = readonly [G1, G2]
    /** Products of pairings in the two lanes, as many factors in each. */
    const pair = (first: readonly Factor[], second: readonly Factor[]): [Fq12, Fq12] => {
      first.forEach(([point, pointQ], i) => {
        const [other, otherQ] = second[i] as Factor
        putPoints(a, point, other, 1234567n)
        putQ(slot(i), pointQ, otherQ)
        call('pairing_setP', slot(i), a)
      })
      call('pairing_miller', f, slots, first.length, fixed, 0)
      call('pairing_finish', result, f)
      return memory.read(result, 12).map(fromCoefficients) as [Fq12, Fq12]
    }
    const next = numbers(11)
    const scalar = () => (next() % (r - 1n)) + 1n

    it('equals the library on random points, in both lanes', () => {
      for (let i = 0; i < 8; i++) {
        const points = [P.multiply(scalar()), P.multiply(scalar())] as const
        const twisted = [Q.multiply(scalar()), Q.multiply(scalar())] as const
        const values = pair([[points[0], twisted[0]]], [[points[1], twisted[1]]])
        values.forEach((value, lane) => {
          assert.ok(Fp12.eql(value, bn254.pairing(points[lane]!, twisted[lane]!)))
        })
        assert.equal(inSubgroup(0), 3)
      }
    })

    it('is bilinear and not degenerate', () => {
      const [x, y] = [scalar(), scalar()]
      const [base, both] = pair([[P, Q]], [[P.multiply(x), Q.multiply(y)]])
      assert.ok(!Fp12.eql(base, Fp12.ONE))
      assert.ok(Fp12.eql(both, Fp12.pow(base, (x * y) % r)))
      assert.ok(Fp12.eql(Fp12.pow(base, r), Fp12.ONE))
      const [left, right] = pair([[P.multiply(x), Q]], [[P, Q.multiply(x)]])
      assert.ok(Fp12.eql(left, right))
    })

    it('multiplies the factors of a lane, to 1 where they cancel and nowhere else', () => {
      const [x, y] = [scalar(), scalar()]
      const cancelling: Factor[] = [
        [P.multiply(x), Q.multiply(y)],
        [P.multiply((x * y) % r).negate(), Q.multiply(2n)],
        [P.multiply((x * y) % r), Q],
      ]
      const other = cancelling.with(2, [P.multiply((x * y + 1n) % r), Q])
      for (const [mask, first, second] of [
        [3, cancelling, cancelling],
        [1, cancelling, other],
        [2, other, cancelling],
        [0, other, other],
      ] as const) {
        pair(first, second)
        assert.equal(call('fq12_ones', result), mask)
      }
    })

    it('gives 1 for infinity, in a lane of its own or beside other factors', () => {
      const [one, value] = pair([[INFINITY, Q]], [[P, Q]])
      assert.ok(Fp12.eql(one, Fp12.ONE))
      assert.ok(Fp12.eql(value, bn254.pairing(P, Q)))
      const factors: Factor[] = [
        [INFINITY, Q.multiply(5n)],
        [P, Q],
      ]
      assert.ok(Fp12.eql(pair(factors, factors)[1], value))
      pair([], [])
      assert.equal(call('fq12_ones', result), 3)
    })

    it('gives the same by kept lines', () => {
      const twisted = [Q.multiply(scalar()), Q.multiply(scalar())] as const
      const points = [P.multiply(scalar()), P.multiply(scalar())] as const
      putQ(slots, ...twisted)
      call('pairing_lines', ...lines, slots)
      for (const order of [0, 1]) {
        view.setUint32(fixed, lines[order] as number, true)
        view.setUint32(fixed + 4, lines[1 - order] as number, true)
        putPoints(a, ...points, 99n)
        call('pairing_setFixedP', fixed, a)
        // Beside a factor whose lines are not kept.
        putPoints(a, P, INFINITY)
        putQ(slots, Q, Q)
        call('pairing_setP', slots, a)
        call('pairing_miller', f, slots, 1, fixed, 1)
        call('pairing_finish', result, f)
        const [one, two] = memory.read(result, 12).map(fromCoefficients) as [Fq12, Fq12]
        const expected = points.map((point, lane) => bn254.pairing(point, twisted[order ? 1 - lane : lane]!))
        assert.ok(Fp12.eql(one, Fp12.mul(expected[0]!, bn254.pairing(P, Q))))
        assert.ok(Fp12.eql(two, expected[1]!))
      }
    })

    it('finds points out of the subgroup, of every small order too, alone or added to a point of it', () => {
      const outside: G2[] = []
      for (let x0 = 1n; outside.length < 6; x0++) {
        const x = Fp2.fromBigTuple([x0, 3n])
        const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), bn254.G2.Point.CURVE().b)
        try {
          outside.push(bn254.G2.Point.fromAffine({ x, y: Fp2.sqrt(square) }))
        } catch {
          // No square: the next x.
        }
      }
      const cofactored = outside.map((point) => point.multiplyUnsafe(r - 1n).add(point))
      const small = SMALL_ORDERS.map((order) => {
        assert.equal(COFACTOR % order, 0n)
        const point = cofactored.map((one) => multiply(one, COFACTOR / order)).find((one) => !one.is0())
        assert.ok(point && multiply(point, order).is0())
        return point
      })
      const bad = [
        ...outside,
        ...cofactored,
        ...small,
        ...small.map((point) => point.add(Q)),
        small[0]!.double(),
      ]
      for (const point of bad) {
        pair([[P, point]], [[P, Q.multiply(7n)]])
        assert.equal(inSubgroup(0), 2)
        pair([[P, Q]], [[P, point]])
        assert.equal(inSubgroup(0), 1)
      }
    })

    it('adds and doubles points whatever they are', () => {
      const points = [INFINITY, P, P.negate(), P.double(), P.multiply(scalar()), P.multiply(r - 2n)]
      for (const first of points) {
        for (const second of points) {
          putPoints(a, first, second, 3n)
          putPoints(b, second, second, 5n)
          call('g1_add', c, a, b)
          checkPoints(c, first.add(second), second.double())
          call('g1_add', b, a, b)
          checkPoints(b, first.add(second), second.double())
          call('g1_add', a, a, a)
          checkPoints(a, first.double(), second.double())
          putPoints(a, first, second, q - 7n)
          call('g1_double', b, a)
          checkPoints(b, first.double(), second.double())
          call('g1_double', a, a)
          checkPoints(a, first.double(), second.double())
          call('g1_neg', b, a)
          checkPoints(b, first.double().negate(), second.double().negate())
          call('g1_swap', b, a)
          checkPoints(b, second.double(), first.double())
        }
      }
    })

    it('sums multiples from tables, with digits of every size', () => {
      const tableLength = TABLE_POINTS * g1.pointLength
      const tables = machine.alloc(4 * tableLength)
      const points = [P, P.multiply(scalar()), P.multiply(3n), P.negate()]
      for (const i of [0, 2]) {
        const { x, y } = points[i]!.toAffine()
        const other = points[i + 1]!.toAffine()
        writeIntegers(integers[0], [x, y])
        writeIntegers(integers[1], [other.x, other.y])
        call('g1_load', a, ...integers)
        call('g1_table', tables + i * tableLength, tables + (i + 1) * tableLength, a)
      }
      const half = (TABLE_POINTS - 1) / 2
      const windows = 8
      const places = machine.alloc(windows * 2 * 8)
      for (let round = 0; round < 20; round++) {
        const digits = Array.from({ length: windows * 4 }, () =>
          round < 3 ? [0, half, -half][round]! : Number(next() % BigInt(TABLE_POINTS)) - half,
        )
        const sums = [INFINITY, INFINITY]
        digits.forEach((digit, i) => {
          const [window, table] = [Math.floor(i / 4), i % 4]
          view.setUint32(places + 4 * i, tables + table * tableLength + (digit + half) * g1.pointLength, true)
          const weight = (((BigInt(digit) << BigInt(WINDOW * (windows - 1 - window))) % r) + r) % r
          const lane = table % 2
          sums[lane] = sums[lane]!.add(points[table]!.multiplyUnsafe(weight))
        })
        call('g1_straus', b, places, windows, 2)
        checkPoints(b, sums[0]!, sums[1]!)
      }
    })

    it('multiplies by coefficients, the smallest and the largest too', () => {
      const max = 2n ** 64n - 1n
      const coefficient = machine.alloc(16)
      const point = P.multiply(scalar())
      for (const [low, high] of [
        [0n, 0n],
        [0n, max],
        [max, 0n],
        [max, max],
        [1n << 63n, (1n << 63n) - 1n],
        [0x123456789abcdef0n, 0xfedcba9876543210n],
      ] as const) {
        view.setBigUint64(coefficient, low, true)
        view.setBigUint64(coefficient + 8, high, true)
        putPoints(a, point, INFINITY)
        call('g1_scale', a, a, coefficient)
        const factor = ((coefficientOf(low, high) % r) + r) % r
        checkPoints(a, point.multiply(factor), INFINITY)
      }
    })
  })
}

describe('bn254: constants of the pairing', () => {
  it('BETA and LAMBDA belong together', () => {
    assert.equal((BETA * BETA + BETA + 1n) % q, 0n)
    assert.equal((LAMBDA * LAMBDA + LAMBDA + 1n) % r, 0n)
    const { x, y } = P.toAffine()
    assert.ok(bn254.G1.Point.fromAffine({ x: (x * BETA) % q, y }).equals(P.multiply(LAMBDA)))
  })

  it('no two coefficients are equal modulo r, and none is 0: no vector of the lattice is that short', () => {
    // A difference of coefficients, and a coefficient, is a + b LAMBDA with |a|, |b| < 2^66. The shortest vectors of
    // { (a, b): a + b LAMBDA = 0 mod r } are u and v, for they are reduced: |2 u v| <= u u <= v v.
    let [u, v] = [
      [r, 0n],
      [LAMBDA, -1n],
    ] as [[bigint, bigint], [bigint, bigint]]
    const dot = (a: readonly bigint[], b: readonly bigint[]) => a[0]! * b[0]! + a[1]! * b[1]!
    for (;;) {
      if (dot(u, u) > dot(v, v)) [u, v] = [v, u]
      const doubled = 2n * dot(u, v)
      const size = dot(u, u)
      if ((doubled < 0n ? -doubled : doubled) <= size) break
      const k = (doubled + (doubled < 0n ? -size : size)) / (2n * size)
      v = [v[0] - k * u[0], v[1] - k * u[1]]
    }
    for (const [x, y] of [u, v]) assert.equal((((x + y * LAMBDA) % r) + r) % r, 0n)
    assert.ok(dot(u, u) > 2n * 2n ** 132n)
  })

  it('the subgroup criterion leaves no other order: its norm and the order of the curve have only r in common', () => {
    const x = 4965661367192848881n
    const t = 6n * x * x + 1n
    assert.equal(q + 1n - t, r)
    // 6 x + 2 + X - X^2 + X^3 modulo X^2 - t X + q is a + b X, of norm a^2 + a b t + b^2 q.
    const a = 6n * x + 2n + q - t * q
    const b = 1n - t + t * t - q
    let [m, n] = [a * a + a * b * t + b * b * q, r * COFACTOR]
    while (n !== 0n) [m, n] = [n, m % n]
    assert.equal(m < 0n ? -m : m, r)
    // The twist's order: all multiples of it are infinity.
    for (let x0 = 1n, found = 0; found < 3; x0++) {
      const at = Fp2.fromBigTuple([x0, 1n])
      try {
        const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(at), at), bn254.G2.Point.CURVE().b))
        const point = bn254.G2.Point.fromAffine({ x: at, y })
        assert.ok(multiply(multiply(point, COFACTOR), r).is0())
        found++
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
      }
    }
  })
})

/** The library's multiplication takes scalars below r only. */
function multiply(point: G2, scalar: bigint): G2 {
  let sum = bn254.G2.Point.ZERO
  for (const bit of scalar.toString(2)) {
    sum = sum.double()
    if (bit === '1') sum = sum.add(point)
  }
  return sum
}
