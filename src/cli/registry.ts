import type { Command } from 'commander'
import { proofToJson, Registry } from '../merkle/index.js'
import { isRecord, readDecimal } from '../merkle/json.js'
import { rootsToJson } from '../policy/roots.js'
import { type Sbt, sbtFromJson } from '../sbt/index.js'
import { RefusedError, UsageError } from './errors.js'
import { readRoots } from './inputs.js'
import { emitJson, PUBLIC_MODE, printJson, readJson, say, withLocks, writeFiles } from './io.js'
import { readIssuerId } from './keys.js'
import { readInteger } from './options.js'
import { insertOnce, openLeaf, readKind, readRegistry, registryOutput } from './registry-file.js'

/** Adds `soulproof registry create|insert|revoke|proof|root|roots`. */
export function addRegistryCommand(program: Command): void {
  const registry = program
    .command('registry')
    .description(
      "keep an issuer's trees in files: the registry of issued SBTs and the status tree of revocations",
    )

  registry
    .command('create')
    .description('create an empty tree')
    .argument('<file>', 'tree file to write')
    .requiredOption('--kind <kind>', 'issued or status')
    .option('--force', 'replace the file: what is issued and revoked in it is lost')
    .addHelpText('after', '\nExample:\n  $ soulproof registry create gov.status.json --kind status')
    .action(async (file: string, options: { kind: string; force?: boolean }) => {
      const tree = new Registry({ kind: readKind(options.kind, '--kind') })
      await writeFiles([registryOutput(tree, file, options.force ?? false)])
      printJson(summary(tree))
    })

  registry
    .command('insert')
    .description('insert the leaf of an SBT into a registry, or reserve the next statusId of a status tree')
    .argument('<file>', 'tree file to change')
    .option('--sbt <file>', 'an issued, held or bare SBT, whose leaf is inserted')
    .option('--leaf <decimal>', 'the leaf itself')
    .addHelpText('after', '\nExample:\n  $ soulproof registry insert gov.registry.json --sbt passport.json')
    .action((file: string, options: LeafOptions) =>
      withLocks([file], async () => {
        const tree = await readRegistry(file)
        const index = insertOnce(tree, await leafFor(tree, options))
        await writeFiles([registryOutput(tree, file, true)])
        printJson({ index, ...summary(tree) })
      }),
    )

  registry
    .command('revoke')
    .description('revoke an SBT in every tree that the issuer keeps, or what stands at one index of one tree')
    .argument('<files...>', 'tree files to change')
    .option('--sbt <file>', 'an issued, held or bare SBT')
    .option('--index <number>', 'index in the one tree')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof registry revoke gov.registry.json gov.status.json --sbt passport.json',
    )
    .action(revoke)

  registry
    .command('proof')
    .description('open a tree at a leaf')
    .argument('<file>', 'tree file')
    .option('--sbt <file>', 'an issued, held or bare SBT')
    .option('--leaf <decimal>', 'a leaf of a registry')
    .option('--index <number>', 'an index')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText('after', '\nExample:\n  $ soulproof registry proof gov.status.json --sbt passport.json')
    .action(async (file: string, options: LeafOptions & OutOptions & { index?: string }) => {
      const tree = await readRegistry(file)
      await emitJson(proofToJson(await openingFor(tree, options)), options)
    })

  registry
    .command('root')
    .description('print kind, root and size of a tree')
    .argument('<file>', 'tree file')
    .addHelpText('after', '\nExample:\n  $ soulproof registry root gov.registry.json')
    .action(async (file: string) => printJson(summary(await readRegistry(file))))

  registry
    .command('roots')
    .description("write an issuer's roots as verify and prove take them")
    .argument('<files...>', "the issuer's tree files, one of a kind")
    .requiredOption('--issuer <id>', 'eddsa:<x>:<y> or eip155:<chainId>:<0xaddress>')
    .option('--add-to <file>', 'roots of other issuers to join')
    .option('--out <file>', 'write here instead of stdout')
    .option('--force', 'replace the file')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof registry roots gov.registry.json gov.status.json --issuer eddsa:12…:34… --out roots.json',
    )
    .action(roots)
}

interface LeafOptions {
  readonly sbt?: string
  readonly leaf?: string
}

interface OutOptions {
  readonly out?: string
  readonly force?: boolean
}

async function revoke(files: readonly string[], options: { sbt?: string; index?: string }): Promise<void> {
  requireOne({ '--sbt': options.sbt, '--index': options.index })
  if (new Set(files).size !== files.length) throw new UsageError('a tree file is named twice')
  if (options.index !== undefined && files.length > 1) throw new UsageError('--index takes one tree file')
  const sbt = options.sbt === undefined ? undefined : await readSbt(options.sbt)
  await withLocks(files, async () => {
    const trees = await Promise.all(files.map((file) => readRegistry(file)))
    const revoked = trees.map((tree) => {
      const indexes = sbt === undefined ? [readInteger(options.index!, '--index')] : placesOf(tree, sbt)
      for (const index of indexes) tree.revoke(index)
      return indexes
    })
    if (revoked.every((indexes) => indexes.length === 0)) {
      throw new RefusedError('the registry does not have the leaf: it was never inserted, or is revoked')
    }
    await writeFiles(trees.map((tree, i) => registryOutput(tree, files[i]!, true)))
    if (sbt !== undefined && new Set(trees.map(({ kind }) => kind)).size === 1) {
      say('note: if the issuer also keeps a tree of the other kind, the SBT has to be revoked there too')
    }
    printJson(trees.map((tree, i) => ({ file: files[i], revoked: revoked[i], ...summary(tree) })))
  })
}

async function roots(
  files: readonly string[],
  options: OutOptions & { issuer: string; addTo?: string },
): Promise<void> {
  const issuer = readIssuerId(options.issuer)
  const trees = await Promise.all(files.map((file) => readRegistry(file)))
  if (new Set(trees.map(({ kind }) => kind)).size !== trees.length) {
    throw new UsageError('an issuer has one registry and one status tree in a set of roots')
  }
  const others = options.addTo === undefined ? { issuers: {} } : await readRoots(options.addTo)
  const own = Object.fromEntries(
    trees.map(({ kind, root }) => [kind === 'issued' ? 'registry' : 'status', root]),
  )
  const joined = { ...others, issuers: { ...others.issuers, [issuer]: own } }
  await emitJson(rootsToJson(joined), { ...options, mode: PUBLIC_MODE })
}

/** Where an SBT stands in a tree: its statusId, or every place of its leaf. */
function placesOf(tree: Registry, sbt: Sbt): number[] {
  if (tree.kind === 'status') return [sbt.statusId]
  return tree.leaves.flatMap((leaf, index) => (leaf === sbt.leaf ? [index] : []))
}

async function leafFor(tree: Registry, options: LeafOptions): Promise<bigint> {
  if (tree.kind === 'status') {
    if (options.sbt !== undefined || options.leaf !== undefined) {
      throw new UsageError('a status tree takes neither --sbt nor --leaf: insert reserves the next statusId')
    }
    return 0n
  }
  requireOne({ '--sbt': options.sbt, '--leaf': options.leaf })
  if (options.sbt !== undefined) return (await readSbt(options.sbt)).leaf
  return readDecimal(options.leaf, '--leaf')
}

async function openingFor(
  tree: Registry,
  options: LeafOptions & { index?: string },
): Promise<ReturnType<Registry['proof']>> {
  requireOne({ '--sbt': options.sbt, '--leaf': options.leaf, '--index': options.index })
  if (options.index !== undefined) return tree.proof(readInteger(options.index, '--index'))
  if (options.leaf !== undefined) {
    if (tree.kind === 'status') throw new UsageError('--leaf: a status tree is opened by --index or --sbt')
    return openLeaf(tree, readDecimal(options.leaf, '--leaf'))
  }
  const sbt = await readSbt(options.sbt!)
  return tree.kind === 'status' ? tree.proof(sbt.statusId) : openLeaf(tree, sbt.leaf)
}

/** Reads an SBT that stands by itself, or in what `issue` or `soul hold` printed. */
async function readSbt(path: string): Promise<Sbt> {
  const json = await readJson(path, '--sbt')
  return sbtFromJson(isRecord(json) && Object.hasOwn(json, 'sbt') ? json['sbt'] : json)
}

function requireOne(options: Readonly<Record<string, unknown>>): void {
  const given = Object.values(options).filter((value) => value !== undefined)
  if (given.length !== 1) throw new UsageError(`one of ${Object.keys(options).join(', ')} is needed`)
}

function summary(tree: Registry): { kind: string; root: string; size: number } {
  return { kind: tree.kind, root: tree.root.toString(), size: tree.size }
}
