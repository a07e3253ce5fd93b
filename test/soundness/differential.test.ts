import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { compareOnce } from './differential.js'
import { malleate, signatureOutcome } from './signatures.js'

const REGRESSIONS = JSON.parse(
  readFileSync(new URL('differential.regressions.json', import.meta.url), 'utf8'),
) as Record<'policy-s' | 'policy-m', number[]>

describe('soundness/differential', () => {
  for (const [profile, runs] of [
    ['policy-s', 120],
    ['policy-m', 50],
  ] as const) {
    it(`${profile}: the evaluator says what an interpreter of the compiled program says, on ${runs} wallets`, () => {
      let satisfied = 0
      for (const seed of [...REGRESSIONS[profile], ...Array.from({ length: runs }, (_, i) => 50_000 + i)]) {
        const outcome = compareOnce(seed, profile)
        assert.equal(outcome.problem, undefined)
        if (outcome.satisfied) satisfied++
      }
      assert.ok(satisfied > 0.3 * runs && satisfied < 0.9 * runs)
    })
  }

  it('signatures: library and circuit accept the same of 8 signatures and every kind of malleation (soundness 16)', async () => {
    for (let seed = 0; seed < 8; seed++) {
      for (const kind of malleate) assert.equal(await signatureOutcome(seed, kind), undefined)
    }
  })
})
