import { createFeedKey, deltaDigest, followFeed, openFeed, publishEntry } from '../src/feed/index.js'
import { bucketToJson, deltaToJson, openBucket, Registry } from '../src/merkle/index.js'
import type { Roots } from '../src/policy/index.js'
import { createIssuer } from '../src/sbt/index.js'

/*
 * Sizes of what a feed sends, and the time that followers take, as docs/feed.md has them:
 *
 *   node --import tsx scripts/bench-feed.ts [leaves]
 */

const LEAVES = Number(process.argv[2] ?? 20_000)
const NOW = 1_763_700_000n
const write = (label: string, value: string): void =>
  void process.stdout.write(`${label.padEnd(60)}${value}\n`)
const size = (json: unknown): string => `${JSON.stringify(json).length.toLocaleString('en-US')} bytes`
/** Processor time: other work on the machine does not enter. */
const timed = (run: () => unknown): string => {
  const start = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(start)
  return `${((user + system) / 1000).toFixed(1)} ms`
}
// Leaves are hashes: as long as any number of the field.
const leafOf = (i: number): bigint => (2n ** 253n + BigInt(i) * 7919n ** 18n) % 2n ** 253n

const key = createFeedKey({ secret: new Uint8Array(32).fill(1) })
const next = createFeedKey({ secret: new Uint8Array(32).fill(2) })
for (const count of [1, 10, 100]) {
  const issuers = Array.from(
    { length: count },
    (_, i) => createIssuer({ secret: new Uint8Array(32).fill(i + 3) }).id,
  )
  const roots: Roots = {
    issuers: Object.fromEntries(issuers.map((id, i) => [id, { registry: leafOf(i), status: leafOf(i + 1) }])),
  }
  const digests = Object.fromEntries(
    issuers.map((id) => [id, { registry: 'ab'.repeat(32), status: 'ab'.repeat(32) }]),
  )
  const head = openFeed({ feed: key.id })
  const common = { head, key, roots, at: NOW, expiresAt: NOW + 86_400n }
  const { entry } = publishEntry(common)
  const named = publishEntry({ ...common, deltas: digests })
  write(
    `entry, ${count} issuers with two trees; with digests of deltas`,
    `${size(entry)}; ${size(named.entry)}`,
  )
  if (count > 1) continue
  write(
    'the head that a follower keeps, after one change of the key',
    size(publishEntry({ ...common, next }).head),
  )
  write(
    'check of an entry',
    timed(() => followFeed({ head, entries: [entry], now: NOW })),
  )
}

const registry = new Registry({ leaves: Array.from({ length: LEAVES }, (_, i) => leafOf(i + 1)) })
const status = new Registry({
  kind: 'status',
  leaves: Array.from({ length: LEAVES }, (_, i) => (i % 50 === 7 ? 1n : 0n)),
})
for (const tree of [registry, status]) {
  const name = tree.kind === 'issued' ? 'registry' : 'status tree'
  write(`whole ${name} of ${LEAVES} leaves`, size(tree.leaves.map(String)))
  for (const height of [5, 6]) {
    const bucket = tree.bucket({ height, number: 2 })
    write(
      `bucket of 4^${height} of the ${name}; to open it`,
      `${size(bucketToJson(bucket))}; ${timed(() => openBucket({ bucket, root: tree.root, index: 2 * 4 ** height + 7 }))}`,
    )
  }
  for (const changes of [1, 100, 1000]) {
    const copy = new Registry({ kind: tree.kind, leaves: tree.leaves })
    const later = new Registry({ kind: tree.kind, leaves: tree.leaves })
    for (let i = 0; i < changes; i++) {
      if (tree.kind === 'issued') later.insert(leafOf(LEAVES + i + 1))
      else later.revoke((16 * i) % LEAVES)
    }
    const delta = later.since(copy)
    deltaDigest(delta)
    write(
      `delta of ${changes} changes of the ${name}; to apply it`,
      `${size(deltaToJson(delta))}; ${timed(() => copy.update(delta))}`,
    )
  }
}
