import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { encodeFunctionData, type Hex } from 'viem'
import { type Deployed, type LocalChain, startChain } from '../../scripts/lib/chain.js'
import { deployPoseidon3 } from '../../scripts/lib/ledger.js'
import { compileSolidity } from '../../scripts/lib/solc.js'
import { poseidon } from '../../src/crypto/poseidon.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { poseidonContract } from '../../src/ledger/index.js'
import { matchSnapshot, randomWords } from '../support/chain.js'

const MAX = (1n << 256n) - 1n

describe('the contract of Poseidon', () => {
  let chain: LocalChain
  let contract: Deployed
  let meter: Deployed

  before(async () => {
    chain = await startChain({ accounts: 1 })
    contract = await deployPoseidon3(chain)
    const source = readFileSync('test/contracts/GasMeter.sol', 'utf8')
    meter = await chain.deploy(compileSolidity({ sources: { 'GasMeter.sol': source } }).GasMeter!)
  })
  after(() => chain?.stop())

  const hash = async (to: Deployed, inputs: readonly bigint[]): Promise<unknown> =>
    chain.read({ to, name: 'poseidon', args: [inputs] })
  const gasOf = async (to: Deployed, inputs: readonly bigint[]): Promise<number> => {
    const data: Hex = encodeFunctionData({ abi: to.abi, functionName: 'poseidon', args: [inputs] })
    const [gas] = (await chain.read({ to: meter, name: 'measure', args: [to.address, data] })) as [
      bigint,
      bigint,
    ]
    return Number(gas)
  }

  it('gives the reference at the edges and for random numbers', async () => {
    const edges = [0n, 1n, r - 1n, r / 2n]
    for (const a of edges) {
      for (const b of edges) {
        for (const inputs of [
          [a, b, b],
          [b, a, b],
        ])
          assert.equal(await hash(contract, inputs), poseidon(inputs))
      }
    }
    for (let i = 0; i < 60; i++) {
      const inputs = randomWords(`poseidon ${i}`, 3).map((word) => word % r)
      assert.equal(await hash(contract, inputs), poseidon(inputs))
    }
  })

  it('reduces words from r on: no sum overflows', async () => {
    for (const word of [r, r + 1n, MAX, MAX - 1n, 5n * r]) {
      const reduced = word % r
      assert.equal(await hash(contract, [word, word, word]), poseidon([reduced, reduced, reduced]))
    }
    for (let i = 0; i < 20; i++) {
      const words = randomWords(`words ${i}`, 3)
      assert.equal(await hash(contract, words), poseidon(words.map((word) => word % r)))
    }
  })

  it('agrees with circomlibjs’s contract, for the gas in the snapshot', async () => {
    // The package has no types; the name behind a type keeps TypeScript from looking for them.
    const { poseidonContract: theirs } = await import('circomlibjs' as string)
    const bytecode = theirs.createCode(3)
    const other = await chain.deploy({ abi: contract.abi, bytecode, runtimeSize: 0 })
    const inputs = randomWords('gas', 3).map((word) => word % r)
    assert.equal(await hash(contract, inputs), await hash(other, inputs))
    const size = poseidonContract().bytecode.length / 2 - 13
    // EIP-170.
    assert.ok(size <= 24_576)
    matchSnapshot(new URL('./poseidon-gas.snapshot.json', import.meta.url), {
      size,
      deployed: Number(contract.gas),
      hash: await gasOf(contract, inputs),
      circomlibjs: await gasOf(other, inputs),
    })
  })
})
