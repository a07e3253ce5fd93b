import { isDeepStrictEqual } from 'node:util'
import * as designated from '../../src/designated/index.js'
import { verifierKeyFromJson, verifierKeyToJson } from '../../src/designated/keys.js'
import * as ledger from '../../src/ledger/index.js'
import { type Cursor, createIndexer } from '../../src/ledger/indexer.js'
import * as merkle from '../../src/merkle/index.js'
import { PLONK_COMMITMENTS, PLONK_EVALUATIONS } from '../../src/plonk.js'
import * as policy from '../../src/policy/index.js'
import { createProver } from '../../src/prover/index.js'
import * as sbt from '../../src/sbt/index.js'
import * as soul from '../../src/soul/index.js'
import { PLONK_MANIFEST } from '../../src/statements/plonk.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import {
  createVerifier,
  isDevelopmentKey,
  parseVerificationKey,
  verificationKeyHash,
} from '../../src/verifier/index.js'
import {
  exportPlonkSolidityVerifier,
  isDevelopmentPlonkKey,
  parsePlonkKey,
  plonkKeyHash,
  verifyPlonk,
} from '../../src/verifier/plonk/index.js'
import { CREDIT, entryAbout, openBook } from '../support/ledger.js'
import { ALICE, CITIZENSHIP, grant, NOW, openOffice, refresh, rootsOf } from '../support/world.js'
import { type Target, WrongAnswer } from './fuzz.js'

/** A target, and the exports of the package that it calls: `folder.name`. */
export interface EntryTarget extends Target {
  readonly covers: readonly string[]
}

// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
type Anything = any

const office = openOffice(201)
const [signed, registered] = [
  grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n }, salt: 14n }),
  grant({
    office,
    schema: CITIZENSHIP,
    claims: { country: 'FR', birthDate: -7n },
    salt: 15n,
    by: 'registry',
  }),
].map((one) => refresh(one, office)) as [sbt.HeldSbt, sbt.HeldSbt]
const roots = rootsOf(office)
const parsed = policy.parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { a: { issuers: [office.id], schema: 'citizenship/1' } },
  ledgers: { credit: { id: CREDIT.id, categories: CREDIT.categories } },
  require: {
    all: [
      { claim: 'a.country', eq: 'CA' },
      { ledger: 'credit.unpaid.sum', lte: 5 },
    ],
  },
  discloseHandle: 'credit',
})
const entries = [
  entryAbout(ALICE, CREDIT, { amount: 7n }),
  entryAbout(ALICE, CREDIT, { amount: -3n, category: 1 }),
]
const book = openBook(CREDIT, entries)
const handle = ledger.ledgerHandle({ soul: ALICE, ledgerId: CREDIT.id })
const opening = book.proof(handle)
const { state } = book.reader
const query = { ledger: CREDIT, of: ['unpaid'], most: 5, since: 1n, least: -5n }

/** What a reader accepts, it has to write back as it was. */
export function roundTrip<T>(
  read: (json: unknown) => T,
  write: (value: T) => unknown,
): (input: unknown) => void {
  return (input) => {
    const again = write(read(input))
    if (!isDeepStrictEqual(sortedKeys(again), sortedKeys(input)))
      throw new WrongAnswer('reads what it does not write')
  }
}

/** Without prototypes and the order of keys, which readers do not look at. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (typeof value !== 'object' || value === null) return value
  const pairs = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(
    pairs.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sortedKeys(item)]),
  )
}

/** Whatever the input, the answer is a number of the field. */
function inField(value: unknown, bits = 254): void {
  if (typeof value !== 'bigint' || value < 0n || value >> BigInt(bits) !== 0n) {
    throw new WrongAnswer('gives what is no number of the field')
  }
}

function soulTargets(): EntryTarget[] {
  return [
    {
      name: 'holderOf',
      covers: ['soul.holderOf'],
      samples: [[ALICE.commitment, 5n]],
      call: (input: Anything) =>
        Array.isArray(input) ? inField(soul.holderOf(input[0], input[1])) : undefined,
    },
  ]
}

function sbtTargets(): EntryTarget[] {
  return [
    {
      name: 'parseIssuerId',
      covers: ['sbt.parseIssuerId'],
      samples: [office.id, 'eip155:1:0x0101010101010101010101010101010101010101'],
      call: sbt.parseIssuerId,
    },
    {
      name: 'sbtFromJson',
      covers: ['sbt.sbtFromJson', 'sbt.sbtToJson'],
      samples: [sbt.sbtToJson(signed.sbt), sbt.sbtToJson(registered.sbt)],
      call: roundTrip((json) => sbt.sbtFromJson(json), sbt.sbtToJson),
    },
    {
      name: 'heldSbtFromJson and back',
      cost: 2,
      covers: ['sbt.heldSbtFromJson', 'sbt.heldSbtToJson'],
      samples: [sbt.heldSbtToJson(signed), sbt.heldSbtToJson(registered)],
      call: roundTrip((json) => sbt.heldSbtFromJson(json), sbt.heldSbtToJson),
    },
    {
      name: 'schemaFromJson',
      covers: ['sbt.schemaFromJson', 'sbt.schemaToJson'],
      samples: [sbt.schemaToJson(CITIZENSHIP)],
      call: roundTrip((json) => sbt.schemaFromJson(json), sbt.schemaToJson),
    },
    {
      name: 'issuerFromJson',
      covers: ['sbt.issuerFromJson', 'sbt.issuerToJson'],
      samples: [sbt.issuerToJson(office.issuer!)],
      call: (input) => sbt.issuerFromJson(input),
    },
    {
      name: 'issuerRootsFromJson and back',
      covers: ['sbt.issuerRootsFromJson', 'sbt.issuerRootsToJson'],
      samples: [sbt.issuerRootsToJson(roots)],
      call: roundTrip((json) => sbt.issuerRootsFromJson(json), sbt.issuerRootsToJson),
    },
  ]
}

function merkleTargets(): EntryTarget[] {
  const group = new merkle.Group([3n, ALICE.commitment, 5n])
  const set = new merkle.SetTree([5n, 'CA'])
  return [
    {
      name: 'leanRoot',
      covers: ['merkle.leanRoot'],
      samples: [group.proof(1)],
      call: (input: Anything) => inField(merkle.leanRoot(input)),
    },
    {
      name: 'quaternaryRoot',
      covers: ['merkle.quaternaryRoot'],
      samples: [office.registry.proof(0)],
      call: (input: Anything) => inField(merkle.quaternaryRoot(input)),
    },
    {
      name: 'intervalLeaf',
      covers: ['merkle.intervalLeaf'],
      samples: [[5n, 9n, true]],
      call: (input: Anything) =>
        Array.isArray(input) ? inField(merkle.intervalLeaf(input[0], input[1], input[2])) : undefined,
    },
    {
      name: 'set proof',
      covers: ['merkle.SetTree'],
      samples: [5n, 'CA', 'FR', 2n ** 253n],
      call: (input: Anything) => {
        const { member } = set.proof(input)
        if (member && input !== 5n && input !== 'CA') throw new WrongAnswer('a stranger is a member')
      },
    },
    {
      name: 'group methods',
      covers: ['merkle.Group'],
      samples: [{ add: 9n, remove: 1, proof: 0, indexOf: 5n }],
      call: (input: Anything) => {
        const own = new merkle.Group([3n, 4n, 5n])
        own.add(input?.add)
        own.remove(input?.remove)
        own.indexOf(input?.indexOf)
        const proof = own.proof(input?.proof)
        if (merkle.leanRoot(proof) !== own.root) throw new WrongAnswer('opens to another root')
      },
    },
    {
      name: 'registry methods',
      cost: 2,
      covers: ['merkle.Registry'],
      samples: [{ insert: 9n, revoke: 0, proof: 0 }],
      call: (input: Anything) => {
        const own = new merkle.Registry({ leaves: [7n, 8n] })
        own.insert(input?.insert)
        own.revoke(input?.revoke)
        const proof = own.proof(input?.proof)
        if (merkle.quaternaryRoot(proof) !== own.root) throw new WrongAnswer('opens to another root')
      },
    },
    {
      name: 'merkle proof and back',
      covers: ['merkle.proofFromJson', 'merkle.proofToJson'],
      samples: [merkle.proofToJson(office.registry.proof(0)), merkle.proofToJson(group.proof(1))],
      call: roundTrip((json) => merkle.proofFromJson(json), merkle.proofToJson),
    },
  ]
}

function policyTargets(): EntryTarget[] {
  const withRoots = {
    issuers: roots.issuers,
    ledgers: { credit: { root: ledger.ledgerRoot(state), queueLength: 2n, at: NOW } },
  }
  return [
    {
      name: 'evaluatePolicy with ledgers',
      cost: 4,
      covers: ['policy.evaluatePolicy'],
      samples: [
        { roots: withRoots, now: NOW, soul: ALICE, sbts: [signed], sets: [], ledgers: { credit: opening } },
        { roots: withRoots, now: NOW, soul: ALICE, sbts: [registered], ledgers: {} },
      ],
      call: (input: Anything) => {
        if (typeof input !== 'object' || input === null) return
        const { satisfied, reasons } = policy.evaluatePolicy({ ...input, policy: parsed })
        if (!satisfied && reasons.length === 0) throw new WrongAnswer('refuses without a reason')
      },
    },
    {
      name: 'anchorsOf',
      covers: ['policy.anchorsOf'],
      samples: [{ roots }],
      call: (input: Anything) => policy.anchorsOf({ ...input, policy: parsed }),
    },
  ]
}

function designatedTargets(): EntryTarget[] {
  const key = designated.createVerifierKey({ secret: 4711n })
  const next = designated.createVerifierKey({ secret: 4712n })
  const challenge = new Uint8Array(32).fill(9)
  const possession = designated.provePossession({ key, challenge, session: 'fuzz' })
  const rotation = designated.rotateVerifierKey({ from: key, to: next, at: NOW })
  return [
    {
      name: 'createVerifierKey',
      covers: ['designated.createVerifierKey'],
      samples: [{ secret: 5n }],
      call: (input: Anything) => inField(designated.createVerifierKey(input).verifierKey),
    },
    {
      name: 'sessionVerifierKey',
      cost: 2,
      covers: ['designated.sessionVerifierKey'],
      samples: [{ key, session: 'one' }],
      call: (input: Anything) => inField(designated.sessionVerifierKey(input).verifierKey),
    },
    {
      name: 'provePossession',
      cost: 4,
      covers: ['designated.provePossession'],
      samples: [{ key, challenge, session: 'fuzz' }],
      call: (input: Anything) => {
        const made = designated.provePossession(input)
        const { verifierKey } = designated.createVerifierKey({ secret: input.key.secret })
        if (!designated.checkPossession({ ...input, verifierKey, possession: made })) {
          throw new WrongAnswer('makes a possession that does not hold')
        }
      },
    },
    {
      name: 'checkPossession',
      covers: ['designated.checkPossession'],
      samples: [{ verifierKey: key.verifierKey, challenge, session: 'fuzz', possession }],
      call: (input: Anything, sample) => {
        if (designated.checkPossession(input) && !sameParts(input, sample)) {
          throw new WrongAnswer('accepts a possession that was changed')
        }
      },
    },
    {
      name: 'rotateVerifierKey',
      cost: 4,
      covers: ['designated.rotateVerifierKey'],
      samples: [{ from: key, to: next, at: NOW }],
      call: (input: Anything) => designated.rotateVerifierKey(input),
    },
    {
      name: 'followRotation',
      covers: ['designated.followRotation'],
      samples: [{ verifierKey: key.verifierKey, rotation, now: NOW }],
      call: (input: Anything) => {
        const found = designated.followRotation(input)
        if (found !== undefined && (found !== next.verifierKey || !sameText(input.rotation, rotation))) {
          throw new WrongAnswer('follows a rotation that was changed')
        }
      },
    },
    {
      name: 'verifier key and back',
      covers: [],
      samples: [verifierKeyToJson(key)],
      call: roundTrip(verifierKeyFromJson, verifierKeyToJson),
    },
    {
      name: 'drandBeacon',
      covers: ['designated.drandBeacon'],
      samples: [{ chain: 'ab'.repeat(32), round: 5, randomness: 'cd'.repeat(32), at: NOW }],
      call: (input: Anything) => designated.drandBeacon(input),
    },
    {
      name: 'blockBeacon',
      covers: ['designated.blockBeacon'],
      samples: [{ chainId: 1, number: 5, hash: `0x${'cd'.repeat(32)}`, at: NOW }],
      call: (input: Anything) => designated.blockBeacon(input),
    },
    {
      name: 'textBeacon',
      covers: ['designated.textBeacon'],
      samples: [{ source: 'news', text: 'a headline', at: NOW }],
      call: (input: Anything) => designated.textBeacon(input),
    },
    {
      name: 'openExchange and readRequest',
      covers: ['designated.openExchange'],
      samples: [designated.openExchange()],
      call: (input: Anything) => {
        try {
          designated.readRequest({ opening: input, request: {}, verifierKey: key.verifierKey, now: NOW })
        } catch (error) {
          if (error instanceof designated.ExchangeError || (error as Error).name === 'SchemaError') return
          throw error
        }
        throw new WrongAnswer('accepts an empty request')
      },
    },
  ]
}

/** Whether all parts of a sample are there; options may have others. */
function sameParts(input: Anything, sample: Anything): boolean {
  return Object.keys(sample).every((name) => sameText(input?.[name], sample[name]))
}

/** Whether two values of JSON say the same. */
export function sameText(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(sortedKeys(a), sortedKeys(b))
}

function ledgerTargets(): EntryTarget[] {
  const [entry] = entries as [ledger.TallyEntry]
  const moved: ledger.MovedEntry = { handle: 5n, category: ledger.MOVED, to: 6n }
  const words = ledger.encodeEntry(entry)
  const authority = { attestors: { bank: [0] }, movers: ['office'] }
  return [
    {
      name: 'ledgerIdOf',
      covers: ['ledger.ledgerIdOf'],
      samples: [CREDIT.id],
      call: (x: Anything) => inField(ledger.ledgerIdOf(x)),
    },
    {
      name: 'categoriesHash',
      covers: ['ledger.categoriesHash'],
      samples: [CREDIT.categories],
      call: (x: Anything) => inField(ledger.categoriesHash(x)),
    },
    {
      name: 'ledgerRoot',
      covers: ['ledger.ledgerRoot'],
      samples: [state],
      call: (x: Anything) => inField(ledger.ledgerRoot(x)),
    },
    {
      name: 'ledgerHandle',
      covers: ['ledger.ledgerHandle'],
      samples: [{ soul: ALICE, ledgerId: CREDIT.id }],
      call: (x: Anything) => inField(ledger.ledgerHandle(x), 248),
    },
    {
      name: 'encodeEntry',
      covers: ['ledger.encodeEntry', 'ledger.decodeEntry'],
      samples: [entry, moved],
      call: (x: Anything) => {
        const again = ledger.decodeEntry(ledger.encodeEntry(x))
        const part = Object.fromEntries(Object.entries(x).filter(([name]) => name in again))
        if (!isDeepStrictEqual(sortedKeys(part), sortedKeys(again))) throw new WrongAnswer('is another entry')
      },
    },
    {
      name: 'decodeEntry',
      covers: ['ledger.decodeEntry'],
      samples: [words, ledger.encodeEntry(moved), { subject: 2n ** 253n - 1n, content: 2n ** 253n - 1n }],
      call: (x: Anything) => ledger.decodeEntry(x),
    },
    {
      name: 'entryFromJson',
      covers: ['ledger.entryFromJson', 'ledger.entryToJson'],
      samples: [ledger.entryToJson(entry), ledger.entryToJson(moved)],
      call: roundTrip((json) => ledger.entryFromJson(json), ledger.entryToJson),
    },
    {
      name: 'ledgerStateFromJson',
      covers: ['ledger.ledgerStateFromJson', 'ledger.ledgerStateToJson'],
      samples: [ledger.ledgerStateToJson(state)],
      call: roundTrip((json) => ledger.ledgerStateFromJson(json), ledger.ledgerStateToJson),
    },
    {
      name: 'ledgerProofFromJson',
      cost: 2,
      covers: ['ledger.ledgerProofFromJson', 'ledger.ledgerProofToJson'],
      samples: [ledger.ledgerProofToJson(opening)],
      call: roundTrip((json) => ledger.ledgerProofFromJson(json), ledger.ledgerProofToJson),
    },
    {
      name: 'entryRef',
      covers: ['ledger.entryRef'],
      samples: ['loan 7'],
      call: (x: Anything) => inField(ledger.entryRef(x), 148),
    },
    {
      name: 'queueHead',
      covers: ['ledger.queueHead', 'ledger.extendHead'],
      samples: [entries],
      call: (x: Anything) => inField(ledger.queueHead(x)),
    },
    {
      name: 'movedEntries',
      covers: ['ledger.movedEntries'],
      samples: [{ entries, from: handle, to: 6n }],
      call: (x: Anything) => ledger.movedEntries(x),
    },
    {
      name: 'rebuildLedger',
      covers: ['ledger.rebuildLedger', 'ledger.applyEntries'],
      samples: [{ ...CREDIT, entries }],
      call: (x: Anything) => {
        const { queueLength } = ledger.rebuildLedger(x)
        if (queueLength !== BigInt(x.entries.length)) throw new WrongAnswer('loses entries')
      },
    },
    {
      name: 'auditRoot',
      covers: ['ledger.auditRoot'],
      samples: [{ ...CREDIT, entries, root: ledger.ledgerRoot(state), queueLength: 2n }],
      call: (x: Anything, sample) => {
        if (ledger.auditRoot(x).valid && !isLonger(x, sample)) {
          throw new WrongAnswer('finds a root right that is not')
        }
      },
    },
    {
      name: 'incompleteMoves',
      covers: ['ledger.incompleteMoves'],
      samples: [[...entries, ...ledger.movedEntries({ entries, from: handle, to: 6n })]],
      call: (x: Anything) => ledger.incompleteMoves(x),
    },
    {
      name: 'assertAuthority',
      covers: ['ledger.assertAuthority'],
      samples: [{ authority, disclosures: { bank: [handle] }, attestor: 'bank', entry }],
      call: (x: Anything) =>
        ledger.assertAuthority({ ...x, disclosures: new Map([['bank', new Set([handle])]]) }),
    },
    {
      name: 'entriesOf',
      covers: ['ledger.entriesOf'],
      samples: [[entries, handle]],
      call: (x: Anything) => (Array.isArray(x) ? ledger.entriesOf(x[0], x[1]) : undefined),
    },
    {
      name: 'prepareHistory',
      covers: ['ledger.prepareHistory'],
      samples: [{ scope: 'a', message: 'b', soul: ALICE, query, proof: opening, entries }],
      call: (x: Anything) => ledger.prepareHistory(x),
    },
    {
      name: 'prepareBatch',
      cost: 3,
      covers: ['ledger.prepareBatch', 'ledger.traceEntries'],
      samples: [entries],
      call: (x: Anything) => ledger.prepareBatch({ reader: ledger.emptyLedger(CREDIT), entries: x }),
    },
    {
      name: 'createMemoryLedger',
      cost: 2,
      covers: ['ledger.createMemoryLedger', 'ledger.emptyLedger'],
      samples: [
        { options: { ...CREDIT, keep: 2 }, append: entries, apply: 1, proof: handle, from: 0n, limit: 5 },
      ],
      call: (x: Anything) => {
        const own = ledger.createMemoryLedger(x?.options)
        own.append(...(Array.isArray(x?.append) ? x.append : [x?.append]))
        own.apply(x?.apply)
        own.entries(x?.from, x?.limit)
        const proof = own.proof(x?.proof)
        if (ledger.ledgerRoot(proof.state) !== ledger.ledgerRoot(own.reader.state)) {
          throw new WrongAnswer('opens to another root')
        }
      },
    },
    {
      name: 'createLedger in memory',
      cost: 4,
      covers: ['ledger.createLedger'],
      samples: [
        { options: CREDIT, append: entries, apply: 1, proof: handle, rewind: 1n, from: 0n, limit: 5 },
      ],
      async call(x: Anything) {
        // What names a folder is fuzzed with the stores.
        if (x?.options?.path !== undefined) return
        const own = await ledger.createLedger(x?.options)
        await own.append(x?.append)
        await own.apply(x?.apply)
        await own.entries(x?.from, x?.limit)
        own.proof(x?.proof)
        await own.rewind(x?.rewind)
        await own.close()
      },
    },
    {
      name: 'indexer',
      cost: 4,
      covers: ['indexer.createIndexer', 'indexer.createMemoryCursor'],
      samples: [chainSample()],
      call: indexChain,
    },
  ]
}

/** Entries after the audited ones do not matter to the audit, nor do fields of an entry that are in no hash. */
function isLonger(x: Anything, sample: Anything): boolean {
  const { entries: more } = x
  const { entries: audited, ...known } = sample
  return (
    sameParts(x, known) &&
    sameText(more.slice(0, audited.length).map(ledger.encodeEntry), audited.map(ledger.encodeEntry))
  )
}

interface ChainSample {
  readonly id: unknown
  readonly latest: unknown
  readonly hashes: readonly unknown[]
  readonly events: readonly unknown[]
  readonly head: unknown
  readonly checkpoints: readonly unknown[]
}

function chainSample(): ChainSample {
  const event = (entry: ledger.Entry, index: bigint): unknown => ({
    eventName: 'EntryAppended',
    blockNumber: 2n + index,
    logIndex: 0,
    args: { index, handle: entry.handle, attestor: `0x${'11'.repeat(20)}`, ...ledger.encodeEntry(entry) },
  })
  const root = { root: ledger.ledgerRoot(state), queueLength: 2n, completeAt: 5n }
  return {
    id: CREDIT.id,
    latest: 4n,
    hashes: ['0x0', '0x1', '0x2', '0x3', '0x4'],
    events: [
      ...entries.map((entry, i) => event(entry, BigInt(i))),
      { eventName: 'RootAccepted', blockNumber: 4n, logIndex: 1, args: root },
    ],
    head: ledger.queueHead(entries),
    checkpoints: [],
  }
}

/** An indexer whose node says anything. What it appends has to lead to the head that the contract says. */
async function indexChain(given: unknown): Promise<void> {
  const chain = (given ?? {}) as ChainSample
  const own = await ledger.createLedger(CREDIT)
  const client = {
    readContract: async ({ functionName }: { functionName: string }) =>
      functionName === 'id' ? chain.id : chain.head,
    getBlockNumber: async () => chain.latest,
    getBlock: async ({ blockNumber }: { blockNumber: bigint }) => ({
      hash: Array.isArray(chain.hashes) ? chain.hashes[Number(blockNumber)] : chain.hashes,
    }),
    getContractEvents: async () => chain.events,
  } as Anything
  const cursor: Cursor = { load: async () => chain.checkpoints as never, save: async () => undefined }
  const index = createIndexer({ ledger: own, client, address: '0x00', fromBlock: 0n, cursor })
  const { appended } = await index.sync()
  if (appended > 0 && (await own.head()) !== chain.head) throw new WrongAnswer('appends what leads elsewhere')
}

function verifierTargets(): EntryTarget[] {
  const key = parseVerificationKey(VERIFICATION_KEYS['membership']!.key)
  return [
    {
      name: 'verificationKeyHash',
      covers: ['verifier.verificationKeyHash'],
      samples: [key],
      call: (x: Anything) => verificationKeyHash(x),
    },
    {
      name: 'isDevelopmentKey',
      covers: ['verifier.isDevelopmentKey'],
      samples: [key],
      call: (x: Anything) => isDevelopmentKey(x),
    },
    {
      name: 'createVerifier',
      covers: ['verifier.createVerifier'],
      samples: [
        { allowDevelopmentKeys: true },
        { allowDevelopmentKeys: true, proofSystem: 'plonk', manifest: PLONK_MANIFEST },
      ],
      call: (x: Anything) => createVerifier(x),
    },
    {
      name: 'verifyBatch',
      covers: [],
      samples: [
        { envelope: {}, ledger: CREDIT, oldRoot: 0n, queueLength: 2n, queueHead: ledger.queueHead(entries) },
      ],
      async call(x: Anything) {
        const own = await createVerifier({ allowDevelopmentKeys: true })
        if ((await own.verifyBatch(x)).valid) throw new WrongAnswer('accepts an empty envelope')
      },
    },
    {
      name: 'createProver',
      covers: ['prover.createProver'],
      samples: [
        { threads: 1, engine: 'soulproof', artifacts: './zkeys' },
        { threads: 1, proofSystem: 'plonk', artifacts: './zkeys', manifest: PLONK_MANIFEST },
      ],
      async call(x: Anything) {
        await (await createProver(x)).dispose()
      },
    },
  ]
}

function plonkTargets(): EntryTarget[] {
  const { verificationKey } = PLONK_MANIFEST.statements['membership']!
  const key = parsePlonkKey(verificationKey)
  const proof = {
    ...Object.fromEntries(PLONK_COMMITMENTS.map((name) => [name, ['1', '2', '1']])),
    ...Object.fromEntries(PLONK_EVALUATIONS.map((name) => [name, '1'])),
    ...{ protocol: 'plonk', curve: 'bn128' },
  }
  return [
    {
      name: 'parsePlonkKey',
      covers: ['plonk.parsePlonkKey'],
      samples: [verificationKey],
      call: (x: Anything) => parsePlonkKey(x),
    },
    {
      name: 'plonkKeyHash',
      covers: ['plonk.plonkKeyHash'],
      samples: [key],
      call: (x: Anything) => plonkKeyHash(x),
    },
    {
      name: 'isDevelopmentPlonkKey',
      covers: ['plonk.isDevelopmentPlonkKey'],
      samples: [key],
      call: (x: Anything) => isDevelopmentPlonkKey(x),
    },
    {
      name: 'exportPlonkSolidityVerifier',
      covers: ['plonk.exportPlonkSolidityVerifier'],
      samples: [{ verificationKey, contractName: 'V', provenance: { kind: 'development' } }],
      call: (x: Anything) => exportPlonkSolidityVerifier(x),
    },
    {
      name: 'verifyPlonk',
      covers: ['plonk.verifyPlonk'],
      samples: [{ verificationKey, publicSignals: ['1', '2', '3', '4', '0', '0'], proof }],
      async call(x: Anything) {
        if (await verifyPlonk(x)) throw new WrongAnswer('accepts what nobody proved')
      },
    },
  ]
}

/** Entry points that need neither files nor proofs: those of `targets.ts` are not repeated. */
export function entryTargets(): EntryTarget[] {
  return [
    ...soulTargets(),
    ...sbtTargets(),
    ...merkleTargets(),
    ...policyTargets(),
    ...designatedTargets(),
    ...ledgerTargets(),
    ...verifierTargets(),
    ...plonkTargets(),
  ]
}
