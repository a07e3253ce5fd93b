import type { Envelope, ProveOptions, Prover, ProvingPhase } from 'soulproof/prover'
import type { Provenance, Verification, Verifier } from 'soulproof/verifier'

/* The prover is fetched when proving begins, its artifacts with the first proof of a statement. */

let proverLoaded: Promise<Prover> | undefined
let verifierLoaded: Promise<Verifier> | undefined

/** Where the artifacts are: beside this page. */
export const ARTIFACTS = new URL('zkeys/', document.baseURI)

/** The page's prover; made once. */
export function openProver(): Promise<Prover> {
  proverLoaded ??= import('soulproof/prover').then(({ createProver }) =>
    createProver({ artifacts: ARTIFACTS }),
  )
  return proverLoaded
}

/** The page's verifier; made once. Development keys are allowed here, and said to be such. */
export function openVerifier(): Promise<Verifier> {
  verifierLoaded ??= import('soulproof/verifier').then(({ createVerifier }) =>
    createVerifier({ allowDevelopmentKeys: true }),
  )
  return verifierLoaded
}

/** Where a proof stands. */
export interface Progress {
  readonly phase: ProvingPhase
  readonly share: number
}

/** A proof and what making it took. */
export interface Made {
  readonly envelope: Envelope
  readonly milliseconds: number
  /** Bytes of artifacts that came over the network for it; 0 if they were there. */
  readonly bytes: number
  readonly provenance: Provenance
}

/** Words of phases. */
export const PHASE_WORDS: Readonly<Record<ProvingPhase, string>> = {
  artifacts: 'Fetching what this statement needs, once',
  witness: 'Checking your SBTs against the question',
  proof: 'Computing the proof',
  done: 'Done',
}

/** Proves, with the time and the bytes that it took. */
export async function makeProof(options: ProveOptions): Promise<Made> {
  const prover = await openProver()
  const start = performance.now()
  const envelope = await prover.prove(options)
  const milliseconds = performance.now() - start
  const verifier = await openVerifier()
  return {
    ...{ envelope, milliseconds, bytes: artifactBytes(start) },
    provenance: verifier.provenance(envelope.statement),
  }
}

/** Bytes of artifacts that were fetched since a moment of `performance.now()`, as they travelled. */
export function artifactBytes(since: number): number {
  return performance
    .getEntriesByType('resource')
    .filter((entry): entry is PerformanceResourceTiming => 'encodedBodySize' in entry)
    .filter(({ name, startTime }) => startTime >= since && name.startsWith(ARTIFACTS.href))
    .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)
}

/** A message that a verifier chooses fresh: 248 random bits. */
export function freshMessage(): bigint {
  return crypto.getRandomValues(new Uint8Array(31)).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** Tells whether an error is the visitor's own cancelling. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export type { Provenance, Verification }
