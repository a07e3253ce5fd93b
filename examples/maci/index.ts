/**
 * A voter signs up to MACI 2.5.0 by proving a policy. The chain learns that a resident of the county has signed up this key, and
 * that he did so for the first time; not who he is. `npm run demo:maci` goes on from here to the tally.
 */
import { createProver } from 'soulproof/prover'
import { createSoul } from 'soulproof/soul'
import { parseEventLogs } from 'viem'
import { startChain } from '../../scripts/lib/chain.js'
import { createElectorate, deployMaci, proveSignUp, signUp } from '../../scripts/lib/maci.js'

await using chain = await startChain()
await using prover = await createProver()

// The county attests residence, with a seed that it gives to each person once; the policy's nullifier follows from the seed.
const electorate = createElectorate({ now: (await chain.client.getBlock()).timestamp })
const { maci, gatekeeper } = await deployMaci({ chain, ...electorate })
const voter = electorate.register({ soul: createSoul(), seed: 7n ** 80n })

// MACI's keys are on the curve of Souls; a voter has one for MACI alone.
const [x, y] = createSoul().publicKey
const [key, from] = [{ x, y }, 1]

const proof = await proveSignUp({ chain, prover, gatekeeper, electorate, voter, key, from })
const { logs, gasUsed } = await signUp({ chain, gatekeeper, proof, key, from })
export const [event] = parseEventLogs({ abi: maci.abi, logs, eventName: 'SignUp' })
export const again = await signUp({ chain, gatekeeper, proof, key, from }).then(
  () => 'accepted',
  () => 'refused',
)
export const signedUp = key
console.log({ event: event?.args, gasUsed, again })
