import { buildBn128 } from 'ffjavascript'
import { groth16 } from 'snarkjs'
import type { VerificationKeyJson } from '../../src/groth16.js'
import type { ProofWithSignals } from '../../src/prover/engine/types.js'

/**
 * What snarkjs says of a proof, without threads.
 *
 * snarkjs makes a curve with threads for each verification that begins before the first curve is there, and forgets all but
 * one, so that nobody can end them. It takes the curve that it finds.
 */
export async function snarkjsVerify(
  key: VerificationKeyJson,
  { proof, publicSignals }: Pick<ProofWithSignals, 'proof' | 'publicSignals'>,
): Promise<boolean> {
  const scope = globalThis as { curve_bn128?: unknown }
  scope.curve_bn128 ??= await buildBn128(true)
  return groth16.verify(key as Parameters<typeof groth16.verify>[0], publicSignals, proof)
}
