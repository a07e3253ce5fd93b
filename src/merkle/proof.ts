import { poseidon } from '../crypto/poseidon.js'
import { assertField } from '../field.js'

/** An opening of a tree at one leaf. */
export interface MerkleProof {
  readonly root: bigint
  readonly leaf: bigint
  /** Position of the leaf; its digits in base arity, lowest first, are the positions level by level. */
  readonly index: number
  /** Per level, from the leaf up: the other children of the node, in order (3 in a quaternary tree, 1 in a LeanIMT). */
  readonly siblings: readonly (readonly bigint[])[]
}

/** Levels of every quaternary tree: registries, status trees and sets hold up to 4^10 = 2^20 leaves. */
export const QUATERNARY_DEPTH = 10

/** Most levels of a group, the same as Semaphore v4's. */
export const MAX_GROUP_DEPTH = 32

/** What a root is computed from: a {@link MerkleProof} without its claimed root. */
export type MerklePath = Omit<MerkleProof, 'root'>

/**
 * Returns the root of a registry, status or set tree that an opening leads to; compare it with the accepted one.
 *
 * The depth is fixed at 10 and the position is read from the index, so that neither an inner node nor a made-up
 * position passes for a leaf.
 *
 * @param hash  a faster Poseidon
 * @throws {TypeError} if a part has another type
 * @throws {RangeError} unless there are exactly 10 levels of 3 canonical siblings and 0 <= index < 4^10
 */
export function quaternaryRoot(path: MerklePath, hash: typeof poseidon = poseidon): bigint {
  const { leaf, index, siblings } = checkPath(path, 4)
  let node = leaf
  let position = index
  for (const row of siblings) {
    const children = [...row]
    children.splice(position % 4, 0, node)
    node = hash(children)
    position = Math.floor(position / 4)
  }
  return node
}

/**
 * Returns the root of a LeanIMT group that an opening leads to; compare it with the accepted one.
 *
 * As in Semaphore v4 only levels that have a sibling are listed, and the index counts only those.
 *
 * @throws {TypeError} if a part has another type
 * @throws {RangeError} unless there are at most 32 levels of 1 canonical sibling and 0 <= index < 2^levels
 */
export function leanRoot(path: MerklePath): bigint {
  const { leaf, index, siblings } = checkPath(path, 2)
  let node = leaf
  let position = index
  for (const row of siblings) {
    const sibling = row[0] as bigint
    node = position % 2 === 0 ? poseidon([node, sibling]) : poseidon([sibling, node])
    position = Math.floor(position / 2)
  }
  return node
}

function checkPath(path: MerklePath, arity: 2 | 4): MerklePath {
  if (typeof path !== 'object' || path === null) throw new TypeError('proof must be an object')
  const { leaf, index, siblings } = path
  assertField(leaf, 'leaf')
  if (!Array.isArray(siblings)) throw new TypeError('siblings must be an array')
  if (arity === 4 && siblings.length !== QUATERNARY_DEPTH) {
    throw new RangeError(`siblings must have ${QUATERNARY_DEPTH} levels`)
  }
  if (arity === 2 && siblings.length > MAX_GROUP_DEPTH) {
    throw new RangeError(`siblings must have at most ${MAX_GROUP_DEPTH} levels`)
  }
  assertIndex(index, arity ** siblings.length, 'index')
  for (const [level, row] of siblings.entries()) {
    if (!Array.isArray(row)) throw new TypeError(`siblings[${level}] must be an array`)
    if (row.length !== arity - 1) throw new RangeError(`siblings[${level}] must have ${arity - 1} entries`)
    for (let i = 0; i < row.length; i++) assertField(row[i], `siblings[${level}][${i}]`)
  }
  return path
}

/**
 * Checks that `index` is an integer from 0 to bound - 1.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is not an integer or out of range
 */
export function assertIndex(index: unknown, bound: number, label: string): asserts index is number {
  if (typeof index !== 'number') throw new TypeError(`${label} must be a number`)
  if (!Number.isInteger(index) || index < 0 || index >= bound) {
    throw new RangeError(`${label} must be an integer from 0 to ${bound - 1}`)
  }
}
