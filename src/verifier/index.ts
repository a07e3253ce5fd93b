/** Verifying envelopes and Groth16 proofs. Imports nothing that makes proofs. */

import { ENVELOPE_VERSIONS, type ProofSystem } from '../envelope.js'
import { ArtifactError, KeyError, requireObject } from '../errors.js'
import { assertField, assertUint, FIELD_MODULUS, parseDecimal } from '../field.js'
import type { VerificationKeyJson } from '../groth16.js'
import { isSameProvenance, type Provenance, parseKeyManifest, parseProvenance } from '../manifest.js'
import { categoriesHash, ledgerIdOf } from '../merkle/ledger.js'
import type { PlonkProvenance } from '../plonk-manifest.js'
import { anchorsRoot } from '../policy/anchors.js'
import { compilePolicy } from '../policy/compile.js'
import { acceptedLedger, ledgerRootsOf, ofLedger } from '../policy/ledgers.js'
import type { LedgerRoot, Policy, Roots } from '../policy/types.js'
import { type ClaimValue, encodeClaim } from '../sbt/schema.js'
import { type Context, type ContextSignals, contextSignals } from '../statements/context.js'
import { LEDGER_BATCH_SIGNALS } from '../statements/ledger-batch.js'
import { type HistoryQuery, LEDGER_HISTORY_SIGNALS, querySignals } from '../statements/ledger-history.js'
import { MANIFEST } from '../statements/manifest.js'
import {
  CLOCK_BITS,
  MEMBERSHIP_SIGNALS,
  POLICY_SIGNALS,
  parseClaimText,
  TIMED_SIGNALS,
} from '../statements/signals.js'
import { VERIFICATION_KEYS } from '../statements/verification-keys.js'
import { type BatchOptions, createBatches, type ProofCheck } from './batch.js'
import { verifyGroth16 } from './groth16.js'
import { isDevelopmentKey, parseVerificationKey, verificationKeyHash } from './keys.js'
import type { KeyOf, TrustedKey } from './trust.js'

export type { Envelope, PlonkEnvelope, ProofSystem } from '../envelope.js'
export { ArtifactError, KeyError, PolicyError } from '../errors.js'
export type { FieldInput } from '../field.js'
export type { G1Json, G2Json, Groth16Proof, VerificationKeyJson } from '../groth16.js'
export type { Provenance } from '../manifest.js'
export type { PlonkProvenance } from '../plonk-manifest.js'
export type { Context, ContextSignals } from '../statements/context.js'
export type { HistoryQuery } from '../statements/ledger-history.js'
export type { BatchOptions } from './batch.js'
export { verifyGroth16, verifyGroth16Batch } from './groth16.js'
export { isDevelopmentKey, parseVerificationKey, type VerificationKey, verificationKeyHash } from './keys.js'
export type { Fp2, G1, G2 } from './points.js'
export { exportSolidityVerifier } from './solidity.js'

/** Seconds by which a proof's clock may differ from the verifier's, either way. */
export const DEFAULT_CLOCK_SKEW = 300n

/** The first second that no clock shows. */
const CLOCK_END = 1n << BigInt(CLOCK_BITS)

/** What a verifier expects. Nothing of it is ever taken from the envelope. */
export type VerifyOptions = Context & {
  /** Plain JSON, as `JSON.parse` gives it; instances of classes are refused, as whatever else is no envelope. */
  readonly envelope: unknown
} & (
    | {
        readonly policy: Policy
        /** Snapshots that the verifier accepts, one of which the proof must be made for. */
        readonly roots: readonly Roots[]
        /** The verifier's clock, Unix seconds below 2^64. */
        readonly now: bigint
        /** Seconds, by default {@link DEFAULT_CLOCK_SKEW}. */
        readonly maxClockSkew?: bigint
        /** How fresh the roots of ledgers have to be, by the ledger's id or the policy's name for it. */
        readonly freshness?: Readonly<Record<string, Freshness>>
        /** Of a timed policy, see `verifyTimed`; without it every envelope is refused. */
        readonly timed?: TimedPart
      }
    | { readonly statement: 'membership'; readonly roots: readonly bigint[] }
    | {
        readonly statement: 'ledger-history'
        readonly query: HistoryQuery
        /** Roots of the ledger that the verifier accepts. */
        readonly roots: readonly LedgerRoot[]
        /** The verifier's clock, Unix seconds; ages of roots are measured by it. */
        readonly now: bigint
        readonly freshness?: Freshness
      }
  )

/** How fresh the root of a ledger has to be; snapshots with an older one are not accepted. */
export interface Freshness {
  /** Least number of queue entries that the root contains. */
  readonly minQueueLength?: bigint
  /** Greatest number of seconds since the root was accepted. */
  readonly maxAge?: bigint
}

/** What a timed policy adds to verification. It is checked outside this module, which knows no delays. */
export interface TimedPart {
  /** The context with the scope of the beacon. */
  readonly context: ContextSignals
  /** Checks the second part of an envelope against the whole first part; returns why it is refused. */
  check(part: {
    readonly verificationKeyHash: string
    readonly publicSignals: readonly bigint[]
    readonly proof: unknown
    readonly delay: unknown
  }): string | undefined
}

/** What a proof says, or why it is refused. */
export type Verification =
  | {
      readonly valid: true
      /** Store it: a second proof with the same nullifier is by the same Soul or person. */
      readonly nullifier: bigint
      readonly revealed: Readonly<Record<string, ClaimValue>>
      /** The Soul's handle, if the policy discloses one. */
      readonly handle?: bigint
    }
  | { readonly valid: false; readonly reason: string }

/** What a verifier of a ledger's batches expects. */
export interface VerifyBatchOptions {
  readonly envelope: unknown
  /** Id and categories of the ledger. */
  readonly ledger: { readonly id: string; readonly categories: readonly string[] }
  /** The last root that it accepted; 0 before the first batch. */
  readonly oldRoot: bigint
  /** The ledger's queue up to the last entry of the batch: how long it is, and its head there. */
  readonly queueLength: bigint
  readonly queueHead: bigint
}

/** Verifies envelopes. */
export interface Verifier {
  /**
   * Verifies an envelope against what the verifier expects: statement and key follow from the policy, every public signal
   * that can be is rebuilt, the others are checked for their form. A bad envelope never throws.
   *
   * It does not remember nullifiers: that is the app's.
   *
   * @throws {TypeError|RangeError} naming the expectation that is malformed
   * @throws {PolicyError} if no profile fits the policy
   */
  verify(options: VerifyOptions): Promise<Verification>
  /**
   * Verifies that the entries of a ledger's queue lead from one root to the next, which it returns. A bad envelope never
   * throws.
   *
   * @throws {TypeError|RangeError} naming the expectation that is malformed
   */
  verifyBatch(
    options: VerifyBatchOptions,
  ): Promise<
    { readonly valid: true; readonly root: bigint } | { readonly valid: false; readonly reason: string }
  >
  /**
   * Tells where the verifier's key of a statement comes from: as its manifest says, but a key whose secret is public is a
   * development key whatever the manifest says.
   *
   * @throws {TypeError} if the statement's name is no string
   * @throws {KeyError} if it has no key of that statement
   */
  provenance(statement: string): Provenance
}

/** A verifier of PLONK envelopes. */
export interface PlonkVerifier extends Omit<Verifier, 'provenance'> {
  /** Tells where the verifier's key of a statement comes from, as {@link Verifier.provenance} does. */
  provenance(statement: string): PlonkProvenance
}

/** What a verifier is created with. */
export interface VerifierOptions {
  /** Accept keys whose secret is public, so that anybody can forge proofs: for tests. */
  readonly allowDevelopmentKeys?: boolean
  /** The parsed `manifest.json` of keys that the app trusts; no other keys are used then. */
  readonly manifest?: unknown
  /** The only proof system whose envelopes are accepted; `groth16` unless it is named. */
  readonly proofSystem?: ProofSystem
  /** Verify the proofs of concurrent calls together; of `groth16` only. */
  readonly batch?: BatchOptions
}

/** What a verifier trusts. */
interface Trust {
  readonly allowDevelopmentKeys: boolean
  readonly proofSystem: ProofSystem
  readonly keyOf: KeyOf
}

/**
 * Creates a verifier with the verification keys that ship with the package, or those of a manifest.
 *
 * It accepts envelopes of one proof system, `groth16` by default, and refuses others by name, so that nobody chooses for
 * the verifier whom it trusts. What PLONK takes is loaded when it is asked for.
 *
 * @param options.allowDevelopmentKeys  accept keys whose secret is public, so that anybody can forge proofs: for tests
 * @param options.manifest  the parsed `manifest.json` of a ceremony that the app trusts, or of PLONK keys of a universal setup;
 *   no other keys are used then
 * @param options.proofSystem  `groth16` or `plonk`
 * @param options.batch  of `groth16`: verify the proofs of concurrent calls together, which costs a fraction of one after the other
 * @throws {TypeError|RangeError} naming the option that is malformed
 * @throws {ArtifactError} if the manifest is malformed, of an unknown version or of another proof system
 * @throws {KeyError} if a key in it is malformed or unsafe, is not the one with its hash, or is a development key that the
 *   manifest says to be none
 */
export async function createVerifier(
  options: VerifierOptions & { readonly proofSystem: 'plonk' },
): Promise<PlonkVerifier>
export async function createVerifier(
  options?: VerifierOptions & { readonly proofSystem?: 'groth16' },
): Promise<Verifier>
export async function createVerifier(options?: VerifierOptions): Promise<Verifier | PlonkVerifier>
export async function createVerifier(options: VerifierOptions = {}): Promise<Verifier | PlonkVerifier> {
  requireObject(options, 'options')
  const { allowDevelopmentKeys = false, manifest, proofSystem = 'groth16', batch } = options
  if (typeof allowDevelopmentKeys !== 'boolean') throw new TypeError('allowDevelopmentKeys must be a boolean')
  if (proofSystem !== 'groth16' && proofSystem !== 'plonk') {
    throw new RangeError("proofSystem must be 'groth16' or 'plonk'")
  }
  if (batch !== undefined && proofSystem !== 'groth16') {
    throw new RangeError('batch must be left out where proofSystem is not groth16')
  }
  const trust: Trust = {
    allowDevelopmentKeys,
    proofSystem,
    keyOf: await keysOf({ proofSystem, manifest, batch }),
  }
  return {
    provenance(statement) {
      if (typeof statement !== 'string') throw new TypeError('statement must be a string')
      // What a PLONK verifier's keys have is of PLONK.
      return trust.keyOf(statement).provenance as never
    },
    async verify(verifyOptions) {
      const expectation = expect(verifyOptions)
      return orReason(async () => {
        const { signals, revealed } = await check(expectation, verifyOptions.envelope, trust)
        const { nullifier, handle } = expectation
        return {
          valid: true,
          nullifier: signals[nullifier] as bigint,
          revealed,
          ...(handle !== undefined && { handle: signals[handle] as bigint }),
        }
      })
    },
    async verifyBatch(batchOptions) {
      const expectation = expectBatch(batchOptions)
      return orReason(async () => {
        const { signals } = await check(expectation, batchOptions.envelope, trust)
        return { valid: true, root: signals[LEDGER_BATCH_SIGNALS.indexOf('newRoot')] as bigint }
      })
    },
  }
}

async function keysOf(o: {
  proofSystem: ProofSystem
  manifest: unknown
  batch: BatchOptions | undefined
}): Promise<KeyOf> {
  const { proofSystem, manifest, batch } = o
  if (proofSystem === 'groth16') {
    const check = batch === undefined ? verifyGroth16 : createBatches(batch)
    return manifest === undefined
      ? (statement) => shippedKey(statement, check)
      : keysOfManifest(manifest, check)
  }
  // Loaded only now, so that who verifies Groth16 loads none of it.
  const { plonkKeysOf } = await import('./plonk/trust.js')
  return plonkKeysOf(manifest)
}

function shippedKey(statement: string, check: ProofCheck): TrustedKey {
  const shipped = Object.hasOwn(VERIFICATION_KEYS, statement) ? VERIFICATION_KEYS[statement] : undefined
  if (shipped === undefined) throw new KeyError(`this package has no verification key of ${statement}`)
  const said = MANIFEST.statements[statement]?.provenance
  const isDevelopment = said === undefined || isDevelopmentKey(parsedKey(shipped.key))
  return trustedKey({ ...shipped, provenance: isDevelopment ? { kind: 'development' } : said, check })
}

function keysOfManifest(json: unknown, check: ProofCheck): KeyOf {
  const { statements } = parseKeyManifest(json)
  const trusted = new Map<string, TrustedKey>()
  for (const [statement, entry] of Object.entries(statements)) {
    const { verificationKey, verificationKeyHash: hash, provenance, publicSignals } = entry
    // A copy, so that nobody changes it after the check.
    const key = structuredClone(verificationKey)
    const parsed = parsedKey(key)
    if (verificationKeyHash(parsed) !== hash || parsed.ic.length !== publicSignals + 1) {
      throw new KeyError(`the manifest's verification key of ${statement} is not the one with its hash`)
    }
    if (provenance.kind !== 'development' && isDevelopmentKey(parsed)) {
      throw new KeyError(
        `the manifest says that a ceremony made the key of ${statement}: it is a development key`,
      )
    }
    trusted.set(statement, trustedKey({ hash, key, provenance, check }))
  }
  return (statement) => {
    const key = trusted.get(statement)
    if (key === undefined) throw new KeyError(`this manifest has no verification key of ${statement}`)
    return key
  }
}

function trustedKey(o: {
  hash: string
  key: VerificationKeyJson
  provenance: Provenance
  check: ProofCheck
}): TrustedKey {
  const { hash, key, provenance, check } = o
  return {
    ...{ hash, provenance },
    isFrom: (said) => isSameProvenance(parseProvenance(said, 'provenance'), provenance),
    holds: (publicSignals, proof) => check({ verificationKey: key, publicSignals, proof }),
  }
}

/** A reason why an envelope is not accepted. */
class Refusal extends Error {}

async function orReason<T>(run: () => Promise<T>): Promise<T | { valid: false; reason: string }> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof Refusal) return { valid: false, reason: error.message }
    throw error
  }
}

/** What the signals of any statement have to be. */
interface Expectation {
  readonly statement: string
  readonly signals: readonly Expected[]
  /** Values that signals have to take together: one of the rows. */
  readonly together?: { readonly signals: readonly number[]; readonly oneOf: readonly (readonly bigint[])[] }
  readonly reveals: readonly {
    readonly name: string
    readonly type: Parameters<typeof encodeClaim>[0]
    readonly signal: number
  }[]
  readonly timed?: TimedPart | 'missing'
}

/** Where in the signals of a statement about a Soul its results stand. */
interface SoulExpectation extends Expectation {
  readonly nullifier: number
  readonly handle?: number
}

/** What one public signal has to be: one of some values, or anything of a form. */
type Expected =
  | { readonly name: string; readonly oneOf: readonly bigint[] }
  | { readonly name: string; readonly from: bigint; readonly below: bigint }

/** What another value of a signal means most of the time. */
const LIKELY_CAUSE: Readonly<Record<string, string>> = {
  policyDigest: 'made for another policy',
  anchorsRoot: 'made for other roots',
  root: 'made for another group',
  now: "its clock is further from the verifier's than maxClockSkew",
  verifierKey: 'made for another verifier, or for all',
  verifierKey2: 'made for another verifier, or for all',
}

function expect(options: VerifyOptions): SoulExpectation {
  if (typeof options !== 'object' || options === null) throw new TypeError('verify takes an object')
  const context = contextSignals(options)
  if (!Array.isArray(options.roots)) throw new TypeError('roots must be an array')
  if (options.roots.length === 0) throw new RangeError('roots must not be empty')
  if ('statement' in options) {
    if (options.statement === 'ledger-history') return expectHistory(options, context)
    if (options.statement !== 'membership')
      throw new RangeError("statement must be 'membership' or 'ledger-history', or absent with a policy")
    return expectMembership(options.roots, context)
  }
  return expectPolicy(options, context)
}

function expectMembership(roots: readonly bigint[], context: ContextSignals): SoulExpectation {
  roots.forEach((root, i) => {
    assertField(root, `roots[${i}]`)
    if (root === 0n) throw new RangeError(`roots[${i}] must not be 0`)
  })
  const signals = MEMBERSHIP_SIGNALS.map((name): Expected => {
    if (name === 'nullifier') return { name, from: 0n, below: FIELD_MODULUS }
    return { name, oneOf: name === 'root' ? roots : [context[name]] }
  })
  return { statement: 'membership', signals, reveals: [], nullifier: MEMBERSHIP_SIGNALS.indexOf('nullifier') }
}

function expectHistory(
  options: Extract<VerifyOptions, { readonly statement: 'ledger-history' }>,
  context: ContextSignals,
): SoulExpectation {
  const { query, roots, now, freshness = {} } = options
  assertUint(now, 63, 'now')
  const expected = { ...context, ...querySignals(query) }
  roots.forEach((accepted, i) => {
    assertField(accepted?.root, `roots[${i}].root`)
    if (accepted.root === 0n) throw new RangeError(`roots[${i}].root must not be 0`)
    assertUint(accepted.queueLength, 64, `roots[${i}].queueLength`)
    assertUint(accepted.at, 64, `roots[${i}].at`)
  })
  const fresh = roots.filter((accepted) => meets(freshness, accepted, now)).map(({ root }) => root)
  const signals = LEDGER_HISTORY_SIGNALS.map((name): Expected => {
    if (name === 'nullifier') return { name, from: 0n, below: FIELD_MODULUS }
    return { name, oneOf: name === 'ledgerRoot' ? fresh : [expected[name]] }
  })
  const nullifier = LEDGER_HISTORY_SIGNALS.indexOf('nullifier')
  return { statement: 'ledger-history', signals, reveals: [], nullifier }
}

function expectPolicy(
  options: {
    readonly policy: Policy
    readonly roots: readonly Roots[]
    readonly now: bigint
    readonly maxClockSkew?: bigint
    readonly freshness?: Readonly<Record<string, Freshness>>
    readonly timed?: TimedPart
  },
  publicContext: ContextSignals,
): SoulExpectation {
  const { policy, roots, now, maxClockSkew = DEFAULT_CLOCK_SKEW, freshness = {}, timed } = options
  const context = timed?.context ?? publicContext
  assertUint(now, CLOCK_BITS, 'now')
  assertUint(maxClockSkew, CLOCK_BITS, 'maxClockSkew')
  const program = compilePolicy(policy)
  const { profile, digest, ledgerId } = program
  const anchors = roots.map((snapshot) => anchorsRoot({ policy, roots: snapshot }))
  const ledgers = roots.map((snapshot) => ledgerRootsOf(program, snapshot))
  refuseUnknownLedgers(policy, freshness)
  const isFresh = roots.map((snapshot) =>
    policy.ledgers.every((ledger) => {
      const demand = ofLedger(freshness, ledger)
      return demand === undefined || meets(demand, acceptedLedger(snapshot, ledger), now)
    }),
  )
  const reveals = policy.reveal.map(({ slot, claim, type }, signal) => ({
    name: `${slot}.${claim}`,
    type,
    signal,
  }))
  const revealed = Array.from({ length: profile.reveals }, (_, r): Expected => {
    const name = `reveal[${r}]`
    return r < reveals.length ? { name, from: 0n, below: FIELD_MODULUS } : { name, oneOf: [0n] }
  })
  const signals = POLICY_SIGNALS.map((name): Expected => {
    switch (name) {
      case 'handle':
        return ledgerId === undefined ? { name, oneOf: [0n] } : { name, from: 0n, below: 1n << 248n }
      case 'nullifier':
        return { name, from: 0n, below: FIELD_MODULUS }
      case 'policyDigest':
        return { name, oneOf: [digest] }
      case 'now': {
        const after = now + maxClockSkew + 1n
        return {
          name,
          from: now > maxClockSkew ? now - maxClockSkew : 0n,
          below: after < CLOCK_END ? after : CLOCK_END,
        }
      }
      case 'anchorsRoot':
        return { name, oneOf: anchors }
      default:
        return { name, oneOf: [context[name]] }
    }
  })
  const at = (name: (typeof POLICY_SIGNALS)[number]): number => profile.reveals + POLICY_SIGNALS.indexOf(name)
  const ledgerSignals = Array.from(
    { length: profile.ledgers },
    (_, k): Expected => ({ name: `ledgerRoot[${k}]`, oneOf: ledgers.map((row) => row[k] as bigint) }),
  )
  const firstLedger = profile.reveals + POLICY_SIGNALS.length
  return {
    statement: profile.name,
    signals: [
      ...revealed,
      ...signals,
      ...ledgerSignals,
      ...(profile.timed ? TIMED_SIGNALS : []).map((name) => ({ name, from: 0n, below: FIELD_MODULUS })),
    ],
    together: {
      signals: [at('anchorsRoot'), ...ledgerSignals.map((_, k) => firstLedger + k)],
      oneOf: anchors.map((anchor, i) => [anchor, ...(ledgers[i] as bigint[])]).filter((_, i) => isFresh[i]),
    },
    reveals,
    nullifier: at('nullifier'),
    ...(ledgerId !== undefined && { handle: at('handle') }),
    ...(profile.timed && { timed: timed ?? 'missing' }),
  }
}

function expectBatch(options: VerifyBatchOptions): Expectation {
  if (typeof options !== 'object' || options === null) throw new TypeError('verifyBatch takes an object')
  const { ledger, oldRoot, queueLength, queueHead } = options
  if (!Array.isArray(ledger?.categories)) throw new TypeError('ledger must have an id and categories')
  assertField(oldRoot, 'oldRoot')
  assertUint(queueLength, 64, 'queueLength')
  assertField(queueHead, 'queueHead')
  const expected = {
    oldRoot,
    ledgerId: ledgerIdOf(ledger.id),
    categories: categoriesHash(ledger.categories),
    queueLength,
    queueHead,
  }
  const signals = LEDGER_BATCH_SIGNALS.map((name): Expected => {
    return name === 'newRoot' ? { name, from: 1n, below: FIELD_MODULUS } : { name, oneOf: [expected[name]] }
  })
  return { statement: 'ledger-batch', signals, reveals: [] }
}

function refuseUnknownLedgers(policy: Policy, freshness: Readonly<Record<string, Freshness>>): void {
  if (typeof freshness !== 'object' || freshness === null) throw new TypeError('freshness must be an object')
  // A demand that no ledger of the policy answers to would be dropped silently.
  for (const key of Object.keys(freshness)) {
    if (!policy.ledgers.some(({ id, name }) => key === id || key === name))
      throw new RangeError('freshness names a ledger that the policy does not')
  }
}

function meets(demand: Freshness, accepted: LedgerRoot | undefined, now: bigint): boolean {
  if (typeof demand !== 'object' || demand === null) throw new TypeError('freshness must hold objects')
  const { minQueueLength = 0n, maxAge } = demand
  assertUint(minQueueLength, 64, 'minQueueLength')
  if (maxAge !== undefined) assertUint(maxAge, 64, 'maxAge')
  if (accepted === undefined) return false
  return accepted.queueLength >= minQueueLength && (maxAge === undefined || now - accepted.at <= maxAge)
}

async function check(
  expectation: Expectation,
  envelope: unknown,
  trust: Trust,
): Promise<{ signals: readonly bigint[]; revealed: Record<string, ClaimValue> }> {
  const { statement, reveals, timed } = expectation
  if (timed === 'missing')
    throw new Refusal('statement: is timed, and says nothing by itself; see verifyTimed')
  if (timed !== undefined && trust.proofSystem !== 'groth16') {
    throw new KeyError('timed statements are proved by groth16 alone')
  }
  const fields = readEnvelope(envelope, { others: timed === undefined ? [] : ['delay'], ...trust })
  if (fields.statement !== statement) throw new Refusal('statement: is not the one that the verifier expects')
  const trusted = trust.keyOf(statement)
  if (fields.verificationKeyHash !== trusted.hash)
    throw new Refusal("verificationKeyHash: is not of the verifier's key")
  refuseOtherProvenance(fields.provenance, trusted)
  if (!trust.allowDevelopmentKeys && trusted.provenance.kind === 'development') {
    throw new Refusal('the key of this statement is a development key: anybody can forge its proofs')
  }
  const signals = readSignals(expectation.signals, fields.publicSignals)
  refuseMixture(expectation.together, signals)
  const revealed = readRevealed(reveals, fields.revealed, signals)
  const publicSignals = signals.map(String)
  if (!(await trusted.holds(publicSignals, fields.proof))) throw new Refusal('proof: does not hold')
  if (timed !== undefined) {
    const { proof, delay } = fields
    const part = { verificationKeyHash: trusted.hash, publicSignals: signals, proof, delay }
    const refusal = timed.check(part)
    if (refusal !== undefined) throw new Refusal(`delay: ${refusal}`)
  }
  return { signals, revealed }
}

const keys = new WeakMap<VerificationKeyJson, ReturnType<typeof parseVerificationKey>>()

function parsedKey(json: VerificationKeyJson): ReturnType<typeof parseVerificationKey> {
  let key = keys.get(json)
  if (key === undefined) {
    key = parseVerificationKey(json)
    keys.set(json, key)
  }
  return key
}

const ENVELOPE_FIELDS = [
  'version',
  'statement',
  'verificationKeyHash',
  'proof',
  'publicSignals',
  'revealed',
] as const

/** Reads own fields once, so that neither getters nor proxies can answer differently later. */
function readEnvelope(
  envelope: unknown,
  o: { readonly others: readonly string[]; readonly proofSystem: ProofSystem },
): Record<(typeof ENVELOPE_FIELDS)[number] | 'delay' | 'provenance' | 'proofSystem', unknown> {
  let plain: unknown
  try {
    plain = copyJson(envelope, { values: 1000, characters: 100_000 }, 8)
  } catch (error) {
    // A getter or a proxy may throw anything.
    throw error instanceof Refusal ? error : new Refusal('envelope: cannot be read')
  }
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain))
    throw new Refusal('envelope: must be an object')
  const fields = plain as ReturnType<typeof readEnvelope>
  const names = Object.keys(plain)
  // First, because fields follow from it.
  if (!names.includes('version')) throw new Refusal('version: is missing')
  if (!ENVELOPE_VERSIONS.includes(fields.version as number)) {
    throw new Refusal('version: is unknown, this release reads 1 to 3; see docs/migrations.md')
  }
  const isNamed = fields.version === 3
  if (isNamed && fields.proofSystem !== 'plonk') throw new Refusal('proofSystem: is missing or unknown')
  const proofSystem = isNamed ? 'plonk' : 'groth16'
  if (proofSystem !== o.proofSystem) {
    throw new Refusal(`proofSystem: is ${proofSystem}, the verifier expects ${o.proofSystem}`)
  }
  const ofVersion = [...(isNamed ? ['proofSystem'] : []), ...(fields.version === 1 ? [] : ['provenance'])]
  const expected = [...ENVELOPE_FIELDS, ...o.others, ...ofVersion]
  for (const name of expected) {
    if (!names.includes(name)) throw new Refusal(`${name}: is missing`)
  }
  if (names.length !== expected.length) throw new Refusal('envelope: has an unknown field')
  return fields
}

/** What an envelope says of its key is for people; if it is not so, somebody was told a lie. */
function refuseOtherProvenance(said: unknown, key: TrustedKey): void {
  if (said === undefined) return
  let isSo: boolean
  try {
    isSo = key.isFrom(said)
  } catch (error) {
    if (error instanceof ArtifactError) throw new Refusal(`provenance: ${error.message}`)
    throw error
  }
  if (!isSo) throw new Refusal("provenance: is not that of the verifier's key")
}

/** Copies plain JSON within a budget, so that shared references and getters cost no more than they are worth. */
function copyJson(value: unknown, budget: { values: number; characters: number }, depth: number): unknown {
  budget.values -= 1
  if (typeof value === 'string') budget.characters -= value.length
  if (depth < 0 || budget.values < 0 || budget.characters < 0) throw new Refusal('envelope: is too large')
  if (Array.isArray(value)) {
    if (value.length > budget.values) throw new Refusal('envelope: is too large')
    return Array.from({ length: value.length }, (_, i) => copyJson(value[i], budget, depth - 1))
  }
  if (typeof value !== 'object' || value === null) return value
  // A date, a map and the like would be read as the object of no fields that they are besides.
  if (!isPlain(value)) throw new Refusal('envelope: must be plain JSON')
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    budget.characters -= key.length
    if (key === '__proto__') throw new Refusal('envelope: has an unknown field')
    copy[key] = copyJson((value as Record<string, unknown>)[key], budget, depth - 1)
  }
  return copy
}

/** Whether an object is as `JSON.parse` makes it, in this realm or another one, or has no prototype. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function readSignals(expected: readonly Expected[], publicSignals: unknown): bigint[] {
  if (!Array.isArray(publicSignals)) throw new Refusal('publicSignals: is not an array')
  if (publicSignals.length !== expected.length) throw new Refusal('publicSignals: has another length')
  return expected.map((rule, i) => {
    const value = orRefuse(`publicSignals.${rule.name}`, () => parseDecimal(publicSignals[i], 'value'))
    const holds = 'oneOf' in rule ? rule.oneOf.includes(value) : value >= rule.from && value < rule.below
    if (!holds) {
      const cause = LIKELY_CAUSE[rule.name]
      throw new Refusal(
        `publicSignals.${rule.name}: is not what the verifier expects${cause === undefined ? '' : ` (${cause})`}`,
      )
    }
    return value
  })
}

/** Refuses roots of different snapshots in one proof, and those of a snapshot that is not fresh enough. */
function refuseMixture(together: Expectation['together'], signals: readonly bigint[]): void {
  if (together === undefined) return
  const found = together.signals.map((i) => signals[i])
  if (!together.oneOf.some((row) => row.every((value, i) => value === found[i]))) {
    throw new Refusal('publicSignals: the roots are not of one snapshot that is fresh enough')
  }
}

function readRevealed(
  reveals: Expectation['reveals'],
  revealed: unknown,
  signals: readonly bigint[],
): Record<string, ClaimValue> {
  if (typeof revealed !== 'object' || revealed === null || Array.isArray(revealed)) {
    throw new Refusal('revealed: must be an object')
  }
  const texts = revealed as Record<string, unknown>
  if (Object.keys(texts).length !== reveals.length)
    throw new Refusal('revealed: does not name the claims of the policy')
  return Object.fromEntries(
    reveals.map(({ name, type, signal }) => {
      if (!Object.hasOwn(texts, name)) throw new Refusal('revealed: does not name the claims of the policy')
      const value = orRefuse(`revealed.${name}`, () => parseClaimText(type, texts[name], 'value'))
      if (encodeClaim(type, value, name) !== signals[signal]) {
        throw new Refusal(`revealed.${name}: is not what the proof reveals`)
      }
      return [name, value]
    }),
  )
}

function orRefuse<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Refusal(`${path}: ${(error as Error).message}`)
  }
}
