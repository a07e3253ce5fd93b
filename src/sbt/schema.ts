import { requireObject, SchemaError } from '../errors.js'
import { assertField, assertUint, hashBytes, hashText } from '../field.js'

/** Type of a claim; see `encodeClaim` for the range and the field element of each. */
export type ClaimType = 'uint' | 'int' | 'date' | 'bool' | 'string' | 'bytes' | 'field'

/** A claim's value: bigint for uint, int, date (Unix seconds) and field, else what the name says. */
export type ClaimValue = bigint | boolean | string | Uint8Array

/** Names and types of an SBT's claims; the order of the names is their position in the SBT. */
export interface Schema {
  readonly name: string
  readonly claims: Readonly<Record<string, ClaimType>>
  /** keccak256 >> 8 of the canonical text of name and claims. */
  readonly hash: bigint
}

/** Most claims that one SBT carries. */
export const MAX_CLAIMS = 10

/** Added to `int` and `date` so that their order is the order of the field elements. */
export const SIGNED_BIAS = 1n << 63n

const CLAIM_TYPES: readonly ClaimType[] = ['uint', 'int', 'date', 'bool', 'string', 'bytes', 'field']

/** Tells whether values of this type have an order that circuits can compare. */
export function isOrdered(type: ClaimType): boolean {
  return type === 'uint' || type === 'int' || type === 'date'
}

/** A name of a claim, slot or ledger: a letter, then at most 63 letters, digits, `_` or `-`. */
export const NAME_PATTERN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/**
 * Defines a schema.
 *
 * @throws {SchemaError} for an empty or over-long name, no claims or more than 10, an unknown type, or a claim
 *   name that is not `NAME_PATTERN`
 */
export function defineSchema(options: {
  readonly name: string
  readonly claims: Record<string, ClaimType>
}): Schema {
  requireObject(options, 'options')
  const { name, claims } = options
  if (typeof name !== 'string' || name.length === 0 || name.length > 128) {
    throw new SchemaError('name', 'must be a string of 1 to 128 characters')
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new SchemaError('claims', 'must be an object of claim types')
  }
  const entries = Object.entries(claims)
  if (entries.length === 0 || entries.length > MAX_CLAIMS) {
    throw new SchemaError('claims', `must have 1 to ${MAX_CLAIMS} entries`)
  }
  for (const [claim, type] of entries) {
    if (!NAME_PATTERN.test(claim))
      throw new SchemaError('claims', 'names must be a letter, then letters, digits, _ or -')
    if (!CLAIM_TYPES.includes(type))
      throw new SchemaError(`claims.${claim}`, `must be one of ${CLAIM_TYPES.join(', ')}`)
  }
  const hash = hashText(`soulproof/schema/1:${JSON.stringify([name, entries])}`)
  const schema = Object.freeze({ name, claims: Object.freeze({ ...claims }), hash })
  checked.add(schema)
  return schema
}

const checked = new WeakSet<Schema>()

/**
 * Checks a schema that was not made by {@link defineSchema}: its hash has to be that of its name and claims.
 *
 * @throws {TypeError} if it is not an object
 * @throws {SchemaError} as {@link defineSchema} does, or if the hash is another
 */
export function requireSchema(schema: Schema): void {
  requireObject(schema, 'schema')
  if (checked.has(schema)) return
  if (defineSchema(schema).hash !== schema.hash) {
    throw new SchemaError('schema.hash', 'does not follow from the name and claims')
  }
}

/**
 * Returns the field element that stands for a claim's value:
 * `uint` 0..2^64-1 as it is; `int` and `date` -2^63..2^63-1 plus 2^63; `bool` 0 or 1; `string` and `bytes`
 * keccak256 >> 8; `field` any canonical element.
 *
 * @throws {SchemaError} if the value has another type or is out of range; the value is not shown
 */
export function encodeClaim(type: ClaimType, value: unknown, path: string): bigint {
  try {
    switch (type) {
      case 'uint':
        assertUint(value, 64, 'value')
        return value
      case 'int':
      case 'date': {
        if (typeof value !== 'bigint') throw new TypeError('value must be a bigint')
        if (value < -SIGNED_BIAS || value >= SIGNED_BIAS)
          throw new RangeError('value must fit in 64 bits, signed')
        return value + SIGNED_BIAS
      }
      case 'bool':
        if (typeof value !== 'boolean') throw new TypeError('value must be a boolean')
        return value ? 1n : 0n
      case 'string':
        if (typeof value !== 'string') throw new TypeError('value must be a string')
        return hashText(value)
      case 'bytes':
        if (!(value instanceof Uint8Array)) throw new TypeError('value must be a Uint8Array')
        return hashBytes(value)
      case 'field':
        assertField(value, 'value')
        return value
    }
  } catch (cause) {
    throw new SchemaError(path, `is not a ${type}: ${(cause as Error).message}`, { cause })
  }
}

/**
 * Encodes all claims of an SBT in the order of its schema, padded with 0 to 10 field elements.
 *
 * @throws {SchemaError} if a claim is missing, unknown or not of its type
 */
export function encodeClaims(schema: Schema, claims: Readonly<Record<string, unknown>>): bigint[] {
  if (typeof claims !== 'object' || claims === null) throw new SchemaError('claims', 'must be an object')
  for (const name of Object.keys(claims)) {
    if (!Object.hasOwn(schema.claims, name))
      throw new SchemaError(`claims.${name.slice(0, 64)}`, 'is not in the schema')
  }
  const encoded = Object.entries(schema.claims).map(([name, type]) => {
    if (!Object.hasOwn(claims, name)) throw new SchemaError(`claims.${name}`, 'is missing')
    return encodeClaim(type, claims[name], `claims.${name}`)
  })
  while (encoded.length < MAX_CLAIMS) encoded.push(0n)
  return encoded
}
