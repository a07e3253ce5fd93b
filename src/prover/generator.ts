import { inversionCode } from '../bn254/inversion.js'
import { createModule, I32 } from '../bn254/wasm.js'
import { FIELD_MODULUS } from '../field.js'

/** Sections of a WebAssembly module that matter here. */
const SECTION = { custom: 0, type: 1, import: 2, function: 3, code: 10 } as const

/** circom's inversion of an integer: `Fr_int_inverseMod(x, modulus, out)`, 32 bytes each. */
const INVERSION = 'Fr_int_inverseMod'
const INVERSION_TYPE = [0x60, 3, I32, I32, I32, 0]

/**
 * Returns a witness generator of circom with a faster inversion: Euclid's algorithm with long divisions, which circom
 * writes, takes 70 % of the time of a circuit over an elliptic curve. The witness is the same.
 *
 * What is not exactly as expected is returned as it is.
 *
 * @param wasm a witness generator, as circom 2 writes it for the BN254 scalar field
 */
export function withFastInversion(wasm: Uint8Array): Uint8Array {
  try {
    return replaceInversion(wasm) ?? wasm
  } catch (error) {
    // Malformed; whoever compiles it says so.
    if (error instanceof RangeError) return wasm
    throw error
  }
}

function replaceInversion(wasm: Uint8Array): Uint8Array | undefined {
  const sections = readSections(wasm)
  const contentOf = (id: number): Reader | undefined => {
    const section = sections.find((other) => other.id === id)
    return section && new Reader(wasm.subarray(section.start, section.end))
  }
  const [imports, functions] = [contentOf(SECTION.import), contentOf(SECTION.function)]
  const [types, code] = [contentOf(SECTION.type), sections.find(({ id }) => id === SECTION.code)]
  const names = sections.filter(({ id }) => id === SECTION.custom)
  if (!imports || !functions || !types || !code) return undefined
  const index = names
    .map(({ start, end }) => functionNamed(new Reader(wasm.subarray(start, end)), INVERSION))
    .find((found) => found !== undefined)
  const imported = importedFunctions(imports)
  if (index === undefined || imported === undefined || index < imported) return undefined
  const own = index - imported
  const type = functionTypes(functions)[own]
  if (type === undefined || !isInversionType(types, type)) return undefined

  // The body, from its length on, of each function up to ours.
  const bodies = new Reader(wasm.subarray(code.start, code.end))
  if (bodies.unsigned() <= own) return undefined
  for (let i = 0; i < own; i++) bodies.skip(bodies.unsigned())
  const before = bodies.position
  bodies.skip(bodies.unsigned())
  const after = bodies.position
  const content = join(
    wasm.subarray(code.start, code.start + before),
    inversionBody(),
    wasm.subarray(code.start + after, code.end),
  )
  return join(
    wasm.subarray(0, code.header),
    Uint8Array.of(SECTION.code, ...unsigned(content.length)),
    content,
    wasm.subarray(code.end),
  )
}

let body: Uint8Array | undefined

/** Our inversion with circom's parameters, as an entry of a code section. */
function inversionBody(): Uint8Array {
  if (body === undefined) {
    const module = createModule({ memory: { shared: false, initial: 1, maximum: 1 } })
    module.func({
      name: INVERSION,
      params: [I32, I32, I32],
      body: ({ params: [x, , out], local }) =>
        inversionCode({ modulus: FIELD_MODULUS, out: out!.get, x: x!.get, local }),
    })
    const bytes = module.build()
    const code = readSections(bytes).find(({ id }) => id === SECTION.code)!
    const reader = new Reader(bytes.subarray(code.start, code.end))
    // One function is all there is.
    reader.unsigned()
    body = bytes.slice(code.start + reader.position, code.end)
  }
  return body
}

interface SectionPlace {
  readonly id: number
  readonly header: number
  readonly start: number
  readonly end: number
}

function readSections(wasm: Uint8Array): SectionPlace[] {
  const reader = new Reader(wasm)
  reader.skip(8)
  const sections: SectionPlace[] = []
  while (!reader.atEnd) {
    const header = reader.position
    const id = reader.byte()
    const length = reader.unsigned()
    const start = reader.position
    reader.skip(length)
    sections.push({ id, header, start, end: reader.position })
  }
  return sections
}

/** Index of a function in the custom section `name`; undefined in other sections, or if there is none. */
function functionNamed(section: Reader, name: string): number | undefined {
  if (section.text() !== 'name') return undefined
  while (!section.atEnd) {
    const id = section.byte()
    const length = section.unsigned()
    // Subsection 1 names functions.
    if (id !== 1) {
      section.skip(length)
      continue
    }
    for (let count = section.unsigned(); count > 0; count--) {
      const index = section.unsigned()
      if (section.text() === name) return index
    }
    return undefined
  }
  return undefined
}

/** Number of imported functions; undefined if anything but functions and memories is imported. */
function importedFunctions(section: Reader): number | undefined {
  let count = 0
  for (let left = section.unsigned(); left > 0; left--) {
    section.text()
    section.text()
    const kind = section.byte()
    if (kind === 0) {
      section.unsigned()
      count++
    } else if (kind === 2) {
      const limits = section.byte()
      section.unsigned()
      if (limits & 1) section.unsigned()
    } else return undefined
  }
  return count
}

function functionTypes(section: Reader): number[] {
  return Array.from({ length: section.unsigned() }, () => section.unsigned())
}

/** Whether the type of that index takes three 32-bit integers and returns nothing. */
function isInversionType(section: Reader, index: number): boolean {
  const count = section.unsigned()
  for (let i = 0; i < count; i++) {
    const start = section.position
    section.skip(1)
    section.skip(section.unsigned())
    section.skip(section.unsigned())
    if (i === index) {
      const type = section.bytes.subarray(start, section.position)
      return type.length === INVERSION_TYPE.length && type.every((byte, k) => byte === INVERSION_TYPE[k])
    }
  }
  return false
}

/** Reads bytes one after the other; a RangeError says that there are no more. */
class Reader {
  position = 0
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get atEnd(): boolean {
    return this.position === this.bytes.length
  }

  byte(): number {
    const value = this.bytes[this.position++]
    if (value === undefined) throw new RangeError('the module is truncated')
    return value
  }

  skip(length: number): void {
    if (length > this.bytes.length - this.position) throw new RangeError('the module is truncated')
    this.position += length
  }

  /** LEB128 of an unsigned integer below 2^32. */
  unsigned(): number {
    let value = 0
    for (let shift = 1; shift < 2 ** 35; shift *= 128) {
      const byte = this.byte()
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
    throw new RangeError('the module has an integer that is too long')
  }

  text(): string {
    const length = this.unsigned()
    const start = this.position
    this.skip(length)
    return new TextDecoder().decode(this.bytes.subarray(start, this.position))
  }
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...unsigned(Math.floor(value / 128))]
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.length
  }
  return bytes
}
