/** What issuer and holder send each other, read strictly; and what both compute from it. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { SIGNATURE_DOMAIN } from '../crypto/domains.js'
import type { Signature } from '../crypto/eddsa.js'
import { frame, isHex } from '../crypto/encoding.js'
import { poseidon } from '../crypto/poseidon.js'
import type { Envelope } from '../envelope.js'
import { IssuingError, SchemaError } from '../errors.js'
import { hashBytes } from '../field.js'
import { isRecord, readDecimal, readObject } from '../merkle/json.js'
import type { MerkleProof } from '../merkle/proof.js'
import { Registry } from '../merkle/registry.js'
import { parsePolicy } from '../policy/parse.js'
import type { Policy, Roots } from '../policy/types.js'
import { type IssuerId, parseIssuerId, sbtType } from '../sbt/issuer.js'
import {
  type ClaimJson,
  claimsFromJson,
  claimsToJson,
  type SbtJson,
  type SchemaJson,
  type SignatureJson,
  schemaFromJson,
  schemaToJson,
  signatureFromJson,
  signatureToJson,
} from '../sbt/json.js'
import { completeSbt, type Sbt } from '../sbt/sbt.js'
import { type ClaimValue, defineSchema, type Schema } from '../sbt/schema.js'

/** The issuer's first message: what it will attest, to one person of its own, signed. */
export interface Offer {
  readonly version: 1
  readonly kind: 'offer'
  readonly issuer: IssuerId
  /** 16 random bytes as lower-case hex. */
  readonly session: string
  /** SHA-256 of the session and the issuer's name for the person, lower-case hex. */
  readonly subject: string
  readonly schema: SchemaJson
  readonly claims: Readonly<Record<string, ClaimJson>>
  /** Unix seconds until which the SBT counts; 0 is for ever. */
  readonly sbtExpiresAt: string
  /** Unix seconds after which no request is taken. */
  readonly expiresAt: string
  readonly signature: SignatureJson
}

/** The holder's message: to whom the SBT is to be issued, and a proof that whoever asks has the Soul behind it. */
export interface IssuingRequest {
  readonly version: 1
  readonly kind: 'request'
  readonly offer: Offer
  /** Poseidon(tag, identity commitment, salt), with a fresh salt. */
  readonly holder: string
  readonly possession: Envelope
}

/** The issuer's last message. */
export interface Issued {
  readonly version: 1
  readonly kind: 'issued'
  readonly session: string
  readonly sbt: SbtJson
  readonly signature: SignatureJson
}

/** What the holder keeps to itself until the SBT is there; the salt links it to the Soul. */
export interface PendingRequest {
  readonly version: 1
  readonly kind: 'pending'
  readonly offer: Offer
  readonly holder: string
  readonly salt: string
}

/** An offer that has been read; the signature is not checked yet. */
export interface ReadOffer {
  readonly json: Offer
  readonly issuer: IssuerId
  readonly session: string
  readonly subject: string
  readonly schema: Schema
  readonly claims: Readonly<Record<string, ClaimValue>>
  readonly sbtExpiresAt: bigint
  readonly expiresAt: bigint
  readonly signature: Signature
  /** SHA-256 of everything but the signature. */
  readonly digest: Uint8Array
}

/** Times of offers are below 2^62. */
export const TIME_END = 1n << 62n

/** Writes an offer without its signature, and returns what is to be signed. */
export function writeOffer(o: Omit<ReadOffer, 'json' | 'signature' | 'digest'>): {
  readonly unsigned: Omit<Offer, 'signature'>
  readonly digest: Uint8Array
} {
  const { issuer, session, subject, schema, claims, sbtExpiresAt, expiresAt } = o
  const written = claimsToJson(schema, claims)
  const times = [sbtExpiresAt.toString(), expiresAt.toString()] as const
  // An array: objects would put names that look like numbers first.
  const values = JSON.stringify(Object.keys(schema.claims).map((name) => written[name]))
  const texts = [
    'soulproof/issuing/offer/1',
    issuer,
    session,
    subject,
    schema.hash.toString(),
    values,
    ...times,
  ]
  return {
    unsigned: {
      ...{ version: 1, kind: 'offer', issuer, session, subject },
      schema: schemaToJson(schema),
      claims: written,
      sbtExpiresAt: times[0],
      expiresAt: times[1],
    },
    digest: sha256(frame(texts)),
  }
}

/** Reads an offer. Throws {@link SchemaError}. */
export function readOfferParts(json: unknown, path = 'offer'): ReadOffer {
  const names = [
    'version',
    'kind',
    'issuer',
    'session',
    'subject',
    'schema',
    'claims',
    'sbtExpiresAt',
    'expiresAt',
  ]
  const object = readObject(json, path, [...names, 'signature'])
  requireKind(object, path, 'offer')
  const { issuer, session, subject } = object
  const isKey = typeof issuer === 'string' && parseIssuerId(issuer).kind === 'key'
  if (!isKey) throw new SchemaError(`${path}.issuer`, 'must be eddsa:<x>:<y>: a contract does not sign')
  if (!isHex(session, 16)) throw new SchemaError(`${path}.session`, 'must be 16 bytes as lower-case hex')
  if (!isHex(subject, 32)) throw new SchemaError(`${path}.subject`, 'must be 32 bytes as lower-case hex')
  const schema = schemaFromJson(object['schema'], `${path}.schema`)
  const content = {
    ...{ issuer, session, subject, schema },
    claims: claimsFromJson(schema, object['claims'], `${path}.claims`),
    sbtExpiresAt: readDecimal(object['sbtExpiresAt'], `${path}.sbtExpiresAt`, TIME_END),
    expiresAt: readDecimal(object['expiresAt'], `${path}.expiresAt`, TIME_END),
  }
  const signature = signatureFromJson(object['signature'], `${path}.signature`)
  const { unsigned, digest } = writeOffer(content)
  return { ...content, signature, digest, json: { ...unsigned, signature: signatureToJson(signature) } }
}

/** What the issuer signs: Poseidon(tag, hash of the offer). */
export function offerMessage(digest: Uint8Array): bigint {
  return poseidon([SIGNATURE_DOMAIN.offer, hashBytes(digest)])
}

/** Returns what stands in an offer for the person whom it is for. */
export function subjectOf(session: string, person: string): string {
  return bytesToHex(sha256(frame(['soulproof/issuing/subject/1', session, person])))
}

/** Reads a holder's request; the possession is the verifier's to read. Throws {@link SchemaError}. */
export function readRequestParts(json: unknown): {
  readonly offer: ReadOffer
  readonly holder: bigint
  readonly possession: unknown
} {
  const object = readObject(json, 'request', ['version', 'kind', 'offer', 'holder', 'possession'])
  requireKind(object, 'request', 'request')
  const holder = readDecimal(object['holder'], 'request.holder')
  if (!isRecord(object['possession'])) throw new SchemaError('request.possession', 'must be an object')
  return { offer: readOfferParts(object['offer'], 'request.offer'), holder, possession: object['possession'] }
}

/** Checks version and kind of a message. */
export function requireKind(object: Readonly<Record<string, unknown>>, path: string, kind: string): void {
  if (object['version'] !== 1) throw new SchemaError(`${path}.version`, 'must be 1')
  if (object['kind'] !== kind) throw new SchemaError(`${path}.kind`, `must be ${kind}`)
}

/** Turns errors about the form of data from outside into {@link IssuingError}s. */
export function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof SchemaError || cause instanceof TypeError || cause instanceof RangeError) {
      throw new IssuingError('malformed', cause.message, { cause })
    }
    throw cause
  }
}

const TICKET = defineSchema({ name: 'soulproof/issuing/1', claims: { offer: 'field' } })

/** What a proof of possession is about; both sides compute it, so that nothing of it travels. */
export interface Ticket {
  readonly sbt: Sbt
  readonly registered: MerkleProof
  readonly policy: Policy
  readonly roots: Roots
  readonly scope: string
  readonly message: bigint
  readonly now: bigint
}

/**
 * Returns the ticket of an offer and a holder: an SBT that nobody signed, alone in a registry of its own. Whoever proves to hold
 * it has the secret of the Soul and the salt of exactly this holder. The nullifier is one per Soul, issuer and schema.
 */
export function ticketOf(
  offer: Pick<ReadOffer, 'issuer' | 'schema' | 'digest' | 'expiresAt'>,
  holder: bigint,
): Ticket {
  const { issuer, schema, digest, expiresAt } = offer
  const sbt = completeSbt({
    ...{ issuer, schema: TICKET, holder, issuedAt: 0n, expiresAt: 0n, statusId: 0 },
    claims: { offer: hashBytes(digest) },
  })
  const registry = new Registry({ leaves: [sbt.leaf] })
  const policy = parsePolicy({
    version: 1,
    schemas: { [TICKET.name]: TICKET.claims },
    sbts: { ticket: { issuers: [issuer], schema: TICKET.name, anchor: 'registered', revocation: 'none' } },
    require: { has: 'ticket' },
  })
  const bound = sha256(frame(['soulproof/issuing/request/1', digest, holder.toString()]))
  return {
    ...{ sbt, policy, registered: registry.proof(0) },
    roots: { issuers: { [issuer]: { registry: registry.root } } },
    scope: `soulproof issuing 1: ${issuer} ${schema.hash}`,
    message: hashBytes(bound),
    // Both sides know it. That the offer is not over is checked by each side's own clock.
    now: expiresAt,
  }
}

/** Returns the type of an offer's SBT as {@link IssuedRecord} names it. */
export function typeOf({ issuer, schema }: Pick<ReadOffer, 'issuer' | 'schema'>): string {
  return sbtType(issuer, schema.hash).toString()
}
