/** Threads, what they keep in memory, and the jobs that they share. */
import type { ArithmeticName } from '../../bn254/field.js'
import { ArtifactError, EngineError } from '../../errors.js'
import type { Task } from './calls.js'
import { discard } from './discard.js'
import { type KeyLayout, pagesFor } from './key.js'
import type { EngineProgram } from './module.js'
import type { Order, Report } from './protocol.js'
import { startThread, type Thread } from './threads.js'

/** Tasks that may run at the same time, once those of other groups are done. */
export interface Group {
  /** What the time of its tasks is counted as. */
  readonly name: string
  readonly tasks: readonly Task[]
  /** Indexes of groups that come before. */
  readonly after?: readonly number[]
  /** Tasks work on what others of their job left in memory, so that all belong to one thread if each has its own. */
  readonly together?: boolean
  /** What the tasks leave is for all threads. */
  readonly publish?: boolean
  /** Whether the host reads its outputs; by default if they are not published. */
  readonly keep?: boolean
}

/** A key in the threads' memory. */
export interface OpenKey {
  readonly id: number
  readonly layout: KeyLayout
  /** The memory that all threads share, if they do. */
  readonly memory: WebAssembly.Memory | undefined
}

/** Milliseconds that threads worked, by the names of groups. */
export type Times = Readonly<Record<string, number>>

/** A job that is running. */
export interface Running {
  /** Resolves once all tasks are done, to a function that reads what tasks named as their outputs. */
  readonly result: Promise<(address: number, length: number) => Uint8Array>
  /** Resolves, after the result or its rejection, once no thread works on the job any more. */
  readonly ended: Promise<void>
}

/** The threads of an engine. A failure of one is the end of the pool: everything rejects. */
export interface Pool {
  readonly threads: number
  readonly shared: boolean
  readonly open: (zkey: Uint8Array) => Promise<OpenKey>
  readonly close: (key: OpenKey) => void
  /** Writes bytes where a job will find them; the memory grows to `end` first. */
  readonly write: (key: OpenKey, o: { end: number; address: number; bytes: Uint8Array }) => void
  /**
   * Runs groups of tasks, those that come first first.
   *
   * @param o.wipe   bytes to fill with zeros when the job has ended
   * @param o.signal ends the job early; the result then rejects with its reason
   * @param o.onTimes  called before the result is there
   * @param o.refusal  rejects with an {@link ArtifactError} of this text if a task's function does not return 0
   */
  readonly run: (o: {
    key: OpenKey
    groups: readonly Group[]
    wipe?: { address: number; length: number }
    refusal?: string
    signal?: AbortSignal | undefined
    onProgress?: ((share: number) => void) | undefined
    onTimes?: ((times: Times) => void) | undefined
  }) => Running
  /** Ends all threads and rejects what waits for them; may be called twice. */
  readonly end: (reason: Error) => Promise<void>
}

interface Opening {
  readonly resolve: (opened: {
    layout: KeyLayout
    memory?: WebAssembly.Memory | undefined
    tasks: readonly Task[]
  }) => void
  readonly reject: (error: Error) => void
}

interface Job {
  readonly id: number
  readonly key: OpenKey
  readonly groups: readonly Group[]
  /** Tasks of each group that are not done, and groups that each one waits for. */
  readonly left: number[]
  readonly blockers: Set<number>[]
  /** Where threads have their own memory: next task of each group, and the thread of groups that stay together. */
  readonly next: number[]
  readonly home: number
  readonly outputs: Map<number, Uint8Array>
  readonly total: number
  done: number
  readonly wipe: { address: number; length: number } | undefined
  readonly refusal: string | undefined
  readonly onProgress: ((share: number) => void) | undefined
  readonly times: Record<string, number>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Tasks that a thread with its own memory has been sent and not done: one to do, and one to do next. */
const AHEAD = 2

/**
 * Starts threads.
 *
 * @param o.write      writes what they run, for the kind of memory that `shared` says
 * @param o.onFailure  called once, when a thread fails
 */
export async function createPool(o: {
  write: () => EngineProgram
  arithmetic: ArithmeticName
  threads: number
  shared: boolean
  onFailure: () => void
}): Promise<Pool> {
  const { arithmetic, threads: count, shared } = o
  const openings = new Map<number, Opening>()
  const jobs = new Map<number, Job>()
  const endings = new Map<number, { waiting: number; readonly resolve: () => void }>()
  // Numbers of the jobs whose tasks a thread with its own memory has been sent and has not done.
  const ahead = Array.from({ length: count }, (): number[] => [])
  let threads: Thread[] = []
  let over: Error | undefined
  let numbers = 0

  const broadcast = (order: Order): void => {
    for (const thread of threads) thread.send(order)
  }
  /**
   * Sends bytes to threads with their own memory, each its copy: a browser keeps bytes that are not transferred once more, in the
   * message, until it is collected.
   */
  const write = (to: readonly Thread[], o: Omit<Extract<Order, { type: 'write' }>, 'type'>): void => {
    for (const thread of to) {
      // Not `slice`, which gives a view of Node's buffers.
      const bytes = new Uint8Array(o.bytes)
      thread.send({ type: 'write', ...o, bytes }, [bytes.buffer])
    }
  }
  const allBut = (thread: number): Thread[] => threads.filter((_, i) => i !== thread)
  const keepAlive = (): void => {
    // A proof may wait for the place of one that has not ended in all threads.
    const keep = openings.size + jobs.size + endings.size > 0
    for (const thread of threads) thread.keepAlive(keep)
  }

  const end = async (reason: Error): Promise<void> => {
    if (over === undefined) {
      over = reason
      for (const { reject } of [...openings.values(), ...jobs.values()]) reject(reason)
      for (const { resolve } of endings.values()) resolve()
      openings.clear()
      jobs.clear()
      endings.clear()
    }
    const ended = threads
    threads = []
    await Promise.all(ended.map((thread) => thread.end()))
  }
  const fail = (cause: unknown): void => {
    if (over !== undefined) return
    o.onFailure()
    void end(new EngineError('a proving thread failed', { cause }))
  }

  const isReady = (job: Job, group: number): boolean => job.blockers[group]!.size === 0
  /** Sends the group's tasks: to all threads, which share them, or as threads with memories of their own ask for them. */
  const announce = (job: Job, group: number): void => {
    if (shared) {
      const { tasks } = job.groups[group]!
      broadcast({ type: 'group', job: job.id, group, first: 0, tasks })
    } else feed()
  }
  const feed = (): void => {
    // The job that got a task goes to the end of the line.
    for (let thread = 0; thread < threads.length; thread++) {
      for (const job of [...jobs.values()]) {
        if (ahead[thread]!.length >= AHEAD) break
        const group = job.groups.findIndex(
          ({ tasks, together = false }, g) =>
            isReady(job, g) && job.next[g]! < tasks.length && (!together || job.home === thread),
        )
        if (group < 0) continue
        const first = job.next[group]!++
        ahead[thread]!.push(job.id)
        jobs.delete(job.id)
        jobs.set(job.id, job)
        const tasks = [job.groups[group]!.tasks[first]!]
        threads[thread]!.send({ type: 'group', job: job.id, group, first, tasks })
      }
    }
  }

  const finish = (job: Job, settle: () => void): void => {
    if (!jobs.delete(job.id)) return
    broadcast({ type: 'end', job: job.id, wipe: shared ? undefined : job.wipe })
    settle()
    keepAlive()
  }

  const onDone = (thread: number, report: Extract<Report, { type: 'done' }>): void => {
    const sent = ahead[thread]!.indexOf(report.job)
    if (sent >= 0) ahead[thread]!.splice(sent, 1)
    const job = jobs.get(report.job)
    if (job === undefined) {
      if (!shared) feed()
      return
    }
    const { group, code, milliseconds, outputs } = report
    const { name } = job.groups[group]!
    job.times[name] = (job.times[name] ?? 0) + milliseconds
    if (code !== 0 && job.refusal !== undefined) {
      finish(job, () => job.reject(new ArtifactError(job.refusal)))
      return
    }
    const { publish, keep = !publish } = job.groups[group]!
    for (const { address, bytes } of outputs) {
      // What is for the threads alone is not for the host.
      if (keep) job.outputs.set(address, bytes)
      if (!publish) continue
      write(allBut(thread), { key: job.key.id, pages: 0, address, bytes })
      if (!keep) discard(bytes)
    }
    job.done++
    job.onProgress?.(job.done / job.total)
    if (--job.left[group]! === 0) {
      if (job.left.every((left) => left === 0)) {
        finish(job, () => job.resolve())
        return
      }
      job.blockers.forEach((blockers, other) => {
        if (blockers.delete(group) && blockers.size === 0) announce(job, other)
      })
    }
    if (!shared) feed()
  }

  const onReport = (thread: number, report: Report): void => {
    if (over !== undefined) return
    switch (report.type) {
      case 'opened': {
        const opening = openings.get(report.key)
        if (opening === undefined) return
        openings.delete(report.key)
        opening.resolve(report)
        keepAlive()
        return
      }
      case 'placed': {
        const { key, layout } = report
        if (!openings.has(key)) return
        for (const other of allBut(thread)) other.send({ type: 'attach', key, layout })
        return
      }
      case 'piece': {
        const { key, address, bytes } = report
        if (!openings.has(key)) return
        write(allBut(thread), { key, pages: 0, address, bytes })
        discard(bytes)
        threads[thread]!.send({ type: 'more', key })
        return
      }
      case 'refused': {
        const opening = openings.get(report.key)
        openings.delete(report.key)
        const Refusal = report.artifact ? ArtifactError : EngineError
        opening?.reject(new Refusal(report.message))
        keepAlive()
        return
      }
      case 'done':
        onDone(thread, report)
        return
      case 'failed':
        fail(new Error(report.message))
        return
      case 'ended': {
        // Tasks that the thread had not begun are never done.
        ahead[thread] = ahead[thread]!.filter((job) => job !== report.job)
        if (!shared) feed()
        const ending = endings.get(report.job)
        if (ending === undefined || --ending.waiting > 0) return
        endings.delete(report.job)
        ending.resolve()
        keepAlive()
      }
    }
  }

  const run: Pool['run'] = ({ key, groups, wipe, refusal, signal, onProgress, onTimes }) => {
    const id = numbers++
    let settled: { resolve: () => void; reject: (error: unknown) => void }
    const ended = new Promise<void>((resolve) => {
      if (over === undefined) endings.set(id, { waiting: threads.length, resolve })
      else resolve()
    })
    const finished = new Promise<void>((resolve, reject) => {
      settled = { resolve, reject }
      if (over !== undefined) reject(over)
    })
    const job: Job = {
      id,
      key,
      groups,
      left: groups.map(({ tasks }) => tasks.length),
      blockers: groups.map(({ after = [] }) => new Set(after.filter((g) => groups[g]!.tasks.length > 0))),
      next: groups.map(() => 0),
      home: id % count,
      outputs: new Map(),
      total: groups.reduce((sum, { tasks }) => sum + tasks.length, 0),
      done: 0,
      wipe,
      refusal,
      onProgress,
      times: {},
      resolve() {
        onTimes?.(job.times)
        settled.resolve()
      },
      reject: (error) => settled.reject(error),
    }
    const abort = (): void => finish(job, () => job.reject(signal!.reason))
    if (over === undefined) {
      jobs.set(id, job)
      keepAlive()
      const counters = shared ? new Int32Array(new SharedArrayBuffer(4 * groups.length)) : undefined
      broadcast({ type: 'job', job: id, key: key.id, ...(counters && { counters }) })
      if (signal?.aborted) abort()
      else {
        signal?.addEventListener('abort', abort, { once: true })
        groups.forEach((_, group) => {
          if (isReady(job, group) && job.left[group]! > 0) announce(job, group)
        })
      }
    }
    const read = (address: number, length: number): Uint8Array =>
      key.memory === undefined
        ? (job.outputs.get(address) as Uint8Array)
        : new Uint8Array(key.memory.buffer).slice(address, address + length)
    return {
      result: finished.then(() => read).finally(() => signal?.removeEventListener('abort', abort)),
      ended: ended.then(() => {
        if (wipe && key.memory) {
          new Uint8Array(key.memory.buffer).fill(0, wipe.address, wipe.address + wipe.length)
        }
      }),
    }
  }

  threads = await Promise.all(
    Array.from({ length: count }, (_, thread) =>
      startThread({ onReport: (report) => onReport(thread, report), onCrash: fail }),
    ),
  )
  if (over !== undefined) {
    await end(over)
    throw over
  }
  // While they come up.
  const { assembly, module } = await compile(o.write).catch(async (error) => {
    await end(error)
    throw error
  })
  threads.forEach((thread, i) => {
    thread.send({
      type: 'start',
      module,
      arithmetic,
      constants: assembly.constants,
      end: assembly.end,
      scratchLength: assembly.scratchLength,
      thread: i,
      threads: count,
      shared,
    })
  })

  return {
    threads: count,
    shared,
    async open(zkey) {
      if (over !== undefined) throw over
      const id = numbers++
      const opened = new Promise<{
        layout: KeyLayout
        memory?: WebAssembly.Memory | undefined
        tasks: readonly Task[]
      }>((resolve, reject) => {
        openings.set(id, { resolve, reject })
      })
      keepAlive()
      // As in `write`; what is shared need not be copied.
      const own = zkey.buffer instanceof ArrayBuffer ? new Uint8Array(zkey) : undefined
      const order = { type: 'open', key: id, zkey: own ?? zkey } as const
      threads[id % threads.length]!.send(order, own && [own.buffer])
      try {
        const { layout, memory, tasks } = await opened
        const key: OpenKey = { id, layout, memory }
        if (memory !== undefined) broadcast({ type: 'attach', key: id, memory, layout })
        await run({
          key,
          groups: [{ name: 'key', tasks, publish: true }],
          refusal: 'proving key has a point that is not on its curve',
        }).result
        return key
      } catch (error) {
        broadcast({ type: 'close', key: id })
        throw error
      }
    },
    close: ({ id }) => broadcast({ type: 'close', key: id }),
    write(key, { end: last, address, bytes }) {
      const pages = pagesFor(last)
      if (key.memory === undefined) {
        write(threads, { key: key.id, pages, address, bytes })
        return
      }
      const missing = pages - key.memory.buffer.byteLength / 65536
      if (missing > 0) key.memory.grow(missing)
      new Uint8Array(key.memory.buffer).set(bytes, address)
    },
    run,
    end,
  }
}

async function compile(write: () => EngineProgram) {
  const { assembly } = write()
  return { assembly, module: await WebAssembly.compile(assembly.bytes) }
}
