import type { Worker } from 'node:worker_threads'
import { ArtifactError, SoulproofError } from '../errors.js'
import { witnessLength } from '../formats/witness.js'
import { openZkey } from '../formats/zkey.js'
import type { ProofWithSignals, ProvingEngine } from './engine/types.js'
import { importUnseen } from './engine/unseen.js'

// As it is sent to the worker.
interface Job {
  readonly provingKey: Uint8Array
  readonly witness: Uint8Array
  readonly singleThread: boolean
}

type Answer = { readonly result: ProofWithSignals } | { readonly error: string }

// Makes one proof after the other; `stop` makes the current one reject and frees all threads.
interface Runner {
  run(job: Job): Promise<ProofWithSignals>
  stop(reason: unknown): Promise<void>
}

/**
 * Makes a proving engine of snarkjs, for comparison. The package has to be installed: it is no dependency of this one.
 *
 * In Node it runs in a worker of its own, which neither blocks the caller nor, while idle, keeps the process
 * alive: snarkjs leaves threads behind. Proofs are made one after the other.
 *
 * @param o.threads 1 for a single thread; otherwise snarkjs uses all cores, the only other choice it has
 * @throws {RangeError} if `threads` is not a positive integer
 */
export function createSnarkjsEngine(o: { threads?: number | undefined } = {}): ProvingEngine {
  const { threads } = o
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new RangeError('threads must be a positive integer')
  }
  const runner = isNode() ? workerRunner() : localRunner()
  let queue: Promise<unknown> = Promise.resolve()
  let disposed = false
  const requireOpen = () => {
    if (disposed) throw new SoulproofError('the prover is disposed')
  }

  const proveNow = async (job: Job, signal: AbortSignal | undefined) => {
    requireOpen()
    signal?.throwIfAborted()
    const abort = () => void runner.stop(signal!.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await runner.run(job)
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  return {
    name: 'snarkjs',
    async prove({ provingKey, witness, signal }) {
      requireOpen()
      checkMatch(provingKey, witness)
      const job = { provingKey, witness, singleThread: threads === 1 }
      const result = queue.then(() => proveNow(job, signal))
      queue = result.catch(() => undefined)
      return result
    },
    async dispose() {
      disposed = true
      await runner.stop(new SoulproofError('the prover is disposed'))
    },
  }
}

// snarkjs would find some of this out too, by an untyped error or by waiting forever for a thread.
function checkMatch(provingKey: Uint8Array, witness: Uint8Array): void {
  const { wires } = openZkey(provingKey)
  if (witnessLength(witness) !== wires) {
    throw new ArtifactError('witness and proving key belong to different circuits')
  }
}

function isNode(): boolean {
  return typeof process === 'object' && typeof process.versions?.node === 'string'
}

function workerRunner(): Runner {
  let worker: Worker | undefined
  let reject: ((reason: unknown) => void) | undefined

  return {
    async run(job) {
      worker ??= await startWorker()
      const current = worker
      current.ref()
      try {
        return await new Promise<ProofWithSignals>((resolve, rejectJob) => {
          reject = rejectJob
          current.once('message', (answer: Answer) => {
            if ('result' in answer) resolve(answer.result)
            else rejectJob(new ArtifactError(`snarkjs cannot prove: ${answer.error}`))
          })
          current.once('error', (cause) =>
            rejectJob(new SoulproofError('the proving thread failed', { cause })),
          )
          current.once('exit', () => rejectJob(new SoulproofError('the proving thread ended')))
          current.postMessage(job)
        })
      } catch (error) {
        // A thread that failed may be in any state.
        if (worker === current) worker = undefined
        void current.terminate()
        throw error
      } finally {
        reject = undefined
        for (const event of ['message', 'error', 'exit']) current.removeAllListeners(event)
        current.unref()
      }
    },
    async stop(reason) {
      const current = worker
      worker = undefined
      reject?.(reason)
      await current?.terminate()
    },
  }
}

// One job, one answer. Text rather than a file, because a clone has only TypeScript files, which threads of
// Node 20 cannot load. snarkjs's package for threads (web-worker) makes them only where it believes to be in
// the main thread; its own threads are told apart correctly.
const WORKER_SOURCE = `
const threads = require('node:worker_threads')
const { parentPort, workerData } = threads
threads.isMainThread = true
parentPort.on('message', async ({ provingKey, witness, singleThread }) => {
  try {
    const { groth16 } = require(workerData.snarkjs)
    parentPort.postMessage({ result: await groth16.prove(provingKey, witness, undefined, { singleThread }) })
  } catch (error) {
    parentPort.postMessage({ error: String(error?.message) })
  }
})
`

async function startWorker(): Promise<Worker> {
  const threads = (await importUnseen('node:worker_threads')) as typeof import('node:worker_threads')
  const { createRequire } = (await importUnseen('node:module')) as typeof import('node:module')
  const snarkjs = createRequire(import.meta.url).resolve('snarkjs')
  return new threads.Worker(WORKER_SOURCE, { eval: true, workerData: { snarkjs } })
}

function localRunner(): Runner {
  let reject: ((reason: unknown) => void) | undefined
  return {
    async run({ provingKey, witness, singleThread }) {
      const { groth16 } = (await importUnseen('snarkjs')) as typeof import('snarkjs')
      const stopped = new Promise<never>((_, rejectJob) => {
        reject = rejectJob
      })
      const proof = groth16.prove(provingKey, witness, undefined, { singleThread })
      try {
        return (await Promise.race([proof, stopped])) as ProofWithSignals
      } finally {
        reject = undefined
      }
    },
    async stop(reason) {
      reject?.(reason)
      // snarkjs keeps its threads in a global.
      const { curve_bn128 } = globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }
      await curve_bn128?.terminate()
    },
  }
}
