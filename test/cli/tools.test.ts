import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadBenchArtifacts } from '../../src/cli/bench-artifacts.js'
import { BENCH_CASES } from '../../src/cli/bench-cases.js'
import { createProver } from '../../src/prover/index.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { MANIFEST } from '../../src/statements/manifest.js'
import { PLONK_MANIFEST } from '../../src/statements/plonk.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { verifyGroth16 } from '../../src/verifier/index.js'
import { testPhase1 } from '../support/phase1.js'
import { Folder, run, succeed } from './run.js'

const PARTS = ['a', 'b1', 'b2', 'c', 'finish', 'rows', 'scalars', 'transforms']

async function benchCircuit(name: string) {
  const { inputs } = BENCH_CASES[name]!().prepare()
  return { name, inputs: inputs as Inputs, artifacts: await loadBenchArtifacts({ name }) }
}

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

  it('setup --plonk --check tells of the keys that are built, and --phase1 takes no file of an unknown hash', async () => {
    const cwd = folder.path
    const isBuilt = ['wasm', 'zkey'].every((part) => existsSync(`zkeys/membership.plonk.${part}`))
    const check = await run(['setup', '--plonk', '--check', '--statement', 'membership'], { cwd })
    assert.equal(check.code, isBuilt ? 0 : 1)
    assert.equal(JSON.parse(check.stdout).valid, isBuilt)
    assert.match(check.stderr, isBuilt ? /^warning: .*development key/ : /membership\.plonk\.wasm missing/)
    const phase1 = ['--phase1', await testPhase1(8), '--phase1-hash', '0'.repeat(128), '--out', 'universal']
    const { code, stderr } = await run(['setup', '--plonk', ...phase1], { cwd })
    assert.equal(code, 1)
    assert.match(stderr, /phase1\.ptau/)
    assert.equal(existsSync(join(cwd, 'universal')), false)
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

  it('exports keys and contracts of PLONK by name and by file, and knows no third proof system', async () => {
    const cwd = folder.path
    const named = ['--proof-system', 'plonk', '--statement', 'membership']
    await succeed(['export', 'verification-key', ...named, '--out', 'plonk.json'], { cwd })
    assert.deepEqual(
      await folder.json('plonk.json'),
      PLONK_MANIFEST.statements['membership']!.verificationKey,
    )
    const [byName, byFile, unknown] = await Promise.all([
      run(['export', 'solidity', ...named], { cwd }),
      run(['export', 'solidity', '--verification-key', 'plonk.json'], { cwd }),
      run(['export', 'solidity', '--proof-system', 'fflonk', '--statement', 'membership'], { cwd }),
    ])
    assert.equal(byName.stdout, byFile.stdout)
    assert.match(byName.stdout, /^\/\/ DEVELOPMENT KEY[^\n]*\n[\s\S]*contract PlonkVerifier \{/)
    assert.match(byName.stderr, /warning: .*development key/)
    assert.deepEqual([unknown.code, unknown.stdout], [2, ''])
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
    for (const { engine, prove, processor, cold } of row.prove) {
      spreads.push(prove, processor)
      assert.ok(cold.milliseconds > 0 && cold.peakMiB > 10)
      assert.equal(cold.key?.processor.min > 0, engine === 'soulproof')
    }
    assert.deepEqual(Object.keys(row.parts).sort(), PARTS)
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
    assert.match(stderr, /in a batch/)
    assert.match(stderr, /; simd;/)
    assert.match(stderr, /rapidsnark, published\*.*\n(.*\n)+.*not of this run/)
  })

  it('bench refuses to measure an engine that silently fell back from vectors', async function () {
    // Without this instruction of x86 V8 multiplies and adds relaxed SIMD's operands in two steps.
    if (process.arch !== 'x64') return this.skip()
    const { code, stdout, stderr } = await run(['bench', '--statement', 'membership', '--runs', '1'], {
      cwd: folder.path,
      nodeArgs: ['--no-enable-fma3'],
    })
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /refused: .*fell back to its scalar arithmetic/)
  })

  it('bench builds its own circuits, whose proofs verify', async () => {
    const { name, artifacts, inputs } = await benchCircuit('credentials-1')
    assert.equal(2 ** Math.ceil(Math.log2(artifacts.constraints)), 2 ** 14)
    const witness = await calculateWitness({ wasm: artifacts.wasm, inputs })
    const prover = await createProver()
    const made = await prover.groth16({ provingKey: artifacts.provingKey, witness })
    await prover.dispose()
    const { verificationKey } = artifacts
    assert.ok(await verifyGroth16({ verificationKey, ...made }), name)
  })
})
