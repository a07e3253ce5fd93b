import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import {
  acceptSbt,
  createMemoryPersons,
  grantSbt,
  type IssuedRecord,
  IssuingError,
  type IssuingProblem,
  type IssuingRequest,
  type Offer,
  offerSbt,
  openPersons,
  type PendingRequest,
  type PersonStore,
  readOffer,
  requestSbt,
} from '../../src/issuing/index.js'
import { typeOf } from '../../src/issuing/messages.js'
import { createProver, type Prover } from '../../src/prover/index.js'
import {
  createIssuer,
  defineSchema,
  type Issuer,
  issueSbt,
  sbtToJson,
  verifySbt,
} from '../../src/sbt/index.js'
import { signatureToJson } from '../../src/sbt/json.js'
import { blindHolder, type Soul } from '../../src/soul/index.js'
import { createVerifier, type Verifier } from '../../src/verifier/index.js'
import { ALICE, BOB, NOW } from '../support/world.js'

const GOV = createIssuer({ secret: new Uint8Array(32).fill(0x61) })
const BANK = createIssuer({ secret: new Uint8Array(32).fill(0x62) })
const SCHEMA = defineSchema({ name: 'person/1', claims: { seed: 'field', born: 'date', name: 'string' } })
const CLAIMS = { seed: 4711n, born: -5n, name: 'Alice' }
const OFFER = { issuer: GOV, person: 'alice@example.org', schema: SCHEMA, claims: CLAIMS, now: NOW }

const wire = <T>(json: T): T => JSON.parse(JSON.stringify(json)) as T

describe('issuing', () => {
  let prover: Prover
  let verifier: Verifier
  let persons: PersonStore
  /** One run for Alice, of which tests change parts. */
  let offer: Offer
  let request: IssuingRequest
  let pending: PendingRequest
  let status = 0

  before(async () => {
    prover = await createProver()
    verifier = await createVerifier({ allowDevelopmentKeys: true })
    offer = await offerSbt({ ...OFFER, persons: createMemoryPersons() })
    ;({ request, pending } = await ask(offer))
  })
  beforeEach(() => {
    persons = createMemoryPersons()
  })
  after(() => prover?.dispose())

  const ask = (from: Offer, soul: Soul = ALICE, issuer = GOV) => {
    const checked = readOffer({ offer: wire(from), issuer: issuer.id, now: NOW })
    return requestSbt({ offer: checked, soul, prover, now: NOW })
  }
  const grant = (from: unknown, change: Partial<Parameters<typeof grantSbt>[0]> = {}) =>
    grantSbt({
      ...{ issuer: GOV, persons, verifier, person: OFFER.person, now: NOW + 5n },
      ...{ reserve: () => status++, request: wire(from), ...change },
    })
  const accept = (issued: unknown, change: object = {}) =>
    acceptSbt({ pending: wire(pending), issued: wire(issued), soul: ALICE, now: NOW + 9n, ...change })
  const refused = async (problem: IssuingProblem, run: () => unknown, message = /./): Promise<void> => {
    await assert.rejects(
      async () => run(),
      (error) => {
        assert.ok(error instanceof IssuingError, String(error))
        assert.equal(error.problem, problem, error.message)
        return message.test(error.message)
      },
    )
  }

  it('gives the holder an SBT that it can use, and the issuer nothing that names the Soul', async () => {
    const issued = await grant(request)
    const held = accept(issued)
    assert.deepEqual(verifySbt({ ...held, soul: ALICE, now: NOW + 9n }), { valid: true })
    assert.deepEqual(held.sbt.claims, CLAIMS)
    const text = JSON.stringify([offer, request, issued])
    for (const secret of [ALICE.secret, ALICE.commitment, ...ALICE.publicKey, BigInt(pending.salt)]) {
      assert.ok(!text.includes(secret.toString()) && !text.includes(secret.toString(16)))
    }
    assert.ok(!text.includes(OFFER.person))
  })

  it('two issuers see different holders and different nullifiers of one Soul', async () => {
    const stores = [createMemoryPersons(), createMemoryPersons()]
    const records: IssuedRecord[] = []
    for (const [i, issuer] of [GOV, BANK].entries()) {
      const store = stores[i] as PersonStore
      const claim = (record: IssuedRecord) => {
        records.push(record)
        return store.claim(record)
      }
      const theirs = await offerSbt({ ...OFFER, issuer, persons: store })
      const asked = await ask(theirs, ALICE, issuer)
      await grant(asked.request, { issuer, persons: { ...store, claim } })
    }
    const [first, second] = records as [IssuedRecord, IssuedRecord]
    for (const name of ['soul', 'holder', 'type', 'session'] as const)
      assert.notEqual(first[name], second[name])
  })

  describe('the issuer refuses', () => {
    it('double issue: one person with two Souls', async () => {
      await grant(request)
      await refused('person', () => offerSbt({ ...OFFER, persons }))
      // The offer was made before the first SBT was.
      const second = await offerSbt({ ...OFFER, persons: createMemoryPersons() })
      const bobs = await ask(second, BOB)
      await refused('person', () => grant(bobs.request))
    })

    it('double issue: one Soul under two persons', async () => {
      await grant(request)
      const person = 'mallory'
      const second = await offerSbt({ ...OFFER, person, persons })
      const again = await ask(second)
      await refused('soul', () => grant(again.request, { person }))
    })

    it('attack: a request that is refused, sent again and again, spends no place in the status tree', async () => {
      await grant(request)
      const person = 'mallory'
      const again = await ask(await offerSbt({ ...OFFER, person, persons }))
      const before = status
      for (let i = 0; i < 3; i++) await refused('soul', () => grant(again.request, { person }))
      // The old SBT is revoked, and the same request comes once more: its holder was used.
      await persons.release({ type: typeOf({ issuer: GOV.id, schema: SCHEMA }), person: OFFER.person })
      await refused('holder', () => grant(request))
      assert.equal(status, before)
    })

    it('double issue: a request sent many times at once, and again later, gets one SBT', async () => {
      const all = await Promise.all(Array.from({ length: 5 }, () => grant(request)))
      all.push(await grant(request, { now: NOW + 100n }))
      assert.equal(new Set(all.map((issued) => JSON.stringify(issued))).size, 1)
    })

    it('replay: a request that somebody else sends, and one whose offer is over', async () => {
      await refused('subject', () => grant(request, { person: 'mallory' }))
      await refused('expired', () => grant(request, { now: BigInt(offer.expiresAt) }))
    })

    it('replay: a proof of another session, of the same Soul, person and holder', async () => {
      const second = await offerSbt({ ...OFFER, persons })
      await refused('possession', () => grant({ ...request, offer: second }), /anchorsRoot|message/)
    })

    it('swapped blind: Mallory puts her own holder, or a made-up one, on the way', async () => {
      const { holder } = blindHolder({ soul: BOB })
      for (const other of [holder, BigInt(request.holder) + 1n, 0n]) {
        await refused('possession', () => grant({ ...request, holder: other.toString() }))
      }
      // With a proof of hers the Soul is hers: the channel has to know the person, and the subject binds the offer to it.
      const hers = await ask(offer, BOB)
      await refused('possession', () => grant({ ...hers.request, holder: request.holder }))
      await refused('subject', () => grant(hers.request, { person: 'mallory' }))
    })

    it('cross-issuer: an offer of another issuer, or one that nobody signed', async () => {
      const theirs = await offerSbt({ ...OFFER, issuer: BANK, persons })
      await refused('issuer', () => grant({ ...request, offer: theirs }))
      await refused('issuer', () => grant(request, { issuer: BANK }))
      await refused('signature', () => grant({ ...request, offer: { ...theirs, issuer: GOV.id } }))
    })

    it('attack: an offer whose claims, schema, end or person the holder altered', async () => {
      const schema = defineSchema({ name: 'person/2', claims: SCHEMA.claims })
      const changes: Partial<Record<keyof Offer, unknown>> = {
        claims: { ...offer.claims, name: 'Queen Alice' },
        schema: { ...offer.schema, name: schema.name, hash: schema.hash.toString() },
        sbtExpiresAt: '9999999999',
        expiresAt: (NOW + 9000n).toString(),
        subject: 'ab'.repeat(32),
        session: 'ab'.repeat(16),
      }
      for (const [name, value] of Object.entries(changes)) {
        await refused('signature', () => grant({ ...request, offer: { ...offer, [name]: value } }))
      }
    })

    it('a holder that was used before, after the person was released', async () => {
      await grant(request)
      const type = { type: typeOfRecord(await grant(request)), person: OFFER.person }
      assert.equal((await persons.release(type))?.holder, request.holder)
      await refused('holder', () => grant(request))
      const anew = await ask(await offerSbt({ ...OFFER, persons }), BOB)
      assert.equal((await grant(anew.request)).sbt.holder, anew.request.holder)
    })

    it('malformed requests, by their part', async () => {
      const { possession: _, ...without } = request
      for (const [bad, message] of [
        [null, /request: must be an object/],
        [without, /possession: is missing/],
        [{ ...request, version: 2 }, /version: must be 1/],
        [{ ...request, kind: 'offer' }, /kind: must be request/],
        [{ ...request, holder: '01' }, /holder/],
        [{ ...request, possession: 'x' }, /possession/],
        [{ ...request, offer: { ...offer, claims: {} } }, /claims/],
        [
          { ...request, offer: { ...offer, issuer: 'eip155:1:0x00000000000000000000000000000000000000aa' } },
          /does not sign/,
        ],
        [{ ...request, more: 1 }, /unknown key/],
      ] as const) {
        await refused('malformed', () => grant(bad), message)
      }
      await refused('possession', () => grant({ ...request, possession: {} }))
      assert.equal(await persons.find({ type: '1', person: OFFER.person }), undefined)
    })

    it('to sign with an issuer whose id is not its secret’s, or with a store that is none', async () => {
      const rogue = { ...GOV, id: BANK.id } as Issuer
      await assert.rejects(offerSbt({ ...OFFER, issuer: rogue, persons }), RangeError)
      await assert.rejects(grant(request, { issuer: rogue }), RangeError)
      await assert.rejects(grant(request, { persons: {} as PersonStore }), TypeError)
      await assert.rejects(offerSbt({ ...OFFER, persons, sbtExpiresAt: NOW + 600n }), RangeError)
    })
  })

  describe('the holder refuses', () => {
    const read = (from: unknown, change: object = {}) =>
      readOffer({ offer: wire(from), issuer: GOV.id, now: NOW, ...change })

    it('an offer of another issuer, to another person, altered, or over', async () => {
      assert.deepEqual(read(offer, { person: OFFER.person }).claims, CLAIMS)
      await refused('issuer', () => read(offer, { issuer: BANK.id }))
      await refused('subject', () => read(offer, { person: 'mallory' }))
      await refused('signature', () => read({ ...offer, claims: { ...offer.claims, name: 'Bob' } }))
      await refused('expired', () => read(offer, { now: NOW + 600n }))
      await refused('malformed', () => read({ ...offer, version: 2 }), /version/)
      await refused('malformed', () => read(null))
      // A wallet that keeps checked offers for long.
      const checked = read(offer)
      await refused('expired', () => requestSbt({ offer: checked, soul: ALICE, prover, now: NOW + 600n }))
      const forged = { ...checked, json: { ...checked.json, sbtExpiresAt: '5' } }
      await refused('signature', () => requestSbt({ offer: forged, soul: ALICE, prover, now: NOW }))
    })

    it('attack: another SBT than was offered, truly signed', async () => {
      const issued = await grant(request)
      const make = (change: object) => {
        const content = {
          issuer: GOV,
          schema: SCHEMA,
          holder: BigInt(request.holder),
          claims: CLAIMS,
          issuedAt: NOW,
        }
        const { sbt, signature } = issueSbt({ ...content, ...change })
        return { ...issued, sbt: sbtToJson(sbt), signature: signatureToJson(signature!) }
      }
      assert.ok(accept(make({})))
      const { holder } = blindHolder({ soul: BOB })
      await refused('sbt', () => accept(make({ holder })), /the holder/)
      await refused('sbt', () => accept(make({ claims: { ...CLAIMS, seed: 4712n } })), /a claim/)
      await refused('sbt', () => accept(make({ issuer: BANK })), /the issuer/)
      await refused('sbt', () => accept(make({ expiresAt: NOW + 9000n })), /the time/)
      await refused('sbt', () => accept(make({ issuedAt: NOW + 9000n })), /future/)
      const schema = defineSchema({ name: 'person/2', claims: SCHEMA.claims })
      await refused('sbt', () => accept(make({ schema })), /the schema/)
      await refused('sbt', () => accept({ ...issued, session: 'ab'.repeat(16) }), /the session/)
      await refused(
        'sbt',
        () => accept({ ...issued, signature: { ...issued.signature, S: '5' } }),
        /signature/,
      )
      await refused('holder', () => accept(issued, { soul: BOB }))
      await refused('malformed', () => accept({ ...issued, kind: 'offer' }))
      await refused('malformed', () => accept(issued, { pending: {} }))
    })
  })

  describe('the store on disk', () => {
    let path: string
    beforeEach(async () => {
      path = join(await mkdtemp(join(tmpdir(), 'soulproof-persons-')), 'store')
    })
    afterEach(() => rm(join(path, '..'), { recursive: true, force: true }))

    it('double issue: nothing is forgotten when the issuer starts again, and no name of a person is stored', async () => {
      await using first = await openPersons({ path })
      const issued = await grant(request, { persons: first })
      await first.close()
      await using second = await openPersons({ path })
      assert.deepEqual(await grant(request, { persons: second, now: NOW + 60n }), issued)
      await refused('person', () => offerSbt({ ...OFFER, persons: second }))
      await second.close()
      const database = new ClassicLevel(path)
      const stored = (await database.iterator().all()).flat().join('\n')
      await database.close()
      assert.ok(stored.includes(request.holder))
      assert.ok(!stored.includes('alice') && !stored.includes(Buffer.from(OFFER.person).toString('hex')))
    })

    it('agrees with the one in memory on any history of claims and releases', async () => {
      const [memory, disk] = [createMemoryPersons(), await openPersons({ path })]
      const record = (n: number): IssuedRecord => ({
        ...{ type: `${n & 1}`, person: `p${(n >> 1) & 3}`, soul: `${(n >> 3) & 3}`, holder: `${n % 11}` },
        ...{ session: 'ab', issuedAt: '5', statusId: n, sbtHash: '7' },
      })
      let [n, found] = [1, 0]
      for (let i = 0; i < 120; i++) {
        n = (n * 75 + 74) % 65537
        const one = record(n)
        const call = async (store: PersonStore) =>
          n % 3 === 0 ? store.release(one) : n % 3 === 1 ? store.find(one) : store.claim(one)
        const [a, b] = [await call(memory), await call(disk)]
        assert.deepEqual(b, a)
        if (typeof a === 'object') found++
      }
      assert.ok(found > 5, `${found}`)
      const rush = await Promise.all(
        Array.from({ length: 8 }, (_, i) => disk.claim({ ...record(0), type: '9', holder: `${50 + i}` })),
      )
      assert.deepEqual(rush.map((taken) => taken ?? 'claimed').sort(), [
        'claimed',
        ...Array(7).fill('person'),
      ])
      await disk.close()
    })

    it('attack: a second process on the folder, and a record that was changed on disk', async () => {
      await using store = await openPersons({ path })
      await refused('store', () => openPersons({ path }), /open already/)
      const issued = await grant(request, { persons: store })
      await store.close()
      const database = new ClassicLevel(path)
      for (const [key, value] of await database.iterator().all()) {
        await database.put(key, value.replace(issued.sbt.holder, '5'))
      }
      await database.close()
      await using changed = await openPersons({ path })
      await refused('store', () => grant(request, { persons: changed }), /checksum/)
      await assert.rejects(openPersons({ path: '' }), RangeError)
      await assert.rejects(openPersons({} as never), TypeError)
    })
  })
})

function typeOfRecord({ sbt }: Awaited<ReturnType<typeof grantSbt>>): string {
  return typeOf({ issuer: sbt.issuer, schema: SCHEMA })
}
