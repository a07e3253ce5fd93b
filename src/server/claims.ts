import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { requireObject, SoulproofError } from '../errors.js'
import { assertUint, bigIntToBytes } from '../field.js'

/** A nullifier that is to be spent, for a message, within a scope: numbers below 2^256. */
export interface Claim {
  readonly scope: bigint
  readonly nullifier: bigint
  readonly message: bigint
  /** When it may be forgotten, Unix seconds; without it never. */
  readonly expiresAt?: bigint
}

/** A claim that was made, for good unless it expires. */
export interface StoredClaim extends Claim {
  /** When it was stored, Unix seconds. */
  readonly at: bigint
}

/**
 * What became of a claim: it is the `first` of its nullifier; it was made before, for the same message (`repeated`: a reply
 * was lost, or somebody repeats it); or the nullifier is spent for another message (`taken`).
 */
export type ClaimOutcome = 'first' | 'repeated' | 'taken'

/** Where nullifiers are spent. All operations are safe beside each other. */
export interface ClaimStore {
  /**
   * Spends a nullifier in one transaction. Exactly one call for a nullifier is ever told `first`, and whatever it is told is on
   * the disk by then.
   *
   * @throws {ClaimStoreError} if the store does not answer in time. Whether the claim was stored is open then; the same claim
   *   again tells.
   */
  spend(claim: Claim): Promise<ClaimOutcome>
  /**
   * Returns a claim by its id, see {@link claimId}.
   *
   * @throws {ClaimStoreError} if the store does not answer in time
   */
  find(id: string): Promise<StoredClaim | undefined>
  /** Forgets claims that expired before a time, Unix seconds, and returns how many. */
  forget(before: bigint): Promise<number>
  /** Resolves if the store takes claims; throws {@link ClaimStoreError} otherwise. */
  check(): Promise<void>
  /** Finishes what is under way and closes. */
  close(): Promise<void>
}

/** What a store of claims has, for those who are given one. */
export const STORE_METHODS = ['spend', 'find', 'forget', 'check', 'close'] as const

/** A store of claims is closed, out of reach, damaged, or not safe to use. */
export class ClaimStoreError extends SoulproofError {
  override name = 'ClaimStoreError'
}

const ID_DOMAIN = utf8ToBytes('soulproof claim 1')

/**
 * Returns the id of a claim: SHA-256 of a domain, scope, nullifier and message (32 bytes each, big-endian), as 64 hex digits.
 * Whoever made the proof can compute it, and ask for the claim after a reply was lost.
 *
 * @throws {TypeError|RangeError} naming the number that is malformed
 */
export function claimId(claim: Claim): string {
  assertClaim(claim)
  const { scope, nullifier, message } = claim
  return bytesToHex(
    sha256(concatBytes(ID_DOMAIN, ...[scope, nullifier, message].map((x) => bigIntToBytes(x, 32)))),
  )
}

/**
 * Checks a claim.
 *
 * @throws {TypeError|RangeError} naming the number that is malformed
 */
export function assertClaim(claim: Claim): void {
  requireObject(claim, 'claim')
  for (const name of ['scope', 'nullifier', 'message'] as const) assertUint(claim[name], 256, `claim.${name}`)
  if (claim.expiresAt !== undefined) assertUint(claim.expiresAt, 62, 'claim.expiresAt')
}

/**
 * Checks the id of a claim.
 *
 * @throws {TypeError|RangeError} unless it is 64 lower-case hex digits
 */
export function assertClaimId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new TypeError('id must be a string')
  if (!/^[0-9a-f]{64}$/.test(id)) throw new RangeError('id must be 64 lower-case hex digits')
}

/** The machine's clock, Unix seconds. */
export function systemClock(): bigint {
  return BigInt(Math.floor(Date.now() / 1000))
}
