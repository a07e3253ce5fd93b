/**
 * `npm run check:fuzz`: malformed input into every public entry point, verb of the command line, HTTP handler and file parser.
 * Short: 100 inputs each, fewer for slow ones; `-- --long`: about 10^6 in all. `-- --seed 7` starts elsewhere, `-- --shard 2/3` runs a
 * third, `-- --target parsePolicy` takes one. Ends with its figure and the greatest resident size.
 */
import { fuzzOnce } from '../../test/soundness/fuzz.js'
import { withTargets } from '../../test/soundness/with-targets.js'
import { inProcesses, type Shard, shardOf } from '../lib/processes.js'

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const first = Number(option('seed') ?? 1)
const runs = Number(option('runs') ?? (process.argv.includes('--long') ? 12_500 : 100))
/** Most that the process may hold in MiB: provers and keys are in it, too. */
const MOST_MEMORY = 2048

async function run({ index, count: shards }: Shard) {
  let [inputs, found] = [0, 0]
  await withTargets(async ({ targets }) => {
    for (const target of targets) {
      if (option('target') !== undefined && option('target') !== target.name) continue
      const count = Math.ceil(runs / Math.max(1, target.cost ?? 1))
      const problems = new Set<string>()
      const started = performance.now()
      let done = 0
      for (let seed = first + index; seed < first + count; seed += shards) {
        const finding = await fuzzOnce(target, seed)
        done++
        if (finding === undefined || problems.has(finding.problem)) continue
        problems.add(finding.problem)
        console.error(`${target.name}, seed ${seed}, at ${finding.paths.join(' and ')}: ${finding.problem}`)
      }
      inputs += done
      found += problems.size
      const each = ((performance.now() - started) / Math.max(1, done)).toFixed(2)
      console.log(`${target.name}: ${done} inputs, ${each} ms each, ${problems.size} problems`)
    }
  })
  const memory = Math.round(process.resourceUsage().maxRSS / 1024)
  if (memory > MOST_MEMORY) {
    found++
    console.error(`the process held ${memory} MiB`)
  }
  return { inputs, found, memory }
}

const processes = process.argv.includes('--long') ? undefined : 1
const { inputs, found, memory } = await inProcesses({
  whole: shardOf(option('shard')),
  ...(processes && { processes }),
  run,
})
console.log(`${found} problems in ${inputs} inputs, ${memory} MiB resident in all processes`)
process.exitCode = found > 0 ? 1 : 0
