import { FIELD_MODULUS as r } from '../../src/field.js'
import type { SetTree } from '../../src/merkle/index.js'
import type { Program } from '../../src/policy/index.js'

/** What the program reads: the claims of the SBT that counts for a slot, as field elements, and the clock. */
export interface Memory {
  /** Encoded claims by slot number; absent where no SBT counts. */
  readonly slots: ReadonlyMap<number, readonly bigint[]>
  readonly sets: readonly SetTree[]
  readonly now: bigint
}

/**
 * Runs a compiled program as `circuits/lib/policy.circom` documents it, from its bits alone: an interpreter that shares no
 * code with compiler or evaluator.
 *
 * @returns whether the formula holds; undefined if the circuit has no witness, because an order compares what is too far apart
 */
export function interpret(program: Program, memory: Memory): boolean | undefined {
  const { clauses, gates, parentBits, sets } = program.profile
  const { bits, constants, setRoots } = program.encoded
  let at = 0
  const take = (width: number): number => {
    let value = 0
    for (let i = 0; i < width; i++) value += (bits[at++] as number) << i
    return value
  }
  const loads = Array.from({ length: clauses }, () => ({
    operation: take(3),
    slot: take(4),
    claim: take(4),
    useNow: take(1),
    useNext: take(1),
  }))
  const nodes = Array.from({ length: clauses + gates - 1 }, () => ({
    parent: take(parentBits),
    weight: take(7),
  }))
  const thresholds = Array.from({ length: gates }, () => take(12))
  at += 9 * program.profile.reveals + 9
  const openings = Array.from({ length: sets }, (_, k) => ({
    slot: take(4),
    claim: take(4),
    root: setRoots[k],
  }))
  const load = (slot: number, claim: number): { value: bigint; held: boolean } => {
    const claims = memory.slots.get(slot)
    return { value: claims?.[claim] ?? 0n, held: claims !== undefined }
  }
  const answers = openings.map(({ slot, claim, root }) => {
    const { value, held } = load(slot, claim)
    const tree = [...memory.sets, ...program.sets.flatMap((set) => set.tree ?? [])].find(
      (one) => one.root === root,
    )
    const member = held && tree !== undefined ? tree.proof(value).member : undefined
    return { isIn: member === true, isOut: member === false }
  })
  const [{ isIn, isOut } = { isIn: false, isOut: false }] = answers
  let isPossible = true
  const satisfied = loads.map(({ operation, slot, claim, useNow, useNext }, j) => {
    const left = load(slot, claim)
    const following = loads[j + 1]
    const next = following === undefined ? { value: 0n, held: false } : load(following.slot, following.claim)
    const right = (constants[j]! + (useNow ? memory.now : 0n) + (useNext ? next.value : 0n)) % r
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
        return isIn
      default:
        return isOut
    }
  })
  const value = [...satisfied]
  const sums = thresholds.map(() => 0)
  for (let n = 0; n < clauses + gates; n++) {
    const gate = n - clauses
    if (gate >= 0) value[n] = (sums[gate] as number) > (thresholds[gate] as number)
    const node = nodes[n]
    if (node !== undefined && value[n] && node.parent > gate && node.parent < gates) {
      sums[node.parent] = (sums[node.parent] as number) + node.weight
    }
  }
  return isPossible ? value[clauses + gates - 1] : undefined
}
