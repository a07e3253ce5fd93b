import type { Command } from 'commander'
import { createVerifierKey, sessionVerifierKey } from '../designated/keys.js'
import { checkPossession, provePossession } from '../designated/possession.js'
import { followRotation, rotateVerifierKey } from '../designated/rotation.js'
import { parseDecimal } from '../field.js'
import { UsageError } from './errors.js'
import { emitJson, PUBLIC_MODE, printJson, readJson, say } from './io.js'
import { type NewKeyOptions, openVerifierKey, saveVerifierKey } from './keys.js'
import { readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'

interface KeyOptions extends PassphraseOptions {
  readonly verifier: string
}

interface PossessionOptions {
  readonly challenge: string
  readonly session: string
}

/** Adds `soulproof verifier create|session|show|possession|check|rotate|follow`. */
export function addVerifierCommand(program: Command): void {
  const verifier = program
    .command('verifier')
    .description('create and use the key of a designated verifier, whom alone a proof convinces')
  const create = (name: string): Command =>
    withPassphrase(verifier.command(name))
      .requiredOption('--out <file>', 'key file to write')
      .option('--force', 'replace the key file: the key in it is lost')

  create('create')
    .description('create a verifier key in an encrypted key file and print its commitment')
    .addHelpText('after', '\nExample:\n  $ soulproof verifier create --out bob.verifier.json')
    .action(async (options: NewKeyOptions) => {
      const key = createVerifierKey()
      await saveVerifierKey(key, options)
      printJson({ verifierKey: key.verifierKey.toString(), file: options.out })
    })

  create('session')
    .description('derive the key of one session into a key file under the same passphrase')
    .requiredOption('--verifier <file>', 'key file to derive from')
    .requiredOption('--session <text>', 'name of the session')
    .addHelpText(
      'after',
      `
Example:
  $ soulproof verifier session --verifier bob.verifier.json --session loan-7 --out loan-7.verifier.json`,
    )
    .action(async (options: NewKeyOptions & KeyOptions & { session: string }) => {
      const { session } = options
      const key = sessionVerifierKey({ key: await openVerifierKey(options.verifier, options), session })
      await saveVerifierKey(key, options)
      printJson({ verifierKey: key.verifierKey.toString(), file: options.out })
    })

  withPassphrase(verifier.command('show'))
    .description('print the public part of a verifier key')
    .requiredOption('--verifier <file>', 'key file')
    .addHelpText('after', '\nExample:\n  $ soulproof verifier show --verifier bob.verifier.json')
    .action(async (options: KeyOptions) => {
      const { verifierKey, publicKey } = await openVerifierKey(options.verifier, options)
      printJson({ verifierKey: verifierKey.toString(), publicKey: publicKey.map(String) })
    })

  withPassphrase(verifier.command('possession'))
    .description('prove to a holder, for the holder’s fresh challenge, that the key is known')
    .requiredOption('--verifier <file>', 'key file')
    .requiredOption('--challenge <hex>', 'the holder’s challenge: 16 bytes or more')
    .requiredOption('--session <text>', 'what the proof is for')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      `
Example:
  $ soulproof verifier possession --verifier bob.verifier.json --challenge 00…ff --session loan-7`,
    )
    .action(async (options: KeyOptions & PossessionOptions & { out?: string; force?: boolean }) => {
      const challenge = readHex(options.challenge)
      const key = await openVerifierKey(options.verifier, options)
      const possession = provePossession({ key, challenge, session: options.session })
      await emitJson(possession, { ...options, mode: PUBLIC_MODE })
    })

  verifier
    .command('check')
    .description('check a proof of possession before proving anything to its key')
    .argument('<possession>', 'file that possession wrote, or - for stdin')
    .requiredOption('--verifier-key <decimal>', 'commitment of the key')
    .requiredOption('--challenge <hex>', 'your own challenge')
    .requiredOption('--session <text>', 'what the proof has to be for')
    .addHelpText(
      'after',
      `
Example:
  $ soulproof verifier check possession.json --verifier-key 1234… --challenge 00…ff --session loan-7`,
    )
    .action(async (path: string, options: PossessionOptions & { verifierKey: string }) => {
      const { session } = options
      const verifierKey = parseDecimal(options.verifierKey, '--verifier-key')
      const challenge = readHex(options.challenge)
      const possession = await readJson(path, 'possession')
      const valid = checkPossession({ verifierKey, challenge, session, possession })
      if (!valid) {
        say('refused: not a proof of possession of this key for this challenge and session')
        process.exitCode = 1
      }
      printJson({ valid })
    })

  withPassphrase(verifier.command('rotate'))
    .description('announce that one verifier key takes the place of another; both are under one passphrase')
    .requiredOption('--verifier <file>', 'key file of the old key')
    .requiredOption('--to <file>', 'key file of the new key')
    .option('--at <seconds>', 'Unix time from which the new key counts; by default now')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof verifier rotate --verifier old.verifier.json --to new.verifier.json',
    )
    .action(async (options: KeyOptions & { to: string; at?: string; out?: string; force?: boolean }) => {
      const at = readTime(options.at, '--at')
      const from = await openVerifierKey(options.verifier, options)
      const to = await openVerifierKey(options.to, options)
      await emitJson(rotateVerifierKey({ from, to, at }), { ...options, mode: PUBLIC_MODE })
    })

  verifier
    .command('follow')
    .description('follow an announced rotation from a key that you trust, and print the next key')
    .argument('<rotation>', 'file that rotate wrote, or - for stdin')
    .requiredOption('--verifier-key <decimal>', 'commitment of the key that you trust')
    .option('--now <seconds>', "Unix time instead of the machine's")
    .addHelpText('after', '\nExample:\n  $ soulproof verifier follow rotation.json --verifier-key 1234…')
    .action(async (path: string, options: { verifierKey: string; now?: string }) => {
      const verifierKey = parseDecimal(options.verifierKey, '--verifier-key')
      const now = readTime(options.now, '--now')
      const next = followRotation({ verifierKey, rotation: await readJson(path, 'rotation'), now })
      if (next === undefined) {
        say('refused: not a rotation of this key that both keys signed, or too early')
        process.exitCode = 1
      }
      printJson(next === undefined ? { valid: false } : { valid: true, verifierKey: next.toString() })
    })
}

function readHex(text: string): Uint8Array {
  if (!/^([0-9a-f]{2}){16,512}$/.test(text)) {
    throw new UsageError('--challenge: must be 16 to 512 bytes as lower-case hex')
  }
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
