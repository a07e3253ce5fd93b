import { addPoints, BASE8, multiply, type Point, SUBGROUP_ORDER } from '../crypto/babyjub.js'
import {
  FULL_ROUNDS,
  invertAll,
  type PoseidonParameters,
  poseidonParameters,
} from '../crypto/poseidon-parameters.js'
import { invert, FIELD_MODULUS as r } from '../field.js'
import { writeUint256 } from '../formats/sections.js'

/** Widths of circomlib's permutations. */
export const WIDTHS: readonly number[] = Array.from({ length: 16 }, (_, i) => i + 2)

const known = new Map<number, PoseidonParameters>()

/** Returns a width's parameters, derived once. */
export function parametersOf(width: number): PoseidonParameters {
  const parameters = known.get(width) ?? poseidonParameters(width)
  known.set(width, parameters)
  return parameters
}

const lists = new Map<number, bigint[]>()

/**
 * Returns the constants of circomlib's permutation of a width in the order of its files: round constants, sparse matrices,
 * matrix, matrix before the partial rounds.
 *
 * circomlib adds constants before it multiplies, and before each S-box's output goes on; ours come after. Both
 * describe the same permutation: the ones follow from the others, from the last partial round to the first.
 */
export function circomlibConstants(width: number): readonly bigint[] {
  const found = lists.get(width)
  if (found) return found
  const { start, matrix, lastMatrix, afterFull, partial, corner, afterPartial } = parametersOf(width)
  let carried = [...afterPartial]
  const inPartial: bigint[] = []
  for (let k = partial.length - 1; k >= 0; k--) {
    const { row, column, after } = partial[k] as PoseidonParameters['partial'][number]
    const constant = modulo((after - dot(row, carried)) * invert(modulo(corner - dot(row, column)), r))
    inPartial.unshift(constant)
    carried = carried.map((x, i) => modulo(x - (column[i] as bigint) * constant))
  }
  const half = FULL_ROUNDS / 2
  // All but the fourth, which the matrix before the partial rounds follows, and the last, after which nothing is added.
  const inFull = solve(
    matrix,
    afterFull.slice(0, -1).map((constants) => [...constants]),
  )
  inFull[half - 1] = solve(lastMatrix, [[afterFull[half - 1]?.[0] as bigint, ...carried]])[0] as bigint[]
  const list = [
    ...start,
    ...inFull.slice(0, half).flat(),
    ...inPartial,
    ...inFull.slice(half).flat(),
    ...partial.flatMap(({ row, column }) => [corner, ...row, ...column]),
    ...transposed(matrix),
    ...transposed(lastMatrix),
  ]
  lists.set(width, list)
  return list
}

/** Windows of `circuits/lib/base8-multiply.circom`, and the coefficient A of the Montgomery form of Baby Jubjub. */
const WINDOWS = 125
const MONTGOMERY_A = 168698n

let windows: bigint[][] | undefined

/**
 * Returns the constants of `circuits/lib/base8-table.circom`, which the circuits take for a multiplication of Base8: for
 * window w and H = B8 / 2, u = a + b e0 e1 and v = c e0 + d e1 of (e0 + 2 e1) 4^w H.
 */
export function base8Windows(): readonly (readonly bigint[])[] {
  if (windows) return windows
  let point = multiply(BASE8, (SUBGROUP_ORDER + 1n) / 2n)
  const pairs: Point[] = []
  for (let w = 0; w < WINDOWS; w++) {
    const double = addPoints(point, point)
    pairs.push(point, addPoints(double, point))
    point = addPoints(double, double)
  }
  // u = (1 + y) / (1 - y) and v = u / x.
  const inverses = invertAll(pairs.map(([x, y]) => modulo((1n - y) * x)))
  const forms = pairs.map(([x, y], i) => {
    const inverse = inverses[i] as bigint
    return [((1n + y) * ((inverse * x) % r)) % r, ((1n + y) * inverse) % r] as const
  })
  const half = (r + 1n) / 2n
  windows = Array.from({ length: WINDOWS }, (_, w) => {
    const [one, three] = [forms[2 * w], forms[2 * w + 1]] as [Point, Point]
    return [three[0] + one[0], three[0] - one[0], three[1] - one[1], three[1] + one[1]].map((value) =>
      modulo(value * half),
    )
  })
  return windows
}

/** Returns the coefficients that these windows have in rows, with e = 2 bit - 1. */
export function base8Coefficients(): bigint[] {
  return base8Windows().flatMap((window) => {
    const [a, b, c, d] = window as [bigint, bigint, bigint, bigint]
    return [a + b, 2n * b, 4n * b, c + d, 2n * c, 2n * d, a + b + MONTGOMERY_A].map(modulo)
  })
}

/** All widths' constants in a row times 2^256 modulo r, as witness generators hold them: 32 little-endian bytes each. */
export function montgomeryTable(): Uint8Array<ArrayBuffer> {
  const values = [...WIDTHS.flatMap((width) => circomlibConstants(width)), ...base8Windows().flat()]
  const table = new Uint8Array(32 * values.length)
  for (const [i, value] of values.entries()) writeUint256(table, 32 * i, (value << 256n) % r)
  return table
}

/** Returns x modulo r, not negative. */
export function modulo(x: bigint): bigint {
  const rest = x % r
  return rest < 0n ? rest + r : rest
}

function dot(a: readonly bigint[], b: readonly bigint[]): bigint {
  return a.reduce((sum, x, i) => sum + x * (b[i] as bigint), 0n) % r
}

function transposed(m: readonly (readonly bigint[])[]): bigint[] {
  return m.flatMap((_, i) => m.map((line) => line[i] as bigint))
}

/** Solves m x = b modulo r for each b, m regular. */
export function solve(
  m: readonly (readonly bigint[])[],
  vectors: readonly (readonly bigint[])[],
): bigint[][] {
  const lines = m.map((line, i) => [...line, ...vectors.map((b) => b[i] as bigint)])
  for (let i = 0; i < lines.length; i++) {
    const pivot = lines.findIndex((line, k) => k >= i && line[i] !== 0n)
    const [found, here] = [lines[pivot] as bigint[], lines[i] as bigint[]]
    lines[pivot] = here
    const factor = invert(found[i] as bigint, r)
    const scaled = found.map((x) => (x * factor) % r)
    lines[i] = scaled
    for (const [k, line] of lines.entries()) {
      const times = line[i] as bigint
      if (k === i || times === 0n) continue
      // What comes before is 0 in the scaled line.
      for (let j = i; j < line.length; j++) {
        line[j] = modulo((line[j] as bigint) - times * (scaled[j] as bigint))
      }
    }
  }
  return vectors.map((_, v) => lines.map((line) => line[lines.length + v] as bigint))
}
