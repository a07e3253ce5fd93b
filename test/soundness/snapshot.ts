import { readFileSync, writeFileSync } from 'node:fs'
import type { GADGETS } from '../circuits/lib/gadgets.js'
import { proveTheorem, THEOREMS } from './holder.js'
import { NOT_BITS, reasonFor, UNPROVED } from './reasons.js'
import {
  gadgetBits,
  gadgetReport,
  gadgetsOf,
  type Report,
  STATEMENTS,
  statementBits,
  statementReport,
  statementsOf,
} from './report.js'

const SNAPSHOT = new URL('determinism.snapshot.json', import.meta.url)
const MOST_UNPROVED = 0.02

interface Entry extends Report {
  /** Number of signals declared `{binary}`. */
  readonly bits: number
  /** Those that are not bits in every witness, by their names without indexes. */
  readonly notBits: Readonly<Record<string, number>>
}

type Snapshot = Record<string, Entry>

/** The committed state: what each circuit leaves unproved. */
export function readSnapshot(): Snapshot {
  return JSON.parse(readFileSync(SNAPSHOT, 'utf8')) as Snapshot
}

/** Names of the circuits that a short or a long run looks at. */
export function circuitNames(long: boolean): { statements: string[]; gadgets: (keyof typeof GADGETS)[] } {
  return {
    statements: [...statementsOf(long)],
    gadgets: gadgetsOf(long),
  }
}

/** What is wrong with what the checker says of a circuit, against the reasons and the snapshot. */
export function judge(name: string, entry: Entry, known: Entry | undefined): string[] {
  const failures: string[] = []
  for (const signal of Object.keys(entry.unproved)) {
    if (reasonFor(UNPROVED, name, signal) === undefined) failures.push(`${name}: ${signal} is not determined`)
  }
  for (const signal of Object.keys(entry.notBits)) {
    if (reasonFor(NOT_BITS, name, signal) === undefined) failures.push(`${name}: ${signal} is no bit`)
  }
  const count = Object.values(entry.unproved).reduce((sum, n) => sum + n, 0)
  if ((STATEMENTS as readonly string[]).includes(name) && count > MOST_UNPROVED * entry.signals) {
    failures.push(`${name}: ${count} of ${entry.signals} signals are not determined`)
  }
  if (JSON.stringify(known) !== JSON.stringify(entry)) {
    failures.push(`${name}: differs from the snapshot; UPDATE_SNAPSHOTS=1 rewrites it`)
  }
  return failures
}

/** Looks at one circuit. */
export async function entryOf(name: string): Promise<Entry> {
  const isStatement = (STATEMENTS as readonly string[]).includes(name)
  const report = isStatement ? statementReport(name) : await gadgetReport(name as keyof typeof GADGETS)
  const bits = isStatement ? await statementBits(name) : await gadgetBits(name as keyof typeof GADGETS)
  return { ...report, bits: bits.declared, notBits: bits.notBits }
}

/**
 * Looks at all circuits of a run, or one of them, and compares with the snapshot.
 *
 * @param o.only name of a circuit
 */
export async function checkDeterminism(o: {
  long: boolean
  log: (line: string) => void
  only?: string | undefined
}): Promise<{
  failures: string[]
  signals: number
  unproved: number
  argued: number
}> {
  const update = process.env['UPDATE_SNAPSHOTS'] === '1'
  const snapshot: Snapshot = { ...readSnapshot() }
  const failures: string[] = []
  let [signals, unproved, argued] = [0, 0, 0]
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, n) => total + n, 0)
  const { statements, gadgets } = circuitNames(o.long)
  const isAsked = (name: string): boolean => o.only === undefined || o.only === name
  for (const name of [...statements, ...gadgets].filter(isAsked)) {
    const entry = await entryOf(name)
    if (update) snapshot[name] = entry
    failures.push(...judge(name, entry, snapshot[name]))
    o.log(
      `${name}: ${entry.signals} signals, ${sum(entry.argued)} by argument, ${sum(entry.unproved)} unproved`,
    )
    signals += entry.signals
    unproved += sum(entry.unproved)
    argued += sum(entry.argued)
  }
  for (const theorem of THEOREMS) {
    if (!statements.includes(theorem.statement) || !isAsked(theorem.statement)) continue
    const open = proveTheorem(theorem)
    o.log(`${theorem.statement}: ${theorem.title}: ${open.length === 0 ? 'proved' : 'not proved'}`)
    if (open.length > 0)
      failures.push(`${theorem.statement}: ${theorem.title}: ${open.join(', ')} may differ`)
  }
  if (update) writeFileSync(SNAPSHOT, `${JSON.stringify(snapshot, undefined, 2)}\n`)
  return { failures, signals, unproved, argued }
}
