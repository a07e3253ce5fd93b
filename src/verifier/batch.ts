import { requireObject } from '../errors.js'
import type { VerificationKeyJson } from '../groth16.js'
import { verifyGroth16Batch } from './groth16.js'

/** How proofs of concurrent calls are verified together. */
export interface BatchOptions {
  /** Most proofs of one batch, 2 to 1024; by default 32. A batch is one uninterrupted computation. */
  readonly size?: number
  /** Milliseconds that a proof waits for others, 0 to 1000; by default 2. */
  readonly wait?: number
  /**
   * Told of each batch after its callers: how many proofs it had, how many of them do not hold, and the milliseconds that it took. What
   * it throws, or rejects with, is dropped.
   */
  readonly onBatch?: (batch: {
    readonly proofs: number
    readonly invalid: number
    readonly milliseconds: number
  }) => void
}

/** Tells whether a proof holds for a key that is trusted and public signals that were rebuilt. */
export type ProofCheck = (o: {
  readonly verificationKey: VerificationKeyJson
  readonly publicSignals: readonly string[]
  readonly proof: unknown
}) => Promise<boolean>

interface Waiting {
  readonly publicSignals: readonly string[]
  readonly proof: unknown
  readonly resolve: (holds: boolean) => void
  readonly reject: (error: unknown) => void
}

/**
 * Returns a check of proofs that gathers those of concurrent calls by their key and verifies them in batches.
 *
 * @throws {TypeError|RangeError} naming the option that is malformed
 */
export function createBatches(options: BatchOptions = {}): ProofCheck {
  requireObject(options, 'batch')
  const { size = 32, wait = 2, onBatch } = options
  requireInteger(size, 2, 1024, 'batch.size')
  requireInteger(wait, 0, 1000, 'batch.wait')
  if (onBatch !== undefined && typeof onBatch !== 'function')
    throw new TypeError('batch.onBatch must be a function')
  const queues = new Map<VerificationKeyJson, Waiting[]>()

  const tell = async (batch: Parameters<NonNullable<typeof onBatch>>[0]): Promise<void> => onBatch?.(batch)

  const flush = async (verificationKey: VerificationKeyJson): Promise<void> => {
    const batch = queues.get(verificationKey) ?? []
    queues.delete(verificationKey)
    if (batch.length === 0) return
    const startedAt = performance.now()
    try {
      const { invalid } = await verifyGroth16Batch({ verificationKey, proofs: batch })
      const milliseconds = performance.now() - startedAt
      const refused = new Set(invalid)
      for (const [i, { resolve }] of batch.entries()) resolve(!refused.has(i))
      // Neither what it throws nor what it promises is this one's.
      tell({ proofs: batch.length, invalid: invalid.length, milliseconds }).catch(() => undefined)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return ({ verificationKey, publicSignals, proof }) =>
    new Promise((resolve, reject) => {
      const queue = queues.get(verificationKey) ?? []
      queue.push({ publicSignals, proof, resolve, reject })
      queues.set(verificationKey, queue)
      if (queue.length >= size) void flush(verificationKey)
      else if (queue.length === 1) {
        // A full batch may have gone meanwhile; then whoever waits goes a little early.
        setTimeout(() => void flush(verificationKey), wait)
      }
    })
}

function requireInteger(value: unknown, least: number, most: number, label: string): void {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new TypeError(`${label} must be an integer`)
  if (value < least || value > most) throw new RangeError(`${label} must be from ${least} to ${most}`)
}
