import { requireMethods, requireObject } from '../errors.js'
import type { FieldInput } from '../field.js'
import type { ClaimValue } from '../sbt/schema.js'
import { claimText } from '../statements/signals.js'
import { ClaimStoreError } from './claims.js'
import { type Admission, GATE_METHODS, type Gate, type Offer, type RefusalCode } from './gate.js'

/** What a handler behind a gate knows of who came in. */
export type Entrance = Extract<Admission, { admitted: true }>

/** How a route is gated. `R` is the framework's request. */
export interface GateRoute<R> {
  readonly gate: Gate
  /**
   * For gates that admit once: what happens when the same claim comes again, because a reply was lost or somebody repeats it.
   * `admit` lets the handler see it, as `repeated` and with the same id of the claim: its work has to be idempotent by that id.
   * `refuse` answers 409: a handler that fails has spent a nullifier for nothing.
   */
  readonly onRepeat?: 'admit' | 'refuse'
  /** What challenges are tied to: the session or the account of the request. A request for which it returns none is refused. */
  readonly binding?: (request: R) => string
  /** Of gates without challenges: what the proof has to be bound to, such as the recipient in the body. */
  readonly message?: (request: R) => FieldInput
}

/** A reply in JSON. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Status codes of refusals. */
export const STATUS: Readonly<Record<RefusalCode | 'repeated', number>> = {
  malformed: 400,
  challenge: 401,
  refused: 403,
  taken: 409,
  repeated: 409,
  unavailable: 503,
}

/** Seconds after which to try again what was not available. */
const RETRY_AFTER = '1'

/** Writes a refusal as a reply. */
export function refusalReply(code: RefusalCode | 'repeated', reason: string, more: object = {}): Reply {
  return {
    status: STATUS[code],
    headers: {
      'cache-control': 'no-store',
      ...(code === 'challenge' && { 'www-authenticate': 'Soulproof' }),
      ...(code === 'unavailable' && { 'retry-after': RETRY_AFTER }),
    },
    body: { error: { code, reason, ...more } },
  }
}

/**
 * Checks how a route is gated, when the app starts.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed or missing
 */
export function requireRoute<R>(route: GateRoute<R>): void {
  requireObject(route, 'options')
  requireMethods(route.gate, 'gate', GATE_METHODS)
  const { gate, onRepeat, binding, message } = route
  if (gate.admit === 'once' && onRepeat !== 'admit' && onRepeat !== 'refuse')
    throw new RangeError("onRepeat must be 'admit' or 'refuse' for a gate that admits once")
  for (const [name, given] of Object.entries({ binding, message })) {
    if (given !== undefined && typeof given !== 'function') throw new TypeError(`${name} must be a function`)
  }
  if (!gate.challenges && message === undefined)
    throw new TypeError('message must be a function: this gate makes no challenges')
}

/**
 * Lets a request in, or says what to reply. The proof stands in the body under `soulproof`, or in the header
 * `authorization: Soulproof <base64url of its JSON>`: an object with the envelope and, if the gate makes challenges, the challenge.
 */
export async function enterRoute<R>(
  route: GateRoute<R>,
  request: R,
  given: { readonly body: unknown; readonly authorization: string | undefined },
): Promise<Entrance | Reply> {
  const { gate, onRepeat, binding, message } = route
  const proof = proofOf(given)
  if (proof === undefined) return refusalReply('malformed', 'there is no proof in the request')
  const bound = binding?.(request)
  if (isUnbound(binding, bound)) return refusalReply('malformed', UNBOUND)
  try {
    const admission = await gate.enter({
      ...proof,
      ...(bound !== undefined && { binding: bound }),
      ...(message && { message: message(request) }),
    })
    if (!admission.admitted) return refusalReply(admission.code, admission.reason)
    if (admission.outcome === 'repeated' && onRepeat === 'refuse') {
      return refusalReply('repeated', 'the claim was made before', { claim: admission.claim })
    }
    return admission
  } catch (error) {
    if (error instanceof ClaimStoreError) return refusalReply('unavailable', 'claims cannot be stored now')
    throw error
  }
}

/**
 * Checks the route that offers challenges, when the app starts.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed
 */
export function requireOffers<R>(route: Pick<GateRoute<R>, 'gate' | 'binding'>): void {
  requireObject(route, 'options')
  requireMethods(route.gate, 'gate', GATE_METHODS)
  if (!route.gate.challenges) throw new RangeError('gate makes no challenges')
  if (route.binding !== undefined && typeof route.binding !== 'function')
    throw new TypeError('binding must be a function')
}

/** Offers a challenge. The body is empty, or an object with `possession`: the wallet's challenge in hex. */
export function offerReply<R>(
  { gate, binding }: Pick<GateRoute<R>, 'gate' | 'binding'>,
  request: R,
  body: unknown,
): Reply {
  const possession = readPossession(body)
  if (possession === 'malformed') return refusalReply('malformed', 'the body is malformed')
  const bound = binding?.(request)
  if (isUnbound(binding, bound)) return refusalReply('malformed', UNBOUND)
  let offer: Offer
  try {
    offer = gate.offer({
      ...(bound !== undefined && { binding: bound }),
      ...(possession && { possession }),
    })
  } catch (error) {
    // A possession where there is no key, or a binding that the client made too long.
    if (error instanceof RangeError) return refusalReply('malformed', error.message)
    throw error
  }
  return { status: 200, headers: { 'cache-control': 'no-store' }, body: offer }
}

const UNBOUND = 'the request has no session that a challenge is tied to'

/** A route that ties challenges to sessions gives none, and takes none, to a request that has no session: all such would share it. */
function isUnbound(binding: unknown, bound: unknown): boolean {
  return binding !== undefined && (typeof bound !== 'string' || bound === '')
}

/** Reads the wallet's challenge for the gate's key. */
export function readPossession(body: unknown): Uint8Array | undefined | 'malformed' {
  if (body === undefined || body === null) return undefined
  if (typeof body !== 'object' || Array.isArray(body)) return 'malformed'
  if (!Object.hasOwn(body, 'possession')) return undefined
  const { possession } = body as { possession: unknown }
  if (typeof possession !== 'string' || !/^([0-9a-f]{2}){16,512}$/.test(possession)) return 'malformed'
  return Uint8Array.from(Buffer.from(possession, 'hex'))
}

/** Writes what a handler knows as JSON: numbers as decimal strings. */
export function entranceToJson(entrance: Entrance): Readonly<Record<string, unknown>> {
  const { outcome, nullifier, revealed, handle, claim } = entrance
  return {
    outcome,
    ...(claim !== undefined && { claim }),
    nullifier: nullifier.toString(),
    revealed: textsOf(revealed),
    ...(handle !== undefined && { handle: handle.toString() }),
  }
}

function textsOf(revealed: Readonly<Record<string, ClaimValue>>): Record<string, string> {
  return Object.fromEntries(Object.entries(revealed).map(([name, value]) => [name, claimText(value)]))
}

const MAX_HEADER = 12_000

function proofOf(given: {
  readonly body: unknown
  readonly authorization: string | undefined
}): { envelope: unknown; challenge?: unknown } | undefined {
  const { body, authorization } = given
  let proof: unknown
  if (typeof body === 'object' && body !== null && Object.hasOwn(body, 'soulproof')) {
    proof = (body as { soulproof: unknown }).soulproof
  } else {
    const [, text] = /^soulproof ([0-9A-Za-z_-]+)$/i.exec(authorization ?? '') ?? []
    if (text === undefined || text.length > MAX_HEADER) return undefined
    try {
      proof = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    } catch {
      return undefined
    }
  }
  if (typeof proof !== 'object' || proof === null || !Object.hasOwn(proof, 'envelope')) return undefined
  const { envelope, challenge } = proof as { envelope: unknown; challenge?: unknown }
  return { envelope, ...(challenge !== undefined && { challenge }) }
}
