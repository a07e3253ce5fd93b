/**
 * Evaluates policies in the clear, straight from their meaning: which SBTs count for which slot, and whether some
 * assignment of different SBTs to slots satisfies the formula, and what the ledgers say. Independent of the compiler and the
 * circuits.
 */
import { SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { isSigned } from '../crypto/eddsa.js'
import { requireObject, SoulproofError } from '../errors.js'
import { assertUint, FIELD_MODULUS } from '../field.js'
import { type MerkleProof, quaternaryRoot } from '../merkle/proof.js'
import type { SetTree } from '../merkle/set.js'
import { parseIssuerId, type Signature } from '../sbt/issuer.js'
import { completeSbt, type HeldSbt, type Sbt } from '../sbt/sbt.js'
import { encodeClaims, SIGNED_BIAS } from '../sbt/schema.js'
import { requireSoul } from '../soul/check.js'
import { holderOf } from '../soul/index.js'
import { compare, findAssignment, isPossible, type Kind } from './assign.js'
import { requirePolicy } from './check.js'
import { claimName, evaluateFormula, forcedLeaves, type Leaf, leavesOf, partsOf, slotsOf } from './formula.js'
import { type LedgerView, viewLedger } from './ledgers.js'
import type { ClaimRef, Formula, Policy, Roots, SlotRule, Wallet } from './types.js'

/** Why a policy is not satisfied: where in the policy's JSON, and what is wrong there. Never a claim's value. */
export interface Reason {
  readonly path: string
  readonly reason: string
}

/** An SBT that counts for a slot. */
interface Candidate {
  /** With the SBT rebuilt from its fields and the policy's schema. */
  readonly held: HeldSbt
  readonly hash: bigint
  /** Encoded claims by position. */
  readonly claims: readonly bigint[]
}

interface Slot {
  readonly rule: SlotRule
  readonly candidates: readonly Candidate[]
  readonly kinds: readonly Kind[]
  /** Why no SBT fills the slot; empty if one does. */
  readonly unfilled: string
}

/**
 * Tells whether a wallet satisfies a policy under a verifier's roots at the time `now`, in Unix seconds below 2^64, and if
 * not, why. Arithmetic is over the integers: `{ now: offset }` may lie outside the range of a claim's type.
 *
 * Says nothing of profiles: a policy that is too large for all of them, and cannot be proved, may be satisfied too.
 *
 * @throws {TypeError|RangeError} if `now` is out of range, or policy or wallet are not of their types
 * @throws {SoulproofError} if the wallet offers too many combinations to search, which takes a policy of more predicates
 *   than any profile has, or comparisons of claims that go in circles
 */
export function evaluatePolicy(options: EvaluateOptions): { satisfied: boolean; reasons: Reason[] } {
  const { assignment, reasons } = assignSbts(options)
  return { satisfied: assignment !== undefined, reasons }
}

/** A wallet and what it is judged by: a policy, one snapshot of roots, and the time in Unix seconds. */
export type EvaluateOptions = Wallet & {
  readonly policy: Policy
  readonly roots: Roots
  readonly now: bigint
}

/**
 * Returns different SBTs that satisfy a policy, by the names of their slots, or the reasons why there are none. Slots
 * that the formula can do without may stay empty.
 *
 * @param known  what {@link inspector} found for this Soul, roots and time before, to judge one wallet by many policies
 * @throws as {@link evaluatePolicy} does
 */
export function assignSbts(
  options: EvaluateOptions,
  known?: Inspect,
): {
  readonly assignment: ReadonlyMap<string, HeldSbt> | undefined
  readonly reasons: Reason[]
} {
  requireObject(options, 'options')
  const { policy, roots, now, soul, sbts, sets = [], ledgers } = options
  requirePolicy(policy)
  assertUint(now, 64, 'now')
  requireSoul(soul)
  if (!Array.isArray(sbts)) throw new TypeError('sbts must be an array')
  if (!Array.isArray(sets)) throw new TypeError('sets must be an array')
  if (typeof roots?.issuers !== 'object' || roots.issuers === null) {
    throw new TypeError('roots.issuers must be an object')
  }
  sbts.forEach((held: unknown, i) => {
    const sbt = (held as Partial<HeldSbt> | null)?.sbt
    if (typeof sbt !== 'object' || sbt === null) throw new TypeError(`sbts[${i}] must be a held SBT`)
  })
  const leaves = leavesOf(policy.require)
  const inspect = known ?? inspector({ soulCommitment: soul.commitment, roots, now })
  const isIn = setReader(sets)
  const slots = new Map(
    policy.slots.map((rule) => [rule.name, readSlot({ rule, sbts, leaves, inspect, isIn, now })] as const),
  )
  const kinds = new Map([...slots].map(([name, slot]) => [name, slot.kinds] as const))
  const views = readLedgers({ policy, roots, ledgers, soul, leaves })
  const inLedgers = new Map(
    leaves.flatMap((leaf): [Leaf, boolean][] =>
      leaf.kind === 'ledger' ? [[leaf, holdsInLedger(leaf, views)]] : [],
    ),
  )
  const possible = (leaf: Leaf): boolean => inLedgers.get(leaf) ?? isPossible(leaf, kinds)
  if (!evaluateFormula(policy.require, possible)) {
    const explain = (leaf: Leaf): string =>
      leaf.kind === 'ledger' ? explainLedger(leaf, views) : explainLeaf(leaf, slots, sets)
    return { assignment: undefined, reasons: unique(explainFailure(policy.require, possible, explain)) }
  }
  const { assignment } = findAssignment({ formula: policy.require, kinds, known: inLedgers })
  if (assignment === undefined) return { assignment, reasons: explainConflict(policy, slots) }
  const held = [...slots].flatMap(([name, { candidates }]) =>
    candidates.flatMap((candidate): [string, HeldSbt][] =>
      assignment.get(name) === candidate.hash ? [[name, candidate.held]] : [],
    ),
  )
  return { assignment: new Map(held), reasons: [] }
}

/** Returns why an SBT does not count for a slot, or what counts. */
export type Inspect = (rule: SlotRule, held: HeldSbt) => string | Candidate

/** Checks SBTs against slots; whatever is costly is computed once per SBT. */
export function inspector(context: {
  readonly soulCommitment: bigint
  readonly roots: Roots
  readonly now: bigint
}): Inspect {
  const { soulCommitment, roots, now } = context
  const recomputed = perSbt(recompute)
  const isOwn = perSbt(({ sbt, salt }) => attempt(() => holderOf(soulCommitment, salt) === sbt.holder, false))
  const isSigned = perSbt(({ sbt, anchor }) => hasSignature(sbt, anchor))
  const registryRoot = perSbt(({ anchor }) =>
    'registered' in anchor ? rootOf(anchor.registered) : undefined,
  )
  const statusRoot = perSbt(({ anchor }) => ('registered' in anchor ? undefined : rootOf(anchor.status)))

  const anchorFault = (rule: SlotRule, held: HeldSbt): string | undefined => {
    const { sbt, anchor } = held
    const known = Object.hasOwn(roots.issuers, sbt.issuer) ? roots.issuers[sbt.issuer] : undefined
    if ('registered' in anchor) {
      if (rule.anchor === 'signed') return 'registered, where only signed ones count'
      if (known?.registry === undefined) return 'registered by an issuer without an accepted registry root'
      if (registryRoot(held) !== known.registry)
        return 'not in the accepted registry (a root or path that differs)'
      if (anchor.registered.leaf === 0n) return 'revoked'
      return anchor.registered.leaf === sbt.leaf ? undefined : 'registered with a proof for another leaf'
    }
    if (rule.anchor === 'registered') return 'signed, where only registered ones count'
    if (parseIssuerId(sbt.issuer).kind !== 'key') return 'of a contract, which cannot sign'
    if (!isSigned(held)) return 'without a valid signature of its issuer'
    if (rule.revocation === 'none') return undefined
    if (known?.status === undefined) return 'signed by an issuer without an accepted status root'
    if (!anchor.status) return 'without a status proof'
    if (anchor.status.index !== sbt.statusId) return 'with a status proof for another position'
    if (statusRoot(held) !== known.status)
      return 'not covered by the accepted status root (a root or path that differs)'
    return anchor.status.leaf === 0n ? undefined : 'revoked'
  }

  return (rule, held) => {
    const { sbt } = held
    if (sbt.schema?.hash !== rule.schema.hash) return 'of another schema'
    if (!rule.issuers.includes(sbt.issuer)) return 'of an issuer not accepted'
    const content = recomputed(held, rule)
    if (content === undefined) return 'malformed, or not what its hash says'
    if (!isOwn(held)) return 'issued to another Soul'
    if (sbt.issuedAt > now) return 'issued in the future'
    if (sbt.expiresAt !== 0n && sbt.expiresAt <= now) return 'expired'
    if (rule.maxAge !== undefined && now - sbt.issuedAt > rule.maxAge) return 'older than maxAge'
    return anchorFault(rule, held) ?? content
  }
}

/** Remembers the result per SBT. A second argument must not matter to the result. */
function perSbt<T>(compute: (held: HeldSbt, rule: SlotRule) => T): (held: HeldSbt, rule?: SlotRule) => T {
  const known = new Map<HeldSbt, T>()
  return (held, rule) => {
    if (known.has(held)) return known.get(held) as T
    const result = compute(held, rule as SlotRule)
    known.set(held, result)
    return result
  }
}

/** Rebuilds the SBT's hash and leaf with the policy's schema, whose hash the SBT's is known to equal. */
function recompute(held: HeldSbt, { schema }: SlotRule): Candidate | undefined {
  const { sbt, anchor } = held
  return attempt(() => {
    if (typeof anchor !== 'object' || anchor === null) return undefined
    const complete = completeSbt({ ...sbt, schema })
    const { hash, leaf } = complete
    if (hash !== sbt.hash || leaf !== sbt.leaf) return undefined
    return { held: { ...held, sbt: complete }, hash, claims: encodeClaims(schema, sbt.claims) }
  }, undefined)
}

function hasSignature(sbt: Sbt, anchor: HeldSbt['anchor']): boolean {
  const issuer = parseIssuerId(sbt.issuer)
  if (issuer.kind !== 'key' || !('signature' in anchor)) return false
  return isCanonical(anchor.signature) && isSigned(issuer.publicKey, sbt.hash, anchor.signature)
}

function isCanonical(signature: Signature | undefined): boolean {
  const isBelow = (value: unknown, bound: bigint): boolean =>
    typeof value === 'bigint' && value >= 0n && value < bound
  const { R8, S } = signature ?? {}
  return isBelow(S, SUBGROUP_ORDER) && isBelow(R8?.[0], FIELD_MODULUS) && isBelow(R8?.[1], FIELD_MODULUS)
}

function rootOf(proof: MerkleProof | undefined): bigint | undefined {
  return proof === undefined ? undefined : attempt(() => quaternaryRoot(proof), undefined)
}

/** Runs a check on data of the wallet, which may be malformed in every way. */
function attempt<T>(check: () => T, otherwise: T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof SoulproofError)
      return otherwise
    throw error
  }
}

/** Tells whether an encoded value is in the set with a root; undefined without that set's tree. */
type IsIn = (root: bigint, value: bigint) => boolean | undefined

function setReader(sets: readonly SetTree[]): IsIn {
  const trees = new Map(sets.map((tree) => [tree.root, tree]))
  const known = new Map<string, boolean>()
  return (root, value) => {
    const tree = trees.get(root)
    if (tree === undefined) return undefined
    const key = `${root} ${value}`
    let member = known.get(key)
    if (member === undefined) {
      member = tree.proof(value).member
      known.set(key, member)
    }
    return member
  }
}

function readSlot(context: {
  readonly rule: SlotRule
  readonly sbts: readonly HeldSbt[]
  readonly leaves: readonly Leaf[]
  readonly inspect: Inspect
  readonly isIn: IsIn
  readonly now: bigint
}): Slot {
  const { rule, sbts, leaves, inspect, isIn, now } = context
  const found = new Map<bigint, Candidate>()
  const faults = new Map<string, number>()
  for (const held of sbts) {
    const verdict = inspect(rule, held)
    if (typeof verdict === 'string') faults.set(verdict, (faults.get(verdict) ?? 0) + 1)
    else if (!found.has(verdict.hash)) found.set(verdict.hash, verdict)
  }
  const candidates = [...found.values()]
  const counts = [...faults].map(([fault, count]) => `${count} ${count === 1 ? 'is' : 'are'} ${fault}`)
  const unfilled = `no SBT in the wallet fills slot ${rule.name}: ${counts.length === 0 ? 'the wallet is empty' : counts.join(', ')}`
  const touching = leaves.filter((leaf) => slotsOf(leaf).includes(rule.name))
  const own = touching.filter((leaf) => slotsOf(leaf).length === 1)
  const compared = touching
    .filter((leaf) => slotsOf(leaf).length === 2)
    .map((leaf) => sideOf(leaf, rule.name).position)
  const kinds = new Map<string, Kind & { members: bigint[] }>()
  for (const { hash, claims } of candidates) {
    const holds = new Set(own.filter((leaf) => holdsFor(leaf, claims, isIn, now)))
    const others = new Map(compared.map((position) => [position, claims[position] as bigint]))
    const key = [...own.map((leaf) => (holds.has(leaf) ? 1 : 0)), ...others.values()].join()
    const kind = kinds.get(key) ?? { holds, claims: others, members: [] }
    kind.members.push(hash)
    kinds.set(key, kind)
  }
  return {
    rule,
    candidates,
    // What holds most is tried first.
    kinds: [...kinds.values()].sort((a, b) => b.holds.size - a.holds.size),
    unfilled: candidates.length === 0 ? unfilled : '',
  }
}

/** The claim of one slot in a comparison of two slots' claims. */
function sideOf(leaf: Leaf, slot: string): ClaimRef {
  if (leaf.kind !== 'compare' || leaf.right.kind !== 'claim')
    throw new TypeError('leaf must compare two claims')
  return leaf.left.slot === slot ? leaf.left : leaf.right.claim
}

/** Evaluates a predicate on one slot alone. */
function holdsFor(leaf: Leaf, claims: readonly bigint[], isIn: IsIn, now: bigint): boolean {
  if (leaf.kind === 'has') return true
  if (leaf.kind === 'ledger') return false
  const { left } = leaf
  const value = claims[left.position] as bigint
  if (leaf.kind === 'in') {
    if (leaf.set.kind === 'list') return leaf.set.values.includes(value) === leaf.member
    return isIn(leaf.set.root, value) === leaf.member
  }
  switch (leaf.right.kind) {
    case 'constant':
      return compare(value, leaf.operator, leaf.right.value)
    case 'claim':
      return compare(value, leaf.operator, claims[leaf.right.claim.position] as bigint)
    case 'now':
      return compare(
        value,
        leaf.operator,
        now + leaf.right.offset + (left.type === 'uint' ? 0n : SIGNED_BIAS),
      )
  }
}

/** Collects why a formula is false even if every predicate may choose its SBTs freely. */
function explainFailure(
  formula: Formula,
  possible: (leaf: Leaf) => boolean,
  explain: (leaf: Leaf) => string,
): Reason[] {
  const parts = partsOf(formula)
  if (parts.length === 0) return [{ path: formula.path, reason: explain(formula as Leaf) }]
  const failed = parts.filter((part) => !evaluateFormula(part, possible))
  const below = failed.flatMap((part) => explainFailure(part, possible, explain))
  const held = parts.length - failed.length
  switch (formula.kind) {
    case 'any':
      return [{ path: formula.path, reason: `none of ${parts.length} alternatives holds` }, ...below]
    case 'atLeast':
      return [
        {
          path: formula.path,
          reason: `at most ${held} of ${parts.length} can hold, ${formula.min} are needed`,
        },
        ...below,
      ]
    case 'weighted':
      return [
        { path: formula.path, reason: `the parts that can hold weigh less than ${formula.min}` },
        ...below,
      ]
    default:
      return below
  }
}

type LedgerLeaf = Extract<Leaf, { kind: 'ledger' }>

/** Reads the ledgers that the formula asks, by name. */
function readLedgers(
  options: Pick<Wallet, 'soul'> & {
    readonly policy: Policy
    readonly roots: Roots
    readonly leaves: readonly Leaf[]
    readonly ledgers: Wallet['ledgers'] | undefined
  },
): ReadonlyMap<string, LedgerView> {
  const { policy, roots, ledgers, soul, leaves } = options
  const read = new Set(leaves.flatMap((leaf) => (leaf.kind === 'ledger' ? [leaf.ledger] : [])))
  const rules = policy.ledgers.filter(({ name }) => read.has(name))
  return new Map(
    rules.map((rule) => [rule.name, viewLedger({ rule, roots, ledgers, secret: soul.secret })] as const),
  )
}

function holdsInLedger(leaf: LedgerLeaf, views: ReadonlyMap<string, LedgerView>): boolean {
  const tally = views.get(leaf.ledger)?.tallies?.[leaf.position]
  return tally !== undefined && compare(tally[leaf.field], leaf.operator, leaf.value)
}

function explainLedger(leaf: LedgerLeaf, views: ReadonlyMap<string, LedgerView>): string {
  const { ledger, category, field } = leaf
  return views.get(ledger)?.fault ?? `the comparison on ${ledger}.${category}.${field} does not hold`
}

function explainLeaf(
  leaf: Exclude<Leaf, LedgerLeaf>,
  slots: ReadonlyMap<string, Slot>,
  sets: readonly SetTree[],
): string {
  const unfilled = slotsOf(leaf).flatMap((name) => slots.get(name)?.unfilled || [])
  if (unfilled.length > 0) return unfilled.join('; ')
  if (leaf.kind === 'in' && leaf.set.kind === 'root') {
    const { root } = leaf.set
    if (!sets.some((tree) => tree.root === root))
      return 'set tree missing: the wallet has no set with this root'
  }
  const counts = slotsOf(leaf).map((name) => {
    const count = slots.get(name)?.candidates.length ?? 0
    return `${count} SBT${count === 1 ? '' : 's'} that fill${count === 1 ? 's' : ''} slot ${name}`
  })
  const what = leaf.kind === 'in' ? 'set' : 'comparison'
  const subject = leaf.kind === 'has' ? leaf.slot : claimName(leaf.left)
  return `the ${what} on ${subject} does not hold for the ${counts.join(' and the ')}`
}

/** Says why predicates that hold one by one do not hold together. */
function explainConflict(policy: Policy, slots: ReadonlyMap<string, Slot>): Reason[] {
  const forced = forcedLeaves(policy.require)
  const reasons: Reason[] = []
  for (const { rule, kinds } of slots.values()) {
    const own = forced.filter((leaf) => slotsOf(leaf).length === 1 && slotsOf(leaf)[0] === rule.name)
    if (!kinds.some(({ holds }) => own.every((leaf) => holds.has(leaf)))) {
      const paths = own.map(({ path }) => path).join(', ')
      if (own.length > 0) {
        reasons.push({ path: `sbts.${rule.name}`, reason: `no single SBT satisfies all of ${paths}` })
      }
    }
  }
  if (reasons.length > 0) return reasons
  return [
    {
      path: 'require',
      reason:
        'each predicate that is needed can hold alone, but no choice of SBTs, a different one for each slot, satisfies them together',
    },
  ]
}

function unique(reasons: readonly Reason[]): Reason[] {
  return [...new Map(reasons.map((reason) => [`${reason.path} ${reason.reason}`, reason])).values()]
}
