import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Manifest } from '../src/manifest.js'
import { artifactPackage } from '../src/prover/sources.js'
import { formatJson } from '../src/setup/build.js'
import { packArtifactFiles } from './lib/packed.js'
import { step } from './lib/step.js'

/*
 * Packs what is published: the code, and a package of artifacts for each statement.
 *
 *   node --import tsx scripts/package.ts [folder]
 *
 * dist/ is packed as it is; witness generators and proving keys of zkeys/ in the form in which they go over a network.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** A tarball, with its sizes in bytes. */
export interface Packed {
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly unpackedBytes: number
  readonly files: readonly string[]
}

/** Packs the code: everything but witness generators and proving keys. */
export async function packCode(folder: string): Promise<Packed> {
  return pack(ROOT, folder)
}

/** Packs one statement's witness generator and keys, with a manifest of their own. */
export async function packArtifacts(statement: string, folder: string): Promise<Packed> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'zkeys', 'manifest.json'), 'utf8')) as Manifest
  const entry = manifest.statements[statement]
  if (entry === undefined) throw new RangeError(`there is no statement ${statement}`)
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const artifacts = ['wasm', 'zkey', 'vkey.json'].map((part) => `${statement}.${part}`)
  const packed = await packArtifactFiles(statement)
  const vkey = `${statement}.vkey.json`
  const files = [...packed.map((path) => basename(path)), vkey]
  const staging = await mkdtemp(join(tmpdir(), 'soulproof-artifacts-'))
  try {
    for (const path of [...packed, join(ROOT, 'zkeys', vkey)])
      await copyFile(path, join(staging, basename(path)))
    const pins = Object.fromEntries(artifacts.map((file) => [file, entry.artifacts[file]]))
    const own = { ...manifest, statements: { [statement]: { ...entry, artifacts: pins } } }
    await writeFile(join(staging, 'manifest.json'), formatJson(own))
    const json = {
      name: artifactPackage(statement),
      version,
      description: `Witness generator and proving key of Soulproof's statement ${statement}`,
      license: 'MIT',
      files: [...files, 'manifest.json'],
      // A prover takes only what it pins: artifacts of another release are of no use to it.
      peerDependencies: { soulproof: version },
    }
    await writeFile(join(staging, 'package.json'), formatJson(json))
    await writeFile(join(staging, 'README.md'), readme(statement, entry.provenance.kind))
    return await pack(staging, folder)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

function readme(statement: string, provenance: string): string {
  return `# ${artifactPackage(statement)}

Witness generator (\`${statement}.wasm.pack\`) and ${provenance} proving key (\`${statement}.zkey.pack\`) of the statement
\`${statement}\` of the npm package \`soulproof\`, which finds them here by itself, unpacks them, and checks what comes out against
the hashes it pins. For pages, serve both files from your own origin and name the folder:
\`createProver({ artifacts: new URL('/zkeys/', location.href) })\`.
${provenance === 'development' ? '\n**A development key: anybody can forge proofs for it.**\n' : ''}`
}

/** Packs any package folder. */
export async function pack(from: string, folder: string): Promise<Packed> {
  await mkdir(folder, { recursive: true })
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', resolve(folder)]
  const [{ name, filename, size, unpackedSize, files }] = JSON.parse((await step('npm', args, from)).stdout)
  return {
    name,
    path: join(resolve(folder), filename),
    bytes: size,
    unpackedBytes: unpackedSize,
    files: files.map(({ path }: { path: string }) => path),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'packages'
  const { statements } = JSON.parse(await readFile(join(ROOT, 'zkeys', 'manifest.json'), 'utf8')) as Manifest
  const packed = [await packCode(folder)]
  for (const statement of Object.keys(statements)) packed.push(await packArtifacts(statement, folder))
  for (const { name, path, bytes } of packed) {
    process.stdout.write(`${name.padEnd(36)} ${(bytes / 1e6).toFixed(2).padStart(8)} MB  ${path}\n`)
  }
}
