import { CommanderError } from 'commander'
import {
  ArtifactError,
  CeremonyError,
  KeyFileError,
  LedgerError,
  ProblemError,
  SoulproofError,
  StatementError,
} from '../errors.js'

/** Input or usage is malformed: exit code 2. The message names the field or option and never a value. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Well-formed, but refused: a wrong passphrase, an invalid proof, a file that is there already. Exit code 1. */
export class RefusedError extends Error {
  override name = 'RefusedError'
}

/** What the process says and how it ends when a command fails. */
export interface Failure {
  readonly lines: readonly string[]
  readonly exitCode: 0 | 1 | 2
}

/**
 * Turns whatever a command threw into lines for stderr and an exit code: 1 for what is refused, 2 for what is malformed.
 *
 * An error that is none of ours may carry a value in its message, so that only its name is shown.
 */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) return describeUsage(error)
  if (error instanceof StatementError) {
    const reasons = error.reasons.map(({ path, reason }) => `  ${path}: ${reason}`)
    return { lines: [`refused: ${error.message}`, ...reasons], exitCode: 1 }
  }
  const isRefusedFile = error instanceof KeyFileError && error.refused
  const isRefusedMessage = error instanceof ProblemError && error.problem !== 'malformed'
  const isRefused = [RefusedError, ArtifactError, CeremonyError, LedgerError].some(
    (type) => error instanceof type,
  )
  if (error instanceof Error && (isRefused || isRefusedFile || isRefusedMessage)) {
    return { lines: [`refused: ${error.message}`], exitCode: 1 }
  }
  if (
    error instanceof UsageError ||
    error instanceof SoulproofError ||
    error instanceof TypeError ||
    error instanceof RangeError
  ) {
    return { lines: [`error: ${error.message}`], exitCode: 2 }
  }
  const name = error instanceof Error ? error.name : 'unknown'
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown }
  // Its message shows paths and addresses.
  if (typeof code === 'string' && typeof syscall === 'string') {
    return {
      lines: [`error: the system refuses (${syscall}, ${code}); SOULPROOF_DEBUG=1 shows more`],
      exitCode: 1,
    }
  }
  const detail = typeof code === 'string' ? `${name}, ${code}` : name
  return { lines: [`error: unexpected failure (${detail}); SOULPROOF_DEBUG=1 shows more`], exitCode: 1 }
}

/** Commander repeats the user's words; they may be a secret that was given as an argument by mistake. */
function describeUsage(error: CommanderError): Failure {
  const { code, message } = error
  if (code === 'commander.helpDisplayed' || code === 'commander.version') return { lines: [], exitCode: 0 }
  if (code === 'commander.help') return { lines: [], exitCode: 2 }
  if (code === 'commander.unknownOption') {
    const option = /'(--?[A-Za-z][A-Za-z0-9-]*)/.exec(message)?.[1]
    return { lines: [`error: unknown option${option ? ` ${option}` : ''}; see --help`], exitCode: 2 }
  }
  if (code === 'commander.excessArguments')
    return { lines: ['error: too many arguments; see --help'], exitCode: 2 }
  if (code === 'commander.unknownCommand')
    return { lines: ['error: unknown command; see --help'], exitCode: 2 }
  return { lines: [message.replaceAll('\n', ' ')], exitCode: 2 }
}
