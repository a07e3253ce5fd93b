import assert from 'node:assert/strict'
import { crashPoints } from './crash.js'
import { removeFolders } from './store-support.js'

/** `npm run check:crash -- --long` has 1,000. */
const CRASHES = 20

describe('a ledger on disk whose writer is killed', () => {
  after(removeFolders)

  it(`loses no acknowledged entry, and has no root that its queue does not explain: ${CRASHES} crash points or more`, async function () {
    this.timeout(600_000)
    let [midAppend, midApply, roots, entries] = [0, 0, 0, 0]
    // On until the points were not all idle ones: where they fall is the scheduler's.
    for (let round = 0n; round < 6n && (midAppend === 0 || midApply === 0); round++) {
      const report = await crashPoints({ count: CRASHES, seed: 4242n + round })
      midAppend += report.midAppend
      midApply += report.midApply
      roots += report.roots
      entries = Math.max(entries, report.entries)
    }
    assert.ok(
      midAppend > 0 && midApply > 0 && roots > CRASHES && entries > 1000,
      `${[midAppend, midApply, roots, entries]}`,
    )
  })
})
