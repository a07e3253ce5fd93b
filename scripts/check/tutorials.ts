import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { followTutorial, tutorialNames } from '../lib/tutorials.js'
import { installPacked } from '../pack-check.js'

/*
 * Follows the tutorials of docs/tutorials as they are written: saves their files, runs the commands whose output they show, and compares it.
 *
 *   npm run check:tutorials -- [--packed] [app-developer dao …]
 *
 * With --packed they are followed by who has no clone: in an empty folder, with our packages installed from their tarballs without
 * a network. Then only those that need none are.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Tutorials that need no clone, with what else they have npm install. */
const WITHOUT_CLONE: Readonly<Record<string, readonly string[]>> = {
  'app-developer': ['fastify', 'tsx'],
  'vote-pipeline': ['@semaphore-protocol/core', 'tsx'],
}

const args = process.argv.slice(2)
const isPacked = args.includes('--packed')
const named = args.filter((arg) => arg !== '--packed')
const names = named.length > 0 ? named : isPacked ? Object.keys(WITHOUT_CLONE) : tutorialNames()

if (isPacked) await withPackages(follow)
else await follow()

async function follow(folder?: string): Promise<void> {
  for (const name of names) {
    const start = performance.now()
    const count = await followTutorial({
      name,
      ...(folder !== undefined && { folder }),
      onCommand: (command) => process.stderr.write(command.replaceAll(/^/gm, '$ ').replace(/\$ $/, '')),
    })
    if (count === 0) throw new Error(`${name}.md shows no command with its output`)
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    process.stdout.write(`${name}: ${count} commands print what is shown, ${seconds} s\n`)
  }
}

/** Installs our packages from their tarballs; those of others are at hand as a registry would give them. */
async function withPackages(run: (app: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'soulproof-newcomer-'))
  try {
    const { app } = await installPacked({ folder, statements: ['membership', 'policy-s'] })
    const modules = join(app, 'node_modules')
    for (const other of new Set(names.flatMap((name) => WITHOUT_CLONE[name] ?? []))) {
      const links = [
        other,
        ...(existsSync(join(ROOT, 'node_modules', '.bin', other)) ? [`.bin/${other}`] : []),
      ]
      for (const link of links) {
        await mkdir(dirname(join(modules, link)), { recursive: true })
        await symlink(join(ROOT, 'node_modules', link), join(modules, link))
      }
    }
    await run(app)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
