/*
 * Group commit: claims that arrive while others are being written are written together next, so that one write to the disk
 * serves many.
 */

interface Waiting<T, R> {
  readonly item: T
  readonly resolve: (result: R) => void
  readonly reject: (error: unknown) => void
}

/** Takes items one by one and hands them on in groups. */
export interface GroupQueue<T, R> {
  /** Resolves to what `run` returned for the item. */
  add(item: T): Promise<R>
  /** Resolves when nothing is waiting or under way. */
  idle(): Promise<void>
}

/**
 * Returns a queue.
 *
 * @param o.run      takes a group, and returns a result for each item, in their order
 * @param o.most     items of a group at most
 * @param o.parallel groups that are under way at most
 */
export function createGroupQueue<T, R>(o: {
  readonly run: (items: readonly T[]) => Promise<readonly R[]>
  readonly most: number
  readonly parallel: number
}): GroupQueue<T, R> {
  const { run, most, parallel } = o
  const waiting: Waiting<T, R>[] = []
  const whenIdle: (() => void)[] = []
  let running = 0

  const next = async (): Promise<void> => {
    running++
    // Once per turn of the event loop: whatever arrives in it goes together.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting.splice(0, most)
      try {
        const results = await run(group.map(({ item }) => item))
        for (const [i, { resolve }] of group.entries()) resolve(results[i] as R)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    running--
    if (running === 0) for (const resolve of whenIdle.splice(0)) resolve()
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (running < parallel) void next()
      }),
    idle: () =>
      running === 0 ? Promise.resolve() : new Promise<void>((resolve) => void whenIdle.push(resolve)),
  }
}
