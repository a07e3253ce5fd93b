import { chooseArithmetic } from '../bn254/arithmetic.js'
import { requireObject } from '../errors.js'
import { parseDecimal } from '../field.js'
import { type Candidate, createEquations, type Equations } from './equations.js'
import { parseVerificationKey, type VerificationKey } from './keys.js'
import { parseG1, parseG2 } from './points.js'

let equations: Promise<Equations> | undefined

/**
 * Tells whether a Groth16 proof over BN254 is valid for the public signals.
 *
 * Whatever is no valid proof gives false: another form than snarkjs's, numbers that are not canonical
 * decimal strings (a signal + r would be a second name of one nullifier), a wrong number of signals, points
 * off the curve or out of the subgroup, a failing pairing.
 *
 * @param o.verificationKey  snarkjs's verification key, as parsed from JSON
 * @param o.publicSignals    canonical decimal strings, in circuit order
 * @param o.proof            snarkjs's proof, as parsed from JSON
 * @throws {KeyError} if the key is malformed or unsafe, see `parseVerificationKey`
 */
export async function verifyGroth16(o: {
  verificationKey: unknown
  publicSignals: unknown
  proof: unknown
}): Promise<boolean> {
  requireObject(o, 'options')
  const key = parseVerificationKey(o.verificationKey)
  const candidate = readCandidate({ key, publicSignals: o.publicSignals, proof: o.proof })
  return candidate !== undefined && (await loadEquations()).isValid(key, candidate)
}

/**
 * Verifies many proofs for one key at less than half the cost of one after the other, and names the invalid.
 *
 * The pairing equations are added with random 128-bit factors, so that a batch with an invalid proof passes
 * with a probability of 2^-128; a batch that fails is halved until the culprits are found.
 *
 * @returns `invalid`: ascending indexes of the proofs that {@link verifyGroth16} refuses; `valid`: there are
 *   none, hence true for no proofs at all
 * @throws {KeyError} if the key is malformed or unsafe, see `parseVerificationKey`
 * @throws {TypeError} if `proofs` is not an array
 */
export async function verifyGroth16Batch(o: {
  verificationKey: unknown
  proofs: readonly { publicSignals: unknown; proof: unknown }[]
}): Promise<{ valid: boolean; invalid: number[] }> {
  requireObject(o, 'options')
  const key = parseVerificationKey(o.verificationKey)
  if (!Array.isArray(o.proofs)) throw new TypeError('proofs must be an array')
  const invalid: number[] = []
  const candidates: Candidate[] = []
  const indexes: number[] = []
  for (const [index, item] of o.proofs.entries()) {
    const { publicSignals, proof } = (item ?? {}) as { publicSignals?: unknown; proof?: unknown }
    const candidate = readCandidate({ key, publicSignals, proof })
    if (candidate) indexes[candidates.push(candidate) - 1] = index
    else invalid.push(index)
  }
  const { findInvalid } = await loadEquations()
  for (const position of findInvalid(key, candidates)) invalid.push(indexes[position] as number)
  invalid.sort((a, b) => a - b)
  return { valid: invalid.length === 0, invalid }
}

/** Makes the module at its first use; the next use tries again if that failed. */
function loadEquations(): Promise<Equations> {
  equations ??= chooseArithmetic()
    .then((arithmetic) => createEquations({ arithmetic }))
    .catch((error) => {
      equations = undefined
      throw error
    })
  return equations
}

function readCandidate(o: {
  key: VerificationKey
  publicSignals: unknown
  proof: unknown
}): Candidate | undefined {
  const { key, publicSignals, proof } = o
  if (!Array.isArray(publicSignals) || publicSignals.length !== key.ic.length - 1) return undefined
  if (typeof proof !== 'object' || proof === null) return undefined
  const { pi_a, pi_b, pi_c, protocol, curve, ...rest } = proof as Record<string, unknown>
  if (protocol !== 'groth16' || curve !== 'bn128' || Object.keys(rest).length > 0) return undefined
  try {
    const signals = Array.from(publicSignals, (signal, i) => parseDecimal(signal, `publicSignals[${i}]`))
    const [a, b, c] = [parseG1(pi_a, 'proof.pi_a'), parseG2(pi_b, 'proof.pi_b'), parseG1(pi_c, 'proof.pi_c')]
    return { a, b, c, signals }
  } catch (error) {
    // The parsers' own errors only: anything else is a fault of ours and must show.
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}
