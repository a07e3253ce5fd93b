import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { RefusedError, UsageError } from './errors.js'

/** Readable by its owner alone: keys, salts, claims. */
export const PRIVATE_MODE = 0o600
/** Readable by everybody: trees, roots, proofs. */
export const PUBLIC_MODE = 0o644

/** A file to be written as a whole. */
export interface Output {
  readonly path: string
  readonly content: string
  readonly mode: number
  /** Whether a file that is there may be replaced. */
  readonly replace: boolean
}

/** Writes a value as all JSON of this program is written: two spaces, a newline at the end. */
export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Prints a result on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(formatJson(value))
}

/** Prints a message for people on stderr. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

let isStdinRead = false

/**
 * Reads a text from a file, or from stdin if the path is `-`.
 *
 * @param label what the input is called in errors
 * @throws {UsageError} if it cannot be read, or stdin was read before
 */
export async function readText(path: string, label: string): Promise<string> {
  if (path !== '-') {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      throw new UsageError(`${label}: ${path} cannot be read (${codeOf(error)})`)
    }
  }
  if (isStdinRead) throw new UsageError(`${label}: only one input may come from stdin`)
  isStdinRead = true
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Reads JSON from a file, or from stdin if the path is `-`.
 *
 * @throws {UsageError} if it cannot be read or is not JSON; the message shows nothing of the content
 */
export async function readJson(path: string, label: string): Promise<unknown> {
  const text = await readText(path, label)
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`${label}: ${path === '-' ? 'stdin' : path} is not JSON`)
  }
}

/**
 * Writes files so that others see each whole or not at all. Nothing is put in place before everything is on disk.
 *
 * @throws {RefusedError} if a file is there that may not be replaced
 * @throws {UsageError} if a folder is missing or not writable
 */
export async function writeFiles(outputs: readonly Output[]): Promise<void> {
  for (const { path, replace } of outputs) if (!replace) await refuseExisting(path)
  const written: { temporary: string; output: Output }[] = []
  try {
    for (const output of outputs) {
      const temporary = join(dirname(output.path), `.${basename(output.path)}.${randomUUID()}`)
      await writeTemporary(temporary, output)
      written.push({ temporary, output })
    }
    for (const { temporary, output } of written) await putInPlace(temporary, output)
  } finally {
    for (const { temporary } of written) await rm(temporary, { force: true })
  }
}

/**
 * Gives a result to whom it is for: into a file if one is named, else to stdout.
 *
 * @throws {RefusedError|UsageError} as {@link writeFiles}
 */
export async function emitJson(
  value: unknown,
  options: { readonly out?: string; readonly force?: boolean; readonly mode?: number },
): Promise<void> {
  await emitText(formatJson(value), options)
}

/** As {@link emitJson}, for a text. */
export async function emitText(
  content: string,
  options: { readonly out?: string; readonly force?: boolean; readonly mode?: number },
): Promise<void> {
  const { out, force = false, mode = PRIVATE_MODE } = options
  if (out === undefined || out === '-') process.stdout.write(content)
  else await writeFiles([{ path: out, content, mode, replace: force }])
}

/**
 * Checks before any work that a file may be written.
 *
 * @throws {RefusedError} if it is there
 */
export async function refuseExisting(path: string): Promise<void> {
  const present = await stat(path).catch(() => undefined)
  if (present) throw existing(path)
}

/**
 * Holds locks on files while they are read, changed and written, so that two runs do not lose each other's changes.
 *
 * @throws {RefusedError} if another run holds one
 */
export async function withLocks<T>(paths: readonly string[], run: () => Promise<T>): Promise<T> {
  const held: string[] = []
  try {
    // In one order everywhere: two runs cannot wait for each other's, whichever comes first gets all.
    for (const path of [...paths].sort()) {
      const lock = `${path}.lock`
      const handle = await open(lock, 'wx').catch((error: unknown) => {
        if (codeOf(error) === 'EEXIST') {
          throw new RefusedError(`${path} is being changed by another run; if none runs, remove ${lock}`)
        }
        throw new UsageError(`${lock} cannot be written (${codeOf(error)})`)
      })
      held.push(lock)
      await handle.close()
    }
    return await run()
  } finally {
    for (const lock of held) await rm(lock, { force: true })
  }
}

/** Writes a file, or leaves none. One that was never made cannot always be removed either: its name may be too long. */
async function writeTemporary(temporary: string, output: Output): Promise<void> {
  try {
    const handle = await open(temporary, 'wx', output.mode)
    try {
      await handle.writeFile(output.content)
      await handle.sync()
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new UsageError(`${output.path} cannot be written (${codeOf(error)})`)
  }
}

async function putInPlace(temporary: string, { path, replace }: Output): Promise<void> {
  if (!replace) {
    try {
      // Unlike rename, link never replaces a file that appeared meanwhile.
      await link(temporary, path)
      return
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw existing(path)
      // A file system without hard links.
      await refuseExisting(path)
    }
  }
  await rename(temporary, path).catch((error: unknown) => {
    throw new UsageError(`${path} cannot be written (${codeOf(error)})`)
  })
}

function existing(path: string): RefusedError {
  return new RefusedError(`${path} exists; --force replaces it`)
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown'
}

/**
 * Reads the bytes of a file.
 *
 * @param label what the input is called in errors
 * @throws {UsageError} if it cannot be read
 */
export async function readBytes(path: string, label: string): Promise<Uint8Array> {
  try {
    const buffer = await readFile(path)
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  } catch (error) {
    throw new UsageError(`${label}: ${path} cannot be read (${codeOf(error)})`)
  }
}
