import { SIGNATURE_DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertField, assertUint } from '../field.js'
import { readDecimal, readObject } from '../merkle/json.js'
import { requireKey, type VerifierKey } from './keys.js'
import { isSignedBy, type KeySignature, signWith } from './signature.js'

/** A verifier's statement that one key takes the place of another, signed by both; JSON. */
export interface KeyRotation {
  readonly version: 1
  readonly previous: string
  readonly next: string
  /** Unix seconds from which the next key counts. */
  readonly at: string
  readonly signatures: readonly [previous: KeySignature, next: KeySignature]
}

/**
 * Announces a new verifier key to those who know the old one.
 *
 * The old key signs that the new one follows it, the new one that its secret is known. Keep no old secret that leaked:
 * whoever has it can announce another successor.
 *
 * @param o.at  Unix seconds from which the new key counts
 * @throws {TypeError|RangeError} naming the argument that is malformed, or if both keys are the same
 */
export function rotateVerifierKey(o: {
  readonly from: VerifierKey
  readonly to: VerifierKey
  readonly at: bigint
}): KeyRotation {
  requireObject(o, 'options')
  const [from, to] = [requireKey(o.from, 'from'), requireKey(o.to, 'to')]
  assertUint(o.at, 63, 'at')
  if (from.verifierKey === to.verifierKey) throw new RangeError('to must be another key than from')
  const message = messageOf(from.verifierKey, to.verifierKey, o.at)
  return {
    version: 1,
    previous: from.verifierKey.toString(),
    next: to.verifierKey.toString(),
    at: o.at.toString(),
    signatures: [signWith(from, message), signWith(to, message)],
  }
}

/**
 * Follows a rotation from a key that is trusted.
 *
 * @param o.rotation  anything
 * @param o.now       Unix seconds; a rotation of the future does not count yet
 * @returns the next key, or undefined if the rotation is malformed, of another key, not signed by both, or too early
 * @throws {TypeError|RangeError} if verifierKey or now is malformed
 */
export function followRotation(o: {
  readonly verifierKey: bigint
  readonly rotation: unknown
  readonly now: bigint
}): bigint | undefined {
  requireObject(o, 'options')
  assertField(o.verifierKey, 'verifierKey')
  assertUint(o.now, 63, 'now')
  let numbers: { readonly previous: bigint; readonly next: bigint; readonly at: bigint }
  let signatures: readonly unknown[]
  try {
    const fields = readObject(o.rotation, 'rotation', ['version', 'previous', 'next', 'at', 'signatures'])
    if (fields['version'] !== 1 || !Array.isArray(fields['signatures'])) return undefined
    signatures = [...fields['signatures']]
    numbers = {
      previous: readDecimal(fields['previous'], 'previous'),
      next: readDecimal(fields['next'], 'next'),
      at: readDecimal(fields['at'], 'at', 1n << 63n),
    }
  } catch {
    // A getter or a proxy may throw anything.
    return undefined
  }
  const { previous, next, at } = numbers
  if (previous !== o.verifierKey || next === previous || at > o.now || signatures.length !== 2)
    return undefined
  const message = messageOf(previous, next, at)
  const isSigned = [previous, next].every((key, i) => isSignedBy(key, message, signatures[i]))
  return isSigned ? next : undefined
}

function messageOf(previous: bigint, next: bigint, at: bigint): bigint {
  return poseidon([SIGNATURE_DOMAIN.rotation, previous, next, at])
}
