import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPossession } from '../../src/designated/index.js'
import { createVerifierKey } from '../../src/designated/keys.js'
import { toField } from '../../src/field.js'
import { Group } from '../../src/merkle/index.js'
import type { Roots } from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import {
  type Admission,
  type ClaimStore,
  claimId,
  createGate,
  GateError,
  type GateOptions,
  openLevelStore,
  refuseMixedScopes,
  type Snapshot,
} from '../../src/server/index.js'
import { OfferError, readGateOffer } from '../../src/server/wallet.js'
import { createVerifier, type Verifier } from '../../src/verifier/index.js'
import { rerandomise } from '../support/chain.js'
import { ALICE, BOB, NOW, PERSON } from '../support/world.js'
import { group, held, office, policy, roots } from './asked.js'

const secret = new Uint8Array(32).fill(3)
const key = createVerifierKey({ secret: 4711n })

describe('server/gate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-gate-'))
  let prover: Prover
  let verifier: Verifier
  let store: ClaimStore
  let clock = NOW
  const now = (): bigint => clock

  const common = (): Pick<GateOptions, 'verifier' | 'store' | 'now' | 'audience'> => ({
    ...{ verifier, store, now, audience: 'https://example.org' },
  })
  /** Admits each, by policy and challenge. */
  const door = (changed: Partial<GateOptions> = {}, snapshots?: readonly Snapshot<Roots>[]) =>
    createGate({
      ...common(),
      ...{ name: 'door', scope: 'door', admit: 'each', maxRootAge: 600n, challengeSecret: secret },
      require: { policy, roots: () => snapshots ?? [{ roots, at: clock - 60n }] },
      ...changed,
    })
  /** Admits members once, bound to a recipient. */
  const drop = (changed: Partial<GateOptions> = {}) =>
    createGate({
      ...common(),
      ...{ name: 'drop', scope: 'drop', admit: 'once', maxRootAge: 'any' },
      require: { statement: 'membership', roots: () => [{ roots: group.root, at: 1n }] },
      ...changed,
    })
  const member = (context: object, soul = ALICE): Promise<Envelope> =>
    prover.prove({ statement: 'membership', scope: 'drop', message: 'to Alice', soul, group, ...context })
  const refused = (admission: Admission): string => {
    assert.ok(!admission.admitted)
    return `${admission.code}: ${admission.reason}`
  }

  before(async function () {
    this.timeout(120_000)
    prover = await createProver()
    verifier = await createVerifier({ allowDevelopmentKeys: true, batch: { size: 8, wait: 1 } })
    store = await openLevelStore({ path: join(folder, 'claims'), now })
  })
  after(async () => {
    await prover.dispose()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(() => {
    clock = NOW
  })

  describe('each, by policy and challenge', () => {
    let entry: { envelope: Envelope; challenge: string; binding: string }
    before(async () => {
      const { challenge, scope } = door().offer({ binding: 'session 1' })
      assert.ok(challenge)
      const { parsePolicy } = await import('../../src/policy/index.js')
      const envelope = await prover.prove({
        ...{ policy: parsePolicy(policy), roots, now: NOW, soul: ALICE, sbts: [held] },
        ...{ scope: BigInt(scope), message: challenge },
      })
      entry = { envelope, challenge, binding: 'session 1' }
    })

    it('row 6: a proof for another session, another challenge, or none is refused', async () => {
      const other = door().offer({ binding: 'session 2' }).challenge
      const enter = (changed: object) => door().enter({ ...entry, ...changed })
      assert.equal(refused(await enter({ binding: 'session 2' })), 'challenge: the challenge is not for this')
      assert.equal(
        refused(await enter({ binding: 'session 2', challenge: other })),
        'refused: publicSignals.message: is not what the verifier expects',
      )
      assert.equal(
        refused(await enter({ challenge: undefined })),
        'malformed: challenge must be a bigint or a string',
      )
      assert.equal(refused(await enter({ challenge: 'hello' })), 'challenge: the challenge is malformed')
      assert.match(refused(await enter({ message: 'hello' })), /^malformed: message/)
    })

    it('a challenge of another gate, audience, scope, policy or secret is refused', async () => {
      const others: Partial<GateOptions>[] = [
        { name: 'window' },
        { audience: 'https://evil.example' },
        { scope: 'window' },
        { challengeSecret: new Uint8Array(32).fill(4) },
        { key },
        {
          require: {
            policy: { ...policy, require: { has: 'passport' } },
            roots: () => [{ roots, at: clock }],
          },
        },
        { require: { statement: 'membership', roots: () => [{ roots: group.root, at: clock }] } },
      ]
      for (const changed of others) {
        assert.equal(refused(await door(changed).enter(entry)), 'challenge: the challenge is not for this')
      }
    })

    it('a challenge that is over, and a proof whose clock is outside the window, are refused', async () => {
      clock = NOW + 301n
      assert.equal(refused(await door().enter(entry)), 'challenge: the challenge is too old')
      clock = NOW - 301n
      assert.match(refused(await door().enter(entry)), /^refused: publicSignals.now: .*maxClockSkew/)
      clock = NOW + 100n
      const strict = { policy, roots: () => [{ roots, at: clock }], maxClockSkew: 60n }
      assert.match(refused(await door({ require: strict }).enter(entry)), /^refused: publicSignals.now/)
    })

    it('row 26: roots that are too old, from the future, or of others are not accepted', async () => {
      const enter = (snapshots: readonly Snapshot<Roots>[]) => door({}, snapshots).enter(entry)
      const stale = 'unavailable: no roots are known that are fresh enough'
      assert.equal(refused(await enter([])), stale)
      assert.equal(refused(await enter([{ roots, at: NOW - 601n }])), stale)
      assert.equal(refused(await enter([{ roots, at: NOW + 301n }])), stale)
      const others = { issuers: { [office.id]: { registry: 5n, status: 6n } } }
      // The old snapshot is the one that the proof is for; a newer one does not make it good.
      const mixed = [
        { roots, at: NOW - 601n },
        { roots: others, at: NOW },
      ]
      assert.match(refused(await enter(mixed)), /^refused: publicSignals.anchorsRoot/)
    })

    it('row 9: development keys are refused by default', async () => {
      const strict = await createVerifier()
      assert.match(refused(await door({ verifier: strict }).enter(entry)), /^refused: .*development key/)
    })

    it('nothing of the above has used the challenge; of many at once it then lets one in, and no more', async () => {
      const all = await Promise.all(Array.from({ length: 20 }, () => door().enter(entry)))
      const admitted = all.filter((one) => one.admitted)
      assert.equal(admitted.length, 1)
      assert.deepEqual(admitted[0], {
        admitted: true,
        outcome: 'verified',
        nullifier: BigInt(entry.envelope.publicSignals[3] as string),
        revealed: { 'passport.country': 'CA' },
      })
      for (const one of all) {
        if (!one.admitted) assert.equal(refused(one), 'challenge: the challenge was used')
      }
      assert.equal(refused(await door().enter(entry)), 'challenge: the challenge was used')
    })
  })

  describe('once, by membership and message', () => {
    let envelope: Envelope
    before(async () => {
      envelope = await member({})
    })

    it('row 6: a copied proof is refused for another recipient, and at another gate', async () => {
      const taken = await drop().enter({ envelope, message: 'to Mallory' })
      assert.match(refused(taken), /^refused: publicSignals.message/)
      const elsewhere = await drop({ scope: 'another drop' }).enter({ envelope, message: 'to Alice' })
      assert.match(refused(elsewhere), /^refused: publicSignals.scope/)
      assert.match(refused(await drop().enter({ envelope })), /^malformed: message/)
      const others = new Group([BOB.commitment, ALICE.commitment])
      const own = { statement: 'membership', roots: () => [{ roots: others.root, at: 1n }] } as const
      assert.match(
        refused(await drop({ require: own }).enter({ envelope, message: 'to Alice' })),
        /^refused: publicSignals.root/,
      )
    })

    it('row 8: nullifier + r, as text that is not canonical, is refused', async () => {
      const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n
      const publicSignals = [...envelope.publicSignals]
      publicSignals[0] = (BigInt(publicSignals[0] as string) + r).toString()
      const changed = { ...envelope, publicSignals }
      assert.match(
        refused(await drop().enter({ envelope: changed, message: 'to Alice' })),
        /^refused: publicSignals.nullifier/,
      )
    })

    it('the first of many at once has spent the nullifier, the others are told that they repeat it', async () => {
      const entries = Array.from({ length: 20 }, () => drop().enter({ envelope, message: 'to Alice' }))
      const outcomes = (await Promise.all(entries)).map((one) => one.admitted && one.outcome)
      assert.equal(outcomes.filter((outcome) => outcome === 'first').length, 1)
      assert.equal(outcomes.filter((outcome) => outcome === 'repeated').length, 19)
    })

    it('row 10: a re-randomised proof of the same claim is the same claim', async () => {
      const copy = { ...envelope, proof: rerandomise(envelope.proof, 5n) }
      assert.notDeepEqual(copy.proof, envelope.proof)
      const admission = await drop().enter({ envelope: copy, message: 'to Alice' })
      assert.ok(admission.admitted)
      assert.equal(admission.outcome, 'repeated')
    })

    it('a second proof of the same Soul, for another recipient, is taken; the claim is found by its id', async () => {
      const again = await drop().enter({ envelope: await member({ message: 'to Bob' }), message: 'to Bob' })
      assert.equal(refused(again), 'taken: the nullifier is spent')
      const first = await drop().enter({ envelope, message: 'to Alice' })
      assert.ok(first.admitted && first.claim)
      const stored = await store.find(first.claim)
      assert.ok(stored)
      assert.equal(claimId(stored), first.claim)
      assert.equal(stored.nullifier, first.nullifier)
    })

    it('another Soul has a nullifier of its own', async () => {
      const admission = await drop().enter({ envelope: await member({ message: 'x' }, BOB), message: 'x' })
      assert.ok(admission.admitted)
      assert.equal(admission.outcome, 'first')
    })
  })

  describe('designated proofs', () => {
    it('row 33: a proof designated to anybody is refused by a public gate, and a public one by a gate with a key', async () => {
      const scope = 'designated'
      const verifierKey = key.verifierKey
      const designated = await member({ scope, verifierKey })
      const isPublic = await member({ scope })
      const open = drop({ scope })
      const keyed = drop({ scope, key })
      const entry = { message: 'to Alice' }
      assert.match(
        refused(await open.enter({ ...entry, envelope: designated })),
        /verifierKey.*another verifier/,
      )
      assert.match(
        refused(await keyed.enter({ ...entry, envelope: isPublic })),
        /verifierKey.*another verifier/,
      )
      assert.ok((await keyed.enter({ ...entry, envelope: designated })).admitted)
      // By both of them a Soul would enter twice.
      assert.throws(() => refuseMixedScopes([open, keyed]), GateError)
    })

    it('row 23: the gate proves to the wallet that it knows its key, for the very challenge', () => {
      const challenge = new Uint8Array(16).fill(9)
      const offer = door({ key }).offer({ binding: 'session 1', possession: challenge })
      const { possession, challenge: session } = offer
      assert.equal(offer.verifierKey, key.verifierKey.toString())
      const asked = { verifierKey: key.verifierKey, challenge, possession }
      assert.ok(checkPossession({ ...asked, session: session as string }))
      const other = door({ key }).offer({ binding: 'session 1' }).challenge as string
      assert.ok(!checkPossession({ ...asked, session: other }))
      assert.throws(() => door().offer({ possession: challenge }), RangeError)
    })
  })

  describe('the wallet', () => {
    const asked = { audience: 'https://example.org', now: NOW }

    it('takes an offer for what it is', () => {
      const offer = JSON.parse(JSON.stringify(door().offer({ binding: 'session 1' })))
      const { policy: read, ...rest } = readGateOffer({ ...asked, offer })
      assert.ok(read)
      assert.deepEqual(rest, {
        ...{ gate: 'door', statement: 'policy-s', scope: toField('door', 'scope') },
        ...{ message: offer.challenge, verifierKey: 0n },
      })
      assert.equal(readGateOffer({ ...asked, offer: drop().offer() }).message, undefined)
    })

    it('a challenge that one site passes on for another is refused, and one that is over', () => {
      const offer = door().offer()
      assert.throws(() => readGateOffer({ ...asked, offer, audience: 'https://evil.example' }), OfferError)
      const relayed = { ...offer, audience: 'https://evil.example' }
      assert.throws(
        () => readGateOffer({ ...asked, offer: relayed, audience: 'https://evil.example' }),
        /malformed, or for somebody else/,
      )
      assert.throws(() => readGateOffer({ ...asked, offer, now: NOW + 301n }), /is over/)
    })

    it('row 23: no proof to a key that the wallet did not name, nor to one whose owner does not prove to know it', () => {
      const possession = new Uint8Array(16).fill(8)
      const offer = door({ key }).offer({ possession })
      const named = { ...asked, verifierKey: key.verifierKey, possession }
      assert.equal(readGateOffer({ ...named, offer }).verifierKey, key.verifierKey)
      assert.throws(() => readGateOffer({ ...asked, offer }), /another verifier/)
      assert.throws(() => readGateOffer({ ...named, offer: door().offer() }), /another verifier/)
      assert.throws(() => readGateOffer({ ...asked, offer, verifierKey: key.verifierKey }), /has to prove/)
      for (const changed of [
        { possession: undefined },
        { possession: door({ key }).offer({ possession }).possession },
        { verifierKey2: '5' },
        { challenge: undefined },
      ]) {
        assert.throws(() => readGateOffer({ ...named, offer: { ...offer, ...changed } }), OfferError)
      }
      assert.throws(
        () => readGateOffer({ ...named, offer, possession: new Uint8Array(16) }),
        /does not prove/,
      )
    })
  })

  describe('configurations that contradict themselves', () => {
    it('are refused when the gate is made', () => {
      const cases: [Partial<GateOptions>, RegExp][] = [
        [{ challengeSecret: undefined as never }, /^challengeSecret: without one/],
        [{ challengeSecret: new Uint8Array(31) }, /^challengeSecret must have at least 32 bytes/],
        [{ challengeSecret: [] }, /^challengeSecret must be a Uint8Array/],
        [{ name: 'Door!' }, /^name must be/],
        [{ audience: 'my site' }, /^audience must be/],
        [{ admit: 'all' as never }, /^admit must be/],
        [{ maxRootAge: 600 as never }, /^maxRootAge must be a bigint/],
        [{ challengeSeconds: 0n }, /^challengeSeconds must be/],
        [{ require: { statement: 'policy-s' as never, roots: () => [] } }, /^require.statement must be/],
        [{ require: { policy: {}, roots: () => [] } }, /^version/],
        [{ require: { policy } as never }, /^require.roots must be a function/],
        [
          {
            require: {
              policy: { ...policy, timed: { squarings: 64, window: 60, beacon: 'x' } },
              roots: () => [],
            },
          },
          /is timed/,
        ],
      ]
      for (const [changed, message] of cases) assert.throws(() => door(changed), { message })
    })

    it('gates of one scope with nullifiers of different kinds are refused', () => {
      const personal = {
        version: 1,
        schemas: { 'person/1': PERSON.claims },
        sbts: { person: { issuers: [office.id], schema: 'person/1' } },
        require: { has: 'person' },
        nullifier: { claim: 'person.seed' },
      }
      const kinds: Partial<GateOptions>[] = [
        {},
        { name: 'personal', require: { policy: personal, roots: () => [] } },
        { name: 'keyed', key },
      ]
      for (const changed of kinds.slice(1)) {
        assert.throws(() => refuseMixedScopes([door(), door(changed)]), /the gates door and/)
        refuseMixedScopes([door(), door({ ...changed, scope: 'another' })])
      }
      // A Soul has one nullifier for membership and policies alike.
      refuseMixedScopes([door({ scope: 'drop' }), drop()])
    })
  })
})
