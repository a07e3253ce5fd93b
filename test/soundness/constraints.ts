import type { R1cs } from '../../src/formats/r1cs.js'
import type { Symbols } from '../../src/formats/symbols.js'
import { openStatement } from '../support/statement.js'
import { ARGUMENTS } from './arguments.js'
import { type Case, corpusOf } from './corpus.js'
import {
  type Facts,
  factsOf,
  givenOf,
  inputWires,
  lostWithout,
  type Proof,
  wireNames,
} from './determinism.js'
import { proveTheorem, THEOREMS } from './holder.js'
import { invert, mod, rowOf } from './linear.js'
import { Plan } from './plan.js'
import { patternOf, proveSystem } from './report.js'

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
  const system = openStatement(name)
  const { r1cs, symbols } = system
  const facts = factsOf(r1cs)
  const names = wireNames(symbols)
  const options = { facts, inputs: givenOf(system), names, arguments: ARGUMENTS }
  const proof = proveSystem(system)
  const bits = new Set<number>()
  const all = Array.from({ length: r1cs.constraints }, (_, i) => i).filter((i) => i % shards === shard)
  const step = sample === 0 || sample > all.length ? 1 : all.length / sample
  const chosen = Array.from(
    { length: Math.floor(all.length / step) },
    (_, k) => all[Math.floor(k * step)] as number,
  )
  const killedBy: Record<string, number> = {}
  const kill = (by: string): void => {
    killedBy[by] = (killedBy[by] ?? 0) + 1
  }
  const left: number[] = []
  for (const without of chosen) {
    if (lostWithout({ ...options, without, proof, bits }) !== undefined) kill('determinism')
    else left.push(without)
  }
  const witnessed =
    left.length === 0
      ? new Set<number>()
      : solelyViolated({
          left,
          inputs: inputWires(system),
          r1cs,
          symbols,
          proof,
          cases: await corpusOf(name),
          facts,
        })
  const survivors: string[] = []
  for (const i of left) {
    if (witnessed.has(i)) kill('witness')
    else if (THEOREMS.some((one) => one.statement === name && proveTheorem(one, i).length > 0)) kill('holder')
    else survivors.push(describeConstraint(r1cs, names, i))
  }
  return { dropped: chosen.length, killedBy, survivors }
}

/** Which of some constraints a change of the inputs nearest to them, with all that follows, violates alone. */
function solelyViolated(o: {
  left: readonly number[]
  inputs: readonly number[]
  r1cs: R1cs
  symbols: Symbols
  proof: Proof
  facts: Facts
  cases: readonly Case[]
}): Set<number> {
  const { r1cs, symbols, proof, facts, cases } = o
  const plan = new Plan(facts, proof)
  const wire = (name: string): number => symbols.get(`main.${name}`) ?? -1
  const [secret, verifierKey, commitment] = [wire('secret'), wire('verifierKey'), wire('commitment')]
  const found = new Set<number>()
  const near = new Set(
    o.left.flatMap((constraint) => nearestInputs({ r1cs, proof, constraint, inputs: o.inputs })),
  )
  const isDone = (): boolean => o.left.every((constraint) => found.has(constraint))
  for (const { witness, holder } of cases) {
    for (const changes of attempts({ r1cs, symbols, witness, near })) {
      if (isDone()) return found
      let changed = plan.follow(witness, changes)
      // The verifier's proof is for the key that the secret has now.
      if (changes.has(secret) && !holder) {
        changes.set(verifierKey, changed.get(commitment) ?? (witness[commitment] as bigint))
        changed = plan.follow(witness, changes)
      }
      let violated = plan.violated(witness, changed, 3)
      // A public signal that a constraint compares is as the prover says.
      for (const i of violated.length === 2 ? violated : []) {
        const repaired = repair({ r1cs, plan, witness, changed, constraint: i })
        if (repaired === undefined) continue
        const again = plan.follow(witness, new Map([...changes, repaired]))
        violated = plan.violated(witness, again, 2)
        break
      }
      if (violated.length === 1) found.add(violated[0] as number)
    }
  }
  return found
}

/** The value of the only public input of a linear constraint that satisfies it. */
function repair(o: {
  r1cs: R1cs
  plan: Plan
  witness: readonly bigint[]
  changed: ReadonlyMap<number, bigint>
  constraint: number
}): [number, bigint] | undefined {
  const { r1cs, plan, witness, changed, constraint } = o
  const row = rowOf(r1cs, 3 * constraint + 2)
  const open = [...row.keys()].filter((wire) => wire > 0 && wire <= r1cs.publicSignals)
  if (open.length !== 1) return undefined
  const [wire] = open as [number]
  const value = changed.get(wire) ?? (witness[wire] as bigint)
  // residual = a b - c
  const residual = plan.residual(witness, changed, constraint)
  return [wire, mod(value + residual * invert(row.get(wire) as bigint))]
}

const MOST_NEAR = 24

/** The inputs on which the wires of a constraint depend, those first from which they follow by the fewest steps. */
function nearestInputs(o: {
  r1cs: R1cs
  proof: Proof
  constraint: number
  inputs: readonly number[]
}): number[] {
  const { r1cs, proof, constraint } = o
  const isInput = new Set(o.inputs)
  const { rowStart, termWire } = r1cs
  const wires = new Set<number>()
  const read = (i: number, before: number): void => {
    // Uses may be numbers of forms, which have no rows.
    if (i >= r1cs.constraints) return
    for (let t = rowStart[3 * i]!; t < rowStart[3 * i + 3]!; t++) {
      if ((proof.order.get(termWire[t]!) ?? 0) < before) wires.add(termWire[t]!)
    }
  }
  read(constraint, Number.POSITIVE_INFINITY)
  const found: number[] = []
  for (const wire of wires) {
    if (isInput.has(wire)) found.push(wire)
    if (found.length >= MOST_NEAR || wires.size > 4000) break
    for (const i of proof.uses.get(wire) ?? []) read(i, proof.order.get(wire) ?? 0)
  }
  return found
}

/** Changes of inputs: each near one alone, levels of a path that are used twice, and secrets at the edges of their bound. */
function* attempts(o: {
  r1cs: R1cs
  symbols: Symbols
  witness: readonly bigint[]
  near: ReadonlySet<number>
}): Generator<Map<number, bigint>> {
  const { symbols, witness, near } = o
  for (const wire of near) {
    const value = witness[wire] as bigint
    const others = [mod(1n - value), mod(value + 1n), mod(value + (1n << 70n)), mod(-value - 7n)]
    for (const other of new Set(others)) if (other !== value) yield new Map([[wire, other]])
  }
  for (let level = 0; symbols.has(`main.used[${level}]`); level++) {
    const changes = new Map<number, bigint>()
    for (let above = level; symbols.has(`main.used[${above}]`); above++) {
      changes.set(symbols.get(`main.used[${above}]`) as number, above === level ? 2n : 0n)
    }
    yield changes
  }
  // Secrets that agree with l - 1 down to some bit 0, and have a 1 there: each breaks one step of the bound at l - 1.
  const secret = symbols.get('main.secret')
  if (secret === undefined || !near.has(secret)) return
  for (let k = 0n; k < 251n; k++) {
    if ((((L - 1n) >> k) & 1n) === 0n) yield new Map([[secret, (((L - 1n) >> k) | 1n) << k]])
  }
}

const L = 2736030358979909402780800718157159386076813972158567259200215660948447373041n

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
