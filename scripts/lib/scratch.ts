import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const COPIED = ['src', 'test', 'circuits', 'contracts', 'scripts', 'zkeys', 'package.json', 'tsconfig.json']

/** Copies the project into a folder of its own for as long as a function uses it. */
export async function withScratch<T>(use: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'soulproof-scratch-'))
  try {
    for (const name of COPIED) await cp(join(ROOT, name), join(scratch, name), { recursive: true })
    // The compiler's file system does not follow links: what circuits include is copied.
    await mkdir(join(scratch, 'node_modules'))
    for (const name of await readdir(join(ROOT, 'node_modules'))) {
      const [from, to] = [join(ROOT, 'node_modules', name), join(scratch, 'node_modules', name)]
      if (name === 'circomlib') await cp(from, to, { recursive: true })
      else await symlink(from, to)
    }
    return await use(scratch)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Runs tests of a scratch copy; returns the first that fails, or undefined if all pass.
 *
 * @throws {Error} if there is no such test, or one breaks without an assertion
 */
export async function firstFailure(
  scratch: string,
  [file, titles]: readonly [string, string],
): Promise<string | undefined> {
  const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
  const args = [
    mocha,
    '--no-config',
    '-n',
    'import=tsx/esm',
    '-t',
    '600000',
    '-R',
    'json',
    '--bail',
    file,
    '-g',
    titles,
  ]
  const options = { cwd: scratch, maxBuffer: 1 << 28, env: { ...process.env, SOULPROOF_PLANTED: '1' } }
  const { stdout } = await run(process.execPath, args, options).catch((error: { stdout: string }) => error)
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as {
    stats: { tests: number }
    failures: { title: string; err: { stack: string } }[]
  }
  if (report.stats.tests === 0) throw new Error(`${file} has no test ${titles}`)
  const [failure] = report.failures
  if (
    failure !== undefined &&
    /does not compile|ERR_MODULE_NOT_FOUND|Transform failed/.test(failure.err.stack)
  ) {
    throw new Error(`${file}: breaks and does not fail: ${failure.err.stack.slice(0, 500)}`)
  }
  return failure?.title
}
