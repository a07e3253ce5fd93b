import { ArtifactError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import { readSections, readUint256, requireScalarField, requireSection } from './sections.js'

/**
 * A rank-1 constraint system over the BN254 scalar field: constraint i says
 * `(row 3i) * (row 3i + 1) = (row 3i + 2)`, each row a linear combination of wires.
 *
 * Row j has the terms `rowStart[j]` to `rowStart[j + 1] - 1`; term t is
 * `coefficients[termCoefficient[t]] * wire termWire[t]`. Equal coefficients are kept once.
 */
export interface R1cs {
  /** Number of wires, the constant 1 at index 0 included. */
  readonly wires: number
  readonly outputs: number
  readonly publicInputs: number
  readonly privateInputs: number
  /** Number of public signals: outputs, then public inputs; they are wires 1 to `publicSignals`. */
  readonly publicSignals: number
  readonly constraints: number
  readonly rowStart: Uint32Array
  readonly termWire: Uint32Array
  readonly termCoefficient: Uint32Array
  readonly coefficients: readonly bigint[]
}

const HEADER = 1
const CONSTRAINTS = 2
const CUSTOM_GATES_LIST = 4
const CUSTOM_GATES_USED = 5
const TERM_WORDS = 9

/**
 * Reads a snarkjs `.r1cs` file.
 *
 * @throws {TypeError} if `bytes` is not a Uint8Array
 * @throws {ArtifactError} if it is malformed, truncated, over another field, or uses custom gates
 */
export function readR1cs(bytes: Uint8Array): R1cs {
  const label = 'r1cs'
  const sections = readSections({ bytes, magic: 'r1cs', version: 1, label })
  const header = requireSection(sections, { type: HEADER, label, length: 64 })
  requireScalarField(header, { offset: 0, label })
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const wires = view.getUint32(36, true)
  const outputs = view.getUint32(40, true)
  const publicInputs = view.getUint32(44, true)
  const privateInputs = view.getUint32(48, true)
  const constraints = view.getUint32(60, true)
  if (wires < 1 + outputs + publicInputs) {
    throw new ArtifactError('r1cs counts more signals than wires')
  }
  for (const type of [CUSTOM_GATES_LIST, CUSTOM_GATES_USED]) {
    const gates = sections.get(type)
    if (gates && (gates.length < 4 || gates.subarray(0, 4).some((byte) => byte !== 0))) {
      throw new ArtifactError('r1cs uses custom gates, which Groth16 does not know')
    }
  }
  const rows = readRows({
    section: requireSection(sections, { type: CONSTRAINTS, label }),
    constraints,
    wires,
  })
  return {
    wires,
    outputs,
    publicInputs,
    privateInputs,
    publicSignals: outputs + publicInputs,
    constraints,
    ...rows,
  }
}

function readRows(o: { section: Uint8Array; constraints: number; wires: number }) {
  const { section, constraints, wires } = o
  const nTerms = (section.length - 12 * constraints) / (4 * TERM_WORDS)
  if (!Number.isSafeInteger(nTerms) || nTerms < 0)
    throw new ArtifactError('r1cs has constraints of the wrong length')
  // A copy only where the view would not be aligned.
  const aligned = section.byteOffset % 4 === 0 ? section : section.slice()
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4)
  const rowStart = new Uint32Array(3 * constraints + 1)
  const termWire = new Uint32Array(nTerms)
  const termCoefficient = new Uint32Array(nTerms)
  const table = new CoefficientTable(words)
  let position = 0
  let term = 0
  for (let row = 0; row < 3 * constraints; row++) {
    if (position >= words.length) throw new ArtifactError('r1cs is truncated in its constraints')
    const length = words[position++]!
    if (position + length * TERM_WORDS > words.length)
      throw new ArtifactError('r1cs is truncated in a constraint')
    for (let i = 0; i < length; i++) {
      const wire = words[position]!
      if (wire >= wires) throw new ArtifactError('r1cs names a wire that does not exist')
      termWire[term] = wire
      termCoefficient[term] = table.indexOf(position + 1)
      term++
      position += TERM_WORDS
    }
    rowStart[row + 1] = term
  }
  if (position !== words.length) throw new ArtifactError('r1cs has more terms than constraints')
  return { rowStart, termWire, termCoefficient, coefficients: table.values() }
}

/** Gives equal coefficients one index: open addressing over their position in the file. */
class CoefficientTable {
  readonly #words: Uint32Array
  #slots = new Int32Array(1024).fill(-1)
  readonly #positions: number[] = []
  constructor(words: Uint32Array) {
    this.#words = words
  }

  indexOf(position: number): number {
    const slot = this.#find(position)
    const known = this.#slots[slot]!
    if (known >= 0) return known
    const index = this.#positions.length
    this.#positions.push(position)
    this.#slots[slot] = index
    if (2 * this.#positions.length > this.#slots.length) this.#grow()
    return index
  }

  values(): bigint[] {
    const bytes = new Uint8Array(this.#words.buffer, this.#words.byteOffset, this.#words.byteLength)
    return this.#positions.map((position) => {
      const value = readUint256(bytes, 4 * position)
      if (value >= FIELD_MODULUS) throw new ArtifactError('r1cs has a coefficient that is not canonical')
      return value
    })
  }

  #find(position: number): number {
    const words = this.#words
    let hash = 0
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ words[position + i]!, 0x9e3779b1) ^ (hash >>> 15)
    const mask = this.#slots.length - 1
    let slot = (hash ^ (hash >>> 16)) & mask
    for (;;) {
      const index = this.#slots[slot]!
      if (index < 0 || this.#equal(this.#positions[index]!, position)) return slot
      slot = (slot + 1) & mask
    }
  }

  #equal(a: number, b: number): boolean {
    for (let i = 0; i < 8; i++) if (this.#words[a + i] !== this.#words[b + i]) return false
    return true
  }

  #grow(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(-1)
    this.#positions.forEach((position, index) => {
      this.#slots[this.#find(position)] = index
    })
  }
}

/**
 * Returns the index of the first constraint that `witness` violates, or undefined if it satisfies all.
 *
 * @param o.witness one canonical value per wire, the constant 1 first
 * @throws {RangeError} if the length is wrong, a value is not canonical, or wire 0 is not 1
 */
export function firstViolatedConstraint(o: { r1cs: R1cs; witness: readonly bigint[] }): number | undefined {
  const { r1cs, witness } = o
  if (witness.length !== r1cs.wires) throw new RangeError('witness must have one value per wire')
  if (witness[0] !== 1n) throw new RangeError('witness[0] must be 1')
  for (const value of witness) requireCanonical(value)
  for (let i = 0; i < r1cs.constraints; i++) if (!holds(r1cs, witness, i)) return i
  return undefined
}

/**
 * Returns the index of the first constraint that a satisfying witness violates once some wires are
 * changed, or undefined if it still satisfies all; only the constraints of these wires are evaluated.
 *
 * @param o.witness a witness that satisfies `r1cs`, as {@link firstViolatedConstraint} checks
 * @param o.changes new canonical values by wire index
 * @throws {RangeError} if a wire does not exist, is the constant, or gets a value that is not canonical
 */
export function firstViolatedByChange(o: {
  r1cs: R1cs
  witness: readonly bigint[]
  changes: ReadonlyMap<number, bigint>
}): number | undefined {
  const { r1cs, witness, changes } = o
  if (witness.length !== r1cs.wires) throw new RangeError('witness must have one value per wire')
  const { start, constraints } = constraintsByWire(r1cs)
  const touched = new Set<number>()
  for (const [wire, value] of changes) {
    if (!Number.isInteger(wire) || wire < 1 || wire >= r1cs.wires)
      throw new RangeError('changes name no such wire')
    requireCanonical(value)
    for (let i = start[wire]!; i < start[wire + 1]!; i++) touched.add(constraints[i]!)
  }
  const value = (wire: number) => changes.get(wire) ?? witness[wire]!
  let first: number | undefined
  for (const i of touched) {
    if (first !== undefined && i > first) continue
    const [a, b, c] = [0, 1, 2].map((k) => evaluateRow(r1cs, 3 * i + k, value))
    if ((a! * b! - c!) % FIELD_MODULUS !== 0n) first = i
  }
  return first
}

const indexes = new WeakMap<R1cs, { start: Uint32Array; constraints: Uint32Array }>()

/**
 * Returns for each wire the constraints that mention it: those of wire w stand at `start[w]` to
 * `start[w + 1] - 1` of `constraints`, ascending; the same constraint may be repeated.
 */
export function constraintsByWire(r1cs: R1cs): { start: Uint32Array; constraints: Uint32Array } {
  const known = indexes.get(r1cs)
  if (known) return known
  const { rowStart, termWire } = r1cs
  const start = new Uint32Array(r1cs.wires + 1)
  for (const wire of termWire) start[wire + 1]!++
  for (let wire = 0; wire < r1cs.wires; wire++) start[wire + 1]! += start[wire]!
  const next = start.slice()
  const constraints = new Uint32Array(termWire.length)
  for (let i = 0; i < r1cs.constraints; i++) {
    for (let term = rowStart[3 * i]!; term < rowStart[3 * i + 3]!; term++) {
      constraints[next[termWire[term]!]!++] = i
    }
  }
  const index = { start, constraints }
  indexes.set(r1cs, index)
  return index
}

function requireCanonical(value: bigint): void {
  if (typeof value !== 'bigint') throw new TypeError('witness values must be bigints')
  if (value < 0n || value >= FIELD_MODULUS) throw new RangeError('witness values must be canonical')
}

// Sums stay unreduced until the end of a row: the reduction costs more than all the rest.
function holds(r1cs: R1cs, witness: readonly bigint[], constraint: number): boolean {
  const a = sumRow(r1cs, 3 * constraint, witness)
  const b = sumRow(r1cs, 3 * constraint + 1, witness)
  const c = sumRow(r1cs, 3 * constraint + 2, witness)
  if (a === 0n || b === 0n) return c === 0n || c % FIELD_MODULUS === 0n
  return (a * b - c) % FIELD_MODULUS === 0n
}

function sumRow(r1cs: R1cs, row: number, witness: readonly bigint[]): bigint {
  const { rowStart, termWire, termCoefficient } = r1cs
  const coefficients = signedCoefficients(r1cs)
  const end = rowStart[row + 1]!
  let sum = 0n
  for (let term = rowStart[row]!; term < end; term++) {
    const value = witness[termWire[term]!]!
    if (value === 0n) continue
    const coefficient = coefficients[termCoefficient[term]!]!
    sum += coefficient === 1n ? value : coefficient * value
  }
  return sum
}

function evaluateRow(r1cs: R1cs, row: number, value: (wire: number) => bigint): bigint {
  const { rowStart, termWire, termCoefficient, coefficients } = r1cs
  let sum = 0n
  for (let term = rowStart[row]!; term < rowStart[row + 1]!; term++) {
    sum += coefficients[termCoefficient[term]!]! * value(termWire[term]!)
  }
  return sum
}

const signed = new WeakMap<R1cs, readonly bigint[]>()

// Most coefficients are small and many are negative: as signed numbers they are one limb long.
function signedCoefficients(r1cs: R1cs): readonly bigint[] {
  let values = signed.get(r1cs)
  if (!values) {
    values = r1cs.coefficients.map((value) => (value > FIELD_MODULUS / 2n ? value - FIELD_MODULUS : value))
    signed.set(r1cs, values)
  }
  return values
}
