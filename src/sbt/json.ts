/**
 * SBTs in JSON: numbers as canonical decimal strings, bytes as lower-case 0x hex, keys in a fixed order. The same
 * data always gives the same text, and reading checks everything that writing relies on.
 */
import { SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { SchemaError } from '../errors.js'
import { FIELD_MODULUS } from '../field.js'
import {
  isRecord,
  type MerkleProofJson,
  proofFromJson,
  proofToJson,
  readArray,
  readDecimal,
  readObject,
  within,
} from '../merkle/json.js'
import { type Issuer, type IssuerId, parseIssuerId, type Signature } from './issuer.js'
import { type Anchor, completeSbt, type HeldSbt, type Sbt } from './sbt.js'
import { type ClaimType, type ClaimValue, defineSchema, type Schema } from './schema.js'
import type { IssuerRoots } from './verify.js'

/** A {@link Schema} in JSON; the order of `claims` counts. */
export interface SchemaJson {
  readonly name: string
  readonly claims: Readonly<Record<string, ClaimType>>
  readonly hash: string
}

/** A claim in JSON: numbers as decimal strings, bytes as 0x hex, bool and string as they are. */
export type ClaimJson = string | boolean

/** An {@link Sbt} in JSON. */
export interface SbtJson {
  readonly issuer: IssuerId
  readonly schema: SchemaJson
  readonly holder: string
  readonly issuedAt: string
  readonly expiresAt: string
  readonly statusId: number
  readonly claims: Readonly<Record<string, ClaimJson>>
  readonly hash: string
  readonly leaf: string
}

/** A {@link Signature} in JSON. */
export interface SignatureJson {
  readonly R8: readonly [string, string]
  readonly S: string
}

/** A {@link HeldSbt} in JSON; the salt is private to the holder. */
export interface HeldSbtJson {
  readonly sbt: SbtJson
  readonly salt: string
  readonly anchor:
    | { readonly signature: SignatureJson; readonly status?: MerkleProofJson }
    | { readonly registered: MerkleProofJson }
}

/** The public part of an {@link Issuer} in JSON. */
export interface IssuerJson {
  readonly id: IssuerId
}

/** {@link IssuerRoots} in JSON, issuers sorted by id. */
export interface IssuerRootsJson {
  readonly issuers: Readonly<Record<IssuerId, { readonly registry?: string; readonly status?: string }>>
}

const UINT64 = 1n << 64n

/** Writes a schema as plain JSON data. */
export function schemaToJson(schema: Schema): SchemaJson {
  return { name: schema.name, claims: { ...schema.claims }, hash: schema.hash.toString() }
}

/**
 * Reads a schema and recomputes its hash, which also notices reordered claims.
 *
 * @param path what the schema is called in errors
 * @throws {SchemaError} if a part is missing, unknown or malformed, or the hash is another
 */
export function schemaFromJson(json: unknown, path = 'schema'): Schema {
  const object = readObject(json, path, ['name', 'claims', 'hash'])
  const hash = readDecimal(object['hash'], `${path}.hash`)
  const schema = within(path, () =>
    defineSchema({ name: object['name'] as string, claims: object['claims'] as Record<string, ClaimType> }),
  )
  if (schema.hash !== hash) throw new SchemaError(`${path}.hash`, 'does not follow from name and claims')
  return schema
}

/** Writes an SBT as plain JSON data, its claims in the order of the schema. */
export function sbtToJson(sbt: Sbt): SbtJson {
  return {
    issuer: sbt.issuer,
    schema: schemaToJson(sbt.schema),
    holder: sbt.holder.toString(),
    issuedAt: sbt.issuedAt.toString(),
    expiresAt: sbt.expiresAt.toString(),
    statusId: sbt.statusId,
    claims: claimsToJson(sbt.schema, sbt.claims),
    hash: sbt.hash.toString(),
    leaf: sbt.leaf.toString(),
  }
}

/**
 * Reads an SBT and recomputes its hash and leaf.
 *
 * @param path what the SBT is called in errors
 * @throws {SchemaError} if a part is missing, unknown or malformed, or a hash is another than the contents give
 */
export function sbtFromJson(json: unknown, path = 'sbt'): Sbt {
  const object = readObject(json, path, [
    'issuer',
    'schema',
    'holder',
    'issuedAt',
    'expiresAt',
    'statusId',
    'claims',
    'hash',
    'leaf',
  ])
  const schema = schemaFromJson(object['schema'], `${path}.schema`)
  const holder = readDecimal(object['holder'], `${path}.holder`)
  const issuedAt = readDecimal(object['issuedAt'], `${path}.issuedAt`, UINT64)
  const expiresAt = readDecimal(object['expiresAt'], `${path}.expiresAt`, UINT64)
  if (expiresAt !== 0n && expiresAt <= issuedAt) {
    throw new SchemaError(`${path}.expiresAt`, 'must be 0 or after issuedAt')
  }
  const claims = claimsFromJson(schema, object['claims'], `${path}.claims`)
  const issuer = object['issuer'] as IssuerId
  within(`${path}.issuer`, () => parseIssuerId(issuer))
  const statusId = object['statusId'] as number
  const sbt = within(path, () =>
    completeSbt({ issuer, schema, holder, issuedAt, expiresAt, statusId, claims }),
  )
  if (readDecimal(object['hash'], `${path}.hash`) !== sbt.hash) {
    throw new SchemaError(`${path}.hash`, 'does not follow from the contents')
  }
  if (readDecimal(object['leaf'], `${path}.leaf`) !== sbt.leaf) {
    throw new SchemaError(`${path}.leaf`, 'does not follow from issuer, schema and hash')
  }
  return sbt
}

/** Writes a held SBT, salt included, as plain JSON data. */
export function heldSbtToJson(held: HeldSbt): HeldSbtJson {
  const { anchor } = held
  return {
    sbt: sbtToJson(held.sbt),
    salt: held.salt.toString(),
    anchor:
      'registered' in anchor
        ? { registered: proofToJson(anchor.registered) }
        : {
            signature: signatureToJson(anchor.signature),
            ...(anchor.status === undefined ? {} : { status: proofToJson(anchor.status) }),
          },
  }
}

/**
 * Reads a held SBT: form, hashes and openings. Whether it is genuine and still good is `verifySbt`'s to say.
 *
 * @throws {SchemaError} if a part is missing, unknown or malformed, or a hash or root does not follow
 */
export function heldSbtFromJson(json: unknown): HeldSbt {
  const object = readObject(json, 'held', ['sbt', 'salt', 'anchor'])
  return {
    sbt: sbtFromJson(object['sbt'], 'sbt'),
    salt: readDecimal(object['salt'], 'salt'),
    anchor: anchorFromJson(object['anchor'], 'anchor'),
  }
}

function anchorFromJson(json: unknown, path: string): Anchor {
  if (isRecord(json) && Object.hasOwn(json, 'registered')) {
    const { registered } = readObject(json, path, ['registered'])
    return { registered: proofFromJson(registered, `${path}.registered`) }
  }
  const object = readObject(json, path, ['signature'], ['status'])
  const signature = signatureFromJson(object['signature'], `${path}.signature`)
  return 'status' in object
    ? { signature, status: proofFromJson(object['status'], `${path}.status`) }
    : { signature }
}

/** Writes a signature as plain JSON data. */
export function signatureToJson({ R8, S }: Signature): SignatureJson {
  return { R8: [R8[0].toString(), R8[1].toString()], S: S.toString() }
}

/**
 * Reads a signature; whose it is, is not checked.
 *
 * @param path what the signature is called in errors
 * @throws {SchemaError} if a part is missing, unknown or not canonical
 */
export function signatureFromJson(json: unknown, path: string): Signature {
  const object = readObject(json, path, ['R8', 'S'])
  const point = readArray(object['R8'], `${path}.R8`, 2)
  return {
    R8: [readDecimal(point[0], `${path}.R8[0]`), readDecimal(point[1], `${path}.R8[1]`)],
    S: readDecimal(object['S'], `${path}.S`, SUBGROUP_ORDER),
  }
}

/** Writes the public part of an issuer as plain JSON data: the id, which holds the key. */
export function issuerToJson(issuer: Issuer): IssuerJson {
  return { id: issuer.id }
}

/**
 * Reads the public part of an issuer.
 *
 * @throws {SchemaError} if a part is missing or unknown, or the id names no usable issuer
 */
export function issuerFromJson(json: unknown): IssuerJson {
  const object = readObject(json, 'issuer', ['id'])
  within('issuer.id', () => parseIssuerId(object['id']))
  return { id: object['id'] as IssuerId }
}

/** Writes roots as plain JSON data, issuers sorted by id. */
export function issuerRootsToJson(roots: IssuerRoots): IssuerRootsJson {
  const entries = Object.entries(roots.issuers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { registry, status }]) => {
      return [
        id,
        {
          ...(registry === undefined ? {} : { registry: registry.toString() }),
          ...(status === undefined ? {} : { status: status.toString() }),
        },
      ] as const
    })
  return { issuers: Object.fromEntries(entries) }
}

/**
 * Reads roots of issuers.
 *
 * @param path what the roots are called in errors
 * @throws {SchemaError} if an issuer id or a root is malformed, or a key is unknown
 */
export function issuerRootsFromJson(json: unknown, path = 'roots'): IssuerRoots {
  const { issuers } = readObject(json, path, ['issuers'])
  if (!isRecord(issuers)) throw new SchemaError(`${path}.issuers`, 'must be an object')
  const entries = Object.entries(issuers).map(([id, value], i) => {
    const at = `${path}.issuers[${i}]`
    within(at, () => parseIssuerId(id))
    const own = readObject(value, at, [], ['registry', 'status'])
    return [
      id,
      {
        ...('registry' in own ? { registry: readDecimal(own['registry'], `${at}.registry`) } : {}),
        ...('status' in own ? { status: readDecimal(own['status'], `${at}.status`) } : {}),
      },
    ] as const
  })
  return { issuers: Object.fromEntries(entries) }
}

function claimToJson(value: ClaimValue): ClaimJson {
  if (typeof value === 'bigint') return value.toString()
  if (!(value instanceof Uint8Array)) return value
  return `0x${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** Writes claims in the order of their schema. */
export function claimsToJson(
  schema: Schema,
  claims: Readonly<Record<string, ClaimValue>>,
): Record<string, ClaimJson> {
  const entries = Object.keys(schema.claims).map((name) => {
    return [name, claimToJson(claims[name] as ClaimValue)] as const
  })
  return Object.fromEntries(entries)
}

/**
 * Reads the claims that the schema names; ranges are checked where the SBT's hash is computed.
 *
 * @throws {SchemaError} if a claim is missing, unknown or malformed
 */
export function claimsFromJson(schema: Schema, json: unknown, path: string): Record<string, ClaimValue> {
  const object = readObject(json, path, Object.keys(schema.claims))
  return Object.fromEntries(
    Object.entries(schema.claims).map(([name, type]) => [
      name,
      claimFromJson(type, object[name], `${path}.${name}`),
    ]),
  )
}

function claimFromJson(type: ClaimType, json: unknown, path: string): ClaimValue {
  switch (type) {
    case 'bool':
      if (typeof json !== 'boolean') throw new SchemaError(path, 'must be true or false')
      return json
    case 'string':
      if (typeof json !== 'string') throw new SchemaError(path, 'must be a string')
      return json
    case 'bytes':
      if (typeof json !== 'string' || !/^0x(?:[0-9a-f]{2})*$/.test(json)) {
        throw new SchemaError(path, 'must be bytes as lower-case 0x hex')
      }
      return Uint8Array.from({ length: json.length / 2 - 1 }, (_, i) =>
        Number.parseInt(json.slice(2 * i + 2, 2 * i + 4), 16),
      )
    case 'int':
    case 'date': {
      const negative = typeof json === 'string' && /^-[1-9]/.test(json)
      const magnitude = readDecimal(negative ? json.slice(1) : json, path)
      return negative ? -magnitude : magnitude
    }
    case 'uint':
      return readDecimal(json, path, UINT64)
    case 'field':
      return readDecimal(json, path, FIELD_MODULUS)
  }
}
