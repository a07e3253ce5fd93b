import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.js'
import { withTargets } from './with-targets.js'

/** Exported functions that are not fuzzed, and why. */
const NOT_FUZZED: Readonly<Record<string, string>> = {
  'ledger.afterChange': 'takes a reader and a change of ours, and computes nothing',
  'ledger.beforeChange': 'takes a reader and a change of ours, and computes nothing',
  'ledger.undoOf': 'takes a reader and a change of ours, and computes nothing',
  'ledger.openLedger': 'takes a reader of ours, and a handle that the ledgers check before',
  'ledger.poseidonContract': 'takes nothing',
  'service.startService': 'takes what readServiceConfig returns; its files have test/server/config.test.ts',
}

/** Verbs of the command line that are not run, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {
  setup: 'compiles circuits',
  bench: 'proves for minutes; its options are those of prove',
  'ceremony serve': 'serves until it is ended; test/ceremony/coordinator.test.ts sends it what is malformed',
  'ceremony join': 'asks a server',
}

/** Samples that are malformed on purpose: a header that is cut off, a group with a removed member. */
const REFUSED = [
  'Group: members[2] must not be 0: a member is never 0',
  'readR1cs: r1cs is truncated in section 2',
  'readR1cs: r1cs is truncated in section 2',
  'groth16: proving key is truncated in section 2',
]

describe('soundness/entries: the list of entry points is complete', () => {
  it('each function that the package exports, and each verb of the command line, is fuzzed or has its reason', async () => {
    const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const functions: string[] = []
    for (const [path, target] of Object.entries(exports) as [string, { default?: string }][]) {
      if (target.default === undefined) continue
      const name = path.split('/').at(-1) as string
      const source = target.default.replace('./dist/', '../../src/').replace(/\.js$/, '.ts')
      for (const [key, value] of Object.entries(await import(source))) {
        const isError = typeof value === 'function' && value.prototype instanceof Error
        if (typeof value === 'function' && !isError) functions.push(`${name}.${key}`)
      }
    }
    assert.ok(functions.length > 90, `${functions.length}`)
    await withTargets(async ({ targets, verbs }) => {
      const names = targets.map(({ name }) => name)
      assert.deepEqual(
        names.filter((name, i) => names.indexOf(name) !== i),
        [],
        'two targets of one name',
      )
      const covered = new Set(targets.flatMap(({ covers }) => covers))
      const open = functions.filter((name) => !covered.has(name) && NOT_FUZZED[name] === undefined)
      assert.deepEqual(open, [], 'not fuzzed')
      const gone = [...covered, ...Object.keys(NOT_FUZZED)].filter((name) => !functions.includes(name))
      assert.deepEqual(gone, [], 'not exported')
      const paths = leavesOf(await createProgram())
      assert.deepEqual(
        paths.filter((path) => !verbs.has(path) && NOT_RUN[path] === undefined),
        [],
        'verbs that are not run',
      )
      assert.deepEqual(
        [...verbs, ...Object.keys(NOT_RUN)].filter((path) => !paths.includes(path)),
        [],
        'verbs that do not exist',
      )
    })
  })

  it('each target takes its samples as they are', async () => {
    await withTargets(async ({ targets }) => {
      const refused: string[] = []
      for (const target of targets) {
        if ((target.cost ?? 1) > 20) continue
        for (const sample of target.samples) {
          await Promise.resolve()
            .then(() => target.call(sample, sample))
            .catch((error: unknown) => refused.push(`${target.name}: ${(error as Error).message}`))
        }
      }
      assert.deepEqual(refused, REFUSED)
    })
  })
})

/** Paths of all commands that do something: `policy check`. */
function leavesOf(command: Command, path = ''): string[] {
  if (command.commands.length === 0) return [path]
  return command.commands.flatMap((one) => leavesOf(one, `${path} ${one.name()}`.trim()))
}
