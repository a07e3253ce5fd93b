import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ClaimStore } from './claims.js'
import type { Gate } from './gate.js'

/** What the service counts, for Prometheus. No label has a value that a client chose. */
export interface Metrics {
  /** Of prom-client: `registry.metrics()` is what Prometheus reads. */
  readonly registry: Registry
  /** Counts a request: the pattern of its route, never the path, and the seconds until the end of its reply. */
  request(o: {
    readonly route: string
    readonly method: string
    readonly status: number
    readonly seconds: number
  }): void
  /** Counts a proof and what became of it: the outcome of its admission, the code of its refusal, or `failed`. */
  proof(gate: string, outcome: string): void
  /** Counts proofs that were verified together: how many, how many of them do not hold, and how long it took. */
  batch(o: { readonly proofs: number; readonly invalid: number; readonly milliseconds: number }): void
  /** Counts a failure that was tried again or passed over: of `roots` or of the `database`. */
  trouble(part: string): void
  /** Counts a proof that comes in, 1, or leaves, -1. */
  pending(change: 1 | -1): void
  /** Shows the age of each gate's newest roots whenever the metrics are read. Once for each `Metrics`. */
  gates(gates: readonly Gate[]): void
  /** The same store, with a clock on it, for gates and service. */
  timed(store: ClaimStore): ClaimStore
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Creates counters of their own, so that two services in a process do not share any. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const requests = new Histogram({
    name: 'soulproof_http_request_seconds',
    help: 'Time from the first byte of a request to the end of its reply',
    labelNames: ['route', 'method', 'status'],
    buckets: SECONDS,
    registers,
  })
  const proofs = new Counter({
    name: 'soulproof_proofs_total',
    help: 'Proofs by gate and what became of them',
    labelNames: ['gate', 'outcome'],
    registers,
  })
  const batchSize = new Histogram({
    name: 'soulproof_batch_proofs',
    help: 'Proofs that were verified together',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  const batchTime = new Histogram({
    name: 'soulproof_batch_seconds',
    help: 'Time to verify a batch',
    buckets: SECONDS,
    registers,
  })
  const invalid = new Counter({
    name: 'soulproof_invalid_proofs_total',
    help: 'Proofs whose pairing equation does not hold',
    registers,
  })
  const storeTime = new Histogram({
    name: 'soulproof_store_seconds',
    help: 'Time until a store of claims answers',
    labelNames: ['operation', 'result'],
    buckets: SECONDS,
    registers,
  })
  const troubles = new Counter({
    name: 'soulproof_trouble_total',
    help: 'Failures that were tried again or passed over, by part',
    labelNames: ['part'],
    registers,
  })
  const pending = new Gauge({
    name: 'soulproof_pending_proofs',
    help: 'Proofs that are being checked or stored',
    registers,
  })

  const clocked = async <T>(operation: string, run: () => Promise<T>): Promise<T> => {
    const stop = storeTime.startTimer({ operation })
    try {
      const result = await run()
      stop({ result: 'done' })
      return result
    } catch (error) {
      stop({ result: 'failed' })
      throw error
    }
  }
  return {
    registry,
    request: ({ route, method, status, seconds }) => requests.observe({ route, method, status }, seconds),
    proof: (gate, outcome) => proofs.inc({ gate, outcome }),
    batch(batch) {
      batchSize.observe(batch.proofs)
      batchTime.observe(batch.milliseconds / 1000)
      invalid.inc(batch.invalid)
    },
    trouble: (part) => troubles.inc({ part }),
    pending: (change) => pending.inc(change),
    gates(gates) {
      new Gauge({
        name: 'soulproof_roots_age_seconds',
        help: 'Age of the newest snapshot of roots that a gate knows',
        labelNames: ['gate'],
        registers,
        async collect() {
          for (const gate of gates) {
            const age = await gate.rootsAge()
            if (age === undefined) this.remove({ gate: gate.name })
            else this.set({ gate: gate.name }, Number(age))
          }
        },
      })
    },
    timed: (store) => ({
      spend: (claim) => clocked('spend', () => store.spend(claim)),
      find: (id) => clocked('find', () => store.find(id)),
      forget: (before) => clocked('forget', () => store.forget(before)),
      check: () => clocked('check', () => store.check()),
      close: () => store.close(),
    }),
  }
}
