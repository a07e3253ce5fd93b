/** What a packed artifact begins with. */

/** First bytes of a packed artifact: `spwf`, version, kind, its own length and that of the artifact, 32 bits each. */
export const HEADER = { magic: 'spwf', version: 2, length: 16 } as const

/** What is packed: bytes of any kind, a witness generator, a proving key. */
export const KIND = { bytes: 0, generator: 1, key: 2 } as const

/** Reads the header of a packed artifact: bytes of the packed one and of the artifact; undefined if it is none. */
export function readHeader(bytes: Uint8Array): { kind: number; packed: number; length: number } | undefined {
  if (bytes.length < HEADER.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER.length)
  for (let i = 0; i < 4; i++) if (bytes[i] !== HEADER.magic.charCodeAt(i)) return undefined
  if (bytes[4] !== HEADER.version) return undefined
  return { kind: bytes[5] as number, packed: view.getUint32(8, true), length: view.getUint32(12, true) }
}
