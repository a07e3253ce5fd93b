import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { bundle, PAGE_EXPORTS } from '../scripts/bundle.js'
import { step } from '../scripts/lib/step.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What a page may have to load at most for all of an export, minified and gzipped, in bytes. */
const BUDGET: Readonly<Record<(typeof PAGE_EXPORTS)[number], number>> = {
  soul: 9_000,
  sbt: 17_000,
  merkle: 10_000,
  policy: 32_000,
  // With what unpacks artifacts, in a chunk that is loaded where its worker does not start.
  prover: 86_000,
  verifier: 56_000,
  designated: 72_000,
  ledger: 33_000,
  issuing: 31_000,
  feed: 25_000,
  backup: 26_000,
}

/** What it may have to load at most where PLONK is asked for, or artifacts are unpacked without their worker. */
const LATER = 17_500

/** What of a package's folder is in nobody's bundle: GPL code, peers, and what only Node has. */
const FOREIGN = /node_modules\/(snarkjs|ffjavascript|circom|poseidon-lite|@zk-kit|viem|classic-level|buffer)/

describe('bundles for pages', () => {
  before(async function () {
    this.timeout(120_000)
    await step('npm', ['run', 'build'], ROOT)
  })

  for (const name of PAGE_EXPORTS) {
    it(`soulproof/${name}: stays within its budget, and brings no code of others but the listed`, async () => {
      const { gzipped, files, external, later } = await bundle(name)
      assert.ok(gzipped <= BUDGET[name], `${gzipped} bytes`)
      assert.ok(later.gzipped <= LATER, `${later.gzipped} bytes`)
      assert.deepEqual(
        [...files, ...later.files].filter((file) => FOREIGN.test(file)),
        [],
      )
      assert.deepEqual(external, [])
    })
  }

  it('prover and verifier load what PLONK takes only where it is asked for', async () => {
    for (const name of ['prover', 'verifier'] as const) {
      const { files, later } = await bundle(name)
      const isOfPlonk = (file: string): boolean => /plonk/.test(file) && !/formats\/plonk-zkey/.test(file)
      assert.deepEqual(files.filter(isOfPlonk), [])
      assert.ok(
        later.files.some((file) => file === `dist/${name}/plonk${name === 'prover' ? '' : '/verify'}.js`),
      )
    }
  })

  it('the verifier: no prover, no tree but that of a policy’s lists', async () => {
    const { files } = await bundle('verifier')
    assert.ok(files.includes('dist/verifier/groth16.js'))
    assert.deepEqual(
      files.filter((file) => /^dist\/(prover|setup|formats|ledger|designated|server|cli)\//.test(file)),
      [],
    )
    const trees = files.filter((file) => file.startsWith('dist/merkle/')).sort()
    assert.deepEqual(trees, ['dist/merkle/ledger.js', 'dist/merkle/quaternary.js', 'dist/merkle/set.js'])
  })
})
