import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject, SchemaError } from '../errors.js'
import { assertField, assertUint } from '../field.js'
import type { MerkleProof } from '../merkle/proof.js'
import { type Issuer, type IssuerId, parseIssuerId, type Signature, sbtType, signSbt } from './issuer.js'
import { type ClaimValue, encodeClaims, requireSchema, type Schema } from './schema.js'

/** Leaves of a registry or status tree: 4^10. */
export const REGISTRY_CAPACITY = 4 ** 10

/** Issuer-attested claims bound to one Soul, not transferable. */
export interface Sbt {
  readonly issuer: IssuerId
  readonly schema: Schema
  /** Poseidon(tag, identity commitment, salt), made by the holder. */
  readonly holder: bigint
  /** Unix seconds, 0..2^64-1. */
  readonly issuedAt: bigint
  /** Unix seconds, 0..2^64-1; 0 means never. The SBT counts while now < expiresAt. */
  readonly expiresAt: bigint
  /** Position in the issuer's status tree, 0..2^20-1. */
  readonly statusId: number
  readonly claims: Readonly<Record<string, ClaimValue>>
  /** Poseidon of tag, schema hash, holder, times, status id and 10 claims: what the issuer signs. */
  readonly hash: bigint
  /** Poseidon(tag, type, hash): the leaf in the issuer's registry. */
  readonly leaf: bigint
}

/** How an SBT is anchored: by the issuer's signature, or by a leaf of the issuer's registry. */
export type Anchor =
  | { readonly signature: Signature; readonly status?: MerkleProof }
  | { readonly registered: MerkleProof }

/** An SBT in a wallet, with the salt that only the holder knows. */
export interface HeldSbt {
  readonly sbt: Sbt
  readonly salt: bigint
  readonly anchor: Anchor
}

/** What an SBT is made of; hash and leaf follow. */
export type SbtContent = Omit<Sbt, 'hash' | 'leaf'>

/**
 * Returns the 16 field elements of an SBT, the tag first.
 *
 * @throws {SchemaError} if the claims do not match the schema
 * @throws {RangeError} if a time, the holder or the status id is out of range
 */
export function sbtFields(content: SbtContent): bigint[] {
  const { schema, holder, issuedAt, expiresAt, statusId, claims } = content
  requireSchema(schema)
  assertField(holder, 'holder')
  assertUint(issuedAt, 64, 'issuedAt')
  assertUint(expiresAt, 64, 'expiresAt')
  if (typeof statusId !== 'number') throw new TypeError('statusId must be a number')
  if (!Number.isInteger(statusId) || statusId < 0 || statusId >= REGISTRY_CAPACITY) {
    throw new RangeError(`statusId must be an integer from 0 to ${REGISTRY_CAPACITY - 1}`)
  }
  return [
    DOMAIN.sbt,
    schema.hash,
    holder,
    issuedAt,
    expiresAt,
    BigInt(statusId),
    ...encodeClaims(schema, claims),
  ]
}

/** Completes an SBT with its hash and its registry leaf. Throws as {@link sbtFields} does. */
export function completeSbt(content: SbtContent): Sbt {
  const hash = poseidon(sbtFields(content))
  const leaf = registryLeaf(sbtType(content.issuer, content.schema.hash), hash)
  return Object.freeze({ ...content, claims: Object.freeze({ ...content.claims }), hash, leaf })
}

/** Returns Poseidon(tag, type, sbtHash), what an issuer inserts into its registry. */
export function registryLeaf(type: bigint, sbtHash: bigint): bigint {
  return poseidon([DOMAIN.registered, type, sbtHash])
}

/**
 * Issues an SBT. An {@link Issuer} signs it; with an issuer's id alone the SBT has to be registered:
 * insert `sbt.leaf` into the issuer's registry.
 *
 * @throws {SchemaError} if the claims do not match the schema
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function issueSbt(options: {
  readonly issuer: Issuer | IssuerId
  readonly schema: Schema
  readonly holder: bigint
  readonly claims: Record<string, ClaimValue>
  readonly issuedAt: bigint
  readonly expiresAt?: bigint
  readonly statusId?: number
}): { sbt: Sbt; signature?: Signature } {
  requireObject(options, 'options')
  const { issuer, schema, holder, claims, issuedAt, expiresAt = 0n, statusId = 0 } = options
  if (typeof issuer !== 'string') requireObject(issuer, 'issuer')
  assertUint(issuedAt, 64, 'issuedAt')
  assertUint(expiresAt, 64, 'expiresAt')
  const id = typeof issuer === 'string' ? issuer : issuer.id
  parseIssuerId(id)
  if (expiresAt !== 0n && expiresAt <= issuedAt)
    throw new SchemaError('expiresAt', 'must be 0 or after issuedAt')
  const sbt = completeSbt({ issuer: id, schema, holder, issuedAt, expiresAt, statusId, claims })
  return typeof issuer === 'string' ? { sbt } : { sbt, signature: signSbt(issuer, sbt.hash) }
}
