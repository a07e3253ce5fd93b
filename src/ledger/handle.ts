import { requireObject } from '../errors.js'
import { ledgerIdOf } from '../merkle/ledger.js'
import { requireSecret } from '../soul/check.js'
import { handleOf } from '../soul/handle.js'
import type { Soul } from '../soul/index.js'

/**
 * Returns the handle of a Soul in a ledger, below 2^248: the low 248 bits of Poseidon(tag, ledgerId, secret).
 *
 * The Soul cannot choose another, and handles in different ledgers are unlinkable.
 *
 * @throws {TypeError} if the ledger's id is not a string or the secret not a bigint
 * @throws {RangeError} if the secret is 0 or not canonical, or the id not well-formed Unicode
 */
export function ledgerHandle(options: {
  readonly soul: Pick<Soul, 'secret'>
  readonly ledgerId: string
}): bigint {
  requireObject(options, 'options')
  const { soul, ledgerId } = options
  requireSecret(soul?.secret, 'soul.secret')
  return handleOf(ledgerIdOf(ledgerId), soul.secret)
}
