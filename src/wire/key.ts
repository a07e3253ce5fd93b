/*
 * A proving key, small: of a point only x and which of both roots y is, none of points at infinity, and points that stand
 * there twice once; coefficients as rows (`rows.ts`).
 */
import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS as r } from '../field.js'
import { writeUint256 } from '../formats/sections.js'
import { COEFFICIENT_LENGTH, HEADER_POINT, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { negate, openRoots } from './roots.js'
import { type Row, unpackRows } from './rows.js'
import { Reader, readStreams } from './streams.js'

/** Streams of a packed key, in order; x coordinates follow as they are. */
export const STREAMS = ['rest', 'kinds', 'references'] as const

/** What is told of a point. */
export const KIND = { infinity: 0, fresh: 1, same: 2, negative: 3 } as const

/** Bit of the highest byte of x that tells whether the first number of y that is not 0 is odd. */
export const ODD = 0x80

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
  const [rest, kinds, references] = readStreams(reader, {
    count: STREAMS.length,
    length: o.length,
  }) as [Reader, Reader, Reader]
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
    await writePoints({
      group,
      lists: LISTS.filter((list) => list.group === group).map(
        ({ type }) => sections.get(type) ?? new Uint8Array(0),
      ),
      kinds,
      references,
      xs: reader,
      pause,
    })
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
  kinds: Reader
  references: Reader
  xs: Reader
  pause: () => Promise<void>
}): Promise<void> {
  const { group, lists, kinds, references, xs, pause } = o
  const roots = await openRoots()
  const length = POINT_LENGTH[group]
  const half = length / 2
  const places: Uint8Array[] = []
  for (const list of lists) {
    for (let at = 0; at < list.length; at += length) places.push(list.subarray(at, at + length))
  }
  const told = kinds.take(places.length)
  const fresh: number[] = []
  for (const [i, kind] of told.entries()) if (kind === KIND.fresh) fresh.push(i)
  for (let first = 0; first < fresh.length; first += BATCH) {
    const batch = fresh.slice(first, first + BATCH)
    const x = xs.take(half * batch.length).slice()
    const odd = batch.map((_, i) => {
      const top = half * (i + 1) - 1
      const byte = x[top] as number
      x[top] = byte & ~ODD
      return byte >= ODD
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
  for (const [i, kind] of told.entries()) {
    if (kind === KIND.infinity || kind === KIND.fresh) continue
    const before = places[i - references.number()]
    if (before === undefined || kind > KIND.negative)
      throw new ArtifactError('packed key names no such point')
    const place = places[i] as Uint8Array
    place.set(before)
    if (kind === KIND.negative) negateRoot(place)
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
