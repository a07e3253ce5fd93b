import assert from 'node:assert/strict'
import {
  type Authority,
  assertAuthority,
  auditRoot,
  createMemoryLedger,
  type Entry,
  incompleteMoves,
  LedgerError,
  ledgerRoot,
  MOVED,
  movedEntries,
  rebuildLedger,
  type TallyEntry,
} from '../../src/ledger/index.js'
import { entryOf } from '../support/ledger.js'

const NAME = { id: 'audited', categories: ['a', 'b'] }
const entries = Array.from({ length: 12 }, (_, i) =>
  entryOf({ handle: BigInt(i % 4) * 10n + 1n, category: i % 2, amount: BigInt(i), at: BigInt(i) }),
)
const rootOf = (queue: readonly Entry[]): bigint => ledgerRoot(rebuildLedger({ ...NAME, entries: queue }))

describe('ledger: audit', () => {
  it('the root of any part of the queue is confirmed, with its length', () => {
    for (const length of [0, 1, 5, 12]) {
      const root = rootOf(entries.slice(0, length))
      const result = auditRoot({ ...NAME, entries, root, queueLength: BigInt(length) })
      assert.equal(result.valid, true)
      assert.equal(auditRoot({ ...NAME, entries, root, queueLength: BigInt(length + 1) }).valid, false)
    }
    assert.equal(auditRoot({ ...NAME, entries, root: rootOf(entries), queueLength: 13n }).valid, false)
    assert.equal(auditRoot({ ...NAME, entries, root: rootOf(entries), queueLength: -1n }).valid, false)
  })

  it('soundness 24: an entry left out, reordered, altered or duplicated gives another root', () => {
    const altered = [
      entryOf({ ...entries[4]!, amount: 5n }),
      entryOf({ ...entries[4]!, category: 1 }),
      entryOf({ ...entries[4]!, handle: 2n }),
      entryOf({ ...entries[4]!, ref: 2n }),
      entryOf({ ...entries[4]!, at: 5n }),
    ]
    const wrong: (readonly Entry[])[] = [
      entries.toSpliced(4, 1),
      entries.slice(0, -1),
      entries.toSpliced(4, 2, entries[5]!, entries[4]!),
      entries.toSpliced(4, 0, entries[4]!),
      ...altered.map((one) => entries.with(4, one)),
      // Without effect all the same, and yet part of the root.
      [...entries, entryOf({ handle: 1n, category: 9 })],
    ]
    const roots = wrong.map(rootOf)
    assert.equal(new Set([...roots, rootOf(entries)]).size, wrong.length + 1)
    for (const root of roots) {
      const result = auditRoot({ ...NAME, entries, root, queueLength: 12n })
      assert.match(result.valid ? '' : result.reason, /lead to another root/)
    }
  })

  it('the root of another ledger, or of one with other categories, is another', () => {
    const root = rootOf(entries)
    for (const name of [
      { ...NAME, id: 'other' },
      { ...NAME, categories: ['b', 'a'] },
      { ...NAME, categories: ['a'] },
    ])
      assert.equal(auditRoot({ ...name, entries, root, queueLength: 12n }).valid, false)
  })

  it('an operator who writes a leaf by himself is found out', () => {
    const ledger = createMemoryLedger(NAME)
    ledger.append(...entries)
    ledger.apply()
    const { state } = ledger.reader
    const clean = rebuildLedger({ ...NAME, entries: entries.filter(({ handle }) => handle !== 1n) })
    const root = ledgerRoot({ ...state, treeRoot: clean.treeRoot, size: clean.size })
    assert.equal(auditRoot({ ...NAME, entries, root, queueLength: 12n }).valid, false)
  })
})

describe('ledger: moves', () => {
  it('carry sums, counts and dates over to the new handle, and leave the old one as it is', () => {
    const moved = movedEntries({ entries, from: 11n, to: 99n })
    const ledger = createMemoryLedger(NAME)
    ledger.append(...entries, ...moved)
    ledger.apply()
    const tallies = (handle: bigint) => ledger.proof(handle).leaf.tallies
    assert.deepEqual(tallies(99n), tallies(11n))
    assert.equal(ledger.proof(99n).leaf.handle, 99n)
    assert.deepEqual(incompleteMoves([...entries, ...moved]), [])
  })

  it('a mover who leaves out, alters or reorders an entry is found, and a second move carries all of the first', () => {
    const moved = movedEntries({ entries, from: 11n, to: 99n })
    assert.equal(moved.length, 4)
    for (const wrong of [
      moved.slice(0, -1),
      moved.toSpliced(1, 1),
      moved.with(1, { ...(moved[1] as TallyEntry), amount: 0n }),
      [moved[0]!, moved[2]!, moved[1]!, moved[3]!],
      [moved[0]!],
      [{ handle: 11n, category: MOVED, to: 11n } as Entry],
    ])
      assert.deepEqual(incompleteMoves([...entries, ...wrong]), [12])
    const once = [...entries, ...moved]
    const again = movedEntries({ entries: once, from: 99n, to: 100n })
    assert.equal(again.length, 4)
    assert.deepEqual(incompleteMoves([...once, ...again]), [])
  })
})

describe('ledger: authority', () => {
  const authority: Authority = { attestors: { bank: [0], court: [0, 1] }, movers: ['registrar'] }
  const disclosures = new Map([
    ['bank', new Set([1n])],
    ['court', new Set([1n, 2n])],
  ])
  const check = (attestor: string, entry: Entry): void =>
    assertAuthority({ authority, disclosures, attestor, entry })

  it('an attestor writes in its categories, for handles disclosed to it', () => {
    check('bank', entryOf({ handle: 1n }))
    check('court', entryOf({ handle: 2n, category: 1 }))
  })

  it('an attestor without authority, in another category, or for a handle never disclosed to it, does not', () => {
    const cases: [string, Entry, RegExp][] = [
      ['stranger', entryOf({ handle: 1n }), /no authority/],
      ['toString', entryOf({ handle: 1n }), /no authority/],
      ['bank', entryOf({ handle: 1n, category: 1 }), /no category of the attestor/],
      ['bank', entryOf({ handle: 2n }), /never disclosed/],
      ['court', entryOf({ handle: 3n, category: 1 }), /never disclosed/],
      ['court', entryOf({ handle: 1n, category: 4 }), /no category/],
      ['court', { handle: 1n, category: MOVED, to: 2n }, /no category/],
      ['registrar', entryOf({ handle: 1n, category: 9 }), /no category/],
    ]
    for (const [attestor, entry, message] of cases)
      assert.throws(
        () => check(attestor, entry),
        (error: Error) => error instanceof LedgerError && message.test(error.message),
      )
  })

  it('a mover announces a move and copies entries', () => {
    for (const entry of movedEntries({ entries, from: 11n, to: 99n })) check('registrar', entry)
  })
})
