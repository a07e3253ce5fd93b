import { access } from 'node:fs/promises'
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
    .argument('[statement...]', `${Object.keys(MANIFEST.statements).join(', ')}; default all`)
    .option('--check', 'only check')
    .addHelpText(
      'after',
      `
Artifacts are looked for in this package, in the packages @soulproof/artifacts-<statement>, and in the cache.
Building takes the circuit compiler (the npm packages circom2 and circomlib, as a clone of the repository installs them)
and gives the same development keys everywhere. What does not match the pinned hashes is never written.

Example:
  $ soulproof setup --check policy-s`,
    )
    .action(setup)
}

interface Fault {
  readonly statement: string
  readonly file: string
  readonly reason: 'missing' | 'differs'
}

async function setup(names: readonly string[], options: { check?: boolean }): Promise<void> {
  const unknown = names.find((name) => !Object.hasOwn(MANIFEST.statements, name))
  if (unknown !== undefined) {
    throw new UsageError(`statement must be one of ${Object.keys(MANIFEST.statements).join(', ')}`)
  }
  const wanted = Object.keys(MANIFEST.statements).filter((name) => names.length === 0 || names.includes(name))
  const before = await withProgress('check', (progress) => findFaults(wanted, progress))
  let faults = before
  const built: string[] = []
  if (before.length > 0 && !options.check) {
    built.push(...new Set(before.map(({ statement }) => statement)))
    await withProgress('build', (progress) => build(built, progress))
    faults = await findFaults(wanted)
  }
  const statements = wanted.map((statement) => {
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
    throw new RefusedError(
      `artifact ${file} ${reason}${more}; setup without --check builds it, or install ${artifactPackage(statement)}`,
    )
  }
}

async function findFaults(statements: readonly string[], progress?: Progress): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const [i, statement] of statements.entries()) {
    progress?.report(statement, i / statements.length)
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
