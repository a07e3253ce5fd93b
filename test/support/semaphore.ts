import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { type Group, type Identity, packGroth16Proof } from '@semaphore-protocol/core'
import type { Deployed, LocalChain } from '../../scripts/lib/chain.js'
import { linkLibraries, packageSources } from '../../scripts/lib/foreign-solidity.js'
import { compileSolidity } from '../../scripts/lib/solc.js'
import { bigIntToBytes, bytesToBigInt } from '../../src/field.js'
import type { VerificationKeyJson } from '../../src/groth16.js'
import type { ProofWithSignals } from '../../src/prover/engine/types.js'
import type { Inputs } from '../../src/prover/witness.js'
import { foreignFolder, SEMAPHORE } from './foreign.js'

/** A proof as Semaphore's libraries and contracts take it. */
export interface SemaphoreProof {
  readonly merkleTreeDepth: number
  readonly merkleTreeRoot: string
  readonly nullifier: string
  readonly message: string
  readonly scope: string
  readonly points: readonly string[]
}

/** Semaphore's own contracts. */
export interface SemaphoreContracts {
  readonly semaphore: Deployed
  readonly verifier: Deployed
}

/** Compiles Semaphore's contracts, as its package has them, and deploys them with their libraries. */
export async function deploySemaphore(chain: LocalChain): Promise<SemaphoreContracts> {
  const unit = (path: string): string => `@semaphore-protocol/contracts/${path}`
  const contracts = compileSolidity({
    sources: packageSources({ units: [unit('Semaphore.sol'), unit('base/SemaphoreVerifier.sol')] }),
  })
  const hash = await chain.deploy(contracts.PoseidonT3!)
  const verifier = await chain.deploy(contracts.SemaphoreVerifier!)
  const { bytecode } = contracts.Semaphore!
  const libraries = { 'poseidon-solidity/PoseidonT3.sol:PoseidonT3': hash.address }
  const linked = { ...contracts.Semaphore!, bytecode: linkLibraries({ bytecode, libraries }) }
  return { verifier, semaphore: await chain.deploy(linked, [verifier.address]) }
}

/** The ceremony's verification key of a depth, 1 to 32, from Semaphore's own package of proofs. */
export async function semaphoreKey(depth: number): Promise<VerificationKeyJson> {
  const file = 'node_modules/@semaphore-protocol/proof/src/verification-keys.json'
  const keys = JSON.parse(await readFile(file, 'utf8')) as Record<'vk_delta_2' | 'IC', unknown[]>
  const at = depth - 1
  return { ...keys, vk_delta_2: keys.vk_delta_2[at], IC: keys.IC[at] } as unknown as VerificationKeyJson
}

/** Hashes a message or scope as Semaphore does, to 248 bits. */
export function semaphoreHash(value: bigint): bigint {
  return bytesToBigInt(keccak_256(bigIntToBytes(value, 32))) >> 8n
}

/** Public signals of a Semaphore proof, in circuit order. */
export function semaphoreSignals(proof: SemaphoreProof): string[] {
  const { merkleTreeRoot, nullifier, message, scope } = proof
  return [merkleTreeRoot, nullifier, ...[message, scope].map((value) => `${semaphoreHash(BigInt(value))}`)]
}

/** Names of the files of the ceremony's artifacts, which `npm run foreign-keys` fetches. */
export function semaphoreArtifacts(depth: number): { wasm: string; zkey: string } {
  const path = (part: string): string => join(foreignFolder(SEMAPHORE), `semaphore-${depth}.${part}`)
  return { wasm: path('wasm'), zkey: path('zkey') }
}

/** Inputs of Semaphore's circuit, which hashes neither message nor scope. */
export function semaphoreInputs(o: {
  readonly identity: Identity
  readonly group: Group
  readonly message: bigint
  readonly scope: bigint
  readonly depth: number
}): Inputs {
  const { identity, group, depth } = o
  const { index, siblings } = group.generateMerkleProof(group.indexOf(identity.commitment))
  return {
    secret: identity.secretScalar,
    merkleProofLength: BigInt(siblings.length),
    merkleProofIndex: BigInt(index),
    merkleProofSiblings: Array.from({ length: depth }, (_, i) => siblings[i] ?? 0n),
    scope: semaphoreHash(o.scope),
    message: semaphoreHash(o.message),
  }
}

/** A proof of Semaphore's circuit as its libraries and contracts take it. */
export function toSemaphoreProof(o: {
  readonly made: ProofWithSignals
  readonly message: bigint
  readonly scope: bigint
  readonly depth: number
}): SemaphoreProof {
  const [root, nullifier] = o.made.publicSignals as [string, string]
  return {
    merkleTreeDepth: o.depth,
    merkleTreeRoot: root,
    nullifier,
    message: `${o.message}`,
    scope: `${o.scope}`,
    points: packGroth16Proof(o.made.proof as Parameters<typeof packGroth16Proof>[0]),
  }
}
