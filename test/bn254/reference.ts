/** BN254 in bigints, as slow and as plain as possible: what the generated code is compared with. */

/** Modulus of coordinates, and order of the groups. */
export const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n
export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** Residue in [0, m). */
export const mod = (x: bigint, m: bigint): bigint => ((x % m) + m) % m

/** x^e mod m, for e >= 0. */
export function power(x: bigint, e: bigint, m: bigint): bigint {
  let result = 1n
  for (let [base, rest] = [mod(x, m), e]; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * base) % m
    base = (base * base) % m
  }
  return result
}

/** Operations of a field on elements of type T. */
export interface ReferenceField<T> {
  readonly zero: T
  readonly one: T
  readonly add: (a: T, b: T) => T
  readonly sub: (a: T, b: T) => T
  readonly mul: (a: T, b: T) => T
  /** Inverse; of 0, it is 0. */
  readonly inv: (a: T) => T
  readonly equal: (a: T, b: T) => boolean
}

/** The prime field of modulus m. */
export const primeField = (m: bigint): ReferenceField<bigint> => ({
  zero: 0n,
  one: 1n,
  add: (a, b) => mod(a + b, m),
  sub: (a, b) => mod(a - b, m),
  mul: (a, b) => mod(a * b, m),
  inv: (a) => power(a, m - 2n, m),
  equal: (a, b) => a === b,
})

export const Fq = primeField(Q)

/** c0 + c1 u with u^2 = -1. */
export type Fq2Element = readonly [bigint, bigint]

export const Fq2: ReferenceField<Fq2Element> = {
  zero: [0n, 0n],
  one: [1n, 0n],
  add: (a, b) => [Fq.add(a[0], b[0]), Fq.add(a[1], b[1])],
  sub: (a, b) => [Fq.sub(a[0], b[0]), Fq.sub(a[1], b[1])],
  mul: (a, b) => [mod(a[0] * b[0] - a[1] * b[1], Q), mod(a[0] * b[1] + a[1] * b[0], Q)],
  inv: (a) => {
    const norm = Fq.inv(mod(a[0] * a[0] + a[1] * a[1], Q))
    return [Fq.mul(a[0], norm), Fq.mul(mod(-a[1], Q), norm)]
  },
  equal: (a, b) => a[0] === b[0] && a[1] === b[1],
}

/** An affine point, or infinity. */
export type Point<T> = { readonly x: T; readonly y: T } | undefined

/** A group of points. */
export interface ReferenceGroup<T> {
  readonly field: ReferenceField<T>
  readonly generator: NonNullable<Point<T>>
  readonly add: (a: Point<T>, b: Point<T>) => Point<T>
  readonly neg: (a: Point<T>) => Point<T>
  /** k a for k >= 0. */
  readonly scale: (a: Point<T>, k: bigint) => Point<T>
  readonly msm: (points: readonly Point<T>[], scalars: readonly bigint[]) => Point<T>
  readonly equal: (a: Point<T>, b: Point<T>) => boolean
}

function group<T>(field: ReferenceField<T>, generator: NonNullable<Point<T>>): ReferenceGroup<T> {
  const { add, sub, mul, inv, equal } = field
  const self: ReferenceGroup<T> = {
    field,
    generator,
    add(a, b) {
      if (a === undefined) return b
      if (b === undefined) return a
      const same = equal(a.x, b.x)
      if (same && !equal(a.y, b.y)) return undefined
      const xx = mul(a.x, a.x)
      const slope = same
        ? mul(add(xx, add(xx, xx)), inv(add(a.y, a.y)))
        : mul(sub(b.y, a.y), inv(sub(b.x, a.x)))
      const x = sub(sub(mul(slope, slope), a.x), b.x)
      return { x, y: sub(mul(slope, sub(a.x, x)), a.y) }
    },
    neg: (a) => a && { x: a.x, y: sub(field.zero, a.y) },
    scale(a, k) {
      let result: Point<T>
      for (let [base, rest] = [a, k]; rest > 0n; rest >>= 1n) {
        if (rest & 1n) result = self.add(result, base)
        base = self.add(base, base)
      }
      return result
    },
    msm: (points, scalars) =>
      points.reduce<Point<T>>((sum, p, i) => self.add(sum, self.scale(p, scalars[i] as bigint)), undefined),
    equal: (a, b) => (a === undefined || b === undefined ? a === b : equal(a.x, b.x) && equal(a.y, b.y)),
  }
  return self
}

/** Generators as in EIP-197. */
export const G1 = group(Fq, { x: 1n, y: 2n })
export const G2 = group(Fq2, {
  x: [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  y: [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
})

/** Numbers that look random and are the same in every run: xorshift128+ on 64-bit words. */
export function randomness(seed: bigint): { below: (m: bigint) => bigint; word: () => bigint } {
  const MASK = (1n << 64n) - 1n
  let [a, b] = [(seed * 0x9e3779b97f4a7c15n + 1n) & MASK, 0x2545f4914f6cdd1dn]
  const word = () => {
    let x = a
    a = b
    x ^= (x << 23n) & MASK
    b = x ^ b ^ (x >> 17n) ^ (b >> 26n)
    return (a + b) & MASK
  }
  for (let i = 0; i < 8; i++) word()
  return {
    word,
    below(m) {
      let x = 0n
      for (let bits = m.toString(2).length + 64; bits > 0; bits -= 64) x = (x << 64n) | word()
      return x % m
    },
  }
}
