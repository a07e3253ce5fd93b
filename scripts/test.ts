import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Runs all tests, in as many processes as there are cores, two at most:
 *
 *   node --import tsx scripts/test.ts
 *
 * A group of files is one process, so that files of a folder share what they load. Its output comes when it has ended;
 * behind all of them a table says what each group took of the CPU, and the last line counts all tests.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const MOST_PROCESSES = 2

/** Where the sources are compiled to for tests that run the command line, as far from the root as `src` is. */
const COMPILED = '.build'

/** Groups that take longest come first, each of the files that begin like this. */
const LONG = [
  'test/statements/policy-l',
  'test/statements/differential',
  'test/designated/',
  'test/soundness/',
  'test/ledger/',
  'test/prover/',
  'test/ceremony/',
  'test/statements/ledger-history',
  'test/circuits/lib/',
  'test/statements/policy-m',
  'test/cli/',
  // These build and pack the same folder.
  /^test\/(browser\/|bundle|package|readme)/,
]

interface Group {
  readonly name: string
  readonly files: readonly string[]
}

interface Outcome {
  readonly output: string
  readonly cpu: number
  readonly counts: readonly number[]
  readonly ended: boolean
}

function groups(): Group[] {
  const all = (readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }) as string[])
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file.split(sep).join('/')}`)
    .sort()
  const taken = new Map<string, string[]>()
  for (const file of all) {
    const long = LONG.find((start) => (typeof start === 'string' ? file.startsWith(start) : start.test(file)))
    const name = long === undefined ? (file.split('/')[1] as string) : `${long}`
    taken.set(name, [...(taken.get(name) ?? []), file])
  }
  const order = LONG.map(String)
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  return [...taken].map(([name, files]) => ({ name, files })).sort((a, b) => rank(a.name) - rank(b.name))
}

/**
 * Runs a group and returns its output, its seconds of CPU, and how many tests passed, failed and were skipped. The process
 * is told to end with its tests: snarkjs, with which they compare, leaves threads behind. That ours ends by itself has tests of
 * its own.
 */
function run({ files }: Group): Promise<Outcome> {
  return new Promise((resolve) => {
    const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
    const child = spawn(process.execPath, [mocha, '--exit', ...files], {
      cwd: ROOT,
      env: { ...process.env, SOULPROOF_TEST_CLI: join(ROOT, COMPILED, 'cli', 'main.js') },
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

execFileSync(process.execPath, [
  join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
  ...['--project', join(ROOT, 'tsconfig.build.json'), '--outDir', join(ROOT, COMPILED)],
])
const queue = groups()
const total = [0, 0, 0]
const broken: string[] = []
const costs: { readonly name: string; readonly cpu: number }[] = []

async function work(): Promise<void> {
  for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
    const { output, cpu, counts, ended } = await run(group)
    // What counts are the last lines of all.
    process.stdout.write(output.replace(/^(\d+ passed, \d+ failed|[\d.]+ s of CPU$).*$/gm, '').trimEnd())
    process.stdout.write('\n')
    costs.push({ name: group.name, cpu })
    if (!ended) broken.push(group.name)
    for (const [i, count] of counts.entries()) total[i] = (total[i] as number) + count
  }
}

await Promise.all(Array.from({ length: Math.min(MOST_PROCESSES, availableParallelism()) }, work))
for (const name of broken) process.stdout.write(`the tests of ${name} ended before their end\n`)
process.stdout.write('\nSeconds of CPU:\n')
for (const { name, cpu } of costs.sort((a, b) => b.cpu - a.cpu)) {
  process.stdout.write(`${cpu.toFixed(1).padStart(7)}  ${name}\n`)
}
const [passed, failed, skipped] = total as [number, number, number]
process.stdout.write(
  `\n${passed} passed, ${failed + broken.length} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
)
if (failed + broken.length > 0) process.exitCode = 1
