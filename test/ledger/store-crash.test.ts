import assert from 'node:assert/strict'
import { crashPoints } from './crash.js'
import { removeFolders } from './store-support.js'

/** `npm run check:crash -- --long` has 1,000. */
const CRASHES = 20

describe('a ledger on disk whose writer is killed', () => {
  after(removeFolders)

  it(`loses no acknowledged entry, and has no root that its queue does not explain: ${CRASHES} crash points`, async function () {
    this.timeout(600_000)
    const { midAppend, midApply, roots, entries } = await crashPoints({ count: CRASHES, seed: 4242n })
    // The points were not all idle ones.
    assert.ok(
      midAppend > 0 && midApply > 0 && roots > CRASHES && entries > 1000,
      `${[midAppend, midApply, roots, entries]}`,
    )
  })
})
