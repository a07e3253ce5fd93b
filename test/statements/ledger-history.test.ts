import assert from 'node:assert/strict'
import { encodeEntry } from '../../src/ledger/entry.js'
import {
  type Entry,
  entriesOf,
  ledgerHandle,
  ledgerRoot,
  type MemoryLedger,
  movedEntries,
  prepareHistory,
} from '../../src/ledger/index.js'
import { createProver } from '../../src/prover/index.js'
import { contextSignals, soulNullifier } from '../../src/statements/context.js'
import {
  HISTORY_ENTRIES,
  type HistoryQuery,
  LEDGER_HISTORY_SIGNALS,
  ledgerHistoryInputs,
  ledgerHistoryPublicSignals,
  querySignals,
} from '../../src/statements/ledger-history.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { createVerifier } from '../../src/verifier/index.js'
import { describeLadder } from '../support/ladder.js'
import { acceptedRoot, CREDIT, entryAbout, entryOf, openBook } from '../support/ledger.js'
import { assertAccepted, assertRefused, openStatement } from '../support/statement.js'
import { ALICE, BOB, NOW } from '../support/world.js'

const CONTEXT = { scope: 'loans', message: 'loan 7' }
const YEAR = 31_556_952n
const handle = ledgerHandle({ soul: ALICE, ledgerId: CREDIT.id })
const DEFAULTS = 1
const ago = (years: bigint, part: object = {}) =>
  entryAbout(ALICE, CREDIT, { at: NOW - years * YEAR, ...part })
const history: Entry[] = [
  entryOf({ handle: 5n }),
  ago(6n),
  ago(5n, { category: DEFAULTS, amount: 1n }),
  entryAbout(BOB, CREDIT),
  ago(3n, { category: DEFAULTS, amount: 0n }),
  ago(1n, { amount: -100n }),
]
const book = openBook(CREDIT, history)
const since = NOW - 2n * YEAR
const quiet: HistoryQuery = { ledger: CREDIT, of: ['defaults'], since, most: 0 }

const prepare = (
  query: HistoryQuery,
  ledger: MemoryLedger = book,
  entries: readonly Entry[] = ledger.entries(),
) => prepareHistory({ ...CONTEXT, soul: ALICE, query, proof: ledger.proof(handle), entries })

/** A holder who feeds the circuit what he likes; everything public follows from what the verifier expects. */
function raw(
  query: HistoryQuery,
  options: { ledger?: MemoryLedger; entries?: readonly Entry[]; at?: bigint } = {},
) {
  const { ledger = book, at = handle } = options
  const own = entriesOf(options.entries ?? ledger.entries(), handle)
  const context = contextSignals(CONTEXT)
  const signals = {
    ...context,
    ...querySignals(query),
    nullifier: soulNullifier(context, ALICE.secret),
    ledgerRoot: ledgerRoot(ledger.reader.state),
  }
  const entries = own.map((entry) => ({ category: entry.category, ...encodeEntry(entry) }))
  const inputs = ledgerHistoryInputs(signals, { secret: ALICE.secret, proof: ledger.proof(at), entries })
  return { inputs, signals, publicSignals: ledgerHistoryPublicSignals(signals) }
}

const refusedRaw = (inputs: CircuitInputs): Promise<void> =>
  assertRefused(openStatement('ledger-history'), inputs)

describe('ledger-history', () => {
  describeLadder('no default in the last two years', () => ({
    statement: 'ledger-history',
    prove: { statement: 'ledger-history', history: prepare(quiet) },
    verify: { ...CONTEXT, statement: 'ledger-history', query: quiet, roots: [acceptedRoot(book)], now: NOW },
    prepared: { ...prepare(quiet), publicSignals: prepare(quiet).publicSignals },
    signalNames: LEDGER_HISTORY_SIGNALS,
  }))

  it('counts single entries by category, time and amount; the library and the circuit agree', async () => {
    for (const [query, holds] of [
      [quiet, true],
      [{ ...quiet, since: NOW - 3n * YEAR }, false],
      [{ ...quiet, since: NOW - 3n * YEAR + 1n }, true],
      [{ ...quiet, since: NOW - 3n * YEAR, least: 1n }, true],
      [{ ...quiet, since: 0n, most: 1 }, false],
      [{ ...quiet, since: 0n, most: 2, fewest: 2 }, true],
      [{ ledger: CREDIT, of: ['unpaid'], least: 1n, most: 1 }, true],
      [{ ledger: CREDIT, of: ['unpaid', 'defaults'], fewest: 4, most: 4 }, true],
      [{ ledger: CREDIT, of: ['unpaid', 'defaults'], fewest: 5 }, false],
    ] as [HistoryQuery, boolean][]) {
      const { inputs, publicSignals } = raw(query)
      if (holds) {
        assert.deepEqual(prepare(query).publicSignals, publicSignals)
        await assertAccepted(openStatement('ledger-history'), prepare(query).inputs, publicSignals)
      } else {
        assert.throws(() => prepare(query), /not within the bounds/)
        await refusedRaw(inputs)
      }
    }
  })

  it('a Soul without entries proves that none matches, from its gap', async () => {
    const empty = openBook(CREDIT, [entryOf({ handle: 5n })])
    const { inputs, publicSignals } = prepare({ ...quiet, since: 0n }, empty)
    await assertAccepted(openStatement('ledger-history'), inputs, publicSignals)
    assert.throws(
      () => prepare({ ledger: CREDIT, of: ['unpaid'], fewest: 1 }, empty),
      /not within the bounds/,
    )
    // Nor does it borrow entries that nobody wrote.
    const { inputs: invented } = raw(
      { ledger: CREDIT, of: ['unpaid'], fewest: 1 },
      { ledger: empty, entries: history },
    )
    await refusedRaw(invented)
  })

  describe('row 24: all entries or none', () => {
    const recent = openBook(CREDIT, [...history, ago(1n, { category: DEFAULTS, amount: 1n }), ago(0n)])
    const all = recent.entries()
    const at = history.length

    it('the default of last year left out, reordered, altered or duplicated', async () => {
      assert.throws(() => prepare(quiet, recent), /not within the bounds/)
      for (const entries of [
        all.toSpliced(at, 1),
        all.slice(0, at),
        [],
        all.with(at, ago(3n, { category: DEFAULTS, amount: 1n })),
        all.with(at, ago(1n, { category: 0, amount: 1n })),
        [...all.toSpliced(at, 1), all[at + 1] as Entry],
      ]) {
        assert.throws(() => prepare(quiet, recent, entries), /not all of the Soul's/)
        await refusedRaw(raw(quiet, { ledger: recent, entries }).inputs)
      }
      const pairs = { ...quiet, since: 0n, fewest: 4, most: 4 }
      const doubled = all.toSpliced(at, 0, all[at] as Entry)
      assert.throws(() => prepare(pairs, recent, doubled), /not all of the Soul's/)
      await refusedRaw(raw(pairs, { ledger: recent, entries: doubled }).inputs)
      const swapped = all.with(at, all[at + 1] as Entry).with(at + 1, all[at] as Entry)
      await refusedRaw(raw({ ...quiet, most: 1 }, { ledger: recent, entries: swapped }).inputs)
      const { inputs, publicSignals } = prepare({ ...quiet, most: 1 }, recent)
      await assertAccepted(openStatement('ledger-history'), inputs, publicSignals)
    })

    it("another handle's leaf, or a gap, with no entries at all", async () => {
      for (const other of [0n, 5n, ledgerHandle({ soul: BOB, ledgerId: CREDIT.id })])
        await refusedRaw(raw(quiet, { ledger: recent, entries: [], at: other }).inputs)
    })

    it('an older root is not the one that the verifier accepts', async () => {
      await refusedRaw({ ...raw(quiet).inputs, ledgerRoot: ledgerRoot(recent.reader.state) })
    })
  })

  it('count beyond the maximum: 32 entries are opened, a 33rd has no witness', async () => {
    const many = Array.from({ length: HISTORY_ENTRIES }, (_, i) => ago(BigInt(i % 7)))
    const full = openBook(CREDIT, many)
    const query: HistoryQuery = { ledger: CREDIT, of: ['unpaid'], fewest: 32, most: 32 }
    const { inputs, publicSignals } = prepare(query, full)
    await assertAccepted(openStatement('ledger-history'), inputs, publicSignals)
    const over = openBook(CREDIT, [...many, ago(0n, { category: DEFAULTS })])
    assert.throws(() => prepare(quiet, over), /more than 32 entries/)
    await refusedRaw(raw(quiet, { ledger: over, entries: many }).inputs)
    await refusedRaw(raw(quiet, { ledger: over, entries: over.entries().slice(1) }).inputs)
  })

  it('a moved handle keeps its dates', async () => {
    const moved = openBook(CREDIT, [
      entryOf({ handle: 77n, category: DEFAULTS, at: NOW - YEAR }),
      ...movedEntries({
        entries: [entryOf({ handle: 77n, category: DEFAULTS, at: NOW - YEAR })],
        from: 77n,
        to: handle,
      }),
    ])
    assert.throws(() => prepare(quiet, moved), /not within the bounds/)
    await refusedRaw(raw(quiet, { ledger: moved }).inputs)
    prepare({ ...quiet, since: NOW - YEAR + 1n }, moved)
  })

  it('row 22: the verifier has a witness for any nullifier and root, and nobody else', async () => {
    const { isTimed, ...context } = contextSignals({ ...CONTEXT, verifierKey: BOB.commitment })
    assert.equal(isTimed, undefined)
    const { signals, inputs } = raw({ ...quiet, since: 0n })
    const claimed = { ...signals, ...context, nullifier: 5n, ledgerRoot: 6n }
    const simulated = { ...inputs, ...context, nullifier: 5n, ledgerRoot: 6n, secret: BOB.secret }
    await assertAccepted(openStatement('ledger-history'), simulated, ledgerHistoryPublicSignals(claimed))
    await refusedRaw({ ...simulated, secret: ALICE.secret })
  })

  it('a verifier asks for its own query and a fresh root', async () => {
    await using prover = await createProver()
    const envelope = await prover.prove({ statement: 'ledger-history', history: prepare(quiet) })
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const accepted = acceptedRoot(book)
    const base = {
      ...CONTEXT,
      statement: 'ledger-history' as const,
      query: quiet,
      roots: [accepted],
      now: NOW,
      envelope,
    }
    assert.equal((await verifier.verify(base)).valid, true)
    for (const [change, reason] of [
      [{ query: { ...quiet, most: 1 } }, /most/],
      [{ query: { ...quiet, since: since - 1n } }, /since/],
      [{ query: { ...quiet, of: ['unpaid'] } }, /mask/],
      [{ query: { ...quiet, least: 1n } }, /least/],
      [{ query: { ...quiet, ledger: { ...CREDIT, id: 'other' } } }, /ledgerId/],
      [{ query: { ...quiet, ledger: { ...CREDIT, categories: ['x', 'defaults'] } } }, /categories/],
      [{ freshness: { minQueueLength: 7n } }, /ledgerRoot/],
      [{ freshness: { maxAge: 59n } }, /ledgerRoot/],
      [{ scope: 'other' }, /scope/],
      [{ verifierKey: 5n }, /verifierKey/],
    ] as [object, RegExp][]) {
      const result = await verifier.verify({ ...base, ...change })
      assert.match(result.valid ? '' : result.reason, reason)
    }
    assert.equal(
      (await verifier.verify({ ...base, freshness: { minQueueLength: 6n, maxAge: 60n } })).valid,
      true,
    )
  })

  it('malformed and vacuous queries are refused by name', () => {
    for (const [change, message] of [
      [{ most: undefined }, /every history/],
      [{ most: 32 }, /every history/],
      [{ fewest: 2, most: 1 }, /no history/],
      [{ fewest: 33, most: 100 }, /no history/],
      [{ of: [] }, /query\.of/],
      [{ of: ['rent'] }, /query\.of/],
      [{ of: ['defaults', 'defaults'] }, /query\.of/],
      [{ since: 1n << 40n }, /query\.since/],
      [{ least: 1n << 64n }, /query\.least/],
      [{ most: -1 }, /query\.most/],
      [{ most: 1n }, /query\.most/],
      [{ ledger: undefined }, /query\.ledger/],
    ] as [object, RegExp][])
      assert.throws(() => querySignals({ ...quiet, ...change } as HistoryQuery), { message })
  })
})
