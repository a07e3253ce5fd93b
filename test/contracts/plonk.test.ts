import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { bn254 } from '@noble/curves/bn254.js'
import { encodeFunctionData, type Hex } from 'viem'
import { type Deployed, type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { compileSolidity } from '../../scripts/lib/solc.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { BASE_FIELD_MODULUS as q } from '../../src/groth16.js'
import { PLONK_COMMITMENTS, PLONK_EVALUATIONS, type PlonkProof } from '../../src/plonk.js'
import { PLONK_MANIFEST } from '../../src/statements/plonk.js'
import { parsePlonkKey, plonkKeyHash } from '../../src/verifier/plonk/keys.js'
import { exportPlonkSolidityVerifier } from '../../src/verifier/plonk/solidity.js'
import { matchSnapshot, randomWords } from '../support/chain.js'
import { type PlonkCircuit, setupPlonk } from '../support/plonk.js'
import { snarkjsContract } from '../support/template.js'

const NAMES = ['oldRoot', 'newRoot', 'ledgerId', 'categories', 'queueLength', 'queueHead']
const MAX_UINT = 2n ** 256n - 1n

describe('exported Solidity verifier of PLONK', () => {
  let circuit: PlonkCircuit
  let chain: LocalChain
  let verifier: Deployed
  let words: bigint[]
  let signals: bigint[]

  before(async () => {
    ;[circuit, chain] = await Promise.all([setupPlonk('test/circuits/six-signals.circom'), startChain()])
    const source = exportPlonkSolidityVerifier({ verificationKey: circuit.verificationKey })
    verifier = await chain.deploy(compileSolidity({ sources: { 'V.sol': source } }).PlonkVerifier!)
    const values = [0n, 1n, r - 1n, ...randomWords('plonk', 3).map((word) => word % r)]
    const { proof, publicSignals } = await circuit.prove(
      Object.fromEntries(NAMES.map((name, i) => [name, values[i]!])),
    )
    ;[words, signals] = [wordsOf(proof), publicSignals.map(BigInt)]
    assert.deepEqual(signals, values)
  })
  after(async () => {
    await circuit?.dispose()
    await chain?.stop()
  })

  const call = async (
    proof: readonly bigint[],
    publicSignals: readonly bigint[],
    target = verifier,
  ): Promise<boolean> => {
    const { data } = await chain.client.call({
      to: target.address,
      data: calldata(target, proof, publicSignals),
    })
    // Exactly one ABI word, and a clean boolean.
    assert.match(data ?? '', /^0x0{63}[01]$/)
    return data!.endsWith('1')
  }

  it('accepts a proof with signals of 0, 1 and r - 1', async () => {
    assert.equal(await call(words, signals), true)
  })

  it('refuses each signal changed, aliased by r, or the greatest word', async () => {
    for (const [i, value] of signals.entries()) {
      for (const other of [(value + 1n) % r, (value + r - 1n) % r, value + r, value + 4n * r, MAX_UINT]) {
        assert.equal(await call(words, signals.with(i, other)), false, `signal ${i}`)
      }
    }
  })

  it('refuses each word of the proof changed, aliased, negated, 0 or the greatest', async () => {
    for (const [i, value] of words.entries()) {
      const modulus = i < 18 ? q : r
      for (const other of [value + 1n, value + modulus, modulus - value, modulus, 0n, MAX_UINT]) {
        assert.equal(await call(words.with(i, other), signals), false, `word ${i}`)
      }
    }
  })

  it('refuses each point at infinity, off the curve, or exchanged with the next; and random words', async () => {
    for (let i = 0; i < 9; i++) {
      const [x, y] = [2 * i, 2 * i + 1]
      assert.equal(await call(words.with(x, 0n).with(y, 0n), signals), false, `point ${i} at infinity`)
      assert.equal(await call(words.with(x, 1n).with(y, 1n), signals), false, `point ${i} off the curve`)
      const [nextX, nextY] = [(x + 2) % 18, (y + 2) % 18]
      const swapped = words
        .with(x, words[nextX]!)
        .with(y, words[nextY]!)
        .with(nextX, words[x]!)
        .with(nextY, words[y]!)
      assert.equal(await call(swapped, signals), false, `points ${i} and ${i + 1} exchanged`)
    }
    assert.equal(await call(Array(24).fill(0n), Array(6).fill(0n)), false)
    for (let i = 0; i < 10; i++) assert.equal(await call(randomWords(`${i}`, 24), signals), false)
  })

  it('returns false on a chain without one of the precompiles', async () => {
    const source = exportPlonkSolidityVerifier({ verificationKey: circuit.verificationKey })
    for (const precompile of ['0x05', '0x06', '0x07', '0x08']) {
      const text = `staticcall(gas(), ${precompile},`
      assert.ok(source.includes(text))
      const without = source.replaceAll(text, 'staticcall(gas(), 0xdead,')
      const contract = compileSolidity({ sources: { 'V.sol': without } }).PlonkVerifier!
      const target = await chain.deploy(contract)
      assert.equal(await call(words, signals, target), false, precompile)
      // Where nothing is multiplied every factor is 1, and anybody chooses points whose sums are 0.
      assert.equal(await call(sumsOfZero(circuit), signals, target), false, precompile)
    }
  })

  it('refuses calldata that is too short', async () => {
    const data = calldata(verifier, words, signals).slice(0, -2) as Hex
    await assert.rejects(chain.client.call({ to: verifier.address, data }))
  })

  it('shows the key: its hash, and that it is a development key', async () => {
    const hash = plonkKeyHash(parsePlonkKey(circuit.verificationKey))
    assert.equal(await chain.read({ to: verifier, name: 'verificationKeyHash' }), hash)
    assert.equal(await chain.read({ to: verifier, name: 'isDevelopmentKey' }), true)
  })

  it('has the ABI of snarkjs, and costs less gas than its verifier', async () => {
    const reference = compileSolidity({ sources: { 'V.sol': snarkjsVerifier(circuit) } }).PlonkVerifier!
    const ours = verifier.abi.filter((entry) => entry.type === 'function' && entry.name === 'verifyProof')
    assert.deepEqual(ours, reference.abi)
    const theirs = await chain.deploy(reference)
    const meterSource = { 'GasMeter.sol': readFileSync('test/contracts/GasMeter.sol', 'utf8') }
    const meter = await chain.deploy(compileSolidity({ sources: meterSource }).GasMeter!)
    const gasOf = async (target: Deployed, o = { publicSignals: signals, accepted: 1n }): Promise<number> => {
      const args = [target.address, calldata(target, words, o.publicSignals)]
      const [gas, result] = (await chain.read({ to: meter, name: 'measure', args })) as readonly [
        bigint,
        bigint,
      ]
      assert.equal(result, o.accepted)
      return Number(gas)
    }
    const gas = await gasOf(verifier)
    // Theirs is not in the snapshot: it inverts by Euclid's algorithm, whose cost depends on the proof.
    assert.ok(gas + 20_000 < (await gasOf(theirs)))
    // A proof of another circuit goes all the way to the pairing, which says no: that costs the same.
    const other = async (statement: string, publicSignals: bigint[]): Promise<number> => {
      const { verificationKey } = PLONK_MANIFEST.statements[statement]!
      const source = exportPlonkSolidityVerifier({ verificationKey })
      const target = await chain.deploy(compileSolidity({ sources: { 'V.sol': source } }).PlonkVerifier!)
      return gasOf(target, { publicSignals, accepted: 0n })
    }
    matchSnapshot(new URL('./plonk-gas.snapshot.json', import.meta.url), {
      'six signals': gas,
      membership: await other('membership', signals),
      'policy-s': await other(
        'policy-s',
        randomWords('policy-s', 11).map((word) => word % r),
      ),
    })
  })
})

function wordsOf(proof: PlonkProof): bigint[] {
  const points = PLONK_COMMITMENTS.flatMap((name) => proof[name].slice(0, 2))
  return [...points, ...PLONK_EVALUATIONS.map((name) => proof[name])].map(BigInt)
}

/** A proof whose nine points, added to those of the key and the generator, are 0; so are the last two alone. */
function sumsOfZero({ verificationKey }: PlonkCircuit): bigint[] {
  const { BASE, fromAffine } = bn254.G1.Point
  const ofKey = parsePlonkKey(verificationKey).points.flatMap((point) =>
    point === undefined ? [] : [fromAffine({ x: point[0], y: point[1] })],
  )
  const chosen = [2n, 3n, 4n, 5n, 6n, 7n].map((factor) => BASE.multiply(factor))
  const rest = [BASE, ...ofKey, ...chosen].reduce((sum, point) => sum.add(point)).negate()
  const points = [...chosen, rest, BASE, BASE.negate()].map((point) => point.toAffine())
  return [...points.flatMap(({ x, y }) => [x, y]), ...Array<bigint>(6).fill(1n)]
}

function calldata(verifier: Deployed, proof: readonly bigint[], signals: readonly bigint[]): Hex {
  return encodeFunctionData({ abi: verifier.abi, functionName: 'verifyProof', args: [proof, signals] })
}

/** snarkjs's contract. It reads calldata by offsets, and the compiler warns of its parameters unless they are used. */
function snarkjsVerifier({ verificationKey }: PlonkCircuit): string {
  const used = 'public view returns (bool) { assembly { pop(_proof) pop(_pubSignals) }'
  const source = snarkjsContract('verifier_plonk.sol.ejs', verificationKey)
  return source.replace('public view returns (bool) {', used)
}
