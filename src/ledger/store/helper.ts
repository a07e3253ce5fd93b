/** A thread that takes half of the hashes of leaves and nodes. */
import { Worker } from 'node:worker_threads'
import { type BulkPoseidon, poseidonModule } from '../../bn254/poseidon.js'
import type { HashMany } from '../bulk.js'

/** Hashes with the help of another thread, until closed. */
export interface HelpedPoseidon {
  readonly hashMany: HashMany
  /** Ends the thread, if there is one. */
  close(): Promise<void>
}

/** Fewer are not worth sending. */
const LEAST = 128

/*
 * The thread's program is text, so that it needs no file of its own that sources, builds and bundlers would each have
 * to find.
 */
const PROGRAM = `
const { parentPort } = require('node:worker_threads')
const instances = new Map()
parentPort.on('message', ({ arity, count, inputs, made }) => {
  if (made) {
    const memory = new WebAssembly.Memory({ initial: made.pages, maximum: made.maximum })
    for (const { address, bytes } of made.constants) new Uint8Array(memory.buffer).set(bytes, address)
    const { exports } = new WebAssembly.Instance(made.module, { env: { memory } })
    exports.scratch.value = made.scratch
    instances.set(arity, { ...made, exports, bytes: new Uint8Array(memory.buffer) })
  }
  const { exports, bytes, inputAt, outputAt } = instances.get(arity)
  bytes.set(inputs, inputAt)
  exports.poseidon(outputAt, inputAt, count)
  const outputs = bytes.slice(outputAt, outputAt + 32 * count)
  parentPort.postMessage(outputs, [outputs.buffer])
})
`

/** Creates a hasher that starts its thread when there is enough to do. One call at a time. */
export function createHelpedPoseidon(poseidon: BulkPoseidon): HelpedPoseidon {
  let worker: Worker | undefined
  const known = new Set<number>()

  function ask(message: object): Promise<Uint8Array> {
    worker ??= new Worker(PROGRAM, { eval: true })
    const thread = worker
    // While it is asked, this process waits for it.
    thread.ref()
    return new Promise((resolve, reject) => {
      const end = (): void => {
        thread.unref()
        thread.off('message', done)
        thread.off('error', failed)
        thread.off('exit', ended)
      }
      const done = (outputs: Uint8Array): void => {
        end()
        resolve(outputs)
      }
      const failed = (error: unknown): void => {
        end()
        reject(error)
      }
      const ended = (): void => failed(new Error('the hashing thread ended'))
      thread.on('message', done)
      thread.on('error', failed)
      thread.on('exit', ended)
      thread.postMessage(message)
    })
  }

  return {
    async hashMany({ arity, count, inputs }) {
      const made = poseidonModule(arity, poseidon.arithmetic)
      const half = Math.min(count >> 1, made.most)
      if (half < LEAST) return poseidon.hashMany({ arity, count, inputs })
      const cut = 32 * arity * (count - half)
      const message = { arity, count: half, inputs: inputs.slice(cut) }
      const asked = ask(known.has(arity) ? message : { ...message, made })
      known.add(arity)
      // Begun before this thread is busy with its own half.
      const mine = poseidon.hashMany({ arity, count: count - half, inputs: inputs.subarray(0, cut) })
      const theirs = await asked
      const outputs = new Uint8Array(32 * count)
      outputs.set(mine)
      outputs.set(theirs, mine.length)
      return outputs
    },
    async close() {
      await worker?.terminate()
      worker = undefined
    },
  }
}
