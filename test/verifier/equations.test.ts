import assert from 'node:assert/strict'
import { bn254 } from '@noble/curves/bn254.js'
import { chooseArithmetic } from '../../src/bn254/arithmetic.js'
import type { ArithmeticName } from '../../src/bn254/field.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import type { G1Json, G2Json } from '../../src/groth16.js'
import { type Candidate, createEquations, type Equations } from '../../src/verifier/equations.js'
import { parseVerificationKey, type VerificationKey } from '../../src/verifier/keys.js'
import { isInSubgroup, parseG1, parseG2 } from '../../src/verifier/points.js'
import { g1, g2, g2OutsideSubgroup } from './trapdoor.js'

const { Fr, Fp2, Fp12 } = bn254.fields
const SECRETS = { alpha: 11n, beta: 13n, gamma: 17n, delta: 19n }
const icOf = (i: number) => BigInt(23 + 7 * i)

/** A key with known secrets, and as many public signals as wanted. */
function keyOf(signals: number, change: Partial<typeof SECRETS> = {}): VerificationKey {
  const { alpha, beta, gamma, delta } = { ...SECRETS, ...change }
  return parseVerificationKey({
    protocol: 'groth16',
    curve: 'bn128',
    nPublic: signals,
    vk_alpha_1: g1(alpha),
    vk_beta_2: g2(beta),
    vk_gamma_2: g2(gamma),
    vk_delta_2: g2(delta),
    IC: Array.from({ length: signals + 1 }, (_, i) => g1(icOf(i))),
  })
}

const point1 = (json: G1Json) => parseG1(json, 'point')
const point2 = (json: G2Json) => parseG2(json, 'point')
const twisted = Array.from({ length: 8 }, (_, i) => point2(g2(41n + BigInt(i))))

/** A valid proof for any signals, by the secrets. */
function proofOf(signals: readonly bigint[], i = 0, secrets = SECRETS): Candidate {
  const [a, b] = [37n + BigInt(i), 41n + BigInt(i % 8)]
  const { alpha, beta, gamma, delta } = secrets
  const sum = signals.reduce((total, signal, j) => total + signal * icOf(j + 1), icOf(0))
  const c = Fr.div(Fr.create(a * b - alpha * beta - (sum % r) * gamma), delta)
  return { a: point1(g1(a)), b: twisted[i % 8]!, c: point1(g1(c)), signals }
}

const signalsOf = (i: number, count = 2) =>
  Array.from({ length: count }, (_, j) => Fr.pow(BigInt(3 + i + 100 * j), 1000n + BigInt(j)))

/** C moved by a multiple of the generator. */
function moved(candidate: Candidate, by: bigint): Candidate {
  const [x, y] = candidate.c
  const point = bn254.G1.Point.fromAffine({ x, y }).add(bn254.G1.Point.BASE.multiply(by))
  const affine = point.toAffine()
  return { ...candidate, c: [affine.x, affine.y] }
}

const sorted = (positions: readonly number[]) => [...positions].sort((a, b) => a - b)

for (const arithmetic of ['simd', 'scalar'] as const satisfies readonly ArithmeticName[]) {
  describe(`verifier: equations, ${arithmetic}`, () => {
    let equations: Equations
    before(async () => {
      // Sets what Node 20 needs for vectors.
      await chooseArithmetic()
      equations = await createEquations({ arithmetic })
    })
    const key = keyOf(2)
    const valid = Array.from({ length: 40 }, (_, i) => proofOf(signalsOf(i), i))
    const find = (proofs: readonly Candidate[]) => sorted(equations.findInvalid(key, proofs))

    it('decides alone as together, for signals at every edge', () => {
      const edges = [0n, 1n, r - 1n, r >> 1n, 1n << 127n, 1n << 128n, (1n << 253n) + 1n]
      const proofs = edges.flatMap((first) => edges.map((second, i) => proofOf([first, second], i)))
      for (const proof of proofs) {
        assert.equal(equations.isValid(key, proof), true)
        const [first, second] = proof.signals as [bigint, bigint]
        assert.equal(equations.isValid(key, { ...proof, signals: [(first + 1n) % r, second] }), false)
      }
      assert.deepEqual(find(proofs), [])
    })

    it('batches of 0, 1, 2, 3 and more proofs, each position invalid once', () => {
      assert.deepEqual(find([]), [])
      for (const count of [1, 2, 3, 16, 17, 40]) {
        const proofs = valid.slice(0, count)
        assert.deepEqual(find(proofs), [])
        for (let bad = 0; bad < count; bad += count > 3 ? 5 : 1) {
          assert.deepEqual(find(proofs.with(bad, moved(proofs[bad]!, 1n))), [bad])
        }
      }
    })

    it('names any set of invalid ones, whatever is wrong with them, and all of them', () => {
      const outside = point2(g2OutsideSubgroup())
      const wrong = [
        (proof: Candidate) => moved(proof, 5n),
        (proof: Candidate) => ({ ...proof, signals: proof.signals.toReversed() }),
        (proof: Candidate) => ({ ...proof, a: proof.c, c: proof.a }),
        (proof: Candidate) => ({ ...proof, b: outside }),
        (proof: Candidate) => ({ ...proof, b: twisted[(twisted.indexOf(proof.b) + 1) % 8]! }),
      ]
      for (const step of [1, 2, 3, 7, 13]) {
        const proofs = valid.map((proof, i) => (i % step === 0 ? wrong[i % wrong.length]!(proof) : proof))
        assert.deepEqual(
          find(proofs),
          valid.map((_, i) => i).filter((i) => i % step === 0),
        )
      }
    })

    it('soundness 16: B out of the subgroup is refused alone, in either lane, and spoils no neighbour', () => {
      const [x, y] = valid[0]!.b
      const inside = bn254.G2.Point.fromAffine({ x: Fp2.fromBigTuple([...x]), y: Fp2.fromBigTuple([...y]) })
      const [ox, oy] = point2(g2OutsideSubgroup())
      const other = bn254.G2.Point.fromAffine({ x: Fp2.fromBigTuple([...ox]), y: Fp2.fromBigTuple([...oy]) })
      const cofactored = other.multiplyUnsafe(r - 1n).add(other)
      for (const point of [other, cofactored, inside.add(cofactored)]) {
        const affine = point.toAffine()
        const b = [
          [affine.x.c0, affine.x.c1],
          [affine.y.c0, affine.y.c1],
        ] as const
        assert.equal(isInSubgroup(b), false)
        assert.equal(equations.isValid(key, { ...valid[0]!, b }), false)
        for (const position of [0, 1, 2]) {
          assert.deepEqual(find(valid.slice(0, 3).with(position, { ...valid[position]!, b })), [position])
        }
      }
      assert.equal(isInSubgroup(valid[0]!.b), true)
    })

    it('cancelling errors: forgeries whose equations multiply to a true one are all refused', () => {
      const forged = [moved(valid[0]!, 777n), moved(valid[1]!, r - 777n)]
      const triple = [moved(valid[2]!, 5n), moved(valid[3]!, 6n), moved(valid[4]!, r - 11n)]
      const multiple = [
        moved(valid[5]!, 3n),
        moved(valid[6]!, r - 1n),
        moved(valid[7]!, r - 1n),
        moved(valid[8]!, r - 1n),
      ]
      for (const proofs of [forged, triple, multiple]) {
        // Without factors a batch would accept them.
        assert.ok(Fp12.eql(unweighted(key, proofs), Fp12.ONE))
        for (let run = 0; run < 5; run++) {
          assert.deepEqual(
            find(proofs),
            proofs.map((_, i) => i),
          )
        }
        const among = [...valid.slice(10, 25), ...proofs, ...valid.slice(25)]
        assert.deepEqual(
          find(among),
          proofs.map((_, i) => 15 + i),
        )
      }
      // Signals exchanged: the sums over all proofs stay.
      const swapped = [
        { ...valid[0]!, signals: valid[1]!.signals },
        { ...valid[1]!, signals: valid[0]!.signals },
      ]
      assert.ok(Fp12.eql(unweighted(key, swapped), Fp12.ONE))
      assert.deepEqual(find(swapped), [0, 1])
    })

    it('the same proof many times, valid and not: equal points are no exception', () => {
      const [proof, bad] = [valid[3]!, moved(valid[3]!, 1n)]
      assert.deepEqual(find(Array(33).fill(proof)), [])
      assert.deepEqual(
        find(Array(33).fill(bad)),
        Array.from({ length: 33 }, (_, i) => i),
      )
      const negated = { ...proof, c: [proof.c[0], bn254.fields.Fp.neg(proof.c[1])] as const }
      assert.deepEqual(find([proof, negated, proof, negated]), [1, 3])
    })

    it('keys with no signals, with many, and with more than there is room for, by turns', () => {
      const others = [0, 1, 63, 64, 130].map((count) => ({ count, key: keyOf(count) }))
      for (let round = 0; round < 2; round++) {
        for (const { count, key: other } of others) {
          const proof = proofOf(signalsOf(round, count), round)
          assert.equal(equations.isValid(other, proof), true)
          assert.equal(equations.isValid(other, moved(proof, 1n)), false)
          const proofs = [proof, moved(proof, 1n), proofOf(signalsOf(5, count), 3)]
          assert.deepEqual(sorted(equations.findInvalid(other, proofs)), [1])
          if (count > 0) {
            const last = proof.signals.with(-1, (proof.signals.at(-1)! + 1n) % r)
            assert.equal(equations.isValid(other, { ...proof, signals: last }), false)
          }
          assert.equal(equations.isValid(key, valid[0]!), true)
        }
      }
    })

    it('a proof for one key does not hold for another', () => {
      for (const change of [{ alpha: 12n }, { beta: 14n }, { gamma: 18n }, { delta: 20n }]) {
        const other = keyOf(2, change)
        assert.equal(equations.isValid(other, valid[0]!), false)
        assert.equal(equations.isValid(other, proofOf(signalsOf(0), 0, { ...SECRETS, ...change })), true)
        assert.deepEqual(sorted(equations.findInvalid(other, valid.slice(0, 3))), [0, 1, 2])
      }
    })

    it('more proofs than are taken at once, with invalid ones in every part', () => {
      const many = Array.from({ length: 1100 }, (_, i) => valid[i % valid.length]!)
      assert.deepEqual(find(many), [])
      const bad = [0, 500, 1023, 1024, 1099]
      assert.deepEqual(find(many.map((proof, i) => (bad.includes(i) ? moved(proof, 9n) : proof))), bad)
    })
  })
}

/** Product of the proofs' equations as they are, by the library: 1 if their sum holds. */
function unweighted(key: VerificationKey, proofs: readonly Candidate[]) {
  const { Point: Point1 } = bn254.G1
  const { Point: Point2 } = bn254.G2
  const to1 = ([x, y]: readonly [bigint, bigint]) => Point1.fromAffine({ x, y })
  const to2 = ([x, y]: Candidate['b']) =>
    Point2.fromAffine({ x: Fp2.fromBigTuple([...x]), y: Fp2.fromBigTuple([...y]) })
  return bn254.pairingBatch(
    proofs.flatMap(({ a, b, c, signals }) => {
      const sum = signals.reduce(
        (total, signal, i) => total.add(to1(key.ic[i + 1]!).multiplyUnsafe(signal)),
        to1(key.ic[0]!),
      )
      return [
        { g1: to1(a), g2: to2(b) },
        { g1: to1(key.alpha).negate(), g2: to2(key.beta) },
        { g1: sum.negate(), g2: to2(key.gamma) },
        { g1: to1(c).negate(), g2: to2(key.delta) },
      ]
    }),
  )
}
