import { ArtifactError } from './errors.js'
import { type ArtifactPin, count, object, parsePin, requireFields, text } from './manifest.js'
import type { PlonkVerificationKeyJson } from './plonk.js'

/**
 * Where PLONK keys come from: development keys prove nothing to others; the others follow from a powers-of-tau file, so that
 * whoever has it can make them again and compare.
 */
export type PlonkProvenance =
  | { readonly kind: 'development' }
  | {
      readonly kind: 'universal'
      /** BLAKE2b-512 of the powers-of-tau file, 128 hex digits. */
      readonly phase1: string
    }

/** What is pinned about one statement's PLONK keys. */
export interface PlonkManifestEntry {
  /** Hash of all sources of the circuit, as 0x and 64 hex digits; the same as that of the Groth16 keys. */
  readonly sourceHash: string
  /** Constraints of the system that the gates are made of. */
  readonly constraints: number
  readonly gates: number
  readonly publicSignals: number
  readonly provenance: PlonkProvenance
  readonly verificationKeyHash: string
  readonly verificationKey: PlonkVerificationKeyJson
  /** By file name: `<statement>.plonk.wasm` and `<statement>.plonk.zkey`. */
  readonly artifacts: Readonly<Record<string, ArtifactPin>>
}

/** The PLONK keys of statements. */
export interface PlonkManifest {
  readonly version: 2
  readonly proofSystem: 'plonk'
  /** What else than the sources decides about the artifacts. */
  readonly toolchain: string
  readonly statements: Readonly<Record<string, PlonkManifestEntry>>
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/
const HASH = /^0x[0-9a-f]{64}$/
const BLAKE2B = /^[0-9a-f]{128}$/

/**
 * Reads a manifest of PLONK keys from parsed JSON. Verification keys are checked where they are used.
 *
 * @throws {ArtifactError} if it is of another proof system or an unknown version, or a field is malformed, missing or unknown
 */
export function parsePlonkManifest(json: unknown): PlonkManifest {
  const manifest = object(json, 'manifest')
  if (manifest['proofSystem'] !== 'plonk') {
    throw new ArtifactError('manifest.proofSystem is not plonk: its keys are of another proof system')
  }
  if (manifest['version'] !== 2) {
    throw new ArtifactError('manifest.version is unknown: this release reads 2; see docs/migrations.md')
  }
  requireFields(manifest, ['version', 'proofSystem', 'toolchain', 'statements'], 'manifest')
  const { toolchain } = manifest
  if (typeof toolchain !== 'string') throw new ArtifactError('manifest.toolchain must be a string')
  return {
    version: 2,
    proofSystem: 'plonk',
    toolchain,
    statements: Object.fromEntries(
      Object.entries(object(manifest['statements'], 'manifest.statements')).map(([name, entry]) => {
        if (!NAME.test(name)) throw new ArtifactError('manifest.statements has a malformed name')
        return [name, parseEntry(entry, `manifest.statements.${name}`)]
      }),
    ),
  }
}

/**
 * Reads the provenance of a PLONK key from parsed JSON.
 *
 * @throws {ArtifactError} naming the field that is malformed
 */
export function parsePlonkProvenance(json: unknown, label: string): PlonkProvenance {
  const provenance = object(json, label)
  if (provenance['kind'] === 'development') {
    requireFields(provenance, ['kind'], label)
    return { kind: 'development' }
  }
  if (provenance['kind'] !== 'universal') throw new ArtifactError(`${label}.kind is unknown`)
  requireFields(provenance, ['kind', 'phase1'], label)
  return { kind: 'universal', phase1: text(provenance['phase1'], BLAKE2B, `${label}.phase1`) }
}

/** Tells whether two PLONK keys come from the same place. */
export function isSamePlonkProvenance(a: PlonkProvenance, b: PlonkProvenance): boolean {
  if (a.kind === 'development' || b.kind === 'development') return a.kind === b.kind
  return a.phase1 === b.phase1
}

function parseEntry(json: unknown, label: string): PlonkManifestEntry {
  const entry = object(json, label)
  const counts = ['constraints', 'gates', 'publicSignals'] as const
  const others = ['sourceHash', 'provenance', 'verificationKeyHash', 'verificationKey', 'artifacts']
  requireFields(entry, [...counts, ...others], label)
  const [constraints, gates, publicSignals] = counts.map((name) => count(entry[name], `${label}.${name}`))
  const artifacts = Object.entries(object(entry['artifacts'], `${label}.artifacts`))
  return {
    sourceHash: text(entry['sourceHash'], HASH, `${label}.sourceHash`),
    constraints: constraints!,
    gates: gates!,
    publicSignals: publicSignals!,
    provenance: parsePlonkProvenance(entry['provenance'], `${label}.provenance`),
    verificationKeyHash: text(entry['verificationKeyHash'], HASH, `${label}.verificationKeyHash`),
    verificationKey: object(
      entry['verificationKey'],
      `${label}.verificationKey`,
    ) as unknown as PlonkVerificationKeyJson,
    artifacts: Object.fromEntries(
      artifacts.map(([file, pin]) => [file, parsePin(pin, `${label}.artifacts.${file}`)]),
    ),
  }
}
