import { requireObject, SchemaError } from '../errors.js'
import { assertField } from '../field.js'
import { readArray, readDecimal, readObject, within } from './json.js'
import { assertIndex } from './proof.js'
import { QUATERNARY_CAPACITY } from './quaternary.js'

/** `issued`: leaves are SBTs, 0 once revoked. `status`: the leaf at a statusId is 0 until it is revoked, then 1. */
export type RegistryKind = 'issued' | 'status'

/**
 * What an issuer did to one of its trees between two roots. A registry only grows at its end and has leaves revoked; a status tree
 * only has leaves revoked, so that a delta cannot give back what was revoked, nor exchange what was registered.
 */
export interface TreeDelta {
  readonly kind: RegistryKind
  /** Root and size before. */
  readonly from: bigint
  readonly fromSize: number
  /** Root and size after. */
  readonly to: bigint
  readonly size: number
  /** Leaves that join a registry behind the last, 0 for one that is revoked already; none in a status tree. */
  readonly append: readonly bigint[]
  /** Indexes that are revoked, ascending. In a registry they lie below `fromSize`, in a status tree below `size`. */
  readonly revoked: readonly number[]
}

/** A {@link TreeDelta} in JSON. */
export interface TreeDeltaJson {
  readonly version: 1
  readonly kind: RegistryKind
  readonly from: string
  readonly fromSize: number
  readonly to: string
  readonly size: number
  readonly append: readonly string[]
  readonly revoked: readonly number[]
}

/** Writes a delta as plain JSON data. */
export function deltaToJson(delta: TreeDelta): TreeDeltaJson {
  const { kind, from, fromSize, to, size, append, revoked } = delta
  return {
    version: 1,
    kind,
    from: from.toString(),
    fromSize,
    to: to.toString(),
    size,
    append: append.map(String),
    revoked: [...revoked],
  }
}

/**
 * Reads a delta. Whether it leads from one root to the other shows when it is applied.
 *
 * @param path what the delta is called in errors
 * @throws {SchemaError} if a part is missing, unknown or malformed
 */
export function deltaFromJson(json: unknown, path = 'delta'): TreeDelta {
  const names = ['version', 'kind', 'from', 'fromSize', 'to', 'size', 'append', 'revoked']
  const object = readObject(json, path, names)
  if (object['version'] !== 1) throw new SchemaError(`${path}.version`, 'must be 1')
  const append = readArray(object['append'], `${path}.append`, QUATERNARY_CAPACITY)
  const delta = {
    kind: object['kind'] as RegistryKind,
    from: readDecimal(object['from'], `${path}.from`),
    fromSize: object['fromSize'] as number,
    to: readDecimal(object['to'], `${path}.to`),
    size: object['size'] as number,
    append: append.map((leaf, i) => readDecimal(leaf, `${path}.append[${i}]`)),
    revoked: [...readArray(object['revoked'], `${path}.revoked`, QUATERNARY_CAPACITY)] as number[],
  }
  within(path, () => checkDelta(delta))
  return delta
}

/** Checks the form of a delta. Throws `TypeError` or `RangeError` naming the part that is malformed. */
export function checkDelta(delta: TreeDelta): void {
  requireObject(delta, 'delta')
  const { kind, from, fromSize, to, size, append, revoked } = delta
  if (kind !== 'issued' && kind !== 'status') throw new RangeError('delta.kind must be issued or status')
  assertField(from, 'delta.from')
  assertField(to, 'delta.to')
  assertIndex(size, QUATERNARY_CAPACITY + 1, 'delta.size')
  assertIndex(fromSize, size + 1, 'delta.fromSize')
  if (!Array.isArray(append)) throw new TypeError('delta.append must be an array')
  if (append.length !== (kind === 'issued' ? size - fromSize : 0)) {
    throw new RangeError('delta.append must have as many leaves as the tree grows by, none in a status tree')
  }
  for (const [i, leaf] of append.entries()) assertField(leaf, `delta.append[${i}]`)
  if (!Array.isArray(revoked)) throw new TypeError('delta.revoked must be an array')
  const bound = kind === 'issued' ? fromSize : size
  for (let i = 0; i < revoked.length; i++) {
    assertIndex(revoked[i], bound, `delta.revoked[${i}]`)
    if (i > 0 && revoked[i] <= revoked[i - 1]) throw new RangeError('delta.revoked must be ascending')
  }
}
