import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import {
  Identity,
  Group as SemaphoreGroup,
  verifyProof as verifySemaphoreProof,
} from '@semaphore-protocol/core'
import { type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { Group } from '../../src/merkle/index.js'
import { createProver, type Prover } from '../../src/prover/index.js'
import { calculateWitness } from '../../src/prover/witness.js'
import { exportVerificationKey } from '../../src/setup/verification-key.js'
import { importSoul } from '../../src/soul/index.js'
import { createVerifier, verifyGroth16, verifyGroth16Batch } from '../../src/verifier/index.js'
import { assertReverts, undoAfterEach } from '../support/chain.js'
import { hasForeign, SEMAPHORE } from '../support/foreign.js'
import {
  deploySemaphore,
  type SemaphoreContracts,
  type SemaphoreProof,
  semaphoreArtifacts,
  semaphoreInputs,
  semaphoreKey,
  semaphoreSignals,
  toSemaphoreProof,
} from '../support/semaphore.js'

/** Made by Semaphore's own library, with snarkjs and the ceremony's keys: `npm run bench:semaphore -- --vectors`. */
const VECTORS = JSON.parse(readFileSync('test/integration/semaphore-proofs.json', 'utf8')) as {
  members: string[]
  proofs: SemaphoreProof[]
}
const GROUP_ID = 0n

describe('Semaphore v4', () => {
  const identity = new Identity('a secret')
  const soul = importSoul({ semaphore: identity.export() })
  const members = VECTORS.members.map(BigInt)
  let chain: LocalChain
  let contracts: SemaphoreContracts
  let prover: Prover

  before(async () => {
    ;[chain, prover] = await Promise.all([startChain(), createProver()])
    contracts = await deploySemaphore(chain)
    await chain.send({ to: contracts.semaphore, name: 'createGroup' })
    await chain.send({ to: contracts.semaphore, name: 'addMembers', args: [GROUP_ID, members] })
  })
  after(() => Promise.all([chain?.stop(), prover?.dispose()]))
  undoAfterEach(() => chain)

  /** The proof as Semaphore's contract takes it. */
  const argument = ({ points, ...rest }: SemaphoreProof): object => ({
    ...Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [name, BigInt(value as string | number)]),
    ),
    points: points.map(BigInt),
  })
  const validate = (proof: SemaphoreProof): ReturnType<LocalChain['send']> =>
    chain.send({ to: contracts.semaphore, name: 'validateProof', args: [GROUP_ID, argument(proof)] })
  const isValid = (proof: SemaphoreProof): Promise<unknown> =>
    chain.read({ to: contracts.semaphore, name: 'verifyProof', args: [GROUP_ID, argument(proof)] })

  it('one group: on chain, in their library and in ours it has one root, and the Soul is their identity', async () => {
    assert.equal(soul.commitment, identity.commitment)
    const root = await chain.read({ to: contracts.semaphore, name: 'getMerkleTreeRoot', args: [GROUP_ID] })
    assert.equal(root, new Group(members).root)
    assert.equal(root, new SemaphoreGroup(members).root)
    assert.equal(
      await chain.read({ to: contracts.semaphore, name: 'indexOf', args: [GROUP_ID, soul.commitment] }),
      BigInt(new Group(members).indexOf(soul.commitment)),
    )
  })

  it('verifyGroth16 accepts what their prover made with their ceremony, at three depths, and refuses each changed signal', async () => {
    for (const vector of VECTORS.proofs) {
      const verificationKey = await semaphoreKey(vector.merkleTreeDepth)
      const publicSignals = semaphoreSignals(vector)
      const proof = unpack(vector.points)
      assert.ok(await verifyGroth16({ verificationKey, publicSignals, proof }))
      const changed = publicSignals.map((value, i) => publicSignals.with(i, `${(BigInt(value) + 1n) % r}`))
      const batch = [publicSignals, ...changed].map((signals) => ({ publicSignals: signals, proof }))
      assert.deepEqual(await verifyGroth16Batch({ verificationKey, proofs: batch }), {
        valid: false,
        invalid: [1, 2, 3, 4],
      })
      // Their keys differ by depth in delta and IC alone: a proof of one depth says nothing at another.
      const other = await semaphoreKey(vector.merkleTreeDepth - 1)
      assert.equal(await verifyGroth16({ verificationKey: other, publicSignals, proof }), false)
    }
  })

  it('their contract accepts these proofs once each: a second time is refused, and so is each changed signal', async () => {
    for (const vector of VECTORS.proofs) {
      assert.equal(await isValid(vector), true)
      for (const name of ['nullifier', 'message', 'scope'] as const) {
        assert.equal(await isValid({ ...vector, [name]: `${BigInt(vector[name]) + 1n}` }), false, name)
      }
      // An alias of the nullifier would be a second one.
      assert.equal(await isValid({ ...vector, nullifier: `${BigInt(vector.nullifier) + r}` }), false)
      await assertReverts(
        isValid({ ...vector, merkleTreeRoot: `${BigInt(vector.merkleTreeRoot) + 1n}` }),
        'Semaphore__MerkleTreeRootIsNotPartOfTheGroup',
      )
      await validate(vector)
      await assertReverts(validate(vector), 'Semaphore__YouAreUsingTheSameNullifierTwice')
    }
  })

  it('a double vote by two protocols: for one Soul and scope nullifiers differ, so that no app may accept both', async () => {
    const verifier = await createVerifier({ allowDevelopmentKeys: true })
    const [vector] = VECTORS.proofs as [SemaphoreProof]
    const context = { scope: BigInt(vector.scope), message: 12n }
    const group = new SemaphoreGroup(members)
    const envelope = await prover.prove({ statement: 'membership', ...context, soul, group })
    const root = (await chain.read({
      to: contracts.semaphore,
      name: 'getMerkleTreeRoot',
      args: [GROUP_ID],
    })) as bigint
    const result = await verifier.verify({ statement: 'membership', ...context, roots: [root], envelope })
    assert.ok(result.valid)
    assert.notEqual(`${result.nullifier}`, vector.nullifier)
  })

  const live = hasForeign(SEMAPHORE)
    ? 'with the keys of the ceremony'
    : 'with the keys of the ceremony: skipped unless `npm run foreign-keys` has fetched them'
  describe(live, () => {
    before(function () {
      if (!hasForeign(SEMAPHORE)) this.skip()
    })

    for (const depth of [3, 20]) {
      it(`depth ${depth}: proofs by our prover are spent in their contract, and valid for their library and ours`, async () => {
        const files = semaphoreArtifacts(depth)
        const [wasm, provingKey] = await Promise.all([readFile(files.wasm), readFile(files.zkey)])
        const context = { message: 2n ** 255n, scope: 70n + BigInt(depth), depth }
        const inputs = semaphoreInputs({ identity, group: new SemaphoreGroup(members), ...context })
        const made = await prover.groth16({ provingKey, witness: await calculateWitness({ wasm, inputs }) })
        const verificationKey = await semaphoreKey(depth)
        const { vk_delta_2, IC } = await exportVerificationKey(provingKey)
        assert.deepEqual(
          { vk_delta_2, IC },
          { vk_delta_2: verificationKey.vk_delta_2, IC: verificationKey.IC },
        )
        assert.ok(await verifyGroth16({ verificationKey, ...made }))
        const proof = toSemaphoreProof({ made, ...context })
        assert.deepEqual(semaphoreSignals(proof), made.publicSignals)
        assert.ok(await verifySemaphoreProof(proof as Parameters<typeof verifySemaphoreProof>[0]))
        await validate(proof)
        await assertReverts(validate(proof), 'Semaphore__YouAreUsingTheSameNullifierTwice')
      })
    }
  })
})

/** The proof of snarkjs's form from Semaphore's eight numbers, which have imaginary parts first (EIP-197). */
function unpack(points: readonly string[]): Parameters<typeof verifyGroth16>[0]['proof'] {
  const [a0, a1, b0, b1, b2, b3, c0, c1] = points as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ]
  return {
    protocol: 'groth16',
    curve: 'bn128',
    pi_a: [a0, a1, '1'],
    pi_b: [
      [b1, b0],
      [b3, b2],
      ['1', '0'],
    ],
    pi_c: [c0, c1, '1'],
  }
}
