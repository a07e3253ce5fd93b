import { ArtifactError } from '../errors.js'
import type { R1cs } from '../formats/r1cs.js'
import { readSections } from '../formats/sections.js'
import { openZkey, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { writeStreams } from './generator-pack.js'
import { isOdd, KIND, LISTS, negateRoot, ODD, unpackKey } from './key.js'
import { packRows } from './rows-pack.js'
import { Reader, Writer } from './streams.js'

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
  const [rest, kinds, references, xs] = [new Writer(), new Writer(), new Writer(), new Writer()]
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
    packPoints({ length: POINT_LENGTH[group], lists, kinds, references, xs })
  }
  out.append(writeStreams([rest.done(), kinds.done(), references.done()]))
  out.append(xs.done())
  const packed = out.done().slice()
  const opening = unpackKey({ reader: new Reader(packed), length: zkey.length, pause: async () => {} })
  const again = await opening.catch(() => undefined)
  if (!again || again.some((byte, i) => byte !== zkey[i]))
    throw new ArtifactError('proving key cannot be packed')
  return packed
}

function packPoints(o: {
  length: number
  lists: readonly Uint8Array[]
  kinds: Writer
  references: Writer
  xs: Writer
}): void {
  const { length, lists, kinds, references, xs } = o
  const half = length / 2
  const seen = new Map<string, number>()
  const key = (point: Uint8Array): string => String.fromCharCode(...point)
  let index = 0
  for (const list of lists) {
    for (let at = 0; at < list.length; at += length, index++) {
      const point = list.subarray(at, at + length)
      if (point.every((byte) => byte === 0)) {
        kinds.byte(KIND.infinity)
        continue
      }
      const opposite = point.slice()
      negateRoot(opposite)
      const [same, negative] = [seen.get(key(point)), seen.get(key(opposite))]
      const before = same ?? negative
      if (before !== undefined) {
        kinds.byte(same !== undefined ? KIND.same : KIND.negative)
        references.number(index - before)
      } else {
        kinds.byte(KIND.fresh)
        const x = point.slice(0, half)
        if (isOdd(point.subarray(half))) x[half - 1] = (x[half - 1] as number) | ODD
        xs.append(x)
      }
      // The last one is the nearest, so that distances repeat.
      seen.set(key(point), index)
    }
  }
}
