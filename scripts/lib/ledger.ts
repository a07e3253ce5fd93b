import type { Address } from 'viem'
import { poseidonContract } from '../../src/ledger/index.js'
import type { Deployed, LocalChain } from './chain.js'
import { type CompiledContract, compileSolidity } from './solc.js'

/** Names of the demo's and the tests' ledger. */
export const CATEGORIES = ['unpaid', 'defaults'] as const

/** Compiles the contract of ledgers, and the loan. */
export function compileLedger(): Readonly<Record<'Ledger' | 'Loan', CompiledContract>> {
  const { Ledger, Loan } = compileSolidity({ sources: ['Ledger.sol', 'examples/Loan.sol'] })
  return { Ledger: Ledger!, Loan: Loan! }
}

/** Deploys Poseidon of three inputs. */
export function deployPoseidon3(chain: LocalChain): Promise<Deployed> {
  return chain.deploy({ ...poseidonContract(), runtimeSize: 0 })
}

/** How a ledger is deployed. */
export interface LedgerSettings {
  readonly hasher: Address
  readonly verifier: Address
  readonly operator?: Address
  readonly challengePeriod?: bigint
  readonly bond?: bigint
  readonly allowDevelopmentKey?: boolean
  readonly categories?: readonly string[]
}

/** Deploys a ledger, owned by the first wallet. Returns it with its id and the block before. */
export async function deployLedger(
  chain: LocalChain,
  settings: LedgerSettings,
): Promise<Deployed & { readonly id: string; readonly fromBlock: bigint }> {
  const { hasher, verifier, operator = `0x${'0'.repeat(40)}`, challengePeriod = 0n, bond = 0n } = settings
  const fromBlock = await chain.client.getBlockNumber({ cacheTime: 0 })
  const ledger = await chain.deploy(compileLedger().Ledger, [
    {
      ...{ hasher, verifier, operator, challengePeriod, bond },
      allowDevelopmentKey: settings.allowDevelopmentKey ?? true,
      owner: chain.wallets[0]!.account.address,
    },
    settings.categories ?? CATEGORIES,
  ])
  return { ...ledger, id: ledgerIdFor(chain.chainId, ledger.address), fromBlock }
}

/** Returns the id of the ledger at an address. */
export function ledgerIdFor(chainId: number, address: Address): string {
  return `eip155:${chainId}:${address.toLowerCase()}`
}
