/** One file from a server: goes on where it was cut off, and gives up when nothing comes, not when much is to come. */
import type { ArtifactFault } from '../errors.js'

/** A download that failed, and why. */
export class DownloadError extends Error {
  override name = 'DownloadError'
  readonly fault: ArtifactFault
  constructor(fault: ArtifactFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** What has come of a file. */
export interface PartialFile {
  readonly bytes: Uint8Array
  /** How the server calls this version of the file: its ETag or date. */
  readonly validator: string
  readonly url: string
}

/** Where what has come of a file waits for the next try, perhaps in another process or visit. */
export interface PartialStore {
  readonly get: () => Promise<PartialFile | undefined>
  /** Never rejects. */
  readonly set: (partial: PartialFile | undefined) => Promise<void>
}

/** Milliseconds without a byte after which a source counts as stalled. */
const STALL = 20_000
/** Tries without a byte in between, and milliseconds before the second one; twice as many before each next. */
const TRIES = 3
const FIRST_WAIT = 300
/** What has come is put aside each time so many bytes have come. */
const PUT_ASIDE = 2 ** 22

/**
 * Downloads a file.
 *
 * @param o.most     bytes of the file at most: who sends more sends something else
 * @param o.stall    milliseconds without a byte after which the source is given up
 * @param o.onBytes  called with the bytes that have come and, if the server tells, the bytes of the file
 * @param o.partial  where what has come waits
 * @throws {DownloadError} if it cannot be had; what has come is kept for the next call
 */
export async function download(o: {
  url: URL
  most?: number | undefined
  stall?: number | undefined
  onBytes?: ((loaded: number, total: number | undefined) => void) | undefined
  partial?: PartialStore | undefined
}): Promise<Uint8Array<ArrayBuffer>> {
  const { url, most = Number.POSITIVE_INFINITY, stall = STALL, onBytes, partial } = o
  const file = new Growing()
  const before = await partial?.get().catch(() => undefined)
  if (before?.url === url.href) file.restore(before)
  let putAside = file.length
  const keep = async (): Promise<void> => {
    const { validator } = file
    if (validator === undefined || file.length === 0 || file.length === putAside) return
    putAside = file.length
    await partial?.set({ bytes: file.bytes(), validator, url: url.href })
  }
  for (let failures = 0; ; ) {
    const had = file.length
    try {
      await receive({
        url,
        file,
        most,
        stall,
        onBytes,
        async onChunk() {
          if (file.length - putAside >= PUT_ASIDE) await keep()
        },
      })
      if (before !== undefined || putAside > 0) await partial?.set(undefined)
      return file.bytes()
    } catch (error) {
      const fault = error instanceof DownloadError ? error : interrupted(error, file.length > 0)
      failures = file.length > had ? 1 : failures + 1
      const final = fault.fault === 'missing' || fault.fault === 'refused' || fault.fault === 'wrong'
      if (final || failures >= TRIES) {
        await keep()
        throw fault
      }
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT * 2 ** (failures - 1)))
    }
  }
}

/** Bytes that come one part after the other. */
class Growing {
  length = 0
  validator: string | undefined
  #bytes = new Uint8Array(0)

  restore({ bytes, validator }: PartialFile): void {
    this.#bytes = bytes.slice()
    this.length = bytes.length
    this.validator = validator
  }

  reset(total: number | undefined): void {
    this.length = 0
    if (total !== undefined) this.#bytes = new Uint8Array(total)
  }

  append(chunk: Uint8Array): void {
    const end = this.length + chunk.length
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, this.length))
      this.#bytes = grown
    }
    this.#bytes.set(chunk, this.length)
    this.length = end
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.length === this.length ? this.#bytes : this.#bytes.slice(0, this.length)
  }
}

/** One request: the whole file, or what is missing of it. */
async function receive(o: {
  url: URL
  file: Growing
  most: number
  stall: number
  onBytes: ((loaded: number, total: number | undefined) => void) | undefined
  onChunk: () => Promise<void>
}): Promise<void> {
  const { url, file, most, stall, onBytes, onChunk } = o
  const stopping = new AbortController()
  const stalled = new DownloadError('stalled', `it sent nothing for ${Math.round(stall / 1000)} seconds`)
  let timer = setTimeout(() => stopping.abort(stalled), stall)
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => stopping.abort(stalled), stall)
  }
  try {
    const resumes = file.length > 0 && file.validator !== undefined
    const response = await fetch(url, {
      signal: stopping.signal,
      ...(resumes && {
        headers: { Range: `bytes=${file.length}-`, 'If-Range': file.validator as string },
        // A page's own cache would put parts together by rules of its own.
        cache: 'no-store' as const,
      }),
    })
    alive()
    const total = takeAnswer(response, file, most)
    onBytes?.(file.length, total)
    const reader = response.body?.getReader()
    for (;;) {
      const { done = true, value } = (await reader?.read()) ?? {}
      if (done || value === undefined) break
      alive()
      if (file.length + value.length > most) throw new DownloadError('wrong', LONGER)
      file.append(value)
      onBytes?.(file.length, total)
      await onChunk()
    }
    if (total !== undefined && file.length < total) throw new DownloadError('cut', CUT)
  } catch (error) {
    throw stopping.signal.aborted ? stalled : error
  } finally {
    clearTimeout(timer)
  }
}

const CUT = 'the connection was cut off'
const LONGER = 'it sends more than the file has'

/** Reads an answer's head; returns the file's length if it is told. */
function takeAnswer(response: Response, file: Growing, most: number): number | undefined {
  const { status, headers } = response
  if (status === 404 || status === 410) throw new DownloadError('missing', 'it does not have it')
  if (status === 416) {
    file.reset(undefined)
    throw new DownloadError('cut', CUT)
  }
  if (!response.ok) throw new DownloadError('refused', `it answers with the status ${status}`)
  // Of what was coded for the transfer, lengths and ranges are those of the code.
  const coded = headers.get('content-encoding') !== null
  const length = coded ? Number.NaN : Number(headers.get('content-length') ?? Number.NaN)
  if (status === 206) {
    const [, first] = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '') ?? []
    // Across origins the head may not be readable: the file's hash tells in the end.
    if (first !== undefined && Number(first) !== file.length) {
      file.reset(undefined)
      throw new DownloadError('cut', CUT)
    }
    return Number.isFinite(length) ? file.length + length : undefined
  }
  const total = Number.isFinite(length) ? length : undefined
  if (total !== undefined && total > most) throw new DownloadError('wrong', LONGER)
  file.reset(total)
  const etag = headers.get('etag')
  const strong = etag !== null && !etag.startsWith('W/') ? etag : undefined
  file.validator = coded ? undefined : (strong ?? headers.get('last-modified') ?? undefined)
  return total
}

function interrupted(cause: unknown, begun: boolean): DownloadError {
  return begun
    ? new DownloadError('cut', CUT, { cause })
    : new DownloadError('unreachable', 'it cannot be reached', { cause })
}
