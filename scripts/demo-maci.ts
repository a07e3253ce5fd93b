import assert from 'node:assert/strict'
import { getAddress, type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import type { Groth16Proof } from '../src/groth16.js'
import { createProver, type Prover } from '../src/prover/index.js'
import { calculateWitness } from '../src/prover/witness.js'
import { createSoul } from '../src/soul/index.js'
import { verifyGroth16 } from '../src/verifier/index.js'
import { isDevelopmentKey, parseVerificationKey } from '../src/verifier/keys.js'
import { type Deployed, type LocalChain, startChain, toSolidityProof } from './lib/chain.js'
import {
  createElectorate,
  deployMaci,
  type Electorate,
  emptyBallotRoot,
  type MaciKey,
  type MaciOnChain,
  proveSignUp,
  STATE_TREE_DEPTH,
  signUp,
  type Voter,
} from './lib/maci.js'
import {
  buildMaciCircuits,
  circuitInputs,
  loadMaciPackages,
  type MaciCircuit,
  type MaciKeypair,
  type MaciPackages,
  type MaciPoll,
  PARAMETERS,
} from './lib/maci-packages.js'
import { check, checkRefused, colour, fact, number, say, seconds, step, title } from './lib/story.js'

/*
 * Runs a whole poll of MACI 2.5.0 whose voters sign up by policy, on MACI's own contracts, circuits and state machine: every line
 * with a tick is asserted. `--no-snarkjs` leaves out the comparison, which takes longest.
 */

const [OFFICE, ANA, BEN, CLEO, THIEF, ELSEWHERE] = [0, 1, 2, 3, 4, 5]
const DURATION = 3600n
const QUADRATIC = 0
const SNARKJS = !process.argv.includes('--no-snarkjs')
const POLL = 0n

/** Who is on the stage. */
interface Stage {
  readonly chain: LocalChain
  readonly prover: Prover
  readonly packages: MaciPackages
  readonly circuits: { readonly process: MaciCircuit; readonly tally: MaciCircuit }
  readonly electorate: Electorate
  readonly onChain: MaciOnChain
}

/** The contracts of a poll. */
interface PollOnChain {
  readonly poll: Deployed
  readonly messageProcessor: Deployed
  readonly tally: Deployed
  readonly coordinator: MaciKeypair
}

async function main(): Promise<void> {
  const start = performance.now()
  title('A poll of MACI in which only residents vote, one vote each, and bought votes are worth nothing')
  const { packages, circuits } = await prepare()
  // It ends with this process.
  const chain = await startChain({ accounts: 6 })
  await using prover = await createProver()
  const { timestamp } = await chain.client.getBlock()
  const electorate = createElectorate({ now: timestamp })
  const onChain = await deployMaci({ chain, ...electorate })
  const stage: Stage = { chain, prover, packages, circuits, electorate, onChain }
  assert.equal(STATE_TREE_DEPTH, PARAMETERS.stateTreeDepth)

  const keys = await signUpVoters(stage)
  const poll = await openPoll(stage)
  await vote(stage, poll, keys)
  const state = await close(stage, poll)
  await processAndTally(stage, poll, state)
  title(`All of it held, in ${seconds(performance.now() - start)}.`)
}

async function prepare(): Promise<Pick<Stage, 'packages' | 'circuits'>> {
  step('MACI, as it is published')
  const packages = await loadMaciPackages()
  const began = performance.now()
  const circuits = await buildMaciCircuits()
  fact('circuits and keys', seconds(performance.now() - began))
  for (const [name, { entry, zkey }] of Object.entries(circuits)) {
    fact(
      name,
      `${number(entry.constraints)} constraints, ${entry.publicSignals} public signals, key ${(zkey.length / 1e6).toFixed(0)} MB`,
    )
  }
  const { Ballot } = packages.domain
  const ballot = new Ballot(0, PARAMETERS.treeDepths.voteOptionTreeDepth).hash()
  check('our root of an empty ballot is MACI’s', emptyBallotRoot(0, 2) === ballot)
  say(
    'Its ceremony’s keys are on a server; these are development keys from our own setup. Whoever knows their secret',
    'forges batches: they show that the poll works, and are for nothing else.',
  )
  for (const { verificationKey } of Object.values(circuits)) {
    assert.ok(isDevelopmentKey(parseVerificationKey(verificationKey)))
  }
  return { packages, circuits }
}

async function signUpVoters(stage: Stage): Promise<Record<'ana' | 'ben' | 'cleo', MaciKeypair>> {
  const { chain, packages, electorate, onChain } = stage
  const { gatekeeper, maci } = onChain
  step('Residents sign up')
  say(
    'The county attests residence to each person once. A sign-up proves that to the gatekeeper for one MACI key and one',
    'sender; the nullifier that it spends follows from the person’s seed.',
  )
  const keys = { ana: newKey(packages), ben: newKey(packages), cleo: newKey(packages) }
  const voters: Record<keyof typeof keys, Voter> = {
    ana: electorate.register({ soul: createSoul(), seed: 11n ** 60n }),
    ben: electorate.register({ soul: createSoul(), seed: 13n ** 60n }),
    cleo: electorate.register({ soul: createSoul(), seed: 17n ** 60n }),
  }
  const senders = { ana: ANA, ben: BEN, cleo: CLEO }
  const common = { ...stage, gatekeeper }
  for (const name of ['ana', 'ben', 'cleo'] as const) {
    const [key, from] = [pointOf(keys[name]), senders[name]]
    const began = performance.now()
    const proof = await proveSignUp({ ...common, voter: voters[name], key, from })
    const proved = performance.now() - began
    if (name === 'ana') {
      const theft = (changes: object): Promise<TransactionReceipt> =>
        signUp({ chain, gatekeeper, proof, key, from, ...changes })
      await checkRefused('A stolen proof, sent by a thief,', {
        call: theft({ from: THIEF }),
        error: 'PolicyGate__ProofInvalid',
      })
      await checkRefused('A stolen proof for the thief’s own key', {
        call: theft({ key: pointOf(newKey(packages)) }),
        error: 'PolicyGate__ProofInvalid',
      })
    }
    const { gasUsed, logs } = await signUp({ chain, gatekeeper, proof, key, from })
    const [event] = parseEventLogs({ abi: maci.abi, logs, eventName: 'SignUp' })
    const { _stateIndex: index } = event!.args as unknown as { _stateIndex: bigint }
    fact(name, `leaf ${index} of MACI’s tree; proved in ${seconds(proved)}, ${number(gasUsed)} gas`)
  }

  const other = pointOf(newKey(packages))
  const again = await proveSignUp({ ...common, voter: voters.ana, key: other, from: ANA })
  await checkRefused('A second sign-up of the same Soul with another key', {
    call: signUp({ chain, gatekeeper, proof: again, key: other, from: ANA }),
    error: 'PolicyGate__NullifierSpent',
  })
  const sybil = electorate.register({ soul: createSoul(), seed: 11n ** 60n })
  const sybilProof = await proveSignUp({ ...common, voter: sybil, key: other, from: THIEF })
  await checkRefused('A Sybil, a second Soul of the same person,', {
    call: signUp({ chain, gatekeeper, proof: sybilProof, key: other, from: THIEF }),
    error: 'PolicyGate__NullifierSpent',
  })
  const forged = createElectorate({ now: (await chain.client.getBlock()).timestamp })
  const invented = forged.register({ soul: createSoul(), seed: 1n })
  const inventedProof = await proveSignUp({
    ...{ ...common, electorate: forged, voter: invented, key: other, from: THIEF },
  })
  await checkRefused('A Sybil, attested by an office of his own,', {
    call: signUp({ chain, gatekeeper, proof: inventedProof, key: other, from: THIEF }),
    error: 'PolicyGate__RootUnknown',
  })
  check('MACI has three voters', (await chain.read({ to: maci, name: 'numSignUps' })) === 4n)
  return keys
}

async function openPoll(stage: Stage): Promise<PollOnChain> {
  const { chain, packages, circuits, onChain } = stage
  step('A coordinator opens a poll')
  const coordinator = newKey(packages)
  const verifier = await onChain.deploy('crypto/Verifier')
  const registry = await onChain.deploy('VkRegistry')
  const { treeDepths, messageBatchSize, stateTreeDepth } = PARAMETERS
  const { VerifyingKey } = packages.domain
  const [processVk, tallyVk] = [circuits.process, circuits.tally].map(({ verificationKey }) =>
    numbersOf(VerifyingKey.fromObj(verificationKey).asContractParam()),
  )
  await chain.send({
    to: registry,
    name: 'setVerifyingKeys',
    args: [
      ...[stateTreeDepth, treeDepths.intStateTreeDepth, treeDepths.messageTreeDepth],
      ...[treeDepths.voteOptionTreeDepth, messageBatchSize, QUADRATIC, processVk, tallyVk],
    ],
  })
  await chain.send({
    to: onChain.maci,
    name: 'deployPoll',
    args: [DURATION, treeDepths, pointOf(coordinator), verifier.address, registry.address, QUADRATIC],
  })
  const addresses = (await chain.read({ to: onChain.maci, name: 'getPoll', args: [POLL] })) as Record<
    string,
    Hex
  >
  const at = (name: string, path: string): Deployed => ({
    address: addresses[name]!,
    abi: onChain.abi(path),
    gas: 0n,
  })
  const poll = at('poll', 'Poll')
  const [messageProcessor, tally] = [at('messageProcessor', 'MessageProcessor'), at('tally', 'Tally')]
  const has = (name: string, args: readonly number[]): Promise<unknown> =>
    chain.read({ to: registry, name, args: [stateTreeDepth, ...args, QUADRATIC] })
  const { intStateTreeDepth, messageTreeDepth, voteOptionTreeDepth } = treeDepths
  check(
    'the keys of both circuits are in MACI’s registry',
    (await has('hasProcessVk', [messageTreeDepth, voteOptionTreeDepth, messageBatchSize])) === true &&
      (await has('hasTallyVk', [intStateTreeDepth, voteOptionTreeDepth])) === true,
  )
  for (const to of [messageProcessor, tally]) {
    assert.equal(await chain.read({ to, name: 'verifier' }), getAddress(verifier.address))
  }
  return { poll, messageProcessor, tally, coordinator }
}

async function vote(
  stage: Stage,
  on: PollOnChain,
  keys: Record<'ana' | 'ben' | 'cleo', MaciKeypair>,
): Promise<void> {
  const { packages } = stage
  step('Votes, encrypted to the coordinator')
  const publish = (o: Omit<Ballot, 'index'> & { index: number }): Promise<void> =>
    publishVote(stage, on, { ...o, index: BigInt(o.index) })
  const secretKey = newKey(packages)
  await publish({ index: 1, key: keys.ana, option: 0n, weight: 6n, nonce: 1n, from: ANA })
  fact('Ana', '6 votes for option 0')
  await publish({ index: 2, key: keys.ben, option: 1n, weight: 9n, nonce: 1n, from: BEN })
  fact('Ben', '9 votes for option 1, while the buyer watches: he sees key, ballot and transaction')
  await publish({ index: 3, key: keys.cleo, option: 1n, weight: 4n, nonce: 2n, from: CLEO })
  fact('Cleo', '4 votes for option 1')
  await publish({
    index: 2,
    key: keys.ben,
    newKey: secretKey,
    option: 0n,
    weight: 7n,
    nonce: 1n,
    from: ELSEWHERE,
  })
  fact('Ben, from elsewhere', 'a new key, and 7 votes for option 0; the bought vote is now signed by no key')
  await publish({ index: 3, key: keys.cleo, option: 2n, weight: 3n, nonce: 1n, from: CLEO })
  fact('Cleo', '3 votes for option 2')
  await publish({ index: 1, key: newKey(packages), option: 1n, weight: 10n, nonce: 1n, from: THIEF })
  fact('a thief', '10 votes for option 1 in Ana’s name, signed by a key of his own')
}

interface Ballot {
  readonly index: bigint
  readonly key: MaciKeypair
  readonly newKey?: MaciKeypair
  readonly option: bigint
  readonly weight: bigint
  readonly nonce: bigint
  readonly from: number
}

async function publishVote(stage: Stage, on: PollOnChain, ballot: Ballot): Promise<void> {
  const { Keypair, PCommand } = stage.packages.domain
  const { index, key, newKey: next = key, option, weight, nonce, from } = ballot
  const command = new PCommand(index, next.pubKey, option, weight, nonce, POLL)
  const ephemeral = new Keypair()
  const shared = Keypair.genEcdhSharedKey(ephemeral.privKey, on.coordinator.pubKey)
  const message = command.encrypt(command.sign(key.privKey), shared)
  const args = [numbersOf(message.asContractParam()), pointOf(ephemeral)]
  await stage.chain.send({ to: on.poll, name: 'publishMessage', args, from })
}

/** Ends the poll on chain, and rebuilds its state from events, as a coordinator does. */
async function close(stage: Stage, on: PollOnChain): Promise<MaciPoll> {
  const { chain, packages, onChain } = stage
  step('The poll ends, and the coordinator rebuilds it from the chain')
  await chain.control.increaseTime({ seconds: Number(DURATION) + 1 })
  await chain.control.mine({ blocks: 1 })
  await chain.send({ to: on.poll, name: 'mergeMaciState' })
  await chain.send({ to: on.poll, name: 'mergeMessageAqSubRoots', args: [0n] })
  await chain.send({ to: on.poll, name: 'mergeMessageAq' })

  const events = async (to: Deployed, name: string): Promise<Record<string, never>[]> => {
    const found = await chain.client.getContractEvents({
      ...{ address: to.address, abi: to.abi, eventName: name, fromBlock: 0n },
    })
    return found.map((event) => (event as unknown as { args: Record<string, never> }).args)
  }
  const { core, domain } = packages
  const state = new core.MaciState(PARAMETERS.stateTreeDepth)
  const key = (x: bigint, y: bigint) => new domain.PubKey([x, y])
  for (const { _userPubKeyX, _userPubKeyY, _voiceCreditBalance, _timestamp } of await events(
    onChain.maci,
    'SignUp',
  )) {
    state.signUp(key(_userPubKeyX!, _userPubKeyY!), _voiceCreditBalance!, _timestamp!)
  }
  const [deployedAt, duration] = (await chain.read({ to: on.poll, name: 'getDeployTimeAndDuration' })) as [
    bigint,
    bigint,
  ]
  const { treeDepths, messageBatchSize } = PARAMETERS
  const id = state.deployPoll(deployedAt + duration, treeDepths, messageBatchSize, on.coordinator)
  const poll = state.polls.get(id)!
  const messages = await events(on.poll, 'PublishMessage')
  for (const { _message, _encPubKey } of messages as unknown as {
    _message: { data: bigint[] }
    _encPubKey: MaciKey
  }[]) {
    poll.publishMessage(new domain.Message([..._message.data]), key(_encPubKey.x, _encPubKey.y))
  }
  const [signUps, count] = (await chain.read({ to: on.poll, name: 'numSignUpsAndMessages' })) as [
    bigint,
    bigint,
  ]
  poll.updatePoll(signUps)
  check(`${count} messages, MACI’s first included`, count === BigInt(messages.length) && count === 7n)
  check(
    'the state tree is the chain’s',
    poll.stateTree!.root === (await chain.read({ to: on.poll, name: 'mergedStateRoot' })),
  )
  const [, queue] = (await chain.read({ to: on.poll, name: 'extContracts' })) as [Hex, Hex]
  const messageAq = { address: queue, abi: onChain.abi('trees/AccQueueQuinaryMaci'), gas: 0n }
  check(
    'so is the tree of messages',
    poll.messageTree.root ===
      (await chain.read({ to: messageAq, name: 'getMainRoot', args: [treeDepths.messageTreeDepth] })),
  )
  return poll
}

async function processAndTally(stage: Stage, on: PollOnChain, poll: MaciPoll): Promise<void> {
  const { chain, circuits, packages } = stage
  const snarkjs = SNARKJS ? await createProver({ engine: 'snarkjs' }) : undefined
  step('Messages are processed, last first, in batches of five')
  for (let batch = 1; poll.hasUnprocessedMessages(); batch++) {
    const inputs = poll.processMessages(POLL, true, true)
    const index = await chain.read({ to: on.messageProcessor, name: 'numBatchesProcessed' })
    assert.equal(index, BigInt(batch - 1))
    await proveBatch(stage, snarkjs, {
      ...{
        what: `batch ${batch}`,
        circuit: circuits.process,
        inputs,
        to: on.messageProcessor,
        call: 'processMessages',
      },
      ...{ commitment: BigInt(inputs.newSbCommitment as string), refusal: 'InvalidProcessMessageProof' },
    })
  }
  check(
    'MACI says that all messages are processed',
    (await chain.read({ to: on.messageProcessor, name: 'processingComplete' })) === true,
  )

  step('Votes are tallied')
  let last: Record<string, unknown> = {}
  for (let batch = 1; poll.hasUntalliedBallots(); batch++) {
    last = poll.tallyVotes()
    await proveBatch(stage, snarkjs, {
      ...{ what: `tally ${batch}`, circuit: circuits.tally, inputs: last, to: on.tally, call: 'tallyVotes' },
      ...{ commitment: BigInt(last.newTallyCommitment as string), refusal: 'InvalidTallyVotesProof' },
    })
  }
  await snarkjs?.dispose()
  check(
    'MACI says that all ballots are tallied',
    (await chain.read({ to: on.tally, name: 'isTallied' })) === true,
  )

  step('The result, opened on chain')
  const { crypto } = packages
  const depth = PARAMETERS.treeDepths.voteOptionTreeDepth
  const salt = (name: string): bigint => BigInt(last[name] as string)
  const { tallyResult, perVOSpentVoiceCredits, totalSpentVoiceCredits } = poll
  const options = [0, 1, 2]
  const results = (claimed: readonly bigint[]): Promise<TransactionReceipt> =>
    chain.send({
      to: on.tally,
      name: 'addTallyResults',
      args: [
        {
          voteOptionIndices: options.map(BigInt),
          tallyResults: claimed,
          tallyResultProofs: options.map((option) => crypto.genTreeProof(option, tallyResult, depth)),
          totalSpent: totalSpentVoiceCredits,
          totalSpentSalt: salt('newSpentVoiceCreditSubtotalSalt'),
          tallyResultSalt: salt('newResultsRootSalt'),
          newResultsCommitment: crypto.genTreeCommitment(tallyResult, salt('newResultsRootSalt'), depth),
          spentVoiceCreditsHash: crypto.hashLeftRight(
            totalSpentVoiceCredits,
            salt('newSpentVoiceCreditSubtotalSalt'),
          ),
          perVOSpentVoiceCreditsHash: crypto.genTreeCommitment(
            perVOSpentVoiceCredits,
            salt('newPerVOSpentVoiceCreditsRootSalt'),
            depth,
          ),
        },
      ],
    })
  await checkRefused('The result that was paid for', {
    call: results([6n, 13n, 3n]),
    error: 'InvalidTallyVotesProof',
  })
  await results(tallyResult.slice(0, 3))
  for (const [option, expected] of [6n + 7n, 4n, 3n].entries()) {
    const [value, isSet] = (await chain.read({ to: on.tally, name: 'tallyResults', args: [option] })) as [
      bigint,
      boolean,
    ]
    check(`option ${option}: ${value} votes`, isSet && value === expected)
  }
  const spent = await chain.read({ to: on.tally, name: 'totalSpent' })
  check('credits spent are the squares: 6² + 7² + 4² + 3² = 110', spent === 110n)
}

/** Proves one batch, with snarkjs too for its time, and has MACI verify it; with another commitment MACI refuses it. */
async function proveBatch(
  stage: Stage,
  snarkjs: Prover | undefined,
  o: {
    readonly what: string
    readonly circuit: MaciCircuit
    readonly inputs: Record<string, unknown>
    readonly to: Deployed
    readonly call: 'processMessages' | 'tallyVotes'
    readonly commitment: bigint
    readonly refusal: string
  },
): Promise<void> {
  const { chain, prover } = stage
  const { wasm, zkey: provingKey, verificationKey } = o.circuit
  const timed = async <T>(work: () => Promise<T>): Promise<[T, string]> => {
    const began = performance.now()
    const result = await work()
    return [result, seconds(performance.now() - began)]
  }
  const [witness, calculated] = await timed(() => calculateWitness({ wasm, inputs: circuitInputs(o.inputs) }))
  const [{ proof, publicSignals }, ours] = await timed(() => prover.groth16({ provingKey, witness }))
  const [isValid, verified] = await timed(() => verifyGroth16({ verificationKey, publicSignals, proof }))
  assert.ok(isValid)
  let theirs = ''
  if (snarkjs !== undefined) {
    const [made, time] = await timed(() => snarkjs.groth16({ provingKey, witness }))
    assert.deepEqual(made.publicSignals, publicSignals)
    theirs = `, snarkjs ${time}`
  }
  const send = (commitment: bigint): Promise<TransactionReceipt> =>
    chain.send({ to: o.to, name: o.call, args: [commitment, eightNumbers(proof)], from: OFFICE })
  await checkRefused(`${o.what} with another commitment`, { call: send(o.commitment + 1n), error: o.refusal })
  const { gasUsed } = await send(o.commitment)
  fact(
    o.what,
    `witness ${calculated}; proof ${ours}${theirs}; verified in ${verified}; ${number(gasUsed)} gas`,
  )
}

/** A proof as MACI's verifier takes it. */
function eightNumbers(proof: Groth16Proof): bigint[] {
  const { a, b, c } = toSolidityProof(proof)
  return [...a, ...b.flat(), ...c]
}

function newKey({ domain }: MaciPackages): MaciKeypair {
  return new domain.Keypair()
}

function pointOf({ pubKey }: MaciKeypair): MaciKey {
  const { x, y } = pubKey.asContractParam()
  return { x: BigInt(x), y: BigInt(y) }
}

/** Numbers in place of texts, however deep. */
function numbersOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(numbersOf)
  if (typeof value !== 'object' || value === null) return BigInt(value as string | number | bigint)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, numbersOf(inner)]))
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\n${colour('red', 'the demo failed')}\n${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
