import { readFile, rm } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Beacon, blockBeacon, drandBeacon, textBeacon } from '../designated/beacon.js'
import {
  checkPublishedDelay,
  evaluateDelay,
  evaluatedDelayFromJson,
  evaluatedDelayToJson,
  publishDelay,
} from '../designated/delay.js'
import { delayOf, forgeTimed } from '../designated/timed.js'
import type { Policy } from '../policy/index.js'
import type { ProvingPhase } from '../prover/index.js'
import { type ContextOptions, readContext, withContext } from './context.js'
import { warnOfDevelopmentKey } from './development-key.js'
import { UsageError } from './errors.js'
import { beaconToJson, readBeaconFor, readChosen, readPolicy, readRoots } from './inputs.js'
import {
  emitJson,
  formatJson,
  PUBLIC_MODE,
  printJson,
  readJson,
  refuseExisting,
  say,
  writeFiles,
} from './io.js'
import { readInteger, readTime } from './options.js'
import { withProgress } from './progress.js'
import { type ProverOptions, partBehind, useProver, withProver } from './prover.js'

interface OutOptions {
  readonly out?: string
  readonly force?: boolean
}

interface DelayOptions {
  readonly policy: string
  readonly beacon: string
}

interface BeaconOptions extends OutOptions {
  readonly at: string
  readonly text?: string
  readonly source?: string
  readonly drand?: string
  readonly round?: string
  readonly randomness?: string
  readonly chainId?: string
  readonly number?: string
  readonly hash?: string
}

interface ForgeOptions extends ContextOptions, ProverOptions, DelayOptions {
  readonly evaluated: string
  readonly roots: string
  readonly now?: string
  readonly revealed?: string
  readonly nullifier?: string
  readonly handle?: string
}

/** Adds `soulproof timed beacon|evaluate|publish|check|forge`. */
export function addTimedCommand(program: Command): void {
  const timed = program
    .command('timed')
    .description(
      'beacons and delays of timed policies, whose proofs anybody can make once the delay is evaluated',
    )
  const onDelay = (name: string): Command =>
    timed
      .command(name)
      .requiredOption('--policy <file>', 'timed policy, which names modulus and squarings; - for stdin')
      .requiredOption('--beacon <file>', 'the beacon, see timed beacon')
  const withOut = (command: Command): Command =>
    command.option('--out <file>', 'write here instead of stdout').option('--force', 'replace the file')

  withOut(timed.command('beacon'))
    .description('write public randomness that nobody knew before its time as prove and verify take it')
    .requiredOption('--at <seconds>', 'when it became known, Unix time')
    .option('--text <text>', 'a text, such as a headline; with --source')
    .option('--source <name>', 'the source that policies name')
    .option(
      '--drand <hex>',
      'hash of a drand chain; with --round and --randomness, whose signature you checked',
    )
    .option('--round <number>', 'round of drand')
    .option('--randomness <hex>', "the round's randomness")
    .option('--chain-id <number>', 'chain of a block that is final; with --number and --hash')
    .option('--number <number>', 'number of the block')
    .option('--hash <hex>', 'its hash, with 0x')
    .addHelpText(
      'after',
      `
Example:
  $ soulproof timed beacon --chain-id 1 --number 23000000 --hash 0x… --at 1767225600 --out beacon.json`,
    )
    .action(async (options: BeaconOptions) =>
      emitJson(beaconToJson(beaconFrom(options)), { ...options, mode: PUBLIC_MODE }),
    )

  withOut(onDelay('evaluate'))
    .description(
      'evaluate the delay of a beacon: one squaring after the other, for as long as the policy says',
    )
    .option('--checkpoint <file>', 'keep a checkpoint here, and go on from it if it is there')
    .option('--checkpoint-every <number>', 'squarings between two checkpoints; default 2^20')
    .addHelpText(
      'after',
      `
Example:
  $ soulproof timed evaluate --policy policy.json --beacon beacon.json --checkpoint delay.part --out delay.json`,
    )
    .action(evaluate)

  withOut(onDelay('publish'))
    .description('write the output of an evaluated delay with a proof that anybody checks at once')
    .argument('<evaluated>', 'file that evaluate wrote')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof timed publish delay.json --policy policy.json --beacon beacon.json --out output.json',
    )
    .action(async (path: string, options: DelayOptions & OutOptions) => {
      const { policy, beacon } = await readDelay(options)
      const evaluated = await evaluatedDelayFromJson(await readJson(path, '<evaluated>'), {
        ...delayOf(policy),
        beacon,
      })
      const published = await withProgress('publish', () => publishDelay(evaluated))
      await emitJson(published, { ...options, mode: PUBLIC_MODE })
    })

  onDelay('check')
    .description('check a published output')
    .argument('<published>', 'file that publish wrote, or - for stdin')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof timed check output.json --policy policy.json --beacon beacon.json',
    )
    .action(async (path: string, options: DelayOptions) => {
      const { policy, beacon } = await readDelay(options)
      const published = await readJson(path, '<published>')
      const output = checkPublishedDelay({ ...delayOf(policy), beacon, published })
      if (output === undefined) {
        say('refused: not the output of this delay')
        process.exitCode = 1
      }
      printJson({ valid: output !== undefined })
    })

  const forge = withContext(onDelay('forge'))
    .description('make a timed proof of anything from an evaluated delay, as anybody can by then')
    .requiredOption('--evaluated <file>', 'file that evaluate wrote')
    .requiredOption('--roots <file>', 'roots of issuers that it is to be made for')
    .option('--now <seconds>', "Unix time of the proof instead of the machine's")
    .option('--revealed <file>', 'what it reveals: {"<slot>.<claim>": "<text>"}')
    .option('--nullifier <decimal>', 'its nullifier; by default a random one')
    .option('--handle <decimal>', 'its handle, if the policy discloses one; by default a random one')
  withProver(forge)
    .addHelpText(
      'after',
      `
That anybody can do this after the delay is why a timed proof convinces nobody later.

Example:
  $ soulproof timed forge --evaluated delay.json --policy policy.json --beacon beacon.json --roots roots.json \\
      --scope tickets --message nonce-1 --out forged.json`,
    )
    .action(forgeProof)
}

async function evaluate(
  options: DelayOptions & OutOptions & { checkpoint?: string; checkpointEvery?: string },
): Promise<void> {
  const { out, force = false, checkpoint: path } = options
  if (out !== undefined && out !== '-' && !force) await refuseExisting(out)
  const checkpointEvery =
    options.checkpointEvery === undefined
      ? undefined
      : readInteger(options.checkpointEvery, '--checkpoint-every')
  const { policy, beacon } = await readDelay(options)
  const checkpoint = path === undefined ? undefined : await readCheckpoint(path)
  const evaluated = await withProgress('evaluate', (progress) =>
    evaluateDelay({
      ...{ ...delayOf(policy), beacon },
      ...(checkpoint !== undefined && { checkpoint }),
      ...(checkpointEvery !== undefined && { checkpointEvery }),
      ...(path !== undefined && {
        onCheckpoint: (kept) =>
          writeFiles([{ path, content: formatJson(kept), mode: PUBLIC_MODE, replace: true }]),
      }),
      onProgress: (done) => progress.report('squarings', done),
    }),
  )
  await emitJson(evaluatedDelayToJson(evaluated), { ...options, mode: PUBLIC_MODE })
  if (path !== undefined) await rm(path, { force: true })
}

/** Reads a checkpoint; undefined if there is none yet. */
async function readCheckpoint(path: string): Promise<unknown> {
  try {
    await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  }
  return readJson(path, '--checkpoint')
}

async function forgeProof(options: ForgeOptions): Promise<void> {
  const context = readContext(options)
  await useProver(options, async (prover) => {
    const { policy, beacon } = await readDelay(options)
    const now = readTime(options.now, '--now')
    const roots = await readRoots(options.roots)
    const chosen = await readChosen(policy, options)
    const evaluated = await evaluatedDelayFromJson(await readJson(options.evaluated, '--evaluated'), {
      ...delayOf(policy),
      beacon,
    })
    const envelope = await withProgress('forge', (progress) =>
      forgeTimed({
        ...{ ...context, ...chosen, policy, roots, now, beacon, evaluated, prover },
        onProgress: (phase: ProvingPhase, share: number) => progress.report(phase, partBehind(phase, share)),
      }),
    )
    warnOfDevelopmentKey(envelope.statement)
    await emitJson(envelope, { ...options, mode: PUBLIC_MODE })
  })
}

async function readDelay(options: DelayOptions): Promise<{ policy: Policy; beacon: Beacon }> {
  const policy = await readPolicy(options.policy)
  const beacon = await readBeaconFor(policy, options.beacon)
  if (beacon === undefined) throw new UsageError('--policy: is not timed')
  return { policy, beacon }
}

function beaconFrom(options: BeaconOptions): Beacon {
  const at = readTime(options.at, '--at')
  const { text, source, drand, round, randomness, chainId, number, hash } = options
  const kinds = { text: [text, source], drand: [drand, round, randomness], block: [chainId, number, hash] }
  const given = Object.entries(kinds).filter(([, parts]) => parts.some((part) => part !== undefined))
  const [kind, parts] = given[0] ?? []
  if (given.length !== 1 || parts?.includes(undefined)) {
    throw new UsageError(
      '--text and --source, or --drand, --round and --randomness, or --chain-id, --number and --hash are needed',
    )
  }
  if (kind === 'text') return textBeacon({ source: source!, text: text!, at })
  if (kind === 'drand') {
    return drandBeacon({ chain: drand!, round: readInteger(round!, '--round'), randomness: randomness!, at })
  }
  return blockBeacon({
    ...{ chainId: readInteger(chainId!, '--chain-id'), number: readInteger(number!, '--number') },
    ...{ hash: hash!, at },
  })
}
