import { FULL_ROUNDS, type PoseidonParameters, poseidonParameters } from '../crypto/poseidon-parameters.js'
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
    const constant = modulo(
      (after - dot(row, carried)) * invert(modulo(corner - dot(row, column)), r),
    )
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

/** All widths' constants in a row times 2^256 modulo r, as witness generators hold them: 32 little-endian bytes each. */
export function montgomeryTable(): Uint8Array<ArrayBuffer> {
  const values = WIDTHS.flatMap((width) => circomlibConstants(width))
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
