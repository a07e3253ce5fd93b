import { Group } from 'soulproof/merkle'
import { parsePolicy } from 'soulproof/policy'
import type { ProveOptions, ProvingPhase } from 'soulproof/prover'
import { issueSbt } from 'soulproof/sbt'
import { blindHolder, createSoul } from 'soulproof/soul'
import type { VerifyOptions } from 'soulproof/verifier'
import { issuerOf, publishedRoots, schemaOf, statusTree } from './offices.js'
import { ARTIFACTS, artifactBytes, freshMessage, openVerifier } from './proving.js'
import { clock } from './wallet.js'

/** What is measured, smallest first. */
export const STATEMENTS = ['membership', 'policy-s', 'policy-m', 'policy-l'] as const
export type Statement = (typeof STATEMENTS)[number]

/** Engines that can be measured here: the comparison is not part of what is published. */
export const ENGINES: readonly string[] = import.meta.env.DEV ? ['soulproof', 'snarkjs'] : ['soulproof']

/** Phases in the order in which they come. */
export const PHASES = ['artifacts', 'prepare', 'witness', 'proof', 'verify'] as const
export type Phase = (typeof PHASES)[number]

/** One proof, measured; milliseconds by the clock. */
export interface Run {
  readonly engine: string
  readonly threads: number
  readonly statement: Statement
  /** 0 is the first of its kind, with all that is loaded and set up. */
  readonly run: number
  readonly phases: Readonly<Record<Phase, number>>
  /** Artifacts that were fetched for it. */
  readonly bytes: number
}

/** What is downloaded and compared. */
export interface Report {
  readonly version: 1
  readonly at: string
  readonly userAgent: string
  readonly cores: number
  /** Whether threads could share memory. */
  readonly isolated: boolean
  readonly arithmetic: string
  readonly runs: readonly Run[]
}

/** SBTs that each policy statement is proved with. */
const SBTS: Readonly<Record<Exclude<Statement, 'membership'>, number>> = {
  'policy-s': 1,
  'policy-m': 4,
  'policy-l': 8,
}

/** Makes a wallet that satisfies a statement, and what its verifier expects. */
function caseOf(statement: Statement): { prove: ProveOptions; expect: Omit<VerifyOptions, 'envelope'> } {
  const soul = createSoul()
  const context = { scope: 'benchmark', message: freshMessage() }
  if (statement === 'membership') {
    const group = new Group([...Array.from({ length: 100 }, (_, i) => BigInt(i + 1)), soul.commitment])
    return {
      prove: { ...context, statement, soul, group },
      expect: { ...context, statement, roots: [group.root] } as Omit<VerifyOptions, 'envelope'>,
    }
  }
  const now = clock()
  const [issuer, schema, status] = [issuerOf('agora'), schemaOf('account'), statusTree('agora', {})]
  const numbers = Array.from({ length: SBTS[statement] }, (_, i) => i + 1)
  const sbts = numbers.map((statusId) => {
    const { holder, salt } = blindHolder({ soul })
    const claims = { handle: `@${statusId}`, followers: BigInt(statusId) }
    const { sbt, signature } = issueSbt({ issuer, schema, holder, claims, issuedAt: now - 60n, statusId })
    if (signature === undefined) throw new Error('an issuer with a key signs')
    return { sbt, salt, anchor: { signature, status: status.proof(statusId) } }
  })
  const slot = { issuers: [issuer.id], schema: schema.name, anchor: 'signed' }
  const policy = parsePolicy({
    version: 1,
    schemas: { [schema.name]: schema.claims },
    sbts: Object.fromEntries(numbers.map((n) => [`s${n}`, slot])),
    require: { all: numbers.map((n) => ({ claim: `s${n}.followers`, gte: 1 })) },
  })
  const roots = publishedRoots({}, ['agora'])
  return {
    prove: { ...context, policy, roots, now, soul, sbts },
    expect: { ...context, policy, roots: [roots], now } as Omit<VerifyOptions, 'envelope'>,
  }
}

/** What to measure. */
export interface Plan {
  readonly statements: readonly Statement[]
  readonly threads: readonly number[]
  readonly engines: readonly string[]
  /** Warm runs after the first. */
  readonly runs: number
}

/**
 * Runs a plan; each proof is verified, or the measurement fails.
 *
 * @param o.onRun  hears of each proof, and of how many there will be
 * @throws the signal's reason when it is aborted
 */
export async function measure(
  o: Plan & { signal: AbortSignal; onRun(run: Run, done: number, of: number): void },
): Promise<{ runs: readonly Run[]; arithmetic: string }> {
  const { createProver } = await import('soulproof/prover')
  const verifier = await openVerifier()
  const runs: Run[] = []
  const of = o.statements.length * o.threads.length * o.engines.length * (o.runs + 1)
  let arithmetic = ''
  for (const statement of o.statements) {
    const { prove, expect } = caseOf(statement)
    for (const engine of o.engines) {
      for (const threads of o.threads) {
        const prover = await createProver({ engine, threads, artifacts: ARTIFACTS })
        try {
          arithmetic ||= prover.arithmetic ?? ''
          for (let run = 0; run <= o.runs; run++) {
            o.signal.throwIfAborted()
            const at: Partial<Record<ProvingPhase, number>> = {}
            const start = performance.now()
            const envelope = await prover.prove({
              ...prove,
              signal: o.signal,
              onProgress: (phase) => {
                at[phase] ??= performance.now()
              },
            })
            const end = performance.now()
            const { artifacts = start, witness = start, proof = start } = at
            const result = await verifier.verify({ ...expect, envelope } as VerifyOptions)
            if (!result.valid) throw new Error(`a proof is refused: ${result.reason}`)
            const verify = performance.now() - end
            runs.push({
              ...{ engine, threads, statement, run, bytes: artifactBytes(start) },
              phases: {
                ...{ prepare: artifacts - start, artifacts: witness - artifacts },
                ...{ witness: proof - witness, proof: end - proof, verify },
              },
            })
            o.onRun(runs.at(-1) as Run, runs.length, of)
          }
        } finally {
          await prover.dispose()
        }
      }
    }
  }
  return { runs, arithmetic }
}

/** One bar's part: the median of the warm runs. */
export interface Median {
  readonly source: string
  readonly engine: string
  readonly threads: number
  readonly statement: Statement
  readonly phase: Phase
  readonly milliseconds: number
}

/** Medians of warm runs by what was measured; of the first run where there is no other. */
export function medians(source: string, runs: readonly Run[]): readonly Median[] {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const key = `${run.statement} ${run.engine} ${run.threads}`
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  return [...groups.values()].flatMap((group) => {
    const [{ engine, threads, statement }] = group as [Run]
    const warm = group.filter(({ run }) => run > 0)
    const counted = warm.length > 0 ? warm : group
    return PHASES.filter((phase) => phase !== 'artifacts').map((phase) => ({
      ...{ source, engine, threads, statement, phase },
      milliseconds: median(counted.map(({ phases }) => phases[phase])),
    }))
  })
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) / 2
  return ((sorted[Math.floor(at)] ?? 0) + (sorted[Math.ceil(at)] ?? 0)) / 2
}

/** Reads a report from JSON. @throws {RangeError} if it is none */
export function readReport(text: string): Report {
  const isRun = (run: Run) =>
    STATEMENTS.includes(run.statement) &&
    typeof run.engine === 'string' &&
    [run.threads, run.run, ...PHASES.map((phase) => run.phases[phase])].every(
      (value) => Number.isFinite(value) && value >= 0,
    )
  try {
    const report = JSON.parse(text) as Report
    if (report.version === 1 && Array.isArray(report.runs) && report.runs.every(isRun)) return report
  } catch {
    // Said below.
  }
  throw new RangeError('This file is no report of this page.')
}
