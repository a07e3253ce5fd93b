import assert from 'node:assert/strict'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { Group } from '../../../src/merkle/index.js'
import { bitsOf, openCircuit } from '../../support/circuit.js'
import { invert } from './curve.js'
import { gadget } from './gadgets.js'

const pad = (values: readonly bigint[]): bigint[] => [0n, 1n, 2n, 3n].map((_, i) => values[i] ?? 0n)
const HALF = (r + 1n) / 2n

describe('circuits/lib/lean-root', () => {
  const inputsOf = (members: readonly bigint[], member: number) => {
    const proof = new Group(members).proof(member)
    const depth = proof.siblings.length
    return {
      root: proof.root,
      inputs: {
        leaf: proof.leaf,
        index: pad(bitsOf(BigInt(proof.index), depth)),
        used: pad(Array.from({ length: depth }, () => 1n)),
        siblings: pad(proof.siblings.map(([sibling]) => sibling as bigint)),
      },
    }
  }
  const members = Array.from({ length: 16 }, (_, i) => 1000n + BigInt(i))

  it('has the roots of LeanIMT for each member of groups of 1 to 16', async () => {
    const circuit = await gadget('LeanRoot(4)')
    for (let size = 1; size <= 16; size++) {
      for (let i = 0; i < size; i++) {
        const { root, inputs } = inputsOf(members.slice(0, size), i)
        assert.equal(circuit.value(await circuit.accept(inputs), 'out'), root)
      }
    }
  })

  it('a path without levels is the leaf itself, and whatever stands in unused levels does not matter', async () => {
    const circuit = await gadget('LeanRoot(4)')
    const { root, inputs } = inputsOf(members.slice(0, 3), 0)
    const filled = { ...inputs, siblings: inputs.siblings.with(3, 77n), index: inputs.index.with(3, 1n) }
    assert.equal(circuit.value(await circuit.accept(filled), 'out'), root)
    const none = { leaf: 5n, index: pad([1n, 1n]), used: pad([]), siblings: pad([9n, 9n]) }
    assert.equal(circuit.value(await circuit.accept(none), 'out'), 5n)
  })

  it('depth > MAX: levels cannot be skipped, and a used level of 2 does not count as two (soundness 2)', async () => {
    const circuit = await gadget('LeanRoot(4)')
    const { inputs } = inputsOf(members, 5)
    for (let mask = 0n; mask < 16n; mask++) {
      const used = bitsOf(mask, 4)
      if ([0n, 1n, 3n, 7n, 15n].includes(mask)) await circuit.accept({ ...inputs, used })
      else await circuit.refuse({ ...inputs, used })
    }
    for (const value of [2n, HALF, r - 1n]) {
      for (let i = 0; i < 4; i++) await circuit.refuse({ ...inputs, used: inputs.used.with(i, value) })
    }
  })

  it('forged membership: a selector of 1/2 or 2 makes non-members members, and is refused (soundness 1)', async () => {
    const circuit = await gadget('LeanRoot(4)')
    const untagged = await openCircuit({
      source: `include "lean-root.circom";
        template Wrapper() {
          signal input leaf; signal input index[4]; signal input used[4]; signal input siblings[4];
          signal {binary} i[4]; signal {binary} u[4];
          for (var k = 0; k < 4; k++) { i[k] <== index[k]; u[k] <== used[k]; }
          signal output out <== LeanRoot(4)(leaf, i, u, siblings);
        }
        component main {public [leaf, index, used, siblings]} = Wrapper();`,
    })
    const [left, right] = [members[0] as bigint, members[1] as bigint]
    const root = poseidon([left, right])
    // Any node with node + sibling = left + right passes, under the selector that mixes the two to left.
    const cases = [2n, r - 1n].map((selector) => {
      // left = node + selector (left + right - 2 node), solved for the node
      const sum = (left + right) % r
      const node = ((left - ((selector * sum) % r) + r) * invert(1n - 2n * selector)) % r
      return { leaf: node, siblings: pad([(sum - node + r) % r]), index: pad([selector]), used: pad([1n]) }
    })
    for (const inputs of cases) {
      assert.ok(inputs.leaf !== left && inputs.leaf !== right, 'the forged leaf is no member')
      assert.equal(untagged.value(await untagged.accept(inputs), 'out'), root)
      await circuit.refuse(inputs)
    }
    // 1/2 gives the mean of both, so that any leaf is a member of a tree of two equal ones.
    const twin = poseidon([7n, 7n])
    const half = { leaf: 3n, siblings: pad([11n]), index: pad([HALF]), used: pad([1n]) }
    assert.equal(untagged.value(await untagged.accept(half), 'out'), twin)
    await circuit.refuse(half)
  })

  it('mutation: what the path uses is pinned, the rest is free', async () => {
    const circuit = await gadget('LeanRoot(4)')
    const full = inputsOf(members, 6)
    const witness = await circuit.accept(full.inputs)
    assert.deepEqual(circuit.mutateAll(witness), [])
    assert.deepEqual(circuit.solve(full.inputs), { witnesses: [witness], free: [] })
  })
})
