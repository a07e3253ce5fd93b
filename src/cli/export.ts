import type { Command } from 'commander'
import { type Provenance, parseKeyManifest } from '../manifest.js'
import { type PlonkProvenance, parsePlonkManifest } from '../plonk-manifest.js'
import { PLONK_MANIFEST } from '../statements/plonk.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import {
  exportSolidityVerifier,
  isDevelopmentKey,
  parseVerificationKey,
  verificationKeyHash,
} from '../verifier/index.js'
import {
  exportPlonkSolidityVerifier,
  isDevelopmentPlonkKey,
  parsePlonkKey,
  plonkKeyHash,
} from '../verifier/plonk/index.js'
import { sayDevelopmentKey } from './development-key.js'
import { RefusedError, UsageError } from './errors.js'
import { emitJson, emitText, PUBLIC_MODE, readJson } from './io.js'
import { type ProofSystemOptions, readProofSystem, withProofSystem } from './proof-system.js'

interface ExportOptions extends ProofSystemOptions {
  readonly manifest?: string
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

  withProofSystem(command.command('solidity'))
    .description('write a Solidity contract that verifies the proofs of one key')
    .option('--statement <name>', `statement of this package: ${names}`)
    .option(
      '--verification-key <file>',
      "any Groth16 or PLONK verification key over BN254 in snarkjs's form; - for stdin",
    )
    .option('--manifest <file>', "manifest to take the statement's key from")
    .option('--contract-name <name>', 'name of the contract; default Groth16Verifier or PlonkVerifier')
    .option(
      '--allow-timed',
      'write one for policy-m-timed too, whose proofs say nothing without their second part',
    )
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof export solidity --statement policy-s --out Verifier.sol')
    .action(async (options: ExportOptions) => {
      const { contractName, allowTimed = false } = options
      const { verificationKey, provenance } = await readKey(options)
      const asked = {
        ...{ verificationKey, allowTimed },
        ...(provenance && { provenance }),
        ...(contractName !== undefined && { contractName }),
      }
      // Each exporter takes the provenances of its own keys alone.
      const source = isPlonk(verificationKey)
        ? exportPlonkSolidityVerifier(asked as Parameters<typeof exportPlonkSolidityVerifier>[0])
        : exportSolidityVerifier(asked as Parameters<typeof exportSolidityVerifier>[0])
      warn(verificationKey)
      await emitText(source, { ...options, mode: PUBLIC_MODE })
    })

  withProofSystem(command.command('verification-key'))
    .description("print a statement's verification key in snarkjs's form")
    .requiredOption('--statement <name>', `statement of this package: ${names}`)
    .option('--manifest <file>', "manifest to take the statement's key from")
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof export verification-key --statement policy-s')
    .action(async (options: ExportOptions) => {
      const { verificationKey } = await readKey(options)
      warn(verificationKey)
      await emitJson(verificationKey, { ...options, mode: PUBLIC_MODE })
    })
}

interface Key {
  readonly verificationKey: object
  readonly provenance?: Provenance | PlonkProvenance
}

async function readKey(options: ExportOptions): Promise<Key> {
  const { statement, verificationKey: path } = options
  const proofSystem = readProofSystem(options)
  if ((statement === undefined) === (path === undefined)) {
    throw new UsageError('--statement or --verification-key is needed, and only one of them')
  }
  if (path !== undefined) {
    if (options.manifest !== undefined) throw new UsageError('--manifest goes with --statement')
    if (options.proofSystem !== undefined) throw new UsageError('--proof-system goes with --statement')
    return { verificationKey: (await readJson(path, '--verification-key')) as object }
  }
  if (proofSystem === 'plonk') return readPlonkKey(options.manifest, statement!)
  if (options.manifest !== undefined) return readManifestKey(options.manifest, statement!)
  const shipped = Object.hasOwn(VERIFICATION_KEYS, statement!) ? VERIFICATION_KEYS[statement!] : undefined
  if (shipped === undefined) {
    throw new UsageError(`--statement must be one of ${Object.keys(VERIFICATION_KEYS).join(', ')}`)
  }
  return { verificationKey: shipped.key }
}

async function readPlonkKey(path: string | undefined, statement: string): Promise<Key> {
  const { statements } =
    path === undefined ? PLONK_MANIFEST : parsePlonkManifest(await readJson(path, '--manifest'))
  const entry = Object.hasOwn(statements, statement) ? statements[statement] : undefined
  if (!entry) throw new UsageError(`--statement must be one of ${Object.keys(statements).join(', ')}`)
  const { verificationKey, verificationKeyHash: pinned, provenance } = entry
  if (plonkKeyHash(parsePlonkKey(verificationKey)) !== pinned) {
    throw new RefusedError('the verification key in the manifest is not the one with its hash')
  }
  return { verificationKey, provenance }
}

async function readManifestKey(path: string, statement: string): Promise<Key> {
  const { statements } = parseKeyManifest(await readJson(path, '--manifest'))
  const entry = Object.hasOwn(statements, statement) ? statements[statement] : undefined
  if (!entry) throw new UsageError('--statement is not in the manifest')
  const { verificationKey, verificationKeyHash: pinned, provenance } = entry
  if (verificationKeyHash(parseVerificationKey(verificationKey)) !== pinned) {
    throw new RefusedError('the verification key in the manifest is not the one with its hash')
  }
  return { verificationKey, provenance }
}

function isPlonk(verificationKey: object): boolean {
  return (verificationKey as { protocol?: unknown } | null)?.protocol === 'plonk'
}

function warn(verificationKey: object): void {
  const isDevelopment = isPlonk(verificationKey)
    ? isDevelopmentPlonkKey(parsePlonkKey(verificationKey))
    : isDevelopmentKey(parseVerificationKey(verificationKey))
  if (isDevelopment) sayDevelopmentKey('what is exported')
}
