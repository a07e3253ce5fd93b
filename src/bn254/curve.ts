/**
 * Points of a curve y^2 = x^3 + b, two at a time, over the field or its extension.
 *
 * In the form XYZZ, x = X / ZZ and y = Y / ZZZ with ZZ^3 = ZZZ^2; infinity is four zeros. The formulas are
 * add-2008-s and dbl-2008-s-1 of the Explicit-Formulas Database. Coordinates in memory are reduced: over the extension
 * a chain of products of ZZ and ZZZ would grow without a bound.
 */
import type { PairOperations } from './field.js'
import type { Program } from './program.js'
import { type Code, call, control, I32, i32, type Local } from './wasm.js'

/** A curve's functions in a program. */
export interface Curve {
  readonly name: string
  readonly field: PairOperations
  /** Length in bytes of a pair of points XYZZ. */
  readonly pairLength: number
  /** Sums of two pairs; exact for infinity, equal and opposite points too. */
  readonly add: (out: Code, a: Code, b: Code) => Code
  readonly double: (out: Code, a: Code) => Code
  readonly copy: (out: Code, a: Code) => Code
  /** A pair of points at infinity. */
  readonly clear: (out: Code) => Code
  /** Pair of the other order. */
  readonly swap: (out: Code, a: Code) => Code
  /** Pair of the points whose four elements lie one after the other at a and b, and back. */
  readonly gather: (out: Code, a: Code, b: Code) => Code
  readonly scatter: (a: Code, b: Code, x: Code) => Code
  /** Affine x and y of a pair; zeros for infinity. */
  readonly toAffine: (x: Code, y: Code, a: Code) => Code
  /** Pair of field elements that takes lane i from b where bit i of the mask is set, and from a elsewhere. */
  readonly blend: (out: Code, a: Code, b: Code, mask: Code) => Code
}

/**
 * Adds the functions of a curve without points of order 2.
 *
 * @param o.name  prefix of its functions
 * @param o.field the field of its coordinates
 */
export function addCurve(program: Program, o: { name: string; field: PairOperations }): Curve {
  const { name, field } = o
  const { module } = program
  const { elementLength, pairLength } = field
  const offset = (x: Code, bytes: number): Code => (bytes === 0 ? x : i32.add(x, i32.const(bytes)))
  const [X, Y, ZZ, ZZZ] = [0, 1, 2, 3].map((i) => (p: Local) => offset(p.get, i * pairLength)) as [
    (p: Local) => Code,
    (p: Local) => Code,
    (p: Local) => Code,
    (p: Local) => Code,
  ]
  const coordinates = [0, 1, 2, 3]
  const pair = () => program.scratch(pairLength)
  const fn =
    (operation: string) =>
    (...args: Code[]): Code =>
      call(`${name}_${operation}`, ...args)
  const define = (operation: string, count: number, body: (p: Local[], local: () => Local) => Code) =>
    module.func({
      name: `${name}_${operation}`,
      params: Array(count).fill(I32),
      body: (f) => body(f.params, () => f.local(I32)),
    })

  const lanes = program.scratch(4 * elementLength)
  const lane = (i: number): Code => offset(lanes, i * elementLength)
  define('blend', 4, ([out, a, b, mask]) => [
    field.scatter(lane(0), lane(1), a!.get),
    field.scatter(lane(2), lane(3), b!.get),
    field.gather(
      out!.get,
      control.select(lane(2), lane(0), i32.and(mask!.get, i32.const(1))),
      control.select(lane(3), lane(1), i32.and(mask!.get, i32.const(2))),
    ),
  ])
  const blend = fn('blend')

  const each = (operation: (...args: Code[]) => Code, ...points: Local[]): Code =>
    coordinates.map((i) => operation(...points.map((p) => offset(p.get, i * pairLength))))
  define('copy', 2, ([out, a]) => each(field.copy, out!, a!))
  define('swap', 2, ([out, a]) => each(field.swap, out!, a!))
  define('clear', 1, ([out]) => each(field.clear, out!))
  define('gather', 3, ([out, a, b]) =>
    coordinates.map((i) =>
      field.gather(
        offset(out!.get, i * pairLength),
        offset(a!.get, i * elementLength),
        offset(b!.get, i * elementLength),
      ),
    ),
  )
  define('scatter', 3, ([a, b, x]) =>
    coordinates.map((i) =>
      field.scatter(
        offset(a!.get, i * elementLength),
        offset(b!.get, i * elementLength),
        offset(x!.get, i * pairLength),
      ),
    ),
  )

  const [u, v, w, s, m, t] = [pair(), pair(), pair(), pair(), pair(), pair()]
  // Of infinity, every product is 0, and so is the result.
  define('double', 2, ([out, a]) => [
    field.add(u, Y(a!), Y(a!)),
    field.mul(v, u, u),
    field.mul(w, u, v),
    field.mul(s, X(a!), v),
    field.sqr(m, X(a!)),
    field.add(t, m, m),
    field.add(m, m, t),
    field.reduce(m, m),
    field.mul(t, w, Y(a!)),
    field.mul(ZZ(out!), ZZ(a!), v),
    field.reduce(ZZ(out!), ZZ(out!)),
    field.mul(ZZZ(out!), ZZZ(a!), w),
    field.reduce(ZZZ(out!), ZZZ(out!)),
    // v is free: it takes M^2 - 2 S.
    field.sqr(v, m),
    field.sub(v, v, s),
    field.sub(v, v, s),
    field.reduce(X(out!), v),
    field.sub(s, s, X(out!)),
    field.mul(s, s, m),
    field.sub(s, s, t),
    field.reduce(Y(out!), s),
  ])

  const [u1, s1, p, r, pp, ppp, q] = [pair(), pair(), pair(), pair(), pair(), pair(), pair()]
  const twice = program.scratch(4 * pairLength)
  // P is 0 for equal, for opposite and, because infinity is all zeros, for infinite points, and for no others.
  module.func({
    name: `${name}_add`,
    params: [I32, I32, I32],
    body: ({ params: [out, a, b], local }) => {
      const [special, none, keepA, both] = [local(I32), local(I32), local(I32), local(I32)]
      const i = local(I32)
      return [
        field.mul(u1, X(a!), ZZ(b!)),
        field.mul(p, X(b!), ZZ(a!)),
        field.sub(p, p, u1),
        field.reduce(p, p),
        field.mul(s1, Y(a!), ZZZ(b!)),
        field.mul(r, Y(b!), ZZZ(a!)),
        field.sub(r, r, s1),
        field.reduce(r, r),
        special.set(field.zeros(p)),
        control.if(special.get, [
          // The lanes that are not special come from the formulas below; here, what takes the others' place.
          none.set(field.zeros(ZZ(a!))),
          keepA.set(i32.and(field.zeros(ZZ(b!)), i32.xor(none.get, i32.const(3)))),
          both.set(i32.and(special.get, i32.xor(i32.or(none.get, keepA.get), i32.const(3)))),
          fn('double')(twice, a!.get),
          // Opposite points: infinity.
          i.set(i32.and(both.get, i32.xor(field.zeros(r), i32.const(3)))),
          coordinates.map((c): Code => {
            const here = offset(twice, c * pairLength)
            return [
              field.sub(t, here, here),
              blend(here, here, t, i.get),
              blend(here, here, offset(a!.get, c * pairLength), keepA.get),
              blend(here, here, offset(b!.get, c * pairLength), none.get),
            ]
          }),
        ]),
        field.sqr(pp, p),
        field.mul(ppp, p, pp),
        field.mul(q, u1, pp),
        field.mul(s1, s1, ppp),
        field.mul(t, ZZ(a!), ZZ(b!)),
        field.mul(ZZ(out!), t, pp),
        field.reduce(ZZ(out!), ZZ(out!)),
        field.mul(t, ZZZ(a!), ZZZ(b!)),
        field.mul(ZZZ(out!), t, ppp),
        field.reduce(ZZZ(out!), ZZZ(out!)),
        // R^2 - PPP - 2 Q.
        field.sqr(t, r),
        field.sub(t, t, ppp),
        field.sub(t, t, q),
        field.sub(t, t, q),
        field.reduce(X(out!), t),
        field.sub(q, q, X(out!)),
        field.mul(q, q, r),
        field.sub(q, q, s1),
        field.reduce(Y(out!), q),
        control.if(
          special.get,
          coordinates.map((c) =>
            blend(
              offset(out!.get, c * pairLength),
              offset(out!.get, c * pairLength),
              offset(twice, c * pairLength),
              special.get,
            ),
          ),
        ),
      ]
    },
  })

  // 1 / ZZZ gives 1 / ZZ = (ZZ / ZZZ)^2. Lanes are inverted apart, because a 0 in one would take both.
  define('toAffine', 3, ([x, y, a]) => [
    field.swap(u, ZZZ(a!)),
    blend(v, ZZZ(a!), u, i32.const(2)),
    blend(w, ZZZ(a!), u, i32.const(1)),
    field.inv(v, v),
    field.inv(w, w),
    blend(v, v, w, i32.const(2)),
    field.mul(w, ZZ(a!), v),
    field.sqr(w, w),
    field.mul(s, X(a!), w),
    field.mul(t, Y(a!), v),
    field.reduce(x!.get, s),
    field.reduce(y!.get, t),
  ])

  return {
    name,
    field,
    pairLength: 4 * pairLength,
    add: fn('add'),
    double: fn('double'),
    copy: fn('copy'),
    clear: fn('clear'),
    swap: fn('swap'),
    gather: fn('gather'),
    scatter: fn('scatter'),
    toAffine: fn('toAffine'),
    blend,
  }
}
