import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  LogController,
} from 'fastify'
import { requireMethods, requireObject } from '../errors.js'
import { parseDecimal } from '../field.js'
import { type ClaimStore, ClaimStoreError, STORE_METHODS, systemClock } from './claims.js'
import { type Admission, type Gate, refuseMixedScopes } from './gate.js'
import { entranceToJson, type Reply, readPossession, refusalReply } from './http.js'
import { createMetrics, type Metrics } from './metrics.js'
import {
  CHALLENGE_BODY,
  CLAIM,
  CLAIM_PARAMS,
  FAILURE,
  FAILURES,
  GATE_PARAMS,
  HEALTH,
  OFFER,
  PROOF_BODY,
  PROOF_REPLIES,
  UNKNOWN,
} from './schemas.js'

/** What makes a service. */
export interface ServiceOptions {
  readonly gates: readonly Gate[]
  /** The store of all gates; closed with the service. */
  readonly store: ClaimStore
  readonly metrics?: Metrics
  /** Requests of one address per minute (of IPv6: of one /64), or false for no limit; by default 120. */
  readonly rateLimit?: number | false
  /** Proofs that are checked at once; more are told to come again. By default 2048. */
  readonly maxPending?: number
  /** Proxies in front that say for whom they ask, as Fastify's `trustProxy`; by default none. */
  readonly trustProxy?: boolean | string
  /** Seconds that a client has to send its request, and a stop waits for what is under way; by default 15. */
  readonly patience?: number
  /** Where log lines go, one JSON object each; by default stdout, false for none. */
  readonly log?:
    | {
        /** Takes one line, its newline included. */
        write(line: string): void
      }
    | false
}

/** A service. */
export interface Service {
  /** The app behind it, to add routes before it listens. */
  readonly app: FastifyInstance
  /** Listens, and returns where. */
  listen(o: { readonly host: string; readonly port: number }): Promise<string>
  /** Takes no more requests, ends those under way, closes the store. */
  close(): Promise<void>
}

const BODY_LIMIT = 1 << 16
const MAX_CONNECTIONS = 8192
/** How often claims that expired are forgotten, and how long after they did, in seconds. */
const FORGET_EVERY = 60
const FORGET_AFTER = 3600n

/**
 * Creates a service that does not listen yet.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed
 * @throws {GateError} if two gates have one name, or one scope in which a Soul has several nullifiers
 */
export async function createService(options: ServiceOptions): Promise<Service> {
  requireObject(options, 'options')
  const { gates, store, metrics = createMetrics(), rateLimit = 120, maxPending = 2048 } = options
  const { trustProxy = false, patience = 15, log } = options
  refuseMixedScopes(gates)
  if (gates.length === 0) throw new TypeError('gates must have a gate')
  requireMethods(store, 'store', STORE_METHODS)
  requireMethods(metrics, 'metrics', ['request', 'proof', 'batch', 'trouble', 'pending', 'gates', 'timed'])
  if (typeof trustProxy !== 'boolean' && typeof trustProxy !== 'string')
    throw new TypeError('trustProxy must be a boolean or a string')
  if (log !== undefined && log !== false) requireMethods(log, 'log', ['write'])
  requireNumber(maxPending, 'maxPending')
  requireNumber(patience, 'patience')
  if (rateLimit !== false) requireNumber(rateLimit, 'rateLimit')
  const byName = new Map(gates.map((gate) => [gate.name, gate]))
  if (byName.size !== gates.length) throw new RangeError('gates: two have one name')
  metrics.gates(gates)

  const app = fastify({
    bodyLimit: BODY_LIMIT,
    trustProxy,
    requestTimeout: patience * 1000,
    connectionTimeout: (patience + 5) * 1000,
    keepAliveTimeout: 30_000,
    forceCloseConnections: 'idle',
    http: {
      headersTimeout: patience * 1000,
      connectionsCheckingInterval: Math.min(2000, patience * 500),
      maxHeaderSize: 16_384,
    },
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: () => randomUUID(),
    // Nothing is turned into another type, dropped or filled in: what the schema does not say is refused.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    ...(log !== false && { logger: loggerOptions(log) }),
  })
  app.removeContentTypeParser('text/plain')
  app.server.maxConnections = MAX_CONNECTIONS
  let stopping = false
  let pending = 0

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { code, reason, status } = describe(error)
    if (status >= 500) request.log.error({ failure: failureOf(error) }, 'failed')
    if (status === 503) reply.header('retry-after', '1')
    return reply.code(status).header('cache-control', 'no-store').send({ error: { code, reason } })
  })
  app.setNotFoundHandler((_, reply) => reply.code(404).send(notFound('there is no such path')))
  app.addHook('onSend', async (_, reply) => {
    // A connection that stays open would keep the process from ending.
    if (stopping) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    const [status, milliseconds] = [reply.statusCode, Math.round(reply.elapsedTime * 10) / 10]
    // The pattern of the route, never the path: it may name a claim.
    const route = routeOptions.url ?? 'none'
    metrics.request({ route, method, status, seconds: reply.elapsedTime / 1000 })
    request.log.info({ method, route, status, milliseconds, ...request.outcome }, 'request')
  })
  app.decorateRequest('outcome', undefined)

  await app.register((await import('@fastify/swagger')).default, {
    openapi: DESCRIPTION,
    // Schemas that routes share have their name in the description.
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, i) => `${$id ?? i}` },
  })
  app.addSchema(FAILURE)
  if (rateLimit !== false) {
    await app.register((await import('@fastify/rate-limit')).default, {
      max: rateLimit,
      timeWindow: 60_000,
      cache: 50_000,
      errorResponseBuilder: () => Object.assign(new Error('too many requests'), { statusCode: 429 }),
    })
  }

  const gateOf = (request: FastifyRequest): Gate | undefined =>
    byName.get((request.params as { gate: string }).gate)

  app.get(
    '/v1/gates',
    { schema: { summary: 'What each gate asks for', response: { 200: OFFERS, ...FAILURES } } },
    () => ({ gates: gates.map((gate) => withoutChallenge(gate)) }),
  )
  app.post(
    '/v1/gates/:gate/challenge',
    {
      schema: {
        summary: 'A fresh challenge, and what to prove for it',
        params: GATE_PARAMS,
        body: CHALLENGE_BODY,
        response: { 200: OFFER, ...UNKNOWN, ...FAILURES },
      },
    },
    (request, reply) => {
      const gate = gateOf(request)
      if (gate === undefined) return reply.code(404).send(notFound('there is no such gate'))
      const { binding } = request.body as { binding?: string }
      const possession = readPossession(request.body)
      try {
        if (possession === 'malformed') throw new RangeError('possession: is malformed')
        const asked = { ...(binding !== undefined && { binding }), ...(possession && { possession }) }
        return reply.header('cache-control', 'no-store').send(gate.offer(asked))
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        return send(reply, refusalReply('malformed', error.message))
      }
    },
  )
  app.post(
    '/v1/gates/:gate/proofs',
    {
      schema: {
        summary: 'Hand in a proof',
        description:
          'Exactly one request for a nullifier is ever answered 201. Send the same request again if its reply was lost: 200 ' +
          'tells that the claim is stored. GET /v1/claims/{id} tells it too, when the proof itself has become too old.',
        params: GATE_PARAMS,
        body: PROOF_BODY,
        response: { ...PROOF_REPLIES, ...FAILURES },
      },
    },
    async (request, reply) => {
      const gate = gateOf(request)
      if (gate === undefined) return reply.code(404).send(notFound('there is no such gate'))
      if (stopping || pending >= maxPending) return send(reply, refusalReply('unavailable', 'too busy'))
      pending++
      metrics.pending(1)
      let outcome = 'failed'
      try {
        const admission = await enter(gate, request.body as ProofBody)
        outcome = admission.admitted ? admission.outcome : admission.code
        if (!admission.admitted) return send(reply, refusalReply(admission.code, admission.reason))
        reply.code(admission.outcome === 'first' ? 201 : 200).header('cache-control', 'no-store')
        return reply.send(entranceToJson(admission))
      } finally {
        pending--
        metrics.pending(-1)
        metrics.proof(gate.name, outcome)
        request.outcome = { gate: gate.name, outcome }
      }
    },
  )
  app.get(
    '/v1/claims/:id',
    {
      schema: {
        summary: 'A claim that was stored, by its id',
        params: CLAIM_PARAMS,
        response: { 200: CLAIM, ...UNKNOWN, ...FAILURES },
      },
    },
    async (request, reply) => {
      const { id } = request.params as { id: string }
      const claim = await store.find(id)
      if (claim === undefined) return reply.code(404).send(notFound('there is no such claim'))
      const { scope, nullifier, message, at } = claim
      return reply.header('cache-control', 'no-store').send({
        claim: id,
        ...Object.fromEntries(
          Object.entries({ scope, nullifier, message, at }).map(([name, x]) => [name, x.toString()]),
        ),
      })
    },
  )

  const unlimited = { rateLimit: false }
  app.get(
    '/health/live',
    { config: unlimited, schema: { summary: 'Whether the process runs', response: { 200: HEALTH } } },
    () => ({ status: 'ok' }),
  )
  app.get(
    '/health/ready',
    {
      config: unlimited,
      schema: { summary: 'Whether proofs can be taken', response: { 200: HEALTH, 503: HEALTH } },
    },
    async (_, reply) => {
      if (stopping) return reply.code(503).send({ status: 'stopping' })
      try {
        await store.check()
      } catch (error) {
        if (!(error instanceof ClaimStoreError)) throw error
        return reply.code(503).send({ status: 'unavailable' })
      }
      return reply.send({ status: 'ok' })
    },
  )
  app.get(
    '/metrics',
    { config: unlimited, schema: { summary: 'Prometheus metrics', response: METRICS } },
    (_, reply) =>
      metrics.registry.metrics().then((text) => reply.type(metrics.registry.contentType).send(text)),
  )
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())

  const forgetting = setInterval(() => {
    store.forget(systemClock() - FORGET_AFTER).catch((error) => {
      app.log.warn({ failure: failureOf(error) }, 'claims that expired are kept for now')
    })
  }, FORGET_EVERY * 1000)
  forgetting.unref()

  return {
    app,
    async listen({ host, port }) {
      await app.listen({ host, port, listenTextResolver: () => 'listening' })
      const { address, family, port: chosen } = app.server.address() as AddressInfo
      return `http://${family === 'IPv6' ? `[${address}]` : address}:${chosen}`
    },
    async close() {
      stopping = true
      clearInterval(forgetting)
      // Whoever is still sending after that is cut off: nothing of theirs was checked.
      const cut = setTimeout(() => app.server.closeAllConnections(), patience * 1000)
      await app.close()
      clearTimeout(cut)
      await store.close()
    },
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the log says of a proof. */
    outcome: { readonly gate: string; readonly outcome: string } | undefined
  }
}

interface ProofBody {
  readonly envelope: unknown
  readonly challenge?: string
  readonly binding?: string
  readonly message?: string
  readonly messageField?: string
}

async function enter(gate: Gate, body: ProofBody): Promise<Admission> {
  const { message, messageField, ...entry } = body
  if (message !== undefined && messageField !== undefined) {
    return { admitted: false, code: 'malformed', reason: 'message and messageField exclude each other' }
  }
  let given: string | bigint | undefined = message
  try {
    if (messageField !== undefined) given = parseDecimal(messageField, 'messageField')
  } catch (error) {
    return { admitted: false, code: 'malformed', reason: (error as Error).message }
  }
  return gate.enter({ ...entry, ...(given !== undefined && { message: given }) })
}

function withoutChallenge(gate: Gate): object {
  const { challenge: _, ...offer } = gate.offer()
  return { ...offer, challenges: gate.challenges }
}

const OFFERS = {
  description: 'All gates',
  type: 'object',
  required: ['gates'],
  properties: {
    gates: {
      type: 'array',
      items: {
        type: 'object',
        required: [...OFFER.required, 'challenges'],
        properties: {
          ...OFFER.properties,
          challenges: {
            type: 'boolean',
            description:
              'Whether proofs have to be bound to a challenge; else to a message that comes with the proof',
          },
        },
      },
    },
  },
}

const METRICS = {
  200: { description: 'Text of Prometheus', content: { 'text/plain': { schema: { type: 'string' } } } },
}

const DESCRIPTION = {
  openapi: '3.1.0' as const,
  info: {
    title: 'Soulproof verifier',
    description:
      'Checks zero-knowledge proofs against the policies of its gates, and spends their nullifiers.',
    version: '1',
  },
}

function notFound(reason: string): object {
  return { error: { code: 'unknown', reason } }
}

function send(reply: FastifyReply, { status, headers, body }: Reply): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}

/** What a client is told of an error: nothing of what is inside. */
function describe(error: FastifyError): { code: string; reason: string; status: number } {
  if (error instanceof ClaimStoreError)
    return { status: 503, code: 'unavailable', reason: 'claims cannot be reached now' }
  const { statusCode: status = 500, validation } = error
  if (validation)
    return { status: 400, code: 'malformed', reason: `${error.validationContext}: ${validation[0]?.message}` }
  if (status === 413) return { status, code: 'large', reason: 'the body is too large' }
  if (status === 429) return { status, code: 'often', reason: 'too many requests' }
  if (status === 415) return { status, code: 'malformed', reason: 'the body must be application/json' }
  if (status >= 400 && status < 500)
    return { status: 400, code: 'malformed', reason: 'the request is malformed' }
  return { status: 500, code: 'internal', reason: 'the service failed' }
}

/** What the log says of an error: its kind and where it was thrown; messages of others may have values in them. */
function failureOf(error: unknown): object {
  const { name, code, stack, cause } = (error ?? {}) as Error & { code?: unknown }
  const frames = (stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    name,
    ...(typeof code === 'string' && { code }),
    at: frames.slice(0, 5).map((line) => line.trim()),
    ...(cause instanceof Error && { cause: failureOf(cause) }),
  }
}

function loggerOptions(
  stream: { write(line: string): void } | undefined,
): NonNullable<FastifyServerOptions['logger']> {
  return {
    level: 'info',
    base: null,
    // Should something of ours or of a plugin's log a request or an error whole, this is all that is written of it.
    serializers: {
      req: ({ method }: { method: string }) => ({ method }),
      res: ({ statusCode }: { statusCode: number }) => ({ status: statusCode }),
      err: failureOf as () => never,
    },
    ...(stream && { stream }),
  }
}

function requireNumber(value: unknown, label: string): void {
  if (typeof value !== 'number') throw new TypeError(`${label} must be a number`)
  if (!(value > 0 && value <= 1e6)) throw new RangeError(`${label} must be from 1 to 1,000,000`)
}
