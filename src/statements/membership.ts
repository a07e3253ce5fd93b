import { requireMethods, requireObject, StatementError } from '../errors.js'
import type { Group } from '../merkle/group.js'
import { leanRoot } from '../merkle/proof.js'
import { requireSoul } from '../soul/check.js'
import type { Soul } from '../soul/index.js'
import { assertSecret, bitsOf, type ContextSignals, soulNullifier } from './context.js'
import { MEMBERSHIP_SIGNALS, type MembershipSignals, membershipPublicSignals } from './signals.js'

/** Levels of the largest group that the statement proves membership in: 2^20 members. */
export const MEMBERSHIP_DEPTH = 20

/** Inputs of a circuit by signal name. */
export type CircuitInputs = Readonly<
  Record<
    string,
    bigint | readonly bigint[] | readonly (readonly bigint[])[] | readonly (readonly (readonly bigint[])[])[]
  >
>

/** A witness' private part: whose secret, and the path in the group. */
export interface MembershipWitness {
  readonly secret: bigint
  readonly index: number
  /** One sibling per level of the path. */
  readonly siblings: readonly bigint[]
}

/** Returns the inputs of `circuits/statements/membership.circom`. Throws if the path has more than 20 levels. */
export function membershipInputs(signals: MembershipSignals, witness: MembershipWitness): CircuitInputs {
  const { secret, index, siblings } = witness
  assertSecret(secret)
  if (siblings.length > MEMBERSHIP_DEPTH) {
    throw new StatementError(`the group has ${siblings.length} levels; membership has ${MEMBERSHIP_DEPTH}`)
  }
  const pad = (items: readonly bigint[]): bigint[] => [
    ...items,
    ...Array(MEMBERSHIP_DEPTH - items.length).fill(0n),
  ]
  return {
    ...Object.fromEntries(MEMBERSHIP_SIGNALS.map((name) => [name, signals[name]])),
    secret,
    index: pad(bitsOf(index, siblings.length)),
    used: pad(siblings.map(() => 1n)),
    siblings: pad(siblings),
  }
}

/** A Merkle proof of a group: ours, or Semaphore's, whose siblings are not grouped by level. */
export interface GroupProof {
  readonly root: bigint
  readonly leaf: bigint
  readonly index: number
  readonly siblings: readonly (bigint | readonly bigint[])[]
}

/** A group to be a member of: a `Group`, a group of @semaphore-protocol/core, or the Soul's Merkle proof in either. */
export type GroupInput =
  | Pick<Group, 'indexOf' | 'proof'>
  | {
      /** Position of an identity commitment among the members, from 0; -1 if it is not there. */
      indexOf(member: bigint): number
      /** Opens the group's root at a position that `indexOf` returned. */
      generateMerkleProof(index: number): GroupProof
    }
  | GroupProof

/**
 * Prepares a proof that a Soul is a member of a group.
 *
 * @throws {StatementError} if it is not, if the group is too deep, or if a verifier key is the Soul's own
 * @throws {TypeError|RangeError} if the group or its proof is malformed
 */
export function prepareMembership(options: {
  readonly soul: Soul
  readonly group: GroupInput
  readonly context: ContextSignals
}): { inputs: CircuitInputs; publicSignals: string[] } {
  const { soul, group, context } = options
  requireSoul(soul)
  refuseOwnKey(soul, context)
  const { index, siblings } = openingOf(group, soul.commitment)
  const signals = {
    ...context,
    nullifier: soulNullifier(context, soul.secret),
    root: leanRoot({ leaf: soul.commitment, index, siblings: siblings.map((sibling) => [sibling]) }),
  }
  return {
    inputs: membershipInputs(signals, { secret: soul.secret, index, siblings }),
    publicSignals: membershipPublicSignals(signals),
  }
}

function openingOf(group: GroupInput, commitment: bigint): { index: number; siblings: bigint[] } {
  if (typeof group !== 'object' || group === null)
    throw new TypeError('group must be a group or a Merkle proof')
  let proof: GroupProof
  if ('siblings' in group) {
    proof = group
  } else {
    requireMethods(group, 'group', ['indexOf', 'proof' in group ? 'proof' : 'generateMerkleProof'])
    const at = group.indexOf(commitment)
    if (at < 0) throw new StatementError('the Soul is not a member of the group')
    proof = 'proof' in group ? group.proof(at) : group.generateMerkleProof(at)
    requireObject(proof, "the group's Merkle proof")
  }
  if (proof.leaf !== commitment)
    throw new StatementError("the Merkle proof's leaf is not the Soul's commitment")
  if (!Array.isArray(proof.siblings)) throw new TypeError('group siblings must be an array')
  const siblings = proof.siblings.map((row) => (Array.isArray(row) ? row[0] : row)) as bigint[]
  const root = leanRoot({
    leaf: commitment,
    index: proof.index,
    siblings: siblings.map((sibling) => [sibling]),
  })
  if (root !== proof.root) throw new StatementError('the Merkle proof does not lead to its root')
  return { index: proof.index, siblings }
}

/**
 * Refuses a designated proof for the holder's own key, which would prove nothing to anybody.
 *
 * @throws {StatementError} if a verifier key is the Soul's commitment
 */
export function refuseOwnKey(soul: Soul, context: ContextSignals): void {
  if (context.verifierKey === soul.commitment || context.verifierKey2 === soul.commitment) {
    throw new StatementError("a verifier key is the Soul's own commitment")
  }
}
