import { writeFileSync } from 'node:fs'
import { poseidonSource } from './lib/poseidon-source.js'

/* Writes `contracts/Poseidon4.sol` and `contracts/Poseidon16.sol`, which a test compares. */

for (const inputs of [4, 16]) {
  writeFileSync(new URL(`../contracts/Poseidon${inputs}.sol`, import.meta.url), poseidonSource(inputs))
}
