import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

interface Inputs {
  readonly operation: number
  readonly useNow: bigint
  readonly useNext: bigint
  readonly constant: bigint
  readonly now: bigint
  readonly value: bigint
  readonly held: bigint
  readonly next: bigint
  readonly nextHeld: bigint
  readonly inSet: bigint
  readonly notInSet: bigint
}

const NOW = 1_763_700_000n
const mod = (value: bigint): bigint => ((value % r) + r) % r
const signal = (o: Inputs) => ({ ...o, operation: bitsOf(BigInt(o.operation), 3) })
const plain: Inputs = {
  operation: 1,
  useNow: 0n,
  useNext: 0n,
  constant: 0n,
  now: NOW,
  value: 0n,
  held: 1n,
  next: 0n,
  nextHeld: 0n,
  inSet: 0n,
  notInSet: 0n,
}

/** The meaning of a clause, over the integers; undefined where an order has no answer. */
function meaning(o: Inputs): bigint | undefined {
  const right = mod(o.constant + o.useNow * o.now + o.useNext * o.next)
  if (o.held === 0n || (o.useNext === 1n && o.nextHeld === 0n)) return 0n
  let difference = mod(o.value - right)
  if (difference > r / 2n) difference -= r
  if ((o.operation === 4 || o.operation === 5) && (difference < -(1n << 65n) || difference >= 1n << 65n))
    return undefined
  const bit = (truth: boolean): bigint => (truth ? 1n : 0n)
  const equal = difference === 0n
  const answers = [
    0n,
    1n,
    bit(equal),
    bit(!equal),
    bit(difference < 0n),
    bit(difference >= 0n),
    o.inSet,
    o.notInSet,
  ]
  return answers[o.operation]
}

describe('circuits/lib/clause', () => {
  const check = async (o: Inputs): Promise<void> => {
    const circuit = await gadget('Clause')
    const expected = meaning(o)
    if (expected === undefined) await circuit.refuse(signal(o))
    else assert.equal(circuit.value(await circuit.accept(signal(o)), 'satisfied'), expected)
  }

  it('all eight operations, under all flags, below, at and above the right operand', async () => {
    for (let operation = 0; operation < 8; operation++) {
      for (let flags = 0n; flags < 64n; flags++) {
        const [useNow, useNext, held, nextHeld, inSet, notInSet] = bitsOf(flags, 6) as [
          bigint,
          bigint,
          bigint,
          bigint,
          bigint,
          bigint,
        ]
        const o = {
          operation,
          useNow,
          useNext,
          constant: 40n,
          now: NOW,
          held,
          next: 7n,
          nextHeld,
          inSet,
          notInSet,
        }
        const right = 40n + useNow * NOW + useNext * 7n
        for (const value of [right - 1n, right, right + 1n]) await check({ ...o, value })
      }
    }
  })

  it('operation 0 is never satisfied, and no witness says otherwise (soundness 15)', async () => {
    const circuit = await gadget('Clause')
    const inputs = signal({ ...plain, operation: 0, inSet: 1n, notInSet: 1n })
    assert.equal(circuit.solve(inputs, { satisfied: 1n }).witnesses.length, 0)
    for (const bit of [2n, (r + 1n) / 2n, r - 1n]) {
      for (const i of [0, 1, 2]) await circuit.refuse({ ...inputs, operation: inputs.operation.with(i, bit) })
    }
  })

  it('an SBT that is not held satisfies nothing, not even a negative predicate (soundness 28, 29)', async () => {
    const circuit = await gadget('Clause')
    for (let operation = 0; operation < 8; operation++) {
      for (const o of [{ held: 0n }, { useNext: 1n, nextHeld: 0n }]) {
        const inputs = signal({ ...plain, ...o, operation, constant: 1n, inSet: 1n, notInSet: 1n })
        assert.equal(circuit.solve(inputs, { satisfied: 1n }).witnesses.length, 0)
        assert.equal(circuit.value(await circuit.accept(inputs), 'satisfied'), 0n)
      }
    }
  })

  it('orders at the edges: 64-bit values, now far from the constant, and differences of 2^65 (soundness 4)', async () => {
    const top = (1n << 64n) - 1n
    for (const operation of [4, 5]) {
      for (const value of [0n, 1n, top, 1n << 63n]) {
        for (const constant of [0n, 1n, top, mod(-1n), mod(-top), 1n << 63n]) {
          await check({ ...plain, operation, value, constant })
          await check({ ...plain, operation, value, constant, useNow: 1n, now: top })
          await check({ ...plain, operation, value, constant: 0n, useNext: 1n, next: constant, nextHeld: 1n })
        }
      }
      for (const value of [
        1n << 65n,
        (1n << 65n) - 1n,
        mod(-(1n << 65n)),
        mod(-(1n << 65n) - 1n),
        (r - 1n) / 2n,
        1n << 253n,
      ]) {
        await check({ ...plain, operation, value })
      }
    }
  })

  it('a claim of r - 1 is below every date and age, as the integer -1: not above (soundness 4)', async () => {
    const circuit = await gadget('Clause')
    const at = async (operation: number) =>
      circuit.value(await circuit.accept(signal({ ...plain, operation, value: r - 1n })), 'satisfied')
    assert.equal(await at(4), 1n)
    assert.equal(await at(5), 0n)
  })

  it('values out of reach do not matter to operations that do not order, nor if nothing is held', async () => {
    for (const value of [r - 1n, 1n << 200n]) {
      for (const operation of [0, 1, 2, 3, 6, 7]) await check({ ...plain, operation, value, inSet: 1n })
      for (const operation of [4, 5]) await check({ ...plain, operation, value, held: 0n })
    }
  })

  it('a witness is determined but for an inverse of 0, and each wire pinned', async () => {
    const circuit = await gadget('Clause')
    const random = randomElements('clause')
    for (let operation = 0; operation < 8; operation++) {
      const o = { ...plain, operation, value: random() >> 190n, constant: random() >> 190n, inSet: 1n }
      const witness = await circuit.accept(signal(o))
      assert.deepEqual(circuit.solve(signal(o)), { witnesses: [witness], free: [] })
      circuit.expectUnsatisfied(witness, { satisfied: 1n - circuit.value(witness, 'satisfied') })
    }
    const equal = signal({ ...plain, operation: 2, value: 5n, constant: 5n })
    const { witnesses, free } = circuit.solve(equal)
    assert.deepEqual([witnesses.length, free.length], [1, 1])
  })
})
