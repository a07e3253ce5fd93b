import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'

/** The sections of an iden3 binary file by their type; each is a view into the file's bytes. */
export type Sections = ReadonlyMap<number, Uint8Array>

/**
 * Splits an iden3 binary file (`.r1cs`, `.wtns`, `.zkey`) into its sections.
 *
 * Form: four ASCII bytes, version and number of sections as 32-bit little-endian integers, then for each
 * section its type (32 bits), its length in bytes (64 bits) and its content.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} on another magic or version, truncation, trailing bytes or a repeated section
 */
export function readSections(o: {
  bytes: Uint8Array
  magic: string
  version: number
  label: string
}): Sections {
  const { bytes, magic, version, label } = o
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${label} must be a Uint8Array`)
  if (bytes.length < 12) throw new ArtifactError(`${label} is truncated: it has no header`)
  for (let i = 0; i < 4; i++) {
    if (bytes[i] !== magic.charCodeAt(i)) throw new ArtifactError(`${label} is not a .${magic} file`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(4, true) !== version) throw new ArtifactError(`${label} has an unknown version`)
  const count = view.getUint32(8, true)
  const sections = new Map<number, Uint8Array>()
  let position = 12
  for (let i = 0; i < count; i++) {
    if (position + 12 > bytes.length) throw new ArtifactError(`${label} is truncated in a section header`)
    const type = view.getUint32(position, true)
    const length = view.getBigUint64(position + 4, true)
    position += 12
    if (length > BigInt(bytes.length - position))
      throw new ArtifactError(`${label} is truncated in section ${type}`)
    if (sections.has(type)) throw new ArtifactError(`${label} repeats section ${type}`)
    const end = position + Number(length)
    sections.set(type, bytes.subarray(position, end))
    position = end
  }
  if (position !== bytes.length) throw new ArtifactError(`${label} has bytes after its last section`)
  return sections
}

/**
 * Joins sections into one iden3 binary file, in the given order.
 *
 * A section may come in parts, so that large ones need not be copied twice.
 */
export function writeSections(o: {
  magic: string
  version: number
  sections: readonly (readonly [type: number, ...parts: Uint8Array[]])[]
}): Uint8Array {
  const sizes = o.sections.map(([, ...parts]) => parts.reduce((sum, part) => sum + part.length, 0))
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + 12 + size, 12))
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 4; i++) bytes[i] = o.magic.charCodeAt(i)
  view.setUint32(4, o.version, true)
  view.setUint32(8, o.sections.length, true)
  let position = 12
  o.sections.forEach(([type, ...parts], i) => {
    view.setUint32(position, type, true)
    view.setBigUint64(position + 4, BigInt(sizes[i]!), true)
    position += 12
    for (const part of parts) {
      bytes.set(part, position)
      position += part.length
    }
  })
  return bytes
}

/**
 * Returns one section.
 *
 * @throws {ArtifactError} if it is missing, or not `length` bytes long where a length is given
 */
export function requireSection(
  sections: Sections,
  o: { type: number; label: string; length?: number },
): Uint8Array {
  const section = sections.get(o.type)
  if (!section) throw new ArtifactError(`${o.label} lacks section ${o.type}`)
  if (o.length !== undefined && section.length !== o.length) {
    throw new ArtifactError(`${o.label} has a section ${o.type} of the wrong length`)
  }
  return section
}

/** Reads a 256-bit little-endian integer at `offset`. */
export function readUint256(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32)
  return (
    view.getBigUint64(0, true) |
    (view.getBigUint64(8, true) << 64n) |
    (view.getBigUint64(16, true) << 128n) |
    (view.getBigUint64(24, true) << 192n)
  )
}

/** Writes `value`, 0 <= value < 2^256, as 32 little-endian bytes at `offset`. */
export function writeUint256(bytes: Uint8Array, offset: number, value: bigint): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32)
  for (let i = 0; i < 4; i++) view.setBigUint64(8 * i, (value >> BigInt(64 * i)) & 0xffffffffffffffffn, true)
}

/**
 * Checks that a header names the BN254 scalar field: length 32, then r, both little-endian.
 *
 * @throws {ArtifactError} if it is another field
 */
export function requireScalarField(header: Uint8Array, o: { offset: number; label: string }): void {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (
    header.length < o.offset + 36 ||
    view.getUint32(o.offset, true) !== 32 ||
    readUint256(header, o.offset + 4) !== FIELD_MODULUS
  ) {
    throw new ArtifactError(`${o.label} is not over the BN254 scalar field`)
  }
}
