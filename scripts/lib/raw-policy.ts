import type { Point } from '../../src/crypto/babyjub.js'
import type { LedgerProof } from '../../src/merkle/ledger.js'
import type { SetTree } from '../../src/merkle/set.js'
import { anchorsOf } from '../../src/policy/anchors.js'
import { compilePolicy } from '../../src/policy/compile.js'
import { ledgerRootsOf, ofLedger } from '../../src/policy/ledgers.js'
import type { Policy, Roots } from '../../src/policy/types.js'
import type { HeldSbt } from '../../src/sbt/index.js'
import { sbtFields } from '../../src/sbt/sbt.js'
import type { Soul } from '../../src/soul/index.js'
import {
  type Context,
  type ContextSignals,
  contextSignals,
  handleOf,
  personalNullifier,
  soulNullifier,
} from '../../src/statements/context.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { type PlacedSbt, policyInputs } from '../../src/statements/policy.js'
import { type PolicySignals, policyPublicSignals } from '../../src/statements/signals.js'

/** A holder who ignores every check of the library and feeds the circuit what he likes. */
export interface RawPolicy {
  readonly policy: Policy
  readonly roots: Roots
  readonly soul: Soul
  /** SBTs by the slot that they are to fill, in physical order. */
  readonly fill: readonly (readonly [slot: string, held: HeldSbt])[]
  readonly sets?: readonly SetTree[]
  readonly ledgers?: Readonly<Record<string, LedgerProof>>
  readonly context: Context | ContextSignals
  /** Unix seconds. */
  readonly now: bigint
  /** Of a timed policy: the opening of P, with what it says of the claim. */
  readonly commitment?: { readonly P: Point; readonly blinding: bigint; readonly truth: 0n | 1n }
  /** Public signals to claim instead of the computed ones. */
  readonly signals?: Partial<PolicySignals>
}

/** Returns the circuit's inputs, with public signals computed from the SBTs that were put into the slots. */
export function rawPolicy(options: RawPolicy): {
  inputs: CircuitInputs
  publicSignals: string[]
  signals: PolicySignals
} {
  const { policy, roots, soul, fill, sets = [], now, commitment } = options
  const context = 'isTimed' in options.context ? options.context : contextSignals(options.context)
  const program = compilePolicy(policy)
  const anchors = anchorsOf({ policy, roots })
  const placed = fill.map(([name, held]): PlacedSbt => {
    const slot = policy.slots.find((rule) => rule.name === name)?.index
    const at = anchors.leaves.findIndex((leaf) => leaf.slot === slot && leaf.issuer === held.sbt.issuer)
    const anchorIndex = at < 0 ? anchors.leaves.findIndex((leaf) => leaf.slot === slot) : at
    const anchor = anchors.leaves[anchorIndex]
    if (anchor === undefined) throw new Error(`no anchor of slot ${name}`)
    return { held, anchor, anchorIndex }
  })
  const load = ({ slot, claim }: { slot: number; claim: number }): bigint => {
    const sbt = placed.find(({ anchor }) => anchor.slot === slot)?.held.sbt
    return sbt === undefined ? 0n : (sbtFields(sbt)[6 + claim] as bigint)
  }
  const { nullifier, ledgerId, profile, reveals } = program
  const signals: PolicySignals = {
    ...context,
    reveal: Array.from({ length: profile.reveals }, (_, r) => (reveals[r] ? load(reveals[r]) : 0n)),
    handle: ledgerId === undefined ? 0n : handleOf(ledgerId, soul.secret),
    nullifier: nullifier ? personalNullifier(context, load(nullifier)) : soulNullifier(context, soul.secret),
    policyDigest: program.digest,
    now,
    anchorsRoot: anchors.root,
    ledgerRoot: ledgerRootsOf(program, roots),
    ...(commitment && { P: commitment.P }),
    ...options.signals,
  }
  const openings = program.sets.map((set) => {
    const filled = placed.some(({ anchor }) => anchor.slot === set.slot)
    const tree = set.tree ?? sets.find((candidate) => candidate.root === set.root)
    return filled ? tree?.proof(load(set)) : undefined
  })
  const ledgers = program.ledgers.map((ledger) => ofLedger(options.ledgers, ledger))
  const opening = commitment && { blinding: commitment.blinding, truth: commitment.truth }
  const inputs = policyInputs(signals, {
    ...{ secret: soul.secret, program, anchors, placed, openings, ledgers },
    ...(opening && { opening }),
  })
  return { inputs, publicSignals: policyPublicSignals(signals), signals }
}
