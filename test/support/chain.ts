import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { bn254 } from '@noble/curves/bn254.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import {
  BaseError,
  ContractFunctionRevertedError,
  decodeErrorResult,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  type TransactionReceipt,
} from 'viem'
import { type Deployed, type LocalChain, toSolidityProof } from '../../scripts/lib/chain.js'
import { type CompiledContract, compileSolidity } from '../../scripts/lib/solc.js'
import { bytesToBigInt, FIELD_MODULUS } from '../../src/field.js'
import { BASE_FIELD_MODULUS, type Groth16Proof } from '../../src/groth16.js'
import { exportSolidityVerifier } from '../../src/verifier/solidity.js'

/** A proof's eight coordinates in the order of the calldata: A.x, A.y, B.x1, B.x0, B.y1, B.y0, C.x, C.y. */
export type Coordinates = readonly bigint[]

const r = FIELD_MODULUS
const q = BASE_FIELD_MODULUS
const MAX_UINT = (1n << 256n) - 1n
const COORDINATE_NAMES = ['A.x', 'A.y', 'B.x1', 'B.x0', 'B.y1', 'B.y0', 'C.x', 'C.y']
const POINTS = { A: [0, 1], B: [2, 3, 4, 5], C: [6, 7] }

/** Takes back after each test of a suite what it did to the chain. */
export function undoAfterEach(chain: () => LocalChain): void {
  let snapshot: Hex
  beforeEach(async () => {
    snapshot = await chain().control.snapshot()
  })
  afterEach(() => chain().control.revert({ id: snapshot }))
}

/** Exports, compiles and deploys the verifier contract of a key. */
export async function deployVerifier(o: {
  readonly chain: LocalChain
  readonly verificationKey: object
}): Promise<Deployed> {
  // The ladder climbs every statement.
  const source = exportSolidityVerifier({ verificationKey: o.verificationKey, allowTimed: true })
  return o.chain.deploy(compileSolidity({ sources: { 'Verifier.sol': source } }).Groth16Verifier!)
}

/** Flattens a proof into the words of the calldata. */
export function coordinatesOf(proof: Groth16Proof): Coordinates {
  const { a, b, c } = toSolidityProof(proof)
  return [...a, ...b.flat(), ...c]
}

/** Calls `verifyProof` with raw words; rejects if the contract reverts. */
export async function callVerifier(o: {
  readonly chain: LocalChain
  readonly verifier: Deployed
  readonly words: readonly bigint[]
}): Promise<boolean> {
  const { data } = await o.chain.client.call({
    to: o.verifier.address,
    data: verifyProofCalldata(o.verifier, o.words),
  })
  // Exactly one ABI word, and a clean boolean.
  assert.match(data ?? '', /^0x0{63}[01]$/)
  return data!.endsWith('1')
}

/** Writes the calldata of `verifyProof`, whose static arrays are the words one after the other. */
export function verifyProofCalldata(verifier: Deployed, words: readonly bigint[]): Hex {
  const [a0, a1, b0, b1, b2, b3, c0, c1, ...signals] = words
  const args = [
    [a0, a1],
    [
      [b0, b1],
      [b2, b3],
    ],
    [c0, c1],
    signals,
  ]
  return encodeFunctionData({ abi: verifier.abi, functionName: 'verifyProof', args })
}

/**
 * Runs the fifth rung of the ladder: the contract accepts the proof, and returns false, without a revert, for
 * every change of a signal or of the proof.
 */
export async function checkSolidityLadder(o: {
  readonly chain: LocalChain
  readonly verifier: Deployed
  readonly proof: Groth16Proof
  readonly publicSignals: readonly bigint[]
}): Promise<void> {
  const proof = coordinatesOf(o.proof)
  const call = (words: readonly bigint[]): Promise<boolean> => callVerifier({ ...o, words })
  assert.equal(await call([...proof, ...o.publicSignals]), true, 'the proof itself')
  const cases = [...signalForgeries(o.publicSignals), ...proofForgeries(proof)]
  for (const { name, words } of cases) {
    const full = words.length === proof.length ? [...words, ...o.publicSignals] : [...proof, ...words]
    assert.equal(await call(full), false, name)
  }
}

interface Forgery {
  readonly name: string
  readonly words: readonly bigint[]
}

function signalForgeries(signals: readonly bigint[]): Forgery[] {
  const changes: Record<string, (value: bigint) => bigint> = {
    '+ 1': (value) => (value + 1n) % r,
    '- 1': (value) => (value + r - 1n) % r,
    '+ r (alias)': (value) => value + r,
    '+ 4r (alias)': (value) => value + 4n * r,
    '= 2^256 - 1': () => MAX_UINT,
  }
  return signals.flatMap((value, i) =>
    Object.entries(changes).map(([name, change]) => ({
      name: `signal ${i} ${name}`,
      words: signals.with(i, change(value)),
    })),
  )
}

function proofForgeries(proof: Coordinates): Forgery[] {
  const changes: Record<string, (value: bigint) => bigint> = {
    '+ 1': (value) => value + 1n,
    '+ q (alias)': (value) => value + q,
    negated: (value) => q - value,
    '= 0': () => 0n,
    '= q': () => q,
    '= 2^256 - 1': () => MAX_UINT,
  }
  const single = proof.flatMap((value, i) =>
    Object.entries(changes).map(([name, change]) => ({
      name: `${COORDINATE_NAMES[i]} ${name}`,
      words: proof.with(i, change(value)),
    })),
  )
  const replaced = (name: string, at: readonly number[], values: readonly bigint[]): Forgery => ({
    name,
    words: proof.map((value, i) => (at.includes(i) ? values[at.indexOf(i)]! : value)),
  })
  const zeros = Object.entries(POINTS).map(([name, at]) =>
    replaced(`${name} at infinity`, at, [0n, 0n, 0n, 0n]),
  )
  const swapped = [proof[3]!, proof[2]!, proof[5]!, proof[4]!]
  return [
    ...single,
    ...zeros,
    replaced('all points at infinity', [0, 1, 2, 3, 4, 5, 6, 7], Array(8).fill(0n)),
    replaced('A off the curve', POINTS.A, [1n, 1n]),
    replaced('C off the curve', POINTS.C, [1n, 1n]),
    replaced('B off the curve', POINTS.B, [1n, 1n, 1n, 1n]),
    replaced('B on the curve, out of the subgroup', POINTS.B, twistPointOutOfSubgroup()),
    replaced('B with real and imaginary parts swapped', POINTS.B, swapped),
    replaced(
      'A and C exchanged',
      [...POINTS.A, ...POINTS.C],
      [6, 7, 0, 1].map((i) => proof[i]!),
    ),
  ]
}

/** Finds a point of the twist by its x; the cofactor is so large that it lies in G2 with chance 2^-254. */
export function twistPointOutOfSubgroup(): bigint[] {
  const { Fp2 } = bn254.fields
  const { Point } = bn254.G2
  for (let c0 = 1n; ; c0++) {
    const x = { c0, c1: 1n }
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Point.CURVE().b)
    let y: typeof x
    try {
      y = Fp2.sqrt(square)
    } catch {
      continue
    }
    const point = Point.fromAffine({ x, y })
    assert.equal(point.isTorsionFree(), false)
    return [x.c1, x.c0, y.c1, y.c0]
  }
}

/** Makes another valid proof of the same signals from a proof alone: (t A, B / t, C). */
export function rerandomise(proof: Groth16Proof, t: bigint): Groth16Proof {
  const { Fr } = bn254.fields
  const g1 = bn254.G1.Point.fromAffine({ x: BigInt(proof.pi_a[0]), y: BigInt(proof.pi_a[1]) })
  const [x, y] = proof.pi_b.map(([c0, c1]) => ({ c0: BigInt(c0), c1: BigInt(c1) }))
  const a = g1.multiply(t).toAffine()
  const b = bn254.G2.Point.fromAffine({ x: x!, y: y! }).multiply(Fr.inv(t)).toAffine()
  return {
    ...proof,
    pi_a: [`${a.x}`, `${a.y}`, '1'],
    pi_b: [
      [`${b.x.c0}`, `${b.x.c1}`],
      [`${b.y.c0}`, `${b.y.c1}`],
      ['1', '0'],
    ],
  }
}

/** Returns `count` 256-bit words that depend on the seed alone. */
export function randomWords(seed: string, count: number): bigint[] {
  const utf8 = new TextEncoder()
  return Array.from({ length: count }, (_, i) => bytesToBigInt(keccak_256(utf8.encode(`${seed} ${i}`))))
}

/** Asserts that a call reverts with this custom error and no other. */
export async function assertReverts(call: Promise<unknown>, errorName: string): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    const reverted =
      error instanceof BaseError
        ? error.walk((cause) => cause instanceof ContractFunctionRevertedError)
        : null
    assert.ok(reverted instanceof ContractFunctionRevertedError, `not a revert: ${error}`)
    assert.equal(reverted.data?.errorName ?? reverted.signature, errorName)
    return true
  })
}

/** Asserts that creating the contract reverts with this custom error. */
export async function assertDeployReverts(o: {
  readonly chain: LocalChain
  readonly contract: CompiledContract
  readonly args: readonly unknown[]
  readonly errorName: string
}): Promise<void> {
  const { chain, contract, args, errorName } = o
  const data = encodeDeployData({ abi: contract.abi, bytecode: contract.bytecode, args })
  await assert.rejects(chain.client.call({ data }), (error: unknown) => {
    const cause = error instanceof BaseError ? error.walk((inner) => revertDataOf(inner) !== undefined) : null
    const revertData = revertDataOf(cause)
    assert.ok(revertData !== undefined, `not a revert with data: ${error}`)
    assert.equal(decodeErrorResult({ abi: contract.abi, data: revertData }).errorName, errorName)
    return true
  })
}

function revertDataOf(error: unknown): Hex | undefined {
  const { data } = (error ?? {}) as { data?: unknown }
  return typeof data === 'string' ? (data as Hex) : undefined
}

/** Returns the gas of a transaction without what its calldata costs, which varies with zero bytes in the proof. */
export async function executionGas(chain: LocalChain, receipt: TransactionReceipt): Promise<number> {
  const { input } = await chain.client.getTransaction({ hash: receipt.transactionHash })
  const bytes = input.slice(2).match(/../g) ?? []
  const zeros = bytes.filter((byte) => byte === '00').length
  // EIP-2028: 4 gas for a zero byte, 16 for another, over the 21,000 of every transaction.
  return Number(receipt.gasUsed) - 21_000 - 4 * zeros - 16 * (bytes.length - zeros)
}

/**
 * Compares numbers with the ones kept in git. `UPDATE_SNAPSHOTS=1` writes them anew, so that a change of cost is
 * a diff in review.
 */
export function matchSnapshot(file: URL, actual: Readonly<Record<string, number>>): void {
  if (process.env.UPDATE_SNAPSHOTS === '1') {
    writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`)
    return
  }
  assert.deepEqual(actual, JSON.parse(readFileSync(file, 'utf8')))
}
