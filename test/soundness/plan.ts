import { FIELD_MODULUS as r } from '../../src/field.js'
import { constraintsByWire, type R1cs } from '../../src/formats/r1cs.js'
import { type Facts, type Proof, type Step, sortBits } from './determinism.js'
import { invert, mod } from './linear.js'

/**
 * Computes witnesses from a constraint system and the order in which a proof concluded its wires: no generator of the
 * compiler is involved, so that any signal can be forged and what follows from it recomputed.
 */
export class Plan {
  readonly #facts: Facts
  readonly #r1cs: R1cs
  readonly #steps: readonly Step[]
  readonly #stepsOf: ReadonlyMap<number, readonly number[]>
  readonly #formsOf: ReadonlyMap<number, readonly number[]>

  constructor(facts: Facts, proof: Proof) {
    this.#facts = facts
    this.#r1cs = facts.r1cs
    // Inverses of what is not 0 follow too.
    const inverses = [...proof.conditional].map(
      ([wire, constraint]): Step => ({ kind: 'divide', wire, constraint }),
    )
    this.#steps = [...proof.steps, ...inverses]
    const stepsOf = new Map<number, number[]>()
    this.#steps.forEach((step, index) => {
      for (const i of constraintsOfStep(step)) {
        const list = stepsOf.get(i)
        if (list === undefined) stepsOf.set(i, [index])
        else list.push(index)
      }
    })
    this.#stepsOf = stepsOf
    const formsOf = new Map<number, number[]>()
    facts.forms.forEach((form, k) => {
      for (const wire of [...form.keys(), this.#r1cs.wires + k]) {
        const list = formsOf.get(wire)
        if (list === undefined) formsOf.set(wire, [this.#r1cs.constraints + k])
        else list.push(this.#r1cs.constraints + k)
      }
    })
    this.#formsOf = formsOf
  }

  /**
   * Changes wires of a witness and recomputes all that follows from them.
   *
   * @returns every value that differs from the witness, the given changes included
   */
  follow(witness: readonly bigint[], changes: ReadonlyMap<number, bigint>): Map<number, bigint> {
    const { forms } = this.#facts
    const { wires } = this.#r1cs
    const changed = new Map(changes)
    const value = (wire: number): bigint => {
      const known = changed.get(wire)
      if (known !== undefined) return known
      if (wire < wires) return witness[wire] as bigint
      // Eliminated bits have their value from the witness.
      let sum = 0n
      for (const [one, k] of forms[wire - wires] as ReadonlyMap<number, bigint>)
        sum += k * (witness[one] as bigint)
      return mod(sum)
    }
    const due = new Uint8Array(this.#steps.length)
    let first = this.#steps.length
    const touch = (wire: number, after: number): void => {
      const mark = (i: number): void => {
        for (const index of this.#stepsOf.get(i) ?? []) {
          if (index <= after) continue
          due[index] = 1
          if (index < first) first = index
        }
      }
      if (wire < wires) {
        const { start, constraints } = constraintsByWire(this.#r1cs)
        for (let at = start[wire]!; at < start[wire + 1]!; at++) mark(constraints[at]!)
      }
      for (const i of this.#formsOf.get(wire) ?? []) mark(i)
    }
    for (const wire of changes.keys()) touch(wire, -1)
    for (let index = first; index < this.#steps.length; index++) {
      if (due[index] === 0) continue
      for (const [wire, next] of this.#run(this.#steps[index] as Step, value)) {
        if (changes.has(wire) || value(wire) === next) continue
        changed.set(wire, next)
        touch(wire, index)
      }
    }
    for (const [wire, next] of changed) if (wire >= wires || next === witness[wire]) changed.delete(wire)
    return changed
  }

  /** The constraints that changed values violate, in a witness that satisfies all; at most `most`. */
  violated(witness: readonly bigint[], changed: ReadonlyMap<number, bigint>, most = 2): number[] {
    const { start, constraints } = constraintsByWire(this.#r1cs)
    const value = (wire: number): bigint => changed.get(wire) ?? (witness[wire] as bigint)
    const seen = new Set<number>()
    const found: number[] = []
    for (const wire of changed.keys()) {
      for (let at = start[wire]!; at < start[wire + 1]!; at++) {
        const i = constraints[at]!
        if (seen.has(i)) continue
        seen.add(i)
        if (this.#residual(i, value) === 0n) continue
        found.push(i)
        if (found.length >= most) return found
      }
    }
    return found
  }

  /** a * b - c of a constraint with changed values. */
  residual(witness: readonly bigint[], changed: ReadonlyMap<number, bigint>, constraint: number): bigint {
    return this.#residual(constraint, (wire) => changed.get(wire) ?? (witness[wire] as bigint))
  }

  /** Whether changed values violate one constraint. */
  breaks(witness: readonly bigint[], changed: ReadonlyMap<number, bigint>, constraint: number): boolean {
    return this.#residual(constraint, (wire) => changed.get(wire) ?? (witness[wire] as bigint)) !== 0n
  }

  #run(step: Step, value: (wire: number) => bigint): [number, bigint][] {
    switch (step.kind) {
      case 'linear':
        return step.rows.map(({ wire, combination }) => [
          wire,
          mod(value(wire) - this.#residuals(combination, value)),
        ])
      case 'divide': {
        const slope = this.#slope(step.constraint, step.wire, value)
        if (slope === 0n) return []
        return [[step.wire, mod(value(step.wire) - this.#residual(step.constraint, value) * invert(slope))]]
      }
      case 'isZero': {
        let divisor = 0n
        for (const [wire, k] of step.fact.divisor) divisor += k * value(wire)
        return [[step.wire, mod(divisor) === 0n ? step.fact.atZero : step.fact.elsewhere]]
      }
      case 'bits': {
        const sorted = sortBits(step.terms) as NonNullable<ReturnType<typeof sortBits>>
        let sum = -this.#residuals(step.combination, value)
        for (const { wire, coefficient } of step.terms) sum += coefficient * value(wire)
        let rest = sum * sorted.scale
        for (const { size, negative } of sorted.list) if (negative) rest += size
        rest = mod(rest)
        return [...sorted.list].reverse().map(({ wire, size, negative }) => {
          const taken = rest >= size
          if (taken) rest -= size
          return [wire, taken !== negative ? 1n : 0n]
        })
      }
    }
  }

  #residuals(combination: ReadonlyMap<number, bigint>, value: (wire: number) => bigint): bigint {
    let sum = 0n
    for (const [i, k] of combination) sum += k * this.#residual(i, value)
    return mod(sum)
  }

  /** a * b - c of a constraint; form - bit of an eliminated bit. */
  #residual(i: number, value: (wire: number) => bigint): bigint {
    const { constraints, wires } = this.#r1cs
    if (i >= constraints) {
      let sum = -value(wires + i - constraints)
      for (const [wire, k] of this.#facts.forms[i - constraints] as ReadonlyMap<number, bigint>) {
        sum += k * value(wire)
      }
      return mod(sum)
    }
    return mod(this.#row(3 * i, value) * this.#row(3 * i + 1, value) - this.#row(3 * i + 2, value))
  }

  #slope(i: number, wire: number, value: (wire: number) => bigint): bigint {
    const { rowStart, termWire, termCoefficient, coefficients } = this.#r1cs
    const factor = (row: number): bigint => {
      let sum = 0n
      for (let t = rowStart[row]!; t < rowStart[row + 1]!; t++) {
        if (termWire[t] === wire) sum += coefficients[termCoefficient[t]!]!
      }
      return mod(sum)
    }
    const [a, b, c] = [factor(3 * i), factor(3 * i + 1), factor(3 * i + 2)]
    if (a !== 0n && b !== 0n) return 0n
    return mod(a * this.#row(3 * i + 1, value) + b * this.#row(3 * i, value) - c)
  }

  #row(row: number, value: (wire: number) => bigint): bigint {
    const { rowStart, termWire, termCoefficient, coefficients } = this.#r1cs
    let sum = 0n
    for (let t = rowStart[row]!; t < rowStart[row + 1]!; t++) {
      const v = value(termWire[t]!)
      if (v !== 0n) sum += coefficients[termCoefficient[t]!]! * v
    }
    return sum % r
  }
}

function constraintsOfStep(step: Step): Iterable<number> {
  switch (step.kind) {
    case 'linear':
      return new Set(step.rows.flatMap(({ combination }) => [...combination.keys()]))
    case 'bits':
      return step.combination.keys()
    case 'divide':
      return [step.constraint]
    case 'isZero':
      return step.fact.constraints
  }
}
