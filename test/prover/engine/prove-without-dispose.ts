import { readFile } from 'node:fs/promises'
import { createSoulproofEngine } from '../../../src/prover/engine/index.js'

// Run as a process of its own: proves once, disposes of nothing, and must end by itself.
const [key, wtns, memory] = process.argv.slice(2)
const engine = await createSoulproofEngine({ threads: 2, shared: memory === 'shared' })
const { publicSignals } = await engine.prove({
  provingKey: await readFile(key!),
  witness: await readFile(wtns!),
})
process.stdout.write(JSON.stringify(publicSignals))
