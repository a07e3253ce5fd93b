import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, survivorNames } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

// Everything here is computed from the decision's text, not by the code that makes inputs.

const HANDLE = (1n << 247n) + 3n
const BIAS = 1n << 64n

interface One {
  readonly category: number
  readonly amount: bigint
  readonly at: bigint
}

const contentOf = ({ amount, at }: One): bigint => amount + BIAS + (at << 65n) + (9n << 105n)
const headOf = (list: readonly One[]): bigint =>
  list.reduce(
    (head, one) => poseidon([head, HANDLE + (1n << 248n) * BigInt(one.category), contentOf(one)]),
    DOMAIN.ledgerHistory,
  )

const inputsOf = (list: readonly One[], query: { mask?: bigint; since?: bigint; least?: bigint } = {}) => ({
  handle: HANDLE,
  mask: bitsOf(query.mask ?? 15n, 4),
  since: query.since ?? 0n,
  least: (query.least ?? -BIAS) + BIAS,
  used: [0, 1, 2].map((i) => (i < list.length ? 1n : 0n)),
  category: [0, 1, 2].map((i) => bitsOf(BigInt(list[i]?.category ?? 0), 2)),
  content: [0, 1, 2].map((i) => (list[i] ? contentOf(list[i] as One) : 0n)),
})

describe('circuits/lib/ledger-entries', () => {
  const list: One[] = [
    { category: 0, amount: 5n, at: 100n },
    { category: 3, amount: -5n, at: 200n },
    { category: 0, amount: 0n, at: (1n << 40n) - 1n },
  ]
  const matches = async (inputs: ReturnType<typeof inputsOf>): Promise<bigint> => {
    const circuit = await gadget('LedgerEntries(3)')
    return circuit.value(await circuit.accept(inputs), 'matches')
  }

  it('leads to the head of the entries that are used, for each number of them', async () => {
    const circuit = await gadget('LedgerEntries(3)')
    for (const count of [0, 1, 2, 3]) {
      const inputs = inputsOf(list.slice(0, count))
      const witness = await circuit.accept(inputs)
      assert.equal(circuit.value(witness, 'head'), headOf(list.slice(0, count)))
      assert.equal(circuit.value(witness, 'matches'), BigInt(count))
    }
  })

  it('counts by category, time and amount, at every border', async () => {
    for (const [query, expected] of [
      [{}, 3n],
      [{ mask: 1n }, 2n],
      [{ mask: 8n }, 1n],
      [{ mask: 6n }, 0n],
      [{ mask: 0n }, 0n],
      [{ since: 100n }, 3n],
      [{ since: 101n }, 2n],
      [{ since: 201n }, 1n],
      [{ since: (1n << 40n) - 1n }, 1n],
      [{ least: -5n }, 3n],
      [{ least: -4n }, 2n],
      [{ least: 0n }, 2n],
      [{ least: 1n }, 1n],
      [{ least: 6n }, 0n],
      [{ least: BIAS - 1n }, 0n],
      [{ mask: 1n, since: 101n, least: 0n }, 1n],
      [{ mask: 1n, since: 101n, least: 1n }, 0n],
    ] as const) {
      assert.equal(
        await matches(inputsOf(list, query)),
        expected,
        JSON.stringify(query, (_, v) => String(v)),
      )
    }
  })

  it('an unused entry counts for nothing and changes no head, whatever is in it', async () => {
    const inputs = inputsOf(list)
    const circuit = await gadget('LedgerEntries(3)')
    const witness = await circuit.accept({ ...inputs, used: [1n, 1n, 0n] })
    assert.equal(circuit.value(witness, 'head'), headOf(list.slice(0, 2)))
    assert.equal(circuit.value(witness, 'matches'), 2n)
  })

  it('an entry left out in the middle, half used, or of a category beyond its bits has no witness (soundness 24)', async () => {
    const circuit = await gadget('LedgerEntries(3)')
    const inputs = inputsOf(list)
    const half = (r + 1n) / 2n
    for (const used of [
      [1n, 0n, 1n],
      [0n, 1n, 1n],
      [1n, 2n, 1n],
      [half, half, half],
    ])
      await circuit.refuse({ ...inputs, used })
    for (const bit of [2n, half, r - 1n])
      await circuit.refuse({ ...inputs, category: inputs.category.with(0, [bit, 0n]) })
    for (const content of [1n << 253n, r - 1n])
      await circuit.refuse({ ...inputs, content: inputs.content.with(1, content) })
  })

  it('mutation: each wire of the entries is pinned; the mask is asked of the categories that occur', async () => {
    const circuit = await gadget('LedgerEntries(3)')
    const witness = await circuit.accept(inputsOf(list, { mask: 9n, since: 150n, least: -5n }))
    assert.deepEqual(survivorNames(circuit.mutateAll(witness)), ['mask[1]', 'mask[2]'])
  })
})
