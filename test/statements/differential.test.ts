import assert from 'node:assert/strict'
import { type WitnessStatement, witnessOutcome } from '../soundness/witnesses.js'

const RUNS = {
  membership: 60,
  'policy-s': 400,
  'policy-m': 90,
  'policy-m-timed': 40,
  'policy-l': 48,
} as const
const CHANGES: Readonly<Record<WitnessStatement, readonly string[]>> = {
  membership: ['sibling', 'index', 'secret', 'root', 'nullifier', 'level', 'not a member'],
  'policy-s': ['claims', 'missing', 'issuer', 'soul', 'salt', 'expired', 'revoked'],
  // Those that take longest have fewer wallets.
  'policy-m': [],
  'policy-m-timed': [],
  'policy-l': [],
}

describe('differential: evaluator, library, circuit and an interpreter of the program agree on random wallets', () => {
  for (const [statement, runs] of Object.entries(RUNS) as [WitnessStatement, number][]) {
    it(`${runs} wallets of ${statement}, near misses or satisfying`, async () => {
      let satisfied = 0
      const failed = new Map<string, number>()
      for (let seed = 1; seed <= runs; seed++) {
        const outcome = await witnessOutcome(seed, statement)
        assert.equal(outcome.problem, undefined, `seed ${seed}`)
        if (outcome.satisfied) satisfied++
        else failed.set(outcome.change, (failed.get(outcome.change) ?? 0) + 1)
      }
      assert.ok(satisfied >= 0.4 * runs, `only ${satisfied} of ${runs} satisfy`)
      assert.ok(satisfied <= 0.8 * runs, `${satisfied} of ${runs} satisfy`)
      // Each kind of near miss made some wallet fail.
      for (const kind of CHANGES[statement])
        assert.ok((failed.get(kind) ?? 0) > 0, `no wallet failed for ${kind}`)
      assert.ok(failed.size > 1)
    })
  }
})
