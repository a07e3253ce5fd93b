import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { toField } from '../../src/field.js'
import { type ClaimStore, claimId } from '../../src/server/index.js'
import { CLAIM_SCOPE, type PreparedClaim } from './claims.js'

/*
 * The verifier service as a process of its own, and clients that hand in claims until they know what became of them.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A service that runs, or ran. */
export interface ServiceProcess {
  readonly url: string
  /** Lines that it wrote. */
  readonly log: readonly string[]
  /** What it wrote besides. */
  readonly errors: readonly string[]
  /** Processor time so far, seconds. */
  cpu(): Promise<number>
  signal(name: NodeJS.Signals): void
  /** Its exit code, null after a signal. */
  readonly ended: Promise<number | null>
}

/** Returns a port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Writes the configuration of a gate of the claims' scope that admits members once. */
export function writeConfig(o: {
  readonly folder: string
  readonly root: bigint
  readonly batch: boolean
}): string {
  const { folder, root, batch } = o
  mkdirSync(folder, { recursive: true })
  const config = {
    audience: 'https://drop.example.org',
    ...{ allowDevelopmentKeys: true, rateLimit: false, maxPending: 100_000, store: 'claims' },
    ...(!batch && { batch: false }),
    gates: {
      drop: {
        ...{ statement: 'membership', roots: 'roots.json', maxRootAge: 'any' },
        ...{ scope: CLAIM_SCOPE, admit: 'once' },
      },
    },
  }
  writeFileSync(join(folder, 'roots.json'), JSON.stringify([{ at: '1763700000', root: root.toString() }]))
  const path = join(folder, 'service.json')
  writeFileSync(path, JSON.stringify(config))
  return path
}

/**
 * Starts the service by its command.
 *
 * @throws {Error} with what it wrote, if it ends before it listens
 */
export async function startProcess(o: {
  readonly config: string
  readonly port: number
  readonly env?: Readonly<Record<string, string>>
}): Promise<ServiceProcess> {
  const { config, port, env } = o
  const main = join(ROOT, 'src', 'cli', 'main.ts')
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', main, 'serve', config, '--port', `${port}`],
    { cwd: ROOT, env: { ...process.env, SOULPROOF_DATABASE: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const log: string[] = []
  const errors: string[] = []
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  createInterface({ input: child.stderr! }).on('line', (line) => errors.push(line))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      log.push(line)
      const { url: at } = JSON.parse(line) as { url?: string }
      if (at) resolve(at)
    })
    void ended.then((code) => reject(new Error(`the service ended with ${code}: ${errors.join(' ')}`)))
  })
  return {
    url,
    log,
    errors,
    ended,
    signal: (name) => void child.kill(name),
    async cpu() {
      const text = await (await fetch(`${url}/metrics`)).text()
      return Number(/^process_cpu_seconds_total ([\d.]+)/m.exec(text)?.[1])
    },
  }
}

/** A claim as a client sends it, and what it was told. */
export interface SentClaim {
  readonly nullifier: string
  readonly message: string
  /** Every answer that says what became of it, in order. */
  readonly answers: { readonly status: number; readonly outcome: string }[]
  /** Attempts without such an answer: connections that broke, and 503. */
  unanswered: number
  milliseconds: number
}

/**
 * Hands in claims, all that may be at once, each again until it is answered.
 *
 * @param o.patience  milliseconds after which a claim without an answer is an error
 */
export async function sendClaims(o: {
  readonly url: string
  readonly claims: readonly PreparedClaim[]
  readonly sockets: number
  readonly patience?: number
  /** Milliseconds over which they begin, by default all at once. */
  readonly spread?: number
}): Promise<{ sent: SentClaim[]; seconds: number }> {
  const { url, claims, sockets, patience = 120_000, spread = 0 } = o
  const agent = new Agent({ keepAlive: true, maxSockets: sockets })
  const target = new URL('/v1/gates/drop/proofs', url)
  const sent = claims.map(({ message, envelope }): SentClaim => {
    const nullifier = envelope.publicSignals[0] as string
    return { nullifier, message, answers: [], unanswered: 0, milliseconds: 0 }
  })
  const bodies = claims.map(({ message, envelope }) => Buffer.from(JSON.stringify({ message, envelope })))
  const startedAt = performance.now()
  const handIn = async (i: number): Promise<void> => {
    const claim = sent[i] as SentClaim
    if (spread > 0) await sleep((spread * i) / claims.length)
    const since = performance.now()
    for (let wait = 200; ; wait = Math.min(2 * wait, 3200)) {
      const answer = await post(target, bodies[i] as Buffer, agent).catch(() => undefined)
      if (answer !== undefined && answer.status !== 503) {
        claim.answers.push(answer)
        claim.milliseconds = performance.now() - since
        return
      }
      claim.unanswered++
      if (performance.now() - since > patience) throw new Error(`claim ${i} is not answered`)
      // Longer each time, as clients should: thousands that come at once keep a service from starting again.
      await sleep(wait * (0.5 + Math.random()))
    }
  }
  await Promise.all(claims.map((_, i) => handIn(i)))
  agent.destroy()
  return { sent, seconds: (performance.now() - startedAt) / 1000 }
}

function post(url: URL, body: Buffer, agent: Agent): Promise<{ status: number; outcome: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('close', () => {
        if (!response.complete) return reject(new Error('half an answer'))
        const json = JSON.parse(Buffer.concat(chunks).toString()) as {
          outcome?: string
          error?: { code: string }
        }
        resolve({ status: response.statusCode as number, outcome: json.outcome ?? json.error?.code ?? '' })
      })
    })
    sending.on('error', reject)
    sending.end(body)
  })
}

/** The order in which claims are sent: shuffled, and every second duplicate right behind what it duplicates. */
export function racingOrder(
  firsts: readonly PreparedClaim[],
  duplicates: readonly PreparedClaim[],
): PreparedClaim[] {
  let state = 4711
  const random = (below: number): number => {
    // The minimal standard generator of Park and Miller.
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
  const order = [...firsts]
  for (let i = order.length - 1; i > 0; i--) {
    const j = random(i + 1)
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  const nullifierOf = (claim: PreparedClaim): string => claim.envelope.publicSignals[0] as string
  const behind = new Map<string, PreparedClaim[]>()
  for (const duplicate of duplicates.filter((_, i) => i % 2 === 0)) {
    const name = nullifierOf(duplicate)
    behind.set(name, [...(behind.get(name) ?? []), duplicate])
  }
  const raced = order.flatMap((claim) => [claim, ...(behind.get(nullifierOf(claim)) ?? [])])
  for (const [i, duplicate] of duplicates.entries()) {
    if (i % 2 === 1) raced.splice(random(raced.length + 1), 0, duplicate)
  }
  return raced
}

/** What the database holds: the message of each nullifier that is spent. */
export type Spent = ReadonlyMap<string, bigint>

/** Asks a store what became of the claims that were sent. */
export async function spentOf(store: ClaimStore, sent: readonly SentClaim[]): Promise<Spent> {
  const scope = toField(CLAIM_SCOPE, 'scope')
  const spent = new Map<string, bigint>()
  for (const { nullifier, message } of sent) {
    const claim = { scope, nullifier: BigInt(nullifier), message: toField(message, 'message') }
    if ((await store.find(claimId(claim))) === undefined) continue
    const other = spent.get(nullifier)
    if (other !== undefined && other !== claim.message) throw new Error(`${message}: two claims are stored`)
    spent.set(nullifier, claim.message)
  }
  return spent
}

/**
 * Checks what clients were told against each other and against what is stored, and returns what is wrong: for each nullifier
 * one message has won, its claims were told so (`first` once, and then `repeated`), and all others that it is taken.
 *
 * @param o.lost  whether answers may have been lost: then `first` may have been told to nobody
 */
export function contradictions(o: {
  readonly sent: readonly SentClaim[]
  readonly spent: Spent
  readonly lost: boolean
}): string[] {
  const { sent, spent, lost } = o
  const messageOf = (text: string): bigint => toField(text, 'message')
  const wrong: string[] = []
  const byNullifier = new Map<string, SentClaim[]>()
  for (const claim of sent) {
    byNullifier.set(claim.nullifier, [...(byNullifier.get(claim.nullifier) ?? []), claim])
  }
  for (const [nullifier, claims] of byNullifier) {
    const name = claims[0]!.message
    const won = spent.get(nullifier)
    if (won === undefined) {
      wrong.push(`${name}: is lost`)
      continue
    }
    let firsts = 0
    for (const { message, answers } of claims) {
      const isWinner = messageOf(message) === won
      for (const { status, outcome } of answers) {
        const isFirst = status === 201 && outcome === 'first'
        if (isFirst) firsts++
        const isRight = isWinner ? isFirst || (status === 200 && outcome === 'repeated') : status === 409
        if (!isRight) wrong.push(`${message}: ${status} ${outcome}`)
      }
    }
    if (firsts > 1 || (firsts === 0 && !lost)) wrong.push(`${name}: first was told ${firsts} times`)
    if (!claims.some(({ message }) => messageOf(message) === won)) wrong.push(`${name}: spent for nothing`)
  }
  if (spent.size !== byNullifier.size) wrong.push(`${spent.size} are stored, of ${byNullifier.size}`)
  return wrong
}

/** Clients that harm, for as long as a service has to bear them. */
export interface HostileClients {
  /** Ends them, and returns what they were answered, by status, and how many connections they had. */
  stop(): Promise<{ statuses: ReadonlyMap<number, number>; connections: number; cutOff: number }>
}

const MALFORMED: readonly {
  readonly body: string
  readonly type?: string
  readonly status: readonly number[]
}[] = [
  { body: '{"envelope": ', status: [400] },
  { body: '{"__proto__": {"envelope": 1}}', status: [400] },
  { body: '[1, 2, 3]', status: [400] },
  { body: '{"envelope": "text"}', status: [400] },
  { body: '{"envelope": {}, "message": "x", "other": 1}', status: [400] },
  { body: '{"envelope": {}, "message": "\\ud800"}', status: [400] },
  { body: '{"envelope": {}, "message": "x"}', status: [403] },
  { body: '['.repeat(60_000), status: [400] },
  { body: 'x'.repeat(1 << 20), status: [413] },
  { body: '{}', type: 'text/plain', status: [415] },
]

/** Sends malformed and oversized bodies, and opens connections that send a byte now and then, until it is stopped. */
export function harass(o: { readonly url: string; readonly slow: number }): HostileClients {
  const url = new URL('/v1/gates/drop/proofs', o.url)
  let stopped = false
  let connections = 0
  let cutOff = 0
  const statuses = new Map<number, number>()
  const shout = async (): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const { body, type = 'application/json', status } = MALFORMED[i % MALFORMED.length]!
      try {
        const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
        await response.arrayBuffer()
        const { status: found } = response
        statuses.set(found, (statuses.get(found) ?? 0) + 1)
        if (!status.includes(found) && found !== 503)
          throw new RangeError(`${found} for ${body.slice(0, 50)}`)
      } catch (error) {
        if (error instanceof RangeError) throw error
        // The service is being restarted, or ends a body that it does not read.
        await sleep(100)
      }
      await sleep(20)
    }
  }
  const drip = async (): Promise<void> => {
    while (!stopped) {
      const socket = connect(Number(url.port), url.hostname)
      connections++
      let open = true
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open = false
      })
      socket.write(`POST ${url.pathname} HTTP/1.1\r\nhost: x\r\n`)
      while (open && !stopped) {
        await sleep(500)
        if (open) socket.write('x-a: b\r\n')
      }
      if (!stopped) cutOff++
      socket.destroy()
      await sleep(100)
    }
  }
  const all = Promise.all([shout(), ...Array.from({ length: o.slow }, drip)])
  all.catch(() => undefined)
  return {
    async stop() {
      stopped = true
      await all
      return { statuses, connections, cutOff }
    },
  }
}
