import { SchemaError } from '../errors.js'
import { isRecord, readDecimal, readObject } from '../merkle/json.js'
import { issuerRootsFromJson, issuerRootsToJson } from '../sbt/json.js'
import type { Roots } from './types.js'

/**
 * Reads roots of issuers and ledgers, all of one snapshot.
 *
 * @throws {SchemaError} naming the part that is missing, unknown or malformed
 */
export function rootsFromJson(json: unknown): Roots {
  const { issuers, ledgers } = readObject(json, 'roots', ['issuers'], ['ledgers'])
  const known = issuerRootsFromJson({ issuers })
  if (ledgers === undefined) return known
  if (!isRecord(ledgers)) throw new SchemaError('roots.ledgers', 'must be an object')
  const accepted = Object.entries(ledgers).map(([id, value], i) => {
    const at = `roots.ledgers[${i}]`
    const own = readObject(value, at, ['root', 'queueLength', 'at'])
    const root = {
      root: readDecimal(own['root'], `${at}.root`),
      queueLength: readDecimal(own['queueLength'], `${at}.queueLength`, 1n << 64n),
      at: readDecimal(own['at'], `${at}.at`, 1n << 64n),
    }
    return [id, root] as const
  })
  return { ...known, ledgers: Object.fromEntries(accepted) }
}

/** Writes roots as {@link rootsFromJson} reads them. */
export function rootsToJson({ issuers, ledgers }: Roots): Readonly<Record<string, unknown>> {
  const accepted = Object.entries(ledgers ?? {}).map(([id, { root, queueLength, at }]) => {
    return [id, { root: String(root), queueLength: String(queueLength), at: String(at) }] as const
  })
  return {
    ...issuerRootsToJson({ issuers }),
    ...(ledgers && { ledgers: Object.fromEntries(accepted) }),
  }
}
