import { FIELD_MODULUS as r } from '../../src/field.js'
import type { Tally } from '../../src/ledger/index.js'
import type { SetTree } from '../../src/merkle/index.js'
import type { Program } from '../../src/policy/index.js'

/** What the program reads: the claims of the SBT that counts for a slot, as field elements, ledgers and the clock. */
export interface Memory {
  /** Encoded claims by slot number; absent where no SBT counts. */
  readonly slots: ReadonlyMap<number, readonly bigint[]>
  readonly sets: readonly SetTree[]
  /** Count and sum by category, by the ledger's number; absent where the ledger says nothing. */
  readonly ledgers?: ReadonlyMap<number, readonly Tally[]>
  readonly now: bigint
}

interface Source {
  readonly slot: number
  readonly claim: number
}

/** A program as its bits say it. */
export interface Decoded {
  readonly clauses: readonly (Source & {
    readonly operation: number
    readonly useNow: number
    readonly useNext: number
    readonly set: number
    readonly fromLedger: number
    readonly constant: bigint
  })[]
  readonly nodes: readonly { readonly parent: number; readonly weight: number }[]
  readonly thresholds: readonly number[]
  readonly reveals: readonly (Source | undefined)[]
  readonly nullifier: Source | undefined
  readonly sets: readonly (Source & { readonly tree: SetTree | undefined })[]
  readonly showsHandle: boolean
}

/** Reads the bits of a program in the order that `circuits/lib/policy.circom` documents. */
export function decode(program: Program, trees: readonly SetTree[] = []): Decoded {
  const { profile } = program
  const { bits, constants, setRoots } = program.encoded
  let at = 0
  const take = (width: number): number => {
    let value = 0
    for (let i = 0; i < width; i++) value += (bits[at++] as number) << i
    return value
  }
  const source = (): Source => ({ slot: take(4), claim: take(4) })
  const optional = (): Source | undefined => {
    const isOn = take(1) === 1
    const where = source()
    return isOn ? where : undefined
  }
  const clauses = Array.from({ length: profile.clauses }, (_, j) => ({
    operation: take(3),
    ...source(),
    useNow: take(1),
    useNext: take(1),
    set: profile.sets > 1 ? take(1) : 0,
    fromLedger: profile.ledgers > 0 ? take(1) : 0,
    constant: constants[j] as bigint,
  }))
  const nodes = Array.from({ length: profile.clauses + profile.gates - 1 }, () => ({
    parent: take(profile.parentBits),
    weight: take(7),
  }))
  const thresholds = Array.from({ length: profile.gates }, () => take(12))
  const reveals = Array.from({ length: profile.reveals }, optional)
  const nullifier = optional()
  const known = [...trees, ...program.sets.flatMap((set) => set.tree ?? [])]
  const sets = Array.from({ length: profile.sets }, (_, k) => ({
    ...source(),
    tree: known.find(({ root }) => root === setRoots[k]),
  }))
  const showsHandle = take(1) === 1
  if (at !== bits.length) throw new Error(`${bits.length - at} bits of the program were not read`)
  return { clauses, nodes, thresholds, reveals, nullifier, sets, showsHandle }
}

/**
 * Runs a decoded program: an interpreter that shares no code with compiler, evaluator or prover.
 *
 * @returns whether the formula holds; undefined if the circuit has no witness, because an order compares what is too far apart
 */
export function interpret(program: Decoded, memory: Memory): boolean | undefined {
  const { clauses, nodes, thresholds, sets } = program
  const load = ({ slot, claim }: Source): { value: bigint; held: boolean } => {
    const claims = memory.slots.get(slot)
    return { value: claims?.[claim] ?? 0n, held: claims !== undefined }
  }
  // A clause from a ledger: its slot is the ledger, its claim 2 category, or 2 category + 1 for the sum.
  const loads = clauses.map((clause) => {
    if (clause.fromLedger === 0) return load(clause)
    const tally = memory.ledgers?.get(clause.slot)?.[clause.claim >> 1]
    return { value: tally?.[clause.claim % 2 === 0 ? 'count' : 'sum'] ?? 0n, held: tally !== undefined }
  })
  const answers = sets.map(({ tree, ...where }) => {
    const { value, held } = load(where)
    return held ? tree?.proof(value).member : undefined
  })
  let isPossible = true
  const value = clauses.map(({ operation, useNow, useNext, set, constant }, j) => {
    const left = loads[j]!
    const next = loads[j + 1] ?? { value: 0n, held: false }
    const right = (constant + (useNow ? memory.now : 0n) + (useNext ? next.value : 0n)) % r
    if (!left.held || (useNext === 1 && !next.held)) return false
    let difference = (left.value - right + r) % r
    if (difference > r / 2n) difference -= r
    if ((operation & 6) === 4 && (difference < -(2n ** 65n) || difference >= 2n ** 65n)) isPossible = false
    switch (operation) {
      case 0:
        return false
      case 1:
        return true
      case 2:
        return difference === 0n
      case 3:
        return difference !== 0n
      case 4:
        return difference < 0n
      case 5:
        return difference >= 0n
      case 6:
        return answers[set] === true
      default:
        return answers[set] === false
    }
  })
  const sums = thresholds.map(() => 0)
  for (let n = 0; n < clauses.length + thresholds.length; n++) {
    const gate = n - clauses.length
    if (gate >= 0) value[n] = (sums[gate] as number) > (thresholds[gate] as number)
    const node = nodes[n]
    if (node !== undefined && value[n] && node.parent > gate && node.parent < thresholds.length) {
      sums[node.parent] = (sums[node.parent] as number) + node.weight
    }
  }
  return isPossible ? value.at(-1) : undefined
}

/** What a program lets out: the values that it reveals, 0 for none, and the claim that its nullifier is made of. */
export function outputsOf(
  program: Decoded,
  memory: Memory,
): { readonly reveal: readonly bigint[]; readonly personal: bigint | undefined } {
  const read = (source: Source): bigint => memory.slots.get(source.slot)?.[source.claim] ?? 0n
  return {
    reveal: program.reveals.map((source) => (source === undefined ? 0n : read(source))),
    personal: program.nullifier && read(program.nullifier),
  }
}
