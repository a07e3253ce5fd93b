/**
 * `npm run check:mutation`: mutates every signal of valid witnesses. Short: the small statements and the gadgets;
 * `-- --long`: all statements, and more of what follows; `-- --long --only policy-l`: one circuit.
 */
import { IDLE, mutateGadget, mutateStatement, SHORT } from '../../test/soundness/check-mutation.js'
import type { MutationResult } from '../../test/soundness/mutation.js'
import { gadgetsOf, statementsOf } from '../../test/soundness/report.js'

const long = process.argv.includes('--long')
const at = process.argv.indexOf('--only')
const isAsked = (name: string): boolean => at < 0 || process.argv[at + 1] === name
let [signals, mutated, followed, bad] = [0, 0, 0, 0]
const report = (name: string, result: MutationResult, idle: readonly string[]): void => {
  console.log(`${name}: ${result.signals} signals, ${result.followed} mutants with what follows`)
  for (const survivor of result.survivors) console.error(`${name}: survives: ${survivor}`)
  for (const input of idle) console.error(`${name}: nothing depends on ${input}`)
  signals += result.signals
  mutated += Math.min(result.mutated, result.signals)
  followed += result.followed
  bad += result.survivors.length + idle.length
}
for (const name of statementsOf(long).filter(isAsked)) {
  const result = await mutateStatement(name, long ? undefined : SHORT)
  report(
    name,
    result,
    result.idle.filter((input) => !(input in IDLE)),
  )
}
for (const name of gadgetsOf(long).filter(isAsked)) {
  report(name, await mutateGadget(name, long ? undefined : SHORT), [])
}
const share = ((100 * mutated) / signals).toFixed(0)
console.log(
  `${bad} survivors; ${share} % of ${signals} signals mutated to every value, ${followed} mutants followed`,
)
process.exitCode = bad > 0 ? 1 : 0
