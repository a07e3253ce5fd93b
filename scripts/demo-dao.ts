import { type Address, formatEther, type Hex, keccak256, parseEther, parseEventLogs, toHex } from 'viem'
import { StatementError } from '../src/errors.js'
import { explainPolicy, type Policy, policyDigest } from '../src/policy/index.js'
import type { Deployed, PolicyProof } from './lib/chain.js'
import { block, check, checkRefused, fact, number, say, seconds, short, step, title } from './lib/story.js'
import { ANYBODY, openVillage, type Resident, type Village } from './lib/village.js'

/*
 * A village decides by votes of Souls, in a Governor of OpenZeppelin, on a real node with real proofs. It exits with 1 as soon as
 * anything is not as told: every line with a tick is asserted.
 */

const [PROPOSER, RELAYER, BAKER, THIEF] = [1, 2, 3, 4] as const
const [DELAY, PERIOD] = [3600, 86_400] as const
const [AGAINST, FOR, ABSTAIN] = [0, 1, 2] as const

/** A proposal under way. */
interface Proposal {
  readonly id: bigint
  /** Its snapshot, Unix seconds. */
  readonly at: bigint
  readonly call: readonly [readonly Address[], readonly bigint[], readonly Hex[], string]
}

async function main(): Promise<void> {
  const start = performance.now()
  title('A village votes: one Soul, one vote, and nobody knows whose')
  await using village = await openVillage()
  const { chain, hub, contracts } = village
  const account = (index: number): Address => chain.wallets[index]!.account.address

  step('The village attests who lives there')
  const [ana, ben, eva] = [41n, 67n, 19n].map((age) => village.admit({ since: 2009n, age }))
  const kid = village.admit({ since: 2012n, age: 14n })
  say(
    'It signs an SBT for each resident: village, since when, birth date. Residents blind themselves, so that it could not recognise them',
    'in a proof even with its own records.',
  )
  const adults = await village.addPolicy({ claim: 'home.born', lte: { now: -568025136 } })
  block(explainPolicy(adults))

  step('The DAO')
  const governor = await chain.deploy(contracts.SoulGovernor!, [
    ...['Gruyères', hub.address, policyDigest(adults), DELAY, PERIOD, 2n],
  ])
  await chain.control.setBalance({ address: governor.address, value: parseEther('5') })
  fact('hub', `${hub.address}: policies, roots that are believed, roles with a delay of 3 days`)
  fact('governor', `${governor.address}, ${number(governor.gas)} gas; 5 ETH; a quorum of 2 Souls`)
  const oven = await propose(village, governor, 'A new oven for the bakery', account(BAKER), '1')
  say(
    'Anybody may propose. The electorate is that of the snapshot: who is an adult resident at that second, by the roots published then.',
  )
  fact('proposal', `${short(oven.id)}: pay the baker 1 ETH`)

  step('Souls vote, a relayer sends')
  const ballots: { name: string; voter: Resident; support: number }[] = [
    { name: 'Ana', voter: ana!, support: FOR },
    { name: 'Ben', voter: ben!, support: FOR },
    { name: 'Eva', voter: eva!, support: AGAINST },
  ]
  const sent: { proof: PolicyProof; hash: Hex }[] = []
  for (const { name, voter, support } of ballots) {
    const began = performance.now()
    const proof = await proveVote(village, { governor, policy: adults, voter, proposal: oven, support })
    const time = performance.now() - began
    const receipt = await cast(village, governor, oven, support, proof)
    sent.push({ proof, hash: receipt.transactionHash })
    check(
      `A vote ${support === FOR ? 'for' : 'against'}, of ${name}: proved in ${seconds(time)}, ${number(receipt.gasUsed)} gas`,
      receipt.gasUsed <= 420_000n,
    )
  }

  step('What the chain sees')
  const voters: string[] = []
  for (const { hash } of sent) {
    const { from } = await chain.client.getTransaction({ hash })
    const { logs } = await chain.client.getTransactionReceipt({ hash })
    const [vote] = parseEventLogs({ abi: governor.abi, logs, eventName: 'VoteCast' })
    const { voter, support, weight } = vote!.args as unknown as {
      voter: string
      support: number
      weight: bigint
    }
    voters.push(voter)
    fact('VoteCast', `voter ${voter}, support ${support}, weight ${weight}; sent by ${from.slice(0, 10)}…`)
    check(
      '… an address of nobody, sent by the relayer',
      from.toLowerCase() === account(RELAYER).toLowerCase(),
    )
  }
  check(
    'Three voters, of whom it knows that they are adult residents, and different',
    new Set(voters).size === 3,
  )
  const shared = sent.map(({ proof }) =>
    [proof.provedAt, proof.anchorsRoot, proof.reveals, proof.handle].join(),
  )
  check('Clock, root, reveals and handle are the same in all proofs', new Set(shared).size === 1)
  say(
    'A vote sent from an address of one’s own would show that its owner is an adult resident, and how he voted: therefore the relayer.',
    'The vote itself is public, and its proof could be shown to a buyer of votes; against that, see MACI.',
  )

  step('What is refused')
  const again = (support: number): Promise<PolicyProof> =>
    proveVote(village, { governor, policy: adults, voter: ana!, proposal: oven, support })
  const opposite = await again(AGAINST)
  await checkRefused('Ana’s second vote, another way', {
    ...{ call: cast(village, governor, oven, AGAINST, opposite), error: 'GovernorAlreadyCastVote' },
  })
  await checkRefused('Her proof with another support', {
    ...{ call: cast(village, governor, oven, ABSTAIN, opposite), error: 'PolicyHub__ProofInvalid' },
  })
  const bound = await proveVote(village, {
    ...{ governor, policy: adults, voter: ana!, proposal: oven, support: FOR, account: account(PROPOSER) },
  })
  await checkRefused('A proof bound to one sender, from another', {
    ...{ call: cast(village, governor, oven, FOR, bound, THIEF), error: 'PolicyHub__ProofInvalid' },
  })
  const late = village.admit({ since: 2026n, age: 30n, issuedAt: oven.at + 5n })
  for (const [name, voter] of [
    ['Kim, who is 14', kid],
    ['Leo, who moved in after the snapshot', late],
  ] as const) {
    const reasons = await proveVote(village, {
      ...{ governor, policy: adults, voter, proposal: oven, support: FOR },
    }).then(
      () => [],
      (error: unknown) => (error instanceof StatementError ? error.reasons : Promise.reject(error)),
    )
    check(`${name}, has no proof: ${reasons[0]?.reason}`, reasons.length > 0)
  }

  step('The next proposal')
  const bench = await propose(village, governor, 'A bench by the lake', account(BAKER), '0.5')
  const proof = await proveVote(village, {
    governor,
    policy: adults,
    voter: ana!,
    proposal: bench,
    support: FOR,
  })
  const [first] = sent
  check(
    'Ana’s nullifier is another one: nobody can follow a voter from vote to vote',
    proof.nullifier !== first!.proof.nullifier,
  )
  await checkRefused('Her old proof', {
    ...{ call: cast(village, governor, bench, FOR, first!.proof), error: 'PolicyHub__ClockOfAnotherTime' },
  })

  step('The village decides')
  await moveTo(village, oven.at + BigInt(PERIOD) + 1n)
  const before = await chain.client.getBalance({ address: account(BAKER) })
  const args = [...oven.call.slice(0, 3), keccak256(toHex(oven.call[3]))]
  await chain.send({ to: governor, name: 'execute', args, from: PROPOSER })
  const paid = (await chain.client.getBalance({ address: account(BAKER) })) - before
  const counts = await chain.read({ to: governor, name: 'proposalVotes', args: [oven.id] })
  fact('against, for, abstaining', `${counts}`)
  check(`The baker has ${formatEther(paid)} ETH more`, paid === parseEther('1'))
  title(`All of it held, in ${seconds(performance.now() - start)}.`)
}

async function moveTo({ chain }: Village, timestamp: bigint): Promise<void> {
  await chain.control.setNextBlockTimestamp({ timestamp })
  await chain.control.mine({ blocks: 1 })
}

/** Proposes a payment, and waits for the snapshot. */
async function propose(
  village: Village,
  governor: Deployed,
  description: string,
  to: Address,
  ether: string,
): Promise<Proposal> {
  const call = [[to], [parseEther(ether)], ['0x'], description] as const
  const receipt = await village.chain.send({ to: governor, name: 'propose', args: call, from: PROPOSER })
  const [event] = parseEventLogs({ abi: governor.abi, logs: receipt.logs, eventName: 'ProposalCreated' })
  const { proposalId, voteStart } = event!.args as unknown as { proposalId: bigint; voteStart: bigint }
  await moveTo(village, voteStart + 1n)
  return { id: proposalId, at: voteStart, call }
}

async function proveVote(
  village: Village,
  o: {
    readonly governor: Deployed
    readonly policy: Policy
    readonly voter: Resident
    readonly proposal: Proposal
    readonly support: number
    readonly account?: Address
  },
): Promise<PolicyProof> {
  const { governor, policy, voter, proposal, support, account = ANYBODY } = o
  const payload = (await village.chain.read({
    ...{ to: governor, name: 'ballotOf', args: [proposal.id, support, ''] },
  })) as Hex
  return village.prove(voter, policy, {
    ...{ app: governor.address, topic: proposal.id, payload, account, now: proposal.at },
  })
}

/** Sends a vote, decoding the hub's errors too. */
function cast(
  { chain, hub }: Village,
  governor: Deployed,
  proposal: Proposal,
  support: number,
  proof: PolicyProof,
  from: number = RELAYER,
) {
  const to = { ...governor, abi: [...governor.abi, ...hub.abi] }
  return chain.send({ to, name: 'castVoteByProof', args: [proposal.id, support, '', proof], from })
}

await main()
