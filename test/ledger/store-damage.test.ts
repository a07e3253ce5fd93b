import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLedger, type Entry, type Ledger, repairLedger } from '../../src/ledger/index.js'
import { createRandom, entriesAt, makeFolder, NAME, removeFolders } from './store-support.js'

const COUNT = 1500
const OPTIONS = { ...NAME, keep: 3 }

/** What is refused: the error's name and part. */
type Refusal = 'queue' | 'tree' | undefined

describe('a damaged ledger on disk', () => {
  let whole: string
  let root: bigint
  let path: string

  before(async () => {
    whole = makeFolder()
    const ledger = await createLedger({ ...OPTIONS, path: whole })
    await ledger.append(entriesAt(0, COUNT))
    await ledger.apply(700)
    // Part of it in tables, part in the log.
    await ledger.compact()
    await ledger.append(entriesAt(COUNT, 100))
    await ledger.apply(COUNT - 700)
    root = ledger.roots().at(-1)?.root as bigint
    await ledger.close()
  })
  after(removeFolders)
  beforeEach(() => {
    path = join(makeFolder(), 'store')
    cpSync(whole, path, { recursive: true })
  })

  const filesOf = (part: string): string[] =>
    readdirSync(join(path, part))
      .filter(
        (name) => /\.(ldb|log)$|^MANIFEST|^CURRENT/.test(name) && statSync(join(path, part, name)).size > 0,
      )
      .map((name) => join(path, part, name))

  const refusal = async (): Promise<Refusal> => {
    try {
      await (await createLedger({ ...OPTIONS, path })).close()
      return undefined
    } catch (error) {
      const { name, part } = error as { name: string; part: Refusal }
      if (name !== 'LedgerStoreError') throw error
      return part
    }
  }

  const assertWhole = async (ledger: Ledger): Promise<void> => {
    assert.deepEqual(await ledger.entries(), entriesAt(0, COUNT + 100))
    assert.equal(ledger.reader.state.queueLength, BigInt(COUNT + 100))
    await ledger.close()
    const again = await createLedger({ ...OPTIONS, path })
    await again.rewind(BigInt(COUNT))
    assert.equal((await again.apply()).root, root, 'the same root as before the damage')
    await again.close()
  }

  it('opens whole without damage, and repairing leaves it so', async () => {
    assert.equal(await refusal(), undefined)
    const ledger = await repairLedger({ ...OPTIONS, path })
    assert.equal(ledger.roots().at(-2)?.root, root)
    await assertWhole(ledger)
  })

  it('names the tree if it is gone, and rebuilds it from the queue', async () => {
    rmSync(join(path, 'tree'), { recursive: true })
    assert.equal(await refusal(), 'tree')
    await assertWhole(await repairLedger({ ...OPTIONS, path }))
  })

  it('names the queue if it is gone, and writes it anew from its entries', async () => {
    rmSync(join(path, 'queue'), { recursive: true })
    assert.equal(await refusal(), 'queue')
    await assert.rejects(repairLedger({ ...OPTIONS, path }), { name: 'LedgerStoreError', part: 'queue' })
    async function* entries(): AsyncGenerator<Entry> {
      yield* entriesAt(0, COUNT + 100)
    }
    await assertWhole(await repairLedger({ ...OPTIONS, path, entries: entries() }))
  })

  for (const part of ['queue', 'tree'] as const) {
    it(`names the ${part} if any of its files is truncated`, async () => {
      const random = createRandom(part === 'queue' ? 1n : 2n)
      for (const file of filesOf(part)) {
        const { size } = statSync(file)
        const bytes = readFileSync(file)
        const cuts = new Set([0, 1, size - 1, size >> 1, random.below(size), random.below(size)])
        for (const cut of cuts) {
          truncateSync(file, cut)
          const found = await refusal()
          // A log that is cut off in the tree's last, unapplied part is an older tree, which is a right one.
          if (found === undefined) await assertExplained(path, `${file} cut to ${cut} of ${size}`)
          else assert.equal(found, part, `${file} cut to ${cut} of ${size}`)
          if (part === 'queue' && !/MANIFEST|CURRENT/.test(file))
            assert.equal(found, part, `${file} cut to ${cut}`)
          rmSync(path, { recursive: true })
          cpSync(whole, path, { recursive: true })
          assert.deepEqual(readFileSync(file), bytes)
        }
      }
    })

    it(`names the ${part} if a bit of it is flipped, or serves what the queue explains`, async () => {
      const random = createRandom(part === 'queue' ? 3n : 4n)
      let refused = 0
      let flips = 0
      for (const file of filesOf(part)) {
        for (let i = 0; i < 12; i++) {
          const bytes = readFileSync(file)
          const [at, bit] = [random.below(bytes.length), random.below(8)]
          bytes[at] = (bytes[at] as number) ^ (1 << bit)
          writeFileSync(file, bytes)
          const found = await refusal()
          flips++
          if (found === undefined) await assertExplained(path, `${file}, bit ${bit} of byte ${at}`)
          else {
            refused++
            assert.equal(found, part, `${file}, bit ${bit} of byte ${at}`)
          }
          rmSync(path, { recursive: true })
          cpSync(whole, path, { recursive: true })
        }
      }
      // Of the rest, most hit paddings, names and times in files, which say nothing.
      assert.ok(refused > flips / 2, `${refused} of ${flips}`)
    })
  }

  /** Whatever opens has all entries, and a root that they lead to. */
  async function assertExplained(at: string, name: string): Promise<void> {
    const ledger = await createLedger({ ...OPTIONS, path: at })
    assert.deepEqual(await ledger.entries(), entriesAt(0, COUNT + 100), name)
    await ledger.rewind(BigInt(COUNT))
    assert.equal((await ledger.apply()).root, root, name)
    await ledger.close()
  }

  it('rebuilds a tree with a flipped bit from the queue', async () => {
    const ledger = await createLedger({ ...OPTIONS, path })
    await ledger.compact()
    await ledger.close()
    for (const file of filesOf('tree').filter((name) => name.endsWith('.ldb'))) {
      const bytes = readFileSync(file)
      // Leaves come first.
      bytes[64] = (bytes[64] as number) ^ 4
      writeFileSync(file, bytes)
    }
    assert.equal(await refusal(), 'tree')
    await assertWhole(await repairLedger({ ...OPTIONS, path }))
  })
})
