import { ArtifactError } from '../errors.js'
import type { R1cs } from '../formats/r1cs.js'
import { packGenerator } from './generator-pack.js'
import { HEADER, KIND } from './header.js'
import { packKey } from './key-pack.js'
import { packBytes } from './lz-pack.js'

/** Packs a witness generator; one that is not circom's as bytes of any kind. */
export function packGeneratorArtifact(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const packed = orNone(() => packGenerator(wasm))
  return packed
    ? withHeader(KIND.generator, packed, wasm.length)
    : withHeader(KIND.bytes, packBytes(wasm), wasm.length)
}

/** Packs a proving key of a circuit. */
export async function packKeyArtifact(o: { zkey: Uint8Array; r1cs: R1cs }): Promise<Uint8Array<ArrayBuffer>> {
  return withHeader(KIND.key, await packKey(o), o.zkey.length)
}

function orNone<T>(pack: () => T): T | undefined {
  try {
    return pack()
  } catch (error) {
    if (error instanceof ArtifactError) return undefined
    throw error
  }
}

function withHeader(kind: number, packed: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER.length + packed.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < 4; i++) bytes[i] = HEADER.magic.charCodeAt(i)
  bytes[4] = HEADER.version
  bytes[5] = kind
  view.setUint32(8, bytes.length, true)
  view.setUint32(12, length, true)
  bytes.set(packed, HEADER.length)
  return bytes
}
