import type { Point } from '../crypto/babyjub.js'
import { randomBelow } from '../crypto/random.js'
import type { Envelope, PlonkEnvelope } from '../envelope.js'
import { requireMethods, requireObject, StatementError } from '../errors.js'
import { assertField, assertUint, FIELD_MODULUS } from '../field.js'
import { anchorsOf } from '../policy/anchors.js'
import { compilePolicy } from '../policy/compile.js'
import { claimName, forcedLeaves } from '../policy/formula.js'
import { ledgerRootsOf } from '../policy/ledgers.js'
import type { ClaimRef, Policy, Roots } from '../policy/types.js'
import type { OnProgress, PreparedStatement, Prover } from '../prover/index.js'
import { type ClaimValue, encodeClaim } from '../sbt/schema.js'
import { type Context, type ContextSignals, contextSignals } from '../statements/context.js'
import { MEMBERSHIP_DEPTH, membershipInputs } from '../statements/membership.js'
import { policyInputs, type TimedOpening } from '../statements/policy.js'
import {
  CLOCK_BITS,
  claimText,
  membershipPublicSignals,
  type PolicySignals,
  parseClaimText,
  policyPublicSignals,
} from '../statements/signals.js'
import { makeDecoys } from './decoy.js'
import { requireKey, type VerifierKey } from './keys.js'

/** What a simulated proof says; whatever is left out is drawn as it would look in a holder's proof. */
export type Simulation = Context & {
  /** The verifier's key. It has to be one of the context's, whose first is this key's if both are absent. */
  readonly key: VerifierKey
  /** By default a random number, as the nullifier of an unknown Soul looks. */
  readonly nullifier?: bigint
} & (
    | {
        readonly policy: Policy
        readonly roots: Roots
        /** Unix seconds. */
        readonly now: bigint
        /** By `slot.claim`, as values or as text; needed unless the policy leaves no other value. */
        readonly revealed?: Readonly<Record<string, ClaimValue>>
        /** By default a random number if the policy discloses a handle. */
        readonly handle?: bigint
      }
    | {
        readonly statement: 'membership'
        /** Root of the group. */
        readonly root: bigint
        /** Levels of the group's tree, 0 to 20; by default 20. They do not show. */
        readonly depth?: number
      }
  )

/** A {@link Simulation} with what proves it, by either proof system. */
export type SimulateOptions<E extends Envelope | PlonkEnvelope = Envelope> = Simulation & {
  /** A prover of either proof system. */
  readonly prover: {
    /** As {@link Prover.provePrepared}. */
    provePrepared(prepared: Parameters<Prover['provePrepared']>[0]): Promise<E>
  }
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/**
 * Makes a proof that its verifier would accept from a holder, whether or not anybody satisfies the statement: with the
 * secret of a verifier key that is everybody's to whom it belongs, with no wallet at all. This is why a designated proof
 * convinces nobody else.
 *
 * Witness and proof are computed by the same code, from inputs of the same shape, as {@link Prover.prove} computes them.
 * Proofs do not depend on the witness (those of Groth16 not at all, those of PLONK but for a negligible chance), so that only the
 * chosen values could tell: a revealed claim that the holder cannot have, a nullifier that was seen before.
 *
 * @throws {StatementError} if the key is neither of the context's
 * @throws {PolicyError} if no profile fits the policy
 * @throws {ArtifactError} if an artifact is missing or is not the pinned one
 * @throws {TypeError|RangeError|SchemaError} naming the argument that is malformed
 */
export async function simulate<E extends Envelope | PlonkEnvelope = Envelope>(
  options: SimulateOptions<E>,
): Promise<E> {
  requireObject(options, 'options')
  const { prover, signal, onProgress } = options
  requireMethods(prover, 'prover', ['provePrepared'])
  return prover.provePrepared({
    ...prepareSimulation(options),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
}

/** The part of {@link simulate} before witness and proof. Throws as it does. */
export function prepareSimulation(o: Simulation): PreparedStatement {
  requireObject(o, 'options')
  const key = requireKey(o.key, 'key')
  const { verifierKey = o.verifierKey2 === undefined ? key.verifierKey : 0n } = o
  const context = contextSignals({ ...o, verifierKey })
  if (context.verifierKey !== key.verifierKey && context.verifierKey2 !== key.verifierKey) {
    throw new StatementError('the key is neither verifierKey nor verifierKey2')
  }
  const { nullifier = randomBelow(FIELD_MODULUS) } = o
  assertField(nullifier, 'nullifier')
  if (!('statement' in o)) {
    if (o.policy?.timed !== undefined) {
      throw new StatementError('the policy is timed: see simulateTimed')
    }
    return preparePolicySimulation({ ...o, key, context, nullifier })
  }
  if (o.statement !== 'membership')
    throw new RangeError("statement must be 'membership', or absent with a policy")
  return prepareMembershipSimulation({ ...o, key, context, nullifier })
}

/** What is the same for every simulation; the key's secret is the witness. */
interface Drawn {
  readonly key: VerifierKey
  readonly context: ContextSignals
  readonly nullifier: bigint
}

function prepareMembershipSimulation(
  o: Drawn & { readonly root: bigint; readonly depth?: number },
): PreparedStatement {
  const { key, context, nullifier, root, depth = MEMBERSHIP_DEPTH } = o
  assertField(root, 'root')
  if (!Number.isInteger(depth) || depth < 0 || depth > MEMBERSHIP_DEPTH) {
    throw new RangeError(`depth must be an integer from 0 to ${MEMBERSHIP_DEPTH}`)
  }
  const signals = { ...context, nullifier, root }
  const siblings = Array.from({ length: depth }, () => randomBelow(FIELD_MODULUS))
  const index = Number(randomBelow(1n << BigInt(depth)))
  return {
    statement: 'membership',
    inputs: membershipInputs(signals, { secret: key.secret, index, siblings }),
    publicSignals: membershipPublicSignals(signals),
    revealed: {},
  }
}

/**
 * Prepares a simulated proof of a policy, with decoys for a wallet.
 *
 * @param o.timed  of a timed policy: P and its opening
 */
export function preparePolicySimulation(
  o: Drawn & {
    readonly policy: Policy
    readonly roots: Roots
    readonly now: bigint
    readonly revealed?: Readonly<Record<string, ClaimValue>>
    readonly handle?: bigint
    readonly timed?: TimedOpening & { readonly P: Point }
  },
): PreparedStatement {
  const { key, context, nullifier, policy, roots, now, timed } = o
  assertUint(now, CLOCK_BITS, 'now')
  const program = compilePolicy(policy)
  const { profile } = program
  const anchors = anchorsOf({ policy, roots })
  const revealed = readRevealed(policy, o.revealed ?? {})
  const signals: PolicySignals = {
    ...context,
    reveal: Array.from({ length: profile.reveals }, (_, r) => revealed[r]?.signal ?? 0n),
    handle: readHandle(o.handle, program.ledgerId !== undefined),
    nullifier,
    policyDigest: program.digest,
    now,
    anchorsRoot: anchors.root,
    ledgerRoot: ledgerRootsOf(program, roots),
    ...(timed && { P: timed.P }),
  }
  const decoys = makeDecoys({ policy, program, anchors, commitment: key.verifierKey, now })
  return {
    statement: profile.name,
    inputs: policyInputs(signals, {
      ...{ secret: key.secret, program, anchors, ...decoys },
      ledgers: program.ledgers.map(() => undefined),
      ...(timed && { opening: timed }),
    }),
    publicSignals: policyPublicSignals(signals),
    revealed: Object.fromEntries(revealed.map(({ name, text }) => [name, text])),
  }
}

function readHandle(handle: bigint | undefined, isDisclosed: boolean): bigint {
  if (!isDisclosed) {
    if (handle !== undefined && handle !== 0n)
      throw new RangeError('handle must be 0: the policy discloses none')
    return 0n
  }
  if (handle === undefined) return randomBelow(1n << 248n)
  assertUint(handle, 248, 'handle')
  return handle
}

function readRevealed(
  policy: Policy,
  values: Readonly<Record<string, ClaimValue>>,
): { readonly name: string; readonly text: string; readonly signal: bigint }[] {
  if (typeof values !== 'object' || values === null) throw new TypeError('revealed must be an object')
  const names = policy.reveal.map(claimName)
  if (!Object.keys(values).every((name) => names.includes(name))) {
    throw new RangeError('revealed names a claim that the policy does not reveal')
  }
  return policy.reveal.map((claim, i) => {
    const name = names[i] as string
    const label = `revealed.${name}`
    const given = Object.hasOwn(values, name) ? values[name] : impliedValue(policy, claim)
    if (given === undefined) throw new RangeError(`${label} is needed`)
    const isText = typeof given === 'string' && claim.type !== 'string'
    const value = isText ? parseClaimText(claim.type, given, label) : given
    const signal = encodeClaim(claim.type, value, label)
    return { name, text: claimText(value), signal }
  })
}

/** The text or number that the policy demands of a claim by `eq`, if it does. */
function impliedValue(policy: Policy, claim: ClaimRef): ClaimValue | undefined {
  for (const leaf of forcedLeaves(policy.require)) {
    if (leaf.kind !== 'compare' || leaf.operator !== 'eq' || leaf.right.kind !== 'constant') continue
    if (claimName(leaf.left) !== claimName(claim)) continue
    const { value, text } = leaf.right
    if (claim.type === 'string') return text === undefined ? undefined : JSON.parse(text)
    if (claim.type === 'uint' || claim.type === 'field') return value
    if (claim.type === 'bool') return value === 1n
  }
  return undefined
}
