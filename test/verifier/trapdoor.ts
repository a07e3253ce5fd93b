import { bn254 } from '@noble/curves/bn254.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import type { G1Json, G2Json, Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'

const { Fr, Fp2 } = bn254.fields

/** G1 point `scalar * generator` as snarkjs writes it. */
export function g1(scalar: bigint): G1Json {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar).toAffine()
  return [String(x), String(y), '1']
}

/** G2 point `scalar * generator` as snarkjs writes it. */
export function g2(scalar: bigint): G2Json {
  return g2Json(bn254.G2.Point.BASE.multiply(scalar).toAffine())
}

/** A point of G2's curve outside of the subgroup of order r, found by trying x = 0, 1, 2, ... */
export function g2OutsideSubgroup(): G2Json {
  for (let c0 = 0n; ; c0++) {
    const x = Fp2.fromBigTuple([c0, 0n])
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), bn254.G2.Point.CURVE().b)
    try {
      const y = Fp2.sqrt(square)
      if (!bn254.G2.Point.fromAffine({ x, y }).isTorsionFree()) return g2Json({ x, y })
    } catch {
      // No square: the next x.
    }
  }
}

/** Known secrets of a key with two public signals, from which proofs of anything can be computed. */
export const TRAPDOOR = { alpha: 11n, beta: 13n, gamma: 17n, delta: 19n, ic: [23n, 29n, 31n] } as const

/** A key with two public signals made from {@link TRAPDOOR}. */
export function trapdoorKey(): VerificationKeyJson {
  const { alpha, beta, gamma, delta, ic } = TRAPDOOR
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: ic.length - 1,
    vk_alpha_1: g1(alpha),
    vk_beta_2: g2(beta),
    vk_gamma_2: g2(gamma),
    vk_delta_2: g2(delta),
    IC: ic.map(g1),
  }
}

/**
 * Solves the verification equation for C by the trapdoor: a valid proof without circuit or prover.
 *
 * @param signals two canonical field elements
 */
export function simulateProof(signals: readonly bigint[], a = 37n, b = 41n): Groth16Proof {
  const { alpha, beta, gamma, delta, ic } = TRAPDOOR
  const sum = signals.reduce((total, signal, i) => total + signal * ic[i + 1]!, ic[0])
  const c = Fr.div(Fr.create(a * b - alpha * beta - (sum % r) * gamma), delta)
  return { pi_a: g1(a), pi_b: g2(b), pi_c: g1(c), protocol: 'groth16', curve: 'bn128' }
}

function g2Json({ x, y }: { x: typeof Fp2.ONE; y: typeof Fp2.ONE }): G2Json {
  return [[String(x.c0), String(x.c1)], [String(y.c0), String(y.c1)], ['1', '0']] // biome-ignore format: one point
}
