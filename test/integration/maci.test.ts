import assert from 'node:assert/strict'
import { parseEventLogs } from 'viem'
import { type LocalChain, type PolicyProof, startChain, toPolicyProof } from '../../scripts/lib/chain.js'
import {
  createElectorate,
  deployMaci,
  type Electorate,
  type MaciKey,
  type MaciOnChain,
  proveSignUp,
  signUp,
  signUpPayload,
  VOICE_CREDITS,
  type Voter,
} from '../../scripts/lib/maci.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { createVerifierKey, simulate } from '../../src/designated/index.js'
import { StatementError } from '../../src/errors.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { createProver, type Prover } from '../../src/prover/index.js'
import { createSoul } from '../../src/soul/index.js'
import { assertReverts, executionGas, matchSnapshot, undoAfterEach } from '../support/chain.js'

const soulOf = (byte: number) => createSoul({ seed: new Uint8Array(32).fill(byte) })
const keyOf = (byte: number): MaciKey => {
  const [x, y] = soulOf(byte).publicKey
  return { x, y }
}
const SEED = 3n ** 150n
const OFFICE = new Uint8Array(32).fill(0x41)
/** MACI's blank first leaf: contracts/MACI.sol. */
const BLANK_LEAF = 6769006970205099520508948723718471724660867171122235270773600567925038008762n

describe("MACI 2.5.0: sign-up by policy, with MACI's own contracts", () => {
  const [ana, thief] = [1, 2]
  const [key, otherKey] = [keyOf(0x31), keyOf(0x32)]
  let chain: LocalChain
  let prover: Prover
  let electorate: Electorate
  let onChain: MaciOnChain
  let voter: Voter
  let proof: PolicyProof

  before(async () => {
    ;[chain, prover] = await Promise.all([startChain(), createProver()])
    const { timestamp } = await chain.client.getBlock()
    electorate = createElectorate({ now: timestamp, secret: OFFICE })
    onChain = await deployMaci({ chain, ...electorate })
    voter = electorate.register({ soul: soulOf(0x11), seed: SEED })
    proof = await prove({})
  })
  after(() => Promise.all([chain?.stop(), prover?.dispose()]))
  undoAfterEach(() => chain)

  const prove = (changes: Partial<Parameters<typeof proveSignUp>[0]>): Promise<PolicyProof> =>
    proveSignUp({
      ...{ chain, prover, gatekeeper: onChain.gatekeeper, electorate, voter, key, from: ana },
      ...changes,
    })
  const send = (changes: Partial<Parameters<typeof signUp>[0]> = {}): ReturnType<typeof signUp> =>
    signUp({ chain, gatekeeper: onChain.gatekeeper, proof, key, from: ana, ...changes })
  const voters = (): Promise<unknown> => chain.read({ to: onChain.maci, name: 'numSignUps' })

  it('a resident signs up a key: MACI has it in its state tree, with its credits', async () => {
    assert.equal(await voters(), 1n)
    const receipt = await send()
    const [event] = parseEventLogs({ abi: onChain.maci.abi, logs: receipt.logs, eventName: 'SignUp' })
    const args = event!.args as unknown as Record<string, bigint>
    assert.deepEqual(
      [args._stateIndex, args._userPubKeyX, args._userPubKeyY, args._voiceCreditBalance],
      [1n, key.x, key.y, VOICE_CREDITS],
    )
    const leaf = poseidon([key.x, key.y, VOICE_CREDITS, args._timestamp!])
    assert.equal(
      await chain.read({ to: onChain.maci, name: 'getStateTreeRoot' }),
      poseidon([BLANK_LEAF, leaf]),
    )
    matchSnapshot(new URL('maci-gas.snapshot.json', import.meta.url), {
      'first sign-up': await executionGas(chain, receipt),
    })
  })

  it('a second sign-up with the same Soul and another key is refused', async () => {
    await send()
    const second = await prove({ key: otherKey })
    assert.equal(second.nullifier, proof.nullifier)
    await assertReverts(send({ proof: second, key: otherKey }), 'PolicyGate__NullifierSpent')
    // An alias of the nullifier would be another one.
    const alias = { ...second, nullifier: second.nullifier + r }
    await assertReverts(send({ proof: alias, key: otherKey }), 'PolicyGate__ProofInvalid')
    assert.equal(await voters(), 2n)
  })

  it('a Sybil sign-up is refused: a second Soul to which the office has attested the same person', async () => {
    await send()
    const sybil = await prove({
      voter: electorate.register({ soul: soulOf(0x12), seed: SEED }),
      from: thief,
      key: otherKey,
    })
    await assertReverts(send({ proof: sybil, from: thief, key: otherKey }), 'PolicyGate__NullifierSpent')
  })

  it('a Sybil sign-up is refused: a resident of nowhere, of another county, and one attested by an office of his own', async () => {
    const nobody = { soul: soulOf(0x13), sbts: [] }
    await assert.rejects(prove({ voter: nobody }), StatementError)
    await assert.rejects(prove({ voter: { ...nobody, sbts: voter.sbts } }), StatementError)
    const elsewhere = electorate.register({ soul: soulOf(0x14), seed: 5n, county: 'Linn' })
    await assert.rejects(prove({ voter: elsewhere }), StatementError)

    const { timestamp } = await chain.client.getBlock()
    const forged = createElectorate({ now: timestamp, secret: new Uint8Array(32).fill(0x42) })
    const own = forged.register({ soul: soulOf(0x15), seed: 5n })
    const byOwnOffice = await prove({ electorate: forged, voter: own })
    await assertReverts(send({ proof: byOwnOffice }), 'PolicyGate__RootUnknown')
    const { anchorsRoot } = proof
    await assertReverts(send({ proof: { ...byOwnOffice, anchorsRoot } }), 'PolicyGate__ProofInvalid')
  })

  it('a stolen proof is refused: sent by a thief, with his key, with his key in the name of its owner', async () => {
    await assertReverts(send({ from: thief }), 'PolicyGate__ProofInvalid')
    await assertReverts(send({ from: thief, key: otherKey }), 'PolicyGate__ProofInvalid')
    await assertReverts(send({ key: otherKey }), 'PolicyGate__ProofInvalid')
    await send()
  })

  it('a key smuggled past the proof is refused: nobody signs up with MACI directly, or speaks for it', async () => {
    const { maci, gatekeeper } = onChain
    const asMaci = { ...maci, abi: [...maci.abi, ...gatekeeper.abi] }
    const direct = (data: string): Promise<unknown> =>
      chain.send({ to: asMaci, name: 'signUp', args: [otherKey, data, '0x'], from: thief })
    await assertReverts(direct('0x'), 'PolicySignUpGatekeeper__NotThroughGatekeeper')
    await assertReverts(direct(signUpPayload(key)), 'PolicySignUpGatekeeper__NotThroughGatekeeper')
    const register = chain.send({
      to: gatekeeper,
      name: 'register',
      args: [gatekeeper.address, '0x'],
      from: thief,
    })
    await assertReverts(register, 'PolicySignUpGatekeeper__NotMaci')
    assert.equal(await voters(), 1n)
  })

  it('other contract, other policy, other chain: proofs for them are refused here', async () => {
    const twin = await onChain.deployGatekeeper(electorate)
    const forTwin = await prove({ gatekeeper: twin })
    await assertReverts(send({ proof: forTwin }), 'PolicyGate__ProofInvalid')
    // Nobody's nullifier is spent for nothing at a gatekeeper without a MACI, or with one that has another gatekeeper.
    const there = (): Promise<unknown> => send({ gatekeeper: twin, proof: forTwin })
    await assertReverts(there(), 'PolicySignUpGatekeeper__MaciInvalid')
    await chain.send({ to: twin, name: 'setMaciInstance', args: [onChain.maci.address] })
    await assertReverts(there(), 'PolicySignUpGatekeeper__NotThroughGatekeeper')

    const { timestamp } = await chain.client.getBlock()
    const linn = createElectorate({ now: timestamp, secret: OFFICE, county: 'Linn' })
    const other = await prove({ electorate: linn, voter: linn.register({ soul: soulOf(0x16), seed: 5n }) })
    // The same office with the same roots, but another question.
    assert.equal(other.anchorsRoot, proof.anchorsRoot)
    await assertReverts(send({ proof: other }), 'PolicyGate__ProofInvalid')

    await chain.control.request({ method: 'anvil_setChainId', params: [31338] } as never)
    try {
      const id = await chain.client.getChainId()
      assert.equal(id, 31338)
      const call = chain.client.simulateContract({
        address: onChain.gatekeeper.address,
        abi: onChain.gatekeeper.abi,
        functionName: 'enter',
        args: [proof, signUpPayload(key)],
        account: chain.wallets[ana]!.account,
      })
      await assertReverts(call, 'PolicyGate__ProofInvalid')
    } finally {
      await chain.control.request({ method: 'anvil_setChainId', params: [chain.chainId] } as never)
    }
    await send()
  })

  it('a designated proof is refused: who could have made it himself shows nothing', async () => {
    const verifierKey = createVerifierKey({ secret: 77n })
    const { timestamp } = await chain.client.getBlock()
    const sender = chain.wallets[thief]!.account.address
    const { gatekeeper } = onChain
    const envelope = await simulate({
      ...{ prover, key: verifierKey, verifierKey: verifierKey.verifierKey, ...electorate, now: timestamp },
      scope: (await chain.read({ to: gatekeeper, name: 'scope' })) as bigint,
      message: (await chain.read({
        to: gatekeeper,
        name: 'messageFor',
        args: [sender, signUpPayload(otherKey)],
      })) as bigint,
    })
    const simulated = toPolicyProof(envelope)
    await assertReverts(send({ proof: simulated, from: thief, key: otherKey }), 'PolicyGate__ProofInvalid')
  })

  it('a clock outside the window and a stale root are refused', async () => {
    await chain.control.increaseTime({ seconds: 302 })
    await chain.control.mine({ blocks: 1 })
    await assertReverts(send(), 'PolicyGate__ClockSkew')
    await chain.control.increaseTime({ seconds: 7 * 86_400 })
    await chain.control.mine({ blocks: 1 })
    await assertReverts(send(), 'PolicyGate__RootExpired')
  })

  it('a refusal by MACI costs nothing: a key off the curve is refused, and the nullifier is not spent', async () => {
    const bad = { x: key.x, y: key.y + 1n }
    const proofForBad = await prove({ key: bad })
    await assertReverts(send({ proof: proofForBad, key: bad }), 'InvalidPubKey')
    await send()
  })

  it('role abuse: only the owner names MACI, only a contract, and only once', async () => {
    const { maci, deployGatekeeper } = onChain
    const gatekeeper = await deployGatekeeper(electorate)
    const set = (address: string, from = 0): Promise<unknown> =>
      chain.send({ to: gatekeeper, name: 'setMaciInstance', args: [address], from })
    await assertReverts(set(maci.address, thief), 'PolicyGate__NotOwner')
    await assertReverts(set(chain.wallets[thief]!.account.address), 'PolicySignUpGatekeeper__MaciInvalid')
    await set(maci.address)
    await assertReverts(set(maci.address), 'PolicySignUpGatekeeper__MaciAlreadySet')
  })
})
