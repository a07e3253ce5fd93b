/** Proofs of random circuits by engines of every kind, each verified by snarkjs and by our verifier. */
import { bn254 } from '@noble/curves/bn254.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { firstViolatedConstraint } from '../../../src/formats/r1cs.js'
import { writeWitness } from '../../../src/formats/witness.js'
import type { G1Json, G2Json, VerificationKeyJson } from '../../../src/groth16.js'
import { createSoulproofEngine, type SoulproofEngineOptions } from '../../../src/prover/engine/index.js'
import type { ProofWithSignals } from '../../../src/prover/engine/types.js'
import {
  createGenerators,
  createKey,
  DEVELOPMENT_TRAPDOOR,
  type Trapdoor,
} from '../../../src/setup/development-key.js'
import { exportVerificationKey } from '../../../src/setup/verification-key.js'
import { verifyGroth16 } from '../../../src/verifier/groth16.js'
import { snarkjsVerify } from '../../support/snarkjs.js'
import { numbers, type RandomCircuit, randomCircuit, SHAPES } from './random-circuit.js'
import { mod } from './reference.js'

/** What proves: both arithmetics, one thread and several, memory shared and not. */
export const SETTINGS: readonly SoulproofEngineOptions[] = [
  { arithmetic: 'simd', threads: 2, shared: true },
  { arithmetic: 'scalar', threads: 1, shared: true },
  { arithmetic: 'simd', threads: 1, shared: true, blinding: edgeBlinding(1) },
  { arithmetic: 'scalar', threads: 2, shared: true, blinding: edgeBlinding(2) },
  { arithmetic: 'simd', threads: 3, shared: false },
  { arithmetic: 'scalar', threads: 2, shared: false },
]

/** What free wires are. */
const VALUES = ['zero', 'one', 'r - 1', 'bits', 'random'] as const

/** What keys are made of: the development keys' secrets, random ones, or such that points of the key are equal. */
const TRAPDOORS = ['development', 'random', 'equal', 'small'] as const

/** A source of field elements that is the same for the same seed. */
export function fieldElements(seed: number): () => bigint {
  const next = numbers(seed)
  return () => mod((BigInt(next()) << 230n) ^ ((BigInt(next()) * 0x123456789abcdefn) ** 4n))
}

/** Blinding scalars at the edges, every other time random. Only where nothing has to be hidden. */
function edgeBlinding(seed: number): () => { r: bigint; s: bigint } {
  const random = fieldElements(seed)
  const edges = [0n, 1n, r - 1n]
  let calls = 0
  return () => {
    const at = calls++
    if (at % 2 === 0) return { r: random(), s: random() }
    return { r: edges[(at >> 1) % 3]!, s: edges[Math.floor(at / 6) % 3]! }
  }
}

function valuesOf(kind: (typeof VALUES)[number], seed: number): () => bigint {
  const next = numbers(seed)
  switch (kind) {
    case 'zero':
      return () => 0n
    case 'one':
      return () => 1n
    case 'r - 1':
      return () => r - 1n
    case 'bits':
      return () => BigInt(next() & 1)
    case 'random':
      return fieldElements(seed)
  }
}

function trapdoorOf(kind: (typeof TRAPDOORS)[number], seed: number): Trapdoor {
  const random = fieldElements(seed)
  switch (kind) {
    case 'development':
      return DEVELOPMENT_TRAPDOOR
    case 'random':
      return { tau: random(), alpha: random(), beta: random(), delta: random() }
    case 'equal': {
      // Alpha, beta and delta are one point, which the sums meet with the scalars 1, r and s.
      const same = random()
      return { tau: random(), alpha: same, beta: same, delta: same }
    }
    case 'small':
      // Opposite points in B; delta must not be gamma, which is 1.
      return { tau: 2n, alpha: 2n, beta: r - 2n, delta: 2n }
  }
}

/** The ten circuits of a round: domains of 2^1 to 2^10 rows, of every shape in turn. */
export function circuitsOfRound(round: number): RandomCircuit[] {
  const next = numbers(1000 + round)
  return Array.from({ length: 10 }, (_, i) => {
    const logSize = 1 + i
    return randomCircuit({
      seed: next(),
      logSize,
      // None now and then, and as many as the rows allow.
      publicSignals: next() % 3 === 0 ? 0 : next() % Math.min(2 ** logSize, 10),
      privates: next() % 3 === 0 ? 0 : next() % 20,
      shape: SHAPES[(i + round) % SHAPES.length]!,
    })
  })
}

/** Counts what was proved, and names what did not verify. */
export interface ProofSweep {
  readonly proofs: number
  readonly keys: number
  /** How many of the proofs had a point at infinity. */
  readonly infinite: number
  readonly failures: readonly string[]
  /**
   * Makes a key for a circuit and proves it with as many witnesses, by the engines in turn, several at a time.
   *
   * @param o.seed also chooses where engines, values and trapdoors begin
   */
  readonly prove: (circuit: RandomCircuit, o: { seed: number; witnesses: number }) => Promise<void>
  /** A proof of a false witness, which snarkjs and our verifier must refuse: what each says. */
  readonly proveFalsehood: () => Promise<readonly [snarkjs: boolean, ours: boolean]>
  readonly dispose: () => Promise<void>
}

/** Whether Groth16's equation holds, by another library, which takes points at infinity too. */
function holds(key: VerificationKeyJson, { proof, publicSignals }: ProofWithSignals): boolean {
  const { Point: G1 } = bn254.G1
  const { Point: G2 } = bn254.G2
  const { Fp2, Fp12 } = bn254.fields
  const g1 = ([x, y, z]: G1Json) => (z === '0' ? G1.ZERO : G1.fromAffine({ x: BigInt(x), y: BigInt(y) }))
  const g2 = ([x, y, z]: G2Json) =>
    z[0] === '0'
      ? G2.ZERO
      : G2.fromAffine({
          x: Fp2.fromBigTuple([BigInt(x[0]), BigInt(x[1])]),
          y: Fp2.fromBigTuple([BigInt(y[0]), BigInt(y[1])]),
        })
  const inputs = publicSignals.reduce(
    (sum, signal, i) => sum.add(g1(key.IC[i + 1]!).multiplyUnsafe(BigInt(signal))),
    g1(key.IC[0]!),
  )
  const factors = [
    [g1(proof.pi_a).negate(), g2(proof.pi_b)],
    [g1(key.vk_alpha_1), g2(key.vk_beta_2)],
    [inputs, g2(key.vk_gamma_2)],
    [g1(proof.pi_c), g2(key.vk_delta_2)],
  ] as const
  const product = factors.reduce(
    (all, [p, q]) => (p.is0() || q.is0() ? all : Fp12.mul(all, bn254.pairing(p, q))),
    Fp12.ONE,
  )
  return Fp12.eql(product, Fp12.ONE)
}

/** Starts engines of all {@link SETTINGS}. */
export async function createProofSweep(): Promise<ProofSweep> {
  const engines = await Promise.all(SETTINGS.map((setting) => createSoulproofEngine(setting)))
  const generators = await createGenerators()
  const failures: string[] = []
  let [proofs, keys, infinite] = [0, 0, 0]

  const verify = async (
    verificationKey: VerificationKeyJson,
    proof: ProofWithSignals,
  ): Promise<readonly [boolean, boolean]> => [
    await snarkjsVerify(verificationKey, proof),
    await verifyGroth16({ verificationKey, ...proof }),
  ]

  return {
    get proofs() {
      return proofs
    },
    get keys() {
      return keys
    },
    get infinite() {
      return infinite
    },
    failures,
    async prove({ r1cs, label, witness: witnessOf }, { seed, witnesses }) {
      const trapdoor = TRAPDOORS[seed % TRAPDOORS.length]!
      const provingKey = await createKey({ r1cs, trapdoor: trapdoorOf(trapdoor, seed), generators })
      const verificationKey = await exportVerificationKey(provingKey)
      keys++
      const made = Array.from({ length: witnesses }, async (_, i) => {
        const values = VALUES[(i + seed) % VALUES.length]!
        const at = (seed + i) % engines.length
        const { blinding, ...setting } = SETTINGS[at]!
        const name = `${label}, key ${trapdoor}, values ${values}, witness ${i}, ${JSON.stringify(setting)}`
        const witness = witnessOf(valuesOf(values, seed + i))
        if (firstViolatedConstraint({ r1cs, witness }) !== undefined) {
          failures.push(`${name}: not a witness`)
          return
        }
        try {
          const proof = await engines[at]!.prove({ provingKey, witness: writeWitness(witness) })
          const expected = witness.slice(1, 1 + r1cs.publicSignals).map(String)
          const [snarkjs, ours] = await verify(verificationKey, proof)
          proofs++
          if (proof.publicSignals.join() !== expected.join()) failures.push(`${name}: other public signals`)
          // Chance never makes infinity, only scalars r and s at the edges do. Ours takes no such point, snarkjs none in G2.
          const { pi_a: a, pi_b: b, pi_c: c } = proof.proof
          const finite = [a[2], b[2][0], c[2]].every((z) => z === '1')
          if (!finite) infinite++
          if (!snarkjs && b[2][0] === '1') failures.push(`${name}: snarkjs refuses the proof`)
          if (ours !== finite)
            failures.push(`${name}: verifyGroth16 ${ours ? 'accepts' : 'refuses'} the proof`)
          if (!finite && !holds(verificationKey, proof)) failures.push(`${name}: the equation does not hold`)
        } catch (error) {
          failures.push(`${name}: ${(error as Error).message}`)
        }
      })
      await Promise.all(made)
    },
    async proveFalsehood() {
      const circuit = randomCircuit({ seed: 5, logSize: 4, publicSignals: 2, privates: 3, shape: 'mixed' })
      const { r1cs } = circuit
      const witness = circuit.witness(fieldElements(1))
      witness.push(mod(witness.pop()! + 1n))
      if (firstViolatedConstraint({ r1cs, witness }) === undefined) throw new Error('the witness holds')
      const provingKey = await createKey({ r1cs, trapdoor: DEVELOPMENT_TRAPDOOR, generators })
      const proof = await engines[0]!.prove({ provingKey, witness: writeWitness(witness) })
      return verify(await exportVerificationKey(provingKey), proof)
    },
    async dispose() {
      await Promise.all(engines.map((engine) => engine.dispose()))
    },
  }
}
