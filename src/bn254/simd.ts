/**
 * Two elements side by side in the lanes of vectors: five signed limbs of 51 bits, held as doubles.
 *
 * A product of two limbs has up to 102 bits. A fused multiply-add that rounds at the weight 2^51 gives its high
 * part, and a second one, exactly, what is left: Emmart, Zheng and Weems, "Faster Modular Exponentiation Using
 * Double Precision Floating Point Arithmetic on the GPU" (2018). Both are added up as the integers that the
 * doubles' bit patterns are, whose constant part is taken off in advance.
 */
import type { Arithmetic } from './field.js'
import type { Program } from './program.js'
import {
  type Code,
  call,
  control,
  f64,
  f64x2,
  I32,
  I64,
  i32,
  i64,
  i64x2,
  type Local,
  V128,
  v128,
} from './wasm.js'

const LIMBS = 5
const BITS = 51n
const MASK = (1n << BITS) - 1n
const HALF = 1n << (BITS - 1n)

/** Adding it rounds to a multiple of 2^51: 1.5 * 2^103, whose neighbours within 2^102 are 2^51 apart. */
const ROUND_HIGH = 3 * 2 ** 102
/** 1.5 * 2^52: adding it to an integer below 2^51 in size leaves that integer in the low bits. */
const ROUND_LOW = 3 * 2 ** 51
const ROUND_BOTH = ROUND_HIGH + ROUND_LOW

const bitsOf = (x: number): bigint => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, x)
  return view.getBigInt64(0)
}
const HIGH = bitsOf(ROUND_HIGH)
const LOW = bitsOf(ROUND_LOW)

const splatInt = (x: bigint): Code => v128.const(x, x)
const splats = new Map<number, Code>()
function splat(x: number): Code {
  let code = splats.get(x)
  if (code === undefined) {
    code = splatInt(bitsOf(x))
    splats.set(x, code)
  }
  return code
}

/** Signed limbs in [-2^50, 2^50), the last one with whatever is left. */
export function limbsOf(value: bigint): number[] {
  const limbs: number[] = []
  let rest = value
  for (let i = 0; i < LIMBS - 1; i++) {
    const limb = ((rest + HALF) & MASK) - HALF
    limbs.push(Number(limb))
    rest = (rest - limb) >> BITS
  }
  return [...limbs, Number(rest)]
}

/** The form with vectors and fused multiplication; it needs relaxed SIMD that really fuses. */
export const simdArithmetic: Arithmetic = {
  name: 'simd',
  fuses: true,
  rBits: LIMBS * Number(BITS),
  encode: (value) => new Uint8Array(Float64Array.from(limbsOf(value)).buffer),
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return Array.from({ length: LIMBS }, (_, i) => BigInt(view.getFloat64(8 * i, true))).reduceRight(
      (sum, limb) => (sum << BITS) + limb,
    )
  },
  join(a, b) {
    const pair = new Uint8Array(16 * LIMBS)
    for (let i = 0; i < LIMBS; i++) {
      pair.set(a.subarray(8 * i, 8 * i + 8), 16 * i)
      pair.set(b.subarray(8 * i, 8 * i + 8), 16 * i + 8)
    }
    return pair
  },
  split(pair) {
    const lane = (n: number) => {
      const bytes = new Uint8Array(8 * LIMBS)
      for (let i = 0; i < LIMBS; i++) bytes.set(pair.subarray(16 * i + 8 * n, 16 * i + 8 * n + 8), 8 * i)
      return bytes
    }
    return [lane(0), lane(1)]
  },
  addTo,
  addDot,
}

const limb = (pair: Code, i: number): Code => v128.load(pair, 16 * i)
const setLimb = (pair: Code, i: number, value: Code): Code => v128.store(pair, value, 16 * i)
const every = (code: (i: number) => Code): Code => Array.from({ length: LIMBS }, (_, i) => code(i))

/** Products of limbs, and where they go: `x * y` to the accumulators `to` and `to + 1`. */
interface Product {
  /** What has to run first. */
  readonly before?: Code
  readonly x: Code
  readonly y: Code
  readonly to: number
}

/**
 * What the accumulators start with, so that the bit patterns' constants cancel. The lower five end at 0 mod 2^51
 * with 2^63 on top, which keeps the logical shifts of carries from seeing a sign; the carry in brings 2^12 of
 * that, and the upper four have 2^50 more to round with. The last is left as the pattern of 1.5 * 2^52 + limb.
 *
 * @param lows  how many low parts each accumulator takes
 * @param highs how many high parts
 */
function startOf(index: number, lows: readonly number[], highs: readonly number[]): bigint {
  const last = 2 * LIMBS - 1
  const constants = BigInt(lows[index] ?? 0) * LOW + BigInt(highs[index] ?? 0) * HIGH
  const top = index === last ? LOW : 1n << 63n
  const carried = index === 0 ? 0n : 1n << 12n
  const rounding = index >= LIMBS && index < last ? HALF : 0n
  return top - constants - carried + rounding
}

/** Addresses of vectors of two equal doubles. */
const placed = new WeakMap<Program, Map<number, number>>()

/**
 * A vector from memory. V8 makes a constant anew wherever it is used since its compiler is Turboshaft: with those of the
 * modulus in memory a proof takes a sixth less there, and no more than 2 % more with V8 11.
 */
function loaded(program: Program, x: number): Code {
  const addresses = placed.get(program) ?? new Map<number, number>()
  placed.set(program, addresses)
  const address = addresses.get(x) ?? program.constant(new Uint8Array(Float64Array.of(x, x).buffer))
  addresses.set(x, address)
  return v128.load(i32.const(address), 0)
}

/** Code with limbs in locals that multiplication and its sums share. */
function limbCode(program: Program, modulus: bigint) {
  const p = limbsOf(modulus)
  // -1/p modulo 2^102, in two limbs.
  const inverse = -invertPowerOfTwo(modulus, 2n * BITS)
  const [n0, n1] = limbsOf(inverse & ((1n << (2n * BITS)) - 1n)).map((limb) => loaded(program, limb)) as [
    Code,
    Code,
  ]
  const loadedP = p.map((limb) => loaded(program, limb))

  /**
   * Reduces by Montgomery while the rows' products come in: row i goes to accumulators from i on.
   *
   * A quotient digit waits for the carry from the digit before it, and this chain, not the number of products,
   * takes the time. So two digits are found at once, the second one before the first one's products are added:
   * (u0 + u1 B) (n0 + n1 B) modulo B^2 for the two lowest limbs u. The fifth digit is alone.
   */
  const multiply = (o: {
    set: (i: number, limb: Code) => Code
    rows: readonly { readonly before: Code; readonly products: readonly Product[] }[]
    vector: () => Local
  }): Code => {
    const t = Array.from({ length: LIMBS + 2 }, () => o.vector())
    const [high, low, u, q, rest, v, r] = Array.from({ length: 7 }, () => o.vector()) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ]
    const [toHigh, toBoth] = [o.vector(), o.vector()]
    const [lows, highs]: [number[], number[]] = [[], []]
    const count = (counts: number[], index: number) => {
      counts[index] = (counts[index] ?? 0) + 1
    }
    const isFirstOfTwo = (row: number) => row % 2 === 0 && row + 1 < LIMBS
    o.rows.forEach(({ products }, row) => {
      for (const { to } of products) {
        count(lows, to)
        count(highs, to + 1)
      }
      for (let j = 0; j < LIMBS; j++) {
        // The first digit's lowest part is added to what is left of its accumulator after the carry.
        if (j > 0 || !isFirstOfTwo(row)) count(lows, row + j)
        count(highs, row + j + 1)
      }
    })
    // Accumulator k lives in t[k mod 7]: it is free again before k + 7 starts.
    const at = (k: number) => t[k % (LIMBS + 2)] as Local
    const start = (k: number): Code => at(k).set(splatInt(startOf(k, lows, highs)))
    /** Sets `high` and `low` to the parts of a product, as patterns. */
    const parts = (x: Code, y: Code): Code => [
      high.set(f64x2.relaxedMadd(x, y, toHigh.get)),
      low.set(f64x2.relaxedMadd(x, y, f64x2.sub(toBoth.get, high.get))),
    ]
    const product = (x: Code, y: Code, to: number): Code => [
      parts(x, y),
      at(to).set(i64x2.add(at(to).get, low.get)),
      at(to + 1).set(i64x2.add(at(to + 1).get, high.get)),
    ]
    const shifted = (x: Code): Code => i64x2.shrU(x, i32.const(Number(BITS)))
    const carry = (k: number): Code => at(k + 1).set(i64x2.add(at(k + 1).get, shifted(at(k).get)))
    const timesP = (digit: Local, row: number, from: number): Code =>
      loadedP.slice(from).map((limb, j) => product(digit.get, limb, row + from + j))
    /** The low part of u n0, in [-2^50, 2^50]; leaves `high`. */
    const firstDigit: Code = [parts(u.get, n0), q.set(f64x2.sub(low.get, splat(ROUND_LOW)))]

    const code: Code[] = [toHigh.set(splat(ROUND_HIGH)), toBoth.set(splat(ROUND_BOTH))]
    for (let k = 0; k < LIMBS; k++) code.push(start(k))
    const rowProducts = (row: number): Code => {
      const { before, products } = o.rows[row] as (typeof o.rows)[number]
      return [
        start(row + LIMBS),
        before,
        products.map(({ before: first = [], x, y, to }) => [first, product(x, y, to)]),
      ]
    }
    for (let row = 0; row < LIMBS; row += 2) {
      code.push(rowProducts(row))
      if (!isFirstOfTwo(row)) {
        code.push(u.set(toDouble(at(row).get, 0n)), firstDigit, timesP(q, row, 0), carry(row))
        continue
      }
      code.push(
        rowProducts(row + 1),
        rest.set(v128.and(at(row).get, splatInt(MASK))),
        u.set(toDouble(at(row).get, 0n)),
        carry(row),
        v.set(toDouble(at(row + 1).get, 0n)),
        firstDigit,
        // The patterns' constants are 0 modulo 2^51; so is what accumulator row + 1 still lacks of its own.
        r.set(high.get),
        parts(u.get, n1),
        r.set(i64x2.add(r.get, low.get)),
        parts(v.get, n0),
        r.set(toDouble(i64x2.add(i64x2.add(r.get, low.get), splatInt(HALF)), HALF)),
        // rest + low is 0 or 2^51.
        parts(q.get, loadedP[0] as Code),
        at(row + 1).set(i64x2.add(at(row + 1).get, high.get)),
        at(row + 1).set(
          i64x2.add(at(row + 1).get, shifted(i64x2.sub(i64x2.add(rest.get, low.get), splatInt(LOW)))),
        ),
        timesP(q, row, 1),
        timesP(r, row + 1, 0),
        carry(row + 1),
      )
    }
    for (let i = 0; i < LIMBS - 1; i++) {
      code.push(carry(LIMBS + i), o.set(i, toDouble(at(LIMBS + i).get, HALF)))
    }
    code.push(o.set(LIMBS - 1, f64x2.sub(at(2 * LIMBS - 1).get, splat(ROUND_LOW))))
    return code
  }

  /** Brings limbs in locals to at most 0.5001 p with carries passed. */
  const reduceLimbs = (l: readonly Local[], q: Local, c: Local): Code => {
    const perP = 2 ** 204 / Number(modulus)
    const carry = (i: number): Code => [
      c.set(f64x2.sub(f64x2.add(l[i]!.get, splat(ROUND_HIGH)), splat(ROUND_HIGH))),
      l[i]!.set(f64x2.sub(l[i]!.get, c.get)),
      l[i + 1]!.set(f64x2.relaxedMadd(c.get, splat(2 ** -51), l[i + 1]!.get)),
    ]
    return [
      q.set(
        f64x2.sub(f64x2.add(f64x2.mul(l[LIMBS - 1]!.get, splat(-perP)), splat(ROUND_LOW)), splat(ROUND_LOW)),
      ),
      every((i) => l[i]!.set(f64x2.relaxedMadd(q.get, loadedP[i] as Code, l[i]!.get))),
      Array.from({ length: LIMBS - 1 }, (_, i) => carry(i)),
    ]
  }

  return { p, multiply, reduceLimbs }
}

function addTo(program: Program, o: { name: string; modulus: bigint }): void {
  const { name, modulus } = o
  const { module } = program
  const { p, multiply, reduceLimbs } = limbCode(program, modulus)
  const define = (
    operation: string,
    params: number,
    body: (params: Local[], vector: () => Local, local: (type: typeof I32 | typeof I64) => Local) => Code,
  ) =>
    module.func({
      name: `${name}_${operation}`,
      params: Array(params).fill(I32),
      body: (f) => body(f.params, () => f.local(V128), f.local),
    })

  define('mul', 3, ([out, x, y], vector) => {
    const b = Array.from({ length: LIMBS }, vector)
    const a = vector()
    return [
      every((j) => b[j]!.set(limb(y!.get, j))),
      multiply({
        set: (i, value) => setLimb(out!.get, i, value),
        vector,
        rows: b.map((_, i) => ({
          before: a.set(limb(x!.get, i)),
          products: b.map((bj, j) => ({ x: a.get, y: bj.get, to: i + j })),
        })),
      }),
    ]
  })

  // w x + y z, and w x - y z, for one reduction.
  const sumOfProducts = (operation: string, sign: (limb: Code) => Code) =>
    define(operation, 5, ([out, w, x, y, z], vector) => {
      const [b, d] = [Array.from({ length: LIMBS }, vector), Array.from({ length: LIMBS }, vector)]
      const [a, c] = [vector(), vector()]
      return [
        every((j) => [b[j]!.set(limb(x!.get, j)), d[j]!.set(limb(z!.get, j))]),
        multiply({
          set: (i, value) => setLimb(out!.get, i, value),
          vector,
          rows: b.map((_, i) => ({
            before: [a.set(limb(w!.get, i)), c.set(sign(limb(y!.get, i)))],
            products: b.flatMap((bj, j) => [
              { x: a.get, y: bj.get, to: i + j },
              { x: c.get, y: d[j]!.get, to: i + j },
            ]),
          })),
        }),
      ]
    })
  sumOfProducts('mulAdd', (limb) => limb)
  sumOfProducts('mulSub', f64x2.neg)

  const square = (x: Local, set: (i: number, limb: Code) => Code, vector: () => Local): Code => {
    const a = Array.from({ length: LIMBS }, vector)
    const twice = vector()
    return [
      every((j) => a[j]!.set(limb(x.get, j))),
      multiply({
        set,
        vector,
        rows: a.map((ai, i) => ({
          before: twice.set(f64x2.add(ai.get, ai.get)),
          // Row i brings the products with limbs from i on; those with i + j < 5 + i are never late: the
          // accumulator 2i is reduced in row 2i or later.
          products: a
            .slice(i)
            .map((aj, k) => ({ x: k === 0 ? ai.get : twice.get, y: aj.get, to: 2 * i + k })),
        })),
      }),
    ]
  }
  define('sqr', 2, ([out, x], vector) => square(x!, (i, value) => setLimb(out!.get, i, value), vector))

  // The two ends of an affine addition: what follows a product stays in locals until it is reduced.
  const reduceProduct = (o: {
    product: (set: (i: number, limb: Code) => Code) => Code
    less: readonly Local[]
    out: Local
    vector: () => Local
  }): Code => {
    const l = Array.from({ length: LIMBS }, o.vector)
    return [
      o.product((i, value) => l[i]!.set(o.less.reduce((sum, y) => f64x2.sub(sum, limb(y.get, i)), value))),
      reduceLimbs(l, o.vector(), o.vector()),
      every((i) => setLimb(o.out.get, i, l[i]!.get)),
    ]
  }
  define('sqrSub2', 4, ([out, x, y, z], vector) =>
    reduceProduct({ product: (set) => square(x!, set, vector), less: [y!, z!], out: out!, vector }),
  )
  define('subMulSub', 5, ([out, w, x, y, z], vector) => {
    const b = Array.from({ length: LIMBS }, vector)
    const a = vector()
    return [
      every((j) => b[j]!.set(limb(y!.get, j))),
      reduceProduct({
        product: (set) =>
          multiply({
            set,
            vector,
            rows: b.map((_, i) => ({
              before: a.set(f64x2.sub(limb(w!.get, i), limb(x!.get, i))),
              products: b.map((bj, j) => ({ x: a.get, y: bj.get, to: i + j })),
            })),
          }),
        less: [z!],
        out: out!,
        vector,
      }),
    ]
  })

  const pointwise = (operation: string, count: number, code: (x: Code, y: Code) => Code) =>
    define(operation, 1 + count, ([out, x, y]) =>
      every((i) => setLimb(out!.get, i, code(limb(x!.get, i), y === undefined ? [] : limb(y.get, i)))),
    )
  pointwise('add', 2, f64x2.add)
  pointwise('sub', 2, f64x2.sub)
  pointwise('neg', 1, f64x2.neg)
  pointwise('copy', 1, (x) => x)
  pointwise('swap', 1, (x) => v128.shuffle(x, x, [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]))

  define('reduce', 2, ([out, x], vector) => {
    const l = Array.from({ length: LIMBS }, vector)
    return [
      every((i) => l[i]!.set(limb(x!.get, i))),
      reduceLimbs(l, vector(), vector()),
      every((i) => setLimb(out!.get, i, l[i]!.get)),
    ]
  })

  // 4 x is brought down first, because a limb of 9 x need not be exact.
  const nine = (operation: string, combine: (a: Code, b: Code) => Code) =>
    define(operation, 3, ([out, x, y], vector) => {
      const l = Array.from({ length: LIMBS }, vector)
      const [q, c] = [vector(), vector()]
      return [
        every((i) => l[i]!.set(f64x2.mul(limb(x!.get, i), splat(4)))),
        reduceLimbs(l, q, c),
        every((i) =>
          l[i]!.set(combine(f64x2.add(f64x2.add(l[i]!.get, l[i]!.get), limb(x!.get, i)), limb(y!.get, i))),
        ),
        reduceLimbs(l, q, c),
        every((i) => setLimb(out!.get, i, l[i]!.get)),
      ]
    })
  nine('nineAdd', f64x2.add)
  nine('nineSub', f64x2.sub)

  module.func({
    name: `${name}_zeros`,
    params: [I32],
    results: [I32],
    body: ({ params: [x], local }) => {
      const vector = () => local(V128)
      const l = Array.from({ length: LIMBS }, vector)
      const isZero = (i: number): Code => f64x2.eq(l[i]!.get, splat(0))
      return [
        every((i) => l[i]!.set(limb(x!.get, i))),
        reduceLimbs(l, vector(), vector()),
        i64x2.bitmask([1, 2, 3, 4].reduce((all, i) => v128.and(all, isZero(i)), isZero(0))),
      ]
    },
  })

  const gathered = (a: Code, b: Code, i: number): Code =>
    v128.load64Lane(b, v128.load64Zero(a, 8 * i), 1, 8 * i)
  define('gather', 3, ([out, a, b]) => every((i) => setLimb(out!.get, i, gathered(a!.get, b!.get, i))))
  define('gatherSigned', 5, ([out, a, negateA, b, negateB], vector) => {
    const sign = vector()
    const signOf = (flag: Code): Code => i64.shl(i64.extendU(flag), i64.const(63n))
    return [
      sign.set(i64x2.replaceLane(i64x2.splat(signOf(negateA!.get)), 1, signOf(negateB!.get))),
      every((i) => setLimb(out!.get, i, v128.xor(gathered(a!.get, b!.get, i), sign.get))),
    ]
  })
  define('scatter', 3, ([a, b, x], vector) => {
    const l = vector()
    return every((i) => [
      l.set(limb(x!.get, i)),
      v128.store64Lane(a!.get, l.get, 0, 8 * i),
      v128.store64Lane(b!.get, l.get, 1, 8 * i),
    ])
  })

  // Limb i takes bits 51 i to 51 i + 50 of the integer, unsigned: words of 64 bits shifted together.
  define('fromIntegers', 3, ([out, a, b], vector) => {
    const words = Array.from({ length: 4 }, vector)
    const bits = (i: number): Code => {
      const [word, shift] = [Math.floor((51 * i) / 64), (51 * i) % 64]
      const low = i64x2.shrU(words[word]!.get, i32.const(shift))
      const high = words[word + 1]
      const both =
        shift > 13 && high !== undefined ? v128.or(low, i64x2.shl(high.get, i32.const(64 - shift))) : low
      return v128.and(both, splatInt(MASK))
    }
    return [
      words.map((word, i) => word.set(gathered(a!.get, b!.get, i))),
      every((i) =>
        setLimb(out!.get, i, f64x2.sub(v128.or(bits(i), splatInt(bitsOf(2 ** 52))), splat(2 ** 52))),
      ),
    ]
  })

  // One lane after another, in 64-bit integers: conversions are rare.
  module.func({
    name: `${name}_storeInteger`,
    params: [I32, I32],
    exported: false,
    body: ({ params: [out, x], local }) => {
      const l = Array.from({ length: LIMBS }, () => local(I64))
      const carry: Code = l
        .slice(0, -1)
        .map((here, i) => [
          l[i + 1]!.set(i64.add(l[i + 1]!.get, i64.shrS(here.get, i64.const(BITS)))),
          here.set(i64.and(here.get, i64.const(MASK))),
        ])
      const word = (i: number): Code => {
        // Bits 64 i and up stand in the limb that holds bit 64 i, and in the next.
        const first = Math.floor((64 * i) / 51)
        const shift = 64 * i - 51 * first
        const low = i64.shrU(l[first]!.get, i64.const(BigInt(shift)))
        const next = l[first + 1]
        return next === undefined ? low : i64.or(low, i64.shl(next.get, i64.const(BigInt(51 - shift))))
      }
      return [
        every((i) => l[i]!.set(i64.truncF64(f64.load(x!.get, 16 * i)))),
        carry,
        control.if(i64.ltS(l[LIMBS - 1]!.get, i64.const(0n)), [
          every((i) => l[i]!.set(i64.add(l[i]!.get, i64.const(BigInt(p[i] as number))))),
          carry,
        ]),
        [0, 1, 2, 3].map((i) => i64.store(out!.get, word(i), 8 * i)),
      ]
    },
  })
  const reduced = program.scratch(16 * LIMBS)
  define('toIntegers', 3, ([a, b, x]) => [
    call(`${name}_reduce`, reduced, x!.get),
    call(`${name}_storeInteger`, a!.get, reduced),
    call(`${name}_storeInteger`, b!.get, i32.add(reduced, i32.const(8))),
  ])
}

function addDot(
  program: Program,
  o: { name: string; modulus: bigint; terms: number; addend: boolean },
): void {
  const { multiply, reduceLimbs } = limbCode(program, o.modulus)
  program.module.func({
    name: o.name,
    params: Array(1 + 2 * o.terms + Number(o.addend)).fill(I32),
    body: ({ params: [out, ...rest], local }) => {
      const vector = () => local(V128)
      const factors = Array.from({ length: 2 * o.terms }, (_, k) => {
        const [x, y] = [rest[k & ~1] as Local, rest[k | 1] as Local]
        const offset = 16 * LIMBS * (k & 1)
        return {
          x: (i: number) => v128.load(x.get, offset + 16 * i),
          y: (i: number) => v128.load(y.get, offset + 16 * i),
          limb: vector(),
        }
      })
      const other = vector()
      const l = Array.from({ length: LIMBS }, vector)
      const addend = rest[2 * o.terms]
      return [
        multiply({
          set: (i, value) => l[i]!.set(addend === undefined ? value : f64x2.add(value, limb(addend.get, i))),
          vector,
          rows: l.map((_, i) => ({
            before: factors.map(({ x, limb }) => limb.set(x(i))),
            products: factors.flatMap(({ y, limb }) =>
              l.map((_, j) => ({ before: other.set(y(j)), x: limb.get, y: other.get, to: i + j })),
            ),
          })),
        }),
        reduceLimbs(l, vector(), vector()),
        every((i) => setLimb(out!.get, i, l[i]!.get)),
      ]
    },
  })
}

/** The low 51 bits of integers, less `offset`, as doubles. */
function toDouble(integers: Code, offset: bigint): Code {
  const bits = v128.or(v128.and(integers, splatInt(MASK)), splatInt(bitsOf(2 ** 52)))
  return f64x2.sub(bits, splat(2 ** 52 + Number(offset)))
}

/** Inverse of an odd number modulo 2^bits, by Newton's iteration. */
function invertPowerOfTwo(value: bigint, bits: bigint): bigint {
  let inverse = 1n
  for (let known = 1n; known < bits; known *= 2n)
    inverse = BigInt.asUintN(Number(bits), inverse * (2n - value * inverse))
  return inverse
}
