import assert from 'node:assert/strict'
import { addCurve, type Curve } from '../../src/bn254/curve.js'
import { addExtension } from '../../src/bn254/extension.js'
import { ARITHMETICS, type ArithmeticName, addField, ELEMENT, PAIR } from '../../src/bn254/field.js'
import { addPairing, type Pairing } from '../../src/bn254/pairing.js'
import type { Program } from '../../src/bn254/program.js'
import { addProjective, type Projective, TABLE_POINTS } from '../../src/bn254/projective.js'
import { FIELD_MODULUS } from '../../src/field.js'
import { writeUint256 } from '../../src/formats/sections.js'
import { addAbc, joinConstants, streamRows } from '../../src/prover/engine/abc.js'
import { addFft, columnCalls, fftShape, twiddleLength } from '../../src/prover/engine/fft.js'
import { addMsm, HALVES, LAYOUT, planMsm } from '../../src/prover/engine/msm.js'
import { sectionOf } from '../prover/engine/coefficients.js'
import { zkeyBytes } from '../prover/engine/msm-host.js'
import { Bounds, CANONICAL, REDUCED, record, recording, ZERO } from './bounds.js'
import { type Host, host } from './host.js'
import { G1, G2, Q, randomness } from './reference.js'
import { addFields } from './towers.js'

/** Bytes that the record of one run may take. */
const RECORD_LENGTH = 44 * 2 ** 20

/** A program that records itself, and bounds of what it leaves. */
interface Tracked extends Host {
  readonly bounds: Bounds
  /** Calls functions, and follows their bounds. */
  readonly track: (...calls: readonly (readonly [name: string, ...args: number[]])[]) => void
}

function tracked(o: {
  arithmetic: ArithmeticName
  modulus: bigint
  write: (program: Program) => void
}): Tracked {
  const machine = host((program) => o.write(recording(program)))
  const start = machine.alloc(RECORD_LENGTH)
  const bounds = new Bounds()
  const { decode, split } = ARITHMETICS[o.arithmetic]
  const ratio = (element: Uint8Array): number => {
    const value = decode(element)
    return Number(((value < 0n ? -value : value) * 1_000_000n) / o.modulus + 1n) / 1e6
  }
  for (const { address, bytes } of machine.assembly.constants) {
    for (let at = 0; at + PAIR <= bytes.length; at += PAIR) {
      const pair = bytes.slice(at, at + PAIR)
      if (pair.every((byte) => byte === 0)) {
        bounds.assume({ address: address + at, count: 1, bound: ZERO, as: 'pairs' })
        bounds.assume({ address: address + at, count: 2, bound: ZERO, as: 'elements' })
      } else {
        const value = Math.max(...split(pair).map(ratio))
        bounds.assume({ address: address + at, count: 1, bound: { value, limbs: 1 }, as: 'pairs' })
      }
    }
  }
  return {
    ...machine,
    bounds,
    track(...calls) {
      for (const [name, ...args] of calls) {
        const entries = record(machine, start, () => machine.call[name]!(...args))
        assert.ok(4 * entries.length < RECORD_LENGTH)
        assert.ok(entries.length > 0, `${name} records nothing`)
        bounds.replay(entries)
      }
    },
  }
}

const hold = ({ bounds }: Tracked): void => assert.deepEqual([...bounds.violations], [])

describe('bn254: bounds, followed through the code', () => {
  it('sees a product of sums that are too large, and one of what was never written', () => {
    const machine = tracked({
      arithmetic: 'simd',
      modulus: Q,
      write(program) {
        addField(program, { name: 'fq', modulus: Q, arithmetic: 'simd' })
      },
    })
    const [a, b, c] = [machine.alloc(PAIR), machine.alloc(PAIR), machine.alloc(PAIR)]
    machine.bounds.assume({ address: a, count: 1, bound: CANONICAL, as: 'pairs' })
    machine.track(['fq_add', b, a, a], ['fq_mul', c, b, b])
    hold(machine)
    machine.track(['fq_add', b, b, a], ['fq_mul', c, b, a])
    assert.deepEqual([...machine.bounds.violations], ['mul of 3 and 1 tight ones: more than 2.6 p'])
    machine.bounds.violations.clear()
    machine.track(['fq_mul', c, b, b], ['fq_sqr', c, b], ['fq_reduce', c, machine.alloc(PAIR)])
    const found = [...machine.bounds.violations]
    for (const what of [/limbs$/, /a b = 9\.00/, /not tight/, /never written/]) {
      assert.ok(found.some((violation) => what.test(violation)))
    }
  })

  for (const arithmetic of ['simd', 'scalar'] as const satisfies readonly ArithmeticName[]) {
    describe(arithmetic, () => {
      for (const name of ['G1', 'G2'] as const) {
        it(`points of ${name}: sums, doubles, special cases, affine coordinates`, () => {
          let curve!: Curve
          const machine = tracked({
            arithmetic,
            modulus: Q,
            write(program) {
              const fq = addField(program, { name: 'fq', modulus: Q, arithmetic })
              const field = name === 'G1' ? fq : addExtension(program, { name: 'fq2', base: fq })
              curve = addCurve(program, { name: 'curve', field })
            },
          })
          const { bounds, track } = machine
          const parts = curve.field.pairLength / PAIR
          const [a, b, out] = [0, 1, 2].map(() => machine.alloc(curve.pairLength)) as [number, number, number]
          for (const address of [a, b]) {
            bounds.assume({ address, count: 4 * parts, bound: REDUCED, as: 'pairs' })
          }
          // Memory is 0: both are infinite, and every special case is met. Then different ones.
          track(['curve_add', out, a, b], ['curve_double', out, a])
          const random = randomness(9n)
          for (const at of [a, b]) {
            for (let i = 0; i < 4 * parts; i++) {
              const { encode, join } = ARITHMETICS[arithmetic]
              const [x, y] = [encode(random.below(Q)), encode(random.below(Q))]
              machine.bytes.set(join(x, y), at + i * PAIR)
            }
          }
          track(['curve_add', out, a, b], ['curve_add', out, a, a], ['curve_double', out, a])
          track(['curve_add', out, out, b], ['curve_toAffine', a, b, out])
          hold(machine)
          // What comes out may go in again.
          for (let i = 0; i < 4 * parts; i++) {
            assert.ok(bounds.pair(out + i * PAIR)!.value <= REDUCED.value)
          }
        })

        it(`multi-scalar multiplication in ${name}`, () => {
          const machine = tracked({
            arithmetic,
            modulus: Q,
            write(program) {
              const fq = addField(program, { name: 'fq', modulus: Q, arithmetic })
              addMsm(program, { fq, fq2: addExtension(program, { name: 'fq2', base: fq }) })
            },
          })
          const count = 300
          const lower = name.toLowerCase()
          const { zkeyPoint, base, result } = LAYOUT[name]
          const { add, neg, generator } = (name === 'G1' ? G1 : G2) as typeof G1
          const points = [generator]
          for (let i = 1; i < 100; i++) points.push(add(points[i - 1], generator)!)
          const source = machine.alloc(count * zkeyPoint)
          for (let i = 0; i < count; i++) {
            // Repeated and opposite ones among them.
            const point = points[i % 100]!
            machine.bytes.set(zkeyBytes(i > 250 ? neg(point)! : point), source + i * zkeyPoint)
          }
          const [bases, scalars] = [machine.alloc(count * base), machine.alloc(32 * count)]
          const random = randomness(5n)
          for (let i = 0; i < count; i++) {
            const scalar = i % 3 === 0 ? 1n : random.below(FIELD_MODULUS)
            writeUint256(machine.bytes, scalars + 32 * i, scalar)
          }
          const halves = machine.alloc(count * HALVES)
          machine.call['msm_split']!(halves, scalars, count)
          machine.track([`${lower}_loadBases`, bases, source, count])
          const plan = planMsm({ points: count, group: name, threads: 2, scratchLimit: 2 ** 22 })
          const [scratch, sums] = [machine.alloc(plan.scratchLength), machine.alloc(plan.sumsLength)]
          for (const { window, start, count: length, output } of plan.tasks) {
            machine.track([
              `${lower}_msmTask`,
              bases + start * base,
              halves + start * HALVES,
              0,
              length,
              plan.windows,
              window,
              scratch,
              sums + output * LAYOUT[name].sum,
            ])
          }
          machine.track([`${lower}_msmCombine`, sums, plan.chunks, plan.windows, machine.alloc(result)])
          hold(machine)
          assert.ok(machine.bounds.most.operations > 10_000)
        })
      }

      it('rows, transforms and their join, for domains of 2 to 2^11', () => {
        let fr!: ReturnType<typeof addField>
        const machine = tracked({
          arithmetic,
          modulus: FIELD_MODULUS,
          write(program) {
            fr = addField(program, { name: 'fr', modulus: FIELD_MODULUS, arithmetic })
            addFft(program, fr)
            addAbc(program, fr)
          },
        })
        const { bounds, track } = machine
        for (const logSize of [1, 2, 3, 6, 11]) {
          machine.reset()
          machine.alloc(RECORD_LENGTH)
          const shape = fftShape(logSize)
          const wires = 30
          const random = randomness(BigInt(logSize))
          const entries = Array.from({ length: Math.min(40 * 2 ** logSize, 4000) }, (_, i) => ({
            matrix: (i & 1) as 0 | 1,
            row: Number(random.below(BigInt(2 ** logSize))),
            wire: i % wires,
            coefficient: i % 3 === 0 ? FIELD_MODULUS - 1n : random.below(FIELD_MODULUS),
          }))
          const stream = streamRows({ section: sectionOf(entries), wires, logSize, bottom: shape.bottom })
          const count = stream.coefficients.length / 32
          const staged = machine.alloc(stream.coefficients.length)
          machine.bytes.set(stream.coefficients, staged)
          const coefficients = machine.alloc(ELEMENT * (count + 1))
          const integers = machine.alloc(32 * wires)
          const values = machine.alloc(ELEMENT * (wires + 1))
          for (const address of [coefficients + ELEMENT * count, values + ELEMENT * wires]) {
            bounds.assume({ address, count: 1, bound: ZERO, as: 'elements' })
          }
          const words = machine.alloc(4 * stream.words.length)
          new Uint32Array(machine.bytes.buffer, words, stream.words.length).set(stream.words)
          const pairs = 2 ** (logSize - 1)
          const [a, b, c] = [0, 1, 2].map(() => machine.alloc(PAIR * pairs)) as [number, number, number]
          const [forward, backward] = [
            machine.alloc(twiddleLength(logSize)),
            machine.alloc(twiddleLength(logSize)),
          ]
          const constants = machine.alloc(2 * PAIR)
          machine.bytes.set(joinConstants(fr, 2 ** logSize), constants)
          bounds.assume({ address: constants, count: 2, bound: CANONICAL, as: 'pairs' })

          if (logSize > 1) track(['fft_twiddles', forward, backward, logSize])
          track(['abc_coefficients', coefficients, staged, count], ['abc_values', values, integers, wires])
          track(['abc_rows', a, b, c, words, values, coefficients, pairs])
          const blocks = 2 ** shape.top
          for (const x of [a, b, c]) {
            if (shape.bottom > 0) {
              track(['fft_blocks_backward', x, backward, shape.top, shape.bottom, 0, blocks])
            }
            for (const [name, ...args] of columnCalls({
              x,
              forward,
              backward,
              shape,
              first: 0,
              count: 2 ** shape.bottom,
            })) {
              track([name, ...(args as number[])])
            }
            if (shape.bottom > 0) {
              track(['fft_blocks_forward', x, forward, shape.top, shape.bottom, 0, blocks])
            }
            for (let i = 0; i < pairs; i++) assert.ok(bounds.pair(x + i * PAIR)!.value <= 1.45)
          }
          track(['abc_join', integers, 0, a, b, c, constants, Math.min(pairs, 15)])
          hold(machine)
        }
      })

      it('pairings with kept lines and without, and sums of the verifier', () => {
        let pairing!: Pairing
        let g1!: Projective
        const machine = tracked({
          arithmetic,
          modulus: Q,
          write(program) {
            const towers = addFields(program, arithmetic)
            g1 = addProjective(program, { fq: towers.fq2.base })
            pairing = addPairing(program, { towers })
          },
        })
        const { bounds, track, alloc } = machine
        const view = new DataView(machine.bytes.buffer)
        const integers = [alloc(128), alloc(128)] as const
        const [slots, fixed] = [alloc(4 * pairing.slotLength), alloc(4 * pairing.fixedSlotLength)]
        const [a, b, c] = [0, 1, 2].map(() => alloc(g1.pairLength)) as [number, number, number]
        const [f, result] = [alloc(pairing.towers.fq12Length), alloc(pairing.towers.fq12Length)]
        const lines = [alloc(pairing.linesLength), alloc(pairing.linesLength)] as const
        const write = (values: readonly bigint[]) => {
          for (const at of integers) {
            for (const [i, x] of values.entries()) writeUint256(machine.bytes, at + 32 * i, x)
          }
        }
        const { x, y } = G2.generator
        write([...x, ...y])
        track(['pairing_setQ', slots, ...integers], ['pairing_setQ', slots + pairing.slotLength, ...integers])
        track(['pairing_lines', ...lines, slots])
        write([1n, 2n])
        track(['g1_load', a, ...integers], ['g1_load', b, ...integers])
        track(['pairing_setP', slots, a], ['pairing_setP', slots + pairing.slotLength, b])
        track(['pairing_setFixedP', fixed, a])
        for (const [i, at] of lines.entries()) view.setUint32(fixed + 4 * i, at, true)
        // setQ again, since lines may have used the slot.
        write([...x, ...y])
        track(['pairing_setQ', slots, ...integers])
        track(['pairing_miller', f, slots, 2, fixed, 1], ['pairing_finish', result, f])
        track(['pairing_miller', f, slots, 0, fixed, 1], ['pairing_finish', result, f])
        hold(machine)

        for (let i = 0; i < 4; i++) {
          track(['g1_add', c, a, b], ['g1_double', b, c], ['g1_add', a, c, b], ['g1_add', a, a, a])
          track(['g1_neg', b, a])
        }
        const tableLength = TABLE_POINTS * g1.pointLength
        const tables = alloc(2 * tableLength)
        track(['g1_table', tables, tables + tableLength, a])
        const places = alloc(2 * 8 * 8)
        for (let i = 0; i < 32; i++) {
          const entry = tables + (i % 2) * tableLength + ((i * 7) % TABLE_POINTS) * g1.pointLength
          view.setUint32(places + 4 * i, entry, true)
        }
        track(['g1_straus', b, places, 8, 2])
        const coefficient = alloc(16)
        view.setBigUint64(coefficient, 2n ** 64n - 1n, true)
        view.setBigUint64(coefficient + 8, 0x123456789abcdef0n, true)
        track(['g1_scale', a, a, coefficient])
        track(['fq12_mul', f, f, result], ['fq12_inv', f, f], ['fq12_sqr', f, f], ['fq12_ones', f])
        hold(machine)
        assert.ok(bounds.most.operations > 100_000)
      })
    })
  }
})
