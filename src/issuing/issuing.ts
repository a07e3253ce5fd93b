/**
 * Issuing an SBT, over any transport on which the issuer knows the person:
 *
 *   issuer  offer    what it will attest, to whom, signed
 *   holder  request  a blinded holder, and a proof that whoever asks has the Soul behind it, for this very offer
 *   issuer  issued   the SBT with its signature; once for a person, and once for a Soul
 *
 * All messages are plain JSON. The issuer's id is what the holder has to know beforehand.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { isSigned, type Signature, sign } from '../crypto/eddsa.js'
import { randomBytes } from '../crypto/random.js'
import { IssuingError, requireMethods, requireObject } from '../errors.js'
import { assertUint } from '../field.js'
import { readDecimal, readObject } from '../merkle/json.js'
import type { OnProgress, Prover } from '../prover/index.js'
import { type Issuer, type IssuerId, parseIssuerId, requireSigner } from '../sbt/issuer.js'
import { claimsToJson, sbtFromJson, sbtToJson, signatureFromJson, signatureToJson } from '../sbt/json.js'
import { completeSbt, type HeldSbt, issueSbt } from '../sbt/sbt.js'
import { type ClaimValue, encodeClaims, requireSchema, type Schema } from '../sbt/schema.js'
import { verifySbt } from '../sbt/verify.js'
import { requireSoul } from '../soul/check.js'
import { blindHolder, holderOf, type Soul } from '../soul/index.js'
import type { Verifier } from '../verifier/index.js'
import {
  type Issued,
  type IssuingRequest,
  type Offer,
  offerMessage,
  type PendingRequest,
  type ReadOffer,
  readOfferParts,
  readRequestParts,
  refusing,
  requireKind,
  subjectOf,
  ticketOf,
  typeOf,
  writeOffer,
} from './messages.js'
import { assertPerson, type IssuedRecord, type PersonStore } from './persons.js'

/** How long an offer stands by default, in seconds. */
export const DEFAULT_OFFER_SECONDS = 600n

/** How far the issuer's clock may be ahead of the holder's, in seconds. */
const CLOCK_SKEW = 300n

/** An offer that passed all of a holder's checks: show it to the person before {@link requestSbt}. */
export interface CheckedOffer {
  readonly issuer: IssuerId
  readonly schema: Schema
  readonly claims: Readonly<Record<string, ClaimValue>>
  /** Unix seconds until which the SBT will count; 0 is for ever. */
  readonly sbtExpiresAt: bigint
  /** Unix seconds. */
  readonly expiresAt: bigint
  readonly json: Offer
}

/**
 * Offers an SBT to a person whom the issuer has identified by its own means. Nothing is kept: the signed offer comes back with the
 * request.
 *
 * @param o.person        the issuer's own name for the person, 1 to 1000 characters; it does not travel
 * @param o.sbtExpiresAt  Unix seconds until which the SBT counts, by default for ever
 * @param o.seconds       how long the offer stands, by default {@link DEFAULT_OFFER_SECONDS}
 * @param o.now           Unix seconds
 * @throws {IssuingError} `person` if the person has an SBT of this schema already
 * @throws {SchemaError} if the claims do not fit the schema
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export async function offerSbt(o: {
  readonly issuer: Issuer
  readonly persons: PersonStore
  readonly person: string
  readonly schema: Schema
  readonly claims: Readonly<Record<string, ClaimValue>>
  readonly sbtExpiresAt?: bigint
  readonly seconds?: bigint
  readonly now: bigint
}): Promise<Offer> {
  requireObject(o, 'options')
  const { persons, schema, claims, sbtExpiresAt = 0n, seconds = DEFAULT_OFFER_SECONDS, now } = o
  const issuer = requireSigner(o.issuer, 'issuer')
  requireStore(persons)
  const person = assertPerson(o.person)
  requireSchema(schema)
  encodeClaims(schema, claims)
  assertUint(now, 61, 'now')
  assertUint(seconds, 32, 'seconds')
  assertUint(sbtExpiresAt, 62, 'sbtExpiresAt')
  const expiresAt = now + seconds
  if (sbtExpiresAt !== 0n && sbtExpiresAt <= expiresAt) {
    throw new RangeError('sbtExpiresAt must be 0 or after the end of the offer')
  }
  if ((await persons.find({ type: typeOf({ issuer: issuer.id, schema }), person })) !== undefined) {
    throw taken('person')
  }
  const session = bytesToHex(randomBytes(16))
  const subject = subjectOf(session, person)
  const { unsigned, digest } = writeOffer({
    ...{ issuer: issuer.id, session, subject, schema, claims, sbtExpiresAt, expiresAt },
  })
  return { ...unsigned, signature: signatureToJson(sign(issuer.secret, offerMessage(digest))) }
}

/**
 * Checks an offer on the holder's side: that it is signed by the issuer that the holder means, and still stands.
 *
 * @param o.offer   anything
 * @param o.issuer  the issuer's id, from where the holder trusts it; never from the offer
 * @param o.person  the issuer's name for the person, if the holder knows it: then an offer to somebody else is refused
 * @param o.now     Unix seconds
 * @throws {IssuingError} `problem` says which check failed
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function readOffer(o: {
  readonly offer: unknown
  readonly issuer: IssuerId
  readonly person?: string
  readonly now: bigint
}): CheckedOffer {
  requireObject(o, 'options')
  parseIssuerId(o.issuer)
  if (o.person !== undefined) assertPerson(o.person)
  const { issuer, schema, claims, sbtExpiresAt, expiresAt, json } = checkOffer(
    refusing(() => readOfferParts(o.offer)),
    o,
  )
  return { issuer, schema, claims, sbtExpiresAt, expiresAt, json }
}

/**
 * Asks for the SBT of a checked offer: blinds the Soul afresh, and proves in zero knowledge that its secret is known, for this
 * issuer, offer and holder. The issuer learns a nullifier that is the same for the same Soul, and means nothing to other issuers.
 *
 * @param o.now  Unix seconds
 * @returns the request for the issuer, and what the holder keeps for {@link acceptSbt}
 * @throws {IssuingError} if the offer is over
 * @throws {ArtifactError|EngineError} as `prover.prove`
 */
export async function requestSbt(o: {
  readonly offer: CheckedOffer
  readonly soul: Soul
  readonly prover: Prover
  readonly now: bigint
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}): Promise<{ readonly request: IssuingRequest; readonly pending: PendingRequest }> {
  requireObject(o, 'options')
  requireObject(o.offer, 'offer')
  const { soul, prover, now, signal, onProgress } = o
  requireMethods(prover, 'prover', ['prove'])
  const offer = checkOffer(
    refusing(() => readOfferParts(o.offer.json)),
    { issuer: o.offer.issuer, now },
  )
  const { holder, salt } = blindHolder({ soul })
  const { sbt, registered, ...ticket } = ticketOf(offer, holder)
  const possession = await prover.prove({
    ...ticket,
    ...{ soul, sbts: [{ sbt, salt, anchor: { registered } }] },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  const both = { offer: offer.json, holder: holder.toString() }
  return {
    request: { version: 1, kind: 'request', ...both, possession },
    pending: { version: 1, kind: 'pending', ...both, salt: salt.toString() },
  }
}

/**
 * Issues the SBT of a request, if everything about it holds: the offer is the issuer's own, for this person, and stands; whoever
 * asks has the Soul behind the holder; neither person nor Soul has an SBT of the schema. The same request again gets the same SBT,
 * so that an answer that was lost can be fetched; nothing is issued twice.
 *
 * @param o.request  anything
 * @param o.person   the issuer's own name for whoever sent the request, from the channel, never from the request
 * @param o.reserve  returns a fresh statusId; called once everything else holds
 * @param o.now      Unix seconds
 * @throws {IssuingError} `problem` says which check failed
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export async function grantSbt(o: {
  readonly issuer: Issuer
  readonly persons: PersonStore
  readonly verifier: Verifier
  readonly request: unknown
  readonly person: string
  readonly reserve: () => number | Promise<number>
  readonly now: bigint
}): Promise<Issued> {
  requireObject(o, 'options')
  const { persons, verifier, now, reserve } = o
  const issuer = requireSigner(o.issuer, 'issuer')
  requireStore(persons)
  requireMethods(verifier, 'verifier', ['verify'])
  if (typeof reserve !== 'function') throw new TypeError('reserve must be a function')
  const person = assertPerson(o.person)
  assertUint(now, 61, 'now')
  const { offer: read, holder, possession } = refusing(() => readRequestParts(o.request))
  const offer = checkOffer(read, { issuer: issuer.id, person, now })
  const { scope, message, policy, roots, now: at } = ticketOf(offer, holder)
  const result = await verifier.verify({
    ...{ scope, message, policy, roots: [roots], now: at, maxClockSkew: 0n },
    envelope: possession,
  })
  if (!result.valid) throw new IssuingError('possession', result.reason)
  const asked = {
    ...{ type: typeOf(offer), person, soul: result.nullifier.toString() },
    ...{ holder: holder.toString(), session: offer.session },
  }
  const before = await persons.find(asked)
  if (before !== undefined) return again({ issuer, offer, asked, record: before })
  // Before a place in the status tree is spent: the same request, sent again and again, would fill it.
  const inTheWay = await persons.taken?.(asked)
  if (inTheWay !== undefined && inTheWay !== 'person') throw taken(inTheWay)
  const statusId = await reserve()
  const { sbt } = issueSbt({ ...contentOf(offer, holder), issuer: issuer.id, issuedAt: now, statusId })
  const record = { ...asked, issuedAt: now.toString(), statusId, sbtHash: sbt.hash.toString() }
  const problem = await persons.claim(record)
  if (problem === undefined) return write(issuer, offer, record)
  // Of two equal requests that arrive together, both get what the first one got.
  const first = problem === 'person' ? await persons.find(asked) : undefined
  if (first !== undefined) return again({ issuer, offer, asked, record: first })
  throw taken(problem)
}

/**
 * Checks what was issued on the holder's side: that it is what was offered, for this holder, signed by the issuer.
 *
 * @param o.pending  what {@link requestSbt} returned
 * @param o.issued   anything
 * @param o.soul     to check also that the holder is this Soul's
 * @param o.now      Unix seconds
 * @returns the SBT as a wallet keeps it; open its status with the issuer's published tree before proving
 * @throws {IssuingError} `sbt` if it is anything else than what was offered, `malformed`
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function acceptSbt(o: {
  readonly pending: PendingRequest
  readonly issued: unknown
  readonly soul?: Soul
  readonly now: bigint
}): HeldSbt {
  requireObject(o, 'options')
  assertUint(o.now, 61, 'now')
  const { offer, holder, salt } = readPending(o.pending)
  const { session, sbt, signature } = refusing(() => {
    const object = readObject(o.issued, 'issued', ['version', 'kind', 'session', 'sbt', 'signature'])
    requireKind(object, 'issued', 'issued')
    return {
      session: object['session'],
      sbt: sbtFromJson(object['sbt'], 'issued.sbt'),
      signature: signatureFromJson(object['signature'], 'issued.signature'),
    }
  })
  const expected = contentOf(offer, holder)
  const claimsOf = (claims: Readonly<Record<string, ClaimValue>>): string =>
    JSON.stringify(claimsToJson(offer.schema, claims))
  const wrong =
    (session !== offer.session && 'the session') ||
    (sbt.issuer !== offer.issuer && 'the issuer') ||
    (sbt.holder !== holder && 'the holder') ||
    (sbt.schema.hash !== offer.schema.hash && 'the schema') ||
    (claimsOf(sbt.claims) !== claimsOf(expected.claims) && 'a claim') ||
    (sbt.expiresAt !== expected.expiresAt && 'the time until which it counts')
  if (wrong) throw new IssuingError('sbt', `${wrong} is not what was offered`)
  if (o.soul !== undefined) {
    requireSoul(o.soul)
    if (holderOf(o.soul.commitment, salt) !== holder) throw new IssuingError('holder', 'is not of this Soul')
  }
  const held = { sbt, salt, anchor: { signature } }
  const result = verifySbt({ ...held, now: o.now + CLOCK_SKEW })
  if (!result.valid) throw new IssuingError('sbt', result.reason)
  return held
}

function readPending(json: unknown): { offer: ReadOffer; holder: bigint; salt: bigint } {
  return refusing(() => {
    const object = readObject(json, 'pending', ['version', 'kind', 'offer', 'holder', 'salt'])
    requireKind(object, 'pending', 'pending')
    return {
      offer: readOfferParts(object['offer'], 'pending.offer'),
      holder: readDecimal(object['holder'], 'pending.holder'),
      salt: readDecimal(object['salt'], 'pending.salt'),
    }
  })
}

/** The checks of an offer that both sides make. */
function checkOffer(
  offer: ReadOffer,
  o: { readonly issuer: IssuerId; readonly person?: string; readonly now: bigint },
): ReadOffer {
  assertUint(o.now, 61, 'now')
  const { issuer, session, subject, schema, claims, expiresAt, signature, digest } = offer
  if (issuer !== o.issuer) throw new IssuingError('issuer', 'offer.issuer is not the one expected')
  const key = parseIssuerId(issuer)
  if (key.kind !== 'key' || !isSigned(key.publicKey, offerMessage(digest), signature)) {
    throw new IssuingError('signature', "the offer is not the issuer's")
  }
  if (o.person !== undefined && subject !== subjectOf(session, o.person)) {
    throw new IssuingError('subject', 'the offer is for another person')
  }
  if (expiresAt <= o.now) throw new IssuingError('expired', 'the offer is over')
  refusing(() => encodeClaims(schema, claims))
  return offer
}

/** Returns what a record says was issued, if the request is the one that was granted. */
function again(o: {
  readonly issuer: Issuer
  readonly offer: ReadOffer
  readonly asked: Pick<IssuedRecord, 'session' | 'holder' | 'soul'>
  readonly record: IssuedRecord
}): Issued {
  const { asked, record } = o
  const isSame = (['session', 'holder', 'soul'] as const).every((name) => asked[name] === record[name])
  if (!isSame) throw taken('person')
  return write(o.issuer, o.offer, record)
}

function write(issuer: Issuer, offer: ReadOffer, record: IssuedRecord): Issued {
  const { statusId } = record
  const issuedAt = BigInt(record.issuedAt)
  const content = { ...contentOf(offer, BigInt(record.holder)), issuer: issuer.id, issuedAt, statusId }
  // What was recorded is signed and nothing else.
  if (completeSbt(content).hash.toString() !== record.sbtHash) {
    throw new IssuingError('store', 'the record is of another SBT')
  }
  const { sbt, signature } = issueSbt({ ...content, issuer })
  return {
    version: 1,
    kind: 'issued',
    session: offer.session,
    sbt: sbtToJson(sbt),
    signature: signatureToJson(signature as Signature),
  }
}

function contentOf(offer: ReadOffer, holder: bigint) {
  return { schema: offer.schema, holder, claims: { ...offer.claims }, expiresAt: offer.sbtExpiresAt }
}

function requireStore(persons: PersonStore): void {
  requireObject(persons, 'persons')
  for (const name of ['find', 'claim', 'release'] as const) {
    if (typeof persons[name] !== 'function') throw new TypeError(`persons.${name} must be a function`)
  }
}

function taken(what: 'person' | 'soul' | 'holder'): IssuingError {
  const messages = {
    person: 'has an SBT of this schema already; release the person once it is revoked',
    soul: 'has an SBT of this schema already, under another person',
    holder: 'was used before: blind afresh for each SBT',
  }
  return new IssuingError(what, messages[what])
}
