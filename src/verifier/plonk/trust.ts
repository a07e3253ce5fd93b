import { KeyError } from '../../errors.js'
import {
  isSamePlonkProvenance,
  type PlonkManifestEntry,
  parsePlonkManifest,
  parsePlonkProvenance,
} from '../../plonk-manifest.js'
import { PLONK_MANIFEST } from '../../statements/plonk.js'
import type { KeyOf, TrustedKey } from '../trust.js'
import { isDevelopmentPlonkKey, parsePlonkKey, plonkKeyHash } from './keys.js'
import { holdsUnder } from './verify.js'

/**
 * Returns the PLONK keys that ship with the package, or those of a manifest.
 *
 * @param manifest parsed JSON
 * @throws {ArtifactError} if the manifest is malformed, of an unknown version or of another proof system
 * @throws {KeyError} if a key is malformed or unsafe, is not the one with its hash, or is a development key that the manifest
 *   says to be none
 */
export function plonkKeysOf(manifest: unknown): KeyOf {
  const { statements } = manifest === undefined ? PLONK_MANIFEST : parsePlonkManifest(manifest)
  const keys = new Map(Object.entries(statements).map(([name, entry]) => [name, trustedKey(name, entry)]))
  return (statement) => {
    const key = keys.get(statement)
    const owner = manifest === undefined ? 'package' : 'manifest'
    if (key === undefined) throw new KeyError(`this ${owner} has no PLONK verification key of ${statement}`)
    return key
  }
}

function trustedKey(statement: string, entry: PlonkManifestEntry): TrustedKey {
  const { verificationKeyHash: hash, provenance, publicSignals: count } = entry
  const key = parsePlonkKey(entry.verificationKey)
  if (plonkKeyHash(key) !== hash || key.signals !== count) {
    throw new KeyError(`the manifest's PLONK verification key of ${statement} is not the one with its hash`)
  }
  if (provenance.kind !== 'development' && isDevelopmentPlonkKey(key)) {
    throw new KeyError(
      `the manifest says that the PLONK key of ${statement} is none for development: it is one`,
    )
  }
  return {
    ...{ hash, provenance },
    isFrom: (said) => isSamePlonkProvenance(parsePlonkProvenance(said, 'provenance'), provenance),
    holds: (publicSignals, proof) => holdsUnder({ key, publicSignals, proof }),
  }
}
