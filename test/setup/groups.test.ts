import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import fc from 'fast-check'
import { hashToG2 } from '../../src/ceremony/hash-to-curve.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  FACTOR_BYTES,
  type GroupName,
  multiplyAll,
  openGroup,
  signedDigits,
  sumTwice,
} from '../../src/setup/groups.js'
import { uncompressed, writeG1, writeG2 } from '../../src/setup/points.js'
import { isInSubgroup, isOnTwist } from '../../src/verifier/points.js'

type Point = {
  multiply(k: bigint): Point
  add(other: Point): Point
  is0(): boolean
  toAffine(): { x: never; y: never }
}
const SCALARS = [
  0n,
  1n,
  2n,
  r - 1n,
  r - 2n,
  (r - 1n) / 2n,
  (r + 1n) / 2n,
  2n ** 253n,
  15n,
  16n,
  17n,
  31n,
  32n,
  33n,
]

/** The multiple of a generator by a small number or its negative, in the form of files, by an independent library. */
function pointOf(name: GroupName, k: bigint): Uint8Array {
  const scalar = ((k % r) + r) % r
  const base = (name === 'G1' ? bn254.G1.Point.BASE : bn254.G2.Point.BASE) as unknown as Point
  if (scalar === 0n) return new Uint8Array(name === 'G1' ? 64 : 128)
  const { x, y } = base.multiply(scalar).toAffine() as never as { x: bigint; y: bigint }
  if (name === 'G1') return writeG1([x, y])
  const [a, b] = [x, y] as never as { c0: bigint; c1: bigint }[]
  return writeG2([
    [a!.c0, a!.c1],
    [b!.c0, b!.c1],
  ])
}
const joined = (points: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(points))

describe('setup: arithmetic on the points of files', () => {
  for (const name of ['G1', 'G2'] as const) {
    it(`${name}: multiplies any points by any scalar, infinity included, as an independent library does`, async () => {
      const group = await openGroup(name)
      // An odd number of them, with infinity, equal and opposite ones in one pair.
      const logarithms = [1n, 1n, 5n, -5n, 0n, 7n, 0n, 0n, r - 1n]
      const points = joined(logarithms.map((k) => pointOf(name, k)))
      for (const scalar of SCALARS) {
        const expected = joined(logarithms.map((k) => pointOf(name, k * scalar)))
        assert.deepEqual(multiplyAll(group, { points, scalar }), expected, `${scalar}`)
      }
    })

    it(`${name}: sums two lists with the same factors`, async () => {
      const group = await openGroup(name)
      const small = fc.bigInt({ min: -20n, max: 20n })
      const term = fc.tuple(small, small, fc.bigInt({ min: 0n, max: 2n ** BigInt(8 * FACTOR_BYTES) - 1n }))
      await fc.assert(
        fc.asyncProperty(fc.array(term, { minLength: 1, maxLength: 70 }), async (terms) => {
          const factors = new Uint8Array(terms.length * FACTOR_BYTES)
          terms.forEach(([, , factor], i) => {
            for (let k = 0; k < FACTOR_BYTES; k++) {
              factors[i * FACTOR_BYTES + k] = Number((factor >> BigInt(8 * k)) & 255n)
            }
          })
          const lists = [0, 1].map((k) => joined(terms.map((one) => pointOf(name, one[k] as bigint))))
          const sums = sumTwice(group, { points: lists as [Uint8Array, Uint8Array], factors })
          for (const k of [0, 1] as const) {
            const logarithm = terms.reduce((sum, one) => sum + one[k] * one[2], 0n)
            assert.deepEqual(sums[k], pointOf(name, logarithm))
          }
        }),
        { numRuns: name === 'G1' ? 8 : 3, seed: 11 },
      )
    })
  }

  it('cuts scalars into signed digits that sum to them', () => {
    const scalar = fc.bigInt({ min: 0n, max: r - 1n })
    const check = (value: bigint, width: number): void => {
      const digits = signedDigits(value, width)
      const sum = digits.reduce((total, digit, i) => total + BigInt(digit) * 2n ** BigInt(width * i), 0n)
      assert.equal(((sum % r) + r) % r, value)
      assert.ok(digits.every((digit) => Math.abs(digit) <= 2 ** (width - 1)))
    }
    for (const width of [2, 4, 5]) for (const value of SCALARS) check(value, width)
    fc.assert(fc.property(scalar, fc.integer({ min: 2, max: 7 }), check), { numRuns: 300, seed: 3 })
    assert.equal(signedDigits(r - 1n, 4).length, 1)
  })

  it('writes points as snarkjs hashes them: big-endian, the imaginary part first, infinity as zeros', () => {
    const { x, y } = bn254.G2.Point.BASE.toAffine()
    const hex = [x.c1, x.c0, y.c1, y.c0].map((part) => part.toString(16).padStart(64, '0')).join('')
    assert.equal(Buffer.from(uncompressed(pointOf('G2', 1n), 128)).toString('hex'), hex)
    assert.deepEqual(uncompressed(new Uint8Array(128), 64), new Uint8Array(128))
  })

  it('hashes to points of G2, another for each hash', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const point = hashToG2(new Uint8Array(64).fill(i))
      assert.ok(isOnTwist(point) && isInSubgroup(point))
      seen.add(String(point))
    }
    assert.equal(seen.size, 20)
  })
})
