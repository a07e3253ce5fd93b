import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  answerRequest,
  type Exchange,
  ExchangeError,
  openExchange,
  readRequest,
} from '../../src/designated/index.js'
import type { FieldInput } from '../../src/field.js'
import type { Roots, Wallet } from '../../src/policy/index.js'
import type { Prover } from '../../src/prover/index.js'
import type { Verification } from '../../src/verifier/index.js'

/*
 * The exchange of a designated proof over HTTP: the verifier serves two paths, the holder posts to them. The messages are
 * the library's; HTTP carries them and adds nothing to their safety.
 *
 *   POST /open     opening -> request
 *   POST /answer   answer  -> { "valid": true | false }
 */

const MAX_BODY = 1 << 20

/** A verifier that listens. */
export interface ExchangeServer {
  /** Where it listens, on this machine alone. */
  readonly url: string
  close(): Promise<void>
}

/** Serves the verifier's side on a free port. */
export async function serveExchange(o: {
  readonly exchange: Exchange
  readonly policy: unknown
  readonly scope: FieldInput
  /** The snapshots that are accepted now. */
  readonly roots: () => readonly Roots[]
  /** Unix seconds. */
  readonly now: () => bigint
  /** What was verified; the holder is told no more than whether it was. */
  readonly onVerified: (result: Verification) => void
}): Promise<ExchangeServer> {
  const { exchange, policy, scope, roots, now, onVerified } = o
  const routes: Readonly<Record<string, (body: unknown) => Promise<unknown>>> = {
    '/open': (opening) => exchange.request({ opening, policy, scope, now: now() }),
    '/answer': async (answer) => {
      const result = await exchange.receive({ answer, roots: roots(), now: now() })
      onVerified(result)
      return { valid: result.valid }
    },
  }
  const server = createServer((request, response) => {
    respond(routes, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) }
}

async function respond(
  routes: Readonly<Record<string, (body: unknown) => Promise<unknown>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(body))
  }
  const route = Object.hasOwn(routes, request.url ?? '') ? routes[request.url ?? ''] : undefined
  if (route === undefined || request.method !== 'POST') return send(404, { error: 'no such path' })
  let body: unknown
  try {
    body = JSON.parse(await readBody(request))
  } catch {
    return send(400, { error: 'the body is not JSON, or too large' })
  }
  try {
    send(200, await route(body))
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    send(400, { error: error.message })
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += (chunk as Buffer).length
    // Read to the end and not kept: who stops reading cannot answer.
    if (length <= MAX_BODY) chunks.push(chunk as Buffer)
  }
  if (length > MAX_BODY) throw new RangeError('the body is too large')
  return Buffer.concat(chunks).toString('utf8')
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

/**
 * Runs the holder's side against a verifier's URL.
 *
 * @param o.verifierKey  the verifier's commitment, from where the holder trusts it
 * @param o.approve      shows the policy in words to the holder; false ends the exchange before anything is proved
 * @throws {ExchangeError} if the verifier's messages are refused, or the holder does not approve
 */
export async function answerOverHttp(
  o: Wallet & {
    readonly url: string
    readonly verifierKey: bigint
    readonly prover: Prover
    readonly roots: Roots
    readonly now: bigint
    readonly approve: (explanation: string) => boolean | Promise<boolean>
  },
): Promise<boolean> {
  const { url, verifierKey, approve, ...holder } = o
  const opening = openExchange()
  const { now } = holder
  const request = readRequest({ opening, request: await post(`${url}/open`, opening), verifierKey, now })
  if (!(await approve(request.explanation))) throw new ExchangeError('the holder does not approve')
  const answer = await answerRequest({ ...holder, request })
  return ((await post(`${url}/answer`, answer)) as { valid?: unknown }).valid === true
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new ExchangeError(`the verifier answers ${response.status}`)
  return response.json()
}
