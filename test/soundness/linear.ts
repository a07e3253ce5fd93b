import { FIELD_MODULUS as r } from '../../src/field.js'
import type { R1cs } from '../../src/formats/r1cs.js'

/** A linear form: coefficient by wire, none 0; wire 0 is the constant 1. */
export type Linear = Map<number, bigint>

/** The representative of a number modulo r. */
export function mod(value: bigint): bigint {
  if (value >= 0n && value < r) return value
  const rest = value % r
  return rest < 0n ? rest + r : rest
}

/** The inverse of a number modulo r; 0 has none. */
export function invert(value: bigint): bigint {
  let [a, b, x, y] = [mod(value), r, 1n, 0n]
  if (a === 1n || a === MINUS_ONE) return a
  if (a === 0n) throw new RangeError('0 has no inverse')
  while (b !== 0n) {
    const q = a / b
    ;[a, b, x, y] = [b, a - q * b, y, x - q * y]
  }
  return mod(x)
}

/** Row `3 * constraint + part` of a system, equal wires taken together. */
export function rowOf(r1cs: R1cs, row: number): Linear {
  const form: Linear = new Map()
  for (let t = r1cs.rowStart[row]!; t < r1cs.rowStart[row + 1]!; t++) {
    addReduced(form, r1cs.termWire[t]!, r1cs.coefficients[r1cs.termCoefficient[t]!]!)
  }
  return form
}

/** Adds a term in place. */
export function addTerm(form: Linear, wire: number, coefficient: bigint): void {
  addReduced(form, wire, mod(coefficient))
}

function addReduced(form: Linear, wire: number, coefficient: bigint): void {
  const old = form.get(wire)
  if (old === undefined) {
    if (coefficient !== 0n) form.set(wire, coefficient)
    return
  }
  const sum = old + coefficient
  if (sum === r) form.delete(wire)
  else form.set(wire, sum > r ? sum - r : sum)
}

/** Adds `factor * other` in place; the coefficients of `other` are canonical. */
export function addScaled(form: Linear, factor: bigint, other: ReadonlyMap<number, bigint>): void {
  const by = mod(factor)
  if (by === 0n) return
  for (const [wire, coefficient] of other) addReduced(form, wire, times(by, coefficient))
}

/** A multiple of a form. */
export function scaled(form: ReadonlyMap<number, bigint>, factor: bigint): Linear {
  const by = mod(factor)
  const result: Linear = new Map()
  if (by === 0n) return result
  for (const [wire, coefficient] of form) result.set(wire, times(by, coefficient))
  return result
}

/** The product of two canonical numbers; most factors are 1 and -1. */
function times(factor: bigint, coefficient: bigint): bigint {
  if (factor === 1n) return coefficient
  if (factor === MINUS_ONE && coefficient !== 0n) return r - coefficient
  return (factor * coefficient) % r
}

const MINUS_ONE = r - 1n

/** Whether two forms are equal. */
export function isEqual(a: ReadonlyMap<number, bigint>, b: ReadonlyMap<number, bigint>): boolean {
  if (a.size !== b.size) return false
  for (const [wire, coefficient] of a) if (b.get(wire) !== coefficient) return false
  return true
}

/** The form without its constant. */
export function withoutConstant(form: ReadonlyMap<number, bigint>): Linear {
  const rest = new Map(form)
  rest.delete(0)
  return rest
}

/** The number k with a = k b, or undefined if there is none; b is not 0. */
export function ratio(a: ReadonlyMap<number, bigint>, b: ReadonlyMap<number, bigint>): bigint | undefined {
  const [first] = b
  if (first === undefined || a.size !== b.size) return undefined
  const k = mod((a.get(first[0]) ?? 0n) * invert(first[1]))
  return k !== 0n && isEqual(a, scaled(b, k)) ? k : undefined
}
