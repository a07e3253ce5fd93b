import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Group } from '../../src/merkle/index.js'
import { createProver, type Prover, type ProvingPhase } from '../../src/prover/index.js'
import { createVerifier } from '../../src/verifier/index.js'
import { ALICE } from '../support/world.js'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const group = new Group([3n, ALICE.commitment, 5n])
const CONTEXT = { scope: 'life', message: 'of a prover', statement: 'membership' } as const
const CLAIM = { ...CONTEXT, soul: ALICE, group }

describe('prover: progress, cancellation, end', () => {
  let prover: Prover
  before(async () => {
    prover = await createProver({ threads: 2 })
  })
  after(() => prover.dispose())

  const holds = async (options: Parameters<Prover['prove']>[0]): Promise<boolean> => {
    const envelope = await prover.prove(options)
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    return (await verifier.verify({ ...CONTEXT, roots: [group.root], envelope })).valid
  }

  it('tells the phases in order, and the share of the proof that is done, up to all of it', async () => {
    const told: [ProvingPhase, number][] = []
    assert.ok(await holds({ ...CLAIM, onProgress: (phase, share) => told.push([phase, share]) }))
    const phases = told.map(([phase]) => phase).filter((phase, i, all) => phase !== all[i - 1])
    assert.deepEqual(phases, ['artifacts', 'witness', 'proof', 'done'])
    const shares = told.filter(([phase]) => phase === 'proof').map(([, share]) => share)
    assert.ok(shares.length > 20)
    assert.ok(shares.every((share, i) => share <= 1 && (i === 0 ? share === 0 : share >= shares[i - 1]!)))
    assert.equal(shares.at(-1), 1)
  })

  for (const wanted of ['before', 'artifacts', 'witness', 'proof', 'half of the proof'] as const) {
    it(`stops when it is aborted: ${wanted}`, async () => {
      const controller = new AbortController()
      const reason = new Error('not needed any more')
      const { signal } = controller
      if (wanted === 'before') controller.abort(reason)
      let last: ProvingPhase | undefined
      const proof = prover.prove({
        ...CLAIM,
        signal,
        onProgress(phase, share) {
          last = phase
          if (phase === wanted || (wanted === 'half of the proof' && share > 0.5)) controller.abort(reason)
        },
      })
      await assert.rejects(proof, reason)
      const expected = wanted === 'before' ? undefined : wanted === 'half of the proof' ? 'proof' : wanted
      assert.equal(last, expected)
      assert.ok(await holds(CLAIM))
    })
  }

  it('shares its threads among proofs that are made at once', async () => {
    const shares = [0, 0]
    const first = await Promise.race(
      shares.map(async (_, i) => {
        const onProgress = (phase: ProvingPhase, share: number): void => {
          if (phase === 'proof') shares[i] = share
        }
        await prover.prove({ ...CLAIM, onProgress })
        return i
      }),
    )
    // When one ends, the other has not been waiting for its turn.
    assert.ok(shares[1 - first]! > 0.4, `the other had done ${shares[1 - first]} of its tasks`)
  })

  describe('lets test runners end by themselves, undisposed', () => {
    let folder: string
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'soulproof-'))
      const source = (path: string) => JSON.stringify(pathToFileURL(join(ROOT, path)).href)
      const text = `
        import { Group } from ${source('src/merkle/index.ts')}
        import { createProver } from ${source('src/prover/index.ts')}
        import { ALICE } from ${source('test/support/world.ts')}
        it('proves', async () => {
          const prover = await createProver({ threads: 2 })
          const group = new Group([ALICE.commitment])
          await prover.prove({ scope: 's', message: 'm', statement: 'membership', soul: ALICE, group })
        })`
      await writeFile(join(folder, 'proof.test.mts'), text)
    })
    after(() => rm(folder, { recursive: true }))

    const ends = async (script: string, args: readonly string[], passed: RegExp): Promise<void> => {
      const { stdout } = await run(process.execPath, [script, ...args], { cwd: ROOT, timeout: 120_000 })
      assert.match(stdout, passed)
    }

    it('mocha', async () => {
      const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js')
      const file = join(folder, 'proof.test.mts')
      const args = ['--no-config', '--no-exit', '-n', 'import=tsx', '-t', '60000', file]
      await ends(mocha, args, /1 passing/)
    })

    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
    for (const pool of ['forks', 'threads']) {
      it(`Vitest with ${pool}`, async () => {
        const args = ['run', '--globals', '--root', folder, '--pool', pool, '--testTimeout', '60000']
        await ends(vitest, args, /1 passed/)
      })
    }
  })
})
