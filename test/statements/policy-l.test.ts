import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { type LedgerProof, ledgerHandle, ledgerRoot } from '../../src/ledger/index.js'
import { SetTree } from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import type { Policy, Roots } from '../../src/policy/types.js'
import { createProver } from '../../src/prover/index.js'
import type { HeldSbt } from '../../src/sbt/index.js'
import { contextSignals } from '../../src/statements/context.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { createVerifier } from '../../src/verifier/index.js'
import { describeLadder } from '../support/ladder.js'
import {
  acceptedRoot,
  CREDIT,
  entryAbout,
  entryOf,
  openBook,
  openingsFor,
  RENT,
  withLedgers,
} from '../support/ledger.js'
import { rawPolicy } from '../support/raw-policy.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import { ALICE, ATTENDANCE, BOB, CITIZENSHIP, grant, NOW, openOffice, rootsOf } from '../support/world.js'

const CONTEXT = { scope: 'loans', message: 'loan 7' }
const context = contextSignals(CONTEXT)
const state = openOffice(1)
const conferences = Array.from({ length: 8 }, (_, i) => openOffice(10 + i))
const passport = grant({ office: state, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 0n } })
const tickets = conferences.map((office) => grant({ office, schema: ATTENDANCE, claims: { talks: 3n } }))
const offices = rootsOf(state, ...conferences)
const handle = ledgerHandle({ soul: ALICE, ledgerId: CREDIT.id })
const rentHandle = ledgerHandle({ soul: ALICE, ledgerId: RENT.id })

const ledgerPolicy = (require: unknown, rest: object = {}): Policy =>
  parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': CITIZENSHIP.claims },
    sbts: { passport: { issuers: [state.id], schema: 'citizenship/1' } },
    ledgers: { credit: CREDIT },
    require: { all: [{ has: 'passport' }, require] },
    ...rest,
  })
const alice = { soul: ALICE, now: NOW, context, sbts: [passport] }
const debtless = ledgerPolicy({ ledger: 'credit.unpaid.sum', lte: 0 })

interface Case {
  readonly policy: Policy
  readonly roots: Roots
  readonly ledgers?: Readonly<Record<string, LedgerProof>>
  readonly sbts?: readonly HeldSbt[]
  readonly sets?: readonly SetTree[]
}

/** Accepted by the library and by the circuit. */
async function accepts(options: Case): Promise<ReturnType<typeof preparePolicy>> {
  const prepared = preparePolicy({ soul: ALICE, now: NOW, context, sbts: [passport], ...options })
  assert.equal(prepared.program.profile.name, 'policy-l')
  await assertAccepted(openStatement('policy-l'), prepared.inputs, prepared.publicSignals)
  return prepared
}

/** Refused by the library with a reason, and by the circuit for a holder who feeds it what he likes. */
async function refuses(
  options: Case & { readonly reason?: RegExp; readonly edit?: (inputs: CircuitInputs) => CircuitInputs },
): Promise<void> {
  const { reason = /./, edit = (inputs) => inputs, ...rest } = options
  assert.throws(
    () => preparePolicy({ soul: ALICE, now: NOW, context, sbts: [passport], ...rest }),
    (error: { name: string; reasons: { reason: string }[] }) =>
      error.name === 'StatementError' && error.reasons.some((one) => reason.test(one.reason)),
  )
  const fill = [['passport', passport]] as const
  const { inputs } = rawPolicy({ soul: ALICE, context: CONTEXT, fill, ...rest })
  await assertRefused(openStatement('policy-l'), edit(inputs))
}

// Others around Alice's handle, on both sides.
const others = [
  entryOf({ handle: handle / 2n }),
  entryOf({ handle: handle + 12345n }),
  entryOf({ handle: 1n }),
]
const clean = openBook(CREDIT, others)
const inDebt = openBook(CREDIT, [...others, entryAbout(ALICE, CREDIT, { amount: 700n })])
const repaid = openBook(CREDIT, [
  ...others,
  entryAbout(ALICE, CREDIT, { amount: 700n }),
  entryAbout(ALICE, CREDIT, { category: 1, amount: 1n }),
  entryAbout(ALICE, CREDIT, { amount: -700n }),
])

describe('policy-l', () => {
  const rent = openBook(RENT, [entryAbout(ALICE, RENT, { category: 3, amount: 5n })])
  const loan = parsePolicy({
    version: 1,
    schemas: { 'citizenship/1': CITIZENSHIP.claims, 'attendance/1': ATTENDANCE.claims },
    sbts: {
      passport: { issuers: [state.id], schema: 'citizenship/1' },
      ...Object.fromEntries(
        conferences.slice(0, 5).map(({ id }, i) => [`c${i}`, { issuers: [id], schema: 'attendance/1' }]),
      ),
    },
    ledgers: { credit: CREDIT, rent: RENT },
    require: {
      all: [
        { claim: 'passport.country', in: ['CA', 'FR'] },
        { atLeast: 3, of: [0, 1, 2, 3, 4].map((i) => ({ has: `c${i}` })) },
        { ledger: 'credit.unpaid.sum', lte: 0 },
        { ledger: 'credit.defaults.count', lt: 3 },
        { ledger: 'rent.other.sum', between: [1, 5] },
      ],
    },
    reveal: ['passport.country'],
    discloseHandle: 'credit',
  })
  const wallet = {
    soul: ALICE,
    sbts: [passport, ...tickets.slice(1, 4)],
    ledgers: openingsFor(ALICE, repaid, rent),
    policy: loan,
    roots: withLedgers(offices, repaid, rent),
    now: NOW,
  }

  describeLadder('a tenant who repaid a loan', () => ({
    statement: 'policy-l',
    prove: { ...CONTEXT, ...wallet },
    verify: { ...CONTEXT, policy: loan, roots: [wallet.roots], now: NOW },
    prepared: preparePolicy({ ...wallet, context }),
    signalNames: [
      ...[0, 1, 2, 3].map((i) => `reveal[${i}]`),
      'handle',
      'nullifier',
      'policyDigest',
      'scope',
      'message',
      'now',
      'verifierKey',
      'verifierKey2',
      'anchorsRoot',
      'ledgerRoot[0]',
      'ledgerRoot[1]',
    ],
  }))

  it('eight SBTs at once, of which none may be missing, and two sets', async () => {
    const slots = conferences.map(({ id }, i) => [`c${i}`, { issuers: [id], schema: 'attendance/1' }])
    const schemas = { 'attendance/1': ATTENDANCE.claims }
    const all = (leaves: unknown[]) =>
      parsePolicy({ version: 1, schemas, sbts: Object.fromEntries(slots), require: { all: leaves } })
    const policy = all(conferences.map((_, i) => ({ has: `c${i}` })))
    await accepts({ policy, roots: offices, sbts: tickets })
    const fill = tickets.slice(1).map((held, i) => [`c${i + 1}`, held] as const)
    assert.throws(
      () => preparePolicy({ policy, roots: offices, sbts: tickets.slice(1), soul: ALICE, now: NOW, context }),
      { name: 'StatementError' },
    )
    await assertRefused(
      openStatement('policy-l'),
      rawPolicy({ policy, roots: offices, soul: ALICE, fill }).inputs,
    )

    const [some, none] = [new SetTree([2n, 3n]), new SetTree([4n, 5n])]
    const sets = [some, none]
    const rest = conferences.slice(2).map((_, i) => ({ has: `c${i + 2}` }))
    const inSome = { claim: 'c0.talks', in: { set: `${some.root}` } }
    const notInNone = { claim: 'c1.talks', notIn: { set: `${none.root}` } }
    const both = all([inSome, notInNone, ...rest])
    await accepts({ policy: both, roots: offices, sbts: tickets, sets })
    // Each clause asks its own set.
    for (const [swapped, first] of [
      [all([{ ...inSome, in: { set: `${none.root}` } }, notInNone, ...rest]), none],
      [all([inSome, { ...notInNone, notIn: { set: `${some.root}` } }, ...rest]), some],
    ] as const) {
      const full = tickets.map((held, i) => [`c${i}`, held] as const)
      assert.throws(
        () =>
          preparePolicy({
            policy: swapped,
            roots: offices,
            sbts: tickets,
            sets,
            soul: ALICE,
            now: NOW,
            context,
          }),
        { name: 'StatementError' },
      )
      const { inputs } = rawPolicy({
        policy: swapped,
        roots: offices,
        soul: ALICE,
        fill: full,
        sets: [first],
      })
      await assertRefused(openStatement('policy-l'), inputs)
    }
  })

  it('a policy on a ledger alone needs no SBT', async () => {
    const policy = parsePolicy({
      version: 1,
      ledgers: { credit: CREDIT },
      require: { ledger: 'credit.unpaid.count', eq: 1 },
    })
    const ledgers = openingsFor(ALICE, inDebt)
    await accepts({ policy, roots: withLedgers({ issuers: {} }, inDebt), ledgers, sbts: [] })
  })

  describe('row 24: what a ledger says', () => {
    it('no entries: the gap proves it', async () => {
      const roots = withLedgers(offices, clean)
      const { publicSignals } = await accepts({ policy: debtless, roots, ledgers: openingsFor(ALICE, clean) })
      assert.deepEqual(publicSignals.slice(-2), [String(ledgerRoot(clean.reader.state)), '0'])
    })

    it('an empty ledger says so of everybody', async () => {
      const empty = openBook(CREDIT)
      await accepts({
        policy: debtless,
        roots: withLedgers(offices, empty),
        ledgers: openingsFor(ALICE, empty),
      })
    })

    it('an unpaid loan, until it is settled', async () => {
      const roots = withLedgers(offices, inDebt)
      await refuses({ policy: debtless, roots, ledgers: openingsFor(ALICE, inDebt), reason: /does not hold/ })
      await accepts({
        policy: debtless,
        roots: withLedgers(offices, repaid),
        ledgers: openingsFor(ALICE, repaid),
      })
    })

    it('counts stay after the loan is settled, each category for itself', async () => {
      const [roots, ledgers] = [withLedgers(offices, repaid), openingsFor(ALICE, repaid)]
      const tests: [unknown, boolean][] = [
        [{ ledger: 'credit.unpaid.count', eq: 2 }, true],
        [{ ledger: 'credit.unpaid.count', lt: 2 }, false],
        [{ ledger: 'credit.defaults.count', gte: 1 }, true],
        [{ ledger: 'credit.defaults.count', gt: 1 }, false],
        [{ ledger: 'credit.defaults.sum', neq: 0 }, true],
        [{ not: { ledger: 'credit.defaults.sum', neq: 0 } }, false],
        [{ ledger: 'credit.defaults.sum', between: [1, 1] }, true],
        [{ ledger: 'credit.unpaid.sum', in: [5, 6] }, false],
      ]
      for (const [require, holds] of tests) {
        const policy = ledgerPolicy(require)
        await (holds ? accepts({ policy, roots, ledgers }) : refuses({ policy, roots, ledgers }))
      }
    })

    it('without an opening nothing holds, not even an alternative to a number that anything exceeds', async () => {
      const roots = withLedgers(offices, inDebt)
      await refuses({ policy: debtless, roots, reason: /no opening/ })
      const any = ledgerPolicy({
        any: [
          { ledger: 'credit.unpaid.sum', lte: 0 },
          { ledger: 'credit.unpaid.sum', gt: 0 },
        ],
      })
      await refuses({ policy: any, roots, reason: /no opening/ })
      await refuses({ policy: any, roots: offices, ledgers: openingsFor(ALICE, inDebt), reason: /no root/ })
      await accepts({ policy: any, roots, ledgers: openingsFor(ALICE, inDebt) })
    })

    it('an alternative that no ledger is needed for can be proved without an opening', async () => {
      const policy = ledgerPolicy({
        any: [
          { ledger: 'credit.unpaid.sum', lte: 0 },
          { claim: 'passport.country', eq: 'CA' },
        ],
      })
      await accepts({ policy, roots: withLedgers(offices, inDebt) })
      await accepts({ policy, roots: withLedgers(offices, inDebt), ledgers: openingsFor(ALICE, inDebt) })
    })
  })

  describe('row 24: no opening hides an entry', () => {
    const roots = withLedgers(offices, inDebt)
    const book = inDebt.reader
    const own = inDebt.proof(handle)
    const insist = (ledgers: Record<string, LedgerProof>, reason?: RegExp) =>
      refuses({ policy: debtless, roots, ledgers, ...(reason && { reason }) })

    it("neighbouring handles' leaves and gaps: none contains the own handle", async () => {
      for (let index = 0; index < book.state.size; index++) {
        const leaf = book.leaf(index)
        if (leaf.handle === handle) continue
        await insist({ credit: inDebt.proof(leaf.handle) }, /says nothing of this Soul/)
      }
    })

    it('the gap before the own leaf was inserted, under the new root', async () => {
      const { leaf, index, siblings } = clean.proof(handle)
      assert.ok(leaf.handle < handle && handle < leaf.next)
      await insist({ credit: { ...own, leaf, index, siblings } }, /does not lead to its tree/)
      await insist({ credit: clean.proof(handle) }, /of another root/)
    })

    it('an altered leaf on the own path: handle, next, sums and counts that would do', async () => {
      const zeros = [0n, 0n, 0n, 0n]
      const { tallies } = own.leaf
      const sums = tallies.map(({ sum }) => sum)
      for (const change of [
        { ledgerHandle: handle - 1n },
        { ledgerHandle: handle - 1n, ledgerNext: handle + 1n },
        { ledgerHandle: r - 1n },
        { ledgerNext: r - 1n },
        { ledgerSums: zeros },
        { ledgerSums: sums.with(0, r - (sums[0] as bigint)) },
        { ledgerCounts: zeros },
        { ledgerHead: 0n },
      ]) {
        const edit = (inputs: CircuitInputs): CircuitInputs =>
          ({
            ...inputs,
            ...Object.fromEntries(
              Object.entries(change).map(([name, value]) => [
                name,
                (inputs[name] as (bigint | bigint[])[]).with(0, value),
              ]),
            ),
          }) as CircuitInputs
        await refuses({ policy: debtless, roots, ledgers: { credit: own }, edit })
      }
      // h + r and h are one field element; a proof that says h + r is malformed.
      const shifted = { ...own, leaf: { ...own.leaf, handle: own.leaf.handle + r } }
      assert.throws(
        () => preparePolicy({ policy: debtless, roots, ledgers: { credit: shifted }, ...alice }),
        { name: 'StatementError' },
      )
    })

    it("somebody else's handle: a leaf without debts beside the own one", async () => {
      const bobs = ledgerHandle({ soul: BOB, ledgerId: CREDIT.id })
      const both = openBook(CREDIT, [
        entryAbout(BOB, CREDIT, { amount: 0n }),
        entryAbout(ALICE, CREDIT, { amount: 700n }),
      ])
      await refuses({
        policy: debtless,
        roots: withLedgers(offices, both),
        ledgers: { credit: both.proof(bobs) },
        reason: /says nothing of this Soul/,
      })
    })

    it('a handle of another ledger: its root, and its opening', async () => {
      const rentals = openBook({ ...RENT, categories: CREDIT.categories }, others)
      await refuses({
        policy: debtless,
        roots: { ...offices, ledgers: { credit: acceptedRoot(rentals) } },
        ledgers: { credit: rentals.proof(handle) },
        reason: /another ledger's/,
      })
      await insist({ credit: rentals.proof(rentHandle) }, /of another root/)
    })

    it('other categories: a tally is never read for another', async () => {
      const reversed = openBook({ ...CREDIT, categories: ['defaults', 'unpaid'] }, [
        entryAbout(ALICE, CREDIT, { category: 1, amount: 700n }),
      ])
      const ledgers = openingsFor(ALICE, reversed)
      await refuses({
        policy: debtless,
        roots: withLedgers(offices, reversed),
        ledgers,
        reason: /other categories/,
      })
    })

    it('a tree of his own: an inner node, another size, length or head under the accepted root', async () => {
      const emptyLeaf = { ...own.leaf, tallies: own.leaf.tallies.map(() => ({ count: 0n, sum: 0n })) }
      for (const proof of [
        { ...own, leaf: emptyLeaf },
        { ...own, index: own.index ^ 1 },
        { ...own, siblings: own.siblings.with(9, [1n, 2n, 3n]) },
        { ...own, state: { ...own.state, queueLength: 0n } },
        { ...own, state: { ...own.state, size: 1 } },
        { ...own, state: { ...own.state, treeRoot: clean.reader.state.treeRoot } },
      ])
        await insist({ credit: proof })
    })
  })

  it('row 11: the leaf of handle 0 and the last gap speak of nobody else', async () => {
    const roots = withLedgers(offices, inDebt)
    const first = inDebt.proof(0n)
    const last = inDebt.proof(2n ** 248n - 1n)
    assert.equal(last.leaf.next, 2n ** 248n)
    for (const credit of [first, last]) await refuses({ policy: debtless, roots, ledgers: { credit } })
    // An unused position holds 0, which no leaf hashes to.
    const unused = { ...first, index: 100, leaf: { ...first.leaf, handle: 0n, next: 2n ** 248n } }
    await refuses({ policy: debtless, roots, ledgers: { credit: unused } })
  })

  describe('a full tree', () => {
    const gap = clean.proof(handle)
    const withSize = (proof: LedgerProof, size: number) => ({ ...proof, state: { ...proof.state, size } })
    const accept = (proof: LedgerProof): Roots => ({
      ...offices,
      ledgers: { credit: { root: ledgerRoot(proof.state), queueLength: 3n, at: NOW } },
    })
    it('its gaps speak as long as no new handle was turned away', async () => {
      const full = withSize(gap, 4 ** 10)
      await accepts({ policy: debtless, roots: accept(full), ledgers: { credit: full } })
    })
    it('once overflowed, no gap opens; own leaves do', async () => {
      const overflowed = withSize(gap, 4 ** 10 + 1)
      const reason = /overflowed/
      await refuses({ policy: debtless, roots: accept(overflowed), ledgers: { credit: overflowed }, reason })
      const own = withSize(repaid.proof(handle), 4 ** 10 + 1)
      await accepts({ policy: debtless, roots: accept(own), ledgers: { credit: own } })
    })
  })

  describe('freshness and one snapshot', () => {
    const fresh = withLedgers(offices, inDebt)
    const stale = { ...offices, ledgers: { [CREDIT.id]: acceptedRoot(clean, NOW - 90_000n) } }
    const lenient = ledgerPolicy({ ledger: 'credit.unpaid.sum', lte: 1000 })
    let envelopes: { stale: unknown; fresh: unknown }
    const verify = async (envelope: unknown, roots: readonly Roots[], rest: object = {}, policy = lenient) =>
      (await createVerifier({ allowDevelopmentKeys: true })).verify({
        ...CONTEXT,
        envelope,
        policy,
        roots,
        now: NOW,
        ...rest,
      })
    before(async () => {
      await using prover = await createProver()
      const base = { ...CONTEXT, policy: lenient, soul: ALICE, sbts: [passport], now: NOW }
      envelopes = {
        stale: await prover.prove({ ...base, roots: stale, ledgers: openingsFor(ALICE, clean) }),
        fresh: await prover.prove({ ...base, roots: fresh, ledgers: openingsFor(ALICE, inDebt) }),
      }
    })

    it('a stale root: refused by least queue length and by greatest age, whichever of the last roots it is', async () => {
      const both = [stale, fresh]
      assert.equal((await verify(envelopes.stale, both)).valid, true)
      for (const demand of [
        { minQueueLength: 4n },
        { maxAge: 86_400n },
        { minQueueLength: 4n, maxAge: 60n },
      ]) {
        for (const name of ['credit', CREDIT.id]) {
          const freshness = { [name]: demand }
          const result = await verify(envelopes.stale, both, { freshness })
          assert.match(result.valid ? '' : result.reason, /snapshot that is fresh enough/)
          assert.equal((await verify(envelopes.fresh, both, { freshness })).valid, true)
        }
      }
      assert.equal((await verify(envelopes.stale, [fresh])).valid, false)
      assert.equal(
        (await verify(envelopes.fresh, both, { freshness: { credit: { maxAge: 59n } } })).valid,
        false,
      )
      assert.equal(
        (await verify(envelopes.fresh, both, { freshness: { credit: { minQueueLength: 5n } } })).valid,
        false,
      )
    })

    it('a demand for a ledger that the policy does not name, or a malformed one, is an error', async () => {
      const demands: [object, RegExp][] = [
        [{ debit: { maxAge: 1n } }, /names a ledger that the policy does not/],
        [{ credit: { maxAge: -1n } }, /maxAge/],
        [{ credit: { minQueueLength: 3 } }, /minQueueLength/],
      ]
      for (const [freshness, message] of demands)
        await assert.rejects(verify(envelopes.fresh, [fresh], { freshness }), { message })
    })

    it('roots of two snapshots in one proof are refused', async () => {
      const older = { ...rootsOf(openOffice(1)), ledgers: fresh.ledgers! }
      const mixed = [
        { ...older, ledgers: stale.ledgers },
        { ...fresh, issuers: { [state.id]: { status: 5n } } },
      ]
      // The proof has the issuers' roots of the first and the ledger's root of the second.
      const result = await verify(envelopes.fresh, mixed)
      assert.match(result.valid ? '' : result.reason, /not of one snapshot/)
    })

    it("an unread ledger's signal is 0, and nothing else is accepted", async () => {
      const envelope = JSON.parse(JSON.stringify(envelopes.fresh))
      assert.equal(envelope.publicSignals.at(-1), '0')
      envelope.publicSignals[envelope.publicSignals.length - 1] = envelope.publicSignals.at(-2)
      const result = await verify(envelope, [fresh])
      assert.match(result.valid ? '' : result.reason, /ledgerRoot\[1\]/)
    })
  })

  it('a disclosed handle is the one that the ledger opens for', async () => {
    const policy = ledgerPolicy({ ledger: 'credit.unpaid.sum', lte: 0 }, { discloseHandle: 'credit' })
    const prepared = await accepts({
      policy,
      roots: withLedgers(offices, clean),
      ledgers: openingsFor(ALICE, clean),
    })
    assert.equal(prepared.publicSignals[4], handle.toString())
  })

  it('the verifier has a witness for whatever it likes: no opening is needed to simulate (row 22)', async () => {
    const roots = withLedgers(offices, inDebt)
    const { inputs, publicSignals } = rawPolicy({
      policy: debtless,
      roots,
      soul: BOB,
      fill: [],
      context: { ...CONTEXT, verifierKey: BOB.commitment },
      signals: { nullifier: 77n, handle: 5n, reveal: [1n, 2n, 3n, 4n], ledgerRoot: [123n, 456n] },
    })
    await assertAccepted(openStatement('policy-l'), inputs, publicSignals)
    await assertRefused(openStatement('policy-l'), { ...inputs, secret: ALICE.secret })
  })
})
