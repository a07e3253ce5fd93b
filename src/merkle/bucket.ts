/** Buckets: parts of a tree that are large enough not to name a leaf. */
import { poseidon } from '../crypto/poseidon.js'
import { requireObject, SchemaError } from '../errors.js'
import { assertField } from '../field.js'
import type { RegistryKind } from './delta.js'
import { readArray, readDecimal, readObject, within } from './json.js'
import { assertIndex, type MerkleProof, QUATERNARY_DEPTH } from './proof.js'
import { zeros } from './quaternary.js'

/** The leaves below one node of a tree, and all nodes beside that one; what follows the last is empty. */
export interface Bucket {
  readonly kind: RegistryKind
  readonly root: bigint
  /** Levels below the node: the bucket has places for 4^height leaves. */
  readonly height: number
  /** Position of the node in its level: the bucket begins at leaf number * 4^height. */
  readonly number: number
  /** Up to 4^height leaves. */
  readonly leaves: readonly bigint[]
  /** Up to 4^(10 - height) nodes. */
  readonly nodes: readonly bigint[]
}

/** A {@link Bucket} in JSON: numbers of the field as canonical decimal strings. */
export interface BucketJson {
  readonly version: 1
  readonly kind: RegistryKind
  readonly root: string
  readonly height: number
  readonly number: number
  readonly leaves: readonly string[]
  readonly nodes: readonly string[]
}

/** Writes a bucket as plain JSON data. */
export function bucketToJson(bucket: Bucket): BucketJson {
  const { kind, root, height, number, leaves, nodes } = bucket
  return {
    version: 1,
    kind,
    root: root.toString(),
    height,
    number,
    leaves: leaves.map(String),
    nodes: nodes.map(String),
  }
}

/**
 * Reads a bucket. That it leads to its root shows when it is opened.
 *
 * @param path what the bucket is called in errors
 * @throws {SchemaError} if a part is missing, unknown or malformed
 */
export function bucketFromJson(json: unknown, path = 'bucket'): Bucket {
  const object = readObject(json, path, ['version', 'kind', 'root', 'height', 'number', 'leaves', 'nodes'])
  if (object['version'] !== 1) throw new SchemaError(`${path}.version`, 'must be 1')
  const decimals = (name: 'leaves' | 'nodes'): bigint[] =>
    readArray(object[name], `${path}.${name}`, 4 ** QUATERNARY_DEPTH).map((value, i) =>
      readDecimal(value, `${path}.${name}[${i}]`),
    )
  const bucket: Bucket = {
    kind: object['kind'] as RegistryKind,
    root: readDecimal(object['root'], `${path}.root`),
    height: object['height'] as number,
    number: object['number'] as number,
    leaves: decimals('leaves'),
    nodes: decimals('nodes'),
  }
  within(path, () => checkBucket(bucket))
  return bucket
}

/**
 * Opens a tree at a leaf of a bucket.
 *
 * @param o.root   the issuer's signed root, which the bucket has to lead to
 * @param o.index  of the leaf in the whole tree
 * @throws {TypeError|RangeError} naming the argument that is malformed, if the leaf lies in another bucket, or if the bucket does
 *   not lead to the root
 */
export function openBucket(o: {
  readonly bucket: Bucket
  readonly root: bigint
  readonly index: number
}): MerkleProof {
  requireObject(o, 'options')
  const { bucket, root, index } = o
  checkBucket(bucket)
  assertField(root, 'root')
  const { height, number } = bucket
  const width = 4 ** height
  assertIndex(index, 4 ** QUATERNARY_DEPTH, 'index')
  if (Math.floor(index / width) !== number) throw new RangeError('index lies in another bucket')
  const below = climb(bucket.leaves, { level: 0, to: height, at: index % width })
  const above = climb(bucket.nodes, { level: height, to: QUATERNARY_DEPTH, at: number })
  if (below.top !== (bucket.nodes[number] ?? zeros()[height]) || above.top !== root) {
    throw new RangeError('bucket does not lead to the root')
  }
  const leaf = bucket.leaves[index % width] ?? 0n
  return { root, leaf, index, siblings: [...below.siblings, ...above.siblings] }
}

/** Hashes the nodes of a level up to one node, and keeps the siblings on the way from one of them. */
function climb(
  start: readonly bigint[],
  o: { readonly level: number; readonly to: number; readonly at: number },
): { readonly top: bigint; readonly siblings: readonly bigint[][] } {
  const siblings: bigint[][] = []
  let [nodes, position] = [start, o.at]
  for (let level = o.level; level < o.to; level++) {
    const [empty, emptyParent] = [zeros()[level] as bigint, zeros()[level + 1] as bigint]
    const childrenOf = (parent: number): bigint[] =>
      [0, 1, 2, 3].map((place) => nodes[4 * parent + place] ?? empty)
    const row = childrenOf(Math.floor(position / 4))
    row.splice(position % 4, 1)
    siblings.push(row)
    const parents = Array.from({ length: Math.ceil(nodes.length / 4) }, (_, parent) => {
      const children = childrenOf(parent)
      // Most of a status tree is empty.
      return children.every((child) => child === empty) ? emptyParent : poseidon(children)
    })
    nodes = parents
    position = Math.floor(position / 4)
  }
  return { top: nodes[0] ?? (zeros()[o.to] as bigint), siblings }
}

function checkBucket(bucket: Bucket): void {
  requireObject(bucket, 'bucket')
  const { kind, root, height, number, leaves, nodes } = bucket
  if (kind !== 'issued' && kind !== 'status') throw new RangeError('bucket.kind must be issued or status')
  assertField(root, 'bucket.root')
  assertBucket(height, number)
  for (const [name, list, most] of [
    ['leaves', leaves, 4 ** height],
    ['nodes', nodes, 4 ** (QUATERNARY_DEPTH - height)],
  ] as const) {
    if (!Array.isArray(list)) throw new TypeError(`bucket.${name} must be an array`)
    if (list.length > most) throw new RangeError(`bucket.${name} must have at most ${most} entries`)
    for (let i = 0; i < list.length; i++) assertField(list[i], `bucket.${name}[${i}]`)
  }
}

/** Checks height and number of a bucket. */
export function assertBucket(height: unknown, number: unknown): void {
  assertIndex(height, QUATERNARY_DEPTH, 'height')
  if (height === 0) throw new RangeError('height must be at least 1: a bucket of one leaf names it')
  assertIndex(number, 4 ** (QUATERNARY_DEPTH - height), 'number')
}
