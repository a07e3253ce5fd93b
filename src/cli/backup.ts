import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type Blinding, createBackup, restoreBackup } from '../backup/index.js'
import type { FeedHead } from '../feed/index.js'
import { ledgerProofFromJson, ledgerProofToJson } from '../ledger/json.js'
import { isRecord, readDecimal } from '../merkle/json.js'
import type { LedgerProof } from '../merkle/ledger.js'
import { heldSbtFromJson, heldSbtToJson } from '../sbt/index.js'
import { soulToJson } from '../soul/json.js'
import { UsageError } from './errors.js'
import {
  formatJson,
  type Output,
  PRIVATE_MODE,
  printJson,
  readJson,
  readText,
  refuseExisting,
  writeFiles,
} from './io.js'
import { keyOutput, openSoul } from './keys.js'
import { collect, readTime } from './options.js'
import { type PassphraseOptions, readPassphrase, withPassphrase } from './passphrase.js'

interface BackupOptions extends PassphraseOptions {
  readonly soul: string
  readonly sbt: readonly string[]
  readonly blinding: readonly string[]
  readonly ledger: readonly string[]
  readonly feed: readonly string[]
  readonly out: string
  readonly force?: boolean
}

/** Adds `soulproof backup`. */
export function addBackupCommand(program: Command): void {
  withPassphrase(program.command('backup'))
    .description(
      'write a Soul, its SBTs and openings into one encrypted file, under the passphrase of the Soul',
    )
    .requiredOption('--soul <file>', 'key file of the Soul')
    .option('--sbt <file>', 'a held SBT; may be given several times', collect, [])
    .option('--blinding <file>', 'a blinding or pending request, whose SBT is not there yet', collect, [])
    .option('--ledger <id=file>', 'opening of a ledger; may be given several times', collect, [])
    .option('--feed <file>', 'head of a feed, see feed check; may be given several times', collect, [])
    .requiredOption('--out <file>', 'file to write')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof backup --soul alice.soul.json --sbt passport.held.json --sbt degree.held.json \\\n' +
        '      --out alice.backup.json',
    )
    .action(backup)
}

/** Adds `soulproof restore`. */
export function addRestoreCommand(program: Command): void {
  withPassphrase(program.command('restore'))
    .description('write what a backup holds into a new folder: all of it, or nothing')
    .argument('<backup>', 'file that backup wrote, or - for stdin')
    .requiredOption(
      '--out <folder>',
      'folder for soul.json, sbt-1.held.json and so on; none of them may be there',
    )
    .addHelpText('after', '\nExample:\n  $ soulproof restore alice.backup.json --out alice')
    .action(restore)
}

async function backup(options: BackupOptions): Promise<void> {
  const { out: path, force: replace = false } = options
  if (!replace) await refuseExisting(path)
  const sbts = []
  for (const file of options.sbt) sbts.push(heldSbtFromJson(await readJson(file, '--sbt')))
  const blindings: Blinding[] = []
  for (const file of options.blinding) blindings.push(readBlinding(await readJson(file, '--blinding')))
  const ledgers: Record<string, LedgerProof> = {}
  for (const text of options.ledger) {
    // Ids of ledgers may have the sign in them.
    const at = text.lastIndexOf('=')
    if (at < 1) throw new UsageError('--ledger: must be the id of a ledger, = and a file')
    const id = text.slice(0, at)
    if (Object.hasOwn(ledgers, id)) throw new UsageError('--ledger: a ledger is given twice')
    ledgers[id] = ledgerProofFromJson(await readJson(text.slice(at + 1), '--ledger'), '--ledger')
  }
  const feeds: FeedHead[] = []
  for (const file of options.feed) feeds.push((await readJson(file, '--feed')) as FeedHead)
  const passphrase = await readPassphrase(options)
  const soul = await openSoul(options.soul, options, passphrase)
  const content = { soul, sbts, ledgers, blindings, feeds }
  const made = await createBackup({ ...content, passphrase, now: readTime(undefined, '') })
  const text = formatJson(made)
  await writeFiles([{ path, content: text, mode: PRIVATE_MODE, replace }])
  printJson({
    file: path,
    bytes: text.length,
    sbts: sbts.length,
    blindings: blindings.length,
    feeds: feeds.length,
  })
}

async function restore(source: string, options: PassphraseOptions & { out: string }): Promise<void> {
  const text = await readText(source, 'backup')
  const passphrase = await readPassphrase(options)
  const { soul, sbts, ledgers, blindings, feeds, createdAt } = await restoreBackup({
    backup: text,
    passphrase,
  })
  const files: Record<string, unknown> = {}
  for (const [i, held] of sbts.entries()) files[`sbt-${i + 1}.held.json`] = heldSbtToJson(held)
  for (const [i, { holder, salt }] of blindings.entries()) {
    files[`blinding-${i + 1}.json`] = { holder: holder.toString(), salt: salt.toString() }
  }
  // Their ids are of any form; names of files are not.
  for (const [i, [id, proof]] of Object.entries(ledgers).entries()) {
    files[`ledger-${i + 1}.json`] = ledgerProofToJson(proof)
    files[`ledger-${i + 1}.id.json`] = { id }
  }
  for (const [i, head] of feeds.entries()) files[`feed-${i + 1}.head.json`] = head
  const { out } = options
  for (const name of ['soul.json', ...Object.keys(files)]) await refuseExisting(join(out, name))
  const secret = soulToJson(soul)
  const key = await keyOutput({
    kind: 'soul',
    secret,
    passphrase,
    path: join(out, 'soul.json'),
    replace: false,
  })
  const outputs = Object.entries(files).map(([name, value]): Output => {
    return { path: join(out, name), content: formatJson(value), mode: PRIVATE_MODE, replace: false }
  })
  await mkdir(out, { recursive: true }).catch(() => {
    throw new UsageError('--out: the folder cannot be made')
  })
  await writeFiles([key, ...outputs])
  printJson({
    folder: out,
    commitment: soul.commitment.toString(),
    createdAt: createdAt.toString(),
    files: ['soul.json', ...Object.keys(files)],
  })
}

/** Reads holder and salt from what `soul blind` or `issuing request` wrote. */
function readBlinding(json: unknown): Blinding {
  if (!isRecord(json)) throw new UsageError('--blinding: must be an object')
  return {
    holder: readDecimal(json['holder'], 'blinding.holder'),
    salt: readDecimal(json['salt'], 'blinding.salt'),
  }
}
