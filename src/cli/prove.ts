import type { Command } from 'commander'
import { proveTimed } from '../designated/timed.js'
import type { ProveOptions, ProvingPhase } from '../prover/index.js'
import { type HeldSbt, heldSbtFromJson } from '../sbt/index.js'
import { type ContextOptions, readContext, withContext } from './context.js'
import { sayProvenance } from './development-key.js'
import { UsageError } from './errors.js'
import { readBeaconFor, readGroup, readOpenings, readPolicy, readRoots, readSet } from './inputs.js'
import { emitJson, PUBLIC_MODE, readJson } from './io.js'
import { openSoul } from './keys.js'
import { collect, readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { withProgress } from './progress.js'
import { requireGroth16, withProofSystem } from './proof-system.js'
import { type ProverOptions, partBehind, useProver, withProver } from './prover.js'

interface ProveCommandOptions extends ContextOptions, PassphraseOptions, ProverOptions {
  readonly soul: string
  readonly policy?: string
  readonly roots?: string
  readonly sbt: readonly string[]
  readonly set: readonly string[]
  readonly ledger: readonly string[]
  readonly beacon?: string
  readonly group?: string
  readonly now?: string
}

type TimedOptions = Omit<Parameters<typeof proveTimed>[0], 'prover'>

/** Adds `soulproof prove`. */
export function addProveCommand(program: Command): void {
  const command = withContext(withPassphrase(program.command('prove')))
    .description('prove that the SBTs of a Soul satisfy a policy, or that the Soul is a member of a group')
    .requiredOption('--soul <file>', 'key file of the Soul')
    .option('--policy <file>', 'policy to prove; - for stdin')
    .option('--roots <file>', "issuers' published roots, for a policy")
    .option('--sbt <file>', 'a held SBT, see soul hold; may be given several times', collect, [])
    .option('--set <file>', 'a set that the policy names by root; may be given several times', collect, [])
    .option(
      '--ledger <file>',
      'opening of a ledger that the policy reads, see ledger proof; may be given several times',
      collect,
      [],
    )
    .option('--beacon <file>', 'of a timed policy: the beacon, see timed beacon')
    .option('--group <file>', 'prove membership of this group instead: {"members": ["<decimal>", …]}')
    .option('--now <seconds>', "Unix time of the proof instead of the machine's")
  withProver(withProofSystem(command))
    .addHelpText(
      'after',
      `
A proof with a verifier key convinces only the owner of that key, who could have made it alone. Disclosed handles and
revealed values that nobody could guess still tell others that it is real.

Examples:
  $ soulproof prove --soul alice.soul.json --policy policy.json --roots roots.json --sbt passport.held.json \\
      --scope airdrop-1 --message 'session 4711' --out proof.json
  $ soulproof prove --soul alice.soul.json --group members.json --scope poll-7 --message yes`,
    )
    .action(prove)
}

async function prove(options: ProveCommandOptions): Promise<void> {
  if ((options.policy === undefined) === (options.group === undefined)) {
    throw new UsageError('--policy or --group is needed, and only one of them')
  }
  requireGroth16(options)
  const context = readContext(options)
  await useProver(options, async (prover) => {
    const claim = options.policy === undefined ? await readMembership(options) : await readWallet(options)
    const envelope = await withProgress('prove', (progress) => {
      const onProgress = (phase: ProvingPhase, share: number): void =>
        progress.report(phase, partBehind(phase, share))
      const asked = { ...context, ...claim, onProgress }
      // Only timed policies have a beacon.
      if ('beacon' in claim) return proveTimed({ ...(asked as unknown as TimedOptions), prover })
      return prover.prove(asked as ProveOptions)
    })
    sayProvenance(envelope.statement, envelope.provenance)
    await emitJson(envelope, { ...options, mode: PUBLIC_MODE })
  })
}

async function readMembership(options: ProveCommandOptions): Promise<object> {
  for (const name of ['roots', 'now', 'beacon'] as const) {
    if (options[name] !== undefined) throw new UsageError(`--${name} goes with --policy`)
  }
  for (const name of ['sbt', 'set', 'ledger'] as const) {
    if (options[name].length > 0) throw new UsageError(`--${name} goes with --policy`)
  }
  const group = await readGroup(options.group!)
  return { statement: 'membership', group, soul: await openSoul(options.soul, options) }
}

async function readWallet(options: ProveCommandOptions): Promise<object> {
  if (options.roots === undefined) throw new UsageError('--roots is needed for a policy')
  const now = readTime(options.now, '--now')
  const policy = await readPolicy(options.policy!)
  const roots = await readRoots(options.roots)
  const beacon = await readBeaconFor(policy, options.beacon)
  const ledgers = await readOpenings(options.ledger, policy)
  const sbts = []
  for (const path of options.sbt) sbts.push(await readHeld(path))
  const sets = []
  for (const path of options.set) sets.push(await readSet(path))
  // Last, so that nothing asks for a passphrase in vain.
  return {
    ...{ policy, roots, now, sbts, sets, ledgers },
    ...(beacon && { beacon }),
    soul: await openSoul(options.soul, options),
  }
}

async function readHeld(path: string): Promise<HeldSbt> {
  const json = await readJson(path, '--sbt')
  if (typeof json === 'object' && json !== null && !Object.hasOwn(json, 'salt')) {
    throw new UsageError(`--sbt: ${path} has no salt: an issued SBT becomes a held one by soul hold`)
  }
  return heldSbtFromJson(json)
}
