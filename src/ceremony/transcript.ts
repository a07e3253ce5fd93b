/** The transcript of a ceremony: JSON that names every file with its hash, and who contributed. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { ArtifactError, CeremonyError } from '../errors.js'
import { MAX_NAME } from '../formats/contributions.js'
import { type ArtifactPin, parsePin } from '../manifest.js'

/** Name of the transcript's file in its folder. */
export const TRANSCRIPT_FILE = 'transcript.json'
/** Name of phase 1's file. */
export const PHASE1_FILE = 'phase1.ptau'
/** Names of a circuit's files in the folder of its statement. */
export const CIRCUIT_FILES = ['circuit.r1cs', 'circuit.wasm', 'circuit.sym'] as const

/** Longest attestation in characters. */
export const MAX_ATTESTATION = 10_000

/** One circuit of a ceremony. */
export interface TranscriptStatement {
  /** Hash of all sources, as 0x and 64 hex digits. */
  readonly sourceHash: string
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  /** BLAKE2b-512 of the initial key's points, as snarkjs shows it; 128 hex digits. */
  readonly circuitHash: string
  /** The circuit's files and the initial key `0000.zkey`, by name. */
  readonly files: Readonly<Record<string, ArtifactPin>>
}

/** A key after a step. */
export interface TranscriptKey extends ArtifactPin {
  /** As snarkjs shows it and the contributor publishes it; 128 hex digits. */
  readonly contributionHash: string
}

/** One contribution to the keys of all statements, or the beacon that ends phase 2. */
export interface TranscriptStep {
  readonly kind: 'contribution' | 'beacon'
  readonly name: string
  /** What the contributor says about how it was made; of a beacon, where its value comes from. */
  readonly attestation: string
  /** When it was accepted, Unix seconds. */
  readonly at: number
  readonly beacon?: { readonly value: string; readonly iterationsExp: number }
  readonly keys: Readonly<Record<string, TranscriptKey>>
  /** SHA-256 of the step before, or of what the transcript says before the first one. */
  readonly previous: string
}

/** Somebody whose turn passed without a contribution. */
export interface TranscriptDrop {
  readonly name: string
  readonly at: number
  readonly reason: string
}

/** Everything about a ceremony but the bytes of its files. */
export interface Transcript {
  readonly version: 1
  readonly name: string
  /** What else than the sources decides about the circuits. */
  readonly toolchain: string
  readonly phase1: {
    readonly bytes: number
    /** BLAKE2b-512, 128 hex digits. */
    readonly blake2b: string
    readonly power: number
    /** The public ceremony whose published hash it has, or `given` if somebody vouched for the hash. */
    readonly source: string
  }
  readonly statements: Readonly<Record<string, TranscriptStatement>>
  readonly steps: readonly TranscriptStep[]
  readonly dropped: readonly TranscriptDrop[]
}

const HEX = { sha256: /^[0-9a-f]{64}$/, blake2b: /^[0-9a-f]{128}$/, source: /^0x[0-9a-f]{64}$/ }
const STATEMENT = /^[a-z][a-z0-9-]{0,63}$/

/** Returns the SHA-256 of a transcript, 64 hex digits: the name of the ceremony in manifests, envelopes and contracts. */
export function transcriptHash(transcript: Transcript): string {
  return hashJson(transcript)
}

/** Returns what the next step has to name as the one before. */
export function headOf(transcript: Pick<Transcript, 'steps'> & Omit<Transcript, 'dropped'>): string {
  const { steps, name, toolchain, phase1, statements } = transcript
  return hashJson(steps.at(-1) ?? { name, toolchain, phase1, statements })
}

/** Writes a transcript as its file has it: with its own hash, two spaces, a newline at the end. */
export function formatTranscript(transcript: Transcript): string {
  return `${JSON.stringify({ ...transcript, hash: transcriptHash(transcript) }, undefined, 2)}\n`
}

/**
 * Reads a transcript's file.
 *
 * @throws {CeremonyError} if it is malformed, of an unknown version, not written as {@link formatTranscript} does, if its own hash
 *   is not its hash, or a step does not name the one before
 */
export function parseTranscript(text: string): Transcript {
  try {
    const transcript = readTranscript(JSON.parse(text))
    if (formatTranscript(transcript) !== text) {
      throw new ArtifactError('its content does not have the hash that it says')
    }
    transcript.steps.forEach(({ previous }, i) => {
      if (previous !== headOf({ ...transcript, steps: transcript.steps.slice(0, i) })) {
        throw new ArtifactError(`steps[${i}] does not name the step before it`)
      }
    })
    return transcript
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new CeremonyError(TRANSCRIPT_FILE, 'is not JSON', { cause })
    if (cause instanceof ArtifactError) throw new CeremonyError(TRANSCRIPT_FILE, cause.message, { cause })
    throw cause
  }
}

/** Name of the key after so many steps, in the folder of its statement. */
export function keyFile(steps: number): string {
  return `${String(steps).padStart(4, '0')}.zkey`
}

/**
 * Checks what contributors write about themselves.
 *
 * @throws {RangeError} if a name or an attestation is too long or has control characters
 */
export function requireWords(o: { name: string; attestation: string }): void {
  if (typeof o.name !== 'string' || typeof o.attestation !== 'string') {
    throw new TypeError('name and attestation must be strings')
  }
  const length = new TextEncoder().encode(o.name).length
  if (length < 1 || length > MAX_NAME) throw new RangeError(`name must have 1 to ${MAX_NAME} bytes`)
  if (o.attestation.length > MAX_ATTESTATION) {
    throw new RangeError(`attestation must have at most ${MAX_ATTESTATION} characters`)
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would change how a transcript looks on a terminal
  const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/
  if (control.test(o.name + o.attestation) || o.name.includes('\n')) {
    throw new RangeError('name and attestation must not have control characters')
  }
}

function hashJson(value: unknown): string {
  return bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(value))))
}

// Fields are taken one by one, in the order in which they are written: what was read is what was hashed.
function readTranscript(json: unknown): Transcript {
  const o = object(json, 'transcript')
  if (o['version'] !== 1) {
    throw new ArtifactError('version is unknown: this release reads 1; see docs/migrations.md')
  }
  const phase1 = object(o['phase1'], 'phase1')
  const statements = readRecord(o['statements'], 'statements', readStatement)
  const names = Object.keys(statements)
  if (names.length === 0) throw new ArtifactError('statements is empty')
  return {
    version: 1,
    name: string(o['name'], 'name'),
    toolchain: string(o['toolchain'], 'toolchain'),
    phase1: {
      bytes: integer(phase1['bytes'], 'phase1.bytes'),
      blake2b: hex(phase1['blake2b'], 'blake2b', 'phase1.blake2b'),
      power: integer(phase1['power'], 'phase1.power'),
      source: string(phase1['source'], 'phase1.source'),
    },
    statements,
    steps: array(o['steps'], 'steps').map((step, i) => readStep(step, `steps[${i}]`, names)),
    dropped: array(o['dropped'], 'dropped').map((drop, i) => {
      const { name, at, reason } = object(drop, `dropped[${i}]`)
      return {
        name: string(name, `dropped[${i}].name`),
        at: integer(at, `dropped[${i}].at`),
        reason: string(reason, `dropped[${i}].reason`),
      }
    }),
  }
}

function readStatement(json: unknown, label: string): TranscriptStatement {
  const o = object(json, label)
  const files = object(o['files'], `${label}.files`)
  const expected = [...CIRCUIT_FILES, keyFile(0)]
  if (Object.keys(files).join() !== expected.join()) {
    throw new ArtifactError(`${label}.files must be ${expected.join(', ')}`)
  }
  return {
    sourceHash: hex(o['sourceHash'], 'source', `${label}.sourceHash`),
    constraints: integer(o['constraints'], `${label}.constraints`),
    wires: integer(o['wires'], `${label}.wires`),
    publicSignals: integer(o['publicSignals'], `${label}.publicSignals`),
    circuitHash: hex(o['circuitHash'], 'blake2b', `${label}.circuitHash`),
    files: Object.fromEntries(
      expected.map((file) => [file, parsePin(files[file], `${label}.files.${file}`)]),
    ),
  }
}

function readStep(json: unknown, label: string, statements: readonly string[]): TranscriptStep {
  const o = object(json, label)
  const { kind } = o
  if (kind !== 'contribution' && kind !== 'beacon') throw new ArtifactError(`${label}.kind is unknown`)
  const keys = readRecord(o['keys'], `${label}.keys`, (key, keyLabel): TranscriptKey => {
    const { bytes, sha256, contributionHash } = object(key, keyLabel)
    return {
      ...parsePin({ bytes, sha256 }, keyLabel),
      contributionHash: hex(contributionHash, 'blake2b', `${keyLabel}.contributionHash`),
    }
  })
  if (Object.keys(keys).join() !== statements.join()) {
    throw new ArtifactError(`${label}.keys must have one key for each statement, in their order`)
  }
  const [name, attestation] = [
    string(o['name'], `${label}.name`),
    string(o['attestation'], `${label}.attestation`),
  ]
  try {
    requireWords({ name, attestation })
  } catch (cause) {
    throw new ArtifactError(`${label}: ${(cause as Error).message}`, { cause })
  }
  const head = { kind, name, attestation, at: integer(o['at'], `${label}.at`) }
  const tail = { keys, previous: hex(o['previous'], 'sha256', `${label}.previous`) } as const
  if (kind === 'contribution') {
    if ('beacon' in o) throw new ArtifactError(`${label}.beacon belongs to a beacon`)
    return { ...head, kind, ...tail }
  }
  const beacon = object(o['beacon'], `${label}.beacon`)
  const value = string(beacon['value'], `${label}.beacon.value`)
  if (!/^([0-9a-f]{2}){1,255}$/.test(value)) throw new ArtifactError(`${label}.beacon.value is malformed`)
  const iterationsExp = integer(beacon['iterationsExp'], `${label}.beacon.iterationsExp`)
  return { ...head, kind, beacon: { value, iterationsExp }, ...tail }
}

function readRecord<T>(
  json: unknown,
  label: string,
  read: (value: unknown, label: string) => T,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(object(json, label)).map(([name, value]) => {
      // They become names of folders.
      if (!STATEMENT.test(name)) throw new ArtifactError(`${label} has a malformed name`)
      return [name, read(value, `${label}.${name}`)]
    }),
  )
}

function object(json: unknown, label: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ArtifactError(`${label} must be an object`)
  }
  return json as Record<string, unknown>
}

function array(json: unknown, label: string): readonly unknown[] {
  if (!Array.isArray(json)) throw new ArtifactError(`${label} must be an array`)
  return json
}

function string(json: unknown, label: string): string {
  if (typeof json !== 'string') throw new ArtifactError(`${label} must be a string`)
  return json
}

function integer(json: unknown, label: string): number {
  if (typeof json !== 'number' || !Number.isSafeInteger(json) || json < 0) {
    throw new ArtifactError(`${label} must be a non-negative integer`)
  }
  return json
}

function hex(json: unknown, form: keyof typeof HEX, label: string): string {
  if (typeof json !== 'string' || !HEX[form].test(json)) throw new ArtifactError(`${label} is malformed`)
  return json
}
