import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBn128 } from 'ffjavascript'
import { plonk, zKey } from 'snarkjs'
import { authenticatePhase1, HERMEZ, hashPhase1 } from '../../src/ceremony/phase1.js'
import { createUniversalKeys } from '../../src/ceremony/universal-keys.js'
import { CeremonyError } from '../../src/errors.js'
import { readR1cs } from '../../src/formats/r1cs.js'
import { parsePlonkManifest } from '../../src/plonk-manifest.js'
import { compileCircuit } from '../../src/setup/build.js'
import { createInitialKey } from '../../src/setup/initial-key.js'

/*
 * truncated-04.ptau came about as the public files did, by the commands of snarkjs 0.7.6: powersoftau new bn128 6, two times
 * contribute, export challenge, challenge contribute, import response, beacon, prepare phase2, truncate. Its header names two powers,
 * 4 and the ceremony's 6, and it has the record of each kind of contribution.
 */
const PUBLIC_FORM = 'test/ceremony/truncated-04.ptau'
const CIRCUIT = 'test/circuits/multiplier.circom'

describe('ceremony: phase 1', () => {
  let bytes: Uint8Array
  let folder: string
  before(async () => {
    bytes = new Uint8Array(await readFile(PUBLIC_FORM))
    folder = await mkdtemp(join(tmpdir(), 'soulproof-phase1-'))
    ;(globalThis as { curve_bn128?: unknown }).curve_bn128 ??= await buildBn128(true)
  })
  after(() => rm(folder, { recursive: true }))

  it('the published hashes are those in the README of snarkjs, for all powers from 8 to 28', async () => {
    const readme = await readFile('node_modules/snarkjs/README.md', 'utf8')
    const rows = [
      ...readme.matchAll(/^\|\s+(\d+)\s+\|.*\[powersOfTau28_hez_final.*\|\s+([0-9a-f]{128})\s+\|$/gm),
    ]
    const published = Object.fromEntries(rows.map(([, power, hash]) => [power, hash]))
    assert.equal(rows.length, 21)
    assert.deepEqual(HERMEZ, published)
  })

  it('a truncated file of the public form gives the keys that snarkjs makes of it, for Groth16 and PLONK', async () => {
    const phase1 = authenticatePhase1({ bytes, hash: hashPhase1(bytes) })
    assert.deepEqual([phase1.source, phase1.ptau.power], ['given', 4])
    const { r1cs } = await compileCircuit({ file: CIRCUIT })
    const theirs = { type: 'mem' as const, data: new Uint8Array() }
    const file = { type: 'mem', data: bytes } as never
    await zKey.newZKey({ type: 'mem', data: r1cs } as never, file, theirs as never)
    const ours = await createInitialKey({ r1cs: readR1cs(r1cs), ptau: phase1.ptau })
    assert.equal(Buffer.compare(ours, theirs.data), 0)

    const out = join(folder, 'keys')
    const manifest = await createUniversalKeys({ phase1, sources: { multiplier: CIRCUIT }, out })
    const { r1cs: gates } = await compileCircuit({ file: CIRCUIT, optimisation: 'O1' })
    await plonk.setup(gates as never, PUBLIC_FORM, theirs as never)
    assert.equal(Buffer.compare(await readFile(join(out, 'multiplier.plonk.zkey')), theirs.data), 0)
    const written = parsePlonkManifest(JSON.parse(await readFile(join(out, 'manifest.json'), 'utf8')))
    assert.deepEqual(written, manifest)
    assert.deepEqual(written.statements['multiplier']!.provenance, {
      kind: 'universal',
      phase1: hashPhase1(bytes),
    })
  })

  it('refuses a file whose record of contributions was changed, and one without a published hash', () => {
    const hash = hashPhase1(bytes)
    const changed = bytes.slice()
    changed[bytes.length - 12_100]! ^= 1
    assert.throws(() => authenticatePhase1({ bytes: changed, hash }), CeremonyError)
    assert.throws(() => authenticatePhase1({ bytes }), /no published list names/)
  })
})
