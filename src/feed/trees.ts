/** What holders do with a feed's trees: follow them by deltas, and refresh openings without naming a leaf. */
import { FeedError, requireObject } from '../errors.js'
import { checkDelta, deltaFromJson, deltaToJson, type TreeDelta } from '../merkle/delta.js'
import { assertIndex } from '../merkle/proof.js'
import { QUATERNARY_CAPACITY } from '../merkle/quaternary.js'
import { Registry } from '../merkle/registry.js'
import type { Roots } from '../policy/types.js'
import { type IssuerId, parseIssuerId } from '../sbt/issuer.js'
import type { HeldSbt } from '../sbt/sbt.js'
import { refusing, textDigest } from './entry.js'
import type { FeedState } from './feed.js'

/** An issuer's trees as a holder keeps them. */
export interface IssuerTrees {
  readonly registry?: Registry
  readonly status?: Registry
}

/**
 * Returns the digest by which an entry names a delta: SHA-256 of its JSON, lower-case hex.
 *
 * @throws {TypeError|RangeError} naming the part of the delta that is malformed
 */
export function deltaDigest(delta: TreeDelta): string {
  checkDelta(delta)
  return textDigest(deltaToJson(delta))
}

/**
 * Brings a copy of a tree up to date by deltas of consecutive entries, all or nothing. Only deltas that the feed names are applied,
 * so that nobody on the way makes a holder hash for nothing; and the copy then has the root that the feed states.
 *
 * @param o.tree    the holder's copy; changed, or left as it was
 * @param o.state   a state of the feed that was checked
 * @param o.issuer  whose tree it is
 * @param o.deltas  JSON of the deltas, one for each entry that has one for this tree, in order
 * @throws {FeedError} `tree` if a delta is not the one that is signed, or does not lead to the root that is; `malformed`
 */
export function followTree(o: {
  readonly tree: Registry
  readonly state: FeedState
  readonly issuer: IssuerId
  readonly deltas: readonly unknown[]
}): void {
  requireObject(o, 'options')
  const { tree, state, issuer, deltas } = o
  if (!(tree instanceof Registry)) throw new TypeError('tree must be a Registry')
  requireObject(state, 'state')
  parseIssuerId(issuer)
  if (!Array.isArray(deltas)) throw new TypeError('deltas must be an array')
  const name = tree.kind === 'issued' ? 'registry' : 'status'
  const root = rootIn(state, issuer, name)
  const digests = state.deltas.flatMap(({ digests: own }) => {
    const digest = Object.hasOwn(own, issuer) ? own[issuer]?.[name] : undefined
    return digest === undefined ? [] : [digest]
  })
  const read = deltas.map((json, i) => refusing(() => deltaFromJson(json, `deltas[${i}]`)))
  if (
    read.length !== digests.length ||
    read.some((delta, i) => textDigest(deltaToJson(delta)) !== digests[i])
  ) {
    throw new FeedError('tree', 'the deltas are not those that the feed names')
  }
  const [first, last] = [read[0], read.at(-1)]
  if ((last?.to ?? tree.root) !== root)
    throw new FeedError('tree', 'the deltas do not lead to the root of the feed')
  if (first === undefined) return
  try {
    tree.update(join(read))
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new FeedError('tree', `the deltas do not fit the copy of the tree: ${cause.message}`, { cause })
  }
}

/**
 * Opens an SBT's anchor again in the issuer's trees as they are now. All that others see is that somebody fetched a tree.
 *
 * @param o.state  a state of the feed that was checked; the trees must have its roots
 * @throws {FeedError} `revoked` if the SBT is, `tree` if a tree is missing or is not the one of the feed
 */
export function refreshHeld(o: {
  readonly held: HeldSbt
  readonly trees: IssuerTrees
  readonly state: FeedState
}): HeldSbt {
  requireObject(o, 'options')
  const { held, trees, state } = o
  requireObject(held, 'held')
  requireObject(trees, 'trees')
  requireObject(state, 'state')
  const { sbt, salt, anchor } = held
  requireObject(sbt, 'held.sbt')
  requireObject(anchor, 'held.anchor')
  parseIssuerId(sbt.issuer)
  const treeOf = (name: 'registry' | 'status'): Registry => {
    const tree = trees[name]
    if (tree?.root !== rootIn(state, sbt.issuer, name))
      throw new FeedError('tree', `the ${name} is not that of the feed`)
    return tree
  }
  if ('registered' in anchor) {
    const registry = treeOf('registry')
    requireObject(anchor.registered, 'held.anchor.registered')
    const { index } = anchor.registered
    assertIndex(index, QUATERNARY_CAPACITY, 'held.anchor.registered.index')
    const registered = index < registry.size ? registry.proof(index) : undefined
    if (registered?.leaf !== sbt.leaf)
      throw new FeedError('revoked', 'the registry does not have the SBT any more')
    return { sbt, salt, anchor: { registered } }
  }
  const own = rootsIn(state, sbt.issuer)
  // An issuer that never had a status tree; one that the feed does not know is another matter.
  if (own === undefined) throw new FeedError('tree', 'the feed has no roots of this issuer')
  if (own.status === undefined) return { sbt, salt, anchor: { signature: anchor.signature } }
  const status = treeOf('status').proof(sbt.statusId)
  if (status.leaf !== 0n) throw new FeedError('revoked', 'the SBT is revoked')
  return { sbt, salt, anchor: { signature: anchor.signature, status } }
}

function rootIn(state: FeedState, issuer: IssuerId, name: 'registry' | 'status'): bigint {
  const root = rootsIn(state, issuer)?.[name]
  if (root === undefined) throw new FeedError('tree', `the feed has no ${name} root of this issuer`)
  return root
}

function rootsIn(state: FeedState, issuer: IssuerId): Roots['issuers'][IssuerId] | undefined {
  return Object.hasOwn(state.roots.issuers, issuer) ? state.roots.issuers[issuer] : undefined
}

/** Joins consecutive deltas into one, so that the tree is hashed once. */
function join(deltas: readonly TreeDelta[]): TreeDelta {
  const [first, last] = [deltas[0]!, deltas.at(-1)!]
  const append: bigint[] = []
  const revoked = new Set<number>()
  let [root, size] = [first.from, first.fromSize]
  for (const delta of deltas) {
    if (delta.from !== root || delta.fromSize !== size || delta.kind !== first.kind) {
      throw new RangeError('one does not follow from the other')
    }
    for (const index of delta.revoked) {
      const place = index - first.fromSize
      if (first.kind === 'issued' && place >= 0) append[place] = 0n
      else revoked.add(index)
    }
    for (const leaf of delta.append) append.push(leaf)
    ;[root, size] = [delta.to, delta.size]
  }
  return {
    kind: first.kind,
    from: first.from,
    fromSize: first.fromSize,
    to: last.to,
    size,
    append,
    revoked: [...revoked].sort((a, b) => a - b),
  }
}
