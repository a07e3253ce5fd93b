/** The delay x^(2^T) modulo N: evaluating it with checkpoints, its trace, and publishing its output with a proof. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { frame } from '../crypto/encoding.js'
import { requireHooks, requireObject } from '../errors.js'
import { assertBelow, bigIntToBytes } from '../field.js'
import { readArray, readObject } from '../merkle/json.js'
import { type Beacon, beaconBytes, checkBeacon } from './beacon.js'
import { absolute, gcd, hashToPrime, isPrime, MODULUS_BYTES, power, powers } from './modular.js'
import { type DelayParameters, startOf } from './sigma.js'
import { createSquarer, type SquarerName } from './squarer.js'

/** An evaluated delay. */
export interface EvaluatedDelay extends DelayParameters {
  readonly start: bigint
  /** x^(2^T). */
  readonly output: bigint
  /** x^(2^(i stride)) for i = 0, 1, …, while i stride <= T: what makes further proofs fast. */
  readonly trace: readonly bigint[]
  readonly stride: number
}

/** An evaluation that was interrupted; JSON. Numbers modulo N as lower-case hex. */
export interface DelayCheckpoint {
  readonly version: 1
  /** SHA-256 of modulus, squarings and start, as hex: a checkpoint resumes its own delay alone. */
  readonly delay: string
  /** Squarings that are behind, a multiple of the stride. */
  readonly done: number
  readonly trace: readonly string[]
}

/** An evaluated delay in JSON; numbers modulo N as lower-case hex. Modulus and squarings are the policy's. */
export interface EvaluatedDelayJson {
  readonly version: 1
  /** As in {@link DelayCheckpoint}. */
  readonly delay: string
  readonly output: string
  readonly trace: readonly string[]
}

/** An output that anybody can check without evaluating the delay; JSON. */
export interface PublishedDelay {
  readonly version: 1
  readonly output: string
  /** x^⌊2^T / ℓ⌋ (Wesolowski, Eurocrypt 2019). */
  readonly proof: string
}

/** Most points of a trace: 256 bytes each. */
const MAX_TRACE = 4096
/** Bits of the quotient that are handled at once. */
const BLOCK_BITS = 8
/** Squarings between two looks at the clock, the signal and the event loop. */
const CHUNK = 4096

/**
 * Checks a modulus and a number of squarings.
 *
 * @throws {TypeError|RangeError} unless N is odd, composite and of 2048 bits, and T an integer from 1 to 2^48
 */
export function checkParameters({ modulus, squarings }: DelayParameters): void {
  assertBelow(modulus, 1n << 2048n, 'modulus', '2^2048')
  if (!checkedModuli.has(modulus)) {
    // The order of the group of a prime is known.
    if (modulus >> 2047n !== 1n || modulus % 2n === 0n || isPrime(modulus)) {
      throw new RangeError('modulus must be odd, composite and of 2048 bits')
    }
    if (checkedModuli.size < 16) checkedModuli.add(modulus)
  }
  if (!Number.isInteger(squarings) || squarings < 1 || squarings > 2 ** 48) {
    throw new RangeError('squarings must be an integer from 1 to 2^48')
  }
}
const checkedModuli = new Set<bigint>()

/**
 * Evaluates the delay of a beacon: T squarings, one after the other, however many machines there are.
 *
 * @param o.checkpoint       where to go on
 * @param o.checkpointEvery  squarings between checkpoints, by default 2^20
 * @param o.onCheckpoint     keeps a checkpoint
 * @param o.onProgress       part of the whole that is behind, 0..1
 * @param o.engine           by default the fastest that there is
 * @throws {TypeError|RangeError} naming the argument that is malformed, or if the checkpoint is of another delay
 * @throws the signal's reason if it is aborted
 */
export async function evaluateDelay(
  o: DelayParameters & {
    readonly beacon: Beacon
    readonly checkpoint?: unknown
    readonly checkpointEvery?: number
    readonly onCheckpoint?: (checkpoint: DelayCheckpoint) => void | Promise<void>
    readonly onProgress?: (done: number) => void
    readonly signal?: AbortSignal
    readonly engine?: SquarerName
  },
): Promise<EvaluatedDelay> {
  requireObject(o, 'options')
  const { modulus, squarings, checkpointEvery = 2 ** 20, signal } = o
  checkParameters(o)
  requireHooks(o)
  if (o.onCheckpoint !== undefined && typeof o.onCheckpoint !== 'function')
    throw new TypeError('onCheckpoint must be a function')
  if (!Number.isInteger(checkpointEvery) || checkpointEvery < 1) {
    throw new RangeError('checkpointEvery must be a positive integer')
  }
  const start = startOf(beaconBytes(checkBeacon(o.beacon)), modulus)
  const delay = delayHash({ modulus, squarings, start })
  const stride = strideOf(squarings)
  const trace =
    o.checkpoint === undefined ? [start] : readCheckpoint(o.checkpoint, { delay, stride, modulus })
  if (trace[0] !== start || (trace.length - 1) * stride > squarings) {
    throw new RangeError('checkpoint must be of this delay')
  }
  const squarer = await createSquarer({ modulus, ...(o.engine && { name: o.engine }) })
  squarer.set(trace.at(-1) as bigint)
  let done = (trace.length - 1) * stride
  let kept = done
  while (done < squarings) {
    signal?.throwIfAborted()
    const next = Math.min(CHUNK, stride - (done % stride), squarings - done)
    squarer.square(next)
    done += next
    if (done % stride === 0) trace.push(squarer.get())
    if (done % stride === 0 && done - kept >= checkpointEvery && done < squarings) {
      kept = done
      await o.onCheckpoint?.({ version: 1, delay, done, trace: trace.map(toHex) })
    }
    if (isTimeToRest()) {
      o.onProgress?.(done / squarings)
      await rest()
    }
  }
  o.onProgress?.(1)
  return { modulus, squarings, start, output: squarer.get(), trace, stride }
}

/** Gives the event loop its turn a few times a second. */
let restedAt = 0
function isTimeToRest(): boolean {
  const now = performance.now()
  if (now - restedAt < 50) return false
  restedAt = now
  return true
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve))
}

/** Squarings between two points of the trace: a multiple of the block, so that 4096 points are enough. */
function strideOf(squarings: number): number {
  return BLOCK_BITS * Math.ceil(squarings / (MAX_TRACE * BLOCK_BITS))
}

function delayHash({ modulus, squarings, start }: DelayParameters & { readonly start: bigint }): string {
  const parts = [toBytes(modulus), String(squarings), toBytes(start)]
  return bytesToHex(sha256(frame(['soulproof/timed/checkpoint/1', ...parts])))
}

function readCheckpoint(
  json: unknown,
  expected: { readonly delay: string; readonly stride: number; readonly modulus: bigint },
): bigint[] {
  const { version, delay, done, trace } = readObject(json, 'checkpoint', [
    'version',
    'delay',
    'done',
    'trace',
  ])
  if (version !== 1 || delay !== expected.delay) throw new RangeError('checkpoint must be of this delay')
  const points = readArray(trace, 'checkpoint.trace', MAX_TRACE + 1).map((point) => {
    const value = fromHex(point)
    if (value === undefined || value >= expected.modulus) {
      throw new RangeError('checkpoint.trace must be numbers below the modulus as hex')
    }
    return value
  })
  if (points.length === 0 || done !== (points.length - 1) * expected.stride) {
    throw new RangeError('checkpoint.done must be where its trace ends')
  }
  return points
}

/**
 * Checks the form of an evaluated delay, not that it is right: what is made from a wrong one is accepted by no check.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function checkEvaluated(evaluated: EvaluatedDelay): void {
  requireObject(evaluated, 'evaluated')
  checkParameters(evaluated)
  const { modulus, squarings, start, output, trace, stride } = evaluated
  assertBelow(start, modulus, 'evaluated.start', 'the modulus')
  assertBelow(output, modulus, 'evaluated.output', 'the modulus')
  if (stride !== strideOf(squarings)) throw new RangeError('evaluated.stride must follow from the squarings')
  if (!Array.isArray(trace)) throw new TypeError('evaluated.trace must be an array')
  if (trace.length !== Math.floor(squarings / stride) + 1) {
    throw new RangeError('evaluated.trace must have a point for each stride')
  }
  for (const point of trace) assertBelow(point, modulus, 'evaluated.trace', 'the modulus')
}

/**
 * Returns x^⌊2^T / ℓ⌋ for a prime ℓ, from the trace: about T / 8 multiplications instead of T squarings (Wesolowski,
 * section 4.1). A wrong trace gives a wrong number, which no check accepts.
 */
export async function quotientPower(o: EvaluatedDelay, prime: bigint): Promise<bigint> {
  const { modulus, squarings, trace, stride } = o
  const blocks = Math.floor(squarings / BLOCK_BITS)
  const digits = quotientDigits(squarings, prime, blocks)
  const perPoint = stride / BLOCK_BITS
  const squarer = await createSquarer({ modulus })
  const points = trace.slice(0, Math.ceil(blocks / perPoint)).map((point) => squarer.load(point))
  squarer.set(1n)
  const size = 1 << BLOCK_BITS
  for (let j = perPoint - 1; j >= 0; j--) {
    squarer.square(BLOCK_BITS)
    // One product per value of a digit; then each value's product counts that many times.
    const buckets: (number | undefined)[] = new Array(size)
    for (const [q, point] of points.entries()) {
      const digit = digits[q * perPoint + j]
      if (!digit) continue
      const bucket = buckets[digit]
      if (bucket === undefined) buckets[digit] = squarer.copy(point)
      else squarer.multiply(bucket, point)
    }
    let sum: number | undefined
    for (let digit = size - 1; digit > 0; digit--) {
      const bucket = buckets[digit]
      if (bucket !== undefined) {
        if (sum === undefined) sum = bucket
        else squarer.multiply(sum, bucket)
      }
      if (sum !== undefined) squarer.multiplyInto(sum)
    }
    squarer.release(points.length)
    if (isTimeToRest()) await rest()
  }
  return squarer.get()
}

/** The digits of ⌊2^T / ℓ⌋ to the base 2^8, lowest first, by long division from the top. */
function quotientDigits(squarings: number, prime: bigint, blocks: number): Uint8Array {
  const digits = new Uint8Array(blocks)
  // 2^(T - 8 blocks), which is below ℓ.
  let rest = 1n << BigInt(squarings - BLOCK_BITS * blocks)
  for (let i = blocks - 1; i >= 0; i--) {
    const shifted = rest << BigInt(BLOCK_BITS)
    const digit = shifted / prime
    digits[i] = Number(digit)
    rest = shifted - digit * prime
  }
  return digits
}

/**
 * Writes an evaluated delay as plain JSON data, to be kept for proofs to come.
 *
 * @throws {TypeError|RangeError} if the evaluated delay is malformed
 */
export function evaluatedDelayToJson(evaluated: EvaluatedDelay): EvaluatedDelayJson {
  checkEvaluated(evaluated)
  const { output, trace } = evaluated
  return { version: 1, delay: delayHash(evaluated), output: toHex(output), trace: trace.map(toHex) }
}

/**
 * Reads what {@link evaluatedDelayToJson} wrote, for the delay that it has to be of.
 *
 * @throws {SchemaError|TypeError|RangeError} if it is malformed, of another delay, or its output is not what its trace leads to
 */
export async function evaluatedDelayFromJson(
  json: unknown,
  o: DelayParameters & { readonly beacon: Beacon },
): Promise<EvaluatedDelay> {
  const { modulus, squarings } = o
  checkParameters(o)
  const start = startOf(beaconBytes(checkBeacon(o.beacon)), modulus)
  const { version, delay, output, trace } = readObject(json, 'evaluated', [
    'version',
    'delay',
    'output',
    'trace',
  ])
  const stride = strideOf(squarings)
  const points = readArray(trace, 'evaluated.trace', MAX_TRACE + 1)
  const done = (points.length - 1) * stride
  const expected = { delay: delayHash({ modulus, squarings, start }), stride, modulus }
  const read = readCheckpoint({ version, delay, done, trace: points }, expected)
  const squarer = await createSquarer({ modulus })
  squarer.set(read.at(-1) as bigint)
  if (squarings - done >= 0 && squarings - done < stride) squarer.square(squarings - done)
  if (read[0] !== start || squarings - done >= stride || squarer.get() !== fromHex(output)) {
    throw new RangeError('evaluated.output must be what its trace leads to')
  }
  return { modulus, squarings, start, output: squarer.get(), trace: read, stride }
}

/**
 * Publishes the output of a delay with a proof that anybody checks in milliseconds.
 *
 * @throws {TypeError|RangeError} if the evaluated delay is malformed
 */
export async function publishDelay(evaluated: EvaluatedDelay): Promise<PublishedDelay> {
  checkEvaluated(evaluated)
  const output = absolute(evaluated.output, evaluated.modulus)
  const proof = await quotientPower(evaluated, primeOf({ ...evaluated, output }))
  return { version: 1, output: toHex(output), proof: toHex(absolute(proof, evaluated.modulus)) }
}

/**
 * Checks a published output.
 *
 * @param o.published  anything
 * @returns x^(2^T) modulo 1 and -1, or undefined if it is malformed or not that
 * @throws {TypeError|RangeError} naming another argument that is malformed
 */
export function checkPublishedDelay(
  o: DelayParameters & { readonly beacon: Beacon; readonly published: unknown },
): bigint | undefined {
  const { modulus, squarings } = o
  checkParameters(o)
  const start = startOf(beaconBytes(checkBeacon(o.beacon)), modulus)
  let numbers: readonly (bigint | undefined)[]
  try {
    const fields = readObject(o.published, 'published', ['version', 'output', 'proof'])
    if (fields['version'] !== 1) return undefined
    numbers = [fromHex(fields['output']), fromHex(fields['proof'])]
  } catch {
    // A getter or a proxy may throw anything.
    return undefined
  }
  const [output, proof] = numbers
  for (const value of [output, proof]) {
    if (value === undefined || value < 1n || value > (modulus - 1n) / 2n || gcd(value, modulus) !== 1n) {
      return undefined
    }
  }
  const prime = primeOf({ modulus, squarings, start, output: output! })
  const rest = power(2n, BigInt(squarings), prime)
  const product = powers(
    [
      [proof!, prime],
      [start, rest],
    ],
    modulus,
  )
  return absolute(product, modulus) === output ? output : undefined
}

function primeOf(o: DelayParameters & { readonly start: bigint; readonly output: bigint }): bigint {
  const parts = [toBytes(o.modulus), String(o.squarings), toBytes(o.start), toBytes(o.output)]
  return hashToPrime(sha256(frame(['soulproof/timed/published/1', ...parts])))
}

function toBytes(value: bigint): Uint8Array {
  return bigIntToBytes(value, MODULUS_BYTES)
}

function toHex(value: bigint): string {
  return bytesToHex(toBytes(value))
}

function fromHex(json: unknown): bigint | undefined {
  if (typeof json !== 'string' || json.length !== 2 * MODULUS_BYTES || !/^[0-9a-f]*$/.test(json))
    return undefined
  return BigInt(`0x${json}`)
}
