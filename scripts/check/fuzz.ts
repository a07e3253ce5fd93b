/**
 * `npm run check:fuzz`: malformed input into every public entry point. Short: 200 inputs each; `-- --long`: 40,000 each, about
 * 10^6 in all. `-- --seed 7` starts elsewhere, `-- --target parsePolicy` takes one.
 */
import { fuzzOnce } from '../../test/soundness/fuzz.js'
import { withTargets } from '../../test/soundness/with-targets.js'

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const first = Number(option('seed') ?? 1)
const runs = Number(option('runs') ?? (process.argv.includes('--long') ? 40_000 : 200))
const SLOW = new Set(['prove', 'verifyGroth16', 'verifyGroth16Batch', 'verify', 'verify options'])

let [inputs, found] = [0, 0]
await withTargets(async (targets) => {
  for (const target of targets) {
    if (option('target') !== undefined && option('target') !== target.name) continue
    const count = SLOW.has(target.name) ? Math.ceil(runs / 20) : runs
    const problems = new Set<string>()
    for (let seed = first; seed < first + count; seed++) {
      const finding = await fuzzOnce(target, seed)
      inputs++
      if (finding === undefined || problems.has(finding.problem)) continue
      problems.add(finding.problem)
      console.error(`${target.name}, seed ${seed}, at ${finding.paths.join(' and ')}: ${finding.problem}`)
    }
    found += problems.size
    console.log(`${target.name}: ${count} inputs, ${problems.size} problems`)
  }
})
console.log(`${found} problems in ${inputs} inputs`)
process.exitCode = found > 0 ? 1 : 0
