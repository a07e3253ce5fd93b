import { type Beacon, checkBeacon } from '../designated/beacon.js'
import { parseDecimal } from '../field.js'
import { ledgerProofFromJson } from '../ledger/json.js'
import { Group, SetTree } from '../merkle/index.js'
import { isRecord, readArray, readDecimal, readObject } from '../merkle/json.js'
import { type LedgerProof, ledgerIdOf } from '../merkle/ledger.js'
import { type Policy, parsePolicy, type Roots } from '../policy/index.js'
import { rootsFromJson } from '../policy/roots.js'
import { type ClaimType, encodeClaim } from '../sbt/schema.js'
import { readClaim } from './claims.js'
import { UsageError } from './errors.js'
import { readJson } from './io.js'

const CLAIM_TYPES: readonly ClaimType[] = ['uint', 'int', 'date', 'bool', 'string', 'bytes', 'field']
const MAX_VALUES = 1 << 20

/** Reads a policy file. Throws as `parsePolicy` does. */
export async function readPolicy(path: string): Promise<Policy> {
  return parsePolicy(await readJson(path, 'policy'))
}

/**
 * Reads a file with roots of issuers and ledgers, all of one snapshot.
 *
 * @throws {SchemaError} naming the part that is missing, unknown or malformed
 */
export async function readRoots(path: string): Promise<Roots> {
  return rootsFromJson(await readJson(path, 'roots'))
}

/**
 * Reads openings of ledgers, as `ledger proof` writes them, and puts each under the id of the policy's ledger that it opens.
 *
 * @throws {UsageError} if the policy has no such ledger, or one is opened twice
 * @throws {SchemaError} if an opening is malformed, or does not lead to its root
 */
export async function readOpenings(
  paths: readonly string[],
  policy: Policy,
): Promise<Record<string, LedgerProof>> {
  const openings: Record<string, LedgerProof> = {}
  for (const path of paths) {
    const opening = ledgerProofFromJson(await readJson(path, '--ledger'), '--ledger')
    const rule = policy.ledgers.find(({ id }) => ledgerIdOf(id) === opening.state.ledgerId)
    if (rule === undefined) throw new UsageError('--ledger: is of no ledger that the policy names')
    if (Object.hasOwn(openings, rule.id)) throw new UsageError('--ledger: a ledger is opened twice')
    openings[rule.id] = opening
  }
  return openings
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

/**
 * Reads a set file, `{ "type": <claim type>, "values": […] }`, into the tree that policies name by its root.
 *
 * @throws {UsageError|SchemaError} naming the part that is malformed
 */
export async function readSet(path: string): Promise<SetTree> {
  const { type, values } = readObject(await readJson(path, 'set'), 'set', ['type', 'values'])
  const known = CLAIM_TYPES.find((candidate) => candidate === type)
  if (known === undefined) throw new UsageError(`set.type: must be one of ${CLAIM_TYPES.join(', ')}`)
  return new SetTree(
    readArray(values, 'set.values', MAX_VALUES).map((value, i) => {
      const at = `set.values[${i}]`
      return encodeClaim(known, readClaim(known, value, at), at)
    }),
  )
}

/** Reads a beacon file: source, value as 0x hex, and the time at which it became known. */
export async function readBeacon(path: string, label: string): Promise<Beacon> {
  const json = readObject(await readJson(path, label), 'beacon', ['source', 'value', 'at'])
  const value = json['value']
  if (typeof value !== 'string' || !/^0x([0-9a-f]{2})*$/.test(value)) {
    throw new UsageError('beacon.value: must be bytes as lower-case 0x hex')
  }
  return checkBeacon({
    source: json['source'] as string,
    value: Uint8Array.from(Buffer.from(value.slice(2), 'hex')),
    at: readDecimal(json['at'], 'beacon.at'),
  })
}

/** Writes a beacon as {@link readBeacon} reads it. */
export function beaconToJson({ source, value, at }: Beacon): unknown {
  return { source, value: `0x${Buffer.from(value).toString('hex')}`, at: at.toString() }
}

/**
 * Reads the beacon of a timed policy; undefined for another policy.
 *
 * @throws {UsageError} unless the beacon is given exactly for timed policies
 */
export async function readBeaconFor(policy: Policy, path: string | undefined): Promise<Beacon | undefined> {
  if ((policy.timed === undefined) !== (path === undefined)) {
    throw new UsageError('--beacon is needed for a timed policy, and for no other')
  }
  return path === undefined ? undefined : readBeacon(path, '--beacon')
}

/** Reads what a proof that no wallet has to satisfy is to say. */
export async function readChosen(
  policy: Policy,
  options: { readonly revealed?: string; readonly nullifier?: string; readonly handle?: string },
): Promise<object> {
  const { nullifier, handle } = options
  const names = policy.reveal.map(({ slot, claim }) => `${slot}.${claim}`)
  const revealed =
    options.revealed === undefined
      ? undefined
      : readObject(await readJson(options.revealed, '--revealed'), 'revealed', [], names)
  return {
    ...(revealed && { revealed }),
    ...(nullifier !== undefined && { nullifier: parseDecimal(nullifier, '--nullifier') }),
    ...(handle !== undefined && { handle: parseDecimal(handle, '--handle') }),
  }
}
