import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/*
 * A PostgreSQL of one's own: a cluster in a temporary folder that listens at a socket in it and nowhere else.
 */

const DEBIAN = '/usr/lib/postgresql'

/** Returns the folder of PostgreSQL's programs, `POSTGRES_BIN` or the newest of Debian's, or undefined. */
export function findPostgres(): string | undefined {
  const { POSTGRES_BIN } = process.env
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : []
  const folders = POSTGRES_BIN ? [POSTGRES_BIN] : versions.map((version) => join(DEBIAN, version, 'bin'))
  return folders.find((folder) => existsSync(join(folder, 'initdb')))
}

/** A cluster that runs. */
export interface Postgres {
  readonly connectionString: string
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>
  /** Ends it as an administrator does: `fast` breaks connections, and nothing that was committed is lost. */
  stop(): Promise<void>
  /** Kills all of its processes. */
  kill(): Promise<void>
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

/**
 * Makes a cluster and starts it, as an unprivileged user if this is root, which PostgreSQL refuses.
 *
 * @throws {Error} if it does not start
 */
export async function startPostgres(bin: string): Promise<Postgres> {
  const user = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-pg-'))
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (user) for (const path of [folder, data]) chownSync(path, user.uid, user.gid)
  const env = { PATH: process.env['PATH'], LC_ALL: 'C' }
  const as = { ...user, env, cwd: folder }
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'soulproof', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    {
      ...as,
      stdio: 'ignore',
    },
  )
  let server: ChildProcess | undefined

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = server
    server = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()))
    running.kill(signal)
    await ended
  }
  const start = async (): Promise<void> => {
    const settings = { listen_addresses: '', unix_socket_directories: folder, max_connections: '50' }
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    let isRunning = false
    for (let tries = 0; tries < 300; tries++) {
      // After a kill its first process is gone before the others are, and until then a new one ends at once.
      if (!isRunning) {
        isRunning = true
        server = spawn(join(bin, 'postgres'), ['-D', data, ...options], { ...as, stdio: 'ignore' })
        server.once('exit', () => {
          isRunning = false
        })
      }
      await sleep(100)
      try {
        execFileSync(join(bin, 'pg_isready'), ['-q', '-h', folder, '-U', 'soulproof', '-d', 'postgres'], as)
        return
      } catch {}
    }
    throw new Error('postgres does not start')
  }
  await start()
  return {
    connectionString: `postgresql:///postgres?user=soulproof&host=${encodeURIComponent(folder)}`,
    start,
    stop: () => end('SIGINT'),
    // Its other processes see that the first is gone, and end.
    kill: () => end('SIGKILL'),
    async remove() {
      await end('SIGINT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name])))
      return { uid: uid as number, gid: gid as number }
    } catch {}
  }
  throw new Error('there is no user postgres or nobody to run postgres as')
}
