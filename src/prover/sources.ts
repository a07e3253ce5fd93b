import { download, type PartialStore } from './download.js'
import { importUnseen } from './engine/unseen.js'
import { readFile } from './store.js'

/** What a source may be told about reading a file. */
export interface ReadOptions {
  readonly onBytes?: ((loaded: number, total: number | undefined) => void) | undefined
  /** Where what has come of a file waits for the next try. */
  readonly partial?: PartialStore | undefined
  /** Bytes that the file has at most. */
  readonly most?: number | undefined
  /** Milliseconds without a byte after which a server is given up. */
  readonly stall?: number | undefined
}

/** Where a file may be: reads it, or rejects if it is not there. */
export interface Source {
  /** For messages: never a path or a URL, which may carry credentials. */
  readonly name: string
  read(file: string, options?: ReadOptions): Promise<Uint8Array>
  /** Whether what it gives is worth keeping in the cache. */
  readonly remote: boolean
}

// The package's own folder: this file is two levels below the root, in src as in dist.
// Bundlers leave it alone: a page names a server's folder.
const PACKAGE_SOURCE = new URL(/* webpackIgnore: true */ /* @vite-ignore */ '../../zkeys/', import.meta.url)

/** Name of the npm package that carries one statement's artifacts. */
export function artifactPackage(statement: string): string {
  return `@soulproof/artifacts-${statement}`
}

/**
 * The sources that a prover looks in when the app names none: the package's own folder, as in a clone, and the package of
 * the statement's artifacts.
 */
export function defaultSources(statement: string): Source[] {
  const own = sourceOf(PACKAGE_SOURCE, 'this package')
  if (PACKAGE_SOURCE.protocol !== 'file:') return [own]
  const name = artifactPackage(statement)
  return [
    own,
    {
      name: `${name} (npm install it)`,
      remote: false,
      async read(file) {
        const { createRequire } = (await importUnseen('node:module')) as typeof import('node:module')
        const { dirname, join } = (await importUnseen('node:path')) as typeof import('node:path')
        const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
        return readFile(join(folder, file))
      },
    },
  ]
}

/** A folder, as a path or a file:, http: or https: URL. */
export function sourceOf(folder: string | URL, name: string): Source {
  const url = folder instanceof URL || /^(https?|file):/i.test(folder) ? new URL(folder) : undefined
  if (url && url.protocol !== 'file:') {
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    return {
      name,
      remote: true,
      read: (file, options) => download({ ...options, url: new URL(file, url) }),
    }
  }
  return {
    name,
    remote: false,
    async read(file) {
      const { join } = (await importUnseen('node:path')) as typeof import('node:path')
      const { fileURLToPath } = (await importUnseen('node:url')) as typeof import('node:url')
      return readFile(join(url ? fileURLToPath(url) : String(folder), file))
    },
  }
}
