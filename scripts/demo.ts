import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  encodeAbiParameters,
  encodeFunctionData,
  formatEther,
  type Hex,
  parseAbiParameters,
  parseEther,
  size,
} from 'viem'
import { StatementError } from '../src/errors.js'
import { anchorsRoot, explainPolicy, type Policy, policyDigest, type Wallet } from '../src/policy/index.js'
import { loadArtifacts } from '../src/prover/artifacts.js'
import { createProver, type Envelope, type Prover, type ProvingPhase } from '../src/prover/index.js'
import { calculateWitness, type Inputs } from '../src/prover/witness.js'
import { type HeldSbt, verifySbt } from '../src/sbt/index.js'
import { encodeClaims } from '../src/sbt/schema.js'
import type { Soul } from '../src/soul/index.js'
import { contextSignals } from '../src/statements/context.js'
import { MANIFEST } from '../src/statements/manifest.js'
import { preparePolicy } from '../src/statements/policy.js'
import { VERIFICATION_KEYS } from '../src/statements/verification-keys.js'
import { createVerifier, exportSolidityVerifier, type Verifier } from '../src/verifier/index.js'
import { type Deployed, type LocalChain, startChain, toPolicyProof } from './lib/chain.js'
import { createExample, type Example, type Office } from './lib/example.js'
import { rawPolicy } from './lib/raw-policy.js'
import { type CompiledContract, compileSolidity } from './lib/solc.js'
import {
  block,
  check,
  checkRefused,
  colour,
  fact,
  number,
  say,
  seconds,
  short,
  step,
  title,
} from './lib/story.js'

/*
 * Tells the main story end to end on real proofs and a real node, and exits with 1 as soon as anything is not as
 * told: every line with a tick is asserted.
 */

const SHARE = parseEther('10')
const ANA = 1
const ANA_ELSEWHERE = 2
const BEN = 3
const HOUR = 3600n

/** Who is on the stage. */
interface Stage {
  readonly example: Example
  readonly chain: LocalChain
  readonly contracts: Readonly<Record<string, CompiledContract>>
  /** The verifier contract of `policy-m`. */
  readonly onChain: Deployed
  readonly prover: Prover
  readonly verifier: Verifier
}

/** A proof with how long its parts took, in milliseconds. */
interface Proved {
  readonly envelope: Envelope
  readonly times: Readonly<Record<'prepare' | 'load' | 'witness' | 'prove', number>>
}

async function main(): Promise<void> {
  const start = performance.now()
  title('Soulproof: prove a policy over your SBTs, reveal nothing else')
  say(
    'Ana wants an account that only some people may open, one each. She proves that she is one of them; who',
    'she is, and which SBTs she holds, stays with her. Everything below runs here and now: real signatures,',
    'real Groth16 proofs, contracts on a local Ethereum node.',
  )
  // It ends with this process.
  const chain = await startChain()
  await using prover = await createProver()
  const { timestamp } = await chain.client.getBlock()
  const example = createExample({ now: timestamp })
  const contracts = compileSolidity({
    sources: {
      'Verifier.sol': exportSolidityVerifier({ verificationKey: VERIFICATION_KEYS['policy-m']!.key }),
      ...sourcesOf('examples/AccountClaim.sol', 'examples/ShareToken.sol'),
    },
  })
  const onChain = await chain.deploy(contracts.Groth16Verifier!)
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  const stage: Stage = { example, chain, contracts, onChain, prover, verifier }

  introduceIssuers(stage)
  await claimAccount(stage)
  await dropToAttendees(stage)
  title(`All of it held, in ${seconds(performance.now() - start)}.`)
}

/** Reads contracts by file name; the compiler adds what they import. */
function sourcesOf(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(new URL(`../contracts/${name}`, import.meta.url), 'utf8')]),
  )
}

function introduceIssuers({ example }: Stage): void {
  const { state, universities, network, conferences, ana, ben, now, roots } = example
  step('Issuers attest what they know')
  say(
    'Each signs an SBT, or enters it in a tree that it publishes. It learns the claims that it attests anyway and',
    'a blinded holder, a new one for each SBT: even together, issuers cannot tell that they serve one Soul.',
  )
  const list = (office: Office, what: string): void => fact(office.name, `${what}; key ${shortKey(office)}`)
  list(state, 'citizenship: country, birth date; signed, with a tree of revocations')
  for (const [i, office] of universities.entries())
    list(office, `degree: major, year; ${i === 1 ? 'entered in its registry' : 'signed'}`)
  list(network, 'followers; signed')
  for (const office of conferences) list(office, 'attendance; signed')
  const holders = new Set(ana.sbts.map(({ sbt }) => sbt.holder))
  check(`Ana holds ${ana.sbts.length} SBTs under as many holders`, holders.size === ana.sbts.length)
  const counts = (held: HeldSbt, soul: Soul): boolean => verifySbt({ ...held, soul, now, roots }).valid
  check(
    'Each is valid for her Soul, and not for Ben’s',
    ana.sbts.every((held) => counts(held, ana.soul) && !counts(held, ben.soul)),
  )
}

async function claimAccount(stage: Stage): Promise<void> {
  const { example, chain, onChain } = stage
  const { account: policy, ana, ben } = example

  step('The app writes its policy')
  say(
    'Plain JSON; no new circuit and no setup is needed for it. In words, as a wallet shows it before it proves:',
  )
  block(explainPolicy(policy))
  const program = MANIFEST.statements['policy-m']!
  fact('circuit', `policy-m, ${number(program.constraints)} constraints, the smallest profile that fits`)
  fact('policy digest', short(policyDigest(policy)))

  step('The app deploys its gate')
  say(
    'AccountClaim lets a caller through once per Soul. Its owner publishes the root of the snapshot of the issuers’',
    'trees that it accepts; anybody can recompute it.',
  )
  const gate = await deployGate(stage, 'AccountClaim', policy)
  fact(
    'its verifier',
    `${onChain.address}, ${number(onChain.gas)} gas, shared by all policies of the profile`,
  )
  check(
    'The keys are development keys, which the contract says of itself: fine here, never where value is at stake',
    (await chain.read({ to: onChain, name: 'isDevelopmentKey' })) === true,
  )

  step('Ana proves')
  say('On her own machine. The proof is bound to this chain, this contract and her address.')
  const proved = await proveFor(stage, { wallet: ana, policy, gate, caller: ANA, payload: '0x' })
  await showProof(stage, { policy, gate, caller: ANA, payload: '0x', proved })

  step('What the world sees, and what it does not')
  showSignals(proved.envelope)
  checkHidden(stage, { gate, envelope: proved.envelope })
  const witnessed = example.degrees.map((degree) => {
    const [passport, , profile] = ana.sbts
    return signalsOf(stage, { ...ana, sbts: [passport!, degree, profile!] }, policy)
  })
  check(
    'With the degree of any of the three universities the public signals are the same',
    new Set(witnessed).size === 1,
  )

  step('On chain')
  say(
    'First somebody copies her transaction before it is mined; then Ana claims; then she tries to claim again.',
  )
  const { envelope } = proved
  await checkRefused('A copied proof from another caller', {
    call: enter(stage, { gate, envelope, from: BEN, payload: '0x' }),
    error: 'PolicyGate__ProofInvalid',
  })
  const receipt = await enter(stage, { gate, envelope, from: ANA, payload: '0x' })
  check(
    'Ana’s claim is accepted',
    (await chain.read({ to: gate, name: 'claimed', args: [address(stage, ANA)] })) === true,
  )
  fact('gas', `${number(receipt.gasUsed)}, with calldata of ${size(calldata(gate, envelope, '0x'))} bytes`)
  await checkRefused('The same proof again', {
    call: enter(stage, { gate, envelope, from: ANA, payload: '0x' }),
    error: 'PolicyGate__NullifierSpent',
  })
  const second = await proveFor(stage, { wallet: ana, policy, gate, caller: ANA_ELSEWHERE, payload: '0x' })
  const elsewhere = { policy, gate, caller: ANA_ELSEWHERE, payload: '0x', envelope: second.envelope } as const
  check(
    'A new proof for another of her addresses verifies, and has the same nullifier',
    (await verifyFor(stage, elsewhere)).nullifier === BigInt(envelope.publicSignals[3]!),
  )
  await checkRefused('Her second account', {
    call: enter(stage, { gate, envelope: second.envelope, from: ANA_ELSEWHERE, payload: '0x' }),
    error: 'PolicyGate__NullifierSpent',
  })

  await tryFalseWallet(stage, { policy, gate, wallet: ben })
}

/** Ben, whose SBTs are genuine and do not satisfy the policy, tries with less and less shame. */
async function tryFalseWallet(
  stage: Stage,
  o: { readonly policy: Policy; readonly gate: Deployed; readonly wallet: Wallet },
): Promise<void> {
  const { policy, gate, wallet } = o
  const { roots, now } = stage.example
  step('A false wallet')
  say('Ben is a citizen over 18 with a degree in economics, all genuine. He has 4,100 followers.')

  const reasons = await proveFor(stage, { ...o, caller: BEN, payload: '0x' }).then(
    () => [],
    (error: unknown) => (error instanceof StatementError ? error.reasons : Promise.reject(error)),
  )
  check(
    'The library refuses before it computes anything, for one reason:',
    reasons.length === 1 && reasons[0]!.path === 'require.all[3]',
  )
  for (const { path, reason } of reasons) fact(`  ${path}`, reason)

  const context = await contextOf(stage, { gate, caller: BEN, payload: '0x' })
  const slotOf = (schema: string): string => policy.slots.find((slot) => slot.schema.name === schema)!.name
  const used = wallet.sbts.filter(({ sbt }) => sbt.schema.name !== 'attendance/1')
  const inflated = used.map((held) =>
    held.sbt.schema.name === 'social/1'
      ? { ...held, sbt: { ...held.sbt, claims: { followers: 60_000n } } }
      : held,
  )
  const witnessOf = async (sbts: Wallet['sbts']): Promise<Uint8Array> => {
    const fill = sbts.map((held) => [slotOf(held.sbt.schema.name), held] as const)
    const raw = rawPolicy({
      policy,
      roots,
      now,
      soul: wallet.soul,
      fill,
      context,
    })
    return calculateWitness({ wasm: artifacts.wasm, inputs: raw.inputs as Inputs })
  }
  const artifacts = await loadArtifacts({ statement: 'policy-m' })
  const refusedByCircuit = async (what: string, sbts: Wallet['sbts']): Promise<void> => {
    const refusal = await witnessOf(sbts).then(
      () => 'nothing',
      (error: unknown) => (error instanceof StatementError ? error.message : Promise.reject(error)),
    )
    check(`${what}: the circuit has no witness`, /^a constraint of the circuit does not hold/.test(refusal))
  }
  await refusedByCircuit('He skips the library and feeds the circuit his SBTs', used)
  await refusedByCircuit('He writes 60,000 followers into the signed SBT', inflated)
}

async function dropToAttendees(stage: Stage): Promise<void> {
  const { example, chain } = stage
  const { drop: policy, ana, ben, tickets } = example
  step('A souldrop: three of the last five conferences')
  say(
    `Whoever attended three of five conferences may mint ${formatEther(SHARE)} CONF, once, to any address. The same circuit`,
    'and keys serve this policy too; nobody learns which three.',
  )
  block(explainPolicy(policy).split('\n\nSBTs that count:')[0]!)
  const gate = await deployGate(stage, 'ShareToken', policy, ['Soulcon', 'CONF', SHARE])

  const recipient = address(stage, 4)
  const payload = encodeAbiParameters(parseAbiParameters('address'), [recipient])
  const proved = await proveFor(stage, { wallet: ana, policy, gate, caller: ANA, payload })
  await showProof(stage, { policy, gate, caller: ANA, payload, proved })
  const choices = [
    [0, 1, 2],
    [0, 2, 3],
    [1, 3, 4],
    [2, 3, 4],
    [0, 1, 2, 3, 4],
  ]
  const signals = choices.map((chosen) =>
    signalsOf(stage, { ...ana, sbts: chosen.map((i) => tickets[i]!) }, policy),
  )
  check(
    'Whichever three she attended, or all five, the public signals are the same',
    new Set(signals).size === 1,
  )

  const { envelope } = proved
  const toThief = encodeAbiParameters(parseAbiParameters('address'), [address(stage, BEN)])
  await checkRefused('Her proof with another recipient', {
    call: enter(stage, { gate, envelope, from: ANA, payload: toThief }),
    error: 'PolicyGate__ProofInvalid',
  })
  const receipt = await enter(stage, { gate, envelope, from: ANA, payload })
  const balance = await chain.read({ to: gate, name: 'balanceOf', args: [recipient] })
  check(`The recipient has ${formatEther(SHARE)} CONF`, balance === SHARE)
  fact('gas', number(receipt.gasUsed))
  await checkRefused('A second share', {
    call: enter(stage, { gate, envelope, from: ANA, payload }),
    error: 'PolicyGate__NullifierSpent',
  })
  const reasons = await proveFor(stage, { wallet: ben, policy, gate, caller: BEN, payload: toThief }).then(
    () => [],
    (error: unknown) => (error instanceof StatementError ? error.reasons : Promise.reject(error)),
  )
  check(`Ben, with two of five, is refused: ${reasons[0]?.reason}`, reasons.length > 0)
}

async function deployGate(
  stage: Stage,
  name: string,
  policy: Policy,
  args: readonly unknown[] = [],
): Promise<Deployed> {
  const { chain, contracts, onChain, example } = stage
  const settings = {
    verifier: onChain.address,
    policyDigest: policyDigest(policy),
    maxRootAge: HOUR,
    maxClockSkew: 300n,
    disclosesHandle: false,
    allowDevelopmentKey: true,
    owner: address(stage, 0),
  }
  const gate = await chain.deploy(contracts[name]!, [settings, ...args])
  await chain.send({
    to: gate,
    name: 'publishAnchorsRoot',
    args: [anchorsRoot({ policy, roots: example.roots })],
  })
  fact(name, `${gate.address}, ${number(gate.gas)} gas`)
  return gate
}

interface Call {
  readonly gate: Deployed
  /** Index of the calling account. */
  readonly caller: number
  readonly payload: Hex
}

/** Asks the gate what a proof for it has to be bound to. */
async function contextOf(stage: Stage, call: Call): Promise<{ scope: bigint; message: bigint }> {
  const { chain } = stage
  const { gate, caller, payload } = call
  const [scope, message] = await Promise.all([
    chain.read({ to: gate, name: 'scope' }),
    chain.read({ to: gate, name: 'messageFor', args: [address(stage, caller), payload] }),
  ])
  return { scope: scope as bigint, message: message as bigint }
}

async function proveFor(
  stage: Stage,
  o: Call & { readonly wallet: Wallet; readonly policy: Policy },
): Promise<Proved> {
  const { roots, now } = stage.example
  const context = await contextOf(stage, o)
  const at: Partial<Record<ProvingPhase, number>> = {}
  const start = performance.now()
  const envelope = await stage.prover.prove({
    ...{ ...o.wallet, policy: o.policy, roots, now, ...context },
    onProgress: (phase) => {
      at[phase] ??= performance.now()
    },
  })
  const { artifacts, witness, proof, done } = at as Record<ProvingPhase, number>
  const times = {
    prepare: artifacts - start,
    load: witness - artifacts,
    witness: proof - witness,
    prove: done - proof,
  }
  return { envelope, times }
}

/** Verifies as an app's server would, what came off the wire; `time` is in milliseconds. */
async function verifyFor(
  stage: Stage,
  o: Call & { readonly policy: Policy; readonly envelope: Envelope },
): Promise<{ nullifier: bigint; time: number }> {
  const { example, verifier } = stage
  const context = await contextOf(stage, o)
  const envelope: unknown = JSON.parse(JSON.stringify(o.envelope))
  const start = performance.now()
  const verification = await verifier.verify({
    ...{ ...context, policy: o.policy, roots: [example.roots], now: example.now, envelope },
  })
  const time = performance.now() - start
  assert.ok(verification.valid, 'the verifier accepts')
  return { nullifier: verification.nullifier, time }
}

async function showProof(
  stage: Stage,
  o: Call & { readonly policy: Policy; readonly proved: Proved },
): Promise<void> {
  const { envelope, times } = o.proved
  fact(
    'prepare',
    `${seconds(times.prepare)}, in TypeScript: does the wallet satisfy the policy, and by which SBTs`,
  )
  if (times.load > 50) fact('load', `${seconds(times.load)}, once: proving key, checked by its hash`)
  fact('witness', seconds(times.witness))
  fact('prove', `${seconds(times.prove)}, Groth16 by ${stage.prover.engine}`)
  fact('proof', `256 bytes on chain; ${number(JSON.stringify(envelope).length)} bytes as a JSON envelope`)
  const { nullifier, time } = await verifyFor(stage, { ...o, envelope })
  check('TypeScript verifies: policy, issuers, clock, scope, message, proof', nullifier > 0n)
  fact('verify', seconds(time))
  const context = await contextOf(stage, o)
  const refused = await stage.verifier.verify({
    ...{ ...context, message: 'another session', envelope, policy: o.policy },
    ...{ roots: [stage.example.roots], now: stage.example.now },
  })
  assert.ok(!refused.valid)
  check(
    `… and refuses it in another session: ${refused.reason}`,
    refused.reason.startsWith('publicSignals.message:'),
  )
}

function showSignals(envelope: Envelope): void {
  const meanings = [
    ['reveal', 'nothing: the policy reveals no claim', 0n],
    ['reveal', 'nothing', 0n],
    ['handle', 'nothing: the policy discloses none', 0n],
    ['nullifier', 'the same for this Soul here, another everywhere else'],
    ['policyDigest', 'the policy'],
    ['scope', 'this gate on this chain'],
    ['message', 'this gate, Ana’s address, the payload'],
    ['now', 'when it was proved'],
    ['verifierKey', 'nobody: convincing for all', 0n],
    ['verifierKey2', 'nobody', 0n],
    ['anchorsRoot', 'the snapshot of all accepted issuers'],
  ] as const
  const { publicSignals } = envelope
  assert.equal(publicSignals.length, meanings.length)
  say(
    'To everybody who reads the chain: Ana’s address, the proof, which says nothing, and its public signals.',
  )
  for (const [i, [name, meaning, expected]] of meanings.entries()) {
    const value = BigInt(publicSignals[i]!)
    if (expected !== undefined) assert.equal(value, expected, name)
    fact(name, `${short(value).padEnd(17)} ${meaning}`)
  }
}

/** Looks for whatever is secret among the words that go on chain. */
function checkHidden(stage: Stage, o: { readonly gate: Deployed; readonly envelope: Envelope }): void {
  const { soul, sbts } = stage.example.ana
  const data = calldata(o.gate, o.envelope, '0x')
  const words = data
    .slice(10)
    .match(/.{64}/g)!
    .map((word) => BigInt(`0x${word}`))
  const used = sbts.slice(0, 3)
  const secrets: readonly (readonly [string, readonly bigint[]])[] = [
    ['Soul', [soul.secret, soul.commitment, ...soul.publicKey]],
    [
      'claims',
      used.flatMap(({ sbt }) => encodeClaims(sbt.schema, sbt.claims).filter((claim) => claim !== 0n)),
    ],
    ['SBTs', used.flatMap(({ sbt, salt }) => [sbt.hash, sbt.leaf, sbt.holder, salt])],
    ['times of issue', used.map(({ sbt }) => sbt.issuedAt)],
    ['issuers', Object.keys(stage.example.roots.issuers).flatMap((id) => id.split(':').slice(1).map(BigInt))],
  ]
  const leaked = secrets.filter(([, values]) => values.some((value) => words.includes(value)))
  assert.equal(words.length, 16)
  const names = secrets.map(([name]) => name).join(', ')
  check(`None of the ${words.length} numbers that go on chain is any of these: ${names}`, leaked.length === 0)
}

/** What a proof by this wallet would show, without the nullifier's and the caller's part, which are the same. */
function signalsOf(stage: Stage, wallet: Wallet, policy: Policy): string {
  const { roots, now } = stage.example
  const context = contextSignals({ scope: 'any', message: 'any' })
  return preparePolicy({ ...wallet, policy, roots, now, context }).publicSignals.join()
}

function enter(
  stage: Stage,
  o: { readonly gate: Deployed; readonly envelope: Envelope; readonly from: number; readonly payload: Hex },
): ReturnType<LocalChain['send']> {
  const { gate, envelope, from, payload } = o
  return stage.chain.send({ to: gate, name: 'enter', args: [toPolicyProof(envelope), payload], from })
}

function calldata(gate: Deployed, envelope: Envelope, payload: Hex): Hex {
  return encodeFunctionData({
    abi: gate.abi,
    functionName: 'enter',
    args: [toPolicyProof(envelope), payload],
  })
}

function address(stage: Stage, index: number): Hex {
  return stage.chain.wallets[index]!.account.address
}

function shortKey({ issuer }: Office): string {
  return short(issuer.publicKey[0])
}

try {
  await main()
} catch (error) {
  process.stderr.write(`\n${colour('red', 'the demo failed')}\n${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
