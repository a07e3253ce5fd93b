import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * Everything that runs in Chromium: the page of `npm test`, faults of networks and storage, and the hosts of examples/.
 *
 *   node --import tsx scripts/test-browser.ts [file...]
 */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const ALL = ['test/browser/page.test.ts', 'test/browser/faults.browser.ts', 'test/browser/hosts.browser.ts']

const files = process.argv.length > 2 ? process.argv.slice(2) : ALL
const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
const child = spawn(process.execPath, [mocha, '--exit', ...files], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, REQUIRE_CHROMIUM: '1' },
})
child.on('close', (code) => {
  process.exitCode = code ?? 1
})
