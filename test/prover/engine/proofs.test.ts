import assert from 'node:assert/strict'
import { randomCircuit, SHAPES } from './random-circuit.js'
import { circuitsOfRound, createProofSweep, type ProofSweep } from './random-proofs.js'

// `npm run check:proofs -- --long` makes 10,000.
const ROUNDS = 2
const WITNESSES = 10
const LARGE = [11, 13]

describe('prover: proofs of random circuits verify under snarkjs and here', () => {
  let sweep: ProofSweep
  before(async () => {
    sweep = await createProofSweep()
  })
  after(() => sweep.dispose())

  for (let round = 0; round < ROUNDS; round++) {
    it(`round ${round}: domains of 2^1 to 2^10 rows with ${WITNESSES} witnesses each`, async () => {
      const before = sweep.proofs
      for (const [i, circuit] of circuitsOfRound(round).entries()) {
        await sweep.prove(circuit, { seed: i + round, witnesses: WITNESSES })
      }
      assert.deepEqual(sweep.failures, [])
      assert.equal(sweep.proofs - before, 10 * WITNESSES)
    })
  }

  it(`larger domains: 2 to the ${LARGE.join(' and ')}`, async () => {
    for (const [i, logSize] of LARGE.entries()) {
      const shape = SHAPES[(3 * i) % SHAPES.length]!
      const circuit = randomCircuit({ seed: logSize, logSize, publicSignals: i, privates: 5, shape })
      await sweep.prove(circuit, { seed: i, witnesses: 2 })
    }
    assert.deepEqual(sweep.failures, [])
  })

  it('refuses the proof of a false witness, so that the test can fail', async () => {
    assert.deepEqual(await sweep.proveFalsehood(), [false, false])
  })
})
