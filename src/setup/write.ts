import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a file so that others see it whole or not at all, and leaves it alone if it has this content.
 *
 * @returns whether it was written
 */
export async function writeAtomically(path: string, content: Uint8Array | string): Promise<boolean> {
  const bytes = Buffer.from(content as Uint8Array)
  const present = await readFile(path).catch(() => undefined)
  if (present?.equals(bytes)) return false
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${randomUUID()}`
  try {
    await writeFile(temporary, bytes)
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  return true
}
