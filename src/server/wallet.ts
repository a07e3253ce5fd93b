/** The wallet's side of a gate: checks what is asked before anything is proved. For pages and Node alike. */

import { checkPossession, type Possession } from '../designated/possession.js'
import { requireObject, SoulproofError } from '../errors.js'
import { assertField, assertUint, parseDecimal } from '../field.js'
import { compilePolicy, type Policy, parsePolicy } from '../policy/index.js'
import { readChallenge } from './challenge-text.js'

/** An offer that was checked: what to prove, and what to bind the proof to. */
export interface CheckedOffer {
  readonly gate: string
  readonly statement: string
  /** Of policy statements; show what `explainPolicy` says of it to whoever is to prove it. */
  readonly policy?: Policy
  readonly scope: bigint
  /** The challenge; absent if the gate takes another message, such as a recipient. */
  readonly message?: string
  readonly verifierKey: bigint
}

/** An offer is not what this wallet answers. */
export class OfferError extends SoulproofError {
  override name = 'OfferError'
}

/**
 * Checks the offer of a gate. The scope is the gate's own choice, which may be the scope of another app: show it, and tell the person
 * when somebody else has asked for it before. Without a challenge the message is not the gate's either: it says what the proof is to do,
 * so that it must never come from the page unseen.
 *
 * @param o.audience     whom the wallet talks to: the origin of the page. A challenge that somebody passes on has another one
 * @param o.now          Unix seconds
 * @param o.verifierKey  commitment of the verifier whom alone the proof shall convince, from where the wallet trusts it; by default
 *   a proof for everybody is meant
 * @param o.possession   the fresh challenge that went with the request, if there is a verifier key
 * @throws {OfferError} if the offer is malformed, for somebody else, over, or asks for another key
 * @throws {PolicyError} if its policy is malformed
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function readGateOffer(o: {
  readonly offer: unknown
  readonly audience: string
  readonly now: bigint
  readonly verifierKey?: bigint
  readonly possession?: Uint8Array
}): CheckedOffer {
  requireObject(o, 'options')
  const { offer, audience, now, verifierKey = 0n, possession } = o
  if (typeof audience !== 'string') throw new TypeError('audience must be a string')
  assertUint(now, 62, 'now')
  assertField(verifierKey, 'verifierKey')
  if (typeof offer !== 'object' || offer === null) throw new OfferError('the offer must be an object')
  const said = offer as Readonly<Record<string, unknown>>
  const { version, gate, statement, challenge } = said
  if (version !== 1) throw new OfferError('the offer is of an unknown version')
  if (said['audience'] !== audience) throw new OfferError('the offer is for somebody else')
  if (typeof gate !== 'string' || typeof statement !== 'string')
    throw new OfferError('the offer is malformed')
  if (number(said['verifierKey']) !== verifierKey || number(said['verifierKey2']) !== 0n)
    throw new OfferError('the offer asks for a proof to another verifier than the wallet means')
  const scope = number(said['scope'])
  if (challenge !== undefined) {
    const read = readChallenge(challenge)
    if (read?.audience !== audience || read.gate !== gate)
      throw new OfferError('the challenge is malformed, or for somebody else')
    if (read.expiresAt < now) throw new OfferError('the challenge is over')
  }
  if (verifierKey !== 0n) {
    if (possession === undefined) throw new OfferError('the verifier has to prove that it knows its key')
    const session = challenge as string | undefined
    const given = said['possession'] as Possession | undefined
    const isOwner =
      session !== undefined &&
      checkPossession({ verifierKey, challenge: possession, session, possession: given })
    if (!isOwner) throw new OfferError('the verifier does not prove that it knows its key')
  }
  const common = {
    ...{ gate, statement, scope, verifierKey },
    ...(challenge !== undefined && { message: challenge as string }),
  }
  if (statement === 'membership') return common
  const policy = parsePolicy(said['policy'])
  if (compilePolicy(policy).profile.name !== statement)
    throw new OfferError('the statement is not that of the policy')
  return { ...common, policy }
}

function number(value: unknown): bigint {
  try {
    return parseDecimal(value, 'value')
  } catch (cause) {
    throw new OfferError('a number of the offer is malformed', { cause })
  }
}
