import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  firstViolatedByChange,
  firstViolatedConstraint,
  type R1cs,
  readR1cs,
} from '../../src/formats/r1cs.js'
import { readUint256 } from '../../src/formats/sections.js'
import { readSymbols, type Symbols } from '../../src/formats/symbols.js'
import { openWitness, readWitness } from '../../src/formats/witness.js'
import { calculateWitness, type Inputs, type InputValue } from '../../src/prover/witness.js'
import { compileCircuit, defaultCacheDir } from '../../src/setup/build.js'
import { accelerateWitnessGenerator } from '../../src/setup/witness-generator.js'
import { writeAtomically } from '../../src/setup/write.js'
import { type Solutions, solveR1cs } from './solve.js'

/** A wire that took another value without breaking a constraint. */
export interface Survivor {
  readonly name: string
  readonly wire: number
  readonly value: bigint
}

/** A compiled circuit (`--O2`, as shipped), opened for computing and forging witnesses. */
export interface Circuit {
  readonly r1cs: R1cs
  readonly symbols: Symbols
  /** Computes the honest witness; throws {@link StatementError} if the generator refuses. */
  witness(inputs: Inputs): Promise<bigint[]>
  /** Computes the honest witness as {@link witness} does, and reads one signal of it. */
  signal(inputs: Inputs, name: string): Promise<bigint>
  /** Computes the honest witness and asserts that it satisfies every constraint. */
  accept(inputs: Inputs): Promise<bigint[]>
  /**
   * Asserts that the honest generator refuses these inputs at a constraint (a wrong shape does not pass), and that no
   * other witness exists either: see {@link solve}.
   */
  refuse(inputs: Inputs): Promise<void>
  /** All witnesses that inputs (and signals that a forger fixes beforehand) leave possible. */
  solve(inputs: Inputs, advice?: Inputs): Solutions
  /** Index of a constraint that the witness violates. */
  violated(witness: readonly bigint[]): number | undefined
  /** Wire of a signal, `main.` left out; throws if the compiler removed it. */
  wire(name: string): number
  /** Value of one signal. */
  value(witness: readonly bigint[], name: string): bigint
  /** Values of an array of signals, in order; empty if there is none. */
  values(witness: readonly bigint[], name: string): bigint[]
  /** The public signals: outputs, then public inputs. */
  publicSignals(witness: readonly bigint[]): bigint[]
  /** A copy of the witness with some signals edited; a value is an element or an array of them. */
  forge(witness: readonly bigint[], changes: Inputs): bigint[]
  /** Asserts that edited signals break a constraint. */
  expectUnsatisfied(witness: readonly bigint[], changes: Inputs): void
  /** Changes every wire, one at a time, to +1, 0, 1, r - 1 and a number of a fixed seed; reports what passes. */
  mutateAll(witness: readonly bigint[]): Survivor[]
}

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const includePaths = [folder('circuits/lib'), folder('node_modules')]
const opened = new Map<string, Promise<Circuit>>()

/**
 * Compiles a circuit, or takes it from the cache, and opens it; one source is opened once a process.
 *
 * @param o.file    path of a circuit that declares `main`, or
 * @param o.source  its text without the pragma; gadgets are included by their file's name alone
 */
export function openCircuit(o: { readonly file: string } | { readonly source: string }): Promise<Circuit> {
  const key = JSON.stringify(o)
  let circuit = opened.get(key)
  if (circuit === undefined) {
    circuit = compile(o)
    opened.set(key, circuit)
  }
  return circuit
}

/** A gadget with untagged inputs and its outputs, for {@link openGadget}. */
export interface Gadget {
  /** Gadgets to include, by their file's name without `.circom`. */
  readonly include: readonly string[]
  /** Dimensions of each input: `''`, `'[8]'`, `'[2][4]'`. */
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs?: Readonly<Record<string, string>>
  /** Statements; inputs that need a tag go through `Bit()` or `BitArray()`, as in a statement. */
  readonly body: string
}

/**
 * Opens a wrapper around a gadget. All inputs are public, so that the compiler removes none of them and a test can give
 * or forge each by its name.
 */
export function openGadget(gadget: Gadget): Promise<Circuit> {
  return openCircuit({ source: gadgetSource(gadget) })
}

/** The text of a wrapper around a gadget, without the pragma. */
export function gadgetSource({ include, inputs, outputs = {}, body }: Gadget): string {
  const declare = (kind: string, signals: Readonly<Record<string, string>>): string[] =>
    Object.entries(signals).map(([name, dimensions]) => `  signal ${kind} ${name}${dimensions};`)
  return [
    ...[...new Set(['bits', ...include])].map((name) => `include "${name}.circom";`),
    'template Wrapper() {',
    ...declare('input', inputs),
    ...declare('output', outputs),
    ...body.split('\n'),
    '}',
    `component main {public [${Object.keys(inputs).join(', ')}]} = Wrapper();`,
  ].join('\n')
}

async function compile(o: { readonly file: string } | { readonly source: string }): Promise<Circuit> {
  let file: string
  if ('file' in o) file = o.file
  else {
    const text = `pragma circom 2.2.3;\n${o.source.trim()}\n`
    const name = createHash('sha256').update(text).digest('hex').slice(0, 16)
    file = join(defaultCacheDir(), 'wrappers', `wrapper-${name}.circom`)
    await writeAtomically(file, text)
  }
  const compiled = await compileCircuit({ file, includePaths })
  return circuitOf({
    // As shipped, and several times faster.
    wasm: accelerateWitnessGenerator(compiled.wasm),
    r1cs: readR1cs(compiled.r1cs),
    symbols: readSymbols(compiled.sym),
  })
}

/** Opens what a compiler made. */
export function circuitOf(o: {
  readonly wasm: Uint8Array
  readonly r1cs: R1cs
  readonly symbols: Symbols
}): Circuit {
  const { wasm, r1cs, symbols } = o
  let names: Map<number, string> | undefined
  const nameOf = (index: number): string => {
    names ??= new Map([...symbols].reverse().map(([name, at]) => [at, name.replace(/^main\./, '')]))
    return names.get(index) ?? `wire ${index}`
  }
  const wire = (name: string): number => {
    const index = symbols.get(`main.${name}`)
    if (index === undefined) throw new Error(`no wire carries ${name}`)
    return index
  }
  const wiresOf = (inputs: Inputs): Map<number, bigint> => {
    const map = new Map<number, bigint>()
    const put = (name: string, value: InputValue): void => {
      if (typeof value !== 'bigint') for (const [i, item] of value.entries()) put(`${name}[${i}]`, item)
      else map.set(wire(name), ((value % r) + r) % r)
    }
    for (const [name, value] of Object.entries(inputs)) put(name, value)
    return map
  }
  const violated = (witness: readonly bigint[]): number | undefined =>
    firstViolatedConstraint({ r1cs, witness })
  const witness = async (inputs: Inputs): Promise<bigint[]> =>
    readWitness(await calculateWitness({ wasm, inputs }))
  const forge = (honest: readonly bigint[], changes: Inputs): bigint[] => {
    const copy = [...honest]
    for (const [index, value] of wiresOf(changes)) copy[index] = value
    return copy
  }
  const solve = (inputs: Inputs, advice: Inputs = {}): Solutions =>
    solveR1cs({ r1cs, given: new Map([...wiresOf(inputs), ...wiresOf(advice)]), nameOf })
  return {
    r1cs,
    symbols,
    witness,
    async signal(inputs, name) {
      const { values } = openWitness(await calculateWitness({ wasm, inputs }))
      return readUint256(values, 32 * wire(name))
    },
    async accept(inputs) {
      const honest = await witness(inputs)
      assert.equal(violated(honest), undefined, 'an honest witness satisfies all constraints')
      return honest
    },
    async refuse(inputs) {
      await assert.rejects(
        () => witness(inputs),
        (error) =>
          error instanceof StatementError && /^a constraint of the circuit does not hold/.test(error.message),
      )
      assert.equal(solve(inputs).witnesses.length, 0, 'a witness exists that the generator does not find')
    },
    solve,
    violated,
    wire,
    value: (values, name) => values[wire(name)] as bigint,
    values(values, name) {
      const list: bigint[] = []
      for (let i = 0; symbols.has(`main.${name}[${i}]`); i++)
        list.push(values[wire(`${name}[${i}]`)] as bigint)
      return list
    },
    publicSignals: (values) => values.slice(1, 1 + r1cs.publicSignals),
    forge,
    expectUnsatisfied(honest, changes) {
      const forged = forge(honest, changes)
      assert.notDeepEqual(forged, honest, 'a forgery changes something')
      assert.notEqual(violated(forged), undefined, 'a forged witness satisfies all constraints')
    },
    mutateAll(honest) {
      assert.equal(violated(honest), undefined, 'mutation starts from a satisfying witness')
      const random = randomElements('mutation')
      const survivors: Survivor[] = []
      for (let index = 1; index < r1cs.wires; index++) {
        const value = honest[index] as bigint
        for (const other of new Set([(value + 1n) % r, 0n, 1n, r - 1n, random()])) {
          if (other === value) continue
          const changes = new Map([[index, other]])
          if (firstViolatedByChange({ r1cs, witness: honest, changes }) !== undefined) continue
          survivors.push({ name: nameOf(index), wire: index, value: other })
          break
        }
      }
      return survivors
    },
  }
}

/** Names of the survivors of a mutation, sorted, indexes of arrays as they are. */
export function survivorNames(survivors: readonly Survivor[]): string[] {
  return survivors.map(({ name }) => name).sort()
}

/** A source of field elements that is the same for the same seed. */
export function randomElements(seed: string): () => bigint {
  let count = 0
  return () => {
    const digest = createHash('sha512').update(`${seed}/${count++}`).digest('hex')
    return BigInt(`0x${digest}`) % r
  }
}

/** The lowest `width` bits of a number, lowest first. */
export function bitsOf(value: bigint, width: number): bigint[] {
  return Array.from({ length: width }, (_, i) => (value >> BigInt(i)) & 1n)
}
