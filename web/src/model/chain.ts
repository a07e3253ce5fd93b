import type { Envelope } from 'soulproof/prover'
import type { Abi, Address, Hex } from 'viem'
import { signalIndex } from './signals.js'

/** What a local chain did. */
export interface OnChain {
  readonly chainId: number
  readonly address: Address
  readonly accepted: boolean
  /** Of a copy with another nullifier: a contract must refuse it. */
  readonly refusedAltered: boolean
  /** Of a transaction that verifies and does nothing else. */
  readonly gas: bigint
}

/** There is no node, or it does not take part. */
export class NoChainError extends Error {
  override name = 'NoChainError'
}

/** Given, not estimated: with too little gas a verifier answers no instead of reverting, so that an estimate is too low. */
const MOST_GAS = 1_000_000n

/**
 * Deploys the verifier contract of a proof's statement to a local node, and asks it about the proof.
 *
 * @param url  where the node answers, anvil by itself at http://127.0.0.1:8545
 * @throws {NoChainError} in words, if no node with unlocked accounts answers
 */
export async function verifyOnChain(envelope: Envelope, url: string): Promise<OnChain> {
  const [
    { createPublicClient, createWalletClient, defineChain, encodeFunctionData, http },
    { default: contracts },
  ] = await Promise.all([import('viem'), import('virtual:verifier-contracts')])
  const contract = contracts[envelope.statement]
  if (contract === undefined) throw new NoChainError(`This page has no contract for ${envelope.statement}.`)
  const transport = http(url, { retryCount: 0, timeout: 4_000 })
  const chainId = await createPublicClient({ transport })
    .getChainId()
    .catch(() => {
      throw new NoChainError('No node answers at this address.')
    })
  const chain = defineChain({
    ...{ id: chainId, name: 'local', nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 } },
    rpcUrls: { default: { http: [url] } },
  })
  const common = { chain, transport, pollingInterval: 50, cacheTime: 0 }
  const client = createPublicClient(common)
  const wallet = createWalletClient(common)
  const [account] = await wallet.getAddresses()
  if (account === undefined)
    throw new NoChainError('The node has no unlocked account, so it is no test node.')
  const { abi, bytecode } = contract as { abi: Abi; bytecode: Hex }
  const hash = await wallet.deployContract({ abi, bytecode, account, args: [] })
  const { contractAddress } = await client.waitForTransactionReceipt({ hash })
  const address = contractAddress as Address
  const signals = envelope.publicSignals.map(BigInt)
  const call = (publicSignals: readonly bigint[]) => ({
    ...{ address, abi, functionName: 'verifyProof', account },
    args: [...pointsOf(envelope), publicSignals],
  })
  const altered = signals.map((value, i) =>
    i === signalIndex(envelope.statement, 'nullifier') ? value ^ 1n : value,
  )
  const { address: to, ...checking } = call(signals)
  const transaction = await wallet.sendTransaction({
    to,
    account,
    gas: MOST_GAS,
    data: encodeFunctionData(checking),
  })
  const [accepted, acceptedAltered, { gasUsed: gas }] = await Promise.all([
    client.readContract(call(signals)),
    client.readContract(call(altered)),
    client.waitForTransactionReceipt({ hash: transaction }),
  ])
  return { chainId, address, accepted: accepted === true, refusedAltered: acceptedAltered === false, gas }
}

/** The proof's points as contracts take them: imaginary parts first (EIP-197). */
function pointsOf({ proof }: Envelope): readonly unknown[] {
  const [x, y] = proof.pi_b as unknown as readonly (readonly [string, string])[]
  const pair = ([first, second]: readonly string[]) => [BigInt(first as string), BigInt(second as string)]
  return [
    pair(proof.pi_a),
    [pair([...(x as readonly string[])].reverse()), pair([...(y as readonly string[])].reverse())],
    pair(proof.pi_c),
  ]
}
