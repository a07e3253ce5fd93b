import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { ArtifactError } from '../errors.js'
import type { ManifestEntry } from '../manifest.js'
import { inspectArtifact } from '../prover/artifacts.js'
import { artifactPackage } from '../prover/sources.js'
import { buildStatement, formatJson, writeAtomically } from '../setup/build.js'
import { MANIFEST } from '../statements/manifest.js'
import { warnOfDevelopmentKey } from './development-key.js'
import { RefusedError, UsageError } from './errors.js'
import { printJson } from './io.js'
import { collect } from './options.js'
import { type Progress, withProgress } from './progress.js'

// The package's own folders: this file is two levels below the root, in src as in dist.
const ZKEYS = new URL('../../zkeys/', import.meta.url)
const CIRCUITS = new URL('../../circuits/statements/', import.meta.url)

/** What proving and verifying need; constraint systems and symbols serve development and are not packed. */
const NEEDED = ['wasm', 'zkey', 'vkey.json']

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
    .addHelpText(
      'after',
      `
Artifacts are looked for in this package, in the packages @soulproof/artifacts-<statement>, and in the cache. Checking compares the
files that are there; --rebuild tells whether the pinned constraint systems, witness generators and keys follow from the sources on
this machine too. It needs no file but the sources.

Building takes the circuit compiler (the npm packages circom2 and circomlib, as a clone of the repository installs them)
and gives the same development keys everywhere. What does not match the pinned hashes is never written.

Examples:
  $ soulproof setup --check --statement policy-s
  $ soulproof setup --check --rebuild --statement membership`,
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
}

async function setup(options: SetupOptions): Promise<void> {
  if (options.rebuild && !options.check) throw new UsageError('--rebuild goes with --check')
  const names = options.statement.length > 0 ? options.statement : Object.keys(MANIFEST.statements)
  if (names.some((name) => !Object.hasOwn(MANIFEST.statements, name))) {
    throw new UsageError(`--statement must be one of ${Object.keys(MANIFEST.statements).join(', ')}`)
  }
  const before = await withProgress('check', (progress) =>
    options.rebuild ? rebuild(names, progress) : findFaults(names, progress),
  )
  let faults = before
  const built: string[] = []
  if (before.length > 0 && !options.check) {
    built.push(...new Set(before.map(({ statement }) => statement)))
    await withProgress('build', (progress) => build(built, progress))
    faults = await findFaults(names)
  }
  const statements = names.map((statement) => {
    const { constraints, provenance, verificationKeyHash } = MANIFEST.statements[statement] as ManifestEntry
    return {
      statement,
      constraints,
      provenance: provenance.kind,
      verificationKeyHash,
      faults: faults
        .filter((fault) => fault.statement === statement)
        .map(({ file, reason }) => `${file} ${reason}`),
    }
  })
  printJson({ valid: faults.length === 0, built, statements })
  for (const { statement } of statements) warnOfDevelopmentKey(`${statement}`)
  if (faults.length > 0) {
    const { statement, file, reason } = faults[0]!
    const more = faults.length > 1 ? ` and ${faults.length - 1} more` : ''
    const advice = options.rebuild
      ? ''
      : `; setup without --check builds it, or install ${artifactPackage(statement)}`
    throw new RefusedError(`artifact ${file} ${reason}${more}${advice}`)
  }
}

async function findFaults(names: readonly string[], progress?: Progress): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const [i, statement] of names.entries()) {
    progress?.report(statement, i / names.length)
    const { artifacts } = MANIFEST.statements[statement] as ManifestEntry
    for (const [file, pin] of Object.entries(artifacts)) {
      const state = await inspectArtifact({ statement, file, pin })
      const isNeeded = NEEDED.some((part) => file === `${statement}.${part}`)
      if (state === 'differs' || (state === 'missing' && isNeeded)) {
        faults.push({ statement, file, reason: state })
      }
    }
  }
  return faults
}

/** Builds statements in an empty cache, and names what is not as it is pinned. */
async function rebuild(names: readonly string[], progress: Progress): Promise<Fault[]> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'soulproof-rebuild-'))
  const faults: Fault[] = []
  try {
    for (const [i, name] of names.entries()) {
      const { artifacts, sourceHash } = MANIFEST.statements[name] as ManifestEntry
      const source = fileURLToPath(new URL(`${name}.circom`, CIRCUITS))
      await requireCompiler(source)
      progress.report(`${name}: compiling`, i / names.length)
      const { entry } = await buildStatement({
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

async function build(statements: readonly string[], progress: Progress): Promise<void> {
  for (const [i, name] of statements.entries()) {
    const entry = MANIFEST.statements[name] as ManifestEntry
    const source = fileURLToPath(new URL(`${name}.circom`, CIRCUITS))
    await requireCompiler(source)
    progress.report(`${name}: compiling`, i / statements.length)
    const made = await buildStatement({
      name,
      source,
      onProgress: ({ done, total }) =>
        progress.report(`${name}: proving key`, (i + done / total) / statements.length),
    })
    if (formatJson(made.entry.artifacts) !== formatJson(entry.artifacts)) {
      throw new ArtifactError(
        `${name}: what is built here is not what this package pins; reinstall the package`,
      )
    }
    const { wasm, zkey, r1cs, sym, verificationKey } = made
    const files = { wasm, zkey, r1cs, sym, 'vkey.json': formatJson(verificationKey) }
    for (const [part, content] of Object.entries(files)) {
      await writeAtomically(fileURLToPath(new URL(`${name}.${part}`, ZKEYS)), content)
    }
  }
}

/** An installed package has the circuits and neither compiler nor circomlib, unless its user installed them. */
async function requireCompiler(source: string): Promise<void> {
  const missing: string[] = []
  for (const name of ['circom2', 'circomlib']) {
    try {
      import.meta.resolve(`${name}/package.json`)
    } catch {
      missing.push(name)
    }
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
