import { requireKey, type VerifierKey } from '../designated/keys.js'
import { type Possession, provePossession } from '../designated/possession.js'
import { requireMethods, requireObject, SoulproofError } from '../errors.js'
import { assertUint, type FieldInput, toField } from '../field.js'
import { compilePolicy, type Policy, parsePolicy, policyDigest, type Roots } from '../policy/index.js'
import type { ClaimRef } from '../policy/types.js'
import type { ClaimValue } from '../sbt/schema.js'
import { DEFAULT_CLOCK_SKEW, type Freshness, type Verification, type Verifier } from '../verifier/index.js'
import { checkChallenge, issueChallenge, MIN_SECRET_BYTES } from './challenge.js'
import { type ClaimOutcome, type ClaimStore, claimId, systemClock } from './claims.js'

/** Roots that an app accepts, and when it last knew them to be current, Unix seconds. */
export interface Snapshot<R> {
  readonly roots: R
  readonly at: bigint
}

/** The snapshots that are known now; older ones may stay among them. */
export type SnapshotSource<R> = () => readonly Snapshot<R>[] | Promise<readonly Snapshot<R>[]>

/** What a gate asks for. */
export type GateRequirement =
  | {
      /** JSON of the policy, as `parsePolicy` takes it; timed policies are refused. */
      readonly policy: unknown
      readonly roots: SnapshotSource<Roots>
      /** Seconds, by default 300. */
      readonly maxClockSkew?: bigint
      readonly freshness?: Readonly<Record<string, Freshness>>
    }
  | {
      readonly statement: 'membership'
      /** Roots of the group. */
      readonly roots: SnapshotSource<bigint>
    }

/** What makes a gate. */
export interface GateOptions {
  readonly verifier: Verifier
  /** Names the gate in challenges: 1 to 64 of a-z, 0-9 and -. */
  readonly name: string
  /** Who asks, as the wallet knows it: the origin of the page, such as `https://example.org`. */
  readonly audience: string
  readonly scope: FieldInput
  readonly require: GateRequirement
  /** Seconds after which a snapshot of roots is too old, or `any` for roots that never change. */
  readonly maxRootAge: bigint | 'any'
  /**
   * `once`: each nullifier is spent once, for one message. `each`: whoever satisfies the gate is let in, each challenge once;
   * the nullifier is then the Soul's name here.
   */
  readonly admit: 'once' | 'each'
  /** Where nullifiers, or used challenges, are spent. */
  readonly store: ClaimStore
  /**
   * Makes challenges under this secret of at least 32 bytes, the same in all processes. Of several the first makes, and all are
   * accepted. Without it proofs are bound to a message that the app gives, which `each` does not allow.
   */
  readonly challengeSecret?: Uint8Array | readonly Uint8Array[]
  /** Seconds for which a challenge counts, 1 to 86,400; by default 300. */
  readonly challengeSeconds?: bigint
  /** Asks for proofs that convince this key's owner alone, and proves to wallets that the key is known. */
  readonly key?: VerifierKey
  /** The clock, Unix seconds; by default the machine's. */
  readonly now?: () => bigint
}

/** Ties a challenge to what the app knows of the asker, and answers the asker's own challenge for the gate's key. */
export interface OfferRequest {
  /** A session or an account; the proof is accepted with the same one only. At most 1000 characters. */
  readonly binding?: string
  /** A fresh challenge of the wallet's, 16 to 512 bytes, if the gate has a key. */
  readonly possession?: Uint8Array
}

/** What a gate asks of a wallet; JSON. */
export interface Offer {
  readonly version: 1
  readonly gate: string
  readonly audience: string
  readonly statement: string
  /** Of policy statements. */
  readonly policy?: unknown
  /** Field elements as decimal strings, `0` for no key. */
  readonly scope: string
  readonly verifierKey: string
  readonly verifierKey2: string
  readonly admit: 'once' | 'each'
  /** The message of the proof, if the gate makes challenges. */
  readonly challenge?: string
  readonly possession?: Possession
}

/** A proof as it is handed in. */
export interface Entry {
  readonly envelope: unknown
  /** Of gates that make challenges: the challenge, which is the proof's message. */
  readonly challenge?: unknown
  /** What the challenge was tied to. */
  readonly binding?: string
  /** Of other gates: what the proof has to be bound to, such as the recipient. */
  readonly message?: FieldInput
}

/** Why a proof does not open a gate. */
export type RefusalCode = 'malformed' | 'challenge' | 'refused' | 'taken' | 'unavailable'

/** Whether a proof opens a gate. */
export type Admission =
  | {
      readonly admitted: true
      /** `first` or `repeated` where nullifiers are spent, `verified` where they are not. */
      readonly outcome: Exclude<ClaimOutcome, 'taken'> | 'verified'
      readonly nullifier: bigint
      readonly revealed: Readonly<Record<string, ClaimValue>>
      readonly handle?: bigint
      /** Id of the claim, where nullifiers are spent: the same each time it is repeated. */
      readonly claim?: string
    }
  | { readonly admitted: false; readonly code: RefusalCode; readonly reason: string }

/** Checks proofs against one expectation, and spends what they spend. */
export interface Gate {
  readonly name: string
  readonly admit: 'once' | 'each'
  /** Whether proofs have to be bound to a challenge of {@link Gate.offer}. */
  readonly challenges: boolean
  readonly statement: string
  /** The scope as a field element. */
  readonly scope: bigint
  /** Two gates of one scope must derive nullifiers alike, or a Soul has several there: this tells it. */
  readonly nullifierKind: string
  /**
   * Says what is asked for, with a fresh challenge.
   *
   * @throws {TypeError|RangeError} naming the part of the request that is malformed
   */
  offer(request?: OfferRequest): Offer
  /**
   * Checks a proof and spends its nullifier or its challenge. Whatever is wrong with the entry is a reason, never an exception.
   *
   * @throws {TypeError} if the entry is not an object
   * @throws {ClaimStoreError} if the store does not answer in time; the same proof may be handed in again
   */
  enter(entry: Entry): Promise<Admission>
  /** Age in seconds of the newest snapshot of roots; undefined if there is none. */
  rootsAge(): Promise<bigint | undefined>
}

/** A gate's configuration contradicts itself. */
export class GateError extends SoulproofError {
  override name = 'GateError'
}

/** What a gate has, for those who are given one. */
export const GATE_METHODS = ['offer', 'enter', 'rootsAge'] as const

/** The scope of used challenges: no field element, so that no app has it. */
const USED_CHALLENGES = (1n << 256n) - 1n

/** Greatest number of seconds by which a snapshot may lie ahead of the clock. */
const CLOCK_TOLERANCE = DEFAULT_CLOCK_SKEW

/**
 * Creates a gate.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed
 * @throws {PolicyError} if the policy is malformed, or no profile fits it
 * @throws {KeyError} if the verifier has no key of the statement
 */
export function createGate(options: GateOptions): Gate {
  requireObject(options, 'options')
  const {
    verifier,
    name,
    audience,
    admit,
    store,
    maxRootAge,
    challengeSeconds = 300n,
    now = systemClock,
  } = options
  requireMethods(verifier, 'verifier', ['verify', 'provenance'])
  requireMethods(store, 'store', ['spend'])
  requireText(name, /^[a-z0-9-]{1,64}$/, 'name must be 1 to 64 of a-z, 0-9 and -')
  requireText(audience, /^[\x21-\x7e]{1,200}$/, 'audience must be 1 to 200 visible ASCII characters')
  if (admit !== 'once' && admit !== 'each') throw new RangeError("admit must be 'once' or 'each'")
  if (maxRootAge !== 'any') assertUint(maxRootAge, 32, 'maxRootAge')
  assertUint(challengeSeconds, 32, 'challengeSeconds')
  if (challengeSeconds < 1n || challengeSeconds > 86_400n)
    throw new RangeError('challengeSeconds must be from 1 to 86400')
  if (typeof now !== 'function') throw new TypeError('now must be a function')
  const scope = toField(options.scope, 'scope')
  const secrets = readSecrets(options.challengeSecret)
  if (admit === 'each' && secrets === undefined)
    throw new GateError(
      'challengeSecret: without one, a proof would open a gate that admits each again and again',
    )
  const key = options.key === undefined ? undefined : requireKey(options.key, 'key')
  const verifierKey = key?.verifierKey ?? 0n
  const required = readRequirement(options.require)
  const { statement, policy } = required
  verifier.provenance(statement)
  const nullifierKind = [
    verifierKey === 0n ? 'public' : 'designated',
    policy?.nullifier === undefined ? 'soul' : personalKind(policy, policy.nullifier),
    verifierKey,
  ].join(' ')
  const expectation = [statement, policy === undefined ? 0n : policyDigest(policy), scope, verifierKey].join(
    ' ',
  )
  const purpose = (binding: string) => ({ audience, gate: name, expectation, binding })

  const verify = async (envelope: unknown, message: FieldInput): Promise<Verification | 'stale'> => {
    const clock = now()
    const context = { scope, message, verifierKey, envelope }
    const fresh = <R>(snapshots: readonly Snapshot<R>[]): R[] =>
      checkSnapshots(snapshots)
        .filter(
          ({ at }) => at <= clock + CLOCK_TOLERANCE && (maxRootAge === 'any' || clock - at <= maxRootAge),
        )
        .map(({ roots }) => roots)
    if ('group' in required) {
      const roots = fresh(await required.group())
      if (roots.length === 0) return 'stale'
      return verifier.verify({ ...context, statement: 'membership', roots })
    }
    const roots = fresh(await required.roots())
    if (roots.length === 0) return 'stale'
    return verifier.verify({ ...context, ...required.expected, roots, now: clock })
  }

  return {
    name,
    admit,
    challenges: secrets !== undefined,
    statement,
    scope,
    nullifierKind,
    offer(request = {}) {
      requireObject(request, 'request')
      const { binding = '', possession } = request
      assertBinding(binding)
      const challenge =
        secrets &&
        issueChallenge({
          ...purpose(binding),
          secret: secrets[0] as Uint8Array,
          expiresAt: now() + challengeSeconds,
        })
      if (possession !== undefined && (key === undefined || challenge === undefined))
        throw new RangeError('possession: this gate has no key, or makes no challenges')
      return {
        version: 1,
        gate: name,
        audience,
        statement,
        ...('json' in required && { policy: required.json }),
        scope: scope.toString(),
        verifierKey: verifierKey.toString(),
        verifierKey2: '0',
        admit,
        ...(challenge !== undefined && { challenge }),
        ...(possession !== undefined && {
          possession: provePossession({ key: key!, challenge: possession, session: challenge! }),
        }),
      }
    },
    async enter(entry) {
      requireObject(entry, 'entry')
      const { envelope, challenge, binding = '', message: given } = entry
      let message: bigint
      let expiresAt: bigint | undefined
      try {
        assertBinding(binding)
        // A proof for the one says nothing of the other, which would seem to be proved.
        if (secrets && given !== undefined) throw new RangeError('message: this gate makes challenges')
        if (!secrets && challenge !== undefined)
          throw new RangeError('challenge: this gate makes no challenges')
        message = toField((secrets ? challenge : given) as FieldInput, secrets ? 'challenge' : 'message')
      } catch (error) {
        return refusal('malformed', (error as Error).message)
      }
      if (secrets) {
        const checked = checkChallenge({ ...purpose(binding), secrets, challenge, now: now() })
        if ('refused' in checked) return refusal('challenge', checked.refused)
        expiresAt = checked.expiresAt
      }
      const result = await verify(envelope, message)
      if (result === 'stale') return refusal('unavailable', 'no roots are known that are fresh enough')
      if (!result.valid) return refusal('refused', result.reason)
      const { valid: _, ...said } = result
      if (admit === 'each') {
        const used = {
          scope: USED_CHALLENGES,
          nullifier: message,
          message: said.nullifier,
          expiresAt: expiresAt!,
        }
        const outcome = await store.spend(used)
        if (outcome !== 'first') return refusal('challenge', 'the challenge was used')
        return { admitted: true, outcome: 'verified', ...said }
      }
      const claim = { scope, nullifier: said.nullifier, message }
      const outcome = await store.spend(claim)
      if (outcome === 'taken') return refusal('taken', 'the nullifier is spent')
      return { admitted: true, outcome, ...said, claim: claimId(claim) }
    },
    async rootsAge() {
      const snapshots = checkSnapshots<unknown>(
        await ('group' in required ? required.group() : required.roots()),
      )
      if (snapshots.length === 0) return undefined
      let newest = snapshots[0]!.at
      for (const { at } of snapshots) if (at > newest) newest = at
      return now() - newest
    },
  }
}

/**
 * Refuses gates that share a scope and derive nullifiers in different ways: a Soul could enter by each of them.
 *
 * @throws {TypeError} if one is not a gate
 * @throws {GateError} naming the two gates
 */
export function refuseMixedScopes(gates: readonly Gate[]): void {
  if (!Array.isArray(gates)) throw new TypeError('gates must be an array of gates')
  const known = new Map<bigint, Gate>()
  for (const [i, gate] of gates.entries()) {
    requireMethods(gate, `gates[${i}]`, GATE_METHODS)
    const { name, nullifierKind, scope } = gate
    if (typeof name !== 'string' || typeof nullifierKind !== 'string' || typeof scope !== 'bigint')
      throw new TypeError(`gates[${i}] must be a gate`)
    const other = known.get(gate.scope)
    if (other && other.nullifierKind !== gate.nullifierKind) {
      throw new GateError(
        `the gates ${other.name} and ${gate.name} have one scope, but a Soul has another nullifier for each`,
      )
    }
    known.set(gate.scope, gate)
  }
}

function checkSnapshots<R>(snapshots: readonly Snapshot<R>[]): readonly Snapshot<R>[] {
  if (!Array.isArray(snapshots)) throw new TypeError('require.roots must return an array')
  for (const [i, snapshot] of snapshots.entries()) assertUint(snapshot?.at, 62, `require.roots()[${i}].at`)
  return snapshots
}

/** Names the claim that nullifiers are of, by its schema and not by the policy's name of the slot. */
function personalKind(policy: Policy, { slot, claim }: ClaimRef): string {
  return `claim ${policy.slots.find(({ name }) => name === slot)?.schema.name} ${claim}`
}

function refusal(code: RefusalCode, reason: string): Admission {
  return { admitted: false, code, reason }
}

type Requirement =
  | { readonly statement: 'membership'; readonly policy?: never; readonly group: SnapshotSource<bigint> }
  | {
      readonly statement: string
      readonly policy: Policy
      readonly json: unknown
      readonly roots: SnapshotSource<Roots>
      readonly expected: {
        readonly policy: Policy
        readonly maxClockSkew: bigint
        readonly freshness: Readonly<Record<string, Freshness>>
      }
    }

function readRequirement(require: GateRequirement): Requirement {
  requireObject(require, 'require')
  if (typeof require.roots !== 'function') throw new TypeError('require.roots must be a function')
  if ('statement' in require) {
    if (require.statement !== 'membership')
      throw new RangeError("require.statement must be 'membership', or absent with a policy")
    return { statement: 'membership', group: require.roots }
  }
  const policy = parsePolicy(require.policy)
  if (policy.timed)
    throw new GateError('require.policy is timed: its proofs are checked with verifyTimed, and never stored')
  const { maxClockSkew = DEFAULT_CLOCK_SKEW, freshness = {}, roots } = require
  assertUint(maxClockSkew, 32, 'require.maxClockSkew')
  return {
    statement: compilePolicy(policy).profile.name,
    policy,
    json: structuredClone(require.policy),
    roots,
    expected: { policy, maxClockSkew, freshness },
  }
}

function readSecrets(given: GateOptions['challengeSecret']): readonly Uint8Array[] | undefined {
  if (given === undefined) return undefined
  const secrets = given instanceof Uint8Array ? [given] : given
  if (!Array.isArray(secrets) || secrets.length === 0)
    throw new TypeError('challengeSecret must be a Uint8Array, or several in an array')
  return secrets.map((secret: unknown) => {
    if (!(secret instanceof Uint8Array)) throw new TypeError('challengeSecret must be a Uint8Array')
    if (secret.length < MIN_SECRET_BYTES)
      throw new RangeError(`challengeSecret must have at least ${MIN_SECRET_BYTES} bytes`)
    return Uint8Array.from(secret)
  })
}

function requireText(value: unknown, form: RegExp, message: string): void {
  if (typeof value !== 'string') throw new TypeError(message)
  if (!form.test(value)) throw new RangeError(message)
}

function assertBinding(binding: unknown): void {
  if (typeof binding !== 'string') throw new TypeError('binding must be a string')
  if (binding.length > 1000 || /\p{Surrogate}/u.test(binding))
    throw new RangeError('binding must be well-formed text of at most 1000 characters')
}
