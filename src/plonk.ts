import type { G1Json, G2Json } from './groth16.js'

/** The points of a PLONK proof, in the order of the proof's rounds and of calldata. */
export const PLONK_COMMITMENTS = ['A', 'B', 'C', 'Z', 'T1', 'T2', 'T3', 'Wxi', 'Wxiw'] as const

/** The values that a PLONK proof opens, in the order of the transcript and of calldata. */
export const PLONK_EVALUATIONS = ['eval_a', 'eval_b', 'eval_c', 'eval_s1', 'eval_s2', 'eval_zw'] as const

/** The points of G1 in a PLONK verification key, in the order of the transcript: five selectors, three permutations. */
export const PLONK_KEY_POINTS = ['Qm', 'Ql', 'Qr', 'Qo', 'Qc', 'S1', 'S2', 'S3'] as const

/** A PLONK proof over BN254 in the form of snarkjs; all numbers are canonical decimal strings. */
export type PlonkProof = { [name in (typeof PLONK_COMMITMENTS)[number]]: G1Json } & {
  [name in (typeof PLONK_EVALUATIONS)[number]]: string
} & { protocol: 'plonk'; curve: 'bn128' }

/** A PLONK verification key over BN254 in the form of snarkjs. */
export type PlonkVerificationKeyJson = { [name in (typeof PLONK_KEY_POINTS)[number]]: G1Json } & {
  protocol: 'plonk'
  curve: 'bn128'
  /** Number of public signals. */
  nPublic: number
  /** The circuit's domain has 2^power elements. */
  power: number
  /** Factors of the second and third wires' cosets. */
  k1: string
  k2: string
  /** tau times the generator of G2. */
  X_2: G2Json
  /** The root of unity of order 2^power. */
  w: string
}
