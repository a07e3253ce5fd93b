import type { Command } from 'commander'
import { parseDecimal } from '../field.js'
import { isRecord } from '../merkle/json.js'
import { blindHolder, createSoul, importSoul, type Soul } from '../soul/index.js'
import { UsageError } from './errors.js'
import { addHoldCommand } from './hold.js'
import { formatJson, PRIVATE_MODE, printJson, readJson, writeFiles } from './io.js'
import { type NewKeyOptions, openSoul, saveSoul } from './keys.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'

/** Adds `soulproof soul create|import|show|blind|hold`. */
export function addSoulCommand(program: Command): void {
  const soul = program
    .command('soul')
    .description('create and use a Soul, the secret account that holds SBTs')

  withPassphrase(soul.command('create'))
    .description('create a Soul in an encrypted key file and print its commitment')
    .requiredOption('--out <file>', 'key file to write')
    .option('--force', 'replace the key file: the Soul in it is lost')
    .addHelpText('after', '\nExample:\n  $ soulproof soul create --out alice.soul.json')
    .action(async (options: NewKeyOptions) => {
      const made = createSoul()
      await saveSoul(made, options)
      printJson({ commitment: made.commitment.toString(), file: options.out })
    })

  withPassphrase(soul.command('import'))
    .description(
      'import a Soul: {"secret": "<decimal>"} or {"semaphore": "<identity.export() of Semaphore v4>"}',
    )
    .argument('<source>', 'JSON file, or - for stdin')
    .requiredOption('--out <file>', 'key file to write')
    .option('--force', 'replace the key file: the Soul in it is lost')
    .addHelpText('after', '\nExample:\n  $ soulproof soul import identity.json --out alice.soul.json')
    .action(async (source: string, options: NewKeyOptions) => {
      const imported = readSource(await readJson(source, 'source'))
      await saveSoul(imported, options)
      printJson({ commitment: imported.commitment.toString(), file: options.out })
    })

  withPassphrase(soul.command('show'))
    .description('print the public part of a Soul')
    .requiredOption('--soul <file>', 'key file')
    .addHelpText('after', '\nExample:\n  $ soulproof soul show --soul alice.soul.json')
    .action(async (options: PassphraseOptions & { soul: string }) => {
      const { commitment, publicKey } = await openSoul(options.soul, options)
      printJson({ commitment: commitment.toString(), publicKey: publicKey.map(String) })
    })

  withPassphrase(soul.command('blind'))
    .description('blind a Soul for one SBT: print the holder, which goes to the issuer, and keep its salt')
    .requiredOption('--soul <file>', 'key file')
    .requiredOption('--out <file>', 'file for holder and salt; who has it can link the SBT to the Soul')
    .option('--force', 'replace the file: an SBT issued to the holder in it can no longer be used')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof soul blind --soul alice.soul.json --out degree.blinding.json',
    )
    .action(async (options: PassphraseOptions & { soul: string; out: string; force?: boolean }) => {
      const { out: path, force: replace = false } = options
      const blinded = blindHolder({ soul: await openSoul(options.soul, options) })
      const holder = blinded.holder.toString()
      const content = formatJson({ holder, salt: blinded.salt.toString() })
      await writeFiles([{ path, content, mode: PRIVATE_MODE, replace }])
      printJson({ holder, file: path })
    })

  addHoldCommand(soul)
}

function readSource(json: unknown): Soul {
  if (isRecord(json) && Object.keys(json).length === 1) {
    const { secret, semaphore } = json
    if (secret !== undefined) return importSoul({ secret: parseDecimal(secret, 'source.secret') })
    if (typeof semaphore === 'string') return importSoul({ semaphore })
  }
  throw new UsageError('source: must be {"secret": "<decimal>"} or {"semaphore": "<base64>"}')
}
