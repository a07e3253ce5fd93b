/*
 * Which points of A and B1 follow from others of a key. A wire's point is the sum of its column's coefficients times L_j, one
 * for each row j. L_j follows, up to its sign, from a wire that stands once, in row j alone; then from one that stands once
 * in row j and otherwise in rows whose L_j is known, and so on. And circom writes a square as -x times x: the columns of a
 * wire in A and B cancel each other but for few rows, so that a point of B1 may be that of A with few multiples.
 */
import { FIELD_MODULUS as r } from '../field.js'
import { additionsOf } from './combine.js'
import { modulo } from './constants.js'
import type { Row } from './rows.js'

/** Additions of points that all sums of a key may take: a third of a second's, about. */
export const MOST_ADDITIONS = 500_000

/** Additions that an L_j may take. */
const MOST_FOR_ROW = 16

/** Lists of points that are sums, in the order of the matrices. */
const SUMMED = ['a', 'b1'] as const
export type Summed = (typeof SUMMED)[number]

/** A multiple of a wire's point in a list, or of a row's L_j. */
export interface Term {
  readonly of: Summed | 'row'
  readonly index: number
  /** From -(r - 1) / 2 to (r - 1) / 2. */
  readonly value: bigint
}

/** What gives a point. */
export interface Sum {
  readonly terms: readonly Term[]
  /** Additions that it takes, about. */
  readonly additions: number
}

/** What {@link findSums} found. */
export interface Sums {
  /** Rows whose L_j is known, by round: those of a round need only earlier ones, and points that are told. */
  readonly rounds: readonly ReadonlyMap<number, readonly Term[]>[]
  /** Whether a wire's point gives an L_j, so that it has to be told. */
  isTaken(list: Summed, wire: number): boolean
  /** The sum that gives a wire's point, one of B1 perhaps from that of A; undefined if there is none. */
  sumOf(list: Summed, wire: number): Sum | undefined
}

/** Columns of a matrix, one behind the other: rows, and places in them. */
interface Columns {
  readonly starts: Uint32Array
  readonly rows: Uint32Array
  readonly places: Uint32Array
}

/**
 * Finds sums that give points of A and B1. Whatever else is told, the same rows give the same sums, as long as points that
 * are taken for an L_j are told.
 *
 * @param o.rows          rows of A and B, a pair for each constraint
 * @param o.wires         number of wires
 * @param o.publicSignals these have rows of their own in A: their points are told, and help nobody
 * @param o.isTold        whether a wire's point is told
 */
export function findSums(o: {
  rows: readonly (readonly [Row, Row])[]
  wires: number
  publicSignals: number
  isTold: (list: Summed, wire: number) => boolean
}): Sums {
  const { rows, wires, publicSignals, isTold } = o
  const columns = SUMMED.map((_, matrix) => columnsOf({ rows, wires, matrix })) as [Columns, Columns]
  const column = (matrix: number, wire: number): [row: number, value: bigint][] => {
    const { starts, rows: inRows, places } = columns[matrix] as Columns
    const entries: [number, bigint][] = []
    for (let i = starts[wire] as number; i < (starts[wire + 1] as number); i++) {
      const row = inRows[i] as number
      entries.push([row, rows[row]?.[matrix]?.values[places[i] as number] as bigint])
    }
    return entries
  }

  const known = new Set<number>()
  const taken = SUMMED.map(() => new Set<number>()) as [Set<number>, Set<number>]
  const unknown = columns.map(({ starts }) =>
    Uint32Array.from({ length: wires }, (_, wire) => (starts[wire + 1] as number) - (starts[wire] as number)),
  ) as [Uint32Array, Uint32Array]
  // Columns of which one row is not known: matrix times the number of wires, plus the wire.
  let candidates: number[] = []
  const offer = (matrix: number, wire: number): void => {
    if (unknown[matrix]?.[wire] === 1 && wire > publicSignals && isTold(SUMMED[matrix] as Summed, wire))
      candidates.push(matrix * wires + wire)
  }
  for (const matrix of SUMMED.keys()) for (let wire = 0; wire < wires; wire++) offer(matrix, wire)
  const rounds: Map<number, Term[]>[] = []
  while (candidates.length > 0) {
    const found = new Map<number, Term[]>()
    for (const candidate of candidates.sort((a, b) => a - b)) {
      const [matrix, index] = [Math.floor(candidate / wires), candidate % wires]
      const entries = column(matrix, index)
      const last = entries.find(([j]) => !known.has(j))
      // Another row of the round before may have been its last.
      if (last === undefined || found.has(last[0])) continue
      const sign = centred(last[1])
      if (sign !== 1n && sign !== -1n) continue
      const rest = entries.filter((entry) => entry !== last)
      const terms = rest.map(([j, value]): Term => ({ of: 'row', index: j, value: centred(-sign * value) }))
      if (additions(terms) > MOST_FOR_ROW) continue
      found.set(last[0], [{ of: SUMMED[matrix] as Summed, index, value: sign }, ...terms])
      taken[matrix]?.add(index)
    }
    candidates = []
    for (const row of found.keys()) known.add(row)
    for (const row of found.keys()) {
      for (const matrix of SUMMED.keys()) {
        for (const wire of rows[row]?.[matrix]?.wires ?? []) {
          const left = unknown[matrix] as Uint32Array
          left[wire] = (left[wire] as number) - 1
          offer(matrix, wire)
        }
      }
    }
    rounds.push(found)
  }

  return {
    rounds,
    isTaken: (list, wire) => taken[SUMMED.indexOf(list)]?.has(wire) ?? false,
    sumOf(list, wire) {
      if (wire <= publicSignals) return undefined
      const own = column(SUMMED.indexOf(list), wire)
      const a = list === 'b1' ? column(0, wire) : []
      let best: Sum | undefined
      for (const factor of a.length > 0 ? [0n, 1n, -1n] : [0n]) {
        const left = new Map(own)
        for (const [j, value] of a) left.set(j, modulo((left.get(j) ?? 0n) - factor * value))
        const multiples = [...left].filter(([, value]) => value !== 0n)
        if (multiples.length === 0 || multiples.some(([j]) => !known.has(j))) continue
        const terms = multiples.map(([j, value]): Term => ({ of: 'row', index: j, value: centred(value) }))
        if (factor !== 0n) terms.push({ of: 'a', index: wire, value: factor })
        const sum = { terms, additions: additions(terms) }
        if (best === undefined || sum.additions < best.additions) best = sum
      }
      return best
    },
  }
}

function columnsOf(o: { rows: readonly (readonly [Row, Row])[]; wires: number; matrix: number }): Columns {
  const { rows, wires, matrix } = o
  const starts = new Uint32Array(wires + 1)
  for (const pair of rows) for (const wire of pair[matrix]?.wires ?? []) starts[wire + 1]! += 1
  for (let wire = 0; wire < wires; wire++) starts[wire + 1]! += starts[wire] as number
  const next = starts.slice()
  const length = starts[wires] as number
  const columns: Columns = { starts, rows: new Uint32Array(length), places: new Uint32Array(length) }
  for (const [j, pair] of rows.entries()) {
    for (const [place, wire] of (pair[matrix]?.wires ?? []).entries()) {
      const at = next[wire]!++
      columns.rows[at] = j
      columns.places[at] = place
    }
  }
  return columns
}

function additions(terms: readonly Term[]): number {
  return terms.reduce((sum, { value }) => sum + additionsOf(value), 0)
}

function centred(value: bigint): bigint {
  const x = modulo(value)
  return x > r / 2n ? x - r : x
}
