import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertField } from '../field.js'
import { type IssuerId, parseIssuerId, sbtType } from '../sbt/issuer.js'
import { requirePolicy } from './check.js'
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
  /** Seconds, or `ANY_AGE`. */
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
 * @throws {TypeError} unless the policy is what `parsePolicy` returns
 * @throws {TypeError|RangeError} if a root is not a canonical field element, or 0
 */
export function anchorsRoot(options: { readonly policy: Policy; readonly roots: Roots }): bigint {
  const { policy, roots } = checked(options)
  const text = policy.slots
    .flatMap(({ issuers }) => issuers.map((issuer) => rootsOf(issuer, roots)))
    .map(({ registryRoot, statusRoot }) => `${registryRoot} ${statusRoot}`)
    .join()
  let own = computed.get(policy)
  if (own === undefined) {
    own = new Map()
    computed.set(policy, own)
  }
  let root = own.get(text)
  if (root === undefined) {
    root = anchorsOf(options).root
    if (own.size >= KEPT) own.delete(own.keys().next().value as string)
    own.set(text, root)
  }
  return root
}

/**
 * Roots that were computed, by the policy, which is frozen, and by what the snapshot says of its issuers. A verifier asks for the
 * same again with each proof, and hashing them takes longer than the proof.
 */
const computed = new WeakMap<Policy, Map<string, bigint>>()
const KEPT = 16

/** Builds the snapshot whose root is {@link anchorsRoot}. */
export function anchorsOf(options: { readonly policy: Policy; readonly roots: Roots }): Anchors {
  const { policy, roots } = checked(options)
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

function checked(options: { readonly policy: Policy; readonly roots: Roots }): typeof options {
  requireObject(options, 'options')
  const { policy, roots } = options
  requirePolicy(policy)
  if (
    typeof roots !== 'object' ||
    roots === null ||
    typeof roots.issuers !== 'object' ||
    roots.issuers === null
  ) {
    throw new TypeError('roots must be an object with issuers')
  }
  return options
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
  const { registryRoot, statusRoot } = rootsOf(issuer, roots)
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

function rootsOf(issuer: IssuerId, roots: Roots): { registryRoot: bigint; statusRoot: bigint } {
  const known = Object.hasOwn(roots.issuers, issuer) ? roots.issuers[issuer] : undefined
  return {
    registryRoot: rootOf(known?.registry, 'registry'),
    statusRoot: rootOf(known?.status, 'status'),
  }
}

function rootOf(root: bigint | undefined, kind: string): bigint {
  if (root === undefined) return 0n
  assertField(root, `${kind} root`)
  if (root === 0n) throw new RangeError(`${kind} root must not be 0`)
  return root
}
