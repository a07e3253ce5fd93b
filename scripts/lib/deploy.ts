import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Address, encodeFunctionData, getAddress, type Hex } from 'viem'
import { compilePolicy, type Policy, parsePolicy, policyDigest } from '../../src/policy/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { exportSolidityVerifier } from '../../src/verifier/index.js'
import {
  compileApps,
  createHub,
  type Deployer,
  type HubRoles,
  policyArguments,
  souldropTiers,
} from './apps.js'
import type { Deployed } from './chain.js'
import { compileSolidity } from './solc.js'

/** What is to be deployed: a hub with its policies, and apps on it. Times are in seconds, amounts decimal strings. */
export interface DeployConfig {
  readonly hub: HubRoles & { readonly isUpgradeable: boolean }
  /** Take the development keys of this package. Never on a chain whose state has value. */
  readonly allowDevelopmentKeys?: boolean
  readonly policies: readonly {
    /** File with the policy, relative to the configuration. */
    readonly policy: string
    /** File with a verification key of its profile, from a ceremony; by default the development key of this package. */
    readonly verificationKey?: string
    readonly maxRootAge: number
    readonly grace: number
    readonly maxClockSkew: number
  }[]
  /** `policy` is a number in the list above, from 0. */
  readonly governor?: {
    readonly name: string
    readonly policy: number
    readonly votingDelay: number
    readonly votingPeriod: number
    readonly quorum: number
  }
  readonly souldrop?: {
    readonly token: Address
    readonly treasury: Address
    readonly deadline: number
    readonly vestingStart?: number
    readonly vestingSeconds?: number
    readonly tiers: readonly { readonly policy: number; readonly amount: string }[]
  }
}

/** Where everything is, and what the roles still have to send. */
export interface Deployment {
  readonly addresses: Readonly<Record<string, Address>>
  /** Calls that only a role may make, in order. */
  readonly toSend: readonly {
    readonly from: Address
    readonly to: Address
    readonly data: Hex
    readonly what: string
  }[]
}

/**
 * Deploys a configuration. The deployer gets no role that the configuration does not give it: where it may not add policies itself, the calls
 * are returned, and apps, whose constructors ask for their policies, are left out.
 *
 * @param o.sender  address of the deployer
 * @param o.file    the configuration
 * @throws {Error} naming what is wrong with the configuration
 */
export async function deploy(o: {
  readonly deployer: Deployer
  readonly sender: Address
  readonly file: string
}): Promise<Deployment> {
  const { deployer, sender, file } = o
  const config = JSON.parse(readFileSync(file, 'utf8')) as DeployConfig
  const near = (path: string): unknown => JSON.parse(readFileSync(resolve(dirname(file), path), 'utf8'))
  const contracts = compileApps()
  const addresses: Record<string, Address> = {}
  const toSend: Deployment['toSend'][number][] = []

  const policies: readonly Policy[] = config.policies.map(({ policy }) => parsePolicy(near(policy)))
  const at = (index: number): Policy => {
    const found = policies[index]
    if (found === undefined) throw new RangeError('policy is not the number of a policy')
    return found
  }
  // Before anything is paid for.
  const tiers =
    config.souldrop &&
    souldropTiers(
      config.souldrop.tiers.map(({ policy, amount }) => ({ policy: at(policy), amount: BigInt(amount) })),
    )

  const verifiers = new Map<string, Deployed>()
  const verifierOf = async (index: number): Promise<Deployed> => {
    const { verificationKey } = config.policies[index]!
    const profile = compilePolicy(at(index)).profile.name
    const name = verificationKey ?? profile
    const known = verifiers.get(name)
    if (known !== undefined) return known
    const key =
      verificationKey === undefined ? VERIFICATION_KEYS[profile]!.key : (near(verificationKey) as object)
    const source = exportSolidityVerifier({ verificationKey: key })
    const deployed = await deployer.deploy(
      compileSolidity({ sources: { 'Verifier.sol': source } }).Groth16Verifier!,
    )
    verifiers.set(name, deployed)
    addresses[`verifier ${name}`] = deployed.address
    return deployed
  }

  const factory = await deployer.deploy(contracts.PolicyHubFactory!)
  const { isUpgradeable, ...roles } = config.hub
  const hub = await createHub(deployer, {
    ...{ contracts, factory, roles, isUpgradeable },
    allowsDevelopmentKeys: config.allowDevelopmentKeys === true,
  })
  Object.assign(addresses, {
    factory: factory.address,
    hub: hub.address,
    accessManager: hub.accessManager.address,
  })
  const isOurs = roles.policies !== undefined && getAddress(roles.policies) === getAddress(sender)
  for (const [index, { maxRootAge, grace, maxClockSkew }] of config.policies.entries()) {
    const { address } = await verifierOf(index)
    const times = { maxRootAge, grace, maxClockSkew }
    const args = policyArguments({ policy: at(index), verifier: address, times })
    if (isOurs) await deployer.send({ to: hub, name: 'addPolicy', args })
    else {
      const data = encodeFunctionData({ abi: hub.abi, functionName: 'addPolicy', args })
      const from = roles.policies ?? roles.admin
      toSend.push({ from, to: hub.address, data, what: `addPolicy of ${config.policies[index]!.policy}` })
    }
  }
  if (!isOurs) return { addresses, toSend }

  const { governor, souldrop } = config
  if (governor !== undefined) {
    const { name, votingDelay, votingPeriod, quorum } = governor
    const args = [name, hub.address, policyDigest(at(governor.policy)), votingDelay, votingPeriod, quorum]
    addresses.governor = (await deployer.deploy(contracts.SoulGovernor!, args)).address
  }
  if (souldrop !== undefined) {
    const { token, treasury, deadline, vestingStart = 0, vestingSeconds = 0 } = souldrop
    const settings = { hub: hub.address, token, treasury, deadline, vestingStart, vestingSeconds }
    addresses.souldrop = (await deployer.deploy(contracts.TieredSouldrop!, [settings, tiers])).address
  }
  return { addresses, toSend }
}
