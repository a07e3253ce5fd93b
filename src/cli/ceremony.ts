import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { type CeremonyCircuit, ceremonyCircuit } from '../ceremony/circuit.js'
import { authenticatePhase1 } from '../ceremony/phase1.js'
import {
  acceptFolder,
  addBeacon,
  contributeToTurn,
  createCeremony,
  exportCeremony,
  type Receipt,
  readCeremony,
  readReceipt,
  recordDrop,
  writeTurn,
} from '../ceremony/store.js'
import { type Transcript, transcriptHash } from '../ceremony/transcript.js'
import { verifyCeremony } from '../ceremony/verify.js'
import { randomBytes } from '../crypto/random.js'
import { PACKED } from '../prover/artifacts.js'
import { writeAtomically } from '../setup/write.js'
import { type ContributorOptions, readContributor, withContributor } from './ceremony-contributor.js'
import { addJoinCommand, addServeCommand } from './ceremony-http.js'
import { RefusedError, UsageError } from './errors.js'
import { printJson, readBytes, readText, say } from './io.js'
import { collect, readInteger } from './options.js'
import { withProgress } from './progress.js'

const CIRCUITS = new URL('../../circuits/statements/', import.meta.url)

/** Adds `soulproof ceremony …`. */
export function addCeremonyCommand(program: Command): void {
  const ceremony = program
    .command('ceremony')
    .description('make keys that nobody can forge for, if one contributor of many was honest')
    .addHelpText(
      'after',
      `
docs/ceremony.md has the way through, for a coordinator and for a contributor.

Example:
  $ soulproof ceremony verify our-ceremony`,
    )
  addPhase1(ceremony)
  addInit(ceremony)
  addFiles(ceremony)
  addEnd(ceremony)
  addVerify(ceremony)
  addServeCommand(ceremony)
  addJoinCommand(ceremony)
}

function addPhase1(ceremony: Command): void {
  ceremony
    .command('phase1')
    .description('tell whether a powers-of-tau file is a published one')
    .argument('<file>', 'prepared .ptau file')
    .option('--hash <hex>', 'BLAKE2b-512 of a file that is on no published list')
    .addHelpText('after', '\nExample:\n  $ soulproof ceremony phase1 powersOfTau28_hez_final_17.ptau')
    .action(async (file: string, options: { hash?: string }) => {
      const bytes = await readBytes(file, 'phase 1')
      const { ptau, blake2b, source } = authenticatePhase1({ bytes, hash: options.hash })
      printJson({ valid: true, source, power: ptau.power, blake2b })
    })
}

interface InitOptions {
  readonly phase1: string
  readonly phase1Hash?: string
  readonly statement: readonly string[]
  readonly circuit: readonly string[]
  readonly name?: string
}

function addInit(ceremony: Command): void {
  ceremony
    .command('init')
    .description('begin phase 2: compile the circuits and make the keys that contributors start from')
    .argument('<folder>', 'folder of the ceremony, new')
    .requiredOption('--phase1 <file>', 'prepared .ptau file')
    .option('--phase1-hash <hex>', 'its BLAKE2b-512, if it is on no published list')
    .option('--statement <name>', 'statement of this package; may be given several times', collect, [])
    .option(
      '--circuit <name=file>',
      'circom file of another circuit; may be given several times',
      collect,
      [],
    )
    .option('--name <text>', "name of the ceremony; by default the folder's")
    .addHelpText(
      'after',
      `
Compiling takes the npm package circom2, as a clone of the repository installs it. Without --statement and
--circuit the ceremony is for all statements of this package.

Example:
  $ soulproof ceremony init our-ceremony --phase1 powersOfTau28_hez_final_17.ptau --statement membership`,
    )
    .action(async (folder: string, options: InitOptions) => {
      const name = options.name ?? basename(resolve(folder))
      const phase1 = { bytes: await readBytes(options.phase1, '--phase1'), hash: options.phase1Hash }
      // Before anything that takes long.
      authenticatePhase1(phase1)
      const transcript = await withProgress('init', async (progress) => {
        const circuits: Record<string, CeremonyCircuit> = {}
        for (const [statement, source] of sourcesOf(options)) {
          progress.report(`${statement}: compiling`, 0)
          circuits[statement] = await ceremonyCircuit({ source })
        }
        const onProgress = progress.report
        return createCeremony({ folder, name, phase1, circuits, onProgress })
      })
      printJson(summary(transcript))
    })
}

function addFiles(ceremony: Command): void {
  ceremony
    .command('turn')
    .description('write what the next contributor is handed')
    .argument('<folder>', 'folder of the ceremony')
    .requiredOption('--out <folder>', 'folder to write')
    .addHelpText('after', '\nExample:\n  $ soulproof ceremony turn our-ceremony --out for-alice')
    .action(async (folder: string, options: { out: string }) => {
      printJson(await writeTurn({ folder, out: options.out }))
    })

  withContributor(ceremony.command('contribute'))
    .description('contribute to all keys, and forget the secret')
    .argument('<folder>', 'what the coordinator handed you')
    .addHelpText(
      'after',
      `
The receipt is printed: publish it. Send the folder back to the coordinator. An interrupted run goes on if it is repeated.

Example:
  $ soulproof ceremony contribute for-alice --name Alice --out from-alice > alice.receipt.json`,
    )
    .action(async (turn: string, options: ContributorOptions) => {
      const contributor = await readContributor(options)
      const receipt = await withProgress('contribute', (progress) =>
        contributeToTurn({
          turn,
          out: options.out,
          ...contributor,
          random: randomBytes,
          onProgress: progress.report,
        }),
      )
      printJson(receipt)
    })

  ceremony
    .command('accept')
    .description('check a contribution and take it into the ceremony')
    .argument('<folder>', 'folder of the ceremony')
    .argument('<from>', 'what the contributor sent')
    .option(
      '--name <text>',
      'name of a contributor who used snarkjs, and sent <statement>.zkey and no receipt',
    )
    .addHelpText('after', '\nExample:\n  $ soulproof ceremony accept our-ceremony from-alice')
    .action(async (folder: string, from: string, options: { name?: string }) => {
      const { transcript, receipt } = await withProgress('accept', (progress) =>
        acceptFolder({ folder, from, name: options.name, onProgress: progress.report }),
      )
      printJson({ accepted: receipt, hash: transcriptHash(transcript) })
    })

  ceremony
    .command('drop')
    .description('write into the transcript that somebody did not contribute')
    .argument('<folder>', 'folder of the ceremony')
    .requiredOption('--name <text>', 'who')
    .requiredOption('--reason <text>', 'why')
    .addHelpText(
      'after',
      "\nExample:\n  $ soulproof ceremony drop our-ceremony --name Carol --reason 'no answer'",
    )
    .action(async (folder: string, options: { name: string; reason: string }) => {
      printJson(summary(await recordDrop({ folder, ...options })))
    })
}

interface BeaconOptions {
  readonly value: string
  readonly iterations: string
  readonly attestation: string
  readonly name: string
}

function addEnd(ceremony: Command): void {
  ceremony
    .command('beacon')
    .description('end phase 2 with a public random value that nobody could know before')
    .argument('<folder>', 'folder of the ceremony')
    .requiredOption('--value <hex>', 'the value, such as the hash of a block announced in advance')
    .option('--iterations <number>', 'it is hashed 2^number times, 10 to 24', '20')
    .requiredOption('--attestation <text>', 'where everybody finds the value, and when it was announced')
    .option('--name <text>', 'name of the step', 'beacon')
    .addHelpText(
      'after',
      `
Example:
  $ soulproof ceremony beacon our-ceremony --value 0000…a3 --attestation 'Bitcoin block 900000, announced 7 days before'`,
    )
    .action(async (folder: string, options: BeaconOptions) => {
      const { name, attestation } = options
      if (!/^([0-9a-f]{2}){1,255}$/.test(options.value)) {
        throw new UsageError('--value must be 1 to 255 bytes as lower-case hex')
      }
      const value = new Uint8Array(Buffer.from(options.value, 'hex'))
      const iterationsExp = readInteger(options.iterations, '--iterations')
      const { transcript } = await withProgress('beacon', (progress) =>
        addBeacon({ folder, name, attestation, value, iterationsExp, onProgress: progress.report }),
      )
      printJson(summary(transcript))
    })

  ceremony
    .command('export')
    .description('check the whole ceremony, and write its keys with the manifest that apps point to')
    .argument('<folder>', 'folder of the ceremony')
    .requiredOption('--out <folder>', 'folder to write')
    .option('--packed', 'write what pages load too: generators and keys as <file>.pack, a fifth of the bytes')
    .addHelpText(
      'after',
      `
Prover and verifier take the manifest: prove --manifest keys/manifest.json, verify --manifest keys/manifest.json.

Example:
  $ soulproof ceremony export our-ceremony --out keys --packed`,
    )
    .action(async (folder: string, options: { out: string; packed?: boolean }) => {
      const manifest = await withProgress('export', async (progress) => {
        await verifyCeremony({ folder, onProgress: progress.report })
        return exportCeremony({ folder, out: options.out })
      })
      if (options.packed) {
        for (const statement of Object.keys(manifest.statements)) await writePacked(options.out, statement)
      }
      const statements = Object.entries(manifest.statements).map(
        ([statement, { provenance, verificationKeyHash }]) => ({
          statement,
          provenance,
          verificationKeyHash,
        }),
      )
      printJson({ manifest: `${options.out}/manifest.json`, statements })
    })
}

/** Packs a statement's witness generator and key beside them. */
async function writePacked(folder: string, statement: string): Promise<void> {
  const [{ packGeneratorArtifact, packKeyArtifact }, { readR1cs }] = await Promise.all([
    import('../wire/pack.js'),
    import('../formats/r1cs.js'),
  ])
  const read = async (part: string): Promise<Uint8Array> =>
    new Uint8Array(await readFile(join(folder, `${statement}.${part}`)))
  const write = async (part: string, bytes: Uint8Array): Promise<void> => {
    await writeAtomically(join(folder, `${statement}.${part}${PACKED}`), bytes)
  }
  await write('wasm', packGeneratorArtifact(await read('wasm')))
  await write('zkey', await packKeyArtifact({ zkey: await read('zkey'), r1cs: readR1cs(await read('r1cs')) }))
}

interface VerifyOptions {
  readonly hash?: string
  readonly phase1Hash?: string
  readonly receipt: readonly string[]
  readonly sources?: boolean
  readonly circuit: readonly string[]
}

function addVerify(ceremony: Command): void {
  ceremony
    .command('status')
    .description('print what a transcript says, unchecked')
    .argument('<folder>', 'folder of the ceremony')
    .addHelpText('after', '\nExample:\n  $ soulproof ceremony status our-ceremony')
    .action(async (folder: string) => printJson(summary(await readCeremony(folder))))

  ceremony
    .command('verify')
    .description('check a whole ceremony from its files alone')
    .argument('<folder>', 'folder of the ceremony')
    .option('--hash <hex>', 'SHA-256 of the transcript, from a manifest or an announcement')
    .option('--phase1-hash <hex>', 'BLAKE2b-512 that phase 1 has to have, if it is on no published list')
    .option(
      '--receipt <file>',
      'receipt that must be in the transcript; may be given several times',
      collect,
      [],
    )
    .option('--sources', "compile the package's own statements, and compare")
    .option('--circuit <name=file>', 'compile another circuit too; may be given several times', collect, [])
    .addHelpText(
      'after',
      `
The exit code is 0 if everything is as it has to be, and 1 with the name of the first file that is not.

Example:
  $ soulproof ceremony verify our-ceremony --hash 3f… --receipt alice.receipt.json`,
    )
    .action(verify)
}

async function verify(folder: string, options: VerifyOptions): Promise<void> {
  const receipts: Receipt[] = []
  for (const path of options.receipt) receipts.push(readReceipt(await readText(path, '--receipt')))
  const named = new Map(options.circuit.map(readCircuitOption))
  const sources = async (statement: string): Promise<CeremonyCircuit> =>
    ceremonyCircuit({ source: named.get(statement) ?? ownSource(statement) })
  const report = await withProgress('verify', (progress) =>
    verifyCeremony({
      folder,
      hash: options.hash,
      phase1Hash: options.phase1Hash,
      receipts,
      ...((options.sources || named.size > 0) && { sources }),
      onProgress: progress.report,
    }),
  )
  const { source } = report.transcript.phase1
  if (source === 'given' && options.phase1Hash === undefined) {
    say('warning: phase 1 is on no published list; its hash is only what the transcript says')
  }
  if (!report.complete) say('warning: the ceremony is not over: it has no beacon')
  printJson({ valid: true, complete: report.complete, ...summary(report.transcript) })
}

function summary(transcript: Transcript): object {
  const { name, phase1, statements, steps, dropped } = transcript
  return {
    name,
    hash: transcriptHash(transcript),
    phase1,
    statements: Object.keys(statements),
    steps: steps.map(({ kind, name: who, at }) => ({ kind, name: who, at })),
    dropped,
  }
}

function sourcesOf(options: Pick<InitOptions, 'statement' | 'circuit'>): Map<string, string> {
  const own = options.statement.length + options.circuit.length === 0 ? ownStatements() : options.statement
  const sources = new Map(own.map((statement) => [statement, ownSource(statement)]))
  for (const [name, file] of options.circuit.map(readCircuitOption)) sources.set(name, file)
  return sources
}

function readCircuitOption(text: string): [string, string] {
  const [, name, file] = /^([a-z][a-z0-9-]{0,63})=(.+)$/.exec(text) ?? []
  if (!name || !file) throw new UsageError('--circuit must be name=file, the name in lower case')
  return [name, file]
}

function ownStatements(): string[] {
  return readdirSync(CIRCUITS)
    .filter((file) => file.endsWith('.circom'))
    .map((file) => file.replace(/\.circom$/, ''))
}

function ownSource(statement: string): string {
  if (!ownStatements().includes(statement)) {
    throw new RefusedError(
      `this package has no statement of the name of one of the ceremony's; see --circuit`,
    )
  }
  return fileURLToPath(new URL(`${statement}.circom`, CIRCUITS))
}
