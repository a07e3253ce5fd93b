import assert from 'node:assert/strict'
import { signMessage, verifySignature } from '@zk-kit/eddsa-poseidon'
import { BASE8, multiply, type Point, SUBGROUP_ORDER } from '../../../src/crypto/babyjub.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { createIssuer } from '../../../src/sbt/index.js'
import { loadCircomlibjs } from '../../crypto/circomlibjs.js'
import { randomElements } from '../../support/circuit.js'
import { add, IDENTITY, isOnCurve, negate, TORSION, toMontgomery } from './curve.js'
import { gadget } from './gadgets.js'

interface Signed {
  readonly A: Point
  readonly R8: Point
  readonly s: bigint
  readonly message: bigint
}

const random = randomElements('eddsa')

const issuers = Array.from({ length: 16 }, (_, i) => createIssuer({ secret: new Uint8Array(32).fill(i) }))

function signed(by: number, message: bigint): Signed {
  const issuer = issuers[by % issuers.length] as (typeof issuers)[number]
  const { R8, S } = signMessage(issuer.secret, message)
  return { A: issuer.publicKey, R8: [R8[0], R8[1]], s: S, message }
}

/** Signs with a chosen nonce and key, as a forger who is the issuer may. */
function signedBy(o: { key: bigint; nonce: bigint; message: bigint }): Signed {
  const A = multiply(BASE8, o.key)
  const R8 = multiply(BASE8, o.nonce)
  const h = poseidon([...R8, ...A, o.message])
  return { A, R8, s: (o.nonce + h * 8n * o.key) % SUBGROUP_ORDER, message: o.message }
}

describe('circuits/lib/eddsa', () => {
  const valid = async (inputs: Signed): Promise<bigint> => {
    const circuit = await gadget('Eddsa')
    return circuit.value(await circuit.accept({ ...inputs }), 'valid')
  }
  /** The answers that a forger can choose from, by whatever witness. */
  const possible = async (inputs: Signed): Promise<bigint[]> => {
    const circuit = await gadget('Eddsa')
    const { witnesses, free } = circuit.solve({ ...inputs })
    // Only inverses of differences that are 0 are free: those of x and y of a valid signature.
    assert.ok(free.length <= 2, `free: ${free.join(', ')}`)
    return witnesses.map((witness) => circuit.value(witness, 'valid'))
  }

  it('SignedMultiply(5): is (2k + 33) P for every k', async () => {
    const circuit = await gadget('SignedMultiply(5)')
    const P = multiply(BASE8, random())
    for (let k = 0n; k < 32n; k++) {
      const inputs = { k, p: toMontgomery(P) }
      const witness = await circuit.accept(inputs)
      assert.deepEqual(circuit.values(witness, 'out'), [...toMontgomery(multiply(P, 2n * k + 33n))])
      assert.deepEqual(circuit.solve(inputs), { witnesses: [witness], free: [] })
    }
  })

  it('accepts 80 random signatures of circomlibjs and zk-kit, and refuses them with another message', async () => {
    const other = await loadCircomlibjs()
    const secrets = issuers.map(({ secret }) => secret)
    const keys = secrets.map((secret) => other.publicKey(secret))
    for (let i = 0; i < 80; i++) {
      const message = random()
      let one: Signed
      if (i < 20) one = signed(i, message)
      else {
        const by = i % secrets.length
        const { R8, S } = other.sign(secrets[by] as Uint8Array, message)
        one = { A: keys[by] as Point, R8, s: S, message }
      }
      assert.equal(await valid(one), 1n)
      if (i % 10 === 0) assert.equal(await valid({ ...one, message: (message + 1n) % r }), 0n)
    }
  })

  it('accepts messages at the edges of the field', async () => {
    for (const message of [0n, 1n, r - 1n, 1n << 253n]) assert.equal(await valid(signed(7, message)), 1n)
  })

  it('agrees with zk-kit on signatures with one part changed', async () => {
    const one = signed(1, 42n)
    const two = signed(2, 42n)
    const cases: Partial<Signed>[] = [
      { message: 43n },
      { message: 0n },
      { s: one.s + 1n },
      { s: 0n },
      { s: SUBGROUP_ORDER - one.s },
      { A: two.A },
      { A: negate(one.A) },
      { R8: two.R8 },
      { R8: two.R8, s: two.s },
      { R8: negate(one.R8) },
      { R8: IDENTITY },
      { R8: add(one.R8, BASE8) },
      { R8: one.A },
    ]
    for (const change of cases) {
      const inputs = { ...one, ...change }
      const signature = { R8: [...inputs.R8] as [bigint, bigint], S: inputs.s }
      assert.equal(verifySignature(inputs.message, signature, [...inputs.A] as [bigint, bigint]), false)
      assert.equal(await valid(inputs), 0n)
    }
  })

  it('R8 off the curve, swapped, or shifted by a point of small order is no signature (soundness 16)', async () => {
    const one = signed(3, 7n)
    const swapped: Point = [one.R8[1], one.R8[0]]
    for (const R8 of [swapped, [0n, 0n], [1n, 1n], [one.R8[0], (one.R8[1] + 1n) % r]] as Point[]) {
      assert.ok(!isOnCurve(R8))
      assert.equal(await valid({ ...one, R8 }), 0n)
    }
    assert.ok((await possible({ ...one, R8: swapped })).every((answer) => answer === 0n))
    for (let k = 1n; k < 8n; k++) {
      const small = multiply(TORSION, k)
      assert.equal(await valid({ ...one, R8: add(one.R8, small) }), 0n)
      assert.equal(await valid({ ...one, R8: small }), 0n)
    }
  })

  it('a small-order R8 with s = 8 h a does not sign: only the identity is in the image of B8', async () => {
    const key = random() % SUBGROUP_ORDER
    const A = multiply(BASE8, key)
    for (let k = 0n; k < 8n; k++) {
      const R8 = multiply(TORSION, k)
      const h = poseidon([...R8, ...A, 5n])
      assert.equal(
        await valid({ A, R8, s: (h * 8n * key) % SUBGROUP_ORDER, message: 5n }),
        k === 0n ? 1n : 0n,
      )
    }
  })

  it('a key with a part of order 2 or 4 signs, with one of order 8 never: keys are checked where they enter', async () => {
    // The product is that of 4A: a part of order 8 leaves the point of order 2, one of order 2 or 4 leaves nothing.
    const [key, nonce, message] = [random() % SUBGROUP_ORDER, 99n, 5n]
    for (let k = 1n; k < 8n; k++) {
      const A = add(multiply(BASE8, key), multiply(TORSION, k))
      const R8 = multiply(BASE8, nonce)
      const h = poseidon([...R8, ...A, message])
      const s = (nonce + h * 8n * key) % SUBGROUP_ORDER
      assert.equal(await valid({ A, R8, s, message }), k % 2n === 0n ? 1n : 0n)
    }
  })

  it('a key of order 1, 2 or 4 has no witness', async () => {
    const circuit = await gadget('Eddsa')
    const one = signed(4, 9n)
    for (const k of [0n, 2n, 4n, 6n]) {
      assert.equal(circuit.solve({ ...one, A: multiply(TORSION, k) }).witnesses.length, 0)
    }
  })

  it('s + l is a second form of a signature, documented as harmless; from 2^252 on s has no witness', async () => {
    const circuit = await gadget('Eddsa')
    const one = signed(5, 11n)
    assert.equal(await valid({ ...one, s: one.s + SUBGROUP_ORDER }), 1n)
    for (const s of [1n << 252n, one.s + 3n * SUBGROUP_ORDER, r - 1n, r - SUBGROUP_ORDER + one.s]) {
      await circuit.refuse({ ...one, s })
    }
  })

  it('a forger has at most two challenges, h and h + r or h - r, and with either wrong parts fail', async () => {
    let twofold = 0
    for (let i = 0; i < 4; i++) {
      const one = signed(6, random())
      const answers = await possible(one)
      assert.ok(answers.length <= 2)
      if (answers.length === 2) twofold++
      assert.deepEqual(answers.sort(), answers.length === 2 ? [0n, 1n] : [1n])
      const wrong = await possible({ ...one, message: (one.message + 1n) % r })
      assert.ok(wrong.length >= 1 && wrong.every((answer) => answer === 0n))
    }
    assert.ok(twofold > 0, 'the second challenge exists for a third of the hashes')
  })

  it('edge keys and nonces: key 1, l - 1, nonce 0, 1, l - 1, and R8 = A', async () => {
    for (const key of [1n, SUBGROUP_ORDER - 1n, SUBGROUP_ORDER / 2n, 1n << 250n]) {
      for (const nonce of [0n, 1n, SUBGROUP_ORDER - 1n, key]) {
        assert.equal(await valid(signedBy({ key, nonce, message: nonce })), 1n)
      }
    }
  })

  it('mutation: each wire is pinned but the inverses of 0', async () => {
    const circuit = await gadget('Eddsa')
    const one = signed(7, 13n)
    const right = circuit.mutateAll(await circuit.accept({ ...one }))
    assert.equal(right.length, 2)
    for (const { name } of right) assert.match(name, /inverse$/)
    assert.deepEqual(circuit.mutateAll(await circuit.accept({ ...one, message: 14n })), [])
  })
})
