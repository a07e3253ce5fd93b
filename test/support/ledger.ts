import {
  createMemoryLedger,
  type Entry,
  type LedgerName,
  ledgerHandle,
  ledgerRoot,
  type MemoryLedger,
  type TallyEntry,
} from '../../src/ledger/index.js'
import type { LedgerRoot, Roots } from '../../src/policy/types.js'
import type { Soul } from '../../src/soul/index.js'
import { NOW } from './world.js'

/** The ledgers of the tests. */
export const CREDIT: LedgerName = {
  id: `eip155:1:0x${'c7'.repeat(20)}`,
  categories: ['unpaid', 'defaults'],
}
export const RENT: LedgerName = { id: 'rent', categories: ['late', 'damage', 'noise', 'other'] }

/** An entry; what is absent is harmless. */
export function entryOf(part: Partial<TallyEntry> & { readonly handle: bigint }): TallyEntry {
  return { category: 0, amount: 100n, ref: 1n, at: NOW - 5000n, ...part }
}

/** An entry about a Soul. */
export function entryAbout(soul: Soul, name: LedgerName, part: Partial<TallyEntry> = {}): TallyEntry {
  return entryOf({ handle: ledgerHandle({ soul, ledgerId: name.id }), ...part })
}

/** A ledger with entries, all of them applied. */
export function openBook(name: LedgerName, entries: readonly Entry[] = []): MemoryLedger {
  const ledger = createMemoryLedger(name)
  ledger.append(...entries)
  ledger.apply()
  return ledger
}

/** What a verifier accepts of a ledger now. */
export function acceptedRoot(ledger: MemoryLedger, at = NOW - 60n): LedgerRoot {
  const { state } = ledger.reader
  return { root: ledgerRoot(state), queueLength: state.queueLength, at }
}

/** A snapshot with the newest roots of ledgers. */
export function withLedgers(roots: Roots, ...ledgers: readonly MemoryLedger[]): Roots {
  return {
    ...roots,
    ledgers: Object.fromEntries(ledgers.map((ledger) => [ledger.id, acceptedRoot(ledger)])),
  }
}

/** A wallet's openings of ledgers at their newest roots. */
export function openingsFor(soul: Soul, ...ledgers: readonly MemoryLedger[]) {
  return Object.fromEntries(
    ledgers.map((ledger) => [ledger.id, ledger.proof(ledgerHandle({ soul, ledgerId: ledger.id }))]),
  )
}
