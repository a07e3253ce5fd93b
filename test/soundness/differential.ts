import { compilePolicy } from '../../src/policy/compile.js'
import { assignSbts, inspector } from '../../src/policy/evaluate.js'
import { viewLedger } from '../../src/policy/ledgers.js'
import type { HeldSbt } from '../../src/sbt/index.js'
import { encodeClaims } from '../../src/sbt/schema.js'
import type { RandomCase } from '../support/random-policy.js'
import { ALICE, NOW } from '../support/world.js'
import { decode, interpret } from './interpreter.js'

/** A policy of a wallet, and what came of it. */
export interface Outcome {
  /** Which formula: 0 is the case's own. */
  readonly variant: number
  readonly satisfied: boolean
  /** What is wrong; undefined if evaluator and interpreter agree. */
  readonly problem?: string
}

/**
 * Compares the evaluator with the interpreter of the compiled program: the evaluator says yes exactly if for some choice of
 * SBTs, each in a slot for which it counts, the program holds.
 *
 * @param variants  further formulas over the same wallet, see {@link RandomCase.vary}; those that no policy or profile can have
 *   are left out
 */
export function comparePolicies(made: RandomCase, variants = 0): Outcome[] {
  const { roots, fill, ledgers } = made
  const sbts = fill.map(([, held]) => held)
  const inspect = inspector({ soulCommitment: ALICE.commitment, roots, now: NOW })
  const claims = new Map(sbts.map((held) => [held, encodeClaims(held.sbt.schema, held.sbt.claims)]))
  // The variants have the same ledgers, or fewer.
  const views = new Map(
    made.policy.ledgers.map((rule) => [
      rule.name,
      viewLedger({ rule, roots, ledgers, secret: ALICE.secret }).tallies,
    ]),
  )
  const outcomes: Outcome[] = []
  for (let variant = 0; variant <= variants; variant++) {
    const one = variant === 0 ? made : made.vary(variant)
    if (one === undefined) continue
    const { policy, sets } = one
    let program: ReturnType<typeof compilePolicy>
    try {
      program = compilePolicy(policy)
    } catch (error) {
      // Too large for every profile.
      if ((error as Error).name === 'PolicyError') continue
      throw error
    }
    const { assignment } = assignSbts({ policy, roots, now: NOW, soul: ALICE, sbts, sets, ledgers }, inspect)
    const satisfied = assignment !== undefined
    const decoded = decode(program, sets)
    const tallies = new Map(
      program.ledgers.flatMap(({ name }, k) => {
        const shown = views.get(name)
        return shown ? [[k, shown] as const] : []
      }),
    )
    const counts = policy.slots.map((rule) => sbts.filter((held) => typeof inspect(rule, held) !== 'string'))
    let holds = false
    for (const choice of choices(counts, program.profile.sbts)) {
      const slots = new Map(
        choice.flatMap((held, i) =>
          held === undefined ? [] : [[policy.slots[i]!.index, claims.get(held)!] as const],
        ),
      )
      holds = interpret(decoded, { slots, sets, ledgers: tallies, now: NOW }) === true
      if (holds) break
    }
    const problem = `${satisfied ? 'the evaluator' : 'the program'} alone says yes: ${policy.canonical}`
    outcomes.push({ variant, satisfied, ...(holds !== satisfied && { problem }) })
  }
  return outcomes
}

/** All ways to fill at most `most` slots, or leave them, without using an SBT twice. */
function* choices(counts: readonly (readonly HeldSbt[])[], most: number): Generator<(HeldSbt | undefined)[]> {
  const [first, ...rest] = counts
  if (first === undefined) {
    yield []
    return
  }
  for (const held of [undefined, ...(most > 0 ? first : [])]) {
    for (const choice of choices(rest, held === undefined ? most : most - 1)) {
      if (held === undefined || !choice.includes(held)) yield [held, ...choice]
    }
  }
}
