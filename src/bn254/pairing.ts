/**
 * The optimal ate pairing of BN254: Vercauteren, "Optimal pairings" (2010), for two lists of points at a time, one in
 * each lane. All factors of a lane's product share the squarings of one Miller loop.
 *
 * G2 lies on the twist y^2 = x^3 + 3 / xi. The line through T and Q with slope s, at P and divided by P's y, is
 * 1 - s u w + (s x_T - y_T) v w^3 with u = x_P / y_P and v = 1 / y_P, up to factors of Fq2 that the final
 * exponentiation removes; with u = v = 0 it is one of these, so that P at infinity contributes the factor 1.
 */

import { at, define, type Program } from './program.js'
import { CURVE_PARAMETER, frobeniusConstants, type Towers } from './towers.js'
import type { Code } from './wasm.js'
import { call, control, I32, i32, type Local } from './wasm.js'

/** Steps of the Miller loop from the second-highest digit of 6 x + 2 on, and of powers of x. */
const LOOP_DIGITS = signedDigits(6n * CURVE_PARAMETER + 2n, 2)
  .reverse()
  .slice(1)
const POWER_WINDOW = 4
const POWER_DIGITS = signedDigits(CURVE_PARAMETER, POWER_WINDOW).reverse()

/** Lines of a Miller loop: one per doubling and per addition, two of which follow the loop. */
const LINES = LOOP_DIGITS.length + LOOP_DIGITS.filter((digit) => digit !== 0).length + 2

/** Where things lie, and what the host may call. */
export interface Pairing {
  readonly towers: Towers
  /**
   * A slot holds the points of one factor: a pair of points of G2's curve, and what depends on a pair of points of G1.
   * The host fills it by `pairing_setQ` and `pairing_setP`; `pairing_miller` writes whether the points lie in G2.
   */
  readonly slotLength: number
  /** Offset in a slot of a 32-bit integer: 1 if the first point lies in G2, plus 2 if the second does. */
  readonly slotInSubgroup: number
  /** A slot whose points of G2 are given by their lines: 32-bit addresses of two lists of lines lie at the start. */
  readonly fixedSlotLength: number
  /** Length in bytes of the lines of one point. */
  readonly linesLength: number
}

/**
 * Adds a pairing to a program, as functions for its host; pointers are i32.
 *
 * - `pairing_setQ(slot, a, b)`: affine points of G2's curve, canonical x.c0, x.c1, y.c0, y.c1 of 32 bytes each
 * - `pairing_setP(slot, points)`, `pairing_setFixedP(slot, points)`: a pair of points of G1
 * - `pairing_lines(a, b, q)`: lines of two points of G2, as `setQ` puts them into a slot
 * - `pairing_miller(f, slots, count, fixedSlots, fixedCount)`: the two products, before the final exponentiation
 * - `pairing_finish(f, x)`: the final exponentiation, to a power that keeps the pairing non-degenerate
 */
export function addPairing(program: Program, { towers }: { towers: Towers }): Pairing {
  const { fq2 } = towers
  const fq = fq2.base
  const { module } = program
  const P = fq.pairLength
  const P2 = fq2.pairLength
  const E2 = fq2.elementLength
  const fn = (name: string, params: number, body: (...pointers: Code[]) => Code) =>
    define(program, { name: `pairing_${name}`, params, body })
  const constant = (value: readonly [bigint, bigint]): Code => i32.const(fq2.pairOf(...value))
  const scratch2 = (): Code => program.scratch(P2)

  // A slot: Q = (x, y), T = (X, Y, Z), u, v, and the flags.
  const SLOT = { q: 0, t: 2 * P2, p: 5 * P2, inSubgroup: 5 * P2 + 2 * P }
  const slotLength = SLOT.inSubgroup + 16
  const FIXED = { lines: 0, p: 16 }
  const fixedSlotLength = FIXED.p + 2 * P
  const lineLength = 2 * E2
  const linesLength = LINES * lineLength

  const wide = scratch2()
  fn('setQ', 3, (slot, a, b) =>
    [0, 1, 2, 3].map((k) => [
      fq.encode(wide, at(a, 32 * k), at(b, 32 * k)),
      fq.reduce(at(slot, SLOT.q + P * k), wide),
    ]),
  )
  const inverse = program.scratch(P)
  // Both at most 0.7 p. No point of G1 has Y = 0: its order is odd.
  const setP = fn('setUv', 2, (uv, point) => [
    fq.inv(inverse, at(point, P)),
    fq.mul(uv, point, inverse),
    fq.mul(at(uv, P), at(point, 2 * P), inverse),
  ])
  fn('setP', 2, (slot, point) => setP(at(slot, SLOT.p), point))
  fn('setFixedP', 2, (slot, point) => setP(at(slot, FIXED.p), point))

  // psi(x, y) = (x^q xi^((q - 1) / 3), y^q xi^((q - 1) / 2)), and psi^2, psi^3 likewise.
  const [q0, q1] = [program.scratch(2 * P2), program.scratch(2 * P2)]
  const psi = ([1, 2, 3] as const).map((n) => {
    const constants = frobeniusConstants(n)
    return fn(`psi${n}`, 2, (out, q) =>
      [0, 1].map((k) => {
        const [to, from] = [at(out, P2 * k), at(q, P2 * k)]
        const factor = constant(constants[2 + k] as readonly [bigint, bigint])
        return [
          n === 2 ? fq2.copy(wide, from) : fq2.conjugate(wide, from),
          fq2.mul(wide, wide, factor),
          fq2.reduce(to, wide),
        ]
      }),
    )
  }) as [(...args: Code[]) => Code, (...args: Code[]) => Code, (...args: Code[]) => Code]
  const copyQ = (out: Code, q: Code): Code => [0, 1].map((k) => fq2.copy(at(out, P2 * k), at(q, P2 * k)))
  const negY = (q: Code): Code => fq2.neg(at(q, P2), at(q, P2))

  const [b, c, e, d, g, j, xy] = Array.from({ length: 7 }, scratch2) as [
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
    Code,
  ]
  const [h, l0, l1] = [scratch2(), scratch2(), scratch2()]
  // 3 b' = 9 / xi.
  const threeB = constant(threeTwistB(fq.modulus))
  const scaleLine = (uv: Code): Code => [fq2.scale(l0, l0, uv), fq2.scale(l1, l1, at(uv, P))]

  // Costello, Lange and Naehrig, "Faster pairing computations on curves with high-degree twists" (2010), times 4: with
  // B = Y^2, E = 3 b' Z^2 the double is (2 X Y (B - 3 E), (B + 3 E)^2 - 12 E^2, 8 B Y Z), and the line
  // 2 Y Z - 3 X^2 u w + (B - E) v w^3.
  const double = fn('double', 2, (f, slot) => {
    const [X, Y, Z] = [0, 1, 2].map((k) => at(slot, SLOT.t + P2 * k)) as [Code, Code, Code]
    return [
      fq2.sqr(b, Y),
      fq2.sqr(c, Z),
      fq2.mul(e, c, threeB),
      fq2.reduce(e, e),
      fq2.sqr(j, X),
      fq2.mul(h, Y, Z),
      fq2.mul(xy, X, Y),
      fq2.add(h, h, h),
      fq2.reduce(h, h),
      // At most 0.9 + 3 * 0.5 p.
      fq2.add(d, e, e),
      fq2.add(d, d, e),
      fq2.add(g, b, d),
      fq2.sub(d, b, d),
      fq2.reduce(g, g),
      fq2.reduce(d, d),
      fq2.sub(l1, b, e),
      fq2.add(l0, j, j),
      fq2.add(l0, l0, j),
      fq2.neg(l0, l0),
      fq2.reduce(l0, l0),
      scaleLine(at(slot, SLOT.p)),
      fq2.add(xy, xy, xy),
      fq2.mul(xy, xy, d),
      fq2.reduce(X, xy),
      fq2.add(b, b, b),
      fq2.add(j, h, h),
      fq2.mul(b, b, j),
      fq2.reduce(Z, b),
      // 12 E^2 = 3 (2 E)^2.
      fq2.add(e, e, e),
      fq2.reduce(e, e),
      fq2.sqr(e, e),
      fq2.sqr(g, g),
      fq2.sub(g, g, e),
      fq2.sub(g, g, e),
      fq2.sub(g, g, e),
      fq2.reduce(Y, g),
      towers.mulLine(f, h, l0, l1),
    ]
  })
  // With theta = Y - y Z and lambda = X - x Z the line is lambda - theta u w + (theta x - lambda y) v w^3. If T is
  // plus or minus Q, or infinity, then the sum has Z = 0, and so has all that follows.
  const [theta, lambda] = [scratch2(), scratch2()]
  const addPoint = fn('add', 3, (f, slot, q) => {
    const [X, Y, Z] = [0, 1, 2].map((k) => at(slot, SLOT.t + P2 * k)) as [Code, Code, Code]
    const [x, y] = [q, at(q, P2)]
    return [
      fq2.mul(c, y, Z),
      fq2.sub(theta, Y, c),
      fq2.reduce(theta, theta),
      fq2.mul(c, x, Z),
      fq2.sub(lambda, X, c),
      fq2.reduce(lambda, lambda),
      fq2.neg(l0, theta),
      fq2.mul(l1, theta, x),
      fq2.mul(c, lambda, y),
      fq2.sub(l1, l1, c),
      scaleLine(at(slot, SLOT.p)),
      // C = theta^2, D = lambda^2, E = lambda D, F = Z C, G = X D, H = E + F - 2 G.
      fq2.sqr(c, theta),
      fq2.sqr(d, lambda),
      fq2.mul(e, lambda, d),
      fq2.mul(b, Z, c),
      fq2.mul(g, X, d),
      fq2.add(h, e, b),
      fq2.sub(h, h, g),
      fq2.sub(h, h, g),
      fq2.reduce(h, h),
      // X = lambda H, Y = theta (G - H) - E Y, Z = Z E.
      fq2.mul(xy, lambda, h),
      fq2.reduce(X, xy),
      fq2.sub(g, g, h),
      fq2.mul(g, theta, g),
      fq2.mul(j, e, Y),
      fq2.sub(g, g, j),
      fq2.reduce(Y, g),
      fq2.mul(j, Z, e),
      fq2.reduce(Z, j),
      towers.mulLine(f, lambda, l0, l1),
    ]
  })
  const multiplyFixed = fn('fixedLine', 3, (f, slot, offset) => {
    const [first, second] = [0, 4].map((k) => i32.add(i32.load(slot, k), offset)) as [Code, Code]
    return [
      fq2.gather(l0, first, second),
      fq2.gather(l1, at(first, E2), at(second, E2)),
      scaleLine(at(slot, FIXED.p)),
      towers.mulMonicLine(f, l0, l1),
    ]
  })

  /** A list of digits in memory, and a loop over them. */
  const digitsAt = (digits: readonly number[]): number =>
    program.constant(new Uint8Array(Int8Array.from(digits).buffer))
  const loopOver = (i: Local, from: Code, to: Code, step: number, body: Code): Code => [
    i.set(from),
    control.block(
      control.loop(
        control.brIf(1, i32.geU(i.get, to)),
        body,
        i.set(i32.add(i.get, i32.const(step))),
        control.br(0),
      ),
    ),
  ]
  const loopDigits = digitsAt(LOOP_DIGITS)
  const load8s = (address: Code): Code => i32.shrS(i32.shl(i32.load8(address), i32.const(24)), i32.const(24))

  // 6 x + 2 + q - q^2 + q^3 is 0 modulo r, so that a point Q of G2 has
  // [6 x + 2] Q + psi(Q) - psi^2(Q) = -psi^3(Q). The other direction: psi^2 - t psi + q = 0 on the whole twist, and
  // the norm of 6 x + 2 + X - X^2 + X^3 modulo X^2 - t X + q has with the twist's order r (2 q - r) no common divisor
  // but r, so that a point for which the equation holds has order r or 1. The idea: Scott, "A note on group membership
  // tests for G1, G2 and GT on BLS pairing-friendly curves" (2021), and for BN curves Dai, Lin, Zhao and Zhou, "Fast
  // subgroup membership testings for G1, G2 and GT on pairing-friendly curves" (2022). The loop has the left side
  // anyway; Z = 0 would mean that it met an exception, which no point of G2 does.
  module.func({
    name: 'pairing_inSubgroup',
    params: [I32],
    results: [I32],
    exported: false,
    body: ({ params: [slot] }) => {
      const [X, Y, Z] = [0, 1, 2].map((k) => at((slot as Local).get, SLOT.t + P2 * k)) as [Code, Code, Code]
      return [
        psi[2](q0, (slot as Local).get),
        fq2.mul(b, q0, Z),
        fq2.sub(b, b, X),
        fq2.mul(c, at(q0, P2), Z),
        fq2.add(c, c, Y),
        i32.and(i32.and(fq2.zeros(b), fq2.zeros(c)), i32.xor(fq2.zeros(Z), i32.const(3))),
      ]
    },
  })

  module.func({
    name: 'pairing_miller',
    params: [I32, I32, I32, I32, I32],
    body: ({ params, local }) => {
      const [f, slots, count, fixedSlots, fixedCount] = params as [Local, Local, Local, Local, Local]
      const [end, fixedEnd, offset, digit, slot, i] = Array.from({ length: 6 }, () => local(I32)) as [
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
      ]
      const everySlot = (body: Code): Code => loopOver(slot, slots.get, end.get, slotLength, body)
      const everyFixed: Code = [
        loopOver(
          slot,
          fixedSlots.get,
          fixedEnd.get,
          fixedSlotLength,
          multiplyFixed(f.get, slot.get, offset.get),
        ),
        offset.set(i32.add(offset.get, i32.const(lineLength))),
      ]
      const q = at(slot.get, SLOT.q)
      const one = i32.const(fq2.pairOf(1n, 0n))
      return [
        end.set(i32.add(slots.get, i32.mul(count.get, i32.const(slotLength)))),
        fixedEnd.set(i32.add(fixedSlots.get, i32.mul(fixedCount.get, i32.const(fixedSlotLength)))),
        towers.one(f.get),
        everySlot([copyQ(at(slot.get, SLOT.t), q), fq2.reduce(at(slot.get, SLOT.t + 2 * P2), one)]),
        loopOver(i, i32.const(loopDigits), i32.const(loopDigits + LOOP_DIGITS.length), 1, [
          towers.sqr(f.get, f.get),
          everySlot(double(f.get, slot.get)),
          everyFixed,
          digit.set(load8s(i.get)),
          control.if(digit.get, [
            everySlot([
              copyQ(q0, q),
              control.if(i32.ltS(digit.get, i32.const(0)), negY(q0)),
              addPoint(f.get, slot.get, q0),
            ]),
            everyFixed,
          ]),
        ]),
        everySlot([psi[0](q0, q), addPoint(f.get, slot.get, q0)]),
        everyFixed,
        everySlot([
          psi[1](q0, q),
          negY(q0),
          addPoint(f.get, slot.get, q0),
          i32.store(at(slot.get, SLOT.inSubgroup), call('pairing_inSubgroup', slot.get)),
        ]),
        everyFixed,
      ]
    },
  })

  // The same steps in affine coordinates for points whose lines are kept: -s and s x_T - y_T of every step.
  const t = program.scratch(2 * P2)
  const [num, den, slope] = [scratch2(), scratch2(), scratch2()]
  /** Writes the line of slope num / den through T, and T plus the point with coordinate x, to T. */
  const affineStep = fn('affineStep', 3, (a, bAddress, x) => [
    fq2.inv(slope, den),
    fq2.mul(slope, slope, num),
    fq2.reduce(slope, slope),
    fq2.neg(l0, slope),
    fq2.mul(l1, slope, t),
    fq2.sub(l1, l1, at(t, P2)),
    fq2.reduce(l1, l1),
    fq2.scatter(a, bAddress, l0),
    fq2.scatter(at(a, E2), at(bAddress, E2), l1),
    fq2.sqr(c, slope),
    fq2.sub(c, c, t),
    fq2.sub(c, c, x),
    fq2.reduce(t, c),
    // y = s (x_T - x) - y_T.
    fq2.mul(c, slope, t),
    fq2.sub(c, l1, c),
    fq2.reduce(at(t, P2), c),
  ])
  module.func({
    name: 'pairing_lines',
    params: [I32, I32, I32],
    body: ({ params, local }) => {
      const [a, bAddress, slot] = params as [Local, Local, Local]
      const [i, digit] = [local(I32), local(I32)]
      const step = (x: Code): Code => [
        affineStep(a.get, bAddress.get, x),
        a.set(i32.add(a.get, i32.const(lineLength))),
        bAddress.set(i32.add(bAddress.get, i32.const(lineLength))),
      ]
      const addAffine: Code = [
        fq2.sub(num, at(q1, P2), at(t, P2)),
        fq2.sub(den, q1, t),
        fq2.reduce(num, num),
        fq2.reduce(den, den),
        step(q1),
      ]
      const q = at(slot.get, SLOT.q)
      return [
        copyQ(t, q),
        loopOver(i, i32.const(loopDigits), i32.const(loopDigits + LOOP_DIGITS.length), 1, [
          fq2.sqr(c, t),
          fq2.add(num, c, c),
          fq2.add(num, num, c),
          fq2.reduce(num, num),
          fq2.add(den, at(t, P2), at(t, P2)),
          fq2.reduce(den, den),
          fq2.copy(q1, t),
          step(q1),
          digit.set(load8s(i.get)),
          control.if(digit.get, [
            copyQ(q1, q),
            control.if(i32.ltS(digit.get, i32.const(0)), negY(q1)),
            addAffine,
          ]),
        ]),
        psi[0](q1, q),
        addAffine,
        psi[1](q1, q),
        negY(q1),
        addAffine,
      ]
    },
  })

  // Powers of x in the cyclotomic subgroup, where inverses are conjugates.
  const L = towers.fq12Length
  const ODD = 2 ** (POWER_WINDOW - 2)
  const odd = program.scratch(ODD * L)
  const power = program.scratch(L)
  const factor = program.scratch(L)
  const powerDigits = digitsAt(POWER_DIGITS.slice(1))
  const first = POWER_DIGITS[0] as number
  module.func({
    name: 'pairing_power',
    params: [I32, I32],
    body: ({ params, local }) => {
      const [out, x] = params as [Local, Local]
      const [i, digit] = [local(I32), local(I32)]
      // The odd number 2 k + 1 has its power at k.
      const entry = (value: Code): Code => i32.add(odd, i32.mul(i32.shrU(value, i32.const(1)), i32.const(L)))
      return [
        towers.copy(odd, x.get),
        towers.cyclotomicSqr(power, x.get),
        Array.from({ length: ODD - 1 }, (_, k) => towers.mul(at(odd, L * (k + 1)), at(odd, L * k), power)),
        towers.copy(power, at(odd, L * (first >> 1))),
        loopOver(i, i32.const(powerDigits), i32.const(powerDigits + POWER_DIGITS.length - 1), 1, [
          towers.cyclotomicSqr(power, power),
          digit.set(load8s(i.get)),
          control.if(digit.get, [
            control.if(
              i32.ltS(digit.get, i32.const(0)),
              [
                towers.conjugate(factor, entry(i32.sub(i32.const(0), digit.get))),
                towers.mul(power, power, factor),
              ],
              towers.mul(power, power, entry(digit.get)),
            ),
          ]),
        ]),
        towers.copy(out.get, power),
      ]
    },
  })
  const powerX = (out: Code, x: Code): Code => call('pairing_power', out, x)

  // Fuentes-Castaneda, Knapp and Rodriguez-Henriquez, "Faster hashing to G2" (2011): with a = 12 x^3 + 6 x^2 + 6 x and
  // b = a - 2 x, the power a + 6 x^2 + 1 + b q + a q^2 + (b - 1) q^3, which is 2 x (6 x^2 + 3 x + 1), prime to r, times
  // (q^4 - q^2 + 1) / r.
  const [y0, y1, y2, y3, base] = Array.from({ length: 5 }, () => program.scratch(L)) as [
    Code,
    Code,
    Code,
    Code,
    Code,
  ]
  fn('finish', 2, (out, x) => [
    towers.inv(y0, x),
    towers.conjugate(base, x),
    towers.mul(y0, base, y0),
    towers.frobenius(2, base, y0),
    towers.mul(base, base, y0),
    // y0: 2 x; y1: 6 x; y2: 6 x^2; y3: 12 x^3.
    powerX(y0, base),
    towers.cyclotomicSqr(y0, y0),
    towers.cyclotomicSqr(y1, y0),
    towers.mul(y1, y1, y0),
    powerX(y2, y1),
    towers.cyclotomicSqr(y3, y2),
    powerX(y3, y3),
    // y1: a; y3: b; y2: a + 6 x^2 + 1.
    towers.mul(y1, y1, y2),
    towers.mul(y1, y1, y3),
    towers.conjugate(y0, y0),
    towers.mul(y3, y1, y0),
    towers.mul(y2, y2, y1),
    towers.mul(y2, y2, base),
    towers.frobenius(1, y0, y3),
    towers.mul(y2, y2, y0),
    towers.frobenius(2, y0, y1),
    towers.mul(y2, y2, y0),
    towers.conjugate(base, base),
    towers.mul(y3, y3, base),
    towers.frobenius(3, y0, y3),
    towers.mul(out, y2, y0),
  ])

  return { towers, slotLength, slotInSubgroup: SLOT.inSubgroup, fixedSlotLength, linesLength }
}

/** 9 / xi = 9 (9 - u) / 82 modulo q. */
function threeTwistB(q: bigint): readonly [bigint, bigint] {
  let inverse = 1n
  // 82^(q - 2) by squaring; once per module.
  for (const bit of (q - 2n).toString(2)) {
    inverse = (inverse * inverse) % q
    if (bit === '1') inverse = (inverse * 82n) % q
  }
  return [(81n * inverse) % q, q - ((9n * inverse) % q)]
}

/** Digits of a number, lowest first: 0 or odd and below 2^(width - 1) in size, `width` of them with at most one not 0. */
function signedDigits(value: bigint, width: number): number[] {
  const digits: number[] = []
  const whole = 1n << BigInt(width)
  for (let rest = value; rest !== 0n; rest >>= 1n) {
    let digit = 0n
    if (rest & 1n) {
      digit = rest & (whole - 1n)
      if (digit >= whole >> 1n) digit -= whole
      rest -= digit
    }
    digits.push(Number(digit))
  }
  return digits
}
