import type { Command } from 'commander'
import { proofToJson } from '../merkle/index.js'
import { isRecord, readDecimal, readObject } from '../merkle/json.js'
import { heldSbtFromJson, heldSbtToJson, sbtFromJson, verifySbt } from '../sbt/index.js'
import { RefusedError, UsageError } from './errors.js'
import { emitJson, readJson } from './io.js'
import { openSoul } from './keys.js'
import { readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { openLeaf, readRegistry } from './registry-file.js'

interface HoldOptions extends PassphraseOptions {
  readonly issued: string
  readonly blinding?: string
  readonly soul?: string
  readonly registry?: string
  readonly status?: string
  readonly anchor?: string
  readonly now?: string
  readonly out?: string
  readonly force?: boolean
}

/** Adds `soulproof soul hold`. */
export function addHoldCommand(soul: Command): void {
  withPassphrase(soul.command('hold'))
    .description(
      'check an issued SBT and turn it into a held one for prove; again whenever the issuer publishes new trees',
    )
    .requiredOption('--issued <file>', 'what `issue` printed, or a held SBT to refresh; - for stdin')
    .option('--blinding <file>', 'what `soul blind` wrote; not needed for a held SBT')
    .option('--soul <file>', 'check also that the SBT is of this Soul')
    .option('--registry <file>', "the issuer's published registry, to open the SBT's leaf in")
    .option('--status <file>', "the issuer's published status tree, to show that it is not revoked")
    .option('--anchor <kind>', 'signed or registered; by default signed if there is a signature')
    .option('--now <seconds>', "check the SBT's times at this Unix time instead of the machine's")
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof soul hold --issued degree.json --blinding degree.blinding.json \\\n' +
        '      --status university.status.json --out degree.held.json',
    )
    .action(hold)
}

async function hold(options: HoldOptions): Promise<void> {
  const now = readTime(options.now, '--now')
  const parts = readParts(await readJson(options.issued, '--issued'))
  const sbt = sbtFromJson(parts.sbt)
  const salt = parts.salt ?? (await readSalt(options.blinding, sbt.holder))
  const registry = options.registry === undefined ? undefined : await readRegistry(options.registry, 'issued')
  const status = options.status === undefined ? undefined : await readRegistry(options.status, 'status')
  const held = heldSbtFromJson({
    sbt: parts.sbt,
    salt,
    anchor: chooseAnchor(options.anchor, {
      signature: parts.signature,
      status: status === undefined ? parts.status : proofToJson(status.proof(sbt.statusId)),
      registered: registry === undefined ? parts.registered : proofToJson(openLeaf(registry, sbt.leaf)),
    }),
  })
  const soul = options.soul === undefined ? undefined : await openSoul(options.soul, options)
  // Openings made here lead to the given trees' roots; whether others accept these is theirs to say.
  const result = verifySbt({ ...held, ...(soul && { soul }), now })
  if (!result.valid) throw new RefusedError(result.reason)
  await emitJson(heldSbtToJson(held), options)
}

interface Parts {
  readonly sbt: unknown
  readonly salt?: unknown
  readonly signature?: unknown
  readonly status?: unknown
  readonly registered?: unknown
}

/** Reads what `issue` printed, or a held SBT, into the same parts; their content is checked later. */
function readParts(json: unknown): Parts {
  if (isRecord(json) && Object.hasOwn(json, 'anchor')) {
    const { sbt, salt, anchor } = readObject(json, 'held', ['sbt', 'salt', 'anchor'])
    return { sbt, salt, ...readObject(anchor, 'anchor', [], ['signature', 'status', 'registered']) }
  }
  const { sbt, ...anchors } = readObject(json, 'issued', ['sbt'], ['signature', 'status', 'registered'])
  return { sbt, ...anchors }
}

async function readSalt(path: string | undefined, holder: bigint): Promise<unknown> {
  if (path === undefined) throw new UsageError('--blinding is needed for an SBT that is not held yet')
  const blinding = readObject(await readJson(path, '--blinding'), 'blinding', ['holder', 'salt'])
  if (readDecimal(blinding['holder'], 'blinding.holder') !== holder) {
    throw new RefusedError('blinding.holder: is not the holder to whom the SBT is issued')
  }
  return blinding['salt']
}

function chooseAnchor(wanted: string | undefined, parts: Omit<Parts, 'sbt' | 'salt'>): unknown {
  const { signature, status, registered } = parts
  const anchor = wanted ?? (signature === undefined ? 'registered' : 'signed')
  if (anchor === 'signed') {
    if (signature === undefined) throw new UsageError('--anchor: the SBT has no signature')
    return { signature, ...(status !== undefined && { status }) }
  }
  if (anchor !== 'registered') throw new UsageError('--anchor must be signed or registered')
  if (registered === undefined) throw new UsageError('--registry is needed to open the leaf of the SBT in')
  return { registered }
}
