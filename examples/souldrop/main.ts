/* A souldrop with two tiers: whoever lives in the village may claim 10 tokens, whoever has since 2015 may claim 100; once. */
import { readFileSync } from 'node:fs'
import { parseEther, type TransactionReceipt } from 'viem'
import { souldropTiers } from '../../scripts/lib/apps.js'
import { compileSolidity } from '../../scripts/lib/solc.js'
import { openVillage } from '../../scripts/lib/village.js'

const [DEPLOYER, ANA, RELAYER] = [0, 1, 2] as const
const TOPIC = 0n

/** Runs the drop, and returns Ana's tokens and the receipt of her claim. */
export async function main(): Promise<{ balance: unknown; receipt: TransactionReceipt }> {
  await using village = await openVillage()
  const { chain, hub, contracts } = village
  const [treasury, recipient] = [DEPLOYER, ANA].map((i) => chain.wallets[i]!.account.address)

  const resident = await village.addPolicy({ claim: 'home.since', lte: 2026 })
  const settled = await village.addPolicy({ claim: 'home.since', lte: 2015 })
  const source = readFileSync(new URL('Token.sol', import.meta.url), 'utf8')
  const token = await chain.deploy(compileSolidity({ sources: { 'Token.sol': source } }).Token!)
  const { timestamp } = await chain.client.getBlock()
  const drop = await chain.deploy(contracts.TieredSouldrop!, [
    {
      ...{ hub: hub.address, token: token.address, treasury, deadline: timestamp + 30n * 86_400n },
      ...{ vestingStart: 0n, vestingSeconds: 0n },
    },
    souldropTiers([
      { policy: resident, amount: parseEther('10') },
      { policy: settled, amount: parseEther('100') },
    ]),
  ])
  await chain.send({ to: token, name: 'transfer', args: [drop.address, parseEther('10000')] })

  // Ana proves that she has lived here since 2015 at the latest. Who she is, and since when exactly, nobody learns.
  const ana = village.admit({ since: 2009n, age: 41n })
  const payload = (await chain.read({ to: drop, name: 'payloadFor', args: [1n, recipient] })) as `0x${string}`
  const proof = await village.prove(ana, settled, { app: drop.address, topic: TOPIC, payload })
  // Anybody may send it: only the recipient in the proof is paid.
  const receipt = await chain.send({ to: drop, name: 'claim', args: [1n, recipient, proof], from: RELAYER })
  return { balance: await chain.read({ to: token, name: 'balanceOf', args: [recipient] }), receipt }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { balance, receipt } = await main()
  process.stdout.write(`Ana has ${balance} units of the token, for ${receipt.gasUsed} gas.\n`)
}
