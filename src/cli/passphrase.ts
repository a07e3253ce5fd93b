import type { Command } from 'commander'
import { UsageError } from './errors.js'
import { readText, say } from './io.js'

/** Options of every command that opens or writes a key file. */
export interface PassphraseOptions {
  readonly passphraseFile?: string
}

/** Adds `--passphrase-file` to a command. A passphrase is never an argument: other users could list it. */
export function withPassphrase(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    'file with the passphrase of the key file; else SOULPROOF_PASSPHRASE, else a hidden prompt',
  )
}

/**
 * Returns the passphrase from the file that is named, else from `SOULPROOF_PASSPHRASE`, else from a hidden prompt.
 *
 * @param options.confirm ask twice, for a new key file
 * @throws {UsageError} if there is none, it is empty, or the two answers differ
 */
export async function readPassphrase(options: PassphraseOptions & { confirm?: boolean }): Promise<string> {
  const { passphraseFile, confirm = false } = options
  const { SOULPROOF_PASSPHRASE } = process.env
  let passphrase: string
  if (passphraseFile !== undefined) {
    passphrase = (await readText(passphraseFile, '--passphrase-file')).replace(/\r?\n$/, '')
  } else if (SOULPROOF_PASSPHRASE !== undefined) {
    passphrase = SOULPROOF_PASSPHRASE
  } else {
    if (!process.stdin.isTTY || !process.stderr.isTTY) {
      throw new UsageError('passphrase: give --passphrase-file or SOULPROOF_PASSPHRASE, or run in a terminal')
    }
    passphrase = await prompt('Passphrase: ')
    if (confirm && (await prompt('Once more: ')) !== passphrase) {
      throw new UsageError('passphrase: the two differ')
    }
  }
  if (passphrase === '') throw new UsageError('passphrase: must not be empty')
  return passphrase
}

/** Reads a line from the terminal without showing it. */
async function prompt(question: string): Promise<string> {
  const { stdin, stderr } = process
  // Before the question, or a fast answer would still be shown.
  stdin.setRawMode(true)
  stderr.write(question)
  stdin.resume()
  stdin.setEncoding('utf8')
  try {
    return await new Promise<string>((resolve, reject) => {
      let line = ''
      const finish = (end: () => void): void => {
        stdin.removeListener('data', onData)
        end()
      }
      const onData = (text: string): void => {
        for (const char of text) {
          if (char === '\r' || char === '\n') {
            finish(() => resolve(line))
            return
          }
          if (char === '\u0003' || char === '\u0004') {
            finish(() => reject(new UsageError('passphrase: none was given')))
            return
          }
          line = char === '\u007f' || char === '\b' ? [...line].slice(0, -1).join('') : line + char
        }
      }
      stdin.on('data', onData)
    })
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    say('')
  }
}
