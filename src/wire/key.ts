/*
 * A proving key, small: of a point only x and which of both roots y is, none of points at infinity, points that stand
 * there twice once, and none of B1 that are short sums of others (`sums.ts`); coefficients as rows (`rows.ts`).
 */
import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS as r } from '../field.js'
import { writeUint256 } from '../formats/sections.js'
import { COEFFICIENT_LENGTH, HEADER_POINT, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { type CombinePoints, type Multiple, openCombine } from './combine.js'
import { negate, openRoots } from './roots.js'
import { type Row, unpackRows } from './rows.js'
import { Reader, readStreams } from './streams.js'
import { findSums, MOST_ADDITIONS, type Summed, type Term } from './sums.js'

/**
 * Streams of a packed key, in order; what is left of x coordinates follows as it is. `tops` has their highest bytes, which
 * are below 49, of the last one of a point twice that and whether the first number of y that is not 0 is odd.
 */
export const STREAMS = ['rest', 'kinds', 'references', 'tops'] as const

/** What is told of a point. */
export const KIND = { infinity: 0, fresh: 1, same: 2, negative: 3, sum: 4 } as const

/** Bytes of a coordinate, and of what is left of it without the highest. */
export const COORDINATE = 32
export const LOW = COORDINATE - 1

/** Points whose roots are taken before others have a turn. */
const BATCH = 4096

/** Lists of points in a key, those of a group one behind the other, so that one can be told by an earlier one. */
export const LISTS = [
  { type: ZKEY_SECTION.ic, group: 'G1' },
  { type: ZKEY_SECTION.h, group: 'G1' },
  { type: ZKEY_SECTION.c, group: 'G1' },
  { type: ZKEY_SECTION.a, group: 'G1' },
  { type: ZKEY_SECTION.b1, group: 'G1' },
  { type: ZKEY_SECTION.b2, group: 'G2' },
] as const

/** Numbers of points in these lists, from a key's header. */
export function countsOf(header: Uint8Array): readonly number[] {
  if (header.length !== HEADER_POINT.end)
    throw new ArtifactError('packed key has a header of the wrong length')
  const view = new DataView(header.buffer, header.byteOffset, header.length)
  const [wires, publicSignals, domainSize] = [72, 76, 80].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ]
  if (publicSignals >= wires) throw new ArtifactError('packed key counts more public signals than wires')
  return [publicSignals + 1, domainSize, wires - publicSignals - 1, wires, wires, wires]
}

/**
 * Unpacks a proving key.
 *
 * @param o.reader  what `packKey` returned
 * @param o.length  length of the key in bytes, beyond which nothing is reserved
 * @param o.pause   waited for now and then, so that a page stays alive
 * @throws {ArtifactError} if it is malformed
 */
export async function unpackKey(o: {
  reader: Reader
  length: number
  pause: () => Promise<void>
}): Promise<Uint8Array<ArrayBuffer>> {
  const { reader, pause } = o
  const order = Array.from({ length: reader.number() }, () => reader.number())
  const rows = unpackRows({ reader: new Reader(reader.take(reader.number())), length: o.length })
  await pause()
  const [rest, kinds, references, tops] = readStreams(reader, {
    count: STREAMS.length,
    length: o.length,
  }) as [Reader, Reader, Reader, Reader]
  const plain = new Map<number, Uint8Array>()
  while (!rest.ended) plain.set(rest.number(), rest.take(rest.number()))
  const header = plain.get(ZKEY_SECTION.header) ?? new Uint8Array(0)
  const counts = countsOf(header)

  const lengths = order.map((type) => {
    const list = LISTS.findIndex((other) => other.type === type)
    if (list >= 0) return (counts[list] as number) * POINT_LENGTH[LISTS[list]?.group ?? 'G1']
    if (type === ZKEY_SECTION.coefficients) return coefficientsLength(rows, counts[0] as number)
    return plain.get(type)?.length ?? 0
  })
  const total = lengths.reduce((sum, length) => sum + 12 + length, 12)
  if (total !== o.length) throw new ArtifactError('packed key has sections of other lengths')
  const key = new Uint8Array(total)
  const view = new DataView(key.buffer)
  for (const [i, letter] of [...'zkey'].entries()) key[i] = letter.charCodeAt(0)
  view.setUint32(4, 1, true)
  view.setUint32(8, order.length, true)
  const sections = new Map<number, Uint8Array>()
  let position = 12
  for (const [i, type] of order.entries()) {
    const length = lengths[i] as number
    view.setUint32(position, type, true)
    view.setBigUint64(position + 4, BigInt(length), true)
    const section = key.subarray(position + 12, position + 12 + length)
    section.set(plain.get(type) ?? [])
    sections.set(type, section)
    position += 12 + length
  }
  writeCoefficients({
    section: sections.get(ZKEY_SECTION.coefficients),
    rows,
    publicSignals: counts[0] as number,
  })
  await pause()
  for (const group of ['G1', 'G2'] as const) {
    const lists = LISTS.filter((list) => list.group === group).map(
      ({ type }) => sections.get(type) ?? new Uint8Array(0),
    )
    const streams = { kinds, references, tops, xs: reader }
    await writePoints({ group, lists, streams, rows, publicSignals: (counts[0] as number) - 1, pause })
  }
  return key
}

function coefficientsLength(rows: readonly [Row, Row][], publicSignals: number): number {
  const terms = (row: Row): number => row.wires.length + (row.constant === 0n ? 0 : 1)
  const count = rows.reduce((sum, [a, b]) => sum + terms(a) + terms(b), publicSignals)
  return 4 + COEFFICIENT_LENGTH * count
}

/** Rows in circom's order of terms, then one of each public signal and the constant. */
function writeCoefficients(o: {
  section: Uint8Array | undefined
  rows: readonly [Row, Row][]
  publicSignals: number
}): void {
  const { section, rows, publicSignals } = o
  if (section === undefined) throw new ArtifactError('packed key lacks coefficients')
  const view = new DataView(section.buffer, section.byteOffset, section.length)
  view.setUint32(0, (section.length - 4) / COEFFICIENT_LENGTH, true)
  let position = 4
  const write = (matrix: number, constraint: number, wire: number, value: Uint8Array): void => {
    view.setUint32(position, matrix, true)
    view.setUint32(position + 4, constraint, true)
    view.setUint32(position + 8, wire, true)
    section.set(value, position + 12)
    position += COEFFICIENT_LENGTH
  }
  // Rows of one shape have one list of values.
  const encoded = new Map<readonly bigint[], Uint8Array[]>()
  const encode = (value: bigint): Uint8Array => {
    const bytes = new Uint8Array(32)
    writeUint256(bytes, 0, (value << 512n) % r)
    return bytes
  }
  const valuesOf = (values: readonly bigint[]): Uint8Array[] => {
    const found = encoded.get(values) ?? values.map(encode)
    encoded.set(values, found)
    return found
  }
  for (const [constraint, pair] of rows.entries()) {
    for (const [matrix, row] of pair.entries()) {
      if (row.constant !== 0n) write(matrix, constraint, 0, encode(row.constant))
      const values = valuesOf(row.values)
      for (const i of inCircomsOrder(row.wires)) {
        write(matrix, constraint, row.wires[i] as number, values[i] as Uint8Array)
      }
    }
  }
  const one = encode(1n)
  for (let signal = 0; signal < publicSignals; signal++) write(0, rows.length + signal, signal, one)
}

/** circom sorts wires by their little-endian bytes. */
function inCircomsOrder(wires: readonly number[]): number[] {
  const key = (wire: number): number =>
    (((wire & 255) << 24) | ((wire & 0xff00) << 8) | ((wire >>> 8) & 0xff00) | (wire >>> 24)) >>> 0
  const keys = wires.map(key)
  return wires.map((_, i) => i).sort((i, j) => (keys[i] as number) - (keys[j] as number))
}

async function writePoints(o: {
  group: 'G1' | 'G2'
  lists: readonly Uint8Array[]
  streams: { readonly kinds: Reader; readonly references: Reader; readonly tops: Reader; readonly xs: Reader }
  rows: readonly [Row, Row][]
  publicSignals: number
  pause: () => Promise<void>
}): Promise<void> {
  const { group, lists, streams, rows, publicSignals, pause } = o
  const length = POINT_LENGTH[group]
  const places: Uint8Array[] = []
  for (const list of lists) {
    for (let at = 0; at < list.length; at += length) places.push(list.subarray(at, at + length))
  }
  const told = streams.kinds.take(places.length)
  if (told.some((kind) => kind > KIND.sum)) throw new ArtifactError('packed key names no such kind of point')
  await writeFresh({ ...o, places, told })
  const repeat = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const kind = told[i] as number
      if (kind !== KIND.same && kind !== KIND.negative) continue
      const before = places[i - streams.references.number()]
      if (before === undefined) throw new ArtifactError('packed key names no such point')
      const place = places[i] as Uint8Array
      place.set(before)
      if (kind === KIND.negative) negateRoot(place)
    }
  }
  if (!told.includes(KIND.sum)) return repeat(0, places.length)
  const [ic, h, c] = lists.map((list) => list.length / length) as [number, number, number]
  const starts = { a: ic + h + c, b1: (ic + h + c + places.length) / 2 }
  if (group === 'G2' || told.indexOf(KIND.sum) < starts.a)
    throw new ArtifactError('packed key sums other points than those of A and B1')
  const write = await openSums({ places, told, starts, rows, publicSignals, pause })
  repeat(0, starts.a)
  await write('a')
  repeat(starts.a, starts.b1)
  // These may need any of A.
  await write('b1')
  repeat(starts.b1, places.length)
}

/** Returns what writes the points of A or B1 that are sums, of points that are told or, for those of B1, of A. */
async function openSums(o: {
  places: readonly Uint8Array[]
  told: Uint8Array
  starts: Readonly<Record<Summed, number>>
  rows: readonly [Row, Row][]
  publicSignals: number
  pause: () => Promise<void>
}): Promise<(list: Summed) => Promise<void>> {
  const { places, told, starts, rows, publicSignals, pause } = o
  const wires = starts.b1 - starts.a
  const { rounds, sumOf } = findSums({
    ...{ rows, wires, publicSignals },
    isTold: (list, wire) => told[starts[list] + wire] === KIND.fresh,
  })
  let additions = 0
  const wanted = { a: new Map<number, readonly Term[]>(), b1: new Map<number, readonly Term[]>() }
  for (const list of ['a', 'b1'] as const) {
    for (const i of indexesOf(told.subarray(starts[list], starts[list] + wires), KIND.sum)) {
      const sum = sumOf(list, i)
      additions += sum?.additions ?? 0
      if (sum === undefined || additions > MOST_ADDITIONS)
        throw new ArtifactError('packed key has no such sum')
      wanted[list].set(i, sum.terms)
    }
  }

  // What is wanted of rows, from the last round to the first.
  const neededRows = new Set<number>()
  const need = (terms: readonly Term[]): void => {
    for (const { of, index } of terms) if (of === 'row') neededRows.add(index)
  }
  for (const sums of Object.values(wanted)) for (const terms of sums.values()) need(terms)
  for (const round of [...rounds].reverse())
    for (const [row, terms] of round) if (neededRows.has(row)) need(terms)

  const [direct = new Map<number, readonly Term[]>(), ...later] = rounds
  const found = new Map<number, Uint8Array>()
  const multipleOf = ({ of, index, value }: Term): Multiple => {
    if (of !== 'row') return { point: places[starts[of] + index] as Uint8Array, value }
    const point = found.get(index)
    if (point) return { point, value }
    const [term] = direct.get(index) as readonly [Term]
    return multipleOf({ ...term, value: term.value * value })
  }
  const combine: CombinePoints = await openCombine()
  const write = (sums: readonly (readonly [place: Uint8Array, terms: readonly Term[]])[]): Promise<void> =>
    combine({
      sums: sums.map(([, terms]) => terms.map(multipleOf)),
      put: (index, point) => sums[index]?.[0].set(point),
      pause,
    })
  for (const round of later) {
    const sums = [...round].filter(([row]) => neededRows.has(row))
    if (sums.length === 0) continue
    const points = sums.map(([, terms]) => [new Uint8Array(POINT_LENGTH.G1), terms] as const)
    await write(points)
    for (const [i, [row]] of sums.entries()) found.set(row, points[i]?.[0] as Uint8Array)
  }
  return (list) =>
    write([...wanted[list]].map(([wire, terms]) => [places[starts[list] + wire] as Uint8Array, terms]))
}

function indexesOf(kinds: Uint8Array, wanted: number): number[] {
  const indexes: number[] = []
  for (const [i, kind] of kinds.entries()) if (kind === wanted) indexes.push(i)
  return indexes
}

/** Points of which x is told. */
async function writeFresh(o: {
  group: 'G1' | 'G2'
  places: readonly Uint8Array[]
  told: Uint8Array
  streams: { readonly tops: Reader; readonly xs: Reader }
  pause: () => Promise<void>
}): Promise<void> {
  const { group, places, told, streams, pause } = o
  const roots = await openRoots()
  const half = POINT_LENGTH[group] / 2
  const fresh = indexesOf(told, KIND.fresh)
  for (let first = 0; first < fresh.length; first += BATCH) {
    const batch = fresh.slice(first, first + BATCH)
    const x = new Uint8Array(half * batch.length)
    for (let at = 0; at < x.length; at += COORDINATE) {
      x.set(streams.xs.take(LOW), at)
      x[at + LOW] = streams.tops.byte()
    }
    const odd = batch.map((_, i) => {
      const top = half * (i + 1) - 1
      const byte = x[top] as number
      x[top] = byte >> 1
      return byte % 2 === 1
    })
    const y = group === 'G1' ? roots.g1(x) : roots.g2(x)
    for (const [i, index] of batch.entries()) {
      const place = places[index] as Uint8Array
      place.set(x.subarray(half * i, half * (i + 1)))
      place.set(y.subarray(half * i, half * (i + 1)), half)
      if (isOdd(place.subarray(half)) !== odd[i]) negateRoot(place)
    }
    await pause()
  }
}

/** Whether the first number of y that is not 0 is odd. */
export function isOdd(y: Uint8Array): boolean {
  for (let at = 0; at < y.length; at += 32) {
    const number = y.subarray(at, at + 32)
    if (number.some((byte) => byte !== 0)) return (number[0] as number) % 2 === 1
  }
  return false
}

/** Negates a point in place. */
export function negateRoot(point: Uint8Array): void {
  for (let at = point.length / 2; at < point.length; at += 32) negate(point, at)
}
