/** Proving: from a wallet and a policy, or a group, to an envelope. */
import type { Envelope, PlonkEnvelope, ProofSystem } from '../envelope.js'
import { ArtifactError, requireHooks, requireObject } from '../errors.js'
import { parseKeyManifest } from '../manifest.js'
import type { Policy, Roots, Wallet } from '../policy/types.js'
import type { Soul } from '../soul/index.js'
import { type Context, contextSignals } from '../statements/context.js'
import type { ProvableBatch } from '../statements/ledger-batch.js'
import type { ProvableHistory } from '../statements/ledger-history.js'
import { type CircuitInputs, type GroupInput, prepareMembership } from '../statements/membership.js'
import { preparePolicy } from '../statements/policy.js'
import { type ArtifactProgress, loadArtifacts, type OnArtifact } from './artifacts.js'
import { abortable } from './engine/abort.js'
import { createSoulproofEngine } from './engine/index.js'
import type { PlonkEngine, PlonkProofWithSignals, ProofWithSignals, ProvingEngine } from './engine/types.js'
import { createSnarkjsEngine } from './snarkjs.js'
import { calculateWitness, type Inputs } from './witness.js'

export type { Envelope, PlonkEnvelope, ProofSystem } from '../envelope.js'
export type { ArtifactFault } from '../errors.js'
export { ArtifactError, EngineError, PolicyError, StatementError } from '../errors.js'
export type { FieldInput } from '../field.js'
export type { G1Json, G2Json, Groth16Proof } from '../groth16.js'
export type { Context } from '../statements/context.js'
export type { ProvableBatch } from '../statements/ledger-batch.js'
export type { ProvableHistory } from '../statements/ledger-history.js'
export type { CircuitInputs, GroupInput, GroupProof } from '../statements/membership.js'
export type { ArtifactProgress, OnArtifact } from './artifacts.js'
export type { ProofWithSignals } from './engine/types.js'

/** Where a proof stands: artifacts are being loaded, the witness computed, the proof made, or all is done. */
export type ProvingPhase = 'artifacts' | 'witness' | 'proof' | 'done'

/** Hears where a proof stands. */
export type OnProgress = (phase: ProvingPhase, share: number) => void

/** What to prove: a policy with a wallet, membership of a group, a batch or a Soul's history of a ledger. */
export type ProveOptions = (
  | (Context &
      (
        | (Wallet & { readonly policy: Policy; readonly roots: Roots; readonly now: bigint })
        | { readonly statement: 'membership'; readonly soul: Soul; readonly group: GroupInput }
      ))
  | { readonly statement: 'ledger-batch'; readonly batch: ProvableBatch }
  | { readonly statement: 'ledger-history'; readonly history: ProvableHistory }
) & {
  /** Aborts the proof; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called when a phase begins, and while a proof is made, with the share of the phase that is done, from 0 to 1. */
  readonly onProgress?: OnProgress
}

/** A statement whose inputs are known: what {@link Prover.prove} prepares before it computes anything heavy. */
export interface PreparedStatement {
  readonly statement: string
  /** Every input signal of the circuit, by name. */
  readonly inputs: CircuitInputs
  /** In circuit order. */
  readonly publicSignals: readonly string[]
  /** Revealed claims as text, by `slot.claim`. */
  readonly revealed: Readonly<Record<string, string>>
}

/** Makes Groth16 proofs. Keeps artifacts and threads between proofs, and never keeps Node from exiting. */
export interface Prover extends AsyncDisposable {
  /** Name of the engine. */
  readonly engine: string
  /** The arithmetic that the engine found to work here, if it has a choice: `simd` is the fast one. */
  readonly arithmetic?: 'simd' | 'scalar'
  /** Whether the engine's threads share memory, if it knows; in a page only one that is cross-origin isolated can. */
  readonly shared?: boolean
  /**
   * Proves a statement.
   *
   * @throws {StatementError} with reasons if wallet or Soul do not satisfy it; nothing was computed then
   * @throws {PolicyError} if no profile fits the policy
   * @throws {ArtifactError} if an artifact is missing or is not the pinned one
   * @throws {TypeError|RangeError} naming the argument that is malformed
   */
  prove(options: ProveOptions): Promise<Envelope>
  /**
   * Proves a statement that was prepared elsewhere: the second half of {@link Prover.prove}, which simulators share.
   *
   * @throws {StatementError} if the inputs do not satisfy the circuit
   * @throws {ArtifactError} if an artifact is missing or is not the pinned one, or the circuit computes other public signals
   */
  provePrepared(
    options: PreparedStatement & {
      readonly signal?: AbortSignal
      readonly onProgress?: OnProgress
    },
  ): Promise<Envelope>
  /**
   * Makes a Groth16 proof over BN254 from any snarkjs `.zkey` and `.wtns`.
   *
   * @throws {ArtifactError} if one is malformed or they belong to different circuits
   */
  groth16(options: {
    readonly provingKey: Uint8Array
    readonly witness: Uint8Array
    readonly signal?: AbortSignal
    /** Called now and then with the share of the work that is done, if the engine knows it. */
    readonly onProgress?: (share: number) => void
  }): Promise<ProofWithSignals>
  /** Frees all threads; proofs that are being made are rejected. */
  dispose(): Promise<void>
}

/** Makes PLONK proofs, as {@link Prover} does those of Groth16. */
export interface PlonkProver extends Omit<Prover, 'prove' | 'provePrepared' | 'groth16'> {
  /**
   * Proves a statement, as {@link Prover.prove} does; `membership` takes half a minute of a core, `policy-s` more.
   *
   * @throws {StatementError} with reasons if wallet or Soul do not satisfy it; nothing was computed then
   * @throws {PolicyError} if no profile fits the policy
   * @throws {ArtifactError} if the statement has no PLONK keys, or an artifact is missing or is not the pinned one
   * @throws {EngineError} if snarkjs is not installed
   * @throws {TypeError|RangeError} naming the argument that is malformed
   */
  prove(options: ProveOptions): Promise<PlonkEnvelope>
  /**
   * Proves a statement that was prepared elsewhere, as {@link Prover.provePrepared} does.
   *
   * @throws {StatementError} if the inputs do not satisfy the circuit
   * @throws {ArtifactError} if the statement has no PLONK keys, an artifact is missing or is not the pinned one, or the circuit
   *   computes other public signals
   * @throws {EngineError} if snarkjs is not installed
   */
  provePrepared(options: Parameters<Prover['provePrepared']>[0]): Promise<PlonkEnvelope>
}

/** What a prover is created with, see {@link createProver}. */
export interface ProverOptions {
  /** A positive integer; by default the engine uses the machine's threads. */
  readonly threads?: number
  /** One of {@link ENGINE_NAMES}, by default the first. */
  readonly engine?: string
  /** Folders or servers of artifacts, looked through in turn. */
  readonly artifacts?: string | URL | readonly (string | URL)[]
  /** Parsed `manifest.json` of keys that are used instead of the package's own; needs `artifacts`. */
  readonly manifest?: unknown
  /** By default `groth16`. */
  readonly proofSystem?: ProofSystem
  /** Hears of artifacts as they come. */
  readonly onArtifact?: OnArtifact
}

const ENGINES: Readonly<
  Record<string, (options: { threads?: number | undefined }) => ProvingEngine | Promise<ProvingEngine>>
> = {
  soulproof: createSoulproofEngine,
  snarkjs: createSnarkjsEngine,
}

/** Names of the engines that {@link createProver} knows, the default first. */
export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES)

/**
 * Creates a prover.
 *
 * @param options.threads    1 proves on one thread; by default the engine uses the machine's
 * @param options.engine     name of the proving engine, by default the first of {@link ENGINE_NAMES}
 * @param options.artifacts  folder of the artifacts, a path or a file:, http: or https: URL, or several that are looked
 *   through in turn; by default the package's own and the packages of artifacts, `@soulproof/artifacts-<statement>`.
 *   Whatever the source, only what the package pins by hash is used; Node keeps what a server sent in the cache
 * @param options.manifest   the parsed `manifest.json` of a ceremony, or of PLONK keys, which are used instead of the package's
 *   own; with `artifacts`, where they are
 * @param options.proofSystem  `groth16`, the default, or `plonk`, whose engine is snarkjs: an optional peer, which has to be
 *   installed, else proofs are rejected with an EngineError
 * @param options.onArtifact  called while artifacts come: bytes, unpacking, and whether they are kept for the next time
 * @throws {RangeError} for an unknown proof system, an unknown engine or one of another proof system, or if threads is not a positive integer
 * @throws {TypeError} for a manifest without `artifacts`
 * @throws {ArtifactError} if the manifest is malformed or of an unknown version
 */
export async function createProver(
  options: ProverOptions & { readonly proofSystem: 'plonk' },
): Promise<PlonkProver>
export async function createProver(
  options?: ProverOptions & { readonly proofSystem?: 'groth16' },
): Promise<Prover>
export async function createProver(options?: ProverOptions): Promise<Prover | PlonkProver>
export async function createProver(options: ProverOptions = {}): Promise<Prover | PlonkProver> {
  requireObject(options, 'options')
  const { threads, artifacts, onArtifact, proofSystem = 'groth16' } = options
  const sources = artifacts === undefined ? undefined : [artifacts].flat()
  if (options.manifest !== undefined && sources === undefined) {
    throw new TypeError('artifacts must be given with a manifest')
  }
  if (threads !== undefined && (!Number.isInteger(threads) || threads < 1)) {
    throw new RangeError('threads must be a positive integer')
  }
  if (proofSystem !== 'groth16' && proofSystem !== 'plonk') {
    throw new RangeError("proofSystem must be 'groth16' or 'plonk'")
  }
  const { engine, load, wrap } = await (proofSystem === 'plonk' ? plonkSide : groth16Side)(options, sources)

  const dispose = (): Promise<void> => engine.dispose()
  const provePrepared: Prover['provePrepared'] = async (prepared) => {
    requirePrepared(prepared, 'options')
    requireHooks(prepared)
    const { statement, inputs, publicSignals, revealed, signal, onProgress } = prepared
    signal?.throwIfAborted()
    onProgress?.('artifacts', 0)
    const share = sharing((share) => onProgress?.('artifacts', share))
    const hear: OnArtifact = (progress) => {
      if (signal?.aborted) return
      share(progress)
      onArtifact?.(progress)
    }
    const loading = load(statement, hear)
    // Artifacts come meanwhile.
    engine.prepare?.()
    const loaded = await abortable(loading, signal)
    signal?.throwIfAborted()
    onProgress?.('witness', 0)
    const made = await makeProof({ engine, artifacts: loaded, inputs, signal, onProgress })
    if (made.publicSignals.some((value, i) => value !== publicSignals[i])) {
      throw new ArtifactError('the circuit computes other public signals than expected')
    }
    onProgress?.('done', 1)
    const { verificationKeyHash } = loaded
    const content = { statement, verificationKeyHash, proof: made.proof }
    return wrap({ ...content, publicSignals: [...publicSignals], revealed }, loaded) as Envelope
  }
  return {
    engine: engine.name,
    ...(engine.arithmetic !== undefined && { arithmetic: engine.arithmetic }),
    ...(engine.shared !== undefined && { shared: engine.shared }),
    async prove(proveOptions) {
      requireObject(proveOptions, 'options')
      requireHooks(proveOptions)
      const { signal, onProgress } = proveOptions
      signal?.throwIfAborted()
      return provePrepared({
        ...prepare(proveOptions),
        ...(signal && { signal }),
        ...(onProgress && { onProgress }),
      })
    },
    provePrepared,
    ...(proofSystem === 'groth16' && {
      groth16: async (given: Parameters<Prover['groth16']>[0]) => {
        requireObject(given, 'options')
        requireHooks(given)
        const { provingKey, witness, signal, onProgress } = given
        return engine.prove({ provingKey, witness, signal, onProgress })
      },
    }),
    dispose,
    [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]: dispose,
  } as Prover
}

/** What depends on the proof system. */
interface Side {
  readonly engine: ProvingEngine | PlonkEngine
  load(statement: string, onArtifact: OnArtifact): Promise<Loaded>
  /** Makes an envelope of its content. */
  wrap(content: object, loaded: Loaded): object
}

interface Loaded {
  readonly wasm: Uint8Array
  readonly provingKey: Uint8Array
  readonly verificationKeyHash: string
  readonly provenance: { readonly kind: string }
}

type Sources = readonly (string | URL)[] | undefined

async function groth16Side(options: ProverOptions, sources: Sources): Promise<Side> {
  const { threads, engine: name = ENGINE_NAMES[0] as string } = options
  const manifest = options.manifest === undefined ? undefined : parseKeyManifest(options.manifest)
  if (typeof name !== 'string') throw new TypeError('engine must be a string')
  const create = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined
  if (create === undefined) throw new RangeError(`engine must be one of ${ENGINE_NAMES.join(', ')}`)
  return {
    engine: await create({ threads }),
    load: (statement, onArtifact) => loadArtifacts({ statement, sources, manifest, onArtifact }),
    // Development keys are what version 1 is of: verifiers of older releases read it.
    wrap: (content, { provenance }) =>
      provenance.kind === 'development' ? { version: 1, ...content } : { version: 2, ...content, provenance },
  }
}

async function plonkSide(options: ProverOptions, sources: Sources): Promise<Side> {
  const { threads, engine = 'snarkjs' } = options
  if (engine !== 'snarkjs') throw new RangeError('engine must be snarkjs where proofSystem is plonk')
  // Loaded only now, so that who proves by Groth16 loads none of it.
  const { createPlonkEngine, loadPlonkArtifacts, parsePlonkManifest } = await import('./plonk.js')
  const manifest = options.manifest === undefined ? undefined : parsePlonkManifest(options.manifest)
  return {
    engine: createPlonkEngine({ threads }),
    load: (statement, onArtifact) => loadPlonkArtifacts({ statement, sources, manifest, onArtifact }),
    wrap: (content, { provenance }) => ({ version: 3, proofSystem: 'plonk', ...content, provenance }),
  }
}

/** Tells the share of bytes that have come of both artifacts, once both tell how many there are; it never falls. */
function sharing(tell: (share: number) => void): (progress: ArtifactProgress) => void {
  const files = new Map<string, ArtifactProgress>()
  let told = 0
  return (progress) => {
    files.set(progress.file, progress)
    const all = [...files.values()]
    if (all.length < 2 || all.some(({ totalBytes }) => totalBytes === undefined)) return
    const total = all.reduce((sum, { totalBytes }) => sum + (totalBytes ?? 0), 0)
    const loaded = all.reduce((sum, { loadedBytes }) => sum + loadedBytes, 0)
    if (total === 0 || loaded / total <= told) return
    told = loaded / total
    tell(told)
  }
}

function prepare(options: ProveOptions): PreparedStatement {
  if ('statement' in options && options.statement !== 'membership') {
    if (options.statement !== 'ledger-batch' && options.statement !== 'ledger-history') {
      throw new RangeError(
        "statement must be 'membership', 'ledger-batch' or 'ledger-history', or absent with a policy",
      )
    }
    const prepared = options.statement === 'ledger-batch' ? options.batch : options.history
    requirePrepared(prepared, options.statement === 'ledger-batch' ? 'batch' : 'history')
    const { inputs, publicSignals } = prepared
    return { statement: options.statement, inputs, publicSignals: [...publicSignals], revealed: {} }
  }
  const context = contextSignals(options)
  if ('statement' in options) {
    const { soul, group } = options
    return { statement: 'membership', revealed: {}, ...prepareMembership({ soul, group, context }) }
  }
  const { program, ...prepared } = preparePolicy({ ...options, context })
  return { statement: program.profile.name, ...prepared }
}

/** Checks the form of what was prepared elsewhere; what it says is the circuit's to refuse. */
function requirePrepared(prepared: unknown, label: string): void {
  requireObject(prepared, label)
  const { inputs, publicSignals } = prepared as Partial<PreparedStatement>
  requireObject(inputs, `${label}.inputs`)
  if (!Array.isArray(publicSignals)) throw new TypeError(`${label}.publicSignals must be an array`)
}

async function makeProof(options: {
  engine: ProvingEngine | PlonkEngine
  artifacts: Pick<Loaded, 'wasm' | 'provingKey'>
  inputs: CircuitInputs
  signal: AbortSignal | undefined
  onProgress: OnProgress | undefined
}): Promise<ProofWithSignals | PlonkProofWithSignals> {
  const { engine, artifacts, inputs, signal, onProgress } = options
  engine.prepare?.(artifacts.provingKey)
  const witness = await calculateWitness({ wasm: artifacts.wasm, inputs: inputs as Inputs })
  signal?.throwIfAborted()
  onProgress?.('proof', 0)
  try {
    return await engine.prove({
      provingKey: artifacts.provingKey,
      witness,
      signal,
      onProgress: onProgress && ((share) => onProgress('proof', share)),
    })
  } finally {
    // The witness holds the Soul's secret.
    witness.fill(0)
  }
}
