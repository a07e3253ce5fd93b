import { poseidon } from '../../../src/crypto/poseidon.js'
import type { MerkleProof } from '../../../src/merkle/proof.js'
import { bitsOf } from '../../support/circuit.js'

/** The inputs of `QuaternaryRoot`: bits of the position and all four children level by level. */
export function childrenOf(proof: MerkleProof) {
  const index = bitsOf(BigInt(proof.index), 2 * proof.siblings.length)
  const children: bigint[][] = []
  let below = proof.leaf
  let position = proof.index
  for (const siblings of proof.siblings) {
    const row = siblings.toSpliced(position % 4, 0, below)
    children.push(row)
    below = poseidon(row)
    position = Math.floor(position / 4)
  }
  return { index, children }
}
