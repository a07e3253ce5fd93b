import { concatBytes } from '@noble/hashes/utils.js'
import { ArtifactError } from '../errors.js'
import { POINT_LENGTH } from './zkey.js'

/** What a contribution to phase 2 leaves in the keys after it. Points are as they lie in a `.zkey`. */
export interface Contribution {
  /** Delta in G1 after the contribution. */
  readonly deltaAfter: Uint8Array
  /** A point s of G1 and its multiple by the contributor's secret x. */
  readonly s: Uint8Array
  readonly sx: Uint8Array
  /** x times the point of G2 that the transcript hashes to. */
  readonly spx: Uint8Array
  /** BLAKE2b-512 of the circuit's hash, all contributions before, s and sx. */
  readonly transcript: Uint8Array
  readonly name?: string
  /** Present in the contribution of a beacon. */
  readonly beacon?: Beacon
}

/** A public random value that is hashed 2^iterations times with SHA-256. */
export interface Beacon {
  /** 1 to 255 bytes. */
  readonly value: Uint8Array
  /** 10 to 63. */
  readonly iterationsExp: number
}

/** The section of contributions in a `.zkey`. */
export interface Contributions {
  /** BLAKE2b-512 over the points of the initial key, which snarkjs calls the circuit hash. */
  readonly circuitHash: Uint8Array
  readonly contributions: readonly Contribution[]
}

/** Longest name of a contributor, in bytes of UTF-8. */
export const MAX_NAME = 64

const HASH_LENGTH = 64
const FIXED_LENGTH = 3 * POINT_LENGTH.G1 + POINT_LENGTH.G2 + HASH_LENGTH + 8
const PARAMETER = { name: 1, iterationsExp: 2, beacon: 3 } as const

const utf8 = new TextEncoder()

/**
 * Reads the section of contributions of a `.zkey`.
 *
 * @throws {ArtifactError} if it is truncated, has bytes left over, or an unknown kind of contribution or parameter
 */
export function readContributions(section: Uint8Array): Contributions {
  if (section.length < HASH_LENGTH + 4)
    throw new ArtifactError('proving key is truncated in its contributions')
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength)
  const count = view.getUint32(HASH_LENGTH, true)
  const contributions: Contribution[] = []
  let position = HASH_LENGTH + 4
  for (let i = 0; i < count; i++) {
    const label = `contribution ${i + 1} of the proving key`
    if (position + FIXED_LENGTH > section.length) throw new ArtifactError(`${label} is truncated`)
    const take = (length: number): Uint8Array => {
      position += length
      return section.slice(position - length, position)
    }
    const [deltaAfter, s, sx] = [take(POINT_LENGTH.G1), take(POINT_LENGTH.G1), take(POINT_LENGTH.G1)]
    const [spx, transcript] = [take(POINT_LENGTH.G2), take(HASH_LENGTH)]
    const [kind, length] = [view.getUint32(position, true), view.getUint32(position + 4, true)]
    position += 8
    if (position + length > section.length) throw new ArtifactError(`${label} is truncated`)
    const parameters = readParameters(take(length), label)
    const isBeacon = 'beacon' in parameters
    if (kind > 1 || (kind === 1) !== isBeacon) throw new ArtifactError(`${label} is of an unknown kind`)
    contributions.push({ deltaAfter, s, sx, spx, transcript, ...parameters })
  }
  if (position !== section.length)
    throw new ArtifactError('proving key has bytes after its last contribution')
  return { circuitHash: section.slice(0, HASH_LENGTH), contributions }
}

/** Writes the section of contributions of a `.zkey`. */
export function writeContributions(o: Contributions): Uint8Array {
  const count = new Uint8Array(4)
  new DataView(count.buffer).setUint32(0, o.contributions.length, true)
  const parts = [o.circuitHash, count]
  for (const { deltaAfter, s, sx, spx, transcript, name, beacon } of o.contributions) {
    const parameters: number[] = []
    if (name !== undefined && name !== '') {
      const bytes = utf8.encode(name)
      parameters.push(PARAMETER.name, bytes.length, ...bytes)
    }
    if (beacon) {
      parameters.push(PARAMETER.iterationsExp, beacon.iterationsExp)
      parameters.push(PARAMETER.beacon, beacon.value.length, ...beacon.value)
    }
    const head = new Uint8Array(8)
    const view = new DataView(head.buffer)
    view.setUint32(0, beacon ? 1 : 0, true)
    view.setUint32(4, parameters.length, true)
    parts.push(deltaAfter, s, sx, spx, transcript, head, Uint8Array.from(parameters))
  }
  return concatBytes(...parts)
}

function readParameters(bytes: Uint8Array, label: string): { name?: string; beacon?: Beacon } {
  const malformed = (): ArtifactError => new ArtifactError(`${label} has malformed parameters`)
  let [name, iterationsExp, value]: [string?, number?, Uint8Array?] = []
  let last = 0
  for (let position = 0; position < bytes.length; ) {
    const type = bytes[position] as number
    const operand = bytes[position + 1]
    // In ascending order and once each, so that one contribution has one encoding.
    if (type <= last || operand === undefined) throw malformed()
    last = type
    position += 2
    if (type === PARAMETER.iterationsExp) {
      iterationsExp = operand
      continue
    }
    const content = bytes.slice(position, position + operand)
    position += operand
    if (content.length !== operand || operand === 0) throw malformed()
    if (type === PARAMETER.name) name = decodeName(content, malformed)
    else if (type === PARAMETER.beacon) value = content
    else throw malformed()
  }
  if ((iterationsExp === undefined) !== (value === undefined)) throw malformed()
  return {
    ...(name !== undefined && { name }),
    ...(iterationsExp !== undefined && value !== undefined && { beacon: { value, iterationsExp } }),
  }
}

function decodeName(bytes: Uint8Array, malformed: () => ArtifactError): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed()
  }
}
