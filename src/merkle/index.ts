/** Merkle trees: registries and status trees of issuers, Semaphore groups, and sets with non-membership. */
export { type Bucket, type BucketJson, bucketFromJson, bucketToJson, openBucket } from './bucket.js'
export { deltaFromJson, deltaToJson, type TreeDelta, type TreeDeltaJson } from './delta.js'
export { Group } from './group.js'
export { type MerkleProofJson, proofFromJson, proofToJson } from './json.js'
export { leanRoot, type MerklePath, type MerkleProof, quaternaryRoot } from './proof.js'
export { Registry, type RegistryKind } from './registry.js'
export { INTERVAL_WIDTH, intervalLeaf, type SetProof, SetTree } from './set.js'
