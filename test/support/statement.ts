import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import {
  firstViolatedByChange,
  firstViolatedConstraint,
  type R1cs,
  readR1cs,
} from '../../src/formats/r1cs.js'
import { readSymbols, type Symbols } from '../../src/formats/symbols.js'
import { readWitness } from '../../src/formats/witness.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import type { CircuitInputs } from '../../src/statements/membership.js'

/** A statement's built artifacts, opened for forging. */
export interface OpenStatement {
  readonly name: string
  readonly wasm: Uint8Array
  readonly r1cs: R1cs
  readonly symbols: Symbols
  /** Names of private inputs that the compiler replaced by forms of other wires; the constraint system counts them all the same. */
  readonly eliminated: readonly string[]
}

const open = new Map<string, OpenStatement>()

/** Opens what `npm run setup` built into zkeys/. */
export function openStatement(name: string): OpenStatement {
  let statement = open.get(name)
  if (statement === undefined) {
    const read = (part: string): Uint8Array =>
      readFileSync(new URL(`../../zkeys/${name}.${part}`, import.meta.url))
    const [r1cs, sym] = [readR1cs(read('r1cs')), read('sym')]
    statement = {
      ...{ name, wasm: read('wasm'), r1cs, symbols: readSymbols(sym) },
      eliminated: eliminatedInputs(sym, r1cs),
    }
    open.set(name, statement)
  }
  return statement
}

/** A `.sym` file begins with the outputs and inputs of the main component, in order; what is eliminated has the wire -1. */
function eliminatedInputs(sym: Uint8Array, r1cs: R1cs): string[] {
  const count = r1cs.publicSignals + r1cs.privateInputs
  const lines = new TextDecoder().decode(sym.subarray(0, 200 * count)).split('\n', count)
  return lines.flatMap((line) => /^\d+,-1,\d+,main\.(.+)$/.exec(line)?.[1] ?? [])
}

/** Computes the witness; throws if the circuit refuses the inputs. */
export async function witnessOf(statement: OpenStatement, inputs: CircuitInputs): Promise<bigint[]> {
  return readWitness(await calculateWitness({ wasm: statement.wasm, inputs: inputs as Inputs }))
}

/** Asserts that inputs satisfy the constraints and give these public signals. */
export async function assertAccepted(
  statement: OpenStatement,
  inputs: CircuitInputs,
  publicSignals: readonly string[],
): Promise<bigint[]> {
  const witness = await witnessOf(statement, inputs)
  assert.equal(firstViolatedConstraint({ r1cs: statement.r1cs, witness }), undefined)
  assert.deepEqual(witness.slice(1, 1 + publicSignals.length).map(String), publicSignals)
  return witness
}

/** Asserts that the circuit itself, not the shape of the inputs, refuses them. */
export async function assertRefused(statement: OpenStatement, inputs: CircuitInputs): Promise<void> {
  await assert.rejects(
    () => witnessOf(statement, inputs),
    (error: unknown) =>
      error instanceof StatementError && /a constraint of the circuit does not hold/.test(error.message),
  )
}

/** Tells whether a signal is a wire; the compiler replaces some by linear combinations of others. */
export function isWire(statement: OpenStatement, name: string): boolean {
  return (statement.symbols.get(`main.${name}`) ?? -1) > 0
}

/** Names of the wires that may be changed one at a time, to one of several values, without breaking a constraint. */
export function freeWires(
  statement: OpenStatement,
  witness: readonly bigint[],
  names: readonly string[],
): string[] {
  const { r1cs, symbols } = statement
  return names.filter((name) => {
    const wire = symbols.get(`main.${name}`)
    assert.ok(wire !== undefined && wire > 0, `no wire of ${name}`)
    const value = witness[wire] as bigint
    const others = [(value + 1n) % FIELD_MODULUS, 0n, 1n, FIELD_MODULUS - 1n].filter(
      (other) => other !== value,
    )
    return others.some(
      (other) => firstViolatedByChange({ r1cs, witness, changes: new Map([[wire, other]]) }) === undefined,
    )
  })
}

/** The names of all scalar inputs, as in the symbols. */
export function inputNames(inputs: CircuitInputs): string[] {
  const names = (name: string, value: unknown): string[] =>
    Array.isArray(value) ? value.flatMap((item, i) => names(`${name}[${i}]`, item)) : [name]
  return Object.entries(inputs).flatMap(([name, value]) => names(name, value))
}
