import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { R1cs } from '../../src/formats/r1cs.js'
import { GADGETS, gadget } from '../circuits/lib/gadgets.js'
import { gadgetSource } from '../support/circuit.js'
import { openStatement } from '../support/statement.js'
import { ARGUMENTS, argumentsOf } from './arguments.js'
import {
  type Argument,
  booleanWires,
  curveOf,
  factsOf,
  givenOf,
  type Proof,
  prove,
  wireNames,
} from './determinism.js'
import { compilePlain, type System, writeSource } from './plain.js'
import { binaryWires, gadgetTemplates, readTemplates } from './tags.js'

/** What the determinism checker says of one circuit. */
export interface Report {
  readonly signals: number
  /** Signals that a written argument covers, by its name. */
  readonly argued: Readonly<Record<string, number>>
  /** Signals that the inputs do not determine, by their names without indexes. */
  readonly unproved: Readonly<Record<string, number>>
}

/** The statements, in the order of their size. */
export const STATEMENTS = [
  'membership',
  'policy-s',
  'ledger-history',
  'ledger-batch',
  'policy-m',
  'policy-m-timed',
  'policy-l',
] as const

const LARGE: readonly string[] = ['policy-m', 'policy-m-timed', 'policy-l']

/** Gadgets that a statement of the short run contains: they have a turn of their own in the long one. */
const WITHIN_STATEMENTS: readonly (keyof typeof GADGETS)[] = [
  'HashChain(1, 15, 16, 31)',
  'LedgerEntries(3)',
  'LedgerSlot(10)',
  'LedgerTouch(1)',
  'LedgerTouch(10)',
  'QuaternaryRoot(10)',
  'QuaternaryUpdate(2)',
  'QuaternaryUpdate(10)',
  'SbtSlot(10, 3)',
]

/** Names of the gadgets that a short or a long run looks at. */
export function gadgetsOf(long: boolean): (keyof typeof GADGETS)[] {
  const all = Object.keys(GADGETS) as (keyof typeof GADGETS)[]
  return all.filter((name) => long || !WITHIN_STATEMENTS.includes(name))
}

/** The statements of a run: the large ones are the gadgets of the small ones, more often, and left to the long run. */
export function statementsOf(long: boolean): readonly (typeof STATEMENTS)[number][] {
  return STATEMENTS.filter((name) => long || !LARGE.includes(name))
}

const statementFile = (name: string): string =>
  fileURLToPath(new URL(`../../circuits/statements/${name}.circom`, import.meta.url))

/** A name without indexes and the numbers of anonymous components. */
export function patternOf(name: string): string {
  return name.replace(/\[\d+\]/g, '[]').replace(/_\d+_\d+/g, '')
}

const proofs = new WeakMap<R1cs, Map<readonly Argument[], Proof>>()

/** Proves a system from all its inputs; the same once a process. */
export function proveSystem(
  system: System,
  o: { without?: number; arguments?: readonly Argument[] } = {},
): Proof {
  const { r1cs, symbols } = system
  const { without, arguments: list = ARGUMENTS } = o
  const known = without === undefined ? proofs.get(r1cs)?.get(list) : undefined
  if (known !== undefined) return known
  const proof = prove({
    facts: factsOf(r1cs),
    inputs: givenOf(system),
    names: wireNames(symbols),
    arguments: list,
    ...(without !== undefined && { without }),
  })
  if (without === undefined) proofs.set(r1cs, (proofs.get(r1cs) ?? new Map()).set(list, proof))
  return proof
}

/** Counts what a proof leaves open. */
export function reportOf({ r1cs, symbols }: System, proof: Proof, list = ARGUMENTS): Report {
  const names = wireNames(symbols)
  const unproved: Record<string, number> = {}
  const argued: Record<string, number> = {}
  const count = (into: Record<string, number>, key: string): void => {
    into[key] = (into[key] ?? 0) + 1
  }
  for (let wire = 1; wire < r1cs.wires; wire++) {
    if (!proof.rules.has(wire)) count(unproved, patternOf(names(wire)[0] as string))
  }
  const options = { facts: factsOf(r1cs), names, arguments: list }
  for (const { name } of curveOf(options).premises) {
    count(argued, name)
    count(argued, name)
  }
  // Bits that the compiler eliminated too.
  for (const rule of proof.rules.values()) if (typeof rule !== 'string') count(argued, rule.name)
  return { signals: r1cs.wires - 1, argued: sorted(argued), unproved: sorted(unproved) }
}

/** The signals of a circuit that are declared `{binary}` and are not bits in every witness, without indexes. */
export async function falseBits(
  file: string,
): Promise<{ declared: number; notBits: Record<string, number> }> {
  const source = readFileSync(file, 'utf8')
  const main = /\bcomponent\s+main\b[^=]*=\s*(\w+)/.exec(source)?.[1] as string
  const templates = new Map([...gadgetTemplates(), ...readTemplates([source])])
  const { r1cs, symbols } = await compilePlain({ file })
  const bits = booleanWires({ facts: factsOf(r1cs) })
  const wires = binaryWires({ symbols, templates, main })
  const notBits: Record<string, number> = {}
  for (const [wire, name] of wires) {
    if (bits[wire] === 1) continue
    const pattern = patternOf(name)
    notBits[pattern] = (notBits[pattern] ?? 0) + 1
  }
  return { declared: wires.size, notBits: sorted(notBits) }
}

/** {@link falseBits} of a statement. */
export function statementBits(name: string): ReturnType<typeof falseBits> {
  return falseBits(statementFile(name))
}

/** {@link falseBits} of a gadget's wrapper. */
export async function gadgetBits(name: keyof typeof GADGETS): ReturnType<typeof falseBits> {
  return falseBits(await writeSource(`pragma circom 2.2.3;\n${gadgetSource(GADGETS[name])}\n`))
}

/** Proves one statement from all its inputs. */
export function statementReport(name: string): Report {
  const statement = openStatement(name)
  return reportOf(statement, proveSystem(statement))
}

/** Proves one gadget from all its inputs. */
export async function gadgetReport(name: keyof typeof GADGETS): Promise<Report> {
  const circuit = await gadget(name)
  const list = argumentsOf(name)
  return reportOf(circuit, proveSystem(circuit, { arguments: list }), list)
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
}
