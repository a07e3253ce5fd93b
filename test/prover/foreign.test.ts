import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  Identity,
  Group as SemaphoreGroup,
  verifyProof as verifySemaphoreProof,
} from '@semaphore-protocol/core'
import { poseidon1, poseidon2 } from 'poseidon-lite'
import { FIELD_MODULUS as r } from '../../src/field.js'
import type { VerificationKeyJson } from '../../src/groth16.js'
import { createSoulproofEngine, type SoulproofEngine } from '../../src/prover/engine/index.js'
import type { ProofWithSignals } from '../../src/prover/engine/types.js'
import { calculateWitness, type Inputs } from '../../src/prover/witness.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'
import { verifyGroth16 } from '../../src/verifier/groth16.js'
import { type Foreign, foreignFolder, hasForeign, RLN, SEMAPHORE, UNIREP } from '../support/foreign.js'
import { semaphoreHash, semaphoreInputs, toSemaphoreProof } from '../support/semaphore.js'
import { snarkjsVerify } from '../support/snarkjs.js'

const fetched = (foreign: Foreign, what: string): string =>
  hasForeign(foreign) ? what : `${what}: skipped unless \`npm run foreign-keys\` has fetched ${foreign.name}`

describe('prover: keys of others', () => {
  let engines: SoulproofEngine[]
  before(async () => {
    engines = await Promise.all(
      (['simd', 'scalar'] as const).map((arithmetic) => createSoulproofEngine({ arithmetic, threads: 2 })),
    )
  })
  after(() => Promise.all(engines.map((engine) => engine.dispose())))

  /** Proves with every engine; snarkjs and ours accept each proof, and refuse it for other public signals. */
  async function proveAndVerify(o: {
    folder: string
    wasm: string
    zkey: string
    verificationKey: VerificationKeyJson
    inputs: Inputs
  }): Promise<ProofWithSignals[]> {
    const { verificationKey, inputs } = o
    const [wasm, provingKey] = await Promise.all(
      [o.wasm, o.zkey].map((file) => readFile(join(o.folder, file))),
    )
    const { vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2, IC } = await exportVerificationKey(provingKey!)
    for (const [name, value] of Object.entries({ vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2, IC })) {
      assert.deepEqual(value, verificationKey[name as keyof VerificationKeyJson], name)
    }
    const witness = await calculateWitness({ wasm: wasm!, inputs })
    return Promise.all(
      engines.map(async (engine) => {
        const made = await engine.prove({ provingKey: provingKey!, witness })
        const { proof, publicSignals } = made
        assert.ok(await snarkjsVerify(verificationKey, made))
        assert.ok(await verifyGroth16({ verificationKey, publicSignals, proof }))
        const others = publicSignals.map((value, i) => (i === 0 ? String((BigInt(value) + 1n) % r) : value))
        assert.equal(await snarkjsVerify(verificationKey, { proof, publicSignals: others }), false)
        assert.equal(await verifyGroth16({ verificationKey, publicSignals: others, proof }), false)
        return made
      }),
    )
  }

  const json = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as VerificationKeyJson

  describe(fetched(SEMAPHORE, "Semaphore v4's ceremony"), () => {
    before(function () {
      if (!hasForeign(SEMAPHORE)) this.skip()
    })
    const folder = foreignFolder(SEMAPHORE)

    for (const depth of [1, 2, 7, 10, 16, 20, 27, 32]) {
      it(`depth ${depth}: Semaphore accepts our proofs`, async () => {
        const identity = new Identity('a secret')
        const members = Array.from({ length: depth === 1 ? 1 : 2 }, (_, i) => BigInt(i + 5))
        const group = new SemaphoreGroup([...members, identity.commitment])
        const question = { message: 12n, scope: 11n, depth }
        const proofs = await proveAndVerify({
          folder,
          wasm: `semaphore-${depth}.wasm`,
          zkey: `semaphore-${depth}.zkey`,
          verificationKey: await json(join(folder, `semaphore-${depth}.json`)),
          inputs: semaphoreInputs({ identity, group, ...question }),
        })
        const [scope, message] = [question.scope, question.message].map(semaphoreHash) as [bigint, bigint]
        const nullifier = poseidon2([scope, identity.secretScalar])
        for (const proof of proofs) {
          assert.deepEqual(proof.publicSignals, [group.root, nullifier, message, scope].map(String))
          const made = toSemaphoreProof({ made: proof, ...question }) as Parameters<
            typeof verifySemaphoreProof
          >[0]
          assert.ok(await verifySemaphoreProof(made))
          assert.equal(await verifySemaphoreProof({ ...made, message: '13' }), false)
        }
      })
    }
  })

  describe(fetched(UNIREP, "UniRep's circuits"), () => {
    before(function () {
      if (!hasForeign(UNIREP)) this.skip()
    })
    const folder = join(foreignFolder(UNIREP), 'zksnarkBuild')
    const common = { identity_secret: 123n, attester_id: 2n ** 160n - 1n, epoch: 7n, chain_id: 1n }
    const cases: Record<string, { inputs: Inputs; signal: bigint }> = {
      signup: { inputs: common, signal: poseidon1([123n]) },
      epochKeyLite: {
        inputs: { ...common, reveal_nonce: 0n, nonce: 1n, sig_data: 2n ** 200n },
        signal: (7n << 8n) + ((2n ** 160n - 1n) << 56n) + (1n << 217n),
      },
    }
    for (const [name, { inputs, signal }] of Object.entries(cases)) {
      it(name, async () => {
        const verificationKey = await json(join(folder, `${name}.vkey.json`))
        const files = { wasm: `${name}.wasm`, zkey: `${name}.zkey` }
        for (const { publicSignals } of await proveAndVerify({ folder, ...files, verificationKey, inputs })) {
          assert.equal(publicSignals[0], String(signal))
        }
      })
    }
  })

  describe(fetched(RLN, "Waku's rate-limiting nullifiers"), () => {
    before(function () {
      if (!hasForeign(RLN)) this.skip()
    })
    it('depth 20', async () => {
      const folder = join(foreignFolder(RLN), 'dist', 'resources')
      const module = pathToFileURL(join(folder, 'verification_key.js')).href
      const { default: verificationKey } = (await import(module)) as { default: VerificationKeyJson }
      const [secret, epoch, identifier, x] = [3n, 1_700_000_000n, 5n, 77n]
      const inputs = {
        identity_secret: secret,
        path_elements: Array.from({ length: 20 }, (_, i) => [BigInt(i)]),
        identity_path_index: Array.from({ length: 20 }, (_, i) => BigInt(i % 2)),
        x,
        epoch,
        rln_identifier: identifier,
      }
      const files = { wasm: 'rln.wasm', zkey: 'rln_final.zkey' }
      for (const { publicSignals } of await proveAndVerify({ folder, ...files, verificationKey, inputs })) {
        // Of Shamir's line through the secret, the share at x; what makes its slope public is the nullifier.
        const slope = poseidon2([secret, poseidon2([epoch, identifier])])
        assert.equal(publicSignals[0], String((secret + slope * x) % r))
        assert.ok(publicSignals.includes(String(poseidon1([slope]))))
        assert.equal(publicSignals.length, 6)
      }
    })
  })
})
