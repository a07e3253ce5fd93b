/**
 * Two elements one after the other: nine signed limbs of 29 bits, held as 32-bit integers. For engines without
 * relaxed SIMD, or whose multiply-add does not fuse.
 */
import type { Arithmetic } from './field.js'
import type { Program } from './program.js'
import { type Code, call, control, I32, I64, i32, i64, type Local } from './wasm.js'

const LIMBS = 9
const ELEMENT_LENGTH = 40
const BITS = 29n
const MASK = (1n << BITS) - 1n
const HALF = 1n << (BITS - 1n)

/** Signed limbs in [-2^28, 2^28), the last one with whatever is left. */
function limbsOf(value: bigint): bigint[] {
  const limbs: bigint[] = []
  let rest = value
  for (let i = 0; i < LIMBS - 1; i++) {
    const limb = ((rest + HALF) & MASK) - HALF
    limbs.push(limb)
    rest = (rest - limb) >> BITS
  }
  return [...limbs, rest]
}

/** The form with 64-bit integer multiplication, for any WebAssembly. */
export const scalarArithmetic: Arithmetic = {
  name: 'scalar',
  fuses: false,
  rBits: LIMBS * Number(BITS),
  encode(value) {
    const bytes = new Uint8Array(ELEMENT_LENGTH)
    const view = new DataView(bytes.buffer)
    for (const [i, limb] of limbsOf(value).entries()) view.setInt32(4 * i, Number(limb), true)
    return bytes
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    return Array.from({ length: LIMBS }, (_, i) => BigInt(view.getInt32(4 * i, true))).reduceRight(
      (sum, limb) => (sum << BITS) + limb,
    )
  },
  join: (a, b) => Uint8Array.from([...a, ...b]),
  split: (pair) => [pair.slice(0, ELEMENT_LENGTH), pair.slice(ELEMENT_LENGTH)],
  addTo,
  addDot,
}

const every = (code: (i: number) => Code): Code => Array.from({ length: LIMBS }, (_, i) => code(i))
const setLimb = (element: Code, i: number, value: Code): Code => i64.store32(element, value, 4 * i)
const loadLimbs = (limbs: readonly Local[], element: Code): Code =>
  every((i) => limbs[i]!.set(i64.load32s(element, 4 * i)))
const second = (pair: Code): Code => i32.add(pair, i32.const(ELEMENT_LENGTH))

/** Code with limbs in locals that multiplication and its sums share. */
function limbCode(modulus: bigint) {
  const p = limbsOf(modulus)
  const n0 = BigInt.asUintN(29, -invertPowerOfTwo(modulus))

  /** Passes carries, rounding to the nearest, so that limbs end in [-2^28, 2^28). */
  const carry = (t: readonly Local[], c: Local): Code =>
    t
      .slice(0, -1)
      .map((limb, i) => [
        c.set(i64.shrS(i64.add(limb.get, i64.const(HALF)), i64.const(BITS))),
        limb.set(i64.sub(limb.get, i64.shl(c.get, i64.const(BITS)))),
        t[i + 1]!.set(i64.add(t[i + 1]!.get, c.get)),
      ])

  const multiply = (
    set: (i: number, limb: Code) => Code,
    integer: () => Local,
    rows: readonly Code[][],
    columns: (i: number) => Code,
  ) => {
    const t = Array.from({ length: LIMBS }, integer)
    const q = integer()
    // Accumulator k lives in t[k mod 9]; row i frees accumulator i and starts i + 9 with its last product.
    const at = (k: number) => t[k % LIMBS] as Local
    const code: Code[] = []
    rows.forEach((products, i) => {
      code.push(columns(i))
      products.forEach((product, j) => {
        if (product.length > 0) code.push(at(i + j).set(i64.add(at(i + j).get, product)))
      })
      code.push(
        q.set(i64.and(i64.mul(at(i).get, i64.const(n0)), i64.const(MASK))),
        // Signed, so that the result is at most 0.5 p off.
        q.set(i64.sub(i64.xor(q.get, i64.const(HALF)), i64.const(HALF))),
      )
      for (let j = 0; j < LIMBS; j++) {
        code.push(at(i + j).set(i64.add(at(i + j).get, i64.mul(q.get, i64.const(p[j] as bigint)))))
      }
      code.push(
        at(i + 1).set(i64.add(at(i + 1).get, i64.shrS(at(i).get, i64.const(BITS)))),
        at(i + LIMBS).set(i64.const(0n)),
      )
    })
    const result = Array.from({ length: LIMBS }, (_, i) => at(LIMBS + i))
    return [code, carry(result, q), every((i) => set(i, result[i]!.get))]
  }

  const FRACTION = 40n
  const perP = (1n << (232n + FRACTION)) / modulus
  /** Brings limbs in locals to at most 0.5001 p with carries passed. */
  const reduceLimbs = (l: readonly Local[], c: Local): Code => [
    c.set(
      i64.shrS(
        i64.add(i64.mul(l[LIMBS - 1]!.get, i64.const(perP)), i64.const(1n << (FRACTION - 1n))),
        i64.const(FRACTION),
      ),
    ),
    every((i) => l[i]!.set(i64.sub(l[i]!.get, i64.mul(c.get, i64.const(p[i] as bigint))))),
    carry(l, c),
  ]
  return { p, carry, multiply, reduceLimbs }
}

function addTo(program: Program, o: { name: string; modulus: bigint }): void {
  const { name, modulus } = o
  const { module } = program
  const { p, carry, multiply, reduceLimbs } = limbCode(modulus)
  type Body = (params: Local[], integer: () => Local) => Code

  /** Adds a function of elements, `<operation>1`, and one of pairs that calls it twice. */
  const define = (operation: string, params: number, body: Body): void => {
    module.func({
      name: `${name}_${operation}1`,
      params: Array(params).fill(I32),
      exported: false,
      body: (f) => body(f.params, () => f.local(I64)),
    })
    const call1 = (place: (pair: Code) => Code, pairs: Local[]) =>
      call(`${name}_${operation}1`, ...pairs.map((pair) => place(pair.get)))
    module.func({
      name: `${name}_${operation}`,
      params: Array(params).fill(I32),
      body: ({ params: pairs }) => [call1((pair) => pair, pairs), call1(second, pairs)],
    })
  }

  define('mul', 3, ([out, x, y], integer) => {
    const b = Array.from({ length: LIMBS }, integer)
    const a = integer()
    return [
      every((j) => b[j]!.set(i64.load32s(y!.get, 4 * j))),
      multiply(
        (i, value) => setLimb(out!.get, i, value),
        integer,
        b.map(() => b.map((bj) => i64.mul(a.get, bj.get))),
        (i) => a.set(i64.load32s(x!.get, 4 * i)),
      ),
    ]
  })
  // w x + y z, and w x - y z, for one reduction.
  const sumOfProducts = (operation: string, combine: (a: Code, b: Code) => Code) =>
    define(operation, 5, ([out, w, x, y, z], integer) => {
      const [b, d] = [Array.from({ length: LIMBS }, integer), Array.from({ length: LIMBS }, integer)]
      const [a, c] = [integer(), integer()]
      return [
        every((j) => [b[j]!.set(i64.load32s(x!.get, 4 * j)), d[j]!.set(i64.load32s(z!.get, 4 * j))]),
        multiply(
          (i, value) => setLimb(out!.get, i, value),
          integer,
          b.map(() => b.map((bj, j) => combine(i64.mul(a.get, bj.get), i64.mul(c.get, d[j]!.get)))),
          (i) => [a.set(i64.load32s(w!.get, 4 * i)), c.set(i64.load32s(y!.get, 4 * i))],
        ),
      ]
    })
  sumOfProducts('mulAdd', i64.add)
  sumOfProducts('mulSub', i64.sub)

  define('sqr', 2, ([out, x], integer) => {
    const a = Array.from({ length: LIMBS }, integer)
    const twice = integer()
    return [
      every((j) => a[j]!.set(i64.load32s(x!.get, 4 * j))),
      multiply(
        (i, value) => setLimb(out!.get, i, value),
        integer,
        // Row i holds a_i a_i and 2 a_i a_j for j > i; accumulator i + j takes them.
        a.map((ai, i) => a.map((aj, j) => (j < i ? [] : i64.mul(j === i ? ai.get : twice.get, aj.get)))),
        (i) => twice.set(i64.add(a[i]!.get, a[i]!.get)),
      ),
    ]
  })

  const pointwise = (operation: string, count: number, code: (x: Code, y: Code) => Code) =>
    define(operation, 1 + count, ([out, x, y]) =>
      every((i) =>
        i32.store(
          out!.get,
          code(i32.load(x!.get, 4 * i), y === undefined ? [] : i32.load(y.get, 4 * i)),
          4 * i,
        ),
      ),
    )
  pointwise('add', 2, i32.add)
  pointwise('sub', 2, i32.sub)
  pointwise('neg', 1, (x) => i32.sub(i32.const(0), x))
  pointwise('copy', 1, (x) => x)

  define('reduce', 2, ([out, x], integer) => {
    const l = Array.from({ length: LIMBS }, integer)
    return [loadLimbs(l, x!.get), reduceLimbs(l, integer()), every((i) => setLimb(out!.get, i, l[i]!.get))]
  })
  const nine = (operation: string, combine: (a: Code, b: Code) => Code) =>
    define(operation, 3, ([out, x, y], integer) => {
      const l = Array.from({ length: LIMBS }, integer)
      return [
        every((i) =>
          l[i]!.set(combine(i64.mul(i64.load32s(x!.get, 4 * i), i64.const(9n)), i64.load32s(y!.get, 4 * i))),
        ),
        reduceLimbs(l, integer()),
        every((i) => setLimb(out!.get, i, l[i]!.get)),
      ]
    })
  nine('nineAdd', i64.add)
  nine('nineSub', i64.sub)
  module.func({
    name: `${name}_zero1`,
    params: [I32],
    results: [I32],
    exported: false,
    body: ({ params: [x], local }) => {
      const l = Array.from({ length: LIMBS }, () => local(I64))
      return [
        loadLimbs(l, x!.get),
        reduceLimbs(l, local(I64)),
        i64.eqz(l.slice(1).reduce((all, limb) => i64.or(all, limb.get), l[0]!.get)),
      ]
    },
  })
  module.func({
    name: `${name}_zeros`,
    params: [I32],
    results: [I32],
    body: ({ params: [x] }) =>
      i32.or(call(`${name}_zero1`, x!.get), i32.shl(call(`${name}_zero1`, second(x!.get)), i32.const(1))),
  })

  const onPairs = (operation: string, params: number, body: (p: Local[]) => Code) =>
    module.func({
      name: `${name}_${operation}`,
      params: Array(params).fill(I32),
      body: (f) => body(f.params),
    })
  const copy1 = (out: Code, x: Code): Code => call(`${name}_copy1`, out, x)
  const scratch = program.scratch(ELEMENT_LENGTH)
  onPairs('swap', 2, ([out, x]) => [
    copy1(scratch, x!.get),
    copy1(out!.get, second(x!.get)),
    copy1(second(out!.get), scratch),
  ])
  onPairs('gather', 3, ([out, a, b]) => [copy1(out!.get, a!.get), copy1(second(out!.get), b!.get)])
  onPairs('scatter', 3, ([a, b, x]) => [copy1(a!.get, x!.get), copy1(b!.get, second(x!.get))])
  const signed1 = (out: Code, x: Code, negate: Code): Code =>
    control.if(negate, call(`${name}_neg1`, out, x), copy1(out, x))
  onPairs('gatherSigned', 5, ([out, a, negateA, b, negateB]) => [
    signed1(out!.get, a!.get, negateA!.get),
    signed1(second(out!.get), b!.get, negateB!.get),
  ])

  // Limb i takes bits 29 i to 29 i + 28 of the integer, then carries round.
  const load1 = (out: Code, x: Code, l: readonly Local[], c: Local): Code => {
    const bits = (i: number): Code => {
      const [word, shift] = [Math.floor((29 * i) / 64), BigInt((29 * i) % 64)]
      const low = i64.shrU(i64.load(x, 8 * word), i64.const(shift))
      const both =
        shift > 35n && word < 3
          ? i64.or(low, i64.shl(i64.load(x, 8 * word + 8), i64.const(64n - shift)))
          : low
      return i64.and(both, i64.const(MASK))
    }
    return [every((i) => l[i]!.set(bits(i))), carry(l, c), every((i) => setLimb(out, i, l[i]!.get))]
  }
  module.func({
    name: `${name}_fromIntegers`,
    params: [I32, I32, I32],
    body: ({ params: [out, a, b], local }) => {
      const l = Array.from({ length: LIMBS }, () => local(I64))
      const c = local(I64)
      return [load1(out!.get, a!.get, l, c), load1(second(out!.get), b!.get, l, c)]
    },
  })
  module.func({
    name: `${name}_storeInteger`,
    params: [I32, I32],
    exported: false,
    body: ({ params: [out, x], local }) => {
      const l = Array.from({ length: LIMBS }, () => local(I64))
      const floor: Code = l
        .slice(0, -1)
        .map((here, i) => [
          l[i + 1]!.set(i64.add(l[i + 1]!.get, i64.shrS(here.get, i64.const(BITS)))),
          here.set(i64.and(here.get, i64.const(MASK))),
        ])
      const word = (i: number): Code =>
        l.reduce<Code>((sum, here, k) => {
          const shift = 29 * k - 64 * i
          if (shift <= -29 || shift >= 64) return sum
          const part =
            shift < 0
              ? i64.shrU(here.get, i64.const(BigInt(-shift)))
              : i64.shl(here.get, i64.const(BigInt(shift)))
          return i64.or(sum, part)
        }, i64.const(0n))
      return [
        loadLimbs(l, x!.get),
        reduceLimbs(l, local(I64)),
        floor,
        control.if(i64.ltS(l[LIMBS - 1]!.get, i64.const(0n)), [
          every((i) => l[i]!.set(i64.add(l[i]!.get, i64.const(p[i] as bigint)))),
          floor,
        ]),
        [0, 1, 2, 3].map((i) => i64.store(out!.get, word(i), 8 * i)),
      ]
    },
  })
  onPairs('toIntegers', 3, ([a, b, x]) => [
    call(`${name}_storeInteger`, a!.get, x!.get),
    call(`${name}_storeInteger`, b!.get, second(x!.get)),
  ])
}

function addDot(
  program: Program,
  o: { name: string; modulus: bigint; terms: number; addend: boolean },
): void {
  const { multiply, reduceLimbs } = limbCode(o.modulus)
  const params = Array(1 + 2 * o.terms + Number(o.addend)).fill(I32)
  program.module.func({
    name: `${o.name}1`,
    params,
    exported: false,
    body: ({ params: [out, ...rest], local }) => {
      const integer = () => local(I64)
      const factors = Array.from({ length: 2 * o.terms }, (_, k) => {
        const [x, y] = [rest[k & ~1] as Local, rest[k | 1] as Local]
        const offset = 2 * ELEMENT_LENGTH * (k & 1)
        return {
          x: (i: number) => i64.load32s(x.get, offset + 4 * i),
          y: (i: number) => i64.load32s(y.get, offset + 4 * i),
          limb: integer(),
        }
      })
      const l = Array.from({ length: LIMBS }, integer)
      const addend = rest[2 * o.terms]
      const column = (j: number): Code =>
        factors.map(({ y, limb }) => i64.mul(limb.get, y(j))).reduce((sum, product) => i64.add(sum, product))
      return [
        multiply(
          (i, value) =>
            l[i]!.set(addend === undefined ? value : i64.add(value, i64.load32s(addend.get, 4 * i))),
          integer,
          l.map(() => l.map((_, j) => column(j))),
          (i) => factors.map(({ x, limb }) => limb.set(x(i))),
        ),
        reduceLimbs(l, integer()),
        every((i) => setLimb(out!.get, i, l[i]!.get)),
      ]
    },
  })
  program.module.func({
    name: o.name,
    params,
    body: ({ params: pairs }) => [
      call(`${o.name}1`, ...pairs.map((pair) => pair.get)),
      call(`${o.name}1`, ...pairs.map((pair) => second(pair.get))),
    ],
  })
}

/** Inverse of an odd number modulo 2^29, by Newton's iteration. */
function invertPowerOfTwo(value: bigint): bigint {
  let inverse = 1n
  for (let bits = 1; bits < 29; bits *= 2) inverse = BigInt.asUintN(29, inverse * (2n - value * inverse))
  return inverse
}
