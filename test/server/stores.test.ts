import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import pg from 'pg'
import { findPostgres, type Postgres, startPostgres } from '../../scripts/lib/postgres.js'
import {
  type Claim,
  type ClaimStore,
  ClaimStoreError,
  claimId,
  openLevelStore,
  openPostgresStore,
  spendWithin,
} from '../../src/server/index.js'

const NOW = 1_763_700_000n
const MOST = (1n << 256n) - 1n
let scopes = 0n
/** A scope that no other test has. */
const fresh = (): bigint => ++scopes

function behaviour(name: string, store: () => ClaimStore, reopen: () => Promise<ClaimStore>): void {
  describe(name, () => {
    it('tells the first, who repeats it, and who comes too late', async () => {
      const claim = { scope: fresh(), nullifier: 5n, message: 6n }
      assert.equal(await store().spend(claim), 'first')
      assert.equal(await store().spend(claim), 'repeated')
      assert.equal(await store().spend({ ...claim, message: 7n }), 'taken')
      assert.equal(await store().spend({ ...claim, scope: fresh() }), 'first')
      assert.equal(await store().spend({ ...claim, nullifier: 6n }), 'first')
    })

    it('a double claim at the same time has one winner, whatever it is mixed with', async () => {
      const scope = fresh()
      const claims = Array.from({ length: 600 }, (_, i) => ({
        ...{ scope, nullifier: BigInt(i % 150), message: BigInt(i % 300) },
      }))
      const outcomes = await Promise.all(claims.map((claim) => store().spend(claim)))
      for (let nullifier = 0n; nullifier < 150n; nullifier++) {
        const own = claims.flatMap((claim, i) =>
          claim.nullifier === nullifier ? [{ ...claim, outcome: outcomes[i] }] : [],
        )
        const winners = own.filter(({ outcome }) => outcome === 'first')
        assert.equal(winners.length, 1)
        for (const { message, outcome } of own) {
          if (message !== winners[0]?.message) assert.equal(outcome, 'taken')
          else assert.ok(outcome === 'first' || outcome === 'repeated')
        }
      }
    })

    it('keeps the largest numbers apart, and finds what it stored', async () => {
      const scope = fresh()
      for (const nullifier of [0n, 1n, 1n << 248n, MOST]) {
        const claim = { scope, nullifier, message: MOST }
        assert.equal(await store().spend(claim), 'first')
        assert.deepEqual(await store().find(claimId(claim)), { ...claim, at: NOW })
      }
      assert.equal(await store().find('0'.repeat(64)), undefined)
      const loser = { scope, nullifier: 0n, message: 5n }
      assert.equal(await store().spend(loser), 'taken')
      assert.equal(await store().find(claimId(loser)), undefined)
    })

    it('forgets what has expired, and nothing else', async () => {
      const scope = fresh()
      const claims = [undefined, 100n, 200n].map((expiresAt, i) => ({
        ...{ scope, nullifier: BigInt(i), message: 1n },
        ...(expiresAt !== undefined && { expiresAt }),
      }))
      for (const claim of claims) assert.equal(await store().spend(claim), 'first')
      assert.equal(await store().forget(200n), 1)
      const outcomes = await Promise.all(claims.map((claim) => store().spend(claim)))
      assert.deepEqual(outcomes, ['repeated', 'first', 'repeated'])
      assert.equal(await store().forget(201n), 2)
    })

    it('does what a list would do', async () => {
      const number = fc.bigInt(0n, 3n)
      const claim = fc.record({ nullifier: number, message: number })
      await fc.assert(
        fc.asyncProperty(fc.array(claim, { maxLength: 12 }), async (claims) => {
          const scope = fresh()
          const model = new Map<bigint, bigint>()
          // All at once: they are decided in the order in which they came.
          const outcomes = await Promise.all(claims.map((one) => store().spend({ scope, ...one })))
          const firsts = claims.filter((_, i) => outcomes[i] === 'first')
          for (const { nullifier, message } of firsts) model.set(nullifier, message)
          assert.equal(model.size, firsts.length)
          assert.equal(model.size, new Set(claims.map(({ nullifier }) => nullifier)).size)
          for (const [i, { nullifier, message }] of claims.entries()) {
            const same = model.get(nullifier) === message
            assert.ok(same ? outcomes[i] !== 'taken' : outcomes[i] === 'taken')
          }
        }),
        { seed: 11, numRuns: 60 },
      )
    })

    it('refuses what is no claim, and shows nothing of it', async () => {
      const good: Claim = { scope: 1n, nullifier: 2n, message: 3n }
      for (const name of ['scope', 'nullifier', 'message'] as const) {
        for (const value of [-1n, MOST + 1n, 5, '5', undefined, null]) {
          const type = typeof value === 'bigint' ? RangeError : TypeError
          await assert.rejects(store().spend({ ...good, [name]: value } as never), (error: Error) => {
            assert.ok(error instanceof type)
            return error.message.startsWith(`claim.${name} must be`)
          })
        }
      }
      await assert.rejects(store().find("'; DROP TABLE soulproof_claims --"), RangeError)
    })

    it('keeps its claims when it is closed and opened again', async () => {
      const claim = { scope: fresh(), nullifier: 5n, message: 6n }
      assert.equal(await store().spend(claim), 'first')
      await store().close()
      await assert.rejects(store().spend(claim), ClaimStoreError)
      const again = await reopen()
      assert.equal(await again.spend(claim), 'repeated')
      await again.check()
    })
  })
}

describe('server/stores', () => {
  describe('LevelDB', () => {
    const path = mkdtempSync(join(tmpdir(), 'soulproof-claims-'))
    const open = () => openLevelStore({ path, now: () => NOW })
    let store: ClaimStore
    before(async () => {
      store = await open()
    })
    after(async () => {
      await store.close()
      rmSync(path, { recursive: true, force: true })
    })
    behaviour(
      'in a folder',
      () => store,
      async () => {
        store = await open()
        return store
      },
    )

    it('a second process cannot open it', async () => {
      await assert.rejects(open(), /another process has the store open/)
    })

    it('a process that is killed loses none that it was told of', async () => {
      const own = join(path, 'killed')
      const writer = fileURLToPath(new URL('level-writer.ts', import.meta.url))
      let told = 0
      for (let round = 0; round < 2; round++) {
        const child = spawn(process.execPath, ['--import', 'tsx', writer, own, `${told}`], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        let text = ''
        child.stdout.on('data', (part: Buffer) => {
          text += part
          if (text.length > 2000) child.kill('SIGKILL')
        })
        await new Promise((resolve) => child.once('close', resolve))
        const lines = text.split('\n').slice(0, -1).map(Number)
        assert.ok(lines.length > 100)
        const opened = await openLevelStore({ path: own })
        for (const nullifier of lines) {
          assert.equal(
            await opened.spend({ scope: 1n, nullifier: BigInt(nullifier), message: 2n }),
            'repeated',
          )
        }
        await opened.close()
        told = Math.max(...lines) + 100
      }
    })

    it('what is under way when it closes is finished', async () => {
      const scope = fresh()
      const claims = Array.from({ length: 50 }, (_, i) => ({ scope, nullifier: BigInt(i), message: 1n }))
      const all = claims.map((claim) => store.spend(claim))
      await store.close()
      assert.ok((await Promise.all(all)).every((outcome) => outcome === 'first'))
      store = await open()
      assert.equal(await store.spend(claims[49] as Claim), 'repeated')
    })
  })

  describe('PostgreSQL', function () {
    this.timeout(120_000)
    const bin = findPostgres()
    let postgres: Postgres
    let store: ClaimStore
    const troubles: string[] = []
    const open = (more: object = {}) =>
      openPostgresStore({
        connectionString: postgres.connectionString,
        now: () => NOW,
        onTrouble: (code) => troubles.push(code),
        ...more,
      })
    before(async function () {
      if (bin === undefined) {
        if (process.env['REQUIRE_POSTGRES']) throw new Error("PostgreSQL's programs are not there")
        return this.skip()
      }
      postgres = await startPostgres(bin)
      store = await open()
    })
    after(async () => {
      await store?.close()
      await postgres?.remove()
    })
    behaviour(
      'in a database',
      () => store,
      async () => {
        store = await open()
        return store
      },
    )

    it('double claims by way of several processes’ stores, in opposite orders, have one winner each', async () => {
      const others = await Promise.all([open(), open(), open()])
      const stores = [store, ...others]
      const scope = fresh()
      const numbers = Array.from({ length: 400 }, (_, i) => BigInt(i))
      const outcomes = await Promise.all(
        stores.flatMap((one, s) =>
          (s % 2 === 0 ? numbers : [...numbers].reverse()).map(async (nullifier) => ({
            nullifier,
            outcome: await one.spend({ scope, nullifier, message: BigInt(s) }),
          })),
        ),
      )
      const firsts = outcomes.filter(({ outcome }) => outcome === 'first')
      assert.equal(firsts.length, 400)
      assert.equal(new Set(firsts.map(({ nullifier }) => nullifier)).size, 400)
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'taken').length, 1200)
      await Promise.all(others.map((one) => one.close()))
    })

    it('claims survive a restart of the database in their midst', async () => {
      const scope = fresh()
      const winners = new Map<bigint, number>()
      let sent = 0
      let over = false
      const client = async (own: bigint): Promise<void> => {
        for (let i = 0n; !over; i++) {
          sent++
          const outcome = await store.spend({ scope, nullifier: i, message: own })
          if (outcome === 'first') winners.set(i, (winners.get(i) ?? 0) + 1)
        }
      }
      const clients = Promise.all([1n, 2n, 3n].map(client))
      await new Promise((resolve) => setTimeout(resolve, 300))
      await postgres.stop()
      await postgres.start()
      await new Promise((resolve) => setTimeout(resolve, 300))
      over = true
      await clients
      assert.ok(troubles.length > 0 && sent > winners.size)
      // Nobody was told first twice, and nothing that somebody was told is gone.
      assert.deepEqual(
        [...winners.values()].filter((times) => times !== 1),
        [],
      )
      const direct = new pg.Client({ connectionString: postgres.connectionString })
      await direct.connect()
      const { rows } = await direct.query(
        "SELECT count(*)::int AS count FROM soulproof_claims WHERE scope = decode($1, 'hex')",
        [scope.toString(16).padStart(64, '0')],
      )
      await direct.end()
      assert.equal(rows[0].count, winners.size)
    })

    it('an answer that was lost with its connection is asked for again: the winner is still told so, once', async () => {
      // The insertion is committed, and its answer is that of the second try: nothing was inserted.
      const claim = { scope: fresh(), nullifier: 5n, message: 6n }
      const client = new pg.Client({ connectionString: postgres.connectionString })
      await client.connect()
      let lost = true
      const losing = {
        async query(text: string, values?: unknown[]) {
          const result = await client.query(text, values)
          if (lost && /INSERT/.test(text)) {
            lost = false
            return { ...result, rows: [] }
          }
          return result
        },
      }
      assert.equal(await spendWithin(losing, claim, { now: () => NOW }), 'first')
      assert.equal(await spendWithin(losing, claim, { now: () => NOW }), 'repeated')
      await client.end()
    })

    it('a claim within the app’s own transaction is undone and done with it', async () => {
      const claim = { scope: fresh(), nullifier: 5n, message: 6n }
      const client = new pg.Client({ connectionString: postgres.connectionString })
      await client.connect()
      await client.query('BEGIN')
      assert.equal(await spendWithin(client, claim, { now: () => NOW }), 'first')
      await client.query('ROLLBACK')
      assert.equal(await store.find(claimId(claim)), undefined)
      await client.query('BEGIN')
      assert.equal(await spendWithin(client, claim, { now: () => NOW }), 'first')
      // Somebody else's claim of the same nullifier waits for the end of this transaction, and loses then.
      const rival = store.spend({ ...claim, message: 7n })
      await client.query('COMMIT')
      assert.equal(await rival, 'taken')
      assert.deepEqual(await store.find(claimId(claim)), { ...claim, at: NOW })
      await client.end()
    })

    it('a database that is away is an error in time, and no claim is lost when it is back', async () => {
      const impatient = await open({ patience: 300 })
      const claim = { scope: fresh(), nullifier: 5n, message: 6n }
      await postgres.stop()
      await assert.rejects(impatient.spend(claim), ClaimStoreError)
      await assert.rejects(impatient.check(), ClaimStoreError)
      await postgres.start()
      await impatient.check()
      assert.equal(await impatient.spend(claim), 'first')
      await impatient.close()
    })

    it('a database that loses what it commits is refused: fsync off', async () => {
      const client = new pg.Client({ connectionString: postgres.connectionString })
      await client.connect()
      await client.query('ALTER SYSTEM SET fsync = off')
      await client.query('SELECT pg_reload_conf()')
      try {
        await assert.rejects(async () => {
          for (let tries = 0; tries < 20; tries++) {
            await (await open()).close()
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
        }, /may lose what it commits: fsync is off/)
      } finally {
        await client.query('ALTER SYSTEM RESET fsync')
        await client.query('SELECT pg_reload_conf()')
        await client.end()
      }
    })

    it('no error shows the password of the connection string', async () => {
      const connectionString = 'postgresql://someone:hunter2secret@127.0.0.1:1/claims'
      const failure: unknown = await openPostgresStore({ connectionString, patience: 50 }).catch(
        (error) => error,
      )
      assert.ok(failure instanceof ClaimStoreError)
      const { inspect } = await import('node:util')
      assert.ok(!inspect(failure, { depth: 20, showHidden: true }).includes('hunter2'))
    })
  })
})
