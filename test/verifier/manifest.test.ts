import assert from 'node:assert/strict'
import { ArtifactError, KeyError } from '../../src/errors.js'
import { type KeyManifest, parseKeyManifest } from '../../src/manifest.js'
import { createProver } from '../../src/prover/index.js'
import { MANIFEST } from '../../src/statements/manifest.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import {
  createVerifier,
  exportSolidityVerifier,
  parseVerificationKey,
  verificationKeyHash,
} from '../../src/verifier/index.js'

const CEREMONY = { kind: 'ceremony', transcript: 'ab'.repeat(32), contributions: 5 } as const

/** A manifest with the package's key of membership, changed. */
function manifestWith(change: (entry: Record<string, unknown>) => void): unknown {
  const { key, hash } = VERIFICATION_KEYS['membership']!
  const entry = structuredClone({
    ...MANIFEST.statements['membership'],
    verificationKeyHash: hash,
    verificationKey: key,
  }) as Record<string, unknown>
  change(entry)
  return { version: 2, toolchain: 'test', statements: { membership: entry } }
}

/** The package's key with another delta: of no known secret, so that it stands for the key of a ceremony. */
function otherKey(): { key: object; hash: string } {
  const { key } = VERIFICATION_KEYS['membership']!
  const other = { ...structuredClone(key), vk_delta_2: key.vk_beta_2 }
  return { key: other, hash: verificationKeyHash(parseVerificationKey(other)) }
}

describe('manifests with keys', () => {
  it('say where keys come from; a verifier knows its own', async () => {
    const { key, hash } = otherKey()
    const manifest = manifestWith((entry) => {
      Object.assign(entry, { verificationKey: key, verificationKeyHash: hash, provenance: CEREMONY })
    })
    const verifier = await createVerifier({ manifest })
    assert.deepEqual(verifier.provenance('membership'), CEREMONY)
    assert.throws(() => verifier.provenance('policy-s'), KeyError)
    assert.deepEqual((await createVerifier()).provenance('membership'), { kind: 'development' })
  })

  it('attack: a development key that a manifest calls one of a ceremony is refused', async () => {
    const manifest = manifestWith((entry) => Object.assign(entry, { provenance: CEREMONY }))
    await assert.rejects(createVerifier({ manifest }), (error: unknown) => {
      assert.ok(error instanceof KeyError)
      assert.match(error.message, /it is a development key/)
      return true
    })
    const { key } = VERIFICATION_KEYS['membership']!
    assert.throws(() => exportSolidityVerifier({ verificationKey: key, provenance: CEREMONY }), KeyError)
  })

  it('attack: a key exchanged under its old hash is refused, and one of another circuit', async () => {
    const exchanged = manifestWith((entry) => Object.assign(entry, { verificationKey: otherKey().key }))
    await assert.rejects(createVerifier({ manifest: exchanged }), /not the one with its hash/)
    const { key, hash } = VERIFICATION_KEYS['policy-s']!
    const foreign = manifestWith((entry) => {
      Object.assign(entry, { verificationKey: key, verificationKeyHash: hash })
    })
    await assert.rejects(createVerifier({ manifest: foreign }), /not the one with its hash/)
  })

  it('attack: a key with gamma equal to delta is refused', async () => {
    const { key } = VERIFICATION_KEYS['membership']!
    const unsafe = manifestWith((entry) => {
      Object.assign(entry, { verificationKey: { ...key, vk_delta_2: key.vk_gamma_2 }, provenance: CEREMONY })
    })
    await assert.rejects(createVerifier({ manifest: unsafe }), /unsafe/)
  })

  it('that call their own keys development keys are refused where development keys are', async () => {
    const { key, hash } = otherKey()
    const manifest = manifestWith((entry) => {
      Object.assign(entry, { verificationKey: key, verificationKeyHash: hash })
    })
    const envelope = {
      version: 1,
      statement: 'membership',
      verificationKeyHash: hash,
      proof: {},
      publicSignals: [],
      revealed: {},
    }
    const expected = { scope: 'a', message: 'b', statement: 'membership', roots: [5n], envelope } as const
    const verdict = async (allowDevelopmentKeys: boolean) =>
      (await createVerifier({ manifest, allowDevelopmentKeys })).verify(expected)
    assert.match(((await verdict(false)) as { reason: string }).reason, /development key/)
    assert.match(((await verdict(true)) as { reason: string }).reason, /publicSignals/)
  })

  it('of unknown versions are refused by name, and version 1, which has no keys', () => {
    const manifest = manifestWith(() => undefined) as KeyManifest
    for (const version of [0, 3, '2', null, undefined]) {
      assert.throws(
        () => parseKeyManifest({ ...manifest, version }),
        (error: unknown) => {
          assert.ok(error instanceof ArtifactError)
          assert.match(error.message, /manifest\.version is unknown.*docs\/migrations\.md/)
          return true
        },
      )
    }
    assert.throws(() => parseKeyManifest(MANIFEST), /manifest\.version is 1, which has no keys/)
  })

  it('that are malformed are refused with the field', async () => {
    const cases: [(entry: Record<string, unknown>) => void, RegExp][] = [
      [(entry) => delete entry['provenance'], /membership\.provenance is missing/],
      [(entry) => Object.assign(entry, { other: 1 }), /membership has an unknown field/],
      [
        (entry) => Object.assign(entry, { provenance: { kind: 'ceremony' } }),
        /provenance\.transcript is missing/,
      ],
      [(entry) => Object.assign(entry, { provenance: { kind: 'other' } }), /provenance\.kind is unknown/],
      [
        (entry) => Object.assign(entry, { provenance: { ...CEREMONY, transcript: 'AB'.repeat(32) } }),
        /transcript is malformed/,
      ],
      [(entry) => Object.assign(entry, { constraints: -1 }), /constraints must be/],
      [(entry) => Object.assign(entry, { sourceHash: '0x' }), /sourceHash is malformed/],
      [
        (entry) => Object.assign(entry, { artifacts: { x: { bytes: 1 } } }),
        /artifacts\.x\.sha256 is missing/,
      ],
      [(entry) => Object.assign(entry, { verificationKey: null }), /verificationKey must be an object/],
    ]
    for (const [change, message] of cases) {
      const manifest = manifestWith(change)
      assert.throws(() => parseKeyManifest(manifest), message)
      await assert.rejects(createVerifier({ manifest }), ArtifactError)
      await assert.rejects(createProver({ manifest, artifacts: '.' }), ArtifactError)
    }
    await assert.rejects(createProver({ manifest: manifestWith(() => undefined) }), TypeError)
  })

  it('name the ceremony in the first line of a contract, and only there', () => {
    const { key } = otherKey()
    const plain = exportSolidityVerifier({ verificationKey: key })
    const named = exportSolidityVerifier({ verificationKey: key, provenance: CEREMONY })
    const [first, ...rest] = named.split('\n')
    assert.equal(
      first,
      `// Key of a ceremony with 5 contributions; SHA-256 of its transcript: ${CEREMONY.transcript}`,
    )
    assert.equal(rest.join('\n'), plain)
    const injected = { ...CEREMONY, transcript: `${'a'.repeat(63)}\n` }
    assert.throws(() => exportSolidityVerifier({ verificationKey: key, provenance: injected }), ArtifactError)
  })
})

describe('envelopes of unknown versions', () => {
  it('are refused by name', async () => {
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const { hash } = VERIFICATION_KEYS['membership']!
    const base = {
      statement: 'membership',
      verificationKeyHash: hash,
      proof: {},
      publicSignals: [],
      revealed: {},
    }
    const reason = async (envelope: object): Promise<string> => {
      const verdict = await verifier.verify({
        scope: 'a',
        message: 'b',
        statement: 'membership',
        roots: [5n],
        envelope,
      })
      return verdict.valid ? 'valid' : verdict.reason
    }
    for (const version of [0, 4, '1', null]) {
      assert.match(
        await reason({ version, ...base }),
        /version: is unknown, this release reads 1 to 3; see docs\/migrations\.md/,
      )
    }
    assert.match(await reason({ version: 2, ...base }), /provenance: is missing/)
    assert.match(await reason({ version: 1, ...base, provenance: CEREMONY }), /unknown field/)
    assert.match(await reason({ version: 2, ...base, provenance: CEREMONY }), /provenance: is not that/)
    assert.match(
      await reason({ version: 2, ...base, provenance: { kind: 'x' } }),
      /provenance: provenance\.kind is unknown/,
    )
    assert.match(await reason({ version: 2, ...base, provenance: { kind: 'development' } }), /publicSignals/)
  })
})
