import assert from 'node:assert/strict'
import {
  binomialTail,
  chiSquareTail,
  classify,
  compareBits,
  normalTail,
} from '../../scripts/lib/statistics.js'
import { collect, collectSignals, compare, Stage, type Transcript } from '../../scripts/lib/transcripts.js'
import { randomBelow } from '../../src/crypto/random.js'
import { prepareSimulation } from '../../src/designated/simulate.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { createProver } from '../../src/prover/index.js'

/*
 * Short, for every run. `scripts/indistinguishability.ts --samples 1000` takes its time. A finding counts from one in
 * ten thousand: a test that fails once in a thousand runs is no test.
 */
const FOUND = 1e-4
const SIGNALS = 80
const PROOFS = 16

describe('real and simulated transcripts (soundness 22)', () => {
  const stage = new Stage()

  describe('the statistics', () => {
    it('know the tails of the distributions', () => {
      // Tables of the normal and the chi-square distribution.
      for (const [z, tail] of [
        [0, 0.5],
        [1.6448536, 0.05],
        [3.0902323, 0.001],
        [-1.6448536, 0.95],
      ] as const)
        assert.ok(Math.abs(normalTail(z) - tail) < 1e-6)
      for (const [x, degrees, tail] of [
        [124.342, 100, 0.05],
        [149.449, 100, 0.001],
        [293.248, 254, 0.0454],
      ] as const)
        assert.ok(Math.abs(chiSquareTail(x, degrees) - tail) < 2e-3)
      assert.ok(Math.abs(binomialTail(3, 4) - 5 / 16) < 1e-12)
      assert.ok(Math.abs(binomialTail(0, 2000) - 1) < 1e-9)
    })

    it('find nothing in two samples of one kind, and a bias where there is one', () => {
      const random = seeded(6)
      const uniform = (): bigint[] =>
        Array.from({ length: 200 }, () => BigInt(Math.floor(random() * 2 ** 32)))
      const biased = uniform().map((value) => (random() < 0.4 ? value | 1n : value))
      assert.ok(compareBits(uniform(), uniform(), 32).p > FOUND)
      assert.ok(compareBits(uniform(), biased, 1).p < FOUND)
      const rows = (shift: number): number[][] =>
        Array.from({ length: 100 }, () => [random(), random() + shift, random()])
      assert.ok(classify(rows(0), rows(0)).p > FOUND)
      const found = classify(rows(0), rows(0.6))
      assert.ok(found.p < FOUND && found.accuracy > 0.8)
      // A difference in spread alone.
      const wide = rows(0).map(([x, y, z]) => [x!, 4 * (y! - 0.5) + 0.5, z!])
      assert.ok(classify(rows(0), wide).p < FOUND)
    })
  })

  describe('public signals', () => {
    const nullifiers = (rows: readonly bigint[][]): bigint[] => rows.map((row) => row[3]!)
    let real: bigint[][]
    let simulated: bigint[][]

    it('differ in nothing that a chi-square on their bits finds', () => {
      ;({ real, simulated } = collectSignals(stage, SIGNALS))
      const { p, degrees } = compareBits(nullifiers(real), nullifiers(simulated), 254)
      assert.equal(degrees, 254)
      assert.ok(p > FOUND, `p = ${p}`)
      for (const k of [0, 1, 2, 4, 5, 7, 8, 9, 10]) {
        const values = [...real, ...simulated].map((row) => row[k])
        assert.equal(new Set(values).size, 1, `signal ${k} is the same for all`)
      }
    })

    it('planted leak: nullifiers of a simulator that draws 31 bytes, or odd numbers', () => {
      const chosen = { ...stage.context(), ...stage.claim, key: stage.key, nullifier: 5n }
      assert.equal(prepareSimulation(chosen).publicSignals[3], '5', 'a simulator says what it likes')
      const plant = (draw: () => bigint): number => {
        const leaking = simulated.map((row) => row.with(3, draw()))
        return compareBits(nullifiers(real), nullifiers(leaking), 254).p
      }
      assert.ok(plant(() => randomBelow(1n << 248n)) < FOUND)
      assert.ok(plant(() => randomBelow(FIELD_MODULUS) | 1n) < FOUND)
    })
  })

  describe('envelopes and times', () => {
    let real: Transcript[]
    let simulated: Transcript[]

    before(async () => {
      await using prover = await createProver()
      const collected = await collect({ stage, prover, samples: PROOFS })
      real = collected.real
      simulated = collected.simulated
    })

    it('have one shape, and a classifier does no better than chance', () => {
      const { sameShape, proofBits, byContent, byAll } = compare({ real, simulated })
      assert.equal(sameShape, true)
      assert.ok(proofBits.p > FOUND, `p = ${proofBits.p}`)
      assert.ok(byContent.p > FOUND, `${byContent.accuracy}`)
      assert.ok(byAll.p > FOUND, `${byAll.accuracy}`)
    })

    it('planted leak: one more field, another order, another type', () => {
      for (const leak of [
        ({ envelope }: Transcript) => ({ ...envelope, simulated: true }),
        ({ envelope: { version, ...rest } }: Transcript) => ({ ...rest, version }),
        ({ envelope }: Transcript) => ({ ...envelope, publicSignals: envelope.publicSignals.slice(1) }),
      ]) {
        const leaking = simulated.map((one) => ({ ...one, envelope: leak(one) as never }))
        assert.equal(compare({ real, simulated: leaking }).sameShape, false)
      }
    })

    it('planted leak: a simulator that takes longer', () => {
      const slowest = Math.max(...real.map(({ times }) => times[1]))
      const leaking = simulated.map(({ envelope, times }) => ({
        envelope,
        times: [times[0], times[1] + 3 * slowest] as const,
      }))
      const { byContent, byAll } = compare({ real, simulated: leaking })
      assert.ok(byAll.p < FOUND, `${byAll.accuracy}`)
      assert.ok(byContent.p > FOUND)
    })

    it('planted leak: nullifiers of the simulator with few bits', () => {
      const leaking = simulated.map(({ envelope, times }) => ({
        times,
        envelope: {
          ...envelope,
          publicSignals: envelope.publicSignals.with(3, randomBelow(1n << 128n).toString()),
        },
      }))
      assert.ok(compare({ real, simulated: leaking }).byContent.p < FOUND)
    })
  })
})

/** Park and Miller's generator: the same numbers in each run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48271) % 2147483647
    return state / 2147483647
  }
}
