import type { Worker } from 'node:worker_threads'
import { ArtifactError, EngineError, SoulproofError } from '../errors.js'
import { openPlonkZkey } from '../formats/plonk-zkey.js'
import { witnessLength } from '../formats/witness.js'
import { openZkey } from '../formats/zkey.js'
import type { PlonkEngine, PlonkProofWithSignals, ProofWithSignals, ProvingEngine } from './engine/types.js'
import { importUnseen } from './engine/unseen.js'

type ProofSystem = 'groth16' | 'plonk'

// As it is sent to the worker.
interface Job {
  readonly system: ProofSystem
  readonly provingKey: Uint8Array
  readonly witness: Uint8Array
  readonly singleThread: boolean
}

type Result = ProofWithSignals | PlonkProofWithSignals
type Answer = { readonly result: Result } | { readonly error: string }

// Makes one proof after the other; `stop` makes the current one reject and frees all threads.
interface Runner {
  run(job: Job): Promise<Result>
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
  return createEngine({ ...o, system: 'groth16' }) as ProvingEngine
}

/**
 * Makes an engine for PLONK of snarkjs, which has to be installed. It runs as {@link createSnarkjsEngine} does.
 *
 * @param o.threads as there
 * @throws {RangeError} if `threads` is not a positive integer
 */
export function createPlonkEngine(o: { threads?: number | undefined } = {}): PlonkEngine {
  return createEngine({ ...o, system: 'plonk' }) as PlonkEngine
}

function createEngine(o: {
  system: ProofSystem
  threads?: number | undefined
}): Omit<ProvingEngine, 'prove'> & { prove(p: Parameters<ProvingEngine['prove']>[0]): Promise<Result> } {
  const { threads, system } = o
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
      checkMatch(system, provingKey, witness)
      const job = { system, provingKey, witness, singleThread: threads === 1 }
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
function checkMatch(system: ProofSystem, provingKey: Uint8Array, witness: Uint8Array): void {
  if (witnessLength(witness) !== (system === 'plonk' ? plonkWires(provingKey) : openZkey(provingKey).wires)) {
    throw new ArtifactError('witness and proving key belong to different circuits')
  }
}

// The prover computes the wires of additions itself.
function plonkWires(provingKey: Uint8Array): number {
  const { wires, additions } = openPlonkZkey(provingKey)
  return wires - additions
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
        return await new Promise<Result>((resolve, rejectJob) => {
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
parentPort.on('message', async ({ system, provingKey, witness, singleThread }) => {
  try {
    const { prove } = require(workerData.snarkjs)[system]
    parentPort.postMessage({ result: await prove(provingKey, witness, undefined, { singleThread }) })
  } catch (error) {
    parentPort.postMessage({ error: String(error?.message) })
  }
})
`

async function startWorker(): Promise<Worker> {
  const threads = (await importUnseen('node:worker_threads')) as typeof import('node:worker_threads')
  const { createRequire } = (await importUnseen('node:module')) as typeof import('node:module')
  const { resolve } = createRequire(import.meta.url)
  const snarkjs = orMissing(() => resolve('snarkjs'))
  return new threads.Worker(WORKER_SOURCE, { eval: true, workerData: { snarkjs } })
}

// It is an optional peer of this package: its licence is the GPL.
function orMissing<T>(load: () => T): T {
  try {
    return load()
  } catch (cause) {
    throw missing(cause)
  }
}

function missing(cause: unknown): EngineError {
  return new EngineError('this engine is that of snarkjs, which is not installed: npm install snarkjs', {
    cause,
  })
}

function localRunner(): Runner {
  let reject: ((reason: unknown) => void) | undefined
  return {
    async run({ system, provingKey, witness, singleThread }) {
      const snarkjs = await importUnseen('snarkjs').catch((cause) => {
        throw missing(cause)
      })
      const { prove } = (snarkjs as typeof import('snarkjs'))[system]
      const stopped = new Promise<never>((_, rejectJob) => {
        reject = rejectJob
      })
      const proof = (prove as (...args: unknown[]) => Promise<Result>)(provingKey, witness, undefined, {
        singleThread,
      })
      try {
        return await Promise.race([proof, stopped])
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
