import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FeedEntry, FeedHead } from '../feed/index.js'
import { readBody } from '../http-body.js'
import type { Registry, RegistryKind, TreeDeltaJson } from '../merkle/index.js'
import { isRecord } from '../merkle/json.js'
import { UsageError } from './errors.js'
import { readText } from './io.js'
import { registryFromJson } from './registry-file.js'

/**
 * A published feed is a folder of files that never change but for `head.json`, so that any server of files can serve it:
 * `entry-<n>.json`, `deltas-<n>.json`, and whole trees as `<kind>-<root>.json`.
 */
export const HEAD_FILE = 'head.json'

/** Most entries that are read at once: a server could name any number. */
const MOST_ENTRIES = 100_000n
/** Most bytes of a file that are read over HTTP: a full tree's 2^20 leaves of 77 digits, in quotation marks on lines of their own. */
const MOST_BYTES = 128 * 2 ** 20
/** Most bytes of a head or an entry, which is some kilobytes for each of its issuers. */
const MOST_ENTRY_BYTES = 8 * 2 ** 20

/** Most characters of all entries that are read at once: they are kept until the last one is there. */
const MOST_CHARACTERS = 256 * 2 ** 20

/** Deltas of an entry, by issuer and tree. */
export type DeltasFile = Readonly<Record<string, { registry?: TreeDeltaJson; status?: TreeDeltaJson }>>

/** Name of an entry's file. */
export function entryFile(sequence: bigint): string {
  return `entry-${sequence}.json`
}

/** Name of the file with an entry's deltas. */
export function deltasFile(sequence: bigint): string {
  return `deltas-${sequence}.json`
}

/** Name of the file of a whole tree. */
export function treeFile(kind: RegistryKind, root: bigint | string): string {
  // Roots are long; names of files are read by people.
  return `${kind}-${createHash('sha256').update(root.toString()).digest('hex').slice(0, 32)}.json`
}

/** Where files of a feed come from. */
export interface FeedSource {
  /** Returns a text, or undefined if there is no such file. */
  read(name: string): Promise<string | undefined>
}

/** Opens a folder, or the address of one over HTTP. */
export function openSource(place: string): FeedSource {
  if (!/^https?:\/\//.test(place)) {
    return {
      async read(name) {
        const names = await readdir(place).catch(() => {
          throw new UsageError(`feed: ${place} cannot be read`)
        })
        return names.includes(name) ? readText(join(place, name), 'feed') : undefined
      },
    }
  }
  const base = place.endsWith('/') ? place : `${place}/`
  return {
    async read(name) {
      const unreachable = (): never => {
        throw new UsageError(`feed: ${place} cannot be reached`)
      }
      const response = await fetch(new URL(name, base)).catch(unreachable)
      if (response.status === 404) return undefined
      if (!response.ok) throw new UsageError(`feed: ${place} answers ${response.status}`)
      const most = /^(head|entry-\d+)\.json$/.test(name) ? MOST_ENTRY_BYTES : MOST_BYTES
      const bytes = await readBody(response, most).catch(unreachable)
      if (bytes === undefined) throw new UsageError(`feed: ${name} is longer than any can be`)
      return new TextDecoder().decode(bytes)
    },
  }
}

/** Reads JSON from a source; undefined if there is no such file. */
export async function readSource(source: FeedSource, name: string): Promise<unknown> {
  const text = await source.read(name)
  return text === undefined ? undefined : parse(text, name)
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`feed: ${name} is not JSON`)
  }
}

/** Reads a whole tree by its root; undefined if it is not there. */
export async function readTree(
  source: FeedSource,
  kind: RegistryKind,
  root: bigint | string,
): Promise<Registry | undefined> {
  const json = await readSource(source, treeFile(kind, root))
  if (json === undefined) return undefined
  const tree = registryFromJson(json, kind)
  if (tree.root.toString() !== root.toString())
    throw new UsageError(`feed: ${treeFile(kind, root)} has another root`)
  return tree
}

/**
 * Reads the entries from one on, up to the last that the source's head names. A source may hide the latest, which shows by
 * their age, and cannot make any up.
 */
export async function readEntries(source: FeedSource, from: bigint): Promise<unknown[]> {
  const head = await readSource(source, HEAD_FILE)
  const last = lastOf(head)
  // Older than what is known: whoever follows refuses it.
  const first = last !== undefined && last < from ? last : from
  if (last !== undefined && last - first >= MOST_ENTRIES) {
    throw new UsageError(`feed: more than ${MOST_ENTRIES} new entries; begin at a newer head`)
  }
  const entries: unknown[] = []
  let length = 0
  for (let sequence = first; last !== undefined && sequence <= last; sequence++) {
    const name = entryFile(sequence)
    const text = await source.read(name)
    if (text === undefined) throw new UsageError(`feed: ${name} is missing`)
    length += text.length
    if (length > MOST_CHARACTERS)
      throw new UsageError('feed: the new entries are too long; begin at a newer head')
    entries.push(parse(text, name))
  }
  return entries
}

/** The sequence number that a head claims. */
export function lastOf(head: unknown): bigint | undefined {
  const last = isRecord(head) ? (head as { last?: FeedEntry } & Partial<FeedHead>).last : undefined
  const text = isRecord(last) ? last['sequence'] : undefined
  return typeof text === 'string' && /^(0|[1-9][0-9]{0,14})$/.test(text) ? BigInt(text) : undefined
}
