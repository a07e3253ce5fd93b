import { ArtifactError } from '../errors.js'
import { unpackBytes } from './lz.js'

/** Bytes that streams may have all told for each byte of the artifact: a number of a byte may be told by eight. */
const MOST_TIMES = 8
/** And bytes beside, for artifacts that are tiny. */
const MOST_BESIDE = 2 ** 16

/** Reads numbers and bytes one after the other. */
export class Reader {
  readonly bytes: Uint8Array
  position = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get ended(): boolean {
    return this.position >= this.bytes.length
  }

  byte(): number {
    const value = this.bytes[this.position++]
    if (value === undefined) throw new ArtifactError('packed artifact is truncated')
    return value
  }

  /** The next bytes, as a view. */
  take(length: number): Uint8Array {
    const taken = this.bytes.subarray(this.position, this.position + length)
    if (taken.length !== length) throw new ArtifactError('packed artifact is truncated')
    this.position += length
    return taken
  }

  /** An unsigned LEB128 number below 2^53. */
  number(): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
      if (scale >= 2 ** 42) throw new ArtifactError('packed artifact has a number that is too large')
    }
  }

  /** A number of either sign: 0, -1, 1, -2 and so on are 0, 1, 2, 3. */
  signed(): number {
    const value = this.number()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** What {@link Reader} reads, written. */
export class Writer {
  #bytes = new Uint8Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#length++] = value
  }

  append(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  number(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.byte((rest % 128) | 128)
    this.byte(rest)
  }

  signed(value: number): void {
    this.number(value >= 0 ? 2 * value : -2 * value - 1)
  }

  /** All that was written, as a view. */
  done(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #room(length: number): void {
    if (this.#length + length <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + length))
    grown.set(this.done())
    this.#bytes = grown
  }
}

/**
 * Reads streams that `writeStreams` packed.
 *
 * @param o.count  how many there are
 * @param o.length bytes of the artifact, which bounds what the streams may unpack to: a kilobyte can stand for gigabytes
 * @throws {ArtifactError} if there are not `count`, they are too long, or one is malformed
 */
export function readStreams(reader: Reader, o: { count: number; length: number }): Reader[] {
  const lengths = Array.from({ length: o.count }, () => [reader.number(), reader.number()] as const)
  const total = lengths.reduce((sum, [length]) => sum + length, 0)
  if (total > MOST_TIMES * o.length + MOST_BESIDE)
    throw new ArtifactError('packed artifact has streams that are too long')
  return lengths.map(([length, packed]) => new Reader(unpackBytes({ bytes: reader.take(packed), length })))
}
