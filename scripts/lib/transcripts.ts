import { createVerifierKey, simulate } from '../../src/designated/index.js'
import { prepareSimulation, type Simulation } from '../../src/designated/simulate.js'
import { Registry } from '../../src/merkle/index.js'
import { type Policy, parsePolicy, type Roots } from '../../src/policy/index.js'
import type { Envelope, Prover, ProvingPhase } from '../../src/prover/index.js'
import { createIssuer, type HeldSbt, type Issuer, issueSbt } from '../../src/sbt/index.js'
import { blindHolder, createSoul, type Soul } from '../../src/soul/index.js'
import { contextSignals } from '../../src/statements/context.js'
import { preparePolicy } from '../../src/statements/policy.js'
import { CITIZENSHIP } from './example.js'
import { classify, compareBits, type Finding, type Score } from './statistics.js'

/*
 * Real and simulated transcripts of designated proofs, many of each, and whether they can be told apart.
 */

/** One envelope and how long its parts took, in milliseconds. */
export interface Transcript {
  readonly envelope: Envelope
  readonly times: readonly [witness: number, proof: number]
}

/** A verifier who asks, and holders as many as are needed, each with a Soul and an SBT of her own. */
export class Stage {
  readonly key = createVerifierKey()
  readonly now = 1_763_700_000n
  readonly policy: Policy
  readonly roots: Roots
  readonly #issuer: Issuer = createIssuer()
  readonly #status = new Registry({ kind: 'status' })
  #count = 0

  constructor() {
    const { id } = this.#issuer
    this.policy = parsePolicy({
      version: 1,
      schemas: { 'citizenship/1': CITIZENSHIP.claims },
      sbts: { citizenship: { issuers: [id], schema: 'citizenship/1' } },
      require: {
        all: [
          { claim: 'citizenship.country', eq: 'CA' },
          { claim: 'citizenship.birthDate', lte: { now: -568025136 } },
        ],
      },
      reveal: ['citizenship.country'],
    })
    this.roots = { issuers: { [id]: { status: this.#status.root } } }
  }

  /** A fresh session with the verifier. */
  context() {
    return { scope: 'loans', message: `session ${this.#count++}`, verifierKey: this.key.verifierKey }
  }

  /** A Soul that never was seen before, with what satisfies the policy. */
  holder(): { readonly soul: Soul; readonly sbts: readonly HeldSbt[] } {
    const soul = createSoul()
    const { holder, salt } = blindHolder({ soul })
    const statusId = Math.floor(Math.random() * 2 ** 20)
    const birthDate = BigInt(Math.floor(Math.random() * 1_000_000_000))
    const { sbt, signature } = issueSbt({
      ...{ issuer: this.#issuer, schema: CITIZENSHIP, holder, statusId },
      claims: { country: 'CA', birthDate },
      issuedAt: this.now - BigInt(Math.floor(Math.random() * 100_000_000)),
    })
    return {
      soul,
      sbts: [{ sbt, salt, anchor: { signature: signature!, status: this.#status.proof(statusId) } }],
    }
  }

  /** What both kinds have in common. */
  get claim() {
    const { policy, roots, now } = this
    return { policy, roots, now }
  }
}

/** Collects as many transcripts of each kind, by turns. */
export async function collect(o: {
  readonly stage: Stage
  readonly prover: Prover
  readonly samples: number
  readonly onProgress?: (done: number) => void
}): Promise<{ readonly real: Transcript[]; readonly simulated: Transcript[] }> {
  const { stage, prover, samples, onProgress } = o
  const real: Transcript[] = []
  const simulated: Transcript[] = []
  // The first round warms up and does not count.
  for (let i = 0; i <= samples; i++) {
    const holder = stage.holder()
    const turns = [
      async () =>
        real.push(
          await timed((onProgress) =>
            prover.prove({ ...stage.context(), ...stage.claim, ...holder, onProgress }),
          ),
        ),
      async () =>
        simulated.push(
          await timed((onProgress) =>
            simulate({ ...stage.context(), ...stage.claim, key: stage.key, prover, onProgress }),
          ),
        ),
    ]
    for (const turn of i % 2 === 0 ? turns : turns.reverse()) await turn()
    if (i === 0) for (const list of [real, simulated]) list.pop()
    onProgress?.(i / samples)
  }
  return { real, simulated }
}

async function timed(
  prove: (onProgress: (phase: ProvingPhase) => void) => Promise<Envelope>,
): Promise<Transcript> {
  const at = new Map<ProvingPhase, number>()
  const envelope = await prove((phase) => {
    if (!at.has(phase)) at.set(phase, performance.now())
  })
  const between = (from: ProvingPhase, to: ProvingPhase): number => at.get(to)! - at.get(from)!
  return { envelope, times: [between('witness', 'proof'), between('proof', 'done')] }
}

/**
 * Public signals of many transcripts without their proofs, which take much longer.
 *
 * @param draw  a simulator; a test may put a leaking one in the place of the library's
 */
export function collectSignals(
  stage: Stage,
  samples: number,
  draw: (o: Simulation) => readonly string[] = (o) => prepareSimulation(o).publicSignals,
): { readonly real: bigint[][]; readonly simulated: bigint[][] } {
  const each = <T>(make: () => T): T[] => Array.from({ length: samples }, make)
  return {
    real: each(() => {
      const context = contextSignals(stage.context())
      return preparePolicy({ ...stage.claim, ...stage.holder(), context }).publicSignals.map(BigInt)
    }),
    simulated: each(() => draw({ ...stage.context(), ...stage.claim, key: stage.key }).map(BigInt)),
  }
}

/** Everything that can be seen of an envelope but its numbers: names, types, order, and lengths of what is not a hash. */
export function shapeOf({ envelope }: Transcript): string {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return typeof value
    return Object.entries(value).map(([name, part]) => [name, walk(part)])
  }
  return JSON.stringify(walk(envelope))
}

/** What the classifier is given: lengths, leading and trailing digits, and times. */
export function featuresOf({ envelope, times }: Transcript, withTimes = true): number[] {
  const { proof, publicSignals } = envelope
  const numbers = [...publicSignals, ...proof.pi_a, ...proof.pi_b.flat(), ...proof.pi_c].map(BigInt)
  const nullifier = BigInt(publicSignals[3]!)
  const ones = (value: bigint): number => value.toString(2).replaceAll('0', '').length
  return [
    JSON.stringify(envelope).length,
    ones(nullifier),
    Number(nullifier >> 240n),
    Number(nullifier & 0xffn),
    numbers.reduce((sum, value) => sum + ones(value), 0),
    ...(withTimes ? times : []),
  ]
}

/** What was found about two samples of transcripts. */
export interface Comparison {
  readonly sameShape: boolean
  /** Bits of the proofs' coordinates. */
  readonly proofBits: Finding
  /** By everything but times. */
  readonly byContent: Score
  /** By times as well. */
  readonly byAll: Score
}

/** Tries to tell the kinds apart. */
export function compare(o: {
  readonly real: readonly Transcript[]
  readonly simulated: readonly Transcript[]
}): Comparison {
  const { real, simulated } = o
  const shapes = new Set([...real, ...simulated].map(shapeOf))
  const coordinates = (list: readonly Transcript[]): bigint[] =>
    list.flatMap(({ envelope: { proof } }) =>
      [proof.pi_a, ...proof.pi_b, proof.pi_c].map((p) => BigInt(p[0]!)),
    )
  const score = (withTimes: boolean): Score =>
    classify(
      real.map((one) => featuresOf(one, withTimes)),
      simulated.map((one) => featuresOf(one, withTimes)),
    )
  return {
    sameShape: shapes.size === 1,
    proofBits: compareBits(coordinates(real), coordinates(simulated), 254),
    byContent: score(false),
    byAll: score(true),
  }
}
