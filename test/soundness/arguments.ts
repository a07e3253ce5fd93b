import type { Argument } from './determinism.js'

/**
 * What the constraints alone do not show. Names of components without the template's numbers; `test/soundness/arguments.test.ts`
 * computes the numbers that the reasons use.
 */
export const ARGUMENTS: readonly Argument[] = [
  {
    name: 'issuer keys are keys',
    kind: 'point',
    point: { isEdwards: true, isOfPrimeOrder: true },
    signal: /^(sbt\[\d+\]|slotOf)\.key\[0\]$/,
    reason:
      'The key is B8, or that of an issuer: verifier and wallet refuse one that is not of the prime subgroup when they read the policy (`src/sbt/issuer.ts`). For another, no anchor of the snapshot has it, and the SBT does not count whatever the signature says.',
  },
  {
    name: 'last steps of a signature',
    kind: 'divisor',
    signal: /(^|\.)SignedMultiply_\d+_\d+\.slope2?\[(249|25[0-3])\]$/,
    reason:
      'Before the last five steps the multiple is below l, and proved not to be an exception. In them an addition fails for fewer than 2^15 of the 2^254 multipliers; the multiplier is a Poseidon hash plus a constant, so that reaching one is a preimage attack (circuits/lib/eddsa.circom, 2).',
  },
  {
    name: 'two forms of a challenge',
    kind: 'given',
    signal: /(^|\.)Eddsa_\d+_\d+\.bits\[\d+\]$/,
    reason:
      "The multiplier is h + KAPPA or that plus or minus r, which its top bit tells: two challenges instead of one, which doubles a forger's chance and no more (circuits/lib/eddsa.circom, 1). Nothing is derived from a signature but whether it is valid.",
  },
]

const given = (o: { signal: RegExp; isEdwards?: boolean; isOfPrimeOrder?: boolean }): Argument => {
  const { signal, isEdwards = true, isOfPrimeOrder = true } = o
  return {
    name: 'points given to a gadget',
    kind: 'point',
    point: { isEdwards, isOfPrimeOrder },
    signal,
    reason: 'The gadget takes such points alone; where it is used, they are proved to be ones.',
  }
}

const OF_GADGETS: Readonly<Record<string, Argument>> = {
  EdwardsAdd: given({ signal: /^[pq]\[0\]$/, isOfPrimeOrder: false }),
  ToMontgomery: given({ signal: /^in\[0\]$/ }),
  ToEdwards: given({ signal: /^in\[0\]$/, isEdwards: false }),
  'SignedMultiply(5)': given({ signal: /^p\[0\]$/, isEdwards: false }),
  Eddsa: given({ signal: /^A\[0\]$/ }),
}

const lists = new Map<string, readonly Argument[]>()

/** The arguments for one circuit: gadgets alone take points of which statements prove that they are ones. */
export function argumentsOf(circuit: string): readonly Argument[] {
  const own = OF_GADGETS[circuit]
  if (own === undefined) return ARGUMENTS
  const list = lists.get(circuit) ?? [...ARGUMENTS, own]
  lists.set(circuit, list)
  return list
}
