import assert from 'node:assert/strict'
import fc from 'fast-check'
import { SortedHandles } from '../../src/ledger/sorted.js'

describe('ledger/sorted', () => {
  it('finds the greatest handle at or below, among any number of first positions, as a plain search does', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.bigInt({ min: 1n, max: 1n << 20n }), { maxLength: 1500 }),
        fc.array(fc.tuple(fc.bigInt({ min: 0n, max: 1n << 21n }), fc.nat(1500)), { maxLength: 30 }),
        fc.boolean(),
        (handles, questions, atOnce) => {
          const all = [0n, ...handles].map((handle, index) => ({ handle, index }))
          const sorted = atOnce ? SortedHandles.of(all) : new SortedHandles()
          if (!atOnce) for (const { handle, index } of all.slice(1)) sorted.insert(handle, index)
          for (const [handle, size] of questions) {
            const among = all.slice(0, 1 + size).filter((one) => one.handle <= handle)
            const expected = among.reduce((a, b) => (a.handle > b.handle ? a : b)).index
            assert.equal(sorted.floor(handle, 1 + size), expected)
            if (size >= handles.length) assert.equal(sorted.floor(handle), expected)
          }
        },
      ),
      { seed: 5, numRuns: 60 },
    )
  })
})
