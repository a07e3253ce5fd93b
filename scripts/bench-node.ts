import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defaultCacheDir } from '../src/setup/build.js'

/*
 * Runs the bench under this Node and then under another one, which npm's package `node` brings:
 *
 *   npm run bench:node -- 26 [options of bench]
 *
 * The other Node is installed once, beside the cache of circuits, and is no dependency of the package.
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const [version = '', ...options] = process.argv.slice(2)
if (!/^\d+(\.\d+){0,2}$/.test(version)) {
  process.stderr.write('usage: npm run bench:node -- VERSION [options of bench]\n')
  process.exitCode = 2
} else {
  for (const executable of [process.execPath, install(version)]) {
    const args = ['--import', 'tsx', join(ROOT, 'src', 'cli', 'main.ts'), 'bench', ...options]
    const { status } = spawnSync(executable, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) process.exitCode = 1
  }
}

/** Returns the path of that Node's executable. */
function install(wanted: string): string {
  const folder = join(dirname(defaultCacheDir()), 'node', wanted)
  const modules = join(folder, 'node_modules', 'node', 'bin')
  const executable = join(modules, process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(executable)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    execFileSync(npm, ['install', '--no-audit', '--no-fund', `node@${wanted}`], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    })
  }
  return executable
}
