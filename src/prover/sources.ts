import { cachedFile, cacheFolder } from '../cache.js'
import { importUnseen } from './engine/unseen.js'

/** Where a file may be: reads it, or rejects if it is not there. */
export interface Source {
  /** For messages: never a path or a URL, which may carry credentials. */
  readonly name: string
  read(file: string): Promise<Uint8Array>
  /** Whether what it gives is worth keeping in the cache. */
  readonly remote: boolean
}

type Fs = typeof import('node:fs/promises')

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
      async read(file) {
        const response = await fetch(new URL(file, url))
        if (!response.ok) throw new Error(`the server answers ${response.status}`)
        return new Uint8Array(await response.arrayBuffer())
      },
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

/** Reads a file of the cache outside the package; undefined in a page, or if it is not there. */
export async function readCached(sha256: string): Promise<Uint8Array | undefined> {
  const folder = await nodeCacheFolder()
  if (folder === undefined) return undefined
  return readFile(cachedFile(folder, sha256)).catch(() => undefined)
}

/** Keeps a verified file for the next process. A cache that cannot be written is none, and no error. */
export async function writeCached(sha256: string, bytes: Uint8Array): Promise<void> {
  const folder = await nodeCacheFolder()
  if (folder === undefined) return
  const fs = (await importUnseen('node:fs/promises')) as Fs
  const path = cachedFile(folder, sha256)
  const temporary = `${path}.${globalThis.crypto.randomUUID()}`
  try {
    await fs.mkdir(`${folder}/files`, { recursive: true })
    await fs.writeFile(temporary, bytes)
    await fs.rename(temporary, path)
  } catch {
    await fs.rm(temporary, { force: true }).catch(() => undefined)
  }
}

async function nodeCacheFolder(): Promise<string | undefined> {
  if (typeof process === 'undefined' || process.versions?.node === undefined) return undefined
  const { homedir } = (await importUnseen('node:os')) as typeof import('node:os')
  return cacheFolder({ env: process.env, home: homedir() })
}

async function readFile(path: string): Promise<Uint8Array> {
  const fs = (await importUnseen('node:fs/promises')) as Fs
  const buffer = await fs.readFile(path)
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
