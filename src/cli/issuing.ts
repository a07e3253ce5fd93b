import type { Command } from 'commander'
import {
  acceptSbt,
  DEFAULT_OFFER_SECONDS,
  grantSbt,
  type Issued,
  type OpenPersons,
  offerSbt,
  openPersons,
  type PendingRequest,
  readOffer,
  requestSbt,
} from '../issuing/index.js'
import { typeOf } from '../issuing/messages.js'
import type { Registry } from '../merkle/index.js'
import { heldSbtToJson, type Issuer, type Sbt, sbtFromJson } from '../sbt/index.js'
import { createVerifier } from '../verifier/index.js'
import { sayProvenance } from './development-key.js'
import { RefusedError, UsageError } from './errors.js'
import {
  emitJson,
  formatJson,
  type Output,
  PRIVATE_MODE,
  printJson,
  readJson,
  refuseExisting,
  withLocks,
  writeFiles,
} from './io.js'
import { readContent } from './issue.js'
import { openIssuer, openSoul, readIssuerId } from './keys.js'
import { readInteger, readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { withProgress } from './progress.js'
import { type ProverOptions, partBehind, useProver, withProver } from './prover.js'
import { readRegistry, registryOutput } from './registry-file.js'

interface OutOptions {
  readonly out?: string
  readonly force?: boolean
}

interface IssuerOptions extends PassphraseOptions {
  readonly issuer: string
  readonly persons: string
  readonly person: string
  readonly now?: string
}

/** Adds `soulproof issuing offer|request|grant|accept|release`. */
export function addIssuingCommand(program: Command): void {
  const issuing = program
    .command('issuing')
    .description('issue one SBT to one person and one Soul, in three messages: offer, request, issued')
  const withPerson = (command: Command): Command =>
    withPassphrase(command)
      .requiredOption('--issuer <file>', 'key file of the issuer')
      .requiredOption('--persons <folder>', 'where the issuer remembers to whom it issued')
      .requiredOption('--person <name>', "the issuer's own name for the person, whom it has identified")
      .option('--now <seconds>', "Unix time instead of the machine's")
  const withOut = (command: Command): Command =>
    command.option('--out <file>', 'write here instead of stdout').option('--force', 'replace the file')

  withOut(withPerson(issuing.command('offer')))
    .description('the issuer: sign what will be attested to a person')
    .argument('<content>', 'JSON file with schema, claims and expiresAt as for issue, or - for stdin')
    .option('--seconds <number>', 'how long the offer stands', DEFAULT_OFFER_SECONDS.toString())
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof issuing offer content.json --issuer gov.issuer.json --persons gov.persons \\\n' +
        "      --person 'register 4711' --out offer.json",
    )
    .action(offer)

  withProver(withPassphrase(issuing.command('request')))
    .description('the holder: check an offer, blind the Soul afresh and prove that its secret is known')
    .argument('<offer>', 'file that offer wrote, or - for stdin')
    .requiredOption('--soul <file>', 'key file of the Soul')
    .requiredOption('--issuer-id <id>', 'the issuer, as you know it: not from the offer')
    .requiredOption(
      '--pending <file>',
      'file to keep until the SBT is there: its salt links the SBT to the Soul',
    )
    .option('--person <name>', "the issuer's name for you, if you know it: an offer to others is refused")
    .option('--now <seconds>', "Unix time instead of the machine's")
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof issuing request offer.json --soul alice.soul.json --issuer-id eddsa:12…:34… \\\n' +
        '      --pending passport.pending.json --out request.json',
    )
    .action(request)

  withOut(withPerson(issuing.command('grant')))
    .description('the issuer: check a request and issue; the same request again gets the same SBT')
    .argument('<request>', 'file that request wrote, or - for stdin')
    .requiredOption('--status <file>', "the issuer's status tree: reserve a statusId")
    .option('--registry <file>', "the issuer's registry: insert the SBT's leaf too")
    .option('--manifest <file>', "manifest of a ceremony that you trust, instead of the package's own keys")
    .option('--allow-development-keys', 'for tests: accept keys for which anybody can forge proofs')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof issuing grant request.json --issuer gov.issuer.json --persons gov.persons \\\n' +
        "      --person 'register 4711' --status gov.status.json --out issued.json",
    )
    .action(grant)

  withOut(withPassphrase(issuing.command('accept')))
    .description('the holder: check what was issued against the offer, and make it a held SBT')
    .argument('<issued>', 'file that grant wrote, or - for stdin')
    .requiredOption('--pending <file>', 'file that request kept')
    .option('--soul <file>', 'check also that it is of this Soul')
    .option('--now <seconds>', "Unix time instead of the machine's")
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof issuing accept issued.json --pending passport.pending.json --out passport.held.json',
    )
    .action(accept)

  withPerson(issuing.command('release'))
    .description(
      'the issuer: forget that a person has an SBT, once it is revoked, so that it can be issued anew',
    )
    .argument('<content>', 'JSON file with the schema, as for offer')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof issuing release content.json --issuer gov.issuer.json --persons gov.persons \\\n' +
        "      --person 'register 4711'",
    )
    .action(release)
}

async function offer(
  source: string,
  options: IssuerOptions & OutOptions & { seconds: string },
): Promise<void> {
  const { person, out, force = false } = options
  if (out !== undefined && out !== '-' && !force) await refuseExisting(out)
  const now = readTime(options.now, '--now')
  const seconds = BigInt(readInteger(options.seconds, '--seconds'))
  const { schema, claims, expiresAt } = readContent(await readJson(source, 'content'))
  await withPersons(options, async ({ issuer, persons }) => {
    const sbtExpiresAt = expiresAt
    const made = await offerSbt({ issuer, persons, person, schema, claims, sbtExpiresAt, seconds, now })
    await emitJson(made, options)
  })
}

async function request(
  source: string,
  options: PassphraseOptions &
    ProverOptions & { soul: string; issuerId: string; pending: string; person?: string; now?: string },
): Promise<void> {
  const { pending: path, person, out, force: replace = false } = options
  if (out === path) throw new UsageError('--out and --pending name the same file')
  if (!replace) await refuseExisting(path)
  const now = readTime(options.now, '--now')
  const issuer = readIssuerId(options.issuerId)
  const json = await readJson(source, 'offer')
  const checked = readOffer({ offer: json, issuer, now, ...(person !== undefined && { person }) })
  await useProver(options, async (prover) => {
    const soul = await openSoul(options.soul, options)
    const made = await withProgress('request', (progress) =>
      requestSbt({
        ...{ offer: checked, soul, prover, now },
        onProgress: (phase, share) => progress.report(phase, partBehind(phase, share)),
      }),
    )
    sayProvenance(made.request.possession.statement, made.request.possession.provenance)
    const outputs: Output[] = [{ path, content: formatJson(made.pending), mode: PRIVATE_MODE, replace }]
    const isFile = out !== undefined && out !== '-'
    if (isFile) outputs.push({ path: out, content: formatJson(made.request), mode: PRIVATE_MODE, replace })
    await writeFiles(outputs)
    if (!isFile) printJson(made.request)
  })
}

async function grant(
  source: string,
  options: IssuerOptions &
    OutOptions & { status: string; registry?: string; manifest?: string; allowDevelopmentKeys?: boolean },
): Promise<void> {
  const { status: statusPath, registry: registryPath, person, out, force: replace = false } = options
  const { allowDevelopmentKeys = false } = options
  if (out !== undefined && out !== '-' && !replace) await refuseExisting(out)
  if (statusPath === registryPath) throw new UsageError('--registry and --status name the same file')
  const now = readTime(options.now, '--now')
  const json = await readJson(source, 'request')
  const manifest = options.manifest === undefined ? undefined : await readJson(options.manifest, '--manifest')
  const verifier = await createVerifier({ allowDevelopmentKeys, ...(manifest !== undefined && { manifest }) })
  const trees = [statusPath, registryPath].filter((path) => path !== undefined)
  await withLocks(trees, () =>
    withPersons(options, async ({ issuer, persons }) => {
      const status = await readRegistry(statusPath, 'status')
      const registry = registryPath === undefined ? undefined : await readRegistry(registryPath, 'issued')
      const reserve = (): number => status.insert(0n)
      const issued = await grantSbt({ issuer, persons, verifier, request: json, person, reserve, now })
      enter(issued, { status, registry })
      const outputs: Output[] = [registryOutput(status, statusPath, true)]
      if (registry) outputs.push(registryOutput(registry, registryPath!, true))
      const content = formatJson(issued)
      const isFile = out !== undefined && out !== '-'
      if (isFile) outputs.unshift({ path: out, content, mode: PRIVATE_MODE, replace })
      await writeFiles(outputs)
      if (!isFile) process.stdout.write(content)
    }),
  )
}

/** Brings the trees to what they have to be: a run before may have been cut off after the person was recorded. */
function enter(
  issued: Issued,
  trees: { readonly status: Registry; readonly registry: Registry | undefined },
): void {
  const { status, registry } = trees
  const sbt: Sbt = sbtFromJson(issued.sbt)
  while (status.size <= sbt.statusId) status.insert(0n)
  if (status.proof(sbt.statusId).leaf !== 0n) {
    throw new RefusedError('the SBT of this person is revoked; issuing release lets another one be issued')
  }
  if (registry !== undefined && !registry.leaves.includes(sbt.leaf)) registry.insert(sbt.leaf)
}

async function accept(
  source: string,
  options: PassphraseOptions & OutOptions & { pending: string; soul?: string; now?: string },
): Promise<void> {
  const now = readTime(options.now, '--now')
  const issued = await readJson(source, 'issued')
  const pending = (await readJson(options.pending, '--pending')) as PendingRequest
  const soul = options.soul === undefined ? undefined : await openSoul(options.soul, options)
  const held = acceptSbt({ pending, issued, now, ...(soul && { soul }) })
  await emitJson(heldSbtToJson(held), options)
}

async function release(source: string, options: IssuerOptions): Promise<void> {
  const { schema } = readContent(await readJson(source, 'content'))
  await withPersons(options, async ({ issuer, persons }) => {
    const record = await persons.release({
      type: typeOf({ issuer: issuer.id, schema }),
      person: options.person,
    })
    if (record === undefined) throw new RefusedError('the person has no SBT of this schema')
    const { statusId, sbtHash, issuedAt } = record
    printJson({ released: { statusId, sbtHash, issuedAt } })
  })
}

async function withPersons(
  options: IssuerOptions,
  use: (o: { readonly issuer: Issuer; readonly persons: OpenPersons }) => Promise<void>,
): Promise<void> {
  const issuer = await openIssuer(options.issuer, options)
  const persons = await openPersons({ path: options.persons })
  try {
    await use({ issuer, persons })
  } finally {
    await persons.close()
  }
}
