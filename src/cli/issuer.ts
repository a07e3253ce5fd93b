import type { Command } from 'commander'
import { createIssuer, issuerToJson } from '../sbt/index.js'
import { printJson } from './io.js'
import { type NewKeyOptions, openIssuer, saveIssuer } from './keys.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'

/** Adds `soulproof issuer create|show`. */
export function addIssuerCommand(program: Command): void {
  const issuer = program.command('issuer').description('create and show an issuer, the key that signs SBTs')

  withPassphrase(issuer.command('create'))
    .description('create an issuer in an encrypted key file and print its id')
    .requiredOption('--out <file>', 'key file to write')
    .option('--force', 'replace the key file: the issuer in it is lost')
    .addHelpText('after', '\nExample:\n  $ soulproof issuer create --out gov.issuer.json')
    .action(async (options: NewKeyOptions) => {
      const made = createIssuer()
      await saveIssuer(made, options)
      printJson({ ...issuerToJson(made), file: options.out })
    })

  withPassphrase(issuer.command('show'))
    .description('print the public part of an issuer')
    .requiredOption('--issuer <file>', 'key file')
    .addHelpText('after', '\nExample:\n  $ soulproof issuer show --issuer gov.issuer.json')
    .action(async (options: PassphraseOptions & { issuer: string }) => {
      printJson(issuerToJson(await openIssuer(options.issuer, options)))
    })
}
