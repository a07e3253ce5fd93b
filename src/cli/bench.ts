import { availableParallelism } from 'node:os'
import type { Command } from 'commander'
import { Group, Registry } from '../merkle/index.js'
import { parsePolicy } from '../policy/index.js'
import { createProver, type ProveOptions, type Prover, type ProvingPhase } from '../prover/index.js'
import { createIssuer, defineSchema, type HeldSbt, type Issuer, issueSbt } from '../sbt/index.js'
import type { ClaimValue } from '../sbt/schema.js'
import { blindHolder, createSoul, type Soul } from '../soul/index.js'
import { MANIFEST } from '../statements/manifest.js'
import { createVerifier, type Verifier, type VerifyOptions } from '../verifier/index.js'
import { warnOfDevelopmentKey } from './development-key.js'
import { UsageError } from './errors.js'
import { emitJson, PUBLIC_MODE, say } from './io.js'
import { collect, readInteger } from './options.js'
import { type Progress, withProgress } from './progress.js'

interface BenchOptions {
  readonly statement: readonly string[]
  readonly runs: string
  readonly engine?: string
  readonly threads?: string
  readonly out?: string
  readonly force?: boolean
}

/** Adds `soulproof bench`. */
export function addBenchCommand(program: Command): void {
  program
    .command('bench')
    .description('time witness, proof and verification of statements on this machine')
    .option(
      '--statement <name>',
      `${Object.keys(CASES).join(', ')}; may be given several times; default all`,
      collect,
      [],
    )
    .option('--runs <number>', 'runs after one to warm up; the median counts', '3')
    .option('--engine <name>', 'proving engine')
    .option('--threads <number>', '1 for a single thread')
    .option('--out <file>', 'write the JSON here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof bench --statement policy-s --runs 5')
    .action(bench)
}

/** Milliseconds of one run, by phase. */
interface Timing {
  readonly witness: number
  readonly proof: number
  readonly verify: number
}

async function bench(options: BenchOptions): Promise<void> {
  const { engine, threads, statement: wanted } = options
  const runs = readInteger(options.runs, '--runs')
  if (runs < 1 || runs > 1000) throw new UsageError('--runs must be from 1 to 1000')
  const names = wanted.length > 0 ? wanted : Object.keys(CASES)
  for (const name of names) {
    if (!Object.hasOwn(CASES, name)) {
      throw new UsageError(`--statement must be one of ${Object.keys(CASES).join(', ')}`)
    }
  }
  const prover = await createProver({
    ...(engine !== undefined && { engine }),
    ...(threads !== undefined && { threads: readInteger(threads, '--threads') }),
  })
  try {
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const results = await withProgress('bench', async (progress) => {
      const rows = []
      for (const [i, name] of names.entries()) {
        rows.push(
          await measure({
            name,
            runs,
            prover,
            verifier,
            progress,
            span: [i / names.length, (i + 1) / names.length],
          }),
        )
      }
      return rows
    })
    for (const name of names) warnOfDevelopmentKey(name)
    sayTable(results)
    const machine = {
      node: process.version,
      platform: process.platform,
      arch: process.arch,
      cpus: availableParallelism(),
    }
    await emitJson(
      { machine, engine: prover.engine, runs, unit: 'ms, median', results },
      { ...options, mode: PUBLIC_MODE },
    )
  } finally {
    await prover.dispose()
  }
}

async function measure(o: {
  name: string
  runs: number
  prover: Prover
  verifier: Verifier
  progress: Progress
  /** Where the bar stands before and after. */
  span: readonly [number, number]
}): Promise<Record<string, string | number>> {
  const { name, runs, prover, verifier, progress, span } = o
  const { prove, verify } = CASES[name]!()
  const timings: Timing[] = []
  for (let run = 0; run <= runs; run++) {
    progress.report(`${name} ${run}/${runs}`, span[0] + ((span[1] - span[0]) * run) / (runs + 1))
    const startOf = new Map<ProvingPhase, number>()
    const envelope = await prover.prove({
      ...prove,
      onProgress: (phase) => startOf.set(phase, performance.now()),
    })
    const proved = performance.now()
    const result = await verifier.verify({ ...verify, envelope } as VerifyOptions)
    if (!result.valid) throw new Error('a proof of the bench does not verify')
    const verified = performance.now()
    // The first run also loads and compiles artifacts.
    if (run === 0) continue
    timings.push({
      witness: startOf.get('proof')! - startOf.get('witness')!,
      proof: proved - startOf.get('proof')!,
      verify: verified - proved,
    })
  }
  const { constraints, artifacts } = MANIFEST.statements[name]!
  return {
    statement: name,
    constraints,
    witness: median(timings.map(({ witness }) => witness)),
    proof: median(timings.map(({ proof }) => proof)),
    verify: median(timings.map(({ verify: time }) => time)),
    residentMiB: process.memoryUsage().rss >> 20,
    provingKeyBytes: artifacts[`${name}.zkey`]!.bytes,
    witnessGeneratorBytes: artifacts[`${name}.wasm`]!.bytes,
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const value = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return Math.round(value * 10) / 10
}

function sayTable(rows: readonly Readonly<Record<string, string | number>>[]): void {
  const columns = ['statement', 'constraints', 'witness', 'proof', 'verify', 'residentMiB']
  const cells = [columns, ...rows.map((row) => columns.map((column) => `${row[column]}`))]
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)))
  for (const line of cells) {
    say(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
  }
}

/** What is proved and what the verifier expects, without the envelope. */
interface Case {
  readonly prove: ProveOptions
  readonly verify: object
}

const NOW = 1_763_700_000n
const CONTEXT = { scope: 'bench', message: 'bench' } as const

const CASES: Readonly<Record<string, () => Case>> = {
  membership() {
    const soul = createSoul()
    const group = new Group([...Array.from({ length: 100 }, (_, i) => BigInt(i + 1)), soul.commitment])
    return {
      prove: { ...CONTEXT, statement: 'membership', soul, group },
      verify: { ...CONTEXT, statement: 'membership', roots: [group.root] },
    }
  },
  'policy-s': () => policyCase(1),
  'policy-m': () => policyCase(4),
  'policy-l': () => policyCase(8),
}

/** A policy over `count` SBTs of one issuer, each signed and with its status shown. */
function policyCase(count: number): Case {
  const soul = createSoul()
  const issuer = createIssuer()
  const status = new Registry({ kind: 'status' })
  const schema = defineSchema({ name: 'citizenship/1', claims: { country: 'string', birthDate: 'date' } })
  const slots = Array.from({ length: count }, (_, i) => `slot${i}`)
  const sbts = slots.map((_, statusId) =>
    holdSigned({ soul, issuer, status, statusId, schema, claims: { country: 'CA', birthDate: 0n } }),
  )
  const policy = parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': schema.claims },
    sbts: Object.fromEntries(slots.map((slot) => [slot, { issuers: [issuer.id], schema: 'citizenship/1' }])),
    require: {
      all: slots.flatMap((slot) => [
        { claim: `${slot}.country`, eq: 'CA' },
        { claim: `${slot}.birthDate`, lte: { now: -568_025_136 } },
      ]),
    },
    reveal: [`${slots[0]}.country`],
  })
  const roots = { issuers: { [issuer.id]: { status: status.root } } }
  return {
    prove: { ...CONTEXT, policy, soul, sbts, roots, now: NOW },
    verify: { ...CONTEXT, policy, roots: [roots], now: NOW },
  }
}

function holdSigned(o: {
  soul: Soul
  issuer: Issuer
  status: Registry
  statusId: number
  schema: ReturnType<typeof defineSchema>
  claims: Record<string, ClaimValue>
}): HeldSbt {
  const { soul, issuer, status, statusId, schema, claims } = o
  const { holder, salt } = blindHolder({ soul })
  const { sbt, signature } = issueSbt({ issuer, schema, holder, claims, issuedAt: NOW - 1000n, statusId })
  return { sbt, salt, anchor: { signature: signature!, status: status.proof(statusId) } }
}
