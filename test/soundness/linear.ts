import { FIELD_MODULUS as r } from '../../src/field.js'
import type { R1cs } from '../../src/formats/r1cs.js'

/** A linear form: coefficient by wire, none 0; wire 0 is the constant 1. */
export type Linear = Map<number, bigint>

/** The representative of a number modulo r. */
export function mod(value: bigint): bigint {
  const rest = value % r
  return rest < 0n ? rest + r : rest
}

/** The inverse of a number modulo r; 0 has none. */
export function invert(value: bigint): bigint {
  let [a, b, x, y] = [mod(value), r, 1n, 0n]
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
    addTerm(form, r1cs.termWire[t]!, r1cs.coefficients[r1cs.termCoefficient[t]!]!)
  }
  return form
}

/** Adds a term in place. */
export function addTerm(form: Linear, wire: number, coefficient: bigint): void {
  const old = form.get(wire)
  const sum = old === undefined ? mod(coefficient) : mod(old + coefficient)
  if (sum === 0n) form.delete(wire)
  else form.set(wire, sum)
}

/** Adds `factor * other` in place. */
export function addScaled(form: Linear, factor: bigint, other: ReadonlyMap<number, bigint>): void {
  if (factor === 0n) return
  for (const [wire, coefficient] of other) addTerm(form, wire, factor * coefficient)
}

/** A multiple of a form. */
export function scaled(form: ReadonlyMap<number, bigint>, factor: bigint): Linear {
  if (mod(factor) === 0n) return new Map()
  return new Map([...form].map(([wire, coefficient]) => [wire, mod(coefficient * factor)]))
}

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
