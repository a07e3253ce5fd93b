/*
 * A Fastify app that lets in whoever proves a policy. A session asks for a challenge, the wallet proves for it, and the proof
 * opens the door to that session, once. The app learns the Soul's name here, the nullifier, and nothing that is not revealed.
 */
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Roots } from 'soulproof/policy'
import { type ClaimStore, createGate, type SnapshotSource } from 'soulproof/server'
import { offerChallenge, requireProof, soulproof } from 'soulproof/server/fastify'
import type { Verifier } from 'soulproof/verifier'

/** Creates the app; it does not listen yet. */
export async function createApp(o: {
  readonly policy: unknown
  readonly roots: SnapshotSource<Roots>
  readonly verifier: Verifier
  readonly store: ClaimStore
  readonly challengeSecret: Uint8Array
}): Promise<FastifyInstance> {
  const { policy, roots, ...common } = o
  const gate = createGate({
    ...common,
    ...{ name: 'door', audience: 'https://club.example.org', scope: 'club.example.org members' },
    ...{ admit: 'each', require: { policy, roots }, maxRootAge: 3600n },
  })
  // Yours is the id of a session that you gave out; a header keeps the example short. Without one the request is refused.
  const binding = (request: FastifyRequest): string => String(request.headers['x-session'] ?? '')

  const app = fastify({ bodyLimit: 65_536 })
  await app.register(soulproof)
  app.post('/door/challenge', offerChallenge({ gate, binding }))
  app.post('/door', { preHandler: requireProof({ gate, binding }) }, async ({ soulproof: entrance }) => ({
    welcome: entrance?.nullifier.toString(),
    from: entrance?.revealed['passport.country'],
  }))
  return app
}
