import { ArtifactError } from '../errors.js'
import { BASE_FIELD_MODULUS } from '../groth16.js'
import { readSections, readUint256, requireSection, type Sections } from './sections.js'
import { POINT_LENGTH } from './zkey.js'

/** Sections of a prepared `.ptau` by their type (snarkjs, powersoftau_utils.js and powersoftau_preparephase2.js). */
export const PTAU_SECTION = {
  header: 1,
  tauG1: 2,
  tauG2: 3,
  alphaTauG1: 4,
  betaTauG1: 5,
  betaG2: 6,
  lagrangeTauG1: 12,
  lagrangeTauG2: 13,
  lagrangeAlphaTauG1: 14,
  lagrangeBetaTauG1: 15,
} as const

const HEADER_LENGTH = 44
const MAX_POWER = 28

/** A phase 1 that is prepared for phase 2: powers of tau up to the degree 2^power, and Lagrange polynomials at tau. */
export interface Ptau {
  readonly power: number
  /** The whole file. */
  readonly bytes: Uint8Array
  readonly sections: Sections
}

/**
 * Opens a snarkjs `.ptau` file that was prepared for phase 2, and checks its curve and the length of every section.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated, not prepared or over another curve
 */
export function openPtau(bytes: Uint8Array): Ptau {
  const label = 'phase 1'
  const sections = readSections({ bytes, magic: 'ptau', version: 1, label })
  const header = requireSection(sections, { type: PTAU_SECTION.header, label, length: HEADER_LENGTH })
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  if (view.getUint32(0, true) !== 32 || readUint256(header, 4) !== BASE_FIELD_MODULUS) {
    throw new ArtifactError(`${label} is not over BN254`)
  }
  const power = view.getUint32(36, true)
  if (power < 1 || power > MAX_POWER) throw new ArtifactError(`${label} has an impossible power`)
  if (!sections.has(PTAU_SECTION.lagrangeTauG1)) {
    throw new ArtifactError(`${label} is not prepared for phase 2: use the prepared file`)
  }
  const size = 2 ** power
  const lengths: readonly (readonly [number, number])[] = [
    [PTAU_SECTION.tauG1, POINT_LENGTH.G1 * (2 * size - 1)],
    [PTAU_SECTION.tauG2, POINT_LENGTH.G2 * size],
    [PTAU_SECTION.alphaTauG1, POINT_LENGTH.G1 * size],
    [PTAU_SECTION.betaTauG1, POINT_LENGTH.G1 * size],
    [PTAU_SECTION.betaG2, POINT_LENGTH.G2],
    // All sizes from 1 on: together one less than twice the largest.
    [PTAU_SECTION.lagrangeTauG1, POINT_LENGTH.G1 * (4 * size - 1)],
    [PTAU_SECTION.lagrangeTauG2, POINT_LENGTH.G2 * (2 * size - 1)],
    [PTAU_SECTION.lagrangeAlphaTauG1, POINT_LENGTH.G1 * (2 * size - 1)],
    [PTAU_SECTION.lagrangeBetaTauG1, POINT_LENGTH.G1 * (2 * size - 1)],
  ]
  for (const [type, length] of lengths) requireSection(sections, { type, label, length })
  return { power, bytes, sections }
}

/** Returns the Lagrange polynomials of the domain of `size` points, at tau, of one of the Lagrange sections. */
export function lagrangeOf(ptau: Ptau, o: { type: number; size: number; pointLength: number }): Uint8Array {
  const section = ptau.sections.get(o.type)!
  const start = (o.size - 1) * o.pointLength
  return section.subarray(start, start + o.size * o.pointLength)
}
