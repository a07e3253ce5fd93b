import { FIELD_MODULUS as r } from '../field.js'
import type { R1cs } from '../formats/r1cs.js'
import { writeUint256 } from '../formats/sections.js'
import { modulo, parametersOf, WIDTHS } from './constants.js'
import { writeStreams } from './generator-pack.js'
import {
  derivedValues,
  negative,
  permutationRows,
  placesOf,
  type Row,
  SHAPE,
  STREAMS,
  VALUE,
  ValueTable,
} from './rows.js'
import { Writer } from './streams.js'

const SMALL = 2n ** 40n

/** A permutation whose partial rounds begin at a constraint. */
interface Found {
  readonly width: number
  readonly knownIndex: number
  readonly known: Row
  readonly powers: readonly Row[]
  readonly rows: readonly Row[]
}

/** Packs the rows of A and B as `unpackRows` reads them; terms of a row come out in ascending order of wires. */
export function packRows(r1cs: R1cs): Uint8Array<ArrayBuffer> {
  const rowAt = (constraint: number, matrix: number): Row => rowOf(r1cs, 3 * constraint + matrix)
  const rows = Array.from({ length: r1cs.constraints }, (_, i) => [rowAt(i, 0), rowAt(i, 1)] as const)
  const permutations = findPermutations(r1cs.constraints, rowAt)
  const widths = [...new Set([...permutations.values()].map(({ width }) => width))].sort((a, b) => a - b)

  const streams = Object.fromEntries(STREAMS.map((name) => [name, new Writer()])) as Record<
    (typeof STREAMS)[number],
    Writer
  >
  const { shapes, firsts, steps, values, numbers, small } = streams
  const table = new ValueTable(derivedValues(widths), true)
  const known = new Map<string, { index: number; first: number }>()
  let last = 0

  const name = (index: number, negated: boolean): void => {
    const step = index - table.last - 1
    table.last = index
    values.number(VALUE.named + 2 * (step >= 0 ? 2 * step : -2 * step - 1) + (negated ? 1 : 0))
  }
  const writeValue = (value: bigint, before: bigint): void => {
    const signed = 2n * value > r ? value - r : value
    const [index, opposite] = [table.find(value), table.find(modulo(-value))]
    if (signed > -SMALL && signed < SMALL) {
      values.number(VALUE.small)
      small.signed(Number(signed))
    } else if (index !== undefined && (index === table.last + 1 || opposite !== table.last + 1))
      name(index, false)
    else if (opposite !== undefined) name(opposite, true)
    else {
      if (value === (2n * before) % r) values.number(VALUE.double)
      else if ((2n * value) % r === before) values.number(VALUE.half)
      else {
        values.number(VALUE.raw)
        const bytes = new Uint8Array(32)
        writeUint256(bytes, 0, value)
        numbers.append(bytes)
      }
      table.add(value)
    }
  }
  const writeRow = (row: Row): void => {
    steps.number(row.constant === 0n ? 0 : 1)
    steps.number(row.wires.length)
    for (let i = 1; i < row.wires.length; i++)
      steps.number((row.wires[i] as number) - (row.wires[i - 1] as number))
    let before = 0n
    for (const value of row.constant === 0n ? row.values : [row.constant, ...row.values]) {
      writeValue(value, before)
      before = value
    }
  }
  let predicted: { start: number; rows: readonly Row[] } | undefined
  const write = (row: Row, constraint: number): void => {
    const first = row.wires[0] ?? last
    const shape = shapeOf(row)
    const seen = known.get(shape)
    if (seen !== undefined) {
      shapes.number(SHAPE.known + seen.index)
      firsts.signed(first - last)
      last = first
      return
    }
    known.set(shape, { index: known.size, first })
    const expected = predicted?.rows[(constraint - (predicted?.start ?? 0)) / 3]
    for (const [sign, kind] of [
      [(x: Row) => x, SHAPE.predicted],
      [negative, SHAPE.predictedNegative],
    ] as const) {
      if (expected === undefined || !sameRow(sign(expected), row)) continue
      shapes.number(kind)
      last = first
      for (const value of row.values) table.add(value)
      return
    }
    shapes.number(SHAPE.fresh)
    firsts.signed(first - last)
    last = first
    writeRow(row)
  }
  let before = -1
  for (const [constraint, pair] of rows.entries()) {
    const permutation = permutations.get(constraint)
    if (permutation !== undefined) {
      const { width, knownIndex, known: output, powers } = permutation
      streams.permutations.number(constraint - before)
      streams.permutations.number(width)
      streams.permutations.number(knownIndex)
      before = constraint
      let from = constraint
      for (const row of [output, ...powers]) {
        firsts.signed((row.wires[0] ?? from) - from)
        from = row.wires[0] ?? from
        writeRow(row)
      }
      predicted = { start: constraint, rows: permutation.rows }
    }
    for (const row of pair) write(row, constraint)
  }
  streams.permutations.number(0)
  const out = new Writer()
  out.number(r1cs.constraints)
  out.number(widths.length)
  for (const width of widths) out.number(width)
  out.append(writeStreams(STREAMS.map((stream) => streams[stream].done())))
  return out.done().slice()
}

/** A row's coefficients, and its wires relative to the first. */
function shapeOf({ wires, values, constant }: Row): string {
  const first = wires[0] ?? 0
  return `${constant.toString(36)} ${wires.map((wire, i) => `${wire - first}:${(values[i] as bigint).toString(36)}`).join()}`
}

function sameRow(a: Row, b: Row): boolean {
  return (
    a.constant === b.constant &&
    a.wires.length === b.wires.length &&
    a.wires.every((wire, i) => wire === b.wires[i] && a.values[i] === b.values[i])
  )
}

function rowOf(r1cs: R1cs, row: number): Row {
  const terms: [number, bigint][] = []
  let constant = 0n
  for (let term = r1cs.rowStart[row] as number; term < (r1cs.rowStart[row + 1] as number); term++) {
    const value = r1cs.coefficients[r1cs.termCoefficient[term] as number] as bigint
    const wire = r1cs.termWire[term] as number
    if (wire === 0) constant = value
    else terms.push([wire, value])
  }
  terms.sort(([a], [b]) => a - b)
  return { wires: terms.map(([wire]) => wire), values: terms.map(([, value]) => value), constant }
}

/**
 * Finds where rows of circomlib's Poseidon follow from those around them. It is only tried where three constraints in a row
 * look like an S-box with an input of several wires, and taken only if all rows come out as they are.
 */
function findPermutations(
  constraints: number,
  rowAt: (constraint: number, matrix: number) => Row,
): Map<number, Found> {
  const found = new Map<number, Found>()
  // Rows that were tried before need not be tried again: what follows for them is known by then, or does not.
  const tried = new Set<string>()
  const dense = (constraint: number): boolean => {
    if (constraint + 2 >= constraints) return false
    const input = rowAt(constraint, 1)
    return (
      input.wires.length > 1 &&
      sameRow(input, rowAt(constraint + 2, 1)) &&
      sameRow(negative(input), rowAt(constraint, 0))
    )
  }
  for (let start = 0; start < constraints; start++) {
    if (!dense(start) || !dense(start + 3)) continue
    if (rowAt(start, 1).wires.length <= rowAt(start + 3, 1).wires.length) continue
    const shape = shapeOf(rowAt(start, 1))
    if (tried.has(shape)) continue
    tried.add(shape)
    for (const width of WIDTHS) {
      const candidate = tryPermutation({ width, start, constraints, rowAt })
      if (candidate === undefined) continue
      found.set(start, candidate)
      start += 3 * candidate.rows.length - 1
      break
    }
  }
  return found
}

function tryPermutation(o: {
  width: number
  start: number
  constraints: number
  rowAt: (constraint: number, matrix: number) => Row
}): Found | undefined {
  const { width, start, constraints, rowAt } = o
  const count = parametersOf(width).partial.length
  if (start < 15 * width || start + 3 * count > constraints) return undefined
  // An S-box ends in (-x^4) x = -x^5, and constants do not matter here.
  const output = (constraint: number): Row => ({ ...negative(rowAt(constraint, 2)), constant: 0n })
  const lengths = Array.from(
    { length: width },
    (_, i) => rowAt(start - 15 * width + 3 * i + 2, 2).wires.length,
  )
  const knownIndex = lengths.indexOf(Math.min(...lengths))
  const places = placesOf({ width, start, knownIndex })
  const after = places.after.map((place) => rowAt(place, 1))
  const [known, powers] = [output(places.known), places.powers.map(output)]
  if ([known, ...powers].some((row) => row.wires.length > 2 * width)) return undefined
  const rows = permutationRows({ width, known, knownIndex, powers, after })
  const right = rows.every((row, k) => sameRow(row, rowAt(start + 3 * k, 1)))
  return right ? { width, knownIndex, known, powers, rows } : undefined
}
