/** Where verified artifacts wait for the next process or visit: a folder in Node, the Cache API in a page. */
import { cachedFile, cacheFolder } from '../cache.js'
import type { PartialFile, PartialStore } from './download.js'
import { isNode } from './engine/threads.js'
import { importUnseen } from './engine/unseen.js'

/** Keeps files by their SHA-256. Whoever reads one checks it: what was kept may have been changed. */
export interface Store {
  readonly get: (o: { file: string; sha256: string }) => Promise<Uint8Array<ArrayBuffer> | undefined>
  /** Returns whether the file is kept; never rejects. Other versions of a file may go. */
  readonly put: (o: { file: string; sha256: string; bytes: Uint8Array }) => Promise<boolean>
  readonly partial: (o: { file: string; sha256: string }) => PartialStore
}

/** Returns this place's store. */
export function openStore(): Store {
  return isNode() ? DISK : PAGE
}

type Fs = typeof import('node:fs/promises')

/** Milliseconds after which a file that nobody read goes from the disk when another is put there. */
const UNUSED = 90 * 24 * 3600 * 1000

let tidied = false

const DISK: Store = {
  async get({ sha256 }) {
    const path = cachedFile(await folder(), sha256)
    const bytes = await readFile(path).catch(() => undefined)
    // So that it counts as used; a cache that cannot be written is read all the same.
    if (bytes) await (await fileSystem()).utimes(path, new Date(), new Date()).catch(() => undefined)
    return bytes
  },
  async put({ sha256, bytes }) {
    const kept = await write(cachedFile(await folder(), sha256), bytes)
    if (kept) await tidy()
    return kept
  },
  partial({ file, sha256 }) {
    const path = async (): Promise<string> => `${cachedFile(await folder(), sha256)}.part`
    return {
      async get() {
        const fs = await fileSystem()
        const [head, bytes] = [
          await fs.readFile(`${await path()}.json`, 'utf8').catch(() => undefined),
          await readFile(await path()).catch(() => undefined),
        ]
        if (head === undefined || bytes === undefined) return undefined
        const { url, validator, name } = JSON.parse(head) as Record<string, string>
        return url && validator && name === file ? { url, validator, bytes } : undefined
      },
      async set(partial) {
        const fs = await fileSystem()
        const at = await path()
        if (partial === undefined) {
          for (const name of [at, `${at}.json`]) await fs.rm(name, { force: true }).catch(() => undefined)
          return
        }
        const { url, validator, bytes } = partial
        const head = new TextEncoder().encode(JSON.stringify({ url, validator, name: file }))
        // The head last: a part without one does not count.
        await fs.rm(`${at}.json`, { force: true }).catch(() => undefined)
        if (await write(at, bytes)) await write(`${at}.json`, head)
      },
    }
  },
}

async function fileSystem(): Promise<Fs> {
  return (await importUnseen('node:fs/promises')) as Fs
}

async function folder(): Promise<string> {
  const { homedir } = (await importUnseen('node:os')) as typeof import('node:os')
  return cacheFolder({ env: process.env, home: homedir() })
}

/** Reads a file as a plain array of bytes. Node only. */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = await (await fileSystem()).readFile(path)
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength)
}

/** Writes a file at once or not at all. */
async function write(path: string, bytes: Uint8Array): Promise<boolean> {
  const fs = await fileSystem()
  const temporary = `${path}.${globalThis.crypto.randomUUID()}`
  try {
    await fs.mkdir(path.slice(0, path.lastIndexOf('/')), { recursive: true })
    await fs.writeFile(temporary, bytes)
    await fs.rename(temporary, path)
    return true
  } catch {
    await fs.rm(temporary, { force: true }).catch(() => undefined)
    return false
  }
}

/** Removes what nobody used for long, once per process: files of older versions above all. */
async function tidy(): Promise<void> {
  if (tidied) return
  tidied = true
  const fs = await fileSystem()
  const files = `${await folder()}/files`
  for (const name of await fs.readdir(files).catch(() => [])) {
    const path = `${files}/${name}`
    const age = Date.now() - ((await fs.stat(path).catch(() => undefined))?.mtimeMs ?? Date.now())
    if (age > UNUSED) await fs.rm(path, { force: true }).catch(() => undefined)
  }
}

const CACHE = 'soulproof-artifacts'
/** Entries need addresses; nobody is asked at these, which cannot exist. */
const ADDRESS = 'https://artifacts.soulproof.invalid'

const PAGE: Store = {
  async get({ file, sha256 }) {
    const found = await openCache()
      .then((cache) => cache?.match(`${ADDRESS}/${file}/${sha256}`))
      .catch(() => undefined)
    return found && new Uint8Array(await found.arrayBuffer())
  },
  async put({ file, sha256, bytes }) {
    try {
      const cache = await openCache()
      if (!cache) return false
      // A page needs one version of a file: the others are of releases before, and go first to make room.
      for (const { url } of await cache.keys()) {
        if (url.startsWith(`${ADDRESS}/${file}/`) && url !== `${ADDRESS}/${file}/${sha256}`)
          await cache.delete(url)
      }
      await cache.put(`${ADDRESS}/${file}/${sha256}`, new Response(bytes as Uint8Array<ArrayBuffer>))
      return true
    } catch {
      return false
    }
  },
  partial({ file, sha256 }) {
    const address = `${ADDRESS}/${file}/${sha256}.part`
    return {
      async get(): Promise<PartialFile | undefined> {
        const found = await (await openCache())?.match(address)
        const [url, validator] = ['x-url', 'x-validator'].map((name) => found?.headers.get(name))
        if (!found || !url || !validator) return undefined
        return { url, validator, bytes: new Uint8Array(await found.arrayBuffer()) }
      },
      async set(partial) {
        try {
          const cache = await openCache()
          if (partial === undefined) await cache?.delete(address)
          else {
            const { url, validator, bytes } = partial
            const headers = { 'x-url': url, 'x-validator': validator }
            await cache?.put(address, new Response(bytes as Uint8Array<ArrayBuffer>, { headers }))
          }
        } catch {
          // Without room the next try begins anew.
        }
      },
    }
  },
}

/** Undefined where a page may not keep anything, such as without a secure context. */
async function openCache(): Promise<Cache | undefined> {
  return globalThis.caches?.open(CACHE)
}
