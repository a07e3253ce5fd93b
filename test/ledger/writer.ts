/** Appends and applies without end, and says what is acknowledged. Run as a process of its own, to be killed. */
import { readFileSync } from 'node:fs'
import { createBulkPoseidon } from '../../src/bn254/poseidon.js'
import { createLedger } from '../../src/ledger/index.js'
import { allowRelaxedSimd } from '../../src/ledger/store/relaxed-simd.js'
import { createRandom, entriesAt, NAME } from './store-support.js'

// What takes time is done before it is told which store to open.
allowRelaxedSimd()
const { hash } = createBulkPoseidon()
for (const arity of [3, 4, 7, 12]) hash(new Array(arity).fill(0n))

const { path, seed } = JSON.parse(readFileSync(0, 'utf8')) as { path: string; seed: number }
const random = createRandom(BigInt(seed))
const ledger = await createLedger({ ...NAME, path, keep: 3 })
const say = (what: string): void => {
  process.stdout.write(`${what}\n`)
}
say('open')

async function append(): Promise<never> {
  for (;;) {
    const from = Number(ledger.length)
    const length = await ledger.append(entriesAt(from, 1 + random.below(200), 5000))
    say(`appended ${length}`)
  }
}

async function apply(): Promise<never> {
  for (;;) {
    const { root, state } = await ledger.apply(1 + random.below(100))
    say(`root ${state.queueLength} ${root}`)
    if (random.below(20) === 0) await ledger.compact()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

await Promise.all([append(), apply()])
