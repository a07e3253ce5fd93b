/** What contributions do to keys of phase 2. */
import { blake2b } from '@noble/hashes/blake2.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { ArtifactError, CeremonyError } from '../errors.js'
import { FIELD_MODULUS as r } from '../field.js'
import {
  type Beacon,
  type Contribution,
  type Contributions,
  MAX_NAME,
  readContributions,
  writeContributions,
} from '../formats/contributions.js'
import { writeSections } from '../formats/sections.js'
import { HEADER_POINT, openZkey, POINT_LENGTH, ZKEY_SECTION, type Zkey } from '../formats/zkey.js'
import { type Group, multiplyAll, openGroup } from '../setup/groups.js'
import { readG1, readG2, uncompressed, writeG1, writeG2 } from '../setup/points.js'
import { invert } from '../setup/qap.js'
import { type G1, type G2, multiplyG1, multiplyG2 } from '../verifier/points.js'
import type { SeededRandom } from './chacha.js'
import { seededRandom } from './chacha.js'
import { drawG1, drawScalar, hashToG2 } from './hash-to-curve.js'

/** A key of phase 2, opened. */
export interface PhaseKey extends Contributions {
  readonly zkey: Zkey
}

/** A key with one more contribution. */
export interface Contributed {
  readonly zkey: Uint8Array
  /** What snarkjs calls the contribution hash: the contributor publishes it. 128 hex digits. */
  readonly contributionHash: string
}

/** How much of a contribution is done: points multiplied, of all points. */
export type PointProgress = (progress: { readonly done: number; readonly total: number }) => void

/**
 * Opens a key of phase 2.
 *
 * @param culprit what the key is called in errors
 * @throws {CeremonyError} if it is malformed or truncated
 */
export function openKey(zkey: Uint8Array, culprit: string): PhaseKey {
  try {
    const opened = openZkey(zkey)
    const section = opened.sections.get(ZKEY_SECTION.contributions)
    if (!section) throw new ArtifactError('proving key lacks its contributions')
    return { zkey: opened, ...readContributions(section) }
  } catch (cause) {
    if (cause instanceof ArtifactError) throw new CeremonyError(culprit, cause.message, { cause })
    throw cause
  }
}

/**
 * Adds a contribution to a key, with a secret that is forgotten; snarkjs accepts the result, and ours its.
 *
 * @param o.zkey    the latest key
 * @param o.random  64 bytes of a cryptographic source
 * @param o.entropy whatever the contributor types or throws dice for; it can only add to `random`
 * @param o.name    at most {@link MAX_NAME} bytes of UTF-8
 * @throws {CeremonyError} if the key is malformed
 * @throws {RangeError} if the name is too long or `random` is too short
 */
export async function contribute(o: {
  zkey: Uint8Array
  random: Uint8Array
  entropy: string
  name: string
  onProgress?: PointProgress
}): Promise<Contributed> {
  requireName(o.name)
  if (o.random.length < 64) throw new RangeError('random must have at least 64 bytes')
  const entropy = new TextEncoder().encode(o.entropy)
  const seed = blake2b.create({ dkLen: 64 }).update(o.random).update(entropy).digest()
  const random = seededRandom(seed)
  seed.fill(0)
  return extend({ ...o, ...drawSecrets(random) })
}

/**
 * Adds the contribution of a beacon, which everybody can repeat: its secret is the beacon's value hashed 2^iterationsExp times.
 *
 * @throws {CeremonyError} if the key is malformed
 * @throws {RangeError} if name or beacon are out of their ranges
 */
export async function contributeBeacon(o: {
  zkey: Uint8Array
  name: string
  beacon: Beacon
  onProgress?: PointProgress
}): Promise<Contributed> {
  requireName(o.name)
  return extend({ ...o, ...beaconSecrets(o.beacon) })
}

/**
 * Tells whether a beacon may be hashed so often: 2^10 to 2^24 times. Whoever checks a key repeats it, so that a key that names
 * 2^63 would stop every check of it.
 */
export function isIterationsExp(iterationsExp: number): boolean {
  return Number.isInteger(iterationsExp) && iterationsExp >= 10 && iterationsExp <= 24
}

/**
 * Returns the secret and the point of a beacon's contribution.
 *
 * @throws {RangeError} if the value has not 1 to 255 bytes, or the iterations are not 10 to 24
 */
export function beaconSecrets({ value, iterationsExp }: Beacon): { x: bigint; s: G1 } {
  if (value.length < 1 || value.length > 255) throw new RangeError('beacon must have 1 to 255 bytes')
  if (!isIterationsExp(iterationsExp)) throw new RangeError('iterationsExp must be 10 to 24')
  let hash: Uint8Array = value
  for (let i = 0n; i < 1n << BigInt(iterationsExp); i++) hash = sha256(hash)
  return drawSecrets(seededRandom(hash))
}

/** Returns the hash that a contribution is known by: of its points and its transcript. */
export function hashOfContribution(contribution: Contribution): Uint8Array {
  const hash = blake2b.create({ dkLen: 64 })
  addContribution(hash, contribution)
  return hash.digest()
}

/** Returns what a contribution's `transcript` has to be: the hash of all before it, and of its own s and sx. */
export function transcriptAfter(
  before: Contributions,
  own: { readonly s: Uint8Array; readonly sx: Uint8Array },
): Uint8Array {
  const hash = blake2b.create({ dkLen: 64 }).update(before.circuitHash)
  for (const contribution of before.contributions) addContribution(hash, contribution)
  return hash
    .update(uncompressed(own.s, POINT_LENGTH.G1))
    .update(uncompressed(own.sx, POINT_LENGTH.G1))
    .digest()
}

/** Returns both deltas of a key in the form of files. */
export function deltasOf({ zkey }: PhaseKey): { readonly g1: Uint8Array; readonly g2: Uint8Array } {
  const header = zkey.sections.get(ZKEY_SECTION.header)!
  return {
    g1: header.subarray(HEADER_POINT.delta1, HEADER_POINT.delta2),
    g2: header.subarray(HEADER_POINT.delta2, HEADER_POINT.end),
  }
}

function drawSecrets(random: SeededRandom): { x: bigint; s: G1 } {
  const x = drawScalar(random)
  return { x, s: drawG1(random) }
}

function addContribution(hash: { update(bytes: Uint8Array): unknown }, contribution: Contribution): void {
  const { deltaAfter, s, sx, spx, transcript } = contribution
  for (const point of [deltaAfter, s, sx, spx]) hash.update(uncompressed(point, point.length))
  hash.update(transcript)
}

async function extend(o: {
  zkey: Uint8Array
  name: string
  beacon?: Beacon
  x: bigint
  s: G1
  onProgress?: PointProgress
}): Promise<Contributed> {
  const { x, s, name, beacon } = o
  const key = openKey(o.zkey, 'key')
  const { sections } = key.zkey
  const delta = deltasOf(key)
  const [delta1, delta2] = [readG1(delta.g1), readG2(delta.g2)]
  if (!delta1 || !delta2) throw new CeremonyError('key', 'its delta is not a finite point')
  const own = { s: writeG1(s), sx: writeG1(multiplyG1(s, x) as G1) }
  const transcript = transcriptAfter(key, own)
  const contribution: Contribution = {
    deltaAfter: writeG1(multiplyG1(delta1, x) as G1),
    ...own,
    spx: writeG2(multiplyG2(hashToG2(transcript), x) as G2),
    transcript,
    ...(name !== '' && { name }),
    ...(beacon && { beacon }),
  }
  const header = sections.get(ZKEY_SECTION.header)!.slice()
  header.set(contribution.deltaAfter, HEADER_POINT.delta1)
  header.set(writeG2(multiplyG2(delta2, x) as G2), HEADER_POINT.delta2)
  const group = await openGroup('G1')
  const lists = [ZKEY_SECTION.c, ZKEY_SECTION.h].map((type) => sections.get(type)!)
  const total = lists.reduce((sum, { length }) => sum + length, 0) / POINT_LENGTH.G1
  let done = 0
  const [c, h] = lists.map((points) =>
    divide(group, points, x, (count) => {
      done += count
      o.onProgress?.({ done, total })
    }),
  )
  const contributions = { circuitHash: key.circuitHash, contributions: [...key.contributions, contribution] }
  const replaced = new Map<number, Uint8Array>([
    [ZKEY_SECTION.header, header],
    [ZKEY_SECTION.c, c!],
    [ZKEY_SECTION.h, h!],
    [ZKEY_SECTION.contributions, writeContributions(contributions)],
  ])
  const zkey = writeSections({
    magic: 'zkey',
    version: 1,
    sections: Object.values(ZKEY_SECTION).map((type) => [type, replaced.get(type) ?? sections.get(type)!]),
  })
  return { zkey, contributionHash: Buffer.from(hashOfContribution(contribution)).toString('hex') }
}

function divide(
  group: Group,
  points: Uint8Array,
  x: bigint,
  onProgress: (count: number) => void,
): Uint8Array {
  return multiplyAll(group, { points, scalar: invert(x) % r, onProgress })
}

function requireName(name: string): void {
  if (typeof name !== 'string') throw new TypeError('name must be a string')
  if (new TextEncoder().encode(name).length > MAX_NAME) {
    throw new RangeError(`name must have at most ${MAX_NAME} bytes`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would change how a transcript looks on a terminal
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) throw new RangeError('name must not have control characters')
}
