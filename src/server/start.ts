import { resolve } from 'node:path'
import { SchemaError } from '../errors.js'
import type { FieldInput } from '../field.js'
import { isRecord, readDecimal, readObject } from '../merkle/json.js'
import { createVerifier, type Freshness } from '../verifier/index.js'
import { createService, type Service } from './app.js'
import type { ClaimStore } from './claims.js'
import { createGate, type Gate, GateError, type GateRequirement } from './gate.js'
import { openLevelStore } from './level-store.js'
import { createMetrics, type Metrics } from './metrics.js'
import { openPostgresStore } from './postgres-store.js'
import { followRootsFile, groupSnapshots, readJsonFile, rootSnapshots } from './roots-file.js'

/** A gate of a configuration. Paths are absolute. */
export interface GateConfig {
  readonly name: string
  readonly scope: FieldInput
  /** Path of the policy, or `membership`. */
  readonly require: { readonly policy: string } | 'membership'
  /** Path of the file of snapshots, see docs/server.md. */
  readonly roots: string
  readonly maxRootAge: bigint | 'any'
  readonly admit: 'once' | 'each'
  readonly challenges: boolean
  readonly challengeSeconds?: bigint
  readonly maxClockSkew?: bigint
  readonly freshness?: Readonly<Record<string, Freshness>>
}

/** The configuration of a service, read and checked. Secrets are not in it: they come from the environment. */
export interface ServiceConfig {
  readonly host: string
  readonly port: number
  readonly audience: string
  readonly trustProxy: boolean | string
  readonly rateLimit: number | false
  readonly maxPending: number
  /** Folder of the embedded store, if `SOULPROOF_DATABASE` does not name a PostgreSQL. */
  readonly store: string
  readonly batch: { readonly size: number; readonly wait: number } | false
  readonly allowDevelopmentKeys: boolean
  /** Path of the manifest of a ceremony. */
  readonly manifest?: string
  /** Seconds after which files of roots are looked at again. */
  readonly reloadSeconds: number
  readonly gates: readonly GateConfig[]
}

/**
 * Reads the configuration of a service.
 *
 * @param json   see docs/server.md
 * @param folder what its paths are relative to
 * @throws {SchemaError} naming the part that is missing, unknown or malformed
 */
export function readServiceConfig(json: unknown, folder: string): ServiceConfig {
  if (typeof folder !== 'string') throw new TypeError('folder must be a string')
  const optional = ['host', 'port', 'trustProxy', 'rateLimit', 'maxPending', 'store', 'batch']
  const own = readObject(
    json,
    'config',
    ['audience', 'gates'],
    [...optional, ...KEY_OPTIONS, 'reloadSeconds'],
  )
  const { gates } = own
  if (!isRecord(gates) || Object.keys(gates).length === 0)
    throw new SchemaError('config.gates', 'must be an object with a gate')
  const path = (value: unknown, at: string): string => resolve(folder, text(value, at))
  const { trustProxy = false, rateLimit = 120, allowDevelopmentKeys = false, manifest } = own
  if (typeof allowDevelopmentKeys !== 'boolean')
    throw new SchemaError('config.allowDevelopmentKeys', 'must be true or false')
  if (!['boolean', 'string'].includes(typeof trustProxy))
    throw new SchemaError('config.trustProxy', 'must be true, or the addresses of proxies')
  return {
    host: text(own['host'] ?? '127.0.0.1', 'config.host'),
    port: whole(own['port'] ?? 8788, 'config.port', 0, 65_535),
    audience: text(own['audience'], 'config.audience'),
    trustProxy: trustProxy as boolean | string,
    rateLimit: rateLimit === false ? false : whole(rateLimit, 'config.rateLimit', 1, 1_000_000),
    maxPending: whole(own['maxPending'] ?? 2048, 'config.maxPending', 1, 1_000_000),
    store: path(own['store'] ?? 'claims', 'config.store'),
    batch: readBatch(own['batch']),
    allowDevelopmentKeys,
    ...(manifest !== undefined && { manifest: path(manifest, 'config.manifest') }),
    reloadSeconds: whole(own['reloadSeconds'] ?? 10, 'config.reloadSeconds', 1, 86_400),
    gates: Object.entries(gates).map(([name, gate], i) => readGate(name, gate, `config.gates[${i}]`, path)),
  }
}

const KEY_OPTIONS = ['allowDevelopmentKeys', 'manifest']

function readBatch(json: unknown): ServiceConfig['batch'] {
  if (json === false) return false
  const { size = 32, wait = 2 } =
    json === undefined ? {} : readObject(json, 'config.batch', [], ['size', 'wait'])
  return { size: whole(size, 'config.batch.size', 2, 1024), wait: whole(wait, 'config.batch.wait', 0, 1000) }
}

function readGate(
  name: string,
  json: unknown,
  at: string,
  path: (value: unknown, at: string) => string,
): GateConfig {
  const own = readObject(
    json,
    at,
    ['roots', 'maxRootAge', 'admit'],
    [
      'scope',
      'scopeField',
      'policy',
      'statement',
      'challenges',
      'challengeSeconds',
      'maxClockSkew',
      'freshness',
    ],
  )
  const { policy, statement, scope, scopeField, maxRootAge, admit, challenges = admit === 'each' } = own
  if ((policy === undefined) === (statement === undefined))
    throw new SchemaError(at, 'must have policy or statement, and only one of them')
  if (statement !== undefined && statement !== 'membership')
    throw new SchemaError(`${at}.statement`, "must be 'membership'")
  if ((scope === undefined) === (scopeField === undefined))
    throw new SchemaError(at, 'must have scope or scopeField, and only one of them')
  if (admit !== 'once' && admit !== 'each') throw new SchemaError(`${at}.admit`, "must be 'once' or 'each'")
  if (typeof challenges !== 'boolean') throw new SchemaError(`${at}.challenges`, 'must be true or false')
  const seconds = (key: string): object =>
    own[key] === undefined ? {} : { [key]: BigInt(whole(own[key], `${at}.${key}`, 0, 2 ** 31)) }
  if (statement !== undefined && (own['maxClockSkew'] !== undefined || own['freshness'] !== undefined))
    throw new SchemaError(at, 'maxClockSkew and freshness go with a policy')
  return {
    name,
    scope:
      scopeField === undefined ? text(scope, `${at}.scope`) : readDecimal(scopeField, `${at}.scopeField`),
    require: statement === undefined ? { policy: path(policy, `${at}.policy`) } : 'membership',
    roots: path(own['roots'], `${at}.roots`),
    maxRootAge: maxRootAge === 'any' ? 'any' : BigInt(whole(maxRootAge, `${at}.maxRootAge`, 1, 2 ** 31)),
    admit,
    challenges,
    ...seconds('challengeSeconds'),
    ...seconds('maxClockSkew'),
    ...(own['freshness'] !== undefined && { freshness: readFreshness(own['freshness'], `${at}.freshness`) }),
  }
}

function readFreshness(json: unknown, at: string): Record<string, Freshness> {
  if (!isRecord(json)) throw new SchemaError(at, 'must be an object')
  return Object.fromEntries(
    Object.entries(json).map(([ledger, demand], i) => {
      const own = readObject(demand, `${at}[${i}]`, [], ['minQueueLength', 'maxAge'])
      const numbers = Object.entries(own).map(([key, value]) => [
        key,
        BigInt(whole(value, `${at}[${i}].${key}`, 0, Number.MAX_SAFE_INTEGER)),
      ])
      return [ledger, Object.fromEntries(numbers)]
    }),
  )
}

/**
 * Starts a service and returns where it listens.
 *
 * @param o.env  environment: `SOULPROOF_DATABASE` is a connection string of PostgreSQL; `SOULPROOF_CHALLENGE_SECRET` has 32 bytes or
 *   more in hex, and after a comma others that are still accepted
 * @throws {SchemaError|PolicyError|GateError} if files contradict each other or are malformed
 * @throws {ClaimStoreError} if the store does not open
 */
export async function startService(o: {
  readonly config: ServiceConfig
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log?: { write(line: string): void } | false
}): Promise<Service & { readonly url: string }> {
  const { config, env, log } = o
  const metrics = createMetrics()
  const secrets = readSecrets(env['SOULPROOF_CHALLENGE_SECRET'])
  const manifest = config.manifest === undefined ? undefined : await readJsonFile(config.manifest)
  const { batch, allowDevelopmentKeys } = config
  const verifier = await createVerifier({
    allowDevelopmentKeys,
    ...(manifest !== undefined && { manifest }),
    ...(batch && { batch: { ...batch, onBatch: metrics.batch } }),
  })
  const store = metrics.timed(await openStore(config, env['SOULPROOF_DATABASE'], metrics))
  let service: Service | undefined
  try {
    const gates: Gate[] = []
    for (const gate of config.gates) {
      if (gate.challenges && secrets === undefined)
        throw new GateError(`${gate.name}: SOULPROOF_CHALLENGE_SECRET is needed for challenges`)
      const { require, roots: _, challenges, ...rest } = gate
      const created = createGate({
        ...rest,
        ...{ verifier, store, audience: config.audience },
        require: await requirementOf(gate, config.reloadSeconds, metrics),
        ...(challenges && secrets && { challengeSecret: secrets }),
      })
      if (!allowDevelopmentKeys && verifier.provenance(created.statement).kind === 'development') {
        throw new GateError(
          `${gate.name}: the key of ${created.statement} is a development key, for which anybody can forge proofs`,
        )
      }
      gates.push(created)
    }
    const { host, port, trustProxy, rateLimit, maxPending } = config
    service = await createService({
      ...{ gates, store, metrics, trustProxy, rateLimit, maxPending },
      ...(log !== undefined && { log }),
    })
    if (allowDevelopmentKeys)
      service.app.log.warn('development keys are accepted: anybody can forge proofs for them')
    const url = await service.listen({ host, port })
    return { ...service, url }
  } catch (error) {
    // Closes the store as well.
    await (service?.close() ?? store.close())
    throw error
  }
}

async function requirementOf(gate: GateConfig, seconds: number, metrics: Metrics): Promise<GateRequirement> {
  const onTrouble = (): void => metrics.trouble('roots')
  const path = gate.roots
  if (gate.require === 'membership') {
    const file = await followRootsFile({ path, seconds, onTrouble, read: groupSnapshots })
    return { statement: 'membership', roots: () => file.current() }
  }
  const file = await followRootsFile({ path, seconds, onTrouble, read: rootSnapshots })
  const { maxClockSkew, freshness } = gate
  return {
    policy: await readJsonFile(gate.require.policy),
    roots: () => file.current(),
    ...(maxClockSkew !== undefined && { maxClockSkew }),
    ...(freshness && { freshness }),
  }
}

function openStore(
  config: ServiceConfig,
  database: string | undefined,
  metrics: Metrics,
): Promise<ClaimStore> {
  if (!database) return openLevelStore({ path: config.store })
  return openPostgresStore({ connectionString: database, onTrouble: () => metrics.trouble('database') })
}

/** The message shows nothing of the variable. */
function readSecrets(value: string | undefined): Uint8Array[] | undefined {
  if (!value) return undefined
  return value.split(',').map((hex) => {
    if (!/^([0-9a-f]{2}){32,}$/.test(hex))
      throw new SchemaError('SOULPROOF_CHALLENGE_SECRET', 'must be 32 bytes or more as lower-case hex')
    return Uint8Array.from(Buffer.from(hex, 'hex'))
  })
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '') throw new SchemaError(at, 'must be a text')
  return value
}

function whole(value: unknown, at: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    throw new SchemaError(at, `must be a whole number from ${least} to ${most}`)
  return value
}
