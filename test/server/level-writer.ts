import { openLevelStore } from '../../src/server/index.js'

/* Spends nullifiers one after the other, and writes the number of each that is stored, until it is killed. */

const store = await openLevelStore({ path: process.argv[2] as string })
for (let i = Number(process.argv[3]); ; i += 8) {
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, k) => store.spend({ scope: 1n, nullifier: BigInt(i + k), message: 2n })),
  )
  for (const [k, outcome] of outcomes.entries()) if (outcome === 'first') process.stdout.write(`${i + k}\n`)
}
