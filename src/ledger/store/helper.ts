/** A thread that takes half of the hashes of leaves and nodes. */
import { Worker } from 'node:worker_threads'
import { type BulkPoseidon, poseidonModule } from '../../bn254/poseidon.js'
import type { HashMany } from '../bulk.js'

/** Hashes with the help of another thread, until closed. */
export interface HelpedPoseidon {
  /** Hashes in both threads. */
  readonly hashMany: HashMany
  /** Hashes in the other thread alone; the caller goes on meanwhile. */
  readonly hashAside: HashMany
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
parentPort.on('message', ({ id, arity, count, inputs, made }) => {
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
  parentPort.postMessage({ id, outputs }, [outputs.buffer])
})
`

/** Creates a hasher that starts its thread when there is enough to do. One call of `hashMany` at a time. */
export function createHelpedPoseidon(poseidon: BulkPoseidon): HelpedPoseidon {
  let worker: Worker | undefined
  const known = new Set<number>()
  /** Who waits for what was asked, by its number. */
  const waiting = new Map<number, { resolve(outputs: Uint8Array): void; reject(error: unknown): void }>()
  let asked = 0

  function start(): Worker {
    const thread = new Worker(PROGRAM, { eval: true })
    const fail = (error: unknown): void => {
      for (const { reject } of waiting.values()) reject(error)
      waiting.clear()
      if (worker === thread) worker = undefined
      known.clear()
    }
    thread.on('message', ({ id, outputs }: { id: number; outputs: Uint8Array }) => {
      waiting.get(id)?.resolve(outputs)
      waiting.delete(id)
      if (waiting.size === 0) thread.unref()
    })
    thread.on('error', fail)
    thread.on('exit', () => fail(new Error('the hashing thread ended')))
    return thread
  }

  function ask(arity: number, count: number, inputs: Uint8Array): Promise<Uint8Array> {
    worker ??= start()
    // While it is asked, this process waits for it.
    worker.ref()
    const made = poseidonModule(arity, poseidon.arithmetic)
    const id = asked++
    worker.postMessage({ id, arity, count, inputs, ...(!known.has(arity) && { made }) })
    known.add(arity)
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  }

  const mostOf = (arity: number): number => poseidonModule(arity, poseidon.arithmetic).most
  return {
    async hashMany({ arity, count, inputs }) {
      const half = Math.min(count >> 1, mostOf(arity))
      if (half < LEAST) return poseidon.hashMany({ arity, count, inputs })
      const cut = 32 * arity * (count - half)
      const theirs = ask(arity, half, inputs.slice(cut))
      // Begun before this thread is busy with its own half.
      const mine = poseidon.hashMany({ arity, count: count - half, inputs: inputs.subarray(0, cut) })
      const outputs = new Uint8Array(32 * count)
      outputs.set(mine)
      outputs.set(await theirs, mine.length)
      return outputs
    },
    async hashAside({ arity, count, inputs }) {
      if (count < LEAST || count > mostOf(arity)) return poseidon.hashMany({ arity, count, inputs })
      return ask(arity, count, inputs)
    },
    async close() {
      await worker?.terminate()
      worker = undefined
    },
  }
}
