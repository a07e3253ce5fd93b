import { FIELD_MODULUS as r } from '../../src/field.js'
import { constraintsByWire, firstViolatedConstraint, type R1cs } from '../../src/formats/r1cs.js'

/** What {@link solveR1cs} found. */
export interface Solutions {
  /** Every witness with the given wires, up to `free`; none means that provably no witness exists. */
  readonly witnesses: bigint[][]
  /** Names of wires that may take any value without a consequence (0 in `witnesses`). */
  readonly free: string[]
}

/** A number plus unknown wires times coefficients, all modulo r. */
interface Linear {
  readonly constant: bigint
  readonly terms: ReadonlyMap<number, bigint>
}

class Contradiction extends Error {}

const mod = (value: bigint): bigint => ((value % r) + r) % r
const MAX_BRANCHES = 64

/**
 * Finds every witness in which some wires have given values, by what single constraints imply: an equation linear in one
 * unknown, or one whose unknowns are all bits with coefficients that tell them apart (both candidates are followed where
 * a sum of bits may or may not wrap around r).
 *
 * This is what a forger can do who may choose all other wires: no honest witness generator is involved.
 *
 * @throws {Error} naming wires if these implications do not decide
 */
export function solveR1cs(o: {
  readonly r1cs: R1cs
  readonly given: ReadonlyMap<number, bigint>
  readonly nameOf?: (wire: number) => string
}): Solutions {
  const { r1cs, given, nameOf = (wire) => `wire ${wire}` } = o
  const start: (bigint | undefined)[] = Array.from({ length: r1cs.wires }, () => undefined)
  start[0] = 1n
  for (const [wire, value] of given) start[wire] = value
  const witnesses: bigint[][] = []
  const free = new Set<string>()
  const pending: { values: (bigint | undefined)[]; queue: Iterable<number> }[] = [
    { values: start, queue: Array.from({ length: r1cs.constraints }, (_, i) => i) },
  ]
  let branches = 0
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (++branches > MAX_BRANCHES) throw new Error('too many branches')
    const { values } = next
    let open: Set<number>
    try {
      open = propagate(r1cs, values, next.queue)
    } catch (error) {
      if (!(error instanceof Contradiction)) throw error
      continue
    }
    const choice = branch(r1cs, values, open)
    if (choice === undefined) {
      const unknown = values.flatMap((value, wire) => (value === undefined ? [wire] : []))
      const witness = values.map((value) => value ?? 0n)
      if (open.size > 0 || firstViolatedConstraint({ r1cs, witness }) !== undefined) {
        throw new Error(`undecided: ${unknown.map(nameOf).slice(0, 20).join(', ')}`)
      }
      for (const wire of unknown) free.add(nameOf(wire))
      witnesses.push(witness)
      continue
    }
    for (const assignment of choice) {
      const copy = [...values]
      const queue = new Set<number>(open)
      for (const [wire, value] of assignment) assign(r1cs, copy, { wire, value, queue })
      pending.push({ values: copy, queue })
    }
  }
  return { witnesses, free: [...free].sort() }
}

/** Draws all conclusions that need no choice; returns the constraints that still have unknowns that matter. */
function propagate(r1cs: R1cs, values: (bigint | undefined)[], first: Iterable<number>): Set<number> {
  const queue = new Set<number>(first)
  const open = new Set<number>()
  for (;;) {
    drain(r1cs, values, { queue, open })
    const solved = eliminate(r1cs, values, open)
    if (solved.size === 0) return open
    for (const [wire, value] of solved) assign(r1cs, values, { wire, value, queue })
  }
}

/** Solves single constraints until nothing follows from one alone. */
function drain(
  r1cs: R1cs,
  values: (bigint | undefined)[],
  { queue, open }: { readonly queue: Set<number>; readonly open: Set<number> },
): void {
  for (const i of queue) {
    queue.delete(i)
    open.delete(i)
    const equations = equationsOf(r1cs, values, i)
    if (equations === 'nonlinear') {
      open.add(i)
      continue
    }
    const solutions = solutionsOf(r1cs, equations)
    if (solutions === undefined) {
      open.add(i)
      continue
    }
    if (solutions.length === 0) throw new Contradiction()
    if (solutions.length > 1) {
      open.add(i)
      continue
    }
    for (const [wire, value] of solutions[0]!) assign(r1cs, values, { wire, value, queue })
  }
}

/**
 * Gaussian elimination over the open constraints: the compiler writes some states of Poseidon as several equations in
 * several unknowns, and squares of sums that only all of them together determine. Returns the unknowns that follow.
 */
function eliminate(
  r1cs: R1cs,
  values: readonly (bigint | undefined)[],
  open: ReadonlySet<number>,
): Map<number, bigint> {
  const rows = new Map<number, Linear>()
  const holding = new Map<number, Set<number>>()
  const reduce = (line: Linear): Linear => {
    let reduced = line
    for (const wire of line.terms.keys()) {
      const row = rows.get(wire)
      if (row !== undefined) reduced = minus(reduced, reduced.terms.get(wire) ?? 0n, row)
    }
    return reduced
  }
  const waiting = new Map(
    [...open].map((i) => [i, [0, 1, 2].map((k) => rowOf(r1cs, 3 * i + k, values))] as const),
  )
  for (let found = true; found; ) {
    found = false
    for (const [i, parts] of waiting) {
      const [a, b, c] = parts.map(reduce) as [Linear, Linear, Linear]
      if (a.terms.size > 0 && b.terms.size > 0) continue
      waiting.delete(i)
      const sum = a.terms.size === 0 ? combine(b, a.constant, c) : combine(a, b.constant, c)
      if (sum.terms.size === 0) {
        if (sum.constant !== 0n) throw new Contradiction()
        continue
      }
      const [[pivot, coefficient]] = [...sum.terms] as [[number, bigint]]
      const line = combine(sum, invert(coefficient), { constant: 0n, terms: new Map() })
      for (const other of holding.get(pivot) ?? []) {
        const row = rows.get(other)!
        const factor = row.terms.get(pivot)
        if (factor === undefined) continue
        const reduced = minus(row, factor, line)
        rows.set(other, reduced)
        for (const wire of reduced.terms.keys()) index(holding, wire, other)
      }
      for (const wire of line.terms.keys()) index(holding, wire, pivot)
      rows.set(pivot, line)
      found = true
    }
  }
  const determined = [...rows].filter(([, line]) => line.terms.size === 1)
  return new Map(determined.map(([pivot, line]) => [pivot, mod(-line.constant)]))
}

function index(holding: Map<number, Set<number>>, wire: number, row: number): void {
  const rows = holding.get(wire)
  if (rows === undefined) holding.set(wire, new Set([row]))
  else rows.add(row)
}

/** a - factor b */
function minus(a: Linear, factor: bigint, b: Linear): Linear {
  return combine(a, 1n, {
    constant: factor * b.constant,
    terms: new Map([...b.terms].map(([w, c]) => [w, factor * c])),
  })
}

/** The alternatives of the first open constraint that leaves finitely many; undefined if none does. */
function branch(
  r1cs: R1cs,
  values: readonly (bigint | undefined)[],
  open: ReadonlySet<number>,
): ReadonlyMap<number, bigint>[] | undefined {
  for (const i of open) {
    const equations = equationsOf(r1cs, values, i)
    if (equations === 'nonlinear') continue
    const solutions = solutionsOf(r1cs, equations)
    if (solutions !== undefined) return solutions
  }
  for (const i of open) {
    // Last resort: an unknown bit of an open constraint.
    for (const wire of unknownOf(r1cs, values, i)) {
      if (isBoolean(r1cs, wire)) return [new Map([[wire, 0n]]), new Map([[wire, 1n]])]
    }
  }
  return undefined
}

function assign(
  r1cs: R1cs,
  values: (bigint | undefined)[],
  o: { readonly wire: number; readonly value: bigint; readonly queue: Set<number> },
): void {
  values[o.wire] = o.value
  const { start, constraints } = constraintsByWire(r1cs)
  for (let i = start[o.wire]!; i < start[o.wire + 1]!; i++) o.queue.add(constraints[i]!)
}

function rowOf(r1cs: R1cs, row: number, values: readonly (bigint | undefined)[]): Linear {
  let constant = 0n
  const terms = new Map<number, bigint>()
  for (let term = r1cs.rowStart[row]!; term < r1cs.rowStart[row + 1]!; term++) {
    const wire = r1cs.termWire[term]!
    const coefficient = r1cs.coefficients[r1cs.termCoefficient[term]!]!
    const value = values[wire]
    if (value !== undefined) constant += coefficient * value
    else terms.set(wire, mod((terms.get(wire) ?? 0n) + coefficient))
  }
  return { constant: mod(constant), terms: withoutZeros(terms) }
}

function hasUnknown(r1cs: R1cs, values: readonly (bigint | undefined)[], row: number): boolean {
  for (let term = r1cs.rowStart[row]!; term < r1cs.rowStart[row + 1]!; term++) {
    if (values[r1cs.termWire[term]!] === undefined) return true
  }
  return false
}

function withoutZeros(terms: Map<number, bigint>): Map<number, bigint> {
  for (const [wire, coefficient] of terms) if (coefficient === 0n) terms.delete(wire)
  return terms
}

function combine(a: Linear, scale: bigint, b: Linear): Linear {
  const terms = new Map([...a.terms].map(([wire, coefficient]) => [wire, mod(scale * coefficient)]))
  for (const [wire, coefficient] of b.terms) terms.set(wire, mod((terms.get(wire) ?? 0n) - coefficient))
  return { constant: mod(scale * a.constant - b.constant), terms: withoutZeros(terms) }
}

/** `sum` is 0, or for a constraint that says so a multiple by 0 or 1 of `bit`. */
interface Equation {
  readonly sum: Linear
  readonly bit: bigint
}

function equationsOf(
  r1cs: R1cs,
  values: readonly (bigint | undefined)[],
  constraint: number,
): Equation | 'nonlinear' {
  const product = [0, 1].every((k) => hasUnknown(r1cs, values, 3 * constraint + k))
  if (product && hasUnknown(r1cs, values, 3 * constraint + 2)) return 'nonlinear'
  const [a, b, c] = [0, 1, 2].map((k) => rowOf(r1cs, 3 * constraint + k, values)) as [Linear, Linear, Linear]
  if (a.terms.size === 0) return { sum: combine(b, a.constant, c), bit: 0n }
  if (b.terms.size === 0) return { sum: combine(a, b.constant, c), bit: 0n }
  if (c.terms.size === 0 && c.constant === 0n) {
    // L * s (L - k) = 0: L is 0 or k.
    const [wire, coefficient] = [...a.terms][0]!
    const scale = mod((b.terms.get(wire) ?? 0n) * invert(coefficient))
    const rest = combine(a, scale, b)
    if (scale !== 0n && rest.terms.size === 0) return { sum: a, bit: mod(rest.constant * invert(scale)) }
  }
  return 'nonlinear'
}

/** The assignments that satisfy an equation: all of them, or undefined if they are not finitely many known ones. */
function solutionsOf(r1cs: R1cs, equation: Equation): ReadonlyMap<number, bigint>[] | undefined {
  const { sum, bit } = equation
  const target = mod(-sum.constant)
  if (sum.terms.size === 0) return target === 0n || mod(-target) === bit ? [new Map()] : []
  if (sum.terms.size === 1) {
    const [[wire, coefficient]] = [...sum.terms] as [[number, bigint]]
    const inverse = invert(coefficient)
    const roots = [...new Set(bit === 0n ? [target] : [target, mod(target + bit)])]
    // A bit that is only said to be one is no choice to make yet: it may be determined elsewhere.
    if (roots.length === 2 && isBoolean(r1cs, wire)) return undefined
    return roots.map((root) => new Map([[wire, mod(root * inverse)]]))
  }
  if (![...sum.terms.keys()].every((wire) => isBoolean(r1cs, wire))) return undefined
  // The bit itself as one more unknown, on no wire.
  const terms = [...sum.terms]
  if (bit !== 0n) terms.push([-1, mod(-bit)])
  return bitSums(terms, target)?.map((assignment) => {
    assignment.delete(-1)
    return assignment
  })
}

/** All choices of bits with sum(coefficient * bit) = target modulo r; undefined if they are not told apart. */
function bitSums(
  terms: readonly (readonly [number, bigint])[],
  target: bigint,
): Map<number, bigint>[] | undefined {
  // The lowest bit is one whose coefficient is not twice another's.
  const doubles = new Set(terms.map(([, coefficient]) => mod(2n * coefficient)))
  const units = terms.map(([, coefficient]) => coefficient).filter((coefficient) => !doubles.has(coefficient))
  for (const unit of new Set(units.slice(0, 4))) {
    for (const scale of [1n, invert(unit)]) {
      const found = scaledBitSums(
        terms.map(([wire, coefficient]) => [wire, mod(coefficient * scale)] as const),
        mod(target * scale),
      )
      if (found !== undefined) return found
    }
  }
  return undefined
}

function scaledBitSums(
  terms: readonly (readonly [number, bigint])[],
  target: bigint,
): Map<number, bigint>[] | undefined {
  // A negative coefficient is a positive one of the opposite bit.
  let shifted = target
  const list = terms.map(([wire, coefficient]) => {
    const negative = coefficient > r / 2n
    const size = negative ? r - coefficient : coefficient
    if (negative) shifted += size
    return { wire, negative, size }
  })
  list.sort((x, y) => (x.size < y.size ? -1 : x.size > y.size ? 1 : 0))
  let total = 0n
  let apart = true
  for (const { size } of list) {
    if (size <= total) apart = false
    total += size
  }
  if (total >= 4n * r) return undefined
  const found: Map<number, bigint>[] = []
  for (let goal = mod(shifted); goal <= total; goal += r) {
    if (!apart && goal !== 0n && goal !== total) return undefined
    let rest = goal
    const assignment = new Map<number, bigint>()
    for (const { wire, negative, size } of [...list].reverse()) {
      const taken = rest >= size
      if (taken) rest -= size
      assignment.set(wire, taken !== negative ? 1n : 0n)
    }
    if (rest === 0n) found.push(assignment)
  }
  return found
}

function unknownOf(r1cs: R1cs, values: readonly (bigint | undefined)[], constraint: number): number[] {
  const { rowStart, termWire } = r1cs
  const wires = termWire.slice(rowStart[3 * constraint]!, rowStart[3 * constraint + 3]!)
  return [...new Set(wires)].filter((wire) => values[wire] === undefined)
}

const booleans = new WeakMap<R1cs, Uint8Array>()

/** Tells whether some constraint has the wire alone, with just the roots 0 and 1. */
function isBoolean(r1cs: R1cs, wire: number): boolean {
  let known = booleans.get(r1cs)
  if (known === undefined) {
    known = new Uint8Array(r1cs.wires)
    const nothing: (bigint | undefined)[] = [1n]
    for (let i = 0; i < r1cs.constraints; i++) {
      const only = unknownOf(r1cs, nothing, i)
      if (only.length !== 1) continue
      const [x] = only as [number]
      const [a, b, c] = [0, 1, 2].map((k) => rowOf(r1cs, 3 * i + k, nothing)) as [Linear, Linear, Linear]
      const at = (line: Linear, value: bigint): bigint => line.constant + (line.terms.get(x) ?? 0n) * value
      const isRoot = (value: bigint): boolean => mod(at(a, value) * at(b, value) - at(c, value)) === 0n
      if (a.terms.size === 1 && b.terms.size === 1 && isRoot(0n) && isRoot(1n)) known[x] = 1
    }
    booleans.set(r1cs, known)
  }
  return known[wire] === 1
}

function invert(value: bigint): bigint {
  let [a, b, x, y] = [mod(value), r, 1n, 0n]
  while (b !== 0n) {
    const q = a / b
    ;[a, b, x, y] = [b, a - q * b, y, x - q * y]
  }
  return mod(x)
}
