import { blake2b } from '@noble/hashes/blake2.js'
import { concatBytes } from '@noble/hashes/utils.js'
import { ArtifactError } from '../errors.js'
import { writeContributions } from '../formats/contributions.js'
import { lagrangeOf, PTAU_SECTION, type Ptau } from '../formats/ptau.js'
import type { R1cs } from '../formats/r1cs.js'
import { writeSections } from '../formats/sections.js'
import { POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { coefficientSection, headerSection, type KeyProgress } from './development-key.js'
import { type Group, openGroup, signedDigits } from './groups.js'
import { G1_GENERATOR, G2_GENERATOR, uncompressed } from './points.js'
import { domainSizeOf } from './qap.js'

/**
 * Makes the key with which phase 2 begins (`.zkey` of snarkjs, delta and gamma both 1): the same bytes as `snarkjs zkey new`.
 *
 * Whoever has the circuit and the phase 1 file can make it again, so that a ceremony starts from nothing that anybody chose.
 *
 * @param o.r1cs       the circuit, as `readR1cs` returns it
 * @param o.ptau       phase 1 of at least the circuit's size, as `openPtau` returns it
 * @param o.onProgress called now and then
 * @throws {ArtifactError} if the circuit is too large for the phase 1 file
 */
export async function createInitialKey(o: {
  r1cs: R1cs
  ptau: Ptau
  onProgress?: (progress: KeyProgress) => void
}): Promise<Uint8Array> {
  const { r1cs, ptau } = o
  const [g1, g2] = [await openGroup('G1'), await openGroup('G2')]
  const total = 4 * r1cs.constraints
  let done = 0
  const report = (rows: number): void => {
    done += rows
    o.onProgress?.({ done, total })
  }
  const { tau, alpha, beta, tauG2 } = lagrangeBases(o)

  // The rows of A, with the constraint of each public signal behind the circuit's own, as in the QAP.
  const [a, betaA] = combine(g1, { r1cs, matrix: 0, bases: [tau, beta], report })
  const [b1, alphaB] = combine(g1, { r1cs, matrix: 1, bases: [tau, alpha], report })
  const [c] = combine(g1, { r1cs, matrix: 2, bases: [tau, tau], report })
  const [b2] = combine(g2, { r1cs, matrix: 1, bases: [tauG2, tauG2], report })
  return assembleInitialKey({ r1cs, ptau, points: { a, b1, b2, combined: addLists(g1, [betaA, alphaB, c]) } })
}

/** What in an initial key takes long to compute: for each wire the sums of its rows, as points lie in files. */
export interface InitialPoints {
  readonly a: Uint8Array
  readonly b1: Uint8Array
  readonly b2: Uint8Array
  /** beta A + alpha B + C: of the constant and the public signals IC, of all others the section C. */
  readonly combined: Uint8Array
}

/** The Lagrange polynomials of a circuit's domain at tau, times 1, alpha and beta, and in G2. */
export function lagrangeBases(o: { r1cs: R1cs; ptau: Ptau }): {
  readonly tau: Uint8Array
  readonly alpha: Uint8Array
  readonly beta: Uint8Array
  readonly tauG2: Uint8Array
} {
  const { r1cs, ptau } = o
  const size = domainSizeOf(r1cs)
  if (size > 2 ** ptau.power) {
    throw new ArtifactError(`the circuit needs a phase 1 of power ${Math.log2(size)} or more`)
  }
  const g1 = (type: number): Uint8Array => lagrangeOf(ptau, { type, size, pointLength: POINT_LENGTH.G1 })
  return {
    tau: g1(PTAU_SECTION.lagrangeTauG1),
    alpha: g1(PTAU_SECTION.lagrangeAlphaTauG1),
    beta: g1(PTAU_SECTION.lagrangeBetaTauG1),
    tauG2: lagrangeOf(ptau, { type: PTAU_SECTION.lagrangeTauG2, size, pointLength: POINT_LENGTH.G2 }),
  }
}

/** Makes the initial key that has these points: all else in it follows from circuit and phase 1, or from the points. */
export async function assembleInitialKey(o: {
  r1cs: R1cs
  ptau: Ptau
  points: InitialPoints
}): Promise<Uint8Array> {
  const { r1cs, ptau } = o
  const { a, b1, b2, combined } = o.points
  const g1 = await openGroup('G1')
  const size = domainSizeOf(r1cs)
  const split = POINT_LENGTH.G1 * (r1cs.publicSignals + 1)
  const [ic, l] = [combined.subarray(0, split), combined.subarray(split)]
  const h = oddLagrange(ptau, size)

  const point = (type: number, length: number): Uint8Array => ptau.sections.get(type)!.subarray(0, length)
  const header = {
    alpha1: point(PTAU_SECTION.alphaTauG1, POINT_LENGTH.G1),
    beta1: point(PTAU_SECTION.betaTauG1, POINT_LENGTH.G1),
    beta2: point(PTAU_SECTION.betaG2, POINT_LENGTH.G2),
    gamma2: G2_GENERATOR,
    delta1: G1_GENERATOR,
    delta2: G2_GENERATOR,
  }
  const hash = blake2b.create({ dkLen: 64 })
  for (const value of Object.values(header)) hash.update(uncompressed(value, value.length))
  const lists: readonly (readonly [Uint8Array, number])[] = [
    [ic, POINT_LENGTH.G1],
    [hashedPowers(g1, ptau, size), POINT_LENGTH.G1],
    [l, POINT_LENGTH.G1],
    [a, POINT_LENGTH.G1],
    [b1, POINT_LENGTH.G1],
    [b2, POINT_LENGTH.G2],
  ]
  for (const [i, [list, length]] of lists.entries()) {
    // Of the powers snarkjs hashes as many as fill its buffers, and counts those that it means.
    const count = i === 1 ? size - 1 : list.length / length
    hash.update(Uint8Array.of(count >>> 24, count >>> 16, count >>> 8, count))
    hash.update(uncompressed(list, length))
  }
  return writeSections({
    magic: 'zkey',
    version: 1,
    // The order of snarkjs.
    sections: [
      [ZKEY_SECTION.protocol, Uint8Array.of(1, 0, 0, 0)],
      [
        ZKEY_SECTION.header,
        headerSection({
          r1cs,
          domainSize: size,
          g1: concatBytes(header.alpha1, header.beta1, header.delta1),
          g2: concatBytes(header.beta2, header.gamma2, header.delta2),
        }),
      ],
      [ZKEY_SECTION.coefficients, coefficientSection(r1cs)],
      [ZKEY_SECTION.ic, ic],
      [ZKEY_SECTION.h, h],
      [ZKEY_SECTION.c, l],
      [ZKEY_SECTION.a, a],
      [ZKEY_SECTION.b1, b1],
      [ZKEY_SECTION.b2, b2],
      [ZKEY_SECTION.contributions, writeContributions({ circuitHash: hash.digest(), contributions: [] })],
    ],
  })
}

const WINDOW = 4
const BUCKETS = 2 ** (WINDOW - 1)
/** Wires whose sums are in memory at once. */
const BLOCK = 1 << 15

/**
 * Returns for each wire the sum of the bases of the rows that have it, each times its coefficient, for two lists of
 * bases at once.
 *
 * A row's base is doubled once for all terms of the row. A term adds the multiples by 16^k to the wire's buckets, one
 * for each size of digit, which are weighed at the end: about 64 additions for a long coefficient, one for 1 or -1.
 */
function combine(
  group: Group,
  o: {
    r1cs: R1cs
    matrix: 0 | 1 | 2
    bases: readonly [Uint8Array, Uint8Array]
    report: (rows: number) => void
  },
): [Uint8Array, Uint8Array] {
  const { r1cs, matrix, bases } = o
  const { rowStart, termWire, termCoefficient } = r1cs
  const { pointLength, pairLength } = group
  const digits = r1cs.coefficients.map((coefficient) => signedDigits(coefficient, WINDOW))
  const longest = digits.reduce((most, { length }) => Math.max(most, length), 1)
  const results = [0, 1].map(() => new Uint8Array(r1cs.wires * pointLength)) as [Uint8Array, Uint8Array]
  for (let from = 0; from < r1cs.wires; from += BLOCK) {
    const to = Math.min(from + BLOCK, r1cs.wires)
    const mark = group.mark()
    const [powers, negatives, sum, line] = [
      group.alloc(longest),
      group.alloc(longest),
      group.alloc(1),
      group.alloc(1),
    ]
    // Buckets come with the first term of a wire: many wires are in no row of a matrix.
    const buckets = new Uint32Array(to - from)
    const bucketsOf = (wire: number): number => {
      let address = buckets[wire - from] as number
      if (address === 0) {
        address = group.alloc(BUCKETS)
        for (let i = 0; i < BUCKETS; i++) group.clear(address + i * pairLength)
        buckets[wire - from] = address
      }
      return address
    }
    let ready = 0
    const prepare = (row: number, length: number): void => {
      if (ready === 0) {
        const start = row * pointLength
        group.load(
          powers,
          bases[0].subarray(start, start + pointLength),
          bases[1].subarray(start, start + pointLength),
        )
        group.negate(negatives, powers)
        ready = 1
      }
      for (; ready < length; ready++) {
        const next = powers + ready * pairLength
        group.double(next, next - pairLength)
        for (let bit = 1; bit < WINDOW; bit++) group.double(next, next)
        group.negate(negatives + ready * pairLength, next)
      }
    }
    const addTerm = (row: number, wire: number, scalar: Int8Array): void => {
      if (wire < from || wire >= to) return
      prepare(row, scalar.length)
      const address = bucketsOf(wire)
      for (let k = 0; k < scalar.length; k++) {
        const digit = scalar[k] as number
        if (digit === 0) continue
        const bucket = address + (Math.abs(digit) - 1) * pairLength
        group.add(bucket, bucket, (digit > 0 ? powers : negatives) + k * pairLength)
      }
    }
    for (let constraint = 0; constraint < r1cs.constraints; constraint++) {
      ready = 0
      const row = 3 * constraint + matrix
      for (let term = rowStart[row]!; term < rowStart[row + 1]!; term++) {
        addTerm(constraint, termWire[term]!, digits[termCoefficient[term]!]!)
      }
      if (constraint % 256 === 0 && from === 0) o.report(Math.min(256, r1cs.constraints - constraint))
    }
    if (matrix === 0) {
      for (let signal = 0; signal <= r1cs.publicSignals; signal++) {
        ready = 0
        addTerm(r1cs.constraints + signal, signal, Int8Array.of(1))
      }
    }
    buckets.forEach((address, i) => {
      if (address === 0) return
      group.clear(sum)
      group.clear(line)
      for (let bucket = BUCKETS - 1; bucket >= 0; bucket--) {
        group.add(line, line, address + bucket * pairLength)
        group.add(sum, sum, line)
      }
      group.store(sum).forEach((point, k) => {
        results[k as 0 | 1].set(point, (from + i) * pointLength)
      })
    })
    group.release(mark)
  }
  return results
}

/** Adds lists of points, position by position. */
export function addLists(group: Group, lists: readonly Uint8Array[]): Uint8Array {
  const { pointLength } = group
  const result = new Uint8Array(lists[0]!.length)
  const mark = group.mark()
  const [sum, term] = [group.alloc(1), group.alloc(1)]
  const last = result.length / pointLength - 1
  for (let i = 0; i <= last; i += 2) {
    const at = (list: Uint8Array, k: number): Uint8Array =>
      list.subarray(k * pointLength, (k + 1) * pointLength)
    group.clear(sum)
    for (const list of lists) {
      group.load(term, at(list, i), at(list, Math.min(i + 1, last)))
      group.add(sum, sum, term)
    }
    const [a, b] = group.store(sum)
    result.set(a, i * pointLength)
    if (i < last) result.set(b, (i + 1) * pointLength)
  }
  group.release(mark)
  return result
}

/** The Lagrange polynomials of the domain twice as large, at its odd points. */
function oddLagrange(ptau: Ptau, size: number): Uint8Array {
  const { G1 } = POINT_LENGTH
  const all = lagrangeOf(ptau, { type: PTAU_SECTION.lagrangeTauG1, size: 2 * size, pointLength: G1 })
  const odd = new Uint8Array(size * G1)
  for (let i = 0; i < size; i++) odd.set(all.subarray((2 * i + 1) * G1, (2 * i + 2) * G1), i * G1)
  return odd
}

/** Points that snarkjs hashes at once. */
const HASH_CHUNK = 1 << 14

/**
 * The powers of tau times the vanishing polynomial, as snarkjs hashes them for the circuit hash: in whole chunks, so that
 * the last chunk may have one point more than there are, which it reads from behind the powers if the file ends there.
 */
function hashedPowers(group: Group, ptau: Ptau, size: number): Uint8Array {
  const { pointLength } = group
  const chunk = Math.min(size - 1, HASH_CHUNK)
  const count = Math.ceil((size - 1) / chunk) * chunk
  const section = ptau.sections.get(PTAU_SECTION.tauG1)!
  const start = section.byteOffset - ptau.bytes.byteOffset
  const at = (i: number): Uint8Array =>
    ptau.bytes.subarray(start + i * pointLength, start + (i + 1) * pointLength)
  const result = new Uint8Array(count * pointLength)
  const mark = group.mark()
  const [high, low] = [group.alloc(1), group.alloc(1)]
  for (let i = 0; i < count; i += 2) {
    const next = Math.min(i + 1, count - 1)
    group.load(high, at(size + i), at(size + next))
    group.load(low, at(i), at(next))
    group.negate(low, low)
    group.add(high, high, low)
    const [a, b] = group.store(high)
    result.set(a, i * pointLength)
    if (next > i) result.set(b, next * pointLength)
  }
  group.release(mark)
  return result
}
