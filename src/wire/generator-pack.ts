import { ArtifactError } from '../errors.js'
import { montgomeryTable } from './constants.js'
import {
  END,
  operandsOf,
  placeOf,
  SECTION,
  STREAMS,
  shortElementAfter,
  unpackGenerator,
} from './generator.js'
import { packBytes } from './lz-pack.js'
import { Reader, Writer } from './streams.js'

/**
 * Packs a witness generator as `unpackGenerator` reads it.
 *
 * @throws {ArtifactError} if it would not come out the same, such as one with numbers that are longer than they need be
 */
export function packGenerator(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const streams = Object.fromEntries(STREAMS.map((name) => [name, new Writer()])) as Record<
    (typeof STREAMS)[number],
    Writer
  >
  const { frame } = streams
  const reader = new Reader(wasm)
  frame.append(reader.take(8))
  while (!reader.ended) {
    const id = reader.byte()
    const content = reader.take(reader.number())
    frame.byte(id)
    if (id === SECTION.code) packCode(content, streams)
    else if (id === SECTION.data) packData(content, streams)
    else {
      frame.number(content.length)
      frame.append(content)
    }
  }
  const packed = writeStreams(STREAMS.map((name) => streams[name].done()))
  const again = unpackGenerator({ reader: new Reader(packed), length: wasm.length })
  if (again.length !== wasm.length || again.some((byte, i) => byte !== wasm[i])) {
    throw new ArtifactError('witness generator cannot be packed')
  }
  return packed
}

/** Packs streams as `readStreams` reads them. */
export function writeStreams(streams: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const packed = streams.map(packBytes)
  const out = new Writer()
  for (const [i, bytes] of packed.entries()) {
    out.number((streams[i] as Uint8Array).length)
    out.number(bytes.length)
  }
  for (const bytes of packed) out.append(bytes)
  return out.done().slice()
}

function packCode(content: Uint8Array, streams: Record<(typeof STREAMS)[number], Writer>): void {
  const { frame, operations, operands, locals, calls, longs } = streams
  const reader = new Reader(content)
  const constants: number[] = []
  const functions = reader.number()
  frame.number(functions)
  for (let i = 0; i < functions; i++) {
    const body = new Reader(reader.take(reader.number()))
    const declarations = body.number()
    operands.number(declarations)
    for (let k = 0; k < declarations; k++) {
      operands.number(body.number())
      operands.byte(body.byte())
    }
    for (let depth = 1; depth > 0; ) {
      const code = body.byte()
      operations.byte(code)
      switch (operandsOf(code)) {
        case 'block':
          operands.byte(body.byte())
          depth++
          break
        case 'label':
          operands.number(body.number())
          break
        case 'call':
          calls.number(body.number())
          break
        case 'indirect':
        case 'memory':
          operands.number(body.number())
          operands.number(body.number())
          break
        case 'local':
          locals.number(body.number())
          break
        case 'page':
          operands.byte(body.byte())
          break
        case 'i32':
          constants.push(Number(readInteger(body)))
          break
        case 'i64': {
          const bytes = new Uint8Array(8)
          new DataView(bytes.buffer).setBigInt64(0, readInteger(body), true)
          longs.append(bytes)
          break
        }
        case 'none':
          if (code === END) depth--
      }
    }
  }
  packAddresses(constants, streams)
}

function packAddresses(
  constants: readonly number[],
  streams: Record<(typeof STREAMS)[number], Writer>,
): void {
  const codes = streams.operations.done()
  const groups = new Map<number, number[]>()
  let next = 0
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] !== 0x41) continue
    const place = placeOf(codes, i)
    const group = groups.get(place)
    const value = constants[next++] as number
    if (group) group.push(value)
    else groups.set(place, [value])
  }
  for (const group of groups.values()) {
    const differences = group.map((value, i) => value - (group[i - 1] ?? 0))
    // The fewer kinds of numbers, the less they take.
    const better = new Set(differences).size < new Set(group).size
    streams.modes.byte(better ? 1 : 0)
    for (const value of better ? differences : group) streams.addresses.signed(value)
  }
}

/** Stands for an element that follows from the bytes before it. */
const SHORT = -1

/** Where data has lists of 32-bit numbers whose differences are fewer: start and length of each, in bytes and words. */
function listsOf(content: Uint8Array): [number, number][] {
  const reader = new Reader(content)
  const lists: [number, number][] = []
  for (let left = reader.number(); left > 0; left--) {
    // Always the first memory, and a constant address.
    if (reader.number() !== 0 || reader.byte() !== 0x41) return []
    readInteger(reader)
    if (reader.byte() !== END) return []
    const length = reader.number()
    const start = reader.position
    const bytes = reader.take(length)
    if (length % 4 !== 0) continue
    const view = new DataView(bytes.buffer, bytes.byteOffset, length)
    const words = Array.from({ length: length / 4 }, (_, i) => view.getUint32(4 * i, true))
    const differences = words.map((word, i) => word - (words[i - 1] ?? 0))
    const [kinds, steps] = [new Set(words).size, new Set(differences).size]
    if (kinds > 16 && 2 * steps < kinds) lists.push([start, words.length])
  }
  return lists
}

function packData(original: Uint8Array, streams: Record<(typeof STREAMS)[number], Writer>): void {
  const { frame, data, matches } = streams
  const content = original.slice()
  const view = new DataView(content.buffer)
  const lists = listsOf(content)
  for (const [start, words] of lists) {
    for (let at = start + 4 * (words - 1); at > start; at -= 4) {
      view.setUint32(at, view.getUint32(at, true) - view.getUint32(at - 4, true), true)
    }
  }
  const table = montgomeryTable()
  const key = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 32))
  const indexes = new Map<string, number>()
  for (let i = 0; i < table.length; i += 32)
    if (!indexes.has(key(table, i))) indexes.set(key(table, i), i / 32)
  const found: [number, number][] = []
  for (let at = 0; at + 32 <= content.length; ) {
    const here = key(content, at)
    const short = shortElementAfter(content.subarray(0, at))
    const index = short && key(short, 0) === here ? SHORT : indexes.get(here)
    if (index === undefined) at++
    else {
      found.push([at, index])
      at += 32
    }
  }
  frame.number(content.length)
  frame.number(lists.length)
  for (const [start, words] of lists) {
    frame.number(start)
    frame.number(words)
  }
  frame.byte(found.length > 0 ? 1 : 0)
  let [from, last] = [0, -1]
  for (const [at, index] of found) {
    matches.number(at - from)
    data.append(content.subarray(from, at))
    // 0 says that the number before the element tells it; others are one more than the signed step in the table.
    if (index === SHORT) matches.number(0)
    else {
      const step = index - last - 1
      matches.number(step >= 0 ? 2 * step + 1 : -2 * step)
      last = index
    }
    from = at + 32
  }
  if (from < content.length) {
    matches.number(content.length - from)
    data.append(content.subarray(from))
  }
}

function readInteger(reader: Reader): bigint {
  let [value, shift] = [0n, 0n]
  for (;;) {
    const byte = reader.byte()
    value |= BigInt(byte & 127) << shift
    shift += 7n
    if (byte < 128) return byte & 64 ? value - (1n << shift) : value
  }
}
