import { requireObject } from '../errors.js'
import { assertField } from '../field.js'
import { assertIndex, type MerkleProof } from './proof.js'
import { QUATERNARY_CAPACITY, QuaternaryTree } from './quaternary.js'

export { leanRoot, quaternaryRoot } from './proof.js'

/** `issued`: leaves are SBTs, 0 once revoked. `status`: the leaf at a statusId is 0 until it is revoked, then 1. */
export type RegistryKind = 'issued' | 'status'

/**
 * An issuer's tree with room for 4^10 leaves: the registry of what it issued, or its status tree of revocations.
 *
 * Nodes are Poseidon of the four children. The roots of the two kinds must never be accepted for each other: an
 * empty place of a registry would read as "not revoked".
 */
export class Registry {
  readonly kind: RegistryKind
  readonly #tree: QuaternaryTree
  /** The next place that `insert` tries. */
  #next: number
  /** One more than the greatest index that was inserted or revoked. */
  #size: number

  /**
   * Builds the tree from published leaves, in order; a 0 among issued leaves is one that was revoked.
   *
   * A status tree takes 0 and 1 only. Building hashes each inner node once.
   *
   * @throws {TypeError} if an option has another type
   * @throws {RangeError} for an unknown kind, a leaf that does not fit the kind, or more than 4^10 leaves
   */
  constructor(options: { readonly kind?: RegistryKind; readonly leaves?: readonly bigint[] } = {}) {
    requireObject(options, 'options')
    const { kind = 'issued', leaves = [] } = options
    if (kind !== 'issued' && kind !== 'status') throw new RangeError('kind must be issued or status')
    if (!Array.isArray(leaves)) throw new TypeError('leaves must be an array')
    if (leaves.length > QUATERNARY_CAPACITY) {
      throw new RangeError(`leaves must have at most ${QUATERNARY_CAPACITY} entries`)
    }
    for (let i = 0; i < leaves.length; i++) {
      assertField(leaves[i], `leaves[${i}]`)
      if (kind === 'status' && leaves[i] > 1n)
        throw new RangeError(`leaves[${i}] of a status tree must be 0 or 1`)
    }
    this.kind = kind
    this.#tree = new QuaternaryTree(leaves)
    this.#next = leaves.length
    this.#size = leaves.length
  }

  /** Root of the tree; never 0. */
  get root(): bigint {
    return this.#tree.root
  }

  /** One more than the greatest index that was inserted or revoked. */
  get size(): number {
    return this.#size
  }

  /** A copy of the leaves from 0 to size - 1, from which `new Registry({ kind, leaves })` builds the same tree. */
  get leaves(): bigint[] {
    return Array.from({ length: this.#size }, (_, index) => this.#tree.leaf(index))
  }

  /**
   * Appends a leaf and returns its index.
   *
   * Re-issuing to a new Soul is `revoke` of the old index and `insert` of the new leaf. In a status tree
   * `insert(0n)` reserves the next statusId that was neither reserved nor revoked.
   *
   * @throws {TypeError} if the leaf is not a bigint
   * @throws {RangeError} for a leaf that is not canonical, 0 into a registry (a member is never 0), anything but 0
   *   into a status tree, or a full tree
   */
  insert(leaf: bigint): number {
    assertField(leaf, 'leaf')
    if (this.kind === 'issued' && leaf === 0n) throw new RangeError('leaf must not be 0: a member is never 0')
    if (this.kind === 'status' && leaf !== 0n) {
      throw new RangeError('leaf of a status tree must be 0 at first: use revoke to mark it')
    }
    let index = this.#next
    // A place that was revoked before it was reserved stays revoked.
    while (index < QUATERNARY_CAPACITY && this.#tree.leaf(index) !== 0n) index++
    if (index >= QUATERNARY_CAPACITY)
      throw new RangeError(`tree is full: it holds ${QUATERNARY_CAPACITY} leaves`)
    this.#tree.write(index, leaf)
    this.#next = index + 1
    this.#size = Math.max(this.#size, index + 1)
    return index
  }

  /**
   * Revokes what stands at an index: a registry's leaf becomes 0, a status tree's becomes 1, wherever it is.
   *
   * Revoking twice is the same as once. An SBT that was inserted twice has to be revoked at both places.
   *
   * @throws {TypeError} if the index is not a number
   * @throws {RangeError} if it is not an integer in range: below `size` in a registry, below 4^10 in a status tree
   */
  revoke(index: number): void {
    this.#checkIndex(index)
    this.#tree.write(index, this.kind === 'issued' ? 0n : 1n)
    this.#size = Math.max(this.#size, index + 1)
  }

  /**
   * Opens the tree at an index; the opening of a revoked place of a registry proves the leaf 0.
   *
   * @throws {TypeError} if the index is not a number
   * @throws {RangeError} if it is not an integer in range: below `size` in a registry, below 4^10 in a status tree
   */
  proof(index: number): MerkleProof {
    this.#checkIndex(index)
    return this.#tree.proof(index)
  }

  #checkIndex(index: unknown): asserts index is number {
    if (this.kind === 'issued' && this.#size === 0 && typeof index === 'number') {
      throw new RangeError('index must name an inserted leaf: the registry is empty')
    }
    assertIndex(index, this.kind === 'issued' ? this.#size : QUATERNARY_CAPACITY, 'index')
  }
}
