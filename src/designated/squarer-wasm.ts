/**
 * Montgomery multiplication (1985) modulo numbers of up to 2048 bits in WebAssembly with 128-bit SIMD: 76 limbs of 28 bits,
 * R = 2^2128. Sums of all products of a column fit in 64 bits, so that carries are only taken once per four rows; R > 4 N,
 * so that results below 2 N need no last subtraction.
 *
 * The module is assembled here, from the opcodes of the WebAssembly specification, instead of shipping a binary that nobody
 * can read. It is checked against bigints by a test.
 */
import type { Squarer } from './squarer.js'

const LIMBS = 76
const LIMB_BITS = 28n
const MASK = (1n << LIMB_BITS) - 1n
const R = 1n << (LIMB_BITS * BigInt(LIMBS))

/*
 * Memory, in bytes. A slot holds one number: four limbs of 0, its limbs as 32-bit words, and more zeros, so that shifted
 * loads before its first and after its last limb read 0.
 */
const SLOT = 512
const FIRST_LIMB = 16
const slot = (index: number): number => index * SLOT + FIRST_LIMB
const MODULUS = slot(0)
/** The multiplicand of a squaring, whose limbs change as it goes on. */
const SCRATCH = slot(1)
/** Columns as 64-bit words. */
const COLUMNS = 2 * SLOT
const COLUMN_BYTES = 8 * (2 * LIMBS + 8)
/** -N^-1 modulo 2^28, as a 64-bit word. */
const INVERSE = 5 * SLOT
const REGISTER = slot(6)
const FIRST_HANDLE = 7
const PAGE = 65536

type Code = readonly number[]

const unsigned = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return bytes
}
const signed = (value: number): number[] => {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
    bytes.push(isLast ? low : low | 0x80)
    if (isLast) return bytes
  }
}
const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content]
const simd = (opcode: number): Code => [0xfd, ...unsigned(opcode)]

// Types, WebAssembly core specification, section 5.3.
const [I32, I64, V128] = [0x7f, 0x7e, 0x7b] as const
// Instructions, section 5.4; memory operands are an alignment and an offset.
const get = (local: number): Code => [0x20, ...unsigned(local)]
const set = (local: number): Code => [0x21, ...unsigned(local)]
const i32 = (value: number): Code => [0x41, ...signed(value)]
const i64 = (value: number): Code => [0x42, ...signed(value)]
const ADD32: Code = [0x6a]
const ADD64: Code = [0x7c]
const MUL64: Code = [0x7e]
const AND64: Code = [0x83]
const SHR64: Code = [0x88]
const load32as64 = (offset: number): Code => [0x35, 2, ...unsigned(offset)]
const load64 = (offset: number): Code => [0x29, 3, ...unsigned(offset)]
const store64 = (offset: number): Code => [0x37, 3, ...unsigned(offset)]
const store32from64 = (offset: number): Code => [0x3e, 2, ...unsigned(offset)]
const loadVector = (offset: number): Code => [...simd(0), 2, ...unsigned(offset)]
const storeVector = (offset: number): Code => [...simd(11), 2, ...unsigned(offset)]
const loadSplat = (offset: number): Code => [...simd(9), 2, ...unsigned(offset)]
const ZERO_VECTOR: Code = [...simd(12), ...Array(16).fill(0)]
const SPLAT32 = simd(0x11)
const SHIFT_LEFT_LANES = simd(0xab)
const ADD_COLUMNS = simd(0xce)
const PRODUCTS_LOW = simd(0xde)
const PRODUCTS_HIGH = simd(0xdf)
const WRAP: Code = [0xa7]
const FILL: Code = [0xfc, 0x0b, 0]

const join = (...parts: readonly Code[]): Code => parts.flat()

/** do { body } while (local != end); both are addresses or counters. */
const until = (body: Code, local: number, end: Code): Code =>
  join([0x03, 0x40], body, get(local), end, [0x47], [0x0d, 0], [0x0b])

/** Locals: 32-bit numbers, 64-bit numbers, vectors. The parameters of a function come first. */
const LOCALS = {
  destination: 0,
  left: 1,
  right: 2,
  block: 3,
  source: 4,
  target: 5,
  end: 6,
  carry: 7,
  column: 8,
  inverse: 9,
  multiplier: [10, 11, 12, 13],
  modulus: [14, 15, 16, 17],
  row: [18, 19, 20, 21],
  words: 22,
  low: 23,
  high: 24,
} as const

const advance = (local: number, by: number): Code => join(get(local), i32(by), ADD32, set(local))

/**
 * Adds four rows to the columns: row r times the words at `source`, shifted by r words, to the columns at `target`, until
 * `source` is at `end`.
 */
function addRows(): Code {
  const { source, target, end, row, words, low, high } = LOCALS
  const products = row.map((factor, r) =>
    join(
      get(source),
      loadVector(12 - 4 * r),
      set(words),
      ...(
        [
          [low, PRODUCTS_LOW],
          [high, PRODUCTS_HIGH],
        ] as const
      ).map(([sum, multiply]) => join(get(sum), get(factor), get(words), multiply, ADD_COLUMNS, set(sum))),
    ),
  )
  const body = join(
    join(get(target), loadVector(0), set(low), get(target), loadVector(16), set(high)),
    ...products,
    join(get(target), get(low), storeVector(0), get(target), get(high), storeVector(16)),
    advance(source, 16),
    advance(target, 32),
  )
  return until(body, source, get(end))
}

/**
 * Makes the four columns at `block` multiples of 2^28 by adding multiples of N, and carries what is above into the next
 * column. The four columns are not looked at again.
 */
function reduceBlock(): Code {
  const { block, source, target, end, carry, column, inverse, multiplier, modulus, row } = LOCALS
  const steps = multiplier.map((m, k) =>
    join(
      join(get(block), load64(8 * k), get(carry), ADD64),
      ...multiplier.slice(0, k).map((before, i) => join(get(before), get(modulus[k - i]!), MUL64, ADD64)),
      set(column),
      join(get(column), get(inverse), MUL64, i64(Number(MASK)), AND64, set(m)),
      join(get(column), get(m), get(modulus[0]), MUL64, ADD64, i64(Number(LIMB_BITS)), SHR64, set(carry)),
    ),
  )
  return join(
    join(i64(0), set(carry)),
    ...steps,
    ...multiplier.map((m, k) => join(get(m), WRAP, SPLAT32, set(row[k]!))),
    join(i32(MODULUS + 16 - 12), set(source), i32(MODULUS + 4 * (LIMBS + 4) - 12), set(end)),
    join(get(block), i32(32), ADD32, set(target)),
    addRows(),
    join(get(block), get(block), load64(32), get(carry), ADD64, store64(32)),
  )
}

/** What both products have in common: reads constants, clears the columns, runs the blocks, writes the result. */
function product(rows: Code): Code {
  const { destination, block, source, carry, column, inverse, modulus } = LOCALS
  const result = join(
    join(get(source), load64(0), get(carry), ADD64, set(column)),
    join(get(destination), get(column), i64(Number(MASK)), AND64, store32from64(0)),
    join(get(column), i64(Number(LIMB_BITS)), SHR64, set(carry)),
    advance(source, 8),
    advance(destination, 4),
  )
  return join(
    ...modulus.map((local, k) => join(i32(0), load32as64(MODULUS + 4 * k), set(local))),
    join(i32(0), load64(INVERSE), set(inverse)),
    join(i32(COLUMNS), i32(0), i32(COLUMN_BYTES), FILL),
    join(i32(COLUMNS), set(block)),
    until(join(rows, reduceBlock(), advance(block, 32)), block, i32(COLUMNS + 8 * LIMBS)),
    join(i32(COLUMNS + 8 * LIMBS), set(source), i64(0), set(carry)),
    until(result, source, i32(COLUMNS + 16 * LIMBS)),
  )
}

/** destination = left right / R modulo N. */
function multiplyBody(): Code {
  const { left, right, block, source, target, end, row } = LOCALS
  return product(
    join(
      ...row.map((local, r) => join(get(left), loadSplat(4 * r), set(local))),
      advance(left, 16),
      join(get(right), i32(12), [0x6b], set(source), get(right), i32(4 * (LIMBS + 4) - 12), ADD32, set(end)),
      join(get(block), set(target)),
      addRows(),
    ),
  )
}

/**
 * destination = left^2 / R modulo N. Each product of two different limbs is needed twice: rows meet the limbs of their
 * own four once and those above doubled. `right` is where the rows are in SCRATCH.
 */
function squareBody(): Code {
  const { left, right, block, source, target, end, row, words } = LOCALS
  const double = join(
    join(get(right), get(source), loadVector(0), i32(1), SHIFT_LEFT_LANES, storeVector(0)),
    advance(source, 16),
    advance(right, 16),
  )
  return join(
    join(get(left), set(source), i32(SCRATCH), set(right)),
    until(double, right, i32(SCRATCH + 4 * LIMBS)),
    join(i32(SCRATCH), set(right)),
    product(
      join(
        // Below these rows 0, at them the limbs themselves.
        join(get(right), i32(16), [0x6b], ZERO_VECTOR, storeVector(0)),
        join(get(left), loadVector(0), set(words), get(right), get(words), storeVector(0)),
        ...row.map((local, r) => join(get(left), loadSplat(4 * r), set(local))),
        join(get(right), i32(12), [0x6b], set(source), i32(SCRATCH + 4 * (LIMBS + 4) - 12), set(end)),
        // Column of limb i times limb i: twice as far as the rows are.
        join(get(block), get(block), ADD32, i32(COLUMNS), [0x6b], set(target)),
        addRows(),
        advance(left, 16),
        advance(right, 16),
      ),
    ),
  )
}

function assemble(): Uint8Array<ArrayBuffer> {
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)]
  const locals = [5, [4, I32], [3, I64], [4, I64], [4, I64], [7, V128]].flat()
  const body = (code: Code): Code => {
    const content = [...locals, ...code, 0x0b]
    return [...unsigned(content.length), ...content]
  }
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 3, I32, I32, I32, 0]),
    ...section(3, [2, 0, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [3, ...name('memory'), 2, 0, ...name('multiply'), 0, 0, ...name('square'), 0, 1]),
    ...section(10, [2, ...body(multiplyBody()), ...body(squareBody())]),
  ])
}

let compiled: Promise<WebAssembly.Module | undefined> | undefined

function compile(): Promise<WebAssembly.Module | undefined> {
  if (typeof WebAssembly === 'undefined') return Promise.resolve(undefined)
  const bytes = assemble()
  // Without SIMD these bytes are no module.
  return WebAssembly.validate(bytes) ? WebAssembly.compile(bytes) : Promise.resolve(undefined)
}

/** Creates a squarer, or returns undefined where there is no WebAssembly with SIMD. */
export async function createWasmSquarer(modulus: bigint): Promise<Squarer | undefined> {
  compiled ??= compile()
  const module = await compiled
  if (module === undefined) return undefined
  const { memory, multiply, square } = (await WebAssembly.instantiate(module)).exports as {
    memory: WebAssembly.Memory
    multiply: (destination: number, left: number, right: number) => void
    square: (destination: number, left: number, unused: number) => void
  }
  const write = (address: number, value: bigint): void => {
    const words = new Uint32Array(memory.buffer, address, LIMBS)
    for (let k = 0, rest = value; k < LIMBS; k++, rest >>= LIMB_BITS) words[k] = Number(rest & MASK)
  }
  const read = (address: number): bigint => {
    const words = new Uint32Array(memory.buffer, address, LIMBS)
    return words.reduceRight((value, word) => (value << LIMB_BITS) | BigInt(word), 0n)
  }
  write(MODULUS, modulus)
  new DataView(memory.buffer).setBigUint64(INVERSE, MASK & -inverseOf(modulus), true)
  const enter = (address: number, value: bigint): void => write(address, (value * R) % modulus)
  const one = slot(FIRST_HANDLE)
  write(one, 1n)
  let handles = 0
  const addressOf = (handle: number): number => slot(FIRST_HANDLE + 1 + handle)
  const allocate = (): number => {
    const end = addressOf(handles + 1)
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil(end / PAGE))
    return handles++
  }
  enter(REGISTER, 1n)
  return {
    name: 'wasm',
    set: (value) => enter(REGISTER, value),
    get() {
      // Out of Montgomery's form, into a place of its own: the register stays.
      multiply(SCRATCH, REGISTER, one)
      return read(SCRATCH) % modulus
    },
    square(times) {
      for (let i = 0; i < times; i++) square(REGISTER, REGISTER, 0)
    },
    load(value) {
      const handle = allocate()
      enter(addressOf(handle), value)
      return handle
    },
    copy(handle) {
      const made = allocate()
      const bytes = new Uint8Array(memory.buffer)
      bytes.copyWithin(addressOf(made), addressOf(handle), addressOf(handle) + 4 * LIMBS)
      return made
    },
    multiply: (handle, other) => multiply(addressOf(handle), addressOf(handle), addressOf(other)),
    multiplyInto: (handle) => multiply(REGISTER, REGISTER, addressOf(handle)),
    release(from) {
      handles = from
    },
  }
}

/** The inverse modulo 2^28, by Newton's iteration: each step doubles the bits that are right. */
function inverseOf(odd: bigint): bigint {
  let inverse = 1n
  for (let bits = 1n; bits < LIMB_BITS; bits *= 2n) inverse = (inverse * (2n - odd * inverse)) & MASK
  return inverse
}
