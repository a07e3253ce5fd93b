import type { Provenance } from '../manifest.js'
import type { PlonkProvenance } from '../plonk-manifest.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { isDevelopmentKey, parseVerificationKey } from '../verifier/keys.js'
import { say } from './io.js'

/** Tells whether the package's key of a statement is a development key. */
function hasDevelopmentKey(statement: string): boolean {
  const shipped = Object.hasOwn(VERIFICATION_KEYS, statement) ? VERIFICATION_KEYS[statement] : undefined
  return shipped !== undefined && isDevelopmentKey(parseVerificationKey(shipped.key))
}

/** Warns on stderr if the package's key of a statement is a development key. */
export function warnOfDevelopmentKey(statement: string): void {
  if (hasDevelopmentKey(statement)) sayDevelopmentKey(statement)
}

/** Warns on stderr of a development key; `subject` says of what. */
export function sayDevelopmentKey(subject: string): void {
  say(`warning: ${subject} has a development key: anybody can forge its proofs, they convince nobody`)
}

/**
 * Says on stderr where a key of a ceremony or of a universal setup comes from, and warns of a development key; without
 * provenance the key is the package's.
 */
export function sayProvenance(statement: string, provenance: Provenance | PlonkProvenance | undefined): void {
  if (provenance?.kind === 'ceremony') {
    const { transcript, contributions } = provenance
    say(`${statement}: key of a ceremony with ${contributions} contributions, transcript ${transcript}`)
  } else if (provenance?.kind === 'universal') {
    say(`${statement}: key of a universal setup, BLAKE2b-512 of its powers of tau ${provenance.phase1}`)
  } else if (provenance) {
    sayDevelopmentKey(statement)
  } else {
    warnOfDevelopmentKey(statement)
  }
}
