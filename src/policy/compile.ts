import { DOMAIN } from '../crypto/domains.js'
import { poseidonChain } from '../crypto/poseidon.js'
import { PolicyError } from '../errors.js'
import { FIELD_MODULUS, hashText } from '../field.js'
import { categoriesHash, LEDGER_CATEGORIES, ledgerIdOf } from '../merkle/ledger.js'
import { SetTree } from '../merkle/set.js'
import { SIGNED_BIAS } from '../sbt/schema.js'
import { requirePolicy } from './check.js'
import { leavesOf, partsOf, slotsOf } from './formula.js'
import { PROFILES, type Profile, THRESHOLD_BITS, WEIGHT_BITS } from './profiles.js'
import type { ClaimRef, CompareOperator, Formula, LedgerRule, Operand, Policy } from './types.js'

/** Operations of a clause, as in `circuits/lib/clause.circom`. */
export const OPERATION = {
  never: 0,
  held: 1,
  equal: 2,
  notEqual: 3,
  less: 4,
  atLeast: 5,
  inSet: 6,
  notInSet: 7,
} as const

/** One predicate of a program: `value operation constant (+ now) (+ value of the next clause)`. */
export interface Clause {
  readonly operation: number
  /** Number of the slot, or of the ledger. */
  readonly slot: number
  /** Position of the claim, or of the tally: 2 category for its count, 2 category + 1 for its sum. */
  readonly claim: number
  /** Reads a ledger, not a claim. */
  readonly fromLedger: boolean
  /** Number of the set that operations 6 and 7 ask. */
  readonly set: number
  /** Signed; its residue modulo r stands in the program. */
  readonly constant: bigint
  readonly useNow: boolean
  /** The next clause loads the right operand. */
  readonly useNext: boolean
  readonly parent: number
  readonly weight: number
}

/** A weighted threshold: satisfied if the weights of its satisfied children sum to `min`. */
export interface ProgramGate {
  readonly min: number
  readonly parent: number
  readonly weight: number
}

/** A claim to load: slot and position. */
export interface ProgramClaim {
  readonly slot: number
  readonly claim: number
}

/** A ledger that a program reads. */
export interface ProgramLedger {
  /** As the policy calls it. */
  readonly name: string
  readonly id: string
  /** Hash of the id, see `ledgerIdOf`. */
  readonly ledgerId: bigint
  /** Hash of the names of its categories, see `categoriesHash`. */
  readonly categories: bigint
}

/** What a policy becomes for a circuit. */
export interface Program {
  readonly profile: Profile
  readonly clauses: readonly Clause[]
  /** As many as the profile has; the last is the root, unused ones are never satisfied. */
  readonly gates: readonly ProgramGate[]
  /** Ledgers to open, in the order of their names. */
  readonly ledgers: readonly ProgramLedger[]
  /** Sets to open: by root; with the tree where the policy lists the values. */
  readonly sets: readonly (ProgramClaim & { readonly root: bigint; readonly tree?: SetTree })[]
  readonly reveals: readonly ProgramClaim[]
  readonly nullifier?: ProgramClaim
  /** Hash of the ledger whose handle is disclosed; undefined discloses none. */
  readonly ledgerId?: bigint
  /** keccak256 >> 8 of the policy's canonical text. */
  readonly source: bigint
  /** The program as the circuit takes it. */
  readonly encoded: {
    readonly constants: readonly bigint[]
    /** Hash of the id and of the categories; 0 and 0 where none is read. */
    readonly ledgers: readonly (readonly [bigint, bigint])[]
    readonly setRoots: readonly bigint[]
    readonly bits: readonly number[]
  }
  readonly digest: bigint
}

const programs = new WeakMap<Policy, Program>()

/**
 * Compiles a policy for the smallest profile that fits.
 *
 * @throws {TypeError} unless it is what `parsePolicy` returns
 * @throws {PolicyError} naming the limit of the largest profile that it exceeds
 */
export function compilePolicy(policy: Policy): Program {
  requirePolicy(policy)
  const known = programs.get(policy)
  if (known !== undefined) return known
  let limit: PolicyError | undefined
  for (const profile of PROFILES) {
    if ((profile.timed ?? false) !== (policy.timed !== undefined)) continue
    // Lists become comparisons as long as these fit; then the longest ones become sets.
    for (let listsAsSets = 0; listsAsSets <= profile.sets; listsAsSets++) {
      const draft = new Draft(policy, profile, listsAsSets)
      limit = draft.exceeded()
      if (limit === undefined) {
        const program = draft.program()
        programs.set(policy, program)
        return program
      }
    }
  }
  throw limit as PolicyError
}

/**
 * Returns the digest that commits to everything a policy says, and to the profile and version that it compiles to.
 *
 * Poseidon chain of tag, profile, hash of the canonical text, ledger of the handle, ledgers read, set roots, constants and
 * program bits. Stable across releases.
 *
 * @throws {TypeError|PolicyError} as {@link compilePolicy} does
 */
export function policyDigest(policy: Policy): bigint {
  return compilePolicy(policy).digest
}

function sourceOf(policy: Policy): bigint {
  return hashText(`soulproof/policy/1:${policy.canonical}`)
}

type Child = { readonly weight: number; readonly node: Node }
type Node =
  | { readonly kind: 'clauses'; readonly clauses: readonly Omit<Clause, 'parent' | 'weight'>[] }
  | GateNode
type GateNode = { readonly kind: 'gate'; readonly min: number; readonly children: readonly Child[] }
type List = Extract<Formula, { kind: 'in' }>

/** A policy laid out for one profile; it may be too large. */
class Draft {
  readonly #policy: Policy
  readonly #profile: Profile
  readonly #slots: ReadonlyMap<string, number>
  readonly #ledgers: readonly LedgerRule[]
  readonly #sets: { slot: number; claim: number; root: bigint; tree?: SetTree }[] = []
  readonly #listsAsSets: ReadonlySet<Formula>
  readonly #clauses: Clause[] = []
  readonly #gates: ProgramGate[] = []
  #weightLimit: string | undefined

  constructor(policy: Policy, profile: Profile, listsAsSets: number) {
    this.#policy = policy
    this.#profile = profile
    this.#slots = new Map(policy.slots.map((slot) => [slot.name, slot.index]))
    const read = new Set(
      formulasOf(policy.require).flatMap((part) => (part.kind === 'ledger' ? [part.ledger] : [])),
    )
    this.#ledgers = policy.ledgers.filter(({ name }) => read.has(name))
    const lists = formulasOf(policy.require).filter(
      (f): f is List => f.kind === 'in' && f.set.kind === 'list',
    )
    const length = (list: List): number => (list.set.kind === 'list' ? list.set.values.length : 0)
    this.#listsAsSets = new Set([...lists].sort((a, b) => length(b) - length(a)).slice(0, listsAsSets))
    const root = this.#node(policy.require)
    this.#place(
      root.kind === 'gate' ? root : { kind: 'gate', min: 1, children: [{ weight: 1, node: root }] },
      true,
    )
  }

  /** The limit of the profile that the policy exceeds, if any. */
  exceeded(): PolicyError | undefined {
    const { name, clauses, gates, reveals, sets, sbts, ledgers } = this.#profile
    const over = (path: string, what: string, need: number, limit: number): PolicyError | undefined =>
      need > limit ? new PolicyError(path, `needs ${need} ${what}; ${name} has ${limit}`) : undefined
    if (this.#weightLimit !== undefined) {
      return new PolicyError(
        this.#weightLimit,
        `needs weights of more than ${WEIGHT_BITS} bits; ${name} has ${WEIGHT_BITS}`,
      )
    }
    const wide = this.#ledgers.find(({ categories }) => categories.length > LEDGER_CATEGORIES)
    return (
      over('require', 'ledgers', this.#ledgers.length, ledgers) ??
      (wide &&
        over(`ledgers.${wide.name}.categories`, 'categories', wide.categories.length, LEDGER_CATEGORIES)) ??
      over('require', 'clauses', this.#clauses.length, clauses) ??
      over('require', 'gates', this.#gates.length, gates) ??
      over('require', 'set openings', this.#sets.length, sets) ??
      over('reveal', 'reveals', this.#policy.reveal.length, reveals) ??
      over('require', 'SBTs at once', mostSbts(this.#policy), sbts)
    )
  }

  program(): Program {
    const policy = this.#policy
    const profile = this.#profile
    const ledger = policy.ledgers.find((rule) => rule.name === policy.discloseHandle)
    const parts = {
      profile,
      clauses: pad(this.#clauses, profile.clauses, {
        operation: OPERATION.never,
        slot: 0,
        claim: 0,
        fromLedger: false,
        set: 0,
        constant: 0n,
        useNow: false,
        useNext: false,
        parent: 0,
        weight: 0,
      }),
      // The root comes last whatever the number of gates.
      gates: [
        ...pad(this.#gates.slice(0, -1), profile.gates - 1, { min: 1, parent: 0, weight: 0 }),
        this.#gates.at(-1) as ProgramGate,
      ],
      ledgers: this.#ledgers.map(({ name, id, categories }) => ({
        name,
        id,
        ledgerId: ledgerIdOf(id),
        categories: categoriesHash(categories),
      })),
      sets: this.#sets,
      reveals: policy.reveal.map((claim) => this.#source(claim)),
      ...(policy.nullifier && { nullifier: this.#source(policy.nullifier) }),
      ...(ledger && { ledgerId: ledgerIdOf(ledger.id) }),
      source: sourceOf(policy),
    }
    const encoded = encode(parts)
    const digest = poseidonChain(DOMAIN.policy, [
      profile.id,
      parts.source,
      parts.ledgerId ?? 0n,
      ...encoded.ledgers.flat(),
      ...encoded.setRoots,
      ...encoded.constants,
      ...words(encoded.bits),
    ])
    return Object.freeze({ ...parts, encoded, digest })
  }

  #source(claim: ClaimRef): ProgramClaim {
    return { slot: this.#slots.get(claim.slot) as number, claim: claim.position }
  }

  #node(formula: Formula): Node {
    switch (formula.kind) {
      case 'all':
      case 'any': {
        const children = formula.of.flatMap((part) => splice(this.#node(part), formula.kind))
        return gate(formula.kind === 'all' ? children.length : 1, children)
      }
      case 'atLeast':
        return gate(
          formula.min,
          formula.of.map((part) => ({ weight: 1, node: this.#node(part) })),
        )
      case 'weighted': {
        const { min, weights } = reduceWeights(
          formula.min,
          formula.of.map((part) => part.weight),
        )
        if (weights.some((weight) => weight >= 2 ** WEIGHT_BITS)) this.#weightLimit ??= formula.path
        return gate(
          min,
          formula.of.map((part, i) => ({ weight: weights[i] as number, node: this.#node(part.formula) })),
        )
      }
      case 'has':
        return clause({ operation: OPERATION.held, slot: this.#slots.get(formula.slot) as number, claim: 0 })
      case 'compare':
        return this.#comparison(formula)
      case 'in':
        return this.#membership(formula)
      case 'ledger':
        return this.#tally(formula)
    }
  }

  #comparison(formula: Extract<Formula, { kind: 'compare' }>): Node {
    const { operator, left, right } = formula
    const { operation, strict } = operationOf(operator)
    if (right.kind === 'claim') {
      const [first, second] = strict === 1n ? [right.claim, left] : [left, right.claim]
      const pairOperation =
        operator === 'lte' ? OPERATION.atLeast : operator === 'gt' ? OPERATION.less : operation
      return clause(
        { operation: pairOperation, ...this.#source(first), useNext: true },
        { operation: OPERATION.never, ...this.#source(second) },
      )
    }
    return clause({
      operation,
      ...this.#source(left),
      constant: constantOf(left, right) + strict,
      useNow: right.kind === 'now',
    })
  }

  #tally(formula: Extract<Formula, { kind: 'ledger' }>): Node {
    const { operation, strict } = operationOf(formula.operator)
    const slot = this.#ledgers.findIndex(({ name }) => name === formula.ledger)
    const claim = 2 * formula.position + (formula.field === 'sum' ? 1 : 0)
    return clause({ operation, slot, claim, fromLedger: true, constant: formula.value + strict })
  }

  #membership(formula: List): Node {
    const source = this.#source(formula.left)
    const { set, member } = formula
    if (set.kind === 'list' && !this.#listsAsSets.has(formula)) {
      const operation = member ? OPERATION.equal : OPERATION.notEqual
      const children = set.values.map((constant) => ({
        weight: 1,
        node: clause({ operation, ...source, constant }),
      }))
      return gate(member ? 1 : children.length, children)
    }
    const tree = set.kind === 'list' ? new SetTree(set.values) : undefined
    const root = set.kind === 'root' ? set.root : (tree as SetTree).root
    let number = this.#sets.findIndex(
      (other) => other.slot === source.slot && other.claim === source.claim && other.root === root,
    )
    if (number < 0) number = this.#sets.push({ ...source, root }) - 1
    const known = this.#sets[number]
    if (known !== undefined && tree !== undefined) known.tree = tree
    return clause({ operation: member ? OPERATION.inSet : OPERATION.notInSet, ...source, set: number })
  }

  /** Numbers clauses and gates, children before their gate; returns the gate's number. */
  #place(node: GateNode, isRoot: boolean): number {
    const numbers = node.children.map(({ node: child }) =>
      child.kind === 'gate' ? this.#place(child, false) : -1,
    )
    const number = isRoot ? this.#profile.gates - 1 : this.#gates.length
    node.children.forEach(({ weight, node: child }, i) => {
      if (child.kind === 'gate') {
        const at = numbers[i] as number
        this.#gates[at] = { min: child.min, parent: number, weight }
      } else {
        // Only the first clause of a comparison of two claims is a predicate; the second loads its right operand.
        child.clauses.forEach((part, j) => {
          this.#clauses.push({ ...part, parent: number, weight: j === 0 ? weight : 0 })
        })
      }
    })
    this.#gates.push({ min: node.min, parent: 0, weight: 0 })
    return number
  }
}

function clause(
  ...clauses: readonly (Pick<Clause, 'operation' | 'slot' | 'claim'> & Partial<Clause>)[]
): Node {
  return {
    kind: 'clauses',
    clauses: clauses.map((part) => ({
      fromLedger: false,
      set: 0,
      constant: 0n,
      useNow: false,
      useNext: false,
      ...part,
    })),
  }
}

/** x <= y is x < y + 1 and x > y is x >= y + 1; between two claims they are y >= x and y < x. */
function operationOf(operator: CompareOperator): { operation: number; strict: bigint } {
  const strict = operator === 'lte' || operator === 'gt' ? 1n : 0n
  const operation = {
    eq: OPERATION.equal,
    neq: OPERATION.notEqual,
    lt: OPERATION.less,
    lte: OPERATION.less,
    gt: OPERATION.atLeast,
    gte: OPERATION.atLeast,
  }[operator]
  return { operation, strict }
}

function gate(min: number, children: readonly Child[]): Node {
  const [first] = children
  return first !== undefined && children.length === 1 ? first.node : { kind: 'gate', min, children }
}

/** The children of an all inside an all or an any inside an any, else the node itself. */
function splice(node: Node, kind: 'all' | 'any'): readonly Child[] {
  if (node.kind === 'gate' && node.children.every((child) => child.weight === 1)) {
    if (node.min === (kind === 'all' ? node.children.length : 1)) return node.children
  }
  return [{ weight: 1, node }]
}

/** The smallest weights with the same meaning that are found by capping at the least sum and dividing by common factors. */
function reduceWeights(min: number, weights: readonly number[]): { min: number; weights: number[] } {
  const capped = weights.map((weight) => Math.min(weight, min))
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
  const divisor = capped.reduce(gcd)
  return { min: Math.ceil(min / divisor), weights: capped.map((weight) => weight / divisor) }
}

/** A constant in the encoding of the claim's type. */
function constantOf(left: ClaimRef, right: Exclude<Operand, { kind: 'claim' }>): bigint {
  if (right.kind === 'constant') return right.value
  return left.type === 'uint' ? right.offset : right.offset + SIGNED_BIAS
}

function formulasOf(formula: Formula): Formula[] {
  return [formula, ...partsOf(formula).flatMap(formulasOf)]
}

/**
 * The greatest number of SBTs that a wallet may need at once: the most slots in any set of predicates that satisfies the
 * formula and of which none can be left out. A wallet for which exactly those hold needs them all.
 */
function mostSbts(policy: Policy): number {
  const leaves = leavesOf(policy.require)
  const number = new Map(leaves.map((leaf, i) => [leaf, i]))
  const slotBit = new Map(policy.slots.map(({ name, index }) => [name, 1 << index]))
  const slots = leaves.map((leaf) =>
    slotsOf(leaf).reduce((bits, name) => bits | (slotBit.get(name) as number), 0),
  )
  const holds = truthOf(policy.require, number)
  // Slots of each choice: those of its lowest predicate, and of the choice without it.
  const needed = new Uint16Array(2 ** leaves.length)
  let most = 0
  for (let chosen = 1; chosen < needed.length; chosen++) {
    needed[chosen] =
      (needed[chosen & (chosen - 1)] as number) | (slots[31 - Math.clz32(chosen & -chosen)] as number)
    const count = bitCount(needed[chosen] as number)
    if (count <= most || !holds(chosen)) continue
    const isMinimal = leaves.every((_, i) => ((chosen >> i) & 1) === 0 || !holds(chosen & ~(1 << i)))
    if (isMinimal) most = count
  }
  return most
}

/** A formula as a function of the predicates that hold, as bits. */
function truthOf(formula: Formula, number: ReadonlyMap<Formula, number>): (chosen: number) => boolean {
  const parts = partsOf(formula).map((part) => truthOf(part, number))
  const bit = 1 << (number.get(formula) ?? 0)
  switch (formula.kind) {
    case 'all':
      return (chosen) => parts.every((holds) => holds(chosen))
    case 'any':
      return (chosen) => parts.some((holds) => holds(chosen))
    case 'atLeast':
    case 'weighted': {
      const weights = parts.map((_, i) =>
        formula.kind === 'weighted' ? (formula.of[i]?.weight as number) : 1,
      )
      return (chosen) =>
        parts.reduce((sum, holds, i) => sum + (holds(chosen) ? (weights[i] as number) : 0), 0) >= formula.min
    }
    default:
      return (chosen) => (chosen & bit) !== 0
  }
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

function pad<T>(items: readonly T[], length: number, filler: T): T[] {
  return [...items, ...Array.from({ length: length - items.length }, () => filler)]
}

/** Program bits, lowest first, in the order that `circuits/lib/policy.circom` documents. */
function encode(program: Omit<Program, 'encoded' | 'digest'>): Program['encoded'] {
  const { profile, clauses, gates, ledgers, sets, reveals, nullifier, ledgerId } = program
  const bits: number[] = []
  const put = (value: number | boolean, width: number): void => {
    for (let i = 0; i < width; i++) bits.push((Number(value) >> i) & 1)
  }
  for (const { operation, slot, claim, useNow, useNext, set, fromLedger } of clauses) {
    put(operation, 3)
    put(slot, 4)
    put(claim, 4)
    put(useNow, 1)
    put(useNext, 1)
    if (profile.sets > 1) put(set, 1)
    if (profile.ledgers > 0) put(fromLedger, 1)
  }
  for (const { parent, weight } of [...clauses, ...gates.slice(0, -1)]) {
    put(parent, profile.parentBits)
    put(weight, WEIGHT_BITS)
  }
  // A gate holds if its sum exceeds the threshold, so that one without a least sum cannot be written.
  for (const { min } of gates) put(min - 1, THRESHOLD_BITS)
  const putSource = (source: ProgramClaim | undefined): void => {
    put(source?.slot ?? 0, 4)
    put(source?.claim ?? 0, 4)
  }
  for (let r = 0; r < profile.reveals; r++) {
    put(reveals[r] !== undefined, 1)
    putSource(reveals[r])
  }
  put(nullifier !== undefined, 1)
  putSource(nullifier)
  for (let k = 0; k < profile.sets; k++) putSource(sets[k])
  put(ledgerId !== undefined, 1)
  const constants = clauses.map(({ constant }) => (constant < 0n ? constant + FIELD_MODULUS : constant))
  const setRoots = Array.from({ length: profile.sets }, (_, k) => sets[k]?.root ?? 0n)
  const named = Array.from({ length: profile.ledgers }, (_, k): readonly [bigint, bigint] => [
    ledgers[k]?.ledgerId ?? 0n,
    ledgers[k]?.categories ?? 0n,
  ])
  return { constants, ledgers: named, setRoots, bits }
}

/** Bits as numbers of 248 bits each, lowest first. */
function words(bits: readonly number[]): bigint[] {
  return Array.from({ length: Math.ceil(bits.length / 248) }, (_, w) =>
    bits.slice(248 * w, 248 * (w + 1)).reduceRight((sum, bit) => 2n * sum + BigInt(bit), 0n),
  )
}
