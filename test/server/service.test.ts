import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Validator } from '@seriousme/openapi-schema-validator'
import { createVerifierKey } from '../../src/designated/keys.js'
import { checkPossession } from '../../src/designated/possession.js'
import { parsePolicy } from '../../src/policy/index.js'
import { createProver, type Envelope, type Prover } from '../../src/prover/index.js'
import {
  type ClaimStore,
  ClaimStoreError,
  createGate,
  type GateOptions,
  type Offer,
  openLevelStore,
} from '../../src/server/index.js'
import { createMetrics, createService, type Service, type ServiceOptions } from '../../src/server/service.js'
import { createVerifier, type Verifier } from '../../src/verifier/index.js'
import { ALICE, BOB } from '../support/world.js'
import { type Answer, group, held, clock as now, policy, roots } from './asked.js'

const key = createVerifierKey({ secret: 815n ** 20n })

describe('server/service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-service-'))
  const log: string[] = []
  const metrics = createMetrics()
  let prover: Prover
  let verifier: Verifier
  let store: ClaimStore
  let service: Service
  let url: string
  let hold: Promise<void> | undefined
  let isDown = false
  let fault: Error | undefined

  const gateOf = (more: object): ReturnType<typeof createGate> =>
    createGate({ verifier, audience: 'https://a.example', store, ...more } as GateOptions)
  const open = async (more: Partial<ServiceOptions> = {}): Promise<{ service: Service; url: string }> => {
    const failing: ClaimStore = {
      ...store,
      async spend(claim) {
        await hold
        if (fault) throw fault
        if (isDown) throw new ClaimStoreError('the database does not answer')
        return store.spend(claim)
      },
      async check() {
        if (isDown) throw new ClaimStoreError('the database does not answer')
      },
      async close() {},
    }
    const drop = gateOf({
      ...{ name: 'drop', scope: 'drop', admit: 'once', maxRootAge: 'any', store: failing },
      require: { statement: 'membership', roots: () => [{ roots: group.root, at: now() - 70n }] },
    })
    const door = gateOf({
      ...{ name: 'door', scope: 'door', admit: 'each', maxRootAge: 600n, key, store: failing },
      ...{ challengeSecret: new Uint8Array(32).fill(6) },
      require: { policy, roots: () => [{ roots, at: now() }] },
    })
    const made = await createService({
      ...{
        gates: [drop, door],
        store: failing,
        rateLimit: false,
        log: { write: (line) => void log.push(line) },
      },
      ...more,
    })
    return { service: made, url: await made.listen({ host: '127.0.0.1', port: 0 }) }
  }
  const ask = async (path: string, body?: unknown, from = url): Promise<Answer> => {
    const response = await fetch(`${from}${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
  }
  const codeOf = ({ status, body }: Answer): string => `${status} ${body.error?.code}`

  let member: Envelope
  before(async () => {
    prover = await createProver()
    verifier = await createVerifier({ allowDevelopmentKeys: true, batch: { onBatch: metrics.batch } })
    store = metrics.timed(await openLevelStore({ path: join(folder, 'claims') }))
    const opened = await open({ metrics })
    service = opened.service
    url = opened.url
    member = await prover.prove({
      ...{ statement: 'membership', scope: 'drop', message: 'to Alice', soul: ALICE, group },
    })
  })
  after(async () => {
    await service.close()
    await store.close()
    await prover.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  describe('a wallet', () => {
    it('reads what the gates ask for', async () => {
      const { status, body } = await ask('/v1/gates')
      assert.equal(status, 200)
      assert.deepEqual(
        body.gates.map((gate: Offer & { challenges: boolean }) => [
          gate.gate,
          gate.statement,
          gate.challenges,
        ]),
        [
          ['drop', 'membership', false],
          ['door', 'policy-s', true],
        ],
      )
      assert.deepEqual(body.gates[1].policy, policy)
      assert.ok(!('challenge' in body.gates[1]))
    })

    it('claims once: 201, the same again 200, another recipient 409, and the claim is found by its id', async () => {
      const first = await ask('/v1/gates/drop/proofs', { envelope: member, message: 'to Alice' })
      assert.equal(first.status, 201)
      assert.equal(first.headers.get('cache-control'), 'no-store')
      const { claim, nullifier } = first.body
      assert.deepEqual(first.body, {
        outcome: 'first',
        claim,
        nullifier: member.publicSignals[0],
        revealed: {},
      })
      const again = await ask('/v1/gates/drop/proofs', { envelope: member, message: 'to Alice' })
      assert.deepEqual([again.status, again.body], [200, { ...first.body, outcome: 'repeated' }])
      const stored = await ask(`/v1/claims/${claim}`)
      const { at, ...rest } = stored.body
      const [, , scope, message] = member.publicSignals
      assert.deepEqual(rest, { claim, scope, nullifier, message })
      assert.ok(now() - BigInt(at) < 60n)
      const field = await ask('/v1/gates/drop/proofs', { envelope: member, messageField: message })
      assert.equal(field.body.outcome, 'repeated')
      const other = await prover.prove({
        ...{ statement: 'membership', scope: 'drop', message: 'to Bob', soul: ALICE, group },
      })
      assert.equal(
        codeOf(await ask('/v1/gates/drop/proofs', { envelope: other, message: 'to Bob' })),
        '409 taken',
      )
      assert.equal(
        codeOf(await ask('/v1/gates/drop/proofs', { envelope: other, message: 'x' })),
        '403 refused',
      )
    })

    it('proves for a challenge of a gate with a key: the key is proved to be known, and the challenge counts once', async () => {
      const own = new Uint8Array(16).fill(1)
      const asked = { binding: 'session 1', possession: Buffer.from(own).toString('hex') }
      const { status, body: offer } = await ask('/v1/gates/door/challenge', asked)
      assert.equal(status, 200)
      const verifierKey = BigInt(offer.verifierKey)
      const { possession, challenge } = offer
      assert.ok(checkPossession({ verifierKey, challenge: own, session: challenge, possession }))
      const envelope = await prover.prove({
        ...{ policy: parsePolicy(offer.policy), roots, now: now(), soul: ALICE, sbts: [held] },
        ...{ scope: BigInt(offer.scope), message: challenge, verifierKey },
      })
      const entry = { envelope, challenge, binding: 'session 1' }
      assert.equal(codeOf(await ask('/v1/gates/door/proofs', { ...entry, binding: 'x' })), '401 challenge')
      const answers = await Promise.all([1, 2, 3].map(() => ask('/v1/gates/door/proofs', entry)))
      assert.deepEqual(answers.map(codeOf).sort(), ['200 undefined', '401 challenge', '401 challenge'])
      const { body } = answers.find((answer) => answer.status === 200) as Answer
      assert.deepEqual(body.revealed, { 'passport.country': 'CA' })
      assert.equal(body.outcome, 'verified')
    })
  })

  describe('the description', () => {
    it('is valid OpenAPI, is the one in docs, and names each route', async () => {
      const { body: description } = await ask('/openapi.json')
      const result = await new Validator().validate(structuredClone(description))
      assert.ok(result.valid, JSON.stringify(result.errors))
      const kept = new URL('../../docs/openapi.json', import.meta.url)
      if (process.env['UPDATE_SNAPSHOTS'] === '1')
        writeFileSync(kept, `${JSON.stringify(description, undefined, 2)}\n`)
      assert.deepEqual(description, JSON.parse(readFileSync(kept, 'utf8')))
      const described = Object.entries(description.paths as Record<string, object>).flatMap(
        ([path, methods]) =>
          Object.keys(methods).map(
            (method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
          ),
      )
      // Fastify's own list: a tree, one line for each part of a path.
      const tree = service.app.printRoutes({ commonPrefix: false })
      const routes: string[] = []
      const above: string[] = []
      for (const line of tree.split('\n')) {
        const [, indent, path, methods] = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? []
        if (indent === undefined) continue
        above.length = indent.length / 4
        above.push(path as string)
        for (const method of methods?.split(', ') ?? []) {
          if (method !== 'HEAD') routes.push(`${method} ${above.join('')}`)
        }
      }
      assert.deepEqual(described.sort(), routes.filter((route) => route !== 'GET /openapi.json').sort())
    })
  })

  describe('what is malformed', () => {
    it('is answered 400, 404, 413 or 415, with a reason that shows nothing of it', async () => {
      const path = '/v1/gates/drop/proofs'
      const good = { envelope: member, message: 'to Alice' }
      const cases: [string, unknown, string][] = [
        [path, '{"envelope":', '400 malformed'],
        [path, '', '400 malformed'],
        [path, 'null', '400 malformed'],
        [path, [good], '400 malformed'],
        [path, { ...good, envelope: 'text' }, '400 malformed'],
        [path, { message: 'x' }, '400 malformed'],
        [path, { ...good, message: 5 }, '400 malformed'],
        [path, { ...good, message: 'x'.repeat(4001) }, '400 malformed'],
        [path, { ...good, message: '\ud800' }, '400 malformed'],
        [path, { ...good, messageField: '5' }, '400 malformed'],
        [path, { envelope: member, messageField: '05' }, '400 malformed'],
        [path, { envelope: member, messageField: '9'.repeat(78) }, '400 malformed'],
        [path, { envelope: member }, '400 malformed'],
        [path, { ...good, hunter2: 1 }, '400 malformed'],
        [path, { ...good, challenge: 'x' }, '400 malformed'],
        [path, '{"__proto__": {"envelope": {}}}', '400 malformed'],
        [path, '{"constructor": {"prototype": {"x": 1}}}', '400 malformed'],
        [path, `{"envelope": ${'['.repeat(30_000)}${']'.repeat(30_000)}}`, '400 malformed'],
        [path, { ...good, envelope: { hunter2: 1 } }, '403 refused'],
        [path, { ...good, envelope: JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`) }, '403 refused'],
        [path, 'x'.repeat(70_000), '413 large'],
        ['/v1/gates/hunter2/proofs', good, '404 unknown'],
        ['/v1/gates/HUNTER2/proofs', good, '400 malformed'],
        ['/v1/gates/door/proofs', { envelope: member }, '400 malformed'],
        ['/v1/gates/door/proofs', { envelope: member, challenge: 'hunter2' }, '401 challenge'],
        ['/v1/gates/door/challenge', { possession: 'hunter2' }, '400 malformed'],
        ['/v1/gates/door/challenge', { binding: '\ud800' }, '400 malformed'],
        ['/v1/gates/drop/challenge', { possession: '00'.repeat(16) }, '400 malformed'],
        ['/v1/hunter2', {}, '404 unknown'],
      ]
      for (const [at, body, expected] of cases) {
        const answer = await ask(at, body)
        const name = `${at} ${JSON.stringify(body).slice(0, 60)}`
        assert.equal(codeOf(answer), expected, name)
        assert.ok(!JSON.stringify(answer.body).includes('hunter2'), name)
      }
      for (const at of ['/v1/claims/hunter2', '/v1/claims/..%2f..', `/v1/claims/${'0'.repeat(65)}`]) {
        assert.equal((await ask(at)).status, 400, at)
      }
      assert.equal((await ask(`/v1/claims/${'0'.repeat(64)}`)).status, 404)
      const text = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: '{}',
      })
      assert.equal(text.status, 415)
    })

    it('slow clients are cut off, and others are served meanwhile', async () => {
      const quick = await open({ patience: 1 })
      const { hostname, port } = new URL(quick.url)
      const starts = [
        'POST /v1/gates/drop/proofs HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n',
        '',
      ]
      const sockets = Array.from({ length: 40 }, (_, i) => {
        const socket = connect(Number(port), hostname)
        socket.on('error', () => undefined)
        const closed = new Promise<number>((resolve) => socket.on('close', () => resolve(performance.now())))
        socket.write(i % 2 === 0 ? (starts[0] as string) : `${starts[0]}content-length: 1000\r\n\r\n{"a`)
        const drip = setInterval(() => socket.write(i % 2 === 0 ? 'x-a: b\r\n' : ' '), 100)
        return { closed: closed.finally(() => clearInterval(drip)) }
      })
      const since = performance.now()
      for (let i = 0; i < 5; i++) {
        assert.equal((await ask('/health/ready', undefined, quick.url)).status, 200)
        await sleep(100)
      }
      const ends = await Promise.all(sockets.map(({ closed }) => closed))
      assert.ok(Math.max(...ends) - since < 10_000)
      await quick.service.close()
    })
  })

  describe('limits', () => {
    it('an address that asks too often is answered 429, but for health and metrics', async () => {
      const limited = await open({ rateLimit: 3 })
      const statuses: number[] = []
      for (let i = 0; i < 5; i++) statuses.push((await ask('/v1/gates', undefined, limited.url)).status)
      assert.deepEqual(statuses, [200, 200, 200, 429, 429])
      const answer = await ask('/v1/gates', undefined, limited.url)
      assert.equal(codeOf(answer), '429 often')
      assert.ok(answer.headers.get('retry-after'))
      // Nobody is another address by saying so.
      const forged = await fetch(`${limited.url}/v1/gates`, {
        headers: { 'x-forwarded-for': '198.51.100.7' },
      })
      assert.equal(forged.status, 429)
      for (const path of ['/health/live', '/health/ready', '/metrics']) {
        assert.equal((await ask(path, undefined, limited.url)).status, 200)
      }
      await limited.service.close()
    })

    it('more proofs at once than it may take are told to come again, and a stop answers those under way', async () => {
      const busy = await open({ maxPending: 2 })
      let release = (): void => undefined
      hold = new Promise((resolve) => {
        release = resolve
      })
      const body = { envelope: member, message: 'to Alice' }
      const taken = [1, 2].map(() => ask('/v1/gates/drop/proofs', body, busy.url))
      await sleep(300)
      const more = await ask('/v1/gates/drop/proofs', body, busy.url)
      assert.equal(codeOf(more), '503 unavailable')
      assert.ok(more.headers.get('retry-after'))
      const closing = busy.service.close()
      await sleep(200)
      await assert.rejects(fetch(`${busy.url}/health/live`))
      release()
      hold = undefined
      for (const one of taken) assert.equal((await one).status, 200)
      await closing
    })
  })

  describe('faults', () => {
    it('a store that is away: 503, not ready, alive, and nothing is spent', async () => {
      isDown = true
      const envelope = await prover.prove({
        ...{ statement: 'membership', scope: 'drop', message: 'to Bob', soul: BOB, group },
      })
      const body = { envelope, message: 'to Bob' }
      try {
        const answer = await ask('/v1/gates/drop/proofs', body)
        assert.equal(codeOf(answer), '503 unavailable')
        assert.equal((await ask('/health/ready')).status, 503)
        assert.equal((await ask('/health/live')).status, 200)
      } finally {
        isDown = false
      }
      assert.equal((await ask('/v1/gates/drop/proofs', body)).status, 201)
    })

    it('a fault inside is a 500 without a word of it, and in the log only what kind it was and where', async () => {
      fault = Object.assign(new Error('nullifier 4711 of hunter2'), { code: 'XX000' })
      try {
        const answer = await ask('/v1/gates/drop/proofs', { envelope: member, message: 'to Alice' })
        assert.deepEqual(
          [answer.status, answer.body],
          [500, { error: { code: 'internal', reason: 'the service failed' } }],
        )
      } finally {
        fault = undefined
      }
      const failures = log.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'failed')
      const { failure } = failures.at(-1)
      assert.deepEqual([failure.name, failure.code], ['Error', 'XX000'])
      assert.match(failure.at[0], /service\.test\.ts/)
    })
  })

  describe('what it says of itself', () => {
    it('metrics count proofs, batches, requests and the age of roots', async () => {
      const { status, headers, body } = await ask('/metrics')
      assert.equal(status, 200)
      assert.match(headers.get('content-type') ?? '', /^text\/plain/)
      const value = (name: string): number =>
        Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} ([0-9.]+)$`, 'm').exec(body)?.[1])
      assert.equal(value('soulproof_proofs_total{gate="drop",outcome="first"}'), 2)
      assert.equal(value('soulproof_proofs_total{gate="drop",outcome="taken"}'), 1)
      assert.equal(value('soulproof_proofs_total{gate="door",outcome="verified"}'), 1)
      assert.equal(value('soulproof_pending_proofs'), 0)
      assert.equal(value('soulproof_roots_age_seconds{gate="drop"}'), 70)
      assert.ok(value('soulproof_batch_proofs_count') >= 5)
      assert.ok(value('process_cpu_seconds_total') > 0)
      assert.match(body, /soulproof_store_seconds_bucket\{le="0.001",operation="spend",result="done"\}/)
      assert.match(body, /route="\/v1\/gates\/:gate\/proofs",method="POST",status="201"/)
    })

    it('no line of the log, and no metric, has a nullifier, a proof, a message, a challenge, a path, an address or a key', async () => {
      const { body } = await ask('/metrics')
      const text = log.join('\n') + body
      for (const line of log) {
        const { level, time, reqId, msg, ...rest } = JSON.parse(line)
        assert.equal(typeof level, 'number')
        assert.ok(time > 0 && (reqId === undefined || /^[0-9a-f-]{36}$/.test(reqId)) && msg)
        const known = ['method', 'route', 'status', 'milliseconds', 'gate', 'outcome', 'failure', 'signal']
        assert.deepEqual(
          Object.keys(rest).filter((name) => !known.includes(name)),
          [],
        )
      }
      assert.ok(log.length > 40)
      const secrets = [
        ...member.publicSignals.filter((signal) => signal.length > 5),
        ...member.proof.pi_a.filter((part) => part.length > 5),
        ...['to Alice', 'session 1', 'soulproof-challenge', 'hunter2', '127.0.0.1', '/v1/claims/0', 'CA"'],
        ...[key.secret.toString(), Buffer.from(new Uint8Array(32).fill(6)).toString('base64url')],
      ]
      assert.deepEqual(
        secrets.filter((secret) => text.includes(secret)),
        [],
      )
    })
  })

  describe('services that contradict themselves', () => {
    it('are refused: two gates of one name, or of one scope with nullifiers of two kinds', async () => {
      const roots = (): [] => []
      const one = (more: object) =>
        gateOf({
          ...{ name: 'a', scope: 'x', admit: 'once', maxRootAge: 'any' },
          ...{ require: { statement: 'membership', roots }, ...more },
        })
      await assert.rejects(
        createService({ gates: [one({}), one({ scope: 'y' })], store }),
        /two have one name/,
      )
      await assert.rejects(
        createService({ gates: [one({}), one({ name: 'b', key })], store }),
        /have one scope/,
      )
      await assert.rejects(createService({ gates: [], store }), TypeError)
      await assert.rejects(createService({ gates: [one({})], store, rateLimit: 0 }), RangeError)
    })
  })
})
