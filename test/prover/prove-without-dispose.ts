import { readFile } from 'node:fs/promises'
import { createSnarkjsEngine } from '../../src/prover/snarkjs.js'

// Run as a process of its own: proves once, disposes of nothing, and must end by itself.
const [key, wtns, threads] = process.argv.slice(2)
const engine = createSnarkjsEngine(threads ? { threads: Number(threads) } : {})
const { publicSignals } = await engine.prove({
  provingKey: await readFile(key!),
  witness: await readFile(wtns!),
})
process.stdout.write(JSON.stringify(publicSignals))
