import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { checkPackage, type PackReport } from '../scripts/pack-check.js'

describe('package', () => {
  let report: PackReport

  before(async function () {
    this.timeout(300_000)
    report = await checkPackage()
  })

  it('installs into an empty folder, and proves and verifies there by its public names, with types', () => {
    assert.deepEqual(report.app['statements'], ['membership', 'policy-s'])
  })

  it('has a command line that runs and finds the artifacts that are installed, and says which to install', async () => {
    const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
    assert.equal(report.cliVersion, version)
    assert.equal(report.artifactsValid, true)
    assert.match(report.missing, /policy-m\.wasm missing and 1 more.*install @soulproof\/artifacts-policy-m/)
  })

  it('carries what apps need and nothing else, in less than 1 MB', () => {
    const { files, bytes } = report.code
    const folders = new Set(files.map((path) => path.split('/')[0]))
    for (const name of ['dist', 'circuits', 'contracts', 'zkeys', 'package.json'])
      assert(folders.has(name), name)
    for (const path of files) {
      assert.doesNotMatch(
        path,
        /^(src|test|scripts|docs|node_modules)\/|\.(r1cs|sym|zkey|wasm|map|tsbuildinfo)$/,
      )
    }
    assert(bytes < 1_000_000, `${bytes}`)
  })

  it('has nothing that points to source maps, which are not packed', async () => {
    for (const path of report.code.files.filter((file) => file.endsWith('.js'))) {
      assert.doesNotMatch(
        await readFile(new URL(`../${path}`, import.meta.url), 'utf8'),
        /sourceMappingURL/,
        path,
      )
    }
  })

  it('leaves witness generators and keys to a package for each statement', () => {
    for (const { name, files } of report.artifacts) {
      const statement = name.replace('@soulproof/artifacts-', '')
      const artifacts = ['wasm.pack', 'zkey.pack', 'vkey.json'].map((part) => `${statement}.${part}`)
      assert.deepEqual([...files].sort(), ['README.md', 'manifest.json', 'package.json', ...artifacts].sort())
    }
  })
})
