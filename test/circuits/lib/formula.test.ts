import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

interface Program {
  readonly satisfied: readonly number[]
  readonly parents: readonly number[]
  readonly weights: readonly number[]
  readonly thresholds: readonly number[]
}

function meaning({ satisfied, parents, weights, thresholds }: Program): bigint {
  const sums = thresholds.map(() => 0)
  const values: boolean[] = satisfied.map((value) => value === 1)
  for (let n = 0; n < satisfied.length + thresholds.length; n++) {
    const gate = n - satisfied.length
    if (gate >= 0) values[n] = (sums[gate] as number) > (thresholds[gate] as number)
    const parent = parents[n]
    if (parent !== undefined && parent > gate && parent < sums.length && values[n]) {
      sums[parent] = (sums[parent] as number) + (weights[n] as number)
    }
  }
  return values.at(-1) ? 1n : 0n
}

const inputsOf = (o: Program, parentBits: number) => ({
  satisfied: o.satisfied.map(BigInt),
  parents: o.parents.map((parent) => bitsOf(BigInt(parent), parentBits)),
  weights: o.weights.map(BigInt),
  thresholds: o.thresholds.map(BigInt),
})

describe('circuits/lib/formula', () => {
  it('OneHot: the unit vector of every position', async () => {
    for (const [name, width] of [
      ['OneHot(1)', 1],
      ['OneHot(2)', 2],
      ['OneHot(3)', 3],
    ] as const) {
      const circuit = await gadget(name)
      for (let position = 0; position < 1 << width; position++) {
        const inputs = { in: bitsOf(BigInt(position), width) }
        const witness = await circuit.accept(inputs)
        const unit = Array.from({ length: 1 << width }, (_, i) => (i === position ? 1n : 0n))
        assert.deepEqual(circuit.values(witness, 'out'), unit)
        assert.deepEqual(circuit.solve(inputs), { witnesses: [witness], free: [] })
        await circuit.refuse({ in: inputs.in.with(0, 2n) })
      }
    }
  })

  it('two clauses, two gates: every program and every answer of the clauses', async () => {
    const circuit = await gadget('Formula(2, 2)')
    for (let bits = 0n; bits < 256n; bits++) {
      const [a, b, p0, p1, p2, w0, w1, w2] = bitsOf(bits, 8).map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ]
      for (const thresholds of [
        [0, 0],
        [1, 0],
        [0, 1],
        [1, 1],
        [7, 0],
        [0, 7],
        [0, 2],
      ]) {
        const program = { satisfied: [a, b], parents: [p0, p1, p2], weights: [w0, w1, w2], thresholds }
        const witness = await circuit.accept(inputsOf(program, 1))
        assert.equal(circuit.value(witness, 'out'), meaning(program), JSON.stringify(program))
      }
    }
  })

  it('the size of policy-m: 600 random programs, weights and thresholds at their ends among them', async () => {
    const circuit = await gadget('Formula(12, 6)')
    const random = randomElements('formula')
    const pick = <T>(list: readonly T[]): T => list[Number(random() % BigInt(list.length))] as T
    let holding = 0
    for (let i = 0; i < 600; i++) {
      const program = {
        satisfied: Array.from({ length: 12 }, () => pick([0, 1, 1])),
        parents: Array.from({ length: 17 }, (_, n) =>
          pick(i % 2 === 0 ? [0, 1, 2, 3, 4, 5, 6, 7] : [5, Math.max(0, n - 11)]),
        ),
        weights: Array.from({ length: 17 }, () => pick([0, 1, 1, 2, 64, 127])),
        thresholds: Array.from({ length: 6 }, () => pick([0, 0, 1, 2, 127, 300])),
      }
      const out = meaning(program)
      if (out === 1n) holding++
      assert.equal(circuit.value(await circuit.accept(inputsOf(program, 3)), 'out'), out)
    }
    assert.ok(holding > 100 && holding < 500, `${holding} hold`)
  })

  const full: Program = {
    satisfied: Array.from({ length: 12 }, () => 1),
    parents: Array.from({ length: 17 }, () => 5),
    weights: Array.from({ length: 17 }, () => 127),
    thresholds: [0, 0, 0, 0, 0, 0],
  }
  const outOf = async (program: Program): Promise<bigint> => {
    const circuit = await gadget('Formula(12, 6)')
    return circuit.value(await circuit.accept(inputsOf(program, 3)), 'out')
  }

  it('no overflow: the greatest sum of weights against thresholds around it, and the greatest threshold', async () => {
    // Gates without a child count nothing: 12 clauses of 127.
    for (const [threshold, out] of [
      [12 * 127 - 1, 1n],
      [12 * 127, 0n],
      [4095, 0n],
      [0, 1n],
    ] as const) {
      assert.equal(await outOf({ ...full, thresholds: [0, 0, 0, 0, 0, threshold] }), out)
    }
    // Every gate has a child, so that all 17 nodes count: 5 clauses hold the gates up, 7 and 5 gates count for the root.
    const spread = { ...full, parents: full.parents.map((_, n) => Math.min(n, 5)) }
    assert.equal(await outOf({ ...spread, thresholds: [0, 0, 0, 0, 0, 12 * 127 - 1] }), 1n)
    assert.equal(await outOf({ ...spread, thresholds: [0, 0, 0, 0, 0, 12 * 127] }), 0n)
  })

  it('a gate without children is never satisfied, the root included (soundness 15)', async () => {
    const circuit = await gadget('Formula(12, 6)')
    const nowhere = { ...full, parents: full.parents.map(() => 7) }
    assert.equal(await outOf(nowhere), 0n)
    assert.equal(circuit.solve(inputsOf(nowhere, 3), { out: 1n }).witnesses.length, 0)
    assert.equal(await outOf({ ...full, weights: full.weights.map(() => 0) }), 0n)
    assert.equal(await outOf({ ...full, satisfied: full.satisfied.map(() => 0) }), 0n)
  })

  it('a parent that is an earlier gate, the gate itself or none leads nowhere', async () => {
    const none = full.satisfied.map(() => 0)
    for (const parent of [0, 1, 2, 3, 4, 5, 6, 7]) {
      // Clause 0 satisfies gate 3; gate 3 (node 15) points to `parent`; gates 4 and 5 follow.
      const parents = full.parents.map((_, n) => (n === 0 ? 3 : n === 15 ? parent : n === 16 ? 5 : 7))
      const out = await outOf({ ...full, satisfied: none.with(0, 1), parents })
      assert.equal(out, parent === 4 || parent === 5 ? 1n : 0n)
    }
  })

  it('refuses selectors that are no bits, and weights and thresholds that do not fit', async () => {
    const circuit = await gadget('Formula(12, 6)')
    const inputs = inputsOf(full, 3)
    await circuit.refuse({ ...inputs, satisfied: inputs.satisfied.with(0, 2n) })
    await circuit.refuse({ ...inputs, parents: inputs.parents.with(0, [(r + 1n) / 2n, 0n, 0n]) })
    await circuit.refuse({ ...inputs, weights: inputs.weights.with(3, 128n) })
    await circuit.refuse({ ...inputs, thresholds: inputs.thresholds.with(0, r - 1n) })
  })

  it('forged: each wire is pinned, but the parents of gates that do not hold', async () => {
    const circuit = await gadget('Formula(12, 6)')
    const witness = await circuit.accept(inputsOf(full, 3))
    assert.deepEqual(circuit.solve(inputsOf(full, 3)), { witnesses: [witness], free: [] })
    circuit.expectUnsatisfied(witness, { out: 0n })
    for (const { name } of circuit.mutateAll(witness)) assert.match(name, /^parents\[1[2-6]\]/)
  })
})
