/** Verifying PLONK proofs, and contracts that do. Imports nothing that makes proofs. */

export { ArtifactError, KeyError } from '../../errors.js'
export type { G1Json, G2Json } from '../../groth16.js'
export type { ArtifactPin } from '../../manifest.js'
export {
  PLONK_COMMITMENTS,
  PLONK_EVALUATIONS,
  PLONK_KEY_POINTS,
  type PlonkProof,
  type PlonkVerificationKeyJson,
} from '../../plonk.js'
export type { PlonkManifest, PlonkManifestEntry, PlonkProvenance } from '../../plonk-manifest.js'
export type { Fp2, G1, G2 } from '../points.js'
export { isDevelopmentPlonkKey, type PlonkKey, parsePlonkKey, plonkKeyHash } from './keys.js'
export { exportPlonkSolidityVerifier } from './solidity.js'
export { verifyPlonk } from './verify.js'
