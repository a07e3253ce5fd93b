import { ArtifactError } from '../../errors.js'
import { FIELD_MODULUS as r } from '../../field.js'
import {
  ADDITION_LENGTH,
  BLINDING_POWERS,
  openPlonkZkey,
  PLONK_HEADER,
  PLONK_PROTOCOL,
  PLONK_SECTION,
} from '../../formats/plonk-zkey.js'
import type { R1cs } from '../../formats/r1cs.js'
import { readUint256, writeSections, writeUint256 } from '../../formats/sections.js'
import { POINT_LENGTH } from '../../formats/zkey.js'
import { BASE_FIELD_MODULUS } from '../../groth16.js'
import { PLONK_KEY_POINTS, type PlonkVerificationKeyJson } from '../../plonk.js'
import { rootOfUnity } from '../qap.js'
import { readG1Json, readG2Json } from '../verification-key.js'
import { arithmetize, type Gates } from './gates.js'
import { createDomain, type Domain, encodeMontgomery } from './polynomials.js'
import type { Reference } from './reference.js'

/** Factors of the second and third wires' cosets: no power of them lies in a domain of ours, see `parsePlonkKey`. */
const COSETS = [2n, 3n] as const

/** Of 2^256 modulo r. */
const SCALAR_MONTGOMERY_INVERSE =
  9915499612839321149637521777990102151350674507940716049588462388200839649614n

/** How much of a key is done. */
export interface PlonkKeyProgress {
  readonly done: number
  readonly total: number
}

/**
 * Makes a PLONK proving key, a `.zkey` of snarkjs: from the same circuit and reference string the same bytes as snarkjs 0.7.6.
 * There is nothing secret in it and nothing random, so that whoever has both can make it again and compare.
 *
 * @param o.r1cs       the circuit; made with circom's `--O1`, which takes a quarter of the gates of `--O2`
 * @param o.reference  see `developmentReference` and `phase1Reference`
 * @param o.onProgress called now and then
 * @throws {ArtifactError} if the circuit has more gates than the reference string has powers
 */
export async function createPlonkKey(o: {
  r1cs: R1cs
  reference: Reference
  onProgress?: (progress: PlonkKeyProgress) => void
}): Promise<Uint8Array> {
  const { r1cs, reference } = o
  const gates = arithmetize(r1cs)
  const power = Math.max(3, Math.ceil(Math.log2(gates.a.length)))
  if (power > reference.power) throw new ArtifactError('the reference string is too small for this circuit')
  const domain = createDomain(2 ** power)
  const selectors = [gates.qm, gates.ql, gates.qr, gates.qo, gates.qc].map((values) =>
    pad(values, domain.size),
  )
  const permutations = permute(gates, domain)
  const polynomials = [...selectors, ...permutations]
  const total = polynomials.length + 3
  let done = 0
  const step = async <T>(make: () => T): Promise<T> => {
    const made = make()
    o.onProgress?.({ done: ++done, total })
    // Whoever hears of progress gets to show it.
    await new Promise((resolve) => setTimeout(resolve))
    return made
  }
  const encoded: Uint8Array[] = []
  for (const values of polynomials) encoded.push(await step(() => domain.encode(values)))
  const lagrange = await step(() => domain.encodeLagrange(Math.max(1, gates.publicSignals)))
  const commitments = await step(() => reference.commit(polynomials))
  const powers = await step(() => reference.powers(domain.size + BLINDING_POWERS))
  return writeSections({
    magic: 'zkey',
    version: 1,
    sections: [
      [PLONK_SECTION.additions, encodeAdditions(gates)],
      [PLONK_SECTION.wiresA, encodeWires(gates.a)],
      [PLONK_SECTION.wiresB, encodeWires(gates.b)],
      [PLONK_SECTION.wiresC, encodeWires(gates.c)],
      ...encoded.slice(0, 5).map((bytes, i) => [PLONK_SECTION.qm + i, bytes] as const),
      [PLONK_SECTION.sigma, ...encoded.slice(5)],
      [PLONK_SECTION.lagrange, lagrange],
      [PLONK_SECTION.powers, powers],
      [PLONK_SECTION.protocol, Uint8Array.of(PLONK_PROTOCOL, 0, 0, 0)],
      [PLONK_SECTION.header, encodeHeader({ gates, domain, commitments, tauG2: reference.tauG2 })],
    ],
  })
}

/**
 * Extracts the verification key of a PLONK `.zkey`, in the form of snarkjs.
 *
 * @throws {ArtifactError} as `openPlonkZkey`
 */
export function exportPlonkVerificationKey(bytes: Uint8Array): PlonkVerificationKeyJson {
  const { publicSignals, power, sections } = openPlonkZkey(bytes)
  const header = sections.get(PLONK_SECTION.header)!
  const scalar = (offset: number): string =>
    String((readUint256(header, offset) * SCALAR_MONTGOMERY_INVERSE) % r)
  return {
    protocol: 'plonk',
    curve: 'bn128',
    nPublic: publicSignals,
    power,
    k1: scalar(PLONK_HEADER.k1),
    k2: scalar(PLONK_HEADER.k2),
    ...(Object.fromEntries(
      PLONK_KEY_POINTS.map((name, i) => [
        name,
        readG1Json(header, PLONK_HEADER.points + POINT_LENGTH.G1 * i),
      ]),
    ) as Pick<PlonkVerificationKeyJson, (typeof PLONK_KEY_POINTS)[number]>),
    X_2: readG2Json(header, PLONK_HEADER.tauG2),
    w: String(rootOfUnity(2 ** power)),
  }
}

/** The places of a wire form a cycle: the value at each place is the label of the one before it, at the first that of the last. */
function permute(gates: Gates, { size, elements }: Domain): bigint[][] {
  const sigma = new Array<bigint>(3 * size)
  const first = new Int32Array(gates.wires).fill(-1)
  const last = new Array<bigint>(gates.wires)
  const columns = [gates.a, gates.b, gates.c]
  for (let i = 0; i < size; i++) {
    columns.forEach((column, k) => {
      // Places behind the last gate belong to the unused wire.
      const wire = i < column.length ? column[i]! : 0
      const place = k * size + i
      if (first[wire] === -1) first[wire] = place
      else sigma[place] = last[wire]!
      last[wire] = k === 0 ? elements[i]! : (elements[i]! * COSETS[k - 1]!) % r
    })
  }
  first.forEach((place, wire) => {
    if (place !== -1) sigma[place] = last[wire]!
  })
  return columns.map((_, k) => sigma.slice(k * size, (k + 1) * size))
}

function pad(values: readonly bigint[], size: number): bigint[] {
  return [...values, ...new Array<bigint>(size - values.length).fill(0n)]
}

function encodeAdditions({ additions }: Gates): Uint8Array {
  const bytes = new Uint8Array(ADDITION_LENGTH * additions.length)
  const view = new DataView(bytes.buffer)
  additions.forEach(({ left, right, leftFactor, rightFactor }, i) => {
    view.setUint32(ADDITION_LENGTH * i, left, true)
    view.setUint32(ADDITION_LENGTH * i + 4, right, true)
    bytes.set(encodeMontgomery([leftFactor, rightFactor]), ADDITION_LENGTH * i + 8)
  })
  return bytes
}

function encodeWires(wires: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * wires.length)
  const view = new DataView(bytes.buffer)
  wires.forEach((wire, i) => void view.setUint32(4 * i, wire, true))
  return bytes
}

function encodeHeader(o: {
  gates: Gates
  domain: Domain
  commitments: readonly Uint8Array[]
  tauG2: Uint8Array
}): Uint8Array {
  const { gates, domain, commitments, tauG2 } = o
  const header = new Uint8Array(PLONK_HEADER.end)
  const view = new DataView(header.buffer)
  view.setUint32(0, 32, true)
  writeUint256(header, 4, BASE_FIELD_MODULUS)
  view.setUint32(36, 32, true)
  writeUint256(header, 40, r)
  const counts = [gates.wires, gates.publicSignals, domain.size, gates.additions.length, gates.a.length]
  counts.forEach((count, i) => void view.setUint32(PLONK_HEADER.counts + 4 * i, count, true))
  header.set(encodeMontgomery(COSETS), PLONK_HEADER.k1)
  commitments.forEach((point, i) => void header.set(point, PLONK_HEADER.points + POINT_LENGTH.G1 * i))
  header.set(tauG2, PLONK_HEADER.tauG2)
  return header
}
