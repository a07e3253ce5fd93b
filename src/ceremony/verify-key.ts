/** Checks of keys of phase 2, with our own pairing and nothing of snarkjs. */
import { randomBytes } from 'node:crypto'
import { CeremonyError } from '../errors.js'
import type { Contribution, Contributions } from '../formats/contributions.js'
import { HEADER_POINT, POINT_LENGTH, ZKEY_SECTION } from '../formats/zkey.js'
import { FACTOR_BYTES, openGroup, sumTwice } from '../setup/groups.js'
import { G1_GENERATOR, GENERATOR, readG1, readG2 } from '../setup/points.js'
import { type G1, type G2, isInSubgroup, isOnTwist, multiplyG1 } from '../verifier/points.js'
import { hashToG2 } from './hash-to-curve.js'
import { beaconSecrets, deltasOf, isIterationsExp, openKey, type PhaseKey, transcriptAfter } from './key.js'
import { sameRatio } from './pairing.js'

/** What stays as it is from the first key to the last, by what it is called in errors. */
const FIXED: Readonly<Record<number, string>> = {
  [ZKEY_SECTION.protocol]: 'protocol',
  [ZKEY_SECTION.ic]: 'IC',
  [ZKEY_SECTION.coefficients]: 'coefficients',
  [ZKEY_SECTION.a]: 'A',
  [ZKEY_SECTION.b1]: 'B1',
  [ZKEY_SECTION.b2]: 'B2',
}

/** What every contribution divides by its secret. */
const DIVIDED: Readonly<Record<number, string>> = { [ZKEY_SECTION.c]: 'C', [ZKEY_SECTION.h]: 'H' }

/**
 * Checks that a key is the previous one with exactly one more contribution, whose contributor knew its secret.
 *
 * @param o.culprit  what the key is called in errors
 * @param o.initial  the key that phase 2 began with, trusted
 * @param o.previous the key before, whose contributions were checked
 * @param o.next     the key in question
 * @param o.kind     what the contribution has to be; by default either
 * @returns its contribution
 * @throws {CeremonyError} naming what is wrong
 */
export async function verifyNextKey(o: {
  culprit: string
  initial: Uint8Array
  previous: Uint8Array
  next: Uint8Array
  kind?: 'contribution' | 'beacon'
}): Promise<Contribution> {
  const { culprit, kind } = o
  const initial = openKey(o.initial, 'initial key')
  const previous = openKey(o.previous, 'previous key')
  const next = openKey(o.next, culprit)
  requireSameCircuit({ culprit, initial, key: next })
  requirePrefix({ culprit, previous, next })
  const before: Contributions = { circuitHash: initial.circuitHash, contributions: previous.contributions }
  const contribution = next.contributions[previous.contributions.length] as Contribution
  // Before its secret is computed, which takes as long as the beacon says.
  if (kind && (contribution.beacon !== undefined) !== (kind === 'beacon')) {
    throw new CeremonyError(culprit, 'has a beacon where none belongs, or none where one does')
  }
  await verifyContribution({ culprit, before, contribution })
  await verifyDivision({ culprit, initial, key: next })
  return contribution
}

/**
 * Checks a key with all its contributions at once, from the initial key alone.
 *
 * @throws {CeremonyError} naming what is wrong
 */
export async function verifyKey(o: {
  culprit: string
  initial: Uint8Array
  key: Uint8Array
}): Promise<readonly Contribution[]> {
  const { culprit } = o
  const initial = openKey(o.initial, 'initial key')
  const key = openKey(o.key, culprit)
  requireSameCircuit({ culprit, initial, key })
  for (const [i, contribution] of key.contributions.entries()) {
    const before = { circuitHash: initial.circuitHash, contributions: key.contributions.slice(0, i) }
    await verifyContribution({ culprit, before, contribution })
  }
  await verifyDivision({ culprit, initial, key })
  return key.contributions
}

function requireSameCircuit(o: { culprit: string; initial: PhaseKey; key: PhaseKey }): void {
  const { culprit, initial, key } = o
  const refuse = (what: string): never => {
    throw new CeremonyError(culprit, `is of another circuit or phase 1: ${what}`)
  }
  if (!equal(key.circuitHash, initial.circuitHash)) refuse('the circuit hash differs')
  const [header, expected] = [key, initial].map(({ zkey }) => zkey.sections.get(ZKEY_SECTION.header)!) as [
    Uint8Array,
    Uint8Array,
  ]
  if (!equal(header.subarray(0, HEADER_POINT.delta1), expected.subarray(0, HEADER_POINT.delta1))) {
    refuse('alpha, beta, gamma or the sizes differ')
  }
  for (const [type, name] of Object.entries(FIXED)) {
    const [section, fixed] = [key, initial].map(({ zkey }) => zkey.sections.get(Number(type))!)
    if (!equal(section as Uint8Array, fixed as Uint8Array)) refuse(`${name} differs`)
  }
}

function requirePrefix(o: { culprit: string; previous: PhaseKey; next: PhaseKey }): void {
  const { culprit, previous, next } = o
  const shared = previous.contributions.findIndex((contribution, i) => {
    const other = next.contributions[i]
    return !other || !isSame(contribution, other)
  })
  if (shared >= 0) {
    throw new CeremonyError(culprit, `skips contribution ${shared + 1}: it does not build on the key before`)
  }
  const added = next.contributions.length - previous.contributions.length
  if (added === 0) throw new CeremonyError(culprit, 'adds no contribution')
  if (added > 1) throw new CeremonyError(culprit, `adds ${added} contributions instead of one`)
}

async function verifyContribution(o: {
  culprit: string
  before: Contributions
  contribution: Contribution
}): Promise<void> {
  const { culprit, before, contribution } = o
  const number = before.contributions.length + 1
  const refuse = (reason: string): never => {
    throw new CeremonyError(culprit, `contribution ${number} ${reason}`)
  }
  if (before.contributions.some(({ s, sx }) => equal(s, contribution.s) && equal(sx, contribution.sx))) {
    refuse('reuses an earlier one')
  }
  const previous = before.contributions.at(-1)?.deltaAfter ?? G1_GENERATOR
  const [deltaBefore, deltaAfter, s, sx] = [
    previous,
    contribution.deltaAfter,
    contribution.s,
    contribution.sx,
  ].map((point) => readG1(point) ?? refuse('has a point that is not on the curve')) as [G1, G1, G1, G1]
  const spx = readG2(contribution.spx)
  if (!spx || !isOnTwist(spx) || !isInSubgroup(spx)) return refuse('has a point that is not in G2')
  if (equal(contribution.s, contribution.sx)) refuse('changes nothing')
  if (!equal(contribution.transcript, transcriptAfter(before, contribution))) {
    refuse('has a transcript that is not of the contributions before it')
  }
  const sp = hashToG2(contribution.transcript)
  if (!(await sameRatio({ g1: [s, sx], g2: [sp, spx] }))) refuse('has no valid proof of its secret')
  if (!(await sameRatio({ g1: [deltaBefore, deltaAfter], g2: [sp, spx] }))) {
    refuse('does not lead from the delta before it to its own')
  }
  if (contribution.beacon) {
    const { value, iterationsExp } = contribution.beacon
    if (value.length === 0 || !isIterationsExp(iterationsExp)) {
      refuse('has a beacon without a value, or one that is not hashed 2^10 to 2^24 times')
    }
    const expected = beaconSecrets(contribution.beacon)
    const isExpected =
      [s, sx].map(String).join() === [expected.s, multiplyG1(expected.s, expected.x)].map(String).join()
    if (!isExpected) refuse('is not that of its beacon')
  }
}

/** Checks that the deltas of a key are of its last contribution, and that C and H are the initial ones divided by delta. */
async function verifyDivision(o: { culprit: string; initial: PhaseKey; key: PhaseKey }): Promise<void> {
  const { culprit, initial, key } = o
  const refuse = (reason: string): never => {
    throw new CeremonyError(culprit, reason)
  }
  const delta = deltasOf(key)
  if (!equal(delta.g1, key.contributions.at(-1)?.deltaAfter ?? G1_GENERATOR)) {
    refuse('its delta in G1 is not that of its last contribution')
  }
  const delta1 = readG1(delta.g1) as G1
  const delta2 = readG2(delta.g2)
  if (!delta2 || !isOnTwist(delta2) || !isInSubgroup(delta2)) return refuse('its delta in G2 is not in G2')
  if (!(await sameRatio({ g1: [GENERATOR.G1, delta1], g2: [GENERATOR.G2, delta2] }))) {
    refuse('its deltas in G1 and G2 differ')
  }
  const isGamma = ([x]: G2): boolean => String(x) === String(GENERATOR.G2[0])
  if (key.contributions.length > 0 && isGamma(delta2)) {
    refuse('is unsafe: delta equals plus or minus gamma, anyone can forge proofs')
  }
  const group = await openGroup('G1')
  for (const [type, name] of Object.entries(DIVIDED)) {
    const [points, undivided] = [key, initial].map(({ zkey }) => zkey.sections.get(Number(type))!) as [
      Uint8Array,
      Uint8Array,
    ]
    requirePoints(points, () => refuse(`${name} has a point that is not on the curve`))
    const factors = randomBytes((points.length / POINT_LENGTH.G1) * FACTOR_BYTES)
    const [sum, expected] = sumTwice(group, { points: [points, undivided], factors })
    const [a, b] = [readG1(sum), readG1(expected)]
    if (!a && !b) continue
    if (!a || !b || !(await sameRatio({ g1: [a, b], g2: [GENERATOR.G2, delta2] }))) {
      refuse(`${name} is not the initial one divided by delta`)
    }
  }
}

/** Numbers that are not canonical, and points off the curve, would mean other things to other tools. */
function requirePoints(points: Uint8Array, refuse: () => never): void {
  for (let start = 0; start < points.length; start += POINT_LENGTH.G1) {
    const point = points.subarray(start, start + POINT_LENGTH.G1)
    if (!readG1(point) && point.some((byte) => byte !== 0)) refuse()
  }
}

function isSame(a: Contribution, b: Contribution): boolean {
  return (
    a.name === b.name &&
    equal(a.deltaAfter, b.deltaAfter) &&
    equal(a.s, b.s) &&
    equal(a.sx, b.sx) &&
    equal(a.spx, b.spx) &&
    equal(a.transcript, b.transcript) &&
    a.beacon?.iterationsExp === b.beacon?.iterationsExp &&
    equal(a.beacon?.value ?? new Uint8Array(), b.beacon?.value ?? new Uint8Array())
  )
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}
