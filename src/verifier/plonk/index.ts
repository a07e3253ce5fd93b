/** Verifying PLONK proofs, and contracts that do. Imports nothing that makes proofs. */

export { ArtifactError, KeyError } from '../../errors.js'
export type { PlonkProof, PlonkVerificationKeyJson } from '../../plonk.js'
export type { PlonkManifest, PlonkManifestEntry, PlonkProvenance } from '../../plonk-manifest.js'
export { isDevelopmentPlonkKey, type PlonkKey, parsePlonkKey, plonkKeyHash } from './keys.js'
export { exportPlonkSolidityVerifier } from './solidity.js'
export { verifyPlonk } from './verify.js'
