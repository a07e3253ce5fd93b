/** The quadratic extension Fq2 = Fq[u] / (u^2 + 1), two elements at a time: c0 + c1 u is c0 and then c1. */
import { type Field, inSteps, type PairOperations } from './field.js'
import type { Program } from './program.js'
import { type Code, call, I32, i32, type Local } from './wasm.js'

/** The extension's functions in a program. */
export interface Extension extends PairOperations {
  readonly base: Field
  /** Address of a constant pair, both elements c0 + c1 u, in Montgomery form. */
  readonly pairOf: (c0: bigint, c1: bigint) => number
  /** Conjugate: c0 - c1 u. */
  readonly conjugate: (out: Code, x: Code) => Code
  /** Product with pairs of the base field. */
  readonly scale: (out: Code, x: Code, y: Code) => Code
}

/**
 * Adds the extension of a field whose modulus is 3 mod 4, with the preconditions of {@link PairOperations}.
 *
 * `mul` is two sums of products, each reduced once: that costs as much as Karatsuba's three products, and neither
 * needs tight operands nor leaves loose results.
 *
 * @param o.name prefix of its functions
 * @param o.base the field
 */
export function addExtension(program: Program, o: { name: string; base: Field }): Extension {
  const { name, base } = o
  const { module } = program
  const E = base.elementLength
  const P = base.pairLength
  const at = (x: Local | Code, offset: number): Code => i32.add('get' in x ? x.get : x, i32.const(offset))
  const define = (operation: string, params: number, body: (p: Local[]) => Code) =>
    module.func({
      name: `${name}_${operation}`,
      params: Array(params).fill(I32),
      body: (f) => body(f.params),
    })
  const fn =
    (operation: string) =>
    (...args: Code[]): Code =>
      call(`${name}_${operation}`, ...args)

  // The first result waits here, because `out` may be an operand.
  const [t, s] = [program.scratch(P), program.scratch(P)]
  define('mul', 3, ([out, x, y]) => [
    base.mulSub(t, x!.get, y!.get, at(x!, P), at(y!, P)),
    base.mulAdd(at(out!, P), x!.get, at(y!, P), at(x!, P), y!.get),
    base.copy(out!.get, t),
  ])
  define('sqr', 2, ([out, x]) => [
    base.add(t, x!.get, at(x!, P)),
    base.sub(s, x!.get, at(x!, P)),
    base.mul(t, t, s),
    base.add(s, x!.get, x!.get),
    base.mul(at(out!, P), s, at(x!, P)),
    base.copy(out!.get, t),
  ])
  for (const operation of ['add', 'sub'] as const) {
    define(operation, 3, ([out, x, y]) => [
      base[operation](out!.get, x!.get, y!.get),
      base[operation](at(out!, P), at(x!, P), at(y!, P)),
    ])
  }
  for (const operation of ['neg', 'copy', 'reduce', 'swap'] as const) {
    define(operation, 2, ([out, x]) => [
      base[operation](out!.get, x!.get),
      base[operation](at(out!, P), at(x!, P)),
    ])
  }
  define('clear', 1, ([out]) => [base.clear(out!.get), base.clear(at(out!, P))])
  define('conjugate', 2, ([out, x]) => [base.copy(out!.get, x!.get), base.neg(at(out!, P), at(x!, P))])
  define('scale', 3, ([out, x, y]) => [
    base.mul(t, at(x!, P), y!.get),
    base.mul(out!.get, x!.get, y!.get),
    base.copy(at(out!, P), t),
  ])
  define('gather', 3, ([out, a, b]) => [
    base.gather(out!.get, a!.get, b!.get),
    base.gather(at(out!, P), at(a!, E), at(b!, E)),
  ])
  define('gatherSigned', 5, ([out, a, negateA, b, negateB]) => [
    base.gatherSigned(out!.get, a!.get, negateA!.get, b!.get, negateB!.get),
    base.gatherSigned(at(out!, P), at(a!, E), negateA!.get, at(b!, E), negateB!.get),
  ])
  define('scatter', 3, ([a, b, x]) => [
    base.scatter(a!.get, b!.get, x!.get),
    base.scatter(at(a!, E), at(b!, E), at(x!, P)),
  ])
  module.func({
    name: `${name}_zeros`,
    params: [I32],
    results: [I32],
    body: ({ params: [x] }) => i32.and(base.zeros(x!.get), base.zeros(at(x!, P))),
  })
  // 1 / (c0 + c1 u) = (c0 - c1 u) / (c0^2 + c1^2). Chains of products reach 2 p, whose squares would be too large.
  const norm = program.scratch(P)
  define('inv', 2, ([out, x]) => [
    base.reduce(s, x!.get),
    base.reduce(t, at(x!, P)),
    base.mulAdd(norm, s, s, t, t),
    base.inv(norm, norm),
    base.mul(out!.get, s, norm),
    base.neg(t, t),
    base.mul(at(out!, P), t, norm),
  ])

  const constants = new Map<string, number>()
  return {
    name,
    base,
    elementLength: 2 * E,
    pairLength: 2 * P,
    pairOf(c0, c1) {
      const key = `${c0},${c1}`
      const known = constants.get(key)
      if (known !== undefined) return known
      const { encode, join } = base.arithmetic
      const [a, b] = [encode(base.toMontgomery(c0)), encode(base.toMontgomery(c1))]
      const address = program.constant(Uint8Array.from([...join(a, a), ...join(b, b)]))
      constants.set(key, address)
      return address
    },
    conjugate: fn('conjugate'),
    scale: fn('scale'),
    mul: fn('mul'),
    sqr: fn('sqr'),
    ...inSteps({ mul: fn('mul'), sqr: fn('sqr'), sub: fn('sub'), reduce: fn('reduce') }),
    add: fn('add'),
    sub: fn('sub'),
    neg: fn('neg'),
    copy: fn('copy'),
    clear: fn('clear'),
    reduce: fn('reduce'),
    swap: fn('swap'),
    gather: fn('gather'),
    gatherSigned: fn('gatherSigned'),
    scatter: fn('scatter'),
    zeros: fn('zeros'),
    inv: fn('inv'),
  }
}
