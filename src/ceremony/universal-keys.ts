import { join } from 'node:path'
import type { PlonkManifest, PlonkManifestEntry } from '../plonk-manifest.js'
import { formatJson } from '../setup/build.js'
import { buildPlonkStatement, plonkToolchain } from '../setup/plonk/build.js'
import { phase1Reference } from '../setup/plonk/reference.js'
import { writeAtomically } from '../setup/write.js'
import type { Phase1 } from './phase1.js'
import type { CeremonyProgress } from './store.js'

/**
 * Makes PLONK keys of a powers-of-tau file: witness generators and proving keys, and last the `manifest.json` that prover and
 * verifier are pointed to. Whoever has the same sources and the same file gets the same bytes. Node only.
 *
 * @param o.phase1   what `authenticatePhase1` returned
 * @param o.sources  paths of circuits by statement
 * @param o.out      folder to write; files that are there are replaced
 * @throws {ArtifactError} if a circuit does not compile or is too large for the file, or the powers of tau are those of development
 *   keys
 */
export async function createUniversalKeys(o: {
  phase1: Phase1
  sources: Readonly<Record<string, string>>
  out: string
  onProgress?: CeremonyProgress
}): Promise<PlonkManifest> {
  const { phase1, out, onProgress } = o
  const reference = await phase1Reference(phase1.ptau)
  const provenance = { kind: 'universal', phase1: phase1.blake2b } as const
  const sources = Object.entries(o.sources).sort(([a], [b]) => (a < b ? -1 : 1))
  const statements: Record<string, PlonkManifestEntry> = {}
  for (const [i, [name, source]] of sources.entries()) {
    onProgress?.(`${name}: compiling`, i / sources.length)
    const { entry, ...made } = await buildPlonkStatement({
      ...{ name, source, reference, provenance },
      onProgress: ({ done, total }) =>
        onProgress?.(`${name}: proving key`, (i + done / total) / sources.length),
    })
    for (const part of ['wasm', 'zkey'] as const)
      await writeAtomically(join(out, `${name}.plonk.${part}`), made[part])
    statements[name] = entry
  }
  const manifest: PlonkManifest = {
    version: 2,
    proofSystem: 'plonk',
    toolchain: plonkToolchain(),
    statements,
  }
  // Last, so that what it names is there.
  await writeAtomically(join(out, 'manifest.json'), formatJson(manifest))
  return manifest
}
