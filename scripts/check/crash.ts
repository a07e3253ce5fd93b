/**
 * `npm run check:crash`: kills a writer of a ledger on disk at random moments, and checks each time that nothing acknowledged is
 * lost. Short: 100 points; `-- --long`: 1,000.
 */
import { loadavg } from 'node:os'
import { type CrashReport, crashPoints } from '../../test/ledger/crash.js'
import { removeFolders } from '../../test/ledger/store-support.js'

const count = process.argv.includes('--long') ? 1000 : 100
const start = performance.now()
const describeReport = ({ points, midAppend, midApply, entries, roots }: CrashReport): string =>
  [
    `${points} crash points`,
    `${midAppend} with entries on the disk that were not acknowledged yet`,
    `${midApply} between a root and its announcement`,
    `queues of up to ${entries.toLocaleString('en')} entries`,
    `${roots.toLocaleString('en')} roots compared`,
  ].join('; ')
try {
  const report = await crashPoints({
    ...{ count, seed: 777n },
    onPoint: (seen) => {
      if (seen.points % 50 === 0) console.log(describeReport(seen))
    },
  })
  console.log(`nothing lost: ${describeReport(report)}`)
  const minutes = ((performance.now() - start) / 60_000).toFixed(1)
  console.log(`${minutes} minutes, load ${loadavg()[0]!.toFixed(1)}`)
} finally {
  removeFolders()
}
