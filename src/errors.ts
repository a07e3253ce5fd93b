/**
 * Errors shared by every folder. Wrong types throw `TypeError`, wrong values `RangeError`; both name the
 * argument by its label and never show the value, because the values here are often secrets.
 */

/**
 * Checks that an argument is an object, such as the options of a function.
 *
 * @throws {TypeError} naming it otherwise
 */
export function requireObject(value: unknown, label: string): void {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${label} must be an object`)
}

/** A failure that a caller may want to handle: `name` tells which. */
export class SoulproofError extends Error {
  override name = 'SoulproofError'
}

/** A policy is malformed, vacuous, unsatisfiable by construction, or too large for every profile. */
export class PolicyError extends SoulproofError {
  override name = 'PolicyError'
  /** Where the culprit stands in the policy's JSON, such as `require.all[2].atLeast`. */
  readonly path: string
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(`${path}: ${message}`, options)
    this.path = path
  }
}

/** A claim, schema or SBT does not have the form that its schema demands. */
export class SchemaError extends SoulproofError {
  override name = 'SchemaError'
  /** The offending part, such as `claims.birthDate`. */
  readonly path: string
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(`${path}: ${message}`, options)
    this.path = path
  }
}

/** The wallet cannot satisfy the statement; thrown before any witness is computed. */
export class StatementError extends SoulproofError {
  override name = 'StatementError'
  /** Why, by path in the policy where there is one. */
  readonly reasons: readonly { readonly path: string; readonly reason: string }[]
  constructor(
    message: string,
    reasons: readonly { path: string; reason: string }[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.reasons = reasons
  }
}

/** An artifact is missing, truncated, of the wrong circuit, or does not match its pinned hash. */
export class ArtifactError extends SoulproofError {
  override name = 'ArtifactError'
  /**
   * Why a source does not give it, where that is what failed: it cannot be reached, does not have it, answers with an error,
   * stopped sending, was cut off, or gives another file.
   */
  readonly fault: ArtifactFault | undefined
  constructor(message?: string, options: ErrorOptions & { readonly fault?: ArtifactFault | undefined } = {}) {
    super(message, options)
    this.fault = options.fault
  }
}

/** Why a source does not give an artifact. */
export type ArtifactFault = 'unreachable' | 'missing' | 'refused' | 'stalled' | 'cut' | 'wrong'

/** A proving or verification key is malformed, unsafe (gamma equals delta) or a refused development key. */
export class KeyError extends SoulproofError {
  override name = 'KeyError'
}

/** A file or contribution of a ceremony is not what it has to be; the message begins with the culprit. */
export class CeremonyError extends SoulproofError {
  override name = 'CeremonyError'
  /** What is refused, such as `membership/0003.zkey`, `contribution 3` or `transcript.json`. */
  readonly culprit: string
  constructor(culprit: string, message: string, options?: ErrorOptions) {
    super(`${culprit}: ${message}`, options)
    this.culprit = culprit
  }
}

/** An entry, root or store of a ledger is not what it has to be. */
export class LedgerError extends SoulproofError {
  override name = 'LedgerError'
}

/** A thread of the proving engine failed, or the engine is disposed of: the same proof may succeed with another. */
export class EngineError extends SoulproofError {
  override name = 'EngineError'
}

/** A key file is malformed, or it is refused: wrong passphrase, altered, of other keys. */
export class KeyFileError extends SoulproofError {
  override name = 'KeyFileError'
  /** Whether the file is well-formed, but does not open. */
  readonly refused: boolean
  constructor(message: string, options: ErrorOptions & { readonly refused?: boolean } = {}) {
    super(message, options)
    this.refused = options.refused ?? false
  }
}
