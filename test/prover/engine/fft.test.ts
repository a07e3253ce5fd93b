import assert from 'node:assert/strict'
import { PAIR } from '../../../src/bn254/field.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import {
  columnCalls,
  fftShape,
  reverseBits,
  rootOfUnity,
  twiddleLength,
} from '../../../src/prover/engine/fft.js'
import { rootOfUnity as snarkjsRoot } from '../../../src/setup/qap.js'
import { elements, evaluate, type FrHost, frHost, mod } from './reference.js'

/** SOULPROOF_LONG=1 goes on to a million values. */
const LONG = process.env['SOULPROOF_LONG'] === '1'
const SIZES = Array.from({ length: LONG ? 18 : 15 }, (_, i) => i + 1)

describe('prover: transforms', () => {
  it('takes the roots of unity of snarkjs', () => {
    for (const size of [1, 2, 4, 2 ** 16, 2 ** 28]) assert.equal(rootOfUnity(r, size), snarkjsRoot(size))
  })

  for (const arithmetic of ['simd', 'scalar'] as const) {
    describe(arithmetic, () => {
      let machine: FrHost
      before(() => {
        machine = frHost(arithmetic)
      })

      for (const log of SIZES) {
        it(`goes from values on 2^${log} roots to values on their coset`, () => {
          const n = 2 ** log
          const given = elements(`coefficients ${log}`, n)
          const w = rootOfUnity(r, n)
          const g = rootOfUnity(r, 2 * n)
          const values = transform(given, w)
          const expected = transform(scaled(given, g), w)
          const checked = [0, 1, n >> 1, n - 1]
          for (const i of checked) assert.equal(values[i], evaluate(given, power(w, i)))
          for (const i of checked) assert.equal(expected[i], evaluate(given, mod(g * power(w, i))))
          const actual = throughCoset(machine, values)
          actual.forEach((value, i) => {
            assert.equal(value, mod(expected[i]! * BigInt(n)), `value ${i}`)
          })
        })
      }

      it('keeps its bounds: all values r - 1, and the greatest and least of what is tight', () => {
        for (const log of [3, 8, 11]) {
          const n = 2 ** log
          for (const value of [r - 1n, r / 2n, r / 2n + 1n, 1n, 0n]) {
            // A constant polynomial has the same value everywhere.
            const actual = throughCoset(machine, Array<bigint>(n).fill(value))
            assert.ok(actual.every((x) => x === mod(value * BigInt(n))))
          }
          // Alternating values: those of c X^(n/2), which g^(n/2) turns.
          const values = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? r / 2n : r - r / 2n))
          const turn = power(rootOfUnity(r, 2 * n), n / 2)
          const actual = throughCoset(machine, values)
          assert.deepEqual(
            actual,
            values.map((x) => mod(x * turn * BigInt(n))),
          )
        }
      })
    })
  }
})

const power = (base: bigint, exponent: number): bigint => {
  let result = 1n
  for (let i = 0; i < exponent; i++) result = (result * base) % r
  return result
}

const scaled = (values: readonly bigint[], g: bigint): bigint[] => {
  let factor = 1n
  return values.map((value) => {
    const product = (value * factor) % r
    factor = (factor * g) % r
    return product
  })
}

/** Values of a polynomial at 1, w, w^2, ..., by halves. */
function transform(coefficients: readonly bigint[], w: bigint): bigint[] {
  if (coefficients.length === 1) return [...coefficients]
  const part = (parity: number) =>
    transform(
      coefficients.filter((_, i) => i % 2 === parity),
      (w * w) % r,
    )
  const [even, odd] = [part(0), part(1)]
  const values: bigint[] = []
  let x = 1n
  for (let i = 0; i < coefficients.length; i++) {
    values.push(mod(even[i % even.length]! + x * odd[i % odd.length]!))
    x = (x * w) % r
  }
  return values
}

/** From values at w^i to values at g w^i, by the machine. */
function throughCoset(machine: FrHost, values: readonly bigint[]): bigint[] {
  const log = Math.log2(values.length)
  const shape = fftShape(log)
  const half = values.length / 2
  const forward = machine.alloc(twiddleLength(log))
  const backward = machine.alloc(twiddleLength(log))
  const x = machine.alloc(half * PAIR)
  // Tight elements, as close to half the modulus as they come.
  const centred = (value: bigint) => (value > r / 2n ? value - r : value)
  machine.call['fft_twiddles']!(forward, backward, log)
  machine.writePairs(
    x,
    Array.from({ length: half }, (_, j) => {
      const row = reverseBits(j, log)
      return [centred(values[row]!), centred(values[row + 1]!)] as const
    }),
  )
  const { top, bottom } = shape
  const blocks = 2 ** top
  machine.call['fft_blocks_backward']!(x, backward, top, bottom, 0, blocks >> 1)
  machine.call['fft_blocks_backward']!(x, backward, top, bottom, blocks >> 1, blocks - (blocks >> 1))
  const columns = 2 ** bottom
  for (const [first, count] of [
    [0, columns >> 1],
    [columns >> 1, columns - (columns >> 1)],
  ] as const) {
    for (const [name, ...args] of columnCalls({ x, forward, backward, shape, first, count })) {
      machine.call[name]!(...(args as number[]))
    }
  }
  machine.call['fft_blocks_forward']!(x, forward, top, bottom, 0, blocks)
  const result = new Array<bigint>(values.length)
  for (let j = 0; j < half; j++) {
    const row = reverseBits(j, log)
    ;[result[row], result[row + 1]] = machine.readPair(x + j * PAIR)
  }
  return result
}
