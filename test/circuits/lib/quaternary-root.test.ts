import assert from 'node:assert/strict'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { Registry } from '../../../src/merkle/index.js'
import { bitsOf, openCircuit, randomElements } from '../../support/circuit.js'
import { childrenOf } from './children.js'
import { gadget } from './gadgets.js'

const HALF = (r + 1n) / 2n

describe('circuits/lib/quaternary-root', () => {
  const leaves = Array.from({ length: 16 }, (_, i) => BigInt(i * i + 1))
  const level = [0, 4, 8, 12].map((from) => poseidon(leaves.slice(from, from + 4)))
  const root = poseidon(level)
  const path = (position: number) => ({
    index: bitsOf(BigInt(position), 4),
    children: [leaves.slice(4 * (position >> 2), 4 * (position >> 2) + 4), level],
  })

  it('opens every leaf of a tree of depth 2 at its own place alone', async () => {
    const circuit = await gadget('QuaternaryRoot(2)')
    for (let position = 0; position < 16; position++) {
      const inputs = { leaf: leaves[position] as bigint, ...path(position) }
      const witness = await circuit.accept(inputs)
      assert.equal(circuit.value(witness, 'out'), root)
      assert.deepEqual(circuit.solve(inputs), { witnesses: [witness], free: [] })
      for (const flip of [1, 2, 4, 8])
        await circuit.refuse({ ...inputs, index: bitsOf(BigInt(position ^ flip), 4) })
      await circuit.refuse({ ...inputs, leaf: 999n })
    }
  })

  it('has the roots of Registry at depth 10, at both ends and in between, the empty leaf included', async () => {
    const circuit = await gadget('QuaternaryRoot(10)')
    const random = randomElements('registry')
    const registry = new Registry({ leaves: Array.from({ length: 21 }, random) })
    registry.revoke(9)
    const status = new Registry({ kind: 'status' })
    for (const index of [0, 77, 4 ** 10 - 1]) status.revoke(index)
    const proofs = [0, 9, 20].map((i) => registry.proof(i))
    proofs.push(...[0, 1, 77, 4 ** 9, 4 ** 10 - 1, 4 ** 10 - 2].map((i) => status.proof(i)))
    for (const proof of proofs) {
      const witness = await circuit.accept({ leaf: proof.leaf, ...childrenOf(proof) })
      assert.equal(circuit.value(witness, 'out'), proof.root)
    }
  })

  it('forged membership: a selector of 1/2 or 2 makes a mixture of children a member, and is refused (soundness 1)', async () => {
    const circuit = await gadget('QuaternaryRoot(2)')
    // The same gadget under a tag that nobody constrained, to show that the attack is one.
    const untagged = await openCircuit({
      source: `include "quaternary-root.circom";
        template Wrapper() {
          signal input leaf; signal input index[4]; signal input children[2][4];
          signal {binary} tagged[4];
          for (var i = 0; i < 4; i++) tagged[i] <== index[i];
          signal output out <== QuaternaryRoot(2)(leaf, tagged, children);
        }
        component main {public [leaf, index, children]} = Wrapper();`,
    })
    const { children } = path(4)
    const [a, b, c] = children[0] as bigint[] as [bigint, bigint, bigint, bigint]
    const attacks: [bigint, bigint[]][] = [
      [((a + b) * HALF) % r, [HALF, 0n, 1n, 0n]],
      [2n * b - a, [2n, 0n, 1n, 0n]],
      [2n * c - a, [0n, 2n, 1n, 0n]],
      [((a + c) * HALF) % r, [0n, HALF, 1n, 0n]],
    ]
    for (const [leaf, index] of attacks) {
      assert.ok(!leaves.includes(leaf), 'the forged leaf is no leaf')
      const inputs = { leaf, index, children }
      assert.equal(untagged.value(await untagged.accept(inputs), 'out'), root)
      await circuit.refuse(inputs)
    }
  })

  it('mutation: no wire of an opening can be changed', async () => {
    const circuit = await gadget('QuaternaryRoot(10)')
    const registry = new Registry({ leaves: [5n, 6n, 7n] })
    const witness = await circuit.accept({ leaf: 6n, ...childrenOf(registry.proof(1)) })
    assert.deepEqual(circuit.mutateAll(witness), [])
  })
})
