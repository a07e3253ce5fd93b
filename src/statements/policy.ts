import { BASE8, type Point } from '../crypto/babyjub.js'
import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { SoulproofError, StatementError } from '../errors.js'
import { assertUint, FIELD_MODULUS } from '../field.js'
import { FIRST_LEAF, type LedgerProof, ledgerLeafHash, type Tally } from '../merkle/ledger.js'
import { QUATERNARY_DEPTH } from '../merkle/proof.js'
import { intervalLeaf, type SetProof, type SetTree } from '../merkle/set.js'
import { type AnchorLeaf, type Anchors, anchorHash, anchorsOf } from '../policy/anchors.js'
import { requirePolicy } from '../policy/check.js'
import { type Clause, compilePolicy, OPERATION, type Program, type ProgramClaim } from '../policy/compile.js'
import { assignSbts } from '../policy/evaluate.js'
import { ledgerRootsOf, ofLedger, viewLedger } from '../policy/ledgers.js'
import { ANCHOR_DEPTH } from '../policy/profiles.js'
import type { LedgerRule, Policy, Roots, Wallet } from '../policy/types.js'
import { parseIssuerId } from '../sbt/issuer.js'
import { type HeldSbt, sbtFields } from '../sbt/sbt.js'
import { type ClaimValue, MAX_CLAIMS } from '../sbt/schema.js'
import { requireSoul } from '../soul/check.js'
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
import { CLOCK_BITS, claimText, POLICY_SIGNALS, type PolicySignals, policyPublicSignals } from './signals.js'

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
  /** One per ledger of the program; undefined where it is not opened. */
  readonly ledgers: readonly (LedgerProof | undefined)[]
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
  const { secret, program, anchors, placed, openings, ledgers, opening } = witness
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
  const opened = Array.from({ length: profile.ledgers }, (_, k) => ledgerInputs(ledgers[k]))
  const ledgerColumn = <K extends keyof LedgerInputs>(name: K): LedgerInputs[K][] =>
    opened.map((ledger) => ledger[name])
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
    ...(profile.ledgers > 0 && {
      ledgerRoot: signals.ledgerRoot,
      ledgerIds: encoded.ledgers.map(([id]) => id),
      ledgerCategories: encoded.ledgers.map(([, categories]) => categories),
      ...Object.fromEntries(LEDGER_INPUTS.map((name) => [name, ledgerColumn(name)])),
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

const LEDGER_INPUTS = [
  'ledgerHandle',
  'ledgerNext',
  'ledgerCounts',
  'ledgerSums',
  'ledgerHead',
  'ledgerIndex',
  'ledgerChildren',
  'ledgerSize',
  'ledgerQueueLength',
  'ledgerQueueHead',
] as const

type LedgerInputs = ReturnType<typeof ledgerInputs>

/** A ledger that is not opened is filled with a path to a root that nobody accepts. */
function ledgerInputs(proof: LedgerProof | undefined) {
  const leaf = proof?.leaf ?? FIRST_LEAF
  const index = proof?.index ?? 0
  const hash = ledgerLeafHash(leaf)
  const path = proof === undefined ? emptyPath(hash, QUATERNARY_DEPTH) : childrenOf({ ...proof, leaf: hash })
  return {
    ledgerHandle: leaf.handle,
    ledgerNext: leaf.next,
    ledgerCounts: leaf.tallies.map(({ count }) => count),
    ledgerSums: leaf.tallies.map(({ sum }) => sum),
    ledgerHead: leaf.head,
    ledgerIndex: bitsOf(index, 2 * QUATERNARY_DEPTH),
    ledgerChildren: path.children,
    ledgerSize: BigInt(proof?.state.size ?? 0),
    ledgerQueueLength: proof?.state.queueLength ?? 0n,
    ledgerQueueHead: proof?.state.queueHead ?? 0n,
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
 * Prepares a proof that a wallet satisfies a policy under a verifier's roots at time `now`, Unix seconds below 2^64.
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
  const { policy, roots, now, context, soul, sbts, sets = [], ledgers, commitment } = options
  requirePolicy(policy)
  if (policy.timed !== undefined && commitment === undefined) {
    throw new StatementError('the policy is timed: a proof of it needs a beacon, see proveTimed')
  }
  assertUint(now, CLOCK_BITS, 'now')
  requireSoul(soul)
  refuseOwnKey(soul, context)
  const program = compilePolicy(policy)
  // Before the wallet is looked at: malformed roots are not its fault.
  const anchors = anchorsOf({ policy, roots })
  const { assignment, reasons } = assignSbts({
    policy,
    roots,
    now,
    soul,
    sbts,
    sets,
    ...(ledgers && { ledgers }),
  })
  if (assignment === undefined) throw new StatementError('the wallet does not satisfy the policy', reasons)
  const trees = program.sets.map((set) => set.tree ?? sets.find((tree) => tree.root === set.root))
  const read = program.ledgers.map(
    ({ name }) => policy.ledgers.find((rule) => rule.name === name) as LedgerRule,
  )
  const tallies = read.map((rule) => viewLedger({ rule, roots, ledgers, secret: soul.secret }).tallies)
  const choice = chooseSbts({ program, trees, tallies, now, sbts: placeSbts(policy, anchors, assignment) })
  const loadClaim = (source: ProgramClaim): bigint =>
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
    // An unopened ledger has the accepted root all the same: a proof does not tell which ones it needed.
    ledgerRoot: ledgerRootsOf(program, roots),
    ...(commitment && { P: commitment.P }),
  }
  const opening = commitment && { blinding: commitment.blinding, truth: 1n as const }
  const openings = program.sets.map((set, k) => {
    const filled = choice.some((sbt) => sbt.anchor.slot === set.slot)
    return filled ? trees[k]?.proof(loadClaim(set)) : undefined
  })
  const inputs = policyInputs(signals, {
    secret: soul.secret,
    program,
    anchors,
    placed: choice,
    openings,
    ledgers: read.map((rule, k) => (tallies[k] === undefined ? undefined : ofLedger(ledgers, rule))),
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

interface ChosenSbt extends PlacedSbt {
  /** Encoded claims by position. */
  readonly claims: readonly bigint[]
}

/** Finds the snapshot's leaves for SBTs that count, in the order of their slots. */
function placeSbts(
  policy: Policy,
  anchors: Anchors,
  assignment: ReadonlyMap<string, HeldSbt>,
): readonly ChosenSbt[] {
  return policy.slots.flatMap(({ name, index }) => {
    const held = assignment.get(name)
    if (held === undefined) return []
    const anchorIndex = anchors.leaves.findIndex(
      ({ slot, issuer }) => slot === index && issuer === held.sbt.issuer,
    )
    const anchor = anchors.leaves[anchorIndex] as AnchorLeaf
    return [{ held, anchor, anchorIndex, claims: sbtFields(held.sbt).slice(6) }]
  })
}

/**
 * Leaves out SBTs that the program can do without. What remains fits the profile, because the compiler counts the most slots
 * of which none can be left out.
 *
 * @throws {SoulproofError} if the program does not hold for the evaluator's SBTs, which would be an error of one of the two
 */
function chooseSbts(options: {
  readonly program: Program
  readonly trees: readonly (SetTree | undefined)[]
  readonly tallies: readonly (readonly Tally[] | undefined)[]
  readonly now: bigint
  readonly sbts: readonly ChosenSbt[]
}): readonly ChosenSbt[] {
  const { program, trees, tallies, now, sbts } = options
  const holdsFor = (chosen: readonly ChosenSbt[]): boolean => holds({ program, chosen, trees, tallies, now })
  const choice = sbts.reduce((chosen, sbt) => {
    const others = chosen.filter((other) => other !== sbt)
    return holdsFor(others) ? others : chosen
  }, sbts)
  if (choice.length > program.profile.sbts || !holdsFor(choice)) {
    throw new SoulproofError('the program does not hold for SBTs that satisfy its policy; please report this')
  }
  return choice
}

/** Whether a program holds for chosen SBTs: the clauses and gates of the circuit, in the clear. */
function holds(options: {
  readonly program: Program
  readonly chosen: readonly ChosenSbt[]
  readonly trees: readonly (SetTree | undefined)[]
  /** By ledger of the program; undefined where it is not opened. */
  readonly tallies: readonly (readonly Tally[] | undefined)[]
  readonly now: bigint
}): boolean {
  const { program, chosen, trees, tallies, now } = options
  const { clauses, gates } = program
  const load = (source: ProgramClaim): bigint | undefined =>
    chosen.find(({ anchor }) => anchor.slot === source.slot)?.claims[source.claim]
  const tallyOf = ({ slot, claim }: ProgramClaim): bigint | undefined =>
    tallies[slot]?.[claim >> 1]?.[claim % 2 === 0 ? 'count' : 'sum']
  const isSatisfied = (clause: Clause, next: Clause | undefined): boolean => {
    const value = clause.fromLedger ? tallyOf(clause) : load(clause)
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
      case OPERATION.notInSet:
        return trees[clause.set]?.proof(value).member === (clause.operation === OPERATION.inSet)
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
