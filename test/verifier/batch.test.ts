import assert from 'node:assert/strict'
import { Group } from '../../src/merkle/index.js'
import { createProver, type Envelope } from '../../src/prover/index.js'
import { type BatchOptions, createVerifier } from '../../src/verifier/index.js'
import { ALICE, BOB } from '../support/world.js'

const group = new Group([ALICE.commitment, BOB.commitment])
const expected = { statement: 'membership', scope: 'a', message: 'b', roots: [group.root] } as const

describe('verifier/batch', () => {
  let alice: Envelope
  let bob: Envelope
  let spoiled: Envelope
  before(async () => {
    const prover = await createProver()
    const context = { statement: 'membership', scope: 'a', message: 'b', group } as const
    alice = await prover.prove({ ...context, soul: ALICE })
    bob = await prover.prove({ ...context, soul: BOB })
    await prover.dispose()
    spoiled = { ...alice, proof: bob.proof }
  })
  const open = async (options: Omit<BatchOptions, 'onBatch'>) => {
    const batches: [number, number][] = []
    const verifier = await createVerifier({
      allowDevelopmentKeys: true,
      batch: { ...options, onBatch: ({ proofs, invalid }) => batches.push([proofs, invalid]) },
    })
    return { batches, verify: (envelope: unknown) => verifier.verify({ ...expected, envelope }) }
  }

  it('verifies the proofs of concurrent calls together, and each call has its own answer', async () => {
    const { batches, verify } = await open({ size: 16, wait: 5 })
    const envelopes = [alice, spoiled, bob, alice, { ...bob, publicSignals: [] }, spoiled]
    const results = await Promise.all(envelopes.map(verify))
    assert.deepEqual(
      results.map((result) => (result.valid ? result.nullifier.toString() : result.reason)),
      [
        alice.publicSignals[0],
        'proof: does not hold',
        bob.publicSignals[0],
        alice.publicSignals[0],
        // Found before any pairing: it is in no batch.
        'publicSignals: has another length',
        'proof: does not hold',
      ],
    )
    assert.deepEqual(batches, [[5, 2]])
  })

  it('a batch is no larger than its size, and one alone does not wait for ever', async () => {
    const { batches, verify } = await open({ size: 2, wait: 1000 })
    const startedAt = performance.now()
    const all = await Promise.all([alice, bob, alice, bob].map(verify))
    assert.ok(all.every(({ valid }) => valid))
    assert.ok(performance.now() - startedAt < 900)
    assert.deepEqual(batches, [
      [2, 0],
      [2, 0],
    ])
    const single = await open({ wait: 0 })
    assert.equal((await single.verify(alice)).valid, true)
    assert.deepEqual(single.batches, [[1, 0]])
  })

  it('development keys are refused by default with batches, too', async () => {
    const verifier = await createVerifier({ batch: {} })
    const result = await verifier.verify({ ...expected, envelope: alice })
    assert.ok(!result.valid && /development key/.test(result.reason))
  })

  it('are of groth16 alone', async () => {
    await assert.rejects(createVerifier({ batch: {}, proofSystem: 'plonk' }), {
      name: 'RangeError',
      message: /^batch must be left out/,
    })
  })

  it('an app that fails to count a batch does not make its proofs invalid, nor end the process', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): unknown => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const fail = (): void => {
      throw new Error('no counter')
    }
    for (const onBatch of [fail, async () => fail()]) {
      const verifier = await createVerifier({ allowDevelopmentKeys: true, batch: { onBatch } })
      const result = await verifier.verify({ ...expected, envelope: alice })
      assert.equal(result.valid, true)
    }
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    assert.deepEqual(unhandled, [])
  })

  it('names an option that is malformed', async () => {
    for (const [batch, message] of [
      [5, /^batch must be an object/],
      [{ size: 1 }, /^batch.size must be from 2 to 1024/],
      [{ size: '8' }, /^batch.size must be an integer/],
      [{ wait: -1 }, /^batch.wait must be from 0 to 1000/],
    ] as const) {
      await assert.rejects(createVerifier({ batch: batch as never }), { message })
    }
  })
})
