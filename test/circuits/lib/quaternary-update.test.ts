import assert from 'node:assert/strict'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { Registry } from '../../../src/merkle/index.js'
import { bitsOf, openCircuit } from '../../support/circuit.js'
import { childrenOf } from './children.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/quaternary-update', () => {
  const leaves = Array.from({ length: 16 }, (_, i) => BigInt(i * i + 1))
  const rootOf = (list: readonly bigint[]): bigint =>
    poseidon([0, 4, 8, 12].map((from) => poseidon(list.slice(from, from + 4))))
  const path = (position: number) => ({
    index: bitsOf(BigInt(position), 4),
    children: [
      leaves.slice(4 * (position >> 2), 4 * (position >> 2) + 4),
      [0, 4, 8, 12].map((from) => poseidon(leaves.slice(from, from + 4))),
    ],
  })

  it('replaces each leaf of a tree of depth 2 at its own place alone', async () => {
    const circuit = await gadget('QuaternaryUpdate(2)')
    for (let position = 0; position < 16; position++) {
      const after = position === 3 ? 0n : r - 1n - BigInt(position)
      const inputs = { before: leaves[position] as bigint, after, ...path(position) }
      const witness = await circuit.accept(inputs)
      assert.equal(circuit.value(witness, 'rootBefore'), rootOf(leaves))
      assert.equal(circuit.value(witness, 'rootAfter'), rootOf(leaves.with(position, after)))
      assert.deepEqual(circuit.solve(inputs), { witnesses: [witness], free: [] })
      for (const flip of [1, 2, 4, 8])
        await circuit.refuse({ ...inputs, index: bitsOf(BigInt(position ^ flip), 4) })
      await circuit.refuse({ ...inputs, before: 999n })
    }
  })

  it('touches another leaf: no wire of the new path can be changed, and a row cannot be exchanged', async () => {
    const circuit = await gadget('QuaternaryUpdate(2)')
    const inputs = { before: leaves[6] as bigint, after: 77n, ...path(6) }
    const witness = await circuit.accept(inputs)
    assert.deepEqual(circuit.mutateAll(witness), [])
    // A sibling that is changed on the way changes the root before, too.
    for (const place of [0, 1, 3]) {
      const children = inputs.children.map((row, level) =>
        level === 0 ? row.with(place, (row[place] as bigint) + 1n) : row,
      )
      await circuit.refuse({ ...inputs, children })
    }
    assert.equal(circuit.solve(inputs, { rootAfter: rootOf(leaves.with(7, 77n)) }).witnesses.length, 0)
  })

  it('a selector of 1/2 or 2 writes a mixture, and is refused (soundness 1)', async () => {
    const circuit = await gadget('QuaternaryUpdate(2)')
    const untagged = await openCircuit({
      source: `include "quaternary-update.circom";
        template Wrapper() {
          signal input before; signal input after; signal input index[4]; signal input children[2][4];
          signal {binary} tagged[4];
          for (var i = 0; i < 4; i++) tagged[i] <== index[i];
          signal output rootBefore; signal output rootAfter;
          (rootBefore, rootAfter) <== QuaternaryUpdate(2)(before, after, tagged, children);
        }
        component main {public [before, after, index, children]} = Wrapper();`,
    })
    const { children } = path(4)
    const [a, b] = children[0] as [bigint, bigint]
    const half = (r + 1n) / 2n
    for (const [before, index] of [
      [((a + b) * half) % r, [half, 0n, 1n, 0n]],
      [2n * b - a, [2n, 0n, 1n, 0n]],
    ] as const) {
      const inputs = { before, after: 5n, index, children }
      assert.equal(untagged.value(await untagged.accept(inputs), 'rootBefore'), rootOf(leaves))
      await circuit.refuse(inputs)
    }
  })

  it('has the roots of a registry at depth 10', async () => {
    const circuit = await gadget('QuaternaryUpdate(10)')
    const registry = new Registry({ leaves: [5n, 6n, 7n] })
    for (const position of [0, 2]) {
      const proof = registry.proof(position)
      const witness = await circuit.accept({ before: proof.leaf, after: 0n, ...childrenOf(proof) })
      assert.equal(circuit.value(witness, 'rootBefore'), proof.root)
      registry.revoke(position)
      assert.equal(circuit.value(witness, 'rootAfter'), registry.root)
    }
  })
})
