import { FIELD_MODULUS as r } from '../../src/field.js'
import { constraintsByWire, type R1cs } from '../../src/formats/r1cs.js'
import { randomElements } from '../support/circuit.js'
import { ARGUMENTS } from './arguments.js'
import { type Facts, factsOf, givenOf, inputWires, type Proof, prove, wireNames } from './determinism.js'
import { invert, mod } from './linear.js'
import type { System } from './plain.js'
import { Plan } from './plan.js'
import { patternOf } from './report.js'

/** What one wire may be if all others stay: nothing else, anything, or one other value. */
export type Alternative = { readonly wire: number; readonly value: bigint | 'any' }

/**
 * Finds all wires that can be changed alone in a satisfying witness, and to what: not by trying values, but by solving. A
 * wire changed by d changes the residual of each of its constraints by d (k1 + k2 d), with k1 and k2 from the witness, so
 * that all r - 1 other values are decided at once.
 */
export function alternatives(r1cs: R1cs, witness: readonly bigint[]): Alternative[] {
  const { rowStart, termWire, termCoefficient, coefficients } = r1cs
  const values = new Array<bigint>(3 * r1cs.constraints)
  for (let row = 0; row < 3 * r1cs.constraints; row++) {
    let sum = 0n
    for (let t = rowStart[row]!; t < rowStart[row + 1]!; t++) {
      const value = witness[termWire[t]!]!
      if (value !== 0n) sum += coefficients[termCoefficient[t]!]! * value
    }
    values[row] = sum % r
  }
  const { start, constraints } = constraintsByWire(r1cs)
  const found: Alternative[] = []
  for (let wire = 1; wire < r1cs.wires; wire++) {
    // The change -n / d, as a fraction: inverses take longest.
    let change: { readonly n: bigint; readonly d: bigint } | undefined
    let isPinned = false
    let last = -1
    for (let at = start[wire]!; at < start[wire + 1]! && !isPinned; at++) {
      const i = constraints[at]!
      if (i === last) continue
      last = i
      const factor = [0n, 0n, 0n] as [bigint, bigint, bigint]
      for (let part = 0; part < 3; part++) {
        for (let t = rowStart[3 * i + part]!; t < rowStart[3 * i + part + 1]!; t++) {
          if (termWire[t] === wire) factor[part as 0 | 1 | 2] += coefficients[termCoefficient[t]!]!
        }
      }
      const [a, b, c] = factor
      const k1 = mod(a * values[3 * i + 1]! + b * values[3 * i]! - c)
      const k2 = mod(a * b)
      if (k1 === 0n && k2 === 0n) continue
      if (k1 === 0n || k2 === 0n) isPinned = true
      else if (change === undefined) change = { n: k1, d: k2 }
      else if (mod(change.n * k2 - k1 * change.d) !== 0n) isPinned = true
    }
    if (isPinned) continue
    const value = change === undefined ? 'any' : mod(witness[wire]! - change.n * invert(change.d))
    found.push({ wire, value })
  }
  return found
}

/** How much of what follows from mutants is looked at; by default all. */
export interface Follow {
  /** In how many of the witnesses. */
  readonly witnesses: number
  /** Of how many signals at most, evenly spread. */
  readonly signals: number
}

/** What a mutation run says of one circuit. */
export interface MutationResult {
  readonly signals: number
  /** Signals mutated in each witness; all of them. */
  readonly mutated: number
  /** Mutants that were tried with what follows from them. */
  readonly followed: number
  /** What should not have survived. */
  readonly survivors: readonly string[]
  /** Inputs that no witness pins, by pattern: nothing depends on them. */
  readonly idle: readonly string[]
}

/**
 * Mutates every signal of satisfying witnesses: alone to every other value, and to +1, 0, 1, r - 1 and a random one with all
 * that follows from it.
 *
 * A survivor is a changed signal that is neither an input nor known to be free (unproved by the determinism checker), or,
 * where `holder`, a public signal but for those in `mayChange`.
 *
 * @param o.mayChange public signals, by name, that a prover may choose
 */
export function mutate(o: {
  readonly system: System
  readonly proof?: Proof
  readonly witnesses: readonly { readonly witness: readonly bigint[]; readonly holder: boolean }[]
  readonly mayChange?: RegExp
  readonly seed: string
  readonly follow?: Follow
}): MutationResult {
  const { r1cs, symbols } = o.system
  const facts = factsOf(r1cs)
  const inputs = new Set(inputWires(o.system))
  const names = wireNames(symbols)
  const nameOf = (wire: number): string => names(wire)[0] as string
  const proof = o.proof ?? prove({ facts, inputs: givenOf(o.system), names, arguments: ARGUMENTS })
  const plan = new Plan(facts, proof)
  const random = randomElements(`mutation/${o.seed}`)
  const survivors = new Set<string>()
  const pinned = new Set<number>()
  let [mutated, followed] = [0, 0]
  for (const [index, { witness, holder }] of o.witnesses.entries()) {
    mutated += r1cs.wires - 1
    const free = new Set<number>()
    for (const { wire } of alternatives(r1cs, witness)) {
      free.add(wire)
      const isPublic = wire <= r1cs.publicSignals && inputs.has(wire)
      if (proof.unique[wire] === 0 || (inputs.has(wire) && !(isPublic && holder))) continue
      if (isPublic && o.mayChange?.test(nameOf(wire))) continue
      survivors.add(`${nameOf(wire)} alone`)
    }
    for (const wire of inputs) if (!free.has(wire)) pinned.add(wire)
    const { witnesses, signals } = o.follow ?? { witnesses: o.witnesses.length, signals: r1cs.wires }
    if (index >= witnesses) continue
    const step = Math.max(1, Math.ceil((r1cs.wires - 1) / signals))
    for (let wire = 1; wire < r1cs.wires; wire += step) {
      const value = witness[wire] as bigint
      const isInput = inputs.has(wire)
      // What follows from another choice of a private input is another witness of the same statement, and no bug.
      if (isInput && !(holder && wire <= r1cs.publicSignals)) continue
      // Signals of Poseidon are assigned by their constraints: none of them is advice.
      if (o.mayChange?.test(nameOf(wire)) || /(^|\.)Poseidon_/.test(nameOf(wire))) continue
      if (proof.unique[wire] === 0) continue
      for (const other of new Set([mod(value + 1n), 0n, 1n, r - 1n, random()])) {
        if (other === value) continue
        followed++
        // The constraint that defines the signal breaks at once, if it is one.
        if (!isInput && breaksAtOnce({ r1cs, proof, plan, witness, wire, other })) continue
        const changed = plan.follow(witness, new Map([[wire, other]]))
        if (plan.violated(witness, changed, 1).length > 0) continue
        // What an argument takes as given may have another form, as long as no output is another; bits that were concluded
        // from it are the way to the same form.
        const isGiven = [...changed.keys(), ...changedForms(facts, witness, changed)].some((one) => {
          const rule = proof.rules.get(one)
          return typeof rule === 'object' && rule.kind === 'given'
        })
        const isSeen = [...changed.keys()].some((one) => one <= r1cs.outputs)
        if (isGiven && !isSeen) continue
        survivors.add(`${nameOf(wire)} with what follows`)
      }
    }
  }
  const idle = [...inputs].filter((wire) => !pinned.has(wire)).map((wire) => patternOf(nameOf(wire)))
  return {
    signals: r1cs.wires - 1,
    mutated,
    followed,
    survivors: [...survivors].sort(),
    idle: [...new Set(idle)].sort(),
  }
}

/** Numbers of the forms, which stand for bits that the compiler eliminated, that have another value. */
function changedForms(
  { r1cs, forms }: Facts,
  witness: readonly bigint[],
  changed: ReadonlyMap<number, bigint>,
): number[] {
  return forms.flatMap((form, k) => {
    let change = 0n
    for (const [wire, factor] of form) {
      const value = changed.get(wire)
      if (value !== undefined) change += factor * (value - (witness[wire] as bigint))
    }
    return mod(change) === 0n ? [] : [r1cs.wires + k]
  })
}

/** Whether a constraint breaks all of whose other signals were concluded before, or with the signal: they do not follow it. */
function breaksAtOnce(o: {
  r1cs: R1cs
  proof: Proof
  plan: Plan
  witness: readonly bigint[]
  wire: number
  other: bigint
}): boolean {
  const { r1cs, proof, plan, witness, wire, other } = o
  const order = proof.order.get(wire) as number
  const uses = proof.uses.get(wire)
  const { rowStart, termWire } = r1cs
  const { start, constraints } = constraintsByWire(r1cs)
  const change = new Map([[wire, other]])
  let last = -1
  for (let at = start[wire]!; at < start[wire + 1]!; at++) {
    const i = constraints[at]!
    if (i === last) continue
    last = i
    let isEarly = true
    for (let t = rowStart[3 * i]!; t < rowStart[3 * i + 3]! && isEarly; t++) {
      const one = termWire[t]!
      if (one === wire || one === 0) continue
      isEarly = (proof.order.get(one) ?? Number.POSITIVE_INFINITY) < order || proof.uses.get(one) === uses
    }
    if (isEarly && plan.breaks(witness, change, i)) return true
  }
  return false
}
