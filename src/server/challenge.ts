import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readChallenge } from './challenge-text.js'

/*
 * A challenge is a text that a proof takes as its message. The server keeps nothing of it: a MAC over the text and over what the
 * proof is for tells it its own. Who it is for stands in front, so that a wallet sees when one site passes on the challenge of
 * another.
 */

/** Fewest bytes of the secret under which challenges are made. */
export const MIN_SECRET_BYTES = 32

/** What a challenge is for. Nothing but audience, gate and expiresAt can be read from it. */
export interface ChallengePurpose {
  readonly audience: string
  readonly gate: string
  /** What has to be proved: statement, policy digest, scope, verifier keys. */
  readonly expectation: string
  /** What the app ties it to, such as a session or an account. */
  readonly binding: string
}

/** Makes a fresh challenge. */
export function issueChallenge(
  o: ChallengePurpose & { readonly secret: Uint8Array; readonly expiresAt: bigint },
): string {
  const nonce = randomBytes(16).toString('base64url')
  const text = `soulproof-challenge/1 ${o.audience} ${o.gate} ${o.expiresAt} ${nonce}`
  return `${text} ${macOf(o.secret, text, o).toString('base64url')}`
}

/** Why a challenge is not accepted, or undefined and until when it is. */
export type ChallengeCheck = { readonly expiresAt: bigint } | { readonly refused: string }

/** Checks that a challenge is one of ours, for this very purpose, and not over. */
export function checkChallenge(
  o: ChallengePurpose & {
    readonly secrets: readonly Uint8Array[]
    readonly challenge: unknown
    readonly now: bigint
  },
): ChallengeCheck {
  const read = readChallenge(o.challenge)
  if (read === undefined) return { refused: 'the challenge is malformed' }
  const { text, audience, gate, expiresAt, mac } = read
  const given = Buffer.from(mac, 'base64url')
  // The last character has bits to spare: another text for the same bytes would be another message.
  const isOurs =
    audience === o.audience &&
    gate === o.gate &&
    given.toString('base64url') === mac &&
    o.secrets.some((secret) => timingSafeEqual(given, macOf(secret, text, o)))
  if (!isOurs) return { refused: 'the challenge is not for this' }
  return o.now > expiresAt ? { refused: 'the challenge is too old' } : { expiresAt }
}

function macOf(secret: Uint8Array, text: string, { expectation, binding }: ChallengePurpose): Buffer {
  const mac = createHmac('sha256', secret)
  for (const part of ['soulproof challenge 1', text, expectation, binding]) {
    const bytes = Buffer.from(part, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    mac.update(length).update(bytes)
  }
  return mac.digest()
}
