/** Threads behind one small interface: `worker_threads` in Node, Web Workers in a page. */
import type { Worker as NodeWorker } from 'node:worker_threads'
import type { Order, Report } from './protocol.js'
import { importUnseen } from './unseen.js'

/** A thread that runs `worker.ts`. */
export interface Thread {
  /** Sends an order; what it carries in `transfer` is the thread's from then on. */
  readonly send: (order: Order, transfer?: ArrayBuffer[]) => void
  /** Whether the thread keeps a process alive; not at first. Without a meaning in a page. */
  readonly keepAlive: (keep: boolean) => void
  readonly end: () => Promise<void>
}

/** What is told of a thread. */
export interface ThreadEvents {
  readonly onReport: (report: Report) => void
  /** The thread crashed, or ended without being asked to. */
  readonly onCrash: (cause: unknown) => void
}

/** Whether this is Node, or something that looks like it. */
export function isNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string'
}

/** Number of threads that the machine runs at once. */
export async function machineThreads(): Promise<number> {
  if (!isNode()) return globalThis.navigator?.hardwareConcurrency ?? 1
  const os = (await importUnseen('node:os')) as typeof import('node:os')
  return os.availableParallelism()
}

/** Whether threads can share memory: in Node, and in a page that is cross-origin isolated. */
export function canShareMemory(): boolean {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean }
  return typeof SharedArrayBuffer === 'function' && (isNode() || crossOriginIsolated === true)
}

/** Starts a thread. */
export async function startThread(events: ThreadEvents): Promise<Thread> {
  return isNode() ? startNodeThread(events) : startWebThread(events)
}

async function startNodeThread({ onReport, onCrash }: ThreadEvents): Promise<Thread> {
  const threads = (await importUnseen('node:worker_threads')) as typeof import('node:worker_threads')
  const worker: NodeWorker = new threads.Worker(
    import.meta.url.endsWith('.ts')
      ? await sourceUrl()
      : // Bundlers leave it alone: a page has its worker from the expression below.
        new URL(/* webpackIgnore: true */ /* @vite-ignore */ './worker.js', import.meta.url),
  )
  worker.unref()
  let ending = false
  worker.on('message', onReport)
  worker.on('messageerror', onCrash)
  worker.on('error', onCrash)
  worker.on('exit', () => {
    if (!ending) onCrash(undefined)
  })
  return {
    send: (order, transfer) => worker.postMessage(order, transfer),
    keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
    async end() {
      ending = true
      await worker.terminate()
    },
  }
}

/** In a clone there is only TypeScript, which a thread's first module cannot be: this one loads what reads it. */
async function sourceUrl(): Promise<URL> {
  const { createRequire } = (await importUnseen('node:module')) as typeof import('node:module')
  const { pathToFileURL } = (await importUnseen('node:url')) as typeof import('node:url')
  const required = createRequire(import.meta.url).resolve('tsx/esm/api')
  const loader = pathToFileURL(required.replace(/\.cjs$/, '.mjs')).href
  const worker = new URL(/* webpackIgnore: true */ /* @vite-ignore */ './worker.ts', import.meta.url).href
  const text = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(worker)})`
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`)
}

function startWebThread({ onReport, onCrash }: ThreadEvents): Thread {
  // In one expression, by which bundlers know that this is a worker's file.
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  worker.addEventListener('message', ({ data }: MessageEvent<Report>) => onReport(data))
  worker.addEventListener('messageerror', onCrash)
  worker.addEventListener('error', (event) => {
    event.preventDefault()
    onCrash(event.error ?? event.message)
  })
  return {
    send: (order, transfer = []) => worker.postMessage(order, transfer),
    keepAlive() {},
    async end() {
      worker.terminate()
    },
  }
}
