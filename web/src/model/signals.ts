import type { Envelope } from 'soulproof/prover'

/* Where public signals of policies stand, see docs/statements. */

const AFTER_REVEALS = ['handle', 'nullifier', 'policyDigest', 'scope', 'message', 'now'] as const

/** Position of a signal in a policy statement. */
export function signalIndex(statement: string, name: (typeof AFTER_REVEALS)[number]): number {
  return (statement === 'policy-l' ? 4 : 2) + AFTER_REVEALS.indexOf(name)
}

/** A signal of an envelope. @throws {RangeError} if it has too few */
export function signalOf(envelope: Envelope, name: (typeof AFTER_REVEALS)[number]): bigint {
  const text = envelope.publicSignals[signalIndex(envelope.statement, name)]
  if (text === undefined) throw new RangeError('the envelope has too few signals')
  return BigInt(text)
}
