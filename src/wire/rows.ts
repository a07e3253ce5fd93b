/*
 * The rows of a circuit's matrices A and B, small: most rows are others with different wires, or follow from others.
 *
 * circom puts what is linear into the constraints that are not, so that Poseidon's partial rounds become rows of up to
 * eighty numbers. They need not be told: the permutation says how an S-box's input depends on other S-boxes, and those of
 * the rounds around, whose rows are short, determine it (`permutationRows`).
 */

import { invertAll } from '../crypto/poseidon-parameters.js'
import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS as r } from '../field.js'
import { readUint256 } from '../formats/sections.js'
import { COEFFICIENT_LENGTH } from '../formats/zkey.js'
import { base8Coefficients, circomlibConstants, modulo, parametersOf, solve, WIDTHS } from './constants.js'
import { type Reader, readStreams } from './streams.js'

/** A linear combination: wires in ascending order without the constant one, their coefficients, and that of the constant. */
export interface Row {
  readonly wires: readonly number[]
  readonly values: readonly bigint[]
  readonly constant: bigint
}

/** Streams of packed rows, in order. */
export const STREAMS = ['shapes', 'firsts', 'steps', 'values', 'numbers', 'small', 'permutations'] as const

/** How a value is told; what is greater names one of the values so far, see {@link nameOf}. */
export const VALUE = { raw: 0, double: 1, half: 2, small: 3, named: 4 } as const

/** What comes instead of the number of a shape; others are numbers behind these. */
export const SHAPE = { fresh: 0, predicted: 1, predictedNegative: 2, known: 3 } as const

const HALF = (r + 1n) / 2n

const TOO_MANY = 'packed rows are more than the key has'

/** All values so far, in order: first those that both sides derive. */
export function derivedValues(widths: readonly number[]): bigint[] {
  const values = base8Coefficients()
  for (const width of widths) {
    values.push(...circomlibConstants(width))
    // How much of an S-box's output is in another element, and the inverse: circom keeps one of both.
    const columns = parametersOf(width).partial.map(({ column }) => column)
    for (let i = 0; i < width - 1; i++)
      values.push(...invertAll(columns.map((column) => column[i] as bigint)))
  }
  return values
}

/** Values that can be named by their index, of either sign. */
export class ValueTable {
  readonly #values: bigint[]
  readonly #indexes: Map<bigint, number> | undefined
  last = -1

  /** @param searchable  whether values will be looked up, too */
  constructor(values: readonly bigint[], searchable: boolean) {
    this.#values = [...values]
    if (!searchable) return
    this.#indexes = new Map()
    for (const [i, value] of values.entries()) if (!this.#indexes.has(value)) this.#indexes.set(value, i)
  }

  add(value: bigint): void {
    this.#indexes?.set(value, this.#values.length)
    this.#values.push(value)
  }

  at(index: number): bigint {
    const value = this.#values[index]
    if (value === undefined) throw new ArtifactError('packed rows name a value that does not exist')
    return value
  }

  find(value: bigint): number | undefined {
    return this.#indexes?.get(value)
  }
}

/** Inputs of the permutation's partial rounds, as far as they follow from rows around them; constants are left out. */
export interface PermutationRows {
  readonly width: number
  /** Output of one S-box of the last full round before, and which. */
  readonly known: Row
  readonly knownIndex: number
  /** Outputs of the S-boxes of the partial rounds. */
  readonly powers: readonly Row[]
  /** Inputs of the S-boxes of the next full round, but for the first. */
  readonly after: readonly Row[]
}

/** Returns the inputs of the S-boxes of the partial rounds, without constants. */
export function permutationRows(o: PermutationRows): Row[] {
  const { width, known, knownIndex, powers, after } = o
  const { partial, corner, lastMatrix } = parametersOf(width)
  const wires = [...new Set([known, ...powers, ...after].flatMap((row) => row.wires))].sort((a, b) => a - b)
  const places = new Map(wires.map((wire, i) => [wire, i]))
  const addTo = (sum: bigint[], row: Row, factor: bigint): void => {
    for (const [i, wire] of row.wires.entries()) {
      const place = places.get(wire) as number
      sum[place] = ((sum[place] as bigint) + factor * (row.values[i] as bigint)) % r
    }
  }
  const zero = (): bigint[] => wires.map(() => 0n)
  const others = after.map((row) => {
    const sum = zero()
    addTo(sum, row, 1n)
    return sum
  })
  const rows: Row[] = []
  // From the last round to the first: each took its S-box's output, times a column, to the others.
  for (let k = partial.length - 1; k >= 0; k--) {
    const { row, column } = partial[k] as (typeof partial)[number]
    const power = powers[k] as Row
    for (const [i, sum] of others.entries()) addTo(sum, power, r - (column[i] as bigint))
    if (k === partial.length - 1) continue
    const sum = combine(others, row)
    addTo(sum, power, corner)
    rows.unshift(toRow(wires, sum))
  }
  // The state before them is the matrix times outputs, of which one is known: the first element in terms of the others.
  const [top, ...rest] = lastMatrix as readonly [readonly bigint[], ...(readonly bigint[])[]]
  const columns = top.map((_, j) => rest.map((line) => line[j] as bigint))
  const without = <T>(list: readonly T[]): T[] => list.filter((_, j) => j !== knownIndex)
  const factors = solve(without(columns), [without(top)])[0] as bigint[]
  const sum = combine(others, factors)
  const direct = factors.reduce(
    (left, factor, i) => left - factor * ((columns[knownIndex] as bigint[])[i] as bigint),
    top[knownIndex] as bigint,
  )
  addTo(sum, known, modulo(direct))
  rows.unshift(toRow(wires, sum))
  return rows
}

function combine(sums: readonly (readonly bigint[])[], factors: readonly bigint[]): bigint[] {
  return (sums[0] as bigint[]).map(
    (_, place) =>
      sums.reduce((total, sum, i) => total + (factors[i] as bigint) * (sum[place] as bigint), 0n) % r,
  )
}

function toRow(wires: readonly number[], sum: readonly bigint[]): Row {
  const kept = wires.map((_, i) => i).filter((i) => modulo(sum[i] as bigint) !== 0n)
  return {
    wires: kept.map((i) => wires[i] as number),
    values: kept.map((i) => modulo(sum[i] as bigint)),
    constant: 0n,
  }
}

/** Returns a row times -1. */
export function negative({ wires, values, constant }: Row): Row {
  return { wires, values: values.map((value) => modulo(-value)), constant: modulo(-constant) }
}

/** Where the rows are from which those of a permutation follow, by the constraint of its first partial round. */
export function placesOf(o: { width: number; start: number; knownIndex: number }) {
  const { width, start, knownIndex } = o
  const count = parametersOf(width).partial.length
  return {
    known: start - 15 * width + 3 * knownIndex + 2,
    powers: Array.from({ length: count }, (_, k) => start + 3 * k + 2),
    after: Array.from({ length: width - 1 }, (_, i) => start - 12 * width + 3 * (i + 1)),
  }
}

/**
 * Unpacks the rows of A and B, a pair for each constraint.
 *
 * A row may stand for many others, so that few bytes could ask for more rows than there is memory: no more is made than a key of
 * this length has coefficients, and no more of what rows follow from, of which `policy-s` takes an eighth.
 *
 * @param o.reader what `packRows` returned
 * @param o.length length in bytes of the key that they are of
 * @throws {ArtifactError} if they are malformed, or more than the key has
 */
export function unpackRows(o: { reader: Reader; length: number }): [a: Row, b: Row][] {
  const { reader, length } = o
  const most = Math.floor(length / COEFFICIENT_LENGTH)
  const constraints = reader.number()
  if (constraints > most) throw new ArtifactError(TOO_MANY)
  const count = reader.number()
  if (count > WIDTHS.length) throw new ArtifactError('packed rows name no such width')
  const widths = Array.from({ length: count }, () => reader.number())
  if (widths.some((width) => !WIDTHS.includes(width)))
    throw new ArtifactError('packed rows name no such width')
  let made = 0
  let followed = 0
  const [shapes, firsts, steps, values, numbers, small, permutations] = readStreams(reader, {
    count: STREAMS.length,
    length,
  }) as [Reader, Reader, Reader, Reader, Reader, Reader, Reader]
  const table = new ValueTable(derivedValues(widths), false)
  const known: { row: Row; first: number }[] = []
  const rows: [Row, Row][] = []
  let last = 0

  const readValue = (before: bigint): bigint => {
    const kind = values.number()
    let value: bigint
    if (kind === VALUE.small) return modulo(BigInt(small.signed()))
    if (kind === VALUE.raw) value = readUint256(numbers.take(32), 0)
    else if (kind === VALUE.double) value = (2n * before) % r
    else if (kind === VALUE.half) value = (HALF * before) % r
    else {
      const name = Math.floor((kind - VALUE.named) / 2)
      table.last += 1 + (name % 2 === 0 ? name / 2 : -(name + 1) / 2)
      const found = table.at(table.last)
      return kind % 2 === 0 ? found : modulo(-found)
    }
    if (value >= r) throw new ArtifactError('packed rows have a value that is not canonical')
    table.add(value)
    return value
  }
  const readRow = (first: number): Row => {
    const hasConstant = steps.number()
    const count = steps.number()
    followed += count
    if (followed > most) throw new ArtifactError(TOO_MANY)
    const wires: number[] = []
    for (let i = 0, wire = first; i < count; i++) {
      wire = i === 0 ? first : wire + steps.number()
      wires.push(wire)
    }
    let before = 0n
    const next = (): bigint => {
      before = readValue(before)
      return before
    }
    const constant = hasConstant === 1 ? next() : 0n
    return { wires, values: wires.map(next), constant }
  }
  let predicted: { start: number; rows: readonly Row[] } | undefined
  const read = (constraint: number): Row => {
    const shape = shapes.number()
    if (shape === SHAPE.predicted || shape === SHAPE.predictedNegative) {
      const row = predicted?.rows[(constraint - (predicted?.start ?? 0)) / 3]
      if (row === undefined) throw new ArtifactError('packed rows foretell no such row')
      last = row.wires[0] ?? last
      const signed = shape === SHAPE.predicted ? row : negative(row)
      known.push({ row: signed, first: signed.wires[0] ?? 0 })
      for (const value of signed.values) table.add(value)
      return signed
    }
    last += firsts.signed()
    if (shape === SHAPE.fresh) {
      const row = readRow(last)
      known.push({ row, first: last })
      return row
    }
    const found = known[shape - SHAPE.known]
    if (found === undefined) throw new ArtifactError('packed rows name a shape that does not exist')
    if (made + found.row.wires.length > most) throw new ArtifactError(TOO_MANY)
    const shift = last - found.first
    return { ...found.row, wires: found.row.wires.map((wire) => wire + shift) }
  }
  const take = (constraint: number): Row => {
    const row = read(constraint)
    made += row.wires.length
    if (made > most) throw new ArtifactError(TOO_MANY)
    return row
  }
  let nextPermutation = permutations.number()
  for (let constraint = 0; constraint < constraints; constraint++) {
    if (constraint === nextPermutation - 1) {
      const width = permutations.number()
      const knownIndex = permutations.number()
      if (!widths.includes(width)) throw new ArtifactError('packed rows name no such width')
      const places = placesOf({ width, start: constraint, knownIndex })
      let first = constraint
      const form = (): Row => {
        first += firsts.signed()
        return readRow(first)
      }
      const after = places.after.map((place) => {
        const row = rows[place]?.[1]
        if (row === undefined) throw new ArtifactError('packed rows name a row that does not exist')
        return row
      })
      const known = form()
      const powers = places.powers.map(form)
      // Before they are made: each of the rows may have all wires.
      const wires = new Set([known, ...powers, ...after].flatMap((row) => row.wires))
      followed += wires.size * powers.length
      if (followed > most) throw new ArtifactError(TOO_MANY)
      predicted = {
        start: constraint,
        rows: permutationRows({ width, knownIndex, known, powers, after }),
      }
      nextPermutation += permutations.number()
    }
    const pair: [Row, Row] = [take(constraint), take(constraint)]
    rows.push(pair)
  }
  return rows
}
