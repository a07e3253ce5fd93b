import { SchemaError } from '../errors.js'
import { FIELD_MODULUS, parseDecimal } from '../field.js'
import { leanRoot, MAX_GROUP_DEPTH, type MerkleProof, quaternaryRoot } from './proof.js'

/** A {@link MerkleProof} in JSON: numbers of the field as canonical decimal strings. */
export interface MerkleProofJson {
  readonly root: string
  readonly leaf: string
  readonly index: number
  readonly siblings: readonly (readonly string[])[]
}

/** Writes an opening as plain JSON data with a fixed order of keys. */
export function proofToJson(proof: MerkleProof): MerkleProofJson {
  return {
    root: proof.root.toString(),
    leaf: proof.leaf.toString(),
    index: proof.index,
    siblings: proof.siblings.map((row) => row.map(String)),
  }
}

/**
 * Reads an opening of a quaternary tree (3 siblings a level, 10 levels) or of a group (1 sibling a level), and
 * recomputes its root.
 *
 * @param path what the opening is called in errors
 * @throws {SchemaError} if a part is missing, unknown or malformed, or if leaf and siblings do not lead to the root
 */
export function proofFromJson(json: unknown, path = 'proof'): MerkleProof {
  const object = readObject(json, path, ['root', 'leaf', 'index', 'siblings'])
  const rows = readArray(object['siblings'], `${path}.siblings`, MAX_GROUP_DEPTH)
  const proof: MerkleProof = {
    root: readDecimal(object['root'], `${path}.root`),
    leaf: readDecimal(object['leaf'], `${path}.leaf`),
    index: object['index'] as number,
    siblings: rows.map((row, level) =>
      readArray(row, `${path}.siblings[${level}]`, 3).map((sibling, i) =>
        readDecimal(sibling, `${path}.siblings[${level}][${i}]`),
      ),
    ),
  }
  const root = within(path, () => (proof.siblings[0]?.length === 3 ? quaternaryRoot(proof) : leanRoot(proof)))
  if (root !== proof.root) throw new SchemaError(`${path}.root`, 'does not follow from leaf and siblings')
  return proof
}

/**
 * Reads an object that has every key of `required` itself, and no other than those and the `optional` ones. Nothing
 * is read from its prototype and the copy has none, so that `__proto__` is a key as any other: an unknown one.
 *
 * @throws {SchemaError} otherwise
 */
export function readObject(
  json: unknown,
  path: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Readonly<Record<string, unknown>> {
  if (!isRecord(json)) throw new SchemaError(path, 'must be an object')
  for (const key of Object.keys(json)) {
    if (!required.includes(key) && !optional.includes(key)) {
      throw new SchemaError(path, `has an unknown key; known are ${[...required, ...optional].join(', ')}`)
    }
  }
  const copy: Record<string, unknown> = Object.create(null)
  for (const key of [...required, ...optional]) {
    if (Object.hasOwn(json, key)) copy[key] = json[key]
    else if (required.includes(key)) throw new SchemaError(`${path}.${key}`, 'is missing')
  }
  return copy
}

/** Tells whether a value is an object, neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Reads an array of at most `most` entries.
 *
 * @throws {SchemaError} otherwise
 */
export function readArray(json: unknown, path: string, most: number): readonly unknown[] {
  if (!Array.isArray(json)) throw new SchemaError(path, 'must be an array')
  if (json.length > most) throw new SchemaError(path, `must have at most ${most} entries`)
  return json
}

/**
 * Reads a canonical decimal string below `bound`.
 *
 * @throws {SchemaError} otherwise
 */
export function readDecimal(json: unknown, path: string, bound: bigint = FIELD_MODULUS): bigint {
  return within(path, () => parseDecimal(json, 'value', bound))
}

/**
 * Runs a check and turns its `TypeError` or `RangeError` into a {@link SchemaError} at `path`, and its SchemaError
 * into one below `path`.
 */
export function within<T>(path: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof SchemaError) {
      throw new SchemaError(`${path}.${cause.path}`, cause.message.slice(cause.path.length + 2), { cause })
    }
    if (cause instanceof TypeError || cause instanceof RangeError) {
      throw new SchemaError(path, cause.message, { cause })
    }
    throw cause
  }
}
