import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createApp as createExpressApp } from '../../examples/express/app.js'
import { createApp as createFastifyApp } from '../../examples/fastify/app.js'
import { createVerifierKey } from '../../src/designated/index.js'
import { Group } from '../../src/merkle/index.js'
import type { Roots } from '../../src/policy/index.js'
import type { Envelope } from '../../src/prover/index.js'
import * as byExpress from '../../src/server/express.js'
import * as byFastify from '../../src/server/fastify.js'
import {
  type ClaimStore,
  ClaimStoreError,
  claimId,
  createGate,
  type Gate,
  openLevelStore,
  openPostgresStore,
  refuseMixedScopes,
  spendWithin,
} from '../../src/server/index.js'
import { createMetrics, createService, readServiceConfig } from '../../src/server/service.js'
import { readGateOffer } from '../../src/server/wallet.js'
import type { Verifier } from '../../src/verifier/index.js'
import { ALICE, NOW } from '../support/world.js'
import type { EntryTarget } from './entries.js'
import { WrongAnswer } from './fuzz.js'

// biome-ignore lint/suspicious/noExplicitAny: whatever a caller without types may give
type Anything = any

const KEY = createVerifierKey({ secret: 4713n ** 20n })
const SECRET = new Uint8Array(32).fill(1)
const group = new Group([3n, ALICE.commitment, 5n])

/** Makes a target of an HTTP server: any request is answered, and with one of some status codes. */
export function httpTarget(o: {
  readonly name: string
  readonly url: string
  readonly samples: readonly unknown[]
  readonly statuses: readonly number[]
  readonly covers?: readonly string[]
}): EntryTarget {
  const { name, url, samples, statuses, covers = [] } = o
  return {
    ...{ name, covers, samples, cost: 4 },
    async call(input: Anything) {
      const { path, method, body, raw } = input ?? {}
      let text: string | undefined
      try {
        text =
          typeof raw === 'string'
            ? raw
            : JSON.stringify(body, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
      } catch {
        // Deeper than JSON.stringify goes here; servers have their own test of deep texts.
        return
      }
      const verb = typeof method === 'string' && /^[A-Z]+$/.test(method) ? method : 'POST'
      const place = typeof path === 'string' ? path : (samples[0] as { path: string }).path
      // Without its slash it would be a part of the host's name.
      const rooted = `/${encodeURI(place.replace(/\p{Surrogate}/gu, '')).replace(/^\//, '')}`
      const response = await fetch(`${url}${rooted}`, {
        method: verb,
        headers: { 'content-type': 'application/json' },
        ...(verb !== 'GET' && verb !== 'HEAD' && text !== undefined && { body: text }),
      })
      await response.text()
      if (!statuses.includes(response.status)) throw new WrongAnswer(`answers ${response.status}`)
    },
  }
}

/** What gates, plugins and the service take: options, requests and files. */
export async function serverTargets(o: {
  readonly folder: string
  readonly verifier: Verifier
  readonly policy: unknown
  readonly roots: Roots
  /** Of that policy, for scope and message `fuzz`. */
  readonly envelope: Envelope
}): Promise<{ targets: EntryTarget[]; close(): Promise<void> }> {
  const { folder, verifier, policy, roots, envelope } = o
  const store = await openLevelStore({ path: join(folder, 'claims') })
  const now = (): bigint => NOW
  const common = { verifier, store, now, audience: 'https://a.example', maxRootAge: 'any' } as const
  const byPolicy = { policy, roots: () => [{ roots, at: NOW }] }
  const once = { ...common, name: 'once', scope: 'fuzz', admit: 'once', require: byPolicy } as const
  const each = { ...once, name: 'each', admit: 'each', challengeSecret: SECRET } as const
  const gates = [createGate(once), createGate(each)] as [Gate, Gate]
  const keyed = createGate({ ...each, key: KEY })
  const challenge = gates[1].offer().challenge as string

  const service = await createService({ gates, store: held(store), rateLimit: false, log: false })
  const serviceUrl = await service.listen({ host: '127.0.0.1', port: 0 })
  const fastifyApp = await createFastifyApp({
    ...{ policy, verifier, store, challengeSecret: SECRET, roots: byPolicy.roots },
  })
  const fastifyUrl = await fastifyApp.listen({ host: '127.0.0.1', port: 0 })
  const expressApp = createExpressApp({
    ...{ verifier, store, groupRoots: () => [{ roots: group.root, at: NOW }] },
    give: async () => {
      throw new WrongAnswer('lets somebody in')
    },
  })
  // Errors of body parsers are not the gate's: no stack of theirs on stderr.
  expressApp.set('env', 'test')
  const server = createServer(expressApp)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const expressUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const proofs = '/v1/gates/once/proofs'
  const targets: EntryTarget[] = [
    httpTarget({
      ...{ name: 'HTTP of the service', url: serviceUrl, covers: ['service.createService'] },
      samples: [
        { path: proofs, method: 'POST', body: { envelope, message: 'fuzz' } },
        { path: '/v1/gates/each/proofs', method: 'POST', body: { envelope, challenge, binding: 'x' } },
        { path: '/v1/gates/each/challenge', method: 'POST', body: { binding: 'x' } },
        { path: `/v1/claims/${'0'.repeat(64)}`, method: 'GET' },
        { path: proofs, method: 'POST', raw: '{"envelope": 1' },
      ],
      statuses: [200, 201, 400, 401, 403, 404, 409],
    }),
    httpTarget({
      ...{ name: 'HTTP behind Fastify', url: fastifyUrl },
      samples: [
        { path: '/door', method: 'POST', body: { soulproof: { envelope, challenge } } },
        { path: '/door/challenge', method: 'POST', body: { possession: '00'.repeat(16) } },
      ],
      statuses: [200, 400, 401, 404],
      covers: ['fastify.requireProof', 'fastify.offerChallenge', 'fastify.soulproof'],
    }),
    httpTarget({
      ...{ name: 'HTTP behind Express', url: expressUrl },
      samples: [{ path: '/drop', method: 'POST', body: { account: 'a', soulproof: { envelope } } }],
      statuses: [200, 400, 403, 404, 503],
      covers: ['express.requireProof', 'express.offerChallenge'],
    }),
    {
      name: 'gate.enter',
      covers: ['server.createGate'],
      cost: 5,
      samples: [{ envelope, message: 'fuzz' }],
      async call(input: Anything, sample) {
        const result = await gates[0].enter(input)
        if (
          result.admitted &&
          JSON.stringify(input.envelope) !== JSON.stringify((sample as Anything).envelope)
        )
          throw new WrongAnswer('lets in an envelope that was changed')
      },
    },
    {
      name: 'gate.enter by challenge',
      covers: ['server.createGate'],
      cost: 3,
      samples: [{ envelope, challenge, binding: 'x' }],
      async call(input: Anything) {
        if ((await gates[1].enter(input)).admitted) throw new WrongAnswer('lets in a proof for nothing')
      },
    },
    {
      name: 'gate.offer',
      covers: ['server.createGate'],
      samples: [{ binding: 'x', possession: new Uint8Array(16) }],
      call: (input: Anything) => keyed.offer(input),
    },
    {
      name: 'createGate',
      covers: ['server.createGate', 'server.refuseMixedScopes'],
      cost: 3,
      samples: [once, each],
      call: (input: Anything) => refuseMixedScopes([gates[0], createGate(input)]),
    },
    {
      name: 'refuseMixedScopes',
      covers: ['server.refuseMixedScopes'],
      samples: [gates],
      call: (input: Anything) => refuseMixedScopes(input),
    },
    {
      name: 'requireProof and offerChallenge',
      covers: [
        'express.requireProof',
        'fastify.requireProof',
        'express.offerChallenge',
        'fastify.offerChallenge',
      ],
      samples: [{ gate: gates[1], onRepeat: 'admit', binding: () => 'x' }],
      call: (input: Anything) => {
        for (const { requireProof, offerChallenge } of [byExpress, byFastify]) {
          requireProof(input)
          offerChallenge(input)
        }
      },
    },
    {
      name: 'createService',
      covers: ['service.createService', 'service.createMetrics'],
      cost: 60,
      samples: [
        {
          gates,
          store: held(store),
          rateLimit: 5,
          maxPending: 5,
          patience: 1,
          trustProxy: false,
          log: false,
        },
      ],
      async call(input: Anything) {
        const made = await createService({ metrics: createMetrics(), ...input })
        await made.close()
      },
    },
    {
      name: 'readServiceConfig',
      covers: ['service.readServiceConfig'],
      samples: [
        {
          audience: 'https://a.example',
          ...{ host: '::1', port: 0, rateLimit: false, store: 'claims', batch: { size: 8, wait: 1 } },
          gates: {
            drop: { statement: 'membership', scope: 'a', roots: 'r.json', maxRootAge: 'any', admit: 'once' },
            door: {
              ...{ policy: 'p.json', scopeField: '5', roots: 'r.json', maxRootAge: 600, admit: 'each' },
              ...{ maxClockSkew: 60, challengeSeconds: 60, freshness: { credit: { maxAge: 5 } } },
            },
          },
        },
      ],
      call: (input) => readServiceConfig(input, folder),
    },
    {
      name: 'readGateOffer',
      covers: ['wallet.readGateOffer'],
      cost: 2,
      samples: [
        { offer: gates[1].offer(), audience: 'https://a.example', now: NOW },
        {
          offer: keyed.offer({ possession: new Uint8Array(16) }),
          ...{ audience: 'https://a.example', now: NOW },
          ...{ verifierKey: KEY.verifierKey, possession: new Uint8Array(16) },
        },
      ],
      call: (input: Anything) => {
        const { verifierKey } = readGateOffer(input)
        if (verifierKey !== (input.verifierKey ?? 0n)) throw new WrongAnswer('is for another verifier')
      },
    },
    {
      name: 'claimId',
      covers: ['server.claimId'],
      samples: [{ scope: 1n, nullifier: 2n, message: 3n }],
      call: (input: Anything) => claimId(input),
    },
    {
      name: 'store.spend',
      covers: ['server.openLevelStore'],
      cost: 3,
      samples: [{ scope: 1n, nullifier: 2n, message: 3n, expiresAt: 5n }],
      async call(input: Anything) {
        await store.spend(input)
        if ((await store.find(claimId(input))) === undefined) {
          // Spent for another message, then.
          if ((await store.spend(input)) !== 'taken') throw new WrongAnswer('does not find what it stored')
        }
      },
    },
    {
      name: 'store.find and store.forget',
      covers: ['server.openLevelStore'],
      samples: [{ id: '0'.repeat(64), before: 5n }],
      async call(input: Anything) {
        await store.find(input?.id)
        await store.forget(input?.before)
      },
    },
    {
      name: 'openLevelStore',
      covers: ['server.openLevelStore'],
      cost: 10,
      samples: [{ path: 'a', now }],
      async call(input: Anything) {
        const path =
          typeof input?.path === 'string' ? join(folder, `claims-${input.path.length}`) : input?.path
        const opened = await openLevelStore(
          typeof input === 'object' && input !== null ? { ...input, path } : input,
        )
        await opened.close()
      },
    },
    {
      name: 'openPostgresStore',
      covers: ['server.openPostgresStore'],
      cost: 20,
      samples: [{ connectionString: 'postgresql:///a?host=/nowhere', patience: 1, connections: 1, now }],
      async call(input: Anything) {
        // Whatever a text names may be there, and is not ours.
        const { connectionString } = (this as Anything).samples[0]
        const given =
          typeof input?.connectionString === 'string'
            ? { ...input, connectionString, patience: impatient(input.patience) }
            : input
        await openPostgresStore(given).catch((error) => {
          if (!(error instanceof ClaimStoreError)) throw error
        })
      },
    },
    {
      name: 'spendWithin',
      covers: ['server.spendWithin'],
      samples: [{ claim: { scope: 1n, nullifier: 2n, message: 3n }, options: { now } }],
      call: (input: Anything) => {
        // A database that takes everything.
        const query = async (_: string, values: Anything[]) => ({
          ...{ rows: values[4].map((attempt: string) => ({ attempt })), rowCount: 1 },
        })
        return spendWithin({ query } as Anything, input?.claim, input?.options)
      },
    },
    {
      name: 'spendWithin client',
      covers: ['server.spendWithin'],
      samples: [5, {}, { query: 5 }],
      async call(input: Anything) {
        const claim = { scope: 1n, nullifier: 2n, message: 3n }
        await spendWithin(input, claim).then(
          () => {
            throw new WrongAnswer('spends without a database')
          },
          (error) => {
            if (!(error instanceof TypeError)) throw error
          },
        )
      },
    },
  ]
  return {
    targets,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await fastifyApp.close()
      await service.close()
      await store.close()
    },
  }
}

/** The least patience for one that is right or left out, by default ten seconds; others are left for the store to refuse. */
function impatient(patience: unknown): unknown {
  const isRight = Number.isInteger(patience) && (patience as number) > 0 && (patience as number) <= 600_000
  return patience === undefined || isRight ? 1 : patience
}

/** A store that several services use: none of them closes it. */
function held(store: ClaimStore): ClaimStore {
  return { ...store, close: async () => undefined }
}
