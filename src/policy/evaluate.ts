/**
 * Evaluates policies in the clear, straight from their meaning: which SBTs count for which slot, and whether some
 * assignment of different SBTs to slots satisfies the formula, and what the ledgers say. Independent of the compiler and the
 * circuits.
 */
import { SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { SoulproofError } from '../errors.js'
import { assertField, assertUint, FIELD_MODULUS } from '../field.js'
import { type MerkleProof, quaternaryRoot } from '../merkle/proof.js'
import type { SetTree } from '../merkle/set.js'
import { isSbtSigned, parseIssuerId, type Signature } from '../sbt/issuer.js'
import { completeSbt, type HeldSbt, type Sbt } from '../sbt/sbt.js'
import { encodeClaims, SIGNED_BIAS } from '../sbt/schema.js'
import { holderOf } from '../soul/index.js'
import { claimName, evaluateFormula, forcedLeaves, type Leaf, leavesOf, partsOf, slotsOf } from './formula.js'
import { type LedgerView, viewLedger } from './ledgers.js'
import type { ClaimRef, CompareOperator, Formula, Policy, Roots, SlotRule, Wallet } from './types.js'

/** Why a policy is not satisfied: where in the policy's JSON, and what is wrong there. Never a claim's value. */
export interface Reason {
  readonly path: string
  readonly reason: string
}

/** Most visits of formula nodes in one search; a few seconds. */
const MAX_VISITS = 20_000_000

/** An SBT that counts for a slot. */
interface Candidate {
  readonly hash: bigint
  /** Encoded claims by position. */
  readonly claims: readonly bigint[]
}

/** One way to fill a slot: what holds then, and the SBTs for which at least that holds. */
interface Option {
  /** Predicates on this slot alone that hold. */
  readonly holds: ReadonlySet<Leaf>
  /** Encoded claims that other slots' claims are compared with, by position. */
  readonly claims: ReadonlyMap<number, bigint>
  /** Hashes of the SBTs that fill the slot this way. */
  readonly members: readonly bigint[]
}

interface Slot {
  readonly rule: SlotRule
  readonly candidates: readonly Candidate[]
  readonly options: readonly Option[]
  /** Why no SBT fills the slot; empty if one does. */
  readonly unfilled: string
}

/**
 * Tells whether a wallet satisfies a policy under a verifier's roots at the time `now`, in Unix seconds, and if
 * not, why. Arithmetic is over the integers: `{ now: offset }` may lie outside the range of a claim's type.
 *
 * @throws {TypeError|RangeError} if `now` is not a 64-bit number, or the wallet is not of its type
 * @throws {SoulproofError} if the wallet offers too many combinations to search
 */
export function evaluatePolicy(
  options: Wallet & { readonly policy: Policy; readonly roots: Roots; readonly now: bigint },
): { satisfied: boolean; reasons: Reason[] } {
  const { policy, roots, now, soul, sbts, sets = [], ledgers } = options
  assertUint(now, 64, 'now')
  assertField(soul?.commitment, 'soul.commitment')
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
  const inspect = inspector({ soulCommitment: soul.commitment, roots, now })
  const isIn = setReader(sets)
  const slots = new Map(
    policy.slots.map((rule) => [rule.name, readSlot({ rule, sbts, leaves, inspect, isIn, now })] as const),
  )
  const views = readLedgers({ policy, roots, ledgers, soul, leaves })
  const possible = (leaf: Leaf): boolean =>
    leaf.kind === 'ledger' ? holdsInLedger(leaf, views) : isPossible(leaf, slots)
  if (!evaluateFormula(policy.require, possible)) {
    const explain = (leaf: Leaf): string =>
      leaf.kind === 'ledger' ? explainLedger(leaf, views) : explainLeaf(leaf, slots, sets)
    return { satisfied: false, reasons: unique(explainFailure(policy.require, possible, explain)) }
  }
  if (findAssignment(policy.require, slots, possible)) return { satisfied: true, reasons: [] }
  return { satisfied: false, reasons: explainConflict(policy, slots) }
}

/** Returns why an SBT does not count for a slot, or what counts. */
type Inspect = (rule: SlotRule, held: HeldSbt) => string | Candidate

/** Checks SBTs against slots; whatever is costly is computed once per SBT. */
function inspector(context: {
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
function recompute({ sbt, anchor }: HeldSbt, { schema }: SlotRule): Candidate | undefined {
  return attempt(() => {
    if (typeof anchor !== 'object' || anchor === null) return undefined
    const { hash, leaf } = completeSbt({ ...sbt, schema })
    if (hash !== sbt.hash || leaf !== sbt.leaf) return undefined
    return { hash, claims: encodeClaims(schema, sbt.claims) }
  }, undefined)
}

function hasSignature(sbt: Sbt, anchor: HeldSbt['anchor']): boolean {
  const issuer = parseIssuerId(sbt.issuer)
  if (issuer.kind !== 'key' || !('signature' in anchor)) return false
  return isCanonical(anchor.signature) && isSbtSigned(issuer.publicKey, sbt.hash, anchor.signature)
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
  const candidates: Candidate[] = []
  const faults = new Map<string, number>()
  for (const held of sbts) {
    const found = inspect(rule, held)
    if (typeof found === 'string') faults.set(found, (faults.get(found) ?? 0) + 1)
    else if (!candidates.some(({ hash }) => hash === found.hash)) candidates.push(found)
  }
  const counts = [...faults].map(([fault, count]) => `${count} ${count === 1 ? 'is' : 'are'} ${fault}`)
  const unfilled = `no SBT in the wallet fills slot ${rule.name}: ${counts.length === 0 ? 'the wallet is empty' : counts.join(', ')}`
  const touching = leaves.filter((leaf) => slotsOf(leaf).includes(rule.name))
  const own = touching.filter((leaf) => slotsOf(leaf).length === 1)
  const compared = touching
    .filter((leaf) => slotsOf(leaf).length === 2)
    .map((leaf) => sideOf(leaf, rule.name).position)
  const described = candidates.map(({ hash, claims }) => ({
    hash,
    holds: new Set(own.filter((leaf) => holdsFor(leaf, claims, isIn, now))),
    claims: new Map(compared.map((position) => [position, claims[position] as bigint])),
  }))
  const options: Option[] = []
  for (const { holds, claims } of described) {
    const members = described
      .filter((other) => isSuperset(other.holds, holds) && isSameMap(other.claims, claims))
      .map(({ hash }) => hash)
    const known = options.some(
      (option) =>
        option.holds.size === holds.size &&
        isSuperset(option.holds, holds) &&
        isSameMap(option.claims, claims),
    )
    if (!known) options.push({ holds, claims, members })
  }
  // What holds most is tried first.
  options.sort((a, b) => b.holds.size - a.holds.size)
  return { rule, candidates, options, unfilled: candidates.length === 0 ? unfilled : '' }
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

function compare(left: bigint, operator: CompareOperator, right: bigint): boolean {
  switch (operator) {
    case 'eq':
      return left === right
    case 'neq':
      return left !== right
    case 'lt':
      return left < right
    case 'lte':
      return left <= right
    case 'gt':
      return left > right
    case 'gte':
      return left >= right
  }
}

function isSuperset<T>(larger: ReadonlySet<T>, smaller: ReadonlySet<T>): boolean {
  return larger.size >= smaller.size && [...smaller].every((entry) => larger.has(entry))
}

function isSameMap<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
}

/** Evaluates a comparison of two slots' claims. */
function holdsBetween(leaf: Leaf, left: Option, right: Option): boolean {
  if (leaf.kind !== 'compare' || leaf.right.kind !== 'claim')
    throw new TypeError('leaf must compare two claims')
  const a = left.claims.get(leaf.left.position) as bigint
  const b = right.claims.get(leaf.right.claim.position) as bigint
  return compare(a, leaf.operator, b)
}

/** Tells whether a predicate holds for some SBTs, whatever the other predicates need. */
function isPossible(leaf: Leaf, slots: ReadonlyMap<string, Slot>): boolean {
  const [first, second] = slotsOf(leaf).map((name) => optionsOf(slots, name))
  if (first === undefined) return false
  if (second === undefined) return first.some(({ holds }) => holds.has(leaf))
  return first.some((left) => second.some((right) => holdsBetween(leaf, left, right)))
}

function optionsOf(slots: ReadonlyMap<string, Slot>, name: string): readonly Option[] {
  return slots.get(name)?.options ?? []
}

/** A slot's part in a search: undecided while absent, empty while null. */
type Choices = Map<string, Option | null>

/**
 * Tells whether options for the slots exist that satisfy the formula and that different SBTs can fill.
 *
 * Searches depth first over options, not SBTs, and only over slots that still matter; a partial choice is given up
 * when its formula is already false or no matching of slots to different SBTs exists.
 */
function findAssignment(
  formula: Formula,
  slots: ReadonlyMap<string, Slot>,
  isPossibleLeaf: (leaf: Leaf) => boolean,
): boolean {
  const choices: Choices = new Map()
  const possible = new Map(leavesOf(formula).map((leaf) => [leaf, isPossibleLeaf(leaf)] as const))
  let visits = 0

  /** Three-valued: undefined while choices are open, then `open` receives the undecided slots. */
  const valueOfLeaf = (leaf: Leaf, open: Set<string>): boolean | undefined => {
    if (!possible.get(leaf)) return false
    const names = slotsOf(leaf)
    // What a ledger says depends on no choice.
    if (names.length === 0) return true
    const chosen = names.map((name) => choices.get(name))
    if (chosen.includes(null)) return false
    const [left, right] = chosen
    if (chosen.includes(undefined)) {
      for (const name of names) if (!choices.has(name)) open.add(name)
      return undefined
    }
    return names.length === 1
      ? (left as Option).holds.has(leaf)
      : holdsBetween(leaf, left as Option, right as Option)
  }

  const decide = (part: Formula, open: Set<string>): boolean | undefined => {
    visits++
    if (visits > MAX_VISITS) {
      throw new SoulproofError('the wallet offers too many combinations for this policy; offer fewer SBTs')
    }
    const parts = partsOf(part)
    if (parts.length === 0) return valueOfLeaf(part as Leaf, open)
    const inner = new Set<string>()
    const values = parts.map((each) => decide(each, inner))
    const weightOf = (i: number): number => (part.kind === 'weighted' ? (part.of[i]?.weight ?? 0) : 1)
    let sure = 0
    let still = 0
    values.forEach((value, i) => {
      if (value === true) sure += weightOf(i)
      if (value !== false) still += weightOf(i)
    })
    const min = thresholdOf(part)
    if (sure >= min) return true
    if (still < min) return false
    for (const name of inner) open.add(name)
    return undefined
  }

  const search = (matching: ReadonlyMap<bigint, string>): boolean => {
    const open = new Set<string>()
    const value = decide(formula, open)
    if (value !== undefined) return value
    const [name] = open
    if (name === undefined) return false
    for (const option of optionsOf(slots, name)) {
      choices.set(name, option)
      const extended = extendMatching(matching, choices, name)
      if (extended !== undefined && search(extended)) return true
    }
    choices.set(name, null)
    if (search(matching)) return true
    choices.delete(name)
    return false
  }
  return search(new Map())
}

/** Least total weight of true parts, of weight 1 each unless weighted. */
function thresholdOf(formula: Formula): number {
  switch (formula.kind) {
    case 'all':
      return formula.of.length
    case 'atLeast':
    case 'weighted':
      return formula.min
    default:
      return 1
  }
}

/** Finds an SBT for one more slot, moving other slots to other SBTs of their options where needed (Kuhn 1955). */
function extendMatching(
  matching: ReadonlyMap<bigint, string>,
  choices: Choices,
  slot: string,
): ReadonlyMap<bigint, string> | undefined {
  const extended = new Map(matching)
  const tried = new Set<bigint>()
  const place = (name: string): boolean => {
    for (const hash of choices.get(name)?.members ?? []) {
      if (tried.has(hash)) continue
      tried.add(hash)
      const holder = extended.get(hash)
      if (holder === undefined || place(holder)) {
        extended.set(hash, name)
        return true
      }
    }
    return false
  }
  return place(slot) ? extended : undefined
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
  if (rules.length > 0) assertField(soul.secret, 'soul.secret')
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
  for (const { rule, options } of slots.values()) {
    const own = forced.filter((leaf) => slotsOf(leaf).length === 1 && slotsOf(leaf)[0] === rule.name)
    if (!options.some(({ holds }) => own.every((leaf) => holds.has(leaf)))) {
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
