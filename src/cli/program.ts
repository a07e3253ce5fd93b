import { readFileSync } from 'node:fs'
import { Command } from 'commander'

/** Adds a verb to the program. Loaded when it is used: most verbs need a small part of the library. */
type AddCommand = (program: Command) => void

const VERBS: Readonly<Record<string, () => Promise<AddCommand>>> = {
  soul: async () => (await import('./soul.js')).addSoulCommand,
  issuer: async () => (await import('./issuer.js')).addIssuerCommand,
  issuing: async () => (await import('./issuing.js')).addIssuingCommand,
  issue: async () => (await import('./issue.js')).addIssueCommand,
  registry: async () => (await import('./registry.js')).addRegistryCommand,
  feed: async () => (await import('./feed.js')).addFeedCommand,
  backup: async () => (await import('./backup.js')).addBackupCommand,
  restore: async () => (await import('./backup.js')).addRestoreCommand,
  policy: async () => (await import('./policy.js')).addPolicyCommand,
  prove: async () => (await import('./prove.js')).addProveCommand,
  verify: async () => (await import('./verify.js')).addVerifyCommand,
  verifier: async () => (await import('./verifier.js')).addVerifierCommand,
  simulate: async () => (await import('./simulate.js')).addSimulateCommand,
  ledger: async () => (await import('./ledger.js')).addLedgerCommand,
  timed: async () => (await import('./timed.js')).addTimedCommand,
  ceremony: async () => (await import('./ceremony.js')).addCeremonyCommand,
  serve: async () => (await import('./serve.js')).addServeCommand,
  setup: async () => (await import('./setup.js')).addSetupCommand,
  export: async () => (await import('./export.js')).addExportCommand,
  bench: async () => (await import('./bench.js')).addBenchCommand,
}

/**
 * Returns the command line; it throws where it would end the process.
 *
 * @param verb the only verb that is needed; without it, or if there is no such verb, all are there
 */
export async function createProgram(verb?: string): Promise<Command> {
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
  const wanted = verb !== undefined && Object.hasOwn(VERBS, verb) ? [verb] : Object.keys(VERBS)
  for (const name of wanted) {
    const add = await VERBS[name]!()
    add(program)
  }
  return program
}
