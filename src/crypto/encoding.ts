import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'

/** Joins parts so that no two lists of parts give the same bytes: each is preceded by its length, 4 bytes big-endian. */
export function frame(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const framed = parts.flatMap((part) => {
    const bytes = typeof part === 'string' ? utf8ToBytes(part) : part
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, bytes.length)
    return [length, bytes]
  })
  return concatBytes(...framed)
}

/** Tells whether a value is lower-case hex of so many bytes. */
export function isHex(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)
}
