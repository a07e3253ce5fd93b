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
