/**
 * Inversion modulo a prime by division steps: Bernstein and Yang, "Fast constant-time gcd computation and modular
 * inversion" (2019), in the variant with variable time. Thirty steps at a time are made on the low words alone,
 * and their matrix is then applied to the whole numbers.
 *
 * Time depends on the input. A prover inverts differences of points, blinded by nothing: see docs/prover.md.
 */
import type { Program } from './program.js'
import { type Code, control, I32, I64, i64, type Local } from './wasm.js'

const LIMBS = 9
const BITS = 30n
const MASK = (1n << BITS) - 1n

/**
 * Adds `name(out, x)`: the inverse of a canonical integer, both little endian, of 32 bytes; 0 gives 0.
 *
 * @param o.name    name of the function
 * @param o.modulus an odd prime below 2^255
 */
export function addInversion(program: Program, o: { name: string; modulus: bigint }): void {
  const { name, modulus } = o
  program.module.func({
    name,
    params: [I32, I32],
    body: ({ params: [out, x], local }) => inversionCode({ modulus, out: out!.get, x: x!.get, local }),
  })
}

/**
 * Returns the code of {@link addInversion}'s function, for any function that has two such addresses.
 *
 * @param o.local declares a variable
 */
export function inversionCode(o: {
  modulus: bigint
  out: Code
  x: Code
  local: (type: typeof I64) => Local
}): Code {
  const { modulus, out, x, local } = o
  const m = Array.from({ length: LIMBS }, (_, i) => (modulus >> (BITS * BigInt(i))) & MASK)
  let inverse = 1n
  for (let bits = 1; bits < 30; bits *= 2) inverse = BigInt.asUintN(30, inverse * (2n - modulus * inverse))

  const wide = () => Array.from({ length: LIMBS }, () => local(I64))
  const [f, g, d, e] = [wide(), wide(), wide(), wide()] as const
  const [u, v, q, r] = [local(I64), local(I64), local(I64), local(I64)] as const
  const [f0, g0, t, w] = [local(I64), local(I64), local(I64), local(I64)] as const
  const [eta, left, limit] = [local(I64), local(I64), local(I64)] as const
  const [md, me] = [t, w]
  const each = (code: (i: number) => Code): Code => Array.from({ length: LIMBS }, (_, i) => code(i))
  const c = i64.const
  const sum = (a: Local, x: Local, b: Local, y: Local): Code =>
    i64.add(i64.mul(a.get, x.get), i64.mul(b.get, y.get))

  const bitsOf = (i: number): Code => {
    const [word, shift] = [Math.floor((30 * i) / 64), BigInt((30 * i) % 64)]
    const low = i64.shrU(i64.load(x, 8 * word), c(shift))
    const both =
      shift > 34n && word < 3 ? i64.or(low, i64.shl(i64.load(x, 8 * word + 8), c(64n - shift))) : low
    return i64.and(both, c(MASK))
  }

  const swapNegated = (a: Local, b: Local): Code => [t.set(a.get), a.set(b.get), b.set(i64.sub(c(0n), t.get))]
  // Labels: 0 is the loop of steps, 1 the block around it.
  const steps: Code = [
    u.set(c(1n)),
    v.set(c(0n)),
    q.set(c(0n)),
    r.set(c(1n)),
    f0.set(f[0]!.get),
    g0.set(g[0]!.get),
    left.set(c(BITS)),
    control.block(
      control.loop(
        // Halve g as long as it is even, at most as many times as steps are left.
        t.set(i64.ctz(i64.or(g0.get, i64.shl(c(-1n), left.get)))),
        g0.set(i64.shrS(g0.get, t.get)),
        u.set(i64.shl(u.get, t.get)),
        v.set(i64.shl(v.get, t.get)),
        eta.set(i64.sub(eta.get, t.get)),
        left.set(i64.sub(left.get, t.get)),
        control.brIf(1, i64.eqz(left.get)),
        control.if(i64.ltS(eta.get, c(0n)), [
          eta.set(i64.sub(c(0n), eta.get)),
          swapNegated(f0, g0),
          swapNegated(u, q),
          swapNegated(v, r),
        ]),
        // eta + 1 steps come without another swap: cancel that many low bits of g at once, six at most.
        limit.set(i64.add(eta.get, c(1n))),
        limit.set(control.select(left.get, limit.get, i64.gtS(limit.get, left.get))),
        limit.set(control.select(c(6n), limit.get, i64.gtS(limit.get, c(6n)))),
        // f (f^2 - 2) is -1/f modulo 64.
        w.set(i64.mul(i64.mul(f0.get, g0.get), i64.sub(i64.mul(f0.get, f0.get), c(2n)))),
        w.set(i64.and(w.get, i64.sub(i64.shl(c(1n), limit.get), c(1n)))),
        g0.set(i64.add(g0.get, i64.mul(f0.get, w.get))),
        q.set(i64.add(q.get, i64.mul(u.get, w.get))),
        r.set(i64.add(r.get, i64.mul(v.get, w.get))),
        control.br(0),
      ),
    ),
  ]

  const [ca, cb] = [f0, g0]
  const applyToFg: Code = [
    ca.set(i64.shrS(sum(u, f[0] as Local, v, g[0] as Local), c(BITS))),
    cb.set(i64.shrS(sum(q, f[0] as Local, r, g[0] as Local), c(BITS))),
    Array.from({ length: LIMBS - 1 }, (_, k): Code => {
      const [fi, gi] = [f[k + 1] as Local, g[k + 1] as Local]
      return [
        ca.set(i64.add(ca.get, sum(u, fi, v, gi))),
        cb.set(i64.add(cb.get, sum(q, fi, r, gi))),
        f[k]!.set(i64.and(ca.get, c(MASK))),
        g[k]!.set(i64.and(cb.get, c(MASK))),
        ca.set(i64.shrS(ca.get, c(BITS))),
        cb.set(i64.shrS(cb.get, c(BITS))),
      ]
    }),
    f[LIMBS - 1]!.set(ca.get),
    g[LIMBS - 1]!.set(cb.get),
  ]
  // The same for d and e, with the multiple of the modulus that makes them divisible by 2^30 and keeps them small.
  const negative = (a: readonly Local[]): Code => i64.shrS(a[LIMBS - 1]!.get, c(63n))
  const correction = (start: Local, a: Local, b: Local, low: Local): Code => [
    start.set(i64.add(i64.and(a.get, negative(d)), i64.and(b.get, negative(e)))),
    low.set(sum(a, d[0] as Local, b, e[0] as Local)),
    start.set(i64.sub(start.get, i64.and(i64.add(i64.mul(c(inverse), low.get), start.get), c(MASK)))),
  ]
  const applyToDe: Code = [
    correction(md, u, v, ca),
    correction(me, q, r, cb),
    ca.set(i64.shrS(i64.add(ca.get, i64.mul(c(m[0] as bigint), md.get)), c(BITS))),
    cb.set(i64.shrS(i64.add(cb.get, i64.mul(c(m[0] as bigint), me.get)), c(BITS))),
    Array.from({ length: LIMBS - 1 }, (_, k): Code => {
      const [di, ei] = [d[k + 1] as Local, e[k + 1] as Local]
      const mi = c(m[k + 1] as bigint)
      return [
        ca.set(i64.add(i64.add(ca.get, sum(u, di, v, ei)), i64.mul(mi, md.get))),
        cb.set(i64.add(i64.add(cb.get, sum(q, di, r, ei)), i64.mul(mi, me.get))),
        d[k]!.set(i64.and(ca.get, c(MASK))),
        e[k]!.set(i64.and(cb.get, c(MASK))),
        ca.set(i64.shrS(ca.get, c(BITS))),
        cb.set(i64.shrS(cb.get, c(BITS))),
      ]
    }),
    d[LIMBS - 1]!.set(ca.get),
    e[LIMBS - 1]!.set(cb.get),
  ]

  const isZero: Code = i64.eqz(g.slice(1).reduce<Code>((all, limb) => i64.or(all, limb.get), g[0]!.get))
  const carry: Code = d
    .slice(0, -1)
    .map((limb, i) => [
      d[i + 1]!.set(i64.add(d[i + 1]!.get, i64.shrS(limb.get, c(BITS)))),
      limb.set(i64.and(limb.get, c(MASK))),
    ])
  const addModulusIfNegative: Code = control.if(i64.ltS(d[LIMBS - 1]!.get, c(0n)), [
    each((i) => d[i]!.set(i64.add(d[i]!.get, c(m[i] as bigint)))),
    carry,
  ])
  const word = (i: number): Code =>
    d.reduce<Code>((all, limb, k) => {
      const shift = 30 * k - 64 * i
      if (shift <= -30 || shift >= 64) return all
      const part = shift < 0 ? i64.shrU(limb.get, c(BigInt(-shift))) : i64.shl(limb.get, c(BigInt(shift)))
      return i64.or(all, part)
    }, c(0n))

  return [
    each((i) => [f[i]!.set(c(m[i] as bigint)), g[i]!.set(bitsOf(i)), d[i]!.set(c(0n))]),
    each((i) => e[i]!.set(c(i === 0 ? 1n : 0n))),
    eta.set(c(-1n)),
    control.block(control.loop(control.brIf(1, isZero), steps, applyToFg, applyToDe, control.br(0))),
    // Here f is 1 or -1, or x was 0 and d still is.
    addModulusIfNegative,
    control.if(i64.ltS(f[LIMBS - 1]!.get, c(0n)), [each((i) => d[i]!.set(i64.sub(c(0n), d[i]!.get))), carry]),
    addModulusIfNegative,
    [0, 1, 2, 3].map((i) => i64.store(out, word(i), 8 * i)),
  ]
}
