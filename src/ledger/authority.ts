import { LedgerError, requireObject } from '../errors.js'
import { type Entry, encodeEntry, hasEffect, isMoved } from './entry.js'

/** Who may write what into a ledger. The keeper of the queue, a contract or an operator, applies it at each append. */
export interface Authority {
  /** Numbers of the categories that each attestor may write in, by the attestor's name. */
  readonly attestors: Readonly<Record<string, readonly number[]>>
  /** Attestors that may move handles and repeat their entries, whatever was disclosed. */
  readonly movers: readonly string[]
}

/** Handles that Souls disclosed by a policy proof, by the attestor to whom. */
export type Disclosures = ReadonlyMap<string, ReadonlySet<bigint>>

/**
 * Checks that an attestor may append an entry: in its categories, for handles disclosed to it; moves and the copies that
 * follow them are the movers'. Whoever has no name in the list may append nothing.
 *
 * @throws {LedgerError} saying what is missing
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function assertAuthority(options: {
  readonly authority: Authority
  readonly disclosures: Disclosures
  readonly attestor: string
  readonly entry: Entry
}): void {
  requireObject(options, 'options')
  const { authority, disclosures, attestor, entry } = options
  checkAuthority(authority)
  if (typeof disclosures?.get !== 'function') throw new TypeError('disclosures must be a map')
  if (typeof attestor !== 'string') throw new TypeError('attestor must be a string')
  encodeEntry(entry)
  if (authority.movers.includes(attestor)) {
    if (isMoved(entry) || hasEffect(entry)) return
    throw new LedgerError('the entry is of no category of the ledger')
  }
  const categories = Object.hasOwn(authority.attestors, attestor) ? authority.attestors[attestor] : undefined
  if (categories === undefined) throw new LedgerError('the attestor has no authority in this ledger')
  if (!hasEffect(entry) || !categories.includes(entry.category)) {
    throw new LedgerError("the entry is of no category of the attestor's")
  }
  if (!disclosures.get(attestor)?.has(entry.handle)) {
    throw new LedgerError('the handle was never disclosed to the attestor')
  }
}

function checkAuthority(authority: Authority): void {
  requireObject(authority, 'authority')
  requireObject(authority.attestors, 'authority.attestors')
  if (!Array.isArray(authority.movers)) throw new TypeError('authority.movers must be an array')
  for (const categories of Object.values(authority.attestors)) {
    if (!Array.isArray(categories)) throw new TypeError('authority.attestors must have arrays of categories')
  }
}
