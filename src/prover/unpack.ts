import { isNode } from './engine/threads.js'

/** What the worker is sent, and what it answers. */
export interface UnpackOrder {
  readonly bytes: Uint8Array
  readonly length: number
}
export type UnpackReport = { readonly bytes: Uint8Array<ArrayBuffer> } | { readonly error: string }

/**
 * Unpacks an artifact: in a page in a worker of its own, so that the page does not stand still; where that does not start,
 * such as a bundle without its file, here.
 *
 * @throws {ArtifactError} if it is malformed
 */
export async function unpack(o: UnpackOrder): Promise<Uint8Array<ArrayBuffer>> {
  const answer =
    isNode() || typeof Worker !== 'function' ? undefined : await askWorker(o).catch(() => undefined)
  if (answer) return answer
  // Pages seldom need it, and load it then.
  const { unpackArtifact } = await import('../wire/index.js')
  return unpackArtifact(o)
}

/** Undefined if the worker does not start, or cannot do it: then it is done here, which tells why. */
function askWorker({ bytes, length }: UnpackOrder): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return new Promise((resolve) => {
    // In one expression, by which bundlers know that this is a worker's file.
    const worker = new Worker(new URL('./unpack-worker.js', import.meta.url), { type: 'module' })
    const end = (result: Uint8Array<ArrayBuffer> | undefined): void => {
      worker.terminate()
      resolve(result)
    }
    worker.addEventListener('message', ({ data }: MessageEvent<UnpackReport>) =>
      end('bytes' in data ? data.bytes : undefined),
    )
    worker.addEventListener('messageerror', () => end(undefined))
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      end(undefined)
    })
    worker.postMessage({ bytes, length } satisfies UnpackOrder)
  })
}
