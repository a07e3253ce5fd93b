import { LeanIMT } from '@zk-kit/lean-imt'
import { poseidon } from '../crypto/poseidon.js'
import { assertField } from '../field.js'
import { assertIndex, type MerkleProof } from './proof.js'

/**
 * A group of identity commitments, with the roots, openings and removals of Semaphore v4 (a LeanIMT).
 *
 * Add a commitment only after a proof that its owner knows the key. Commitments and inner nodes are both Poseidon of two
 * numbers: who registers the inner node of a small tree of his own commitments as a member gets a nullifier for each of them.
 */
export class Group {
  readonly #tree: LeanIMT<bigint>

  /**
   * Builds a group from its members, in order.
   *
   * A removed member cannot be given as 0: zk-kit's bulk insertion takes a right leaf 0 for an absent one and
   * computes another root than removing does. Replay with `add` and `remove` instead.
   *
   * @throws {TypeError} if the members are not an array of bigints
   * @throws {RangeError} for a member that is 0 or not canonical
   */
  constructor(members: readonly bigint[] = []) {
    if (!Array.isArray(members)) throw new TypeError('members must be an array')
    for (let i = 0; i < members.length; i++) assertMember(members[i], `members[${i}]`)
    this.#tree = new LeanIMT<bigint>((left, right) => poseidon([left, right]), [...members])
  }

  /** Root of the tree; as in Semaphore 0 without a member in at most one place, which no verifier may accept. */
  get root(): bigint {
    return this.#tree.root ?? 0n
  }

  /** Number of places, removed members included. */
  get size(): number {
    return this.#tree.size
  }

  /** A copy of the members, 0 where one was removed. */
  get members(): bigint[] {
    return this.#tree.leaves
  }

  /**
   * Returns the first index of a member, -1 if it is not in the group.
   *
   * @throws {TypeError|RangeError} unless the member is a canonical bigint other than 0
   */
  indexOf(member: bigint): number {
    assertMember(member, 'member')
    return this.#tree.indexOf(member)
  }

  /**
   * Appends a member and returns its index.
   *
   * @throws {TypeError|RangeError} unless the member is a canonical bigint other than 0
   */
  add(member: bigint): number {
    assertMember(member, 'member')
    this.#tree.insert(member)
    return this.#tree.size - 1
  }

  /**
   * Removes a member: its leaf becomes 0, the others keep their indexes.
   *
   * @throws {TypeError} if the index is not a number
   * @throws {RangeError} if it names no member, or one that was removed before
   */
  remove(index: number): void {
    this.#memberAt(index)
    this.#tree.update(index, 0n)
  }

  /**
   * Opens the tree at a member. Levels without a sibling are left out of `siblings` and of `index`.
   *
   * @throws {TypeError} if the index is not a number
   * @throws {RangeError} if it names no member, or a removed one
   */
  proof(index: number): MerkleProof {
    const leaf = this.#memberAt(index)
    const opening = this.#tree.generateProof(index)
    return {
      root: opening.root,
      leaf,
      index: opening.index,
      siblings: opening.siblings.map((sibling) => [sibling]),
    }
  }

  #memberAt(index: unknown): bigint {
    if (this.size === 0 && typeof index === 'number')
      throw new RangeError('index names no member: the group is empty')
    assertIndex(index, this.size, 'index')
    const member = this.#tree.leaves[index] as bigint
    if (member === 0n) throw new RangeError('index names a removed member')
    return member
  }
}

function assertMember(member: unknown, label: string): asserts member is bigint {
  assertField(member, label)
  if (member === 0n) throw new RangeError(`${label} must not be 0: a member is never 0`)
}
