import assert from 'node:assert/strict'
import { addCurve } from '../../../src/bn254/curve.js'
import { addField } from '../../../src/bn254/field.js'
import { addFinish } from '../../../src/prover/engine/finish.js'
import { host } from '../../bn254/host.js'
import { G1, type Point, Q, R, randomness } from '../../bn254/reference.js'
import { integerBytes, readInteger } from './msm-host.js'

type G1Point = Point<bigint>

for (const arithmetic of ['simd', 'scalar'] as const) {
  describe(`prover/engine/finish, ${arithmetic}`, () => {
    const h = host((program) => {
      const fq = addField(program, { name: 'fq', modulus: Q, arithmetic })
      addFinish(program, { fq, curve: addCurve(program, { name: 'g1', field: fq }) })
    })
    beforeEach(() => h.reset())

    const put = (...integers: bigint[]): number => {
      const address = h.alloc(32 * integers.length)
      for (const [i, x] of integers.entries()) h.bytes.set(integerBytes(x), address + 32 * i)
      return address
    }
    const putPoint = (p: G1Point): number => put(p?.x ?? 0n, p?.y ?? 0n)
    const finish = (a: G1Point, s: bigint, b: G1Point, r: bigint, c: G1Point): G1Point => {
      const out = h.alloc(64)
      h.call['g1_finish']!(putPoint(a), put(s), putPoint(b), put(r), putPoint(c), out)
      const [x, y] = [0, 32].map((i) => readInteger(h.bytes.slice(out + i, out + i + 32))) as [bigint, bigint]
      return x === 0n && y === 0n ? undefined : { x, y }
    }
    const agrees = (a: G1Point, s: bigint, b: G1Point, r: bigint, c: G1Point): void => {
      const expected = G1.add(G1.add(G1.scale(a, s), G1.scale(b, r)), c)
      assert.deepEqual(finish(a, s, b, r, c), expected)
    }

    it('is s A + r B + C for random points and scalars', () => {
      const random = randomness(11n)
      const point = (): G1Point => G1.scale(G1.generator, random.below(R))
      for (let i = 0; i < 5; i++) agrees(point(), random.below(R), point(), random.below(R), point())
    })

    it('takes infinite, equal and opposite points, and scalars at the edges', () => {
      const P = G1.scale(G1.generator, 12345n)
      const edges = [0n, 1n, 2n, R - 1n, R - 2n, (R - 1n) / 2n, 1n << 253n]
      for (const [i, s] of edges.entries()) {
        const r = edges[(i + 3) % edges.length]!
        agrees(P, s, P, r, P)
        agrees(P, s, P, s, G1.neg(G1.scale(P, 2n * s)))
        agrees(P, s, G1.neg(P), s, undefined)
        agrees(undefined, s, P, r, P)
        agrees(P, s, undefined, r, undefined)
        agrees(undefined, s, undefined, r, G1.neg(P))
        agrees(undefined, s, undefined, r, undefined)
      }
    })
  })
}
