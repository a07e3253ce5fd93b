import { ArtifactError } from '../errors.js'
import type { R1cs } from '../formats/r1cs.js'
import { readSections } from '../formats/sections.js'
import { openZkey, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { writeStreams } from './generator-pack.js'
import { COORDINATE, isOdd, KIND, LISTS, LOW, negateRoot, unpackKey } from './key.js'
import { unpackRows } from './rows.js'
import { packRows } from './rows-pack.js'
import { Reader, Writer } from './streams.js'
import { findSums, MOST_ADDITIONS, type Summed } from './sums.js'

/**
 * Packs a proving key as `unpackKey` reads it.
 *
 * @param o.zkey the key, of this circuit
 * @param o.r1cs the circuit, as `readR1cs` returns it
 * @throws {ArtifactError} if it would not come out the same, such as a key of another circuit
 */
export async function packKey(o: { zkey: Uint8Array; r1cs: R1cs }): Promise<Uint8Array<ArrayBuffer>> {
  const { zkey, r1cs } = o
  openZkey(zkey)
  const sections = readSections({ bytes: zkey, magic: 'zkey', version: 1, label: 'proving key' })
  const out = new Writer()
  out.number(sections.size)
  for (const type of sections.keys()) out.number(type)
  const rows = packRows(r1cs)
  out.number(rows.length)
  out.append(rows)
  const [rest, kinds, references, tops, xs] = [0, 1, 2, 3, 4].map(() => new Writer()) as [
    Writer,
    Writer,
    Writer,
    Writer,
    Writer,
  ]
  for (const [type, section] of sections) {
    if (type === ZKEY_SECTION.coefficients || LISTS.some((list) => list.type === type)) continue
    rest.number(type)
    rest.number(section.length)
    rest.append(section)
  }
  for (const group of ['G1', 'G2'] as const) {
    const lists = LISTS.filter((list) => list.group === group).map(
      ({ type }) => sections.get(type) as Uint8Array,
    )
    const points = listsOfPoints(POINT_LENGTH[group], lists)
    const told = kindsOf(points.flat())
    if (group === 'G1') {
      const summed = {
        rows: unpackRows({ reader: new Reader(rows), length: zkey.length }),
        publicSignals: r1cs.publicSignals,
        wires: r1cs.wires,
      }
      for (const i of sumsOf({ ...summed, told })) told[i] = { kind: KIND.sum }
    }
    packPoints({ points: points.flat(), told, kinds, references, tops, xs })
  }
  out.append(writeStreams([rest.done(), kinds.done(), references.done(), tops.done()]))
  out.append(xs.done())
  const packed = out.done().slice()
  const opening = unpackKey({ reader: new Reader(packed), length: zkey.length, pause: async () => {} })
  const again = await opening.catch(() => undefined)
  if (!again || again.some((byte, i) => byte !== zkey[i]))
    throw new ArtifactError('proving key cannot be packed')
  return packed
}

/** What is told of a point; a repeated one is so many points behind its like. */
interface Told {
  readonly kind: number
  readonly back?: number
}

function listsOfPoints(length: number, lists: readonly Uint8Array[]): Uint8Array[][] {
  return lists.map((list) =>
    Array.from({ length: list.length / length }, (_, i) => list.subarray(i * length, (i + 1) * length)),
  )
}

function kindsOf(points: readonly Uint8Array[]): Told[] {
  const seen = new Map<string, number>()
  const key = (point: Uint8Array): string => String.fromCharCode(...point)
  return points.map((point, index) => {
    if (point.every((byte) => byte === 0)) return { kind: KIND.infinity }
    const opposite = point.slice()
    negateRoot(opposite)
    const [same, negative] = [seen.get(key(point)), seen.get(key(opposite))]
    // The last one is the nearest, so that distances repeat.
    seen.set(key(point), index)
    if (same !== undefined) return { kind: KIND.same, back: index - same }
    return negative !== undefined ? { kind: KIND.negative, back: index - negative } : { kind: KIND.fresh }
  })
}

/** Points of A and B1, the last of G1, that need not be told: the cheapest sums, as many as may be. */
function sumsOf(o: {
  told: readonly Told[]
  rows: ReturnType<typeof unpackRows>
  publicSignals: number
  wires: number
}): number[] {
  const { told, wires } = o
  const starts = { a: told.length - 2 * wires, b1: told.length - wires }
  const isTold = (list: Summed, wire: number): boolean => told[starts[list] + wire]?.kind === KIND.fresh
  const sums = findSums({ ...o, isTold })
  const found = (['a', 'b1'] as const).flatMap((list) =>
    Array.from({ length: wires }, (_, wire) => {
      const sum = isTold(list, wire) && !sums.isTaken(list, wire) ? sums.sumOf(list, wire) : undefined
      return { index: starts[list] + wire, additions: sum?.additions ?? Number.POSITIVE_INFINITY }
    }),
  )
  let additions = 0
  return found
    .sort((a, b) => a.additions - b.additions)
    .filter((sum) => {
      additions += sum.additions
      return additions <= MOST_ADDITIONS
    })
    .map(({ index }) => index)
}

function packPoints(o: {
  points: readonly Uint8Array[]
  told: readonly Told[]
  kinds: Writer
  references: Writer
  tops: Writer
  xs: Writer
}): void {
  const { points, told, kinds, references, tops, xs } = o
  for (const [i, point] of points.entries()) {
    const { kind, back } = told[i] as Told
    kinds.byte(kind)
    if (back !== undefined) references.number(back)
    if (kind !== KIND.fresh) continue
    const half = point.length / 2
    for (let at = 0; at < half; at += COORDINATE) {
      const top = point[at + LOW] as number
      xs.append(point.subarray(at, at + LOW))
      tops.byte(at + COORDINATE < half ? top : 2 * top + (isOdd(point.subarray(half)) ? 1 : 0))
    }
  }
}
