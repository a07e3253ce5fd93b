/*
 * An Express app that gives something once to each member of a group. The proof is bound to the account that shall have it, so
 * that a copied one is of no use. The work is done by the id of the claim: whoever lost the reply sends the same again.
 */
import express, { type Express, type Request } from 'express'
import { type ClaimStore, createGate, type SnapshotSource } from 'soulproof/server'
import { type Entrance, requireProof } from 'soulproof/server/express'
import type { Verifier } from 'soulproof/verifier'

/** Creates the app; it does not listen yet. */
export function createApp(o: {
  readonly groupRoots: SnapshotSource<bigint>
  readonly verifier: Verifier
  readonly store: ClaimStore
  /** Gives the account what it is due. Called again with the same claim, it does nothing. */
  readonly give: (claim: string, account: string) => Promise<void>
}): Express {
  const { groupRoots, verifier, store, give } = o
  const gate = createGate({
    ...{ verifier, store, name: 'drop', audience: 'https://drop.example.org', scope: 'autumn drop' },
    ...{ admit: 'once', require: { statement: 'membership', roots: groupRoots }, maxRootAge: 3600n },
  })
  const message = (request: Request): string => request.body.account

  const app = express()
  app.use(express.json({ limit: '64kb' }))
  app.post('/drop', requireProof({ gate, message, onRepeat: 'admit' }), async (request, response) => {
    const { claim, outcome } = (request as Request & { soulproof: Entrance }).soulproof
    await give(claim as string, request.body.account)
    response.json({ claim, outcome })
  })
  return app
}
