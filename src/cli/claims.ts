import { SchemaError } from '../errors.js'
import { FIELD_MODULUS, parseDecimal } from '../field.js'
import { readObject } from '../merkle/json.js'
import { type ClaimType, type ClaimValue, encodeClaim, type Schema } from '../sbt/schema.js'

/**
 * Reads the claims of an SBT as they are written by hand, in the forms of a policy's constants: integers as safe
 * numbers or decimal strings, dates also as a day, bool, text, bytes as 0x hex, field elements as decimal or 0x.
 *
 * @throws {SchemaError} if a claim is missing, unknown, or not of its type
 */
export function readClaims(schema: Schema, json: unknown, path: string): Record<string, ClaimValue> {
  const object = readObject(json, path, Object.keys(schema.claims))
  return Object.fromEntries(
    Object.entries(schema.claims).map(([name, type]) => [
      name,
      readClaim(type, object[name], `${path}.${name}`),
    ]),
  )
}

/**
 * Reads one claim's value, see {@link readClaims}.
 *
 * @throws {SchemaError} at `path` if it is not a value of the type
 */
export function readClaim(type: ClaimType, json: unknown, path: string): ClaimValue {
  const value = readForm(type, json, path)
  encodeClaim(type, value, path)
  return value
}

/**
 * Reads Unix seconds: a safe number, a decimal string, or a day YYYY-MM-DD in UTC.
 *
 * @throws {SchemaError} at `path` for anything else
 */
export function readSeconds(json: unknown, path: string): bigint {
  if (typeof json === 'string' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(json)) {
    const milliseconds = Date.parse(json)
    // Date.parse may roll a 30th of February over into March.
    if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 10) !== json) {
      throw new SchemaError(path, 'is not a day of the calendar')
    }
    return BigInt(milliseconds / 1000)
  }
  return readWhole(json, path)
}

function readForm(type: ClaimType, json: unknown, path: string): ClaimValue {
  switch (type) {
    case 'uint':
    case 'int':
      return readWhole(json, path)
    case 'date':
      return readSeconds(json, path)
    case 'bool':
      if (typeof json !== 'boolean') throw new SchemaError(path, 'must be true or false')
      return json
    case 'string':
      if (typeof json !== 'string') throw new SchemaError(path, 'must be a string')
      // Unpaired surrogates would all become U+FFFD in UTF-8: two texts with one hash.
      if (/\p{Surrogate}/u.test(json)) throw new SchemaError(path, 'must be well-formed Unicode')
      return json
    case 'bytes':
      if (typeof json !== 'string' || !/^0x([0-9a-fA-F]{2})*$/.test(json)) {
        throw new SchemaError(path, 'must be bytes as 0x hex')
      }
      return Uint8Array.from(Buffer.from(json.slice(2), 'hex'))
    case 'field':
      if (typeof json === 'string' && /^0x[0-9a-fA-F]{1,64}$/.test(json)) return BigInt(json)
      return readElement(json, path)
  }
}

function readWhole(json: unknown, path: string): bigint {
  if (typeof json === 'number' && Number.isSafeInteger(json)) return BigInt(json)
  if (typeof json === 'string' && /^(0|-?[1-9][0-9]{0,19})$/.test(json)) return BigInt(json)
  throw new SchemaError(path, 'must be an integer, as a safe number or a decimal string')
}

function readElement(json: unknown, path: string): bigint {
  try {
    return parseDecimal(json, 'value', FIELD_MODULUS)
  } catch (cause) {
    throw new SchemaError(path, 'must be a field element, as a decimal or 0x string', { cause })
  }
}
