import type { Command } from 'commander'
import { createBulkPoseidon } from '../bn254/poseidon.js'
import { parseDecimal } from '../field.js'
import { isMoved } from '../ledger/entry.js'
import {
  auditRoot,
  createLedger,
  type Entry,
  entryFromJson,
  entryToJson,
  incompleteMoves,
  type Ledger,
  type LedgerName,
  type LedgerRootInfo,
  ledgerHandle,
  ledgerProofToJson,
  ledgerStateToJson,
  readLedgerName,
  repairLedger,
} from '../ledger/index.js'
import { readArray } from '../merkle/json.js'
import { rootsToJson } from '../policy/roots.js'
import { RefusedError, UsageError } from './errors.js'
import { readRoots } from './inputs.js'
import { emitJson, PUBLIC_MODE, printJson, readJson, say } from './io.js'
import { openSoul } from './keys.js'
import { collect, readInteger, readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { withProgress } from './progress.js'

interface OutOptions {
  readonly out?: string
  readonly force?: boolean
}

interface HandleOptions extends PassphraseOptions {
  readonly soul?: string
  readonly handle?: string
}

/** Most entries that a file may have. */
const MOST_ENTRIES = 10_000_000
/** Entries that are applied between two looks at the progress. */
const STRIDE = 50_000

/** Adds `soulproof ledger create|append|apply|root|roots|handle|proof|entries|audit|repair|backup`. */
export function addLedgerCommand(program: Command): void {
  const ledger = program
    .command('ledger')
    .description('keep a ledger of forced entries in a folder: its queue, its tree, and openings of it')
  const onStore = (name: string): Command => ledger.command(name).argument('<folder>', 'folder of the ledger')

  onStore('create')
    .description('create an empty ledger')
    .requiredOption('--id <text>', 'id, from which handles follow: by convention eip155:<chainId>:<contract>')
    .requiredOption('--category <name>', 'a category; once for each of up to 4, in their order', collect, [])
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof ledger create credit --id eip155:1:0xc7… --category unpaid --category defaults',
    )
    .action(async (path: string, { id, category }: { id: string; category: readonly string[] }) => {
      const name = await readLedgerName(path)
      if (name !== undefined) throw new RefusedError('there is a ledger in the folder')
      await using created = await createLedger({ path, id, categories: category })
      printJson(summary(created))
    })

  onStore('append')
    .description('append entries to the queue; they are on the disk when this ends')
    .argument('<entries>', 'file with an entry, or an array of them; - for stdin')
    .addHelpText(
      'after',
      `
An entry is {"handle": "<decimal>", "category": 0, "amount": "-500", "ref": "<decimal>", "at": "<Unix seconds>"}, or
{"handle": …, "category": 31, "to": …} for the notice of a move. This asks nobody whether the attestor may append it: what
stands before the ledger does.

Example:
  $ soulproof ledger append credit entries.json`,
    )
    .action(async (path: string, file: string) => {
      const entries = await readEntries(file, '<entries>')
      await withLedger(path, async (store) => {
        await store.append(entries)
        printJson(summary(store))
      })
    })

  onStore('apply')
    .description('apply the entries that wait to the tree, and print the new root')
    .option('--limit <number>', 'at most so many')
    .addHelpText('after', '\nExample:\n  $ soulproof ledger apply credit')
    .action(async (path: string, options: { limit?: string }) => {
      const limit =
        options.limit === undefined ? Number.MAX_SAFE_INTEGER : readInteger(options.limit, '--limit')
      await withLedger(path, async (store) => {
        await applyWithProgress(store, limit)
        printJson(ledgerStateToJson(newest(store).state))
      })
    })

  onStore('root')
    .description('print the newest root and what it binds, and how many entries wait')
    .option('--all', 'all roots that proofs can be made for, the newest last')
    .addHelpText('after', '\nExample:\n  $ soulproof ledger root credit')
    .action(async (path: string, options: { all?: boolean }) =>
      withLedger(path, async (store) => {
        if (options.all) printJson(store.roots().map(({ state }) => ledgerStateToJson(state)))
        else printJson({ ...summary(store), ...ledgerStateToJson(newest(store).state) })
      }),
    )

  onStore('roots')
    .description("write the ledger's newest root as verify and prove take it, with those of issuers")
    .option('--add-to <file>', 'roots of issuers and of other ledgers to join')
    .option(
      '--at <seconds>',
      'time up to which the root contains every entry; by default now, or that of the first entry that it lacks',
    )
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof ledger roots credit --add-to issuers.json --out roots.json',
    )
    .action(async (path: string, options: OutOptions & { addTo?: string; at?: string }) => {
      const others = options.addTo === undefined ? { issuers: {} } : await readRoots(options.addTo)
      await withLedger(path, async (store) => {
        const { root, state } = newest(store)
        const { queueLength } = state
        const at =
          options.at === undefined ? await completeAt(store, queueLength) : readTime(options.at, '--at')
        const own = { [store.id]: { root, queueLength, at } }
        const joined = { ...others, ledgers: { ...others.ledgers, ...own } }
        await emitJson(rootsToJson(joined), { ...options, mode: PUBLIC_MODE })
      })
    })

  withPassphrase(ledger.command('handle'))
    .description('print the handle of a Soul in a ledger')
    .requiredOption('--soul <file>', 'key file of the Soul')
    .requiredOption('--id <text>', 'id of the ledger')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof ledger handle --soul alice.soul.json --id eip155:1:0xc7…',
    )
    .action(async (options: PassphraseOptions & { soul: string; id: string }) => {
      const soul = await openSoul(options.soul, options)
      printJson({ handle: ledgerHandle({ soul, ledgerId: options.id }).toString() })
    })

  withPassphrase(onStore('proof'))
    .description('open the ledger for a handle: what prove takes as --ledger')
    .option('--soul <file>', 'key file of the Soul whose handle it is')
    .option('--handle <decimal>', 'the handle itself')
    .option('--root <decimal>', 'one of the last roots instead of the newest')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      `
Run it on a copy of the whole ledger: whoever is asked for one opening learns whose it is.

Example:
  $ soulproof ledger proof credit --soul alice.soul.json --out credit.opening.json`,
    )
    .action(async (path: string, options: HandleOptions & OutOptions & { root?: string }) => {
      if ((options.soul === undefined) === (options.handle === undefined)) {
        throw new UsageError('--soul or --handle is needed, and only one of them')
      }
      const root = options.root === undefined ? undefined : parseDecimal(options.root, '--root')
      await withLedger(path, async (store) => {
        const handle = await readHandle(store, options)
        await emitJson(ledgerProofToJson(store.proof(handle, root === undefined ? {} : { root })), options)
      })
    })

  withPassphrase(onStore('entries'))
    .description('print entries of the queue, in order')
    .option('--from <number>', 'position of the first; default 0')
    .option('--limit <number>', 'at most so many')
    .option('--soul <file>', 'only those about this Soul')
    .option('--handle <decimal>', 'only those about this handle')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof ledger entries credit --out queue.json')
    .action(async (path: string, options: HandleOptions & OutOptions & { from?: string; limit?: string }) => {
      const from = options.from === undefined ? 0n : BigInt(readInteger(options.from, '--from'))
      const limit = options.limit === undefined ? undefined : readInteger(options.limit, '--limit')
      if (options.soul !== undefined && options.handle !== undefined) {
        throw new UsageError('--soul and --handle exclude each other')
      }
      await withLedger(path, async (store) => {
        const wantsOne = options.soul !== undefined || options.handle !== undefined
        const handle = wantsOne ? await readHandle(store, options) : undefined
        const entries = (await store.entries(from, limit)).filter(
          (entry) => handle === undefined || entry.handle === handle,
        )
        await emitJson(entries.map(entryToJson), { ...options, mode: PUBLIC_MODE })
      })
    })

  onStore('audit')
    .description('recompute a published root from the queue, and look for moves that leave entries out')
    .requiredOption('--root <decimal>', 'the root')
    .requiredOption('--length <number>', 'entries of the queue that it claims to contain')
    .option(
      '--entries <file>',
      'the queue from elsewhere, such as a contract’s events; only the name is the folder’s',
    )
    .addHelpText(
      'after',
      `
The exit code is 1 if the root does not follow from the queue.

Example:
  $ soulproof ledger audit credit --root 1234… --length 4711`,
    )
    .action(audit)

  onStore('repair')
    .description('make a damaged ledger whole: the tree from its queue, the queue from its entries elsewhere')
    .option('--entries <file>', 'the whole queue, if the folder’s is damaged')
    .option('--id <text>', 'id of the ledger, if the folder does not tell it any more')
    .option('--category <name>', 'its categories, too; once for each', collect, [])
    .addHelpText('after', '\nExample:\n  $ soulproof ledger repair credit --entries queue.json')
    .action(async (path: string, options: { entries?: string; id?: string; category: readonly string[] }) => {
      const { id, category } = options
      const name = id === undefined ? await nameAt(path) : { id, categories: category }
      const entries =
        options.entries === undefined ? undefined : await readEntries(options.entries, '--entries')
      await using store = await repairLedger({ ...name, path, ...(entries && { entries }) })
      printJson(summary(store))
    })

  onStore('backup')
    .description('copy a ledger, whole and consistent, into another folder')
    .argument('<target>', 'folder that is not there yet')
    .addHelpText('after', '\nExample:\n  $ soulproof ledger backup credit /backup/credit')
    .action(async (path: string, target: string) =>
      withLedger(path, async (store) => {
        await store.backup(target)
        printJson(summary(store))
      }),
    )
}

async function audit(
  path: string,
  options: { root: string; length: string; entries?: string },
): Promise<void> {
  const root = parseDecimal(options.root, '--root')
  const queueLength = BigInt(readInteger(options.length, '--length'))
  const name = await nameAt(path)
  const entries =
    options.entries === undefined
      ? await withLedger(path, (store) => store.entries())
      : await readEntries(options.entries, '--entries')
  const { hash } = createBulkPoseidon()
  const result = auditRoot({ ...name, entries, root, queueLength, hash })
  const moves = incompleteMoves(entries)
  if (!result.valid) say(`refused: ${result.reason}`)
  if (moves.length > 0) say('refused: a move is not followed by all entries of the old handle')
  if (!result.valid || moves.length > 0) process.exitCode = 1
  printJson({
    valid: result.valid && moves.length === 0,
    ...(result.valid ? { state: ledgerStateToJson(result.state) } : { reason: result.reason }),
    incompleteMoves: moves,
  })
}

/** Opens the ledger in a folder for one task. */
async function withLedger<T>(path: string, run: (ledger: Ledger) => Promise<T>): Promise<T> {
  const name = await nameAt(path)
  await using ledger = await withProgress('open', (progress) => {
    progress.report('checks every record', 0)
    return createLedger({ ...name, path })
  })
  return await run(ledger)
}

async function nameAt(path: string): Promise<LedgerName> {
  const name = await readLedgerName(path)
  if (name === undefined) throw new UsageError('there is no ledger in the folder; see ledger create')
  return name
}

async function readEntries(path: string, label: string): Promise<Entry[]> {
  const json = await readJson(path, label)
  const list = Array.isArray(json) ? readArray(json, 'entries', MOST_ENTRIES) : [json]
  return list.map((entry, i) => entryFromJson(entry, `entries[${i}]`))
}

async function readHandle(store: Ledger, options: HandleOptions): Promise<bigint> {
  if (options.handle !== undefined) return parseDecimal(options.handle, '--handle')
  return ledgerHandle({ soul: await openSoul(options.soul!, options), ledgerId: store.id })
}

async function applyWithProgress(store: Ledger, limit: number): Promise<void> {
  const waiting = Number(store.length - newest(store).state.queueLength)
  const total = Math.min(limit, waiting)
  await withProgress('apply', async (progress) => {
    for (let done = 0; done < total; done += STRIDE) {
      progress.report(`${done} of ${total} entries`, done / total)
      await store.apply(Math.min(STRIDE, total - done))
    }
  })
}

/** Time up to which the tree contains every entry: now, or that of the first one that it lacks. */
async function completeAt(store: Ledger, queueLength: bigint): Promise<bigint> {
  const now = readTime(undefined, '--at')
  const [next] = await store.entries(queueLength, 1)
  if (next === undefined) return now
  // A notice of a move has no time.
  if (isMoved(next)) return 0n
  const isPast = next.at < now
  return isPast ? next.at : now
}

function newest(store: Ledger): LedgerRootInfo {
  return store.roots().at(-1)!
}

function summary(store: Ledger): object {
  const { queueLength } = newest(store).state
  return {
    id: store.id,
    categories: store.categories,
    length: store.length.toString(),
    waiting: (store.length - queueLength).toString(),
  }
}
