import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { buildBn128 } from 'ffjavascript'
import { plonk, zKey } from 'snarkjs'
import { knownPhase1 } from '../../scripts/lib/known-phase1.js'
import { ArtifactError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { openPlonkZkey, PLONK_SECTION } from '../../src/formats/plonk-zkey.js'
import { openPtau } from '../../src/formats/ptau.js'
import { type R1cs, readR1cs } from '../../src/formats/r1cs.js'
import { readWitness } from '../../src/formats/witness.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createGroup } from '../../src/setup/groups.js'
import { arithmetize, type Gates } from '../../src/setup/plonk/gates.js'
import { createPlonkKey, exportPlonkVerificationKey } from '../../src/setup/plonk/key.js'
import {
  developmentReference,
  phase1Reference,
  type Reference,
  sumMultiples,
} from '../../src/setup/plonk/reference.js'
import { readG1, writeG1 } from '../../src/setup/points.js'
import { isDevelopmentPlonkKey, parsePlonkKey } from '../../src/verifier/plonk/index.js'
import { readTestPhase1 } from '../support/phase1.js'

const CIRCUITS: Readonly<Record<string, Inputs>> = {
  multiplier: { factors: [3n, 5n, 7n] },
  preimage: { secret: 1n, salt: 2n, context: 3n },
  'six-signals': { oldRoot: 1n, newRoot: 2n, ledgerId: 3n, categories: 4n, queueLength: 5n, queueHead: 6n },
}

describe('setup: PLONK keys', () => {
  const circuits: { name: string; bytes: Uint8Array; r1cs: R1cs; wasm: Uint8Array }[] = []
  let development: Reference
  before(async () => {
    for (const name of Object.keys(CIRCUITS)) {
      const file = `test/circuits/${name}.circom`
      const { r1cs: bytes, wasm } = await compileCircuit({ file, optimisation: 'O1' })
      circuits.push({ name, bytes, r1cs: readR1cs(bytes), wasm })
    }
    development = await developmentReference()
    ;(globalThis as { curve_bn128?: unknown }).curve_bn128 ??= await buildBn128(true)
  })

  it('are byte for byte those of snarkjs, from a known tau and from a powers-of-tau file alike', async () => {
    const phase1 = await knownPhase1(11)
    const reference = await phase1Reference(openPtau(phase1.bytes))
    for (const { name, bytes, r1cs } of circuits) {
      const theirs = { type: 'mem' as const, data: undefined as Uint8Array | undefined }
      await plonk.setup(bytes as never, phase1.path, theirs as never)
      const fromTau = await createPlonkKey({ r1cs, reference: development })
      const fromFile = await createPlonkKey({ r1cs, reference })
      assert.equal(Buffer.compare(fromTau, theirs.data!), 0, name)
      assert.equal(Buffer.compare(fromFile, theirs.data!), 0, name)
      assert.deepEqual(exportPlonkVerificationKey(fromTau), await zKey.exportVerificationKey(theirs as never))
      assert.equal(isDevelopmentPlonkKey(parsePlonkKey(exportPlonkVerificationKey(fromFile))), true)
    }
  })

  it('of a phase 1 that snarkjs made are no development keys, and one that is too small is refused', async () => {
    const reference = await phase1Reference(openPtau(await readTestPhase1(8)))
    const small = await createPlonkKey({ r1cs: circuits[0]!.r1cs, reference })
    assert.equal(isDevelopmentPlonkKey(parsePlonkKey(exportPlonkVerificationKey(small))), false)
    await assert.rejects(createPlonkKey({ r1cs: circuits[1]!.r1cs, reference }), /too small/)
  })

  it('gates hold for a witness, and for no witness with one wire changed', async () => {
    for (const { name, r1cs, wasm } of circuits) {
      const gates = arithmetize(r1cs)
      const witness = readWitness(await calculateWitness({ wasm, inputs: CIRCUITS[name]! }))
      const hold = (values: readonly bigint[], signals = values): boolean => {
        const all = [...values]
        for (const { left, right, leftFactor, rightFactor } of gates.additions) {
          all.push((leftFactor * all[left]! + rightFactor * all[right]!) % r)
        }
        return gates.a.every(
          (_, i) => gateAt(gates, all, i) === (i < gates.publicSignals ? signals[i + 1] : 0n),
        )
      }
      assert.equal(hold(witness), true, name)
      for (let wire = 1; wire < witness.length; wire++) {
        const changed = witness.with(wire, (witness[wire]! + 1n) % r)
        assert.equal(hold(changed, witness), false, `${name}, wire ${wire}`)
      }
      // Wire 0 is nothing: no gate knows the constant by it.
      assert.equal(hold(witness.with(0, 99n)), true, name)
    }
  })

  it('sums of multiples are those of an independent curve, with scalars of 0, 1 and r - 1', async () => {
    const group = await createGroup('G1')
    const { BASE, ZERO } = bn254.G1.Point
    const scalars = [0n, 1n, r - 1n, 2n ** 128n, 2n ** 128n - 1n, 12345678901234567890n ** 3n % r, 255n]
    const points = scalars.map((_, i) => BASE.multiply(BigInt(i + 2)))
    const bytes = new Uint8Array(64 * points.length)
    points.forEach((point, i) => {
      const { x, y } = point.toAffine()
      bytes.set(writeG1([x, y]), 64 * i)
    })
    const expected = scalars
      .reduce((sum, scalar, i) => sum.add(points[i]!.multiplyUnsafe(scalar)), ZERO)
      .toAffine()
    assert.deepEqual(readG1(sumMultiples(group, { points: bytes, values: scalars })), [
      expected.x,
      expected.y,
    ])
    const nothing = sumMultiples(group, { points: bytes, values: scalars.map(() => 0n) })
    assert.ok(nothing.every((byte) => byte === 0))
  })

  it('that are truncated, altered or name wires that do not exist are refused', async () => {
    const key = await createPlonkKey({ r1cs: circuits[1]!.r1cs, reference: development })
    assert.equal(openPlonkZkey(key).publicSignals, 3)
    for (const length of [0, 11, 100, key.length - 1]) {
      assert.throws(() => openPlonkZkey(key.subarray(0, length)), ArtifactError)
    }
    const altered = (type: number, offset: number, value: number): Uint8Array => {
      const copy = key.slice()
      const section = openPlonkZkey(copy).sections.get(type)!
      new DataView(section.buffer, section.byteOffset).setUint32(offset, value, true)
      return copy
    }
    const { additions, wires } = openPlonkZkey(key)
    const wrong: [number, number, number][] = [
      [PLONK_SECTION.protocol, 0, 1],
      [PLONK_SECTION.header, 4, 5],
      [PLONK_SECTION.header, 72, additions + 1],
      ...[4, 8, 12, 16].map((offset): [number, number, number] => [
        PLONK_SECTION.header,
        72 + offset,
        2 ** 31,
      ]),
      [PLONK_SECTION.wiresB, 8, wires],
      // An addition of itself.
      [PLONK_SECTION.additions, 72 * (additions - 1), wires - 1],
      [PLONK_SECTION.additions, 4, wires - additions],
    ]
    for (const [type, offset, value] of wrong) {
      assert.throws(() => openPlonkZkey(altered(type, offset, value)), ArtifactError, `${type} ${offset}`)
    }
  })
})

/** What a gate leaves, its public signal added. */
function gateAt({ a, b, c, qm, ql, qr, qo, qc }: Gates, values: readonly bigint[], i: number): bigint {
  const [x, y, z] = [values[a[i]!]!, values[b[i]!]!, values[c[i]!]!]
  return (qm[i]! * x * y + ql[i]! * x + qr[i]! * y + qo[i]! * z + qc[i]!) % r
}
