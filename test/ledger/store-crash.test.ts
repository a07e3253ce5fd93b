import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBulkPoseidon } from '../../src/bn254/poseidon.js'
import { createLedger, createMemoryLedger, ledgerRoot, openLedger } from '../../src/ledger/index.js'
import { createRandom, entriesAt, entryAt, makeFolder, NAME, removeFolders } from './store-support.js'

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url))
const CRASHES = process.env.SOULPROOF_LONG === '1' ? 1000 : 50
/** Crashes of one store before the next begins, so that checking one stays cheap. */
const CRASHES_PER_STORE = 10
const HANDLES = 5000

/** What a writer said before it was killed. */
interface Said {
  readonly appended: bigint
  readonly roots: ReadonlyMap<bigint, bigint>
}

/** Starts the writer and kills it some milliseconds after it has opened the store. */
async function crash(path: string, seed: number, milliseconds: number): Promise<Said> {
  const writer = spawn(process.execPath, ['--import', 'tsx', WRITER, path, `${seed}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, errors] = ['', '']
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    // All output is read before that, also what was written just before the end.
    writer.once('close', (_code, signal) => resolve(signal)),
  )
  let isKilling = false
  writer.stdout.on('data', (chunk: Buffer) => {
    output += chunk
    if (isKilling || !output.startsWith('open\n')) return
    isKilling = true
    setTimeout(() => writer.kill('SIGKILL'), milliseconds)
  })
  writer.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  assert.equal(await ended, 'SIGKILL', `the writer ended by itself: ${errors}`)
  let appended = 0n
  const roots = new Map<bigint, bigint>()
  // A line without its end was never read as said.
  for (const line of output.split('\n').slice(0, -1)) {
    const [what, length, root] = line.split(' ')
    if (what === 'appended') appended = BigInt(length as string)
    if (what === 'root') roots.set(BigInt(length as string), BigInt(root as string))
  }
  return { appended, roots }
}

describe('a ledger on disk whose writer is killed', () => {
  after(removeFolders)

  it(`loses no acknowledged entry, and has no root that its queue does not explain: ${CRASHES} crash points`, async function () {
    this.timeout(3_600_000)
    const random = createRandom(4242n)
    const { hash } = createBulkPoseidon()
    const seen = { midAppend: 0, midApply: 0, entries: 0n, roots: 0 }
    for (let first = 0; first < CRASHES; first += CRASHES_PER_STORE) {
      const path = join(makeFolder(), 'store')
      const model = createMemoryLedger({ ...NAME, keep: 1, hash })
      let acknowledged = 0n
      let published = new Map<bigint, bigint>()
      for (let i = first; i < Math.min(CRASHES, first + CRASHES_PER_STORE); i++) {
        const said = await crash(path, i + 1, random.below(400))
        if (said.appended > acknowledged) acknowledged = said.appended
        published = new Map([...published, ...said.roots])

        await using ledger = await createLedger({ ...NAME, path, keep: 3 })
        const name = `crash point ${i}`
        assert.ok(ledger.length >= acknowledged, `${name}: an acknowledged entry is lost`)
        assert.deepEqual(await ledger.entries(), entriesAt(0, Number(ledger.length), HANDLES), name)
        if (ledger.length > acknowledged) seen.midAppend++
        acknowledged = ledger.length

        // Every root that was published or is there is the model's at that length.
        const lengths = new Set([
          ...published.keys(),
          ...ledger.roots().map(({ state }) => state.queueLength),
        ])
        const last = [...published.keys()].at(-1) ?? 0n
        const { reader } = ledger
        assert.ok(reader.state.queueLength >= last, `${name}: an applied entry is lost`)
        if (reader.state.queueLength > last) seen.midApply++
        for (const length of [...lengths].sort((a, b) => (a < b ? -1 : 1))) {
          if (length < model.reader.state.queueLength) continue
          const missing = entriesAt(Number(model.length), Number(length - model.length), HANDLES)
          for (let at = 0; at < missing.length; at += 4096) model.append(...missing.slice(at, at + 4096))
          model.apply()
          const root = ledgerRoot(model.reader.state, hash)
          assert.equal(published.get(length) ?? root, root, `${name}: root at ${length}`)
          const stored = ledger.roots().find(({ state }) => state.queueLength === length)
          if (stored === undefined) continue
          assert.equal(stored.root, root, `${name}: root at ${length}`)
          seen.roots++
          const { handle } = entryAt(random.below(Number(length) + 1), HANDLES)
          assert.deepEqual(ledger.proof(handle, { root }), openLedger(model.reader, handle), name)
        }
        seen.entries = ledger.length > seen.entries ? ledger.length : seen.entries
      }
      removeFolders()
    }
    // The points were not all idle ones.
    assert.ok(
      seen.midAppend > 0 && seen.midApply > 0 && seen.roots > CRASHES && seen.entries > 1000n,
      `${Object.values(seen)}`,
    )
  })
})
