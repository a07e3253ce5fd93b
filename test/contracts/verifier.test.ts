import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { bn254 } from '@noble/curves/bn254.js'
import { type Deployed, type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { compileSolidity } from '../../scripts/lib/solc.js'
import { KeyError } from '../../src/errors.js'
import { FIELD_MODULUS } from '../../src/field.js'
import type { Groth16Proof, VerificationKeyJson } from '../../src/groth16.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { parseVerificationKey, verificationKeyHash } from '../../src/verifier/keys.js'
import { exportSolidityVerifier } from '../../src/verifier/solidity.js'
import {
  callVerifier,
  checkSolidityLadder,
  coordinatesOf,
  deployVerifier,
  matchSnapshot,
  randomWords,
  rerandomise,
  verifyProofCalldata,
} from '../support/chain.js'
import { snarkjsContract } from '../support/template.js'
import { type ElevenSignals, SIGNAL_NAMES, type Signals, setupElevenSignals } from './eleven-signals.js'

const ALL_SET = Object.fromEntries(
  randomWords('signals', 11).map((word, i) => [SIGNAL_NAMES[i]!, word % FIELD_MODULUS]),
) as Signals
// What a gate sees most often: one reveal, no handle, no designated verifier.
const AS_IN_A_GATE: Signals = { ...ALL_SET, reveal1: 0n, handle: 0n, verifierKey: 0n, verifierKey2: 0n }

describe('exported Solidity verifier', () => {
  let circuit: ElevenSignals
  let chain: LocalChain
  let verifier: Deployed
  let all: { proof: Groth16Proof; publicSignals: bigint[] }
  let gate: { proof: Groth16Proof; publicSignals: bigint[] }
  const call = (words: readonly bigint[]): Promise<boolean> => callVerifier({ chain, verifier, words })

  before(async () => {
    ;[circuit, chain] = await Promise.all([setupElevenSignals(), startChain()])
    verifier = await deployVerifier({ chain, verificationKey: circuit.verificationKey })
    all = await circuit.prove(ALL_SET)
    gate = await circuit.prove(AS_IN_A_GATE)
  })
  after(() => chain?.stop())

  it('accepts a proof and refuses each changed, aliased or missing part, without a revert', () =>
    checkSolidityLadder({ chain, verifier, ...all }))

  it('does the same when signals are 0, which it skips', () =>
    checkSolidityLadder({ chain, verifier, ...gate }))

  it('accepts the edges of the field, 1 and r - 1', async () => {
    const signals = { ...ALL_SET, reveal0: FIELD_MODULUS - 1n, reveal1: 1n, nullifier: FIELD_MODULUS - 1n }
    const { proof, publicSignals } = await circuit.prove(signals)
    assert.equal(await call([...coordinatesOf(proof), ...publicSignals]), true)
  })

  it('refuses two signals exchanged and a proof of other signals', async () => {
    const [first, second, ...rest] = all.publicSignals
    assert.equal(await call([...coordinatesOf(all.proof), second!, first!, ...rest]), false)
    assert.equal(await call([...coordinatesOf(gate.proof), ...all.publicSignals]), false)
  })

  it('returns false for random calldata', async () => {
    for (let i = 0; i < 20; i++) assert.equal(await call(randomWords(`calldata ${i}`, 19)), false)
    for (let i = 0; i < 20; i++) {
      const words = randomWords(`small ${i}`, 19).map((word) => word & 3n)
      assert.equal(await call(words), false)
    }
  })

  it('accepts a re-randomised proof: proof bytes are no identifier', async () => {
    const copy = rerandomise(all.proof, 5n)
    assert.notDeepEqual(coordinatesOf(copy), coordinatesOf(all.proof))
    assert.equal(await call([...coordinatesOf(copy), ...all.publicSignals]), true)
  })

  it('returns false on a chain without one of the precompiles, also for a proof that would hold if calls did nothing', async () => {
    const source = exportSolidityVerifier({ verificationKey: circuit.verificationKey })
    const of = (value: bigint) =>
      circuit.prove(Object.fromEntries(SIGNAL_NAMES.map((name) => [name, value])) as Signals)
    // Where nothing is multiplied each signal counts as 1, where nothing is added as 0.
    const [ones, zeros] = [await of(1n), await of(0n)]
    for (const precompile of ['0x06', '0x07', '0x08']) {
      const call = `staticcall(gas(), ${precompile},`
      assert.ok(source.includes(call))
      const without = source.replaceAll(call, 'staticcall(gas(), 0xdead,')
      const contract = compileSolidity({ sources: { 'Verifier.sol': without } }).Groth16Verifier!
      const target = await chain.deploy(contract)
      for (const { proof } of [all, ones, zeros]) {
        const words = [...coordinatesOf(proof), ...all.publicSignals]
        assert.equal(await callVerifier({ chain, verifier: target, words }), false, precompile)
      }
    }
  })

  it('runs out of gas inside of a precompile: a proof holds only with enough gas, a forged one never', async () => {
    const { proof: ones } = await circuit.prove(
      Object.fromEntries(SIGNAL_NAMES.map((name) => [name, 1n])) as Signals,
    )
    const answer = async (proof: Groth16Proof, gas: bigint): Promise<boolean> => {
      const data = verifyProofCalldata(verifier, [...coordinatesOf(proof), ...all.publicSignals])
      const { data: word } = await chain.client.call({ to: verifier.address, data, gas })
      return word!.endsWith('1')
    }
    // Limits at which some call is refused, and what is left is enough to say so.
    const answers: boolean[] = []
    for (let gas = 40_000n; gas < 320_000n; gas += 5_003n) {
      const honest = await answer(all.proof, gas).catch(() => undefined)
      assert.notEqual(await answer(ones, gas).catch(() => undefined), true)
      if (honest !== undefined) answers.push(honest)
    }
    assert.ok(answers.includes(false) && answers.at(-1) === true)
    assert.deepEqual(answers, answers.toSorted())
  })

  it('refuses calldata that is too short', async () => {
    const data = verifyProofCalldata(verifier, [...coordinatesOf(all.proof), ...all.publicSignals])
    await assert.rejects(
      chain.client.call({ to: verifier.address, data: data.slice(0, -2) as `0x${string}` }),
    )
  })

  it('shows the key: its hash, and that it is a development key', async () => {
    const key = parseVerificationKey(circuit.verificationKey)
    assert.equal(await chain.read({ to: verifier, name: 'verificationKeyHash' }), verificationKeyHash(key))
    assert.equal(await chain.read({ to: verifier, name: 'isDevelopmentKey' }), true)
  })

  it('has the ABI of snarkjs for verifyProof', () => {
    const { sources } = snarkjsVerifier(circuit.verificationKey)
    const theirs = compileSolidity({ sources }).Groth16Verifier!.abi
    const ours = verifier.abi.filter((entry) => entry.type === 'function' && entry.name === 'verifyProof')
    assert.deepEqual(ours, theirs)
  })

  it('costs no more gas than the verifier that snarkjs exports', async () => {
    const meter = await chain.deploy(
      compileSolidity({ sources: { 'GasMeter.sol': readFileSync('test/contracts/GasMeter.sol', 'utf8') } })
        .GasMeter!,
    )
    const reference = compileSolidity(snarkjsVerifier(circuit.verificationKey)).Groth16Verifier!
    const theirs = await chain.deploy(reference)
    const gasOf = async (target: Deployed, proven: typeof all): Promise<number> => {
      const data = verifyProofCalldata(target, [...coordinatesOf(proven.proof), ...proven.publicSignals])
      const measured = await chain.read({ to: meter, name: 'measure', args: [target.address, data] })
      const [gasUsed, result] = measured as readonly [bigint, bigint]
      assert.equal(result, 1n)
      return Number(gasUsed)
    }
    const gas = {
      'soulproof, 11 signals': await gasOf(verifier, all),
      'snarkjs, 11 signals': await gasOf(theirs, all),
      'soulproof, 11 signals of which 4 are 0': await gasOf(verifier, gate),
      'snarkjs, 11 signals of which 4 are 0': await gasOf(theirs, gate),
    }
    assert.ok(gas['soulproof, 11 signals'] <= gas['snarkjs, 11 signals'])
    assert.ok(
      gas['soulproof, 11 signals of which 4 are 0'] <=
        gas['snarkjs, 11 signals of which 4 are 0'] - 4 * 6_000,
    )
    matchSnapshot(new URL('./verifier-gas.snapshot.json', import.meta.url), gas)
  })
})

describe('exportSolidityVerifier', () => {
  let verificationKey: VerificationKeyJson
  before(async () => {
    ;({ verificationKey } = await setupElevenSignals())
  })

  it('warns of a development key in the first line', () => {
    const [first] = exportSolidityVerifier({ verificationKey }).split('\n')
    assert.match(first!, /^\/\/ DEVELOPMENT KEY - ANYONE CAN FORGE PROOFS - NEVER DEPLOY/)
  })

  it('does not warn of another key, and says so on chain', async () => {
    const source = exportSolidityVerifier({ verificationKey: withDelta(verificationKey, 7n) })
    assert.match(source, /^\/\/ SPDX-License-Identifier: MIT\n/)
    assert.doesNotMatch(source, /DEVELOPMENT/)
    await using chain = await startChain()
    const verifier = await chain.deploy(compileSolidity({ sources: { 'V.sol': source } }).Groth16Verifier!)
    assert.equal(await chain.read({ to: verifier, name: 'isDevelopmentKey' }), false)
  })

  it('refuses a key whose gamma equals its delta: anyone could forge (Veil Cash, FoomCash)', () => {
    const unsafe = { ...verificationKey, vk_delta_2: verificationKey.vk_gamma_2 }
    assert.throws(() => exportSolidityVerifier({ verificationKey: unsafe }), KeyError)
  })

  it('refuses a malformed key, and one without public signals', () => {
    const { IC, vk_alpha_1 } = verificationKey
    const malformed: object[] = [
      {},
      { ...verificationKey, nPublic: 10 },
      { ...verificationKey, IC: IC.slice(1) },
      { ...verificationKey, IC: IC.slice(0, 1), nPublic: 0 },
      { ...verificationKey, vk_alpha_1: ['1', '1', '1'] },
      { ...verificationKey, vk_alpha_1: [`0x${BigInt(vk_alpha_1[0]).toString(16)}`, vk_alpha_1[1], '1'] },
      { ...verificationKey, curve: 'bls12381' },
    ]
    for (const key of malformed) {
      assert.throws(() => exportSolidityVerifier({ verificationKey: key }), KeyError)
    }
  })

  it('refuses the key of policy-m-timed, whose proofs say nothing without their second part, or marks it', () => {
    const { key } = VERIFICATION_KEYS['policy-m-timed']!
    assert.throws(() => exportSolidityVerifier({ verificationKey: key }), KeyError)
    const lines = exportSolidityVerifier({ verificationKey: key, allowTimed: true }).split('\n')
    assert.match(lines[1]!, /^\/\/ FIRST PART OF policy-m-timed - BY ITSELF IT PROVES NOTHING/)
    for (const [name, { key: other }] of Object.entries(VERIFICATION_KEYS)) {
      if (name === 'policy-m-timed') continue
      const source = exportSolidityVerifier({ verificationKey: other, allowTimed: true })
      assert.doesNotMatch(source, /FIRST PART/, name)
      assert.equal(source, exportSolidityVerifier({ verificationKey: other }), name)
    }
  })

  it('names the contract', () => {
    const source = exportSolidityVerifier({ verificationKey, contractName: 'Policy_S$1' })
    assert.ok('Policy_S$1' in compileSolidity({ sources: { 'V.sol': source } }))
  })

  it('refuses names that are no identifier, or would smuggle code in', () => {
    const bad = ['', '1a', 'a b', 'A{}', 'A/*', 'A\n', 'Ä', 'a'.repeat(129), 'contract', 'uint256', 'bytes32']
    for (const contractName of bad) {
      assert.throws(() => exportSolidityVerifier({ verificationKey, contractName }), RangeError, contractName)
    }
    assert.throws(() => exportSolidityVerifier({ verificationKey, contractName: 5 as never }), TypeError)
  })

  it('gives the same text for the same key', () => {
    const copy = structuredClone(verificationKey)
    assert.equal(
      exportSolidityVerifier({ verificationKey }),
      exportSolidityVerifier({ verificationKey: copy }),
    )
  })
})

/** snarkjs's contract, compiled here for comparison. */
function snarkjsVerifier(key: VerificationKeyJson): { sources: Record<string, string> } {
  return { sources: { 'Reference.sol': snarkjsContract('verifier_groth16.sol.ejs', key) } }
}

/** Returns the key with another delta, a multiple of the generator. */
function withDelta(key: VerificationKeyJson, factor: bigint): VerificationKeyJson {
  const { x, y } = bn254.G2.Point.BASE.multiply(factor).toAffine()
  return {
    ...key,
    vk_delta_2: [
      [`${x.c0}`, `${x.c1}`],
      [`${y.c0}`, `${y.c1}`],
      ['1', '0'],
    ],
  }
}
