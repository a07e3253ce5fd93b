import { readFile, stat } from 'node:fs/promises'
import { SchemaError } from '../errors.js'
import { isRecord, readArray, readDecimal } from '../merkle/json.js'
import { rootsFromJson } from '../policy/roots-json.js'
import type { Roots } from '../policy/types.js'
import type { Snapshot } from './gate.js'

const MAX_SNAPSHOTS = 1000

/**
 * Reads snapshots of roots of issuers and ledgers: `[{ "at": "<Unix seconds>", "issuers": …, "ledgers": … }]`.
 *
 * @throws {SchemaError} naming the part that is malformed
 */
export function rootSnapshots(json: unknown): Snapshot<Roots>[] {
  return snapshotsOf(json, (rest) => rootsFromJson(rest))
}

/**
 * Reads snapshots of a group's root: `[{ "at": "<Unix seconds>", "root": "<decimal>" }]`.
 *
 * @throws {SchemaError} naming the part that is malformed
 */
export function groupSnapshots(json: unknown): Snapshot<bigint>[] {
  return snapshotsOf(json, (rest, path) => {
    if (Object.keys(rest).join() !== 'root') throw new SchemaError(path, 'must have at and root')
    const root = readDecimal(rest['root'], `${path}.root`)
    // An empty group, of which anybody could be a member.
    if (root === 0n) throw new SchemaError(`${path}.root`, 'must not be 0')
    return root
  })
}

function snapshotsOf<R>(
  json: unknown,
  read: (rest: Readonly<Record<string, unknown>>, path: string) => R,
): Snapshot<R>[] {
  return readArray(json, 'snapshots', MAX_SNAPSHOTS).map((one, i) => {
    const path = `snapshots[${i}]`
    if (!isRecord(one)) throw new SchemaError(path, 'must be an object')
    const { at, ...rest } = one
    return { at: readDecimal(at, `${path}.at`, 1n << 62n), roots: read(rest, path) }
  })
}

/**
 * Reads a file of JSON.
 *
 * @throws {SchemaError} naming the file, if it cannot be read or is not JSON
 */
export async function readJsonFile(path: string): Promise<unknown> {
  let content: string
  try {
    content = await readFile(path, 'utf8')
  } catch (cause) {
    throw new SchemaError(path, 'cannot be read', { cause })
  }
  try {
    return JSON.parse(content)
  } catch {
    throw new SchemaError(path, 'is not JSON')
  }
}

/** Snapshots in a file that somebody else writes. */
export interface RootsFile<R> {
  /** The snapshots of the last content that could be read. */
  current(): Promise<readonly Snapshot<R>[]>
}

/**
 * Follows a file of snapshots: it is looked at again when somebody asks, at most once in so many seconds. Whoever writes it puts a
 * new file in its place; content that cannot be read is passed over, and the snapshots before it grow old.
 *
 * @param o.onTrouble  told when the file cannot be read
 * @throws {SchemaError} if it cannot be read at first
 */
export async function followRootsFile<R>(o: {
  readonly path: string
  readonly read: (json: unknown) => Snapshot<R>[]
  readonly seconds: number
  readonly onTrouble: () => void
}): Promise<RootsFile<R>> {
  const { path, read, seconds, onTrouble } = o
  const load = async (): Promise<Snapshot<R>[]> => read(await readJsonFile(path))
  const versionOf = async (): Promise<string> => {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs} ${size} ${ino}`
  }
  // Before the content: what is written in between is read again.
  let version = await versionOf().catch(() => '')
  let snapshots: readonly Snapshot<R>[] = await load()
  let lookedAt = performance.now()
  let looking: Promise<void> | undefined

  const look = async (): Promise<void> => {
    try {
      const found = await versionOf()
      if (found !== version) {
        snapshots = await load()
        version = found
      }
    } catch {
      onTrouble()
    }
  }
  return {
    async current() {
      if (performance.now() - lookedAt >= 1000 * seconds) {
        lookedAt = performance.now()
        looking = look().finally(() => {
          looking = undefined
        })
      }
      await looking
      return snapshots
    },
  }
}
