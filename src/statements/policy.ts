import { BASE8, type Point } from '../crypto/babyjub.js'
import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { SoulproofError, StatementError } from '../errors.js'
import { assertUint, FIELD_MODULUS } from '../field.js'
import { QUATERNARY_DEPTH, quaternaryRoot } from '../merkle/proof.js'
import { intervalLeaf, type SetProof, type SetTree } from '../merkle/set.js'
import { type AnchorLeaf, type Anchors, anchorHash, anchorsOf } from '../policy/anchors.js'
import { type Clause, compilePolicy, OPERATION, type Program, type Source } from '../policy/compile.js'
import { evaluatePolicy } from '../policy/evaluate.js'
import { ANCHOR_DEPTH } from '../policy/profiles.js'
import type { Policy, Roots, Wallet } from '../policy/types.js'
import { isSbtSigned, parseIssuerId, type Signature, sbtType } from '../sbt/issuer.js'
import { completeSbt, type HeldSbt, registryLeaf, sbtFields } from '../sbt/sbt.js'
import { type ClaimValue, MAX_CLAIMS } from '../sbt/schema.js'
import { holderOf } from '../soul/index.js'
import {
  assertSecret,
  bitsOf,
  type ContextSignals,
  childrenOf,
  emptyPath,
  handleOf,
  personalNullifier,
  soulNullifier,
} from './context.js'
import { type CircuitInputs, refuseOwnKey } from './membership.js'
import { claimText, POLICY_SIGNALS, type PolicySignals, policyPublicSignals } from './signals.js'

/** An SBT as it enters the circuit: its fields, its anchor's leaf, and the openings of both. */
export interface PlacedSbt {
  readonly held: HeldSbt
  readonly anchor: AnchorLeaf
  /** Index of the leaf in the snapshot. */
  readonly anchorIndex: number
}

/** Everything private of a policy statement. */
export interface PolicyWitness {
  readonly secret: bigint
  readonly program: Program
  readonly anchors: Anchors
  readonly placed: readonly PlacedSbt[]
  /** One per set of the program; undefined where it is not opened. */
  readonly openings: readonly (SetProof | undefined)[]
  /** Of timed statements: how P of the signals is made. */
  readonly opening?: TimedOpening
}

/** Opens P = blinding B8 + (1 - truth) H. */
export interface TimedOpening {
  /** 0 <= blinding < l. */
  readonly blinding: bigint
  /** 1 if the claim holds, or the secret is a verifier's; 0 needs nothing of that. */
  readonly truth: 0n | 1n
}

/**
 * Returns the inputs of `circuits/statements/policy-*.circom`. SBTs and sets that are not used are filled with values that
 * count for nothing.
 */
export function policyInputs(signals: PolicySignals, witness: PolicyWitness): CircuitInputs {
  const { secret, program, anchors, placed, openings, opening } = witness
  const { profile, encoded } = program
  if (profile.timed !== (opening && true) || profile.timed !== (signals.P && true)) {
    throw new StatementError('P and its opening belong to timed statements, and to no others')
  }
  assertSecret(secret)
  const sbts = Array.from({ length: profile.sbts }, (_, m) => {
    const sbt = placed[m]
    return sbt === undefined ? unusedSbt(signals.now) : sbtInputs(sbt, anchors)
  })
  const column = <K extends keyof SbtInputs>(name: K): SbtInputs[K][] => sbts.map((sbt) => sbt[name])
  const sets = Array.from({ length: profile.sets }, (_, k) => setInputs(openings[k]))
  return {
    reveal: signals.reveal,
    ...Object.fromEntries(POLICY_SIGNALS.map((name) => [name, signals[name]])),
    ...(opening && { P: signals.P, blinding: [opening.blinding], truth: [opening.truth] }),
    secret,
    source: program.source,
    ledgerId: program.ledgerId ?? 0n,
    constants: encoded.constants,
    program: encoded.bits.map(BigInt),
    ...Object.fromEntries(SBT_INPUTS.map((name) => [name, column(name)])),
    ...(profile.sets > 0 && {
      setRoots: encoded.setRoots,
      setLow: sets.map((set) => set.low),
      setHigh: sets.map((set) => set.high),
      setLowIsMember: sets.map((set) => set.lowIsMember),
      setIndex: sets.map((set) => set.index),
      setChildren: sets.map((set) => set.children),
    }),
  } as CircuitInputs
}

const SBT_INPUTS = [
  'slot',
  'salt',
  'schemaHash',
  'issuedAt',
  'expiresAt',
  'statusId',
  'claims',
  'issuer',
  'isContract',
  'isSigned',
  'R8',
  's',
  'index',
  'children',
  'registryRoot',
  'statusRoot',
  'acceptsSigned',
  'acceptsRegistered',
  'wantsStatus',
  'maxAge',
  'anchorIndex',
  'anchorChildren',
] as const

type SbtInputs = ReturnType<typeof sbtInputs>

function sbtInputs({ held, anchor, anchorIndex }: PlacedSbt, anchors: Anchors) {
  const { sbt, salt, anchor: proof } = held
  const [, schemaHash, , issuedAt, expiresAt, statusId, ...claims] = sbtFields(sbt) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
    ...bigint[],
  ]
  const issuer = parseIssuerId(sbt.issuer)
  const signature = 'registered' in proof ? undefined : proof.signature
  const status = anchor.wantsStatus && 'signature' in proof ? proof.status : undefined
  const opening = 'registered' in proof ? proof.registered : status
  // Without a status the position still has to be statusId's; the leaf's root is then not looked at.
  const index = opening?.index ?? sbt.statusId
  const path =
    opening === undefined
      ? emptyPath(0n, QUATERNARY_DEPTH, index)
      : childrenOf({ ...opening, leaf: signature ? 0n : sbt.leaf })
  return {
    slot: BigInt(anchor.slot),
    salt,
    schemaHash,
    issuedAt,
    expiresAt,
    statusId,
    claims,
    issuer: issuer.kind === 'key' ? [...issuer.publicKey] : [issuer.chainId, issuer.address],
    isContract: issuer.kind === 'contract' ? 1n : 0n,
    isSigned: signature ? 1n : 0n,
    R8: [...(signature?.R8 ?? [0n, 0n])],
    s: signature?.S ?? 0n,
    index: bitsOf(index, 2 * QUATERNARY_DEPTH),
    children: path.children,
    registryRoot: anchor.registryRoot,
    statusRoot: anchor.statusRoot,
    acceptsSigned: BigInt(anchor.acceptsSigned),
    acceptsRegistered: BigInt(anchor.acceptsRegistered),
    wantsStatus: BigInt(anchor.wantsStatus),
    maxAge: anchor.maxAge,
    anchorIndex: bitsOf(anchorIndex, 2 * ANCHOR_DEPTH),
    anchorChildren: anchors.levels.slice(0, ANCHOR_DEPTH).map((level, l) => {
      const first = 4 * Math.floor(anchorIndex / 4 ** (l + 1))
      return level.slice(first, first + 4)
    }),
  }
}

let unused: Omit<SbtInputs, 'issuedAt' | 'expiresAt'> | undefined

/** An SBT that counts for nothing: no snapshot has its anchor. Signed by B8 in name, so that its leaf is 0. */
function unusedSbt(now: bigint): SbtInputs {
  if (unused === undefined) {
    const anchor = {
      slot: 0,
      type: poseidon([DOMAIN.keyType, ...BASE8, 0n]),
      registryRoot: 0n,
      statusRoot: 0n,
      acceptsSigned: false,
      acceptsRegistered: false,
      wantsStatus: false,
      maxAge: 0n,
    }
    unused = {
      slot: 0n,
      salt: 0n,
      schemaHash: 0n,
      statusId: 0n,
      claims: Array(MAX_CLAIMS).fill(0n),
      issuer: [...BASE8],
      isContract: 0n,
      isSigned: 1n,
      R8: [0n, 0n],
      s: 0n,
      index: bitsOf(0, 2 * QUATERNARY_DEPTH),
      children: emptyPath(0n, QUATERNARY_DEPTH).children,
      registryRoot: 0n,
      statusRoot: 0n,
      acceptsSigned: 0n,
      acceptsRegistered: 0n,
      wantsStatus: 0n,
      maxAge: 0n,
      anchorIndex: bitsOf(0, 2 * ANCHOR_DEPTH),
      anchorChildren: emptyPath(anchorHash(anchor), ANCHOR_DEPTH).children,
    }
  }
  return { ...unused, issuedAt: now, expiresAt: (now + 1n) % FIELD_MODULUS }
}

function setInputs(opening: SetProof | undefined) {
  if (opening === undefined) {
    const leaf = poseidon([DOMAIN.interval, 0n, 0n, 0n])
    const { children } = emptyPath(leaf, QUATERNARY_DEPTH)
    return { low: 0n, high: 0n, lowIsMember: 0n, index: bitsOf(0, 2 * QUATERNARY_DEPTH), children }
  }
  // The flag belongs to `low`, whatever the value; the leaf tells.
  const { low, high, index } = opening
  const isMember = opening.leaf === intervalLeaf(low, high, true)
  return {
    low,
    high: high === FIELD_MODULUS ? 0n : high,
    lowIsMember: isMember ? 1n : 0n,
    index: bitsOf(index, 2 * QUATERNARY_DEPTH),
    children: childrenOf(opening).children,
  }
}

/** What a proof of a policy discloses, by name, and where it stands in the public signals. */
export interface PreparedPolicy {
  readonly program: Program
  readonly inputs: CircuitInputs
  readonly publicSignals: string[]
  /** Revealed claims as text, by `slot.claim`. */
  readonly revealed: Record<string, string>
}

/**
 * Prepares a proof that a wallet satisfies a policy under a verifier's roots at time `now`.
 *
 * @throws {StatementError} with the reasons if it does not, or if a verifier key is the Soul's own
 * @throws {PolicyError} if no profile fits the policy
 * @throws {TypeError|RangeError} naming the argument that is malformed
 */
export function preparePolicy(
  options: Wallet & {
    readonly policy: Policy
    readonly roots: Roots
    readonly now: bigint
    readonly context: ContextSignals
    /** Of a timed policy: the commitment to that the claim holds; the context is then that of {@link timedContext}. */
    readonly commitment?: { readonly P: Point; readonly blinding: bigint }
  },
): PreparedPolicy {
  const { policy, roots, now, context, soul, sbts, sets = [], commitment } = options
  if (policy.timed !== undefined && commitment === undefined) {
    throw new StatementError('the policy is timed: a proof of it needs a beacon, see proveTimed')
  }
  assertUint(now, 64, 'now')
  refuseOwnKey(soul, context)
  const program = compilePolicy(policy)
  const { satisfied, reasons } = evaluatePolicy({ policy, roots, now, soul, sbts, sets })
  if (!satisfied) throw new StatementError('the wallet does not satisfy the policy', reasons)
  const anchors = anchorsOf({ policy, roots })
  const trees = program.sets.map((set) => set.tree ?? sets.find((tree) => tree.root === set.root))
  const choice = chooseSbts({ policy, program, anchors, trees, now, commitment: soul.commitment, sbts })
  if (choice === undefined) {
    throw new SoulproofError(
      'the evaluator accepts a wallet for which the program has no choice of SBTs; please report this',
    )
  }
  const loadClaim = (source: Source): bigint =>
    choice.find((sbt) => sbt.anchor.slot === source.slot)?.claims[source.claim] ?? 0n
  const signals: PolicySignals = {
    ...context,
    reveal: Array.from({ length: program.profile.reveals }, (_, r) => {
      const source = program.reveals[r]
      return source === undefined ? 0n : loadClaim(source)
    }),
    handle: program.ledgerId === undefined ? 0n : handleOf(program.ledgerId, soul.secret),
    nullifier:
      program.nullifier === undefined
        ? soulNullifier(context, soul.secret)
        : personalNullifier(context, loadClaim(program.nullifier)),
    policyDigest: program.digest,
    now,
    anchorsRoot: anchors.root,
    ...(commitment && { P: commitment.P }),
  }
  const opening = commitment && { blinding: commitment.blinding, truth: 1n as const }
  const openings = program.sets.map((set, k) => {
    const filled = choice.some((sbt) => sbt.anchor.slot === set.slot)
    return filled ? trees[k]?.proof(loadClaim(set)) : undefined
  })
  const inputs = policyInputs(signals, {
    ...{ secret: soul.secret, program, anchors, placed: choice, openings },
    ...(opening && { opening }),
  })
  const revealed = Object.fromEntries(
    policy.reveal.map((claim) => {
      const slot = policy.slots.find((rule) => rule.name === claim.slot)?.index
      const { held } = choice.find((sbt) => sbt.anchor.slot === slot) as PlacedSbt
      return [`${claim.slot}.${claim.claim}`, claimText(held.sbt.claims[claim.claim] as ClaimValue)]
    }),
  )
  return { program, inputs, publicSignals: policyPublicSignals(signals), revealed }
}

interface Candidate extends PlacedSbt {
  readonly hash: bigint
  readonly claims: readonly bigint[]
}

/** Chooses different SBTs for slots such that the program holds, at most as many as the profile has. */
function chooseSbts(options: {
  policy: Policy
  program: Program
  anchors: Anchors
  trees: readonly (SetTree | undefined)[]
  now: bigint
  commitment: bigint
  sbts: readonly HeldSbt[]
}): readonly Candidate[] | undefined {
  const { policy, program, anchors, trees, now, commitment, sbts } = options
  const owned = sbts.filter((held) => isOwned(held, commitment))
  const candidates = policy.slots.map((rule) =>
    owned.flatMap((held): Candidate[] => {
      const anchorIndex = anchors.leaves.findIndex(
        ({ slot, issuer }) => slot === rule.index && issuer === held.sbt.issuer,
      )
      const anchor = anchors.leaves[anchorIndex]
      if (anchor === undefined || !counts(held, anchor, now)) return []
      const { hash } = held.sbt
      return [{ held, anchor, anchorIndex, hash, claims: sbtFields(held.sbt).slice(6) }]
    }),
  )
  const chosen: Candidate[] = []
  // A set answers once per value, not once per combination.
  const answers = new Map<string, boolean>()
  const opened = trees.map(
    (tree, k) =>
      tree && {
        proof: (value: bigint) => {
          const key = `${k}:${value}`
          const member = answers.get(key) ?? tree.proof(value).member
          answers.set(key, member)
          return { member }
        },
      },
  )
  // Fewer SBTs first; slots in order, each left empty or filled by one of its candidates.
  const search = (slot: number, left: number): boolean => {
    if (left === 0 || slot === candidates.length)
      return left === 0 && holds({ program, chosen, trees: opened, now })
    if (candidates.length - slot > left && search(slot + 1, left)) return true
    for (const candidate of candidates[slot] as Candidate[]) {
      if (chosen.some(({ hash }) => hash === candidate.hash)) continue
      chosen.push(candidate)
      if (search(slot + 1, left - 1)) return true
      chosen.pop()
    }
    return false
  }
  for (let size = 1; size <= Math.min(program.profile.sbts, candidates.length); size++) {
    if (search(0, size)) return chosen
  }
  return undefined
}

function isOwned({ sbt, salt }: HeldSbt, commitment: bigint): boolean {
  try {
    return holderOf(commitment, salt) === sbt.holder
  } catch {
    // A malformed salt owns nothing; the SBT may not even be needed.
    return false
  }
}

/** Whether an SBT counts under an anchor, as `circuits/lib/sbt-slot.circom` decides it. */
function counts(held: HeldSbt, anchor: AnchorLeaf, now: bigint): boolean {
  const { sbt, anchor: proof } = held
  try {
    if (completeSbt(sbt).hash !== sbt.hash || sbtType(sbt.issuer, sbt.schema.hash) !== anchor.type)
      return false
    if (
      sbt.issuedAt > now ||
      now - sbt.issuedAt > anchor.maxAge ||
      (sbt.expiresAt !== 0n && sbt.expiresAt <= now)
    )
      return false
    if ('registered' in proof) {
      const leaf = registryLeaf(anchor.type, sbt.hash)
      return anchor.acceptsRegistered && quaternaryRoot({ ...proof.registered, leaf }) === anchor.registryRoot
    }
    if (!anchor.acceptsSigned || !isSigned(held, proof.signature)) return false
    if (!anchor.wantsStatus) return true
    const { status } = proof
    return status?.index === sbt.statusId && quaternaryRoot({ ...status, leaf: 0n }) === anchor.statusRoot
  } catch {
    // A malformed proof or signature attests nothing.
    return false
  }
}

/** Answers by signature object, because checking one takes milliseconds and every slot asks. */
const signed = new WeakMap<
  Signature,
  { readonly hash: bigint; readonly issuer: string; readonly holds: boolean }
>()

function isSigned({ sbt }: HeldSbt, signature: Signature): boolean {
  const issuer = parseIssuerId(sbt.issuer)
  if (issuer.kind !== 'key') return false
  const known = signed.get(signature)
  if (known?.hash === sbt.hash && known.issuer === sbt.issuer) return known.holds
  const holds = isSbtSigned(issuer.publicKey, sbt.hash, signature)
  signed.set(signature, { hash: sbt.hash, issuer: sbt.issuer, holds })
  return holds
}

/** Whether a program holds for chosen SBTs: the clauses and gates of the circuit, in the clear. */
export function holds(options: {
  readonly program: Program
  readonly chosen: readonly {
    readonly anchor: { readonly slot: number }
    readonly claims: readonly bigint[]
  }[]
  readonly trees: readonly ({ proof(value: bigint): { readonly member: boolean } } | undefined)[]
  readonly now: bigint
}): boolean {
  const { program, chosen, trees, now } = options
  const { clauses, gates, sets } = program
  const load = (source: Source): bigint | undefined =>
    chosen.find(({ anchor }) => anchor.slot === source.slot)?.claims[source.claim]
  const isSatisfied = (clause: Clause, next: Clause | undefined): boolean => {
    const value = load(clause)
    const operand = clause.useNext ? next && load(next) : 0n
    if (value === undefined || operand === undefined) return false
    const right = clause.constant + (clause.useNow ? now : 0n) + operand
    switch (clause.operation) {
      case OPERATION.held:
        return true
      case OPERATION.equal:
        return value === right
      case OPERATION.notEqual:
        return value !== right
      case OPERATION.less:
        return value < right
      case OPERATION.atLeast:
        return value >= right
      case OPERATION.inSet:
      case OPERATION.notInSet: {
        const k = sets.findIndex((set) => set.slot === clause.slot && set.claim === clause.claim)
        return trees[k]?.proof(value).member === (clause.operation === OPERATION.inSet)
      }
      default:
        return false
    }
  }
  const sums = gates.map(() => 0)
  const add = (node: { parent: number; weight: number }): void => {
    sums[node.parent] = (sums[node.parent] as number) + node.weight
  }
  clauses.forEach((clause, j) => {
    if (isSatisfied(clause, clauses[j + 1])) add(clause)
  })
  return gates.reduce((_, gate, g) => {
    const isMet = (sums[g] as number) >= gate.min
    if (isMet && g < gates.length - 1) add(gate)
    return isMet
  }, false)
}
