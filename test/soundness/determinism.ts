import { FIELD_MODULUS as r } from '../../src/field.js'
import { constraintsByWire, type R1cs } from '../../src/formats/r1cs.js'
import type { Symbols } from '../../src/formats/symbols.js'
import { CurveFacts, type PointPremise } from './curve.js'
import {
  addScaled,
  addTerm,
  invert,
  type Linear,
  mod,
  ratio,
  rowOf,
  scaled,
  withoutConstant,
} from './linear.js'
import type { System } from './plain.js'

/**
 * Something that constraints alone do not show, argued in words: a divisor that is never 0 (`divisor`), a wire that may
 * have more than one value without harm and is taken as given (`given`), or two wires that are a point of the curve, which is
 * checked outside (`point`): the first by its name, the second by the same with 1 for 0.
 */
export interface Argument {
  readonly name: string
  readonly kind: 'divisor' | 'given' | 'point'
  /** Of a point. */
  readonly point?: Pick<PointPremise, 'isEdwards' | 'isOfPrimeOrder'>
  /** Matched against each name of a wire, without `main.`. */
  readonly signal: RegExp
  readonly reason: string
}

/** By which rule something was concluded; see the method of the same name for why it is right. */
export type Rule =
  | 'input'
  | 'assumed'
  | 'linear'
  | 'division'
  | 'isZero'
  | 'bits'
  | 'strictBits'
  | 'constant'
  | 'curve'
  | Argument

/** How a wire follows from others, in the order in which it was concluded. */
export type Step =
  /**
   * Sum of the residuals of constraints with coefficients is the wire, with coefficient 1, minus its value; for several
   * wires at once, since the residuals count on the equations known before.
   */
  | { readonly kind: 'linear'; readonly rows: readonly LinearStep[] }
  /** The constraint is linear in the wire, and its coefficient is not 0. */
  | { readonly kind: 'divide'; readonly wire: number; readonly constraint: number }
  /** `wire` is one constant where the divisor is 0, another where it is not. */
  | { readonly kind: 'isZero'; readonly wire: number; readonly fact: IsZeroFact }
  /** The wires are bits, and the sum of `terms` is that of the residuals of `combination` minus what is known. */
  | {
      readonly kind: 'bits'
      readonly terms: readonly BitTerm[]
      readonly combination: ReadonlyMap<number, bigint>
    }

/** One wire of a linear step. */
export interface LinearStep {
  readonly wire: number
  readonly combination: ReadonlyMap<number, bigint>
}

/** A bit with its weight. */
export interface BitTerm {
  readonly wire: number
  readonly coefficient: bigint
}

/** `divisor * x = a` and `divisor * out = b`: `form` (of one wire) is one constant where divisor is 0, else another. */
export interface IsZeroFact {
  readonly constraints: readonly [number, number]
  readonly divisor: Linear
  readonly wire: number
  readonly atZero: bigint
  readonly elsewhere: bigint
}

interface Row {
  terms: Linear
  combination: Map<number, bigint>
  uses: Set<number>
}

/** What a system says whatever is known: found once, used by all runs over it. */
export interface Facts {
  readonly r1cs: R1cs
  readonly isZero: readonly IsZeroFact[]
  readonly isZeroByConstraint: ReadonlyMap<number, readonly IsZeroFact[]>
  /**
   * Constraints `form * (form - k) = 0`, k not 0, of more than one wire: form / k is a bit that the compiler eliminated. It
   * gets a number behind those of all wires, and `form / k - bit = 0` one behind those of all constraints.
   */
  readonly bitForms: ReadonlyMap<number, { readonly form: Linear; readonly index: number }>
  /** The forms by index. */
  readonly forms: readonly Linear[]
  /** Constraints that have one wire alone, with the roots 0 and 1. */
  readonly bitWires: ReadonlyMap<number, number>
  /** Products of two bits or wires: `x * y = wire`, by `x/y` with x <= y. */
  readonly products: ReadonlyMap<string, readonly { readonly wire: number; readonly constraint: number }[]>
  /** The same by the product: `[x, y, constraint]`. */
  readonly factors: ReadonlyMap<number, readonly (readonly [number, number, number])[]>
  /** `x * (sum of other wires or bits) = 0`, by x. */
  readonly zeroProducts: ReadonlyMap<
    number,
    readonly { readonly constraint: number; readonly form: Linear }[]
  >
}

/** What {@link prove} may use. */
export interface ProveOptions {
  readonly facts: Facts
  /** Wires to start from. */
  readonly inputs: readonly number[]
  /** Wires assumed to be constants, by value. */
  readonly assumed?: ReadonlyMap<number, bigint>
  /** A constraint to do without. */
  readonly without?: number
  readonly names?: (wire: number) => readonly string[]
  readonly arguments?: readonly Argument[]
}

/** What follows from the inputs. */
export interface Proof {
  /** 1 for each wire that the inputs determine. */
  readonly unique: Uint8Array
  /** 1 for each wire that is 0 or 1 in every witness, whatever the inputs. */
  readonly boolean: Uint8Array
  readonly rules: ReadonlyMap<number, Rule>
  readonly steps: readonly Step[]
  /** The constraints that a conclusion rests on, by wire. */
  readonly uses: ReadonlyMap<number, readonly number[]>
  /** Wires determined unless a divisor is 0, with the constraint that says so. */
  readonly conditional: ReadonlyMap<number, number>
  /** Order of conclusions by wire. */
  readonly order: ReadonlyMap<number, number>
}

/** Names of each wire without `main.`, several where the compiler merged signals. */
export function wireNames(symbols: Symbols): (wire: number) => readonly string[] {
  const names = new Map<number, string[]>()
  for (const [name, wire] of symbols) {
    const list = names.get(wire)
    const short = name.replace(/^main\./, '')
    if (list === undefined) names.set(wire, [short])
    else list.push(short)
  }
  return (wire) => names.get(wire) ?? (wire === 0 ? ['1'] : [`wire ${wire}`])
}

/** The wires of inputs, public and private. */
export function inputWires({ r1cs, eliminated = [] }: System): number[] {
  const count = r1cs.publicInputs + r1cs.privateInputs - eliminated.length
  return Array.from({ length: count }, (_, i) => 1 + r1cs.outputs + i)
}

/**
 * What stands for bits among the inputs that the compiler replaced by forms, by name: the number of a form (see
 * {@link Facts.bitForms}). The constraint that makes it a bit is beside that of its neighbour in the array, or of an input with the
 * same index; a test compares the values.
 */
export function eliminatedInputs(system: System): Map<string, number> {
  const { r1cs, symbols, eliminated = [] } = system
  const { bitWires, bitForms } = factsOf(r1cs)
  const isInput = new Set(inputWires(system))
  const constraintOf = new Map([...bitWires].map(([constraint, wire]) => [wire, constraint]))
  const known = new Map<string, number>()
  for (const [name, wire] of symbols) {
    const constraint = constraintOf.get(wire)
    if (constraint !== undefined && isInput.has(wire)) known.set(name.replace(/^main\./, ''), constraint)
  }
  const found = new Map<string, number>()
  for (const name of eliminated) {
    if (CONSTANTS.includes(name)) continue
    const [, array, index] = /^(\w+)\[(\d+)\]$/.exec(name) ?? []
    const [before, after] = [Number(index) - 1, Number(index) + 1].map((k) => known.get(`${array}[${k}]`))
    const beside = [...known].flatMap(([other, at]) => (other.endsWith(`[${index}]`) ? [at + 1, at - 1] : []))
    const near = [before === undefined ? -1 : before + 1, after === undefined ? -1 : after - 1, ...beside]
    const at = near.find((i) => bitForms.has(i) && ![...known.values()].includes(i))
    if (at === undefined) continue
    known.set(name, at)
    found.set(name, r1cs.wires + bitForms.get(at)!.index)
  }
  return found
}

/** Inputs that only one value fits: the last step of a batch links nothing (`links[TOUCHES] === 0`). */
const CONSTANTS: readonly string[] = ['isLink[3]']

/** All inputs of a system: wires, and what stands for those that the compiler replaced by forms. */
export function givenOf(system: System): number[] {
  return [...inputWires(system), ...eliminatedInputs(system).values()]
}

const knownFacts = new WeakMap<R1cs, Facts>()

/** The facts of a system, found once. */
export function factsOf(r1cs: R1cs): Facts {
  const known = knownFacts.get(r1cs) ?? findFacts(r1cs)
  knownFacts.set(r1cs, known)
  return known
}

function findFacts(r1cs: R1cs): Facts {
  const bitForms = new Map<number, { form: Linear; index: number }>()
  const bitWires = new Map<number, number>()
  // Atoms are wires, and forms of several wires that are bits: the compiler eliminates one bit of a decomposition.
  const forms: Linear[] = []
  const formsByShape = new Map<string, number[]>()
  for (let i = 0; i < r1cs.constraints; i++) {
    if (!isEmpty(r1cs, 3 * i + 2) && rowLength(r1cs, 3 * i) + rowLength(r1cs, 3 * i + 1) > 4) continue
    const [a, b, c] = rowsOf(r1cs, i)
    const wires = new Set([...a.keys(), ...b.keys(), ...c.keys()])
    wires.delete(0)
    if (wires.size === 1) {
      const [wire] = wires as unknown as [number]
      if (hasRootsOfABit(a, b, c, wire)) bitWires.set(i, wire)
      continue
    }
    if (c.size > 0) continue
    const form = bitForm(a, b)
    if (form === undefined) continue
    const atom = r1cs.wires + forms.length
    forms.push(form)
    bitForms.set(i, { form, index: atom - r1cs.wires })
    push(formsByShape, shapeOf(form), atom)
  }
  const atomOf = (form: Linear): { atom: number; factor: bigint } | undefined => {
    if (form.size === 1) {
      const [[wire, factor]] = [...form] as [[number, bigint]]
      return wire === 0 ? undefined : { atom: wire, factor }
    }
    for (const atom of formsByShape.get(shapeOf(form)) ?? []) {
      const factor = ratio(form, forms[atom - r1cs.wires] as Linear)
      if (factor !== undefined) return { atom, factor }
    }
    return undefined
  }
  const products = new Map<string, { wire: number; constraint: number }[]>()
  const factors = new Map<number, [number, number, number][]>()
  const zeroProducts = new Map<number, { constraint: number; form: Linear }[]>()
  const zeroRows = new Map<string, { constraint: number; divisor: Linear; other: Linear }[]>()
  const byShape = new Map<string, { constraint: number; part: 0 | 1 }[]>()
  for (let i = 0; i < r1cs.constraints; i++) {
    if (bitForms.has(i) || bitWires.has(i)) continue
    const cLength = rowLength(r1cs, 3 * i + 2)
    if (cLength === 0) {
      const [a, b] = rowsOf(r1cs, i)
      for (const [x, y] of [
        [a, b],
        [b, a],
      ] as const) {
        push(zeroRows, shapeOf(x), { constraint: i, divisor: x, other: y })
        const atom = atomOf(x)
        if (atom !== undefined) push(zeroProducts, atom.atom, { constraint: i, form: y })
      }
      continue
    }
    for (const part of [0, 1] as const) {
      if (rowLength(r1cs, 3 * i + 1 - part) <= 2)
        push(byShape, rowShape(r1cs, 3 * i + part), { constraint: i, part })
    }
    if (cLength > 1) continue
    const [a, b, c] = rowsOf(r1cs, i)
    const [x, y, z] = [atomOf(a), atomOf(b), atomOf(c)]
    if (x === undefined || y === undefined || z === undefined) continue
    if (mod(x.factor * y.factor) !== z.factor) continue
    push(products, pairKey(x.atom, y.atom), { wire: z.atom, constraint: i })
    push(factors, z.atom, [x.atom, y.atom, i])
  }
  const isZero: IsZeroFact[] = []
  const isZeroByConstraint = new Map<number, IsZeroFact[]>()
  for (const [shape, rows] of zeroRows) {
    const candidates = byShape.get(shape)
    if (candidates === undefined) continue
    for (const { constraint, divisor, other } of rows) {
      if (divisor.size === 0 || (divisor.size === 1 && divisor.has(0))) continue
      for (const { constraint: first, part } of candidates) {
        const same = rowOf(r1cs, 3 * first + part)
        if (ratio(same, divisor) === undefined) continue
        const fact = isZeroFact({
          constraints: [first, constraint],
          divisor,
          value: rowOf(r1cs, 3 * first + 2),
          other,
        })
        if (fact === undefined) continue
        isZero.push(fact)
        for (const i of fact.constraints) push(isZeroByConstraint, i, fact)
      }
    }
  }
  return { r1cs, isZero, isZeroByConstraint, bitForms, forms, bitWires, products, factors, zeroProducts }
}

/**
 * `divisor * x = value` and `divisor * other = 0`: where the divisor is 0, value is 0; where it is not, other is. If both
 * are forms of one wire, these are its two possible values.
 */
function isZeroFact(o: {
  constraints: readonly [number, number]
  divisor: Linear
  value: Linear
  other: Linear
}): IsZeroFact | undefined {
  const wires = new Set([...o.value.keys(), ...o.other.keys()])
  wires.delete(0)
  if (wires.size !== 1) return undefined
  const [wire] = wires as unknown as [number]
  const root = (form: Linear): bigint | undefined => {
    const factor = form.get(wire)
    return factor === undefined ? undefined : mod(-(form.get(0) ?? 0n) * invert(factor))
  }
  const [atZero, elsewhere] = [root(o.value), root(o.other)]
  if (atZero === undefined || elsewhere === undefined) return undefined
  return { constraints: o.constraints, divisor: o.divisor, wire, atZero, elsewhere }
}

/**
 * Finds the wires that are 0 or 1 in every witness: those of `x (x - 1) = 0`, answers of is-zero pairs, and those of a
 * constraint whose other wires are bits, if all their values leave 0 and 1 only.
 *
 * @param o.without a constraint to do without
 * @param o.start   bits that are known, to be extended by the constraints `queue` (absent: all)
 */
export function booleanWires(o: {
  facts: Facts
  without?: number
  start?: Uint8Array
  queue?: Iterable<number>
}): Uint8Array {
  const { facts, without = -1 } = o
  const { r1cs, bitWires, isZero } = facts
  const isWhole = without < 0 && o.start === undefined
  const known = isWhole ? knownBits.get(facts) : undefined
  if (known !== undefined) return known
  const boolean = o.start?.slice() ?? new Uint8Array(r1cs.wires)
  for (const [i, wire] of bitWires) if (i !== without) boolean[wire] = 1
  for (const fact of isZero) {
    if (fact.constraints.includes(without)) continue
    if (isBit(fact.atZero) && isBit(fact.elsewhere)) boolean[fact.wire] = 1
  }
  const { start, constraints } = constraintsByWire(r1cs)
  const queue = new Set<number>(o.queue ?? Array.from({ length: r1cs.constraints }, (_, i) => i))
  const { rowStart, termWire } = r1cs
  for (const i of queue) {
    queue.delete(i)
    if (i === without) continue
    const from = rowStart[3 * i]!
    const to = rowStart[3 * i + 3]!
    if (to - from > 16) continue
    const others = new Set<number>()
    let open = -1
    let several = false
    for (let t = from; t < to; t++) {
      const wire = termWire[t]!
      if (wire === 0) continue
      if (boolean[wire] === 1) others.add(wire)
      else if (open === -1 || open === wire) open = wire
      else several = true
    }
    if (several || open === -1 || others.size > 6) continue
    const rows = rowsOf(r1cs, i)
    if (!leavesBits({ rows, open, others, facts, boolean: EMPTY_BITS, constraint: i, without })) {
      // Bits that constraints of bits alone relate do not take all values together.
      if (!leavesBits({ rows, open, others, facts, boolean, constraint: i, without })) continue
    }
    boolean[open] = 1
    for (let at = start[open]!; at < start[open + 1]!; at++) queue.add(constraints[at]!)
  }
  if (isWhole) knownBits.set(facts, boolean)
  return boolean
}

const knownBits = new WeakMap<Facts, Uint8Array>()

/** Whether a constraint leaves 0 and 1 only for `open`, for all bits `others` that agree with small constraints of bits alone. */
function leavesBits(o: {
  rows: readonly [Linear, Linear, Linear]
  open: number
  others: ReadonlySet<number>
  facts: Facts
  boolean: Uint8Array
  constraint: number
  without: number
}): boolean {
  const { open, facts, boolean, constraint, without } = o
  const [a, b, c] = o.rows
  const [fa, fb, fc] = [a, b, c].map((form) => form.get(open) ?? 0n) as [bigint, bigint, bigint]
  if (fa !== 0n && fb !== 0n) return false
  const wires = new Set(o.others)
  const relations: (readonly [Linear, Linear, Linear])[] = []
  if (boolean.length > 0) {
    const seen = new Set([constraint, without])
    for (const wire of wires) {
      for (const i of constraintsOf(facts.r1cs, [wire])) {
        if (seen.has(i) || wires.size > 8) continue
        seen.add(i)
        const related = bitsOf(facts.r1cs, i, boolean)
        if (related === undefined) continue
        for (const one of related) wires.add(one)
        relations.push(rowsOf(facts.r1cs, i))
      }
    }
  }
  const list = [...wires]
  const bit = new Map<number, number>()
  for (let choice = 0; choice < 1 << list.length; choice++) {
    for (const [i, wire] of list.entries()) bit.set(wire, (choice >> i) & 1)
    const at = (form: Linear): bigint => {
      let sum = 0n
      for (const [wire, k] of form) if (wire === 0 || bit.get(wire) === 1) sum += k
      return sum
    }
    if (relations.some(([x, y, z]) => mod(at(x) * at(y) - at(z)) !== 0n)) continue
    const [va, vb, vc] = [at(a), at(b), at(c)]
    const slope = mod(fa * vb + fb * va - fc)
    const rest = mod(va * vb - vc)
    if (slope === 0n) {
      if (rest === 0n) return false
      continue
    }
    if (!isBit(mod(-rest * invert(slope)))) return false
  }
  return true
}

/** The wires of a small constraint if all of them are bits. */
function bitsOf(r1cs: R1cs, i: number, boolean: Uint8Array): Set<number> | undefined {
  const { rowStart, termWire } = r1cs
  const found = new Set<number>()
  for (let t = rowStart[3 * i]!; t < rowStart[3 * i + 3]!; t++) {
    const wire = termWire[t]!
    if (wire === 0) continue
    if (boolean[wire] !== 1) return undefined
    found.add(wire)
    if (found.size > 4) return undefined
  }
  return found
}

const EMPTY_BITS = new Uint8Array(0)

const curves = new WeakMap<
  Facts,
  Map<readonly Argument[], { curve: CurveFacts; premises: (PointPremise & { name: string })[] }>
>()
const NO_ARGUMENTS: readonly Argument[] = []

/** The points of the curve in a system, and the premises about them; found once for a list of arguments. */
export function curveOf(options: Pick<ProveOptions, 'facts' | 'names' | 'arguments'>): {
  readonly curve: CurveFacts
  readonly premises: readonly (PointPremise & { readonly name: string })[]
} {
  const { facts, names } = options
  const list = options.arguments ?? NO_ARGUMENTS
  const known = curves.get(facts) ?? new Map()
  curves.set(facts, known)
  let found = known.get(list)
  if (found === undefined) {
    const premises: (PointPremise & { name: string })[] = []
    const points = list.filter(({ kind }) => kind === 'point')
    if (names !== undefined && points.length > 0) {
      const wires = new Map<string, number>()
      for (let wire = 1; wire < facts.r1cs.wires; wire++)
        for (const name of names(wire)) wires.set(name, wire)
      for (const [name, x] of wires) {
        const of = points.find(({ signal }) => signal.test(name))
        const y = of && wires.get(name.replace(/\[0\]$/, '[1]'))
        if (of?.point !== undefined && y !== undefined) premises.push({ name: of.name, x, y, ...of.point })
      }
    }
    const divisors = list.filter(({ kind }) => kind === 'divisor')
    const isArgued = (wire: number): boolean =>
      divisors.some(({ signal }) => names?.(wire).some((name) => signal.test(name)) ?? false)
    found = {
      curve: new CurveFacts({ facts, boolean: booleanWires({ facts }), premises, isArgued }),
      premises,
    }
    known.set(list, found)
  }
  return found
}

/** Concludes whatever follows from the inputs by the rules. */
export function prove(options: ProveOptions): Proof {
  const { r1cs } = options.facts
  const run = new Run(options)
  run.begin(
    options.inputs,
    options.assumed ?? new Map(),
    Array.from({ length: r1cs.constraints }, (_, i) => i),
  )
  return run.proof()
}

/**
 * Whether a conclusion of `proof` is lost without a constraint: only what rests on it is concluded anew, everything
 * else stays, so that this is as exact as a whole new run.
 *
 * @returns a wire that was determined, or a bit of `bits`, and is no longer; or undefined
 */
export function lostWithout(
  options: ProveOptions & { without: number; proof: Proof; bits: ReadonlySet<number> },
): { wire: number; kind: 'value' | 'bit' } | undefined {
  const { facts, without, proof, bits } = options
  const { r1cs } = facts
  // Bits first: they do not depend on values.
  let { boolean } = proof
  const dirtyBits = bitsRestingOn(facts, boolean, without)
  if (dirtyBits.size > 0) {
    const start = boolean.slice()
    for (const wire of dirtyBits) start[wire] = 0
    boolean = booleanWires({ facts, without, start, queue: constraintsOf(r1cs, dirtyBits) })
    for (const wire of dirtyBits) if (boolean[wire] === 0 && bits.has(wire)) return { wire, kind: 'bit' }
  }
  const lostBits = [...dirtyBits].filter((wire) => boolean[wire] === 0)
  const lostCurve = curveOf(options).curve.lost(without, lostBits)
  const dirty = restingOn({ r1cs, proof, constraint: without, wires: lostBits, divisors: lostCurve })
  if (dirty.size === 0) return undefined
  const run = new Run(options, boolean, lostCurve)
  run.resume(proof, dirty, constraintsOf(r1cs, dirty))
  for (const wire of dirty) if (wire < r1cs.wires && run.unique[wire] === 0) return { wire, kind: 'value' }
  return undefined
}

function bitsRestingOn(facts: Facts, boolean: Uint8Array, without: number): Set<number> {
  const { r1cs, bitWires, isZeroByConstraint } = facts
  const dirty = new Set<number>()
  const direct = bitWires.get(without)
  if (direct !== undefined) dirty.add(direct)
  for (const fact of isZeroByConstraint.get(without) ?? []) dirty.add(fact.wire)
  const { rowStart, termWire } = r1cs
  if (rowStart[3 * without + 3]! - rowStart[3 * without]! <= 16) {
    for (let t = rowStart[3 * without]!; t < rowStart[3 * without + 3]!; t++) dirty.add(termWire[t]!)
  }
  dirty.delete(0)
  // What has a constraint of its own that says so stays a bit.
  const own = new Set<number>()
  for (const [i, wire] of bitWires) if (i !== without) own.add(wire)
  const { start, constraints } = constraintsByWire(r1cs)
  for (const wire of dirty) {
    if (own.has(wire) || boolean[wire] === 0) {
      dirty.delete(wire)
      continue
    }
    for (let at = start[wire]!; at < start[wire + 1]!; at++) {
      const i = constraints[at]!
      if (rowStart[3 * i + 3]! - rowStart[3 * i]! > 16) continue
      for (let t = rowStart[3 * i]!; t < rowStart[3 * i + 3]!; t++) {
        const other = termWire[t]!
        if (other !== 0 && boolean[other] === 1 && !own.has(other)) dirty.add(other)
      }
    }
  }
  return dirty
}

function constraintsOf(r1cs: R1cs, wires: Iterable<number>): Set<number> {
  const { start, constraints } = constraintsByWire(r1cs)
  const found = new Set<number>()
  for (const wire of wires) {
    if (wire >= r1cs.wires) continue
    for (let at = start[wire]!; at < start[wire + 1]!; at++) found.add(constraints[at]!)
  }
  return found
}

const usersOf = new WeakMap<Proof, Map<number, number[]>>()

/** The wires whose conclusion rests on a constraint or on what some wires lost. */
function restingOn(o: {
  r1cs: R1cs
  proof: Proof
  constraint: number
  wires: readonly number[]
  /** Constraints that divide by what may be 0 now. */
  divisors: ReadonlySet<number>
}): Set<number> {
  const { r1cs, proof } = o
  let users = usersOf.get(proof)
  if (users === undefined) {
    users = new Map()
    for (const [wire, uses] of proof.uses) for (const i of uses) push(users, i, wire)
    usersOf.set(proof, users)
  }
  const { start, constraints } = constraintsByWire(r1cs)
  const dirty = new Set<number>(users.get(o.constraint) ?? [])
  for (const i of o.divisors) {
    for (const wire of users.get(i) ?? []) if (proof.rules.get(wire) === 'curve') dirty.add(wire)
  }
  const spread = (wire: number, after: number): void => {
    if (wire >= r1cs.wires) return
    for (let at = start[wire]!; at < start[wire + 1]!; at++) {
      for (const other of users.get(constraints[at]!) ?? []) {
        if (proof.order.get(other)! > after) dirty.add(other)
      }
    }
  }
  for (const wire of o.wires) spread(wire, -1)
  for (const wire of dirty) spread(wire, proof.order.get(wire)!)
  return dirty
}

/** One run of the rules to their end. */
class Run {
  readonly unique: Uint8Array
  readonly #options: ProveOptions
  readonly #facts: Facts
  readonly #r1cs: R1cs
  readonly #boolean: Uint8Array
  readonly #without: number
  readonly #constants = new Map<number, bigint>([[0, 1n]])
  readonly #nonzero = new Set<number>()
  readonly #rules = new Map<number, Rule>()
  readonly #steps: Step[] = []
  readonly #uses = new Map<number, readonly number[]>()
  readonly #order = new Map<number, number>()
  readonly #conditional = new Map<number, number>()
  readonly #rows = new Map<number, Row>()
  readonly #samples = new Map<number, bigint>()
  readonly #rowsWith = new Map<number, Set<number>>()
  readonly #queue = new Set<number>()
  readonly #seen = new Set<number>()
  /** Constraints that have said all that they say. */
  readonly #done = new Set<number>()
  readonly #curve: CurveFacts
  /** Divisors of the curve that may be 0 without a constraint. */
  readonly #lost: ReadonlySet<number>

  constructor(options: ProveOptions, boolean?: Uint8Array, lost?: ReadonlySet<number>) {
    this.#options = options
    this.#facts = options.facts
    this.#r1cs = options.facts.r1cs
    this.#without = options.without ?? -1
    const { forms } = this.#facts
    this.unique = new Uint8Array(this.#r1cs.wires + forms.length)
    this.unique[0] = 1
    this.#boolean = new Uint8Array(this.unique.length).fill(1, this.#r1cs.wires)
    this.#boolean.set(boolean ?? booleanWires({ facts: this.#facts, without: this.#without }))
    this.#curve = curveOf(options).curve
    this.#lost = lost ?? (this.#without < 0 ? NO_USES : this.#curve.lost(this.#without, this.#lostBits()))
  }

  #lostBits(): number[] {
    const lost: number[] = []
    const all = booleanWires({ facts: this.#facts })
    for (let wire = 0; wire < all.length; wire++)
      if (all[wire] === 1 && this.#boolean[wire] === 0) lost.push(wire)
    return lost
  }

  begin(inputs: readonly number[], assumed: ReadonlyMap<number, bigint>, queue: Iterable<number>): void {
    for (const wire of inputs) this.#determine(wire, 'input', [])
    for (const [wire, value] of assumed) {
      this.#constants.set(wire, value)
      if (this.unique[wire] === 0) this.#determine(wire, 'assumed', [])
    }
    for (const i of queue) this.#queue.add(i)
    this.#drain()
  }

  resume(proof: Proof, dirty: ReadonlySet<number>, queue: Iterable<number>): void {
    this.unique.set(proof.unique)
    const { bitForms } = this.#facts
    const without = bitForms.get(this.#without)
    if (without !== undefined) this.unique[this.#r1cs.wires + without.index] = 0
    for (const wire of dirty) this.unique[wire] = 0
    for (const i of queue) this.#queue.add(i)
    this.#drain()
  }

  proof(): Proof {
    for (const wire of this.#conditional.keys()) if (this.unique[wire] === 1) this.#conditional.delete(wire)
    return {
      unique: this.unique,
      boolean: this.#boolean,
      rules: this.#rules,
      steps: this.#steps,
      uses: this.#uses,
      conditional: this.#conditional,
      order: this.#order,
    }
  }

  #drain(): void {
    do {
      for (const i of this.#queue) {
        this.#queue.delete(i)
        if (i !== this.#without) this.#look(i)
      }
    } while (this.#combineBits())
  }

  /**
   * Equations over the same bits, such as the decomposition of a number and those of differences with parts of it, which the
   * compiler has mixed. A sum of multiples of them that is without the bits of all but one may be one that {@link #bits} knows.
   */
  #combineBits(): boolean {
    const isOfBits = (row: Row | undefined): row is Row =>
      row !== undefined && [...row.terms.keys()].every((wire) => this.#boolean[wire] === 1)
    const seen = new Set<number>()
    for (const [pivot, row] of this.#rows) {
      if (seen.has(pivot) || !isOfBits(row)) continue
      const rows = new Map([[pivot, row]])
      for (const { terms } of rows.values()) {
        for (const wire of terms.keys()) {
          for (const other of this.#rowsWith.get(wire) ?? []) {
            const found = this.#rows.get(other)
            if (isOfBits(found)) rows.set(other, found)
          }
        }
        if (rows.size > MOST_ROWS) break
      }
      for (const other of rows.keys()) seen.add(other)
      if (rows.size < 2 || rows.size > MOST_ROWS) continue
      for (const combined of combinations([...rows.values()])) if (this.#bits(combined)) return true
    }
    return false
  }

  #look(i: number): void {
    if (this.#done.has(i)) {
      this.#inferNonzero(i)
      this.#isZero(i)
      this.#constant(i)
      return
    }
    this.#inferNonzero(i)
    const a = this.#openPart(3 * i)
    const b = this.#openPart(3 * i + 1)
    if (a.terms.size > 0 && b.terms.size > 0) {
      this.#bitForm(i)
      return
    }
    const c = this.#terms(3 * i + 2)
    if (a.terms.size === 0 && b.terms.size === 0) {
      // Both factors are determined, so the product is.
      this.#done.add(i)
      this.#add(scaled(c, -1n), { combination: new Map([[i, 1n]]), uses: union([i], a.uses, b.uses) })
      this.#constant(i)
      return
    }
    const [known, open, part] = a.terms.size === 0 ? [3 * i, b, 1] : [3 * i + 1, a, 0]
    const factor = this.#constantOf(known)
    if (factor !== undefined) {
      // k * B = C for a constant k is a linear equation.
      this.#done.add(i)
      const sum = scaled(open.terms, factor)
      addScaled(sum, -1n, c)
      this.#add(sum, { combination: new Map([[i, 1n]]), uses: new Set([i]) })
      this.#constant(i)
      return
    }
    this.#isZero(i)
    const isKnown = c.size === 0 || this.#reduce(c).terms.size === 0
    if (isKnown) this.#division(i, known, open.terms, part)
    else this.#quotient(i, open.terms, c)
  }

  /**
   * D * X = N with D and N determined: X is, if D is not 0. That is so for constants, for what a holder's proof makes
   * non-zero, for sums of points of the curve (see curve.ts), and where an argument says so.
   */
  #division(i: number, divisor: number, open: Linear, part: number): void {
    const form = rowOf(this.#r1cs, divisor)
    const atom = form.size === 1 ? ([...form.keys()][0] as number) : -1
    if (this.#nonzero.has(atom)) {
      if (open.size === 1) this.#divide([...open.keys()][0] as number, i, 'division')
      return
    }
    if (open.size !== 1) return
    const wire = [...open.keys()][0] as number
    if (this.#curve.nonzero.get(i) === divisor && !this.#lost.has(i)) {
      this.#divide(wire, i, 'curve')
      return
    }
    const argument = this.#argument(wire, 'divisor')
    if (argument !== undefined) this.#divide(wire, i, argument)
    else if (!this.#conditional.has(wire) && rowLength(this.#r1cs, 3 * i + part) > 0)
      this.#conditional.set(wire, i)
  }

  /** (w + ...) * D = w + ...: as a division, by an argument only. */
  #quotient(i: number, open: Linear, c: Linear): void {
    if (open.size !== 1 || c.size !== 1) return
    const [wire] = [...open.keys()] as [number]
    if (!c.has(wire)) return
    const argument = this.#argument(wire, 'divisor')
    if (argument !== undefined) this.#divide(wire, i, argument)
    else if (!this.#conditional.has(wire)) this.#conditional.set(wire, i)
  }

  #divide(wire: number, constraint: number, rule: Rule): void {
    this.#steps.push({ kind: 'divide', wire, constraint })
    this.#determine(wire, rule, [constraint])
  }

  /** The pair of constraints of an is-zero answer: determined with its divisor, either way. */
  #isZero(i: number): void {
    for (const fact of this.#facts.isZeroByConstraint.get(i) ?? []) {
      if (fact.constraints.includes(this.#without)) continue
      const { wire, divisor } = fact
      if (this.#nonzero.has(wire) && fact.elsewhere === 0n) {
        // A holder's proof needs this answer to be yes, hence the divisor to be 0.
        const terms = new Map([...divisor].filter(([w]) => this.unique[w] === 0))
        this.#add(terms, { combination: new Map(), uses: new Set() }, fact.constraints)
      }
      if (this.unique[wire] === 1) continue
      if ([...divisor.keys()].some((w) => this.unique[w] === 0)) continue
      this.#steps.push({ kind: 'isZero', wire, fact })
      this.#determine(wire, 'isZero', fact.constraints)
    }
  }

  /** An eliminated bit: one linear equation more. */
  #bitForm(i: number): void {
    const found = this.#facts.bitForms.get(i)
    if (found === undefined || this.#seen.has(i)) return
    this.#seen.add(i)
    const { form, index } = found
    const bit = this.#r1cs.wires + index
    const terms = new Map([...form].filter(([wire]) => this.unique[wire] === 0))
    if (this.unique[bit] === 0) terms.set(bit, r - 1n)
    this.#add(terms, { combination: new Map([[this.#r1cs.constraints + index, 1n]]), uses: new Set([i]) })
  }

  /**
   * Bits with coefficients that tell all their sums apart: if the greatest sum is below r, a determined sum has one choice
   * of bits. If it is below 2 r, one choice is left if constraints bound the number by r - 1, or for each value of the top
   * bit, where an argument gives that.
   */
  #bits(row: Row): boolean {
    const terms = [...row.terms].map(([wire, coefficient]) => ({ wire, coefficient }))
    const sorted = sortBits(terms)
    if (sorted === undefined) return false
    let rule: Rule = 'bits'
    let given: { wire: number; argument: Argument } | undefined
    let uses = [...row.uses]
    if (sorted.total >= r) {
      const atoms = sorted.list.map(({ wire }) => wire)
      const isPlain = sorted.list.every(({ size, negative }, k) => size === 1n << BigInt(k) && !negative)
      const bound = isPlain && sorted.total < 2n * r ? this.#atMost(atoms, r - 1n) : undefined
      if (bound === undefined) {
        const argument = terms
          .map(({ wire }) => this.#argument(wire, 'given'))
          .find((one) => one !== undefined)
        // With the top bit given, the others have a sum below r.
        const top = sorted.list.at(-1) as { wire: number; size: bigint }
        if (argument === undefined || sorted.total - top.size >= r) return false
        given = { wire: top.wire, argument }
      } else {
        rule = 'strictBits'
        uses = [...uses, ...bound]
      }
    }
    this.#steps.push({ kind: 'bits', terms, combination: row.combination })
    if (given !== undefined) this.#determine(given.wire, given.argument, uses)
    for (const { wire } of terms) this.#determine(wire, rule, uses)
    return true
  }

  /** The constraints that bound a number given by its bits, see {@link atMost}. */
  #atMost(atoms: readonly number[], bound: bigint): readonly number[] | undefined {
    return atMost({ facts: this.#facts, atoms, bound, without: this.#without })
  }

  /** An equation: this form of wires that are not determined is. Solves for them by elimination. */
  #add(form: Linear, by: Omit<Row, 'terms'>, uses: readonly number[] = []): void {
    if (form.size === 0) return
    const reduced = this.#reduce(form)
    const { terms } = reduced
    if (terms.size === 0) return
    const all = union(by.uses, uses, reduced.uses)
    const combined = new Map(by.combination)
    addScaled(combined, 1n, reduced.combination)
    const row = { terms, combination: combined, uses: all }
    if (terms.size === 1 || !this.#asBits(row)) this.#insert(row)
  }

  #asBits(row: Row): boolean {
    for (const wire of row.terms.keys()) if (this.#boolean[wire] === 0) return false
    return this.#bits(row)
  }

  #insert(row: Row): void {
    // A wire that is no bit is the better pivot: bits are left to the rule for bits.
    const wires = [...row.terms.keys()]
    const pivot = wires.find((wire) => this.#boolean[wire] === 0) ?? (wires[0] as number)
    const factor = invert(row.terms.get(pivot) as bigint)
    const line: Row = {
      terms: scaled(row.terms, factor),
      combination: scaled(row.combination, factor),
      uses: row.uses,
    }
    const rows: [number, Row][] = [[pivot, line]]
    for (const other of [...(this.#rowsWith.get(pivot) ?? [])]) {
      const existing = this.#rows.get(other)
      const k = existing?.terms.get(pivot)
      if (existing === undefined || k === undefined) continue
      this.#unindex(other, existing)
      const terms = new Map(existing.terms)
      addScaled(terms, -k, line.terms)
      const combination = new Map(existing.combination)
      addScaled(combination, -k, line.combination)
      rows.push([other, { terms, combination, uses: union(existing.uses, line.uses) }])
    }
    this.#steps.push({
      kind: 'linear',
      rows: rows.map(([wire, { combination }]) => ({ wire, combination })),
    })
    for (const [wire, one] of rows) this.#index(wire, one)
    for (const [wire] of rows) {
      const one = this.#rows.get(wire)
      if (one !== undefined) this.#settle(wire, one)
    }
    if (line.terms.size <= 40)
      for (const i of constraintsOf(this.#r1cs, line.terms.keys())) this.#queue.add(i)
  }

  #index(pivot: number, row: Row): void {
    this.#rows.set(pivot, row)
    this.#samples.set(pivot, 0n)
    this.#samples.set(pivot, mod(-this.#sampleOf(row.terms)))
    for (const wire of row.terms.keys()) {
      const set = this.#rowsWith.get(wire)
      if (set === undefined) this.#rowsWith.set(wire, new Set([pivot]))
      else set.add(pivot)
    }
  }

  #unindex(pivot: number, row: Row): void {
    this.#rows.delete(pivot)
    for (const wire of row.terms.keys()) this.#rowsWith.get(wire)?.delete(pivot)
  }

  /** A row of one unknown determines it; one of bits alone may be a decomposition. */
  #settle(pivot: number, row: Row): void {
    if (row.terms.size === 1) {
      this.#unindex(pivot, row)
      if (this.unique[pivot] === 0) this.#determine(pivot, 'linear', [...row.uses])
    } else if ([...row.terms.keys()].every((wire) => this.#boolean[wire] === 1)) {
      this.#unindex(pivot, row)
      if (!this.#asBits(row)) this.#index(pivot, row)
    }
  }

  #determine(wire: number, rule: Rule, uses: readonly number[]): void {
    if (this.unique[wire] === 1) return
    this.unique[wire] = 1
    this.#rules.set(wire, rule)
    this.#uses.set(wire, uses)
    this.#order.set(wire, this.#order.size)
    if (wire < this.#r1cs.wires) {
      const { start, constraints } = constraintsByWire(this.#r1cs)
      for (let at = start[wire]!; at < start[wire + 1]!; at++) this.#queue.add(constraints[at]!)
    }
    for (const pivot of [...(this.#rowsWith.get(wire) ?? [])]) {
      const row = this.#rows.get(pivot)
      if (row === undefined || !row.terms.has(wire)) continue
      this.#unindex(pivot, row)
      const terms = new Map(row.terms)
      terms.delete(wire)
      if (pivot === wire) {
        if (terms.size > 0) this.#add(terms, row)
      } else {
        const rest = { ...row, terms }
        this.#steps.push({ kind: 'linear', rows: [{ wire: pivot, combination: row.combination }] })
        this.#index(pivot, rest)
        this.#settle(pivot, rest)
      }
    }
  }

  #argument(wire: number, kind: Argument['kind']): Argument | undefined {
    const list = this.#options.arguments ?? []
    const names = list.length === 0 ? [] : (this.#options.names?.(wire) ?? [])
    return list.find((one) => one.kind === kind && names.some((name) => one.signal.test(name)))
  }

  /** A product that is not 0 has no factor that is; a bit that is not 0 is 1. Only where something is assumed. */
  #inferNonzero(i: number): void {
    if (this.#constants.size === 1) return
    const c = rowOf(this.#r1cs, 3 * i + 2)
    if (c.size !== 1) return
    const [wire] = [...c.keys()] as [number]
    const value = this.#constants.get(wire)
    if (!(value === undefined ? this.#nonzero.has(wire) : value !== 0n)) return
    for (const row of [3 * i, 3 * i + 1]) {
      const form = rowOf(this.#r1cs, row)
      const [factor] = [...form.keys()] as [number]
      if (form.size !== 1 || factor === 0 || this.#nonzero.has(factor)) continue
      this.#nonzero.add(factor)
      if (this.#boolean[factor] === 1) this.#constants.set(factor, 1n)
      if (this.unique[factor] === 0 && this.#boolean[factor] === 1) this.#determine(factor, 'constant', [i])
      for (const one of constraintsOf(this.#r1cs, [factor])) this.#queue.add(one)
    }
  }

  /** Where all other wires are constants, so is the last. */
  #constant(i: number): void {
    if (this.#constants.size === 1) return
    const [a, b, c] = rowsOf(this.#r1cs, i)
    const open = new Set([...a.keys(), ...b.keys(), ...c.keys()].filter((wire) => !this.#constants.has(wire)))
    const value = (form: Linear): bigint =>
      [...form].reduce((sum, [wire, k]) => sum + k * (this.#constants.get(wire) ?? 0n), 0n)
    const [va, vb] = [mod(value(a)), mod(value(b))]
    const isOpen = (form: Linear): boolean => [...form.keys()].some((wire) => open.has(wire))
    // A product with a factor 0 is 0, whatever the other factor.
    if ((!isOpen(a) && va === 0n) || (!isOpen(b) && vb === 0n)) {
      const left = [...c].filter(([wire]) => open.has(wire))
      const [only] = left
      if (only !== undefined && left.length === 1)
        this.#setConstant(only[0], mod(-value(c) * invert(only[1])))
      return
    }
    if (open.size !== 1) return
    const [wire] = open as unknown as [number]
    const [fa, fb, fc] = [a, b, c].map((form) => form.get(wire) ?? 0n) as [bigint, bigint, bigint]
    if (fa !== 0n && fb !== 0n) return
    const slope = mod(fa * vb + fb * va - fc)
    if (slope !== 0n) this.#setConstant(wire, mod((value(c) - va * vb) * invert(slope)))
  }

  #setConstant(wire: number, value: bigint): void {
    if (this.#constants.has(wire) || this.unique[wire] === 0) return
    this.#constants.set(wire, value)
    if (value !== 0n) this.#nonzero.add(wire)
    for (const i of constraintsOf(this.#r1cs, [wire])) this.#queue.add(i)
  }

  /** The value of a row all of whose wires are constants. */
  #constantOf(row: number): bigint | undefined {
    const { rowStart, termWire } = this.#r1cs
    for (let t = rowStart[row]!; t < rowStart[row + 1]!; t++) {
      if (!this.#constants.has(termWire[t]!)) return undefined
    }
    let sum = 0n
    for (const [wire, k] of rowOf(this.#r1cs, row)) sum += k * this.#constants.get(wire)!
    return mod(sum)
  }

  /** The wires of a row that are not determined. */
  #terms(row: number): Linear {
    const { rowStart, termWire, termCoefficient, coefficients } = this.#r1cs
    const terms: Linear = new Map()
    for (let t = rowStart[row]!; t < rowStart[row + 1]!; t++) {
      const wire = termWire[t]!
      if (this.unique[wire] === 0) addTerm(terms, wire, coefficients[termCoefficient[t]!]!)
    }
    return terms
  }

  /** The same, or nothing if known equations determine the row as a whole. */
  #openPart(row: number): Row {
    const { rowStart, termWire } = this.#r1cs
    let isOpen = false
    let isCovered = this.#rows.size > 0
    for (let t = rowStart[row]!; t < rowStart[row + 1]!; t++) {
      const wire = termWire[t]!
      if (this.unique[wire] === 1) continue
      isOpen = true
      // A wire of no equation cannot cancel.
      if (isCovered && (this.#rowsWith.get(wire)?.size ?? 0) === 0) isCovered = false
    }
    if (!isOpen) return EMPTY
    const terms = this.#terms(row)
    if (isCovered && this.#sampleOf(terms) === 0n) {
      const reduced = this.#reduce(terms)
      if (reduced.terms.size === 0) return reduced
    }
    return { terms, combination: NOTHING, uses: NO_USES }
  }

  /**
   * The form at one point at which all known equations are 0: whatever follows from them is 0 there. Tells quickly that
   * a form does not; that it does is checked by elimination.
   */
  #sampleOf(terms: Linear): bigint {
    let sum = 0n
    for (const [wire, k] of terms) sum += k * (this.#samples.get(wire) ?? sampleAt(wire))
    return mod(sum)
  }

  /** A form without pivots: what is left of it when known equations are taken away. */
  #reduce(terms: Linear): Row {
    if (this.#rows.size === 0) return { terms, combination: NOTHING, uses: NO_USES }
    let combination: Map<number, bigint> | undefined
    let uses: Set<number> | undefined
    let rest = terms
    for (const wire of terms.keys()) {
      const row = this.#rows.get(wire)
      const k = row && rest.get(wire)
      if (row === undefined || k === undefined) continue
      if (rest === terms) rest = new Map(terms)
      combination ??= new Map()
      uses ??= new Set()
      addScaled(rest, -k, row.terms)
      addScaled(combination, -k, row.combination)
      for (const i of row.uses) uses.add(i)
    }
    return { terms: rest, combination: combination ?? NOTHING, uses: uses ?? NO_USES }
  }
}

/**
 * The constraints that bound a number by `bound`, or undefined: from the top, a product chain is 1 only while all bits
 * equal those of the bound; where the bound has a 0, chain times a sum of bits with this bit in it is 0. Hence the first
 * bit that differs is a 0 under a 1.
 *
 * @param o.atoms bits, lowest first: wires, or numbers of bit forms
 */
export function atMost(o: {
  facts: Facts
  atoms: readonly number[]
  bound: bigint
  without?: number
}): readonly number[] | undefined {
  const { facts, atoms, bound, without = -1 } = o
  const uses: number[] = []
  let chain: number | undefined
  for (let k = atoms.length - 1; k >= 0; k--) {
    const atom = atoms[k] as number
    if (((bound >> BigInt(k)) & 1n) === 1n) {
      if (chain === undefined) {
        chain = atom
        continue
      }
      const product = facts.products
        .get(pairKey(chain, atom))
        ?.find(({ constraint }) => constraint !== without)
      if (product === undefined) {
        // After the last zero of the bound nothing is left to enforce.
        const ones = (1n << BigInt(k + 1)) - 1n
        if ((bound & ones) === ones) return uses
        return undefined
      }
      uses.push(product.constraint)
      chain = product.wire
      continue
    }
    if (chain === undefined) return undefined
    // The run of zeros of the bound down to its next 1, as one sum.
    const run: Linear = new Map()
    let low = k
    for (; low >= 0 && ((bound >> BigInt(low)) & 1n) === 0n; low--) {
      const bit = atoms[low] as number
      if (bit < facts.r1cs.wires) addTerm(run, bit, 1n)
      else addScaled(run, 1n, facts.forms[bit - facts.r1cs.wires] as Linear)
    }
    k = low + 1
    const zero = facts.zeroProducts
      .get(chain)
      ?.find(({ constraint, form }) => constraint !== without && ratio(form, run) !== undefined)
    if (zero === undefined) return undefined
    uses.push(zero.constraint)
  }
  return uses
}

/** Sizes of bits, ascending, if each is more than all smaller ones together; a negative one counts as its opposite. */
export function sortBits(
  terms: readonly BitTerm[],
): { list: { wire: number; size: bigint; negative: boolean }[]; scale: bigint; total: bigint } | undefined {
  const doubles = new Set(terms.map(({ coefficient }) => mod(2n * coefficient)))
  const units = terms.map(({ coefficient }) => coefficient).filter((coefficient) => !doubles.has(coefficient))
  let best: ReturnType<typeof sortBits>
  for (const unit of new Set(units.slice(0, 4))) {
    for (const scale of new Set([invert(unit), mod(-invert(unit))])) {
      // 2^253 is above r / 2: a power of two is positive, whatever its size.
      for (const border of [r, r / 2n]) {
        const list = terms.map(({ wire, coefficient }) => {
          const value = mod(coefficient * scale)
          const negative = value > border && (value & (value - 1n)) !== 0n
          return { wire, size: negative ? r - value : value, negative }
        })
        list.sort((x, y) => (x.size < y.size ? -1 : x.size > y.size ? 1 : 0))
        let total = 0n
        let apart = true
        for (const { size } of list) {
          if (size <= total) apart = false
          total += size
        }
        if (apart && total < (best?.total ?? 4n * r)) best = { list, scale, total }
      }
    }
  }
  return best
}

const MOST_ROWS = 5
const MOST_GROUPS = 8

/**
 * Sums of multiples of rows from which whole groups of wires vanish: those in which the rows have proportional coefficients,
 * the largest groups first, one group fewer than there are rows.
 */
function* combinations(rows: readonly Row[]): Generator<Row> {
  const groups = new Map<string, { readonly column: readonly bigint[]; size: number }>()
  for (const wire of union(...rows.map(({ terms }) => terms.keys()))) {
    const column = rows.map(({ terms }) => terms.get(wire) ?? 0n)
    const scale = invert(column.find((k) => k !== 0n) as bigint)
    const unit = column.map((k) => mod(k * scale))
    const group = groups.get(unit.join())
    if (group === undefined) groups.set(unit.join(), { column: unit, size: 1 })
    else group.size++
  }
  const columns = [...groups.values()]
    .sort((x, y) => y.size - x.size)
    .slice(0, MOST_GROUPS)
    .map(({ column }) => column)
  for (const chosen of subsets(columns, rows.length - 1)) {
    const factors = orthogonalTo(chosen, rows.length)
    if (factors === undefined) continue
    const terms: Linear = new Map()
    const combination = new Map<number, bigint>()
    for (const [i, row] of rows.entries()) {
      addScaled(terms, factors[i] as bigint, row.terms)
      addScaled(combination, factors[i] as bigint, row.combination)
    }
    if (terms.size === 0) continue
    yield {
      terms,
      combination,
      uses: union(...rows.filter((_, i) => factors[i] !== 0n).map(({ uses }) => uses)),
    }
  }
}

function* subsets<T>(list: readonly T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) yield []
  else {
    for (let i = from; i <= list.length - size; i++) {
      for (const rest of subsets(list, size - 1, i + 1)) yield [list[i] as T, ...rest]
    }
  }
}

/** The vector of `size` numbers whose products with all of `columns` are 0, if there is one up to a factor. */
function orthogonalTo(columns: readonly (readonly bigint[])[], size: number): bigint[] | undefined {
  const rows = columns.map((column) => [...column])
  const pivots: number[] = []
  for (let at = 0; at < size && pivots.length < rows.length; at++) {
    const k = pivots.length
    const found = rows.findIndex((row, i) => i >= k && row[at] !== 0n)
    if (found < 0) continue
    ;[rows[k], rows[found]] = [rows[found] as bigint[], rows[k] as bigint[]]
    const scale = invert(rows[k]![at] as bigint)
    rows[k] = rows[k]!.map((value) => mod(value * scale))
    for (const [i, row] of rows.entries()) {
      const factor = row[at] as bigint
      if (i !== k && factor !== 0n)
        rows[i] = row.map((value, j) => mod(value - factor * (rows[k]![j] as bigint)))
    }
    pivots.push(at)
  }
  if (pivots.length !== size - 1) return undefined
  const free = Array.from({ length: size }, (_, at) => at).find((at) => !pivots.includes(at)) as number
  const vector = Array<bigint>(size).fill(0n)
  vector[free] = 1n
  for (const [k, at] of pivots.entries()) vector[at] = mod(-(rows[k]![free] as bigint))
  return vector
}

const NOTHING: Map<number, bigint> = new Map()
const NO_USES: Set<number> = new Set()
const EMPTY: Row = { terms: new Map(), combination: NOTHING, uses: NO_USES }

const SAMPLE_FACTOR = 15241578750190521875190521012345678987654321n

const sampled: bigint[] = []

/** A number that looks random. */
function sampleAt(wire: number): bigint {
  const known = sampled[wire]
  if (known !== undefined) return known
  const x = BigInt(wire + 1) * SAMPLE_FACTOR
  const value = (x * x + x) % r
  sampled[wire] = value
  return value
}

function union(...sets: readonly Iterable<number>[]): Set<number> {
  const all = new Set<number>()
  for (const set of sets) for (const item of set) all.add(item)
  return all
}

function rowsOf(r1cs: R1cs, i: number): [Linear, Linear, Linear] {
  return [rowOf(r1cs, 3 * i), rowOf(r1cs, 3 * i + 1), rowOf(r1cs, 3 * i + 2)]
}

function rowLength(r1cs: R1cs, row: number): number {
  return r1cs.rowStart[row + 1]! - r1cs.rowStart[row]!
}

function isEmpty(r1cs: R1cs, row: number): boolean {
  return rowLength(r1cs, row) === 0
}

function isBit(value: bigint): boolean {
  return value === 0n || value === 1n
}

/** A form that is 0 or 1 if a * b = 0: a / k with b proportional to a - k. */
function bitForm(a: Linear, b: Linear): Linear | undefined {
  const k = ratio(withoutConstant(a), withoutConstant(b))
  if (k === undefined) return undefined
  const difference = mod((a.get(0) ?? 0n) - k * (b.get(0) ?? 0n))
  if (difference === 0n) return undefined
  // The bit rather than its opposite: the factor without a constant, if there is one.
  return a.has(0) && !b.has(0) ? scaled(b, mod(-k * invert(difference))) : scaled(a, invert(difference))
}

function hasRootsOfABit(a: Linear, b: Linear, c: Linear, wire: number): boolean {
  const at = (form: Linear, value: bigint): bigint => (form.get(0) ?? 0n) + (form.get(wire) ?? 0n) * value
  const isRoot = (value: bigint): boolean => mod(at(a, value) * at(b, value) - at(c, value)) === 0n
  // Quadratic with the roots 0 and 1, or linear with one of them.
  if (a.has(wire) && b.has(wire)) return isRoot(0n) && isRoot(1n)
  return isRoot(0n) !== isRoot(1n)
}

function shapeOf(form: Linear): string {
  const wires = [...form.keys()].sort((x, y) => x - y)
  return `${wires.length}:${wires[0]}:${wires.at(-1)}`
}

function rowShape(r1cs: R1cs, row: number): string {
  let [low, high] = [Number.POSITIVE_INFINITY, -1]
  const wires = new Set<number>()
  for (let t = r1cs.rowStart[row]!; t < r1cs.rowStart[row + 1]!; t++) {
    const wire = r1cs.termWire[t]!
    wires.add(wire)
    if (wire < low) low = wire
    if (wire > high) high = wire
  }
  return `${wires.size}:${low}:${high}`
}

function pairKey(x: number, y: number): string {
  return x < y ? `${x}/${y}` : `${y}/${x}`
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
