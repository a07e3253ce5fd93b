/* A Governor of OpenZeppelin whose voters are the adults of the village, one vote each, sent by a relayer. */
import { keccak256, parseEther, parseEventLogs, type TransactionReceipt, toHex } from 'viem'
import { ANYBODY, openVillage } from '../../scripts/lib/village.js'
import { policyDigest } from '../../src/policy/index.js'

const [PROPOSER, RELAYER, BAKER] = [1, 2, 3] as const
const [DELAY, PERIOD] = [60, 3600] as const
const FOR = 1

/** Holds a vote, and returns the counts and the receipts of the votes. */
export async function main(): Promise<{ votes: unknown; receipts: readonly TransactionReceipt[] }> {
  await using village = await openVillage()
  const { chain, hub, contracts } = village
  const moveTo = async (timestamp: bigint): Promise<void> => {
    await chain.control.setNextBlockTimestamp({ timestamp })
    await chain.control.mine({ blocks: 1 })
  }

  // Over 18 at the time of the proposal's snapshot; 568025136 seconds are 18 years.
  const adults = await village.addPolicy({ claim: 'home.born', lte: { now: -568025136 } })
  const settings = ['Gruyères', hub.address, policyDigest(adults), DELAY, PERIOD, 2n]
  const governor = await chain.deploy(contracts.SoulGovernor!, settings)
  await chain.control.setBalance({ address: governor.address, value: parseEther('5') })
  const voters = [village.admit({ since: 2009n, age: 41n }), village.admit({ since: 2021n, age: 19n })]

  const baker = chain.wallets[BAKER]!.account.address
  const grant = [[baker], [parseEther('1')], ['0x'], 'A new oven for the bakery'] as const
  const proposed = await chain.send({ to: governor, name: 'propose', args: grant, from: PROPOSER })
  const [event] = parseEventLogs({ abi: governor.abi, logs: proposed.logs, eventName: 'ProposalCreated' })
  const { proposalId, voteStart } = event!.args as unknown as { proposalId: bigint; voteStart: bigint }
  await moveTo(voteStart + 1n)

  // All proofs are as of the snapshot. A vote is bound to proposal and support, and to nobody who sends it.
  const receipts: TransactionReceipt[] = []
  for (const voter of voters) {
    const payload = (await chain.read({
      to: governor,
      name: 'ballotOf',
      args: [proposalId, FOR, ''],
    })) as `0x${string}`
    const purpose = { app: governor.address, topic: proposalId, payload, account: ANYBODY, now: voteStart }
    const proof = await village.prove(voter, adults, purpose)
    const args = [proposalId, FOR, '', proof]
    receipts.push(await chain.send({ to: governor, name: 'castVoteByProof', args, from: RELAYER }))
  }
  await moveTo(voteStart + BigInt(PERIOD) + 1n)
  await chain.send({
    to: governor,
    name: 'execute',
    args: [...grant.slice(0, 3), keccak256(toHex(grant[3]))],
  })
  return { votes: await chain.read({ to: governor, name: 'proposalVotes', args: [proposalId] }), receipts }
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { votes, receipts } = await main()
  process.stdout.write(`Against, for, abstaining: ${votes}; ${receipts.map(({ gasUsed }) => gasUsed)} gas.\n`)
}
