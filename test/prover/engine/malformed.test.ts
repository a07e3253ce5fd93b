import assert from 'node:assert/strict'
import { ArtifactError } from '../../../src/errors.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { writeUint256 } from '../../../src/formats/sections.js'
import { writeWitness } from '../../../src/formats/witness.js'
import { HEADER_POINT, openZkey, ZKEY_SECTION } from '../../../src/formats/zkey.js'
import { createSoulproofEngine, type SoulproofEngine } from '../../../src/prover/engine/index.js'
import { createDevelopmentKey } from '../../../src/setup/development-key.js'
import { exportVerificationKey } from '../../../src/setup/verification-key.js'
import { verifyGroth16 } from '../../../src/verifier/groth16.js'
import { numbers, randomCircuit } from './random-circuit.js'

const TRUNCATIONS = 500
const FLIPS = 300

for (const shared of [true, false]) {
  describe(`prover: malformed files, ${shared ? 'shared memory' : 'a memory for each thread'}`, () => {
    const circuit = randomCircuit({ seed: 9, logSize: 4, publicSignals: 2, privates: 3, shape: 'mixed' })
    const witness = writeWitness(circuit.witness(() => 3n))
    let key: Uint8Array
    let engine: SoulproofEngine
    before(async () => {
      key = await createDevelopmentKey({ r1cs: circuit.r1cs })
      engine = await createSoulproofEngine({ threads: 2, shared })
    })
    after(() => engine.dispose())
    // Whatever was refused, the same threads go on.
    afterEach(async () => {
      const proof = await engine.prove({ provingKey: key, witness })
      assert.ok(await verifyGroth16({ verificationKey: await exportVerificationKey(key), ...proof }))
    })

    const refuses = (o: { provingKey: Uint8Array; witness: Uint8Array }, what: string): Promise<void> =>
      assert.rejects(
        engine.prove(o),
        (error: Error) => error instanceof ArtifactError && error.name === 'ArtifactError',
        what,
      )
    const changed = (change: (copy: Uint8Array, section: (type: number) => Uint8Array) => void) => {
      const copy = key.slice()
      const { sections } = openZkey(copy)
      change(copy, (type) => sections.get(type)!)
      return copy
    }

    it('refuses a key cut off at every border of a section, and a byte to either side', async () => {
      const { sections } = openZkey(key)
      const borders = [0, 4, 8, 12]
      for (const { byteOffset, length } of sections.values()) {
        const start = byteOffset - key.byteOffset
        borders.push(start - 12, start - 8, start, start + length)
      }
      for (const border of borders) {
        for (const end of [border - 1, border, border + 1]) {
          if (end < 0 || end >= key.length) continue
          await refuses({ provingKey: key.slice(0, end), witness }, `cut off at ${end}`)
        }
      }
      const longer = new Uint8Array(key.length + 1)
      longer.set(key)
      await refuses({ provingKey: longer, witness }, 'a byte more')
    })

    it(`refuses a key cut off at ${TRUNCATIONS} other places, and a witness at 200`, async () => {
      const next = numbers(500)
      for (let i = 0; i < TRUNCATIONS; i++) {
        const end = next() % key.length
        await refuses({ provingKey: key.slice(0, end), witness }, `key cut off at ${end}`)
      }
      for (let i = 0; i < 200; i++) {
        const end = next() % witness.length
        await refuses({ provingKey: key, witness: witness.slice(0, end) }, `witness cut off at ${end}`)
      }
    })

    it('refuses other curves, fields, proof systems and versions', async () => {
      const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      const keys: Record<string, Uint8Array> = {
        // q and r of BLS12-381 do not have the length; secp256k1's has.
        'the curve of another prime': changed((_, section) =>
          writeUint256(section(ZKEY_SECTION.header), 4, 2n ** 256n - 2n ** 32n - 977n),
        ),
        'longer coordinates': changed((_, section) =>
          view(section(ZKEY_SECTION.header)).setUint32(0, 48, true),
        ),
        'another scalar field': changed((_, section) =>
          writeUint256(section(ZKEY_SECTION.header), 40, r - 2n),
        ),
        PLONK: changed((_, section) => view(section(ZKEY_SECTION.protocol)).setUint32(0, 2, true)),
        'another version': changed((copy) => view(copy).setUint32(4, 2, true)),
        'another file': changed((copy) => copy.set([0x72, 0x31, 0x63, 0x73])),
      }
      for (const [what, provingKey] of Object.entries(keys)) await refuses({ provingKey, witness }, what)
      const other = witness.slice()
      writeUint256(other, 12 + 12 + 4, 2n ** 255n - 19n)
      await refuses({ provingKey: key, witness: other }, 'a witness of another field')
    })

    it("refuses each of the header's points off its curve", async () => {
      for (const name of ['alpha1', 'beta1', 'beta2', 'delta1', 'delta2'] as const) {
        const provingKey = changed((_, section) => {
          section(ZKEY_SECTION.header)[HEADER_POINT[name]]! ^= 1
        })
        await refuses({ provingKey, witness }, name)
      }
    })

    it(`refuses a key of which one bit is wrong, or proves with it: ${FLIPS} times no crash, no hang`, async () => {
      const next = numbers(77)
      let proofs = 0
      for (let i = 0; i < FLIPS; i++) {
        const provingKey = key.slice()
        const at = next() % key.length
        provingKey[at]! ^= 1 << (next() % 8)
        try {
          await engine.prove({ provingKey, witness })
          proofs++
        } catch (error) {
          assert.ok(error instanceof ArtifactError, `byte ${at}: ${error}`)
        }
      }
      // Verification points, contributions and wires of coefficients are not for the prover to check.
      assert.ok(proofs > 0 && proofs < FLIPS / 2, `${proofs} proofs`)
    })

    it('refuses the witness of a circuit with more wires, or with less', async () => {
      for (const privates of [2, 4]) {
        const other = randomCircuit({ seed: 9, logSize: 4, publicSignals: 2, privates, shape: 'mixed' })
        await refuses({ provingKey: key, witness: writeWitness(other.witness(() => 3n)) }, `${privates}`)
      }
    })
  })
}
