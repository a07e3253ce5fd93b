import type { Command } from 'commander'
import { parseDecimal } from '../field.js'
import { isRecord, readDecimal, readObject } from '../merkle/json.js'
import { heldSbtFromJson, heldSbtToJson, verifySbt } from '../sbt/index.js'
import { blindHolder, createSoul, importSoul, type Soul } from '../soul/index.js'
import { RefusedError, UsageError } from './errors.js'
import { emitJson, formatJson, PRIVATE_MODE, printJson, readJson, writeFiles } from './io.js'
import { type NewKeyOptions, openSoul, saveSoul } from './keys.js'
import { readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { openRegisteredLeaf, readRegistry } from './registry-file.js'

/** Adds `soulproof soul create|import|show|blind|hold`. */
export function addSoulCommand(program: Command): void {
  const soul = program.command('soul').description('create and use a Soul, the secret account that holds SBTs')

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
    .description('import a Soul: {"secret": "<decimal>"} or {"semaphore": "<identity.export() of Semaphore v4>"}')
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

  withPassphrase(soul.command('hold'))
    .description(
      'check an issued SBT and turn it into a held one for prove; do it again when the issuer publishes new trees',
    )
    .requiredOption('--issued <file>', 'what `issue` printed, or a held SBT to refresh; - for stdin')
    .option('--blinding <file>', 'what `soul blind` wrote; not needed for a held SBT')
    .option('--soul <file>', 'check also that the SBT is of this Soul')
    .option('--registry <file>', "the issuer's published registry, to open the SBT's leaf in")
    .option('--status <file>', "the issuer's published status tree, to show that it is not revoked")
    .option('--anchor <kind>', 'signed or registered; by default signed if there is a signature')
    .option('--now <seconds>', "check the SBT's times at this Unix time instead of the machine's")
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof soul hold --issued degree.json --blinding degree.blinding.json \\\n' +
        '      --status university.status.json --out degree.held.json',
    )
    .action(hold)
}

interface HoldOptions extends PassphraseOptions {
  readonly issued: string
  readonly blinding?: string
  readonly soul?: string
  readonly registry?: string
  readonly status?: string
  readonly anchor?: string
  readonly now?: string
  readonly out?: string
  readonly force?: boolean
}

async function hold(options: HoldOptions): Promise<void> {
  const { anchor } = options
  if (anchor !== undefined && anchor !== 'signed' && anchor !== 'registered') {
    throw new UsageError('--anchor must be signed or registered')
  }
  const now = readTime(options.now, '--now')
  const parts = readParts(await readJson(options.issued, '--issued'))
  const salt = await readSalt(parts, options.blinding)
  const registry = options.registry === undefined ? undefined : await readRegistry(options.registry, 'issued')
  const status = options.status === undefined ? undefined : await readRegistry(options.status, 'status')
  const isSigned = anchor === undefined ? parts.signature !== undefined : anchor === 'signed'
  if (isSigned && parts.signature === undefined) {
    throw new UsageError('--issued: has no signature')
  }
  if (!isSigned && registry === undefined && parts.registered === undefined) {
    throw new UsageError('--registry: is needed, since the SBT has no opening of its own')
  }
  const given = heldSbtFromJson({
    sbt: parts.sbt,
    salt,
    anchor: isSigned
      ? { signature: parts.signature, ...(parts.status !== undefined && { status: parts.status }) }
      : // Replaced below where a registry is given; any well-formed opening keeps the form.
        { registered: parts.registered ?? openRegisteredLeaf(registry!, readDecimal(leafOf(parts.sbt), 'sbt.leaf')) },
  })
  const held = {
    ...given,
    anchor:
      'signature' in given.anchor
        ? { ...given.anchor, ...(status && { status: status.proof(given.sbt.statusId) }) }
        : { registered: registry ? openRegisteredLeaf(registry, given.sbt.leaf) : given.anchor.registered },
  }
  const soul = options.soul === undefined ? undefined : await openSoul(options.soul, options)
  const own = { ...(registry && { registry: registry.root }), ...(status && { status: status.root }) }
  const result = verifySbt({ ...held, ...(soul && { soul }), now, roots: { issuers: { [held.sbt.issuer]: own } } })
  if (!result.valid) throw new RefusedError(result.reason)
  await emitJson(heldSbtToJson(held), options)
}

function readSource(json: unknown): Soul {
  if (isRecord(json) && Object.keys(json).length === 1) {
    const { secret, semaphore } = json
    if (secret !== undefined) return importSoul({ secret: parseDecimal(secret, 'source.secret') })
    if (typeof semaphore === 'string') return importSoul({ semaphore })
  }
  throw new UsageError('source: must be {"secret": "<decimal>"} or {"semaphore": "<base64>"}')
}
