/*
 * Bytes as earlier bytes and new ones, with every choice coded by how often it was taken before: Lempel and Ziv's method
 * with a binary adaptive range coder, on LZMA's model (Igor Pavlov, "LZMA specification", 2015) in a container of our own.
 * Pages have no decoder for it, and what they have (deflate) looks back only 32 KiB.
 */
import { ArtifactError } from '../errors.js'

/** Bits of a probability, and how fast it follows what is seen. */
export const MODEL = { bits: 11, move: 5, half: 1024, top: 2 ** 24 } as const

/** Fewest bytes of a match, the number of lengths, and of the classes of lengths that distances distinguish. */
export const MATCH = {
  min: 2,
  lengths: 272,
  lengthStates: 4,
  slots: 64,
  modelledSlots: 14,
  alignBits: 4,
} as const

/** Contexts of literals: high bits of the byte before; of all choices: low bits of the position. */
export const CONTEXT = { literalBits: 3, positionBits: 2, states: 12 } as const

/** The probabilities of one stream. */
export interface Models {
  readonly isMatch: Uint16Array
  readonly isRepeat: Uint16Array
  readonly isRepeat0: Uint16Array
  readonly isRepeat0Long: Uint16Array
  readonly isRepeat1: Uint16Array
  readonly isRepeat2: Uint16Array
  readonly literal: Uint16Array
  readonly length: LengthModels
  readonly repeatLength: LengthModels
  readonly slot: Uint16Array
  readonly special: Uint16Array
  readonly align: Uint16Array
}

/** Probabilities of lengths. */
export interface LengthModels {
  readonly choice: Uint16Array
  readonly low: Uint16Array
  readonly middle: Uint16Array
  readonly high: Uint16Array
}

/** Returns models that have seen nothing. */
export function createModels(): Models {
  const table = (size: number) => new Uint16Array(size).fill(MODEL.half)
  const positions = 2 ** CONTEXT.positionBits
  const length = (): LengthModels => ({
    choice: table(2),
    low: table(8 * positions),
    middle: table(8 * positions),
    high: table(256),
  })
  return {
    isMatch: table(CONTEXT.states * positions),
    isRepeat: table(CONTEXT.states),
    isRepeat0: table(CONTEXT.states),
    isRepeat0Long: table(CONTEXT.states * positions),
    isRepeat1: table(CONTEXT.states),
    isRepeat2: table(CONTEXT.states),
    literal: table(0x300 << CONTEXT.literalBits),
    length: length(),
    repeatLength: length(),
    slot: table(MATCH.slots * MATCH.lengthStates),
    special: table(128),
    align: table(2 ** MATCH.alignBits),
  }
}

/** State after a literal, by the state before. */
export function afterLiteral(state: number): number {
  return state < 4 ? 0 : state < 10 ? state - 3 : state - 6
}

/**
 * Unpacks a stream.
 *
 * @param o.bytes   what `packBytes` returned
 * @param o.length  how many bytes it unpacks to
 * @throws {ArtifactError} if the stream is malformed
 */
export function unpackBytes(o: { bytes: Uint8Array; length: number }): Uint8Array<ArrayBuffer> {
  const { bytes, length: total } = o
  const out = new Uint8Array(total)
  const m = createModels()
  const positionMask = 2 ** CONTEXT.positionBits - 1
  let [range, code, at] = [0xffffffff, 0, 0]
  for (; at < 4; at++) code = ((code << 8) | (bytes[at] ?? 0)) >>> 0

  const bit = (table: Uint16Array, index: number): number => {
    const p = table[index] as number
    const bound = (range >>> MODEL.bits) * p
    let value: number
    if (code < bound) {
      range = bound
      table[index] = p + ((2 ** MODEL.bits - p) >>> MODEL.move)
      value = 0
    } else {
      range -= bound
      code -= bound
      table[index] = p - (p >>> MODEL.move)
      value = 1
    }
    if (range < MODEL.top) {
      range = (range << 8) >>> 0
      code = ((code << 8) | (bytes[at++] ?? 0)) >>> 0
    }
    return value
  }
  const tree = (table: Uint16Array, base: number, bits: number): number => {
    let node = 1
    for (let i = 0; i < bits; i++) node = 2 * node + bit(table, base + node)
    return node - 2 ** bits
  }
  const reversed = (table: Uint16Array, base: number, bits: number): number => {
    let [node, value] = [1, 0]
    for (let i = 0; i < bits; i++) {
      const b = bit(table, base + node)
      node = 2 * node + b
      value += b * 2 ** i
    }
    return value
  }
  const direct = (bits: number): number => {
    let value = 0
    for (let i = 0; i < bits; i++) {
      range >>>= 1
      const b = code >= range ? 1 : 0
      if (b) code -= range
      value = 2 * value + b
      if (range < MODEL.top) {
        range = (range << 8) >>> 0
        code = ((code << 8) | (bytes[at++] ?? 0)) >>> 0
      }
    }
    return value
  }
  const lengthOf = (models: LengthModels, position: number): number => {
    if (bit(models.choice, 0) === 0) return tree(models.low, 8 * position, 3)
    if (bit(models.choice, 1) === 0) return 8 + tree(models.middle, 8 * position, 3)
    return 16 + tree(models.high, 0, 8)
  }
  const distanceOf = (length: number): number => {
    const slot = tree(m.slot, MATCH.slots * Math.min(length, MATCH.lengthStates - 1), 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** bits
    if (slot < MATCH.modelledSlots) return base + reversed(m.special, base - slot, bits)
    return base + 16 * direct(bits - MATCH.alignBits) + reversed(m.align, 0, MATCH.alignBits)
  }

  let [rep0, rep1, rep2, rep3, state] = [0, 0, 0, 0, 0]
  for (let position = 0; position < total; ) {
    // What reads far beyond the end is not this stream.
    if (at > bytes.length + 8) throw new ArtifactError('packed stream is truncated')
    const low = position & positionMask
    if (bit(m.isMatch, state * (positionMask + 1) + low) === 0) {
      const before = position > 0 ? (out[position - 1] as number) : 0
      const base = 0x300 * (before >> (8 - CONTEXT.literalBits))
      let symbol = 1
      if (state >= 7) {
        let matched = out[position - rep0 - 1] as number
        while (symbol < 0x100) {
          const expected = (matched >> 7) & 1
          matched <<= 1
          const b = bit(m.literal, base + ((1 + expected) << 8) + symbol)
          symbol = 2 * symbol + b
          if (b !== expected) break
        }
      }
      while (symbol < 0x100) symbol = 2 * symbol + bit(m.literal, base + symbol)
      out[position++] = symbol & 255
      state = afterLiteral(state)
      continue
    }
    let length: number
    if (bit(m.isRepeat, state) === 0) {
      ;[rep3, rep2, rep1] = [rep2, rep1, rep0]
      length = lengthOf(m.length, low)
      rep0 = distanceOf(length)
      state = state < 7 ? 7 : 10
    } else {
      let single = false
      if (bit(m.isRepeat0, state) === 0) {
        single = bit(m.isRepeat0Long, state * (positionMask + 1) + low) === 0
      } else if (bit(m.isRepeat1, state) === 0) {
        ;[rep0, rep1] = [rep1, rep0]
      } else if (bit(m.isRepeat2, state) === 0) {
        ;[rep0, rep1, rep2] = [rep2, rep0, rep1]
      } else {
        ;[rep0, rep1, rep2, rep3] = [rep3, rep0, rep1, rep2]
      }
      if (single) {
        length = 1 - MATCH.min
        state = state < 7 ? 9 : 11
      } else {
        length = lengthOf(m.repeatLength, low)
        state = state < 7 ? 8 : 11
      }
    }
    const count = length + MATCH.min
    if (rep0 >= position || count > total - position) throw new ArtifactError('packed stream is malformed')
    const from = position - rep0 - 1
    if (rep0 + 1 >= count) out.copyWithin(position, from, from + count)
    else for (let i = 0; i < count; i++) out[position + i] = out[from + i] as number
    position += count
  }
  return out
}
