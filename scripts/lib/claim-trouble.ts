import { setTimeout as sleep } from 'node:timers/promises'
import { openPostgresStore } from '../../src/server/index.js'
import {
  contradictions,
  freePort,
  harass,
  type ServiceProcess,
  sendClaims,
  spentOf,
  startProcess,
  writeConfig,
} from './claim-service.js'
import type { PreparedClaim } from './claims.js'
import { startPostgres } from './postgres.js'

/** What may go wrong. */
export type Trouble =
  | 'database restarted'
  | 'service killed'
  | 'database killed'
  | 'service and database killed'
  | 'service killed again'

/**
 * Hands claims to a service on PostgreSQL while database and service are stopped and killed and others send it what is
 * malformed, too large or endless, and returns what is wrong in the end: nothing, if each nullifier is spent once, for whoever
 * was told so, and the service ends as it should.
 *
 * @param o.bin     PostgreSQL's programs
 * @param o.slow    connections that send a header now and then and never a request
 * @param o.spread  milliseconds over which claims begin
 * @param o.troubles what happens, in this order; all of it before the claims are over
 */
export async function claimsInTrouble(o: {
  readonly bin: string
  readonly folder: string
  readonly root: bigint
  readonly claims: readonly PreparedClaim[]
  readonly sockets: number
  readonly slow: number
  readonly spread: number
  readonly pause?: number
  readonly troubles: readonly Trouble[]
}): Promise<{ wrong: string[]; summary: string }> {
  const { bin, folder, root, claims, sockets, slow, spread, pause = 1500, troubles } = o
  const postgres = await startPostgres(bin)
  try {
    const config = writeConfig({ folder, root, batch: true })
    const port = await freePort()
    const env = { SOULPROOF_DATABASE: postgres.connectionString }
    const processes: ServiceProcess[] = []
    const start = async (): Promise<void> => void processes.push(await startProcess({ config, port, env }))
    const kill = async (): Promise<void> => {
      processes.at(-1)!.signal('SIGKILL')
      await processes.at(-1)!.ended
    }
    await start()
    const { url } = processes[0]!
    const hostile = harass({ url, slow })
    let over = false
    const patience = 300_000 + 100 * claims.length
    const sending = sendClaims({ url, claims, sockets, patience, spread }).finally(() => {
      over = true
    })
    const happened: Trouble[] = []
    const steps: Readonly<Record<Trouble, () => Promise<void>>> = {
      async 'database restarted'() {
        await postgres.stop()
        await sleep(500)
        await postgres.start()
      },
      async 'service killed'() {
        await kill()
        await start()
      },
      async 'database killed'() {
        await postgres.kill()
        await sleep(1000)
        await postgres.start()
      },
      async 'service and database killed'() {
        await Promise.all([postgres.kill(), kill()])
        await sleep(1000)
        await postgres.start()
        await start()
      },
      async 'service killed again'() {
        await kill()
        await start()
      },
    }
    for (const name of troubles) {
      await sleep(pause)
      if (over) break
      await steps[name]()
      happened.push(name)
    }
    const { sent, seconds } = await sending
    // Slow clients are cut off after 15 s, if no restart has done so.
    await sleep(Math.max(0, 20_000 - 1000 * seconds) * Math.sign(slow))
    const { statuses, connections, cutOff } = await hostile.stop()
    processes.at(-1)!.signal('SIGTERM')
    const code = await processes.at(-1)!.ended
    const store = await openPostgresStore({ connectionString: postgres.connectionString })
    const spent = await spentOf(store, sent)
    await store.close()
    const wrong = contradictions({ sent, spent, lost: true })
    if (code !== 0) wrong.push(`the service ended with ${code}`)
    for (const name of troubles)
      if (!happened.includes(name)) wrong.push(`the claims were over before: ${name}`)
    if (slow > 0 && cutOff === 0) wrong.push('no slow client was cut off')
    wrong.push(...processes.flatMap(({ errors }) => errors).map((line) => `stderr: ${line}`))
    const answered = (status: number): number =>
      sent.filter(({ answers }) => answers.some((answer) => answer.status === status)).length
    const lost = sent.reduce((sum, { unanswered }) => sum + unanswered, 0)
    return {
      wrong,
      summary:
        `${happened.join(', ')}; ${claims.length} claims in ${seconds.toFixed(1)} s, ${lost} requests without an answer: ` +
        `${answered(201)} first, ${answered(200)} repeated, ${answered(409)} taken; others were answered ` +
        `${[...statuses].map(([status, n]) => `${status}: ${n}`).join(', ')}; ${cutOff} of ${connections} slow connections cut off`,
    }
  } finally {
    await postgres.remove()
  }
}
