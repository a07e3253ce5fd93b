import assert from 'node:assert/strict'
import { hashText } from '../../src/field.js'
import {
  afterChange,
  applyEntries,
  beforeChange,
  createMemoryLedger,
  type Entry,
  emptyLedger,
  LedgerError,
  type LedgerReader,
  ledgerHandle,
  ledgerProofFromJson,
  ledgerProofToJson,
  ledgerRoot,
  ledgerStateFromJson,
  ledgerStateToJson,
  MOVED,
  openLedger,
  queueHead,
  undoOf,
} from '../../src/ledger/index.js'
import { assertLedgerProof, talliesIn } from '../../src/merkle/ledger.js'
import { handleOf } from '../../src/statements/context.js'
import { entryOf, openBook } from '../support/ledger.js'
import { ALICE, BOB } from '../support/world.js'

const NAME = { id: 'test', categories: ['a', 'b'] }
const MAX = 2n ** 64n - 1n
const tallyOf = (entries: readonly Entry[], handle: bigint, category = 0) =>
  talliesIn(openBook(NAME, entries).proof(handle), handle)?.[category]

describe('ledger: handles', () => {
  it("are the Soul's own, and unlinkable between ledgers", () => {
    const handle = ledgerHandle({ soul: ALICE, ledgerId: 'x' })
    assert.equal(handle, handleOf(hashText('x'), ALICE.secret))
    const all = [
      handle,
      ledgerHandle({ soul: ALICE, ledgerId: 'y' }),
      ledgerHandle({ soul: BOB, ledgerId: 'x' }),
    ]
    assert.equal(new Set(all).size, 3)
    assert.ok(all.every((one) => one < 2n ** 248n))
    assert.throws(() => ledgerHandle({ soul: ALICE, ledgerId: 5 as never }), TypeError)
    assert.throws(() => ledgerHandle({ soul: { secret: -1n }, ledgerId: 'x' }), /soul.secret/)
    assert.throws(() => ledgerHandle({ soul: undefined as never, ledgerId: 'x' }), TypeError)
  })
})

describe('ledger: the effect of an entry', () => {
  it('adds to its own category of its own handle alone', () => {
    const entries = [entryOf({ handle: 5n, amount: 3n }), entryOf({ handle: 5n, category: 1, amount: 4n })]
    assert.deepEqual(tallyOf(entries, 5n, 0), { count: 1n, sum: 3n })
    assert.deepEqual(tallyOf(entries, 5n, 1), { count: 1n, sum: 4n })
    assert.deepEqual(tallyOf(entries, 5n, 2), { count: 0n, sum: 0n })
    assert.deepEqual(tallyOf(entries, 4n), { count: 0n, sum: 0n })
    assert.deepEqual(tallyOf(entries, 6n), { count: 0n, sum: 0n })
  })

  it('a sum that would wrap stays at its end, from where the next entry goes on', () => {
    const sums: [bigint[], bigint][] = [
      [[MAX], MAX],
      [[MAX, 1n], MAX],
      [[MAX, MAX, -1n], MAX - 1n],
      [[1n, -2n], 0n],
      [[1n, -2n, 5n], 5n],
      [[-(2n ** 64n)], 0n],
      [[MAX, -(2n ** 64n)], 0n],
      [[MAX, -MAX], 0n],
      [[MAX, -MAX, 1n], 1n],
    ]
    for (const [amounts, sum] of sums) {
      const entries = amounts.map((amount) => entryOf({ handle: 5n, amount }))
      assert.deepEqual(tallyOf(entries, 5n), { count: BigInt(amounts.length), sum })
    }
  })

  it('an entry made to freeze the batch has its one effect: none (soundness 32)', () => {
    const freezing: Entry[] = [
      ...[4, 5, 15, 16, 30].map((category) => entryOf({ handle: 5n, category })),
      { handle: 5n, category: MOVED, to: 5n },
      { handle: 2n ** 248n - 1n, category: MOVED, to: 0n },
    ]
    const ledger = openBook(NAME, freezing)
    const { state } = ledger.reader
    assert.equal(state.queueLength, BigInt(freezing.length))
    assert.equal(state.queueHead, queueHead(freezing))
    assert.equal(state.size, 1)
    assert.equal(state.treeRoot, emptyLedger(NAME).state.treeRoot)
  })

  it('handle 0 and the greatest handle are handles like all others (soundness 11)', () => {
    const top = 2n ** 248n - 1n
    const entries = [entryOf({ handle: 0n, amount: 7n }), entryOf({ handle: top, amount: 8n })]
    assert.deepEqual(tallyOf(entries, 0n), { count: 1n, sum: 7n })
    assert.deepEqual(tallyOf(entries, top), { count: 1n, sum: 8n })
    assert.deepEqual(tallyOf(entries, 1n), { count: 0n, sum: 0n })
    assert.deepEqual(tallyOf([], 0n), { count: 0n, sum: 0n })
    assert.equal(openBook(NAME, entries).reader.state.size, 2)
  })

  it('a full tree: a new handle finds no leaf, and from then on no gap says anything; own leaves go on', () => {
    const book = openBook(NAME, [entryOf({ handle: 5n })]).reader
    const full: LedgerReader = { ...book, state: { ...book.state, size: 4 ** 10 } }
    assert.ok(talliesIn(openLedger(full, 9n), 9n), 'full is not overflowed')
    const change = applyEntries({
      reader: full,
      entries: [entryOf({ handle: 9n }), entryOf({ handle: 5n, amount: 1n }), entryOf({ handle: 10n })],
    })
    assert.equal(change.state.size, 4 ** 10 + 1)
    assert.equal(change.inserted.length, 0)
    const after = afterChange(full, change)
    for (const handle of [4n, 9n, 10n, 2n ** 248n - 1n])
      assert.equal(talliesIn(openLedger(after, handle), handle), undefined)
    assert.deepEqual(talliesIn(openLedger(after, 5n), 5n)?.[0], { count: 2n, sum: 101n })
    // It stays so.
    const later = applyEntries({ reader: after, entries: [entryOf({ handle: 5n })] })
    assert.equal(later.state.size, 4 ** 10 + 1)
  })

  it('one leaf is left: the first new handle takes it, the second overflows', () => {
    const book = openBook(NAME, [entryOf({ handle: 5n })]).reader
    const reader: LedgerReader = { ...book, state: { ...book.state, size: 4 ** 10 - 1 } }
    const entries = [9n, 8n, 9n].map((handle) => entryOf({ handle }))
    const change = applyEntries({ reader, entries })
    assert.deepEqual(change.inserted, [{ handle: 9n, index: 4 ** 10 - 1 }])
    assert.equal(change.state.size, 4 ** 10 + 1)
    assert.equal(change.leaves.get(4 ** 10 - 1)?.tallies[0]?.count, 2n)
  })

  it('a malformed entry cannot have been appended', () => {
    const ledger = createMemoryLedger(NAME)
    const wrong = { ...entryOf({ handle: 1n }), category: 32 }
    assert.throws(() => ledger.append(entryOf({ handle: 1n }), wrong), RangeError)
    assert.equal(ledger.length, 0n)
    assert.throws(() => applyEntries({ reader: ledger.reader, entries: [wrong] }), RangeError)
  })
})

describe('ledger: in memory', () => {
  const entries = Array.from({ length: 60 }, (_, i) =>
    entryOf({ handle: BigInt((i * 37) % 23) * 1000n, category: i % 5, amount: BigInt(i) - 20n }),
  )

  it('any division into batches leads to the same root', () => {
    const whole = openBook(NAME, entries).reader.state
    for (const step of [1, 2, 7, 59]) {
      const ledger = createMemoryLedger(NAME)
      ledger.append(...entries)
      while (ledger.reader.state.queueLength < ledger.length) ledger.apply(step)
      assert.deepEqual(ledger.reader.state, whole)
    }
  })

  it('opens at each of the last roots as it did then, and at no other', () => {
    const ledger = createMemoryLedger({ ...NAME, keep: 3 })
    ledger.append(...entries)
    const past: { root: bigint; proofs: unknown[] }[] = []
    const handles = [0n, 500n, 5000n, 22_000n, 30_000n]
    for (let i = 0; i < 6; i++) {
      ledger.apply(10)
      const root = ledgerRoot(ledger.reader.state)
      past.push({ root, proofs: handles.map((handle) => ledger.proof(handle)) })
    }
    assert.deepEqual(
      ledger.roots().map(({ root }) => root),
      past.slice(-3).map(({ root }) => root),
    )
    for (const { root, proofs } of past.slice(-3)) {
      assert.deepEqual(
        handles.map((handle) => ledger.proof(handle, { root })),
        proofs,
      )
    }
    for (const { root } of past.slice(0, 3)) assert.throws(() => ledger.proof(0n, { root }), LedgerError)
  })

  it('a change is undone by what it overwrites', () => {
    const { reader } = openBook(NAME, entries.slice(0, 30))
    const change = applyEntries({ reader, entries: entries.slice(30) })
    const after = afterChange(reader, change)
    assert.deepEqual(after.state, openBook(NAME, entries).reader.state)
    const before = beforeChange(after, undoOf(reader, change))
    for (const handle of [0n, 1n, 7000n, 12_345n, 22_000n]) {
      assert.deepEqual(openLedger(before, handle), openLedger(reader, handle))
      assertLedgerProof(openLedger(after, handle))
    }
  })

  it('proofs and states go through JSON, and an altered number is refused by its path', () => {
    const ledger = openBook(NAME, entries)
    const proof = ledger.proof(7000n)
    const json = JSON.parse(JSON.stringify(ledgerProofToJson(proof)))
    assert.deepEqual(ledgerProofFromJson(json), proof)
    assert.deepEqual(ledgerStateFromJson(ledgerStateToJson(proof.state)), proof.state)
    const alter = (change: (copy: typeof json) => void): unknown => {
      const copy = structuredClone(json)
      change(copy)
      return copy
    }
    for (const [change, message] of [
      [(p) => (p.leaf.tallies[0].sum = '1'), /proof: opening does not lead/],
      [(p) => (p.index += 1), /proof: opening does not lead/],
      [(p) => (p.index = -1), /index/],
      [(p) => (p.state.queueLength = '1'), /proof\.state\.root/],
      [(p) => (p.state.size = 2 ** 20 + 2), /proof\.state/],
      [(p) => (p.leaf.handle = String(2n ** 248n)), /proof\.leaf\.handle/],
      [(p) => p.siblings.pop(), /siblings/],
      [(p) => delete p.leaf.head, /proof\.leaf\.head: is missing/],
      [(p) => (p.more = 1), /unknown key/],
    ] as [(copy: typeof json) => void, RegExp][]) {
      assert.throws(() => ledgerProofFromJson(alter(change)), message)
    }
    for (const wrong of [null, 5, [], {}, { ...json, leaf: null }])
      assert.throws(() => ledgerProofFromJson(wrong), { name: 'SchemaError' })
  })

  it('refuses names that no policy can read', () => {
    for (const [name, message] of [
      [{ id: '', categories: ['a'] }, /id/],
      [{ id: 5, categories: ['a'] }, /id/],
      [{ id: 'x', categories: [] }, /categories/],
      [{ id: 'x', categories: ['a', 'b', 'c', 'd', 'e'] }, /categories/],
      [{ id: 'x', categories: ['a', 'a'] }, /distinct/],
      [{ id: 'x', categories: ['1'] }, /categories\[0\]/],
      [{ id: 'x', categories: 'a' }, /categories/],
    ] as [never, RegExp][])
      assert.throws(() => createMemoryLedger(name), { message })
    assert.throws(() => createMemoryLedger({ ...NAME, keep: 0 }), RangeError)
    assert.throws(() => createMemoryLedger(NAME).proof(2n ** 248n), RangeError)
  })
})
