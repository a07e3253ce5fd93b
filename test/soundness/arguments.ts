import type { Argument } from './determinism.js'

/**
 * What the constraints alone do not show. Names of components without the template's numbers; `test/soundness/arguments.test.ts`
 * computes the numbers that the reasons use.
 */
export const ARGUMENTS: readonly Argument[] = [
  {
    name: 'complete addition',
    kind: 'divisor',
    signal:
      /(^|\.)(EdwardsAdd_\d+_\d+\.out|Base8Multiply_\d+_\d+\.out|Eddsa_\d+_\d+\.(A2|A4|fixed|difference))\[[01]\]$/,
    reason:
      'd is not a square, so that 1 + t and 1 - t are not 0 for points of the curve (circuits/lib/babyjub.circom). Where the issuer that a slot names is no point of the curve, no anchor of the snapshot has it, and the SBT does not count whatever the signature says.',
  },
  {
    name: 'fixed-base additions',
    kind: 'divisor',
    signal: /(^|\.)Base8Multiply_\d+_\d+\.add\[\d+\]\.slope$/,
    reason:
      'The sum before window w is m H with |m| < |d 4^w|, and |m| + |d 4^w| stays below l, so that the two u differ (circuits/lib/base8-multiply.circom).',
  },
  {
    name: 'signed multiplication',
    kind: 'divisor',
    signal: /(^|\.)SignedMultiply_\d+_\d+\.(slope|slope2|tangent|u|v|middle)(\[\d+\])?$/,
    reason:
      'An addition fails only for one of fewer than 2^15 of the 2^254 multipliers; the multiplier is a Poseidon hash plus a constant, so that reaching one is a preimage attack (circuits/lib/eddsa.circom, 2). Where the issuer is no point of the prime subgroup, no anchor of the snapshot has it.',
  },
  {
    name: 'change of form',
    kind: 'divisor',
    signal:
      /(^|\.)((ToEdwards|ToMontgomery)_\d+_\d+\.out|Base8Multiply_\d+_\d+\.EdwardsAdd_\d+_\d+\.p|Eddsa_\d+_\d+\.product|SignedMultiply_\d+_\d+\.p)\[[01]\]$/,
    reason:
      'v = 0, u = -1, x = 0 and y = 1 are those of points of order 1, 2 and 4 alone; the points here are multiples of B8, or of an issuer key of the prime subgroup by a number that is not 0 modulo l (circuits/lib/babyjub.circom).',
  },
  {
    name: 'two forms of a challenge',
    kind: 'given',
    signal: /(^|\.)Eddsa_\d+_\d+\.bits\[\d+\]$/,
    reason:
      "The multiplier is h + KAPPA or that plus or minus r: two challenges instead of one, which doubles a forger's chance and no more (circuits/lib/eddsa.circom, 1). Nothing is derived from a signature but whether it is valid.",
  },
]
