import type { R1cs } from '../../src/formats/r1cs.js'
import { openStatement } from '../support/statement.js'
import { ARGUMENTS } from './arguments.js'
import { type Case, corpusOf } from './corpus.js'
import { factsOf, inputWires, lostWithout, type Proof, prove, wireNames } from './determinism.js'
import { mod, rowOf } from './linear.js'
import { proveTheorem, THEOREMS } from './holder.js'
import { Plan } from './plan.js'
import { patternOf } from './report.js'

/** What a run that drops constraints says of one statement. */
export interface DropResult {
  readonly dropped: number
  /** Number of mutants by what kills them. */
  readonly killedBy: Readonly<Record<string, number>>
  /** Constraints, in words, that nothing missed. */
  readonly survivors: readonly string[]
}

/**
 * Drops constraints of a statement, one at a time. A mutant is killed by
 * - `determinism`: a signal that was determined is no longer;
 * - `witness`: values that satisfy all other constraints and not this one, found by changing an input of a satisfying witness
 *   and following what depends on it: without the constraint they would be accepted;
 * - `holder`: a public signal that a holder cannot choose, and then can (see holder.ts).
 *
 * @param o.shard, o.shards which part of the constraints
 * @param o.sample          how many of them, evenly spread; 0 for all
 */
export async function dropConstraints(o: {
  readonly name: string
  readonly shard?: number
  readonly shards?: number
  readonly sample?: number
}): Promise<DropResult> {
  const { name, shard = 0, shards = 1, sample = 0 } = o
  const { r1cs, symbols } = openStatement(name)
  const facts = factsOf(r1cs)
  const names = wireNames(symbols)
  const options = { facts, inputs: inputWires(r1cs), names, arguments: ARGUMENTS }
  const proof = prove(options)
  const bits = new Set<number>()
  const all = Array.from({ length: r1cs.constraints }, (_, i) => i).filter((i) => i % shards === shard)
  const step = sample === 0 || sample > all.length ? 1 : all.length / sample
  const chosen = Array.from({ length: Math.floor(all.length / step) }, (_, k) => all[Math.floor(k * step)] as number)
  const killedBy: Record<string, number> = {}
  const kill = (by: string): void => {
    killedBy[by] = (killedBy[by] ?? 0) + 1
  }
  const left: number[] = []
  for (const without of chosen) {
    if (lostWithout({ ...options, without, proof, bits }) !== undefined) kill('determinism')
    else left.push(without)
  }
  const witnessed = left.length === 0 ? new Set<number>() : solelyViolated({ r1cs, proof, cases: await corpusOf(name), facts })
  const survivors: string[] = []
  for (const i of left) {
    if (witnessed.has(i)) kill('witness')
    else if (THEOREMS.some((one) => one.statement === name && proveTheorem(one, i).length > 0)) kill('holder')
    else survivors.push(describeConstraint(r1cs, names, i))
  }
  return { dropped: chosen.length, killedBy, survivors }
}

/** The constraints that some change of an input, with all that follows, violates alone. */
function solelyViolated(o: {
  r1cs: R1cs
  proof: Proof
  facts: ReturnType<typeof factsOf>
  cases: readonly Case[]
}): Set<number> {
  const { r1cs, proof, facts, cases } = o
  const plan = new Plan(facts, proof)
  const found = new Set<number>()
  for (const { witness } of cases) {
    const attempts: [number, bigint][] = inputWires(r1cs).flatMap((wire): [number, bigint][] => {
      const value = witness[wire] as bigint
      const others = [mod(1n - value), mod(value + 1n), mod(value + (1n << 70n)), mod(-value - 7n)]
      return [...new Set(others)].filter((other) => other !== value).map((other) => [wire, other])
    })
    for (const [wire, other] of attempts) {
      const changed = plan.follow(witness, new Map([[wire, other]]))
      const violated = plan.violated(witness, changed, 2)
      if (violated.length === 1) found.add(violated[0] as number)
    }
    for (const [wire, values] of boundaries({ r1cs, facts, witness })) {
      for (const other of values) {
        const violated = plan.violated(witness, plan.follow(witness, new Map([[wire, other]])), 2)
        if (violated.length === 1) found.add(violated[0] as number)
      }
    }
  }
  return found
}

const L = 2736030358979909402780800718157159386076813972158567259200215660948447373041n

/** Secrets that agree with l - 1 down to some bit 0, and have a 1 there: each breaks one step of the bound at l - 1. */
function boundaries(o: {
  r1cs: R1cs
  facts: ReturnType<typeof factsOf>
  witness: readonly bigint[]
}): [number, bigint[]][] {
  const secret = 1 + o.r1cs.publicSignals
  const bound = L - 1n
  const values: bigint[] = []
  for (let k = 0n; k < 251n; k++) {
    if (((bound >> k) & 1n) === 0n) values.push(((bound >> k) | 1n) << k)
  }
  return [[secret, values]]
}

/** A constraint in words, for a person. */
export function describeConstraint(
  r1cs: R1cs,
  names: (wire: number) => readonly string[],
  i: number,
): string {
  const row = (k: number): string => {
    const wires = [...rowOf(r1cs, 3 * i + k).keys()].map((wire) => patternOf(names(wire)[0] as string))
    return `(${[...new Set(wires)].slice(0, 4).join(' + ')})`
  }
  return `constraint ${i}: ${row(0)} * ${row(1)} = ${row(2)}`
}
