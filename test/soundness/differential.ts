import { compilePolicy } from '../../src/policy/compile.js'
import { evaluatePolicy } from '../../src/policy/index.js'
import type { Policy } from '../../src/policy/types.js'
import type { HeldSbt } from '../../src/sbt/index.js'
import { encodeClaims } from '../../src/sbt/schema.js'
import { randomCase } from '../support/random-policy.js'
import { ALICE, NOW } from '../support/world.js'
import { interpret } from './interpreter.js'

/** What came of one random case. */
export interface Outcome {
  readonly satisfied: boolean
  /** What is wrong, with the seed; undefined if evaluator and interpreter agree. */
  readonly problem?: string
}

/**
 * Compares the evaluator with the interpreter of the compiled program: the evaluator says yes exactly if for some choice of
 * SBTs, each in a slot for which it counts, the program holds.
 */
export function compareOnce(seed: number, profile: 'policy-s' | 'policy-m'): Outcome {
  const { policy, roots, fill, sets, change } = randomCase(seed, profile)
  const sbts = fill.map(([, held]) => held)
  const { satisfied } = evaluatePolicy({ policy, roots, now: NOW, soul: ALICE, sbts, sets })
  const program = compilePolicy(policy)
  const claims = new Map(sbts.map((held) => [held, encodeClaims(held.sbt.schema, held.sbt.claims)]))
  const counts = policy.slots.map(({ name }) =>
    sbts.filter((held) => {
      const has: Policy = {
        ...policy,
        require: { kind: 'has', slot: name, path: 'require' } as Policy['require'],
      }
      return evaluatePolicy({ policy: has, roots, now: NOW, soul: ALICE, sbts: [held], sets }).satisfied
    }),
  )
  const holds = [...choices(counts)].some((choice) => {
    if (choice.filter((held) => held !== undefined).length > program.profile.sbts) return false
    const slots = new Map(
      choice.flatMap((held, i) =>
        held === undefined ? [] : [[policy.slots[i]!.index, claims.get(held)!] as const],
      ),
    )
    return interpret(program, { slots, sets, now: NOW }) === true
  })
  if (holds === satisfied) return { satisfied }
  const who = satisfied ? 'the evaluator alone says yes' : 'the program alone says yes'
  return { satisfied, problem: `seed ${seed}, ${profile}, ${change}: ${who}: ${policy.canonical}` }
}

/** All ways to fill slots, or leave them, without using an SBT twice. */
function* choices(counts: readonly (readonly HeldSbt[])[]): Generator<(HeldSbt | undefined)[]> {
  const [first, ...rest] = counts
  if (first === undefined) {
    yield []
    return
  }
  for (const held of [undefined, ...first]) {
    for (const choice of choices(rest)) {
      if (held === undefined || !choice.includes(held)) yield [held, ...choice]
    }
  }
}
