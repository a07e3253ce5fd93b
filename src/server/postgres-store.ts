import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireMethods, requireObject } from '../errors.js'
import { assertUint } from '../field.js'
import {
  assertClaim,
  assertClaimId,
  type Claim,
  type ClaimOutcome,
  type ClaimStore,
  ClaimStoreError,
  claimId,
  systemClock,
} from './claims.js'
import { createGroupQueue } from './queue.js'

/** What is used of a connection of `pg`, or of a pool of them. */
export interface PostgresClient {
  /**
   * Runs one statement of SQL; the values of `$1`, `$2`, … travel beside the text, never in it.
   *
   * @returns rows by column, and how many a statement without rows changed
   * @throws whatever the connection throws; the store tries again after failures that pass, such as a restart of the server
   */
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>
}

const GROUP = 256
const PARALLEL = 4
/** Advisory lock under which the table is made: 'soulproo' as a number. */
const SCHEMA_LOCK = 0x736f756c70726f6fn

/** The table of claims. Numbers are 32 bytes, big-endian. */
export const CLAIMS_TABLE = `
CREATE TABLE IF NOT EXISTS soulproof_claims (
  scope      bytea  NOT NULL CHECK (octet_length(scope) = 32),
  nullifier  bytea  NOT NULL CHECK (octet_length(nullifier) = 32),
  message    bytea  NOT NULL CHECK (octet_length(message) = 32),
  id         bytea  NOT NULL UNIQUE CHECK (octet_length(id) = 32),
  attempt    uuid   NOT NULL,
  at         bigint NOT NULL,
  expires_at bigint,
  PRIMARY KEY (scope, nullifier)
);
CREATE INDEX IF NOT EXISTS soulproof_claims_expires_at ON soulproof_claims (expires_at) WHERE expires_at IS NOT NULL;
`

// A statement of its own: what it returns is committed. Sorted, so that two groups never wait for each other.
const INSERT = `
INSERT INTO soulproof_claims (scope, nullifier, message, id, attempt, at, expires_at)
SELECT decode(scope, 'hex'), decode(nullifier, 'hex'), decode(message, 'hex'), decode(id, 'hex'), attempt, $6, expires_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $7::bigint[])
  AS claim (scope, nullifier, message, id, attempt, expires_at)
ORDER BY scope, nullifier
ON CONFLICT DO NOTHING
RETURNING attempt`

// After the insertion: who won has committed by then, and a new statement sees it.
const LOOK_UP = `
SELECT encode(scope, 'hex') AS scope, encode(nullifier, 'hex') AS nullifier, encode(message, 'hex') AS message, attempt
FROM soulproof_claims
WHERE (scope, nullifier) IN (
  SELECT decode(scope, 'hex'), decode(nullifier, 'hex') FROM unnest($1::text[], $2::text[]) AS claim (scope, nullifier))`

const FIND = `
SELECT encode(scope, 'hex') AS scope, encode(nullifier, 'hex') AS nullifier, encode(message, 'hex') AS message, at, expires_at
FROM soulproof_claims WHERE id = decode($1, 'hex')`

const hex = (x: bigint): string => x.toString(16).padStart(64, '0')

/** A claim on its way. The attempt tells the winner even if the answer of the database was lost. */
interface Attempt extends Claim {
  readonly attempt: string
}

/**
 * Opens a store of claims in PostgreSQL 13 or later, and makes its table. Any number of processes may use one database.
 *
 * A connection that breaks is opened again, and what was on its way is sent again, until `patience` is over.
 *
 * @param o.connectionString  as of libpq, such as `postgresql://soulproof@db.example.org/claims?sslmode=verify-full`
 * @param o.patience     milliseconds after which a claim that the database does not answer is given up, by default 10,000; a try
 *   that is on its way then ends by its own limits, 5 seconds for a connection and 7 for a statement
 * @param o.connections  by default 5
 * @param o.onTrouble    told of each failure that is tried again: its SQLSTATE or system code
 * @param o.now          the clock, Unix seconds; by default the machine's
 * @throws {ClaimStoreError} if the database does not answer, only reads, or does not keep what it commits (`fsync`)
 */
export async function openPostgresStore(o: {
  readonly connectionString: string
  readonly patience?: number
  readonly connections?: number
  readonly onTrouble?: (code: string) => void
  readonly now?: () => bigint
}): Promise<ClaimStore> {
  requireObject(o, 'options')
  const { connectionString, patience = 10_000, connections = 5, onTrouble, now = systemClock } = o
  if (typeof connectionString !== 'string') throw new TypeError('connectionString must be a string')
  requireWhole(patience, 'patience', 600_000)
  requireWhole(connections, 'connections', 1000)
  if (typeof now !== 'function') throw new TypeError('now must be a function')
  if (onTrouble !== undefined && typeof onTrouble !== 'function') {
    throw new TypeError('onTrouble must be a function')
  }
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString,
    max: connections,
    connectionTimeoutMillis: Math.min(patience, 5000),
    // The database ends what takes too long; the client, whose connection may be dead, a little later.
    statement_timeout: 5000,
    query_timeout: 7000,
    keepAlive: true,
    // Whatever the database's default: nobody is told what a crash could undo.
    options: '-c synchronous_commit=on -c default_transaction_read_only=off',
    application_name: 'soulproof',
  })
  // A connection that breaks while nobody uses it; the next one is new.
  pool.on('error', (error) => onTrouble?.(codeOf(error)))
  let closed = false

  const persistently = async <T>(run: () => Promise<T>): Promise<T> => {
    const giveUpAt = performance.now() + patience
    for (let pause = 20; ; pause = Math.min(2 * pause, 500)) {
      try {
        return await run()
      } catch (cause) {
        if (cause instanceof ClaimStoreError) throw cause
        onTrouble?.(codeOf(cause))
        if (closed || !isPassing(cause) || performance.now() + pause > giveUpAt) {
          throw new ClaimStoreError('the database does not answer, or refuses', { cause })
        }
        await sleep(pause * (0.5 + Math.random() / 2))
      }
    }
  }

  const queue = createGroupQueue<Attempt, ClaimOutcome>({
    run: (claims) => persistently(() => spendAll(pool, claims, now())),
    most: GROUP,
    parallel: Math.min(PARALLEL, connections),
  })
  const usable = (): void => {
    if (closed) throw new ClaimStoreError('the store is closed')
  }

  try {
    await persistently(() => prepare(pool))
  } catch (error) {
    await pool.end()
    throw error
  }
  return {
    async spend(claim) {
      assertClaim(claim)
      usable()
      return queue.add({ ...claim, attempt: randomUUID() })
    },
    async find(id) {
      assertClaimId(id)
      usable()
      const { rows } = await persistently(() => pool.query(FIND, [id]))
      const row = rows[0]
      if (row === undefined) return undefined
      const { at, expires_at: expiresAt } = row
      return {
        scope: BigInt(`0x${row['scope']}`),
        nullifier: BigInt(`0x${row['nullifier']}`),
        message: BigInt(`0x${row['message']}`),
        at: BigInt(at as string),
        ...(expiresAt !== null && { expiresAt: BigInt(expiresAt as string) }),
      }
    },
    async forget(before) {
      assertUint(before, 62, 'before')
      usable()
      const { rowCount } = await persistently(() =>
        pool.query('DELETE FROM soulproof_claims WHERE expires_at < $1', [before.toString()]),
      )
      return rowCount ?? 0
    },
    async check() {
      usable()
      try {
        const { rows } = await pool.query('SELECT pg_is_in_recovery() AS standby')
        if (rows[0]?.['standby'] !== false) throw new ClaimStoreError('the database only reads')
      } catch (cause) {
        throw cause instanceof ClaimStoreError
          ? cause
          : new ClaimStoreError('the database does not answer', { cause })
      }
    },
    async close() {
      if (closed) return
      await queue.idle()
      closed = true
      await pool.end()
    },
  }
}

/**
 * Spends a nullifier on a connection of the app's, within the transaction that it began there: what the app writes for the
 * claim and the claim itself are committed together or not at all. The table is the store's.
 *
 * @throws {TypeError|RangeError} naming the part of the claim that is malformed
 */
export async function spendWithin(
  client: PostgresClient,
  claim: Claim,
  options: { readonly now?: () => bigint } = {},
): Promise<ClaimOutcome> {
  requireMethods(client, 'client', ['query'])
  requireObject(options, 'options')
  assertClaim(claim)
  const { now = systemClock } = options
  if (typeof now !== 'function') throw new TypeError('now must be a function')
  const [outcome] = await spendAll(client, [{ ...claim, attempt: randomUUID() }], now())
  return outcome as ClaimOutcome
}

async function spendAll(
  client: PostgresClient,
  claims: readonly Attempt[],
  at: bigint,
): Promise<ClaimOutcome[]> {
  const column = (pick: (claim: Attempt) => unknown): unknown[] => claims.map(pick)
  const inserted = await client.query(INSERT, [
    column(({ scope }) => hex(scope)),
    column(({ nullifier }) => hex(nullifier)),
    column(({ message }) => hex(message)),
    column((claim) => claimId(claim)),
    column(({ attempt }) => attempt),
    at.toString(),
    column(({ expiresAt }) => expiresAt?.toString() ?? null),
  ])
  const first = new Set(inserted.rows.map(({ attempt }) => attempt))
  const others = claims.filter(({ attempt }) => !first.has(attempt))
  const nameOf = (scope: unknown, nullifier: unknown): string => `${scope}${nullifier}`
  const known = new Map<string, Record<string, unknown>>()
  if (others.length > 0) {
    const { rows } = await client.query(LOOK_UP, [
      others.map(({ scope }) => hex(scope)),
      others.map(({ nullifier }) => hex(nullifier)),
    ])
    for (const row of rows) known.set(nameOf(row['scope'], row['nullifier']), row)
  }
  return claims.map(({ scope, nullifier, message, attempt }) => {
    if (first.has(attempt)) return 'first'
    const row = known.get(nameOf(hex(scope), hex(nullifier)))
    // It was there a moment ago, and expired since.
    if (row === undefined) throw new Gone()
    // Sent before, committed, and the answer was lost with the connection: nobody else was told that it is the first.
    if (row['attempt'] === attempt) return 'first'
    return row['message'] === hex(message) ? 'repeated' : 'taken'
  })
}

/** A claim was forgotten between two statements: the group is sent again. */
class Gone extends Error {
  override name = 'Gone'
}

async function prepare(pool: PostgresClient & { connect(): Promise<PostgresClient & { release(): void }> }) {
  const client = await pool.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK.toString()])
    try {
      await client.query(CLAIMS_TABLE)
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [SCHEMA_LOCK.toString()])
    }
    for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
      const { rows } = await client.query('SELECT current_setting($1) AS value', [setting])
      if (rows[0]?.['value'] !== 'on')
        throw new ClaimStoreError(`the database may lose what it commits: ${setting} is off`)
    }
  } finally {
    client.release()
  }
}

/** Failures that another try may not meet: connections, restarts, failovers, deadlocks, full pools. */
function isPassing(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof RangeError) return false
  // What the database itself says has a severity; everything else is of the connection.
  if (typeof (error as { severity?: unknown }).severity !== 'string') return true
  return /^(08|40|53|57|25006|55P03)/.test(codeOf(error))
}

function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown'
}

function requireWhole(value: unknown, label: string, most: number): void {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new TypeError(`${label} must be an integer`)
  if (value < 1 || value > most) throw new RangeError(`${label} must be from 1 to ${most}`)
}
