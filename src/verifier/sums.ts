/** Sums of multiples of points of G1, two sums at a time, in the verifier's module. */
import { BETA, LAMBDA, TABLE_POINTS, WINDOW } from '../bn254/projective.js'
import { FIELD_MODULUS as r } from '../field.js'
import { BASE_FIELD_MODULUS as q } from '../groth16.js'
import type { Machine } from './machine.js'
import type { G1 } from './points.js'

/** Windows of a half of a scalar, which is at most 2^128 in size, and a carry. */
const WINDOWS = Math.ceil(129 / WINDOW)

export type Pair<T> = readonly [T, T]

/** A part of a scalar, and the address of the table of the point that it multiplies. */
export interface Term {
  readonly table: number
  readonly half: bigint
}

/** Sums of at most as many terms as they were made for. */
export interface Sums {
  /** Bytes of a point's tables: its own, and its image's under the endomorphism. */
  readonly tablesLength: number
  /** Writes the tables of points, one behind the other. */
  makeTables(address: number, points: readonly G1[]): void
  /** Both halves' terms for canonical scalars of points whose tables begin at `address`. */
  termsOf(address: number, scalars: readonly bigint[]): Pair<Term>[]
  /** Writes a pair of points: the sum of each lane's terms, as many in each lane. */
  sumTerms(out: number, lanes: Pair<readonly Term[]>): void
}

/**
 * Reserves what sums need.
 *
 * @param o.terms the greatest number of terms in a lane
 */
export function createSums(machine: Machine, o: { terms: number }): Sums {
  const { alloc, bytes, run, sizes, loadG1 } = machine
  const tableLength = TABLE_POINTS * sizes.point
  const places = new Uint32Array(bytes.buffer, alloc(8 * o.terms * WINDOWS), 2 * o.terms * WINDOWS)
  const point = alloc(sizes.points)
  return {
    tablesLength: 2 * tableLength,
    makeTables(address, points) {
      points.forEach(([x, y], i) => {
        loadG1(point, [x, y], [(x * BETA) % q, y])
        run('g1_table', address + 2 * i * tableLength, address + (2 * i + 1) * tableLength, point)
      })
    },
    termsOf: (address, scalars) =>
      scalars.map((scalar, i) => {
        const table = address + 2 * i * tableLength
        const [low, high] = halves(scalar)
        return [
          { table, half: low },
          { table: table + tableLength, half: high },
        ]
      }),
    sumTerms(out, lanes) {
      const count = lanes[0].length
      lanes.forEach((terms, lane) => {
        terms.forEach(({ table, half }, i) => {
          signedDigits(half).forEach((digit, window) => {
            const entry = table + sizes.point * (digit + (TABLE_POINTS - 1) / 2)
            places[2 * (window * count + i) + lane] = entry
          })
        })
      })
      run('g1_straus', out, places.byteOffset, WINDOWS, count)
    },
  }
}

// Gallant, Lambert and Vanstone, "Faster point multiplication on elliptic curves with efficient endomorphisms" (2001).
const [[a1, b1], [a2, b2]] = shortBasis()

/** A scalar as low + high * LAMBDA modulo r, both at most 2^128 in size. */
function halves(scalar: bigint): Pair<bigint> {
  const c1 = (b2 * scalar) / r
  const c2 = (-b1 * scalar) / r
  return [scalar - c1 * a1 - c2 * a2, -c1 * b1 - c2 * b2]
}

/** Two short vectors (a, b) with a + b LAMBDA = 0 modulo r and determinant r, by Euclid's algorithm. */
function shortBasis(): Pair<Pair<bigint>> {
  let [u, v]: [Pair<bigint>, Pair<bigint>] = [
    [r, 0n],
    [LAMBDA, -1n],
  ]
  while (v[0] * v[0] > r) {
    const quotient = u[0] / v[0]
    ;[u, v] = [v, [u[0] - quotient * v[0], u[1] - quotient * v[1]]]
  }
  return u[0] * v[1] - u[1] * v[0] === r ? [u, v] : [v, u]
}

/** Digits of {@link WINDOW} bits from the highest, each above -16 and at most 16 in size. */
function signedDigits(value: bigint): number[] {
  const text = (value < 0n ? -value : value).toString(2 ** WINDOW).padStart(WINDOWS, '0')
  const sign = value < 0n ? -1 : 1
  const half = 2 ** (WINDOW - 1)
  const digits: number[] = []
  let carry = 0
  for (let i = WINDOWS - 1; i >= 0; i--) {
    const digit = Number.parseInt(text[i] as string, 2 ** WINDOW) + carry
    carry = digit > half ? 1 : 0
    digits[i] = sign * (digit - 2 * half * carry) + 0
  }
  return digits
}
