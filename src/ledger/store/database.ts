/** The embedded database, as the store uses it: LevelDB with bytes for keys and values. */
import type { ClassicLevel } from 'classic-level'
import { LedgerError } from '../../errors.js'
import { LedgerStoreError, type StorePart } from './damage.js'
import type { PREFIX } from './records.js'

/** A database of byte strings. */
export type Database = ClassicLevel<Uint8Array, Uint8Array>
/** What a database held at one moment. */
export type Snapshot = ReturnType<Database['snapshot']>
/** A change of one key. */
export type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array }

/** Records that are read or written at once. */
export const CHUNK = 4096

/**
 * Opens a database, or creates it.
 *
 * @throws {LedgerStoreError} if it is damaged
 * @throws {LedgerError} if another process has it open, or it cannot be read
 */
export async function openDatabase(location: string, part: StorePart): Promise<Database> {
  const { ClassicLevel } = await import('classic-level')
  const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    // Hashes do not compress.
    compression: false,
    cacheSize: 64 << 20,
    // A change of 10^5 entries writes 10^8 bytes all over a large tree: fewer and larger files are merged less often.
    writeBufferSize: part === 'tree' ? 64 << 20 : 16 << 20,
    maxFileSize: part === 'tree' ? 32 << 20 : 2 << 20,
    blockSize: 4096,
  })
  try {
    await database.open()
    return database
  } catch (error) {
    const cause = (error as { cause?: { code?: string; message?: string } }).cause
    if (cause?.code === 'LEVEL_LOCKED') throw new LedgerError('the store is open already', { cause: error })
    // A file that its own files name is not there, or is not one of its own.
    const isDamaged = /corrupt|no such file|invalid argument|missing/i.test(cause?.message ?? '')
    if (cause?.code === 'LEVEL_CORRUPTION' || isDamaged) {
      throw new LedgerStoreError(part, 'the database does not open', { cause: error })
    }
    throw new LedgerError(`the ${part} cannot be opened`, { cause: error })
  }
}

/** Reads a key; what the database finds corrupt is named as damage of its part. */
export function read(
  database: Database,
  part: StorePart,
  key: Uint8Array,
  snapshot?: Snapshot,
): Uint8Array | undefined {
  try {
    return database.getSync(key, snapshot ? { snapshot } : {})
  } catch (error) {
    throw damageOf(part, error)
  }
}

/**
 * Writes all operations or none of them; when this resolves they are on the disk. A chained batch: it takes each operation as it is,
 * where an array of them is copied first, which takes this thread thirteen to seventeen times as long.
 */
export async function write(database: Database, operations: Iterable<Operation>): Promise<void> {
  const batch = database.batch()
  try {
    for (const one of operations) {
      if (one.type === 'put') batch.put(one.key, one.value)
      else batch.del(one.key)
    }
    await batch.write({ sync: true })
  } finally {
    // After a write it is closed already.
    await batch.close()
  }
}

/** Goes through the records of a range in order, a chunk at a time. */
export async function* scan(
  database: Database,
  part: StorePart,
  range: {
    readonly gte: Uint8Array
    readonly lt: Uint8Array
    readonly limit?: number
    readonly snapshot?: Snapshot
  },
): AsyncGenerator<readonly (readonly [Uint8Array, Uint8Array])[]> {
  const iterator = database.iterator({ ...range, highWaterMarkBytes: 1 << 20 })
  try {
    for (;;) {
      const records = await iterator.nextv(CHUNK)
      if (records.length === 0) return
      yield records
    }
  } catch (error) {
    throw damageOf(part, error)
  } finally {
    await iterator.close()
  }
}

/** All keys that begin with a byte. */
export function rangeOf(prefix: (typeof PREFIX)[keyof typeof PREFIX]): { gte: Uint8Array; lt: Uint8Array } {
  return { gte: Uint8Array.of(prefix), lt: Uint8Array.of(prefix + 1) }
}

/** Copies everything that a database holds into a new one, of which a process that ends leaves all or a part. */
export async function copyInto(database: Database, part: StorePart, location: string): Promise<void> {
  const snapshot = database.snapshot()
  const copy = await openDatabase(location, part)
  try {
    const all = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff), snapshot }
    for await (const records of scan(database, part, all)) {
      await write(
        copy,
        records.map(([key, value]) => ({ type: 'put' as const, key, value })),
      )
    }
  } finally {
    await copy.close()
    await snapshot.close()
  }
}

function damageOf(part: StorePart, error: unknown): unknown {
  if (error instanceof LedgerStoreError) return error
  const { code, message } = error as { code?: string; message?: string }
  if (
    code === 'LEVEL_CORRUPTION' ||
    code === 'LEVEL_IO_ERROR' ||
    /corrupt|truncated|IO error/i.test(message ?? '')
  )
    return new LedgerStoreError(part, 'the database cannot read a record', { cause: error })
  return error
}
