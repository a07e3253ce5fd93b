import type { Command } from 'commander'
import { assertUint, type FieldInput, parseDecimal } from '../field.js'
import { Group } from '../merkle/index.js'
import { isRecord, readArray, readDecimal } from '../merkle/json.js'
import { type Policy, parsePolicy, type Roots } from '../policy/index.js'
import { issuerFromJson, issuerRootsFromJson } from '../sbt/index.js'
import type { Context } from '../statements/context.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { isDevelopmentKey, parseVerificationKey } from '../verifier/keys.js'
import { UsageError } from './errors.js'
import { readJson, say } from './io.js'

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

/** Reads a time option, Unix seconds; without it the machine's clock. */
export function readTime(value: string | undefined, label: string): bigint {
  if (value === undefined) return BigInt(Math.floor(Date.now() / 1000))
  const time = parseDecimal(value, label)
  assertUint(time, 63, label)
  return time
}

/** Reads an option that is a non-negative safe integer. */
export function readInteger(value: string, label: string): number {
  return Number(parseDecimal(value, label, BigInt(Number.MAX_SAFE_INTEGER)))
}

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value]
}

/** Reads a policy file. Throws as `parsePolicy` does. */
export async function readPolicy(path: string): Promise<Policy> {
  return parsePolicy(await readJson(path, 'policy'))
}

/** Reads a file with issuers' roots. Throws as `issuerRootsFromJson` does. */
export async function readRoots(path: string): Promise<Roots> {
  return issuerRootsFromJson(await readJson(path, 'roots'))
}

/**
 * Reads a group file: its members in order as decimal strings, in an array or under `members`; `0` where one was removed.
 *
 * @throws {SchemaError|RangeError} naming the member that is malformed
 */
export async function readGroup(path: string): Promise<Group> {
  const json = await readJson(path, 'group')
  const list = isRecord(json) && Object.hasOwn(json, 'members') ? json['members'] : json
  const members = readArray(list, 'group.members', 2 ** 20).map((member, i) =>
    readDecimal(member, `group.members[${i}]`),
  )
  // A removed place cannot be given to the constructor: it is filled and removed again.
  const group = new Group(members.map((member) => member || 1n))
  for (const [i, member] of members.entries()) if (member === 0n) group.remove(i)
  return group
}

/** Reads an issuer id that was given as an option. Throws {@link SchemaError} if it names no usable issuer. */
export function readIssuerId(id: string): string {
  return issuerFromJson({ id }).id
}

/** Tells whether the package's key of a statement is a development key. */
export function hasDevelopmentKey(statement: string): boolean {
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

function readFieldInput(name: string, text: string | undefined, decimal: string | undefined): FieldInput {
  if ((text === undefined) === (decimal === undefined)) {
    throw new UsageError(`--${name} or --${name}-field is needed, and only one of them`)
  }
  return text ?? parseDecimal(decimal, `--${name}-field`)
}
