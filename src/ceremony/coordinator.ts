/** A coordinator over HTTP: contributors queue, one at a time has the turn, whoever lets it pass is skipped. Node only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { randomBytes } from '../crypto/random.js'
import { CeremonyError } from '../errors.js'
import {
  acceptContribution,
  nextTurn,
  type Receipt,
  readCeremony,
  readLatestKey,
  recordDrop,
  type Turn,
} from './store.js'
import { formatTranscript, requireWords, type Transcript } from './transcript.js'

/** Where somebody in the queue stands; what `GET /queue/<ticket>` answers. */
export type QueueState =
  | { readonly state: 'waiting'; readonly position: number }
  | { readonly state: 'turn'; readonly secondsLeft: number; readonly turn: Turn }
  | { readonly state: 'done'; readonly receipt: Receipt }
  | { readonly state: 'dropped'; readonly reason: string }

/** A running coordinator. */
export interface Coordinator {
  readonly url: string
  /** Resolves when the transcript has as many contributions as were asked for. */
  readonly done: Promise<void>
  close(): Promise<void>
}

/** What happens, for people to read. */
export type CoordinatorEvent = (
  event: 'queued' | 'turn' | 'accepted' | 'refused' | 'dropped',
  name: string,
  detail?: string,
) => void

interface Ticket {
  readonly ticket: string
  readonly name: string
  readonly attestation: string
  seenAt: number
  /** When the turn ends, in milliseconds; undefined while waiting. */
  turnEndsAt?: number
  readonly uploads: Map<string, Uint8Array>
  /** Uploads under way, by statement. */
  readonly uploading: Map<string, IncomingMessage>
}

type Ended = Extract<QueueState, { state: 'done' | 'dropped' }>

const MAX_QUEUE = 1000
const KEPT = 1000
const MAX_JSON = 100_000
/** More than a contribution adds to a key. */
const GROWTH = 1024
const TICK_MS = 250

/** An answer that is not 200. */
class HttpError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Serves a ceremony to contributors. What was accepted is in the folder: after a crash it is served again, and contributors queue again.
 *
 * Ports are not encrypted: put a server that speaks TLS in front of it. Whoever reaches it may queue, and nothing that queueing
 * costs grows for ever: at most 1000 wait, one has the turn, and of what has ended only the newest is kept.
 *
 * @param o.turnSeconds   how long a turn lasts
 * @param o.idleSeconds   after how long without a question somebody who waits is dropped
 * @param o.contributions {@link Coordinator.done} after so many in the transcript; by default never
 * @param o.kept          how many tickets that have ended it answers for, of those that contributed and of the others each, and
 *   how many drop-outs the transcript names; by default 1000
 */
export async function serveCeremony(o: {
  folder: string
  host?: string
  port?: number
  turnSeconds?: number
  idleSeconds?: number
  contributions?: number
  kept?: number
  onEvent?: CoordinatorEvent
}): Promise<Coordinator> {
  const { folder, host = '127.0.0.1', port = 0, turnSeconds = 1800, idleSeconds = 60, onEvent } = o
  const { kept = KEPT } = o
  if (!Number.isSafeInteger(kept) || kept < 1) throw new RangeError('kept must be a positive integer')
  let transcript = await readCeremony(folder)
  nextTurn(transcript)
  /** Who waits or has the turn. */
  const tickets = new Map<string, Ticket>()
  const queue: Ticket[] = []
  // Apart, so that who queues and goes a thousand times does not make it forget a receipt.
  const ended: Readonly<Record<Ended['state'], Map<string, Ended>>> = { done: new Map(), dropped: new Map() }
  let isChecking = false
  let finish: () => void = () => undefined
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const contributed = ({ steps }: Transcript): number => steps.length
  if (o.contributions !== undefined && contributed(transcript) >= o.contributions) finish()

  const end = <S extends Ended>({ ticket: id }: Ticket, state: S): S => {
    const ticket = tickets.get(id)
    if (ticket) queue.splice(queue.indexOf(ticket), 1)
    tickets.delete(id)
    const others = ended[state.state]
    others.set(id, state)
    // The first is the oldest.
    for (const oldest of others.keys()) {
      if (others.size <= kept) break
      others.delete(oldest)
    }
    return state
  }
  const endOf = (id: string | undefined): Ended | undefined =>
    id === undefined ? undefined : (ended.done.get(id) ?? ended.dropped.get(id))
  /** Who had the turn is named in the transcript; who only waited had nothing to do with the keys. */
  const drop = async (ticket: Ticket, reason: string): Promise<Ended> => {
    const isNamed = ticket.turnEndsAt !== undefined && transcript.dropped.length < kept
    const state = end(ticket, { state: 'dropped', reason })
    onEvent?.('dropped', ticket.name, isNamed ? reason : `${reason}; the transcript does not name it`)
    if (isNamed) transcript = await recordDrop({ folder, name: ticket.name, reason })
    return state
  }
  // One after the other: each may write the transcript.
  let chain: Promise<unknown> = Promise.resolve()
  const inOrder = <T>(run: () => Promise<T>): Promise<T> => {
    const next = chain.then(run)
    chain = next.catch(() => undefined)
    return next
  }
  const advance = async (): Promise<void> => {
    const now = Date.now()
    for (const ticket of [...queue]) {
      const isTurn = ticket.turnEndsAt !== undefined
      if (isTurn && !isChecking && now > (ticket.turnEndsAt as number))
        await drop(ticket, 'the turn passed without a contribution')
      if (!isTurn && now > ticket.seenAt + 1000 * idleSeconds)
        await drop(ticket, 'did not answer while waiting')
    }
    const [first] = queue
    if (first && first.turnEndsAt === undefined) {
      first.turnEndsAt = Date.now() + 1000 * turnSeconds
      onEvent?.('turn', first.name)
    }
  }
  const timer = setInterval(() => void inOrder(advance), TICK_MS)

  const find = (id: string | undefined): Ticket => {
    const ticket = id === undefined ? undefined : tickets.get(id)
    if (!ticket) throw new HttpError(404, 'there is no such ticket: queue again')
    ticket.seenAt = Date.now()
    return ticket
  }
  const withTurn = (id: string | undefined): Ticket => {
    const ticket = endOf(id) === undefined ? find(id) : undefined
    if (ticket?.turnEndsAt === undefined) throw new HttpError(409, 'it is not your turn')
    return ticket
  }
  const requireStatement = (statement: string | undefined): string => {
    if (statement === undefined || !Object.hasOwn(transcript.statements, statement)) {
      throw new HttpError(404, 'there is no such statement')
    }
    return statement
  }
  const stateOf = (id: string | undefined): QueueState => {
    const state = endOf(id)
    if (state) return state
    const ticket = find(id)
    if (ticket.turnEndsAt === undefined) return { state: 'waiting', position: queue.indexOf(ticket) }
    const secondsLeft = Math.max(0, Math.round((ticket.turnEndsAt - Date.now()) / 1000))
    return { state: 'turn', secondsLeft, turn: nextTurn(transcript) }
  }

  const enqueue = async (request: IncomingMessage): Promise<object> => {
    const { name, attestation } = await readJsonBody(request)
    try {
      requireWords({ name: name as string, attestation: attestation as string })
    } catch (error) {
      throw new HttpError(400, (error as Error).message)
    }
    if (queue.length >= MAX_QUEUE) throw new HttpError(503, 'the queue is full')
    const ticket: Ticket = {
      ticket: Buffer.from(randomBytes(16)).toString('hex'),
      name: name as string,
      attestation: attestation as string,
      seenAt: Date.now(),
      uploads: new Map(),
      uploading: new Map(),
    }
    tickets.set(ticket.ticket, ticket)
    queue.push(ticket)
    onEvent?.('queued', ticket.name)
    await inOrder(advance)
    return { ticket: ticket.ticket }
  }
  const upload = async (request: IncomingMessage, ticket: Ticket, statement: string): Promise<object> => {
    const { bytes } = nextTurn(transcript).keys[statement]!
    // Sent again because a connection broke, it takes the place of the one before.
    ticket.uploading.get(statement)?.destroy()
    ticket.uploading.set(statement, request)
    try {
      ticket.uploads.set(statement, await readBody(request, bytes + GROWTH))
    } finally {
      if (ticket.uploading.get(statement) === request) ticket.uploading.delete(statement)
    }
    return { received: statement }
  }
  const commit = (ticket: Ticket): Promise<QueueState> =>
    inOrder(async () => {
      const before = endOf(ticket.ticket)
      if (before) return before
      let state: Ended
      isChecking = true
      try {
        const { name, attestation, uploads } = ticket
        const accepted = await acceptContribution({
          folder,
          name,
          attestation,
          keys: Object.fromEntries(uploads),
        })
        transcript = accepted.transcript
        state = end(ticket, { state: 'done', receipt: accepted.receipt })
        onEvent?.('accepted', name)
        if (o.contributions !== undefined && contributed(transcript) >= o.contributions) finish()
      } catch (error) {
        if (!(error instanceof CeremonyError)) throw error
        onEvent?.('refused', ticket.name, error.message)
        state = await drop(ticket, `the contribution was refused: ${error.message}`)
      } finally {
        isChecking = false
        ticket.uploads.clear()
      }
      await advance()
      return state
    })

  const route = async (request: IncomingMessage): Promise<object | Uint8Array | string> => {
    const [root, id, file, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname
      .split('/')
      .slice(1)
    const is = (method: string, path: boolean): boolean =>
      request.method === method && path && rest.length === 0
    if (is('GET', root === 'transcript.json' && id === undefined)) return formatTranscript(transcript)
    if (is('POST', root === 'queue' && id === undefined)) return enqueue(request)
    if (is('GET', root === 'queue' && file === undefined)) return stateOf(id)
    if (is('POST', root === 'turn' && file === undefined)) {
      // Asked again, because an answer was lost, it answers the same.
      const state = endOf(id)
      return state?.state === 'done' ? state : commit(withTurn(id))
    }
    if (is('GET', root === 'turn' && file !== undefined)) {
      withTurn(id)
      return readLatestKey(folder, transcript, requireStatement(file))
    }
    if (is('PUT', root === 'turn' && file !== undefined)) {
      return upload(request, withTurn(id), requireStatement(file))
    }
    throw new HttpError(404, 'there is nothing here')
  }
  const server = createServer((request, response) => {
    route(request).then(
      (result) => answer(response, 200, result),
      (error: unknown) => {
        const isExpected = error instanceof HttpError
        answer(response, isExpected ? error.status : 500, { error: isExpected ? error.message : 'failed' })
        // An upload that is too large is not read to its end.
        if (!request.complete) request.destroy()
      },
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address() as { port: number }
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    done,
    async close() {
      clearInterval(timer)
      await chain
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

function answer(response: ServerResponse, status: number, content: object | Uint8Array | string): void {
  const isBytes = content instanceof Uint8Array
  const body = isBytes || typeof content === 'string' ? content : JSON.stringify(content)
  const type = isBytes ? 'application/octet-stream' : 'application/json'
  // Both sides are busy for seconds at times: a connection that is kept would be closed by one while the other uses it.
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  })
  response.end(body)
}

async function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Buffer).length
    if (length > limit) throw new HttpError(413, 'that is too large')
    chunks.push(chunk as Buffer)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

async function readJsonBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const text = Buffer.from(await readBody(request, MAX_JSON)).toString('utf8')
  try {
    const json = JSON.parse(text)
    if (typeof json === 'object' && json !== null) return json
  } catch {}
  throw new HttpError(400, 'a JSON object is expected')
}
