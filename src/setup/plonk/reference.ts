import { ArtifactError } from '../../errors.js'
import { FIELD_MODULUS as r } from '../../field.js'
import { lagrangeOf, PTAU_SECTION, type Ptau } from '../../formats/ptau.js'
import { writeUint256 } from '../../formats/sections.js'
import { POINT_LENGTH } from '../../formats/zkey.js'
import { DEVELOPMENT_TRAPDOOR } from '../development-key.js'
import { createFixedBase } from '../fixed-base.js'
import { createGroup, type Group } from '../groups.js'
import { lagrangeAt } from '../qap.js'

/** A universal reference string: what PLONK's setup takes of it. Points are in the form of files. */
export interface Reference {
  /** The greatest domain has 2^power elements. */
  readonly power: number
  /** Returns tau^0, tau^1, … times the generator of G1. */
  powers(count: number): Uint8Array
  /** tau times the generator of G2. */
  readonly tauG2: Uint8Array
  /** Returns commitments to polynomials, each given by its values on the domain of as many elements. */
  commit(polynomials: readonly (readonly bigint[])[]): Uint8Array[]
}

/**
 * The reference string of development keys: its tau is that of {@link DEVELOPMENT_TRAPDOOR}, known to all, so that anybody can
 * forge proofs. Keys are made in seconds, because a commitment is a number times the generator.
 */
export async function developmentReference(): Promise<Reference> {
  const { tau } = DEVELOPMENT_TRAPDOOR
  const [g1, g2] = [await createFixedBase('G1'), await createFixedBase('G2')]
  return {
    power: 28,
    powers(count) {
      const powers = [1n]
      while (powers.length < count) powers.push((powers.at(-1)! * tau) % r)
      return g1.multiply(powers)
    },
    tauG2: g2.multiply([tau]),
    commit(polynomials) {
      const lagrange = lagrangeAt({ tau, size: polynomials[0]!.length, first: 0, step: 1 })
      const values = polynomials.map(
        (polynomial) => polynomial.reduce((sum, value, i) => sum + value * lagrange[i]!, 0n) % r,
      )
      const points = g1.multiply(values)
      return values.map((_, i) => points.slice(64 * i, 64 * (i + 1)))
    },
  }
}

/**
 * The reference string of a powers-of-tau file, as `openPtau` returns it. Whether the file is what its ceremony published is
 * for the caller to check, see `authenticatePhase1`.
 */
export async function phase1Reference(ptau: Ptau): Promise<Reference> {
  const group = await createGroup('G1')
  const powers = ptau.sections.get(PTAU_SECTION.tauG1)!
  return {
    power: ptau.power,
    powers: (count) => powers.slice(0, POINT_LENGTH.G1 * count),
    tauG2: ptau.sections.get(PTAU_SECTION.tauG2)!.slice(POINT_LENGTH.G2, 2 * POINT_LENGTH.G2),
    commit(polynomials) {
      const size = polynomials[0]!.length
      if (size > 2 ** ptau.power) throw new ArtifactError('phase 1 is too small for this circuit')
      const points = lagrangeOf(ptau, {
        type: PTAU_SECTION.lagrangeTauG1,
        size,
        pointLength: POINT_LENGTH.G1,
      })
      return polynomials.map((values) => sumMultiples(group, { points, values }))
    },
  }
}

const BITS = 8
const WINDOWS = 32

/**
 * Sums multiples of points of G1 by buckets, two windows of the scalars at a time.
 *
 * @param o.points in the form of files, one behind the other
 * @param o.values as many canonical scalars
 */
export function sumMultiples(group: Group, o: { points: Uint8Array; values: readonly bigint[] }): Uint8Array {
  const { points, values } = o
  const { pointLength, entryLength } = group
  const mark = group.mark()
  const size = 2 ** BITS
  const buckets = group.allocEntries(WINDOWS * size)
  const [pair, sum, line, total] = [0, 0, 0, 0].map(() => group.alloc(1)) as [number, number, number, number]
  const bucketOf = (window: number, digit: number): number => buckets + (window * size + digit) * entryLength
  const scalar = new Uint8Array(32)
  values.forEach((value, i) => {
    if (value === 0n) return
    writeUint256(scalar, 0, value)
    const point = points.subarray(i * pointLength, (i + 1) * pointLength)
    group.load(pair, point, point)
    for (let window = 0; window < WINDOWS / 2; window++) {
      const [low, high] = [scalar[window]!, scalar[window + WINDOWS / 2]!]
      if (low === 0 && high === 0) continue
      // What the digit 0 gathers is never read.
      const [a, b] = [bucketOf(window, low), bucketOf(window + WINDOWS / 2, high)]
      group.gather(sum, a, b)
      group.add(sum, sum, pair)
      group.scatter(a, b, sum)
    }
  })
  // The low and the high windows' sums in the two lanes.
  group.clear(total)
  for (let window = WINDOWS / 2 - 1; window >= 0; window--) {
    for (let bit = 0; bit < BITS; bit++) group.double(total, total)
    group.clear(sum)
    group.clear(line)
    for (let digit = size - 1; digit > 0; digit--) {
      group.gather(pair, bucketOf(window, digit), bucketOf(window + WINDOWS / 2, digit))
      group.add(line, line, pair)
      group.add(sum, sum, line)
    }
    group.add(total, total, sum)
  }
  // The first lane's sum, and the second's times 2^128.
  group.copy(sum, total)
  for (let bit = 0; bit < (BITS * WINDOWS) / 2; bit++) group.double(sum, sum)
  group.swap(sum, sum)
  group.add(sum, sum, total)
  const [result] = group.store(sum)
  group.release(mark)
  return result
}
