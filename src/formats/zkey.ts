import { ArtifactError } from '../errors.js'
import { BASE_FIELD_MODULUS } from '../groth16.js'
import { readSections, readUint256, requireScalarField, requireSection, type Sections } from './sections.js'

/** Sections of a Groth16 `.zkey` by their type (snarkjs, zkey_utils.js). */
export const ZKEY_SECTION = {
  protocol: 1,
  header: 2,
  ic: 3,
  coefficients: 4,
  a: 5,
  b1: 6,
  b2: 7,
  c: 8,
  h: 9,
  contributions: 10,
} as const

/** Length in bytes of an affine point of G1 and G2 in a `.zkey`. */
export const POINT_LENGTH = { G1: 64, G2: 128 } as const

/** Length in bytes of one entry of the coefficients' section: matrix, constraint, wire, value. */
export const COEFFICIENT_LENGTH = 44

const GROTH16 = 1

/** Offsets of the points in the header section. */
export const HEADER_POINT = {
  alpha1: 84,
  beta1: 148,
  beta2: 212,
  gamma2: 340,
  delta1: 468,
  delta2: 532,
  end: 660,
} as const

/** A Groth16 proving key that has been split and whose lengths agree. */
export interface Zkey {
  readonly wires: number
  readonly publicSignals: number
  readonly domainSize: number
  readonly sections: Sections
}

/**
 * Opens a snarkjs Groth16 `.zkey` and checks its curve and the length of every section.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated, for another proof system or another curve
 */
export function openZkey(bytes: Uint8Array): Zkey {
  const label = 'proving key'
  const sections = readSections({ bytes, magic: 'zkey', version: 1, label })
  const section = (type: number, length?: number) =>
    requireSection(sections, length === undefined ? { type, label } : { type, label, length })
  const protocol = section(ZKEY_SECTION.protocol, 4)
  if (viewOf(protocol).getUint32(0, true) !== GROTH16) throw new ArtifactError(`${label} is not for Groth16`)
  const header = section(ZKEY_SECTION.header, HEADER_POINT.end)
  const view = viewOf(header)
  if (view.getUint32(0, true) !== 32 || readUint256(header, 4) !== BASE_FIELD_MODULUS) {
    throw new ArtifactError(`${label} is not over BN254`)
  }
  requireScalarField(header, { offset: 36, label })
  const [wires, publicSignals, domainSize] = [72, 76, 80].map((offset) => view.getUint32(offset, true))
  if (!wires || publicSignals === undefined || publicSignals >= wires) {
    throw new ArtifactError(`${label} counts more public signals than wires`)
  }
  if (!domainSize || Math.log2(domainSize) % 1 !== 0 || domainSize > 2 ** 28) {
    throw new ArtifactError(`${label} has an impossible domain size`)
  }
  section(ZKEY_SECTION.ic, POINT_LENGTH.G1 * (publicSignals + 1))
  section(ZKEY_SECTION.a, POINT_LENGTH.G1 * wires)
  section(ZKEY_SECTION.b1, POINT_LENGTH.G1 * wires)
  section(ZKEY_SECTION.b2, POINT_LENGTH.G2 * wires)
  section(ZKEY_SECTION.c, POINT_LENGTH.G1 * (wires - publicSignals - 1))
  section(ZKEY_SECTION.h, POINT_LENGTH.G1 * domainSize)
  checkCoefficients({ section: section(ZKEY_SECTION.coefficients), wires, domainSize, label })
  return { wires, publicSignals, domainSize, sections }
}

// A prover indexes its buffers with these numbers, so that a wrong one must not get that far.
function checkCoefficients(o: {
  section: Uint8Array
  wires: number
  domainSize: number
  label: string
}): void {
  const { section, wires, domainSize, label } = o
  const view = viewOf(section)
  const count = section.length < 4 ? -1 : view.getUint32(0, true)
  if (section.length !== 4 + COEFFICIENT_LENGTH * count) {
    throw new ArtifactError(`${label} has coefficients of the wrong length`)
  }
  for (let position = 4; position < section.length; position += COEFFICIENT_LENGTH) {
    const inRange =
      view.getUint32(position, true) < 2 &&
      view.getUint32(position + 4, true) < domainSize &&
      view.getUint32(position + 8, true) < wires
    if (!inRange) throw new ArtifactError(`${label} has a coefficient out of range`)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
