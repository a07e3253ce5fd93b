import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ArtifactError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  constraintsByWire,
  firstViolatedByChange,
  firstViolatedConstraint,
  type R1cs,
  readR1cs,
} from '../../src/formats/r1cs.js'
import { readSymbols } from '../../src/formats/symbols.js'
import { readWitness, writeWitness } from '../../src/formats/witness.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { type CompiledCircuit, compileCircuit } from '../../src/setup/build.js'

describe('setup: r1cs and witness files', () => {
  let circuit: CompiledCircuit
  let r1cs: R1cs
  let witness: bigint[]

  before(async () => {
    circuit = await compileCircuit({ file: 'test/circuits/preimage.circom' })
    r1cs = readR1cs(circuit.r1cs)
    const inputs = { secret: 5n, salt: 6n, context: r - 1n }
    witness = readWitness(await calculateWitness({ wasm: circuit.wasm, inputs }))
  })

  it('reads the counts that the compiler reports', async () => {
    const small = readR1cs((await compileCircuit({ file: 'test/circuits/multiplier.circom' })).r1cs)
    const { wires, outputs, publicInputs, privateInputs, publicSignals, constraints } = small
    assert.deepEqual(
      { wires, outputs, publicInputs, privateInputs, publicSignals, constraints },
      { wires: 6, outputs: 1, publicInputs: 3, privateInputs: 0, publicSignals: 4, constraints: 2 },
    )
    assert.equal(r1cs.outputs, 1)
    assert.equal(r1cs.publicInputs, 2)
    assert.equal(r1cs.privateInputs, 1)
  })

  it('accepts the honest witness', () => {
    assert.equal(firstViolatedConstraint({ r1cs, witness }), undefined)
  })

  it('names the signals by wire', () => {
    const symbols = readSymbols(circuit.sym)
    assert.equal(witness[symbols.get('main.secret')!], 5n)
    assert.equal(witness[symbols.get('main.context')!], r - 1n)
    assert.throws(() => readSymbols(new TextEncoder().encode('1,2,main.x\n')), ArtifactError)
  })

  it('forged witness: refuses any changed wire, and both checks agree on the first violated constraint', () => {
    for (let wire = 1; wire < r1cs.wires; wire++) {
      for (const value of [(witness[wire]! + 1n) % r, 0n, 1n, r - 1n]) {
        if (value === witness[wire]) continue
        const changed = witness.with(wire, value)
        const expected = firstViolatedConstraint({ r1cs, witness: changed })
        assert.equal(firstViolatedByChange({ r1cs, witness, changes: new Map([[wire, value]]) }), expected)
        // The context's square has two roots: the one change that the circuit allows.
        const isOtherRoot = wire === readSymbols(circuit.sym).get('main.context') && value === 1n
        assert.equal(expected === undefined, isOtherRoot)
      }
    }
  })

  it('evaluates rows as a plain sum over all terms does', () => {
    const values = fc.array(fc.bigInt({ min: 0n, max: r - 1n }), {
      minLength: r1cs.wires - 1,
      maxLength: r1cs.wires - 1,
    })
    fc.assert(
      fc.property(values, (rest) => {
        const random = [1n, ...rest]
        const row = (j: number) => {
          let sum = 0n
          for (let t = r1cs.rowStart[j]!; t < r1cs.rowStart[j + 1]!; t++) {
            sum += r1cs.coefficients[r1cs.termCoefficient[t]!]! * random[r1cs.termWire[t]!]!
          }
          return sum % r
        }
        let expected: number | undefined
        for (let i = r1cs.constraints - 1; i >= 0; i--) {
          if ((row(3 * i) * row(3 * i + 1) - row(3 * i + 2)) % r !== 0n) expected = i
        }
        assert.equal(firstViolatedConstraint({ r1cs, witness: random }), expected)
      }),
      { numRuns: 20, seed: 1 },
    )
  })

  it('finds every constraint of a wire', () => {
    const { start, constraints } = constraintsByWire(r1cs)
    for (let i = 0; i < r1cs.constraints; i++) {
      for (let t = r1cs.rowStart[3 * i]!; t < r1cs.rowStart[3 * i + 3]!; t++) {
        const wire = r1cs.termWire[t]!
        assert.ok(constraints.subarray(start[wire]!, start[wire + 1]!).includes(i))
      }
    }
  })

  it('refuses witnesses of another length, without the constant 1, or out of the field', () => {
    assert.throws(() => firstViolatedConstraint({ r1cs, witness: witness.slice(1) }), RangeError)
    assert.throws(() => firstViolatedConstraint({ r1cs, witness: witness.with(0, 0n) }), RangeError)
    for (const value of [r, -1n, witness[1]! + r]) {
      assert.throws(() => firstViolatedConstraint({ r1cs, witness: witness.with(1, value) }), RangeError)
      assert.throws(
        () => firstViolatedByChange({ r1cs, witness, changes: new Map([[1, value]]) }),
        RangeError,
      )
      assert.throws(() => writeWitness(witness.with(1, value)), RangeError)
    }
    for (const wire of [0, r1cs.wires, -1, 0.5]) {
      assert.throws(
        () => firstViolatedByChange({ r1cs, witness, changes: new Map([[wire, 1n]]) }),
        RangeError,
      )
    }
  })

  it('refuses every truncation, trailing bytes, and another magic, version or field', () => {
    const wtns = writeWitness(witness.slice(0, 20))
    for (const [bytes, read] of [
      [circuit.r1cs, readR1cs],
      [wtns, readWitness],
    ] as const) {
      for (let length = 0; length < bytes.length; length += length < 400 ? 1 : 997) {
        assert.throws(() => read(bytes.slice(0, length)), ArtifactError)
      }
      assert.throws(() => read(Uint8Array.of(...bytes, 0)), ArtifactError)
      for (const position of [0, 4, 8]) assert.throws(() => read(changed(bytes, position)), ArtifactError)
    }
    // The first byte of the prime: 12 of the file, 12 of the section, 4 of its length.
    const header = headerOffset(circuit.r1cs)
    assert.throws(() => readR1cs(changed(circuit.r1cs, header + 4)), ArtifactError)
    assert.throws(() => readWitness(changed(wtns, 12 + 12 + 4)), ArtifactError)
    assert.throws(() => readR1cs('r1cs' as never), TypeError)
  })

  it('refuses a witness file with a value that is not canonical', () => {
    const wtns = writeWitness([1n, 2n])
    wtns.fill(0xff, wtns.length - 32)
    assert.throws(() => readWitness(wtns), ArtifactError)
  })

  it('round trip: writes the witness file that it read', async () => {
    const bytes = await calculateWitness({
      wasm: circuit.wasm,
      inputs: { secret: 1n, salt: 2n, context: 3n },
    })
    assert.deepEqual(writeWitness(readWitness(bytes)), bytes)
  })

  it('never fails but by an ArtifactError on bytes changed at random', () => {
    fc.assert(
      fc.property(fc.nat(circuit.r1cs.length - 1), fc.integer({ min: 1, max: 255 }), (position, mask) => {
        const bytes = Uint8Array.from(circuit.r1cs)
        bytes[position]! ^= mask
        try {
          readR1cs(bytes)
        } catch (error) {
          assert.ok(error instanceof ArtifactError)
        }
      }),
      { numRuns: 100, seed: 2 },
    )
  })
})

function changed(bytes: Uint8Array, position: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[position]! ^= 1
  return copy
}

/** Where the header section's content begins; circom does not write the sections in order. */
function headerOffset(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let position = 12
  while (view.getUint32(position, true) !== 1) position += 12 + Number(view.getBigUint64(position + 4, true))
  return position + 12
}
