/**
 * Returns the folder of what is built or fetched, outside any clone: `SOULPROOF_CACHE`, or `soulproof/artifacts` below
 * `XDG_CACHE_HOME` or `.cache` of the home folder. Node only.
 */
export function cacheFolder(o: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}): string {
  const { SOULPROOF_CACHE, XDG_CACHE_HOME } = o.env
  return SOULPROOF_CACHE || `${XDG_CACHE_HOME || `${o.home}/.cache`}/soulproof/artifacts`
}

/**
 * Returns the path of a file in that folder by its content: what has another hash is not that file.
 *
 * @param folder  see {@link cacheFolder}
 * @param sha256  64 hex digits
 */
export function cachedFile(folder: string, sha256: string): string {
  return `${folder}/files/${sha256}`
}
