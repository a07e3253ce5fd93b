import assert from 'node:assert/strict'
import { parsePolicy } from '../../src/policy/index.js'
import { randomCase } from '../support/random-policy.js'
import { comparePolicies } from './differential.js'
import { REGRESSIONS } from './regressions.js'
import { shrinkCase } from './shrink.js'
import { MALLEATIONS, signatureProblem } from './signatures.js'
import { type WitnessStatement, witnessOutcome } from './witnesses.js'

describe('soundness/differential', () => {
  for (const [profile, wallets] of [
    ['policy-s', 20],
    ['policy-m', 15],
    ['policy-l', 12],
  ] as const) {
    it(`${profile}: the evaluator says what an interpreter of the compiled program says, on ${wallets} wallets`, () => {
      let [satisfied, policies] = [0, 0]
      for (let seed = 50_000; seed < 50_000 + wallets; seed++) {
        for (const outcome of comparePolicies(randomCase(seed, profile), 24)) {
          assert.equal(outcome.problem, undefined, `seed ${seed}, variant ${outcome.variant}`)
          policies++
          if (outcome.satisfied) satisfied++
        }
      }
      assert.ok(policies > 3 * wallets, `${policies} policies`)
      assert.ok(satisfied > 0.25 * policies && satisfied < 0.9 * policies, `${satisfied} of ${policies}`)
    })
  }

  it('what once failed does not fail again', async () => {
    for (const [profile, seeds] of Object.entries(REGRESSIONS.policies)) {
      for (const seed of seeds) {
        const made = randomCase(seed, profile as keyof typeof REGRESSIONS.policies)
        const failed = comparePolicies(made, 50).filter(({ problem }) => problem !== undefined)
        assert.deepEqual(failed, [], `${profile}, seed ${seed}`)
      }
    }
    for (const [statement, seeds] of Object.entries(REGRESSIONS.wallets)) {
      for (const seed of seeds) {
        const { problem } = await witnessOutcome(seed, statement as WitnessStatement)
        assert.equal(problem, undefined, `${statement}, seed ${seed}`)
      }
    }
    for (const seed of REGRESSIONS.signatures) assert.equal(await signatureProblem(seed), undefined)
  })

  it('a case that fails is shrunk to what it fails for', async () => {
    // Planted: whatever asks a claim fails.
    const made = randomCase(3, 'policy-m')
    const has = ({ json }: typeof made): boolean => JSON.stringify(json.require).includes('"claim"')
    assert.ok(has(made))
    const { json, policy, fill } = await shrinkCase(made, has)
    assert.equal(parsePolicy(json).canonical, policy.canonical)
    assert.equal(fill.length, 0)
    assert.ok(JSON.stringify(json.require).length < 90, JSON.stringify(json.require))
    assert.ok(Object.keys(json.sbts).length <= 2)
  })

  it('signatures: library and circuit accept the same of 8 signatures and every kind of malleation (soundness 16)', async () => {
    assert.ok(MALLEATIONS.length > 15)
    for (let seed = 0; seed < 8; seed++) assert.equal(await signatureProblem(seed), undefined)
  })
})
