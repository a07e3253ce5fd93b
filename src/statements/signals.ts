/** Public signals of all statements, in circuit order, and the text of revealed claims: what prover and verifier share. */
import type { Point } from '../crypto/babyjub.js'
import { type ClaimType, type ClaimValue, encodeClaim } from '../sbt/schema.js'
import type { ContextSignals } from './context.js'

/** Width of the signal `now`: the circuits have answers for all clocks below 2^64, and for none beyond. */
export const CLOCK_BITS = 64

/** Public signals of `membership`, in circuit order. */
export interface MembershipSignals extends ContextSignals {
  readonly nullifier: bigint
  readonly root: bigint
}

/** Names of the public signals of `membership`, in circuit order. */
export const MEMBERSHIP_SIGNALS = [
  'nullifier',
  'root',
  'scope',
  'message',
  'verifierKey',
  'verifierKey2',
] as const

/** Returns the public signals in circuit order, as decimal strings. */
export function membershipPublicSignals(signals: MembershipSignals): string[] {
  return MEMBERSHIP_SIGNALS.map((name) => signals[name].toString())
}

/** Public signals of a policy statement, in circuit order. */
export interface PolicySignals extends ContextSignals {
  /** One per reveal of the profile; 0 where the policy reveals nothing. */
  readonly reveal: readonly bigint[]
  /** 0 unless the policy discloses it. */
  readonly handle: bigint
  readonly nullifier: bigint
  readonly policyDigest: bigint
  /** Unix seconds, below 2^64. */
  readonly now: bigint
  readonly anchorsRoot: bigint
  /** One per ledger of the profile; 0 where the policy reads none. */
  readonly ledgerRoot: readonly bigint[]
  /** Of timed statements: the commitment to whether the claim holds. */
  readonly P?: Point
}

/** Names of the public signals after the reveals, in circuit order; the ledgers' roots follow. */
export const POLICY_SIGNALS = [
  'handle',
  'nullifier',
  'policyDigest',
  'scope',
  'message',
  'now',
  'verifierKey',
  'verifierKey2',
  'anchorsRoot',
] as const

/** Names of the public signals of timed statements after those, in circuit order. */
export const TIMED_SIGNALS = ['P[0]', 'P[1]'] as const

/** Returns the public signals in circuit order, as decimal strings. */
export function policyPublicSignals(signals: PolicySignals): string[] {
  const { reveal, ledgerRoot, P = [] } = signals
  return [...reveal, ...POLICY_SIGNALS.map((name) => signals[name]), ...ledgerRoot, ...P].map(String)
}

/** Writes a claim's value as text: decimal, `true` or `false`, the text itself, or 0x and hex for bytes. */
export function claimText(value: ClaimValue): string {
  if (!(value instanceof Uint8Array)) return String(value)
  return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/**
 * Reads what {@link claimText} wrote.
 *
 * @throws {SchemaError|TypeError|RangeError} if the text is not the canonical text of a value of the type
 */
export function parseClaimText(type: ClaimType, text: unknown, label: string): ClaimValue {
  if (typeof text !== 'string') throw new TypeError(`${label} must be a string`)
  let value: ClaimValue = text
  if (type === 'bool') {
    value = text === 'true'
  } else if (type === 'bytes') {
    if (!/^0x([0-9a-f]{2})*$/.test(text)) throw new RangeError(`${label} must be 0x and hex`)
    value = Uint8Array.from({ length: text.length / 2 - 1 }, (_, i) =>
      Number.parseInt(text.slice(2 * i + 2, 2 * i + 4), 16),
    )
  } else if (type !== 'string') {
    if (!/^-?[0-9]{1,80}$/.test(text)) throw new RangeError(`${label} must be a decimal number`)
    value = BigInt(text)
  }
  if (claimText(value) !== text) throw new RangeError(`${label} must be canonical`)
  encodeClaim(type, value, label)
  return value
}
