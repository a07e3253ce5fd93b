import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runGroups, type TestGroup } from './lib/mocha.js'

/*
 * Runs all tests, in as many processes as there are cores, two at most:
 *
 *   node --import tsx scripts/test.ts
 *
 * A group of files is one process, so that files of a folder share what they load. Its output comes when it has ended;
 * behind all of them a table says what each group took of the CPU, and the last line counts all tests.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

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
  /^test\/(bundle|package|readme)/,
]

function groups(): TestGroup[] {
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

execFileSync(process.execPath, [
  join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'),
  ...['--project', join(ROOT, 'tsconfig.build.json'), '--outDir', join(ROOT, COMPILED)],
])
await runGroups({
  groups: groups(),
  env: { SOULPROOF_TEST_CLI: join(ROOT, COMPILED, 'cli', 'main.js') },
})
