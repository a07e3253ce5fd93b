import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ceremonyCircuit } from '../../src/ceremony/circuit.js'
import { type Coordinator, type QueueState, serveCeremony } from '../../src/ceremony/coordinator.js'
import { joinCeremony } from '../../src/ceremony/join.js'
import { contribute } from '../../src/ceremony/key.js'
import { createCeremony, readCeremony, recordDrop } from '../../src/ceremony/store.js'
import { verifyCeremony } from '../../src/ceremony/verify.js'
import { randomBytes } from '../../src/crypto/random.js'
import { CeremonyError } from '../../src/errors.js'
import { readTestPhase1 } from '../support/phase1.js'

describe('ceremony: the coordinator over HTTP', () => {
  let root: string
  let folder: string
  let coordinator: Coordinator | undefined
  const events: string[] = []

  const serve = async (o: Partial<Parameters<typeof serveCeremony>[0]> = {}): Promise<string> => {
    const onEvent = (event: string, name: string): void => void events.push(`${event} ${name}`)
    coordinator = await serveCeremony({ folder, onEvent, ...o })
    return coordinator.url
  }
  const call = (path: string, method = 'GET', body?: string | Uint8Array): Promise<Response> =>
    fetch(`${coordinator!.url}/${path}`, { method, ...(body !== undefined && { body: body as BodyInit }) })
  const enqueue = async (name: string): Promise<string> => {
    const response = await call('queue', 'POST', JSON.stringify({ name, attestation: '' }))
    return ((await response.json()) as { ticket: string }).ticket
  }
  const stateOf = async (ticket: string): Promise<QueueState> =>
    (await (await call(`queue/${ticket}`)).json()) as QueueState
  const join_ = (name: string, url = coordinator!.url): ReturnType<typeof joinCeremony> =>
    joinCeremony({
      url,
      name,
      attestation: `I am ${name}`,
      entropy: '',
      random: randomBytes,
      out: join(root, name),
      pollSeconds: 0.05,
    })
  const until = async (event: string): Promise<void> => {
    while (!events.includes(event)) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  beforeEach(async () => {
    events.length = 0
    root = await mkdtemp(join(tmpdir(), 'soulproof-coordinator-'))
    folder = join(root, 'ceremony')
    const bytes = await readTestPhase1(8)
    const hash = createHash('blake2b512').update(bytes).digest('hex')
    const circuits = { multiplier: await ceremonyCircuit({ source: 'test/circuits/multiplier.circom' }) }
    await createCeremony({ folder, name: 'served', phase1: { bytes, hash }, circuits })
  })
  afterEach(async () => {
    await coordinator?.close()
    coordinator = undefined
    await rm(root, { recursive: true })
  })

  it('lets many contribute, one after the other, and goes on in the same folder after it was stopped', async () => {
    await serve({ contributions: 3 })
    const receipts = await Promise.all(['alice', 'bob', 'carol'].map((name) => join_(name)))
    await coordinator!.done
    assert.deepEqual(receipts.map(({ index }) => index).sort(), [1, 2, 3])
    await coordinator!.close()
    await serve()
    receipts.push(await join_('dave'))
    const { transcript } = await verifyCeremony({ folder, receipts })
    assert.equal(transcript.steps.length, 4)
    assert.deepEqual(JSON.parse(await (await call('transcript.json')).text()).steps.length, 4)
  })

  it('skips who lets the turn pass, and who is silent while waiting', async () => {
    await serve({ turnSeconds: 5, idleSeconds: 1 })
    const slow = await enqueue('slow')
    await enqueue('silent')
    assert.equal((await stateOf(slow)).state, 'turn')
    const bob = join_('bob')
    await until('dropped slow')
    await until('dropped silent')
    await bob
    assert.deepEqual(await stateOf(slow), {
      state: 'dropped',
      reason: 'the turn passed without a contribution',
    })
    assert.equal((await call(`turn/${slow}`, 'POST')).status, 409)
    const { steps, dropped } = await readCeremony(folder)
    assert.deepEqual(
      // Whether the silent one had a turn before it was found silent is the clock's.
      [steps.map(({ name }) => name), dropped.map(({ name }) => name).filter((name) => name !== 'silent')],
      [['bob'], ['slow']],
    )
  })

  it('forgets who queues and goes again and again, in memory and in the transcript, and no receipt for them', async () => {
    await serve({ kept: 2 })
    const done = await join_('alice')
    const tickets: string[] = []
    for (let i = 0; i < 4; i++) {
      const ticket = await enqueue(`junk ${i}`)
      tickets.push(ticket)
      const end = (await (await call(`turn/${ticket}`, 'POST')).json()) as QueueState
      assert.equal(end.state, 'dropped')
    }
    const statuses = await Promise.all(tickets.map(async (id) => (await call(`queue/${id}`)).status))
    assert.deepEqual(statuses, [404, 404, 200, 200])
    assert.deepEqual(
      (await readCeremony(folder)).dropped.map(({ name }) => name),
      ['junk 0', 'junk 1'],
    )
    // It goes on, and what a coordinator writes by hand is always taken.
    const [carol, { dropped }] = [
      await join_('carol'),
      await recordDrop({ folder, name: 'dave', reason: 'ill' }),
    ]
    assert.equal(dropped.at(-1)!.name, 'dave')
    await verifyCeremony({ folder, receipts: [done, carol] })
    await assert.rejects(serveCeremony({ folder, kept: 0 }), /kept must be a positive integer/)
  })

  it('holds one upload of a statement at a time, the last one', async () => {
    await serve()
    const ticket = await enqueue('alice')
    const zkey = new Uint8Array(await (await call(`turn/${ticket}/multiplier`)).arrayBuffer())
    const { zkey: next } = await contribute({ zkey, random: randomBytes(64), entropy: '', name: 'alice' })
    const stuck = request(`${coordinator!.url}/turn/${ticket}/multiplier`, { method: 'PUT' })
    const cut = new Promise<void>((resolve) => stuck.once('error', () => resolve()))
    await new Promise((resolve) => stuck.write(next.subarray(0, 100), resolve))
    // The first one has arrived when a question that was sent behind it is answered.
    await stateOf(ticket)
    assert.equal((await call(`turn/${ticket}/multiplier`, 'PUT', next)).status, 200)
    await cut
    assert.equal(((await (await call(`turn/${ticket}`, 'POST')).json()) as QueueState).state, 'done')
  })

  it('attack: a crowd that queues and falls silent writes nothing into the transcript', async () => {
    await serve({ idleSeconds: 1 })
    await enqueue('first')
    const before = await readFile(join(folder, 'transcript.json'), 'utf8')
    const crowd = await Promise.all(Array.from({ length: 30 }, (_, i) => enqueue(`crowd ${i}`)))
    await until('dropped crowd 29')
    assert.equal((await stateOf(crowd[0] as string)).state, 'dropped')
    assert.equal(await readFile(join(folder, 'transcript.json'), 'utf8'), before)
  })

  it('refuses a cheat by name, tells who it was, and goes on with the next', async () => {
    await serve()
    const mallory = await enqueue('mallory')
    const zkey = new Uint8Array(await (await call(`turn/${mallory}/multiplier`)).arrayBuffer())
    const other = await contribute({ zkey, random: randomBytes(64), entropy: '', name: 'mallory' })
    // A contribution to a contribution that nobody else knows: one too many.
    const twice = await contribute({
      zkey: other.zkey,
      random: randomBytes(64),
      entropy: '',
      name: 'mallory',
    })
    assert.equal((await call(`turn/${mallory}/multiplier`, 'PUT', twice.zkey)).status, 200)
    const end = (await (await call(`turn/${mallory}`, 'POST')).json()) as QueueState
    assert.equal(end.state, 'dropped')
    assert.match((end as { reason: string }).reason, /multiplier\.zkey: adds 2 contributions/)
    await join_('bob')
    const { steps, dropped } = await readCeremony(folder)
    assert.deepEqual(
      steps.map(({ name }) => name),
      ['bob'],
    )
    assert.match(dropped[0]!.reason, /the contribution was refused/)
    await verifyCeremony({ folder })
  })

  it('gives keys to nobody without the turn, and takes none', async () => {
    await serve()
    const [first, second] = [await enqueue('first'), await enqueue('second')]
    assert.deepEqual(await stateOf(second), { state: 'waiting', position: 1 })
    for (const ticket of [second, '0'.repeat(32)]) {
      const status = ticket === second ? 409 : 404
      assert.equal((await call(`turn/${ticket}/multiplier`)).status, status)
      assert.equal((await call(`turn/${ticket}/multiplier`, 'PUT', new Uint8Array(9))).status, status)
      assert.equal((await call(`turn/${ticket}`, 'POST')).status, status)
    }
    assert.equal((await call(`turn/${first}/multiplier`)).status, 200)
    for (const path of ['..%2fphase1.ptau', 'nothing', '__proto__', 'multiplier/0000.zkey']) {
      assert.equal((await call(`turn/${first}/${path}`)).status, 404, path)
    }
  })

  it('survives malformed requests, and uploads that do not end', async () => {
    await serve()
    const bad = [
      '',
      '{',
      '[]',
      'null',
      '{"name":1}',
      JSON.stringify({ name: 'x'.repeat(65), attestation: '' }),
    ]
    for (const body of bad) assert.equal((await call('queue', 'POST', body)).status, 400, body)
    assert.equal((await call('nothing')).status, 404)
    const ticket = await enqueue('big')
    const size = (await readFile(join(folder, 'multiplier/0000.zkey'))).length
    const upload = call(`turn/${ticket}/multiplier`, 'PUT', new Uint8Array(size + 1_000_000))
    // The connection may be closed before the answer is read.
    assert.equal(
      await upload.then(
        ({ status }) => status,
        () => 413,
      ),
      413,
    )
    assert.equal((await stateOf(ticket)).state, 'turn')
  })

  it('that is gone is refused by a contributor by name', async () => {
    await serve()
    await coordinator!.close()
    await assert.rejects(join_('alice'), (error: unknown) => {
      assert.ok(error instanceof CeremonyError)
      assert.match(error.message, /coordinator: cannot be reached/)
      return true
    })
    coordinator = undefined
  })

  it('attack: that answers what is not so, or without end, is refused by a contributor, who reads no more than was said', async () => {
    const turn = { version: 1, ceremony: '00', index: 0, keys: { multiplier: { bytes: 5000, sha256: '' } } }
    const states: Record<string, unknown> = {
      'sends more than it said': { state: 'turn', turn },
      'names no statement': { state: 'turn', turn: { ...turn, keys: { '../key': { bytes: 1 } } } },
      'says no length of a key': {
        state: 'turn',
        turn: { ...turn, keys: { multiplier: { bytes: '5000' } } },
      },
      'answers what is no JSON': undefined,
      'ended before the turn': { state: 'done' },
    }
    for (const [reason, state] of Object.entries(states)) {
      let sent = 0
      const liar = createServer((asked, response) => {
        if (asked.url === '/queue') return response.end(JSON.stringify({ ticket: 'ticket' }))
        if (asked.url === '/queue/ticket') return response.end(state ? JSON.stringify(state) : '{')
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
        }
        response.on('drain', more)
        more()
      })
      await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve))
      const { port } = liar.address() as AddressInfo
      try {
        await assert.rejects(join_('alice', `http://127.0.0.1:${port}`), (error: unknown) => {
          assert.ok(error instanceof CeremonyError, String(error))
          assert.equal(error.message, `coordinator: ${reason}`)
          return true
        })
        // What waits in the buffers of both ends.
        assert.ok(sent < 2 ** 26, `${sent} bytes`)
      } finally {
        liar.closeAllConnections()
        await new Promise((resolve) => liar.close(resolve))
      }
    }
  })
})
