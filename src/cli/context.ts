import type { Command } from 'commander'
import { type FieldInput, parseDecimal } from '../field.js'
import type { Context } from '../statements/context.js'
import { UsageError } from './errors.js'

/** Options of `prove` and `verify` that say what a proof is bound to. */
export interface ContextOptions {
  readonly scope?: string
  readonly scopeField?: string
  readonly message?: string
  readonly messageField?: string
  readonly verifierKey?: string
  readonly verifierKey2?: string
}

/** Adds the options of {@link ContextOptions}. */
export function withContext(command: Command): Command {
  return command
    .option('--scope <text>', 'scope of the nullifier: a poll, a drop, an app')
    .option('--scope-field <decimal>', 'the scope as a field element, instead of --scope')
    .option('--message <text>', 'what the proof is bound to: a recipient, a ballot, a nonce')
    .option('--message-field <decimal>', 'the message as a field element, instead of --message')
    .option('--verifier-key <decimal>', 'key commitment of the only verifier to be convinced')
    .option('--verifier-key-2 <decimal>', 'a second verifier, whose owner must not help the holder')
}

/**
 * Reads what a proof is bound to.
 *
 * @throws {UsageError} unless scope and message are given once each
 * @throws {RangeError} for a number that is not a canonical field element
 */
export function readContext(options: ContextOptions): Context {
  const { verifierKey, verifierKey2 } = options
  return {
    scope: readFieldInput('scope', options.scope, options.scopeField),
    message: readFieldInput('message', options.message, options.messageField),
    ...(verifierKey !== undefined && { verifierKey: parseDecimal(verifierKey, '--verifier-key') }),
    ...(verifierKey2 !== undefined && { verifierKey2: parseDecimal(verifierKey2, '--verifier-key-2') }),
  }
}

function readFieldInput(name: string, text: string | undefined, decimal: string | undefined): FieldInput {
  if ((text === undefined) === (decimal === undefined)) {
    throw new UsageError(`--${name} or --${name}-field is needed, and only one of them`)
  }
  return text ?? parseDecimal(decimal, `--${name}-field`)
}
