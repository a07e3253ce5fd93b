import { blake2b } from '@noble/hashes/blake2.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesToBigInt, FIELD_MODULUS as r } from '../field.js'
import type { R1cs } from '../formats/r1cs.js'
import { writeSections, writeUint256 } from '../formats/sections.js'
import { COEFFICIENT_LENGTH, HEADER_POINT, ZKEY_SECTION } from '../formats/zkey.js'
import { BASE_FIELD_MODULUS } from '../groth16.js'
import { createFixedBase, type FixedBase } from './fixed-base.js'
import { evaluateQap, invert } from './qap.js'

/** The secrets of a Groth16 setup; whoever knows them can forge proofs. */
export interface Trapdoor {
  readonly tau: bigint
  readonly alpha: bigint
  readonly beta: bigint
  readonly delta: bigint
}

const utf8 = new TextEncoder()

/**
 * The trapdoor of every development key, known to all: hashes of a public text. Its delta marks a key as a
 * development key, see `isDevelopmentKey`.
 */
export const DEVELOPMENT_TRAPDOOR: Trapdoor = {
  tau: deriveScalar('tau'),
  alpha: deriveScalar('alpha'),
  beta: deriveScalar('beta'),
  delta: deriveScalar('delta'),
}

/** How much of a key is done: points computed, of all points. */
export interface KeyProgress {
  readonly done: number
  readonly total: number
}

/**
 * Makes a Groth16 proving key (`.zkey` of snarkjs) from the public {@link DEVELOPMENT_TRAPDOOR}.
 *
 * It proves nothing to anybody who does not trust the prover, since everyone can forge with it. The same
 * circuit gives the same bytes. A key takes seconds: all points are multiples of the two generators.
 *
 * @param o.r1cs        the circuit, as `readR1cs` returns it
 * @param o.generators  by default prepared for this key alone
 * @param o.onProgress  called now and then
 */
export async function createDevelopmentKey(o: {
  r1cs: R1cs
  generators?: Generators
  onProgress?: (progress: KeyProgress) => void
}): Promise<Uint8Array> {
  return createKey({ ...o, trapdoor: DEVELOPMENT_TRAPDOOR })
}

/** The two generators, prepared for many multiplications. */
export interface Generators {
  readonly g1: FixedBase
  readonly g2: FixedBase
}

/** Prepares both generators, which takes about a second. */
export async function createGenerators(): Promise<Generators> {
  return { g1: await createFixedBase('G1'), g2: await createFixedBase('G2') }
}

/**
 * Makes a Groth16 proving key from any trapdoor, for tests: whoever knows it can forge.
 *
 * @param o.generators by default prepared for this key alone
 */
export async function createKey(o: {
  r1cs: R1cs
  trapdoor: Trapdoor
  generators?: Generators
  onProgress?: (progress: KeyProgress) => void
}): Promise<Uint8Array> {
  const { r1cs, trapdoor } = o
  const { tau, alpha, beta, delta } = trapdoor
  const qap = evaluateQap({ r1cs, tau })
  const inverseDelta = invert(delta)
  // snarkjs keeps gamma at 1, in ceremonies too.
  const combined = qap.a.map((a, j) => (beta * a + alpha * qap.b[j]! + qap.c[j]!) % r)
  const scalars = {
    ic: combined.slice(0, r1cs.publicSignals + 1),
    c: combined.slice(r1cs.publicSignals + 1).map((value) => (value * inverseDelta) % r),
    h: qap.oddLagrange.map((value) => (value * inverseDelta) % r),
  }
  const total = scalars.ic.length + scalars.c.length + scalars.h.length + 3 * r1cs.wires + 6
  let done = 0
  const report = (count: number) => {
    done += count
    o.onProgress?.({ done, total })
  }
  const generators = o.generators ?? (await createGenerators())
  const g1 = multiplier(generators.g1, report)
  const g2 = multiplier(generators.g2, report)

  const header = headerSection({
    r1cs,
    domainSize: qap.domainSize,
    g1: g1([alpha, beta, delta]),
    g2: g2([beta, 1n, delta]),
  })
  const content: [number, ...Uint8Array[]][] = [
    [ZKEY_SECTION.header, header],
    [ZKEY_SECTION.coefficients, coefficientSection(r1cs)],
    [ZKEY_SECTION.ic, g1(scalars.ic)],
    [ZKEY_SECTION.h, g1(scalars.h)],
    [ZKEY_SECTION.c, g1(scalars.c)],
    [ZKEY_SECTION.a, g1(qap.a)],
    [ZKEY_SECTION.b1, g1(qap.b)],
    [ZKEY_SECTION.b2, g2(qap.b)],
  ]
  return writeSections({
    magic: 'zkey',
    version: 1,
    sections: [
      [ZKEY_SECTION.protocol, Uint8Array.of(1, 0, 0, 0)],
      ...content,
      [ZKEY_SECTION.contributions, contributionSection(content)],
    ],
  })
}

// 512 bits, so that the reduction leaves no visible bias.
function deriveScalar(name: string): bigint {
  const text = `soulproof development key, worthless on purpose: ${name}`
  const [high, low] = [0, 1].map((half) => bytesToBigInt(keccak_256(utf8.encode(`${text} ${half}`))))
  return ((high! << 256n) | low!) % r
}

function multiplier(base: FixedBase, report: (count: number) => void) {
  return (scalars: readonly bigint[]) => base.multiply(scalars, report)
}

/** The header of a `.zkey`: alpha, beta and delta in G1, beta, gamma and delta in G2. */
export function headerSection(o: {
  r1cs: R1cs
  domainSize: number
  g1: Uint8Array
  g2: Uint8Array
}): Uint8Array {
  const header = new Uint8Array(HEADER_POINT.end)
  const view = new DataView(header.buffer)
  view.setUint32(0, 32, true)
  writeUint256(header, 4, BASE_FIELD_MODULUS)
  view.setUint32(36, 32, true)
  writeUint256(header, 40, r)
  view.setUint32(72, o.r1cs.wires, true)
  view.setUint32(76, o.r1cs.publicSignals, true)
  view.setUint32(80, o.domainSize, true)
  header.set(o.g1.subarray(0, 128), HEADER_POINT.alpha1)
  header.set(o.g2.subarray(0, 256), HEADER_POINT.beta2)
  header.set(o.g1.subarray(128, 192), HEADER_POINT.delta1)
  header.set(o.g2.subarray(256, 384), HEADER_POINT.delta2)
  return header
}

/**
 * The coefficients of a `.zkey`: the rows of A and B, then the constraint of each public signal, as in the QAP. Values are in
 * Montgomery form twice over (times 2^512), so that a product with a plain witness value is in Montgomery form.
 */
export function coefficientSection(r1cs: R1cs): Uint8Array {
  const { rowStart, termWire, termCoefficient } = r1cs
  let count = r1cs.publicSignals + 1
  for (let i = 0; i < r1cs.constraints; i++) count += rowStart[3 * i + 2]! - rowStart[3 * i]!
  const section = new Uint8Array(4 + COEFFICIENT_LENGTH * count)
  const view = new DataView(section.buffer)
  view.setUint32(0, count, true)
  const values = new Uint8Array(32 * (r1cs.coefficients.length + 1))
  for (const [i, value] of [...r1cs.coefficients, 1n].entries()) {
    writeUint256(values, 32 * i, (value << 512n) % r)
  }
  let position = 4
  const write = (matrix: number, constraint: number, wire: number, value: number) => {
    view.setUint32(position, matrix, true)
    view.setUint32(position + 4, constraint, true)
    view.setUint32(position + 8, wire, true)
    section.set(values.subarray(32 * value, 32 * value + 32), position + 12)
    position += COEFFICIENT_LENGTH
  }
  for (let i = 0; i < r1cs.constraints; i++) {
    for (const matrix of [0, 1]) {
      const row = 3 * i + matrix
      for (let term = rowStart[row]!; term < rowStart[row + 1]!; term++) {
        write(matrix, i, termWire[term]!, termCoefficient[term]!)
      }
    }
  }
  for (let signal = 0; signal <= r1cs.publicSignals; signal++) {
    write(0, r1cs.constraints + signal, signal, r1cs.coefficients.length)
  }
  return section
}

// No contributions. The hash stands where a ceremony has that of its initial key; here it is that of the
// sections themselves, because there is no phase 1 file to compare with.
function contributionSection(content: readonly (readonly [number, ...Uint8Array[]])[]): Uint8Array {
  const hash = blake2b.create({ dkLen: 64 })
  for (const [, ...parts] of content) for (const part of parts) hash.update(part)
  const section = new Uint8Array(68)
  section.set(hash.digest())
  return section
}
