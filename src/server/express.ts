/** Gates for routes of Express 4 and 5, and of whatever else calls handlers with (request, response, next). */

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

/** What is used of Express's request. `body` has to be parsed before, by `express.json()`. */
export interface ProofRequest {
  readonly headers: { readonly authorization?: string | undefined }
  body?: unknown
  /** Who came in by the gate of this route. */
  soulproof?: Entrance
}

/** What is used of Express's response. */
export interface ProofResponse {
  /** Sets the status of the answer: 200, 400, 401, 403, 409 or 503. */
  status(code: number): unknown
  /** Sets headers of the answer, by lower-case name. */
  set(headers: Record<string, string>): unknown
  /** Sends the answer, a value that JSON can hold, and ends it. */
  json(body: unknown): unknown
}

/** A handler. */
export type ProofHandler<R> = (request: R, response: ProofResponse, next: (error?: unknown) => void) => void

/**
 * Returns a middleware that lets only requests with a proof through, and refuses others with 400, 401, 403, 409 or 503.
 * Behind it `request.soulproof` tells who came in.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed or missing
 */
export function requireProof<R extends ProofRequest>(route: GateRoute<R>): ProofHandler<R> {
  requireRoute(route)
  return (request, response, next) => {
    const { body, headers } = request
    enterRoute(route, request, { body, authorization: headers.authorization })
      .then((entered) => {
        if ('status' in entered) return send(response, entered)
        request.soulproof = entered
        next()
      })
      // Express 4 does not look at what handlers return.
      .catch(next)
  }
}

/**
 * Returns the handler of the route, a POST, that offers challenges; tied as those of {@link requireProof} have to be.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed, or if the gate makes no challenges
 */
export function offerChallenge<R extends ProofRequest>(
  route: Pick<GateRoute<R>, 'gate' | 'binding'>,
): ProofHandler<R> {
  requireOffers(route)
  return (request, response, next) => {
    try {
      send(response, offerReply(route, request, request.body))
    } catch (error) {
      next(error)
    }
  }
}

function send(response: ProofResponse, { status, headers, body }: Reply): void {
  response.status(status)
  response.set({ ...headers })
  response.json(body)
}
