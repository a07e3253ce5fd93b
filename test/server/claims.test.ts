import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { racingOrder } from '../../scripts/lib/claim-service.js'
import { claimsInTrouble } from '../../scripts/lib/claim-trouble.js'
import { claimants, preparedClaims } from '../../scripts/lib/claims.js'
import { findPostgres } from '../../scripts/lib/postgres.js'
import { createProver } from '../../src/prover/index.js'

/** The long run of this is `npm run check:claims`. */
describe('server/claims: the service as a process, on PostgreSQL', function () {
  this.timeout(180_000)

  it('a hundred claims of twelve Souls through restarts and SIGKILL of both: none is lost, none is spent twice or for nothing', async function () {
    const bin = findPostgres()
    if (bin === undefined) {
      if (process.env['REQUIRE_POSTGRES']) throw new Error("PostgreSQL's programs are not there")
      return this.skip()
    }
    const folder = mkdtempSync(join(tmpdir(), 'soulproof-claims-'))
    try {
      const members = claimants(12)
      const made = await preparedClaims({ members, doubles: 2, createProver: () => createProver() })
      assert.deepEqual([made.firsts.length, made.doubles.length, made.missing], [12, 2, 0])
      const { firsts, doubles } = made
      const duplicates = Array.from({ length: 7 }, () => [...doubles, ...firsts]).flat()
      const claims = racingOrder(firsts, duplicates)
      assert.equal(claims.length, 110)
      const { wrong, summary } = await claimsInTrouble({
        ...{ bin, folder, root: members.group().root, claims },
        ...{ sockets: 20, slow: 0, spread: 7000, pause: 500 },
        troubles: ['database restarted', 'service killed', 'database killed'],
      })
      assert.deepEqual(wrong, [], summary)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
