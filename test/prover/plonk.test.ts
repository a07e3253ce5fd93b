import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlonkEnvelope } from '../../src/envelope.js'
import { ArtifactError, KeyError } from '../../src/errors.js'
import { toField } from '../../src/field.js'
import type { PlonkManifest } from '../../src/plonk-manifest.js'
import { createProver } from '../../src/prover/index.js'
import { createPlonkEngine } from '../../src/prover/snarkjs.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { hashSources } from '../../src/setup/build.js'
import { MANIFEST } from '../../src/statements/manifest.js'
import { PLONK_MANIFEST } from '../../src/statements/plonk.js'
import { createVerifier, type Verification, type VerifyOptions } from '../../src/verifier/index.js'
import { parsePlonkKey, plonkKeyHash } from '../../src/verifier/plonk/index.js'
import { setupPlonk } from '../support/plonk.js'

const CONTEXT = { scope: 'plonk', message: 'test' } as const
const ROOT = 77n

/** What a verifier of membership expects. The circuit behind the key is one that has as many signals and no statement. */
const EXPECTED = { ...CONTEXT, statement: 'membership', roots: [ROOT] } as const

describe('proofSystem: plonk', () => {
  let folder: string
  let manifest: PlonkManifest
  let envelope: PlonkEnvelope

  before(async () => {
    const circuit = await setupPlonk('test/circuits/six-signals.circom')
    await circuit.dispose()
    folder = await mkdtemp(join(tmpdir(), 'soulproof-plonk-'))
    const files = { 'membership.plonk.wasm': circuit.wasm, 'membership.plonk.zkey': circuit.zkey }
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
    manifest = {
      version: 2,
      proofSystem: 'plonk',
      toolchain: 'test',
      statements: {
        membership: {
          sourceHash: `0x${'0'.repeat(64)}`,
          ...{ constraints: 6, gates: 12, publicSignals: 6, provenance: { kind: 'development' } },
          verificationKeyHash: plonkKeyHash(parsePlonkKey(circuit.verificationKey)),
          verificationKey: circuit.verificationKey,
          artifacts: Object.fromEntries(
            Object.entries(files).map(([name, bytes]) => [
              name,
              { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
            ]),
          ),
        },
      },
    }
    const prover = await createProver({ proofSystem: 'plonk', threads: 1, artifacts: folder, manifest })
    const values = [5n, ROOT, toField('plonk', 'scope'), toField('test', 'message'), 0n, 0n]
    const names = ['oldRoot', 'newRoot', 'ledgerId', 'categories', 'queueLength', 'queueHead']
    envelope = await prover.provePrepared({
      statement: 'membership',
      inputs: Object.fromEntries(names.map((name, i) => [name, values[i]!])),
      publicSignals: values.map(String),
      revealed: {},
    })
    assert.equal('groth16' in prover, false)
    await prover.dispose()
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const verify = async (
    given: unknown,
    options: Parameters<typeof createVerifier>[0] = {
      proofSystem: 'plonk',
      manifest,
      allowDevelopmentKeys: true,
    },
    expected: object = EXPECTED,
  ): Promise<Verification> => {
    const verifier = await createVerifier(options)
    return verifier.verify({ ...expected, envelope: given } as VerifyOptions)
  }
  const reason = async (...args: Parameters<typeof verify>): Promise<string> => {
    const result = await verify(...args)
    return result.valid ? 'valid' : result.reason
  }

  it('makes an envelope that names its proof system and where its key comes from, and verifies as JSON', async () => {
    const { version, proofSystem, provenance, statement } = envelope
    assert.deepEqual(
      { version, proofSystem, provenance, statement },
      { version: 3, proofSystem: 'plonk', provenance: { kind: 'development' }, statement: 'membership' },
    )
    const result = await verify(JSON.parse(JSON.stringify(envelope)))
    assert.deepEqual(result, { valid: true, nullifier: 5n, revealed: {} })
  })

  it('row 20: is refused by a verifier of groth16 by name, and the other way round: nobody else picks the proof system', async () => {
    assert.equal(
      await reason(envelope, { allowDevelopmentKeys: true }),
      'proofSystem: is plonk, the verifier expects groth16',
    )
    const { proofSystem: _, provenance, ...rest } = envelope
    for (const other of [
      { ...rest, version: 1 },
      { ...rest, version: 2, provenance },
    ]) {
      assert.equal(await reason(other), 'proofSystem: is groth16, the verifier expects plonk')
    }
  })

  it('row 20: downgrade: a PLONK proof under the name of groth16 is refused, whatever else of the envelope is changed', async () => {
    const groth16 = { allowDevelopmentKeys: true } as const
    const { proofSystem: _, provenance: __, ...rest } = envelope
    const { verificationKeyHash } = MANIFEST.statements['membership']!
    assert.match(await reason({ ...rest, version: 1 }, groth16), /^verificationKeyHash: /)
    const relabelled = { ...rest, version: 1, verificationKeyHash }
    assert.equal(await reason(relabelled, groth16), 'proof: does not hold')
    const proof = { ...envelope.proof, protocol: 'groth16' }
    assert.equal(await reason({ ...relabelled, proof }, groth16), 'proof: does not hold')
    assert.equal(
      await reason({ ...envelope, proofSystem: 'groth16' }, groth16),
      'proofSystem: is missing or unknown',
    )
  })

  it('refuses envelopes with an unknown proof system, or a missing or surplus field', async () => {
    for (const proofSystem of ['groth16', 'fflonk', '', null, 1, ['plonk']]) {
      assert.equal(await reason({ ...envelope, proofSystem }), 'proofSystem: is missing or unknown')
    }
    const { provenance: _, ...without } = envelope
    assert.equal(await reason(without), 'provenance: is missing')
    assert.match(await reason({ ...envelope, extra: 1 }), /unknown field/)
    assert.match(await reason({ ...envelope, version: 4 }), /^version: is unknown/)
  })

  it('refuses other signals than expected, another statement, and a lie about the key', async () => {
    assert.match(
      await reason(envelope, undefined, { ...EXPECTED, message: 'other' }),
      /publicSignals\.message/,
    )
    assert.match(await reason(envelope, undefined, { ...EXPECTED, roots: [78n] }), /publicSignals\.root/)
    const other = { ...envelope, publicSignals: envelope.publicSignals.with(0, '6') }
    assert.equal(await reason(other), 'proof: does not hold')
    const lies: object[] = [
      { kind: 'universal', phase1: '0'.repeat(128) },
      { kind: 'ceremony', transcript: '0'.repeat(64), contributions: 3 },
    ]
    for (const provenance of lies) assert.match(await reason({ ...envelope, provenance }), /^provenance: /)
  })

  it('refuses development keys unless asked, whatever the manifest says of them', async () => {
    assert.match(await reason(envelope, { proofSystem: 'plonk', manifest }), /development key/)
    const entry = manifest.statements['membership']!
    const lying = withEntry({ ...entry, provenance: { kind: 'universal', phase1: '0'.repeat(128) } })
    await assert.rejects(createVerifier({ proofSystem: 'plonk', manifest: lying }), KeyError)
  })

  it('refuses manifests of the other proof system, malformed ones, and keys that are not those with their hash', async () => {
    const entry = manifest.statements['membership']!
    await assert.rejects(createVerifier({ manifest }), /proofSystem is not groth16/)
    await assert.rejects(createProver({ manifest, artifacts: folder }), /proofSystem is not groth16/)
    const { proofSystem: _, ...unnamed } = manifest
    for (const wrong of [unnamed, MANIFEST, { ...manifest, version: 3 }, { ...manifest, extra: 1 }]) {
      await assert.rejects(createVerifier({ proofSystem: 'plonk', manifest: wrong }), ArtifactError)
      await assert.rejects(
        createProver({ proofSystem: 'plonk', manifest: wrong, artifacts: folder }),
        ArtifactError,
      )
    }
    for (const phase1 of ['0'.repeat(64), 'x'.repeat(128), 5]) {
      const wrong = withEntry({ ...entry, provenance: { kind: 'universal', phase1 } })
      await assert.rejects(createVerifier({ proofSystem: 'plonk', manifest: wrong }), ArtifactError)
    }
    const swapped = { ...entry.verificationKey, S1: entry.verificationKey.S2 }
    for (const wrong of [
      { ...entry, verificationKey: swapped },
      { ...entry, publicSignals: 5 },
    ]) {
      await assert.rejects(createVerifier({ proofSystem: 'plonk', manifest: withEntry(wrong) }), KeyError)
    }
  })

  it('refuses another proof system, our engine, and statements that it has no keys of', async () => {
    await assert.rejects(createProver({ proofSystem: 'fflonk' as never }), RangeError)
    await assert.rejects(createVerifier({ proofSystem: 'fflonk' as never }), RangeError)
    await assert.rejects(
      createProver({ proofSystem: 'plonk', engine: 'soulproof' }),
      /engine must be snarkjs/,
    )
    const verifier = await createVerifier({ proofSystem: 'plonk' })
    assert.throws(() => verifier.provenance('policy-m'), KeyError)
    await using prover = await createProver({ proofSystem: 'plonk' })
    const prepared = { statement: 'policy-m', inputs: {}, publicSignals: [], revealed: {} }
    await assert.rejects(prover.provePrepared(prepared), ArtifactError)
  })

  it('names a key that is truncated or of another circuit before snarkjs sees it', async () => {
    const engine = createPlonkEngine({ threads: 1 })
    const { zkey, wasm, dispose } = await setupPlonk('test/circuits/preimage.circom')
    await dispose()
    const witness = await calculateWitness({ wasm, inputs: { secret: 1n, salt: 2n, context: 3n } })
    const other = new Uint8Array(await readFile(join(folder, 'membership.plonk.zkey')))
    for (const provingKey of [zkey.subarray(0, -1), zkey.subarray(0, 100), other, new Uint8Array()]) {
      await assert.rejects(engine.prove({ provingKey, witness }), ArtifactError)
    }
    await engine.dispose()
  })

  it('the pinned keys are of the circuits as they are', async () => {
    assert.deepEqual(Object.keys(PLONK_MANIFEST.statements), ['membership', 'policy-s'])
    assert.deepEqual(JSON.parse(await readFile('zkeys/plonk.json', 'utf8')), PLONK_MANIFEST)
    for (const [name, { sourceHash, publicSignals, verificationKeyHash, verificationKey }] of Object.entries(
      PLONK_MANIFEST.statements,
    )) {
      assert.equal(
        await hashSources({ file: `circuits/statements/${name}.circom` }),
        sourceHash,
        `rebuild: npm run setup -- --plonk ${name}`,
      )
      assert.equal(publicSignals, MANIFEST.statements[name]!.publicSignals)
      assert.equal(plonkKeyHash(parsePlonkKey(verificationKey)), verificationKeyHash)
    }
  })

  function withEntry(membership: object): unknown {
    return { ...manifest, statements: { membership } }
  }
})
