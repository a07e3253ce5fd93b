/** Artifacts as they go over a network: what both sides can derive is not sent. */
import { ArtifactError } from '../errors.js'
import { unpackGenerator } from './generator.js'
import { HEADER, KIND, readHeader } from './header.js'
import { unpackKey } from './key.js'
import { unpackBytes } from './lz.js'
import { Reader } from './streams.js'

/**
 * Unpacks an artifact. What comes out is only as good as what went in: compare it with its pin.
 *
 * @param o.bytes  a packed artifact
 * @param o.length bytes of the artifact, by its pin
 * @param o.pause  waited for now and then; by default a turn of the event loop, so that a page stays alive
 * @throws {ArtifactError} if it is malformed, truncated, or of another length
 */
export async function unpackArtifact(o: {
  bytes: Uint8Array
  length: number
  pause?: () => Promise<void>
}): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes, length, pause = turn } = o
  const header = readHeader(bytes)
  if (header === undefined) throw new ArtifactError('packed artifact has no header of a version known here')
  if (header.packed !== bytes.length) throw new ArtifactError('packed artifact is truncated')
  if (header.length !== length) throw new ArtifactError('packed artifact is of another length')
  const reader = new Reader(bytes)
  reader.take(HEADER.length)
  if (header.kind === KIND.generator) {
    await pause()
    return unpackGenerator({ reader, length })
  }
  if (header.kind === KIND.key) return unpackKey({ reader, length, pause })
  if (header.kind === KIND.bytes)
    return unpackBytes({ bytes: reader.take(bytes.length - HEADER.length), length })
  throw new ArtifactError('packed artifact is of an unknown kind')
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve)
  })
}
