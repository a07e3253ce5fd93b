import { PolicyError } from '../../src/errors.js'
import { parsePolicy } from '../../src/policy/index.js'
import type { RandomCase, RandomPolicyJson } from '../support/random-policy.js'

/**
 * Makes a failing case smaller as long as it fails: parts of the formula, SBTs, reveals, ledgers and rules are left out, and
 * what is left is kept if the policy can still be read.
 *
 * @param fails  whether a case fails in the same way
 */
export async function shrinkCase(
  made: RandomCase,
  fails: (made: RandomCase) => boolean | Promise<boolean>,
): Promise<RandomCase> {
  let smallest = made
  for (let found = true; found; ) {
    found = false
    for (const smaller of smallerCases(smallest)) {
      if (!(await fails(smaller))) continue
      smallest = smaller
      found = true
      break
    }
  }
  return smallest
}

function* smallerCases(made: RandomCase): Generator<RandomCase> {
  const rest = (fill: RandomCase['fill']): RandomCase => ({ ...made, fill })
  for (const i of made.fill.keys()) yield rest(made.fill.filter((_, k) => k !== i))
  for (const json of smallerPolicies(made.json)) {
    try {
      const policy = parsePolicy(json)
      const names = policy.slots.map(({ name }) => name)
      yield { ...made, json, policy, fill: made.fill.filter(([slot]) => names.includes(slot)) }
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error
    }
  }
}

function* smallerPolicies(json: RandomPolicyJson): Generator<RandomPolicyJson> {
  for (const require of smallerFormulas(json.require)) yield pruned({ ...json, require })
  for (const part of ['reveal', 'nullifier', 'discloseHandle']) {
    if (part in json) yield pruned(without(json, part) as RandomPolicyJson)
  }
  for (const [name, rule] of Object.entries(json.sbts) as [string, Record<string, unknown>][]) {
    for (const part of ['maxAge', 'anchor', 'revocation']) {
      if (part in rule) yield { ...json, sbts: { ...json.sbts, [name]: without(rule, part) } }
    }
    const [issuer, ...others] = rule['issuers'] as string[]
    if (others.length > 0) yield { ...json, sbts: { ...json.sbts, [name]: { ...rule, issuers: [issuer] } } }
  }
}

/** Leaves out slots and ledgers that nothing names: a policy that has them is refused. */
function pruned(json: RandomPolicyJson): RandomPolicyJson {
  const { sbts, ledgers, ...others } = json
  const { schemas: _, ...naming } = others
  const text = JSON.stringify(naming)
  const kept = (record: Readonly<Record<string, unknown>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(record).filter(([name]) => new RegExp(`"${name}["\\.]`).test(text)))
  const left = ledgers && kept(ledgers)
  return {
    ...others,
    sbts: kept(sbts),
    ...(left && Object.keys(left).length > 0 && { ledgers: left }),
  } as RandomPolicyJson
}

/** A formula's parts in its place, and the formula with one part less or a smaller one. */
function* smallerFormulas(formula: unknown): Generator<unknown> {
  const { not, all, any, of, weighted } = formula as Record<string, unknown>
  if (not !== undefined) yield not
  const list = (all ?? any ?? of) as unknown[] | undefined
  const key = all ? 'all' : any ? 'any' : 'of'
  if (list !== undefined) {
    yield* list
    for (const [i, part] of list.entries()) {
      const { atLeast } = formula as { atLeast?: number }
      if (list.length > 1) {
        const fewer = list.filter((_, k) => k !== i)
        yield {
          ...(formula as object),
          [key]: fewer,
          ...(atLeast && { atLeast: Math.min(atLeast, fewer.length) }),
        }
      }
      for (const smaller of smallerFormulas(part))
        yield { ...(formula as object), [key]: list.with(i, smaller) }
    }
  }
  const pairs = weighted as [number, unknown][] | undefined
  for (const [i, [weight, part]] of pairs?.entries() ?? []) {
    yield part
    const fewer = pairs!.filter((_, k) => k !== i)
    const most = fewer.reduce((sum, [one]) => sum + one, 0)
    const { min } = formula as { min: number }
    if (fewer.length > 0) yield { weighted: fewer, min: Math.min(min, most) }
    for (const smaller of smallerFormulas(part)) {
      yield { ...(formula as object), weighted: pairs!.with(i, [weight, smaller]) }
    }
  }
}

function without(record: Readonly<Record<string, unknown>>, part: string): Record<string, unknown> {
  const { [part]: _, ...others } = record
  return others
}
