import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { LEDGER_CATEGORIES, ledgerLeafHash, ledgerRoot } from '../../../src/merkle/ledger.js'
import { openCircuit, randomElements } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

describe('circuits/lib/ledger-hash', () => {
  const random = randomElements('ledger-hash')

  it('leaves and roots hash as in TypeScript, and every input changes them', async () => {
    const leaf = await gadget('LedgerLeaf')
    const root = await gadget('LedgerRoot')
    for (const value of [0n, 1n, (1n << 64n) - 1n, random() >> 10n]) {
      const numbers = Array.from({ length: LEDGER_CATEGORIES }, (_, i) => value / BigInt(i + 1))
      const [counts, sums] = [numbers, numbers.toReversed()]
      const inputs = { handle: value, next: value + 1n, counts, sums, head: value + 2n }
      const witness = await leaf.accept(inputs)
      const tallies = counts.map((count, i) => ({ count, sum: sums[i] as bigint }))
      const out = leaf.value(witness, 'out')
      assert.equal(out, ledgerLeafHash({ handle: value, next: value + 1n, tallies, head: value + 2n }))
      assert.deepEqual(leaf.mutateAll(witness), [])
      // Counts and sums alternate: none is taken for another.
      if (value > 3n) {
        const swapped = await leaf.accept({ ...inputs, counts: sums, sums: counts })
        assert.notEqual(leaf.value(swapped, 'out'), out)
      }
    }
    const state = {
      ledgerId: random(),
      categories: random(),
      treeRoot: random(),
      size: 77,
      queueLength: (1n << 64n) - 1n,
      queueHead: r - 1n,
    }
    const witness = await root.accept({ ...state, size: 77n })
    assert.equal(root.value(witness, 'out'), ledgerRoot(state))
    assert.deepEqual(root.mutateAll(witness), [])
  })

  it('the numbers of the circuit are those of TypeScript', async () => {
    const circuit = await openCircuit({
      source: `include "ledger-hash.circom";
        template Wrapper() {
          signal output out[2];
          out[0] <== LEDGER_CATEGORIES();
          out[1] <== HANDLE_BOUND();
        }
        component main = Wrapper();`,
    })
    const witness = await circuit.accept({})
    assert.deepEqual(circuit.publicSignals(witness), [BigInt(LEDGER_CATEGORIES), 1n << 248n])
  })
})
