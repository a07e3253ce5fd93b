import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Address, formatEther, type PublicClient, parseEther } from 'viem'
import { StatementError } from '../src/errors.js'
import {
  createLedger,
  type Ledger,
  type LedgerProof,
  ledgerHandle,
  prepareBatch,
} from '../src/ledger/index.js'
import { createIndexer, type Indexer } from '../src/ledger/indexer.js'
import {
  anchorsRoot,
  compilePolicy,
  explainPolicy,
  type Policy,
  parsePolicy,
  policyDigest,
  type Roots,
  type Wallet,
} from '../src/policy/index.js'
import { createProver, type Prover } from '../src/prover/index.js'
import type { Soul } from '../src/soul/index.js'
import { VERIFICATION_KEYS } from '../src/statements/verification-keys.js'
import { createVerifier, exportSolidityVerifier, type Verifier } from '../src/verifier/index.js'
import { type Deployed, type LocalChain, startChain, toPolicyProof, toSolidityProof } from './lib/chain.js'
import { CITIZENSHIP, createExample, type Example } from './lib/example.js'
import { CATEGORIES, compileLedger, deployLedger, deployPoseidon3 } from './lib/ledger.js'
import { compileSolidity } from './lib/solc.js'
import {
  block,
  check,
  checkRefused,
  colour,
  fact,
  number,
  say,
  seconds,
  step,
  title,
  write,
} from './lib/story.js'

/*
 * Tells the story of a loan: borrowed, not repaid, recorded by the contract itself, and from then on in every proof. Real
 * proofs and a real node; it exits with 1 as soon as anything is not as told: every line with a tick is asserted.
 */

const [OWNER, ANA, ANYBODY] = [0, 1, 2] as const
const PRINCIPAL = parseEther('2')
const INTEREST = parseEther('0.1')
const OWED = PRINCIPAL + INTEREST
const TERM = 30n * 86_400n
const LANDLORD = { scope: 'flat 12, Lakeshore Road', message: 'application of today' }

/** Who is on the stage. */
interface Stage {
  readonly example: Example
  readonly chain: LocalChain
  /** The contract, its copy on this machine, and what keeps the copy up to date. */
  readonly contract: Deployed & { readonly id: string }
  readonly ledger: Ledger
  readonly indexer: Indexer
  readonly loan: Deployed
  readonly prover: Prover
  readonly verifier: Verifier
  /** What the lender asks for, and what a landlord asks for. */
  readonly eligibility: Policy
  readonly standing: Policy
}

async function main(): Promise<void> {
  const start = performance.now()
  title('Soulproof: what a Soul owes is in every proof')
  say(
    'A loan without collateral holds only if a default cannot be hidden. Here it cannot: the contract records it by itself',
    'in a ledger, and whoever says something about that ledger has to open the own entries, or to prove that there are none.',
  )
  const folder = mkdtempSync(join(tmpdir(), 'soulproof-credit-'))
  // It ends with this process.
  const chain = await startChain()
  await using prover = await createProver()
  try {
    const stage = await prepare(chain, prover, join(folder, 'ledger'))
    await using _ = stage.ledger
    await lend(stage)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  title(`All of it held, in ${seconds(performance.now() - start)}.`)
}

async function prepare(chain: LocalChain, prover: Prover, path: string): Promise<Stage> {
  step('A ledger and a lender on chain')
  const { timestamp } = await chain.client.getBlock()
  const example = createExample({ now: timestamp })
  const hasher = await deployPoseidon3(chain)
  const batchVerifier = await deployVerifierOf(chain, 'ledger-batch')
  const contract = await deployLedger(chain, { hasher: hasher.address, verifier: batchVerifier.address })
  fact('ledger', contract.id)
  fact('categories', CATEGORIES.join(', '))

  const citizenship = { issuers: [example.state.issuer.id], schema: CITIZENSHIP.name }
  const isCitizen = { claim: 'citizenship.country', eq: 'CA' }
  const common = {
    version: 1,
    schemas: { [CITIZENSHIP.name]: CITIZENSHIP.claims },
    sbts: { citizenship },
    ledgers: { credit: { id: contract.id, categories: CATEGORIES } },
  }
  const eligibility = parsePolicy({ ...common, require: isCitizen, discloseHandle: 'credit' })
  const standing = parsePolicy({
    ...common,
    require: { all: [isCitizen, { ledger: 'credit.unpaid.sum', lte: 0 }] },
  })

  const loan = await chain.deploy(compileLedger().Loan, [
    {
      verifier: (await deployVerifierOf(chain, compilePolicy(eligibility).profile.name)).address,
      policyDigest: policyDigest(eligibility),
      ...{ maxRootAge: 3600n, maxClockSkew: 300n, disclosesHandle: true, allowDevelopmentKey: true },
      owner: address(chain, OWNER),
    },
    ...[contract.address, PRINCIPAL, INTEREST, TERM],
  ])
  await chain.control.setBalance({ address: loan.address, value: parseEther('100') })
  await chain.send({ to: contract, name: 'setGate', args: [loan.address, true] })
  await chain.send({ to: contract, name: 'setAttestor', args: [loan.address, 0b11n] })
  fact('loan', `${formatEther(PRINCIPAL)} ETH for ${TERM / 86_400n} days, ${formatEther(OWED)} to repay`)
  say('The contract lends to whoever proves this, and may write in both categories about those who did:')
  block(explainPolicy(eligibility).split('\n\nSBTs that count:')[0]!)

  const ledger = await createLedger({ id: contract.id, categories: CATEGORIES, path })
  const indexer = createIndexer({
    ...{ ledger, client: chain.client as PublicClient, address: contract.address },
    fromBlock: contract.fromBlock,
  })
  const verifier = await createVerifier({ allowDevelopmentKeys: true })
  return { example, chain, contract, ledger, indexer, loan, prover, verifier, eligibility, standing }
}

async function lend(stage: Stage): Promise<void> {
  step('Ana borrows')
  const { chain, contract, loan, prover, eligibility, example } = stage
  const { roots, ana, ben } = example
  await chain.send({
    to: loan,
    name: 'publishAnchorsRoot',
    args: [anchorsRoot({ policy: eligibility, roots })],
  })
  const [scope, message] = await Promise.all([
    chain.read({ to: loan, name: 'scope' }),
    chain.read({ to: loan, name: 'messageFor', args: [address(chain, ANA), '0x'] }),
  ])
  const envelope = await prover.prove({
    ...{ ...ana, policy: eligibility, roots, now: await now(chain) },
    ...{ scope: scope as bigint, message: message as bigint },
  })
  const before = await chain.client.getBalance({ address: loan.address })
  const receipt = await chain.send({
    to: loan,
    name: 'enter',
    args: [toPolicyProof(envelope), '0x'],
    from: ANA,
  })
  const paid = before - (await chain.client.getBalance({ address: loan.address }))
  check(
    `She has ${formatEther(paid)} ETH; the lender learns that she is a citizen, and her handle`,
    paid === PRINCIPAL,
  )
  fact('gas', number(receipt.gasUsed))
  const isDisclosed = (soul: Soul): Promise<unknown> =>
    chain.read({ to: contract, name: 'isDisclosed', args: [loan.address, handleOf(stage, soul)] })
  check('The lender may write about her', (await isDisclosed(ana.soul)) === true)
  check('… and not about Ben, who never asked', (await isDisclosed(ben.soul)) === false)
  const nullifier = BigInt(envelope.publicSignals[3]!)
  const early = chain.send({ to: loan, name: 'recordDefault', args: [nullifier], from: ANYBODY })
  await checkRefused('A default before the term has passed', { call: early, error: 'Loan__NotDue' })

  step('While nothing is overdue')
  say('A landlord asks for a citizen without unpaid loans. It names no lender, and learns no handle:')
  block(explainPolicy(stage.standing).split('\n\nSBTs that count:')[0]!)
  await proveStanding(stage, 'Ana', ana)
  await fallDue(stage, nullifier)
}

async function fallDue(stage: Stage, nullifier: bigint): Promise<void> {
  step('The term passes, and she does not repay')
  const { chain, loan, ledger, example } = stage
  const { ana, ben } = example
  const old = { roots: await rootsNow(stage), opening: openingOf(stage, ana.soul) }
  await wait(chain, TERM + 1n)
  const receipt = await chain.send({ to: loan, name: 'recordDefault', args: [nullifier], from: ANYBODY })
  const { appended } = await stage.indexer.sync()
  check(
    `Anybody has it recorded; the contract appends ${appended} entries, and nobody is asked`,
    appended === 2,
  )
  fact('gas', `${number(receipt.gasUsed)} for both`)
  await settle(stage)

  step('She applies again')
  const reasons = await refusal(stage, ana)
  check(
    `The library refuses before it computes anything: ${reasons[0]?.reason}`,
    reasons[0]?.path === 'require.all[1]',
  )
  say('She tries what is left:')

  // A proof against the root from before: it is a right one, of a ledger without her entries.
  const stale = await stage.prover.prove({
    ...{ ...ana, policy: stage.standing, roots: old.roots, now: await now(chain), ...LANDLORD },
    ledgers: { [ledger.id]: old.opening },
  })
  const refused = await verify(stage, stale)
  check(`The root from before the default: ${refused.valid ? 'valid' : refused.reason}`, !refused.valid)
  const mixed = await refusal(stage, ana, old.opening)
  check(`The opening from before under the new root: ${mixed[0]?.reason}`, mixed.length > 0)
  const others = await refusal(stage, ana, openingOf(stage, ben.soul))
  check(`The gap in which Ben would lie: ${others[0]?.reason}`, others.length > 0)
  const none = await refusal(stage, { ...ana, ledgers: {} }, null)
  check(`No opening at all: ${none[0]?.reason}`, none.length > 0)

  step('Ben, who never borrowed, applies too')
  await proveStanding(stage, 'Ben', ben)
  await repay(stage, nullifier)
}

async function repay(stage: Stage, nullifier: bigint): Promise<void> {
  step('Ana repays')
  const { chain, loan, ledger, example } = stage
  await chain.send({ to: loan, name: 'repay', args: [nullifier], from: ANA, value: OWED })
  const { appended } = await stage.indexer.sync()
  check('The contract records the cure: an entry of minus what was owed', appended === 1)
  await settle(stage)
  await proveStanding(stage, 'Ana', example.ana)
  const [unpaid, defaults] = openingOf(stage, example.ana.soul).leaf.tallies
  check(
    `The ledger keeps that it happened: unpaid ${unpaid?.sum}, defaults ever ${defaults?.count}`,
    unpaid?.sum === 0n && defaults?.count === 1n,
  )
  check('… for policies that ask for it, and in nobody’s reach to delete', ledger.length === 3n)
}

/** Brings the contract's root up to date by proofs of `ledger-batch`, from the copy of its queue. */
async function settle(stage: Stage): Promise<void> {
  const { chain, contract, ledger, prover } = stage
  while (ledger.reader.state.queueLength < ledger.length) {
    const entries = await ledger.entries(ledger.reader.state.queueLength)
    const batch = prepareBatch({ reader: ledger.reader, entries })
    const start = performance.now()
    const { proof } = await prover.prove({ statement: 'ledger-batch', batch })
    const time = performance.now() - start
    const { newRoot, queueLength } = batch.signals
    assert.equal(queueLength, ledger.length, 'all of it fits into one batch here')
    const next = { subject: 0n, content: 0n }
    const args = [newRoot, queueLength, toSolidityProof(proof), next]
    const receipt = await chain.send({ to: contract, name: 'acceptRoot', args, from: ANYBODY })
    const { root } = await ledger.apply(batch.consumed)
    const { root: accepted } = (await chain.read({ to: contract, name: 'latestRoot' })) as { root: bigint }
    check(
      `The contract accepts the new root on a proof by anybody: ${batch.consumed} entries`,
      accepted === root,
    )
    fact('ledger-batch', `${seconds(time)} to prove, ${number(receipt.gasUsed)} gas`)
  }
}

/** What the landlord accepts now: the issuers' roots, and the ledger's from the contract; before the first, the empty one. */
async function rootsNow(stage: Stage): Promise<Roots> {
  const { chain, contract, ledger, example } = stage
  const latest = (await chain.read({ to: contract, name: 'latestRoot' })) as {
    root: bigint
    queueLength: bigint
    completeAt: bigint
  }
  const { root, queueLength, completeAt: at } = latest
  const [empty] = ledger.roots()
  const accepted =
    root === 0n ? { root: empty!.root, queueLength: 0n, at: await now(chain) } : { root, queueLength, at }
  return { ...example.roots, ledgers: { [ledger.id]: accepted } }
}

/** Proves to the landlord, who accepts. */
async function proveStanding(stage: Stage, name: string, wallet: Wallet): Promise<void> {
  const { chain, prover, standing, ledger } = stage
  const start = performance.now()
  const envelope = await prover.prove({
    ...{ ...wallet, policy: standing, roots: await rootsNow(stage), now: await now(chain), ...LANDLORD },
    ledgers: { [ledger.id]: openingOf(stage, wallet.soul) },
  })
  const time = performance.now() - start
  const verification = await verify(stage, envelope)
  check(`${name} proves it, and the landlord accepts`, verification.valid)
  fact(standingProfile(stage), `${seconds(time)} to prove`)
}

/** Verifies as the landlord does: with the contract's last root, which has to contain every entry of the last hour. */
async function verify(stage: Stage, envelope: unknown): ReturnType<Verifier['verify']> {
  const { chain, contract, verifier, standing } = stage
  const length = (await chain.read({ to: contract, name: 'queueLength' })) as bigint
  return verifier.verify({
    ...{ ...LANDLORD, policy: standing, roots: [await rootsNow(stage)], now: await now(chain) },
    envelope: JSON.parse(JSON.stringify(envelope)),
    freshness: { credit: { minQueueLength: length, maxAge: 3600n } },
  })
}

/** Tries to prove with this opening, by default the own one, and returns why the library refuses. */
async function refusal(
  stage: Stage,
  wallet: Wallet,
  opening: LedgerProof | null = openingOf(stage, wallet.soul),
): Promise<readonly { readonly path: string; readonly reason: string }[]> {
  const { chain, prover, standing, ledger } = stage
  return prover
    .prove({
      ...{ ...wallet, policy: standing, roots: await rootsNow(stage), now: await now(chain), ...LANDLORD },
      ...(opening !== null && { ledgers: { [ledger.id]: opening } }),
    })
    .then(
      () => [],
      (error: unknown) => (error instanceof StatementError ? error.reasons : Promise.reject(error)),
    )
}

function openingOf(stage: Stage, soul: Soul): LedgerProof {
  return stage.ledger.proof(handleOf(stage, soul))
}

function handleOf(stage: Stage, soul: Soul): bigint {
  return ledgerHandle({ soul, ledgerId: stage.ledger.id })
}

function standingProfile(stage: Stage): string {
  return compilePolicy(stage.standing).profile.name
}

async function deployVerifierOf(chain: LocalChain, statement: string): Promise<Deployed> {
  const source = exportSolidityVerifier({ verificationKey: VERIFICATION_KEYS[statement]!.key })
  return chain.deploy(compileSolidity({ sources: { 'Verifier.sol': source } }).Groth16Verifier!)
}

async function now(chain: LocalChain): Promise<bigint> {
  return (await chain.client.getBlock()).timestamp
}

async function wait(chain: LocalChain, time: bigint): Promise<void> {
  await chain.control.increaseTime({ seconds: Number(time) })
  await chain.control.mine({ blocks: 1 })
}

function address(chain: LocalChain, index: number): Address {
  return chain.wallets[index]!.account.address
}

try {
  await main()
} catch (error) {
  write(`\n${colour('red', 'the demo failed')}\n${(error as Error)?.stack ?? error}\n`)
  process.exitCode = 1
}
