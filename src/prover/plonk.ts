import { ArtifactError } from '../errors.js'
import type { PlonkManifest, PlonkProvenance } from '../plonk-manifest.js'
import { PLONK_MANIFEST } from '../statements/plonk.js'
import { loadPinned, type OnArtifact } from './artifacts.js'
import { defaultSources, sourceOf } from './sources.js'

export { parsePlonkManifest } from '../plonk-manifest.js'
export { createPlonkEngine } from './snarkjs.js'

/** What proving one statement by PLONK takes. */
export interface PlonkArtifacts {
  /** Witness generator of the circuit as it is compiled for PLONK. */
  readonly wasm: Uint8Array
  /** A snarkjs PLONK `.zkey`. */
  readonly provingKey: Uint8Array
  readonly verificationKeyHash: string
  readonly provenance: PlonkProvenance
}

/**
 * Loads a statement's PLONK artifacts as `loadArtifacts` does. No package carries them: they are built, see docs/plonk.md.
 *
 * @param o.sources   folders, as there; by default the package's own
 * @param o.manifest  pins other artifacts than the package's own
 * @param o.onArtifact  called as they come
 * @throws {ArtifactError} if PLONK is not offered for the statement, or an artifact is missing or is not the pinned one
 */
export async function loadPlonkArtifacts(o: {
  statement: string
  sources?: readonly (string | URL)[] | undefined
  manifest?: PlonkManifest | undefined
  onArtifact?: OnArtifact | undefined
}): Promise<PlonkArtifacts> {
  const { statement, onArtifact, manifest = PLONK_MANIFEST } = o
  const entry = Object.hasOwn(manifest.statements, statement) ? manifest.statements[statement] : undefined
  if (!entry) {
    throw new ArtifactError(`this ${o.manifest ? 'manifest' : 'package'} has no PLONK keys of that statement`)
  }
  const [wasm, provingKey] = await Promise.all(['wasm', 'zkey'].map((part) => load(part)))
  const { verificationKeyHash, provenance } = entry
  return { wasm: wasm!, provingKey: provingKey!, verificationKeyHash, provenance }

  async function load(part: string): Promise<Uint8Array> {
    const file = `${statement}.plonk.${part}`
    const pin = entry!.artifacts[file]
    if (!pin) throw new ArtifactError(`the manifest does not pin ${file}`)
    const sources =
      o.sources?.map((folder, i) => sourceOf(folder, `source ${i + 1}`)) ??
      defaultSources(statement).slice(0, 1)
    try {
      return await loadPinned({ file, pin, sources, onArtifact })
    } catch (cause) {
      if (o.sources || !(cause instanceof ArtifactError)) throw cause
      throw new ArtifactError(
        `${cause.message}; in a clone, npm run setup -- --plonk ${statement} builds it`,
        { cause },
      )
    }
  }
}
