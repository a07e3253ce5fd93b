/** Searches which SBTs of a wallet can fill the slots of a policy such that its formula holds. */
import { SoulproofError } from '../errors.js'
import { MIRRORED } from './contradictions.js'
import { evaluateParts, forcedLeaves, type Leaf, partsOf, slotsOf } from './formula.js'
import type { ClaimRef, CompareOperator, Formula } from './types.js'

/** Most steps of a search, each a look at a formula node or at a kind of SBT; a few seconds. */
const MAX_STEPS = 20_000_000

/** SBTs that count for a slot and that its policy cannot tell apart. */
export interface Kind {
  /** The predicates on this slot alone that hold. */
  readonly holds: ReadonlySet<Leaf>
  /** Encoded claims that other slots' claims are compared with, by position. */
  readonly claims: ReadonlyMap<number, bigint>
  /** Hashes of the SBTs. */
  readonly members: readonly bigint[]
}

/** The kinds of SBTs that may fill each slot, by the slot's name. */
export type Kinds = ReadonlyMap<string, readonly Kind[]>

/** A comparison of the claims of two slots. */
interface Link {
  readonly left: ClaimRef
  readonly operator: CompareOperator
  readonly right: ClaimRef
}

/** What a search has decided so far. */
interface Decisions {
  /** Predicates that have to hold, and predicates that are done without. */
  readonly truth: ReadonlyMap<Leaf, boolean>
  /** What may still fill each slot. */
  readonly kinds: Kinds
  /** Slots of which a predicate has to hold. */
  readonly needed: ReadonlySet<string>
  readonly links: readonly Link[]
}

/** Compares two encoded claims. */
export function compare(left: bigint, operator: CompareOperator, right: bigint): boolean {
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

/** Tells whether a predicate holds for some SBTs, whatever the other predicates need. */
export function isPossible(leaf: Leaf, kinds: Kinds): boolean {
  const link = linkOf(leaf)
  if (link === undefined) return kindsOf(kinds, slotsOf(leaf)[0]).some(({ holds }) => holds.has(leaf))
  return supported(link, kinds).length > 0
}

/**
 * Returns different SBTs, by their hashes, that satisfy the formula in the slots that it needs; undefined if there are none.
 *
 * Decides predicate by predicate: that it has to hold, which narrows what may fill its slot and, if the slot is new, has
 * to leave different SBTs for all slots; or that it does not, which leaves the kinds for which it fails. So no two
 * branches try the same kinds in the same slots, and there are at most 2^n of them for n predicates, whatever the wallet.
 *
 * @param options.known  predicates that no SBT decides, such as those on ledgers, and whether they hold
 * @throws {SoulproofError} after `maxSteps` steps
 */
export function findAssignment(options: {
  readonly formula: Formula
  readonly kinds: Kinds
  readonly known?: ReadonlyMap<Leaf, boolean>
  readonly maxSteps?: number
}): { readonly assignment: ReadonlyMap<string, bigint> | undefined; readonly steps: number } {
  const { formula, kinds, known = new Map(), maxSteps = MAX_STEPS } = options
  let steps = 0
  const count = (more: number): void => {
    steps += more
    if (steps > maxSteps) {
      throw new SoulproofError('the wallet offers too many combinations for this policy; offer fewer SBTs')
    }
  }

  const search = (state: Decisions): ReadonlyMap<string, bigint> | undefined => {
    const open: Leaf[] = []
    const value = truthOf(formula, state, open, count)
    if (value === true) return fill(state, count)
    const [leaf] = open
    if (value === false || leaf === undefined) return undefined
    const required = requireLeaf(state, leaf)
    count(sizeOf(required.kinds))
    if (fill(required, count) !== undefined) {
      const found = search(required)
      if (found !== undefined) return found
    }
    return search(forgoLeaf(state, leaf))
  }

  const forced = forcedLeaves(formula).filter((leaf) => !known.has(leaf))
  const start = forced.reduce(requireLeaf, {
    truth: known,
    kinds,
    needed: new Set(),
    links: [],
  } satisfies Decisions)
  const assignment = fill(start, count) === undefined ? undefined : search(start)
  return { assignment, steps }
}

function requireLeaf(state: Decisions, leaf: Leaf): Decisions {
  const link = linkOf(leaf)
  const [slot = ''] = slotsOf(leaf)
  return {
    truth: new Map(state.truth).set(leaf, true),
    kinds: link === undefined ? narrowed(state.kinds, slot, (kind) => kind.holds.has(leaf)) : state.kinds,
    needed: new Set([...state.needed, ...slotsOf(leaf)]),
    links: link === undefined ? state.links : [...state.links, link],
  }
}

function forgoLeaf(state: Decisions, leaf: Leaf): Decisions {
  const truth = new Map(state.truth).set(leaf, false)
  const [slot = ''] = slotsOf(leaf)
  if (linkOf(leaf) !== undefined) return { ...state, truth }
  return { ...state, truth, kinds: narrowed(state.kinds, slot, (kind) => !kind.holds.has(leaf)) }
}

/** Whether the formula holds by what is decided; undefined while it depends on predicates, which go to `open`. */
function truthOf(
  formula: Formula,
  state: Decisions,
  open: Leaf[],
  count: (steps: number) => void,
): boolean | undefined {
  count(1)
  if (partsOf(formula).length === 0) {
    const leaf = formula as Leaf
    const value = state.truth.get(leaf) ?? impliedOf(leaf, state, count)
    if (value === undefined) open.push(leaf)
    return value
  }
  const values = new Map<Formula, boolean | undefined>()
  const inner: Leaf[] = []
  for (const part of partsOf(formula)) values.set(part, truthOf(part, state, inner, count))
  if (evaluateParts(formula, (part) => values.get(part) === true)) return true
  if (!evaluateParts(formula, (part) => values.get(part) !== false)) return false
  open.push(...inner)
  return undefined
}

/** What the kinds that are left say of a predicate on one slot. */
function impliedOf(leaf: Leaf, state: Decisions, count: (steps: number) => void): boolean | undefined {
  const [slot] = slotsOf(leaf)
  const kinds = kindsOf(state.kinds, slot)
  if (linkOf(leaf) !== undefined) {
    return slotsOf(leaf).some((name) => kindsOf(state.kinds, name).length === 0) ? false : undefined
  }
  count(kinds.length)
  if (!kinds.some(({ holds }) => holds.has(leaf))) return false
  return state.needed.has(slot as string) && kinds.every(({ holds }) => holds.has(leaf)) ? true : undefined
}

/** Returns different SBTs for the needed slots that agree with the links. */
function fill(state: Decisions, count: (steps: number) => void): ReadonlyMap<string, bigint> | undefined {
  const kinds = propagate(state, count)
  if (kinds === undefined) return undefined
  const matching = match(state.needed, kinds, count)
  if (matching === undefined) return undefined
  // While several kinds are left on both sides of a link, one has to be tried after the other.
  const undecided = state.links
    .filter(({ left, right }) => [left, right].every(({ slot }) => kindsOf(kinds, slot).length > 1))
    .flatMap(({ left, right }) => [left.slot, right.slot])
  const [slot] = undecided.sort((a, b) => kindsOf(kinds, a).length - kindsOf(kinds, b).length)
  if (slot === undefined) return matching
  for (const kind of kindsOf(kinds, slot)) {
    const found = fill({ ...state, kinds: new Map(kinds).set(slot, [kind]) }, count)
    if (found !== undefined) return found
  }
  return undefined
}

/** Drops kinds that some link leaves without a partner, until none is; undefined if a needed slot has none left. */
function propagate({ kinds, needed, links }: Decisions, count: (steps: number) => void): Kinds | undefined {
  const left = new Map(kinds)
  for (let changed = true; changed; ) {
    changed = false
    for (const link of links) {
      for (const side of [link, mirror(link)]) {
        const { slot } = side.left
        count(kindsOf(left, slot).length + kindsOf(left, side.right.slot).length)
        const kept = supported(side, left)
        if (kept.length === kindsOf(left, slot).length) continue
        left.set(slot, kept)
        changed = true
      }
    }
  }
  return [...needed].some((slot) => kindsOf(left, slot).length === 0) ? undefined : left
}

/** The kinds on the left of a link for which there is one on the right. */
function supported({ left, operator, right }: Link, kinds: Kinds): readonly Kind[] {
  const partners = new Set(
    kindsOf(kinds, right.slot).map(({ claims }) => claims.get(right.position) as bigint),
  )
  let [least, greatest] = [undefined, undefined] as [bigint | undefined, bigint | undefined]
  for (const value of partners) {
    if (least === undefined || value < least) least = value
    if (greatest === undefined || value > greatest) greatest = value
  }
  if (least === undefined || greatest === undefined) return []
  const [low, high] = [least, greatest]
  return kindsOf(kinds, left.slot).filter(({ claims }) => {
    const value = claims.get(left.position) as bigint
    if (operator === 'eq') return partners.has(value)
    // Of all partners, the least and the greatest fit if any does.
    return compare(value, operator, low) || compare(value, operator, high)
  })
}

/** Finds a different SBT for each slot, moving slots to other SBTs where needed (Kuhn 1955). */
function match(
  slots: ReadonlySet<string>,
  kinds: Kinds,
  count: (steps: number) => void,
): ReadonlyMap<string, bigint> | undefined {
  // As many SBTs as there are slots suffice for each: the other slots take fewer.
  const offers = new Map([...slots].map((slot) => [slot, firstMembers(kindsOf(kinds, slot), slots.size)]))
  const holders = new Map<bigint, string>()
  const place = (slot: string, tried: Set<bigint>): boolean => {
    for (const hash of offers.get(slot) ?? []) {
      count(1)
      if (tried.has(hash)) continue
      tried.add(hash)
      const holder = holders.get(hash)
      if (holder === undefined || place(holder, tried)) {
        holders.set(hash, slot)
        return true
      }
    }
    return false
  }
  for (const slot of slots) if (!place(slot, new Set())) return undefined
  return new Map([...holders].map(([hash, slot]) => [slot, hash]))
}

function firstMembers(kinds: readonly Kind[], limit: number): bigint[] {
  const found: bigint[] = []
  for (const { members } of kinds) {
    if (found.length >= limit) break
    found.push(...members.slice(0, limit - found.length))
  }
  return found
}

function narrowed(kinds: Kinds, slot: string, keeps: (kind: Kind) => boolean): Kinds {
  return new Map(kinds).set(slot, kindsOf(kinds, slot).filter(keeps))
}

function linkOf(leaf: Leaf): Link | undefined {
  if (leaf.kind !== 'compare' || leaf.right.kind !== 'claim' || leaf.right.claim.slot === leaf.left.slot)
    return undefined
  return { left: leaf.left, operator: leaf.operator, right: leaf.right.claim }
}

function mirror({ left, operator, right }: Link): Link {
  return { left: right, operator: MIRRORED[operator], right: left }
}

function kindsOf(kinds: Kinds, slot: string | undefined): readonly Kind[] {
  return (slot === undefined ? undefined : kinds.get(slot)) ?? []
}

function sizeOf(kinds: Kinds): number {
  let size = 0
  for (const each of kinds.values()) size += each.length
  return size
}
