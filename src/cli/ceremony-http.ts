import type { Command } from 'commander'
import { serveCeremony } from '../ceremony/coordinator.js'
import { joinCeremony } from '../ceremony/join.js'
import { randomBytes } from '../crypto/random.js'
import { type ContributorOptions, readContributor, withContributor } from './ceremony-contributor.js'
import { printJson, say } from './io.js'
import { readInteger } from './options.js'
import { withProgress } from './progress.js'

interface ServeOptions {
  readonly host: string
  readonly port: string
  readonly turnSeconds: string
  readonly idleSeconds: string
  readonly contributions?: string
}

/** Adds `soulproof ceremony serve`. */
export function addServeCommand(ceremony: Command): void {
  ceremony
    .command('serve')
    .description('coordinate over HTTP: contributors queue, and whoever lets a turn pass is skipped')
    .argument('<folder>', 'folder of the ceremony')
    .option('--host <address>', 'address to listen at; put a server that speaks TLS in front', '127.0.0.1')
    .option('--port <number>', 'port to listen at, 0 for any', '8799')
    .option('--turn-seconds <number>', 'how long a turn lasts', '1800')
    .option('--idle-seconds <number>', 'how long somebody who waits may be silent', '60')
    .option('--contributions <number>', 'end when the transcript has so many; by default with Ctrl-C')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof ceremony serve our-ceremony --port 8799 --contributions 12',
    )
    .action(async (folder: string, options: ServeOptions) => {
      const { host, contributions } = options
      const coordinator = await serveCeremony({
        folder,
        host,
        port: readInteger(options.port, '--port'),
        turnSeconds: readInteger(options.turnSeconds, '--turn-seconds'),
        idleSeconds: readInteger(options.idleSeconds, '--idle-seconds'),
        ...(contributions !== undefined && { contributions: readInteger(contributions, '--contributions') }),
        onEvent: (event, name, detail) =>
          say(`${event}: ${name}${detail === undefined ? '' : `: ${detail}`}`),
      })
      printJson({ url: coordinator.url })
      const interrupted = new Promise<void>((resolve) => process.once('SIGINT', resolve))
      await Promise.race([coordinator.done, interrupted])
      // The last contributor's answer is on its way.
      await new Promise((resolve) => setTimeout(resolve, 200))
      await coordinator.close()
    })
}

/** Adds `soulproof ceremony join`. */
export function addJoinCommand(ceremony: Command): void {
  withContributor(ceremony.command('join'))
    .description('contribute to a ceremony that somebody serves')
    .argument('<url>', "the coordinator's address")
    .option('--poll-seconds <number>', 'how often to ask whether it is your turn', '2')
    .addHelpText(
      'after',
      '\nExample:\n  $ soulproof ceremony join https://ceremony.example.org --name Alice --out alice > alice.receipt.json',
    )
    .action(async (url: string, options: ContributorOptions & { pollSeconds: string }) => {
      const contributor = await readContributor(options)
      const pollSeconds = readInteger(options.pollSeconds, '--poll-seconds')
      const receipt = await withProgress('join', (progress) =>
        joinCeremony({
          url,
          out: options.out,
          ...contributor,
          random: randomBytes,
          pollSeconds,
          onProgress: progress.report,
        }),
      )
      printJson(receipt)
    })
}
