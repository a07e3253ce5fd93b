import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MOST_PROCESSES = 2

/** Files that are tested in one process, so that they share what they load. */
export interface TestGroup {
  readonly name: string
  readonly files: readonly string[]
}

/**
 * Runs groups of tests in as many processes as there are cores, two at most. A group's output comes when it has ended; behind
 * all of them a table says what each took of the CPU and of the clock, the last line counts all tests, and the process's exit code
 * says whether all passed.
 *
 * @param o.groups those that take longest first
 * @param o.env    set in their processes besides this one's
 */
export async function runGroups(o: { groups: readonly TestGroup[]; env: NodeJS.ProcessEnv }): Promise<void> {
  const queue = [...o.groups]
  const total = [0, 0, 0]
  const broken: string[] = []
  const costs: { readonly name: string; readonly cpu: number; readonly clock: number }[] = []
  const work = async (): Promise<void> => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      const begun = performance.now()
      const { output, cpu, counts, ended } = await run(group, o.env)
      // What counts are the last lines of all.
      process.stdout.write(output.replace(/^(\d+ passed, \d+ failed|[\d.]+ s of CPU$).*$/gm, '').trimEnd())
      process.stdout.write('\n')
      costs.push({ name: group.name, cpu, clock: (performance.now() - begun) / 1000 })
      if (!ended) broken.push(group.name)
      for (const [i, count] of counts.entries()) total[i] = (total[i] as number) + count
    }
  }
  await Promise.all(Array.from({ length: Math.min(MOST_PROCESSES, availableParallelism()) }, work))
  for (const name of broken) process.stdout.write(`the tests of ${name} ended before their end\n`)
  process.stdout.write('\nSeconds of CPU, and by the clock:\n')
  for (const { name, cpu, clock } of costs.sort((a, b) => b.cpu - a.cpu)) {
    const [used, passed] = [cpu, clock].map((seconds) => seconds.toFixed(1).padStart(7))
    process.stdout.write(`${used} ${passed}  ${name}\n`)
  }
  const [passed, failed, skipped] = total as [number, number, number]
  process.stdout.write(
    `\n${passed} passed, ${failed + broken.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
  )
  if (failed + broken.length > 0) process.exitCode = 1
}

interface Outcome {
  readonly output: string
  readonly cpu: number
  readonly counts: readonly number[]
  readonly ended: boolean
}

/**
 * Runs a group and returns its output, its seconds of CPU, and how many tests passed, failed and were skipped. The process
 * is told to end with its tests: snarkjs, with which they compare, leaves threads behind. That ours ends by itself has tests of
 * its own.
 */
function run({ files }: TestGroup, env: NodeJS.ProcessEnv): Promise<Outcome> {
  return new Promise((resolve) => {
    const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
    const child = spawn(process.execPath, [mocha, '--exit', ...files], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const parts: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.stderr.on('data', (part: Buffer) => parts.push(part))
    child.on('close', () => {
      const output = Buffer.concat(parts).toString()
      const [, ...counts] = /(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/m.exec(output) ?? []
      resolve({
        output,
        cpu: Number(/^([\d.]+) s of CPU$/m.exec(output)?.[1] ?? 0),
        counts: counts.map((count) => Number(count ?? 0)),
        ended: counts.length > 0,
      })
    })
  })
}
