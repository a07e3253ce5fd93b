import * as lite from 'poseidon-lite'

type Hash = (inputs: bigint[]) => bigint
const byArity: readonly Hash[] = [
  lite.poseidon1,
  lite.poseidon2,
  lite.poseidon3,
  lite.poseidon4,
  lite.poseidon5,
  lite.poseidon6,
  lite.poseidon7,
  lite.poseidon8,
  lite.poseidon9,
  lite.poseidon10,
  lite.poseidon11,
  lite.poseidon12,
  lite.poseidon13,
  lite.poseidon14,
  lite.poseidon15,
  lite.poseidon16,
] as Hash[]

/**
 * Returns Poseidon over BN254 with circomlib's constants, of 1 to 16 canonical field elements.
 *
 * @throws {RangeError} for any other number of inputs
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  const hash = byArity[inputs.length - 1]
  if (hash === undefined) throw new RangeError('poseidon takes 1 to 16 inputs')
  return hash([...inputs])
}

/**
 * Returns the chained Poseidon of any number of inputs behind a domain tag: blocks of 15 inputs, each block
 * hashed with the state before it (at first the tag) in front, the last one shorter. The length is fixed by the
 * use, never chosen by a prover. Same as `PoseidonChain` in `circuits/lib`.
 */
export function poseidonChain(tag: bigint, inputs: readonly bigint[]): bigint {
  let state = tag
  for (let from = 0; from < inputs.length; from += 15)
    state = poseidon([state, ...inputs.slice(from, from + 15)])
  return state
}
