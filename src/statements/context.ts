import { SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { assertBelow, assertField, type FieldInput, toField } from '../field.js'

export { handleOf } from '../soul/handle.js'

/** What a proof is bound to. */
export interface Context {
  /** Within one scope a Soul has one nullifier: a poll, a drop, an app. */
  readonly scope: FieldInput
  /** Bound to the proof and not part of the nullifier: a recipient, a ballot, a session's nonce. */
  readonly message: FieldInput
  /** Commitment of the verifier to whom alone the proof is convincing; absent or 0 means everybody. */
  readonly verifierKey?: bigint
  readonly verifierKey2?: bigint
}

/** A context as field elements. */
export interface ContextSignals {
  readonly scope: bigint
  readonly message: bigint
  readonly verifierKey: bigint
  readonly verifierKey2: bigint
  /** Of timed statements: the scope is that of the beacon already. */
  readonly isTimed?: true
}

/**
 * Reads a context; absent verifier keys are exactly 0.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function contextSignals(context: Context): ContextSignals {
  const { verifierKey = 0n, verifierKey2 = 0n } = context
  assertField(verifierKey, 'verifierKey')
  assertField(verifierKey2, 'verifierKey2')
  return {
    scope: toField(context.scope, 'scope'),
    message: toField(context.message, 'message'),
    verifierKey,
    verifierKey2,
  }
}

/**
 * Returns the scope from which the nullifier is derived: the context's, or for a designated proof
 * Poseidon(tag, scope, verifierKey, verifierKey2, 0).
 */
export function effectiveScope(context: Omit<ContextSignals, 'message'>): bigint {
  const { scope, verifierKey, verifierKey2, isTimed } = context
  if (isTimed || !isDesignated(context)) return scope
  return poseidon([DOMAIN.designatedScope, scope, verifierKey, verifierKey2, 0n])
}

/**
 * Returns the context of a timed statement, whose public scope is Poseidon(tag, scope, verifierKey, verifierKey2, beacon):
 * the circuit does not know the beacon, so that prover and verifier both compute it outside.
 */
export function timedContext(context: ContextSignals, beacon: bigint): ContextSignals {
  const { scope, verifierKey, verifierKey2 } = context
  const hidden = poseidon([DOMAIN.designatedScope, scope, verifierKey, verifierKey2, beacon])
  return { ...context, scope: hidden, isTimed: true }
}

/**
 * Returns the nullifier of a Soul in a context. Designated proofs have a tag of their own, so that no app can choose a
 * designated scope as its public one and meet the transcript's nullifier there.
 */
export function soulNullifier(context: Omit<ContextSignals, 'message'>, secret: bigint): bigint {
  const tag = isDesignated(context) ? DOMAIN.designatedNullifier : DOMAIN.nullifier
  return poseidon([tag, effectiveScope(context), secret])
}

/** Returns the nullifier of a person in a context, from the encoded value of a secret claim. */
export function personalNullifier(context: Omit<ContextSignals, 'message'>, claim: bigint): bigint {
  const tag = isDesignated(context) ? DOMAIN.designatedPersonalNullifier : DOMAIN.personalNullifier
  return poseidon([tag, effectiveScope(context), claim])
}

function isDesignated({ verifierKey, verifierKey2, isTimed }: Omit<ContextSignals, 'message'>): boolean {
  return isTimed === true || verifierKey !== 0n || verifierKey2 !== 0n
}

/** Checks a secret scalar: 0 <= secret < l. */
export function assertSecret(secret: unknown): asserts secret is bigint {
  assertBelow(secret, SUBGROUP_ORDER, 'secret', 'the subgroup order')
}

/** The bits of a position, lowest first. */
export function bitsOf(value: number, width: number): bigint[] {
  return Array.from({ length: width }, (_, i) => BigInt(Math.floor(value / 2 ** i) % 2))
}

/**
 * Returns the four children of every node on the path of an opening, from the leaf up, as quaternary gadgets take them,
 * and the root.
 */
export function childrenOf(path: {
  readonly leaf: bigint
  readonly index: number
  readonly siblings: readonly (readonly bigint[])[]
}): { children: bigint[][]; root: bigint } {
  let node = path.leaf
  let position = path.index
  const children = path.siblings.map((row) => {
    const nodes = [...row]
    nodes.splice(position % 4, 0, node)
    node = poseidon(nodes)
    position = Math.floor(position / 4)
    return nodes
  })
  return { children, root: node }
}

/** An opening of a leaf among siblings that are all 0, for parts of a circuit that are not used. */
export function emptyPath(leaf: bigint, depth: number, index = 0): ReturnType<typeof childrenOf> {
  return childrenOf({ leaf, index, siblings: Array.from({ length: depth }, () => [0n, 0n, 0n]) })
}
