import { dirname } from 'node:path'
import type { Command } from 'commander'
import { ClaimStoreError } from '../server/claims.js'
import { RefusedError, UsageError } from './errors.js'
import { printJson, readJson } from './io.js'
import { readInteger } from './options.js'

/** Packages that only servers need. */
const NEEDED = ['fastify', '@fastify/rate-limit', '@fastify/swagger', 'prom-client', 'pg']

/** Adds `soulproof serve`. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('serve gates over HTTP: check proofs, and spend their nullifiers in a database')
    .argument('<config>', 'configuration, see docs/server.md')
    .option('--host <address>', "address to listen at, instead of the configuration's")
    .option('--port <number>', "port to listen at, 0 for any, instead of the configuration's")
    .option('--check', 'read the configuration, and do not serve')
    .addHelpText(
      'after',
      `
Prints where it listens as JSON, and then a line of JSON for each request. SIGTERM and SIGINT end it when the requests under
way are answered.

Environment:
  SOULPROOF_DATABASE          connection string of PostgreSQL; without it the claims are in a folder
  SOULPROOF_CHALLENGE_SECRET  32 bytes or more in hex, for gates that make challenges; more than one after commas

Example:
  $ soulproof serve service.json --port 8788`,
    )
    .action(async (path: string, options: { host?: string; port?: string; check?: boolean }) => {
      const { readServiceConfig, startService } = await import('../server/service.js').catch(missingPackage)
      const read = readServiceConfig(await readJson(path, 'config'), dirname(path))
      const { host = read.host, port } = options
      const config = { ...read, host, port: port === undefined ? read.port : readInteger(port, '--port') }
      if (options.check === true) {
        printJson({ gates: config.gates.map(({ name }) => name) })
        return
      }
      const service = await startService({ config, env: process.env }).catch(refuse)
      // One line, as the log that follows.
      process.stdout.write(`${JSON.stringify({ url: service.url })}\n`)
      const signal = await new Promise<NodeJS.Signals>((resolve) => {
        for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve)
      })
      service.app.log.info({ signal }, 'stopping')
      await service.close()
    })
}

/** Nothing is wrong with the configuration: a port or a database is not to be had. */
function refuse(error: unknown): never {
  if (error instanceof ClaimStoreError) throw new RefusedError(error.message)
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && /^E(ADDR|ACCES|NOTFOUND)/.test(code))
    throw new RefusedError(`cannot listen there (${code})`)
  throw error
}

function missingPackage(error: unknown): never {
  const { code } = error as { code?: unknown }
  if (code !== 'ERR_MODULE_NOT_FOUND') throw error
  throw new UsageError(`serve needs packages that are not installed: npm install ${NEEDED.join(' ')}`)
}
