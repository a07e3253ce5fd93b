import assert from 'node:assert/strict'
import { hasForeign, SEMAPHORE } from '../support/foreign.js'

/** Each example is a module that runs when it is loaded and exports what came of it. */
describe('examples', () => {
  const { log } = console
  before(() => {
    console.log = () => {}
  })
  after(() => {
    console.log = log
  })

  it('communities: state, county and municipality in one policy; a municipality of another county does not count', async () => {
    const { vote, changed, moved } = await import('../../examples/communities/index.js')
    assert.ok(vote.valid)
    assert.ok(vote.nullifier > 0n)
    assert.deepEqual(vote.revealed, {})
    assert.ok(!changed.valid && changed.reason.startsWith('publicSignals.message'))
    assert.equal(moved.satisfied, false)
  })

  it('provenance: an envelope holds for the file that was hashed, and for no other', async () => {
    const { genuine, altered } = await import('../../examples/provenance/index.js')
    assert.ok(genuine.valid)
    assert.deepEqual(genuine.revealed, { 'press.agency': 'Lakeshore Press' })
    assert.ok(!altered.valid && altered.reason.startsWith('publicSignals.'))
  })

  it('maci: a resident signs up a key once', async () => {
    const { event, again, signedUp } = await import('../../examples/maci/index.js')
    const { _stateIndex, _userPubKeyX, _userPubKeyY } = event!.args as unknown as Record<string, bigint>
    assert.deepEqual([_stateIndex, _userPubKeyX, _userPubKeyY], [1n, signedUp.x, signedUp.y])
    assert.equal(again, 'refused')
  })

  it("semaphore: their contract accepts our prover's proof; skipped unless `npm run foreign-keys` has fetched the keys", async function () {
    if (!hasForeign(SEMAPHORE)) this.skip()
    const { verified, receipt } = await import('../../examples/semaphore/index.js')
    assert.equal(verified, true)
    assert.equal(receipt.status, 'success')
  })
})
