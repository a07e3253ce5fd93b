import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ArtifactError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { readWitness } from '../../src/formats/witness.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { accelerateWitnessGenerator } from '../../src/setup/witness-generator.js'

const r = FIELD_MODULUS
const EDGES = [
  0n,
  1n,
  2n,
  r - 1n,
  r - 2n,
  (r - 1n) / 2n,
  (r + 1n) / 2n,
  2n ** 253n,
  2n ** 64n,
  2n ** 32n - 1n,
]

describe('setup: accelerated witness generators', () => {
  let slow: Uint8Array
  let fast: Uint8Array
  before(async () => {
    slow = (await compileCircuit({ file: 'test/circuits/arithmetic.circom' })).wasm
    fast = accelerateWitnessGenerator(slow)
  })

  const same = async (a: bigint, b: bigint) => {
    const expected = await calculateWitness({ wasm: slow, inputs: { a, b } })
    const witness = await calculateWitness({ wasm: fast, inputs: { a, b } })
    assert.deepEqual(witness, expected)
    const [, product, quotient] = readWitness(witness)
    assert.equal(product, (a * b) % r)
    if (b !== 0n) assert.equal((quotient! * b) % r, a)
  }

  it('give the same witnesses at the edges of every operation', async () => {
    for (const a of EDGES) for (const b of EDGES) await same(a, b)
  })

  it('give the same witnesses for random inputs', async () => {
    const element = fc.bigInt({ min: 0n, max: r - 1n })
    await fc.assert(fc.asyncProperty(element, element, same), { numRuns: 2000, seed: 5 })
  })

  it('are not made of what is no witness generator, or has lost its names', () => {
    assert.throws(() => accelerateWitnessGenerator(fast), ArtifactError)
    assert.throws(
      () => accelerateWitnessGenerator(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
      ArtifactError,
    )
    assert.throws(() => accelerateWitnessGenerator(slow.subarray(0, 1000)), ArtifactError)
    assert.throws(() => accelerateWitnessGenerator(new Uint8Array()), ArtifactError)
  })
})
