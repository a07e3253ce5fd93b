import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { BATCH_TOUCHES } from '../../src/statements/ledger-batch.js'
import { GADGETS, gadget } from './lib/gadgets.js'

const snapshot = new URL('./constraints.snapshot.json', import.meta.url)
const json = (url: URL) => JSON.parse(readFileSync(url, 'utf8'))

describe('constraints', () => {
  it('of every gadget and statement equal the snapshot (UPDATE_SNAPSHOTS=1 rewrites it)', async () => {
    const gadgets: Record<string, number> = {}
    for (const name of Object.keys(GADGETS) as (keyof typeof GADGETS)[]) {
      gadgets[name] = (await gadget(name)).r1cs.constraints
    }
    const manifest: { statements: Record<string, { constraints: number }> } = json(
      new URL('../../zkeys/manifest.json', import.meta.url),
    )
    const statements = Object.fromEntries(
      Object.entries(manifest.statements).map(([name, { constraints }]) => [name, constraints]),
    )
    const found = { statements, gadgets }
    if (process.env['UPDATE_SNAPSHOTS'] === '1')
      writeFileSync(snapshot, `${JSON.stringify(found, undefined, 2)}\n`)
    assert.deepEqual(found, json(snapshot))
  })

  it('of statements keep to the budgets of the protocol', () => {
    const { statements, gadgets } = json(snapshot)
    assert.ok(statements['policy-s'] <= 13_000)
    assert.ok(statements['policy-m'] <= 46_000)
    assert.ok(statements['policy-l'] <= 115_000)
    assert.ok(statements['ledger-history'] <= 2 ** 15 - 14)
    assert.ok(statements['ledger-batch'] <= 8_500 * BATCH_TOUCHES)
    assert.ok(gadgets['LedgerSlot(10)'] + gadgets['Handle'] <= 6_300)
    assert.ok(statements['policy-m-timed'] <= statements['policy-m'] + 800)
  })
})
