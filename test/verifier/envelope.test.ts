import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { createVerifier } from '../../src/verifier/index.js'

const EXPECTED = { scope: 'test', message: 'test', statement: 'membership', roots: [5n] } as const

describe('a hostile envelope', () => {
  const refused = async (envelope: unknown): Promise<string> => {
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const result = await verifier.verify({ ...EXPECTED, envelope })
    return result.valid ? 'valid' : result.reason
  }

  it('of shared references, whose text would be endless, is refused at once', async () => {
    let shared: unknown = 'x'
    for (let i = 0; i < 60; i++) shared = [shared, shared]
    assert.match(await refused({ version: 1, proof: shared }), /too large/)
    assert.match(await refused(Array.from({ length: 7 }, () => Array(400).fill(0))), /too large/)
  })

  it('with getters or proxies that throw is refused', async () => {
    const thrower = new Proxy({}, { ownKeys: () => assert.fail('thrown by the envelope') })
    assert.match(await refused(thrower), /cannot be read/)
  })

  it('is plain JSON: a date or a map is no object without fields, and an instance no object (found by fuzzing)', async () => {
    class Other {}
    const plain = {
      version: 1,
      statement: 'membership',
      verificationKeyHash: '',
      proof: {},
      publicSignals: [],
    }
    for (const revealed of [new Date(0), new Map(), new Set(), /x/, new Other(), new Uint8Array(0)]) {
      assert.equal(await refused({ ...plain, revealed }), 'envelope: must be plain JSON')
    }
    assert.equal(await refused(Object.assign(new Other(), plain)), 'envelope: must be plain JSON')
    // Of another realm, as in tests by Jest and in frames, or without a prototype.
    const foreign = runInNewContext('({})')
    assert.ok(!(foreign instanceof Object))
    for (const revealed of [{}, foreign, Object.create(null)]) {
      assert.match(await refused({ ...plain, revealed }), /^verificationKeyHash/)
    }
  })

  it('that is no object, or lacks a field, is refused', async () => {
    for (const envelope of [undefined, null, 1, 'x', [], {}, { version: 1 }, () => 1, 5n]) {
      assert.match(await refused(envelope), /must be an object|is missing/)
    }
  })
})
