import assert from 'node:assert/strict'
import {
  createMemoryLedger,
  type Entry,
  LEDGER_CATEGORIES,
  ledgerRoot,
  MOVED,
  rebuildLedger,
} from '../../src/ledger/index.js'
import { loadCircomlibjs } from '../crypto/circomlibjs.js'
import { Random } from '../support/random-policy.js'
import { PlainLedger } from './model.js'

const OPERATIONS = 10_000
const TOP = 2n ** 248n - 1n
const EDGES = [0n, 1n, 2n, TOP, TOP - 1n, 2n ** 247n]

function randomHandle(random: Random): bigint {
  if (random.chance(10)) return random.pick(EDGES)
  // Close ones and ones far apart, about 150 in all.
  const near = BigInt(random.below(75))
  return random.chance(50) ? near + 1000n : near * 2n ** 241n + 5n
}

function randomEntry(random: Random): Entry {
  const handle = randomHandle(random)
  if (random.chance(2)) return { handle, category: MOVED, to: randomHandle(random) }
  const amounts = [0n, 1n, -1n, 500n, -500n, 2n ** 64n - 1n, -(2n ** 64n), 2n ** 63n, -(2n ** 63n)]
  return {
    handle,
    category: random.chance(5) ? LEDGER_CATEGORIES + random.below(27) : random.below(LEDGER_CATEGORIES),
    amount: random.chance(80) ? BigInt(random.below(2000) - 1000) : random.pick(amounts),
    ref: BigInt(random.below(1000)),
    at: BigInt(random.below(2 ** 31)),
  }
}

describe('differential: the ledger and a plain list of accounts agree', () => {
  it('10,000 random operations: the same roots after each batch, the same openings at the last three roots', async () => {
    const random = new Random(5)
    const { poseidon: hash } = await loadCircomlibjs()
    const name = { id: 'differential', categories: ['a', 'b'] }
    const ledger = createMemoryLedger({ ...name, keep: 4, hash })
    const plain = await PlainLedger.create()
    const queue: Entry[] = []
    const history: { root: bigint; leaves: Map<bigint, bigint[]>; treeRoot: bigint }[] = []
    let applied = 0
    let operations = 0
    while (operations < OPERATIONS) {
      // Appends in small steps, applies in random ones; not everything that is there.
      const fresh = Array.from({ length: 1 + random.below(160) }, () => randomEntry(random))
      ledger.append(...fresh)
      queue.push(...fresh)
      const limit = random.chance(70) ? queue.length : random.below(queue.length - applied + 1)
      ledger.apply(limit)
      const next = queue.slice(applied, applied + limit)
      for (const entry of next) plain.add(entry)
      applied += next.length
      operations += fresh.length + next.length

      const { state } = ledger.reader
      assert.equal(state.queueLength, BigInt(applied))
      const treeRoot = plain.levels()[10]?.[0] as bigint
      assert.equal(state.treeRoot, treeRoot)
      assert.equal(ledgerRoot(state), plain.root(state))
      const leaves = new Map(plain.accounts.map((account) => [account.handle, plain.leaf(account)]))
      if (next.length > 0) history.push({ root: ledgerRoot(state), leaves, treeRoot })

      for (const past of history.slice(-3)) {
        for (const handle of [randomHandle(random), random.pick(EDGES)]) {
          const proof = ledger.proof(handle, { root: past.root })
          const below = [...past.leaves.keys()].reduce((a, b) => (b <= handle && b > a ? b : a), 0n)
          const { leaf } = proof
          const found = [
            leaf.handle,
            leaf.next,
            ...leaf.tallies.flatMap(({ count, sum }) => [count, sum]),
            leaf.head,
          ]
          assert.deepEqual(found, past.leaves.get(below))
          assert.equal(proof.state.treeRoot, past.treeRoot)
          assert.equal(plain.fold(proof), past.treeRoot)
        }
      }
    }
    assert.ok(plain.accounts.length > 100)
    assert.ok(
      plain.accounts.some(({ sums }) => sums.includes(2n ** 64n - 1n)),
      'a sum was at its end',
    )
    const state = rebuildLedger({ ...name, entries: queue.slice(0, applied), hash })
    assert.deepEqual(state, ledger.reader.state)
  })
})
