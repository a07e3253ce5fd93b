#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addBenchCommand } from './bench.js'
import { describeFailure } from './errors.js'
import { addExportCommand } from './export.js'
import { say } from './io.js'
import { addIssueCommand } from './issue.js'
import { addIssuerCommand } from './issuer.js'
import { addPolicyCommand } from './policy.js'
import { addProveCommand } from './prove.js'
import { addRegistryCommand } from './registry.js'
import { addSetupCommand } from './setup.js'
import { addSoulCommand } from './soul.js'
import { addVerifyCommand } from './verify.js'

function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  // Before the commands are added: each takes these settings from its parent.
  const program = new Command('soulproof')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .showSuggestionAfterError(false)
    .version(version)
    .description('Prove policies over soulbound credentials without showing them, and verify such proofs.')
    .addHelpText(
      'after',
      `
Results are JSON on stdout, messages go to stderr. The exit code is 0, 1 if something is refused (an invalid proof, a
wallet that does not satisfy a policy, a wrong passphrase), 2 if the input or the usage is malformed.

Example:
  $ soulproof policy explain policy.json --text`,
    )
  addSoulCommand(program)
  addIssuerCommand(program)
  addIssueCommand(program)
  addRegistryCommand(program)
  addPolicyCommand(program)
  addProveCommand(program)
  addVerifyCommand(program)
  addSetupCommand(program)
  addExportCommand(program)
  addBenchCommand(program)
  return program
}

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

try {
  await createProgram().parseAsync()
} catch (error) {
  const { lines, exitCode } = describeFailure(error)
  for (const line of lines) say(line)
  if (process.env['SOULPROOF_DEBUG'] && exitCode !== 0) console.error(error)
  process.exitCode = exitCode
}
