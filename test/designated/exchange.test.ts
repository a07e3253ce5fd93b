import assert from 'node:assert/strict'
import { answerOverHttp, serveExchange } from '../../scripts/lib/exchange-http.js'
import {
  type Answer,
  answerRequest,
  createExchange,
  createVerifierKey,
  type Exchange,
  ExchangeError,
  type Opening,
  openExchange,
  type ProofRequest,
  provePossession,
  readRequest,
  simulateAnswer,
} from '../../src/designated/index.js'
import { createSealingKey, seal } from '../../src/designated/seal.js'
import { createProver, type Prover } from '../../src/prover/index.js'
import { importSoul } from '../../src/soul/index.js'
import { createVerifier, type Verification, type Verifier } from '../../src/verifier/index.js'
import { ALICE, CITIZENSHIP, grant, NOW, openOffice, rootsOf } from '../support/world.js'

const BOB = createVerifierKey({ secret: 0xb0bn })
const MALLORY = createVerifierKey({ secret: 0xbadn })
const state = openOffice(1)
const roots = rootsOf(state)
const policy = {
  version: 1,
  schemas: { 'citizenship/1': CITIZENSHIP.claims },
  sbts: { citizenship: { issuers: [state.id], schema: 'citizenship/1' } },
  require: { claim: 'citizenship.country', eq: 'CA' },
  reveal: ['citizenship.country'],
}
const other = { ...policy, require: { claim: 'citizenship.country', in: ['CA', 'FR'] } }
const passport = grant({ office: state, schema: CITIZENSHIP, claims: { country: 'CA', birthDate: 0n } })
const holder = { soul: ALICE, sbts: [passport], roots, now: NOW }

describe('exchange of a designated proof', () => {
  let prover: Prover
  let verifier: Verifier
  let bob: Exchange

  before(async () => {
    prover = await createProver()
    verifier = await createVerifier({ allowDevelopmentKeys: true })
  })
  beforeEach(() => {
    bob = createExchange({ key: BOB, verifier })
  })
  after(() => prover?.dispose())

  const ask = (opening: unknown, change: object = {}): Promise<ProofRequest> =>
    bob.request({ opening, policy, scope: 'loans', now: NOW, ...change })
  const read = (opening: Opening, request: unknown, verifierKey = BOB.verifierKey, now = NOW) =>
    readRequest({ opening, request: wire(request), verifierKey, now })
  const receive = (answer: unknown, exchange = bob, now = NOW): Promise<Verification> =>
    exchange.receive({ answer: wire(answer), roots: [roots], now })
  const answered = async (): Promise<{ request: ProofRequest; answer: Answer; opening: Opening }> => {
    const opening = openExchange()
    const request = await ask(opening)
    const answer = await answerRequest({ ...holder, prover, request: read(opening, request) })
    return { opening, request, answer }
  }

  it('convinces the verifier, once', async () => {
    const { answer } = await answered()
    const result = await receive(answer)
    assert.ok(result.valid)
    assert.deepEqual(result.revealed, { 'citizenship.country': 'CA' })
    assert.equal(reasonOf(await receive(answer)), 'session: is not open')
  })

  it('shows the holder in words what is asked, under a scope as it was written', async () => {
    const opening = openExchange()
    const checked = read(opening, await ask(opening))
    assert.match(checked.explanation, /country/)
    assert.equal(checked.scope, 'loans')
    assert.equal(read(opening, await ask(opening, { scope: 7n })).scope, 7n)
  })

  it('hides on the way what is proved: equal lengths, and nothing of the proof', async () => {
    const { answer } = await answered()
    const opening = openExchange()
    const second = await ask(opening, { policy: { ...other, reveal: [] } })
    const shorter = await answerRequest({ ...holder, prover, request: read(opening, second) })
    assert.equal(shorter.ciphertext.length, answer.ciphertext.length)
    assert.deepEqual(Object.keys(answer), ['version', 'kind', 'session', 'encapsulated', 'ciphertext'])
    assert.ok(!Buffer.from(answer.ciphertext, 'hex').includes('citizenship'))
  })

  describe('the holder refuses', () => {
    const refuses = (
      opening: Opening,
      request: unknown,
      reason: RegExp,
      key?: bigint,
      now?: bigint,
    ): void => {
      assert.throws(
        () => read(opening, request, key, now),
        (error) => error instanceof ExchangeError && reason.test(error.message),
      )
    }

    it('downgrade: a request without the verifier key, with key 0, or of another version', async () => {
      const opening = openExchange()
      const request = await ask(opening)
      const { verifierKey: _, ...without } = request
      refuses(opening, without, /verifierKey: is missing/)
      refuses(opening, { ...request, verifierKey: '0' }, /verifierKey: is not the one expected/)
      refuses(opening, { ...request, version: 0 }, /version 1/)
      refuses(opening, { ...request, kind: 'opening' }, /request of version 1/)
      refuses(opening, { ...request, verifierKey2: '5' }, /unknown key/)
      assert.throws(() => read(opening, request, 0n), RangeError)
    })

    it('key substitution: another verifier key, or another key to encrypt to', async () => {
      const opening = openExchange()
      const request = await ask(opening)
      refuses(opening, { ...request, verifierKey: MALLORY.verifierKey.toString() }, /not the one expected/)
      refuses(opening, request, /not the one expected/, MALLORY.verifierKey)
      const { publicKey: sealingKey } = await createSealingKey()
      refuses(opening, { ...request, sealingKey }, /possession/)
      // Mallory in the middle asks in her own name and puts Bob's on it.
      const hers = await createExchange({ key: MALLORY, verifier }).request({
        opening,
        policy,
        scope: 'loans',
        now: NOW,
      })
      refuses(opening, { ...hers, verifierKey: request.verifierKey }, /possession/)
      refuses(
        opening,
        { ...hers, verifierKey: request.verifierKey, possession: request.possession },
        /possession/,
      )
    })

    it('row 23: a verifier that does not know its secret', async () => {
      const opening = openExchange()
      const rogue = { ...MALLORY, verifierKey: BOB.verifierKey, publicKey: BOB.publicKey }
      const exchange = createExchange({ key: rogue, verifier })
      refuses(opening, await exchange.request({ opening, policy, scope: 'loans', now: NOW }), /possession/)
    })

    it('replay: a request for another opening, of another holder or of yesterday', async () => {
      const opening = openExchange()
      const request = await ask(opening)
      refuses(openExchange(), request, /possession/)
      refuses(opening, request, /expiresAt: is over/, undefined, NOW + 600n)
      refuses(opening, { ...request, expiresAt: (NOW + 900n).toString() }, /possession/)
    })

    it('mixed-up sessions, policies and scopes', async () => {
      const opening = openExchange()
      const request = await ask(opening)
      const second = await ask(opening, { policy: other })
      refuses(opening, { ...request, policy: other }, /possession/)
      refuses(opening, { ...request, session: second.session }, /possession/)
      refuses(opening, { ...request, possession: second.possession }, /possession/)
      refuses(opening, { ...request, scope: { text: 'votes' } }, /possession/)
      refuses(opening, { ...request, scope: {} }, /scope/)
      refuses(opening, { ...request, policy: { version: 1 } }, /request.policy/)
    })

    it('row 30: a possession for anything but this exchange', async () => {
      const opening = openExchange()
      const request = await ask(opening)
      const challenge = Uint8Array.from(Buffer.from(opening.challenge, 'hex'))
      for (const session of ['login', `soulproof exchange 1: ${'00'.repeat(32)}`]) {
        const possession = provePossession({ key: BOB, challenge, session })
        refuses(opening, { ...request, possession }, /possession/)
      }
    })

    it('to prove to itself', async () => {
      const opening = openExchange()
      const request = read(opening, await ask(opening))
      const soul = importSoul({ secret: BOB.secret })
      await assert.rejects(answerRequest({ ...holder, soul, prover, request }), /own commitment/)
    })
  })

  describe('the verifier refuses', () => {
    it('an answer to another session, or to another verifier', async () => {
      const { answer } = await answered()
      const elsewhere = await ask(openExchange())
      const moved = { ...answer, session: elsewhere.session }
      assert.equal(reasonOf(await receive(moved)), 'answer: is not encrypted to this session')
      const carol = createExchange({ key: BOB, verifier })
      assert.equal(reasonOf(await receive(answer, carol)), 'session: is not open')
      assert.equal((await receive(answer)).valid, true)
    })

    it('a proof for another request, sealed anew for this one', async () => {
      const opening = openExchange()
      const [first, second] = [read(opening, await ask(opening)), read(opening, await ask(opening))]
      const envelope = await prover.prove({
        ...{ ...holder, scope: 'loans', message: first.message },
        ...{ policy: first.policy, verifierKey: BOB.verifierKey },
      })
      const sealTo = async (request: typeof first, json: unknown): Promise<Answer> => {
        const context = new TextEncoder().encode(`soulproof/answer/1 ${request.session} ${request.message}`)
        const sealed = await seal({ publicKey: request.sealingKey, context, json })
        return { version: 1, kind: 'answer', session: request.session, ...sealed }
      }
      assert.match(reasonOf(await receive(await sealTo(second, envelope))), /publicSignals.message/)
      assert.match(reasonOf(await receive(await sealTo(second, { any: 'thing' }))), /is missing/)
      // The control: where it belongs it is accepted.
      assert.equal((await receive(await sealTo(first, envelope))).valid, true)
    })

    it('downgrade: a proof that would convince everybody', async () => {
      const opening = openExchange()
      const request = read(opening, await ask(opening))
      // A holder who drops the key from her own copy of the request.
      const answer = await answerRequest({ ...holder, prover, request: { ...request, verifierKey: 0n } })
      assert.match(reasonOf(await receive(answer)), /publicSignals.verifierKey/)
    })

    it('a late answer, and rubbish, which does not close the session', async () => {
      const { answer } = await answered()
      for (const bad of [null, [], 'answer', {}, { ...answer, version: 2 }, { ...answer, session: 'x' }]) {
        assert.equal(reasonOf(await receive(bad)), 'answer: is malformed')
      }
      const flipped = { ...answer, ciphertext: flip(answer.ciphertext) }
      const reseen = { ...answer, encapsulated: flip(answer.encapsulated) }
      const cut = { ...answer, ciphertext: answer.ciphertext.slice(2) }
      assert.match(reasonOf(await receive(flipped)), /not encrypted to this session/)
      assert.match(reasonOf(await receive(reseen)), /not encrypted to this session/)
      assert.match(reasonOf(await receive(cut)), /malformed/)
      assert.equal((await receive(answer)).valid, true)
      const late = (await answered()).answer
      assert.equal(reasonOf(await receive(late, bob, NOW + 600n)), 'session: is not open')
    })

    it('replay: the same answer twice at once', async () => {
      const { answer } = await answered()
      const results = await Promise.all([receive(answer), receive(answer), receive(answer)])
      assert.equal(results.filter(({ valid }) => valid).length, 1)
    })

    it('guessing without end, and more sessions than it can hold', async () => {
      const { answer } = await answered()
      const flipped = { ...answer, ciphertext: flip(answer.ciphertext) }
      for (let i = 0; i < 16; i++) await receive(flipped)
      assert.equal(reasonOf(await receive(answer)), 'session: too many answers')
      const small = createExchange({ key: BOB, verifier, maxSessions: 2 })
      const open = (now = NOW) => small.request({ opening: openExchange(), policy, scope: 's', now })
      await Promise.all([open(), open()])
      await assert.rejects(open(), ExchangeError)
      await open(NOW + 601n)
    })

    it('a malformed opening', async () => {
      const opening = openExchange()
      for (const bad of [null, {}, { ...opening, challenge: '00' }, { ...opening, version: 2 }]) {
        await assert.rejects(ask(bad), ExchangeError)
      }
    })
  })

  it('row 22: the verifier makes a whole transcript alone, of a holder who does not exist', async () => {
    const { opening, request, answer } = await answered()
    const real = await receive(answer)
    assert.ok(real.valid)

    // Nobody but Bob: his own opening, his own request, his own answer, with the nullifier that Alice's proof had.
    const opening2 = openExchange()
    const request2 = await ask(opening2)
    const simulated = await simulateAnswer({
      ...{ request: read(opening2, request2), prover, key: BOB, roots, now: NOW },
      nullifier: real.nullifier,
    })
    assert.deepEqual(await receive(simulated), real)
    const shapeOf = (...messages: object[]) =>
      messages.map((message) =>
        Object.entries(message).map(([name, value]) => [name, typeof value, String(value).length]),
      )
    const lengths = (r: ProofRequest) => ({ ...r, possession: '', policy: '' })
    assert.deepEqual(
      shapeOf(opening2, lengths(request2), simulated),
      shapeOf(opening, lengths(request), answer),
    )
  })

  it('runs over HTTP, where the holder may decline', async () => {
    const verified: Verification[] = []
    const server = await serveExchange({
      ...{ exchange: bob, policy, scope: 'loans', roots: () => [roots], now: () => NOW },
      onVerified: (result) => verified.push(result),
    })
    try {
      const run = (change: object = {}) =>
        answerOverHttp({
          ...{ ...holder, url: server.url, verifierKey: BOB.verifierKey, prover },
          approve: () => true,
          ...change,
        })
      assert.equal(await run(), true)
      assert.equal(verified[0]?.valid, true)
      await assert.rejects(run({ approve: () => false }), /does not approve/)
      await assert.rejects(run({ verifierKey: MALLORY.verifierKey }), /not the one expected/)
      const post = (path: string, body: string) => fetch(server.url + path, { method: 'POST', body })
      assert.equal((await post('/open', '{')).status, 400)
      assert.equal((await post('/open', '{}')).status, 400)
      assert.equal((await post('/open', ' '.repeat(2 ** 21))).status, 400)
      assert.equal((await post('/elsewhere', '{}')).status, 404)
      assert.deepEqual(await (await post('/answer', '{}')).json(), { valid: false })
      assert.equal(verified.length, 2)
    } finally {
      await server.close()
    }
  })
})

/** What arrives on the other side. */
function wire(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message))
}

function reasonOf(result: Verification): string {
  return result.valid ? 'valid' : result.reason
}

function flip(hex: string): string {
  return hex.slice(0, -1) + (hex.endsWith('0') ? '1' : '0')
}
