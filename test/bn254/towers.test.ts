import assert from 'node:assert/strict'
import type { ArithmeticName } from '../../src/bn254/field.js'
import type { Towers } from '../../src/bn254/towers.js'
import { host } from './host.js'
import { addFields, coefficients, Fp12, type Fq12, fromCoefficients, memoryOf, numbers } from './towers.js'

const NAMES: readonly ArithmeticName[] = ['simd', 'scalar']

for (const name of NAMES) {
  describe(`bn254: towers, ${name}`, () => {
    let towers: Towers
    const machine = host((program) => {
      towers = addFields(program, name)
    })
    const memory = memoryOf(machine, towers!)
    const [out, x, y] = [0, 1, 2].map(() => machine.alloc(towers.fq12Length)) as [number, number, number]
    const next = numbers(7)
    const random = (): Fq12 => fromCoefficients(Array.from({ length: 12 }, next))
    const put = (address: number, a: Fq12, b: Fq12) => memory.write(address, coefficients(a), coefficients(b))
    const check = (address: number, a: Fq12, b: Fq12) =>
      assert.deepEqual(memory.read(address, 12), [coefficients(a), coefficients(b)])
    const call = (operation: string, ...args: number[]) => machine.call[`fq12_${operation}`]!(...args)

    it('multiplies, squares, inverts and applies Frobenius as the library does, in place too', () => {
      for (let i = 0; i < 300; i++) {
        const [a, b, c, d] = [random(), random(), random(), random()] as const
        put(x, a, b)
        put(y, c, d)
        call('mul', out, x, y)
        check(out, Fp12.mul(a, c), Fp12.mul(b, d))
        call('sqr', out, x)
        check(out, Fp12.sqr(a), Fp12.sqr(b))
        call('conjugate', out, x)
        check(out, Fp12.conjugate(a), Fp12.conjugate(b))
        for (const n of [1, 2, 3]) {
          call(`frobenius${n}`, out, x)
          check(out, Fp12.frobeniusMap(a, n), Fp12.frobeniusMap(b, n))
        }
        call('mul', x, x, y)
        check(x, Fp12.mul(a, c), Fp12.mul(b, d))
        call('mul', y, x, y)
        check(y, Fp12.mul(Fp12.mul(a, c), c), Fp12.mul(Fp12.mul(b, d), d))
        put(x, a, b)
        call('mul', x, x, x)
        check(x, Fp12.sqr(a), Fp12.sqr(b))
        put(x, a, b)
        call('inv', x, x)
        check(x, Fp12.inv(a), Fp12.inv(b))
      }
    })
  })
}
