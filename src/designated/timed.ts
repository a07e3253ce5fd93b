/**
 * Timed proofs: the policy holds, OR I know a verifier's secret, OR I know the delay output of this beacon. Made now, one
 * convinces whoever receives it soon after the beacon; later anybody can make it.
 */
import { addPoints, BASE8, multiply, type Point, SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { randomBelow } from '../crypto/random.js'
import type { Envelope } from '../envelope.js'
import { requireMethods, requireObject, StatementError } from '../errors.js'
import { assertField, assertUint, FIELD_MODULUS } from '../field.js'
import { requirePolicy } from '../policy/check.js'
import type { Policy, Roots, TimedRule, Wallet } from '../policy/types.js'
import type { OnProgress, Prover } from '../prover/index.js'
import type { ClaimValue } from '../sbt/schema.js'
import { type Context, type ContextSignals, contextSignals, timedContext } from '../statements/context.js'
import { preparePolicy } from '../statements/policy.js'
import { TIMED_H } from '../statements/timed.js'
import type { TimedPart, Verification, Verifier } from '../verifier/index.js'
import { type Beacon, beaconBytes, beaconField, checkBeacon } from './beacon.js'
import { checkEvaluated, checkParameters, type EvaluatedDelay, quotientPower } from './delay.js'
import { createVerifierKey, requireKey, type VerifierKey } from './keys.js'
import { RSA_2048 } from './modular.js'
import {
  type DelayParameters,
  proveByDelay,
  proveByLogarithm,
  refuseSigma,
  type SigmaStatement,
  sigmaToHex,
  startOf,
} from './sigma.js'
import { preparePolicySimulation } from './simulate.js'

/** An envelope with its second part. */
export interface TimedEnvelope extends Envelope {
  /** Proof that the claim holds or the delay has passed: 384 bytes as lower-case hex. */
  readonly delay: string
}

/** What all timed proofs are made from. */
export interface TimedProofOptions extends Context {
  readonly policy: Policy
  readonly roots: Roots
  /** Unix seconds. */
  readonly now: bigint
  readonly beacon: Beacon
  readonly prover: Prover
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/** What a proof that nobody's wallet satisfies is to say; see `simulate`. */
export interface ChosenClaims {
  readonly revealed?: Readonly<Record<string, ClaimValue>>
  readonly nullifier?: bigint
  readonly handle?: bigint
}

/**
 * Returns modulus and squarings of a timed policy.
 *
 * @throws {StatementError} if the policy is not timed
 * @throws {RangeError} if its modulus is of no use
 */
export function delayOf(policy: Policy): DelayParameters {
  const { squarings, modulus = RSA_2048 } = ruleOf(policy)
  const parameters = { modulus, squarings }
  checkParameters(parameters)
  return parameters
}

/**
 * Proves a timed policy with a wallet.
 *
 * @throws {StatementError} with reasons if the wallet does not satisfy it, if the policy is not timed, or if the beacon is of
 *   another source than the policy's
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export async function proveTimed(o: Wallet & TimedProofOptions): Promise<TimedEnvelope> {
  requireObject(o, 'options')
  const { policy, prover, signal, onProgress } = o
  requireMethods(prover, 'prover', ['provePrepared'])
  const { context, beacon } = readAsked(o)
  const blinding = randomBelow(SUBGROUP_ORDER)
  const P = multiply(BASE8, blinding)
  const { program, ...prepared } = preparePolicy({ ...o, context, commitment: { P, blinding } })
  const envelope = await prover.provePrepared({
    ...{ ...prepared, statement: program.profile.name },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
  const statement = statementOf({ policy, beacon, ...envelope })
  return { ...envelope, delay: sigmaToHex(proveByLogarithm(statement, blinding)) }
}

/**
 * Makes a timed proof of whatever is asked, from the output of the delay: what anybody can do once it is evaluated.
 *
 * @throws {StatementError} if the delay is not that of policy and beacon
 * @throws {TypeError|RangeError|SchemaError} naming the argument that is malformed
 */
export async function forgeTimed(
  o: TimedProofOptions & ChosenClaims & { readonly evaluated: EvaluatedDelay },
): Promise<TimedEnvelope> {
  requireObject(o, 'options')
  const { policy, evaluated } = o
  requireMethods(o.prover, 'prover', ['provePrepared'])
  const { context, beacon } = readAsked(o)
  const { modulus, squarings } = delayOf(policy)
  checkEvaluated(evaluated)
  const start = startOf(beaconBytes(beacon), modulus)
  if (evaluated.modulus !== modulus || evaluated.squarings !== squarings || evaluated.start !== start) {
    throw new StatementError('the delay is not that of this policy and beacon')
  }
  const blinding = randomBelow(SUBGROUP_ORDER)
  const [x, y] = multiply(BASE8, blinding)
  const [px, py] = addPoints([x, y], [TIMED_H[0], TIMED_H[1]])
  const timed = { P: [px, py] as Point, blinding, truth: 0n as const }
  // Nobody's key: the circuit asks nothing of whoever says truth = 0.
  const envelope = await proveSimulated({ ...o, key: createVerifierKey(), context, timed })
  const proof = await proveByDelay(statementOf({ policy, beacon, ...envelope }), evaluated.output, (prime) =>
    quotientPower(evaluated, prime),
  )
  return { ...envelope, delay: sigmaToHex(proof) }
}

/**
 * Makes a timed proof of whatever is asked with the secret of a verifier key, at any time; see `simulate`.
 *
 * @throws {StatementError} if the key is neither of the context's
 */
export async function simulateTimed(
  o: TimedProofOptions & ChosenClaims & { readonly key: VerifierKey },
): Promise<TimedEnvelope> {
  requireObject(o, 'options')
  const { policy } = o
  const key = requireKey(o.key, 'key')
  requireMethods(o.prover, 'prover', ['provePrepared'])
  const { context, beacon } = readAsked(o)
  if (context.verifierKey !== key.verifierKey && context.verifierKey2 !== key.verifierKey) {
    throw new StatementError('the key is neither verifierKey nor verifierKey2')
  }
  const blinding = randomBelow(SUBGROUP_ORDER)
  const timed = { P: multiply(BASE8, blinding), blinding, truth: 1n as const }
  const envelope = await proveSimulated({ ...o, key, context, timed })
  const statement = statementOf({ policy, beacon, ...envelope })
  return { ...envelope, delay: sigmaToHex(proveByLogarithm(statement, blinding)) }
}

/**
 * Verifies a timed envelope. Nothing of what it is checked against is taken from the envelope: policy, and with it T and the
 * modulus, beacon and time of receipt are the verifier's.
 *
 * @param o.beacon      the beacon that proofs had to be made for, with its time
 * @param o.receivedAt  when the verifier received the envelope, Unix seconds, by its own clock; it is accepted from the
 *   beacon's time until the policy's window later
 * @throws {StatementError} if the policy is not timed, or the beacon is of another source
 * @throws {TypeError|RangeError} naming the expectation that is malformed
 */
export async function verifyTimed(
  o: Context & {
    readonly verifier: Verifier
    readonly envelope: unknown
    readonly policy: Policy
    readonly roots: readonly Roots[]
    readonly now: bigint
    readonly maxClockSkew?: bigint
    readonly beacon: Beacon
    readonly receivedAt: bigint
  },
): Promise<Verification> {
  requireObject(o, 'options')
  const { verifier, policy, receivedAt } = o
  requireMethods(verifier, 'verifier', ['verify'])
  const { context, beacon } = readAsked(o)
  assertUint(receivedAt, 63, 'receivedAt')
  if (receivedAt < beacon.at) return { valid: false, reason: 'receivedAt: is before the beacon' }
  if (receivedAt > beacon.at + BigInt(ruleOf(policy).window)) {
    return { valid: false, reason: 'receivedAt: is too late, anybody could have made the proof by now' }
  }
  const { maxClockSkew } = o
  return verifier.verify({
    ...{ scope: o.scope, message: o.message, envelope: o.envelope, policy, roots: o.roots, now: o.now },
    ...(maxClockSkew !== undefined && { maxClockSkew }),
    timed: timedPart({ policy, beacon, context }),
  })
}

/** What a verifier checks of a timed envelope besides Groth16. */
export function timedPart(o: {
  readonly policy: Policy
  readonly beacon: Beacon
  readonly context: ContextSignals
}): TimedPart {
  const { policy, beacon, context } = o
  return {
    context,
    check: ({ verificationKeyHash, publicSignals, proof, delay }) => {
      const parts = { verificationKeyHash, publicSignals, proof: proof as Envelope['proof'] }
      return refuseSigma(statementOf({ policy, beacon, ...parts }), delay)
    },
  }
}

function ruleOf(policy: Policy): TimedRule {
  requirePolicy(policy)
  if (policy.timed === undefined) throw new StatementError('the policy is not timed')
  return policy.timed
}

function readAsked(o: Context & { readonly policy: Policy; readonly beacon: Beacon }): {
  context: ContextSignals
  beacon: Beacon
} {
  const beacon = checkBeacon(o.beacon)
  if (beacon.source !== ruleOf(o.policy).beacon) {
    throw new StatementError('the beacon is of another source than the policy names')
  }
  return { context: timedContext(contextSignals(o), beaconField(beacon)), beacon }
}

/** Everything that the second part of an envelope is about. */
export function statementOf(o: {
  readonly policy: Policy
  readonly beacon: Beacon
  readonly verificationKeyHash: string
  readonly publicSignals: readonly (bigint | string)[]
  readonly proof: Envelope['proof']
}): SigmaStatement {
  const parameters = delayOf(o.policy)
  const beacon = beaconBytes(o.beacon)
  const publicSignals = o.publicSignals.map(BigInt)
  const [x, y] = publicSignals.slice(-2) as [bigint, bigint]
  return {
    ...parameters,
    ...{ beacon, start: startOf(beacon, parameters.modulus), publicSignals, P: [x, y] },
    ...{ verificationKeyHash: o.verificationKeyHash, proof: coordinatesOf(o.proof) },
  }
}

function coordinatesOf({ pi_a, pi_b, pi_c }: Envelope['proof']): bigint[] {
  return [pi_a.slice(0, 2), ...pi_b.slice(0, 2), pi_c.slice(0, 2)].flat().map((part) => BigInt(part))
}

async function proveSimulated(
  o: TimedProofOptions &
    ChosenClaims & {
      readonly key: VerifierKey
      readonly context: ContextSignals
      readonly timed: Parameters<typeof preparePolicySimulation>[0]['timed'] & {}
    },
): Promise<Envelope> {
  const { prover, signal, onProgress, nullifier = randomBelow(FIELD_MODULUS), ...simulation } = o
  assertField(nullifier, 'nullifier')
  return prover.provePrepared({
    ...preparePolicySimulation({ ...simulation, nullifier }),
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  })
}
