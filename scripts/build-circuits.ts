import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Manifest } from '../src/manifest.js'
import {
  type BuiltStatement,
  buildStatement,
  defaultCacheDir,
  formatJson,
  hashSources,
  toolchain,
} from '../src/setup/build.js'
import { createGenerators, type Generators } from '../src/setup/development-key.js'
import { writeAtomically } from '../src/setup/write.js'
import { parseVerificationKey, verificationKeyHash } from '../src/verifier/keys.js'
import { formatGenerated } from './lib/generated.js'

/*
 * Builds the artifacts of every circuit in circuits/statements into zkeys/, and what is generated from them:
 * zkeys/manifest.json, src/statements/manifest.ts, src/statements/verification-keys.ts.
 *
 *   node --import tsx scripts/build-circuits.ts [--check] [--fresh] [statement...]
 *
 * With --check nothing is written; the exit code is 1 if what is committed differs from what is built. With --fresh nothing comes
 * from the cache: constraint systems, witness generators and keys are made from the sources again, which tells whether they are
 * the same bit for bit on this machine. With --plonk first it does what scripts/build-plonk.ts says. With names of statements only their artifacts are built, and what is generated has to be up to date already.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CIRCUITS = join(ROOT, 'circuits', 'statements')
const ZKEYS = join(ROOT, 'zkeys')
const GENERATED = join(ROOT, 'src', 'statements')
const LOCK_STALE_MS = 30 * 60 * 1000
const LOCK_POLL_MS = 200

async function main(): Promise<void> {
  const args = process.argv.slice(2)
  if (args[0] === '--plonk') {
    const { buildPlonk } = await import('./build-plonk.js')
    process.exitCode = await buildPlonk(args.slice(1))
    return
  }
  const check = args.includes('--check')
  const fresh = args.includes('--fresh')
  const wanted = args.filter((arg) => arg !== '--check' && arg !== '--fresh')
  if (wanted.some((name) => !statementNames().includes(name))) {
    process.stderr.write(
      `usage: build-circuits [--check] [--fresh] [statement...]: ${statementNames().join(', ')}\n`,
    )
    process.exitCode = 2
    return
  }
  const names =
    wanted.length > 0 ? statementNames().filter((name) => wanted.includes(name)) : statementNames()
  if (!check && !fresh && (await isUpToDate(names))) {
    process.stderr.write('circuits are up to date\n')
    return
  }
  const unlock = await lock()
  const cacheDir = fresh ? await mkdtemp(join(tmpdir(), 'soulproof-fresh-')) : defaultCacheDir()
  try {
    const built = await build(names, cacheDir)
    const part = wanted.length > 0
    const differing = part ? await publishPart({ built, check }) : await publish({ built, check })
    if (!check && !part) return
    for (const file of differing) process.stderr.write(`${file} differs from what is built\n`)
    if (differing.length > 0) process.exitCode = 1
  } finally {
    if (fresh) await rm(cacheDir, { recursive: true, force: true })
    await unlock()
  }
}

/** Tells by hashes alone whether everything is there: sources, artifacts, and what is generated from them. */
async function isUpToDate(names: readonly string[]): Promise<boolean> {
  try {
    const text = await readFile(join(ZKEYS, 'manifest.json'), 'utf8')
    const manifest = JSON.parse(text) as Manifest
    const { MANIFEST } = await import('../src/statements/manifest.js')
    const { VERIFICATION_KEYS } = await import('../src/statements/verification-keys.js')
    if (manifest.toolchain !== toolchain() || formatJson(MANIFEST) !== text) return false
    if (String(Object.keys(manifest.statements)) !== String(statementNames())) return false
    if (String(Object.keys(VERIFICATION_KEYS)) !== String(statementNames())) return false
    for (const name of names) {
      const { sourceHash, artifacts, verificationKeyHash: expected } = manifest.statements[name]!
      const { hash, key } = VERIFICATION_KEYS[name]!
      if (hash !== expected || verificationKeyHash(parseVerificationKey(key)) !== expected) return false
      if ((await hashSources({ file: source(name) })) !== sourceHash) return false
      for (const [file, { sha256 }] of Object.entries(artifacts)) {
        const bytes = await readFile(join(ZKEYS, file))
        if (createHash('sha256').update(bytes).digest('hex') !== sha256) return false
      }
    }
    return true
  } catch {
    // Missing or malformed: it is built anew.
    return false
  }
}

function statementNames(): string[] {
  return readdirSync(CIRCUITS)
    .filter((file) => file.endsWith('.circom'))
    .map((file) => file.replace(/\.circom$/, ''))
    .sort()
}

function source(name: string): string {
  return join(CIRCUITS, `${name}.circom`)
}

/** Builds statements, two at a time: the compiler runs in a thread of its own, beside which a key is made. */
async function build(names: readonly string[], cacheDir: string): Promise<BuiltStatement[]> {
  const built = new Map<string, BuiltStatement>()
  const queue = await largestFirst(names)
  let generators: Promise<Generators> | undefined
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const report = progress(name)
      report('compiling')
      const statement = await buildStatement({
        name,
        source: source(name),
        cacheDir,
        generators: () => {
          generators ??= createGenerators()
          return generators
        },
        onProgress: ({ done, total }) => report(`proving key ${Math.floor((100 * done) / total)} %`),
      })
      report(`${statement.entry.constraints} constraints`, true)
      built.set(name, statement)
    }
  }
  await Promise.all([work(), work()])
  return names.map((name) => built.get(name) as BuiltStatement)
}

/** By what the committed manifest says of their size, so that no large one is left for the end. */
async function largestFirst(names: readonly string[]): Promise<string[]> {
  const { MANIFEST } = await import('../src/statements/manifest.js')
  const size = (name: string): number => MANIFEST.statements[name]?.constraints ?? 0
  return [...names].sort((a, b) => size(b) - size(a))
}

/** Writes the artifacts of some statements if they are those of the manifest; returns the names of others. */
async function publishPart(o: { built: readonly BuiltStatement[]; check: boolean }): Promise<string[]> {
  const { statements } = JSON.parse(await readFile(join(ZKEYS, 'manifest.json'), 'utf8')) as Manifest
  const isPinned = ({ name, entry }: BuiltStatement): boolean =>
    formatJson(entry) === formatJson(statements[name])
  if (!o.check) await writeArtifacts(o.built.filter(isPinned))
  return o.built.filter((statement) => !isPinned(statement)).map(({ name }) => name)
}

async function writeArtifacts(built: readonly BuiltStatement[]): Promise<void> {
  for (const { name, wasm, zkey, r1cs, sym } of built) {
    for (const [part, bytes] of Object.entries({ wasm, zkey, r1cs, sym })) {
      await writeAtomically(join(ZKEYS, `${name}.${part}`), bytes)
    }
  }
}

/** Writes or compares all files; returns those that differ from what git should have. */
async function publish(o: { built: readonly BuiltStatement[]; check: boolean }): Promise<string[]> {
  const manifest: Manifest = {
    version: 1,
    toolchain: toolchain(),
    statements: Object.fromEntries(o.built.map(({ name, entry }) => [name, entry])),
  }
  const committed: [string, string][] = [
    [join(ZKEYS, 'manifest.json'), formatJson(manifest)],
    ...o.built.map(({ name, verificationKey }): [string, string] => [
      join(ZKEYS, `${name}.vkey.json`),
      formatJson(verificationKey),
    ]),
    generated('manifest.ts', manifestSource(manifest)),
    generated('verification-keys.ts', verificationKeysSource(o.built)),
  ]
  if (o.check) {
    const differing: string[] = []
    for (const [path, text] of committed) {
      if ((await readFile(path, 'utf8').catch(() => undefined)) !== text)
        differing.push(path.slice(ROOT.length))
    }
    return differing
  }
  await writeArtifacts(o.built)
  // Last, so that what is pinned is there.
  for (const [path, text] of committed) await writeAtomically(path, text)
  return []
}

const GENERATED_NOTE = '// Written by scripts/build-circuits.ts; do not edit.\n'

function manifestSource(manifest: Manifest): string {
  return `${GENERATED_NOTE}import type { Manifest } from '../manifest.js'

/** What is pinned about each statement's artifacts; the same as zkeys/manifest.json. */
export const MANIFEST: Manifest = ${JSON.stringify(manifest)}
`
}

function verificationKeysSource(built: readonly BuiltStatement[]): string {
  const keys = Object.fromEntries(
    built.map(({ name, entry, verificationKey: { vk_alphabeta_12, ...key } }) => [
      name,
      { hash: entry.verificationKeyHash, key },
    ]),
  )
  return `${GENERATED_NOTE}import type { VerificationKeyJson } from '../groth16.js'

/** The verification key of each statement with its hash, see \`verificationKeyHash\`. */
export const VERIFICATION_KEYS: Readonly<
  Record<string, { readonly hash: string; readonly key: VerificationKeyJson }>
> = ${JSON.stringify(keys)}
`
}

function generated(file: string, source: string): [string, string] {
  return [join(GENERATED, file), formatGenerated(`src/statements/${file}`, source)]
}

/** Returns a reporter for one circuit: one line that grows on a terminal, else a line for each new tenth. */
function progress(name: string): (text: string, last?: boolean) => void {
  const { stderr } = process
  let shown = ''
  return (text, last = false) => {
    const line = `${name}: ${text}`
    if (stderr.isTTY) {
      stderr.write(`\r\u001b[K${line}${last ? '\n' : ''}`)
      return
    }
    const coarse = line.replace(/\d(?= %)/, '0')
    if (coarse !== shown) stderr.write(`${coarse}\n`)
    shown = coarse
  }
}

/** Waits until no other run builds into the same cache; returns how to let the next one in. */
async function lock(): Promise<() => Promise<void>> {
  const folder = join(defaultCacheDir(), 'build.lock')
  const owner = join(folder, 'pid')
  await mkdir(defaultCacheDir(), { recursive: true })
  for (let waited = false; ; waited = true) {
    try {
      await mkdir(folder)
      await writeFile(owner, String(process.pid))
      return () => rm(folder, { recursive: true, force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isStale({ folder, owner })) {
      await rm(folder, { recursive: true, force: true })
      continue
    }
    if (!waited) process.stderr.write('waiting for another build\n')
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
  }
}

async function isStale(o: { folder: string; owner: string }): Promise<boolean> {
  const made = await stat(o.folder).catch(() => undefined)
  if (!made) return false
  if (Date.now() - made.mtimeMs > LOCK_STALE_MS) return true
  if (!existsSync(o.owner)) return false
  const pid = Number(await readFile(o.owner, 'utf8').catch(() => ''))
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

await main()
