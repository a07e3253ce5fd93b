import { bytesToBigInt } from '../field.js'

/** Sizes of one policy circuit. */
export interface Profile {
  readonly name: 'policy-s' | 'policy-m' | 'policy-m-timed' | 'policy-l'
  /** Name and version as a number, part of every digest: the ASCII text `<name>/1`, big-endian. */
  readonly id: bigint
  /** Most SBTs that count at once; the policy may name more slots. */
  readonly sbts: number
  /** Ledgers that are read. */
  readonly ledgers: number
  /** Openings of interval sets. */
  readonly sets: number
  /** Predicates. A comparison of two claims takes two. */
  readonly clauses: number
  /** Weighted thresholds, the root included. */
  readonly gates: number
  readonly reveals: number
  /** 2^parentBits >= gates. */
  readonly parentBits: number
  /** Whether it is for timed policies, and for no others. */
  readonly timed?: true
}

const idOf = (text: string): bigint => bytesToBigInt(new TextEncoder().encode(text))

/** The profiles, smallest first. The same sizes as in `circuits/statements`, by a test. */
export const PROFILES: readonly Profile[] = [
  {
    name: 'policy-s',
    id: idOf('policy-s/1'),
    sbts: 1,
    ledgers: 0,
    sets: 0,
    clauses: 8,
    gates: 4,
    reveals: 2,
    parentBits: 2,
  },
  {
    name: 'policy-m',
    id: idOf('policy-m/1'),
    sbts: 4,
    ledgers: 0,
    sets: 1,
    clauses: 12,
    gates: 6,
    reveals: 2,
    parentBits: 3,
  },
  {
    name: 'policy-l',
    id: idOf('policy-l/1'),
    sbts: 8,
    ledgers: 2,
    sets: 2,
    clauses: 16,
    gates: 8,
    reveals: 4,
    parentBits: 3,
  },
  {
    name: 'policy-m-timed',
    id: idOf('policy-m-timed/1'),
    sbts: 4,
    ledgers: 0,
    sets: 1,
    clauses: 12,
    gates: 6,
    reveals: 2,
    parentBits: 3,
    timed: true,
  },
]

/** Width of a weight in a program. */
export const WEIGHT_BITS = 7

/** Width of a gate's threshold in a program. */
export const THRESHOLD_BITS = 12

/** Leaves of an anchors snapshot: 4^3. */
export const ANCHOR_DEPTH = 3
