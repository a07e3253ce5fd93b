import { BASE8, multiply } from '../../src/crypto/babyjub.js'
import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  createMemoryLedger,
  type Entry,
  ledgerHandle,
  ledgerRoot,
  MOVED,
  prepareBatch,
  prepareHistory,
} from '../../src/ledger/index.js'
import { Group } from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import { contextSignals, timedContext } from '../../src/statements/context.js'
import { ledgerHistoryInputs, querySignals } from '../../src/statements/ledger-history.js'
import { type CircuitInputs, membershipInputs, prepareMembership } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { TIMED_H } from '../../src/statements/timed.js'
import { add } from '../circuits/lib/curve.js'
import { CREDIT, entryAbout, entryOf, openBook } from '../support/ledger.js'
import { type RandomCase, randomCase } from '../support/random-policy.js'
import { rawPolicy } from '../support/raw-policy.js'
import { openStatement, witnessOf } from '../support/statement.js'
import { ALICE, BOB, CITIZENSHIP, grant, NOW, openOffice, rootsOf } from '../support/world.js'

/** A satisfying witness of a statement: of a holder, or of the verifier whom it is for. */
export interface Case {
  readonly inputs: CircuitInputs
  readonly witness: readonly bigint[]
  readonly holder: boolean
}

const CONTEXT = { scope: 'corpus', message: 'mutation' }
const DESIGNATED = { ...CONTEXT, verifierKey: BOB.commitment, verifierKey2: ALICE.commitment }

/** Satisfying witnesses of a statement, the same in each run: some of holders, the last of a verifier. */
export async function corpusOf(statement: string, holders = 2): Promise<Case[]> {
  const cases = OTHERS[statement]?.() ?? policyCases(statement, holders)
  const open = openStatement(statement)
  return Promise.all(
    cases.map(async ({ inputs, holder }) => ({ inputs, holder, witness: await witnessOf(open, inputs) })),
  )
}

function membershipCases(): Omit<Case, 'witness'>[] {
  const group = new Group([11n, 12n, ALICE.commitment, 13n, BOB.commitment, 14n])
  // A path of all twenty levels, so that none of them is idle.
  const siblings = Array.from({ length: 20 }, (_, i) => BigInt(i) ** 5n + 3n)
  const signals = { ...contextSignals(DESIGNATED), nullifier: 77n, root: r - 1n }
  return [
    {
      inputs: prepareMembership({ soul: ALICE, group, context: contextSignals(CONTEXT) }).inputs,
      holder: true,
    },
    { inputs: membershipInputs(signals, { secret: ALICE.secret, index: 0b1011, siblings }), holder: false },
  ]
}

function timedCases(): Omit<Case, 'witness'>[] {
  const state = openOffice(1)
  const policy = parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': CITIZENSHIP.claims },
    sbts: { citizenship: { issuers: [state.id], schema: 'citizenship/1' } },
    require: { claim: 'citizenship.country', eq: 'CA' },
    reveal: ['citizenship.country'],
    timed: { squarings: 3000, window: 60, beacon: 'test' },
  })
  const roots = rootsOf(state)
  const passport = grant({ office: state, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 0n } })
  const blinding = 987654321n
  const P = multiply(BASE8, blinding)
  const wallet = { soul: ALICE, sbts: [passport], policy, roots, now: NOW }
  const { inputs } = preparePolicy({
    ...wallet,
    context: timedContext(contextSignals(CONTEXT), 99n),
    commitment: { P, blinding },
  })
  // Without truth anybody has a witness, later.
  const free = { secret: 5n, truth: [0n], P: [...add(P, TIMED_H)], nullifier: 7n }
  return [
    { inputs, holder: true },
    { inputs: { ...inputs, ...free } as CircuitInputs, holder: false },
  ]
}

function historyCases(): Omit<Case, 'witness'>[] {
  const handle = ledgerHandle({ soul: ALICE, ledgerId: CREDIT.id })
  const book = openBook(CREDIT, [
    entryOf({ handle: 5n }),
    entryAbout(ALICE, CREDIT, { category: 1, amount: 3n }),
    entryAbout(ALICE, CREDIT, { amount: -100n }),
  ])
  const query = { ledger: CREDIT, of: ['defaults', 'unpaid'], since: 7n, most: 2, fewest: 1 }
  const proof = book.proof(handle)
  const honest = prepareHistory({ ...CONTEXT, soul: ALICE, query, proof, entries: book.entries() })
  const signals = {
    ...contextSignals({ ...CONTEXT, verifierKey: ALICE.commitment }),
    ...querySignals(query),
    nullifier: 77n,
    ledgerRoot: ledgerRoot(book.reader.state),
  }
  return [
    { inputs: honest.inputs, holder: true },
    { inputs: ledgerHistoryInputs(signals, { secret: ALICE.secret, proof, entries: [] }), holder: false },
  ]
}

/** Batches with every kind of step: link, insert, update, skip, nothing, from the empty ledger and from a later root. */
function batchCases(): Omit<Case, 'witness'>[] {
  const ledger = createMemoryLedger({ id: 'corpus', categories: ['a', 'b'] })
  const entries: Entry[] = [
    entryOf({ handle: 50n, amount: 2n ** 64n - 1n }),
    entryOf({ handle: 50n, category: 3, amount: 5n }),
    { handle: 50n, category: MOVED, to: 60n },
    entryOf({ handle: 9n, category: 1, amount: -1n }),
    entryOf({ handle: 9n, category: 1, amount: 2n ** 63n }),
  ]
  ledger.append(...entries)
  const first = prepareBatch({ reader: ledger.reader, entries })
  ledger.apply(first.consumed)
  const later = prepareBatch({ reader: ledger.reader, entries: entries.slice(first.consumed) })
  return [first, later].map(({ inputs }) => ({ inputs, holder: true }))
}

/** How cases of statements other than policies are made. */
const OTHERS: Readonly<Record<string, () => Omit<Case, 'witness'>[]>> = {
  membership: membershipCases,
  'policy-m-timed': timedCases,
  'ledger-history': historyCases,
  'ledger-batch': batchCases,
}

function policyCases(statement: string, holders: number): Omit<Case, 'witness'>[] {
  const profile = statement as 'policy-s' | 'policy-m' | 'policy-l'
  const cases: Omit<Case, 'witness'>[] = []
  let last: RandomCase | undefined
  for (let seed = 1; cases.length < holders; seed++) {
    const made = randomCase(seed, profile)
    if (made.change !== 'nothing') continue
    if (profile !== 'policy-s' && (made.sets.length === 0 || made.fill.length < 3)) continue
    try {
      const { inputs } = preparePolicy({
        policy: made.policy,
        roots: made.roots,
        now: NOW,
        context: contextSignals(CONTEXT),
        soul: ALICE,
        sbts: made.fill.map(([, held]) => held),
        sets: made.sets,
        ledgers: made.ledgers,
      })
      cases.push({ inputs, holder: true })
      last = made
    } catch (error) {
      if (!(error instanceof StatementError)) throw error
    }
  }
  const { policy, roots, fill, sets, ledgers } = last as RandomCase
  const { inputs } = rawPolicy({
    ...{ policy, roots, fill, sets, ledgers },
    soul: ALICE,
    context: DESIGNATED,
    signals: { nullifier: 5n, handle: r - 1n },
  })
  return [...cases, { inputs, holder: false }]
}
