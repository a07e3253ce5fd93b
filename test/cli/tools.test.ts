import assert from 'node:assert/strict'
import { MANIFEST } from '../../src/statements/manifest.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { Folder, run, succeed } from './run.js'

describe('cli: setup, export, bench', () => {
  let folder: Folder

  before(async () => {
    folder = await Folder.create()
  })

  after(() => folder.remove())

  it('setup --check finds every artifact as it is pinned', async () => {
    const { valid, built, statements } = await succeed(['setup', '--check'], { cwd: folder.path })
    assert.deepEqual([valid, built], [true, []])
    assert.deepEqual(
      (statements as { statement: string; faults: string[] }[]).map(({ statement, faults }) => [
        statement,
        faults,
      ]),
      Object.keys(MANIFEST.statements).map((name) => [name, []]),
    )
  })

  it('exports the verification key, and from the file the same contract as by name', async () => {
    const cwd = folder.path
    await succeed(['export', 'verification-key', '--statement', 'policy-s', '--out', 'key.json'], { cwd })
    assert.deepEqual(await folder.json('key.json'), VERIFICATION_KEYS['policy-s']!.key)
    const [byName, byFile] = await Promise.all([
      run(['export', 'solidity', '--statement', 'policy-s'], { cwd }),
      run(['export', 'solidity', '--verification-key', 'key.json'], { cwd }),
    ])
    assert.equal(byName.code, 0)
    assert.equal(byName.stdout, byFile.stdout)
    assert.match(byName.stdout, /^\/\/ DEVELOPMENT KEY/)
    assert.match(byName.stdout, /contract Groth16Verifier \{/)
    assert.match(byName.stderr, /warning: .*development key/)
  })

  it('bench prints times as JSON and a table for people', async () => {
    const { code, stdout, stderr } = await run(
      ['bench', '--statement', 'membership', '--runs', '1', '--threads', '1'],
      {
        cwd: folder.path,
      },
    )
    assert.equal(code, 0, stderr)
    const { results, unit } = JSON.parse(stdout)
    assert.equal(unit, 'ms')
    assert.equal(results.length, 1)
    const [row] = results
    const { constraints, publicSignals } = MANIFEST.statements['membership']!
    assert.equal(row.constraints, constraints)
    assert.equal(row.publicSignals, publicSignals)
    const spreads = [row.prepare, row.witness, row.verify.soulproof, row.verify.snarkjs, row.verifyBatch]
    for (const { prove, cold } of row.prove) {
      spreads.push(prove)
      assert.ok(cold.milliseconds > 0 && cold.peakMiB > 10)
    }
    assert.deepEqual(
      row.prove.map(({ engine, threads }: { engine: string; threads?: number }) => [engine, threads]),
      [
        ['soulproof', 1],
        ['snarkjs', 1],
      ],
    )
    for (const { min, median, max } of spreads) {
      assert.ok(0 < min && min <= median && median <= max && max < 60_000)
    }
    assert.match(stderr, /prove: snarkjs, 1 thread/)
    assert.match(stderr, /one of a batch|in a batch/)
  })
})
