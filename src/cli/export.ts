import type { Command } from 'commander'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { exportSolidityVerifier, isDevelopmentKey, parseVerificationKey } from '../verifier/index.js'
import { sayDevelopmentKey } from './development-key.js'
import { UsageError } from './errors.js'
import { emitJson, emitText, PUBLIC_MODE, readJson } from './io.js'

interface ExportOptions {
  readonly statement?: string
  readonly verificationKey?: string
  readonly contractName?: string
  readonly allowTimed?: boolean
  readonly out?: string
  readonly force?: boolean
}

/** Adds `soulproof export solidity|verification-key`. */
export function addExportCommand(program: Command): void {
  const command = program.command('export').description('export what verifies proofs elsewhere')
  const names = Object.keys(VERIFICATION_KEYS).join(', ')

  command
    .command('solidity')
    .description('write a Solidity contract that verifies the proofs of one key')
    .option('--statement <name>', `statement of this package: ${names}`)
    .option(
      '--verification-key <file>',
      "any Groth16 verification key over BN254 in snarkjs's form; - for stdin",
    )
    .option('--contract-name <name>', 'name of the contract; default Groth16Verifier')
    .option(
      '--allow-timed',
      'write one for policy-m-timed too, whose proofs say nothing without their second part',
    )
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof export solidity --statement policy-s --out Verifier.sol')
    .action(async (options: ExportOptions) => {
      const { contractName, allowTimed = false } = options
      const verificationKey = await readKey(options)
      const source = exportSolidityVerifier({
        ...{ verificationKey, allowTimed },
        ...(contractName !== undefined && { contractName }),
      })
      warn(verificationKey)
      await emitText(source, { ...options, mode: PUBLIC_MODE })
    })

  command
    .command('verification-key')
    .description("print a statement's verification key in snarkjs's form")
    .requiredOption('--statement <name>', `statement of this package: ${names}`)
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof export verification-key --statement policy-s')
    .action(async (options: ExportOptions) => {
      const verificationKey = await readKey(options)
      warn(verificationKey)
      await emitJson(verificationKey, { ...options, mode: PUBLIC_MODE })
    })
}

async function readKey(options: ExportOptions): Promise<object> {
  const { statement, verificationKey: path } = options
  if ((statement === undefined) === (path === undefined)) {
    throw new UsageError('--statement or --verification-key is needed, and only one of them')
  }
  if (path !== undefined) return (await readJson(path, '--verification-key')) as object
  const shipped = Object.hasOwn(VERIFICATION_KEYS, statement!) ? VERIFICATION_KEYS[statement!] : undefined
  if (shipped === undefined) {
    throw new UsageError(`--statement must be one of ${Object.keys(VERIFICATION_KEYS).join(', ')}`)
  }
  return shipped.key
}

function warn(verificationKey: object): void {
  if (isDevelopmentKey(parseVerificationKey(verificationKey))) sayDevelopmentKey('what is exported')
}
