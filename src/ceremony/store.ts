/** A ceremony as a folder: the transcript, phase 1, and for each statement its circuit and every key. Node only. */
import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CeremonyError } from '../errors.js'
import { readR1cs } from '../formats/r1cs.js'
import type { ArtifactPin, KeyManifest } from '../manifest.js'
import { formatJson, toolchain } from '../setup/build.js'
import { createInitialKey } from '../setup/initial-key.js'
import { exportVerificationKey } from '../setup/verification-key.js'
import { writeAtomically } from '../setup/write.js'
import { isDevelopmentKey, parseVerificationKey, verificationKeyHash } from '../verifier/keys.js'
import type { CeremonyCircuit } from './circuit.js'
import { contribute, contributeBeacon, hashOfContribution, openKey } from './key.js'
import { authenticatePhase1 } from './phase1.js'
import {
  CIRCUIT_FILES,
  formatTranscript,
  headOf,
  keyFile,
  PHASE1_FILE,
  parseTranscript,
  requireWords,
  TRANSCRIPT_FILE,
  type Transcript,
  type TranscriptStatement,
  type TranscriptStep,
  transcriptHash,
} from './transcript.js'
import { verifyNextKey } from './verify-key.js'

/** Shows how far a long task is: what is being done, and the part of it that is behind, 0 to 1. */
export type CeremonyProgress = (text: string, done: number) => void

/** What a contributor publishes: with it everybody can check that the contribution is in the transcript. */
export interface Receipt {
  readonly version: 1
  readonly ceremony: string
  /** Number of the contribution, from 1. */
  readonly index: number
  readonly name: string
  readonly attestation: string
  /** By statement, 128 hex digits each. */
  readonly contributions: Readonly<Record<string, string>>
}

/** What a contributor is handed: the latest keys, and which turn it is. */
export interface Turn {
  readonly version: 1
  readonly ceremony: string
  readonly index: number
  /** By statement. */
  readonly keys: Readonly<Record<string, ArtifactPin>>
}

/** Name of the file that says whose turn it is, and of that which says what was contributed. */
export const TURN_FILE = 'turn.json'
export const RECEIPT_FILE = 'contribution.json'

const now = (): number => Math.floor(Date.now() / 1000)

/**
 * Begins a ceremony in a folder, or goes on beginning it: keys that were made before are kept if they are whole.
 *
 * @param o.folder    new, or of a ceremony with the same name, phase 1 and circuits that was interrupted here
 * @param o.phase1    the prepared powers-of-tau file, with its hash if it is not a published one
 * @param o.circuits  by statement
 * @throws {CeremonyError} if phase 1 is not authentic or too small, or the folder has another ceremony
 */
export async function createCeremony(o: {
  folder: string
  name: string
  phase1: { readonly bytes: Uint8Array; readonly hash?: string | undefined }
  circuits: Readonly<Record<string, CeremonyCircuit>>
  onProgress?: CeremonyProgress
}): Promise<Transcript> {
  const { folder, name, circuits, onProgress } = o
  requireWords({ name, attestation: '' })
  const present = await readdir(folder).catch(() => [] as string[])
  if (present.includes(TRANSCRIPT_FILE))
    throw new CeremonyError(TRANSCRIPT_FILE, 'is there: the ceremony has begun')
  const { ptau, blake2b, source } = authenticatePhase1(o.phase1)
  const names = Object.keys(circuits).sort()
  const statements: Record<string, TranscriptStatement> = {}
  const begun = await readBegun(folder)
  for (const [i, statement] of names.entries()) {
    const circuit = circuits[statement] as CeremonyCircuit
    const report = (part: number): void =>
      onProgress?.(`${statement}: initial key`, (i + part) / names.length)
    report(0)
    const system = readR1cs(circuit.r1cs)
    const inputs = `${pinOf(circuit.r1cs).sha256} ${blake2b}`
    const kept = await keptInitialKey({ folder, statement, begun: begun[statement], inputs })
    const zkey =
      kept ??
      (await createInitialKey({ r1cs: system, ptau, onProgress: ({ done, total }) => report(done / total) }))
    const files = {
      'circuit.r1cs': circuit.r1cs,
      'circuit.wasm': circuit.wasm,
      'circuit.sym': circuit.sym,
      [keyFile(0)]: zkey,
    }
    for (const [file, bytes] of Object.entries(files))
      await writeAtomically(join(folder, statement, file), bytes)
    begun[statement] = { inputs, zkey: pinOf(zkey).sha256 }
    await writeAtomically(join(folder, BEGUN_FILE), formatJson(begun))
    statements[statement] = {
      sourceHash: circuit.sourceHash,
      constraints: system.constraints,
      wires: system.wires,
      publicSignals: system.publicSignals,
      circuitHash: Buffer.from(openKey(zkey, statement).circuitHash).toString('hex'),
      files: Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, pinOf(bytes)])),
    }
  }
  await writeAtomically(join(folder, PHASE1_FILE), o.phase1.bytes)
  const transcript: Transcript = {
    version: 1,
    name,
    toolchain: toolchain(),
    phase1: { bytes: o.phase1.bytes.length, blake2b, power: ptau.power, source },
    statements,
    steps: [],
    dropped: [],
  }
  // Last, so that what it names is there.
  await writeTranscript(folder, transcript)
  await rm(join(folder, BEGUN_FILE), { force: true })
  return transcript
}

/** What an interrupted beginning had made: by statement, what its initial key follows from, and its SHA-256. */
type Begun = Record<string, { readonly inputs: string; readonly zkey: string }>

const BEGUN_FILE = 'begun.json'

async function readBegun(folder: string): Promise<Begun> {
  try {
    return JSON.parse(await readFile(join(folder, BEGUN_FILE), 'utf8')) as Begun
  } catch {
    return {}
  }
}

async function keptInitialKey(o: {
  folder: string
  statement: string
  begun: Begun[string] | undefined
  inputs: string
}): Promise<Uint8Array | undefined> {
  if (o.begun?.inputs !== o.inputs) return undefined
  const made = await readFile(join(o.folder, o.statement, keyFile(0))).catch(() => undefined)
  return made && pinOf(made).sha256 === o.begun.zkey ? new Uint8Array(made) : undefined
}

/**
 * Reads the transcript of a ceremony's folder.
 *
 * @throws {CeremonyError} if there is none or it is malformed
 */
export async function readCeremony(folder: string): Promise<Transcript> {
  return parseTranscript(await readNamed(folder, TRANSCRIPT_FILE, 'utf8'))
}

/** Returns what the next contributor is handed, without the keys' bytes. */
export function nextTurn(transcript: Transcript): Turn {
  requireOpen(transcript)
  const { name, steps, statements } = transcript
  return {
    version: 1,
    ceremony: name,
    index: steps.length + 1,
    keys: Object.fromEntries(
      Object.keys(statements).map((statement) => [statement, latestPin(transcript, statement)]),
    ),
  }
}

/** Reads the latest key of a statement and checks its hash. */
export async function readLatestKey(
  folder: string,
  transcript: Transcript,
  statement: string,
): Promise<Uint8Array> {
  const file = `${statement}/${keyFile(transcript.steps.length)}`
  return readPinned({ folder, file, pin: latestPin(transcript, statement) })
}

/** Writes into an empty folder what the next contributor is handed. */
export async function writeTurn(o: { folder: string; out: string }): Promise<Turn> {
  const transcript = await readCeremony(o.folder)
  const turn = nextTurn(transcript)
  for (const statement of Object.keys(turn.keys)) {
    await writeAtomically(
      join(o.out, `${statement}.zkey`),
      await readLatestKey(o.folder, transcript, statement),
    )
  }
  await writeAtomically(join(o.out, TURN_FILE), formatJson(turn))
  return turn
}

/**
 * Contributes to all keys of a turn, on the contributor's machine. Interrupted, it goes on where it was: keys that are there are
 * kept if they are contributions to those of the turn.
 *
 * @param o.turn    folder that {@link writeTurn} wrote
 * @param o.out     folder for the coordinator
 * @param o.random  returns fresh random bytes of a cryptographic source
 * @throws {CeremonyError} if a file of the turn is missing, malformed or not the one it names
 * @throws {RangeError} if name or attestation are too long or have control characters
 */
export async function contributeToTurn(o: {
  turn: string
  out: string
  name: string
  attestation: string
  entropy: string
  random: (length: number) => Uint8Array
  onProgress?: CeremonyProgress
}): Promise<Receipt> {
  const { out, name, attestation, entropy, random, onProgress } = o
  requireWords(o)
  const turn = readTurn(await readNamed(o.turn, TURN_FILE, 'utf8'))
  const contributions: Record<string, string> = {}
  const statements = Object.keys(turn.keys)
  for (const [i, statement] of statements.entries()) {
    const file = `${statement}.zkey`
    const zkey = await readPinned({ folder: o.turn, file, pin: turn.keys[statement] as ArtifactPin })
    const report = (part: number): void => onProgress?.(statement, (i + part) / statements.length)
    const made = await readFile(join(out, file)).catch(() => undefined)
    const kept = made && (await keptContribution({ initial: zkey, made, name }))
    if (kept) {
      contributions[statement] = kept
      continue
    }
    const { zkey: next, contributionHash } = await contribute({
      zkey,
      name,
      entropy,
      random: random(64),
      onProgress: ({ done, total }) => report(done / total),
    })
    await writeAtomically(join(out, file), next)
    contributions[statement] = contributionHash
  }
  const receipt: Receipt = {
    version: 1,
    ceremony: turn.ceremony,
    index: turn.index,
    name,
    attestation,
    contributions,
  }
  await writeAtomically(join(out, RECEIPT_FILE), formatJson(receipt))
  return receipt
}

/**
 * Takes a contribution into a ceremony, if every check of it holds.
 *
 * @param o.keys the contributor's keys by statement
 * @param o.at   Unix seconds, by default now
 * @throws {CeremonyError} naming the key and what is wrong with it; nothing was written then
 */
export async function acceptContribution(o: {
  folder: string
  name: string
  attestation: string
  keys: Readonly<Record<string, Uint8Array>>
  at?: number
  onProgress?: CeremonyProgress
}): Promise<{ readonly transcript: Transcript; readonly receipt: Receipt }> {
  requireWords(o)
  const step = { kind: 'contribution', name: o.name, attestation: o.attestation, at: o.at ?? now() } as const
  return appendStep({ ...o, step })
}

/**
 * Reads what {@link contributeToTurn} wrote, and takes it into the ceremony.
 *
 * @param o.name of a contributor who used another tool and sent keys without a receipt
 * @throws {CeremonyError} as {@link acceptContribution}, and for a receipt of another turn
 */
export async function acceptFolder(o: {
  folder: string
  from: string
  name?: string | undefined
  attestation?: string
  onProgress?: CeremonyProgress
}): Promise<{ readonly transcript: Transcript; readonly receipt: Receipt }> {
  const { folder, from, onProgress } = o
  const transcript = await readCeremony(folder)
  const words =
    o.name === undefined
      ? await wordsOfReceipt(from, transcript)
      : { name: o.name, attestation: o.attestation ?? '' }
  const keys: Record<string, Uint8Array> = {}
  for (const statement of Object.keys(transcript.statements)) {
    keys[statement] = await readNamed(from, `${statement}.zkey`)
  }
  return acceptContribution({ folder, ...words, keys, ...(onProgress && { onProgress }) })
}

async function wordsOfReceipt(
  from: string,
  { steps }: Transcript,
): Promise<{ name: string; attestation: string }> {
  const { index, name, attestation } = readReceipt(await readNamed(from, RECEIPT_FILE, 'utf8'))
  const turn = steps.length + 1
  if (index !== turn) {
    const consequence = 'contributions would be skipped or repeated'
    throw new CeremonyError(RECEIPT_FILE, `is for turn ${index}, but it is turn ${turn}: ${consequence}`)
  }
  return { name, attestation }
}

/**
 * Ends phase 2 with a public random value.
 *
 * @param o.attestation where the value comes from and how everybody can know that nobody knew it before
 */
export async function addBeacon(o: {
  folder: string
  name: string
  attestation: string
  value: Uint8Array
  iterationsExp: number
  at?: number
  onProgress?: CeremonyProgress
}): Promise<{ readonly transcript: Transcript; readonly receipt: Receipt }> {
  requireWords(o)
  const { folder, name, attestation, value, iterationsExp, onProgress } = o
  const transcript = await readCeremony(folder)
  requireOpen(transcript)
  if (transcript.steps.length === 0) {
    throw new CeremonyError(
      TRANSCRIPT_FILE,
      'has no contribution: with a beacon alone everybody knows the secret',
    )
  }
  const keys: Record<string, Uint8Array> = {}
  for (const statement of Object.keys(transcript.statements)) {
    const zkey = await readLatestKey(folder, transcript, statement)
    onProgress?.(`${statement}: beacon`, 0)
    keys[statement] = (await contributeBeacon({ zkey, name, beacon: { value, iterationsExp } })).zkey
  }
  const step = {
    kind: 'beacon',
    name,
    attestation,
    at: o.at ?? now(),
    beacon: { value: Buffer.from(value).toString('hex'), iterationsExp },
  } as const
  return appendStep({ ...o, keys, step })
}

/** Writes into the transcript that somebody's turn passed without a contribution. */
export async function recordDrop(o: {
  folder: string
  name: string
  reason: string
  at?: number
}): Promise<Transcript> {
  requireWords({ name: o.name, attestation: o.reason })
  const transcript = await readCeremony(o.folder)
  requireOpen(transcript)
  const drop = { name: o.name, at: o.at ?? now(), reason: o.reason }
  const next = { ...transcript, dropped: [...transcript.dropped, drop] }
  await writeTranscript(o.folder, next)
  return next
}

/**
 * Writes the artifacts of a ceremony that has its beacon, with a manifest that prover and verifier can be pointed to.
 *
 * @returns the manifest
 * @throws {CeremonyError} if the beacon is missing, or a final key is unsafe
 */
export async function exportCeremony(o: { folder: string; out: string }): Promise<KeyManifest> {
  const transcript = await readCeremony(o.folder)
  const statements: Record<string, KeyManifest['statements'][string]> = {}
  if (transcript.steps.at(-1)?.kind !== 'beacon') {
    throw new CeremonyError(
      TRANSCRIPT_FILE,
      'has no beacon yet: without one the last contributor has the last word',
    )
  }
  const files: [string, Uint8Array | string][] = []
  for (const [statement, { sourceHash, constraints, wires, publicSignals, files: pins }] of Object.entries(
    transcript.statements,
  )) {
    const zkey = await readLatestKey(o.folder, transcript, statement)
    const verificationKey = await exportVerificationKey(zkey)
    const key = parseVerificationKey(verificationKey)
    if (isDevelopmentKey(key)) throw new CeremonyError(`${statement} key`, 'is a development key')
    const circuit = await Promise.all(
      CIRCUIT_FILES.map(
        async (file): Promise<[string, Uint8Array]> => [
          file.replace('circuit', statement),
          await readPinned({
            folder: o.folder,
            file: `${statement}/${file}`,
            pin: pins[file] as ArtifactPin,
          }),
        ],
      ),
    )
    const artifacts: [string, Uint8Array][] = [
      ...circuit,
      [`${statement}.zkey`, zkey],
      [`${statement}.vkey.json`, new TextEncoder().encode(formatJson(verificationKey))],
    ]
    files.push(...artifacts)
    statements[statement] = {
      sourceHash,
      constraints,
      wires,
      publicSignals,
      provenance: {
        kind: 'ceremony',
        transcript: transcriptHash(transcript),
        contributions: transcript.steps.length - 1,
      },
      verificationKeyHash: verificationKeyHash(key),
      verificationKey,
      artifacts: Object.fromEntries(artifacts.map(([file, bytes]) => [file, pinOf(bytes)])),
    }
  }
  const manifest: KeyManifest = { version: 2, toolchain: transcript.toolchain, statements }
  files.push([TRANSCRIPT_FILE, formatTranscript(transcript)], ['manifest.json', formatJson(manifest)])
  for (const [file, content] of files) await writeAtomically(join(o.out, file), content)
  return manifest
}

/** Returns length and SHA-256 of a file. */
export function pinOf(bytes: Uint8Array): ArtifactPin {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
}

/**
 * Reads a file of a folder and checks its length and hash.
 *
 * @throws {CeremonyError} naming the file
 */
export async function readPinned(o: { folder: string; file: string; pin: ArtifactPin }): Promise<Uint8Array> {
  const bytes = await readNamed(o.folder, o.file)
  if (bytes.length < o.pin.bytes) throw new CeremonyError(o.file, 'is truncated')
  if (bytes.length !== o.pin.bytes || pinOf(bytes).sha256 !== o.pin.sha256) {
    throw new CeremonyError(o.file, 'is not the file that the transcript names: its SHA-256 differs')
  }
  return bytes
}

/** Reads a file of a folder, naming it if that fails. */
export async function readNamed(folder: string, file: string): Promise<Uint8Array>
export async function readNamed(folder: string, file: string, encoding: 'utf8'): Promise<string>
export async function readNamed(
  folder: string,
  file: string,
  encoding?: 'utf8',
): Promise<Uint8Array | string> {
  try {
    const buffer = await readFile(join(folder, file))
    if (encoding) return buffer.toString('utf8')
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  } catch (cause) {
    throw new CeremonyError(file, `cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, {
      cause,
    })
  }
}

/**
 * Reads a receipt.
 *
 * @throws {CeremonyError} if it is malformed
 */
export function readReceipt(text: string): Receipt {
  const { version, ceremony, index, name, attestation, contributions } = readObject(text, RECEIPT_FILE)
  requireVersion(version, RECEIPT_FILE)
  if (
    typeof ceremony !== 'string' ||
    typeof name !== 'string' ||
    typeof attestation !== 'string' ||
    !Number.isSafeInteger(index) ||
    typeof contributions !== 'object' ||
    contributions === null ||
    Object.values(contributions).some((hash) => typeof hash !== 'string')
  ) {
    throw new CeremonyError(RECEIPT_FILE, 'is malformed')
  }
  return {
    version: 1,
    ceremony,
    index: index as number,
    name,
    attestation,
    contributions: contributions as Record<string, string>,
  }
}

function readTurn(text: string): Turn {
  const { version, ceremony, index, keys } = readObject(text, TURN_FILE)
  requireVersion(version, TURN_FILE)
  const isPin = (pin: unknown): pin is ArtifactPin => {
    const { bytes, sha256 } = (pin ?? {}) as Record<string, unknown>
    return Number.isSafeInteger(bytes) && typeof sha256 === 'string'
  }
  const entries = Object.entries((keys ?? {}) as Record<string, unknown>)
  if (
    typeof ceremony !== 'string' ||
    !Number.isSafeInteger(index) ||
    entries.length === 0 ||
    // Names become names of files.
    !entries.every(([statement, pin]) => /^[a-z][a-z0-9-]{0,63}$/.test(statement) && isPin(pin))
  ) {
    throw new CeremonyError(TURN_FILE, 'is malformed')
  }
  return { version: 1, ceremony, index: index as number, keys: keys as Record<string, ArtifactPin> }
}

function readObject(text: string, file: string): Record<string, unknown> {
  try {
    const json = JSON.parse(text)
    if (typeof json === 'object' && json !== null) return json
  } catch {}
  throw new CeremonyError(file, 'is malformed')
}

function requireVersion(version: unknown, file: string): void {
  if (version !== 1) {
    throw new CeremonyError(file, 'has an unknown version: this release reads 1; see docs/migrations.md')
  }
}

/** Returns the hash of a contribution that an interrupted run made, if it is one to this key in this name. */
async function keptContribution(o: {
  initial: Uint8Array
  made: Uint8Array
  name: string
}): Promise<string | undefined> {
  const { made, name } = o
  try {
    const before = openKey(o.initial, 'key').contributions.length
    const { contributions } = openKey(made, 'key')
    const own = contributions[before]
    if (contributions.length !== before + 1 || !own || own.name !== name) return undefined
    const contribution = await verifyNextKey({
      culprit: 'key',
      initial: o.initial,
      previous: o.initial,
      next: made,
      kind: 'contribution',
    })
    return Buffer.from(hashOfContribution(contribution)).toString('hex')
  } catch (error) {
    if (error instanceof CeremonyError) return undefined
    throw error
  }
}

async function appendStep(o: {
  folder: string
  keys: Readonly<Record<string, Uint8Array>>
  step: Omit<TranscriptStep, 'keys' | 'previous'>
  onProgress?: CeremonyProgress
}): Promise<{ transcript: Transcript; receipt: Receipt }> {
  const { folder, step, onProgress } = o
  const transcript = await readCeremony(folder)
  requireOpen(transcript)
  const statements = Object.keys(transcript.statements)
  const index = transcript.steps.length + 1
  const contributions: Record<string, string> = {}
  const pins: Record<string, TranscriptStep['keys'][string]> = {}
  for (const [i, statement] of statements.entries()) {
    onProgress?.(`${statement}: checking`, i / statements.length)
    const next = o.keys[statement]
    if (!next) throw new CeremonyError(`${statement}.zkey`, 'is missing')
    const { files } = transcript.statements[statement] as TranscriptStatement
    const initial = await readPinned({
      folder,
      file: `${statement}/${keyFile(0)}`,
      pin: files[keyFile(0)] as ArtifactPin,
    })
    const previous = await readLatestKey(folder, transcript, statement)
    const contribution = await verifyNextKey({
      culprit: `${statement}.zkey`,
      initial,
      previous,
      next,
      kind: step.kind,
    })
    if (contribution.name !== step.name) {
      throw new CeremonyError(`${statement}.zkey`, 'has another name of its contributor than was said')
    }
    const hash = Buffer.from(hashOfContribution(contribution)).toString('hex')
    contributions[statement] = hash
    pins[statement] = { ...pinOf(next), contributionHash: hash }
  }
  for (const statement of statements) {
    await writeAtomically(join(folder, statement, keyFile(index)), o.keys[statement] as Uint8Array)
  }
  const full: TranscriptStep = { ...step, keys: pins, previous: headOf(transcript) }
  const next: Transcript = { ...transcript, steps: [...transcript.steps, full] }
  await writeTranscript(folder, next)
  const { name, attestation } = step
  return {
    transcript: next,
    receipt: { version: 1, ceremony: transcript.name, index, name, attestation, contributions },
  }
}

async function writeTranscript(folder: string, transcript: Transcript): Promise<void> {
  const text = formatTranscript(transcript)
  // What we write we can read.
  parseTranscript(text)
  await writeAtomically(join(folder, TRANSCRIPT_FILE), text)
}

function latestPin(transcript: Transcript, statement: string): ArtifactPin {
  const step = transcript.steps.at(-1)?.keys[statement]
  if (!step) return transcript.statements[statement]!.files[keyFile(0)] as ArtifactPin
  const { bytes, sha256 } = step
  return { bytes, sha256 }
}

function requireOpen({ steps }: Transcript): void {
  if (steps.at(-1)?.kind === 'beacon') {
    throw new CeremonyError(TRANSCRIPT_FILE, 'has its beacon: the ceremony is over')
  }
}
