import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { bn254 } from '@noble/curves/bn254.js'
import fc from 'fast-check'
import { KeyError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { verifyGroth16, verifyGroth16Batch } from '../../src/verifier/groth16.js'
import { g1, g2, g2OutsideSubgroup, simulateProof, TRAPDOOR, trapdoorKey } from './trapdoor.js'

const { Fr } = bn254.fields
const verificationKey = trapdoorKey()
const signals = [5n, r - 1n]
const publicSignals = signals.map(String)
const proof = simulateProof(signals)
const verify = (change: { publicSignals?: unknown; proof?: unknown }) =>
  verifyGroth16({ verificationKey, publicSignals, proof, ...change })

describe('verifier: verifyGroth16', () => {
  it('accepts valid proofs for random signals, and refuses each signal + 1 and - 1', async () => {
    const signal = fc.oneof(fc.constantFrom(0n, 1n, r - 1n), fc.bigInt({ min: 0n, max: r - 1n }))
    await fc.assert(
      fc.asyncProperty(fc.tuple(signal, signal), fc.nat(1), async (values, i) => {
        const good = { publicSignals: values.map(String), proof: simulateProof(values) }
        assert.equal(await verify(good), true)
        for (const step of [1n, r - 1n]) {
          const wrong = good.publicSignals.with(i, String((values[i]! + step) % r))
          assert.equal(await verify({ ...good, publicSignals: wrong }), false)
        }
      }),
      { numRuns: 10, seed: 3 },
    )
  })

  it('accepts a sum of signals at infinity', async () => {
    const { ic } = TRAPDOOR
    const zero = [Fr.div(Fr.neg(ic[0]), ic[1]), 0n]
    assert.equal(await verify({ publicSignals: zero.map(String), proof: simulateProof(zero) }), true)
    assert.equal(await verify({ publicSignals: zero.map(String), proof }), false)
  })

  it('aliasing (soundness 8): refuses signal + r, which would be a second name of one nullifier', async () => {
    for (const i of [0, 1]) {
      assert.equal(await verify({ publicSignals: publicSignals.with(i, String(signals[i]! + r)) }), false)
      assert.equal(await verify({ publicSignals: publicSignals.with(i, String(signals[i]! - r)) }), false)
    }
  })

  it('refuses signals that are not canonical decimal strings', async () => {
    const bad = [
      '',
      ' 5',
      '5 ',
      '+5',
      '-5',
      '05',
      '0x5',
      '5n',
      '5.0',
      '5e0',
      '٥',
      '5\n',
      5,
      5n,
      null,
      undefined,
      ['5'],
      {},
    ]
    for (const value of bad) assert.equal(await verify({ publicSignals: [value, publicSignals[1]] }), false)
  })

  it('refuses a wrong number of signals, and what is no array', async () => {
    const bad = [
      [],
      ['5'],
      [...publicSignals, '0'],
      new Array(2),
      null,
      undefined,
      '5',
      { 0: '5', 1: '6', length: 2 },
    ]
    for (const value of bad) assert.equal(await verify({ publicSignals: value }), false)
  })

  it('refuses a proof with any point replaced by another', async () => {
    assert.equal(await verify({ proof: { ...proof, pi_a: g1(38n) } }), false)
    assert.equal(await verify({ proof: { ...proof, pi_b: g2(42n) } }), false)
    assert.equal(await verify({ proof: { ...proof, pi_c: g1(2n) } }), false)
    assert.equal(await verify({ proof: { ...proof, pi_a: proof.pi_c, pi_c: proof.pi_a } }), false)
  })

  it('refuses coordinates + q, negated points, points off the curve, and infinity', async () => {
    const [x, y] = proof.pi_a
    const plusQ = (value: string) => String(BigInt(value) + q)
    const points = [
      [plusQ(x), y, '1'],
      [x, plusQ(y), '1'],
      [x, String(q - BigInt(y)), '1'],
      [y, x, '1'],
      ['0', '0', '1'],
      ['0', '1', '0'],
      ['0', '0', '0'],
      [x, y, '2'],
      [x, y],
      [x, y, '1', '1'],
      [x, y, 1],
    ]
    for (const pi_a of points) assert.equal(await verify({ proof: { ...proof, pi_a } }), false)
    for (const pi_c of points) assert.equal(await verify({ proof: { ...proof, pi_c } }), false)
    const [bx, by, bz] = proof.pi_b
    const pointsG2 = [
      [[plusQ(bx[0]), bx[1]], by, bz],
      [bx, [by[0], plusQ(by[1])], bz],
      [[bx[1], bx[0]], [by[1], by[0]], bz],
      [by, bx, bz],
      [bx, by, ['1', '1']],
      [bx, by, ['0', '0']],
      [['0', '0'], ['1', '0'], ['0', '0']],
      [['0', '0'], ['0', '0'], ['1', '0']],
      [bx, by],
      [bx, by, '1'],
    ] // biome-ignore format: one point, one line
    for (const pi_b of pointsG2) assert.equal(await verify({ proof: { ...proof, pi_b } }), false)
  })

  it('soundness 16: refuses B on the curve but out of the subgroup', async () => {
    const outside = g2OutsideSubgroup()
    assert.equal(await verify({ proof: { ...proof, pi_b: outside } }), false)
    // B plus a point of the cofactor's order: the same value of many pairings, another point.
    const { Fp2 } = bn254.fields
    const point = (json: typeof outside) =>
      bn254.G2.Point.fromAffine({
        x: Fp2.fromBigTuple([BigInt(json[0][0]), BigInt(json[0][1])]),
        y: Fp2.fromBigTuple([BigInt(json[1][0]), BigInt(json[1][1])]),
      })
    const small = point(outside)
      .multiplyUnsafe(r - 1n)
      .add(point(outside))
    assert.ok(!small.is0())
    const { x, y } = point(proof.pi_b).add(small).toAffine()
    const pi_b = [[String(x.c0), String(x.c1)], [String(y.c0), String(y.c1)], ['1', '0']] // biome-ignore format: a point
    assert.equal(await verify({ proof: { ...proof, pi_b } }), false)
  })

  it('refuses a proof of another form', async () => {
    const { protocol, ...without } = proof
    const bad = [
      null,
      undefined,
      'proof',
      [],
      {},
      without,
      { ...proof, protocol: 'plonk' },
      { ...proof, curve: 'bls12381' },
      { ...proof, extra: 1 },
      { ...proof, pi_a: null },
      { ...proof, pi_b: proof.pi_a },
    ]
    for (const value of bad) assert.equal(await verify({ proof: value }), false)
    assert.equal(protocol, 'groth16')
  })

  it('soundness 10: a proof re-randomised by anybody stays valid, so that its bytes are no id', async () => {
    const factor = 1234567n
    const a = Fr.div(37n, factor)
    const { pi_c } = proof
    const randomised = { ...proof, pi_a: g1(a), pi_b: g2(Fr.mul(41n, factor)), pi_c }
    assert.notDeepEqual(randomised, proof)
    assert.equal(await verify({ proof: randomised }), true)
  })

  it('never hangs on huge input', async () => {
    const huge = '1'.repeat(10_000_000)
    const started = performance.now()
    assert.equal(await verify({ publicSignals: [huge, huge] }), false)
    assert.equal(await verify({ publicSignals: new Array(1_000_000).fill('1') }), false)
    assert.equal(await verify({ proof: { ...proof, pi_a: [huge, huge, '1'] } }), false)
    assert.equal(await verify({ proof: { ...proof, pi_b: new Array(1_000_000).fill(huge) } }), false)
    assert.ok(performance.now() - started < 1000)
  })

  it('any JSON in place of the proof or the signals gives false', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        assert.equal(await verify({ proof: value }), false)
        assert.equal(await verify({ publicSignals: value }), false)
        assert.equal(await verify({ proof: { ...proof, pi_b: value } }), false)
      }),
      { numRuns: 100, seed: 4 },
    )
  })

  it('throws KeyError for a malformed key, whatever the proof', async () => {
    await assert.rejects(verifyGroth16({ verificationKey: {}, publicSignals, proof }), KeyError)
    await assert.rejects(verifyGroth16({ verificationKey: null, publicSignals: null, proof: null }), KeyError)
    const proofs = [{ publicSignals, proof }]
    await assert.rejects(verifyGroth16Batch({ verificationKey: {}, proofs }), KeyError)
  })

  it('notices a key that is changed in place after a first use', async () => {
    const key = trapdoorKey()
    assert.equal(await verifyGroth16({ verificationKey: key, publicSignals, proof }), true)
    key.IC = key.IC.with(1, g1(30n))
    assert.equal(await verifyGroth16({ verificationKey: key, publicSignals, proof }), false)
  })

  it('the verifier imports nothing that makes proofs', async () => {
    for (const file of ['groth16.ts', 'equations.ts', 'machine.ts', 'keys.ts', 'points.ts']) {
      const text = await readFile(`src/verifier/${file}`, 'utf8')
      for (const [, from] of text.matchAll(/from '([^']+)'/g)) {
        assert.match(
          from!,
          /^(\.\/(equations|machine|keys|points|sums)\.js|\.\.\/(errors|field|groth16|crypto\/random|bn254\/\w+)\.js|@noble\/hashes\/.*)$/,
        )
      }
    }
    assert.ok((await readdir('src/verifier')).includes('groth16.ts'))
  })
})

describe('verifier: verifyGroth16Batch', () => {
  const items = Array.from({ length: 7 }, (_, i) => {
    const values = [BigInt(i), BigInt(i) ** 40n % r]
    return {
      publicSignals: values.map(String),
      proof: simulateProof(values, 3n + BigInt(i), 50n + BigInt(i)),
    }
  })
  const batch = (proofs: { publicSignals: unknown; proof: unknown }[]) =>
    verifyGroth16Batch({ verificationKey, proofs })

  it('accepts valid proofs, and none at all', async () => {
    assert.deepEqual(await batch(items), { valid: true, invalid: [] })
    assert.deepEqual(await batch([]), { valid: true, invalid: [] })
    assert.deepEqual(await batch(items.slice(0, 1)), { valid: true, invalid: [] })
  })

  it('names exactly the invalid, for every subset of four', async () => {
    for (let mask = 0; mask < 16; mask++) {
      const proofs = items.slice(0, 4).map((item, i) => {
        return mask & (1 << i) ? { ...item, proof: { ...item.proof, pi_c: g1(99n + BigInt(i)) } } : item
      })
      const invalid = [0, 1, 2, 3].filter((i) => mask & (1 << i))
      assert.deepEqual(await batch(proofs), { valid: mask === 0, invalid })
    }
  })

  it('names malformed ones among valid ones', async () => {
    const proofs: { publicSignals: unknown; proof: unknown }[] = [...items]
    proofs[1] = { publicSignals: [], proof: items[1]!.proof }
    proofs[4] = null as never
    proofs[6] = { ...items[6]!, proof: { ...items[6]!.proof, pi_b: g2OutsideSubgroup() } }
    assert.deepEqual(await batch(proofs), { valid: false, invalid: [1, 4, 6] })
  })

  it('cancelling errors: two wrong proofs whose errors add up to nothing are both refused', async () => {
    // C1 + D and C2 - D: without random factors the product of the equations would hold.
    const shift = bn254.G1.Point.BASE.multiply(777n)
    const moved = (item: (typeof items)[0], by: typeof shift) => {
      const [x, y] = item.proof.pi_c
      const point = bn254.G1.Point.fromAffine({ x: BigInt(x), y: BigInt(y) })
        .add(by)
        .toAffine()
      return { ...item, proof: { ...item.proof, pi_c: [String(point.x), String(point.y), '1'] } }
    }
    const proofs = [moved(items[0]!, shift), items[1]!, moved(items[2]!, shift.negate())]
    assert.deepEqual(await batch(proofs), { valid: false, invalid: [0, 2] })
    const swapped = [
      { ...items[0]!, publicSignals: items[1]!.publicSignals },
      { ...items[1]!, publicSignals: items[0]!.publicSignals },
    ]
    assert.deepEqual(await batch(swapped), { valid: false, invalid: [0, 1] })
  })

  it('refuses what is no array', async () => {
    await assert.rejects(batch({} as never), TypeError)
  })
})
