import type { Provenance } from '../manifest.js'
import type { PlonkProvenance } from '../plonk-manifest.js'

/** A verifier's key of one statement, of whichever proof system. */
export interface TrustedKey {
  readonly hash: string
  readonly provenance: Provenance | PlonkProvenance
  /**
   * Tells whether what an envelope says of where its key comes from is so.
   *
   * @throws {ArtifactError} if it is malformed
   */
  isFrom(said: unknown): boolean
  /** Tells whether a proof holds for the public signals, canonical decimal strings in circuit order. */
  holds(publicSignals: readonly string[], proof: unknown): Promise<boolean>
}

/**
 * Returns the key of a statement.
 *
 * @throws {KeyError} if there is none
 */
export type KeyOf = (statement: string) => TrustedKey
