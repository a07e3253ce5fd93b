/**
 * `npm run foreign-keys`: fetches proving keys of others into the cache outside the clone, for test/prover/foreign.test.ts:
 * Semaphore v4's ceremony keys of 32 depths (109 MB), UniRep's (39 MB) and those of Waku's RLN (6 MB). What does not have
 * the hash that stands in test/support/foreign.ts is refused.
 */
import { FOREIGN, hasForeign } from '../test/support/foreign.js'
import { fetchPackage } from './lib/packages.js'

for (const foreign of FOREIGN) {
  const had = hasForeign(foreign)
  const folder = await fetchPackage(foreign)
  console.log(`${foreign.name}@${foreign.version} is ${had ? 'there' : `fetched into ${folder}`}`)
}
console.log(`${FOREIGN.length} packages`)
