import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { assertField, FIELD_MODULUS, toField } from '../field.js'
import type { MerkleProof } from './proof.js'
import { QUATERNARY_CAPACITY, QuaternaryTree } from './quaternary.js'

/** Greatest width of an interval: 2^252, the one width of every set comparison. */
export const INTERVAL_WIDTH = 1n << 252n

const SENTINELS: readonly bigint[] = [0n, INTERVAL_WIDTH, 2n * INTERVAL_WIDTH, 3n * INTERVAL_WIDTH]

/** An opening of a {@link SetTree} at the interval low <= value < high. */
export interface SetProof extends MerkleProof {
  /** Whether the value is in the set; it is then equal to `low`. */
  readonly member: boolean
  readonly low: bigint
  /** The next boundary; r itself for the last interval, so that low < high always holds. */
  readonly high: bigint
}

/**
 * Returns the leaf of the interval [low, high): Poseidon(tag, low, high mod r, 1 if low is a member, else 0).
 *
 * @throws {TypeError} if an argument has another type
 * @throws {RangeError} unless low is canonical, low < high <= r and high - low <= 2^252
 */
export function intervalLeaf(low: bigint, high: bigint, member: boolean): bigint {
  assertField(low, 'low')
  if (typeof high !== 'bigint') throw new TypeError('high must be a bigint')
  if (typeof member !== 'boolean') throw new TypeError('member must be a boolean')
  if (high <= low || high > FIELD_MODULUS)
    throw new RangeError('high must be above low and at most the field modulus')
  if (high - low > INTERVAL_WIDTH) throw new RangeError('interval must be at most 2^252 wide')
  return poseidon([DOMAIN.interval, low, high === FIELD_MODULUS ? 0n : high, member ? 1n : 0n])
}

/**
 * A set of field elements that proves membership *and* non-membership: a quaternary tree of depth 10 over sorted
 * intervals that cover the whole field without a gap.
 *
 * Leaf i covers [low_i, low_{i+1}) and says whether low_i is a member. The boundaries are the members and four
 * sentinels, 0, 2^252, 2 * 2^252 and 3 * 2^252, which are no members unless they were given as values. The last
 * interval ends at r, which enters its leaf as 0. Unused leaves are 0, which no interval hashes to.
 *
 * The value v = low is a member exactly if the leaf's flag is set. Every other v of the interval is none, and the
 * sentinels keep every interval at most 2^252 wide so that a circuit can show low < v < high over the whole field by
 * two range checks: a = v - low - 1 and b = high - v - 1, both mod r, fit in 252 bits. Then a + b + 2 = high - low
 * holds mod r, and as both sides are between 1 and 2^253 < r (with r for the high that is stored as 0) it holds over
 * the integers, hence v = low + 1 + a < high without a wrap around r.
 */
export class SetTree {
  readonly #tree: QuaternaryTree
  readonly #lows: readonly bigint[]
  readonly #members: ReadonlySet<bigint>

  /**
   * Builds the set of distinct values, in any order; strings are hashed by `hashText`.
   *
   * @throws {TypeError} if the values are not an array of bigints and strings
   * @throws {RangeError} for a bigint that is not canonical, or if the members and sentinels exceed 4^10 intervals
   */
  constructor(values: readonly (bigint | string)[]) {
    if (!Array.isArray(values)) throw new TypeError('values must be an array')
    const members = new Set<bigint>()
    for (let i = 0; i < values.length; i++) members.add(toField(values[i], `values[${i}]`))
    const lows = [...new Set([...SENTINELS, ...members])].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    if (lows.length > QUATERNARY_CAPACITY) {
      throw new RangeError(`values make more than ${QUATERNARY_CAPACITY} intervals, sentinels included`)
    }
    this.#lows = lows
    this.#members = members
    this.#tree = new QuaternaryTree(
      lows.map((low, i) => intervalLeaf(low, lows[i + 1] ?? FIELD_MODULUS, members.has(low))),
    )
  }

  /** Root of the tree; the same for the same set, however it was written. */
  get root(): bigint {
    return this.#tree.root
  }

  /** Number of distinct members; sentinels do not count. */
  get size(): number {
    return this.#members.size
  }

  /**
   * Opens the interval in which a value lies, and tells whether the value is a member.
   *
   * @throws {TypeError} if the value is neither a bigint nor a string
   * @throws {RangeError} for a bigint that is not canonical
   */
  proof(value: bigint | string): SetProof {
    const element = toField(value, 'value')
    const index = this.#intervalOf(element)
    const low = this.#lows[index] as bigint
    return {
      ...this.#tree.proof(index),
      member: element === low && this.#members.has(low),
      low,
      high: this.#lows[index + 1] ?? FIELD_MODULUS,
    }
  }

  /** Returns the index of the last boundary that is not above the element; the first boundary is 0. */
  #intervalOf(element: bigint): number {
    let from = 0
    let to = this.#lows.length - 1
    while (from < to) {
      const middle = Math.ceil((from + to) / 2)
      if ((this.#lows[middle] as bigint) <= element) from = middle
      else to = middle - 1
    }
    return from
  }
}
