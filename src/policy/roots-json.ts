import { requireObject, SchemaError } from '../errors.js'
import { assertField, assertUint } from '../field.js'
import { isRecord, readDecimal, readObject } from '../merkle/json.js'
import { parseIssuerId } from '../sbt/issuer.js'
import { type IssuerRootsJson, issuerRootsFromJson, issuerRootsToJson } from '../sbt/json.js'
import type { Roots } from './types.js'

/** {@link Roots} in JSON, issuers and ledgers sorted by id. */
export interface RootsJson extends IssuerRootsJson {
  readonly ledgers?: Readonly<
    Record<string, { readonly root: string; readonly queueLength: string; readonly at: string }>
  >
}

/**
 * Checks the form of roots that are given.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function assertRoots(roots: Roots, label: string): void {
  requireObject(roots, label)
  const { issuers, ledgers = {} } = roots
  requireObject(issuers, `${label}.issuers`)
  requireObject(ledgers, `${label}.ledgers`)
  for (const [id, own] of Object.entries(issuers)) {
    parseIssuerId(id)
    requireObject(own, `${label} of an issuer`)
    const { registry, status } = own
    if (registry !== undefined) assertField(registry, 'registry root')
    if (status !== undefined) assertField(status, 'status root')
  }
  for (const own of Object.values(ledgers)) {
    requireObject(own, `${label} of a ledger`)
    assertField(own.root, 'ledger root')
    assertUint(own.queueLength, 64, 'queueLength')
    assertUint(own.at, 64, 'at')
  }
}

/** Writes roots of issuers and ledgers as plain JSON data; the same roots always give the same text. */
export function rootsToJson({ issuers, ledgers }: Roots): RootsJson {
  const accepted = Object.entries(ledgers ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { root, queueLength, at }]) => {
      return [id, { root: String(root), queueLength: String(queueLength), at: String(at) }] as const
    })
  return {
    ...issuerRootsToJson({ issuers }),
    ...(ledgers && { ledgers: Object.fromEntries(accepted) }),
  }
}

/**
 * Reads roots of issuers and ledgers.
 *
 * @param path what the roots are called in errors
 * @throws {SchemaError} naming the part that is missing, unknown or malformed
 */
export function rootsFromJson(json: unknown, path = 'roots'): Roots {
  const { issuers, ledgers } = readObject(json, path, ['issuers'], ['ledgers'])
  const known = issuerRootsFromJson({ issuers }, path)
  if (ledgers === undefined) return known
  if (!isRecord(ledgers)) throw new SchemaError(`${path}.ledgers`, 'must be an object')
  const accepted = Object.entries(ledgers).map(([id, value], i) => {
    const at = `${path}.ledgers[${i}]`
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
