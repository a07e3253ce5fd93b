/** Finds predicates that must hold together and cannot. Simple on purpose: one claim, or one pair of claims, at a time. */
import { PolicyError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import type { ClaimType } from '../sbt/schema.js'
import { claimName, forcedLeaves, forcedParts, type Leaf, partsOf } from './formula.js'
import type { CompareOperator, Formula } from './types.js'

/** Greatest field element that a value of the type is encoded as; the least is 0. */
export const GREATEST: Readonly<Record<ClaimType, bigint>> = {
  uint: (1n << 64n) - 1n,
  int: (1n << 64n) - 1n,
  date: (1n << 64n) - 1n,
  bool: 1n,
  string: (1n << 248n) - 1n,
  bytes: (1n << 248n) - 1n,
  field: FIELD_MODULUS - 1n,
}

/** Greatest count or sum of a ledger's category. */
export const GREATEST_TALLY = (1n << 64n) - 1n

/** The numbers that are left for one claim. */
interface Range {
  low: bigint
  high: bigint
  allowed?: readonly bigint[]
  readonly excluded: Set<bigint>
  /** Roots that the claim is in, or not in. */
  readonly roots: Map<bigint, boolean>
}

/** Bits of the outcomes less, equal, greater under which an operator holds. */
const OUTCOMES: Readonly<Record<CompareOperator, number>> = { lt: 1, eq: 2, lte: 3, gt: 4, neq: 5, gte: 6 }
/** The operator that says the same with its sides exchanged. */
export const MIRRORED: Readonly<Record<CompareOperator, CompareOperator>> = {
  lt: 'gt',
  lte: 'gte',
  gt: 'lt',
  gte: 'lte',
  eq: 'eq',
  neq: 'neq',
}

/**
 * Refuses formulas of which a part, all of whose conditions must hold together, leaves no value for a claim.
 *
 * @throws {PolicyError} with the path of the predicate that contradicts the ones before it
 */
export function refuseContradictions(formula: Formula): void {
  refuseTogether(forcedLeaves(formula))
  refuseInParts(formula)
}

function refuseInParts(formula: Formula): void {
  const forced = new Set(forcedParts(formula))
  for (const part of partsOf(formula)) {
    if (forced.has(part)) refuseInParts(part)
    else refuseContradictions(part)
  }
}

function refuseTogether(leaves: readonly Leaf[]): void {
  const ranges = new Map<string, Range>()
  const outcomes = new Map<string, number>()
  for (const leaf of leaves) {
    if (leaf.kind === 'has') continue
    const possible =
      leaf.kind === 'compare' && leaf.right.kind === 'claim'
        ? narrowPair(outcomes, claimName(leaf.left), leaf.operator, claimName(leaf.right.claim))
        : narrowRange(ranges, leaf)
    if (!possible) throw new PolicyError(leaf.path, 'contradicts a predicate that must hold together with it')
  }
}

function narrowPair(
  outcomes: Map<string, number>,
  left: string,
  operator: CompareOperator,
  right: string,
): boolean {
  const [key, bits] =
    left < right
      ? [`${left} ${right}`, OUTCOMES[operator]]
      : [`${right} ${left}`, OUTCOMES[MIRRORED[operator]]]
  const narrowed = (outcomes.get(key) ?? 7) & bits
  outcomes.set(key, narrowed)
  return narrowed !== 0
}

function narrowRange(ranges: Map<string, Range>, leaf: Exclude<Leaf, { kind: 'has' }>): boolean {
  const { key, least, greatest } = subjectOf(leaf)
  let range = ranges.get(key)
  if (range === undefined) {
    range = { low: least, high: greatest, excluded: new Set(), roots: new Map() }
    ranges.set(key, range)
  }
  if (leaf.kind === 'in') {
    if (leaf.set.kind === 'root') {
      const { root } = leaf.set
      const consistent = (range.roots.get(root) ?? leaf.member) === leaf.member
      range.roots.set(root, leaf.member)
      return consistent
    }
    if (leaf.member) allow(range, leaf.set.values)
    else for (const value of leaf.set.values) range.excluded.add(value)
  } else {
    const value = leaf.kind === 'ledger' ? leaf.value : constantOf(leaf.right)
    narrow(range, leaf.operator, value)
  }
  return !isEmpty(range)
}

/** Values relative to now have no bounds of their own. */
const FAR = 1n << 80n

function subjectOf(leaf: Exclude<Leaf, { kind: 'has' }>): { key: string; least: bigint; greatest: bigint } {
  if (leaf.kind === 'ledger') {
    return {
      key: `ledger ${leaf.ledger}.${leaf.category}.${leaf.field}`,
      least: 0n,
      greatest: GREATEST_TALLY,
    }
  }
  const name = claimName(leaf.left)
  if (leaf.kind === 'compare' && leaf.right.kind === 'now')
    return { key: `now ${name}`, least: -FAR, greatest: FAR }
  return { key: `claim ${name}`, least: 0n, greatest: GREATEST[leaf.left.type] }
}

function constantOf(operand: Extract<Leaf, { kind: 'compare' }>['right']): bigint {
  if (operand.kind === 'constant') return operand.value
  if (operand.kind === 'now') return operand.offset
  throw new TypeError('operand must be a constant or now')
}

function narrow(range: Range, operator: CompareOperator, value: bigint): void {
  if (operator === 'neq') range.excluded.add(value)
  if (operator === 'eq') allow(range, [value])
  const low = operator === 'gt' ? value + 1n : operator === 'gte' ? value : range.low
  const high = operator === 'lt' ? value - 1n : operator === 'lte' ? value : range.high
  if (low > range.low) range.low = low
  if (high < range.high) range.high = high
}

function allow(range: Range, values: readonly bigint[]): void {
  const known = range.allowed
  range.allowed = known === undefined ? values : known.filter((value) => values.includes(value))
}

function isEmpty({ low, high, allowed, excluded }: Range): boolean {
  const isLeft = (value: bigint): boolean => value >= low && value <= high && !excluded.has(value)
  if (allowed !== undefined) return !allowed.some(isLeft)
  if (high - low >= BigInt(excluded.size)) return false
  for (let value = low; value <= high; value++) if (isLeft(value)) return false
  return true
}
