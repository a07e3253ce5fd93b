/** A small assembler for WebAssembly modules: code is nested arrays of bytes, functions are called by name. */

/** Code of a module: bytes, calls of functions by name, and code again. */
export type Code = readonly (number | Call | Code)[]

interface Call {
  readonly call: string
}

/** A type of values. */
export type ValueType = 0x7f | 0x7e | 0x7c | 0x7b

export const I32 = 0x7f
export const I64 = 0x7e
export const F64 = 0x7c
export const V128 = 0x7b

/** A parameter or a local variable of a function that is being written. */
export interface Local {
  /** Code that pushes its value. */
  readonly get: Code
  /** Code that sets it to the value that `value` pushes. */
  readonly set: (value: Code) => Code
  /** Code that sets it and leaves the value on the stack. */
  readonly tee: (value: Code) => Code
}

interface Fn {
  readonly name: string
  readonly params: readonly ValueType[]
  readonly results: readonly ValueType[]
  /** Its entry in the module's code. */
  readonly code: Uint8Array
  readonly exported: boolean
}

/** What a module imports or declares as its one memory, in pages of 64 KiB. */
export interface MemoryType {
  /** Whether several threads may share it; the host must then pass a shared memory. */
  readonly shared: boolean
  readonly initial: number
  readonly maximum: number
}

/** A module that is being written. */
export interface ModuleBuilder {
  /**
   * Adds a function.
   *
   * @param o.name    name for calls, and of the export
   * @param o.params  parameters' types
   * @param o.results results' types, none by default
   * @param o.body    returns the code; receives the parameters, and `local`, which declares a variable
   * @param o.exported whether the host may call it, yes by default
   * @throws {RangeError} if the name is taken
   */
  func(o: {
    name: string
    params: readonly ValueType[]
    results?: readonly ValueType[]
    exported?: boolean
    body: (f: { params: Local[]; local: (type: ValueType) => Local }) => Code
  }): void
  /** Declares a mutable 32-bit global, exported under `name`, and returns code to read and write it. */
  global(name: string, value: number): { get: Code; set: (value: Code) => Code }
  /**
   * Returns the module's bytes.
   *
   * @throws {RangeError} if a function is called that was not added
   */
  build(): Uint8Array<ArrayBuffer>
}

const SECTION = { type: 1, import: 2, function: 3, global: 6, export: 7, code: 10 } as const

/**
 * Starts a module whose memory is imported as `env.memory`.
 *
 * @param o.memory the type of its memory
 */
export function createModule(o: { memory: MemoryType }): ModuleBuilder {
  const functions: (Fn | undefined)[] = []
  // Of functions that are called, too, before they are there, and who did so first.
  const indexes = new Map<string, number>()
  const callers = new Map<string, string>()
  const indexOf = (name: string): number => {
    const known = indexes.get(name)
    if (known !== undefined) return known
    indexes.set(name, functions.length)
    return functions.push(undefined) - 1
  }
  const globals: { name: string; value: number }[] = []
  return {
    func({ name, params, results = [], exported = true, body }) {
      const index = indexOf(name)
      if (functions[index] !== undefined) throw new RangeError(`function ${name} is added twice`)
      const locals: ValueType[] = []
      const variable = (index: number): Local => {
        const coded = (opcode: number): Code => [opcode, ...unsigned(index)]
        const [get, set, tee] = [coded(0x20), coded(0x21), coded(0x22)]
        return { get, set: (value) => [value, set], tee: (value) => [value, tee] }
      }
      const local = (type: ValueType): Local => variable(params.length + locals.push(type) - 1)
      const instructions = body({ params: params.map((_, i) => variable(i)), local })
      // At once, so that the arrays need not be kept until all is written.
      const called = (callee: string): number => {
        if (!indexes.has(callee)) callers.set(callee, name)
        return indexOf(callee)
      }
      const code = assemble({ locals, instructions, indexOf: called })
      functions[index] = { name, params, results, exported, code }
    },
    global(name, value) {
      const index = globals.push({ name, value }) - 1
      return {
        get: [0x23, ...unsigned(index)],
        set: (code) => [code, 0x24, ...unsigned(index)],
      }
    },
    build() {
      const all = functions.map((f, index) => {
        if (f !== undefined) return f
        const name = [...indexes].find(([, one]) => one === index)?.[0] as string
        throw new RangeError(`${callers.get(name)} calls ${name}, which is not there`)
      })
      const types = all.map((f) => [0x60, ...vector(f.params), ...vector(f.results)])
      const { shared, initial, maximum } = o.memory
      const memory = [...text('env'), ...text('memory'), 2, shared ? 3 : 1]
      const exports = [
        ...all.flatMap((f, i) => (f.exported ? [[...text(f.name), 0, ...unsigned(i)]] : [])),
        ...globals.map((g, i) => [...text(g.name), 3, ...unsigned(i)]),
      ]
      const bytes = new Bytes()
      bytes.append([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
      bytes.section(SECTION.type, types)
      bytes.section(SECTION.import, [[...memory, ...unsigned(initial), ...unsigned(maximum)]])
      bytes.section(
        SECTION.function,
        all.map((_, i) => unsigned(i)),
      )
      bytes.section(
        SECTION.global,
        globals.map((g) => [0x7f, 1, 0x41, ...signed(BigInt(g.value)), 0x0b]),
      )
      bytes.section(SECTION.export, exports)
      bytes.section(
        SECTION.code,
        all.map(({ code }) => code),
      )
      return bytes.take()
    },
  }
}

/** Bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(256)
  #length = 0

  push(byte: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = byte
  }

  append(bytes: ArrayLike<number>): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Appends code, whose calls `indexOf` resolves. */
  code(code: Code, indexOf: (name: string) => number): void {
    this.#reserve(code.length)
    for (let i = 0; i < code.length; i++) {
      const item = code[i] as Code[number]
      if (typeof item === 'number') this.#bytes[this.#length++] = item
      else if ('call' in item) {
        this.push(0x10)
        this.append(unsigned(indexOf(item.call)))
        this.#reserve(code.length - i)
      } else {
        this.code(item, indexOf)
        this.#reserve(code.length - i)
      }
    }
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const grown = new Uint8Array(2 * (this.#length + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }

  section(id: number, entries: readonly ArrayLike<number>[]): void {
    if (entries.length === 0) return
    const content = new Bytes()
    content.append(unsigned(entries.length))
    for (const entry of entries) content.append(entry)
    const inner = content.take()
    this.push(id)
    this.append(unsigned(inner.length))
    this.append(inner)
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }
}

function assemble(o: {
  locals: readonly ValueType[]
  instructions: Code
  indexOf: (name: string) => number
}): Uint8Array {
  const content = new Bytes()
  content.append(unsigned(o.locals.length))
  for (const type of o.locals) content.append([1, type])
  content.code(o.instructions, o.indexOf)
  content.push(0x0b)
  const inner = content.take()
  const bytes = new Bytes()
  bytes.append(unsigned(inner.length))
  bytes.append(inner)
  return bytes.take()
}

function text(value: string): number[] {
  return vector([...new TextEncoder().encode(value)])
}

function vector(items: readonly number[]): number[] {
  return [...unsigned(items.length), ...items]
}

/** Most numbers of a module, once each. */
const SMALL: readonly (readonly number[])[] = Array.from({ length: 128 }, (_, value) => [value])

/** LEB128 of an unsigned integer below 2^32. */
function unsigned(value: number): readonly number[] {
  if (value < 128) return SMALL[value] as readonly number[]
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

/** LEB128 of a signed integer of at most 64 bits. */
function signed(value: bigint): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const byte = Number(rest & 127n)
    if (rest >= -64n && rest < 64n) return [...bytes, byte]
    bytes.push(byte | 128)
  }
}

// Instructions are named after the specification's, operands first: one(a) and two(a, b) push a, then b, then act.
const one =
  (...opcode: number[]) =>
  (a: Code): Code => [a, opcode]
const two =
  (...opcode: number[]) =>
  (a: Code, b: Code): Code => [a, b, opcode]
const simd = (code: number): number[] => [0xfd, ...unsigned(code)]
const access =
  (align: number, ...opcode: number[]) =>
  (address: Code, offset = 0): Code => [address, opcode, align, unsigned(offset)]
const store =
  (align: number, ...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, align, unsigned(offset)]

/** Calls a function of the module. */
export const call = (name: string, ...args: Code[]): Code => [...args, { call: name }]

/** LEB128 of a signed integer of 32 bits. */
function signed32(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value | 0; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127]
    bytes.push((rest & 127) | 128)
  }
}

/** Control. Labels count outwards from 0, the innermost block or loop. */
export const control = {
  block: (...body: Code[]): Code => [0x02, 0x40, ...body, 0x0b],
  loop: (...body: Code[]): Code => [0x03, 0x40, ...body, 0x0b],
  if: (condition: Code, then: Code, otherwise?: Code): Code => [
    condition,
    0x04,
    0x40,
    then,
    otherwise === undefined ? [] : [0x05, otherwise],
    0x0b,
  ],
  br: (label: number): Code => [0x0c, ...unsigned(label)],
  brIf: (label: number, condition: Code): Code => [condition, 0x0d, ...unsigned(label)],
  return: (value: Code = []): Code => [value, 0x0f],
  drop: (value: Code): Code => [value, 0x1a],
  select: (yes: Code, no: Code, condition: Code): Code => [yes, no, condition, 0x1b],
  unreachable: [0x00] as Code,
}

export const memory = {
  /** Sets `length` bytes from `address` on to `value`. */
  fill: (address: Code, value: Code, length: Code): Code => [address, value, length, 0xfc, 0x0b, 0],
}

export const i32 = {
  const: (value: number): Code => [0x41, ...signed32(value)],
  load: access(2, 0x28),
  load8: access(0, 0x2d),
  load16: access(1, 0x2f),
  load16s: access(1, 0x2e),
  store: store(2, 0x36),
  store8: store(0, 0x3a),
  store16: store(1, 0x3b),
  eqz: one(0x45),
  eq: two(0x46),
  ne: two(0x47),
  ltS: two(0x48),
  ltU: two(0x49),
  gtS: two(0x4a),
  gtU: two(0x4b),
  leU: two(0x4d),
  geS: two(0x4e),
  geU: two(0x4f),
  add: two(0x6a),
  sub: two(0x6b),
  mul: two(0x6c),
  divU: two(0x6e),
  remU: two(0x70),
  and: two(0x71),
  or: two(0x72),
  xor: two(0x73),
  shl: two(0x74),
  shrS: two(0x75),
  shrU: two(0x76),
  wrap: one(0xa7),
  clz: one(0x67),
  ctz: one(0x68),
}

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))],
  load: access(3, 0x29),
  load32u: access(2, 0x35),
  load32s: access(2, 0x34),
  store: store(3, 0x37),
  store32: store(2, 0x3e),
  eqz: one(0x50),
  eq: two(0x51),
  ne: two(0x52),
  ltS: two(0x53),
  ltU: two(0x54),
  gtS: two(0x55),
  gtU: two(0x56),
  add: two(0x7c),
  sub: two(0x7d),
  mul: two(0x7e),
  and: two(0x83),
  or: two(0x84),
  xor: two(0x85),
  shl: two(0x86),
  shrS: two(0x87),
  shrU: two(0x88),
  ctz: one(0x7a),
  extendS: one(0xac),
  extendU: one(0xad),
  reinterpretF64: one(0xbd),
  truncF64: one(0xb0),
}

export const f64 = {
  const: (value: number): Code => {
    const view = new DataView(new ArrayBuffer(8))
    view.setFloat64(0, value, true)
    return [0x44, ...new Uint8Array(view.buffer)]
  },
  load: access(3, 0x2b),
  store: store(3, 0x39),
  add: two(0xa0),
  sub: two(0xa1),
  mul: two(0xa2),
  neg: one(0x9a),
  nearest: one(0x9e),
  reinterpretI64: one(0xbf),
  convertI64S: one(0xb9),
}

export const v128 = {
  load: access(3, ...simd(0x00)),
  /** Loads 64 bits into both lanes. */
  load64Splat: access(3, ...simd(0x0a)),
  /** Loads 64 bits into the low lane, and zero into the high one. */
  load64Zero: access(3, ...simd(0x5d)),
  store: store(3, ...simd(0x0b)),
  /** Loads 64 bits into a lane of `vector`. */
  load64Lane: (address: Code, vector: Code, lane: 0 | 1, offset = 0): Code => [
    address,
    vector,
    ...simd(0x57),
    3,
    ...unsigned(offset),
    lane,
  ],
  store64Lane: (address: Code, vector: Code, lane: 0 | 1, offset = 0): Code => [
    address,
    vector,
    ...simd(0x5b),
    3,
    ...unsigned(offset),
    lane,
  ],
  const: (low: bigint, high: bigint): Code => {
    const view = new DataView(new ArrayBuffer(16))
    view.setBigInt64(0, BigInt.asIntN(64, low), true)
    view.setBigInt64(8, BigInt.asIntN(64, high), true)
    return [...simd(0x0c), ...new Uint8Array(view.buffer)]
  },
  /** Chooses 16 bytes of the 32 of a and b by their positions. */
  shuffle: (a: Code, b: Code, bytes: readonly number[]): Code => [a, b, ...simd(0x0d), ...bytes],
  not: one(...simd(0x4d)),
  and: two(...simd(0x4e)),
  andnot: two(...simd(0x4f)),
  or: two(...simd(0x50)),
  xor: two(...simd(0x51)),
  bitselect: (a: Code, b: Code, mask: Code): Code => [a, b, mask, ...simd(0x52)],
  anyTrue: one(...simd(0x53)),
}

export const i64x2 = {
  splat: one(...simd(0x12)),
  extractLane: (a: Code, lane: 0 | 1): Code => [a, ...simd(0x1d), lane],
  replaceLane: (a: Code, lane: 0 | 1, value: Code): Code => [a, value, ...simd(0x1e), lane],
  shl: two(...simd(0xcb)),
  shrU: two(...simd(0xcd)),
  add: two(...simd(0xce)),
  sub: two(...simd(0xd1)),
  eq: two(...simd(0xd6)),
  bitmask: one(...simd(0xc4)),
}

export const f64x2 = {
  splat: one(...simd(0x14)),
  extractLane: (a: Code, lane: 0 | 1): Code => [a, ...simd(0x21), lane],
  replaceLane: (a: Code, lane: 0 | 1, value: Code): Code => [a, value, ...simd(0x22), lane],
  eq: two(...simd(0x47)),
  neg: one(...simd(0xed)),
  add: two(...simd(0xf0)),
  sub: two(...simd(0xf1)),
  mul: two(...simd(0xf2)),
  /** a * b + c, rounded once where the engine fuses; which it does has to be tried first. */
  relaxedMadd: (a: Code, b: Code, c: Code): Code => [a, b, c, ...simd(0x107)],
}
