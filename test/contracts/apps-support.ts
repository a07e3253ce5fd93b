import { readFileSync } from 'node:fs'
import {
  type Address,
  encodeAbiParameters,
  type Hex,
  keccak256,
  parseAbiParameters,
  type TransactionReceipt,
} from 'viem'
import { compileApps, createHub, type Hub } from '../../scripts/lib/apps.js'
import {
  type Deployed,
  type LocalChain,
  type PolicyProof,
  startChain,
  toPolicyProof,
} from '../../scripts/lib/chain.js'
import { type CompiledContract, compileSolidity } from '../../scripts/lib/solc.js'
import { deployVerifier } from '../support/chain.js'
import { type ElevenSignals, type Signals, setupElevenSignals } from './eleven-signals.js'

/** Wallets by what they are: the first deploys and administers. */
export const [ADMIN, POLICIES, PUBLISHER, GUARDIAN, ALICE, MALLORY] = [0, 1, 2, 3, 4, 5] as const
export const ZERO_ADDRESS: Address = `0x${'0'.repeat(40)}`
export const DELAY = 3600
export const TIMES = { maxRootAge: 86_400, grace: 600, maxClockSkew: 300 }

/** A node with everything that apps need, and proofs of any signals. */
export interface Stage {
  readonly chain: LocalChain
  readonly contracts: Readonly<Record<string, CompiledContract>>
  readonly circuit: ElevenSignals
  readonly verifier: Deployed
  readonly factory: Deployed
  address(index: number): Address
  createHub(isUpgradeable: boolean, allowsDevelopmentKeys?: boolean): Promise<Hub>
  addPolicy(hub: Hub, policyDigest: bigint, changes?: object): Promise<TransactionReceipt>
  publish(hub: Hub, policyDigest: bigint, root: bigint): Promise<TransactionReceipt>
  prove(signals: Partial<Signals>): Promise<PolicyProof>
  now(): Promise<bigint>
  /** Mines a block at this time, so that calls see it as the latest. */
  moveTo(timestamp: bigint): Promise<void>
}

/** Compiles the apps, as the examples do, and the contracts of the tests. */
export function compileTestApps(): Readonly<Record<string, CompiledContract>> {
  const source = readFileSync('test/contracts/TestApps.sol', 'utf8')
  return { ...compileSolidity({ sources: { 'TestApps.sol': source } }), ...compileApps() }
}

/** Starts the node, and deploys verifier and factory. */
export async function startStage(): Promise<Stage> {
  const [circuit, chain] = await Promise.all([setupElevenSignals(), startChain({ accounts: 6 })])
  const contracts = compileTestApps()
  const verifier = await deployVerifier({ chain, verificationKey: circuit.verificationKey })
  const factory = await chain.deploy(contracts.PolicyHubFactory!)
  const address = (index: number): Address => chain.wallets[index]!.account.address
  return {
    ...{ chain, contracts, circuit, verifier, factory, address },
    createHub: (isUpgradeable, allowsDevelopmentKeys = true) =>
      createHub(chain, {
        ...{ contracts, factory, isUpgradeable, allowsDevelopmentKeys },
        roles: {
          admin: address(ADMIN),
          policies: address(POLICIES),
          publisher: address(PUBLISHER),
          guardian: address(GUARDIAN),
          delay: DELAY,
        },
      }),
    addPolicy: (hub, policyDigest, changes = {}) =>
      chain.send({
        to: hub,
        name: 'addPolicy',
        args: [
          policyDigest,
          { verifier: verifier.address, ...TIMES, disclosesHandle: false, closedAt: 0, ...changes },
        ],
        from: POLICIES,
      }),
    publish: (hub, policyDigest, root) =>
      chain.send({ to: hub, name: 'publishAnchorsRoot', args: [policyDigest, root], from: PUBLISHER }),
    prove: async (signals) => toPolicyProof(await circuit.prove(signals)),
    now: async () => (await chain.client.getBlock()).timestamp,
    async moveTo(timestamp) {
      await chain.control.setNextBlockTimestamp({ timestamp })
      await chain.control.mine({ blocks: 1 })
    },
  }
}

// Written from the documentation, not from the contracts' own views.

/** Returns the scope of an app's topic. */
export function scopeOf(chainId: number, hub: Address, app: Address, topic: bigint): bigint {
  const fields = parseAbiParameters('uint256, address, address, uint256')
  return hash(encodeAbiParameters(fields, [BigInt(chainId), hub, app, topic]))
}

/** Returns the message of a proof. */
export function messageOf(
  chainId: number,
  hub: Address,
  app: Address,
  account: Address,
  payload: Hex,
): bigint {
  const fields = parseAbiParameters('uint256, address, address, address, bytes32')
  return hash(encodeAbiParameters(fields, [BigInt(chainId), hub, app, account, payload]))
}

function hash(bytes: Hex): bigint {
  return BigInt(keccak256(bytes)) >> 8n
}
