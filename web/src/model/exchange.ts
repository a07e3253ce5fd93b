import type { Exchange, VerifierKey } from 'soulproof/designated'
import { compilePolicy } from 'soulproof/policy'
import { publishedRoots } from './offices.js'
import { openProver, openVerifier, type Progress, type Provenance } from './proving.js'
import { askedOf, type Question } from './question.js'
import { scopeOf } from './verifying.js'
import { clock, type Holder, walletOf } from './wallet.js'

/* Ana and Bob of soulproof/designated: messages are made, encrypted, opened and checked as they would be between two devices. */

/** What Bob asks. */
export const BOBS_QUESTION: Question = {
  asker: 'Bob',
  purpose: 'Renting out a flat',
  groups: [{ need: 'all', of: [{ slot: 'passport', claim: 'birthDate', test: 'older', value: '18' }] }],
  reveal: ['passport.country'],
}

/** Bob: his key, and the exchanges that he has open. */
export interface Bob {
  readonly key: VerifierKey
  readonly exchange: Exchange
}

/** One answer, as Bob has it: what came, and what his check said. */
export interface Transcript {
  /** Start of the sealed message, for people to look at. */
  readonly sealed: string
  /** Bytes of the sealed message. */
  readonly bytes: number
  readonly country: string
  readonly nullifier: bigint
  readonly accepted: boolean
  /** Of the key that it was made for. */
  readonly provenance: Provenance
}

interface Hooks {
  readonly signal: AbortSignal
  onProgress(phase: Progress['phase'], share: number): void
}

/** A Bob with a fresh key. */
export async function createBob(): Promise<Bob> {
  const { createExchange, createVerifierKey } = await import('soulproof/designated')
  const key = createVerifierKey()
  return { key, exchange: createExchange({ key, verifier: await openVerifier() }) }
}

/** Opens a session, and checks Bob's request on the holder's side. */
async function ask({ key, exchange }: Bob) {
  const { openExchange, readRequest } = await import('soulproof/designated')
  const { verifierKey } = key
  const opening = openExchange()
  const now = clock()
  const { json: policy } = askedOf(BOBS_QUESTION)
  const request = await exchange.request({ opening, policy, scope: scopeOf(BOBS_QUESTION), now })
  return readRequest({ opening, request, verifierKey, now })
}

type Request = Awaited<ReturnType<typeof ask>>
type Answer = Awaited<ReturnType<typeof import('soulproof/designated').answerRequest>>

async function receive(
  bob: Bob,
  answer: Answer,
  roots: ReturnType<typeof publishedRoots>,
): Promise<Transcript> {
  const result = await bob.exchange.receive({
    answer: JSON.parse(JSON.stringify(answer)),
    roots: [roots],
    now: clock(),
  })
  if (!result.valid) throw new Error(`Bob refuses: ${result.reason}`)
  const { ciphertext } = answer
  return {
    sealed: ciphertext.slice(0, 24),
    bytes: ciphertext.length / 2,
    country: `${result.revealed['passport.country']}`,
    nullifier: result.nullifier,
    accepted: true,
    provenance: (await openVerifier()).provenance(compilePolicy(askedOf(BOBS_QUESTION).policy).profile.name),
  }
}

/** Ana answers Bob with a proof for his eyes. */
export async function answerBob(
  bob: Bob,
  holder: Holder,
  { signal, onProgress }: Hooks,
): Promise<Transcript> {
  const { answerRequest } = await import('soulproof/designated')
  const { offices } = askedOf(BOBS_QUESTION)
  const roots = publishedRoots(holder.revoked, offices)
  const [prover, request]: [Awaited<ReturnType<typeof openProver>>, Request] = [
    await openProver(),
    await ask(bob),
  ]
  const wallet = walletOf(holder)
  const answer = await answerRequest({ ...wallet, request, prover, roots, now: clock(), signal, onProgress })
  return receive(bob, answer, roots)
}

/** Bob makes the answer that Ana would have made, or one that nobody could have made honestly. */
export async function forgeForBob(
  bob: Bob,
  o: { readonly country: string; readonly nullifier: bigint; readonly holder: Holder },
): Promise<Transcript> {
  const { simulateAnswer } = await import('soulproof/designated')
  const { offices } = askedOf(BOBS_QUESTION)
  const roots = publishedRoots(o.holder.revoked, offices)
  const request = await ask(bob)
  const answer = await simulateAnswer({
    ...{ request, prover: await openProver(), key: bob.key, roots, now: clock(), nullifier: o.nullifier },
    revealed: { 'passport.country': o.country },
  })
  return receive(bob, answer, roots)
}
