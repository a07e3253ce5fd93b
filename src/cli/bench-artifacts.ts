/** Artifacts of what the bench measures: the package's statements, and circuits that are built for it alone. */
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { VerificationKeyJson } from '../groth16.js'
import { loadArtifacts } from '../prover/artifacts.js'
import { buildStatement } from '../setup/build.js'
import type { KeyProgress } from '../setup/development-key.js'
import { MANIFEST } from '../statements/manifest.js'

// The package's own folder: this file is two levels below the root, in src as in dist.
const CIRCUITS = new URL('../../circuits/bench/', import.meta.url)

/** What proving takes, and how large it is. */
export interface BenchArtifacts {
  readonly wasm: Uint8Array
  readonly provingKey: Uint8Array
  readonly verificationKey: VerificationKeyJson
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
}

/** Where another process finds witness generator and proving key: files, or the package's by name. */
export type ArtifactSource =
  | { readonly statement: string }
  | { readonly files: { readonly wasm: string; readonly provingKey: string } }

/** Tells whether something can be measured here: an installed package has no circuits of the bench. */
export function isMeasurable(name: string): boolean {
  return Object.hasOwn(MANIFEST.statements, name) || existsSync(sourceOf(name))
}

/**
 * Loads what measuring a statement takes; a circuit of the bench is compiled and keyed if the cache does not have it.
 *
 * @throws {ArtifactError} if an artifact is missing, is not the pinned one, or cannot be built
 */
export async function loadBenchArtifacts(o: {
  name: string
  onProgress?: (progress: KeyProgress) => void
}): Promise<BenchArtifacts> {
  const { name, onProgress } = o
  const pinned = MANIFEST.statements[name]
  if (pinned === undefined) return buildBenchCircuit({ name, source: sourceOf(name), onProgress })
  const { constraints, wires, publicSignals } = pinned
  return { ...(await loadArtifacts({ statement: name })), constraints, wires, publicSignals }
}

/**
 * Compiles a circuit and makes its development keys, or takes both from the cache.
 *
 * @param o.source path of the circuit
 * @throws {ArtifactError} as `buildStatement`
 */
export async function buildBenchCircuit(o: {
  name: string
  source: string
  onProgress?: ((progress: KeyProgress) => void) | undefined
}): Promise<BenchArtifacts> {
  const { name, source, onProgress } = o
  const { wasm, zkey, verificationKey, entry } = await buildStatement({
    name,
    source,
    ...(onProgress && { onProgress }),
  })
  const { constraints, wires, publicSignals } = entry
  return { wasm, provingKey: zkey, verificationKey, constraints, wires, publicSignals }
}

/** Lets other processes read artifacts while `work` runs: those that the package does not have, from temporary files. */
export async function withArtifactSource<T>(
  o: { name: string; artifacts: BenchArtifacts },
  work: (source: ArtifactSource) => Promise<T>,
): Promise<T> {
  const { name, artifacts } = o
  if (Object.hasOwn(MANIFEST.statements, name)) return work({ statement: name })
  const folder = await mkdtemp(join(tmpdir(), 'soulproof-bench-'))
  try {
    const files = { wasm: join(folder, 'circuit.wasm'), provingKey: join(folder, 'circuit.zkey') }
    await writeFile(files.wasm, artifacts.wasm)
    await writeFile(files.provingKey, artifacts.provingKey)
    return await work({ files })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Reads what {@link withArtifactSource} shows. */
export async function readArtifacts(
  source: ArtifactSource,
): Promise<{ wasm: Uint8Array; provingKey: Uint8Array }> {
  if ('statement' in source) return loadArtifacts(source)
  const [wasm, provingKey] = await Promise.all(
    [source.files.wasm, source.files.provingKey].map((path) => readFile(path)),
  )
  return { wasm: wasm!, provingKey: provingKey! }
}

function sourceOf(name: string): string {
  return fileURLToPath(new URL(`${name}.circom`, CIRCUITS))
}
