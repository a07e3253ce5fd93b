/** A thread of the proving engine: runs tasks as its host orders. */
import { formOf } from '../../bn254/field.js'
import { ArtifactError } from '../../errors.js'
import { FIELD_MODULUS } from '../../field.js'
import { joinConstants } from './abc.js'
import { SCRATCH, type Task } from './calls.js'
import { discard } from './discard.js'
import { createMemory, type KeyLayout, pagesFor, placeKey } from './key.js'
import type { Order, Report } from './protocol.js'
import { importUnseen } from './unseen.js'

type Start = Extract<Order, { type: 'start' }>
type Functions = Readonly<Record<string, (...args: number[]) => number | undefined>>

interface Port {
  readonly send: (report: Report, transfer?: ArrayBuffer[]) => void
  readonly listen: (handler: (order: Order) => void) => void
}

interface Key {
  readonly memory: WebAssembly.Memory
  readonly functions: Functions
  readonly scratch: number
}

/** A key on its way to threads that have their own memory. */
interface Sending {
  readonly memory: WebAssembly.Memory
  readonly layout: KeyLayout
  readonly tasks: readonly Task[]
  /** What is left of it. */
  readonly parts: readonly { from: number; readonly to: number }[]
}

/** Bytes of a piece, and how many pieces are on their way at once, so that not a whole key is in memory once more. */
const PIECE = 2 ** 22
const PIECES_AHEAD = 2

interface Job {
  readonly key: Key
  readonly counters: Int32Array | undefined
  /** Tasks to take, the most urgent group first. */
  readonly groups: {
    readonly group: number
    next: number
    readonly first: number
    readonly tasks: readonly Task[]
  }[]
}

/** Answers orders until the thread is ended. */
function serve({ send, listen }: Port): void {
  let start: Start | undefined
  const keys = new Map<number, Key>()
  const sending = new Map<number, Sending>()
  const jobs = new Map<number, Job>()
  let running = false

  const attach = (memory: WebAssembly.Memory, layout: KeyLayout): Key => {
    const { module, thread, shared, scratchLength } = start as Start
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    const scratch = layout.scratch + (shared ? thread : 0) * layout.scratchLength
    ;(exports['scratch'] as WebAssembly.Global).value = scratch
    return { memory, functions: exports as unknown as Functions, scratch: scratch + scratchLength }
  }

  const open = (key: number, zkey: Uint8Array): void => {
    const { shared, threads, constants, end, scratchLength, arithmetic } = start as Start
    const fr = formOf({ modulus: FIELD_MODULUS, arithmetic })
    try {
      const { memory, layout, tasks } = placeKey({
        zkey,
        shared,
        start: end,
        threads: shared ? threads : 1,
        scratchLength,
        constants,
        joinConstants: (domainSize) => joinConstants(fr, domainSize),
      })
      // The message's own copy.
      discard(zkey)
      if (shared || threads === 1) {
        if (!shared) keys.set(key, attach(memory, layout))
        send({ type: 'opened', key, ...(shared && { memory }), layout, tasks })
        return
      }
      keys.set(key, attach(memory, layout))
      send({ type: 'placed', key, layout })
      // Scratch memory and factors of transforms, between both, are every thread's own, or come from tasks.
      const parts = [
        { from: 0, to: layout.scratch },
        { from: layout.joinConstants, to: layout.area },
      ]
      sending.set(key, { memory, layout, tasks, parts })
      for (let i = 0; i < PIECES_AHEAD; i++) sendPiece(key)
    } catch (error) {
      refuse(key, error)
    }
  }

  const refuse = (key: number, error: unknown): void =>
    send({
      type: 'refused',
      key,
      artifact: error instanceof ArtifactError,
      message: String((error as Error)?.message),
    })

  /** Sends the next piece of a key, or that there is none. */
  const sendPiece = (key: number): void => {
    const left = sending.get(key)
    if (left === undefined) return
    const part = left.parts.find(({ from, to }) => from < to)
    if (part === undefined) {
      sending.delete(key)
      send({ type: 'opened', key, layout: left.layout, tasks: left.tasks })
      return
    }
    const { from: address } = part
    const bytes = new Uint8Array(left.memory.buffer).slice(address, Math.min(address + PIECE, part.to))
    part.from += bytes.length
    send({ type: 'piece', key, address, bytes }, [bytes.buffer])
  }

  const obey = (order: Order): void => {
    switch (order.type) {
      case 'start':
        start = order
        return
      case 'open':
        open(order.key, order.zkey)
        return
      case 'attach':
        try {
          const { layout, memory = createMemory({ pages: pagesFor(layout.area), shared: false }) } = order
          keys.set(order.key, attach(memory, layout))
        } catch (error) {
          refuse(order.key, error)
        }
        return
      case 'more':
        sendPiece(order.key)
        return
      case 'close':
        keys.delete(order.key)
        sending.delete(order.key)
        return
      case 'job':
        jobs.set(order.job, { key: keys.get(order.key) as Key, counters: order.counters, groups: [] })
        return
      case 'write': {
        const key = keys.get(order.key)
        // Of a key that was refused, or closed meanwhile.
        if (key === undefined) return
        const { memory } = key
        const missing = order.pages - memory.buffer.byteLength / 65536
        if (missing > 0) memory.grow(missing)
        new Uint8Array(memory.buffer).set(order.bytes, order.address)
        // A copy of the message's, which nobody else has.
        order.bytes.fill(0)
        discard(order.bytes)
        return
      }
      case 'group': {
        const { group, first, tasks } = order
        const groups = jobs.get(order.job)?.groups
        groups?.push({ group, next: 0, first, tasks })
        groups?.sort((a, b) => a.group - b.group)
        if (!running) work().catch(fail)
        return
      }
      case 'end': {
        const { wipe } = order
        const key = jobs.get(order.job)?.key
        jobs.delete(order.job)
        if (wipe !== undefined && key !== undefined) {
          new Uint8Array(key.memory.buffer).fill(0, wipe.address, wipe.address + wipe.length)
        }
        send({ type: 'ended', job: order.job })
      }
    }
  }

  /** Takes the next task of a job, or none. */
  const take = (job: Job): { group: number; index: number; task: Task } | undefined => {
    for (let entry = job.groups[0]; entry !== undefined; entry = job.groups[0]) {
      const { group, first, tasks } = entry
      const index = job.counters === undefined ? entry.next++ : Atomics.add(job.counters, group, 1)
      const task = tasks[index]
      if (task !== undefined) return { group, index: first + index, task }
      job.groups.shift()
    }
    return undefined
  }

  const work = async (): Promise<void> => {
    running = true
    for (let idle = false; !idle; ) {
      idle = true
      // One task of each job in turn, so that jobs share the thread; orders are heard in between.
      for (const [number, job] of [...jobs]) {
        if (!jobs.has(number)) continue
        const taken = take(job)
        if (taken === undefined) continue
        idle = false
        const { group, index, task } = taken
        const begun = performance.now()
        const code = run(job.key, task)
        const milliseconds = performance.now() - begun
        const outputs = job.counters === undefined ? read(job.key, task) : []
        const transfer = outputs.map(({ bytes }) => bytes.buffer)
        send({ type: 'done', job: number, group, task: index, code, milliseconds, outputs }, transfer)
        await breathe()
      }
    }
    running = false
  }

  // The host ends all threads then.
  const fail = (error: unknown): void => send({ type: 'failed', message: String((error as Error)?.message) })
  listen((order) => {
    try {
      obey(order)
    } catch (error) {
      fail(error)
    }
  })

  function run({ functions, scratch }: Key, { calls }: Task): number {
    let code = 0
    for (const [name, ...args] of calls) {
      code ||= functions[name]!(...args.map((arg) => (arg === SCRATCH ? scratch : arg))) ?? 0
    }
    return code
  }
}

function read(
  { memory }: Key,
  { outputs = [] }: Task,
): { address: number; bytes: Uint8Array<ArrayBuffer> }[] {
  return outputs.map(({ address, length }) => ({
    address,
    bytes: new Uint8Array(memory.buffer).slice(address, address + length),
  }))
}

/** Lets messages come in. */
const breathe: () => Promise<void> = (() => {
  if (typeof setImmediate === 'function') return () => new Promise((resolve) => setImmediate(resolve))
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      port2.postMessage(0)
    })
})()

if (typeof process === 'object' && typeof process.versions?.node === 'string') {
  void importUnseen('node:worker_threads').then((threads) => {
    const { parentPort } = threads as typeof import('node:worker_threads')
    serve({
      send: (report, transfer) => parentPort?.postMessage(report, transfer),
      listen: (handler) => parentPort?.on('message', handler),
    })
  })
} else {
  // At once: a page's messages are lost to whoever listens later.
  const scope = globalThis as unknown as {
    postMessage(report: Report, transfer?: ArrayBuffer[]): void
    addEventListener(type: 'message', handler: (event: { data: Order }) => void): void
  }
  serve({
    send: (report, transfer) => scope.postMessage(report, transfer),
    listen: (handler) => scope.addEventListener('message', ({ data }) => handler(data)),
  })
}
