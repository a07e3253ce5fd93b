import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as chain from '../../src/chain/index.js'
import { bigIntToBytes } from '../../src/field.js'
import { Registry } from '../../src/merkle/index.js'
import { QuaternaryTree } from '../../src/merkle/quaternary.js'
import type { EntryTarget } from './entries.js'
import { WrongAnswer } from './fuzz.js'

// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
type Anything = any

const LEAVES = [5n, 7n, 0n, 9n]
const EMPTY = new Registry().root

const wordsOf = (values: readonly bigint[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(values.flatMap((value) => [...bigIntToBytes(value, 32)]))

/** What a node may answer: a registry of two leaves, its root committed. */
function registrySample() {
  const event = (eventName: string, args: Readonly<Record<string, bigint>>, logIndex: number) => ({
    ...{ eventName, args, blockNumber: 3n, logIndex },
  })
  return {
    ...{ latest: 3n, hashes: `0x${'11'.repeat(32)}`, fromBlock: 0n },
    events: [
      event('LeafWritten', { write: 0n, index: 0n, leaf: 5n }, 0),
      event('LeafWritten', { write: 1n, index: 1n, leaf: 7n }, 1),
      event('RootCommitted', { root: new Registry({ leaves: [5n, 7n] }).root, writes: 2n }, 2),
    ],
    checkpoints: [],
  }
}

/** An indexer whose node says anything: its root is one that its own leaves lead to. */
async function follow(given: Anything): Promise<void> {
  const said = given ?? {}
  const client = {
    getBlockNumber: async () => said.latest,
    getBlock: async ({ blockNumber }: { blockNumber: bigint }) => ({
      hash: Array.isArray(said.hashes) ? said.hashes[Number(blockNumber)] : said.hashes,
    }),
    getContractEvents: async () => said.events,
  } as Anything
  const cursor: chain.Cursor = { load: async () => said.checkpoints, save: async () => undefined }
  const { fromBlock } = said
  const index = await chain.createRegistryIndexer({ client, address: '0x00', fromBlock, cursor })
  await index.sync()
  if (index.root !== new Registry({ leaves: [...index.leaves()] }).root) {
    throw new WrongAnswer('has a root that its leaves do not lead to')
  }
}

/** Entry points of `soulproof/chain`: a node, a server and files that may say anything. */
export function chainTargets(folder: string): EntryTarget[] {
  const registry = new Registry({ leaves: LEAVES })
  const handler = chain.createRegistryHandler({
    root: registry.root,
    leaves: () => LEAVES,
    nodes: () => Array<bigint>(1024).fill(EMPTY),
  })
  const answering = (of: Anything) => async (url: Anything) =>
    new Response(String(url).endsWith('/top') ? of.top : of.body)
  const tops = wordsOf(new QuaternaryTree().row(5))
  return [
    {
      name: 'chain.poseidonTables',
      covers: ['chain.poseidonTables'],
      cost: 2,
      samples: [4, 16],
      call: (inputs: Anything) => chain.poseidonTables(inputs),
    },
    {
      name: 'chain.createRegistryIndexer',
      covers: ['chain.createRegistryIndexer', 'chain.createMemoryCursor', 'chain.createMemoryLog'],
      cost: 4,
      samples: [registrySample()],
      call: follow,
    },
    {
      name: 'chain.openFileLog',
      covers: ['chain.openFileLog'],
      cost: 2,
      samples: [new Uint8Array(72)],
      async call(input: Anything) {
        const path = join(folder, 'registry.log')
        writeFileSync(path, input as Uint8Array)
        const events = await chain.openFileLog(path).load()
        if (events.length !== Math.floor(input.length / 36)) throw new WrongAnswer('reads other events')
      },
    },
    {
      name: 'chain.createRegistryHandler',
      covers: ['chain.createRegistryHandler'],
      samples: ['state', `${registry.root}/leaves`, `${registry.root}/top`, `${registry.root}/buckets/3`],
      call(path: Anything) {
        if (typeof path !== 'string') return
        const { status } = handler(
          new Request(
            new URL(
              encodeURIComponent(path.replace(/[\ud800-\udfff]/g, '')).replaceAll('%2F', '/'),
              'http://registry/',
            ),
          ),
        )
        if (![200, 404, 410].includes(status)) throw new WrongAnswer(`answers ${status}`)
      },
    },
    {
      name: 'chain.fetchRegistry',
      covers: ['chain.fetchRegistry'],
      cost: 4,
      samples: [{ url: 'http://registry', root: registry.root, body: wordsOf(LEAVES) }],
      async call(input: Anything) {
        const options = typeof input === 'object' && input !== null ? { ...input } : input
        if (options !== input) options.fetch = answering(input)
        const found = await chain.fetchRegistry(options)
        if (found.root !== input.root) throw new WrongAnswer('has another root')
      },
    },
    {
      name: 'chain.fetchOpening',
      covers: ['chain.fetchOpening'],
      cost: 4,
      samples: [
        { url: 'http://registry', root: EMPTY, index: 5, body: new Uint8Array(32 * 1024), top: tops },
      ],
      async call(input: Anything) {
        const options = typeof input === 'object' && input !== null ? { ...input } : input
        if (options !== input) options.fetch = answering(input)
        const found = await chain.fetchOpening(options)
        if (found.root !== input.root) throw new WrongAnswer('has another root')
      },
    },
  ]
}
