/**
 * What fills the circuit's private inputs when the verifier's branch holds: SBTs and openings of the shape that a holder's
 * have, made of random numbers, so that computing witness and proof takes as long. Public signals and proof would be the
 * same without.
 */
import { BASE8, multiply, SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { randomBelow } from '../crypto/random.js'
import { FIELD_MODULUS } from '../field.js'
import { type MerkleProof, QUATERNARY_DEPTH } from '../merkle/proof.js'
import { intervalLeaf, type SetProof } from '../merkle/set.js'
import { ANY_AGE, type AnchorLeaf, type Anchors } from '../policy/anchors.js'
import type { Program } from '../policy/compile.js'
import { evaluateFormula, slotsOf } from '../policy/formula.js'
import type { Policy } from '../policy/types.js'
import { parseIssuerId } from '../sbt/issuer.js'
import { type Anchor, completeSbt, type HeldSbt, REGISTRY_CAPACITY } from '../sbt/sbt.js'
import type { ClaimType, ClaimValue } from '../sbt/schema.js'
import { holderOf } from '../soul/index.js'
import type { PlacedSbt } from '../statements/policy.js'

/** What a made-up wallet stands for. */
export interface Decoys {
  readonly placed: readonly PlacedSbt[]
  readonly openings: readonly (SetProof | undefined)[]
}

/**
 * Makes up as many SBTs as a holder needs for the policy, in slots that would do, and an opening for each set of theirs.
 * None counts: nobody signed or registered them.
 *
 * @param o.commitment  of the key whose secret is the witness
 * @param o.now         Unix seconds
 */
export function makeDecoys(o: {
  readonly policy: Policy
  readonly program: Program
  readonly anchors: Anchors
  readonly commitment: bigint
  readonly now: bigint
}): Decoys {
  const { policy, program, anchors } = o
  const placed = chooseSlots(policy, program.profile.sbts).flatMap((slot): PlacedSbt[] => {
    const leaves = anchors.leaves.filter((leaf) => leaf.slot === slot)
    const usable = leaves.filter((leaf) => leaf.acceptsSigned || leaf.acceptsRegistered)
    const anchor = pick(usable.length > 0 ? usable : leaves)
    const held = makeSbt({ ...o, anchor })
    return [{ held, anchor, anchorIndex: anchors.leaves.indexOf(anchor) }]
  })
  const openings = program.sets.map((set) => {
    if (!placed.some(({ anchor }) => anchor.slot === set.slot)) return undefined
    return set.tree?.proof(randomBelow(FIELD_MODULUS)) ?? makeSetProof(set.root)
  })
  return { placed, openings }
}

/** Numbers of the fewest slots whose SBTs could satisfy the policy; which, at random if there is a choice. */
function chooseSlots(policy: Policy, most: number): number[] {
  const slots = policy.slots.map(({ name, index }) => ({ name, index }))
  const holds = (chosen: readonly { readonly name: string }[]): boolean =>
    evaluateFormula(policy.require, (leaf) =>
      slotsOf(leaf).every((name) => chosen.some((slot) => slot.name === name)),
    )
  for (let size = 1; size <= Math.min(most, slots.length); size++) {
    const choices = combinations(slots, size).filter(holds)
    if (choices.length > 0) return pick(choices).map(({ index }) => index)
  }
  return slots.slice(0, most).map(({ index }) => index)
}

function combinations<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]]
  return items.flatMap((item, i) =>
    combinations(items.slice(i + 1), size - 1).map((others) => [item, ...others]),
  )
}

function makeSbt(o: {
  readonly policy: Policy
  readonly anchor: AnchorLeaf
  readonly commitment: bigint
  readonly now: bigint
}): HeldSbt {
  const { policy, anchor, commitment, now } = o
  const { schema } = policy.slots.find((slot) => slot.index === anchor.slot)!
  const salt = randomBelow(1n << 248n)
  const oldest = anchor.maxAge === ANY_AGE ? 100_000_000n : anchor.maxAge
  const age = randomBelow(1n + (oldest < now ? oldest : now))
  const sbt = completeSbt({
    issuer: anchor.issuer,
    schema,
    holder: holderOf(commitment, salt),
    issuedAt: now - age,
    expiresAt: now + 1n + randomBelow(100_000_000n),
    statusId: Number(randomBelow(BigInt(REGISTRY_CAPACITY))),
    claims: Object.fromEntries(
      Object.entries(schema.claims).map(([name, type]) => [name, randomClaim(type)]),
    ),
  })
  return { sbt, salt, anchor: makeAnchor(anchor, sbt.statusId) }
}

function makeAnchor(anchor: AnchorLeaf, statusId: number): Anchor {
  const canSign = parseIssuerId(anchor.issuer).kind === 'key'
  if (!canSign || !anchor.acceptsSigned) {
    const index = Number(randomBelow(BigInt(REGISTRY_CAPACITY)))
    return { registered: makeOpening(anchor.registryRoot, index) }
  }
  const R8 = multiply(BASE8, randomBelow(SUBGROUP_ORDER))
  const signature = { R8, S: randomBelow(SUBGROUP_ORDER) }
  return anchor.wantsStatus ? { signature, status: makeOpening(anchor.statusRoot, statusId) } : { signature }
}

function makeOpening(root: bigint, index: number): MerkleProof {
  const siblings = Array.from({ length: QUATERNARY_DEPTH }, () =>
    Array.from({ length: 3 }, () => randomBelow(FIELD_MODULUS)),
  )
  return { root, leaf: 0n, index, siblings }
}

function makeSetProof(root: bigint): SetProof {
  const low = randomBelow(FIELD_MODULUS - (1n << 252n))
  const high = low + 1n + randomBelow(1n << 252n)
  const opening = makeOpening(root, Number(randomBelow(BigInt(REGISTRY_CAPACITY))))
  return { ...opening, leaf: intervalLeaf(low, high, true), member: true, low, high }
}

function randomClaim(type: ClaimType): ClaimValue {
  switch (type) {
    case 'bool':
      return randomBelow(2n) === 1n
    case 'string':
      return randomBelow(1n << 64n).toString(36)
    case 'bytes':
      return globalThis.crypto.getRandomValues(new Uint8Array(16))
    case 'field':
      return randomBelow(FIELD_MODULUS)
    case 'int':
    case 'date':
      return randomBelow(1n << 31n)
    case 'uint':
      return randomBelow(1n << 32n)
  }
}

function pick<T>(items: readonly T[]): T {
  return items[Number(randomBelow(BigInt(items.length)))] as T
}
