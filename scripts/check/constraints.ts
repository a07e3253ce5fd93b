/**
 * `npm run check:constraints`: drops each constraint of the statements, one at a time, and asks the determinism checker.
 * Short: a sample; `-- --long`: all. `-- --shard 2/8` takes a part, `-- --statement policy-s` one statement.
 */
import { dropConstraints } from '../../test/soundness/constraints.js'
import { statementsOf } from '../../test/soundness/report.js'

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
const long = process.argv.includes('--long')
const [shard, shards] = (option('shard') ?? '1/1').split('/').map(Number) as [number, number]
const only = option('statement')
let [dropped, killed] = [0, 0]
const survivors: string[] = []
for (const name of statementsOf(long || only !== undefined)) {
  if (only !== undefined && only !== name) continue
  const sample = Number(option('sample') ?? (long ? 0 : 150))
  const result = await dropConstraints({ name, shard: shard - 1, shards, sample })
  const counts = Object.entries(result.killedBy).map(([by, n]) => `${n} by ${by}`)
  console.log(`${name}: ${result.dropped} dropped: ${counts.join(', ')}; ${result.survivors.length} survive`)
  dropped += result.dropped
  killed += result.dropped - result.survivors.length
  survivors.push(...result.survivors.map((text) => `${name}: ${text}`))
}
for (const text of survivors) console.error(text)
console.log(`${killed} of ${dropped} mutants killed (${((100 * killed) / dropped).toFixed(2)} %)`)
process.exitCode = survivors.length > 0 ? 1 : 0
