import type { LedgerProof } from '../merkle/ledger.js'
import type { SetTree } from '../merkle/set.js'
import type { IssuerId } from '../sbt/issuer.js'
import type { HeldSbt } from '../sbt/sbt.js'
import type { ClaimType, Schema } from '../sbt/schema.js'
import type { Soul } from '../soul/index.js'

/** A root of a ledger, with what is known of its age. */
export interface LedgerRoot {
  readonly root: bigint
  /** Number of queue entries that it contains. */
  readonly queueLength: bigint
  /** When it was accepted, Unix seconds. */
  readonly at: bigint
}

/** Roots that a verifier accepts together, at one moment. */
export interface Roots {
  readonly issuers: Readonly<Record<IssuerId, { readonly registry?: bigint; readonly status?: bigint }>>
  /** By the ledger's id, or by the policy's name for it. */
  readonly ledgers?: Readonly<Record<string, LedgerRoot>>
}

/** What a Soul holds and can prove policies with. Stays with the holder. */
export interface Wallet {
  readonly soul: Soul
  readonly sbts: readonly HeldSbt[]
  /** Trees of the sets that policies name by root. */
  readonly sets?: readonly SetTree[]
  /** Openings for the Soul's handles, by the ledger's id, or by the policy's name for it. */
  readonly ledgers?: Readonly<Record<string, LedgerProof>>
}

/** A named slot of a policy, to be filled by one SBT. */
export interface SlotRule {
  readonly name: string
  /** Position among the policy's slots in the order of their names; part of the anchors' leaves. */
  readonly index: number
  /** Accepted issuers, sorted, without repetition. */
  readonly issuers: readonly IssuerId[]
  readonly schema: Schema
  readonly anchor: 'signed' | 'registered' | 'either'
  readonly revocation: 'required' | 'none'
  /** Greatest age in seconds since issuedAt; undefined means any. */
  readonly maxAge?: bigint
}

/** A ledger of which a policy speaks: its name there, its id of 1 to 256 characters, and its categories, all different. */
export interface LedgerRule {
  readonly name: string
  readonly id: string
  readonly categories: readonly string[]
}

/** A claim of the SBT in a slot. `position` is its place in the schema, 0..9. */
export interface ClaimRef {
  readonly slot: string
  readonly claim: string
  readonly position: number
  readonly type: ClaimType
}

/** How a claim is compared. All but `eq` and `neq` need a claim of type uint, int or date. */
export type CompareOperator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte'

/**
 * What a claim is compared with. Constants are encoded as the claim's field element (`encodeClaim`); `text` is the
 * constant as written, where the encoding is a hash. It serves explanations only and is not part of the policy.
 */
export type Operand =
  | { readonly kind: 'constant'; readonly value: bigint; readonly text?: string }
  /** now + offset in Unix seconds, in the encoding of the claim's type. */
  | { readonly kind: 'now'; readonly offset: bigint }
  | { readonly kind: 'claim'; readonly claim: ClaimRef }

/**
 * A condition. `path` is where it stands in the JSON. There is no negation: `not` is parsed into the opposite
 * predicate, `between` into two comparisons under `all` (negated: under `any`).
 */
export type Formula =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Formula[]; readonly path: string }
  | { readonly kind: 'atLeast'; readonly min: number; readonly of: readonly Formula[]; readonly path: string }
  | {
      readonly kind: 'weighted'
      readonly min: number
      readonly of: readonly { readonly weight: number; readonly formula: Formula }[]
      readonly path: string
    }
  | { readonly kind: 'has'; readonly slot: string; readonly path: string }
  | {
      readonly kind: 'compare'
      readonly left: ClaimRef
      readonly operator: CompareOperator
      readonly right: Operand
      readonly path: string
    }
  | {
      readonly kind: 'in'
      readonly left: ClaimRef
      readonly member: boolean
      readonly set: SetSource
      readonly path: string
    }
  | {
      readonly kind: 'ledger'
      readonly ledger: string
      readonly category: string
      /** The category's place in the ledger's list. */
      readonly position: number
      readonly field: 'count' | 'sum'
      readonly operator: CompareOperator
      readonly value: bigint
      readonly path: string
    }

/**
 * Encoded values, sorted, without repetition; or the root of a `SetTree` of encoded values. `texts` are the values
 * as written, in the same order, where the encoding is a hash; for explanations only.
 */
export type SetSource =
  | { readonly kind: 'list'; readonly values: readonly bigint[]; readonly texts?: readonly string[] }
  | { readonly kind: 'root'; readonly root: bigint }

/** Until when a proof convinces: within a window after a beacon, whose delay anybody can compute later. */
export interface TimedRule {
  /** Sequential squarings of the delay, T. */
  readonly squarings: number
  /** Seconds after the beacon within which a proof has to arrive. */
  readonly window: number
  /** Where beacons come from, such as `drand:<chain hash>`. */
  readonly beacon: string
  /** Modulus of the group, 2048 bits; undefined is the RSA-2048 number. */
  readonly modulus?: bigint
}

/** A policy that has been parsed and checked; deeply frozen. */
export interface Policy {
  readonly version: 1
  /** Slots in the order of their names. */
  readonly slots: readonly SlotRule[]
  readonly ledgers: readonly LedgerRule[]
  readonly require: Formula
  readonly reveal: readonly ClaimRef[]
  /** Name of the ledger whose handle is disclosed. */
  readonly discloseHandle?: string
  readonly nullifier?: ClaimRef
  readonly timed?: TimedRule
  /** Canonical text of the whole policy: the same for every way to write the same policy. */
  readonly canonical: string
}
