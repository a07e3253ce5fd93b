/** Walks over formulas. Formulas are monotone: more true leaves never make one false. */
import type { ClaimRef, Formula } from './types.js'

/** A predicate, that is a formula without parts. */
export type Leaf = Extract<Formula, { kind: 'has' | 'compare' | 'in' | 'ledger' }>

/** Returns the parts of a formula, none for a predicate. */
export function partsOf(formula: Formula): readonly Formula[] {
  switch (formula.kind) {
    case 'all':
    case 'any':
    case 'atLeast':
      return formula.of
    case 'weighted':
      return formula.of.map((part) => part.formula)
    default:
      return []
  }
}

/** Returns the predicates of a formula from left to right. */
export function leavesOf(formula: Formula): Leaf[] {
  const parts = partsOf(formula)
  return parts.length === 0 ? [formula as Leaf] : parts.flatMap(leavesOf)
}

/** Returns the names of the slots that have to count for a predicate to hold: none, one or two. */
export function slotsOf(leaf: Leaf): string[] {
  switch (leaf.kind) {
    case 'has':
      return [leaf.slot]
    case 'in':
      return [leaf.left.slot]
    case 'compare':
      return leaf.right.kind === 'claim' && leaf.right.claim.slot !== leaf.left.slot
        ? [leaf.left.slot, leaf.right.claim.slot]
        : [leaf.left.slot]
    case 'ledger':
      return []
  }
}

/** Evaluates a formula that is no predicate from the truth of its parts. */
export function evaluateParts(formula: Formula, truth: (part: Formula) => boolean): boolean {
  switch (formula.kind) {
    case 'all':
      return formula.of.every(truth)
    case 'any':
      return formula.of.some(truth)
    case 'atLeast':
      return formula.of.filter(truth).length >= formula.min
    case 'weighted':
      return formula.of.reduce((sum, part) => sum + (truth(part.formula) ? part.weight : 0), 0) >= formula.min
    default:
      return false
  }
}

/** Evaluates a formula from the truth of its predicates. */
export function evaluateFormula(formula: Formula, truth: (leaf: Leaf) => boolean): boolean {
  return partsOf(formula).length === 0
    ? truth(formula as Leaf)
    : evaluateParts(formula, (part) => evaluateFormula(part, truth))
}

/** Tells whether a formula holds only when an SBT fills the slot. */
export function forcesSlot(formula: Formula, slot: string): boolean {
  return !evaluateFormula(formula, (leaf) => !slotsOf(leaf).includes(slot))
}

/** Returns the parts without which a formula cannot hold. */
export function forcedParts(formula: Formula): Formula[] {
  switch (formula.kind) {
    case 'all':
      return [...formula.of]
    case 'any':
      return formula.of.length === 1 ? [...formula.of] : []
    case 'atLeast':
      return formula.min === formula.of.length ? [...formula.of] : []
    case 'weighted': {
      const total = formula.of.reduce((sum, part) => sum + part.weight, 0)
      return formula.of.filter((part) => total - part.weight < formula.min).map((part) => part.formula)
    }
    default:
      return []
  }
}

/** Returns the predicates without which a formula cannot hold, as far as its nesting shows. */
export function forcedLeaves(formula: Formula): Leaf[] {
  return partsOf(formula).length === 0 ? [formula as Leaf] : forcedParts(formula).flatMap(forcedLeaves)
}

/** Writes a claim as policies do, `slot.claim`. */
export function claimName(ref: ClaimRef): string {
  return `${ref.slot}.${ref.claim}`
}
