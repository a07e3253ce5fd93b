import type { Command } from 'commander'
import { readBytes, readText } from './io.js'

/** What a contributor says, for all commands that contribute. */
export interface ContributorOptions {
  readonly name: string
  readonly attestation?: string
  readonly entropyFile?: string
  readonly out: string
}

/** Adds the options of {@link ContributorOptions}. */
export function withContributor(command: Command): Command {
  return command
    .requiredOption('--name <text>', 'your name in the transcript, at most 64 bytes')
    .option('--attestation <file>', 'text about how and where you contribute; - for stdin')
    .option('--entropy-file <file>', 'bytes or dice throws that are added to the randomness of this machine')
    .requiredOption('--out <folder>', 'where to write your contribution and its receipt')
}

/** Reads the texts of {@link ContributorOptions}. */
export async function readContributor(
  options: ContributorOptions,
): Promise<{ name: string; attestation: string; entropy: string }> {
  const { name, attestation: path, entropyFile } = options
  const attestation = path === undefined ? '' : (await readText(path, '--attestation')).trim()
  const entropy =
    entropyFile === undefined
      ? ''
      : Buffer.from(await readBytes(entropyFile, '--entropy-file')).toString('latin1')
  return { name, attestation, entropy }
}
