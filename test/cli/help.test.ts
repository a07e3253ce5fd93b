import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.js'
import { run } from './run.js'

const VERBS = [
  'soul',
  'issuer',
  'issuing',
  'issue',
  'registry',
  'feed',
  'backup',
  'restore',
  'policy',
  'prove',
  'verify',
  'verifier',
  'simulate',
  'ledger',
  'timed',
  'ceremony',
  'serve',
  'setup',
  'export',
  'bench',
]

const program = await createProgram()

describe('cli/help', () => {
  it('has the verbs of the protocol', () => {
    assert.deepEqual(
      program.commands.map((command) => command.name()),
      VERBS,
    )
  })

  for (const command of endsOf(program)) {
    it(`${pathOf(command)} --help says what it does, with an example of itself`, () => {
      const text = helpOf(command)
      assert(command.description().length > 10)
      assert(text.includes(command.description().slice(0, 30)))
      const example = /Examples?:\n\s+\$ soulproof (.*)/.exec(text)
      assert(example, 'no example')
      assert(`soulproof ${example[1]} `.startsWith(`${pathOf(command)} `), example[1])
      // Every option of the example exists.
      const known = command.options.map((option) => option.long)
      for (const [option] of text.slice(text.indexOf('Example')).matchAll(/--[a-z][a-z0-9-]*/g)) {
        assert(known.includes(option), `${option} in the example of ${pathOf(command)}`)
      }
      for (const option of command.options) {
        assert(option.description.length > 0)
        assert(!/^--(passphrase|secret|salt)$/.test(option.long ?? ''), 'a secret must not be an argument')
      }
    })
  }

  it('prints help on stdout with exit code 0, usage errors on stderr with 2', async () => {
    const cwd = tmpdir()
    const [help, sub, version, none, unknown, option] = await Promise.all(
      [['--help'], ['prove', '--help'], ['--version'], [], ['prvoe'], ['prove', '--no-such=thing']].map(
        (args) => run(args, { cwd }),
      ),
    )
    for (const verb of VERBS) assert.match(help!.stdout, new RegExp(`^ {2}${verb} `, 'm'))
    assert.equal(help!.code, 0)
    assert.equal(sub!.code, 0)
    assert.match(sub!.stdout, /Examples:/)
    assert.equal(version!.code, 0)
    assert.match(version!.stdout, /^\d+\.\d+\.\d+\n$/)
    for (const outcome of [none, unknown, option]) {
      assert.equal(outcome!.code, 2)
      assert.equal(outcome!.stdout, '')
      assert.notEqual(outcome!.stderr, '')
    }
  })
})

/** Commands that do something, not only group others. */
function endsOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(endsOf)
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
    getOutHelpWidth: () => 1000,
  })
  command.outputHelp()
  return text
}
