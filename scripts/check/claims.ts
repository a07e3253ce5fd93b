import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createProver } from '../../src/prover/index.js'
import { type ClaimStore, openLevelStore, openPostgresStore } from '../../src/server/index.js'
import {
  contradictions,
  freePort,
  racingOrder,
  type SentClaim,
  sendClaims,
  spentOf,
  startProcess,
  writeConfig,
} from '../lib/claim-service.js'
import { claimsInTrouble } from '../lib/claim-trouble.js'
import { claimants, type PreparedClaim, preparedClaims, rootOf } from '../lib/claims.js'
import { findPostgres, type Postgres, startPostgres } from '../lib/postgres.js'

/*
 * Hands thousands of real claims to the verifier service, one in ten of them twice, and checks that each nullifier is spent
 * once, for whoever was told so:
 *
 *   npm run check:claims -- [--members 9000] [--doubles 500] [--repeats 500] [--sockets 500] [--spread MILLISECONDS]
 *       [--cached] [--take N] [--skip-faults] [--skip-speed]
 *
 * First without trouble, with each store, batches on and off: a table of how fast it is. Then on PostgreSQL with trouble: the
 * database is restarted and killed, the service is killed, others send malformed, oversized and endless requests.
 *
 * It needs PostgreSQL's programs: Debian's package postgresql, or POSTGRES_BIN. Proofs that are not in the cache are made first,
 * a fraction of a second each; with --cached none is made, and what is there is used; with --take no
 * more than so many Souls, and as many duplicates fewer.
 */

const { values } = parseArgs({
  options: {
    members: { type: 'string', default: '9000' },
    doubles: { type: 'string', default: '500' },
    repeats: { type: 'string', default: '500' },
    sockets: { type: 'string', default: '500' },
    spread: { type: 'string', default: '0' },
    take: { type: 'string', default: 'Infinity' },
    cached: { type: 'boolean', default: false },
    'skip-faults': { type: 'boolean', default: false },
    'skip-speed': { type: 'boolean', default: false },
  },
})
const [memberCount, doubleCount, repeatCount, sockets] = (
  ['members', 'doubles', 'repeats', 'sockets'] as const
).map((name) => Number(values[name])) as [number, number, number, number]

const bin = findPostgres()
if (bin === undefined)
  throw new Error("PostgreSQL's programs are not there: install postgresql, or set POSTGRES_BIN")
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const folder = mkdtempSync(join(tmpdir(), 'soulproof-claims-'))

const members = claimants(memberCount)
const prepared = await preparedClaims({
  members,
  doubles: doubleCount,
  createProver: () => createProver(),
  ...(values.cached && { most: 0 }),
  onMade: (made, missing) => {
    if (made % 100 === 0) say(`made ${made} of ${missing} proofs`)
  },
})
const firsts = prepared.firsts.slice(0, Number(values.take))
const known = new Set(firsts.map(({ envelope }) => envelope.publicSignals[0]))
// With fewer Souls fewer duplicates, so that their share stays.
const share = (count: number): number => Math.round((count * firsts.length) / memberCount)
const doubles = prepared.doubles
  .filter(({ envelope }) => known.has(envelope.publicSignals[0]))
  .slice(0, share(doubleCount))
// A claim for another recipient, and the same claim once more.
const duplicates = [...doubles, ...firsts.slice(doubles.length, doubles.length + share(repeatCount))]
const claims = racingOrder(firsts, duplicates)
say(
  `${claims.length} claims of ${firsts.length} Souls, ${duplicates.length} of them duplicates; ${sockets} connections`,
)
say(
  `${cpus()[0]?.model}, ${availableParallelism()} cores, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(1)}`,
)

let failed = false
const report = (what: string, wrong: readonly string[]): void => {
  say(`${what}: ${wrong.length === 0 ? 'no contradiction' : `${wrong.length} contradictions`}`)
  for (const one of wrong.slice(0, 20)) say(`  ${one}`)
  failed ||= wrong.length > 0
}
const count = (sent: readonly SentClaim[], status: number): number =>
  sent.filter(({ answers }) => answers.some((answer) => answer.status === status)).length
const quantile = (sorted: readonly number[], q: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0).toFixed(0)

/** The same claim with the proof of another: its form is right, and its equation does not hold. */
const spoiled = (claim: PreparedClaim, i: number): PreparedClaim => ({
  ...claim,
  envelope: { ...claim.envelope, proof: firsts[(i + 1) % firsts.length]!.envelope.proof },
})

/** One run without trouble; `bad` are claims among the others that have to be refused. */
async function measure(
  store: 'PostgreSQL' | 'LevelDB',
  batch: boolean,
  bad: readonly PreparedClaim[] = [],
): Promise<string> {
  const own = join(folder, `${store} ${batch} ${bad.length}`)
  const postgres = store === 'PostgreSQL' ? await startPostgres(bin as string) : undefined
  try {
    const config = writeConfig({ folder: own, root: rootOf(firsts), batch })
    const env = postgres ? { SOULPROOF_DATABASE: postgres.connectionString } : {}
    const service = await startProcess({ config, port: await freePort(), env })
    const { url } = service
    // The verifier's arithmetic is made at its first use; this one is refused.
    await sendClaims({ url, claims: [spoiled(firsts[0]!, 0)], sockets: 1 })
    const before = await service.cpu()
    const [{ sent, seconds }, refused] = await Promise.all([
      sendClaims({ url, claims, sockets }),
      sendClaims({ url, claims: bad, sockets: Math.ceil(sockets / 10) }),
    ])
    const cpu = (await service.cpu()) - before
    service.signal('SIGTERM')
    const code = await service.ended
    const opened = await openStore(postgres, join(own, 'claims'))
    const wrong = contradictions({ sent, spent: await spentOf(opened, sent), lost: false })
    await opened.close()
    if (code !== 0) wrong.push(`the service ended with ${code}`)
    if (count(refused.sent, 403) !== bad.length) wrong.push('a proof that does not hold is not refused')
    const name = `${store}, batches ${batch ? 'on' : 'off'}${bad.length > 0 ? ', 10 % more that do not hold' : ''}`
    report(name, wrong)
    const times = sent.map(({ milliseconds }) => milliseconds).sort((x, y) => x - y)
    const all = sent.length + bad.length
    const cells = [
      name,
      (all / seconds).toFixed(0),
      ((1000 * cpu) / all).toFixed(2),
      `${quantile(times, 0.5)}, ${quantile(times, 0.99)}`,
      ...[201, 200, 409].map((status) => count(sent, status)),
    ]
    return `| ${cells.join(' | ')} |`
  } finally {
    await postgres?.remove()
  }
}

function openStore(postgres: Postgres | undefined, path: string): Promise<ClaimStore> {
  return postgres
    ? openPostgresStore({ connectionString: postgres.connectionString })
    : openLevelStore({ path })
}

try {
  if (!values['skip-speed']) {
    const rows: string[] = []
    for (const store of ['PostgreSQL', 'LevelDB'] as const) {
      for (const batch of [true, false]) rows.push(await measure(store, batch))
    }
    const bad = firsts.filter((_, i) => i % 10 === 5).map(spoiled)
    rows.push(await measure('LevelDB', true, bad))
    say('')
    say('| | claims/s | CPU ms per claim | latency ms, median, 99 % | first | repeated | taken |')
    say('|---|---:|---:|---:|---:|---:|---:|')
    for (const row of rows) say(row)
    say('')
  }
  if (!values['skip-faults']) {
    const { wrong, summary } = await claimsInTrouble({
      ...{ bin, claims, sockets, folder: join(folder, 'trouble'), root: rootOf(firsts) },
      ...{ spread: Number(values.spread), slow: 50 },
      troubles: [
        ...(['database restarted', 'service killed', 'database killed'] as const),
        ...(['service and database killed', 'service killed again'] as const),
      ],
    })
    say(`with trouble: ${summary}`)
    report('PostgreSQL, with trouble', wrong)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (failed) process.exitCode = 1
