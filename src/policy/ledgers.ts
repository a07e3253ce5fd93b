import { assertField, assertUint } from '../field.js'
import {
  assertLedgerProof,
  categoriesHash,
  type LedgerProof,
  ledgerIdOf,
  ledgerRoot,
  type Tally,
  talliesIn,
} from '../merkle/ledger.js'
import { handleOf } from '../soul/handle.js'
import type { LedgerRoot, Policy, Roots } from './types.js'

/** How a policy, its program and its rules name a ledger. */
interface Named {
  readonly name: string
  readonly id: string
}

/** Finds what a record has for a ledger: under its id, else under the policy's name for it. */
export function ofLedger<T>(record: Readonly<Record<string, T>> | undefined, ledger: Named): T | undefined {
  if (record === undefined) return undefined
  if (typeof record !== 'object' || record === null) throw new TypeError('ledgers must be an object')
  for (const key of [ledger.id, ledger.name]) {
    if (Object.hasOwn(record, key)) return record[key]
  }
  return undefined
}

/**
 * Returns what a snapshot accepts of a ledger, if anything.
 *
 * @throws {TypeError|RangeError} if it is malformed, or its root is 0
 */
export function acceptedLedger(roots: Roots, ledger: Named): LedgerRoot | undefined {
  const accepted = ofLedger(roots.ledgers, ledger)
  if (accepted === undefined) return undefined
  if (typeof accepted !== 'object' || accepted === null) throw new TypeError('ledger root must be an object')
  assertField(accepted.root, 'ledger root')
  if (accepted.root === 0n) throw new RangeError('ledger root must not be 0')
  assertUint(accepted.queueLength, 64, 'queueLength of a ledger root')
  assertUint(accepted.at, 64, 'time of a ledger root')
  return accepted
}

/** Returns the roots that a snapshot accepts of a program's ledgers, 0 for those it has none of and those not used. */
export function ledgerRootsOf(
  program: { readonly profile: { readonly ledgers: number }; readonly ledgers: readonly Named[] },
  roots: Roots,
): bigint[] {
  return Array.from({ length: program.profile.ledgers }, (_, k) => {
    const ledger = program.ledgers[k]
    return ledger === undefined ? 0n : (acceptedLedger(roots, ledger)?.root ?? 0n)
  })
}

/** What a wallet can show of a ledger: the Soul's tallies by category, or why it shows nothing. */
export type LedgerView =
  | { readonly tallies: readonly Tally[]; readonly fault?: undefined }
  | { readonly tallies?: undefined; readonly fault: string }

/** Reads a Soul's entries in a policy's ledger from the wallet's opening, under the accepted root. */
export function viewLedger(options: {
  readonly rule: Policy['ledgers'][number]
  readonly roots: Roots
  readonly ledgers: Readonly<Record<string, LedgerProof>> | undefined
  readonly secret: bigint
}): LedgerView {
  const { rule, roots, ledgers, secret } = options
  const { name } = rule
  const accepted = acceptedLedger(roots, rule)
  if (accepted === undefined) return { fault: `no root of ledger ${name} is accepted` }
  const proof = ofLedger(ledgers, rule)
  if (proof === undefined) return { fault: `the wallet has no opening of ledger ${name}` }
  try {
    assertLedgerProof(proof)
  } catch {
    return { fault: `the opening of ledger ${name} is malformed, or does not lead to its tree` }
  }
  const { state } = proof
  const ledgerId = ledgerIdOf(rule.id)
  if (ledgerRoot(state) !== accepted.root)
    return { fault: `the opening of ledger ${name} is of another root` }
  if (state.ledgerId !== ledgerId) return { fault: `the root of ledger ${name} is another ledger's` }
  if (state.categories !== categoriesHash(rule.categories)) {
    return { fault: `the root of ledger ${name} is of one with other categories` }
  }
  const tallies = talliesIn(proof, handleOf(ledgerId, secret))
  if (tallies === undefined) {
    return {
      fault: `the opening of ledger ${name} says nothing of this Soul: another handle's, or overflowed`,
    }
  }
  return { tallies }
}
