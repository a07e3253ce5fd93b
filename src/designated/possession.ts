import { SIGNATURE_DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertField, hashBytes, hashText } from '../field.js'
import { assertSession, requireKey, type VerifierKey } from './keys.js'
import { isSignedBy, type KeySignature, signWith } from './signature.js'

/** Proof that somebody knows the secret of a verifier key, for one challenge and one session; JSON. */
export type Possession = KeySignature

/** Fewest bytes of a challenge: fewer could be met twice. */
export const MIN_CHALLENGE_BYTES = 16

/**
 * Proves to the maker of a challenge that this key's secret is known, for one named session or purpose.
 *
 * What is signed is Poseidon(tag, hash of the challenge, verifierKey, hash of the session) behind a tag that nothing else
 * has: a challenge chosen by somebody else cannot make it a signature over anything but a possession.
 *
 * @param o.challenge  16 bytes or more, fresh from the holder
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function provePossession(o: {
  readonly key: VerifierKey
  readonly challenge: Uint8Array
  readonly session: string
}): Possession {
  requireObject(o, 'options')
  // From the secret alone: a public key that is not the secret's own would give the secret away.
  const key = requireKey(o.key, 'key')
  return signWith(key, messageOf({ ...o, verifierKey: key.verifierKey }))
}

/**
 * Tells whether a possession is by the owner of a verifier key, over this very challenge and session. Check it before
 * proving: a proof for a key that nobody knows convinces everybody.
 *
 * It cannot show that the secret is free to be used: a key in hardware that only answers challenges, or one that several
 * parties hold in shares, passes too.
 *
 * @param o.possession  anything; what is malformed is no possession
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function checkPossession(o: {
  readonly verifierKey: bigint
  readonly challenge: Uint8Array
  readonly session: string
  readonly possession: unknown
}): boolean {
  requireObject(o, 'options')
  assertField(o.verifierKey, 'verifierKey')
  return isSignedBy(o.verifierKey, messageOf(o), o.possession)
}

function messageOf(o: {
  readonly challenge: Uint8Array
  readonly session: string
  readonly verifierKey: bigint
}): bigint {
  const { challenge, session, verifierKey } = o
  if (!(challenge instanceof Uint8Array)) throw new TypeError('challenge must be a Uint8Array')
  if (challenge.length < MIN_CHALLENGE_BYTES) {
    throw new RangeError(`challenge must have at least ${MIN_CHALLENGE_BYTES} bytes`)
  }
  const purpose = hashText(assertSession(session))
  return poseidon([SIGNATURE_DOMAIN.possession, hashBytes(challenge), verifierKey, purpose])
}
