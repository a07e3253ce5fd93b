import { BASE8, SUBGROUP_ORDER as L, multiply } from '../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { constraintsByWire, type R1cs } from '../../src/formats/r1cs.js'
import { add, isOnCurve, toMontgomery } from '../circuits/lib/curve.js'
import type { Facts } from './determinism.js'
import { addScaled, invert, isEqual, type Linear, mod, ratio, rowOf, scaled } from './linear.js'

/*
 * Finds pairs of linear forms that are points of Baby Jubjub in every witness, and divisors that for this reason are never 0.
 *
 * Nothing is believed of names: every coefficient of every constraint of an addition is compared. What starts the search are
 * tables of constants selected by bits, and premises about inputs that are checked outside.
 */

const A = 168698n
const EDWARDS_A = 168700n
const EDWARDS_D = 168696n

/** A pair of wires that is a point, checked outside of the constraints. */
export interface PointPremise {
  readonly x: number
  readonly y: number
  readonly isEdwards: boolean
  /** Of the prime subgroup and not the identity; otherwise on the curve. */
  readonly isOfPrimeOrder: boolean
}

/** `m * base` or `-m * base` for some m modulo l with least <= m <= most < l; base has order l. */
interface Multiple {
  readonly base: number
  readonly least: bigint
  readonly most: bigint
}

/** What a conclusion rests on: others, constraints, and bits. */
interface Support {
  readonly parents: readonly number[]
  readonly uses: readonly number[]
  readonly bits: readonly number[]
}

interface CurvePoint extends Support {
  readonly isEdwards: boolean
  readonly x: Linear
  readonly y: Linear
  /** Absent: on the curve, maybe not of the prime subgroup. */
  readonly multiple?: Multiple
}

/** A constraint as `wire * form = value`. */
interface Product {
  readonly constraint: number
  readonly wire: number
  /** Row of the form. */
  readonly row: number
  readonly form: Linear
  readonly value: Linear
}

/** Half of B8, the base of the tables of constants. */
const HALF = -1
const ANY: Multiple = { base: HALF, least: 0n, most: L - 1n }
const NONE: Support = { parents: [], uses: [], bits: [] }

/** Divisors that are never 0, in every witness. */
export class CurveFacts {
  /** The row that is never 0, by constraint. */
  readonly nonzero: ReadonlyMap<number, number>
  /** How many points were found. */
  readonly points: number
  readonly #r1cs: R1cs
  readonly #facts: Facts
  readonly #supports: readonly Support[]
  readonly #conclusionOf: ReadonlyMap<number, number>
  #users:
    | { constraints: Map<number, number[]>; bits: Map<number, number[]>; children: Map<number, number[]> }
    | undefined

  constructor(o: {
    readonly facts: Facts
    readonly boolean: Uint8Array
    readonly premises: readonly PointPremise[]
    /** Whether an argument says that the divisor of this wire is not 0. */
    readonly isArgued: (wire: number) => boolean
  }) {
    const search = new Search(o)
    search.run()
    this.#r1cs = o.facts.r1cs
    this.#facts = o.facts
    this.#supports = search.supports
    this.#conclusionOf = search.conclusionOf
    this.nonzero = search.nonzero
    this.points = search.points
  }

  /** The constraints whose divisors may be 0 without one constraint, or if some wires are no bits. */
  lost(without: number, notBits: Iterable<number>): Set<number> {
    if (this.#users === undefined) {
      const users = { constraints: new Map(), bits: new Map(), children: new Map() }
      for (const [id, { parents, uses, bits }] of this.#supports.entries()) {
        for (const one of uses) push(users.constraints, one, id)
        for (const one of bits) push(users.bits, one, id)
        for (const one of parents) push(users.children, one, id)
      }
      this.#users = users
    }
    const { constraints, bits, children } = this.#users
    const gone = new Set<number>(constraints.get(without))
    for (const wire of notBits) for (const id of bits.get(wire) ?? []) gone.add(id)
    const form = this.#facts.bitForms.get(without)
    if (form !== undefined) for (const id of bits.get(this.#r1cs.wires + form.index) ?? []) gone.add(id)
    for (const id of gone) for (const child of children.get(id) ?? []) gone.add(child)
    const found = new Set<number>()
    if (gone.size > 0) for (const [i, id] of this.#conclusionOf) if (gone.has(id)) found.add(i)
    return found
  }
}

class Search {
  readonly supports: Support[] = []
  readonly nonzero = new Map<number, number>()
  readonly conclusionOf = new Map<number, number>()
  points = 0
  readonly #facts: Facts
  readonly #r1cs: R1cs
  readonly #boolean: Uint8Array
  readonly #isArgued: (wire: number) => boolean
  readonly #all: { readonly point: CurvePoint; readonly id: number }[] = []
  readonly #byForms = new Map<string, number>()
  readonly #byX = new Map<string, number[]>()
  readonly #byY = new Map<string, number[]>()
  readonly #products = new Map<number, Product[]>()
  readonly #squares = new Map<number, { readonly constraint: number; readonly value: Linear }>()
  readonly #values = new Map<
    number,
    { readonly constraint: number; readonly a: Linear; readonly b: Linear }[]
  >()
  readonly #sums: (Omit<Product, 'wire'> & { readonly wires: readonly [number, number] })[] = []
  /** Bits that the compiler eliminated, by a wire that stands for them: one that is no bit itself. */
  readonly #eliminated = new Map<number, { readonly atom: number; readonly form: Linear }>()

  constructor(o: {
    facts: Facts
    boolean: Uint8Array
    premises: readonly PointPremise[]
    isArgued: (wire: number) => boolean
  }) {
    this.#facts = o.facts
    this.#r1cs = o.facts.r1cs
    this.#boolean = o.boolean
    this.#isArgued = o.isArgued
    this.#index()
    for (const { form, index } of this.#facts.bitForms.values()) {
      const wire = [...form.keys()].find((one) => one !== 0 && this.#boolean[one] !== 1)
      if (wire !== undefined) this.#eliminated.set(wire, { atom: this.#r1cs.wires + index, form })
    }
    for (const { x, y, isEdwards, isOfPrimeOrder } of o.premises) {
      const forms = { isEdwards, x: new Map([[x, 1n]]), y: new Map([[y, 1n]]) }
      const base = this.#all.length
      const multiple = isOfPrimeOrder ? { multiple: { base, least: 1n, most: 1n } } : {}
      this.#register({ ...forms, ...multiple }, this.#conclude(NONE))
    }
  }

  /** Looks at all candidates until nothing more is found. */
  run(): void {
    const chords = [...this.#squares.keys()].filter((wire) => (this.#products.get(wire)?.length ?? 0) >= 2)
    let open: (() => boolean)[] = [
      ...chords.map((wire) => () => this.#chord(wire)),
      ...this.#sums.map((sum) => () => this.#doubleAndAdd(sum)),
      ...this.#sides().map((sides) => () => this.#edwardsAdd(sides)),
    ]
    for (let before = -1; before < this.supports.length; ) {
      before = this.supports.length
      open = open.filter((candidate) => !candidate())
    }
    this.points = this.#all.length
  }

  /** Sorts constraints by the shapes that additions have. */
  #index(): void {
    const { constraints } = this.#r1cs
    for (let i = 0; i < constraints; i++) {
      const [a, b, c] = [rowOf(this.#r1cs, 3 * i), rowOf(this.#r1cs, 3 * i + 1), rowOf(this.#r1cs, 3 * i + 2)]
      if (c.size === 1) {
        const [[wire, k]] = [...c] as [[number, bigint]]
        if (wire !== 0) push(this.#values, wire, { constraint: i, a: scaled(a, invert(k)), b })
      }
      for (const [factor, form, row] of [
        [a, b, 3 * i + 1],
        [b, a, 3 * i],
      ] as const) {
        if (factor.has(0)) continue
        const [[wire, k] = [0, 0n], second, third] = factor
        if (wire === 0 || third !== undefined) continue
        const value = scaled(c, invert(k))
        if (second !== undefined) {
          if (second[1] === k) this.#sums.push({ constraint: i, wires: [wire, second[0]], row, form, value })
          continue
        }
        if (form.size === 1 && form.has(wire)) {
          const other = form.get(wire) as bigint
          this.#squares.set(wire, { constraint: i, value: scaled(value, invert(other)) })
          break
        }
        push(this.#products, wire, { constraint: i, wire, row, form, value })
      }
    }
  }

  #conclude(support: Support): number {
    this.supports.push(support)
    return this.supports.length - 1
  }

  #neverZero(constraint: number, row: number, id: number): void {
    if (this.nonzero.has(constraint)) return
    this.nonzero.set(constraint, row)
    this.conclusionOf.set(constraint, id)
  }

  #register(point: Omit<CurvePoint, keyof Support>, id: number): void {
    const key = `${point.isEdwards}${keyOf(point.x)}|${keyOf(point.y)}`
    if (this.#byForms.has(key)) return
    const index = this.#all.length
    this.#byForms.set(key, index)
    this.#all.push({ point: { ...point, ...NONE, parents: [id] }, id })
    push(this.#byX, `${point.isEdwards}${keyOf(point.x)}`, index)
    push(this.#byY, `${point.isEdwards}${keyOf(point.y)}`, index)
    if (point.multiple !== undefined) {
      if (!point.isEdwards) this.#toEdwards(index)
      else if (point.multiple.least > 0n) this.#toMontgomery(index)
    }
  }

  /** The products of constraints that read a form's first wire. */
  #readers(form: Linear): Product[] {
    const { start, constraints } = constraintsByWire(this.#r1cs)
    const wire = [...form.keys()].find((one) => one !== 0)
    if (wire === undefined || start[wire + 1]! - start[wire]! > 64) return []
    const found: Product[] = []
    for (let at = start[wire]!; at < start[wire + 1]!; at++) {
      const i = constraints[at]!
      for (const factor of [rowOf(this.#r1cs, 3 * i), rowOf(this.#r1cs, 3 * i + 1)]) {
        for (const one of factor.keys()) {
          for (const product of this.#products.get(one) ?? [])
            if (product.constraint === i) found.push(product)
        }
      }
    }
    return found
  }

  /** A product `wire * k form = k value`. */
  #quotient(form: Linear, value: Linear): Product | undefined {
    return this.#readers(form).find((product) => {
      const k = ratio(product.form, form)
      return k !== undefined && isEqual(product.value, scaled(value, k))
    })
  }

  /**
   * x = u / v, y = (u - 1) / (u + 1): a point of odd order has v != 0, and u = -1 would need v^2 = A - 2 = d, no square.
   */
  #toEdwards(index: number): void {
    const { point, id } = this.#all[index]!
    const { x: u, y: v } = point
    const x = this.#quotient(v, u)
    const y = this.#quotient(plus(u, 1n), plus(u, -1n))
    if (x === undefined || y === undefined) return
    const uses = [x.constraint, y.constraint]
    const conclusion = this.#conclude({ parents: [id], uses, bits: [] })
    for (const { constraint, row } of [x, y]) this.#neverZero(constraint, row, conclusion)
    this.#register({ ...wires(true, x.wire, y.wire), ...withMultiple(point.multiple) }, conclusion)
  }

  /** u = (1 + y) / (1 - y), v = u / x: a point of odd order, not the identity, has y != 1 and x != 0. */
  #toMontgomery(index: number): void {
    const { point, id } = this.#all[index]!
    const u = this.#quotient(plus(scaled(point.y, -1n), 1n), plus(point.y, 1n))
    if (u === undefined) return
    const v = this.#quotient(point.x, new Map([[u.wire, 1n]]))
    if (v === undefined) return
    const uses = [u.constraint, v.constraint]
    const conclusion = this.#conclude({ parents: [id], uses, bits: [] })
    for (const { constraint, row } of [u, v]) this.#neverZero(constraint, row, conclusion)
    this.#register({ ...wires(false, u.wire, v.wire), ...withMultiple(point.multiple) }, conclusion)
  }

  /**
   * s D = N, s^2 = E, s G = W: the addition p + q with D = u_q - u_p, N = v_q - v_p, E = A + u_p + u_q + u, G = u_p - u,
   * W = v_p + v; or 2 p with D = 2 v_p, N = 3 u_p^2 + 2 A u_p + 1, E = A + 2 u_p + u.
   */
  #chord(slope: number): boolean {
    const square = this.#squares.get(slope)!
    const products = this.#products.get(slope)!
    if (products.length > 4) return true
    for (const first of products) {
      for (const second of products) {
        if (first === second) continue
        for (const [k, m] of SIGNS) {
          const [D, N] = [scaled(first.form, k), scaled(first.value, k)]
          const [G, W] = [scaled(second.form, m), scaled(second.value, m)]
          const forms = { D, N, E: square.value, G, W }
          const uses = [first.constraint, second.constraint, square.constraint]
          const found = this.#chordOf(forms, uses) ?? this.#tangentOf(forms, uses)
          if (found === undefined) continue
          const { u, v, multiple, ...support } = found
          const conclusion = this.#conclude(support)
          this.#neverZero(first.constraint, first.row, conclusion)
          this.#register({ isEdwards: false, x: u, y: v, multiple }, conclusion)
          return true
        }
      }
    }
    return false
  }

  #chordOf(
    { D, N, E, G, W }: Record<'D' | 'N' | 'E' | 'G' | 'W', Linear>,
    uses: readonly number[],
  ): (Support & { u: Linear; v: Linear; multiple: Multiple }) | undefined {
    const up = scaled(plus(sumOf([1n, E], [1n, G], [-1n, D]), -A), invert(3n))
    const uq = sumOf([1n, up], [1n, D])
    if (up.size > MOST_TERMS || uq.size > MOST_TERMS) return undefined
    const u = sumOf([1n, up], [-1n, G])
    for (const p of this.#withX(up, W)) {
      const q = this.#point({ isEdwards: false, x: uq, y: sumOf([1n, p.y], [1n, N]) })
      if (q?.multiple === undefined || p.multiple === undefined) continue
      const [one, two] =
        p.multiple.most < q.multiple.least ? [p.multiple, q.multiple] : [q.multiple, p.multiple]
      // p = q or p = -q would need m - m' or m + m' to be 0 modulo l.
      if (one.base !== two.base || one.most >= two.least || one.most + two.most >= L) continue
      const multiple = { base: one.base, least: two.least - one.most, most: one.most + two.most }
      return { u, v: sumOf([1n, W], [-1n, p.y]), multiple, ...joined(uses, p, q) }
    }
    return undefined
  }

  #tangentOf(
    { D, N, E, G, W }: Record<'D' | 'N' | 'E' | 'G' | 'W', Linear>,
    uses: readonly number[],
  ): (Support & { u: Linear; v: Linear; multiple: Multiple }) | undefined {
    const vp = scaled(D, invert(2n))
    for (const index of this.#indexesByY(vp)) {
      const { point, id } = this.#all[index]!
      // Points of odd order have v != 0.
      if (point.multiple === undefined) continue
      const up = point.x
      const [square] = [...N.keys()].flatMap((wire) =>
        (this.#values.get(wire) ?? [])
          .filter(({ a, b }) => isEqual(a, up) && isEqual(b, up))
          .map((one) => ({ wire, ...one })),
      )
      if (square === undefined) continue
      const expected = plus(sumOf([3n, new Map([[square.wire, 1n]])], [2n * A, up]), 1n)
      const u = plus(sumOf([1n, E], [-2n, up]), -A)
      if (!isEqual(N, expected) || !isEqual(G, sumOf([1n, up], [-1n, u]))) continue
      // From here on p itself is the base: it has order l.
      const multiple = { base: index, least: 2n, most: 2n }
      const support = { parents: [id], uses: [...uses, square.constraint], bits: [] }
      return { u, v: sumOf([1n, W], [-1n, vp]), multiple, ...support }
    }
    return undefined
  }

  /**
   * 2 S + T for T = p or -p as (S + T) + S, without the v of S + T: s D = N with D = u_S - u_p, N = v_S - v_T;
   * s^2 = A + u_S + u_p + u_1; (s + s') (u_S - u_1) = 2 v_S; s'^2 = A + u_S + u_1 + u; s' (u_S - u) = v_S + v.
   *
   * With S = m p it fails only if m is 1 or -1, or 2 m + 1 or 2 m - 1 is 0 modulo l.
   */
  #doubleAndAdd(sum: Omit<Product, 'wire'> & { readonly wires: readonly [number, number] }): boolean {
    const [w, z] = sum.wires
    for (const [s, t] of [
      [w, z],
      [z, w],
    ] as const) {
      const [square, square2] = [this.#squares.get(s), this.#squares.get(t)]
      if (square === undefined || square2 === undefined) continue
      for (const sign of [1n, -1n]) {
        const v = scaled(sum.value, sign * invert(2n))
        for (const index of this.#indexesByY(v)) {
          const { point: S, id } = this.#all[index]!
          const u = S.x
          for (const first of this.#products.get(s) ?? []) {
            for (const last of this.#products.get(t) ?? []) {
              for (const [k, m] of SIGNS) {
                const up = sumOf([1n, u], [-k, first.form])
                const term = sumOf([1n, v], [-k, first.value])
                const middle = plus(sumOf([1n, square.value], [-1n, u], [-1n, up]), -A)
                if (!isEqual(scaled(sum.form, sign), sumOf([1n, u], [-1n, middle]))) continue
                const next = plus(sumOf([1n, square2.value], [-1n, u], [-1n, middle]), -A)
                if (!isEqual(scaled(last.form, m), sumOf([1n, u], [-1n, next]))) continue
                const signed = this.#signed(up, term)
                if (signed === undefined || S.multiple?.base !== signed.index) continue
                const { least, most } = S.multiple
                const isProved = least >= 2n && 2n * most + 1n < L
                if (!isProved && !(this.#isArgued(s) && this.#isArgued(t))) continue
                const uses = [sum, square, square2, first, last].map(({ constraint }) => constraint)
                const conclusion = this.#conclude({
                  parents: [id, ...signed.parents],
                  uses: [...uses, ...signed.uses],
                  bits: signed.bits,
                })
                if (isProved) {
                  this.#neverZero(first.constraint, first.row, conclusion)
                  this.#neverZero(sum.constraint, sum.row, conclusion)
                }
                const multiple = isProved
                  ? { base: signed.index, least: 2n * least - 1n, most: 2n * most + 1n }
                  : { base: signed.index, least: 1n, most: L - 1n }
                const y = sumOf([m, last.value], [-1n, v])
                this.#register({ isEdwards: false, x: next, y, multiple }, conclusion)
                return true
              }
            }
          }
        }
      }
    }
    return false
  }

  /** A point p such that (up, term) is p or -p, whatever the bits. */
  #signed(up: Linear, term: Linear): (Support & { readonly index: number }) | undefined {
    const [wire] = term.keys()
    if (wire === undefined || term.size !== 1) return undefined
    const scale = invert(term.get(wire) as bigint)
    for (const index of this.#byX.get(`false${keyOf(up)}`) ?? []) {
      const { point, id } = this.#all[index]!
      for (const { constraint, a, b } of this.#values.get(wire) ?? []) {
        for (const [one, two] of [
          [a, b],
          [b, a],
        ] as const) {
          const k = ratio(one, point.y)
          if (k === undefined) continue
          const table = this.#table([scaled(two, k * invert(scale))])
          if (table === undefined || table.values.some(([value]) => value !== 1n && value !== r - 1n))
            continue
          return { index, parents: [id], uses: [constraint, ...table.uses], bits: table.bits }
        }
      }
    }
    return undefined
  }

  /** x (1 + t) and y (1 - t), by t. */
  #sides(): { readonly t: number; readonly plus: Product; readonly minus: Product }[] {
    const sides = new Map<number, { plus?: Product; minus?: Product }>()
    for (const list of this.#products.values()) {
      for (const product of list) {
        const { form, value } = product
        const one = form.get(0)
        if (form.size !== 2 || one === undefined) continue
        const [t, k] = [...form].find(([wire]) => wire !== 0) as [number, bigint]
        const scale = invert(one)
        const sign = mod(k * scale)
        if (sign !== 1n && sign !== r - 1n) continue
        const found = { ...product, form: scaled(form, scale), value: scaled(value, scale) }
        sides.set(t, { ...sides.get(t), [sign === 1n ? 'plus' : 'minus']: found })
      }
    }
    return [...sides].flatMap(([t, { plus, minus }]) =>
      plus !== undefined && minus !== undefined && this.#values.has(t) ? [{ t, plus, minus }] : [],
    )
  }

  /**
   * The complete law: d is no square and a is one, so that 1 + t and 1 - t are not 0 for t = d x x' y y' of points (x, y) and
   * (x', y') of the curve (Bernstein, Birkner, Joye, Lange, Peters 2008).
   */
  #edwardsAdd({ t, plus: first, minus: second }: { t: number; plus: Product; minus: Product }): boolean {
    for (const { constraint, a, b } of this.#values.get(t)!) {
      if (a.size !== 1 || b.size !== 1) continue
      const [[left, j], [right, k]] = [...a, ...b] as [[number, bigint], [number, bigint]]
      if (mod(j * k) !== EDWARDS_D) continue
      for (const [xx, yy] of [
        [left, right],
        [right, left],
      ] as const) {
        const rest = sumOf([-1n, new Map([[xx, 1n]])], [-1n, new Map([[yy, 1n]])])
        const cross = sumOf([1n, first.value], [-1n, rest])
        if (
          cross.size !== 1 ||
          !isEqual(second.value, sumOf([1n, new Map([[yy, 1n]])], [-EDWARDS_A, new Map([[xx, 1n]])]))
        )
          continue
        const [crossWire] = cross.keys() as unknown as Iterable<number>
        for (const x of this.#values.get(xx) ?? []) {
          for (const y of this.#values.get(yy) ?? []) {
            for (const z of this.#values.get(crossWire as number) ?? []) {
              const uses = [constraint, first, second, x, y, z].map((one) =>
                typeof one === 'number' ? one : one.constraint,
              )
              for (const [sx, sy] of SIGNS) {
                for (const [p1, q1] of [
                  [scaled(y.a, sy), scaled(y.b, sy)],
                  [scaled(y.b, sy), scaled(y.a, sy)],
                ] as const) {
                  const [p0, q0] = [scaled(x.a, sx), scaled(x.b, sx)]
                  if (
                    cross.get(crossWire as number) !== 1n ||
                    !isProduct(z, sumOf([1n, p0], [1n, p1]), sumOf([1n, q0], [1n, q1]))
                  )
                    continue
                  const p = this.#point({ isEdwards: true, x: p0, y: p1 })
                  const q = p && this.#point({ isEdwards: true, x: q0, y: q1 })
                  if (p === undefined || q === undefined) continue
                  const isDouble = isEqual(p0, q0) && isEqual(p1, q1)
                  const multiple = sumMultiple(p.multiple, q.multiple, isDouble)
                  const conclusion = this.#conclude(joined(uses, p, q))
                  for (const side of [first, second]) this.#neverZero(side.constraint, side.row, conclusion)
                  this.#register(
                    { ...wires(true, first.wire, second.wire), ...withMultiple(multiple) },
                    conclusion,
                  )
                  return true
                }
              }
            }
          }
        }
      }
    }
    return false
  }

  #indexesByY(y: Linear): readonly number[] {
    return this.#byY.get(`false${keyOf(y)}`) ?? []
  }

  /** Points with this u: known ones, and those of tables whose v is W less a wire. */
  *#withX(x: Linear, W: Linear): Iterable<CurvePoint> {
    for (const index of this.#byX.get(`false${keyOf(x)}`) ?? []) {
      const { point } = this.#all[index]!
      yield point
      yield { ...point, y: scaled(point.y, -1n) }
    }
    for (const [wire, k] of W) {
      if (k !== 1n || wire === 0 || this.#boolean[wire] === 1) continue
      const y = new Map(W)
      y.delete(wire)
      const found = this.#point({ isEdwards: false, x, y })
      if (found !== undefined) yield found
    }
  }

  /** A point known by its forms, its opposite, or one of a table. */
  #point(forms: { isEdwards: boolean; x: Linear; y: Linear }): CurvePoint | undefined {
    const { isEdwards, x, y } = forms
    if (x.size > MOST_TERMS || y.size > MOST_TERMS) return undefined
    const opposite = isEdwards ? [scaled(x, -1n), y] : [x, scaled(y, -1n)]
    for (const [one, two] of [[x, y], opposite] as [Linear, Linear][]) {
      const index = this.#byForms.get(`${isEdwards}${keyOf(one)}|${keyOf(two)}`)
      if (index !== undefined) return { ...this.#all[index]!.point, x, y }
    }
    const table = this.#table([x, y])
    if (table === undefined) return undefined
    let [least, most] = [L, 0n]
    for (const [u, v] of table.values as [bigint, bigint][]) {
      const multiple = isEdwards ? edwardsMultiple([u, v]) : montgomeryMultiple([u, v])
      if (multiple === undefined) return undefined
      if (multiple.least < least) least = multiple.least
      if (multiple.most > most) most = multiple.most
    }
    const { uses, bits } = table
    return { isEdwards, x, y, multiple: { base: HALF, least, most }, parents: [], uses, bits }
  }

  /** All values that forms of a few bits and their products can take together. */
  #table(forms: readonly Linear[]):
    | {
        readonly values: readonly (readonly bigint[])[]
        readonly uses: readonly number[]
        readonly bits: readonly number[]
      }
    | undefined {
    const plain = forms.map((form) => this.#withAtoms(form))
    const atoms = new Set(plain.flatMap((form) => [...form.keys()]).filter((wire) => wire !== 0))
    const uses: number[] = []
    const products: (readonly [number, number, number])[] = []
    for (const atom of atoms) {
      if (atoms.size > 8) return undefined
      const [factors] = this.#facts.factors.get(atom) ?? []
      if (factors !== undefined) {
        const [x, y, constraint] = factors
        if (!this.#isBit(x) || !this.#isBit(y)) return undefined
        products.push([atom, x, y])
        uses.push(constraint)
        atoms.add(x).add(y)
      } else if (!this.#isBit(atom)) return undefined
    }
    const dependent = new Set(products.map(([atom]) => atom))
    const bits = [...atoms].filter((atom) => !dependent.has(atom))
    const values: bigint[][] = []
    for (let choice = 0; choice < 1 << bits.length; choice++) {
      const bit = new Map([
        [0, 1n],
        ...bits.map((atom, i): [number, bigint] => [atom, BigInt((choice >> i) & 1)]),
      ])
      // Products come after what they are products of in the list.
      for (const [atom, x, y] of [...products].reverse()) bit.set(atom, bit.get(x)! * bit.get(y)!)
      values.push(
        plain.map((form) => mod([...form].reduce((sum, [atom, k]) => sum + k * bit.get(atom)!, 0n))),
      )
    }
    return { values, uses, bits: [...atoms] }
  }

  #isBit(atom: number): boolean {
    return atom >= this.#r1cs.wires || this.#boolean[atom] === 1
  }

  /** A form in which eliminated bits stand as themselves. */
  #withAtoms(form: Linear): Linear {
    let rest = form
    for (let round = 0; round < 4; round++) {
      const wire = [...rest.keys()].find((one) => this.#eliminated.has(one))
      if (wire === undefined) break
      const { atom, form: bit } = this.#eliminated.get(wire)!
      const k = mod(rest.get(wire)! * invert(bit.get(wire) as bigint))
      rest = sumOf([1n, rest], [-k, bit], [k, new Map([[atom, 1n]])])
    }
    return rest
  }
}

/** Forms longer than one with an eliminated bit of a whole field element are no coordinates. */
const MOST_TERMS = 600

const SIGNS = [
  [1n, 1n],
  [1n, -1n],
  [-1n, 1n],
  [-1n, -1n],
] as const

function wires(isEdwards: boolean, x: number, y: number): { isEdwards: boolean; x: Linear; y: Linear } {
  return { isEdwards, x: new Map([[x, 1n]]), y: new Map([[y, 1n]]) }
}

function withMultiple(multiple: Multiple | undefined): { multiple?: Multiple } {
  return multiple === undefined ? {} : { multiple }
}

function joined(uses: readonly number[], p: Support, q: Support): Support {
  return {
    parents: [...p.parents, ...q.parents],
    uses: [...uses, ...p.uses, ...q.uses],
    bits: [...p.bits, ...q.bits],
  }
}

/** Of p + q, both of the prime subgroup; twice a point other than the identity is not the identity, because l is odd. */
function sumMultiple(
  p: Multiple | undefined,
  q: Multiple | undefined,
  isDouble: boolean,
): Multiple | undefined {
  if (p === undefined || q === undefined) return undefined
  if (isDouble) {
    if (2n * p.most < L) return { base: p.base, least: 2n * p.least, most: 2n * p.most }
    return { ...ANY, least: p.least > 0n ? 1n : 0n }
  }
  if (p.base !== q.base || p.most + q.most >= L) return ANY
  const gap = p.most < q.least ? q.least - p.most : p.least - q.most
  return { base: p.base, least: gap > 0n ? gap : 0n, most: p.most + q.most }
}

let known: Map<bigint, bigint> | undefined

/** |m| by u of m H, for m = 4^w and 3 4^w and H = B8 / 2. */
function tableOfMultiples(): ReadonlyMap<bigint, bigint> {
  if (known !== undefined) return known
  known = new Map()
  let point = multiply(BASE8, (L + 1n) / 2n)
  for (let w = 0n; w < 126n; w++) {
    const double = add(point, point)
    known.set(toMontgomery(point)[0], 4n ** w)
    known.set(toMontgomery(add(double, point))[0], 3n * 4n ** w)
    point = add(double, double)
  }
  return known
}

/** Which multiple of H a Montgomery point is, as far as is known; undefined if it is none. */
function montgomeryMultiple([u, v]: readonly [bigint, bigint]): Multiple | undefined {
  if (mod(v * v - u * (u * u + A * u + 1n)) !== 0n) return undefined
  const m = tableOfMultiples().get(u)
  // 3 4^125 is above l.
  if (m !== undefined && m < L) return { base: HALF, least: m, most: m }
  if (v === 0n || u === r - 1n) return undefined
  return edwardsMultiple([mod(u * invert(v)), mod((u - 1n) * invert(u + 1n))])
}

function edwardsMultiple(point: readonly [bigint, bigint]): Multiple | undefined {
  if (!isOnCurve([...point])) return undefined
  const [x, y] = multiply([...point], L)
  if (x !== 0n || y !== 1n) return undefined
  return { ...ANY, least: point[0] === 0n ? 0n : 1n }
}

function isProduct(o: { readonly a: Linear; readonly b: Linear }, x: Linear, y: Linear): boolean {
  for (const [one, two] of [
    [x, y],
    [y, x],
  ] as const) {
    const [j, k] = [ratio(o.a, one), ratio(o.b, two)]
    if (j !== undefined && k !== undefined && mod(j * k) === 1n) return true
  }
  return false
}

/** A form plus a constant. */
function plus(form: Linear, constant: bigint): Linear {
  return sumOf([1n, form], [constant, new Map([[0, 1n]])])
}

function sumOf(...parts: readonly (readonly [bigint, Linear])[]): Linear {
  const sum: Linear = new Map()
  for (const [k, form] of parts) addScaled(sum, mod(k), form)
  return sum
}

function keyOf(form: Linear): string {
  return [...form]
    .sort(([x], [y]) => x - y)
    .map(([wire, k]) => `${wire}:${k}`)
    .join()
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
