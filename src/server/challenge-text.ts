const WORD = '[^\\s]{1,200}'
const FORM = new RegExp(
  `^(soulproof-challenge/1 (${WORD}) (${WORD}) ([1-9][0-9]{0,12}) [0-9A-Za-z_-]{22}) ([0-9A-Za-z_-]{43})$`,
)

/** A challenge, taken apart: `soulproof-challenge/1 <audience> <gate> <expiresAt> <nonce> <mac>`. */
export interface ChallengeText {
  /** All but the MAC. */
  readonly text: string
  readonly audience: string
  readonly gate: string
  /** Unix seconds. */
  readonly expiresAt: bigint
  /** In base64url. */
  readonly mac: string
}

/** Takes a challenge apart; undefined if it is none. Only its maker can tell whether it is genuine. */
export function readChallenge(challenge: unknown): ChallengeText | undefined {
  const match = typeof challenge === 'string' ? FORM.exec(challenge) : null
  if (match === null) return undefined
  const [, text, audience, gate, expiresAt, mac] = match as unknown as [string, ...string[]]
  return { text, audience, gate, expiresAt: BigInt(expiresAt as string), mac } as ChallengeText
}
