import { ArtifactError } from './errors.js'
import type { VerificationKeyJson } from './groth16.js'

/** Length and SHA-256 of one file. */
export interface ArtifactPin {
  readonly bytes: number
  /** 64 hex digits. */
  readonly sha256: string
}

/** Where keys come from: development keys prove nothing to others, a ceremony has a transcript that anyone can check. */
export type Provenance =
  | { readonly kind: 'development' }
  | {
      readonly kind: 'ceremony'
      /** SHA-256 of the transcript, 64 hex digits. */
      readonly transcript: string
      /** Contributors, the beacon not counted. */
      readonly contributions: number
    }

/** What is pinned about one statement. */
export interface ManifestEntry {
  /** Hash of all sources of the circuit, as 0x and 64 hex digits. */
  readonly sourceHash: string
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  readonly provenance: Provenance
  readonly verificationKeyHash: string
  /** From version 2 on; the keys of version 1 ship with the package. */
  readonly verificationKey?: VerificationKeyJson
  /** By file name. */
  readonly artifacts: Readonly<Record<string, ArtifactPin>>
}

/** All statements' artifacts, by statement: `zkeys/manifest.json`, version 1, or what a ceremony exports, version 2. */
export interface Manifest {
  readonly version: 1 | 2
  /** What else than the sources decides about the artifacts: compiler, its options, scheme of the keys. */
  readonly toolchain: string
  readonly statements: Readonly<Record<string, ManifestEntry>>
}

/** The manifest that a ceremony exports: with its keys, so that an app can point prover and verifier to it. */
export interface KeyManifest extends Manifest {
  readonly version: 2
  readonly statements: Readonly<
    Record<string, ManifestEntry & { readonly verificationKey: VerificationKeyJson }>
  >
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/
const SHA256 = /^[0-9a-f]{64}$/
const HASH = /^0x[0-9a-f]{64}$/

/**
 * Reads a manifest with keys, version 2, from parsed JSON. Verification keys are checked where they are used.
 *
 * @throws {ArtifactError} if the version is unknown or has no keys, or a field is malformed, missing or unknown
 */
export function parseKeyManifest(json: unknown): KeyManifest {
  const manifest = object(json, 'manifest')
  if (Object.hasOwn(manifest, 'proofSystem')) {
    throw new ArtifactError('manifest.proofSystem is not groth16: its keys are of another proof system')
  }
  if (manifest['version'] === 1) {
    throw new ArtifactError('manifest.version is 1, which has no keys: a ceremony exports version 2')
  }
  if (manifest['version'] !== 2) {
    throw new ArtifactError('manifest.version is unknown: this release reads 2; see docs/migrations.md')
  }
  requireFields(manifest, ['version', 'toolchain', 'statements'], 'manifest')
  const { toolchain } = manifest
  if (typeof toolchain !== 'string') throw new ArtifactError('manifest.toolchain must be a string')
  const entries = Object.entries(object(manifest['statements'], 'manifest.statements'))
  return {
    version: 2,
    toolchain,
    statements: Object.fromEntries(
      entries.map(([name, entry]) => {
        if (!NAME.test(name)) throw new ArtifactError('manifest.statements has a malformed name')
        return [name, parseEntry(entry, `manifest.statements.${name}`)]
      }),
    ),
  }
}

/**
 * Reads the provenance of a key from parsed JSON.
 *
 * @throws {ArtifactError} naming the field that is malformed
 */
export function parseProvenance(json: unknown, label: string): Provenance {
  const provenance = object(json, label)
  if (provenance['kind'] === 'development') {
    requireFields(provenance, ['kind'], label)
    return { kind: 'development' }
  }
  if (provenance['kind'] !== 'ceremony') throw new ArtifactError(`${label}.kind is unknown`)
  requireFields(provenance, ['kind', 'transcript', 'contributions'], label)
  return {
    kind: 'ceremony',
    transcript: text(provenance['transcript'], SHA256, `${label}.transcript`),
    contributions: count(provenance['contributions'], `${label}.contributions`),
  }
}

/** Tells whether two keys come from the same place. */
export function isSameProvenance(a: Provenance, b: Provenance): boolean {
  if (a.kind === 'development' || b.kind === 'development') return a.kind === b.kind
  return a.transcript === b.transcript && a.contributions === b.contributions
}

/**
 * Reads a pin from parsed JSON.
 *
 * @throws {ArtifactError} naming the field that is malformed
 */
export function parsePin(json: unknown, label: string): ArtifactPin {
  const pin = object(json, label)
  requireFields(pin, ['bytes', 'sha256'], label)
  return {
    bytes: count(pin['bytes'], `${label}.bytes`),
    sha256: text(pin['sha256'], SHA256, `${label}.sha256`),
  }
}

function parseEntry(json: unknown, label: string): KeyManifest['statements'][string] {
  const entry = object(json, label)
  const fields = [
    'sourceHash',
    'constraints',
    'wires',
    'publicSignals',
    'provenance',
    'verificationKeyHash',
    'verificationKey',
    'artifacts',
  ]
  requireFields(entry, fields, label)
  const artifacts = Object.entries(object(entry['artifacts'], `${label}.artifacts`))
  return {
    sourceHash: text(entry['sourceHash'], HASH, `${label}.sourceHash`),
    constraints: count(entry['constraints'], `${label}.constraints`),
    wires: count(entry['wires'], `${label}.wires`),
    publicSignals: count(entry['publicSignals'], `${label}.publicSignals`),
    provenance: parseProvenance(entry['provenance'], `${label}.provenance`),
    verificationKeyHash: text(entry['verificationKeyHash'], HASH, `${label}.verificationKeyHash`),
    verificationKey: object(
      entry['verificationKey'],
      `${label}.verificationKey`,
    ) as unknown as VerificationKeyJson,
    artifacts: Object.fromEntries(
      artifacts.map(([file, pin]) => [file, parsePin(pin, `${label}.artifacts.${file}`)]),
    ),
  }
}

/** Returns a value if it is an object and no array. */
export function object(json: unknown, label: string): Record<string, unknown> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ArtifactError(`${label} must be an object`)
  }
  return json as Record<string, unknown>
}

/** Checks that an object has these fields and no others. */
export function requireFields(json: Record<string, unknown>, fields: readonly string[], label: string): void {
  for (const field of fields) {
    if (!Object.hasOwn(json, field)) throw new ArtifactError(`${label}.${field} is missing`)
  }
  if (Object.keys(json).length !== fields.length) throw new ArtifactError(`${label} has an unknown field`)
}

/** Returns a value if it is a text of this form. */
export function text(value: unknown, form: RegExp, label: string): string {
  if (typeof value !== 'string' || !form.test(value)) throw new ArtifactError(`${label} is malformed`)
  return value
}

/** Returns a value if it is a non-negative integer. */
export function count(value: unknown, label: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ArtifactError(`${label} must be a non-negative integer`)
  }
  return value
}
