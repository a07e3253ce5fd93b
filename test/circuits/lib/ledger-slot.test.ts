import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { poseidon } from '../../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, randomElements, survivorNames } from '../../support/circuit.js'
import { gadget } from './gadgets.js'

// Everything here is computed from the decision's text, in a tree of 16 leaves, not by the code that makes proofs.

const MASK = (1n << 248n) - 1n
const TOP = 1n << 248n
const [LEDGER, CATEGORIES] = [11n, 22n]
const OWN = poseidon([DOMAIN.handle, LEDGER, 33n]) & MASK

interface Leaf {
  readonly handle: bigint
  readonly next: bigint
  readonly counts: readonly bigint[]
  readonly sums: readonly bigint[]
  readonly head: bigint
}

const leafOf = (handle: bigint, next: bigint, fill = 0n): Leaf => ({
  handle,
  next,
  counts: [fill, 0n, fill, 0n],
  sums: [0n, fill, 2n * fill, 0n],
  head: fill,
})

const hashOf = ({ handle, next, counts, sums, head }: Leaf): bigint =>
  poseidon([
    DOMAIN.ledgerLeaf,
    handle,
    next,
    ...counts.flatMap((count, c) => [count, sums[c] as bigint]),
    head,
  ])

/** A tree of 16 with some leaves from position 0 on, opened at one of them. */
function make(leaves: readonly Leaf[], position: number, change: Record<string, bigint> = {}) {
  const bottom = Array.from({ length: 16 }, (_, i) => (leaves[i] ? hashOf(leaves[i] as Leaf) : 0n))
  const level = [0, 4, 8, 12].map((from) => poseidon(bottom.slice(from, from + 4)))
  const { handle, next, counts, sums, head } = leaves[position] as Leaf
  const state = { size: BigInt(leaves.length), queueLength: 9n, queueHead: 8n }
  const first = 4 * (position >> 2)
  const inputs = {
    own: OWN,
    ledgerId: LEDGER,
    categories: CATEGORIES,
    root: 0n,
    handle,
    next,
    leafCounts: counts,
    leafSums: sums,
    head,
    index: bitsOf(BigInt(position), 4),
    children: [bottom.slice(first, first + 4), level],
    ...state,
    ...change,
  }
  const { size, queueLength, queueHead } = inputs
  const root = poseidon([
    DOMAIN.ledgerRoot,
    LEDGER,
    CATEGORIES,
    poseidon(level),
    size,
    queueLength,
    queueHead,
  ])
  return { ...inputs, root: change['root'] ?? root }
}

type SlotInputs = ReturnType<typeof make>

describe('circuits/lib/ledger-slot', () => {
  const random = randomElements('ledger-slot')
  const zeros = [0n, 0n, 0n, 0n]
  const answer = async (inputs: SlotInputs) => {
    const circuit = await gadget('LedgerSlot(2)')
    const witness = await circuit.accept(inputs)
    const opened = circuit.value(witness, 'opened')
    const history = circuit.value(witness, 'history')
    assert.equal(history, opened === 1n && inputs.handle === inputs.own ? inputs.head : DOMAIN.ledgerHistory)
    return { opened, counts: circuit.values(witness, 'counts'), sums: circuit.values(witness, 'sums') }
  }
  const own = make([leafOf(0n, OWN), leafOf(OWN, TOP, 7n)], 1)

  it('at the own leaf: its tallies', async () => {
    assert.deepEqual(await answer(own), { opened: 1n, counts: [7n, 0n, 7n, 0n], sums: [0n, 7n, 14n, 0n] })
  })

  it('in the gap: none, at every width, from both ends', async () => {
    for (const [low, high] of [
      [0n, TOP],
      [OWN - 1n, OWN + 1n],
      [OWN - 1n, TOP],
      [0n, OWN + 1n],
      [OWN >> 1n, OWN + (OWN >> 3n)],
    ] as const) {
      const inputs = make([leafOf(low, high, 5n)], 0)
      assert.deepEqual(await answer(inputs), { opened: 1n, counts: zeros, sums: zeros })
      const circuit = await gadget('LedgerSlot(2)')
      const { witnesses } = circuit.solve(inputs)
      assert.equal(witnesses.length, 1)
    }
  })

  it('a gap that the own handle is not strictly in has no witness: neighbours, h + r, r - 1 (soundness 3, 4)', async () => {
    const circuit = await gadget('LedgerSlot(2)')
    for (const [low, high] of [
      [OWN + 1n, TOP],
      [0n, OWN],
      [0n, OWN - 1n],
      [OWN + 1n, OWN - 1n],
      [OWN - 1n, OWN],
      // As field elements: a lower end that is negative, an upper end beyond every handle, and both.
      [r - 1n, OWN],
      [OWN - 1n, r - 1n],
      [OWN + TOP, TOP],
      [(OWN + 1n + r) % r, (OWN + TOP + 2n) % r],
      [r - TOP, OWN + TOP + 1n],
    ] as const) {
      await circuit.refuse(make([leafOf(low, high)], 0))
    }
  })

  it('while the own leaf exists, no honest list has a gap for it, and its own leaf is no gap', async () => {
    const circuit = await gadget('LedgerSlot(2)')
    const leaves = [leafOf(0n, OWN), leafOf(OWN, OWN + 5n, 7n), leafOf(OWN + 5n, TOP)]
    for (const position of [0, 2]) await circuit.refuse(make(leaves, position))
    assert.equal((await answer(make(leaves, 1))).sums[2], 14n)
    // No other answer from the same opening.
    const inputs = make(leaves, 1)
    for (const claim of [{ sums: zeros }, { counts: zeros }, { opened: 0n }])
      assert.equal(circuit.solve(inputs, claim).witnesses.length, 0)
  })

  it('a root that the opening does not lead to opens nothing, whatever is in it', async () => {
    const circuit = await gadget('LedgerSlot(2)')
    for (const root of [0n, 1n, r - 1n, random()]) {
      const inputs = { ...own, root }
      assert.deepEqual(await answer(inputs), { opened: 0n, counts: zeros, sums: zeros })
      assert.equal(circuit.solve(inputs, { opened: 1n }).witnesses.length, 0)
    }
    for (const name of ['ledgerId', 'categories', 'size', 'queueLength', 'queueHead'] as const) {
      assert.equal((await answer({ ...own, [name]: own[name] + 1n })).opened, 0n, name)
    }
    // The leaf of another handle is at most a gap.
    await circuit.refuse({ ...own, own: OWN - 1n })
    assert.deepEqual(await answer({ ...own, own: OWN + 1n }), { opened: 1n, counts: zeros, sums: zeros })
  })

  it('an overflowed ledger has leaves, and no gaps', async () => {
    const overflowed = { size: 17n }
    assert.equal((await answer(make([leafOf(0n, TOP)], 0, overflowed))).opened, 0n)
    assert.equal((await answer(make([leafOf(0n, TOP)], 0, { size: 16n }))).opened, 1n)
    const leaves = [leafOf(0n, OWN), leafOf(OWN, TOP, 7n)]
    assert.equal((await answer(make(leaves, 1, overflowed))).opened, 1n)
  })

  it('an unused position holds 0, which no leaf opens (soundness 11)', async () => {
    const circuit = await gadget('LedgerSlot(2)')
    const inputs = make([leafOf(0n, TOP)], 0)
    await circuit.refuse({ ...inputs, index: bitsOf(1n, 4) })
  })

  it('mutation: each wire of both openings is pinned but the inverses of 0', async () => {
    const circuit = await gadget('LedgerSlot(2)')
    for (const inputs of [own, make([leafOf(0n, TOP)], 0)]) {
      const witness = await circuit.accept(inputs)
      for (const name of survivorNames(circuit.mutateAll(witness))) assert.match(name, /inverse$/)
    }
  })
})
