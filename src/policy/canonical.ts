/** The canonical text of a policy, which its digest commits to. Frozen: a change changes every digest. */
import { claimName } from './formula.js'
import type { Formula, Policy, TimedRule } from './types.js'

/**
 * Returns the canonical text of a policy: JSON without blanks, keys and arrays in fixed order, slots, ledgers and
 * schemas by name, issuers sorted, defaults written out, constants encoded as field elements in decimal.
 *
 * Every name and text is a JSON string, and every part has its own shape, so that policies of different meaning
 * have different texts. Paths and explanations are left out.
 */
export function canonicalPolicy(policy: Omit<Policy, 'canonical'>): string {
  const schemas = new Map(policy.slots.map(({ schema }) => [schema.name, schema.claims]))
  return JSON.stringify({
    version: policy.version,
    schemas: [...schemas]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, claims]) => ({ name, claims: Object.entries(claims) })),
    sbts: policy.slots.map((slot) => ({
      name: slot.name,
      schema: slot.schema.name,
      issuers: slot.issuers,
      anchor: slot.anchor,
      revocation: slot.revocation,
      maxAge: slot.maxAge === undefined ? null : `${slot.maxAge}`,
    })),
    ledgers: policy.ledgers.map(({ name, id, categories }) => ({ name, id, categories })),
    require: canonicalFormula(policy.require),
    reveal: policy.reveal.map(claimName),
    discloseHandle: policy.discloseHandle ?? null,
    nullifier: policy.nullifier === undefined ? null : claimName(policy.nullifier),
    // Absent, so that policies without it keep their digests.
    ...(policy.timed === undefined ? {} : { timed: canonicalTimed(policy.timed) }),
  })
}

function canonicalTimed({ squarings, window, beacon, modulus }: TimedRule): unknown {
  return { squarings, window, beacon, modulus: modulus === undefined ? null : `${modulus}` }
}

function canonicalFormula(formula: Formula): unknown {
  switch (formula.kind) {
    case 'all':
    case 'any':
      return { [formula.kind]: formula.of.map(canonicalFormula) }
    case 'atLeast':
      return { atLeast: formula.min, of: formula.of.map(canonicalFormula) }
    case 'weighted':
      return {
        weighted: formula.of.map((part) => [part.weight, canonicalFormula(part.formula)]),
        min: formula.min,
      }
    case 'has':
      return { has: formula.slot }
    case 'compare': {
      const { left, operator, right } = formula
      const head = { claim: claimName(left), operator }
      if (right.kind === 'constant') return { ...head, value: `${right.value}` }
      if (right.kind === 'now') return { ...head, now: `${right.offset}` }
      return { ...head, than: claimName(right.claim) }
    }
    case 'in': {
      const head = { claim: claimName(formula.left), operator: formula.member ? 'in' : 'notIn' }
      return formula.set.kind === 'list'
        ? { ...head, list: formula.set.values.map((value) => `${value}`) }
        : { ...head, set: `${formula.set.root}` }
    }
    case 'ledger': {
      const { ledger, category, field, operator, value } = formula
      return { ledger: `${ledger}.${category}.${field}`, operator, value: `${value}` }
    }
  }
}
