import assert from 'node:assert/strict'
import { isSigned } from '../../src/crypto/eddsa.js'
import { signEntry } from '../../src/feed/entry.js'
import {
  checkEquivocation,
  createFeedKey,
  deltaDigest,
  type FeedEntry,
  FeedError,
  type FeedHead,
  type FeedProblem,
  feedAnchors,
  feedHeadFromJson,
  findEquivocation,
  followFeed,
  followTree,
  openFeed,
  publishEntry,
  refreshHeld,
} from '../../src/feed/index.js'
import { deltaToJson, Registry } from '../../src/merkle/index.js'
import { anchorsRoot, parsePolicy } from '../../src/policy/index.js'
import { verifySbt } from '../../src/sbt/index.js'
import { CITIZENSHIP, grant, NOW, openOffice, rootsOf } from '../support/world.js'

const KEY = createFeedKey({ secret: new Uint8Array(32).fill(0xf1) })
const NEXT = createFeedKey({ secret: new Uint8Array(32).fill(0xf2) })
const MALLORY = createFeedKey({ secret: new Uint8Array(32).fill(0xbd) })
const HOUR = 3600n
const gov = openOffice(211)
const roots = rootsOf(gov)
const other = { issuers: { [gov.id]: { status: 7n } } }
const policy = parsePolicy({
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { a: { issuers: [gov.id], schema: 'citizenship/1' } },
  require: { has: 'a' },
})

const wire = (json: unknown): never => JSON.parse(JSON.stringify(json)) as never

/** A publisher who forgets nothing. */
class Publisher {
  head: FeedHead
  readonly entries: FeedEntry[] = []
  constructor(
    public key = KEY,
    head = openFeed({ feed: KEY.id }),
  ) {
    this.head = head
  }
  publish(change: Partial<Parameters<typeof publishEntry>[0]> = {}): FeedEntry {
    const at = NOW + BigInt(this.entries.length)
    const { entry, head } = publishEntry({
      ...{ head: this.head, key: this.key, roots, at, expiresAt: at + HOUR },
      ...change,
    })
    this.head = head
    this.entries.push(entry)
    if (change.next !== undefined) this.key = change.next
    return entry
  }
}

const follow = (head: FeedHead, entries: readonly unknown[], now = NOW + 10n) =>
  followFeed({ head: wire(head), entries: wire(entries), now })
const start = openFeed({ feed: KEY.id })

const refuses = (problem: FeedProblem, call: () => unknown, message = /./): FeedError => {
  let found: FeedError | undefined
  assert.throws(call, (error) => {
    assert.ok(error instanceof FeedError, String(error))
    assert.equal(error.problem, problem, error.message)
    assert.match(error.message, message)
    found = error
    return true
  })
  return found!
}

describe('feed', () => {
  it('brings roots and anchors to followers, entry by entry and at once', () => {
    const publisher = new Publisher()
    publisher.publish({ policies: [policy] })
    const [first] = publisher.entries
    const one = follow(start, [first])
    assert.deepEqual([one.sequence, one.roots], [0n, roots])
    assert.equal(feedAnchors({ state: one, policy }), anchorsRoot({ policy, roots }))
    publisher.publish({ roots: other })
    publisher.publish({ roots: { ...roots, ledgers: { credit: { root: 5n, queueLength: 2n, at: NOW } } } })
    const [all, stepwise] = [follow(start, publisher.entries), follow(one.head, publisher.entries.slice(0))]
    assert.deepEqual(all.head, stepwise.head)
    assert.deepEqual(all.roots.ledgers, { credit: { root: 5n, queueLength: 2n, at: NOW } })
    refuses('anchors', () => feedAnchors({ state: all, policy }))
    assert.deepEqual(follow(one.head, publisher.entries.slice(1)).head, all.head)
    assert.deepEqual(publisher.head, all.head)
  })

  it('is signed with the EdDSA of this project, behind a tag of its own', () => {
    const entry = new Publisher().publish()
    assert.equal(entry.signatures.length, 1)
    assert.ok(JSON.stringify(entry).length < 1200, `${JSON.stringify(entry).length}`)
    // As an SBT's hash or as a bare digest the signature says nothing.
    const { R8, S } = entry.signatures[0]!
    const publicKey = KEY.id.split(':').slice(1).map(BigInt) as [bigint, bigint]
    const signature = { R8: R8.map(BigInt) as [bigint, bigint], S: BigInt(S) }
    assert.equal(isSigned(publicKey, 0n, signature), false)
    const issuers = { [gov.id]: {} }
    const twin = { ...entry, roots: { issuers } }
    refuses('signature', () => follow(start, [twin]))
  })

  it('attack: any altered part of an entry is refused', () => {
    const entry = new Publisher().publish({
      policies: [policy],
      deltas: { [gov.id]: { status: 'ab'.repeat(32) } },
    })
    const digest = Object.keys(entry.anchors!)[0]!
    const changes: Partial<Record<keyof FeedEntry, unknown>> = {
      publishedAt: (NOW - 5n).toString(),
      expiresAt: (NOW + 2n * HOUR).toString(),
      next: NEXT.id,
      roots: { issuers: { [gov.id]: { status: '7' } } },
      anchors: { [digest]: '7' },
      deltas: { [gov.id]: { status: 'ac'.repeat(32) } },
      key: MALLORY.id,
      previous: '1'.repeat(64),
      signatures: [{ ...entry.signatures[0], S: '1' }],
    }
    for (const [name, value] of Object.entries(changes)) {
      const changed = { ...entry, [name]: value }
      const problem = name === 'next' ? 'malformed' : 'signature'
      refuses(problem, () => follow(start, [changed]))
    }
    refuses('signature', () => follow(start, [{ ...entry, anchors: undefined }]))
    assert.equal(follow(start, [entry]).sequence, 0n)
  })

  it('attack: an entry that Mallory signs, and one of another feed', () => {
    const forged = new Publisher(MALLORY, openFeed({ feed: MALLORY.id })).publish()
    refuses('feed', () => follow(start, [forged]))
    refuses('signature', () => follow(start, [{ ...forged, feed: KEY.id }]))
    refuses('signature', () =>
      publishEntry({ ...{ head: start, key: MALLORY, roots }, at: NOW, expiresAt: NOW + 1n }),
    )
  })

  it('attack: roll-back, an entry that is older than what is known', () => {
    const publisher = new Publisher()
    for (let i = 0; i < 3; i++) publisher.publish()
    const { head } = follow(start, publisher.entries)
    refuses('roll-back', () => follow(head, publisher.entries.slice(0, 2)))
  })

  it('attack: a gap, in the middle or at the start', () => {
    const publisher = new Publisher()
    for (let i = 0; i < 3; i++) publisher.publish()
    const [first, , third] = publisher.entries
    refuses('gap', () => follow(start, [first, third]))
    refuses('gap', () => follow(start, [third]))
    refuses('gap', () => follow(start, []))
  })

  it('attack: freeze, a server that keeps showing the last entry that it likes', () => {
    const publisher = new Publisher()
    const entry = publisher.publish()
    refuses('stale', () => follow(start, [entry], NOW + HOUR))
    const { head } = follow(start, [entry])
    refuses('stale', () => follow(head, [], NOW + HOUR))
    refuses('future', () => follow(start, [entry], NOW - 301n))
    assert.equal(follow(start, [entry], NOW - 300n).sequence, 0n)
  })

  it('attack: time that runs backwards', () => {
    const publisher = new Publisher()
    publisher.publish({ at: NOW })
    assert.throws(() => publisher.publish({ at: NOW - 1n }), RangeError)
    assert.throws(() => publisher.publish({ expiresAt: NOW }), RangeError)
    // A publisher who cheats his own library.
    const { signatures: _, ...unsigned } = publisher.publish()
    const backwards = signEntry({ ...unsigned, publishedAt: (NOW - 1n).toString() }, [KEY])
    refuses('time', () => follow(start, [publisher.entries[0], backwards]))
  })

  describe('a fork', () => {
    const [honest, forked] = [new Publisher(), new Publisher()]
    before(() => {
      for (const one of [honest, forked]) {
        one.publish()
        one.publish({ next: NEXT })
      }
      honest.publish()
      forked.publish({ roots: other })
      honest.publish()
      forked.publish()
    })

    it('attack: two followers who are told different things find it, with a proof that convinces others', () => {
      const { head } = follow(start, honest.entries.slice(0, 3))
      const error = refuses('fork', () => follow(head, forked.entries.slice(2)))
      assert.ok(checkEquivocation({ feed: KEY.id, equivocation: wire(error.equivocation) }))
      const found = findEquivocation({ feed: KEY.id, ours: honest.entries, theirs: wire(forked.entries) })
      assert.deepEqual(found, error.equivocation)
      const { rotations } = honest.head
      const later = {
        feed: KEY.id,
        rotations,
        ours: honest.entries.slice(2),
        theirs: forked.entries.slice(2),
      }
      assert.deepEqual(findEquivocation(later), found)
      assert.equal(findEquivocation({ ...later, theirs: honest.entries }), undefined)
      assert.ok(JSON.stringify(found).length < 5000)
    })

    it('attack: an entry that continues the other branch does not slip in', () => {
      const { head } = follow(start, honest.entries.slice(0, 3))
      refuses('fork', () => follow(head, forked.entries.slice(3)))
    })

    it('attack: an honest publisher cannot be accused', () => {
      const found = findEquivocation({ feed: KEY.id, ours: honest.entries, theirs: forked.entries })!
      const [a, b] = found.entries
      const mallorys = new Publisher(MALLORY, openFeed({ feed: MALLORY.id })).publish()
      const accuse = (change: object, feed = KEY.id): boolean =>
        checkEquivocation({ feed, equivocation: { ...found, ...change } })
      assert.ok(accuse({}))
      assert.ok(!accuse({ entries: [a, a] }))
      // The same content with another signature, or other names of the same numbers, is no second entry.
      assert.ok(!accuse({ entries: [a, { ...a, signatures: b.signatures }] }))
      assert.ok(!accuse({ entries: [a, honest.entries[3]] }))
      assert.ok(!accuse({ entries: [a, { ...b, signatures: a.signatures }] }))
      assert.ok(!accuse({ entries: [a, { ...mallorys, sequence: a.sequence, feed: KEY.id }] }))
      assert.ok(!accuse({ rotations: [] }))
      assert.ok(!accuse({}, MALLORY.id))
      assert.ok(!accuse({ entries: [a] }))
      assert.ok(!accuse({ more: 1 }))
      assert.ok(!checkEquivocation({ feed: KEY.id, equivocation: null }))
      assert.throws(() => accuse({}, 'eip155:1:0x00000000000000000000000000000000000000aa'), RangeError)
    })
  })

  describe('a change of the key', () => {
    it('is followed, and the old key counts no more', () => {
      const publisher = new Publisher()
      publisher.publish()
      publisher.publish({ next: NEXT })
      const after = publisher.publish()
      const state = follow(start, publisher.entries)
      assert.equal(after.key, NEXT.id)
      assert.deepEqual(state.head.rotations, [publisher.entries[1]])
      const rotated = follow(start, publisher.entries.slice(0, 2)).head
      refuses('signature', () =>
        publishEntry({ ...{ head: rotated, key: KEY, roots }, at: NOW + 5n, expiresAt: NOW + HOUR }),
      )
      // The old key signs what the library would not.
      const before = follow(start, publisher.entries.slice(0, 1)).head
      const { entry: rogue } = publishEntry({
        head: before,
        key: KEY,
        roots: other,
        at: NOW + 5n,
        expiresAt: NOW + HOUR,
      })
      refuses('fork', () => follow(rotated, [rogue]))
      refuses('signature', () => follow(rotated, [{ ...rogue, sequence: '2' }]))
    })

    it('attack: to a key of which nobody shows the secret', () => {
      const stolen = { ...NEXT, id: MALLORY.id }
      assert.throws(() => new Publisher().publish({ next: stolen }), RangeError)
      const entry = new Publisher().publish({ next: NEXT })
      refuses('signature', () =>
        follow(start, [{ ...entry, signatures: [entry.signatures[0], entry.signatures[0]] }]),
      )
      refuses('malformed', () => follow(start, [{ ...entry, signatures: [entry.signatures[0]] }]))
    })

    it('a head from others proves its keys by itself; attack: a head that Mallory made', () => {
      const publisher = new Publisher()
      publisher.publish({ next: NEXT })
      for (let i = 0; i < 3; i++) publisher.publish()
      const head = feedHeadFromJson(wire(publisher.head), { feed: KEY.id })
      publisher.publish()
      assert.equal(follow(head, publisher.entries.slice(4)).sequence, 4n)
      const hers = new Publisher(MALLORY, openFeed({ feed: MALLORY.id }))
      hers.publish()
      const read = (change: object): unknown =>
        feedHeadFromJson(wire({ ...publisher.head, ...change }), { feed: KEY.id })
      refuses('feed', () => feedHeadFromJson(hers.head, { feed: KEY.id }))
      refuses('signature', () => read({ last: hers.entries[0] }))
      refuses('signature', () => read({ rotations: [] }))
      refuses('signature', () => read({ rotations: hers.entries }))
      const [rotation] = publisher.head.rotations
      refuses('signature', () => read({ rotations: [rotation, rotation] }))
      const { signatures } = publisher.entries[1]!
      refuses('signature', () => read({ last: { ...rotation, signatures: [...signatures, ...signatures] } }))
      refuses('malformed', () => read({ version: 2 }))
    })
  })

  it('any malformed entry is refused by its path', () => {
    const entry = new Publisher().publish()
    const { roots: _, ...without } = entry
    for (const [bad, message] of [
      [null, /entries\[0\]: must be an object/],
      [without, /roots: is missing/],
      [{ ...entry, version: 2 }, /version: must be 1/],
      [{ ...entry, kind: 'head' }, /kind/],
      [{ ...entry, sequence: '00' }, /sequence/],
      [{ ...entry, sequence: -1 }, /sequence/],
      [{ ...entry, previous: 'AB'.repeat(32) }, /previous/],
      [{ ...entry, expiresAt: entry.publishedAt }, /expiresAt/],
      [{ ...entry, key: 'eddsa:0:1' }, /prime subgroup/],
      [{ ...entry, roots: { issuers: { gov: {} } } }, /issuer must be/],
      [{ ...entry, more: 1 }, /unknown key/],
      [{ ...entry, signatures: [] }, /signatures: must have 1/],
    ] as const) {
      refuses('malformed', () => follow(start, [bad]), message)
    }
    assert.throws(() => followFeed({ head: start, entries: {} as never, now: NOW }), TypeError)
  })
})

describe('feed: trees of holders', () => {
  /** An issuer's tree as it goes on, with what it publishes. */
  function world() {
    const office = openOffice(212)
    const passport = grant({
      office,
      schema: CITIZENSHIP,
      claims: { country: 'CA', birthDate: 0n },
      salt: 31n,
    })
    const registered = grant({
      ...{ office, schema: CITIZENSHIP, claims: { country: 'FR', birthDate: 0n }, salt: 32n },
      by: 'registry',
    })
    const publisher = new Publisher()
    let known = { registry: new Registry(), status: new Registry({ kind: 'status' }) }
    const publish = () => {
      const deltas = {
        registry: office.registry.since(known.registry),
        status: office.status.since(known.status),
      }
      known = {
        registry: new Registry({ leaves: office.registry.leaves }),
        status: new Registry({ kind: 'status', leaves: office.status.leaves }),
      }
      publisher.publish({
        roots: rootsOf(office),
        deltas: {
          [office.id]: { registry: deltaDigest(deltas.registry), status: deltaDigest(deltas.status) },
        },
      })
      return { registry: deltaToJson(deltas.registry), status: deltaToJson(deltas.status) }
    }
    return { office, passport, registered, publisher, publish }
  }

  it('refresh openings from copies of their own, entry by entry or several at once', () => {
    const { office, passport, registered, publisher, publish } = world()
    const published = [publish()]
    const trees = { registry: new Registry(), status: new Registry({ kind: 'status' }) }
    const catchUp = (head: FeedHead, from: number) => {
      const state = follow(head, publisher.entries.slice(from))
      for (const name of ['registry', 'status'] as const) {
        const deltas = wire(published.slice(from).map((one) => one[name])) as unknown[]
        followTree({ tree: trees[name], state, issuer: office.id, deltas })
      }
      return state
    }
    let state = catchUp(start, 0)
    for (let i = 0; i < 3; i++) {
      office.registry.insert(1000n + BigInt(i))
      office.status.revoke(50 + i)
      if (i === 2) office.registry.revoke(2)
      published.push(publish())
    }
    // What was good is not any more: the roots are others.
    assert.equal(verifySbt({ ...passport, roots: rootsOf(office) }).valid, false)
    state = catchUp(state.head, 1)
    for (const held of [passport, registered]) {
      const fresh = refreshHeld({ held, trees, state })
      assert.deepEqual(verifySbt({ ...fresh, roots: state.roots, now: NOW }), { valid: true })
      assert.equal(fresh.sbt.hash, held.sbt.hash)
    }
    const revoke = (index: number, name: 'registry' | 'status') => {
      office[name].revoke(index)
      published.push(publish())
      state = catchUp(state.head, published.length - 1)
    }
    revoke(passport.sbt.statusId, 'status')
    refuses('revoked', () => refreshHeld({ held: passport, trees, state }))
    revoke(0, 'registry')
    refuses('revoked', () => refreshHeld({ held: registered, trees, state }))
    assert.ok(JSON.stringify(publisher.entries[1]).length < 1600)
    // Everybody downloads the same, some hundred bytes for an SBT and a revocation.
    assert.ok(JSON.stringify(published[1]).length < 600)
  })

  it('attack: a delta that the feed does not name is refused before it is hashed, and the copy stays', () => {
    const { office, publisher, publish } = world()
    const { status } = publish()
    const state = follow(start, publisher.entries)
    const tree = new Registry({ kind: 'status' })
    const apply = (...deltas: unknown[]) => followTree({ tree, state, issuer: office.id, deltas })
    const before = tree.root
    refuses('tree', () => apply({ ...status, revoked: [1], size: 2 }), /not those that the feed names/)
    refuses('tree', () => apply(), /not those/)
    refuses('tree', () => apply(status, status), /not those/)
    refuses('malformed', () => apply({ ...status, size: -1 }))
    refuses('tree', () => followTree({ tree, state, issuer: gov.id, deltas: [] }), /no status root/)
    assert.equal(tree.root, before)
    apply(status)
    assert.equal(tree.root, office.status.root)
  })

  it('attack: a signed delta over a copy that is not the one before, and trees that are not the feed’s', () => {
    const { office, passport, publisher, publish } = world()
    office.status.revoke(3)
    const { status } = publish()
    const state = follow(start, publisher.entries)
    const tree = new Registry({ kind: 'status' })
    tree.revoke(9)
    const { root } = tree
    refuses('tree', () => followTree({ tree, state, issuer: office.id, deltas: [status] }), /do not fit/)
    assert.equal(tree.root, root)
    refuses(
      'tree',
      () => refreshHeld({ held: passport, trees: { status: tree }, state }),
      /not that of the feed/,
    )
    refuses('tree', () => refreshHeld({ held: passport, trees: {}, state }), /not that of the feed/)
    const strange = grant({ office: gov, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 0n } })
    refuses('tree', () => refreshHeld({ held: strange, trees: {}, state }), /no roots of this issuer/)
  })

  it('attack: a publisher whose delta does not lead to the root that it signs', () => {
    const { office, publisher, publish } = world()
    const { status } = publish()
    const lying = { ...status, revoked: [4], size: Math.max(status.size, 5) }
    const delta = { ...office.status.since(new Registry({ kind: 'status' })), revoked: [4], size: lying.size }
    publisher.publish({ roots: rootsOf(office), deltas: { [office.id]: { status: deltaDigest(delta) } } })
    const first = follow(start, publisher.entries.slice(0, 1))
    const state = follow(first.head, publisher.entries.slice(1))
    const tree = new Registry({ kind: 'status' })
    refuses(
      'tree',
      () => followTree({ tree, state, issuer: office.id, deltas: [deltaToJson(delta)] }),
      /do not fit/,
    )
    assert.equal(tree.size, 0)
  })
})
