import assert from 'node:assert/strict'
import { ELEMENT, INTEGER, PAIR } from '../../../src/bn254/field.js'
import { ArtifactError } from '../../../src/errors.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { writeUint256 } from '../../../src/formats/sections.js'
import { joinConstants, type RowStream, streamRows } from '../../../src/prover/engine/abc.js'
import { fftShape, reverseBits } from '../../../src/prover/engine/fft.js'
import { bytesOf, encoded, extreme, integerOf, type Limbs, negated, sum } from '../../bn254/operands.js'
import { randomness } from '../../bn254/reference.js'
import { type Entry, sectionOf } from './coefficients.js'
import { elements, type FrHost, frHost, mod, power } from './reference.js'

for (const arithmetic of ['simd', 'scalar'] as const) {
  describe(`prover: rows of A, B and C, ${arithmetic}`, () => {
    let machine: FrHost
    let rFactor: bigint
    before(() => {
      machine = frHost(arithmetic)
      rFactor = mod(1n << BigInt(machine.fr.arithmetic.rBits))
    })
    beforeEach(() => machine.reset())

    const integers = (values: readonly bigint[]): number => {
      const at = machine.alloc(INTEGER * values.length)
      for (const [i, value] of values.entries()) writeUint256(machine.bytes, at + INTEGER * i, value)
      return at
    }

    /** A, B and A B / R of every row, by the machine, block by block. */
    function evaluate(o: {
      entries: readonly Entry[]
      values: readonly bigint[]
      logSize: number
    }): bigint[][] {
      const { entries, values, logSize } = o
      const { top, bottom } = fftShape(logSize)
      const stream: RowStream = streamRows({
        section: sectionOf(entries),
        wires: values.length,
        logSize,
        bottom,
      })
      const coefficientCount = stream.coefficients.length / INTEGER
      const source = machine.alloc(stream.coefficients.length)
      machine.bytes.set(stream.coefficients, source)
      const coefficients = machine.alloc(ELEMENT * (coefficientCount + 1))
      machine.bytes.fill(0, coefficients, coefficients + ELEMENT * (coefficientCount + 1))
      machine.call['abc_coefficients']!(coefficients, source, coefficientCount)
      const wires = machine.alloc(ELEMENT * (values.length + 1))
      machine.bytes.fill(0, wires, wires + ELEMENT * (values.length + 1))
      machine.call['abc_values']!(wires, integers(values), values.length)
      const words = machine.alloc(4 * stream.words.length)
      new Uint32Array(machine.bytes.buffer, words, stream.words.length).set(stream.words)
      const pairs = 2 ** (logSize - 1)
      const places = [0, 1, 2].map(() => machine.alloc(PAIR * pairs))
      for (let block = 0; block < 2 ** top; block++) {
        const [a, b, c] = places.map((place) => place + block * 2 ** bottom * PAIR) as [
          number,
          number,
          number,
        ]
        const start = words + 4 * stream.starts[block]!
        machine.call['abc_rows']!(a, b, c, start, wires, coefficients, 2 ** bottom)
      }
      assert.equal(stream.starts.at(-1), stream.words.length)
      return places.map((place) => {
        const rows: bigint[] = []
        for (let position = 0; position < pairs; position++) {
          const row = 2 * reverseBits(position, logSize - 1)
          ;[rows[row], rows[row + 1]] = machine.readPair(place + position * PAIR)
        }
        return rows
      })
    }

    function check(o: { entries: readonly Entry[]; values: readonly bigint[]; logSize: number }): void {
      const expected = [0, 1].map(() => new Array<bigint>(2 ** o.logSize).fill(0n))
      for (const { matrix, row, wire, coefficient } of o.entries) {
        expected[matrix]![row] = mod(expected[matrix]![row]! + coefficient * o.values[wire]!)
      }
      const [a, b, c] = evaluate(o)
      assert.deepEqual(a, expected[0])
      assert.deepEqual(b, expected[1])
      assert.deepEqual(
        c!.map((value) => mod(value * rFactor)),
        a!.map((value, i) => mod(value * b![i]!)),
      )
    }

    const coefficientsOf = (seed: string, count: number): bigint[] => {
      const kinds = elements(`${seed} kinds`, count)
      return elements(seed, count).map((value, i) => {
        const kind = kinds[i]! % 5n
        if (kind === 0n) return 1n
        return kind === 1n ? r - 1n : kind === 2n ? 1n << (value % 254n) : value
      })
    }

    for (const logSize of [1, 2, 3, 6, 9]) {
      it(`evaluates random rows of a domain of 2^${logSize}, some empty, some long`, () => {
        const values = [1n, ...elements(`values ${logSize}`, 40)]
        const random = randomness(BigInt(logSize))
        const below = (n: number) => Number(random.below(BigInt(n)))
        const entries: Entry[] = []
        for (let row = 0; row < 2 ** logSize; row++) {
          for (const matrix of [0, 1] as const) {
            const length = [0, 1, 2, 3, 7, 30][below(6)]!
            const coefficients = coefficientsOf(`${logSize} ${row} ${matrix}`, length)
            for (const coefficient of coefficients) {
              entries.push({ matrix, row, wire: below(values.length), coefficient })
            }
          }
        }
        // As a ceremony may leave them: in no order.
        entries.sort((a, b) => Number((a.coefficient - b.coefficient) % 1000n))
        check({ entries, values, logSize })
      })
    }

    it('attack: rows whose terms are all at the edges, and of every number from 0 to 40', () => {
      const edges = [0n, 1n, 2n, r - 1n, r - 2n, (r - 1n) / 2n, (r + 1n) / 2n, 1n << 253n]
      for (const coefficient of edges) {
        for (const value of edges) {
          machine.reset()
          const entries: Entry[] = []
          for (let row = 0; row < 64; row++) {
            // The neighbour lane has another number of terms.
            const length = row % 2 === 0 ? row >> 1 : 40 - (row >> 1)
            for (let i = 0; i < length; i++) entries.push({ matrix: 0, row, wire: 0, coefficient })
            for (let i = 0; i < 3; i++)
              entries.push({ matrix: 1, row, wire: 0, coefficient: r - coefficient })
          }
          check({ entries: entries.filter((e) => e.coefficient < r), values: [value], logSize: 6 })
        }
      }
    })

    it('has no rows in an empty circuit', () => {
      const rows = evaluate({ entries: [], values: [1n], logSize: 3 })
      assert.ok(rows.every((column) => column.every((value) => value === 0n)))
    })

    it('joins A B - C out of what the transforms leave, at its bounds', () => {
      const random = randomness(11n)
      // As forward layers leave them: sums and differences of two, at most 1.45 p.
      const loose = (): Limbs => {
        const other = extreme(arithmetic, random, 0.72)
        return sum(extreme(arithmetic, random, 0.72), random.below(2n) === 0n ? other : negated(other))
      }
      const edges = [0n, 1n, r - 1n, r / 2n, r / 2n + 1n].map((value) => encoded(arithmetic, value))
      const count = 500
      for (const size of [2, 2 ** 10, 2 ** 27]) {
        machine.reset()
        const operands = [0, 1, 2].map((i) =>
          Array.from({ length: 2 * count }, (_, j) =>
            j < 125 ? edges[Math.floor(j / 5 ** i) % 5]! : loose(),
          ),
        )
        const { join } = machine.fr.arithmetic
        const places = operands.map((column) => {
          const at = machine.alloc(PAIR * count)
          for (let i = 0; i < count; i++) {
            const pair = [column[2 * i]!, column[2 * i + 1]!].map((limbs) => bytesOf(arithmetic, limbs))
            machine.bytes.set(join(pair[0]!, pair[1]!), at + i * PAIR)
          }
          return at
        })
        const constants = machine.alloc(2 * PAIR)
        machine.bytes.set(joinConstants(machine.fr, size), constants)
        const out = machine.alloc(2 * INTEGER * count)
        machine.call['abc_join']!(out, INTEGER * count, ...places, constants, count)
        const inverse = power(BigInt(size) ** 2n, r - 2n)
        for (let j = 0; j < 2 * count; j++) {
          const [a, b, c] = operands.map((column) => integerOf(arithmetic, column[j]!)) as [
            bigint,
            bigint,
            bigint,
          ]
          const expected = mod((a * b - c * BigInt(size) * rFactor) * inverse)
          const at = out + INTEGER * ((j >> 1) + (j % 2) * count)
          const bytes = machine.bytes.subarray(at, at + INTEGER)
          assert.equal(
            bytes.reduceRight((total, byte) => (total << 8n) | BigInt(byte), 0n),
            expected,
          )
        }
      }
    })
  })
}

describe('prover: stream of rows', () => {
  it('keeps equal coefficients once, and 1, -1 and 0 not at all', () => {
    const entries: Entry[] = [5n, 1n, r - 1n, 5n, 0n, 7n].map((coefficient, i) => ({
      matrix: 0,
      row: i % 4,
      wire: 0,
      coefficient,
    }))
    const { coefficients } = streamRows({ section: sectionOf(entries), wires: 1, logSize: 2, bottom: 1 })
    assert.equal(coefficients.length, 2 * INTEGER)
  })

  it('finds thousands of different coefficients again', () => {
    const entries: Entry[] = Array.from({ length: 20_000 }, (_, i) => ({
      matrix: 0,
      row: i % 4,
      wire: 0,
      coefficient: BigInt(2 + (i % 10_000)),
    }))
    const { coefficients } = streamRows({ section: sectionOf(entries), wires: 1, logSize: 2, bottom: 1 })
    assert.equal(coefficients.length, 10_000 * INTEGER)
  })

  it('refuses a coefficient that is not canonical', () => {
    const section = sectionOf([{ matrix: 0, row: 0, wire: 0, coefficient: 3n }])
    writeUint256(section, 16, r)
    assert.throws(() => streamRows({ section, wires: 1, logSize: 2, bottom: 1 }), ArtifactError)
  })
})
