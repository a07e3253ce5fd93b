import { createHash, randomUUID } from 'node:crypto'
import { copyFile, link, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cachedFile, cacheFolder } from '../cache.js'
import { ArtifactError } from '../errors.js'
import { type R1cs, readR1cs } from '../formats/r1cs.js'
import { openZkey } from '../formats/zkey.js'
import type { VerificationKeyJson } from '../groth16.js'
import type { ManifestEntry } from '../manifest.js'
import { parseVerificationKey, verificationKeyHash } from '../verifier/keys.js'
import { runCircom } from './compiler.js'
import { createDevelopmentKey, type Generators, type KeyProgress } from './development-key.js'
import { writePoseidonCircuit } from './poseidon-circuit.js'
import { exportVerificationKey } from './verification-key.js'
import { accelerateWitnessGenerator } from './witness-generator.js'
import { writeAtomically } from './write.js'

/** What the circuit compiler makes of one circuit. */
export interface CompiledCircuit {
  /** Constraint system, see `readR1cs`. */
  readonly r1cs: Uint8Array
  /** Witness generator as circom writes it, see `calculateWitness`. */
  readonly wasm: Uint8Array
  /** Names of signals, see `readSymbols`. */
  readonly sym: Uint8Array
  /** SHA-256 of all sources reachable from the circuit, as 0x and 64 hex digits. */
  readonly sourceHash: string
}

// Raise it whenever the cache's content would change for equal sources and an equal compiler.
const CACHE_FORMAT = 'soulproof circuit 1'

// Raise it whenever an equal constraint system would get another development key.
const KEY_FORMAT = 'soulproof development key 1'

// Raise it whenever an equal circuit would get another witness generator.
const GENERATOR_FORMAT = 'soulproof witness generator 1'

/** How far circom simplifies. */
export type Optimisation = 'O1' | 'O2'

const COMPILER_OPTIONS = ['--r1cs', '--wasm', '--sym']
const PARTS = ['r1cs', 'wasm', 'sym'] as const

const require = createRequire(import.meta.url)
const inFlight = new Map<string, Promise<CompiledCircuit>>()

/** Returns the folder of built artifacts, outside any clone, see {@link cacheFolder}. */
export function defaultCacheDir(): string {
  return cacheFolder({ env: process.env, home: homedir() })
}

/**
 * Compiles a circuit with circom, or takes the result from the cache if neither its sources nor
 * the compiler changed. Node only.
 *
 * @param o.file          path of the circuit that declares `main`
 * @param o.includePaths  folders to look for includes after the including file's own, by default none
 * @param o.cacheDir      by default {@link defaultCacheDir}
 * @param o.optimisation  `O2`, the default, gives the fewest constraints, of long linear combinations; `O1` leaves linear
 *   constraints in, which is what PLONK is better off with
 * @throws {ArtifactError} if a source is missing or the compiler refuses the circuit, with its words
 */
export async function compileCircuit(o: {
  file: string
  includePaths?: readonly string[]
  cacheDir?: string
  optimisation?: Optimisation
}): Promise<CompiledCircuit> {
  const { optimisation = 'O2' } = o
  const file = resolve(o.file)
  const includePaths = (o.includePaths ?? []).map((path) => resolve(path))
  const sourceHash = await hashSources({ file, includePaths })
  const key = createHash('sha256')
    .update(JSON.stringify([compiler(optimisation), sourceHash]))
    .digest('hex')
  const folder = join(o.cacheDir ?? defaultCacheDir(), 'circuits', key)
  let result = inFlight.get(folder)
  if (!result) {
    result = readOrCompile({ file, includePaths, folder, sourceHash, optimisation }).finally(() =>
      inFlight.delete(folder),
    )
    inFlight.set(folder, result)
  }
  return result
}

/** Names what else than the sources decides about artifacts: compiler, its options, witness generators, keys. */
export function toolchain(optimisation: Optimisation = 'O2'): string {
  return `${compiler(optimisation)}, ${GENERATOR_FORMAT}`
}

/** Names what else than the sources decides about what the compiler makes, and about keys. */
function compiler(optimisation: Optimisation = 'O2'): string {
  const { version } = require('circom2/package.json') as { version: string }
  return [`circom2 ${version}`, ...COMPILER_OPTIONS, `--${optimisation}`, CACHE_FORMAT, KEY_FORMAT].join(', ')
}

/** A statement's circuit with its keys. */
export interface BuiltStatement {
  readonly name: string
  readonly r1cs: Uint8Array
  /** Witness generator with faster arithmetic, see `accelerateWitnessGenerator`. */
  readonly wasm: Uint8Array
  readonly sym: Uint8Array
  /** Proving key. */
  readonly zkey: Uint8Array
  readonly verificationKey: VerificationKeyJson
  readonly entry: ManifestEntry
}

/**
 * Compiles a circuit and makes its development keys, or takes them from the cache. Node only.
 *
 * @param o.name        name of the statement
 * @param o.source      path of the circuit
 * @param o.generators  prepares generators if a key has to be made; by default anew for this key
 * @param o.includePaths as for {@link compileCircuit}
 * @param o.onProgress  called while the proving key is made
 * @throws {ArtifactError} as {@link compileCircuit}
 */
export async function buildStatement(o: {
  name: string
  source: string
  includePaths?: readonly string[]
  cacheDir?: string
  generators?: () => Promise<Generators>
  onProgress?: (progress: KeyProgress) => void
}): Promise<BuiltStatement> {
  const cacheDir = o.cacheDir ?? defaultCacheDir()
  const {
    sourceHash,
    r1cs,
    wasm: generator,
    sym,
  } = await compileCircuit({
    ...{ file: o.source, cacheDir },
    ...(o.includePaths && { includePaths: o.includePaths }),
  })
  const wasm = accelerateWitnessGenerator(generator)
  const system = readR1cs(r1cs)
  const key = await readOrCreateKey({ ...o, r1cs, system, cacheDir })
  const zkey = key.bytes
  const verificationKey = await exportVerificationKey(zkey)
  const files = { wasm, zkey, r1cs, sym, 'vkey.json': new TextEncoder().encode(formatJson(verificationKey)) }
  // For provers of packages without artifacts, see src/prover/sources.ts.
  await writeAtomically(cachedFile(cacheDir, sha256(wasm)), wasm)
  await keep(key.path, cachedFile(cacheDir, sha256(zkey)))
  const entry: ManifestEntry = {
    sourceHash,
    constraints: system.constraints,
    wires: system.wires,
    publicSignals: system.publicSignals,
    provenance: { kind: 'development' },
    verificationKeyHash: verificationKeyHash(parseVerificationKey(verificationKey)),
    artifacts: Object.fromEntries(
      Object.entries(files).map(([part, bytes]) => [
        `${o.name}.${part}`,
        { bytes: bytes.length, sha256: sha256(bytes) },
      ]),
    ),
  }
  return { name: o.name, r1cs, wasm, sym, zkey, verificationKey, entry }
}

/** Writes a value as the JSON files of this package are written: two spaces, a newline at the end. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

async function readOrCreateKey(o: {
  r1cs: Uint8Array
  system: R1cs
  cacheDir: string
  generators?: () => Promise<Generators>
  onProgress?: (progress: KeyProgress) => void
}): Promise<{ bytes: Uint8Array; path: string }> {
  const hash = createHash('sha256').update(`${KEY_FORMAT}\n`).update(o.r1cs).digest('hex')
  const path = join(o.cacheDir, 'keys', `${hash}.zkey`)
  const cached = await readFile(path).catch(() => undefined)
  if (cached) {
    try {
      // Whatever broke a file in the cache, it is made anew.
      openZkey(cached)
      return { bytes: cached, path }
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error
    }
  }
  const { onProgress } = o
  const generators = await o.generators?.()
  const key = await createDevelopmentKey({
    r1cs: o.system,
    ...(generators && { generators }),
    ...(onProgress && { onProgress }),
  })
  await writeAtomically(path, key)
  return { bytes: key, path }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Gives a file of the cache its second name, by its content; whatever had that name before is gone. */
async function keep(path: string, name: string): Promise<void> {
  await mkdir(dirname(name), { recursive: true })
  const temporary = `${name}.${randomUUID()}`
  try {
    await link(path, temporary).catch(() => copyFile(path, temporary))
    await rename(temporary, name)
  } finally {
    // Renaming a link to what has both names does nothing.
    await rm(temporary, { force: true })
  }
}

/**
 * Hashes a circuit and everything it includes, independent of where the files lie on this machine.
 *
 * @throws {ArtifactError} if a file cannot be read or an include cannot be found
 */
export async function hashSources(o: { file: string; includePaths?: readonly string[] }): Promise<string> {
  const file = resolve(o.file)
  const includePaths = (o.includePaths ?? []).map((path) => resolve(path))
  const sources = new Map<string, string>()
  await writePoseidonCircuit()
  await collectSources({ file, includePaths, sources })
  const names = [...sources.keys()].map((path) => ({
    path,
    name: portableName(path, { file, includePaths }),
  }))
  names.sort((a, b) => (a.name < b.name ? -1 : 1))
  const list = names.map(({ path, name }) => [name, sources.get(path)])
  return `0x${createHash('sha256').update(JSON.stringify(list)).digest('hex')}`
}

async function collectSources(o: {
  file: string
  includePaths: readonly string[]
  sources: Map<string, string>
}): Promise<void> {
  const { file, includePaths, sources } = o
  if (sources.has(file)) return
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new ArtifactError(`circuit source ${file} cannot be read`, { cause })
  }
  sources.set(file, text)
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
  for (const [, target] of code.matchAll(/\binclude\s+"([^"]+)"/g)) {
    const candidates = [dirname(file), ...includePaths].map((folder) => resolve(folder, target!))
    let found: string | undefined
    for (const path of candidates) found ??= (await isReadable(path)) ? path : undefined
    if (!found) throw new ArtifactError(`circuit source ${file} includes ${target}, which does not exist`)
    await collectSources({ file: found, includePaths, sources })
  }
}

async function isReadable(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  )
}

function portableName(path: string, o: { file: string; includePaths: readonly string[] }): string {
  const bases = [...o.includePaths, dirname(o.file)]
  const base = bases.find((folder) => path.startsWith(folder + sep)) ?? dirname(o.file)
  return relative(base, path).split(sep).join('/')
}

async function readOrCompile(o: {
  file: string
  includePaths: readonly string[]
  folder: string
  sourceHash: string
  optimisation: Optimisation
}): Promise<CompiledCircuit> {
  const cached = await readCompiled(o)
  if (cached) return cached
  await mkdir(dirname(o.folder), { recursive: true })
  const temporary = `${o.folder}.${randomUUID()}`
  await mkdir(temporary)
  try {
    await runCompiler({ ...o, output: temporary })
    const name = o.file
      .split(sep)
      .pop()!
      .replace(/\.circom$/, '')
    await rename(join(temporary, `${name}_js`, `${name}.wasm`), join(temporary, 'circuit.wasm'))
    await rm(join(temporary, `${name}_js`), { recursive: true })
    for (const part of ['r1cs', 'sym']) {
      await rename(join(temporary, `${name}.${part}`), join(temporary, `circuit.${part}`))
    }
    // Another process may have been faster; its result is the same.
    await rename(temporary, o.folder).catch(() => undefined)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  const compiled = await readCompiled(o)
  if (!compiled) throw new ArtifactError(`the cache folder ${o.folder} cannot be read back`)
  return compiled
}

async function readCompiled(o: { folder: string; sourceHash: string }): Promise<CompiledCircuit | undefined> {
  try {
    const [r1cs, wasm, sym] = await Promise.all(
      PARTS.map((part) => readFile(join(o.folder, `circuit.${part}`))),
    )
    return { r1cs: r1cs!, wasm: wasm!, sym: sym!, sourceHash: o.sourceHash }
  } catch {
    return undefined
  }
}

async function runCompiler(o: {
  file: string
  includePaths: readonly string[]
  output: string
  optimisation: Optimisation
}): Promise<void> {
  const libraries = o.includePaths.flatMap((path) => ['-l', relativeToRoot(path)])
  const args = [
    relativeToRoot(o.file),
    ...COMPILER_OPTIONS,
    `--${o.optimisation}`,
    ...libraries,
    '-o',
    relativeToRoot(o.output),
  ]
  const run = await runCircom({ args, folder: packageRoot() }).catch((cause: unknown) => {
    throw new ArtifactError(`circuit ${o.file} does not compile`, { cause })
  })
  if (run.code === 0) return
  // biome-ignore lint/suspicious/noControlCharactersInRegex: strips the compiler's colours
  const words = run.words.replace(/\u001b\[\d*m/g, '').trim()
  throw new ArtifactError(`circuit ${o.file} does not compile\n${words}`)
}

function relativeToRoot(path: string): string {
  return relative(packageRoot(), path)
}

function packageRoot(): string {
  return fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')
}
