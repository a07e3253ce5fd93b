import assert from 'node:assert/strict'
import { startChain } from '../../scripts/lib/chain.js'
import type { Envelope } from '../../src/envelope.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import {
  createMemoryLedger,
  type Entry,
  emptyLedger,
  type LedgerReader,
  ledgerRoot,
  MOVED,
  type PreparedBatch,
  prepareBatch,
  queueHead,
} from '../../src/ledger/index.js'
import { createProver } from '../../src/prover/index.js'
import { LEDGER_BATCH_SIGNALS } from '../../src/statements/ledger-batch.js'
import type { CircuitInputs } from '../../src/statements/membership.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { createVerifier } from '../../src/verifier/index.js'
import { checkSolidityLadder, deployVerifier } from '../support/chain.js'
import { entryOf } from '../support/ledger.js'
import { Random } from '../support/random-policy.js'
import {
  assertAccepted,
  assertRefused,
  freeWires,
  inputNames,
  isWire,
  openStatement,
} from '../support/statement.js'

const NAME = { id: 'batched', categories: ['a', 'b'] }
const statement = () => openStatement('ledger-batch')
const at = (prepared: CircuitInputs, name: string, index: number, value: unknown): CircuitInputs =>
  ({ ...prepared, [name]: (prepared[name] as unknown[]).with(index, value) }) as CircuitInputs

/** A ledger with some handles, of which none is full. */
const base = (() => {
  const ledger = createMemoryLedger(NAME)
  ledger.append(...[10n, 30n, 20n].map((handle) => entryOf({ handle })))
  ledger.apply()
  return ledger.reader
})()

async function accepted(prepared: PreparedBatch): Promise<bigint[]> {
  return assertAccepted(statement(), prepared.inputs, prepared.publicSignals)
}

describe('ledger-batch', () => {
  it('every kind of entry, from the empty ledger on, to the root that everybody rebuilds', async () => {
    const ledger = createMemoryLedger(NAME)
    ledger.append(
      entryOf({ handle: 50n, amount: 2n ** 64n - 1n }),
      entryOf({ handle: 50n, amount: 5n }),
      entryOf({ handle: 9n, category: 3, amount: -1n }),
      entryOf({ handle: 9n, category: 3, amount: 2n ** 63n }),
      { handle: 50n, category: MOVED, to: 60n },
      entryOf({ handle: 0n, amount: 4n }),
      entryOf({ handle: 2n ** 248n - 1n, category: 1 }),
      entryOf({ handle: 9n, category: 4 }),
      entryOf({ handle: 2n ** 248n - 1n, category: 1, amount: -(2n ** 64n) }),
    )
    let [proofs, previous] = [0, 0n]
    while (ledger.reader.state.queueLength < ledger.length) {
      const prepared = prepareBatch({
        reader: ledger.reader,
        entries: ledger.entries(ledger.reader.state.queueLength),
      })
      await accepted(prepared)
      assert.equal(prepared.signals.oldRoot, previous)
      ledger.apply(prepared.consumed)
      assert.equal(prepared.signals.newRoot, ledgerRoot(ledger.reader.state))
      previous = prepared.signals.newRoot
      proofs++
    }
    assert.equal(ledger.head, queueHead(ledger.entries()))
    assert.equal(proofs, 4)
  })

  it('random entries: the circuit and `apply` agree on every root', async () => {
    const random = new Random(11)
    const ledger = createMemoryLedger(NAME)
    for (let i = 0; i < 40; i++) {
      const amount = random.pick([1n, -1n, 2n ** 64n - 1n, -(2n ** 64n), 77n, 2n ** 63n])
      ledger.append(entryOf({ handle: BigInt(random.below(8)) * 3n, category: random.below(6), amount }))
    }
    while (ledger.reader.state.queueLength < ledger.length) {
      const entries = ledger.entries(ledger.reader.state.queueLength)
      const prepared = prepareBatch({ reader: ledger.reader, entries })
      await accepted(prepared)
      ledger.apply(prepared.consumed)
      assert.equal(prepared.signals.newRoot, ledgerRoot(ledger.reader.state))
    }
  })

  it('a batch of nothing leads from a root to itself', async () => {
    const prepared = prepareBatch({ reader: base, entries: [] })
    await accepted(prepared)
    assert.equal(prepared.signals.newRoot, prepared.signals.oldRoot)
  })

  describe('row 24: no other root follows from the queue', () => {
    const entries = [
      entryOf({ handle: 20n, amount: 7n }),
      entryOf({ handle: 10n, amount: 8n }),
      entryOf({ handle: 30n, category: 9 }),
    ]
    const honest = prepareBatch({ reader: base, entries })
    const queue = honest.signals.queueHead
    /** Has the honest public queue, and whatever else another treatment of the entries leads to. */
    const insist = (prepared: PreparedBatch, signals: Record<string, bigint> = {}): Promise<void> =>
      assertRefused(statement(), {
        ...prepared.inputs,
        queueHead: queue,
        queueLength: honest.signals.queueLength,
        ...signals,
      })

    it('an entry left out, repeated, reordered or altered', async () => {
      const others: (readonly Entry[])[] = [
        entries.slice(1),
        entries.slice(0, -1),
        [entries[0]!, entries[0]!, entries[1]!, entries[2]!],
        [entries[1]!, entries[0]!, entries[2]!],
        entries.with(0, { ...entries[0]!, amount: 6n }),
        entries.with(0, { ...entries[0]!, category: 1 }),
        entries.with(0, { ...entries[0]!, handle: 10n }),
        entries.with(2, { ...entries[2]!, category: 8 }),
      ]
      for (const other of others) await insist(prepareBatch({ reader: base, entries: other }))
    })

    it('an entry consumed without its effect, or with another one', async () => {
      const { inputs } = honest
      // Skipped although its category counts; updated although it does not.
      await assertRefused(statement(), at(at(inputs, 'isUpdate', 0, 0n), 'isSkip', 0, 1n))
      await assertRefused(statement(), at(at(inputs, 'isSkip', 2, 0n), 'isUpdate', 2, 1n))
      // Taken for an overflow, which there is not; not taken at all; taken twice in one step.
      await assertRefused(statement(), at(at(inputs, 'isUpdate', 0, 0n), 'isOverflow', 0, 1n))
      await assertRefused(statement(), at(inputs, 'isUpdate', 0, 0n))
      await assertRefused(statement(), at(inputs, 'isSkip', 0, 1n))
      // Half a step, and two of which one is taken back.
      const half = (r + 1n) / 2n
      await assertRefused(statement(), at(at(inputs, 'isUpdate', 0, half), 'isSkip', 0, half))
      await assertRefused(statement(), at(at(inputs, 'isUpdate', 0, 2n), 'isSkip', 0, r - 1n))
    })

    it('the entry of one handle on the leaf of another', async () => {
      const wrong = prepareBatch({ reader: base, entries: entries.with(0, { ...entries[0]!, handle: 10n }) })
      const handles = honest.inputs['handle'] as bigint[]
      const content = honest.inputs['content'] as bigint[]
      await insist({ ...wrong, inputs: { ...wrong.inputs, handle: handles, content } })
    })

    it('another tally, history, place in the list or position after the entry (row 13)', async () => {
      const changed: Partial<Record<'tallies' | 'head' | 'next' | 'handle', unknown>>[] = [
        { head: 1n },
        { next: 21n },
        { tallies: base.leaf(3).tallies.map(() => ({ count: 0n, sum: 0n })) },
      ]
      for (const change of changed) {
        const reader: LedgerReader = {
          ...base,
          leaf: (index) => (index === 3 ? { ...base.leaf(3), ...(change as object) } : base.leaf(index)),
        }
        await insist(prepareBatch({ reader, entries }))
      }
      for (const signal of LEDGER_BATCH_SIGNALS) {
        const value = honest.signals[signal]
        for (const other of [(value + 1n) % r, 0n, r - 1n]) {
          if (other !== value) await assertRefused(statement(), { ...honest.inputs, [signal]: other })
        }
      }
    })

    it('another leaf touched on the way: its path does not fit the tree', async () => {
      const { inputs } = honest
      const children = structuredClone(inputs['children']) as bigint[][][]
      for (const [level, place] of [
        [0, 0],
        [0, 1],
        [1, 2],
        [9, 3],
      ] as const) {
        const copy = structuredClone(children)
        copy[0]![level]![place]! += 1n
        await assertRefused(statement(), { ...inputs, children: copy })
      }
      // A step that does nothing cannot write either.
      await assertRefused(statement(), at(inputs, 'leafHandle', 3, 1n))
      await assertRefused(statement(), at(inputs, 'head', 3, 1n))
    })

    it('forged: every public signal and every private input of a valid witness is pinned by a constraint', async () => {
      const full = prepareBatch({ reader: base, entries: [...entries.slice(0, 2), entryOf({ handle: 25n })] })
      const witness = await accepted(full)
      const names = inputNames(full.inputs).filter((name) => isWire(statement(), name))
      assert.deepEqual(freeWires(statement(), witness, names), [])
      // The compiler sees that the last step cannot be a link, and writes one bit as a combination of others.
      const gone = inputNames(full.inputs).filter((name) => !isWire(statement(), name))
      assert.deepEqual(gone, ['isLink[3]', 'isOverflow[3]'])
      for (const name of ['isLink', 'isOverflow'])
        await assertRefused(statement(), at(full.inputs, name, 3, 1n))
    })
  })

  describe('insertions', () => {
    const fresh = prepareBatch({
      reader: base,
      entries: [entryOf({ handle: 25n }), entryOf({ handle: 26n })],
    })
    const { inputs } = fresh

    it('keep the list: gap and leaf for each handle, never both', async () => {
      await accepted(fresh)
      assert.equal(fresh.consumed, 2)
    })

    it('a handle that has a leaf cannot get another one, behind a neighbour or a gap that is not its own', async () => {
      // The tree is told that the leaf of 20 is far away, so that 20 seems new.
      for (const place of [0, 1, 2, 3]) {
        const reader: LedgerReader = { ...base, floor: () => place }
        if (base.leaf(place).handle === 20n) continue
        await assertRefused(statement(), prepareBatch({ reader, entries: [entryOf({ handle: 20n })] }).inputs)
      }
    })

    it('a new handle between neighbours that it does not lie between', async () => {
      for (const [handle, place] of [
        [25n, 0],
        [25n, 1],
        [25n, 2],
        [5n, 1],
        [35n, 3],
      ] as const) {
        const reader: LedgerReader = { ...base, floor: () => place }
        const prepared = prepareBatch({ reader, entries: [entryOf({ handle })] })
        await assertRefused(statement(), prepared.inputs)
      }
    })

    it('a link without its insertion, an insertion without its link, or of another handle', async () => {
      const one = prepareBatch({ reader: base, entries: [entryOf({ handle: 25n })] })
      await accepted(one)
      await assertRefused(statement(), at(one.inputs, 'isLink', 0, 0n))
      await assertRefused(statement(), at(one.inputs, 'handle', 1, 26n))
      await assertRefused(statement(), at(one.inputs, 'isUpdate', 1, 1n))
      await assertRefused(statement(), at(one.inputs, 'isSkip', 1, 1n))
      // At the end of the batch: only the link fits.
      const late = prepareBatch({
        reader: base,
        entries: [10n, 20n, 30n, 25n].map((handle) => entryOf({ handle })),
      })
      assert.equal(late.consumed, 3)
      await assertRefused(statement(), at(late.inputs, 'isLink', 3, 1n))
    })

    it('at another position than the first free one, which would make another root of the same queue', async () => {
      const entries = [entryOf({ handle: 25n })]
      for (const size of [3, 5, 100, 4 ** 10 - 1]) {
        const reader: LedgerReader = { ...base, state: { ...base.state, size } }
        const moved = prepareBatch({ reader, entries }).inputs
        await assertRefused(statement(), { ...moved, size: 4n, oldRoot: ledgerRoot(base.state) })
      }
      await accepted(prepareBatch({ reader: base, entries }))
    })

    it('a new leaf that begins with a history or a tally', async () => {
      for (const name of ['head', 'next', 'leafHandle'])
        await assertRefused(statement(), at(inputs, name, 1, 1n))
      for (const name of ['counts', 'sums'])
        await assertRefused(statement(), at(inputs, name, 1, [0n, 1n, 0n, 0n]))
    })
  })

  describe('a full tree', () => {
    const sized = (size: number): LedgerReader => ({ ...base, state: { ...base.state, size } })
    it('overflows at the first handle that finds no leaf, and only then', async () => {
      const entries = [entryOf({ handle: 25n }), entryOf({ handle: 20n }), entryOf({ handle: 26n })]
      for (const size of [4 ** 10, 4 ** 10 + 1]) {
        const prepared = prepareBatch({ reader: sized(size), entries })
        await accepted(prepared)
        assert.equal(prepared.state.size, 4 ** 10 + 1)
        assert.equal(prepared.consumed, 3)
        // It cannot be passed over: neither as a skip, nor as nothing, nor by taking another handle's gap.
        await assertRefused(statement(), at(at(prepared.inputs, 'isOverflow', 0, 0n), 'isSkip', 0, 1n))
        await assertRefused(statement(), at(prepared.inputs, 'isOverflow', 0, 0n))
      }
      for (const size of [4 ** 10 - 1, 4]) {
        const { inputs } = prepareBatch({ reader: sized(4 ** 10), entries })
        const oldRoot = ledgerRoot(sized(size).state)
        await assertRefused(statement(), { ...inputs, size: BigInt(size), oldRoot })
      }
    })

    it('a handle with a leaf does not overflow', async () => {
      const reader: LedgerReader = { ...sized(4 ** 10), floor: () => 1 }
      assert.equal(base.leaf(1).handle, 10n)
      await assertRefused(statement(), prepareBatch({ reader, entries: [entryOf({ handle: 20n })] }).inputs)
    })
  })

  describe('the first batch', () => {
    it('starts at the empty ledger, whatever else is offered', async () => {
      const empty = emptyLedger(NAME)
      const entries = [entryOf({ handle: 5n })]
      const prepared = prepareBatch({ reader: empty, entries })
      assert.equal(prepared.signals.oldRoot, 0n)
      await accepted(prepared)
      const later = prepareBatch({ reader: base, entries }).inputs
      await assertRefused(statement(), { ...later, oldRoot: 0n })
      for (const change of [{ size: 2n }, { oldQueueLength: 1n }, { oldQueueHead: 0n }, { treeRoot: 1n }])
        await assertRefused(statement(), { ...prepared.inputs, ...change })
      // A tree of one leaf, as the empty ledger's is, which has a tally already; everything else follows from it.
      const ledger = createMemoryLedger(NAME)
      ledger.append(entryOf({ handle: 0n, amount: 4n }))
      ledger.apply()
      const { queueLength, queueHead: head } = empty.state
      const state = { ...ledger.reader.state, queueLength, queueHead: head }
      assert.equal(state.size, 1)
      const forged = prepareBatch({ reader: { ...ledger.reader, state }, entries })
      assert.equal(forged.signals.oldRoot, 0n)
      await assertRefused(statement(), forged.inputs)
    })
  })

  describe('proved', () => {
    const entries = [entryOf({ handle: 20n, amount: 7n }), entryOf({ handle: 25n })]
    const batch = prepareBatch({ reader: base, entries })
    const { oldRoot, newRoot, queueLength, queueHead: head } = batch.signals
    const expected = { ledger: NAME, oldRoot, queueLength, queueHead: head }
    let envelope: Envelope
    before(async () => {
      await using prover = await createProver()
      envelope = await prover.prove({ statement: 'ledger-batch', batch })
    })
    const verifier = () => createVerifier({ allowDevelopmentKeys: true })

    it('leads a verifier from the root that it accepted to the next', async () => {
      const copy = JSON.parse(JSON.stringify(envelope))
      assert.deepEqual(await (await verifier()).verifyBatch({ ...expected, envelope: copy }), {
        valid: true,
        root: newRoot,
      })
      const strict = await (await createVerifier()).verifyBatch({ ...expected, envelope })
      assert.match(strict.valid ? '' : strict.reason, /development key/)
    })

    it('is refused for another old root, queue or ledger: skipped, repeated or reordered entries (row 24)', async () => {
      const reordered = queueHead(entries.toReversed(), base.state.queueHead)
      const changes: [object, RegExp][] = [
        [{ oldRoot: 0n }, /oldRoot/],
        [{ oldRoot: newRoot }, /oldRoot/],
        [{ queueLength: queueLength + 1n }, /queueLength/],
        [{ queueLength: queueLength - 1n }, /queueLength/],
        [{ queueHead: reordered }, /queueHead/],
        [{ queueHead: base.state.queueHead }, /queueHead/],
        [{ ledger: { ...NAME, id: 'other' } }, /ledgerId/],
        [{ ledger: { ...NAME, categories: ['b', 'a'] } }, /categories/],
      ]
      for (const [change, reason] of changes) {
        const result = await (await verifier()).verifyBatch({ ...expected, envelope, ...change })
        assert.match(result.valid ? '' : result.reason, reason)
      }
      await assert.rejects(
        async () => (await verifier()).verifyBatch({ ...expected, envelope, oldRoot: -1n }),
        {
          message: /oldRoot/,
        },
      )
    })

    it('row 8: each public signal plus 1, minus 1 and plus r is refused in TypeScript and in Solidity', async () => {
      for (const [i, name] of LEDGER_BATCH_SIGNALS.entries()) {
        const value = BigInt(envelope.publicSignals[i] as string)
        for (const other of [value + 1n, (value + r - 1n) % r, value + r]) {
          const forged = { ...envelope, publicSignals: envelope.publicSignals.with(i, String(other)) }
          const result = await (await verifier()).verifyBatch({ ...expected, envelope: forged })
          assert.equal(result.valid, false, name)
        }
      }
      const verificationKey = VERIFICATION_KEYS['ledger-batch']?.key
      assert.ok(verificationKey)
      await using chain = await startChain()
      await checkSolidityLadder({
        chain,
        verifier: await deployVerifier({ chain, verificationKey }),
        proof: envelope.proof,
        publicSignals: envelope.publicSignals.map(BigInt),
      })
    })
  })
})
