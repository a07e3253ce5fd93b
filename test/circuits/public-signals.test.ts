import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readR1cs } from '../../src/formats/r1cs.js'
import { readSymbols } from '../../src/formats/symbols.js'
import { PROFILES } from '../../src/policy/profiles.js'
import { LEDGER_BATCH_SIGNALS } from '../../src/statements/ledger-batch.js'
import { LEDGER_HISTORY_SIGNALS } from '../../src/statements/ledger-history.js'
import { MEMBERSHIP_SIGNALS, POLICY_SIGNALS, TIMED_SIGNALS } from '../../src/statements/signals.js'

const artifact = (name: string): Uint8Array => readFileSync(new URL(`../../zkeys/${name}`, import.meta.url))
const source = (name: string): string =>
  readFileSync(new URL(`../../circuits/statements/${name}.circom`, import.meta.url), 'utf8')

const statements: [string, string[]][] = [
  ['membership', [...MEMBERSHIP_SIGNALS]],
  ['ledger-batch', [...LEDGER_BATCH_SIGNALS]],
  ['ledger-history', [...LEDGER_HISTORY_SIGNALS]],
  ...PROFILES.map(({ name, reveals, ledgers, timed }): [string, string[]] => [
    name,
    [
      ...Array.from({ length: reveals }, (_, i) => `reveal[${i}]`),
      ...POLICY_SIGNALS,
      ...Array.from({ length: ledgers }, (_, i) => `ledgerRoot[${i}]`),
      ...(timed ? TIMED_SIGNALS : []),
    ],
  ]),
]

describe('public signals', () => {
  for (const [name, expected] of statements) {
    it(`${name}: wires 1 to ${expected.length} are the signals that TypeScript names, in order`, () => {
      const symbols = readSymbols(artifact(`${name}.sym`))
      const r1cs = readR1cs(artifact(`${name}.r1cs`))
      assert.equal(r1cs.publicSignals, expected.length)
      assert.equal(r1cs.outputs, 0)
      const byWire = [...symbols].filter(([, wire]) => wire >= 1 && wire <= expected.length)
      byWire.sort(([, a], [, b]) => a - b)
      assert.deepEqual(
        byWire.map(([signal]) => signal),
        expected.map((signal) => `main.${signal}`),
      )
    })

    it(`${name}: each public signal is in a constraint (soundness 6)`, () => {
      const r1cs = readR1cs(artifact(`${name}.r1cs`))
      const used = new Set(r1cs.termWire)
      expected.forEach((signal, i) => {
        assert.ok(used.has(i + 1), `${signal} is free`)
      })
    })

    it(`${name}: main's list of public inputs is that order, too`, () => {
      const list = /public \[([^\]]*)\]/
        .exec(source(name))?.[1]
        ?.split(',')
        .map((signal) => signal.trim())
      assert.deepEqual(list, [...new Set(expected.map((signal) => signal.replace(/\[\d+\]/, '')))])
    })
  }

  it('the protocol froze these orders', () => {
    assert.deepEqual(
      statements[0]?.[1].join(', '),
      'nullifier, root, scope, message, verifierKey, verifierKey2',
    )
    assert.deepEqual(
      statements[1]?.[1].join(', '),
      'oldRoot, newRoot, ledgerId, categories, queueLength, queueHead',
    )
    assert.deepEqual(
      POLICY_SIGNALS.join(', '),
      'handle, nullifier, policyDigest, scope, message, now, verifierKey, verifierKey2, anchorsRoot',
    )
  })
})
