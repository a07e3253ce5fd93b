import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import fc from 'fast-check'
import { KeyError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import {
  PLONK_COMMITMENTS,
  PLONK_EVALUATIONS,
  PLONK_KEY_POINTS,
  type PlonkProof,
  type PlonkVerificationKeyJson,
} from '../../src/plonk.js'
import { DEVELOPMENT_TRAPDOOR } from '../../src/setup/development-key.js'
import { GENERATOR } from '../../src/setup/points.js'
import {
  isDevelopmentPlonkKey,
  parsePlonkKey,
  plonkKeyHash,
  verifyPlonk,
} from '../../src/verifier/plonk/index.js'
import { challengesOf } from '../../src/verifier/plonk/transcript.js'
import { multiplyG1, multiplyG2 } from '../../src/verifier/points.js'
import { twistPointOutOfSubgroup } from '../support/chain.js'
import { type PlonkCircuit, setupPlonk, snarkjsVerifyPlonk } from '../support/plonk.js'

describe('verifier: verifyPlonk', () => {
  // One has no constant selector, the other all.
  const files = ['six-signals', 'preimage']
  const circuits: PlonkCircuit[] = []
  const proven: { key: PlonkVerificationKeyJson; proof: PlonkProof; publicSignals: string[] }[] = []
  before(async () => {
    const six = { oldRoot: 0n, newRoot: 1n, ledgerId: r - 1n, categories: 4n, queueLength: 5n, queueHead: 6n }
    const inputs = [six, { secret: 7n, salt: 8n, context: 9n }]
    for (const [i, file] of files.entries()) {
      const circuit = await setupPlonk(`test/circuits/${file}.circom`)
      circuits.push(circuit)
      proven.push({ key: circuit.verificationKey, ...(await circuit.prove(inputs[i]!)) })
    }
  })
  after(() => Promise.all(circuits.map((circuit) => circuit.dispose())))

  const verify = (verificationKey: unknown, publicSignals: unknown, proof: unknown): Promise<boolean> =>
    verifyPlonk({ verificationKey, publicSignals, proof })

  it('accepts what snarkjs proves, and refuses the proof of another circuit', async () => {
    for (const { key, proof, publicSignals } of proven) {
      assert.equal(await verify(key, publicSignals, proof), true)
      assert.equal(await snarkjsVerifyPlonk(key, { proof, publicSignals }), true)
    }
    const [first, second] = proven as [(typeof proven)[0], (typeof proven)[0]]
    assert.equal(await verify(first.key, first.publicSignals, second.proof), false)
    assert.equal(await verify(second.key, second.publicSignals, first.proof), false)
    // And the first again, whose key was put away for the second's.
    assert.equal(await verify(first.key, first.publicSignals, first.proof), true)
  })

  it('refuses each signal changed, aliased by r, or written otherwise', async () => {
    const { key, proof, publicSignals } = proven[0]!
    for (const [i, text] of publicSignals.entries()) {
      const value = BigInt(text)
      const others: unknown[] = [`${(value + 1n) % r}`, `${(value + r - 1n) % r}`, `${value + r}`]
      others.push(
        `0${text}`,
        ` ${text}`,
        `-${text}`,
        `+${text}`,
        `0x${value.toString(16)}`,
        '',
        value,
        Number(value),
        null,
      )
      for (const other of others)
        assert.equal(await verify(key, publicSignals.with(i, other as never), proof), false)
    }
    for (const signals of [publicSignals.slice(1), [...publicSignals, '0'], [], 'x', null, { length: 6 }]) {
      assert.equal(await verify(key, signals, proof), false)
    }
  })

  it('refuses what snarkjs refuses: each part of a proof changed within its field', async () => {
    for (const { key, proof, publicSignals } of proven) {
      for (const name of PLONK_EVALUATIONS) {
        const changed = { ...proof, [name]: `${(BigInt(proof[name]) + 1n) % r}` }
        assert.equal(await verify(key, publicSignals, changed), false, name)
        assert.equal(await snarkjsVerifyPlonk(key, { proof: changed, publicSignals }), false, name)
      }
      for (const [i, name] of PLONK_COMMITMENTS.entries()) {
        const [x, y] = proof[name].map(BigInt) as [bigint, bigint]
        const [doubleX, doubleY] = multiplyG1([x, y], 2n)!
        const others = {
          negated: [`${x}`, `${q - y}`, '1'],
          doubled: [`${doubleX}`, `${doubleY}`, '1'],
          exchanged: proof[PLONK_COMMITMENTS[(i + 1) % PLONK_COMMITMENTS.length]!],
        }
        for (const [how, point] of Object.entries(others)) {
          const changed = { ...proof, [name]: point }
          assert.equal(await verify(key, publicSignals, changed), false, `${name} ${how}`)
          assert.equal(
            await snarkjsVerifyPlonk(key, { proof: changed, publicSignals }),
            false,
            `${name} ${how}`,
          )
        }
      }
    }
  })

  it('refuses aliases of values by r and of coordinates by q, points off the curve and at infinity', async () => {
    const { key, proof, publicSignals } = proven[1]!
    for (const name of PLONK_EVALUATIONS) {
      for (const value of [
        `${BigInt(proof[name]) + r}`,
        `0${proof[name]}`,
        BigInt(proof[name]),
        '',
        undefined,
      ]) {
        assert.equal(await verify(key, publicSignals, { ...proof, [name]: value }), false, name)
      }
    }
    for (const name of PLONK_COMMITMENTS) {
      const [x, y] = proof[name]
      const points: unknown[] = [
        [`${BigInt(x) + q}`, y, '1'],
        [x, `${BigInt(y) + q}`, '1'],
        [y, x, '1'],
        ['1', '1', '1'],
        ['0', '1', '0'],
        ['0', '0', '0'],
        ['0', '0', '1'],
        [x, y, '2'],
        [x, y],
        null,
      ]
      for (const point of points)
        assert.equal(await verify(key, publicSignals, { ...proof, [name]: point }), false, name)
    }
  })

  it('refuses a proof of another system or curve, with a missing or a surplus field', async () => {
    const { key, proof, publicSignals } = proven[1]!
    const others: unknown[] = [
      null,
      'x',
      [],
      {},
      { ...proof, protocol: 'groth16' },
      { ...proof, curve: 'bls12381' },
    ]
    others.push({ ...proof, extra: '1' })
    for (const name of Object.keys(proof)) {
      const { [name as keyof PlonkProof]: _, ...rest } = proof
      others.push(rest, { ...rest, other: '1' })
    }
    for (const other of others) assert.equal(await verify(key, publicSignals, other), false)
  })

  it('agrees with snarkjs on proofs with several parts exchanged for those of another proof', async () => {
    const [{ key, proof, publicSignals }] = proven as [(typeof proven)[0]]
    const again = await circuits[0]!.prove({
      ...{ oldRoot: 0n, newRoot: 1n, ledgerId: r - 1n, categories: 4n, queueLength: 5n, queueHead: 6n },
    })
    const names = [...PLONK_COMMITMENTS, ...PLONK_EVALUATIONS]
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), async (taken) => {
        const mixed = { ...proof, ...Object.fromEntries(taken.map((name) => [name, again.proof[name]])) }
        const expected = taken.length === 0 || taken.length === names.length
        assert.equal(await verify(key, publicSignals, mixed), expected)
        assert.equal(await snarkjsVerifyPlonk(key, { proof: mixed, publicSignals }), expected)
      }),
      { numRuns: 15, seed: 1 },
    )
  })

  // Frozen heart: what a challenge does not depend on can be chosen after it.
  it('row 18: refuses a proof under a key with any commitment changed: all are in the transcript or the equation', async () => {
    const { key, proof, publicSignals } = proven[1]!
    for (const name of PLONK_KEY_POINTS) {
      const [x, y] = key[name].map(BigInt) as [bigint, bigint]
      assert.equal(
        await verify({ ...key, [name]: [`${x}`, `${q - y}`, '1'] }, publicSignals, proof),
        false,
        name,
      )
    }
    const [x, y] = multiplyG2(GENERATOR.G2, 12345n)!.map((part) => part.map(String))
    assert.equal(await verify({ ...key, X_2: [x, y, ['1', '0']] }, publicSignals, proof), false)
    assert.equal(await verify({ ...key, k1: '5' }, publicSignals, proof), false)
    assert.equal(await verify({ ...key, k2: '7' }, publicSignals, proof), false)
  })

  it('development keys: whoever knows tau forges a proof of anything, which snarkjs accepts too', async () => {
    const { key } = proven[1]!
    const publicSignals = ['1', '2', '3']
    const forged = forge(key, publicSignals, DEVELOPMENT_TRAPDOOR.tau)
    assert.equal(await verify(key, publicSignals, forged), true)
    assert.equal(await snarkjsVerifyPlonk(key, { proof: forged, publicSignals }), true)
    const guessed = forge(key, publicSignals, DEVELOPMENT_TRAPDOOR.tau + 1n)
    assert.equal(await verify(key, publicSignals, guessed), false)
  })

  // What passed in Aztec's verifier: points at infinity, and values of 0.
  it('refuses proofs of zeros (soundness 16)', async () => {
    const { key, proof, publicSignals } = proven[1]!
    const values = Object.fromEntries(PLONK_EVALUATIONS.map((name) => [name, '0']))
    for (const point of [
      ['0', '1', '0'],
      ['0', '0', '1'],
      ['1', '2', '1'],
    ]) {
      const points = Object.fromEntries(PLONK_COMMITMENTS.map((name) => [name, point]))
      assert.equal(await verify(key, publicSignals, { ...proof, ...points }), false)
      assert.equal(await verify(key, publicSignals, { ...proof, ...points, ...values }), false)
      assert.equal(await verify(key, ['0', '0', '0'], { ...proof, ...points, ...values }), false)
    }
  })

  it('does not take a key that is changed in place after a first use for the first', async () => {
    const { key, proof, publicSignals } = proven[1]!
    const copy = structuredClone(key)
    assert.equal(await verify(copy, publicSignals, proof), true)
    copy.S1 = copy.S2
    assert.equal(await verify(copy, publicSignals, proof), false)
  })

  describe('keys', () => {
    it('are told by their hash, of every part, and development keys by their tau', () => {
      const { key } = proven[1]!
      const hash = plonkKeyHash(parsePlonkKey(key))
      assert.match(hash, /^0x[0-9a-f]{64}$/)
      assert.notEqual(hash, plonkKeyHash(parsePlonkKey(proven[0]!.key)))
      for (const other of [{ nPublic: 2 }, { k1: '5' }, { S1: key.S2 }, { Qc: ['0', '1', '0'] }]) {
        assert.notEqual(plonkKeyHash(parsePlonkKey({ ...key, ...other })), hash)
      }
      assert.equal(isDevelopmentPlonkKey(parsePlonkKey(key)), true)
      const [x, y] = multiplyG2(GENERATOR.G2, 12345n)!.map((part) => part.map(String))
      assert.equal(isDevelopmentPlonkKey(parsePlonkKey({ ...key, X_2: [x, y, ['1', '0']] })), false)
    })

    it('that are malformed are refused', () => {
      const { key } = proven[1]!
      const [x, y] = key.S1
      const { w: _, ...withoutRoot } = key
      const malformed: unknown[] = [
        null,
        {},
        withoutRoot,
        { ...key, extra: 1 },
        { ...key, protocol: 'groth16' },
        { ...key, curve: 'bls12381' },
        ...[-1, 1.5, '3', 2 ** 20].map((nPublic) => ({ ...key, nPublic })),
        ...[2, 29, 3.5, '8', key.power + 1].map((power) => ({ ...key, power })),
        ...[
          [x, `${BigInt(y) + q}`, '1'],
          [y, x, '1'],
          ['0', '1', '0'],
          [x, y],
        ].map((S1) => ({ ...key, S1 })),
        ...['1', `${r - 1n}`, `${r}`, '0x5'].map((w) => ({ ...key, w })),
      ]
      for (const json of malformed) assert.throws(() => parsePlonkKey(json), KeyError)
    })

    it('whose cosets meet are refused: a prover could exchange wires', () => {
      const { key } = proven[1]!
      const inside = [1n, BigInt(key.w), (BigInt(key.w) * BigInt(key.w)) % r]
      for (const k of inside) {
        assert.throws(() => parsePlonkKey({ ...key, k1: `${k}` }), /cosets/)
        assert.throws(() => parsePlonkKey({ ...key, k2: `${(BigInt(key.k1) * k) % r}` }), /cosets/)
      }
      assert.throws(() => parsePlonkKey({ ...key, k2: '0' }), /cosets/)
    })

    it('with a tau of 1 or -1, or out of the subgroup, are refused: anyone could forge', () => {
      const { key } = proven[1]!
      const [x, [y0, y1]] = GENERATOR.G2
      const text = (point: readonly (readonly bigint[])[]) => [
        ...point.map((part) => part.map(String)),
        ['1', '0'],
      ]
      assert.throws(() => parsePlonkKey({ ...key, X_2: text(GENERATOR.G2) }), /tau is 1 or -1/)
      assert.throws(() => parsePlonkKey({ ...key, X_2: text([x, [q - y0, q - y1]]) }), /tau is 1 or -1/)
      const [x1, x0, z1, z0] = twistPointOutOfSubgroup() as [bigint, bigint, bigint, bigint]
      assert.throws(
        () =>
          parsePlonkKey({
            ...key,
            X_2: text([
              [x0, x1],
              [z0, z1],
            ]),
          }),
        /subgroup/,
      )
    })
  })
})

/**
 * Makes a proof of any signals from tau, with no polynomials at all: all but the openings is arbitrary, and the openings are
 * what the equation leaves, divided by tau - xi and tau - xi w. Written from the paper, with another curve than the verifier's.
 */
function forge(json: PlonkVerificationKeyJson, publicSignals: readonly string[], tau: bigint): PlonkProof {
  const { Fr } = bn254.fields
  const { BASE, ZERO } = bn254.G1.Point
  type Point = typeof BASE
  const times = (point: Point, scalar: bigint): Point => point.multiplyUnsafe(Fr.create(scalar))
  const sum = (points: readonly Point[]): Point => points.reduce((all, point) => all.add(point), ZERO)
  const [qm, ql, qr, qo, qc, s1, s2, s3] = PLONK_KEY_POINTS.map((name) => {
    const [x, y, z] = json[name].map(BigInt) as [bigint, bigint, bigint]
    return z === 0n ? ZERO : bn254.G1.Point.fromAffine({ x, y })
  }) as [Point, Point, Point, Point, Point, Point, Point, Point]
  const chosen = Array.from({ length: 7 }, (_, i) => BASE.multiply(BigInt(1000 + i)))
  const evaluations = [11n, 12n, 13n, 14n, 15n, 16n]
  const affine = (point: Point): [bigint, bigint] => {
    const { x, y } = point.toAffine()
    return [x, y]
  }
  const signals = publicSignals.map(BigInt)
  const commitments = [...chosen, BASE, BASE].map(affine)
  const key = parsePlonkKey(json)
  // All but u, which is of the openings and cancels.
  const { beta, gamma, alpha, xi, v } = challengesOf(key, { commitments, evaluations, signals })
  const [A, B, C, Z, T1, T2, T3] = chosen as [Point, Point, Point, Point, Point, Point, Point]
  const [a, b, c, z1, z2, zw] = evaluations as [bigint, bigint, bigint, bigint, bigint, bigint]
  const n = 2n ** BigInt(json.power)
  const [w, k1, k2] = [json.w, json.k1, json.k2].map(BigInt) as [bigint, bigint, bigint]
  const xiN = Fr.pow(xi, n)
  const vanishing = Fr.sub(xiN, 1n)
  const lagrange = signals.map((_, i) => {
    const element = Fr.pow(w, BigInt(i))
    return Fr.div(Fr.mul(element, vanishing), Fr.mul(n, Fr.sub(xi, element)))
  })
  const publics = signals.reduce((all, signal, i) => all - signal * lagrange[i]!, 0n)
  const permuted = alpha * (a + beta * z1 + gamma) * (b + beta * z2 + gamma) * zw
  const identity =
    alpha * (a + beta * xi + gamma) * (b + beta * k1 * xi + gamma) * (c + beta * k2 * xi + gamma)
  const first = lagrange[0]! * alpha * alpha
  const r0 = publics - first - permuted * (c + gamma)
  const linear = sum([
    ...[times(qm, a * b), times(ql, a), times(qr, b), times(qo, c), qc, times(Z, identity + first)],
    times(s3, -permuted * beta),
    times(sum([T1, times(T2, xiN), times(T3, xiN * xiN)]), -vanishing),
    ...[A, B, C, s1, s2].map((point, i) => times(point, v ** BigInt(i + 1))),
  ])
  const opened = [a, b, c, z1, z2].reduce((all, value, i) => all + value * v ** BigInt(i + 1), 0n) - r0
  const wxi = times(linear.subtract(times(BASE, opened)), Fr.inv(Fr.create(tau - xi)))
  const wxiw = times(Z.subtract(times(BASE, zw)), Fr.inv(Fr.create(tau - xi * w)))
  const points = [...chosen, wxi, wxiw].map((point) => [...affine(point).map(String), '1'])
  return {
    ...Object.fromEntries(PLONK_COMMITMENTS.map((name, i) => [name, points[i]])),
    ...Object.fromEntries(PLONK_EVALUATIONS.map((name, i) => [name, String(evaluations[i])])),
    ...{ protocol: 'plonk', curve: 'bn128' },
  } as PlonkProof
}
