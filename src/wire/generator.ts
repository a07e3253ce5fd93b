/*
 * A witness generator as circom writes it is machine code without loops: instructions that repeat with other addresses.
 * Here operations and their operands lie apart, so that the former repeat exactly, and an address is told by its difference
 * from the last one in the same place. Constants of Poseidon are numbers in a list that both sides derive.
 */
import { ArtifactError } from '../errors.js'
import { writeUint256 } from '../formats/sections.js'
import { modulo, montgomeryTable } from './constants.js'
import { type Reader, readStreams, Writer } from './streams.js'

/** Sections of WebAssembly that are not kept as they are. */
export const SECTION = { code: 10, data: 11 } as const

/** Kind of circom's numbers that have both forms. */
const SHORT_MONTGOMERY = 0x40000000

/** Streams of a packed generator, in order. */
export const STREAMS = [
  'frame',
  'operations',
  'operands',
  'locals',
  'calls',
  'addresses',
  'modes',
  'longs',
  'data',
  'matches',
] as const

/** Operands of an instruction by its code. */
export type Operands =
  | 'none'
  | 'block'
  | 'label'
  | 'call'
  | 'indirect'
  | 'local'
  | 'memory'
  | 'i32'
  | 'i64'
  | 'page'

/**
 * Returns what follows an instruction's code.
 *
 * @throws {ArtifactError} for one that circom's generators do not have
 */
export function operandsOf(code: number): Operands {
  if (code >= 0x02 && code <= 0x04) return 'block'
  if (code === 0x0c || code === 0x0d) return 'label'
  if (code === 0x10) return 'call'
  if (code === 0x11) return 'indirect'
  if (code >= 0x20 && code <= 0x24) return 'local'
  if (code >= 0x28 && code <= 0x3e) return 'memory'
  if (code === 0x3f || code === 0x40) return 'page'
  if (code === 0x41) return 'i32'
  if (code === 0x42) return 'i64'
  const plain =
    code === 0x00 ||
    code === 0x01 ||
    code === 0x05 ||
    code === 0x0b ||
    code === 0x0f ||
    code === 0x1a ||
    code === 0x1b ||
    (code >= 0x45 && code <= 0xc4)
  if (!plain) throw new ArtifactError('witness generator has an instruction that is not known here')
  return 'none'
}

/** Instruction that ends a block or a function. */
export const END = 0x0b

/** Where an `i32.const` stands: the three instructions before it and the next one. */
export function placeOf(operations: Uint8Array, index: number): number {
  const at = (i: number): number => operations[i] ?? 0
  return ((at(index - 3) << 24) | (at(index - 2) << 16) | (at(index - 1) << 8) | at(index + 1)) >>> 0
}

/**
 * Unpacks a witness generator.
 *
 * @param o.reader what `packGenerator` returned
 * @param o.length length of the generator in bytes, beyond which nothing is made
 * @throws {ArtifactError} if it is malformed, or longer
 */
export function unpackGenerator(o: { reader: Reader; length: number }): Uint8Array<ArrayBuffer> {
  const { reader, length } = o
  const streams = readStreams(reader, { count: STREAMS.length, length }) as [
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
  ]
  const [frame, , , , , , , , data, matches] = streams
  const out = new Writer()
  out.append(frame.take(8))
  while (!frame.ended) {
    const id = frame.byte()
    const content =
      id === SECTION.code
        ? unpackCode(frame.number(), streams)
        : id === SECTION.data
          ? unpackData({ frame, data, matches, most: length })
          : frame.take(frame.number())
    if (out.length + content.length > length)
      throw new ArtifactError('packed witness generator is longer than it is said to be')
    out.byte(id)
    out.number(content.length)
    out.append(content)
  }
  return out.done().slice()
}

function unpackCode(functions: number, streams: readonly Reader[]): Uint8Array {
  const [, operations, operands, locals, calls, addresses, modes, longs] = streams as [
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
    Reader,
  ]
  const codes = operations.bytes
  const constants = readAddresses({ codes, addresses, modes })
  const section = new Writer()
  section.number(functions)
  let at = 0
  let constant = 0
  for (let i = 0; i < functions; i++) {
    const body = new Writer()
    const declarations = operands.number()
    body.number(declarations)
    for (let k = 0; k < declarations; k++) {
      body.number(operands.number())
      body.byte(operands.byte())
    }
    for (let depth = 1; depth > 0; at++) {
      const code = codes[at]
      if (code === undefined) throw new ArtifactError('packed witness generator is truncated')
      body.byte(code)
      switch (operandsOf(code)) {
        case 'block':
          body.byte(operands.byte())
          depth++
          break
        case 'label':
          body.number(operands.number())
          break
        case 'call':
          body.number(calls.number())
          break
        case 'indirect':
        case 'memory':
          body.number(operands.number())
          body.number(operands.number())
          break
        case 'local':
          body.number(locals.number())
          break
        case 'page':
          body.byte(operands.byte())
          break
        case 'i32':
          writeInteger32(body, constants[constant++] as number)
          break
        case 'i64':
          writeInteger(body, readLong(longs))
          break
        case 'none':
          if (code === END) depth--
      }
    }
    section.number(body.length)
    section.append(body.done())
  }
  return section.done()
}

/** The operands of all `i32.const`, which are grouped by {@link placeOf}, in the order of the code. */
function readAddresses(o: { codes: Uint8Array; addresses: Reader; modes: Reader }): Int32Array {
  const { codes, addresses, modes } = o
  const groups = new Map<number, number>()
  const sizes: number[] = []
  const members: number[] = []
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] !== 0x41) continue
    const place = placeOf(codes, i)
    let group = groups.get(place)
    if (group === undefined) {
      group = sizes.length
      groups.set(place, group)
      sizes.push(0)
    }
    members.push(group)
    sizes[group] = (sizes[group] as number) + 1
  }
  const values = sizes.map((size) => {
    const differences = modes.byte() === 1
    const list = new Int32Array(size)
    let last = 0
    for (let i = 0; i < size; i++) {
      last = differences ? last + addresses.signed() : addresses.signed()
      list[i] = last
    }
    return list
  })
  const next = new Uint32Array(values.length)
  return Int32Array.from(members, (group) => {
    const index = next[group] as number
    next[group] = index + 1
    return (values[group] as Int32Array)[index] as number
  })
}

function unpackData(o: { frame: Reader; data: Reader; matches: Reader; most: number }): Uint8Array {
  const { frame, data, matches, most } = o
  const length = frame.number()
  if (length > most) throw new ArtifactError('packed witness generator is longer than it is said to be')
  const ranges = Array.from({ length: frame.number() }, () => [frame.number(), frame.number()] as const)
  const table = frame.byte() === 1 ? montgomeryTable() : new Uint8Array(0)
  const out = new Writer()
  let last = -1
  while (out.length < length) {
    out.append(data.take(matches.number()))
    if (out.length === length) break
    const step = matches.number()
    if (step === 0) {
      out.append(shortElement(out.done()))
      continue
    }
    last += 1 + (step % 2 === 1 ? (step - 1) / 2 : -step / 2)
    const value = table.subarray(32 * last, 32 * last + 32)
    if (last < 0 || value.length !== 32)
      throw new ArtifactError('packed witness generator names no such constant')
    out.append(value)
  }
  if (out.length !== length) throw new ArtifactError('packed witness generator has data of the wrong length')
  const content = out.done()
  const view = new DataView(content.buffer, content.byteOffset, length)
  let listed = 0
  for (const [start, words] of ranges) {
    // No word stands in two lists, or many lists of all words would keep this busy for ever.
    listed += 4 * words
    if (start + 4 * words > length || listed > length)
      throw new ArtifactError('packed witness generator has a list beyond its data')
    for (let i = 1, at = start + 4; i < words; i++, at += 4) {
      view.setUint32(at, view.getUint32(at, true) + view.getUint32(at - 4, true), true)
    }
  }
  return content
}

/**
 * The Montgomery form that circom keeps beside a number of 32 bits, whose record (number, kind) bytes end with; undefined if
 * they do not.
 */
export function shortElementAfter(bytes: Uint8Array): Uint8Array | undefined {
  const at = bytes.length - 8
  if (at < 0) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(at + 4, true) !== SHORT_MONTGOMERY) return undefined
  const element = new Uint8Array(32)
  writeUint256(element, 0, modulo(BigInt(view.getInt32(at, true)) << 256n))
  return element
}

function shortElement(bytes: Uint8Array): Uint8Array {
  const element = shortElementAfter(bytes)
  if (element === undefined)
    throw new ArtifactError('packed witness generator has no number where one is due')
  return element
}

/** Writes a signed LEB128 number of 32 bits. */
function writeInteger32(out: Writer, value: number): void {
  let rest = value
  for (;;) {
    const low = rest & 127
    rest >>= 7
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64)
    out.byte(done ? low : low | 128)
    if (done) return
  }
}

/** Writes a signed LEB128 number. */
function writeInteger(out: Writer, value: bigint): void {
  let rest = value
  for (;;) {
    const low = Number(rest & 127n)
    rest >>= 7n
    const done = (rest === 0n && low < 64) || (rest === -1n && low >= 64)
    out.byte(done ? low : low | 128)
    if (done) return
  }
}

function readLong(reader: Reader): bigint {
  const bytes = reader.take(8)
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)
}
