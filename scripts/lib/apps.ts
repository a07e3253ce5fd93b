import { type Address, getAddress, parseEventLogs } from 'viem'
import { poseidonTables } from '../../src/chain/poseidon.js'
import { poseidonContract } from '../../src/ledger/index.js'
import { compilePolicy, type Policy, policyDigest } from '../../src/policy/index.js'
import type { Schema } from '../../src/sbt/index.js'
import type { Deployed, LocalChain } from './chain.js'
import { type CompiledContract, compileSolidity } from './solc.js'

/** What deploying takes of a chain. */
export type Deployer = Pick<LocalChain, 'deploy' | 'send' | 'read'>

/** Units whose contracts are deployed. */
const UNITS = [
  'PolicyHub.sol',
  'PolicyHubFactory.sol',
  'Poseidon4.sol',
  'Poseidon16.sol',
  'apps/SoulGovernor.sol',
  'apps/SoulboundToken.sol',
  'apps/TieredSouldrop.sol',
  '@openzeppelin/contracts/access/manager/AccessManager.sol',
]
const ZERO_ADDRESS: Address = `0x${'0'.repeat(40)}`

/** Compiles the hub, its factory and the apps together. */
export function compileApps(): Readonly<Record<string, CompiledContract>> {
  return compileSolidity({ sources: UNITS })
}

/** Who may do what in a hub; nobody by default. Delay in seconds. */
export interface HubRoles {
  readonly admin: Address
  readonly policies?: Address
  readonly publisher?: Address
  readonly guardian?: Address
  readonly delay?: number
}

/** A hub with the AccessManager that knows its roles. */
export interface Hub extends Deployed {
  readonly accessManager: Deployed
}

/**
 * Creates a hub by a factory.
 *
 * @param o.isUpgradeable  whether the admin can upgrade it after the delay
 */
export async function createHub(
  chain: Deployer,
  o: {
    readonly contracts: Readonly<Record<string, CompiledContract>>
    readonly factory: Deployed
    readonly roles: HubRoles
    readonly isUpgradeable: boolean
    readonly allowsDevelopmentKeys: boolean
  },
): Promise<Hub> {
  const { contracts, factory, isUpgradeable, allowsDevelopmentKeys } = o
  const roles = {
    policies: ZERO_ADDRESS,
    publisher: ZERO_ADDRESS,
    guardian: ZERO_ADDRESS,
    delay: 0,
    ...o.roles,
  }
  const receipt = await chain.send({
    ...{ to: factory, name: 'create', args: [roles, isUpgradeable, allowsDevelopmentKeys] },
  })
  const [created] = parseEventLogs({ abi: factory.abi, logs: receipt.logs, eventName: 'HubCreated' })
  const { hub, accessManager } = created!.args as unknown as { hub: Address; accessManager: Address }
  return {
    address: hub,
    abi: contracts.PolicyHub!.abi,
    gas: receipt.gasUsed,
    accessManager: { address: accessManager, abi: contracts.AccessManager!.abi, gas: 0n },
  }
}

/** Settings of a policy in a hub, in seconds. */
export interface PolicyTimes {
  readonly maxRootAge: number
  readonly grace: number
  readonly maxClockSkew: number
}

/**
 * Returns the arguments of `addPolicy`.
 *
 * @param o.verifier  verifier of the profile that the policy compiles to
 * @throws {RangeError} for a policy that reads ledgers, whose signals the hub does not know
 */
export function policyArguments(o: {
  readonly policy: Policy
  readonly verifier: Address
  readonly times: PolicyTimes
}): readonly [bigint, object] {
  const { policy, verifier, times } = o
  if (!['policy-s', 'policy-m'].includes(compilePolicy(policy).profile.name)) {
    throw new RangeError('policy must compile to policy-s or policy-m')
  }
  const disclosesHandle = policy.discloseHandle !== undefined
  return [policyDigest(policy), { verifier, ...times, disclosesHandle, closedAt: 0 }]
}

/**
 * Returns the tiers of a souldrop.
 *
 * @throws {RangeError} if their policies take nullifiers from different secrets: a Soul could claim several tiers
 */
export function souldropTiers(
  tiers: readonly { readonly policy: Policy; readonly amount: bigint }[],
): readonly { readonly policyDigest: bigint; readonly amount: bigint }[] {
  const secrets = tiers.map(({ policy }) => nullifierSource(policy))
  if (new Set(secrets).size !== 1) {
    throw new RangeError('tiers must take the nullifier from the same secret: one Soul, or one claim')
  }
  return tiers.map(({ policy, amount }) => ({ policyDigest: policyDigest(policy), amount }))
}

/** Contracts of Poseidon that a token needs. */
export interface Hashers {
  readonly poseidon3: Deployed
  readonly poseidon4: Deployed
  readonly poseidon16: Deployed
}

/** Deploys Poseidon of 4 or 16 inputs with its constants. */
export async function deployPoseidon(
  chain: Deployer,
  contracts: Readonly<Record<string, CompiledContract>>,
  inputs: 4 | 16,
): Promise<Deployed> {
  const tables: Address[] = []
  for (const bytecode of poseidonTables(inputs)) {
    tables.push((await chain.deploy({ abi: [], bytecode, runtimeSize: 0 })).address)
  }
  return chain.deploy(contracts[`Poseidon${inputs}`]!, [tables])
}

/** Deploys Poseidon of 3, 4 and 16 inputs, which every token on a chain can share. */
export async function deployHashers(
  chain: Deployer,
  contracts: Readonly<Record<string, CompiledContract>>,
): Promise<Hashers> {
  return {
    poseidon3: await chain.deploy({ ...poseidonContract(), runtimeSize: 0 }),
    poseidon4: await deployPoseidon(chain, contracts, 4),
    poseidon16: await deployPoseidon(chain, contracts, 16),
  }
}

/** Deploys a soulbound token. Returns it with its id as an issuer. */
export async function deployToken(
  chain: Deployer & Pick<LocalChain, 'chainId'>,
  o: {
    readonly contracts: Readonly<Record<string, CompiledContract>>
    readonly hub: Hub
    readonly hashers: Hashers
    readonly policyDigest: bigint
    readonly schema: Schema
    readonly name: string
    readonly symbol: string
    /** Seconds for which an SBT counts; by default for ever. */
    readonly validSeconds?: bigint
  },
): Promise<Deployed & { readonly issuer: string }> {
  const { contracts, hub, hashers, schema, name, symbol, validSeconds = 0n } = o
  const token = await chain.deploy(contracts.SoulboundToken!, [
    name,
    symbol,
    {
      hub: hub.address,
      policyDigest: o.policyDigest,
      schemaHash: schema.hash,
      validSeconds,
      leafHasher: hashers.poseidon3.address,
      nodeHasher: hashers.poseidon4.address,
      sbtHasher: hashers.poseidon16.address,
      authority: hub.accessManager.address,
    },
  ])
  return { ...token, issuer: `eip155:${chain.chainId}:${getAddress(token.address).toLowerCase()}` }
}

/** Names the secret that a policy's nullifiers follow from. */
function nullifierSource({ nullifier, slots }: Policy): string {
  if (nullifier === undefined) return 'soul'
  const { schema, issuers } = slots.find(({ name }) => name === nullifier.slot)!
  // Another issuer may give the same person another claim.
  return [schema.hash, nullifier.claim, ...[...issuers].sort()].join(' ')
}
