import type { Point } from '../crypto/babyjub.js'

/**
 * H of P = k B8 + (1 - b) H, as in `circuits/lib/timed-bit.circom`: nobody knows its logarithm to B8. 8 times the first
 * point with y = keccak256("soulproof/timed/1:<i>") >> 8, i = 0, 1, …, and the smaller x.
 */
export const TIMED_H: Point = [
  21807968127331803031272850053748033667458736867130306538951558216564262519843n,
  18309526539442295799578850351911044337934913336041307846208388609548755340757n,
]
