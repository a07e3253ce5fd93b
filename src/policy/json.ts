/**
 * Reading of untrusted JSON. The input is copied once, with limits, into Maps and arrays: no prototype, getter or
 * cycle of the caller's object is ever met again.
 */
import { PolicyError } from '../errors.js'

/** A JSON value without prototypes. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** A JSON object; own properties only, in their order. */
export type JsonObject = ReadonlyMap<string, Json>

/** Deepest nesting of JSON values; formulas have their own, lower limit. */
const MAX_DEPTH = 128
/** Most JSON values in one policy. */
const MAX_NODES = 4096
/** Most UTF-16 code units in all strings and keys of one policy. */
const MAX_TEXT = 1 << 20

/** Returns the path of a property, such as `sbts.degree` or `schemas["degree/1"]`. */
export function keyPath(path: string, key: string): string {
  if (/^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(key)) return path === '' ? key : `${path}.${key}`
  return `${path}[${JSON.stringify(key.slice(0, 64))}]`
}

/**
 * Copies a parsed JSON value.
 *
 * @throws {PolicyError} if it is not made of JSON's types, or is too deep or too large
 */
export function readJson(value: unknown): Json {
  let nodes = 0
  let text = 0
  const count = (length: number, path: string): void => {
    text += length
    if (text > MAX_TEXT) throw new PolicyError(path, 'is too long: a policy has at most 2^20 characters')
  }
  const read = (node: unknown, path: string, depth: number): Json => {
    const at = path === '' ? 'policy' : path
    nodes++
    if (nodes > MAX_NODES) throw new PolicyError(at, `is too much: a policy has at most ${MAX_NODES} values`)
    if (depth > MAX_DEPTH) throw new PolicyError(at, 'is nested too deeply')
    if (node === null || typeof node === 'boolean') return node
    if (typeof node === 'number') {
      if (!Number.isFinite(node)) throw new PolicyError(at, 'must be a finite number')
      return node
    }
    if (typeof node === 'string') {
      count(node.length, at)
      // Unpaired surrogates would all become U+FFFD in UTF-8: two texts with one hash.
      if (/\p{Surrogate}/u.test(node)) throw new PolicyError(at, 'must be well-formed Unicode')
      return node
    }
    if (Array.isArray(node)) {
      if (node.length > MAX_NODES) throw new PolicyError(at, `must have at most ${MAX_NODES} entries`)
      return Array.from({ length: node.length }, (_, i) => read(node[i], `${path}[${i}]`, depth + 1))
    }
    if (typeof node !== 'object' || !isPlain(node)) throw new PolicyError(at, 'must be a JSON value')
    const copy = new Map<string, Json>()
    for (const key of Object.keys(node)) {
      count(key.length, at)
      copy.set(key, read((node as Record<string, unknown>)[key], keyPath(path, key), depth + 1))
    }
    return copy
  }
  return read(value, '', 0)
}

/** Plain objects of any realm: without prototype, or with one that has none itself. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Tells whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map
}

/**
 * Reads an object with the given keys and no others.
 *
 * @throws {PolicyError} if it is not an object, lacks a required key or has an unknown one
 */
export function objectOf(
  value: Json | undefined,
  path: string,
  keys: { readonly required?: readonly string[]; readonly optional?: readonly string[] },
): JsonObject {
  const at = path === '' ? 'policy' : path
  const { required = [], optional = [] } = keys
  if (!isObject(value)) throw new PolicyError(at, 'must be an object')
  for (const key of value.keys()) {
    if (!required.includes(key) && !optional.includes(key)) {
      throw new PolicyError(
        keyPath(path, key),
        `is not known here; known: ${[...required, ...optional].join(', ')}`,
      )
    }
  }
  for (const key of required) if (!value.has(key)) throw new PolicyError(keyPath(path, key), 'is missing')
  return value
}

/**
 * Reads an array.
 *
 * @throws {PolicyError} if it is not an array, or its length is not `min`..`max`
 */
export function arrayOf(value: Json | undefined, path: string, min: number, max: number): readonly Json[] {
  if (!Array.isArray(value)) throw new PolicyError(path, 'must be an array')
  if (value.length < min) throw new PolicyError(path, 'must not be empty')
  if (value.length > max) throw new PolicyError(path, `must have at most ${max} entries`)
  return value
}

/** Reads a string; throws {@link PolicyError} for anything else. */
export function stringOf(value: Json | undefined, path: string): string {
  if (typeof value !== 'string') throw new PolicyError(path, 'must be a string')
  return value
}

/** Reads a number that is an integer from `min` to `max`, both safe; throws {@link PolicyError} for anything else. */
export function integerOf(value: Json | undefined, path: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw new PolicyError(path, `must be an integer from ${min} to ${max}`)
  }
  return value
}

/** Reads one of the given words; throws {@link PolicyError} for anything else. */
export function oneOf<const T extends string>(value: Json | undefined, path: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value)
  if (word === undefined) throw new PolicyError(path, `must be one of ${words.join(', ')}`)
  return word
}
