import type { Command } from 'commander'
import { verifyTimed } from '../designated/timed.js'
import { parseDecimal } from '../field.js'
import { compilePolicy } from '../policy/index.js'
import { claimText } from '../statements/signals.js'
import {
  createVerifier,
  type Freshness,
  type Verification,
  type Verifier,
  type VerifyOptions,
} from '../verifier/index.js'
import { type ContextOptions, readContext, withContext } from './context.js'
import { sayProvenance } from './development-key.js'
import { UsageError } from './errors.js'
import { readBeaconFor, readGroup, readPolicy, readRoots } from './inputs.js'
import { printJson, readJson, say } from './io.js'
import { collect, readTime } from './options.js'
import { type ProofSystemOptions, readProofSystem, requireGroth16, withProofSystem } from './proof-system.js'

interface VerifyCommandOptions extends ContextOptions, ProofSystemOptions {
  readonly policy?: string
  readonly roots: readonly string[]
  readonly group: readonly string[]
  readonly root: readonly string[]
  readonly now?: string
  readonly maxClockSkew?: string
  readonly minQueueLength: readonly string[]
  readonly maxLedgerAge: readonly string[]
  readonly beacon?: string
  readonly receivedAt?: string
  readonly allowDevelopmentKeys?: boolean
  readonly manifest?: string
}

/** Adds `soulproof verify`. */
export function addVerifyCommand(program: Command): void {
  withProofSystem(withContext(program.command('verify')))
    .description('verify a proof against what you expect; nothing of that is taken from the proof')
    .argument('<proof>', 'envelope that prove wrote, or - for stdin')
    .option('--policy <file>', 'policy that must hold')
    .option('--roots <file>', 'roots that you accept; may be given several times', collect, [])
    .option('--group <file>', 'group to be a member of; may be given several times', collect, [])
    .option('--root <decimal>', 'root of such a group; may be given several times', collect, [])
    .option('--now <seconds>', "your clock, Unix time, instead of the machine's")
    .option('--max-clock-skew <seconds>', "greatest difference of the proof's clock either way; default 300")
    .option(
      '--min-queue-length <ledger=number>',
      'entries that the root of a ledger has to contain at least; the ledger by its id or its name in the policy',
      collect,
      [],
    )
    .option('--max-ledger-age <ledger=seconds>', 'greatest age of the root of a ledger', collect, [])
    .option(
      '--beacon <file>',
      'of a timed policy: the beacon that proofs had to be made for, see timed beacon',
    )
    .option('--received-at <seconds>', 'of a timed policy: when you received the proof; by default now')
    .option('--manifest <file>', "manifest of keys that you trust, instead of the package's own")
    .option('--allow-development-keys', 'for tests: accept keys for which anybody can forge proofs')
    .addHelpText(
      'after',
      `
The exit code is 0 for a valid proof, 1 for a refused one. Store the nullifier: a second proof with the same one is by
the same Soul or person. This command does not remember any.

Examples:
  $ soulproof verify proof.json --policy policy.json --roots roots.json --scope airdrop-1 --message 'session 4711'
  $ soulproof verify proof.json --group members.json --scope poll-7 --message yes`,
    )
    .action(verify)
}

async function verify(path: string, options: VerifyCommandOptions): Promise<void> {
  const { allowDevelopmentKeys = false } = options
  requireGroth16(options)
  const context = readContext(options)
  const { statement, expectation } =
    options.policy === undefined ? await expectMembership(options) : await expectPolicy(options)
  const envelope = await readJson(path, 'proof')
  const manifest = options.manifest === undefined ? undefined : await readJson(options.manifest, '--manifest')
  const verifier = await createVerifier({
    ...{ allowDevelopmentKeys, proofSystem: readProofSystem(options) },
    ...(manifest !== undefined && { manifest }),
  })
  const asked = { ...context, ...expectation, envelope }
  const result = await ('beacon' in expectation
    ? verifyTimed({ ...(asked as unknown as TimedOptions), verifier: verifier as Verifier })
    : verifier.verify(asked as VerifyOptions))
  if (result.valid) sayProvenance(statement, verifier.provenance(statement))
  if (!result.valid) {
    say(`refused: ${result.reason}`)
    process.exitCode = 1
  }
  printJson(toJson(result))
}

type TimedOptions = Omit<Parameters<typeof verifyTimed>[0], 'verifier'>
type Expectation = { readonly statement: string; readonly expectation: object }

async function expectMembership(options: VerifyCommandOptions): Promise<Expectation> {
  if (options.root.length + options.group.length === 0) {
    throw new UsageError('--policy, or --group or --root is needed')
  }
  const { beacon, receivedAt, now, maxClockSkew, minQueueLength, maxLedgerAge } = options
  const ofPolicies = [beacon, receivedAt, now, maxClockSkew].some((option) => option !== undefined)
  if (ofPolicies || [options.roots, minQueueLength, maxLedgerAge].some((list) => list.length > 0)) {
    throw new UsageError('--group and --root go with scope and message alone; other options go with --policy')
  }
  const roots = options.root.map((root) => parseDecimal(root, '--root'))
  for (const file of options.group) roots.push((await readGroup(file)).root)
  return { statement: 'membership', expectation: { statement: 'membership', roots } }
}

async function expectPolicy(options: VerifyCommandOptions): Promise<Expectation> {
  if (options.root.length + options.group.length > 0) {
    throw new UsageError('--policy and --group or --root exclude each other')
  }
  if (options.roots.length === 0) throw new UsageError('--roots is needed for a policy')
  const { maxClockSkew } = options
  const now = readTime(options.now, '--now')
  const policy = await readPolicy(options.policy!)
  const roots = []
  for (const file of options.roots) roots.push(await readRoots(file))
  const skew = maxClockSkew === undefined ? undefined : readTime(maxClockSkew, '--max-clock-skew')
  const beacon = await readBeaconFor(policy, options.beacon)
  if (beacon === undefined && options.receivedAt !== undefined) {
    throw new UsageError('--received-at: goes with a timed policy')
  }
  const freshness = readFreshness(options)
  if (beacon !== undefined && freshness !== undefined) {
    throw new UsageError('--min-queue-length and --max-ledger-age: a timed policy reads no ledgers')
  }
  return {
    statement: compilePolicy(policy).profile.name,
    expectation: {
      ...{ policy, roots, now },
      ...(skew !== undefined && { maxClockSkew: skew }),
      ...(freshness && { freshness }),
      ...(beacon && { beacon, receivedAt: readTime(options.receivedAt, '--received-at') }),
    },
  }
}

/** Reads what is demanded of the roots of ledgers, by the name that each is given. */
function readFreshness(options: VerifyCommandOptions): Record<string, Freshness> | undefined {
  const demands: Record<string, Freshness> = {}
  const read = (list: readonly string[], label: string, key: keyof Freshness): void => {
    for (const text of list) {
      // Ids of ledgers may have the sign in them, numbers do not.
      const at = text.lastIndexOf('=')
      if (at < 1) throw new UsageError(`${label}: must be a ledger, = and a number`)
      const [name, value] = [text.slice(0, at), readTime(text.slice(at + 1), label)]
      const known = Object.hasOwn(demands, name) ? demands[name] : {}
      if (Object.hasOwn(known!, key)) throw new UsageError(`${label}: is given twice for a ledger`)
      demands[name] = { ...known, [key]: value }
    }
  }
  read(options.minQueueLength, '--min-queue-length', 'minQueueLength')
  read(options.maxLedgerAge, '--max-ledger-age', 'maxAge')
  return Object.keys(demands).length === 0 ? undefined : demands
}

function toJson(result: Verification): unknown {
  if (!result.valid) return result
  const { nullifier, revealed, handle } = result
  return {
    valid: true,
    nullifier: nullifier.toString(),
    revealed: Object.fromEntries(Object.entries(revealed).map(([name, value]) => [name, claimText(value)])),
    ...(handle !== undefined && { handle: handle.toString() }),
  }
}
