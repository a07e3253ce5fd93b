import { keccak_256 } from '@noble/hashes/sha3.js'
import { bigIntToBytes, bytesToBigInt, FIELD_MODULUS as r } from '../../field.js'
import type { G1 } from '../points.js'
import type { PlonkKey } from './keys.js'

/** A proof whose points lie on the curve and whose values are canonical, in the orders of src/plonk.ts. */
export interface PlonkCandidate {
  readonly commitments: readonly G1[]
  readonly evaluations: readonly bigint[]
  readonly signals: readonly bigint[]
}

/** What the verifier would have asked for in each round. */
export interface Challenges {
  readonly beta: bigint
  readonly gamma: bigint
  readonly alpha: bigint
  readonly xi: bigint
  readonly v: bigint
  readonly u: bigint
}

/**
 * Derives the challenges of a proof as snarkjs does: keccak256 of 32-byte big-endian words, modulo r.
 *
 * The first hashes all commitments of the key, all public signals and the wires' commitments; each later one the challenge
 * before it and what the prover sends in its round, so that it depends on all that came before. The last, u, is the exception:
 * it hashes the two openings alone. docs/decisions/plonk.md tells why that is sound.
 */
export function challengesOf(
  key: PlonkKey,
  { commitments, evaluations, signals }: PlonkCandidate,
): Challenges {
  const [a, b, c, z, t1, t2, t3, wxi, wxiw] = commitments as [G1, G1, G1, G1, G1, G1, G1, G1, G1]
  const keyWords = key.points.flatMap((point) => point ?? [0n, 0n])
  const beta = hash([...keyWords, ...signals, ...a, ...b, ...c])
  const gamma = hash([beta])
  const alpha = hash([beta, gamma, ...z])
  const xi = hash([alpha, ...t1, ...t2, ...t3])
  return { beta, gamma, alpha, xi, v: hash([xi, ...evaluations]), u: hash([...wxi, ...wxiw]) }
}

function hash(words: readonly bigint[]): bigint {
  const bytes = new Uint8Array(32 * words.length)
  words.forEach((word, i) => void bytes.set(bigIntToBytes(word, 32), 32 * i))
  return bytesToBigInt(keccak_256(bytes)) % r
}
