import assert from 'node:assert/strict'
import {
  assertAuthority,
  auditRoot,
  categoriesHash,
  createLedger,
  decodeEntry,
  entriesOf,
  entryRef,
  extendHead,
  incompleteMoves,
  ledgerHandle,
  movedEntries,
  queueHead,
  rebuildLedger,
} from '../../src/ledger/index.js'
import { type Cursor, createIndexer } from '../../src/ledger/indexer.js'
import { CREDIT } from '../support/ledger.js'

// biome-ignore lint/suspicious/noExplicitAny: as untyped callers do
type Anything = any

/** Found by fuzzing: what is malformed was met by the engine's own errors, or by none. */
describe('ledger: malformed arguments', () => {
  it('are named', () => {
    const calls: [() => unknown, RegExp][] = [
      [() => ledgerHandle(undefined as Anything), /^TypeError: options must be an object/],
      [() => decodeEntry(null as Anything), /^TypeError: words must be an object/],
      [() => entryRef(5 as Anything), /^TypeError: text must be a string/],
      [() => queueHead('x' as Anything), /^TypeError: entries must be an array/],
      [() => extendHead(-1n, { subject: 0n, content: 0n }), /^RangeError: head/],
      [() => movedEntries({ entries: [null], from: 1n, to: 2n } as Anything), /^TypeError: entry must be/],
      [() => rebuildLedger({ ...CREDIT, entries: 5 } as Anything), /^TypeError: entries must be an array/],
      [
        () => auditRoot({ ...CREDIT, entries: {}, root: 1n, queueLength: 0n } as Anything),
        /^TypeError: entries/,
      ],
      [() => incompleteMoves([undefined] as Anything), /^TypeError: entry must be an object/],
      [() => entriesOf([{ handle: 1n }] as Anything, 1n), /^TypeError: category must be a number/],
      [() => assertAuthority({ authority: { attestors: {} } } as Anything), /^TypeError: authority.movers/],
    ]
    for (const [call, expected] of calls) assert.throws(call, expected)
  })

  it('categories that are no strings have no hash: [undefined] would have that of [null]', () => {
    for (const names of [[undefined], [null], [5], 'unpaid', [['a']]]) {
      assert.throws(() => categoriesHash(names as Anything), TypeError)
    }
  })

  it('a node or a cursor that says anything gives an error of the ledger, and nothing is appended', async () => {
    const ledger = await createLedger(CREDIT)
    const client = (change: object): Anything => ({
      readContract: async () => CREDIT.id,
      getBlockNumber: async () => 4n,
      getBlock: async () => ({ hash: '0x01' }),
      getContractEvents: async () => [],
      ...change,
    })
    const index = (change: object, cursor?: Cursor) =>
      createIndexer({
        ...{ ledger, client: client(change), address: '0x00', fromBlock: 0n },
        ...(cursor && { cursor }),
      }).sync()
    const event = (args: unknown) => ({
      getContractEvents: async () => [{ eventName: 'EntryAppended', args }],
    })
    for (const change of [
      { getBlockNumber: async () => 'x' },
      { getContractEvents: async () => undefined },
      event(undefined),
      event({ index: 0n, subject: 'x', content: 0n }),
      event({ index: 0n, subject: -1n, content: 0n }),
      event({ index: 0.5, subject: 1n, content: 0n }),
    ]) {
      await assert.rejects(index(change), /^LedgerError: the node's answer is malformed/)
    }
    for (const checkpoints of ['x', [{}], [{ block: -1n, hash: '0x01', length: 0n }]]) {
      const cursor = { load: async () => checkpoints as Anything, save: async () => undefined }
      await assert.rejects(index({}, cursor), /^LedgerError: the cursor does not give checkpoints/)
    }
    assert.equal(ledger.length, 0n)
  })
})
