import { keccak_256 } from '@noble/hashes/sha3.js'

/** Order r of the BN254 scalar field, in which circuits compute (EIP-196). */
export const FIELD_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617n

/** A value given by an application: text, which becomes keccak256(utf8) >> 8, or a canonical field element. */
export type FieldInput = bigint | string

const utf8 = new TextEncoder()

/**
 * Checks that `value` is a canonical field element.
 *
 * @throws {TypeError} if it is not a bigint
 * @throws {RangeError} unless 0 <= value < r; nothing is ever reduced silently
 */
export function assertField(value: unknown, label: string): asserts value is bigint {
  assertBelow(value, FIELD_MODULUS, label, 'the field modulus')
}

/**
 * Checks that `value` is an unsigned integer of at most `bits` bits.
 *
 * @throws {TypeError} if it is not a bigint
 * @throws {RangeError} if it does not fit
 */
export function assertUint(value: unknown, bits: number, label: string): asserts value is bigint {
  assertBelow(value, 1n << BigInt(bits), label, `2^${bits}`)
}

/** Checks 0 <= value < bound; `boundName` stands in the message. */
export function assertBelow(
  value: unknown,
  bound: bigint,
  label: string,
  boundName: string,
): asserts value is bigint {
  if (typeof value !== 'bigint') throw new TypeError(`${label} must be a bigint`)
  if (value < 0n || value >= bound) throw new RangeError(`${label} must be at least 0 and below ${boundName}`)
}

/** Returns keccak256(bytes) >> 8, a 248-bit number, hence canonical. */
export function hashBytes(bytes: Uint8Array): bigint {
  return bytesToBigInt(keccak_256(bytes)) >> 8n
}

/**
 * Returns keccak256(utf8(text)) >> 8, the field element that stands for a text.
 *
 * @throws {RangeError} if the text has an unpaired surrogate: UTF-8 has no form for it, and two texts would share a hash
 */
export function hashText(text: string): bigint {
  if (/\p{Surrogate}/u.test(text)) throw new RangeError('text must be well-formed Unicode')
  return hashBytes(utf8.encode(text))
}

/**
 * Turns an application's value into a field element: text by {@link hashText}, a bigint as it is.
 *
 * @throws {TypeError} for any other type
 * @throws {RangeError} for a bigint that is not canonical
 */
export function toField(value: FieldInput, label: string): bigint {
  if (typeof value === 'string') return hashText(value)
  if (typeof value !== 'bigint') throw new TypeError(`${label} must be a bigint or a string`)
  assertField(value, label)
  return value
}

/**
 * Reads a canonical decimal string: no sign, blank, leading zero, hex or empty string.
 *
 * @throws {TypeError} if it is not a string
 * @throws {RangeError} if it is not canonical decimal or not below `bound`
 */
export function parseDecimal(value: unknown, label: string, bound: bigint = FIELD_MODULUS): bigint {
  if (typeof value !== 'string') throw new TypeError(`${label} must be a decimal string`)
  if (value.length > 160 || !/^(0|[1-9][0-9]*)$/.test(value)) {
    throw new RangeError(`${label} must be a canonical decimal string`)
  }
  const number = BigInt(value)
  if (number >= bound) throw new RangeError(`${label} is not below its modulus`)
  return number
}

/** Reads big-endian bytes as an unsigned integer. */
export function bytesToBigInt(bytes: Uint8Array): bigint {
  let hex = '0x0'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}

/** Writes an unsigned integer as `length` big-endian bytes. */
export function bigIntToBytes(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(2 * length, '0')
  if (hex.length > 2 * length) throw new RangeError('value does not fit in the given length')
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

/** Inverse of a number modulo a prime, by Euclid's algorithm. */
export function invert(value: bigint, modulus: bigint): bigint {
  let [a, b, s, t] = [modulus, ((value % modulus) + modulus) % modulus, 0n, 1n]
  while (b !== 0n) {
    const q = a / b
    ;[a, b, s, t] = [b, a - q * b, t, s - q * t]
  }
  return ((s % modulus) + modulus) % modulus
}
