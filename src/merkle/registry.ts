import { requireObject } from '../errors.js'
import { assertField } from '../field.js'
import { assertBucket, type Bucket } from './bucket.js'
import { checkDelta, type RegistryKind, type TreeDelta } from './delta.js'
import { assertIndex, type MerkleProof } from './proof.js'
import { QUATERNARY_CAPACITY, QuaternaryTree } from './quaternary.js'

export type { RegistryKind } from './delta.js'
export { leanRoot, quaternaryRoot } from './proof.js'

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

  /**
   * Brings the tree to a later state of the same tree, all or nothing: whole, if it then has the root `delta.to`; else it is
   * as it was. Hashes each changed node once.
   *
   * @throws {RangeError} if the delta is of another kind, size or root than this tree's, appends or revokes what cannot be,
   *   or does not lead to `delta.to`
   * @throws {TypeError} if a part has another type
   */
  update(delta: TreeDelta): void {
    checkDelta(delta)
    const { append, revoked, size, to } = delta
    if (delta.kind !== this.kind) throw new RangeError(`delta.kind must be ${this.kind}`)
    if (delta.from !== this.root || delta.fromSize !== this.#size) {
      throw new RangeError('delta.from must be the root and size of this tree')
    }
    const mark = this.kind === 'issued' ? 0n : 1n
    const changes = [
      ...append.map((leaf, i) => [delta.fromSize + i, leaf] as const),
      ...revoked.map((index) => [index, mark] as const),
    ]
    if (revoked.some((index) => this.#tree.leaf(index) === mark)) {
      throw new RangeError('delta.revoked must name what is not revoked yet')
    }
    const before = changes.map(([index]) => [index, this.#tree.leaf(index)] as const)
    this.#tree.writeAll(changes)
    if (this.root !== to) {
      this.#tree.writeAll(before)
      throw new RangeError('delta does not lead to its root')
    }
    this.#next = size
    this.#size = size
  }

  /**
   * Returns what leads from an earlier state of the same tree to this one.
   *
   * @throws {RangeError} if `earlier` is of another kind, longer, or has what this tree took back: not its earlier state
   */
  since(earlier: Registry): TreeDelta {
    if (!(earlier instanceof Registry)) throw new TypeError('earlier must be a Registry')
    if (earlier.kind !== this.kind) throw new RangeError(`earlier must be of kind ${this.kind}`)
    const [old, leaves] = [earlier.leaves, this.leaves]
    const append = this.kind === 'issued' ? leaves.slice(old.length) : []
    const revoked: number[] = []
    for (let index = 0; index < Math.max(leaves.length, old.length); index++) {
      const [was, is] = [old[index] ?? 0n, leaves[index]]
      const isAppended = this.kind === 'issued' && index >= old.length
      if (isAppended || is === was) continue
      if (is !== (this.kind === 'issued' ? 0n : 1n)) {
        throw new RangeError(
          'earlier must be an earlier state of this tree: leaves only come and are revoked',
        )
      }
      revoked.push(index)
    }
    return {
      kind: this.kind,
      from: earlier.root,
      fromSize: earlier.size,
      to: this.root,
      size: this.size,
      append,
      revoked,
    }
  }

  /**
   * Returns a bucket: the leaves below one node of a level, and all nodes of that level. Who downloads it can open each leaf in
   * it, and does not tell which one it is after. See `openBucket`.
   *
   * @param o.height  levels below the node: a bucket has 4^height leaves, 1 to 9
   * @param o.number  which node, from 0
   * @throws {TypeError|RangeError} naming the argument that is malformed
   */
  bucket(o: { readonly height: number; readonly number: number }): Bucket {
    requireObject(o, 'options')
    const { height, number } = o
    assertBucket(height, number)
    const width = 4 ** height
    const leaves = this.#tree.nodes(0).slice(number * width, (number + 1) * width)
    return { kind: this.kind, root: this.root, height, number, leaves, nodes: this.#tree.nodes(height) }
  }

  #checkIndex(index: unknown): asserts index is number {
    if (this.kind === 'issued' && this.#size === 0 && typeof index === 'number') {
      throw new RangeError('index must name an inserted leaf: the registry is empty')
    }
    assertIndex(index, this.kind === 'issued' ? this.#size : QUATERNARY_CAPACITY, 'index')
  }
}
