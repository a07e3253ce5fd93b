/**
 * The tower over Fq2 in which pairings take their values: Fq6 = Fq2[v] / (v^3 - xi), Fq12 = Fq6[w] / (w^2 - v), with
 * xi = 9 + u. Elements lie as their coefficients do, lowest first; in powers of w an element of Fq12 has the
 * coefficients 0, 2, 4, 1, 3, 5.
 *
 * At rest every coefficient is reduced: tight, and at most 0.5001 p. Operands are at rest and so are results, unless
 * a function says otherwise. Products are sums of products of coefficients, each reduced once: for three terms that
 * costs what Karatsuba's way does, without its sums. One factor is laid out as *rows* for that: c0 + c1 u as
 * c1, c0, -c1, so that two neighbours give the imaginary part of a product, and the next two its real part.
 */

import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import type { Extension } from './extension.js'
import { at, define, type Program } from './program.js'
import { type Code, call, I32, i32, type Local } from './wasm.js'

/** BN254's parameter: all its constants are polynomials in it. */
export const CURVE_PARAMETER = 4965661367192848881n

/** The non-residue xi = 9 + u. */
export const XI = [9n, 1n] as const

/** The functions of Fq6 and Fq12 in a program, on pairs. Results may be where operands are. */
export interface Towers {
  readonly fq2: Extension
  /** Lengths in bytes of pairs. */
  readonly fq6Length: number
  readonly fq12Length: number
  /** Product with xi of an element of Fq2 with tight coefficients of at most 1.5 p. */
  readonly mulXi: (out: Code, x: Code) => Code
  readonly fq6Mul: (out: Code, x: Code, y: Code) => Code
  readonly fq6Inv: (out: Code, x: Code) => Code
  readonly one: (out: Code) => Code
  readonly copy: (out: Code, x: Code) => Code
  readonly mul: (out: Code, x: Code, y: Code) => Code
  readonly sqr: (out: Code, x: Code) => Code
  readonly inv: (out: Code, x: Code) => Code
  /** x to the power q^6: c0 - c1 w, the inverse of what the final exponentiation's first step leaves. */
  readonly conjugate: (out: Code, x: Code) => Code
  /** x to the power q^n. */
  readonly frobenius: (n: 1 | 2 | 3, out: Code, x: Code) => Code
  /** The square of an element whose order divides q^4 - q^2 + 1. */
  readonly cyclotomicSqr: (out: Code, x: Code) => Code
  /** Pushes 1 if the first of a pair is 1, plus 2 if the second is. */
  readonly ones: (x: Code) => Code
  /** Pair of the other order, of the elements at a and b, and the elements of a pair. */
  readonly swap: (out: Code, x: Code) => Code
  readonly gather: (out: Code, a: Code, b: Code) => Code
  readonly scatter: (a: Code, b: Code, x: Code) => Code
  /** x (h + (l0 + l1 v) w), in place; all three are tight and at most p. */
  readonly mulLine: (x: Code, h: Code, l0: Code, l1: Code) => Code
  /** x (1 + (l0 + l1 v) w), in place; l0 and l1 are tight and at most p. */
  readonly mulMonicLine: (x: Code, l0: Code, l1: Code) => Code
}

type Constant = readonly [bigint, bigint]

let frobeniusPowers: readonly (readonly Constant[])[] | undefined

/** Powers xi^(k (q^n - 1) / 6) for k below 6: what Frobenius to the n multiplies the coefficient of w^k with. */
export function frobeniusConstants(n: 1 | 2 | 3): readonly Constant[] {
  frobeniusPowers ??= computeFrobeniusPowers()
  return frobeniusPowers[n - 1] as readonly Constant[]
}

function computeFrobeniusPowers(): readonly (readonly Constant[])[] {
  const multiply = ([a, b]: Constant, [c, d]: Constant): Constant => [
    (((a * c - b * d) % q) + q) % q,
    (a * d + b * c) % q,
  ]
  let step: Constant = [1n, 0n]
  for (const bit of ((q - 1n) / 6n).toString(2)) {
    step = multiply(step, step)
    if (bit === '1') step = multiply(step, XI)
  }
  const once: Constant[] = [[1n, 0n]]
  for (let k = 1; k < 6; k++) once.push(multiply(once[k - 1] as Constant, step))
  // q^2 - 1 = (q - 1)(q + 1), and the power q is the conjugate; q^3 - 1 = (q - 1)(q + 1 + q^2) likewise.
  const twice = once.map(([a, b]) => multiply([a, b], [a, q - b]))
  return [once, twice, once.map((value, k) => multiply(value, twice[k] as Constant))]
}

/** Adds Fq6 and Fq12 over an extension of BN254's base field to a program. */
export function addTowers(program: Program, { fq2 }: { fq2: Extension }): Towers {
  const { module } = program
  const fq = fq2.base
  const P = fq.pairLength
  const P2 = fq2.pairLength
  const fq6Length = 3 * P2
  const fq12Length = 6 * P2
  const ROW = 3 * P
  const fn = (name: string, params: number, body: (...pointers: Code[]) => Code) =>
    define(program, { name, params, body })
  const each = (count: number, code: (k: number) => Code): Code =>
    Array.from({ length: count }, (_, k) => code(k))
  const dot2 = fq.addDot(program, { name: 'dot2', terms: 2, addend: true })
  const dot3 = fq.addDot(program, { name: 'dot3', terms: 3 })
  /** out = the sum of products of elements of Fq2 with rows, to where none of them lies. */
  const sum3 = (out: Code, ...factors: Code[]): Code => {
    const parts = (offset: number) => factors.map((factor, i) => (i % 2 === 0 ? factor : at(factor, offset)))
    return [dot3(out, ...parts(P)), dot3(at(out, P), ...parts(0))]
  }
  const sum2 = (out: Code, z: Code, ...factors: Code[]): Code => {
    const parts = (offset: number) => factors.map((factor, i) => (i % 2 === 0 ? factor : at(factor, offset)))
    return [dot2(out, ...parts(P), z), dot2(at(out, P), ...parts(0), at(z, P))]
  }

  const real = program.scratch(P)
  const mulXi = fn('fq2_mulXi', 2, (out, x) => [
    fq.nineSub(real, x, at(x, P)),
    fq.nineAdd(at(out, P), at(x, P), x),
    fq.copy(out, real),
  ])
  const setRow = fn('fq2_row', 2, (row, x) => [
    fq.copy(row, at(x, P)),
    fq.copy(at(row, P), x),
    fq.neg(at(row, 2 * P), at(x, P)),
  ])

  // Rows of y2, y1, y0, xi y2, xi y1: any three neighbours give one coefficient of x y.
  const product = program.scratch(P2)
  const setRows = fn('fq6_rows', 2, (rows, y) => [
    each(3, (k) => setRow(at(rows, ROW * (2 - k)), at(y, P2 * k))),
    mulXi(product, at(y, 2 * P2)),
    setRow(at(rows, 3 * ROW), product),
    mulXi(product, at(y, P2)),
    setRow(at(rows, 4 * ROW), product),
  ])
  const mulRows = fn('fq6_mulRows', 3, (out, x, rows) =>
    each(3, (k) =>
      sum3(at(out, P2 * k), ...[0, 1, 2].flatMap((i) => [at(x, P2 * i), at(rows, ROW * (2 - k + i))])),
    ),
  )
  const rows = program.scratch(5 * ROW)
  const [t0, t1, t2] = [program.scratch(fq6Length), program.scratch(fq6Length), program.scratch(fq6Length)]
  const [s0, s1] = [program.scratch(fq6Length), program.scratch(fq6Length)]
  const each6 = (operation: 'add' | 'sub', out: Code, x: Code, y: Code): Code =>
    each(3, (k) => fq2[operation](at(out, P2 * k), at(x, P2 * k), at(y, P2 * k)))
  const reduce6 = (out: Code, x: Code): Code => each(3, (k) => fq2.reduce(at(out, P2 * k), at(x, P2 * k)))
  const copy6 = fn('fq6_copy', 2, (out, x) => each(3, (k) => fq2.copy(at(out, P2 * k), at(x, P2 * k))))
  /** out = x + v y or x - v y, not reduced; not where y lies. */
  const shifted = (operation: 'add' | 'sub', out: Code, x: Code, y: Code): Code => [
    mulXi(product, at(y, 2 * P2)),
    fq2[operation](at(out, P2), at(x, P2), y),
    fq2[operation](at(out, 2 * P2), at(x, 2 * P2), at(y, P2)),
    fq2[operation](out, x, product),
  ]

  const fq6Mul = fn('fq6_mul', 3, (out, x, y) => [setRows(rows, y), mulRows(t0, x, rows), copy6(out, t0)])

  // 1 / (x0, x1, x2) = (A, B, C) / (x0 A + xi (x2 B + x1 C)).
  const [A, B, C] = [s0, at(s0, P2), at(s0, 2 * P2)]
  const [m, n] = [program.scratch(P2), program.scratch(P2)]
  const fq6Inv = fn('fq6_inv', 2, (out, x) => {
    const [x0, x1, x2] = [x, at(x, P2), at(x, 2 * P2)]
    // Products of elements at rest are at most 0.69 p, squares 0.88 p.
    const difference = (result: Code, a: Code, b: Code) => fq2.reduce(result, [fq2.sub(m, a, b), m])
    return [
      fq2.mul(n, x1, x2),
      mulXi(n, n),
      fq2.sqr(A, x0),
      fq2.sub(A, A, n),
      fq2.reduce(A, A),
      fq2.sqr(n, x2),
      mulXi(n, n),
      fq2.mul(B, x0, x1),
      fq2.sub(B, n, B),
      fq2.reduce(B, B),
      fq2.sqr(C, x1),
      fq2.mul(n, x0, x2),
      difference(C, C, n),
      fq2.mul(m, x2, B),
      fq2.mul(n, x1, C),
      fq2.add(m, m, n),
      fq2.reduce(m, m),
      mulXi(m, m),
      fq2.mul(n, x0, A),
      fq2.add(m, m, n),
      fq2.reduce(m, m),
      fq2.inv(n, m),
      fq2.reduce(n, n),
      each(3, (k) => [fq2.mul(m, at(s0, P2 * k), n), fq2.reduce(at(out, P2 * k), m)]),
    ]
  })

  const copy = fn('fq12_copy', 2, (out, x) => [copy6(out, x), copy6(at(out, fq6Length), at(x, fq6Length))])
  const unit = i32.const(fq2.pairOf(1n, 0n))
  const zero = i32.const(fq2.pairOf(0n, 0n))
  const one = fn('fq12_one', 1, (out) => [
    fq2.copy(out, unit),
    each(5, (k) => fq2.copy(at(out, P2 * (k + 1)), zero)),
    fq2.reduce(out, out),
  ])
  // Karatsuba: x0 y0 + v x1 y1, and (x0 + x1)(y0 + y1) - x0 y0 - x1 y1.
  const mul = fn('fq12_mul', 3, (out, x, y) => {
    const [x1, y1, out1] = [at(x, fq6Length), at(y, fq6Length), at(out, fq6Length)]
    return [
      setRows(rows, y),
      mulRows(t0, x, rows),
      setRows(rows, y1),
      mulRows(t1, x1, rows),
      each6('add', s0, x, x1),
      each6('add', s1, y, y1),
      reduce6(s1, s1),
      setRows(rows, s1),
      mulRows(t2, s0, rows),
      each6('sub', t2, t2, t0),
      each6('sub', t2, t2, t1),
      reduce6(out1, t2),
      shifted('add', s0, t0, t1),
      reduce6(out, s0),
    ]
  })
  // (x0 + x1)(x0 + v x1) - x0 x1 - v x0 x1, and 2 x0 x1.
  const sqr = fn('fq12_sqr', 2, (out, x) => {
    const [x1, out1] = [at(x, fq6Length), at(out, fq6Length)]
    return [
      setRows(rows, x1),
      mulRows(t0, x, rows),
      each6('add', s0, x, x1),
      shifted('add', s1, x, x1),
      reduce6(s1, s1),
      setRows(rows, s1),
      mulRows(t2, s0, rows),
      each6('add', s1, t0, t0),
      reduce6(out1, s1),
      each6('sub', t2, t2, t0),
      shifted('sub', s0, t2, t0),
      reduce6(out, s0),
    ]
  })
  const conjugate = fn('fq12_conjugate', 2, (out, x) => [
    copy6(out, x),
    each(3, (k) => fq2.neg(at(out, P2 * (k + 3)), at(x, P2 * (k + 3)))),
  ])
  // 1 / (x0 + x1 w) = (x0 - x1 w) / (x0^2 - v x1^2).
  const inv = fn('fq12_inv', 2, (out, x) => {
    const x1 = at(x, fq6Length)
    return [
      fq6Mul(t1, x1, x1),
      fq6Mul(t2, x, x),
      shifted('sub', s0, t2, t1),
      reduce6(t2, s0),
      fq6Inv(t2, t2),
      setRows(rows, t2),
      mulRows(t0, x, rows),
      mulRows(t1, x1, rows),
      copy6(out, t0),
      each(3, (k) => fq2.neg(at(out, P2 * (k + 3)), at(t1, P2 * k))),
    ]
  })

  const POWERS = [0, 2, 4, 1, 3, 5]
  const powers = ([1, 2, 3] as const).map((n) => {
    const constants = frobeniusConstants(n)
    return fn(`fq12_frobenius${n}`, 2, (out, x) =>
      each(6, (k) => {
        const [to, from] = [at(out, P2 * k), at(x, P2 * k)]
        const [c0, c1] = constants[POWERS[k] as number] as Constant
        const source = n === 2 ? from : [fq2.conjugate(m, from), m]
        if (k === 0) return n === 2 ? fq2.copy(to, from) : fq2.conjugate(to, from)
        return [fq2.mul(m, source, i32.const(fq2.pairOf(c0, c1))), fq2.reduce(to, m)]
      }),
    )
  })
  const frobenius: Towers['frobenius'] = (n, out, x) => (powers[n - 1] as (...args: Code[]) => Code)(out, x)

  // Granger and Scott, "Faster Squaring in the Cyclotomic Subgroup of Sixth Degree Extensions" (2010): three squarings
  // in Fq4 = Fq2[z] / (z^2 - xi), each (a^2 + xi b^2) + 2 a b z.
  const [g0, g1] = [program.scratch(P2), program.scratch(P2)]
  const rest = program.scratch(fq12Length)
  /** Leaves a^2 + xi b^2 in g0 and 2 a b in g1, both reduced. */
  const sqrFq4 = fn('fq4_sqr', 2, (a, b) => [
    fq2.sqr(g0, b),
    mulXi(g0, g0),
    fq2.sqr(g1, a),
    fq2.add(g0, g0, g1),
    fq2.reduce(g0, g0),
    fq2.mul(g1, a, b),
    fq2.add(g1, g1, g1),
    fq2.reduce(g1, g1),
  ])
  const combined = (operation: 'add' | 'sub') =>
    fn(`fq2_three_${operation}`, 3, (out, t, z) => [
      // 3 t + 2 z or 3 t - 2 z = t + 2 (t + z) or t + 2 (t - z): five tight terms.
      fq2[operation](m, t, z),
      fq2.add(m, m, m),
      fq2.add(m, m, t),
      fq2.reduce(out, m),
    ])
  const [threePlus, threeMinus] = [combined('add'), combined('sub')]
  const cyclotomicSqr = fn('fq12_cyclotomicSqr', 2, (out, x) => {
    const c = (k: number) => at(x, P2 * k)
    const o = (k: number) => at(rest, P2 * k)
    return [
      sqrFq4(c(0), c(4)),
      threeMinus(o(0), g0, c(0)),
      threePlus(o(4), g1, c(4)),
      sqrFq4(c(3), c(2)),
      threeMinus(o(1), g0, c(1)),
      threePlus(o(5), g1, c(5)),
      sqrFq4(c(1), c(5)),
      threeMinus(o(2), g0, c(2)),
      mulXi(g1, g1),
      threePlus(o(3), g1, c(3)),
      copy(out, rest),
    ]
  })

  module.func({
    name: 'fq12_ones',
    params: [I32],
    results: [I32],
    body: ({ params: [x] }) => [
      fq2.sub(m, (x as Local).get, unit),
      each(6, (k) => fq2.zeros(k === 0 ? m : at((x as Local).get, P2 * k))),
      each(5, () => [0x71]),
    ],
  })
  const swap = fn('fq12_swap', 2, (out, x) => each(6, (k) => fq2.swap(at(out, P2 * k), at(x, P2 * k))))

  const E2 = fq2.elementLength
  const gather = fn('fq12_gather', 3, (out, a, b) =>
    each(6, (k) => fq2.gather(at(out, P2 * k), at(a, E2 * k), at(b, E2 * k))),
  )
  const scatter = fn('fq12_scatter', 3, (a, b, x) =>
    each(6, (k) => fq2.scatter(at(a, E2 * k), at(b, E2 * k), at(x, P2 * k))),
  )

  // Coefficient k of the product in powers of w is h x_k + l0 x_(k-1) + l1 x_(k-3), where w^6 = xi.
  const place = (k: number): number => P2 * POWERS.indexOf(((k % 6) + 6) % 6)
  const lineRows = program.scratch(5 * ROW)
  const [rowH, row0, row1, rowXi0, rowXi1] = [0, 1, 2, 3, 4].map((k) => at(lineRows, ROW * k)) as [
    Code,
    Code,
    Code,
    Code,
    Code,
  ]
  const setLine = (l0: Code, l1: Code): Code => [
    setRow(row0, l0),
    setRow(row1, l1),
    mulXi(product, l0),
    setRow(rowXi0, product),
    mulXi(product, l1),
    setRow(rowXi1, product),
  ]
  const lineFactors = (x: Code, k: number): Code[] => [
    at(x, place(k - 1)),
    k < 1 ? rowXi0 : row0,
    at(x, place(k - 3)),
    k < 3 ? rowXi1 : row1,
  ]
  const mulLine = fn('fq12_mulLine', 4, (x, h, l0, l1) => [
    setRow(rowH, h),
    setLine(l0, l1),
    each(6, (k) => sum3(at(rest, place(k)), at(x, place(k)), rowH, ...lineFactors(x, k))),
    copy(x, rest),
  ])
  const mulMonicLine = fn('fq12_mulMonicLine', 3, (x, l0, l1) => [
    setLine(l0, l1),
    each(6, (k) => sum2(at(rest, place(k)), at(x, place(k)), ...lineFactors(x, k))),
    copy(x, rest),
  ])

  return {
    fq2,
    fq6Length,
    fq12Length,
    mulXi,
    fq6Mul,
    fq6Inv,
    one,
    copy,
    mul,
    sqr,
    inv,
    conjugate,
    frobenius,
    cyclotomicSqr,
    ones: (x) => call('fq12_ones', x),
    swap,
    gather,
    scatter,
    mulLine,
    mulMonicLine,
  }
}
