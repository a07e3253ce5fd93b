/** Issuing: an SBT from an issuer to one person and one Soul, without telling the issuer which Soul it is. */
import { IssuingError } from '../errors.js'
import type { OpenPersons } from './durable.js'

export { IssuingError, type IssuingProblem } from '../errors.js'
export type { OpenPersons } from './durable.js'
export {
  acceptSbt,
  type CheckedOffer,
  DEFAULT_OFFER_SECONDS,
  grantSbt,
  offerSbt,
  readOffer,
  requestSbt,
} from './issuing.js'
export type { Issued, IssuingRequest, Offer, PendingRequest } from './messages.js'
export { createMemoryPersons, type IssuedRecord, type PersonStore, type Taken } from './persons.js'

/**
 * Opens an issuer's memory of persons in a folder, or creates it. What was claimed survives a crash. Node only; one process at
 * a time.
 *
 * @throws {IssuingError} `store` if it is open already, or cannot be opened
 * @throws {TypeError|RangeError} if the path is no text, or empty
 */
export async function openPersons(o: { readonly path: string }): Promise<OpenPersons> {
  if (typeof o?.path !== 'string') throw new TypeError('path must be a string')
  if (o.path === '') throw new RangeError('path must not be empty')
  // Bundles for browsers have an empty module in its place, see `browser` in package.json.
  const store = await import('./durable.js')
  if (typeof store.openStore !== 'function') throw new IssuingError('store', 'a folder needs Node')
  return store.openStore(o.path)
}
