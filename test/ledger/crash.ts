import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'vite'
import { createBulkPoseidon } from '../../src/bn254/poseidon.js'
import {
  createLedger,
  createMemoryLedger,
  type Entry,
  ledgerRoot,
  type MemoryLedger,
  openLedger,
} from '../../src/ledger/index.js'
import { createRandom, entriesAt, entryAt, makeFolder, NAME } from './store-support.js'

/** Crashes of one store before the next begins, so that checking one stays cheap. */
const CRASHES_PER_STORE = 10
const HANDLES = 5000
/** Milliseconds after opening, at most, at which a writer is killed. */
const LONGEST_LIFE = 200

/** What was seen at the crash points, to tell that they were not all idle ones. */
export interface CrashReport {
  readonly points: number
  /** Points that cut an append off, of which part was on the disk without being acknowledged. */
  readonly midAppend: number
  /** Points between the writing of a root and its announcement. */
  readonly midApply: number
  /** Entries of the longest queue. */
  readonly entries: number
  /** Roots that were compared with those of a ledger in memory. */
  readonly roots: number
}

/** A writer that has loaded its program and waits for a store. */
interface Writer {
  readonly process: ChildProcess
  /** Opens the store, and kills the writer some milliseconds later. Returns what it said until then. */
  crash(o: { readonly path: string; readonly seed: number; readonly milliseconds: number }): Promise<Said>
}

/** What a writer said before it was killed: acknowledgements, kept outside of the store. */
interface Said {
  readonly appended: bigint
  readonly roots: ReadonlyMap<bigint, bigint>
}

/**
 * Kills a writer of a ledger on disk at random moments with SIGKILL, and after each checks that no acknowledged entry is lost,
 * and that every root is one that the queue explains.
 *
 * @throws {AssertionError} naming the point at which something was lost
 */
export async function crashPoints(o: {
  readonly count: number
  readonly seed: bigint
  readonly onPoint?: (report: CrashReport) => void
}): Promise<CrashReport> {
  const random = createRandom(o.seed)
  const program = await bundleWriter()
  const seen = { points: 0, midAppend: 0, midApply: 0, entries: 0, roots: 0 }
  // One ahead, so that it starts while the store of the last one is checked.
  let next = startWriter(program)
  try {
    while (seen.points < o.count) {
      const store = openStore()
      for (let i = 0; i < CRASHES_PER_STORE && seen.points < o.count; i++) {
        const writer = next
        next = startWriter(program)
        const seed = seen.points + 1
        const said = await writer.crash({ path: store.path, seed, milliseconds: random.below(LONGEST_LIFE) })
        const found = await checkStore(store, { said, name: `crash point ${seen.points}`, random })
        seen.points++
        if (found.isMidAppend) seen.midAppend++
        if (found.isMidApply) seen.midApply++
        seen.roots += found.roots
        seen.entries = Math.max(seen.entries, store.expected.length)
        o.onPoint?.(seen)
      }
    }
  } finally {
    next.process.kill('SIGKILL')
  }
  return seen
}

/** Writes the writer's program into one file, which starts in a fraction of the time. */
async function bundleWriter(): Promise<string> {
  const outDir = makeFolder()
  // A file outside of the package finds no dependencies by their names.
  const database = pathToFileURL(createRequire(import.meta.url).resolve('classic-level')).href
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ...{ outDir, ssr: fileURLToPath(new URL('./writer.ts', import.meta.url)), minify: false },
      rolldownOptions: {
        external: ['classic-level'],
        output: { entryFileNames: 'writer.mjs', paths: { 'classic-level': database } },
      },
    },
    ssr: { noExternal: true },
  })
  return join(outDir, 'writer.mjs')
}

function startWriter(program: string): Writer {
  const writer = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    // All output is read before that, also what was written just before the end.
    writer.once('close', (_code, signal) => resolve(signal)),
  )
  writer.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  // It may be gone before it is told anything, when a test has failed.
  writer.stdin.on('error', () => undefined)
  return {
    process: writer,
    async crash({ path, seed, milliseconds }) {
      let isKilling = false
      writer.stdout.on('data', (chunk: Buffer) => {
        output += chunk
        if (isKilling || !output.startsWith('open\n')) return
        isKilling = true
        setTimeout(() => writer.kill('SIGKILL'), milliseconds)
      })
      writer.stdin.end(JSON.stringify({ path, seed }))
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
    },
  }
}

/** A store with what has to be in it. */
interface CheckedStore {
  readonly path: string
  readonly model: MemoryLedger
  readonly hash: (inputs: readonly bigint[]) => bigint
  /** Entries of the queue, as far as they were there before. */
  readonly expected: Entry[]
  acknowledged: bigint
  readonly published: Map<bigint, bigint>
}

function openStore(): CheckedStore {
  const { hash } = createBulkPoseidon()
  return {
    ...{ path: join(makeFolder(), 'store'), hash, model: createMemoryLedger({ ...NAME, keep: 1, hash }) },
    ...{ expected: [], acknowledged: 0n, published: new Map() },
  }
}

async function checkStore(
  store: CheckedStore,
  o: { readonly said: Said; readonly name: string; readonly random: ReturnType<typeof createRandom> },
): Promise<{ isMidAppend: boolean; isMidApply: boolean; roots: number }> {
  const { path, model, hash, expected, published } = store
  const { said, name, random } = o
  if (said.appended > store.acknowledged) store.acknowledged = said.appended
  for (const [length, root] of said.roots) published.set(length, root)

  await using ledger = await createLedger({ ...NAME, path, keep: 3 })
  assert.ok(ledger.length >= store.acknowledged, `${name}: an acknowledged entry is lost`)
  expected.push(...entriesAt(expected.length, Number(ledger.length) - expected.length, HANDLES))
  assert.deepEqual(await ledger.entries(), expected, name)
  const isMidAppend = ledger.length > store.acknowledged
  store.acknowledged = ledger.length

  // Every root that was published or is there is the model's at that length.
  const last = [...published.keys()].at(-1) ?? 0n
  const { reader } = ledger
  assert.ok(reader.state.queueLength >= last, `${name}: an applied entry is lost`)
  const lengths = new Set([...published.keys(), ...ledger.roots().map(({ state }) => state.queueLength)])
  let roots = 0
  for (const length of [...lengths].sort((a, b) => (a < b ? -1 : 1))) {
    if (length < model.reader.state.queueLength) continue
    const missing = expected.slice(Number(model.length), Number(length))
    for (let at = 0; at < missing.length; at += 4096) model.append(...missing.slice(at, at + 4096))
    model.apply()
    const root = ledgerRoot(model.reader.state, hash)
    assert.equal(published.get(length) ?? root, root, `${name}: root at ${length}`)
    const stored = ledger.roots().find(({ state }) => state.queueLength === length)
    if (stored === undefined) continue
    assert.equal(stored.root, root, `${name}: root at ${length}`)
    roots++
    const { handle } = entryAt(random.below(Number(length) + 1), HANDLES)
    assert.deepEqual(ledger.proof(handle, { root }), openLedger(model.reader, handle), name)
  }
  return { isMidAppend, isMidApply: reader.state.queueLength > last, roots }
}
