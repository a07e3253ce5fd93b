import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { defaultCacheDir } from '../../src/setup/build.js'
import { type Foreign, foreignFolder, hasForeign } from '../../test/support/foreign.js'
import { step } from './step.js'

const run = promisify(execFile)

/**
 * Fetches the archive of one package, without what it depends on, unless the cache has it.
 *
 * @returns where it is unpacked, see `foreignFolder`
 * @throws {Error} if npm fails, or the archive has not the pinned hash
 */
export async function fetchPackage(foreign: Foreign): Promise<string> {
  const { name, version, integrity } = foreign
  const folder = foreignFolder(foreign)
  if (hasForeign(foreign)) return folder
  await mkdir(dirname(folder), { recursive: true })
  // Beside its place, so that it gets there in one step.
  const work = await mkdtemp(join(dirname(folder), '.fetching-'))
  try {
    const { stdout } = await run('npm', ['pack', '--json', `${name}@${version}`], {
      cwd: work,
      maxBuffer: 2 ** 24,
    })
    const archive = join(work, (JSON.parse(stdout) as { filename: string }[])[0]!.filename.replace('/', '-'))
    const hash = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64')
    if (`sha512-${hash}` !== integrity) throw new Error(`${name}@${version} is not what it was`)
    await run('tar', ['-xzf', archive, '-C', work])
    await rename(join(work, 'package'), folder).catch((error: unknown) => {
      // Another process may have been faster; what it fetched has the same hash.
      if (!hasForeign(foreign)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}

/**
 * Installs what a folder locks into the cache, once, without scripts at installation.
 *
 * @param locked - folder with a package.json and its package-lock.json
 * @param name - of the folder in the cache, which the lockfile's hash completes
 * @returns where `node_modules` is
 * @throws {Error} if npm fails
 */
export async function installLocked(locked: string, name: string): Promise<string> {
  const lock = await readFile(join(locked, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex')
  const folder = join(defaultCacheDir(), 'foreign', `${name}-${hash.slice(0, 16)}`)
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(join(dirname(folder), '.installing-'))
  try {
    for (const file of ['package.json', 'package-lock.json'])
      await copyFile(join(locked, file), join(work, file))
    await step('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], work)
    await rename(work, folder).catch((error: unknown) => {
      // Another process may have been faster; what it installed has the same lockfile.
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return folder
}
