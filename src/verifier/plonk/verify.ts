import { chooseArithmetic } from '../../bn254/arithmetic.js'
import { requireObject } from '../../errors.js'
import { parseDecimal } from '../../field.js'
import { PLONK_COMMITMENTS, PLONK_EVALUATIONS } from '../../plonk.js'
import { parseG1 } from '../points.js'
import { createPlonkEquation, type PlonkEquation } from './equation.js'
import { type PlonkKey, parsePlonkKey } from './keys.js'
import type { PlonkCandidate } from './transcript.js'

let equation: Promise<PlonkEquation> | undefined

/**
 * Tells whether a PLONK proof over BN254, in snarkjs's form, is valid for the public signals.
 *
 * Whatever is no valid proof gives false: a missing or surplus field, numbers that are not canonical decimal strings, a wrong
 * number of signals, points off the curve or at infinity, a failing pairing.
 *
 * @param o.verificationKey  snarkjs's PLONK verification key, as parsed from JSON
 * @param o.publicSignals    canonical decimal strings, in circuit order
 * @param o.proof            snarkjs's PLONK proof, as parsed from JSON
 * @throws {KeyError} if the key is malformed or unsafe, see `parsePlonkKey`
 */
export async function verifyPlonk(o: {
  verificationKey: unknown
  publicSignals: unknown
  proof: unknown
}): Promise<boolean> {
  requireObject(o, 'options')
  const { publicSignals, proof } = o
  return holdsUnder({ key: parsePlonkKey(o.verificationKey), publicSignals, proof })
}

/** Tells the same of a key that is parsed. */
export async function holdsUnder(o: {
  key: PlonkKey
  publicSignals: unknown
  proof: unknown
}): Promise<boolean> {
  const candidate = readCandidate(o)
  return candidate !== undefined && (await loadEquation()).isValid(o.key, candidate)
}

/** Makes the module at its first use; the next use tries again if that failed. */
function loadEquation(): Promise<PlonkEquation> {
  equation ??= chooseArithmetic()
    .then((arithmetic) => createPlonkEquation({ arithmetic }))
    .catch((error) => {
      equation = undefined
      throw error
    })
  return equation
}

function readCandidate(o: {
  key: PlonkKey
  publicSignals: unknown
  proof: unknown
}): PlonkCandidate | undefined {
  const { key, publicSignals, proof } = o
  if (!Array.isArray(publicSignals) || publicSignals.length !== key.signals) return undefined
  if (typeof proof !== 'object' || proof === null) return undefined
  const fields = { ...proof } as Record<string, unknown>
  if (fields['protocol'] !== 'plonk' || fields['curve'] !== 'bn128') return undefined
  // What is missing is refused by its parser.
  if (Object.keys(fields).length !== PLONK_COMMITMENTS.length + PLONK_EVALUATIONS.length + 2) return undefined
  try {
    return {
      signals: Array.from(publicSignals, (signal, i) => parseDecimal(signal, `publicSignals[${i}]`)),
      commitments: PLONK_COMMITMENTS.map((name) => parseG1(fields[name], `proof.${name}`)),
      evaluations: PLONK_EVALUATIONS.map((name) => parseDecimal(fields[name], `proof.${name}`)),
    }
  } catch (error) {
    // The parsers' own errors only: anything else is a fault of ours and must show.
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}
