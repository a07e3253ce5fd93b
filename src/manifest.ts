/** Length and SHA-256 of one file. */
export interface ArtifactPin {
  readonly bytes: number
  /** 64 hex digits. */
  readonly sha256: string
}

/** What is pinned about one statement. */
export interface ManifestEntry {
  /** Hash of all sources of the circuit, as 0x and 64 hex digits. */
  readonly sourceHash: string
  readonly constraints: number
  readonly wires: number
  readonly publicSignals: number
  /** Where the keys come from: development keys prove nothing to others. */
  readonly provenance: { readonly kind: 'development' }
  readonly verificationKeyHash: string
  /** By file name. */
  readonly artifacts: Readonly<Record<string, ArtifactPin>>
}

/** All statements' artifacts, by statement; `zkeys/manifest.json`. */
export interface Manifest {
  readonly version: 1
  /** What else than the sources decides about the artifacts: compiler, its options, scheme of the keys. */
  readonly toolchain: string
  readonly statements: Readonly<Record<string, ManifestEntry>>
}
