import { createPublicClient, createWalletClient, type Hex, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { Deployer } from './lib/apps.js'
import { deploy } from './lib/deploy.js'

/*
 * Deploys a hub with its policies, and apps on it:
 *
 *   DEPLOYER_KEY=0x… npm run deploy -- --rpc https://… --config deploy.json
 *
 * The configuration is `DeployConfig` of scripts/lib/deploy.ts. Prints addresses, and the calls that other roles have to make, as JSON.
 */

const option = (name: string): string => {
  const value = process.argv[process.argv.indexOf(`--${name}`) + 1]
  if (!process.argv.includes(`--${name}`) || value === undefined) throw new Error(`--${name} is missing`)
  return value
}

const key = process.env.DEPLOYER_KEY
if (key === undefined) throw new Error('DEPLOYER_KEY is missing')
const account = privateKeyToAccount(key as Hex)
const transport = http(option('rpc'))
const client = createPublicClient({ transport })
const wallet = createWalletClient({ account, transport })

const mined = async (hash: Hex) => {
  const receipt = await client.waitForTransactionReceipt({ hash })
  if (receipt.status !== 'success') throw new Error(`${hash} was reverted`)
  return receipt
}
const deployer: Deployer = {
  async deploy({ abi, bytecode }, args = []) {
    const receipt = await mined(await wallet.deployContract({ abi, bytecode, args, chain: null }))
    return { address: receipt.contractAddress!, abi, gas: receipt.gasUsed }
  },
  async send({ to, name, args = [] }) {
    const { request } = await client.simulateContract({
      ...{ address: to.address, abi: to.abi, functionName: name, args, account },
    })
    return mined(await wallet.writeContract({ ...request, chain: null }))
  },
  read: ({ to, name, args = [] }) =>
    client.readContract({ address: to.address, abi: to.abi, functionName: name, args }),
}
const deployment = await deploy({ deployer, sender: account.address, file: option('config') })
process.stdout.write(`${JSON.stringify(deployment, null, 2)}\n`)
