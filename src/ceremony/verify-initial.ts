/** Checks the key with which phase 2 begins, without computing it again. */
import { randomBytes } from 'node:crypto'
import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS as r } from '../field.js'
import type { Ptau } from '../formats/ptau.js'
import type { R1cs } from '../formats/r1cs.js'
import { writeUint256 } from '../formats/sections.js'
import { openZkey, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { FACTOR_BYTES, openGroup, sumTwice } from '../setup/groups.js'
import { addLists, assembleInitialKey, type InitialPoints, lagrangeBases } from '../setup/initial-key.js'
import { readG1, readG2 } from '../setup/points.js'
import { isInSubgroup, isOnTwist } from '../verifier/points.js'

/** Each round misses a point outside G2 with a chance of at most 7 in 2^16, ten together of less than 2^-128. */
const SUBGROUP_ROUNDS = 10
const SUBGROUP_FACTOR_BYTES = 2

const SCALAR_BYTES = 32

/**
 * Tells whether a key is, byte for byte, what `createInitialKey` makes of a circuit and phase 1.
 *
 * What takes long there are four lists, which have for each wire w the sum of the bases L_i of the rows i that name it, times
 * their coefficients m(i, w). Here each list P is compared as a whole (the small exponents test of Bellare, Garay and Rabin,
 * 1998): with random numbers k_w of 128 bits, drawn after the key is known,
 *
 *     sum over w of k_w P_w  =  sum over i of (sum over w of k_w m(i, w)) L_i.
 *
 * In a group of prime order r, two different lists pass with a chance of at most 2^-128: if one point differs, at most one
 * value of its number makes up for all others. G1 is the whole curve, whose equation is checked for every point. G2 is not:
 * its curve has order r h with h = 2 q - r, whose least prime factor is 10069, so that a point outside G2 might hide from a
 * multiple of that. It is excluded first, for the whole list: sums with random numbers of 16 bits have to be in G2, ten times.
 * Of a point outside, at most 7 of the 2^16 numbers make up for all others. Coordinates are canonical, so that equal points are equal
 * bytes; all other bytes of the key, the circuit hash among them, are made from the points and compared.
 *
 * @throws {ArtifactError} if the circuit is too large for the phase 1 file
 */
export async function isInitialKey(o: { key: Uint8Array; r1cs: R1cs; ptau: Ptau }): Promise<boolean> {
  const { key, r1cs, ptau } = o
  const bases = lagrangeBases(o)
  const points = readPoints(key, r1cs)
  if (!points) return false
  const assembled = await assembleInitialKey({ r1cs, ptau, points })
  if (Buffer.compare(assembled, key) !== 0) return false
  const { a, b1, b2, combined } = points
  if (![a, b1, combined].every(isOfG1) || !isOfTwist(b2)) return false

  const [g1, g2] = [await openGroup('G1'), await openGroup('G2')]
  for (let round = 0; round < SUBGROUP_ROUNDS; round++) {
    const factors = randomBytes(r1cs.wires * SUBGROUP_FACTOR_BYTES)
    const [sum] = sumTwice(g2, { points: [b2, b2], factors, factorBytes: SUBGROUP_FACTOR_BYTES })
    const point = readG2(sum)
    if (point && !isInSubgroup(point)) return false
  }
  const factors = randomBytes(r1cs.wires * FACTOR_BYTES)
  const rows = [0, 1, 2].map((matrix) => rowScalars({ r1cs, matrix, factors })) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const overRows = (group: typeof g1, matrix: 0 | 1 | 2, lists: readonly [Uint8Array, Uint8Array]) => {
    const length = (rows[matrix].length / SCALAR_BYTES) * group.pointLength
    const [first, second] = [lists[0].subarray(0, length), lists[1].subarray(0, length)]
    return sumTwice(group, { points: [first, second], factors: rows[matrix], factorBytes: SCALAR_BYTES })
  }
  const [sumA, sumB1] = sumTwice(g1, { points: [a, b1], factors })
  const [sumCombined] = sumTwice(g1, { points: [combined, combined], factors })
  const [sumB2] = sumTwice(g2, { points: [b2, b2], factors })
  const [tauA, betaA] = overRows(g1, 0, [bases.tau, bases.beta])
  const [tauB, alphaB] = overRows(g1, 1, [bases.tau, bases.alpha])
  const [tauC] = overRows(g1, 2, [bases.tau, bases.tau])
  const [tauB2] = overRows(g2, 1, [bases.tauG2, bases.tauG2])
  return (
    equal(sumA, tauA) &&
    equal(sumB1, tauB) &&
    equal(sumCombined, addLists(g1, [betaA, alphaB, tauC])) &&
    equal(sumB2, tauB2)
  )
}

/** The points that a key has for the wires of a circuit; undefined if it is no key, or one of another size. */
function readPoints(key: Uint8Array, r1cs: R1cs): InitialPoints | undefined {
  try {
    const { wires, publicSignals, sections } = openZkey(key)
    if (wires !== r1cs.wires || publicSignals !== r1cs.publicSignals) return undefined
    const section = (type: number): Uint8Array => sections.get(type) as Uint8Array
    return {
      a: section(ZKEY_SECTION.a),
      b1: section(ZKEY_SECTION.b1),
      b2: section(ZKEY_SECTION.b2),
      combined: new Uint8Array(Buffer.concat([section(ZKEY_SECTION.ic), section(ZKEY_SECTION.c)])),
    }
  } catch (error) {
    if (error instanceof ArtifactError) return undefined
    throw error
  }
}

/** For each row of a matrix, the sum of its coefficients times the factors of their wires, mod r, little-endian. */
function rowScalars(o: { r1cs: R1cs; matrix: number; factors: Buffer }): Uint8Array {
  const { r1cs, matrix, factors } = o
  const { rowStart, termWire, termCoefficient, coefficients } = r1cs
  const factor = Array.from({ length: r1cs.wires }, (_, wire) => {
    const at = wire * FACTOR_BYTES
    return factors.readBigUInt64LE(at) | (factors.readBigUInt64LE(at + 8) << 64n)
  })
  // As in the QAP, A has a row for the constant and each public signal behind the circuit's own.
  const own = matrix === 0 ? r1cs.publicSignals + 1 : 0
  const scalars = new Uint8Array(SCALAR_BYTES * (r1cs.constraints + own))
  for (let constraint = 0; constraint < r1cs.constraints; constraint++) {
    const row = 3 * constraint + matrix
    let sum = 0n
    for (let term = rowStart[row]!; term < rowStart[row + 1]!; term++) {
      sum += coefficients[termCoefficient[term]!]! * factor[termWire[term]!]!
    }
    writeUint256(scalars, SCALAR_BYTES * constraint, sum % r)
  }
  for (let signal = 0; signal < own; signal++) {
    writeUint256(scalars, SCALAR_BYTES * (r1cs.constraints + signal), factor[signal]!)
  }
  return scalars
}

function isOfG1(points: Uint8Array): boolean {
  return every(points, POINT_LENGTH.G1, (point) => readG1(point) !== undefined)
}

function isOfTwist(points: Uint8Array): boolean {
  return every(points, POINT_LENGTH.G2, (bytes) => {
    const point = readG2(bytes)
    return point !== undefined && isOnTwist(point)
  })
}

/** Whether all points are infinity, which is all zeros, or pass a test. */
function every(points: Uint8Array, length: number, test: (point: Uint8Array) => boolean): boolean {
  for (let start = 0; start < points.length; start += length) {
    const point = points.subarray(start, start + length)
    if (point.some((byte) => byte !== 0) && !test(point)) return false
  }
  return true
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
