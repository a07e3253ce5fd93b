import { afterLiteral, CONTEXT, createModels, type LengthModels, MATCH, MODEL } from './lz.js'

/** Candidates that are looked at for a match. */
const CHAIN = 48
/** A match of this length is taken without looking further. */
const LONG_ENOUGH = 128
const HASH_BITS = 18

/** Packs bytes as `unpackBytes` reads them. The same bytes give the same stream everywhere. */
export function packBytes(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const m = createModels()
  const out: number[] = []
  const positionMask = 2 ** CONTEXT.positionBits - 1
  // A carry can reach bytes that were written: the last one waits, and those of 255 behind it.
  let [low, range, cache, waiting, first] = [0, 0xffffffff, 0, 0, true]
  const shift = (): void => {
    if (low < 0xff000000 || low >= 2 ** 32) {
      const carry = low >= 2 ** 32 ? 1 : 0
      if (!first) out.push((cache + carry) & 255)
      first = false
      for (; waiting > 0; waiting--) out.push((255 + carry) & 255)
      cache = Math.floor(low / 2 ** 24) & 255
    } else waiting++
    low = (low % 2 ** 24) * 256
  }
  const bit = (table: Uint16Array, index: number, value: number): void => {
    const p = table[index] as number
    const bound = (range >>> MODEL.bits) * p
    if (value === 0) {
      range = bound
      table[index] = p + ((2 ** MODEL.bits - p) >>> MODEL.move)
    } else {
      low += bound
      range -= bound
      table[index] = p - (p >>> MODEL.move)
    }
    while (range < MODEL.top) {
      range = (range << 8) >>> 0
      shift()
    }
  }
  const tree = (table: Uint16Array, base: number, bits: number, value: number): void => {
    let node = 1
    for (let i = bits - 1; i >= 0; i--) {
      const b = (value >> i) & 1
      bit(table, base + node, b)
      node = 2 * node + b
    }
  }
  const reversed = (table: Uint16Array, base: number, bits: number, value: number): void => {
    let node = 1
    for (let i = 0; i < bits; i++) {
      const b = (value >> i) & 1
      bit(table, base + node, b)
      node = 2 * node + b
    }
  }
  const direct = (value: number, bits: number): void => {
    for (let i = bits - 1; i >= 0; i--) {
      range >>>= 1
      if (Math.floor(value / 2 ** i) % 2 === 1) low += range
      while (range < MODEL.top) {
        range = (range << 8) >>> 0
        shift()
      }
    }
  }
  const putLength = (models: LengthModels, length: number, position: number): void => {
    if (length < 8) {
      bit(models.choice, 0, 0)
      tree(models.low, 8 * position, 3, length)
    } else if (length < 16) {
      bit(models.choice, 0, 1)
      bit(models.choice, 1, 0)
      tree(models.middle, 8 * position, 3, length - 8)
    } else {
      bit(models.choice, 0, 1)
      bit(models.choice, 1, 1)
      tree(models.high, 0, 8, length - 16)
    }
  }
  const putDistance = (distance: number, length: number): void => {
    const top = 31 - Math.clz32(distance)
    const slot = distance < 4 ? distance : 2 * top + ((distance >>> (top - 1)) & 1)
    tree(m.slot, MATCH.slots * Math.min(length, MATCH.lengthStates - 1), 6, slot)
    if (slot < 4) return
    const bits = (slot >> 1) - 1
    const base = (2 | (slot & 1)) * 2 ** bits
    const rest = distance - base
    if (slot < MATCH.modelledSlots) reversed(m.special, base - slot, bits, rest)
    else {
      direct(rest >>> MATCH.alignBits, bits - MATCH.alignBits)
      reversed(m.align, 0, MATCH.alignBits, rest & (2 ** MATCH.alignBits - 1))
    }
  }

  const total = input.length
  const heads = new Int32Array(2 ** HASH_BITS).fill(-1)
  const links = new Int32Array(total)
  const hashAt = (i: number): number =>
    Math.imul(
      (input[i] as number) |
        ((input[i + 1] as number) << 8) |
        ((input[i + 2] as number) << 16) |
        ((input[i + 3] as number) << 24),
      0x9e3779b1,
    ) >>>
    (32 - HASH_BITS)
  let inserted = 0
  const insertUpTo = (end: number): void => {
    for (; inserted < end && inserted + 4 <= total; inserted++) {
      const hash = hashAt(inserted)
      links[inserted] = heads[hash] as number
      heads[hash] = inserted
    }
  }
  const most = MATCH.min + MATCH.lengths - 1
  const common = (a: number, b: number): number => {
    const limit = Math.min(most, total - b)
    let n = 0
    while (n < limit && input[a + n] === input[b + n]) n++
    return n
  }
  const reps = [0, 0, 0, 0]
  const find = (position: number): { length: number; distance: number; rep: number } => {
    let best = { length: 0, distance: 0, rep: -1 }
    for (const [rep, distance] of reps.entries()) {
      if (distance >= position) continue
      const length = common(position - distance - 1, position)
      if (length >= MATCH.min && length > best.length) best = { length, distance, rep }
    }
    if (best.length >= LONG_ENOUGH || position + 4 > total) return best
    insertUpTo(position)
    let candidate = heads[hashAt(position)] as number
    for (let tries = CHAIN; candidate >= 0 && tries > 0; tries--) {
      const length = common(candidate, position)
      const distance = position - candidate - 1
      // A distance that is not known costs about as much as a byte or two; far ones more.
      const needed = best.rep >= 0 ? best.length + 2 : best.length + 1
      if (length >= needed && length >= (distance > 2 ** 14 ? 5 : 4)) {
        best = { length, distance, rep: -1 }
        if (length >= LONG_ENOUGH) break
      }
      candidate = links[candidate] as number
    }
    return best
  }

  let state = 0
  let next: ReturnType<typeof find> | undefined
  for (let position = 0; position < total; ) {
    let found = next ?? find(position)
    next = undefined
    if (found.length >= MATCH.min && found.length < LONG_ENOUGH && position + 1 < total) {
      // A longer match one byte later is worth a literal.
      next = find(position + 1)
      if (next.length > found.length + 1) found = { length: 0, distance: 0, rep: -1 }
      else next = undefined
    }
    const lowBits = position & positionMask
    const choice = state * (positionMask + 1) + lowBits
    if (found.length < MATCH.min) {
      const byte = input[position] as number
      const short = position > reps[0]! && input[position - reps[0]! - 1] === byte
      if (short && state >= 7) {
        bit(m.isMatch, choice, 1)
        bit(m.isRepeat, state, 1)
        bit(m.isRepeat0, state, 0)
        bit(m.isRepeat0Long, choice, 0)
        state = state < 7 ? 9 : 11
        position++
        continue
      }
      bit(m.isMatch, choice, 0)
      const before = position > 0 ? (input[position - 1] as number) : 0
      const base = 0x300 * (before >> (8 - CONTEXT.literalBits))
      let symbol = 1
      let matched = state >= 7 ? (input[position - reps[0]! - 1] as number) : -1
      for (let i = 7; i >= 0; i--) {
        const b = (byte >> i) & 1
        if (matched >= 0) {
          const expected = (matched >> 7) & 1
          matched = (matched << 1) & 255
          bit(m.literal, base + ((1 + expected) << 8) + symbol, b)
          if (b !== expected) matched = -1
        } else bit(m.literal, base + symbol, b)
        symbol = 2 * symbol + b
      }
      state = afterLiteral(state)
      position++
      continue
    }
    bit(m.isMatch, choice, 1)
    const length = found.length - MATCH.min
    if (found.rep < 0) {
      bit(m.isRepeat, state, 0)
      putLength(m.length, length, lowBits)
      putDistance(found.distance, length)
      reps.splice(3, 1)
      reps.unshift(found.distance)
      state = state < 7 ? 7 : 10
    } else {
      bit(m.isRepeat, state, 1)
      if (found.rep === 0) {
        bit(m.isRepeat0, state, 0)
        bit(m.isRepeat0Long, choice, 1)
      } else {
        bit(m.isRepeat0, state, 1)
        bit(m.isRepeat1, state, found.rep === 1 ? 0 : 1)
        if (found.rep > 1) bit(m.isRepeat2, state, found.rep === 2 ? 0 : 1)
        reps.splice(found.rep, 1)
        reps.unshift(found.distance)
      }
      putLength(m.repeatLength, length, lowBits)
      state = state < 7 ? 8 : 11
    }
    position += found.length
    insertUpTo(position)
  }
  for (let i = 0; i < 5; i++) shift()
  return Uint8Array.from(out)
}
