import assert from 'node:assert/strict'
import type { ArithmeticName } from '../../src/bn254/field.js'
import { frobeniusConstants, type Towers, XI } from '../../src/bn254/towers.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { host } from './host.js'
import {
  addFields,
  coefficients,
  Fp2,
  Fp6,
  Fp12,
  type Fq12,
  fromCoefficients,
  memoryOf,
  numbers,
} from './towers.js'

for (const name of ['simd', 'scalar'] as const satisfies readonly ArithmeticName[]) {
  describe(`bn254: towers, ${name}`, () => {
    let towers!: Towers
    const machine = host((program) => {
      towers = addFields(program, name)
    })
    const memory = memoryOf(machine, towers)
    const { base } = towers.fq2
    const [out, x, y] = [0, 1, 2].map(() => machine.alloc(towers.fq12Length)) as [number, number, number]
    const next = numbers(7)
    const random = (): Fq12 => fromCoefficients(Array.from({ length: 12 }, next))
    const put = (address: number, a: Fq12, b: Fq12) => memory.write(address, coefficients(a), coefficients(b))
    const check = (address: number, a: Fq12, b: Fq12) =>
      assert.deepEqual(memory.read(address, 12), [coefficients(a), coefficients(b)])
    const call = (operation: string, ...args: number[]) =>
      (machine.call[operation] as (...args: number[]) => number)(...args)

    it('multiplies, squares, inverts and applies Frobenius as the library does, in place too', () => {
      for (let i = 0; i < 200; i++) {
        const [a, b, c, d] = [random(), random(), random(), random()] as const
        put(x, a, b)
        put(y, c, d)
        call('fq12_mul', out, x, y)
        check(out, Fp12.mul(a, c), Fp12.mul(b, d))
        call('fq12_sqr', out, x)
        check(out, Fp12.sqr(a), Fp12.sqr(b))
        call('fq12_conjugate', out, x)
        check(out, Fp12.conjugate(a), Fp12.conjugate(b))
        for (const n of [1, 2, 3]) {
          call(`fq12_frobenius${n}`, out, x)
          check(out, Fp12.frobeniusMap(a, n), Fp12.frobeniusMap(b, n))
        }
        call('fq12_mul', x, x, y)
        check(x, Fp12.mul(a, c), Fp12.mul(b, d))
        call('fq12_mul', y, x, y)
        check(y, Fp12.mul(Fp12.mul(a, c), c), Fp12.mul(Fp12.mul(b, d), d))
        put(x, a, b)
        call('fq12_mul', x, x, x)
        check(x, Fp12.sqr(a), Fp12.sqr(b))
        put(x, a, b)
        call('fq12_sqr', x, x)
        check(x, Fp12.sqr(a), Fp12.sqr(b))
        put(x, a, b)
        call('fq12_inv', x, x)
        check(x, Fp12.inv(a), Fp12.inv(b))
      }
    })

    it('keeps results at rest over long chains, from values at every edge', () => {
      const edges = [0n, 1n, q - 1n, q >> 1n, (q >> 1n) + 1n]
      for (const [i, edge] of edges.entries()) {
        let [a, b] = [
          fromCoefficients(Array(12).fill(edge)),
          fromCoefficients(Array.from({ length: 12 }, (_, k) => edges[(i + k) % 5] as bigint)),
        ]
        put(x, a, b)
        for (let step = 0; step < 40; step++) {
          call('fq12_sqr', x, x)
          call('fq12_mul', x, x, x)
          ;[a, b] = [a, b].map((value) => Fp12.sqr(Fp12.sqr(value))) as [Fq12, Fq12]
          check(x, a, b)
          for (let k = 0; k < 12; k++) {
            const pair = machine.bytes.slice(x + base.pairLength * k, x + base.pairLength * (k + 1))
            for (const element of base.arithmetic.split(pair)) {
              const value = base.arithmetic.decode(element)
              assert.ok((value < 0n ? -value : value) * 10000n <= 5001n * q)
            }
          }
        }
      }
    })

    it('sums products as bigints do, of operands as large as they may be', () => {
      const [a, b, c] = [0, 1, 2].map(() => machine.alloc(6 * base.pairLength)) as [number, number, number]
      // Integers whose limbs are all extreme, of both widths, and the largest in size.
      const ones = (bits: bigint) => (1n << bits) - 1n
      const comb = (width: bigint, count: bigint) =>
        Array.from({ length: Number(count) }, (_, i) => 1n << (width * BigInt(i) + width - 1n)).reduce(
          (sum, bit) => sum + bit,
        )
      const extremes = [
        0n,
        q >> 1n,
        comb(51n, 4n),
        -comb(51n, 4n),
        comb(29n, 8n),
        -comb(29n, 8n),
        ones(203n),
        ones(231n),
      ]
      const top = (q >> 205n) << 204n
      extremes.push(top - comb(51n, 4n), top + comb(51n, 4n), top - comb(29n, 7n))
      const values = [...extremes, ...extremes.map((value) => -value)]
      const write = (address: number, i: number, pair: readonly [bigint, bigint]) => {
        const [first, second] = pair.map((value) => base.arithmetic.encode(value)) as [Uint8Array, Uint8Array]
        machine.bytes.set(base.arithmetic.join(first, second), address + base.pairLength * i)
      }
      const R = base.toMontgomery(1n)
      const mod = (value: bigint) => ((value % q) + q) % q
      let state = 1
      const pick = () => {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0
        return values[(state >>> 8) % values.length] as bigint
      }
      for (let round = 0; round < 2000; round++) {
        const left = Array.from({ length: 6 }, () => [pick(), pick()] as const)
        const right = Array.from({ length: 6 }, () => [pick(), pick()] as const)
        const z = [pick(), pick()] as const
        for (let i = 0; i < 6; i++) {
          write(a, i, left[i] as readonly [bigint, bigint])
          write(b, i, right[i] as readonly [bigint, bigint])
          // x twice: a sum of two tight is allowed on one side.
          call('fq_add', a + base.pairLength * i, a + base.pairLength * i, a + base.pairLength * i)
        }
        write(c, 0, z)
        const two = 2 * base.pairLength
        for (const [operation, terms] of [
          ['fq_dot3', 3],
          ['fq_dot2', 2],
        ] as const) {
          const factors = Array.from({ length: terms }, (_, i) => [a + two * i, b + two * i]).flat()
          call(operation, out, ...factors, ...(terms === 2 ? [c] : []))
          const result = base.arithmetic.split(machine.bytes.slice(out, out + base.pairLength))
          for (const lane of [0, 1] as const) {
            let sum = terms === 2 ? z[lane] * R : 0n
            for (let i = 0; i < 2 * terms; i++) sum += 2n * left[i]![lane] * right[i]![lane]
            const value = base.arithmetic.decode(result[lane] as Uint8Array)
            assert.equal(mod(value * R), mod(sum))
            assert.ok((value < 0n ? -value : value) * 10000n <= 5001n * q)
          }
        }
        for (const [operation, sign] of [
          ['fq_nineAdd', 1n],
          ['fq_nineSub', -1n],
        ] as const) {
          call(operation, out, b, c)
          const result = base.arithmetic.split(machine.bytes.slice(out, out + base.pairLength))
          for (const lane of [0, 1] as const) {
            const value = base.arithmetic.decode(result[lane] as Uint8Array)
            assert.equal(mod(value), mod(9n * right[0]![lane] + sign * z[lane]))
            assert.ok((value < 0n ? -value : value) * 10000n <= 5001n * q)
          }
        }
      }
    })

    it('squares in the cyclotomic subgroup', () => {
      for (let i = 0; i < 50; i++) {
        const [a, b] = [random(), random()].map((value) => {
          const easy = Fp12.mul(Fp12.conjugate(value), Fp12.inv(value))
          return Fp12.mul(Fp12.frobeniusMap(easy, 2), easy)
        }) as [Fq12, Fq12]
        put(x, a, b)
        call('fq12_cyclotomicSqr', out, x)
        check(out, Fp12.sqr(a), Fp12.sqr(b))
        call('fq12_cyclotomicSqr', x, x)
        check(x, Fp12.sqr(a), Fp12.sqr(b))
      }
    })

    it('multiplies by lines', () => {
      const [h, l0, l1] = [0, 1, 2].map(() => machine.alloc(towers.fq2.pairLength)) as [
        number,
        number,
        number,
      ]
      const line = (c0: bigint[], c1: bigint[], c2: bigint[]): Fq12 =>
        fromCoefficients([...c0, 0n, 0n, 0n, 0n, ...c1, ...c2, 0n, 0n])
      const pair = (): [bigint[], bigint[]] => [
        [next(), next()],
        [next(), next()],
      ]
      for (let i = 0; i < 100; i++) {
        const [a, b, first, second, third] = [random(), random(), pair(), pair(), pair()] as const
        put(x, a, b)
        put(y, a, b)
        memory.write(h, ...first)
        memory.write(l0, ...second)
        memory.write(l1, ...third)
        call('fq12_mulLine', x, h, l0, l1)
        const [one, two] = [line(first[0], second[0], third[0]), line(first[1], second[1], third[1])]
        check(x, Fp12.mul(a, one), Fp12.mul(b, two))
        call('fq12_mulMonicLine', y, l0, l1)
        const [monicOne, monicTwo] = [
          line([1n, 0n], second[0], third[0]),
          line([1n, 0n], second[1], third[1]),
        ]
        check(y, Fp12.mul(a, monicOne), Fp12.mul(b, monicTwo))
      }
    })

    it('tells each lane whether it is one, and exchanges, parts and joins lanes', () => {
      const other = Fp12.add(Fp12.ONE, fromCoefficients([...Array(11).fill(0n), 1n]))
      for (const mask of [0, 1, 2, 3]) {
        put(x, mask & 1 ? Fp12.ONE : other, mask & 2 ? Fp12.ONE : other)
        assert.equal(call('fq12_ones', x), mask)
      }
      call('fq12_one', x)
      assert.equal(call('fq12_ones', x), 3)
      const [a, b] = [random(), random()]
      put(x, a, b)
      call('fq12_swap', out, x)
      check(out, b, a)
      call('fq12_scatter', y, y + towers.fq12Length / 2, x)
      call('fq12_gather', out, y, y)
      check(out, a, a)
      call('fq12_gather', out, y + towers.fq12Length / 2, y)
      check(out, b, a)
    })

    it('gives 0 for the inverse of 0', () => {
      put(x, Fp12.ZERO, Fp12.ZERO)
      call('fq12_inv', x, x)
      check(x, Fp12.ZERO, Fp12.ZERO)
    })
  })
}

describe('bn254: constants of towers', () => {
  it('Frobenius multiplies with powers of xi', () => {
    const xi = Fp2.fromBigTuple([...XI])
    for (const n of [1, 2, 3] as const) {
      for (const [k, [c0, c1]] of frobeniusConstants(n).entries()) {
        const power = Fp2.pow(xi, (BigInt(k) * (q ** BigInt(n) - 1n)) / 6n)
        assert.deepEqual([c0, c1], [power.c0, power.c1])
      }
    }
    assert.ok(Fp6.eql(Fp6.mulByNonresidue(Fp6.ONE), Fp6.fromBigSix([0n, 0n, 1n, 0n, 0n, 0n])))
  })
})
