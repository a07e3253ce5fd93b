import { fileURLToPath } from 'node:url'
import { BUILT, buildPackage } from './lib/browser.js'
import { runGroups, type TestGroup } from './lib/mocha.js'
import { step } from './lib/step.js'

/*
 * Everything that runs in Chromium: a page under its policy, faults of networks and storage, the hosts of examples/, and
 * the page of web/ with its budget and axe. The package is built and artifacts are packed once for all.
 *
 *   npm run test:browser [-- page|faults|hosts|next|web ...]
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Statements whose artifacts pages load, by the process that packs them. */
const PACKED = [['policy-m'], ['membership', 'policy-s']]
const PACK = ['--import', 'tsx', 'scripts/pack-artifacts.ts']

/** Those that take longest first; Next.js has to be installed, and a fault is twenty seconds of silence, three times. */
const GROUPS: readonly TestGroup[] = [
  { name: 'next', files: ['test/browser/next.browser.ts'] },
  { name: 'web', files: ['test/web/page.e2e.ts'] },
  { name: 'faults', files: ['test/browser/faults.browser.ts'] },
  { name: 'hosts', files: ['test/browser/hosts.browser.ts'] },
  { name: 'page', files: ['test/browser/page.browser.ts'] },
]

const wanted = process.argv.slice(2)
for (const name of wanted) {
  if (!GROUPS.some((group) => group.name === name))
    throw new RangeError(`groups are ${GROUPS.map((group) => group.name).join(', ')}`)
}
const groups = GROUPS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const begun = performance.now()
// Packing takes a core for a minute the first time; then it comes from the cache.
await Promise.all([
  buildPackage(),
  ...PACKED.map((statements) => step(process.execPath, [...PACK, ...statements], ROOT)),
])
process.stdout.write(`built and packed in ${((performance.now() - begun) / 1000).toFixed(0)} s\n`)
await runGroups({ groups, env: { REQUIRE_CHROMIUM: '1', [BUILT]: '1' } })
