import { FIELD_MODULUS as r } from '../field.js'
import { FULL_ROUNDS, type PoseidonParameters, poseidonParameters } from './poseidon-parameters.js'

/** Most inputs of one hash. */
const MAX_INPUTS = 16
const byWidth: (PoseidonParameters | undefined)[] = []

/**
 * Returns Poseidon over BN254 with circomlib's constants, of 1 to 16 canonical field elements. The first hash of a number of
 * inputs derives its parameters.
 *
 * @throws {RangeError} for any other number of inputs
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  if (inputs.length < 1 || inputs.length > MAX_INPUTS) throw new RangeError('poseidon takes 1 to 16 inputs')
  const width = inputs.length + 1
  byWidth[width] ??= poseidonParameters(width)
  const { start, matrix, lastMatrix, afterFull, partial, corner, afterPartial } = byWidth[width]
  let state = [start[0] as bigint]
  for (let i = 1; i < width; i++) state.push((start[i] as bigint) + (inputs[i - 1] as bigint))
  const half = FULL_ROUNDS / 2
  for (let round = 0; round < FULL_ROUNDS; round++) {
    if (round === half) {
      for (const { row, column, after } of partial) {
        const power = fifthPower(state[0] as bigint)
        let sum = corner * power + after
        for (let i = 1; i < width; i++) {
          const x = state[i] as bigint
          sum += (row[i - 1] as bigint) * x
          state[i] = (x + (column[i - 1] as bigint) * power) % r
        }
        state[0] = sum % r
      }
      for (let i = 1; i < width; i++) state[i] = (state[i] as bigint) + (afterPartial[i - 1] as bigint)
    }
    const powers = state.map(fifthPower)
    const lines = round === half - 1 ? lastMatrix : matrix
    const constants = afterFull[round] as readonly bigint[]
    state = lines.map((line, i) => {
      let sum = constants[i] as bigint
      for (let j = 0; j < width; j++) sum += (line[j] as bigint) * (powers[j] as bigint)
      return sum % r
    })
  }
  return state[0] as bigint
}

function fifthPower(x: bigint): bigint {
  const square = (x * x) % r
  return (((square * square) % r) * x) % r
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
