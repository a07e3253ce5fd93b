import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { FeedError } from '../errors.js'
import {
  checkEquivocation,
  createFeedKey,
  type DeltaDigests,
  deltaDigest,
  type FeedHead,
  type FeedId,
  type FeedState,
  feedHeadFromJson,
  findEquivocation,
  followFeed,
  followTree,
  type IssuerTrees,
  openFeed,
  publishEntry,
  refreshHeld,
} from '../feed/index.js'
import { deltaToJson, Registry, type RegistryKind } from '../merkle/index.js'
import { isRecord } from '../merkle/json.js'
import { rootsToJson } from '../policy/roots-json.js'
import type { Policy, Roots } from '../policy/types.js'
import { type HeldSbt, heldSbtFromJson, heldSbtToJson } from '../sbt/index.js'
import { RefusedError, UsageError } from './errors.js'
import {
  type DeltasFile,
  deltasFile,
  entryFile,
  type FeedSource,
  HEAD_FILE,
  lastOf,
  openSource,
  readEntries,
  readSource,
  readTree,
  treeFile,
} from './feed-folder.js'
import { readPolicy, readRoots } from './inputs.js'
import {
  emitJson,
  formatJson,
  type Output,
  PRIVATE_MODE,
  PUBLIC_MODE,
  printJson,
  readJson,
  say,
  withLocks,
  writeFiles,
} from './io.js'
import { type NewKeyOptions, openFeedKey, readIssuerId, saveFeedKey } from './keys.js'
import { collect, readInteger, readTime } from './options.js'
import { type PassphraseOptions, withPassphrase } from './passphrase.js'
import { readRegistry, registryOutput } from './registry-file.js'

/** Adds `soulproof feed create|publish|check|refresh|compare|convict`. */
export function addFeedCommand(program: Command): void {
  const feed = program
    .command('feed')
    .description(
      "publish and follow issuers' roots and trees, signed and dated, so that no one is shown others",
    )

  withPassphrase(feed.command('create'))
    .description("create a publisher's key in an encrypted key file and print the name of its feed")
    .requiredOption('--out <file>', 'key file to write')
    .option('--force', 'replace the key file: the feed of it can no longer be continued')
    .addHelpText('after', '\nExample:\n  $ soulproof feed create --out gov.feed.json')
    .action(async (options: NewKeyOptions) => {
      const key = createFeedKey()
      await saveFeedKey(key, options)
      printJson({ feed: key.id, file: options.out })
    })

  withPassphrase(feed.command('publish'))
    .description('sign the next entry of a feed into its folder, which any server of files may serve')
    .argument('<folder>', 'folder of the feed; made with the first entry')
    .requiredOption('--key <file>', 'key file of the publisher')
    .option('--tree <issuer=file>', 'a tree of an issuer; may be given several times', collect, [])
    .option('--roots <file>', 'roots without their trees, such as those of ledgers')
    .option('--policy <file>', 'publish its anchors root too; may be given several times', collect, [])
    .option('--hours <number>', 'how long the entry is fresh', '24')
    .option('--next <file>', 'key file that signs from the next entry on, under the same passphrase')
    .option('--now <seconds>', "Unix time instead of the machine's")
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof feed publish gov-feed --key gov.feed.json --tree eddsa:12…:34…=gov.status.json',
    )
    .action((folder: string, options: PublishOptions) => publish(folder, options))

  feed
    .command('check')
    .description('check every new entry of a feed, and print the roots of the last one')
    .argument('<source>', 'folder of the feed, or its address')
    .requiredOption('--feed <name>', 'name of the feed, from where you trust it')
    .option('--head <file>', 'what you know of it: read if it is there, and written if all is well')
    .option('--now <seconds>', "Unix time instead of the machine's")
    .option('--out <file>', 'write the roots here, as verify and prove take them')
    .option('--force', 'replace that file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof feed check https://gov.example/feed --feed eddsa:12…:34… --head gov.head.json --out roots.json',
    )
    .action(check)

  feed
    .command('refresh')
    .description(
      'follow a feed and open held SBTs again, from whole trees: nobody is told which leaf is yours',
    )
    .argument('<source>', 'folder of the feed, or its address')
    .requiredOption('--feed <name>', 'name of the feed, from where you trust it')
    .requiredOption('--state <folder>', 'where your copies of the trees are kept')
    .option('--sbt <file>', 'a held SBT, which is replaced; may be given several times', collect, [])
    .option('--out <file>', 'write the roots here, as prove takes them; replaced')
    .option('--now <seconds>', "Unix time instead of the machine's")
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof feed refresh https://gov.example/feed --feed eddsa:12…:34… --state gov \\\n' +
        '      --sbt passport.held.json --out roots.json',
    )
    .action(refresh)

  feed
    .command('compare')
    .description('compare two copies of a feed, and print a proof if they are two histories')
    .argument('<ours>', 'folder or address')
    .argument('<theirs>', 'folder or address')
    .requiredOption('--feed <name>', 'name of the feed')
    .option('--out <file>', 'write the proof here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof feed compare ours theirs --feed eddsa:12…:34… --out proof.json',
    )
    .action(compare)

  feed
    .command('convict')
    .description('check a proof that a publisher signed two histories')
    .argument('<proof>', 'file that compare or check wrote, or - for stdin')
    .requiredOption('--feed <name>', 'name of the feed')
    .addHelpText('after', '\nExample:\n  $ soulproof feed convict proof.json --feed eddsa:12…:34…')
    .action(async (path: string, options: { feed: string }) => {
      const equivocation = await readJson(path, 'proof')
      const proved = checkEquivocation({ feed: options.feed, equivocation })
      if (!proved) {
        say('refused: it does not prove that this feed has two histories')
        process.exitCode = 1
      }
      printJson({ proved })
    })
}

interface PublishOptions extends PassphraseOptions {
  readonly key: string
  readonly tree: readonly string[]
  readonly roots?: string
  readonly policy: readonly string[]
  readonly hours: string
  readonly next?: string
  readonly now?: string
}

async function publish(folder: string, options: PublishOptions): Promise<void> {
  const at = readTime(options.now, '--now')
  const expiresAt = at + 3600n * BigInt(readInteger(options.hours, '--hours'))
  const trees = await readTrees(options.tree)
  const given = options.roots === undefined ? { issuers: {} } : await readRoots(options.roots)
  const roots = joinRoots(given, trees)
  const policies: Policy[] = []
  for (const file of options.policy) policies.push(await readPolicy(file))
  const key = await openFeedKey(options.key, options)
  const next = options.next === undefined ? undefined : await openFeedKey(options.next, options)
  const isThere = await stat(folder).catch(() => undefined)
  await mkdir(folder, { recursive: true }).catch(() => {
    throw new UsageError(`${folder} cannot be made`)
  })
  await withLocks([join(folder, HEAD_FILE)], async () => {
    const source = openSource(folder)
    const head = isThere ? await ownHead(source, key.id) : openFeed({ feed: key.id })
    const { deltas, digests } = await deltasSince(source, head, trees)
    const made = publishEntry({
      ...{ head, key, roots, policies, at, expiresAt },
      ...(Object.keys(digests).length > 0 && { deltas: digests }),
      ...(next && { next }),
    })
    const sequence = BigInt(made.entry.sequence)
    const file = (name: string, content: string, replace: boolean): Output => {
      return { path: join(folder, name), content, mode: PUBLIC_MODE, replace }
    }
    const entry = formatJson(made.entry)
    const changes = JSON.stringify(deltas)
    await writeFiles([
      ...trees.map(({ tree }) => registryOutput(tree, join(folder, treeFile(tree.kind, tree.root)), true)),
      file(deltasFile(sequence), changes, true),
      // An entry is never replaced: another one of its number would be a fork.
      file(entryFile(sequence), entry, false),
      file(HEAD_FILE, formatJson(made.head), true),
    ])
    printJson({
      feed: head.feed,
      sequence: sequence.toString(),
      expiresAt: expiresAt.toString(),
      bytes: { entry: JSON.stringify(made.entry).length, deltas: changes.length },
    })
  })
}

interface NamedTree {
  readonly issuer: string
  readonly name: 'registry' | 'status'
  readonly tree: Registry
}

async function readTrees(list: readonly string[]): Promise<NamedTree[]> {
  const trees: NamedTree[] = []
  for (const text of list) {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError('--tree: must be the id of an issuer, = and a file')
    const issuer = readIssuerId(text.slice(0, at))
    const tree = await readRegistry(text.slice(at + 1))
    const name = tree.kind === 'issued' ? 'registry' : 'status'
    if (trees.some((other) => other.issuer === issuer && other.name === name)) {
      throw new UsageError('--tree: an issuer has one registry and one status tree in a set of roots')
    }
    trees.push({ issuer, name, tree })
  }
  return trees
}

function joinRoots(given: Roots, trees: readonly NamedTree[]): Roots {
  const issuers: Record<string, { registry?: bigint; status?: bigint }> = { ...given.issuers }
  for (const { issuer, name, tree } of trees) {
    const own = Object.hasOwn(issuers, issuer) ? issuers[issuer] : {}
    if (own?.[name] !== undefined) throw new UsageError('--tree: --roots has a root of this tree already')
    issuers[issuer] = { ...own, [name]: tree.root }
  }
  return { ...given, issuers }
}

/** The publisher's own head; if a run was cut off after its entry was written, the head that follows from it. */
async function ownHead(source: FeedSource, key: FeedId): Promise<FeedHead> {
  const json = await readSource(source, HEAD_FILE)
  const feed = isRecord(json) ? json['feed'] : key
  if (typeof feed !== 'string') throw new UsageError('feed: head.json is malformed')
  const head = json === undefined ? openFeed({ feed }) : feedHeadFromJson(json, { feed })
  const entry = await readSource(source, entryFile((lastOf(head) ?? -1n) + 1n))
  if (entry === undefined) return head
  const published = isRecord(entry) ? entry['publishedAt'] : undefined
  const now = typeof published === 'string' && /^[0-9]{1,18}$/.test(published) ? BigInt(published) : 0n
  return followFeed({ head, entries: [entry], now }).head
}

async function deltasSince(
  source: FeedSource,
  head: FeedHead,
  trees: readonly NamedTree[],
): Promise<{ readonly deltas: DeltasFile; readonly digests: DeltaDigests }> {
  const deltas: Record<string, Record<string, unknown>> = {}
  const digests: Record<string, Record<string, string>> = {}
  for (const { issuer, name, tree } of trees) {
    const before = head.last?.roots.issuers[issuer]?.[name]
    const old =
      before === undefined ? new Registry({ kind: tree.kind }) : await readTree(source, tree.kind, before)
    if (old === undefined) throw new UsageError(`feed: ${treeFile(tree.kind, before!)} is missing`)
    if (old.root === tree.root && old.size === tree.size) continue
    let delta: ReturnType<Registry['since']>
    try {
      delta = tree.since(old)
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause
      throw new RefusedError(
        '--tree: takes back what the entry before published; leaves only come and are revoked',
      )
    }
    deltas[issuer] = { ...deltas[issuer], [name]: deltaToJson(delta) }
    digests[issuer] = { ...digests[issuer], [name]: deltaDigest(delta) }
  }
  return { deltas: deltas as DeltasFile, digests }
}

async function check(
  place: string,
  options: { feed: string; head?: string; now?: string; out?: string; force?: boolean },
): Promise<void> {
  const { feed, head: headPath, out, force: replace = false } = options
  const now = readTime(options.now, '--now')
  const isKnown = headPath !== undefined && (await stat(headPath).catch(() => undefined)) !== undefined
  const head = isKnown ? feedHeadFromJson(await readJson(headPath, '--head'), { feed }) : openFeed({ feed })
  const state = await following(async () => {
    const entries = await readEntries(openSource(place), lastOf(head) ?? 0n)
    return { entries, state: followFeed({ head, entries, now }) }
  })
  if (state === undefined) return
  const roots = rootsToJson(state.state.roots)
  const outputs: Output[] = []
  if (headPath !== undefined) {
    outputs.push({ path: headPath, content: formatJson(state.state.head), mode: PUBLIC_MODE, replace: true })
  }
  if (out !== undefined) outputs.push({ path: out, content: formatJson(roots), mode: PUBLIC_MODE, replace })
  await writeFiles(outputs)
  const { sequence, digest, publishedAt, expiresAt } = state.state
  printJson({
    valid: true,
    ...{ feed, sequence: sequence.toString(), digest },
    ...{ publishedAt: publishedAt.toString(), expiresAt: expiresAt.toString() },
    checked: state.entries.length,
    bytes: JSON.stringify(state.entries).length,
    ...(out === undefined && { roots }),
  })
}

/** Runs what follows a feed; what it refuses is printed with its proof, if there is one. */
async function following<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof FeedError) || error.problem === 'malformed') throw error
    const { problem, message, equivocation } = error
    say(`refused: ${message}`)
    process.exitCode = 1
    printJson({ valid: false, problem, reason: message, ...(equivocation !== undefined && { equivocation }) })
    return undefined
  }
}

interface RefreshOptions {
  readonly feed: string
  readonly state: string
  readonly sbt: readonly string[]
  readonly out?: string
  readonly now?: string
}

async function refresh(place: string, options: RefreshOptions): Promise<void> {
  const { feed, out } = options
  const now = readTime(options.now, '--now')
  const held: { file: string; sbt: HeldSbt }[] = []
  for (const file of options.sbt) held.push({ file, sbt: heldSbtFromJson(await readJson(file, '--sbt')) })
  await mkdir(options.state, { recursive: true }).catch(() => {
    throw new UsageError('--state: the folder cannot be made')
  })
  const headPath = join(options.state, HEAD_FILE)
  await withLocks([headPath], async () => {
    const done = await following(() => follow(place, { ...options, now, held: held.map(({ sbt }) => sbt) }))
    if (done === undefined) return
    const { state, trees, bytes, old } = done
    const results = held.map(({ file, sbt }) => ({
      file,
      ...renew(sbt, trees.get(sbt.sbt.issuer) ?? {}, state),
    }))
    const outputs: Output[] = results.flatMap(({ file, fresh }) =>
      fresh === undefined
        ? []
        : [{ path: file, content: formatJson(heldSbtToJson(fresh)), mode: PRIVATE_MODE, replace: true }],
    )
    const kept = [...trees.values()].flatMap(({ registry, status }) => [registry, status])
    const copies = kept.filter((tree) => tree !== undefined)
    const names = new Set(copies.map((tree) => treeFile(tree.kind, tree.root)))
    for (const tree of copies) {
      outputs.push({
        ...registryOutput(tree, join(options.state, treeFile(tree.kind, tree.root)), true),
        mode: PRIVATE_MODE,
      })
    }
    if (out !== undefined) {
      outputs.push({
        path: out,
        content: formatJson(rootsToJson(state.roots)),
        mode: PUBLIC_MODE,
        replace: true,
      })
    }
    // Last: with the head before, a run that was cut off is done again.
    outputs.push({ path: headPath, content: formatJson(state.head), mode: PRIVATE_MODE, replace: true })
    await writeFiles(outputs)
    for (const name of old) if (!names.has(name)) await rm(join(options.state, name), { force: true })
    const revoked = results.filter(({ problem }) => problem !== undefined)
    for (const { file, problem } of revoked) say(`refused: ${file}: ${problem}`)
    if (revoked.length > 0) process.exitCode = 1
    printJson({
      valid: revoked.length === 0,
      ...{ feed, sequence: state.sequence.toString(), expiresAt: state.expiresAt.toString() },
      sbts: results.map(({ file, problem }) => ({
        file,
        ...(problem === undefined ? { refreshed: true } : { problem }),
      })),
      bytes,
    })
  })
}

function renew(
  held: HeldSbt,
  trees: IssuerTrees,
  state: FeedState,
): { readonly fresh?: HeldSbt; readonly problem?: string } {
  try {
    return { fresh: refreshHeld({ held, trees, state }) }
  } catch (error) {
    if (error instanceof FeedError) return { problem: error.message }
    throw error
  }
}

/** Follows the entries, then each tree that is needed: by deltas from the own copy, or whole. */
async function follow(
  place: string,
  o: {
    readonly feed: string
    readonly state: string
    readonly now: bigint
    readonly held: readonly HeldSbt[]
  },
): Promise<{
  readonly state: FeedState
  readonly trees: ReadonlyMap<string, IssuerTrees>
  readonly bytes: number
  /** Copies that were there before. */
  readonly old: readonly string[]
}> {
  const { feed, now, held } = o
  let bytes = 0
  const remote = openSource(place)
  const source: FeedSource = {
    async read(name) {
      const text = await remote.read(name)
      bytes += text?.length ?? 0
      return text
    },
  }
  const own = openSource(o.state)
  const json = await readSource(own, HEAD_FILE)
  const known = json === undefined ? undefined : feedHeadFromJson(json, { feed })
  // Who knows nothing yet begins at the head that is shown: it proves its keys by itself.
  const head = known ?? feedHeadFromJson(await readSource(source, HEAD_FILE), { feed })
  const entries = known === undefined ? [] : await readEntries(source, lastOf(known) ?? 0n)
  const state = followFeed({ head, entries, now })
  const changes = new Map<bigint, unknown>()
  for (const { sequence, digests } of state.deltas) {
    // For everybody the same files, whatever is held.
    if (Object.keys(digests).length > 0) changes.set(sequence, await readSource(source, deltasFile(sequence)))
  }
  const trees = new Map<string, { registry?: Registry; status?: Registry }>()
  const old: string[] = []
  for (const [issuer, roots] of Object.entries(state.roots.issuers)) {
    const before = known?.last?.roots.issuers[issuer]
    for (const name of ['registry', 'status'] as const) {
      const root = roots[name]
      if (root === undefined) continue
      const kind: RegistryKind = name === 'registry' ? 'issued' : 'status'
      const copy = before?.[name] === undefined ? undefined : await readTree(own, kind, before[name])
      if (copy !== undefined) old.push(treeFile(kind, copy.root))
      const isNeeded = held.some(
        ({ sbt, anchor }) => sbt.issuer === issuer && 'registered' in anchor === (name === 'registry'),
      )
      let tree = copy
      if (tree !== undefined) {
        const deltas = state.deltas.flatMap(({ sequence, digests }) => {
          if (digests[issuer]?.[name] === undefined) return []
          const file = changes.get(sequence)
          const one = isRecord(file) && Object.hasOwn(file, issuer) ? file[issuer] : undefined
          return [isRecord(one) ? one[name] : undefined]
        })
        followTree({ tree, state, issuer, deltas })
      } else if (isNeeded) {
        tree = await readTree(source, kind, root)
        if (tree === undefined) throw new UsageError(`feed: ${treeFile(kind, root)} is missing`)
      }
      if (tree !== undefined) trees.set(issuer, { ...trees.get(issuer), [name]: tree })
    }
  }
  return { state, trees, bytes, old }
}

async function compare(
  ours: string,
  theirs: string,
  options: { feed: string; out?: string; force?: boolean },
): Promise<void> {
  const { feed } = options
  const [a, b] = [await readEntries(openSource(ours), 0n), await readEntries(openSource(theirs), 0n)]
  const found = findEquivocation({ feed, ours: a, theirs: b })
  if (found === undefined) {
    printJson({ equal: true, entries: Math.min(a.length, b.length) })
    return
  }
  say('refused: the feed has two histories; the proof convinces everybody who knows its name')
  process.exitCode = 1
  await emitJson(found, { ...options, mode: PUBLIC_MODE })
}
