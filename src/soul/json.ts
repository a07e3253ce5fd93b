import { SchemaError } from '../errors.js'
import { parseDecimal } from '../field.js'
import { importSoul, type Soul } from './index.js'

/** A Soul in JSON. It holds the secret: encrypt it before it is stored. */
export interface SoulJson {
  readonly secret: string
  readonly commitment: string
}

/** Writes a Soul, its secret included, as plain JSON data. */
export function soulToJson(soul: Soul): SoulJson {
  return { secret: soul.secret.toString(), commitment: soul.commitment.toString() }
}

/**
 * Reads a Soul and recomputes its public key and commitment.
 *
 * @throws {SchemaError} if a part is missing, unknown or malformed, or the commitment is another Soul's
 */
export function soulFromJson(json: unknown): Soul {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new SchemaError('soul', 'must be an object')
  }
  const keys = Object.keys(json)
  if (keys.length !== 2 || !keys.includes('secret') || !keys.includes('commitment')) {
    throw new SchemaError('soul', 'must have the keys secret and commitment')
  }
  const { secret, commitment } = json as Readonly<Record<string, unknown>>
  const soul = read('soul.secret', () => importSoul({ secret: parseDecimal(secret, 'value') }))
  if (soul.commitment !== read('soul.commitment', () => parseDecimal(commitment, 'value'))) {
    throw new SchemaError('soul.commitment', 'does not follow from the secret')
  }
  return soul
}

function read<T>(path: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) {
      throw new SchemaError(path, cause.message, { cause })
    }
    throw cause
  }
}
