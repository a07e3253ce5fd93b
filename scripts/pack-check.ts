import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { step } from './lib/step.js'

/*
 * Packs the package, installs it into an empty folder, and uses it there as an app does: every subpath export from
 * TypeScript and from Node, with real proofs, and the command line.
 *
 *   node --import tsx scripts/pack-check.ts
 *
 * The artifacts in zkeys/ are packed as they are; dist/ is built anew.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CONSUMER = new URL('pack-check/app.ts.txt', import.meta.url)

/** What was found; sizes in bytes, times in milliseconds. */
export interface PackReport {
  readonly tarballBytes: number
  readonly unpackedBytes: number
  readonly files: readonly string[]
  /** What the app printed. */
  readonly app: Readonly<Record<string, unknown>>
  /** Version that the installed command line prints. */
  readonly cliVersion: string
  /** Whether its `setup --check` finds all artifacts as they are pinned. */
  readonly artifactsValid: boolean
}

/**
 * Checks the package; the folder that it works in is removed.
 *
 * @throws {Error} with the output of the step that fails
 */
export async function checkPackage(): Promise<PackReport> {
  const folder = await mkdtemp(join(tmpdir(), 'soulproof-pack-'))
  try {
    await step('npm', ['run', 'build'], ROOT)
    const { stdout: packed } = await step(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', folder],
      ROOT,
    )
    const [{ filename, size, unpackedSize, files }] = JSON.parse(packed)
    const app = join(folder, 'app')
    await mkdir(app)
    await writeFile(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']
    await step('npm', ['install', ...flags, join(folder, filename)], app)
    await compile(app)
    const cli = join(app, 'node_modules', '.bin', 'soulproof')
    return {
      tarballBytes: size,
      unpackedBytes: unpackedSize,
      files: files.map(({ path }: { path: string }) => path),
      app: JSON.parse((await step(process.execPath, ['app.js'], app)).stdout),
      cliVersion: (await step(cli, ['--version'], app)).stdout.trim(),
      artifactsValid: JSON.parse((await step(cli, ['setup', '--check'], app)).stdout).valid,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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
  const { files, tarballBytes, unpackedBytes, ...report } = await checkPackage()
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
  process.stderr.write(`${files.length} files, ${mib(tarballBytes)} packed, ${mib(unpackedBytes)} unpacked\n`)
  process.stdout.write(`${JSON.stringify({ tarballBytes, unpackedBytes, ...report }, undefined, 2)}\n`)
}
