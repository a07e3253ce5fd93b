import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import {
  readSections,
  readUint256,
  requireScalarField,
  requireSection,
  writeSections,
  writeUint256,
} from './sections.js'

const HEADER = 1
const VALUES = 2

/**
 * Checks the form of a snarkjs `.wtns` file and returns how many values it holds.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated or over another field
 */
export function witnessLength(bytes: Uint8Array): number {
  return openWitness(bytes).length
}

/**
 * Reads a snarkjs `.wtns` file: one value per wire, the constant 1 first.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated, over another field, or a value is not canonical
 */
export function readWitness(bytes: Uint8Array): bigint[] {
  const { values, length } = openWitness(bytes)
  return Array.from({ length }, (_, i) => {
    const value = readUint256(values, 32 * i)
    if (value >= FIELD_MODULUS) throw new ArtifactError('witness has a value that is not canonical')
    return value
  })
}

/**
 * Writes one value per wire as a snarkjs `.wtns` file.
 *
 * @throws {RangeError} if a value is not a canonical field element
 */
export function writeWitness(witness: readonly bigint[]): Uint8Array {
  const values = new Uint8Array(32 * witness.length)
  witness.forEach((value, i) => {
    if (value < 0n || value >= FIELD_MODULUS) throw new RangeError('witness values must be canonical')
    writeUint256(values, 32 * i, value)
  })
  return wrapWitness(values)
}

/** Puts the header of a `.wtns` file before `values`, 32 little-endian bytes for each wire. */
export function wrapWitness(values: Uint8Array): Uint8Array {
  const header = new Uint8Array(40)
  const view = new DataView(header.buffer)
  view.setUint32(0, 32, true)
  writeUint256(header, 4, FIELD_MODULUS)
  view.setUint32(36, values.length / 32, true)
  return writeSections({
    magic: 'wtns',
    version: 2,
    sections: [
      [HEADER, header],
      [VALUES, values],
    ],
  })
}

/**
 * Opens a snarkjs `.wtns` file: its values as 32 little-endian bytes each, not checked for being canonical.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated or over another field
 */
export function openWitness(bytes: Uint8Array): { values: Uint8Array; length: number } {
  const label = 'witness'
  const sections = readSections({ bytes, magic: 'wtns', version: 2, label })
  const header = requireSection(sections, { type: HEADER, label, length: 40 })
  requireScalarField(header, { offset: 0, label })
  const length = new DataView(header.buffer, header.byteOffset, header.byteLength).getUint32(36, true)
  const values = requireSection(sections, { type: VALUES, label, length: 32 * length })
  return { values, length }
}
