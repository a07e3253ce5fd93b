/**
 * `npm run check:memory`: many proofs in one process, some of them aborted, with one key and with ever new ones; the process
 * must not grow once it is warm. Short: 200 proofs of each kind; `-- --long`: 1,000; `-- --proofs 50`: as many.
 */
import { writeWitness } from '../../src/formats/witness.js'
import { createSoulproofEngine } from '../../src/prover/engine/index.js'
import { createDevelopmentKey } from '../../src/setup/development-key.js'
import { randomCircuit } from '../../test/prover/engine/random-circuit.js'

/**
 * MiB that the process may grow by after its warm-up. Memories of keys that are gone wait for each thread's collector, which
 * comes when it likes.
 */
const MOST = { oneKey: 24, newKeys: 160 }
const MIB = 2 ** 20

const at = process.argv.indexOf('--proofs')
const proofs = at >= 0 ? Number(process.argv[at + 1]) : process.argv.includes('--long') ? 1000 : 200
const circuit = randomCircuit({ seed: 7, logSize: 8, publicSignals: 2, privates: 5, shape: 'mixed' })
const witness = writeWitness(circuit.witness(() => 3n))
const key = await createDevelopmentKey({ r1cs: circuit.r1cs })

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

/** Proves again and again; returns the process's size in MiB when it was warm, and at the end. */
async function measure(o: { shared: boolean; newKeys: boolean }): Promise<readonly [number, number]> {
  const { shared, newKeys } = o
  const engine = await createSoulproofEngine({ threads: 2, shared, keyCacheBytes: 16 * MIB })
  const sizes: number[] = []
  const reason = new Error('aborted')
  for (let i = 0; i < proofs; i++) {
    const provingKey = newKeys ? key.slice() : key
    if (i % 10 === 5) {
      const controller = new AbortController()
      const onProgress = (share: number) => share > 0.4 && controller.abort(reason)
      const { signal } = controller
      await engine.prove({ provingKey, witness, signal, onProgress }).catch((error) => {
        if (error !== reason) throw error
      })
    } else await engine.prove({ provingKey, witness })
    sizes.push(process.memoryUsage().rss / MIB)
  }
  await engine.dispose()
  const part = Math.ceil(proofs / 10)
  return [median(sizes.slice(4 * part, 6 * part)), median(sizes.slice(-2 * part))]
}

let [worst, bad] = [Number.NEGATIVE_INFINITY, 0]
for (const shared of [true, false]) {
  for (const newKeys of [false, true]) {
    const [warm, end] = await measure({ shared, newKeys })
    const name = `${shared ? 'shared memory' : 'a memory for each thread'}, ${newKeys ? 'new keys' : 'one key'}`
    console.log(`${name}: ${warm.toFixed(0)} MiB warm, ${end.toFixed(0)} MiB after ${proofs} proofs`)
    if (!newKeys) worst = Math.max(worst, end - warm)
    if (end - warm > (newKeys ? MOST.newKeys : MOST.oneKey)) bad++
  }
}
console.log(`${worst.toFixed(0)} MiB more after ${proofs} proofs with one key`)
process.exitCode = bad > 0 ? 1 : 0
