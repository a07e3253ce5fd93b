/**
 * A designated proof from question to answer, over any transport:
 *
 *   holder    opening   a fresh challenge
 *   verifier  request   policy, scope, its key, a key to encrypt to, and its possession of all that for the challenge
 *   holder    answer    the proof, bound to this very request, encrypted; nothing is signed
 *
 * All messages are plain JSON. The verifier's long-term commitment is what the holder has to know beforehand.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { frame, isHex } from '../crypto/encoding.js'
import { randomBytes } from '../crypto/random.js'
import { PolicyError, requireMethods, requireObject, SchemaError, SoulproofError } from '../errors.js'
import { assertField, assertUint, type FieldInput, hashBytes, toField } from '../field.js'
import { readDecimal, readObject } from '../merkle/json.js'
import { explainPolicy } from '../policy/explain.js'
import { parsePolicy } from '../policy/parse.js'
import type { Policy, Roots, Wallet } from '../policy/types.js'
import type { Envelope, OnProgress, Prover } from '../prover/index.js'
import type { ClaimValue } from '../sbt/schema.js'
import type { Verification, Verifier } from '../verifier/index.js'
import { requireKey, type VerifierKey } from './keys.js'
import { checkPossession, type Possession, provePossession } from './possession.js'
import { createSealingKey, isSealed, open, PUBLIC_KEY_BYTES, type Sealed, seal } from './seal.js'
import { simulate } from './simulate.js'

/** The holder's first message. */
export interface Opening {
  readonly version: 1
  readonly kind: 'opening'
  /** 32 fresh bytes as lower-case hex. */
  readonly challenge: string
}

/** The verifier's message: what it wants proved, to whom. */
export interface ProofRequest {
  readonly version: 1
  readonly kind: 'request'
  /** 16 random bytes as lower-case hex. */
  readonly session: string
  /** The policy's JSON. */
  readonly policy: unknown
  /** The scope as it was written, text or a number. */
  readonly scope: { readonly text: string } | { readonly field: string }
  readonly verifierKey: string
  /** HPKE public key of this session, P-256, as lower-case hex. */
  readonly sealingKey: string
  /** Unix seconds after which no answer is taken. */
  readonly expiresAt: string
  readonly possession: Possession
}

/** The holder's last message. */
export interface Answer extends Sealed {
  readonly version: 1
  readonly kind: 'answer'
  readonly session: string
}

/** A message is refused; the reason names the part. */
export class ExchangeError extends SoulproofError {
  override name = 'ExchangeError'
}

/** A request that passed all of a holder's checks. */
export interface CheckedRequest {
  readonly session: string
  readonly policy: Policy
  /** In words, for the holder to agree to. */
  readonly explanation: string
  readonly scope: FieldInput
  readonly verifierKey: bigint
  readonly sealingKey: string
  /** What the proof is bound to: all parts of the request. */
  readonly message: bigint
}

/** Opens an exchange: the holder sends the result and keeps it for {@link readRequest}. */
export function openExchange(): Opening {
  return { version: 1, kind: 'opening', challenge: bytesToHex(randomBytes(32)) }
}

/**
 * Checks a request on the holder's side: that it answers this opening, names the verifier that the holder means to convince,
 * and that this verifier has its secret.
 *
 * @param o.request      anything
 * @param o.verifierKey  the verifier's commitment, from where the holder trusts it; never from the request
 * @param o.now          Unix seconds
 * @throws {ExchangeError} naming the part of the request that is malformed or refused
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function readRequest(o: {
  readonly opening: Opening
  readonly request: unknown
  readonly verifierKey: bigint
  readonly now: bigint
}): CheckedRequest {
  requireObject(o, 'options')
  assertField(o.verifierKey, 'verifierKey')
  if (o.verifierKey === 0n)
    throw new RangeError('verifierKey must not be 0: the proof would convince everybody')
  assertUint(o.now, 63, 'now')
  const challenge = readChallenge(o.opening)
  const parts = refusing(() => readRequestParts(o.request))
  const { session, policy, scope, verifierKey, sealingKey, expiresAt, possession } = parts
  if (verifierKey !== o.verifierKey) throw new ExchangeError('request.verifierKey: is not the one expected')
  if (expiresAt <= o.now) throw new ExchangeError('request.expiresAt: is over')
  const digest = digestOf({ ...parts, challenge })
  if (!checkPossession({ verifierKey, challenge, session: purposeOf(digest), possession })) {
    throw new ExchangeError('request.possession: is not of this key, for this challenge and this request')
  }
  const explanation = explainPolicy(policy)
  return { session, policy, explanation, scope, verifierKey, sealingKey, message: hashBytes(digest) }
}

/**
 * Proves what a checked request asks and encrypts the proof to the verifier.
 *
 * @param o.roots  the issuers' published roots: the wallet's own, not the verifier's
 * @param o.now    Unix seconds
 * @throws {StatementError} with reasons if the wallet does not satisfy the policy, or if the verifier's key is the Soul's
 * @throws {PolicyError} if no profile fits the policy
 */
export async function answerRequest(
  o: Wallet & {
    readonly request: CheckedRequest
    readonly prover: Prover
    readonly roots: Roots
    readonly now: bigint
    readonly signal?: AbortSignal
    readonly onProgress?: OnProgress
  },
): Promise<Answer> {
  requireObject(o, 'options')
  const { request, prover, ...wallet } = o
  requireObject(request, 'request')
  requireMethods(prover, 'prover', ['prove'])
  const { policy } = request
  return sealAnswer(request, await prover.prove({ ...wallet, ...contextOf(request), policy }))
}

/**
 * Makes the answer that a holder would have made, with the verifier's secret and no wallet. Together with an opening and a
 * request it is a whole transcript in which no holder took part.
 *
 * @throws as {@link simulate}
 */
export async function simulateAnswer(o: {
  readonly request: CheckedRequest
  readonly prover: Prover
  readonly key: VerifierKey
  readonly roots: Roots
  readonly now: bigint
  readonly revealed?: Readonly<Record<string, ClaimValue>>
  readonly nullifier?: bigint
  readonly handle?: bigint
}): Promise<Answer> {
  requireObject(o, 'options')
  const { request, ...simulation } = o
  requireObject(request, 'request')
  const { policy } = request
  return sealAnswer(request, await simulate({ ...simulation, ...contextOf(request), policy }))
}

/** A verifier's side; it remembers open sessions and nothing of closed ones. */
export interface Exchange {
  /**
   * Answers an opening with a request and opens a session for it.
   *
   * @param o.opening  anything
   * @param o.policy   JSON of the policy
   * @param o.now      Unix seconds
   * @throws {ExchangeError} if the opening is malformed, or too many sessions are open
   * @throws {PolicyError} if the policy is malformed
   */
  request(o: {
    readonly opening: unknown
    readonly policy: unknown
    readonly scope: FieldInput
    readonly now: bigint
  }): Promise<ProofRequest>
  /**
   * Opens an answer and verifies the proof in it, against the session's request alone. A session takes one valid answer.
   *
   * @param o.answer  anything; a bad one never throws
   * @param o.roots   snapshots that the verifier accepts
   * @param o.now     Unix seconds
   */
  receive(o: {
    readonly answer: unknown
    readonly roots: readonly Roots[]
    readonly now: bigint
    readonly maxClockSkew?: bigint
  }): Promise<Verification>
}

/** How long a session stays open by default, in seconds. */
export const DEFAULT_SESSION_SECONDS = 600n
const MAX_ATTEMPTS = 16

interface Session {
  readonly request: Omit<CheckedRequest, 'explanation' | 'session'>
  readonly keys: CryptoKeyPair
  readonly context: Uint8Array
  readonly expiresAt: bigint
  attempts: number
}

/**
 * Creates a verifier's side of exchanges. Each session has a fresh key to encrypt to, of which nothing is left once the
 * session is over: what was sent cannot be decrypted later, not even with the verifier key.
 *
 * @param o.sessionSeconds  by default {@link DEFAULT_SESSION_SECONDS}
 * @param o.maxSessions     most sessions open at once, by default 1000
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function createExchange(o: {
  readonly key: VerifierKey
  readonly verifier: Verifier
  readonly sessionSeconds?: bigint
  readonly maxSessions?: number
}): Exchange {
  requireObject(o, 'options')
  const { key, verifier, sessionSeconds = DEFAULT_SESSION_SECONDS, maxSessions = 1000 } = o
  requireKey(key, 'key')
  requireMethods(verifier, 'verifier', ['verify'])
  assertUint(sessionSeconds, 32, 'sessionSeconds')
  if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
    throw new RangeError('maxSessions must be a positive integer')
  }
  const sessions = new Map<string, Session>()
  const forgetExpired = (now: bigint): void => {
    for (const [id, { expiresAt }] of sessions) if (expiresAt <= now) sessions.delete(id)
  }
  return {
    async request(asked) {
      requireObject(asked, 'options')
      const { opening, policy: json, scope, now } = asked
      assertUint(now, 62, 'now')
      const policy = parsePolicy(json)
      const challenge = refusing(() => readChallenge(opening))
      forgetExpired(now)
      const { publicKey: sealingKey, keys } = await createSealingKey()
      if (sessions.size >= maxSessions) throw new ExchangeError('too many sessions are open')
      const { verifierKey } = key
      const session = bytesToHex(randomBytes(16))
      const expiresAt = now + sessionSeconds
      const digest = digestOf({ session, challenge, policy, scope, verifierKey, sealingKey, expiresAt })
      const possession = provePossession({ key, challenge, session: purposeOf(digest) })
      const message = hashBytes(digest)
      const request = { policy, scope, verifierKey, sealingKey, message }
      sessions.set(session, {
        request,
        keys,
        context: sealContext({ session, message }),
        expiresAt,
        attempts: 0,
      })
      return {
        version: 1,
        kind: 'request',
        session,
        policy: json,
        scope: typeof scope === 'string' ? { text: scope } : { field: scope.toString() },
        verifierKey: verifierKey.toString(),
        sealingKey,
        expiresAt: expiresAt.toString(),
        possession,
      }
    },
    async receive(given) {
      requireObject(given, 'options')
      const { answer, roots, now, maxClockSkew } = given
      assertUint(now, 62, 'now')
      const sealed = readAnswer(answer)
      if (sealed === undefined) return { valid: false, reason: 'answer: is malformed' }
      forgetExpired(now)
      const session = sessions.get(sealed.session)
      if (session === undefined) return { valid: false, reason: 'session: is not open' }
      // Anybody on the way could send rubbish: it neither closes the session nor costs without bound.
      session.attempts += 1
      if (session.attempts > MAX_ATTEMPTS) {
        sessions.delete(sealed.session)
        return { valid: false, reason: 'session: too many answers' }
      }
      const { keys, context, request } = session
      const envelope = await open({ keys, context, sealed })
      if (envelope === undefined) return { valid: false, reason: 'answer: is not encrypted to this session' }
      const { policy } = request
      const skew = maxClockSkew === undefined ? {} : { maxClockSkew }
      const result = await verifier.verify({ ...contextOf(request), policy, roots, now, ...skew, envelope })
      if (!result.valid) return result
      // Of two equal answers that arrive together, one finds the session closed.
      if (!sessions.delete(sealed.session)) return { valid: false, reason: 'session: was answered before' }
      return result
    },
  }
}

/** What the holder proves and the verifier expects. */
function contextOf(request: Pick<CheckedRequest, 'scope' | 'message' | 'verifierKey'>) {
  const { scope, message, verifierKey } = request
  return { scope, message, verifierKey, verifierKey2: 0n }
}

async function sealAnswer(request: CheckedRequest, envelope: Envelope): Promise<Answer> {
  const { session, sealingKey } = request
  const sealed = await seal({ publicKey: sealingKey, context: sealContext(request), json: envelope })
  return { version: 1, kind: 'answer', session, ...sealed }
}

function sealContext({
  session,
  message,
}: {
  readonly session: string
  readonly message: bigint
}): Uint8Array {
  return utf8ToBytes(`soulproof/answer/1 ${session} ${message}`)
}

/** SHA-256 over every part of a request and the challenge it answers; each part is preceded by its length. */
function digestOf(o: {
  readonly session: string
  readonly challenge: Uint8Array
  readonly policy: Policy
  readonly scope: FieldInput
  readonly verifierKey: bigint
  readonly sealingKey: string
  readonly expiresAt: bigint
}): Uint8Array {
  const texts = [
    'soulproof/request/1',
    o.session,
    bytesToHex(o.challenge),
    o.policy.canonical,
    toField(o.scope, 'scope').toString(),
    o.verifierKey.toString(),
    o.sealingKey,
    o.expiresAt.toString(),
  ]
  return sha256(frame(texts))
}

/** What the possession of a request is for. */
function purposeOf(digest: Uint8Array): string {
  return `soulproof exchange 1: ${bytesToHex(digest)}`
}

function readChallenge(json: unknown): Uint8Array {
  const { version, kind, challenge } = readObject(json, 'opening', ['version', 'kind', 'challenge'])
  if (version !== 1 || kind !== 'opening') throw new SchemaError('opening', 'must be an opening of version 1')
  if (!isHex(challenge, 32)) throw new SchemaError('opening.challenge', 'must be 32 bytes as lower-case hex')
  return hexToBytes(challenge)
}

const REQUEST_FIELDS = [
  'version',
  'kind',
  'session',
  'policy',
  'scope',
  'verifierKey',
  'sealingKey',
  'expiresAt',
  'possession',
] as const

function readRequestParts(json: unknown) {
  const fields = readObject(json, 'request', REQUEST_FIELDS)
  if (fields['version'] !== 1 || fields['kind'] !== 'request') {
    throw new SchemaError('request', 'must be a request of version 1')
  }
  const { session, sealingKey, possession } = fields
  if (!isHex(session, 16)) throw new SchemaError('request.session', 'must be 16 bytes as lower-case hex')
  if (!isHex(sealingKey, PUBLIC_KEY_BYTES)) {
    throw new SchemaError('request.sealingKey', `must be ${PUBLIC_KEY_BYTES} bytes as lower-case hex`)
  }
  const verifierKey = readDecimal(fields['verifierKey'], 'request.verifierKey')
  const expiresAt = readDecimal(fields['expiresAt'], 'request.expiresAt', 1n << 63n)
  const scope = readScope(fields['scope'])
  return {
    session,
    policy: parsePolicy(fields['policy']),
    scope,
    verifierKey,
    sealingKey,
    expiresAt,
    possession,
  }
}

function readScope(json: unknown): FieldInput {
  const { text, field } = readObject(json, 'request.scope', [], ['text', 'field'])
  if (typeof text === 'string' && field === undefined) return text
  if (text === undefined) return readDecimal(field, 'request.scope.field')
  throw new SchemaError('request.scope', 'must have a text or a field')
}

function readAnswer(json: unknown): Answer | undefined {
  try {
    const names = ['version', 'kind', 'session', 'encapsulated', 'ciphertext']
    const { version, kind, session, encapsulated, ciphertext } = readObject(json, 'answer', names)
    const sealed = { encapsulated, ciphertext }
    if (version !== 1 || kind !== 'answer' || !isHex(session, 16) || !isSealed(sealed)) return undefined
    return { version, kind, session, ...sealed }
  } catch {
    // A getter or a proxy may throw anything.
    return undefined
  }
}

function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof PolicyError) throw new ExchangeError(`request.policy: ${cause.message}`, { cause })
    if (cause instanceof SchemaError || cause instanceof TypeError || cause instanceof RangeError) {
      throw new ExchangeError(cause.message, { cause })
    }
    throw cause
  }
}
