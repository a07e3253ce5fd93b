import { bn254 } from '@noble/curves/bn254.js'
import { randomBytes } from '../crypto/random.js'
import { requireObject } from '../errors.js'
import { bytesToBigInt, parseDecimal, FIELD_MODULUS as r } from '../field.js'
import { parseVerificationKey, type VerificationKey } from './keys.js'
import { type G2, isInSubgroup, parseG1, parseG2, toCurveG1, toCurveG2 } from './points.js'

type CurveG1 = ReturnType<typeof toCurveG1>
type Lines = ReturnType<typeof bn254.utils.calcPairingPrecomputes>
type Fp12 = typeof bn254.fields.Fp12.ONE

// A proof that is well-formed and fits the key, ready for the pairing.
interface Candidate {
  readonly a: CurveG1
  readonly bLines: Lines
  readonly c: CurveG1
  readonly signals: readonly bigint[]
}

// What depends on the key alone.
interface PreparedKey {
  readonly alpha: CurveG1
  readonly betaLines: Lines
  readonly gammaLines: Lines
  readonly deltaLines: Lines
  /** Miller loop of (-alpha, beta), before the final exponentiation. */
  readonly minusAlphaBeta: Fp12
  /** Multiples 0 to 2^WINDOW - 1 of each point of `ic`. */
  readonly tables: readonly (readonly CurveG1[])[]
}

const WINDOW = 6

const prepared = new WeakMap<VerificationKey, PreparedKey>()

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
  return candidate !== undefined && isValid(prepare(key), candidate)
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
  const candidates: (Candidate & { index: number })[] = []
  for (const [index, item] of o.proofs.entries()) {
    const { publicSignals, proof } = (item ?? {}) as { publicSignals?: unknown; proof?: unknown }
    const candidate = readCandidate({ key, publicSignals, proof })
    if (candidate) candidates.push({ ...candidate, index })
    else invalid.push(index)
  }
  for (const { index } of findInvalid(prepare(key), candidates)) invalid.push(index)
  invalid.sort((a, b) => a - b)
  return { valid: invalid.length === 0, invalid }
}

function findInvalid<T extends Candidate>(key: PreparedKey, candidates: readonly T[]): readonly T[] {
  if (candidates.length === 0) return []
  if (candidates.length === 1) return isValid(key, candidates[0]!) ? [] : candidates
  if (isBatchValid(key, candidates)) return []
  const middle = candidates.length >> 1
  return [...findInvalid(key, candidates.slice(0, middle)), ...findInvalid(key, candidates.slice(middle))]
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
    const a = toCurveG1(parseG1(pi_a, 'proof.pi_a'))
    const b = parseG2(pi_b, 'proof.pi_b')
    const c = toCurveG1(parseG1(pi_c, 'proof.pi_c'))
    // In a group of another order the pairing is no longer one, and equations hold that should not.
    return isInSubgroup(b) ? { a, bLines: linesOf(b), c, signals } : undefined
  } catch (error) {
    // The parsers' own errors only: anything else is a fault of ours and must show.
    if (error instanceof TypeError || error instanceof RangeError) return undefined
    throw error
  }
}

// e(A, B) = e(alpha, beta) * e(IC_0 + sum of signal_i * IC_i, gamma) * e(C, delta)
function isValid(key: PreparedKey, { a, bLines, c, signals }: Candidate): boolean {
  const { Fp12 } = bn254.fields
  const loop = millerLoop([
    [a, bLines],
    [combine(key.tables, [1n, ...signals]).negate(), key.gammaLines],
    [c.negate(), key.deltaLines],
  ])
  return isOne(Fp12.mul(loop, key.minusAlphaBeta))
}

function isBatchValid(key: PreparedKey, candidates: readonly Candidate[]): boolean {
  const factors = candidates.map(() => randomFactor())
  const sum = factors.reduce((total, factor) => total + factor, 0n) % r
  const scalars = key.tables.map((_, j) => {
    const terms = candidates.map(({ signals }, i) => factors[i]! * (j === 0 ? 1n : signals[j - 1]!))
    return terms.reduce((total, term) => total + term, 0n) % r
  })
  const c = candidates.reduce(
    (total, candidate, i) => total.add(candidate.c.multiplyUnsafe(factors[i]!)),
    bn254.G1.Point.ZERO,
  )
  return isOne(
    millerLoop([
      ...candidates.map(({ a, bLines }, i) => [a.multiplyUnsafe(factors[i]!), bLines] as const),
      [key.alpha.multiplyUnsafe(sum).negate(), key.betaLines],
      [combine(key.tables, scalars).negate(), key.gammaLines],
      [c.negate(), key.deltaLines],
    ]),
  )
}

// Not 0, which would leave the proof out.
function randomFactor(): bigint {
  return bytesToBigInt(randomBytes(16)) || 1n
}

function prepare(key: VerificationKey): PreparedKey {
  let result = prepared.get(key)
  if (!result) {
    const alpha = toCurveG1(key.alpha)
    const betaLines = linesOf(key.beta)
    result = {
      alpha,
      betaLines,
      gammaLines: linesOf(key.gamma),
      deltaLines: linesOf(key.delta),
      minusAlphaBeta: millerLoop([[alpha.negate(), betaLines]]),
      tables: key.ic.map((point) => multiples(toCurveG1(point))),
    }
    prepared.set(key, result)
  }
  return result
}

function linesOf(point: G2): Lines {
  return bn254.utils.calcPairingPrecomputes(toCurveG2(point))
}

function millerLoop(pairs: readonly (readonly [CurveG1, Lines])[]): Fp12 {
  // A pair with infinity contributes the factor 1, and the library has no affine form of it.
  const finite = pairs.filter(([point]) => !point.is0())
  return bn254.millerLoopBatch(
    finite.map(([point, lines]) => {
      const { x, y } = point.toAffine()
      return [lines, x, y]
    }),
  )
}

function isOne(loop: Fp12): boolean {
  const { Fp12 } = bn254.fields
  return Fp12.eql(Fp12.finalExponentiate(loop), Fp12.ONE)
}

function multiples(point: CurveG1): CurveG1[] {
  const table = [bn254.G1.Point.ZERO]
  for (let i = 1; i < 1 << WINDOW; i++) table.push(table[i - 1]!.add(point))
  return table
}

// Sum of scalar * point with one chain of doublings for all; everything here is public.
function combine(tables: readonly (readonly CurveG1[])[], scalars: readonly bigint[]): CurveG1 {
  const mask = BigInt((1 << WINDOW) - 1)
  let sum = bn254.G1.Point.ZERO
  for (let window = Math.ceil(254 / WINDOW) - 1; window >= 0; window--) {
    for (let i = 0; i < WINDOW; i++) sum = sum.double()
    const shift = BigInt(WINDOW * window)
    scalars.forEach((scalar, i) => {
      const digit = Number((scalar >> shift) & mask)
      if (digit !== 0) sum = sum.add(tables[i]![digit]!)
    })
  }
  return sum
}
