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
  /** Nodes by level, leaves first. A node without a right child is its left child; the last level is the root alone. */
  readonly #levels: bigint[][]

  /**
   * Builds a group from its members, in order. A removed member cannot be given as 0: replay with `add` and `remove`.
   *
   * @throws {TypeError} if the members are not an array of bigints
   * @throws {RangeError} for a member that is 0 or not canonical
   */
  constructor(members: readonly bigint[] = []) {
    if (!Array.isArray(members)) throw new TypeError('members must be an array')
    for (let i = 0; i < members.length; i++) assertMember(members[i], `members[${i}]`)
    this.#levels = [[...members]]
    for (let below = this.#levels[0] as bigint[]; below.length > 1; ) {
      const level = Array.from({ length: (below.length + 1) >> 1 }, (_, i) => parent(below, i))
      this.#levels.push(level)
      below = level
    }
  }

  /** Root of the tree; as in Semaphore 0 without a member in at most one place, which no verifier may accept. */
  get root(): bigint {
    return this.#levels.at(-1)?.[0] ?? 0n
  }

  /** Number of places, removed members included. */
  get size(): number {
    return this.#leaves.length
  }

  /** A copy of the members, 0 where one was removed. */
  get members(): bigint[] {
    return [...this.#leaves]
  }

  /**
   * Returns the first index of a member, -1 if it is not in the group.
   *
   * @throws {TypeError|RangeError} unless the member is a canonical bigint other than 0
   */
  indexOf(member: bigint): number {
    assertMember(member, 'member')
    return this.#leaves.indexOf(member)
  }

  /**
   * Appends a member and returns its index.
   *
   * @throws {TypeError|RangeError} unless the member is a canonical bigint other than 0
   */
  add(member: bigint): number {
    assertMember(member, 'member')
    this.#set(this.size, member)
    return this.size - 1
  }

  /**
   * Removes a member: its leaf becomes 0, the others keep their indexes.
   *
   * @throws {TypeError} if the index is not a number
   * @throws {RangeError} if it names no member, or one that was removed before
   */
  remove(index: number): void {
    this.#memberAt(index)
    this.#set(index, 0n)
  }

  /**
   * Opens the tree at a member. Levels without a sibling are left out of `siblings` and of `index`.
   *
   * @throws {TypeError} if the index is not a number
   * @throws {RangeError} if it names no member, or a removed one
   */
  proof(index: number): MerkleProof {
    const leaf = this.#memberAt(index)
    const siblings: bigint[][] = []
    // The circuit sees only levels with a sibling, and reads one bit of the index for each.
    let bits = 0
    for (const [level, nodes] of this.#levels.entries()) {
      const position = index >> level
      const sibling = nodes[position ^ 1]
      if (sibling === undefined) continue
      bits |= (position & 1) << siblings.length
      siblings.push([sibling])
    }
    return { root: this.root, leaf, index: bits, siblings }
  }

  get #leaves(): bigint[] {
    return this.#levels[0] as bigint[]
  }

  /** Writes a leaf, the next one included, and all nodes above it. */
  #set(index: number, leaf: bigint): void {
    this.#leaves[index] = leaf
    for (let level = 1, size = this.size; size > 1; level++, size = (size + 1) >> 1) {
      this.#levels[level] ??= []
      const position = index >> level
      const nodes = this.#levels[level] as bigint[]
      nodes[position] = parent(this.#levels[level - 1] as bigint[], position)
    }
  }

  #memberAt(index: unknown): bigint {
    if (this.size === 0 && typeof index === 'number')
      throw new RangeError('index names no member: the group is empty')
    assertIndex(index, this.size, 'index')
    const member = this.#leaves[index] as bigint
    if (member === 0n) throw new RangeError('index names a removed member')
    return member
  }
}

function assertMember(member: unknown, label: string): asserts member is bigint {
  assertField(member, label)
  if (member === 0n) throw new RangeError(`${label} must not be 0: a member is never 0`)
}

function parent(level: readonly bigint[], position: number): bigint {
  const [left, right] = [level[2 * position] as bigint, level[2 * position + 1]]
  return right === undefined ? left : poseidon([left, right])
}
