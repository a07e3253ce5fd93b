import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { step } from './lib/step.js'
import { type Packed, pack, packArtifacts, packCode } from './package.js'

/*
 * Packs the packages, installs them into an empty folder without a network, and uses them there as an app does: every
 * subpath export from TypeScript and from Node, with real proofs, and the command line.
 *
 *   node --import tsx scripts/pack-check.ts
 *
 * The artifacts in zkeys/ are packed as they are; dist/ is built anew.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CONSUMER = new URL('pack-check/app.ts.txt', import.meta.url)
/** Statements that the app proves. */
const STATEMENTS = ['membership', 'policy-s']

/** What was found. */
export interface PackReport {
  readonly code: Packed
  readonly artifacts: readonly Packed[]
  /** What the app printed. */
  readonly app: Readonly<Record<string, unknown>>
  /** Version that the installed command line prints. */
  readonly cliVersion: string
  /** Whether its `setup --check` finds the installed artifacts as they are pinned. */
  readonly artifactsValid: boolean
  /** What `setup --check` says of a statement whose artifacts are not installed. */
  readonly missing: string
}

/**
 * Checks the packages; the folder that it works in is removed.
 *
 * @throws {Error} with the output of the step that fails
 */
export async function checkPackage(): Promise<PackReport> {
  const folder = await mkdtemp(join(tmpdir(), 'soulproof-pack-'))
  // The cache would hide that an artifact is not found in its package.
  const env = { ...process.env, SOULPROOF_CACHE: join(folder, 'cache') }
  try {
    const { app, code, artifacts } = await installPacked({ folder, statements: STATEMENTS })
    await compile(app)
    const cli = join(app, 'node_modules', '.bin', 'soulproof')
    const check = await step(
      cli,
      ['setup', '--check', ...STATEMENTS.flatMap((name) => ['--statement', name])],
      app,
      env,
    )
    return {
      code,
      artifacts,
      app: JSON.parse((await step(process.execPath, ['app.js'], app, env)).stdout),
      cliVersion: (await step(cli, ['--version'], app, env)).stdout.trim(),
      artifactsValid: JSON.parse(check.stdout).valid,
      missing: await step(cli, ['setup', '--check', '--statement', 'policy-m'], app, env).then(
        () => '',
        (error: Error) => error.message,
      ),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Builds and packs the code and the artifacts of some statements, and installs them into an empty folder without a network.
 *
 * @param o.folder  for the tarballs; the app is in its folder `app`
 * @throws {Error} with the output of the step that fails
 */
export async function installPacked(o: {
  folder: string
  statements: readonly string[]
}): Promise<{ readonly app: string; readonly code: Packed; readonly artifacts: readonly Packed[] }> {
  const { folder } = o
  await step('npm', ['run', 'build'], ROOT)
  const code = await packCode(folder)
  const artifacts: Packed[] = []
  for (const statement of o.statements) artifacts.push(await packArtifacts(statement, folder))
  const app = join(folder, 'app')
  await mkdir(app)
  await writeFile(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const tarballs = [code, ...artifacts].map(({ path }) => path)
  const flags = ['--offline', '--no-audit', '--no-fund', '--no-package-lock']
  const dependencies = await packDependencies(folder)
  // An empty cache, so that nothing is at hand but these.
  const npm = { ...process.env, npm_config_cache: join(folder, 'npm') }
  await step('npm', ['install', ...flags, ...tarballs, ...dependencies], app, npm)
  return { app, code, artifacts }
}

/** Packs all that the code depends on from node_modules, so that npm needs no registry. */
async function packDependencies(folder: string): Promise<string[]> {
  const { packages } = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; peer?: boolean; devOptional?: boolean; optional?: boolean }>
  }
  // Nested ones too, one version of each name: all of them end up side by side in the empty folder.
  const paths = new Map<string, string>()
  for (const [path, { dev, peer, devOptional, optional }] of Object.entries(packages)) {
    if (path === '' || dev || peer || devOptional || optional) continue
    paths.set(path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), path)
  }
  const tarballs: string[] = []
  for (const path of paths.values()) tarballs.push((await pack(join(ROOT, path), folder)).path)
  return tarballs
}

/** Type-checks and compiles the app under the strictest settings, the package's own declarations included. */
async function compile(app: string): Promise<void> {
  await writeFile(join(app, 'app.ts'), await readFile(CONSUMER))
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'dom', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    types: [],
  }
  await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
  await step(join(ROOT, 'node_modules', '.bin', 'tsc'), ['-p', app], app)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { code, artifacts, ...report } = await checkPackage()
  for (const { name, bytes, unpackedBytes, files } of [code, ...artifacts]) {
    const [packed, unpacked] = [bytes, unpackedBytes].map((size) => `${(size / 1e6).toFixed(2)} MB`)
    process.stderr.write(`${name}: ${files.length} files, ${packed} packed, ${unpacked} unpacked\n`)
  }
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
}
