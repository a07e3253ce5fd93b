import assert from 'node:assert/strict'
import { addField, type Field, INTEGER, PAIR } from '../../src/bn254/field.js'
import { type Code, control, I32, i32 } from '../../src/bn254/wasm.js'
import { host } from './host.js'
import {
  boundaryIntegers,
  bytesOf,
  encoded,
  extreme,
  integerOf,
  type Limbs,
  limbsOf,
  negated,
  SHAPES,
  sum,
  tightLimb,
} from './operands.js'
import { mod, power, Q, R, randomness } from './reference.js'

/** SOULPROOF_LONG=1 tries millions of operands instead of tens of thousands. */
const ROUNDS = process.env['SOULPROOF_LONG'] === '1' ? 100 : 4
/** Pairs that one call works through. */
const BATCH = 2048

/** Adds a function that runs `operation` over arrays: `out` and each of `count` operands advance by their length. */
function addLoop(
  program: Parameters<Parameters<typeof host>[0]>[0],
  o: { name: string; operands: number; operation: (out: Code, ...x: Code[]) => Code },
): void {
  program.module.func({
    name: `loop_${o.name}`,
    params: Array(o.operands + 2).fill(I32),
    body: ({ params }) => {
      const [n, ...pointers] = params
      const codes = pointers.map((p) => p.get)
      return control.loop(
        o.operation(...(codes as [Code, ...Code[]])),
        pointers.map((p) => p.set(i32.add(p.get, i32.const(PAIR)))),
        n!.set(i32.sub(n!.get, i32.const(1))),
        control.brIf(0, n!.get),
      )
    },
  })
}

for (const arithmetic of ['simd', 'scalar'] as const) {
  describe(`bn254/field, ${arithmetic}`, () => {
    let field!: Field
    const h = host((program) => {
      field = addField(program, { name: 'fq', modulus: Q, arithmetic })
      addField(program, { name: 'fr', modulus: R, arithmetic })
      const two = ['mul', 'add', 'sub'] as const
      for (const name of two) addLoop(program, { name, operands: 2, operation: field[name] })
      for (const name of ['sqr', 'neg', 'reduce', 'inv', 'swap', 'copy'] as const)
        addLoop(program, { name, operands: 1, operation: field[name] })
      for (const name of ['mulAdd', 'mulSub', 'subMulSub'] as const)
        addLoop(program, { name, operands: 4, operation: field[name] })
      addLoop(program, { name: 'sqrSub2', operands: 3, operation: field.sqrSub2 })
      addLoop(program, {
        name: 'zeros',
        operands: 1,
        operation: (out, x) => i32.store(out, field.zeros(x)),
      })
    })
    const { join, split } = field.arithmetic
    const r = 1n << BigInt(field.arithmetic.rBits)
    const inverseOfR = power(r, Q - 2n, Q)
    const half = tightLimb(arithmetic)
    const out = h.alloc(PAIR * BATCH)
    const places = Array.from({ length: 4 }, () => h.alloc(PAIR * BATCH))

    /** Runs an operation on columns of elements, two of which make a pair, and leaves its results at `out`. */
    function apply(name: string, operands: readonly (readonly Limbs[])[]): number {
      const length = operands[0]!.length
      assert.ok(length % 2 === 0 && length <= 2 * BATCH)
      for (const [i, column] of operands.entries()) {
        for (let j = 0; j < length; j += 2) {
          const pair = join(
            bytesOf(arithmetic, column[j] as Limbs),
            bytesOf(arithmetic, column[j + 1] as Limbs),
          )
          h.bytes.set(pair, (places[i] as number) + (j / 2) * PAIR)
        }
      }
      h.call[`loop_${name}`]!(length / 2, out, ...places.slice(0, operands.length))
      return length / 2
    }
    const readPairs = (at: number, count: number): Limbs[] =>
      Array.from({ length: count }, (_, j) => split(h.bytes.slice(at + j * PAIR, at + (j + 1) * PAIR)))
        .flat()
        .map((bytes) => limbsOf(arithmetic, bytes))
    const run = (name: string, ...operands: readonly (readonly Limbs[])[]): Limbs[] =>
      readPairs(out, apply(name, operands))
    const value = (limbs: Limbs): bigint => integerOf(arithmetic, limbs)

    /** Limbs are within what `tight` means, and the value is at most `bound` p. */
    function assertTight(limbs: Limbs, bound: number): void {
      for (const limb of limbs.slice(0, -1)) assert.ok(limb >= -half && limb <= half, 'a limb is loose')
      const v = value(limbs)
      const most = (Q * BigInt(Math.ceil(bound * 1e6))) / 1_000_000n
      assert.ok(v <= most && v >= -most, `more than ${bound} p`)
    }
    const ratio = (limbs: Limbs): number => {
      const v = value(limbs)
      return Number(((v < 0n ? -v : v) * 1_000_000n) / Q) / 1e6 + 1e-6
    }

    const boundaries = boundaryIntegers().map((x) => encoded(arithmetic, x))
    const random = randomness(254n)
    const anyTight = (bound?: number): Limbs => {
      switch (Number(random.below(4n))) {
        case 0:
          return encoded(arithmetic, random.below(Q))
        case 1:
          return negated(encoded(arithmetic, random.below(Q)))
        case 2:
          return boundaries[Number(random.below(BigInt(boundaries.length)))] as Limbs
        default:
          return extreme(arithmetic, random, bound)
      }
    }
    const anyLazy = (bound?: number): Limbs => {
      const [a, b] = [anyTight(bound), anyTight(bound)]
      const kind = Number(random.below(3n))
      return kind === 0 ? a : sum(a, kind === 1 ? b : negated(b))
    }
    const many = (make: () => Limbs): Limbs[] => Array.from({ length: 2 * BATCH }, make)

    function checkProducts(xs: readonly Limbs[], ys: readonly Limbs[]): void {
      for (const [i, z] of run('mul', xs, ys).entries()) {
        const [x, y] = [xs[i] as Limbs, ys[i] as Limbs]
        assert.equal(mod(value(z) * r, Q), mod(value(x) * value(y), Q))
        assertTight(z, 0.379 * ratio(x) * ratio(y) + 0.5001)
      }
    }

    it('multiplies what is tight, and sums and differences of it, on either side', () => {
      for (let round = 0; round < ROUNDS; round++)
        checkProducts(
          many(() => anyLazy()),
          many(() => anyLazy()),
        )
    })

    it('multiplies all pairs of boundary values', () => {
      const all = boundaries.flatMap((x) => boundaries.map((y) => [x, y] as const))
      if (all.length % 2 === 1) all.push(all[0]!)
      for (let i = 0; i < all.length; i += 2 * BATCH) {
        const part = all.slice(i, i + 2 * BATCH)
        checkProducts(
          part.map(([x]) => x),
          part.map(([, y]) => y),
        )
      }
    })

    it('squares what is tight', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const xs = [...boundaries, ...many(() => anyTight())].slice(0, 2 * BATCH)
        for (const [i, z] of run('sqr', xs).entries()) {
          const x = xs[i] as Limbs
          assert.equal(mod(value(z) * r, Q), mod(value(x) ** 2n, Q))
          assertTight(z, 0.379 * ratio(x) ** 2 + 0.5001)
        }
      }
    })

    it('adds and subtracts two products with one reduction', () => {
      for (let round = 0; round < ROUNDS; round++) {
        // Together at most what one product may have.
        const operand = () => many(() => anyLazy(0.83))
        const [ws, xs, ys, zs] = [operand(), operand(), operand(), operand()]
        for (const [name, sign] of [
          ['mulAdd', 1n],
          ['mulSub', -1n],
        ] as const) {
          for (const [i, v] of run(name, ws, xs, ys, zs).entries()) {
            const [w, x, y, z] = [ws[i], xs[i], ys[i], zs[i]] as [Limbs, Limbs, Limbs, Limbs]
            assert.equal(mod(value(v) * r, Q), mod(value(w) * value(x) + sign * value(y) * value(z), Q))
            assertTight(v, 0.379 * (ratio(w) * ratio(x) + ratio(y) * ratio(z)) + 0.5001)
          }
        }
      }
    })

    it('makes the two ends of an affine addition: x^2 - y - z and (w - x) y - z, reduced', () => {
      for (let round = 0; round < ROUNDS; round++) {
        const operand = () => [...boundaries, ...many(() => anyTight(1.2))].slice(0, 2 * BATCH)
        const [ws, xs, ys, zs] = [operand(), operand().reverse(), operand(), operand().reverse()]
        const check = (v: Limbs, i: number, expected: (...limbs: [Limbs, Limbs, Limbs, Limbs]) => bigint) => {
          const product = expected(ws[i]!, xs[i]!, ys[i]!, zs[i]!)
          assert.equal(mod(value(v) * r, Q), mod(product, Q))
          assertTight(v, 0.5001)
        }
        for (const [i, v] of run('sqrSub2', xs, ys, zs).entries())
          check(v, i, (_, x, y, z) => value(x) ** 2n - (value(y) + value(z)) * r)
        for (const [i, v] of run('subMulSub', ws, xs, ys, zs).entries())
          check(v, i, (w, x, y, z) => (value(w) - value(x)) * value(y) - value(z) * r)
      }
    })

    it('adds, subtracts, negates, copies and swaps', () => {
      const [xs, ys] = [many(() => anyTight()), many(() => anyTight())]
      for (const [i, z] of run('add', xs, ys).entries()) assert.deepEqual(z, sum(xs[i]!, ys[i]!))
      for (const [i, z] of run('sub', xs, ys).entries()) assert.deepEqual(z, sum(xs[i]!, negated(ys[i]!)))
      for (const [i, z] of run('neg', xs).entries()) assert.deepEqual(z, negated(xs[i]!))
      assert.deepEqual(run('copy', xs), xs)
      for (const [i, z] of run('swap', xs).entries()) assert.deepEqual(z, xs[i ^ 1])
    })

    it('reduces up to 8 p', () => {
      for (let round = 0; round < ROUNDS; round++) {
        // Six tight elements of at most 1.2 p.
        const xs = many(() =>
          [anyTight, anyTight, anyTight, anyTight, anyTight].map((f) => f()).reduce(sum, anyTight()),
        )
        for (const [i, z] of run('reduce', xs).entries()) {
          assert.equal(mod(value(z), Q), mod(value(xs[i]!), Q))
          assertTight(z, 0.5001)
        }
      }
      // Multiples of p and of p / 2, to either side of where the quotient changes.
      const edges: Limbs[] = []
      for (let k = -16n; k <= 16n; k++)
        for (let d = -2n; d <= 1n; d++) {
          const v = (k * Q) / 2n + d
          edges.push(v < 0n ? negated(encoded(arithmetic, -v)) : encoded(arithmetic, v))
        }
      for (const [i, z] of run('reduce', edges).entries()) {
        assert.equal(mod(value(z), Q), mod(value(edges[i]!), Q))
        assertTight(z, 0.5001)
      }
    })

    it('finds zeros among multiples of p, however written', () => {
      const p = encoded(arithmetic, Q)
      const xs: Limbs[] = []
      const expected: number[] = []
      for (let k = -8n; k <= 8n; k++)
        for (const other of [0n, 1n, -1n]) {
          const zero = p.map((limb) => limb * k)
          // The same value with other limbs.
          zero[0] = (zero[0] as bigint) + (1n << SHAPES[arithmetic].bits)
          zero[1] = (zero[1] as bigint) - 1n
          const near = p.map((limb) => limb * k)
          near[0] = (near[0] as bigint) + other
          xs.push(zero, near)
          expected.push(other === 0n ? 3 : 1)
        }
      apply('zeros', [xs])
      const view = new DataView(h.bytes.buffer)
      for (const [j, flags] of expected.entries()) assert.equal(view.getUint32(out + j * PAIR, true), flags)
      assert.ok(
        run(
          'zeros',
          many(() => extreme(arithmetic, random)),
        ).length > 0,
      )
    })

    it('inverts 0, 1, p - 1 and others; one 0 takes both of a pair', () => {
      const nonzero = boundaries.slice(1)
      const values = [...nonzero, ...many(() => anyTight()).slice(0, 400)].filter(
        (x) => mod(value(x), Q) !== 0n,
      )
      const xs = values.slice(0, values.length & ~1)
      for (const [i, z] of run('inv', xs).entries()) {
        // x R to 1 / x R: the product of both as integers is R^2.
        assert.equal(mod(value(z) * value(xs[i]!), Q), mod(r * r, Q))
        assertTight(z, 0.9)
      }
      const zero = boundaries[0] as Limbs
      const multiple = encoded(arithmetic, Q)
      for (const pair of [
        [zero, zero],
        [zero, encoded(arithmetic, 5n)],
        [encoded(arithmetic, 5n), multiple],
      ] as const)
        for (const z of run('inv', pair)) assert.equal(mod(value(z), Q), 0n)
    })

    it('inverts integers by division steps as Fermat does', () => {
      for (const [name, m] of [
        ['fq', Q],
        ['fr', R],
      ] as const) {
        const at = h.alloc(INTEGER)
        const values = [0n, 1n, 2n, m - 1n, m - 2n, (m + 1n) / 2n, (m - 1n) / 2n]
        for (let k = 0n; k < 253n; k++) values.push(1n << k, (1n << k) - 1n, m - (1n << k))
        for (let i = 0; i < 500 * ROUNDS; i++) values.push(random.below(m))
        for (const x of values) {
          h.bytes.set(integer(x), at)
          h.call[`${name}_invertInteger`]!(at, at)
          const inverse = read(h.bytes.subarray(at, at + INTEGER))
          assert.ok(inverse < m)
          assert.equal(mod(inverse * x, m), x === 0n ? 0n : 1n)
        }
      }
    })

    it('encodes and decodes canonical integers, and gathers and scatters elements', () => {
      const [a, b, pair, c, d] = Array.from({ length: 5 }, () => h.alloc(PAIR)) as [
        number,
        number,
        number,
        number,
        number,
      ]
      const values = boundaryIntegers()
      for (const [i, x] of values.entries()) {
        const y = values[values.length - 1 - i] as bigint
        h.bytes.set(integer(x), a)
        h.bytes.set(integer(y), b)
        h.call['fq_encode']!(pair, a, b)
        const [first, second] = split(h.bytes.slice(pair, pair + PAIR)).map((e) =>
          value(limbsOf(arithmetic, e)),
        )
        assert.equal(mod((first as bigint) * inverseOfR, Q), x)
        assert.equal(mod((second as bigint) * inverseOfR, Q), y)
        // Through elements, with signs.
        h.call['fq_scatter']!(c, d, pair)
        for (const flags of [0, 1, 2, 3]) {
          h.call['fq_gatherSigned']!(pair, d, flags & 1, c, flags >> 1)
          h.call['fq_decode']!(a, b, pair)
          assert.equal(read(h.bytes.subarray(a, a + INTEGER)), mod(flags & 1 ? -y : y, Q))
          assert.equal(read(h.bytes.subarray(b, b + INTEGER)), mod(flags & 2 ? -x : x, Q))
        }
        h.call['fq_gather']!(pair, c, d)
        h.call['fq_decode']!(a, b, pair)
        assert.equal(read(h.bytes.subarray(a, a + INTEGER)), x)
        assert.equal(read(h.bytes.subarray(b, b + INTEGER)), y)
      }
    })

    it('takes any 255-bit integer where it converts', () => {
      const [a, b, pair] = [h.alloc(PAIR), h.alloc(PAIR), h.alloc(PAIR)]
      for (const x of [Q, Q + 1n, (1n << 255n) - 1n, 1n << 254n, random.below(1n << 255n)]) {
        h.bytes.set(integer(x), a)
        h.call['fq_fromIntegers']!(pair, a, a)
        h.call['fq_toIntegers']!(a, b, pair)
        assert.equal(read(h.bytes.subarray(a, a + INTEGER)), x % Q)
        assert.equal(read(h.bytes.subarray(b, b + INTEGER)), x % Q)
      }
    })

    it('lets results stand where operands do', () => {
      const xs = many(() => anyTight())
      const ys = many(() => anyTight())
      const apart = run('mul', xs, ys)
      h.call['loop_mul']!(BATCH, places[0]!, places[0]!, places[1]!)
      assert.deepEqual(readPairs(places[0]!, BATCH), apart)
    })

    describe('worst cases, searched for', () => {
      /** Climbs from limb patterns to ones that score higher, by changing one limb at a time. */
      function climb(score: (x: Limbs, y: Limbs) => bigint, check: (xs: Limbs[], ys: Limbs[]) => void): void {
        const edge = () => sum(extreme(arithmetic, random), extreme(arithmetic, random))
        for (let start = 0; start < 4 * ROUNDS; start++) {
          let [x, y] = [edge(), edge()]
          let best = score(x, y)
          const [xs, ys]: [Limbs[], Limbs[]] = [[], []]
          for (let attempt = 0; attempt < 100; attempt++) {
            const [other, i] = [edge(), Number(random.below(BigInt(SHAPES[arithmetic].count)))]
            const change = (limbs: Limbs): Limbs =>
              limbs.map((limb, k) => (k === i ? (other[k] as bigint) : limb))
            const [x2, y2] = random.below(2n) === 0n ? [change(x), y] : [x, change(y)]
            xs.push(x2)
            ys.push(y2)
            const here = score(x2, y2)
            if (here >= best) [x, y, best] = [x2, y2, here]
          }
          check(xs, ys)
        }
      }
      const { count } = SHAPES[arithmetic]
      const column = (k: number) => (x: Limbs, y: Limbs) =>
        x.reduce((total, xi, i) => total + xi * (y[k - i] ?? 0n), 0n)

      for (let k = 0; k < 2 * count - 1; k += arithmetic === 'simd' ? 1 : 3) {
        it(`attack: column ${k} of a product as high and as low as it gets`, () => {
          climb(column(k), checkProducts)
          climb((x, y) => -column(k)(x, y), checkProducts)
        })
      }
      it('attack: products that are next to a multiple of 2^51 plus a half, where rounding is a tie', () => {
        const { bits } = SHAPES[arithmetic]
        const tie = (x: bigint) => {
          const rest = mod(x, 1n << bits) - half
          return -(rest < 0n ? -rest : rest)
        }
        climb((x, y) => tie((x[0] as bigint) * (y[0] as bigint)), checkProducts)
        // Exact ties: a power of two times an odd number.
        const xs: Limbs[] = []
        const ys: Limbs[] = []
        for (let shift = 0n; shift < bits; shift++)
          for (const odd of [1n, 3n, -1n, -3n]) {
            const pad = Array(count - 1).fill(0n) as bigint[]
            xs.push([1n << shift, ...pad])
            ys.push([(1n << (bits - 1n - shift)) * (shift === 0n ? (odd < 0n ? -1n : 1n) : odd), ...pad])
          }
        checkProducts(xs, ys)
      })
      it('attack: a reduction step whose quotient digit is -2^50, 2^50 or a tie', () => {
        // x = 1, so that the first column is y's: all y with y n0 at the edges of the digits.
        const { bits } = SHAPES[arithmetic]
        const m = 1n << bits
        const one = [1n, ...(Array(count - 1).fill(0n) as bigint[])]
        const xs: Limbs[] = []
        const ys: Limbs[] = []
        for (let i = 0; i < count; i++)
          for (const digit of [half, half - 1n, half + 1n, 0n, 1n, m - 1n])
            for (const sign of [1n, -1n]) {
              // -p q = y modulo 2^bits gives the digit q.
              const low = mod(-Q * digit, m)
              const limb = sign * (low >= half ? low - m : low)
              const y = Array(count).fill(0n) as bigint[]
              y[i] = i === count - 1 ? limb >> 2n : limb
              xs.push(one)
              ys.push(y)
            }
        checkProducts(xs, ys)
      })
    })
  })
}

/** Little endian, 32 bytes. */
function integer(x: bigint): Uint8Array {
  return Uint8Array.from({ length: INTEGER }, (_, i) => Number((x >> BigInt(8 * i)) & 255n))
}

function read(bytes: Uint8Array): bigint {
  return bytes.reduceRight((total, byte) => (total << 8n) | BigInt(byte), 0n)
}
