import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fastify, { type FastifyInstance } from 'fastify'
import { createApp as createExpressApp } from '../../examples/express/app.js'
import { createApp as createFastifyApp } from '../../examples/fastify/app.js'
import { parsePolicy } from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import { requireProof as requireByExpress } from '../../src/server/express.js'
import { requireProof, soulproof } from '../../src/server/fastify.js'
import {
  type ClaimStore,
  ClaimStoreError,
  createGate,
  type Offer,
  openLevelStore,
} from '../../src/server/index.js'
import { createVerifier, type Verifier } from '../../src/verifier/index.js'
import { ALICE, BOB } from '../support/world.js'
import { type Answer, group, held, clock as now, policy, roots } from './asked.js'

async function post(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
}

describe('server/plugins: the examples, over HTTP', () => {
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-plugins-'))
  let prover: Prover
  let verifier: Verifier
  let store: ClaimStore
  /** The store as apps see it; a test makes it fail. */
  let isDown = false
  const failing: Pick<ClaimStore, 'spend'> = {
    async spend(claim) {
      if (isDown) throw new ClaimStoreError('the database does not answer')
      return store.spend(claim)
    },
  }
  before(async () => {
    prover = await createProver()
    verifier = await createVerifier({ allowDevelopmentKeys: true })
    store = await openLevelStore({ path: join(folder, 'claims') })
  })
  after(async () => {
    await prover.dispose()
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('Fastify: each, by policy and challenge', () => {
    let app: FastifyInstance
    let url: string
    let age = 0n
    let proof: { envelope: Envelope; challenge: string }
    const session = { 'x-session': 'session 1' }
    before(async () => {
      app = await createFastifyApp({
        ...{ policy, verifier, store: { ...store, ...failing } },
        roots: () => [{ roots, at: now() - age }],
        challengeSecret: new Uint8Array(32).fill(5),
      })
      url = await app.listen({ host: '127.0.0.1', port: 0 })
      const offer = await post(`${url}/door/challenge`, {}, session)
      assert.equal(offer.status, 200)
      assert.equal(offer.headers.get('cache-control'), 'no-store')
      const { challenge, scope, policy: asked, audience } = offer.body as Offer
      assert.equal(audience, 'https://club.example.org')
      assert.deepEqual(asked, policy)
      const envelope = await prover.prove({
        ...{ policy: parsePolicy(asked), roots, now: now(), soul: ALICE, sbts: [held] },
        ...{ scope: BigInt(scope), message: challenge as string },
      })
      proof = { envelope, challenge: challenge as string }
    })
    after(() => app.close())

    it('400 without a proof, 401 for another session, 403 for another proof: no handler runs', async () => {
      const nothing = [undefined, {}, { soulproof: 5 }, { soulproof: { challenge: 'x' } }]
      for (const body of nothing) {
        const answer = await post(`${url}/door`, body, session)
        assert.equal(answer.status, 400)
        assert.equal(answer.body.error.code, 'malformed')
      }
      const stolen = await post(`${url}/door`, { soulproof: proof }, { 'x-session': 'session 2' })
      assert.equal(stolen.status, 401)
      assert.equal(stolen.headers.get('www-authenticate'), 'Soulproof')
      const { envelope, challenge } = proof
      const [nullifier, ...rest] = [...envelope.publicSignals].reverse()
      const changed = { challenge, envelope: { ...envelope, publicSignals: [nullifier, ...rest] } }
      const wrong = await post(`${url}/door`, { soulproof: changed }, session)
      assert.equal(wrong.status, 403)
      assert.deepEqual(Object.keys(wrong.body), ['error'])
    })

    it('attack: requests without a session share none: they get no challenge, and open no door', async () => {
      const offer = await post(`${url}/door/challenge`, {})
      const entered = await post(`${url}/door`, { soulproof: proof })
      for (const { status, body } of [offer, entered]) {
        assert.deepEqual([status, body.error.code], [400, 'malformed'])
        assert.match(body.error.reason, /no session/)
      }
    })

    it('503 while roots are stale or the store is away, with a time to come back; neither uses the challenge', async () => {
      age = 3601n
      const stale = await post(`${url}/door`, { soulproof: proof }, session)
      age = 0n
      isDown = true
      const away = await post(`${url}/door`, { soulproof: proof }, session)
      isDown = false
      for (const answer of [stale, away]) {
        assert.equal(answer.status, 503)
        assert.equal(answer.headers.get('retry-after'), '1')
        assert.equal(answer.body.error.code, 'unavailable')
      }
    })

    it('the proof opens the door in a header too, once', async () => {
      const text = Buffer.from(JSON.stringify(proof)).toString('base64url')
      const headers = { ...session, authorization: `Soulproof ${text}` }
      const answers = await Promise.all(
        [1, 2, 3].map((i) =>
          i === 1
            ? post(`${url}/door`, undefined, headers)
            : post(`${url}/door`, { soulproof: proof }, session),
        ),
      )
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401])
      const welcome = answers.find(({ status }) => status === 200)?.body
      assert.deepEqual(welcome, { welcome: proof.envelope.publicSignals[3], from: 'CA' })
    })

    it('bodies that are too large, not JSON, or poisoned are refused by the app', async () => {
      for (const [body, status] of [
        ['x'.repeat(70_000), 413],
        ['{"soulproof":', 400],
        ['{"__proto__": {"soulproof": {}}}', 400],
      ] as const) {
        assert.equal((await post(`${url}/door`, body, session)).status, status)
      }
      const challenge = await post(`${url}/door/challenge`, { possession: 'zz' }, session)
      assert.equal(challenge.status, 400)
    })

    it('a route is not left open by mistake: without the plugin, or with options that are missing', async () => {
      const gate = createGate({
        ...{ verifier, store, name: 'once', audience: 'https://a.example', scope: 'a', admit: 'once' },
        ...{ maxRootAge: 'any', require: { statement: 'membership', roots: () => [] } },
      })
      const message = (): string => 'x'
      for (const make of [requireProof, requireByExpress]) {
        assert.throws(() => make({ gate, message }), /^RangeError: onRepeat must be/)
        assert.throws(() => make({ gate, onRepeat: 'refuse' }), /^TypeError: message must be a function/)
        assert.throws(() => make({} as never), /^TypeError: gate must be an object/)
      }
      const bare = fastify()
      let ran = false
      bare.post('/', { preHandler: requireProof({ gate, message, onRepeat: 'refuse' }) }, async () => {
        ran = true
        return {}
      })
      const answer = await bare.inject({ method: 'POST', url: '/', payload: { soulproof: { envelope: {} } } })
      assert.equal(answer.statusCode, 500)
      assert.ok(!ran)
      await bare.close()
    })
  })

  describe('Express: once, by membership and account', () => {
    let server: Server
    let url: string
    let envelope: Envelope
    const given: [string, string][] = []
    let failures = 0
    before(async () => {
      const app = createExpressApp({
        ...{ verifier, store: { ...store, ...failing } },
        groupRoots: async () => [{ roots: group.root, at: now() }],
        async give(claim, account) {
          if (failures-- > 0) throw new Error('out of stock')
          if (!given.some(([known]) => known === claim)) given.push([claim, account])
        },
      })
      // As in production: no stack in the answer.
      app.set('env', 'test')
      server = createServer(app)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/drop`
      envelope = await prover.prove({
        ...{ statement: 'membership', scope: 'autumn drop', message: 'account 7', soul: BOB, group },
      })
    })
    after(() => new Promise((resolve) => server.close(resolve)))

    it('a copied proof is worth nothing to another account, nor one without an account', async () => {
      const stolen = await post(url, { account: 'account 8', soulproof: { envelope } })
      assert.equal(stolen.status, 403)
      for (const account of [undefined, null, 7, '\ud800', { a: 1 }]) {
        const answer = await post(url, { account, soulproof: { envelope } })
        assert.equal(answer.status, 400)
      }
      assert.deepEqual(given, [])
    })

    it('a store that is away spends nothing, a handler that fails can be asked again, and no one is served twice', async () => {
      const body = { account: 'account 7', soulproof: { envelope } }
      isDown = true
      assert.equal((await post(url, body)).status, 503)
      isDown = false
      failures = 1
      const failed = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      assert.equal(failed.status, 500)
      await failed.text()
      const [again, more] = [await post(url, body), await post(url, body)]
      assert.deepEqual([again.status, again.body.outcome], [200, 'repeated'])
      assert.deepEqual(more.body, again.body)
      assert.deepEqual(given, [[again.body.claim, 'account 7']])
    })

    it('a second proof of the same Soul is taken', async () => {
      const second = await prover.prove({
        ...{ statement: 'membership', scope: 'autumn drop', message: 'account 9', soul: BOB, group },
      })
      const answer = await post(url, { account: 'account 9', soulproof: { envelope: second } })
      assert.deepEqual([answer.status, answer.body.error.code], [409, 'taken'])
      assert.equal(given.length, 1)
    })

    it('a gate that refuses repeats answers 409 with the claim, and the handler runs once', async () => {
      const gate = createGate({
        ...{
          verifier,
          store,
          name: 'drop',
          audience: 'https://a.example',
          scope: 'autumn drop',
          admit: 'once',
        },
        require: { statement: 'membership', roots: () => [{ roots: group.root, at: 1n }] },
        maxRootAge: 'any',
      })
      const app = fastify()
      await app.register(soulproof)
      app.post(
        '/',
        { preHandler: requireProof({ gate, message: () => 'account 7', onRepeat: 'refuse' }) },
        async () => ({}),
      )
      const answer = await app.inject({ method: 'POST', url: '/', payload: { soulproof: { envelope } } })
      assert.equal(answer.statusCode, 409)
      assert.deepEqual(answer.json().error, {
        ...{ code: 'repeated', reason: 'the claim was made before', claim: given[0]?.[0] },
      })
      await app.close()
    })
  })
})
