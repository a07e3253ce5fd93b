import { addIntegerMultiplication } from '../bn254/integer.js'
import { addInversion } from '../bn254/inversion.js'
import { createProgram } from '../bn254/program.js'
import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'

/** Functions of a circom witness generator that ours replace: the same parameters, results and preconditions. */
const REPLACED = {
  multiply: 'Fr_F1m_mul',
  square: 'Fr_F1m_square',
  invert: 'Fr_int_inverseMod',
} as const

const SECTION = { custom: 0, import: 2, code: 10 } as const

/**
 * Replaces the slow functions of a circom 2 witness generator over the BN254 scalar field: Montgomery multiplication and
 * squaring, and inversion, which circom does by long division. The witnesses stay the same. The names of functions are
 * left out of the result.
 *
 * @param wasm the generator as circom 2 writes it, with its names
 * @throws {ArtifactError} if it does not have these functions
 */
export function accelerateWitnessGenerator(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readModule(wasm)
  const names = readNames(sections)
  const imports = readCount(sections.find(({ id }) => id === SECTION.import))
  const replacements = new Map<number, Uint8Array>()
  for (const [name, body] of newBodies()) {
    const index = names.get(name)
    if (index === undefined || index < imports) throw new ArtifactError(`witness generator lacks ${name}`)
    replacements.set(index - imports, body)
  }
  const kept = sections.filter(({ id }) => id !== SECTION.custom)
  const out: Uint8Array[] = [wasm.subarray(0, 8)]
  for (const { id, content } of kept) {
    const bytes = id === SECTION.code ? replaceBodies(content, replacements) : content
    out.push(Uint8Array.from([id, ...unsigned(bytes.length)]), bytes)
  }
  return concat(out)
}

/** The new functions by the names of the old ones: bodies with their locals, which call nothing and use no global. */
function newBodies(): Map<string, Uint8Array> {
  const program = createProgram({ memory: { shared: false, initial: 1, maximum: 1 } })
  const { module } = program
  addIntegerMultiplication(module, { name: REPLACED.multiply, modulus: FIELD_MODULUS, square: false })
  addIntegerMultiplication(module, { name: REPLACED.square, modulus: FIELD_MODULUS, square: true })
  // x, the modulus again, and where the result goes.
  addInversion(program, { name: REPLACED.invert, modulus: FIELD_MODULUS, modulusIsParameter: true })
  const code = readModule(program.finish().bytes).find(({ id }) => id === SECTION.code)
  const bodies = readBodies((code as Section).content)
  return new Map([REPLACED.multiply, REPLACED.square, REPLACED.invert].map((name, i) => [name, bodies[i]!]))
}

interface Section {
  readonly id: number
  readonly content: Uint8Array
}

/** Reads LEB128 numbers and bytes one after the other. */
class Reader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get ended(): boolean {
    return this.#position >= this.#bytes.length
  }

  take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#position, this.#position + length)
    if (taken.length !== length) throw new ArtifactError('witness generator is truncated')
    this.#position += length
    return taken
  }

  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.take(1)[0] as number
      value += (byte & 127) * scale
      if (byte < 128) return value
      if (scale > 2 ** 28) throw new ArtifactError('witness generator is not valid WebAssembly')
    }
  }

  text(): string {
    return new TextDecoder().decode(this.take(this.number()))
  }
}

function readModule(wasm: Uint8Array): Section[] {
  const reader = new Reader(wasm)
  const magic = reader.take(8)
  if (![0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].every((byte, i) => magic[i] === byte)) {
    throw new ArtifactError('witness generator is not WebAssembly')
  }
  const sections: Section[] = []
  while (!reader.ended) {
    const id = reader.take(1)[0] as number
    sections.push({ id, content: reader.take(reader.number()) })
  }
  return sections
}

/** Indexes of functions by name, from the custom section of names. */
function readNames(sections: readonly Section[]): Map<string, number> {
  const FUNCTIONS = 1
  const names = new Map<string, number>()
  for (const { id, content } of sections) {
    if (id !== SECTION.custom) continue
    const reader = new Reader(content)
    if (reader.text() !== 'name') continue
    while (!reader.ended) {
      const kind = reader.take(1)[0]
      const part = new Reader(reader.take(reader.number()))
      if (kind !== FUNCTIONS) continue
      for (let left = part.number(); left > 0; left--) {
        const index = part.number()
        names.set(part.text(), index)
      }
    }
  }
  return names
}

/** Number of entries of the section of imports, which circom uses for functions alone. */
function readCount(section: Section | undefined): number {
  return section === undefined ? 0 : new Reader(section.content).number()
}

function readBodies(code: Uint8Array): Uint8Array[] {
  const reader = new Reader(code)
  return Array.from({ length: reader.number() }, () => reader.take(reader.number()))
}

function replaceBodies(code: Uint8Array, replacements: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const bodies = readBodies(code)
  return concat([
    Uint8Array.from(unsigned(bodies.length)),
    ...bodies.flatMap((body, i) => {
      const bytes = replacements.get(i) ?? body
      return [Uint8Array.from(unsigned(bytes.length)), bytes]
    }),
  ])
}

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...unsigned(Math.floor(value / 128))]
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let position = 0
  for (const part of parts) {
    bytes.set(part, position)
    position += part.length
  }
  return bytes
}
