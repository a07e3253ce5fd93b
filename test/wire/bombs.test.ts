import assert from 'node:assert/strict'
import { ArtifactError } from '../../src/errors.js'
import { HEADER, KIND } from '../../src/wire/header.js'
import { unpackArtifact } from '../../src/wire/index.js'
import { packBytes } from '../../src/wire/lz-pack.js'
import { Writer } from '../../src/wire/streams.js'

/** Bytes of the artifacts that these claim to be. */
const LENGTH = 100_000

function withHeader(kind: number, packed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER.length + packed.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 4; i++) bytes[i] = HEADER.magic.charCodeAt(i)
  bytes[4] = HEADER.version
  bytes[5] = kind
  view.setUint32(8, bytes.length, true)
  view.setUint32(12, LENGTH, true)
  bytes.set(packed, HEADER.length)
  return bytes
}

/** Streams as they are, with the length that each is said to unpack to. */
function writeStreams(out: Writer, streams: readonly Uint8Array[], lengths: readonly number[] = []): void {
  const packed = streams.map((stream) => packBytes(stream))
  for (const [i, stream] of streams.entries()) {
    out.number(lengths[i] ?? stream.length)
    out.number((packed[i] as Uint8Array).length)
  }
  for (const stream of packed) out.append(stream)
}

const NOTHING = new Uint8Array()

function key(rows: (out: Writer) => void): Uint8Array {
  const [inner, out] = [new Writer(), new Writer()]
  rows(inner)
  out.number(0)
  out.number(inner.length)
  out.append(inner.done())
  return withHeader(KIND.key, out.done().slice())
}

/** One row of many wires, and many rows that are said to be like it. */
function sameRows(constraints: number, wires: number): Uint8Array {
  const steps = new Writer()
  for (const number of [0, wires, ...Array<number>(wires - 1).fill(1)]) steps.number(number)
  return key((out) => {
    for (const number of [constraints, 0]) out.number(number)
    const shapes = new Uint8Array(2 * constraints).fill(3)
    shapes[0] = 0
    const ones = [new Uint8Array(wires).fill(3), NOTHING, new Uint8Array(wires).fill(2)] as const
    writeStreams(out, [shapes, new Uint8Array(2 * constraints), steps.done(), ...ones, Uint8Array.of(0)])
  })
}

function generator(
  frame: readonly number[],
  data: Uint8Array,
  matches: Uint8Array,
  lengths: readonly number[] = [],
): Uint8Array {
  const [head, out] = [new Writer(), new Writer()]
  head.append(new Uint8Array(8))
  head.byte(11)
  for (const number of frame) head.number(number)
  writeStreams(out, [head.done(), ...Array<Uint8Array>(7).fill(NOTHING), data, matches], lengths)
  return withHeader(KIND.generator, out.done().slice())
}

describe('wire: attack: bytes that stand for more than there is memory or time', () => {
  const refused = async (bytes: Uint8Array, message: RegExp): Promise<void> => {
    const before = process.memoryUsage().arrayBuffers
    assert.ok(bytes.length < 20_000, `${bytes.length}`)
    const start = performance.now()
    await assert.rejects(unpackArtifact({ bytes, length: LENGTH }), (error: Error) => {
      assert.ok(error instanceof ArtifactError, String(error))
      assert.match(error.message, message)
      return true
    })
    assert.ok(performance.now() - start < 20_000)
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 2 ** 20)
  }

  it('a row of 2,000 wires that 2,000 others are like', async () => {
    await refused(sameRows(2000, 2000), /more than the key has/)
  })

  it('more constraints than the key has coefficients', async () => {
    await refused(
      key((out) => {
        for (const number of [2 ** 40, 0]) out.number(number)
      }),
      /more than the key has/,
    )
  })

  it('the constants of one width many times', async () => {
    await refused(
      key((out) => {
        for (const number of [1, 1000, ...Array<number>(1000).fill(17)]) out.number(number)
      }),
      /no such width/,
    )
  })

  it('streams that are said to be of gigabytes', async () => {
    const matches = Uint8Array.of(0)
    await refused(generator([0, 0, 0], NOTHING, matches, [12, ...Array<number>(9).fill(2 ** 27)]), /too long/)
  })

  it('data that goes on for ever out of one number', async () => {
    const [data, matches] = [new Writer(), new Writer()]
    for (let i = 0; i < 5000; i++) {
      matches.number(8)
      matches.number(0)
      data.append(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x40))
    }
    matches.number(0)
    await refused(generator([200_000, 0, 0], data.done(), matches.done()), /longer than/)
  })

  it('lists of all words of the data, again and again', async () => {
    const words = 2000
    const lists = Array.from({ length: 20_000 }, () => [0, words]).flat()
    const matches = new Writer()
    matches.number(4 * words)
    const frame = [4 * words, lists.length / 2, ...lists, 0]
    await refused(generator(frame, new Uint8Array(4 * words), matches.done()), /beyond its data/)
  })
})
