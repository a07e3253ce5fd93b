import assert from 'node:assert/strict'
import { createBackup } from '../../src/backup/index.js'
import { SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { ledgerHandle, prepareHistory } from '../../src/ledger/index.js'
import { Group } from '../../src/merkle/index.js'
import { evaluatePolicy, parsePolicy } from '../../src/policy/index.js'
import { verifySbt } from '../../src/sbt/index.js'
import { blindHolder, type Soul } from '../../src/soul/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { prepareMembership } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { ALICE, CITIZENSHIP, grant, NOW, openOffice, rootsOf } from '../support/world.js'

const office = openOffice(77)
const held = grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n } })
const policy = parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { a: { issuers: [office.id], schema: 'citizenship/1' } },
  require: { has: 'a' },
})
const asked = { scope: 'a', message: 'b' }
const context = contextSignals(asked)

/** Every entry point that takes a Soul. `acceptSbt` and `prover.prove` check theirs by the same or by these. */
const ENTRIES: Readonly<Record<string, (soul: Soul) => unknown>> = {
  blindHolder: (soul) => blindHolder({ soul }),
  verifySbt: (soul) => verifySbt({ ...held, soul }),
  evaluatePolicy: (soul) => evaluatePolicy({ policy, roots: rootsOf(office), now: NOW, sbts: [held], soul }),
  prepareMembership: (soul) => prepareMembership({ soul, group: new Group([ALICE.commitment]), context }),
  preparePolicy: (soul) =>
    preparePolicy({ policy, roots: rootsOf(office), now: NOW, sbts: [held], context, soul }),
  prepareHistory: (soul) => prepareHistory({ ...asked, soul } as Parameters<typeof prepareHistory>[0]),
  createBackup: (soul) => createBackup({ soul, sbts: [], passphrase: 'x', now: NOW }),
}

describe('soul/check', () => {
  for (const [name, call] of Object.entries(ENTRIES)) {
    it(`${name} names what is malformed in a Soul (found by fuzzing)`, async () => {
      for (const [soul, message] of [
        [undefined, /^TypeError: soul must be an object$/],
        [null, /^TypeError: soul must be an object$/],
        ['01', /^TypeError: soul must be an object$/],
        [{ ...ALICE, secret: null }, /^TypeError: soul\.secret must be a bigint$/],
        [{ ...ALICE, secret: 'bigintx' }, /^TypeError: soul\.secret must be a bigint$/],
        [{ ...ALICE, secret: 1.5 }, /^TypeError: soul\.secret must be a bigint$/],
        [{ ...ALICE, secret: 0n }, /^RangeError: soul\.secret must not be 0$/],
        [{ ...ALICE, secret: ALICE.secret + SUBGROUP_ORDER }, /^RangeError: soul\.secret must be at least 0/],
        [{ ...ALICE, commitment: undefined }, /^TypeError: soul\.commitment must be a bigint$/],
        [{ ...ALICE, commitment: FIELD_MODULUS }, /^RangeError: soul\.commitment must be at least 0/],
      ] as const) {
        // verifySbt alone can do without.
        if (name === 'verifySbt' && soul === undefined) continue
        await assert.rejects(async () => call(soul as unknown as Soul), message)
      }
    })
  }

  it('ledgerHandle takes the secret alone, and names it', () => {
    const handle = (soul: unknown): bigint => ledgerHandle({ soul: soul as Soul, ledgerId: 'a' })
    assert.equal(handle({ secret: ALICE.secret }), handle(ALICE))
    for (const soul of [undefined, {}, { secret: 0n }, { secret: SUBGROUP_ORDER }]) {
      assert.throws(() => handle(soul), /^(Type|Range)Error: soul\.secret must/)
    }
  })
})
