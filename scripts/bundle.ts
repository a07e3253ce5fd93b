import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

/*
 * Bundles what a page loads for each subpath export, and prints its size:
 *
 *   node --import tsx scripts/bundle.ts
 *
 * dist/ is bundled as it is.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Subpath exports that pages use. */
export const PAGE_EXPORTS = [
  'soul',
  'sbt',
  'merkle',
  'policy',
  'prover',
  'verifier',
  'designated',
  'ledger',
  'issuing',
  'feed',
  'backup',
] as const

/** What a page loads for one export, sizes in bytes, but for what is loaded only when it is asked for. */
export interface Bundle {
  readonly minified: number
  readonly gzipped: number
  /** Paths of the files that something was taken from, below the package's root. */
  readonly files: readonly string[]
  /** The same of what is loaded only when it is asked for. */
  readonly later: Pick<Bundle, 'minified' | 'gzipped' | 'files'>
  /** Names that are left to be imported. */
  readonly external: readonly string[]
}

/** Bundles one subpath export, all of it, minified; workers are not counted. */
export async function bundle(name: (typeof PAGE_EXPORTS)[number]): Promise<Bundle> {
  const built = (await build({
    configFile: false,
    logLevel: 'silent',
    root: ROOT,
    build: {
      write: false,
      minify: true,
      target: 'es2022',
      lib: { entry: `dist/${name}/index.js`, formats: ['es'] },
    },
  })) as Rolldown.RolldownOutput[]
  const chunks = built.flatMap(({ output }) => output).filter((part) => part.type === 'chunk')
  const first = new Set(chunks.filter(({ isEntry }) => isEntry))
  for (const { imports } of first) {
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) first.add(chunk)
  }
  return {
    ...summary([...first]),
    later: summary(chunks.filter((chunk) => !first.has(chunk))),
    external: chunks
      .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
      .filter((id) => !chunks.some(({ fileName }) => fileName === id)),
  }
}

function summary(chunks: readonly Rolldown.OutputChunk[]): Bundle['later'] {
  return {
    minified: chunks.reduce((sum, { code }) => sum + code.length, 0),
    gzipped: chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0),
    files: chunks.flatMap(({ modules }) =>
      Object.entries(modules)
        .filter(([, { renderedLength }]) => renderedLength > 0)
        .map(([id]) => (id.startsWith(ROOT) ? id.slice(ROOT.length) : id)),
    ),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(
    '| import | minified, kB | gzip, kB | files | later, gzip, kB |\n|---|---:|---:|---:|---:|\n',
  )
  for (const name of PAGE_EXPORTS) {
    const { minified, gzipped, files, later } = await bundle(name)
    const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1)
    process.stdout.write(
      `| \`soulproof/${name}\` | ${kilobytes(minified)} | ${kilobytes(gzipped)} | ${files.length} | ${kilobytes(later.gzipped)} |\n`,
    )
  }
}
