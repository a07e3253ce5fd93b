/** An opening of a tree at one leaf. */
export interface MerkleProof {
  readonly root: bigint
  readonly leaf: bigint
  /** Position of the leaf; its digits in base arity, lowest first, are the positions level by level. */
  readonly index: number
  /** Per level, from the leaf up: the other children of the node, in order (3 in a quaternary tree, 1 in a LeanIMT). */
  readonly siblings: readonly (readonly bigint[])[]
}
