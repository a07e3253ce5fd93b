/**
 * `npm run check:determinism`: proves statements and gadgets signal by signal and compares with the snapshot, which
 * `UPDATE_SNAPSHOTS=1` rewrites. Short: membership, policy-s and the gadgets; `-- --long`: policy-m too.
 */
import { checkDeterminism } from '../../test/soundness/snapshot.js'

const long = process.argv.includes('--long')
const { failures, signals, unproved, argued } = await checkDeterminism({
  long,
  log: (line) => console.log(line),
})
for (const failure of failures) console.error(failure)
const share = ((100 * unproved) / signals).toFixed(2)
console.log(
  `${failures.length} failures; ${signals} signals, ${argued} by argument, ${unproved} unproved (${share} %)`,
)
process.exitCode = failures.length > 0 ? 1 : 0
