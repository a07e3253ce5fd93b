import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { SetTree } from '../../../src/merkle/index.js'
import { randomElements } from '../../support/circuit.js'
import { childrenOf } from './children.js'
import { gadget } from './gadgets.js'

const WIDTH = 1n << 252n
type Opening = ReturnType<SetTree['proof']>

const inputsOf = (o: { value: bigint; set: SetTree; at?: bigint; held?: bigint }) => {
  const proof: Opening = o.set.proof(o.at ?? o.value)
  // Whether `low` is a member is a fact of the leaf, not of the value.
  const lowIsMember = o.set.proof(proof.low).member ? 1n : 0n
  const high = proof.high === r ? 0n : proof.high
  const rest = { root: o.set.root, low: proof.low, high, lowIsMember, ...childrenOf(proof) }
  return { value: o.value, held: o.held ?? 1n, ...rest }
}

describe('circuits/lib/interval', () => {
  const random = randomElements('interval')
  const members = [5n, 6n, 9n, WIDTH, 2n * WIDTH - 1n, r - 1n, random(), random()]
  const set = new SetTree(members)
  const empty = new SetTree([])
  const all = new SetTree([0n, 1n, r - 1n, r - 2n, 3n * WIDTH])

  const answers = async (inputs: ReturnType<typeof inputsOf>): Promise<[bigint, bigint]> => {
    const circuit = await gadget('Interval(10)')
    const witness = await circuit.accept(inputs)
    return [circuit.value(witness, 'isMember'), circuit.value(witness, 'isNoMember')]
  }

  it('answers over the whole field: 0, r - 1, sentinels, members and their neighbours, random values', async () => {
    const edges = [0n, 1n, WIDTH, 2n * WIDTH, 3n * WIDTH, r - 1n, r - 2n, r / 2n, ...members]
    const values = new Set(
      edges.flatMap((value) => [value - 1n, value, value + 1n]).filter((v) => v >= 0n && v < r),
    )
    for (let i = 0; i < 10; i++) values.add(random())
    for (const [tree, list] of [
      [set, members],
      [empty, []],
      [all, [0n, 1n, r - 1n, r - 2n, 3n * WIDTH]],
    ] as const) {
      for (const value of values) {
        const member = (list as readonly bigint[]).includes(value)
        assert.deepEqual(await answers(inputsOf({ value, set: tree })), member ? [1n, 0n] : [0n, 1n])
      }
    }
  })

  it('a sentinel is no member, and its flag cannot be forged (soundness 11)', async () => {
    for (const value of [0n, WIDTH, 2n * WIDTH, 3n * WIDTH]) {
      const inputs = inputsOf({ value, set: empty })
      assert.deepEqual(await answers(inputs), [0n, 1n])
      const circuit = await gadget('Interval(10)')
      assert.equal(circuit.solve({ ...inputs, lowIsMember: 1n }).witnesses.length, 0)
      // Not even on a path that fits, to a root of its own.
      for (const lowIsMember of [2n, r - 1n]) {
        const leaf = poseidon([DOMAIN.interval, inputs.low, inputs.high, lowIsMember])
        const path = childrenOf({ ...empty.proof(value), leaf })
        await circuit.refuse({ ...inputs, ...path, lowIsMember })
      }
    }
  })

  it('what is not held is neither in nor not in (soundness 26, 28)', async () => {
    for (const value of [5n, 7n, 0n, r - 1n]) {
      assert.deepEqual(await answers(inputsOf({ value, set, held: 0n })), [0n, 0n])
    }
    assert.deepEqual(await answers(inputsOf({ value: 0n, at: r - 1n, set, held: 0n })), [0n, 0n])
  })

  it('bogus path: an opening of another root makes neither answer true (soundness 28)', async () => {
    const circuit = await gadget('Interval(10)')
    for (const value of [5n, 7n]) {
      const inputs = { ...inputsOf({ value, set }), root: empty.root }
      assert.deepEqual(await answers(inputs), [0n, 0n])
      for (const claim of [{ isMember: 1n }, { isNoMember: 1n }]) {
        assert.equal(circuit.solve(inputs, claim).witnesses.length, 0)
      }
      const children = inputs.children.with(9, [1n, 2n, 3n, 4n])
      assert.equal(circuit.solve({ ...inputs, root: set.root, children }).witnesses.length, 0)
    }
    // A consistent path of an invented leaf, under the right root's number.
    const invented = new SetTree([7n])
    assert.deepEqual(await answers({ ...inputsOf({ value: 7n, set: invented }), root: set.root }), [0n, 0n])
  })

  it('fake non-membership: no other interval of the set opens for a member (soundness 3, 4)', async () => {
    const circuit = await gadget('Interval(10)')
    for (const value of [9n, r - 1n]) {
      for (const at of [0n, 6n, 9n, WIDTH, 3n * WIDTH, r - 1n]) {
        if (set.proof(at).low === value) continue
        const { witnesses } = circuit.solve(inputsOf({ value, set, at }))
        assert.equal(witnesses.length, 0, 'an interval opens for a value outside')
      }
    }
  })

  it('a value outside of the interval, as close as one below and as one at its end, has no witness', async () => {
    const circuit = await gadget('Interval(10)')
    const opening = inputsOf({ value: 7n, set })
    assert.deepEqual([opening.low, opening.high], [6n, 9n])
    for (const value of [5n, 9n, r - 1n]) await circuit.refuse({ ...opening, value })
    const last = inputsOf({ value: r - 1n, set: empty })
    for (const value of [0n, 3n * WIDTH - 1n]) await circuit.refuse({ ...last, value })
  })

  it('mutation: each wire of an opening is pinned but the inverses of 0', async () => {
    const circuit = await gadget('Interval(10)')
    for (const value of [5n, 7n, r - 1n]) {
      const witness = await circuit.accept(inputsOf({ value, set }))
      for (const { name } of circuit.mutateAll(witness)) assert.match(name, /inverse$/)
    }
  })
})
