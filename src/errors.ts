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

/**
 * Checks that an argument is an object with methods of these names.
 *
 * @throws {TypeError} naming it otherwise
 */
export function requireMethods(value: unknown, label: string, names: readonly string[]): void {
  requireObject(value, label)
  for (const name of names) {
    if (typeof (value as Record<string, unknown>)[name] !== 'function')
      throw new TypeError(`${label}.${name} must be a function`)
  }
}

/**
 * Checks what long work is given to be stopped and watched by; both may be absent.
 *
 * @throws {TypeError} unless `signal` is an AbortSignal and `onProgress` a function
 */
export function requireHooks(o: { readonly signal?: unknown; readonly onProgress?: unknown }): void {
  const { signal, onProgress } = o
  // By its methods: that of another realm, or of a library, is one, too.
  if (signal !== undefined)
    requireMethods(signal, 'signal', ['throwIfAborted', 'addEventListener', 'removeEventListener'])
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw new TypeError('onProgress must be a function')
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

/** Events, answers or files do not lead to the registry that a contract has. */
export class RegistryError extends SoulproofError {
  override name = 'RegistryError'
}

/** A thread of the proving engine failed, or the engine is disposed of: the same proof may succeed with another. */
export class EngineError extends SoulproofError {
  override name = 'EngineError'
}

/** A failure of one of several kinds, named by `problem`; the message begins with it. */
export class ProblemError<Problem extends string> extends SoulproofError {
  readonly problem: Problem
  constructor(problem: Problem, message: string, options?: ErrorOptions) {
    super(`${problem}: ${message}`, options)
    this.problem = problem
  }
}

/** Why a feed of roots is refused; see `docs/feed.md`. */
export type FeedProblem =
  /** A part is missing, unknown or not canonical. */
  | 'malformed'
  /** It belongs to another feed. */
  | 'feed'
  /** It is not signed by the key in force. */
  | 'signature'
  /** Two entries of one sequence number: `equivocation` proves it. */
  | 'fork'
  /** It is older than what is known. */
  | 'roll-back'
  /** Entries in between are missing. */
  | 'gap'
  /** Times run backwards. */
  | 'time'
  /** It is published in the future. */
  | 'future'
  /** It has expired: a newer one is due. */
  | 'stale'
  /** Anchors do not follow from the roots, or are not there. */
  | 'anchors'
  /** A tree or delta is not the one that is signed. */
  | 'tree'
  /** The SBT is revoked in the new trees. */
  | 'revoked'

/** An entry, tree or head of a feed is malformed or refused; `problem` says which attack or accident it looks like. */
export class FeedError extends ProblemError<FeedProblem> {
  override name = 'FeedError'
  /** For a fork: a proof for others, see `checkEquivocation`. */
  readonly equivocation?: unknown
  constructor(
    problem: FeedProblem,
    message: string,
    options: ErrorOptions & { readonly equivocation?: unknown } = {},
  ) {
    super(problem, message, options)
    if (options.equivocation !== undefined) this.equivocation = options.equivocation
  }
}

/** Why a message of an issuing is refused; see `docs/issuing.md`. */
export type IssuingProblem =
  /** A part is missing, unknown or not canonical. */
  | 'malformed'
  /** It is of another issuer than expected. */
  | 'issuer'
  /** The offer is not signed by its issuer. */
  | 'signature'
  /** The offer is for another person. */
  | 'subject'
  /** The offer is over. */
  | 'expired'
  /** The proof does not show the secret behind this holder for this offer. */
  | 'possession'
  /** This person has an SBT of this schema already. */
  | 'person'
  /** This Soul has an SBT of this schema already, under another person. */
  | 'soul'
  /** This holder was used before. */
  | 'holder'
  /** What was issued is not what was offered. */
  | 'sbt'
  /** The store of persons is damaged or open elsewhere. */
  | 'store'

/** A message between issuer and holder is malformed or refused; `problem` says why. */
export class IssuingError extends ProblemError<IssuingProblem> {
  override name = 'IssuingError'
}

/** Why a backup does not open. */
export type BackupProblem =
  /** A part is missing, unknown or of another form. */
  | 'malformed'
  /** It was written by a later release. */
  | 'version'
  /** It ends too early. */
  | 'truncated'
  /** The passphrase is wrong. */
  | 'passphrase'
  /** The passphrase is right, and something in the backup was changed. */
  | 'altered'

/** A backup does not open; `problem` says why. */
export class BackupError extends ProblemError<BackupProblem> {
  override name = 'BackupError'
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
