/**
 * `npm run check:differential`: random wallets with witnesses, random policies against an interpreter of compiled programs, random
 * signatures with every malleation. Short: 1 % of each; `-- --long`: 10^4 wallets, 10^5 policies, 10^4 signatures.
 * `-- --part wallets` (or `policies`, `signatures`) runs one, `-- --seed 7` starts elsewhere, `-- --shard 2/3` runs a third.
 * A failure is shrunk, printed and stored in `test/soundness/differential.regressions.json`.
 */
import { comparePolicies } from '../../test/soundness/differential.js'
import { storeRegression } from '../../test/soundness/regressions.js'
import { shrinkCase } from '../../test/soundness/shrink.js'
import { MALLEATIONS, signatureProblem } from '../../test/soundness/signatures.js'
import {
  policyCase,
  policyOutcome,
  type WitnessStatement,
  witnessOutcome,
} from '../../test/soundness/witnesses.js'
import { randomCase } from '../../test/support/random-policy.js'
import { inProcesses, type Shard, shardOf } from '../lib/processes.js'

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const first = Number(option('seed') ?? 1_000_000)
const share = Number(option('share') ?? (process.argv.includes('--long') ? 1 : 0.01))
const isAsked = (part: string): boolean => (option('part') ?? part) === part

/** Wallets by statement. */
const WALLETS: Readonly<Record<WitnessStatement, number>> = {
  membership: 3000,
  'policy-s': 5000,
  'policy-m': 1400,
  'policy-m-timed': 300,
  'policy-l': 300,
}
/** Policies by profile; each wallet serves for many. */
const POLICIES = { 'policy-s': 45_000, 'policy-m': 45_000, 'policy-l': 10_000 } as const
const VARIANTS = 120
const SIGNATURES = 10_000

const started = process.cpuUsage()
const seconds = (): string => {
  const { user, system } = process.cpuUsage(started)
  return `${((user + system) / 1e6).toFixed(0)} s of processor time`
}

async function run({ index, count: shards }: Shard) {
  let problems = 0
  const report = (title: string, problem: string, smallest?: string): void => {
    problems++
    console.error(`${title}: ${problem}`)
    if (smallest !== undefined) console.error(`  smallest: ${smallest}`)
  }
  /** Seeds of this shard. */
  function* seeds(count: number): Generator<number> {
    for (let seed = first + index; seed < first + count; seed += shards) yield seed
  }

  let [wallets, walletsSatisfied, policies, satisfied, signatures] = [0, 0, 0, 0, 0]

  if (isAsked('wallets')) {
    for (const [statement, count] of Object.entries(WALLETS) as [WitnessStatement, number][]) {
      for (const seed of seeds(Math.ceil(count * share))) {
        const outcome = await witnessOutcome(seed, statement)
        wallets++
        if (outcome.satisfied) walletsSatisfied++
        if (outcome.problem === undefined) continue
        storeRegression('wallets', statement, seed)
        const isWrong = async (made: ReturnType<typeof policyCase>): Promise<boolean> =>
          (await policyOutcome(made, seed)).problem !== undefined
        const smallest =
          statement === 'membership' ? undefined : await shrinkCase(policyCase(seed, statement), isWrong)
        report(`${statement}, seed ${seed}`, outcome.problem, smallest?.policy.canonical)
      }
      console.log(`${statement}: wallets done, ${seconds()}`)
    }
  }
  if (isAsked('policies')) {
    for (const [profile, count] of Object.entries(POLICIES) as [keyof typeof POLICIES, number][]) {
      let done = 0
      for (const seed of seeds(Number.POSITIVE_INFINITY)) {
        if (done >= (count * share) / shards) break
        const made = randomCase(seed, profile)
        for (const { variant, satisfied: isSatisfied, problem } of comparePolicies(made, VARIANTS)) {
          done++
          if (isSatisfied) satisfied++
          if (problem === undefined) continue
          storeRegression('policies', profile, seed)
          const own = { ...made, ...made.vary(variant) }
          const isWrong = (one: typeof made): boolean => comparePolicies(one)[0]?.problem !== undefined
          const smallest = await shrinkCase(variant === 0 ? made : own, isWrong)
          report(`${profile}, seed ${seed}, variant ${variant}`, problem, smallest.policy.canonical)
        }
      }
      policies += done
      console.log(`${profile}: ${done} policies, ${seconds()}`)
    }
  }
  if (isAsked('signatures')) {
    for (const seed of seeds(SIGNATURES * share)) {
      const problem = await signatureProblem(seed)
      signatures++
      if (problem === undefined) continue
      storeRegression('signatures', undefined, seed)
      report('signatures', problem)
    }
    console.log(`${signatures} signatures, ${MALLEATIONS.length} ways each, ${seconds()}`)
  }
  return { problems, wallets, walletsSatisfied, policies, satisfied, signatures }
}

const processes = process.argv.includes('--long') ? undefined : 1
const { problems, wallets, walletsSatisfied, policies, satisfied, signatures } = await inProcesses({
  whole: shardOf(option('shard')),
  ...(processes && { processes }),
  run,
})
console.log(
  `${problems} problems: ${wallets} wallets (${walletsSatisfied} satisfy), ${policies} policies (${satisfied} satisfied), ${signatures} signatures`,
)
process.exitCode = problems > 0 ? 1 : 0
