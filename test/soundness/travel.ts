import { createBackup, restoreBackup } from '../../src/backup/index.js'
import { treeFile } from '../../src/cli/feed-folder.js'
import * as feed from '../../src/feed/index.js'
import * as issuing from '../../src/issuing/index.js'
import { typeOf } from '../../src/issuing/messages.js'
import * as merkle from '../../src/merkle/index.js'
import { parsePolicy } from '../../src/policy/index.js'
import type { Prover } from '../../src/prover/index.js'
import { heldSbtToJson } from '../../src/sbt/index.js'
import { blindHolder } from '../../src/soul/index.js'
import type { Verifier } from '../../src/verifier/index.js'
import { ALICE, CITIZENSHIP, grant, NOW, openOffice, refresh, rootsOf } from '../support/world.js'
import { type EntryTarget, roundTrip, sameText } from './entries.js'
import { WrongAnswer } from './fuzz.js'
import { provingTargets } from './short-of-proof.js'

// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
type Anything = any

const PASSPHRASE = 'correct horse battery staple'
const office = openOffice(203)
const held = refresh(
  grant({ office, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n }, salt: 34n }),
  office,
)
const key = feed.createFeedKey({ secret: new Uint8Array(32).fill(0x77) })
const next = feed.createFeedKey({ secret: new Uint8Array(32).fill(0x78) })
const policy = parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { a: { issuers: [office.id], schema: 'citizenship/1' } },
  require: { has: 'a' },
})

/** A feed of two entries, the second of which brings the status tree from nothing to what it is. */
function makeFeed() {
  const status = new merkle.Registry({ kind: 'status' })
  status.revoke(9)
  const delta = status.since(new merkle.Registry({ kind: 'status' }))
  const roots = { issuers: { [office.id]: { status: status.root } } }
  const common = { roots: rootsOf(office), policies: [policy], expiresAt: NOW + 60n }
  const start = feed.openFeed({ feed: key.id })
  const first = feed.publishEntry({ ...common, head: start, key, at: NOW - 10n, next })
  const digests = { [office.id]: { status: feed.deltaDigest(delta) } }
  const last = { ...common, head: first.head, key: next, at: NOW, policies: [] }
  const second = feed.publishEntry({ ...last, roots, deltas: digests })
  const forked = feed.publishEntry(last)
  const entries = [first.entry, second.entry]
  const equivocation = feed.findEquivocation({
    ...{ feed: key.id, ours: entries, theirs: [entries[0], forked.entry] },
  })!
  return { status, delta, start, first, second, entries, roots, forked, equivocation }
}

/** Entry points of feeds, deltas and buckets. */
export function feedTargets(): EntryTarget[] {
  const { status, delta, start, first, second, forked, entries, roots, equivocation } = makeFeed()
  const state = feed.followFeed({ head: start, entries, now: NOW })
  const digests = [feed.followFeed({ head: start, entries: [entries[0]], now: NOW }).digest, state.digest]
  const bucket = status.bucket({ height: 5, number: 0 })
  return [
    {
      name: 'delta and back',
      covers: ['merkle.deltaFromJson', 'merkle.deltaToJson'],
      samples: [merkle.deltaToJson(delta)],
      call: roundTrip((json) => merkle.deltaFromJson(json), merkle.deltaToJson),
    },
    {
      name: 'bucket and back',
      covers: ['merkle.bucketFromJson', 'merkle.bucketToJson'],
      samples: [merkle.bucketToJson(bucket)],
      call: roundTrip((json) => merkle.bucketFromJson(json), merkle.bucketToJson),
    },
    {
      name: 'openBucket',
      cost: 10,
      covers: ['merkle.openBucket'],
      samples: [{ bucket, root: status.root, index: 9 }],
      call(input: Anything) {
        const proof = merkle.openBucket(input)
        if (merkle.quaternaryRoot(proof) !== input.root) throw new WrongAnswer('opens to another root')
      },
    },
    {
      name: 'registry update and bucket',
      cost: 10,
      covers: ['merkle.Registry'],
      samples: [{ delta, bucket: { height: 5, number: 0 } }],
      call(input: Anything) {
        const tree = new merkle.Registry({ kind: 'status' })
        const { root } = tree
        try {
          tree.update(input?.delta)
        } catch (error) {
          if (tree.root !== root) throw new WrongAnswer('is changed by what it refuses')
          throw error
        }
        if (tree.root !== input.delta.to) throw new WrongAnswer('has another root')
        tree.bucket(input?.bucket)
      },
    },
    {
      name: 'deltaDigest',
      covers: ['feed.deltaDigest'],
      samples: [delta],
      call: (input: Anything) => feed.deltaDigest(input),
    },
    {
      name: 'createFeedKey',
      covers: ['feed.createFeedKey', 'feed.openFeed'],
      samples: [{ secret: key.secret }],
      call: (input: Anything) => feed.openFeed({ feed: feed.createFeedKey(input).id }),
    },
    {
      name: 'publishEntry',
      cost: 30,
      covers: ['feed.publishEntry'],
      samples: [
        { head: start, key, roots, at: NOW, expiresAt: NOW + 5n, next, deltas: {} },
        { head: first.head, key: next, roots, at: NOW, expiresAt: NOW + 5n },
      ],
      call(input: Anything) {
        const { entry, head } = feed.publishEntry(input)
        feed.feedHeadFromJson(head, { feed: key.id })
        const known = { head: input.head, entries: [entry], now: input.at }
        if (feed.followFeed(known).digest === undefined) throw new WrongAnswer('signs what nobody follows')
      },
    },
    {
      name: 'followFeed',
      cost: 30,
      covers: ['feed.followFeed', 'feed.feedAnchors'],
      samples: [
        { head: start, entries, now: NOW },
        { head: start, entries: entries.slice(0, 1), now: NOW },
        { head: first.head, entries: [second.entry], now: NOW, maxClockSkew: 5n },
      ],
      call(input: Anything) {
        const found = feed.followFeed(input)
        if (found.digest !== digests[Number(found.sequence)]) throw new WrongAnswer('follows another feed')
        if (found.anchors.size > 0) feed.feedAnchors({ state: found, policy })
      },
    },
    {
      name: 'feedHeadFromJson',
      cost: 20,
      covers: ['feed.feedHeadFromJson'],
      samples: [second.head, first.head],
      call: roundTrip(
        (json) => feed.feedHeadFromJson(json, { feed: key.id }),
        (head) => head,
      ),
    },
    {
      name: 'findEquivocation',
      cost: 40,
      covers: ['feed.findEquivocation'],
      samples: [{ feed: key.id, ours: entries, theirs: [entries[0], forked.entry], rotations: [] }],
      call(input: Anything) {
        const found = feed.findEquivocation(input)
        if (found !== undefined && !sameText(found, equivocation))
          throw new WrongAnswer('accuses of another fork')
      },
    },
    {
      name: 'checkEquivocation',
      cost: 30,
      covers: ['feed.checkEquivocation'],
      samples: [{ feed: key.id, equivocation }],
      call(input: Anything) {
        if (!feed.checkEquivocation(input)) return
        const { entries: pair, ...rest } = input.equivocation
        const same = [pair, [...pair].reverse()].some((one) =>
          sameText({ ...rest, entries: one }, equivocation),
        )
        if (!same) throw new WrongAnswer('is convinced by what was changed')
      },
    },
    {
      name: 'followTree',
      cost: 10,
      covers: ['feed.followTree'],
      samples: [{ issuer: office.id, deltas: [merkle.deltaToJson(delta)] }],
      call(input: Anything) {
        const tree = new merkle.Registry({ kind: 'status' })
        feed.followTree({ ...input, tree, state })
        if (tree.root !== status.root) throw new WrongAnswer('has another root')
      },
    },
    {
      name: 'refreshHeld',
      cost: 10,
      covers: ['feed.refreshHeld'],
      samples: [{ held }],
      call: (input: Anything) => feed.refreshHeld({ ...input, state, trees: { status } }),
    },
  ]
}

/** Entry points of backups. */
export async function backupTargets(): Promise<EntryTarget[]> {
  const { head } = makeFeed().second
  const content = { soul: ALICE, sbts: [held], blindings: [blindHolder({ soul: ALICE })], feeds: [head] }
  const options = { ...content, ledgers: {}, passphrase: PASSPHRASE, now: NOW, cost: 2 ** 14 }
  const backup = await createBackup(options)
  return [
    {
      name: 'createBackup',
      cost: 60,
      covers: ['backup.createBackup'],
      samples: [options],
      async call(input: Anything) {
        const made = await createBackup(input)
        if (JSON.stringify(made).includes(ALICE.secret.toString())) throw new WrongAnswer('shows the secret')
        const { soul } = await restoreBackup({ backup: made, passphrase: input.passphrase })
        if (soul.secret !== input.soul.secret) throw new WrongAnswer('brings back another Soul')
      },
    },
    {
      name: 'restoreBackup',
      cost: 50,
      covers: ['backup.restoreBackup'],
      samples: [backup, JSON.stringify(backup)],
      async call(input: Anything, sample) {
        const { soul } = await restoreBackup({ backup: input, passphrase: PASSPHRASE })
        if (soul.secret !== ALICE.secret || !sameText(input, sample))
          throw new WrongAnswer('opens what was changed')
      },
    },
  ]
}

/** The messages of one run. */
export interface IssuingMessages {
  readonly offer: issuing.Offer
  readonly request: issuing.IssuingRequest
  readonly pending: issuing.PendingRequest
  readonly issued: issuing.Issued
}

/** Entry points of the issuing exchange. */
export async function issuingTargets(o: {
  readonly prover: Prover
  readonly verifier: Verifier
}): Promise<{ readonly targets: EntryTarget[]; readonly messages: IssuingMessages }> {
  const { prover, verifier } = o
  const issuer = office.issuer!
  const content = { person: 'alice', schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 5n } }
  const persons = issuing.createMemoryPersons()
  const offer = await issuing.offerSbt({ ...content, issuer, persons, now: NOW })
  const known = { offer, issuer: office.id, person: 'alice', now: NOW }
  const checked = issuing.readOffer(known)
  const { request, pending } = await issuing.requestSbt({ offer: checked, soul: ALICE, prover, now: NOW })
  const asked = { issuer, verifier, person: 'alice', reserve: () => 7, now: NOW }
  const issued = await issuing.grantSbt({ ...asked, persons, request })
  const record = (await persons.find({ type: typeOf(checked), person: 'alice' }))!
  const targets: EntryTarget[] = [
    {
      name: 'offerSbt',
      cost: 20,
      covers: ['issuing.offerSbt'],
      samples: [{ ...content, issuer, now: NOW, seconds: 60n, sbtExpiresAt: NOW + 600n }],
      async call(input: Anything) {
        const made = await issuing.offerSbt({ ...input, persons: issuing.createMemoryPersons() })
        issuing.readOffer({ offer: made, issuer: office.id, now: input.now })
      },
    },
    {
      name: 'readOffer',
      cost: 10,
      covers: ['issuing.readOffer'],
      samples: [known],
      call(input: Anything) {
        const { json } = issuing.readOffer(input)
        if (!sameText(json, offer)) throw new WrongAnswer('accepts another offer')
      },
    },
    ...provingTargets(
      {
        name: 'requestSbt',
        cost: 500,
        most: 30_000,
        covers: ['issuing.requestSbt'],
        samples: [{ offer: checked, soul: ALICE, now: NOW }],
        call: (input: Anything, prover) =>
          typeof input === 'object' ? issuing.requestSbt({ ...input, prover }) : undefined,
      },
      prover,
    ),
    {
      name: 'grantSbt',
      cost: 20,
      covers: ['issuing.grantSbt'],
      samples: [request],
      async call(input: Anything) {
        await issuing.grantSbt({ ...asked, persons: issuing.createMemoryPersons(), request: input })
        if (!sameText(input, request)) throw new WrongAnswer('grants a request that was changed')
      },
    },
    {
      name: 'grantSbt options',
      cost: 20,
      covers: ['issuing.grantSbt', 'issuing.createMemoryPersons'],
      samples: [{ issuer, person: 'alice', request, now: NOW, statusId: 7 }],
      call(input: Anything) {
        const reserve = (): number => input?.statusId
        const fresh = issuing.createMemoryPersons()
        return issuing.grantSbt({ ...input, reserve, verifier, persons: fresh })
      },
    },
    {
      name: 'acceptSbt',
      cost: 20,
      covers: ['issuing.acceptSbt'],
      samples: [{ pending, issued, soul: ALICE, now: NOW }],
      call(input: Anything) {
        const { sbt } = issuing.acceptSbt(input)
        if (sbt.hash.toString() !== issued.sbt.hash) throw new WrongAnswer('accepts another SBT')
      },
    },
    {
      name: 'person store',
      covers: ['issuing.createMemoryPersons'],
      samples: [{ record, find: record }],
      async call(input: Anything) {
        const store = issuing.createMemoryPersons()
        if ((await store.claim(input?.record)) !== undefined) throw new WrongAnswer('has what it never got')
        await store.find(input?.find)
        await store.release(input?.find)
      },
    },
    {
      name: 'openPersons',
      covers: ['issuing.openPersons'],
      samples: [{ path: 'persons' }],
      // Whatever is a path would become a folder; those that are given are tested in test/issuing.
      call: (input: Anything) =>
        typeof input?.path === 'string' && input.path !== '' ? undefined : issuing.openPersons(input),
    },
  ]
  return { targets, messages: { offer, request, pending, issued } }
}

/** A command with its files; those that derive keys or prove take longer. */
export interface TravelCommand {
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, unknown>>
  readonly cost: number
}

/** Commands of the command line for what travels. */
export async function travelCommands(o: {
  readonly messages: IssuingMessages
  readonly soul: unknown
  readonly encrypt: (kind: 'issuer' | 'feed', secret: unknown) => Promise<unknown>
}): Promise<TravelCommand[]> {
  const { offer, request, pending, issued } = o.messages
  const { entries, second, forked, delta, status, equivocation } = makeFeed()
  const signer = ({ id, secret }: feed.FeedKey) => ({ id, secret: Buffer.from(secret).toString('hex') })
  const [issuer, publisher] = await Promise.all([
    o.encrypt('issuer', signer(office.issuer!)),
    o.encrypt('feed', signer(next)),
  ])
  const treeOf = (tree: merkle.Registry) => ({
    ...{ version: 1, kind: tree.kind, root: tree.root.toString(), leaves: tree.leaves.map(String) },
  })
  const deltas = { [office.id]: { status: merkle.deltaToJson(delta) } }
  const ours = {
    'our/head.json': second.head,
    'our/entry-0.json': entries[0],
    'our/entry-1.json': entries[1],
    'our/deltas-1.json': deltas,
    [`our/${treeFile('status', status.root)}`]: treeOf(status),
  }
  const theirs = { 'head.json': forked.head, 'entry-0.json': entries[0], 'entry-1.json': forked.entry }
  const content = {
    schema: { name: CITIZENSHIP.name, claims: CITIZENSHIP.claims },
    claims: { country: 'CA', birthDate: 5 },
  }
  const clock = ['--now', NOW.toString()]
  const files = {
    'issuer.json': issuer,
    'soul.json': o.soul,
    'status.json': treeOf(new merkle.Registry({ kind: 'status' })),
  }
  const person = ['--issuer', 'issuer.json', '--persons', 'persons', '--person', 'alice', ...clock]
  const wallet = createBackup({ soul: ALICE, sbts: [held], passphrase: PASSPHRASE, now: NOW, cost: 2 ** 14 })
  return [
    {
      args: ['issuing', 'offer', 'content.json', ...person],
      files: { ...files, 'content.json': content },
      cost: 100,
    },
    {
      args: [
        'issuing',
        'request',
        'offer.json',
        '--soul',
        'soul.json',
        '--issuer-id',
        office.id,
        '--pending',
        'p.json',
        ...clock,
      ],
      files: { ...files, 'offer.json': offer },
      cost: 1000,
    },
    {
      args: [
        'issuing',
        'grant',
        'request.json',
        ...person,
        '--status',
        'status.json',
        '--allow-development-keys',
      ],
      files: { ...files, 'request.json': request },
      cost: 100,
    },
    {
      args: ['issuing', 'accept', 'issued.json', '--pending', 'pending.json', ...clock],
      files: { 'issued.json': issued, 'pending.json': pending },
      cost: 20,
    },
    {
      args: ['issuing', 'release', 'content.json', ...person],
      files: { ...files, 'content.json': content },
      cost: 100,
    },
    { args: ['feed', 'create', '--out', 'new.json'], files: {}, cost: 600 },
    {
      args: ['feed', 'publish', 'our', '--key', 'feed.json', '--tree', `${office.id}=tree.json`, ...clock],
      files: { ...ours, 'feed.json': publisher, 'tree.json': treeOf(status) },
      cost: 150,
    },
    {
      args: ['feed', 'check', 'our', '--feed', key.id, '--head', 'known.json', ...clock],
      files: ours,
      cost: 40,
    },
    {
      args: ['feed', 'refresh', 'our', '--feed', key.id, '--state', 'state', '--sbt', 'held.json', ...clock],
      files: { ...ours, 'held.json': heldSbtToJson(held) },
      cost: 60,
    },
    { args: ['feed', 'compare', '.', 'our', '--feed', key.id], files: { ...ours, ...theirs }, cost: 60 },
    {
      args: ['feed', 'convict', 'proof.json', '--feed', key.id],
      files: { 'proof.json': equivocation },
      cost: 40,
    },
    {
      args: ['backup', '--soul', 'soul.json', '--sbt', 'held.json', '--out', 'new.json'],
      files: { ...files, 'held.json': heldSbtToJson(held) },
      cost: 600,
    },
    { args: ['restore', 'backup.json', '--out', 'new'], files: { 'backup.json': await wallet }, cost: 600 },
  ]
}
