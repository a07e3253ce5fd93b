import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { checkPackage, type PackReport } from '../scripts/pack-check.js'

const MIB = 2 ** 20

describe('package', () => {
  let report: PackReport

  before(async function () {
    this.timeout(300_000)
    report = await checkPackage()
  })

  it('installs into an empty folder, and proves and verifies there by its public names, with types', () => {
    assert.deepEqual(report.app['statements'], ['membership', 'policy-s'])
  })

  it('has a command line that runs and finds its artifacts', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    assert.equal(report.cliVersion, version)
    assert.equal(report.artifactsValid, true)
  })

  it('carries what apps need and nothing else', () => {
    const folders = new Set(report.files.map((path) => path.split('/')[0]))
    for (const name of ['dist', 'circuits', 'contracts', 'zkeys', 'package.json'])
      assert(folders.has(name), name)
    for (const path of report.files) {
      assert.doesNotMatch(path, /^(src|test|scripts|docs|node_modules)\/|\.r1cs$|\.sym$|\.tsbuildinfo$/)
    }
    assert(report.tarballBytes < 130 * MIB, `${report.tarballBytes}`)
  })
})
