import { bytesToBigInt } from '../field.js'

/** Returns `length` bytes from the platform's CSPRNG. */
export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length))
}

/** Returns a uniform number below `bound` from the platform's CSPRNG, by drawing until one fits. */
export function randomBelow(bound: bigint): bigint {
  const bits = bound.toString(2).length
  const excess = BigInt(8 * Math.ceil(bits / 8) - bits)
  for (;;) {
    const number = bytesToBigInt(randomBytes(Math.ceil(bits / 8))) >> excess
    if (number < bound) return number
  }
}
