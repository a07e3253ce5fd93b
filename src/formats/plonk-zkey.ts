import { ArtifactError } from '../errors.js'
import { BASE_FIELD_MODULUS } from '../groth16.js'
import { readSections, readUint256, requireScalarField, requireSection, type Sections } from './sections.js'
import { POINT_LENGTH } from './zkey.js'

/** Sections of a PLONK `.zkey` by their type (snarkjs, plonk_constants.js). */
export const PLONK_SECTION = {
  protocol: 1,
  header: 2,
  additions: 3,
  wiresA: 4,
  wiresB: 5,
  wiresC: 6,
  qm: 7,
  ql: 8,
  qr: 9,
  qo: 10,
  qc: 11,
  sigma: 12,
  lagrange: 13,
  powers: 14,
} as const

/** The number by which a `.zkey` names its proof system. */
export const PLONK_PROTOCOL = 2

/** Offsets in the header section; the eight points follow each other in the order of the verification key. */
export const PLONK_HEADER = { counts: 72, k1: 92, k2: 124, points: 156, tauG2: 668, end: 796 } as const

/** Bytes of one addition: two wires and two factors. */
export const ADDITION_LENGTH = 72

/** Further powers of tau than the domain's size that blinding takes. */
export const BLINDING_POWERS = 6

/** A PLONK proving key that has been split and whose lengths agree. */
export interface PlonkZkey {
  /** Of the constraint system and the additions together. */
  readonly wires: number
  readonly additions: number
  readonly publicSignals: number
  readonly gates: number
  readonly power: number
  readonly sections: Sections
}

/**
 * Opens a snarkjs PLONK `.zkey` and checks its curve and the length of every section.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated, for another proof system or another curve
 */
export function openPlonkZkey(bytes: Uint8Array): PlonkZkey {
  const label = 'proving key'
  const sections = readSections({ bytes, magic: 'zkey', version: 1, label })
  const section = (type: number, length: number): Uint8Array =>
    requireSection(sections, { type, label, length })
  const protocol = viewOf(section(PLONK_SECTION.protocol, 4)).getUint32(0, true)
  if (protocol !== PLONK_PROTOCOL) throw new ArtifactError(`${label} is not for PLONK`)
  const header = section(PLONK_SECTION.header, PLONK_HEADER.end)
  const view = viewOf(header)
  if (view.getUint32(0, true) !== 32 || readUint256(header, 4) !== BASE_FIELD_MODULUS) {
    throw new ArtifactError(`${label} is not over BN254`)
  }
  requireScalarField(header, { offset: 36, label })
  const [wires, publicSignals, size, additions, gates] = [0, 1, 2, 3, 4].map((i) =>
    view.getUint32(PLONK_HEADER.counts + 4 * i, true),
  ) as [number, number, number, number, number]
  const power = Math.log2(size)
  if (power % 1 !== 0 || power < 3 || power > 28)
    throw new ArtifactError(`${label} has an impossible domain size`)
  if (gates > size || publicSignals > gates)
    throw new ArtifactError(`${label} counts more gates than its domain`)
  if (publicSignals + additions >= wires) throw new ArtifactError(`${label} counts more signals than wires`)
  // Coefficients, and values on a domain four times as large.
  const polynomial = 5 * 32 * size
  for (const type of [
    PLONK_SECTION.qm,
    PLONK_SECTION.ql,
    PLONK_SECTION.qr,
    PLONK_SECTION.qo,
    PLONK_SECTION.qc,
  ]) {
    section(type, polynomial)
  }
  section(PLONK_SECTION.sigma, 3 * polynomial)
  section(PLONK_SECTION.lagrange, Math.max(1, publicSignals) * polynomial)
  section(PLONK_SECTION.powers, POINT_LENGTH.G1 * (size + BLINDING_POWERS))
  const named: readonly (readonly [number, number, number])[] = [
    [PLONK_SECTION.wiresA, 4, gates],
    [PLONK_SECTION.wiresB, 4, gates],
    [PLONK_SECTION.wiresC, 4, gates],
    [PLONK_SECTION.additions, ADDITION_LENGTH, additions],
  ]
  for (const [type, length, count] of named) {
    const content = section(type, length * count)
    const numbers = viewOf(content)
    const isAddition = type === PLONK_SECTION.additions
    for (let i = 0; i < count; i++) {
      // An addition may only name wires that are known before it.
      const bound = isAddition ? wires - additions + i : wires
      const isKnown =
        numbers.getUint32(length * i, true) < bound &&
        (!isAddition || numbers.getUint32(length * i + 4, true) < bound)
      if (!isKnown) throw new ArtifactError(`${label} names a wire that does not exist`)
    }
  }
  return { wires, additions, publicSignals, gates, power, sections }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
