import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import * as snarkjs from 'snarkjs'
import { ArtifactError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { type R1cs, readR1cs } from '../../src/formats/r1cs.js'
import { readUint256 } from '../../src/formats/sections.js'
import { HEADER_POINT, openZkey, ZKEY_SECTION } from '../../src/formats/zkey.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { createSnarkjsEngine } from '../../src/prover/snarkjs.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { type CompiledCircuit, compileCircuit } from '../../src/setup/build.js'
import { createDevelopmentKey, DEVELOPMENT_TRAPDOOR } from '../../src/setup/development-key.js'
import { domainSizeOf, rootOfUnity } from '../../src/setup/qap.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'
import { verifyGroth16 } from '../../src/verifier/groth16.js'
import { DEVELOPMENT_DELTA, isDevelopmentKey, parseVerificationKey } from '../../src/verifier/keys.js'

const { Fr } = bn254.fields
const G1 = bn254.G1.Point
const G2 = bn254.G2.Point

describe('setup: development keys', () => {
  const circuits: { file: string; inputs: (i: bigint) => Inputs }[] = [
    { file: 'multiplier', inputs: (i) => ({ factors: [i + 1n, r - i - 1n, (i * i * 7n ** 80n) % r] }) },
    { file: 'preimage', inputs: (i) => ({ secret: i, salt: r - 1n - i, context: (i * 3n ** 155n) % r }) },
  ]
  const built = new Map<string, { compiled: CompiledCircuit; r1cs: R1cs; key: Uint8Array }>()

  before(async () => {
    for (const { file } of circuits) {
      const compiled = await compileCircuit({ file: `test/circuits/${file}.circom` })
      const r1cs = readR1cs(compiled.r1cs)
      built.set(file, { compiled, r1cs, key: await createDevelopmentKey({ r1cs }) })
    }
  })

  after(async () => {
    await (globalThis as { curve_bn128?: { terminate(): Promise<void> } | null }).curve_bn128?.terminate()
  })

  for (const { file, inputs } of circuits) {
    it(`${file}: snarkjs proves with the key, snarkjs and we accept, and refuse changed signals`, async () => {
      const { compiled, key } = built.get(file)!
      const verificationKey = await exportVerificationKey(key)
      const engine = createSnarkjsEngine()
      for (let i = 0n; i < 5n; i++) {
        const witness = await calculateWitness({ wasm: compiled.wasm, inputs: inputs(i) })
        const { proof, publicSignals } = await engine.prove({ provingKey: key, witness })
        assert.equal(await snarkjs.groth16.verify(verificationKey as never, publicSignals, proof), true)
        assert.equal(await verifyGroth16({ verificationKey, publicSignals, proof }), true)
        const wrong = publicSignals.with(0, String((BigInt(publicSignals[0]!) + 1n) % r))
        assert.equal(await verifyGroth16({ verificationKey, publicSignals: wrong, proof }), false)
      }
      await engine.dispose()
    })

    it(`${file}: the verification key equals snarkjs's export`, async () => {
      const { key } = built.get(file)!
      assert.deepEqual(await exportVerificationKey(key), await snarkjs.zKey.exportVerificationKey(key))
    })
  }

  it('marks the key by the delta that is known to all', async () => {
    for (const { key } of built.values()) {
      const parsed = parseVerificationKey(await exportVerificationKey(key))
      assert.ok(isDevelopmentKey(parsed))
      const { x, y } = G2.BASE.multiply(DEVELOPMENT_TRAPDOOR.delta).toAffine()
      assert.deepEqual([[x.c0, x.c1], [y.c0, y.c1]], DEVELOPMENT_DELTA) // biome-ignore format: one point
    }
  })

  it('gives the same bytes again', async () => {
    const { r1cs, key } = built.get('preimage')!
    const seen: number[] = []
    const again = await createDevelopmentKey({
      r1cs,
      onProgress: ({ done, total }) => seen.push(done / total),
    })
    assert.deepEqual(again, key)
    assert.equal(seen.at(-1), 1)
  })

  it('every point is what the definition of Groth16 says, computed independently', () => {
    const { r1cs, key } = built.get('multiplier')!
    const { tau, alpha, beta, delta } = DEVELOPMENT_TRAPDOOR
    const { sections, domainSize } = openZkey(key)
    assert.equal(domainSize, 8)
    // Lagrange polynomials from their definition, as products over all other points.
    const lagrange = (points: bigint[], i: number) =>
      points.reduce(
        (product, x, k) =>
          k === i ? product : Fr.mul(product, Fr.div(Fr.sub(tau, x), Fr.sub(points[i]!, x))),
        1n,
      )
    const powers = (root: bigint, n: number) => Array.from({ length: n }, (_, i) => Fr.pow(root, BigInt(i)))
    const domain = powers(rootOfUnity(domainSize), domainSize)
    const doubled = powers(rootOfUnity(2 * domainSize), 2 * domainSize)
    const column = (matrix: number, wire: number) => {
      let sum = matrix === 0 && wire <= r1cs.publicSignals ? lagrange(domain, r1cs.constraints + wire) : 0n
      for (let i = 0; i < r1cs.constraints; i++) {
        const row = 3 * i + matrix
        for (let t = r1cs.rowStart[row]!; t < r1cs.rowStart[row + 1]!; t++) {
          const term = Fr.mul(r1cs.coefficients[r1cs.termCoefficient[t]!]!, lagrange(domain, i))
          if (r1cs.termWire[t] === wire) sum = Fr.add(sum, term)
        }
      }
      return sum
    }
    const section = (type: number) => sections.get(type)!
    const expectG1 = (type: number, i: number, scalar: bigint) => {
      assert.deepEqual(g1At(section(type), 64 * i), affineG1(scalar), `section ${type}, point ${i}`)
    }
    for (let wire = 0; wire < r1cs.wires; wire++) {
      const [a, b, c] = [0, 1, 2].map((matrix) => column(matrix, wire)) as [bigint, bigint, bigint]
      expectG1(ZKEY_SECTION.a, wire, a)
      expectG1(ZKEY_SECTION.b1, wire, b)
      assert.deepEqual(g2At(section(ZKEY_SECTION.b2), 128 * wire), affineG2(b))
      const combined = Fr.add(Fr.add(Fr.mul(beta, a), Fr.mul(alpha, b)), c)
      if (wire <= r1cs.publicSignals) expectG1(ZKEY_SECTION.ic, wire, combined)
      else expectG1(ZKEY_SECTION.c, wire - r1cs.publicSignals - 1, Fr.div(combined, delta))
    }
    for (let i = 0; i < domainSize; i++) {
      expectG1(ZKEY_SECTION.h, i, Fr.div(lagrange(doubled, 2 * i + 1), delta))
    }
    const header = section(ZKEY_SECTION.header)
    assert.deepEqual(g1At(header, HEADER_POINT.alpha1), affineG1(alpha))
    assert.deepEqual(g1At(header, HEADER_POINT.beta1), affineG1(beta))
    assert.deepEqual(g2At(header, HEADER_POINT.beta2), affineG2(beta))
    assert.deepEqual(g2At(header, HEADER_POINT.gamma2), affineG2(1n))
    assert.deepEqual(g1At(header, HEADER_POINT.delta1), affineG1(delta))
    assert.deepEqual(g2At(header, HEADER_POINT.delta2), affineG2(delta))
  })

  it('takes the domain size of snarkjs, above constraints + public signals', () => {
    const size = (constraints: number, publicSignals: number) =>
      domainSizeOf({ constraints, publicSignals } as R1cs)
    assert.deepEqual(
      [size(2, 1), size(2, 2), size(3, 4), size(4, 4), size(65000, 535), size(65000, 536)],
      [4, 8, 8, 16, 65536, 131072],
    )
  })

  it('refuses a key that is truncated or has a coefficient out of range', () => {
    const { key } = built.get('multiplier')!
    for (let length = 0; length < key.length; length += 7) {
      assert.throws(() => openZkey(key.slice(0, length)), ArtifactError)
    }
    const coefficients = openZkey(key).sections.get(ZKEY_SECTION.coefficients)!
    const offset = coefficients.byteOffset - key.byteOffset
    for (const position of [4, 8, 12]) {
      const copy = Uint8Array.from(key)
      copy.fill(0xff, offset + position, offset + position + 4)
      assert.throws(() => openZkey(copy), ArtifactError)
    }
  })
})

function affineG1(scalar: bigint) {
  return scalar === 0n ? [0n, 0n] : Object.values(G1.BASE.multiply(scalar).toAffine())
}

function affineG2(scalar: bigint) {
  if (scalar === 0n) return [0n, 0n, 0n, 0n]
  const { x, y } = G2.BASE.multiply(scalar).toAffine()
  return [x.c0, x.c1, y.c0, y.c1]
}

function g1At(bytes: Uint8Array, offset: number) {
  return [0, 32].map((part) => fromMontgomery(readUint256(bytes, offset + part)))
}

function g2At(bytes: Uint8Array, offset: number) {
  return [0, 32, 64, 96].map((part) => fromMontgomery(readUint256(bytes, offset + part)))
}

function fromMontgomery(value: bigint): bigint {
  return bn254.fields.Fp.div(value, 2n ** 256n % q)
}
