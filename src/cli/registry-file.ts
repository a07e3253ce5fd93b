import { type MerkleProof, Registry, type RegistryKind } from '../merkle/index.js'
import { readArray, readDecimal, readObject } from '../merkle/json.js'
import { QUATERNARY_CAPACITY } from '../merkle/quaternary.js'
import { RefusedError, UsageError } from './errors.js'
import { formatJson, type Output, PUBLIC_MODE, readJson } from './io.js'

/** A registry or status tree as an issuer publishes it: all leaves, in order, as decimal strings. */
export interface RegistryFile {
  readonly version: 1
  readonly kind: RegistryKind
  readonly root: string
  readonly leaves: readonly string[]
}

/**
 * Reads a tree and recomputes its root.
 *
 * @param kind the kind that it must have, if only one will do
 * @throws {UsageError|SchemaError|RangeError} if the file is missing or malformed, of another kind, or has another root
 */
export async function readRegistry(path: string, kind?: RegistryKind): Promise<Registry> {
  return registryFromJson(await readJson(path, kind === 'status' ? 'status' : 'registry'), kind)
}

/** Reads a tree from its JSON. Throws as {@link readRegistry}. */
export function registryFromJson(json: unknown, kind?: RegistryKind): Registry {
  const label = kind === 'status' ? 'status' : 'registry'
  const file = readObject(json, label, ['version', 'kind', 'root', 'leaves'])
  if (file['version'] !== 1) throw new UsageError(`${label}.version: must be 1`)
  const own = readKind(file['kind'], `${label}.kind`)
  if (kind !== undefined && own !== kind) throw new UsageError(`${label}.kind: must be ${kind}`)
  const root = readDecimal(file['root'], `${label}.root`)
  const leaves = readArray(file['leaves'], `${label}.leaves`, QUATERNARY_CAPACITY).map((leaf, i) =>
    readDecimal(leaf, `${label}.leaves[${i}]`),
  )
  const registry = new Registry({ kind: own, leaves })
  if (registry.root !== root) throw new UsageError(`${label}.root: does not follow from the leaves`)
  return registry
}

/** Reads the name of a kind of tree. */
export function readKind(value: unknown, label: string): RegistryKind {
  if (value !== 'issued' && value !== 'status') throw new UsageError(`${label}: must be issued or status`)
  return value
}

/** Returns the file that holds a tree; it replaces an older one only if it may. */
export function registryOutput(registry: Registry, path: string, replace: boolean): Output {
  const file: RegistryFile = {
    version: 1,
    kind: registry.kind,
    root: registry.root.toString(),
    leaves: registry.leaves.map(String),
  }
  return { path, content: formatJson(file), mode: PUBLIC_MODE, replace }
}

/**
 * Opens a registry at a leaf.
 *
 * @throws {RefusedError} if the leaf is not there: never inserted, or revoked
 */
export function openLeaf(registry: Registry, leaf: bigint): MerkleProof {
  const index = registry.leaves.indexOf(leaf)
  if (index < 0)
    throw new RefusedError('the registry does not have the leaf: it was never inserted, or is revoked')
  return registry.proof(index)
}

/**
 * Inserts a leaf and returns its place.
 *
 * @throws {RefusedError} if it is there already: it would have to be revoked twice
 */
export function insertOnce(registry: Registry, leaf: bigint): number {
  if (registry.kind === 'issued' && registry.leaves.includes(leaf)) {
    throw new RefusedError('the registry has the leaf already')
  }
  return registry.insert(leaf)
}
