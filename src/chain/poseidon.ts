/** What the contracts `contracts/Poseidon4.sol` and `Poseidon16.sol` read their constants from. */
import { type PoseidonParameters, poseidonParameters } from '../crypto/poseidon-parameters.js'

/** Words in a contract of constants: 24,576 bytes (EIP-170), one of them an instruction that ends any call. */
const MOST_WORDS = Math.floor((24_576 - 1) / 32)

/** How the constants of one width are laid out. */
export interface PoseidonLayout {
  /** Words that stay: matrix, matrix before the partial rounds, start, constants of full rounds, constants after the partial ones. */
  readonly fixed: readonly bigint[]
  /** Words of each partial round: row, column, constant. */
  readonly perRound: number
  /** Per contract of constants: its partial rounds, behind the fixed words in the first one. */
  readonly rounds: readonly (readonly (readonly bigint[])[])[]
  readonly parameters: PoseidonParameters
}

/**
 * Lays out the constants of Poseidon of 4 or 16 inputs in as few contracts as hold them.
 *
 * @throws {RangeError} for any other number of inputs
 */
export function poseidonLayout(inputs: number): PoseidonLayout {
  if (inputs !== 4 && inputs !== 16) throw new RangeError('inputs must be 4 or 16')
  const parameters = poseidonParameters(inputs + 1)
  const { matrix, lastMatrix, start, afterFull, afterPartial, partial } = parameters
  const fixed = [...matrix.flat(), ...lastMatrix.flat(), ...start, ...afterFull.flat(), ...afterPartial]
  const all = partial.map(({ row, column, after }) => [...row, ...column, after])
  const perRound = 2 * inputs + 1
  const rounds = [all.slice(0, Math.floor((MOST_WORDS - fixed.length) / perRound))]
  const most = Math.floor(MOST_WORDS / perRound)
  for (let from = rounds[0]!.length; from < all.length; from += most)
    rounds.push(all.slice(from, from + most))
  return { fixed, perRound, rounds, parameters }
}

/**
 * Returns what creates the contracts of constants, 1 for 4 inputs and 4 for 16, whose addresses the constructors of
 * `Poseidon4` and `Poseidon16` take in this order.
 *
 * @throws {RangeError} for any other number of inputs
 */
export function poseidonTables(inputs: number): readonly `0x${string}`[] {
  const { fixed, rounds } = poseidonLayout(inputs)
  return rounds.map((part, i) => {
    const words = [...(i === 0 ? fixed : []), ...part.flat()]
    const code = `00${words.map((word) => word.toString(16).padStart(64, '0')).join('')}`
    const length = (code.length / 2).toString(16).padStart(4, '0')
    // PUSH2 length, DUP1, PUSH1 12, PUSH1 0, CODECOPY, PUSH1 0, RETURN: the code is what follows.
    return `0x61${length}80600c6000396000f3${code}` as const
  })
}
