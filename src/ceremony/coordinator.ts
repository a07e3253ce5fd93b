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
  end?: Extract<QueueState, { state: 'done' | 'dropped' }>
}

const MAX_QUEUE = 1000
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
 * Ports are not encrypted: put a server that speaks TLS in front of it.
 *
 * @param o.turnSeconds   how long a turn lasts
 * @param o.idleSeconds   after how long without a question somebody who waits is dropped
 * @param o.contributions {@link Coordinator.done} after so many in the transcript; by default never
 */
export async function serveCeremony(o: {
  folder: string
  host?: string
  port?: number
  turnSeconds?: number
  idleSeconds?: number
  contributions?: number
  onEvent?: CoordinatorEvent
}): Promise<Coordinator> {
  const { folder, host = '127.0.0.1', port = 0, turnSeconds = 1800, idleSeconds = 60, onEvent } = o
  let transcript = await readCeremony(folder)
  nextTurn(transcript)
  const tickets = new Map<string, Ticket>()
  const queue: Ticket[] = []
  /** Tickets of those who left the queue, the latest of which are told how it ended. */
  const ended: string[] = []
  let isChecking = false
  let finish: () => void = () => undefined
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const contributed = ({ steps }: Transcript): number => steps.length
  if (o.contributions !== undefined && contributed(transcript) >= o.contributions) finish()

  const end = (ticket: Ticket, state: NonNullable<Ticket['end']>): void => {
    ticket.uploads.clear()
    ticket.end = state
    ended.push(ticket.ticket)
    while (ended.length > MAX_QUEUE) tickets.delete(ended.shift() as string)
  }
  const drop = async (ticket: Ticket, reason: string): Promise<void> => {
    queue.splice(queue.indexOf(ticket), 1)
    end(ticket, { state: 'dropped', reason })
    onEvent?.('dropped', ticket.name, reason)
    // Who never had the turn is not in the transcript: anybody could fill it, since a place in the queue costs nothing.
    if (ticket.turnEndsAt === undefined) return
    transcript = await recordDrop({ folder, name: ticket.name, reason })
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
    const ticket = find(id)
    if (ticket.turnEndsAt === undefined || ticket.end) throw new HttpError(409, 'it is not your turn')
    return ticket
  }
  const requireStatement = (statement: string | undefined): string => {
    if (statement === undefined || !Object.hasOwn(transcript.statements, statement)) {
      throw new HttpError(404, 'there is no such statement')
    }
    return statement
  }
  const stateOf = (ticket: Ticket): QueueState => {
    if (ticket.end) return ticket.end
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
    }
    tickets.set(ticket.ticket, ticket)
    queue.push(ticket)
    onEvent?.('queued', ticket.name)
    await inOrder(advance)
    return { ticket: ticket.ticket }
  }
  const upload = async (request: IncomingMessage, ticket: Ticket, statement: string): Promise<object> => {
    const { bytes } = nextTurn(transcript).keys[statement]!
    ticket.uploads.set(statement, await readBody(request, bytes + GROWTH))
    return { received: statement }
  }
  const commit = (ticket: Ticket): Promise<QueueState> =>
    inOrder(async () => {
      if (ticket.end) return ticket.end
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
        queue.splice(queue.indexOf(ticket), 1)
        end(ticket, { state: 'done', receipt: accepted.receipt })
        onEvent?.('accepted', name)
        if (o.contributions !== undefined && contributed(transcript) >= o.contributions) finish()
      } catch (error) {
        if (!(error instanceof CeremonyError)) throw error
        onEvent?.('refused', ticket.name, error.message)
        await drop(ticket, `the contribution was refused: ${error.message}`)
      } finally {
        isChecking = false
        ticket.uploads.clear()
      }
      await advance()
      return stateOf(ticket)
    })

  const route = async (request: IncomingMessage): Promise<object | Uint8Array | string> => {
    const [root, id, file, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname
      .split('/')
      .slice(1)
    const is = (method: string, path: boolean): boolean =>
      request.method === method && path && rest.length === 0
    if (is('GET', root === 'transcript.json' && id === undefined)) return formatTranscript(transcript)
    if (is('POST', root === 'queue' && id === undefined)) return enqueue(request)
    if (is('GET', root === 'queue' && file === undefined)) return stateOf(find(id))
    if (is('POST', root === 'turn' && file === undefined)) {
      // Asked again, because an answer was lost, it answers the same.
      const { end } = find(id)
      return end?.state === 'done' ? end : commit(withTurn(id))
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
