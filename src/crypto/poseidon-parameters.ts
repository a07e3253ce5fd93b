/**
 * Poseidon's parameters over BN254 as circomlib has them, derived instead of stored: round constants and matrix by the
 * Grain LFSR of the reference generator (Grassi et al., "Poseidon", USENIX Security 2021, appendices E and F), then
 * rewritten so that a partial round multiplies by a sparse matrix.
 */
import { invert, FIELD_MODULUS as r } from '../field.js'

/** Full rounds, half of them before and half after the partial ones. */
export const FULL_ROUNDS = 8

/** Partial rounds by width, from 2 on. */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68]

/** Bits of an element. */
const BITS = 254

/** What a permutation of one width multiplies by and adds. All numbers are canonical. */
export interface PoseidonParameters {
  /** Width: one more than the inputs. */
  readonly width: number
  readonly partialRounds: number
  /** Added before the first round. */
  readonly start: readonly bigint[]
  /** Of every full round but the last before the partial ones. */
  readonly matrix: readonly (readonly bigint[])[]
  /** Of that one: with the dense part of all partial rounds. */
  readonly lastMatrix: readonly (readonly bigint[])[]
  /** Added after each full round, in order; after the fourth only the first number is not 0. */
  readonly afterFull: readonly (readonly bigint[])[]
  /**
   * Per partial round: the first element becomes `corner` times its fifth power, plus `row` times the others, plus `after`;
   * to each other one its number of `column` times that power is added.
   */
  readonly partial: readonly {
    readonly row: readonly bigint[]
    readonly column: readonly bigint[]
    readonly after: bigint
  }[]
  readonly corner: bigint
  /** Added after the last partial round to all elements but the first. */
  readonly afterPartial: readonly bigint[]
}

/**
 * Derives the parameters of a width.
 *
 * @throws {RangeError} unless the width is an integer from 2 to 17
 */
export function poseidonParameters(width: number): PoseidonParameters {
  const partialRounds = PARTIAL_ROUNDS[width - 2]
  if (partialRounds === undefined) throw new RangeError('width must be an integer from 2 to 17')
  const next = grain(width, partialRounds)
  const constants = Array.from({ length: FULL_ROUNDS + partialRounds }, () =>
    Array.from({ length: width }, () => {
      let value = next()
      while (value >= r) value = next()
      return value
    }),
  )
  const xs = Array.from({ length: width }, () => next() % r)
  const ys = Array.from({ length: width }, () => next() % r)
  const inverses = invertAll(xs.flatMap((x) => ys.map((y) => x + y)))
  const matrix = xs.map((_, i) => inverses.slice(i * width, (i + 1) * width))
  return sparse({ width, partialRounds, constants, matrix })
}

/**
 * Only the first element passes the S-box of a partial round, so that
 *
 * - a constant of the others can be added after the round, multiplied by the matrix: they all move to the end;
 * - the matrix [[m, v], [w, D]] is [[m, v D^-1], [w, 1]] after [[1, 0], [0, D]], and the latter can go before the
 *   S-box, into the matrix of the round before. From the last round to the first, powers of D come together.
 */
function sparse(o: {
  readonly width: number
  readonly partialRounds: number
  readonly constants: readonly (readonly bigint[])[]
  readonly matrix: readonly (readonly bigint[])[]
}): PoseidonParameters {
  const { width, partialRounds, constants, matrix } = o
  const half = FULL_ROUNDS / 2
  const firsts: bigint[] = []
  let carried: readonly bigint[] = matrix.map(() => 0n)
  for (let round = half; round < half + partialRounds; round++) {
    const [first, ...others] = carried.map((x, i) => (x + (constants[round]?.[i] as bigint)) % r)
    firsts.push(first as bigint)
    carried = matrix.map((row) => dot(row.slice(1), others))
  }
  const last = carried.map((x, i) => (x + (constants[half + partialRounds]?.[i] as bigint)) % r)

  const [top, ...rest] = matrix as readonly [readonly bigint[], ...(readonly bigint[])[]]
  const dense = rest.map((row) => row.slice(1))
  const transposedInverse = transpose(inverse(dense))
  let row = top.slice(1)
  let column = rest.map(([w]) => w as bigint)
  const partial: PoseidonParameters['partial'][number][] = []
  for (let round = partialRounds - 1; round >= 0; round--) {
    row = transposedInverse.map((line) => dot(line, row))
    partial.unshift({ row, column, after: firsts[round + 1] ?? (last[0] as bigint) })
    column = dense.map((line) => dot(line, column))
  }
  const power = powerOf(dense, partialRounds)
  const columns = transpose(rest)
  const zeros = matrix.map(() => 0n)
  return {
    width,
    partialRounds,
    start: constants[0] as readonly bigint[],
    matrix,
    lastMatrix: [top, ...power.map((line) => columns.map((entries) => dot(line, entries)))],
    afterFull: [
      ...constants.slice(1, half),
      zeros.with(0, firsts[0] as bigint),
      ...constants.slice(half + partialRounds + 1),
      zeros,
    ],
    partial,
    corner: top[0] as bigint,
    afterPartial: last.slice(1),
  }
}

/** Numbers of 254 bits by the self-shrinking LFSR of the reference generator. */
function grain(width: number, partialRounds: number): () => bigint {
  const fields = [
    [1, 2],
    [0, 4],
    [BITS, 12],
    [width, 12],
    [FULL_ROUNDS, 10],
    [partialRounds, 10],
    [2 ** 30 - 1, 30],
  ]
  const text = fields
    .map(([value, length]) => (value as number).toString(2).padStart(length as number, '0'))
    .join('')
  // 80 bits in words of 16, the oldest in front and high. The newest tap is 18 bits old: 16 bits come at once.
  const words = Array.from({ length: 5 }, (_, i) => Number.parseInt(text.slice(16 * i, 16 * i + 16), 2))
  const tap = (offset: number): number => {
    const at = offset >> 4
    return (((words[at] as number) << 16) | (words[at + 1] as number)) >>> (16 - (offset & 15))
  }
  const nextWord = (): number => {
    const word = (tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0)) & 0xffff
    words.shift()
    words.push(word)
    return word
  }
  for (let i = 0; i < 160 / 16; i++) nextWord()
  let [word, pairs] = [0, 0]
  /** Of each pair of bits the second, if the first is 1. */
  const nextBit = (): number => {
    for (;;) {
      if (pairs === 0) [word, pairs] = [nextWord(), 8]
      pairs--
      const pair = word >> (2 * pairs)
      if ((pair & 2) !== 0) return pair & 1
    }
  }
  return () => {
    let hex = '0x'
    for (let left = BITS; left > 0; ) {
      // The first chunk is the short one.
      const length = left % 32 || 32
      let chunk = 0
      for (let i = 0; i < length; i++) chunk = 2 * chunk + nextBit()
      hex += chunk.toString(16).padStart(8, '0')
      left -= length
    }
    return BigInt(hex)
  }
}

/** Inverts numbers modulo r, none of them 0, with one inversion. */
export function invertAll(values: readonly bigint[]): bigint[] {
  const products: bigint[] = []
  let product = 1n
  for (const value of values) {
    products.push(product)
    product = (product * value) % r
  }
  let inverse = invert(product, r)
  const inverses = Array<bigint>(values.length)
  for (let i = values.length - 1; i >= 0; i--) {
    inverses[i] = (inverse * (products[i] as bigint)) % r
    inverse = (inverse * (values[i] as bigint)) % r
  }
  return inverses
}

type Matrix = readonly (readonly bigint[])[]

function dot(a: readonly bigint[], b: readonly bigint[]): bigint {
  let sum = 0n
  for (let i = 0; i < a.length; i++) sum += (a[i] as bigint) * (b[i] as bigint)
  return sum % r
}

function transpose(m: Matrix): bigint[][] {
  return (m[0] ?? []).map((_, j) => m.map((line) => line[j] as bigint))
}

function multiply(a: Matrix, b: Matrix): bigint[][] {
  const columns = transpose(b)
  return a.map((line) => columns.map((column) => dot(line, column)))
}

function powerOf(m: Matrix, exponent: number): Matrix {
  let result: Matrix = m.map((_, i) => m.map((_, j) => (i === j ? 1n : 0n)))
  for (const bit of exponent.toString(2)) {
    result = multiply(result, result)
    if (bit === '1') result = multiply(result, m)
  }
  return result
}

/** Inverse by Gauss and Jordan; square parts of Poseidon's matrix are Cauchy matrices, and have one. */
function inverse(m: Matrix): bigint[][] {
  const n = m.length
  const lines = m.map((line, i) => [...line, ...line.map((_, j) => (i === j ? 1n : 0n))])
  for (let i = 0; i < n; i++) {
    const pivot = lines.findIndex((line, k) => k >= i && line[i] !== 0n)
    const [found, here] = [lines[pivot] as bigint[], lines[i] as bigint[]]
    lines[pivot] = here
    const factor = invert(found[i] as bigint, r)
    const scaled = found.map((x) => (x * factor) % r)
    lines[i] = scaled
    for (const [k, line] of lines.entries()) {
      const times = line[i] as bigint
      if (k !== i && times !== 0n)
        lines[k] = line.map((x, j) => (((x - times * (scaled[j] as bigint)) % r) + r) % r)
    }
  }
  return lines.map((line) => line.slice(n))
}
