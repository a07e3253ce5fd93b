import type { Command } from 'commander'
import { type Simulation, simulate } from '../designated/simulate.js'
import { simulateTimed } from '../designated/timed.js'
import { parseDecimal } from '../field.js'
import type { ProvingPhase } from '../prover/index.js'
import { type ContextOptions, readContext, withContext } from './context.js'
import { sayProvenance } from './development-key.js'
import { UsageError } from './errors.js'
import { readBeaconFor, readChosen, readGroup, readPolicy, readRoots } from './inputs.js'
import { emitJson, PUBLIC_MODE } from './io.js'
import { openVerifierKey } from './keys.js'
import { readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { withProgress } from './progress.js'
import { requireGroth16, withProofSystem } from './proof-system.js'
import { type ProverOptions, partBehind, useProver, withProver } from './prover.js'

interface SimulateCommandOptions extends ContextOptions, PassphraseOptions, ProverOptions {
  readonly verifier: string
  readonly policy?: string
  readonly roots?: string
  readonly group?: string
  readonly now?: string
  readonly revealed?: string
  readonly nullifier?: string
  readonly handle?: string
  readonly beacon?: string
}

/** Adds `soulproof simulate`. */
export function addSimulateCommand(program: Command): void {
  const command = withContext(withPassphrase(program.command('simulate')))
    .description('make a designated proof with the verifier’s own key, whether or not the statement is true')
    .requiredOption('--verifier <file>', 'key file of the verifier')
    .option('--policy <file>', 'policy of the proof; - for stdin')
    .option('--roots <file>', "issuers' roots, for a policy")
    .option('--group <file>', 'group of a proof of membership instead: {"members": ["<decimal>", …]}')
    .option('--now <seconds>', "Unix time of the proof instead of the machine's")
    .option('--revealed <file>', 'what it reveals: {"<slot>.<claim>": "<text>"}')
    .option('--nullifier <decimal>', 'its nullifier; by default a random one')
    .option('--handle <decimal>', 'its handle, if the policy discloses one; by default a random one')
    .option('--beacon <file>', 'of a timed policy: the beacon, see timed beacon')
  withProver(withProofSystem(command))
    .addHelpText(
      'after',
      `
That anybody with the key can do this is why a proof for the key convinces nobody else.

Examples:
  $ soulproof simulate --verifier bob.verifier.json --policy policy.json --roots roots.json \\
      --scope loans --message nonce-1 --out simulated.json
  $ soulproof simulate --verifier bob.verifier.json --group members.json --scope poll-7 --message yes`,
    )
    .action(simulateProof)
}

async function simulateProof(options: SimulateCommandOptions): Promise<void> {
  if ((options.policy === undefined) === (options.group === undefined)) {
    throw new UsageError('--policy or --group is needed, and only one of them')
  }
  requireGroth16(options)
  const context = readContext(options)
  await useProver(options, async (prover) => {
    const claim = options.policy === undefined ? await readMembership(options) : await readClaim(options)
    // Last, so that nothing asks for a passphrase in vain.
    const key = await openVerifierKey(options.verifier, options)
    const simulation = { ...context, ...claim, key } as Simulation
    const envelope = await withProgress('simulate', (progress) => {
      const onProgress = (phase: ProvingPhase, share: number): void =>
        progress.report(phase, partBehind(phase, share))
      const asked = { ...simulation, prover, onProgress }
      // Only timed policies have a beacon.
      if ('beacon' in claim) return simulateTimed(asked as unknown as Parameters<typeof simulateTimed>[0])
      return simulate(asked)
    })
    sayProvenance(envelope.statement, envelope.provenance)
    await emitJson(envelope, { ...options, mode: PUBLIC_MODE })
  })
}

async function readMembership(options: SimulateCommandOptions): Promise<object> {
  for (const name of ['roots', 'now', 'revealed', 'handle', 'beacon'] as const) {
    if (options[name] !== undefined) throw new UsageError(`--${name} goes with --policy`)
  }
  const { root } = await readGroup(options.group!)
  const { nullifier } = options
  return {
    ...{ statement: 'membership', root },
    ...(nullifier !== undefined && { nullifier: parseDecimal(nullifier, '--nullifier') }),
  }
}

async function readClaim(options: SimulateCommandOptions): Promise<object> {
  if (options.roots === undefined) throw new UsageError('--roots is needed for a policy')
  const now = readTime(options.now, '--now')
  const policy = await readPolicy(options.policy!)
  const roots = await readRoots(options.roots)
  const beacon = await readBeaconFor(policy, options.beacon)
  return { ...{ policy, roots, now }, ...(beacon && { beacon }), ...(await readChosen(policy, options)) }
}
