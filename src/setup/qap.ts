import { FIELD_MODULUS as r } from '../field.js'
import type { R1cs } from '../formats/r1cs.js'

/** A quadratic arithmetic program evaluated at one point tau, as Groth16's setup needs it. */
export interface QapAtPoint {
  /** Size of the evaluation domain, a power of two above constraints + public signals. */
  readonly domainSize: number
  /** A_j(tau), B_j(tau) and C_j(tau) for each wire j. */
  readonly a: readonly bigint[]
  readonly b: readonly bigint[]
  readonly c: readonly bigint[]
  /**
   * Lagrange polynomials of the odd powers of a root of unity of order 2 * domainSize, at tau. The product
   * polynomial A * B - C vanishes on the even ones, hence its values on the odd ones times these are its
   * value at tau, division by the vanishing polynomial and multiplication with it included.
   */
  readonly oddLagrange: readonly bigint[]
}

/** Returns the domain size that snarkjs takes for `r1cs`: a power of two above constraints + public signals. */
export function domainSizeOf(r1cs: R1cs): number {
  return 2 ** (Math.floor(Math.log2(r1cs.constraints + r1cs.publicSignals)) + 1)
}

/**
 * Evaluates the QAP of `r1cs` at `tau`.
 *
 * As in snarkjs, each public signal and the constant have a further constraint `signal * 0 = 0` after the
 * circuit's own, which keeps their A polynomials linearly independent.
 */
export function evaluateQap(o: { r1cs: R1cs; tau: bigint }): QapAtPoint {
  const { r1cs, tau } = o
  const domainSize = domainSizeOf(r1cs)
  const lagrange = lagrangeAt({ tau, size: domainSize, first: 0, step: 1 })
  const oddLagrange = lagrangeAt({ tau, size: 2 * domainSize, first: 1, step: 2 })
  const sums = [0, 1, 2].map((matrix) => columnSums(r1cs, matrix, lagrange))
  const [a, b, c] = sums as [bigint[], bigint[], bigint[]]
  for (let signal = 0; signal <= r1cs.publicSignals; signal++)
    a[signal]! += lagrange[r1cs.constraints + signal]!
  const reduce = (values: readonly bigint[]) => values.map((value) => value % r)
  return { domainSize, a: reduce(a), b: reduce(b), c: reduce(c), oddLagrange }
}

/**
 * Returns the primitive root of unity of order `size` that snarkjs uses: 5, the least non-residue, to the
 * power (r - 1) / size.
 *
 * @param size a power of two of at most 2^28
 */
export function rootOfUnity(size: number): bigint {
  return power(5n, (r - 1n) / BigInt(size))
}

function columnSums(r1cs: R1cs, matrix: number, lagrange: readonly bigint[]): bigint[] {
  const { rowStart, termWire, termCoefficient, coefficients } = r1cs
  const sums = new Array<bigint>(r1cs.wires).fill(0n)
  for (let constraint = 0; constraint < r1cs.constraints; constraint++) {
    const row = 3 * constraint + matrix
    for (let term = rowStart[row]!; term < rowStart[row + 1]!; term++) {
      sums[termWire[term]!]! += coefficients[termCoefficient[term]!]! * lagrange[constraint]!
    }
  }
  return sums
}

/** Returns L_i(tau) = (tau^size - 1) / size * w^i / (tau - w^i), for i = first, first + step, ... below size. */
export function lagrangeAt(o: { tau: bigint; size: number; first: number; step: number }): bigint[] {
  const { tau, size, first, step } = o
  const root = rootOfUnity(size)
  const factor = power(root, BigInt(step))
  const points: bigint[] = []
  let point = power(root, BigInt(first))
  for (let i = first; i < size; i += step) {
    points.push(point)
    point = (point * factor) % r
  }
  const scale = ((power(tau, BigInt(size)) - 1n + r) * invert(BigInt(size))) % r
  const inverses = invertAll(points.map((x) => (tau - x + r) % r))
  return points.map((x, i) => (((scale * x) % r) * inverses[i]!) % r)
}

// One inversion for all (Montgomery's trick). Tau is no root of unity, hence no value is 0.
function invertAll(values: readonly bigint[]): bigint[] {
  const prefixes: bigint[] = []
  let product = 1n
  for (const value of values) {
    prefixes.push(product)
    product = (product * value) % r
  }
  let inverse = invert(product)
  const inverses = new Array<bigint>(values.length)
  for (let i = values.length - 1; i >= 0; i--) {
    inverses[i] = (inverse * prefixes[i]!) % r
    inverse = (inverse * values[i]!) % r
  }
  return inverses
}

/** Returns the inverse of `value` modulo r; of 0, which has none, 0. */
export function invert(value: bigint): bigint {
  return power(value, r - 2n)
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % r
    square = (square * square) % r
  }
  return result
}
