import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createBulkPoseidon } from '../../src/bn254/poseidon.js'
import { applyInBulk } from '../../src/ledger/bulk.js'
import {
  applyEntries,
  auditRoot,
  createLedger,
  createMemoryLedger,
  type Entry,
  emptyLedger,
  encodeEntry,
  type Ledger,
  ledgerRoot,
  openLedger,
  queueHead,
} from '../../src/ledger/index.js'
import { assertLedgerProof, LEDGER_CAPACITY, LEDGER_OVERFLOWED } from '../../src/merkle/ledger.js'
import { createRandom, entriesAt, entryAt, makeFolder, NAME, removeFolders } from './store-support.js'

/** By name: the test runner loads what `import()` loads a second time. */
const REFUSED = { name: 'LedgerError' }

const BACKENDS = {
  'in memory': () => ({}),
  'on disk': () => ({ path: join(makeFolder(), 'store') }),
}

for (const [backend, place] of Object.entries(BACKENDS)) {
  describe(`ledger ${backend}`, () => {
    after(removeFolders)
    let ledger: Ledger
    const create = async (keep?: number): Promise<Ledger> => {
      ledger = await createLedger({ ...NAME, ...place(), ...(keep && { keep }) })
      return ledger
    }
    afterEach(() => ledger.close())

    it('begins empty', async () => {
      await create()
      assert.equal(ledger.length, 0n)
      assert.equal(await ledger.head(), queueHead([]))
      assert.deepEqual(ledger.reader.state, emptyLedger(NAME).state)
      assert.equal(ledger.roots().length, 1)
      assert.equal(ledger.roots()[0]?.root, ledgerRoot(emptyLedger(NAME).state))
      assert.deepEqual(await ledger.entries(), [])
      assert.deepEqual(ledger.proof(5n), openLedger(emptyLedger(NAME), 5n))
    })

    it('appends single entries and arrays of them, and returns the length', async () => {
      await create()
      const entries = entriesAt(0, 7)
      assert.equal(await ledger.append(entries[0] as Entry), 1n)
      assert.equal(await ledger.append(entries.slice(1, 4)), 4n)
      assert.equal(await ledger.append(...entries.slice(4)), 7n)
      assert.equal(await ledger.append(), 7n)
      assert.equal(ledger.length, 7n)
      assert.deepEqual(await ledger.entries(), entries)
      assert.deepEqual(await ledger.entries(2n, 3), entries.slice(2, 5))
      assert.deepEqual(await ledger.entries(9n), [])
      assert.equal(await ledger.head(), queueHead(entries))
    })

    it('keeps what is hashed of an entry, and no field besides', async () => {
      await create()
      const noted: object = { ...entryAt(0), note: 'x' }
      await ledger.append(noted as Entry)
      assert.deepEqual(await ledger.entries(), [entryAt(0)])
    })

    it('names a limit that is none, an opening’s root too (found by fuzzing)', async () => {
      await create()
      for (const limit of [-1, 1.5, 5n, {}, Symbol('s'), null]) {
        await assert.rejects(async () => ledger.entries(0n, limit as number), /^RangeError: limit must/)
        await assert.rejects(async () => ledger.apply(limit as number), /^RangeError: limit must/)
      }
      assert.throws(() => ledger.proof(5n, null as never), /^TypeError: options must be an object$/)
    })

    it('keeps the order of appends that nobody waited for', async () => {
      await create()
      const lengths = await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.append(entryAt(i))))
      assert.deepEqual(
        lengths,
        lengths.map((_, i) => BigInt(i) + 1n),
      )
      assert.deepEqual(await ledger.entries(), entriesAt(0, 50))
    })

    it('appends nothing if one entry is malformed', async () => {
      await create()
      const bad = { ...entryAt(3), handle: 1n << 248n } as Entry
      await assert.rejects(async () => ledger.append(entryAt(1), bad), RangeError)
      await assert.rejects(async () => ledger.append([entryAt(1), undefined as unknown as Entry]), TypeError)
      assert.equal(ledger.length, 0n)
      await assert.rejects(async () => ledger.apply(-1), RangeError)
      await assert.rejects(async () => ledger.entries(-1n), RangeError)
      assert.throws(() => ledger.proof(1n << 248n), RangeError)
      assert.throws(() => ledger.proof('1' as unknown as bigint), TypeError)
    })

    it('applies as many entries as asked, and what is left later', async () => {
      await create()
      await ledger.append(entriesAt(0, 30))
      assert.equal((await ledger.apply(0)).state.queueLength, 0n)
      assert.equal((await ledger.apply(11)).state.queueLength, 11n)
      const { root, state } = await ledger.apply()
      assert.equal(state.queueLength, 30n)
      assert.equal(ledgerRoot(state), root)
      assert.equal((await ledger.apply()).root, root)
      assert.deepEqual(
        ledger.roots().map((one) => one.state.queueLength),
        [0n, 11n, 30n],
      )
      const audit = auditRoot({ ...NAME, entries: entriesAt(0, 30), root, queueLength: 30n })
      assert.equal(audit.valid, true)
    })

    it('opens the last roots and no others', async () => {
      await create(3)
      await ledger.append(entriesAt(0, 50))
      const all = [ledger.roots()[0]?.root as bigint]
      for (let i = 0; i < 5; i++) all.push((await ledger.apply(10)).root)
      assert.deepEqual(
        ledger.roots().map(({ root }) => root),
        all.slice(3),
      )
      for (const root of all.slice(3)) assert.equal(ledgerRoot(ledger.proof(9n, { root }).state), root)
      for (const root of all.slice(0, 3)) assert.throws(() => ledger.proof(9n, { root }), REFUSED)
    })

    it('takes entries back, and goes on as if they had never been', async () => {
      await create(4)
      await ledger.append(entriesAt(0, 90))
      for (let i = 0; i < 9; i++) await ledger.apply(10)
      // To a kept root, between two, to one that is not kept any more, and nowhere.
      for (const length of [80, 75, 20, 20, 0]) {
        await ledger.rewind(BigInt(length))
        assert.equal(ledger.length, BigInt(length))
        assert.equal(await ledger.head(), queueHead(entriesAt(0, length)))
        assert.ok(ledger.reader.state.queueLength <= BigInt(length))
        await ledger.append(entriesAt(500, 12))
        const { root } = await ledger.apply()
        const entries = [...entriesAt(0, length), ...entriesAt(500, 12)]
        assert.deepEqual(await ledger.entries(), entries)
        assert.deepEqual(auditRoot({ ...NAME, entries, root, queueLength: ledger.length }).valid, true)
        for (const { handle } of entries.slice(-20)) assertLedgerProof(ledger.proof(handle))
      }
      await assert.rejects(() => ledger.rewind(ledger.length + 1n), RangeError)
      await assert.rejects(() => ledger.rewind(-1n), RangeError)
    })
  })
}

describe('ledger on disk', () => {
  after(removeFolders)

  it('is the same after closing and opening', async () => {
    const path = makeFolder()
    const before = await createLedger({ ...NAME, path })
    await before.append(entriesAt(0, 200))
    await before.apply(70)
    await before.apply(80)
    const [roots, head] = [before.roots(), await before.head()]
    const proofs = roots.map(({ root }) => before.proof(entryAt(5).handle, { root }))
    await before.close()
    for (const verify of [true, false]) {
      await using again = await createLedger({ ...NAME, path, verify })
      assert.deepEqual(again.roots(), roots)
      assert.equal(again.length, 200n)
      assert.equal(await again.head(), head)
      assert.deepEqual(
        roots.map(({ root }) => again.proof(entryAt(5).handle, { root })),
        proofs,
      )
    }
  })

  it('is refused to another ledger, to other categories, and to a second opener', async () => {
    const path = makeFolder()
    await using ledger = await createLedger({ ...NAME, path })
    await assert.rejects(createLedger({ ...NAME, path }), /the store is open already/)
    await ledger.close()
    await assert.rejects(createLedger({ ...NAME, id: 'other', path }), /of another ledger/)
    await assert.rejects(
      createLedger({ ...NAME, categories: ['defaults', 'unpaid'], path }),
      /of another ledger/,
    )
    await assert.rejects(createLedger({ ...NAME, path: '' }), RangeError)
    await assert.rejects(createLedger({ ...NAME, path: 5 as unknown as string }), TypeError)
    await assert.rejects(createLedger({ ...NAME, path, keep: 0 }), RangeError)
  })

  it('refuses everything once it is closed, after finishing what was begun', async () => {
    const path = makeFolder()
    const ledger = await createLedger({ ...NAME, path })
    const appended = ledger.append(entriesAt(0, 20))
    const closed = ledger.close()
    assert.equal(await appended, 20n)
    await closed
    await ledger.close()
    await assert.rejects(async () => ledger.append(entryAt(0)), REFUSED)
    await assert.rejects(async () => ledger.apply(), REFUSED)
    assert.throws(() => ledger.proof(1n), REFUSED)
    await using again = await createLedger({ ...NAME, path })
    assert.equal(again.length, 20n)
  })

  it('goes on answering and appending while it applies', async () => {
    await using ledger = await createLedger({ ...NAME, path: makeFolder() })
    await ledger.append(entriesAt(0, 2000, 1000))
    const { root } = await ledger.apply(500)
    let isApplied = false
    const applying = ledger.apply(1500).then((info) => {
      isApplied = true
      return info
    })
    let turns = 0
    while (!isApplied) {
      assertLedgerProof(ledger.proof(entryAt(turns).handle, { root }))
      if (turns < 5) await ledger.append(entryAt(2000 + turns))
      else await new Promise((resolve) => setImmediate(resolve))
      turns++
    }
    assert.ok(turns > 1)
    assert.equal((await applying).state.queueLength, 2000n)
    const after = await ledger.apply()
    const entries = await ledger.entries()
    const { length } = ledger
    assert.equal(auditRoot({ ...NAME, entries, root: after.root, queueLength: length }).valid, true)
  })

  it('writes a backup that opens, while appends go on', async () => {
    const folder = makeFolder()
    const [path, copy] = [join(folder, 'a'), join(folder, 'b')]
    await using ledger = await createLedger({ ...NAME, path })
    await ledger.append(entriesAt(0, 300))
    const { root } = await ledger.apply(250)
    const [, length] = await Promise.all([ledger.backup(copy), ledger.append(entriesAt(300, 50))])
    assert.equal(length, 350n)
    await assert.rejects(ledger.backup(copy), /something at the path/)
    await using restored = await createLedger({ ...NAME, path: copy })
    assert.ok(restored.length >= 300n)
    assert.deepEqual(await restored.entries(), entriesAt(0, Number(restored.length)))
    assert.equal(restored.roots().at(-1)?.root, root)
    await restored.append(entriesAt(Number(restored.length), 400 - Number(restored.length)))
    await ledger.append(entriesAt(350, 50))
    assert.equal((await restored.apply()).root, (await ledger.apply()).root)
    assert.deepEqual(readdirSync(folder).sort(), ['a', 'b'])
  })

  it('is the same after compaction', async () => {
    await using ledger = await createLedger({ ...NAME, path: makeFolder(), keep: 2 })
    await ledger.append(entriesAt(0, 400))
    for (let i = 0; i < 8; i++) await ledger.apply(50)
    const proofs = (): unknown =>
      ledger.roots().map(({ root }) => entriesAt(0, 40).map(({ handle }) => ledger.proof(handle, { root })))
    const before = proofs()
    await ledger.compact()
    assert.deepEqual(proofs(), before)
    assert.deepEqual(await ledger.entries(), entriesAt(0, 400))
  })

  it('agrees with the ledger in memory on 3,000 random operations', async () => {
    const random = createRandom(77n)
    const path = makeFolder()
    const poseidon = createBulkPoseidon()
    const keep = 5
    const model = createMemoryLedger({ ...NAME, keep, hash: poseidon.hash })
    let ledger = await createLedger({ ...NAME, path, keep })
    let appended = 0
    const counts = { append: 0, apply: 0, proof: 0, reopen: 0 }
    for (let i = 0; i < 3000; i++) {
      const choice = random.below(1000)
      if (choice < 300) {
        const some = entriesAt(appended, 1 + random.below(4), 500)
        appended += some.length
        assert.equal(await ledger.append(some), model.append(...some))
        counts.append++
      } else if (choice < 380) {
        const limit = random.below(30)
        const { state } = await ledger.apply(limit)
        model.apply(limit)
        assert.deepEqual(state, model.reader.state)
        counts.apply++
      } else if (choice < 998) {
        // At an older root one time in sixteen: the model hashes all of them to find it.
        const roots = random.below(16) === 0 ? model.roots() : []
        const at = roots[random.below(roots.length || 1)]
        const { handle } = entryAt(random.below(appended + 1), 500)
        const near = handle + BigInt(random.below(3)) - 1n
        const asked = near < 0n || near >= 1n << 248n ? handle : near
        assert.deepEqual(ledger.proof(asked, at), model.proof(asked, at))
        counts.proof++
      } else {
        await ledger.close()
        ledger = await createLedger({ ...NAME, path, keep })
        assert.deepEqual(ledger.roots(), model.roots())
        counts.reopen++
      }
    }
    assert.equal(await ledger.head(), model.head)
    await ledger.close()
    assert.ok(Object.values(counts).every((count) => count > 5))
  })
})

describe('applying in bulk', () => {
  const poseidon = createBulkPoseidon()

  it('changes what applying one by one changes', async () => {
    let reader = emptyLedger(NAME)
    const memory = createMemoryLedger({ ...NAME, hash: poseidon.hash })
    for (const [count, handles] of [
      [1, 9],
      [40, 3],
      [600, 400],
      [300, 1],
      [0, 1],
    ] as const) {
      const entries = entriesAt(count, count, handles)
      const expected = applyEntries({ reader, entries, hash: poseidon.hash })
      const change = await applyInBulk({ reader, words: entries.map(encodeEntry), poseidon })
      assert.deepEqual(change, expected)
      memory.append(...entries)
      memory.apply()
      reader = memory.reader
    }
  })

  it('overflows a full tree as applying one by one does (a full tree)', async () => {
    const empty = emptyLedger(NAME)
    const full = { ...empty, state: { ...empty.state, size: LEDGER_CAPACITY } }
    const entries = entriesAt(0, 20)
    const expected = applyEntries({ reader: full, entries, hash: poseidon.hash })
    const change = await applyInBulk({ reader: full, words: entries.map(encodeEntry), poseidon })
    assert.equal(change.state.size, LEDGER_OVERFLOWED)
    assert.deepEqual(change, expected)
  })
})
