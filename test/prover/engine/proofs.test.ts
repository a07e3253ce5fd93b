import assert from 'node:assert/strict'
import { groth16 } from 'snarkjs'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { firstViolatedConstraint } from '../../../src/formats/r1cs.js'
import { writeWitness } from '../../../src/formats/witness.js'
import { createSoulproofEngine, type SoulproofEngine } from '../../../src/prover/engine/index.js'
import { createDevelopmentKey } from '../../../src/setup/development-key.js'
import { exportVerificationKey } from '../../../src/setup/verification-key.js'
import { numbers, randomCircuit, SHAPES } from './random-circuit.js'
import { mod } from './reference.js'

const LONG = process.env['SOULPROOF_LONG'] === '1'
// 200 proofs, or 10,000; of every size from 2^1 to 2^10, or to 2^16.
const ROUNDS = LONG ? 100 : 2
const CIRCUITS = 10
const WITNESSES = 10
const LARGE = LONG ? [11, 12, 13, 14, 15, 16] : [11, 13]

const SETTINGS = [
  { arithmetic: 'simd', threads: 2, shared: true },
  { arithmetic: 'scalar', threads: 1, shared: true },
  { arithmetic: 'simd', threads: 1, shared: true },
  { arithmetic: 'scalar', threads: 2, shared: true },
  { arithmetic: 'simd', threads: 3, shared: false },
  { arithmetic: 'scalar', threads: 2, shared: false },
] as const

const VALUES = ['zero', 'one', 'r - 1', 'bits', 'random'] as const

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
      return () => mod((BigInt(next()) << 230n) ^ ((BigInt(next()) * 0x123456789abcdefn) ** 4n))
  }
}

describe('prover: proofs of random circuits verify under snarkjs', () => {
  let engines: SoulproofEngine[]
  before(async () => {
    engines = await Promise.all(SETTINGS.map((setting) => createSoulproofEngine(setting)))
  })
  after(async () => {
    await Promise.all(engines.map((engine) => engine.dispose()))
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } }).curve_bn128?.terminate()
  })

  for (let round = 0; round < ROUNDS; round++) {
    it(`round ${round}: ${CIRCUITS} circuits with ${WITNESSES} witnesses each`, async () => {
      const next = numbers(1000 + round)
      for (let i = 0; i < CIRCUITS; i++) {
        const logSize = 1 + i
        const circuit = randomCircuit({
          seed: next(),
          logSize,
          // None now and then, and as many as the rows allow.
          publicSignals: next() % 3 === 0 ? 0 : next() % Math.min(2 ** logSize, 10),
          privates: next() % 3 === 0 ? 0 : next() % 20,
          shape: SHAPES[(i + round) % SHAPES.length]!,
        })
        await proveAll(circuit, i + round)
      }
    })
  }

  it(`larger domains: 2 to the ${LARGE.join(', ')}`, async () => {
    for (const [i, logSize] of LARGE.entries()) {
      await proveAll(
        randomCircuit({ seed: logSize, logSize, publicSignals: i, privates: 5, shape: SHAPES[(3 * i) % 4]! }),
        i,
        1,
      )
    }
  })

  it('snarkjs refuses the proof of a false witness, so that the test can fail', async () => {
    const circuit = randomCircuit({ seed: 5, logSize: 4, publicSignals: 2, privates: 3, shape: 'mixed' })
    const witness = circuit.witness(valuesOf('random', 1))
    const provingKey = await createDevelopmentKey({ r1cs: circuit.r1cs })
    const changed = witness.map((value, i) => (i === witness.length - 1 ? mod(value + 1n) : value))
    assert.notEqual(firstViolatedConstraint({ r1cs: circuit.r1cs, witness: changed }), undefined)
    const { proof, publicSignals } = await engines[0]!.prove({ provingKey, witness: writeWitness(changed) })
    const key = (await exportVerificationKey(provingKey)) as Parameters<typeof groth16.verify>[0]
    assert.equal(await groth16.verify(key, publicSignals, proof), false)
  })

  async function proveAll(circuit: ReturnType<typeof randomCircuit>, offset: number, count = WITNESSES) {
    const { r1cs, label } = circuit
    const provingKey = await createDevelopmentKey({ r1cs })
    const key = (await exportVerificationKey(provingKey)) as Parameters<typeof groth16.verify>[0]
    const proofs = Array.from({ length: count }, async (_, i) => {
      const values = VALUES[(i + offset) % VALUES.length]!
      const witness = circuit.witness(valuesOf(values, offset + i))
      assert.equal(firstViolatedConstraint({ r1cs, witness }), undefined, `${label}: a witness that holds`)
      const at = (offset + i) % engines.length
      const setting = JSON.stringify(SETTINGS[at])
      const { proof, publicSignals } = await engines[at]!.prove({
        provingKey,
        witness: writeWitness(witness),
      })
      assert.deepEqual(publicSignals, witness.slice(1, 1 + r1cs.publicSignals).map(String))
      assert.ok(await groth16.verify(key, publicSignals, proof), `${label}, ${values}, ${setting}`)
    })
    await Promise.all(proofs)
  }
})
