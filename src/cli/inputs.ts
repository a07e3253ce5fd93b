import { Group, SetTree } from '../merkle/index.js'
import { isRecord, readArray, readDecimal, readObject } from '../merkle/json.js'
import { type Policy, parsePolicy, type Roots } from '../policy/index.js'
import { issuerRootsFromJson } from '../sbt/index.js'
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
