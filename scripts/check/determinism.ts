/**
 * `npm run check:determinism`: proves statements and gadgets signal by signal and compares with the snapshot, which
 * `UPDATE_SNAPSHOTS=1` rewrites. Short: the small statements and the gadgets; `-- --long`: all statements;
 * `-- --long --only policy-l`: one circuit.
 */
import { checkDeterminism } from '../../test/soundness/snapshot.js'

const long = process.argv.includes('--long')
const at = process.argv.indexOf('--only')
const { failures, signals, unproved, argued } = await checkDeterminism({
  long,
  only: at < 0 ? undefined : process.argv[at + 1],
  log: (line) => console.log(line),
})
for (const failure of failures) console.error(failure)
const share = ((100 * unproved) / signals).toFixed(2)
console.log(
  `${failures.length} failures; ${signals} signals, ${argued} by argument, ${unproved} unproved (${share} %)`,
)
process.exitCode = failures.length > 0 ? 1 : 0
