/** Order q of the field over which the curve BN254 lies, of points' coordinates (EIP-196). */
export const BASE_FIELD_MODULUS =
  21888242871839275222246405745257275088696311157297823662689037894645226208583n

/** A point of G1: x, y and z as decimal strings; z is `1`, or `0` for infinity. */
export type G1Json = [string, string, string]

/** A point of G2 over the quadratic extension: x, y and z, each as [c0, c1] for c0 + c1 * u. */
export type G2Json = [[string, string], [string, string], [string, string]]

/** A Groth16 proof over BN254 in the form of snarkjs; all numbers are canonical decimal strings. */
export interface Groth16Proof {
  pi_a: G1Json
  pi_b: G2Json
  pi_c: G1Json
  protocol: 'groth16'
  curve: 'bn128'
}

/** A Groth16 verification key over BN254 in the form of snarkjs. */
export interface VerificationKeyJson {
  protocol: 'groth16'
  curve: 'bn128'
  /** Number of public signals. */
  nPublic: number
  vk_alpha_1: G1Json
  vk_beta_2: G2Json
  vk_gamma_2: G2Json
  vk_delta_2: G2Json
  /** Pairing of alpha and beta, written for other tools and never read here. */
  vk_alphabeta_12?: string[][][]
  /** One point for the constant, then one for each public signal. */
  IC: G1Json[]
}
