import type { Command } from 'commander'
import { compilePolicy, explainPolicy, policyDigest } from '../policy/index.js'
import { readPolicy, readSet } from './inputs.js'
import { printJson } from './io.js'

/** Adds `soulproof policy check|digest|explain|set`. */
export function addPolicyCommand(program: Command): void {
  const policy = program.command('policy').description('check, identify and explain a policy')

  policy
    .command('check')
    .description('check a policy and print the statement that proves it, its limits and its digest')
    .argument('<policy>', 'JSON file, or - for stdin')
    .addHelpText('after', '\nExample:\n  $ soulproof policy check policy.json')
    .action(async (path: string) => {
      const parsed = await readPolicy(path)
      const { profile, digest } = compilePolicy(parsed)
      printJson({
        valid: true,
        statement: profile.name,
        digest: digest.toString(),
        slots: parsed.slots.map(({ name, schema, issuers }) => ({ name, schema: schema.name, issuers })),
        reveal: parsed.reveal.map(({ slot, claim }) => `${slot}.${claim}`),
        limits: {
          sbts: profile.sbts,
          ledgers: profile.ledgers,
          sets: profile.sets,
          clauses: profile.clauses,
          gates: profile.gates,
          reveals: profile.reveals,
        },
      })
    })

  policy
    .command('digest')
    .description('print the digest of a policy, which every proof for it carries')
    .argument('<policy>', 'JSON file, or - for stdin')
    .addHelpText('after', '\nExample:\n  $ soulproof policy digest policy.json')
    .action(async (path: string) => printJson({ digest: policyDigest(await readPolicy(path)).toString() }))

  policy
    .command('explain')
    .description('say in words what a policy demands, what a proof shows and what stays hidden')
    .argument('<policy>', 'JSON file, or - for stdin')
    .option('--text', 'print plain text instead of JSON')
    .addHelpText('after', '\nExample:\n  $ soulproof policy explain policy.json --text')
    .action(async (path: string, options: { text?: boolean }) => {
      const text = explainPolicy(await readPolicy(path))
      if (options.text) process.stdout.write(`${text.trimEnd()}\n`)
      else printJson({ explanation: text.trimEnd().split('\n') })
    })

  policy
    .command('set')
    .description('print the root of a set of values, for { "in": { "set": "<root>" } }')
    .argument('<set>', 'JSON file {"type": <claim type>, "values": […]}, or - for stdin')
    .addHelpText('after', '\nExample:\n  $ soulproof policy set universities.json')
    .action(async (path: string) => {
      const { root, size } = await readSet(path)
      printJson({ root: root.toString(), size })
    })
}
