import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { authenticatePhase1 } from '../src/ceremony/phase1.js'
import { createUniversalKeys } from '../src/ceremony/universal-keys.js'
import { type PlonkManifest, parsePlonkManifest } from '../src/plonk-manifest.js'
import { compileCircuit, formatJson } from '../src/setup/build.js'
import { type BuiltPlonkStatement, buildPlonkStatement, plonkToolchain } from '../src/setup/plonk/build.js'
import { developmentReference, type Reference } from '../src/setup/plonk/reference.js'
import { writeAtomically } from '../src/setup/write.js'
import { formatGenerated } from './lib/generated.js'

/*
 * Builds PLONK keys, which nothing does by itself: they are large. With names of statements, or all that PLONK is for. So does
 * `soulproof setup --plonk`, which pins nothing.
 *
 *   npm run setup -- --plonk [--check] [statement...]
 *   npm run setup -- --plonk --phase1 <file.ptau> [--phase1-hash <blake2b>] --out <folder> [statement...]
 *
 * The first makes development keys into zkeys/ and pins them in zkeys/plonk.json and src/statements/plonk.ts; with --check nothing
 * is written, and the exit code is 1 if what is pinned differs from what is built. The second makes keys of a powers-of-tau file,
 * whose BLAKE2b-512 has to be one that snarkjs publishes or the one that is given, and a manifest for `createProver` and
 * `createVerifier`; whoever runs it again gets the same bytes.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ZKEYS = join(ROOT, 'zkeys')
const MANIFEST = join(ZKEYS, 'plonk.json')
const GENERATED = join(ROOT, 'src', 'statements', 'plonk.ts')

/** What PLONK is offered for: larger statements take keys of a gigabyte and minutes for a proof. */
const STATEMENTS = ['membership', 'policy-s']

/** Runs with what follows `--plonk`; returns the exit code. */
export async function buildPlonk(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options === undefined) {
    process.stderr.write(
      `usage: setup --plonk [--check] [statement...]: ${STATEMENTS.join(', ')}\n` +
        '       setup --plonk --phase1 <file.ptau> [--phase1-hash <blake2b>] --out <folder> [statement...]\n',
    )
    return 2
  }
  const { names, check, phase1, hash, out } = options
  if (phase1 !== undefined && out !== undefined) {
    await createUniversalKeys({
      phase1: authenticatePhase1({ bytes: new Uint8Array(await readFile(phase1)), hash }),
      sources: Object.fromEntries(names.map((name) => [name, sourceOf(name)])),
      out,
      onProgress: (text, done) => process.stderr.write(`${text}, ${Math.floor(100 * done)} %\n`),
    })
    return 0
  }
  const reference = await developmentReference()
  const pinned = await readPinned()
  const built: Record<string, BuiltPlonkStatement['entry']> = {}
  for (const name of names) {
    const statement = await build({ name, reference })
    built[name] = statement.entry
    if (check) continue
    for (const part of ['wasm', 'zkey'] as const) {
      await writeAtomically(join(ZKEYS, `${name}.plonk.${part}`), statement[part])
    }
  }
  if (check) {
    const isPinned = (name: string): boolean =>
      formatJson(pinned?.statements[name]) === formatJson(built[name])
    const differing = names.filter((name) => !isPinned(name))
    for (const name of differing) process.stderr.write(`PLONK keys of ${name} differ from what is built\n`)
    return differing.length === 0 ? 0 : 1
  }
  const manifest: PlonkManifest = {
    version: 2,
    proofSystem: 'plonk',
    toolchain: plonkToolchain(),
    statements: sorted({ ...pinned?.statements, ...built }),
  }
  await writeAtomically(MANIFEST, formatJson(manifest))
  await writeAtomically(GENERATED, formatSource(manifest))
  return 0
}

interface Options {
  readonly names: readonly string[]
  readonly check: boolean
  readonly phase1?: string | undefined
  readonly hash?: string | undefined
  readonly out?: string | undefined
}

function readOptions(args: readonly string[]): Options | undefined {
  const rest = [...args]
  const take = (name: string): string | undefined => {
    const at = rest.indexOf(name)
    return at < 0 ? undefined : rest.splice(at, 2)[1]
  }
  const [phase1, hash, out] = [take('--phase1'), take('--phase1-hash'), take('--out')]
  const check = rest.includes('--check')
  const names = rest.filter((arg) => arg !== '--check')
  // Keys of a ceremony are for whoever holds it, not for this repository.
  if ((phase1 === undefined) !== (out === undefined) || (check && out !== undefined)) return undefined
  if (hash !== undefined && phase1 === undefined) return undefined
  if (names.some((name) => !STATEMENTS.includes(name))) return undefined
  return { names: names.length > 0 ? names : STATEMENTS, check, phase1, hash, out }
}

function sourceOf(name: string): string {
  return join(ROOT, 'circuits', 'statements', `${name}.circom`)
}

async function readPinned(): Promise<PlonkManifest | undefined> {
  const text = await readFile(MANIFEST, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : parsePlonkManifest(JSON.parse(text))
}

async function build(o: { name: string; reference: Reference }): Promise<BuiltPlonkStatement> {
  const { name, reference } = o
  const source = sourceOf(name)
  process.stderr.write(`${name}: compiling\n`)
  await compileCircuit({ file: source, optimisation: 'O1' })
  const start = performance.now()
  const built = await buildPlonkStatement({
    ...{ name, source, reference, provenance: { kind: 'development' } },
    onProgress: ({ done, total }) => process.stderr.write(`${name}: proving key ${done} of ${total}\n`),
  })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stderr.write(`${name}: ${built.entry.gates} gates, ${built.zkey.length} bytes, ${seconds} s\n`)
  return built
}

function sorted<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function formatSource(manifest: PlonkManifest): string {
  const source = `// Written by scripts/build-plonk.ts; do not edit.
import type { PlonkManifest } from '../plonk-manifest.js'

/** What is pinned about each statement's PLONK keys; the same as zkeys/plonk.json. */
export const PLONK_MANIFEST: PlonkManifest = ${JSON.stringify(manifest)}
`
  return formatGenerated('src/statements/plonk.ts', source)
}
