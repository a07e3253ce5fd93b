import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'

/** Width of a handle. */
export const HANDLE_BITS = 248

/** Returns the handle of a Soul in a ledger: the low 248 bits of Poseidon(tag, ledgerId, secret). */
export function handleOf(ledgerId: bigint, secret: bigint): bigint {
  return poseidon([DOMAIN.handle, ledgerId, secret]) & ((1n << BigInt(HANDLE_BITS)) - 1n)
}
