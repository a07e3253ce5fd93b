import { poseidon } from '../crypto/poseidon.js'
import { type MerkleProof, QUATERNARY_DEPTH } from './proof.js'

/** Leaves of every quaternary tree: 4^10. */
export const QUATERNARY_CAPACITY = 4 ** QUATERNARY_DEPTH

let zeroNodes: readonly bigint[] | undefined

/** Returns the roots of the all-zero subtrees of height 0 to 10; computed once, at the first use. */
export function zeros(): readonly bigint[] {
  if (zeroNodes === undefined) {
    const nodes = [0n]
    for (let level = 0; level < QUATERNARY_DEPTH; level++) {
      const below = nodes[level] as bigint
      nodes.push(poseidon([below, below, below, below]))
    }
    zeroNodes = nodes
  }
  return zeroNodes
}

/**
 * A sparse quaternary tree of depth 10: nodes = Poseidon of the four children, an absent leaf is 0.
 *
 * Only nodes above a leaf that was written are stored, so that a status tree costs what was revoked and not what
 * was issued. Callers check leaves and indexes. See `docs/decisions/quaternary-trees.md`.
 */
export class QuaternaryTree {
  /** Per level, from the leaves (0) to the root (10): the nodes that differ from the all-zero subtree. */
  readonly #levels: readonly Map<number, bigint>[]

  /** Builds the tree level by level: every inner node is hashed once, all-zero subtrees never. */
  constructor(leaves: readonly bigint[] = []) {
    this.#levels = Array.from({ length: QUATERNARY_DEPTH + 1 }, () => new Map<number, bigint>())
    this.writeAll(leaves.entries())
  }

  get root(): bigint {
    return this.#node(QUATERNARY_DEPTH, 0)
  }

  /** Returns the leaf at an index, 0 where none was written. */
  leaf(index: number): bigint {
    return this.#node(0, index)
  }

  /** Returns all nodes of a level, 4^(10 - level) in order; level 10 is the root. */
  row(level: number): bigint[] {
    return Array.from({ length: 4 ** (QUATERNARY_DEPTH - level) }, (_, index) => this.#node(level, index))
  }

  /** Writes a leaf and the 10 nodes above it. */
  write(index: number, leaf: bigint): void {
    this.writeAll([[index, leaf]])
  }

  /** Writes leaves, each with its index, and hashes each node above them once. */
  writeAll(leaves: Iterable<readonly [index: number, leaf: bigint]>): void {
    let parents = new Set<number>()
    for (const [index, leaf] of leaves) {
      if (this.leaf(index) === leaf) continue
      this.#levels[0]?.set(index, leaf)
      parents.add(Math.floor(index / 4))
    }
    for (let level = 0; level < QUATERNARY_DEPTH; level++) {
      const above = new Set<number>()
      for (const parent of parents) {
        this.#levels[level + 1]?.set(parent, poseidon(this.#children(level, parent)))
        above.add(Math.floor(parent / 4))
      }
      parents = above
    }
  }

  /** Returns the nodes of a level from 0 to the last that differs from the all-zero subtree. */
  nodes(level: number): bigint[] {
    const stored = this.#levels[level] as Map<number, bigint>
    let length = 0
    for (const [index, node] of stored) if (index >= length && node !== zeros()[level]) length = index + 1
    return Array.from({ length }, (_, index) => this.#node(level, index))
  }

  /** Returns a fresh opening of the leaf at an index. */
  proof(index: number): MerkleProof {
    const siblings: bigint[][] = []
    let position = index
    for (let level = 0; level < QUATERNARY_DEPTH; level++) {
      const row = this.#children(level, Math.floor(position / 4))
      row.splice(position % 4, 1)
      siblings.push(row)
      position = Math.floor(position / 4)
    }
    return { root: this.root, leaf: this.leaf(index), index, siblings }
  }

  #node(level: number, index: number): bigint {
    return this.#levels[level]?.get(index) ?? (zeros()[level] as bigint)
  }

  #children(level: number, parent: number): bigint[] {
    return [0, 1, 2, 3].map((place) => this.#node(level, 4 * parent + place))
  }
}
