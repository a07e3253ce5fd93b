import { parseArgs } from 'node:util'
import { createProver } from '../src/prover/index.js'
import { compareBits } from './lib/statistics.js'
import { collect, collectSignals, compare, Stage } from './lib/transcripts.js'

/*
 * Makes real and simulated transcripts of designated proofs and tries to tell them apart.
 *
 *   npm run indistinguishability -- [--long | --samples 100]
 *
 * Long: 400 envelopes of each kind, and four times as many public signals.
 *
 * The exit code is 1 if it can: if any finding has a probability below one in ten thousand by chance.
 */

const THRESHOLD = 1e-4

const { long, samples: text = long ? '400' : '100' } = parseArgs({
  options: { samples: { type: 'string' }, long: { type: 'boolean' } },
}).values
if (!/^[1-9][0-9]{0,3}$/.test(text)) throw new RangeError('--samples must be from 1 to 9999')
const samples = Number(text)
const stage = new Stage()
const write = (line: string): void => void process.stdout.write(`${line}\n`)

const signals = collectSignals(stage, 4 * samples)
const nullifiers = (list: readonly bigint[][]): bigint[] => list.map((row) => row[3]!)
const bits = compareBits(nullifiers(signals.real), nullifiers(signals.simulated), 254)
write(`${4 * samples} public signals of each kind: bits of the nullifier, p = ${bits.p.toFixed(4)}`)

await using prover = await createProver()
const transcripts = await collect({
  ...{ stage, prover, samples },
  onProgress: (done) => process.stderr.write(`\r${Math.round(100 * done)} % of the proofs`),
})
process.stderr.write('\n')
const { sameShape, proofBits, byContent, byAll } = compare(transcripts)
write(`${samples} envelopes of each kind: ${sameShape ? 'one shape' : 'different shapes'}`)
write(`bits of the proofs, p = ${proofBits.p.toFixed(4)}`)
for (const [name, { accuracy, p }] of Object.entries({ content: byContent, 'content and times': byAll })) {
  write(`classifier on ${name}: ${(100 * accuracy).toFixed(1)} % right, p = ${p.toFixed(4)}`)
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
for (const [i, name] of ['witness', 'proof'].entries()) {
  const of = (kind: 'real' | 'simulated'): string =>
    median(transcripts[kind].map(({ times }) => times[i]!)).toFixed(1)
  write(`median ${name}: ${of('real')} ms real, ${of('simulated')} ms simulated`)
}
if (!sameShape || [bits, proofBits, byContent, byAll].some(({ p }) => p < THRESHOLD)) process.exitCode = 1
