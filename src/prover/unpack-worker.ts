/** Unpacks one artifact in a page's worker. */
import { unpackArtifact } from '../wire/index.js'
import type { UnpackOrder, UnpackReport } from './unpack.js'

interface Scope {
  addEventListener(type: 'message', listener: (event: { data: UnpackOrder }) => void): void
  postMessage(report: UnpackReport, transfer?: Transferable[]): void
}

const scope = globalThis as unknown as Scope

scope.addEventListener('message', async ({ data }) => {
  try {
    const bytes = await unpackArtifact({ ...data, pause: async () => {} })
    scope.postMessage({ bytes }, [bytes.buffer])
  } catch (error) {
    scope.postMessage({ error: String(error) })
  }
})
