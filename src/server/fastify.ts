/** Gates for routes of Fastify 5. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Entrance,
  enterRoute,
  type GateRoute,
  offerReply,
  type Reply,
  requireOffers,
  requireRoute,
} from './http.js'

export type { Entrance, GateRoute } from './http.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who came in by the gate of this route; undefined on routes without one. */
    soulproof: Entrance | undefined
  }
}

/**
 * Plugin that decorates requests with `soulproof`. Register it before routes that use {@link requireProof}.
 *
 * @example
 *   await app.register(soulproof)
 *   app.post('/enter/challenge', offerChallenge({ gate }))
 *   app.post('/enter', { preHandler: requireProof({ gate, onRepeat: 'admit' }) }, (request) => request.soulproof.claim)
 */
export async function soulproof(app: FastifyInstance): Promise<void> {
  app.decorateRequest('soulproof', undefined)
}
// Fastify's marks of a plugin that is for the app itself, not for a context of its own, and of its name in errors.
Object.assign(soulproof, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'soulproof',
})

/**
 * Returns a `preHandler` that lets only requests with a proof through, and refuses others with 400, 401, 403, 409 or 503.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed or missing
 */
export function requireProof(
  route: GateRoute<FastifyRequest>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  requireRoute(route)
  return async (request, reply) => {
    if (!request.server.hasRequestDecorator('soulproof'))
      throw new Error('the plugin soulproof is not registered')
    const { body, headers } = request
    const entered = await enterRoute(route, request, { body, authorization: headers.authorization })
    if ('status' in entered) return send(reply, entered)
    request.soulproof = entered
    return undefined
  }
}

/**
 * Returns the handler of the route, a POST, that offers challenges; tied as those of {@link requireProof} have to be.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed, or if the gate makes no challenges
 */
export function offerChallenge(
  route: Pick<GateRoute<FastifyRequest>, 'gate' | 'binding'>,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  requireOffers(route)
  return async (request, reply) => send(reply, offerReply(route, request, request.body))
}

function send(reply: FastifyReply, { status, headers, body }: Reply): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}
