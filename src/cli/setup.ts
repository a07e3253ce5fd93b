import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { authenticatePhase1 } from '../ceremony/phase1.js'
import { createUniversalKeys } from '../ceremony/universal-keys.js'
import { ArtifactError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import type { PlonkManifestEntry } from '../plonk-manifest.js'
import { inspectArtifact } from '../prover/artifacts.js'
import { artifactPackage } from '../prover/sources.js'
import { buildStatement, formatJson } from '../setup/build.js'
import { buildPlonkStatement } from '../setup/plonk/build.js'
import { developmentReference, type Reference } from '../setup/plonk/reference.js'
import { writeAtomically } from '../setup/write.js'
import { MANIFEST } from '../statements/manifest.js'
import { PLONK_MANIFEST } from '../statements/plonk.js'
import { sayProvenance, warnOfDevelopmentKey } from './development-key.js'
import { RefusedError, UsageError } from './errors.js'
import { printJson, readBytes } from './io.js'
import { collect } from './options.js'
import { type Progress, withProgress } from './progress.js'

// The package's own folders: this file is two levels below the root, in src as in dist.
const ZKEYS = new URL('../../zkeys/', import.meta.url)
const CIRCUITS = new URL('../../circuits/statements/', import.meta.url)

/** What is pinned about a statement's artifacts, whichever the proof system. */
type Pinned = Pick<ManifestEntry, 'sourceHash' | 'constraints' | 'artifacts' | 'verificationKeyHash'> &
  Pick<ManifestEntry | PlonkManifestEntry, 'provenance'>

/** The artifacts of one proof system. */
interface Kit {
  readonly entries: Readonly<Record<string, Pinned>>
  /** Endings of files without which nobody proves or verifies; others serve development and are not packed. */
  readonly needed: readonly string[]
  /** How to get what is missing, besides by building it. */
  advice(statement: string): string
  /** Warns of a development key. */
  warn(statement: string): void
  /** Builds a statement; files by ending. */
  build(o: {
    name: string
    source: string
    cacheDir?: string
    onProgress?: (progress: { readonly done: number; readonly total: number }) => void
  }): Promise<{ readonly entry: Pinned; readonly files: Readonly<Record<string, Uint8Array | string>> }>
}

const GROTH16: Kit = {
  entries: MANIFEST.statements,
  needed: ['wasm', 'zkey', 'vkey.json'],
  advice: (statement) => `, or install ${artifactPackage(statement)}`,
  warn: warnOfDevelopmentKey,
  async build(o) {
    const { entry, wasm, zkey, r1cs, sym, verificationKey } = await buildStatement(o)
    return { entry, files: { wasm, zkey, r1cs, sym, 'vkey.json': formatJson(verificationKey) } }
  },
}

let reference: Promise<Reference> | undefined
const PLONK: Kit = {
  entries: PLONK_MANIFEST.statements,
  needed: ['plonk.wasm', 'plonk.zkey'],
  advice: () => '',
  warn: (statement) => sayProvenance(statement, PLONK_MANIFEST.statements[statement]?.provenance),
  async build(o) {
    reference ??= developmentReference()
    const provenance = { kind: 'development' } as const
    const { entry, wasm, zkey } = await buildPlonkStatement({ ...o, reference: await reference, provenance })
    return { entry, files: { 'plonk.wasm': wasm, 'plonk.zkey': zkey } }
  },
}

/** Adds `soulproof setup`. */
export function addSetupCommand(program: Command): void {
  program
    .command('setup')
    .description('check the artifacts of statements against their pinned hashes, and build what is missing')
    .option('--check', 'only check')
    .option(
      '--rebuild',
      'with --check: build everything again from the sources, cache unused, and compare bit for bit',
    )
    .option('--statement <name>', 'only this statement; may be given several times', collect, [])
    .option('--plonk', 'the artifacts of PLONK, which no package carries, instead of those of Groth16')
    .option(
      '--phase1 <file>',
      'with --plonk: make keys of this powers-of-tau file, which are no development keys',
    )
    .option('--phase1-hash <hex>', 'its BLAKE2b-512, if it is on no published list')
    .option('--out <folder>', 'new folder for the keys of --phase1 and their manifest')
    .addHelpText(
      'after',
      `
Artifacts are looked for in this package, in the packages @soulproof/artifacts-<statement>, and in the cache. Checking compares the
files that are there; --rebuild tells whether the pinned constraint systems, witness generators and keys follow from the sources on
this machine too. It needs no file but the sources.

Building takes the circuit compiler (the npm package circom2, as a clone of the repository installs it) and gives the same development keys everywhere. What does not match the pinned hashes is never written.

PLONK keys take minutes and hundreds of megabytes: docs/plonk.md. Those of a powers-of-tau file are for its owner to pin: prove and
verify take the manifest, --proof-system plonk --manifest keys/manifest.json.

Examples:
  $ soulproof setup --check --statement policy-s
  $ soulproof setup --check --rebuild --statement membership
  $ soulproof setup --plonk --phase1 powersOfTau28_hez_final_16.ptau --out keys`,
    )
    .action(setup)
}

interface Fault {
  readonly statement: string
  readonly file: string
  readonly reason: 'missing' | 'differs' | 'is not what the sources give'
}

interface SetupOptions {
  readonly check?: boolean
  readonly rebuild?: boolean
  readonly statement: readonly string[]
  readonly plonk?: boolean
  readonly phase1?: string
  readonly phase1Hash?: string
  readonly out?: string
}

async function setup(options: SetupOptions): Promise<void> {
  if (options.rebuild && !options.check) throw new UsageError('--rebuild goes with --check')
  const kit = options.plonk ? PLONK : GROTH16
  const all = Object.keys(kit.entries)
  const names = [...new Set(options.statement.length > 0 ? options.statement : all)]
  if (names.some((name) => !Object.hasOwn(kit.entries, name))) {
    throw new UsageError(`--statement must be one of ${all.join(', ')}`)
  }
  if (isUniversal(options)) return makeUniversal(names, options)
  const before = await withProgress('check', (progress) =>
    options.rebuild ? rebuild(kit, names, progress) : findFaults(kit, names, progress),
  )
  let faults = before
  const built: string[] = []
  if (before.length > 0 && !options.check) {
    built.push(...new Set(before.map(({ statement }) => statement)))
    await withProgress('build', (progress) => build(kit, built, progress))
    faults = await findFaults(kit, names)
  }
  const statements = names.map((statement) => {
    return {
      ...summary(statement, kit.entries[statement] as Pinned),
      faults: faults
        .filter((fault) => fault.statement === statement)
        .map(({ file, reason }) => `${file} ${reason}`),
    }
  })
  printJson({ valid: faults.length === 0, built, statements })
  for (const { statement } of statements) kit.warn(statement)
  if (faults.length > 0) {
    const { statement, file, reason } = faults[0]!
    const more = faults.length > 1 ? ` and ${faults.length - 1} more` : ''
    const advice = options.rebuild ? '' : `; setup without --check builds it${kit.advice(statement)}`
    throw new RefusedError(`artifact ${file} ${reason}${more}${advice}`)
  }
}

function summary(statement: string, { constraints, provenance, verificationKeyHash }: Pinned) {
  return { statement, constraints, provenance: provenance.kind, verificationKeyHash }
}

/** Options of keys that follow from a powers-of-tau file. */
interface UniversalOptions extends SetupOptions {
  readonly phase1: string
  readonly out: string
}

function isUniversal(options: SetupOptions): options is UniversalOptions {
  const { plonk, phase1, phase1Hash, out, check } = options
  if (phase1Hash !== undefined && phase1 === undefined)
    throw new UsageError('--phase1-hash goes with --phase1')
  if ((phase1 === undefined) !== (out === undefined)) throw new UsageError('--phase1 and --out go together')
  if (phase1 === undefined) return false
  if (!plonk) throw new UsageError('--phase1 goes with --plonk; for Groth16 there is soulproof ceremony')
  if (check) throw new UsageError('--check compares with what is pinned here, which keys of --phase1 are not')
  return true
}

async function makeUniversal(names: readonly string[], options: UniversalOptions): Promise<void> {
  const { out } = options
  const manifestFile = join(out, 'manifest.json')
  const isThere = await access(manifestFile).then(
    () => true,
    () => false,
  )
  if (isThere) throw new RefusedError(`${manifestFile} exists: name a new folder`)
  const bytes = await readBytes(options.phase1, '--phase1')
  const phase1 = authenticatePhase1({ bytes, hash: options.phase1Hash })
  const sources = Object.fromEntries(names.map((name) => [name, sourceOf(name)]))
  for (const source of Object.values(sources)) await requireCompiler(source)
  const manifest = await withProgress('setup', (progress) =>
    createUniversalKeys({ phase1, sources, out, onProgress: progress.report }),
  )
  const { blake2b, source, ptau } = phase1
  printJson({
    manifest: manifestFile,
    phase1: { source, power: ptau.power, blake2b },
    statements: Object.entries(manifest.statements).map(([name, entry]) => summary(name, entry)),
  })
}

function sourceOf(statement: string): string {
  return fileURLToPath(new URL(`${statement}.circom`, CIRCUITS))
}

async function findFaults(kit: Kit, names: readonly string[], progress?: Progress): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const [i, statement] of names.entries()) {
    progress?.report(statement, i / names.length)
    const { artifacts } = kit.entries[statement] as Pinned
    for (const [file, pin] of Object.entries(artifacts)) {
      const state = await inspectArtifact({ statement, file, pin })
      const isNeeded = kit.needed.some((part) => file === `${statement}.${part}`)
      if (state === 'differs' || (state === 'missing' && isNeeded)) {
        faults.push({ statement, file, reason: state })
      }
    }
  }
  return faults
}

/** Builds statements in an empty cache, and names what is not as it is pinned. */
async function rebuild(kit: Kit, names: readonly string[], progress: Progress): Promise<Fault[]> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'soulproof-rebuild-'))
  const faults: Fault[] = []
  try {
    for (const [i, name] of names.entries()) {
      const { artifacts, sourceHash } = kit.entries[name] as Pinned
      const source = sourceOf(name)
      await requireCompiler(source)
      progress.report(`${name}: compiling`, i / names.length)
      const { entry } = await kit.build({
        name,
        source,
        cacheDir,
        onProgress: ({ done, total }) =>
          progress.report(`${name}: proving key`, (i + done / total) / names.length),
      })
      const wrong = Object.keys(artifacts).filter(
        (file) => entry.artifacts[file]?.sha256 !== artifacts[file]?.sha256,
      )
      if (entry.sourceHash !== sourceHash) wrong.unshift(`${name}.circom`)
      faults.push(
        ...wrong.map((file): Fault => ({ statement: name, file, reason: 'is not what the sources give' })),
      )
    }
  } finally {
    await rm(cacheDir, { recursive: true, force: true })
  }
  return faults
}

async function build(kit: Kit, statements: readonly string[], progress: Progress): Promise<void> {
  for (const [i, name] of statements.entries()) {
    const { artifacts } = kit.entries[name] as Pinned
    const source = sourceOf(name)
    await requireCompiler(source)
    progress.report(`${name}: compiling`, i / statements.length)
    const { entry, files } = await kit.build({
      name,
      source,
      onProgress: ({ done, total }) =>
        progress.report(`${name}: proving key`, (i + done / total) / statements.length),
    })
    if (formatJson(entry.artifacts) !== formatJson(artifacts)) {
      throw new ArtifactError(
        `${name}: what is built here is not what this package pins; reinstall the package`,
      )
    }
    for (const [part, content] of Object.entries(files)) {
      await writeAtomically(fileURLToPath(new URL(`${name}.${part}`, ZKEYS)), content)
    }
  }
}

/** An installed package has the circuits and no compiler, unless its user installed one. */
async function requireCompiler(source: string): Promise<void> {
  const missing: string[] = []
  try {
    import.meta.resolve('circom2/package.json')
  } catch {
    missing.push('circom2')
  }
  if (
    await access(source).then(
      () => false,
      () => true,
    )
  )
    missing.push('circuit sources')
  if (missing.length > 0) {
    throw new ArtifactError(
      `artifacts cannot be built here: ${missing.join(', ')} not installed; reinstall the package`,
    )
  }
}
