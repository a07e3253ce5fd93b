import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Group, generateProof, type Identity, type SemaphoreProof } from '@semaphore-protocol/core'
import { keccak_256 } from '@noble/hashes/sha3.js'
import type { Deployed, LocalChain } from '../../scripts/lib/chain.js'
import { linkLibraries, packageSources } from '../../scripts/lib/foreign-solidity.js'
import { compileSolidity } from '../../scripts/lib/solc.js'
import { bigIntToBytes, bytesToBigInt } from '../../src/field.js'
import type { VerificationKeyJson } from '../../src/groth16.js'
import type { ProofWithSignals } from '../../src/prover/engine/types.js'
import type { Inputs } from '../../src/prover/witness.js'
import { foreignFolder, SEMAPHORE } from './foreign.js'

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
  const [hash, verifier] = await Promise.all([
    chain.deploy(contracts.PoseidonT3!),
    chain.deploy(contracts.SemaphoreVerifier!),
  ])
  const { bytecode } = contracts.Semaphore!
  const libraries = { 'poseidon-solidity/PoseidonT3.sol:PoseidonT3': hash.address }
  const linked = { ...contracts.Semaphore!, bytecode: linkLibraries({ bytecode, libraries }) }
  return { verifier, semaphore: await chain.deploy(linked, [verifier.address]) }
}
