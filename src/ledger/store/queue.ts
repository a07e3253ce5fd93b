/** The queue on disk: one record for each entry, by its position. */
import { LedgerError } from '../../errors.js'
import type { EntryWords } from '../entry.js'
import type { LedgerName } from '../reader.js'
import { LedgerStoreError } from './damage.js'
import { CHUNK, type Database, openDatabase, rangeOf, read, scan, write } from './database.js'
import {
  decodeText,
  decodeWords,
  encodeText,
  encodeWords,
  entryIndex,
  entryKey,
  PREFIX,
  textKey,
} from './records.js'

/** A queue on disk. */
export interface StoredQueue {
  readonly database: Database
  /** Whether the database was made just now. */
  readonly isNew: boolean
  readonly length: bigint
  /** Writes entries behind the last; they are on the disk when this resolves. One call at a time. */
  write(words: readonly EntryWords[]): Promise<void>
  /** Reads entries from a position on, at most `limit`. */
  read(from: bigint, limit: number): Promise<EntryWords[]>
  /** Removes the entries from a position on. */
  cut(length: bigint): Promise<void>
  /** Checks every record: its checksum, and that none is missing. */
  verify(): Promise<void>
}

const NAME = textKey('name')

/**
 * Opens the queue of a ledger, or creates it.
 *
 * @throws {LedgerStoreError} if it is damaged
 * @throws {LedgerError} if it is another ledger's
 */
export async function openQueue(location: string, name: LedgerName): Promise<StoredQueue> {
  const database = await openDatabase(location, 'queue')
  try {
    const isNew = await claim(database, name)
    let length = await lengthOf(database)
    return {
      database,
      isNew,
      get length() {
        return length
      },
      async write(words) {
        for (let from = 0; from < words.length; from += CHUNK) {
          const some = words.slice(from, from + CHUNK)
          const operations = some.map((entry, i) => {
            const key = entryKey(length + BigInt(i))
            return { type: 'put' as const, key, value: encodeWords(key, entry) }
          })
          await write(database, operations)
          length += BigInt(some.length)
        }
      },
      async read(from, limit) {
        if (limit <= 0 || from >= length) return []
        const found: EntryWords[] = []
        const range = { gte: entryKey(from), lt: entryKey(length), limit }
        for await (const records of scan(database, 'queue', range)) {
          for (const [key, value] of records) found.push(entryIn(key, value, from + BigInt(found.length)))
        }
        const expected = length - from < BigInt(limit) ? Number(length - from) : limit
        if (found.length !== expected) throw missing(from + BigInt(found.length))
        return found
      },
      async cut(to) {
        await database.clear({ gte: entryKey(to), lt: rangeOf(PREFIX.entry).lt })
        length = to
      },
      async verify() {
        let next = 0n
        for await (const records of scan(database, 'queue', rangeOf(PREFIX.entry))) {
          for (const [key, value] of records) entryIn(key, value, next++)
        }
        if (next !== length) throw missing(next)
      },
    }
  } catch (error) {
    await database.close()
    throw error
  }
}

function entryIn(key: Uint8Array, value: Uint8Array, expected: bigint): EntryWords {
  if (key.length !== 9) throw new LedgerStoreError('queue', 'a key is malformed')
  if (entryIndex(key) !== expected) throw missing(expected)
  const words = decodeWords(key, value)
  if (words === undefined) throw new LedgerStoreError('queue', `entry ${expected} does not fit its checksum`)
  return words
}

function missing(index: bigint): LedgerStoreError {
  return new LedgerStoreError('queue', `entry ${index} is missing`)
}

/** Number of entries: one more than the last position. */
async function lengthOf(database: Database): Promise<bigint> {
  const iterator = database.keys({ ...rangeOf(PREFIX.entry), reverse: true, limit: 1 })
  try {
    const last = await iterator.next()
    return last === undefined ? 0n : entryIndex(last) + 1n
  } finally {
    await iterator.close()
  }
}

/** Returns the ledger's name that a database was made with, or undefined if its making was interrupted. */
export async function storedName(location: string): Promise<LedgerName | undefined> {
  const database = await openDatabase(location, 'queue')
  try {
    const text = nameIn(database)
    if (text === undefined) return undefined
    const { id, categories } = JSON.parse(text) as LedgerName
    return { id, categories }
  } finally {
    await database.close()
  }
}

/** Writes the ledger's name into a new database, or checks it. Returns whether it is new. */
export async function claim(database: Database, { id, categories }: LedgerName): Promise<boolean> {
  const text = JSON.stringify({ version: 1, id, categories })
  const found = nameIn(database)
  if (found === undefined) {
    await database.put(NAME, encodeText(NAME, text), { sync: true })
    return true
  }
  if (found !== text) throw new LedgerError('the store is of another ledger, or of other categories')
  return false
}

function nameIn(database: Database): string | undefined {
  const value = read(database, 'queue', NAME)
  if (value === undefined) return undefined
  const text = decodeText(NAME, value)
  if (text === undefined) throw new LedgerStoreError('queue', 'its name does not fit its checksum')
  return text
}
