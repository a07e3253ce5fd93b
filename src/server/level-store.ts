import { mkdir } from 'node:fs/promises'
import { requireObject } from '../errors.js'
import { assertUint, bigIntToBytes, bytesToBigInt } from '../field.js'
import {
  assertClaim,
  assertClaimId,
  type Claim,
  type ClaimOutcome,
  type ClaimStore,
  ClaimStoreError,
  claimId,
  type StoredClaim,
  systemClock,
} from './claims.js'
import { createGroupQueue } from './queue.js'

/*
 * Records, in LevelDB:
 *
 *   'n' scope nullifier -> message at expiresAt    32 + 8 + 8 bytes, expiresAt 2^64 - 1 if it never does
 *   'i' id              -> scope nullifier
 *   'e' expiresAt scope nullifier -> id            of those that expire, in the order of their time
 *
 * One writer decides: LevelDB lets only one process open the folder, and groups of claims are one after the other, so that
 * nothing comes between reading a nullifier and writing it. Each group is one batch, which is on the disk before anybody is told.
 */

const GROUP = 512
const NEVER = (1n << 64n) - 1n

type Bytes = Uint8Array
const tag = (letter: string): Bytes => Uint8Array.of(letter.charCodeAt(0))
const join = (...parts: Bytes[]): Bytes => Uint8Array.from(Buffer.concat(parts))
const word = (x: bigint): Bytes => bigIntToBytes(x, 32)
const time = (x: bigint): Bytes => bigIntToBytes(x, 8)
const spentKey = ({ scope, nullifier }: Claim): Bytes => join(tag('n'), word(scope), word(nullifier))
const idKey = (id: string): Bytes => join(tag('i'), Uint8Array.from(Buffer.from(id, 'hex')))

/**
 * Opens the embedded store of claims, or creates it. One process at a time.
 *
 * @param o.path  folder of its files
 * @param o.now   the clock, Unix seconds; by default the machine's
 * @throws {ClaimStoreError} if another process has it open, or it cannot be read
 */
export async function openLevelStore(o: {
  readonly path: string
  readonly now?: () => bigint
}): Promise<ClaimStore> {
  requireObject(o, 'options')
  const { path, now = systemClock } = o
  if (typeof path !== 'string' || path === '') throw new TypeError('path must be a string')
  if (typeof now !== 'function') throw new TypeError('now must be a function')
  const database = await open(path)
  let failure: ClaimStoreError | undefined
  let closed = false
  const usable = (): void => {
    if (closed) throw new ClaimStoreError('the store is closed')
  }
  const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
    if (failure) throw failure
    try {
      return await run()
    } catch (cause) {
      // What LevelDB could not write may be half there: only opening it again tells.
      failure ??= new ClaimStoreError('the database failed', { cause })
      throw failure
    }
  }

  const spendGroup = (claims: readonly Claim[]): Promise<ClaimOutcome[]> =>
    guarded(async () => {
      const keys = claims.map(spentKey)
      const stored = await database.getMany(keys)
      const fresh = new Map<string, bigint>()
      const operations: { type: 'put'; key: Bytes; value: Bytes }[] = []
      const at = now()
      const outcomes = claims.map((claim, i): ClaimOutcome => {
        const { message, expiresAt } = claim
        const key = keys[i] as Bytes
        const value = stored[i]
        const name = Buffer.from(key).toString('latin1')
        const spentFor = fresh.get(name) ?? (value && bytesToBigInt(value.subarray(0, 32)))
        if (spentFor !== undefined) return spentFor === message ? 'repeated' : 'taken'
        fresh.set(name, message)
        const id = claimId(claim)
        const put = (to: Bytes, what: Bytes): void => {
          operations.push({ type: 'put', key: to, value: what })
        }
        put(key, join(word(message), time(at), time(expiresAt ?? NEVER)))
        put(idKey(id), key.subarray(1))
        if (expiresAt !== undefined) {
          put(join(tag('e'), time(expiresAt), key.subarray(1)), idKey(id).subarray(1))
        }
        return 'first'
      })
      if (operations.length > 0) await database.batch(operations, { sync: true })
      return outcomes
    })

  const forgetGroup = async (before: bigint): Promise<number> => {
    const range = { gte: tag('e'), lt: join(tag('e'), time(before)), limit: GROUP }
    const expired = await database.iterator(range).all()
    const operations = expired.flatMap(([key, id]) => {
      const spent = key.subarray(9)
      return [key, join(tag('n'), spent), join(tag('i'), id)].map((one) => ({
        type: 'del' as const,
        key: one,
      }))
    })
    await database.batch(operations, { sync: true })
    return expired.length
  }

  const queue = createGroupQueue({ run: spendGroup, most: GROUP, parallel: 1 })
  return {
    async spend(claim) {
      assertClaim(claim)
      usable()
      return queue.add({ ...claim })
    },
    async find(id) {
      assertClaimId(id)
      usable()
      return guarded(async () => {
        const spent = await database.get(idKey(id))
        const value = spent && (await database.get(join(tag('n'), spent)))
        return value && read(spent, value)
      })
    },
    async forget(before) {
      assertUint(before, 62, 'before')
      usable()
      let total = 0
      for (;;) {
        // Nobody spends one of these meanwhile: while it is there, it is spent.
        const count = await guarded(() => forgetGroup(before))
        total += count
        if (count < GROUP) return total
      }
    },
    async check() {
      usable()
      await guarded(() => database.get(tag('?')))
    },
    async close() {
      if (closed) return
      closed = true
      await queue.idle()
      await database.close()
    },
  }
}

function read(spent: Bytes, value: Bytes): StoredClaim {
  const number = (bytes: Bytes, from: number, to: number): bigint => bytesToBigInt(bytes.subarray(from, to))
  const expiresAt = number(value, 40, 48)
  return {
    scope: number(spent, 0, 32),
    nullifier: number(spent, 32, 64),
    message: number(value, 0, 32),
    at: number(value, 32, 40),
    ...(expiresAt !== NEVER && { expiresAt }),
  }
}

async function open(path: string) {
  const { ClassicLevel } = await import('classic-level')
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new ClaimStoreError("the store's folder cannot be made", { cause })
  })
  const database = new ClassicLevel<Bytes, Bytes>(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
  })
  try {
    await database.open()
    return database
  } catch (error) {
    const { code } = ((error as { cause?: unknown }).cause ?? {}) as { code?: string }
    const isLocked = code === 'LEVEL_LOCKED'
    throw new ClaimStoreError(isLocked ? 'another process has the store open' : 'the store does not open', {
      cause: error,
    })
  }
}
