import type { Command } from 'commander'
import { SetTree } from '../merkle/index.js'
import { readArray, readObject } from '../merkle/json.js'
import { compilePolicy, explainPolicy, policyDigest } from '../policy/index.js'
import { type ClaimType, encodeClaim } from '../sbt/schema.js'
import { readClaim } from './claims.js'
import { UsageError } from './errors.js'
import { printJson, readJson } from './io.js'
import { readPolicy } from './options.js'

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

const CLAIM_TYPES: readonly ClaimType[] = ['uint', 'int', 'date', 'bool', 'string', 'bytes', 'field']
const MAX_VALUES = 1 << 20

/**
 * Reads a set file, `{ "type": <claim type>, "values": […] }`, into the tree that policies name by its root.
 *
 * @throws {UsageError|SchemaError} naming the part that is malformed
 */
export async function readSet(path: string): Promise<SetTree> {
  const { type, values } = readObject(await readJson(path, 'set'), 'set', ['type', 'values'])
  const known = CLAIM_TYPES.find((candidate) => candidate === type)
  if (known === undefined) throw new UsageError(`set.type: must be one of ${CLAIM_TYPES.join(', ')}`)
  return new SetTree(
    readArray(values, 'set.values', MAX_VALUES).map((value, i) => {
      const at = `set.values[${i}]`
      return encodeClaim(known, readClaim(known, value, at), at)
    }),
  )
}
