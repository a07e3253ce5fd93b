import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertField } from '../field.js'
import { type IssuerId, parseIssuerId, sbtType } from '../sbt/issuer.js'
import { ANCHOR_DEPTH } from './profiles.js'
import type { Policy, Roots, SlotRule } from './types.js'

/** Stands for "any age" in an anchor. */
export const ANY_AGE = 2n ** 64n - 1n

/** What a verifier accepts of one issuer for one slot: a leaf of the anchors snapshot. */
export interface AnchorLeaf {
  readonly slot: number
  readonly issuer: IssuerId
  readonly type: bigint
  /** 0 where there is none; then `acceptsRegistered` is false. */
  readonly registryRoot: bigint
  /** 0 where there is none; then a signed SBT that needs a status is not accepted. */
  readonly statusRoot: bigint
  readonly acceptsSigned: boolean
  readonly acceptsRegistered: boolean
  readonly wantsStatus: boolean
  /** Seconds, or {@link ANY_AGE}. */
  readonly maxAge: bigint
}

/** A snapshot of everything that a verifier accepts for a policy. */
export interface Anchors {
  readonly root: bigint
  /** By slot, then by issuer, as the policy sorts them. */
  readonly leaves: readonly AnchorLeaf[]
  /** Levels from the leaves (padded with 0 to 64) to the root. */
  readonly levels: readonly (readonly bigint[])[]
}

/**
 * Returns the root of the quaternary tree of the 64 anchors: one leaf per slot and issuer, binding type, both roots and
 * flags, so that prover and verifier agree on all of it by one number.
 *
 * @throws {TypeError|RangeError} if a root is not a canonical field element, or 0
 */
export function anchorsRoot(options: { readonly policy: Policy; readonly roots: Roots }): bigint {
  return anchorsOf(options).root
}

/** Builds the snapshot whose root is {@link anchorsRoot}. */
export function anchorsOf(options: { readonly policy: Policy; readonly roots: Roots }): Anchors {
  requireObject(options, 'options')
  const { policy, roots } = options
  if (
    typeof roots !== 'object' ||
    roots === null ||
    typeof roots.issuers !== 'object' ||
    roots.issuers === null
  ) {
    throw new TypeError('roots must be an object with issuers')
  }
  const leaves = policy.slots.flatMap((slot) => slot.issuers.map((issuer) => anchorOf(slot, issuer, roots)))
  let level = leaves.map(anchorHash)
  while (level.length < 4 ** ANCHOR_DEPTH) level.push(0n)
  const levels = [level]
  while (level.length > 1) {
    const below = level
    level = Array.from({ length: below.length / 4 }, (_, i) => poseidon(below.slice(4 * i, 4 * i + 4)))
    levels.push(level)
  }
  return { root: level[0] as bigint, leaves, levels }
}

/** Returns Poseidon(tag, slot, type, registryRoot, statusRoot, flags): three bits, then the greatest age. */
export function anchorHash(leaf: Omit<AnchorLeaf, 'issuer'>): bigint {
  const flags = Number(leaf.acceptsSigned) + 2 * Number(leaf.acceptsRegistered) + 4 * Number(leaf.wantsStatus)
  return poseidon([
    DOMAIN.anchor,
    BigInt(leaf.slot),
    leaf.type,
    leaf.registryRoot,
    leaf.statusRoot,
    BigInt(flags) + 8n * leaf.maxAge,
  ])
}

function anchorOf(slot: SlotRule, issuer: IssuerId, roots: Roots): AnchorLeaf {
  const known = Object.hasOwn(roots.issuers, issuer) ? roots.issuers[issuer] : undefined
  const registryRoot = rootOf(known?.registry, 'registry')
  const statusRoot = rootOf(known?.status, 'status')
  const wantsStatus = slot.revocation === 'required'
  const isKey = parseIssuerId(issuer).kind === 'key'
  return {
    slot: slot.index,
    issuer,
    type: sbtType(issuer, slot.schema.hash),
    registryRoot,
    statusRoot,
    acceptsSigned: isKey && slot.anchor !== 'registered' && (!wantsStatus || statusRoot !== 0n),
    acceptsRegistered: slot.anchor !== 'signed' && registryRoot !== 0n,
    wantsStatus,
    maxAge: slot.maxAge ?? ANY_AGE,
  }
}

function rootOf(root: bigint | undefined, kind: string): bigint {
  if (root === undefined) return 0n
  assertField(root, `${kind} root`)
  if (root === 0n) throw new RangeError(`${kind} root must not be 0`)
  return root
}
