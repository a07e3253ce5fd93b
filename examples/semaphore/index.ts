/**
 * A Soul is a Semaphore v4 identity: it joins a Semaphore group on chain, and our prover makes its Semaphore proof, with the keys of
 * Semaphore's ceremony (`npm run foreign-keys` fetches them). Semaphore's contract accepts it, and so does our verifier.
 */
import { readFile } from 'node:fs/promises'
import { Group, Identity } from '@semaphore-protocol/core'
import { wtns } from 'snarkjs'
import { createProver } from 'soulproof/prover'
import { importSoul } from 'soulproof/soul'
import { verifyGroth16 } from 'soulproof/verifier'
import { startChain } from '../../scripts/lib/chain.js'
import {
  deploySemaphore,
  semaphoreArtifacts,
  semaphoreInputs,
  semaphoreKey,
  toSemaphoreProof,
} from '../../test/support/semaphore.js'

await using chain = await startChain()
await using prover = await createProver()
const { semaphore } = await deploySemaphore(chain)

const identity = new Identity()
const soul = importSoul({ semaphore: identity.export() })
const group = new Group([5n, 6n, soul.commitment, 8n])
await chain.send({ to: semaphore, name: 'createGroup' })
await chain.send({ to: semaphore, name: 'addMembers', args: [0n, group.members] })

const question = { message: 1n, scope: 2026n, depth: group.depth }
const artifacts = semaphoreArtifacts(group.depth)
const witness = { type: 'mem' as const, data: new Uint8Array() }
await wtns.calculate(semaphoreInputs({ identity, group, ...question }) as never, artifacts.wasm, witness)
const provingKey = await readFile(artifacts.zkey)
const made = await prover.groth16({ provingKey, witness: witness.data })

export const verified = await verifyGroth16({ verificationKey: await semaphoreKey(group.depth), ...made })
const { points, ...rest } = toSemaphoreProof({ made, ...question })
const numbers = Object.entries(rest).map(([name, value]) => [name, BigInt(value)])
const proof = { ...Object.fromEntries(numbers), points: points.map(BigInt) }
export const receipt = await chain.send({ to: semaphore, name: 'validateProof', args: [0n, proof] })
console.log({ verified, gasUsed: receipt.gasUsed })
