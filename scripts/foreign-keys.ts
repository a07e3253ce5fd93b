/**
 * `npm run foreign-keys`: fetches proving keys of others into the cache outside the clone, for test/prover/foreign.test.ts:
 * Semaphore v4's ceremony keys of 32 depths (109 MB), UniRep's (39 MB) and those of Waku's RLN (6 MB). What does not have
 * the hash that stands in test/support/foreign.ts is refused.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { FOREIGN, foreignFolder, hasForeign } from '../test/support/foreign.js'

const run = promisify(execFile)

for (const foreign of FOREIGN) {
  const { name, version, integrity } = foreign
  if (hasForeign(foreign)) {
    console.log(`${name}@${version} is there`)
    continue
  }
  const folder = foreignFolder(foreign)
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
    await rename(join(work, 'package'), folder)
    console.log(`${name}@${version} is fetched into ${folder}`)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
console.log(`${FOREIGN.length} packages`)
