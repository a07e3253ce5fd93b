import { compilePolicy } from 'soulproof/policy'
import { acceptOnce, type Standing } from './claims.js'
import type { Handed } from './link.js'
import { publishedRoots } from './offices.js'
import { openVerifier, type Provenance, type Verification } from './proving.js'
import { askedOf, type Question } from './question.js'

/** Seconds for which a verifier of this playground takes a proof's clock: links are opened later. */
const LINK_LIFE = 7n * 86_400n

/** What a verifier of this playground found. */
export interface Finding {
  readonly result: Verification
  /** Of a valid proof. */
  readonly standing?: Standing
  readonly provenance: Provenance
  readonly milliseconds: number
}

/** The scope of a question, for prover and verifier. */
export function scopeOf({ asker, purpose }: Question): string {
  return `${asker}: ${purpose}`
}

/** Verifies as the asker does: by its own question, lists, clock and memory. */
export async function verifyHanded(handed: Handed, now: bigint): Promise<Finding> {
  const { question, revoked, envelope, message } = handed
  const verifier = await openVerifier()
  const { policy, offices } = askedOf(question)
  const scope = scopeOf(question)
  const roots = [publishedRoots(revoked, offices)]
  const start = performance.now()
  const result = await verifier.verify({
    policy,
    roots,
    scope,
    message,
    now,
    maxClockSkew: LINK_LIFE,
    envelope,
  })
  const milliseconds = performance.now() - start
  const provenance = verifier.provenance(compilePolicy(policy).profile.name)
  if (!result.valid) return { result, provenance, milliseconds }
  return {
    result,
    standing: acceptOnce({ scope, nullifier: result.nullifier, message }),
    provenance,
    milliseconds,
  }
}
