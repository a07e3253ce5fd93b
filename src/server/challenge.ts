import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * A challenge is a text that a proof takes as its message. The server keeps nothing of it: a MAC over the text and over what the
 * proof is for tells it its own. Who it is for stands in front, so that a wallet sees when one site passes on the challenge of
 * another.
 *
 *   soulproof-challenge/1 <audience> <gate> <expiresAt> <nonce> <mac>
 */

/** Fewest bytes of the secret under which challenges are made. */
export const MIN_SECRET_BYTES = 32

const WORD = '[^\\s]{1,200}'
const FORM = new RegExp(
  `^(soulproof-challenge/1 (${WORD}) (${WORD}) ([1-9][0-9]{0,12}) [0-9A-Za-z_-]{22}) ([0-9A-Za-z_-]{43})$`,
)

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
  const match = typeof o.challenge === 'string' ? FORM.exec(o.challenge) : null
  if (match === null) return { refused: 'the challenge is malformed' }
  const [, text, audience, gate, expiresAt, mac] = match as unknown as string[]
  const given = Buffer.from(mac as string, 'base64url')
  // The last character has bits to spare: another text for the same bytes would be another message.
  const isOurs =
    audience === o.audience &&
    gate === o.gate &&
    given.toString('base64url') === mac &&
    o.secrets.some((secret) => timingSafeEqual(given, macOf(secret, text as string, o)))
  if (!isOurs) return { refused: 'the challenge is not for this' }
  const end = BigInt(expiresAt as string)
  return o.now > end ? { refused: 'the challenge is too old' } : { expiresAt: end }
}

/** Reads for whom a challenge is, and until when it counts. Only its maker can tell whether it is genuine. */
export function readChallenge(
  challenge: unknown,
): { readonly audience: string; readonly gate: string; readonly expiresAt: bigint } | undefined {
  const match = typeof challenge === 'string' ? FORM.exec(challenge) : null
  if (match === null) return undefined
  const [, , audience, gate, expiresAt] = match as unknown as string[]
  return { audience: audience as string, gate: gate as string, expiresAt: BigInt(expiresAt as string) }
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
