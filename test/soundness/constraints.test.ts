import assert from 'node:assert/strict'
import { openStatement } from '../support/statement.js'
import { ARGUMENTS } from './arguments.js'
import { dropConstraints } from './constraints.js'
import { factsOf, givenOf, lostWithout, wireNames } from './determinism.js'
import { proveSystem } from './report.js'

describe('soundness/constraints', () => {
  it('what is lost without a constraint is what a whole new proof loses', () => {
    const system = openStatement('membership')
    const { r1cs, symbols } = system
    const options = {
      facts: factsOf(r1cs),
      inputs: givenOf(system),
      names: wireNames(symbols),
      arguments: ARGUMENTS,
    }
    const proof = proveSystem(system)
    const count = (unique: Uint8Array): number =>
      unique.subarray(0, r1cs.wires).reduce((sum, one) => sum + one, 0)
    const all = count(proof.unique)
    let kept = 0
    for (let i = 0; i < 8; i++) {
      const without = Math.floor(((i + 0.5) * r1cs.constraints) / 8)
      const lost = lostWithout({ ...options, without, proof, bits: new Set() })
      assert.equal(
        count(proveSystem(system, { without }).unique) < all,
        lost !== undefined,
        `constraint ${without}`,
      )
    }
    // (1 - claim) (1 - isVerifier) === 0 defines nothing.
    for (const without of [1]) {
      if (lostWithout({ ...options, without, proof, bits: new Set() }) === undefined) kept++
      assert.equal(count(proveSystem(system, { without }).unique), all)
    }
    assert.equal(kept, 1)
  })

  it('membership: each of a sample of constraints is missed when it is dropped', async () => {
    const { dropped, survivors } = await dropConstraints({ name: 'membership', sample: 120 })
    assert.equal(dropped, 120)
    assert.deepEqual(survivors, [])
  })
})
