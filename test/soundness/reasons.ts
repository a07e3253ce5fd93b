/** Why a signal that the rules do not prove is harmless: one reason for a pattern of names, indexes left out. */
export interface Reason {
  readonly signal: RegExp
  /** Circuits that it is about; absent: all. */
  readonly circuit?: RegExp
  readonly reason: string
}

/** Signals that the inputs do not determine. */
export const UNPROVED: readonly Reason[] = [
  {
    signal: /(^|\.)IsZero\.inverse$/,
    reason:
      'The inverse of 0 is free: in = 0 makes in * inverse = 0 whatever it is, and out = 1. Nothing else reads it (circuits/lib/compare.circom).',
  },
  {
    signal: /^(MontgomeryAdd\.slope|out\[\])$/,
    circuit: /^MontgomeryAdd$/,
    reason:
      'The gadget alone: the slope is free where both u are equal. Within its callers that is proved not to be.',
  },
]

/** Signals declared `{binary}` that are not bits in every witness. */
export const NOT_BITS: readonly Reason[] = [
  {
    circuit: /^(policy-(m|m-timed|l)|Load\(3\))$/,
    signal:
      /(^|\.)(load\[\]\.held|Load\.held|held|held\[\]|nextHeld|isMember|isNoMember|(inSet|notInSet|satisfied)(\[\])?|value\[\])$/,
    reason:
      'held counts the SBTs that count for a slot. It is 2 or more only if two name the same slot; then distinct is 0, and the claim with it, whatever these signals are (circuits/lib/policy.circom).',
  },
]

/** The reason for a signal, or undefined. */
export function reasonFor(list: readonly Reason[], circuit: string, signal: string): Reason | undefined {
  return list.find((one) => (one.circuit?.test(circuit) ?? true) && one.signal.test(signal))
}
