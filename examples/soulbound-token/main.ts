/* A soulbound token that Souls mint by a proof, and that is an SBT in a registry on chain: a later proof opens it there. */
import { type PublicClient, parseEventLogs, type TransactionReceipt } from 'viem'
import { deployHashers, deployToken } from '../../scripts/lib/apps.js'
import { openVillage } from '../../scripts/lib/village.js'
import { createRegistryIndexer } from '../../src/chain/index.js'
import { parsePolicy, policyDigest } from '../../src/policy/index.js'
import { defineSchema, issueSbt } from '../../src/sbt/index.js'
import { blindHolder } from '../../src/soul/index.js'
import { createVerifier } from '../../src/verifier/index.js'

const ANA = 1
const TOPIC = 0n
const MEMBER = defineSchema({ name: 'member/1', claims: { village: 'string' } })

/** Mints Ana's token, and returns whether a proof about it verifies, as what, and the receipts. */
export async function main(): Promise<{
  readonly revealed: unknown
  readonly minted: TransactionReceipt
  readonly committed: TransactionReceipt
}> {
  await using village = await openVillage()
  const { chain, hub, contracts, prover } = village
  const to = chain.wallets[ANA]!.account.address
  const residents = await village.addPolicy({ claim: 'home.since', lte: 2026 }, { reveal: ['home.village'] })
  const fromBlock = await chain.client.getBlockNumber()
  const token = await deployToken(chain, {
    ...{ contracts, hub, hashers: await deployHashers(chain, contracts), schema: MEMBER },
    ...{ policyDigest: policyDigest(residents), name: 'Member of Gruyères', symbol: 'GRUY' },
  })

  // Ana blinds herself as the holder, and proves. What the proof reveals becomes the claim of the new SBT.
  const ana = village.admit({ since: 2009n, age: 41n })
  const { holder, salt } = blindHolder({ soul: ana.soul })
  const payload = (await chain.read({ to: token, name: 'payloadFor', args: [to, holder] })) as `0x${string}`
  const proof = await village.prove(ana, residents, { app: token.address, topic: TOPIC, payload })
  const minted = await chain.send({ to: token, name: 'mint', args: [to, holder, proof] })
  const committed = await chain.send({ to: token, name: 'commit', args: [100n] })

  // Her wallet rebuilds the SBT from the event, and opens the tree that it rebuilds from all events.
  const [issued] = parseEventLogs({ abi: token.abi, logs: minted.logs, eventName: 'Issued' })
  const { tokenId, issuedAt } = issued!.args as unknown as { tokenId: bigint; issuedAt: bigint }
  const client = chain.client as PublicClient
  const indexer = await createRegistryIndexer({ client, address: token.address, fromBlock })
  await indexer.sync()
  const { sbt } = issueSbt({
    ...{ issuer: token.issuer, schema: MEMBER, holder, issuedAt, statusId: Number(tokenId) },
    claims: { village: 'Gruyères' },
  })
  const held = { sbt, salt, anchor: { registered: indexer.proof(Number(tokenId)) } }

  // Anywhere else: a server asks for members, and learns the village and nothing more.
  const policy = parsePolicy({
    version: 1,
    schemas: { [MEMBER.name]: MEMBER.claims },
    sbts: { card: { issuers: [token.issuer], schema: MEMBER.name, anchor: 'registered' } },
    require: { has: 'card' },
    reveal: ['card.village'],
  })
  const root = (await chain.read({ to: token, name: 'root' })) as bigint
  const roots = { issuers: { [token.issuer]: { registry: root } } }
  const common = {
    policy,
    now: (await chain.client.getBlock()).timestamp,
    scope: 'forum',
    message: 'session',
  }
  const envelope = await prover.prove({ ...common, soul: ana.soul, sbts: [held], roots })
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const verified = await verifier.verify({ ...common, roots: [roots], envelope })
  if (!verified.valid) throw new Error(verified.reason)
  return { revealed: verified.revealed, minted, committed }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { minted, committed } = await main()
  process.stdout.write(
    `Minted for ${minted.gasUsed} gas, in the root for ${committed.gasUsed} more; a proof about it verifies.\n`,
  )
}
