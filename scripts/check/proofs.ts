/**
 * `npm run check:proofs`: proofs of random circuits with random keys and witnesses, by both arithmetics, one thread and
 * several, memory shared and not, each verified by snarkjs and by `verifyGroth16`. Short: 200 and some of 2^11 and 2^12
 * rows; `-- --long`: 10,000 and some of 2^11 to 2^16 rows. `-- --round 7` starts elsewhere.
 */
import { randomCircuit, SHAPES } from '../../test/prover/engine/random-circuit.js'
import { circuitsOfRound, createProofSweep, SETTINGS } from '../../test/prover/engine/random-proofs.js'

const at = process.argv.indexOf('--round')
const first = at < 0 ? 0 : Number(process.argv[at + 1])
const long = process.argv.includes('--long')
const rounds = long ? 100 : 2
const witnesses = 10
const large = long ? [11, 12, 13, 14, 15, 16] : [11, 12]

const start = performance.now()
const sweep = await createProofSweep()
let told = 0
const tell = (what: string): void => {
  for (const failure of sweep.failures.slice(told)) console.error(failure)
  told = sweep.failures.length
  const seconds = ((performance.now() - start) / 1000).toFixed(0)
  console.log(`${what}: ${sweep.proofs} proofs with ${sweep.keys} keys, ${told} failures, ${seconds} s`)
}
for (let round = first; round < first + rounds; round++) {
  for (const [i, circuit] of circuitsOfRound(round).entries()) {
    await sweep.prove(circuit, { seed: i + round, witnesses })
  }
  tell(`round ${round}`)
}
for (const [i, logSize] of large.entries()) {
  const shape = SHAPES[i % SHAPES.length]!
  const circuit = randomCircuit({ seed: first + logSize, logSize, publicSignals: i, privates: 5, shape })
  await sweep.prove(circuit, { seed: first + i, witnesses: SETTINGS.length })
  tell(`2^${logSize} rows`)
}
const refused = (await sweep.proveFalsehood()).every((accepted) => !accepted)
if (!refused) console.error('the proof of a false witness is accepted')
await sweep.dispose()
const failures = sweep.failures.length + Number(!refused)
console.log(`${sweep.infinite} proofs have a point at infinity`)
console.log(`${failures} failures in ${sweep.proofs} proofs`)
process.exitCode = failures > 0 ? 1 : 0
