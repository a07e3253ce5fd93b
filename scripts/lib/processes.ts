import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** A part of a run: every `count`-th seed from the `index`-th on, counted from 0. */
export interface Shard {
  readonly index: number
  readonly count: number
}

/**
 * Runs a script's work in a process for each core, each with its shard, and adds up the figures that they return.
 *
 * The script starts itself again with the same arguments; the processes find their shard in the environment.
 *
 * @param o.whole      the shard of the whole run
 * @param o.processes  by default the number of cores
 * @param o.run        returns figures by name
 */
export async function inProcesses<T extends Readonly<Record<string, number>>>(o: {
  readonly whole: Shard
  readonly processes?: number
  readonly run: (shard: Shard) => Promise<T>
}): Promise<T> {
  const { whole, processes = availableParallelism(), run } = o
  const own = process.env['SOULPROOF_SHARD']
  if (own !== undefined) {
    const figures = await run(JSON.parse(own) as Shard)
    process.send?.(figures)
    process.disconnect?.()
    // The parent has the figures: nothing follows here.
    process.exit(0)
  }
  if (processes === 1) return run(whole)
  const all = await Promise.all(
    Array.from({ length: processes }, (_, i) => {
      const shard = { index: whole.index + whole.count * i, count: whole.count * processes }
      return runChild(shard) as Promise<T>
    }),
  )
  const names = Object.keys(all[0] as T)
  return Object.fromEntries(names.map((name) => [name, all.reduce((sum, one) => sum + one[name]!, 0)])) as T
}

function runChild(shard: Shard): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = fork(process.argv[1] as string, process.argv.slice(2), {
      env: { ...process.env, SOULPROOF_SHARD: JSON.stringify(shard) },
    })
    let figures: unknown
    child.on('message', (message) => {
      figures = message
    })
    child.on('exit', (code) =>
      figures === undefined ? reject(new Error(`a process ended with ${code}`)) : resolve(figures),
    )
  })
}

/** Reads `--shard 2/3` of the arguments. */
export function shardOf(text: string | undefined): Shard {
  const [number = 1, count = 1] = (text ?? '1/1').split('/').map(Number)
  return { index: number - 1, count }
}
