/** The proving engine: Groth16 over BN254 in WebAssembly of its own, on all threads. */

import { chooseArithmetic } from '../../bn254/arithmetic.js'
import type { ArithmeticName } from '../../bn254/field.js'
import { randomBytes } from '../../crypto/random.js'
import { ArtifactError, EngineError } from '../../errors.js'
import { bytesToBigInt, FIELD_MODULUS } from '../../field.js'
import { readUint256, writeUint256 } from '../../formats/sections.js'
import { openWitness } from '../../formats/witness.js'
import { abortable } from './abort.js'
import { type Area, areaOf } from './key.js'
import { createEngineProgram } from './module.js'
import { createPool, type OpenKey, type Pool, type Times } from './pool.js'
import { extraScalars, proofGroups, readProof } from './proof.js'
import { canShareMemory, machineThreads } from './threads.js'
import type { ProofWithSignals, ProvingEngine } from './types.js'

/** Threads that are started by default at most: more bring little to proofs of this size. */
const MAX_DEFAULT_THREADS = 16

/** Bytes of memory that keys may take while nobody proves with them; the key used last stays in any case. */
const KEY_CACHE_BYTES = 2 ** 30

/** Proofs with one key that are made at the same time, each with memory of its own; more wait. */
const AREAS = 2

/** Choices for tests and measurements. */
export interface SoulproofEngineOptions {
  /** Number of threads, by default one for each core. */
  readonly threads?: number | undefined
  /** By default the fastest that works here. */
  readonly arithmetic?: ArithmeticName | undefined
  /** Whether threads share memory; by default if they can. */
  readonly shared?: boolean | undefined
  /** Bytes of memory in all threads that keys may take before the one used longest ago goes, by default 1 GiB. */
  readonly keyCacheBytes?: number | undefined
  /** The blinding scalars of the next proof, by default from the platform's CSPRNG. Known ones reveal the witness. */
  readonly blinding?: (() => { r: bigint; s: bigint }) | undefined
  /** Called for every proof with the time that threads spent on its parts. */
  readonly onTimes?: ((times: Times) => void) | undefined
  /** Called for every key with the milliseconds that it took to load. */
  readonly onKey?: ((milliseconds: number) => void) | undefined
}

/** The engine, and how it works here. */
export interface SoulproofEngine extends ProvingEngine {
  readonly arithmetic: ArithmeticName
  readonly shared: boolean
}

interface LoadedKey {
  readonly key: OpenKey
  /** Indexes of areas that no proof uses, and those who wait for one. */
  readonly free: number[]
  readonly waiting: ((index: number) => void)[]
}

/** What lives as long as one pool. */
interface Session {
  readonly pool: Pool
  readonly keys: WeakMap<Uint8Array, CachedKey>
  /** Those that are open or being opened, from the one used longest ago. */
  readonly recent: Set<CachedKey>
}

interface CachedKey {
  /** What its memories take, once it is loaded. */
  bytes: number
  readonly loaded: Promise<LoadedKey>
  users: number
}

/**
 * Creates the engine. Threads start with the first proof, and never keep Node from exiting.
 *
 * A key is loaded with its first proof and kept as long as its bytes are (up to a bound): they must not change.
 *
 * @throws {RangeError} if `threads` is not a positive integer, or the arithmetic does not work here
 */
export async function createSoulproofEngine(o: SoulproofEngineOptions = {}): Promise<SoulproofEngine> {
  const { threads, keyCacheBytes = KEY_CACHE_BYTES, blinding = randomBlinding, onTimes, onKey } = o
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new RangeError('threads must be a positive integer')
  }
  const fastest = await chooseArithmetic()
  const { arithmetic = fastest } = o
  if (arithmetic === 'simd' && fastest !== 'simd') throw new RangeError('arithmetic simd does not work here')
  let session: Promise<Session> | undefined
  let disposed = false
  const requireOpen = (): void => {
    if (disposed) throw new EngineError('the prover is disposed')
  }

  const start = async (): Promise<Session> => {
    const count = threads ?? Math.min(await machineThreads(), MAX_DEFAULT_THREADS)
    // One thread needs no shared memory, but the host then need not send it witnesses.
    const shared = o.shared ?? canShareMemory()
    const pool = await createPool({
      write: () => createEngineProgram({ arithmetic, shared }),
      arithmetic,
      threads: count,
      shared,
      // The next proof begins anew.
      onFailure() {
        session = undefined
      },
    })
    if (disposed) {
      await pool.end(new EngineError('the prover is disposed'))
      requireOpen()
    }
    return { pool, keys: new WeakMap(), recent: new Set() }
  }

  const currentSession = (): Promise<Session> => {
    session ??= start()
    const current = session
    current.catch(() => {
      if (session === current) session = undefined
    })
    return current
  }
  const load = ({ pool, keys, recent }: Session, provingKey: Uint8Array): CachedKey => {
    const known = keys.get(provingKey)
    const cached =
      known !== undefined && recent.has(known) ? known : openKey({ pool, zkey: provingKey, onKey })
    keys.set(provingKey, cached)
    recent.delete(cached)
    recent.add(cached)
    cached.loaded.catch(() => recent.delete(cached))
    return cached
  }

  return {
    name: 'soulproof',
    arithmetic,
    shared: o.shared ?? canShareMemory(),
    async prove({ provingKey, witness, signal, onProgress }) {
      requireOpen()
      signal?.throwIfAborted()
      if (!(provingKey instanceof Uint8Array)) throw new TypeError('proving key must be a Uint8Array')
      const { values, length } = openWitness(witness)
      requireCanonical(values)
      const { pool, keys, recent } = await abortable(currentSession(), signal)
      requireOpen()
      const cached = load({ pool, keys, recent }, provingKey)
      cached.users++
      try {
        const loaded = await abortable(cached.loaded, signal)
        evict({ pool, recent, limit: keyCacheBytes })
        if (loaded.key.layout.wires !== length) {
          throw new ArtifactError('witness and proving key belong to different circuits')
        }
        return await proveWith({ pool, loaded, values, blinding: blinding(), signal, onProgress, onTimes })
      } finally {
        cached.users--
      }
    },
    prepare(provingKey) {
      if (disposed) return
      currentSession().then(
        (current) => {
          if (!disposed && provingKey !== undefined) load(current, provingKey)
        },
        () => {},
      )
    },
    async dispose() {
      if (disposed) return
      disposed = true
      const ending = await session?.catch(() => undefined)
      await ending?.pool.end(new EngineError('the prover is disposed'))
    },
  }
}

function openKey(o: {
  pool: Pool
  zkey: Uint8Array
  onKey: ((milliseconds: number) => void) | undefined
}): CachedKey {
  const { pool, zkey, onKey } = o
  const begun = performance.now()
  const cached: CachedKey = {
    bytes: 0,
    users: 0,
    loaded: pool.open(zkey).then((key) => {
      onKey?.(performance.now() - begun)
      cached.bytes = areaOf(key.layout, AREAS - 1).end * (pool.shared ? 1 : pool.threads)
      return { key, free: Array.from({ length: AREAS }, (_, i) => AREAS - 1 - i), waiting: [] }
    }),
  }
  return cached
}

/** Closes keys that nobody uses, the one used longest ago first, until the rest is within the bound. */
function evict(o: { pool: Pool; recent: Set<CachedKey>; limit: number }): void {
  const { pool, recent, limit } = o
  let bytes = [...recent].reduce((sum, key) => sum + key.bytes, 0)
  for (const key of recent) {
    if (bytes <= limit) return
    if (key.users > 0) continue
    recent.delete(key)
    bytes -= key.bytes
    key.loaded.then(
      (loaded) => pool.close(loaded.key),
      () => {},
    )
  }
}

async function proveWith(o: {
  pool: Pool
  loaded: LoadedKey
  values: Uint8Array
  blinding: { r: bigint; s: bigint }
  signal: AbortSignal | undefined
  onProgress: ((share: number) => void) | undefined
  onTimes: ((times: Times) => void) | undefined
}): Promise<ProofWithSignals> {
  const { pool, loaded, values, blinding, signal, onProgress, onTimes } = o
  const { key } = loaded
  const index = await takeArea(loaded, signal)
  const area = areaOf(key.layout, index)
  const { ended, result } = begin({ pool, key, area, values, blinding, signal, onProgress, onTimes })
  void ended.then(() => {
    const next = loaded.waiting.shift()
    if (next) next(index)
    else loaded.free.push(index)
  })
  const read = await result
  return {
    proof: readProof({ area, read }),
    publicSignals: Array.from({ length: key.layout.publicSignals }, (_, i) =>
      String(readUint256(values, 32 * (i + 1))),
    ),
  }
}

function begin(o: {
  pool: Pool
  key: OpenKey
  area: Area
  values: Uint8Array
  blinding: { r: bigint; s: bigint }
  signal: AbortSignal | undefined
  onProgress: ((share: number) => void) | undefined
  onTimes: ((times: Times) => void) | undefined
}) {
  const { pool, key, area, values, blinding, signal, onProgress, onTimes } = o
  const extra = extraScalars(blinding)
  const bytes = new Uint8Array(32 * extra.length)
  for (const [i, scalar] of extra.entries()) writeUint256(bytes, 32 * i, scalar)
  pool.write(key, { end: area.end, address: area.scalars, bytes: values })
  pool.write(key, { end: area.end, address: area.scalars + values.length, bytes })
  // Whoever knows them learns from the proof what only the witness says.
  bytes.fill(0)
  return pool.run({
    key,
    groups: proofGroups(key.layout, area),
    // All of it follows from the witness.
    wipe: { address: area.start, length: area.end - area.start },
    signal,
    onProgress,
    onTimes,
  })
}

/** Waits for a free area, first come, first served. */
async function takeArea(loaded: LoadedKey, signal: AbortSignal | undefined): Promise<number> {
  const free = loaded.free.pop()
  if (free !== undefined) return free
  let give: (index: number) => void = () => {}
  const turn = new Promise<number>((resolve) => {
    give = resolve
  })
  loaded.waiting.push(give)
  try {
    return await abortable(turn, signal)
  } catch (error) {
    const place = loaded.waiting.indexOf(give)
    if (place >= 0) loaded.waiting.splice(place, 1)
    throw error
  }
}

const TOP_WORD = Number(FIELD_MODULUS >> 224n)

/** What is not canonical would be another number in the sums than in the rows. */
function requireCanonical(values: Uint8Array): void {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
  for (let at = 0; at < values.length; at += 32) {
    // Nearly always the highest word decides.
    if (view.getUint32(at + 28, true) >= TOP_WORD && readUint256(values, at) >= FIELD_MODULUS) {
      throw new ArtifactError('witness has a value that is not canonical')
    }
  }
}

/** Two scalars from the platform's CSPRNG, uniform but for less than 2^-128. */
function randomBlinding(): { r: bigint; s: bigint } {
  const draw = (): bigint => {
    const bytes = randomBytes(48)
    const scalar = bytesToBigInt(bytes) % FIELD_MODULUS
    bytes.fill(0)
    return scalar
  }
  return { r: draw(), s: draw() }
}
