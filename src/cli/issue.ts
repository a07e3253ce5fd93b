import type { Command } from 'commander'
import { assertUint } from '../field.js'
import { proofToJson, type Registry } from '../merkle/index.js'
import { readDecimal, readObject, within } from '../merkle/json.js'
import { type ClaimType, defineSchema, type Issuer, issueSbt, type Schema, sbtToJson } from '../sbt/index.js'
import { signatureToJson } from '../sbt/json.js'
import { readClaims, readSeconds } from './claims.js'
import { RefusedError, UsageError } from './errors.js'
import {
  formatJson,
  type Output,
  PRIVATE_MODE,
  readJson,
  refuseExisting,
  say,
  withLocks,
  writeFiles,
} from './io.js'
import { openIssuer, readIssuerId } from './keys.js'
import { readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { insertOnce, readRegistry, registryOutput } from './registry-file.js'

interface IssueOptions extends PassphraseOptions {
  readonly issuer?: string
  readonly issuerId?: string
  readonly registry?: string
  readonly status?: string
  readonly out?: string
  readonly force?: boolean
}

/** Adds `soulproof issue`. */
export function addIssueCommand(program: Command): void {
  withPassphrase(program.command('issue'))
    .description('issue an SBT: sign it, register it, or both')
    .argument('<request>', 'JSON file with schema, holder and claims, or - for stdin')
    .option('--issuer <file>', 'key file of the issuer, which signs')
    .option(
      '--issuer-id <id>',
      'id of an issuer that does not sign here, such as eip155:<chainId>:<0xaddress>',
    )
    .option('--registry <file>', "the issuer's registry: insert the SBT's leaf")
    .option(
      '--status <file>',
      "the issuer's status tree: reserve the next statusId, unless the request names one",
    )
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      `
The request:
  { "schema": { "name": "citizenship/1", "claims": { "country": "string", "birthDate": "date" } },
    "holder": "<decimal, from soul blind>",
    "claims": { "country": "CA", "birthDate": "1990-05-17" },
    "issuedAt": 1763700000, "expiresAt": "2030-01-01", "statusId": 7 }
issuedAt is now if it is absent; expiresAt is never; statusId is needed for a signature without --status.

Example:
  $ soulproof issue request.json --issuer gov.issuer.json --status gov.status.json --out passport.json`,
    )
    .action(issue)
}

interface Request {
  readonly schema: Schema
  readonly holder: bigint
  readonly claims: ReturnType<typeof readClaims>
  readonly issuedAt: bigint
  readonly expiresAt: bigint
  readonly statusId: number | undefined
}

async function issue(source: string, options: IssueOptions): Promise<void> {
  const { registry: registryPath, status: statusPath, out, force = false } = options
  if ((options.issuer === undefined) === (options.issuerId === undefined)) {
    throw new UsageError('--issuer or --issuer-id is needed, and only one of them')
  }
  if (out !== undefined && out !== '-' && !force) await refuseExisting(out)
  const id = options.issuerId === undefined ? undefined : readIssuerId(options.issuerId)
  const request = readRequest(await readJson(source, 'request'))
  const isSigned = options.issuer !== undefined
  if (isSigned && request.statusId === undefined && statusPath === undefined) {
    throw new UsageError(
      'request.statusId: is missing: SBTs of one statusId are revoked together; or give --status',
    )
  }
  const issuer = id ?? (await openIssuer(options.issuer!, options))
  const trees = [registryPath, statusPath].filter((path) => path !== undefined)
  if (new Set(trees).size !== trees.length) throw new UsageError('--registry and --status name the same file')
  await withLocks(trees, async () => {
    const registry = registryPath === undefined ? undefined : await readRegistry(registryPath, 'issued')
    const status = statusPath === undefined ? undefined : await readRegistry(statusPath, 'status')
    const issued = formatJson(issueInto({ issuer, request, registry, status }))
    const outputs: Output[] = []
    if (registry) outputs.push(registryOutput(registry, registryPath!, true))
    if (status) outputs.push(registryOutput(status, statusPath!, true))
    const isFile = out !== undefined && out !== '-'
    if (isFile) outputs.unshift({ path: out, content: issued, mode: PRIVATE_MODE, replace: force })
    await writeFiles(outputs)
    if (!isFile) process.stdout.write(issued)
  })
  if (!isSigned && registryPath === undefined) {
    say('note: the SBT is not signed; it counts once its leaf is in the registry of the issuer')
  }
}

function issueInto(o: {
  issuer: Issuer | string
  request: Request
  registry: Registry | undefined
  status: Registry | undefined
}): unknown {
  const { issuer, request, registry, status } = o
  const statusId = request.statusId ?? status?.insert(0n) ?? 0
  if (status) requireReserved(status, statusId)
  const { sbt, signature } = issueSbt({ ...request, issuer, statusId })
  const registered = registry?.proof(insertOnce(registry, sbt.leaf))
  return {
    sbt: sbtToJson(sbt),
    ...(signature && { signature: signatureToJson(signature) }),
    ...(status && signature && { status: proofToJson(status.proof(statusId)) }),
    ...(registered && { registered: proofToJson(registered) }),
  }
}

/** A statusId beyond the tree's end would be given out once more; one that is revoked revokes the SBT. */
function requireReserved(status: Registry, statusId: number): void {
  if (statusId >= status.size) {
    throw new RefusedError('request.statusId: is not reserved in the status tree; see registry insert')
  }
  if (status.proof(statusId).leaf !== 0n) throw new RefusedError('request.statusId: is revoked')
}

function readRequest(json: unknown): Request {
  const { content, others } = readSigned(json, 'request', ['holder'], ['issuedAt', 'statusId'])
  const { statusId } = others
  if (statusId !== undefined && (typeof statusId !== 'number' || !Number.isSafeInteger(statusId))) {
    throw new UsageError('request.statusId: must be an integer')
  }
  return {
    ...content,
    holder: readDecimal(others['holder'], 'request.holder'),
    issuedAt:
      'issuedAt' in others ? readMoment(others['issuedAt'], 'request.issuedAt') : readTime(undefined, ''),
    statusId,
  }
}

/** What an issuer attests. */
type Content = Pick<Request, 'schema' | 'claims' | 'expiresAt'>

/** Reads what is to be attested: schema and claims, and expiresAt unless it is never. Throws {@link SchemaError}. */
export function readContent(json: unknown): Content {
  return readSigned(json, 'content').content
}

function readSigned(
  json: unknown,
  path: string,
  required: readonly string[] = [],
  optional: readonly string[] = [],
): { readonly content: Content; readonly others: Readonly<Record<string, unknown>> } {
  const object = readObject(json, path, ['schema', 'claims', ...required], ['expiresAt', ...optional])
  const { name, claims } = readObject(object['schema'], `${path}.schema`, ['name', 'claims'], ['hash'])
  const schema = within(`${path}.schema`, () =>
    defineSchema({ name: name as string, claims: claims as Record<string, ClaimType> }),
  )
  return {
    content: {
      schema,
      claims: readClaims(schema, object['claims'], `${path}.claims`),
      expiresAt: 'expiresAt' in object ? readMoment(object['expiresAt'], `${path}.expiresAt`) : 0n,
    },
    others: object,
  }
}

function readMoment(json: unknown, path: string): bigint {
  const seconds = readSeconds(json, path)
  assertUint(seconds, 64, path)
  return seconds
}
