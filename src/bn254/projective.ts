/**
 * The group G1 of BN254, y^2 = x^3 + 3, in projective coordinates (x = X / Z, y = Y / Z), two points at a time.
 *
 * The formulas are complete: Renes, Costello and Batina, "Complete addition formulas for prime order elliptic curves"
 * (2016), algorithms 7 and 9. Points at infinity, equal and opposite points need no care, wherever they come from.
 */
import type { Field } from './field.js'
import { at, define, type Program } from './program.js'
import { CURVE_PARAMETER as x } from './towers.js'
import { type Code, call, control, I32, I64, i32, i64, type Local } from './wasm.js'

/** A cube root of unity modulo q: (x, y) -> (BETA x, y) multiplies points of G1 by {@link LAMBDA}. */
export const BETA = 18n * x ** 3n + 18n * x ** 2n + 9n * x + 1n

/** The cube root of unity modulo r that belongs to {@link BETA}. */
export const LAMBDA = 36n * x ** 3n + 18n * x ** 2n + 6n * x + 1n

/** Bits of a digit of `straus`; digits are signed, so that tables hold the multiples -16 to 16. */
export const WINDOW = 5
export const TABLE_POINTS = 2 ** WINDOW + 1

/** Bits of each half of a coefficient of `scale`. */
const HALF_BITS = 64

/**
 * Functions of points in a program. Pointers are i32, results go first and may be where operands are. Points at
 * rest have reduced coordinates X, Y, Z.
 */
export interface Projective {
  /** Lengths in bytes of a point and of a pair. */
  readonly pointLength: number
  readonly pairLength: number
  readonly add: (out: Code, a: Code, b: Code) => Code
  readonly double: (out: Code, a: Code) => Code
  readonly neg: (out: Code, a: Code) => Code
  readonly swap: (out: Code, a: Code) => Code
  readonly infinity: (out: Code) => Code
  readonly gather: (out: Code, a: Code, b: Code) => Code
  readonly scatter: (a: Code, b: Code, x: Code) => Code
  /** Pair of the affine points, finite, whose canonical coordinates x, y (64 bytes) are at a and b. */
  readonly load: (out: Code, a: Code, b: Code) => Code
  /** Writes tables at a and b for a pair: multiples -16 to 16, in order. */
  readonly table: (a: Code, b: Code, x: Code) => Code
  /**
   * Sums of multiples from tables. At `places` are, for each window from the highest and each term, the addresses of
   * the two tables' entries.
   */
  readonly straus: (out: Code, places: Code, windows: Code, terms: Code) => Code
  /**
   * Multiplies both points by the coefficient (2 a - m) + (2 b - m) LAMBDA, m = 2^64 - 1, of the 64-bit integers a and
   * b at `coefficient`. Coefficients of different a, b differ modulo r, and none is 0.
   */
  readonly scale: (out: Code, x: Code, coefficient: Code) => Code
}

/** The integer by which `scale` multiplies, not reduced. */
export function coefficientOf(a: bigint, b: bigint): bigint {
  const m = 2n ** BigInt(HALF_BITS) - 1n
  return 2n * a - m + (2n * b - m) * LAMBDA
}

/** Adds G1 over BN254's base field to a program; the functions' names begin with `g1_`. */
export function addProjective(program: Program, { fq }: { fq: Field }): Projective {
  const { module } = program
  const P = fq.pairLength
  const E = fq.elementLength
  const pointLength = 3 * E
  const pairLength = 3 * P
  const fn = (name: string, params: number, body: (...pointers: Code[]) => Code) =>
    define(program, { name: `g1_${name}`, params, body })
  const each = (code: (k: number) => Code): Code => [0, 1, 2].map(code)
  const [t0, t1, t2, t3, t4, t5] = Array.from({ length: 6 }, () => program.scratch(P)) as [
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
  ]
  const [X3, Y3] = [program.scratch(P), program.scratch(P)]
  const zero = i32.const(fq.pairOf(0n))
  const one = i32.const(fq.pairOf(1n))
  /** 3 b = 9 times. */
  const nine = (out: Code, value: Code): Code => fq.nineAdd(out, value, zero)
  const triple = (out: Code, value: Code): Code => [
    fq.add(t5, value, value),
    fq.add(t5, t5, value),
    fq.reduce(out, t5),
  ]

  // Products of coordinates are at most 0.6 p, their sums of two 0.7 p; the results' before reducing 0.9 p.
  const add = fn('add', 3, (out, a, b) => {
    const [X1, Y1, Z1, X2, Y2, Z2] = [a, at(a, P), at(a, 2 * P), b, at(b, P), at(b, 2 * P)]
    return [
      fq.mul(t0, X1, X2),
      fq.mul(t1, Y1, Y2),
      fq.mul(t2, Z1, Z2),
      fq.mulAdd(t3, X1, Y2, X2, Y1),
      fq.mulAdd(t4, Y1, Z2, Y2, Z1),
      fq.mulAdd(Y3, X1, Z2, X2, Z1),
      triple(t0, t0),
      nine(t2, t2),
      nine(Y3, Y3),
      fq.add(t5, t1, t2),
      fq.sub(t1, t1, t2),
      fq.mulSub(X3, t3, t1, t4, Y3),
      fq.mulAdd(Y3, t1, t5, Y3, t0),
      fq.mulAdd(t4, t5, t4, t0, t3),
      fq.reduce(out, X3),
      fq.reduce(at(out, P), Y3),
      fq.reduce(at(out, 2 * P), t4),
    ]
  })
  const double = fn('double', 2, (out, a) => {
    const [X, Y, Z] = [a, at(a, P), at(a, 2 * P)]
    return [
      fq.sqr(t0, Y),
      fq.mul(t1, Y, Z),
      fq.sqr(t2, Z),
      fq.mul(t3, X, Y),
      nine(t2, t2),
      fq.add(t4, t0, t0),
      fq.add(t4, t4, t4),
      // 4 Y^2, and Z3 = 8 Y^2 * Y Z = 4 Y^2 * 2 Y Z.
      fq.reduce(t4, t4),
      fq.add(t1, t1, t1),
      fq.mul(t1, t4, t1),
      fq.reduce(at(out, 2 * P), t1),
      // X3 = 2 X Y (Y^2 - 3 t2), Y3 = 8 Y^2 t2 + (Y^2 + t2)(Y^2 - 3 t2).
      fq.add(t1, t0, t2),
      triple(X3, t2),
      fq.sub(t0, t0, X3),
      fq.add(t4, t4, t4),
      fq.reduce(t0, t0),
      fq.mulAdd(Y3, t4, t2, t1, t0),
      fq.reduce(at(out, P), Y3),
      fq.add(t3, t3, t3),
      fq.mul(X3, t3, t0),
      fq.reduce(out, X3),
    ]
  })
  const copy = fn('copy', 2, (out, a) => each((k) => fq.copy(at(out, P * k), at(a, P * k))))
  const neg = fn('neg', 2, (out, a) => [copy(out, a), fq.neg(at(out, P), at(a, P))])
  const swap = fn('swap', 2, (out, a) => each((k) => fq.swap(at(out, P * k), at(a, P * k))))
  const infinity = fn('infinity', 1, (out) => [
    fq.copy(out, zero),
    fq.reduce(at(out, P), one),
    fq.copy(at(out, 2 * P), zero),
  ])
  const gather = fn('gather', 3, (out, a, b) =>
    each((k) => fq.gather(at(out, P * k), at(a, E * k), at(b, E * k))),
  )
  const scatter = fn('scatter', 3, (a, b, pair) =>
    each((k) => fq.scatter(at(a, E * k), at(b, E * k), at(pair, P * k))),
  )
  const load = fn('load', 3, (out, a, b) => [
    [0, 1].map((k) => [fq.encode(t0, at(a, 32 * k), at(b, 32 * k)), fq.reduce(at(out, P * k), t0)]),
    fq.reduce(at(out, 2 * P), one),
  ])

  const loop = (counter: Local, count: Code, body: Code): Code => [
    counter.set(count),
    control.block(
      control.loop(
        control.brIf(1, i32.eqz(counter.get)),
        counter.set(i32.sub(counter.get, i32.const(1))),
        body,
        control.br(0),
      ),
    ),
  ]
  const sum = program.scratch(pairLength)
  const half = (TABLE_POINTS - 1) / 2
  module.func({
    name: 'g1_table',
    params: [I32, I32, I32],
    body: ({ params: [a, b, point], local }) => {
      const [i, offset] = [local(I32), local(I32)]
      const entry = (table: Local | undefined, sign: 1 | -1): Code => {
        const middle = at((table as Local).get, half * pointLength)
        return sign === 1 ? i32.add(middle, offset.get) : i32.sub(middle, offset.get)
      }
      return [
        infinity(sum),
        offset.set(i32.const(0)),
        scatter(entry(a, 1), entry(b, 1), sum),
        loop(i, i32.const(half), [
          add(sum, sum, (point as Local).get),
          offset.set(i32.add(offset.get, i32.const(pointLength))),
          scatter(entry(a, 1), entry(b, 1), sum),
          fq.neg(at(sum, P), at(sum, P)),
          scatter(entry(a, -1), entry(b, -1), sum),
          fq.neg(at(sum, P), at(sum, P)),
        ]),
      ]
    },
  })
  const term = program.scratch(pairLength)
  module.func({
    name: 'g1_straus',
    params: [I32, I32, I32, I32],
    body: ({ params, local }) => {
      const [out, places, windows, terms] = params as [Local, Local, Local, Local]
      const [window, i] = [local(I32), local(I32)]
      return [
        infinity(sum),
        loop(window, windows.get, [
          Array.from({ length: WINDOW }, () => double(sum, sum)),
          loop(i, terms.get, [
            gather(term, i32.load(places.get), i32.load(places.get, 4)),
            add(sum, sum, term),
            places.set(i32.add(places.get, i32.const(8))),
          ]),
        ]),
        copy(out.get, sum),
      ]
    },
  })

  // Digits -3, -1, 1, 3 of two bits: of a and b together one of 16 points, half of them the others' negatives.
  const DIGITS = 4
  const choices = program.scratch(DIGITS ** 2 * pairLength)
  const choice = (a: number, b: number): Code => at(choices, (DIGITS * a + b) * pairLength)
  const [tripled, image] = [program.scratch(pairLength), program.scratch(pairLength)]
  const beta = i32.const(fq.pairOf(BETA))
  module.func({
    name: 'g1_scale',
    params: [I32, I32, I32],
    body: ({ params, local }) => {
      const [out, point, coefficient] = params as [Local, Local, Local]
      const [a, b, digits] = [local(I64), local(I64), local(I32)]
      const top = BigInt(HALF_BITS - 2)
      const chosen: Code = [
        digits.set(
          i32.wrap(
            i64.or(i64.shl(i64.shrU(a.get, i64.const(top)), i64.const(2n)), i64.shrU(b.get, i64.const(top))),
          ),
        ),
        a.set(i64.shl(a.get, i64.const(2n))),
        b.set(i64.shl(b.get, i64.const(2n))),
      ]
      const address = i32.add(choices, i32.mul(digits.get, i32.const(pairLength)))
      const i = local(I32)
      return [
        double(tripled, point.get),
        add(tripled, tripled, point.get),
        [point.get, tripled].map((multiple, k) => [
          copy(image, multiple),
          fq.mul(t0, multiple, beta),
          fq.reduce(image, t0),
          // image is LAMBDA times (2 k + 1), for the digits +-(2 k + 1) of b.
          [point.get, tripled].map((left, j) => [
            add(choice(2 + j, 2 + k), left, image),
            neg(choice(1 - j, 1 - k), choice(2 + j, 2 + k)),
          ]),
          neg(image, image),
          [point.get, tripled].map((left, j) => [
            add(choice(2 + j, 1 - k), left, image),
            neg(choice(1 - j, 2 + k), choice(2 + j, 1 - k)),
          ]),
        ]),
        a.set(i64.load(coefficient.get)),
        b.set(i64.load(coefficient.get, 8)),
        chosen,
        copy(sum, address),
        loop(i, i32.const(HALF_BITS / 2 - 1), [
          double(sum, sum),
          double(sum, sum),
          chosen,
          add(sum, sum, address),
        ]),
        copy(out.get, sum),
      ]
    },
  })

  return {
    pointLength,
    pairLength,
    add,
    double,
    neg,
    swap,
    infinity,
    gather,
    scatter,
    load,
    table: (...args) => call('g1_table', ...args),
    straus: (...args) => call('g1_straus', ...args),
    scale: (...args) => call('g1_scale', ...args),
  }
}
